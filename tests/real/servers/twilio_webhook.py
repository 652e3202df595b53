"""A FastAPI server for Twilio's voice webhook and its stream, with the `twilio` package: `RequestValidator` in front, `VoiceResponse` behind.

`/voice/{base}/{shape}/{case}` answers with TwiML. `base` is where the stream's URL comes from, as people write it:

- `public`, `slash`, `https`: the setting `PUBLIC_URL`, its scheme replaced; with a slash at its end; with the scheme left as it is
- `host`: `wss://` and the header Host
- `url`: Starlette's `url_for`, which takes scheme and host from the request

`shape` is what the TwiML has: `connect`, `start`, `last` (`<Start>` and nothing after it), `relay`, or `token`: a parameter that the stream
asks for, valid once. `/unsigned/…` is the same without the validator. `/media/{shape}/{case}` is the stream. `/traditional` answers
without a stream. `/text/{case}`, `/raises/{case}` and `/slow/{case}` are mistakes.
"""

import asyncio
import json
import os
import secrets

from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from starlette.datastructures import URL
from twilio.request_validator import SIGNATURE_HEADER, SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm

from documents import traditional_twiml, twiml
from twilio_validator import secret_of
from witness import Witness, say, serve

PUBLIC_URL = "https://voice.example.com"

app = FastAPI()
tokens = set()


async def signed(request: Request):
    settings = request.headers.get(SIGNATURE_SETTINGS_HEADER)
    signature, secret = request.headers.get(SIGNATURE_HEADER), secret_of(settings)
    is_json = request.headers["content-type"].startswith("application/json")
    parameters = (await request.body()).decode() if is_json else await request.form()
    algorithm = get_signature_algorithm(settings)
    return bool(signature and secret) and RequestValidator(secret).validate(str(request.url), parameters, signature, algorithm)


def stream_url(request: Request, base, shape, case):
    path = f"/media/{shape}/{case}"
    if base == "host":
        return f"wss://{request.headers['host']}{path}"
    if base == "url":
        return str(request.url_for("media", shape=shape, case=case))
    public = PUBLIC_URL + "/" if base == "slash" else PUBLIC_URL
    return (public if base == "https" else public.replace("https://", "wss://")) + path


async def answer(request, base, shape, case):
    url = stream_url(request, base, shape, case)
    form = {} if "json" in request.headers["content-type"] else dict(await request.form())
    token = None
    if shape == "token":
        tokens.add(token := secrets.token_urlsafe())
    say("webhook", case=case, url=str(request.url), stream=url, form=form, headers=dict(request.headers))
    return Response(twiml(shape, url, token), media_type="application/xml")


@app.post("/voice/{base}/{shape}/{case}")
async def voice(request: Request, base: str, shape: str, case: str):
    if not await signed(request):
        say("refused", case=case, url=str(request.url))
        raise HTTPException(403, "the signature does not hold")
    return await answer(request, base, shape, case)


@app.post("/unsigned/{base}/{shape}/{case}")
async def unsigned(request: Request, base: str, shape: str, case: str):
    return await answer(request, base, shape, case)


@app.post("/traditional")
async def traditional(request: Request):
    if not await signed(request):
        raise HTTPException(403, "the signature does not hold")
    return Response(traditional_twiml(), media_type="application/xml")


@app.post("/text/{case}")
async def text(case: str):
    """FastAPI writes what is returned as JSON."""
    return twiml("connect", f"{PUBLIC_URL}/media/connect/{case}")


@app.post("/raises/{case}")
async def raises(case: str):
    raise KeyError("PUBLIC_URL")


@app.post("/slow/{case}")
async def slow(case: str):
    await asyncio.sleep(5)


@app.websocket("/media/{shape}/{case}", name="media")
async def media(socket: WebSocket, shape: str, case: str):
    await socket.accept()
    witness = Witness(socket)
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        hello = json.loads(message["text"])
        if hello.get("type") == "setup":
            witness.say("start", parameters=hello["customParameters"], url=str(URL(scope=socket.scope)))
        if hello.get("event") == "stop":
            await socket.close()
        if hello.get("event") != "start":
            continue
        started = hello["start"]
        # Telnyx' names are written otherwise.
        parameters = started.get("customParameters") or started.get("custom_parameters") or {}
        witness.say("start", parameters=parameters, call=started.get("callSid"), url=str(URL(scope=socket.scope)))
        if shape == "token" and parameters.get("token") not in tokens:
            await socket.close(1008, "this token is not known")
            break
        tokens.discard(parameters.get("token"))
    witness.say("close", code=witness.code)


if __name__ == "__main__":
    assert os.environ["TWILIO_AUTH_TOKEN"]
    serve(app)
