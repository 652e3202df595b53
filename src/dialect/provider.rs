//! The providers: the one place where their files are joined.

use super::call::{Call, CallSettings};
use super::facts::Facts;
use super::{Speaker, twilio};
use crate::outcome::words;

words! {
    /// Whose protocol is spoken.
    Provider {
        /// Twilio Media Streams.
        Twilio = "twilio",
    }
}

impl Provider {
    /// What is known of its protocol.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::Twilio => &twilio::FACTS,
        }
    }

    pub(super) fn open(self, settings: &CallSettings, call: &Call) -> Box<dyn Speaker> {
        match self {
            Self::Twilio => Box::new(twilio::Twilio::new(settings, call)),
        }
    }

    /// Does it send media with these settings?
    pub(super) const fn talks(self, _settings: &CallSettings) -> bool {
        match self {
            Self::Twilio => true,
        }
    }

    pub(super) fn headers(self, _settings: &CallSettings, _call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Twilio => Vec::new(),
        }
    }
}
