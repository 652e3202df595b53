//! The answer before it is parsed: how long it took, its size and encoding, and whether it is the kind of document that is due.

use super::notes::{Notes, quoted};
use super::{Answer, Kind, Lint, address, tree};
use crate::text::Printable;

/// What the first bytes of a body look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Xml,
    Html,
    Json,
    /// A document within quotes or with escaped brackets.
    Wrapped,
    Text,
}

/// The text to parse. Without one, it has been said why.
pub(super) fn text<'a>(answer: &Answer<'a>, notes: &mut Notes<'_>) -> Option<&'a str> {
    in_time(answer, notes);
    let limit = notes.rules.limits.bytes;
    if answer.body.len() > limit {
        let says = format!("the answer has {} bytes, and the limit is {limit}", answer.body.len());
        notes.add(Lint::AnswerTooLarge, None, says);
        return None;
    }
    let Ok(text) = str::from_utf8(answer.body) else {
        // RFC 1952 section 2.3.1: the first two bytes of gzip.
        let packed = answer.body.starts_with(&[0x1F, 0x8B]);
        let says = if packed { "the answer is compressed with gzip, which nobody asked for" } else { "the answer is not UTF-8" };
        notes.add(Lint::AnswerNotUtf8, None, says);
        return None;
    };
    let (text, marked) = text.strip_prefix('\u{feff}').map_or((text, false), |rest| (rest, true));
    if marked {
        notes.add(Lint::ByteOrderMark, Some(1), "the answer begins with a byte order mark (EF BB BF)");
    }
    if text.trim().is_empty() {
        notes.add(Lint::AnswerEmpty, None, "the answer has no body");
        return None;
    }
    right_shape(text, answer, notes).then_some(text)
}

fn in_time(answer: &Answer<'_>, notes: &mut Notes<'_>) {
    let Some(within) = notes.rules.limits.answer_within else { return };
    let (took, limit) = (answer.took.as_secs_f64(), within.as_secs_f64());
    if answer.took > within {
        let says = format!("the answer took {took:.1} s, and {} waits {limit:.0} s", notes.title());
        notes.add(Lint::AnswerTooLate, None, says);
    } else if answer.took > within / 2 {
        let says = format!("the answer took {took:.1} s of the {limit:.0} s that {} waits", notes.title());
        notes.add(Lint::AnswerSlow, None, says);
    }
}

/// Is it XML where XML is due, and JSON where JSON is?
fn right_shape(text: &str, answer: &Answer<'_>, notes: &mut Notes<'_>) -> bool {
    let due = if wants_xml(notes.rules.kind) { Shape::Xml } else { Shape::Json };
    let found = shape(text, due);
    let line = Some(first_line(text));
    let trimmed = text.trim();
    if found == due {
        content_type(answer.content_type, notes);
        return true;
    }
    let (lint, says) = match found {
        Shape::Html => (Lint::AnswerIsHtml, format!("the answer is a page of HTML{}", title(trimmed))),
        Shape::Json => (Lint::AnswerIsJson, format!("the answer is {}", tree::error_of(trimmed))),
        Shape::Xml => (Lint::AnswerIsXml, format!("the answer is XML: `{}`", opening(trimmed))),
        Shape::Wrapped => (Lint::AnswerInQuotes, format!("the document is wrapped as text: `{}`", opening(trimmed))),
        Shape::Text => (Lint::AnswerIsText, format!("the answer is plain text: `{}`", plain(trimmed))),
    };
    notes.add(lint, line, says);
    false
}

/// The page's title, if it has one: it says who answered.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title").and_then(|at| Some(at + lower[at..].find('>')? + 1));
    let title = start.map(|start| {
        let end = lower[start..].find('<').map_or(page.len(), |at| start + at);
        page[start..end].trim()
    });
    title.filter(|title| !title.is_empty()).map(|title| format!(": `{}`", quoted(title))).unwrap_or_default()
}

/// How a document begins; no more, as it may have tokens in it.
fn opening(text: &str) -> Printable {
    Printable::capture(text.as_bytes(), 16)
}

/// The first words of a text.
fn plain(text: &str) -> Printable {
    let line = text.lines().next().unwrap_or_default();
    quoted(address::shown(line).as_str())
}

fn shape(text: &str, due: Shape) -> Shape {
    let text = text.trim_start();
    let starts = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let unquoted = text.trim_start_matches(['"', '\'', '`']).trim_start();
    let escaped = ["&lt;", "\\u003c"].iter().any(|bracket| unquoted.to_ascii_lowercase().starts_with(bracket));
    if starts("<!doctype html") || starts("<html") || (starts("<head") || starts("<body")) {
        Shape::Html
    } else if escaped || (unquoted.len() < text.len() && unquoted.starts_with(['<', '[', '{'])) {
        Shape::Wrapped
    } else if starts("<") {
        Shape::Xml
    } else if starts("{") || starts("[") || (due == Shape::Json && starts("\"")) {
        Shape::Json
    } else if due == Shape::Xml && text.contains("<?xml") {
        // Something was printed before the document: let the parser say where.
        Shape::Xml
    } else {
        Shape::Text
    }
}

/// Where a document that belongs to someone else would begin.
fn first_line(text: &str) -> u32 {
    let blank = text.len() - text.trim_start().len();
    line_at(text, blank)
}

/// The line of the byte at `offset`, from 1.
pub(super) fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().iter().take(offset);
    u32::try_from(before.filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

pub(super) const fn wants_xml(kind: Kind) -> bool {
    match kind {
        Kind::Twilio | Kind::Signalwire | Kind::Telnyx | Kind::Plivo | Kind::Bandwidth => true,
        Kind::Vonage | Kind::Exotel | Kind::Json => false,
    }
}

/// Twilio reads `text/xml`, `application/xml` and `text/html` as TwiML and speaks `text/plain` (docs/api/twiml/your_response); everything
/// else is error 12300. What the others do with a wrong type is not documented, Vonage excepted.
fn content_type(value: Option<&str>, notes: &mut Notes<'_>) {
    let kind = notes.rules.kind;
    let due = if wants_xml(kind) { "text/xml" } else { "application/json" };
    let fix = format!("send `Content-Type: {due}`");
    let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
        if kind != Kind::Json {
            notes.add_with(Lint::ContentTypeMissing, None, "the answer has no Content-Type", fix);
        }
        return;
    };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffix = if wants_xml(kind) { "xml" } else { "json" };
    let right = ["text/", "application/"].iter().any(|family| media.strip_prefix(family) == Some(suffix))
        || media.strip_suffix(suffix).is_some_and(|head| head.ends_with('+'));
    if right || kind == Kind::Json {
        return;
    }
    let lint = if kind == Kind::Twilio && media == "text/html" { Lint::ContentTypeUnusual } else { Lint::ContentTypeWrong };
    notes.add_with(lint, None, format!("the answer is served as `{}`", quoted(value)), fix);
}
