//! The tables of `monitors.toml` about a provider's call: who calls, what is said, how it is signed.

use super::kinds::{CallId, FilePath, HeaderText, HeaderValue, Message, SampleRate, Variable};
use super::problem::Sink;
use super::raw::MINUTE;
use super::read::{Length, Map, Number, Word, table};
use crate::audio::Codec;
use crate::dialect::{CallKey, Form, Track};
use crate::monitor::UrlScheme;
use crate::signature::twilio::Algorithm;

table! {
    /// The call that a provider's dialect plays. Not every dialect has every key: `docs/dialects.md` says which.
    Call at "`[monitor.call]`" {
        /// The id of the call, for a server that is to recognise the probe; fresh and in the provider's form for every call if it is not set.
        call_id: CallId = _,
        /// The id of the stream, likewise.
        stream_id: CallId = _,
        /// The id of the account, likewise.
        account_id: CallId = _,
        /// The id of the session, likewise.
        session_id: CallId = _,
        /// The caller's number.
        from: CallId = "+12025550100",
        /// The called number.
        to: CallId = "+12025550101",
        /// Your own names and values in the hello (`customParameters`, `customData`, `extra_headers`, `streamParams` …). A value is a text, `{ file = "…" }` or `{ env = "…" }`.
        parameters: Map<HeaderValue> = {},
        /// The stream listens and does not play: nothing may come back on it.
        one_way: bool = false,
        /// Whose voice a one-way stream has: `inbound` (the caller's) or `outbound` (what the caller hears).
        track: Track = "inbound",
        /// How the hello names the codec, if not as the provider documents it.
        encoding_name: HeaderText = _,
        /// The form of control messages: `plain` or `json`.
        form: Form = "plain",
        /// The provider's own connection probe, which is no call and has no audio, in place of a call.
        connection_probe: bool = true,
        /// Genesys: the variant in which the server talks (Audio Connector), in place of the one that only listens.
        audio_connector: bool = false,
        /// Where sequence numbers begin.
        first_sequence_number: Number<u64, 0, 1_000_000> = 1,
        /// Bandwidth: media has sequence numbers.
        sequence_numbers: bool = true,
        /// Telnyx: the state of the call in the hello, in base64, as you write it; not sent if it is not set.
        client_state: HeaderText = _,
        /// jambonz: samples a second of the server's binary audio, if they are others than the call's.
        server_sample_rate: SampleRate = _,
        /// What the caller says, where text is sent.
        prompt: Message = _,
        /// The caller's language.
        language: HeaderText = "en-US",
        /// Audio comes as MP3, which is counted and not measured.
        mp3: bool = false,
        /// How long the server may take to open the session; the provider's own limit if it is not set.
        answer_within: Length<10, { 2 * MINUTE }> = _,
    }
}

table! {
    /// What the caller says, and in which format, in a provider's dialect.
    Audio at "`[monitor.audio]`" {
        /// `silence`, or a `tone`.
        say: Say = "silence",
        /// A WAV file with speech, in place of `say`: at most 10 minutes; mixed down and resampled as needed.
        file: FilePath = _,
        /// Says `file` again and again; silence follows it otherwise.
        repeat: bool = false,
        /// The frequency of the tone, in hertz.
        tone_hertz: Number<u32, 50, 3_400> = 400,
        /// The codec, if the provider has several; its default one if it is not set.
        codec: Codec = _,
        /// Samples a second, if the provider has several rates; its default one if it is not set.
        sample_rate: SampleRate = _,
        /// How long a media frame is, where the provider does not fix it: a whole number of milliseconds and of samples. The provider's own length if it is not set.
        frame: Length<10, 1_000> = _,
    }
    either say | file;
}

