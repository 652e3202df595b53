//! What is known about the monitors now: the supervisor writes it, pages and the API read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::facts::Facts;
use crate::diagnosis::{self, Past};
use crate::history::{History, Pasts};
use crate::metrics::Metrics;
use crate::monitor::{Monitor, MonitorName};
use crate::outcome::{Finding, Outcome};
use crate::report::{CheckReport, FindingReport, Report};
use crate::standing::{Change, Standing};
use crate::wall::Timestamp;

/// How many finished probes a slow observer may fall behind before it loses the oldest.
const OBSERVER_BACKLOG: usize = 256;

/// Failures in a row of the line to ourselves before the prober is suspected for it.
const CONTROL_LINE_FAILURES: u32 = 2;

/// How many wait for an on-demand probe of one monitor at most.
const MOST_WAITING: usize = 64;

/// The monitors, how they stand, and their recent reports. Cheap to clone; clones look at the same board.
#[derive(Clone, Debug)]
pub struct Board {
    known: Arc<Mutex<Known>>,
    metrics: Metrics,
    finished: broadcast::Sender<Arc<Report>>,
}

/// What is behind the lock.
#[derive(Debug, Default)]
struct Known {
    entries: BTreeMap<MonitorName, Entry>,
    prober: ProberView,
}

/// What is known about the prober itself.
#[derive(Clone, Debug, Default)]
pub struct ProberView {
    /// The newest report of the line to ourselves; `None` before the first, or without one.
    pub control_line: Option<Arc<Report>>,
    /// Does that line work? An inconclusive probe changes nothing.
    pub control_line_up: Option<bool>,
    /// Its failures in a row.
    pub control_line_failures: u32,
    /// Why the prober is suspected, while it is.
    pub suspicion: Option<FindingReport>,
}

#[derive(Debug)]
struct Entry {
    monitor: Arc<Monitor>,
    standing: Standing,
    history: History,
    pasts: Pasts,
    facts: Facts,
    /// The report with the follow-up checks of the incident that goes on.
    followed_up: Option<Arc<Report>>,
    requests: mpsc::Sender<Request>,
}

/// What is known about one monitor at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its definition.
    pub monitor: Arc<Monitor>,
    /// How it stands.
    pub standing: Standing,
    /// Its recent reports.
    pub history: History,
}

/// Somebody waits for the report of a probe.
pub(super) type Request = oneshot::Sender<Arc<Report>>;

/// Why there is no report on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeNowError {
    /// No monitor has this name.
    #[error("no monitor has this name; only monitors of the configuration can be probed")]
    Unknown,
    /// Too many wait for the same monitor already.
    #[error("{MOST_WAITING} requests wait for this monitor already; try again later")]
    Busy,
    /// The monitor was changed or removed, or the daemon shuts down.
    #[error("the monitor was stopped before the probe ended")]
    Stopped,
}

