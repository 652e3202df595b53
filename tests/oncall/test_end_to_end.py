"""From a line that drops to whoever is paged, and back: the shipped rules, routes and messages in the real programs."""

import json
import signal

import pytest

from kit.daemon import Daemon
from kit.daemon import monitor as monitor_text
from kit.process import wait_until

# What each monitor is made to suffer, and the page that it must lead to.
SPELLS = {
    "dropped": ("SidetoneDown", "ws_eof", "hold", "server"),
    "gateway": ("SidetoneDown", "http_502", "upgrade", "edge"),
    "certificate": ("SidetoneCertificateBroken", "tls_cert_expired", "tls", "edge"),
    "lookup": ("SidetoneResolveFailing", "dns_nxdomain", "resolve", "configuration"),
}


def paged(stack, monitor):
    alert = SPELLS[monitor][0]
    return stack.wait(lambda: stack.receiver.pages(f"{alert} {monitor}"), f"page {alert} {monitor}")[0]


def text_of(page):
    return page["payload"]["custom_details"]["what"]


@pytest.mark.parametrize("monitor", SPELLS)
def test_the_right_alert_fires_and_pages(oncall_stack, monitor):
    name, reason, phase, owner = SPELLS[monitor]
    page = paged(oncall_stack, monitor)
    (alert,) = oncall_stack.alerts(alertname=name, monitor=monitor)
    wanted = {"reason": reason, "phase": phase, "owner": owner, "severity": "critical", "location": "fra", "instance": oncall_stack.instance}
    assert wanted.items() <= alert["labels"].items()
    assert alert["annotations"]["monitor_url"].endswith(f"/monitors/{monitor}")
    assert page["payload"]["summary"] == f"[FIRING critical] {name} {monitor} from fra"
    assert page["client_url"] == f"https://sidetone.example.com/monitors/{monitor}"
    lines = text_of(page).splitlines()
    assert f"reason: {reason} · phase: {phase} · owner: {owner}" in lines
    assert f"do: sidetone diagnose {monitor}" in lines
    assert f"runbook: https://runbooks.example.com/sidetone/{name}" in lines
    assert any(line.startswith("who must act: whoever ") for line in lines)


def test_the_page_of_a_dropped_line_says_when_it_dropped(oncall_stack):
    text = text_of(paged(oncall_stack, "dropped"))
    assert "The line lived 0.8 s, close code 1006." in text
    (oncall_stack.dir / "page.txt").write_text(text)


def test_what_is_silenced(oncall_stack):
    """A lookup that fails silences everything else about its monitor, a broken certificate that its monitor is down."""
    for monitor in ("lookup", "certificate"):
        paged(oncall_stack, monitor)
        silenced = lambda: [alert["status"]["inhibitedBy"] for alert in oncall_stack.alerts(alertname="SidetoneDown", monitor=monitor)]
        oncall_stack.wait(lambda: silenced() and all(silenced()), f"inhibition of SidetoneDown {monitor}")
        assert not oncall_stack.receiver.pages(f"SidetoneDown {monitor}")
    others = [alert for alert in oncall_stack.alerts(monitor="lookup") if alert["labels"]["alertname"] != "SidetoneResolveFailing"]
    assert others and all(alert["status"]["inhibitedBy"] for alert in others)


def test_down_silences_dropped(oncall_stack):
    paged(oncall_stack, "dropped")
    dropped = lambda: oncall_stack.alerts(alertname="SidetoneLineDropped", monitor="dropped")
    oncall_stack.wait(lambda: dropped() and all(alert["status"]["inhibitedBy"] for alert in dropped()), "silenced SidetoneLineDropped")
    assert not oncall_stack.receiver.chat("SidetoneLineDropped dropped")


def test_a_good_monitor_is_left_alone(oncall_stack):
    assert oncall_stack.alerts(monitor="steady") == []
    assert oncall_stack.alerts(alertname="SidetoneDownEverywhere") == [], "one location is no quorum"


def test_the_dead_mans_switch_is_fed(oncall_stack):
    fed = lambda: len(oncall_stack.receiver.of("/watchdog"))
    before = fed()
    oncall_stack.wait(lambda: fed() >= before + 2, "two more notifications of Watchdog")


