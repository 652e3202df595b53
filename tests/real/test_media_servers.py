"""Media-stream servers in the shape of the providers' published examples: Flask with flask-sock, FastAPI with strict models of every
message, and Fastify as a bridge to a speech model that speaks by the `openai` package's models.
"""

from types import SimpleNamespace

import pytest

from kit.audio import GREETING, GREETING_AFTER, PAUSE
from kit.calls import MULAW, Call, heard_speech, heard_tone, measured, speech_file

CALL_ID = "CA" + "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def flask(start_python, heard_dir):
    with start_python("flask_media.py", heard_dir) as server:
        yield server


@pytest.fixture(scope="module")
def fastapi(start_python, heard_dir):
    with start_python("fastapi_media.py", heard_dir) as server:
        yield server


@pytest.fixture(scope="module")
def model(start_python, heard_dir):
    with start_python("openai_realtime.py", heard_dir) as server:
        yield server


@pytest.fixture(scope="module")
def bridge(start_node, model):
    with start_node("fastify_media.js", f"ws://127.0.0.1:{model.port}/v1/realtime") as server:
        yield server


# --- Flask ---


@pytest.fixture
def ring_flask(sidetone, flask):
    return lambda script, *sets, hold="1500ms", say="audio.say=tone": Call(sidetone, flask, f"/{script}", "twilio", say, *sets, hold=hold)


def test_flask_hears_us(ring_flask):
    done = ring_flask("echo", "expect={echo=true}", f"call.call_id={CALL_ID}", 'call.parameters={agent="front desk", "x-synthetic"="1"}')
    done.report.succeeds()
    start = done.event("start")["start"]
    assert start["callSid"] == CALL_ID
    assert start["customParameters"] == {"agent": "front desk", "x-synthetic": "1"}
    heard_tone(done.close["heard"])
    sent = done.report.json["audio"]["frames_sent"]
    assert done.close["got"] == {"connected": 1, "start": 1, "media": sent, "mark": 1, "stop": 1}
    # sequenceNumber, chunk, timestamp
    assert done.close["first"] in ([[2, 1, 0]], [[2, 1, 20]])
    sequence, chunk, timestamp = done.close["last"][0]
    assert chunk == sent and sequence >= chunk + 1
    assert timestamp >= (chunk - 1) * 20
    measured(done, frames=done.close["said"], bytes_received=160 * sent)


def test_flask_is_measured(ring_flask):
    done = ring_flask("greet")
    done.report.succeeds()
    first = (GREETING_AFTER, GREETING_AFTER + 0.2)
    measured(done, first=first, frames=20, bytes_received=8000 * GREETING, gap=(0.015, 0.2))
    audio = done.report.json["audio"]
    assert audio["messages_received"] == 21 and 0 <= audio["jitter_seconds"] < 0.02, audio
    done = ring_flask("pause", hold="2200ms")
    done.report.succeeds()
    measured(done, first=first, frames=40, gap=(PAUSE - 0.05, PAUSE + 0.3))


def test_flask_reads_speech(ring_flask, tmp_path):
    file, samples = speech_file(tmp_path, 8000)
    done = ring_flask("greet", say=f"audio.file={file}")
    done.report.succeeds()
    heard_speech(done.close["heard"], samples)


def test_a_mark_waits_for_what_is_played(ring_flask):
    """5 s of audio in one message, a mark, and 0.7 s later a `clear`: the mark comes back with the `clear`, not before."""
    done = ring_flask("clear", hold="2s")
    done.report.succeeds()
    audio = done.report.json["audio"]
    assert (audio["marks_played"], audio["clears"]) == (1, 1), audio
    assert PAUSE - 0.1 < audio["mark_round_trip_seconds"] < PAUSE + 0.3, audio
    assert len(done.events("mark")) == 1


def test_a_mark_that_is_not_played_in_time_does_not_come_back(ring_flask):
    done = ring_flask("clear", hold="700ms")
    done.report.succeeds()
    assert done.report.json["audio"]["marks_played"] == 0
    assert done.events("mark") == []
    strict = ring_flask("clear", "expect={mark_round_trip_within='300ms'}", hold="700ms")
    strict.report.fails("app_no_mark", "hold")


def test_a_server_may_hang_up_on_stop(ring_flask):
    done = ring_flask("leave", hold="500ms")
    done.report.succeeds(close=(1000, "server", "close_frame"))
    assert done.close["got"]["stop"] == 1


