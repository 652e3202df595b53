#!/usr/bin/env python3
"""Makes the files under deploy/ that repeat other files of the repository, each from its one source.

    python3 deploy/build.py            write them
    python3 deploy/build.py --check    say which are out of date, and write nothing; 1 if there are any

Kubernetes and Helm can only take rules and dashboards that lie inside of a manifest or a chart. So

    deploy/prometheus/*.yml (those with `groups`)  -> kubernetes/operator/prometheusrule.yaml, helm/sidetone/files/rules.yml
    grafana/dashboards/*.json                      -> kubernetes/grafana/dashboards.yaml, helm/sidetone/files/dashboards/
    deploy/kubernetes/monitors.toml                -> kubernetes/configmap.yaml
    deploy/prometheus/prometheus.yml               -> compose/prometheus/prometheus.yml

Needs PyYAML. tests/oncall/test_deploy.py holds the committed files against this.
"""

import sys
from pathlib import Path
from textwrap import indent

import yaml

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "sidetone"
LABELS = {"app.kubernetes.io/name": "sidetone", "app.kubernetes.io/instance": "sidetone"}


class Dumper(yaml.SafeDumper):
    """Blocks for texts of several lines, list items indented, no aliases: as a person would write it."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def represent_text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, represent_text)


def dump(value):
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def metadata(name, labels=None, annotations=None):
    meta = {"name": name, "namespace": NAMESPACE, "labels": {**LABELS, **(labels or {})}}
    return {**meta, "annotations": annotations} if annotations else meta


def rule_files(root):
    """The files of rules, in order. What else lies there (an example of a scrape configuration) has no `groups`."""
    files = sorted((root / "deploy" / "prometheus").glob("*.yml"))
    return [path for path in files if "groups" in (yaml.safe_load(path.read_text()) or {})]


def groups(root):
    return [group for path in rule_files(root) for group in yaml.safe_load(path.read_text())["groups"]]


def dashboards(root):
    return sorted((root / "grafana" / "dashboards").glob("*.json"))


def dashboard_name(path):
    """The name of a dashboard's ConfigMap: `sidetone-wall.json` is `sidetone-dashboard-wall`, here and in the chart."""
    return "sidetone-dashboard-" + path.stem.removeprefix("sidetone-")


def text_config_map(name, key, text, **meta):
    """A ConfigMap whose one text stands in it as it is: PyYAML would quote what it does not like in a block."""
    head = dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, **meta)})
    return f"{head}data:\n  {key}: |\n{indent(text, '    ')}"


def prometheus_config(root):
    """The scrape configuration of the compose project: the shipped one, with the names that the services have there."""
    shipped = root / "deploy" / "prometheus" / "prometheus.yml"
    mounted = [f"/etc/sidetone-rules/{path.name}" for path in rule_files(root)]
    config = {
        **(yaml.safe_load(shipped.read_text()) if shipped.exists() else {}),
        "rule_files": mounted,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": [
            {"job_name": "sidetone", "static_configs": [{"targets": ["sidetone:10065"], "labels": {"location": "compose"}}]},
            {"job_name": "prometheus", "static_configs": [{"targets": ["127.0.0.1:9090"]}]},
            {"job_name": "alertmanager", "static_configs": [{"targets": ["alertmanager:9093"]}]},
        ],
    }
    return dump(config)


def made_from(*sources):
    return f"# Made by deploy/build.py from {' and '.join(sources)}: change those, and run it.\n"


def outputs(root):
    """Every file that is made, by its path, with its text."""
    deploy = root / "deploy"
    chart = deploy / "helm" / "sidetone" / "files"
    monitors = (deploy / "kubernetes" / "monitors.toml").read_text()
    files = {
        deploy / "kubernetes" / "configmap.yaml": made_from("monitors.toml")
        + text_config_map("sidetone", "monitors.toml", monitors),
        deploy / "compose" / "prometheus" / "prometheus.yml": "# Made by deploy/build.py: change that, and run it.\n"
        + prometheus_config(root),
    }
    rules = groups(root)
    if rules:
        rule = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata("sidetone"),
            "spec": {"groups": rules},
        }
        said = made_from(*(str(path.relative_to(root)) for path in rule_files(root)))
        files[deploy / "kubernetes" / "operator" / "prometheusrule.yaml"] = said + dump(rule)
        files[chart / "rules.yml"] = said + dump({"groups": rules})
    if dashboards(root):
        maps = [
            text_config_map(
                dashboard_name(path),
                path.name,
                path.read_text(),
                labels={"grafana_dashboard": "1"},
                annotations={"grafana_folder": "sidetone"},
            )
            for path in dashboards(root)
        ]
        files[deploy / "kubernetes" / "grafana" / "dashboards.yaml"] = made_from("grafana/dashboards") + "---\n".join(maps)
        files.update({chart / "dashboards" / path.name: path.read_text() for path in dashboards(root)})
    return files


def stale(root, files):
    """Made files whose source is gone."""
    deploy = root / "deploy"
    made = [*(deploy / "helm" / "sidetone" / "files").rglob("*"), *(deploy / "kubernetes").glob("*/dashboards.yaml")]
    made += (deploy / "kubernetes").glob("*/prometheusrule.yaml")
    return [path for path in made if path.is_file() and path not in files]


def differences(root, files):
    changed = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    return changed, stale(root, files)


def main(arguments, root=ROOT):
    files = outputs(root)
    changed, gone = differences(root, files)
    for path in [*changed, *gone]:
        print(path.relative_to(root))
    if arguments == ["--check"]:
        return 1 if changed or gone else 0
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    for path in gone:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
