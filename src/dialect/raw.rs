//! `raw`: configurable frames for servers without a provider's protocol, and the simplest dialect there is.
//!
//! Text frames after the 101, one repeating media frame at a fixed cadence, text frames before the Close. Every binary message
//! that comes is taken for audio in the configured format; every text message is just a message.

use std::time::Duration;

use bytes::Bytes;

use super::{Farewell, Heard, HeardAudio, Incoming, Moment, Speaker, Wire};
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

/// The speaker of one probe.
#[derive(Debug)]
pub(super) struct RawSpeaker {
    hello: Vec<Wire>,
    frame: Wire,
    farewell: Vec<Wire>,
    audio: AudioFormat,
}

impl RawSpeaker {
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
}

impl Speaker for RawSpeaker {
    fn greet(&mut self) -> Vec<Wire> {
        std::mem::take(&mut self.hello)
    }

    fn frame(&mut self, _n: u64) -> Wire {
        self.frame.clone()
    }

    fn hear<'a>(&'a mut self, _moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        match message {
            Incoming::Text(_) => Heard::default(),
            Incoming::Binary(bytes) => {
                let audio = HeardAudio { bytes, silent: self.audio.codec.is_silence(bytes), format: None };
                Heard { audio: Some(audio), ..Heard::default() }
            }
        }
    }

    fn farewell(&mut self) -> Farewell {
        Farewell { frames: std::mem::take(&mut self.farewell), server_may_close_first: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Remarks};

    fn open(settings: RawSettings) -> Box<dyn Speaker> {
        let dialect = Dialect::Raw(settings);
        dialect.open(&dialect.place(&mut || 7, 0))
    }

    #[test]
    fn silence_is_one_frame_of_the_cadence() {
        let mut speaker = open(RawSettings::default());
        assert_eq!(speaker.greet(), vec![]);
        assert_eq!(speaker.frame(0), Wire::Binary(vec![0xFF; 160].into()));
        assert_eq!(speaker.frame(1).payload().as_ptr(), speaker.frame(2).payload().as_ptr(), "frames share their bytes");
    }

    #[test]
    fn hello_and_farewell_are_said_once() {
        let settings =
            RawSettings { hello: vec!["a".into(), "b".into()], farewell: vec!["bye".into()], ..RawSettings::default() };
        let mut speaker = open(settings);
        assert_eq!(speaker.greet(), vec![Wire::text("a"), Wire::text("b")]);
        assert_eq!(speaker.greet(), vec![]);
        assert_eq!(speaker.farewell().frames, vec![Wire::text("bye")]);
    }

    #[test]
    fn binary_is_audio_and_text_is_not() {
        let mut speaker = open(RawSettings::default());
        for (message, audio) in [
            (Incoming::Text("hi"), None),
            (Incoming::Binary(&[0xFF, 0x7F]), Some((2, true))),
            (Incoming::Binary(&[0x12, 0x34]), Some((2, false))),
        ] {
            let mut remarks = Remarks::default();
            let moment = Moment { at: Duration::ZERO, queued: Duration::ZERO, remarks: &mut remarks };
            let heard = speaker.hear(moment, message);
            assert_eq!(heard.audio.map(|audio| (audio.bytes.len(), audio.silent)), audio, "{message:?}");
        }
    }
}
