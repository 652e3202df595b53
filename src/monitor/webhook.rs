//! The webhook of a monitor: where a probe begins one step before the stream.
//!
//! Deliberately absent: what the request looks like and what its answer means (both in `webhook`).

use std::fmt;
use std::time::Duration;

use url::Url;

use super::dial::HostPort;
use super::target::{InvalidTarget, checked_name, is_loopback, redact_query};
use crate::dialect::Provider;
use crate::outcome::words;
use crate::secret::Secret;

words! {
    /// Whose document a webhook answers with.
    WebhookKind {
        /// Twilio: TwiML.
        Twilio = "twilio",
        /// SignalWire: cXML.
        Signalwire = "signalwire",
        /// Telnyx: TeXML.
        Telnyx = "telnyx",
        /// Plivo XML, and that of its clone Vobiz.
        Plivo = "plivo",
        /// Bandwidth: BXML.
        Bandwidth = "bandwidth",
        /// Vonage: an NCCO.
        Vonage = "vonage",
        /// Exotel: JSON with the URL.
        Exotel = "exotel",
        /// Any JSON; a pointer leads to the URL.
        Json = "json",
    }
}

impl WebhookKind {
    /// What its provider speaks on a stream; `None` where that is anything.
    #[must_use]
    pub const fn dialect(self) -> Option<Provider> {
        Some(match self {
            Self::Twilio => Provider::Twilio,
            Self::Signalwire => Provider::Signalwire,
            Self::Telnyx => Provider::Telnyx,
            Self::Plivo => Provider::Plivo,
            Self::Bandwidth => Provider::Bandwidth,
            Self::Vonage => Provider::Vonage,
            Self::Exotel => Provider::Exotel,
            Self::Json => return None,
        })
    }
}

words! {
    /// How a webhook is asked.
    WebhookMethod {
        /// The parameters stand in the query.
        Get = "GET",
        /// The parameters stand in the body.
        Post = "POST",
    }
}

impl WebhookMethod {
    /// The provider's, if the user has not chosen one there: GET at Vonage and Exotel. (Of Telnyx, see `webhook::UNVERIFIED`.)
    #[must_use]
    pub const fn of(kind: WebhookKind) -> Self {
        match kind {
            WebhookKind::Vonage | WebhookKind::Exotel => Self::Get,
            WebhookKind::Twilio
            | WebhookKind::Signalwire
            | WebhookKind::Telnyx
            | WebhookKind::Plivo
            | WebhookKind::Bandwidth
            | WebhookKind::Json => Self::Post,
        }
    }
}

words! {
    /// How the body of a request is written.
    WebhookContent {
        /// As an HTML form (`application/x-www-form-urlencoded`).
        Form = "form",
        /// As one JSON object; all values are texts.
        Json = "json",
    }
}

impl WebhookContent {
    /// The provider's: JSON at Bandwidth and Vonage, and for [`WebhookKind::Json`].
    #[must_use]
    pub const fn of(kind: WebhookKind) -> Self {
        match kind {
            WebhookKind::Bandwidth | WebhookKind::Vonage | WebhookKind::Json => Self::Json,
            WebhookKind::Twilio | WebhookKind::Signalwire | WebhookKind::Telnyx | WebhookKind::Plivo | WebhookKind::Exotel => {
                Self::Form
            }
        }
    }

    /// The header Content-Type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }
}

/// How a request is signed. Any can be had with any kind: a server of one's own may check as Twilio's do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookSigning {
    /// As Twilio signs with the auth token of the account: HMAC-SHA1.
    Twilio {
        /// The auth token.
        token: Secret,
    },
    /// As Twilio signs with a shared key: HMAC-SHA256, and the header that says so.
    TwilioSharedKey {
        /// The key's name; printable ASCII, which is what a header can carry.
        id: String,
        /// The key's secret.
        secret: Secret,
    },
    /// As SignalWire signs cXML webhooks: Twilio's way, with SignalWire's header.
    Signalwire {
        /// The signing key of the project.
        key: Secret,
    },
    /// Plivo's V3. Both headers are by this token, as for a number of the main account.
    Plivo {
        /// The auth token.
        token: Secret,
    },
    /// Vonage's: a bearer token, in place of a user name and password.
    Vonage {
        /// The signature secret of the account.
        secret: Secret,
        /// The API key whose secret it is, for servers that have several.
        api_key: Option<Secret>,
        /// The application with the webhook.
        application: Option<String>,
    },
}

/// An `http://` or `https://` URL. What it shows of itself has no password and no values of the query.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Why a text is no URL of a webhook; the message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// Not a URL at all.
    #[error("not a URL: {0}")]
    Malformed(String),
    /// `ws`, `wss` or anything else.
    #[error("the scheme is `{0}`; a webhook is asked at `https://` (the stream's own `wss://` URL is the monitor's `url`)")]
    Scheme(String),
    /// `user:password@`.
    #[error("credentials do not belong into the URL; use `basic_auth` of the webhook")]
    UserInfo,
    /// `#…`
    #[error("a webhook's URL has no fragment (`#…`)")]
    Fragment,
    /// A host name that no name server can be asked for.
    #[error("{0}")]
    Host(InvalidTarget),
}

