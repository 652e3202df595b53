//! From a monitor to the line that is dialled: the stream that it names, or the one that its webhook hands out.

use std::borrow::Cow;

use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::scrub::Known;
use super::webhook::{self, Asked};
use super::{Resources, caller, cancelled};
use crate::dialect::Call;
use crate::monitor::{Endpoint, Monitor, Target, Webhook};
use crate::outcome::Phase;
use crate::text::Printable;
use crate::verdict::{Evidence, Fault, WebhookFault};
use crate::webhook::{Rules, Stream, heed};

/// A line to dial.
pub(super) struct Route<'m> {
    /// The monitor, with what its webhook said put in.
    pub(super) monitor: Cow<'m, Monitor>,
    pub(super) target: Cow<'m, Target>,
    pub(super) call: Call,
    /// Must its addresses be public?
    pub(super) guarded: bool,
    /// The secrets of the webhook, which its server and that of the stream share.
    pub(super) known: Known,
}

/// Finds the line, or why there is none.
pub(super) async fn route<'m>(
    monitor: &'m Monitor,
    resources: &Resources,
    account: &mut Account,
    cancel: &CancellationToken,
) -> Result<Route<'m>, Evidence> {
    let call = caller::place(&monitor.dialect);
    let webhook = match &monitor.endpoint {
        Endpoint::Stream(target) => {
            let (monitor, target) = (Cow::Borrowed(monitor), Cow::Borrowed(target));
            return Ok(Route { monitor, target, call, guarded: false, known: Known::default() });
        }
        Endpoint::Webhook(webhook) => webhook,
    };
    account.enter(Phase::Webhook);
    let asked = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(cancelled()),
        asked = Box::pin(webhook::ask(webhook, monitor, &call, resources)) => asked,
    };
    account.phases.webhook = account.phase_seconds();
    let known = asked.known.clone();
    match note(asked, account) {
        Ok(stream) => {
            account.enter(Phase::Resolve);
            Ok(heeding(monitor, webhook, &stream, call, known))
        }
        Err(fault) => {
            let missed_deadline = webhook::missed_deadline(&fault, webhook, &monitor.dial.timeouts);
            Err(Evidence { fault: Some(Fault::Webhook(fault)), missed_deadline, ..Evidence::default() })
        }
    }
}

fn heeding<'m>(monitor: &'m Monitor, webhook: &Webhook, stream: &Stream, call: Call, known: Known) -> Route<'m> {
    let heeding = heed(monitor, webhook, stream);
    let guarded = !Rules::of(webhook, monitor).allows(&stream.target.host().to_string()) && heeding.dial.connect_to.is_none();
    Route { monitor: Cow::Owned(heeding), target: Cow::Owned(stream.target.clone()), call, guarded, known }
}

/// Writes down what came of asking.
fn note(asked: Asked, account: &mut Account) -> Result<Stream, WebhookFault> {
    let report = asked.report;
    match (report.status, &asked.result) {
        (Some(status), _) => account.note(format!("the webhook answered {status}")),
        (None, Err(fault)) => account.note(format!("no answer from the webhook: {}", what_came(fault))),
        (None, Ok(_)) => {}
    }
    // The sentences of the report have our secrets taken out of them.
    for (complaint, shown) in asked.complaints.iter().zip(&report.lint) {
        // What ends the probe is its reason; what is passed over is a warning.
        let Some(warning) = complaint.lint.warning().filter(|_| !complaint.refuses) else { continue };
        let line = shown.line.map_or_else(String::new, |line| format!("line {line}: "));
        account.warn(warning, format!("{line}{}; {}", shown.says, shown.fix));
    }
    if let Some(stream) = &report.stream {
        let says = Printable::capture(format!("its line {} opens {}", stream.line, stream.url).as_bytes(), 256);
        account.note(says.as_str());
    }
    account.webhook = Some(report);
    asked.result
}

/// A fault of the webhook in words, where there was no status.
const fn what_came(fault: &WebhookFault) -> &'static str {
    match fault {
        WebhookFault::Resolve(_) => "its host cannot be looked up",
        WebhookFault::Connect(_) => "no connection",
        WebhookFault::Tls(_) => "TLS failed",
        WebhookFault::NotHttp => "what came is not HTTP",
        WebhookFault::Closed => "the connection was closed",
        WebhookFault::Timeout => "it was not complete in time",
        WebhookFault::Status(_) | WebhookFault::Refused(_) => "it is of no use",
    }
}
