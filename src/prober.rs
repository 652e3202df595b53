//! The real prober of the daemon: a [`probe`](crate::probe::probe) with shared resources, and an eye on our own clock.
//!
//! Endpoints send their time in the `Date` header of the 101. When most of them disagree with our clock, ours is wrong, and no
//! certificate is judged by it (`local_clock`). One endpoint alone proves nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::lag::LagMeter;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::probe::{Dialled, Resources, first, follow_up};
use crate::report::{CheckReport, Report};
use crate::supervisor::Prober;
use crate::verdict::CLOCK_TOLERANCE;

/// Hosts that have to speak before their median counts.
const LEAST_HOSTS: usize = 3;
/// Hosts that are remembered; a fleet has no use for more clocks.
const MOST_HOSTS: usize = 64;

/// Probes over the network.
#[derive(Debug)]
pub struct DialProber {
    resources: Resources,
    clocks: Mutex<HashMap<String, f64>>,
}

impl DialProber {
    /// A prober that reads its own lag off `lag`.
    #[must_use]
    pub fn new(lag: LagMeter) -> Self {
        Self { resources: Resources::new(lag), clocks: Mutex::new(HashMap::new()) }
    }

    /// Takes in what an answer says about the time.
    fn compare_clocks(&self, host: String, skew: f64) {
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if clocks.len() < MOST_HOSTS || clocks.contains_key(&host) {
            clocks.insert(host, skew);
        }
        let wrong = clock_is_wrong(clocks.values().copied().collect());
        if wrong != self.resources.clock_is_wrong() {
            tracing::warn!(
                wrong,
                "most endpoints disagree with this machine's clock; certificates are not judged by it while they do"
            );
            self.resources.set_clock_is_wrong(wrong);
        }
    }
}

impl Prober for DialProber {
    /// How a probe that failed was dialled.
    type Trail = Option<Dialled<'static>>;

    async fn probe(&self, monitor: Arc<Monitor>, cancel: CancellationToken) -> (Report, Self::Trail) {
        let (report, dialled) = first(&monitor, &self.resources, &cancel).await;
        if let Some((host, skew)) = clock_of(&report) {
            self.compare_clocks(host, skew);
        }
        let trail = (report.outcome == Outcome::Failure).then(|| dialled.into_owned());
        (report, trail)
    }

    async fn follow_up(&self, trail: Self::Trail, report: &Report, cancel: CancellationToken) -> Vec<CheckReport> {
        match trail {
            Some(dialled) => follow_up(&dialled, report, &self.resources, &cancel).await,
            None => Vec::new(),
        }
    }
}

/// The host whose stream was dialled, and what its 101 says about the time. Another one than the monitor's own where a webhook names it.
fn clock_of(report: &Report) -> Option<(String, f64)> {
    let skew = report.upgrade.as_ref()?.clock_skew_seconds?;
    Some((Url::parse(&report.target).ok()?.host_str()?.to_owned(), skew))
}

/// The median of what the hosts say, against the tolerance.
fn clock_is_wrong(mut skews: Vec<f64>) -> bool {
    skews.sort_by(f64::total_cmp);
    skews.len() >= LEAST_HOSTS && skews[skews.len() / 2].abs() > CLOCK_TOLERANCE.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::fixture;

    #[test]
    fn a_clock_is_that_of_the_host_that_was_dialled() {
        let mut report = fixture::report("a", Outcome::Success);
        assert_eq!(clock_of(&report), None, "no Date");
        report.upgrade.as_mut().unwrap().clock_skew_seconds = Some(-3.0);
        report.target = "wss://media.example.com:8443/calls/{call_id}?token=***".to_owned();
        assert_eq!(clock_of(&report), Some(("media.example.com".to_owned(), -3.0)));
        report.target = "ws://[::1]:5050/".to_owned();
        assert_eq!(clock_of(&report), Some(("[::1]".to_owned(), -3.0)));
    }

    #[test]
    fn the_majority_decides_about_the_clock() {
        let rows: [(&[f64], bool); 5] = [
            (&[], false),
            (&[3600.0, 3600.0], false),
            (&[3600.0, 0.2, -0.4], false),
            (&[3600.0, 3601.0, 0.1], true),
            (&[-90.0, -90.5, -90.2, 0.0], true),
        ];
        for (skews, wrong) in rows {
            assert_eq!(clock_is_wrong(skews.to_vec()), wrong, "{skews:?}");
        }
    }

    #[tokio::test]
    async fn what_endpoints_say_reaches_the_verdict() {
        let prober = DialProber::new(LagMeter::new());
        for host in ["a", "b", "c"] {
            prober.compare_clocks(host.to_owned(), 7200.0);
        }
        assert!(prober.resources.clock_is_wrong());
        for host in ["a", "b"] {
            prober.compare_clocks(host.to_owned(), 0.0);
        }
        assert!(!prober.resources.clock_is_wrong());
    }
}
