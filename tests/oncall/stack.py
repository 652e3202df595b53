"""Practice endpoints, sidetone, Prometheus, Alertmanager, receivers: everything real, on loopback, with what deploy/ ships.

The shipped files are used as they are, with short times and other addresses: `hastened_rules` changes `for` and `keep_firing_for` alone.
"""

import json
import re
import shutil
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kit.daemon import Daemon, monitor
from kit.process import Server, free_port, wait_until

PATIENCE = 60
"""Seconds that a condition may take on a busy machine."""

KEEP_FIRING = "6s"
"""Long enough to bridge SidetoneAbsent, as the shipped 2 minutes are."""

DEFAULTS = """\
[defaults]
interval = "3s"
hold = "1s"
confirm_after = "100ms"
resolve_timeout = "300ms"
connect_timeout = "300ms"
tls_timeout = "500ms"
upgrade_timeout = "500ms"
close_timeout = "300ms"
"""


def hastened_rules(text):
    """The rules with nothing changed but their times: `for` is 0, and `keep_firing_for`, a time of the same kind, is `KEEP_FIRING`."""
    text = re.sub(r"(?m)^( +for:) \w+$", r"\1 0s", text)
    return re.sub(r"(?m)^( +keep_firing_for:) \w+$", rf"\1 {KEEP_FIRING}", text)


