"""The Grafana dashboards: of the right form, by the linter's rules, and with data in every query.

No Grafana runs here. What takes its place: its own types as JSON Schemas, the rules of its linter, and a real Prometheus that has
scraped a real sidetone, asked what Grafana would ask.
"""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from grafana import lint, promql
from grafana.queries import DASHBOARDS, dashboards, filled, queries
from grafana.schema import Schemas
from grafana.stack import Stack
from kit.process import wait_until

UIDS = {"sidetone-wall", "sidetone-monitor", "sidetone-prober"}

EXCEPTIONS = [
    # (rule, uid, panel), and why.
    # A table of totals since the start: each row says how often, not how fast.
    ("target-counter-agg", "sidetone-prober", "Inconclusive probes since the start"),
]

# Series that are not sidetone's own: of Prometheus, and of the process.
OTHERS = {"up", "ALERTS"}
TARGET_LABELS = {"job", "instance", "location"}

ALL = dashboards()
EVERY_DASHBOARD = pytest.mark.parametrize("uid", sorted(ALL))
EVERY_QUERY = pytest.mark.parametrize("query", [query for one in ALL.values() for query in queries(one)], ids=str)


@pytest.fixture(scope="module")
def directory(run_dir):
    path = run_dir / "dashboards"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def schemas(cache, directory):
    return Schemas(cache / "node_modules", directory)


@pytest.fixture(scope="session")
def families(program):
    listed = program.run("metrics", "--json")
    return {row["name"]: row for row in json.loads(listed.stdout)}


@pytest.fixture(scope="module")
def stack(program, directory):
    return Stack(program, directory)


# --- the files ---


