"""Python servers: `websockets` by itself, and FastAPI under uvicorn."""

import signal

import pytest


@pytest.fixture(scope="module")
def websockets(start_websockets):
    with start_websockets("websockets") as server:
        yield server


@pytest.fixture
def probe(sidetone, websockets):
    return lambda path, *options, **more: sidetone.probe(f"ws://127.0.0.1:{websockets.port}{path}", *options, **more)


@pytest.fixture
def ask(sidetone, uvicorn):
    return lambda path, *options, **more: sidetone.probe(f"ws://127.0.0.1:{uvicorn.port}{path}", *options, **more)


HELLO = ("--set", 'raw={frame="none", hello=["hi"]}')
"""One text frame and no media: nothing is under way when the server ends the line."""

FLOOD = ("--set", "raw={frame_text='" + "x" * 16000 + "', cadence='20ms'}")
"""Large frames, since the buffers of both kernels must fill before anyone can tell that nobody reads."""


# --- websockets: good lines and goodbyes ---


@pytest.mark.parametrize("path, mode", [("/echo", "streamed"), ("/echo", "idle"), ("/read_only", "streamed"), ("/mute", "idle")])
def test_good(probe, websockets, path, mode):
    since = websockets.settled()
    probe(path, "--mode", mode, hold="500ms").succeeds(status=101)
    assert websockets.wait_event("close", since)["code"] == 1000


def test_a_handler_that_never_reads(sidetone, start_websockets):
    """The library stops reading when its queue of 16 messages is full, so that our Close waits behind our audio."""
    timed_out = (1000, "prober", "timeout")
    patience = ("--set", "close_timeout=500ms")
    with start_websockets("never_reads") as server:
        url = f"ws://127.0.0.1:{server.port}/mute"
        sidetone.probe(url, *patience, hold="1s").succeeds(warnings=["close_handshake_timeout"], close=timed_out)
        strict = (*patience, "--set", "expect={clean_close=true}")
        sidetone.probe(url, *strict, hold="1s").fails("close_handshake_timeout", "close", close=timed_out)


def test_the_handler_returns(probe):
    probe("/returns", hold="5s").fails("closed_by_server", "hold", close=(1000, "server", "close_frame"), lasted=(0.28, 2))
    probe("/returns", "--set", "min_hold=100ms", hold="5s").succeeds(close=(1000, "server", "close_frame"))


@pytest.mark.parametrize("how", [HELLO, ("--mode", "streamed")])
def test_the_handler_fails(probe, how):
    probe("/fails", *how, hold="5s").fails("closed_by_server", "hold", close=(1011, "server", "close_frame"), lasted=(0, 1))


@pytest.mark.parametrize("path, reason, status", [("/nowhere", "http_404", 404), ("/forbidden", "http_403", 403)])
def test_refused(probe, path, reason, status):
    probe(path).fails(reason, "upgrade", status=status)


# --- websockets: keepalive ---


@pytest.mark.parametrize("mode", ["streamed", "idle"])
def test_a_keepalive_does_not_cut_us_as_we_answer(sidetone, start_websockets, mode):
    with start_websockets(f"keepalive_{mode}", keepalive=1) as server:
        report = sidetone.probe(f"ws://127.0.0.1:{server.port}/read_only", "--mode", mode, hold="4s")
        report.succeeds(lasted=(4, 6))
        assert report.json["ping"]["received"] >= 3, report.json["ping"]


# --- websockets: what happens to the process ---


def test_killed_during_the_hold(sidetone, start_websockets):
    """SIGKILL: the kernel says FIN, or RST where our audio was unread; never a Close."""
    with start_websockets("killed") as server:
        line = sidetone.dial(f"ws://127.0.0.1:{server.port}/echo", hold="20s")
        server.wait_event("open")
        server.process.kill()
        line.report().fails(("ws_eof", "ws_reset"), "hold", close=(1006, "server", ("fin", "rst")), lasted=(0, 10))
        server.process.wait(5)
        sidetone.probe(f"ws://127.0.0.1:{server.port}/echo").fails("tcp_refused", "connect")


def test_terminated_during_the_hold(sidetone, start_websockets):
    with start_websockets("terminated") as server:
        line = sidetone.dial(f"ws://127.0.0.1:{server.port}/read_only", hold="20s")
        server.wait_event("open")
        server.process.terminate()
        line.report().fails("closed_by_server", "hold", close=(1001, "server", "close_frame"), lasted=(0, 10))


