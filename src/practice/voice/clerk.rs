//! Checks what a caller says against a provider's [`Grammar`], field by field, and remembers what later messages must agree with.
//!
//! Invariant: memory is bounded by the grammar and one message; whatever comes is either understood or a [`Mistake`] that names the field.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::grammar::{Field, Form, Grammar, Kind, Means, Shape, Slot, Spelling};
use super::{Heard, MARK, Mistake};
use crate::audio::{AudioFormat, Codec};

/// How far the caller's clock of media may be ahead of ours: it may run ahead by what the network delays, and not by a frame in every one.
const AHEAD_MS: u64 = 500;
const TRACKS: [&str; 2] = ["inbound", "outbound"];
/// The longest piece of a value in a complaint, in characters.
const LONGEST_QUOTE: usize = 24;

type Checked = Result<(), Mistake>;

/// Reads the messages of one caller.
#[derive(Debug)]
pub(super) struct Clerk {
    grammar: &'static Grammar,
    greeted: usize,
    ids: [Option<String>; 4],
    /// The number that is due; none before the first one, where any may be that.
    sequence: Option<u64>,
    announced: [bool; 2],
    track: usize,
    counts: [Count; 2],
    began: Option<Duration>,
    /// Codec and rate, once the hello has said them.
    pub(super) format: AudioFormat,
    /// Channels of a frame.
    pub(super) channels: usize,
    /// The audio of the last message.
    pub(super) payload: Vec<u8>,
    /// The words of the last message.
    pub(super) words: String,
    /// Has the server set its mark?
    pub(super) marked: bool,
}

/// What was counted of one track.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    chunks: u64,
    stamp: Option<i128>,
}

impl Clerk {
    pub(super) fn new(grammar: &'static Grammar) -> Self {
        let codec = grammar.encodings.first().map_or(Codec::L16, |(_, codec)| *codec);
        let sample_rate = grammar.rates.first().copied().unwrap_or(8_000);
        Self {
            grammar,
            greeted: 0,
            ids: [const { None }; 4],
            sequence: grammar.first_sequence,
            announced: [false; 2],
            track: 0,
            counts: [Count::default(); 2],
            began: None,
            format: AudioFormat { codec, sample_rate },
            channels: 1,
            payload: Vec::new(),
            words: String::new(),
            marked: false,
        }
    }

    /// Has the whole hello been heard?
    pub(super) const fn is_greeted(&self) -> bool {
        self.greeted == self.grammar.hello.len()
    }

    pub(super) fn id(&self, slot: Slot) -> &str {
        self.ids[slot as usize].as_deref().unwrap_or_default()
    }

    /// Bytes of a media frame of the caller.
    pub(super) fn frame_bytes(&self) -> usize {
        self.format.frame_bytes(Duration::from_millis(self.grammar.cadence_ms)) * self.channels
    }

