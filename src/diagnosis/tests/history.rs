//! Patterns over addresses and times, and clean histories by the thousand.

use std::sync::Arc;

use proptest::num::f64::ANY;
use proptest::option::of;
use proptest::prelude::*;

use super::super::{limits, patterns};
use super::*;
use crate::monitor::HoldPlan;
use crate::supervisor::fixture;

const OTHER: &str = "203.0.113.8:443";

fn failed() -> Reason {
    Reason::from_status(502)
}

/// One probe for each letter: `.` is good, `x` failed.
fn history(line: &str) -> Vec<Past> {
    line.chars().zip(0..).map(|(c, n)| if c == '.' { good(n) } else { bad(n, failed()) }).collect()
}

#[test]
fn patterns_of_outcomes() {
    let rows: &[(&str, &[Finding])] = &[
        ("..........", &[]),
        ("xxxxxxxxxx", &[]),
        (".....xxx", &[Finding::BeganSuddenly]),
        ("....xxx", &[]),
        (".......xx", &[]),
        ("......x", &[]),
        ("...xxxxx....", &[]),
        ("..x...x..x...x.", &[Finding::Intermittent]),
        (".x.......x", &[]),
        (".x.x.x.x.x", &[Finding::OneBackendFails, Finding::Intermittent]),
        ("..x..x..x..x", &[Finding::OneBackendFails, Finding::Intermittent]),
        ("x..x.xx.x..xx.x.x", &[Finding::OneBackendFails, Finding::Intermittent]),
        ("....xxxx....xxxx....", &[Finding::Intermittent]),
        (".x.x.x", &[Finding::Intermittent]),
    ];
    for (line, expected) in rows {
        assert_eq!(names(&patterns(&history(line))), *expected, "{line}");
    }
}

#[test]
fn two_ways_to_fail_are_not_one_bad_server() {
    let mut mixed = history(".x.x.x.x.x");
    mixed[3].reason = Some(Reason::TcpTimeout);
    assert_eq!(names(&patterns(&mixed)), [Finding::Intermittent]);
}

#[test]
fn how_often_is_said_with_its_interval() {
    let found = &patterns(&history("..x...x..."))[0];
    assert!(found.says.contains("2 of 10 probes") && found.says.contains("2.5 % and 55.6 %"), "{}", found.says);
}

#[test]
fn one_address_of_two() {
    let turns = |n: i64| if n % 2 == 0 { good(n) } else { at(bad(n, failed()), OTHER) };
    let found = patterns(&(0..10).map(turns).collect::<Vec<_>>());
    assert_eq!(names(&found), [Finding::OneAddressFails]);
    assert!(found[0].says.contains("calls to 203.0.113.8 fail") && found[0].remedy.contains("203.0.113.8"), "{found:?}");
    let moved: Vec<_> = (0..10).map(|n| if n < 6 { good(n) } else { at(bad(n, failed()), OTHER) }).collect();
    let found = patterns(&moved);
    assert_eq!(names(&found), [Finding::BeganSuddenly], "the name moved");
    assert!(found[0].evidence.iter().any(|line| line.contains("address changed")), "{found:?}");
    let seldom: Vec<_> = (0..10).map(|n| if n == 3 || n == 7 { at(bad(n, failed()), OTHER) } else { good(n) }).collect();
    assert_eq!(names(&patterns(&seldom)), [Finding::Intermittent], "two probes are not enough for an address");
    let both = |n: i64| if n % 2 == 0 { bad(n, failed()) } else { at(bad(n, failed()), OTHER) };
    assert_eq!(names(&patterns(&(0..10).map(both).collect::<Vec<_>>())), [], "both fail");
}

/// The next address takes over, so that every probe succeeds.
#[test]
fn one_address_that_never_takes_the_connection() {
    let stepped = |n: i64| Past { refused: vec!["203.0.113.6".parse().unwrap()], ..good(n) };
    let found = patterns(&(0..5).map(stepped).collect::<Vec<_>>());
    assert_eq!(names(&found), [Finding::OneAddressFails]);
    assert!(found[0].says.contains("203.0.113.6 fail"), "{found:?}");
    let seldom: Vec<_> = (0..9).map(|n| if n < 2 { stepped(n) } else { good(n) }).collect();
    assert_eq!(names(&patterns(&seldom)), [], "twice is not enough");
}

#[test]
fn what_began_names_its_time() {
    let found = &patterns(&history(".......xxxx"))[0];
    assert!(found.says.contains("between 2026-11-20T10:06:00.000Z and 2026-11-20T10:07:00.000Z"), "{}", found.says);
    let expired: Vec<_> = (0..10).map(|n| if n < 6 { good(n) } else { bad(n, Reason::TlsCertExpired) }).collect();
    assert_eq!(names(&patterns(&expired)), [], "a certificate needs no deploy to run out");
}

#[test]
fn the_order_and_the_inconclusive_do_not_matter() {
    let mut shuffled = history(".......xxxx");
    shuffled.reverse();
    shuffled.push(Past { outcome: Outcome::Inconclusive, ..bad(8, Reason::LocalNoRoute) });
    assert_eq!(names(&patterns(&shuffled)), [Finding::BeganSuddenly]);
}

