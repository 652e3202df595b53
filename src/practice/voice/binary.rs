//! Providers that say hello in JSON and send audio as binary messages: Vonage, Infobip, jambonz, Sinch.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::clerk::Clerk;
use super::envelope::text;
use super::grammar::Kind::{Any, ContentType, Id, Is, Mark, Mix, Number, Object, OneOf, Rate, Text, Whole};
use super::grammar::Means::Nothing;
use super::grammar::Slot::{Account, Call};
use super::grammar::{Form, Grammar, Spelling, may, must, open_shape, shape};
use super::{Action, Heard, MARK, Message, Mistake, Protocol, Twist};
use crate::audio::AudioFormat;

/// Whose protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Vonage,
    Infobip,
    Jambonz,
    Sinch,
}

static VONAGE: Grammar = Grammar {
    tags: &["event"],
    // The user's own headers are fields beside these.
    hello: &[open_shape("websocket:connected", &[must("event", Text), must("content-type", ContentType)])],
    later: &[
        shape("websocket:dtmf", Nothing, &[must("event", Text), must("digit", Text), must("duration", Whole)]),
        shape("websocket:cleared", Nothing, &[must("event", Text)]),
        shape("websocket:notify", Nothing, &[must("event", Text), must("payload", Object(&[must("name", Mark)]))]),
    ],
    encodings: &[],
    rates: &[8_000, 16_000, 24_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

static INFOBIP: Grammar = Grammar {
    tags: &["event"],
    hello: &[open_shape(
        "websocket:connected",
        &[must("event", Text), must("content-type", ContentType), may("call-id", Text), may("dialog-id", Text)],
    )],
    later: &[shape("websocket:dtmf", Nothing, &[must("event", Text), must("digit", Text), must("duration", Whole)])],
    encodings: &[],
    rates: &[8_000, 16_000, 24_000, 32_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

static JAMBONZ: Grammar = Grammar {
    tags: &["type", "event"],
    // The documentation's list of attributes is open.
    hello: &[open_shape(
        "",
        &[
            must("callSid", Id(Call, Form::Uuid)),
            must("accountSid", Id(Account, Form::Uuid)),
            may("applicationSid", Text),
            may("callId", Text),
            must("from", Text),
            must("to", Text),
            must("direction", OneOf(&["inbound", "outbound"])),
            may("callerName", Text),
            may("sipStatus", Whole),
            must("sampleRate", Rate(Spelling::Number)),
            must("mixType", Mix),
            may("metadata", Any),
        ],
    )],
    later: &[
        open_shape("playDone", &[must("type", Text)]),
        shape(
            "mark",
            Nothing,
            &[must("type", Text), must("data", Object(&[must("name", Mark), must("event", OneOf(&["playout", "cleared"]))]))],
        ),
        shape("dtmf", Nothing, &[must("event", Text), must("dtmf", Text), must("duration", Text)]),
    ],
    encodings: &[],
    rates: &[8_000, 16_000, 24_000, 48_000, 64_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

static SINCH: Grammar = Grammar {
    tags: &["command"],
    hello: &[shape(
        "connect",
        Nothing,
        &[
            must("command", Text),
            must("version", Number(1)),
            must("callId", Id(Call, Form::Text)),
            must("applicationKey", Id(Account, Form::Text)),
            must("codec", Is("PCM")),
            must("sampleRate", Rate(Spelling::Number)),
            must("callHeaders", Any),
        ],
    )],
    later: &[],
    encodings: &[],
    rates: &[8_000, 16_000, 24_000, 32_000, 48_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

/// A call of such a provider.
#[derive(Debug)]
pub(super) struct Binary {
    maker: Maker,
    clerk: Clerk,
    twist: Twist,
    /// May audio come?
    answered: bool,
}

impl Binary {
    pub(super) fn new(maker: Maker, twist: Twist) -> Self {
        let grammar = match maker {
            Maker::Vonage => &VONAGE,
            Maker::Infobip => &INFOBIP,
            Maker::Jambonz => &JAMBONZ,
            Maker::Sinch => &SINCH,
        };
        Self { maker, clerk: Clerk::new(grammar), twist, answered: maker != Maker::Sinch }
    }

    /// The first channel of what was sent.
    fn mono(&self) -> Vec<u8> {
        let (payload, sample) = (&self.clerk.payload, self.clerk.format.codec.bytes_per_sample() as usize);
        payload.chunks(sample * self.clerk.channels).flat_map(|frame| frame.iter().take(sample)).copied().collect()
    }
}

impl Protocol for Binary {
    fn hear(&mut self, at: Duration, message: Message<'_>, _: &mut Vec<Action>) -> Result<Heard, Mistake> {
        match message {
            Message::Text(text) => {
                let greeted = self.clerk.is_greeted();
                let shape = self.clerk.read(at, text)?;
                Ok(self.clerk.heard(shape, greeted))
            }
            Message::Binary(bytes) => {
                self.clerk.frame(bytes)?;
                if !self.answered {
                    return Err(Mistake::new("binary message", "came before the session was answered"));
                }
                Ok(Heard::Audio(self.mono()))
            }
        }
    }

    fn answer(&mut self, say: &mut Vec<Action>) {
        if self.maker != Maker::Sinch || self.twist == Twist::NotOpened {
            return;
        }
        let word = if self.twist == Twist::Refuses {
            "busy"
        } else if self.twist == Twist::Rejects {
            "reject"
        } else {
            "answer"
        };
        self.answered = word == "answer";
        say.push(text(&json!({ "command": word })));
    }

    fn voice(&self) -> Option<AudioFormat> {
        Some(self.clerk.format)
    }

    /// jambonz keeps no more than ten pieces, so they are longer there.
    fn piece(&self) -> Duration {
        Duration::from_millis(if self.maker == Maker::Jambonz { 100 } else { 20 })
    }

    fn has_fixed_pieces(&self) -> bool {
        self.maker != Maker::Jambonz
    }

    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        say.push(match self.maker {
            Maker::Vonage | Maker::Infobip | Maker::Sinch => Action::Binary(bytes.to_vec()),
            Maker::Jambonz => {
                let rate = self.clerk.format.sample_rate.to_string();
                let audio = BASE64_STANDARD.encode(bytes);
                let data = json!({ "audioContent": audio, "audioContentType": "raw", "sampleRate": rate });
                text(&json!({ "type": "playAudio", "data": data }))
            }
        });
    }

    fn mark(&mut self, say: &mut Vec<Action>) {
        let mark = match self.maker {
            Maker::Vonage => json!({ "action": "notify", "payload": { "name": MARK } }),
            Maker::Jambonz => json!({ "type": "mark", "data": { "name": MARK } }),
            Maker::Infobip | Maker::Sinch => return,
        };
        self.clerk.marked = true;
        say.push(text(&mark));
    }

    fn hang_up(&mut self, say: &mut Vec<Action>) {
        if self.maker == Maker::Jambonz {
            say.push(text(&json!({ "type": "disconnect" })));
        }
    }
}
