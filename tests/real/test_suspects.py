"""The suspects of the incidents, provoked by servers that nobody here wrote, and diagnosed: `sidetone diagnose` names the one that it was.

What else those servers do is in the other files; here it is what is found. A row names the place, the reason, and all findings, the cause
first.
"""

import socket

import pytest

from kit.daemon import DEFAULTS, Daemon, monitor
from kit.pki import HOST
from kit.pongless import Pongless
from kit.process import free_port, wait_until
from kit.proxies import start_apache, start_haproxy

LIKELY, CERTAIN, CONSISTENT = "likely", "certain", "consistent with"
PLAIN_GET = [("plain_get", LIKELY)]
REJECTED = [("rejected_before_accept", LIKELY)]
UPGRADE_LOST = [("upgrade_lost", CERTAIN)]
FULL = ("--full",)
HELLO = ("--set", 'raw={frame="none", hello=["hi"]}')
"""One text frame and no media: nothing is under way when the server ends the line."""


@pytest.fixture(scope="module")
def haproxy(run_dir, pki, backends):
    directory = run_dir / "suspects-haproxy"
    directory.mkdir()
    with start_haproxy(directory, pki, backends) as server:
        yield server


@pytest.fixture(scope="module")
def apaches(run_dir, backends):
    directory = run_dir / "suspects-apache"
    directory.mkdir()
    with start_apache(directory, backends) as bare, start_apache(directory, backends, "http", "wstunnel") as full:
        yield {"bare": bare, "full": full}


@pytest.fixture(scope="module")
def apps(start_node, start_python, heard_dir):
    """Servers of one framework each, by name."""
    node = {"fastify": "fastify_app.js", "socketio": "socketio_app.js", "express": "express_app.js"}
    servers = {name: start_node(script, name=f"suspects-{name}") for name, script in node.items()}
    for mode in ("development", "production"):
        servers[f"flask-{mode}"] = start_python("flask_media.py", heard_dir, mode, name=f"suspects-flask-{mode}")
    yield servers
    for server in servers.values():
        server.stop()


def named(report, reason, findings):
    """The probe failed for this reason, and this is found and nothing else."""
    assert report.reason == reason, report._say(f"reason is {report.reason!r}, not {reason!r}")
    assert report.findings == findings, report._say(f"found: {report.findings}, not {findings}")


# --- proxies ---


@pytest.mark.parametrize(
    "path, reason, findings",
    [
        # I3: without Upgrade and Connection headers, in front of three servers.
        ("/no-upgrade/echo", "http_404", PLAIN_GET),
        ("/no-upgrade-alone/", "http_426", UPGRADE_LOST),
        ("/no-upgrade-uvicorn/echo", "http_404", PLAIN_GET),
        # I3: the port mapping.
        ("/dead/echo", "http_502", [("backend_fails", LIKELY)]),
        ("/slow/echo", "http_504", [("backend_silent", CERTAIN)]),
        # I5: a static site, and a route that is not there.
        ("/voice", "http_200_not_websocket", [("ordinary_page", LIKELY)]),
        ("/files/absent", "http_404", [("route_missing", LIKELY)]),
        ("/moved/echo", "http_301", [("redirected", CERTAIN)]),
    ],
)
def test_nginx(sidetone, nginx, path, reason, findings):
    named(sidetone.diagnose(f"ws://127.0.0.1:{nginx.ports.plain}{path}"), reason, findings)


def test_nginx_without_the_upgrade_and_the_server_itself(sidetone, nginx, node):
    """I4: the same against localhost works, so it is what is in front."""
    origin = ("--set", f'origin.url="ws://127.0.0.1:{node.port}/echo"')
    report = sidetone.diagnose(f"ws://127.0.0.1:{nginx.ports.plain}/no-upgrade/echo", *origin)
    named(report, "http_404", [*PLAIN_GET, ("fault_before_origin", LIKELY)])


@pytest.mark.parametrize(
    "apache, port, path, reason, findings",
    [
        ("full", "plain", "/echo", "http_404", PLAIN_GET),
        ("full", "plain", "/alone", "http_426", UPGRADE_LOST),
        ("full", "upgrade", "/nowhere", "http_404", [("route_missing", LIKELY)]),
        ("full", "dead_backend", "/echo", "http_503", [("backend_fails", LIKELY)]),
    ],
)
def test_apache(sidetone, apaches, apache, port, path, reason, findings):
    named(sidetone.diagnose(f"ws://127.0.0.1:{getattr(apaches[apache].ports, port)}{path}"), reason, findings)


@pytest.mark.parametrize(
    "port, reason, findings",
    [
        ("no_backend", "http_503", [("backend_fails", CERTAIN)]),
        ("no_server", "http_503", [("backend_fails", CERTAIN)]),
        ("slow", "http_504", [("backend_silent", CERTAIN)]),
    ],
)
def test_haproxy(sidetone, haproxy, port, reason, findings):
    named(sidetone.diagnose(f"ws://127.0.0.1:{getattr(haproxy.ports, port)}/echo"), reason, findings)


