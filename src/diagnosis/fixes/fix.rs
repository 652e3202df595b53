//! One row of the table of fixes.

use super::super::layers::{Layer, Standing};
use crate::dialect::Provider;
use crate::outcome::{Finding, Reason};

/// For whom a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// For these, where the answer shows one of them.
    Layers(&'static [Layer]),
    /// For the settings at these, where their dialect is spoken.
    Providers(&'static [Provider]),
    /// For whoever it is; shown where no recognised layer has its own.
    Anyone,
}

/// One row: for whom, what calls for it, what to write, and where that is from.
#[derive(Clone, Copy, Debug)]
pub struct Fix {
    /// Its name in tests.
    pub name: &'static str,
    /// For whom.
    pub whom: Whom,
    /// The findings that call for it.
    pub findings: &'static [Finding],
    /// The reasons that call for it.
    pub reasons: &'static [Reason],
    /// What it does, and what to put in place of what is only an example.
    pub says: &'static str,
    /// The commands or lines, with `@host@`, `@port@`, `@path@`, `@stream@` and `@public@` to be filled in.
    pub text: &'static str,
    /// How well it is known.
    pub standing: Standing,
    /// Where it is from: a page.
    pub source: &'static str,
}

impl Fix {
    /// A row that nothing calls for yet. `what`: what it does, and the lines.
    pub(super) const fn of(
        name: &'static str,
        whom: Whom,
        what: (&'static str, &'static str),
        standing: Standing,
        source: &'static str,
    ) -> Self {
        Self { name, whom, findings: &[], reasons: &[], says: what.0, text: what.1, standing, source }
    }

    /// The same row, called for by these findings.
    pub(super) const fn on(self, findings: &'static [Finding]) -> Self {
        Self { findings, ..self }
    }

    /// The same row, called for by these reasons.
    pub(super) const fn because(self, reasons: &'static [Reason]) -> Self {
        Self { reasons, ..self }
    }

    /// Is it for this layer?
    #[must_use]
    pub fn is_for(&self, layer: Layer) -> bool {
        matches!(self.whom, Whom::Layers(list) if list.contains(&layer))
    }
}
