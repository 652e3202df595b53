//! The second ways to the same server, each tried once after the public way has failed: the origin past what is in front of it, and the
//! traditional webhook beside the realtime one.
//!
//! Invariant: the first report's outcome, reason and summary stay as they are.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Before, Dialled, Resources, caller, dial, summary, webhook};
use crate::monitor::{Endpoint, Monitor, Webhook};
use crate::outcome::{Outcome, Phase, Reason};
use crate::report::{ComparisonReport, Report, SecondWayReport, TimelineEntry};
use crate::verdict::{Evidence, Fault, ProberFacts, WebhookFault, compare, outcome_of, verdict};

/// Tries what `monitor` names besides, and says what that proves. `dialled` is the monitor as the first way dialled it.
pub(super) async fn try_others(
    report: &mut Report,
    monitor: &Monitor,
    dialled: &Dialled<'_>,
    resources: &Resources,
    cancel: &CancellationToken,
) {
    let Some(reason) = report.reason.filter(|_| report.outcome == Outcome::Failure) else { return };
    if monitor.origin.is_none() && monitor.fallback.is_none() {
        return;
    }
    let began = Instant::now();
    let after = report.timeline.last().map_or(0.0, |entry| entry.at_seconds);
    let mut comparison = ComparisonReport::default();
    if monitor.origin.is_some() {
        comparison.origin = origin(monitor, dialled, resources, cancel).await;
    }
    if let Some(fallback) = monitor.fallback.as_ref().filter(|_| !cancel.is_cancelled()) {
        comparison.fallback = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            asked = Box::pin(ask_fallback(fallback, monitor, resources)) => Some(asked),
        };
    }
    for (what, second) in [("the origin", &comparison.origin), ("the traditional webhook", &comparison.fallback)] {
        let Some(second) = second else { continue };
        let at_seconds = after + began.elapsed().as_secs_f64();
        let came = second.reason.map_or_else(|| second.outcome.label(), Reason::label);
        report.timeline.push(TimelineEntry { at_seconds, what: format!("then {what}, {}: {came}", second.url) });
    }
    report.findings.extend(compare(reason, &report.summary, &comparison));
    report.comparison = Some(comparison);
}

/// One probe of the origin, with everything that the public way had but the address. A Twilio signature stays that of the public URL, which
/// is what a server checks. `None` if it was cut short.
async fn origin(
    monitor: &Monitor,
    dialled: &Dialled<'_>,
    resources: &Resources,
    cancel: &CancellationToken,
) -> Option<SecondWayReport> {
    let mut other = dialled.monitor.clone().into_owned();
    other.endpoint = Endpoint::Stream(monitor.origin.clone()?);
    other.dial.connect_to = None;
    (other.origin, other.fallback) = (None, None);
    let began = Instant::now();
    let before = Before { public: dialled.monitor.endpoint.target(), known: dialled.known.clone() };
    let (report, _) = Box::pin(dial(&other, before, resources, cancel)).await;
    (report.outcome != Outcome::Inconclusive).then(|| SecondWayReport {
        url: report.target,
        outcome: report.outcome,
        phase: report.phase,
        reason: report.reason,
        owner: report.owner,
        summary: report.summary,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// Asks the traditional webhook. Its document opens no stream; it works if the provider can read it.
async fn ask_fallback(fallback: &Webhook, monitor: &Monitor, resources: &Resources) -> SecondWayReport {
    let began = Instant::now();
    let call = caller::place(&monitor.dialect);
    let asked = webhook::ask(fallback, monitor, &call, resources).await;
    let fault = asked.result.err().filter(|fault| !is_document(fault));
    let missed_deadline = fault.as_ref().and_then(|fault| webhook::missed_deadline(fault, fallback, &monitor.dial.timeouts));
    let prober =
        ProberFacts { lag: resources.lag.max_since(began), clock_is_wrong: resources.clock_is_wrong(), ..ProberFacts::default() };
    let reason = fault.and_then(|fault| {
        verdict(&Evidence { fault: Some(Fault::Webhook(fault)), missed_deadline, prober, ..Evidence::default() })
    });
    let (outcome, phase) = outcome_of(reason, Phase::Webhook);
    let summary = reason.map_or_else(
        || format!("answered {} with a document", asked.report.status.unwrap_or_default()),
        |reason| summary::webhook_sentence(&asked.report, reason),
    );
    let seconds = began.elapsed().as_secs_f64();
    SecondWayReport { url: asked.report.url, outcome, phase, reason, owner: reason.map(Reason::owner), summary, seconds }
}

/// Was it a document that the provider can read, and only its stream is missing or wrong?
fn is_document(fault: &WebhookFault) -> bool {
    matches!(fault, WebhookFault::Refused(lint) if !matches!(lint.reason(), Reason::WebhookUnreadable | Reason::WebhookTimeout))
}
