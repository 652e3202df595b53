//! The second ways to the same server, each tried once after the public way has failed: the origin past what is in front of it, and the
//! traditional webhook beside the realtime one.
//!
//! Invariant: the first report's outcome, reason and summary stay as they are.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Resources, Watch, caller, dial, summary, webhook};
use crate::monitor::{Endpoint, Monitor, Target, Webhook};
use crate::outcome::{Outcome, Phase, Reason};
use crate::report::{ComparisonReport, Report, SecondWayReport, TimelineEntry};
use crate::verdict::{Evidence, Fault, WebhookFault, compare, outcome_of, verdict};
use crate::webhook::placing;

/// Tries what `monitor` names besides, and says what that proves about `report`, of a probe that began at `began`.
pub(super) async fn try_others(
    report: &mut Report,
    monitor: &Monitor,
    began: Instant,
    resources: &Resources,
    cancel: &CancellationToken,
) {
    let Some(reason) = report.reason.filter(|_| report.outcome == Outcome::Failure) else { return };
    let mut comparison = ComparisonReport::default();
    if let Some(origin) = &monitor.origin {
        comparison.origin = try_origin(origin, monitor, reason, resources, cancel).await;
        note(report, "the origin", comparison.origin.as_ref(), began);
    }
    if let Some(fallback) = &monitor.fallback {
        comparison.fallback = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            asked = Box::pin(ask_fallback(fallback, monitor, resources)) => Some(asked),
        };
        note(report, "the traditional webhook", comparison.fallback.as_ref(), began);
    }
    if comparison.origin.is_some() || comparison.fallback.is_some() {
        let proves = monitor.endpoint.webhook().is_some() || monitor.dial.signature.is_some();
        report.findings.extend(compare((reason, &report.summary), proves, &comparison));
        report.comparison = Some(comparison);
    }
}

fn note(report: &mut Report, what: &str, second: Option<&SecondWayReport>, began: Instant) {
    let Some(second) = second else { return };
    let came = second.reason.map_or_else(|| second.outcome.label(), Reason::label);
    let what = format!("then {what}, {}: {came}", second.url);
    report.timeline.push(TimelineEntry { at_seconds: began.elapsed().as_secs_f64(), what });
}

/// One probe of the origin, with everything that the public way has but the address: the webhook is asked once more, as its tokens may be good
/// for one call, and a Twilio signature stays that of the public URL, which is what a server checks. Without a webhook that works, the origin
/// is dialled as the monitor says. `None` if it was cut short.
async fn try_origin(
    origin: &Target,
    monitor: &Monitor,
    reason: Reason,
    resources: &Resources,
    cancel: &CancellationToken,
) -> Option<SecondWayReport> {
    let mut other = monitor.clone();
    (other.origin, other.fallback) = (None, None);
    if reason.phase() == Phase::Webhook {
        other.endpoint = Endpoint::Stream(origin.clone());
    }
    let began = Instant::now();
    let report = Box::pin(dial(&other, Some(origin), resources, cancel)).await;
    (!cancel.is_cancelled()).then(|| SecondWayReport {
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
    let (began, watch) = (Instant::now(), Watch::begin());
    let call = caller::place(&placing(monitor, fallback));
    let asked = webhook::ask(fallback, monitor, &call, resources).await;
    let fault = asked.result.err().filter(|fault| !is_document(fault));
    let missed_deadline = fault.as_ref().and_then(|fault| webhook::missed_deadline(fault, fallback, &monitor.dial.timeouts));
    let prober = watch.facts(began, resources);
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
