//! A webhook's document as a report may have it: the structure, and of the values only those that are known to be harmless.
//!
//! What a document hands out (parameters, headers, logins) stands in the values of attributes and members, in texts and in comments, and
//! any of them may be a token. So a value is shown if its name says what it is and it looks like that; URLs are shown without their
//! logins and queries. It works on any beginning of any text, well-formed or not: what does not fit the grammar is left out. Texts that
//! are neither XML nor JSON (pages, plain messages) keep all but what `redact` finds.
//!
//! Deliberately absent: parsing (a document that cannot be parsed is shown as well), and secrets that are known (the probe takes those out).
//!
//! Invariant: outside of URLs and messages of errors, nothing of a value comes out but plain words under harmless names.

use super::address;
use super::redact::redact;
use crate::text::escape_html;

const MASK: &str = "***";

/// Attributes whose values are words of the provider's, or names that reports have anyway.
const WORD_ATTRIBUTES: &[&str] = &[
    "audiotrack",
    "bidirectional",
    "bidirectionalcodec",
    "bidirectionalmode",
    "bidirectionalsamplingrate",
    "codec",
    "contenttype",
    "enablebidirectionalmode",
    "encoding",
    "keepcallalive",
    "language",
    "length",
    "loop",
    "method",
    "mode",
    "name",
    "statuscallbackmethod",
    "streamtimeout",
    "timeout",
    "track",
    "tracks",
    "version",
    "voice",
    "wait",
];
/// Attributes and members whose values are URLs.
const URLS: &[&str] =
    &["url", "uri", "destination", "action", "statuscallback", "statuscallbackurl", "eventurl", "streameventurl"];
/// Elements whose text may be a URL.
const URL_ELEMENTS: &[&str] = &["Stream", "Redirect"];

/// Members of JSON whose values are words of the provider's.
const WORD_MEMBERS: &[&str] = &["action", "type", "content-type", "eventtype", "status", "code", "level", "language"];
/// Members with which frameworks report an error.
const MESSAGES: &[&str] = &["detail", "error", "message", "title"];
/// Members of which nothing is shown, however deep.
const HIDDEN: &[&str] = &[
    "auth",
    "authorization",
    "custom",
    "customparameters",
    "custom_parameters",
    "extraheaders",
    "headers",
    "metadata",
    "parameters",
    "params",
    "variables",
];

/// The longest name and word that are shown.
const LONGEST_WORD: usize = 64;
/// Bytes of an error's sentence.
const LONGEST_MESSAGE: usize = 200;
/// Longer numbers may be codes.
const LONGEST_NUMBER: usize = 5;

/// `text` as it may be shown: a document, the beginning of one, or anything else that a server may answer with.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.starts_with(['{', '[', '"']) {
        return Json::default().shown(text);
    }
    let lower = text.to_ascii_lowercase();
    let first = |words: &[&str]| words.iter().filter_map(|word| lower.find(word)).min();
    let root = first(&["<response", "<bxml"]);
    if first(&["<!doctype html", "<html"]).is_some_and(|page| root.is_none_or(|root| page < root)) {
        return redact(text);
    }
    let document = first(&["<?xml", "<response", "<bxml"]);
    let at = document.or_else(|| start.starts_with('<').then_some(text.len() - start.len())).unwrap_or(text.len());
    redact(&text[..at]) + &xml(&text[at..])
}

/// In place of a text: white space around it and its lines stay, so that lines keep their numbers.
fn masked(text: &str) -> String {
    let inner = text.trim();
    let (before, after) = text.split_at(text.find(inner).unwrap_or(0));
    let lines = inner.matches('\n').count();
    let mask = if inner.is_empty() { "" } else { MASK };
    format!("{before}{mask}{}{}", "\n".repeat(lines), &after[inner.len()..])
}

/// A name or a word of the provider's; a media type with its rate.
fn is_word(text: &str) -> bool {
    let (word, rate) = text.split_once(";rate=").unwrap_or((text, ""));
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./ +,".contains(c));
    text.len() <= LONGEST_WORD && is_plain && rate.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_WORD && text.chars().all(|c| c.is_alphanumeric() || "_-.:$".contains(c))
}

fn is_url(text: &str) -> bool {
    let scheme = text.trim_start().split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    ["ws", "wss", "http", "https"].contains(&scheme.as_str())
}

