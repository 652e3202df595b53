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

    /// The server's words that open a session and that refuse it, where there are such.
    #[must_use]
    pub fn session_words(self) -> Option<(&'static str, &'static str)> {
        let words = [
            (Self::Genesys, "`opened`", "`disconnect`"),
            (Self::Sinch, "`answer`", "`busy` or `reject`"),
            (Self::OpenaiRealtime, "`session.created`", "`error`"),
        ];
        words.into_iter().find(|(provider, ..)| *provider == self).map(|(_, opens, refuses)| (opens, refuses))
    }

    /// Can a server have marks sent back that tell when its audio has been played?
    #[must_use]
    pub const fn has_marks(self) -> bool {
        match self {
            Self::Twilio
            | Self::Signalwire
            | Self::Telnyx
            | Self::Plivo
            | Self::Vobiz
            | Self::Exotel
            | Self::Vonage
            | Self::Jambonz
            | Self::Asterisk => true,
            Self::Bandwidth
            | Self::Infobip
            | Self::Genesys
            | Self::Acs
            | Self::Sinch
            | Self::ConversationRelay
            | Self::OpenaiRealtime => false,
        }
    }

    /// Names that `parameters` cannot have, as the hello has them itself beside the parameters.
    #[must_use]
    pub const fn reserved_parameters(self) -> &'static [&'static str] {
        match self {
            Self::Vonage => &["event", "content-type"],
            Self::Infobip => &["event", "content-type", "call-id", "dialog-id"],
            Self::Jambonz => &[
                "sampleRate",
                "mixType",
                "callSid",
                "direction",
                "from",
                "to",
                "callId",
                "sipStatus",
                "sipReason",
                "callStatus",
                "accountSid",
                "applicationSid",
            ],
            Self::Twilio
            | Self::Signalwire
            | Self::Telnyx
            | Self::Plivo
            | Self::Vobiz
            | Self::Bandwidth
            | Self::Exotel
            | Self::Asterisk
            | Self::Genesys
            | Self::Acs
            | Self::Sinch
            | Self::ConversationRelay
            | Self::OpenaiRealtime => &[],
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

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::*;
    use crate::dialect::Wire;

    /// Names of the hello in which the parameters stand, as it is written: those that the hello repeats are missing here.
    #[test]
    fn no_parameter_takes_a_name_of_the_hello() {
        for provider in Provider::ALL {
            let mut settings = CallSettings::new(*provider);
            let id = Some("00000000-0000-4000-8000-000000000001".to_owned());
            (settings.fixed.call, settings.fixed.session) = (id.clone(), id);
            settings.parameters = vec![("canary".to_owned(), crate::secret::Secret::new("x"))];
            let dialect = Dialect::Provider(Box::new(settings));
            let call = dialect.place(&mut || 7, 0);
            for wire in dialect.open(&call).greet() {
                let Wire::Text(bytes) = wire else { continue };
                let Ok(json) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
                let beside = json.as_object().filter(|object| object.contains_key("canary"));
                let names = beside.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| *name != "canary");
                let mut names: Vec<&str> = names.collect();
                let mut reserved = provider.reserved_parameters().to_vec();
                names.sort_unstable();
                reserved.sort_unstable();
                assert_eq!(names, reserved, "{provider}");
            }
        }
    }
}
