//! What a behaviour is: its name, where it strikes, what must come out of a probe of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::script::{AnswerScript, LineScript, Script};
use super::table::BEHAVIOURS;
use super::webhook::Place;
use crate::outcome::{Reason, Warning};

/// One thing that a practice server can do to a caller.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// The word in the URL.
    pub name: &'static str,
    /// What in the URL picks it.
    pub stage: Stage,
    /// What a probe says about it, with the monitor's defaults and `needs`, over `ws` and `wss` (`http` and `https`) alike.
    pub provokes: Provokes,
    /// Lines of `monitors.toml` that the monitor needs for that. Placeholders: `{address}` (the practice server's address and port),
    /// `{ca_file}`, `{client_cert_file}` and `{client_key_file}` (PEM files made from [`Practice::ca_pem`](super::Practice::ca_pem) and
    /// [`Practice::client_identity`](super::Practice::client_identity)), `{auth_token_file}` (a file with
    /// [`Practice::auth_token`](super::Practice::auth_token)). Beside them, every `wss` monitor needs the practice CA as `ca_file`.
    pub needs: &'static [&'static str],
    /// One line: what the server does.
    pub about: &'static str,
    pub(super) script: Script,
}

/// Where a behaviour strikes, and so what in the URL picks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The lookup: the host name, if the practice server is the resolver.
    Dns,
    /// The connection: a port of its own.
    Port,
    /// The TLS handshake: the host name in the ClientHello (SNI).
    Tls,
    /// The upgrade and everything after it: the path.
    Path,
    /// The webhook, before there is a stream: the path, as a rule. The monitor has the URL as `webhook.url`.
    Webhook,
}

/// What a probe of a behaviour comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provokes {
    /// A success without a warning.
    Success,
    /// A success with this warning.
    Warning(Warning),
    /// A failure with this reason.
    Reason(Reason),
    /// A failure with this reason, and this warning beside it.
    ReasonAndWarning(Reason, Warning),
}

/// A group of behaviours that differ in a number only.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// `http-` or `close-`; the number follows.
    pub prefix: &'static str,
    /// The placeholder of the number, for lists.
    pub placeholder: &'static str,
    /// What comes out, for lists.
    pub provokes: &'static str,
    /// One line: what the server does.
    pub about: &'static str,
}

/// Every status: `http-404`, and so on.
pub const HTTP_FAMILY: Family = Family {
    prefix: "http-",
    placeholder: "<100 to 999>",
    provokes: "http_<code>",
    about: "answers the upgrade with this status, with the headers and a body that belong to it",
};

/// Every close code, legal or not: `close-1011`, and so on.
pub const CLOSE_FAMILY: Family = Family {
    prefix: "close-",
    placeholder: "<0 to 65535>",
    provokes: "closed_by_server",
    about: "sends a Close frame with this code 0.5 s after the 101 (1005: an empty one); codes that must not be on the wire add \
            the warning close_code_illegal",
};

