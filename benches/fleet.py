#!/usr/bin/env python3
"""What a fleet costs: `sidetone run` against `sidetone practice` on loopback, with monitors from a list of targets.

    cargo build --release && benches/fleet.py target/release/sidetone [monitors] [seconds]

Prints what `docs/scaling.md` reckons with: resident memory and CPU of the prober alone, lines held at a time, series, and the size of a
scrape. Both programs run on this machine, so that the times are those of a machine that has half of it to spare.
"""

import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CONFIG = """\
[daemon]
max_concurrent_probes = 10000
[defaults]
interval = "{interval}s"
hold = "{hold}s"
mode = "{mode}"
[[discovery]]
name = "bench"
files = ["targets.yml"]
[discovery.monitor]
name = "m-{{label.n}}"
url = "ws://{{target}}/echo"
"""
INTERVAL, HOLD = 60, 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        return response.read().decode()


def value(page, family):
    return sum(float(number) for number in re.findall(rf"^{family}(?:\{{[^}}]*\}})? (\S+)$", page, re.M))


def wait(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit("it does not come up")
        time.sleep(0.2)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def measure(binary, folder, monitors, seconds, mode):
    """Means over `seconds`, once every monitor has been probed."""
    practice, port = free_port(), free_port()
    (folder / "monitors.toml").write_text(CONFIG.format(interval=INTERVAL, hold=HOLD, mode=mode))
    entry = "- {{targets: ['127.0.0.1:{port}'], labels: {{n: '{n}'}}}}\n"
    (folder / "targets.yml").write_text("".join(entry.format(port=practice, n=n) for n in range(monitors)))
    server = subprocess.Popen([binary, "practice", "--listen", f"127.0.0.1:{practice}"], stdout=subprocess.DEVNULL)
    listen = ["--listen", f"127.0.0.1:{port}"]
    prober = subprocess.Popen([binary, "run", "--config", folder / "monitors.toml", *listen, "--log-level", "warn"])
    try:
        wait(lambda: listens(port), 30)
        wait(lambda: value(scrape(port), "sidetone_monitors") == monitors, 60)
        time.sleep(INTERVAL)
        first, began = scrape(port), time.monotonic()
        memory, lines = [], []
        while time.monotonic() < began + seconds:
            time.sleep(5)
            page = scrape(port)
            memory.append(value(page, "process_resident_memory_bytes"))
            lines.append(value(page, "sidetone_probes_in_flight"))
        took = time.monotonic() - began
        return {
            "lines": sum(lines) / len(lines),
            "memory": max(memory),
            "cpu": (value(page, "process_cpu_seconds_total") - value(first, "process_cpu_seconds_total")) / took,
            "probes": (value(page, "sidetone_probes_total") - value(first, "sidetone_probes_total")) / took,
            "failures": value(page, "sidetone_probe_failures_total"),
            "lag": value(page, "sidetone_prober_lag_seconds"),
            "series": sum(1 for line in page.splitlines() if line.startswith("sidetone_")),
            "bytes": len(page),
        }
    finally:
        prober.terminate()
        prober.wait(60)
        server.terminate()
        server.wait(60)


def main():
    binary = Path(sys.argv[1]).resolve()
    monitors = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 60
    for mode in ("idle", "streamed"):
        with tempfile.TemporaryDirectory() as folder:
            got = measure(binary, Path(folder), monitors, seconds, mode)
        print(
            f"{mode}: {monitors} monitors every {INTERVAL} s held for {HOLD} s: {got['probes']:.1f} probes/s, {got['lines']:.0f} lines at a time "
            f"(expected {monitors * HOLD / INTERVAL:.0f}), {got['cpu']:.3f} cores, {got['memory'] / 2**20:.1f} MiB at most, "
            f"{got['series'] / monitors:.1f} series and {got['bytes'] / monitors / 1024:.1f} KiB of scrape a monitor, "
            f"lag {got['lag'] * 1000:.1f} ms, {got['failures']:.0f} failed"
        )


if __name__ == "__main__":
    main()
