//! Keeps the monitors running: one owned task each, on a fixed grid, never two probes of one monitor at a time.
//!
//! Start is a reload from nothing: [`Supervisor::apply`] compares the fleet that is wanted with the one that runs. An unchanged monitor
//! keeps its task; a changed one keeps its name, standing, history and counters; one that is gone takes its series with it. A
//! probe that panics is a report like any other; a probe that we cancel (shutdown, reload) is counted as cancelled and as nothing else.
//! Deliberately absent: sockets (the [`Prober`] has them), files and signals.
//!
//! Invariant: every task is in the supervisor's `JoinSet`, and [`Supervisor::drain`] leaves none behind.

mod board;
mod control;
mod facts;
mod fault;
#[cfg(test)]
pub(crate) mod fixture;
mod gate;
mod incident;
mod line;
#[cfg(test)]
mod tests;

pub use board::{Board, ProbeNowError, ProberView, Snapshot};

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::config::Discovery;
use crate::metrics::Metrics;
use crate::monitor::{Monitor, MonitorName};
use crate::report::{CheckReport, Report};
use crate::wall::Timestamp;
use control::watch_control_line;
use gate::Gate;
use incident::{FollowUps, Incident};
use line::{GridClock, Line};

/// What probes.
pub trait Prober: Send + Sync + 'static {
    /// What follow-up checks need to know of a probe beside its report.
    type Trail: Send;

    /// Probes `monitor` once. After `cancel` it says goodbye and returns soon, with the reason `cancelled`.
    fn probe(&self, monitor: Arc<Monitor>, cancel: CancellationToken) -> impl Future<Output = (Report, Self::Trail)> + Send;

    /// Makes the follow-up checks that the failure of `report` calls for, as far as its monitor allows.
    fn follow_up(
        &self,
        trail: Self::Trail,
        report: &Report,
        cancel: CancellationToken,
    ) -> impl Future<Output = Vec<CheckReport>> + Send;
}

/// What is to run.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The monitors; of two with one name, the later one runs.
    pub monitors: Vec<Arc<Monitor>>,
    /// How many probes may run at a time; 1 or more.
    pub max_concurrent_probes: usize,
    /// How long open holds have to say goodbye at a shutdown.
    pub grace: Duration,
    /// Lists from which the daemon takes further monitors; the supervisor itself has no use for them.
    pub discoveries: Vec<Arc<Discovery>>,
}

/// What [`Supervisor::apply`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Monitors that were started.
    pub added: usize,
    /// Monitors that were started again with another definition.
    pub changed: usize,
    /// Monitors that were stopped for good.
    pub removed: usize,
    /// Monitors that were left alone.
    pub unchanged: usize,
}

/// What [`Supervisor::drain`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Tasks that ended by themselves.
    pub finished: usize,
    /// Tasks that had to be aborted when the grace time was over.
    pub aborted: usize,
}

/// The owner of the monitors' tasks.
#[derive(Debug)]
pub struct Supervisor<P> {
    prober: Arc<P>,
    board: Board,
    gate: Gate,
    follow_ups: FollowUps,
    clock: GridClock,
    tasks: JoinSet<()>,
    running: BTreeMap<MonitorName, Running>,
    /// Whose task is it? Tasks that have been cancelled are no longer in it.
    names: HashMap<Id, MonitorName>,
    /// Held by each task for its life, so that the tasks of one monitor take turns; kept until the last of them has ended.
    turns: BTreeMap<MonitorName, Arc<Mutex<()>>>,
}

#[derive(Debug)]
struct Running {
    monitor: Arc<Monitor>,
    cancel: CancellationToken,
    task: Id,
}

impl<P: Prober> Supervisor<P> {
    /// Nothing runs yet. `time_of_day` is the present on the time line of the schedule; the daemon takes Unix time, so that a
    /// restart does not shift the grid.
    #[must_use]
    pub fn new(prober: P, metrics: Metrics, time_of_day: Duration) -> Self {
        Self {
            prober: Arc::new(prober),
            board: Board::new(metrics),
            gate: Gate::new(),
            follow_ups: FollowUps::new(),
            clock: GridClock::new(time_of_day),
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            names: HashMap::new(),
            turns: BTreeMap::new(),
        }
    }

