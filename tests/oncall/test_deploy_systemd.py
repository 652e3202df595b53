"""The unit: what systemd-analyze says of it. test_deploy_debian.py boots a system with it."""

import shutil
import subprocess

import pytest


@pytest.fixture
def unit(root, program, tmp_path):
    """The unit with the program under test in the place of /usr/bin/sidetone, which is not installed here."""
    text = (root / "deploy/systemd/sidetone.service").read_text()
    assert text.count("=/usr/bin/sidetone ") == 2
    path = tmp_path / "sidetone.service"
    path.write_text(text.replace("=/usr/bin/sidetone ", f"={program.binary} "))
    return path


def verify(unit):
    """What `systemd-analyze verify` prints: it ends with 0 for a key that it does not know."""
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_verify_has_nothing_to_say(unit):
    assert verify(unit) == (0, "")


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("WatchdogSec=30s", "WatchdogSecs=30s", "Unknown key 'WatchdogSecs' in section"),
        ("ProtectSystem=strict", "ProtectSystem=stricct", "Failed to parse protect system value"),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@sytem-service", "Unknown system call group"),
    ],
)
def test_verify_notices(unit, good, bad, said):
    text = unit.read_text()
    assert good in text
    unit.write_text(text.replace(good, bad))
    code, output = verify(unit)
    assert code == 0 and said in output


def exposure(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_exposure_is_low(unit):
    code, output = exposure(unit)
    assert code == 0, output[-200:]
    assert "exposure level for sidetone.service: 1.2 OK" in output


def test_exposure_is_measured(unit):
    text = unit.read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("Protect", "DynamicUser", "SystemCallFilter", "Restrict"))]
    unit.write_text("\n".join(kept))
    assert exposure(unit)[0] == 1


def test_reload_is_by_a_program_that_the_package_wants(root):
    assert "ExecReload=/bin/kill -HUP" in (root / "deploy/systemd/sidetone.service").read_text()
    assert "procps" in (root / "Cargo.toml").read_text()
    assert shutil.which("kill")