# --- schemes, ports and certificates ---


@pytest.fixture
def secure(sidetone, nginx, pki):
    def diagnose(server, *options):
        port = getattr(nginx.ports, server)
        trust = ("--ca-file", pki.root.cert, "--connect-to", f"127.0.0.1:{port}")
        return sidetone.diagnose(f"wss://{HOST}:{port}/echo", *trust, *options)

    return diagnose


@pytest.mark.parametrize(
    "server, reason",
    [
        ("leaf_only", "tls_unknown_issuer"),
        ("public_leaf_only", "tls_missing_intermediate"),
        ("expired", "tls_cert_expired"),
        ("wrong_name", "tls_hostname_mismatch"),
        ("self_signed", "tls_self_signed"),
    ],
)
def test_certificates(secure, server, reason):
    named(secure(server), reason, [("only_the_certificate", CERTAIN)])


@pytest.mark.parametrize("server, reason", [("tls11", "tls_protocol_version"), ("old_ciphers", "tls_no_common_parameters")])
def test_handshakes_whose_certificate_is_not_to_blame(secure, server, reason):
    named(secure(server), reason, [])


def test_wss_for_ws(sidetone, node):
    named(sidetone.diagnose(f"wss://127.0.0.1:{node.port}/echo"), "tls_port_speaks_http", [("wrong_scheme", CERTAIN)])


def test_ws_for_wss(sidetone, nginx):
    """The other scheme's certificate is nobody's that is trusted here, so that nothing more is proved than the reason says."""
    named(sidetone.diagnose(f"ws://127.0.0.1:{nginx.ports.tls}/echo"), "ws_port_speaks_tls", [])


def test_a_port_that_is_not_mapped(sidetone):
    try:
        usual = socket.create_server(("127.0.0.1", 80))
    except OSError as error:
        pytest.skip(f"port 80 is not to be had: {error}")
    with usual:
        named(sidetone.diagnose(f"ws://127.0.0.1:{free_port()}/echo"), "tcp_refused", [("wrong_port", LIKELY)])
    named(sidetone.diagnose(f"ws://127.0.0.1:{free_port()}/echo"), "tcp_refused", [])


# --- Node ---


def test_a_wrong_path_and_the_right_one(sidetone, node):
    report = sidetone.diagnose(f"ws://127.0.0.1:{node.port}/ws-proxy", "--set", 'path_variants=["/websocket-voice", "/echo"]')
    # `ws` is at its upgrades only and so without a mark of its own: the path that works is all the evidence.
    named(report, "http_404", [("wrong_path", CERTAIN)])


@pytest.mark.parametrize(
    "path, reason, findings",
    [
        ("/refuse", "http_401", REJECTED),
        ("/ws-proxy", "http_404", []),
        ("/close/1003", "closed_by_server", [("wrong_frame_kind", LIKELY)]),
        ("/close/1007", "closed_by_server", [("payload_rejected", LIKELY)]),
        ("/close/1008/unknown%20configuration", "closed_by_server", [("refused_by_policy", LIKELY)]),
        ("/close/4404/unknown%20configuration", "closed_by_server", [("application_code", CERTAIN)]),
        ("/close/1013", "closed_by_server", [("server_overloaded", LIKELY)]),
        ("/small", "closed_by_server", [("message_too_big", LIKELY)]),
    ],
)
def test_node(sidetone, node, path, reason, findings):
    named(sidetone.diagnose(f"ws://127.0.0.1:{node.port}{path}", hold="3s"), reason, findings)


def test_a_limit_on_messages_is_a_rung_of_the_ladder(sidetone, node):
    """`maxPayload: 100`: idle, pings and hello pass, audio does not."""
    report = sidetone.diagnose(f"ws://127.0.0.1:{node.port}/small", *FULL, hold="500ms")
    named(report, "closed_by_server", [("first_rung_that_dies", LIKELY), ("message_too_big", LIKELY)])
    assert report.json["findings"][0]["says"] == "the line dies of audio"


@pytest.mark.parametrize(
    "app, path, reason, findings",
    [
        ("express", "/media-stream", "http_404", PLAIN_GET),
        ("fastify", "/nowhere", "http_404", PLAIN_GET),
        # It accepts on a route for HTTP alone, and closes at once without a code.
        ("fastify", "/page", "closed_by_server", [("plain_get", CONSISTENT), ("ended_on_purpose", CONSISTENT)]),
        ("socketio", "/socket.io/", "http_400", [("not_plain_websocket", CERTAIN)]),
        ("flask-development", "/nowhere", "http_404", [("route_missing", LIKELY)]),
        ("flask-production", "/nowhere", "http_404", [("route_missing", LIKELY), ("plain_get", CONSISTENT)]),
    ],
)
def test_frameworks(sidetone, apps, app, path, reason, findings):
    named(sidetone.diagnose(f"ws://127.0.0.1:{apps[app].port}{path}"), reason, findings)


