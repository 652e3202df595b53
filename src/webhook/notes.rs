//! Where the parsers write down what is wrong.

use super::{Complaint, Lint, Rules};
use crate::dialect::Provider;
use crate::text::Printable;

/// Bytes of a complaint's sentence.
const LONGEST: usize = 400;

/// The complaints so far.
pub(super) struct Notes<'r> {
    pub(super) rules: &'r Rules<'r>,
    /// Whose rules hold: those of the document's author, then of the stream that it opens.
    pub(super) provider: Option<Provider>,
    pub(super) list: Vec<Complaint>,
}

impl<'r> Notes<'r> {
    pub(super) fn new(rules: &'r Rules<'r>) -> Self {
        Self { rules, provider: rules.author(), list: Vec::new() }
    }

    /// With the fix that the list has.
    pub(super) fn add(&mut self, lint: Lint, line: Option<u32>, says: impl AsRef<str>) {
        self.add_with(lint, line, says, lint.fix());
    }

    /// With a fix for the document at hand. The first of each lint stays.
    pub(super) fn add_with(&mut self, lint: Lint, line: Option<u32>, says: impl AsRef<str>, fix: impl AsRef<str>) {
        if self.has(lint) {
            return;
        }
        self.list.push(Complaint {
            lint,
            line,
            says: Printable::capture(says.as_ref().as_bytes(), LONGEST),
            fix: Printable::capture(fix.as_ref().as_bytes(), LONGEST),
            refuses: lint.refuses(self.provider),
            code: lint.code(self.provider),
        });
    }

    pub(super) fn has(&self, lint: Lint) -> bool {
        self.list.iter().any(|complaint| complaint.lint == lint)
    }

    /// The provider's name as people write it.
    pub(super) fn title(&self) -> &'static str {
        self.provider.map_or("the provider", |provider| provider.facts().title)
    }
}

/// A piece of the document as it may be shown: printable and short.
pub(super) fn quoted(text: &str) -> Printable {
    Printable::capture(text.as_bytes(), 80)
}
