"""The Debian package: what is in it, what lintian says, and a system that is booted with it installed.

The system is this machine's, under an overlay in memory: nothing of the machine is changed. systemd runs there as PID 1 in a
container without a network, so that the unit's whole hardening is in force.
"""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

CARGO_DEB = "3.8.0"

CANARY = "canary-of-the-token"

MONITORS = """
[defaults]
interval = "5s"
hold = "1s"
close_timeout = "1s"

[[monitor]]
name = "with-token"
url = "ws://127.0.0.1:10066/echo"
bearer_token_file = "/run/credentials/sidetone.service/secrets_voice-token"

[[monitor]]
name = "by-name"
url = "ws://localhost:10066/echo"

[[monitor]]
name = "by-the-system"
url = "ws://localhost:10066/echo"
resolver = "system"
"""
"""In the booted system: a credential, the built-in lookups, and those of the C library, which want more of the sandbox."""

PRACTICE = "[Service]\nExecStart=/usr/bin/sidetone practice\n"

TRIAL = """
[Unit]
Wants=sidetone.service practice.service
After=practice.service
[Service]
ExecStart=/bin/bash /trial/trial.sh
"""

SCRIPT = r"""
cd /trial
for _ in $(seq 150); do
    curl --silent http://127.0.0.1:10065/metrics >metrics
    [ "$(grep -c '^sidetone_monitor_up' metrics)" = 3 ] && break
    sleep 0.1
done
if [ "$(grep -c '^sidetone_monitor_up' metrics)" != 3 ]; then
    journalctl --no-pager --lines=60 >failed
    systemctl poweroff --force
    exit
fi
main() { systemctl show --property=MainPID --value sidetone; }
cat /proc/$(main)/status >status
tr '\0' '\n' </proc/$(main)/environ | grep -c CREDENTIALS_DIRECTORY >environment
ls -ln /run/credentials/sidetone.service >credentials
# A reload with a mistake in the file leaves what was in force, and one without it is taken.
echo 'nonsense' >>/etc/sidetone/monitors.toml; systemctl reload sidetone; echo $? >reload; sleep 0.5
curl --silent http://127.0.0.1:10065/metrics | grep '^sidetone_config_last_reload_successful' >after-nonsense
systemctl is-active sidetone >>reload
sed -i '/^nonsense$/d' /etc/sidetone/monitors.toml; systemctl reload sidetone; echo $? >>reload; sleep 0.5
curl --silent http://127.0.0.1:10065/metrics | grep '^sidetone_config_last_reload_successful' >after-cure
# A process that hangs is started anew: the watchdog's time is shortened for the trial alone.
kill -STOP $(main)
for _ in $(seq 150); do [ "$(systemctl show --property=NRestarts --value sidetone)" -ge 1 ] && break; sleep 0.1; done
systemctl show --property=NRestarts sidetone >restarts
for _ in $(seq 100); do [ "$(systemctl show --property=ActiveState --value sidetone)" = active ] && break; sleep 0.1; done
systemctl stop sidetone
systemctl show --property=Result,ExecMainStatus,ActiveState sidetone >stopped
journalctl --unit sidetone --no-pager >journal
systemctl poweroff
"""

QUICK_WATCHDOG = "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=1s\nRestartSec=100ms\n"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cargo_deb(cache):
    """The program, installed once if it is not here."""
    found = shutil.which("cargo-deb", path=f"{cache}/cargo-deb/bin:{os.environ['PATH']}")
    if not found:
        code, output = run("cargo", "install", "--locked", "--quiet", "cargo-deb", "--version", CARGO_DEB, "--root", cache / "cargo-deb")
        assert code == 0, output
        found = cache / "cargo-deb/bin/cargo-deb"
    return found


@pytest.fixture(scope="module")
def package(root, program, cargo_deb, run_dir):
    """The package with the program under test: nothing is built for it."""
    target = run_dir / "debian"
    (target / "release").mkdir(parents=True)
    shutil.copy2(program.binary, target / "release/sidetone")
    made = target / "sidetone.deb"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    code, output = run(cargo_deb, "--no-build", "--fast", "--output", made, cwd=root, env=environment)
    assert code == 0, output
    return made


