#!/usr/bin/env python3
"""Switches a service to its traditional mode while SidetoneUseFallback fires, and back to the realtime one when it is over.

It takes Alertmanager's webhook (version 4) and, for each monitor that it was told of by --switch, writes the mode to a file or posts it
to a URL of the service:

    fallback_switch.py --token-file switch.token --switch front-desk=/run/voice/mode
    fallback_switch.py --token-file switch.token --switch front-desk=https://voice.example.com/mode --target-token-file target.token

The file holds `traditional` or `realtime` and a line feed, and is replaced as a whole. A URL gets {"monitor": …, "mode": …} as JSON.
Both may be told the same mode again and again: Alertmanager repeats, so that a service which was started anew learns of it. If the
switch fails, the answer is 502 and Alertmanager tries again.

It listens on loopback unless --listen says otherwise, does nothing without the token, reads at most 1 MiB, follows no redirect, and
touches no monitor that --switch does not name. GET /modes says how things stand. It does not ask whether the endpoint is really down:
that is the monitor's business, and the monitor must go on watching the realtime way by a path of its own.
"""

import argparse
import hmac
import json
import os
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODES = {"firing": "traditional", "resolved": "realtime"}
MAX_BODY = 1024 * 1024  # bytes
CLIENT_TIMEOUT = 10  # seconds, for a client that sends slowly
TARGET_TIMEOUT = 5  # seconds; Alertmanager waits 10


class Refused(Exception):
    """A request that is answered with this status and text."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token must not travel to another host."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def write_file(path, mode):
    """Replaces the file as a whole, so that no reader sees half a word."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".mode-")
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(mode + "\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def post(url, monitor, mode, token):
    request = urllib.request.Request(url, json.dumps({"monitor": monitor, "mode": mode}).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with OPENER.open(request, timeout=TARGET_TIMEOUT):
        pass


class Switch:
    """Which monitor switches what, and the mode that each was last brought to."""

    def __init__(self, targets, target_token):
        self.targets, self.target_token = targets, target_token
        self.modes = {}
        # Notifications may come at the same time; the last one must win as a whole.
        self.lock = threading.Lock()

    def to(self, monitor, mode):
        target = self.targets[monitor]
        with self.lock:
            if target.startswith(("http://", "https://")):
                post(target, monitor, mode, self.target_token)
            else:
                write_file(target, mode)
            if self.modes.get(monitor) != mode:
                print(f"{monitor}: {mode}", file=sys.stderr, flush=True)
            self.modes[monitor] = mode

    def notified(self, notification):
        """Returns what was done. A monitor is over only when no alert about it fires any more."""
        firing = {}
        for alert in alerts_of(notification):
            monitor = alert["labels"].get("monitor")
            if monitor in self.targets:
                firing[monitor] = firing.get(monitor, False) or alert["status"] == "firing"
        for monitor, fires in firing.items():
            self.to(monitor, MODES["firing" if fires else "resolved"])
        return {monitor: self.modes[monitor] for monitor in firing}


def alerts_of(notification):
    """The alerts, if it is a notification of Alertmanager's and nothing else."""
    alerts = notification.get("alerts") if isinstance(notification, dict) and notification.get("version") == "4" else None
    fits = lambda alert: isinstance(alert, dict) and isinstance(alert.get("labels"), dict) and alert.get("status") in MODES
    if not isinstance(alerts, list) or not all(map(fits, alerts)):
        raise Refused(400, "not a notification of Alertmanager, version 4")
    if notification.get("truncatedAlerts"):
        raise Refused(400, "truncated: leave max_alerts at 0, or the way back may be missed")
    return alerts


class Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_TIMEOUT
    server_version = "fallback_switch"
    sys_version = ""

    def do_POST(self):
        self.answer(lambda: self.server.switch.notified(self.body()))

    def do_GET(self):
        if self.path == "/modes":
            self.answer(lambda: self.server.switch.modes)
        else:
            self.say(404, {"error": "POST a notification here, or GET /modes"})

    def answer(self, act):
        try:
            self.authorize()
            self.say(200, act())
        except Refused as refused:
            self.say(refused.status, {"error": str(refused)})
        except (OSError, urllib.error.URLError) as error:
            print(f"the switch failed: {error}", file=sys.stderr, flush=True)
            self.say(502, {"error": "the switch failed"})

    def authorize(self):
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self.server.token}".encode()):
            raise Refused(401, "wrong or no token")

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Refused(411, "no Content-Length")
        if int(length) > MAX_BODY:
            raise Refused(413, f"more than {MAX_BODY} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(400, "not JSON") from None

    def say(self, status, answer):
        body = json.dumps(answer).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # What was not read of a refused body must not be taken for the next request.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        """Changes of mode are logged, requests are not."""


def secret(path):
    text = open(path, encoding="utf-8").read().strip()
    if not text:
        raise SystemExit(f"{path} is empty")
    return text


def address(text):
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def switch(text):
    monitor, separator, target = text.partition("=")
    if not (monitor and separator and target):
        raise argparse.ArgumentTypeError("MONITOR=FILE or MONITOR=URL")
    return monitor, target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 8085), metavar="HOST:PORT", help="default 127.0.0.1:8085")
    parser.add_argument("--token-file", required=True, help="what Alertmanager has as credentials_file")
    parser.add_argument("--switch", type=switch, action="append", required=True, metavar="MONITOR=TARGET", help="a file or a URL")
    parser.add_argument("--target-token-file", help="bearer token for targets that are URLs")
    options = parser.parse_args()
    server = ThreadingHTTPServer(options.listen, Handler)
    server.daemon_threads = True
    server.token = secret(options.token_file)
    server.switch = Switch(dict(options.switch), secret(options.target_token_file) if options.target_token_file else None)
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
