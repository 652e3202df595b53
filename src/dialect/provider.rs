//! The providers: the one place where their files are joined.

use super::call::{Call, CallSettings};
use super::facts::Facts;
use super::{Speaker, asterisk, infobip, jambonz, twilio, vonage};
use crate::outcome::words;

words! {
    /// Whose protocol is spoken.
    Provider {
        /// Twilio Media Streams.
        Twilio = "twilio",
        /// Vonage Voice API WebSockets.
        Vonage = "vonage",
        /// Infobip's WebSocket endpoint.
        Infobip = "infobip",
        /// jambonz `listen`.
        Jambonz = "jambonz",
        /// Asterisk's chan_websocket.
        Asterisk = "asterisk",
    }
}

impl Provider {
    /// What is known of its protocol.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::Twilio => &twilio::FACTS,
            Self::Vonage => &vonage::FACTS,
            Self::Infobip => &infobip::FACTS,
            Self::Jambonz => &jambonz::FACTS,
            Self::Asterisk => &asterisk::FACTS,
        }
    }

    pub(super) fn open(self, settings: &CallSettings, call: &Call) -> Box<dyn Speaker> {
        match self {
            Self::Twilio => Box::new(twilio::Twilio::new(settings, call)),
            Self::Vonage => Box::new(vonage::Vonage::new(settings)),
            Self::Infobip => Box::new(infobip::Infobip::new(settings)),
            Self::Jambonz => Box::new(jambonz::Jambonz::new(settings, call)),
            Self::Asterisk => Box::new(asterisk::Asterisk::new(settings, call)),
        }
    }

    /// Does it send media with these settings?
    pub(super) const fn talks(self, _settings: &CallSettings) -> bool {
        match self {
            Self::Twilio | Self::Vonage | Self::Infobip | Self::Jambonz | Self::Asterisk => true,
        }
    }

    pub(super) fn headers(self, _settings: &CallSettings, _call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Twilio | Self::Vonage | Self::Infobip | Self::Jambonz | Self::Asterisk => Vec::new(),
        }
    }
}
