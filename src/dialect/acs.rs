//! Azure Communication Services: media streaming of Call Automation.
//!
//! Source: MicrosoftDocs/azure-docs, Call Automation's audio streaming quickstart, and the SDKs `azure-communication-callautomation`.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::IdForms;
use super::ink::Base64;
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Speaker, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::wall::Timestamp;

pub(super) const FACTS: Facts = Facts {
    title: "Azure Communication Services media streaming",
    formats: &[AudioFormat { codec: Codec::L16, sample_rate: 16_000 }, AudioFormat { codec: Codec::L16, sample_rate: 24_000 }],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: true,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::CallId, CallKey::StreamId, CallKey::SessionId, CallKey::From, CallKey::OneWay],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "`x-ms-call-correlation-id` is the `session_id`, `x-ms-call-connection-id` the `call_id`.",
            "Azure's signed JWT in `Authorization` cannot be made by anyone else: a server that checks it is to be given a token of its own \
             (`bearer_token_file`), or refuses the monitor.",
            "`AudioMetadata`, then `AudioData` every 20 ms; at the end the connection is closed. `subscriptionId` is the `stream_id`, \
             `participantRawID` is `4:` and `from` (a caller from the telephone network). `silent` is true for frames of silence.",
            "`one_way = true` stands for `enableBidirectional = false`: nothing may come back.",
        ],
        checks: &[
            "`AudioData` and `StopAudio`, with keys of any case.",
            "Binary messages, unknown kinds, missing fields, audio that is no standard base64 or has the header of a file.",
        ],
        unverified: &[
            "Whether the JWT is in `Authorization` or in `Authentication`: the documentation has both.",
            "What `timestamp` is the time of; here of the beginning of the frame, counted from the 101.",
            "`participantRawID` in a mixed stream.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/acs\"\ndialect = \"acs\"\naudio = { sample_rate = 24_000 }",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "kind",
    kinds: &[
        Kind { name: "AudioData", required: &[("audioData.data", Is::Text)], optional: &[] },
        Kind { name: "StopAudio", required: &[], optional: &[] },
    ],
    strict: false,
    any_case: true,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioMetadata<'a> {
    kind: &'static str,
    audio_metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    subscription_id: &'a str,
    encoding: &'static str,
    sample_rate: u32,
    channels: u8,
    length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioData<'a> {
    kind: &'static str,
    audio_data: Audio<'a>,
}

#[derive(Serialize)]
struct Audio<'a> {
    timestamp: Timestamp,
    #[serde(rename = "participantRawID")]
    participant_raw_id: &'a str,
    data: Base64<'a>,
    silent: bool,
}

/// The headers of the upgrade.
pub(super) fn headers(call: &Call) -> Vec<(&'static str, String)> {
    vec![("x-ms-call-correlation-id", call.session_id.clone()), ("x-ms-call-connection-id", call.call_id.clone())]
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Acs {
    line: Line,
    /// The caller: `4:` stands for a telephone number.
    participant: String,
}

impl Acs {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self { participant: format!("4:{}", settings.from), line: Line::new(settings, call) }
    }
}

