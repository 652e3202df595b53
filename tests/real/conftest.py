"""Fixtures: the program under test, the certificates, and the servers that several files share."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from kit import outcomes
from kit.pki import Authority
from kit.process import Server, free_port
from kit.proxies import Silent, start_nginx
from kit.sidetone import Sidetone

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
CACHE = Path(os.environ.get("SIDETONE_REAL_CACHE") or HERE.parent.parent / "target" / "real")


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
        pytest.exit("SIDETONE_BIN names no program; start the suite with tests/real/run.sh", returncode=2)
    return Sidetone(Path(binary).resolve())


@pytest.fixture
def sidetone(program, request):
    program.case = request.node.nodeid
    return program


@pytest.fixture(scope="session")
def pki(run_dir):
    return Authority(run_dir / "pki")


@pytest.fixture(scope="session")
def start_node(run_dir):
    """Starts one of our scripts with Node, and returns it with its port."""

    def start(script, *arguments, name=None, prefix=(), env=None):
        path = {"NODE_PATH": str(CACHE / "node_modules"), **(env or {})}
        server = Server(name or script.removesuffix(".js"), [*prefix, "node", SERVERS / script, *arguments], run_dir, path)
        server.port = server.wait_event("listening", timeout=30)["port"]
        return server

    return start


@pytest.fixture(scope="session")
def start_websockets(run_dir):
    """Starts the Python `websockets` server; `keepalive` is its ping interval and ping timeout in seconds."""

    def start(name, keepalive=20, host="127.0.0.1", prefix=()):
        command = [*prefix, sys.executable, SERVERS / "websockets_server.py", host, keepalive]
        server = Server(name, command, run_dir)
        server.port = server.wait_event("listening", timeout=30)["port"]
        return server

    return start


@pytest.fixture(scope="session")
def heard_dir(run_dir):
    """Where the voice servers put what they heard."""
    path = run_dir / "heard"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def start_python(run_dir):
    """Starts one of our voice servers in Python, and returns it with its port."""

    def start(script, *arguments, name=None, env=None):
        path = {"PYTHONPATH": str(HERE), **(env or {})}
        server = Server(name or script.removesuffix(".py"), [sys.executable, SERVERS / script, *arguments], run_dir, path)
        server.port = server.wait_event("listening", timeout=60)["port"]
        return server

    return start


@pytest.fixture(scope="session")
def start_uvicorn(run_dir):
    def start(name, *options):
        command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", SERVERS, "--port", 0, *options]
        server = Server(name, command, run_dir)
        server.port = int(server.wait_log(r"Uvicorn running on http://127\.0\.0\.1:(\d+)", timeout=30)[1])
        return server

    return start


@pytest.fixture(scope="session")
def node(start_node):
    """The Node `ws` server: the backend of all proxies as well."""
    with start_node("ws_server.js") as server:
        server.port_alone = server.wait_event("listening-alone")["port"]
        yield server


@pytest.fixture(scope="session")
def uvicorn(start_uvicorn):
    with start_uvicorn("uvicorn") as server:
        yield server


@pytest.fixture(scope="session")
def backends(node, uvicorn):
    """The ports behind the proxies."""
    silent = Silent()
    yield {"backend": node.port, "alone": node.port_alone, "uvicorn": uvicorn.port, "silent": silent.port, "dead": free_port()}
    silent.close()


@pytest.fixture(scope="session")
def nginx(run_dir, pki, backends):
    directory = run_dir / "nginx"
    directory.mkdir()
    with start_nginx(directory, pki, backends) as server:
        yield server


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


def pytest_sessionfinish():
    if CACHE.is_dir():
        outcomes.write(CACHE / "outcomes.md")
