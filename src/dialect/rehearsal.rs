//! What the dialects' tests share: a call with known ids, and its speaker.

use std::time::Duration;

use super::{Call, CallSettings, Dialect, Farewell, Heard, Incoming, Moment, Playback, Provider, Remarks, Speaker, Turn, Wire};
use crate::audio::AudioFormat;
use crate::outcome::Warning;
use crate::secret::Secret;

/// A call whose random ids are made of the digit 1, at 2026-11-20T10:00:00Z.
pub(super) struct Rehearsal {
    pub(super) speaker: Box<dyn Speaker>,
    pub(super) call: Call,
    dialect: Dialect,
    pub(super) remarks: Remarks,
}

/// What a message came to, without its borrows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Meant {
    /// The audio, and is it silent?
    pub(super) audio: Option<(Vec<u8>, bool)>,
    pub(super) unmeasured: bool,
    /// The audio's own format.
    pub(super) format: Option<AudioFormat>,
    pub(super) replies: Vec<String>,
    pub(super) mark: Option<String>,
    pub(super) playback: Option<Playback>,
    pub(super) turn: Turn,
}

/// The hexadecimal digit 1, 32 times.
const BITS: u128 = u128::MAX / 15;

pub(super) fn settings(provider: Provider, change: impl FnOnce(&mut CallSettings)) -> CallSettings {
    let mut settings = CallSettings::new(provider);
    settings.parameters = vec![("agent".to_owned(), Secret::new("booking"))];
    change(&mut settings);
    settings
}

impl Rehearsal {
    pub(super) fn new(provider: Provider, change: impl FnOnce(&mut CallSettings)) -> Self {
        let dialect = Dialect::Provider(Box::new(settings(provider, change)));
        let call = dialect.place(&mut || BITS, 1_795_168_800_000);
        Self { speaker: dialect.open(&call), call, dialect, remarks: Remarks::default() }
    }

    /// The same call, whose line is open later than the probe began.
    pub(super) fn up_at(&mut self, unix_ms: u64) {
        self.speaker = self.dialect.open(&self.call.up_at(unix_ms));
    }

    pub(super) fn greeting(&mut self) -> Vec<String> {
        self.speaker.greet().iter().map(text).collect()
    }

    pub(super) fn frame(&mut self, n: u64) -> String {
        text(&self.speaker.frame(n))
    }

    pub(super) fn hear(&mut self, message: &str) -> Meant {
        self.hear_at(Duration::from_secs(1), Duration::ZERO, Incoming::Text(message))
    }

    pub(super) fn hear_binary(&mut self, message: &[u8]) -> Meant {
        self.hear_at(Duration::from_secs(1), Duration::ZERO, Incoming::Binary(message))
    }

    pub(super) fn hear_at(&mut self, at: Duration, queued: Duration, message: Incoming<'_>) -> Meant {
        meant(self.speaker.hear(Moment { at, queued, remarks: &mut self.remarks }, message))
    }

    /// Lets the dialect say what is due; nothing if that is later.
    pub(super) fn speak_at(&mut self, at: Duration, queued: Duration) -> Meant {
        if self.speaker.due().is_none_or(|due| due > at) {
            return Meant::default();
        }
        meant(self.speaker.speak(Moment { at, queued, remarks: &mut self.remarks }))
    }

    /// What is said when the audio before the mark has been played.
    pub(super) fn played(&mut self, mark: &str) -> Vec<String> {
        self.speaker.played(mark, false).iter().map(text).collect()
    }

    /// What is said when the audio before the mark was cleared.
    pub(super) fn cleared(&mut self, mark: &str) -> Vec<String> {
        self.speaker.played(mark, true).iter().map(text).collect()
    }

    pub(super) fn farewell(&mut self) -> (Vec<String>, Duration) {
        let Farewell { frames, server_may_close_first } = self.speaker.farewell();
        (frames.iter().map(text).collect(), server_may_close_first)
    }

    /// The oddities so far, and forgets them.
    pub(super) fn odd(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.remarks).iter().map(|remark| remark.warning).collect()
    }
}

fn meant(heard: Heard<'_>) -> Meant {
    Meant {
        format: heard.audio.and_then(|audio| audio.format),
        audio: heard.audio.map(|audio| (audio.bytes.to_vec(), audio.silent)),
        replies: heard.replies.iter().map(text).collect(),
        unmeasured: heard.unmeasured,
        mark: heard.mark.map(|mark| mark.name),
        playback: heard.playback,
        turn: heard.turn,
    }
}

/// A text frame as text; a binary one as `binary:` and its bytes in hexadecimal.
pub(super) fn text(wire: &Wire) -> String {
    match wire {
        Wire::Text(bytes) => String::from_utf8(bytes.to_vec()).expect("text frames are UTF-8"),
        Wire::Binary(bytes) => bytes.iter().fold("binary:".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}