impl Behaviour {
    /// The row of this name. Members of a [`Family`] that have no row of their own are served all the same.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        BEHAVIOURS.iter().find(|row| row.name == name)
    }

    /// Has it a port of its own?
    pub(super) const fn has_own_port(&self) -> bool {
        match self.script {
            Script::Port(_) => true,
            Script::Webhook(webhook) => matches!(webhook.place, Place::Port(_)),
            Script::Dns(_) | Script::Tls(_) | Script::Answer(_) | Script::Line { .. } => false,
        }
    }

    /// Can it be had over `wss` or `https` (`secure`), or over `ws` or `http`? A few make sense over one of the two only.
    #[must_use]
    pub const fn works_over(&self, secure: bool) -> bool {
        match self.script {
            Script::Tls(_) | Script::Line { line: LineScript::DamagedRecord, .. } => secure,
            Script::Answer(AnswerScript::PlainToTls | AnswerScript::TlsAlert) => !secure,
            Script::Webhook(webhook) => webhook.works_over(secure),
            Script::Dns(_) | Script::Port(_) | Script::Answer(_) | Script::Line { .. } => true,
        }
    }

    /// The URL to dial, or to ask, at a practice server on `address`; for a behaviour with a port of its own, `address` has to be that of that port
    /// ([`Practice::port_of`](super::Practice::port_of)). TLS behaviours are always `wss`. A DNS behaviour needs the server as its resolver,
    /// and a TLS behaviour relies on `*.localhost` being the loopback address (RFC 6761).
    #[must_use]
    pub fn url(&self, secure: bool, address: SocketAddr) -> String {
        let scheme = if secure { "wss" } else { "ws" };
        let (host, port) = (reachable(address), address.port());
        match self.stage {
            Stage::Dns => format!("{scheme}://{}.practice.test:{port}/echo", self.name),
            Stage::Port => format!("{scheme}://{host}/"),
            Stage::Tls => format!("wss://{}.localhost:{port}/echo", self.name),
            Stage::Path => format!("{scheme}://{host}/{}", self.name),
            Stage::Webhook => self.webhook_url(if secure { "https" } else { "http" }, &host.to_string(), &port.to_string()),
        }
    }

    const fn webhook_place(&self) -> Place {
        if let Script::Webhook(webhook) = self.script { webhook.place } else { Place::Path }
    }

    /// The URL of a webhook with this scheme, at an authority or, where the name counts, at a port.
    fn webhook_url(&self, scheme: &str, host: &str, port: &str) -> String {
        match self.webhook_place() {
            Place::Path | Place::SecurePath | Place::Port(_) => format!("{scheme}://{host}/{}", self.name),
            Place::Lookup(name) => format!("{scheme}://{name}.practice.test:{port}/{}", self.name),
            Place::Handshake(name) => format!("https://{name}.localhost:{port}/{}", self.name),
        }
    }

    /// The URL with words for what differs from server to server, for lists.
    pub(super) fn url_form(&self) -> String {
        let scheme = if self.works_over(true) { "wss" } else { "ws" };
        match self.stage {
            Stage::Dns => format!("ws://{}.practice.test:PORT/echo", self.name),
            Stage::Port => format!("ws://HOST:PORT-OF-{}/", self.name),
            Stage::Tls => format!("wss://{}.localhost:PORT/echo", self.name),
            Stage::Path if self.works_over(true) && self.works_over(false) => format!("ws://HOST:PORT/{}", self.name),
            Stage::Path => format!("{scheme}://HOST:PORT/{}", self.name),
            Stage::Webhook => {
                let scheme = if self.works_over(false) { "http" } else { "https" };
                self.webhook_url(scheme, self.webhook_place().authority_form(), "PORT")
            }
        }
    }
}

impl Provokes {
    /// The reason, unless the probe succeeds.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Success | Self::Warning(_) => None,
            Self::Reason(reason) | Self::ReasonAndWarning(reason, _) => Some(reason),
        }
    }

    /// The warning, if there is one.
    #[must_use]
    pub const fn warning(self) -> Option<Warning> {
        match self {
            Self::Success | Self::Reason(_) => None,
            Self::Warning(warning) | Self::ReasonAndWarning(_, warning) => Some(warning),
        }
    }
}

impl fmt::Display for Provokes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.pad("success"),
            Self::Warning(warning) => f.pad(&format!("success + {warning}")),
            Self::Reason(reason) => f.pad(reason.label()),
            Self::ReasonAndWarning(reason, warning) => f.pad(&format!("{reason} + {warning}")),
        }
    }
}

/// The script that a path asks for: a row of the table, a voice server with the time of its greeting behind a slash, or a member of a family.
pub(super) fn script_of_path(name: &str) -> Option<Script> {
    if let Some((name, delay)) = name.split_once('/') {
        return match Behaviour::find(name)?.script {
            Script::Line { line: LineScript::Voice(voice), .. } => voice.timed(delay).map(Script::voice),
            Script::Dns(_) | Script::Port(_) | Script::Tls(_) | Script::Webhook(_) | Script::Answer(_) | Script::Line { .. } => {
                None
            }
        };
    }
    if let Some(row) = Behaviour::find(name) {
        return matches!(row.stage, Stage::Path | Stage::Webhook).then_some(row.script);
    }
    if let Some(code) = name.strip_prefix(HTTP_FAMILY.prefix).and_then(number) {
        return match code {
            101 => Some(Script::ECHO),
            100..=999 => Some(Script::Answer(AnswerScript::Status(code))),
            _ => None,
        };
    }
    let code = name.strip_prefix(CLOSE_FAMILY.prefix).and_then(number)?;
    Some(Script::line(LineScript::Close { code, reason: "" }))
}

/// What the answer `http-<code>` comes to.
pub(super) const fn of_status(code: u16) -> Provokes {
    Provokes::Reason(Reason::from_status(code))
}

/// What the behaviour `close-<code>` comes to.
pub(super) const fn of_close(code: u16) -> Provokes {
    // An empty payload is how a Close without a code looks on the wire, and legal.
    match code {
        1000..=1003 | 1005 | 1007..=1014 | 3000..=4999 => Provokes::Reason(Reason::ClosedByServer),
        _ => Provokes::ReasonAndWarning(Reason::ClosedByServer, Warning::CloseCodeIllegal),
    }
}

/// Decimal without signs and leading zeros, so that a behaviour has one name.
fn number(text: &str) -> Option<u16> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

/// An address that can be dialled: a server on all interfaces is reached over loopback.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        reachable.set_ip(if address.is_ipv4() { v4 } else { v6 });
    }
    reachable
}
