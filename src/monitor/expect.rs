//! What a monitor expects of the server beyond a line that lives. Nothing by default: a silent agent is legitimate.

use std::time::Duration;

use crate::outcome::Warning;

/// The `expect` rules. Times count from the 101.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Any message must come within this time.
    pub first_message_within: Option<Duration>,
    /// A message that matches must come before the hold is over, or within `match_within`.
    pub message: Option<MessageMatch>,
    /// The deadline for `message`; the end of the hold if it is not set.
    pub match_within: Option<Duration>,
    /// Something that we sent must come back, before the hold is over.
    pub echo: bool,
    /// Audio must come within this time.
    pub first_audio_within: Option<Duration>,
    /// Some audio that comes must not be silence.
    pub audible: bool,
    /// The audio that comes must have the byte rate of the dialect's format (within a third).
    pub real_time_audio: bool,
    /// No pause in which nothing at all comes may be longer.
    pub max_silence: Option<Duration>,
    /// A mark of the server must be played, and so be sent back to it, within this time of its coming.
    pub mark_round_trip_within: Option<Duration>,
    /// The server must answer our Close with its own.
    pub clean_close: bool,
    /// Warnings that count as failures, each once.
    pub no_warnings: Vec<Warning>,
}

// A JSON number is never NaN, so equality is total.
impl Eq for Expect {}

impl Expect {
    /// Does it judge audio, so that an answer to frames that we sent too late proves nothing?
    #[must_use]
    pub const fn judges_audio(&self) -> bool {
        self.echo || self.audible || self.real_time_audio || self.first_audio_within.is_some()
    }
}

/// What a text message must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageMatch {
    /// It has this text in it.
    Contains(String),
    /// It is JSON and the value at the pointer (RFC 6901) equals this one.
    Json {
        /// The pointer, such as `/type`.
        pointer: String,
        /// The value.
        equals: serde_json::Value,
    },
}

impl MessageMatch {
    /// Does `text` match?
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Json { pointer, equals } => {
                serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.pointer(pointer) == Some(equals))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        let json = MessageMatch::Json { pointer: "/type".into(), equals: "session.created".into() };
        assert!(json.matches(r#"{"type":"session.created"}"#));
        assert!(!json.matches(r#"{"type":"error"}"#));
        assert!(!json.matches("session.created"));
        assert!(MessageMatch::Contains("ready".into()).matches("we are ready now"));
    }
}
