"""The manifests, and the chart: both are held against the schemas of Kubernetes, and the chart against the manifests."""

import copy
import io
import json
import shutil
import subprocess
import sys

import helm_python
import pytest
import yaml
from kubernetes_validate import utils as validate

VERSION = "1.37"
"""Of Kubernetes: the schemas that come with kubernetes-validate."""

FULL = {
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
}
"""Everything that the folders operator/ and grafana/ have as well."""

CUSTOM = {"PodMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator: Kubernetes has no schema for them."""


def documents(text):
    return [document for document in yaml.safe_load_all(io.StringIO(text)) if document]


def plain(root):
    return [document for path in sorted((root / "deploy/kubernetes").rglob("*.yaml")) for document in documents(path.read_text())]


@pytest.fixture(scope="module")
def chart(root):
    return helm_python.Chart.load(root / "deploy/helm/sidetone")


@pytest.fixture(scope="module")
def render(chart):
    def render(values=None, name="sidetone"):
        files = chart.render(values or {}, name=name, namespace="sidetone")
        return [document for path, text in files.items() if path.endswith(".yaml") for document in documents(text)]

    return render


def check(document):
    """Raises unless the document fits its schema, with no key that is unknown."""
    validate.validate(document, VERSION, strict=True)


def of_kind(found, kind):
    return [document for document in found if document["kind"] == kind]


def container(found):
    return of_kind(found, "StatefulSet")[0]["spec"]["template"]["spec"]["containers"][0]


# --- the manifests


def test_manifests_fit_the_schemas(root):
    found = plain(root)
    assert {document["kind"] for document in found} >= {
        *("Namespace", "StatefulSet", "Service", "ConfigMap", "Secret", "NetworkPolicy", "PodMonitor", "PrometheusRule"),
    }
    for document in found:
        if document["kind"] not in CUSTOM:
            check(document)


def test_the_schemas_notice(root):
    stateful = of_kind(plain(root), "StatefulSet")[0]
    for change in (misspell_probe, text_for_a_number, no_selector):
        changed = copy.deepcopy(stateful)
        change(changed)
        with pytest.raises(validate.ValidationError):
            check(changed)


def misspell_probe(stateful):
    pod = stateful["spec"]["template"]["spec"]["containers"][0]
    pod["readynessProbe"] = pod.pop("readinessProbe")


def text_for_a_number(stateful):
    stateful["spec"]["replicas"] = "many"


def no_selector(stateful):
    del stateful["spec"]["selector"]


def test_the_command_of_the_documentation_says_the_same(root):
    files = sorted((root / "deploy/kubernetes").glob("*.yaml"))
    done = subprocess.run([f"{sys.prefix}/bin/kubernetes-validate", "--strict", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("source", ["plain", "chart"])
def test_pods_are_restricted(root, render, source):
    """The rules of the Pod Security Standard `restricted` that concern these pods, and a read-only root beside."""
    found = plain(root) if source == "plain" else render(FULL)
    pod = of_kind(found, "StatefulSet")[0]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for one in pod["containers"]:
        context = one["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
    assert all(set(volume) - {"name"} <= {"configMap", "secret"} for volume in pod["volumes"])


@pytest.mark.parametrize("source", ["plain", "chart"])
def test_names_fit_together(root, render, source):
    found = plain(root) if source == "plain" else render(FULL)
    stateful, service = of_kind(found, "StatefulSet")[0], of_kind(found, "Service")[0]
    labels = stateful["spec"]["template"]["metadata"]["labels"].items()
    assert stateful["spec"]["serviceName"] == service["metadata"]["name"]
    selectors = [
        stateful["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
        of_kind(found, "NetworkPolicy")[0]["spec"]["podSelector"]["matchLabels"],
        of_kind(found, "PodMonitor")[0]["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)
    ports = {port["name"] for port in container(found)["ports"]}
    assert {service["spec"]["ports"][0]["targetPort"], container(found)["readinessProbe"]["httpGet"]["port"]} == ports
    volumes = {volume["name"]: volume for volume in stateful["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container(found)["volumeMounts"]} == set(volumes)
    settings = next(one for one in of_kind(found, "ConfigMap") if "monitors.toml" in one["data"])
    assert volumes["config"]["configMap"]["name"] == settings["metadata"]["name"]
    assert container(found)["env"][1] == {"name": "SHARDS", "value": str(stateful["spec"]["replicas"])}


# --- kinds of the Prometheus operator

POD_MONITOR = {
    "jobLabel": str,
    "selector": {"matchLabels": dict},
    "podMetricsEndpoints": [
        {
            "port": str,
            "path": str,
            "interval": str,
            "scrapeTimeout": str,
            "relabelings": [{"sourceLabels": list, "targetLabel": str, "replacement": str, "action": str, "regex": str}],
        }
    ],
}
"""The fields of a PodMonitor's `spec` that are used here, as its definition has them (monitoring.coreos.com/v1, operator 0.91)."""


def unknown(value, shape, path="spec"):
    """What of `value` the shape does not have, or has as something else."""
    if isinstance(shape, type):
        return [] if isinstance(value, shape) else [path]
    if isinstance(shape, list):
        return [bad for number, item in enumerate(value) for bad in unknown(item, shape[0], f"{path}[{number}]")]
    known = {key: unknown(item, shape[key], f"{path}.{key}") if key in shape else [f"{path}.{key}"] for key, item in value.items()}
    return [bad for found in known.values() for bad in found]


def test_the_pod_monitor_has_no_unknown_field(root, render):
    for found in (plain(root), render(FULL), render({**FULL, "location": "fra"})):
        monitor = of_kind(found, "PodMonitor")[0]
        assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
        assert unknown(monitor["spec"], POD_MONITOR) == []
        assert {"selector", "podMetricsEndpoints"} <= set(monitor["spec"])
        assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in {port["name"] for port in container(found)["ports"]}
    assert unknown({"selektor": {}}, POD_MONITOR) == ["spec.selektor"]
    assert unknown({"podMetricsEndpoints": [{"port": 10065}]}, POD_MONITOR) == ["spec.podMetricsEndpoints[0].port"]


def check_rules(rule, folder):
    path = folder / "rules.yml"
    path.write_text(yaml.safe_dump(rule["spec"]))
    return subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)


def test_prometheus_takes_the_rules(root, render, tmp_path):
    ours, charts = of_kind(plain(root), "PrometheusRule")[0], of_kind(render(FULL), "PrometheusRule")[0]
    assert ours["spec"] == charts["spec"], "Helm has left the braces of the rules alone"
    done = check_rules(ours, tmp_path)
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stderr
    ours["spec"]["groups"][0]["rules"][0]["expr"] = "sum(("
    assert check_rules(ours, tmp_path).returncode == 1


def test_dashboards_are_there_and_small_enough(root, render):
    """kubectl keeps what it applied in an annotation, and annotations end at 256 KiB."""
    boards = {path.name: json.loads(path.read_text()) for path in (root / "grafana/dashboards").glob("*.json")}
    assert boards
    for found in (plain(root), render(FULL)):
        maps = [one for one in of_kind(found, "ConfigMap") if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
        assert {name: json.loads(text) for one in maps for name, text in one["data"].items()} == boards
        assert all(len(json.dumps(one)) < 256 * 1024 for one in maps)


# --- the chart


def test_lint_has_nothing_to_say(root):
    said = helm_python.lint(root / "deploy/helm/sidetone", strict=True)
    assert said["errors"] == []
    assert [message["error"] for message in said["messages"]] == ["icon is recommended"]


def test_lint_notices(root, tmp_path):
    copied = tmp_path / "sidetone"
    shutil.copytree(root / "deploy/helm/sidetone", copied)
    template = copied / "templates/service.yaml"
    template.write_text(template.read_text().replace('{{- include "sidetone.selector"', '{{- include "sidetone.selektor"'))
    said = helm_python.lint(copied, strict=True)
    assert any("sidetone.selektor" in error for error in said["errors"])


VALUES = {
    "nothing": {},
    "everything": FULL,
    "shards and a place": {**FULL, "shards": 4, "location": "fra"},
    "a secret of one's own": {"existingSecret": "voice-tokens", "extraEnv": [{"name": "VOICE_TOKEN", "value": "x"}]},
    "no policy": {"networkPolicy": {"enabled": False}},
    "nobody may ask": {"networkPolicy": {"from": [], "egressPorts": [8443]}},
    "scheduling": {
        "nodeSelector": {"zone": "a"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"},
        ],
        "priorityClassName": "high",
        "podLabels": {"team": "voice"},
        "podAnnotations": {"note": "yes"},
        "imagePullSecrets": [{"name": "registry"}],
        "extraArgs": ["--enable-lifecycle", "--log-format=json"],
        "image": {"repository": "registry.example.com/other", "tag": "1.2.3", "pullPolicy": "Always"},
    },
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_the_chart_fits_the_schemas(render, values):
    found = render(values)
    assert of_kind(found, "StatefulSet") and of_kind(found, "ConfigMap")
    for document in found:
        if document["kind"] not in CUSTOM:
            check(document)


BAD = {
    "a misspelt key": {"shard": 2},
    "a misspelt key within": {"podMonitor": {"enable": True}},
    "no shards": {"shards": 0},
    "shards in words": {"shards": "two"},
    "a port that is none": {"networkPolicy": {"egressPorts": [70000]}},
    "monitors as a table": {"monitors": {"a": 1}},
    "no monitor": {"monitors": "[defaults]\n"},
    "a place with a space": {"location": "fra main"},
    "a place that begins with a dash": {"location": "-fra"},
    "a policy that is none": {"image": {"repository": "x", "pullPolicy": "Sometimes"}},
    "an argument that is none": {"extraArgs": ["run"]},
    "an interval without a unit": {"podMonitor": {"interval": "15"}},
}


@pytest.mark.parametrize("values", BAD.values(), ids=BAD.keys())
def test_bad_values_are_refused(render, values):
    with pytest.raises(helm_python.HelmValuesError):
        render(values)


def comparable(found):
    """Without what only a chart or only a manifest can have."""
    shown = {}
    for document in copy.deepcopy(found):
        meta = document["metadata"]
        meta.pop("namespace", None)
        for label in ("app.kubernetes.io/managed-by", "helm.sh/chart"):
            meta["labels"].pop(label, None)
        if document["kind"] == "StatefulSet":
            annotations = document["spec"]["template"]["metadata"].pop("annotations", {})
            assert set(annotations) <= {"checksum/config"}
        shown[document["kind"], meta["name"]] = document
    return shown


def test_the_chart_makes_the_manifests(root, render):
    """The namespace is Helm's own business, and the Secret that of whoever has the secrets."""
    ours = {key: one for key, one in comparable(plain(root)).items() if key[0] not in ("Namespace", "Secret")}
    theirs = comparable(render(FULL))
    assert set(theirs) == set(ours)
    for key in ours:
        assert theirs[key] == ours[key], key
    bare = {("StatefulSet", "sidetone"), ("Service", "sidetone"), ("ConfigMap", "sidetone"), ("NetworkPolicy", "sidetone")}
    assert set(comparable(render())) == bare


def test_values_reach_what_they_are_for(render):
    found = render({**FULL, "shards": 4, "location": "fra", "existingSecret": "tokens", "extraArgs": ["--enable-lifecycle"]}, name="fra")
    stateful = of_kind(found, "StatefulSet")[0]
    assert stateful["metadata"]["name"] == "fra-sidetone" and stateful["spec"]["replicas"] == 4
    assert container(found)["args"][-2:] == ["--location=fra", "--enable-lifecycle"]
    assert container(found)["env"][1]["value"] == "4"
    secret = stateful["spec"]["template"]["spec"]["volumes"][1]["secret"]
    assert secret == {"secretName": "tokens", "optional": False, "defaultMode": 0o440}
    relabelings = of_kind(found, "PodMonitor")[0]["spec"]["podMetricsEndpoints"][0]["relabelings"]
    assert {"targetLabel": "location", "replacement": "fra"} in relabelings
    nobody = of_kind(render({"networkPolicy": {"from": []}}), "NetworkPolicy")[0]
    assert nobody["spec"]["ingress"] == [], "an empty list lets nobody in"


def test_a_changed_configuration_makes_new_pods(chart, render):
    annotation = lambda found: of_kind(found, "StatefulSet")[0]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    other = '[[monitor]]\nname = "b"\nurl = "wss://b.example.com/"\n'
    assert annotation(render()) != annotation(render({"monitors": other}))
    assert of_kind(render({"monitors": other}), "ConfigMap")[0]["data"]["monitors.toml"] == other


def test_the_notes_speak_of_this_release(chart):
    notes = chart.render({"shards": 3}, name="fra", namespace="voice")["sidetone/templates/NOTES.txt"]
    assert "--namespace voice port-forward fra-sidetone-0" in notes and "fra-sidetone-0 to -2" in notes
    assert "Nothing scrapes it yet" in notes
    assert "Nothing scrapes it yet" not in chart.render(FULL, name="fra")["sidetone/templates/NOTES.txt"]
