"""Prober: is sidetone itself able to judge others?"""

from . import model as m
from . import words as w
from .parts import STALE, staleness

RATE = "[$__rate_interval]"
WHERE = "{{instance}} {{location}}"


def dashboard(words):
    panels = [
        *standing(),
        m.row("Schedule"),
        *schedule(),
        m.row("Inconclusive probes and the control line"),
        *control(words),
        m.row("Process"),
        *process(),
        m.row("Configuration and discovery"),
        *configuration(),
    ]
    return m.dashboard(
        "sidetone-prober",
        "sidetone / Prober",
        "How sidetone itself is doing: lag, schedule, load, control line, configuration. What it says of others is worth no more than this.",
        panels,
        variables=m.variables(),
        annotation=m.alerts(),
        since="now-6h",
    )


def flag(title, description, family, mappings, **more):
    """A gauge that is 0 or 1, for each prober."""
    return m.stat(title, description, [m.now(m.prober(family), WHERE)], names=True, width=4, height=5, mappings=mappings, **more)


def number(title, description, query, **more):
    return m.stat(title, description, [m.now(query, WHERE)], names=True, width=4, height=5, **more)


def standing():
    return [
        flag("Scraped", "Whether Prometheus reaches the prober.", "up", w.yes_no("UP", "DOWN")),
        flag(
            "Suspicion",
            "So much fails at once, or the control line fails, that the prober itself is suspected. What it says of others is not to be believed meanwhile.",
            "sidetone_prober_suspect",
            w.yes_no("SUSPECT", "none", "red", "green"),
        ),
        flag(
            "Control line",
            "The line to sidetone's own loopback server. If it fails, the machine is to blame.",
            "sidetone_control_line_up",
            w.yes_no("UP", "DOWN"),
            noValue="not probed yet",
        ),
        flag(
            "Configuration",
            "Whether the file on disk is the one in force.",
            "sidetone_config_last_reload_successful",
            w.yes_no("in force", "REFUSED"),
        ),
        number("Monitors", "How many monitors run here.", m.prober("sidetone_monitors"), unit="short"),
        number(
            "Stalest monitor",
            "Intervals since the last probe began, of the monitor that has waited longest. Above 3 the prober has stalled, or that monitor has.",
            f"max by (instance, location) ({staleness(m.prober)})",
            unit="none",
            decimals=1,
            thresholds=STALE,
        ),
    ]


def schedule():
    return [
        m.lines(
            "Lag",
            "The longest that one of the prober's own timers was late in the last minute: the machine is too busy. Times of probes are no more exact than this.",
            [m.target(m.prober("sidetone_prober_lag_seconds"), WHERE)],
            unit="s",
        ),
        m.lines(
            "Schedule delay",
            "The longest that a probe of the last minute started after its intended time: `max_concurrent_probes` is too small.",
            [m.target(m.prober("sidetone_schedule_delay_seconds"), WHERE)],
            unit="s",
        ),
        m.lines(
            "Probes in flight",
            "Probes that are running, against the limit.",
            [
                m.target(m.prober("sidetone_probes_in_flight"), f"{WHERE} running"),
                m.target(m.prober("sidetone_probes_in_flight_limit"), f"{WHERE} limit"),
            ],
            unit="short",
            step=True,
        ),
        m.lines(
            "Probes a second",
            "Finished probes, and those that were started soon after a first failure to confirm it.",
            [
                m.target(f"sum by (instance, location) (rate({m.prober('sidetone_probes_total')}{RATE}))", f"{WHERE} finished"),
                m.target(f"sum by (instance, location) (rate({m.prober('sidetone_confirmations_total')}{RATE}))", f"{WHERE} confirmations"),
            ],
            unit="ops",
            interval=m.SLOW,
        ),
        m.lines(
            "Skipped and cancelled",
            "Slots that passed while a probe of the same monitor was still running or waiting, and probes that a shutdown or a change ended.",
            [
                m.target(f"increase({m.prober('sidetone_probes_skipped_total')}{RATE})", f"{WHERE} skipped"),
                m.target(f"increase({m.prober('sidetone_probes_cancelled_total')}{RATE})", f"{WHERE} cancelled"),
            ],
            unit="short",
            bars=True,
            interval=m.SLOW,
        ),
        m.lines(
            "Panics and follow-ups",
            "Probes that hit a bug of sidetone (please report them), and follow-up checks after failures.",
            [
                m.target(f"sum by (instance, location) (increase({m.prober('sidetone_probe_panics_total')}{RATE}))", f"{WHERE} panics"),
                m.target(f"increase({m.prober('sidetone_follow_ups_total')}{RATE})", f"{WHERE} follow-ups"),
            ],
            unit="short",
            bars=True,
            interval=m.SLOW,
        ),
    ]


