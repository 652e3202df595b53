//! Where a monitor dials: a `ws://` or `wss://` URL whose path and query may have placeholders.

use std::borrow::Cow;
use std::fmt;

use url::{Host, Url};

/// The placeholders that are filled in afresh for every probe.
const PLACEHOLDERS: [&str; 3] = ["{uuid}", "{call_id}", "{unix_ms}"];

/// A URL to dial. Equality is that of the text as configured. `Debug` is redacted like `Display`, as query values may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    secure: bool,
    host: Host<String>,
    port: u16,
    /// Path and query, still with placeholders.
    resource: String,
}

/// Why a text is no target; the message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// Not a URL at all.
    #[error("not a URL: {0}")]
    Malformed(String),
    /// `http`, `https` or anything else.
    #[error("the scheme is `{found}`; a WebSocket is dialled at `{instead}`")]
    Scheme {
        /// What was written.
        found: String,
        /// The scheme to write.
        instead: &'static str,
    },
    /// No host.
    #[error("the URL has no host")]
    NoHost,
    /// A host name that no name server can be asked for (RFC 1035 section 2.3.4).
    #[error("the host name {0}")]
    HostName(&'static str),
    /// `user:password@`.
    #[error("credentials do not belong into the URL; use `basic_auth` or `bearer_token_file`")]
    UserInfo,
    /// `#…` (RFC 6455 section 3 forbids it).
    #[error("a WebSocket URL has no fragment (`#…`)")]
    Fragment,
    /// `{…}` that is not known.
    #[error("unknown placeholder `{0}`; there are {{uuid}}, {{call_id}} and {{unix_ms}}")]
    Placeholder(String),
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// If it is not a `ws://` or `wss://` URL with a host that can be looked up, has credentials or a fragment, or an unknown placeholder.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let resource = text.find("://").and_then(|at| text[at + 3..].find(['/', '?', '#']).map(|i| at + 3 + i));
        let (authority, resource) = resource.map_or((text, ""), |at| text.split_at(at));
        if authority.contains(['{', '}']) {
            return Err(InvalidTarget::Malformed("placeholders are for the path and the query, not for the host".into()));
        }
        let url = Url::parse(authority).map_err(|e| InvalidTarget::Malformed(e.to_string()))?;
        let secure = match url.scheme() {
            "wss" => true,
            "ws" => false,
            "http" => return Err(InvalidTarget::Scheme { found: "http".into(), instead: "ws://" }),
            other => return Err(InvalidTarget::Scheme { found: other.into(), instead: "wss://" }),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidTarget::UserInfo);
        }
        if resource.contains('#') {
            return Err(InvalidTarget::Fragment);
        }
        check_placeholders(resource)?;
        // `ws` is a special scheme: the host is parsed by the URL standard, so 0x7f.1 and international names are normal here.
        let host = match url.host() {
            Some(Host::Domain(name)) => Host::Domain(checked_name(name)?.to_owned()),
            Some(Host::Ipv4(ip)) => Host::Ipv4(ip),
            Some(Host::Ipv6(ip)) => Host::Ipv6(ip),
            None => return Err(InvalidTarget::NoHost),
        };
        let port = url.port_or_known_default().unwrap_or(if secure { 443 } else { 80 });
        let resource = if resource.starts_with('/') { resource.to_owned() } else { format!("/{resource}") };
        Ok(Self { secure, host, port, resource })
    }

    /// The same with this path and no query. (`path` begins with `/` and has no placeholders of its own.)
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        Self { resource: path.to_owned(), ..self.clone() }
    }

    /// The same path without its query.
    #[must_use]
    pub fn without_query(&self) -> Self {
        let path = self.resource.split('?').next().unwrap_or_default();
        Self { resource: path.to_owned(), ..self.clone() }
    }

    /// The same with `ws` for `wss`, or the reverse; a default port becomes that of the other scheme.
    #[must_use]
    pub fn with_other_scheme(&self) -> Self {
        let port = match (self.secure, self.port) {
            (true, 443) => 80,
            (false, 80) => 443,
            (_, port) => port,
        };
        Self { secure: !self.secure, port, ..self.clone() }
    }

    /// The same at the scheme's default port.
    #[must_use]
    pub fn with_default_port(&self) -> Self {
        Self { port: if self.secure { 443 } else { 80 }, ..self.clone() }
    }

    /// The path as configured, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.resource.split('?').next().unwrap_or_default()
    }

    /// The path and query with a slash added to the end of the path, or taken off. `None` for the root.
    #[must_use]
    pub fn with_other_slash(&self) -> Option<Self> {
        let (path, query) = self.resource.split_at(self.resource.find('?').unwrap_or(self.resource.len()));
        let other = match path.strip_suffix('/') {
            Some("") => return None,
            Some(bare) => bare.to_owned(),
            None => format!("{path}/"),
        };
        Some(Self { resource: format!("{other}{query}"), ..self.clone() })
    }

    /// The path with one slash where several stand, and the query. `None` if none do.
    #[must_use]
    pub fn with_single_slashes(&self) -> Option<Self> {
        let (path, query) = self.resource.split_at(self.resource.find('?').unwrap_or(self.resource.len()));
        let parts = path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
        let single = format!("/{parts}{end}");
        (single != path).then(|| Self { resource: format!("{single}{query}"), ..self.clone() })
    }

    /// `wss`?
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Is the host this machine's own, by name or address?
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The host, without brackets.
    #[must_use]
    pub const fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The port, with the scheme's default filled in.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `host` or `host:port`, as it stands in the `Host` header (RFC 6455 section 4.1: default ports are left out).
    #[must_use]
    pub fn authority(&self) -> String {
        let default = if self.secure { 443 } else { 80 };
        if self.port == default { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Path and query with the placeholders filled in, percent-encoded where needed: the request target of the upgrade.
    /// `fresh_uuid` makes the values of `{uuid}`.
    #[must_use]
    pub fn resource(&self, mut fresh_uuid: impl FnMut() -> String, call_id: &str, unix_ms: u128) -> String {
        let mut text = Cow::Borrowed(self.resource.as_str());
        while let Some(at) = text.find("{uuid}") {
            text.to_mut().replace_range(at..at + "{uuid}".len(), &fresh_uuid());
        }
        if text.contains("{call_id}") {
            text = text.replace("{call_id}", call_id).into();
        }
        let text = text.replace("{unix_ms}", &unix_ms.to_string());
        match Url::parse(&format!("ws://host{text}")) {
            Ok(url) => url[url::Position::BeforePath..].to_owned(),
            Err(_) => text,
        }
    }

    fn query(&self) -> Option<&str> {
        self.resource.split_once('?').map(|(_, query)| query)
    }

    /// Does the URL have a query?
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.query().is_some()
    }

    /// The number that this parameter of the query has, if it is there and has one.
    #[must_use]
    pub fn query_number(&self, name: &str) -> Option<u32> {
        let pairs = self.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok())
    }

    /// The whole URL with this resource, query values replaced by `***`: what may be printed.
    #[must_use]
    pub fn redacted(&self, resource: &str) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), redact_query(resource))
    }
}