/// XML, from its first `<` on.
fn xml(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut rest, mut element) = (text, "");
    while !rest.is_empty() {
        let (before, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        // What has no end was cut, and a URL may have been cut within its login.
        shown += &content(before, if markup.is_empty() { "" } else { element });
        let left = FRAMES.iter().find_map(|(open, close)| {
            let inner = markup.strip_prefix(open)?;
            let (inner, left) = inner.split_at(inner.find(close).unwrap_or(inner.len()));
            let is_plain = *open == "<?xml " && inner.chars().all(|c| c.is_ascii_alphanumeric() || " .='\"-_".contains(c));
            let inner = if is_plain { inner.to_owned() } else { masked(inner) };
            shown.extend([open, inner.as_str(), &left[..close.len().min(left.len())]]);
            Some(&left[close.len().min(left.len())..])
        });
        rest = match left {
            Some(left) => left,
            None => tag(markup, &mut element, &mut shown),
        };
    }
    shown
}

/// Markup with texts of its own.
const FRAMES: [(&str, &str); 5] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?xml ", "?>"), ("<?", "?>"), ("<!", ">")];

/// The text of an element.
fn content(text: &str, element: &str) -> String {
    let inner = text.trim();
    if !(URL_ELEMENTS.contains(&element) && is_url(inner)) {
        return masked(text);
    }
    let at = text.find(inner).unwrap_or(0);
    format!("{}{}{}", &text[..at], shown_url(inner), &text[at + inner.len()..])
}

/// A URL as XML has it.
fn shown_url(text: &str) -> String {
    escape_html(redact(address::shown(&unescaped(text)).as_str()).as_str())
}

/// One tag; what is left behind it. `element` becomes the one that it opens. What fits no grammar is left out, up to the next `<`.
fn tag<'t>(markup: &'t str, element: &mut &'t str, shown: &mut String) -> &'t str {
    let Some(inner) = markup.strip_prefix('<') else { return "" };
    let end = inner.find(|c: char| c.is_whitespace() || "/><\"'=".contains(c)).filter(|end| *end > 0);
    let end = end.unwrap_or_else(|| if inner.starts_with('/') { 0 } else { inner.find('<').unwrap_or(inner.len()) });
    let (name, mut rest) = inner.split_at(end);
    shown.extend(["<", if is_name(name) { name } else { MASK }]);
    *element = name;
    loop {
        let trimmed = rest.trim_start();
        shown.push_str(&rest[..rest.len() - trimmed.len()]);
        rest = trimmed;
        let closing = ["/>", ">"].into_iter().find(|end| rest.starts_with(end));
        if let Some(end) = closing {
            shown.push_str(end);
            return &rest[end.len()..];
        }
        match attribute(rest, shown) {
            Some(left) => rest = left,
            None => break,
        }
    }
    *element = "";
    // The name of an element that is closed comes here as well.
    let (odd, left) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
    match odd.strip_prefix('/').and_then(|odd| odd.split_once('>')) {
        Some((name, behind)) if is_name(name.trim_end()) => {
            shown.extend(["/", name, ">"]);
            shown.push_str(&masked(behind));
        }
        _ => shown.push_str(&masked(odd)),
    }
    left
}

/// One attribute; what is left behind it.
fn attribute<'t>(text: &'t str, shown: &mut String) -> Option<&'t str> {
    let (name, rest) = text.split_at(text.find(|c: char| c.is_whitespace() || "/><\"'=".contains(c))?);
    let quoted = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if name.is_empty() {
        return None;
    }
    let (value, left) = quoted[1..].split_at(quoted[1..].find(quote).unwrap_or(quoted.len() - 1));
    shown.push_str(if is_name(name) { name } else { MASK });
    shown.push_str(&rest[..=rest.len() - quoted.len()]);
    let word = name.to_ascii_lowercase();
    // As with texts.
    if left.is_empty() {
        shown.push_str(&masked(value));
    } else if URLS.contains(&word.as_str()) || word.starts_with("xmlns") {
        shown.push_str(&shown_url(value));
    } else if WORD_ATTRIBUTES.contains(&word.as_str()) && is_word(value) {
        shown.push_str(value);
    } else {
        shown.push_str(&masked(value));
    }
    let left = left.strip_prefix(quote).inspect(|_| shown.push(quote)).unwrap_or_default();
    Some(left)
}

/// `&amp;`, `&#x2B;` and their like as what they stand for.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').filter(|(name, _)| name.len() <= 8);
        let (sign, left) = reference.and_then(|(name, left)| Some((referred(name)?, left))).unwrap_or_else(|| ('&', &rest[1..]));
        plain.push(sign);
        rest = left;
    }
    plain + rest
}

fn referred(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| number.parse()).ok()?)
        }
    }
}

/// Where the reader of JSON is: the objects and lists around it.
#[derive(Default)]
struct Json {
    around: Vec<Level>,
    here: Level,
}

