//! The report of a probe that could not make one itself.

use std::any::Any;

use crate::monitor::Monitor;
use crate::outcome::Reason;
use crate::report::{AudioReport, PhaseSeconds, PingReport, Report, TimelineEntry};
use crate::text::Printable;
use crate::wall::Timestamp;

/// The report of a probe of `monitor` that panicked: inconclusive, since it says nothing about the endpoint.
pub(super) fn report_of_panic(monitor: &Monitor, started_at: Timestamp, seconds: f64, panic: &(dyn Any + Send)) -> Report {
    const LONGEST_MESSAGE: usize = 256;
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = Printable::capture(message.unwrap_or("no message").as_bytes(), LONGEST_MESSAGE);
    let reason = Reason::ProberPanicked;
    Report {
        schema: 1,
        monitor: monitor.name.to_string(),
        target: monitor.endpoint.to_string(),
        dialect: monitor.dialect.name().to_owned(),
        started_at,
        outcome: reason.outcome(),
        phase: Some(reason.phase()),
        reason: Some(reason),
        owner: Some(reason.owner()),
        provider_code: None,
        summary: format!("{}: {message}", reason.explains()),
        phases: PhaseSeconds::default(),
        webhook: None,
        addresses: Vec::new(),
        remote_address: None,
        attempts: Vec::new(),
        tls: None,
        upgrade: None,
        hold: None,
        close: None,
        audio: AudioReport::default(),
        ping: PingReport::default(),
        tcp: None,
        warnings: Vec::new(),
        comparison: None,
        checks: Vec::new(),
        findings: Vec::new(),
        fixes: Vec::new(),
        timeline: vec![TimelineEntry { at_seconds: seconds, what: format!("the probe panicked: {message}") }],
        prober_lag_seconds: 0.0,
    }
}
