//! Twilio Media Streams: `<Connect><Stream>` (two ways) and `<Start><Stream>` (one way).
//!
//! Source: twilio.com/docs/voice/media-streams/websocket-messages, and the error pages 319xx.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Chunk, Connected, MediaFormat, Named, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Speaker, Wire};
use crate::audio::AudioFormat;
use crate::outcome::{Phase, Reason, Warning};

pub(super) const FACTS: Facts = Facts {
    title: "Twilio Media Streams",
    formats: &[AudioFormat::MULAW_8K],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: true,
    query_is_lost: true,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::from_secs(1),
    keys: &[CallKey::CallId, CallKey::StreamId, CallKey::AccountId, CallKey::Parameters, CallKey::OneWay, CallKey::Track],
    codes: &[
        (Warning::SchemeNotWss, "Twilio 31922"),
        (Warning::QueryStringInTwilioUrl, "Twilio 31920"),
        (Warning::BinaryInTextDialect, "Twilio 31950"),
        (Warning::NotJson, "Twilio 31951"),
        (Warning::UnknownEvent, "Twilio 31951"),
        (Warning::InvalidField, "Twilio 31951"),
        (Warning::UnknownField, "Twilio 31951"),
        (Warning::WrongStreamId, "Twilio 31951"),
        (Warning::ContainerInAudio, "Twilio 31924"),
        (Warning::MessageOnOneWayStream, "Twilio 31924"),
        (Warning::AudioNotTaken, "Twilio 31930"),
        (Warning::PlaybackOverflow, "Twilio 31931"),
    ],
    failure,
    // More than this is discarded (error page 31931).
    playback_limit: Some(Duration::from_secs(600)),
    ids: IdForms {
        call: ids::twilio_call,
        stream: ids::twilio_stream,
        account: ids::twilio_account,
        session: ids::twilio_session,
    },
    about: About {
        sends: &[
            "With `[monitor.signature]`, `X-Twilio-Signature` over the URL.",
            "`connected` and `start`, then `media` every 20 ms, `stop` at the end. `sequenceNumber`, `chunk` and `timestamp` are texts.",
            "`one_way = true` stands for `<Start><Stream>`: nothing may come back. `track = \"outbound\"` with it has what the caller hears in place of the caller. `both_tracks`, \
             two streams in one, is not offered.",
        ],
        checks: &[
            "`media`, `mark` and `clear` with our `streamSid`. A `mark` is sent back when the audio before it has been played; `clear` \
             empties the queue and sends back its marks.",
            "Binary messages, unknown events, missing or further fields, a wrong `streamSid`, audio that is no standard base64 or has the \
             header of a file.",
            "More than 10 minutes of audio that wait to be played (`playback_overflow`): Twilio discards what comes then.",
        ],
        unverified: &[
            "Whether the upgrade is signed as `wss://…` or as `https://…` is not in Twilio's own text: `url_scheme`.",
            "That the SHA-256 scheme is used on upgrades: `algorithm`.",
            "What Twilio says of a payload that is no standard base64.",
            "That no subprotocol is offered: Twilio's pages and samples have none, and do not say so. `subprotocols` offers one.",
            "How long Twilio waits for the upgrade, its `User-Agent` (`user_agent`), whether it offers `permessage-deflate` (here it is not \
             offered), and whether it sends pings (`ping_interval`): nothing is published.",
            "20 ms to a message is what the field sees, not a documented number: `frame`.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/media-stream\"\ndialect = \"twilio\"\ncall = { parameters = { x-synthetic = \"1\" } }\nexpect = { first_audio_within = \"3s\" }",
    },
};

/// What Twilio logs when a dial or a line fails (twilio.com/docs/api/errors).
fn failure(reason: Reason) -> Option<&'static str> {
    match (reason.phase(), reason) {
        (_, Reason::TcpTimeout | Reason::TlsTimeout) => Some("Twilio 31901"),
        (_, Reason::TcpRefused) => Some("Twilio 31902"),
        (_, Reason::WsEof | Reason::WsEofMidFrame | Reason::WsReset) => Some("Twilio 31903"),
        (_, Reason::ClosedByServer) => Some("Twilio 31921"),
        (
            _,
            Reason::WsRsvBits
            | Reason::WsBadOpcode
            | Reason::WsMasked
            | Reason::WsInvalidUtf8
            | Reason::WsBadControl
            | Reason::WsFragmentation
            | Reason::WsBadClose,
        ) => Some("Twilio 31924"),
        (Phase::Tls, _) => Some("Twilio 31910"),
        (Phase::Upgrade, _) => Some("Twilio 31920"),
        (Phase::Webhook, _) => webhook_failure(reason),
        (Phase::Resolve | Phase::Connect | Phase::Hold | Phase::Close, _) => None,
    }
}

