//! Telnyx media streaming, by Call Control or TeXML.
//!
//! Source: developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket (AsyncAPI), and the error codes of Telnyx's SDKs.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Chunk, Named, Parameters, Quoted};
use super::line::Line;
use super::{Call, CallSettings, Farewell, Heard, HeardAudio, Incoming, Moment, Playback, Remarks, Speaker, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::{Phase, Reason, Warning};

/// How much audio a message may hold in the mode `rtp` (AsyncAPI: 20 milliseconds to 30 seconds).
const SHORTEST_CHUNK: Duration = Duration::from_millis(20);
const LONGEST_CHUNK: Duration = Duration::from_secs(30);

pub(super) const FACTS: Facts = Facts {
    title: "Telnyx media streaming",
    formats: &[
        AudioFormat::MULAW_8K,
        AudioFormat { codec: Codec::Alaw, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 22_050 },
        AudioFormat { codec: Codec::L16, sample_rate: 24_000 },
        AudioFormat { codec: Codec::L16, sample_rate: 48_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 16_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 8_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 22_050 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 24_000 },
        AudioFormat { codec: Codec::L16Be, sample_rate: 48_000 },
    ],
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
        CallKey::SessionId,
        CallKey::From,
        CallKey::To,
        CallKey::Parameters,
        CallKey::OneWay,
        CallKey::Track,
        CallKey::ClientState,
        CallKey::EncodingName,
        CallKey::Mp3,
    ],
    codes: &[
        (Warning::NotJson, "Telnyx 100003 malformed_frame"),
        (Warning::InvalidField, "Telnyx 100003 malformed_frame"),
        (Warning::Base64Invalid, "Telnyx 100004 invalid_media"),
        (Warning::Base64UrlSafe, "Telnyx 100004 invalid_media"),
    ],
    failure,
    playback_limit: None,
    ids: IdForms { call: ids::telnyx_call_control, stream: ids::uuid, account: ids::uuid, session: ids::uuid },
    about: About {
        sends: &[
            "No signature is documented for the upgrade, and none is sent.",
            "`connected` and `start`, then `media` every 20 ms (the RTP payload without its header), `stop` at the end. All numbers that \
             count are texts. `call_id` is the `call_control_id`, `account_id` the `user_id`, `session_id` the `call_session_id`.",
            "`one_way = true` stands for a stream without `stream_bidirectional_mode`: nothing may come back. `track = \"outbound\"` with it (`stream_track = outbound_track`) has what the caller hears in place of the caller. \
             `both_tracks`, two streams in one, is not offered.",
            "`client_state` is in `start` if it is set, and not otherwise.",
            "No `error` message: what Telnyx would complain of is a warning here.",
        ],
        checks: &[
            "`media`, `mark` and `clear`, with or without `stream_id`. A `mark` is sent back when the audio before it has been played or was \
             cleared.",
            "A `media` message holds 20 ms to 30 s of audio in the call's codec. `mp3 = true` stands for Telnyx's default mode `mp3`: messages \
             are counted, and the audio in them is not looked at.",
            "Binary messages, unknown events, missing fields, another `stream_id` than ours, audio that is no standard base64 or has the \
             header of a file.",
        ],
        unverified: &[
            "The name of the codec in `start`: `PCMU` in the present documentation, `audio/x-mulaw` in older ones: `encoding_name`.",
            "The byte order of L16 (RTP's own is big endian, RFC 3551): `codec = \"l16\"` for little endian, `codec = \"l16be\"` for big.",
            "How `stream_auth_token` is sent. Several public servers read the header `x-telnyx-streaming-auth-token`: `headers`.",
            "Whether a query in the URL survives; here it is sent.",
            "The codecs G722, OPUS and AMR-WB, which Telnyx has as well, are not spoken.",
            "That parameters arrive in `start.custom_parameters`, and as an object.",
            "Which complaint is 100003 and which is 100004: Telnyx lists the numbers, not their causes.",
            "What `timestamp` counts from; here the first frame is at 0 ms.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/telnyx\"\ndialect = \"telnyx\"\naudio = { codec = \"l16\", sample_rate = 16_000 }",
    },
};

/// The webhook that tells of a line that could not be opened (Telnyx's OpenAPI).
fn failure(reason: Reason) -> Option<&'static str> {
    match reason.phase() {
        Phase::Resolve | Phase::Connect | Phase::Tls | Phase::Upgrade => Some("Telnyx streaming.failed"),
        Phase::Webhook | Phase::Hold | Phase::Close => None,
    }
}

