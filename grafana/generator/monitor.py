"""Monitor: one endpoint in detail. Several may be chosen to compare them."""

from . import model as m
from . import words as w
from .parts import STATE, findings, wrong_now

RATE = "[$__rate_interval]"
DIAL = 'phase!~"hold|close"'


def dashboard(words):
    panels = [
        *standing(words),
        m.row("The dial"),
        *dial(),
        m.row("The line"),
        *line(),
        m.row("Audio"),
        *audio(),
        m.row("Certificate and network"),
        *network(words),
    ]
    return m.dashboard(
        "sidetone-monitor",
        "sidetone / Monitor",
        "One monitor in detail: the dial phase by phase, how long lines live, how they end, audio, certificate.",
        panels,
        variables=m.variables(m.monitor_variable(every=None), m.SIDETONE_URL),
        annotation=m.alerts(',monitor=~"$monitor|"'),
        since="now-6h",
        links=[m.link("Reports", "${sidetone_url}/monitors/${monitor}", "Timeline and evidence of the last failure, of a single monitor", outside=True)],
    )


def standing(words):
    failed = f"sum without (phase) (rate({m.series('sidetone_probe_failures_total')}{RATE}))"
    conclusive = f"(rate({m.series('sidetone_probes_total')}{RATE}) - rate({m.series('sidetone_probes_inconclusive_total')}{RATE}))"
    info = [
        ("monitor", "Monitor", {"custom_width": 200, "links": [m.to_report(m.CELL)]}),
        ("location", "Location", {"custom_width": 110}),
        ("host", "Host", {}),
        ("dialect", "Dialect", {"custom_width": 160}),
        ("mode", "Mode", {"custom_width": 110}),
    ]
    return [
        m.stat(
            "State",
            "How the monitor stands, confirmed and with hysteresis.",
            [m.now(STATE, "{{monitor}} {{location}}")],
            names=True,
            width=8,
            height=5,
            mappings=w.state_numbers(),
            links=[m.to_report()],
            noValue="NO DATA",
        ),
        m.stat(
            "Since",
            "When the monitor came into its state.",
            [m.now(f"1000 * max by (location, monitor) ({m.series('sidetone_monitor_state_since_timestamp_seconds')})", "{{monitor}} {{location}}")],
            names=True,
            width=4,
            height=5,
            unit="dateTimeFromNow",
        ),
        m.stat(
            "Last probe",
            "When the last finished probe began.",
            [m.now(f"1000 * max by (location, monitor) ({m.series('sidetone_last_probe_timestamp_seconds')})", "{{monitor}} {{location}}")],
            names=True,
            width=4,
            height=5,
            unit="dateTimeFromNow",
        ),
        m.words(
            "What it is",
            "Host, dialect and mode of the monitor.",
            f"max by (location, monitor, host, dialect, mode) ({m.series('sidetone_monitor_info')})",
            info,
            empty="No such monitor",
            width=8,
            height=5,
        ),
        wrong_now(words, width=24, height=5),
        m.timeline(
            "States",
            "How the monitor stood. Gaps are times without data.",
            [m.target(STATE, "{{monitor}} {{location}}")],
            height=5,
            mappings=w.state_numbers(),
            links=[m.to_report()],
        ),
        m.timeline(
            "Flapping",
            "While its results change too often to be believed, a monitor that is down stays down.",
            [m.target(f"max by (location, monitor) ({m.series('sidetone_flapping')})", "{{monitor}} {{location}}")],
            height=5,
            mappings=w.yes_no("FLAPPING", "steady", "orange", "green"),
        ),
        findings(words, width=24, height=6),
        m.lines(
            "Failed share of the probes",
            "Failures by conclusive probes. Inconclusive ones count neither here nor there.",
            [m.target(f"{failed} / {conclusive}", "{{monitor}} {{location}}")],
            unit="percentunit",
            max=1,
            interval=m.SLOW,
        ),
        m.lines(
            "Failures by reason",
            "Failed probes in each step. The first failure for a reason begins its series, and so shows with the second; the phases beside it start at 0.",
            [m.target(f"sum by (reason) (increase({m.series('sidetone_probe_failure_reasons_total')}{RATE})) > 0", "{{reason}}")],
            stacked=True,
            bars=True,
            unit="short",
            interval=m.SLOW,
            links=[m.to_report("${monitor}")],
        ),
    ]


def dial():
    dialled = f"sum by (le, location, monitor) (rate({m.series('sidetone_dial_duration_seconds_bucket')}{RATE}))"
    return [
        m.lines(
            "Phases of the dial",
            "How long each phase before the hold took in the last probe, stacked; the mean of the chosen monitors. A phase that was not reached is absent.",
            [m.target(f"avg by (phase) ({m.series('sidetone_probe_phase_seconds', DIAL)})", "{{phase}}")],
            stacked=True,
            unit="s",
        ),
        m.lines(
            "Dial, median and 95th percentile",
            "From the first lookup to the 101, of conclusive probes that got so far; as exact as the buckets of the histogram.",
            [
                m.target(f"histogram_quantile(0.5, {dialled})", "{{monitor}} {{location}} median"),
                m.target(f"histogram_quantile(0.95, {dialled})", "{{monitor}} {{location}} 95 %"),
            ],
            unit="s",
            interval=m.SLOW,
        ),
        m.lines(
            "Failures by phase",
            "Failed probes in each step, by the phase that they ended in.",
            [m.target(f"sum by (phase) (increase({m.series('sidetone_probe_failures_total')}{RATE}))", "{{phase}}")],
            stacked=True,
            bars=True,
            unit="short",
            interval=m.SLOW,
            width=24,
            height=6,
        ),
    ]


