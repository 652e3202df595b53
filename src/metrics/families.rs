//! The table of metric families: the one place where a name, its kind, its labels and its help stand.

use std::fmt::Write as _;

use serde::Serialize;

use crate::outcome::words;

words! {
    /// What a family measures.
    Kind {
        /// Only grows, until the process starts anew.
        Counter = "counter",
        /// Goes up and down.
        Gauge = "gauge",
        /// Counts observations in buckets.
        Histogram = "histogram",
    }
}

/// A metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Family {
    /// The full name.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// The labels, in the order of their values.
    pub labels: &'static [&'static str],
    /// One line, without a full stop.
    pub help: &'static str,
}

/// Declares the families: a constant for each, and `FAMILIES` with all of them in this order.
macro_rules! families {
    ($($constant:ident = $name:literal, $kind:ident, [$($label:literal),*], $help:literal;)+) => {
        $(pub(super) const $constant: Family = Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// Every family of sidetone's own, in the order of the documentation.
        pub const FAMILIES: &[Family] = &[$($constant,)+];
    };
}

families! {
    // --- how a monitor stands ---
    MONITOR_UP = "sidetone_monitor_up", Gauge, ["monitor"],
        "1 if the last conclusive probe succeeded, 0 if it failed; absent before the first one";
    MONITOR_STATE = "sidetone_monitor_state", Gauge, ["monitor", "state"],
        "1 for the state that the monitor is in (ok, suspect, down, unknown), confirmed and with hysteresis; 0 for the others";
    MONITOR_STATE_SINCE = "sidetone_monitor_state_since_timestamp_seconds", Gauge, ["monitor"],
        "When the monitor came into its state, in Unix time";
    FLAPPING = "sidetone_flapping", Gauge, ["monitor"],
        "1 while the monitor's results change too often to be believed; a monitor that is down stays down meanwhile";
    MONITOR_INFO = "sidetone_monitor_info", Gauge, ["monitor", "dialect", "host", "mode"],
        "1, with what the monitor is and the labels that its configuration gives it";
    LAST_FAILURE_INFO = "sidetone_last_failure_info", Gauge, ["monitor", "phase", "reason", "owner"],
        "1, with where, why and whose the last failure is, while the monitor is suspect or down";
    // --- probes and how they ended ---
    PROBES = "sidetone_probes_total", Counter, ["monitor"],
        "Finished probes, inconclusive ones included; cancelled ones are not";
    PROBES_INCONCLUSIVE = "sidetone_probes_inconclusive_total", Counter, ["monitor"],
        "Probes that could not tell, for a cause that provably lies with the prober";
    PROBE_FAILURES = "sidetone_probe_failures_total", Counter, ["monitor", "phase"],
        "Failed probes by the phase that they ended in";
    PROBE_FAILURE_REASONS = "sidetone_probe_failure_reasons_total", Counter, ["monitor", "reason"],
        "Failed probes by reason; at most 32 different http_<code> a monitor, the rest is http_other";
    PROBE_INCONCLUSIVE_REASONS = "sidetone_probe_inconclusive_reasons_total", Counter, ["monitor", "reason"],
        "Inconclusive probes by reason";
    CONFIRMATIONS = "sidetone_confirmations_total", Counter, ["monitor"],
        "Probes that were started soon after a first failure to confirm it";
    PROBE_PANICS = "sidetone_probe_panics_total", Counter, ["monitor"],
        "Probes that hit a bug of sidetone";
    PROBE_WARNING = "sidetone_probe_warning", Gauge, ["monitor", "warning"],
        "1 for each oddity of the last probe that did not decide its outcome";
    FINDING = "sidetone_finding", Gauge, ["monitor", "finding"],
        "1 for each finding about the last probe, while it holds: from its report, its history, other monitors and follow-up checks";
    // --- times ---
    PROBE_PHASE = "sidetone_probe_phase_seconds", Gauge, ["monitor", "phase"],
        "How long each phase of the last probe took; absent for phases that were not reached";
    DIAL_DURATION = "sidetone_dial_duration_seconds", Histogram, ["monitor"],
        "From the first lookup to the 101, of conclusive probes that got so far";
    HOLD_DURATION = "sidetone_hold_duration_seconds", Histogram, ["monitor"],
        "How long the line lived, of conclusive probes that got so far";
    HOLD = "sidetone_hold_seconds", Gauge, ["monitor"],
        "How long the line of the last probe lived; absent if it was never up";
    HOLD_TARGET = "sidetone_hold_target_seconds", Gauge, ["monitor"],
        "How long the line is to be held";
    // --- the end of the line ---
    CLOSES = "sidetone_closes_total", Counter, ["monitor", "code", "by"],
        "Ends of a line by close code (1005: Close without a code, 1006: no Close at all, 3xxx, 4xxx, other) and by who ended it";
    CLOSE_CODE = "sidetone_close_code", Gauge, ["monitor"],
        "The close code of the last probe; absent if its line was never up";
    // --- what was heard ---
    FIRST_MESSAGE = "sidetone_first_message_seconds", Gauge, ["monitor"],
        "From the 101 to the first message of the last probe; absent if none came";
    FIRST_AUDIO = "sidetone_first_audio_seconds", Gauge, ["monitor"],
        "From the 101 to the first audio of the last probe; absent if none came";
    AUDIO_LONGEST_GAP = "sidetone_audio_longest_gap_seconds", Gauge, ["monitor"],
        "The longest pause between two audio frames that came in the last probe; absent if fewer than two came";
    AUDIO_JITTER = "sidetone_audio_jitter_seconds", Gauge, ["monitor"],
        "The jitter of the audio that came in the last probe (RFC 3550 section 6.4.1); absent if fewer than two frames came in a row";
    AUDIO_RATE = "sidetone_audio_bytes_per_second", Gauge, ["monitor"],
        "Bytes a second of the audio that came in the last probe; absent below one second of it";
    PING_RTT = "sidetone_ping_rtt_seconds", Gauge, ["monitor"],
        "The last ping's round trip in the last probe; absent if no pong came";
    AUDIO_FRAMES_SENT = "sidetone_audio_frames_sent_total", Counter, ["monitor"],
        "Media frames that were sent";
    AUDIO_FRAMES_RECEIVED = "sidetone_audio_frames_received_total", Counter, ["monitor"],
        "Media frames that came";
    // --- the connection ---
    TCP_RTT = "sidetone_tcp_rtt_seconds", Gauge, ["monitor"],
        "The kernel's smoothed round trip at the end of the last probe; absent if there was no connection";
    TCP_RETRANSMITS = "sidetone_tcp_retransmits_total", Counter, ["monitor"],
        "Segments that the kernel had to send again";
    TLS_CERTIFICATE_NOT_AFTER = "sidetone_tls_certificate_not_after_timestamp_seconds", Gauge, ["monitor", "certificate"],
        "When the certificate that was last seen expires, in Unix time: the leaf, and the earliest of the chain; also when it did not pass the check";
    TLS_VERIFICATION_DISABLED = "sidetone_tls_verification_disabled", Gauge, ["monitor"],
        "1 if the monitor does not check certificates (insecure)";
    // --- the rhythm ---
    LAST_PROBE = "sidetone_last_probe_timestamp_seconds", Gauge, ["monitor"],
        "When the last finished probe began, in Unix time";
    LAST_SUCCESS = "sidetone_last_success_timestamp_seconds", Gauge, ["monitor"],
        "When the last successful probe began, in Unix time; absent before the first one";
    PROBE_INTERVAL = "sidetone_probe_interval_seconds", Gauge, ["monitor"],
        "From one probe's start to the next one's, as configured for the state that the monitor is in";
    // --- sidetone itself ---
    PROBES_SKIPPED = "sidetone_probes_skipped_total", Counter, [],
        "Slots of the schedule that passed while a probe of the same monitor was still running or waiting";
    PROBES_CANCELLED = "sidetone_probes_cancelled_total", Counter, [],
        "Probes that were ended by a shutdown or a change of their monitor; they count nowhere else";
    PROBES_IN_FLIGHT = "sidetone_probes_in_flight", Gauge, [],
        "Probes that are running now";
    PROBES_CONCURRENT_LIMIT = "sidetone_probes_in_flight_limit", Gauge, [],
        "How many probes may run at a time";
    SCHEDULE_DELAY = "sidetone_schedule_delay_seconds", Gauge, [],
        "The longest that a probe of the last minute started after its intended time, or has been waiting for its turn until now";
    PROBER_LAG = "sidetone_prober_lag_seconds", Gauge, [],
        "The longest that one of the prober's own timers was late in the last minute";
    PROBER_SUSPECT = "sidetone_prober_suspect", Gauge, [],
        "1 while so many monitors fail at once, or the control line does, that the prober itself or its network is suspected";
    CONTROL_LINE_UP = "sidetone_control_line_up", Gauge, [],
        "1 if the last conclusive probe of the line to ourselves on loopback succeeded, 0 if it failed; absent before the first one";
    CONTROL_LINE_PROBES = "sidetone_control_line_probes_total", Counter, [],
        "Finished probes of the line to ourselves";
    CONTROL_LINE_FAILURES = "sidetone_control_line_failures_total", Counter, [],
        "Failed probes of the line to ourselves";
    CONTROL_LINE_DIAL = "sidetone_control_line_dial_seconds", Gauge, [],
        "From the lookup to the 101 of the line to ourselves, of its last probe: what the prober adds to every dial; absent if it did not get so far";
    FOLLOW_UPS = "sidetone_follow_ups_total", Counter, [],
        "Failures that were followed up with further checks";
    CONFIG_RELOAD_SUCCESSFUL = "sidetone_config_last_reload_successful", Gauge, [],
        "1 if the last load of the configuration succeeded, 0 if the one before it is still in force";
    CONFIG_RELOAD_SUCCESS_TIME = "sidetone_config_last_reload_success_timestamp_seconds", Gauge, [],
        "When the configuration was last loaded successfully, in Unix time";
    MONITORS = "sidetone_monitors", Gauge, [],
        "How many monitors run here, configured and discovered ones";
    // --- lists of targets ---
    DISCOVERY_REFRESH_SUCCESSFUL = "sidetone_discovery_last_refresh_successful", Gauge, ["discovery"],
        "1 if the list of targets could be read the last time, 0 if an older one is still in force; absent before the first time";
    DISCOVERY_REFRESH_SUCCESS_TIME = "sidetone_discovery_last_refresh_success_timestamp_seconds", Gauge, ["discovery"],
        "When the list of targets was last read successfully, in Unix time";
    DISCOVERY_TARGETS = "sidetone_discovery_targets", Gauge, ["discovery"],
        "Targets of the list that is in force, those that run elsewhere or were skipped included";
    DISCOVERY_TARGETS_SKIPPED = "sidetone_discovery_targets_skipped", Gauge, ["discovery"],
        "Targets that have no monitor although they should: the template does not fit them, or their name is taken";
    BUILD_INFO = "sidetone_build_info", Gauge, ["version"],
        "1, with the version";
}

/// Upper edges of `sidetone_dial_duration_seconds`, in seconds. 0.25 s: a dial within one region, TLS included; 1 s: a pause that a
/// caller does not yet notice; 3 s: callers whose stream is not up by then hear the call end; 20 s: beyond every default deadline.
pub const DIAL_EDGES: [f64; 10] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0];

