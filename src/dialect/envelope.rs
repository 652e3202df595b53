//! JSON that comes in: read once, checked against the dialect's grammar, borrowed from the message.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json_borrow::Value;

use super::{CallSettings, Heard, HeardAudio, Incoming, Remarks};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::Warning;
use crate::text::Printable;

/// How much of a server's own word is quoted in a warning, in bytes.
const LONGEST_QUOTE: usize = 64;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// A JSON text.
    Text,
    /// A whole number, or a text that holds one.
    NumberOrText,
    /// A JSON object.
    Object,
    /// A whole number, 0 or more.
    Number,
}

/// One kind of message that a server may send. Fields are named by their path, two levels deep at most: `media.payload`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The value of the grammar's tag.
    pub(super) name: &'static str,
    /// What must be there.
    pub(super) required: &'static [(&'static str, Is)],
    /// What may be there; of no effect in a grammar that is not strict.
    pub(super) optional: &'static [&'static str],
}

/// What a server may say in JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    /// The field that tells the kinds apart: `event`, `type`, `command` …
    pub(super) tag: &'static str,
    pub(super) kinds: &'static [Kind],
    /// Are fields odd that the grammar does not have?
    pub(super) strict: bool,
    /// Is `Kind` as good as `kind`?
    pub(super) any_case: bool,
}

/// A message of a known kind.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The name of its kind, from the grammar.
    pub(super) kind: &'static str,
    fields: Value<'a>,
    any_case: bool,
}

impl Grammar {
    /// Takes a message in a dialect of text messages: a binary one is odd, and so is any on a stream that only listens.
    pub(super) fn hear<'a>(&self, message: Incoming<'a>, settings: &CallSettings, remarks: &mut Remarks) -> Option<Message<'a>> {
        if settings.one_way {
            remarks.note(Warning::MessageOnOneWayStream, || "the server talks on a stream that only listens".to_owned());
        }
        match message {
            Incoming::Text(text) => self.read(text, remarks),
            Incoming::Binary(_) => {
                let title = settings.provider.facts().title;
                remarks.note(Warning::BinaryInTextDialect, || format!("a binary message; {title} takes text messages alone"));
                None
            }
        }
    }

    /// Reads a text message. Whatever is odd about it is noted; `None` for what is no message of the grammar at all.
    pub(super) fn read<'a>(&self, text: &'a str, remarks: &mut Remarks) -> Option<Message<'a>> {
        self.read_with(&[], text, remarks)
    }

    /// Like [`Grammar::read`], for a protocol whose list of kinds grows: a message whose tag begins like one of the `families` is
    /// known as well, and its kind is the family's beginning.
    pub(super) fn read_with<'a>(&self, families: &[&'static str], text: &'a str, remarks: &mut Remarks) -> Option<Message<'a>> {
        let Ok(fields @ Value::Object(_)) = serde_json::from_str::<Value<'a>>(text) else {
            remarks.note(Warning::NotJson, || format!("a text message that is no JSON object: {}", quote(text)));
            return None;
        };
        let Some(tag) = at(&fields, self.tag, self.any_case).and_then(Value::as_str) else {
            remarks.note(Warning::InvalidField, || format!("a message without a text `{}`", self.tag));
            return None;
        };
        let same = |kind: &&Kind| if self.any_case { kind.name.eq_ignore_ascii_case(tag) } else { kind.name == tag };
        let Some(kind) = self.kinds.iter().find(same) else {
            if let Some(family) = families.iter().find(|family| tag.starts_with(**family)) {
                return Some(Message { kind: family, fields, any_case: self.any_case });
            }
            remarks.note(Warning::UnknownEvent, || format!("`{}` is no `{}` of this dialect", quote(tag), self.tag));
            return None;
        };
        let message = Message { kind: kind.name, fields, any_case: self.any_case };
        self.check(kind, &message, remarks);
        Some(message)
    }

    fn check(&self, kind: &Kind, message: &Message<'_>, remarks: &mut Remarks) {
        for (path, is) in kind.required {
            let found = message.get(path);
            let fits = match is {
                Is::Text => found.is_some_and(Value::is_string),
                Is::NumberOrText => found.is_some_and(is_number_or_text),
                Is::Object => found.is_some_and(Value::is_object),
                Is::Number => found.is_some_and(|value| value.as_u64().is_some()),
            };
            if !fits {
                let wrong = if found.is_some_and(|value| !value.is_null()) { "is of another type" } else { "is missing" };
                remarks.note(Warning::InvalidField, || format!("`{path}` {wrong} in a `{}`", kind.name));
            }
        }
        if self.strict
            && let Some(path) = self.unknown_field(kind, &message.fields)
        {
            remarks.note(Warning::UnknownField, || format!("a `{}` has no `{}`", kind.name, quote(&path)));
        }
    }

    /// The path of the first field that the kind does not have.
    fn unknown_field(&self, kind: &Kind, fields: &Value<'_>) -> Option<String> {
        let paths = || kind.required.iter().map(|(path, _)| *path).chain(kind.optional.iter().copied());
        let first = |path: &'static str| path.split_once('.').map_or(path, |(first, _)| first);
        for (key, value) in fields.iter_object()? {
            if key != self.tag && !paths().any(|path| first(path) == key) {
                return Some(key.to_owned());
            }
            let inner = |path: &'static str| path.split_once('.').filter(|(first, _)| *first == key).map(|(_, second)| second);
            if paths().any(|path| inner(path).is_some()) {
                let unknown = value.iter_object().into_iter().flatten().map(|(key, _)| key);
                if let Some(second) = unknown.into_iter().find(|second| !paths().any(|path| inner(path) == Some(second))) {
                    return Some(format!("{key}.{second}"));
                }
            }
        }
        None
    }
}

