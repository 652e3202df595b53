//! The task of one monitor: waits for its slots and probes, one probe at a time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::Prober;
use super::board::{Board, Recorded, Request};
use super::fault::report_of_panic;
use super::gate::Gate;
use super::incident::{FollowUps, Incident};
use crate::monitor::Monitor;
use crate::outcome::Reason;
use crate::report::{CheckReport, Report};
use crate::schedule::{self, Grid};
use crate::standing::State;
use crate::wall::Timestamp;

/// The time line of the schedule: wall time at the start, and from then on the monotonic clock, so that a step of the wall clock moves nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct GridClock {
    origin: Instant,
    at_origin: Duration,
}

/// One monitor's task.
pub(super) struct Line<P> {
    pub(super) monitor: Arc<Monitor>,
    pub(super) prober: Arc<P>,
    pub(super) board: Board,
    pub(super) gate: Gate,
    pub(super) follow_ups: FollowUps,
    pub(super) incident: Incident,
    pub(super) clock: GridClock,
    pub(super) cancel: CancellationToken,
    pub(super) requests: mpsc::Receiver<Request>,
    /// Somebody who asked while a failure was followed up.
    pub(super) early: Option<Request>,
    /// Held for as long as the task lives: a monitor that was changed begins when its old task has said goodbye.
    pub(super) turn: Arc<Mutex<()>>,
}

/// Why a probe is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// The monitor was started just now.
    Opening,
    /// A slot of the grid.
    Slot,
    /// A first failure is to be confirmed.
    Confirmation,
    /// Somebody asked.
    Demand,
}

/// The next probe.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Duration,
    occasion: Occasion,
}

impl GridClock {
    pub(super) fn new(at_origin: Duration) -> Self {
        Self { origin: Instant::now(), at_origin }
    }

    fn now(&self) -> Duration {
        self.at_origin + self.origin.elapsed()
    }

    fn instant(&self, at: Duration) -> Instant {
        self.origin + at.saturating_sub(self.at_origin)
    }
}

