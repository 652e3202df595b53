//! `/metrics`: what Prometheus is told.
//!
//! [`FAMILIES`] is the one table: registry, documentation and the checks of rules and dashboards are made from it. The numbers are
//! plain counters behind a lock; one custom collector turns a snapshot of them into families at each scrape, so that no series
//! outlives its monitor. Deliberately absent: sockets, and the decision what counts as a failure (the report has it).
//!
//! Invariant: every label value is a configured name, a word of a closed list or a user's label; nothing from an endpoint gets in.

mod collect;
mod families;
mod lists;
mod series;
#[cfg(test)]
mod tests;

pub use families::{DIAL_EDGES, FAMILIES, Family, HOLD_EDGES, Kind, json, markdown, table};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Registry, TextEncoder};
use tokio::time::Instant;

use crate::lag::{LagMeter, Maxima};
use crate::monitor::{Monitor, MonitorName};
use crate::outcome::Outcome;
use crate::report::Report;
use crate::standing::Standing;
use crate::wall::Timestamp;
use lists::Lists;
use series::Series;

/// The content type of [`Metrics::text`]. Prometheus 3 refuses one that it does not know.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How far back the gauges of the prober's own delays look; longer than the usual scrape interval, so that no peak is missed.
const WINDOW: Duration = Duration::from_secs(60);

/// Every number that sidetone exports. Cheap to clone; clones share the numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    numbers: Arc<Mutex<Numbers>>,
    registry: Registry,
}

/// What is behind the lock.
#[derive(Debug)]
struct Numbers {
    /// Each behind a lock of its own, so that a scrape never holds up a probe for longer than one monitor takes.
    monitors: BTreeMap<MonitorName, Arc<Mutex<Series>>>,
    own: Own,
    lists: Lists,
    delays: Maxima,
    queue: Queue,
    lag: LagMeter,
}

/// The probes that are due and have not started, the most overdue first; the number keeps equal times apart.
#[derive(Debug, Default)]
struct Queue {
    due: BTreeSet<(Instant, u64)>,
    next: u64,
}

/// The numbers of sidetone itself.
#[derive(Clone, Debug, Default)]
struct Own {
    skipped: u64,
    cancelled: u64,
    in_flight: usize,
    limit: usize,
    suspect: bool,
    control_line: ControlLine,
    follow_ups: u64,
    reload_successful: Option<bool>,
    reload_success_at: Option<Timestamp>,
}

/// The numbers of the line to ourselves.
#[derive(Clone, Copy, Debug, Default)]
struct ControlLine {
    up: Option<bool>,
    probes: u64,
    failures: u64,
    dial: Option<f64>,
}

impl Metrics {
    /// No monitors yet; `lag` is what `sidetone_prober_lag_seconds` shows.
    #[must_use]
    pub fn new(lag: LagMeter) -> Self {
        let numbers = Numbers {
            monitors: BTreeMap::new(),
            own: Own::default(),
            lists: Lists::default(),
            delays: Maxima::new(Instant::now()),
            queue: Queue::default(),
            lag,
        };
        let numbers = Arc::new(Mutex::new(numbers));
        let registry = Registry::new();
        // Fails only for invalid or double names; the table is a constant, and every test that makes a `Metrics` would tell.
        registry.register(Box::new(Families::new(Arc::clone(&numbers)))).expect("the table of families is valid");
        #[cfg(target_os = "linux")]
        registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("process_* and sidetone_* are different names");
        Self { numbers, registry }
    }

    /// The whole page, in the text format 0.0.4.
    ///
    /// # Errors
    /// If a family breaks the format's rules, which would be a bug here.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Exports `monitor` from now on. Its counters go on where they are if it was there before; what the last
    /// probe measured goes if it was at another endpoint.
    pub fn watch(&self, monitor: &Monitor, standing: &Standing) {
        let mut numbers = self.numbers();
        if let Some(series) = numbers.monitors.get(&monitor.name) {
            lock(series).redefine(monitor, standing);
        } else {
            let series = Arc::new(Mutex::new(Series::new(monitor, standing)));
            numbers.monitors.insert(monitor.name.clone(), series);
        }
    }

    /// Drops every series of the monitor.
    pub fn forget(&self, name: &MonitorName) {
        self.numbers().monitors.remove(name);
    }

    /// Takes in a finished probe and how its monitor stands after it. Nothing happens if the monitor is not watched.
    pub fn record(&self, name: &MonitorName, report: &Report, standing: &Standing) {
        if let Some(series) = self.series(name) {
            lock(&series).record(report, standing);
        }
    }

    /// A confirmation probe was started.
    pub fn confirmation_started(&self, name: &MonitorName) {
        if let Some(series) = self.series(name) {
            lock(&series).counts.confirmations += 1;
        }
    }

