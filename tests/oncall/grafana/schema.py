"""Holds a dashboard against the types of `@grafana/schema`, so that a misspelt option is a fault; Grafana itself passes over those."""

import json
import subprocess
from pathlib import Path

import jsonschema

KINDS = ("stat", "bargauge", "state-timeline", "heatmap", "table", "timeseries")

STRING, FLAG, LIST = {"type": "string"}, {"type": "boolean"}, {"type": "array", "items": {"type": "string"}}

# What the Prometheus data source adds to an annotation; the generated type has the common fields alone.
# grafana/grafana: packages/grafana-prometheus/src/annotations.ts.
ANNOTATION = {"expr": STRING, "step": STRING, "titleFormat": STRING, "textFormat": STRING, "tagKeys": STRING, "useValueForTime": FLAG}

# A query of the Prometheus data source: packages/grafana-prometheus/src/dataquery.ts.
TARGET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["refId", "expr", "datasource", "instant", "range"],
    "properties": {
        "refId": STRING,
        "expr": STRING,
        "legendFormat": STRING,
        "instant": FLAG,
        "range": FLAG,
        "format": {"enum": ["time_series", "table", "heatmap"]},
        "datasource": {"const": {"type": "prometheus", "uid": "${datasource}"}},
    },
}

# Options of the transformations that are used: public/app/features/transformers and packages/grafana-data/src/transformations.
TRANSFORMATIONS = {
    "organize": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "excludeByName": {"type": "object", "additionalProperties": FLAG},
            "includeByName": {"type": "object", "additionalProperties": FLAG},
            "indexByName": {"type": "object", "additionalProperties": {"type": "integer"}},
            "renameByName": {"type": "object", "additionalProperties": STRING},
        },
    }
}


class Schemas:
    def __init__(self, modules, directory):
        output = Path(directory) / "grafana-schemas.json"
        script = Path(__file__).parent / "schemas.mjs"
        subprocess.run(["node", str(script), str(modules), str(output), *KINDS], check=True, timeout=120)
        made = json.loads(output.read_text())
        self.definitions = made["dashboard"]["definitions"]
        self.definitions["AnnotationQuery"]["properties"].update(ANNOTATION)
        self.panels = made["panels"]

    def faults(self, dashboard):
        """Everything that is not as Grafana's types say, as text."""
        found = self._of("Dashboard", {**dashboard, "panels": []}, "dashboard")
        for panel in dashboard["panels"]:
            found += self._row(panel) if panel["type"] == "row" else self._panel(panel)
        return found

    def _row(self, panel):
        return self._of("RowPanel", panel, f"row {panel['title']}")

    def _panel(self, panel):
        where = f"panel {panel['title']}"
        if panel["type"] not in self.panels:
            return [f"{where}: no schema for the kind {panel['type']}"]
        known = self.panels[panel["type"]]
        found = self._of("Panel", panel, where)
        found += _check(known["options"], panel["options"], f"{where}: options")
        found += _check(known["custom"], panel["fieldConfig"]["defaults"]["custom"], f"{where}: custom")
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                found += self._property(known, one, f"{where}: override of {override['matcher']['options']}")
        for target in panel["targets"]:
            found += _check(TARGET, target, f"{where}: target")
        for one in panel.get("transformations", []):
            found += _check(TRANSFORMATIONS.get(one["id"], False), one["options"], f"{where}: {one['id']}")
        return found

    def _property(self, known, one, where):
        """A property of an override is one of the field's, or of the panel's own after `custom.`."""
        name = one["id"].removeprefix("custom.")
        if name != one["id"]:
            return _check(_optional(known["custom"]), {name: one["value"]}, where)
        return self._of("FieldConfig", {name: one["value"]}, where)

    def _of(self, definition, value, where):
        return _check({"$ref": f"#/definitions/{definition}", "definitions": self.definitions}, value, where)


def _optional(schema):
    """The same with none of its own keys required: an override has one of them."""
    own = schema.get("definitions", {}).get("FieldConfig", {})
    lenient = {key: value for key, value in own.items() if key != "required"}
    return {**schema, "definitions": {**schema.get("definitions", {}), "FieldConfig": lenient}}


def _check(schema, value, where):
    errors = jsonschema.Draft7Validator(schema).iter_errors(value)
    return [f"{where} at {error.json_path}: {error.message[:300]}" for error in errors]
