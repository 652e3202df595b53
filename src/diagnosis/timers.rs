//! Lines that end after the same time, again and again: an idle timeout, or a limit on their lifetime.
//!
//! Three clocks are read at each end: since the last byte in either direction, since the last byte of the server, and since the
//! 101. Which of them stands at the same time again and again tells idle and lifetime apart. A host is only ever "consistent
//! with".
//!
//! Invariant: no timer below [`LEAST_ENDS`] ends within [`WIDEST_SPREAD`] of each other, nor if other ends are more than half as
//! many; and an end at the hold's own target is no end.

use super::chance::median;
use super::history::Past;
use super::hosts::{self, Counts, HostTimeout, TOLERANCE_SECONDS};
use crate::outcome::{Confidence, Finding, Outcome, Reason};
use crate::report::{CloseHow, ClosedBy, FindingReport};

/// Ends at the same time that make a timer.
const LEAST_ENDS: usize = 3;
/// Seconds within which they lie.
const WIDEST_SPREAD: f64 = 1.0;
/// Ends before that are starts that failed, and no timers.
const SHORTEST: f64 = 4.0;
/// Hosts that are named in a sentence.
const MOST_NAMED: usize = 3;

/// A line that the server's side ended before its time, and what the clocks said.
#[derive(Clone, Copy)]
struct Cut<'a> {
    past: &'a Past,
    lasted: f64,
    /// Since the last byte in either direction.
    idle: f64,
    /// Since the last byte from the server.
    unheard: f64,
}

/// Ends at the same time.
struct Cluster<'a> {
    cuts: Vec<Cut<'a>>,
    middle: f64,
    /// Half the width.
    spread: f64,
}

/// The timer that `pasts` show, if they show one.
pub(super) fn timer(pasts: &[&Past]) -> Option<FindingReport> {
    let cuts: Vec<Cut<'_>> = pasts.iter().filter_map(|past| Cut::of(past)).collect();
    let idle = cluster(&cuts, |cut| cut.idle);
    let lifetime = cluster(&cuts, |cut| cut.lasted);
    let unheard = cluster(&cuts, |cut| cut.unheard);
    let (idle, lifetime) = (idle.as_ref(), lifetime.as_ref());
    let idle_first = idle.filter(|idle| !lifetime.is_some_and(|lifetime| is_rather_lifetime(idle, lifetime)));
    idle_first
        .and_then(|cluster| of_idle(cluster, lifetime, pasts))
        .or_else(|| lifetime.and_then(|cluster| of_lifetime(cluster, idle.or(unheard.as_ref()), pasts)))
        .or_else(|| unheard.as_ref().and_then(|cluster| of_unheard(cluster, pasts)))
}

impl<'a> Cut<'a> {
    fn of(past: &'a Past) -> Option<Self> {
        let (lasted, end) = (past.lasted?, past.end.as_ref()?);
        let dropped = matches!(past.reason?, Reason::ClosedByServer | Reason::WsEof | Reason::WsEofMidFrame | Reason::WsReset);
        // Pongs that were missed have a time of their own, and a cause of their own.
        let keepalive = end.reason.as_str().to_lowercase().contains("ping timeout");
        let own_end = past.target.is_some_and(|target| (lasted - target).abs() <= TOLERANCE_SECONDS);
        let ours = end.by != ClosedBy::Server || past.outcome != Outcome::Failure;
        if !dropped || keepalive || own_end || ours || !lasted.is_finite() || lasted < SHORTEST {
            return None;
        }
        let since = |since: Option<f64>| since.filter(|since| since.is_finite()).unwrap_or(lasted);
        let unheard = since(past.since_received);
        Some(Self { past, lasted, idle: unheard.min(since(past.since_sent)), unheard })
    }

    fn with_close(&self) -> bool {
        self.past.end.as_ref().is_some_and(|end| end.how == CloseHow::CloseFrame)
    }
}

