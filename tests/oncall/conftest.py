"""Fixtures of the whole suite: where it works, the program under test, and that everything which was started is stopped.

`program` and `run_dir` are for every file.
"""

import os
import shutil
from pathlib import Path

import pytest

from kit.process import Server
from kit.sidetone import Sidetone

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("SIDETONE_ONCALL_CACHE") or ROOT / "target" / "oncall")


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def cache():
    """Where `node_modules` and the Python environment are."""
    return CACHE


@pytest.fixture(scope="session")
def run_dir():
    """Configurations and logs of this run; kept until the next one."""
    path = CACHE / "run"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


@pytest.fixture(scope="session")
def program():
    binary = os.environ.get("SIDETONE_BIN")
    if not binary or not os.access(binary, os.X_OK):
        pytest.exit("SIDETONE_BIN names no program; start the suite with tests/oncall/run.sh", returncode=2)
    return Sidetone(Path(binary).resolve())


@pytest.fixture(scope="session", autouse=True)
def stop_everything():
    yield
    for server in list(Server.running):
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed case shows the last lines of every server that was running."""
    report = yield
    if report.failed:
        for server in Server.running:
            report.sections.append((f"log of {server.name}", server.tail()))
    return report
