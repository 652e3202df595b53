//! The providers: the one place where their files are joined.

use super::call::{Call, CallSettings};
use super::facts::Facts;
use super::{
    Speaker, acs, asterisk, bandwidth, conversation_relay, exotel, genesys, infobip, jambonz, openai_realtime, plivo, signalwire,
    sinch, telnyx, twilio, vonage,
};
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
        /// Vonage Voice API WebSockets.
        Vonage = "vonage",
        /// Infobip's WebSocket endpoint.
        Infobip = "infobip",
        /// jambonz `listen`.
        Jambonz = "jambonz",
        /// Asterisk's chan_websocket.
        Asterisk = "asterisk",
        /// Genesys Cloud AudioHook.
        Genesys = "genesys",
        /// Azure Communication Services media streaming.
        Acs = "acs",
        /// Sinch `connectStream`.
        Sinch = "sinch",
        /// Twilio ConversationRelay: text alone.
        ConversationRelay = "conversation-relay",
        /// OpenAI's Realtime API, for servers that imitate it.
        OpenaiRealtime = "openai-realtime",
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
            Self::Vonage => &vonage::FACTS,
            Self::Infobip => &infobip::FACTS,
            Self::Jambonz => &jambonz::FACTS,
            Self::Asterisk => &asterisk::FACTS,
            Self::Genesys => &genesys::FACTS,
            Self::Acs => &acs::FACTS,
            Self::Sinch => &sinch::FACTS,
            Self::ConversationRelay => &conversation_relay::FACTS,
            Self::OpenaiRealtime => &openai_realtime::FACTS,
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
            Self::Vonage => Box::new(vonage::Vonage::new(settings)),
            Self::Infobip => Box::new(infobip::Infobip::new(settings)),
            Self::Jambonz => Box::new(jambonz::Jambonz::new(settings, call)),
            Self::Asterisk => Box::new(asterisk::Asterisk::new(settings, call)),
            Self::Genesys => Box::new(genesys::Genesys::new(settings, call)),
            Self::Acs => Box::new(acs::Acs::new(settings, call)),
            Self::Sinch => Box::new(sinch::Sinch::new(settings, call)),
            Self::ConversationRelay => Box::new(conversation_relay::ConversationRelay::new(settings, call)),
            Self::OpenaiRealtime => Box::new(openai_realtime::OpenaiRealtime::new(settings)),
        }
    }

    /// Does it send media with these settings?
    pub(super) fn talks(self, settings: &CallSettings) -> bool {
        self != Self::Genesys || !settings.connection_probe
    }

    pub(super) fn headers(self, call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Genesys => genesys::headers(call),
            Self::Acs => acs::headers(call),
            Self::Twilio
            | Self::Signalwire
            | Self::Telnyx
            | Self::Plivo
            | Self::Vobiz
            | Self::Bandwidth
            | Self::Exotel
            | Self::Vonage
            | Self::Infobip
            | Self::Jambonz
            | Self::Asterisk
            | Self::Sinch
            | Self::ConversationRelay
            | Self::OpenaiRealtime => Vec::new(),
        }
    }
}
