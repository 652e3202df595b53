//! NCCO, Vonage's list of actions.
//!
//! Sources: developer.vonage.com, NCCO reference and the guide to WebSockets.

use super::notes::{Notes, quoted};
use super::tree::{self, Piece};
use super::{Authorization, Draft, Lint, Verb, format, xml};
use crate::secret::Secret;

/// Bytes of `headers`, as JSON.
const LONGEST_HEADERS: usize = 512;

/// The streams that the document opens. Without one, it has been said why.
pub(super) fn read(text: &str, notes: &mut Notes<'_>) -> Vec<Draft> {
    let Some(whole) = tree::parse(text, notes) else { return Vec::new() };
    let Some(actions) = whole.list() else {
        let says = format!("the answer is {}, and a list of actions is due", whole.summary());
        notes.add_with(Lint::RootWrong, Some(whole.line()), says, "write `[{\"action\": \"connect\", …}]`");
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for action in &actions {
        if name(*action, "action").as_deref() == Some("connect") {
            drafts.extend(endpoints(*action, notes).into_iter().filter_map(|endpoint| draft(endpoint, notes)));
        }
    }
    if drafts.is_empty() {
        let found: Vec<String> =
            actions.iter().take(6).filter_map(|action| name(*action, "action")).map(|name| quoted(&name).to_string()).collect();
        let found = if found.is_empty() { "no action".to_owned() } else { found.join(", ") };
        let says = format!("no `connect` to an endpoint of type `websocket`; the actions are: {found}");
        let fix = "return `[{\"action\": \"connect\", \"endpoint\": [{\"type\": \"websocket\", \"uri\": \"wss://…\", \"content-type\": \"audio/l16;rate=16000\"}]}]`";
        notes.add_with(Lint::NoStream, Some(whole.line()), says, fix);
    }
    drafts
}

/// Does any action say or ask something, or lead to somebody? A `connect` to a websocket alone does not.
pub(super) fn serves(text: &str, notes: &mut Notes<'_>) -> bool {
    let actions = tree::parse(text, notes).and_then(Piece::list).unwrap_or_default();
    let is_socket = |endpoint: &Piece<'_>| name(*endpoint, "type").as_deref() == Some("websocket");
    actions.into_iter().any(|action| match name(action, "action").as_deref() {
        Some("connect") => !endpoints(action, notes).iter().all(is_socket),
        Some(_) => true,
        None => false,
    })
}

fn name(piece: Piece<'_>, key: &str) -> Option<String> {
    piece.get(key)?.text()
}

/// The endpoints of a `connect`: a list, as a rule of one.
fn endpoints<'a>(action: Piece<'a>, notes: &mut Notes<'_>) -> Vec<Piece<'a>> {
    let Some(endpoint) = action.get("endpoint") else { return Vec::new() };
    endpoint.list().unwrap_or_else(|| {
        let says = format!("`endpoint` is {}, and a list is due", endpoint.summary());
        notes.add_with(Lint::NameMisspelt, Some(endpoint.line()), says, "write `\"endpoint\": [{…}]`");
        vec![endpoint]
    })
}

fn draft(endpoint: Piece<'_>, notes: &mut Notes<'_>) -> Option<Draft> {
    if name(endpoint, "type").as_deref() != Some("websocket") {
        return None;
    }
    let mut draft = notes.draft(Verb::Ncco, endpoint.line());
    draft.one_way = Some(false);
    for (key, value) in endpoint.members()? {
        match key.as_str() {
            "uri" => draft.url = value.located(),
            "content-type" => draft.audio = format::named(value.located(), format::content_type, notes),
            "headers" => draft.parameters = headers(value, notes),
            "authorization" => draft.authorization = authorization(value),
            "url" => xml::misspelt("url", "uri", value.line(), notes),
            "contentType" | "content_type" | "Content-Type" => xml::misspelt(&key, "content-type", value.line(), notes),
            _ => {}
        }
    }
    notes.leave();
    Some(draft)
}

/// They come in the first message, not in the upgrade.
fn headers(value: Piece<'_>, notes: &mut Notes<'_>) -> Vec<(String, Secret)> {
    if value.json().len() > LONGEST_HEADERS {
        let says = format!("`headers` has {} bytes, and {LONGEST_HEADERS} are allowed", value.json().len());
        notes.add(Lint::ParametersTooLarge, Some(value.line()), says);
    }
    let pairs = value.members().unwrap_or_default().into_iter();
    pairs.map(|(name, value)| (name, Secret::new(value.text().unwrap_or_else(|| value.json().to_owned())))).collect()
}

fn authorization(value: Piece<'_>) -> Option<Authorization> {
    match name(value, "type")?.as_str() {
        "vonage" => Some(Authorization::Vonage),
        "custom" => Some(Authorization::Custom(Secret::new(name(value, "value")?))),
        _ => None,
    }
}
