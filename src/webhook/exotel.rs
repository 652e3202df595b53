//! Exotel: an endpoint that "dynamically returns the WSS URL" (developer.exotel.com/docs/agentstream/stream-voicebot-applet).
//!
//! How the JSON looks is not documented. It is taken to be an object with `url`, or an object with one member that looks like a URL, or the
//! URL as a JSON text.

use url::Url;

use super::notes::Notes;
use super::tree::{self, Piece};
use super::{Draft, Lint, Located, Verb, format};

/// The stream. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(whole) = tree::parse(text, notes) else { return Vec::new() };
    let Some(url) = whole.located().or_else(|| member(whole)) else {
        let says = format!("there is no URL in the answer: it is {}", whole.summary());
        notes.add_with(Lint::NoStream, Some(whole.line()), says, "return `{\"url\": \"wss://…\"}`");
        return Vec::new();
    };
    let mut draft = Draft::new(Verb::Exotel, url.line);
    // "Sample rate: 8000 (default), 16000 or 24000. Pass as query param: ?sample-rate=16000".
    let rate = Url::parse(url.text.trim()).ok().and_then(|url| rate(&url));
    draft.audio = format::named(rate.map(|text| Located { text, line: url.line }), format::exotel, notes);
    draft.url = Some(url);
    vec![draft]
}

fn rate(url: &Url) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == "sample-rate").map(|(_, value)| value.into_owned())
}

fn member(whole: Piece<'_>) -> Option<Located> {
    let mut members = whole.members()?;
    if let Some(url) = members.remove("url").and_then(Piece::located) {
        return Some(url);
    }
    let is_url = |found: &Located| found.text.contains("://");
    members.into_values().filter_map(Piece::located).find(is_url)
}
