"""Node servers: `ws` by itself, Fastify with its WebSocket plugin, Socket.IO, and plain HTTP/2."""

import urllib.request

import pytest


@pytest.fixture(scope="module")
def fastify(start_node):
    with start_node("fastify_app.js") as server:
        yield server


@pytest.fixture(scope="module")
def socketio(start_node):
    with start_node("socketio_app.js") as server:
        yield server


@pytest.fixture(scope="module")
def http2(start_node):
    with start_node("http2_server.js") as server:
        yield server


@pytest.fixture
def probe(sidetone, node):
    return lambda path, *options, **more: sidetone.probe(f"ws://127.0.0.1:{node.port}{path}", *options, **more)


def hello(text="hi"):
    """One text frame and no media: nothing is under way when the server ends the line."""
    return "--set", f'raw={{frame="none", hello=["{text}"]}}'


def expect(rules):
    return "--set", f"expect={{{rules}}}"


# --- good lines ---


@pytest.mark.parametrize("path", ["/echo", "/mute", "/ping"])
@pytest.mark.parametrize("mode", ["streamed", "idle"])
def test_good(probe, node, path, mode):
    since = node.settled()
    probe(path, "--mode", mode, hold="500ms").succeeds(status=101, lasted=(0.49, 2))
    assert node.wait_event("close", since, path=path)["code"] == 1000


def test_pings_both_ways(probe):
    report = probe("/ping", "--ping-interval", "100ms", hold="1s")
    report.succeeds()
    ping = report.json["ping"]
    assert ping["received"] >= 5 and ping["sent"] >= 5 and 0 < ping["rtt_seconds"] < 1, ping


def test_compression_is_not_offered_and_not_used(probe, node):
    since = node.mark()
    probe("/deflate").succeeds(status=101)
    assert node.wait_event("open", since)["extensions"] == ""


def test_what_is_expected_comes(probe):
    rules = 'first_message_within="1s", echo=true, clean_close=true, max_silence="1s"'
    probe("/echo", *expect(rules), hold="1s").succeeds()
    probe("/greet", *expect('message_json={pointer="/type", equals="session.created"}')).succeeds()
    probe("/greet", *expect('message_contains="created"')).succeeds()


# --- the server says goodbye ---


REWRITTEN_ECHO = pytest.mark.xfail(strict=True, reason="our echo of 1014 says 1002: the WebSocket library takes 1014 for illegal")
CODES = [(1000, ""), (1001, "going away"), (1008, "policy"), (1011, ""), (1012, ""), (1013, "full"), (4001, "quota")]


@pytest.mark.parametrize("mode", ["streamed", "idle"])
@pytest.mark.parametrize("code, said", [*CODES, pytest.param(1014, "", marks=REWRITTEN_ECHO)])
def test_closed_by_the_server(probe, node, code, said, mode):
    since = node.settled()
    report = probe(f"/close/{code}/{said.replace(' ', '%20')}", "--mode", mode, hold="5s")
    report.fails("closed_by_server", "hold", close=(code, "server", "close_frame"), status=101, lasted=(0.28, 2))
    assert report.json["close"]["reason"] == said
    assert node.wait_event("close", since)["code"] == code, "our echo came back to the server"


def test_a_close_without_a_code(probe):
    probe("/close-without-code", hold="5s").fails("closed_by_server", "hold", close=(1005, "server", "close_frame"))


def test_a_server_may_hang_up_where_the_monitor_allows_it(probe):
    allowed = {"close": (1000, "server", "close_frame")}
    probe("/close/1000", "--set", "min_hold=100ms", hold="5s").succeeds(**allowed)
    probe("/close/1000", "--set", "min_hold=3s", hold="5s").fails("closed_by_server", "hold")
    probe("/close/4001", "--set", "min_hold=100ms", "--set", "accept_codes=[1000, 4001]", hold="5s").succeeds(close=(4001, "server", "close_frame"))
    probe("/close/1011", "--set", "min_hold=100ms", hold="5s").fails("closed_by_server", "hold", close=(1011, "server", "close_frame"))


# --- the line just ends ---


@pytest.mark.parametrize("how", [hello(), ("--mode", "streamed")])
def test_terminate(probe, how):
    """`ws.terminate()` once everything was read: a plain FIN, whatever we were about to send."""
    probe("/terminate", *how, hold="5s").fails("ws_eof", "hold", close=(1006, "server", "fin"), lasted=(0, 1))


def test_terminate_with_audio_unread(probe):
    """The kernel answers a close over unread data with a reset (RFC 2525 section 2.17)."""
    report = probe("/terminate-unread", "--set", "raw={cadence='5ms'}", hold="5s")
    report.fails("ws_reset", "hold", close=(1006, "server", "rst"))


def test_reset(probe):
    probe("/reset", *hello(), hold="5s").fails("ws_reset", "hold", close=(1006, "server", "rst"))


def test_an_exception_in_the_handler_takes_the_process_down(sidetone, start_node):
    with start_node("ws_server.js", name="ws_server_throws") as server:
        report = sidetone.dial(f"ws://127.0.0.1:{server.port}/throw", *hello(), hold="5s").report()
        report.fails("ws_eof", "hold", close=(1006, "server", "fin"))
        server.process.wait(5)
        sidetone.probe(f"ws://127.0.0.1:{server.port}/echo").fails("tcp_refused", "connect", owner="server")


# --- limits and rules ---


def test_frames_over_the_servers_limit(probe):
    """160 bytes of silence against `maxPayload: 100`."""
    probe("/small", hold="5s").fails("closed_by_server", "hold", close=(1009, "server", "close_frame"), lasted=(0, 1))