impl Board {
    /// An empty board that tells `metrics` as well.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        let (finished, _) = broadcast::channel(OBSERVER_BACKLOG);
        Self { known: Arc::default(), metrics, finished }
    }

    /// The numbers that go with the board.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The report of every probe that is finished from now on. An observer that falls behind loses the oldest.
    #[must_use]
    pub fn observe(&self) -> broadcast::Receiver<Arc<Report>> {
        self.finished.subscribe()
    }

    /// Every monitor, by name.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.known().entries.values().map(Entry::snapshot).collect()
    }

    /// One monitor.
    #[must_use]
    pub fn snapshot(&self, name: &str) -> Option<Snapshot> {
        let name = MonitorName::new(name).ok()?;
        self.known().entries.get(&name).map(Entry::snapshot)
    }

    /// What the probes of this monitor, as it is configured, cannot show; nothing for an unknown one.
    #[must_use]
    pub fn limits(&self, name: &str) -> Vec<FindingReport> {
        let Ok(name) = MonitorName::new(name) else { return Vec::new() };
        let known = self.known();
        let limits = |entry: &Entry| diagnosis::limits(&entry.monitor.hold, entry.pasts.as_slice());
        known.entries.get(&name).map(limits).unwrap_or_default()
    }

    /// What is known about the prober itself.
    #[must_use]
    pub fn prober(&self) -> ProberView {
        self.known().prober.clone()
    }

    /// Takes in a probe of the line to ourselves. Returns whether it works from now on, if that has changed.
    pub fn record_control_line(&self, report: &Arc<Report>) -> Option<bool> {
        self.metrics.record_control_line(report);
        let mut known = self.known();
        let before = known.prober.control_line_up;
        let prober = &mut known.prober;
        match report.outcome {
            Outcome::Success => (prober.control_line_up, prober.control_line_failures) = (Some(true), 0),
            Outcome::Failure => {
                prober.control_line_up = Some(false);
                prober.control_line_failures = prober.control_line_failures.saturating_add(1);
            }
            Outcome::Inconclusive => {}
        }
        prober.control_line = Some(Arc::clone(report));
        known.compare(None, &self.metrics);
        known.prober.control_line_up.filter(|_| known.prober.control_line_up != before)
    }

    /// Probes the monitor `name` now and returns the report; if a probe of it is running, waits for that one's. The result counts
    /// like that of any other probe, since it is one: nothing that was measured is hidden.
    ///
    /// # Errors
    /// If no monitor has this name, too many wait for it, or it is stopped meanwhile.
    pub async fn probe_now(&self, name: &str) -> Result<Arc<Report>, ProbeNowError> {
        let name = MonitorName::new(name).map_err(|_| ProbeNowError::Unknown)?;
        let requests = self.known().entries.get(&name).map(|entry| entry.requests.clone()).ok_or(ProbeNowError::Unknown)?;
        let (answer, report) = oneshot::channel();
        requests.try_send(answer).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ProbeNowError::Busy,
            mpsc::error::TrySendError::Closed(_) => ProbeNowError::Stopped,
        })?;
        drop(requests);
        report.await.map_err(|_| ProbeNowError::Stopped)
    }

    /// Puts `monitor` on the board, or its new definition in the old one's place; standing, history and counters stay. Returns the
    /// requests for on-demand probes, for the task that will serve them.
    pub(super) fn put(&self, monitor: &Arc<Monitor>, at: Timestamp) -> mpsc::Receiver<Request> {
        let (requests, receiver) = mpsc::channel(MOST_WAITING);
        let mut known = self.known();
        if let Some(entry) = known.entries.get_mut(&monitor.name) {
            entry.redefine(monitor, requests);
            self.metrics.watch(monitor, &entry.standing);
        } else {
            let entry = Entry::new(monitor, at, requests);
            self.metrics.watch(monitor, &entry.standing);
            known.entries.insert(monitor.name.clone(), entry);
        }
        receiver
    }

    /// Takes the monitor off the board, with its history and its series.
    pub(super) fn remove(&self, name: &MonitorName) {
        let mut known = self.known();
        known.entries.remove(name);
        self.metrics.forget(name);
    }

    /// Asks again whether the prober is to be suspected, after monitors have come or gone.
    pub(super) fn reconsider(&self) {
        self.known().compare(None, &self.metrics);
    }

    /// Takes in a finished probe, and adds to its report what the monitor's history and the other monitors say about it. Returns how the
    /// monitor stands after it; the report as it came, if the monitor is no longer on the board.
    pub(super) fn record(&self, name: &MonitorName, report: Report, at: Timestamp) -> Result<Recorded, Box<Report>> {
        let mut known = self.known();
        if let Some(entry) = known.entries.get_mut(name) {
            entry.take_facts(&report);
        }
        let failed = (report.outcome == Outcome::Failure).then_some(name);
        let together = known.compare(failed, &self.metrics);
        let Some(entry) = known.entries.get_mut(name) else { return Err(Box::new(report)) };
        let report = Arc::new(entry.explain(report, together));
        let flapped = entry.standing.is_flapping();
        let change = entry.standing.observe(report.outcome, at);
        entry.history.push(Arc::clone(&report));
        self.metrics.record(name, &report, &entry.standing);
        let failing = entry.standing.is_failing();
        let flapping = (flapped, entry.standing.is_flapping());
        let suspect = known.prober.suspicion.is_some();
        drop(known);
        // An error means that nobody observes.
        let _ = self.finished.send(Arc::clone(&report));
        Ok(Recorded { report, change, failing, flapping, suspect })
    }

    /// Takes in the follow-up checks of the probe of `report`. Its outcome stays as it is. Returns the report with what they prove, or
    /// `None` if the monitor is no longer on the board.
    pub(super) fn followed_up(&self, name: &MonitorName, report: &Arc<Report>, checks: Vec<CheckReport>) -> Option<Arc<Report>> {
        let mut amended = Report { checks, ..Report::clone(report) };
        amended.findings = diagnosis::with_checks(&amended);
        let mut known = self.known();
        let entry = known.entries.get_mut(name)?;
        amended.fixes = diagnosis::fixes(&amended, &entry.monitor);
        let amended = Arc::new(amended);
        entry.history.amend(&amended);
        entry.followed_up = Some(Arc::clone(&amended));
        self.metrics.followed_up(name, &amended);
        Some(amended)
    }

    /// Is the monitor suspect or down?
    pub(super) fn is_failing(&self, name: &MonitorName) -> bool {
        self.known().entries.get(name).is_some_and(|entry| entry.standing.is_failing())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Asks again whether the prober is to be suspected, and what the failure of the monitor `failed` has in common with the others'
    /// failures. While the prober is suspected, that is said alone.
    fn compare(&mut self, failed: Option<&MonitorName>, metrics: &Metrics) -> Option<FindingReport> {
        // One failure of the line to ourselves may be chance.
        let prober = &self.prober;
        let control_line = prober.control_line_up.filter(|up| *up || prober.control_line_failures >= CONTROL_LINE_FAILURES);
        // As long as all is well there is nothing to compare.
        let trouble = control_line == Some(false) || self.entries.values().any(|entry| entry.facts.is_failing());
        let all = self.entries.values().filter(|_| trouble);
        let neighbours: Vec<_> = all.map(|entry| entry.facts.neighbour(&entry.monitor)).collect();
        let suspicion = if trouble { diagnosis::prober_suspect(&neighbours, control_line) } else { None };
        let said = |name: &MonitorName| suspicion.clone().or_else(|| diagnosis::together(name.as_str(), &neighbours));
        let found = failed.and_then(said);
        metrics.set_suspect(suspicion.is_some());
        self.prober.suspicion = suspicion;
        found
    }
}

