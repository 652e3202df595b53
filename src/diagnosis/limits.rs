//! What probes like these cannot show, so that nobody takes silence for proof.
//!
//! Said in `diagnose` and on the page, and never an alarm: a function of its own, so that metrics and alerts can leave it out.
//!
//! Invariant: every sentence is true of the settings and the history that it is made of; nothing here depends on a failure.

use super::chance::rate_bound;
use super::history::Past;
use super::hosts::{self, Counts, HOST_TIMEOUTS, HostTimeout, TOLERANCE_SECONDS};
use crate::monitor::{HoldPlan, Mode};
use crate::outcome::{Confidence, Finding, Outcome};
use crate::report::{ClosedBy, FindingReport};

/// What a monitor that holds by `plan` and has this unbroken history cannot show.
#[must_use]
pub fn limits(plan: &HoldPlan, pasts: &[Past]) -> Vec<FindingReport> {
    [hold_too_short(plan), stream_hides_idle(plan), pings_hide_idle(plan), clean_probes(pasts), one_end(pasts)]
        .into_iter()
        .flatten()
        .collect()
}

fn finding(finding: Finding, says: String, evidence: Vec<String>, remedy: String) -> FindingReport {
    FindingReport { finding, confidence: Confidence::Certain, says, evidence, remedy }
}

/// The timers of a kind that a hold of this length ends before, the most common first.
fn unseen(counts: Counts, target: f64) -> Vec<&'static HostTimeout> {
    HOST_TIMEOUTS.iter().filter(|host| host.counts == counts && host.seconds + TOLERANCE_SECONDS > target).collect()
}

fn hold_too_short(plan: &HoldPlan) -> Option<FindingReport> {
    let target = plan.target.as_secs_f64();
    let (idle, lifetime) = (unseen(Counts::Idle, target), unseen(Counts::Lifetime, target));
    let cannot: Vec<String> = [(&idle, "idle cut"), (&lifetime, "limit on the lifetime")]
        .into_iter()
        .filter_map(|(hosts, what)| hosts.first().map(|host| format!("a {} s {what}", host.seconds)))
        .collect();
    let longest = idle.first().into_iter().chain(lifetime.first()).map(|host| host.seconds).fold(0.0, f64::max);
    (!cannot.is_empty()).then(|| {
        finding(
            Finding::HoldTooShort,
            format!("a {target} s hold cannot see {}", cannot.join(", nor ")),
            idle.iter().chain(&lifetime).map(|host| host.describe()).collect(),
            format!("let a second monitor with a long interval hold for longer: hold = \"{:.0}s\"", longest + 15.0),
        )
    })
}

fn stream_hides_idle(plan: &HoldPlan) -> Option<FindingReport> {
    (plan.mode == Mode::Streamed).then(|| {
        finding(
            Finding::StreamHidesIdle,
            "a streamed hold hides idle limits: what flows sets them back".to_owned(),
            vec![
                "mode is streamed".to_owned(),
                "audio of real calls flows as well, so idle limits matter only where calls have pauses".to_owned(),
            ],
            "if calls have pauses, let a second monitor hold with mode = \"idle\"".to_owned(),
        )
    })
}

fn pings_hide_idle(plan: &HoldPlan) -> Option<FindingReport> {
    let ping = plan.ping?;
    Some(finding(
        Finding::PingsHideIdle,
        format!("our pings hide idle limits longer than {:?}: they set them back", ping.interval),
        vec![format!("a ping goes out every {:?}; most providers send none", ping.interval)],
        "take `ping_interval` out, unless the provider pings as well".to_owned(),
    ))
}

/// The newest successes in a row, and how many failures they leave room for.
fn clean_probes(pasts: &[Past]) -> Option<FindingReport> {
    let mut conclusive: Vec<&Past> = pasts.iter().filter(|past| past.outcome != Outcome::Inconclusive).collect();
    conclusive.sort_by_key(|past| past.started_at);
    let clean = conclusive.iter().rev().take_while(|past| past.outcome == Outcome::Success).count();
    (clean > 0).then(|| {
        let bound = rate_bound(clean) * 100.0;
        let (probes, bounds) = if clean == 1 { ("probe", "bounds") } else { ("probes", "bound") };
        finding(
            Finding::CleanProbesBound,
            format!("{clean} clean {probes} only {bounds} the failure rate below {} %", rounded_up(bound)),
            vec![
                format!("1 - 0.05^(1/{clean}) = {bound:.2} %, at 95 %, if the probes are independent"),
                "what is rarer than that may not have shown yet".to_owned(),
            ],
            "probe more often, or wait longer, to know more".to_owned(),
        )
    })
}

/// Rounded so that "below" stays true: whole percent, or tenths below ten of them.
fn rounded_up(percent: f64) -> String {
    if percent >= 1.0 { format!("{:.0}", percent.ceil().min(100.0)) } else { format!("{:.2}", (percent * 100.0).ceil() / 100.0) }
}

/// One or two ends at the time of a known timer.
fn one_end(pasts: &[Past]) -> Option<FindingReport> {
    let fits = |past: &&Past| !timers_of(past).is_empty();
    let ends: Vec<&Past> = pasts.iter().filter(fits).collect();
    let newest = ends.iter().max_by_key(|past| past.started_at)?;
    let (lasted, hosts) = (newest.lasted?, timers_of(newest));
    (ends.len() < 3).then(|| {
        let (times, prove) = if ends.len() == 1 { ("one end", "proves") } else { ("two ends", "prove") };
        finding(
            Finding::OneEndProvesNoTimer,
            format!("{times} at {lasted:.1} s {prove} no timer: the same time has to come three times before a cause is named"),
            hosts.iter().map(|host| format!("{} would end a line at {} s", host.who, host.seconds)).collect(),
            "wait for more probes, or run this one again".to_owned(),
        )
    })
}

/// The timers that the end of one probe would fit.
fn timers_of(past: &Past) -> Vec<&'static HostTimeout> {
    let (Some(lasted), Some(end), Outcome::Failure) = (past.lasted, past.end.as_ref(), past.outcome) else { return Vec::new() };
    let own_end = past.target.is_some_and(|target| (lasted - target).abs() <= TOLERANCE_SECONDS);
    if end.by != ClosedBy::Server || own_end {
        return Vec::new();
    }
    let idle = past.since_received.unwrap_or(lasted).min(past.since_sent.unwrap_or(lasted));
    let with_close = end.code != 1006;
    let quiet = hosts::matching(Counts::Idle, idle, with_close);
    if quiet.is_empty() { hosts::matching(Counts::Lifetime, lasted, with_close) } else { quiet }
}