#[test]
fn dials_that_slow_down() {
    let dials = |dial: &dyn Fn(f64) -> f64| -> Vec<Past> {
        (0..18).map(|n| Past { dial: Some(dial(f64::from(u8::try_from(n).unwrap())) + jitter(n) / 100.0), ..good(n) }).collect()
    };
    let rows: [(&str, Vec<Past>, bool); 5] = [
        ("slow growth", dials(&|n| 0.05 + 0.05 * n), true),
        ("a step", dials(&|n| if n < 9.0 { 0.05 } else { 0.9 }), false),
        ("steady", dials(&|_| 0.05), false),
        ("growth of milliseconds", dials(&|n| 0.002 + 0.002 * n), false),
        ("one slow dial", dials(&|n| if n > 16.0 { 5.0 } else { 0.05 }), false),
    ];
    for (what, history, slows) in rows {
        assert_eq!(names(&patterns(&history)).contains(&Finding::DialSlows), slows, "{what}");
    }
}

#[test]
fn certificates_that_should_have_been_renewed() {
    let expiring = |life: i64, left: i64| {
        let end = START + left * 3_600;
        let certificate = (Timestamp::from_unix_seconds(end - life * 86_400), Timestamp::from_unix_seconds(end));
        vec![Past { certificate: Some(certificate), ..good(0) }]
    };
    let rows = [(90, 13 * 24, true), (90, 15 * 24, false), (6, 20, true), (6, 72, false), (90, -1, false)];
    for (life, left, says) in rows {
        let found = patterns(&expiring(life, left));
        assert_eq!(names(&found) == [Finding::CertificateExpires], says, "{life} days, {left} hours left: {found:?}");
    }
}

/// The facts of a report are those of the report.
#[test]
fn a_past_is_made_of_a_report() {
    let past = Past::of(&fixture::report("m", Outcome::Success));
    assert_eq!(
        (past.outcome, past.lasted, past.target, past.mode),
        (Outcome::Success, Some(10.001), Some(10.0), Some("streamed"))
    );
    assert_eq!(past.certificate.unwrap().1, Timestamp::from_unix_seconds(1_799_000_000), "the first that runs out");
    assert!((past.dial.unwrap() - 0.045).abs() < 1e-9);
    let mut refused = fixture::failure("m", Reason::TcpRefused);
    refused.remote_address = None;
    refused.attempts =
        vec![crate::report::AttemptReport { address: OTHER.parse().unwrap(), seconds: 0.1, error: Some("refused".to_owned()) }];
    let past = Past::of(&refused);
    assert_eq!((past.remote, past.refused), (None, vec!["203.0.113.8".parse().unwrap()]), "who did not take it");
}

fn dial_times() -> impl Strategy<Value = f64> {
    (1_u32..400).prop_map(|ms| f64::from(ms) / 1_000.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A thousand clean histories: any mode, target, pauses, addresses, dial times.
    #[test]
    fn nothing_is_said_of_clean_probes(
        probes in proptest::collection::vec((1_u32..7_300, dial_times(), 0_u32..300, 0_u32..300, 0_u8..3, any::<bool>()), 0..60),
    ) {
        let clean: Vec<Past> = probes.iter().zip(0..).map(|(&(target, dial, received, sent, address, idle), n)| {
            let lasted = f64::from(target);
            let since = |seconds: u32| (!idle || seconds.is_multiple_of(2)).then(|| f64::from(seconds).min(lasted));
            let past = Past {
                lasted: Some(lasted + 0.001),
                target: Some(lasted),
                dial: Some(dial),
                since_received: since(received),
                since_sent: since(sent),
                mode: Some(if idle { "idle" } else { "streamed" }),
                ..good(n)
            };
            at(past, &format!("203.0.113.{address}:443"))
        }).collect();
        prop_assert_eq!(patterns(&clean), vec![]);
    }

    /// Whatever there is in a history, nothing panics, and no finding is without evidence.
    #[test]
    fn no_history_makes_it_panic(
        probes in proptest::collection::vec(
            (any::<i32>(), 0_u8..4, ANY, of(ANY), of(ANY), of(ANY), any::<u16>(), 0_u8..3),
            0..40,
        ),
    ) {
        let wild: Vec<Past> = probes.iter().map(|&(n, kind, lasted, received, sent, dial, code, address)| {
            let past = match kind {
                0 => good(i64::from(n)),
                1 => bad(i64::from(n), failed()),
                2 => Past { outcome: Outcome::Inconclusive, ..bad(i64::from(n), Reason::Cancelled) },
                _ => cut(i64::from(n), lasted, received, sent),
            };
            let end = past.end.clone().map(|end| PastEnd { code, ..end });
            at(Past { dial, end, ..past }, &format!("203.0.113.{address}:443"))
        }).collect();
        for found in patterns(&wild).iter().chain(&limits(&HoldPlan::default(), &wild)) {
            prop_assert!(!found.says.is_empty() && !found.evidence.is_empty() && !found.remedy.is_empty());
        }
    }
}

/// A thousand clean reports, of which [`Past`]s are made as the daemon would.
#[test]
fn a_thousand_clean_reports() {
    let reports: Vec<_> = (0..1_000_i64)
        .map(|n| {
            let mut report = fixture::report("m", Outcome::Success);
            report.started_at = Timestamp::from_unix_seconds(1_790_000_000 + n * 60);
            Arc::new(report)
        })
        .collect();
    assert!(reports.iter().all(|report| super::super::ends(report).is_empty()));
    assert_eq!(patterns(&reports.iter().map(|report| Past::of(report)).collect::<Vec<_>>()), []);
}
