//! The providers: the one place where their files are joined.

use super::call::{Call, CallSettings};
use super::facts::Facts;
use super::{Speaker, asterisk, conversation_relay, genesys, infobip, jambonz, openai_realtime, sinch, twilio, vonage};
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
        /// Genesys Cloud AudioHook.
        Genesys = "genesys",
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
            Self::Vonage => &vonage::FACTS,
            Self::Infobip => &infobip::FACTS,
            Self::Jambonz => &jambonz::FACTS,
            Self::Asterisk => &asterisk::FACTS,
            Self::Genesys => &genesys::FACTS,
            Self::Sinch => &sinch::FACTS,
            Self::ConversationRelay => &conversation_relay::FACTS,
            Self::OpenaiRealtime => &openai_realtime::FACTS,
        }
    }

    pub(super) fn open(self, settings: &CallSettings, call: &Call) -> Box<dyn Speaker> {
        match self {
            Self::Twilio => Box::new(twilio::Twilio::new(settings, call)),
            Self::Vonage => Box::new(vonage::Vonage::new(settings)),
            Self::Infobip => Box::new(infobip::Infobip::new(settings)),
            Self::Jambonz => Box::new(jambonz::Jambonz::new(settings, call)),
            Self::Asterisk => Box::new(asterisk::Asterisk::new(settings, call)),
            Self::Genesys => Box::new(genesys::Genesys::new(settings, call)),
            Self::Sinch => Box::new(sinch::Sinch::new(settings, call)),
            Self::ConversationRelay => Box::new(conversation_relay::ConversationRelay::new(settings, call)),
            Self::OpenaiRealtime => Box::new(openai_realtime::OpenaiRealtime::new(settings)),
        }
    }

    /// Does it send media with these settings?
    pub(super) const fn talks(self, settings: &CallSettings) -> bool {
        match self {
            Self::Twilio
            | Self::Vonage
            | Self::Infobip
            | Self::Jambonz
            | Self::Asterisk
            | Self::Sinch
            | Self::ConversationRelay
            | Self::OpenaiRealtime => true,
            Self::Genesys => !settings.connection_probe,
        }
    }

    pub(super) fn headers(self, _settings: &CallSettings, call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Twilio
            | Self::Vonage
            | Self::Infobip
            | Self::Jambonz
            | Self::Asterisk
            | Self::Sinch
            | Self::ConversationRelay
            | Self::OpenaiRealtime => Vec::new(),
            Self::Genesys => genesys::headers(call),
        }
    }
}
