//! Plivo's audio streaming, and Vobiz, whose protocol is a copy of it with a few fields fewer.
//!
//! Sources: plivo.com/docs/voice-agents/audio-streaming/concepts/audio-streaming-reference, plivo/plivo-stream-sdk-java (`stop`), and
//! vobiz-ai/Agent-Skills, vobiz-audio-streams.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind, Message};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Base64, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Provider, Remarks, Speaker, Turn, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::{Phase, Reason};
use crate::secret::Secret;

const KEYS: &[CallKey] = &[
    CallKey::CallId,
    CallKey::StreamId,
    CallKey::AccountId,
    CallKey::Parameters,
    CallKey::OneWay,
    CallKey::Track,
    CallKey::FirstSequenceNumber,
];

const IDS: IdForms = IdForms { call: ids::uuid, stream: ids::uuid, account: ids::plivo_account, session: ids::uuid };

pub(super) const FACTS: Facts = Facts {
    title: "Plivo audio streaming",
    formats: &[
        AudioFormat { codec: Codec::L16, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 16_000 },
        AudioFormat::MULAW_8K,
        AudioFormat { codec: Codec::L16Be, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 16_000 },
    ],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::from_secs(1),
    keys: KEYS,
    codes: &[],
    failure,
    playback_limit: None,
    ids: IDS,
    about: About {
        sends: &[
            "No `connected`: `start`, then `media` every 20 ms, `stop` at the end. `sequenceNumber` and `chunk` are numbers; `timestamp` is the time of \
             day in milliseconds since 1970, as a text.",
            "`parameters` arrive in `extra_headers` as `name=value;name=value`, in `start` and in every `media`.",
            "`one_way = true` stands for a `<Stream>` without `bidirectional=\"true\"`: nothing may come back. `track = \"outbound\"` with it has what the caller hears in place of the caller. \
             `audioTrack=\"both\"`, two streams in one, is not offered.",
        ],
        checks: &[
            "`playAudio`, `checkpoint`, `clearAudio` and `sendDTMF`, with or without `streamId`. A `checkpoint` is answered with \
             `playedStream` when the audio before it has been played, and not at all if that was cleared; `clearAudio` is answered with \
             `clearedAudio`.",
            "A `contentType` or `sampleRate` in `playAudio` that is not the call's (`invalid_field`). `sampleRate` may be a text.",
            "Binary messages, unknown events, missing fields, another `streamId` than ours, audio that is no standard base64 or has the \
             header of a file.",
        ],
        unverified: &[
            "The number of the first message: 1 in the reference: `first_sequence_number`.",
            "`stop`: in Plivo's Java SDK and examples, not in the present reference.",
            "The byte order of L16: `codec = \"l16be\"` for big endian.",
            "`sendDTMF`: not in the present reference.",
            "What `timestamp` is the time of; here of the beginning of the frame, counted from the 101.",
            "Whether the upgrade is signed (`X-Plivo-Signature-V3`), whether `ws://` is dialled, and what becomes of a query in the URL.",
            "That no subprotocol is offered: Plivo's SDKs have none, and a third party claims `audio.plivo.com`: `subprotocols` offers it.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/plivo\"\ndialect = \"plivo\"\naudio = { codec = \"mulaw\" }\nexpect = { mark_round_trip_within = \"5s\" }",
    },
};

pub(super) const VOBIZ: Facts = Facts {
    title: "Vobiz audio streams",
    formats: &[
        AudioFormat { codec: Codec::L16, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 24_000 },
        AudioFormat::MULAW_8K,
        AudioFormat { codec: Codec::L16Be, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 24_000 },
    ],
    wss_only: true,
    server_may_close_first: Duration::ZERO,
    failure: |_| None,
    about: About {
        sends: &[
            "As Plivo, but for the end: no `stop`, the connection is closed. The first sequence number is 0.",
            "`parameters` arrive in `extra_headers` as a JSON object in a text; `{}` if there are none.",
            "`one_way = true` stands for a `<Stream>` without `bidirectional=\"true\"`: nothing may come back. `track = \"outbound\"` with it has what the caller hears in place of the caller. \
             `audioTrack=\"both\"`, two streams in one, is not offered.",
        ],
        checks: &[
            "As Plivo's. `playedStream` has no `streamId` and no number, `clearedAudio` no number.",
            "`stop` from the server ends the call.",
        ],
        unverified: &[
            "The byte order of L16. Vobiz writes that its `media` is big endian and that `playAudio` has to be little endian; the two are the \
             same here: `codec = \"l16be\"` for a caller in Vobiz's order. Silence is the same in both.",
            "The sample rate that is used if none is set: 8 kHz by Vobiz's own text, 16 kHz in public servers and here: `sample_rate`.",
            "The number of the first message, 0 in Vobiz's example: `first_sequence_number`.",
            "What `extra_headers` holds: its example is `{}`, and one of Vobiz's guides says that nothing arrives in it.",
            "`sendDTMF`.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/vobiz\"\ndialect = \"vobiz\"\naudio = { say = \"tone\" }\nexpect = { first_audio_within = \"3s\" }",
    },
    ..FACTS
};

/// The event of the status callback for a stream that could not be opened or that broke (plivo.com/docs/voice/xml/audiostream).
fn failure(reason: Reason) -> Option<&'static str> {
    match (reason.phase(), reason) {
        (Phase::Resolve | Phase::Connect | Phase::Tls | Phase::Upgrade, _)
        | (_, Reason::WsEof | Reason::WsEofMidFrame | Reason::WsReset) => Some("Plivo DroppedStream"),
        (Phase::Webhook | Phase::Hold | Phase::Close, _) => None,
    }
}

const PLAY_AUDIO: Kind = Kind {
    name: "playAudio",
    required: &[("media.contentType", Is::Text), ("media.sampleRate", Is::NumberOrText), ("media.payload", Is::Text)],
    optional: &[],
};
const CHECKPOINT: Kind = Kind { name: "checkpoint", required: &[("name", Is::Text)], optional: &[] };
const CLEAR_AUDIO: Kind = Kind { name: "clearAudio", required: &[], optional: &[] };
const SEND_DTMF: Kind = Kind { name: "sendDTMF", required: &[("dtmf", Is::Text)], optional: &[] };
const STOP: Kind = Kind { name: "stop", required: &[], optional: &[] };

const GRAMMAR: Grammar =
    Grammar { tag: "event", kinds: &[PLAY_AUDIO, CHECKPOINT, CLEAR_AUDIO, SEND_DTMF], strict: false, any_case: false };
const VOBIZ_GRAMMAR: Grammar = Grammar { kinds: &[PLAY_AUDIO, CHECKPOINT, CLEAR_AUDIO, SEND_DTMF, STOP], ..GRAMMAR };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    event: &'static str,
    sequence_number: u64,
    start: StartDetails<'a>,
    #[serde(rename = "extra_headers")]
    extra_headers: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartDetails<'a> {
    call_id: &'a str,
    stream_id: &'a str,
    account_id: &'a str,
    tracks: [&'static str; 1],
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
    event: &'static str,
    sequence_number: u64,
    stream_id: &'a str,
    media: MediaDetails<'a>,
    #[serde(rename = "extra_headers")]
    extra_headers: &'a str,
}

#[derive(Serialize)]
struct MediaDetails<'a> {
    track: &'static str,
    timestamp: Quoted<u128>,
    chunk: u64,
    payload: Base64<'a>,
}

