//! A webhook's request and its answer: what a provider sends there for a call that comes in, which stream the answer opens, and what is
//! wrong with it.
//!
//! [`Plan::request`] makes the [`Request`], signed as the provider signs (`request`, with the providers' `parameters`).
//! [`read`] takes the answer's bytes and gives back a [`Reading`]: the [`Stream`] as the provider would dial it, and a [`Complaint`] for
//! everything that is wrong or suspicious, with its line. One file for each family of documents (`twiml` for Twilio's TwiML, Telnyx' TeXML
//! and SignalWire's cXML; `plivo`, `bxml`, `ncco`, `exotel`, `json`), `body` for what comes before parsing, `address` for the URL,
//! `format` for codecs.
//!
//! Deliberately absent: sending the request, the answer's status code and redirects (the probe has those), and judgement: a complaint says whether the
//! provider would refuse, and the probe decides.
//!
//! Invariant: nothing panics, whatever the bytes; what is kept of them is bounded: one complaint of each kind, texts cut and made
//! printable, query values and passwords left out.

mod address;
mod body;
mod bxml;
mod excerpt;
mod exotel;
mod format;
mod heed;
mod json;
mod lint;
mod ncco;
mod notes;
mod page;
mod parameters;
mod plivo;
mod reach;
mod redact;
mod request;
#[cfg(test)]
mod tests;
mod traditional;
mod tree;
mod twiml;
mod xml;

use std::time::Duration;

use url::Url;

pub use excerpt::excerpt;
pub use heed::{heed, login, placing};
pub use lint::{Lint, Severity};
pub use page::markdown;
pub use parameters::UNVERIFIED;
pub use reach::is_public;
pub use redact::query_values;
pub use request::{Plan, Request};
pub use traditional::serves_nobody;

pub use crate::monitor::{WebhookContent as Content, WebhookKind as Kind, WebhookMethod as Method, WebhookSigning as Signing};

use crate::audio::AudioFormat;
use crate::dialect::Provider;
use crate::monitor::Target;
use crate::outcome::words;
use crate::secret::Secret;
use crate::text::Printable;

use notes::Notes;

words! {
    /// What opens the stream.
    Verb {
        /// `<Connect><Stream>`.
        ConnectStream = "connect_stream",
        /// `<Start><Stream>`.
        StartStream = "start_stream",
        /// `<Connect><ConversationRelay>`.
        ConversationRelay = "conversation_relay",
        /// Plivo's `<Stream>`.
        PlivoStream = "plivo_stream",
        /// Bandwidth's `<StartStream>`.
        BandwidthStartStream = "bandwidth_start_stream",
        /// An NCCO's `connect` with an endpoint of type `websocket`.
        Ncco = "ncco",
        /// Exotel's JSON.
        Exotel = "exotel",
        /// A value in JSON.
        Json = "json",
    }
}

/// The secrets of a document that are kept.
const MOST_SECRETS: usize = 2_000;
/// The parameters of a stream that are kept; far above what any provider documents.
const MOST_PARAMETERS: usize = 500;

/// A webhook's answer. Its status is not here: who asks looks at that first.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The header Content-Type.
    pub content_type: Option<&'a str>,
    /// The body; what is over [`Limits::bytes`] need not be read from the line.
    pub body: &'a [u8],
    /// From the request's first byte, with the connection, until the body was complete.
    pub took: Duration,
}

/// What an answer may take and weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The provider gives up then. `None` where that is not known.
    pub answer_within: Option<Duration>,
    /// Bytes of the body, at least 1.
    pub bytes: usize,
}

impl Limits {
    /// What the provider documents: 15 s at Twilio (docs/api/errors/11205) and Bandwidth (docs/voice/webhooks), 5 s at Vonage (Voice API
    /// troubleshooting guide); 64 KiB at Twilio (docs/api/errors/11750) and Bandwidth (docs/voice/bxml). The size is the same for the
    /// others, as a limit of our own.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        let answer_within = match kind {
            Kind::Twilio | Kind::Bandwidth => Some(Duration::from_secs(15)),
            Kind::Vonage => Some(Duration::from_secs(5)),
            Kind::Signalwire | Kind::Telnyx | Kind::Plivo | Kind::Exotel | Kind::Json => None,
        };
        Self { answer_within, bytes: 64 * 1024 }
    }
}

/// What the answer is held against.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Whose document is due.
    pub kind: Kind,
    /// What the monitor speaks, if a provider's dialect.
    pub provider: Option<Provider>,
    /// The monitor's audio, if it is to be compared.
    pub audio: Option<AudioFormat>,
    /// Does the monitor only listen? `None` if that is not to be compared.
    pub one_way: Option<bool>,
    /// The URL that answered.
    pub webhook: &'a Url,
    /// The public host of the stream, without a port; the webhook's own if it is not set.
    pub expect_host: Option<&'a str>,
    /// Of [`Kind::Json`]: where the URL is (RFC 6901).
    pub pointer: &'a str,
    /// May the stream be on this machine or in a private network?
    pub allow_private: bool,
    /// What the answer may take and weigh.
    pub limits: Limits,
}

