//! The kinds of single values: which texts a key may have, and what is said about the others.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::de::DeValue;

use super::problem::{Code, Problem, Sink, Span};
use super::raw::SecretSource;
use super::read::{Kind, List, as_integer, as_text, wrong_type};
use super::suggest::nearest;
use super::values::{
    DIALECTS_ELSEWHERE, DialectName, RESOLVERS, check_header_value, check_subprotocol, parse_dialect, parse_list_file,
    parse_name_server, parse_path, parse_public_host, parse_server_name, parse_username, parse_variable, parse_web_url, shown,
};
use crate::monitor::{HostPort, InvalidTarget, MonitorName, ResolverChoice, Target, WebhookUrl};
use crate::outcome::Warning;
use crate::secret::Secret;

/// Reads a text with `parse`; its error becomes the message of a problem with this code and this help.
fn parsed<K: Kind, T, E: Display>(
    (value, at, sink): (&DeValue<'_>, &Span, &mut Sink),
    (code, help): (Code, &str),
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let text = as_text::<K>(value, at, sink)?;
    if text.is_empty() {
        sink.push(Problem::new(Code::Empty, "this text is empty").at(at, "").help(help));
        return None;
    }
    match parse(text) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            sink.push(Problem::new(code, error.to_string()).at(at, "").help(help));
            None
        }
    }
}

