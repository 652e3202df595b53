"""Stands between an ASGI WebSocket and its application, and notes what passes, whoever reads or writes it."""

import asyncio
import json
import sys
from collections import Counter


def say(event, **fields):
    # In one piece, since several lines write.
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def kind_of(text):
    """The word by which a message says what it is."""
    try:
        message = json.loads(text)
    except ValueError:
        return "no JSON"
    return next((str(message[key]) for key in ("event", "eventType", "type", "kind", "command") if key in message), "?")


class Witness:
    """`case` is the last part of the path: every event has it, so that calls at the same time can be told apart."""

    def __init__(self, socket):
        self.case = socket.url.path.rsplit("/", 1)[1]
        self.got, self.sent = Counter(), Counter()
        self.code = None
        self._receive, self._send = socket.receive, socket.send
        socket.receive, socket.send = self.receive, self.send

    async def receive(self):
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self.code = message["code"]
        elif message["type"] == "websocket.receive":
            self._note(self.got, message)
        return message

    async def send(self, message):
        if message["type"] == "websocket.send":
            self._note(self.sent, message)
        await self._send(message)

    def _note(self, counter, message):
        text = message.get("text")
        kind = "binary" if text is None else kind_of(text)
        counter[kind] += 1
        if kind not in ("media", "binary", "playAudio", "start", "connected") and counter is self.got:
            self.say("got", kind=kind, text=text)

    def say(self, event, **fields):
        say(event, case=self.case, **fields)


def serve(app, tls=()):
    """Runs an ASGI application on a free port of the loopback; `tls` is a chain file and a key file."""
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    files = dict(zip(("ssl_certfile", "ssl_keyfile"), tls))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **files))
    say("listening", port=listener.getsockname()[1])
    asyncio.run(server.serve(sockets=[listener]))
