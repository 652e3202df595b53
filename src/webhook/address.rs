//! The stream's URL: can the provider dial it, and will it reach the server that was meant?

use url::{Host, Url};

use super::notes::{Notes, quoted};
use super::reach::is_private;
use super::redact::{query_values, redact, without_escapes};
use super::{Authorization, Kind, Lint, Located};
use crate::dialect::Provider;
use crate::monitor::{Target, is_loopback, redact_query};
use crate::secret::Secret;
use crate::text::Printable;

/// What missing values look like when a program writes them as text.
const MISSING: [&str; 4] = ["undefined", "null", "None", "NaN"];

/// Host names of examples that were meant to be replaced.
const EXAMPLES: [&str; 6] = ["yourdomain", "yourserver", "yourhost", "yourapp", "changeme", "placeholder"];

/// Where the provider dials.
pub(super) struct Address {
    pub(super) target: Target,
    pub(super) authorization: Option<Authorization>,
}

/// A URL as it may be shown, whatever it is: no user name, no password, no values of the query, no fragment.
pub(super) fn shown(text: &str) -> Printable {
    let start = text.find("//").map_or(0, |slashes| slashes + 2);
    let rest = &text[start..];
    let login = login_end(rest);
    let before = if login > 0 { format!("{}***", &text[..start]) } else { text[..start].to_owned() };
    let rest = &rest[login..];
    let (rest, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let fragment = if fragment.len() > 1 { "#***" } else { fragment };
    // Also where the `?` is missing.
    Printable::capture(redact(&format!("{before}{}{fragment}", redact_query(rest))).as_bytes(), 200)
}

/// What of a URL may be secret, whatever it is: user name and password, the values of the query and the fragment, as they are written and
/// as they are meant.
pub(super) fn secrets(text: &str) -> Vec<Secret> {
    let rest = &text[text.find("//").map_or(0, |slashes| slashes + 2)..];
    let (login, rest) = rest.split_at(login_end(rest));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let written = [name, password, fragment].into_iter().filter(|part| !part.is_empty());
    let found = written.flat_map(|part| [part.to_owned(), without_escapes(&part.replace('+', "%2B"))]).map(Secret::new);
    found.chain(query_values(rest.split_once('?').map_or("", |(_, query)| query))).collect()
}

/// Where a user name and password end in what follows the slashes: at the last `@` that may be theirs, also if they have signs in them that
/// should have been escaped.
fn login_end(rest: &str) -> usize {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let is_host = !authority.contains(char::is_whitespace) && port.bytes().all(|byte| byte.is_ascii_digit() || byte == b']');
    // A slash before the query ends the authority, if it is one.
    let has_path = rest.find('/').is_some_and(|slash| rest[..slash].len() == authority.len()) && is_host;
    let reach = if has_path { rest.find(['?', '#']).unwrap_or(rest.len()) } else { rest.len() };
    // A segment that begins with an `@` is part of a path.
    rest[..reach].rfind('@').filter(|at| !rest[..*at].ends_with('/')).unwrap_or(0)
}

/// `scheme://`, authority, and the rest. Without `://` all of it is the rest.
fn split(text: &str) -> (&str, &str, &str) {
    let start = text.find("://").filter(|at| !text[..*at].contains(['/', '?', '#']));
    let Some(start) = start.map(|at| at + 3) else { return ("", "", text) };
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    (&text[..start], &text[start..end], &text[end..])
}

/// Reads the URL. Without an address, it has been said why.
pub(super) fn read(written: &Located, notes: &mut Notes<'_>) -> Option<Address> {
    let line = Some(written.line);
    let text = written.text.trim();
    if text.is_empty() {
        notes.add(Lint::UrlMissing, line, "the URL is empty");
        return None;
    }
    if text.len() < written.text.len() {
        let says = format!("white space around the URL: `{}`", shown(&written.text));
        notes.add_with(Lint::UrlSpaces, line, says, format!("write `{}`", shown(text)));
    }
    placeholders(text, line, notes)?;
    if ["&amp;", "&#38;", "&#x26;"].iter().any(|escaped| text.contains(escaped)) {
        notes.add(Lint::UrlEscapedTwice, line, format!("the URL has `&amp;` in it after it has been read: `{}`", shown(text)));
    }
    let url = absolute(text, line, notes)?;
    scheme(&url, line, notes)?;
    host(&url, line, notes);
    path(&url, line, notes);
    finish(url, line, notes)
}

/// Something that should have been filled in; in the host it makes the URL useless.
fn placeholders(text: &str, line: Option<u32>, notes: &mut Notes<'_>) -> Option<()> {
    let (scheme, authority, rest) = split(text);
    // Without a scheme, what comes first was to be scheme and host.
    let (host, rest) = if scheme.is_empty() { rest.split_at(rest.find('/').unwrap_or(rest.len())) } else { (authority, rest) };
    let host = host.rsplit('@').next().unwrap_or_default();
    if let Some(found) = unfilled(host).or_else(|| missing_host(host)) {
        notes.add(Lint::PlaceholderInHost, line, format!("`{}` in the host of `{}`", quoted(found), shown(text)));
        return None;
    }
    let mut segments = rest.split(['/', '?', '&', '=', '#']);
    if let Some(found) = unfilled(rest).or_else(|| segments.find(|part| MISSING.contains(part))) {
        notes.add(Lint::PlaceholderInPath, line, format!("`{}` in the path of `{}`", quoted(found), shown(text)));
    }
    Some(())
}

/// The first `{…}`, `<…>`, `[object …]` or `$NAME` in the text, and their escaped forms. What stands within is shown only if it looks like
/// a name.
fn unfilled(text: &str) -> Option<&str> {
    const BRACKETS: [(&str, &str); 6] = [("{{", "}}"), ("{", "}"), ("<", ">"), ("%7B", "%7D"), ("%7b", "%7d"), ("[object", "]")];
    let name = |inner: &str| inner.len() <= 40 && !inner.contains(['/', '?', '&', '=', '@', ':']);
    let bracketed = BRACKETS.iter().find_map(|(open, close)| {
        let start = text.find(open)?;
        let end = text[start..].find(close).map(|at| start + at + close.len());
        let end = end.filter(|end| name(&text[start..*end])).unwrap_or(start + open.len());
        Some(&text[start..end])
    });
    bracketed.or_else(|| {
        let start = text.find('$')?;
        let name =
            text[start + 1..].find(|c: char| !(c.is_ascii_uppercase() || c == '_')).map_or(text.len(), |at| start + 1 + at);
        (name > start + 2).then(|| &text[start..name])
    })
}

/// A label or the port of the host that is the text of a missing value, or an example's.
fn missing_host(host: &str) -> Option<&str> {
    let meant = |label: &&str| {
        MISSING.iter().any(|word| word.eq_ignore_ascii_case(label))
            || EXAMPLES.iter().any(|word| word.eq_ignore_ascii_case(label))
            || ["your-", "your_"].iter().any(|start| label.get(..5).is_some_and(|head| head.eq_ignore_ascii_case(start)))
    };
    host.split(['.', ':']).find(meant)
}

/// The URL as a whole: a relative one is resolved against the webhook's where the provider does that.
fn absolute(text: &str, line: Option<u32>, notes: &mut Notes<'_>) -> Option<Url> {
    let (scheme, authority, _) = split(text);
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        malformed(text, line, "it has white space or a backslash in it", notes);
        return None;
    }
    if scheme.is_empty() {
        return relative(text, line, notes);
    }
    let second = authority.strip_suffix(':').unwrap_or(authority);
    if ["http", "https", "ws", "wss"].iter().any(|word| word.eq_ignore_ascii_case(second)) {
        let (_, host, rest) = split(&text[scheme.len()..]);
        let says = format!("two schemes: `{}`", shown(text));
        notes.add_with(Lint::SchemeTwice, line, says, format!("write `{}`", shown(&format!("wss://{host}{rest}"))));
        return None;
    }
    match Url::parse(text) {
        Ok(url) => Some(url),
        Err(error) => {
            malformed(text, line, &error.to_string(), notes);
            None
        }
    }
}