def test_the_files_are_what_the_generator_writes(program, root):
    command = [sys.executable, root / "grafana" / "build.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "SIDETONE_BIN": program.binary})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_are_three_and_they_lead_to_each_other():
    assert set(ALL) == UIDS
    for uid, one in ALL.items():
        assert (one["uid"], one["id"]) == (uid, None)
        inner = {link["url"]: link for link in one["links"] if link["url"].startswith("/d/")}
        assert set(inner) == {f"/d/{other}" for other in UIDS - {uid}}
        assert all(link["keepTime"] and link["includeVars"] for link in inner.values())
        assert one["refresh"] == "30s"


def test_links_of_values_lead_to_dashboards_and_variables_that_are_there():
    text = json.dumps(ALL)
    for name in ("sidetone_url", "monitor", "datasource"):
        assert f"${{{name}}}" in text
    for uid, one in ALL.items():
        variables = {variable["name"] for variable in one["templating"]["list"]}
        body = json.dumps(one["panels"]) + json.dumps(one["links"])
        assert "${sidetone_url}" not in body or "sidetone_url" in variables, uid
        assert body.count("/d/sidetone-") == sum(body.count(f"/d/{known}") for known in UIDS), uid


def test_every_reason_and_finding_has_a_sentence(program, root):
    """`What is wrong now` speaks in sentences, whatever the reason is."""
    reasons = {row["reason"] for row in json.loads(program.run("reasons", "--json").stdout)}
    for uid in ("sidetone-wall", "sidetone-monitor"):
        known = _mapped(ALL[uid], "What is wrong now", "Why")
        assert reasons <= set(known), reasons - set(known)
        assert all(known[reason].endswith(".") for reason in reasons)
        findings = _mapped(ALL[uid], "Findings", "What the evidence says")
        assert len(findings) >= 50 and all(text.endswith(".") for text in findings.values())


def _mapped(dashboard, title, column):
    (panel,) = (panel for panel in dashboard["panels"] if panel["title"] == title)
    (override,) = (one for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == column)
    (mappings,) = (one["value"] for one in override["properties"] if one["id"] == "mappings")
    return {slug: result["text"] for slug, result in mappings[0]["options"].items()}


# --- Grafana's own types ---


@EVERY_DASHBOARD
def test_schema(schemas, uid):
    assert schemas.faults(ALL[uid]) == []


def _typed(kind):
    """A copy of the dashboards, and the first panel of this kind in it."""
    copied = copy.deepcopy(ALL)
    for one in copied.values():
        for panel in one["panels"]:
            if panel["type"] == kind:
                return one, panel
    raise AssertionError(f"no panel of the kind {kind}")


SPOILED = {
    "unknown key of the dashboard": ("stat", lambda one, panel: one.update(tilte="x")),
    "unknown key of a panel": ("stat", lambda one, panel: panel.update(descripton="x")),
    "place without a width": ("stat", lambda one, panel: panel["gridPos"].pop("w")),
    "stat option": ("stat", lambda one, panel: panel["options"].update(colourMode="none")),
    "stat without an option": ("stat", lambda one, panel: panel["options"].pop("textMode")),
    "bar gauge option": ("bargauge", lambda one, panel: panel["options"].update(displayMode="basik")),
    "state timeline option": ("state-timeline", lambda one, panel: panel["options"].update(rowHieght=0.9)),
    "state timeline choice": ("state-timeline", lambda one, panel: panel["options"].update(showValue="nevr")),
    "heatmap option": ("heatmap", lambda one, panel: panel["options"]["color"].update(schema="Spectral")),
    "table option": ("table", lambda one, panel: panel["options"].update(cellHeight="xl")),
    "time series option": ("timeseries", lambda one, panel: panel["options"]["legend"].update(displayMode="tabel")),
    "time series field": ("timeseries", lambda one, panel: panel["fieldConfig"]["defaults"]["custom"].update(lineWith=2)),
    "field": ("timeseries", lambda one, panel: panel["fieldConfig"]["defaults"].update(units="s")),
    "override": ("table", lambda one, panel: panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.widht", "value": 1})),
    "override of a field": ("table", lambda one, panel: panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "decimal", "value": 1})),
    "mapping": ("stat", lambda one, panel: panel["fieldConfig"]["defaults"].update(mappings=[{"type": "valeu", "options": {}}])),
    "transformation": ("table", lambda one, panel: panel["transformations"][0].update(id="organise")),
    "option of a transformation": ("table", lambda one, panel: panel["transformations"][0]["options"].update(renamed={})),
    "query": ("stat", lambda one, panel: panel["targets"][0].update(legend="x")),
    "kind of panel": ("stat", lambda one, panel: panel.update(type="stats")),
    "annotation": ("stat", lambda one, panel: one["annotations"]["list"][0].update(titelFormat="x")),
    "variable": ("stat", lambda one, panel: one["templating"]["list"][1].update(allValues=".+")),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_slip_in_a_dashboard_is_seen(schemas, what):
    kind, spoil = SPOILED[what]
    one, panel = _typed(kind)
    assert schemas.faults(one) == []
    spoil(one, panel)
    assert len(schemas.faults(one)) >= 1


# --- the linter's rules ---


@EVERY_DASHBOARD
def test_lint(uid):
    assert lint.faults(ALL[uid], EXCEPTIONS) == []


def test_every_exception_is_needed():
    found = {(name, uid, panel) for uid, one in ALL.items() for name, check in lint.RULES.items() for panel, _ in check(one)}
    assert set(EXCEPTIONS) <= found


def _variable(one, name):
    return next(variable for variable in one["templating"]["list"] if variable["name"] == name)


def _query(one, change):
    target = next(panel for panel in one["panels"] if panel.get("targets"))["targets"][0]
    target["expr"] = change(target["expr"])


BROKEN = {
    "template-datasource": lambda one: _variable(one, "datasource").update(name="ds"),
    "template-job": lambda one: _variable(one, "job").update(allValue=".*"),
    "template-instance": lambda one: _variable(one, "instance").update(multi=False),
    "template-location": lambda one: _variable(one, "location").update(allValue=".+"),
    "template-label-promql": lambda one: _variable(one, "job").update(query="label_values(up{job=, job)"),
    "template-on-time-change-reload": lambda one: _variable(one, "job").update(refresh=1),
    "template-uneditable": lambda one: one.update(editable=True),
    "panel-datasource": lambda one: one["panels"][0].update(datasource={"type": "prometheus", "uid": "fixed"}),
    "panel-title-description": lambda one: one["panels"][0].update(description=""),
    "panel-units": lambda one: one["panels"][0]["fieldConfig"]["defaults"].update(unit="seconds"),
    "panel-no-targets": lambda one: one["panels"][0].update(targets=[]),
    "panel-layout": lambda one: one["panels"][1]["gridPos"].update(x=0, y=0),
    "panel-ids": lambda one: one["panels"][1].update(id=one["panels"][0]["id"]),
    "target-promql": lambda one: _query(one, lambda expr: expr + ")"),
    "target-rate-interval": lambda one: _query(one, lambda expr: "rate(x_total[5m])"),
    "target-counter-agg": lambda one: _query(one, lambda expr: "sum(x_total)"),
    "target-job": lambda one: _query(one, lambda expr: expr.replace('job=~"$job",', "")),
    "target-instance": lambda one: _query(one, lambda expr: expr.replace('instance=~"$instance",', "")),
    "target-location": lambda one: _query(one, lambda expr: expr.replace('location=~"$location"', 'location="$location"')),
    "target-monitor": lambda one: _query(one, lambda expr: expr.replace(',monitor=~"$monitor"', "")),
}


@pytest.mark.parametrize("name", lint.RULES)
def test_a_rule_sees_what_it_is_for(name):
    one = copy.deepcopy(ALL["sidetone-wall"])
    assert name not in dict(lint.faults(one))
    BROKEN[name](one)
    assert name in dict(lint.faults(one))


# --- the queries ---


@EVERY_QUERY
def test_names_and_labels_are_sidetones(families, query):
    """A name or label that sidetone does not have would be an empty panel."""
    for selector, _ in promql.selectors(filled(query.expr)):
        name = selector.name
        if name in OTHERS or name.startswith("process_"):
            continue
        found = promql.family(name, families)
        assert found, f"sidetone has no {name}"
        known = TARGET_LABELS | set(found["labels"]) | ({"le"} if name.endswith("_bucket") else set())
        assert set(promql.matchers(selector)) <= known, f"{name} has no {set(promql.matchers(selector)) - known}"


@EVERY_QUERY
def test_the_query_has_data(stack, query):
    expr = filled(query.expr, rate_interval="20s")
    wait_until(lambda: stack.ask(query, expr), f"data for {expr}", 20, stack.prometheus.alive)


def test_a_query_without_data_is_seen(stack):
    query = _of("sidetone-wall", "Monitors")
    assert stack.ask(query, filled(query.expr, monitor="nobody")) == []
    assert stack.over_time("histogram_quantile(0.5, 0 * sidetone_dial_duration_seconds_bucket)") == [], "NaN is no data"


@EVERY_DASHBOARD
def test_every_variable_has_values(stack, uid):
    for variable in ALL[uid]["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = variable["query"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            assert stack.label_values(filled(selector), label), variable["name"]


def _of(uid, title):
    return next(query for query in queries(ALL[uid]) if query.panel == title)


@pytest.mark.parametrize(("location", "locations"), [(".*", {"here", None}), ("", {None}), ("here", {"here"})])
def test_a_location_may_be_chosen_and_may_be_absent(stack, location, locations):
    for uid, title in (("sidetone-wall", "Monitors"), ("sidetone-wall", "What is wrong now"), ("sidetone-prober", "Memory")):
        query = _of(uid, title)
        found = stack.ask(query, filled(query.expr, location=location))
        assert {labels.get("location") for labels, _ in found} == locations, title


def test_a_chosen_monitor_is_the_only_one(stack):
    for query in queries(ALL["sidetone-monitor"]):
        found = stack.ask(query, filled(query.expr, monitor="dropped", rate_interval="20s"))
        assert {labels["monitor"] for labels, _ in found if "monitor" in labels} <= {"dropped"}, query


def test_the_wall_says_who_is_down_and_why(stack):
    tiles = _of("sidetone-wall", "Monitors")
    worst = {labels["monitor"]: value for labels, value in stack.instant(filled(tiles.expr)) if labels.get("location") == "here"}
    assert worst == {"spell": 0, "voice": 0, "tls": 0, "oddity": 0, "listed": 0, "dropped": 3, "gateway": 3, "own-fault": 1}
    wrong = _of("sidetone-wall", "What is wrong now")
    rows = {labels["monitor"]: labels for labels, since in stack.instant(filled(wrong.expr)) if labels.get("location") == "here"}
    told = {name: (row["state"], row["why"], row["phase"], row["owner"]) for name, row in rows.items()}
    assert told == {"dropped": ("down", "ws_eof", "hold", "server"), "gateway": ("down", "http_502", "upgrade", "edge")}


def test_the_bad_spell_is_on_the_timeline(stack):
    states = _of("sidetone-wall", "States")


    def seen():
        points = stack.over_time(filled(states.expr, monitor="spell"))
        return [value for labels, value in points if labels.get("location") == "here"]

    assert {0, 3} <= set(seen())
    # The last point of a range may lie a step before the recovery.
    wait_until(lambda: seen()[-1] == 0, "the recovery on the timeline", 15, stack.prometheus.alive)


def test_the_share_that_lines_lived(stack):
    lived = _of("sidetone-wall", "How long the line lived, of its target")
    shares = {labels["monitor"]: value for labels, value in stack.instant(filled(lived.expr)) if labels.get("location") == "here"}
    assert shares["gateway"] == 0 and 0.75 < shares["dropped"] < 0.95 and shares["spell"] >= 0.99
    assert "own-fault" not in shares, "nothing is known of it"


# --- provisioning ---


def test_provisioning(root):
    folder = root / "grafana" / "provisioning"
    (source,) = _yaml(folder / "datasources" / "prometheus.yml", "datasources")
    assert set(source) == {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
    assert source["type"] == "prometheus" and source["uid"] == "prometheus" and source["jsonData"]["timeInterval"]
    (provider,) = _yaml(folder / "dashboards" / "sidetone.yml", "providers")
    assert set(provider) == {"name", "folder", "type", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds", "options"}
    assert provider["type"] == "file" and provider["allowUiUpdates"] is False and Path(provider["options"]["path"]).is_absolute()


def _yaml(path, key):
    read = yaml.safe_load(path.read_text())
    assert set(read) == {"apiVersion", key} and read["apiVersion"] == 1
    return read[key]


def test_nothing_else_lies_among_the_dashboards():
    assert {path.name for path in DASHBOARDS.iterdir()} == {f"{uid}.json" for uid in UIDS}
