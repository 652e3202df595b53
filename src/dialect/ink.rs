//! What goes out: JSON written straight into a buffer that is used again, so that a media frame costs no allocation once the line is warm.

use std::fmt::Display;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut as _, BytesMut};
use serde::{Serialize, Serializer};

use super::Wire;

/// The longest payload of a usual media frame: 20 ms of 16-bit samples at 48 kHz, in base64.
const LONGEST_FRAME: usize = 2_560;

/// The buffer of one speaker.
#[derive(Debug, Default)]
pub(super) struct Ink(BytesMut);

impl Ink {
    /// A text frame with `message` as compact JSON, its fields in the order of declaration.
    pub(super) fn json(&mut self, message: &impl Serialize) -> Wire {
        // The messages are our own structures with text keys, and memory takes every write: nothing here can fail.
        let written = serde_json::to_writer((&mut self.0).writer(), message);
        debug_assert!(written.is_ok(), "{written:?}");
        Wire::Text(self.0.split().freeze())
    }

    /// A binary frame of two channels of one byte a sample: `samples`, and beside each of them the sample `other`.
    pub(super) fn beside(&mut self, samples: &[u8], other: u8) -> Wire {
        self.0.reserve(2 * samples.len());
        samples.iter().for_each(|sample| self.0.put_slice(&[*sample, other]));
        Wire::Binary(self.0.split().freeze())
    }
}

/// Bytes as a JSON text in base64: the standard alphabet with padding (RFC 4648 section 4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // On the stack and not through `Display`, whose machinery costs several times the encoding; for what is longer it is good enough.
        let mut text = [0; LONGEST_FRAME];
        match BASE64_STANDARD.encode_slice(self.0, &mut text).ok().and_then(|length| str::from_utf8(&text[..length]).ok()) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(&Base64Display::new(self.0, &BASE64_STANDARD)),
        }
    }
}

/// A number that the provider writes as a text: `"160"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<T>(pub(super) T);

impl<T: Display> Serialize for Quoted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// `{"name":…}`: a mark.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
}

/// Twilio's `media` object, which others have copied.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Chunk<'a> {
    pub(super) track: &'static str,
    pub(super) chunk: Quoted<u64>,
    pub(super) timestamp: Quoted<u128>,
    pub(super) payload: Base64<'a>,
}

/// Twilio's first message, which SignalWire has copied.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Connected {
    event: &'static str,
    protocol: &'static str,
    version: &'static str,
}

impl Connected {
    /// A call, in this version of the provider's protocol.
    pub(super) const fn call(version: &'static str) -> Self {
        Self { event: "connected", protocol: "Call", version }
    }
}

/// Twilio's `mediaFormat` object, which SignalWire has copied.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MediaFormat {
    pub(super) encoding: &'static str,
    pub(super) sample_rate: u32,
    pub(super) channels: u8,
}

/// The user's parameters as a JSON object, in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'a>(pub(super) &'a [(String, crate::secret::Secret)]);

impl Parameters<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value.expose())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[derive(Serialize)]
    struct Message<'a> {
        number: Quoted<u64>,
        payload: Base64<'a>,
        parameters: Parameters<'a>,
        mark: Named<'a>,
    }

    #[test]
    fn numbers_payloads_and_parameters() {
        let parameters = [("b".to_owned(), Secret::new("1\"")), ("a".to_owned(), Secret::new("2"))];
        let mut ink = Ink::default();
        let mark = Named { name: "m\"1" };
        let message = Message { number: Quoted(7), payload: Base64(&[0xFF; 4]), parameters: Parameters(&parameters), mark };
        let text = r#"{"number":"7","payload":"/////w==","parameters":{"b":"1\"","a":"2"},"mark":{"name":"m\"1"}}"#;
        assert_eq!(ink.json(&message), Wire::text(text));
    }

    #[test]
    fn a_chunk_counts_in_texts() {
        let chunk = Chunk { track: "inbound", chunk: Quoted(1), timestamp: Quoted(20), payload: Base64(&[0xFF]) };
        let text = r#"{"track":"inbound","chunk":"1","timestamp":"20","payload":"/w=="}"#;
        assert_eq!(Ink::default().json(&chunk), Wire::text(text));
    }

    #[test]
    fn two_channels_alternate() {
        assert_eq!(Ink::default().beside(&[1, 2], 0xFF), Wire::Binary(vec![1, 0xFF, 2, 0xFF].into()));
    }
}