fn malformed(text: &str, line: Option<u32>, why: &str, notes: &mut Notes<'_>) {
    notes.add(Lint::UrlMalformed, line, format!("`{}` is no URL: {why}", shown(text)));
}

fn relative(text: &str, line: Option<u32>, notes: &mut Notes<'_>) -> Option<Url> {
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    if ["ws:", "wss:", "http:", "https:", "wss", "ws", "https", "http"].contains(&first) && first.len() < text.len() {
        malformed(text, line, "`://` comes after the scheme", notes);
        return None;
    }
    if first.contains(['.', ':']) && !first.starts_with('.') || first == "localhost" {
        let says = format!("the scheme is missing: `{}`", shown(text));
        notes.add_with(Lint::UrlWithoutScheme, line, says, format!("write `{}`", shown(&format!("wss://{text}"))));
        return None;
    }
    let webhook = notes.rules.webhook;
    let resolved = webhook.join(text).ok().and_then(|mut url| {
        let scheme = if matches!(webhook.scheme(), "http" | "ws") { "ws" } else { "wss" };
        url.set_scheme(scheme).ok().map(|()| url)
    });
    let Some(resolved) = resolved else {
        malformed(text, line, "it has no host", notes);
        return None;
    };
    let fix = format!("write `{}`", shown(resolved.as_str()));
    notes.add_with(Lint::UrlRelative, line, format!("`{}` is relative", shown(text)), fix);
    (!Lint::UrlRelative.refuses(notes.provider)).then_some(resolved)
}

