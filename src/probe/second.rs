//! The second ways to the same server, each tried once after the public way has failed: the origin past what is in front of it, and the
//! traditional webhook beside the realtime one.
//!
//! Invariant: the first report's outcome, reason and summary stay as they are.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{How, Resources, Watch, caller, dial, summary, webhook};
use crate::monitor::{Endpoint, Monitor, Target, Webhook};
use crate::outcome::{Outcome, Phase, Reason};
use crate::report::{ComparisonReport, Report, SecondWayReport, TimelineEntry};
use crate::verdict::{Evidence, Fault, WebhookFault, compare, outcome_of, verdict};
use crate::webhook::{Answer, Rules, placing, serves_nobody};

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
    let how = How { origin: Some(origin), ..How::default() };
    let (report, _) = Box::pin(dial(&other, how, resources, cancel)).await;
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
    let seconds = began.elapsed().as_secs_f64();
    let (outcome, summary) = match reason {
        Some(reason) => (outcome, summary::webhook_sentence(&asked.report, reason)),
        None => served(&asked.body, asked.report.status.unwrap_or_default(), &Rules::of(fallback, monitor)),
    };
    SecondWayReport { url: asked.report.url, outcome, phase, reason, owner: reason.map(Reason::owner), summary, seconds }
}

/// Is a document that can be read of use to a caller?
fn served(body: &[u8], status: u16, rules: &Rules<'_>) -> (Outcome, String) {
    match serves_nobody(&Answer { content_type: None, body, took: Duration::ZERO }, rules) {
        None => (Outcome::Success, format!("answered {status} with a document")),
        Some(why) => (Outcome::Failure, format!("answered {status} with a document, but {why}")),
    }
}

/// Was it a document that the provider can read, and only its stream is missing or wrong?
fn is_document(fault: &WebhookFault) -> bool {
    matches!(fault, WebhookFault::Refused(lint) if !matches!(lint.reason(), Reason::WebhookUnreadable | Reason::WebhookTimeout))
}