def test_stopped_during_a_streamed_hold(sidetone, start_websockets):
    """SIGSTOP: the kernel acknowledges until its buffer is full, then closes the window."""
    with start_websockets("stopped") as server:
        line = sidetone.dial(f"ws://127.0.0.1:{server.port}/read_only", *FLOOD, "--set", "stall_timeout=1s", hold="30s")
        server.wait_event("open")
        server.signal(signal.SIGSTOP)
        report = line.report()
        report.fails("ws_write_stalled", "hold", close=(1006, "prober", "timeout"), owner="server", lasted=(1, 15))


def test_stopped_with_a_limit_on_silence(sidetone, start_websockets):
    """At the rate of speech the buffers outlast the limit, so that all that can be said is: alive below, silent above."""
    with start_websockets("stopped_silent") as server:
        quiet = ("--set", 'expect={max_silence="2s"}')
        line = sidetone.dial(f"ws://127.0.0.1:{server.port}/echo", *quiet, hold="20s")
        server.wait_event("open")
        server.signal(signal.SIGSTOP)
        line.report().fails("app_silent", "hold", owner="application", lasted=(2, 8))


def test_stopped_before_the_upgrade(sidetone, start_websockets):
    with start_websockets("stopped_early") as server:
        server.signal(signal.SIGSTOP)
        report = sidetone.probe(f"ws://127.0.0.1:{server.port}/echo", "--set", "upgrade_timeout=1s")
        report.fails("http_timeout", "upgrade", owner="server")


# --- FastAPI under uvicorn ---


@pytest.mark.parametrize("mode", ["streamed", "idle"])
def test_fastapi_good(ask, uvicorn, mode):
    since = uvicorn.settled()
    rules = () if mode == "idle" else ("--set", "expect={echo=true}")
    ask("/echo", "--mode", mode, *rules).succeeds(status=101)
    assert uvicorn.wait_event("close", since)["code"] == 1000


@pytest.mark.parametrize(
    "path, reason, status",
    [
        ("/closes-before-accept", "http_403", 403),
        ("/policy-before-accept", "http_403", 403),
        ("/nowhere", "http_403", 403),
        ("/voice", "http_403", 403),
        ("/raises-before-accept", "http_500", 500),
        ("/http-exception", "http_401", 401),
    ],
)
def test_fastapi_refuses(ask, path, reason, status):
    ask(path).fails(reason, "upgrade", status=status)


@pytest.fixture(scope="module", params=["websockets", "websockets-sansio"])
def implementation(request, start_uvicorn):
    """uvicorn with each of its two implementations on top of `websockets`; `sansio` is the default."""
    with start_uvicorn(f"uvicorn-{request.param}", "--ws", request.param) as server:
        yield server


@pytest.mark.parametrize("path, lasted", [("/raises", (0, 1)), ("/returns", (0.28, 2))])
@pytest.mark.parametrize("streamed", [False, True])
def test_fastapi_handler_ends(sidetone, implementation, path, lasted, streamed):
    """uvicorn closes the transport without a Close, whether the handler raised or returned: a 1006, as in incident I1.

    With audio under way, the kernel makes a reset of it where uvicorn left some unread.
    """
    report = sidetone.probe(f"ws://127.0.0.1:{implementation.port}{path}", *(() if streamed else HELLO), hold="5s")
    if streamed:
        report.fails(("ws_eof", "ws_reset"), "hold", close=(1006, "server", ("fin", "rst")), lasted=lasted)
    else:
        report.fails("ws_eof", "hold", close=(1006, "server", "fin"), lasted=lasted)


def test_fastapi_closes_with_a_reason(ask):
    report = ask("/policy", *HELLO, hold="5s")
    report.fails("closed_by_server", "hold", close=(1008, "server", "close_frame"), lasted=(0.28, 2))
    assert report.json["close"]["reason"] == "no start message"


@pytest.mark.parametrize("name", ["websockets", "websockets-sansio"])
def test_uvicorn_shuts_down_during_the_hold(sidetone, start_uvicorn, name):
    with start_uvicorn(f"uvicorn-terminated-{name}", "--ws", name) as server:
        line = sidetone.dial(f"ws://127.0.0.1:{server.port}/echo", hold="20s")
        server.wait_event("open")
        server.process.terminate()
        line.report().fails("closed_by_server", "hold", close=(1012, "server", "close_frame"), lasted=(0, 10))


def test_a_trailing_slash_is_another_route(ask):
    ask("/echo/").fails("http_403", "upgrade", status=403)
