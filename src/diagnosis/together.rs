//! What several monitors show together: one host, one address or one certificate that fails for all who share it, and failures that are so
//! many that the prober itself is suspected.
//!
//! Works on [`Neighbour`]s, one for each monitor. Deliberately absent: quorums over several probers, which are Prometheus' business
//! (`docs/scaling.md`), and any influence on the outcome of a probe: a suspicion is said, and no result is dropped for it.
//!
//! Invariant: nothing is said of a monitor that does not fail, and no group is named in which half as many do well since.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::outcome::{Confidence, Finding, Owner, Phase, Reason};
use crate::report::{CertificateReport, FindingReport};
use crate::wall::Timestamp;

/// Failures that lie this close together are simultaneous, whatever the intervals are.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Monitors that are named in a sentence.
const MOST_NAMED: usize = 8;
/// Failing monitors from which on the prober is suspected, on at least [`LEAST_PLACES`] hosts or addresses.
const LEAST_SUSPICIOUS: usize = 3;
/// Hosts or addresses that have to be among them.
const LEAST_PLACES: usize = 2;
/// The share of all monitors that has to fail before its phases look like our own network's trouble: three fifths.
const SUSPICIOUS_SHARE: (usize, usize) = (3, 5);

/// How one monitor stands, for comparison with the others.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    /// Its name.
    pub name: &'a str,
    /// The host of its URL.
    pub host: &'a str,
    /// The address that its last probe was at.
    pub address: Option<IpAddr>,
    /// The leaf that it was shown last.
    pub certificate: Option<&'a CertificateReport>,
    /// Its failures in a row; `None` if its last conclusive probe succeeded, or if there was none.
    pub failing: Option<Failing>,
    /// When its last success ended.
    pub succeeded: Option<Timestamp>,
    /// From one of its probes to the next.
    pub interval: Duration,
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When the first of them ended.
    pub since: Timestamp,
    /// Why the newest failed.
    pub reason: Reason,
    /// Where it ended.
    pub phase: Phase,
}

/// What a group has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shared<'a> {
    Certificate(&'a CertificateReport),
    Host(&'a str),
    Address(IpAddr),
}

/// Monitors that share something and failed together.
struct Group<'a> {
    shared: Shared<'a>,
    members: Vec<(&'a Neighbour<'a>, Failing)>,
    /// Those who share it and have had a success since.
    well: Vec<&'a str>,
}

