//! What finished reports prove: who answered, why a line ended, what a history shows, what several monitors show together, what to write
//! where, and what probes like these cannot show.
//!
//! It reads [`crate::report::Report`]s and says [`crate::report::FindingReport`]s, and [`crate::report::FixReport`]s for them. Deliberately absent: sockets, clocks, and changes
//! to what it reads.
//!
//! Invariant: a finding is made only when its evidence is there; what speaks against it stands in the evidence as "against: …"; and
//! nothing is ever said of a clean probe but what it cannot show ([`limits()`]) and what is about to happen.

pub mod chance;
mod checks;
mod codes;
mod ends;
pub mod fixes;
mod history;
pub mod hosts;
pub mod layers;
mod limits;
mod page;
#[cfg(test)]
mod tests;
mod timers;
mod together;

pub use checks::{checks, with_checks};
pub use ends::ends;
pub use fixes::fixes;
pub use history::{Past, PastEnd, patterns};
pub use limits::limits;
pub use page::markdown;
pub use together::{Failing, Neighbour, prober_suspect, together};

use crate::report::{FindingReport, Report};

/// What one report proves by itself: who answered in the server's place, and why the line ended. Nothing, of a probe that succeeded.
#[must_use]
pub fn of(report: &Report) -> Vec<FindingReport> {
    [layers::findings(report), ends(report)].concat()
}
