//! What is known about the monitors now: the supervisor writes it, pages and the API read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::history::History;
use crate::metrics::Metrics;
use crate::monitor::{Monitor, MonitorName};
use crate::report::Report;
use crate::standing::{Change, Standing};
use crate::wall::Timestamp;

/// How many finished probes a slow observer may fall behind before it loses the oldest.
const OBSERVER_BACKLOG: usize = 256;

/// How many wait for an on-demand probe of one monitor at most.
const MOST_WAITING: usize = 64;

/// The monitors, how they stand, and their recent reports. Cheap to clone; clones look at the same board.
#[derive(Clone, Debug)]
pub struct Board {
    entries: Arc<Mutex<BTreeMap<MonitorName, Entry>>>,
    metrics: Metrics,
    finished: broadcast::Sender<Arc<Report>>,
}

#[derive(Debug)]
struct Entry {
    monitor: Arc<Monitor>,
    standing: Standing,
    history: History,
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
        Self { entries: Arc::default(), metrics, finished }
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
        self.entries().values().map(Entry::snapshot).collect()
    }

    /// One monitor.
    #[must_use]
    pub fn snapshot(&self, name: &str) -> Option<Snapshot> {
        let name = MonitorName::new(name).ok()?;
        self.entries().get(&name).map(Entry::snapshot)
    }

    /// Probes the monitor `name` now and returns the report; if a probe of it is running, waits for that one's. The result counts
    /// like that of any other probe, since it is one: nothing that was measured is hidden.
    ///
    /// # Errors
    /// If no monitor has this name, too many wait for it, or it is stopped meanwhile.
    pub async fn probe_now(&self, name: &str) -> Result<Arc<Report>, ProbeNowError> {
        let name = MonitorName::new(name).map_err(|_| ProbeNowError::Unknown)?;
        let requests = self.entries().get(&name).map(|entry| entry.requests.clone()).ok_or(ProbeNowError::Unknown)?;
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
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&monitor.name) {
            entry.monitor = Arc::clone(monitor);
            entry.standing.set_thresholds(monitor.thresholds);
            entry.requests = requests;
            self.metrics.watch(monitor, &entry.standing);
        } else {
            let standing = Standing::new(monitor.thresholds, at);
            self.metrics.watch(monitor, &standing);
            let entry = Entry { monitor: Arc::clone(monitor), standing, history: History::default(), requests };
            entries.insert(monitor.name.clone(), entry);
        }
        receiver
    }

    /// Takes the monitor off the board, with its history and its series.
    pub(super) fn remove(&self, name: &MonitorName) {
        let mut entries = self.entries();
        entries.remove(name);
        self.metrics.forget(name);
    }

    /// Takes in a finished probe; returns how the monitor stands after it, or `None` if it is no longer on the board.
    pub(super) fn record(&self, name: &MonitorName, report: &Arc<Report>, at: Timestamp) -> Option<Recorded> {
        let mut entries = self.entries();
        let entry = entries.get_mut(name)?;
        let flapped = entry.standing.is_flapping();
        let change = entry.standing.observe(report.outcome, at);
        entry.history.push(Arc::clone(report));
        self.metrics.record(name, report, &entry.standing);
        let recorded =
            Recorded { change, failing: entry.standing.is_failing(), flapping: (flapped, entry.standing.is_flapping()) };
        drop(entries);
        // An error means that nobody observes.
        let _ = self.finished.send(Arc::clone(report));
        Some(recorded)
    }

    /// Is the monitor suspect or down?
    pub(super) fn is_failing(&self, name: &MonitorName) -> bool {
        self.entries().get(name).is_some_and(|entry| entry.standing.is_failing())
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<MonitorName, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a finished probe did to its monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The change of state, if it changed.
    pub(super) change: Option<Change>,
    /// Suspect or down.
    pub(super) failing: bool,
    /// Flapping before and after.
    pub(super) flapping: (bool, bool),
}

impl Entry {
    fn snapshot(&self) -> Snapshot {
        Snapshot { monitor: Arc::clone(&self.monitor), standing: self.standing.clone(), history: self.history.clone() }
    }
}
