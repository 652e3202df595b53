//! What a voice protocol says on the wire: hello, media, replies, goodbye.
//!
//! A [`Dialect`] is a monitor's setting; [`Dialect::open`] makes the [`Voice`] of one probe, which owns counters and ids.
//! Deliberately absent: sockets, clocks, randomness (ids are handed in), and judgement (the hold does that).
//!
//! Invariant: a `Voice` never fails. Whatever bytes come, [`Voice::hear`] says what they are.
//!
//! A new dialect is one file, one variant here and its arms; the compiler finds the places.

pub mod raw;

use std::time::Duration;

use bytes::Bytes;

use crate::audio::AudioFormat;

/// What a monitor speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Configurable frames, no protocol of its own.
    Raw(raw::RawSettings),
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

/// What a message means in the dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message without audio.
    Message,
    /// Audio of so many bytes after decoding; is every sample zero?
    Audio {
        /// Decoded bytes.
        bytes: usize,
        /// Nothing but zeros.
        silent: bool,
    },
}

/// How a dialect says goodbye.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Farewell {
    /// Frames before the Close, in order (`stop` and the like).
    pub frames: Vec<Wire>,
    /// How long the server may take to close first after them, before we do; zero to close at once.
    pub server_may_close_first: Duration,
}

impl Dialect {
    /// The word in `monitors.toml`, in metrics and in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Raw(_) => "raw",
        }
    }

    /// The pause between two media frames; `None` if the dialect sends none.
    #[must_use]
    pub const fn cadence(&self) -> Option<Duration> {
        match self {
            Self::Raw(settings) => settings.cadence(),
        }
    }

    /// The format of the audio in both directions.
    #[must_use]
    pub const fn audio(&self) -> AudioFormat {
        match self {
            Self::Raw(settings) => settings.audio,
        }
    }

    /// The dialect's voice for one probe.
    #[must_use]
    pub fn open(&self) -> Voice {
        match self {
            Self::Raw(settings) => Voice::Raw(raw::RawVoice::new(settings)),
        }
    }
}

/// A dialect in the course of one probe.
#[derive(Debug)]
pub enum Voice {
    /// See [`raw`].
    Raw(raw::RawVoice),
}

impl Voice {
    /// The frames right after the 101, in order.
    pub fn greet(&mut self) -> Vec<Wire> {
        match self {
            Self::Raw(voice) => voice.greet(),
        }
    }

    /// Media frame number `n`, counted from 0.
    pub fn frame(&mut self, n: u64) -> Wire {
        match self {
            Self::Raw(voice) => voice.frame(n),
        }
    }

    /// What a message that came means.
    pub fn hear(&mut self, message: Incoming<'_>) -> Heard {
        match self {
            Self::Raw(voice) => voice.hear(message),
        }
    }

    /// The goodbye.
    pub fn farewell(&mut self) -> Farewell {
        match self {
            Self::Raw(voice) => voice.farewell(),
        }
    }
}
