//! Exotel's AgentStream: the applets Voicebot (two ways) and Stream (one way).
//!
//! Source: developer.exotel.com/docs/agentstream (websocket-protocol, stream-voicebot-applet).

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Base64, Named, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, HeardAudio, Incoming, Moment, Remarks, Speaker, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::Warning;

/// How large a piece of the server's audio is to be: a multiple in bytes, the least in time, and the most in bytes.
const CHUNK_UNIT: usize = 320;
const SHORTEST_CHUNK: Duration = Duration::from_millis(100);
const LARGEST_CHUNK: usize = 100_000;

pub(super) const FACTS: Facts = Facts {
    title: "Exotel AgentStream",
    formats: &[
        AudioFormat { codec: Codec::L16, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 24_000 },
    ],
    cadence: Duration::from_millis(100),
    fixed_frame: false,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::from_secs(1),
    keys: &[
        CallKey::CallId,
        CallKey::StreamId,
        CallKey::AccountId,
        CallKey::From,
        CallKey::To,
        CallKey::Parameters,
        CallKey::OneWay,
    ],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms { call: ids::hex, stream: ids::hex, account: ids::hex, session: ids::hex },
    about: About {
        sends: &[
            "A query in the URL is carried. `?sample-rate=16000` in it is how Exotel is told the rate: it has to be the \
             `sample_rate` of the monitor, which is not compared with it. `basic_auth` stands for `wss://key:token@…`.",
            "`connected` and `start`, then `media` every 100 ms, `stop` at the end. All numbers are texts, those of `media_format` too.",
            "`parameters` arrive in `custom_parameters`; Exotel takes them from the query, so write them there as well (3 of them, 256 \
             characters in all).",
            "`one_way = true` stands for the applet Stream: nothing may come back.",
        ],
        checks: &[
            "`media`, `mark` and `clear` with our `stream_sid`. A `mark` is sent back when the audio before it has been played or was cleared.",
            "The size of the audio in a message: a multiple of 320 bytes, 100 ms at least (1,600 bytes at 8 kHz, 3,200 at 16 kHz) and 100,000 \
             bytes at most (`frame_size_wrong`). Exotel plays smaller pieces with gaps.",
            "Binary messages, unknown events, missing fields, a wrong `stream_sid`, audio that is no standard base64 or has the header of a \
             file.",
            "Close codes: Exotel lists those of RFC 6455, which the report names anyway.",
        ],
        unverified: &[
            "Exotel's page has 3.2 kB as the least size and calls that 100 ms, which it is at 16 kHz alone. Here the 100 ms count.",
            "What `stop` holds: here `call_sid`, `account_sid` and `reason` (`callended`).",
            "The form of the ids; here 32 hexadecimal digits: `call_id`, `stream_id`, `account_id`.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/exotel?sample-rate=16000\"\ndialect = \"exotel\"\naudio = { sample_rate = 16_000 }",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "event",
    kinds: &[
        Kind { name: "media", required: &[("stream_sid", Is::Text), ("media.payload", Is::Text)], optional: &[] },
        Kind { name: "mark", required: &[("stream_sid", Is::Text), ("mark.name", Is::Text)], optional: &[] },
        Kind { name: "clear", required: &[("stream_sid", Is::Text)], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

#[derive(Serialize)]
struct Connected {
    event: &'static str,
}

#[derive(Serialize)]
struct Start<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_sid: &'a str,
    start: StartDetails<'a>,
}

#[derive(Serialize)]
struct StartDetails<'a> {
    stream_sid: &'a str,
    call_sid: &'a str,
    account_sid: &'a str,
    from: &'a str,
    to: &'a str,
    custom_parameters: Parameters<'a>,
    media_format: MediaFormat,
}

#[derive(Serialize)]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: Quoted<u32>,
    bit_rate: Quoted<u32>,
}

#[derive(Serialize)]
struct Media<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_sid: &'a str,
    media: MediaDetails<'a>,
}

#[derive(Serialize)]
struct MediaDetails<'a> {
    chunk: Quoted<u64>,
    timestamp: Quoted<u128>,
    payload: Base64<'a>,
}

#[derive(Serialize)]
struct Mark<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_sid: &'a str,
    mark: Named<'a>,
}

#[derive(Serialize)]
struct Stop<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_sid: &'a str,
    stop: StopDetails<'a>,
}

