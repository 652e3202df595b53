"""Media-stream servers in the shape of the providers' published examples: Flask with flask-sock, FastAPI with strict models of every
message, and Fastify as a bridge to a speech model that speaks by the `openai` package's models.
"""

from types import SimpleNamespace

import pytest

from kit.audio import GREETING, PAUSE
from kit.calls import GREETED, Call, Together, heard_speech, heard_tone, measured, speech_file

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


TONE, ECHO = "audio.say=tone", "expect={echo=true, real_time_audio=true}"


# --- Flask ---

@pytest.fixture(scope="module")
def flask_calls(program, flask, tmp_path_factory):
    program.case = "test_media_servers.py"
    file, file_samples = speech_file(tmp_path_factory.mktemp("speech"), 8000)
    words = 'call.parameters={agent="front desk", "x-synthetic"="1"}'
    late = "expect={mark_round_trip_within='300ms'}"
    ring = lambda script, *sets, hold="1200ms": lambda: Call(program, flask, f"/{script}", "twilio", *sets, hold=hold)
    return file_samples, Together(
        {
            "echo": ring("echo", TONE, ECHO, f"call.call_id={CALL_ID}", words, hold="1600ms"),
            "speech": ring("greet", f"audio.file={file}", hold="1300ms"),
            "pause": ring("pause", hold="2s"),
            "clear": ring("clear", hold="1500ms"),
            "unplayed": ring("clear", hold="700ms"),
            "late": ring("clear", late, hold="700ms"),
            "leave": ring("leave", hold="500ms"),
        }
    )


@pytest.fixture(scope="module")
def flasked(flask_calls):
    return flask_calls[1]


def test_flask_hears_us(flasked):
    done = flasked["echo"]
    done.report.succeeds()
    start = done.event("start")["start"]
    assert start["callSid"] == CALL_ID
    assert start["customParameters"] == {"agent": "front desk", "x-synthetic": "1"}
    heard_tone(done.close["heard"])
    sent = done.report.json["audio"]["frames_sent"]
    assert done.close["got"] == {"connected": 1, "start": 1, "media": sent, "mark": 1, "stop": 1}
    # Of sequenceNumber, chunk and timestamp. The mark took a number of the sequence.
    assert (done.close["first"], done.close["last"]) == ([[2, 1, 20]], [[sent + 2, sent, sent * 20]])
    measured(done, first=(0, 0.2), frames=sent, bytes_received=160 * sent, rate=(7600, 8400), gap=(0.02, 0.2))


def test_flask_reads_speech_and_is_measured(flask_calls):
    samples, calls = flask_calls
    done = calls["speech"]
    done.report.succeeds()
    heard_speech(done.close["heard"], samples)
    measured(done, first=GREETED, frames=20, bytes_received=8000 * GREETING, gap=(0.015, 0.2))
    audio = done.report.json["audio"]
    assert audio["messages_received"] == 21 and 0 <= audio["jitter_seconds"] < 0.02, audio


def test_a_pause_is_measured(flasked):
    flasked["pause"].report.succeeds()
    measured(flasked["pause"], first=GREETED, gap=(PAUSE - 0.05, PAUSE + 0.3))


def test_a_mark_waits_for_what_is_played(flasked):
    """5 s of audio in one message, a mark, and 0.7 s later a `clear`: the mark comes back with the `clear`, not before."""
    done = flasked["clear"]
    done.report.succeeds()
    audio = done.report.json["audio"]
    assert (audio["marks_played"], audio["marks_cleared"], audio["clears"]) == (0, 1, 1), audio
    assert audio["mark_round_trip_seconds"] is None, "it was not played"
    assert len(done.events("mark")) == 1


def test_a_mark_that_is_not_played_in_time_does_not_come_back(flasked):
    done = flasked["unplayed"]
    done.report.succeeds()
    assert done.report.json["audio"]["marks_played"] == 0 and done.events("mark") == []
    flasked["late"].report.fails("app_no_mark", "hold")


def test_werkzeug_answers_with_http_at_the_end(sidetone, start_python, heard_dir):
    """Flask's development server writes the HTTP response of the finished request as well: behind its Close, or in front of it."""
    with start_python("flask_media.py", heard_dir, "development", name="flask_development") as server:
        report = Call(sidetone, server, "/echo", "twilio", TONE, hold="500ms").report
    unacknowledged = report.json["close"]["how"] == "fin"
    how, warning = ("fin", "close_unacknowledged") if unacknowledged else ("close_frame", "data_after_close")
    report.succeeds(warnings=[warning], close=(1000, "prober", how))


def test_a_server_may_hang_up_on_stop(flasked):
    done = flasked["leave"]
    done.report.succeeds(close=(1000, "prober", "close_frame"))
    # The handler came to its own end, and nobody waited for the provider's patience to run out.
    assert done.close["got"]["stop"] == 1 and done.close["code"] is None
    assert done.report.json["phases"]["close"] < 0.5, done.report.json["phases"]