def test_a_message_over_our_limit(probe):
    probe("/big-message", hold="5s").fails("ws_too_large", "hold", owner="application")


def test_a_message_over_our_limit_is_closed_as_too_big(probe, node):
    since = node.settled()
    probe("/big-message", hold="5s")
    assert node.wait_event("close", since)["code"] == 1009


def test_a_flood(probe, node):
    since = node.settled()
    probe("/flood", hold="5s").fails("peer_flood", "hold", close=(1008, "prober", "local"))
    assert node.wait_event("close", since)["code"] == 1008


@pytest.mark.parametrize("path", ["/refuse", "/refuse-by-default"])
def test_verify_client_refuses(probe, path):
    probe(path).fails("http_401", "upgrade", status=401, owner="credentials")


def test_an_unknown_path(probe):
    probe("/ws-proxy").fails("http_404", "upgrade", status=404)


# --- subprotocols ---


def test_the_server_chooses_a_subprotocol(probe, node):
    since = node.mark()
    probe("/choose", "--subprotocol", "voice.v1", "--subprotocol", "voice.v2").succeeds()
    assert node.wait_event("open", since)["protocol"] == "voice.v2"


def test_the_server_chooses_no_subprotocol(probe):
    probe("/choose", "--subprotocol", "voice.v1").succeeds(warnings=["subprotocol_not_chosen"])
    strict = ("--subprotocol", "voice.v1", "--set", "require_subprotocol=true")
    probe("/choose", *strict).fails("upgrade_subprotocol_missing", "upgrade", status=101)


def test_the_server_chooses_another_subprotocol(probe):
    probe("/choose-another", "--subprotocol", "voice.v1").fails("upgrade_subprotocol_mismatch", "upgrade", status=101)


# --- silence ---


def test_a_silent_application(probe):
    probe("/mute", *expect('first_message_within="500ms"'), hold="5s").fails("app_no_message", "hold", lasted=(0.5, 2))
    probe("/mute", *expect('first_audio_within="500ms"'), hold="5s").fails("app_no_audio", "hold", lasted=(0.5, 2))
    probe("/mute", *expect("echo=true"), hold="600ms").fails("app_no_echo", "hold")
    probe("/greet", *expect('message_contains="ready"'), hold="600ms").fails("app_message_mismatch", "hold")
    probe("/echo", *expect("audible=true"), hold="600ms").fails("app_silence_only", "hold")


def test_a_silent_application_is_told_from_a_dead_path(probe):
    """The kernel's counters are needed: the server acknowledges and has its window open."""
    probe("/mute", *expect('max_silence="1500ms"'), hold="8s").fails("app_silent", "hold", owner="application", lasted=(1.5, 4))


def test_no_pongs(probe):
    pings = ("--ping-interval", "200ms", "--set", "ping_timeout=500ms", "--mode", "idle")
    probe("/no-pong", *pings, hold="5s").fails("ws_ping_timeout", "hold", lasted=(0.6, 3))


def test_a_server_that_stops_reading(probe, node):
    """Large frames, since the buffers of both kernels must fill before anyone can tell."""
    audio = "raw={frame_text='" + "x" * 16000 + "', cadence='20ms'}"
    report = probe("/stuck", "--set", audio, "--set", "stall_timeout=1s", hold="20s")
    urllib.request.urlopen(f"http://127.0.0.1:{node.port}/release", timeout=10).close()
    report.fails("ws_write_stalled", "hold", close=(1006, "prober", "timeout"), owner="server", lasted=(1, 10))


# --- Fastify ---


def test_fastify(sidetone, fastify):
    base = f"ws://127.0.0.1:{fastify.port}"
    since = fastify.settled()
    sidetone.probe(f"{base}/echo").succeeds(status=101)
    assert fastify.wait_event("close", since)["code"] == 1000
    sidetone.probe(f"{base}/nowhere").fails("http_404", "upgrade", status=404)
    # The plugin takes every upgrade of a known route, and hangs up where there is no WebSocket handler.
    sidetone.probe(f"{base}/page").fails("closed_by_server", "hold", close=(1005, "server", "close_frame"))
    sidetone.probe(f"{base}/refuses").fails("http_401", "upgrade", status=401)


@pytest.mark.parametrize("path", ["/throws", "/rejects"])
def test_fastify_handler_fails(sidetone, fastify, path):
    """The plugin's own error handler drops the line without a Close."""
    report = sidetone.probe(f"ws://127.0.0.1:{fastify.port}{path}", *hello(), hold="5s")
    report.fails(("ws_eof", "ws_reset"), "hold", close=(1006, "server", ("fin", "rst")), lasted=(0, 1))


# --- HTTP/2 only ---


def test_http2_only(sidetone, http2):
    sidetone.probe(f"ws://127.0.0.1:{http2.port}/").fails("http_is_h2", "upgrade", owner="edge")


# --- Socket.IO ---


def test_socketio(sidetone, socketio):
    base = f"ws://127.0.0.1:{socketio.port}"
    # Engine.IO destroys upgrades on other paths after a second (`destroyUpgradeTimeout`), without a word.
    sidetone.probe(f"{base}/media-stream").fails("http_closed_no_response", "upgrade", owner="server")
    sidetone.probe(f"{base}/socket.io/").fails("http_400", "upgrade", status=400)
    # The right path and query: Engine.IO opens, and says so first.
    greeting = expect('first_message_within="400ms", message_contains="pingInterval"')
    sidetone.probe(f"{base}/socket.io/?EIO=4&transport=websocket", "--mode", "idle", *greeting).succeeds(status=101)
