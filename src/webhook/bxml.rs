//! BXML, Bandwidth's.
//!
//! Source: dev.bandwidth.com/docs/voice/programmable-voice/bxml/startStream and stopStream.

use roxmltree::Node;

use super::notes::{Notes, quoted};
use super::{Authorization, Draft, Lint, Verb, twiml, xml};
use crate::secret::Secret;

/// Parameters of a stream, and the characters of a name and a value.
const MOST_PARAMETERS: usize = 12;
const LONGEST_NAME: usize = 256;
const LONGEST_VALUE: usize = 2048;

/// The streams that the document opens. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(document) = xml::parse(text, notes) else { return Vec::new() };
    let Some(root) = xml::root(&document, &["Response", "Bxml"], notes) else { return Vec::new() };
    let verbs: Vec<Node<'_, '_>> = xml::elements(root).collect();
    let mut ended = None;
    let mut drafts = Vec::new();
    for (at, verb) in verbs.iter().enumerate() {
        match xml::known(*verb, &["StartStream", "Hangup", "Redirect"], notes) {
            Some("StartStream") => {
                let mut draft = draft(*verb, notes);
                twiml::unreachable(std::slice::from_mut(&mut draft), ended, notes);
                call_ends(&draft, &verbs[at + 1..], notes);
                drafts.push(draft);
                notes.leave();
            }
            Some(word) => ended = ended.or_else(|| Some((word, xml::line(*verb)))),
            None => foreign(*verb, notes),
        }
    }
    if drafts.is_empty() && !notes.has(Lint::StreamMisplaced) {
        let says = format!("the document opens no stream; it has {}", xml::summary(root));
        let fix = "return `<StartStream destination=\"wss://…\" …/>` and a verb that holds the call";
        notes.add_with(Lint::NoStream, Some(xml::line(root)), says, fix);
    }
    drafts
}

/// A `<Stream>` of another provider's form.
fn foreign(verb: Node<'_, '_>, notes: &mut Notes<'_>) {
    let stream =
        verb.descendants().find(|node| node.has_tag_name("Stream") || (node.has_tag_name("StartStream") && *node != verb));
    if let Some(stream) = stream {
        let says = format!("`<{}>` at line {} opens nothing here", quoted(stream.tag_name().name()), xml::line(stream));
        let fix = "put `<StartStream destination=\"wss://…\" …/>` right below `<Response>`";
        notes.add_with(Lint::StreamMisplaced, Some(xml::line(stream)), says, fix);
    }
}

/// "If `<StartStream>` is the last verb in your BXML response, the call … will end, closing the WebSocket connection almost immediately."
/// `<Tag>` and `<StopStream>` without `wait` do not hold the call either.
fn call_ends(draft: &Draft, rest: &[Node<'_, '_>], notes: &mut Notes<'_>) {
    let holds = |verb: &Node<'_, '_>| match verb.tag_name().name() {
        "StopStream" => verb.attribute("wait") == Some("true"),
        "StartStream" | "Tag" | "Hangup" => false,
        _ => true,
    };
    if !rest.iter().any(holds) {
        notes.add_with(
            Lint::CallEndsAtOnce,
            Some(draft.line),
            "`<StartStream>` does not wait, and nothing that holds the call comes after it: the call ends as soon as the stream has begun",
            "let `<StopStream name=\"…\" wait=\"true\"/>` come after it",
        );
    }
}

fn draft(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Draft {
    let mut draft = notes.draft(Verb::BandwidthStartStream, xml::line(node));
    draft.url = xml::attribute(node, "destination", notes);
    if draft.url.is_none()
        && let Some(url) = xml::attribute(node, "url", notes)
    {
        notes.add_with(Lint::UrlMissing, Some(url.line), "`url` is not read here", "write `destination=\"wss://…\"`");
    }
    draft.one_way = Some(mode(node, notes) != Some(true));
    draft.track = tracks(node, notes);
    draft.parameters = twiml::parameters(node, "StreamParam", notes);
    draft.authorization = xml::value(node, "destinationUsername", notes)
        .map(|name| Authorization::Basic(name, Secret::new(xml::value(node, "destinationPassword", notes).unwrap_or_default())));
    size(&draft, notes);
    draft
}

/// Is it bidirectional? The default is `unidirectional`.
fn mode(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Option<bool> {
    let mode = xml::attribute(node, "mode", notes)?;
    match mode.text.as_str() {
        "bidirectional" => Some(true),
        "unidirectional" => Some(false),
        other => {
            let says = format!("`mode=\"{}\"` is neither `unidirectional` nor `bidirectional`", quoted(other));
            notes.add_with(Lint::NameMisspelt, Some(mode.line), says, "write `mode=\"bidirectional\"`");
            None
        }
    }
}

fn tracks(node: Node<'_, '_>, notes: &mut Notes<'_>) -> Option<String> {
    let tracks = xml::attribute(node, "tracks", notes)?;
    if !["inbound", "outbound", "both"].contains(&tracks.text.as_str()) {
        let says = format!("`tracks=\"{}\"`; here it is inbound or outbound or both", quoted(&tracks.text));
        notes.add_with(Lint::TrackInvalid, Some(tracks.line), says, "leave out `tracks`, or write `tracks=\"inbound\"`");
    }
    Some(tracks.text)
}

fn size(draft: &Draft, notes: &mut Notes<'_>) {
    let long =
        |(name, value): &&(String, Secret)| name.chars().count() > LONGEST_NAME || value.expose().chars().count() > LONGEST_VALUE;
    if draft.parameters.len() > MOST_PARAMETERS {
        let says = format!("{} elements `<StreamParam>`, and {MOST_PARAMETERS} are allowed", draft.parameters.len());
        notes.add(Lint::ParametersTooLarge, Some(draft.line), says);
    } else if let Some((name, _)) = draft.parameters.iter().find(long) {
        let says = format!(
            "`<StreamParam name=\"{}\">` is too long: a name has up to {LONGEST_NAME} characters, a value {LONGEST_VALUE}",
            quoted(name)
        );
        notes.add(Lint::ParametersTooLarge, Some(draft.line), says);
    }
}
