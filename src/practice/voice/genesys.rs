//! Genesys AudioHook: the server opens the session and answers pings and the goodbye. It speaks in the Audio Connector alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::clerk::Clerk;
use super::envelope::text;
use super::grammar::Kind::{Any, Id, Is, Object, OneOf, Sequence, Text, Whole};
use super::grammar::Means::{Nothing, Stop};
use super::grammar::Slot::{Account, Call, Session};
use super::grammar::{Field, Form, Grammar, Kind, Spelling, may, must, shape};
use super::{Action, Heard, Message, Mistake, Protocol, Twist};
use crate::audio::AudioFormat;

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
/// How far a position may be from the audio that came.
const TOLERANCE: f64 = 0.5;

const VERSION: Field = must("version", Is("2"));
const ID: Field = must("id", Id(Session, Form::Uuid));
const TYPE: Field = must("type", Text);
const SEQUENCE: Field = must("seq", Sequence(Spelling::Number));
const SERVER_SEQUENCE: Field = must("serverseq", Whole);
const POSITION: Field = must("position", Text);

const PARTICIPANT: Kind = Object(&[
    must("id", Id(super::grammar::Slot::Stream, Form::Uuid)),
    must("ani", Text),
    must("aniName", Text),
    must("dnis", Text),
]);
const OPEN: Kind = Object(&[
    must("organizationId", Id(Account, Form::Uuid)),
    must("conversationId", Id(Call, Form::Uuid)),
    must("participant", PARTICIPANT),
    must("media", Any),
    may("language", Text),
    may("supportedLanguages", Kind::Flag),
    may("continuedSessions", Any),
    may("customConfig", Any),
]);
const ERROR: Kind = Object(&[must("code", Whole), must("message", Text), may("retryAfter", Text)]);
const DISCARDED: Kind = Object(&[must("start", Text), must("discarded", Text)]);
const CLOSE: Kind = Object(&[must("reason", OneOf(&["end", "error", "disconnect", "reconnect"]))]);

macro_rules! said {
    ($parameters:expr) => {
        &[VERSION, ID, TYPE, SEQUENCE, SERVER_SEQUENCE, POSITION, must("parameters", $parameters)]
    };
}

static GRAMMAR: Grammar = Grammar {
    tags: &["type"],
    hello: &[shape("open", Nothing, said!(OPEN))],
    later: &[
        shape("ping", Nothing, said!(Object(&[may("rtt", Text)]))),
        shape("error", Nothing, said!(ERROR)),
        shape("paused", Nothing, said!(Object(&[]))),
        shape("resumed", Nothing, said!(DISCARDED)),
        shape("discarded", Nothing, said!(DISCARDED)),
        shape("update", Nothing, said!(Object(&[must("language", Text)]))),
        shape("close", Stop, said!(CLOSE)),
    ],
    encodings: &[("PCMU", crate::audio::Codec::Mulaw)],
    rates: &[8_000],
    cadence_ms: 20,
    first_sequence: Some(1),
};

/// A session.
#[derive(Debug)]
pub(super) struct Genesys {
    clerk: Clerk,
    twist: Twist,
    /// The Audio Connector, in which we speak and hear `external` alone.
    speaks: bool,
    /// The last number that we used, and the last of the caller's.
    seq: u64,
    clientseq: u64,
    /// The caller's last account of what it has heard of us.
    serverseq: u64,
    offer: Value,
    /// The provider's own connection probe: nobody calls.
    is_probe: bool,
    opened: bool,
    /// When the session was heard of, bytes of audio and the last position since.
    began: Duration,
    bytes: u64,
    position: f64,
}

impl Genesys {
    pub(super) fn new(twist: Twist, speaks: bool) -> Self {
        Self {
            clerk: Clerk::new(&GRAMMAR),
            twist,
            speaks,
            seq: 0,
            clientseq: 0,
            serverseq: 0,
            offer: Value::Null,
            is_probe: false,
            opened: false,
            began: Duration::ZERO,
            bytes: 0,
            position: 0.0,
        }
    }

    fn tell(&mut self, name: &str, parameters: &Value, say: &mut Vec<Action>) {
        let skips = self.twist == Twist::WrongSequence && name == "pong";
        self.seq += if skips { 7 } else { 1 };
        let id = if self.twist == Twist::WrongStreamId && name == "pong" { NOBODY } else { self.clerk.id(Session) };
        say.push(text(&json!({
            "version": "2", "id": id, "type": name, "seq": self.seq, "clientseq": self.clientseq, "parameters": parameters,
        })));
    }

