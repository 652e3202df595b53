"""What the network itself does to a line, in two namespaces of our own."""

import subprocess

import pytest

from kit.netns import ABSENT, ELSEWHERE, SERVER, Network, why_not
from kit.process import Server

pytestmark = pytest.mark.netns

HELLO = ("--set", 'raw={frame="none", hello=["hi"]}')


@pytest.fixture(scope="module")
def cabled():
    obstacle = why_not()
    if obstacle:
        pytest.skip(obstacle)
    with Network() as network:
        yield network


@pytest.fixture
def network(cabled):
    cabled.reset()
    yield cabled
    cabled.reset()


@pytest.fixture(scope="module")
def far_node(cabled, start_node):
    """The Node server on the other end of the cable."""
    with start_node("ws_server.js", SERVER, 8080, name="ws_server_far", prefix=cabled.server) as server:
        yield server


@pytest.fixture
def dial(sidetone, network, far_node):
    """Starts a probe from the prober's end."""

    def dial(*options, host=SERVER, scheme="ws", path="/echo", **more):
        return sidetone.dial(f"{scheme}://{host}:{far_node.port}{path}", *options, prefix=network.client, **more)

    return dial


@pytest.fixture
def probe(sidetone, network, far_node):
    def probe(*options, host=SERVER, scheme="ws", path="/echo", **more):
        return sidetone.probe(f"{scheme}://{host}:{far_node.port}{path}", *options, prefix=network.client, **more)

    return probe


def port(far_node):
    return f"tcp dport {far_node.port}"


def test_the_cable_works(probe, far_node):
    since = far_node.mark()
    probe().succeeds(status=101)
    assert far_node.wait_event("close", since)["code"] == 1000


# --- connect ---


def test_syn_dropped(probe, network, far_node):
    network.filter("server", "input", f"{port(far_node)} tcp flags syn drop")
    probe("--set", "connect_timeout=1s").fails("tcp_timeout", "connect", owner="network")


def test_rejected_with_a_reset(probe, network, far_node):
    network.filter("server", "input", f"{port(far_node)} reject with tcp reset")
    probe().fails("tcp_refused", "connect", owner="server")


def test_rejected_by_a_router(probe, network, far_node):
    network.filter("server", "input", f"{port(far_node)} reject with icmp type admin-prohibited")
    probe().fails("tcp_unreachable", "connect", owner="network")


def test_a_dead_host_on_the_same_network(probe):
    """Nobody answers ARP; the kernel gives up after three seconds."""
    probe("--set", "connect_timeout=8s", host=ABSENT).fails("tcp_unreachable", "connect", owner="network")


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_reset_at_the_first_byte(probe, network, far_node, scheme):
    """A middlebox, or a listener whose process is gone: the handshake goes through, no byte is acknowledged."""
    network.filter("server", "input", f"{port(far_node)} tcp flags & psh == psh reject with tcp reset")
    probe(scheme=scheme).fails("tcp_reset", "connect", owner="network")


def test_the_first_syn_is_lost(probe, network, far_node):
    """It is sent again after a second: packet loss, not a slow server."""
    network.filter("server", "input", f"{port(far_node)} tcp flags syn limit rate 1/hour burst 1 packets drop")
    report = probe()
    report.succeeds(warnings=["syn_retransmits"], status=101)
    assert 0.9 < report.json["phases"]["connect"] < 3


# --- what the prober's own machine does ---


def test_no_route(probe):
    probe(host=ELSEWHERE).is_inconclusive("local_no_route", "connect", owner="prober")


def test_only_ipv6_addresses_and_no_ipv6_route(sidetone, network):
    """The name has AAAA alone, and the namespace has no route for it. sidetone's own practice endpoints are the name server."""
    listen = "127.0.0.1:5399"
    practice = subprocess.Popen([*network.client, sidetone.binary, "practice", "--listen", listen], stdout=subprocess.PIPE)
    try:
        assert practice.stdout.readline(), "the practice endpoints did not start"
        url = "ws://dns-only-ipv6.practice.test:5399/echo"
        report = sidetone.probe(url, "--set", f'resolver=["{listen}"]', prefix=network.client)
        report.fails("tcp_no_ipv6_route", "connect", owner="configuration")
    finally:
        practice.kill()
        practice.wait()


@pytest.mark.parametrize("kind", ["prohibit", "blackhole"])
def test_a_route_that_forbids(probe, network, kind):
    network.route(kind, ELSEWHERE)
    probe(host=ELSEWHERE).is_inconclusive("local_policy", "connect", owner="prober")


def test_a_local_firewall(probe, network, far_node):
    """A packet that is dropped on its way out gives EPERM to UDP; a SYN is sent again until the deadline."""
    network.filter("client", "output", f"{port(far_node)} drop")
    probe("--set", "connect_timeout=1s").fails("tcp_timeout", "connect")


def test_no_file_descriptors(sidetone, node):
    """The least number with which a probe works, less one."""
    url = f"ws://127.0.0.1:{node.port}/echo"
    for limit in range(4, 64):
        prefix = ("prlimit", f"--nofile={limit}")
        if sidetone.run("probe", url, "--json", "--hold", "100ms", prefix=prefix).returncode == 0:
            break
    sidetone.probe(url, hold="100ms", prefix=("prlimit", f"--nofile={limit - 1}")).is_inconclusive("local_fd_exhausted", "connect")


