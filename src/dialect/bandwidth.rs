//! Bandwidth's BXML `<StartStream>`.
//!
//! Source: dev.bandwidth.com/docs/voice/programmable-voice/bxml/startStream for what Bandwidth sends. What it takes in the mode
//! `bidirectional` has no official page that could be found; it is known from two independent public servers.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Base64, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Speaker, Wire};
use crate::audio::AudioFormat;

pub(super) const FACTS: Facts = Facts {
    title: "Bandwidth StartStream",
    formats: &[AudioFormat::MULAW_8K],
    cadence: Duration::from_millis(20),
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::from_secs(1),
    keys: &[CallKey::CallId, CallKey::StreamId, CallKey::AccountId, CallKey::Parameters, CallKey::OneWay],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms { call: ids::bandwidth_call, stream: ids::bandwidth_stream, account: ids::number, session: ids::uuid },
    about: About {
        sends: &[
            "The upgrade is not signed. `basic_auth` stands for `destinationUsername` and `destinationPassword`.",
            "No `connected`: `start`, then `media` every 20 ms, `stop` at the end. The kinds are told apart by `eventType`. `parameters` \
             arrive in `streamParams` (Bandwidth has 12 at most).",
            "`one_way = true` stands for the mode `unidirectional`, which is Bandwidth's default: nothing may come back.",
        ],
        checks: &[
            "`playAudio` and `clear`. There are no marks.",
            "Audio of another `contentType` than `audio/pcmu` (`invalid_field`; it is measured as if it were μ-law, so that \
             `audio_rate_wrong` follows).",
            "Binary messages, unknown events, missing fields, audio that is no standard base64 or has the header of a file.",
        ],
        unverified: &[
            "All that the server may send. Public servers also send `audio/pcm;rate=…` in `playAudio`, which Bandwidth is said to take: \
             leave `invalid_field` a warning if yours does.",
            "`sequenceNumber` in `media`: seen in public servers, not in the documentation.",
            "What `stop` holds: here, what `start` holds in `metadata`.",
            "Whether `ws://` is dialled.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/bandwidth\"\ndialect = \"bandwidth\"\ncall = { parameters = { x-synthetic = \"1\" } }",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "eventType",
    kinds: &[
        Kind { name: "playAudio", required: &[("media.contentType", Is::Text), ("media.payload", Is::Text)], optional: &[] },
        Kind { name: "clear", required: &[], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    event_type: &'static str,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    stream_params: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    account_id: &'a str,
    call_id: &'a str,
    stream_id: &'a str,
    stream_name: &'a str,
    tracks: [Track; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Track {
    name: &'static str,
    media_format: MediaFormat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: &'static str,
    sample_rate: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Media<'a> {
    event_type: &'static str,
    track: &'static str,
    payload: Base64<'a>,
    sequence_number: Quoted<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    event_type: &'static str,
    metadata: Metadata<'a>,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Bandwidth(Line);

impl Bandwidth {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self(Line::new(settings, call))
    }
}

fn metadata(call: &Call) -> Metadata<'_> {
    Metadata {
        account_id: &call.account_id,
        call_id: &call.call_id,
        stream_id: &call.stream_id,
        // A stream without a name of its own is named by its id.
        stream_name: &call.stream_id,
        tracks: [Track { name: "inbound", media_format: MediaFormat { encoding: "audio/PCMU", sample_rate: 8_000 } }],
    }
}

impl Speaker for Bandwidth {
    fn greet(&mut self) -> Vec<Wire> {
        let stream_params = Parameters(&self.0.settings.parameters);
        vec![self.0.ink.json(&Start { event_type: "start", metadata: metadata(&self.0.call), stream_params })]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let payload = self.0.settings.sound.frame(n);
        let sequence_number = Quoted(self.0.next_sequence());
        self.0.ink.json(&Media { event_type: "media", track: "inbound", payload: Base64(&payload), sequence_number })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let Some(message) = GRAMMAR.hear(message, &self.0.settings, remarks) else { return Heard::default() };
        match message.kind {
            "playAudio" => {
                message.check_value("media.contentType", "audio/pcmu", remarks);
                message.audio("media.payload", &mut self.0.reader, remarks)
            }
            _ => Heard::playback(Playback::Clear),
        }
    }

    fn farewell(&mut self) -> Farewell {
        let stop = Stop { event_type: "stop", metadata: metadata(&self.0.call) };
        Farewell { frames: vec![self.0.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Provider;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::outcome::Warning;

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Bandwidth, |_| ())
    }

    const METADATA: &str = concat!(
        r#""metadata":{"accountId":"7214097","callId":"c-11111111-1111-4111-9111-111111111111","#,
        r#""streamId":"s-11111111-1111-4111-9111-111111111111","streamName":"s-11111111-1111-4111-9111-111111111111","#,
        r#""tracks":[{"name":"inbound","mediaFormat":{"encoding":"audio/PCMU","sampleRate":8000}}]}"#
    );

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let start = format!(r#"{{"eventType":"start",{METADATA},"streamParams":{{"agent":"booking"}}}}"#);
        assert_eq!(call.greeting(), [start]);
        let silence = format!("{}/w==", "////".repeat(53));
        let media = |sequence: u64| {
            format!(r#"{{"eventType":"media","track":"inbound","payload":"{silence}","sequenceNumber":"{sequence}"}}"#)
        };
        assert_eq!((call.frame(0), call.frame(1), call.frame(5)), (media(1), media(2), media(3)));
    }

    #[test]
    fn no_parameters_leave_no_trace() {
        let mut call = Rehearsal::new(Provider::Bandwidth, |settings| settings.parameters.clear());
        assert_eq!(call.greeting(), [format!(r#"{{"eventType":"start",{METADATA}}}"#)]);
    }

    #[test]
    fn ten_minutes_end_with_the_right_number() {
        let mut call = call();
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        assert!(last.ends_with(r#""sequenceNumber":"30000"}"#));
        let stop = format!(r#"{{"eventType":"stop",{METADATA}}}"#);
        assert_eq!(call.farewell(), (vec![stop], Duration::from_secs(1)));
    }

    #[test]
    fn every_known_reply() {
        let mut call = call();
        call.greeting();
        for content_type in ["audio/pcmu", "audio/PCMU"] {
            let play = format!(r#"{{"eventType":"playAudio","media":{{"contentType":"{content_type}","payload":"EQ=="}}}}"#);
            assert_eq!(call.hear(&play), Meant { audio: Some((vec![0x11], false)), ..Meant::default() });
        }
        assert_eq!(call.hear(r#"{"eventType":"clear"}"#), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!((call.odd(), call.played("m1")), (vec![], vec![]));
    }

    #[test]
    fn what_is_odd() {
        let pcm = "audio/pcm;rate=24000;channels=1;bit-depth=16;endian=little;encoding=signed";
        let rows = [
            (format!(r#"{{"eventType":"playAudio","media":{{"contentType":"{pcm}","payload":"EQ=="}}}}"#), Warning::InvalidField),
            (r#"{"eventType":"playAudio","media":{"payload":"EQ=="}}"#.to_owned(), Warning::InvalidField),
            (r#"{"eventType":"playAudio","media":{"contentType":"audio/pcmu"}}"#.to_owned(), Warning::InvalidField),
            (r#"{"event":"clear"}"#.to_owned(), Warning::InvalidField),
            (r#"{"eventType":"mark","mark":{"name":"m1"}}"#.to_owned(), Warning::UnknownEvent),
            ("hello".to_owned(), Warning::NotJson),
            (
                r#"{"eventType":"playAudio","media":{"contentType":"audio/pcmu","payload":"-_=="}}"#.to_owned(),
                Warning::Base64UrlSafe,
            ),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call();
        call.hear_binary(&[0x11; 160]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Bandwidth, |settings| settings.one_way = true);
        call.hear(r#"{"eventType":"clear"}"#);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