/// `playedStream`, `clearedAudio` and `stop`: fields that a message does not have are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Plivo {
    line: Line,
    is_vobiz: bool,
    extra_headers: Secret,
}

impl Plivo {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        let is_vobiz = settings.provider == Provider::Vobiz;
        let extra_headers = extra_headers(&settings.parameters, is_vobiz);
        Self { line: Line::new(settings, call), is_vobiz, extra_headers }
    }

    fn play_audio<'a>(&'a mut self, message: &Message<'_>, remarks: &mut Remarks) -> Heard<'a> {
        let AudioFormat { codec, sample_rate } = self.line.settings.audio;
        message.check_value("media.contentType", encoding(codec), remarks);
        message.check_value("media.sampleRate", &sample_rate.to_string(), remarks);
        message.audio("media.payload", &mut self.line.reader, remarks)
    }

    fn cleared_audio(&mut self) -> Wire {
        let sequence_number = (!self.is_vobiz).then(|| self.line.next_sequence());
        let stream_id = Some(self.line.call.stream_id.as_str());
        self.line.ink.json(&Note { event: "clearedAudio", sequence_number, stream_id, name: None, reason: None })
    }
}

/// The user's parameters in one text.
fn extra_headers(parameters: &[(String, Secret)], is_vobiz: bool) -> Secret {
    if is_vobiz {
        // Texts under texts: nothing here can fail.
        return Secret::new(serde_json::to_string(&Parameters(parameters)).unwrap_or_default());
    }
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect();
    Secret::new(pairs.join(";"))
}

