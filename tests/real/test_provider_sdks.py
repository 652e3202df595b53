"""The providers' own packages: Twilio's signature validator, and the streaming models of Plivo, Azure and jambonz."""

import pytest

from kit.calls import GREETED, Call, Together, heard_speech, heard_tone, measured, speech_file
from kit.pki import HOST

TONE, ECHO = "audio.say=tone", "expect={echo=true, real_time_audio=true}"

SECRETS = {"TWILIO_AUTH_TOKEN": "12345", "TWILIO_SHARED_KEY": "shared-secret", "TWILIO_SHARED_KEY_ID": "webhooks_sharedkey_1"}


# --- Twilio: the signature of the upgrade ---


@pytest.fixture(scope="module")
def validator(start_python):
    with start_python("twilio_validator.py", env=SECRETS) as server:
        yield server


@pytest.fixture(scope="module")
def secure_validator(start_python, pki):
    files = (pki.chain(pki.good, pki.intermediate), pki.good.key)
    with start_python("twilio_validator.py", *files, name="twilio_validator_tls", env=SECRETS) as server:
        yield server


def sign(*settings):
    return ("--set", f"signature={{{', '.join(settings)}}}")


TOKEN, SHARED = 'auth_token_env="TWILIO_AUTH_TOKEN"', 'auth_token_env="TWILIO_SHARED_KEY"'
SHA256 = (SHARED, 'algorithm="sha256"', 'key_id="webhooks_sharedkey_1"')


@pytest.fixture
def sign_in(sidetone, validator):
    def one(path, *options, env=SECRETS, dialect="twilio"):
        done = Call(sidetone, validator, path, dialect, options=options, env=env, hold="100ms")
        return done.report, done.event("signature")

    return one


@pytest.mark.parametrize(
    "path, options, algorithm",
    [
        ("/wss/media", sign(TOKEN), "HMAC_SHA1"),
        ("/https/media", sign(TOKEN, 'url_scheme="https"'), "HMAC_SHA1"),
        ("/wss/media", sign(*SHA256), "HMAC_SHA256"),
        ("/https/media", sign(*SHA256, 'url_scheme="https"'), "HMAC_SHA256"),
    ],
)
def test_our_signature_is_accepted(sign_in, path, options, algorithm):
    report, seen = sign_in(path, *options)
    report.succeeds(status=101)
    assert (seen["valid"], seen["algorithm"]) == (True, algorithm), seen
    assert (seen["settings"] is not None) == (algorithm == "HMAC_SHA256"), seen


@pytest.mark.parametrize(
    "why, path, options, env",
    [
        ("none", "/wss/media", (), SECRETS),
        ("another token", "/wss/media", sign(TOKEN), {**SECRETS, "TWILIO_AUTH_TOKEN": "54321"}),
        ("another scheme", "/https/media", sign(TOKEN), SECRETS),
        ("another scheme", "/wss/media", sign(TOKEN, 'url_scheme="https"'), SECRETS),
        ("an unknown key", "/wss/media", sign(SHARED, 'algorithm="sha256"', 'key_id="webhooks_sharedkey_2"'), SECRETS),
        ("the token in place of the key", "/wss/media", sign(TOKEN, *SHA256[1:]), SECRETS),
    ],
)
def test_a_wrong_signature_is_refused(sign_in, why, path, options, env):
    report, seen = sign_in(path, *options, env=env)
    report.fails("http_403", "upgrade", status=403)
    assert seen["valid"] is False and seen["signed"] is (why != "none")


@pytest.mark.parametrize("options", [sign(TOKEN), sign(*SHA256)])
def test_a_signature_over_tls_without_a_port(sidetone, secure_validator, pki, options):
    """As in production: the host without a port in URL, Host header and signature, though the connection goes elsewhere."""
    where = ("--connect-to", f"127.0.0.1:{secure_validator.port}", "--ca-file", pki.root.cert)
    done = Call(sidetone, secure_validator, "/wss/media", "twilio", base=f"wss://{HOST}", options=(*where, *options), env=SECRETS, hold="100ms")
    done.report.succeeds(status=101)
    seen = done.event("signature")
    assert (seen["url"], seen["valid"]) == (f"wss://{HOST}/wss/media/{done.case}", True), seen


def test_a_signature_of_a_conversation_relay(sign_in):
    report, seen = sign_in("/wss/relay", *sign(TOKEN), dialect="conversation-relay")
    report.succeeds(status=101)
    assert seen["valid"]


@pytest.fixture(scope="module")
def ring(program):
    """Makes these calls, which have keys, at the same time."""

    def all_of(server, calls):
        program.case = "test_provider_sdks.py"
        return Together({key: lambda call=call: Call(program, server, *call[0], **call[1]) for key, call in calls.items()})

    return all_of


def call(*words, **options):
    return words, options


# --- Plivo ---

FORMATS = {
    "L16 at 8 kHz": (8000, 320, []),
    "L16 at 16 kHz": (16000, 640, ["audio.sample_rate=16000"]),
    "mu-law": (8000, 160, ["audio.codec=mulaw"]),
}
"""Sample rate, bytes of a frame, settings."""


@pytest.fixture(scope="module")
def plivo(start_python, heard_dir, ring):
    words = "call.parameters={agent='front desk'}"
    calls = {name: call("/plivo/greet", "plivo", TONE, words, *sets) for name, (_, _, sets) in FORMATS.items()}
    more = {"clear": call("/plivo/clear", "plivo"), "echo": call("/plivo/echo", "plivo", TONE, ECHO, hold="1600ms")}
    with start_python("plivo_server.py", heard_dir) as server:
        yield ring(server, {**calls, **more})


