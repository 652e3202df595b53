"""A Pipecat agent under uvicorn: the telephony runner's own detection of the provider, its serializers, its transport, its pipeline.

The second part of the path says what the agent does: `echo` says what it hears, `greet` greets with a tone, `pause` greets twice with a
pause between, `listen` says nothing; `wide`, `header`, `short` and `loose` are mistakes in the configuration of an agent that greets.
"""

import asyncio
import sys
from pathlib import Path

from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, OutputTransportMessageFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.exotel import ExotelFrameSerializer
from pipecat.serializers.genesys import GenesysAudioHookSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.serializers.vonage import VonageFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from kit.audio import GREETING, GREETING_AFTER, GREETING_HERTZ, PAUSE, Ear, tone
from witness import Witness, serve

HEARD = Path(sys.argv[1])

app = FastAPI()
logger.remove()
logger.add(sys.stderr, level="WARNING")


def twilio(call, script):
    rate = 16000 if script == "wide" else 8000
    params = TwilioFrameSerializer.InputParams(auto_hang_up=False, twilio_sample_rate=rate)
    return TwilioFrameSerializer(call["stream_id"], call_sid=call["call_id"], params=params)


def telnyx(call, script):
    params = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
    # What Pipecat's own runner does: our audio is of the encoding that the call's `start` names, its own is PCMU.
    return TelnyxFrameSerializer(call["stream_id"], call["outbound_encoding"], "PCMU", call["call_id"], params=params)


def plivo(call, script):
    params = PlivoFrameSerializer.InputParams(auto_hang_up=False)
    return PlivoFrameSerializer(call["stream_id"], call_id=call["call_id"], params=params)


def exotel(call, script):
    return ExotelFrameSerializer(call["stream_id"], call_sid=call["call_id"])


MARKS = {
    "twilio": lambda stream: {"event": "mark", "streamSid": stream, "mark": {"name": "greeting"}},
    "telnyx": lambda stream: {"event": "mark", "mark": {"name": "greeting"}},
    "plivo": lambda stream: {"event": "checkpoint", "streamId": stream, "name": "greeting"},
    "exotel": lambda stream: {"event": "mark", "stream_sid": stream, "mark": {"name": "greeting"}},
    "vonage": lambda stream: {"action": "notify", "payload": {"name": "greeting"}},
}


class Agent(FrameProcessor):
    def __init__(self, rate, echo):
        super().__init__()
        self.ear, self.echo = Ear(rate), echo

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.ear.hear(frame.audio)
            if self.echo:
                await self.push_frame(OutputAudioRawFrame(frame.audio, frame.sample_rate, 1), direction)
        else:
            await self.push_frame(frame, direction)


@app.websocket("/telephony/{script}/{case}")
async def telephony(socket: WebSocket, script: str):
    await socket.accept()
    witness = Witness(socket)
    provider, call = await parse_telephony_websocket(socket)
    witness.say("detected", provider=provider, call=call.model_dump(by_alias=True))
    if provider == "unknown":
        await socket.close(1008, "unknown provider")
        witness.say("close", provider=provider, code=1008, got=witness.got, sent=witness.sent)
        return
    serializer = {"twilio": twilio, "telnyx": telnyx, "plivo": plivo, "exotel": exotel}[provider](call, script)
    # Exotel takes chunks of 3200 bytes and more; `short` leaves Pipecat's own 40 ms.
    chunks = 20 if provider == "exotel" and script != "short" else 4
    await talk(socket, witness, provider, serializer, 8000, script, MARKS[provider](call["stream_id"]), audio_out_10ms_chunks=chunks)


@app.websocket("/vonage/{script}/{case}")
async def vonage(socket: WebSocket, script: str):
    await socket.accept()
    packet = None if script in ("loose", "header") else 640
    serializer = VonageFrameSerializer(VonageFrameSerializer.InputParams(vonage_sample_rate=16000))
    await talk(socket, Witness(socket), "vonage", serializer, 16000, script, MARKS["vonage"](None), fixed_audio_packet_size=packet)


@app.websocket("/genesys/{script}/{case}")
async def genesys(socket: WebSocket, script: str):
    await socket.accept()
    witness, serializer = Witness(socket), GenesysAudioHookSerializer()

    @serializer.event_handler("on_open")
    async def opened(_, message):
        witness.say("detected", provider="genesys", call=message["parameters"], session=message["id"])

    # 200 ms at a time: Pipecat's own advice against the provider's rate limit.
    await talk(socket, witness, "genesys", serializer, 8000, script, None, fixed_audio_packet_size=1600)


async def talk(socket, witness, provider, serializer, rate, script, mark, **options):
    header = script == "header"
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, add_wav_header=header, serializer=serializer, **options)
    transport = FastAPIWebsocketTransport(websocket=socket, params=params)
    agent = Agent(rate, script == "echo")
    rates = PipelineParams(audio_in_sample_rate=rate, audio_out_sample_rate=rate)
    worker = PipelineWorker(
        Pipeline([transport.input(), agent, transport.output()]), params=rates, enable_rtvi=False, idle_timeout_secs=None
    )
    greeting = asyncio.create_task(greet(worker, rate, script, mark))

    @transport.event_handler("on_client_disconnected")
    async def gone(*_):
        greeting.cancel()
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    name = HEARD / f"pipecat-{witness.case}.pcm"
    witness.say("close", provider=provider, code=witness.code, got=witness.got, sent=witness.sent, heard=agent.ear.summary(name))


async def greet(worker, rate, script, mark):
    if script == "listen":
        return
    # The wrong rate shows in the length of what is said, so there must be enough of it.
    length = 4.5 * GREETING if script == "wide" else GREETING
    sound = lambda: TTSAudioRawFrame(tone(GREETING_HERTZ, length, rate).tobytes(), rate, 1)
    await asyncio.sleep(GREETING_AFTER)
    if script != "echo":
        await worker.queue_frames([sound()])
    if mark:
        await worker.queue_frames([OutputTransportMessageFrame(message=mark)])
    if script == "pause":
        await asyncio.sleep(GREETING + PAUSE)
        await worker.queue_frames([sound()])


if __name__ == "__main__":
    serve(app)