#[derive(Clone, Default)]
struct Level {
    is_hidden: bool,
    is_object: bool,
    /// The name whose value comes, in lower case.
    name: String,
}

impl Json {
    fn shown(mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => string_end(rest),
                '{' | '}' | '[' | ']' | ',' | ':' => 1,
                _ if first.is_whitespace() || first == '\u{feff}' => first.len_utf8(),
                _ => rest.find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c)).unwrap_or(rest.len()),
            };
            let (token, left) = rest.split_at(length);
            rest = left;
            match first {
                '"' if left.trim_start().starts_with(':') => shown += &self.name(token),
                '"' => shown += &self.value(token),
                '{' | '[' => self.enter(first == '{'),
                '}' | ']' => self.here = self.around.pop().unwrap_or_default(),
                ',' if self.here.is_object => self.here.name.clear(),
                ',' | ':' => {}
                _ if first.is_whitespace() || first == '\u{feff}' || self.is_plain(token) => shown.push_str(token),
                _ => shown.push_str(MASK),
            }
            if "{}[],:".contains(first) {
                shown.push(first);
            }
        }
        shown
    }

    fn enter(&mut self, is_object: bool) {
        let is_hidden = self.here.is_hidden || HIDDEN.contains(&self.here.name.as_str());
        let name = if is_object { String::new() } else { self.here.name.clone() };
        self.around.push(std::mem::replace(&mut self.here, Level { is_hidden, is_object, name }));
    }

    /// A literal, or a number that is too short for a code.
    fn is_plain(&self, token: &str) -> bool {
        let is_number = token.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        matches!(token, "true" | "false" | "null") || (is_number && token.len() <= LONGEST_NUMBER && !self.here.is_hidden)
    }

    fn name(&mut self, token: &str) -> String {
        let name = serde_json::from_str::<String>(token).unwrap_or_default();
        self.here.name = name.to_ascii_lowercase();
        if is_name(&name) && token.len() == name.len() + 2 { token.to_owned() } else { format!("\"{MASK}\"") }
    }

    fn value(&self, token: &str) -> String {
        let name = self.here.name.as_str();
        let value = serde_json::from_str::<String>(token).ok().filter(|_| !self.here.is_hidden);
        let shown = match value {
            Some(value) if value.is_empty() => value,
            Some(value) if is_url(&value) || ["url", "uri"].contains(&name) => redact(address::shown(&value).as_str()),
            Some(value) if WORD_MEMBERS.contains(&name) && is_word(&value) => value,
            Some(value) if MESSAGES.contains(&name) => redact(&value[..value.floor_char_boundary(LONGEST_MESSAGE)]),
            Some(_) | None => MASK.to_owned(),
        };
        serde_json::Value::from(shown).to_string()
    }
}

