"""Plivo's own streaming SDK under FastAPI and uvicorn: its handler, its models of every message. The path is as in pipecat_server.py."""

import asyncio
import sys
from pathlib import Path

from fastapi import FastAPI, WebSocket
from plivo_stream import PlivoFastAPIStreamingHandler

from kit.audio import GREETING, GREETING_AFTER, GREETING_HERTZ, Ear, mulaw_decode, mulaw_encode, tone
from witness import Witness, serve

HEARD = Path(sys.argv[1])

app = FastAPI()


@app.websocket("/plivo/{script}/{case}")
async def plivo(socket: WebSocket, script: str):
    witness, handler = Witness(socket), PlivoFastAPIStreamingHandler(socket)
    line = {"type": "audio/x-l16", "rate": 8000, "ear": None, "tasks": []}

    @handler.on_start
    async def start(event):
        form = event.start.media_format
        line.update(type=form.encoding, rate=form.sample_rate, ear=Ear(form.sample_rate))
        witness.say("start", start=event.model_dump(), account=handler.get_account_id())
        line["tasks"].append(asyncio.create_task(greet(handler, line, script)))

    @handler.on_media
    async def media(event):
        sound = event.get_raw_media()
        line["ear"].hear(mulaw_decode(sound) if line["type"] == "audio/x-mulaw" else sound)
        if script == "echo":
            await handler.send_media(sound, line["type"], line["rate"])

    @handler.on_played_stream
    async def played(event):
        witness.say("played", name=event.name, stream=event.stream_id)

    @handler.on_cleared_audio
    async def cleared(event):
        witness.say("cleared", stream=event.stream_id)

    @handler.on_error
    async def failed(error):
        witness.say("refused", error=str(error))

    await handler.start()
    for task in line["tasks"]:
        task.cancel()
    heard = line["ear"].summary(HEARD / f"plivo-{witness.case}.pcm") if line["ear"] else None
    witness.say("close", code=witness.code, got=witness.got, sent=witness.sent, heard=heard)


async def greet(handler, line, script):
    await asyncio.sleep(GREETING_AFTER)
    if script in ("greet", "clear"):
        # All at once, as text-to-speech comes: the provider keeps it and plays it.
        sound = tone(GREETING_HERTZ, GREETING, line["rate"])
        await handler.send_media(mulaw_encode(sound) if line["type"] == "audio/x-mulaw" else sound.tobytes(), line["type"], line["rate"])
    await handler.send_checkpoint("greeting")
    if script == "clear":
        await handler.send_clear_audio()


if __name__ == "__main__":
    serve(app)