fn scheme(url: &Url, line: Option<u32>, notes: &mut Notes<'_>) -> Option<()> {
    let rest = &url.as_str()[url.scheme().len()..];
    let fix = format!("write `{}`", shown(&format!("wss{rest}")));
    let says = format!("the scheme is `{}`: `{}`", quoted(url.scheme()), shown(url.as_str()));
    match url.scheme() {
        "wss" => {}
        "ws" => {
            // As with a monitor's own URL: nothing leaves this machine.
            if !(url.host().is_some_and(|host| is_loopback(&host)) && notes.rules.allows(url.host_str().unwrap_or_default())) {
                notes.add_with(Lint::SchemeNotWss, line, says, fix);
            }
        }
        "http" | "https" => {
            notes.add_with(Lint::SchemeNotWebsocket, line, says, fix);
            // What else is wrong is said as well: both come from the same setting.
            host(url, line, notes);
            return None;
        }
        _ => {
            notes.add(Lint::SchemeNotWebsocket, line, says);
            return None;
        }
    }
    Some(())
}

fn host(url: &Url, line: Option<u32>, notes: &mut Notes<'_>) {
    let Some(host) = url.host() else { return };
    let name = host.to_string();
    let bare = name.strip_suffix('.').unwrap_or(&name);
    if bare.len() < name.len() {
        notes.add_with(
            Lint::HostTrailingDot,
            line,
            format!("the host is `{}`", quoted(&name)),
            format!("write `{}`", quoted(bare)),
        );
    }
    if is_private(&host) {
        if !notes.rules.allows(&name) {
            let says = format!("no provider can reach `{}`: `{}`", quoted(&name), shown(url.as_str()));
            notes.add_with(Lint::HostPrivate, line, says, expected(url, notes));
        }
    } else if matches!(host, Host::Ipv4(_) | Host::Ipv6(_)) {
        notes.add(Lint::HostIsAddress, line, format!("the host is the address `{name}`"));
    }
    let due = due_host(notes);
    if !due.is_empty() && !due.eq_ignore_ascii_case(bare) {
        let says = format!("the stream's host is `{}`, and the public host is `{}`", quoted(bare), quoted(&due));
        notes.add_with(Lint::HostDiffers, line, says, expected(url, notes));
    }
    if let Some(port) = url.port().filter(|_| !(is_private(&host) && notes.rules.allows(&name))) {
        notes.add(Lint::PortUnusual, line, format!("the port is {port}"));
    }
}

