"""The daemon: scraped by Prometheus, told by signals, started by systemd's rules."""

import json
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from kit.daemon import DEFAULTS, Daemon, monitor, value
from kit.pki import HOST
from kit.process import Server, free_port, wait_until

LONG_HOLD = DEFAULTS.replace('interval = "5s"', 'interval = "14s"').replace('hold = "500ms"', 'hold = "10s"')


@pytest.fixture(scope="module")
def directory(run_dir):
    path = run_dir / "daemon"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def daemon(program, directory, node, nginx, backends, pki):
    """Four monitors: good, good over TLS, dropped as in incident I1, and nothing there."""
    tls = nginx.ports.tls
    trust = (f'ca_file = "{pki.root.cert}"', f'connect_to = "127.0.0.1:{tls}"')
    monitors = [
        monitor("good", f"ws://127.0.0.1:{node.port}/echo?token=canary-in-the-query", 'labels = { team = "voice" }'),
        monitor("good-tls", f"wss://{HOST}:{tls}/echo", *trust),
        monitor("dropped", f"ws://127.0.0.1:{node.port}/terminate", 'raw = { frame = "none", hello = ["hi"] }'),
        monitor("refused", f"ws://127.0.0.1:{backends['dead']}/echo"),
    ]
    with Daemon(program, directory, "daemon", *monitors) as running:
        running.wait_probed("good", "good-tls", "dropped", "refused")
        yield running


# --- what it tells ---


def test_the_metrics_have_no_complaint(daemon):
    text = daemon.get("/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert "canary" not in text and "canary" not in daemon.text()


def test_the_metrics_say_what_came_out(daemon):
    text = daemon.get("/metrics")[1]
    for name, up in [("good", 1), ("good-tls", 1), ("dropped", 0), ("refused", 0)]:
        assert value(text, "sidetone_monitor_up", monitor=name) == up, name
        assert value(text, "sidetone_probes_total", monitor=name) >= 1
        assert value(text, "sidetone_probes_inconclusive_total", monitor=name) == 0
    assert value(text, "sidetone_probe_failure_reasons_total", monitor="dropped", reason="ws_eof") >= 1
    assert value(text, "sidetone_probe_failure_reasons_total", monitor="refused", reason="tcp_refused") >= 1
    assert value(text, "sidetone_probe_failures_total", monitor="dropped", phase="hold") >= 1
    assert value(text, "sidetone_probe_failures_total", monitor="good", phase="hold") == 0
    assert value(text, "sidetone_close_code", monitor="good") == 1000
    assert value(text, "sidetone_close_code", monitor="dropped") == 1006
    assert value(text, "sidetone_monitor_info", monitor="good", team="voice") == 1
    assert value(text, "sidetone_config_last_reload_successful") == 1
    expires = value(text, "sidetone_tls_certificate_not_after_timestamp_seconds", monitor="good-tls", certificate="leaf")
    assert 25 < (expires - time.time()) / 86400 < 31


def test_health_and_pages(daemon):
    for path in ("/-/healthy", "/-/ready", "/", "/monitors/good", "/api/v1/monitors/dropped", "/api/v1/monitors/dropped/reports"):
        assert daemon.get(path)[0] == 200, path
    assert daemon.get("/monitors/nobody")[0] == 404
    reports = json.loads(daemon.get("/api/v1/monitors/dropped/reports?outcome=failure")[1])["reports"]
    assert reports[0]["reason"] == "ws_eof" and reports[0]["schema"] == 1


def test_probe_on_demand(daemon):
    status, text = daemon.get("/probe?target=good")
    assert (status, value(text, "probe_success")) == (200, 1)
    status, text = daemon.get("/probe?target=refused")
    assert (status, value(text, "probe_success")) == (200, 0)
    assert daemon.get("/probe?target=ws://127.0.0.1:1/")[0] == 400, "only configured names, as anything else would be forgery"


PROMETHEUS = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: sidetone
    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]
  - job_name: voice
    scrape_interval: 3s
    scrape_timeout: 3s
    metrics_path: /probe
    static_configs: [{{ targets: [good, dropped] }}]
    relabel_configs:
      - {{ source_labels: [__address__], target_label: __param_target }}
      - {{ source_labels: [__param_target], target_label: instance }}
      - {{ target_label: __address__, replacement: "127.0.0.1:{port}" }}
