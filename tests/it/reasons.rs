//! Every practice behaviour through a real socket, over ws and wss, webhooks over http and https: it comes to the reason that it is made for, and to no other.

use std::sync::Arc;

use sidetone::monitor::Monitor;
use sidetone::outcome::{Outcome, Warning};
use sidetone::practice::{BEHAVIOURS, Behaviour};
use sidetone::report::Report;
use tokio::task::JoinSet;

use crate::support::{MOST_PROBES, PLACES, Range};

/// How often a probe is made again where the machine, and not the server, decided how it ended.
const AGAIN: usize = 4;
/// What a monitor has where its behaviour does not ask for something else.
const QUICK: &[&str] =
    &["hold = \"1500ms\"", "close_timeout = \"500ms\"", "tls_timeout = \"1500ms\"", "resolve_timeout = \"3s\""];

/// Seconds of jitter at which the practice server, which has its share of the same cores, did not keep its pace.
const UNEVEN: f64 = 0.005;

/// Warnings that speak of a busy machine and not of the behaviour.
const OF_THE_MACHINE: &[Warning] = &[Warning::PacingStarved, Warning::SynRetransmits];

/// What is wrong with a report of a behaviour, if anything is.
fn complaint(behaviour: &Behaviour, report: &Report) -> Option<String> {
    let expected = behaviour.provokes.reason();
    let warnings: Vec<_> = report.warnings.iter().map(|warning| warning.warning).collect();
    let missing = behaviour.provokes.warning().filter(|warning| !warnings.contains(warning));
    let phase = expected.map(sidetone::outcome::Reason::phase);
    let wanted: Vec<_> = behaviour.provokes.warning().into_iter().collect();
    let surplus = warnings.iter().any(|warning| !wanted.contains(warning) && !OF_THE_MACHINE.contains(warning));
    let owner = expected.map(sidetone::outcome::Reason::owner);
    let fits = report.reason == expected && report.phase == phase && report.owner == owner && missing.is_none() && !surplus;
    (!fits).then(|| {
        let reason = report.reason.map_or("success", |reason| reason.label());
        format!(
            "{}: expected {}, got {reason} {warnings:?}: {}\n    {:?}",
            behaviour.name, behaviour.provokes, report.summary, report.timeline
        )
    })
}

async fn all_of(secure: bool) {
    let range = Arc::new(Range::open().await);
    let mut probes = JoinSet::new();
    let mut count = 0;
    // `dns-only-ipv6` dials a documentation address, and tests talk to loopback only; the suite with network namespaces has it.
    for behaviour in BEHAVIOURS.iter().filter(|behaviour| behaviour.name != "dns-only-ipv6") {
        let Some(monitor) = range.monitor(behaviour, secure, QUICK) else { continue };
        count += 1;
        let range = Arc::clone(&range);
        probes.spawn(async move {
            let _place = PLACES.acquire().await.unwrap();
            complaint_in_the_end(&range, behaviour, &monitor).await.map(|_| (behaviour, monitor))
        });
    }
    let doubtful: Vec<_> = probes.join_all().await.into_iter().flatten().collect();
    // What two cores could not do at once they can do one by one, with nothing beside it.
    let _alone = PLACES.acquire_many(MOST_PROBES).await.unwrap();
    let mut complaints = Vec::new();
    for (behaviour, monitor) in &doubtful {
        for last in (0..AGAIN).rev() {
            match complaint(behaviour, &range.probe(monitor).await) {
                None => break,
                Some(complaint) if last == 0 => complaints.push(complaint),
                Some(_) => {}
            }
        }
    }
    assert!(complaints.is_empty(), "{} of {count} behaviours:\n{}", complaints.len(), complaints.join("\n"));
}

/// A probe that a busy machine made inconclusive, or whose report says that this process could not keep its own pace, says nothing about
/// the behaviour and is made again.
async fn complaint_in_the_end(range: &Range, behaviour: &Behaviour, monitor: &Monitor) -> Option<String> {
    for _ in 0..AGAIN {
        let report = range.probe(monitor).await;
        let complaint = complaint(behaviour, &report)?;
        if !was_busy(&report) {
            return Some(complaint);
        }
    }
    complaint(behaviour, &range.probe(monitor).await)
}

fn was_busy(report: &Report) -> bool {
    let uneven = report.audio.jitter_seconds.is_some_and(|jitter| jitter > UNEVEN);
    let warned = report.warnings.iter().any(|warning| OF_THE_MACHINE.contains(&warning.warning));
    report.outcome == Outcome::Inconclusive || warned || uneven
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_over_ws() {
    all_of(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_over_wss() {
    all_of(true).await;
}
