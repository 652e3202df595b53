//! SignalWire's cXML `<Stream>`: Twilio's messages with UUIDs, a few fields fewer, and a wider choice of audio.
//!
//! Source: signalwire/docs, compatibility-api/pages/cxml/voice/stream.mdx.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::IdForms;
use super::ink::{Chunk, Connected, MediaFormat, Named, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Speaker, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::{Phase, Reason, Warning};

pub(super) const FACTS: Facts = Facts {
    title: "SignalWire cXML streams",
    formats: &[
        AudioFormat::MULAW_8K,
        AudioFormat { codec: Codec::L16, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 24_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 24_000 },
    ],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: true,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::from_secs(1),
    keys: &[CallKey::CallId, CallKey::StreamId, CallKey::AccountId, CallKey::Parameters, CallKey::OneWay, CallKey::Track],
    codes: &[(Warning::SchemeNotWss, "SignalWire invalid_url")],
    failure,
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "The upgrade is not signed. `bearer_token_file` stands for `authBearerToken`. SignalWire supports no query in \
             the URL: leave it out, and use `parameters`.",
            "`connected` (version 0.2.0) and `start`, then `media` every 20 ms, `stop` at the end. As Twilio's, with UUIDs, without \
             `streamSid` beside `start` and `media`, and with `customParameters` only if there are any.",
            "`one_way = true` stands for `<Start><Stream>`: nothing may come back. `track = \"outbound\"` with it has what the caller hears in place of the caller. `both_tracks`, \
             two streams in one, is not offered.",
        ],
        checks: &[
            "`media`, `mark`, `clear` and `dtmf` with our `streamSid`. A `mark` is sent back, without a sequence number, when the audio \
             before it has been played or was cleared.",
            "Binary messages, unknown events, missing fields, a wrong `streamSid`, audio that is no standard base64 or has the header of \
             a file.",
        ],
        unverified: &[
            "The byte order of L16: `codec = \"l16be\"` for big endian.",
            "What becomes of a query in the URL: not supported is all that the documentation says. Here it is sent, without a warning.",
            "20 ms to a message is what the field sees, not a documented number: `frame`.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/audiostream\"\ndialect = \"signalwire\"\naudio = { codec = \"l16\", sample_rate = 16_000 }",
    },
};

/// The `StreamError` of the status callback (table in stream.mdx).
fn failure(reason: Reason) -> Option<&'static str> {
    match (reason.phase(), reason) {
        (_, Reason::TcpRefused) => Some("SignalWire connection_refused"),
        (_, Reason::TcpTimeout) | (Phase::Tls, _) => Some("SignalWire connection_refused_timeout_or_ssl_error"),
        (Phase::Webhook | Phase::Resolve | Phase::Connect | Phase::Upgrade | Phase::Hold | Phase::Close, _) => None,
    }
}

