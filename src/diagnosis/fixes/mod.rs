//! What to write where: commands and lines of configuration for the host, proxy, platform or provider that a report shows.
//!
//! The knowledge is one table ([`Fix`]); a row says for whom it is, which findings or reasons call for it, the snippet, and where it is
//! from. Deliberately absent: guesses about hosts that left no mark in the answer, and text of the endpoint in a snippet: what is filled
//! in is the host and path of the user's own configuration, cut down to harmless characters.
//!
//! Invariant: a fix is given only after a failure, only for a layer that the answer shows, for the provider whose dialect is spoken, or for
//! anyone where no layer has its own; never for one that did not give the answer which the finding is about.

mod fix;
mod markdown;
mod place;
mod table;
#[cfg(test)]
mod tests;

pub use fix::{Fix, Whom};
pub use markdown::markdown;
pub use table::table;

use super::layers::{self, Layer, Recognised};
use crate::dialect::Provider;
use crate::monitor::{Endpoint, Monitor};
use crate::outcome::{Finding, Outcome, Phase, Reason};
use crate::report::{FixReport, Report};
use place::Place;

/// So many are shown: nobody tries more than that.
const MOST: usize = 4;

/// What calls for a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Finding(Finding),
    Reason(Reason),
}

/// The fixes for `report`, of a probe of `monitor`, the best first: in the order of its findings, and then those for its reason.
///
/// It reads the findings that the report has, so it is asked again when there are more.
#[must_use]
pub fn fixes(report: &Report, monitor: &Monitor) -> Vec<FixReport> {
    if report.outcome != Outcome::Failure {
        return Vec::new();
    }
    let layers = layers::who_answered(report);
    let provider = provider(report, monitor);
    let calls = calls(report);
    let mut chosen: Vec<(&'static Fix, Call, &'static str)> = Vec::new();
    for call in &calls {
        let own = layers.iter().rev().flat_map(|own| for_layer(own, *call, &layers));
        let portal = provider.into_iter().flat_map(|provider| for_provider(provider, *call));
        add(&mut chosen, own.chain(portal));
    }
    // What anyone may try adds nothing to what the recognised layer wants, and may contradict it.
    if !chosen.iter().any(|(fix, ..)| matches!(fix.whom, Whom::Layers(_))) {
        let anyone = calls.iter().flat_map(|call| for_anyone(*call)).collect::<Vec<_>>();
        add(&mut chosen, anyone.into_iter());
        chosen.sort_by_key(|(_, call, _)| calls.iter().position(|other| other == call));
    }
    chosen.truncate(MOST);
    let place = Place::of(monitor, report);
    chosen.into_iter().map(|(fix, call, whom)| filled(fix, call, whom, &place)).collect()
}

/// The findings in their order, then the reason, then the TLS fault of the webhook that it stands for.
fn calls(report: &Report) -> Vec<Call> {
    let tls = report.webhook.as_ref().and_then(|webhook| webhook.tls_reason);
    let tls = tls.filter(|_| report.reason == Some(Reason::WebhookTlsFailed));
    let findings = report.findings.iter().map(|finding| Call::Finding(finding.finding));
    findings.chain(report.reason.into_iter().chain(tls).map(Call::Reason)).collect()
}

/// Whose settings count: those of the webhook's provider where it ended there, else those of the dialect.
fn provider(report: &Report, monitor: &Monitor) -> Option<Provider> {
    match &monitor.endpoint {
        Endpoint::Webhook(webhook) if report.phase == Some(Phase::Webhook) => webhook.kind.dialect(),
        Endpoint::Webhook(_) | Endpoint::Stream(_) => {
            Provider::ALL.iter().copied().find(|provider| provider.label() == report.dialect)
        }
    }
}

/// Adds what is not there yet.
fn add(chosen: &mut Vec<(&'static Fix, Call, &'static str)>, more: impl Iterator<Item = (&'static Fix, Call, &'static str)>) {
    for (fix, call, whom) in more {
        if !chosen.iter().any(|(own, ..)| own.name == fix.name) {
            chosen.push((fix, call, whom));
        }
    }
}

/// The rows for a layer, if it is the one to act.
fn for_layer(
    own: &Recognised,
    call: Call,
    all: &[Recognised],
) -> impl Iterator<Item = (&'static Fix, Call, &'static str)> + use<> {
    let layer = own.layer;
    let acts = acts(layer, call, all);
    let rows = table().filter(move |fix| acts && fix.is_for(layer) && answers(fix, call));
    rows.map(move |fix| (fix, call, layer.label()))
}

/// Is it this layer's to mend? A finding that is read from the answer of a layer is for that one; where the finding is that something was
/// lost on the way there, for those in front as well; any other is for all that left their marks.
fn acts(layer: Layer, call: Call, all: &[Recognised]) -> bool {
    let Call::Finding(finding) = call else { return true };
    let mut sayers = all.iter().filter(|other| other.meaning.is_some_and(|meaning| meaning.finding == finding)).peekable();
    if sayers.peek().is_none() {
        return true;
    }
    let lost_on_the_way = matches!(finding, Finding::UpgradeLost | Finding::PlainGet);
    sayers.any(|sayer| sayer.layer == layer || lost_on_the_way && layer < sayer.layer)
}

fn for_provider(provider: Provider, call: Call) -> impl Iterator<Item = (&'static Fix, Call, &'static str)> {
    let rows = table().filter(move |fix| matches!(fix.whom, Whom::Providers(list) if list.contains(&provider)));
    rows.filter(move |fix| answers(fix, call)).map(move |fix| (fix, call, provider.label()))
}

fn for_anyone(call: Call) -> impl Iterator<Item = (&'static Fix, Call, &'static str)> {
    let rows = table().filter(|fix| matches!(fix.whom, Whom::Anyone));
    rows.filter(move |fix| answers(fix, call)).map(move |fix| (fix, call, "anyone"))
}

fn answers(fix: &Fix, call: Call) -> bool {
    match call {
        Call::Finding(finding) => fix.findings.contains(&finding),
        Call::Reason(reason) => fix.reasons.contains(&reason),
    }
}

fn filled(fix: &'static Fix, call: Call, whom: &'static str, place: &Place) -> FixReport {
    let (finding, reason) = match call {
        Call::Finding(finding) => (Some(finding), None),
        Call::Reason(reason) => (None, Some(reason)),
    };
    FixReport {
        finding,
        reason,
        whom,
        says: place.says(fix),
        text: place.fill(fix.text),
        source: fix.source,
        known: fix.standing.label(),
    }
}