impl<P: Prober> Line<P> {
    /// Probes until it is cancelled.
    pub(super) async fn run(mut self) {
        let turn = Arc::clone(&self.turn);
        let _turn = tokio::select! {
            () = self.cancel.cancelled() => return,
            turn = turn.lock_owned() => turn,
        };
        let mut number = 0_u64;
        let mut grid = self.grid(self.board.is_failing(&self.monitor.name));
        let mut next = self.opening();
        loop {
            let mut waiting = Vec::new();
            let due = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return,
                () = tokio::time::sleep_until(self.clock.instant(next.at)) => next,
                Some(request) = asked(&mut self.early, &mut self.requests) => {
                    // Whoever gave up waiting does not cause a probe.
                    if request.is_closed() { continue }
                    waiting.push(request);
                    Due { at: self.clock.now(), occasion: Occasion::Demand }
                }
            };
            let Some(concluded) = self.probe(due, waiting).await else { return };
            number += 1;
            self.count_skipped(&grid, due);
            grid = self.grid(concluded.failing);
            next = self.plan(&grid, due, concluded, number);
        }
    }

    /// Probes and tells everybody. `None` if it was cancelled.
    async fn probe(&mut self, due: Due, mut waiting: Vec<Request>) -> Option<Concluded> {
        let metrics = self.board.metrics();
        let queued = metrics.probe_due(self.clock.instant(due.at));
        let place = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            place = self.gate.enter() => place,
        };
        if due.occasion == Occasion::Confirmation {
            metrics.confirmation_started(&self.monitor.name);
        }
        let in_flight = queued.start();
        let (report, trail) = self.report().await;
        drop((in_flight, place));

        let (report, concluded) = if report.reason == Some(Reason::Cancelled) {
            metrics.probe_cancelled();
            info!(monitor = %self.monitor.name, summary = report.summary.as_str(), "probe cancelled");
            (Arc::new(report), None)
        } else {
            self.conclude(report)
        };
        // Those who asked while it was running join it.
        while let Ok(request) = self.requests.try_recv() {
            waiting.push(request);
        }
        for request in waiting {
            // An error means that nobody waits any more.
            let _ = request.send(Arc::clone(&report));
        }
        if let (Some(concluded), Some(trail)) = (concluded, trail) {
            self.follow_up(&report, trail, concluded).await;
        }
        concluded
    }

    /// Makes the follow-up checks of the probe of `report`, if the incident has not been followed up. Everybody knows the report by then.
    async fn follow_up(&mut self, report: &Arc<Report>, trail: P::Trail, concluded: Concluded) {
        let now = Instant::now();
        let allowed = self.monitor.follow_up != crate::monitor::FollowUps::Off;
        let due = self.incident.is_due(report, concluded.failing, concluded.confirm, concluded.suspect, now);
        if !allowed || !due {
            return;
        }
        let Some(_place) = self.follow_ups.enter() else { return };
        self.incident.follow(report, now);
        let Some(checks) = self.checks(report, trail).await else { return };
        if checks.is_empty() || self.cancel.is_cancelled() {
            return;
        }
        let made = checks.len();
        let Some(report) = self.board.followed_up(&self.monitor.name, report, checks) else { return };
        let (finding, says, remedy) = leading(&report);
        info!(monitor = %self.monitor.name, checks = made, finding, says, "do" = remedy, "failure followed up");
    }

    /// The follow-up checks of the probe of `report`, cut short when somebody asks for a probe. `None` if one panicked.
    async fn checks(&mut self, report: &Report, trail: P::Trail) -> Option<Vec<CheckReport>> {
        let enough = self.cancel.child_token();
        let made = AssertUnwindSafe(self.prober.follow_up(trail, report, enough.clone())).catch_unwind();
        tokio::pin!(made);
        let checks = tokio::select! {
            biased;
            checks = &mut made => checks,
            Some(request) = self.requests.recv() => {
                self.early = Some(request);
                enough.cancel();
                made.await
            }
        };
        checks.inspect_err(|_| error!(monitor = %self.monitor.name, "a follow-up check panicked")).ok()
    }

    /// Runs the probe; a panic in it becomes a report, without anything to follow up.
    async fn report(&self) -> (Report, Option<P::Trail>) {
        let started_at = Timestamp::now();
        let started = Instant::now();
        let probe = async { self.prober.probe(Arc::clone(&self.monitor), self.cancel.clone()).await };
        match AssertUnwindSafe(probe).catch_unwind().await {
            Ok((report, trail)) => (report, Some(trail)),
            Err(panic) => {
                let report = report_of_panic(&self.monitor, started_at, started.elapsed().as_secs_f64(), panic.as_ref());
                error!(monitor = %self.monitor.name, summary = report.summary.as_str(), "probe panicked");
                (report, None)
            }
        }
    }

    /// Takes in a finished probe. Nothing is concluded if the monitor was removed meanwhile.
    fn conclude(&self, report: Report) -> (Arc<Report>, Option<Concluded>) {
        debug!(
            monitor = %self.monitor.name, outcome = %report.outcome, reason = report.reason.map(Reason::label),
            held = report.hold.map(|hold| hold.lasted_seconds), summary = report.summary.as_str(), "probe finished"
        );
        let recorded = match self.board.record(&self.monitor.name, report, Timestamp::now()) {
            Ok(recorded) => recorded,
            Err(report) => return (Arc::new(*report), None),
        };
        self.log(&recorded);
        let suspected = recorded.change.is_some_and(|change| change.to == State::Suspect);
        let worth_confirming = recorded.report.reason.is_some_and(|reason| !reason.is_deterministic());
        let Recorded { report, failing, suspect, .. } = recorded;
        (report, Some(Concluded { confirm: suspected && worth_confirming, failing, suspect }))
    }

    /// One line per change of state.
    fn log(&self, recorded: &Recorded) {
        let (monitor, report) = (&self.monitor.name, &*recorded.report);
        if let Some(change) = recorded.change {
            let (phase, owner) = (report.phase.map(|p| p.label()), report.owner.map(|o| o.label()));
            let reason = report.reason.map(Reason::label);
            let (from, to, since, summary) = (change.from, change.to, change.since, report.summary.as_str());
            let (finding, says, remedy) = leading(report);
            if matches!(to, State::Suspect | State::Down) {
                warn!(
                    %monitor, %from, %to, %since, reason, phase, owner, summary, finding, says, "do" = remedy,
                    "monitor is {to}"
                );
            } else {
                info!(%monitor, %from, %to, %since, summary, finding, says, "do" = remedy, "monitor is {to}");
            }
        }
        match recorded.flapping {
            (false, true) => warn!(%monitor, "monitor is flapping: if it is down it stays down until it has settled"),
            (true, false) => info!(%monitor, "monitor has settled"),
            (true, true) | (false, false) => {}
        }
    }

    fn opening(&self) -> Due {
        let rhythm = &self.monitor.rhythm;
        let at = self.clock.now() + schedule::opening(self.monitor.name.as_str(), rhythm.interval);
        Due { at, occasion: Occasion::Opening }
    }

    /// Counts the slots that the probe ran over, on the grid that was in force.
    fn count_skipped(&self, grid: &Grid, done: Due) {
        let skipped = grid.slots_between(done.at, self.clock.now());
        if skipped > 0 {
            self.board.metrics().slots_skipped(skipped);
            debug!(monitor = %self.monitor.name, skipped, "probe ran over slots");
        }
    }

    /// When to probe next, after the probe that was due at `done.at`.
    fn plan(&self, grid: &Grid, done: Due, concluded: Concluded, number: u64) -> Due {
        let now = self.clock.now();
        let slot = match done.occasion {
            Occasion::Opening => schedule::slot_after_opening(grid, done.at).max(grid.slot_at_or_after(now)),
            Occasion::Slot | Occasion::Confirmation | Occasion::Demand => {
                grid.slot_at_or_after(now.max(done.at + Duration::from_nanos(1)))
            }
        };
        let confirm_after = self.monitor.rhythm.confirm_after;
        let confirmation = now + schedule::confirmation(self.monitor.name.as_str(), number, confirm_after);
        if concluded.confirm && confirmation < slot {
            Due { at: confirmation, occasion: Occasion::Confirmation }
        } else {
            Due { at: slot, occasion: Occasion::Slot }
        }
    }

    fn grid(&self, failing: bool) -> Grid {
        let rhythm = &self.monitor.rhythm;
        let period = rhythm.interval_failing.filter(|_| failing).unwrap_or(rhythm.interval);
        Grid::new(self.monitor.name.as_str(), period)
    }
}

/// What a finished probe means for the rhythm.
#[derive(Clone, Copy, Debug)]
struct Concluded {
    /// Is a confirmation worth its while?
    confirm: bool,
    /// Suspect or down.
    failing: bool,
    /// Is the prober itself suspected?
    suspect: bool,
}

/// The next who asks for a probe. Can be cancelled.
async fn asked(early: &mut Option<Request>, requests: &mut mpsc::Receiver<Request>) -> Option<Request> {
    match early.take() {
        Some(request) => Some(request),
        None => requests.recv().await,
    }
}

/// The first finding of a report, for a line of the log: which, what it says, and what to do.
fn leading(report: &Report) -> (Option<&str>, Option<&str>, Option<&str>) {
    let first = report.findings.first();
    (
        first.map(|finding| finding.finding.label()),
        first.map(|finding| finding.says.as_str()),
        first.map(|finding| finding.remedy.as_str()),
    )
}