# --- FastAPI with strict models ---

TEXT = SimpleNamespace(sets=["audio.say=tone"], rate=8000, byte_rate=8000, frame=0.02, chunk=1)
STRICT = {
    "twilio": TEXT,
    "signalwire": TEXT,
    "telnyx": TEXT,
    "bandwidth": TEXT,
    "exotel": SimpleNamespace(sets=["audio.say=tone"], rate=8000, byte_rate=16000, frame=0.1, chunk=1),
    "vonage": SimpleNamespace(sets=["audio.say=tone", "audio.sample_rate=16000"], rate=16000, byte_rate=32000, frame=0.02, chunk=None),
    "infobip": SimpleNamespace(sets=["audio.say=tone", "audio.sample_rate=16000"], rate=16000, byte_rate=32000, frame=0.02, chunk=None),
    "asterisk": SimpleNamespace(sets=["audio.say=tone", MULAW], rate=8000, byte_rate=8000, frame=0.02, chunk=None),
    "sinch": SimpleNamespace(sets=["audio.say=tone"], rate=8000, byte_rate=16000, frame=0.02, chunk=None),
}
EVERY = pytest.mark.parametrize("dialect", STRICT)


@pytest.fixture
def ring_fastapi(sidetone, fastapi):
    def ring(dialect, script, *sets, hold="1500ms", options=()):
        return Call(sidetone, fastapi, f"/{dialect}/{script}", dialect, *STRICT[dialect].sets, *sets, hold=hold, options=options)

    return ring


@EVERY
def test_every_message_is_as_documented(ring_fastapi, dialect):
    """A greeting and a mark, so that every kind of message of ours is sent."""
    done, case = ring_fastapi(dialect, "greet"), STRICT[dialect]
    assert done.events("refused") == []
    done.report.succeeds(close=(1000, "prober", "close_frame"))
    sent = done.report.json["audio"]["frames_sent"]
    close = done.close
    assert close["heard"]["frames"] == sent and abs(sent - 1.5 / case.frame) <= 2, close
    heard_tone(close["heard"])
    measured(done, first=(GREETING_AFTER, GREETING_AFTER + 0.25), frames=close["said"], bytes_received=GREETING * case.byte_rate)
    if case.chunk and dialect != "bandwidth":
        (_, first, _), (_, last, at) = close["first"][0], close["last"][0]
        assert (first, last) == (1, sent), close
        assert at in (round((last - 1) * case.frame * 1000), round(last * case.frame * 1000)), close


@EVERY
def test_an_echo_is_measured(ring_fastapi, dialect):
    done, case = ring_fastapi(dialect, "echo", "expect={echo=true, real_time_audio=true}", hold="2s"), STRICT[dialect]
    done.report.succeeds()
    measured(done, first=(0, 0.3), frames=done.close["said"], rate=(0.9 * case.byte_rate, 1.1 * case.byte_rate), gap=(0.01, 0.4))


def test_asterisk_in_json(ring_fastapi):
    done = ring_fastapi("asterisk", "greet", "call.form=json")
    assert done.events("refused") == []
    done.report.succeeds()
    assert done.event("start")["message"]["format"] == "ulaw"
    assert done.close["got"].get("MEDIA_MARK_PROCESSED") == 1, done.close


def test_the_callers_own_words_come_through(ring_fastapi):
    words = "call.parameters={agent='front desk', n='1'}"
    for dialect, place in {
        "twilio": ("start", "customParameters"),
        "signalwire": ("start", "customParameters"),
        "exotel": ("start", "custom_parameters"),
        "bandwidth": ("streamParams",),
        "vonage": (),
        "infobip": (),
    }.items():
        message = ring_fastapi(dialect, "listen", words, hold="200ms").event("start")["message"]
        for step in place:
            message = message[step]
        assert {"agent": "front desk", "n": "1"}.items() <= message.items(), dialect


def test_conversation_relay(sidetone, fastapi):
    prompt = "call.prompt=Hello"
    done = Call(sidetone, fastapi, "/conversation-relay/greet", "conversation-relay", prompt, "call.parameters={agent='front desk'}")
    assert done.events("refused") == []
    done.report.succeeds()
    assert done.event("start")["message"]["customParameters"] == {"agent": "front desk"}
    assert done.event("said")["message"] == {"type": "prompt", "voicePrompt": "Hello", "lang": "en-US", "last": True}
    audio = done.report.json["audio"]
    assert GREETING_AFTER < audio["first_message_seconds"] < GREETING_AFTER + 0.3 and audio["first_audio_seconds"] is None, audio