def control(words):
    columns = [
        ("instance", "Prober", {"custom_width": 220}),
        ("location", "Location", {"custom_width": 110}),
        ("meaning", "Why nothing was concluded", {"mappings": words.reason_mappings()}),
        ("reason", "Reason", {"custom_width": 190}),
        ("Value", "Probes", {"custom_width": 100, "unit": "short"}),
    ]
    counted = f"sum by (instance, location, reason) ({m.prober('sidetone_probe_inconclusive_reasons_total')})"
    return [
        m.lines(
            "Inconclusive probes by reason",
            "Probes that could not tell, for a cause that provably lies with the prober. The first one for a reason begins its series.",
            [m.target(f"sum by (reason) (increase({m.prober('sidetone_probe_inconclusive_reasons_total')}{RATE}))", "{{reason}}")],
            unit="short",
            stacked=True,
            bars=True,
            interval=m.SLOW,
        ),
        m.words(
            "Inconclusive probes since the start",
            "Their causes in words.",
            m.said(f"{counted} > 0", "reason"),
            columns,
            empty="None",
        ),
        m.lines(
            "Control line, dial",
            "How long the dial of sidetone's own loopback line took: what the machine adds to every dial.",
            [m.target(m.prober("sidetone_control_line_dial_seconds"), WHERE)],
            unit="s",
        ),
        m.lines(
            "Control line, probes and failures",
            "Probes of the control line in each step, and how many of them failed.",
            [
                m.target(f"increase({m.prober('sidetone_control_line_probes_total')}{RATE})", f"{WHERE} probes"),
                m.target(f"increase({m.prober('sidetone_control_line_failures_total')}{RATE})", f"{WHERE} failures"),
            ],
            unit="short",
            bars=True,
            interval=m.SLOW,
        ),
    ]


def process():
    return [
        m.lines("CPU", "Cores that the process uses.", [m.target(f"rate({m.prober('process_cpu_seconds_total')}{RATE})", WHERE)], unit="short", width=8),
        m.lines("Memory", "Resident memory.", [m.target(m.prober("process_resident_memory_bytes"), WHERE)], unit="bytes", width=8),
        m.lines(
            "File descriptors",
            "Open ones as a share of the limit. A probe takes one, and one more for lookups.",
            [m.target(f"{m.prober('process_open_fds')} / {m.prober('process_max_fds')}", WHERE)],
            unit="percentunit",
            width=8,
        ),
        m.lines("Threads", "Threads of the process.", [m.target(m.prober("process_threads"), WHERE)], unit="short", width=8, height=5, step=True),
        number("Running since", "When the process started.", f"1000 * {m.prober('process_start_time_seconds')}", unit="dateTimeFromNow"),
        m.words(
            "Version",
            "Which version runs where.",
            f"max by (instance, location, version) ({m.prober('sidetone_build_info')})",
            [("instance", "Prober", {}), ("location", "Location", {"custom_width": 110}), ("version", "Version", {"custom_width": 120})],
            empty="No prober",
            width=12,
            height=5,
        ),
    ]


def configuration():
    return [
        number(
            "Configuration loaded",
            "When the configuration was last loaded successfully.",
            f"1000 * {m.prober('sidetone_config_last_reload_success_timestamp_seconds')}",
            unit="dateTimeFromNow",
        ),
        m.stat(
            "Discovery",
            "Whether the last refresh of each list of targets succeeded.",
            [m.now(m.prober("sidetone_discovery_last_refresh_successful"), "{{discovery}} {{location}}")],
            names=True,
            width=5,
            height=5,
            mappings=w.yes_no("fresh", "FAILED"),
            noValue="no lists",
        ),
        m.stat(
            "Last refresh",
            "When each list of targets was last read successfully.",
            [m.now(f"1000 * {m.prober('sidetone_discovery_last_refresh_success_timestamp_seconds')}", "{{discovery}} {{location}}")],
            names=True,
            width=5,
            height=5,
            unit="dateTimeFromNow",
            noValue="no lists",
        ),
        m.lines(
            "Discovered targets",
            "Targets of each list.",
            [m.target(m.prober("sidetone_discovery_targets"), "{{discovery}} {{instance}} {{location}}")],
            unit="short",
            step=True,
            width=10,
            height=5,
        ),
    ]
