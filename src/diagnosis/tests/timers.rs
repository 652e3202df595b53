//! Idle timeouts and lifetimes, and what only looks like them.

use super::super::patterns;
use super::*;

fn probes(count: i64, probe: impl Fn(i64) -> Past) -> Vec<Past> {
    (0..count).map(probe).collect()
}

/// Nothing passed on an idle line, until it was cut at 60 s.
fn silent_cut(n: i64) -> Past {
    Past { mode: Some("idle"), ..cut(n, 60.0 + jitter(n), None, None) }
}

fn closed(past: Past, code: u16, reason: &str) -> Past {
    let end = PastEnd { code, reason: Printable::trusted(reason), by: ClosedBy::Server, how: CloseHow::CloseFrame };
    Past { end: Some(end), reason: Some(Reason::ClosedByServer), ..past }
}

#[test]
fn nine_of_ten_at_sixty_seconds() {
    let history = probes(10, |n| if n == 4 { cut(n, 12.0, Some(1.0), Some(0.0)) } else { silent_cut(n) });
    let found = &patterns(&history)[0];
    assert_eq!(found.finding, Finding::IdleTimeout);
    assert!(found.says.starts_with("closed at 60.1 s ± 0.1 in 9 of 10 probes, 60.1 s after the last byte"), "{}", found.says);
    assert!(
        found
            .says
            .ends_with("consistent with nginx proxy_read_timeout, AWS ALB idle timeout or ingress-nginx proxy-read-timeout"),
        "{}",
        found.says
    );
    assert!(found.remedy.contains("proxy_read_timeout 3600s;"), "{}", found.remedy);
    assert!(
        found.evidence.iter().any(|line| line.contains("Fly.io") && line.contains("every 20 s")),
        "all are listed: {found:?}"
    );
    assert!(found.evidence.iter().any(|line| line.contains("Apache") && line.contains("not checked")), "{found:?}");
    assert!(found.evidence.iter().any(|line| line.starts_with("against: the lines were as old")), "{found:?}");
}

#[test]
fn patterns_of_ends() {
    let rows: Vec<(&str, Vec<Past>, Finding, &str)> = vec![
        (
            "60 s after the last byte, at different ages",
            probes(6, |n| cut(n, 70.0 + 9.0 * jitter(n) * 10.0, Some(60.0 + jitter(n)), Some(61.0))),
            Finding::IdleTimeout,
            "nginx",
        ),
        ("55 s", probes(4, |n| cut(n, 55.0 + jitter(n), None, None)), Finding::IdleTimeout, "Heroku"),
        (
            "100 s, with a hello of ours at the beginning",
            probes(4, |n| Past { target: Some(300.0), ..cut(n, 100.1 + jitter(n), None, Some(100.0 + jitter(n))) }),
            Finding::IdleTimeout,
            "Cloudflare",
        ),
        (
            "60 s of streaming is a lifetime",
            probes(6, |n| cut(n, 60.0 + jitter(n), Some(0.1), Some(0.02))),
            Finding::LifetimeLimit,
            "no known host",
        ),
        (
            "30 s of streaming",
            probes(6, |n| cut(n, 30.0 + jitter(n), Some(0.1), Some(0.02))),
            Finding::LifetimeLimit,
            "Google Cloud",
        ),
        (
            "30 s of streaming to a silent server",
            probes(6, |n| cut(n, 30.0 + jitter(n), None, Some(0.02))),
            Finding::LifetimeLimit,
            "Google Cloud",
        ),
        (
            "30 s, with pings every 10 s",
            probes(6, |n| cut(n, 30.0 + jitter(n), Some(9.9 + jitter(n)), Some(9.9 + jitter(n)))),
            Finding::LifetimeLimit,
            "Google Cloud",
        ),
        (
            "20 s after the server's last word, while we streamed",
            probes(6, |n| cut(n, 25.0 + 30.0 * jitter(n), Some(20.0 + jitter(n)), Some(0.02))),
            Finding::IdleTimeout,
            "while we kept sending",
        ),
        (
            "600 s, with a Close",
            probes(4, |n| closed(cut(n, 600.0 + jitter(n), None, None), 1001, "Going away")),
            Finding::IdleTimeout,
            "API Gateway",
        ),
        (
            "7.3 s, which no host has",
            probes(4, |n| cut(n, 7.3 + jitter(n), Some(0.1), Some(0.0))),
            Finding::LifetimeLimit,
            "no known host",
        ),
    ];
    for (what, history, finding, names_it) in rows {
        let found = patterns(&history);
        assert_eq!(names(&found), [finding], "{what}: {found:?}");
        assert!(found[0].says.contains(names_it), "{what}: {}", found[0].says);
        assert_eq!(found[0].confidence, crate::outcome::Confidence::Consistent, "{what}");
        assert!(!found[0].evidence.is_empty() && !found[0].remedy.is_empty(), "{what}");
    }
}

#[test]
fn what_is_no_timer() {
    let rows: Vec<(&str, Vec<Past>)> = vec![
        ("two probes only", probes(2, silent_cut)),
        ("ends between 55 and 65 s", probes(11, |n| cut(n, 55.0 + f64::from(u8::try_from(n).unwrap()), None, None))),
        ("the hold's own target", probes(6, |n| Past { target: Some(60.0), ..silent_cut(n) })),
        (
            "our own Close",
            probes(6, |n| {
                let past = silent_cut(n);
                let end = past.end.clone().map(|end| PastEnd { by: ClosedBy::Prober, ..end });
                Past { end, ..past }
            }),
        ),
        (
            "an end that the monitor allows",
            probes(6, |n| Past { outcome: Outcome::Success, reason: None, phase: None, ..silent_cut(n) }),
        ),
        ("an expectation of ours", probes(6, |n| Past { reason: Some(Reason::AppSilent), ..silent_cut(n) })),
        ("ends after 0.8 s", probes(6, |n| cut(n, 0.8, Some(0.1), Some(0.0)))),
        ("a keepalive", probes(6, |n| closed(cut(n, 40.0, None, None), 1011, "keepalive ping timeout"))),
        (
            "as many others outlived the same silence",
            probes(12, |n| {
                let held = Past { since_received: None, since_sent: None, mode: Some("idle"), ..good(n) };
                if n % 4 == 0 { silent_cut(n) } else { held }
            }),
        ),
        (
            "as many others lived longer",
            probes(12, |n| if n % 4 == 0 { cut(n, 30.0 + jitter(n), Some(0.1), Some(0.0)) } else { good(n) }),
        ),
        (
            "three of ten at the same time by chance",
            probes(10, |n| {
                cut(
                    n,
                    if n < 3 { 30.0 + jitter(n) } else { 30.0 + 3.0 * f64::from(u8::try_from(n).unwrap()) },
                    Some(0.1),
                    Some(0.0),
                )
            }),
        ),
    ];
    for (what, history) in rows {
        let found = names(&patterns(&history));
        assert!(!found.contains(&Finding::IdleTimeout) && !found.contains(&Finding::LifetimeLimit), "{what}: {found:?}");
    }
}

#[test]
fn a_few_that_outlived_it_speak_against_it() {
    let history = probes(10, |n| if n == 5 { good(n) } else { cut(n, 30.0 + jitter(n), Some(0.1), Some(0.0)) });
    let found = &patterns(&history)[0];
    assert_eq!(found.finding, Finding::LifetimeLimit);
    assert!(found.evidence.contains(&"against: 1 probe lived longer".to_owned()), "{found:?}");
}
