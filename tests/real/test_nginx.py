"""nginx in front of Node and Python servers."""

import pytest

from kit.pki import HOST
from kit.proxies import PASSWORD, USER


@pytest.fixture
def plain(sidetone, nginx):
    """Probes a path of the plain server."""
    return lambda path, *options, **more: sidetone.probe(f"ws://127.0.0.1:{nginx.ports.plain}{path}", *options, **more)


@pytest.fixture
def secure(sidetone, nginx, pki):
    """Probes one of the TLS servers under the certificate's name."""

    def probe(server, *options, path="/echo", **more):
        port = getattr(nginx.ports, server)
        trust = ("--ca-file", pki.root.cert, "--connect-to", f"127.0.0.1:{port}")
        return sidetone.probe(f"wss://{HOST}:{port}{path}", *trust, *options, **more)

    return probe


# --- proxying ---


@pytest.mark.parametrize("mode", ["streamed", "idle"])
def test_a_good_proxy_and_a_good_goodbye(plain, node, mode):
    since = node.settled()
    plain("/good/echo", "--mode", mode).succeeds(status=101)
    assert node.wait_event("close", since)["code"] == 1000


@pytest.mark.parametrize("server, version", [("tls", "TLSv1.3"), ("tls12", "TLSv1.2")])
def test_a_good_proxy_over_tls(secure, node, server, version):
    since = node.settled()
    report = secure(server)
    report.succeeds(status=101)
    assert report.json["tls"]["version"] == version
    assert report.json["tls"]["verified"] is True
    assert [certificate["names"] for certificate in report.json["tls"]["certificates"]] == [[HOST], []]
    assert node.wait_event("close", since)["code"] == 1000


def test_http2_on_the_same_port_does_not_disturb(secure):
    report = secure("http2")
    report.succeeds(status=101)
    assert report.json["tls"]["alpn"] == "http/1.1"


@pytest.mark.parametrize(
    "path, reason, status",
    [
        # An Express-like server answers the plain GET that is left of the upgrade.
        ("/no-upgrade/echo", "http_404", 404),
        # `new WebSocketServer({ port })` says what is missing.
        ("/no-upgrade-alone/", "http_426", 426),
        ("/no-upgrade-uvicorn/echo", "http_404", 404),
    ],
)
def test_a_proxy_without_the_upgrade_headers(plain, path, reason, status):
    plain(path).fails(reason, "upgrade", status=status)


def test_http10_to_the_backend_works_with_a_backend_that_does_not_mind(plain, node):
    """Node's parser takes an upgrade over HTTP/1.0, so the only trace is what the backend saw."""
    since = node.mark()
    plain("/http10/echo").succeeds(status=101)
    assert node.wait_event("open", since)["http"] == "1.0"


# --- an idle timeout of the proxy (proxy_read_timeout 2s) ---


def test_the_idle_timeout_cuts_an_idle_line(plain):
    report = plain("/impatient/echo", "--mode", "idle", hold="10s")
    report.fails("ws_eof", "hold", close=(1006, "server", "fin"), status=101, lasted=(1.9, 3.0))


def test_the_idle_timeout_spares_a_streamed_line(plain):
    plain("/impatient/echo", hold="3500ms").succeeds(lasted=(3.4, 4.5))


def test_the_idle_timeout_spares_a_line_with_pings(plain):
    plain("/impatient/echo", "--mode", "idle", "--ping-interval", "500ms", hold="3500ms").succeeds(lasted=(3.4, 4.5))


def test_the_idle_timeout_over_tls(secure):
    report = secure("tls", "--mode", "idle", path="/impatient/echo", hold="10s")
    report.fails("ws_eof", "hold", close=(1006, "server", "tls_close_notify"), status=101, lasted=(1.9, 3.0))


# --- answers other than 101 ---


