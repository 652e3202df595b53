"""The rules of grafana/dashboard-linter, which is a Go program, and some of our own about the layout.

What each rule asks is described at https://github.com/grafana/dashboard-linter/blob/main/docs/index.md. A rule yields a text for each
fault. Where the linter looks at some kinds of panels only, all kinds are looked at here.
"""

import re

from . import promql
from .queries import filled

RATES = {"rate", "irate", "increase"}

# Units that the dashboards use, all from packages/grafana-data/src/valueFormats/categories.ts of Grafana.
UNITS = {"none", "short", "percentunit", "s", "d", "bytes", "Bps", "ops", "cps", "pps", "dateTimeFromNow"}

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

RULES = {}


def rule(function):
    RULES[function.__name__.replace("_", "-")] = function
    return function


def faults(dashboard, exceptions=()):
    """`(rule, text)` for each fault; `exceptions` are `(rule, uid, panel)`."""
    skipped = {(name, panel) for name, uid, panel in exceptions if uid == dashboard["uid"]}
    return [(name, text) for name, check in RULES.items() for panel, text in check(dashboard) if (name, panel) not in skipped]


def _panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _targets(dashboard):
    return [(panel["title"], target["expr"]) for panel in _panels(dashboard) for target in panel.get("targets", [])]


def _variables(dashboard, kind=None):
    listed = dashboard["templating"]["list"]
    return {one["name"]: one for one in listed if kind in (None, one["type"])}


def _selectors(dashboard):
    for title, expr in _targets(dashboard):
        try:
            yield from ((title, selector, above) for selector, above in promql.selectors(filled(expr)))
        except ValueError:
            pass  # target-promql has it


# --- variables ---


@rule
def template_datasource(dashboard):
    found = _variables(dashboard, "datasource")
    if list(found) != ["datasource"] or found["datasource"]["label"] != "Data source" or found["datasource"]["query"] != "prometheus":
        yield "", "there is to be one variable of the type datasource, `datasource`, labelled `Data source`, for prometheus"
    if dashboard["templating"]["list"][0]["name"] != "datasource":
        yield "", "the data source is chosen first"


def _template(dashboard, name, every=".+"):
    one = _variables(dashboard, "query").get(name)
    if not one:
        yield "", f"there is no query variable `{name}`"
        return
    wanted = {"label": name.capitalize(), "datasource": DATASOURCE, "multi": True, "includeAll": True, "allValue": every}
    for key, value in wanted.items():
        if one.get(key) != value:
            yield "", f"`{name}`: {key} is {one.get(key)!r} and not {value!r}"


@rule
def template_job(dashboard):
    yield from _template(dashboard, "job")


@rule
def template_instance(dashboard):
    yield from _template(dashboard, "instance")


@rule
def template_location(dashboard):
    """Ours: a target label that may be absent, so that All has to match the empty value."""
    yield from _template(dashboard, "location", every=".*")


@rule
def template_label_promql(dashboard):
    for name, one in _variables(dashboard, "query").items():
        parts = re.fullmatch(r"label_values\((.+), (\w+)\)", one["query"])
        if not parts or parts[2] != name:
            yield "", f"`{name}`: {one['query']} is no label_values(…, {name})"
            continue
        try:
            promql.selectors(filled(parts[1]))
        except ValueError as error:
            yield "", f"`{name}`: {error}"


@rule
def template_on_time_change_reload(dashboard):
    for name, one in _variables(dashboard, "query").items():
        if one.get("refresh") != 2:
            yield "", f"`{name}` is not asked again when the time range changes"


@rule
def template_uneditable(dashboard):
    if dashboard["editable"]:
        yield "", "the dashboard can be edited, and what is edited is lost with the next update"


# --- panels ---


@rule
def panel_datasource(dashboard):
    for panel in _panels(dashboard):
        if panel["datasource"] != DATASOURCE or any(target["datasource"] != DATASOURCE for target in panel["targets"]):
            yield panel["title"], "another data source than ${datasource}"


@rule
def panel_title_description(dashboard):
    for panel in _panels(dashboard):
        if not panel["title"].strip() or not panel["description"].strip().endswith((".", "?")):
            yield panel["title"], "title and description (a sentence) are due"


@rule
def panel_units(dashboard):
    for panel in _panels(dashboard):
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield panel["title"], f"unit {panel['fieldConfig']['defaults'].get('unit')!r}"


@rule
def panel_no_targets(dashboard):
    for panel in _panels(dashboard):
        if not panel["targets"]:
            yield panel["title"], "no query"


@rule
def panel_layout(dashboard):
    """Ours: inside of 24 columns, and no two panels on the same place."""
    taken = {}
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        if grid["x"] < 0 or grid["x"] + grid["w"] > 24 or min(grid["w"], grid["h"]) < 1:
            yield panel["title"], f"outside of the 24 columns: {grid}"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                if taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield panel["title"], f"lies on {taken[x, y]}"
                    return


@rule
def panel_ids(dashboard):
    """Ours: ids and titles are unique; links and exceptions go by them."""
    for key in ("id", "title"):
        listed = [panel[key] for panel in dashboard["panels"]]
        for value in {value for value in listed if listed.count(value) > 1}:
            yield "", f"{key} {value} is there more than once"


# --- queries ---


@rule
def target_promql(dashboard):
    for title, expr in _targets(dashboard):
        try:
            promql.selectors(filled(expr))
        except ValueError as error:
            yield title, str(error)


@rule
def target_rate_interval(dashboard):
    for title, expr in _targets(dashboard):
        for window in re.findall(r"\[([^\]]*)\]", expr):
            if window != "$__rate_interval":
                yield title, f"[{window}] in place of [$__rate_interval]"


@rule
def target_counter_agg(dashboard):
    for title, selector, above in _selectors(dashboard):
        function = getattr(getattr(above[-2], "func", None), "name", None) if len(above) > 1 else None
        if (selector.name or "").endswith("_total") and function not in RATES:
            yield title, f"{selector.name} is a counter and needs a rate"


def _matcher(dashboard, name):
    for title, selector, _ in _selectors(dashboard):
        if promql.matchers(selector).get(name) != ("=~", {"location": ".*"}.get(name, ".+")):
            yield title, f'{selector} lacks {name}=~"${name}"'


@rule
def target_job(dashboard):
    yield from _matcher(dashboard, "job")


@rule
def target_instance(dashboard):
    yield from _matcher(dashboard, "instance")


@rule
def target_location(dashboard):
    yield from _matcher(dashboard, "location")


@rule
def target_monitor(dashboard):
    """Ours: where monitors can be chosen, every series of a monitor follows the choice."""
    if "monitor" in _variables(dashboard):
        for title, selector, _ in _selectors(dashboard):
            if selector.name.startswith("sidetone_") and "monitor" not in promql.matchers(selector):
                yield title, f'{selector} lacks monitor=~"$monitor"'