/// The public host, without brackets or a dot at its end.
fn due_host(notes: &Notes<'_>) -> String {
    let host = notes.rules.expect_host.or_else(|| notes.rules.webhook.host_str()).unwrap_or_default();
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

/// The URL with the public host.
fn expected(url: &Url, notes: &Notes<'_>) -> String {
    let mut fixed = url.clone();
    let _ = fixed.set_port(None);
    let due = due_host(notes);
    let usable = Host::parse(&due).is_ok_and(|host| !is_private(&host)) && fixed.set_host(Some(&due)).is_ok();
    if !usable {
        return "write the public host name; set `PUBLIC_URL` (or what the server calls it)".to_owned();
    }
    let rest = &fixed.as_str()[fixed.scheme().len()..];
    format!("set `PUBLIC_URL` (or what the server calls it), so that it becomes `{}`", shown(&format!("wss{rest}")))
}

/// What is wrong behind the host: slashes, a fragment, a query that the provider loses.
fn path(url: &Url, line: Option<u32>, notes: &mut Notes<'_>) {
    if url.path().contains("//") {
        let mut fixed = url.clone();
        let mut path = url.path().to_owned();
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        fixed.set_path(&path);
        let says = format!("`//` in the path of `{}`", shown(url.as_str()));
        let fix = format!("take the slash off the end of the base URL: `{}`", shown(fixed.as_str()));
        notes.add_with(Lint::PathDoubleSlash, line, says, fix);
    }
    if url.fragment().is_some() {
        notes.add(Lint::UrlFragment, line, format!("`#` in `{}`", shown(url.as_str())));
    }
    if url.query().is_some() && query_is_lost(notes) {
        let names: Vec<String> = url.query_pairs().take(3).map(|(name, _)| quoted(&name).to_string()).collect();
        let mut bare = url.clone();
        bare.set_query(None);
        let says = format!("{} does not carry the query of `{}`", notes.title(), shown(url.as_str()));
        let parameter = names.first().map_or("…", String::as_str);
        let fix = format!("write `{}`, and in the stream `<Parameter name=\"{parameter}\" value=\"…\"/>`", shown(bare.as_str()));
        notes.add_with(Lint::QueryLost, line, says, fix);
    }
}

fn query_is_lost(notes: &Notes<'_>) -> bool {
    notes.provider.is_some_and(|provider| provider.facts().query_is_lost)
}

/// The URL as the provider dials it.
fn finish(mut url: Url, line: Option<u32>, notes: &mut Notes<'_>) -> Option<Address> {
    let authorization = credentials(&mut url, line, notes);
    url.set_fragment(None);
    if query_is_lost(notes) {
        url.set_query(None);
    }
    // Brackets are literal here, and no placeholders of a monitor.
    let text = url.as_str().replace('{', "%7B").replace('}', "%7D");
    match Target::parse(&text) {
        Ok(target) => Some(Address { target, authorization }),
        Err(error) => {
            malformed(url.as_str(), line, &error.to_string(), notes);
            None
        }
    }
}

/// Exotel documents credentials in the URL (`Authorization: Basic`).
fn credentials(url: &mut Url, line: Option<u32>, notes: &mut Notes<'_>) -> Option<Authorization> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    if notes.rules.kind != Kind::Exotel && notes.provider != Some(Provider::Exotel) {
        notes.add(Lint::UrlCredentials, line, format!("a user name or password in `{}`", shown(url.as_str())));
    }
    let plain = |text: &str| without_escapes(&text.replace('+', "%2B"));
    let (name, password) = (plain(url.username()), Secret::new(plain(url.password().unwrap_or_default())));
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Authorization::Basic(name, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_url_has_no_login_and_no_values() {
        let rows = [
            ("wss://voice.example.com/media", "wss://voice.example.com/media"),
            ("wss://voice.example.com/media?token=abc&x", "wss://voice.example.com/media?token=***&x"),
            ("wss://voice.example.com/media?mail=a@b&x=@", "wss://voice.example.com/media?mail=***&x=***"),
            ("wss://voice.example.com:8443/media?mail=a@b", "wss://voice.example.com:8443/media?mail=***"),
            ("wss://user:pass@host/media", "wss://***@host/media"),
            ("wss://user:pa?ss@host", "wss://***@host"),
            ("wss://user:pa?ss@host/media?token=abc", "wss://***@host/media?token=***"),
            ("wss://user:pa/ss@host/media", "wss://***@host/media"),
            ("wss://user:p/a?s@s@host/media", "wss://***@host/media"),
            ("wss://user:pa#ss@host/media", "wss://***@host/media"),
            ("wss://user:p?a/ss@host", "wss://***@host"),
            ("user:pass@host/media", "***@host/media"),
            ("user:pa?ss@host", "***@host"),
            ("wss://host/@x", "wss://host/@x"),
            ("wss://host/media#token=abc", "wss://host/media#***"),
            ("wss://host/media#", "wss://host/media#"),
            ("wss://[2001:db8::1]/media?mail=a@b", "wss://[2001:db8::1]/media?mail=***"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(shown(text).as_str(), expected, "{text}");
        }
    }
}
