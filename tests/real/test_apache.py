"""Apache httpd in front of a Node server, with and without the modules that proxy WebSocket."""

import pytest

from kit.proxies import start_apache


@pytest.fixture(scope="module")
def full(run_dir, backends):
    with start_apache(run_dir, backends, "http", "wstunnel") as server:
        yield server


@pytest.fixture(scope="module")
def only_http(run_dir, backends):
    with start_apache(run_dir, backends, "http") as server:
        yield server


@pytest.fixture(scope="module")
def bare(run_dir, backends):
    with start_apache(run_dir, backends) as server:
        yield server


@pytest.fixture
def probe(sidetone):
    def probe(apache, host, *options, path="/echo", **more):
        return sidetone.probe(f"ws://127.0.0.1:{getattr(apache.ports, host)}{path}", *options, **more)

    return probe


@pytest.mark.parametrize("host", ["upgrade", "tunnel"])
def test_a_good_proxy_and_a_good_goodbye(probe, full, node, host):
    since = node.settled()
    probe(full, host).succeeds(status=101)
    assert node.wait_event("close", since)["code"] == 1000


@pytest.mark.parametrize("host", ["upgrade", "tunnel"])
def test_mod_proxy_http_does_it_alone(probe, only_http, node, host):
    """Since 2.4.47 it tunnels by itself, `ws://` backends included."""
    since = node.settled()
    probe(only_http, host).succeeds(status=101)
    assert node.wait_event("close", since)["code"] == 1000


@pytest.mark.parametrize("host", ["upgrade", "tunnel"])
def test_without_the_modules(probe, bare, host):
    """AH01144, "no protocol handler was valid for the URL": a 500 that has nothing to do with the application."""
    probe(bare, host).fails("http_500", "upgrade", status=500)


@pytest.mark.parametrize("path, reason, status", [("/echo", "http_404", 404), ("/alone", "http_426", 426)])
def test_a_proxy_that_drops_the_upgrade(probe, full, path, reason, status):
    probe(full, "plain", path=path).fails(reason, "upgrade", status=status)


def test_a_dead_backend(probe, full):
    probe(full, "dead_backend").fails("http_503", "upgrade", status=503)


def test_an_unknown_path(probe, full):
    probe(full, "upgrade", path="/nowhere").fails("http_404", "upgrade", status=404)


def test_the_timeout_cuts_an_idle_line(probe, full):
    report = probe(full, "impatient", "--mode", "idle", hold="10s")
    report.fails("ws_eof", "hold", close=(1006, "server", "fin"), status=101, lasted=(1.9, 3.5))