const GRAMMAR: Grammar = Grammar {
    tag: "event",
    kinds: &[
        Kind { name: "media", required: &[("streamSid", Is::Text), ("media.payload", Is::Text)], optional: &[] },
        Kind { name: "mark", required: &[("streamSid", Is::Text), ("mark.name", Is::Text)], optional: &[] },
        Kind { name: "clear", required: &[("streamSid", Is::Text)], optional: &[] },
        // Tones for the caller: there is none, so they have no effect.
        Kind { name: "dtmf", required: &[("streamSid", Is::Text), ("dtmf.digit", Is::Text)], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    start: StartDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartDetails<'a> {
    stream_sid: &'a str,
    account_sid: &'a str,
    call_sid: &'a str,
    tracks: [&'static str; 1],
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    custom_parameters: Parameters<'a>,
    media_format: MediaFormat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Media<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    media: Chunk<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark<'a> {
    event: &'static str,
    stream_sid: &'a str,
    mark: Named<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    event: &'static str,
    sequence_number: Quoted<u64>,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct SignalWire(Line);

impl SignalWire {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self(Line::new(settings, call))
    }
}

const fn encoding(codec: Codec) -> &'static str {
    match codec {
        Codec::Mulaw => "audio/x-mulaw",
        Codec::Alaw => "audio/x-alaw",
        Codec::L16 | Codec::L16Be => "audio/x-L16",
    }
}

impl Speaker for SignalWire {
    fn greet(&mut self) -> Vec<Wire> {
        let connected = Connected::call("0.2.0");
        let sequence_number = Quoted(self.0.next_sequence());
        let audio = self.0.settings.audio;
        let start = StartDetails {
            stream_sid: &self.0.call.stream_id,
            account_sid: &self.0.call.account_id,
            call_sid: &self.0.call.call_id,
            tracks: [self.0.settings.track.label()],
            custom_parameters: Parameters(&self.0.settings.parameters),
            media_format: MediaFormat { encoding: encoding(audio.codec), sample_rate: audio.sample_rate, channels: 1 },
        };
        let start = Start { event: "start", sequence_number, start };
        vec![self.0.ink.json(&connected), self.0.ink.json(&start)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let sequence_number = Quoted(self.0.next_sequence());
        let payload = self.0.settings.sound.frame(n);
        // The first chunk of the documentation's example is at 0.
        let media = self.0.chunk(n, &payload);
        self.0.ink.json(&Media { event: "media", sequence_number, media })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        self.0.hear(&GRAMMAR, "streamSid", message, moment.remarks)
    }

    fn played(&mut self, mark: &str, _cleared: bool) -> Option<Wire> {
        let mark = Mark { event: "mark", stream_sid: &self.0.call.stream_id, mark: Named { name: mark } };
        Some(self.0.ink.json(&mark))
    }

    fn farewell(&mut self) -> Farewell {
        let stop = Stop { event: "stop", sequence_number: Quoted(self.0.next_sequence()) };
        Farewell { frames: vec![self.0.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Sound;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Playback, Provider, Track};

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Signalwire, |_| ())
    }

    const ID: &str = "11111111-1111-4111-9111-111111111111";

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let start = concat!(
            r#"{"event":"start","sequenceNumber":"1","start":{"streamSid":"11111111-1111-4111-9111-111111111111","#,
            r#""accountSid":"11111111-1111-4111-9111-111111111111","callSid":"11111111-1111-4111-9111-111111111111","#,
            r#""tracks":["inbound"],"customParameters":{"agent":"booking"},"#,
            r#""mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}"#
        );
        assert_eq!(call.greeting(), [r#"{"event":"connected","protocol":"Call","version":"0.2.0"}"#, start]);
        let silence = format!("{}/w==", "////".repeat(53));
        let media = |sequence: u64, chunk: u64, timestamp: u64| {
            format!(
                r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{silence}"}}}}"#
            )
        };
        assert_eq!(call.frame(0), media(2, 1, 0));
        assert_eq!(call.frame(1), media(3, 2, 20));
        assert_eq!(call.frame(5), media(4, 3, 100), "a slot that was left out moves the time and not the count");
    }

    #[test]
    fn wide_audio_and_no_parameters() {
        let mut call = Rehearsal::new(Provider::Signalwire, |settings| {
            settings.audio = AudioFormat { codec: Codec::L16, sample_rate: 24_000 };
            settings.sound = Sound::silence(settings.audio, settings.cadence);
            settings.parameters.clear();
        });
        let start = &call.greeting()[1];
        assert!(
            start.ends_with(r#""tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-L16","sampleRate":24000,"channels":1}}}"#)
        );
        assert!(call.frame(0).ends_with(&format!(r#""payload":"{}"}}}}"#, "A".repeat(1280))));
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = call();
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        assert!(last.starts_with(
            r#"{"event":"media","sequenceNumber":"30001","media":{"track":"inbound","chunk":"30000","timestamp":"599980","#
        ));
        let stop = r#"{"event":"stop","sequenceNumber":"30002"}"#;
        assert_eq!(call.farewell(), (vec![stop.to_owned()], Duration::from_secs(1)));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        call.greeting();
        let media = format!(r#"{{"event":"media","streamSid":"{ID}","media":{{"payload":"EQ=="}}}}"#);
        assert_eq!(call.hear(&media), Meant { audio: Some((vec![0x11], false)), ..Meant::default() });
        let mark = format!(r#"{{"event":"mark","streamSid":"{ID}","mark":{{"name":"m1"}}}}"#);
        assert_eq!(call.hear(&mark), Meant { mark: Some("m1".into()), ..Meant::default() });
        assert_eq!((call.played("m1"), call.cleared("m1")), (vec![mark.clone()], vec![mark]));
        let clear = format!(r#"{{"event":"clear","streamSid":"{ID}"}}"#);
        assert_eq!(call.hear(&clear), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        let dtmf = format!(r#"{{"event":"dtmf","streamSid":"{ID}","dtmf":{{"digit":"5"}}}}"#);
        assert_eq!(call.hear(&dtmf), Meant::default());
        assert_eq!(call.odd(), []);
        assert!(call.frame(0).starts_with(r#"{"event":"media","sequenceNumber":"2""#), "a mark takes no number");
    }

    #[test]
    fn what_is_odd() {
        let rows = [
            (r#"{"event":"media","streamSid":"MZ2","media":{"payload":"EQ=="}}"#.to_owned(), Some(Warning::WrongStreamId)),
            (format!(r#"{{"event":"media","streamSid":"{ID}","media":{{}}}}"#), Some(Warning::InvalidField)),
            (r#"{"event":"clear"}"#.to_owned(), Some(Warning::InvalidField)),
            (format!(r#"{{"event":"dtmf","streamSid":"{ID}","dtmf":{{"digit":5}}}}"#), Some(Warning::InvalidField)),
            (format!(r#"{{"event":"playAudio","streamSid":"{ID}"}}"#), Some(Warning::UnknownEvent)),
            ("hello".to_owned(), Some(Warning::NotJson)),
            (format!(r#"{{"event":"media","streamSid":"{ID}","media":{{"payload":"-_=="}}}}"#), Some(Warning::Base64UrlSafe)),
            (
                format!(r#"{{"event":"media","streamSid":"{ID}","media":{{"payload":"UklGRiQAAABXQVZF"}}}}"#),
                Some(Warning::ContainerInAudio),
            ),
            // Further fields are Twilio's complaint alone.
            (format!(r#"{{"event":"clear","streamSid":"{ID}","x":1}}"#), None),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), Vec::from_iter(warning), "{message}");
        }
        let mut call = call();
        call.hear_binary(&[0x11; 160]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
    }

    #[test]
    fn what_is_for_another_stream_has_no_effect() {
        for rest in
            [r#""event":"media","media":{"payload":"EQ=="}"#, r#""event":"mark","mark":{"name":"m1"}"#, r#""event":"clear""#]
        {
            let mut call = call();
            let message = format!(r#"{{"streamSid":"other",{rest}}}"#);
            assert_eq!((call.hear(&message), call.odd()), (Meant::default(), vec![Warning::WrongStreamId]), "{rest}");
        }
    }

    #[test]
    fn a_one_way_stream_may_be_of_the_other_track() {
        let mut call =
            Rehearsal::new(Provider::Signalwire, |settings| (settings.one_way, settings.track) = (true, Track::Outbound));
        assert!(call.greeting()[1].contains(r#""tracks":["outbound"],"#));
        assert!(call.frame(0).contains(r#""media":{"track":"outbound","chunk":"1","#));
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Signalwire, |settings| settings.one_way = true);
        call.hear(&format!(r#"{{"event":"clear","streamSid":"{ID}"}}"#));
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn failures_have_signalwires_names() {
        let rows = [
            (Reason::TcpRefused, Some("SignalWire connection_refused")),
            (Reason::TcpTimeout, Some("SignalWire connection_refused_timeout_or_ssl_error")),
            (Reason::TlsSelfSigned, Some("SignalWire connection_refused_timeout_or_ssl_error")),
            (Reason::from_status(404), None),
            (Reason::ClosedByServer, None),
        ];
        for (reason, name) in rows {
            assert_eq!((FACTS.failure)(reason), name, "{reason}");
        }
        assert_eq!(FACTS.code(Warning::SchemeNotWss), Some("SignalWire invalid_url"));
    }
}
