"""The image and the compose project. No container engine is needed, and so nothing is built or started here."""

import fnmatch
import re
import shutil
import subprocess
import sys

import pytest
import yaml

OF_THE_ENVIRONMENT = f"{sys.prefix}/bin"


def tool(name):
    return shutil.which(name, path=OF_THE_ENVIRONMENT)


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def dockerfile(root):
    return root / "deploy/docker/Dockerfile"


def test_hadolint_has_nothing_to_say(dockerfile):
    assert run(tool("hadolint"), dockerfile) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ('ENTRYPOINT ["/usr/bin/sidetone"]', "ENTRYPOINT /usr/bin/sidetone", "DL3025"),
        ("FROM gcr.io/distroless/static-debian12:nonroot\n", "FROM gcr.io/distroless/static-debian12\n", "DL3006"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
    ],
)
def test_hadolint_notices(dockerfile, tmp_path, good, bad, rule):
    text = dockerfile.read_text()
    assert good in text
    changed = tmp_path / "Dockerfile"
    changed.write_text(text.replace(good, bad))
    code, output = run(tool("hadolint"), changed)
    assert code == 1 and rule in output


def test_the_image_is_not_root_and_asks_itself(dockerfile):
    text = dockerfile.read_text()
    assert "\nUSER 65532:65532\n" in text
    assert 'CMD ["/usr/bin/sidetone", "healthcheck"]' in text
    assert "--locked" in text and "+crt-static" in text


def context(root):
    """The files that .dockerignore lets into the build."""
    patterns = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    allowed = [pattern.removeprefix("!") for pattern in patterns[1:]]
    assert len(allowed) == len(patterns) - 1 and all(pattern.startswith("!") for pattern in patterns[1:])
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in tracked if any(name == kept or name.startswith(f"{kept}/") for kept in allowed)]


def test_the_context_is_enough(root, tmp_path):
    """What the manifest and the sources name is in it. (That it compiles is seen by whoever builds the image.)"""
    names = context(root)
    for name in names:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target)
    code, output = run("cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version", "1", cwd=tmp_path)
    assert code == 0, output
    for name in names:
        if name.startswith("src/") and name.endswith(".rs"):
            text = (tmp_path / name).read_text()
            for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', text):
                if "tests" not in name:
                    assert ((tmp_path / name).parent / included).exists(), f"{name} includes {included}"


def test_the_context_has_nothing_more(root):
    names = context(root)
    assert "Cargo.lock" in names and not any(fnmatch.fnmatch(name, pattern) for name in names for pattern in ["docs/*", "deploy/*", ".*"])


# --- compose


@pytest.fixture(scope="module")
def compose(root):
    return root / "deploy/compose/compose.yml"


def check_schema(path):
    return run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", path)


def test_compose_fits_the_schema(compose):
    code, output = check_schema(compose)
    assert code == 0, output


@pytest.mark.parametrize(("good", "bad"), [("    ports:", "    portz:"), ("read_only: true", "read_only: 7"), ("    image:", "    imag:")])
def test_the_schema_notices(compose, tmp_path, good, bad):
    text = compose.read_text()
    assert good in text
    changed = tmp_path / "compose.yml"
    changed.write_text(text.replace(good, bad))
    assert check_schema(changed)[0] == 1


def configured(compose, tmp_path, change=lambda text: text):
    """What docker-compose makes of it. Debian's is version 1, which does not know the key `name` of today's."""
    text = change(re.sub(r"(?m)^name: .*\n", "", compose.read_text()))
    copy = tmp_path / "compose.yml"
    copy.write_text(text)
    return run("docker-compose", "--project-directory", compose.parent, "-f", copy, "config")


def test_docker_compose_reads_it(compose, tmp_path):
    code, output = configured(compose, tmp_path)
    assert code == 0, output
    services = yaml.safe_load(output)["services"]
    assert set(services) == {"sidetone", "practice", "prometheus", "alertmanager", "grafana"}
    code, _ = configured(compose, tmp_path, lambda text: text.replace("depends_on: [prometheus]", "depends_on: [prometeus]"))
    assert code == 1


def services_of(compose):
    return yaml.safe_load(compose.read_text())["services"]


def test_every_service_is_hardened(compose):
    for name, service in services_of(compose).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert "healthcheck" in service, name
        assert re.fullmatch(r"[^:]+:v?\d+\.\d+\.\d+", service["image"]), f"{name}: an exact version"


def test_nothing_but_the_wall_can_be_opened_to_others(compose):
    for name, service in services_of(compose).items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:") or (name == "grafana" and port.startswith("${WALL_ADDRESS:-127.0.0.1}:")), port


def test_what_is_mounted_is_there(compose, root):
    """Each folder of the repository that a service mounts, and the files that it looks for in them."""
    for name, service in services_of(compose).items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (compose.parent / source).is_dir(), f"{name}: {source}"
                assert volume.endswith(":ro"), volume
    assert (root / "deploy/alertmanager/alertmanager.yml").is_file()
    home = services_of(compose)["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (root / "grafana/dashboards" / home.rsplit("/", 1)[1]).is_file()


def test_services_find_each_other(compose, root):
    names = set(services_of(compose))
    source = yaml.safe_load((root / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090" and "prometheus" in names
    scrape = yaml.safe_load((compose.parent / "prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"][0]["targets"][0].split(":")[0] for job in scrape["scrape_configs"]}
    assert jobs["sidetone"] == "sidetone" and set(jobs.values()) <= names | {"127.0.0.1"}
    provider = yaml.safe_load((root / "grafana/provisioning/dashboards/sidetone.yml").read_text())["providers"][0]
    mounts = [volume.split(":")[1] for volume in services_of(compose)["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounts


def test_prometheus_reads_its_configuration_and_every_rule(compose, root, tmp_path):
    """With the rules where they are here."""
    text = (compose.parent / "prometheus/prometheus.yml").read_text()
    assert "/etc/sidetone-rules/" in text, "there are rules"
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/sidetone-rules", str(root / "deploy/prometheus")))
    code, output = run("promtool", "check", "config", config)
    assert code == 0, output
    config.write_text(config.read_text().replace("job_name: sidetone", "job_nam: sidetone"))
    assert run("promtool", "check", "config", config)[0] == 1


def test_alertmanager_reads_its_configuration(root):
    code, output = run("amtool", "check-config", root / "deploy/alertmanager/alertmanager.yml")
    assert code == 0, output
