//! What is counted and remembered of one monitor for `/metrics`.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::{Histogram, HistogramOpts};

use super::families::{DIAL_EDGES, Family, HOLD_EDGES};
use crate::monitor::{self, HostPort, Monitor};
use crate::outcome::{Finding, Outcome, Phase, Reason, Warning};
use crate::report::{ClosedBy, PhaseSeconds, Report};
use crate::standing::{Standing, State};
use crate::wall::Timestamp;

/// How many different `http_<code>` reasons a monitor may bring into being; a hostile server can answer with 500 of them.
const MOST_STATUSES: usize = 32;

/// The numbers of one monitor.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) about: About,
    endpoint: Dialled,
    pub(super) standing: StandingNow,
    pub(super) counts: Counts,
    pub(super) last: Last,
    pub(super) dial: Histogram,
    pub(super) hold: Histogram,
}

/// What the configuration says.
#[derive(Debug)]
pub(super) struct About {
    pub(super) dialect: &'static str,
    pub(super) host: String,
    pub(super) mode: &'static str,
    /// Beside the family's own labels, and never one of their names.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) hold_target: f64,
    pub(super) interval: f64,
    pub(super) interval_failing: f64,
    pub(super) unverified: bool,
}

/// Whom the monitor dials: what the numbers of the last probe belong to.
#[derive(Debug, PartialEq, Eq)]
struct Dialled {
    endpoint: monitor::Endpoint,
    connect_to: Option<HostPort>,
    server_name: Option<String>,
}

/// The state as it was after the last probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct StandingNow {
    pub(super) state: State,
    pub(super) since: Timestamp,
    pub(super) flapping: bool,
}

/// What only grows.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) probes: u64,
    pub(super) inconclusive: u64,
    pub(super) failures: BTreeMap<Phase, u64>,
    pub(super) failure_reasons: BTreeMap<Reason, u64>,
    pub(super) inconclusive_reasons: BTreeMap<Reason, u64>,
    pub(super) closes: BTreeMap<(&'static str, ClosedBy), u64>,
    pub(super) confirmations: u64,
    pub(super) panics: u64,
    pub(super) frames_sent: u64,
    pub(super) frames_received: u64,
    pub(super) retransmits: u64,
}

/// What the last probes said; each is absent until it has a value.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) up: Option<bool>,
    pub(super) failure: Option<(Phase, Reason)>,
    pub(super) started: Option<Timestamp>,
    pub(super) succeeded: Option<Timestamp>,
    pub(super) phases: PhaseSeconds,
    pub(super) hold: Option<f64>,
    pub(super) close_code: Option<u16>,
    pub(super) first_message: Option<f64>,
    pub(super) first_audio: Option<f64>,
    pub(super) longest_gap: Option<f64>,
    pub(super) jitter: Option<f64>,
    pub(super) audio_rate: Option<f64>,
    pub(super) ping_rtt: Option<f64>,
    pub(super) tcp_rtt: Option<f64>,
    /// The leaf's end of validity, and the earliest of the chain.
    pub(super) certificates: Option<(Timestamp, Timestamp)>,
    pub(super) warnings: BTreeSet<Warning>,
    pub(super) findings: BTreeSet<Finding>,
}

impl Series {
    pub(super) fn new(monitor: &Monitor, standing: &Standing) -> Self {
        Self {
            about: About::new(monitor),
            endpoint: Dialled::new(monitor),
            standing: StandingNow::new(standing),
            counts: Counts::new(),
            last: Last::default(),
            dial: histogram(&super::families::DIAL_DURATION, &DIAL_EDGES),
            hold: histogram(&super::families::HOLD_DURATION, &HOLD_EDGES),
        }
    }

    /// Takes in a new definition. If it dials somewhere else, what the last probe measured there is no longer shown.
    pub(super) fn redefine(&mut self, monitor: &Monitor, standing: &Standing) {
        let endpoint = Dialled::new(monitor);
        if self.endpoint != endpoint {
            self.last.leave_endpoint();
        }
        self.endpoint = endpoint;
        self.about = About::new(monitor);
        self.standing = StandingNow::new(standing);
    }

