//! JSON whose values know their line.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::notes::{Notes, quoted};
use super::{Lint, Located, body};

/// A value within a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    whole: &'a str,
    raw: &'a RawValue,
}

/// Parses `text` as a whole, so that every piece of it can be read. Without a result, it has been said why.
pub(super) fn parse<'a>(text: &'a str, notes: &mut Notes<'_>) -> Option<Piece<'a>> {
    // The parser stops at 128 levels; the pieces are read without recursion.
    if let Err(error) = serde_json::from_str::<Value>(text) {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        let lint = if error.to_string().contains("recursion limit") { Lint::DocumentTooDeep } else { Lint::JsonInvalid };
        notes.add(lint, Some(line), format!("the JSON cannot be read: {error}"));
        return None;
    }
    let raw: &'a RawValue = serde_json::from_str(text).ok()?;
    Some(Piece { whole: text, raw })
}

/// What JSON it is that came instead of a document, with the words in which frameworks report an error.
pub(super) fn error_of(text: &str) -> String {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else { return "JSON".to_owned() };
    let piece = Piece { whole: text, raw };
    let said = ["detail", "error", "message"].iter().find_map(|name| Some((name, piece.get(name)?.text()?)));
    match said {
        Some((name, text)) => format!("JSON: `{name}` is `{}`", quoted(&text)),
        None => format!("JSON: {}", piece.summary()),
    }
}

impl<'a> Piece<'a> {
    /// The line on which it begins, from 1.
    pub(super) fn line(self) -> u32 {
        // The piece is a part of the whole, so this is its place in it.
        let offset = (self.raw.get().as_ptr() as usize).saturating_sub(self.whole.as_ptr() as usize);
        body::line_at(self.whole, offset)
    }

    /// The value as it is written.
    pub(super) fn json(self) -> &'a str {
        self.raw.get()
    }

    pub(super) fn text(self) -> Option<String> {
        serde_json::from_str(self.raw.get()).ok()
    }

    pub(super) fn located(self) -> Option<Located> {
        self.text().map(|text| Located { text, line: self.line() })
    }

    pub(super) fn list(self) -> Option<Vec<Self>> {
        let raws: Vec<&'a RawValue> = serde_json::from_str(self.raw.get()).ok()?;
        Some(raws.into_iter().map(|raw| Self { whole: self.whole, raw }).collect())
    }

    /// Names and values, in the order of the names; of a name that comes twice the last value, as most readers have it.
    pub(super) fn members(self) -> Option<BTreeMap<String, Self>> {
        let raws: BTreeMap<String, &'a RawValue> = serde_json::from_str(self.raw.get()).ok()?;
        Some(raws.into_iter().map(|(name, raw)| (name, Self { whole: self.whole, raw })).collect())
    }

    pub(super) fn get(self, name: &str) -> Option<Self> {
        self.members()?.remove(name)
    }

    /// The value at a JSON pointer (RFC 6901).
    pub(super) fn pointer(self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |piece, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match piece.list() {
                // "01" and "+1" are no indices.
                Some(list) => {
                    token.parse::<usize>().ok().filter(|at| at.to_string() == token).and_then(|at| list.get(at).copied())
                }
                None => piece.get(&token),
            }
        })
    }

    /// What it is, for a sentence.
    pub(super) fn summary(self) -> String {
        match self.json().as_bytes().first() {
            Some(b'{') => {
                let names: Vec<String> =
                    self.members().unwrap_or_default().keys().take(6).map(|name| format!("`{}`", quoted(name))).collect();
                if names.is_empty() { "an empty object".to_owned() } else { format!("an object with {}", names.join(", ")) }
            }
            Some(b'[') => "a list".to_owned(),
            Some(b'"') => "a text".to_owned(),
            Some(_) | None => format!("`{}`", quoted(self.json())),
        }
    }
}
