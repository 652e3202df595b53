//! Voice servers: the customer's side of every provider's protocol, well-behaved and not.
//!
//! A well-behaved one hears the hello, checks each field of it and of everything that follows, greets with a second of a tone, sets a mark
//! where the provider has marks, and then sends the caller's audio back. A caller's mistake is a Close 4400 whose reason names the field.
//!
//! Deliberately absent: sockets and clocks ([`Session`] is a pure machine, `attend` drives it), signatures and the provider's webhooks, and
//! everything of `crate::dialect`: this is written from the providers' documentation alone, so that it does not share the speakers' mistakes.
//!
//! Invariant: no message of a caller makes a session panic or grow; what it keeps is bounded by one message.

mod asterisk;
mod attend;
mod binary;
mod clerk;
mod envelope;
mod genesys;
mod grammar;
mod players;
mod providers;
mod realtime;
mod relay;
mod session;
mod tone;

use std::fmt::Debug;
use std::time::Duration;

pub(super) use attend::attend;
pub(super) use session::Session;

use crate::audio::AudioFormat;

/// The mark that every server sets behind its greeting.
const MARK: &str = "greeting";
/// The close code for a caller's mistake.
const MISTAKE: u16 = 4400;
/// The id of a stream that is nobody's.
const FOREIGN_ID: &str = "MZ00000000000000000000000000000000";

/// What a voice server speaks and does.
#[derive(Clone, Copy, Debug)]
pub(super) struct VoiceScript {
    pub(super) dialect: Dialect,
    pub(super) twist: Twist,
    /// From the hello to the greeting, in milliseconds.
    pub(super) greet_after_ms: u64,
    /// Does the hello have to have a parameter `token` that a webhook here has minted?
    pub(super) asks_for_token: bool,
}

/// Whose customer the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Dialect {
    Twilio,
    SignalWire,
    Telnyx,
    Plivo,
    Vobiz,
    Bandwidth,
    Exotel,
    Vonage,
    Infobip,
    Jambonz,
    Asterisk,
    Genesys,
    GenesysConnector,
    Acs,
    Sinch,
    ConversationRelay,
    OpenAiRealtime,
}

/// What a server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Twist {
    /// Nothing.
    Good,
    /// Hears everything and says nothing.
    Silent,
    /// Closes with 1011 right after the hello.
    ClosesAfterStart,
    /// Closes with 1000 right after the goodbye, as it may.
    ClosesOnStop,
    /// Talks at twice the byte rate, in frames of twice the size or twice as often.
    WrongRate,
    /// Answers for another stream.
    WrongStreamId,
    /// Sends a binary message among the text.
    Binary,
    /// Sends text that is not JSON.
    NotJson,
    /// Sends an event that the provider does not have.
    UnknownEvent,
    /// Sends media without a payload.
    NoPayload,
    /// Sends media with a field too many.
    ExtraField,
    /// Writes base64 in the URL-safe alphabet.
    UrlSafe,
    /// Writes base64 without its padding.
    Unpadded,
    /// Begins its audio with the header of a WAV file.
    WavHeader,
    /// Sends silence without end.
    SilenceOnly,
    /// Sends more than ten minutes of audio at once.
    Overflow,
    /// Sets no mark.
    NoMark,
    /// Cuts its audio into pieces of odd sizes.
    OddPieces,
    /// Never opens the session.
    NotOpened,
    /// Refuses the session.
    Refuses,
    /// Refuses the session with the provider's word for "no".
    Rejects,
    /// Numbers its messages wrongly.
    WrongSequence,
    /// Does not answer the provider's own pings.
    NoPong,
    /// Does not answer the provider's own goodbye.
    NoClosed,
    /// Tells of an error of its own.
    ReportsError,
    /// Ends the call in the provider's words.
    HangsUp,
}

/// A message of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message<'m> {
    Text(&'m str),
    Binary(&'m [u8]),
}

/// What the server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Text(String),
    Binary(Vec<u8>),
    /// Nothing more is said after it.
    Close(u16, String),
}

/// What a caller did wrong, for the Close.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Mistake(String);

impl Mistake {
    fn new(field: &str, what: impl AsRef<str>) -> Self {
        Self(format!("{field} {}", what.as_ref()))
    }
}

/// What a message of the caller was.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// The end of the hello.
    Opened,
    Audio(Vec<u8>),
    Words(String),
    Stopped,
}

