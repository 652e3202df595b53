"""Alert and recording rules, by promtool: their form, their unit tests, the names in them, and that each alert has its page."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from kit.daemon import Daemon, monitor
from kit.process import Server, free_port
from stack import hastened_rules


@pytest.fixture(scope="module")
def prometheus(root):
    return root / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def alerts(prometheus):
    groups = yaml.safe_load((prometheus / "sidetone.alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def records(prometheus):
    groups = yaml.safe_load((prometheus / "sidetone.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def unit_tests(prometheus):
    for path in sorted((prometheus / "tests").glob("*.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            yield from test.get("alert_rule_test", [])


def passes(*command, cwd=None, text=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- by promtool ---


def test_the_rules_have_no_complaint(prometheus):
    passes("promtool", "check", "rules", "--lint=all", "--lint-fatal", "sidetone.rules.yml", "sidetone.alerts.yml", cwd=prometheus)


def test_the_example_configuration_has_no_complaint(prometheus):
    assert "2 rule files found" in passes("promtool", "check", "config", "prometheus.yml", cwd=prometheus)


def test_unit_tests(prometheus):
    passes("promtool", "test", "rules", *sorted((prometheus / "tests").glob("*.yml")))


def test_a_changed_threshold_is_noticed(prometheus, tmp_path):
    """The unit tests can fail."""
    broken = tmp_path / "prometheus"
    shutil.copytree(prometheus, broken)
    rules = broken / "sidetone.alerts.yml"
    text = rules.read_text()
    assert "sidetone_prober_lag_seconds > 0.5" in text
    rules.write_text(text.replace("sidetone_prober_lag_seconds > 0.5", "sidetone_prober_lag_seconds > 5"))
    failed = subprocess.run(["promtool", "test", "rules", broken / "tests" / "prober.yml"], capture_output=True, text=True)
    assert failed.returncode == 1 and "SidetoneProberOverloaded" in failed.stdout + failed.stderr


def test_the_metrics_have_no_complaint(program, run_dir):
    """`check metrics` on what a running sidetone says of a good and several bad endpoints."""
    directory = run_dir / "metrics"
    directory.mkdir()
    port = free_port()
    with Server("metrics-practice", [program.binary, "practice", "--listen", f"127.0.0.1:{port}"], directory) as practice:
        practice.wait_listening(port)
        paths = {"good": "echo", "dropped": "drop-after-0.8s", "gateway": "http-502"}
        monitors = [monitor(name, f"ws://127.0.0.1:{port}/{path}") for name, path in paths.items()]
        with Daemon(program, directory, "metrics", *monitors) as daemon:
            daemon.wait_probed(*paths)
            assert passes("promtool", "check", "metrics", text=daemon.get("/metrics")[1]) == ""


# --- completeness ---


def test_every_alert_has_a_firing_and_a_silent_case(prometheus, alerts):
    fires, silent = set(), set()
    for case in unit_tests(prometheus):
        for expected in case["exp_alerts"]:
            fires.add((case["alertname"], expected["exp_labels"]["severity"]))
        if not case["exp_alerts"]:
            silent.add(case["alertname"])
    assert {(alert["alert"], alert["labels"]["severity"]) for alert in alerts} == fires
    assert {alert["alert"] for alert in alerts} - {"Watchdog"} == silent, "Watchdog alone is never silent"


def test_every_metric_in_the_rules_exists(program, alerts, records):
    families = {family["name"] for family in json.loads(program.run("metrics", "--json").stdout)}
    recorded = {rule["record"] for rule in records}
    texts = [rule["expr"] for rule in alerts + records] + [rule["annotations"]["description"] for rule in alerts]
    named = set(re.findall(r"[a-z][a-z0-9_:]*", "\n".join(texts)))
    plain = {name for name in named if name.startswith("sidetone_")}
    plain = {name if name in families else re.sub("_(bucket|count|sum)$", "", name) for name in plain}
    assert {name for name in named if ":" in name and "sidetone" in name} - {"sidetone:"} == recorded, "each is used, and each exists"
    assert plain <= families
    assert len(plain) > 15


def test_every_label_that_the_rules_match_exists(program, alerts, records):
    """Values of `state`, `finding` and `reason` are closed lists: a misspelt one would never fire."""
    texts = "\n".join(rule["expr"] for rule in alerts + records)
    reasons = {row["reason"] for row in json.loads(program.run("reasons", "--json").stdout)}
    matched = re.findall(r'\breason=~?"([^"]+)"', texts)
    assert matched and all(any(re.fullmatch(part, reason) for reason in reasons) for part in matched)
    states = {value for part in re.findall(r'\bstate=~?"([^"]+)"', texts) for value in part.split("|")}
    assert states <= {"ok", "suspect", "down", "unknown"}


def test_form(alerts):
    """The conventions of monitoring mixins: names, severities, annotations."""
    for alert in alerts:
        name, annotations = alert["alert"], alert["annotations"]
        assert name == "Watchdog" or name.startswith("Sidetone")
        assert alert["labels"]["severity"] in {"critical", "warning", "info", "none"}
        assert "{{" not in annotations["summary"] and annotations["summary"].endswith("."), name
        assert annotations["description"].strip(), name
        assert annotations["runbook_url"] == f"https://runbooks.example.com/sidetone/{name}"
        about_monitor = "monitor_url" in annotations
        if about_monitor:
            assert annotations["monitor_url"] == "https://sidetone.example.com/monitors/{{ $labels.monitor | urlquery }}"
            assert annotations["dashboard_url"].startswith("https://grafana.example.com/d/sidetone-monitor?var-monitor={{ $labels.monitor")


def test_ranges_bear_a_slow_scrape(alerts, records):
    """At least four times a scrape interval of 60 s, so that `rate` has its samples."""
    for rule in alerts + records:
        for amount, unit in re.findall(r"\[(\d+)([smhd])\]", rule["expr"]):
            assert int(amount) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] >= 240, rule


def test_every_alert_has_its_page_and_every_page_its_alert(root, alerts):
    pages = {path.stem for path in (root / "docs" / "runbooks").glob("*.md")} - {"README"}
    assert pages == {alert["alert"] for alert in alerts}
    index = (root / "docs" / "runbooks" / "README.md").read_text()
    for alert in alerts:
        page = (root / "docs" / "runbooks" / f"{alert['alert']}.md").read_text()
        assert page.startswith(f"# {alert['alert']}\n")
        for section in ("## Meaning", "## First five minutes", "## Causes", "## Escalate"):
            assert section in page, f"{alert['alert']} lacks {section}"
        first = page.split("## First five minutes")[1].split("## Causes")[0]
        assert "\n$ sidetone " in first, f"{alert['alert']} has no command to run"
        assert f"({alert['alert']}.md)" in index


def test_links_of_the_runbooks_lead_somewhere(root):
    folder = root / "docs" / "runbooks"
    for path in folder.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if not link.startswith("https://"):
                assert (folder / link).exists(), f"{path.name}: {link}"


# --- what the end-to-end check changes, and what a user changes ---


def test_hastened_rules_differ_in_their_times_alone(prometheus):
    shipped = yaml.safe_load((prometheus / "sidetone.alerts.yml").read_text())
    hastened = yaml.safe_load(hastened_rules((prometheus / "sidetone.alerts.yml").read_text()))
    assert shipped != hastened
    for document in (shipped, hastened):
        for group in document["groups"]:
            for rule in group["rules"]:
                rule.pop("for", None), rule.pop("keep_firing_for", None)
    assert shipped == hastened


def test_set_urls(root, tmp_path):
    deploy = tmp_path / "deploy"
    shutil.copytree(root / "deploy", deploy)
    urls = ("https://sidetone.corp.test", "https://grafana.corp.test/", "https://wiki.corp.test/voice")
    passes(deploy / "set-urls.sh", *urls)
    for path in (deploy / "prometheus" / "sidetone.alerts.yml", deploy / "alertmanager" / "sidetone.tmpl"):
        text = path.read_text()
        assert ".example.com" not in text and "https://sidetone.corp.test/monitors/" in text
    passes("promtool", "check", "rules", deploy / "prometheus" / "sidetone.alerts.yml")
    assert subprocess.run([deploy / "set-urls.sh", "ftp://x", "y", "z"], capture_output=True).returncode == 2