/// The URL as configured, query values redacted, placeholders as they are.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted(&self.resource))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// Does a host, as it is written, lead to this machine (RFC 6761 section 6.3 for the names)?
#[must_use]
pub fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost" || name.as_ref().ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// `?token=abc&x` becomes `?token=***&x`: keys help in an incident, values may be secrets. A parameter without `=` may be a bare
/// token, so only short ones stay.
#[must_use]
pub fn redact_query(resource: &str) -> String {
    const LONGEST_BARE_KEY: usize = 16;
    let Some((path, query)) = resource.split_once('?') else { return resource.to_owned() };
    let redact = |pair: &str| match pair.split_once('=') {
        Some((key, value)) if PLACEHOLDERS.contains(&value) => format!("{key}={value}"),
        Some((key, _)) => format!("{key}=***"),
        None if pair.len() <= LONGEST_BARE_KEY => pair.to_owned(),
        None => "***".to_owned(),
    };
    let query: Vec<String> = query.split('&').map(redact).collect();
    format!("{path}?{}", query.join("&"))
}

/// The name without the dot of the root at its end, if it can be asked for: labels of 1 to 63 bytes, 253 in all (RFC 1035
/// section 2.3.4). Without a question there is no answer to report.
pub(super) fn checked_name(name: &str) -> Result<&str, InvalidTarget> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.split('.').any(str::is_empty) {
        return Err(InvalidTarget::HostName("has nothing between two dots, or before the first one"));
    }
    if name.split('.').any(|label| label.len() > 63) {
        return Err(InvalidTarget::HostName("has more than 63 bytes between two dots"));
    }
    if name.len() > 253 {
        return Err(InvalidTarget::HostName("has more than 253 bytes"));
    }
    Ok(name)
}

