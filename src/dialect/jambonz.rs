//! jambonz `listen`: the call's attributes as JSON, then binary L16 both ways, or `playAudio` in JSON.
//!
//! Source: docs.jambonz.org/verbs/verbs/listen, and `lib/tasks/listen.js` of `jambonz/jambonz-feature-server` for the attributes.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Is, Kind, Message, is_a_rate, quote};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::IdForms;
use super::ink::{Ink, Parameters};
use super::{Call, CallSettings, Farewell, Heard, HeardAudio, Incoming, Moment, Playback, Remarks, Speaker, Turn, Wire};
use crate::audio::AudioFormat;
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "jambonz",
    formats: &[l16(8_000), l16(16_000), l16(24_000), l16(48_000)],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: false,
    query_is_lost: false,
    subprotocol: Some("audio.jambonz.org"),
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[
        CallKey::CallId,
        CallKey::StreamId,
        CallKey::AccountId,
        CallKey::SessionId,
        CallKey::From,
        CallKey::To,
        CallKey::Parameters,
        CallKey::OneWay,
        CallKey::ServerSampleRate,
    ],
    codes: &[],
    failure: |_| None,
    // The limit is one of messages, not of time.
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "`wsAuth` of the verb is `basic_auth`.",
            "The call's attributes, with the verb's `metadata` (`parameters`) beside them, then binary L16 (`mixType` mono). `call_id` is \
             `callSid`, `account_id` is `accountSid`, `stream_id` is `applicationSid` and `session_id` is `callId`, the Call-ID of SIP. \
             There is no goodbye but the Close.",
            "`one_way = true` stands for `bidirectionalAudio.enabled: false`: no audio may come back.",
        ],
        checks: &[
            "`playAudio` (raw or WAV, in base64), answered with `playDone` when it has been played; at most 10 of them may wait behind the one \
             that is played. `killAudio` empties the queue. `disconnect` ends the call.",
            "`mark` is answered with `playout` when the audio before it has been played, or with `cleared` after `killAudio`. `clearMarks` \
             takes marks back: they have no answer.",
            "Binary audio, as with `bidirectionalAudio.streaming: true`, in the call's rate, or in `server_sample_rate` \
             (`bidirectionalAudio.sampleRate`).",
            "A `playAudio` is measured by its `sampleRate`, one with a WAV by the header of that. An echo is recognised in the call's rate \
             alone.",
        ],
        unverified: &[
            "The audio endpoint of the official Node SDK chooses the subprotocol `audio.drachtio.org`. Of our offer it chooses none, which is \
             the warning `subprotocol_not_chosen`; `subprotocols = [\"audio.jambonz.org\", \"audio.drachtio.org\"]` offers both.",
            "jambonz also has 64 kHz, which is not offered here.",
            "That every `playAudio` has its `playDone`, those that were stopped by `killAudio` too, and what `playDone` holds beside its `type`.",
            "`callerName` is an attribute of jambonz, and is not sent: `parameters` can have it.",
            "The attributes are those of a call that has been answered; jambonz sends further ones that depend on its installation.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/listen\"\ndialect = \"jambonz\"\nsubprotocols = [\"audio.jambonz.org\", \"audio.drachtio.org\"]",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "type",
    kinds: &[
        Kind {
            name: "playAudio",
            required: &[("data.audioContent", Is::Text), ("data.audioContentType", Is::Text)],
            optional: &["data.sampleRate"],
        },
        Kind { name: "killAudio", required: &[], optional: &[] },
        Kind { name: "disconnect", required: &[], optional: &[] },
        Kind { name: "mark", required: &[("data.name", Is::Text)], optional: &[] },
        Kind { name: "clearMarks", required: &[], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

/// How many `playAudio` may wait behind the one that is played.
const MOST_QUEUED: usize = 10;

/// The mark of the hold that stands for the end of a `playAudio`. The marks of the server begin with the number of their generation.
const PLAY: &str = "play";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    sample_rate: u32,
    mix_type: &'static str,
    call_sid: &'a str,
    direction: &'static str,
    from: &'a str,
    to: &'a str,
    call_id: &'a str,
    sip_status: u16,
    sip_reason: &'static str,
    call_status: &'static str,
    account_sid: &'a str,
    application_sid: &'a str,
    #[serde(flatten)]
    metadata: Parameters<'a>,
}

#[derive(Serialize)]
struct PlayDone {
    r#type: &'static str,
}

#[derive(Serialize)]
struct Mark<'a> {
    r#type: &'static str,
    data: MarkData<'a>,
}

#[derive(Serialize)]
struct MarkData<'a> {
    name: &'a str,
    event: &'static str,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Jambonz {
    settings: CallSettings,
    call: Call,
    ink: Ink,
    reader: AudioReader,
    /// `playAudio`s that are played or wait.
    playing: usize,
    /// Marks of an earlier generation were taken back.
    generation: u64,
}

