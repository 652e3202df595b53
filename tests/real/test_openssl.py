"""`openssl s_server`, for what no web server can be brought to do."""

import pytest

from kit.pki import HOST
from kit.process import Server, free_port


@pytest.fixture
def serve(run_dir, pki):
    """Starts it with these options and returns its port."""
    servers = []

    def serve(*options):
        port = free_port()
        certificate = ("-cert", pki.good.cert, "-cert_chain", pki.intermediate.cert, "-key", pki.good.key)
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *certificate, "-quiet", *options]
        servers.append(Server("openssl", command, run_dir).wait_listening(port))
        return port

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def probe(sidetone, pki):
    def probe(port, *options, **more):
        trust = ("--ca-file", pki.root.cert, "--connect-to", f"127.0.0.1:{port}")
        return sidetone.probe(f"wss://{HOST}/media-stream", *trust, *options, **more)

    return probe


def test_http2_only_in_alpn(probe, serve):
    probe(serve("-alpn", "h2")).fails("tls_alpn_mismatch", "tls", owner="edge")


def test_a_page_over_tls(probe, serve):
    """It says `HTTP/1.0 200 ok`, whatever is asked."""
    report = probe(serve("-www"))
    report.fails("http_200_not_websocket", "upgrade", status=200)
    assert report.json["upgrade"]["http_version"] == "1.0"


def test_only_a_cipher_that_is_not_ours(probe, serve):
    probe(serve("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA")).fails("tls_no_common_parameters", "tls", owner="edge")


def test_only_a_group_that_is_not_ours(probe, serve):
    probe(serve("-groups", "P-521")).fails("tls_no_common_parameters", "tls", owner="edge")
