//! What a voice protocol says on the wire: hello, media, replies, goodbye.
//!
//! A [`Dialect`] is a monitor's setting. [`Dialect::place`] draws the ids of one call, and [`Dialect::open`] makes the [`Speaker`] that
//! plays the provider's part in it. One file for each provider, with its [`Facts`] and its speaker; what they share is in `ink` (what goes
//! out), `envelope` (JSON that comes in) and `ids`.
//!
//! Deliberately absent: sockets, clocks, randomness (times and ids are handed in), and judgement (the hold and the verdict do that).
//!
//! Invariant: a speaker never fails. Whatever bytes come, [`Speaker::hear`] says what they are, and what it keeps of them is bounded.

mod acs;
mod asterisk;
mod bandwidth;
mod call;
mod conversation_relay;
mod envelope;
mod exotel;
mod facts;
mod genesys;
mod ids;
mod infobip;
mod ink;
mod jambonz;
mod line;
mod openai_realtime;
mod page;
mod plivo;
mod provider;
pub mod raw;
#[cfg(test)]
mod rehearsal;
mod remarks;
mod signalwire;
mod sinch;
mod telnyx;
#[cfg(test)]
mod tests;
mod twilio;
mod vonage;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;

pub use call::{Call, CallSettings, FixedIds, Form, Track};
pub use facts::{About, CallKey, Facts, Opening};
pub use page::markdown;
pub use provider::Provider;
pub use remarks::{Remark, Remarks};

use crate::audio::{AudioFormat, Sound};

/// What a monitor speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Configurable frames, no protocol of its own.
    Raw(raw::RawSettings),
    /// A provider's protocol.
    Provider(Box<CallSettings>),
}

/// A data frame as it goes out. Cheap to clone, so that a frame that repeats is encoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A text frame; UTF-8 by construction.
    Text(Bytes),
    /// A binary frame.
    Binary(Bytes),
}

impl Wire {
    /// A text frame.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// A message as it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// What a message means in the dialect. A message that means nothing beyond itself is the default.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard<'a> {
    /// The audio in it.
    pub audio: Option<HeardAudio<'a>>,
    /// What the provider answers at once, in order.
    pub replies: Vec<Wire>,
    /// Does it have audio that cannot be measured (MP3)? [`Heard::audio`] is nothing then.
    pub unmeasured: bool,
    /// A mark: [`Speaker::played`] has the answer that is due when everything before it has been played.
    pub mark: Option<Mark>,
    /// What becomes of the audio that waits to be played.
    pub playback: Option<Playback>,
    /// What becomes of the session.
    pub turn: Turn,
}

impl Heard<'_> {
    /// A message that is answered at once.
    pub(crate) fn reply(wire: Wire) -> Self {
        Self { replies: vec![wire], ..Self::default() }
    }

    /// A message that is answered when what came before it has been played.
    pub(crate) fn mark(name: &str) -> Self {
        Self { mark: Some(Mark { name: name.to_owned(), counts: true }), ..Self::default() }
    }

    /// A message that is no mark of the server, and is answered when what came before it, or with it, has been played.
    pub(crate) fn notice(name: &str) -> Self {
        Self { mark: Some(Mark { name: name.to_owned(), counts: false }), ..Self::default() }
    }

    /// A message with audio that cannot be measured.
    pub(crate) fn unmeasured() -> Self {
        Self { unmeasured: true, ..Self::default() }
    }

    /// A message that turns the session.
    pub(crate) fn turn(turn: Turn) -> Self {
        Self { turn, ..Self::default() }
    }

    /// A message that stops, holds or resumes what is being played.
    pub(crate) fn playback(playback: Playback) -> Self {
        Self { playback: Some(playback), ..Self::default() }
    }
}

/// Audio that came, decoded from its envelope and still in its codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardAudio<'a> {
    /// The samples.
    pub bytes: &'a [u8],
    /// Is every sample zero?
    pub silent: bool,
    /// The format, if the message says another one than the call's.
    pub format: Option<AudioFormat>,
}

impl HeardAudio<'_> {
    /// How many bytes the same time takes in `format`, the call's.
    #[must_use]
    pub fn bytes_in(&self, format: AudioFormat) -> usize {
        let Some(own) = self.format else { return self.bytes.len() };
        let (ours, theirs) = (u128::from(format.byte_rate()), u128::from(own.byte_rate().max(1)));
        usize::try_from(self.bytes.len() as u128 * ours / theirs).unwrap_or(usize::MAX)
    }
}

/// A place in the audio, which is answered when it has been played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// What [`Speaker::played`] is given.
    pub name: String,
    /// Is it the server's own, and not one that the dialect sets to learn when audio has been played?
    pub counts: bool,
}

