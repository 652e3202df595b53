//! Several monitors: what they have in common when they fail, and when the prober is to be suspected.

use std::time::Duration;

use super::START;
use crate::diagnosis::{Failing, Neighbour, prober_suspect, together};
use crate::outcome::{Confidence, Finding, Reason};
use crate::report::CertificateReport;
use crate::text::Printable;
use crate::wall::Timestamp;

const EOF: Reason = Reason::WsEof;
const GONE: Reason = Reason::TcpTimeout;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START).plus(Duration::from_millis(millis))
}

/// A monitor that is well: its last success ended at the start.
fn well<'a>(name: &'a str, host: &'a str, address: &str) -> Neighbour<'a> {
    Neighbour {
        name,
        host,
        address: address.parse().ok(),
        certificate: None,
        failing: None,
        succeeded: Some(at(0)),
        interval: Duration::from_secs(60),
    }
}

/// One that fails since so many milliseconds after the start.
fn bad<'a>(name: &'a str, host: &'a str, address: &str, since: u64, reason: Reason) -> Neighbour<'a> {
    Neighbour { failing: Some(Failing { since: at(since), reason, phase: reason.phase() }), ..well(name, host, address) }
}

fn leaf(subject: &str) -> CertificateReport {
    CertificateReport {
        subject: Printable::trusted(subject),
        issuer: Printable::trusted("CN=An Authority"),
        not_before: at(0),
        not_after: at(1_000),
        names: Vec::new(),
    }
}

#[test]
fn monitors_of_one_host_fail_together() {
    let all = [
        bad("a", "voice.example.com", "203.0.113.7", 1_000, EOF),
        bad("b", "voice.example.com", "203.0.113.7", 1_700, EOF),
        bad("c", "voice.example.com", "203.0.113.8", 2_900, GONE),
        bad("d", "voice.example.com", "203.0.113.7", 2_200, EOF),
        well("e", "other.example.com", "198.51.100.1"),
    ];
    let found = together("d", &all).unwrap();
    assert_eq!((found.finding, found.confidence), (Finding::HostFailsTogether, Confidence::Likely));
    assert_eq!(found.says, "4 monitors on this host failed within 1.9 s (voice.example.com)");
    assert!(found.evidence.iter().any(|line| line.starts_with("c: tcp_timeout since ")), "{found:?}");
    assert_eq!(together("e", &all), None, "it is well");
}

#[test]
fn hosts_at_one_address_fail_together() {
    let all = [
        bad("a", "a.example.com", "203.0.113.7", 0, GONE),
        bad("b", "b.example.com", "203.0.113.7", 900, EOF),
        well("c", "c.example.com", "203.0.113.8"),
    ];
    let found = together("a", &all).unwrap();
    assert_eq!(found.says, "2 monitors at this address failed within 0.9 s (203.0.113.7)");
    assert_eq!((found.finding, found.confidence), (Finding::AddressFailsTogether, Confidence::Likely));
}

#[test]
fn one_certificate_fails_for_all_who_are_shown_it() {
    let (wild, other) = (leaf("CN=*.example.com"), leaf("CN=other.example.com"));
    let expired = |name: &'static str, host: &'static str, since| Neighbour {
        certificate: Some(&wild),
        ..bad(name, host, "203.0.113.7", since, Reason::TlsCertExpired)
    };
    let all = [
        expired("a", "a.example.com", 0),
        expired("b", "b.example.com", 30_000),
        Neighbour { certificate: Some(&other), ..bad("c", "c.example.com", "198.51.100.1", 10, Reason::TlsCertExpired) },
    ];
    let found = together("a", &all).unwrap();
    assert_eq!(found.finding, Finding::CertificateFailsTogether);
    assert_eq!(found.says, "2 monitors refuse the same certificate, CN=*.example.com");
    // The same certificate and another fault: it is not the certificate's.
    let cut = [bad("a", "a.example.com", "203.0.113.7", 0, EOF), bad("b", "b.example.com", "203.0.113.8", 0, EOF)]
        .map(|neighbour| Neighbour { certificate: Some(&wild), ..neighbour });
    assert_eq!(together("a", &cut), None);
}

#[test]
fn without_a_beginning_nothing_is_said_of_one() {
    let never = |name, reason| Neighbour { succeeded: None, ..bad(name, "voice.example.com", "203.0.113.7", 200, reason) };
    let found = together("a", &[never("a", EOF), never("b", EOF)]).unwrap();
    assert_eq!(found.confidence, Confidence::Consistent);
    assert_eq!(found.says, "2 monitors on this host fail, some of them since they were first probed (voice.example.com)");
    assert_eq!(together("a", &[never("a", EOF), never("b", GONE)]), None, "each has its own fault, as far as anybody knows");
    let host = |name, reason| bad(name, "voice.example.com", "203.0.113.7", 200, reason);
    let own = together("a", &[host("a", EOF), host("b", Reason::AppNoAudio)]).unwrap();
    assert_eq!(own.confidence, Confidence::Consistent, "one of them says itself what is wrong with it");
}

