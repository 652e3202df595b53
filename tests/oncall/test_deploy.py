"""deploy/ as a whole: what is made from other files is up to date, and versions and options are those of the program."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

MADE_FROM = ["deploy/kubernetes/monitors.toml", "deploy/prometheus/rules.yml", "grafana/dashboards/sidetone-wall.json"]


@pytest.fixture(scope="module")
def build(root):
    spec = importlib.util.spec_from_file_location("deploy_build", root / "deploy" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(build, tmp_path):
    """A repository in small: one source of each kind, and what is made of them."""
    sources = {
        "deploy/kubernetes/monitors.toml": '[[monitor]]\nname = "a"\n',
        "deploy/prometheus/rules.yml": "groups:\n- name: g\n  rules:\n  - record: a:b:c\n    expr: |\n      1\n      + 1\n",
        "deploy/prometheus/prometheus.yml": "global: {scrape_interval: 7s}\nscrape_configs: []\n",
        "grafana/dashboards/sidetone-wall.json": '{\n  "title": "{{ .Values }} \\t é"\n}\n',
    }
    for name, text in sources.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert build.main([], tmp_path) == 0
    return tmp_path


def test_what_is_made_is_up_to_date(root):
    done = subprocess.run([sys.executable, root / "deploy" / "build.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, f"python3 deploy/build.py makes these anew:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("source", MADE_FROM)
def test_a_changed_source_is_noticed(build, tree, source):
    assert build.main(["--check"], tree) == 0
    path = tree / source
    path.write_text(path.read_text().replace("a", "b"))
    assert build.main(["--check"], tree) == 1
    assert build.main([], tree) == 0
    assert build.main(["--check"], tree) == 0


def test_what_a_removed_source_made_goes(build, tree):
    made = tree / "deploy/helm/sidetone/files/dashboards/sidetone-wall.json"
    assert made.exists()
    (tree / "grafana/dashboards/sidetone-wall.json").unlink()
    assert build.main(["--check"], tree) == 1
    build.main([], tree)
    assert not made.exists() and not (tree / "deploy/kubernetes/grafana/dashboards.yaml").exists()


def test_texts_come_through_unchanged(build, tree):
    board = yaml.safe_load((tree / "deploy/kubernetes/grafana/dashboards.yaml").read_text())
    assert board["metadata"]["name"] == "sidetone-dashboard-wall"
    assert board["data"] == {"sidetone-wall.json": (tree / "grafana/dashboards/sidetone-wall.json").read_text()}
    rule = yaml.safe_load((tree / "deploy/kubernetes/operator/prometheusrule.yaml").read_text())
    assert rule["spec"]["groups"] == [{"name": "g", "rules": [{"record": "a:b:c", "expr": "1\n+ 1\n"}]}]
    scrape = yaml.safe_load((tree / "deploy/compose/prometheus/prometheus.yml").read_text())
    assert scrape["rule_files"] == ["/etc/sidetone-rules/rules.yml"]
    assert scrape["global"] == {"scrape_interval": "7s"} and len(scrape["scrape_configs"]) == 3


def test_versions_agree(root):
    version = tomllib.loads((root / "Cargo.toml").read_text())["package"]["version"]
    chart = yaml.safe_load((root / "deploy/helm/sidetone/Chart.yaml").read_text())
    assert chart["appVersion"] == version
    assert f"ARG VERSION={version}" in (root / "deploy/docker/Dockerfile").read_text()
    assert (root / "deploy/debian/changelog").read_text().startswith(f"sidetone ({version}-1) ")
    for name in ["deploy/compose/compose.yml", "deploy/kubernetes/statefulset.yaml", "deploy/docker/Dockerfile"]:
        tags = set(re.findall(r"registry\.example\.com/sidetone:(\S+)", (root / name).read_text()))
        assert tags == {version}, name


def options_used(root):
    """The options of `sidetone` that the artefacts use, with the command they are given to."""
    found = {("healthcheck", "--ready"), ("healthcheck", "--listen")}
    container = yaml.safe_load((root / "deploy/kubernetes/statefulset.yaml").read_text())["spec"]["template"]["spec"]["containers"][0]
    found |= {("run", argument.split("=")[0]) for argument in container["args"][1:]}
    found |= {("run", "--location"), ("run", "--enable-lifecycle"), ("run", "--log-format")}
    return sorted(found)


def test_the_program_has_every_option(root, program):
    helps = {command: program.run(command, "--help").stdout for command in ("run", "healthcheck")}
    missing = [f"{command} {option}" for command, option in options_used(root) if option not in helps[command]]
    assert not missing


def test_the_arguments_of_the_pods_start_it(root, program, run_dir):
    from kit.process import Server, free_port

    container = yaml.safe_load((root / "deploy/kubernetes/statefulset.yaml").read_text())["spec"]["template"]["spec"]["containers"][0]
    port = free_port()
    config = run_dir / "pod.toml"
    config.write_text('[[monitor]]\nname = "nothing"\nurl = "ws://127.0.0.1:9/"\n')
    replaced = {
        "/etc/sidetone/monitors.toml": str(config),
        "0.0.0.0:10065": f"127.0.0.1:{port}",
        "$(POD_INDEX)": "0",
        "$(SHARDS)": container["env"][1]["value"],
    }
    arguments = container["args"]
    for old, new in replaced.items():
        assert any(old in argument for argument in arguments), old
        arguments = [argument.replace(old, new) for argument in arguments]
    server = Server("pod", [program.binary, *arguments], run_dir).wait_listening(port)
    healthy = program.run("healthcheck", "--listen", f"127.0.0.1:{port}")
    ready = program.run("healthcheck", "--ready", "--listen", f"127.0.0.1:{port}")
    server.stop()
    dead = program.run("healthcheck", "--listen", f"127.0.0.1:{port}")
    assert (healthy.returncode, ready.returncode, dead.returncode) == (0, 0, 1), dead.stderr


@pytest.mark.parametrize("name", ["deploy/compose/sidetone/monitors.toml", "deploy/kubernetes/monitors.toml"])
def test_the_configurations_are_good(root, program, name):
    done = program.run("check", "--config", root / name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_of_the_package_is_good_once_it_has_a_monitor(root, program, tmp_path):
    text = (root / "deploy/debian/monitors.toml").read_text()
    config = tmp_path / "monitors.toml"
    config.write_text(text)
    assert "has no monitors" in program.run("check", "--config", config).stderr, "nothing is watched until somebody says what"
    (tmp_path / "token").write_text("canary")
    credential = "/run/credentials/sidetone.service/secrets_voice-token"
    assert credential in text
    config.write_text(text.replace("#~ ", "").replace(credential, "token"))
    done = program.run("check", "--config", config)
    assert done.returncode == 0 and "booking-agent" in done.stdout, done.stdout + done.stderr


def test_yaml_is_well_formed(root, tmp_path):
    lint = [shutil.which("yamllint", path=str(sys.prefix) + "/bin"), "--strict", "-d"]
    rules = "{extends: default, rules: {line-length: {max: 160}, document-start: disable, braces: disable, comments: disable}}"
    folders = ("compose", "kubernetes", "helm/sidetone")
    found = [path for folder in folders for path in (root / "deploy" / folder).rglob("*.y*ml")]
    files = [path for path in found if "templates" not in path.parts and not made(path)]
    assert files
    done = subprocess.run([*lint, rules, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    twice = tmp_path / "twice.yml"
    twice.write_text("a: 1\na: 2\n")
    assert subprocess.run([*lint, rules, twice], capture_output=True).returncode == 1


def made(path):
    return path.read_text().startswith("# Made by deploy/build.py")