"""


def test_a_prometheus_server_scrapes_it(daemon, directory):
    """Once as an exporter, once in the manner of blackbox_exporter."""
    config = directory / "prometheus.yml"
    config.write_text(PROMETHEUS.format(port=daemon.port))
    port = free_port()
    storage = ("--storage.tsdb.path", directory / "prometheus-data")
    command = ["prometheus", "--config.file", config, *storage, "--web.listen-address", f"127.0.0.1:{port}"]
    with Server("prometheus", command, directory) as prometheus:
        prometheus.wait_log("Server is ready to receive web requests", timeout=30)

        def query(expression):
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
            with urllib.request.urlopen(url, timeout=10) as response:
                return {row["metric"].get("instance"): float(row["value"][1]) for row in json.load(response)["data"]["result"]}

        scraped = lambda: query("up") == {f"127.0.0.1:{daemon.port}": 1, "good": 1, "dropped": 1}
        wait_until(scraped, "up == 1 for every target", 30, prometheus.alive)
        assert query("probe_success") == {"good": 1, "dropped": 0}
        assert query('sidetone_monitor_up{monitor="good"}') == {f"127.0.0.1:{daemon.port}": 1}


# --- what it is told ---


def test_sigterm_says_goodbye_to_the_open_line(program, directory, node):
    since = node.settled()
    line = monitor("long", f"ws://127.0.0.1:{node.port}/mute")
    with Daemon(program, directory, "drained", line, defaults=LONG_HOLD) as daemon:
        node.wait_event("open", since, timeout=30, path="/mute")
        began = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(10) == 0
        assert time.monotonic() - began < 5
    assert node.wait_event("close", since, path="/mute")["code"] == 1000


def test_sighup_keeps_what_did_not_change(program, directory, node):
    url = f"ws://127.0.0.1:{node.port}"
    kept, gone = monitor("kept", f"{url}/echo"), monitor("gone", f"{url}/mute")
    with Daemon(program, directory, "reloaded", kept, gone) as daemon:
        daemon.wait_probed("kept", "gone")
        counted = daemon.value("sidetone_probes_total", monitor="kept")

        daemon.write(kept, monitor("new", f"{url}/ping"))
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: set(daemon.monitors()) == {"kept", "new"}, "new set of monitors", 10, daemon.alive)
        assert daemon.value("sidetone_probes_total", monitor="kept") >= counted >= 1
        assert daemon.monitors()["kept"]["last_probe"], "its history is still there"
        assert daemon.value("sidetone_probes_total", monitor="gone") is None, "no stale series"

        daemon.write(kept, 'intervall = "1s"')
        daemon.process.send_signal(signal.SIGHUP)
        refused = lambda: daemon.value("sidetone_config_last_reload_successful") == 0
        wait_until(refused, "refusal of a bad file", 10, daemon.alive)
        assert set(daemon.monitors()) == {"kept", "new"}
        daemon.wait_log("did you mean `interval`")

        daemon.write(kept)
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: set(daemon.monitors()) == {"kept"}, "recovery from a bad file", 10, daemon.alive)
        assert daemon.value("sidetone_config_last_reload_successful") == 1


def test_systemd_is_notified(program, directory, node):
    """The protocol of sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names."""
    path = directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(15)
        heard = []

        def hear(word):
            while not any(word in line for line in heard):
                heard.extend(systemd.recv(4096).decode().splitlines())
            heard.clear()

        with Daemon(
            program, directory, "notifying", monitor("one", f"ws://127.0.0.1:{node.port}/echo"), env={"NOTIFY_SOCKET": str(path)}
        ) as daemon:
            hear("READY=1")
            daemon.process.send_signal(signal.SIGHUP)
            hear("RELOADING=1")
            daemon.process.send_signal(signal.SIGTERM)
            hear("STOPPING=1")
            assert daemon.process.wait(10) == 0


def test_a_bad_file_is_refused_at_the_start(sidetone, directory):
    config = directory / "bad.toml"
    config.write_text('[[monitor]]\nname = "a"\nurl = "https://voice.example.com/"\n')
    for command in ("run", "check"):
        done = sidetone.run(command, "--config", config)
        assert done.returncode == 2, done.stderr
        assert "bad.toml:3" in done.stdout + done.stderr
