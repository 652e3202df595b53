"""A Flask media-stream server with flask-sock, in the shape of Twilio's examples, under gunicorn; with the argument `development` under
Werkzeug's own server. Writes one JSON line for each event.

`/echo` says what it hears, `/greet` and `/pause` speak by themselves, `/clear` takes back what it said, `/leave` hangs up on `stop`.
"""

import base64
import json
import sys
import threading
import time
from functools import partial
from pathlib import Path

from flask import Flask
from flask_sock import Sock
from gunicorn.app.base import BaseApplication
from simple_websocket import ConnectionClosed
from werkzeug.serving import make_server

from kit.audio import GREETING, GREETING_AFTER, GREETING_HERTZ, PAUSE, Ear, mulaw_decode, mulaw_encode, tone
from witness import say as say_of_any

HEARD = Path(sys.argv[1])

app = Flask(__name__)
sock = Sock(app)


class Call:
    def __init__(self, ws, script):
        self.ws, self.script, self.stream = ws, script, None
        self.ear, self.lock, self.said = Ear(8000), threading.Lock(), 0

    def send(self, event, **fields):
        with self.lock:
            self.ws.send(json.dumps({"event": event, "streamSid": self.stream, **fields}))

    def say(self, payload):
        self.said += 1
        self.send("media", media={"payload": payload})

    def speak(self, seconds):
        """20 ms at a time, at the rate of speech."""
        sound, began = mulaw_encode(tone(GREETING_HERTZ, seconds, 8000)), time.monotonic()
        for n in range(0, len(sound), 160):
            self.say(base64.b64encode(sound[n : n + 160]).decode())
            time.sleep(max(0, began + (n + 160) / 8000 - time.monotonic()))

    def greet(self):
        try:
            time.sleep(GREETING_AFTER)
            if self.script == "clear":
                self.say(base64.b64encode(mulaw_encode(tone(GREETING_HERTZ, 5, 8000))).decode())
            elif self.script != "echo":
                self.speak(GREETING)
            self.send("mark", mark={"name": "greeting"})
            if self.script == "clear":
                time.sleep(PAUSE)
                self.send("clear")
            elif self.script == "pause":
                time.sleep(PAUSE)
                self.speak(GREETING)
        except ConnectionClosed:
            pass


@sock.route("/<script>/<case>")
def media(ws, script, case):
    say = partial(say_of_any, case=case)
    call, counts, order = Call(ws, script), {}, []
    try:
        while True:
            message = json.loads(ws.receive())
            event = message["event"]
            counts[event] = counts.get(event, 0) + 1
            if event == "start":
                call.stream = message["streamSid"]
                say("start", **{key: value for key, value in message.items() if key != "event"})
                threading.Thread(target=call.greet, daemon=True).start()
            elif event == "media":
                sound = message["media"]
                order.append([int(message["sequenceNumber"]), int(sound["chunk"]), int(sound["timestamp"])])
                call.ear.hear(mulaw_decode(base64.b64decode(sound["payload"])))
                if script == "echo":
                    call.say(sound["payload"])
            elif event in ("mark", "stop"):
                say(event, at=time.time(), message=message)
                if event == "stop" and script == "leave":
                    break
    except ConnectionClosed as end:
        code = end.reason
    else:
        code = None
    heard = call.ear.summary(HEARD / f"flask-{case}.pcm")
    say("close", code=code, got=counts, said=call.said, first=order[:1], last=order[-1:], heard=heard)


class Production(BaseApplication):
    def load_config(self):
        ready = lambda arbiter: say_of_any("listening", port=arbiter.LISTENERS[0].sock.getsockname()[1])
        options = {"bind": "127.0.0.1:0", "worker_class": "gthread", "threads": 32, "when_ready": ready, "loglevel": "warning"}
        for key, value in options.items():
            self.cfg.set(key, value)

    def load(self):
        return app


if __name__ == "__main__":
    if sys.argv[2:] == ["development"]:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        say_of_any("listening", port=server.port)
        server.serve_forever()
    else:
        Production().run()
