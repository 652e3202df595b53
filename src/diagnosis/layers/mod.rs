//! Who answered: which edge, tunnel, balancer, platform, proxy, server and framework left their marks in an answer, and what such an answer
//! means.
//!
//! The knowledge is one table ([`Signature`]); a row is a few signs that must all hold, the layer that they tell of and, where the answer
//! has a meaning of its own, that meaning with who must act and what to do. Deliberately absent: guesses from what is not in the answer
//! (address ranges, latency, the order of headers).
//!
//! Invariant: nothing is recognised without a line of evidence, and [`findings`] is empty unless the probe failed before the line was open.

mod answer;
mod findings;
mod layer;
mod markdown;
mod signature;
mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use findings::{LAYERS, findings};
pub use layer::{Layer, Tier};
pub use markdown::markdown;
pub use signature::{Meaning, Move, Sign, Signature, Standing};
pub use table::signatures;

use crate::report::Report;
use answer::Answer;

/// A layer that left its marks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recognised {
    /// Which one.
    pub layer: Layer,
    /// The marks: `server: railway-edge` …
    pub evidence: Vec<String>,
    /// What its answer means, the most telling row of the table; `null` where it only passed on another's answer.
    pub meaning: Option<&'static Meaning>,
}

/// The layers that the last answer of the probe shows, from the front (edge, tunnel) to the back (framework), each once.
///
/// The answer is that of the stream's upgrade, or that of the webhook where the probe came no further. The order is that in which such
/// layers are usually stacked; an answer does not tell it.
#[must_use]
pub fn who_answered(report: &Report) -> Vec<Recognised> {
    let Some(answer) = Answer::of(report) else { return Vec::new() };
    let mut found: Vec<Recognised> = Vec::new();
    for layer in Layer::ALL {
        let rows: Vec<_> = matching(&answer).filter(|(signature, _)| signature.layer == Some(*layer)).collect();
        if rows.is_empty() {
            continue;
        }
        let telling = rows.iter().filter_map(|(row, _)| Some((row.rank(), findings::meaning(report, &answer, row)?)));
        let meaning = telling.max_by_key(|(rank, _)| *rank).map(|(_, meaning)| meaning);
        let mut evidence: Vec<String> = Vec::new();
        for line in rows.into_iter().flat_map(|(_, lines)| lines) {
            if !evidence.contains(&line) {
                evidence.push(line);
            }
        }
        found.push(Recognised { layer: *layer, evidence, meaning });
    }
    found
}

/// The rows that hold for this answer, with their lines of evidence.
fn matching<'a>(answer: &'a Answer<'_>) -> impl Iterator<Item = (&'static Signature, Vec<String>)> + 'a {
    signatures().filter_map(|signature| Some((signature, answer.shows(signature)?)))
}