# --- Python ---


@pytest.mark.parametrize("path", ["/closes-before-accept", "/policy-before-accept", "/nowhere"])
def test_fastapi_refuses_before_it_accepts(sidetone, uvicorn, path):
    """An unknown path and a refused caller look the same, and so it is said."""
    named(sidetone.diagnose(f"ws://127.0.0.1:{uvicorn.port}{path}"), "http_403", REJECTED)


def test_fastapi_with_the_right_path(sidetone, uvicorn):
    report = sidetone.diagnose(f"ws://127.0.0.1:{uvicorn.port}/ws-proxy", "--set", 'path_variants=["/echo"]')
    named(report, "http_403", [("wrong_path", CERTAIN), *REJECTED])


def test_fastapi_fails_after_it_accepted(sidetone, uvicorn):
    """I1: uvicorn says no Close. The handler fails over the first message, and lives while nothing is sent."""
    report = sidetone.diagnose(f"ws://127.0.0.1:{uvicorn.port}/raises", *FULL, *HELLO, hold="500ms")
    assert report.reason == "ws_eof" and report.findings[0] == ("first_rung_that_dies", LIKELY), report._say("another cause")
    assert report.json["findings"][0]["says"] == "the line dies of the dialect's first messages"
    assert "handler_failed_at_once" not in dict(report.findings), report._say("an idle line lives")


def test_fastapi_drops_the_line_by_itself(sidetone, uvicorn):
    """I1 itself: accepted, and 0.3 s later gone without a word, whatever is sent."""
    report = sidetone.diagnose(f"ws://127.0.0.1:{uvicorn.port}/returns", *FULL, *HELLO, hold="1s")
    named(report, "ws_eof", [("first_rung_that_dies", LIKELY), ("setup_failed", CONSISTENT)])
    assert report.json["findings"][0]["says"] == "the line dies although nothing is sent"


def test_websockets_fails(sidetone, start_websockets):
    with start_websockets("suspects-fails") as server:
        report = sidetone.diagnose(f"ws://127.0.0.1:{server.port}/fails", *HELLO, hold="2s")
        named(report, "closed_by_server", [("server_exception", LIKELY)])


def test_pongs_that_do_not_arrive(sidetone, start_websockets):
    """A keepalive of 1 s + 1 s, and something on the way that keeps our pongs."""
    with start_websockets("suspects-keepalive", keepalive=1) as server:
        proxy = Pongless(server.port)
        report = sidetone.diagnose(f"ws://127.0.0.1:{proxy.port}/read_only", "--mode", "idle", hold="6s")
        proxy.close()
        report.fails("closed_by_server", "hold", close=(1011, "server", "close_frame"))
        named(report, "closed_by_server", [("keepalive_timeout", LIKELY)])
        evidence = report.json["findings"][0]["evidence"]
        assert any(line.startswith("against: ") and "pings of the server came" in line for line in evidence), evidence


# --- what a history shows ---


def test_an_idle_timeout_shows_over_several_probes(program, run_dir, nginx):
    """proxy_read_timeout, which one probe alone cannot tell from anything else."""
    rhythm = DEFAULTS.replace('interval = "5s"', 'interval = "14s"').replace('hold = "500ms"', 'hold = "9s"\nmode = "idle"')
    entry = monitor("idle", f"ws://127.0.0.1:{nginx.ports.plain}/patient/echo")
    with Daemon(program, run_dir, "suspects-history", entry, defaults=rhythm) as daemon:
        if "sidetone_follow_ups_total" not in daemon.get("/metrics")[1]:
            pytest.skip("this daemon makes nothing of its history yet")
        found = lambda: daemon.value("sidetone_finding", monitor="idle", finding="idle_timeout") == 1
        wait_until(found, "the finding of an idle timeout", 90, daemon.alive)


# --- nothing is found where nothing is wrong ---


@pytest.mark.parametrize("place", ["nginx", "haproxy", "apache", "node", "uvicorn", "fastify"])
def test_good_lines(sidetone, nginx, haproxy, apaches, node, uvicorn, apps, place):
    ports = {
        "nginx": f"{nginx.ports.plain}/good",
        "haproxy": haproxy.ports.good,
        "apache": apaches["full"].ports.upgrade,
        "node": node.port,
        "uvicorn": uvicorn.port,
        "fastify": apps["fastify"].port,
    }
    report = sidetone.diagnose(f"ws://127.0.0.1:{ports[place]}/echo")
    report.succeeds()
    assert (report.findings, report.json["checks"]) == ([], []), report._say("something is found")