const fn encoding(codec: Codec) -> &'static str {
    match codec {
        Codec::Mulaw => "audio/x-mulaw",
        Codec::Alaw => "audio/x-alaw",
        Codec::L16 | Codec::L16Be => "audio/x-l16",
    }
}

impl Speaker for Plivo {
    fn greet(&mut self) -> Vec<Wire> {
        let sequence_number = self.line.next_sequence();
        let audio = self.line.settings.audio;
        let start = StartDetails {
            call_id: &self.line.call.call_id,
            stream_id: &self.line.call.stream_id,
            account_id: &self.line.call.account_id,
            tracks: [self.line.settings.track.label()],
            media_format: MediaFormat { encoding: encoding(audio.codec), sample_rate: audio.sample_rate },
        };
        vec![self.line.ink.json(&Start { event: "start", sequence_number, start, extra_headers: self.extra_headers.expose() })]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let sequence_number = self.line.next_sequence();
        let payload = self.line.settings.sound.frame(n);
        let since = self.line.milliseconds(n);
        let media = MediaDetails {
            track: self.line.settings.track.label(),
            timestamp: Quoted(u128::from(self.line.call.up_unix_ms) + since),
            chunk: self.line.next_chunk(),
            payload: Base64(&payload),
        };
        let (stream_id, extra_headers) = (self.line.call.stream_id.as_str(), self.extra_headers.expose());
        self.line.ink.json(&Media { event: "media", sequence_number, stream_id, media, extra_headers })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let grammar = if self.is_vobiz { &VOBIZ_GRAMMAR } else { &GRAMMAR };
        let Some(message) = grammar.hear(message, &self.line.settings, remarks) else { return Heard::default() };
        if !message.is_ours("streamId", &self.line.call.stream_id, remarks) {
            return Heard::default();
        }
        match message.kind {
            "playAudio" => self.play_audio(&message, remarks),
            "checkpoint" => message.mark("name"),
            "clearAudio" => Heard { playback: Some(Playback::Clear), ..Heard::reply(self.cleared_audio()) },
            "stop" => Heard::turn(Turn::HungUp),
            // Tones for the caller: there is none.
            _ => Heard::default(),
        }
    }

    /// A checkpoint whose audio was cleared is never answered.
    fn played(&mut self, mark: &str, cleared: bool) -> Option<Wire> {
        if cleared {
            return None;
        }
        let (sequence_number, stream_id) =
            if self.is_vobiz { (None, None) } else { (Some(self.line.next_sequence()), Some(self.line.call.stream_id.as_str())) };
        Some(self.line.ink.json(&Note { event: "playedStream", sequence_number, stream_id, name: Some(mark), reason: None }))
    }