# --- FastAPI with strict models ---


def line(rate, width, frame, counts, *settings):
    return SimpleNamespace(rate=rate, byte_rate=rate * width, frame=frame, counts=counts, settings=settings)


STRICT = {
    "twilio": line(8000, 1, 0.02, True),
    "signalwire": line(8000, 1, 0.02, True),
    "telnyx": line(8000, 1, 0.02, True),
    "bandwidth": line(8000, 1, 0.02, False),
    "exotel": line(8000, 2, 0.1, True),
    "vonage": line(16000, 2, 0.02, False, "audio.sample_rate=16000"),
    "infobip": line(16000, 2, 0.02, False, "audio.sample_rate=16000"),
    "asterisk": line(8000, 1, 0.02, False),
    "sinch": line(8000, 2, 0.02, False),
}
"""By dialect: sample rate, bytes of a sample, seconds of a frame, whether frames are numbered."""

EVERY = pytest.mark.parametrize("dialect", STRICT)
OWN_WORDS = {
    "twilio": ("start", "customParameters"),
    "signalwire": ("start", "customParameters"),
    "exotel": ("start", "custom_parameters"),
    "bandwidth": ("streamParams",),
    "vonage": (),
    "infobip": (),
}
"""Where the user's own names and values are in the hello."""


@pytest.fixture(scope="module")
def ring(program, fastapi):
    def all_of(script, *sets, hold):
        program.case = "test_media_servers.py"
        words = {dialect: ["call.parameters={agent='front desk', n='1'}"] for dialect in OWN_WORDS}

        def one(dialect):
            mine = (*STRICT[dialect].settings, *words.get(dialect, ()), TONE)
            return lambda: Call(program, fastapi, f"/{dialect}/{script}", dialect, *mine, *sets, hold=hold)

        return Together({dialect: one(dialect) for dialect in STRICT})

    return all_of


@pytest.fixture(scope="module")
def greeted(ring):
    return ring("greet", hold="1s")


@pytest.fixture(scope="module")
def echoed(ring):
    return ring("echo", ECHO, hold="1500ms")


@EVERY
def test_every_message_is_as_documented(greeted, dialect):
    """With a greeting and a mark, so that every kind of message of ours is sent."""
    done = greeted[dialect]
    assert done.events("refused") == []
    done.report.succeeds(close=(1000, "prober", "close_frame"))
    assert done.close["code"] == 1000


@EVERY
def test_our_tone_is_heard(greeted, dialect):
    close, sent = greeted[dialect].close, greeted[dialect].report.json["audio"]["frames_sent"]
    assert close["heard"]["frames"] == sent and abs(sent - 1 / STRICT[dialect].frame) <= 2, close
    heard_tone(close["heard"])


@EVERY
def test_a_greeting_is_measured(greeted, dialect):
    done = greeted[dialect]
    measured(done, first=GREETED, frames=done.close["said"], bytes_received=GREETING * STRICT[dialect].byte_rate)


@pytest.mark.parametrize("dialect", [dialect for dialect, where in STRICT.items() if where.counts])
def test_chunks_and_timestamps_count(greeted, dialect):
    done = greeted[dialect]
    ((sequence, first, _),), ((_, last, at),) = done.close["first"], done.close["last"]
    assert (sequence, first, last) == (2, 1, done.report.json["audio"]["frames_sent"]), done.close
    frame = round(1000 * STRICT[dialect].frame)
    assert at in ((last - 1) * frame, last * frame), done.close


@EVERY
def test_an_echo_is_measured(echoed, dialect):
    done, rate = echoed[dialect], STRICT[dialect].byte_rate
    done.report.succeeds(warnings=[])
    measured(done, first=(0, 0.3), frames=done.close["said"], rate=(0.9 * rate, 1.1 * rate), gap=(0.01, 0.4))


@pytest.mark.parametrize("dialect", OWN_WORDS)
def test_the_users_own_words_come_through(greeted, dialect):
    message = greeted[dialect].event("start")["message"]
    for step in OWN_WORDS[dialect]:
        message = message[step]
    assert {"agent": "front desk", "n": "1"}.items() <= message.items()


def test_asterisk_in_json(program, fastapi):
    done = Call(program, fastapi, "/asterisk/greet", "asterisk", "call.form=json", hold="1s")
    assert done.events("refused") == []
    done.report.succeeds()
    assert done.event("start")["message"]["format"] == "ulaw"
    assert done.close["got"].get("MEDIA_MARK_PROCESSED") == 1, done.close