const GRAMMAR: Grammar = Grammar {
    tag: "event",
    kinds: &[
        Kind { name: "media", required: &[("media.payload", Is::Text)], optional: &[] },
        Kind { name: "mark", required: &[("mark.name", Is::Text)], optional: &[] },
        Kind { name: "clear", required: &[], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

#[derive(Serialize)]
struct Connected {
    event: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Start<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    start: StartDetails<'a>,
    stream_id: &'a str,
}

#[derive(Serialize)]
struct StartDetails<'a> {
    user_id: &'a str,
    call_control_id: &'a str,
    call_session_id: &'a str,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_state: Option<&'a str>,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    custom_parameters: Parameters<'a>,
    media_format: MediaFormat<'a>,
}

#[derive(Serialize)]
struct MediaFormat<'a> {
    encoding: &'a str,
    sample_rate: u32,
    channels: u8,
}

#[derive(Serialize)]
struct Media<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    media: Chunk<'a>,
    stream_id: &'a str,
}

#[derive(Serialize)]
struct Mark<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stream_id: &'a str,
    mark: Named<'a>,
}

#[derive(Serialize)]
struct Stop<'a> {
    event: &'static str,
    sequence_number: Quoted<u64>,
    stop: StopDetails<'a>,
    stream_id: &'a str,
}

#[derive(Serialize)]
struct StopDetails<'a> {
    user_id: &'a str,
    call_control_id: &'a str,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Telnyx(Line);

impl Telnyx {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self(Line::new(settings, call))
    }
}

/// The name of the codec in `start`.
const fn encoding(codec: Codec) -> &'static str {
    match codec {
        Codec::Mulaw => "PCMU",
        Codec::Alaw => "PCMA",
        Codec::L16 | Codec::L16Be => "L16",
    }
}

fn check_length(audio: Option<&HeardAudio<'_>>, format: AudioFormat, remarks: &mut Remarks) {
    let Some(audio) = audio else { return };
    let length = format.length(audio.bytes.len());
    if length < SHORTEST_CHUNK || length > LONGEST_CHUNK {
        let says = || format!("{} ms of audio in a message, which may hold 20 ms to 30 s", length.as_millis());
        remarks.note(Warning::FrameSizeWrong, says);
    }
}