    fn farewell(&mut self) -> Farewell {
        if self.is_vobiz {
            return Farewell::default();
        }
        let sequence_number = Some(self.line.next_sequence());
        let stream_id = Some(self.line.call.stream_id.as_str());
        let stop = Note { event: "stop", sequence_number, stream_id, name: None, reason: Some("hangup") };
        Farewell { frames: vec![self.line.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Sound;
    use crate::dialect::Track;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::outcome::Warning;

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Plivo, |_| ())
    }

    fn vobiz() -> Rehearsal {
        Rehearsal::new(Provider::Vobiz, |_| ())
    }

    const ID: &str = "11111111-1111-4111-9111-111111111111";
    const ACCOUNT: &str = "MARIECRIECRIECRIECRI";

    fn start(sequence: u64, sample_rate: u32, extra_headers: &str) -> String {
        format!(
            r#"{{"event":"start","sequenceNumber":{sequence},"start":{{"callId":"{ID}","streamId":"{ID}","accountId":"{ACCOUNT}","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-l16","sampleRate":{sample_rate}}}}},"extra_headers":"{extra_headers}"}}"#
        )
    }

    fn media(sequence: u64, chunk: u64, timestamp: u64, payload: &str, extra_headers: &str) -> String {
        format!(
            r#"{{"event":"media","sequenceNumber":{sequence},"streamId":"{ID}","media":{{"track":"inbound","timestamp":"{timestamp}","chunk":{chunk},"payload":"{payload}"}},"extra_headers":"{extra_headers}"}}"#
        )
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        assert_eq!(call.greeting(), [start(1, 8000, "agent=booking")]);
        let silence = format!("{}A=", "A".repeat(426));
        assert_eq!(call.frame(0), media(2, 1, 1_795_168_800_000, &silence, "agent=booking"));
        assert_eq!(call.frame(1), media(3, 2, 1_795_168_800_020, &silence, "agent=booking"));
        let later = media(4, 3, 1_795_168_800_100, &silence, "agent=booking");
        assert_eq!(call.frame(5), later, "a slot that was left out moves the time and not the count");
    }

    #[test]
    fn vobiz_begins_with_zero_and_has_its_own_headers() {
        let mut call = vobiz();
        let headers = r#"{\"agent\":\"booking\"}"#;
        assert_eq!(call.greeting(), [start(0, 16_000, headers)]);
        let silence = format!("{}AA==", "A".repeat(852));
        assert_eq!(call.frame(0), media(1, 1, 1_795_168_800_000, &silence, headers));
        let mut call = Rehearsal::new(Provider::Vobiz, |settings| settings.parameters.clear());
        assert_eq!(call.greeting(), [start(0, 16_000, "{}")]);
    }

    #[test]
    fn parameters_the_first_number_and_the_codec_are_the_users() {
        let mut call = Rehearsal::new(Provider::Plivo, |settings| {
            settings.audio = AudioFormat::MULAW_8K;
            settings.sound = Sound::silence(settings.audio, settings.cadence);
            settings.parameters.push(("user".to_owned(), Secret::new("7")));
            settings.first_sequence_number = 0;
        });
        let start = call.greeting().remove(0);
        assert!(start.starts_with(r#"{"event":"start","sequenceNumber":0,"#));
        assert!(start.ends_with(
            r#""mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},"extra_headers":"agent=booking;user=7"}"#
        ));
        assert!(call.frame(0).contains(&format!(r#""payload":"{}/w==""#, "////".repeat(53))));
        let speaker = format!("{:?}", call.speaker);
        assert!(!speaker.contains("booking"), "{speaker}");
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = call();
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        let expected = format!(
            r#"{{"event":"media","sequenceNumber":30001,"streamId":"{ID}","media":{{"track":"inbound","timestamp":"1795169399980","chunk":30000,"#
        );
        assert!(last.starts_with(&expected), "{last}");
        let stop = format!(r#"{{"event":"stop","sequenceNumber":30002,"streamId":"{ID}","reason":"hangup"}}"#);
        assert_eq!(call.farewell(), (vec![stop], Duration::from_secs(1)));
    }

    #[test]
    fn vobiz_simply_closes() {
        assert_eq!(vobiz().farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        call.greeting();
        for rate in ["8000", "\"8000\""] {
            let play = format!(
                r#"{{"event":"playAudio","media":{{"contentType":"audio/x-l16","sampleRate":{rate},"payload":"EREREQ=="}}}}"#
            );
            assert_eq!(call.hear(&play), Meant { audio: Some((vec![0x11; 4], false)), ..Meant::default() });
        }
        let checkpoint = format!(r#"{{"event":"checkpoint","streamId":"{ID}","name":"m1"}}"#);
        assert_eq!(call.hear(&checkpoint), Meant { mark: Some("m1".into()), ..Meant::default() });
        let played = format!(r#"{{"event":"playedStream","sequenceNumber":2,"streamId":"{ID}","name":"m1"}}"#);
        assert_eq!(call.played("m1"), [played]);
        assert_eq!(call.cleared("m1"), [""; 0]);
        let cleared = format!(r#"{{"event":"clearedAudio","sequenceNumber":3,"streamId":"{ID}"}}"#);
        let clear = Meant { replies: vec![cleared], playback: Some(Playback::Clear), ..Meant::default() };
        assert_eq!(call.hear(r#"{"event":"clearAudio"}"#), clear);
        assert_eq!(call.hear(r#"{"event":"sendDTMF","dtmf":"123"}"#), Meant::default());
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn vobiz_answers_with_less_and_can_be_stopped() {
        let mut call = vobiz();
        call.greeting();
        assert_eq!(call.played("m1"), [r#"{"event":"playedStream","name":"m1"}"#]);
        assert_eq!(call.cleared("m1"), [""; 0]);
        let cleared = format!(r#"{{"event":"clearedAudio","streamId":"{ID}"}}"#);
        assert_eq!(call.hear(r#"{"event":"clearAudio"}"#).replies, [cleared]);
        let stop = format!(r#"{{"event":"stop","streamId":"{ID}"}}"#);
        assert_eq!(call.hear(&stop), Meant { turn: Turn::HungUp, ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_odd() {
        let play = |content_type: &str, rate: &str, payload: &str| {
            format!(
                r#"{{"event":"playAudio","media":{{"contentType":"{content_type}","sampleRate":{rate},"payload":"{payload}"}}}}"#
            )
        };
        let rows = [
            (play("audio/x-mulaw", "8000", "EREREQ=="), Warning::InvalidField),
            (play("audio/x-l16;rate=8000", "8000", "EREREQ=="), Warning::InvalidField),
            (play("audio/x-l16", "16000", "EREREQ=="), Warning::InvalidField),
            (play("audio/x-l16", "\"x\"", "EREREQ=="), Warning::InvalidField),
            (play("audio/x-l16", "true", "EREREQ=="), Warning::InvalidField),
            (play("audio/x-l16", "8000", "EQ=="), Warning::FrameSizeWrong),
            (play("audio/x-l16", "8000", "-_-_-_=="), Warning::Base64UrlSafe),
            (play("audio/x-l16", "8000", "UklGRiQAAABXQVZF"), Warning::ContainerInAudio),
            (r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","payload":""}}"#.to_owned(), Warning::InvalidField),
            (r#"{"event":"checkpoint"}"#.to_owned(), Warning::InvalidField),
            (r#"{"event":"sendDTMF","dtmf":1}"#.to_owned(), Warning::InvalidField),
            (r#"{"event":"clearAudio","streamId":"x"}"#.to_owned(), Warning::WrongStreamId),
            (r#"{"event":"media","media":{"payload":""}}"#.to_owned(), Warning::UnknownEvent),
            (r#"{"event":"stop"}"#.to_owned(), Warning::UnknownEvent),
            ("hello".to_owned(), Warning::NotJson),
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
    fn what_is_for_another_stream_has_no_effect() {
        let play = r#""event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":8000,"payload":"EREREQ=="}"#;
        let stop = r#""event":"stop""#;
        let rows = [play, r#""event":"checkpoint","name":"m1""#, r#""event":"clearAudio""#, stop];
        for rest in rows {
            for mut call in [call(), vobiz()] {
                call.greeting();
                let meant = call.hear(&format!(r#"{{"streamId":"other",{rest}}}"#));
                let odd = call.odd();
                assert_eq!(meant, Meant::default(), "{rest}");
                assert!(odd.contains(&Warning::WrongStreamId) || rest == stop, "{rest}: {odd:?}");
            }
        }
    }

    #[test]
    fn the_time_counts_from_the_101() {
        for mut call in [call(), vobiz()] {
            call.up_at(1_795_168_808_000);
            assert!(call.frame(1).contains(r#""timestamp":"1795168808020""#));
        }
    }

    #[test]
    fn a_one_way_stream_may_be_of_the_other_track() {
        for provider in [Provider::Plivo, Provider::Vobiz] {
            let mut call = Rehearsal::new(provider, |settings| (settings.one_way, settings.track) = (true, Track::Outbound));
            assert!(call.greeting()[0].contains(r#""tracks":["outbound"],"#), "{provider}");
            assert!(call.frame(0).contains(r#""media":{"track":"outbound","#), "{provider}");
        }
    }

    #[test]
    fn a_one_way_stream_only_listens() {
        let mut call = Rehearsal::new(Provider::Plivo, |settings| settings.one_way = true);
        call.hear(r#"{"event":"clearAudio"}"#);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn failures_have_plivos_name() {
        let rows = [
            (Reason::TcpRefused, Some("Plivo DroppedStream")),
            (Reason::from_status(404), Some("Plivo DroppedStream")),
            (Reason::WsReset, Some("Plivo DroppedStream")),
            (Reason::ClosedByServer, None),
        ];
        for (reason, name) in rows {
            assert_eq!((FACTS.failure)(reason), name, "{reason}");
            assert_eq!((VOBIZ.failure)(reason), None, "{reason}");
        }
    }
}