impl Jambonz {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            settings: settings.clone(),
            call: call.clone(),
            ink: Ink::default(),
            playing: 0,
            generation: 0,
        }
    }

    fn play(&mut self, message: &Message<'_>, remarks: &mut Remarks) -> Heard<'_> {
        self.note_one_way(remarks);
        self.playing += 1;
        if self.playing > MOST_QUEUED + 1 {
            remarks.note(Warning::PlaybackOverflow, || format!("more than {MOST_QUEUED} `playAudio` wait to be played"));
        }
        let content = message.text("data.audioContent");
        let audio = match message.text("data.audioContentType") {
            Some("wav" | "wave") => content.and_then(|content| self.reader.wav_base64(content, remarks)),
            Some("raw") => {
                let format = self.own_rate(message, remarks);
                content.and_then(|content| self.reader.base64_in(format, content, remarks))
            }
            Some(_) => {
                let says = || "`data.audioContentType` of a `playAudio` is neither `raw` nor `wav`".to_owned();
                remarks.note(Warning::InvalidField, says);
                None
            }
            None => None,
        };
        Heard { audio, ..Heard::notice(PLAY) }
    }

    /// The format of a `playAudio`, if its rate is another one than the call's.
    fn own_rate(&self, message: &Message<'_>, remarks: &mut Remarks) -> Option<AudioFormat> {
        let theirs = message.number("data.sampleRate").map(|rate| rate.to_string());
        let theirs = theirs.as_deref().or_else(|| message.text("data.sampleRate"))?;
        let rate = theirs.parse().ok().filter(|rate| is_a_rate(*rate));
        if rate.is_none() {
            remarks.note(Warning::InvalidField, || format!("`data.sampleRate` of a `playAudio` is {}", quote(theirs)));
        }
        rate.map(l16).filter(|format| *format != self.settings.audio)
    }

    fn note_one_way(&self, remarks: &mut Remarks) {
        if self.settings.one_way {
            remarks.note(Warning::MessageOnOneWayStream, || "the server talks on a stream that only listens".to_owned());
        }
    }

    /// The server's own name of a mark that it has not taken back.
    fn name_of<'m>(&self, mark: &'m str) -> Option<&'m str> {
        let (generation, name) = mark.split_once(' ')?;
        (generation.parse() == Ok(self.generation)).then_some(name)
    }
}

