//! The grammar of single values, shared by `monitors.toml` and the command line: no TOML, no files.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::raw::Hold;
use super::read::Word;
use crate::audio::Codec;
use crate::dialect::Provider;
use crate::monitor::{FollowUps, InvalidWebhookUrl, IpChoice, Mode, ResolverChoice, Roots, WebhookUrl};
use crate::secret::Secret;
use crate::text::Printable;

/// The longest header value, in bytes. Servers refuse heads of 8 KiB and more.
const LONGEST_HEADER: usize = 4 * 1024;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// Nothing but spaces.
    #[error("this duration is empty")]
    Empty,
    /// A number, and nobody knows of what.
    #[error("this duration has no unit")]
    NoUnit,
    /// A unit that does not exist.
    #[error("{0} is no unit of time; there are `ms`, `s`, `m`, `h` and `d`")]
    Unit(Printable),
    /// Anything else.
    #[error("this is not a duration")]
    Malformed,
    /// Too short or too long for what it is for.
    #[error("this duration is out of range; write one from {} to {}", duration_text(*.0.start()), duration_text(*.0.end()))]
    OutOfRange(RangeInclusive<Duration>),
}

/// Reads a duration such as `500ms`, `10s` or `1m 30s`.
///
/// # Errors
/// If it has no number, no unit or an unknown one.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    use humantime::DurationError as E;
    humantime::parse_duration(text).map_err(|error| match error {
        E::Empty => InvalidDuration::Empty,
        E::UnknownUnit { unit, .. } if unit.is_empty() => InvalidDuration::NoUnit,
        E::UnknownUnit { unit, .. } => InvalidDuration::Unit(Printable::trusted(shown(&unit))),
        E::InvalidCharacter(_) | E::NumberExpected(_) | E::NumberOverflow => InvalidDuration::Malformed,
    })
}

/// Reads how long a line is held.
///
/// # Errors
/// If it is no duration, or none that a line can be held for.
pub fn parse_hold(text: &str) -> Result<Duration, InvalidDuration> {
    let hold = parse_duration(text)?;
    if Hold::RANGE.contains(&hold) { Ok(hold) } else { Err(InvalidDuration::OutOfRange(Hold::RANGE)) }
}

/// As it is written in `monitors.toml`: `1m 30s`.
pub(super) fn duration_text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A piece of the user's text in a message: harmless, short, in backticks.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 64;
    format!("`{}`", Printable::capture(text.as_bytes(), LONGEST))
}

/// Why a text is no header of an upgrade request. The messages never quote the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// `--header` without a colon.
    #[error("a header is written `Name: value`")]
    NoColon,
    /// Not a token (RFC 9110 section 5.6.2).
    #[error("{0} is no header name; it consists of letters, digits and `-`")]
    Name(Printable),
    /// One of the headers that make the upgrade.
    #[error("`{name}` is set by sidetone itself; {instead}")]
    Reserved {
        /// Its name as written.
        name: Printable,
        /// The right way.
        instead: &'static str,
    },
    /// A control character would end the header and begin another one (RFC 9110 section 5.5).
    #[error("a header value consists of printable ASCII characters, with no line break and no space at either end")]
    Value,
    /// Longer than servers take.
    #[error("a header value has at most {LONGEST_HEADER} bytes")]
    TooLong,
}

/// Reads `Name: value`.
///
/// # Errors
/// If there is no colon, or name or value are not allowed.
pub fn parse_header(text: &str) -> Result<(String, Secret), InvalidHeader> {
    let (name, value) = text.split_once(':').ok_or(InvalidHeader::NoColon)?;
    let value = value.trim_matches(' ');
    check_header_name(name)?;
    check_header_value(value)?;
    Ok((name.to_owned(), Secret::new(value)))
}

/// A webhook's URL, with a plain word for one without a scheme.
pub(super) fn parse_web_url(text: &str) -> Result<WebhookUrl, InvalidWebhookUrl> {
    WebhookUrl::parse(text).map_err(|error| match error {
        InvalidWebhookUrl::Malformed(_) if !text.contains("://") => {
            InvalidWebhookUrl::Malformed("it has to begin with `https://` or `http://`".to_owned())
        }
        InvalidWebhookUrl::Malformed(_)
        | InvalidWebhookUrl::Scheme(_)
        | InvalidWebhookUrl::UserInfo
        | InvalidWebhookUrl::Fragment
        | InvalidWebhookUrl::Host(_) => error,
    })
}

