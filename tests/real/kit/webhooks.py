"""A probe that begins at a webhook, and the proxy in front of the servers that answer."""

import itertools
import json
import os
import subprocess

from .pki import HOST
from .process import Server, free_port
from .proxies import fill, ready

_UPGRADE = "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;\n"
_HOST = "proxy_set_header Host $host;\n"
_SCHEME = "proxy_set_header X-Forwarded-Proto $scheme;\n"

HEADERS = {
    "good.conf": _UPGRADE + _HOST + _SCHEME,
    "no_scheme.conf": _UPGRADE + _HOST,
    "no_host.conf": _UPGRADE + _SCHEME,
    "no_upgrade.conf": _HOST + _SCHEME,
}

_cases = itertools.count(1)


def start_proxy(directory, pki, backends):
    """`backends` has the ports `fastapi`, `express`, `express_trusting`, `silent` and `dead`. Returns nginx with its `ports`."""
    names = "good no_scheme no_host inner_name no_upgrade trusting untrusting plain"
    ports = {name: free_port() for name in names.split()}
    for name, text in HEADERS.items():
        (directory / name).write_text(text)
    (directory / "index.html").write_text('<!doctype html><div id="root"></div>\n')
    values = {
        **ports,
        **backends,
        "dir": directory,
        "user_line": "user root;" if os.geteuid() == 0 else "",
        "good_chain": pki.chain(pki.good, pki.intermediate),
        "good_key": pki.good.key,
    }
    config = fill("webhooks.conf", directory, values)
    return ready(Server("nginx-webhooks", ["nginx", "-p", directory, "-c", config], directory), ports)


class Ringing:
    """The report of a probe that began at a webhook, and the events of the server that answered: each has the name of the case, the last
    part of both paths. Webhook and stream are at the public name, and dialled at this port."""

    def __init__(self, program, server, port, path, dialect, *settings, pki, base=f"https://{HOST}", roots=None, options=(), env=None, hold="200ms"):
        self.server, self.case = server, f"call{next(_cases)}"
        url = f"{base}{path}/{self.case}"
        where = f"127.0.0.1:{port}"
        sets = [part for setting in (f"webhook.connect_to={where}", *settings) for part in ("--set", setting)]
        reach = ("--connect-to", where, "--ca-file", (roots or pki.root).cert)
        self.report = program.probe(f"--webhook={url}", "--dialect", dialect, *reach, *sets, *options, env=env, hold=hold)
        self.webhook = self.report.json["webhook"]

    def event(self, event, **fields):
        return self.server.wait_event(event, case=self.case, **fields)

    def events(self, event, **fields):
        return self.server.events(event, case=self.case, **fields)

    @property
    def proven(self):
        """What the second ways prove; what the answer itself proves is found as well."""
        found = [row["finding"] for row in self.report.json["findings"]]
        return [finding for finding in found if finding.startswith(("fault_", "fallback_"))]

    @property
    def lint(self):
        """Line, does the provider refuse, by the name of the lint."""
        return {row["lint"]: (row["line"], row["refuses"]) for row in self.webhook["lint"]}


def read_document(kind, text, content_type="application/xml", webhook=f"https://{HOST}/voice"):
    """What sidetone reads in a document, without a probe."""
    reader = os.environ.get("SIDETONE_DOCUMENT", "")
    assert os.access(reader, os.X_OK), f"no example at {reader}; build it with cargo build --example webhook_document"
    command = [reader, kind, webhook, content_type]
    return json.loads(subprocess.run(command, input=text, capture_output=True, text=True, timeout=10, check=True).stdout)