table! {
    /// Signs the upgrade as the provider does.
    Signature at "`[monitor.signature]`" {
        /// Twilio: a file with the account's auth token (or the secret of the shared key, for `sha256`).
        auth_token_file: FilePath = _,
        /// The same in an environment variable.
        auth_token_env: Variable = _,
        /// Twilio: `sha1` (`X-Twilio-Signature` with the auth token), or `sha256` (with a shared key; needs `key_id`).
        algorithm: Algorithm = "sha1",
        /// Twilio: the id of the shared key, for the header `X-Twilio-Webhooks-Signature-Settings`.
        key_id: HeaderText = _,
        /// Twilio: the scheme of the URL that is signed, `wss` or `https`.
        url_scheme: UrlScheme = "wss",
        /// Genesys: a file with the API key, for the header `X-API-KEY`.
        api_key_file: FilePath = _,
        /// The same in an environment variable.
        api_key_env: Variable = _,
        /// Genesys: a file with the client secret in base64, with which the request is signed; it is not signed if it is not set.
        client_secret_file: FilePath = _,
        /// The same in an environment variable.
        client_secret_env: Variable = _,
    }
    either auth_token_file | auth_token_env;
    either api_key_file | api_key_env;
    either client_secret_file | client_secret_env;
}

impl Audio {
    /// Is it about what is said or in which format, so that a webhook's document does not decide alone?
    pub(super) fn chooses(&self) -> bool {
        let says = self.say.get() == Some(&Say::Tone) || !self.file.is_absent();
        says || !self.codec.is_absent() || !self.sample_rate.is_absent()
    }
}

impl Call {
    /// The keys that are set, with their places.
    pub(super) fn given(&self) -> Vec<(CallKey, super::problem::Span)> {
        let spans = [
            (CallKey::CallId, self.call_id.span()),
            (CallKey::StreamId, self.stream_id.span()),
            (CallKey::AccountId, self.account_id.span()),
            (CallKey::SessionId, self.session_id.span()),
            (CallKey::From, self.from.span()),
            (CallKey::To, self.to.span()),
            (CallKey::Parameters, self.parameters.span()),
            (CallKey::OneWay, self.one_way.span()),
            (CallKey::Track, self.track.span()),
            (CallKey::EncodingName, self.encoding_name.span()),
            (CallKey::Form, self.form.span()),
            (CallKey::ConnectionProbe, self.connection_probe.span()),
            (CallKey::AudioConnector, self.audio_connector.span()),
            (CallKey::FirstSequenceNumber, self.first_sequence_number.span()),
            (CallKey::SequenceNumbers, self.sequence_numbers.span()),
            (CallKey::ClientState, self.client_state.span()),
            (CallKey::ServerSampleRate, self.server_sample_rate.span()),
            (CallKey::Prompt, self.prompt.span()),
            (CallKey::Language, self.language.span()),
            (CallKey::Mp3, self.mp3.span()),
            (CallKey::AnswerWithin, self.answer_within.span()),
        ];
        spans.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
    }
}

/// What is said without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    Silence,
    Tone,
}

impl Word for Say {
    const WHAT: &'static str = "`\"silence\"` or `\"tone\"`";
    const WORDS: &'static [(&'static str, Self)] = &[("silence", Self::Silence), ("tone", Self::Tone)];
}

impl Word for Form {
    const WHAT: &'static str = "`\"plain\"` or `\"json\"`";
    const WORDS: &'static [(&'static str, Self)] = &[(Self::Plain.label(), Self::Plain), (Self::Json.label(), Self::Json)];
}

impl Word for Track {
    const WHAT: &'static str = "`\"inbound\"` or `\"outbound\"`";
    const WORDS: &'static [(&'static str, Self)] =
        &[(Self::Inbound.label(), Self::Inbound), (Self::Outbound.label(), Self::Outbound)];
}

impl Word for Algorithm {
    const WHAT: &'static str = "`\"sha1\"` or `\"sha256\"`";
    const WORDS: &'static [(&'static str, Self)] = &[("sha1", Self::Sha1), ("sha256", Self::Sha256)];
}

impl Word for UrlScheme {
    const WHAT: &'static str = "`\"wss\"` or `\"https\"`";
    const WORDS: &'static [(&'static str, Self)] = &[(Self::Wss.label(), Self::Wss), (Self::Https.label(), Self::Https)];
}
