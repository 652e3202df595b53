//! What a monitor's history shows that one report cannot: timers, one bad address or server of several, a moment at which it began.
//!
//! Works on [`Past`]s, the compact facts of reports, which cost little to keep by the thousand. The series has to be unbroken: a
//! history that keeps failures longer than successes would make every endpoint look worse than it is. Deliberately absent: hours of
//! the day, and other monitors.
//!
//! Invariant: inconclusive probes are left out; nothing is said of a clean history but what is about to happen to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::chance::{count, interval, median, trend};
use super::timers;
use crate::outcome::{Confidence, Finding, Outcome, Phase, Reason};
use crate::report::{CloseHow, ClosedBy, FindingReport, Report};
use crate::text::Printable;
use crate::wall::Timestamp;

/// The newest so many are looked at.
const MOST: usize = 2_000;
/// Days before its end at which a certificate should have been renewed, and the share of its life that does as well.
const RENEWAL: (Duration, u32) = (Duration::from_secs(14 * 86_400), 5);

/// What one probe came to, in short.
#[derive(Clone, Debug)]
pub struct Past {
    /// When it began.
    pub started_at: Timestamp,
    /// Success, failure or inconclusive.
    pub outcome: Outcome,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Where it ended.
    pub phase: Option<Phase>,
    /// Seconds from the 101 to the end.
    pub lasted: Option<f64>,
    /// Seconds from the last byte of the server to the end.
    pub since_received: Option<f64>,
    /// Seconds from our last byte to the end.
    pub since_sent: Option<f64>,
    /// How the line ended.
    pub end: Option<PastEnd>,
    /// How long the line should have lived, in seconds.
    pub target: Option<f64>,
    /// `streamed` or `idle`.
    pub mode: Option<&'static str>,
    /// The address that took the connection.
    pub remote: Option<SocketAddr>,
    /// The addresses that were tried and did not.
    pub refused: Vec<IpAddr>,
    /// Seconds from the lookup to the 101.
    pub dial: Option<f64>,
    /// Begin and end of the certificate that runs out first.
    pub certificate: Option<(Timestamp, Timestamp)>,
}

/// How a line ended.
#[derive(Clone, Debug)]
pub struct PastEnd {
    /// The code on the wire; 1006 where no Close came.
    pub code: u16,
    /// The reason text on the wire.
    pub reason: Printable,
    /// Who ended it.
    pub by: ClosedBy,
    /// What it looked like.
    pub how: CloseHow,
}

impl Past {
    /// The facts of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let end = report.close.as_ref().map(|close| PastEnd {
            code: close.code,
            reason: close.reason.clone(),
            by: close.by,
            how: close.how,
        });
        let tried = report.attempts.iter();
        let certificates = report.tls.iter().flat_map(|tls| &tls.certificates);
        Self {
            started_at: report.started_at,
            outcome: report.outcome,
            reason: report.reason,
            phase: report.phase,
            lasted: report.hold.map(|hold| hold.lasted_seconds),
            since_received: report.hold.and_then(|hold| hold.since_received_seconds),
            since_sent: report.hold.and_then(|hold| hold.since_sent_seconds),
            end,
            target: report.hold.map(|hold| hold.target_seconds),
            mode: report.hold.map(|hold| hold.mode),
            remote: report.remote_address,
            refused: tried.filter(|attempt| attempt.error.is_some()).map(|attempt| attempt.address.ip()).collect(),
            dial: report.phases.dial(),
            certificate: certificates
                .min_by_key(|certificate| certificate.not_after)
                .map(|certificate| (certificate.not_before, certificate.not_after)),
        }
    }

    /// The address that decided.
    fn address(&self) -> Option<IpAddr> {
        self.remote.map(|remote| remote.ip()).or_else(|| self.refused.last().copied())
    }

    fn failed(&self) -> bool {
        self.outcome == Outcome::Failure
    }
}

/// What an unbroken series of probes of one monitor shows, in whatever order they are.
#[must_use]
pub fn patterns(pasts: &[Past]) -> Vec<FindingReport> {
    let mut all: Vec<&Past> = pasts.iter().filter(|past| past.outcome != Outcome::Inconclusive).collect();
    all.sort_by_key(|past| past.started_at);
    let all = &all[all.len().saturating_sub(MOST)..];
    // What explains the failures best is said alone; they are all about the same ones.
    let cause = timers::timer(all)
        .or_else(|| one_address(all))
        .or_else(|| began(all))
        .map_or_else(|| one_backend(all).into_iter().chain(intermittent(all)).collect(), |found| vec![found]);
    cause.into_iter().chain(dial_slows(all)).chain(certificate_expires(all)).collect()
}

fn failures(pasts: &[&Past]) -> usize {
    pasts.iter().filter(|past| past.failed()).count()
}

/// The one reason for which all that failed did.
fn one_reason(pasts: &[&Past]) -> Option<Reason> {
    let mut reasons = pasts.iter().filter(|past| past.failed()).map(|past| past.reason);
    let first = reasons.next()??;
    reasons.all(|reason| reason == Some(first)).then_some(first)
}