def replaced(text, *pairs):
    """The text with each of these in place of the other; a pair that does not fit is a mistake."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


class Receiver:
    """Stands for PagerDuty, Slack and whoever takes a webhook: keeps what came, by path."""

    def __init__(self):
        self.came = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.came.append((self.path, body))
                self.send_response(202 if self.path == "/pagerduty" else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path):
        return [body for where, body in list(self.came) if where == path]

    def pages(self, title, action="trigger"):
        """The pages whose title has this in it."""
        return [page for page in self.of("/pagerduty") if page["event_action"] == action and title in page["payload"]["summary"]]

    def chat(self, title):
        """The chat messages, as title and text."""
        attachments = [message["attachments"][0] for message in self.of("/slack")]
        return [attachment for attachment in attachments if title in attachment["title"]]

    def close(self):
        self.server.shutdown()


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


class Stack:
    """`prometheus` and `alertmanager` are base URLs; `receiver` has what was sent; `began` is the Unix time of the first scrape.

    `good()`, `bad()` rewrite monitors.toml and send SIGHUP.
    """

    def __init__(self, program, root, directory):
        self.root, self.dir = root, directory
        directory.mkdir()
        self.practice_port = free_port()
        self.ca = directory / "practice-ca.pem"
        practice = ("practice", "--listen", f"127.0.0.1:{self.practice_port}", "--write-ca", self.ca)
        self.practice = Server("practice", [program.binary, *practice], directory)
        self.practice.wait_listening(self.practice_port)
        wait_until(lambda: self.ca.exists() and self.ca.stat().st_size, "authority of the practice server")
        self.daemon = Daemon(program, directory, "monitors", *self._monitors(bad=False), defaults=DEFAULTS)
        self.instance = f"127.0.0.1:{self.daemon.port}"
        self.receiver = Receiver()
        self._start_switch()
        self._start_alertmanager()
        self._start_prometheus()
        self.began = time.time()

    # --- the endpoints ---

    def _monitors(self, bad):
        at = f"127.0.0.1:{self.practice_port}"
        resolver, ca = f'resolver = ["{at}"]', f'ca_file = "{self.ca}"'
        port = self.practice_port
        webhook = ("[monitor.webhook]", f'url = "http://{at}/{"webhook-ws-url" if bad else "webhook-twilio"}"')
        checks = ('expect_host = "voice.practice.example.com"',) if bad else ("allow_private = true",)
        fallback = ("[monitor.fallback]", f'url = "http://{at}/webhook-no-stream"')
        talk = ('dialect = "twilio"', 'audio = { say = "tone" }')
        return [
            monitor("steady", f"ws://{at}/twilio", *talk, 'ping_interval = "300ms"', 'labels = { team = "voice" }'),
            monitor("dropped", f"ws://{at}/{'drop-after-0.8s' if bad else 'echo'}"),
            monitor("gateway", f"ws://{at}/{'http-502' if bad else 'echo'}"),
            monitor("certificate", f"wss://{'tls-expired.localhost' if bad else 'localhost'}:{port}/echo", ca),
            monitor("lookup", f"ws://{'dns-nxdomain.practice.test' if bad else 'voice.practice.example.com'}:{port}/echo", resolver),
            "\n".join(["[[monitor]]", 'name = "front-desk"', 'dialect = "twilio"', *webhook, *checks, *fallback, ""]),
        ]

    def good(self):
        self._reload(self._monitors(bad=False))

    def bad(self):
        self._reload(self._monitors(bad=True))

    def broken_configuration(self):
        self.daemon.config.write_text("[[monitor]]\n")
        self.daemon.process.send_signal(signal.SIGHUP)

    def _reload(self, monitors):
        self.daemon.write(*monitors, defaults=DEFAULTS)
        self.daemon.process.send_signal(signal.SIGHUP)

    # --- the servers ---

    def _start_switch(self):
        self.mode_file, token = self.dir / "mode", self.dir / "switch.token"
        token.write_text("token-of-the-switch\n")
        self.switch_port = free_port()
        script = self.root / "deploy" / "alertmanager" / "fallback_switch.py"
        where = ("--listen", f"127.0.0.1:{self.switch_port}", "--token-file", token, "--switch", f"front-desk={self.mode_file}")
        self.switch = Server("fallback_switch", [sys.executable, script, *where], self.dir)
        self.switch.wait_listening(self.switch_port)

    def _start_alertmanager(self):
        shipped = self.root / "deploy" / "alertmanager"
        shutil.copy(shipped / "sidetone.tmpl", self.dir)
        receiver = f"http://127.0.0.1:{self.receiver.port}"
        (self.dir / "pagerduty.key").write_text("0123456789abcdef0123456789abcdef")
        (self.dir / "slack.url").write_text(f"{receiver}/slack")
        text = replaced(
            (shipped / "alertmanager.yml").read_text(),
            ("/etc/alertmanager/", f"{self.dir}/"),
            ("http://127.0.0.1:9999", receiver),
            ("http://127.0.0.1:9998", receiver),
            ("http://127.0.0.1:8085", f"http://127.0.0.1:{self.switch_port}"),
            ("group_wait: 30s", "group_wait: 4s"),
            ("group_interval: 5m", "group_interval: 2s"),
            ("group_interval: 10s", "group_interval: 1s"),
            ("group_interval: 1m", "group_interval: 1s"),
            ("repeat_interval: 50s", "repeat_interval: 1s"),
            ("repeat_interval: 1m", "repeat_interval: 1s"),
        )
        config = self.dir / "alertmanager.yml"
        config.write_text(f"global: {{ pagerduty_url: '{receiver}/pagerduty' }}\n{text}")
        port = free_port()
        self.alertmanager = f"http://127.0.0.1:{port}"
        where = ("--config.file", config, "--storage.path", self.dir / "alertmanager-data", "--web.listen-address", f"127.0.0.1:{port}")
        alone = ("--cluster.listen-address=", "--log.level=debug")
        self.alertmanager_server = Server("alertmanager", ["prometheus-alertmanager", *where, *alone], self.dir)
        self.alertmanager_server.wait_listening(port)

    def _start_prometheus(self):
        shipped = self.root / "deploy" / "prometheus"
        shutil.copy(shipped / "sidetone.rules.yml", self.dir)
        (self.dir / "sidetone.alerts.yml").write_text(hastened_rules((shipped / "sidetone.alerts.yml").read_text()))
        text = replaced(
            (shipped / "prometheus.yml").read_text(),
            ("scrape_interval: 15s", "scrape_interval: 1s"),
            ("evaluation_interval: 15s", "evaluation_interval: 1s\n  scrape_timeout: 1s"),
            ("127.0.0.1:9093", self.alertmanager.removeprefix("http://")),
            ('targets: ["127.0.0.1:10065"]', f'targets: ["{self.instance}"]'),
        )
        config = self.dir / "prometheus.yml"
        config.write_text(text)
        port = free_port()
        self.prometheus = f"http://127.0.0.1:{port}"
        where = ("--config.file", config, "--storage.tsdb.path", self.dir / "prometheus-data", "--web.listen-address", f"127.0.0.1:{port}")
        # An alert that was sent before Prometheus knew of Alertmanager is sent again after this time.
        soon = "--rules.alert.resend-delay=1s"
        self.prometheus_server = Server("prometheus", ["prometheus", *where, soon], self.dir)
        self.prometheus_server.wait_log("Server is ready to receive web requests", timeout=PATIENCE)

    # --- what they say ---

    def query(self, expression, at=None):
        """The result of an instant query: a list of {metric, value}."""
        parameters = {"query": expression, **({"time": at} if at else {})}
        return get(f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode(parameters)}")["data"]["result"]

    def query_range(self, expression, step=1):
        """The same from the first scrape until now: a list of {metric, values}."""
        parameters = {"query": expression, "start": self.began, "end": time.time(), "step": step}
        return get(f"{self.prometheus}/api/v1/query_range?{urllib.parse.urlencode(parameters)}")["data"]["result"]

    def alerts(self, **labels):
        """What Alertmanager has with these labels, silenced or not."""
        found = get(f"{self.alertmanager}/api/v2/alerts")
        return [alert for alert in found if labels.items() <= alert["labels"].items()]

    def wait(self, condition, what, timeout=PATIENCE):
        return wait_until(condition, what, timeout)

    def wait_states(self, state, names):
        stands = lambda: {entry["state"] for name, entry in self.daemon.monitors().items() if name in names} == {state}
        self.wait(stands, f"state {state} of {', '.join(names)}")

    def mode(self):
        return self.mode_file.read_text() if self.mode_file.exists() else None