impl WebhookUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// If it is not an `http://` or `https://` URL with a host that can be looked up, or has credentials or a fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookUrl> {
        let url = Url::parse(text).map_err(|error| InvalidWebhookUrl::Malformed(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidWebhookUrl::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidWebhookUrl::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(InvalidWebhookUrl::Fragment);
        }
        if let Some(url::Host::Domain(name)) = url.host() {
            checked_name(name).map_err(InvalidWebhookUrl::Host)?;
        }
        Ok(Self(url))
    }

    /// The URL itself.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The URL with the user name and password of a Basic login in it, as providers take them.
    #[must_use]
    pub fn with_login(&self, username: &str, password: &Secret) -> Url {
        let mut url = self.0.clone();
        // An error says that a URL has no place for credentials; those with http and a host have.
        let _ = url.set_username(username);
        let _ = url.set_password(Some(password.expose()));
        url
    }

    /// `https`?
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Does it lead to this machine?
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.host().is_some_and(|host| is_loopback(&host))
    }

    /// The host, with brackets around an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_query(self.0.as_str()))
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({self})")
    }
}

/// `[monitor.webhook]`: how the webhook is asked, and what is held against its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it is.
    pub url: WebhookUrl,
    /// Whose request is made and whose document is due.
    pub kind: WebhookKind,
    /// GET or POST; [`WebhookMethod::of`] the kind if it is not set.
    pub method: Option<WebhookMethod>,
    /// What a POST is; [`WebhookContent::of`] the kind if it is not set.
    pub content: Option<WebhookContent>,
    /// The user's own parameters: a value replaces the provider's of the same name or is added, an empty one takes the name out.
    pub parameters: Vec<(String, Secret)>,
    /// How the request is signed, if it is.
    pub signing: Option<WebhookSigning>,
    /// The user and password of an `Authorization: Basic` header.
    pub login: Option<(String, Secret)>,
    /// Extra headers of the request, in order.
    pub headers: Vec<(String, Secret)>,
    /// From the first lookup until the answer is complete.
    pub timeout: Duration,
    /// Dial this host and port instead of the URL's; Host header and server name stay those of the URL.
    pub connect_to: Option<HostPort>,
    /// The public host of the stream, without a port; the webhook's own if it is not set.
    pub expect_host: Option<String>,
    /// Of [`WebhookKind::Json`]: where the URL is (RFC 6901).
    pub pointer: String,
    /// May the stream be on this machine or in a private network?
    pub allow_private: bool,
    /// Has the user set the audio, so that the document's is compared with it and not taken?
    pub audio_is_set: bool,
    /// Has the user set the direction, likewise?
    pub direction_is_set: bool,
}

impl Webhook {
    /// How long is waited where the provider's own limit is not known.
    pub const TIMEOUT: Duration = Duration::from_secs(15);

    /// A webhook with every setting at its default.
    #[must_use]
    pub fn new(kind: WebhookKind, url: WebhookUrl) -> Self {
        Self {
            url,
            kind,
            method: None,
            content: None,
            parameters: Vec::new(),
            signing: None,
            login: None,
            headers: Vec::new(),
            timeout: Self::TIMEOUT,
            connect_to: None,
            expect_host: None,
            pointer: String::new(),
            allow_private: false,
            audio_is_set: false,
            direction_is_set: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_what_to_write() {
        let rows = [
            ("wss://voice.example.com/media", Some("the scheme is `wss`")),
            ("https://u:p@voice.example.com/voice", Some("credentials do not belong")),
            ("https://voice.example.com/voice#top", Some("has no fragment")),
            ("https://a..b/voice", Some("between two dots")),
            ("voice.example.com", Some("not a URL")),
            ("https://voice.example.com/voice?x=1", None),
        ];
        for (text, complaint) in rows {
            let read = WebhookUrl::parse(text);
            match (complaint, &read) {
                (None, Ok(_)) => {}
                (Some(part), Err(error)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                _ => panic!("{text}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_is_shown_has_no_secrets() {
        let url = WebhookUrl::parse("https://voice.example.com/voice?token=canary").unwrap();
        let mut webhook = Webhook::new(WebhookKind::Twilio, url);
        webhook.login = Some(("u".into(), Secret::new("canary")));
        webhook.signing = Some(WebhookSigning::Twilio { token: Secret::new("canary") });
        let mut shown = format!("{webhook:?} {}", webhook.url);
        let (secret, api_key) = (Secret::new("canary"), Some(Secret::new("canary")));
        webhook.signing = Some(WebhookSigning::Vonage { secret, api_key, application: None });
        shown += &format!("{webhook:?}");
        assert!(!shown.contains("canary") && shown.contains("https://voice.example.com/voice?token=***"), "{shown}");
    }
}
