"""Pipecat: the telephony runner's detection of the provider, its serializers, and an agent's pipeline under FastAPI."""

from types import SimpleNamespace

import pytest

from kit.audio import GREETING, PAUSE
from kit.calls import GREETED, Call, Together, heard_speech, heard_tone, measured, speech_file


def case(path, rate, width, samples, bye, mark, *settings, answers=True):
    return SimpleNamespace(path=path, rate=rate, width=width, samples=samples, bye=bye, mark=mark, settings=settings, answers=answers)


CASES = {
    "twilio": case("/telephony", 8000, 1, 160, "stop", "mark"),
    "telnyx": case("/telephony", 8000, 1, 160, "stop", "mark"),
    "plivo": case("/telephony", 8000, 1, 160, "stop", "playedStream", "audio.codec=mulaw"),
    "exotel": case("/telephony", 8000, 2, 800, "stop", "mark"),
    "vonage": case("/vonage", 16000, 2, 320, None, "websocket:notify", "audio.sample_rate=16000"),
    "genesys": case("/genesys", 8000, 1, 160, "close", None, "call.connection_probe=false", answers=False),
}
"""By dialect: where its agent is; sample rate, bytes of a sample, samples of a frame; the words of goodbye and of a played mark; whether
its agents may speak: Pipecat's for Genesys do, as an AudioConnector's may, and ours is the monitoring variant, in which they may not.
"""

SWALLOWED = {"plivo": 1}
"""Frames that the agent does not hear: Pipecat waits for a second message, and takes Plivo's first audio for it."""

EVERY = pytest.mark.parametrize("dialect", CASES)
ANSWERING = pytest.mark.parametrize("dialect", [dialect for dialect, where in CASES.items() if where.answers])
UNASKED = {"genesys": ["message_on_one_way_stream"]}


@pytest.fixture(scope="module")
def pipecat(start_python, heard_dir):
    with start_python("pipecat_server.py", heard_dir) as server:
        yield server


@pytest.fixture(scope="module")
def ring(program, pipecat):
    """Calls the agents of dialects at the same time: from `key: (dialect, script, settings…)` to the calls."""

    def all_of(calls, hold="1200ms"):
        program.case = "test_pipecat.py"

        def one(dialect, script, *settings):
            where = CASES[dialect]
            return lambda: Call(program, pipecat, f"{where.path}/{script}", dialect, *where.settings, *settings, hold=hold)

        return Together({key: one(*call) for key, call in calls.items()})

    return all_of


# --- our hello ---

WORDS = "call.parameters={k='v', from_number='+12025550123'}"
CALLER = ('call.from="+12025550123"', 'call.to="+12025550124"')
UUIDS = [f"2f0f9b54-7c3c-4a3e-9d0b-3c7d1f1c9a1{n}" for n in range(3)]
KNOWN = {
    "twilio": ("CA" + "0123456789abcdef" * 2, "MZ" + "fedcba9876543210" * 2, [WORDS]),
    "telnyx": ("v3:sidetone-check", UUIDS[0], CALLER),
    "plivo": (UUIDS[1], UUIDS[2], []),
    "exotel": ("sidetone-call-1", "sidetone-stream-1", ["call.account_id=sidetone-account", *CALLER]),
}
"""Ids by which a server may know the probe, of call and stream, and what is said of the caller."""

SEEN = {
    "twilio": {"body": {"k": "v", "from_number": "+12025550123"}, "from": "+12025550123"},
    "telnyx": {"outbound_encoding": "PCMU", "from": "+12025550123", "to": "+12025550124"},
    "plivo": {},
    "exotel": {"account_sid": "sidetone-account", "from": "+12025550123", "to": "+12025550124"},
}


@pytest.fixture(scope="module")
def known(ring):
    ids = lambda call, stream, more: (f"call.call_id={call}", f"call.stream_id={stream}", *more)
    return ring({dialect: (dialect, "listen", *ids(*words)) for dialect, words in KNOWN.items()}, hold="300ms")


@pytest.mark.parametrize("dialect", KNOWN)
def test_the_provider_is_detected(known, dialect):
    done = known[dialect]
    done.report.succeeds(status=101)
    detected = done.event("detected")
    assert detected["provider"] == dialect
    assert (detected["call"]["call_id"], detected["call"]["stream_id"]) == KNOWN[dialect][:2]
    assert SEEN[dialect].items() <= detected["call"].items(), detected


@pytest.mark.parametrize("dialect", KNOWN)
def test_every_call_has_ids_of_its_own(greeted, echoed, dialect):
    first, second = (calls[dialect].event("detected")["call"] for calls in (greeted, echoed))
    assert first["call_id"] != second["call_id"] and first["stream_id"] != second["stream_id"]


def test_without_media_plivo_is_not_detected_before_the_end(ring):
    """Pipecat waits for a second message, and Plivo has no `connected`: an idle hold comes to nothing there."""
    done = ring({"idle": ("plivo", "listen", "mode=idle")}, hold="500ms")["idle"]
    done.report.succeeds()
    assert done.event("detected")["provider"] == "plivo" and done.close["heard"]["frames"] == 0


def test_another_providers_hello_is_refused(program, pipecat):
    """Pipecat does not know Bandwidth, and our words are Bandwidth's."""
    done = Call(program, pipecat, "/telephony/listen", "bandwidth", hold="3s")
    done.report.fails("closed_by_server", "hold", close=(1008, "server", "close_frame"))
    assert done.event("detected")["provider"] == "unknown"


# --- a tone of ours, a greeting of theirs, a mark behind it, the goodbye ---


@pytest.fixture(scope="module")
def greeted(ring):
    rules = ("expect={first_audio_within='1s', audible=true}",)
    calls = {dialect: (dialect, "greet", "audio.say=tone", *(rules if where.answers else ())) for dialect, where in CASES.items()}
    return ring(calls)


