//! TwiML, and what is modelled on it: Telnyx' TeXML and SignalWire's cXML.
//!
//! Sources: twilio.com/docs/voice/twiml/stream, docs/api/errors/31941; developers.telnyx.com texml-verbs/stream; SignalWire
//! compatibility-api/cxml/voice/stream.

use roxmltree::Node;

use super::notes::{Notes, quoted};
use super::{Authorization, Draft, Kind, Lint, Verb, format, xml};
use crate::secret::Secret;

/// Verbs after which nothing of the document is reached.
const LAST_WORDS: &[&str] = &["Hangup", "Reject", "Redirect"];

/// The streams that the document opens. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(document) = xml::parse(text, notes) else { return Vec::new() };
    let Some(root) = xml::root(&document, &["Response"], notes) else { return Vec::new() };
    let verbs: Vec<Node<'_, '_>> = xml::elements(root).collect();
    let mut ended = None;
    let mut drafts = Vec::new();
    for (at, verb) in verbs.iter().enumerate() {
        match xml::known(
            *verb,
            &["Connect", "Start", "Stream", "ConversationRelay", "Hangup", "Reject", "Redirect", "Stop"],
            notes,
        ) {
            Some(parent @ ("Connect" | "Start")) => {
                let mut found = streams(*verb, parent, notes);
                unreachable(&mut found, ended, notes);
                if parent == "Start" {
                    call_ends(&found, &verbs[at + 1..], notes);
                }
                drafts.extend(found);
            }
            // `<Stop><Stream name="…"/></Stop>` ends one.
            Some("Stop") => {}
            Some("Stream" | "ConversationRelay") => misplaced(*verb, "Response", notes),
            Some(word) if LAST_WORDS.contains(&word) => ended = ended.or_else(|| Some((word, xml::line(*verb)))),
            Some(_) | None => {
                let inner =
                    verb.descendants().skip(1).find(|inner| matches!(inner.tag_name().name(), "Stream" | "ConversationRelay"));
                inner.into_iter().for_each(|inner| misplaced(inner, verb.tag_name().name(), notes));
            }
        }
    }
    if drafts.is_empty() && !notes.has(Lint::StreamMisplaced) {
        let says = format!("the document opens no stream; it has {}", xml::summary(root));
        notes.add_with(Lint::NoStream, Some(xml::line(root)), says, "return `<Connect><Stream url=\"wss://…\"/></Connect>`");
    }
    drafts
}

fn misplaced(stream: Node<'_, '_>, parent: &str, notes: &mut Notes<'_>) {
    let name = quoted(stream.tag_name().name());
    let says = format!("`<{name}>` stands right below `<{}>`, where it opens nothing", quoted(parent));
    notes.add_with(Lint::StreamMisplaced, Some(xml::line(stream)), says, format!("write `<Connect><{name} …/></Connect>`"));
}

/// Says that a stream comes too late.
pub(super) fn unreachable(drafts: &mut [Draft], ended: Option<(&str, u32)>, notes: &mut Notes<'_>) {
    if let (Some(draft), Some((word, line))) = (drafts.first_mut(), ended) {
        let says = format!("`<{word}>` at line {line} comes first: the stream at line {} is never opened", draft.line);
        notes.add_with(Lint::StreamUnreachable, Some(draft.line), says, format!("put the stream before `<{word}>`"));
        drafts.iter_mut().for_each(|draft| draft.unreachable = true);
    }
}

/// `<Start>` goes on at once, and the call ends with the document (twilio.com/docs/voice/twiml/stream, SignalWire's page says the same).
fn call_ends(drafts: &[Draft], rest: &[Node<'_, '_>], notes: &mut Notes<'_>) {
    let last = rest.iter().all(|verb| verb.tag_name().name() == "Start");
    if let Some(draft) = drafts.first().filter(|_| last) {
        notes.add_with(
            Lint::CallEndsAtOnce,
            Some(draft.line),
            "`<Start>` does not wait, and no verb comes after it: the call ends as soon as the stream has begun",
            "write `<Connect>` for `<Start>`, or let `<Pause length=\"60\"/>` or what the call is for come after it",
        );
    }
}