    /// Reads a text message that came at `at`.
    pub(super) fn read(&mut self, at: Duration, text: &str) -> Result<&'static Shape, Mistake> {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Err(Mistake::new("message", "is not JSON")) };
        self.read_value(at, &value)
    }

    pub(super) fn read_value(&mut self, at: Duration, value: &Value) -> Result<&'static Shape, Mistake> {
        let Some(object) = value.as_object() else { return Err(Mistake::new("message", "is no JSON object")) };
        let shape = self.shape_of(object)?;
        self.began.get_or_insert(at);
        self.object(at, object, shape.fields, shape.open, shape.name)?;
        if !self.is_greeted() {
            self.greeted += 1;
        }
        Ok(shape)
    }

    /// The message that this is, which has to be the one that is due.
    fn shape_of(&self, object: &Map<String, Value>) -> Result<&'static Shape, Mistake> {
        let grammar = self.grammar;
        let due = grammar.hello.get(self.greeted);
        let tag = grammar.tags.iter().find(|tag| object.contains_key(**tag));
        let name = match tag {
            Some(tag) => object.get(*tag).and_then(Value::as_str).ok_or_else(|| Mistake::new(tag, "has to be a text"))?,
            None if grammar.tags.is_empty() || due.is_some_and(|due| due.name.is_empty()) => "",
            None => return Err(Mistake::new(grammar.tags.first().copied().unwrap_or_default(), "is missing")),
        };
        match due {
            Some(due) if due.name == name || due.name.is_empty() => Ok(due),
            Some(due) => Err(Mistake::new("hello", format!("{} is due, and not {}", due.name, quote(name)))),
            None => {
                let known = grammar.later.iter().find(|shape| shape.name == name);
                known.ok_or_else(|| Mistake::new("message", format!("{} is no message of this provider", quote(name))))
            }
        }
    }

    fn object(&mut self, at: Duration, object: &Map<String, Value>, fields: &'static [Field], open: bool, path: &str) -> Checked {
        let known = |name: &str| fields.iter().any(|field| field.name == name);
        if let Some(name) = object.keys().find(|name| !open && !known(name)) {
            return Err(Mistake::new(&join(path, &quote(name)), "is no field of this message"));
        }
        for field in fields {
            let path = join(path, field.name);
            match object.get(field.name) {
                Some(value) => self.field(at, value, &field.kind, &path)?,
                None if field.required => return Err(Mistake::new(&path, "is missing")),
                None => {}
            }
        }
        Ok(())
    }

    fn field(&mut self, at: Duration, value: &Value, kind: &'static Kind, path: &str) -> Checked {
        match kind {
            Kind::Is(word) => self.one_of(value, &[word], path),
            Kind::OneOf(words) => self.one_of(value, words, path),
            Kind::Text => text(value, path).map(drop),
            Kind::Words => text(value, path).map(|words| words.clone_into(&mut self.words)),
            Kind::Texts => {
                let texts = value.as_object().is_some_and(|object| object.values().all(Value::is_string));
                ensure(texts, path, "has to be an object of texts")
            }
            Kind::Any => Ok(()),
            Kind::Flag => ensure(value.is_boolean(), path, "has to be true or false"),
            Kind::Silent => self.silent(value, path),
            Kind::Number(number) => ensure(value.as_u64() == Some(*number), path, &format!("has to be the number {number}")),
            Kind::Whole => ensure(value.is_u64(), path, "has to be a whole number"),
            Kind::Id(slot, form) => self.same_id(value, *slot, *form, path),
            Kind::Sequence(spelling) => number(value, *spelling, path).and_then(|number| self.sequence(number, path)),
            Kind::Chunk(spelling) => number(value, *spelling, path).and_then(|number| self.chunk(number, path)),
            Kind::Offset => number(value, Spelling::Text, path).and_then(|offset| self.offset(at, offset, path)),
            Kind::UnixMs => number(value, Spelling::Text, path).and_then(|stamp| self.unix_ms(stamp, path)),
            Kind::Moment => text(value, path).and_then(|text| self.moment(text, path)),
            Kind::Tracks => self.tracks(value, path),
            Kind::TrackList(fields) => self.track_list(at, value, fields, path),
            Kind::Track => self.track(value, path),
            Kind::Encoding => self.encoding(value, path),
            Kind::Rate(spelling) => number(value, *spelling, path).and_then(|rate| self.rate(rate, path)),
            Kind::ContentType => self.content_type(value, path),
            Kind::AsteriskFormat => self.asterisk_format(text(value, path)?, path),
            Kind::Mix => {
                self.channels = if value == "stereo" { 2 } else { 1 };
                self.one_of(value, &["mono", "stereo", "mixed"], path)
            }
            Kind::FrameBytes => {
                let bytes = self.frame_bytes() as u64;
                ensure(value.as_u64() == Some(bytes), path, &format!("has to be the number {bytes}"))
            }
            Kind::Payload => self.payload(value, path),
            Kind::Mark => ensure(text(value, path)? == MARK && self.marked, path, "is no mark that was set"),
            Kind::Object(fields) => match value.as_object() {
                Some(object) => self.object(at, object, fields, false, path),
                None => Err(Mistake::new(path, "has to be an object")),
            },
        }
    }

    fn sequence(&mut self, number: u64, path: &str) -> Checked {
        let due = self.sequence.unwrap_or(number);
        self.sequence = Some(due.saturating_add(1));
        ensure(number == due, path, &format!("is {number}, and {due} is due"))
    }

    fn chunk(&mut self, number: u64, path: &str) -> Checked {
        let count = &mut self.counts[self.track];
        count.chunks += 1;
        ensure(number == count.chunks, path, &format!("is {number}, and {} is due", count.chunks))
    }

    fn offset(&mut self, at: Duration, offset: u64, path: &str) -> Checked {
        let running = at.saturating_sub(self.began.unwrap_or_default());
        let latest = u64::try_from(running.as_millis()).unwrap_or(u64::MAX).saturating_add(AHEAD_MS);
        ensure(offset <= latest, path, &format!("{offset} is ahead of time"))?;
        self.stamp(i128::from(offset), path)
    }

    fn unix_ms(&mut self, stamp: u64, path: &str) -> Checked {
        // From 2001 to 2286.
        ensure(stamp.to_string().len() == 13, path, "has to be milliseconds since 1970")?;
        self.stamp(i128::from(stamp), path)
    }

    fn moment(&mut self, text: &str, path: &str) -> Checked {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
        let moment = moment.ok_or_else(|| Mistake::new(path, "has to be a time as in RFC 3339"))?;
        self.stamp(moment.unix_timestamp_nanos() / 1_000_000, path)
    }

    fn track(&mut self, value: &Value, path: &str) -> Checked {
        self.track = self.known_track(value, path)?;
        // Telnyx announces none.
        let announced = self.announced[self.track] || self.announced == [false; 2];
        ensure(announced, path, "was not announced")
    }

    fn content_type(&mut self, value: &Value, path: &str) -> Checked {
        let rate = text(value, path)?.strip_prefix("audio/l16;rate=").and_then(decimal);
        self.rate(rate.ok_or_else(|| Mistake::new(path, "has to be audio/l16;rate= and a rate"))?, path)
    }

    fn one_of(&self, value: &Value, words: &[&str], path: &str) -> Checked {
        let word = text(value, path)?;
        ensure(words.contains(&word), path, &format!("is {}, and has to be {}", quote(word), words.join(" or ")))
    }

    fn silent(&self, value: &Value, path: &str) -> Checked {
        let silent = value.as_bool().ok_or_else(|| Mistake::new(path, "has to be true or false"))?;
        ensure(!silent || self.format.codec.is_silence(&self.payload), path, "is true, and the audio is not silent")
    }

    fn same_id(&mut self, value: &Value, slot: Slot, form: Form, path: &str) -> Checked {
        let id = text(value, path)?;
        ensure(form.fits(id), path, &format!("has to be {}", form.says()))?;
        let known = self.ids[slot as usize].get_or_insert_with(|| id.to_owned());
        ensure(known == id, path, "is another id than before")
    }

    /// Times go on in whole frames, of which some may have been left out.
    fn stamp(&mut self, stamp: i128, path: &str) -> Checked {
        let last = self.counts[self.track].stamp.replace(stamp);
        let step = last.map(|last| stamp - last);
        let whole = step.is_none_or(|step| step > 0 && step % i128::from(self.grammar.cadence_ms) == 0);
        ensure(whole, path, &format!("goes on by {} ms, which is no number of frames", step.unwrap_or_default()))
    }

    fn known_track(&self, value: &Value, path: &str) -> Result<usize, Mistake> {
        let track = TRACKS.iter().position(|track| value.as_str() == Some(track));
        track.ok_or_else(|| Mistake::new(path, "has to be inbound or outbound"))
    }

    fn tracks(&mut self, value: &Value, path: &str) -> Checked {
        for track in list(value, path)? {
            let track = self.known_track(track, path)?;
            self.announced[track] = true;
        }
        Ok(())
    }

    fn track_list(&mut self, at: Duration, value: &Value, fields: &'static [Field], path: &str) -> Checked {
        for track in list(value, path)? {
            let Some(object) = track.as_object() else { return Err(Mistake::new(path, "has to be a list of objects")) };
            let known = self.known_track(object.get("name").unwrap_or(&Value::Null), &join(path, "name"))?;
            self.announced[known] = true;
            self.object(at, object, fields, false, path)?;
        }
        Ok(())
    }

    fn encoding(&mut self, value: &Value, path: &str) -> Checked {
        let word = text(value, path)?;
        let known = self.grammar.encodings.iter().find(|(name, _)| *name == word);
        let codec = known.map(|(_, codec)| *codec);
        self.format.codec =
            codec.ok_or_else(|| Mistake::new(path, format!("{} is no encoding of this provider", quote(word))))?;
        Ok(())
    }

    fn rate(&mut self, rate: u64, path: &str) -> Checked {
        let known = self.grammar.rates.iter().find(|known| u64::from(**known) == rate);
        self.format.sample_rate = *known.ok_or_else(|| Mistake::new(path, format!("{rate} is no rate of this provider")))?;
        Ok(())
    }

    fn asterisk_format(&mut self, name: &str, path: &str) -> Checked {
        let (codec, sample_rate) = match name {
            "ulaw" => (Codec::Mulaw, 8_000),
            "alaw" => (Codec::Alaw, 8_000),
            "slin" => (Codec::L16, 8_000),
            "slin12" => (Codec::L16, 12_000),
            "slin16" => (Codec::L16, 16_000),
            "slin24" => (Codec::L16, 24_000),
            "slin32" => (Codec::L16, 32_000),
            "slin44" => (Codec::L16, 44_100),
            "slin48" => (Codec::L16, 48_000),
            _ => {
                return Err(Mistake::new(
                    path,
                    format!("{} is no format of Asterisk with which this server can talk", quote(name)),
                ));
            }
        };
        self.format = AudioFormat { codec, sample_rate };
        Ok(())
    }

    fn payload(&mut self, value: &Value, path: &str) -> Checked {
        let decoded = BASE64_STANDARD.decode(text(value, path)?);
        self.payload = decoded.map_err(|_| Mistake::new(path, "is not base64 of the standard alphabet with padding"))?;
        self.check_frame(path)
    }

    fn check_frame(&self, path: &str) -> Checked {
        let (bytes, due) = (self.payload.len(), self.frame_bytes());
        ensure(bytes == due, path, &format!("has {bytes} bytes of audio, and a frame has {due}"))
    }

    /// Takes a binary frame of audio.
    pub(super) fn frame(&mut self, bytes: &[u8]) -> Checked {
        ensure(self.is_greeted(), "binary message", "came before the hello")?;
        bytes.clone_into(&mut self.payload);
        self.check_frame("binary message")
    }

    /// What the message means, with the audio or the words that it had.
    pub(super) fn heard(&mut self, shape: &Shape, greeted_before: bool) -> Heard {
        if !greeted_before {
            return if self.is_greeted() { Heard::Opened } else { Heard::Nothing };
        }
        match shape.means {
            Means::Nothing | Means::Settings => Heard::Nothing,
            Means::Media => Heard::Audio(std::mem::take(&mut self.payload)),
            Means::Stop => Heard::Stopped,
            Means::Prompt => Heard::Words(std::mem::take(&mut self.words)),
        }
    }
}

fn ensure(holds: bool, path: &str, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(Mistake::new(path, what)) }
}

fn text<'v>(value: &'v Value, path: &str) -> Result<&'v str, Mistake> {
    value.as_str().ok_or_else(|| Mistake::new(path, "has to be a text"))
}

fn list<'v>(value: &'v Value, path: &str) -> Result<&'v [Value], Mistake> {
    let list = value.as_array().filter(|list| (1..=TRACKS.len()).contains(&list.len()));
    list.map(Vec::as_slice).ok_or_else(|| Mistake::new(path, "has to be a list of one or two tracks"))
}

fn number(value: &Value, spelling: Spelling, path: &str) -> Result<u64, Mistake> {
    match spelling {
        Spelling::Number => value.as_u64().ok_or_else(|| Mistake::new(path, "has to be a number, and no text")),
        Spelling::Text => {
            let digits = value.as_str().and_then(decimal);
            digits.ok_or_else(|| Mistake::new(path, "has to be a number written as a text"))
        }
    }
}

/// Decimal without signs and leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| text.parse().ok()).flatten()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn quote(text: &str) -> String {
    text.chars().take(LONGEST_QUOTE).flat_map(char::escape_default).collect()
}