    /// A probe is due at `due` and waits for its turn until [`Queued::start`]. Its delay shows from now on, not only when it starts:
    /// a probe that never gets its turn is what the gauge is for.
    #[must_use]
    pub fn probe_due(&self, due: Instant) -> Queued {
        let place = self.numbers().queue.join(due);
        Queued { metrics: self.clone(), place }
    }

    /// A probe was ended by us.
    pub fn probe_cancelled(&self) {
        self.numbers().own.cancelled += 1;
    }

    /// So many slots of a schedule were run over.
    pub fn slots_skipped(&self, count: u64) {
        self.numbers().own.skipped += count;
    }

    /// So many probes may run at a time.
    pub fn set_limit(&self, limit: usize) {
        self.numbers().own.limit = limit;
    }

    /// Is the prober itself suspected?
    pub fn set_suspect(&self, suspect: bool) {
        self.numbers().own.suspect = suspect;
    }

    /// Takes in a probe of the line to ourselves.
    pub fn record_control_line(&self, report: &Report) {
        let line = &mut self.numbers().own.control_line;
        line.probes += 1;
        line.dial = report.phases.dial();
        match report.outcome {
            Outcome::Success => line.up = Some(true),
            Outcome::Failure => {
                line.up = Some(false);
                line.failures += 1;
            }
            Outcome::Inconclusive => {}
        }
    }

    /// A failure was followed up, and its report has the findings of that now.
    pub fn followed_up(&self, name: &MonitorName, amended: &Report) {
        self.numbers().own.follow_ups += 1;
        if let Some(series) = self.series(name) {
            lock(&series).amend(amended);
        }
    }

    /// The configuration was loaded at this time, or could not be.
    pub fn config_loaded(&self, at: Option<Timestamp>) {
        let own = &mut self.numbers().own;
        own.reload_successful = Some(at.is_some());
        own.reload_success_at = at.or(own.reload_success_at);
    }

    fn series(&self, name: &MonitorName) -> Option<Arc<Mutex<Series>>> {
        self.numbers().monitors.get(name).cloned()
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        lock(&self.numbers)
    }
}

/// The numbers stay usable whatever panicked while it held them: they are plain values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A probe that is due and has not started. Dropped without a start, it has waited all the same.
#[derive(Debug)]
pub struct Queued {
    metrics: Metrics,
    place: (Instant, u64),
}

impl Queued {
    /// The probe starts now; it is in flight until the guard is dropped.
    #[must_use]
    pub fn start(self) -> InFlight {
        let metrics = self.metrics.clone();
        drop(self);
        metrics.numbers().own.in_flight += 1;
        InFlight(metrics)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut numbers = self.metrics.numbers();
        numbers.queue.due.remove(&self.place);
        numbers.delays.note(now, now.saturating_duration_since(self.place.0));
    }
}

/// A probe that is running.
#[derive(Debug)]
pub struct InFlight(Metrics);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.numbers().own.in_flight -= 1;
    }
}

/// What a scrape takes out of the lock.
struct Snapshot {
    monitors: Vec<(MonitorName, Arc<Mutex<Series>>)>,
    own: Own,
    lists: Lists,
    schedule_delay: Duration,
    prober_lag: Duration,
}

impl Queue {
    fn join(&mut self, due: Instant) -> (Instant, u64) {
        let place = (due, self.next);
        self.next += 1;
        self.due.insert(place);
        place
    }

    /// How long the one that waits longest has waited; zero if nobody waits.
    fn longest_wait(&self, now: Instant) -> Duration {
        self.due.first().map_or(Duration::ZERO, |&(due, _)| now.saturating_duration_since(due))
    }
}

impl Numbers {
    fn snapshot(&self) -> Snapshot {
        let now = Instant::now();
        Snapshot {
            monitors: self.monitors.iter().map(|(name, series)| (name.clone(), Arc::clone(series))).collect(),
            own: self.own.clone(),
            lists: self.lists.clone(),
            schedule_delay: self.delays.since(now, now.checked_sub(WINDOW).unwrap_or(now)).max(self.queue.longest_wait(now)),
            prober_lag: self.lag.max_within(WINDOW),
        }
    }
}

/// The collector of everything in [`FAMILIES`].
struct Families {
    numbers: Arc<Mutex<Numbers>>,
    descriptions: Vec<Desc>,
}

impl Families {
    fn new(numbers: Arc<Mutex<Numbers>>) -> Self {
        let describe = |family: &Family| {
            let labels = family.labels.iter().map(|&label| label.to_owned()).collect();
            // Fails only for an invalid name, label or help; the table is a constant.
            Desc::new(family.name.to_owned(), family.help.to_owned(), labels, HashMap::new())
                .expect("the table of families is valid")
        };
        Self { numbers, descriptions: FAMILIES.iter().map(describe).collect() }
    }
}

impl Collector for Families {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let snapshot = lock(&self.numbers).snapshot();
        collect::collect(&snapshot)
    }
}
