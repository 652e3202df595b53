//! One row of the table of signatures.

use serde::Serialize;

use super::Layer;
use crate::outcome::{Confidence, Finding, Owner, words};

words! {
    /// How well a row is known.
    Standing {
        /// The vendor's documentation or the software's source says so.
        Documented = "documented",
        /// Such answers stand verbatim in several public places that have nothing to do with each other.
        Seen = "seen",
        /// Common knowledge without a source that was read.
        Assumed = "assumed",
    }
}

impl Standing {
    /// The most that a finding on such a row may claim with so many lines of evidence.
    #[must_use]
    pub const fn allows(self, evidence: usize) -> Confidence {
        match self {
            Self::Documented if evidence > 1 => Confidence::Certain,
            Self::Documented => Confidence::Likely,
            Self::Seen if evidence > 1 => Confidence::Likely,
            Self::Seen | Self::Assumed => Confidence::Consistent,
        }
    }
}

words! {
    /// Where a redirect leads, against where the request went.
    Move {
        /// The same place with TLS: `http` or `ws` to `https` or `wss`.
        ToTls = "the same place with TLS",
        /// The same host and path with one slash more or less at the end.
        Slash = "one slash more or less",
        /// A login page.
        Login = "a login page",
        /// Another host or path.
        Elsewhere = "another host or path",
    }
}

/// One thing that must hold. Text is compared without regard to upper and lower case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// The status is one of these.
    Status(&'static [u16]),
    /// There is such a header.
    Header(&'static str),
    /// A header has exactly this value.
    HeaderIs(&'static str, &'static str),
    /// A header's value begins so.
    HeaderBegins(&'static str, &'static str),
    /// A header has this text in it.
    HeaderContains(&'static str, &'static str),
    /// A header names this product, with or without a version: `nginx` in `nginx/1.28.0`, not in `nginx-like` (RFC 9110 section 10.1.5).
    Product(&'static str, &'static str),
    /// `Via` names this proxy: `google` in `1.1 google` (RFC 9110 section 7.6.3).
    Via(&'static str),
    /// There is no such header.
    NoHeader(&'static str),
    /// The body's head has this text in it.
    Body(&'static str),
    /// The body is this text and no more, white space at its ends apart.
    BodyIs(&'static str),
    /// A certificate's holder or issuer has this text in its name.
    Certificate(&'static str),
    /// The host ends in one of these, label by label; `*` is any one label.
    Host(&'static [&'static str]),
    /// The redirect leads there.
    Moved(Move),
    /// The answer took so many seconds: from, to.
    Took(f64, f64),
    /// It is the answer to an upgrade, not that of a webhook.
    Upgrade,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Meaning {
    /// The kind of finding.
    pub finding: Finding,
    /// The most that may be claimed, however much evidence there is.
    pub at_most: Confidence,
    /// The sentence.
    pub says: &'static str,
    /// Who must act.
    pub owner: Owner,
    /// What to do, in one sentence.
    pub fix: &'static str,
}

/// One row: what an answer must show, whom it tells of, and what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signature {
    /// Its name in the documentation and in tests.
    pub name: &'static str,
    /// Who answers so; `None` where anything may.
    pub layer: Option<Layer>,
    /// What must hold, all of it.
    pub signs: &'static [Sign],
    /// What it means, where it is about one answer and not about the layer alone.
    pub meaning: Option<Meaning>,
    /// How well it is known.
    pub standing: Standing,
    /// Where it is from: a page, or a file of the software's source.
    pub source: &'static str,
}

impl Signature {
    /// A row that recognises a layer.
    pub(super) const fn of(
        name: &'static str,
        layer: Layer,
        signs: &'static [Sign],
        standing: Standing,
        source: &'static str,
    ) -> Self {
        Self { name, layer: Some(layer), signs, meaning: None, standing, source }
    }

    /// A row that anything may match.
    pub(super) const fn of_any(name: &'static str, signs: &'static [Sign], standing: Standing, source: &'static str) -> Self {
        Self { name, layer: None, signs, meaning: None, standing, source }
    }

    /// The same row with the meaning of that answer.
    pub(super) const fn means(
        self,
        finding: Finding,
        at_most: Confidence,
        owner: Owner,
        says: &'static str,
        fix: &'static str,
    ) -> Self {
        Self { meaning: Some(Meaning { finding, at_most, says, owner, fix }), ..self }
    }

    /// Is it confirmed by documentation or source?
    #[must_use]
    pub const fn verified(&self) -> bool {
        matches!(self.standing, Standing::Documented)
    }

    /// Of two rows that hold for one answer, the one of higher rank says more: a layer's own row before one for anything, more signs
    /// before fewer, better known before less, further back before the front.
    pub(super) fn rank(&self) -> (bool, usize, std::cmp::Reverse<Standing>, Option<Layer>) {
        (self.layer.is_some(), self.signs.len(), std::cmp::Reverse(self.standing), self.layer)
    }
}
