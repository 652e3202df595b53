//! Sinch `connectStream`: `connect`, an answer from the server, then binary L16 both ways.
//!
//! Source: developers.sinch.com, Voice API, `connectStream`; and the Voice Stream reference of Voice 2.0 for `clear`, `heartbeat` and the
//! buffer.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Kind};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::IdForms;
use super::ink::Ink;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Speaker, Turn, Wire};
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "Sinch",
    formats: &[l16(8_000), l16(16_000), l16(24_000), l16(48_000)],
    cadence: Duration::from_millis(20),
    fixed_frame: true,
    wss_only: true,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::WhenAnswered { within: Duration::from_secs(5) },
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::CallId, CallKey::AccountId, CallKey::Parameters, CallKey::AnswerWithin],
    codes: &[],
    failure: |_| None,
    // The limit is one of bytes: see `hear`.
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &["`connect` with `callId` (`call_id`), `applicationKey` (`account_id`) and \
             `callHeaders` (`parameters`, a list of `key` and `value`), and after the server's `answer` binary L16 of 20 ms. There is no \
             goodbye but the Close."],
        checks: &[
            "`answer` begins the audio; `busy` and `reject` refuse the call. Without one of them in time the probe fails (`app_not_answered`).",
            "`clear` empties the queue; `heartbeat` says that the server is there. More than 5 MB of audio that wait to be played are `playback_overflow`. Messages \
             longer than 20 ms are allowed.",
        ],
        unverified: &[
            "How long Sinch waits for the `answer` is not documented: 5 s here, `answer_within`.",
            "Voice 2.0 (a preview) documents `callHeaders` as an object of names and values.",
            "Sinch closes a line on which no audio or `heartbeat` came for a minute; here it stays open.",
            "44.1 and 96 kHz are not offered here.",
        ],
        opened_by: Some(r#"{"command":"answer"}"#),
        monitor: "url = \"wss://voice.example.com/sinch\"\ndialect = \"sinch\"\ncall = { answer_within = \"3s\" }",
    },
};

/// How much audio Sinch keeps, in bytes.
const LARGEST_BUFFER: u128 = 5_000_000;

const GRAMMAR: Grammar = Grammar {
    tag: "command",
    kinds: &[kind("answer"), kind("busy"), kind("reject"), kind("clear"), kind("heartbeat")],
    strict: false,
    any_case: false,
};

const fn kind(name: &'static str) -> Kind {
    Kind { name, required: &[], optional: &[] }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connect<'a> {
    command: &'static str,
    version: u8,
    call_id: &'a str,
    application_key: &'a str,
    codec: &'static str,
    sample_rate: u32,
    call_headers: Vec<CallHeader<'a>>,
}

#[derive(Serialize)]
struct CallHeader<'a> {
    key: &'a str,
    value: &'a str,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Sinch {
    settings: CallSettings,
    call: Call,
    ink: Ink,
    reader: AudioReader,
    is_answered: bool,
}

impl Sinch {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            settings: settings.clone(),
            call: call.clone(),
            ink: Ink::default(),
            is_answered: false,
        }
    }

    fn listen<'a>(&'a mut self, moment: Moment<'_>, bytes: &'a [u8]) -> Heard<'a> {
        let rate = u128::from(self.settings.audio.byte_rate());
        if moment.queued.as_millis() * rate / 1000 > LARGEST_BUFFER {
            moment.remarks.note(Warning::PlaybackOverflow, || "more than 5 MB of audio wait to be played".to_owned());
        }
        if !self.is_answered {
            moment.remarks.note(Warning::SequenceWrong, || "audio before the `answer`".to_owned());
        }
        Heard { audio: Some(self.reader.binary(bytes, moment.remarks)), ..Heard::default() }
    }

    /// `answer`, `busy` or `reject`.
    fn answered(&mut self, turn: Turn, moment: Moment<'_>) -> Heard<'_> {
        if self.is_answered {
            moment.remarks.note(Warning::SequenceWrong, || "a second answer to `connect`".to_owned());
            return Heard::default();
        }
        self.is_answered = true;
        Heard::turn(turn)
    }
}