/// The largest group of cuts that one clock puts at the same time.
fn cluster<'a>(cuts: &[Cut<'a>], clock: impl Fn(&Cut<'a>) -> f64) -> Option<Cluster<'a>> {
    let mut sorted = cuts.to_vec();
    sorted.sort_by(|a, b| clock(a).total_cmp(&clock(b)));
    let within = |from: usize| sorted[from..].iter().take_while(|cut| clock(cut) - clock(&sorted[from]) < WIDEST_SPREAD).count();
    // The first of the largest, so that the same history says the same.
    let (from, size) =
        (0..sorted.len()).map(|from| (from, within(from))).max_by_key(|&(from, size)| (size, usize::MAX - from))?;
    let members = &sorted[from..from + size];
    let middle = median(&members.iter().map(&clock).collect::<Vec<_>>())?;
    let spread = (clock(members.last()?) - clock(members.first()?)) / 2.0;
    // A third of the ends may have other causes; with more, the group may be chance.
    let enough = size >= LEAST_ENDS && size * 3 >= cuts.len() * 2;
    (enough && middle >= SHORTEST).then(|| Cluster { cuts: members.to_vec(), middle, spread })
}

impl Cluster<'_> {
    fn with_close(&self) -> bool {
        self.cuts.iter().filter(|cut| cut.with_close()).count() * 2 > self.cuts.len()
    }

    fn hosts(&self, counts: Counts) -> Vec<&'static HostTimeout> {
        hosts::matching(counts, self.middle, self.with_close())
    }

    /// `60.0 s ± 0.2`
    fn time(&self) -> String {
        format!("{:.1} s ± {:.1}", self.middle, self.spread)
    }

    /// `9 of 10 probes`
    fn share(&self, pasts: &[&Past]) -> String {
        format!("{} of {} probes", self.cuts.len(), pasts.iter().filter(|past| past.lasted.is_some()).count())
    }

    /// Lines that this timer should have ended and did not.
    fn survivors(&self, pasts: &[&Past], clock: impl Fn(&Past) -> Option<f64>) -> usize {
        pasts.iter().filter(|past| clock(past).is_some_and(|seconds| seconds > self.middle + TOLERANCE_SECONDS)).count()
    }

    fn finding(&self, finding: Finding, says: String, hosts: &[&HostTimeout], evidence: Vec<String>) -> FindingReport {
        let named: Vec<&str> = hosts.iter().take(MOST_NAMED).map(|host| host.who).collect();
        let suspects = match named.as_slice() {
            [] => "a timer of this length; no known host has one".to_owned(),
            [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
            [one, ..] => (*one).to_owned(),
        };
        let settings: Vec<String> = hosts.iter().take(MOST_NAMED).map(|host| format!("{}: {}", host.who, host.setting)).collect();
        let remedy = match settings.as_slice() {
            [] => format!("look for {:.0} s in the settings of the server and of what is in front of it", self.middle),
            some => format!("set the one that is in front of the server: {}", some.join(" | ")),
        };
        let rows = hosts.iter().map(|host| host.describe());
        FindingReport {
            finding,
            confidence: Confidence::Consistent,
            says: format!("{says}: consistent with {suspects}"),
            evidence: evidence.into_iter().chain(rows).collect(),
            remedy,
        }
    }

    fn how(&self) -> String {
        let closes = self.cuts.iter().filter(|cut| cut.with_close()).count();
        match closes {
            0 => "none of these ends had a Close frame, as when something in between cuts a line".to_owned(),
            _ => format!("{closes} of these {} ends had a Close frame", self.cuts.len()),
        }
    }
}

/// A line that nothing passed on for longer than the timer, in either direction.
fn silence(past: &Past) -> Option<f64> {
    let lasted = past.lasted?;
    Some(past.since_received.unwrap_or(lasted).min(past.since_sent.unwrap_or(lasted)))
}

/// `1 probe`, `2 probes`
fn probes(count: usize) -> String {
    if count == 1 { "1 probe".to_owned() } else { format!("{count} probes") }
}

/// More lines that outlived a timer than half of those that it is said to have ended.
fn disproved(survivors: usize, cluster: &Cluster<'_>) -> bool {
    survivors * 2 > cluster.cuts.len()
}

