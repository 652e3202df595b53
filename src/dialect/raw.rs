//! `raw`: configurable frames for servers without a provider's protocol, and the simplest dialect there is.
//!
//! Text frames after the 101, one repeating media frame at a fixed cadence, text frames before the Close. Every binary message
//! that comes is taken for audio in the configured format; every text message is just a message.

use std::time::Duration;

use bytes::Bytes;

use super::{Farewell, Heard, Incoming, Wire};
use crate::audio::AudioFormat;

/// What is sent as media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawFrame {
    /// Binary frames of silence, as long as the cadence, in the configured format.
    Silence,
    /// The same text frame again and again.
    Text(String),
    /// The same binary frame again and again.
    Binary(Vec<u8>),
    /// No media at all.
    Nothing,
}

/// The settings of `[monitor.raw]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSettings {
    /// Text frames right after the 101.
    pub hello: Vec<String>,
    /// The media frame.
    pub frame: RawFrame,
    /// The pause between two media frames; 1 ms or more.
    pub cadence: Duration,
    /// Codec and rate: the size of a frame of silence, and how audio that comes is measured.
    pub audio: AudioFormat,
    /// Text frames before our Close.
    pub farewell: Vec<String>,
}

impl RawSettings {
    /// The pause between two media frames, if there are any.
    #[must_use]
    pub const fn cadence(&self) -> Option<Duration> {
        match self.frame {
            RawFrame::Nothing => None,
            RawFrame::Silence | RawFrame::Text(_) | RawFrame::Binary(_) => Some(self.cadence),
        }
    }
}

impl Default for RawSettings {
    fn default() -> Self {
        Self {
            hello: Vec::new(),
            frame: RawFrame::Silence,
            cadence: Duration::from_millis(20),
            audio: AudioFormat::MULAW_8K,
            farewell: Vec::new(),
        }
    }
}

/// The voice of one probe.
#[derive(Debug)]
pub struct RawVoice {
    hello: Vec<Wire>,
    frame: Wire,
    farewell: Vec<Wire>,
    audio: AudioFormat,
}

impl RawVoice {
    pub(super) fn new(settings: &RawSettings) -> Self {
        let texts = |list: &[String]| list.iter().map(|text| Wire::text(text)).collect();
        let frame = match &settings.frame {
            RawFrame::Silence => Wire::Binary(settings.audio.silence(settings.cadence).into()),
            RawFrame::Text(text) => Wire::text(text),
            RawFrame::Binary(bytes) => Wire::Binary(Bytes::copy_from_slice(bytes)),
            RawFrame::Nothing => Wire::Binary(Bytes::new()),
        };
        Self { hello: texts(&settings.hello), frame, farewell: texts(&settings.farewell), audio: settings.audio }
    }

    pub(super) fn greet(&mut self) -> Vec<Wire> {
        std::mem::take(&mut self.hello)
    }

    pub(super) fn frame(&self, _n: u64) -> Wire {
        self.frame.clone()
    }

    pub(super) fn hear(&self, message: Incoming<'_>) -> Heard {
        match message {
            Incoming::Text(_) => Heard::Message,
            Incoming::Binary(bytes) => Heard::Audio { bytes: bytes.len(), silent: self.audio.codec.is_silence(bytes) },
        }
    }

    pub(super) fn farewell(&mut self) -> Farewell {
        Farewell { frames: std::mem::take(&mut self.farewell), server_may_close_first: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    #[test]
    fn silence_is_one_frame_of_the_cadence() {
        let dialect = Dialect::Raw(RawSettings::default());
        let mut voice = dialect.open();
        assert_eq!(voice.greet(), vec![]);
        assert_eq!(voice.frame(0), Wire::Binary(vec![0xFF; 160].into()));
        assert_eq!(voice.frame(1).payload().as_ptr(), voice.frame(2).payload().as_ptr(), "frames share their bytes");
    }

    #[test]
    fn hello_and_farewell_are_said_once() {
        let settings =
            RawSettings { hello: vec!["a".into(), "b".into()], farewell: vec!["bye".into()], ..RawSettings::default() };
        let mut voice = Dialect::Raw(settings).open();
        assert_eq!(voice.greet(), vec![Wire::text("a"), Wire::text("b")]);
        assert_eq!(voice.greet(), vec![]);
        assert_eq!(voice.farewell().frames, vec![Wire::text("bye")]);
    }

    #[test]
    fn binary_is_audio_and_text_is_not() {
        let mut voice = Dialect::Raw(RawSettings::default()).open();
        assert_eq!(voice.hear(Incoming::Text("hi")), Heard::Message);
        assert_eq!(voice.hear(Incoming::Binary(&[0xFF, 0x7F])), Heard::Audio { bytes: 2, silent: true });
        assert_eq!(voice.hear(Incoming::Binary(&[0x12, 0x34])), Heard::Audio { bytes: 2, silent: false });
    }
}