    /// Takes in a finished probe, and how the monitor stands after it.
    pub(super) fn record(&mut self, report: &Report, standing: &Standing) {
        self.standing = StandingNow::new(standing);
        self.counts.record(report);
        self.last.record(report);
        if report.outcome == Outcome::Inconclusive {
            return;
        }
        if let Some(seconds) = report.phases.dial() {
            self.dial.observe(seconds);
        }
        if let Some(hold) = &report.hold {
            self.hold.observe(hold.lasted_seconds);
        }
    }

    /// More was found out about a probe. If another has finished since, its own findings stay.
    pub(super) fn amend(&mut self, report: &Report) {
        if self.last.started == Some(report.started_at) {
            self.last.findings = report.findings.iter().map(|finding| finding.finding).collect();
        }
    }

    /// The interval that is in force.
    pub(super) fn interval(&self) -> f64 {
        let failing = matches!(self.standing.state, State::Suspect | State::Down);
        if failing { self.about.interval_failing } else { self.about.interval }
    }
}

impl About {
    pub(super) fn new(monitor: &Monitor) -> Self {
        let rhythm = &monitor.rhythm;
        Self {
            dialect: monitor.dialect.name(),
            host: monitor.endpoint.host(),
            mode: monitor.hold.mode.label(),
            labels: monitor.labels.iter().filter(|(name, _)| is_free(name)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            hold_target: monitor.hold.target.as_secs_f64(),
            interval: rhythm.interval.as_secs_f64(),
            interval_failing: rhythm.interval_failing.unwrap_or(rhythm.interval).as_secs_f64(),
            unverified: monitor.endpoint.is_secure() && !monitor.dial.tls.verify,
        }
    }
}

impl Dialled {
    fn new(monitor: &Monitor) -> Self {
        Self {
            endpoint: monitor.endpoint.clone(),
            connect_to: monitor.dial.connect_to.clone(),
            server_name: monitor.dial.tls.server_name.clone(),
        }
    }
}

impl StandingNow {
    pub(super) const fn new(standing: &Standing) -> Self {
        Self { state: standing.state(), since: standing.since(), flapping: standing.is_flapping() }
    }
}

impl Counts {
    /// Phases and the two most telling ends are there from the start, so that `increase()` sees the first one.
    fn new() -> Self {
        Self {
            failures: Phase::ALL.iter().map(|&phase| (phase, 0)).collect(),
            closes: BTreeMap::from([(("1000", ClosedBy::Prober), 0), (("1006", ClosedBy::Server), 0)]),
            ..Self::default()
        }
    }

    fn record(&mut self, report: &Report) {
        self.probes += 1;
        self.frames_sent += report.audio.frames_sent;
        self.frames_received += report.audio.frames_received;
        self.retransmits += report.tcp.map_or(0, |tcp| u64::from(tcp.retransmits));
        if let Some(close) = &report.close {
            *self.closes.entry((code_label(close.code), close.by)).or_default() += 1;
        }
        match (report.outcome, report.reason) {
            (Outcome::Failure, Some(reason)) => {
                *self.failures.entry(report.phase.unwrap_or_else(|| reason.phase())).or_default() += 1;
                let reason = self.bounded(reason);
                *self.failure_reasons.entry(reason).or_default() += 1;
            }
            (Outcome::Inconclusive, Some(reason)) => {
                self.inconclusive += 1;
                self.panics += u64::from(reason == Reason::ProberPanicked);
                *self.inconclusive_reasons.entry(reason).or_default() += 1;
            }
            (Outcome::Success | Outcome::Failure | Outcome::Inconclusive, _) => {}
        }
    }

