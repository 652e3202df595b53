"""Fixtures of the whole suite: where it works, the program under test, and that everything which was started is stopped.

`program`, `root`, `cache` and `run_dir` are for every file. `oncall_stack` is a running sidetone that a real Prometheus has scraped through
a good and a bad spell (stack.py): its `prometheus` is the server's URL, `query` and `query_range` evaluate an expression. Series of the bad
spell, such as sidetone_last_failure_info, may be over by the time of a test: `query_range` sees all from the first scrape on.
"""

import os
import shutil
from pathlib import Path

import pytest

from kit.process import Server
from kit.sidetone import Sidetone
from stack import Stack

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


BROKEN = ("dropped", "gateway", "certificate", "lookup", "front-desk")
"""The monitors of the stack that go bad; `steady` stays good."""


@pytest.fixture(scope="session")
def oncall_stack(program, root, run_dir):
    """The whole stack after a good spell and in a bad one, which test_end_to_end.py cures."""
    stack = Stack(program, root, run_dir / "stack")
    stack.wait_states("ok", [*BROKEN, "steady"])
    stack.wait(lambda: len(stack.query('sidetone_monitor_state{state="ok"} == 1')) == len(BROKEN) + 1, "scrape of the good spell")
    stack.bad()
    stack.wait_states("down", BROKEN)
    stack.wait(lambda: len(stack.query('sidetone_monitor_state{state="down"} == 1')) == len(BROKEN), "scrape of the bad spell")
    yield stack
    stack.receiver.close()


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
