"""A FastAPI application for uvicorn. Writes one JSON line for each event."""

import asyncio
import json

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect, WebSocketException

app = FastAPI()


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    say("open", path="/echo")
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            await (socket.send_bytes(message["bytes"]) if message.get("bytes") else socket.send_text(message["text"]))
    except WebSocketDisconnect as end:
        say("close", path="/echo", code=end.code)


@app.websocket("/closes-before-accept")
async def closes_before_accept(socket: WebSocket):
    await socket.close(1008)


@app.websocket("/raises-before-accept")
async def raises_before_accept(socket: WebSocket):
    raise RuntimeError("the handler failed before accept")


@app.websocket("/policy-before-accept")
async def policy_before_accept(socket: WebSocket):
    raise WebSocketException(code=1008)


@app.websocket("/http-exception")
async def http_exception(socket: WebSocket):
    raise HTTPException(401)


@app.websocket("/raises")
async def raises(socket: WebSocket):
    await socket.accept()
    await socket.receive()
    raise RuntimeError("the handler failed")


@app.websocket("/returns")
async def returns(socket: WebSocket):
    await socket.accept()
    await asyncio.sleep(0.3)


@app.websocket("/policy")
async def policy(socket: WebSocket):
    await socket.accept()
    await asyncio.sleep(0.3)
    await socket.close(1008, "no start message")


@app.get("/voice")
def voice():
    return {"page": "an ordinary route"}
