//! What pages and JSON show of a monitor: the one place where it is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::outcome::{Outcome, Owner, Phase, Reason};
use crate::report::{FindingReport, Report};
use crate::standing::State;
use crate::supervisor::{Board, ProberView, Snapshot};
use crate::wall::Timestamp;

/// All monitors.
#[derive(Debug, Serialize)]
pub(super) struct OverviewView {
    pub(super) version: &'static str,
    pub(super) prober: OwnView,
    pub(super) monitors: Vec<MonitorView>,
}

/// The prober itself.
#[derive(Debug, Serialize)]
pub(super) struct OwnView {
    /// Why it is suspected, while it is.
    pub(super) suspicion: Option<FindingReport>,
    /// Does the line to ourselves work?
    pub(super) control_line_up: Option<bool>,
    pub(super) control_line: Option<ProbeView>,
}

/// One monitor in the list.
#[derive(Debug, Serialize)]
pub(super) struct MonitorView {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) dialect: &'static str,
    pub(super) mode: &'static str,
    pub(super) interval_seconds: f64,
    pub(super) hold_target_seconds: f64,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) state: State,
    pub(super) state_since: Timestamp,
    pub(super) flapping: bool,
    pub(super) last_probe: Option<ProbeView>,
    pub(super) last_failure: Option<ProbeView>,
    /// Of the probe that explains the state.
    pub(super) findings: Vec<FindingReport>,
}

/// One monitor by itself: two whole reports with it.
#[derive(Debug, Serialize)]
pub(super) struct DetailView {
    #[serde(flatten)]
    pub(super) monitor: MonitorView,
    #[serde(serialize_with = "whole")]
    pub(super) latest: Option<Arc<Report>>,
    #[serde(serialize_with = "whole")]
    pub(super) latest_failure: Option<Arc<Report>>,
    /// What its probes cannot show.
    pub(super) limits: Vec<FindingReport>,
}

/// The essence of a report.
#[derive(Debug, Serialize)]
pub(super) struct ProbeView {
    pub(super) started_at: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) phase: Option<Phase>,
    pub(super) reason: Option<Reason>,
    pub(super) owner: Option<Owner>,
    pub(super) summary: String,
    pub(super) held_seconds: Option<f64>,
    pub(super) close_code: Option<u16>,
}

impl OverviewView {
    pub(super) fn new(board: &Board) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            prober: OwnView::new(board.prober()),
            monitors: board.snapshots().iter().map(MonitorView::new).collect(),
        }
    }
}

impl OwnView {
    fn new(prober: ProberView) -> Self {
        Self {
            suspicion: prober.suspicion,
            control_line_up: prober.control_line_up,
            control_line: prober.control_line.map(|report| ProbeView::new(&report)),
        }
    }
}

impl MonitorView {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let (monitor, history, standing) = (&snapshot.monitor, &snapshot.history, &snapshot.standing);
        let failure = history.latest_failure().filter(|_| standing.is_failing());
        let telling = failure.or_else(|| history.latest());
        Self {
            name: monitor.name.to_string(),
            target: monitor.endpoint.to_string(),
            dialect: monitor.dialect.name(),
            mode: monitor.hold.mode.label(),
            interval_seconds: monitor.rhythm.interval.as_secs_f64(),
            hold_target_seconds: monitor.hold.target.as_secs_f64(),
            labels: monitor.labels.clone(),
            state: standing.state(),
            state_since: standing.since(),
            flapping: standing.is_flapping(),
            last_probe: history.latest().map(|report| ProbeView::new(report)),
            last_failure: history.latest_failure().map(|report| ProbeView::new(report)),
            findings: telling.map(|report| report.findings.clone()).unwrap_or_default(),
        }
    }

    /// The probe that explains the state: the last failure while the monitor is not ok, else the last probe.
    pub(super) fn telling(&self) -> Option<&ProbeView> {
        match self.state {
            State::Suspect | State::Down => self.last_failure.as_ref().or(self.last_probe.as_ref()),
            State::Ok | State::Unknown => self.last_probe.as_ref(),
        }
    }
}

impl DetailView {
    pub(super) fn new(snapshot: &Snapshot, limits: Vec<FindingReport>) -> Self {
        Self {
            monitor: MonitorView::new(snapshot),
            latest: snapshot.history.latest().cloned(),
            latest_failure: snapshot.history.latest_failure().cloned(),
            limits,
        }
    }
}

impl ProbeView {
    pub(super) fn new(report: &Report) -> Self {
        Self {
            started_at: report.started_at,
            outcome: report.outcome,
            phase: report.phase,
            reason: report.reason,
            owner: report.owner,
            summary: report.summary.clone(),
            held_seconds: report.hold.map(|hold| hold.lasted_seconds),
            close_code: report.close.as_ref().map(|close| close.code),
        }
    }
}

fn whole<S: serde::Serializer>(report: &Option<Arc<Report>>, serializer: S) -> Result<S::Ok, S::Error> {
    report.as_deref().serialize(serializer)
}