/// Upper edges of `sidetone_hold_duration_seconds`, in seconds. A line that is held for its target lives at least as long as that, so that
/// `le="10"` are the lines of a 10 s hold that were cut short. 1 s: dropped at once; 30, 60, 300 and 3600 s: the timeouts of
/// load balancers, proxies and platforms.
pub const HOLD_EDGES: [f64; 10] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// The page `docs/metrics.md`.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("| family | kind | labels | meaning |\n|---|---|---|---|\n");
    for family in FAMILIES {
        let labels = if family.labels.is_empty() { "–".to_owned() } else { family.labels.join(", ") };
        let help = family.help.replace('<', "&lt;");
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {labels} | {help} |", family.name, family.kind);
    }
    let edges = |edges: &[f64]| edges.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let _ = write!(
        page,
        "\nBuckets of `{}`: {}.\nBuckets of `{}`: {}.\n",
        DIAL_DURATION.name,
        edges(&DIAL_EDGES),
        HOLD_DURATION.name,
        edges(&HOLD_EDGES)
    );
    page
}

const INTRODUCTION: &str = "\
<!-- Made from the table in src/metrics/families.rs; UPDATE_DOCS=1 cargo test metrics rewrites it. -->

# Metrics

`/metrics` serves the Prometheus text format 0.0.4. The label `monitor` is the configured name; the URL is never a label.
A gauge without a value is absent, so `absent()` and comparisons mean what they say. Counters survive a reload; the series of a
monitor that is no longer configured vanish with the next scrape.

