"""A stand-in for the Realtime API, with the `openai` package's own models: every client event must parse as one of them, and every event
that the server sends is built from them. The model's voice is a tone, or what it heard (`?model=echo`).
"""

import asyncio
import base64
import sys
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from openai.types.realtime import (
    InputAudioBufferSpeechStartedEvent,
    RealtimeErrorEvent,
    RealtimeServerEvent,
    ResponseAudioDeltaEvent,
    ResponseAudioDoneEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
)
from openai.types.realtime.realtime_client_event import RealtimeClientEvent
from openai.types.realtime.realtime_error import RealtimeError
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from pydantic import TypeAdapter, ValidationError
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from kit.audio import GREETING, GREETING_AFTER, GREETING_HERTZ, PAUSE, Ear, mulaw_decode, mulaw_encode, tone
from witness import say

HEARD = Path(sys.argv[1])
CLIENT, SERVER = TypeAdapter(RealtimeClientEvent), TypeAdapter(RealtimeServerEvent)


def fresh(prefix):
    return f"{prefix}_{uuid.uuid4().hex[:16]}"


class Session:
    def __init__(self, socket, model, case):
        self.socket, self.model, self.case = socket, model, case
        pcm = {"type": "audio/pcm", "rate": 24000}
        self.config = {"type": "realtime", "model": model, "audio": {"input": {"format": pcm}, "output": {"format": pcm, "voice": "alloy"}}}
        self.ear, self.said, self.counts, self.item = None, 0, {}, fresh("item")
        self.common = {"content_index": 0, "output_index": 0, "response_id": fresh("resp")}

    def note(self, event, **fields):
        say(event, case=self.case, **fields)

    async def send(self, model, **fields):
        event = model.model_validate({"event_id": fresh("event"), **fields})
        # As the package would read it.
        SERVER.validate_json(text := event.model_dump_json(exclude_none=True))
        await self.socket.send(text)

    async def session(self, model, word):
        await self.send(model, type=word, session=RealtimeSessionCreateRequest.model_validate(self.config))

    def pcmu(self, side):
        return self.config["audio"][side]["format"]["type"] == "audio/pcmu"

    async def hear(self, event):
        self.counts[event.type] = self.counts.get(event.type, 0) + 1
        if event.type == "session.update":
            update = event.session.model_dump(exclude_none=True, by_alias=True)
            self.note("update", session=update)
            for side, value in update.pop("audio", {}).items():
                self.config["audio"][side].update(value)
            self.config.update(update)
            await self.session(SessionUpdatedEvent, "session.updated")
        elif event.type == "input_audio_buffer.append":
            sound = base64.b64decode(event.audio, validate=True)
            first, self.ear = self.ear is None, self.ear or Ear(8000 if self.pcmu("input") else 24000)
            self.ear.hear(mulaw_decode(sound) if self.pcmu("input") else sound)
            if self.model == "echo":
                await self.delta(sound)
            elif first and self.model == "interrupted":
                asyncio.get_running_loop().call_later(GREETING_AFTER + PAUSE, lambda: asyncio.ensure_future(self.interrupted()))
        else:
            self.note("event", type=event.type, body=event.model_dump(exclude_none=True))

    async def interrupted(self):
        await self.send(
            InputAudioBufferSpeechStartedEvent, type="input_audio_buffer.speech_started", audio_start_ms=0, item_id=fresh("item")
        )

    async def delta(self, sound):
        self.said += 1
        text = base64.b64encode(sound).decode()
        await self.send(ResponseAudioDeltaEvent, type="response.output_audio.delta", delta=text, item_id=self.item, **self.common)

    async def speak(self):
        """Faster than anybody listens, in pieces of 100 ms, as the model does."""
        await asyncio.sleep(GREETING_AFTER)
        rate = 8000 if self.pcmu("output") else 24000
        length = 5 if self.model == "interrupted" else GREETING
        sound = tone(GREETING_HERTZ, length, rate)
        for part in range(0, len(sound), rate // 10):
            piece = sound[part : part + rate // 10]
            await self.delta(mulaw_encode(piece) if self.pcmu("output") else piece.tobytes())
        await self.send(ResponseAudioDoneEvent, type="response.output_audio.done", item_id=self.item, **self.common)


async def handler(socket):
    split = urlsplit(socket.request.path)
    query = parse_qs(split.query)
    session = Session(socket, query["model"][0], query["case"][0])
    session.note("open", path=socket.request.path, authorization="authorization" in socket.request.headers, protocol=socket.subprotocol)
    await session.session(SessionCreatedEvent, "session.created")
    voice = asyncio.create_task(session.speak()) if session.model != "echo" else None
    try:
        async for text in socket:
            try:
                event = CLIENT.validate_json(text, strict=True)
            except ValidationError as invalid:
                session.note("refused", error=str(invalid.errors(include_url=False, include_input=False)[:3]), text=str(text)[:300])
                error = RealtimeError(message="invalid event", type="invalid_request_error")
                await session.send(RealtimeErrorEvent, type="error", error=error)
                continue
            await session.hear(event)
    except ConnectionClosed:
        pass
    finally:
        if voice:
            voice.cancel()
        heard = session.ear.summary(HEARD / f"openai-{session.case}.pcm") if session.ear else None
        session.note("close", code=socket.close_code, got=session.counts, said=session.said, heard=heard)


async def main():
    async with serve(handler, "127.0.0.1", 0, subprotocols=None) as server:
        say("listening", port=server.sockets[0].getsockname()[1])
        await asyncio.Future()


asyncio.run(main())
