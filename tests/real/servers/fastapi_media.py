"""FastAPI media-stream servers in the shape of the providers' examples, which read every message with a model that takes the documented
fields in the documented types and nothing else: a number in place of a string is an event `refused`.

The path is the provider, what the agent does, and the name of the case: `echo`, `greet`, `pause` or `listen`, as in pipecat_server.py.
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

from fastapi import FastAPI, WebSocket
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from kit.audio import GREETING, GREETING_AFTER, GREETING_HERTZ, PAUSE, Ear, mulaw_decode, mulaw_encode, tone
from witness import Witness, say, serve

HEARD = Path(sys.argv[1])

app = FastAPI()


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def pattern(text):
    return Annotated[str, Field(pattern=f"^{text}$")]


Number, Uuid = pattern(r"\d+"), pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Base64 = pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
Parameters = dict[str, str]


def record(**fields):
    """A strict model of these fields; a type alone is a field that must be there."""
    typed = {name: kind if isinstance(kind, tuple) else (kind, ...) for name, kind in fields.items()}
    return create_model("Record", __base__=Strict, **typed)


def maybe(kind):
    return (Optional[kind], None)


def messages(key, **kinds):
    """A message for each word of `key`."""
    models = [record(**{key: Literal[word.replace("_colon_", ":")]}, **fields) for word, fields in kinds.items()]
    union = Annotated[Union[tuple(models)], Field(discriminator=key)] if len(models) > 1 else models[0]
    return TypeAdapter(union)


class Dialect:
    """What is read of a provider, and how its agent answers."""

    def __init__(self, reads, media, mark=None, sound=None, codec="pcm", rate=8000, frame=0.02, ids=lambda message: None):
        self.reads, self.media, self.mark, self.sound = reads, media, mark, sound
        self.codec, self.rate, self.frame, self.ids = codec, rate, frame, ids

    def decode(self, sound):
        return mulaw_decode(sound) if self.codec == "mulaw" else sound

    def encode(self, samples):
        return mulaw_encode(samples) if self.codec == "mulaw" else samples.tobytes()


def b64(sound):
    return base64.b64encode(sound).decode()


MZ, CA, AC = (pattern(prefix + "[0-9a-f]{32}") for prefix in ("MZ", "CA", "AC"))
TWILIO_FORMAT = record(encoding=Literal["audio/x-mulaw"], sampleRate=Literal[8000], channels=Literal[1])
TWILIO_START = record(
    accountSid=AC, streamSid=MZ, callSid=CA, tracks=list[Literal["inbound", "outbound"]], mediaFormat=TWILIO_FORMAT, customParameters=Parameters
)
TWILIO_MEDIA = record(track=Literal["inbound"], chunk=Number, timestamp=Number, payload=Base64)
NAMED = record(name=str)

SIGNALWIRE_FORMAT = record(encoding=Literal["audio/x-mulaw", "audio/x-L16"], sampleRate=int, channels=int)
SIGNALWIRE_START = record(
    accountSid=Uuid, streamSid=Uuid, callSid=Uuid, tracks=list[str], mediaFormat=SIGNALWIRE_FORMAT, customParameters=maybe(Parameters)
)

TELNYX_FORMAT = record(encoding=str, sample_rate=int, channels=Literal[1])
TELNYX_START = record(
    user_id=Uuid,
    call_control_id=pattern("v[23]:.+"),
    call_session_id=Uuid,
    **{"from": str},
    to=str,
    client_state=maybe(Base64),
    custom_parameters=maybe(Any),
    media_format=TELNYX_FORMAT,
)

BANDWIDTH_TRACK = record(name=str, mediaFormat=record(encoding=Literal["audio/PCMU"], sampleRate=int))
BANDWIDTH_START = record(accountId=str, callId=pattern("c-.+"), streamId=pattern("s-.+"), streamName=str, tracks=list[BANDWIDTH_TRACK])

EXOTEL_FORMAT = record(encoding=str, sample_rate=Number, bit_rate=Number)
EXOTEL_START = record(
    stream_sid=str, call_sid=str, account_sid=str, **{"from": str}, to=str, custom_parameters=Parameters, media_format=EXOTEL_FORMAT
)
EXOTEL_STOP = record(call_sid=str, account_sid=str, reason=str)


def enveloped(word="event", name="streamSid"):
    return lambda stream, sound: {word: "media", name: stream, "media": {"payload": b64(sound)}}


DIALECTS = {
    "twilio": Dialect(
        messages(
            "event",
            connected=dict(protocol=Literal["Call"], version=Literal["1.0.0"]),
            start=dict(sequenceNumber=Literal["1"], start=TWILIO_START, streamSid=MZ),
            media=dict(sequenceNumber=Number, media=TWILIO_MEDIA, streamSid=MZ),
            mark=dict(sequenceNumber=Number, streamSid=MZ, mark=NAMED),
            stop=dict(sequenceNumber=Number, streamSid=MZ, stop=record(accountSid=AC, callSid=CA)),
        ),
        enveloped(),
        lambda stream: {"event": "mark", "streamSid": stream, "mark": {"name": "greeting"}},
        lambda message: message["media"]["payload"],
        codec="mulaw",
        ids=lambda message: message["streamSid"],
    ),
    "signalwire": Dialect(
        messages(
            "event",
            connected=dict(protocol=Literal["Call"], version=Literal["0.2.0"]),
            start=dict(sequenceNumber=Number, start=SIGNALWIRE_START, streamSid=maybe(Uuid)),
            media=dict(sequenceNumber=Number, media=TWILIO_MEDIA, streamSid=maybe(Uuid)),
            mark=dict(streamSid=Uuid, mark=NAMED),
            stop=dict(sequenceNumber=Number),
        ),
        enveloped(),
        lambda stream: {"event": "mark", "streamSid": stream, "mark": {"name": "greeting"}},
        lambda message: message["media"]["payload"],
        codec="mulaw",
        ids=lambda message: message["start"]["streamSid"],
    ),
    "telnyx": Dialect(
        messages(
            "event",
            connected=dict(version=Literal["1.0.0"]),
            start=dict(sequence_number=Number, start=TELNYX_START, stream_id=Uuid),
            media=dict(sequence_number=Number, media=TWILIO_MEDIA, stream_id=Uuid),
            mark=dict(sequence_number=Number, stream_id=Uuid, mark=NAMED),
            stop=dict(sequence_number=Number, stop=record(user_id=Uuid, call_control_id=str), stream_id=Uuid),
        ),
        lambda stream, sound: {"event": "media", "media": {"payload": b64(sound)}},
        lambda stream: {"event": "mark", "mark": {"name": "greeting"}},
        lambda message: message["media"]["payload"],
        codec="mulaw",
        ids=lambda message: message["stream_id"],
    ),
    "bandwidth": Dialect(
        messages(
            "eventType",
            start=dict(metadata=BANDWIDTH_START, streamParams=maybe(Parameters)),
            media=dict(track=Literal["inbound"], payload=Base64, sequenceNumber=maybe(Number)),
            stop=dict(metadata=dict[str, Any]),
        ),
        lambda stream, sound: {"eventType": "playAudio", "media": {"contentType": "audio/pcmu", "payload": b64(sound)}},
        None,
        lambda message: message["payload"],
        codec="mulaw",
        ids=lambda message: message["metadata"]["streamId"],
    ),
    "exotel": Dialect(
        messages(
            "event",
            connected=dict(),
            start=dict(sequence_number=Number, stream_sid=str, start=EXOTEL_START),
            media=dict(sequence_number=Number, stream_sid=str, media=record(chunk=Number, timestamp=Number, payload=Base64)),
            mark=dict(sequence_number=Number, stream_sid=str, mark=NAMED),
            stop=dict(sequence_number=Number, stream_sid=str, stop=EXOTEL_STOP),
        ),
        enveloped(name="stream_sid"),
        lambda stream: {"event": "mark", "stream_sid": stream, "mark": {"name": "greeting"}},
        lambda message: message["media"]["payload"],
        frame=0.2,
        ids=lambda message: message["stream_sid"],
    ),
    "conversation-relay": Dialect(
        messages(
            "type",
            setup=dict(
                sessionId=pattern("VX[0-9a-f]{32}"),
                accountSid=AC,
                parentCallSid=maybe(str),
                callSid=CA,
                forwardedFrom=maybe(str),
                callType=maybe(str),
                callerName=maybe(str),
                direction=str,
                callStatus=maybe(str),
                customParameters=Parameters,
                to=str,
                **{"from": str},
            ),
            prompt=dict(voicePrompt=str, lang=str, last=bool),
        ),
        None,
        lambda stream: {"type": "text", "token": "Hello, how can I help?", "last": True},
        ids=lambda message: message["sessionId"],
    ),
    "asterisk": Dialect(
        messages(
            "event",
            MEDIA_START=dict(
                connection_id=Uuid,
                channel=pattern("WebSocket/.+"),
                channel_id=str,
                format=str,
                optimal_frame_size=int,
                ptime=int,
                channel_variables=maybe(dict[str, Any]),
            ),
            MEDIA_MARK_PROCESSED=dict(correlation_id=maybe(str), channel_id=maybe(str)),
        ),
        lambda stream, sound: sound,
        lambda stream: "MARK_MEDIA greeting",
        codec="mulaw",
        ids=lambda message: message["connection_id"],
    ),
    "sinch": Dialect(
        messages(
            "command",
            connect=dict(
                version=Literal[1], callId=str, applicationKey=str, codec=Literal["PCM"], sampleRate=int, callHeaders=maybe(list[Any])
            ),
        ),
        lambda stream, sound: sound,
        ids=lambda message: message["callId"],
    ),
}


class Websocket(BaseModel):
    """The hello of Vonage and Infobip: whatever the caller attached lies beside these two, as text."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, str] = Field(init=False)
    event: Literal["websocket:connected"]
    content_type: pattern(r"audio/l16;rate=(8|16|24|32)000") = Field(alias="content-type")