impl Message<'_> {
    /// The text at `path`.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// The whole number at `path`.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.get(path)?.as_u64()
    }

    /// What is at `path`, as JSON.
    pub(super) fn json(&self, path: &str) -> Option<serde_json::Value> {
        self.get(path).map(serde_json::Value::from)
    }

    /// The audio in base64 at `path`.
    pub(super) fn audio<'r>(&self, path: &str, reader: &'r mut AudioReader, remarks: &mut Remarks) -> Heard<'r> {
        self.audio_in(None, path, reader, remarks)
    }

    /// The audio in base64 at `path`, in a format that may be another one than the call's.
    pub(super) fn audio_in<'r>(
        &self,
        format: Option<AudioFormat>,
        path: &str,
        reader: &'r mut AudioReader,
        remarks: &mut Remarks,
    ) -> Heard<'r> {
        let audio = self.text(path).and_then(|payload| reader.base64_in(format, payload, remarks));
        Heard { audio, ..Heard::default() }
    }

    /// The mark whose name is at `path`; nothing if there is no name (the grammar notes that).
    pub(super) fn mark(&self, path: &str) -> Heard<'static> {
        self.text(path).map_or_else(Heard::default, Heard::mark)
    }

    /// Notes a value at `path` that is not the call's. A number may be written as a text; texts of either case are the same.
    pub(super) fn check_value(&self, path: &str, ours: &str, remarks: &mut Remarks) {
        let theirs = match self.number(path) {
            Some(number) => number.to_string(),
            None => self.text(path).unwrap_or(ours).to_owned(),
        };
        if !theirs.eq_ignore_ascii_case(ours) {
            remarks.note(Warning::InvalidField, || format!("`{path}` is {}, and the call has {ours}", quote(&theirs)));
        }
    }

    fn get(&self, path: &str) -> Option<&Value<'_>> {
        path.split('.').try_fold(&self.fields, |value, key| at(value, key, self.any_case))
    }

    /// Is it for our stream? An id that is not ours is noted; one that is missing counts as ours (the grammar notes it where it has to be
    /// there).
    pub(super) fn is_ours(&self, path: &str, ours: &str, remarks: &mut Remarks) -> bool {
        let foreign = self.text(path).filter(|theirs| *theirs != ours);
        if let Some(theirs) = foreign {
            remarks.note(Warning::WrongStreamId, || format!("`{path}` is {}, and ours is {ours}", quote(theirs)));
        }
        foreign.is_none()
    }
}