impl Speaker for Telnyx {
    fn greet(&mut self) -> Vec<Wire> {
        let connected = Connected { event: "connected", version: "1.0.0" };
        let sequence_number = Quoted(self.0.next_sequence());
        let audio = self.0.settings.audio;
        let encoding = self.0.settings.encoding_name.as_deref().unwrap_or_else(|| encoding(audio.codec));
        let start = StartDetails {
            user_id: &self.0.call.account_id,
            call_control_id: &self.0.call.call_id,
            call_session_id: &self.0.call.session_id,
            from: &self.0.settings.from,
            to: &self.0.settings.to,
            client_state: self.0.settings.client_state.as_deref(),
            custom_parameters: Parameters(&self.0.settings.parameters),
            media_format: MediaFormat { encoding, sample_rate: audio.sample_rate, channels: 1 },
        };
        let start = Start { event: "start", sequence_number, start, stream_id: &self.0.call.stream_id };
        vec![self.0.ink.json(&connected), self.0.ink.json(&start)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        let sequence_number = Quoted(self.0.next_sequence());
        let payload = self.0.settings.sound.frame(n);
        let media = self.0.chunk(n, &payload);
        self.0.ink.json(&Media { event: "media", sequence_number, media, stream_id: &self.0.call.stream_id })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let Some(message) = GRAMMAR.hear(message, &self.0.settings, remarks) else { return Heard::default() };
        if !message.is_ours("stream_id", &self.0.call.stream_id, remarks) {
            return Heard::default();
        }
        match message.kind {
            "media" if self.0.settings.mp3 && message.text("media.payload").is_some_and(|payload| !payload.is_empty()) => {
                Heard::unmeasured()
            }
            "media" if self.0.settings.mp3 => Heard::default(),
            "media" => {
                let heard = message.audio("media.payload", &mut self.0.reader, remarks);
                check_length(heard.audio.as_ref(), self.0.settings.audio, remarks);
                heard
            }
            "mark" => message.mark("mark.name"),
            _ => Heard::playback(Playback::Clear),
        }
    }

    fn played(&mut self, mark: &str, _cleared: bool) -> Option<Wire> {
        let sequence_number = Quoted(self.0.next_sequence());
        let mark = Mark { event: "mark", sequence_number, stream_id: &self.0.call.stream_id, mark: Named { name: mark } };
        Some(self.0.ink.json(&mark))
    }

    fn farewell(&mut self) -> Farewell {
        let sequence_number = Quoted(self.0.next_sequence());
        let stop = StopDetails { user_id: &self.0.call.account_id, call_control_id: &self.0.call.call_id };
        let stop = Stop { event: "stop", sequence_number, stop, stream_id: &self.0.call.stream_id };
        Farewell { frames: vec![self.0.ink.json(&stop)], server_may_close_first: FACTS.server_may_close_first }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::audio::Sound;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Provider, Track};

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::Telnyx, |_| ())
    }

    const ID: &str = "11111111-1111-4111-9111-111111111111";

    fn media(bytes: usize) -> String {
        let payload = BASE64_STANDARD.encode(vec![0x11; bytes]);
        format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#)
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut call = call();
        let start = concat!(
            r#"{"event":"start","sequence_number":"1","start":{"user_id":"11111111-1111-4111-9111-111111111111","#,
            r#""call_control_id":"v3:EREREREREREREREREREREQ","call_session_id":"11111111-1111-4111-9111-111111111111","#,
            r#""from":"+12025550100","to":"+12025550101","custom_parameters":{"agent":"booking"},"#,
            r#""media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}},"#,
            r#""stream_id":"11111111-1111-4111-9111-111111111111"}"#
        );
        assert_eq!(call.greeting(), [r#"{"event":"connected","version":"1.0.0"}"#, start]);
        let silence = format!("{}/w==", "////".repeat(53));
        let media = |sequence: u64, chunk: u64, timestamp: u64| {
            format!(
                r#"{{"event":"media","sequence_number":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{silence}"}},"stream_id":"{ID}"}}"#
            )
        };
        assert_eq!(call.frame(0), media(2, 1, 0));
        assert_eq!(call.frame(1), media(3, 2, 20));
        assert_eq!(call.frame(5), media(4, 3, 100), "a slot that was left out moves the time and not the count");
    }

    #[test]
    fn the_codec_has_its_name_or_the_users() {
        let rows = [
            (Codec::Alaw, 8_000, None, r#""media_format":{"encoding":"PCMA","sample_rate":8000,"channels":1}"#),
            (Codec::L16, 16_000, None, r#""media_format":{"encoding":"L16","sample_rate":16000,"channels":1}"#),
            (Codec::L16Be, 24_000, None, r#""media_format":{"encoding":"L16","sample_rate":24000,"channels":1}"#),
            (
                Codec::Mulaw,
                8_000,
                Some("audio/x-mulaw"),
                r#""media_format":{"encoding":"audio/x-mulaw","sample_rate":8000,"channels":1}"#,
            ),
        ];
        for (codec, sample_rate, name, format) in rows {
            let mut call = Rehearsal::new(Provider::Telnyx, |settings| {
                settings.audio = AudioFormat { codec, sample_rate };
                settings.encoding_name = name.map(str::to_owned);
                settings.parameters.clear();
            });
            let start = call.greeting().remove(1);
            assert!(start.contains(&format!(r#""to":"+12025550101",{format}}}"#)), "{start}");
        }
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = Rehearsal::new(Provider::Telnyx, |settings| {
            settings.audio = AudioFormat { codec: Codec::L16, sample_rate: 22_050 };
            settings.sound = Sound::silence(settings.audio, settings.cadence);
        });
        call.greeting();
        let last = (0..30_000).map(|n| call.frame(n)).last().unwrap();
        let payload = BASE64_STANDARD.encode([0; 882]);
        let expected = format!(
            r#"{{"event":"media","sequence_number":"30001","media":{{"track":"inbound","chunk":"30000","timestamp":"599980","payload":"{payload}"}},"stream_id":"{ID}"}}"#
        );
        assert_eq!(last, expected);
        let stop = concat!(
            r#"{"event":"stop","sequence_number":"30002","stop":{"user_id":"11111111-1111-4111-9111-111111111111","#,
            r#""call_control_id":"v3:EREREREREREREREREREREQ"},"stream_id":"11111111-1111-4111-9111-111111111111"}"#
        );
        assert_eq!(call.farewell(), (vec![stop.to_owned()], Duration::from_secs(1)));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call();
        call.greeting();
        assert_eq!(call.hear(&media(160)), Meant { audio: Some((vec![0x11; 160], false)), ..Meant::default() });
        let mark = r#"{"event":"mark","mark":{"name":"m1"}}"#;
        assert_eq!(call.hear(mark), Meant { mark: Some("m1".into()), ..Meant::default() });
        let answer = |sequence: u64| {
            format!(r#"{{"event":"mark","sequence_number":"{sequence}","stream_id":"{ID}","mark":{{"name":"m1"}}}}"#)
        };
        assert_eq!((call.played("m1"), call.cleared("m1")), (vec![answer(2)], vec![answer(3)]));
        assert_eq!(call.hear(r#"{"event":"clear"}"#), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_telnyx_would_complain_of() {
        let rows = [
            (r#"{"event":"clear","stream_id":"x"}"#.to_owned(), Some(Warning::WrongStreamId), None),
            (r#"{"event":"media","media":{}}"#.to_owned(), Some(Warning::InvalidField), Some("Telnyx 100003 malformed_frame")),
            (r#"{"event":"dtmf","dtmf":{"digit":"1"}}"#.to_owned(), Some(Warning::UnknownEvent), None),
            ("hello".to_owned(), Some(Warning::NotJson), Some("Telnyx 100003 malformed_frame")),
            (
                r#"{"event":"media","media":{"payload":"?"}}"#.to_owned(),
                Some(Warning::Base64Invalid),
                Some("Telnyx 100004 invalid_media"),
            ),
            (media(159), Some(Warning::FrameSizeWrong), None),
            (media(160), None, None),
            (media(240_000), None, None),
            (media(240_001), Some(Warning::FrameSizeWrong), None),
        ];
        for (message, warning, code) in rows {
            let mut call = call();
            call.hear(&message);
            assert_eq!(call.odd(), Vec::from_iter(warning), "{message}");
            assert_eq!(warning.and_then(|warning| FACTS.code(warning)), code, "{message}");
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
            let message = format!(r#"{{"stream_id":"other",{rest}}}"#);
            assert_eq!((call.hear(&message), call.odd()), (Meant::default(), vec![Warning::WrongStreamId]), "{rest}");
        }
    }

    #[test]
    fn a_one_way_stream_only_listens_and_may_be_of_the_other_track() {
        let mut call = Rehearsal::new(Provider::Telnyx, |settings| (settings.one_way, settings.track) = (true, Track::Outbound));
        assert!(!call.greeting()[1].contains("tracks"));
        assert!(call.frame(0).contains(r#""media":{"track":"outbound","chunk":"1","#));
        call.hear(r#"{"event":"clear"}"#);
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn the_state_of_the_call_is_in_the_hello() {
        let mut call = Rehearsal::new(Provider::Telnyx, |settings| settings.client_state = Some("aGVsbG8=".to_owned()));
        let start = call.greeting().remove(1);
        assert!(start.contains(r#""to":"+12025550101","client_state":"aGVsbG8=","custom_parameters":"#), "{start}");
    }

    #[test]
    fn mp3_is_counted_and_not_measured() {
        let mut call = Rehearsal::new(Provider::Telnyx, |settings| settings.mp3 = true);
        let id3 = BASE64_STANDARD.encode(b"ID3\x04\0\0\0\0\0\0");
        let media = format!(r#"{{"event":"media","media":{{"payload":"{id3}"}}}}"#);
        assert_eq!((call.hear(&media), call.odd()), (Meant { unmeasured: true, ..Meant::default() }, vec![]));
        assert_eq!(call.hear(r#"{"event":"media","media":{"payload":""}}"#), Meant::default(), "no audio");
        let mut call = self::call();
        call.hear(&media);
        assert_eq!(call.odd(), [Warning::ContainerInAudio, Warning::FrameSizeWrong]);
    }

    #[test]
    fn failures_have_telnyxs_name() {
        let rows = [
            (Reason::TcpRefused, Some("Telnyx streaming.failed")),
            (Reason::TlsSelfSigned, Some("Telnyx streaming.failed")),
            (Reason::from_status(401), Some("Telnyx streaming.failed")),
            (Reason::ClosedByServer, None),
        ];
        for (reason, name) in rows {
            assert_eq!((FACTS.failure)(reason), name, "{reason}");
        }
    }
}