/// A host as it stands in a URL: an IPv6 address in brackets, no dot at the end.
pub(super) fn parse_public_host(text: &str) -> Result<String, &'static str> {
    let has_port = |text: &str| text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let is_address = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    match url::Host::parse(text) {
        Ok(host) => Ok(host.to_string().trim_end_matches('.').to_owned()),
        Err(_) if text.contains("://") => Err("this is a URL, and a host alone is compared: without scheme, port and path"),
        Err(_) if is_address(text) => Err("an IPv6 address stands in brackets: `[2001:db8::1]`"),
        Err(_) if text.contains('/') => Err("this has a path, and a host alone is compared"),
        Err(_) if has_port(text) => Err("this has a port, and a host alone is compared"),
        Err(_) => Err("this is no host name"),
    }
}

/// The rule of Prometheus' file_sd.
pub(super) fn parse_list_file(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let folder = path.parent().and_then(|parent| parent.to_str()).unwrap_or_default();
    if !matches!(extension.as_str(), "json" | "yml" | "yaml") || text.contains('\0') {
        return Err("this is no JSON or YAML file");
    }
    if folder.contains('*') || text.contains(['?', '[', ']']) {
        return Err("of patterns, there is `*` in the last part of a path alone");
    }
    Ok(path)
}

/// Checks the name of an extra header.
///
/// # Errors
/// If it is no token, or a header that sidetone sets itself.
pub fn check_header_name(name: &str) -> Result<(), InvalidHeader> {
    if !is_token(name) || name.len() > 128 {
        // What stands behind a colon is a value, put in the wrong place.
        return Err(InvalidHeader::Name(Printable::trusted(shown(name.split(':').next().unwrap_or(name)))));
    }
    let lower = name.to_ascii_lowercase();
    let instead = match lower.as_str() {
        "host" => "use `connect_to` to dial another address with the URL's host",
        "user-agent" => "use `user_agent`",
        "sec-websocket-protocol" => "use `subprotocols`",
        "upgrade" | "connection" | "content-length" | "transfer-encoding" | "te" | "trailer" | "expect" => "leave it out",
        _ if lower.starts_with("sec-websocket-") => "leave it out",
        _ => return Ok(()),
    };
    Err(InvalidHeader::Reserved { name: Printable::capture(name.as_bytes(), 128), instead })
}

/// Checks the value of a header, so that it cannot smuggle in another one.
///
/// # Errors
/// If it has other than printable ASCII characters, begins or ends with a space, or is too long.
pub fn check_header_value(value: &str) -> Result<(), InvalidHeader> {
    if value.len() > LONGEST_HEADER {
        return Err(InvalidHeader::TooLong);
    }
    let printable = value.bytes().all(|b| matches!(b, b' '..=b'~'));
    if printable && value.trim_matches(' ') == value { Ok(()) } else { Err(InvalidHeader::Value) }
}

/// A token of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A subprotocol that is no token (RFC 6455 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no subprotocol; it consists of letters, digits, `.`, `-` and `_`, one name each")]
pub struct InvalidSubprotocol(Printable);

/// Checks a subprotocol.
///
/// # Errors
/// If it is no token, such as a list with commas.
pub fn check_subprotocol(text: &str) -> Result<(), InvalidSubprotocol> {
    if is_token(text) && text.len() <= 128 { Ok(()) } else { Err(InvalidSubprotocol(Printable::trusted(shown(text)))) }
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialectName {
    Raw,
    Provider(Provider),
}

impl DialectName {
    /// The names that there are.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Provider::ALL.iter().map(|provider| provider.label()).chain(["raw"])
    }
}

/// Reads the name of a dialect.
///
/// # Errors
/// If there is none of this name; the message is for the user.
pub(super) fn parse_dialect(text: &str) -> Result<DialectName, String> {
    if text == "raw" {
        return Ok(DialectName::Raw);
    }
    let provider = Provider::ALL.iter().find(|provider| provider.label() == text);
    provider.map(|provider| DialectName::Provider(*provider)).ok_or_else(|| format!("there is no dialect {}", shown(text)))
}

