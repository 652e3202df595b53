//! The providers: the one place where their files are joined.

use super::call::{Call, CallSettings};
use super::facts::Facts;
use super::{Speaker, acs, bandwidth, exotel, plivo, signalwire, telnyx, twilio};
use crate::outcome::words;

words! {
    /// Whose protocol is spoken.
    Provider {
        /// Twilio Media Streams.
        Twilio = "twilio",
        /// SignalWire cXML streams.
        Signalwire = "signalwire",
        /// Telnyx media streaming.
        Telnyx = "telnyx",
        /// Plivo audio streaming.
        Plivo = "plivo",
        /// Vobiz audio streams.
        Vobiz = "vobiz",
        /// Bandwidth StartStream.
        Bandwidth = "bandwidth",
        /// Exotel AgentStream.
        Exotel = "exotel",
        /// Azure Communication Services media streaming.
        Acs = "acs",
    }
}

impl Provider {
    /// What is known of its protocol.
    #[must_use]
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::Twilio => &twilio::FACTS,
            Self::Signalwire => &signalwire::FACTS,
            Self::Telnyx => &telnyx::FACTS,
            Self::Plivo => &plivo::FACTS,
            Self::Vobiz => &plivo::VOBIZ,
            Self::Bandwidth => &bandwidth::FACTS,
            Self::Exotel => &exotel::FACTS,
            Self::Acs => &acs::FACTS,
        }
    }

    pub(super) fn open(self, settings: &CallSettings, call: &Call) -> Box<dyn Speaker> {
        match self {
            Self::Twilio => Box::new(twilio::Twilio::new(settings, call)),
            Self::Signalwire => Box::new(signalwire::SignalWire::new(settings, call)),
            Self::Telnyx => Box::new(telnyx::Telnyx::new(settings, call)),
            Self::Plivo | Self::Vobiz => Box::new(plivo::Plivo::new(settings, call)),
            Self::Bandwidth => Box::new(bandwidth::Bandwidth::new(settings, call)),
            Self::Exotel => Box::new(exotel::Exotel::new(settings, call)),
            Self::Acs => Box::new(acs::Acs::new(settings, call)),
        }
    }

    /// Does it send media with these settings?
    pub(super) const fn talks(self, _settings: &CallSettings) -> bool {
        match self {
            Self::Twilio
            | Self::Signalwire
            | Self::Telnyx
            | Self::Plivo
            | Self::Vobiz
            | Self::Bandwidth
            | Self::Exotel
            | Self::Acs => true,
        }
    }

    pub(super) fn headers(self, _settings: &CallSettings, call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Twilio | Self::Signalwire | Self::Telnyx | Self::Plivo | Self::Vobiz | Self::Bandwidth | Self::Exotel => {
                Vec::new()
            }
            Self::Acs => acs::headers(call),
        }
    }
}
