//! Any JSON: a pointer (RFC 6901) leads to the URL. For platforms and home-grown servers that hand out a stream URL.

use super::notes::{Notes, quoted};
use super::tree::{self, Piece};
use super::{Draft, Lint, Verb};

/// The stream. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(whole) = tree::parse(text, notes) else { return Vec::new() };
    let pointer = notes.rules.pointer;
    let found = whole.pointer(pointer);
    let Some(url) = found.and_then(Piece::located) else {
        let shown = quoted(pointer);
        let says = match found {
            Some(found) => format!("at `{shown}` there is {}, and the URL's text is due", found.summary()),
            None => format!("there is nothing at `{shown}`; the answer is {}", whole.summary()),
        };
        let fix = "return the URL there, or set the monitor's pointer to where it is";
        notes.add_with(Lint::NoStream, Some(found.unwrap_or(whole).line()), says, fix);
        return Vec::new();
    };
    let mut draft = Draft::new(Verb::Json, url.line);
    draft.url = Some(url);
    vec![draft]
}
