"""The `twilio` package's own RequestValidator in front of a media stream: 403 for an upgrade whose signature does not hold.

The first part of the path is the scheme of the URL that the server takes for signed: `/wss/…`, or `/https/…` as some servers do.
The secrets are those of the environment: the account's token, and a shared key with its id.
"""

import os
import sys

from fastapi import FastAPI, WebSocket
from starlette.datastructures import Headers
from twilio.request_validator import SIGNATURE_HEADER, SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm

from witness import Witness, say, serve

app = FastAPI()


def secret_of(settings):
    """The auth token; for a shared key, its secret, if it is a key that we know."""
    if not settings:
        return os.environ["TWILIO_AUTH_TOKEN"]
    named = dict(part.strip().split("=", 1) for part in settings.split(",") if "=" in part)
    return os.environ["TWILIO_SHARED_KEY"] if named.get("key") == os.environ["TWILIO_SHARED_KEY_ID"] else None


def holds(url, headers: Headers, case):
    settings = headers.get(SIGNATURE_SETTINGS_HEADER)
    algorithm, secret = get_signature_algorithm(settings), secret_of(settings)
    signature = headers.get(SIGNATURE_HEADER)
    valid = bool(signature and secret) and RequestValidator(secret).validate(url, {}, signature, algorithm)
    say("signature", case=case, valid=valid, url=url, algorithm=algorithm, settings=settings, signed=signature is not None)
    return valid


@app.websocket("/{scheme}/{rest:path}")
async def stream(socket: WebSocket, scheme: str, rest: str):
    url = f"{scheme}://{socket.headers['host']}{socket.url.path}"
    if not holds(url, socket.headers, rest.rsplit("/", 1)[1]):
        await socket.close(1008)
        return
    await socket.accept()
    witness = Witness(socket)
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        if '"stop"' in message["text"]:
            await socket.close()
    witness.say("close", code=witness.code, got=witness.got)


if __name__ == "__main__":
    serve(app, sys.argv[1:])
