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
#[must_use]
pub fn prober_suspect(all: &[Neighbour<'_>], control_line: Option<bool>) -> Option<FindingReport> {
    if control_line == Some(false) {
        let says = "the control line on loopback fails: the prober, or the machine that it runs on, is at fault";
        let evidence =
            vec!["it never leaves this machine, and takes the same way through the prober as every other line".to_owned()];
        return Some(suspicion(Confidence::Likely, says.to_owned(), evidence));
    }
    let conclusive = all.iter().filter(|neighbour| neighbour.failing.is_some() || neighbour.succeeded.is_some()).count();
    let failing: Vec<_> = all.iter().filter_map(|neighbour| Some((neighbour, neighbour.failing?))).collect();
    let network: Vec<_> = failing.iter().filter(|(_, failing)| is_on_the_network(*failing)).copied().collect();
    let (share, of) = SUSPICIOUS_SHARE;
    let (members, what) = if failing.len() == conclusive {
        (failing, "everything fails")
    } else if network.len() * of >= conclusive * share {
        (network, "most of what is watched cannot be reached")
    } else {
        return None;
    };
    let places: BTreeSet<_> = members.iter().map(|(neighbour, _)| place(neighbour)).collect();
    if members.len() < LEAST_SUSPICIOUS || places.len() < LEAST_PLACES || spread(&members) > longest_interval(&members) {
        return None;
    }
    let reached =
        control_line.map(|_| "against: the control line on loopback works, so it is the network of this machine, not the prober");
    let evidence = [format!("{} of {conclusive} monitors fail, on {} hosts", members.len(), places.len()), began(&members)];
    let says = format!("{what}, within {:.1} s: suspect the prober or its network first", spread(&members).as_secs_f64());
    Some(suspicion(Confidence::Consistent, says, evidence.into_iter().chain(reached.map(str::to_owned)).collect()))
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
        (members.len() >= 2 && well.len() * 2 < members.len()).then_some(Self { shared, members, well })
    }

    fn finding(&self) -> FindingReport {
        let count = self.members.len();
        let within = spread(&self.members);
        let (finding, says, remedy) = match self.shared {
            Shared::Certificate(leaf) => (
                Finding::CertificateFailsTogether,
                format!("{count} monitors refuse the same certificate, {}", leaf.subject),
                "mend that one certificate where it is served; all of them come back with it".to_owned(),
            ),
            Shared::Host(host) => (
                Finding::HostFailsTogether,
                format!("{count} monitors on this host failed within {:.1} s ({host})", within.as_secs_f64()),
                "look at the host and at what is in front of it, not at one endpoint: deploy, proxy, DNS, certificate".to_owned(),
            ),
            Shared::Address(address) => (
                Finding::AddressFailsTogether,
                format!("{count} monitors at this address failed within {:.1} s ({address})", within.as_secs_f64()),
                "look at what listens at that address (a proxy, a balancer, a node), and at the way to it".to_owned(),
            ),
        };
        FindingReport { finding, confidence: self.confidence(within), says, evidence: self.evidence(), remedy }
    }

    /// At once, or for one reason, is more than chance; anything that speaks against it is said to be.
    fn confidence(&self, within: Duration) -> Confidence {
        let reasons: BTreeSet<_> = self.members.iter().map(|(_, failing)| failing.reason).collect();
        let alike = within <= AT_ONCE || reasons.len() == 1;
        if alike && self.well.is_empty() { Confidence::Likely } else { Confidence::Consistent }
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
