//! What a webhook was asked: the request's head and body, and the parameters in them.

use std::io;

use bytes::BytesMut;
use url::form_urlencoded;

use super::SIGNATURE_HEADER;
use crate::practice::request::Request;
use crate::practice::wire::Wire;

/// A longer body is refused.
const LONGEST_BODY: usize = 64 * 1024;
/// A longer id or host does not come into a document.
const LONGEST_WORD: usize = 200;
/// What providers call the id of a call.
const CALL_IDS: [&str; 4] = ["CallSid", "CallUUID", "callId", "uuid"];

/// A whole request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The header Host.
    pub(super) host: String,
    /// Path and query as they came.
    pub(super) target: String,
    pub(super) secure: bool,
    pub(super) signature: Option<String>,
    pub(super) body: Vec<u8>,
    /// Is the body a form, or is there none?
    pub(super) body_is_form: bool,
    /// The parameters of a form; none if the body is something else.
    pub(super) form: Vec<(String, String)>,
}

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadBody {
    #[error("a body needs a Content-Length")]
    NoLength,
    #[error("the body is larger than 64 KiB")]
    TooLarge,
}

impl BadBody {
    pub(super) const fn status(self) -> &'static str {
        match self {
            Self::NoLength => "411 Length Required",
            Self::TooLarge => "413 Content Too Large",
        }
    }
}

/// Reads the body that belongs to `request`; `inbox` has what came behind the head.
pub(super) async fn read(wire: &mut Wire, inbox: &mut BytesMut, request: &Request) -> io::Result<Result<Asked, BadBody>> {
    let length = match length(request) {
        Ok(length) => length,
        Err(bad) => return Ok(Err(bad)),
    };
    while inbox.len() < length {
        wire.receive(inbox).await?;
    }
    let body = inbox.split_to(length).to_vec();
    let is_json = request.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let body_is_form = !is_json;
    let form = if body_is_form { form_urlencoded::parse(&body).into_owned().collect() } else { Vec::new() };
    Ok(Ok(Asked {
        method: request.method.clone(),
        host: request.header("host").unwrap_or_default().to_owned(),
        target: request.target.clone(),
        secure: wire.is_tls(),
        signature: request.header(SIGNATURE_HEADER).map(str::to_owned),
        body,
        body_is_form,
        form,
    }))
}

fn length(request: &Request) -> Result<usize, BadBody> {
    if request.header("transfer-encoding").is_some() {
        return Err(BadBody::NoLength);
    }
    let Some(length) = request.header("content-length") else { return Ok(0) };
    let length: usize = length.trim().parse().map_err(|_| BadBody::NoLength)?;
    if length > LONGEST_BODY { Err(BadBody::TooLarge) } else { Ok(length) }
}

impl Asked {
    pub(super) const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The Host, if it can stand in a document.
    pub(super) fn plain_host(&self) -> Option<&str> {
        Some(self.host.as_str()).filter(|host| is_plain(host))
    }

    /// The id of the call in a form, if it can stand in a document.
    pub(super) fn call_id(&self) -> Option<&str> {
        let found = self.form.iter().find(|(name, _)| CALL_IDS.contains(&name.as_str()))?;
        Some(found.1.as_str()).filter(|id| is_plain(id))
    }
}

/// Short, and without a character that means something in a document or a path.
pub(super) fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !word.is_empty() && word.len() <= LONGEST_WORD && word.bytes().all(plain)
}