/// Lines that say the same things at the same times have the same silence at their end as well. A host's timer decides then, and
/// without one, whether the silence is the smaller part of their life.
fn is_rather_lifetime(idle: &Cluster<'_>, lifetime: &Cluster<'_>) -> bool {
    let same = lifetime.middle - idle.middle < WIDEST_SPREAD;
    let known = !lifetime.hosts(Counts::Lifetime).is_empty();
    !same && idle.hosts(Counts::Idle).is_empty() && (known || idle.middle < lifetime.middle / 2.0)
}

fn of_idle(cluster: &Cluster<'_>, lifetime: Option<&Cluster<'_>>, pasts: &[&Past]) -> Option<FindingReport> {
    let survivors = cluster.survivors(pasts, silence);
    if disproved(survivors, cluster) {
        return None;
    }
    let (time, share) = (cluster.time(), cluster.share(pasts));
    let mut evidence = vec![format!("{time} from the last byte in either direction to the end"), cluster.how()];
    let says = match lifetime {
        Some(lifetime) => {
            let outlived = cluster.survivors(pasts, |past| past.lasted);
            evidence.push(match outlived {
                0 => "against: the lines were as old each time, so that a limit on their lifetime would look the same; a streamed hold tells them apart".to_owned(),
                _ => format!("{} lived longer while something flowed, so it is no limit on the lifetime", probes(outlived)),
            });
            format!("closed at {} in {share}, {:.1} s after the last byte", lifetime.time(), cluster.middle)
        }
        None => format!("closed {time} after the last byte in {share}"),
    };
    if survivors > 0 {
        evidence.push(format!("against: {} outlived a longer silence", probes(survivors)));
    }
    Some(cluster.finding(Finding::IdleTimeout, says, &cluster.hosts(Counts::Idle), evidence))
}

fn of_lifetime(cluster: &Cluster<'_>, silence: Option<&Cluster<'_>>, pasts: &[&Past]) -> Option<FindingReport> {
    let survivors = cluster.survivors(pasts, |past| past.lasted);
    if disproved(survivors, cluster) {
        return None;
    }
    let quietest = cluster.cuts.iter().map(|cut| cut.idle).fold(0.0, f64::max);
    let mut evidence = vec![format!("something had passed in each of them within the last {quietest:.1} s"), cluster.how()];
    if let Some(silence) = silence {
        evidence.push(format!(
            "against: the last silence was as long each time ({}), so that a timer on that would look the same",
            silence.time()
        ));
    }
    if survivors > 0 {
        evidence.push(format!("against: {} lived longer", probes(survivors)));
    }
    let says = format!("closed at {} in {}, while bytes flowed", cluster.time(), cluster.share(pasts));
    Some(cluster.finding(Finding::LifetimeLimit, says, &cluster.hosts(Counts::Lifetime), evidence))
}

/// We kept sending, and the server's own silence was as long each time.
fn of_unheard(cluster: &Cluster<'_>, pasts: &[&Past]) -> Option<FindingReport> {
    let survivors = cluster.survivors(pasts, |past| past.since_received.or(past.lasted));
    if disproved(survivors, cluster) {
        return None;
    }
    let ages = cluster.cuts.iter().map(|cut| cut.lasted);
    let (low, high) = (ages.clone().fold(f64::INFINITY, f64::min), ages.fold(0.0, f64::max));
    let flowing = cluster.cuts.iter().filter(|cut| cut.idle < 1.0).count();
    let mut evidence = vec![
        format!("the lines were {low:.1} to {high:.1} s old, so it is no limit on the lifetime"),
        format!("we had sent something within the last second in {flowing} of them"),
        cluster.how(),
    ];
    if survivors > 0 {
        evidence.push(format!("against: {} outlived a longer silence of the server", probes(survivors)));
    }
    let says =
        format!("closed {} after the server's last byte in {}, while we kept sending", cluster.time(), cluster.share(pasts));
    Some(cluster.finding(Finding::IdleTimeout, says, &[], evidence))
}