fn streams(verb: Node<'_, '_>, parent: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    // ConversationRelay is Twilio's.
    let relay = parent == "Connect" && notes.rules.kind == Kind::Twilio;
    let names: &[&'static str] = if relay { &["Stream", "ConversationRelay"] } else { &["Stream"] };
    let mut drafts = Vec::new();
    for node in xml::elements(verb) {
        let kind = match (xml::known(node, names, notes), parent) {
            (Some("ConversationRelay"), _) => Verb::ConversationRelay,
            (Some(_), "Connect") => Verb::ConnectStream,
            (Some(_), _) => Verb::StartStream,
            (None, _) => continue,
        };
        drafts.push(draft(node, kind, notes));
        notes.leave();
    }
    drafts
}

fn draft(node: Node<'_, '_>, verb: Verb, notes: &mut Notes<'_>) -> Draft {
    let mut draft = notes.draft(verb, xml::line(node));
    draft.url = xml::attribute(node, "url", notes);
    if draft.url.is_none()
        && let Some(text) = node.text().map(str::trim).filter(|text| !text.is_empty())
    {
        let says = format!("the URL `{}` is the text of the element; here it is an attribute", super::address::shown(text));
        notes.add_with(Lint::UrlMissing, Some(draft.line), says, "write `<Stream url=\"wss://…\"/>`");
    }
    draft.parameters = parameters(node, "Parameter", notes);
    draft.one_way = Some(verb == Verb::StartStream);
    if verb == Verb::ConversationRelay {
        return draft;
    }
    draft.track = track(node, verb, notes);
    match notes.rules.kind {
        Kind::Signalwire => {
            draft.audio = format::named(xml::attribute(node, "codec", notes), format::cxml, notes);
            draft.authorization =
                xml::value(node, "authBearerToken", notes).map(|token| Authorization::Bearer(Secret::new(token)));
        }
        Kind::Telnyx => {
            draft.audio = format::named(xml::attribute(node, "codec", notes), format::texml, notes);
            // "bidirectionalMode: mp3, rtp; default mp3".
            let mode = xml::value(node, "bidirectionalMode", notes);
            draft.mp3 = verb == Verb::ConnectStream && mode.as_deref() != Some("rtp");
        }
        Kind::Twilio | Kind::Plivo | Kind::Bandwidth | Kind::Vonage | Kind::Exotel | Kind::Json => {}
    }
    draft
}

/// The children of a stream that carry a name and a value.
pub(super) fn parameters(stream: Node<'_, '_>, element: &'static str, notes: &mut Notes<'_>) -> Vec<(String, Secret)> {
    let mut found = Vec::new();
    for node in xml::elements(stream) {
        if xml::known(node, &[element], notes).is_some()
            && let Some(name) = xml::value(node, "name", notes)
        {
            found.push((name, Secret::new(xml::value(node, "value", notes).unwrap_or_default())));
        }
    }
    found
}

/// Twilio 31941: `<Connect>` has `inbound_track` alone. That `<Start>` has the three is the rule of all of them.
fn track(node: Node<'_, '_>, verb: Verb, notes: &mut Notes<'_>) -> Option<String> {
    let track = xml::attribute(node, "track", notes)?;
    let narrow = verb == Verb::ConnectStream && notes.rules.kind == Kind::Twilio;
    let allowed: &[&str] = if narrow { &["inbound_track"] } else { &["inbound_track", "outbound_track", "both_tracks"] };
    if !allowed.contains(&track.text.as_str()) {
        let says = format!("`track=\"{}\"`; here it is {}", quoted(&track.text), allowed.join(" or "));
        notes.add_with(Lint::TrackInvalid, Some(track.line), says, "leave out `track`, or write `track=\"inbound_track\"`");
    }
    Some(track.text)
}