fn is_number_or_text(value: &Value<'_>) -> bool {
    value.is_u64() || value.as_str().is_some_and(|text| text.parse::<u64>().is_ok())
}

fn at<'v, 'a>(value: &'v Value<'a>, key: &str, any_case: bool) -> Option<&'v Value<'a>> {
    let object = value.as_object()?;
    match object.get(key) {
        None if any_case => object.iter().find(|(other, _)| other.eq_ignore_ascii_case(key)).map(|(_, value)| value),
        found => found,
    }
}

/// A piece of the server's text for a sentence.
pub(super) fn quote(text: &str) -> Printable {
    Printable::capture(text.as_bytes(), LONGEST_QUOTE)
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Takes audio out of what comes, and looks at it.
#[derive(Debug)]
pub(super) struct AudioReader {
    codec: Codec,
    /// Decoded audio of the last message; its memory is used again.
    decoded: Vec<u8>,
    has_begun: bool,
}

impl AudioReader {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, decoded: Vec::new(), has_begun: false }
    }

    /// Audio in base64, in a format that may be another one than the call's.
    pub(super) fn base64_in(
        &mut self,
        format: Option<AudioFormat>,
        payload: &str,
        remarks: &mut Remarks,
    ) -> Option<HeardAudio<'_>> {
        self.decode(payload, remarks)?;
        let codec = format.map_or(self.codec, |format| format.codec);
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        Some(HeardAudio { format, ..look(codec, &self.decoded, has_begun, remarks) })
    }

    /// A WAV file in base64, where the provider takes one: the samples behind its header, with the rate that this has.
    pub(super) fn wav_base64(&mut self, payload: &str, remarks: &mut Remarks) -> Option<HeardAudio<'_>> {
        self.decode(payload, remarks)?;
        let (format, bytes) = wav(&self.decoded);
        Some(HeardAudio { bytes, silent: self.codec.is_silence(bytes), format })
    }

    fn decode(&mut self, payload: &str, remarks: &mut Remarks) -> Option<()> {
        let url_safe = payload.contains(['-', '_']);
        if url_safe {
            remarks.note(Warning::Base64UrlSafe, || "a payload in the URL-safe alphabet (`-` and `_`)".to_owned());
        }
        if !payload.len().is_multiple_of(4) {
            remarks.note(Warning::Base64Invalid, || format!("a payload of {} characters, no multiple of 4", payload.len()));
        }
        let engine = if url_safe { &URL_SAFE } else { &STANDARD };
        self.decoded.clear();
        if let Err(error) = engine.decode_vec(payload, &mut self.decoded) {
            remarks.note(Warning::Base64Invalid, || format!("a payload that is no base64: {error}"));
            return None;
        }
        Some(())
    }

    /// Audio as it is.
    pub(super) fn binary<'b>(&mut self, bytes: &'b [u8], remarks: &mut Remarks) -> HeardAudio<'b> {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        look(self.codec, bytes, has_begun, remarks)
    }

    /// Audio as it is, where the provider takes exactly one frame of `frame` bytes in a message.
    pub(super) fn frame<'b>(&mut self, bytes: &'b [u8], frame: usize, remarks: &mut Remarks) -> HeardAudio<'b> {
        if bytes.len() == frame {
            return self.binary(bytes, remarks);
        }
        remarks.note(Warning::FrameSizeWrong, || format!("a message of {} bytes; a frame has {frame}", bytes.len()));
        self.piece(bytes, remarks)
    }

    /// Audio as it is, cut anywhere.
    pub(super) fn piece<'b>(&mut self, bytes: &'b [u8], remarks: &mut Remarks) -> HeardAudio<'b> {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        note_container(bytes, has_begun, remarks);
        HeardAudio { bytes, silent: self.codec.is_silence(bytes), format: None }
    }
}