def test_conversation_relay(program, fastapi):
    words = ("call.prompt=Hello", "call.parameters={agent='front desk'}")
    done = Call(program, fastapi, "/conversation-relay/greet", "conversation-relay", *words, hold="700ms")
    assert done.events("refused") == []
    done.report.succeeds()
    assert done.event("start")["message"]["customParameters"] == {"agent": "front desk"}
    assert done.event("said")["message"] == {"type": "prompt", "voicePrompt": "Hello", "lang": "en-US", "last": True}
    audio = done.report.json["audio"]
    assert GREETED[0] < audio["first_message_seconds"] < GREETED[1] and audio["first_audio_seconds"] is None, audio


def test_bandwidth_logs_in(program, fastapi):
    basic = ("--set", "basic_auth={username='caller', password_env='LINE_PASSWORD'}")
    done = Call(program, fastapi, "/bandwidth/listen", "bandwidth", options=basic, env={"LINE_PASSWORD": "not-a-password"}, hold="200ms")
    assert "authorization" in done.event("open")["headers"]


# --- Fastify, and the speech model behind it ---


@pytest.fixture(scope="module")
def bridged(program, bridge):
    program.case = "test_media_servers.py"
    ring = lambda name, *sets, hold: lambda: Call(program, bridge, f"/media-stream/{name}", "twilio", TONE, *sets, hold=hold)
    return Together({"tone": ring("tone", hold="1200ms"), "interrupted": ring("interrupted", hold="1600ms"), "echo": ring("echo", ECHO, hold="1600ms")})


def test_the_bridge_hands_our_voice_on(bridged, model):
    done = bridged["tone"]
    done.report.succeeds()
    heard = model.wait_event("close", case=done.case)["heard"]
    heard_tone(heard)
    assert model.events("refused", case=done.case) == []
    # The first few frames come before the bridge has its line to the model.
    assert 0.8 * done.report.json["audio"]["frames_sent"] <= heard["frames"]


def test_the_bridge_has_its_marks_answered(bridged):
    """A burst of 0.4 s in 4 pieces, each with a mark: they are played one after another, and none stays behind."""
    done = bridged["tone"]
    assert done.close["unplayed"] == 0 and done.close["got"]["mark"] == 4, done.close
    audio = done.report.json["audio"]
    assert audio["marks_played"] == 4 and 0.3 < audio["mark_round_trip_seconds"] < 0.7, audio
    measured(done, first=GREETED, frames=4, bytes_received=8000 * GREETING)


def test_the_bridge_is_interrupted(bridged):
    """The model speaks 5 s at once, then hears speech: the bridge clears, and the marks that wait come back at once."""
    done = bridged["interrupted"]
    done.report.succeeds()
    interrupted = done.event("interrupted")
    assert 20 < interrupted["marks"] < 50, "some had been played by then, and most had not"
    assert 400 <= interrupted["audio_end_ms"] <= 1200, "by our own time stamps"
    assert done.close["unplayed"] == 0 and done.close["got"]["mark"] == 50, done.close
    audio = done.report.json["audio"]
    assert (audio["marks_played"] + audio["marks_cleared"], audio["clears"]) == (50, 1), audio
    assert audio["marks_cleared"] == interrupted["marks"], "those that waited"


def test_the_model_echoes_through_the_bridge(bridged):
    bridged["echo"].report.succeeds()
    measured(bridged["echo"], first=(0, 0.5), rate=(7200, 8800))


# --- the speech model itself ---


@pytest.fixture(scope="module")
def realtime(program, model):
    program.case = "test_media_servers.py"
    key = {"options": ("--set", "bearer_token_env=SPEECH_KEY"), "env": {"SPEECH_KEY": "not-a-key"}}
    ring = lambda name, *sets, hold="1s", **more: (
        lambda: Call(program, model, f"/v1/realtime?model={name}&case=", "openai-realtime", TONE, *sets, hold=hold, **more)
    )
    mulaw = ring("tone", "audio.codec=mulaw")
    return Together({24000: ring("tone", **key), 8000: mulaw, "echo": ring("echo", ECHO, hold="1600ms")})


@pytest.mark.parametrize("rate, byte_rate", [(24000, 48000), (8000, 8000)])
def test_openai_realtime(realtime, rate, byte_rate):
    done = realtime[rate]
    assert done.events("refused") == []
    done.report.succeeds()
    close = done.close
    assert close["got"] == {"session.update": 1, "input_audio_buffer.append": done.report.json["audio"]["frames_sent"]}
    assert close["heard"]["rate"] == rate
    heard_tone(close["heard"])
    measured(done, first=GREETED, frames=4, bytes_received=GREETING * byte_rate)


def test_openai_realtime_is_given_the_key(realtime):
    assert [realtime[rate].event("open")["authorization"] for rate in (24000, 8000)] == [True, False]


def test_openai_realtime_echoes(realtime):
    realtime["echo"].report.succeeds()
    measured(realtime["echo"], first=(0, 0.4), frames=realtime["echo"].close["said"], rate=(43200, 52800))
