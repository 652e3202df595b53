"""Pipecat: the telephony runner's detection of the provider, its serializers, and an agent's pipeline under FastAPI."""

from types import SimpleNamespace

import pytest

from kit.audio import GREETING, GREETING_AFTER, PAUSE
from kit.calls import CALLER, MULAW, Call, heard_speech, heard_tone, measured, speech_file

CASES = {
    "twilio": SimpleNamespace(path="/telephony", rate=8000, bye="stop", mark="mark", frame=160, settings=["call.parameters={k='v', from_number='+12025550123'}"]),
    "telnyx": SimpleNamespace(path="/telephony", rate=8000, bye="stop", mark="mark", frame=160, settings=[*CALLER]),
    "plivo": SimpleNamespace(path="/telephony", rate=8000, bye="stop", mark="playedStream", frame=160, settings=[MULAW]),
    "exotel": SimpleNamespace(path="/telephony", rate=8000, bye="stop", mark="mark", frame=1600, settings=[*CALLER]),
    "vonage": SimpleNamespace(path="/vonage", rate=16000, bye=None, mark="websocket:notify", frame=640, settings=["audio.sample_rate=16000"]),
    "genesys": SimpleNamespace(path="/genesys", rate=8000, bye="close", mark=None, frame=160, settings=["call.connection_probe=false"]),
}
"""By dialect: where its agent is, the rate that Pipecat works at, the words of goodbye and of a played mark, bytes of a media frame."""

EVERY = pytest.mark.parametrize("dialect", CASES)
MARKING = pytest.mark.parametrize("dialect", [dialect for dialect, case in CASES.items() if case.mark])


@pytest.fixture(scope="module")
def pipecat(start_python, heard_dir):
    with start_python("pipecat_server.py", heard_dir) as server:
        yield server


@pytest.fixture
def call(sidetone, pipecat):
    """Calls the agent of a dialect with a tone, and returns the report with what the agent wrote."""

    def ring(dialect, script, *settings, hold="1500ms", say="tone"):
        case = CASES[dialect]
        sound = () if say is None else (f"audio.say={say}",)
        return Call(sidetone, pipecat, f"{case.path}/{script}", dialect, *case.settings, *sound, *settings, hold=hold)

    return ring


# --- our hello ---


@pytest.mark.parametrize(
    "dialect, ids, seen",
    [
        ("twilio", {"call": "CA" + "0123456789abcdef" * 2, "stream": "MZ" + "fedcba9876543210" * 2}, {"body": {"k": "v", "from_number": "+12025550123"}}),
        ("telnyx", {"call": "v3:sidetone-check", "stream": "2f0f9b54-7c3c-4a3e-9d0b-3c7d1f1c9a10"}, {"outbound_encoding": "PCMU", "to": "+12025550124"}),
        ("plivo", {"call": "2f0f9b54-7c3c-4a3e-9d0b-3c7d1f1c9a11", "stream": "2f0f9b54-7c3c-4a3e-9d0b-3c7d1f1c9a12"}, {}),
        ("exotel", {"call": "sidetone-call-1", "stream": "sidetone-stream-1"}, {"account_sid": "sidetone-account", "from": "+12025550123"}),
    ],
)
def test_the_provider_is_detected(call, dialect, ids, seen):
    account = ["call.account_id=sidetone-account"] if dialect == "exotel" else []
    done = call(dialect, "listen", f"call.call_id={ids['call']}", f"call.stream_id={ids['stream']}", *account, hold="300ms")
    done.report.succeeds(status=101)
    detected = done.event("detected")
    assert detected["provider"] == dialect
    assert (detected["call"]["call_id"], detected["call"]["stream_id"]) == (ids["call"], ids["stream"])
    assert seen.items() <= detected["call"].items(), detected


@pytest.mark.parametrize("dialect", ["twilio", "telnyx", "plivo", "exotel"])
def test_every_call_has_ids_of_its_own(call, dialect):
    first, second = (call(dialect, "listen", hold="200ms").event("detected")["call"] for _ in range(2))
    assert first["call_id"] != second["call_id"] and first["stream_id"] != second["stream_id"]


def test_without_media_plivo_is_not_detected_before_the_end(call):
    """Pipecat waits for a second message, and Plivo has no `connected`: an idle hold comes to nothing there."""
    done = call("plivo", "listen", "mode=idle", hold="700ms", say=None)
    done.report.succeeds()
    assert done.event("detected")["provider"] == "plivo"
    assert done.close["heard"]["frames"] == 0


# --- our audio ---


@EVERY
def test_our_tone_is_heard(call, dialect):
    done, case = call(dialect, "listen"), CASES[dialect]
    done.report.succeeds()
    sent = done.report.json["audio"]["frames_sent"]
    # Pipecat takes Plivo's first media message for the second half of the handshake.
    swallowed = 1 if dialect == "plivo" else 0
    assert done.close["heard"]["frames"] == sent - swallowed
    assert done.close["heard"]["bytes"] == (sent - swallowed) * case.frame * (1 if dialect in ("exotel", "vonage") else 2)
    heard_tone(done.close["heard"])