def line():
    return [
        m.heatmap(
            "How long lines lived",
            "Each column is a step of time, each cell the number of lines that lived so long. A band at the height of the target is health; a second band below it is a timeout that cuts at a constant age.",
            [
                m.target(
                    f"sum by (le) (increase({m.series('sidetone_hold_duration_seconds_bucket')}{RATE}))", "{{le}}", format="heatmap"
                )
            ],
            unit="short",
            interval=m.SLOW,
        ),
        m.lines(
            "Lived against target",
            "How long the line of the last probe lived, and for how long it was to be held. Absent where the line never came up.",
            [
                m.target(f"min by (location, monitor) ({m.series('sidetone_hold_seconds')})", "{{monitor}} {{location}} lived"),
                m.target(f"max by (location, monitor) ({m.series('sidetone_hold_target_seconds')})", "{{monitor}} {{location}} target"),
            ],
            unit="s",
            step=True,
        ),
        m.lines(
            "Close codes",
            "Ends of lines in each step, by close code and by who ended the line. 1000 by prober is the usual end; 1005: a Close without a code, 1006: no Close at all.",
            [m.target(f"sum by (code, by) (increase({m.series('sidetone_closes_total')}{RATE}))", "{{code}} by {{by}}")],
            stacked=True,
            bars=True,
            unit="short",
            interval=m.SLOW,
        ),
        m.stat(
            "Last close code",
            "How the line of the last probe ended; nothing if it was never up.",
            [m.now(m.series("sidetone_close_code"), "{{monitor}} {{location}}")],
            names=True,
            unit="none",
            thresholds=m.steps("orange", (1000, "green"), (1001, "orange"), (1006, "red")),
            noValue="never up",
        ),
    ]


def audio():
    def gauge(family, legend):
        return m.target(f"max by (location, monitor) ({m.series(family)})", f"{{{{monitor}}}} {{{{location}}}} {legend}".rstrip())

    return [
        m.lines(
            "First message and first audio",
            "From the 101 of the last probe; absent if none came.",
            [gauge("sidetone_first_message_seconds", "message"), gauge("sidetone_first_audio_seconds", "audio")],
            unit="s",
        ),
        m.lines(
            "Longest gap and jitter",
            "The longest pause between two audio frames that came in the last probe, and their jitter (RFC 3550 section 6.4.1).",
            [gauge("sidetone_audio_longest_gap_seconds", "gap"), gauge("sidetone_audio_jitter_seconds", "jitter")],
            unit="s",
        ),
        m.lines("Audio that came", "Bytes a second in the last probe. G.711 is 8000.", [gauge("sidetone_audio_bytes_per_second", "")], unit="Bps"),
        m.lines(
            "Media frames",
            "Frames a second, on average over holds and pauses.",
            [
                m.target(f"sum(rate({m.series('sidetone_audio_frames_sent_total')}{RATE}))", "sent"),
                m.target(f"sum(rate({m.series('sidetone_audio_frames_received_total')}{RATE}))", "received"),
            ],
            unit="cps",
            interval=m.SLOW,
        ),
    ]


def network(words):
    left = f"min by (location, monitor, certificate) ({m.series('sidetone_tls_certificate_not_after_timestamp_seconds')} - time()) / 86400"
    columns = [
        ("monitor", "Monitor", {"custom_width": 200, "links": [m.to_report(m.CELL)]}),
        ("location", "Location", {"custom_width": 110}),
        ("meaning", "What was odd", {"mappings": words.warning_mappings()}),
        ("warning", "Warning", {"custom_width": 220}),
    ]
    oddities = f"max by (location, monitor, warning) ({m.series('sidetone_probe_warning')} == 1)"
    return [
        m.stat(
            "Certificate, days left",
            "Until the leaf, and until the first certificate of the chain, expires.",
            [m.now(left, "{{monitor}} {{location}} {{certificate}}")],
            names=True,
            width=8,
            unit="d",
            decimals=1,
            thresholds=m.steps("red", (3, "orange"), (14, "green")),
            noValue="no TLS",
        ),
        m.lines(
            "Round trips",
            "The last ping of the last probe, and the kernel's smoothed round trip at its end.",
            [
                m.target(f"max by (location, monitor) ({m.series('sidetone_ping_rtt_seconds')})", "{{monitor}} {{location}} ping"),
                m.target(f"max by (location, monitor) ({m.series('sidetone_tcp_rtt_seconds')})", "{{monitor}} {{location}} TCP"),
            ],
            unit="s",
            width=8,
        ),
        m.lines(
            "Retransmissions",
            "Segments a second that the kernel had to send again.",
            [m.target(f"sum by (location, monitor) (rate({m.series('sidetone_tcp_retransmits_total')}{RATE}))", "{{monitor}} {{location}}")],
            unit="pps",
            width=8,
            interval=m.SLOW,
        ),
        m.stat(
            "Certificate check",
            "Whether the monitor checks certificates at all (`insecure`).",
            [m.now(f"max by (location, monitor) ({m.series('sidetone_tls_verification_disabled')})", "{{monitor}} {{location}}")],
            names=True,
            width=8,
            height=6,
            mappings=w.yes_no("NOT CHECKED", "checked", "orange", "green"),
        ),
        m.words(
            "Oddities of the last probe",
            "Warnings: what was odd and did not decide the outcome.",
            m.said(oddities, "warning"),
            columns,
            empty="Nothing odd",
            sort="Monitor",
            width=16,
            height=6,
        ),
    ]