impl Speaker for Sinch {
    fn greet(&mut self) -> Vec<Wire> {
        let connect = Connect {
            command: "connect",
            version: 1,
            call_id: &self.call.call_id,
            application_key: &self.call.account_id,
            codec: "PCM",
            sample_rate: self.settings.audio.sample_rate,
            call_headers: self.settings.parameters.iter().map(|(key, value)| CallHeader { key, value: value.expose() }).collect(),
        };
        vec![self.ink.json(&connect)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        Wire::Binary(self.settings.sound.frame(n))
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let text = match message {
            Incoming::Binary(bytes) => return self.listen(moment, bytes),
            Incoming::Text(text) => text,
        };
        let Some(message) = GRAMMAR.read(text, moment.remarks) else { return Heard::default() };
        match message.kind {
            "answer" => self.answered(Turn::Opened, moment),
            "busy" | "reject" => self.answered(Turn::Refused, moment),
            "clear" => Heard::playback(Playback::Clear),
            _ => Heard::default(),
        }
    }

    fn farewell(&mut self) -> Farewell {
        Farewell::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Sound;
    use crate::dialect::Provider;
    use crate::dialect::rehearsal::{Meant, Rehearsal};

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Sinch, |_| ())
    }

    fn turn(turn: Turn) -> Meant {
        Meant { turn, ..Meant::default() }
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        for (sample_rate, bytes) in [(8_000, 320), (16_000, 640), (24_000, 960), (48_000, 1_920)] {
            let mut call = Rehearsal::new(Provider::Sinch, |settings| {
                settings.audio = l16(sample_rate);
                settings.sound = Sound::silence(settings.audio, settings.cadence);
            });
            let connect = format!(
                r#"{{"command":"connect","version":1,"callId":"11111111-1111-4111-9111-111111111111","applicationKey":"11111111-1111-4111-9111-111111111111","codec":"PCM","sampleRate":{sample_rate},"callHeaders":[{{"key":"agent","value":"booking"}}]}}"#
            );
            assert_eq!(call.greeting(), [connect]);
            assert_eq!(call.frame(0), format!("binary:{}", "00".repeat(bytes)));
        }
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        let mut call = call();
        call.greeting();
        assert_eq!((0..30_000).map(|n| call.speaker.frame(n).payload().len()).sum::<usize>(), 600 * 16_000);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn every_documented_reply() {
        for (message, wanted) in [
            (r#"{"command":"answer"}"#, turn(Turn::Opened)),
            (r#"{"command":"busy"}"#, turn(Turn::Refused)),
            (r#"{"command":"reject"}"#, turn(Turn::Refused)),
            (r#"{"command":"clear"}"#, Meant { playback: Some(Playback::Clear), ..Meant::default() }),
            (r#"{"command":"heartbeat"}"#, Meant::default()),
        ] {
            let mut call = call();
            assert_eq!(call.hear(message), wanted, "{message}");
            assert_eq!(call.odd(), []);
        }
        let mut call = call();
        call.hear(r#"{"command":"answer"}"#);
        assert_eq!(call.hear_binary(&[1; 3_200]), Meant { audio: Some((vec![1; 3_200], false)), ..Meant::default() });
        assert_eq!(call.odd(), [], "longer messages are allowed");
    }

    #[test]
    fn what_is_odd() {
        for (message, warning) in [
            ("hello", Warning::NotJson),
            (r#"{"event":"answer"}"#, Warning::InvalidField),
            (r#"{"command":"hangup"}"#, Warning::UnknownEvent),
        ] {
            let mut call = call();
            call.hear(message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call();
        call.hear_binary(&[1; 320]);
        assert_eq!(call.odd(), [Warning::SequenceWrong]);
        call.hear(r#"{"command":"answer"}"#);
        call.hear(r#"{"command":"answer"}"#);
        assert_eq!(call.odd(), [Warning::SequenceWrong]);
        call.hear_binary(&[1; 319]);
        assert_eq!(call.odd(), [Warning::FrameSizeWrong]);
        call.hear_at(Duration::from_secs(2), Duration::from_secs(312), Incoming::Binary(&[1; 320]));
        assert_eq!(call.odd(), []);
        call.hear_at(Duration::from_secs(2), Duration::from_secs(313), Incoming::Binary(&[1; 320]));
        assert_eq!(call.odd(), [Warning::PlaybackOverflow]);
    }
}
