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
use crate::webhook::{Rules, Stream, heed, placing};

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

impl Route<'_> {
    /// Leads to the server itself, and gives back the public stream, which is what a server believes to be called at.
    pub(super) fn divert(&mut self, origin: &Target) -> Target {
        let public = std::mem::replace(&mut self.target, Cow::Owned(origin.clone())).into_owned();
        let dial = &mut self.monitor.to_mut().dial;
        dial.connect_to = None;
        if let (true, None, url::Host::Domain(name)) = (public.is_secure(), &dial.tls.server_name, public.host()) {
            dial.tls.server_name = Some(name.clone());
        }
        // The user wrote it into the monitor.
        self.guarded = false;
        public
    }
}

/// Finds the line, or why there is none.
pub(super) async fn route<'m>(
    monitor: &'m Monitor,
    resources: &Resources,
    account: &mut Account,
    cancel: &CancellationToken,
) -> Result<Route<'m>, Evidence> {
    let webhook = match &monitor.endpoint {
        Endpoint::Stream(target) => {
            let call = caller::place(&monitor.dialect);
            let (monitor, target) = (Cow::Borrowed(monitor), Cow::Borrowed(target));
            return Ok(Route { monitor, target, call, guarded: false, known: Known::default() });
        }
        Endpoint::Webhook(webhook) => webhook,
    };
    let call = caller::place(&placing(monitor, webhook));
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
            Ok(Route { known, ..heeding(monitor, webhook, &stream, call, account) })
        }
        Err(fault) => {
            let missed_deadline = webhook::missed_deadline(&fault, webhook, &monitor.dial.timeouts);
            Err(Evidence { fault: Some(Fault::Webhook(fault)), missed_deadline, ..Evidence::default() })
        }
    }
}

fn heeding<'m>(monitor: &'m Monitor, webhook: &Webhook, stream: &Stream, call: Call, account: &mut Account) -> Route<'m> {
    let (heeding, withheld) = heed(monitor, webhook, stream);
    if withheld {
        account.note("our own headers and credentials stay here: the monitor does not name this host (`expect_host`)");
    }
    let guarded = !Rules::of(webhook, monitor).allows(&stream.target.host().to_string()) && heeding.dial.connect_to.is_none();
    Route { monitor: Cow::Owned(heeding), target: Cow::Owned(stream.target.clone()), call, guarded, known: Known::default() }
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
