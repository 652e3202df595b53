//! Placeholders of a template: which there are, where they stand, and a copy of the template with a target's values in their place.
//!
//! Deliberately absent: the placeholders that every probe fills in afresh (`{uuid}` and the like); whatever is not known here stays as it
//! is, as braces are at home in JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use url::Url;

use super::problem::Span;

/// Why a target does not fit the template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Missing {
    #[error("it has no port, and the template asks for `{{port}}`")]
    Port,
    #[error("it has no label `{0}`, and the template asks for it")]
    Label(String),
}

/// What placeholders stand for.
pub(super) trait Values {
    fn target(&self) -> &str;
    fn label(&self, name: &str) -> Result<Cow<'_, str>, Missing>;
}

/// A target of a list.
pub(super) struct OfTarget<'t> {
    pub(super) target: &'t str,
    pub(super) labels: &'t BTreeMap<String, String>,
}

impl Values for OfTarget<'_> {
    fn target(&self) -> &str {
        self.target
    }

    fn label(&self, name: &str) -> Result<Cow<'_, str>, Missing> {
        // To Prometheus, a label without a value is none.
        let value = self.labels.get(name).filter(|value| !value.is_empty());
        value.map(|value| Cow::Borrowed(value.as_str())).ok_or_else(|| Missing::Label(name.to_owned()))
    }
}

/// A target that does not exist, for a look at the template alone.
pub(super) struct Sample(pub(super) &'static str);

impl Sample {
    /// One of each kind that templates are written for: an address, the first part of a host name, the URL of a stream or of a webhook.
    pub(super) const ALL: [Self; 4] =
        [Self("target.example.com:443"), Self("target"), Self("wss://target.example.com/"), Self("https://target.example.com/")];
}

impl Values for Sample {
    fn target(&self) -> &str {
        self.0
    }

    fn label(&self, _name: &str) -> Result<Cow<'_, str>, Missing> {
        Ok(Cow::Borrowed("label"))
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Target,
    Host,
    Port,
    Label(&'t str),
}

/// The pieces of `text`, in order.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut found, mut rest, mut from) = (Vec::new(), text, 0);
    while let Some(open) = rest[from..].find('{').map(|at| from + at) {
        let placeholder =
            rest[open..].find('}').and_then(|close| Some((placeholder(&rest[open + 1..open + close])?, open + close + 1)));
        if let Some((piece, end)) = placeholder {
            found.extend([Piece::Text(&rest[..open]), piece]);
            (rest, from) = (&rest[end..], 0);
        } else {
            from = open + 1;
        }
    }
    found.push(Piece::Text(rest));
    found
}

fn placeholder(word: &str) -> Option<Piece<'_>> {
    match word {
        "target" => Some(Piece::Target),
        "host" => Some(Piece::Host),
        "port" => Some(Piece::Port),
        other => other.strip_prefix("label.").filter(|name| !name.is_empty()).map(Piece::Label),
    }
}

/// `text` with the values in place of the placeholders.
pub(super) fn fill(text: &str, values: &impl Values) -> Result<String, Missing> {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Target => filled.push_str(values.target()),
            Piece::Host => filled.push_str(&host_and_port(values.target()).0),
            Piece::Port => filled.push_str(&host_and_port(values.target()).1.ok_or(Missing::Port)?.to_string()),
            Piece::Label(name) => filled.push_str(&values.label(name)?),
        }
    }
    Ok(filled)
}

/// The host, an IPv6 address in brackets, and the port: of a URL its scheme's if it has none.
fn host_and_port(target: &str) -> (String, Option<u16>) {
    if target.contains("://")
        && let Ok(url) = Url::parse(target)
        && let Some(host) = url.host_str()
    {
        return (host.to_owned(), url.port_or_known_default());
    }
    let split = target.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match split.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host.to_owned(), Some(port)),
        None => (target.to_owned(), None),
    }
}

/// A copy of `template` with its texts filled in. Places stay those of the template.
pub(super) fn fill_table<'v>(template: &DeTable<'v>, values: &impl Values) -> Result<DeTable<'v>, Missing> {
    let mut filled = DeTable::new();
    for (key, value) in template {
        filled.insert(key.clone(), Spanned::new(value.span(), fill_value(value.get_ref(), values)?));
    }
    Ok(filled)
}

