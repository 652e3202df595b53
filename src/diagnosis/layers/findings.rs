//! What the answer of a failed probe proves about the one who gave it.

use std::cmp::Reverse;

use super::answer::Answer;
use super::signature::{Meaning, Signature};
use super::{Layer, Tier, matching};
use crate::outcome::{Confidence, Finding, Outcome, Phase};
use crate::report::{FindingReport, Report};

/// How the line of evidence begins that lists the layers.
pub const LAYERS: &str = "on the way: ";

/// A row that holds and means something.
struct Match {
    row: &'static Signature,
    meaning: &'static Meaning,
    confidence: Confidence,
    evidence: Vec<String>,
}

/// The findings about who answered, the surest first, each kind once.
///
/// Empty unless the probe failed before the line was open: at the webhook, in the TLS handshake, or in the upgrade.
#[must_use]
pub fn findings(report: &Report) -> Vec<FindingReport> {
    let Some(answer) = Answer::of(report) else { return Vec::new() };
    let mut matches = matches(report, &answer);
    matches.sort_by_key(|found| Reverse(found.row.rank()));
    let mut kept = merge(matches);
    let surest_of_a_layer = kept.iter().filter(|found| found.row.layer.is_some()).map(|found| found.confidence).min();
    // What anything may answer adds nothing to what a layer's own answer says as surely.
    kept.retain(|found| found.row.layer.is_some() || surest_of_a_layer.is_none_or(|surest| found.confidence < surest));
    kept.sort_by_key(|found| found.confidence);
    let layers = layers(&answer);
    kept.into_iter().map(|found| found.report(&layers)).collect()
}

/// What the row means in this report, if it may be said at all.
pub(super) fn meaning(report: &Report, answer: &Answer<'_>, row: &'static Signature) -> Option<&'static Meaning> {
    let failed_before_the_line =
        report.outcome == Outcome::Failure && matches!(report.phase, Some(Phase::Webhook | Phase::Tls | Phase::Upgrade));
    let meaning = row.meaning.as_ref().filter(|_| failed_before_the_line && answer.status != Some(101))?;
    let harmless = meaning.finding == Finding::PlaceholderCertificate && answer.trusted;
    (!harmless).then_some(meaning)
}

fn matches(report: &Report, answer: &Answer<'_>) -> Vec<Match> {
    let rows: Vec<_> = matching(answer).collect();
    let with_meaning = rows.iter().filter_map(|(row, own)| Some((*row, own, meaning(report, answer, row)?)));
    with_meaning
        .map(|(row, own, meaning)| {
            let mut evidence = own.clone();
            let others = rows.iter().filter(|(other, _)| row.layer.is_some() && other.layer == row.layer);
            add(&mut evidence, others.flat_map(|(_, lines)| lines.iter().cloned()));
            let allowed = row.standing.allows(evidence.len());
            let against = contradiction(row.layer, meaning.finding, &rows);
            let confidence = if against.is_some() { Confidence::Consistent } else { meaning.at_most.max(allowed) };
            evidence.extend(against);
            Match { row, meaning, confidence, evidence }
        })
        .collect()
}

/// A layer cannot have answered for want of a server behind it if the answer has that server's marks.
fn contradiction(layer: Option<Layer>, finding: Finding, rows: &[(&'static Signature, Vec<String>)]) -> Option<String> {
    let front = layer.filter(|_| is_for_want_of_a_server(finding))?;
    let is_behind = |layer: Layer| layer > front && matches!(layer.tier(), Tier::Server | Tier::Framework);
    // A body is anybody's text; only a header says whose answer it is.
    let marks = rows.iter().filter(|(row, _)| row.meaning.is_none() && row.layer.is_some_and(is_behind));
    let (row, lines) = marks.max_by_key(|(row, _)| row.layer)?;
    Some(format!("against: {} shows that {} behind it answered", lines.first()?, row.layer?))
}

const fn is_for_want_of_a_server(finding: Finding) -> bool {
    matches!(
        finding,
        Finding::TunnelOffline
            | Finding::TunnelPage
            | Finding::NoSuchService
            | Finding::ServiceStopped
            | Finding::BackendFails
            | Finding::BackendSilent
    )
}

/// One match of each kind: the first one's words, the evidence of all, and the surest one's confidence.
fn merge(matches: Vec<Match>) -> Vec<Match> {
    let mut kept: Vec<Match> = Vec::new();
    for found in matches {
        match kept.iter_mut().find(|own| own.meaning.finding == found.meaning.finding) {
            None => kept.push(found),
            Some(own) => {
                own.confidence = own.confidence.min(found.confidence);
                add(&mut own.evidence, found.evidence.into_iter());
            }
        }
    }
    kept
}

fn add(evidence: &mut Vec<String>, lines: impl Iterator<Item = String>) {
    for line in lines {
        if !evidence.contains(&line) {
            evidence.push(line);
        }
    }
}

/// Who left marks in the answer, from the front to the back.
fn layers(answer: &Answer<'_>) -> Option<String> {
    let mut layers: Vec<Layer> = matching(answer).filter_map(|(row, _)| row.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let names: Vec<_> = layers.into_iter().map(Layer::label).collect();
    (!names.is_empty()).then(|| format!("{LAYERS}{}", names.join(", ")))
}

impl Match {
    fn report(self, layers: &Option<String>) -> FindingReport {
        let mut evidence = self.evidence;
        evidence.extend(layers.clone());
        FindingReport {
            finding: self.meaning.finding,
            confidence: self.confidence,
            says: self.meaning.says.to_owned(),
            evidence,
            remedy: self.meaning.fix.to_owned(),
        }
    }
}
