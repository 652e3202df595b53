//! Follow-up checks after a failure: what else works, and what does not.
//!
//! Deliberately absent: when they are made and how often (the caller's, who must keep them rare), and what they prove (`diagnosis`).
//!
//! Invariants: the failed report is only read; one check after the other; in `safe`, no upgrade after one that succeeded.

mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Depth, Dialled, How, Resources, dial};
use crate::monitor::{FollowUps, Monitor};
use crate::report::{CheckReport, Report};
use plan::{Planned, plan};

/// All checks together, less the last one, which is let finish.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rungs of the ladder that hold the line.
const HELD_RUNGS: u32 = 4;
/// Switching Protocols.
const SWITCHED: u16 = 101;

/// Makes the checks that the failure of `report` calls for. Nothing is checked after a success.
pub(super) async fn follow_up(
    dialled: &Dialled<'_>,
    report: &Report,
    resources: &Resources,
    cancel: &CancellationToken,
) -> Vec<CheckReport> {
    let until = Instant::now() + patience(&dialled.monitor);
    // A 101 that did not suit us is a session that has begun all the same.
    let came = |status: Option<u16>| status == Some(SWITCHED);
    let mut came_up = came(report.upgrade.as_ref().and_then(|upgrade| upgrade.status));
    let mut list = Vec::new();
    for planned in plan(&dialled.monitor, report) {
        let left_out = if cancel.is_cancelled() || Instant::now() >= until {
            Some("there was no time left for it")
        } else if came_up && planned.depth >= Depth::Upgrade && dialled.monitor.follow_up == FollowUps::Safe {
            Some("an upgrade has succeeded; another one could begin a second session (`follow_up = \"full\"`)")
        } else {
            None
        };
        list.push(match left_out {
            Some(why) => skipped(&planned, why),
            None => {
                let made = make(&planned, dialled.guarded, resources, cancel).await;
                came_up |= planned.depth >= Depth::Upgrade && came(made.status);
                made
            }
        });
    }
    list
}

/// A minute; with the ladder, as long as its holds take besides, or the rung that would tell of a timer is never made.
fn patience(monitor: &Monitor) -> Duration {
    match monitor.follow_up {
        FollowUps::Full => PATIENCE + monitor.hold.target * HELD_RUNGS,
        FollowUps::Safe | FollowUps::Off => PATIENCE,
    }
}

fn skipped(planned: &Planned, why: &str) -> CheckReport {
    CheckReport {
        check: planned.check,
        subject: planned.subject.clone(),
        outcome: None,
        reason: None,
        seconds: 0.0,
        status: None,
        says: why.to_owned(),
    }
}

async fn make(planned: &Planned, guarded: bool, resources: &Resources, cancel: &CancellationToken) -> CheckReport {
    let began = Instant::now();
    let how = How { origin: None, depth: planned.depth, guarded };
    let (report, _) = Box::pin(dial(&planned.monitor, how, resources, cancel)).await;
    let status = report.upgrade.as_ref().and_then(|upgrade| upgrade.status);
    CheckReport {
        check: planned.check,
        subject: planned.subject.clone(),
        outcome: Some(report.outcome),
        reason: report.reason,
        seconds: began.elapsed().as_secs_f64(),
        status,
        says: says(planned.depth, &report, status),
    }
}

fn says(depth: Depth, report: &Report, status: Option<u16>) -> String {
    if report.reason.is_some() {
        return report.summary.clone();
    }
    let at = report.remote_address.map_or_else(String::new, |address| format!(" at {address}"));
    match (depth, status) {
        (Depth::Connect, _) => format!("connected{at}"),
        (Depth::Tls, _) if report.tls.is_some() => format!("TLS is up{at}"),
        (Depth::Tls, _) => format!("connected{at}"),
        (Depth::Get, Some(status)) => format!("answered {status}{at}"),
        (Depth::Upgrade, _) => format!("101{at}"),
        (Depth::Get, None) | (Depth::Hold, _) => report.summary.clone(),
    }
}