def test_the_service_goes_to_its_fallback(oncall_stack):
    oncall_stack.wait(lambda: oncall_stack.mode() == "traditional\n", "traditional mode")
    assert not [page for page in oncall_stack.receiver.of("/pagerduty") if "SidetoneUseFallback" in page["payload"]["summary"]]


def test_a_failed_reload_comes_to_the_chat(oncall_stack):
    oncall_stack.broken_configuration()
    title = "[FIRING warning] SidetoneConfigReloadFailed from fra"
    said = oncall_stack.wait(lambda: oncall_stack.receiver.chat(title), "chat message")[0]
    assert f"{oncall_stack.instance} could not load its configuration" in said["text"]
    assert said["title_link"] == "https://runbooks.example.com/sidetone/SidetoneConfigReloadFailed"
    oncall_stack.bad()
    oncall_stack.wait(lambda: oncall_stack.receiver.chat("[RESOLVED] SidetoneConfigReloadFailed"), "its end in the chat")


def test_it_is_over_after_the_cure(oncall_stack):
    for monitor in SPELLS:
        paged(oncall_stack, monitor)
        assert not oncall_stack.receiver.pages(monitor, "resolve")
    oncall_stack.good()
    oncall_stack.wait_states("ok", [*SPELLS, "front-desk"])
    for monitor, (name, *_) in SPELLS.items():
        ended = lambda: oncall_stack.receiver.pages(f"{name} {monitor}", "resolve")
        oncall_stack.wait(ended, f"end of {name} {monitor}")
    wanted = "[RESOLVED] SidetoneDown dropped from fra"
    (end,) = oncall_stack.receiver.pages("SidetoneDown dropped", "resolve")
    assert end["payload"]["summary"] == wanted
    quiet = lambda: not oncall_stack.alerts(alertname="SidetoneDown")
    oncall_stack.wait(quiet, "end of every SidetoneDown")
    oncall_stack.wait(lambda: oncall_stack.mode() == "realtime\n", "realtime mode")


def test_a_prober_in_trouble_silences_what_it_says(oncall_stack):
    """A prober that hangs: nothing of it may look resolved, and only SidetoneAbsent is heard. The last one, as the lag of the stop is seen for a minute."""
    began = lambda: len(oncall_stack.receiver.pages("SidetoneDown dropped"))
    earlier = began()
    oncall_stack.bad()
    oncall_stack.wait(lambda: began() > earlier, "another page SidetoneDown dropped")
    over = lambda: len(oncall_stack.receiver.pages("SidetoneDown dropped", "resolve"))
    before = over()
    oncall_stack.daemon.signal(signal.SIGSTOP)
    try:
        page = oncall_stack.wait(lambda: oncall_stack.receiver.pages("SidetoneAbsent"), "page SidetoneAbsent")[0]
        assert "cannot be scraped from fra" in text_of(page)
        gone = lambda: not oncall_stack.alerts(monitor="dropped", alertname="SidetoneDown")
        of_monitors = lambda: [alert for alert in oncall_stack.alerts(instance=oncall_stack.instance) if "monitor" in alert["labels"]]
        loud = lambda: {alert["labels"]["alertname"] for alert in of_monitors() if not alert["status"]["inhibitedBy"]}
        silenced = lambda: loud() <= {"SidetoneUseFallback"}
        oncall_stack.wait(silenced, "inhibition of all that the prober says")
        oncall_stack.wait(gone, "end of SidetoneDown")
        assert over() == before, "an end was told that nobody saw"
    finally:
        oncall_stack.daemon.signal(signal.SIGCONT)
    oncall_stack.wait(lambda: oncall_stack.receiver.pages("SidetoneAbsent", "resolve"), "end of SidetoneAbsent")


def test_a_prober_that_suspects_itself(oncall_stack, program, run_dir):
    """The stack reaches what it watches and says so; one that reaches nothing at three places suspects itself."""
    assert [row["value"][1] for row in oncall_stack.query("sidetone_prober_suspect")] == ["0"]
    assert oncall_stack.alerts(alertname="SidetoneControlLineDown") == []
    closed = [monitor_text(f"closed-{n}", f"ws://127.0.0.{n}:9/") for n in (2, 3, 4)]
    with Daemon(program, run_dir, "suspect", *closed) as daemon:
        suspected = lambda: daemon.value("sidetone_prober_suspect") == 1 and daemon.value("sidetone_control_line_up") == 1
        wait_until(suspected, "suspicion", 30, daemon.alive)
