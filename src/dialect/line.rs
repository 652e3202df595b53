//! What a speaker of JSON envelopes has: the call and its settings, the buffer, the reader, and the counters; and how `media`, `mark` and
//! `clear` are heard, which others have copied from Twilio.

use super::envelope::{AudioReader, Grammar};
use super::ink::{Base64, Chunk, Ink, Quoted};
use super::{Call, CallSettings, Heard, Incoming, Playback, Remarks};

/// The speaker's side of one call.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) settings: CallSettings,
    pub(super) call: Call,
    pub(super) ink: Ink,
    pub(super) reader: AudioReader,
    sequence: u64,
    chunk: u64,
}

impl Line {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            sequence: settings.first_sequence_number,
            settings: settings.clone(),
            call: call.clone(),
            ink: Ink::default(),
            chunk: 0,
        }
    }

    /// The number of the next message.
    pub(super) const fn next_sequence(&mut self) -> u64 {
        let number = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        number
    }

    /// The number of the next media message, from 1.
    pub(super) const fn next_chunk(&mut self) -> u64 {
        self.chunk = self.chunk.wrapping_add(1);
        self.chunk
    }

    /// The `media` object of the next frame, at the end of so many slots.
    pub(super) fn chunk<'p>(&mut self, slots: u64, payload: &'p [u8]) -> Chunk<'p> {
        let timestamp = Quoted(self.milliseconds(slots));
        Chunk { track: self.settings.track.label(), chunk: Quoted(self.next_chunk()), timestamp, payload: Base64(payload) }
    }

    /// What a message of `media`, `mark` and `clear` means; other kinds of the grammar have no effect, and neither has a message for
    /// another stream, which the provider does not play. The stream's id is at `stream_id`.
    pub(super) fn hear<'a>(
        &'a mut self,
        grammar: &Grammar,
        stream_id: &str,
        message: Incoming<'a>,
        remarks: &mut Remarks,
    ) -> Heard<'a> {
        let Some(message) = grammar.hear(message, &self.settings, remarks) else { return Heard::default() };
        if !message.is_ours(stream_id, &self.call.stream_id, remarks) {
            return Heard::default();
        }
        match message.kind {
            "media" => message.audio("media.payload", &mut self.reader, remarks),
            "mark" => message.mark("mark.name"),
            "clear" => Heard::playback(Playback::Clear),
            _ => Heard::default(),
        }
    }

    /// How long so many media slots last, in milliseconds.
    pub(super) fn milliseconds(&self, slots: u64) -> u128 {
        u128::from(slots) * self.settings.cadence.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Provider};

    #[test]
    fn counters_and_time() {
        let settings = CallSettings { first_sequence_number: u64::MAX, ..CallSettings::new(Provider::Exotel) };
        let call = Dialect::Provider(Box::new(settings.clone())).place(&mut || 7, 0);
        let mut line = Line::new(&settings, &call);
        assert_eq!((line.next_sequence(), line.next_sequence(), line.next_sequence()), (u64::MAX, 0, 1));
        assert_eq!((line.next_chunk(), line.next_chunk()), (1, 2));
        assert_eq!(line.milliseconds(6_000), 600_000);
    }
}