fn check_placeholders(resource: &str) -> Result<(), InvalidTarget> {
    let mut rest = resource;
    while let Some(start) = rest.find('{') {
        let end = rest[start..].find('}').map_or(rest.len(), |i| start + i + 1);
        let word = &rest[start..end];
        if !PLACEHOLDERS.contains(&word) {
            return Err(InvalidTarget::Placeholder(word.to_owned()));
        }
        rest = &rest[end..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> String {
        Target::parse(text).unwrap().resource(|| "0b5c…-id".replace('…', ""), "0b5cid", 1_700_000_000_123)
    }

    #[test]
    fn good_urls() {
        let rows = [
            ("wss://voice.example.com/media-stream", "voice.example.com", true, 443),
            ("ws://localhost:5050", "localhost:5050", false, 5050),
            ("wss://voice.example.com:443/a", "voice.example.com", true, 443),
            ("wss://[2001:db8::1]:8443/a?b=c", "[2001:db8::1]:8443", true, 8443),
            ("ws://0x7f.1/", "127.0.0.1", false, 80),
            ("wss://Voice.Example.COM./a", "voice.example.com", true, 443),
        ];
        for (text, authority, secure, port) in rows {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.authority().as_str(), target.is_secure(), target.port()), (authority, secure, port), "{text}");
        }
    }

    #[test]
    fn bad_urls_say_what_to_write() {
        let rows = [
            ("https://voice.example.com/a", "the scheme is `https`; a WebSocket is dialled at `wss://`"),
            ("http://voice.example.com/a", "the scheme is `http`; a WebSocket is dialled at `ws://`"),
            (
                "wss://user:pw@voice.example.com/",
                "credentials do not belong into the URL; use `basic_auth` or `bearer_token_file`",
            ),
            ("wss://voice.example.com/#x", "a WebSocket URL has no fragment (`#…`)"),
            ("wss://voice.example.com/{id}", "unknown placeholder `{id}`; there are {uuid}, {call_id} and {unix_ms}"),
            ("voice.example.com", "not a URL: relative URL without a base"),
            ("wss://{uuid}.example.com/", "not a URL: placeholders are for the path and the query, not for the host"),
        ];
        for (text, message) in rows {
            assert_eq!(Target::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn host_names_can_be_asked_for() {
        let label = |length: usize| "a".repeat(length);
        let long = format!("{}.{}.{}.{}", label(63), label(63), label(63), label(61));
        for good in [label(63), long.clone(), format!("{long}."), "a.b.".to_owned()] {
            assert!(Target::parse(&format!("wss://{good}/")).is_ok(), "{good}");
        }
        for bad in [label(64), format!("{long}a"), "a..b".into(), ".a".into(), "a..".into(), ".".into()] {
            let error = Target::parse(&format!("wss://{bad}/")).unwrap_err();
            assert!(matches!(error, InvalidTarget::HostName(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn placeholders_are_filled_in() {
        assert_eq!(expand("wss://h/api/calls/{uuid}/audio"), "/api/calls/0b5c-id/audio");
        assert_eq!(expand("wss://h/{call_id}?t={unix_ms}"), "/0b5cid?t=1700000000123");
        assert_eq!(expand("wss://h/a b?c=d e"), "/a%20b?c=d%20e");
        assert_eq!(expand("wss://h?x=1"), "/?x=1");
        assert_eq!(expand("wss://h"), "/");
    }

    #[test]
    fn numbers_of_the_query_are_read() {
        let target = Target::parse("wss://h/p?token=8000&sample-rate=16000&rate=x").unwrap();
        assert!(target.has_query());
        assert_eq!((target.query_number("sample-rate"), target.query_number("rate")), (Some(16_000), None));
        assert!(!Target::parse("wss://h/p").unwrap().has_query());
    }

    #[test]
    fn query_values_are_redacted() {
        let target = Target::parse("wss://h/p?token=canary&call={uuid}&flag&thisisalongbaretokencanary").unwrap();
        assert_eq!(target.to_string(), "wss://h/p?token=***&call={uuid}&flag&***");
        assert_eq!(format!("{target:?}"), "Target(wss://h/p?token=***&call={uuid}&flag&***)");
    }
}
