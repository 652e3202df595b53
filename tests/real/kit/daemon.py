"""`sidetone run`, from outside: its configuration, its HTTP surface, its metrics."""

import json
import re
import urllib.error
import urllib.request

from .process import Server, free_port, wait_until

# Deadlines that leave room for a probe every few seconds.
DEFAULTS = """\
[defaults]
interval = "5s"
hold = "500ms"
resolve_timeout = "500ms"
connect_timeout = "500ms"
tls_timeout = "1s"
upgrade_timeout = "1s"
close_timeout = "500ms"
"""


def monitor(name, url, *lines):
    return "\n".join(["[[monitor]]", f'name = "{name}"', f'url = "{url}"', *lines, ""])


class Daemon(Server):
    def __init__(self, program, directory, name, *monitors, defaults=DEFAULTS, env=None, options=()):
        self.config = directory / f"{name}.toml"
        self.write(*monitors, defaults=defaults)
        self.port = free_port()
        listen = ("--listen", f"127.0.0.1:{self.port}")
        super().__init__(name, [program.binary, "run", "--config", self.config, *listen, *options], directory, env)
        self.wait_listening(self.port)

    def write(self, *monitors, defaults=DEFAULTS):
        self.config.write_text("\n".join([defaults, *monitors]))

    def get(self, path, timeout=30):
        """The status and the text."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def monitors(self):
        """What the API says, by name."""
        return {entry["name"]: entry for entry in json.loads(self.get("/api/v1/monitors")[1])["monitors"]}

    def wait_probed(self, *names, timeout=30):
        """Waits until each of these has finished a probe."""
        done = lambda: all(self.monitors()[name]["last_probe"] for name in names)
        wait_until(done, f"finished probe of {', '.join(names)}", timeout, self.alive)

    def value(self, family, **labels):
        return value(self.get("/metrics")[1], family, **labels)


def value(text, family, **labels):
    """The value of the one series of a family that has these labels; `None` if there is no such series."""
    found = []
    for match in re.finditer(rf"^{family}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE):
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', match[1] or ""))
        if labels.items() <= pairs.items():
            found.append(float(match[2]))
    assert len(found) <= 1, f"{family} {labels}: {len(found)} series"
    return found[0] if found else None
