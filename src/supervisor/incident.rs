//! When a failure is followed up: once for each reason of an incident, seldom for each monitor, and few at a time for all of them.
//!
//! Deliberately absent: which checks are made (`probe::follow`), and any influence on the probe that failed: its result is recorded first.
//!
//! Invariant: a monitor that goes up and down is followed up no more often than every [`REST`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::outcome::{Outcome, Reason};
use crate::report::Report;

/// From one follow-up of a monitor to its next.
const REST: Duration = Duration::from_mins(10);
/// Follow-ups at a time. When more monitors fail at once, it is not one endpoint's fault, and their checks would be load of our own making.
const AT_A_TIME: usize = 2;

/// Reasons of one incident that are followed up.
const MOST_REASONS: usize = 4;

/// The follow-ups of all monitors. Cheap to clone; clones share the limit.
#[derive(Clone, Debug)]
pub(super) struct FollowUps(Arc<Semaphore>);

/// Whether the incident of one monitor has been followed up.
#[derive(Clone, Debug, Default)]
pub(super) struct Incident {
    /// For which reasons, in the incident that goes on; at most [`MOST_REASONS`].
    followed: Vec<Reason>,
    last: Option<Instant>,
}

impl FollowUps {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }

    /// A place, if one is free. Nobody waits: the next failed probe of the incident asks again.
    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

impl Incident {
    /// Is the probe of `report` to be followed up? Not while its confirmation is awaited, and not while the prober itself is suspected.
    /// `failing`: is its monitor suspect or down?
    pub(super) fn is_due(&mut self, report: &Report, failing: bool, awaited: bool, suspect: bool, now: Instant) -> bool {
        if !failing {
            self.followed.clear();
        }
        let is_new = |reason: Reason| self.followed.len() < MOST_REASONS && !self.followed.contains(&reason);
        let failed = failing && report.outcome == Outcome::Failure && report.reason.is_some_and(is_new);
        let rested = self.last.is_none_or(|last| now.saturating_duration_since(last) >= REST);
        failed && rested && !awaited && !suspect
    }

    /// It is followed up now.
    pub(super) fn follow(&mut self, report: &Report, now: Instant) {
        self.followed.extend(report.reason);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::fixture;

    #[test]
    fn an_incident_is_followed_up_once() {
        let start = Instant::now();
        let mut incident = Incident::default();
        // Second, reason (none: a success), failing, confirmation awaited, prober suspected, due.
        let (eof, gone) = (Some(Reason::WsEof), Some(Reason::DnsNxdomain));
        let rows = [
            (0, None, false, false, false, false),
            (60, eof, true, true, false, false),
            (64, eof, true, false, true, false),
            (120, eof, true, false, false, true),
            (180, eof, true, false, false, false),
            (800, eof, true, false, false, false),
            // Another fault of the same incident, after the rest.
            (860, gone, true, false, false, true),
            // The first one again: it has been followed up.
            (1500, eof, true, false, false, false),
            (1560, None, false, false, false, false),
            // New incidents; one of them too soon after the last.
            (1580, gone, true, false, false, true),
            (1640, None, false, false, false, false),
            (1700, gone, true, false, false, false),
            (2240, gone, true, false, false, true),
        ];
        for (second, reason, failing, awaited, suspect, due) in rows {
            let report = reason.map_or_else(|| fixture::report("a", Outcome::Success), |reason| fixture::failure("a", reason));
            let now = start + Duration::from_secs(second);
            assert_eq!(incident.is_due(&report, failing, awaited, suspect, now), due, "second {second}");
            if due {
                incident.follow(&report, now);
            }
        }
    }

    #[test]
    fn an_inconclusive_probe_is_none() {
        let report = fixture::report("a", Outcome::Inconclusive);
        assert!(!Incident::default().is_due(&report, true, false, false, Instant::now()));
    }

    #[test]
    fn few_are_followed_up_at_a_time() {
        let follow_ups = FollowUps::new();
        let places: Vec<_> = (0..AT_A_TIME).map(|_| follow_ups.enter().unwrap()).collect();
        assert!(follow_ups.enter().is_none());
        drop(places);
        assert!(follow_ups.clone().enter().is_some());
    }
}