/// Declares a kind of text: its type, what it is called, and how it is read.
macro_rules! text_kind {
    ($(#[$doc:meta])+ $name:ident($what:literal, shown: $shown:literal) -> $value:ty, $code:ident, $help:literal, $parse:expr) => {
        $(#[$doc])+
        pub(super) struct $name;

        impl Kind for $name {
            type Value = $value;
            const WHAT: &'static str = $what;
            const SHOWN: bool = $shown;

            fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<$value> {
                parsed::<Self, _, _>((value, at, sink), (Code::$code, $help), $parse)
            }
        }
    };
}

text_kind!(
    /// The name of a monitor.
    Name("a name in quotes", shown: true) -> MonitorName, InvalidName,
    "write a name such as `\"booking-agent\"`: it becomes a metric label and a part of URLs",
    MonitorName::new
);

text_kind!(
    /// Where a monitor dials.
    Url("a URL in quotes", shown: true) -> Target, InvalidUrl,
    "write a URL such as `\"wss://voice.example.com/media-stream\"`",
    parse_url
);

text_kind!(
    /// A place that a sidetone can be at.
    Location("a location in quotes", shown: true) -> String, InvalidName,
    "write what `--location` says there, such as `\"fra\"`: letters, digits, `.`, `_` and `-`",
    |text| MonitorName::new(text).map(|name| name.as_str().to_owned()).map_err(|_| "this is no location")
);

text_kind!(
    /// A file with a list of targets, or a pattern for several.
    ListFile("a path in quotes", shown: true) -> PathBuf, BadFile,
    "write the path of a `.json`, `.yml` or `.yaml` file; `*` may stand in its last part alone, as in `\"targets/*.yml\"`",
    parse_list_file
);

text_kind!(
    /// A webhook's URL.
    WebUrl("a URL in quotes", shown: true) -> WebhookUrl, InvalidUrl,
    "write a URL such as `\"https://voice.example.com/voice\"`",
    parse_web_url
);

text_kind!(
    /// `connect_to`.
    Address("`\"host:port\"`", shown: true) -> HostPort, InvalidAddress,
    "write a host or an address with a port, such as `\"127.0.0.1:5050\"` or `\"[2001:db8::1]:443\"`",
    |text| HostPort::parse(text).filter(|address| address.port != 0).ok_or("this is no host with a port")
);

text_kind!(
    /// Where sidetone listens.
    Listen("`\"address:port\"`", shown: true) -> SocketAddr, InvalidAddress,
    "write an IP address with a port, such as `\"127.0.0.1:10065\"` or `\"[::]:10065\"`",
    |text| text.parse::<SocketAddr>().map_err(|_| "this is no IP address with a port")
);

text_kind!(
    /// The path of a file, relative to the folder of the configuration.
    FilePath("a path in quotes", shown: true) -> PathBuf, BadFile,
    "write the path of a file; a relative one begins at the folder of this file",
    |text| if text.contains('\0') { Err("a path has no null character") } else { Ok(PathBuf::from(text)) }
);

text_kind!(
    /// The name of an environment variable. Hidden, since the secret itself is put here by mistake.
    Variable("the name of an environment variable in quotes", shown: false) -> String, InvalidVariable,
    "write the name of a variable, not its value; letters, digits and `_`",
    parse_variable
);

text_kind!(
    /// A subprotocol to offer.
    Subprotocol("a subprotocol in quotes", shown: true) -> String, InvalidSubprotocol,
    "write a list with one name each, such as `[\"audio.example.com\", \"v1\"]`",
    |text| check_subprotocol(text).map(|()| text.to_owned())
);

text_kind!(
    /// The value of a header that is no secret.
    HeaderText("a text", shown: true) -> String, InvalidHeaderValue,
    "write printable ASCII characters on one line",
    |text| check_header_value(text).map(|()| text.to_owned())
);

text_kind!(
    /// A user name for Basic authentication. Hidden, since some write the password behind it.
    Username("a user name in quotes", shown: false) -> String, InvalidUsername,
    "write the name alone; the password comes from `password_file` or `password_env`",
    parse_username
);

text_kind!(
    /// A name for SNI and the certificate check.
    ServerName("a host name in quotes", shown: true) -> String, InvalidServerName,
    "write a host name such as `\"voice.example.com\"`, without scheme and port",
    parse_server_name
);

text_kind!(
    /// A host as it stands in a URL: of an address in brackets.
    PublicHost("a host name in quotes", shown: true) -> String, InvalidServerName,
    "write the host alone, such as `\"voice.example.com\"`",
    parse_public_host
);

text_kind!(
    /// A name that somebody may take for a secret, or mistake for one. Hidden for that.
    HiddenText("a text", shown: false) -> String, InvalidHeaderValue,
    "write printable ASCII characters on one line",
    |text| check_header_value(text).map(|()| text.to_owned())
);

text_kind!(
    /// The value of a label.
    LabelValue("a text", shown: true) -> String, TooLong,
    "write a text of at most 128 bytes",
    |text| if text.len() <= 128 { Ok(text.to_owned()) } else { Err("this label is too long") }
);

text_kind!(
    /// What is said to the server or expected from it. Hidden, since some protocols log in with their first message.
    Message("a text", shown: false) -> String, TooLong,
    "write a text of at most 64 KiB",
    |text| if text.len() <= 64 << 10 { Ok(text.to_owned()) } else { Err("this message is too long") }
);

text_kind!(
    /// A binary frame.
    Base64("base64 in quotes", shown: false) -> Vec<u8>, InvalidBase64,
    "write standard base64 with padding, such as `\"AAECAw==\"`",
    |text| STANDARD.decode(text).map_err(|_| "this is not base64")
);

text_kind!(
    /// The path of a URL.
    Path("a path in quotes", shown: true) -> String, InvalidUrl,
    "write a path such as `\"/media-stream\"`, without a query",
    parse_path
);

text_kind!(
    /// A JSON pointer. (The empty one, which means the whole message, is not of use here.)
    Pointer("a JSON pointer in quotes", shown: true) -> String, InvalidPointer,
    "write a pointer such as `\"/type\"` or `\"/session/id\"` (RFC 6901)",
    |text| if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a JSON pointer begins with `/`") }
);

fn parse_url(text: &str) -> Result<Target, InvalidTarget> {
    let without_scheme = || InvalidTarget::Malformed("it has to begin with `wss://` or `ws://`".to_owned());
    Target::parse(text).map_err(|error| match error {
        // What stands in the query may be a secret; and an unclosed `{` takes the rest of the text with it.
        InvalidTarget::Placeholder(word) if !word.ends_with('}') => {
            InvalidTarget::Malformed("a `{` has no `}`; the placeholders are {uuid}, {call_id} and {unix_ms}".to_owned())
        }
        InvalidTarget::Placeholder(word) if !text.split('?').next().is_some_and(|path| path.contains(&word)) => {
            InvalidTarget::Malformed("in the query, only {uuid}, {call_id} and {unix_ms} may stand in braces".to_owned())
        }
        InvalidTarget::Scheme { found, .. } if found != "http" && found != "https" => without_scheme(),
        InvalidTarget::Malformed(_) if !text.contains("://") => without_scheme(),
        InvalidTarget::Malformed(_)
        | InvalidTarget::Placeholder(_)
        | InvalidTarget::Scheme { .. }
        | InvalidTarget::NoHost
        | InvalidTarget::HostName(_)
        | InvalidTarget::UserInfo
        | InvalidTarget::Fragment => error,
    })
}

/// What the monitor speaks.
pub(super) struct Dialect;

impl Kind for Dialect {
    type Value = DialectName;
    const WHAT: &'static str = "the name of a dialect in quotes";

    fn limits() -> Option<String> {
        Some(DialectName::names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<DialectName> {
        let text = value.as_str().unwrap_or_default();
        let elsewhere = DIALECTS_ELSEWHERE.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, ours)| *ours);
        let help = match elsewhere.or_else(|| nearest(text, DialectName::names())) {
            Some(near) => format!("did you mean `\"{near}\"`?"),
            None => format!("there are {}", Self::limits().unwrap_or_default()),
        };
        parsed::<Self, _, _>((value, at, sink), (Code::UnknownWord, &help), parse_dialect)
    }
}

text_kind!(
    /// An id or number of a call.
    CallId("a text", shown: true) -> String, InvalidCallId,
    "write printable ASCII characters without spaces, at most 128",
    |text| if text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic()) { Ok(text.to_owned()) } else { Err("this cannot be an id or number of a call") }
);

/// Who answers lookups.
pub(super) struct Resolver;

impl Kind for Resolver {
    type Value = ResolverChoice;
    const WHAT: &'static str = "`\"configured\"`, `\"system\"` or a list of name servers";

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<ResolverChoice> {
        let DeValue::Array(items) = value else {
            return named_resolver(value, at, sink);
        };
        if items.is_empty() {
            sink.push(
                Problem::new(Code::Empty, "this list of name servers is empty").at(at, "").help("write one, or `\"configured\"`"),
            );
            return None;
        }
        let mut servers = Vec::with_capacity(items.len());
        for item in items {
            servers.extend(NameServer::read(item.get_ref(), &item.span(), sink));
        }
        (servers.len() == items.len()).then_some(ResolverChoice::Servers(servers))
    }
}

fn named_resolver(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<ResolverChoice> {
    let text = value.as_str().unwrap_or_default();
    let help = match nearest(text, RESOLVERS.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `\"{near}\"`?"),
        None => "write `\"configured\"`, `\"system\"` or a list such as `[\"192.0.2.53\"]`".to_owned(),
    };
    let named = |text: &str| {
        let found = RESOLVERS.into_iter().find(|(name, _)| *name == text).map(|(_, resolver)| resolver);
        found.ok_or_else(|| format!("there is no resolver {}", shown(text)))
    };
    parsed::<Resolver, _, _>((value, at, sink), (Code::UnknownWord, &help), named)
}

text_kind!(
    /// The address of a name server.
    NameServer("an IP address in quotes", shown: true) -> SocketAddr, InvalidAddress,
    "write an IP address, with a port if it is not 53: `\"192.0.2.53\"`, `\"[2001:db8::1]:5353\"`",
    |text| parse_name_server(text).ok_or("this is no IP address")
);

/// Where the value of a header comes from.
#[derive(Clone, Debug)]
pub(super) enum HeaderSource {
    Inline(Secret),
    Elsewhere(SecretSource),
}

/// The value of a header: a text, or `{ file = … }`, or `{ env = … }`.
pub(super) struct HeaderValue;

impl Kind for HeaderValue {
    type Value = HeaderSource;
    const WHAT: &'static str = "a text, `{ file = \"…\" }` or `{ env = \"…\" }`";
    const SHOWN: bool = false;

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<HeaderSource> {
        match value {
            DeValue::Table(_) => {
                let source = SecretSource::read(value, at, sink)?;
                if source.file.is_absent() && source.env.is_absent() {
                    let problem = Problem::new(Code::MissingKey, "this header has no value").at(at, "");
                    sink.push(problem.help("write `{ file = \"…\" }` or `{ env = \"…\" }`"));
                }
                Some(HeaderSource::Elsewhere(source))
            }
            DeValue::String(text) => match check_header_value(text) {
                Ok(()) => Some(HeaderSource::Inline(Secret::new(text.as_ref()))),
                Err(error) => {
                    let problem = Problem::new(Code::InvalidHeaderValue, error.to_string()).at(at, "");
                    sink.push(problem.help("percent-encode other characters"));
                    None
                }
            },
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
                wrong_type::<Self>(value, at, sink);
                None
            }
        }
    }
}

/// The value of a webhook's parameter: as that of a header, but any text, since forms and JSON carry any.
pub(super) struct ParameterValue;

impl Kind for ParameterValue {
    type Value = HeaderSource;
    const WHAT: &'static str = HeaderValue::WHAT;
    const SHOWN: bool = false;

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<HeaderSource> {
        match value.as_str() {
            Some(text) => Some(HeaderSource::Inline(Secret::new(text))),
            None => HeaderValue::read(value, at, sink),
        }
    }
}

/// A code that can end a line: RFC 6455 section 7.4. 1005 stands for a Close without a code.
pub(super) struct CloseCode;

impl CloseCode {
    /// Codes for a line that broke without a Close and for a failed TLS handshake: no server sends them (RFC 6455 section 7.4.1).
    const NEVER_SENT: [u16; 2] = [1006, 1015];
}

impl Kind for CloseCode {
    type Value = u16;
    const WHAT: &'static str = "a close code";

    fn limits() -> Option<String> {
        Some("1000 to 4999, not 1006 and 1015".to_owned())
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<u16> {
        if !matches!(value, DeValue::Integer(_)) {
            wrong_type::<Self>(value, at, sink);
            return None;
        }
        let code = as_integer(value).and_then(|code| u16::try_from(code).ok()).filter(|code| (1000..=4999).contains(code));
        if code.is_none() {
            let problem = Problem::new(Code::InvalidCloseCode, "this is no close code of a WebSocket").at(at, "");
            sink.push(problem.help("write a code from 1000 to 4999, such as `1000` (RFC 6455 section 7.4)"));
        }
        if let Some(code) = code.filter(|code| Self::NEVER_SENT.contains(code)) {
            let message = format!("{code} stands for a line that broke, no server closes with it");
            let problem = Problem::new(Code::InvalidCloseCode, message).at(at, "");
            sink.push(problem.help("leave it out; `1005` stands for a Close without a code"));
            return None;
        }
        code
    }
}

/// Which warnings are failures.
pub(super) struct Warnings;

impl Kind for Warnings {
    type Value = Vec<Warning>;
    const WHAT: &'static str = "`true`, `false` or a list of warnings";

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Vec<Warning>> {
        match value {
            DeValue::Boolean(true) => {
                Some(Warning::ALL.iter().copied().filter(|warning| !warning.is_the_probers_own()).collect())
            }
            DeValue::Boolean(false) => Some(Vec::new()),
            DeValue::Array(_) => {
                let named = List::<WarningName>::read(value, at, sink)?;
                Some(named.into_iter().map(toml::Spanned::into_inner).collect())
            }
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
                wrong_type::<Self>(value, at, sink);
                None
            }
        }
    }
}

text_kind!(
    /// The name of a warning.
    WarningName("the name of a warning in quotes", shown: true) -> Warning, UnknownWord,
    "`docs/reasons.md` has the warnings that there are",
    |text| Warning::ALL.iter().copied().find(|warning| warning.label() == text).ok_or_else(|| {
        let near = nearest(text, Warning::ALL.iter().map(|warning| warning.label()));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("there is no warning {}{near}", shown(text))
    })
);

/// Samples a second.
pub(super) struct SampleRate;

impl SampleRate {
    /// Rates of which 20 ms are a whole number of samples.
    const RATES: [u32; 8] = [8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
}

impl Kind for SampleRate {
    type Value = u32;
    const WHAT: &'static str = "a sample rate";

    fn limits() -> Option<String> {
        Some(Self::RATES.map(|rate| rate.to_string()).join(", "))
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<u32> {
        if !matches!(value, DeValue::Integer(_)) {
            wrong_type::<Self>(value, at, sink);
            return None;
        }
        let rate = as_integer(value).and_then(|rate| u32::try_from(rate).ok()).filter(|rate| Self::RATES.contains(rate));
        if rate.is_none() {
            let problem = Problem::new(Code::InvalidSampleRate, "this sample rate is not used for speech").at(at, "");
            sink.push(problem.help(format!("write one of {}", Self::limits().unwrap_or_default())));
        }
        rate
    }
}

/// Any value that JSON has too.
pub(super) struct Json;

impl Kind for Json {
    type Value = serde_json::Value;
    const WHAT: &'static str = "a text, a number, true or false, a list or a table";
    const SHOWN: bool = false;

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<serde_json::Value> {
        let json = to_json(value);
        if json.is_none() {
            let problem = Problem::new(Code::WrongType, "JSON has no such value").at(at, "");
            sink.push(problem.help("write a text, a finite number, true or false, a list or a table of them"));
        }
        json
    }
}

/// Nested as deep as TOML allows, which is 80 levels.
fn to_json(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(_) => as_integer(value)?.into(),
        DeValue::Float(float) => serde_json::Number::from_f64(float.as_str().parse().ok()?)?.into(),
        DeValue::Boolean(yes) => (*yes).into(),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(table) => {
            let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| {
                Some((ToString::to_string(key.get_ref()), to_json(value.get_ref())?))
            };
            serde_json::Value::Object(table.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
