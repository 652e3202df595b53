//! What probes cannot show.

use std::time::Duration;

use super::super::limits;
use super::*;
use crate::monitor::{HoldPlan, Mode, PingPlan};

fn plan(seconds: u64, mode: Mode) -> HoldPlan {
    HoldPlan { target: Duration::from_secs(seconds), mode, ..HoldPlan::default() }
}

fn says(plan: &HoldPlan, pasts: &[Past]) -> Vec<String> {
    limits(plan, pasts).into_iter().map(|found| found.says).collect()
}

#[test]
fn what_a_hold_cannot_see() {
    let rows = [
        (10, Some("a 10 s hold cannot see a 60 s idle cut, nor a 30 s limit on the lifetime")),
        (60, Some("a 60 s hold cannot see a 60 s idle cut, nor a 300 s limit on the lifetime")),
        (75, Some("a 75 s hold cannot see a 100 s idle cut, nor a 300 s limit on the lifetime")),
        (900, Some("a 900 s hold cannot see a 3600 s limit on the lifetime")),
        (7_300, None),
    ];
    for (seconds, expected) in rows {
        let said = says(&plan(seconds, Mode::Idle), &[]);
        assert_eq!(said.first().map(String::as_str), expected, "{seconds}");
        assert!(said.len() <= 1, "{said:?}");
    }
}

#[test]
fn what_hides_idle_limits() {
    let found = |plan: &HoldPlan| names(&limits(plan, &[]));
    assert_eq!(found(&plan(7_300, Mode::Streamed)), [Finding::StreamHidesIdle]);
    let pings = Some(PingPlan { interval: Duration::from_secs(20), timeout: Duration::from_secs(5) });
    assert_eq!(found(&HoldPlan { ping: pings, ..plan(7_300, Mode::Idle) }), [Finding::PingsHideIdle]);
    assert_eq!(found(&plan(7_300, Mode::Idle)), []);
}

#[test]
fn what_clean_probes_prove() {
    let clean = |count: i64| -> Vec<Past> { (0..count).map(good).collect() };
    let rows = [
        (1, "1 clean probe only bounds the failure rate below 95 %"),
        (20, "20 clean probes only bound the failure rate below 14 %"),
        (60, "60 clean probes only bound the failure rate below 5 %"),
        (1_440, "1440 clean probes only bound the failure rate below 0.21 %"),
    ];
    for (count, expected) in rows {
        assert_eq!(says(&plan(7_300, Mode::Idle), &clean(count)), [expected]);
    }
    let mut after = clean(60);
    after[39] = bad(39, Reason::TcpRefused);
    let said = says(&plan(7_300, Mode::Idle), &after);
    assert_eq!(said, ["20 clean probes only bound the failure rate below 14 %"], "those since the last failure");
    after.reverse();
    assert_eq!(says(&plan(7_300, Mode::Idle), &after), said, "whatever the order");
}

#[test]
fn one_end_at_sixty_seconds() {
    let ends = |count: i64| -> Vec<Finding> {
        names(&limits(&plan(7_300, Mode::Idle), &(0..count).map(|n| cut(n, 60.1, None, None)).collect::<Vec<_>>()))
    };
    assert_eq!(ends(1), [Finding::OneEndProvesNoTimer]);
    assert_eq!(ends(2), [Finding::OneEndProvesNoTimer]);
    assert_eq!(ends(3), [], "three do");
    let one = says(&plan(7_300, Mode::Idle), &[cut(0, 60.1, None, None)]);
    assert!(one[0].starts_with("one end at 60.1 s proves no timer"), "{one:?}");
    let other = [cut(0, 47.0, Some(0.1), Some(0.0))];
    assert_eq!(names(&limits(&plan(7_300, Mode::Idle), &other)), [], "47 s is nobody's timer");
    let own = [Past { target: Some(60.0), ..cut(0, 60.1, None, None) }];
    assert_eq!(names(&limits(&plan(7_300, Mode::Idle), &own)), [], "the hold's own target");
}
