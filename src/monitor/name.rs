//! The name of a monitor.

use std::fmt;

use serde::Serialize;

/// 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit: fit for a metric label, a URL path and a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MonitorName(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It has no characters.
    #[error("a name cannot be empty")]
    Empty,
    /// It has more than 64 bytes.
    #[error("a name has at most {} characters", MonitorName::LONGEST)]
    TooLong,
    /// It has a character outside the set, or begins with a sign.
    #[error("a name consists of letters, digits, `.`, `_` and `-` and begins with a letter or digit")]
    Character,
}

impl MonitorName {
    /// The most characters that a name may have.
    pub const LONGEST: usize = 64;

    /// Checks `text`.
    ///
    /// # Errors
    /// If it is empty, too long, or has a character outside the set.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let first = text.bytes().next().ok_or(InvalidName::Empty)?;
        if text.len() > Self::LONGEST {
            return Err(InvalidName::TooLong);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if first.is_ascii_alphanumeric() && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::Character)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MonitorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_everywhere() {
        for good in ["a", "booking-agent", "eu.west_1", "9to5", &"x".repeat(64)] {
            assert!(MonitorName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".hidden", "a b", "ü", "a/b", "a\n", &"x".repeat(65)] {
            assert!(MonitorName::new(bad).is_err(), "{bad}");
        }
    }
}