@EVERY
def test_our_speech_is_heard(call, dialect, tmp_path):
    file, samples = speech_file(tmp_path, CASES[dialect].rate)
    done = call(dialect, "listen", f"audio.file={file}", say=None)
    done.report.succeeds()
    skipped = 160 if dialect == "plivo" else 0
    heard_speech(done.close["heard"], samples[skipped:], exact=dialect in ("exotel", "vonage"))


def test_speech_at_another_rate_is_resampled(call, tmp_path):
    file, samples = speech_file(tmp_path, 16000)
    done = call("twilio", "listen", f"audio.file={file}", say=None)
    _, wanted = speech_file(tmp_path, 8000)
    # Two ways to resample are alike, not equal.
    heard_speech(done.close["heard"], wanted, decibels=20)


# --- their audio ---


@EVERY
def test_a_greeting_is_measured(call, dialect):
    done = call(dialect, "greet", "expect={first_audio_within='1s', audible=true}")
    done.report.succeeds()
    length = GREETING * CASES[dialect].rate * (2 if dialect in ("exotel", "vonage") else 1)
    measured(done, first=(GREETING_AFTER, GREETING_AFTER + 0.3), bytes_received=length, gap=(0, 0.35))


@MARKING
def test_marks_come_back_when_the_greeting_was_played(call, dialect):
    done = call(dialect, "greet")
    case = CASES[dialect]
    audio = done.report.json["audio"]
    assert audio["marks_played"] == 1, audio
    assert done.close["got"].get(case.mark) == 1, done.close
    answer = done.event("got", kind=case.mark)["text"]
    assert "greeting" in answer, answer


@EVERY
def test_a_pause_is_measured(call, dialect):
    done = call(dialect, "pause", hold="2300ms")
    done.report.succeeds()
    measured(done, first=(GREETING_AFTER, GREETING_AFTER + 0.3), gap=(PAUSE - 0.3, PAUSE + 0.5))


@EVERY
def test_an_echo_is_recognised_and_its_rate_measured(call, dialect):
    done = call(dialect, "echo", "expect={echo=true, real_time_audio=true}", hold="2500ms")
    done.report.succeeds()
    byte_rate = 8000 * (4 if dialect == "vonage" else 2 if dialect == "exotel" else 1)
    measured(done, first=(0, 0.7), rate=(byte_rate * 0.85, byte_rate * 1.15))


# --- the goodbye ---


@EVERY
def test_the_goodbye_is_said(call, dialect):
    done = call(dialect, "listen", hold="300ms")
    done.report.succeeds(close=(1000, "prober", "close_frame"))
    case = CASES[dialect]
    assert done.close["code"] == 1000
    assert case.bye is None or done.close["got"][case.bye] == 1, done.close


# --- Genesys ---


def test_genesys_own_connection_probe(call):
    """Ids of zeros, the whole exchange of messages, and no audio."""
    done = call("genesys", "listen", "call.connection_probe=true", hold="1500ms", say=None)
    done.report.succeeds()
    opened = done.event("detected")["call"]
    nobody = "00000000-0000-0000-0000-000000000000"
    assert (opened["conversationId"], opened["participant"]["id"]) == (nobody, nobody), opened
    got = done.close["got"]
    assert (got["open"], got["close"], got.get("binary", 0)) == (1, 1, 0), got
    assert got["ping"] >= 1, got


# --- agents with a mistake in them ---


@pytest.mark.parametrize(
    "dialect, script, warnings",
    [
        ("twilio", "wide", {"audio_rate_wrong"}),
        ("exotel", "header", {"container_in_audio"}),
        ("vonage", "header", {"container_in_audio", "frame_size_wrong"}),
        ("vonage", "loose", {"frame_size_wrong"}),
        ("exotel", "short", {"frame_size_wrong"}),
    ],
)
def test_a_mistaken_agent_is_warned_of(call, dialect, script, warnings):
    """An agent at 16 kHz on a line of 8 kHz, `add_wav_header`, packets of another size than the provider's."""
    done = call(dialect, script, hold="2500ms")
    done.report.succeeds(warnings=warnings)
    strict = call(dialect, script, "expect={no_warnings=true}", hold="2500ms")
    strict.report.fails("app_warned", "hold")


def test_another_providers_hello_is_refused(sidetone, pipecat):
    """Pipecat does not know Bandwidth: our own words make it say so."""
    done = Call(sidetone, pipecat, "/telephony/listen", "bandwidth", hold="3s")
    done.report.fails("closed_by_server", "hold", close=(1008, "server", "close_frame"))
    assert done.event("detected")["provider"] == "unknown"
