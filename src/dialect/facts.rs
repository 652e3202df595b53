//! What is known of a provider's protocol, as values: the rules that configuration, dial and documentation share.

use std::time::Duration;

use super::ids::IdForms;
use crate::audio::{AudioFormat, Codec};
use crate::outcome::{Reason, Warning, words};

words! {
    /// A key of `[monitor.call]` that not every dialect has.
    CallKey {
        /// The id of the call.
        CallId = "call_id",
        /// The id of the stream.
        StreamId = "stream_id",
        /// The id of the account.
        AccountId = "account_id",
        /// The id of the session.
        SessionId = "session_id",
        /// The caller's number.
        From = "from",
        /// The called number.
        To = "to",
        /// The user's own names and values in the hello.
        Parameters = "parameters",
        /// The stream listens and does not play.
        OneWay = "one_way",
        /// Whose voice a one-way stream has.
        Track = "track",
        /// How the hello names the codec.
        EncodingName = "encoding_name",
        /// Plain text or JSON.
        Form = "form",
        /// The provider's own connection probe in place of a call.
        ConnectionProbe = "connection_probe",
        /// The variant of the provider in which the server talks.
        AudioConnector = "audio_connector",
        /// Where sequence numbers begin.
        FirstSequenceNumber = "first_sequence_number",
        /// Does media have sequence numbers?
        SequenceNumbers = "sequence_numbers",
        /// The state of the call, in base64.
        ClientState = "client_state",
        /// The rate of the server's binary audio.
        ServerSampleRate = "server_sample_rate",
        /// What the caller says, as text.
        Prompt = "prompt",
        /// The caller's language.
        Language = "language",
        /// Audio comes as MP3.
        Mp3 = "mp3",
        /// How long the server may take to open the session.
        AnswerWithin = "answer_within",
    }
}

/// Linear 16-bit at `sample_rate` hertz.
pub(super) const fn l16(sample_rate: u32) -> AudioFormat {
    AudioFormat { codec: Codec::L16, sample_rate }
}

/// How a session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Media flows right after the hello.
    AtOnce,
    /// Media flows once the server has opened the session, which it has to do within this time after the 101.
    WhenAnswered {
        /// Since the 101.
        within: Duration,
    },
}

/// What is known of a provider's protocol.
#[derive(Debug)]
pub struct Facts {
    /// The provider's name as people write it.
    pub title: &'static str,
    /// The audio formats that the provider has, the default one first; empty for dialects of text alone.
    pub formats: &'static [AudioFormat],
    /// From one media frame to the next, if the user does not say otherwise.
    pub cadence: Duration,
    /// Does the provider say that no frame has another length?
    pub fixed_frame: bool,
    /// Does it dial `wss://` alone?
    pub wss_only: bool,
    /// Is a query in the URL lost on the way?
    pub query_is_lost: bool,
    /// The subprotocol that it offers, if any.
    pub subprotocol: Option<&'static str>,
    /// How a session begins.
    pub opening: Opening,
    /// How long the server may take to close first after the dialect's goodbye.
    pub server_may_close_first: Duration,
    /// The keys of `[monitor.call]` that it has.
    pub keys: &'static [CallKey],
    /// What the provider calls an oddity, where it has a name or number for it.
    pub codes: &'static [(Warning, &'static str)],
    /// What the provider calls a failure, where it has a name or number for it.
    pub failure: fn(Reason) -> Option<&'static str>,
    /// How much audio the provider keeps to be played; what comes beyond it is lost. `None` where that is not known.
    pub playback_limit: Option<Duration>,
    /// The page of the documentation.
    pub about: About,
    pub(super) ids: IdForms,
}

impl Facts {
    /// What the provider calls `warning`.
    #[must_use]
    pub fn code(&self, warning: Warning) -> Option<&'static str> {
        self.codes.iter().find(|(known, _)| *known == warning).map(|(_, code)| *code)
    }
}

/// What the documentation says of a dialect beside what it can show: Markdown, a list item each.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What is special about the handshake, the hello and the media that we send.
    pub sends: &'static [&'static str],
    /// What is checked and answered of what comes.
    pub checks: &'static [&'static str],
    /// What is not documented by the provider, and which setting changes it.
    pub unverified: &'static [&'static str],
    /// The message of the server that opens the session, where one has to; `{session_id}` stands for the session's id.
    pub opened_by: Option<&'static str>,
    /// A monitor to copy: the lines after `name`.
    pub monitor: &'static str,
}
