//! Providers whose audio is base64 inside JSON: Twilio and its like, and Azure.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use super::clerk::Clerk;
use super::grammar::{Grammar, Slot};
use super::{Action, FOREIGN_ID, Heard, MARK, Message, Mistake, Protocol, Twist};
use crate::audio::AudioFormat;

/// The head of a WAV file: μ-law, one channel, 8 kHz, with a length that nobody knows.
const WAV_HEADER: &[u8] =
    b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x12\0\0\0\x07\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0\0\0data\xFF\xFF\xFF\xFF";

/// A provider of this family.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) grammar: Grammar,
    /// What the server's media messages look like: id of the stream, format, payload.
    pub(super) media: fn(&str, AudioFormat, String) -> Value,
    /// What its marks look like: id of the stream, name.
    pub(super) mark: Option<fn(&str, &str) -> Value>,
    /// The shortest piece of audio that the server may send, in bytes; 0 where it may be of any size.
    pub(super) shortest_piece: usize,
    pub(super) fixed_pieces: bool,
}

/// A call of such a provider.
#[derive(Debug)]
pub(super) struct Envelope {
    provider: &'static Provider,
    clerk: Clerk,
    twist: Twist,
    /// Has any audio been said?
    spoken: bool,
}

impl Envelope {
    pub(super) fn new(provider: &'static Provider, twist: Twist) -> Self {
        Self { provider, clerk: Clerk::new(&provider.grammar), twist, spoken: false }
    }

    /// The id of the stream that we answer for.
    fn stream(&self) -> String {
        if self.twist == Twist::WrongStreamId { FOREIGN_ID } else { self.clerk.id(Slot::Stream) }.to_owned()
    }

    fn media(&self, bytes: &[u8]) -> Value {
        let payload = if self.twist == Twist::UrlSafe {
            BASE64_URL_SAFE.encode(bytes)
        } else if self.twist == Twist::Unpadded {
            BASE64_STANDARD_NO_PAD.encode(bytes)
        } else {
            BASE64_STANDARD.encode(bytes)
        };
        (self.provider.media)(&self.stream(), self.clerk.format, payload)
    }

    /// The first media message, with the twist of this server, and what comes before it.
    fn first(&self, bytes: &[u8], say: &mut Vec<Action>) -> Value {
        if self.twist == Twist::Binary {
            say.push(Action::Binary(bytes.to_vec()));
        }
        if self.twist == Twist::NotJson {
            say.push(Action::Text("hello".to_owned()));
        }
        if self.twist == Twist::UnknownEvent {
            say.push(text(&json!({ "event": "greeting", "streamSid": self.stream() })));
        }
        if self.twist == Twist::WavHeader {
            return self.media(&[WAV_HEADER, bytes].concat());
        }
        let mut message = self.media(bytes);
        if self.twist == Twist::NoPayload {
            message["media"] = json!({});
        }
        if self.twist == Twist::ExtraField {
            message["media"]["contentType"] = json!("audio/x-mulaw");
        }
        message
    }
}

impl Protocol for Envelope {
    fn hear(&mut self, at: Duration, message: Message<'_>, _: &mut Vec<Action>) -> Result<Heard, Mistake> {
        let Message::Text(text) = message else { return Err(Mistake::new("message", "is binary, and has to be text")) };
        let greeted = self.clerk.is_greeted();
        let shape = self.clerk.read(at, text)?;
        Ok(self.clerk.heard(shape, greeted))
    }

    fn voice(&self) -> Option<AudioFormat> {
        Some(self.clerk.format)
    }

    fn piece(&self) -> Duration {
        let cadence = Duration::from_millis(self.provider.grammar.cadence_ms);
        let bytes = self.clerk.frame_bytes().max(1);
        let frames = self.provider.shortest_piece.div_ceil(bytes).max(1);
        cadence.saturating_mul(u32::try_from(frames).unwrap_or(1))
    }

    fn has_fixed_pieces(&self) -> bool {
        self.provider.fixed_pieces
    }

    fn audio(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        let message = if self.spoken { self.media(bytes) } else { self.first(bytes, say) };
        self.spoken = true;
        say.push(text(&message));
    }

    fn mark(&mut self, say: &mut Vec<Action>) {
        if let Some(mark) = self.provider.mark {
            self.clerk.marked = true;
            say.push(text(&mark(&self.stream(), MARK)));
        }
    }
}

/// A text message.
pub(super) fn text(value: &Value) -> Action {
    Action::Text(value.to_string())
}