# --- during the hold ---


def test_blackhole_while_streaming(dial, network, far_node):
    since = far_node.mark()
    line = dial("--set", "stall_timeout=2s", hold="30s")
    far_node.wait_event("open", since)
    network.filter("server", "input", "drop")
    line.report().fails("net_blackhole", "hold", close=(1006, "network", "timeout"), owner="network", lasted=(2, 15))


def test_blackhole_found_by_our_pings(dial, network, far_node):
    since = far_node.mark()
    pings = ("--ping-interval", "500ms", "--set", "ping_timeout=4s")
    line = dial("--mode", "idle", *pings, "--set", "stall_timeout=20s", path="/mute", hold="30s")
    far_node.wait_event("open", since)
    network.filter("server", "input", "drop")
    line.report().fails("net_blackhole", "hold", close=(1006, "network", "timeout"), owner="network", lasted=(3, 15))


def test_blackhole_found_by_silence(dial, network, far_node):
    since = far_node.mark()
    line = dial("--set", 'expect={max_silence="4s"}', "--set", "stall_timeout=20s", hold="30s")
    far_node.wait_event("open", since)
    network.filter("server", "input", "drop")
    line.report().fails("net_blackhole", "hold", owner="network", lasted=(4, 15))


def test_the_cable_is_pulled(dial, network, far_node):
    since = far_node.mark()
    line = dial("--set", "stall_timeout=2s", hold="30s")
    far_node.wait_event("open", since)
    network.cable("down")
    line.report().fails("net_blackhole", "hold", close=(1006, "network", "timeout"), owner="network", lasted=(1, 15))


def test_a_middlebox_resets_the_line(dial, network, far_node):
    since = far_node.mark()
    line = dial(hold="30s")
    far_node.wait_event("open", since)
    network.filter("server", "input", f"{port(far_node)} reject with tcp reset")
    line.report().fails("ws_reset", "hold", close=(1006, "server", "rst"), lasted=(0, 10))


def test_loss(dial, network, far_node):
    """Every fifth packet with data is dropped, so that some are lost whenever the limit on silence strikes."""
    since = far_node.mark()
    line = dial("--set", 'expect={max_silence="4s"}', path="/mute", hold="30s")
    far_node.wait_event("open", since)
    network.filter("server", "input", f"{port(far_node)} tcp flags & psh == psh numgen inc mod 5 0 drop")
    line.report().fails("net_lossy", "hold", owner="network", lasted=(4, 15))


def test_loss_that_does_no_harm(dial, network, far_node):
    since = far_node.mark()
    line = dial(hold="4s")
    far_node.wait_event("open", since)
    network.filter("server", "input", f"{port(far_node)} tcp flags & psh == psh numgen inc mod 20 0 drop")
    line.report().succeeds(warnings=["retransmits"])


# --- names ---


@pytest.fixture(scope="module")
def dnsmasq(cabled, run_dir):
    """A name server on the other end of the cable, with the authority over example.com and nobody to ask."""
    records = [
        f"--address=/voice.example.com/{SERVER}",
        "--address=/six.example.com/2001:db8::1",
        "--txt-record=text.example.com,no address here",
        "--local=/example.com/",
    ]
    options = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--log-facility=-"]
    listen = [f"--listen-address={SERVER}", "--bind-interfaces"]
    with Server("dnsmasq", [*cabled.server, "dnsmasq", *options, *listen, *records], run_dir) as server:
        server.wait_log("started, version")
        yield server


@pytest.fixture
def resolving(network, dnsmasq):
    network.name_servers(SERVER)


@pytest.mark.usefixtures("resolving")
def test_a_name(probe):
    probe(host="voice.example.com").succeeds(status=101)


@pytest.mark.usefixtures("resolving")
@pytest.mark.parametrize(
    "host, reason, owner",
    [
        ("nobody.example.com", "dns_nxdomain", "configuration"),
        ("text.example.com", "dns_no_address", "configuration"),
        ("elsewhere.example.org", "dns_refused", "network"),
    ],
)
def test_names_without_an_address(probe, host, reason, owner):
    probe(host=host).fails(reason, "resolve", owner=owner)


@pytest.mark.usefixtures("resolving")
def test_a_name_with_ipv6_only(probe):
    probe(host="six.example.com").fails("tcp_no_ipv6_route", "connect", owner="configuration")


@pytest.mark.usefixtures("resolving")
def test_questions_are_dropped(probe, network):
    network.filter("server", "input", "udp dport 53 drop", "tcp dport 53 drop")
    probe("--set", "resolve_timeout=1s", host="voice.example.com").fails("dns_timeout", "resolve", owner="network")


def test_nobody_listens_on_the_name_servers_port(probe, network):
    network.name_servers(ABSENT)
    probe("--set", "resolve_timeout=1s", host="voice.example.com").fails("dns_timeout", "resolve", owner="network")


def test_no_name_server_is_configured(probe, network):
    network.name_servers()
    probe(host="voice.example.com").is_inconclusive("local_dns_config", "resolve", owner="prober")
