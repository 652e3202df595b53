"""A fleet beside a real Prometheus: its hashmod, its lists of targets, and ours as a list for it."""

import json
import urllib.error
import urllib.request

import pytest

from kit.daemon import DEFAULTS, Daemon, value
from kit.process import Server, free_port, wait_until

# Names, as targets: Prometheus' __address__ may be any text without a slash.
NAMES = [f"agent-{i}" for i in range(40)] + ["booking-agent", "eu.west_1", "9to5", "a"]
SHARDS = 3

PROMETHEUS = """\
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: shards
    file_sd_configs: [{{ files: ["{list}"], refresh_interval: 5s }}]
    relabel_configs:
      - {{ source_labels: [__address__], modulus: {shards}, target_label: shard, action: hashmod }}
      - {{ source_labels: [__address__], target_label: name }}
      - {{ target_label: __address__, replacement: "127.0.0.1:1" }}
  - job_name: voice
    http_sd_configs: [{{ url: "http://127.0.0.1:{daemon}/sd/targets", refresh_interval: 1s }}]
"""


@pytest.fixture(scope="module")
def directory(run_dir):
    path = run_dir / "fleet"
    path.mkdir()
    return path


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return json.load(response)


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=10):
            return True
    except urllib.error.HTTPError:
        return False


def targets(port, job):
    active = ask(port, "/api/v1/targets?state=active")["data"]["activeTargets"]
    return [target for target in active if target["labels"]["job"] == job]


def discovery(listing, url):
    return "\n".join(["[[discovery]]", 'name = "inventory"', f'files = ["{listing}"]', 'refresh_interval = "1s"', "[discovery.monitor]", f'url = "{url}"', ""])


@pytest.fixture(scope="module")
def daemon(program, directory, node):
    """Two monitors from a list in YAML."""
    listing = directory / "inventory.yml"
    listing.write_text("- targets: [echo, terminate]\n  labels: {team: voice, __meta_dc: fra}\n")
    with Daemon(program, directory, "discovered", discovery(listing, f"ws://127.0.0.1:{node.port}/{{target}}")) as running:
        running.wait_probed("echo", "terminate")
        running.listing = listing
        yield running


@pytest.fixture(scope="module")
def prometheus(directory, daemon):
    listing = directory / "names.json"
    listing.write_text(json.dumps([{"targets": NAMES}]))
    config = directory / "prometheus.yml"
    config.write_text(PROMETHEUS.format(list=listing, shards=SHARDS, daemon=daemon.port))
    port = free_port()
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"]
    with Server("fleet-prometheus", command, directory) as server:
        server.wait_listening(port, timeout=30)
        wait_until(lambda: is_ready(port), "readiness", 30, server.alive)
        server.port = port
        yield server


def test_shards_are_those_of_prometheus(program, directory, prometheus):
    """The same names through `action: hashmod` and through `--shard`."""
    wait_until(lambda: len(targets(prometheus.port, "shards")) == len(NAMES), "all names", 30, prometheus.alive)
    theirs = {target["labels"]["name"]: int(target["labels"]["shard"]) for target in targets(prometheus.port, "shards")}
    assert set(theirs.values()) == set(range(SHARDS)), "each shard has some"
    config = directory / "shards.toml"
    config.write_text(discovery(directory / "names.json", "ws://{target}.example.com/"))
    ours = {}
    for shard in range(SHARDS):
        page = program.run("check", "--config", config, "--shard", f"{shard}/{SHARDS}")
        rows = page.stdout.split("\n\n")[0].splitlines()[1:]
        ours.update({row.split()[0]: shard for row in rows})
    assert ours == theirs


def test_a_list_becomes_monitors(daemon):
    text = daemon.get("/metrics")[1]
    assert value(text, "sidetone_monitor_info", monitor="echo", team="voice") == 1
    assert value(text, "sidetone_monitor_up", monitor="echo") == 1
    assert value(text, "sidetone_monitor_up", monitor="terminate") == 0
    assert value(text, "sidetone_discovery_targets", discovery="inventory") == 2
    assert value(text, "sidetone_discovery_last_refresh_successful", discovery="inventory") == 1


def test_prometheus_takes_our_list(daemon, prometheus):
    """Each monitor is scraped as a target of `/probe`, with nothing but the URL in the job."""

    def scraped():
        found = {target["labels"]["monitor"]: target for target in targets(prometheus.port, "voice")}
        return found if len(found) == 2 and all(target["health"] == "up" for target in found.values()) else None

    wait_until(scraped, "scrapes of both", 60, prometheus.alive)
    for name, target in scraped().items():
        assert target["scrapeUrl"] == f"http://127.0.0.1:{daemon.port}/probe?target={name}"
        assert (target["labels"]["instance"], target["labels"]["team"]) == (name, "voice")
        assert target["scrapeInterval"] == "5s", "the monitor's own"
    result = ask(prometheus.port, "/api/v1/query?query=probe_success")["data"]["result"]
    assert {row["metric"]["monitor"]: row["value"][1] for row in result} == {"echo": "1", "terminate": "0"}


def test_a_change_of_the_list_is_one_of_the_monitors(daemon):
    before = value(daemon.get("/metrics")[1], "sidetone_probes_total", monitor="echo")
    daemon.listing.write_text("- targets: [echo]\n  labels: {team: voice, __meta_dc: fra}\n")
    wait_until(lambda: daemon.value("sidetone_monitors") == 1, "the list taken over", 20, daemon.alive)
    text = daemon.get("/metrics")[1]
    assert 'monitor="terminate"' not in text
    assert value(text, "sidetone_probes_total", monitor="echo") >= before, "an unchanged monitor goes on"
    daemon.listing.write_text("nonsense")
    wait_until(lambda: daemon.value("sidetone_discovery_last_refresh_successful", discovery="inventory") == 0, "the complaint", 20)
    assert daemon.value("sidetone_monitors") == 1, "the last good list stays in force"
