"""Two network namespaces joined by a cable: a server and a prober, with no way out to anything else."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from .process import wait_until

CLIENT, SERVER, ABSENT = "192.0.2.1", "192.0.2.2", "192.0.2.3"
"""Of the documentation range (RFC 5737). Nobody has the third."""

ELSEWHERE = "198.51.100.1"
"""Outside the cable's subnet."""


def why_not():
    """Why this machine cannot have them; `None` if it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("ip", "nft"):
        if not shutil.which(tool):
            return f"`{tool}` is not installed"
    name = f"sidetone-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode != 0:
        return f"the kernel does not allow network namespaces: {tried.stderr.strip()}"
    try:
        rules = "table inet t { chain c { type filter hook input priority 0; tcp flags syn reject with tcp reset; }; }"
        filtered = subprocess.run(["ip", "netns", "exec", name, "nft", "-f", "-"], input=rules, capture_output=True, text=True)
        return None if filtered.returncode == 0 else f"nftables do not work here: {filtered.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


class Network:
    """The two namespaces. `client` and `server` are command prefixes that run something inside."""

    def __init__(self):
        self._names = {side: f"sidetone-{side}-{os.getpid()}" for side in ("client", "server")}
        self.client, self.server = (("ip", "netns", "exec", self._names[side]) for side in ("client", "server"))
        self._etc = Path("/etc/netns") / self._names["client"]

    def __enter__(self):
        for name in self._names.values():
            _ip("netns", "add", name)
        client, server = self._names["client"], self._names["server"]
        _ip("-n", client, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", server)
        for name, address in ((client, CLIENT), (server, SERVER)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "cable", "up")
        return self

    def __exit__(self, *_):
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(self._etc, ignore_errors=True)

    def filter(self, side, hook, *rules):
        """Sets the packet filter of one side; `hook` is `input` or `output`."""
        chain = f"type filter hook {hook} priority 0; policy accept; {'; '.join(rules)}"
        text = f"flush ruleset\ntable inet sidetone {{\n chain {hook} {{\n {chain}\n }}\n}}\n"
        subprocess.run([*getattr(self, side), "nft", "-f", "-"], input=text, text=True, check=True)

    def route(self, *words):
        """Adds a route on the prober's side, for as long as the case lasts."""
        _ip("-n", self._names["client"], "route", "add", *words)

    def cable(self, state):
        """Pulls the server's end of the cable (`down`), or puts it back (`up`)."""
        _ip("-n", self._names["server"], "link", "set", "cable", state)

    def name_servers(self, *addresses):
        """What the prober's /etc/resolv.conf says."""
        self._etc.mkdir(parents=True, exist_ok=True)
        (self._etc / "resolv.conf").write_text("".join(f"nameserver {address}\n" for address in addresses))

    def reset(self):
        """No filters, no added routes, no name servers, the cable plugged in."""
        for side in ("client", "server"):
            subprocess.run([*getattr(self, side), "nft", "flush", "ruleset"], check=True)
        _ip("-n", self._names["client"], "route", "flush", "root", f"{ELSEWHERE}/32")
        self.cable("up")
        wait_until(self._is_connected, "carrier on both ends of the cable")
        self.name_servers()

    def _is_connected(self):
        ends = [_ip("-n", name, "-json", "link", "show", "dev", "cable") for name in self._names.values()]
        return all(json.loads(end)[0]["operstate"] == "UP" for end in ends)


def _ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
