"""Python `websockets` servers, one behaviour for each path. Writes one JSON line for each event."""

import asyncio
import json
import signal
import sys

from websockets.asyncio.server import serve


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def mute(socket):
    """Never reads."""
    await socket.wait_closed()


async def read_only(socket):
    async for _ in socket:
        pass


async def returns(socket):
    await asyncio.sleep(0.3)


async def fails(socket):
    await socket.recv()
    raise RuntimeError("the handler failed")


BEHAVIOURS = {f.__name__: f for f in (echo, mute, read_only, returns, fails)}


async def handler(socket):
    path = socket.request.path
    say("open", path=path)
    try:
        await BEHAVIOURS[path.lstrip("/")](socket)
    finally:
        # Let the library say its own Close first, then note what it was.
        asyncio.get_running_loop().create_task(note_end(socket, path))


async def note_end(socket, path):
    await socket.wait_closed()
    say("close", path=path, code=socket.close_code, reason=socket.close_reason)


def refuse_some(connection, request):
    if request.path == "/forbidden":
        return connection.respond(403, "no\n")
    return None if request.path.lstrip("/") in BEHAVIOURS else connection.respond(404, "no such behaviour\n")


async def main():
    host, keepalive = sys.argv[1], float(sys.argv[2])
    options = {"ping_interval": keepalive, "ping_timeout": keepalive, "close_timeout": 1}
    async with serve(handler, host, 0, process_request=refuse_some, **options) as server:
        # The graceful shutdown of the library's documentation.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
        say("listening", port=server.sockets[0].getsockname()[1])
        await server.wait_closed()


asyncio.run(main())