/// One address in one probe.
struct Try<'a> {
    past: &'a Past,
    failed: bool,
}

fn by_address<'a>(pasts: &[&'a Past]) -> BTreeMap<IpAddr, Vec<Try<'a>>> {
    let mut groups: BTreeMap<IpAddr, Vec<Try<'a>>> = BTreeMap::new();
    for &past in pasts {
        for ip in &past.refused {
            groups.entry(*ip).or_default().push(Try { past, failed: true });
        }
        if let Some(remote) = past.remote {
            groups.entry(remote.ip()).or_default().push(Try { past, failed: past.failed() });
        }
    }
    groups
}

fn failed_tries(group: &[Try<'_>]) -> usize {
    group.iter().filter(|one| one.failed).count()
}

/// One address fails while another works, and they take turns, or the second is only asked because of the first.
fn one_address(pasts: &[&Past]) -> Option<FindingReport> {
    let groups: Vec<_> = by_address(pasts).into_iter().filter(|(_, group)| group.len() >= 3).collect();
    let (bad, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, group)| failed_tries(group) * 5 >= group.len() * 4);
    let is_good = |group: &[Try<'_>]| failed_tries(group) * 10 <= group.len();
    let bad_since = bad.iter().filter_map(|(_, group)| group.first()).map(|first| first.past.started_at).min()?;
    let good_until = rest.iter().filter_map(|(_, group)| group.last()).map(|last| last.past.started_at).max()?;
    // A name that moved from a good address to a bad one is another matter: there, all began at a moment.
    if bad_since >= good_until || !rest.iter().all(|(_, group)| is_good(group)) {
        return None;
    }
    let names = |groups: &[(IpAddr, Vec<Try<'_>>)]| groups.iter().map(|(ip, _)| ip.to_string()).collect::<Vec<_>>().join(", ");
    let lines =
        bad.iter().chain(&rest).map(|(ip, group)| format!("{ip}: {} of {} tries failed", failed_tries(group), group.len()));
    Some(FindingReport {
        finding: Finding::OneAddressFails,
        confidence: Confidence::Likely,
        says: format!("calls to {} fail, and those to {} do not", names(&bad), names(&rest)),
        evidence: lines.collect(),
        remedy: format!("take {} out of the host's DNS records until what is behind it is mended", names(&bad)),
    })
}

/// All was well, and since a moment nothing is.
fn began(pasts: &[&Past]) -> Option<FindingReport> {
    let since = pasts.iter().rposition(|past| !past.failed())? + 1;
    let (before, after) = pasts.split_at(since);
    let reason = one_reason(after)?;
    let worn_out = matches!(reason, Reason::TlsCertExpired | Reason::TlsCertNotYetValid);
    if before.len() < 5 || failures(before) > 0 || after.len() < 3 || worn_out {
        return None;
    }
    let (last_good, first_bad) = (before.last()?, after.first()?);
    let mut evidence = vec![
        format!("all {} probes up to {} succeeded", before.len(), last_good.started_at),
        format!("all {} probes from {} on failed with {reason}", after.len(), first_bad.started_at),
    ];
    if let (Some(old), Some(new)) = (last_good.address(), first_bad.address())
        && old != new
    {
        evidence.push(format!("the address changed at the same time, from {old} to {new}"));
    }
    if let (Some((_, old)), Some((_, new))) = (last_good.certificate, first_bad.certificate)
        && old != new
    {
        evidence.push("the certificate changed at the same time".to_owned());
    }
    Some(FindingReport {
        finding: Finding::BeganSuddenly,
        confidence: Confidence::Consistent,
        says: format!(
            "it began between {} and {}, and every probe before was good: consistent with a deploy or a change of settings",
            last_good.started_at, first_bad.started_at
        ),
        evidence,
        remedy: "look at what was deployed or changed between these two times: server, proxy, DNS, certificate, firewall"
            .to_owned(),
    })
}

/// One address with two results in turn.
fn one_backend(pasts: &[&Past]) -> Option<FindingReport> {
    by_address(pasts).iter().find_map(|(ip, group)| {
        let (bad, all) = (failed_tries(group), group.len());
        let reason = one_reason(&group.iter().filter(|one| one.failed).map(|one| one.past).collect::<Vec<_>>())?;
        if all < 8 || bad < 3 || all - bad < 3 {
            return None;
        }
        let results: Vec<bool> = group.iter().map(|one| one.failed).collect();
        let turn = (2..=4).find(|&every| is_every(&results, every));
        let (servers, rhythm, confidence) = match turn {
            Some(every) => (every.to_string(), format!("exactly one probe in {every} failed, in turn"), Confidence::Likely),
            None if is_mixed(&results) => {
                ("several".to_owned(), "success and failure are mixed as by a coin".to_owned(), Confidence::Consistent)
            }
            None => return None,
        };
        let counts = format!("{bad} of {all} probes to {ip} failed, all with {reason}");
        let against = "against: one server that is at its limit half of the time would look the same".to_owned();
        Some(FindingReport {
            finding: Finding::OneBackendFails,
            confidence,
            says: format!(
                "{ip} gives two results, success and {reason}: {servers} servers are behind it, and one of them is bad"
            ),
            evidence: vec![counts, rhythm, against],
            remedy: "ask each server behind the balancer on its own, and let its health check ask for a WebSocket".to_owned(),
        })
    })
}

/// Does every so-many-th fail, and no other?
fn is_every(failed: &[bool], every: usize) -> bool {
    let first = failed.iter().position(|failed| *failed).unwrap_or(0);
    first < every && failed.iter().enumerate().all(|(n, failed)| *failed == (n % every == first))
}

/// A share of about one half or one third, and as many changes as chance gives.
fn is_mixed(failed: &[bool]) -> bool {
    let bad = count(failed.iter().filter(|failed| **failed).count());
    let all = count(failed.len());
    let runs = 1.0 + count(failed.windows(2).filter(|pair| pair[0] != pair[1]).count());
    let expected = 1.0 + 2.0 * bad * (all - bad) / all;
    let deviation = ((expected - 1.0) * (expected - 2.0) / (all - 1.0)).max(0.0).sqrt();
    (0.3..=0.7).contains(&(bad / all)) && runs >= expected - deviation
}

/// Failures here and there.
fn intermittent(pasts: &[&Past]) -> Option<FindingReport> {
    let (bad, all) = (failures(pasts), pasts.len());
    let starts = pasts.windows(2).filter(|pair| !pair[0].failed() && pair[1].failed()).count();
    let spells = starts + usize::from(pasts.first().is_some_and(|past| past.failed()));
    let over = pasts.last().is_some_and(|past| !past.failed());
    // One spell is an outage; two, of which one goes on, may be two outages.
    if all < 5 || bad < 2 || bad == all || spells < 2 || (spells == 2 && !over) {
        return None;
    }
    let (low, high) = interval(bad, all);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for past in pasts {
        if let (true, Some(reason)) = (past.failed(), past.reason) {
            *reasons.entry(reason.label()).or_default() += 1;
        }
    }
    let mut evidence: Vec<String> = reasons.iter().map(|(reason, times)| format!("{times} × {reason}")).collect();
    evidence.push(format!("in {spells} separate spells, from {} to {}", pasts.first()?.started_at, pasts.last()?.started_at));
    evidence.push("the interval is exact if the probes are independent; failures that come together make it wider".to_owned());
    Some(FindingReport {
        finding: Finding::Intermittent,
        confidence: Confidence::Certain,
        says: format!(
            "it fails now and then: {bad} of {all} probes, so that between {:.1} % and {:.1} % of calls fail (95 %)",
            low * 100.0,
            high * 100.0
        ),
        evidence,
        remedy: "compare the times of the failures with the server's log; probe more often to know the rate better".to_owned(),
    })
}

/// The dial takes longer and longer, and not since a moment.
fn dial_slows(pasts: &[&Past]) -> Option<FindingReport> {
    let dials: Vec<f64> = pasts.iter().filter_map(|past| past.dial).filter(|dial| dial.is_finite()).collect();
    let third = dials.len() / 3;
    if third < 4 {
        return None;
    }
    let (old, rest) = dials.split_at(third);
    let (middle, new) = rest.split_at(rest.len() - third);
    let (old, middle, new) = (median(old)?, median(middle)?, median(new)?);
    let growth = new - old;
    let grows = new >= old * 2.0 && growth >= 0.1 && trend(&dials) > 4.0;
    // A step is the work of a moment.
    let slowly = middle > growth.mul_add(0.2, old) && middle < growth.mul_add(-0.2, new);
    (grows && slowly).then(|| FindingReport {
        finding: Finding::DialSlows,
        confidence: Confidence::Consistent,
        says: format!(
            "the dial takes longer and longer, {old:.3} s and now {new:.3} s: consistent with something that fills up (connections, memory, a queue)"
        ),
        evidence: vec![format!("median of the oldest third {old:.3} s, of the middle {middle:.3} s, of the newest {new:.3} s, in {} dials", dials.len())],
        remedy: "look at open connections, memory and CPU of the server and of its proxy; does a restart bring it back?".to_owned(),
    })
}

/// A certificate that should have been renewed by now.
fn certificate_expires(pasts: &[&Past]) -> Option<FindingReport> {
    let newest = pasts.iter().rev().find(|past| past.certificate.is_some())?;
    let (begins, ends) = newest.certificate?;
    let left = Duration::try_from_secs_f64(ends.unix_seconds() - newest.started_at.unix_seconds()).ok()?;
    let life = Duration::try_from_secs_f64(ends.unix_seconds() - begins.unix_seconds()).ok()?;
    (!left.is_zero() && left < RENEWAL.0.min(life / RENEWAL.1)).then(|| FindingReport {
        finding: Finding::CertificateExpires,
        confidence: Confidence::Certain,
        says: format!("a certificate runs out in {:.1} days, at {ends}", left.as_secs_f64() / 86_400.0),
        evidence: vec![format!("it is valid from {begins} to {ends}, and was still sent at {}", newest.started_at)],
        remedy: "renew it now, load it into what ends TLS, and look why the renewal has not run".to_owned(),
    })
}