def test_bandwidth_logs_in(ring_fastapi):
    basic = ("--set", "basic_auth={username='caller', password_env='PATH'}")
    assert "authorization" in ring_fastapi("bandwidth", "listen", hold="200ms", options=basic).event("open")["headers"]


# --- Fastify, and the speech model behind it ---


@pytest.fixture
def ring_bridge(sidetone, bridge):
    return lambda model, *sets, hold="1500ms": Call(sidetone, bridge, f"/media-stream/{model}", "twilio", "audio.say=tone", *sets, hold=hold)


def test_the_bridge_hands_our_voice_on(ring_bridge, model):
    since = model.settled()
    done = ring_bridge("tone")
    done.report.succeeds()
    heard = model.wait_event("close", since)["heard"]
    heard_tone(heard)
    assert model.events("refused", since) == []
    # The first few frames come before the bridge has its line to the model.
    assert 0.9 * done.report.json["audio"]["frames_sent"] <= heard["frames"]


def test_the_bridge_has_its_marks_answered(ring_bridge):
    """A burst of 0.4 s in 4 pieces, each with a mark: they are played one after another, and none stays behind."""
    done = ring_bridge("tone")
    assert done.close["unplayed"] == 0 and done.close["got"]["mark"] == 4, done.close
    audio = done.report.json["audio"]
    assert audio["marks_played"] == 4 and audio["frames_received"] == 4, audio
    assert 0.3 < audio["mark_round_trip_seconds"] < 0.7, audio
    measured(done, first=(GREETING_AFTER, GREETING_AFTER + 0.4), bytes_received=8000 * GREETING)


def test_the_bridge_is_interrupted(ring_bridge):
    """The model speaks 5 s at once, then hears speech: the bridge clears, and the marks that wait come back at once."""
    done = ring_bridge("interrupted", hold="2s")
    done.report.succeeds()
    interrupted = done.event("interrupted")
    assert 20 < interrupted["marks"] < 50, "some had been played by then, and most had not"
    assert 400 <= interrupted["audio_end_ms"] <= 1200, "by our own time stamps"
    assert done.close["unplayed"] == 0 and done.close["got"]["mark"] == 50, done.close
    audio = done.report.json["audio"]
    assert (audio["marks_played"], audio["clears"]) == (50, 1), audio


def test_the_model_echoes_through_the_bridge(ring_bridge):
    done = ring_bridge("echo", "expect={echo=true, real_time_audio=true}", hold="2s")
    done.report.succeeds()
    measured(done, first=(0, 0.4), rate=(7200, 8800))


# --- the speech model itself ---


@pytest.mark.parametrize("sets, rate", [((), 24000), ((MULAW,), 8000)])
def test_openai_realtime(sidetone, model, sets, rate):
    done = Call(sidetone, model, "/v1/realtime?model=tone", "openai-realtime", "audio.say=tone", *sets)
    assert done.events("refused") == []
    done.report.succeeds()
    close = done.close
    assert close["got"]["session.update"] == 1 and close["got"]["input_audio_buffer.append"] == done.report.json["audio"]["frames_sent"]
    assert close["heard"]["rate"] == rate
    heard_tone(close["heard"])
    measured(done, first=(GREETING_AFTER, GREETING_AFTER + 0.3), frames=4, bytes_received=GREETING * (48000 if rate == 24000 else 8000))


def test_openai_realtime_echo(sidetone, model):
    expect = "expect={echo=true, real_time_audio=true}"
    done = Call(sidetone, model, "/v1/realtime?model=echo", "openai-realtime", "audio.say=tone", expect, hold="2s")
    done.report.succeeds()
    measured(done, first=(0, 0.4), frames=done.close["said"], rate=(43200, 52800))


def test_openai_realtime_is_given_the_key(sidetone, model):
    options = ("--set", "bearer_token_env=SPEECH_KEY")
    done = Call(sidetone, model, "/v1/realtime?model=tone", "openai-realtime", options=options, env={"SPEECH_KEY": "not-a-key"}, hold="300ms")
    done.report.succeeds()
    assert done.event("open")["authorization"] is True
