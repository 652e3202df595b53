//! Histories, made up probe by probe.

mod history;
mod limits;
mod timers;
mod together;

use super::history::{Past, PastEnd};
use crate::outcome::{Finding, Outcome, Reason};
use crate::report::{CloseHow, ClosedBy, FindingReport};
use crate::text::Printable;
use crate::wall::Timestamp;

/// The beginning of all histories here, in Unix seconds.
const START: i64 = 1_795_168_800;

/// A good probe, the so-many-th of one a minute.
fn good(n: i64) -> Past {
    Past {
        started_at: Timestamp::from_unix_seconds(START + n * 60),
        outcome: Outcome::Success,
        reason: None,
        phase: None,
        lasted: Some(90.0),
        since_received: Some(0.02),
        since_sent: Some(0.01),
        end: Some(PastEnd { code: 1000, reason: Printable::default(), by: ClosedBy::Prober, how: CloseHow::CloseFrame }),
        target: Some(90.0),
        mode: Some("streamed"),
        remote: "203.0.113.7:443".parse().ok(),
        refused: Vec::new(),
        dial: Some(0.05),
        certificate: Some((Timestamp::from_unix_seconds(START - 86_400 * 30), Timestamp::from_unix_seconds(START + 86_400 * 60))),
    }
}

/// A probe that failed in the dial.
fn bad(n: i64, reason: Reason) -> Past {
    Past {
        outcome: Outcome::Failure,
        reason: Some(reason),
        phase: Some(reason.phase()),
        lasted: None,
        since_received: None,
        since_sent: None,
        end: None,
        target: None,
        mode: None,
        dial: None,
        ..good(n)
    }
}

/// A line that the server ended without a Close, and how long nothing had come and gone then.
fn cut(n: i64, lasted: f64, received: Option<f64>, sent: Option<f64>) -> Past {
    Past {
        outcome: Outcome::Failure,
        reason: Some(Reason::WsEof),
        phase: Some(Reason::WsEof.phase()),
        lasted: Some(lasted),
        since_received: received,
        since_sent: sent,
        end: Some(PastEnd { code: 1006, reason: Printable::default(), by: ClosedBy::Server, how: CloseHow::Fin }),
        ..good(n)
    }
}

fn at(past: Past, address: &str) -> Past {
    Past { remote: address.parse().ok(), ..past }
}

/// Times that differ a little, as measured ones do: 0, 0.13, 0.26, 0.09 …
fn jitter(n: i64) -> f64 {
    f64::from(u8::try_from((n * 13).rem_euclid(30)).unwrap()) / 100.0
}

/// Every finding has its word and its explanation.
#[test]
fn findings_are_words_with_sentences() {
    let mut seen = std::collections::BTreeSet::new();
    for finding in Finding::ALL {
        let label = finding.label();
        assert!(seen.insert(label) && label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{label}");
        let text = finding.explains().concat();
        assert!(text.ends_with('.') && text.len() > 30, "{label}: {text}");
    }
}

fn names(found: &[FindingReport]) -> Vec<Finding> {
    found.iter().map(|found| found.finding).collect()
}