def test_what_is_in_it(package):
    code, listing = run("dpkg-deb", "--contents", package)
    assert code == 0
    files = {line.split()[5]: (line.split()[0], line.split()[1]) for line in listing.splitlines()}
    for path, mode in {
        "./usr/bin/sidetone": "-rwxr-xr-x",
        "./usr/lib/systemd/system/sidetone.service": "-rw-r--r--",
        "./etc/sidetone/monitors.toml": "-rw-r--r--",
        "./usr/share/man/man1/sidetone.1.gz": "-rw-r--r--",
        "./usr/share/doc/sidetone/operating.md": "-rw-r--r--",
        "./usr/share/doc/sidetone/copyright": "-rw-r--r--",
    }.items():
        assert files[path] == (mode, "0/0"), path
    code, control = run("dpkg-deb", "--info", package)
    assert code == 0 and " Depends: libc6" in control and "procps" in control
    assert run("dpkg-deb", "--info", package, "conffiles")[1] == "/etc/sidetone/monitors.toml\n"


def test_lintian_has_nothing_to_say(package):
    """Nor to override but what lintian-overrides gives a reason for."""
    code, output = run("lintian", "--fail-on", "error,warning", package)
    said = [line for line in output.splitlines() if not line.startswith("running with root privileges")]
    assert (code, said) == (0, [])


def test_lintian_notices(root, package, tmp_path):
    """The same package without its manual page and with a script that cannot be read by a shell."""
    tree = tmp_path / "tree"
    assert run("dpkg-deb", "--raw-extract", package, tree)[0] == 0
    shutil.rmtree(tree / "usr/share/man")
    (tree / "DEBIAN/postinst").write_text("#!/bin/sh\nif\n")
    broken = tmp_path / "broken.deb"
    assert run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, broken)[0] == 0
    code, output = run("lintian", "--fail-on", "error,warning", broken)
    assert code != 0 and "no-manual-page" in output and "maintainer-shell-script-fails-syntax-check" in output


