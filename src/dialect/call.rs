//! A provider's settings, and one call made with them.

use std::time::Duration;

use super::facts::Opening;
use super::provider::Provider;
use crate::audio::{AudioFormat, Sound};
use crate::outcome::words;
use crate::secret::Secret;
use crate::text::Printable;

words! {
    /// In which form Asterisk writes its control messages.
    Form {
        /// `MEDIA_START connection_id:…`.
        Plain = "plain",
        /// `{"event":"MEDIA_START",…}`.
        Json = "json",
    }
}

words! {
    /// Whose voice a stream has.
    Track {
        /// The caller's.
        Inbound = "inbound",
        /// What the caller hears.
        Outbound = "outbound",
    }
}

/// The settings of `[monitor.call]` and `[monitor.audio]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSettings {
    /// Whose protocol.
    pub provider: Provider,
    /// Codec and rate in both directions; one of the provider's formats.
    pub audio: AudioFormat,
    /// From one media frame to the next.
    pub cadence: Duration,
    /// What we say, cut into frames of `cadence`.
    pub sound: Sound,
    /// Ids that a server is to recognise us by; the others are fresh for every call.
    pub fixed: FixedIds,
    /// The caller's number.
    pub from: String,
    /// The called number.
    pub to: String,
    /// The user's own names and values in the hello. Values may be tokens.
    pub parameters: Vec<(String, Secret)>,
    /// The stream listens and does not play: nothing may come back on it.
    pub one_way: bool,
    /// Whose voice it has, where the hello names tracks; the caller's if it goes both ways.
    pub track: Track,
    /// How the hello names the codec, if not by the provider's documented name.
    pub encoding_name: Option<String>,
    /// Asterisk: plain text or JSON.
    pub form: Form,
    /// Genesys: its own connection probe (no audio, ids of zeros) in place of a call.
    pub connection_probe: bool,
    /// Genesys: the Audio Connector, in which the server talks.
    pub audio_connector: bool,
    /// Where sequence numbers begin.
    pub first_sequence_number: u64,
    /// Bandwidth: does media have sequence numbers?
    pub sequence_numbers: bool,
    /// Telnyx: the state of the call in base64, as the user wrote it.
    pub client_state: Option<String>,
    /// jambonz: the rate of the server's binary audio, in hertz; that of the call if it is not set.
    pub server_sample_rate: Option<u32>,
    /// What the caller says, where the provider sends text.
    pub prompt: Option<String>,
    /// The caller's language (BCP 47).
    pub language: String,
    /// Audio comes as MP3, which cannot be measured.
    pub mp3: bool,
    /// How long the server may take to open the session; the provider's own limit if it is not set.
    pub answer_within: Option<Duration>,
}

/// Ids that are the same in every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedIds {
    /// Of the call.
    pub call: Option<String>,
    /// Of the stream.
    pub stream: Option<String>,
    /// Of the account.
    pub account: Option<String>,
    /// Of the session.
    pub session: Option<String>,
}

impl CallSettings {
    /// The provider's defaults: silence, fresh ids, numbers that are nobody's.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        let facts = provider.facts();
        let audio = facts.formats.first().copied().unwrap_or(AudioFormat::MULAW_8K);
        Self {
            provider,
            audio,
            cadence: facts.cadence,
            sound: Sound::silence(audio, facts.cadence),
            fixed: FixedIds::default(),
            // Numbers for examples: nobody has them (North American Numbering Plan, 555-0100 to 555-0199).
            from: "+12025550100".to_owned(),
            to: "+12025550101".to_owned(),
            parameters: Vec::new(),
            one_way: false,
            track: Track::Inbound,
            encoding_name: None,
            form: Form::Plain,
            connection_probe: true,
            audio_connector: false,
            // Vobiz alone begins with 0 (its own example).
            first_sequence_number: u64::from(provider != Provider::Vobiz),
            sequence_numbers: true,
            client_state: None,
            server_sample_rate: None,
            prompt: None,
            language: "en-US".to_owned(),
            mp3: false,
            answer_within: None,
        }
    }

    /// Does audio of ours flow?
    #[must_use]
    pub fn sends_media(&self) -> bool {
        !self.provider.facts().formats.is_empty() && self.provider.talks(self)
    }

    /// May the server send audio?
    #[must_use]
    pub fn server_talks(&self) -> bool {
        let forbids = self.one_way || (self.provider == Provider::Genesys && (self.connection_probe || !self.audio_connector));
        !self.provider.facts().formats.is_empty() && !forbids
    }

    /// How the session begins, with the user's limit.
    #[must_use]
    pub fn opening(&self) -> Opening {
        match (self.provider.facts().opening, self.answer_within) {
            (Opening::WhenAnswered { .. }, Some(within)) => Opening::WhenAnswered { within },
            (opening, _) => opening,
        }
    }
}

/// One call: what the server knows it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Of the call; `{call_id}` in a URL.
    pub call_id: String,
    /// Of the stream.
    pub stream_id: String,
    /// Of the account.
    pub account_id: String,
    /// Of the session.
    pub session_id: String,
    /// When the probe began, in milliseconds since 1970-01-01T00:00:00Z; `{unix_ms}` in a URL.
    pub began_unix_ms: u64,
    /// When the line was open (the 101), likewise; when the probe began, as long as that is not known.
    pub up_unix_ms: u64,
}

impl Call {
    /// The call, with its line open at this moment.
    #[must_use]
    pub fn up_at(&self, unix_ms: u64) -> Self {
        Self { up_unix_ms: unix_ms, ..self.clone() }
    }

    pub(super) fn place(settings: &CallSettings, fresh: &mut dyn FnMut() -> u128, unix_ms: u64) -> Self {
        let forms = &settings.provider.facts().ids;
        let mut id = |fixed: &Option<String>, form: fn(u128) -> String| fixed.clone().unwrap_or_else(|| form(fresh()));
        Self {
            call_id: id(&settings.fixed.call, forms.call),
            stream_id: id(&settings.fixed.stream, forms.stream),
            account_id: id(&settings.fixed.account, forms.account),
            session_id: id(&settings.fixed.session, forms.session),
            began_unix_ms: unix_ms,
            up_unix_ms: unix_ms,
        }
    }

    /// A call of the dialect `raw`: its id is 32 hexadecimal digits.
    pub(super) fn anonymous(fresh: &mut dyn FnMut() -> u128, unix_ms: u64) -> Self {
        let mut id = || super::ids::hex(fresh());
        Self { call_id: id(), stream_id: id(), account_id: id(), session_id: id(), began_unix_ms: unix_ms, up_unix_ms: unix_ms }
    }

    /// The ids as they are said to the user in an incident; none of them is a secret.
    #[must_use]
    pub fn summary(&self) -> Printable {
        Printable::capture(format!("call {}, stream {}", self.call_id, self.stream_id).as_bytes(), 256)
    }
}
