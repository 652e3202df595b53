"""A server as a child process: started on a free port, ready on a condition, its log kept, stopped for certain."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

# Below the kernel's ephemeral range (32768 and up), so that no outgoing connection of a test takes a port that was just found free.
_FIRST_PORT, _LAST_PORT = 20000, 32000
_next_port = _FIRST_PORT + os.getpid() % 8000

POLL = 0.02
"""Seconds between two looks at a condition."""


def free_port():
    """A port on which nothing listens, for servers that cannot be told to take any."""
    global _next_port
    for _ in range(_LAST_PORT - _FIRST_PORT):
        port = _next_port
        _next_port = _next_port + 1 if _next_port < _LAST_PORT else _FIRST_PORT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def wait_until(condition, what, timeout=15.0, alive=lambda: True):
    """Returns the first truthy value of `condition`; fails when the time is up or the process is gone."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if not alive():
            raise AssertionError(f"the process ended before {what}")
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {timeout} s")
        time.sleep(POLL)


class Server:
    """A child process with its log. `events` are the JSON lines that our own little servers write."""

    running = []

    def __init__(self, name, command, log_dir, env=None, cwd=None):
        self.name = name
        self.log = Path(log_dir) / f"{name}.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        Server.running.append(self)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_log(self, pattern, timeout=15.0):
        """Waits for `pattern` in the log and returns the match."""
        found = lambda: re.search(pattern, self.text(), re.MULTILINE)
        try:
            return wait_until(found, f"`{pattern}` in the log of {self.name}", timeout, self.alive)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def wait_listening(self, port, timeout=15.0):
        """Waits until something takes connections on `port`."""

        def connects():
            with socket.socket() as client:
                client.settimeout(1)
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_until(connects, f"listener of {self.name} on port {port}", timeout, self.alive)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None
        return self

    def mark(self):
        """A place in the log, from which on `events` may be asked for."""
        return len(self.text())

    def settled(self):
        """A place in the log behind the end of every line so far, so that no late `close` of another case follows it."""
        closed = lambda: len(self.events("open")) <= len(self.events("close"))
        wait_until(closed, f"end of the open lines of {self.name}", alive=self.alive)
        return self.mark()

    def events(self, event, since=0, **fields):
        """The JSON lines of the log that have these fields."""
        lines = [line for line in self.text()[since:].splitlines() if line.startswith("{") and line.endswith("}")]
        wanted = {"event": event, **fields}
        return [row for row in map(json.loads, lines) if all(row.get(key) == value for key, value in wanted.items())]

    def wait_event(self, event, since=0, timeout=15.0, **fields):
        """Waits for such a line and returns the last one."""
        what = f"event {event} {fields} in the log of {self.name}"
        try:
            return wait_until(lambda: self.events(event, since, **fields), what, timeout)[-1]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def signal(self, number):
        """Sends a signal to the process and its children."""
        os.killpg(self.pid, number)

    def stop(self, grace=3.0):
        if self.alive():
            # A stopped process acts on nothing but SIGKILL.
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(grace)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait(grace)
        # Children that outlive their parent.
        try:
            self.signal(signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self in Server.running:
            Server.running.remove(self)

    def tail(self, lines=30):
        return f"--- {self.log} ---\n" + "\n".join(self.text().splitlines()[-lines:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