/// What others call a dialect.
pub(super) const DIALECTS_ELSEWHERE: [(&str, &str); 8] = [
    ("azure", "acs"),
    ("nexmo", "vonage"),
    ("audiohook", "genesys"),
    ("chan_websocket", "asterisk"),
    ("openai", "openai-realtime"),
    ("conversationrelay", "conversation-relay"),
    ("freeswitch", "jambonz"),
    ("agentstream", "exotel"),
];

/// A text that is none of the words that are possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct UnknownWord {
    expected: &'static str,
    found: Printable,
}

/// Reads `streamed` or `idle`.
///
/// # Errors
/// If it is neither.
pub fn parse_mode(text: &str) -> Result<Mode, UnknownWord> {
    parse_word(text)
}

/// Reads `auto`, `v4` or `v6`.
///
/// # Errors
/// If it is none of them.
pub fn parse_ip(text: &str) -> Result<IpChoice, UnknownWord> {
    parse_word(text)
}

fn parse_word<W: Word>(text: &str) -> Result<W, UnknownWord> {
    W::parse(text).ok_or_else(|| UnknownWord { expected: W::WHAT, found: Printable::trusted(shown(text)) })
}

pub(super) fn parse_path(text: &str) -> Result<String, &'static str> {
    let fits = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['?', '#', '{', '}']);
    if fits { Ok(text.to_owned()) } else { Err("this is not the path of a URL") }
}

pub(super) fn parse_variable(text: &str) -> Result<String, &'static str> {
    let fits = !text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits { Ok(text.to_owned()) } else { Err("this is not the name of an environment variable") }
}

pub(super) fn parse_username(text: &str) -> Result<String, &'static str> {
    if text.contains(':') {
        return Err("a user name for Basic authentication has no colon (RFC 7617)");
    }
    check_header_value(text).map(|()| text.to_owned()).map_err(|_| "a user name consists of printable ASCII characters")
}

pub(super) fn parse_server_name(text: &str) -> Result<String, &'static str> {
    match url::Host::parse(text) {
        Ok(url::Host::Domain(name)) => Ok(name.trim_end_matches('.').to_owned()),
        Ok(url::Host::Ipv4(ip)) => Ok(ip.to_string()),
        Ok(url::Host::Ipv6(ip)) => Ok(ip.to_string()),
        Err(_) => Err("this is no host name"),
    }
}

impl Word for Mode {
    const WHAT: &'static str = "`\"streamed\"` or `\"idle\"`";
    const WORDS: &'static [(&'static str, Self)] = &[(Self::Streamed.label(), Self::Streamed), (Self::Idle.label(), Self::Idle)];
}

impl Word for FollowUps {
    const WHAT: &'static str = "`\"off\"`, `\"safe\"` or `\"full\"`";
    const WORDS: &'static [(&'static str, Self)] =
        &[(Self::Off.label(), Self::Off), (Self::Safe.label(), Self::Safe), (Self::Full.label(), Self::Full)];
}

impl Word for IpChoice {
    const WHAT: &'static str = "`\"auto\"`, `\"v4\"` or `\"v6\"`";
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("v4", Self::V4), ("v6", Self::V6)];
    const ELSEWHERE: &'static [(&'static str, &'static str)] =
        &[("ipv4", "v4"), ("ip4", "v4"), ("4", "v4"), ("ipv6", "v6"), ("ip6", "v6"), ("6", "v6")];
}

impl Word for Roots {
    const WHAT: &'static str = "`\"webpki\"` or `\"native\"`";
    const WORDS: &'static [(&'static str, Self)] = &[("webpki", Self::Webpki), ("native", Self::Native)];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[("mozilla", "webpki"), ("system", "native"), ("os", "native")];
}

impl Word for Codec {
    const WHAT: &'static str = "`\"mulaw\"`, `\"alaw\"`, `\"l16\"` or `\"l16be\"`";
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Mulaw.label(), Self::Mulaw),
        (Self::Alaw.label(), Self::Alaw),
        (Self::L16.label(), Self::L16),
        (Self::L16Be.label(), Self::L16Be),
    ];
    // The names of RFC 3551 and of common tools.
    const ELSEWHERE: &'static [(&'static str, &'static str)] =
        &[("pcmu", "mulaw"), ("pcma", "alaw"), ("s16le", "l16"), ("s16be", "l16be")];
}

