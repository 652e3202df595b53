//! Vonage Voice API WebSockets: a JSON hello, then binary frames of 20 ms both ways.
//!
//! Source: developer.vonage.com/en/voice/voice-api/concepts/websockets, and the tutorial "Play audio into a WebSocket" for the buffer.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::IdForms;
use super::ink::{Ink, Parameters};
use super::{CallSettings, Farewell, Heard, Incoming, Moment, Playback, Speaker, Wire};

pub(super) const FACTS: Facts = Facts {
    title: "Vonage Voice API",
    formats: &[l16(16_000), l16(8_000), l16(24_000)],
    cadence: Duration::from_millis(20),
    fixed_frame: true,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::Parameters],
    codes: &[],
    failure: |_| None,
    // 3072 messages of 20 ms.
    playback_limit: Some(Duration::from_millis(3_072 * 20)),
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "`websocket:connected` with the `content-type` and, beside it, the `headers` of the NCCO: `parameters`. Then binary frames of \
             20 ms. There is no goodbye but the Close.",
            "The `authorization` of the NCCO's endpoint is `bearer_token_file`, or a header in `headers`. Vonage's own JWT cannot be had here.",
        ],
        checks: &[
            "Every binary message has to be one frame of 20 ms.",
            "`clear` empties the queue and is answered with `websocket:cleared`; `notify` is answered with `websocket:notify` and its payload \
             when the audio before it has been played. A payload of more than 1000 bytes comes back as `{}`.",
            "More than 3072 messages that wait to be played (`playback_overflow`).",
        ],
        unverified: &[
            "How many messages wait to be played: an older guide says 1024 where a newer one says 3072, which is what counts here.",
            "That a `notify` is not answered when the audio before it was cleared.",
            "Whether a query in the URL is carried; here it is, as examples of others have it.",
            "Close codes, pings and whether Vonage connects again are not documented.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/socket\"\ndialect = \"vonage\"\naudio = { sample_rate = 24_000 }\nexpect = { audible = true }",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "action",
    kinds: &[
        Kind { name: "clear", required: &[], optional: &[] },
        Kind { name: "notify", required: &[("payload", Is::Object)], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

/// The longest payload of a `notify` that is kept, in bytes of compact JSON.
const LONGEST_PAYLOAD: usize = 1000;

#[derive(Serialize)]
struct Connected<'a> {
    event: &'static str,
    #[serde(rename = "content-type")]
    content_type: String,
    #[serde(flatten)]
    headers: Parameters<'a>,
}

#[derive(Serialize)]
struct Cleared {
    event: &'static str,
}

#[derive(Serialize)]
struct Notify {
    event: &'static str,
    payload: serde_json::Value,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Vonage {
    settings: CallSettings,
    ink: Ink,
    reader: AudioReader,
}

impl Vonage {
    pub(super) fn new(settings: &CallSettings) -> Self {
        Self { reader: AudioReader::new(settings.audio.codec), settings: settings.clone(), ink: Ink::default() }
    }
}

impl Speaker for Vonage {
    fn greet(&mut self) -> Vec<Wire> {
        let content_type = format!("audio/l16;rate={}", self.settings.audio.sample_rate);
        let headers = Parameters(&self.settings.parameters);
        vec![self.ink.json(&Connected { event: "websocket:connected", content_type, headers })]
    }

    fn frame(&mut self, n: u64) -> Wire {
        Wire::Binary(self.settings.sound.frame(n))
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let text = match message {
            Incoming::Binary(bytes) => {
                let audio = self.reader.frame(bytes, self.settings.audio.frame_bytes(FACTS.cadence), moment.remarks);
                return Heard { audio: Some(audio), ..Heard::default() };
            }
            Incoming::Text(text) => text,
        };
        let Some(message) = GRAMMAR.read(text, moment.remarks) else { return Heard::default() };
        match message.kind {
            "clear" => {
                let cleared = self.ink.json(&Cleared { event: "websocket:cleared" });
                Heard { playback: Some(Playback::Clear), ..Heard::reply(cleared) }
            }
            _ => {
                let payload = message.json("payload").map(|payload| payload.to_string());
                Heard::mark(payload.filter(|text| text.len() <= LONGEST_PAYLOAD).as_deref().unwrap_or("{}"))
            }
        }
    }

    fn played(&mut self, mark: &str, cleared: bool) -> Option<Wire> {
        let payload = serde_json::from_str(mark).unwrap_or_default();
        (!cleared).then(|| self.ink.json(&Notify { event: "websocket:notify", payload }))
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
    use crate::outcome::Warning;

    fn call(sample_rate: u32) -> Rehearsal {
        Rehearsal::new(Provider::Vonage, |settings| {
            settings.audio = l16(sample_rate);
            settings.sound = Sound::silence(settings.audio, settings.cadence);
        })
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        for (sample_rate, bytes) in [(8_000, 320), (16_000, 640), (24_000, 960)] {
            let mut call = call(sample_rate);
            let hello =
                format!(r#"{{"event":"websocket:connected","content-type":"audio/l16;rate={sample_rate}","agent":"booking"}}"#);
            assert_eq!(call.greeting(), [hello]);
            assert_eq!(call.frame(0), format!("binary:{}", "00".repeat(bytes)));
        }
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        let mut call = call(16_000);
        call.greeting();
        let frames = (0..30_000).map(|n| call.speaker.frame(n).payload().len());
        assert_eq!(frames.sum::<usize>(), 600 * 32_000);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
        assert_eq!(FACTS.playback_limit, Some(Duration::from_millis(61_440)));
    }

    #[test]
    fn every_documented_reply() {
        let mut call = call(8_000);
        assert_eq!(call.hear_binary(&[1; 320]), Meant { audio: Some((vec![1; 320], false)), ..Meant::default() });
        let cleared = vec![r#"{"event":"websocket:cleared"}"#.to_owned()];
        let meant = Meant { replies: cleared, playback: Some(Playback::Clear), ..Meant::default() };
        assert_eq!(call.hear(r#"{"action":"clear"}"#), meant);
        let meant = call.hear(r#"{"action":"notify","payload":{"id": 7, "deep": {"a": [1, "ü"]}}}"#);
        let mark = meant.mark.clone().unwrap();
        assert_eq!(meant, Meant { mark: meant.mark.clone(), ..Meant::default() });
        let [answer] = &call.played(&mark)[..] else { panic!("no answer") };
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let wanted = serde_json::json!({"event": "websocket:notify", "payload": {"id": 7, "deep": {"a": [1, "ü"]}}});
        assert_eq!(answer, wanted);
        assert!(call.cleared(&mark).is_empty());
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn a_payload_that_is_too_long_comes_back_empty() {
        let mut call = call(8_000);
        let meant = call.hear(&format!(r#"{{"action":"notify","payload":{{"x":"{}"}}}}"#, "y".repeat(2_000)));
        assert_eq!(call.played(&meant.mark.unwrap()), [r#"{"event":"websocket:notify","payload":{}}"#]);
    }

    #[test]
    fn what_is_odd() {
        let texts = [
            ("hello", Warning::NotJson),
            (r#"{"event":"clear"}"#, Warning::InvalidField),
            (r#"{"action":"stop"}"#, Warning::UnknownEvent),
            (r#"{"action":"notify","payload":"x"}"#, Warning::InvalidField),
        ];
        for (message, warning) in texts {
            let mut call = call(8_000);
            call.hear(message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let binary: [(Vec<u8>, Warning); 3] = [
            (vec![1; 640], Warning::FrameSizeWrong),
            (vec![1; 319], Warning::FrameSizeWrong),
            ([b"RIFF\0\0\0\0WAVE".to_vec(), vec![0; 308]].concat(), Warning::ContainerInAudio),
        ];
        for (message, warning) in binary {
            let mut call = call(8_000);
            call.hear_binary(&message);
            assert_eq!(call.odd(), [warning], "{} bytes", message.len());
        }
    }
}
