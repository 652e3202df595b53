//! Where the parsers write down what is wrong.

use super::{Complaint, Draft, Lint, Rules, Verb};
use crate::dialect::Provider;
use crate::text::Printable;

/// Bytes of a complaint's sentence.
const LONGEST: usize = 400;
/// Complaints of one document.
const MOST: usize = 500;

/// The complaints so far.
pub(super) struct Notes<'r> {
    pub(super) rules: &'r Rules<'r>,
    /// Whose rules hold: those of the document's author, then of the stream that it opens.
    pub(super) provider: Option<Provider>,
    pub(super) list: Vec<Complaint>,
    /// Which stream of the document each complaint is about, by its number; 0 for none in particular.
    about: Vec<u32>,
    /// The stream that is being read.
    pub(super) stream: u32,
    /// How many streams there have been.
    streams: u32,
}

impl<'r> Notes<'r> {
    pub(super) fn new(rules: &'r Rules<'r>) -> Self {
        Self { rules, provider: rules.author(), list: Vec::new(), about: Vec::new(), stream: 0, streams: 0 }
    }

    /// With the fix that the list has.
    pub(super) fn add(&mut self, lint: Lint, line: Option<u32>, says: impl AsRef<str>) {
        self.add_with(lint, line, says, lint.fix());
    }

    /// A stream begins; what is said until [`Notes::leave`] is about it.
    pub(super) fn draft(&mut self, verb: Verb, line: u32) -> Draft {
        self.streams += 1;
        self.stream = self.streams;
        Draft { number: self.streams, ..Draft::new(verb, line) }
    }

    /// The stream has been read.
    pub(super) const fn leave(&mut self) {
        self.stream = 0;
    }

    /// Says what is left when `chosen` is dialled: what is wrong with other streams, or in places where nothing was looked for, is passed over
    /// by a provider. One complaint of each lint stays, one that refuses rather than another.
    pub(super) fn settle(&mut self, chosen: Option<&Draft>) {
        if let Some(chosen) = chosen {
            for (complaint, about) in self.list.iter_mut().zip(&self.about) {
                let of_another = *about != 0 && *about != chosen.number;
                let unreached = complaint.lint == Lint::StreamUnreachable && !chosen.unreachable;
                let elsewhere = of_another || unreached || complaint.lint == Lint::StreamMisplaced;
                complaint.refuses &= !elsewhere;
            }
        }
        let mut kept: Vec<Complaint> = Vec::new();
        for complaint in std::mem::take(&mut self.list) {
            match kept.iter_mut().find(|other| other.lint == complaint.lint) {
                None => kept.push(complaint),
                Some(other) if complaint.refuses && !other.refuses => *other = complaint,
                Some(_) => {}
            }
        }
        self.list = kept;
    }

    /// With a fix for the document at hand. The first of each lint stays, for each stream.
    pub(super) fn add_with(&mut self, lint: Lint, line: Option<u32>, says: impl AsRef<str>, fix: impl AsRef<str>) {
        let known = |(complaint, about): (&Complaint, &u32)| complaint.lint == lint && *about == self.stream;
        if self.list.len() >= MOST || self.list.iter().zip(&self.about).any(known) {
            return;
        }
        self.about.push(self.stream);
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