fn fill_value<'v>(value: &DeValue<'v>, values: &impl Values) -> Result<DeValue<'v>, Missing> {
    Ok(match value {
        DeValue::String(text) if text.contains('{') => DeValue::String(DeString::Owned(fill(text, values)?)),
        DeValue::Table(table) => DeValue::Table(fill_table(table, values)?),
        DeValue::Array(items) => {
            let filled = items.iter().map(|item| Ok(Spanned::new(item.span(), fill_value(item.get_ref(), values)?)));
            DeValue::Array(filled.collect::<Result<_, Missing>>()?)
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            value.clone()
        }
    })
}

/// The places of the texts that depend on a label.
pub(super) fn uncertain(template: &DeTable<'_>) -> Vec<Span> {
    places(template, &|_, text| pieces(text).iter().any(|piece| matches!(piece, Piece::Label(_))))
}

/// The places of the texts that name a file or variable and have a placeholder.
pub(super) fn names_a_file(template: &DeTable<'_>) -> Vec<Span> {
    let names_one = |key: &str| key.ends_with("_file") || key.ends_with("_env") || key == "file" || key == "env";
    places(template, &|key, text| names_one(key) && pieces(text).iter().any(|piece| !matches!(piece, Piece::Text(_))))
}

/// The places of the texts that fit, by their key and themselves.
fn places(template: &DeTable<'_>, fits: &dyn Fn(&str, &str) -> bool) -> Vec<Span> {
    let of = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| places_in(key.get_ref(), value, fits);
    template.iter().flat_map(of).collect()
}

fn places_in(key: &str, value: &Spanned<DeValue<'_>>, fits: &dyn Fn(&str, &str) -> bool) -> Vec<Span> {
    match value.get_ref() {
        DeValue::String(text) if fits(key, text) => vec![value.span()],
        DeValue::Table(table) => places(table, fits),
        DeValue::Array(items) => items.iter().flat_map(|item| places_in(key, item, fits)).collect(),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, target: &str) -> Result<String, Missing> {
        let labels = [("team", "voice"), ("empty", ""), ("__meta_dc", "fra")];
        let labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        fill(text, &OfTarget { target, labels: &labels })
    }

    #[test]
    fn placeholders_of_a_target() {
        let rows = [
            ("wss://{target}/media-stream", "voice.example.com:8443", "wss://voice.example.com:8443/media-stream"),
            ("{target}", "wss://voice.example.com/a?b=c", "wss://voice.example.com/a?b=c"),
            ("{host}|{port}", "voice.example.com:8443", "voice.example.com|8443"),
            ("{host}|{port}", "[2001:db8::1]:443", "[2001:db8::1]|443"),
            ("{host}|{port}", "wss://voice.example.com/a", "voice.example.com|443"),
            ("{host}", "voice.example.com", "voice.example.com"),
            ("{host}", "2001:db8::1", "2001:db8::1"),
            ("{label.team}-{label.__meta_dc}-{target}", "a", "voice-fra-a"),
            // What every probe fills in, JSON, and what only looks like a placeholder.
            ("wss://{target}/{uuid}?c={call_id}", "a", "wss://a/{uuid}?c={call_id}"),
            ("{\"event\":\"start\",\"to\":\"{target}\"}", "a", "{\"event\":\"start\",\"to\":\"a\"}"),
            ("{{target}} {target {labels.team} {label.}", "a", "{a} {target {labels.team} {label.}"),
            // A value is not looked through for placeholders once more.
            ("{target}", "{label.team}", "{label.team}"),
        ];
        for (text, target, expected) in rows {
            assert_eq!(filled(text, target).as_deref(), Ok(expected), "{text} {target}");
        }
    }

    #[test]
    fn what_a_target_lacks_is_said() {
        assert_eq!(filled("{port}", "voice.example.com"), Err(Missing::Port));
        for name in ["other", "empty"] {
            assert_eq!(filled(&format!("{{label.{name}}}"), "a"), Err(Missing::Label(name.to_owned())));
        }
    }
}