def test_the_manual_page_has_every_command(root, program):
    page = (root / "deploy/debian/sidetone.1").read_text()
    listed = program.run("--help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    commands = {line.split()[0] for line in listed.splitlines()} - {"help"}
    described = set(page.split(".SH COMMANDS\n")[1].split(".SH ")[0].split(".TP\n.B ")[1:])
    assert {name.split("\n")[0] for name in described} == commands


def test_the_program_of_the_package_runs(package, tmp_path):
    assert run("dpkg-deb", "--extract", package, tmp_path)[0] == 0
    code, output = run(tmp_path / "usr/bin/sidetone", "--version")
    assert code == 0 and output.startswith("sidetone ")


# --- a system with it


@contextmanager
def overlay(folder):
    """This machine's files, with what is written to them in memory."""
    memory, merged = folder / "memory", folder / "merged"
    memory.mkdir()
    merged.mkdir()
    mounted = []
    try:
        for command, place in [
            (["mount", "-t", "tmpfs", "-o", "size=2g", "trial", memory], memory),
            (["mount", "-t", "overlay", "trial", "-o", f"lowerdir=/,upperdir={memory}/up,workdir={memory}/work", merged], merged),
        ]:
            if place is merged:
                (memory / "up").mkdir()
                (memory / "work").mkdir()
            code, output = run(*command)
            if code:
                pytest.skip(f"no overlay can be mounted here: {output.strip()}")
            mounted.append(place)
        yield merged
    finally:
        for place in reversed(mounted):
            run("umount", "--lazy", place)


def install(merged, package):
    """The package into the overlay, with dpkg's own database and the package's own scripts."""
    shutil.copy2(package, merged / "trial/sidetone.deb")
    code, output = run("chroot", merged, "dpkg", "--install", "/trial/sidetone.deb")
    assert code == 0, output


def boot(merged, out):
    units = merged / "etc/systemd/system"
    for name, text in {
        "practice.service": PRACTICE,
        "trial.service": TRIAL,
        "sidetone.service.d/trial.conf": QUICK_WATCHDOG,
    }.items():
        (units / name).parent.mkdir(parents=True, exist_ok=True)
        (units / name).write_text(text)
    (out / "trial.sh").write_text(SCRIPT)
    return run(
        *("systemd-nspawn", "--directory", merged, "--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe"),
        *(f"--bind={out}:/trial", "systemd.unit=trial.service"),
        timeout=90,
    )


@pytest.fixture(scope="module")
def booted(package, tmp_path_factory):
    """What the trial wrote down, and what dpkg left behind afterwards."""
    if os.geteuid() != 0:
        pytest.skip("needs to be root, for mounts and a container")
    folder = tmp_path_factory.mktemp("boot")
    out = folder / "out"
    out.mkdir()
    with overlay(folder) as merged:
        for gone in ("etc/systemd/system", "etc/sidetone"):
            shutil.rmtree(merged / gone, ignore_errors=True)
        (merged / "etc/systemd/system").mkdir(parents=True)
        (merged / "trial").mkdir()
        install(merged, package)
        seen = {"enabled": (merged / "etc/systemd/system/multi-user.target.wants/sidetone.service").is_symlink()}
        secrets = merged / "etc/sidetone/secrets"
        seen["secrets"] = (oct(secrets.stat().st_mode & 0o777), secrets.stat().st_uid)
        (secrets / "voice-token").write_text(CANARY + "\n")
        (secrets / "voice-token").chmod(0o600)
        (merged / "etc/sidetone/monitors.toml").write_text(MONITORS)
        code, output = boot(merged, out)
        failed = out / "failed"
        assert not failed.exists(), f"the service did not come to probe:\n{failed.read_text()}"
        assert (out / "journal").exists(), f"the trial did not come to its end: {output}"
        assert run("chroot", merged, "dpkg", "--purge", "sidetone")[0] == 0
        seen["left"] = sorted(str(path.relative_to(merged)) for path in (merged / "etc/sidetone").rglob("*"))
        seen["unit"] = (merged / "usr/lib/systemd/system/sidetone.service").exists()
    return {**seen, **{path.name: path.read_text() for path in out.iterdir() if path.suffix not in (".deb", ".sh")}}


def test_it_is_installed_and_not_started(booted):
    """There is nothing to watch yet. The folder for secrets is root's alone."""
    assert booted["enabled"] is False
    assert booted["secrets"] == ("0o700", 0)


def test_the_hardened_service_probes(booted):
    up = {line for line in booted["metrics"].splitlines() if line.startswith("sidetone_monitor_up")}
    assert up == {f'sidetone_monitor_up{{monitor="{name}"}} 1' for name in ("with-token", "by-name", "by-the-system")}


def test_the_service_is_in_its_sandbox(booted):
    status = dict(line.split(":\t", 1) for line in booted["status"].splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapBnd"], 16) == 0
    assert status["Uid"].split()[0] not in ("0", "65534")


def test_the_token_is_a_credential_and_in_no_log(booted):
    assert "secrets_voice-token" in booted["credentials"] and booted["environment"].strip() == "1"
    assert CANARY not in booted["journal"] + booted["metrics"]


def test_reload_stop_and_watchdog(booted):
    assert booted["reload"].split() == ["1", "active", "0"], "a bad file is an error of the reload, and no end of the service"
    assert booted["after-nonsense"].endswith(" 0\n") and booted["after-cure"].endswith(" 1\n")
    assert booted["restarts"].strip() == "NRestarts=1", "it was stopped by a signal, and the watchdog started it anew"
    assert set(booted["stopped"].split()) == {"Result=success", "ExecMainStatus=0", "ActiveState=inactive"}


def test_purge_leaves_secrets_alone(booted):
    assert booted["left"] == ["etc/sidetone/secrets", "etc/sidetone/secrets/voice-token"]
    assert booted["unit"] is False