@EVERY
def test_our_tone_is_heard(greeted, dialect):
    done, where = greeted[dialect], CASES[dialect]
    done.report.succeeds(warnings=UNASKED.get(dialect, ()))
    frames = done.report.json["audio"]["frames_sent"] - SWALLOWED.get(dialect, 0)
    heard = done.close["heard"]
    # Pipecat has 16-bit samples, whatever came.
    assert (heard["frames"], heard["bytes"]) == (frames, 2 * frames * where.samples)
    heard_tone(heard)


@ANSWERING
def test_a_greeting_is_measured(greeted, dialect):
    done, where = greeted[dialect], CASES[dialect]
    said = done.close["sent"]
    frames = said.get("media", 0) + said.get("playAudio", 0) + said.get("binary", 0)
    length = GREETING * where.rate * where.width
    measured(done, first=GREETED, frames=frames, bytes_received=length, gap=(0.01, 0.35))
    assert done.report.json["audio"]["messages_received"] == sum(said.values())


@pytest.mark.parametrize("dialect", [dialect for dialect, where in CASES.items() if where.mark])
def test_the_mark_behind_it_comes_back(greeted, dialect):
    done, where = greeted[dialect], CASES[dialect]
    audio = done.report.json["audio"]
    assert audio["marks_played"] == 1 and audio["mark_round_trip_seconds"] < 0.5, audio
    assert done.close["got"].get(where.mark) == 1, done.close
    assert "greeting" in done.event("got", kind=where.mark)["text"]


@EVERY
def test_the_goodbye_is_said(greeted, dialect):
    done, where = greeted[dialect], CASES[dialect]
    done.report.succeeds(warnings=UNASKED.get(dialect, ()), close=(1000, "prober", "close_frame"))
    assert done.close["code"] == 1000
    assert where.bye is None or done.close["got"][where.bye] == 1, done.close


# --- speech of ours, and an echo of it ---


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    directory = tmp_path_factory.mktemp("speech")
    return {rate: speech_file(directory, rate) for rate in (8000, 16000)}


@pytest.fixture(scope="module")
def echoed(ring, speech):
    rules = ("expect={echo=true, real_time_audio=true}",)
    file = lambda rate: f"audio.file={speech[rate][0]}"
    script = lambda where: ("echo", file(where.rate), *rules) if where.answers else ("listen", file(where.rate))
    calls = {dialect: (dialect, *script(where)) for dialect, where in CASES.items()}
    # At twice the rate of the line.
    return ring({**calls, "resampled": ("twilio", "listen", file(16000))}, hold="1600ms")


@EVERY
def test_our_speech_is_heard(echoed, speech, dialect):
    done, where = echoed[dialect], CASES[dialect]
    skipped = SWALLOWED.get(dialect, 0) * where.samples
    heard_speech(done.close["heard"], speech[where.rate][1][skipped:], exact=where.width == 2)


def test_speech_of_another_rate_is_resampled(echoed, speech):
    # Two ways to resample are alike and not equal.
    heard_speech(echoed["resampled"].close["heard"], speech[8000][1], decibels=20)


@ANSWERING
def test_an_echo_is_recognised_and_its_rate_measured(echoed, dialect):
    done, where = echoed[dialect], CASES[dialect]
    done.report.succeeds()
    measured(done, first=(0, 0.7), rate=(0.85 * where.rate * where.width, 1.15 * where.rate * where.width))


# --- pauses, and agents with a mistake in them ---

MISTAKES = {
    "an agent at 16 kHz on a line of 8 kHz": ("twilio", "wide", {"audio_rate_wrong"}),
    "add_wav_header": ("exotel", "header", {"container_in_audio", "frame_size_wrong"}),
    "add_wav_header, on a line of fixed frames": ("vonage", "header", {"container_in_audio", "frame_size_wrong"}),
    "no fixed_audio_packet_size": ("vonage", "loose", {"frame_size_wrong"}),
    "chunks below the provider's least": ("exotel", "short", {"frame_size_wrong"}),
}


@pytest.fixture(scope="module")
def slow(ring):
    """The calls that take longest."""
    pauses = {dialect: (dialect, "pause") for dialect in ("twilio", "plivo", "vonage")}
    mistakes = {why: call[:2] for why, call in MISTAKES.items()}
    strict = {"strict": ("vonage", "loose", "expect={no_warnings=true}")}
    return ring({**pauses, **mistakes, **strict}, hold="2400ms")


@pytest.mark.parametrize("dialect", ["twilio", "plivo", "vonage"])
def test_a_pause_is_measured(slow, dialect):
    slow[dialect].report.succeeds()
    measured(slow[dialect], first=GREETED, gap=(PAUSE - 0.3, PAUSE + 0.6))


@pytest.mark.parametrize("why", MISTAKES)
def test_a_mistaken_agent_is_warned_of(slow, why):
    slow[why].report.succeeds(warnings=MISTAKES[why][2])


def test_a_warning_can_be_a_failure(slow):
    slow["strict"].report.fails("app_warned", "hold")


# --- Genesys' own connection probe ---


def test_a_connection_probe_has_no_audio(program, pipecat):
    """Ids of zeros, the whole exchange of messages, and nothing else."""
    done = Call(program, pipecat, "/genesys/listen", "genesys", hold="1500ms")
    done.report.succeeds()
    opened = done.event("detected")["call"]
    nobody = "00000000-0000-0000-0000-000000000000"
    assert (opened["conversationId"], opened["participant"]["id"]) == (nobody, nobody), opened
    got = done.close["got"]
    assert (got["open"], got["close"], got.get("binary", 0)) == (1, 1, 0) and got["ping"] >= 1, got
