"""HAProxy in front of a Node server."""

import pytest

from kit.pki import HOST
from kit.proxies import start_haproxy


@pytest.fixture(scope="module")
def haproxy(run_dir, pki, backends):
    directory = run_dir / "haproxy"
    directory.mkdir()
    with start_haproxy(directory, pki, backends) as server:
        yield server


@pytest.fixture
def plain(sidetone, haproxy):
    """Probes one of the frontends."""
    return lambda name, *options, **more: sidetone.probe(f"ws://127.0.0.1:{getattr(haproxy.ports, name)}/echo", *options, **more)


@pytest.fixture
def secure(sidetone, haproxy, pki):
    def probe(name, *options, **more):
        port = getattr(haproxy.ports, name)
        trust = ("--ca-file", pki.root.cert, "--connect-to", f"127.0.0.1:{port}")
        return sidetone.probe(f"wss://{HOST}:{port}/echo", *trust, *options, **more)

    return probe


@pytest.mark.parametrize("name", ["good", "tcp_good"])
def test_a_good_proxy_and_a_good_goodbye(plain, node, name):
    since = node.settled()
    plain(name).succeeds(status=101)
    assert node.wait_event("close", since)["code"] == 1000


def test_a_good_proxy_over_tls(secure, node):
    since = node.settled()
    report = secure("good_tls")
    report.succeeds(status=101)
    assert report.json["tls"]["version"] == "TLSv1.3"
    assert report.json["tls"]["alpn"] == "http/1.1"
    assert node.wait_event("close", since)["code"] == 1000


# --- timeout tunnel 2s ---


def test_the_tunnel_timeout_cuts_an_idle_line(plain):
    report = plain("short", "--mode", "idle", hold="10s")
    report.fails("ws_eof", "hold", close=(1006, "server", "fin"), status=101, lasted=(1.9, 3.5))


def test_the_tunnel_timeout_over_tls(secure):
    report = secure("short_tls", "--mode", "idle", hold="10s")
    report.fails("ws_eof", "hold", close=(1006, "server", ("tls_close_notify", "tls_eof")), status=101, lasted=(1.9, 3.5))


def test_the_tunnel_timeout_spares_a_streamed_line(plain):
    plain("short", hold="3500ms").succeeds(lasted=(3.4, 4.5))


# --- answers of its own ---


@pytest.mark.parametrize("name, reason, status", [("no_backend", "http_503", 503), ("no_server", "http_503", 503)])
def test_no_server_is_there(plain, name, reason, status):
    plain(name).fails(reason, "upgrade", status=status)


def test_an_errorfile_over_http10(plain):
    report = plain("errorfile")
    report.fails("http_503", "upgrade", status=503)
    assert report.json["upgrade"]["http_version"] == "1.0"
    assert "No line is free" in report.json["upgrade"]["body"]


def test_a_backend_that_does_not_answer(plain):
    plain("slow").fails("http_504", "upgrade", status=504)


def test_a_rate_limit(plain):
    plain("limited").fails("http_429", "upgrade", status=429)


def test_http2_only(plain):
    """HAProxy closes without a SETTINGS frame, so that nothing shows which protocol was wanted."""
    plain("http2").fails("http_closed_no_response", "upgrade")


# --- no answer at all ---


def test_tcp_mode_with_a_dead_backend(plain, secure):
    plain("tcp_dead").fails("http_closed_no_response", "upgrade")
    secure("tcp_dead").fails("tls_closed_in_handshake", "tls")


def test_a_connection_that_is_rejected(plain, secure):
    plain("rejected").fails("tcp_reset", "connect")
    secure("rejected").fails("tcp_reset", "connect")


# --- client certificates: HAProxy refuses inside TLS ---


# A TLS 1.3 server refuses after the client's handshake is done, so that the alert comes in place of the answer.


@pytest.mark.parametrize("name", ["mutual", "mutual12"])
def test_a_client_certificate_is_accepted(secure, pki, name):
    secure(name, *identity(pki, pki.client, pki.intermediate)).succeeds(status=101)


@pytest.mark.parametrize("name", ["mutual", "mutual12"])
def test_a_client_certificate_is_required(secure, name):
    secure(name).fails("tls_client_cert_required", "tls", owner="credentials")


@pytest.mark.parametrize("name", ["mutual", "mutual12"])
def test_a_client_certificate_of_another_authority(secure, pki, name):
    secure(name, *identity(pki, pki.foreign_client)).fails("tls_client_cert_rejected", "tls", owner="credentials")


def identity(pki, *certificates):
    chain = pki.chain(*certificates)
    return "--set", f'client_cert_file="{chain}"', "--set", f'client_key_file="{certificates[0].key}"'