    /// What the grammar cannot say: the caller's account of us, and how far it is.
    fn check_counts(&mut self, at: Duration, message: &Value) -> Result<(), Mistake> {
        self.clientseq += 1;
        let serverseq = message["serverseq"].as_u64().unwrap_or_default();
        if !(self.serverseq..=self.seq).contains(&serverseq) {
            return Err(Mistake::new("serverseq", format!("is {serverseq}, and {} messages were sent", self.seq)));
        }
        self.serverseq = serverseq;
        let seconds = message["position"].as_str().and_then(|text| text.strip_prefix("PT")?.strip_suffix('S'));
        let plain = seconds.filter(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let Some(position) = plain.and_then(|text| text.parse::<f64>().ok()) else {
            return Err(Mistake::new("position", "has to be seconds such as PT1.5S"));
        };
        let latest = at.saturating_sub(self.began).as_secs_f64() + TOLERANCE;
        if position < self.position || position + TOLERANCE < self.received() || position > latest {
            return Err(Mistake::new("position", format!("is {position}, and {} s of audio came", self.received())));
        }
        self.position = position;
        Ok(())
    }

    /// Seconds of audio that came.
    fn received(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "bytes of one call")]
        let bytes = self.bytes as f64;
        bytes / (8_000 * self.clerk.channels.max(1)) as f64
    }

    fn take_open(&mut self, at: Duration, message: &Value) -> Result<(), Mistake> {
        (self.began, self.position) = (at, 0.0);
        let parameters = &message["parameters"];
        let offers = parameters["media"].as_array().filter(|offers| !offers.is_empty());
        let offers = offers.ok_or_else(|| Mistake::new("open.parameters.media", "has to be a list of offers"))?;
        for offer in offers {
            let channels = offer["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
            let known = channels.iter().all(|channel| *channel == "external" || *channel == "internal");
            let whole = json!({ "type": "audio", "format": "PCMU", "channels": channels, "rate": 8000 });
            if *offer != whole || channels.is_empty() || channels.len() > 2 || !known {
                return Err(Mistake::new(
                    "open.parameters.media",
                    "has to offer audio in PCMU at 8000, external or internal or both",
                ));
            }
        }
        let external = |offer: &&Value| !self.speaks || offer["channels"] == json!(["external"]);
        let Some(offer) = offers.iter().find(external) else {
            return Err(Mistake::new("open.parameters.media", "has to offer external alone"));
        };
        self.offer = offer.clone();
        self.clerk.channels = self.offer["channels"].as_array().map_or(1, Vec::len);
        let participant = &parameters["participant"];
        self.is_probe = parameters["conversationId"] == NOBODY;
        let nobody = participant["id"] == NOBODY && participant["ani"] == "" && participant["dnis"] == "";
        if self.is_probe && !nobody {
            return Err(Mistake::new("open.parameters.participant", "has to be nobody in a connection probe"));
        }
        if message["position"] != "PT0S" {
            return Err(Mistake::new("open.position", "has to be PT0S"));
        }
        Ok(())
    }

    fn take_audio(&mut self, bytes: &[u8]) -> Result<Heard, Mistake> {
        let wrong = if self.is_probe {
            "came in a connection probe, which has no audio"
        } else if !self.opened {
            "came before opened"
        } else if bytes.is_empty() || !bytes.len().is_multiple_of(self.clerk.channels) {
            "has no whole number of samples for each channel"
        } else {
            self.bytes += bytes.len() as u64;
            return Ok(if self.speaks { Heard::Audio(bytes.to_vec()) } else { Heard::Nothing });
        };
        Err(Mistake::new("binary message", wrong))
    }
}

impl Protocol for Genesys {
    fn hear(&mut self, at: Duration, message: Message<'_>, say: &mut Vec<Action>) -> Result<Heard, Mistake> {
        let message = match message {
            Message::Binary(bytes) => return self.take_audio(bytes),
            Message::Text(text) => text,
        };
        let value: Value = serde_json::from_str(message).map_err(|_| Mistake::new("message", "is not JSON"))?;
        let greeted = self.clerk.is_greeted();
        let shape = self.clerk.read_value(at, &value)?;
        if !greeted {
            self.take_open(at, &value)?;
        }
        self.check_counts(at, &value)?;
        if shape.name == "ping" && self.twist != Twist::NoPong {
            self.tell("pong", &json!({}), say);
        }
        if shape.name == "update" {
            self.tell("updated", &json!({}), say);
        }
        if shape.name == "close" && self.twist != Twist::NoClosed {
            self.tell("closed", &json!({}), say);
        }
        Ok(self.clerk.heard(shape, greeted))
    }

    fn answer(&mut self, say: &mut Vec<Action>) {
        if self.twist == Twist::NotOpened {
            return;
        }
        if self.twist == Twist::Refuses {
            return self.tell("disconnect", &json!({ "reason": "unauthorized", "info": "practice: no" }), say);
        }
        self.opened = true;
        let media = [self.offer.take()];
        self.tell("opened", &json!({ "media": media, "startPaused": false }), say);
    }

    fn voice(&self) -> Option<AudioFormat> {
        self.speaks.then_some(AudioFormat::MULAW_8K)
    }

    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        say.push(Action::Binary(bytes.to_vec()));
    }
}