/// The length of the text in quotation marks with which `rest` begins; all of `rest`, if it has no end.
fn string_end(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_keep_their_structure() {
        let rows = [
            (
                "<?xml version=\"1.0\" encoding='UTF-8'?>\n<Response>\n  <Connect>\n    <Stream url=\"wss://h.example.com/p?t=1&amp;u=2\" track=\"inbound_track\">\n\
                 <Parameter name=\"token\" value=\"secret\"/>\n</Stream></Connect></Response>",
                "<?xml version=\"1.0\" encoding='UTF-8'?>\n<Response>\n  <Connect>\n    <Stream url=\"wss://h.example.com/p?t=***&amp;u=***\" track=\"inbound_track\">\n\
                 <Parameter name=\"token\" value=\"***\"/>\n</Stream></Connect></Response>",
            ),
            (
                "<Response><Stream bidirectional=\"true\" extraHeaders=\"a=secret\" contentType=\"audio/x-l16;rate=8000\">\n wss://u:secret@h/p?t=a&#x2B;secret \n</Stream></Response>",
                "<Response><Stream bidirectional=\"true\" extraHeaders=\"***\" contentType=\"audio/x-l16;rate=8000\">\n wss://***@h/p?t=*** \n</Stream></Response>",
            ),
            (
                "<Bxml><StartStream destination='wss://h/p' destinationUsername='u' destinationPassword='secret'/><!-- secret\nsecret --></Bxml>",
                "<Bxml><StartStream destination='wss://h/p' destinationUsername='***' destinationPassword='***'/><!-- ***\n --></Bxml>",
            ),
            (
                "<Response><Say voice=\"alice\">the secret</Say><![CDATA[secret]]><?php secret?></Response>",
                "<Response><Say voice=\"alice\">***</Say><![CDATA[***]]><?***?></Response>",
            ),
            // Neither well-formed nor whole.
            (
                "<Response><Stream url=\"wss://h/p?a=1&b=secret\" authBearerToken=\"secret",
                "<Response><Stream url=\"wss://h/p?a=***&amp;b=***\" authBearerToken=\"***",
            ),
            ("<Response><Parameter name=\"token value=\"secret\"/><Hangup/>", "<Response><Parameter name=\"***\"***<Hangup/>"),
            ("<Response><Parameter value=secret other/><Hangup/></Resp", "<Response><Parameter ***<Hangup/><***"),
            (
                "Warning: no?key=secret in x\n<?xml version='1.0'?><Response a='secret'/>",
                "Warning: no?key=*** in x\n<?xml version='1.0'?><Response a='***'/>",
            ),
            ("<!DOCTYPE x [<!ENTITY e \"secret\">]><x/>", "<!***>***<x/>"),
            ("<><\"secret\"><x y='1'>", "<***<***<x y='***'>"),
            (
                "[{\"action\": \"connect\", \"endpoint\": [{\"type\": \"websocket\", \"uri\": \"wss:\\/\\/h\\/p?t=abc\\/def&u=1\",\n\
                 \"content-type\": \"audio/l16;rate=16000\", \"headers\": {\"token\": \"secret\", \"n\": [12345, \"type\"]}, \"n\": 16000}]}]",
                "[{\"action\": \"connect\", \"endpoint\": [{\"type\": \"websocket\", \"uri\": \"wss://h/p?t=***&u=***\",\n\
                 \"content-type\": \"audio/l16;rate=16000\", \"headers\": {\"token\": \"***\", \"n\": [***, \"***\"]}, \"n\": 16000}]}]",
            ),
            (
                "{\"url\": \"wss://u:p@h/\", \"token\": \"abc\\\"secret\", \"pin\": 123456, \"x\": null}",
                "{\"url\": \"wss://***@h/\", \"token\": \"***\", \"pin\": ***, \"x\": null}",
            ),
            (
                "{\"authorization\": {\"type\": \"custom\", \"value\": \"secret\"}, \"type\": \"x\"}",
                "{\"authorization\": {\"type\": \"***\", \"value\": \"***\"}, \"type\": \"x\"}",
            ),
            (
                "{\"detail\": \"Not Found\", \"error\": \"see http://h?x=secret\"}",
                "{\"detail\": \"Not Found\", \"error\": \"see http://h?x=***\"}",
            ),
            ("\"wss://h/p?t=secret\"", "\"wss://h/p?t=***\""),
            (
                "{\"wss://h/?secret\": \"type\", 'token': 'secret', \"cut\": \"secret",
                "{\"***\": \"***\", ***: ***, \"cut\": \"***\"",
            ),
            ("<!doctype html><html><title>502 Bad Gateway</title>", "<!doctype html><html><title>502 Bad Gateway</title>"),
            ("<?xml version='1.0'?><html>502</html>", "<?xml version='1.0'?><html>502</html>"),
            ("upstream connect error ?a=secret", "upstream connect error ?a=***"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(excerpt(text), expected, "{text}");
        }
    }

    #[test]
    fn no_piece_of_a_document_has_its_secrets() {
        let documents = [
            "<Response><!-- canary --><Connect><Stream url=\"wss://u:canary@h/p?t=canary&#38;canary=1\" authBearerToken='canary' x=\"&quot;canary\">\n\
             <Parameter name=\"a\" value=\"canary\"/></Stream></Connect><Say>canary</Say></Response>",
            "[{\"action\":\"connect\",\"endpoint\":[{\"uri\":\"wss://h/p?t=canary\",\"headers\":{\"a\":\"x\\\"canary\",\"type\":\"canary\"},\
             \"authorization\":{\"value\":\"canary\"}}],\"token\":\"canary\",\"t\":['canary', canary]}]",
        ];
        for document in documents {
            for end in (0..=document.len()).filter(|end| document.is_char_boundary(*end)) {
                let shown = excerpt(&document[..end]).replace("canary=", "");
                assert!(!shown.contains("canar"), "{}\n{shown}", &document[..end]);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(<Response>|<Stream |url=\"|value='|[{}\\[\\],:\"'<>=/&;?!#\\\\ä\n-]|<!--|-->|]]>|<!\\[CDATA\\[|\"headers\"|wss://|[a-z@]{1,3}){0,40}") {
            let shown = excerpt(&text);
            prop_assert!(shown.len() <= text.len() * 24 + 16);
        }
    }
}