/// What is behind the header of a WAV file (RIFF: chunks of a name of four bytes, a length of four and the content), and its format if
/// that is linear, of 16 bits and one channel; all of it if there is no such header.
fn wav(file: &[u8]) -> (Option<AudioFormat>, &[u8]) {
    let Some(mut rest) = file.strip_prefix(b"RIFF").and_then(|rest| rest.get(8..)) else { return (None, file) };
    let mut format = None;
    while let Some((&[a, b, c, d, w, x, y, z], content)) = rest.split_first_chunk::<8>() {
        let length = usize::try_from(u32::from_le_bytes([w, x, y, z])).unwrap_or(usize::MAX).min(content.len());
        if [a, b, c, d] == *b"data" {
            return (format, &content[..length]);
        }
        if [a, b, c, d] == *b"fmt " {
            format = linear(&content[..length]);
        }
        // A chunk of odd length is followed by a byte of padding.
        rest = content.get(length + length % 2..).unwrap_or_default();
    }
    (format, &[])
}

/// The format in the chunk `fmt ` (all numbers little endian: kind, channels, rate, bytes a second, bytes of a sample, bits).
fn linear(chunk: &[u8]) -> Option<AudioFormat> {
    let (&[1, 0, 1, 0, a, b, c, d], rest) = chunk.split_first_chunk::<8>()? else { return None };
    let sample_rate = u32::from_le_bytes([a, b, c, d]);
    (rest.get(6..8) == Some(&[16, 0]) && is_a_rate(sample_rate)).then_some(AudioFormat { codec: Codec::L16, sample_rate })
}

/// Could this be a rate of speech, in hertz?
pub(super) fn is_a_rate(sample_rate: u32) -> bool {
    (4_000..=192_000).contains(&sample_rate)
}

fn look<'b>(codec: Codec, bytes: &'b [u8], has_begun: bool, remarks: &mut Remarks) -> HeardAudio<'b> {
    note_container(bytes, has_begun, remarks);
    if !bytes.len().is_multiple_of(codec.bytes_per_sample() as usize) {
        remarks.note(Warning::FrameSizeWrong, || format!("{} bytes are no whole number of samples of {codec}", bytes.len()));
    }
    HeardAudio { bytes, silent: codec.is_silence(bytes), format: None }
}

fn note_container(bytes: &[u8], has_begun: bool, remarks: &mut Remarks) {
    if let Some(container) = container(bytes, has_begun) {
        remarks.note(Warning::ContainerInAudio, || format!("the audio begins with the header of a {container} file"));
    }
}