/// A command about the audio that waits to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playback {
    /// It is thrown away, and a pause ends; its marks are answered as cleared.
    Clear,
    /// It is held.
    Pause,
    /// It goes on.
    Resume,
    /// It stays, and the server takes back the marks in it.
    Unmark,
}

/// A turn that a message gives to the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    #[default]
    None,
    /// The server has opened it: media may begin.
    Opened,
    /// The server wants no audio of ours for now (and has opened the session, if it had not).
    Muted,
    /// The server wants our audio again.
    Unmuted,
    /// The server does not want it.
    Refused,
    /// The server ends it.
    HungUp,
    /// The server does not answer the dialect's own pings.
    Unanswered,
    /// The server has answered our goodbye.
    Parted,
}

/// When something comes, and where its oddities are noted.
#[derive(Debug)]
pub struct Moment<'r> {
    /// Since the 101.
    pub at: Duration,
    /// How much audio waits to be played.
    pub queued: Duration,
    /// What is odd goes here.
    pub remarks: &'r mut Remarks,
}

/// How a dialect says goodbye.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Farewell {
    /// Frames before the Close, in order (`stop` and the like).
    pub frames: Vec<Wire>,
    /// How long the server may take to close first (or to answer in the dialect) after them, before we do; zero to close at once.
    pub server_may_close_first: Duration,
}

/// The provider's part in one call.
pub trait Speaker: Debug + Send {
    /// The frames right after the 101, in order.
    fn greet(&mut self) -> Vec<Wire>;

    /// The media frame of slot `n`, counted from 0. Slots may be left out; sequence numbers count frames, timestamps count slots.
    fn frame(&mut self, n: u64) -> Wire;

    /// What a message means.
    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a>;

    /// What is said when `mark` has been played, or was cleared before that.
    fn played(&mut self, _mark: &str, _cleared: bool) -> Option<Wire> {
        None
    }

    /// When the dialect itself has something to say next, since the 101.
    fn due(&self) -> Option<Duration> {
        None
    }

    /// Says it; called when [`Speaker::due`] has come.
    fn speak(&mut self, _moment: Moment<'_>) -> Heard<'_> {
        Heard::default()
    }

    /// The goodbye.
    fn farewell(&mut self) -> Farewell;

    /// Does the dialect have an answer to the goodbye ([`Turn::Parted`]), other than a Close?
    fn expects_parting(&self) -> bool {
        false
    }
}

impl Dialect {
    /// The word in `monitors.toml`, in metrics and in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
            Self::Provider(settings) => settings.provider.label(),
        }
    }

    /// The provider's settings, if it is one.
    #[must_use]
    pub fn provider(&self) -> Option<&CallSettings> {
        match self {
            Self::Raw(_) => None,
            Self::Provider(settings) => Some(settings),
        }
    }

    /// The pause between two media frames; `None` if the dialect sends none.
    #[must_use]
    pub fn cadence(&self) -> Option<Duration> {
        match self {
            Self::Raw(settings) => settings.cadence(),
            Self::Provider(settings) => settings.sends_media().then_some(settings.cadence),
        }
    }

    /// The format of the audio in both directions.
    #[must_use]
    pub fn audio(&self) -> AudioFormat {
        match self {
            Self::Raw(settings) => settings.audio,
            Self::Provider(settings) => settings.audio,
        }
    }

    /// What we say, where it can be recognised when it comes back.
    #[must_use]
    pub fn sound(&self) -> Option<&Sound> {
        self.provider().map(|settings| &settings.sound)
    }

    /// How the session begins.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.provider().map_or(Opening::AtOnce, CallSettings::opening)
    }

    /// How long the goodbye may take before our Close.
    #[must_use]
    pub fn longest_farewell(&self) -> Duration {
        self.provider().map_or(Duration::ZERO, |settings| settings.provider.facts().server_may_close_first)
    }

    /// One call: fixed ids where the settings have them, fresh ones elsewhere. `fresh` draws 128 random bits.
    #[must_use]
    pub fn place(&self, fresh: &mut dyn FnMut() -> u128, unix_ms: u64) -> Call {
        match self {
            Self::Raw(_) => Call::anonymous(fresh, unix_ms),
            Self::Provider(settings) => Call::place(settings, fresh, unix_ms),
        }
    }

    /// The headers of the upgrade that tell the server which call this is.
    #[must_use]
    pub fn headers(&self, call: &Call) -> Vec<(&'static str, String)> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Provider(settings) => settings.provider.headers(call),
        }
    }

    /// The dialect's speaker for one call.
    #[must_use]
    pub fn open(&self, call: &Call) -> Box<dyn Speaker> {
        match self {
            Self::Raw(settings) => Box::new(raw::RawSpeaker::new(settings)),
            Self::Provider(settings) => settings.provider.open(settings, call),
        }
    }
}
