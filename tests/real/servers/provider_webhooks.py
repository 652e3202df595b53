"""FastAPI webhooks of the other providers, each with the provider's own package for the document and, where the package has one, for the
signature; and the streams behind them, which say what they were told.

`/{provider}/{case}` is the webhook, `/media/{provider}/{case}` the stream. The secrets are those of the environment.
"""

import hashlib
import json
import os
import sys
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from plivo.utils import validate_v3_signature
from signalwire.request_validator import RequestValidator as SignalwireValidator
from vonage_jwt import VonageVerifyJwtError, verify_signature

from documents import bxml, cxml, ncco, plivo_xml, texml
from witness import Witness, say, serve

app = FastAPI()


# --- the webhooks ---


def stream_url(request, provider, case):
    return f"wss://{request.headers['host']}/media/{provider}/{case}"


def refuse_unless(valid, request, case):
    say("webhook", case=case, valid=valid, method=request.method, url=str(request.url))
    if not valid:
        raise HTTPException(403, "the signature does not hold")


@app.api_route("/plivo/{case}", methods=["GET", "POST"])
async def plivo_answer(request: Request, case: str):
    header = lambda name: request.headers.get(f"X-Plivo-Signature-{name}", "")
    form = dict(await request.form())
    valid = validate_v3_signature(request.method, str(request.url), header("V3-Nonce"), os.environ["PLIVO_AUTH_TOKEN"], header("V3"), form)
    refuse_unless(valid, request, case)
    return Response(plivo_xml(stream_url(request, "plivo", case)), media_type="application/xml")


def vonage_holds(authorization, body):
    scheme, _, token = authorization.partition(" ")
    try:
        if scheme != "Bearer" or not verify_signature(token, os.environ["VONAGE_SIGNATURE_SECRET"]):
            return False
    except VonageVerifyJwtError:
        return False
    claims = jwt.decode(token, options={"verify_signature": False})
    # The package leaves the hash to the server, as the guide does.
    return not body or claims["payload_hash"] == hashlib.sha256(body).hexdigest()


@app.api_route("/vonage/{case}", methods=["GET", "POST"])
async def vonage_answer(request: Request, case: str):
    refuse_unless(vonage_holds(request.headers.get("authorization", ""), await request.body()), request, case)
    return Response(ncco(stream_url(request, "vonage", case)), media_type="application/json")


@app.post("/bandwidth/{case}")
async def bandwidth_answer(request: Request, case: str, user: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
    refuse_unless((user.username, user.password) == ("bandwidth", os.environ["BANDWIDTH_PASSWORD"]), request, case)
    say("call", case=case, body=await request.json())
    return Response(bxml(stream_url(request, "bandwidth", case)), media_type="application/xml")


@app.post("/signalwire/{case}")
async def signalwire_answer(request: Request, case: str):
    validator = SignalwireValidator(os.environ["SIGNALWIRE_SIGNING_KEY"])
    signature = request.headers.get("X-SignalWire-Signature", "")
    refuse_unless(validator.validate(str(request.url), dict(await request.form()), signature), request, case)
    return Response(cxml(stream_url(request, "signalwire", case)), media_type="application/xml")


@app.post("/telnyx/{case}")
async def telnyx_answer(request: Request, case: str):
    return Response(texml(stream_url(request, "telnyx", case)), media_type="application/xml")


# --- the streams ---


@app.websocket("/media/{provider}/{case}")
async def media(socket: WebSocket, provider: str, case: str):
    witness = Witness(socket)
    await socket.accept()
    hello = None
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        told = json.loads(message["text"]) if message.get("text") else {}
        word = told.get("event") or told.get("eventType")
        if word == "stop":
            await socket.close()
        if hello is None and word in ("start", "websocket:connected"):
            hello = told
            witness.say("hello", hello=hello, provider=provider, authorization=socket.headers.get("authorization"))
    witness.say("close", code=witness.code, got=witness.got)


if __name__ == "__main__":
    serve(app, sys.argv[1:])