/// The file format whose header `bytes` begin with. Later than the first frame, only a header that is too long to be chance counts: four
/// bytes come up in real audio once in a few days.
fn container(bytes: &[u8], has_begun: bool) -> Option<&'static str> {
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        return Some("WAV");
    }
    const FIRST: [(&[u8], &str); 4] = [(b"RIFF", "WAV"), (b"ID3", "MP3"), (b"OggS", "Ogg"), (b"fLaC", "FLAC")];
    if has_begun {
        return None;
    }
    FIRST.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Provider;

    const GRAMMAR: Grammar = Grammar {
        tag: "event",
        kinds: &[
            Kind { name: "media", required: &[("streamSid", Is::Text), ("media.payload", Is::Text)], optional: &["media.track"] },
            Kind { name: "mark", required: &[("mark", Is::Object)], optional: &["mark.name"] },
            Kind { name: "rate", required: &[("rate", Is::NumberOrText)], optional: &[] },
        ],
        strict: true,
        any_case: false,
    };

    fn oddities(text: &str) -> (Option<&'static str>, Vec<(Warning, String)>) {
        let mut remarks = Remarks::default();
        let kind = GRAMMAR.read(text, &mut remarks).map(|message| message.kind);
        (kind, remarks.iter().map(|remark| (remark.warning, remark.says.to_string())).collect())
    }

    #[test]
    fn what_is_odd_about_a_message() {
        let rows = [
            (r#"{"event":"media","streamSid":"MZ1","media":{"payload":"","track":"x"}}"#, Some("media"), None),
            ("hello", None, Some((Warning::NotJson, "a text message that is no JSON object: hello"))),
            ("[]", None, Some((Warning::NotJson, "a text message that is no JSON object: []"))),
            (r#"{"type":"media"}"#, None, Some((Warning::InvalidField, "a message without a text `event`"))),
            (r#"{"event":7}"#, None, Some((Warning::InvalidField, "a message without a text `event`"))),
            (r#"{"event":"Media"}"#, None, Some((Warning::UnknownEvent, "`Media` is no `event` of this dialect"))),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":7}}"#,
                Some("media"),
                Some((Warning::InvalidField, "`media.payload` is of another type in a `media`")),
            ),
            (
                r#"{"event":"media","media":{"payload":""}}"#,
                Some("media"),
                Some((Warning::InvalidField, "`streamSid` is missing in a `media`")),
            ),
            (
                r#"{"event":"mark","mark":{"name":"a","id":1}}"#,
                Some("mark"),
                Some((Warning::UnknownField, "a `mark` has no `mark.id`")),
            ),
            (r#"{"event":"mark","mark":{},"x":1}"#, Some("mark"), Some((Warning::UnknownField, "a `mark` has no `x`"))),
            (r#"{"event":"rate","rate":8000}"#, Some("rate"), None),
            (r#"{"event":"rate","rate":"8000"}"#, Some("rate"), None),
            (
                r#"{"event":"rate","rate":"8 kHz"}"#,
                Some("rate"),
                Some((Warning::InvalidField, "`rate` is of another type in a `rate`")),
            ),
        ];
        for (text, kind, odd) in rows {
            let odd: Vec<_> = odd.into_iter().map(|(warning, says)| (warning, says.to_owned())).collect();
            assert_eq!(oddities(text), (kind, odd), "{text}");
        }
    }

    #[test]
    fn keys_of_any_case_are_found_where_the_provider_does() {
        const LENIENT: Grammar = Grammar { any_case: true, strict: false, ..GRAMMAR };
        let mut remarks = Remarks::default();
        let message =
            LENIENT.read(r#"{"Event":"Media","StreamSid":"a","Media":{"Payload":"b"}}"#, &mut remarks).expect("a message");
        assert_eq!((message.kind, message.text("media.payload")), ("media", Some("b")));
        assert_eq!(remarks.iter().count(), 0);
    }

    #[test]
    fn binary_and_one_way() {
        const TEXT: Incoming<'static> = Incoming::Text(r#"{"event":"mark","mark":{}}"#);
        let rows = [
            (TEXT, false, Some("mark"), None),
            (TEXT, true, Some("mark"), Some(Warning::MessageOnOneWayStream)),
            (Incoming::Binary(b"{}"), false, None, Some(Warning::BinaryInTextDialect)),
        ];
        for (incoming, one_way, kind, odd) in rows {
            let mut remarks = Remarks::default();
            let settings = CallSettings { one_way, ..CallSettings::new(Provider::Twilio) };
            let message = GRAMMAR.hear(incoming, &settings, &mut remarks);
            assert_eq!(message.map(|message| message.kind), kind, "{incoming:?}");
            assert_eq!(remarks.iter().map(|remark| remark.warning).collect::<Vec<_>>(), Vec::from_iter(odd));
        }
    }

    #[test]
    fn values_that_are_not_the_calls() {
        let rows = [
            (r#"{"event":"mark","mark":{"rate":8000}}"#, None),
            (r#"{"event":"mark","mark":{"rate":"8000"}}"#, None),
            (r#"{"event":"mark","mark":{}}"#, None),
            (r#"{"event":"mark","mark":{"rate":16000}}"#, Some("`mark.rate` is 16000, and the call has 8000")),
            (r#"{"event":"mark","mark":{"rate":"x"}}"#, Some("`mark.rate` is x, and the call has 8000")),
        ];
        for (text, says) in rows {
            let mut remarks = Remarks::default();
            let lenient = Grammar { strict: false, ..GRAMMAR };
            let message = lenient.read(text, &mut remarks).expect("a message");
            message.check_value("mark.rate", "8000", &mut remarks);
            let odd: Vec<_> = remarks.iter().map(|remark| remark.says.to_string()).collect();
            assert_eq!(odd, Vec::from_iter(says.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn audio_and_marks() {
        let mut remarks = Remarks::default();
        let mut reader = AudioReader::new(Codec::Mulaw);
        let media = GRAMMAR.read(r#"{"event":"media","streamSid":"MZ1","media":{"payload":"EQ=="}}"#, &mut remarks);
        let heard = media.expect("a message").audio("media.payload", &mut reader, &mut remarks);
        assert_eq!(heard.audio, Some(HeardAudio { bytes: &[0x11], silent: false, format: None }));
        for (text, name) in [(r#"{"event":"mark","mark":{"name":"m1"}}"#, Some("m1")), (r#"{"event":"mark","mark":{}}"#, None)] {
            let mark = GRAMMAR.read(text, &mut remarks).expect("a message").mark("mark.name").mark;
            assert_eq!(mark.as_ref().map(|mark| mark.name.as_str()), name, "{text}");
        }
    }

    #[test]
    fn payloads() {
        const SILENCE: &[u8] = &[0xFF; 4];
        let rows = [
            ("/////w==", Some(SILENCE), None),
            ("_____w==", Some(SILENCE), Some(Warning::Base64UrlSafe)),
            ("/////w", Some(SILENCE), Some(Warning::Base64Invalid)),
            ("?", None, Some(Warning::Base64Invalid)),
            ("", Some(&[][..]), None),
            ("UklGRiQAAABXQVZF", Some(&b"RIFF$\0\0\0WAVE"[..]), Some(Warning::ContainerInAudio)),
        ];
        for (payload, bytes, odd) in rows {
            let mut remarks = Remarks::default();
            let mut reader = AudioReader::new(Codec::Mulaw);
            assert_eq!(reader.base64_in(None, payload, &mut remarks).map(|audio| audio.bytes), bytes, "{payload}");
            assert_eq!(remarks.iter().map(|remark| remark.warning).collect::<Vec<_>>(), Vec::from_iter(odd), "{payload}");
        }
    }

    #[test]
    fn the_samples_of_a_wav_file() {
        let file = |chunks: &[u8]| [b"RIFF\x24\0\0\0WAVE", chunks].concat();
        let plain = file(b"fmt \x02\0\0\0ABdata\x04\0\0\0wxyz");
        let odd = file(b"LIST\x03\0\0\0abc\0data\x02\0\0\0wxyz");
        let cut = file(b"data\xff\xff\xff\xffwx");
        let empty = file(b"junk\x09");
        let wide = file(b"fmt \x10\0\0\0\x01\0\x01\0\xC0\x5D\0\0\x80\xBB\0\0\x02\0\x10\0data\x02\0\0\0wx");
        let stereo = file(b"fmt \x10\0\0\0\x01\0\x02\0\xC0\x5D\0\0\x80\xBB\0\0\x02\0\x10\0data\x02\0\0\0wx");
        let none = file(b"fmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x02\0\x10\0data\x02\0\0\0wx");
        let rows: [(&[u8], Option<u32>, &[u8]); 8] = [
            (&plain, None, b"wxyz"),
            (&odd, None, b"wx"),
            (&cut, None, b"wx"),
            (&empty, None, b""),
            (&[7], None, &[7]),
            (&wide, Some(24_000), b"wx"),
            (&stereo, None, b"wx"),
            (&none, None, b"wx"),
        ];
        for (file, rate, samples) in rows {
            let format = rate.map(|sample_rate| AudioFormat { codec: Codec::L16, sample_rate });
            assert_eq!(wav(file), (format, samples), "{file:?}");
        }
    }

    #[test]
    fn half_a_sample_is_odd() {
        let mut remarks = Remarks::default();
        AudioReader::new(Codec::L16).binary(&[0; 641], &mut remarks);
        assert_eq!(remarks.iter().next().map(|remark| remark.warning), Some(Warning::FrameSizeWrong));
    }
}
