"""Alertmanager's example by amtool, and the receiver that switches to the fallback, from outside."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import yaml

from kit.process import Server, free_port

TOKEN = "token-of-the-switch"


@pytest.fixture(scope="module")
def config(root, run_dir):
    """The shipped file, with the template at its place in the repository."""
    shipped = root / "deploy" / "alertmanager"
    path = run_dir / "alertmanager.yml"
    path.write_text((shipped / "alertmanager.yml").read_text().replace("/etc/alertmanager/sidetone.tmpl", str(shipped / "sidetone.tmpl")))
    return path


def test_the_configuration_has_no_complaint(config):
    done = subprocess.run(["amtool", "check-config", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout and "8 inhibit rules" in done.stdout


ROUTES = [
    ("dead-mans-switch", "alertname=Watchdog", "severity=none"),
    ("fallback-switch", "alertname=SidetoneUseFallback", "severity=none", "action=switch-mode", "monitor=front-desk"),
    ("pager", "alertname=SidetoneDown", "severity=critical", "monitor=front-desk"),
    ("chat", "alertname=SidetoneLineDropped", "severity=warning", "monitor=front-desk"),
    ("ticket", "alertname=SidetoneCertificateNotVerified", "severity=info", "monitor=front-desk"),
    ("chat", "alertname=SomebodyElse"),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route[1])
def test_routes(config, route):
    receiver, *labels = route
    command = ["amtool", "config", "routes", "test", f"--config.file={config}", f"--verify.receivers={receiver}", *labels]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_receiver_has_a_route_that_is_tested(config):
    receivers = {receiver["name"] for receiver in yaml.safe_load(config.read_text())["receivers"]}
    assert receivers == {route[0] for route in ROUTES}


def test_inhibition_names_alerts_that_exist(root, config):
    groups = yaml.safe_load((root / "deploy" / "prometheus" / "sidetone.alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    named = set(re.findall(r"Sidetone[A-Za-z]+", config.read_text())) | {"Watchdog"}
    assert named <= alerts


def test_who_silences_everything_wakes_somebody(root, config):
    """A prober in trouble silences pages: it must be a page itself."""
    groups = yaml.safe_load((root / "deploy" / "prometheus" / "sidetone.alerts.yml").read_text())["groups"]
    source = yaml.safe_load(config.read_text())["inhibit_rules"][0]["source_matchers"][0]
    for name in re.findall(r"Sidetone[A-Za-z]+", source):
        assert {rule["labels"]["severity"] for group in groups for rule in group["rules"] if rule["alert"] == name} == {"critical"}


# --- the switch ---


class Switch(Server):
    def __init__(self, root, directory, *targets, options=()):
        (directory / "token").write_text(TOKEN + "\n")
        self.port = free_port()
        script = root / "deploy" / "alertmanager" / "fallback_switch.py"
        switches = [part for target in targets for part in ("--switch", target)]
        where = ("--listen", f"127.0.0.1:{self.port}", "--token-file", directory / "token")
        super().__init__("switch", [sys.executable, script, *where, *switches, *options], directory)
        self.wait_listening(self.port)

    def send(self, body, token=TOKEN, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", data, dict(headers), method="POST")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def notification(*alerts):
    return {"version": "4", "alerts": [{"status": status, "labels": {"monitor": monitor}} for monitor, status in alerts]}


@pytest.fixture
def switch(root, tmp_path):
    with Switch(root, tmp_path, f"front-desk={tmp_path / 'mode'}") as server:
        server.mode = lambda: (tmp_path / "mode").read_text() if (tmp_path / "mode").exists() else None
        yield server


def test_there_and_back_and_again(switch):
    for status, mode in [("firing", "traditional"), ("firing", "traditional"), ("resolved", "realtime"), ("resolved", "realtime")]:
        assert switch.send(notification(("front-desk", status))) == (200, {"front-desk": mode})
        assert switch.mode() == mode + "\n"
    assert switch.text().count("front-desk: traditional") == 1, "a repetition is no news"


def test_it_is_over_when_nothing_fires_any_more(switch):
    """Two locations: one of them still sees it."""
    assert switch.send(notification(("front-desk", "resolved"), ("front-desk", "firing")))[1] == {"front-desk": "traditional"}


def test_other_monitors_are_not_touched(switch):
    assert switch.send(notification(("somebody-else", "firing"))) == (200, {})
    assert switch.mode() is None


@pytest.mark.parametrize("token", [None, "", "wrong", "tök", TOKEN + "x"])
def test_without_the_token_nothing_happens(switch, token):
    assert switch.send(notification(("front-desk", "firing")), token=token and token.encode().decode("latin-1"))[0] == 401
    assert switch.mode() is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"[" * 100_000, 400),
        ([], 400),
        ({"version": "3", "alerts": []}, 400),
        ({"version": "4", "alerts": [{"status": "firing"}]}, 400),
        ({"version": "4", "alerts": [{"status": "odd", "labels": {"monitor": "front-desk"}}]}, 400),
        ({**notification(("front-desk", "firing")), "truncatedAlerts": 1}, 400),
    ],
    ids=["text", "deep", "list", "version", "labels", "status", "truncated"],
)
def test_what_is_no_notification_is_refused(switch, body, status):
    assert switch.send(body)[0] == status
    assert switch.mode() is None


def test_a_body_that_is_too_large_is_not_read(switch):
    assert switch.send(b"{}", headers={"Content-Length": str(2 * 1024 * 1024)}.items())[0] == 413


def test_a_switch_that_fails_is_tried_again_by_alertmanager(root, tmp_path):
    with Switch(root, tmp_path, f"front-desk={tmp_path / 'absent' / 'mode'}") as switch:
        assert switch.send(notification(("front-desk", "firing"))) == (502, {"error": "the switch failed"})


def test_the_switch_may_be_a_url(root, tmp_path):
    """The second switch plays the service: it wants its token, and refuses the body that is no notification."""
    (tmp_path / "service").mkdir()
    with Switch(root, tmp_path / "service", "x=/dev/null") as service:
        target = f"front-desk=http://127.0.0.1:{service.port}/"
        with Switch(root, tmp_path, target) as switch:
            assert switch.send(notification(("front-desk", "firing")))[0] == 502, "401 at the service"
            assert "401" in switch.text()
        with Switch(root, tmp_path, target, options=("--target-token-file", tmp_path / "token")) as switch:
            assert switch.send(notification(("front-desk", "firing")))[0] == 502, "400 at the service: authorized, and another body"
            assert "400" in switch.text()