/// Reads the address of a name server, `192.0.2.53` or `192.0.2.53:53`.
pub(super) fn parse_name_server(text: &str) -> Option<SocketAddr> {
    const DNS_PORT: u16 = 53;
    let with_port = text.parse::<SocketAddr>().ok();
    with_port
        .or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT)))
        .filter(|address| address.port() != 0)
}

/// The two resolvers that have a name; the third kind is a list.
pub(super) const RESOLVERS: [(&str, ResolverChoice); 2] =
    [("configured", ResolverChoice::Configured), ("system", ResolverChoice::System)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        let rows = [
            ("", "this duration is empty"),
            ("10", "this duration has no unit"),
            ("10 parsecs", "`parsecs` is no unit of time; there are `ms`, `s`, `m`, `h` and `d`"),
            ("-5s", "this is not a duration"),
            ("ten seconds", "this is not a duration"),
            ("99999999999999999999s", "this is not a duration"),
        ];
        for (text, message) in rows {
            assert_eq!(parse_duration(text).unwrap_err().to_string(), message, "{text}");
        }
        assert_eq!(parse_hold("24h"), Ok(Duration::from_secs(86_400)));
        for bad in ["0s", "25h"] {
            let message = parse_hold(bad).unwrap_err().to_string();
            assert_eq!(message, "this duration is out of range; write one from 100ms to 1day", "{bad}");
        }
    }

    #[test]
    fn headers() {
        let (name, value) = parse_header("X-Api-Key: canary: 1").unwrap();
        assert_eq!((name.as_str(), value.expose()), ("X-Api-Key", "canary: 1"));
        assert!(parse_header("X-Empty:").is_ok());
        let rows = [
            ("X-Api-Key canary", InvalidHeader::NoColon),
            (": canary", InvalidHeader::Name(Printable::trusted("``"))),
            ("X Api: canary", InvalidHeader::Name(Printable::trusted("`X Api`"))),
            ("X-Api: canary\r\nX-Other: 1", InvalidHeader::Value),
            ("X-Api: can\tary", InvalidHeader::Value),
            ("X-Api: Zürich", InvalidHeader::Value),
        ];
        for (text, error) in rows {
            assert_eq!(parse_header(text).unwrap_err(), error, "{text}");
        }
        for name in ["Host", "upgrade", "CONNECTION", "Sec-WebSocket-Key", "sec-websocket-extensions", "User-Agent"] {
            assert!(matches!(check_header_name(name), Err(InvalidHeader::Reserved { .. })), "{name}");
        }
        assert_eq!(check_header_value(&"x".repeat(LONGEST_HEADER)), Ok(()));
        assert_eq!(check_header_value(&"x".repeat(LONGEST_HEADER + 1)), Err(InvalidHeader::TooLong));
    }

    #[test]
    fn no_dialect_is_both_here_and_later() {
        for name in DialectName::names() {
            assert!(parse_dialect(name).is_ok(), "{name}");
        }
        assert_eq!(parse_dialect("raw"), Ok(DialectName::Raw));
        assert_eq!(parse_dialect("Raw").unwrap_err(), "there is no dialect `Raw`");
    }

    #[test]
    fn words_are_what_the_rest_of_the_program_calls_them() {
        assert_eq!(parse_mode("idle"), Ok(Mode::Idle));
        assert_eq!(parse_ip("v6"), Ok(IpChoice::V6));
        assert_eq!(parse_ip("ipv6").unwrap_err().to_string(), "expected `\"auto\"`, `\"v4\"` or `\"v6\"`, found `ipv6`");
        assert_eq!(Codec::WORDS.len(), Codec::ALL.len());
    }

    #[test]
    fn name_servers() {
        assert_eq!(parse_name_server("192.0.2.53"), Some("192.0.2.53:53".parse().unwrap()));
        assert_eq!(parse_name_server("[2001:db8::1]:5353"), Some("[2001:db8::1]:5353".parse().unwrap()));
        assert_eq!(parse_name_server("2001:db8::1"), Some("[2001:db8::1]:53".parse().unwrap()));
        for bad in ["dns.example.com", "192.0.2.53:0", "192.0.2.53:x", ""] {
            assert_eq!(parse_name_server(bad), None, "{bad}");
        }
    }
}