/// What must not match.
#[test]
fn what_speaks_against_a_common_cause() {
    let host = "voice.example.com";
    let alone = [bad("a", host, "203.0.113.7", 0, EOF), well("b", host, "203.0.113.7")];
    assert_eq!(together("a", &alone), None, "one alone is no group");
    let long_before = [bad("a", host, "203.0.113.7", 0, EOF), bad("b", host, "203.0.113.7", 3_600_000, EOF)];
    assert_eq!(together("a", &long_before), None, "they began an hour apart");
    let since = |name, millis| Neighbour { succeeded: Some(at(millis)), ..well(name, host, "203.0.113.7") };
    let two = [bad("a", host, "203.0.113.7", 1_000, EOF), bad("b", host, "203.0.113.7", 1_500, EOF)];
    let half = [two[0], two[1], since("c", 5_000)];
    assert_eq!(together("a", &half), None, "half as many are well since");
    let before = [two[0], two[1], since("c", 500)];
    assert_eq!(together("a", &before).unwrap().confidence, Confidence::Likely, "that success came before");
    let most = [two[0], two[1], bad("d", host, "203.0.113.7", 1_600, EOF), since("c", 5_000)];
    let found = together("a", &most).unwrap();
    assert_eq!(found.confidence, Confidence::Consistent);
    assert!(found.evidence.iter().any(|line| line == "against: c shares it and has had a success since"), "{found:?}");
}

#[test]
fn the_prober_is_suspected_when_too_much_fails_at_once() {
    let hosts = ["a", "b", "c", "d", "e"];
    let address = |n: usize| format!("203.0.113.{n}");
    let fleet = |bad_ones: usize, reason, apart: u64| -> Vec<Neighbour<'static>> {
        let one = |(n, host): (usize, &&'static str)| match n {
            n if n < bad_ones => bad(host, host, &address(n), n as u64 * apart, reason),
            n => well(host, host, &address(n)),
        };
        hosts.iter().enumerate().map(one).collect()
    };
    let suspected = |all: &[Neighbour<'_>], control| prober_suspect(all, control).map(|found| found.finding);
    let yes = Some(Finding::ProberSuspect);
    let rows = [
        (fleet(5, EOF, 1_000), None, yes, "everything"),
        (fleet(3, GONE, 1_000), None, yes, "three of five cannot be reached"),
        (fleet(3, GONE, 1_000), Some(true), yes, "the control line does not leave the machine"),
        (fleet(3, EOF, 1_000), None, None, "three of five, behind their 101"),
        (fleet(2, GONE, 1_000), None, None, "two of five"),
        (fleet(5, EOF, 3_600_000), None, None, "an hour apart"),
        (fleet(0, EOF, 0), None, None, "all is well"),
        (fleet(0, EOF, 0), Some(true), None, "all is well"),
        (fleet(0, EOF, 0), Some(false), yes, "the control line fails"),
        (Vec::new(), None, None, "nobody"),
    ];
    for (all, control, expected, what) in rows {
        assert_eq!(suspected(&all, control), expected, "{what}");
    }
    let never =
        |n: usize, reason| Neighbour { succeeded: None, ..bad(hosts[n], hosts[n], &address(n), n as u64 * 1_000, reason) };
    let later = |n: usize| Neighbour { succeeded: Some(at(3_700_000)), ..well(hosts[n], hosts[n], &address(n)) };
    let fresh = |n: usize, reason| bad(hosts[n], hosts[n], &address(n), 3_600_000 + n as u64 * 1_000, reason);
    let rows = [
        (
            vec![bad("a", "a", "203.0.113.0", 0, EOF), fresh(1, EOF), fresh(2, EOF), fresh(3, EOF)],
            yes,
            "one was broken long before",
        ),
        (vec![never(0, EOF), fresh(1, EOF), fresh(2, EOF), fresh(3, EOF)], yes, "one has never worked"),
        (
            vec![never(0, GONE), never(1, GONE), never(2, GONE), later(3), later(4)],
            None,
            "three that never worked, and others do",
        ),
        (vec![never(0, EOF), never(1, EOF), never(2, EOF)], None, "three that never worked, behind their 101"),
        (vec![never(0, GONE), never(1, GONE), never(2, GONE)], yes, "nothing has ever been reached"),
        (vec![never(0, GONE), never(1, GONE), never(2, EOF)], None, "one was reached"),
        (vec![fresh(0, GONE), fresh(1, GONE), fresh(2, GONE), later(3)], None, "another has succeeded since"),
    ];
    for (all, expected, what) in rows {
        assert_eq!(suspected(&all, Some(true)), expected, "{what}");
    }
    let one_place: Vec<_> = hosts.iter().map(|host| bad(host, "voice.example.com", "203.0.113.7", 0, GONE)).collect();
    assert_eq!(suspected(&one_place, None), None, "all of one place is that place's fault");
    assert_eq!(together("a", &one_place).map(|found| found.finding), Some(Finding::HostFailsTogether));
}
