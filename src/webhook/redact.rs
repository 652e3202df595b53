//! Documents as they may be shown: without what may be a token, as far as it can be told where those stand, also in a document that cannot be
//! read.
//!
//! Deliberately absent: secrets that are known (the probe takes those out), and guesses at what a value is.
//!
//! Invariant: what comes out is not longer than what went in by more than three bytes for each place.

use crate::secret::Secret;

const MASK: &str = "***";

/// A text with `***` for the value of everything in it that looks like a parameter of a query (`?name=value`, `&name=value`, also with `&`
/// escaped as XML or JSON do), for the user name and password of URLs, and for the values of the elements and attributes that carry
/// parameters or logins of a stream (`<Parameter value="…">`, `<StreamParam value="…">`, `extraHeaders="…"`, `authBearerToken="…"`,
/// `destinationPassword="…"`).
pub(super) fn redact(text: &str) -> String {
    queries(&attributes(&credentials(text)))
}

/// A parameter of a query without `=` may be a bare token if it is longer: see `redact_query`, which shows the short ones.
const LONGEST_BARE_KEY: usize = 16;

/// The values of a query as they are written and as they are meant, and long parameters without `=`; names are no secrets.
#[must_use]
pub fn query_values(query: &str) -> Vec<Secret> {
    let values = query.split('&').filter_map(|pair| match pair.split_once('=') {
        Some((_, value)) => Some(value),
        None => Some(pair).filter(|pair| pair.len() > LONGEST_BARE_KEY),
    });
    values.flat_map(|value| [value.to_owned(), without_escapes(value)]).map(Secret::new).collect()
}

/// A value of a query without its escapes (`%2B`, and `+` for a space).
pub(super) fn without_escapes(value: &str) -> String {
    let pair = format!("x={}", value.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// `scheme://user:password@host`.
fn credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + 3);
        let end = authority.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '\\'));
        let (authority, after) = authority.split_at(end.unwrap_or(authority.len()));
        shown.push_str(before);
        match authority.rsplit_once('@') {
            Some((_, host)) => shown.extend([MASK, "@", host]),
            None => shown.push_str(authority),
        }
        rest = after;
    }
    shown + rest
}

/// The attributes whose values are parameters.
fn attributes(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((value, quote)) = next_value(&lower, at) {
        let end = lower[value..].find(quote).map_or(text.len(), |length| value + length);
        shown.extend([&text[at..value], if end > value { MASK } else { "" }]);
        at = end;
    }
    shown + &text[at..]
}

/// Attributes that carry parameters or logins, in any element.
const SECRET_ATTRIBUTES: [&str; 4] = ["extraheaders", "authbearertoken", "destinationusername", "destinationpassword"];

/// Where the next such value begins, and the quotation mark that ends it.
fn next_value(lower: &str, from: usize) -> Option<(usize, char)> {
    let mut at = from;
    while let Some(found) = lower[at..].find('=') {
        let equals = at + found;
        at = equals + 1;
        let name = lower[from..equals].trim_end();
        let quoted = lower[at..].trim_start();
        let Some(quote) = quoted.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let tag = name.rfind('<').map_or("", |start| &name[start + 1..]);
        // Behind an earlier value of the same tag, its beginning lies before `from`.
        let tag = if tag.is_empty() { lower[..equals].rfind('<').map_or("", |start| &lower[start + 1..equals]) } else { tag };
        let of_parameter = ["parameter", "streamparam"].iter().any(|element| tag.starts_with(element));
        if (of_parameter && name.ends_with("value")) || SECRET_ATTRIBUTES.iter().any(|secret| name.ends_with(secret)) {
            return Some((lower.len() - quoted.len() + 1, quote));
        }
    }
    None
}

/// What may stand before a parameter of a query.
const SEPARATORS: [&str; 6] = ["&amp;", "&#38;", "&#x26;", "\\u0026", "&", "?"];

fn queries(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, separator)) = separator(rest) {
        let start = at + separator.len();
        let name = rest[start..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']')));
        let Some(equals) = name.map(|length| start + length).filter(|end| *end > start && rest[*end..].starts_with('=')) else {
            shown.push_str(&rest[..start]);
            rest = &rest[start..];
            continue;
        };
        let value = &rest[equals + 1..];
        let end = value.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | '#' | '\\'));
        let end = end.unwrap_or(value.len());
        shown.extend([&rest[..=equals], if end == 0 { "" } else { MASK }]);
        rest = &value[end..];
    }
    shown + rest
}

/// The first separator; of several at one place the longest.
fn separator(text: &str) -> Option<(usize, &'static str)> {
    let at = text.char_indices().find(|(at, c)| matches!(c, '?' | '&') || text[*at..].starts_with("\\u0026"))?.0;
    SEPARATORS.into_iter().find(|separator| text[at..].starts_with(separator)).map(|separator| (at, separator))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_a_token_is_left_out() {
        let rows = [
            ("wss://h/p?a=1&b=2", "wss://h/p?a=***&b=***"),
            ("wss://h/p?a=1&amp;b=2\"", "wss://h/p?a=***&amp;b=***\""),
            (r"wss://h/p?a=1\u0026b=2\u0026c", r"wss://h/p?a=***\u0026b=***\u0026c"),
            ("?a=1&#38;b=2&#x26;c=3 x=4", "?a=***&#38;b=***&#x26;c=*** x=4"),
            ("wss://u:p@h/p and http://u@h", "wss://***@h/p and http://***@h"),
            ("mailto:a@b wss://h/@x", "mailto:a@b wss://h/@x"),
            (
                "<Parameter name=\"a\" value=\"1\"/><parameter value = '2' name='b'/><Say value=\"3\"/>",
                "<Parameter name=\"a\" value=\"***\"/><parameter value = '***' name='b'/><Say value=\"3\"/>",
            ),
            ("<StreamParam name=\"a\" value=\"1\"/>", "<StreamParam name=\"a\" value=\"***\"/>"),
            ("<Stream extraHeaders=\"a=1,b=2\" value=\"3\">", "<Stream extraHeaders=\"***\" value=\"3\">"),
            (
                "<Stream authBearerToken=\"1\" destinationUsername='2' destinationPassword = '3' codec='4'>",
                "<Stream authBearerToken=\"***\" destinationUsername='***' destinationPassword = '***' codec='4'>",
            ),
            ("<Parameter value=\"cut", "<Parameter value=\"***"),
            ("<Parameter value=\"\" x=\"1\"", "<Parameter value=\"\" x=\"1\""),
            ("what? a&b", "what? a&b"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(redact(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(<Parameter |value=\"|['\"=<>&?@ä]|://|\\\\u0026|amp;|[a-z]{1,3}){0,40}") {
            let shown = redact(&text);
            prop_assert!(shown.len() <= text.len() * 4 + 3);
        }
    }
}