/// A provider's protocol, from the server's side.
trait Protocol: Debug + Send {
    /// What is said right after the 101.
    fn open(&mut self, _say: &mut Vec<Action>) {}

    /// Takes a message in, and answers it where it is answered at once.
    fn hear(&mut self, at: Duration, message: Message<'_>, say: &mut Vec<Action>) -> Result<Heard, Mistake>;

    /// The answer to the hello, a moment after it.
    fn answer(&mut self, _say: &mut Vec<Action>) {}

    /// The format of the server's audio. `None`: it has no voice.
    fn voice(&self) -> Option<AudioFormat>;

    /// How long a piece of the server's audio is.
    fn piece(&self) -> Duration {
        Duration::from_millis(20)
    }

    /// Must all pieces have the same size?
    fn has_fixed_pieces(&self) -> bool {
        false
    }

    /// Says a piece of audio.
    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>);

    /// Sets the mark behind the greeting.
    fn mark(&mut self, _say: &mut Vec<Action>) {}

    /// Says words, where the protocol is one of words.
    fn words(&mut self, _text: &str, _say: &mut Vec<Action>) {}

    /// Ends the call in the provider's own words.
    fn hang_up(&mut self, _say: &mut Vec<Action>) {}
}

impl Dialect {
    fn protocol(self, twist: Twist) -> Box<dyn Protocol> {
        match self {
            Self::Twilio => Box::new(envelope::Envelope::new(&providers::TWILIO, twist)),
            Self::SignalWire => Box::new(envelope::Envelope::new(&providers::SIGNALWIRE, twist)),
            Self::Telnyx => Box::new(envelope::Envelope::new(&providers::TELNYX, twist)),
            Self::Plivo => Box::new(envelope::Envelope::new(&players::PLIVO, twist)),
            Self::Vobiz => Box::new(envelope::Envelope::new(&players::VOBIZ, twist)),
            Self::Bandwidth => Box::new(envelope::Envelope::new(&players::BANDWIDTH, twist)),
            Self::Exotel => Box::new(envelope::Envelope::new(&providers::EXOTEL, twist)),
            Self::Acs => Box::new(envelope::Envelope::new(&players::ACS, twist)),
            Self::Vonage => Box::new(binary::Binary::new(binary::Maker::Vonage, twist)),
            Self::Infobip => Box::new(binary::Binary::new(binary::Maker::Infobip, twist)),
            Self::Sinch => Box::new(binary::Binary::new(binary::Maker::Sinch, twist)),
            Self::Jambonz => Box::new(binary::Binary::new(binary::Maker::Jambonz, twist)),
            Self::Asterisk => Box::new(asterisk::Asterisk::new()),
            Self::Genesys => Box::new(genesys::Genesys::new(twist, false)),
            Self::GenesysConnector => Box::new(genesys::Genesys::new(twist, true)),
            Self::ConversationRelay => Box::new(relay::Relay::new()),
            Self::OpenAiRealtime => Box::new(realtime::Realtime::new(twist)),
        }
    }
}

impl VoiceScript {
    /// Greets 0.2 s after the hello.
    pub(super) const fn new(dialect: Dialect, twist: Twist) -> Self {
        Self { dialect, twist, greet_after_ms: 200, asks_for_token: false }
    }

    /// Speaks to whoever has a token alone.
    pub(super) const fn guarded(dialect: Dialect) -> Self {
        Self { asks_for_token: true, ..Self::new(dialect, Twist::Good) }
    }

    /// The server of calls that a webhook has announced, each at a path of its own.
    pub(super) const ANNOUNCED: Self = Self::new(Dialect::Telnyx, Twist::Good);

    /// Greets 3 s after the hello.
    pub(super) const fn late(dialect: Dialect) -> Self {
        Self { greet_after_ms: 3_000, ..Self::new(dialect, Twist::Good) }
    }

    /// The same with the greeting at the time that a second segment of the path says: `1500ms`, up to 60 s.
    pub(super) fn timed(self, delay: &str) -> Option<Self> {
        const LONGEST_MS: u64 = 60_000;
        let digits = delay.strip_suffix("ms")?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        let greet_after_ms = plain.then(|| digits.parse().ok()).flatten().filter(|ms| *ms <= LONGEST_MS)?;
        Some(Self { greet_after_ms, ..self })
    }
}
