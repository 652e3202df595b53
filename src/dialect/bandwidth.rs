//! Bandwidth's BXML `<StartStream>`.
//!
//! Source: dev.bandwidth.com/docs/voice/programmable-voice/bxml/startStream for what Bandwidth sends. What it takes in the mode
//! `bidirectional` has no official page that could be found; it is known from two independent public servers.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind, quote};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::{self, IdForms};
use super::ink::{Base64, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Remarks, Speaker, Track, Wire};
use crate::audio::AudioFormat;
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "Bandwidth StartStream",
    formats: &[AudioFormat::MULAW_8K],
    cadence: Duration::from_millis(20),
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
        CallKey::Parameters,
        CallKey::OneWay,
        CallKey::Track,
        CallKey::SequenceNumbers,
    ],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms { call: ids::bandwidth_call, stream: ids::bandwidth_stream, account: ids::number, session: ids::uuid },
    about: About {
        sends: &[
            "The upgrade is not signed. `basic_auth` stands for `destinationUsername` and `destinationPassword`.",
            "No `connected`: `start`, then `media` every 20 ms, `stop` at the end. The kinds are told apart by `eventType`. `parameters` \
             arrive in `streamParams` (Bandwidth has 12 at most).",
            "`one_way = true` stands for the mode `unidirectional`, which is Bandwidth's default: nothing may come back. `track = \"outbound\"` with it has what the caller hears in place of the caller. \
             `tracks=\"both\"`, two streams in one, is not offered.",
        ],
        checks: &[
            "`playAudio` and `clear`. There are no marks.",
            "`playAudio` is `audio/pcmu`, or `audio/pcm;rate=…;channels=1;bit-depth=16;endian=little;encoding=signed` at 8000, 16000 or 24000 \
             Hz, and is measured as what it says it is; an echo is recognised in `audio/pcmu` alone. Any other `contentType` is \
             `invalid_field`, and measured as if it were μ-law.",
            "Binary messages, unknown events, missing fields, audio that is no standard base64 or has the header of a file.",
        ],
        unverified: &[
            "All that the server may send: it is what two public servers do that were written for Bandwidth.",
            "`sequenceNumber` in `media`: seen in public servers, not in the documentation: `sequence_numbers = false` leaves it out.",
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
    tracks: [TrackDetails; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrackDetails {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<Quoted<u64>>,
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

/// The format of audio with this content type: `None` for the call's own. Any other content type is noted.
fn format(content_type: Option<&str>, remarks: &mut Remarks) -> Option<AudioFormat> {
    let content_type = content_type.filter(|text| !text.eq_ignore_ascii_case("audio/pcmu"))?;
    let is = |rate: &u32| {
        let linear = format!("audio/pcm;rate={rate};channels=1;bit-depth=16;endian=little;encoding=signed");
        content_type.eq_ignore_ascii_case(&linear)
    };
    let rate = [8_000, 16_000, 24_000].into_iter().find(is);
    if rate.is_none() {
        let says = || format!("`media.contentType` is {}, which Bandwidth does not take", quote(content_type));
        remarks.note(Warning::InvalidField, says);
    }
    rate.map(l16)
}

fn metadata(call: &Call, track: Track) -> Metadata<'_> {
    Metadata {
        account_id: &call.account_id,
        call_id: &call.call_id,
        stream_id: &call.stream_id,
        // A stream without a name of its own is named by its id.
        stream_name: &call.stream_id,
        tracks: [TrackDetails { name: track.label(), media_format: MediaFormat { encoding: "audio/PCMU", sample_rate: 8_000 } }],
    }
}

impl Speaker for Bandwidth {
    fn greet(&mut self) -> Vec<Wire> {
        let stream_params = Parameters(&self.0.settings.parameters);
        vec![self.0.ink.json(&Start {
            event_type: "start",
            metadata: metadata(&self.0.call, self.0.settings.track),
            stream_params,
        })]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let payload = self.0.settings.sound.frame(n);
        let sequence_number = self.0.settings.sequence_numbers.then(|| Quoted(self.0.next_sequence()));
        let track = self.0.settings.track.label();
        self.0.ink.json(&Media { event_type: "media", track, payload: Base64(&payload), sequence_number })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let Some(message) = GRAMMAR.hear(message, &self.0.settings, remarks) else { return Heard::default() };
        match message.kind {
            "playAudio" => {
                let format = format(message.text("media.contentType"), remarks);
                message.audio_in(format, "media.payload", &mut self.0.reader, remarks)
            }
            _ => Heard::playback(Playback::Clear),
        }
    }

    fn farewell(&mut self) -> Farewell {
        let stop = Stop { event_type: "stop", metadata: metadata(&self.0.call, self.0.settings.track) };
        Farewell { frames: vec![self.0.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{HeardAudio, Provider};

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
        let pcm = "audio/pcm;rate=48000;channels=1;bit-depth=16;endian=little;encoding=signed";
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
    fn linear_audio_is_measured_as_such() {
        for rate in [8_000, 16_000, 24_000] {
            let mut call = call();
            let pcm = format!("audio/pcm;rate={rate};channels=1;bit-depth=16;endian=little;encoding=signed");
            let play = format!(r#"{{"eventType":"playAudio","media":{{"contentType":"{pcm}","payload":"AAAAAA=="}}}}"#);
            let meant = Meant { audio: Some((vec![0; 4], true)), format: Some(l16(rate)), ..Meant::default() };
            assert_eq!((call.hear(&play), call.odd()), (meant, vec![]), "{rate}");
            let second = vec![0; rate as usize * 2];
            let audio = HeardAudio { bytes: &second, silent: true, format: Some(l16(rate)) };
            assert_eq!(audio.bytes_in(AudioFormat::MULAW_8K), 8_000, "a second is a second at {rate} Hz");
        }
    }

    #[test]
    fn the_other_track_without_numbers() {
        let mut call = Rehearsal::new(Provider::Bandwidth, |settings| {
            (settings.one_way, settings.track, settings.sequence_numbers) = (true, Track::Outbound, false);
        });
        assert!(call.greeting()[0].contains(r#""tracks":[{"name":"outbound","mediaFormat":"#));
        let frame = call.frame(0);
        assert!(
            frame.starts_with(r#"{"eventType":"media","track":"outbound","payload":""#) && frame.ends_with(r#"/w=="}"#),
            "{frame}"
        );
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Bandwidth, |settings| settings.one_way = true);
        call.hear(r#"{"eventType":"clear"}"#);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