The share of failed probes is `sum without (phase) (rate(sidetone_probe_failures_total[1h])) / (rate(sidetone_probes_total[1h]) -
rate(sidetone_probes_inconclusive_total[1h]))`. A monitor has at most 80 series as long as nothing has failed.

Probes run on sidetone's own schedule and not on the scrape's; `sidetone_last_probe_timestamp_seconds` and
`sidetone_probe_interval_seconds` are there so that a stalled prober can be alerted on. On Linux the usual `process_*` families are
there as well.

";

/// The reference table for a terminal: name, kind, labels, help.
#[must_use]
pub fn table() -> String {
    let width = FAMILIES.iter().map(|family| family.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for family in FAMILIES {
        let labels = if family.labels.is_empty() { String::new() } else { format!("{{{}}} ", family.labels.join(",")) };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:width$}  {:9}  {labels}{}", family.name, family.kind, family.help);
    }
    text
}

/// The reference table as JSON: a list of objects with `name`, `kind`, `labels` and `help`.
#[must_use]
pub fn json() -> serde_json::Value {
    let rows =
        FAMILIES.iter().map(|f| serde_json::json!({"name": f.name, "kind": f.kind.label(), "labels": f.labels, "help": f.help}));
    serde_json::Value::Array(rows.collect())
}
