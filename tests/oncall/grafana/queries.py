"""The queries of a dashboard, with Grafana's variables filled in."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

DASHBOARDS = Path(__file__).parents[3] / "grafana" / "dashboards"

ALL = {"job": ".+", "instance": ".+", "location": ".*", "monitor": ".+"}
"""What Grafana puts in for the choice All."""


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


@dataclass(frozen=True)
class Query:
    dashboard: str
    panel: str
    expr: str
    instant: bool

    def __str__(self):
        return f"{self.dashboard.removeprefix('sidetone-')}: {self.panel}"


def queries(dashboard):
    uid = dashboard["uid"]
    asked = [
        Query(uid, panel["title"], target["expr"], target["instant"]) for panel in dashboard["panels"] for target in panel.get("targets", [])
    ]
    return asked + [Query(uid, f"annotation {one['name']}", one["expr"], False) for one in dashboard["annotations"]["list"]]


def filled(expr, rate_interval="5m", **chosen):
    """`expr` with the variables as Grafana fills them in: All, if nothing is chosen."""
    values = {**ALL, "__rate_interval": rate_interval, **chosen}
    for name, value in values.items():
        expr = re.sub(rf"\${name}\b|\${{{name}}}", lambda _: value, expr)
    assert "$" not in re.sub(r'"\$1"', "", expr), f"a variable is left in {expr}"
    return expr
