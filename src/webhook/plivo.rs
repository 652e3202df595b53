//! Plivo XML: the stream's text is the URL.
//!
//! Source: docs.plivo.com/docs/voice/xml/audiostream and audio-streaming.

use roxmltree::Node;

use super::notes::{Notes, quoted};
use super::{Draft, Lint, Located, Verb, address, format, twiml, xml};
use crate::secret::Secret;

/// Bytes of `extraHeaders`.
const LONGEST_HEADERS: usize = 512;

/// The streams that the document opens. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(document) = xml::parse(text, notes) else { return Vec::new() };
    let Some(root) = xml::root(&document, &["Response"], notes) else { return Vec::new() };
    let mut ended = None;
    let mut drafts = Vec::new();
    for verb in xml::elements(root) {
        match xml::known(verb, &["Stream", "Hangup", "Redirect"], notes) {
            Some("Stream") => {
                let mut draft = draft(verb, notes);
                twiml::unreachable(std::slice::from_mut(&mut draft), ended, notes);
                drafts.push(draft);
                notes.leave();
            }
            Some(word) => ended = ended.or_else(|| Some((word, xml::line(verb)))),
            None => {
                if let Some(inner) = verb.descendants().skip(1).find(|inner| inner.has_tag_name("Stream")) {
                    misplaced(inner, verb.tag_name().name(), notes);
                }
            }
        }
    }
    if drafts.is_empty() && !notes.has(Lint::StreamMisplaced) {
        let says = format!("the document opens no stream; it has {}", xml::summary(root));
        let fix = "return `<Stream bidirectional=\"true\" keepCallAlive=\"true\">wss://…</Stream>`";
        notes.add_with(Lint::NoStream, Some(xml::line(root)), says, fix);
    }
    drafts
}

fn misplaced(stream: Node<'_, '_>, parent: &str, notes: &mut Notes<'_>) {
    let says = format!("`<Stream>` stands within `<{}>`: that is the form of another provider", quoted(parent));
    let fix = "put `<Stream …>wss://…</Stream>` right below `<Response>`";
    notes.add_with(Lint::StreamMisplaced, Some(xml::line(stream)), says, fix);
}

fn draft(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Draft {
    let mut draft = notes.draft(Verb::PlivoStream, xml::line(node));
    draft.url = url(node, notes);
    let two_ways = xml::value(node, "bidirectional", notes).as_deref() == Some("true");
    draft.one_way = Some(!two_ways);
    draft.audio = format::named(xml::attribute(node, "contentType", notes), format::content_type, notes);
    draft.track = track(node, two_ways, notes);
    draft.parameters = extra_headers(node, notes);
    // "If true, this stream element runs alone"; the default is false.
    let holds = xml::value(node, "keepCallAlive", notes).as_deref() == Some("true");
    if !holds && node.next_sibling_element().is_none() {
        notes.add_with(
            Lint::CallEndsAtOnce,
            Some(draft.line),
            "the stream does not hold the call without `keepCallAlive=\"true\"`, and nothing comes after it: the call ends at once",
            "write `keepCallAlive=\"true\"`",
        );
    }
    draft
}

/// The element's text. Around it there may be white space, as in Plivo's own examples.
fn url(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Option<Located> {
    let texts = node.children().filter(Node::is_text);
    let text: String = texts.filter_map(|child| child.text()).collect();
    if !text.trim().is_empty() {
        let first = node.children().find(|child| child.text().is_some_and(|text| !text.trim().is_empty()));
        let start = first.map_or_else(
            || node.range().start,
            |child| {
                let raw = &node.document().input_text()[child.range()];
                child.range().start + raw.len() - raw.trim_start().len()
            },
        );
        return Some(Located { text: text.trim().to_owned(), line: node.document().text_pos_at(start).row });
    }
    if let Some(attribute) = xml::attribute(node, "url", notes) {
        let says = format!("the URL `{}` is an attribute; here it is the text of the element", address::shown(&attribute.text));
        notes.add_with(Lint::UrlMissing, Some(attribute.line), says, "write `<Stream …>wss://…</Stream>`");
    }
    None
}

/// "When bidirectional is true, audioTrack cannot be outbound or both."
fn track(node: Node<'_, '_>, two_ways: bool, notes: &mut Notes<'_>) -> Option<String> {
    let track = xml::attribute(node, "audioTrack", notes)?;
    let allowed: &[&str] = if two_ways { &["inbound"] } else { &["inbound", "outbound", "both"] };
    if !allowed.contains(&track.text.as_str()) {
        let says = format!("`audioTrack=\"{}\"`; here it is {}", quoted(&track.text), allowed.join(" or "));
        notes.add_with(Lint::TrackInvalid, Some(track.line), says, "leave out `audioTrack`, or write `audioTrack=\"inbound\"`");
    }
    Some(track.text)
}

fn extra_headers(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Vec<(String, Secret)> {
    let Some(headers) = xml::attribute(node, "extraHeaders", notes) else { return Vec::new() };
    if headers.text.len() > LONGEST_HEADERS {
        let says = format!("`extraHeaders` has {} bytes, and {LONGEST_HEADERS} are allowed", headers.text.len());
        notes.add(Lint::ParametersTooLarge, Some(headers.line), says);
    }
    let pairs = headers.text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), Secret::new(value.trim()))).collect()
}
