//! A server that imitates the OpenAI Realtime API: it speaks first.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::clerk::Clerk;
use super::envelope::text;
use super::grammar::Kind::{Any, Payload, Text};
use super::grammar::Means::{Media, Settings};
use super::grammar::{Field, Grammar, may, must, open_shape, shape};
use super::{Action, Heard, Message, Mistake, Protocol, Twist};
use crate::audio::{AudioFormat, Codec};

const TYPE: Field = must("type", Text);
const EVENT_ID: Field = may("event_id", Text);

static GRAMMAR: Grammar = Grammar {
    tags: &["type"],
    hello: &[],
    later: &[
        shape("session.update", Settings, &[TYPE, EVENT_ID, must("session", Any)]),
        shape("input_audio_buffer.append", Media, &[TYPE, EVENT_ID, must("audio", Payload)]),
        open_shape("input_audio_buffer.commit", &[TYPE]),
        open_shape("input_audio_buffer.clear", &[TYPE]),
        open_shape("conversation.item.create", &[TYPE]),
        open_shape("response.create", &[TYPE]),
        open_shape("response.cancel", &[TYPE]),
    ],
    encodings: &[],
    rates: &[24_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

/// A session of the API.
#[derive(Debug)]
pub(super) struct Realtime {
    clerk: Clerk,
    twist: Twist,
    output: AudioFormat,
    opened: bool,
    events: u64,
}

impl Realtime {
    pub(super) fn new(twist: Twist) -> Self {
        let clerk = Clerk::new(&GRAMMAR);
        let output = clerk.format;
        Self { clerk, twist, output, opened: false, events: 0 }
    }

    fn event(&mut self, mut event: Value, say: &mut Vec<Action>) {
        self.events += 1;
        event["event_id"] = format!("event_{}", self.events).into();
        say.push(text(&event));
    }

    fn session(&self) -> Value {
        let format = |format: AudioFormat| json!({ "format": format_value(format) });
        let audio = json!({ "input": format(self.clerk.format), "output": format(self.output) });
        json!({ "type": "realtime", "id": "sess_practice", "object": "realtime.session", "audio": audio })
    }

    /// Takes the formats out of `session.update`.
    fn update(&mut self, session: &Value) -> Result<(), Mistake> {
        if session.get("type") != Some(&Value::from("realtime")) {
            return Err(Mistake::new("session.update.session.type", "has to be realtime"));
        }
        if let Some(format) = session.pointer("/audio/input/format") {
            self.clerk.format = format_of(format, "session.update.session.audio.input.format")?;
        }
        if let Some(format) = session.pointer("/audio/output/format") {
            self.output = format_of(format, "session.update.session.audio.output.format")?;
        }
        Ok(())
    }
}

fn format_value(format: AudioFormat) -> Value {
    match format.codec {
        Codec::L16 | Codec::L16Be => json!({ "type": "audio/pcm", "rate": format.sample_rate }),
        Codec::Mulaw => json!({ "type": "audio/pcmu" }),
        Codec::Alaw => json!({ "type": "audio/pcma" }),
    }
}

fn format_of(value: &Value, path: &str) -> Result<AudioFormat, Mistake> {
    let known = [(Codec::L16, 24_000), (Codec::Mulaw, 8_000), (Codec::Alaw, 8_000)];
    let formats = known.map(|(codec, sample_rate)| AudioFormat { codec, sample_rate });
    let found = formats.into_iter().find(|format| format_value(*format) == *value);
    found.ok_or_else(|| Mistake::new(path, "has to be audio/pcm with rate 24000, audio/pcmu or audio/pcma"))
}

impl Protocol for Realtime {
    fn open(&mut self, say: &mut Vec<Action>) {
        if self.twist == Twist::NotOpened {
            return;
        }
        let session = self.session();
        self.event(json!({ "type": "session.created", "session": session }), say);
        if self.twist == Twist::ReportsError {
            let error = json!({ "type": "server_error", "code": "practice", "message": "practice: the model is overloaded" });
            self.event(json!({ "type": "error", "error": error }), say);
        }
    }

    fn hear(&mut self, at: Duration, message: Message<'_>, say: &mut Vec<Action>) -> Result<Heard, Mistake> {
        let Message::Text(text) = message else { return Err(Mistake::new("message", "is binary, and has to be text")) };
        let value: Value = serde_json::from_str(text).map_err(|_| Mistake::new("message", "is not JSON"))?;
        let shape = self.clerk.read_value(at, &value)?;
        if self.twist == Twist::NotOpened {
            return Ok(Heard::Nothing);
        }
        if shape.means == Settings {
            self.update(&value["session"])?;
            let session = self.session();
            self.event(json!({ "type": "session.updated", "session": session }), say);
        }
        if !std::mem::replace(&mut self.opened, true) {
            return Ok(Heard::Opened);
        }
        let heard = self.clerk.heard(shape, true);
        // What is sent back has to be in the format of the way back.
        let foreign = matches!(heard, Heard::Audio(_)) && self.clerk.format != self.output;
        Ok(if foreign { Heard::Nothing } else { heard })
    }

    fn voice(&self) -> Option<AudioFormat> {
        Some(self.output)
    }

    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        let delta = BASE64_STANDARD.encode(bytes);
        let ids = json!({ "response_id": "resp_practice", "item_id": "item_practice", "output_index": 0, "content_index": 0 });
        let mut event = ids;
        event["type"] = "response.output_audio.delta".into();
        event["delta"] = delta.into();
        self.event(event, say);
    }
}
