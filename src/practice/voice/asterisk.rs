//! Asterisk's chan_websocket: audio as binary messages, control as plain text or JSON. The server answers in the form of the hello.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::clerk::Clerk;
use super::envelope::text;
use super::grammar::Kind::{AsteriskFormat, FrameBytes, Id, Mark, Number, Text, Texts};
use super::grammar::Means::Nothing;
use super::grammar::Slot::{Call, Stream};
use super::grammar::{Field, Form, Grammar, may, must, open_shape, shape};
use super::{Action, Heard, MARK, Message, Mistake, Protocol};
use crate::audio::AudioFormat;

const CHANNEL: Field = may("channel_id", Id(Call, Form::Text));
const HELLO: &[Field] = &[
    must("event", Text),
    must("connection_id", Id(Stream, Form::Uuid)),
    must("channel", Text),
    must("channel_id", Id(Call, Form::Text)),
    must("format", AsteriskFormat),
    must("optimal_frame_size", FrameBytes),
    must("ptime", Number(20)),
    may("channel_variables", Texts),
];
/// The order of the plain hello.
const PLAIN_HELLO: [&str; 6] = ["connection_id", "channel", "channel_id", "format", "optimal_frame_size", "ptime"];
/// Fields that are numbers in JSON.
const NUMBERS: [&str; 2] = ["optimal_frame_size", "ptime"];

static GRAMMAR: Grammar = Grammar {
    tags: &["event"],
    hello: &[shape("MEDIA_START", Nothing, HELLO)],
    later: &[
        shape("DTMF_END", Nothing, &[must("event", Text), CHANNEL, must("digit", Text)]),
        shape("MEDIA_XOFF", Nothing, &[must("event", Text), CHANNEL]),
        shape("MEDIA_XON", Nothing, &[must("event", Text), CHANNEL]),
        shape("QUEUE_DRAINED", Nothing, &[must("event", Text), CHANNEL]),
        shape("MEDIA_MARK_PROCESSED", Nothing, &[must("event", Text), CHANNEL, must("correlation_id", Mark)]),
        shape("MEDIA_BUFFERING_COMPLETED", Nothing, &[must("event", Text), CHANNEL, may("correlation_id", Text)]),
        open_shape("STATUS", &[must("event", Text), CHANNEL]),
        shape("ERROR", Nothing, &[must("event", Text), CHANNEL, must("error_text", Text)]),
    ],
    encodings: &[],
    rates: &[8_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

/// A call of Asterisk.
#[derive(Debug)]
pub(super) struct Asterisk {
    clerk: Clerk,
    /// The form of the hello.
    json: bool,
}

impl Asterisk {
    pub(super) fn new() -> Self {
        Self { clerk: Clerk::new(&GRAMMAR), json: false }
    }

    fn read(&mut self, at: Duration, text: &str) -> Result<Heard, Mistake> {
        let greeted = self.clerk.is_greeted();
        let json = text.trim_start().starts_with('{');
        if greeted && json != self.json {
            return Err(Mistake::new("message", "is not in the form of MEDIA_START"));
        }
        let shape = if json {
            self.clerk.read(at, text)?
        } else {
            let value = plain(text, greeted)?;
            self.clerk.read_value(at, &value)?
        };
        self.json = json;
        Ok(self.clerk.heard(shape, greeted))
    }

    fn command(&self, name: &str, id: Option<&str>, say: &mut Vec<Action>) {
        say.push(match (self.json, id) {
            (true, Some(id)) => text(&json!({ "command": name, "correlation_id": id })),
            (true, None) => text(&json!({ "command": name })),
            (false, Some(id)) => Action::Text(format!("{name} {id}")),
            (false, None) => Action::Text(name.to_owned()),
        });
    }
}

/// A plain message as the JSON that says the same. How `MEDIA_MARK_PROCESSED` has the id of its mark is not verified: with a name before it or
/// without one, both are taken. The text of an error is all that follows its name.
fn plain(text: &str, greeted: bool) -> Result<Value, Mistake> {
    let (text, error) = match text.trim_end().split_once(" error_text:") {
        Some((text, error)) => (text, Some(error)),
        None => (text.trim_end(), None),
    };
    let mut words = text.split(' ');
    let mut object = Map::new();
    object.extend(error.map(|error| ("error_text".to_owned(), Value::from(error))));
    object.insert("event".to_owned(), Value::from(words.next().unwrap_or_default()));
    let mut names = Vec::new();
    for word in words {
        let (name, value) = word.split_once(':').unwrap_or(("correlation_id", word));
        let number = value.parse::<u64>().ok().filter(|_| NUMBERS.contains(&name));
        if object.insert(name.to_owned(), number.map_or_else(|| Value::from(value), Value::from)).is_some() {
            return Err(Mistake::new("message", "has a field twice"));
        }
        names.push(name);
    }
    if !greeted && names != PLAIN_HELLO {
        return Err(Mistake::new("MEDIA_START", format!("has to have, in this order: {}", PLAIN_HELLO.join(" "))));
    }
    Ok(Value::Object(object))
}

impl Protocol for Asterisk {
    fn hear(&mut self, at: Duration, message: Message<'_>, _: &mut Vec<Action>) -> Result<Heard, Mistake> {
        match message {
            Message::Text(text) => self.read(at, text),
            Message::Binary(bytes) => {
                self.clerk.frame(bytes)?;
                Ok(Heard::Audio(bytes.to_vec()))
            }
        }
    }

    fn voice(&self) -> Option<AudioFormat> {
        Some(self.clerk.format)
    }

    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        say.push(Action::Binary(bytes.to_vec()));
    }

    fn mark(&mut self, say: &mut Vec<Action>) {
        self.clerk.marked = true;
        self.command("MARK_MEDIA", Some(MARK), say);
    }

    fn hang_up(&mut self, say: &mut Vec<Action>) {
        self.command("HANGUP", None, say);
    }
}
