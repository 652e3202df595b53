//! The tables of `monitors.toml` about where else a probe may begin or look: `[monitor.webhook]`, `[monitor.fallback]` and
//! `[monitor.origin]`.

use super::kinds::{
    Address, FilePath, HeaderText, HeaderValue, HiddenText, ParameterValue, Pointer, PublicHost, Url, Variable, WebUrl,
};
use super::problem::Sink;
use super::raw::{BasicAuth, MINUTE};
use super::read::{Length, Map, Word, table};
use crate::monitor::{WebhookContent, WebhookKind, WebhookMethod};

table! {
    /// Begins a probe one step before the stream: asks the provider's webhook, as the provider does for a call that comes in, and dials what it says (`docs/webhooks.md`). `roots`, `ca_file`, `insecure`, `resolver`, `resolve_timeout`, `connect_timeout`, `ip` and `user_agent` of the monitor hold for the webhook as well. `server_name`, `client_cert_file`, `headers`, `basic_auth`, bearer token and `signature` are about the stream alone, and so is the monitor's own `connect_to`.
    Webhook at "`[monitor.webhook]` or `[monitor.fallback]`" {
        /// The webhook, `https://` or `http://`. Redirects are reported and not followed.
        url: WebUrl = _,
        /// Whose request is made and whose document is due; that of `dialect` if it is not set. `json`: any JSON, in which `pointer` leads to the URL.
        provider: WebhookKind = _,
        /// `GET` or `POST`; the provider's own if it is not set.
        method: WebhookMethod = _,
        /// What a POST is: `form` or `json`; the provider's own if it is not set.
        content: WebhookContent = _,
        /// With `provider = "json"`: where in the answer the stream's URL is (RFC 6901).
        pointer: Pointer = _,
        /// Parameters of the request: a value replaces the provider's of the same name or is added, an empty one takes the name out; at most 64 of them. A value is a text, `{ file = "…" }` or `{ env = "…" }`.
        parameters: Map<ParameterValue> = {},
        /// A file with the account's auth token (SignalWire: signing key; Vonage: signature secret; the secret of `key_id`, if that is set). The request is signed with it.
        auth_token_file: FilePath = _,
        /// The same in an environment variable.
        auth_token_env: Variable = _,
        /// How it is signed: as `twilio`, `signalwire`, `plivo` or `vonage` does; as the provider does if it is not set.
        signature: Signer = _,
        /// Twilio: the id of a shared key, with which the request is signed by HMAC-SHA256.
        key_id: HeaderText = _,
        /// Vonage: the API key, a claim of the signature.
        api_key: HiddenText = _,
        /// Vonage: the id of the application, a claim of the signature.
        application: HeaderText = _,
        /// The user and password of an `Authorization: Basic` header to the webhook.
        basic_auth: BasicAuth = _,
        /// Extra headers of the request, at most 64. A value is a text, `{ file = "…" }` or `{ env = "…" }`.
        headers: Map<HeaderValue> = {},
        /// From the first lookup until the answer is complete; the provider's own limit if it is not set (Twilio and Bandwidth 15 s, Vonage 5 s, 15 s elsewhere).
        timeout: Length<10, { 2 * MINUTE }> = _,
        /// Dials this `host:port` instead of the URL's; Host header and server name stay those of the URL, which has to have a host name.
        connect_to: Address = _,
        /// The public host of the stream, without a port; the webhook's own if it is not set.
        expect_host: PublicHost = _,
        /// May the stream be on this machine or in a private network? Only the webhook's own host and `expect_host` may if it is not set.
        allow_private: bool = false,
    }
    either auth_token_file | auth_token_env;
}

table! {
    /// A second way to the same server, past what is in front of it. It is tried once when the public way fails, so that the report can say on which side the fault lies.
    Origin at "`[monitor.origin]`" {
        /// The stream on the server itself, such as `ws://localhost:5050/media`.
        url: Url = _,
    }
}

/// How a webhook's request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    Twilio,
    Signalwire,
    Plivo,
    Vonage,
}

impl Signer {
    /// The provider's own way, if it has one.
    pub(super) const fn of(kind: WebhookKind) -> Option<Self> {
        match kind {
            WebhookKind::Twilio => Some(Self::Twilio),
            WebhookKind::Signalwire => Some(Self::Signalwire),
            WebhookKind::Plivo => Some(Self::Plivo),
            WebhookKind::Vonage => Some(Self::Vonage),
            WebhookKind::Telnyx | WebhookKind::Bandwidth | WebhookKind::Exotel | WebhookKind::Json => None,
        }
    }

    /// The header with the signature.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::Twilio => "X-Twilio-Signature",
            Self::Signalwire => "X-SignalWire-Signature",
            Self::Plivo => "X-Plivo-Signature-V3",
            Self::Vonage => "Authorization",
        }
    }
}

impl Word for Signer {
    const WHAT: &'static str = "`\"twilio\"`, `\"signalwire\"`, `\"plivo\"` or `\"vonage\"`";
    const WORDS: &'static [(&'static str, Self)] =
        &[("twilio", Self::Twilio), ("signalwire", Self::Signalwire), ("plivo", Self::Plivo), ("vonage", Self::Vonage)];
}

impl Word for WebhookKind {
    const WHAT: &'static str =
        "`\"twilio\"`, `\"signalwire\"`, `\"telnyx\"`, `\"plivo\"`, `\"bandwidth\"`, `\"vonage\"`, `\"exotel\"` or `\"json\"`";
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Twilio.label(), Self::Twilio),
        (Self::Signalwire.label(), Self::Signalwire),
        (Self::Telnyx.label(), Self::Telnyx),
        (Self::Plivo.label(), Self::Plivo),
        (Self::Bandwidth.label(), Self::Bandwidth),
        (Self::Vonage.label(), Self::Vonage),
        (Self::Exotel.label(), Self::Exotel),
        (Self::Json.label(), Self::Json),
    ];
}

impl Word for WebhookMethod {
    const WHAT: &'static str = "`\"GET\"` or `\"POST\"`";
    const WORDS: &'static [(&'static str, Self)] = &[(Self::Get.label(), Self::Get), (Self::Post.label(), Self::Post)];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[("get", "GET"), ("post", "POST")];
}

impl Word for WebhookContent {
    const WHAT: &'static str = "`\"form\"` or `\"json\"`";
    const WORDS: &'static [(&'static str, Self)] = &[(Self::Form.label(), Self::Form), (Self::Json.label(), Self::Json)];
}