impl Speaker for Jambonz {
    fn greet(&mut self) -> Vec<Wire> {
        let attributes = Attributes {
            sample_rate: self.settings.audio.sample_rate,
            mix_type: "mono",
            call_sid: &self.call.call_id,
            direction: "inbound",
            from: &self.settings.from,
            to: &self.settings.to,
            call_id: &self.call.session_id,
            sip_status: 200,
            sip_reason: "OK",
            call_status: "in-progress",
            account_sid: &self.call.account_id,
            application_sid: &self.call.stream_id,
            metadata: Parameters(&self.settings.parameters),
        };
        vec![self.ink.json(&attributes)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        Wire::Binary(self.settings.sound.frame(n))
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let text = match message {
            Incoming::Binary(bytes) => {
                self.note_one_way(remarks);
                let audio =
                    HeardAudio { format: self.settings.server_sample_rate.map(l16), ..self.reader.binary(bytes, remarks) };
                return Heard { audio: Some(audio), ..Heard::default() };
            }
            Incoming::Text(text) => text,
        };
        let Some(message) = GRAMMAR.read(text, remarks) else { return Heard::default() };
        match message.kind {
            "playAudio" => self.play(&message, remarks),
            "killAudio" => Heard::playback(Playback::Clear),
            "disconnect" => Heard::turn(Turn::HungUp),
            "mark" => {
                let name = message.text("data.name").map(|name| format!("{} {name}", self.generation));
                name.as_deref().map_or_else(Heard::default, Heard::mark)
            }
            _ => {
                self.generation += 1;
                Heard::playback(Playback::Unmark)
            }
        }
    }

    fn played(&mut self, mark: &str, cleared: bool) -> Option<Wire> {
        if mark == PLAY {
            self.playing = self.playing.saturating_sub(1);
            return Some(self.ink.json(&PlayDone { r#type: "playDone" }));
        }
        let data = MarkData { name: self.name_of(mark)?, event: if cleared { "cleared" } else { "playout" } };
        Some(self.ink.json(&Mark { r#type: "mark", data }))
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
        Rehearsal::new(Provider::Jambonz, |_| ())
    }

    const DONE: &str = r#"{"type":"playDone"}"#;

    fn play(content: &str, content_type: &str) -> String {
        format!(
            r#"{{"type":"playAudio","data":{{"audioContent":"{content}","audioContentType":"{content_type}","sampleRate":"8000"}}}}"#
        )
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let attributes = concat!(
            r#"{"sampleRate":8000,"mixType":"mono","callSid":"11111111-1111-4111-9111-111111111111","direction":"inbound","#,
            r#""from":"+12025550100","to":"+12025550101","callId":"11111111-1111-4111-9111-111111111111","sipStatus":200,"#,
            r#""sipReason":"OK","callStatus":"in-progress","accountSid":"11111111-1111-4111-9111-111111111111","#,
            r#""applicationSid":"11111111-1111-4111-9111-111111111111","agent":"booking"}"#
        );
        assert_eq!(call.greeting(), [attributes]);
        assert_eq!(call.frame(0), format!("binary:{}", "00".repeat(320)));
        assert_eq!(FACTS.subprotocol, Some("audio.jambonz.org"));
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        for (sample_rate, bytes) in [(8_000, 320), (16_000, 640), (24_000, 960), (48_000, 1_920)] {
            let mut call = Rehearsal::new(Provider::Jambonz, |settings| {
                settings.audio = l16(sample_rate);
                settings.sound = Sound::silence(settings.audio, settings.cadence);
            });
            assert!(call.greeting()[0].starts_with(&format!(r#"{{"sampleRate":{sample_rate},"#)));
            assert_eq!((0..30_000).map(|n| call.speaker.frame(n).payload().len()).sum::<usize>(), 30_000 * bytes);
            assert_eq!(call.farewell(), (vec![], Duration::ZERO));
        }
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        let audio = Some((vec![0x11, 0x11], false));
        let played = Meant { audio: audio.clone(), mark: Some(PLAY.into()), ..Meant::default() };
        assert_eq!(call.hear(&play("ERE=", "raw")), played);
        assert_eq!(call.played(PLAY), [DONE]);
        assert_eq!(call.hear(r#"{"type":"killAudio"}"#), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.hear(r#"{"type":"disconnect"}"#), Meant { turn: Turn::HungUp, ..Meant::default() });
        assert_eq!(call.hear_binary(&[0x11, 0x11]), Meant { audio, ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn a_wav_file_is_played_without_its_header() {
        let mut call = call();
        // RIFF, WAVE, fmt with two bytes, data with "wxyz".
        let meant = call.hear(&play("UklGRiQAAABXQVZFZm10IAIAAABBQmRhdGEEAAAAd3h5eg==", "wav"));
        assert_eq!(meant.audio, Some((b"wxyz".to_vec(), false)));
        assert_eq!(call.odd(), []);
        call.hear(&play("UklGRiQAAABXQVZFZm10IAIAAABBQmRhdGEEAAAAd3h5eg==", "raw"));
        assert_eq!(call.odd(), [Warning::ContainerInAudio]);
    }

    #[test]
    fn audio_has_the_rate_that_it_says() {
        let play = |rate: &str| {
            format!(r#"{{"type":"playAudio","data":{{"audioContent":"ERE=","audioContentType":"raw","sampleRate":{rate}}}}}"#)
        };
        let rows = [
            ("8000", None, vec![]),
            (r#""8000""#, None, vec![]),
            (r#""24000""#, Some(l16(24_000)), vec![]),
            ("16000", Some(l16(16_000)), vec![]),
            (r#""wide""#, None, vec![Warning::InvalidField]),
            ("0", None, vec![Warning::InvalidField]),
        ];
        for (rate, format, odd) in rows {
            let mut call = call();
            assert_eq!((call.hear(&play(rate)).format, call.odd()), (format, odd), "{rate}");
        }
        let mut call = Rehearsal::new(Provider::Jambonz, |settings| settings.server_sample_rate = Some(24_000));
        assert_eq!(call.hear_binary(&[0x11; 4]).format, Some(l16(24_000)));
    }

    #[test]
    fn marks_are_played_out_or_cleared_or_taken_back() {
        let mut call = call();
        let mark = |call: &mut Rehearsal| call.hear(r#"{"type":"mark","data":{"name":"greeting over"}}"#).mark.unwrap();
        let first = mark(&mut call);
        let answer = |event: &str| format!(r#"{{"type":"mark","data":{{"name":"greeting over","event":"{event}"}}}}"#);
        assert_eq!(call.played(&first), [answer("playout")]);
        assert_eq!(call.cleared(&first), [answer("cleared")]);
        assert_eq!(call.hear(r#"{"type":"clearMarks"}"#), Meant { playback: Some(Playback::Unmark), ..Meant::default() });
        assert!(call.played(&first).is_empty() && call.cleared(&first).is_empty());
        let second = mark(&mut call);
        assert_eq!(call.played(&second), [answer("playout")]);
        assert_eq!(call.played(PLAY), [DONE], "what is played is not taken back");
    }

    #[test]
    fn ten_may_wait() {
        let mut call = call();
        for _ in 0..11 {
            call.hear(&play("ERE=", "raw"));
        }
        assert_eq!(call.odd(), []);
        call.hear(&play("ERE=", "raw"));
        assert_eq!(call.odd(), [Warning::PlaybackOverflow]);
        call.played(PLAY);
        call.played(PLAY);
        call.hear(&play("ERE=", "raw"));
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_odd() {
        let rows = [
            ("hello".to_owned(), Warning::NotJson),
            (r#"{"event":"mark"}"#.to_owned(), Warning::InvalidField),
            (r#"{"type":"clear"}"#.to_owned(), Warning::UnknownEvent),
            (r#"{"type":"mark","data":{}}"#.to_owned(), Warning::InvalidField),
            (play("ERE=", "mp3"), Warning::InvalidField),
            (play("-_8=", "raw"), Warning::Base64UrlSafe),
            (play("EREREQ", "raw"), Warning::Base64Invalid),
            (play("EQ==", "raw"), Warning::FrameSizeWrong),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = Rehearsal::new(Provider::Jambonz, |settings| settings.one_way = true);
        call.hear_binary(&[1, 1]);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