impl<'a> Rules<'a> {
    /// The provider's rules alone, nothing compared with a monitor.
    #[must_use]
    pub const fn new(kind: Kind, webhook: &'a Url) -> Self {
        Self {
            kind,
            provider: None,
            audio: None,
            one_way: None,
            webhook,
            expect_host: None,
            pointer: "",
            allow_private: false,
            limits: Limits::of(kind),
        }
    }

    /// Whose dialect is spoken on a stream that this opens.
    fn provider_of(&self, verb: Verb) -> Option<Provider> {
        match verb {
            Verb::ConversationRelay => Some(Provider::ConversationRelay),
            Verb::ConnectStream
            | Verb::StartStream
            | Verb::PlivoStream
            | Verb::BandwidthStartStream
            | Verb::Ncco
            | Verb::Exotel
            | Verb::Json => self.author(),
        }
    }

    /// Whose document it is.
    fn author(&self) -> Option<Provider> {
        match self.kind {
            Kind::Twilio => Some(Provider::Twilio),
            Kind::Signalwire => Some(Provider::Signalwire),
            Kind::Telnyx => Some(Provider::Telnyx),
            Kind::Plivo if self.provider == Some(Provider::Vobiz) => self.provider,
            Kind::Plivo => Some(Provider::Plivo),
            Kind::Bandwidth => Some(Provider::Bandwidth),
            Kind::Vonage => Some(Provider::Vonage),
            Kind::Exotel => Some(Provider::Exotel),
            Kind::Json => self.provider,
        }
    }
}

/// The stream that the answer opens, as the provider dials it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where the provider dials: absolute, without credentials and fragment, and without the query where the provider loses it.
    pub target: Target,
    /// The URL as it was written, query values and password left out.
    pub written: Printable,
    /// The line of the document, from 1.
    pub line: u32,
    /// What opens it.
    pub verb: Verb,
    /// Whose dialect it speaks, if that is known.
    pub provider: Option<Provider>,
    /// The parameters, in the document's order; JSON values that are no texts as JSON.
    pub parameters: Vec<(String, Secret)>,
    /// The track, as it was written.
    pub track: Option<Printable>,
    /// The format that the document names, if sidetone speaks it.
    pub audio: Option<AudioFormat>,
    /// Does the server only listen? `None` if the document does not say.
    pub one_way: Option<bool>,
    /// Telnyx: audio from the server is due as MP3 files (its default).
    pub mp3: bool,
    /// What stands in the header Authorization of the upgrade.
    pub authorization: Option<Authorization>,
}

/// What a document says of the upgrade's header Authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// User name and password: Bandwidth's attributes, or a URL with credentials.
    Basic(String, Secret),
    /// A bearer token: SignalWire's `authBearerToken`.
    Bearer(Secret),
    /// The header's whole value: Vonage's `custom`.
    Custom(Secret),
    /// A token that only Vonage can make.
    Vonage,
}

impl Authorization {
    const fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Basic(_, secret) | Self::Bearer(secret) | Self::Custom(secret) => Some(secret),
            Self::Vonage => None,
        }
    }
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Which of the list.
    pub lint: Lint,
    /// The line of the document, from 1; `None` if it is about the answer as a whole.
    pub line: Option<u32>,
    /// What is wrong, with the text in question.
    pub says: Printable,
    /// What to write instead.
    pub fix: Printable,
    /// Does the provider refuse the stream for it?
    pub refuses: bool,
    /// What the provider calls it.
    pub code: Option<&'static str>,
}

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The stream, if there is one that can be dialled. It may be there although the provider would refuse: see [`Reading::refusal`].
    pub stream: Option<Stream>,
    /// What is wrong, at most one of each [`Lint`], in the order of the document; never empty without a stream.
    pub complaints: Vec<Complaint>,
    /// What the document hands out that may be secret, with all its streams, whether one of them can be dialled or not.
    pub secrets: Vec<Secret>,
}

impl Reading {
    /// The first complaint for which the provider refuses the stream.
    #[must_use]
    pub fn refusal(&self) -> Option<&Complaint> {
        self.complaints.iter().find(|complaint| complaint.refuses)
    }
}

/// A text of the document and its line.
#[derive(Clone, Debug)]
struct Located {
    text: String,
    line: u32,
}

/// A stream as a parser found it; the URL has not been looked at.
#[derive(Clone, Debug)]
struct Draft {
    verb: Verb,
    line: u32,
    url: Option<Located>,
    parameters: Vec<(String, Secret)>,
    track: Option<String>,
    audio: Option<AudioFormat>,
    one_way: Option<bool>,
    mp3: bool,
    authorization: Option<Authorization>,
    /// Among the streams of the document, from 1.
    number: u32,
    /// Does something that ends the call come before it?
    unreachable: bool,
}

impl Draft {
    const fn new(verb: Verb, line: u32) -> Self {
        let (one_way, track, audio) = (None, None, None);
        let (authorization, number, unreachable) = (None, 0, false);
        Self {
            verb,
            line,
            url: None,
            parameters: Vec::new(),
            track,
            audio,
            one_way,
            mp3: false,
            authorization,
            number,
            unreachable,
        }
    }