/// What the failure of the monitor `name` has in common with the failures of others, if it has.
#[must_use]
pub fn together(name: &str, all: &[Neighbour<'_>]) -> Option<FindingReport> {
    let subject = all.iter().find(|neighbour| neighbour.name == name)?;
    let failing = subject.failing?;
    let certificate = subject.certificate.filter(|_| is_about_the_certificate(failing.reason)).map(Shared::Certificate);
    let address = subject.address.map(Shared::Address);
    let ways = [certificate, Some(Shared::Host(subject.host)), address];
    let groups = ways.into_iter().flatten().filter_map(|shared| Group::of(shared, failing, all));
    // The largest explains most; of two that explain the same, the first in the order above is the more exact.
    groups.reduce(|best, next| if next.members.len() > best.members.len() { next } else { best }).map(|group| group.finding())
}

/// Does so much fail at once that the prober is to be suspected? `control_line` is whether the line to ourselves works, if that is known.
///
/// What has failed since the prober first tried it has no beginning that could be compared: it counts only where nothing at all has been
/// reached.
#[must_use]
pub fn prober_suspect(all: &[Neighbour<'_>], control_line: Option<bool>) -> Option<FindingReport> {
    if control_line == Some(false) {
        let says = "the control line on loopback fails: the prober, or the machine that it runs on, is at fault";
        let evidence =
            vec!["it never leaves this machine, and takes the same way through the prober as every other line".to_owned()];
        return Some(suspicion(Confidence::Likely, says.to_owned(), evidence));
    }
    let (what, members) = nothing_reached(all).or_else(|| failed_at_once(all))?;
    if members.len() < LEAST_SUSPICIOUS {
        return None;
    }
    let places: BTreeSet<_> = members.iter().map(|(neighbour, _)| place(neighbour)).collect();
    if places.len() < LEAST_PLACES {
        return None;
    }
    let mut evidence = vec![format!("{} of {} monitors, at {} places", members.len(), all.len(), places.len()), began(&members)];
    if control_line == Some(true) {
        evidence.push("against the prober itself: the control line on loopback works".to_owned());
    }
    Some(suspicion(Confidence::Consistent, format!("{what}: suspect the prober or its network first"), evidence))
}

/// Monitors with their failures.
type Members<'a> = Vec<(&'a Neighbour<'a>, Failing)>;

/// Nothing has succeeded since the prober started, and all of it fails on the way.
fn nothing_reached<'a>(all: &'a [Neighbour<'a>]) -> Option<(String, Members<'a>)> {
    let failing: Members<'_> = all.iter().filter_map(|neighbour| Some((neighbour, neighbour.failing?))).collect();
    let nothing = all.iter().all(|neighbour| neighbour.succeeded.is_none());
    let unreached = failing.len() == all.len() && failing.iter().all(|(_, failing)| is_on_the_network(*failing));
    (nothing && unreached).then(|| ("nothing that is watched has been reached since the start".to_owned(), failing))
}

/// Everything that worked began to fail within one interval, or three fifths of it did and could not even be reached; and nothing has
/// succeeded since.
fn failed_at_once<'a>(all: &'a [Neighbour<'a>]) -> Option<(String, Members<'a>)> {
    let fresh = || all.iter().filter(|neighbour| neighbour.succeeded.is_some());
    let failing = |on_the_way: bool| -> Members<'a> {
        let failing = fresh().filter_map(|neighbour| Some((neighbour, neighbour.failing?)));
        failing.filter(|(_, failing)| !on_the_way || is_on_the_network(*failing)).collect()
    };
    let well: Vec<_> = fresh().filter(|neighbour| neighbour.failing.is_none()).collect();
    let (share, of) = SUSPICIOUS_SHARE;
    let (members, what) = if well.is_empty() {
        (largest_cluster(failing(false)), "everything failed")
    } else {
        let members = largest_cluster(failing(true));
        if members.len() * of < (members.len() + well.len()) * share {
            return None;
        }
        (members, "most of what is watched could no longer be reached")
    };
    let last = members.iter().map(|(_, failing)| failing.since).max()?;
    let disproved = well.iter().any(|neighbour| neighbour.succeeded.is_some_and(|succeeded| succeeded > last));
    (!disproved).then(|| (format!("{what} within {:.1} s", spread(&members).as_secs_f64()), members))
}

/// The most that began to fail within one interval. Older failures are another matter.
fn largest_cluster<'a>(mut members: Members<'a>) -> Members<'a> {
    members.sort_by_key(|(_, failing)| failing.since);
    let window = longest_interval(&members);
    let until = |from: usize| {
        let first = members[from].1.since;
        members[from..].iter().take_while(|(_, failing)| between(failing.since, first) <= window).count()
    };
    // The last of the largest: what is newer says more about now.
    let best = (0..members.len()).map(|from| (until(from), from)).max();
    best.map(|(size, from)| members[from..from + size].to_vec()).unwrap_or_default()
}

fn suspicion(confidence: Confidence, says: String, evidence: Vec<String>) -> FindingReport {
    FindingReport {
        finding: Finding::ProberSuspect,
        confidence,
        says,
        evidence,
        remedy: "look at this machine first: its name servers, routes, firewall and load; ask a prober elsewhere".to_owned(),
    }
}

impl<'a> Group<'a> {
    /// Those who share `shared` and began to fail about when `failing` did, if they are enough and not contradicted.
    fn of(shared: Shared<'a>, failing: Failing, all: &'a [Neighbour<'a>]) -> Option<Self> {
        let sharing: Vec<_> = all.iter().filter(|neighbour| shared.is_of(neighbour)).collect();
        let window = sharing.iter().map(|neighbour| neighbour.interval).max()?.max(AT_ONCE);
        let near = |other: &Failing| between(other.since, failing.since) <= window;
        let same = |other: &Failing| !matches!(shared, Shared::Certificate(_)) || is_about_the_certificate(other.reason);
        let members: Vec<_> = sharing
            .iter()
            .filter_map(|neighbour| Some((*neighbour, neighbour.failing.filter(|other| near(other) && same(other))?)))
            .collect();
        let first = members.iter().map(|(_, failing)| failing.since).min()?;
        let is_well = |neighbour: &&&Neighbour<'_>| {
            neighbour.failing.is_none() && neighbour.succeeded.is_some_and(|succeeded| succeeded > first)
        };
        let well: Vec<_> = sharing.iter().filter(is_well).map(|neighbour| neighbour.name).collect();
        let group = Self { shared, members, well };
        (group.members.len() >= 2 && group.well.len() * 2 < group.members.len() && group.is_told()).then_some(group)
    }

    fn finding(&self) -> FindingReport {
        let count = self.members.len();
        let how = match spread(&self.members).as_secs_f64() {
            _ if !self.has_a_beginning() => "fail, some of them since they were first probed".to_owned(),
            within => format!("failed within {within:.1} s"),
        };
        let (finding, says, remedy) = match self.shared {
            Shared::Certificate(leaf) => (
                Finding::CertificateFailsTogether,
                format!("{count} monitors refuse the same certificate, {}", leaf.subject),
                "mend that one certificate where it is served; all of them come back with it".to_owned(),
            ),
            Shared::Host(host) => (
                Finding::HostFailsTogether,
                format!("{count} monitors on this host {how} ({host})"),
                "look at the host and at what is in front of it, not at one endpoint: deploy, proxy, DNS, certificate".to_owned(),
            ),
            Shared::Address(address) => (
                Finding::AddressFailsTogether,
                format!("{count} monitors at this address {how} ({address})"),
                "look at what listens at that address (a proxy, a balancer, a node), and at the way to it".to_owned(),
            ),
        };
        FindingReport { finding, confidence: self.confidence(), says, evidence: self.evidence(), remedy }
    }