impl Speaker for Acs {
    fn greet(&mut self) -> Vec<Wire> {
        let audio = self.line.settings.audio;
        let audio_metadata = Metadata {
            subscription_id: &self.line.call.stream_id,
            encoding: "PCM",
            sample_rate: audio.sample_rate,
            channels: 1,
            length: audio.frame_bytes(self.line.settings.cadence),
        };
        vec![self.line.ink.json(&AudioMetadata { kind: "AudioMetadata", audio_metadata })]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let data = self.line.settings.sound.frame(n);
        let slots = u64::try_from(self.line.milliseconds(n)).unwrap_or(u64::MAX);
        let since_1970 = Duration::from_millis(self.line.call.up_unix_ms.saturating_add(slots));
        let audio_data = Audio {
            timestamp: Timestamp::from_unix_seconds(0).plus(since_1970),
            participant_raw_id: &self.participant,
            data: Base64(&data),
            silent: self.line.settings.audio.codec.is_silence(&data),
        };
        self.line.ink.json(&AudioData { kind: "AudioData", audio_data })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let Some(message) = GRAMMAR.hear(message, &self.line.settings, remarks) else { return Heard::default() };
        match message.kind {
            "AudioData" => message.audio("audioData.data", &mut self.line.reader, remarks),
            _ => Heard::playback(Playback::Clear),
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
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Dialect, Provider};
    use crate::outcome::Warning;

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Acs, |_| ())
    }

    fn data(timestamp: &str, data: &str, silent: bool) -> String {
        format!(
            r#"{{"kind":"AudioData","audioData":{{"timestamp":"{timestamp}","participantRawID":"4:+12025550100","data":"{data}","silent":{silent}}}}}"#
        )
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let metadata = concat!(
            r#"{"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"11111111-1111-4111-9111-111111111111","#,
            r#""encoding":"PCM","sampleRate":16000,"channels":1,"length":640}}"#
        );
        assert_eq!(call.greeting(), [metadata]);
        let silence = format!("{}AA==", "A".repeat(852));
        assert_eq!(call.frame(0), data("2026-11-20T10:00:00.000Z", &silence, true));
        assert_eq!(call.frame(1), data("2026-11-20T10:00:00.020Z", &silence, true));
        assert_eq!(call.frame(5), data("2026-11-20T10:00:00.100Z", &silence, true));
    }

    #[test]
    fn a_caller_who_speaks_is_not_silent() {
        let mut call = Rehearsal::new(Provider::Acs, |settings| {
            settings.audio = AudioFormat { codec: Codec::L16, sample_rate: 24_000 };
            settings.sound = Sound::tone(settings.audio, settings.cadence, 1_000);
        });
        assert!(call.greeting()[0].ends_with(r#""sampleRate":24000,"channels":1,"length":960}}"#));
        let frame = call.frame(0);
        assert!(frame.ends_with(r#"","silent":false}}"#), "{frame}");
    }

    #[test]
    fn ten_minutes_end_at_the_right_time() {
        let mut call = call();
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        assert!(last.contains(r#""timestamp":"2026-11-20T10:09:59.980Z""#), "{last}");
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn the_time_counts_from_the_101() {
        let mut call = call();
        call.up_at(1_795_168_808_000);
        assert!(call.frame(1).contains(r#""timestamp":"2026-11-20T10:00:08.020Z""#));
    }

    #[test]
    fn the_upgrade_tells_the_call() {
        let dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Acs)));
        let mut bits = 0..;
        let call = dialect.place(&mut || bits.next().unwrap_or_default(), 0);
        let expected =
            vec![("x-ms-call-correlation-id", call.session_id.clone()), ("x-ms-call-connection-id", call.call_id.clone())];
        assert_eq!(dialect.headers(&call), expected);
        assert_ne!(call.session_id, call.call_id);
    }

    #[test]
    fn every_documented_reply_in_any_case() {
        let mut call = call();
        call.greeting();
        let rows = [
            r#"{"Kind":"AudioData","AudioData":{"Data":"EREREQ=="},"StopAudio":null}"#,
            r#"{"kind":"AudioData","audioData":{"data":"EREREQ==","timestamp":null,"participantRawID":null,"silent":false}}"#,
            r#"{"kind":"audioData","audiodata":{"DATA":"EREREQ=="}}"#,
        ];
        for audio in rows {
            assert_eq!(call.hear(audio), Meant { audio: Some((vec![0x11; 4], false)), ..Meant::default() }, "{audio}");
        }
        for stop in
            [r#"{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}"#, r#"{"kind":"StopAudio","audioData":null,"stopAudio":{}}"#]
        {
            assert_eq!(call.hear(stop), Meant { playback: Some(Playback::Clear), ..Meant::default() }, "{stop}");
        }
        assert_eq!((call.odd(), call.played("m1")), (vec![], vec![]));
    }

    #[test]
    fn what_is_odd() {
        let rows = [
            (r#"{"kind":"AudioData","audioData":{}}"#, Warning::InvalidField),
            (r#"{"kind":"AudioData","audioData":null}"#, Warning::InvalidField),
            (r#"{"event":"media"}"#, Warning::InvalidField),
            (r#"{"kind":"Mark"}"#, Warning::UnknownEvent),
            (r#"{"kind":"AudioData","audioData":{"data":"ERER"}}"#, Warning::FrameSizeWrong),
            (r#"{"kind":"AudioData","audioData":{"data":"?"}}"#, Warning::Base64Invalid),
            ("hello", Warning::NotJson),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(message);
            assert!(call.odd().contains(&warning), "{message}");
        }
        let mut call = call();
        call.hear_binary(&[0x11; 640]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Acs, |settings| settings.one_way = true);
        call.hear(r#"{"kind":"StopAudio"}"#);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