    /// What is known about the monitors.
    #[must_use]
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// Probes `monitor`, the line to ourselves, over and over until `cancel`.
    pub fn control_line(&self, monitor: Arc<Monitor>, cancel: CancellationToken) -> impl Future<Output = ()> + Send + use<P> {
        watch_control_line(Arc::clone(&self.prober), monitor, self.board.clone(), cancel)
    }

    /// Makes `fleet` the one that runs. Must be called within a tokio runtime.
    pub fn apply(&mut self, fleet: &Fleet) -> Applied {
        let limit = fleet.max_concurrent_probes.max(1);
        self.gate.resize(limit);
        self.board.metrics().set_limit(limit);
        self.turns.retain(|_, turn| Arc::strong_count(turn) > 1);

        let wanted: BTreeMap<&MonitorName, &Arc<Monitor>> = fleet.monitors.iter().map(|m| (&m.name, m)).collect();
        let gone: Vec<MonitorName> = self.running.keys().filter(|name| !wanted.contains_key(name)).cloned().collect();
        for name in &gone {
            self.stop(name);
            self.board.remove(name);
        }
        let mut applied = Applied { removed: gone.len(), ..Applied::default() };
        for (name, monitor) in wanted {
            match self.running.get(name) {
                Some(running) if running.monitor == *monitor => applied.unchanged += 1,
                Some(_) => {
                    self.stop(name);
                    self.start(monitor);
                    applied.changed += 1;
                }
                None => {
                    self.start(monitor);
                    applied.added += 1;
                }
            }
        }
        self.board.reconsider();
        applied
    }

    /// Waits until a task has ended, and puts it right: one that was stopped is forgotten, one that ended by a bug is started again.
    /// Waits for ever while nothing runs. Can be cancelled at any time.
    pub async fn tend(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.task_ended(ended),
            None => std::future::pending().await,
        }
    }

    /// Cancels every probe, lets them say goodbye for `grace`, and aborts those that take longer. Nothing runs afterwards.
    pub async fn drain(&mut self, grace: Duration) -> Drained {
        for name in self.running.keys().cloned().collect::<Vec<_>>() {
            self.stop(&name);
        }
        let mut drained = Drained::default();
        let deadline = tokio::time::Instant::now() + grace;
        while let Ok(Some(_)) = tokio::time::timeout_at(deadline, self.tasks.join_next()).await {
            drained.finished += 1;
        }
        drained.aborted = self.tasks.len();
        self.tasks.shutdown().await;
        drained
    }

    fn start(&mut self, monitor: &Arc<Monitor>) {
        let cancel = CancellationToken::new();
        let line = Line {
            monitor: Arc::clone(monitor),
            prober: Arc::clone(&self.prober),
            board: self.board.clone(),
            gate: self.gate.clone(),
            follow_ups: self.follow_ups.clone(),
            incident: Incident::default(),
            clock: self.clock,
            cancel: cancel.clone(),
            requests: self.board.put(monitor, Timestamp::now()),
            early: None,
            turn: Arc::clone(self.turns.entry(monitor.name.clone()).or_default()),
        };
        let task = self.tasks.spawn(line.run()).id();
        self.names.insert(task, monitor.name.clone());
        self.running.insert(monitor.name.clone(), Running { monitor: Arc::clone(monitor), cancel, task });
    }

    fn stop(&mut self, name: &MonitorName) {
        if let Some(running) = self.running.remove(name) {
            running.cancel.cancel();
            self.names.remove(&running.task);
        }
    }

    fn task_ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(name) = self.names.get(&id).cloned() else { return };
        let Some(monitor) = self.running.get(&name).map(|running| Arc::clone(&running.monitor)) else { return };
        let panic = ended.err().map(|error| error.to_string());
        error!(monitor = %name, panic, "the task of a monitor ended; it is started again");
        self.stop(&name);
        self.start(&monitor);
    }
}