/// What a finished probe did to its monitor.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    /// The report, with what history and other monitors say about it.
    pub(super) report: Arc<Report>,
    /// The change of state, if it changed.
    pub(super) change: Option<Change>,
    /// Suspect or down.
    pub(super) failing: bool,
    /// Flapping before and after.
    pub(super) flapping: (bool, bool),
    /// Is the prober itself suspected?
    pub(super) suspect: bool,
}

impl Entry {
    fn new(monitor: &Arc<Monitor>, at: Timestamp, requests: mpsc::Sender<Request>) -> Self {
        Self {
            monitor: Arc::clone(monitor),
            standing: Standing::new(monitor.thresholds, at),
            history: History::default(),
            pasts: Pasts::default(),
            facts: Facts::new(monitor),
            followed_up: None,
            requests,
        }
    }

    /// Another definition of the same monitor. The facts of another endpoint prove nothing about the new one.
    fn redefine(&mut self, monitor: &Arc<Monitor>, requests: mpsc::Sender<Request>) {
        if self.monitor.endpoint != monitor.endpoint || self.monitor.dial != monitor.dial {
            (self.pasts, self.facts, self.followed_up) = (Pasts::default(), Facts::new(monitor), None);
        }
        self.monitor = Arc::clone(monitor);
        self.standing.set_thresholds(monitor.thresholds);
        self.requests = requests;
    }

    fn take_facts(&mut self, report: &Report) {
        self.facts.take(report);
        self.pasts.push(Past::of(report));
        let other = |followed: &mut Arc<Report>| followed.reason != report.reason;
        self.followed_up.take_if(|followed| report.outcome != Outcome::Inconclusive && other(followed));
    }

    /// The report with what its monitor's history and the other monitors say about it, what explains most first.
    fn explain(&self, mut report: Report, together: Option<FindingReport>) -> Report {
        if report.outcome == Outcome::Inconclusive {
            return report;
        }
        let explains_more = |finding: &FindingReport| {
            matches!(finding.finding, Finding::ProberSuspect | Finding::IdleTimeout | Finding::LifetimeLimit)
        };
        let said = together.into_iter().chain(diagnosis::patterns(self.pasts.as_slice()));
        let (first, last): (Vec<_>, Vec<_>) = said.partition(explains_more);
        let own = self.with_checks_of_the_incident(&mut report);
        for finding in first.into_iter().chain(own).chain(last) {
            if report.findings.iter().all(|other| other.finding != finding.finding) {
                report.findings.push(finding);
            }
        }
        report.fixes = diagnosis::fixes(&report, &self.monitor);
        report
    }

    /// Takes the findings out of the report, with what the follow-up checks of the same incident have proven, and without what they have
    /// disproved.
    fn with_checks_of_the_incident(&self, report: &mut Report) -> Vec<FindingReport> {
        let Some(followed) = &self.followed_up else { return std::mem::take(&mut report.findings) };
        let own: Vec<Finding> = report.findings.iter().map(|finding| finding.finding).collect();
        report.checks.clone_from(&followed.checks);
        let mut findings = diagnosis::with_checks(report);
        (report.checks, report.findings) = (Vec::new(), Vec::new());
        for finding in findings.iter_mut().filter(|finding| !own.contains(&finding.finding)) {
            finding.evidence.push(format!("from the follow-up checks of the probe at {}", followed.started_at));
        }
        findings
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { monitor: Arc::clone(&self.monitor), standing: self.standing.clone(), history: self.history.clone() }
    }
}