    /// What of it may be secret.
    fn secrets(&self) -> Vec<Secret> {
        let parameters = self.parameters.iter().map(|(_, value)| value);
        let token = self.authorization.as_ref().and_then(Authorization::secret);
        let of_url = self.url.as_ref().map(|url| address::secrets(&url.text)).unwrap_or_default();
        token.into_iter().chain(parameters).cloned().chain(of_url).collect()
    }
}

/// Reads an answer and holds it against the rules.
#[must_use]
pub fn read(answer: &Answer<'_>, rules: &Rules<'_>) -> Reading {
    let mut notes = Notes::new(rules);
    let drafts = body::text(answer, &mut notes).map(|text| drafts(text, &mut notes)).unwrap_or_default();
    let secrets = drafts.iter().flat_map(Draft::secrets).take(MOST_SECRETS).collect();
    let draft = choose(drafts, &mut notes);
    let stream = draft.clone().and_then(|draft| finish(draft, &mut notes));
    notes.settle(draft.as_ref());
    Reading { stream, complaints: notes.list, secrets }
}

/// What is wrong with a stream's URL by itself, for the provider that dials it.
#[must_use]
pub fn lint_url(target: &Target, provider: Option<Provider>) -> Vec<Complaint> {
    let text = target.redacted(&target.resource(|| "0".to_owned(), "0", 0));
    // The host is the user's own word.
    let Ok(own) = Url::parse(&format!("https://{}/", target.host())) else { return Vec::new() };
    let rules = Rules { provider, ..Rules::new(Kind::Json, &own) };
    let mut notes = Notes::new(&rules);
    let _ = address::read(&Located { text, line: 1 }, &mut notes);
    notes.settle(None);
    notes.list.into_iter().map(|complaint| Complaint { line: None, ..complaint }).collect()
}

fn drafts(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    match notes.rules.kind {
        Kind::Twilio | Kind::Signalwire | Kind::Telnyx => twiml::read(text, notes),
        Kind::Plivo => plivo::read(text, notes),
        Kind::Bandwidth => bxml::read(text, notes),
        Kind::Vonage => ncco::read(text, notes),
        Kind::Exotel => exotel::read(text, notes),
        Kind::Json => json::read(text, notes),
    }
}

/// The stream to dial: the first that can be reached and goes both ways, or the first that can be reached, or the first.
fn choose(mut drafts: Vec<Draft>, notes: &mut Notes<'_>) -> Option<Draft> {
    if let [first, second, ..] = drafts.as_slice() {
        let says = format!("a second stream at line {}; the first is at line {}", second.line, first.line);
        notes.add(Lint::SeveralStreams, Some(second.line), says);
    }
    let usable = |draft: &Draft| !draft.unreachable && draft.url.is_some();
    let talks = |draft: &Draft| usable(draft) && draft.one_way != Some(true);
    let at = drafts.iter().position(talks).or_else(|| drafts.iter().position(usable)).unwrap_or(0);
    (at < drafts.len()).then(|| drafts.swap_remove(at))
}

fn finish(mut draft: Draft, notes: &mut Notes<'_>) -> Option<Stream> {
    notes.stream = draft.number;
    notes.provider = notes.rules.provider_of(draft.verb);
    if draft.parameters.len() > MOST_PARAMETERS {
        let says = format!("{} parameters; no more than the first {MOST_PARAMETERS} are sent on", draft.parameters.len());
        notes.add(Lint::ParametersTooLarge, Some(draft.line), says);
        draft.parameters.truncate(MOST_PARAMETERS);
    }
    format::compare(&draft, notes);
    let Some(url) = &draft.url else {
        notes.add(Lint::UrlMissing, Some(draft.line), format!("the stream ({}) has no URL", draft.verb));
        return None;
    };
    let address = address::read(url, notes)?;
    Some(Stream {
        target: address.target,
        written: address::shown(&url.text),
        line: url.line,
        verb: draft.verb,
        provider: notes.provider,
        parameters: draft.parameters,
        track: draft.track.map(|track| Printable::capture(track.as_bytes(), 40)),
        audio: draft.audio,
        one_way: draft.one_way,
        mp3: draft.mp3,
        authorization: draft
            .authorization
            .or(address.authorization)
            .filter(|authorization| carried(authorization, draft.line, notes)),
    })
}

/// Can it stand in a header (RFC 9110 section 5.5)? What cannot would end the header and begin another one.
fn carried(authorization: &Authorization, line: u32, notes: &mut Notes<'_>) -> bool {
    let value = match authorization {
        Authorization::Bearer(value) | Authorization::Custom(value) => value.expose(),
        // In base64, and made by nobody.
        Authorization::Basic(..) | Authorization::Vonage => return true,
    };
    let fits = !value.is_empty() && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !fits {
        notes.add(Lint::AuthorizationInvalid, Some(line), "the token has characters that no header can carry, and is left out");
    }
    fits
}
