"""Practice endpoints, sidetone and a Prometheus that has scraped it through a good spell, a bad one, and the recovery."""

import json
import math
import signal
import time
import urllib.error
import urllib.parse
import urllib.request

from kit.daemon import Daemon, monitor
from kit.process import Server, free_port, wait_until

DEFAULTS = """\
[defaults]
interval = "2s"
hold = "500ms"
confirm_after = "200ms"
resolve_timeout = "300ms"
connect_timeout = "300ms"
tls_timeout = "1s"
upgrade_timeout = "300ms"
close_timeout = "300ms"
"""

# Once with and once without the target label `location`; one alert whose name begins like those that are shipped.
PROMETHEUS = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: sidetone
    static_configs:
      - {{targets: ["127.0.0.1:{port}"], labels: {{location: here}}}}
      - {{targets: ["localhost:{port}"]}}
"""

RULES = """\
groups:
  - name: practice
    rules:
      - alert: SidetonePractice
        expr: sidetone_monitor_state{state="down"} == 1
        labels: {severity: critical}
"""


# One list with one target.
DISCOVERY = """\
[[discovery]]
name = "inventory"
files = ["{targets}"]
[discovery.monitor]
name = "listed"
url = "ws://{{target}}/echo"
"""


def monitors(port, ca_file):
    """Something for every panel: good lines with pings, audio and TLS, each kind of trouble, and one that goes through all of it."""
    url = f"ws://127.0.0.1:{port}"
    return [
        monitor("spell", f"{url}/echo", 'ping_interval = "200ms"', 'labels = { team = "voice" }'),
        monitor("voice", f"{url}/twilio", 'dialect = "twilio"', 'hold = "1800ms"', 'interval = "5s"'),
        monitor("tls", f"wss://localhost:{port}/echo", f'ca_file = "{ca_file}"'),
        monitor("dropped", f"{url}/drop-after-0.8s", 'hold = "1s"', 'interval = "3s"'),
        monitor("gateway", f"{url}/http-502"),
        monitor("oddity", f"{url}/http-bare-lf"),
        # No machine has a way to the broadcast address over TCP: this is the prober's own fault, and no packet leaves it.
        monitor("own-fault", "ws://255.255.255.255:9/"),
    ]


class Stack:
    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.ca_file = directory / "practice-ca.pem"
        self.practice_port = free_port()
        self.starts = 0
        self.practice = self._start_practice()
        targets = directory / "targets.json"
        targets.write_text(json.dumps([{"targets": [f"127.0.0.1:{self.practice_port}"]}]))
        listed = DISCOVERY.format(targets=targets)
        watched = [*monitors(self.practice_port, self.ca_file), listed]
        self.daemon = Daemon(program, directory, "sidetone", *watched, defaults=DEFAULTS)
        self.began = time.time()
        self.prometheus, self.port = self._start_prometheus()
        self._live_through_it()

    def _start_practice(self):
        command = [self.program.binary, "practice", "--listen", f"127.0.0.1:{self.practice_port}", "--write-ca", self.ca_file]
        server = Server("practice", command, self.directory)
        # Said after the authority has been written; the log has the lines of the last start as well.
        started = lambda: server.text().count("practice endpoints: ") > self.starts
        wait_until(started, "practice endpoints", 15, server.alive)
        self.starts += 1
        return server

    def _start_prometheus(self):
        rules, config, port = self.directory / "rules.yml", self.directory / "prometheus.yml", free_port()
        rules.write_text(RULES)
        config.write_text(PROMETHEUS.format(port=self.daemon.port, rules=rules))
        storage = ("--storage.tsdb.path", self.directory / "prometheus-data")
        command = ["prometheus", "--config.file", config, *storage, "--web.listen-address", f"127.0.0.1:{port}"]
        server = Server("prometheus", command, self.directory)
        server.wait_log("Server is ready to receive web requests", timeout=30)
        return server, port

    def _live_through_it(self):
        self._until('sidetone_monitor_state{monitor="spell",state="ok"} == 1')
        self._until('sidetone_monitor_state{monitor="voice",state="ok"} == 1')
        self._until('sidetone_monitor_state{monitor="dropped",state="down"} == 1')
        self.practice.stop()
        self._until('sidetone_monitor_state{monitor="spell",state="down"} == 1')
        self.practice = self._start_practice()
        # The practice authority is a new one.
        self.daemon.process.send_signal(signal.SIGHUP)
        for name in ("spell", "tls", "voice"):
            self._until(f'sidetone_monitor_state{{monitor="{name}",state="ok"}} == 1')

    def _until(self, expr):
        """Waits until both targets show it."""
        wait_until(lambda: len(self.instant(expr)) >= 2, f"{expr}", 60, lambda: self.daemon.alive() and self.prometheus.alive())

    def instant(self, expr):
        """`(labels, value)` of each series now; values that are no number are left out."""
        return _numbers((row["metric"], row["value"]) for row in self._ask("query", query=expr))

    def over_time(self, expr):
        """The same for each point since the stack began, at the resolution of the scrapes."""
        asked = self._ask("query_range", query=expr, start=self.began, end=time.time(), step=1)
        return _numbers((row["metric"], value) for row in asked for value in row["values"])

    def ask(self, query, expr):
        """What Grafana shows for a query."""
        return self.instant(expr) if query.instant else self.over_time(expr)

    def label_values(self, selector, label):
        """What Grafana offers for `label_values(selector, label)`."""
        return self._ask(f"label/{label}/values", **{"match[]": selector})

    def _ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                data = json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None
        return data["result"] if isinstance(data, dict) else data


def _numbers(rows):
    return [(labels, float(value)) for labels, (_, value) in rows if math.isfinite(float(value))]