/// twilio.com/docs/api/errors, by the number. What is wrong with a document has its own (`webhook::Lint::code`).
pub(super) fn webhook_failure(reason: Reason) -> Option<&'static str> {
    const CODES: &[(Reason, &str)] = &[
        (Reason::WebhookNxdomain, "Twilio 11210"),
        (Reason::WebhookRefused, "Twilio 11205"),
        (Reason::WebhookUnreachable, "Twilio 11205"),
        (Reason::WebhookTimeout, "Twilio 11205"),
        (Reason::WebhookTlsFailed, "Twilio 11220"),
        (Reason::WebhookNotHttp, "Twilio 11206"),
        (Reason::WebhookClosed, "Twilio 11206"),
        (Reason::WebhookForbidden, "Twilio 11200"),
        (Reason::WebhookNotFound, "Twilio 11200"),
        (Reason::WebhookMethodNotAllowed, "Twilio 11200"),
        (Reason::WebhookRejected, "Twilio 11200"),
        (Reason::WebhookServerError, "Twilio 11200"),
        (Reason::WebhookBadGateway, "Twilio 11200"),
    ];
    CODES.iter().find(|(known, _)| *known == reason).map(|(_, code)| *code)
}

const GRAMMAR: Grammar = Grammar {
    tag: "event",
    kinds: &[
        Kind { name: "media", required: &[("streamSid", Is::Text), ("media.payload", Is::Text)], optional: &[] },
        Kind { name: "mark", required: &[("streamSid", Is::Text), ("mark.name", Is::Text)], optional: &[] },
        Kind { name: "clear", required: &[("streamSid", Is::Text)], optional: &[] },
    ],
    strict: true,
    any_case: false,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    start: StartDetails<'a>,
    stream_sid: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartDetails<'a> {
    account_sid: &'a str,
    stream_sid: &'a str,
    call_sid: &'a str,
    tracks: [&'static str; 1],
    media_format: MediaFormat,
    custom_parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Media<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    media: Chunk<'a>,
    stream_sid: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_sid: &'a str,
    mark: Named<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stop<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stop: StopDetails<'a>,
    stream_sid: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StopDetails<'a> {
    account_sid: &'a str,
    call_sid: &'a str,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Twilio(Line);

impl Twilio {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self(Line::new(settings, call))
    }
}

impl Speaker for Twilio {
    fn greet(&mut self) -> Vec<Wire> {
        let connected = Connected::call("1.0.0");
        let sequence_number = Quoted(self.0.next_sequence());
        let stream_sid = &self.0.call.stream_id;
        let start = StartDetails {
            account_sid: &self.0.call.account_id,
            stream_sid,
            call_sid: &self.0.call.call_id,
            tracks: [self.0.settings.track.label()],
            media_format: MediaFormat { encoding: "audio/x-mulaw", sample_rate: 8_000, channels: 1 },
            custom_parameters: Parameters(&self.0.settings.parameters),
        };
        let start = Start { event: "start", sequence_number, start, stream_sid };
        vec![self.0.ink.json(&connected), self.0.ink.json(&start)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        // One counter for all messages but `connected`.
        let sequence_number = Quoted(self.0.next_sequence());
        let payload = self.0.settings.sound.frame(n);
        // The presentation time of the end of the frame, in milliseconds since the start of the stream.
        let media = self.0.chunk(n + 1, &payload);
        self.0.ink.json(&Media { event: "media", sequence_number, media, stream_sid: &self.0.call.stream_id })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        self.0.hear(&GRAMMAR, "streamSid", message, moment.remarks)
    }

    fn played(&mut self, mark: &str, _cleared: bool) -> Option<Wire> {
        let sequence_number = Quoted(self.0.next_sequence());
        let mark = Mark { event: "mark", sequence_number, stream_sid: &self.0.call.stream_id, mark: Named { name: mark } };
        Some(self.0.ink.json(&mark))
    }

    fn farewell(&mut self) -> Farewell {
        let sequence_number = Quoted(self.0.next_sequence());
        let (call, stream_sid) = (&self.0.call, &self.0.call.stream_id);
        let stop = StopDetails { account_sid: &call.account_id, call_sid: &call.call_id };
        let stop = Stop { event: "stop", sequence_number, stop, stream_sid };
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
        Rehearsal::new(Provider::Twilio, |_| ())
    }

    const SID: &str = "MZ11111111111111111111111111111111";

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let start = concat!(
            r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC11111111111111111111111111111111","#,
            r#""streamSid":"MZ11111111111111111111111111111111","callSid":"CA11111111111111111111111111111111","#,
            r#""tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"#,
            r#""customParameters":{"agent":"booking"}},"streamSid":"MZ11111111111111111111111111111111"}"#
        );
        assert_eq!(call.greeting(), [r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#, start]);
        let silence = format!("{}/w==", "////".repeat(53));
        let media = |sequence: u64, chunk: u64, timestamp: u64| {
            format!(
                r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{silence}"}},"streamSid":"{SID}"}}"#
            )
        };
        assert_eq!(call.frame(0), media(2, 1, 20));
        assert_eq!(call.frame(1), media(3, 2, 40));
        assert_eq!(call.frame(5), media(4, 3, 120), "a slot that was left out moves the time and not the count");
    }

    #[test]
    fn frames_may_have_another_length() {
        let mut call = Rehearsal::new(Provider::Twilio, |settings| {
            settings.cadence = Duration::from_millis(40);
            settings.sound = Sound::silence(settings.audio, settings.cadence);
        });
        let payload = format!("{}//8=", "////".repeat(106));
        for (n, time) in [(0, 40), (1, 80)] {
            assert!(call.frame(n).contains(&format!(r#""timestamp":"{time}","payload":"{payload}""#)), "{n}");
        }
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = call();
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        assert!(last.starts_with(
            r#"{"event":"media","sequenceNumber":"30001","media":{"track":"inbound","chunk":"30000","timestamp":"600000","#
        ));
        let stop = concat!(
            r#"{"event":"stop","sequenceNumber":"30002","stop":{"accountSid":"AC11111111111111111111111111111111","#,
            r#""callSid":"CA11111111111111111111111111111111"},"streamSid":"MZ11111111111111111111111111111111"}"#
        );
        assert_eq!(call.farewell(), (vec![stop.to_owned()], Duration::from_secs(1)));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        call.greeting();
        let media = format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"EQ=="}}}}"#);
        assert_eq!(call.hear(&media), Meant { audio: Some((vec![0x11], false)), ..Meant::default() });
        let mark = format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{"name":"m1"}}}}"#);
        assert_eq!(call.hear(&mark), Meant { mark: Some("m1".into()), ..Meant::default() });
        let answer = format!(r#"{{"event":"mark","sequenceNumber":"2","streamSid":"{SID}","mark":{{"name":"m1"}}}}"#);
        assert_eq!(call.played("m1"), [answer]);
        let clear = format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#);
        assert_eq!(call.hear(&clear), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_twilio_would_warn_of() {
        let rows = [
            (r#"{"event":"media","streamSid":"MZ2","media":{"payload":"EQ=="}}"#.to_owned(), Warning::WrongStreamId),
            (format!(r#"{{"event":"media","streamSid":"{SID}","media":{{}}}}"#), Warning::InvalidField),
            (r#"{"event":"clear"}"#.to_owned(), Warning::InvalidField),
            (
                format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"EQ==","track":"x"}}}}"#),
                Warning::UnknownField,
            ),
            (format!(r#"{{"event":"playAudio","streamSid":"{SID}"}}"#), Warning::UnknownEvent),
            ("hello".to_owned(), Warning::NotJson),
            (format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"-_=="}}}}"#), Warning::Base64UrlSafe),
        ];
        for (message, warning) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call();
        call.hear_binary(&[0x11; 160]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
        assert_eq!(FACTS.code(Warning::BinaryInTextDialect), Some("Twilio 31950"));
        let overflow = (FACTS.playback_limit, FACTS.code(Warning::PlaybackOverflow));
        assert_eq!(overflow, (Some(Duration::from_secs(600)), Some("Twilio 31931")));
    }

    #[test]
    fn what_is_for_another_stream_has_no_effect() {
        for rest in
            [r#""event":"media","media":{"payload":"EQ=="}"#, r#""event":"mark","mark":{"name":"m1"}"#, r#""event":"clear""#]
        {
            let mut call = call();
            let message = format!(r#"{{"streamSid":"MZ2",{rest}}}"#);
            assert_eq!((call.hear(&message), call.odd()), (Meant::default(), vec![Warning::WrongStreamId]), "{rest}");
        }
    }

    #[test]
    fn a_one_way_stream_may_be_of_the_other_track() {
        let mut call = Rehearsal::new(Provider::Twilio, |settings| (settings.one_way, settings.track) = (true, Track::Outbound));
        assert!(call.greeting()[1].contains(r#""tracks":["outbound"],"#));
        assert!(call.frame(0).contains(r#""media":{"track":"outbound","chunk":"1","#));
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Twilio, |settings| settings.one_way = true);
        call.hear(&format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#));
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn failures_have_twilios_numbers() {
        let rows = [
            (Reason::TcpRefused, Some("Twilio 31902")),
            (Reason::WsReset, Some("Twilio 31903")),
            (Reason::TlsMissingIntermediate, Some("Twilio 31910")),
            (Reason::TlsTimeout, Some("Twilio 31901")),
            (Reason::from_status(404), Some("Twilio 31920")),
            (Reason::ClosedByServer, Some("Twilio 31921")),
            (Reason::WsBadControl, Some("Twilio 31924")),
            (Reason::DnsNxdomain, None),
            (Reason::WebhookNotFound, Some("Twilio 11200")),
            (Reason::WebhookTlsFailed, Some("Twilio 11220")),
            (Reason::WebhookNoStream, None),
            (Reason::AppNoAudio, None),
        ];
        for (reason, code) in rows {
            assert_eq!((FACTS.failure)(reason), code, "{reason}");
        }
    }
}