WEBSOCKET_EVENTS = TypeAdapter(
    Union[
        Websocket,
        record(event=Literal["websocket:cleared"]),
        record(event=Literal["websocket:notify"], payload=dict[str, Any]),
        record(event=Literal["websocket:dtmf"], digit=str, duration=int),
    ]
)
NOTIFY = {"action": "notify", "payload": {"name": "greeting"}}
DIALECTS["vonage"] = Dialect(WEBSOCKET_EVENTS, lambda stream, sound: sound, lambda stream: NOTIFY, rate=16000)
DIALECTS["infobip"] = Dialect(WEBSOCKET_EVENTS, lambda stream, sound: sound, rate=16000)


def asterisk_plain(text):
    """The plain form as the JSON form: fields are `key:value`, a word by itself is an id."""
    event, *parts = text.split()
    fields = dict(part.split(":", 1) if ":" in part else ("correlation_id", part) for part in parts)
    numbers = {name: int(fields.pop(name)) for name in ("optimal_frame_size", "ptime") if name in fields}
    return {"event": event, **fields, **numbers}


class Call:
    def __init__(self, socket, provider, script, note):
        self.note = note
        self.socket, self.name, self.script, self.dialect = socket, provider, script, DIALECTS[provider]
        self.json_commands = False
        self.stream, self.ear, self.order, self.said, self.task = None, Ear(self.dialect.rate), [], 0, None

    async def send(self, message):
        if isinstance(message, bytes):
            await self.socket.send_bytes(message)
        else:
            await self.socket.send_text(message if isinstance(message, str) else json.dumps(message))

    async def say(self, sound):
        self.said += 1
        await self.send(self.dialect.media(self.stream, sound))

    async def speak(self, seconds):
        """A frame at a time, at the rate of speech."""
        samples, step = tone(GREETING_HERTZ, seconds, self.dialect.rate), round(self.dialect.rate * self.dialect.frame)
        began = time.monotonic()
        for n in range(0, len(samples), step):
            await self.say(self.dialect.encode(samples[n : n + step]))
            await asyncio.sleep(max(0, began + (n + step) / self.dialect.rate - time.monotonic()))

    async def agent(self):
        await asyncio.sleep(GREETING_AFTER)
        speaks = self.dialect.media and self.script in ("greet", "pause")
        if speaks:
            await self.speak(GREETING)
        if self.json_commands:
            await self.send({"command": "MARK_MEDIA", "correlation_id": "greeting"})
        elif self.dialect.mark and self.script != "listen":
            await self.send(self.dialect.mark(self.stream))
        if speaks and self.script == "pause":
            await asyncio.sleep(PAUSE)
            await self.speak(GREETING)

    async def hear_sound(self, sound):
        self.ear.hear(self.dialect.decode(sound))
        if self.script == "echo":
            await self.say(sound)

    async def hear_text(self, text):
        try:
            self.dialect.reads.validate_json(text)
        except ValidationError as invalid:
            self.note("refused", provider=self.name, error=str(invalid.errors(include_url=False, include_input=False)[:3]), text=text[:400])
            return
        message = json.loads(text)
        if self.task is None and (self.name == "conversation-relay" or "connected" not in text or self.name in ("vonage", "infobip")):
            self.stream = self.dialect.ids(message)
            self.note("start", provider=self.name, message=message)
            if self.name == "sinch":
                await self.send({"command": "answer"})
            self.task = asyncio.create_task(self.agent())
        elif self.dialect.sound and message.get("event", message.get("eventType")) == "media":
            self.order.append(place(message))
            await self.hear_sound(base64.b64decode(self.dialect.sound(message), validate=True))
        else:
            self.note("said", provider=self.name, message=message)


def place(message):
    """Sequence, chunk and timestamp, where there are such."""
    media = message.get("media", {})
    values = [message.get("sequenceNumber", message.get("sequence_number")), media.get("chunk"), media.get("timestamp")]
    return [None if value is None else int(value) for value in values]


@app.websocket("/{provider}/{script}/{case}")
async def stream(socket: WebSocket, provider: str, script: str, case: str):
    say("open", case=case, provider=provider, headers=sorted(name for name in socket.headers if not name.startswith("sec-websocket")))
    await socket.accept()
    witness = Witness(socket)
    call = Call(socket, provider, script, witness.say)
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        if message.get("bytes") is not None:
            await call.hear_sound(message["bytes"])
        elif provider == "asterisk" and not message["text"].startswith("{"):
            await call.hear_text(json.dumps(asterisk_plain(message["text"])))
        else:
            call.json_commands = provider == "asterisk"
            await call.hear_text(message["text"])
    if call.task:
        call.task.cancel()
    heard = call.ear.summary(HEARD / f"fastapi-{case}.pcm")
    witness.say("close", provider=provider, code=witness.code, got=witness.got, said=call.said, first=call.order[:1], last=call.order[-1:], heard=heard)


if __name__ == "__main__":
    serve(app)