    fn bounded(&self, reason: Reason) -> Reason {
        let is_status = |reason: &&Reason| matches!(reason, Reason::Http(_));
        let known = self.failure_reasons.contains_key(&reason);
        let full = || self.failure_reasons.keys().filter(is_status).count() >= MOST_STATUSES;
        if is_status(&&reason) && !known && full() { Reason::HttpOther } else { reason }
    }
}

impl Last {
    /// Forgets what was measured at the endpoint. How the monitor stands and when it was probed goes on, as its standing does.
    fn leave_endpoint(&mut self) {
        let Self { up, failure, started, succeeded, .. } = *self;
        *self = Self { up, failure, started, succeeded, ..Self::default() };
    }

    fn record(&mut self, report: &Report) {
        let certificates = report.tls.as_ref().and_then(|tls| {
            let ends = || tls.certificates.iter().map(|certificate| certificate.not_after);
            Some((ends().next()?, ends().min()?))
        });
        *self = Self {
            up: match report.outcome {
                Outcome::Success => Some(true),
                Outcome::Failure => Some(false),
                Outcome::Inconclusive => self.up,
            },
            failure: match (report.outcome, report.reason) {
                (Outcome::Failure, Some(reason)) => Some((report.phase.unwrap_or_else(|| reason.phase()), reason)),
                _ => self.failure,
            },
            started: Some(report.started_at),
            succeeded: if report.outcome == Outcome::Success { Some(report.started_at) } else { self.succeeded },
            phases: report.phases,
            hold: report.hold.map(|hold| hold.lasted_seconds),
            close_code: report.close.as_ref().map(|close| close.code),
            first_message: report.audio.first_message_seconds,
            first_audio: report.audio.first_audio_seconds,
            longest_gap: report.audio.longest_gap_seconds,
            jitter: report.audio.jitter_seconds,
            audio_rate: report.audio.bytes_per_second,
            ping_rtt: report.ping.rtt_seconds,
            tcp_rtt: report.tcp.map(|tcp| tcp.rtt_seconds),
            certificates: certificates.or(self.certificates),
            warnings: report.warnings.iter().map(|warning| warning.warning).collect(),
            findings: report.findings.iter().map(|finding| finding.finding).collect(),
        };
    }
}

/// May the user's label stand beside the family's own? Prometheus' data model: `[a-zA-Z_][a-zA-Z0-9_]*`, `__` is reserved.
fn is_free(name: &str) -> bool {
    let own = super::families::MONITOR_INFO.labels.contains(&name);
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !own && !name.starts_with("__") && name.bytes().all(word) && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// The codes of RFC 6455 section 7.4.1 and of IANA's list by themselves; the private ranges as one each, so that a server cannot
/// invent labels.
const fn code_label(code: u16) -> &'static str {
    match code {
        1000 => "1000",
        1001 => "1001",
        1002 => "1002",
        1003 => "1003",
        1005 => "1005",
        1006 => "1006",
        1007 => "1007",
        1008 => "1008",
        1009 => "1009",
        1010 => "1010",
        1011 => "1011",
        1012 => "1012",
        1013 => "1013",
        1014 => "1014",
        1015 => "1015",
        3000..=3999 => "3xxx",
        4000..=4999 => "4xxx",
        _ => "other",
    }
}

fn histogram(family: &Family, edges: &[f64]) -> Histogram {
    let options = HistogramOpts::new(family.name, family.help).buckets(edges.to_vec());
    // The name is valid and the edges ascend: both are constants, and a test makes one of each.
    Histogram::with_opts(options).expect("the table of families is valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_are_bounded() {
        let rows =
            [(1000, "1000"), (1004, "other"), (1016, "other"), (3008, "3xxx"), (4999, "4xxx"), (999, "other"), (5000, "other")];
        for (code, label) in rows {
            assert_eq!(code_label(code), label);
        }
        let labels: BTreeSet<_> = (0..=u16::MAX).map(code_label).collect();
        assert_eq!(labels.len(), 18);
    }

    #[test]
    fn labels_of_the_user_do_not_clash() {
        for good in ["team", "_x", "a9"] {
            assert!(is_free(good), "{good}");
        }
        for bad in ["monitor", "host", "__x", "9a", "", "a-b", "ü"] {
            assert!(!is_free(bad), "{bad}");
        }
    }
}
