//! Practice webhooks: what a customer's server answers when a provider asks it what to do with a call.
//!
//! A webhook reads the request (method, headers, a small body), may check its signature, and answers with a document that opens a stream
//! on this same server, or with whatever it is that the row of the table wants. A document is a template, see [`Desk::fill_in`].
//!
//! Deliberately absent: everything of `crate::webhook`, but for the providers' arithmetic of signatures (`crate::signature`, whose own
//! tests compare it with the providers' packages): documents are written here as providers publish them.
//!
//! Invariant: no request makes the server grow: bodies are bounded, tokens are few and expire, and nothing of a request comes into a
//! document unless it is made of harmless characters.

mod asked;
mod rows;
mod tokens;

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{sleep, timeout};

use super::answer;
use super::request::Request;
use super::script::{AnswerScript, PortScript};
use super::wire::Wire;
use crate::signature::twilio::{Algorithm, SIGNATURE_HEADER, body_sha256, sign};
use asked::Asked;
pub(super) use rows::WEBHOOKS;
pub(super) use tokens::Tokens;

/// The auth token with which practice webhooks check Twilio's signature.
pub(super) const AUTH_TOKEN: &str = "practice-auth-token";

/// How long a caller may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a webhook is and does.
#[derive(Clone, Copy, Debug)]
pub(super) struct WebhookScript {
    pub(super) place: Place,
    door: Door,
    reply: Reply,
}

/// What of the URL picks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The path alone.
    Path,
    /// The path alone, and over https only.
    SecurePath,
    /// The host name: that of this behaviour of the name server.
    Lookup(&'static str),
    /// The host name: that of this behaviour of the TLS handshake.
    Handshake(&'static str),
    /// A port that takes no connections.
    Port(PortScript),
}

impl Place {
    /// Host and port with words for what differs from server to server.
    pub(super) const fn authority_form(self) -> &'static str {
        match self {
            Self::Port(PortScript::Refused) => "HOST:PORT-OF-tcp-refused",
            Self::Port(PortScript::Timeout) => "HOST:PORT-OF-tcp-timeout",
            Self::Path | Self::SecurePath | Self::Lookup(_) | Self::Handshake(_) => "HOST:PORT",
        }
    }
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    /// Requests with this method; others are answered 405.
    Method(&'static str),
    /// Requests with Twilio's signature, as the server was asked; others are answered 403.
    TwilioSignature,
    /// The same, by a server behind a proxy that ends TLS: it believes that it was asked over `http://`.
    TwilioSignatureOfHttp,
}

/// What comes back.
#[derive(Clone, Copy, Debug)]
enum Reply {
    /// 200 with this document.
    Document {
        /// The header Content-Type.
        content_type: Option<&'static str>,
        /// Milliseconds before it is sent.
        after_ms: u64,
        template: &'static str,
    },
    /// What is no document at all.
    Answer(AnswerScript),
}

/// What a document is filled in with.
struct Desk<'a> {
    asked: &'a Asked,
    tokens: &'a Tokens,
    port: u16,
}

impl WebhookScript {
    /// Can it be asked over `https` (`secure`) or `http`?
    pub(super) const fn works_over(&self, secure: bool) -> bool {
        match self.place {
            Place::SecurePath | Place::Handshake(_) => secure,
            Place::Path | Place::Lookup(_) | Place::Port(_) => true,
        }
    }
}

/// Answers a request to a webhook. An I/O error means that the caller has gone.
pub(super) async fn serve(
    mut wire: Wire,
    mut inbox: BytesMut,
    request: &Request,
    script: WebhookScript,
    tokens: &Tokens,
) -> io::Result<()> {
    let read = timeout(BODY_TIMEOUT, asked::read(&mut wire, &mut inbox, request)).await??;
    let asked = match read {
        Ok(asked) => asked,
        Err(bad) => {
            answer::plain_page(wire, bad.status(), &format!("{bad}\n")).await;
            return Ok(());
        }
    };
    if let Some((status, text)) = script.door.refuses(&asked) {
        answer::plain_page(wire, status, text).await;
        return Ok(());
    }
    match script.reply {
        Reply::Answer(script) => answer::answer(wire, script).await,
        Reply::Document { content_type, after_ms, template } => {
            sleep(Duration::from_millis(after_ms)).await;
            let desk = Desk { asked: &asked, tokens, port: wire.port() };
            let Some(document) = desk.fill_in(template) else {
                answer::plain_page(wire, "400 Bad Request", "the request names no call, or its Host is odd\n").await;
                return Ok(());
            };
            answer::document(wire, content_type, &document).await;
        }
    }
    Ok(())
}

impl Door {
    /// The status and the text for a request that is not let in.
    fn refuses(self, asked: &Asked) -> Option<(&'static str, &'static str)> {
        let forbidden = ("403 Forbidden", "the signature does not fit\n");
        match self {
            Self::Open => None,
            Self::Method(method) => (asked.method != method).then_some(("405 Method Not Allowed", "another method, please\n")),
            Self::TwilioSignature => (!asked.is_signed(asked.scheme())).then_some(forbidden),
            Self::TwilioSignatureOfHttp => (!asked.is_signed("http")).then_some(forbidden),
        }
    }
}

impl Asked {
    /// Is it signed by Twilio's rules with the practice token, if the URL had this scheme?
    fn is_signed(&self, scheme: &str) -> bool {
        let url = format!("{scheme}://{}{}", self.host, self.target);
        let expected = sign(AUTH_TOKEN.as_bytes(), &url, &self.form, Algorithm::Sha1);
        let vouched = self.body_is_form || self.query("bodySHA256").is_some_and(|hash| hash == body_sha256(&self.body));
        vouched && self.signature.as_deref() == Some(expected.as_str())
    }
}

/// Finds the text for a placeholder; `None` where the request does not say what it must.
type Filling = fn(&Desk<'_>) -> Option<String>;

/// What a template can have in it; everything else in braces stays as it is.
const PLACEHOLDERS: &[(&str, Filling)] = &[
    // ws:// or wss://, as the webhook was asked over http or https, and the host and port that it was asked with.
    ("{ws}", |desk| Some(format!("{}://{}", desk.scheme(), desk.asked.plain_host()?))),
    ("{host}", |desk| desk.asked.plain_host().map(str::to_owned)),
    ("{scheme}", |desk| Some(desk.scheme().to_owned())),
    ("{port}", |desk| Some(desk.port.to_string())),
    // The id of the call, with which a stream may be opened once.
    ("{call}", |desk| {
        let id = desk.asked.call_id()?;
        desk.tokens.announce(id);
        Some(id.to_owned())
    }),
    // A token with which a stream may be opened once.
    ("{token}", |desk| Some(desk.tokens.mint())),
];

impl Desk<'_> {
    const fn scheme(&self) -> &'static str {
        if self.asked.secure { "wss" } else { "ws" }
    }

    /// The template with its placeholders filled in; `None` where the request does not say what it must.
    fn fill_in(&self, template: &str) -> Option<String> {
        let mut document = template.to_owned();
        for (placeholder, value) in PLACEHOLDERS {
            if document.contains(placeholder) {
                document = document.replace(placeholder, &value(self)?);
            }
        }
        Some(document)
    }
}

/// The id of a call in the path of a stream that has a path for each call: `api/calls/<id>/audio`.
pub(super) fn call_of_path(path: &str) -> Option<&str> {
    path.strip_prefix("api/calls/")?.strip_suffix("/audio").filter(|id| asked::is_plain(id))
}