@pytest.mark.parametrize(
    "path, reason, status, owner",
    [
        ("/dead/echo", "http_502", 502, None),
        ("/slow/echo", "http_504", 504, None),
        ("/voice", "http_200_not_websocket", 200, "configuration"),
        ("/files/absent", "http_404", 404, None),
        ("/moved/echo", "http_301", 301, None),
        ("/limited/echo", "http_429", 429, None),
        ("/nowhere/echo", "http_closed_no_response", None, "server"),
    ],
)
def test_answers(plain, path, reason, status, owner):
    report = plain(path)
    report.fails(reason, "upgrade", status=status, owner=owner)
    if status == 301:
        headers = dict(report.json["upgrade"]["headers"])
        assert headers["location"].startswith("https://127.0.0.1/moved"), headers
    if status == 200:
        assert 'id="root"' in report.json["upgrade"]["body"]


def test_basic_auth(plain):
    login = f'basic_auth={{username="{USER}", password_env="PROBE_PASSWORD"}}'
    plain("/private/echo").fails("http_401", "upgrade", status=401, owner="credentials")
    plain("/private/echo", "--set", login, env={"PROBE_PASSWORD": "wrong"}).fails("http_401", "upgrade", status=401)
    plain("/private/echo", "--set", login, env={"PROBE_PASSWORD": PASSWORD}).succeeds(status=101)


# --- the wrong scheme ---


def test_plain_http_to_the_tls_port(sidetone, nginx):
    sidetone.probe(f"ws://127.0.0.1:{nginx.ports.tls}/echo").fails("ws_port_speaks_tls", "upgrade", status=400, owner="configuration")


def test_tls_to_the_plain_port(secure):
    secure("plain").fails("tls_port_speaks_http", "tls", owner="configuration")


# --- certificates ---


@pytest.mark.parametrize(
    "server, reason",
    [
        # cert.pem instead of fullchain.pem. Only a public authority's mark proves that an intermediate is what is missing.
        ("leaf_only", "tls_unknown_issuer"),
        ("public_leaf_only", "tls_missing_intermediate"),
        ("expired", "tls_cert_expired"),
        ("not_yet_valid", "tls_cert_not_yet_valid"),
        ("wrong_name", "tls_hostname_mismatch"),
        ("wrong_purpose", "tls_cert_wrong_purpose"),
        ("self_signed", "tls_self_signed"),
    ],
)
def test_certificates(secure, server, reason):
    report = secure(server)
    report.fails(reason, "tls", owner="edge")
    assert report.json["tls"]["verified"] is False
    assert report.json["tls"]["certificates"], "the certificates are reported although they do not pass"


@pytest.mark.parametrize("server, reason", [("with_root", "tls_private_ca"), ("tls", "tls_unknown_issuer")])
def test_a_private_authority_that_is_not_trusted(sidetone, nginx, server, reason):
    port = getattr(nginx.ports, server)
    sidetone.probe(f"wss://{HOST}:{port}/echo", "--connect-to", f"127.0.0.1:{port}").fails(reason, "tls", owner="edge")


def test_insecure_lets_it_through_and_says_so(sidetone, nginx):
    port = nginx.ports.tls
    report = sidetone.probe(f"wss://{HOST}:{port}/echo", "--connect-to", f"127.0.0.1:{port}", "--insecure")
    report.succeeds(warnings=["tls_verification_disabled", "tls_verification_failed"])
    assert report.json["tls"]["verified"] is False


@pytest.mark.parametrize(
    "server, reason",
    [
        ("tls11", "tls_protocol_version"),
        ("old_ciphers", "tls_no_common_parameters"),
        ("sni", "tls_sni_rejected"),
    ],
)
def test_handshakes_that_cannot_be(secure, server, reason):
    secure(server).fails(reason, "tls", owner="edge")


# --- client certificates: nginx completes the handshake and answers over HTTP ---


def test_a_client_certificate_is_required(secure, pki):
    report = secure("mutual")
    report.fails("http_400", "upgrade", status=400)
    assert "No required SSL certificate was sent" in report.json["upgrade"]["body"]
    secure("mutual", *identity(pki, pki.client, pki.intermediate)).succeeds(status=101)


def test_a_client_certificate_of_another_authority(secure, pki):
    report = secure("mutual", *identity(pki, pki.foreign_client))
    report.fails("http_400", "upgrade", status=400)
    assert "The SSL certificate error" in report.json["upgrade"]["body"]


def identity(pki, *certificates):
    chain = pki.chain(*certificates)
    return "--set", f'client_cert_file="{chain}"', "--set", f'client_key_file="{certificates[0].key}"'
