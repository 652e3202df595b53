//! The recent reports of one monitor, failures longer than successes, and the bare facts of many more.
//!
//! Two rings of reports, as in blackbox_exporter: the newest of any outcome, and the failures that have scrolled out of the first. Beside
//! them, [`Pasts`]: the unbroken series that diagnosis compares. Deliberately absent: disks. History is for looking at an incident;
//! Prometheus is for looking at a month.
//!
//! Invariant: never more than [`RECENT`] + [`OLDER_FAILURES`] reports and [`PASTS`] facts.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::diagnosis::Past;
use crate::outcome::Outcome;
use crate::report::Report;
use crate::wall::Timestamp;

/// How many of the newest reports are kept, whatever their outcome.
pub const RECENT: usize = 20;

/// How many failures are kept beyond those.
pub const OLDER_FAILURES: usize = 20;

/// Of how many of the newest probes the facts are kept: four hours of one a minute, in some 60 kB.
pub const PASTS: usize = 240;

/// The facts of the newest probes of one monitor at one endpoint, without a gap.
#[derive(Clone, Debug, Default)]
pub struct Pasts(Vec<Past>);

impl Pasts {
    /// Takes in the newest.
    pub fn push(&mut self, past: Past) {
        if self.0.len() == PASTS {
            self.0.remove(0);
        }
        self.0.push(past);
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[Past] {
        &self.0
    }
}

/// The reports of one monitor.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The newest is last.
    recent: VecDeque<Arc<Report>>,
    /// The newest is last; all are older than those in `recent`.
    older_failures: VecDeque<Arc<Report>>,
}

impl History {
    /// Takes in the newest report.
    pub fn push(&mut self, report: Arc<Report>) {
        self.recent.push_back(report);
        if self.recent.len() <= RECENT {
            return;
        }
        if let Some(oldest) = self.recent.pop_front().filter(is_failure) {
            self.older_failures.push_back(oldest);
        }
        if self.older_failures.len() > OLDER_FAILURES {
            self.older_failures.pop_front();
        }
    }

    /// Puts `report` in the place of the one of the same probe, if that is still here: more has been found out about it.
    pub fn amend(&mut self, report: &Arc<Report>) {
        let all = self.recent.iter_mut().chain(&mut self.older_failures);
        if let Some(place) = all.rev().find(|kept| kept.started_at == report.started_at) {
            *place = Arc::clone(report);
        }
    }

    /// Every report, the newest first.
    pub fn reports(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.recent.iter().rev().chain(self.older_failures.iter().rev())
    }

    /// The newest report.
    #[must_use]
    pub fn latest(&self) -> Option<&Arc<Report>> {
        self.recent.back()
    }

    /// The newest failure.
    #[must_use]
    pub fn latest_failure(&self) -> Option<&Arc<Report>> {
        self.reports().find(|report| is_failure(report))
    }

    /// The report of the probe that began at `started_at`, to the millisecond that is printed.
    #[must_use]
    pub fn find(&self, started_at: Timestamp) -> Option<&Arc<Report>> {
        self.reports().find(|report| report.started_at.unix_millis() == started_at.unix_millis())
    }
}

fn is_failure(report: &Arc<Report>) -> bool {
    report.outcome == Outcome::Failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::fixture;

    fn push(history: &mut History, second: i64, outcome: Outcome) {
        let mut report = fixture::report("a", outcome);
        report.started_at = Timestamp::from_unix_seconds(second);
        history.push(Arc::new(report));
    }

    #[test]
    fn failures_survive_longer_and_nothing_grows() {
        let mut history = History::default();
        for second in 0..30 {
            push(&mut history, second, Outcome::Failure);
        }
        for second in 30..1_000 {
            push(&mut history, second, if second == 500 { Outcome::Inconclusive } else { Outcome::Success });
        }
        assert_eq!(history.reports().count(), RECENT + OLDER_FAILURES);
        let seconds: Vec<_> = history.reports().map(|r| r.started_at.unix_millis() / 1000).collect();
        assert!(seconds.is_sorted_by(|a, b| a > b), "the newest first: {seconds:?}");
        assert_eq!(history.latest().unwrap().started_at, Timestamp::from_unix_seconds(999));
        assert_eq!(history.latest_failure().unwrap().started_at, Timestamp::from_unix_seconds(29));
        assert_eq!(seconds.last(), Some(&10), "the oldest failures go first");
    }

    #[test]
    fn facts_are_bounded_and_unbroken() {
        let mut pasts = Pasts::default();
        for second in 0..1_000 {
            let mut report = fixture::report("a", Outcome::Success);
            report.started_at = Timestamp::from_unix_seconds(second);
            pasts.push(Past::of(&report));
        }
        let seconds: Vec<_> = pasts.as_slice().iter().map(|past| past.started_at.unix_millis() / 1000).collect();
        assert_eq!((seconds.len(), seconds.first(), seconds.last()), (PASTS, Some(&760), Some(&999)));
    }

    #[test]
    fn more_is_found_out_about_the_same_probe() {
        let mut history = History::default();
        for second in 0..30 {
            push(&mut history, second, Outcome::Failure);
        }
        for second in [3, 29, 77] {
            let mut report = fixture::report("a", Outcome::Failure);
            (report.started_at, report.summary) = (Timestamp::from_unix_seconds(second), "amended".to_owned());
            history.amend(&Arc::new(report));
        }
        let amended: Vec<_> =
            history.reports().filter(|report| report.summary == "amended").map(|report| report.started_at).collect();
        assert_eq!(amended, [29, 3].map(Timestamp::from_unix_seconds), "and none is made up");
    }

    #[test]
    fn a_report_is_found_by_its_start() {
        let mut history = History::default();
        push(&mut history, 7, Outcome::Success);
        assert!(history.find(Timestamp::from_unix_seconds(7)).is_some());
        assert!(history.find(Timestamp::from_unix_seconds(8)).is_none());
    }
}
