//! Twilio's ConversationRelay: words instead of audio.

use std::time::Duration;

use serde_json::json;

use super::clerk::Clerk;
use super::envelope::text;
use super::grammar::Kind::{Flag, Id, Text, Texts, Whole, Words};
use super::grammar::Means::{Nothing, Prompt};
use super::grammar::Slot::{Account, Call, Session};
use super::grammar::{Form, Grammar, may, must, shape};
use super::{Action, Heard, Message, Mistake, Protocol};
use crate::audio::AudioFormat;

static GRAMMAR: Grammar = Grammar {
    tags: &["type"],
    hello: &[shape(
        "setup",
        Nothing,
        &[
            must("type", Text),
            must("sessionId", Id(Session, Form::Sid("VX"))),
            must("accountSid", Id(Account, Form::Sid("AC"))),
            must("callSid", Id(Call, Form::Sid("CA"))),
            must("from", Text),
            must("to", Text),
            must("direction", Text),
            must("callStatus", Text),
            must("customParameters", Texts),
            // Named in the provider's newer examples.
            may("parentCallSid", Text),
            may("forwardedFrom", Text),
            may("callerName", Text),
            may("callType", Text),
            may("applicationSid", Text),
        ],
    )],
    later: &[
        shape("prompt", Prompt, &[must("type", Text), must("voicePrompt", Words), must("lang", Text), must("last", Flag)]),
        shape("dtmf", Nothing, &[must("type", Text), must("digit", Text)]),
        shape(
            "interrupt",
            Nothing,
            &[must("type", Text), must("utteranceUntilInterrupt", Text), must("durationUntilInterruptMs", Whole)],
        ),
        shape("error", Nothing, &[must("type", Text), must("description", Text)]),
    ],
    encodings: &[],
    rates: &[8_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

/// A call in words.
#[derive(Debug)]
pub(super) struct Relay {
    clerk: Clerk,
}

impl Relay {
    pub(super) fn new() -> Self {
        Self { clerk: Clerk::new(&GRAMMAR) }
    }
}

impl Protocol for Relay {
    fn hear(&mut self, at: Duration, message: Message<'_>, _: &mut Vec<Action>) -> Result<Heard, Mistake> {
        let Message::Text(text) = message else { return Err(Mistake::new("message", "is binary, and has to be text")) };
        let greeted = self.clerk.is_greeted();
        let shape = self.clerk.read(at, text)?;
        Ok(self.clerk.heard(shape, greeted))
    }

    fn voice(&self) -> Option<AudioFormat> {
        None
    }

    fn audio(&mut self, _: &[u8], _: &mut Vec<Action>) {}

    fn words(&mut self, words: &str, say: &mut Vec<Action>) {
        say.push(text(&json!({ "type": "text", "token": words, "last": true })));
    }
}