    /// Where nobody saw it begin, only one reason for all who share it tells of a common cause.
    fn is_told(&self) -> bool {
        let reasons: BTreeSet<_> = self.members.iter().map(|(_, failing)| failing.reason).collect();
        self.has_a_beginning() || (reasons.len() == 1 && self.well.is_empty())
    }

    /// Has each of them succeeded before, so that it is known when it began?
    fn has_a_beginning(&self) -> bool {
        self.members.iter().all(|(neighbour, _)| neighbour.succeeded.is_some())
    }

    /// At once, or for one reason, is more than chance, unless something speaks against it: successes, a beginning that nobody saw, or what
    /// an endpoint says about itself.
    fn confidence(&self) -> Confidence {
        let reasons: BTreeSet<_> = self.members.iter().map(|(_, failing)| failing.reason).collect();
        let alike = spread(&self.members) <= AT_ONCE || reasons.len() == 1;
        let own = |reason: &Reason| matches!(reason.owner(), Owner::Application | Owner::Credentials | Owner::Configuration);
        let contradicted = !self.well.is_empty() || !self.has_a_beginning() || reasons.iter().any(own);
        if alike && !contradicted { Confidence::Likely } else { Confidence::Consistent }
    }

    fn evidence(&self) -> Vec<String> {
        let mut evidence = vec![began(&self.members)];
        evidence.extend(
            self.members
                .iter()
                .take(MOST_NAMED)
                .map(|(neighbour, failing)| format!("{}: {} since {}", neighbour.name, failing.reason, failing.since)),
        );
        if self.members.len() > MOST_NAMED {
            evidence.push(format!("and {} more", self.members.len() - MOST_NAMED));
        }
        if let Some(name) = self.well.first() {
            evidence.push(format!("against: {name} shares it and has had a success since"));
        }
        evidence
    }
}

impl Shared<'_> {
    fn is_of(self, neighbour: &Neighbour<'_>) -> bool {
        match self {
            Self::Certificate(leaf) => neighbour.certificate == Some(leaf),
            Self::Host(host) => neighbour.host == host,
            Self::Address(address) => neighbour.address == Some(address),
        }
    }
}

/// The reasons that the certificate itself gives.
const fn is_about_the_certificate(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TlsCertExpired
            | Reason::TlsCertNotYetValid
            | Reason::TlsCertRevoked
            | Reason::TlsCertUnsupported
            | Reason::TlsCertWrongPurpose
            | Reason::TlsHostnameMismatch
            | Reason::TlsBadSignature
            | Reason::TlsSelfSigned
            | Reason::TlsPrivateCa
            | Reason::TlsMissingIntermediate
            | Reason::TlsUnknownIssuer
            | Reason::TlsChainInvalid
    )
}

/// Did it end before anything of the endpoint was reached, or on the way?
fn is_on_the_network(failing: Failing) -> bool {
    matches!(failing.phase, Phase::Resolve | Phase::Connect) || failing.reason.owner() == Owner::Network
}

/// Where a monitor is: its address, or its host where no address was reached.
fn place(neighbour: &Neighbour<'_>) -> String {
    neighbour.address.map_or_else(|| neighbour.host.to_owned(), |address| address.to_string())
}

fn began(members: &[(&Neighbour<'_>, Failing)]) -> String {
    let times = || members.iter().map(|(_, failing)| failing.since);
    match (times().min(), times().max()) {
        (Some(first), Some(last)) if first != last => format!("they began to fail between {first} and {last}"),
        (Some(first), _) => format!("they began to fail at {first}"),
        (None, _) => "none fails".to_owned(),
    }
}

/// From the first beginning to the last.
fn spread(members: &[(&Neighbour<'_>, Failing)]) -> Duration {
    let times = || members.iter().map(|(_, failing)| failing.since);
    times().min().zip(times().max()).map_or(Duration::ZERO, |(first, last)| between(first, last))
}

fn longest_interval(members: &[(&Neighbour<'_>, Failing)]) -> Duration {
    members.iter().map(|(neighbour, _)| neighbour.interval).max().unwrap_or_default().max(AT_ONCE)
}

fn between(one: Timestamp, other: Timestamp) -> Duration {
    Duration::try_from_secs_f64((one.unix_seconds() - other.unix_seconds()).abs()).unwrap_or(Duration::MAX)
}