@pytest.mark.parametrize("name", FORMATS)
def test_plivo_reads_every_message(plivo, name):
    done, (rate, frame, _) = plivo[name], FORMATS[name]
    done.report.succeeds()
    start = done.event("start")["start"]
    assert start["extra_headers"] == "agent=front desk", start
    assert start["start"]["media_format"]["sample_rate"] == rate
    # The package (0.1.1) has no model of `stop`, which Plivo's package for Java has.
    assert [row["error"] for row in done.events("refused")] == ["Unknown event type: stop"]
    heard = done.close["heard"]
    assert heard["frames"] == done.report.json["audio"]["frames_sent"] and heard["rate"] == rate
    heard_tone(heard)
    measured(done, first=GREETED, frames=1, bytes_received=20 * frame)


def test_plivo_plays_and_clears(plivo):
    done = plivo["mu-law"]
    assert done.event("played")["name"] == "greeting" and done.report.json["audio"]["marks_played"] == 1
    done = plivo["clear"]
    done.report.succeeds()
    assert done.event("cleared") and done.report.json["audio"]["clears"] == 1


def test_plivo_echoes(plivo):
    plivo["echo"].report.succeeds()
    measured(plivo["echo"], first=(0, 0.3), rate=(14400, 17600))


# --- Azure Communication Services ---


@pytest.fixture(scope="module")
def acs_files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("speech")
    return {rate: speech_file(directory, rate) for rate in (16000, 24000)}


@pytest.fixture(scope="module")
def acs(start_node, heard_dir, ring, acs_files):
    sets = lambda rate: (f"audio.file={acs_files[rate][0]}", f"audio.sample_rate={rate}", ECHO)
    echoes = {rate: call("/echo", "acs", *sets(rate), hold="1600ms") for rate in acs_files}
    with start_node("acs_server.js", heard_dir) as server:
        yield ring(server, {**echoes, "greet": call("/greet", "acs"), "stop": call("/stop", "acs")})


@pytest.mark.parametrize("rate", [16000, 24000])
def test_acs_reads_every_message(acs, acs_files, rate):
    done = acs[rate]
    assert done.events("refused") == []
    done.report.succeeds()
    metadata = done.event("start")["metadata"]
    assert (metadata["encoding"], metadata["sampleRate"], metadata["channels"]) == ("PCM", rate, 1)
    first = done.event("first")
    assert first["silent"] is False and first["participant"]["kind"], first
    assert done.close["got"] == {"AudioMetadata": 1, "AudioData": done.report.json["audio"]["frames_sent"]}
    heard_speech(done.close["heard"], acs_files[rate][1], exact=True)
    measured(done, first=(0, 0.3), frames=done.close["said"], rate=(1.8 * rate, 2.2 * rate))


def test_acs_speaks_with_the_packages_own_messages(acs):
    """`createOutboundAudioData` writes `kind: "audioData"`, in small letters, beside an empty `stopAudio`."""
    done = acs["greet"]
    done.report.succeeds()
    measured(done, first=GREETED, frames=1, bytes_received=12800)
    acs["stop"].report.succeeds()
    assert acs["stop"].report.json["audio"]["clears"] == 1


def test_acs_knows_the_call_by_its_headers(acs):
    assert {"x-ms-call-connection-id", "x-ms-call-correlation-id"} <= set(acs["greet"].event("open")["headers"])


# --- jambonz ---

OLDER_NAME = ("--subprotocol", "audio.drachtio.org")
"""What the package looks for; it takes a line without it as well."""


@pytest.fixture(scope="module")
def jambonz_file(tmp_path_factory):
    return speech_file(tmp_path_factory.mktemp("speech"), 8000)


@pytest.fixture(scope="module")
def jambonz(start_node, heard_dir, ring, jambonz_file):
    one = lambda script, *sets, **more: call(f"/{script}?case=", "jambonz", *sets, **{"options": OLDER_NAME, **more})
    calls = {
        "echo": one("echo", f"audio.file={jambonz_file[0]}", ECHO, hold="1600ms"),
        "documented": one("echo", options=(), hold="300ms"),
        "greet": one("greet"),
        "play": one("play", hold="1500ms"),
        "leave": one("leave", hold="5s"),
    }
    with start_node("jambonz_server.js", heard_dir) as server:
        yield ring(server, calls)


def test_jambonz_reads_us(jambonz, jambonz_file):
    done = jambonz["echo"]
    done.report.succeeds()
    metadata = done.event("start")["metadata"]
    assert {"callSid", "from", "to", "callId", "sampleRate", "mixType", "direction"} <= metadata.keys(), metadata
    assert (metadata["sampleRate"], metadata["mixType"]) == (8000, "mono")
    assert done.close["heard"]["frames"] == done.report.json["audio"]["frames_sent"]
    heard_speech(done.close["heard"], jambonz_file[1], exact=True)


def test_jambonz_under_its_documented_name(jambonz):
    """The documentation says `audio.jambonz.org`, which the package does not choose."""
    assert jambonz["documented"].event("start")["offered"] == "audio.jambonz.org"
    jambonz["documented"].report.succeeds(warnings=["subprotocol_not_chosen"])


def test_jambonz_streams_and_marks(jambonz):
    done = jambonz["greet"]
    done.report.succeeds()
    assert done.event("mark")["mark"] == {"name": "greeting", "event": "playout"}
    measured(done, first=GREETED, frames=20, bytes_received=6400)


def test_jambonz_plays_and_kills(jambonz):
    done = jambonz["play"]
    done.report.succeeds()
    assert done.events("playDone"), "the greeting was played to its end"
    assert done.report.json["audio"]["clears"] == 1
    measured(done, frames=2, bytes_received=5 * 6400)


def test_jambonz_asks_us_to_leave(jambonz):
    jambonz["leave"].report.fails("app_hung_up", "hold", lasted=(0.28, 2))