#[derive(Serialize)]
struct StopDetails<'a> {
    call_sid: &'a str,
    account_sid: &'a str,
    reason: &'static str,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Exotel(Line);

impl Exotel {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self(Line::new(settings, call))
    }
}

fn check_size(audio: Option<&HeardAudio<'_>>, format: AudioFormat, remarks: &mut Remarks) {
    let Some(size) = audio.map(|audio| audio.bytes.len()) else { return };
    let smallest = format.frame_bytes(SHORTEST_CHUNK);
    if !size.is_multiple_of(CHUNK_UNIT) || !(smallest..=LARGEST_CHUNK).contains(&size) {
        let says = || {
            format!(
                "{size} bytes of audio in a message; Exotel wants multiples of {CHUNK_UNIT} from {smallest} to {LARGEST_CHUNK}"
            )
        };
        remarks.note(Warning::FrameSizeWrong, says);
    }
}

impl Speaker for Exotel {
    fn greet(&mut self) -> Vec<Wire> {
        let sequence_number = Quoted(self.0.next_sequence());
        let sample_rate = Quoted(self.0.settings.audio.sample_rate);
        let start = StartDetails {
            stream_sid: &self.0.call.stream_id,
            call_sid: &self.0.call.call_id,
            account_sid: &self.0.call.account_id,
            from: &self.0.settings.from,
            to: &self.0.settings.to,
            custom_parameters: Parameters(&self.0.settings.parameters),
            media_format: MediaFormat { encoding: "audio/x-raw", sample_rate, bit_rate: Quoted(16) },
        };
        let start = Start { event: "start", sequence_number, stream_sid: &self.0.call.stream_id, start };
        vec![self.0.ink.json(&Connected { event: "connected" }), self.0.ink.json(&start)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let sequence_number = Quoted(self.0.next_sequence());
        let payload = self.0.settings.sound.frame(n);
        let media = MediaDetails {
            chunk: Quoted(self.0.next_chunk()),
            // The second chunk of the documentation's example is at 200: the end of the frame counts.
            timestamp: Quoted(self.0.milliseconds(n + 1)),
            payload: Base64(&payload),
        };
        self.0.ink.json(&Media { event: "media", sequence_number, stream_sid: &self.0.call.stream_id, media })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let format = self.0.settings.audio;
        let heard = self.0.hear(&GRAMMAR, "stream_sid", message, moment.remarks);
        check_size(heard.audio.as_ref(), format, moment.remarks);
        heard
    }

    fn played(&mut self, mark: &str, _cleared: bool) -> Option<Wire> {
        let sequence_number = Quoted(self.0.next_sequence());
        let mark = Mark { event: "mark", sequence_number, stream_sid: &self.0.call.stream_id, mark: Named { name: mark } };
        Some(self.0.ink.json(&mark))
    }

    fn farewell(&mut self) -> Farewell {
        let sequence_number = Quoted(self.0.next_sequence());
        let stop = StopDetails { call_sid: &self.0.call.call_id, account_sid: &self.0.call.account_id, reason: "callended" };
        let stop = Stop { event: "stop", sequence_number, stream_sid: &self.0.call.stream_id, stop };
        Farewell { frames: vec![self.0.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Playback, Provider};

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Exotel, |_| ())
    }

    const ID: &str = "11111111111111111111111111111111";

    fn media(bytes: usize) -> String {
        let payload = BASE64_STANDARD.encode(vec![0x11; bytes]);
        format!(r#"{{"event":"media","stream_sid":"{ID}","media":{{"payload":"{payload}"}}}}"#)
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let start = concat!(
            r#"{"event":"start","sequence_number":"1","stream_sid":"11111111111111111111111111111111","#,
            r#""start":{"stream_sid":"11111111111111111111111111111111","call_sid":"11111111111111111111111111111111","#,
            r#""account_sid":"11111111111111111111111111111111","from":"+12025550100","to":"+12025550101","#,
            r#""custom_parameters":{"agent":"booking"},"#,
            r#""media_format":{"encoding":"audio/x-raw","sample_rate":"8000","bit_rate":"16"}}}"#
        );
        assert_eq!(call.greeting(), [r#"{"event":"connected"}"#, start]);
        let silence = format!("{}AA==", "A".repeat(2132));
        let media = |sequence: u64, chunk: u64, timestamp: u64| {
            format!(
                r#"{{"event":"media","sequence_number":"{sequence}","stream_sid":"{ID}","media":{{"chunk":"{chunk}","timestamp":"{timestamp}","payload":"{silence}"}}}}"#
            )
        };
        assert_eq!(call.frame(0), media(2, 1, 100));
        assert_eq!(call.frame(1), media(3, 2, 200));
        assert_eq!(call.frame(5), media(4, 3, 600), "a slot that was left out moves the time and not the count");
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = call();
        call.greeting();
        let last = (0..6_000).map(|n| call.frame(n)).last().unwrap();
        let expected = format!(
            r#"{{"event":"media","sequence_number":"6001","stream_sid":"{ID}","media":{{"chunk":"6000","timestamp":"600000","#
        );
        assert!(last.starts_with(&expected), "{last}");
        let stop = format!(
            r#"{{"event":"stop","sequence_number":"6002","stream_sid":"{ID}","stop":{{"call_sid":"{ID}","account_sid":"{ID}","reason":"callended"}}}}"#
        );
        assert_eq!(call.farewell(), (vec![stop], Duration::from_secs(1)));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        call.greeting();
        assert_eq!(call.hear(&media(3_200)), Meant { audio: Some((vec![0x11; 3_200], false)), ..Meant::default() });
        let mark = format!(r#"{{"event":"mark","stream_sid":"{ID}","mark":{{"name":"m1"}}}}"#);
        assert_eq!(call.hear(&mark), Meant { mark: Some("m1".into()), ..Meant::default() });
        let answer = |sequence: u64| {
            format!(r#"{{"event":"mark","sequence_number":"{sequence}","stream_sid":"{ID}","mark":{{"name":"m1"}}}}"#)
        };
        assert_eq!((call.played("m1"), call.cleared("m1")), (vec![answer(2)], vec![answer(3)]));
        let clear = format!(r#"{{"event":"clear","stream_sid":"{ID}"}}"#);
        assert_eq!(call.hear(&clear), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_odd() {
        let rows = [
            (media(1_280), Some(Warning::FrameSizeWrong)),
            (media(1_599), Some(Warning::FrameSizeWrong)),
            (media(1_600), None),
            (media(4_096), Some(Warning::FrameSizeWrong)),
            (media(99_840), None),
            (media(100_160), Some(Warning::FrameSizeWrong)),
            (r#"{"event":"clear","stream_sid":"x"}"#.to_owned(), Some(Warning::WrongStreamId)),
            (r#"{"event":"clear"}"#.to_owned(), Some(Warning::InvalidField)),
            (format!(r#"{{"event":"media","stream_sid":"{ID}","media":{{}}}}"#), Some(Warning::InvalidField)),
            (format!(r#"{{"event":"dtmf","stream_sid":"{ID}"}}"#), Some(Warning::UnknownEvent)),
            ("hello".to_owned(), Some(Warning::NotJson)),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), Vec::from_iter(warning), "{} bytes", message.len());
        }
        let mut call = call();
        call.hear_binary(&[0x11; 3_200]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
    }

    #[test]
    fn the_least_size_is_a_time() {
        for (sample_rate, smallest) in [(8_000, 1_600), (16_000, 3_200), (24_000, 4_800)] {
            let mut call = Rehearsal::new(Provider::Exotel, |settings| settings.audio.sample_rate = sample_rate);
            call.hear(&media(smallest));
            assert_eq!(call.odd(), [], "{sample_rate}");
            call.hear(&media(smallest - CHUNK_UNIT));
            assert_eq!(call.odd(), [Warning::FrameSizeWrong], "{sample_rate}");
        }
    }

    #[test]
    fn what_is_for_another_stream_has_no_effect() {
        for rest in
            [r#""event":"media","media":{"payload":"EQ=="}"#, r#""event":"mark","mark":{"name":"m1"}"#, r#""event":"clear""#]
        {
            let mut call = call();
            let message = format!(r#"{{"stream_sid":"other",{rest}}}"#);
            assert_eq!((call.hear(&message), call.odd()), (Meant::default(), vec![Warning::WrongStreamId]), "{rest}");
        }
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Exotel, |settings| settings.one_way = true);
        call.hear(&format!(r#"{{"event":"clear","stream_sid":"{ID}"}}"#));
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
