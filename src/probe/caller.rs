//! Who we are in one probe: the call's ids, the resource that is asked for, and the headers that come of the dialect and of signing.
//!
//! The user's own headers (`headers` of the monitor) win over these, and a signature covers them. Deliberately absent: the headers of the WebSocket handshake itself
//! and the `Authorization` header (both in `upgrade`).

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use super::scrub::Known;
use crate::dialect::{Call, Dialect};
use crate::monitor::{Monitor, SignaturePlan, Target, redact_query};
use crate::outcome::Warning;
use crate::secret::Secret;
use crate::signature::{http_message, twilio};
use crate::wall::Timestamp;

/// The header with which Genesys AudioHook names the integration.
const API_KEY_HEADER: &str = "X-API-KEY";

/// One call as the server will know it.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) call: Call,
    /// Path and query as they are sent.
    pub(super) resource: String,
    /// Headers beside those of the monitor.
    pub(super) headers: Vec<(String, Secret)>,
    /// What proves who we are, among the headers.
    pub(super) proofs: Vec<Secret>,
    /// What has come up on the way here and is not sent, or in another form.
    pub(super) known: Known,
}

/// Query values may be tokens.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = redact_query(&self.resource);
        f.debug_struct("Caller")
            .field("call", &self.call)
            .field("resource", &resource)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// A fresh call in `dialect` at this moment.
pub(super) fn place(dialect: &Dialect) -> Call {
    let now = Timestamp::now().unix_millis();
    dialect.place(&mut || Uuid::new_v4().as_u128(), u64::try_from(now).unwrap_or(u64::MAX))
}

impl Caller {
    /// Who we are in `call` of `monitor`, on the line to `target`. `public` is the URL that Twilio would sign, if it is another one.
    pub(super) fn new(monitor: &Monitor, target: &Target, public: Option<&Target>, call: Call) -> Self {
        let now = u128::from(call.began_unix_ms);
        // Both URLs get the same values, so that the one can vouch for the other.
        let seed = Uuid::new_v4().as_u128();
        let fill = |target: &Target| {
            let mut drawn = 0_u128;
            let fresh = || {
                drawn += 1;
                uuid::Builder::from_random_bytes(seed.wrapping_mul(drawn).to_be_bytes()).into_uuid().to_string()
            };
            target.resource(fresh, &call.call_id, now)
        };
        let resource = fill(target);
        let public = public.map(|public| (public, fill(public)));
        let signed_url = public.as_ref().map_or((target, &resource), |(public, resource)| (*public, resource));
        let mut headers: Vec<(String, Secret)> =
            monitor.dialect.headers(&call).into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
        let signed = signed(monitor, signed_url, (target, &resource), &headers, now);
        let proofs = signed.iter().map(|(_, value)| value.clone()).collect();
        headers.extend(signed);
        headers.retain(|(name, _)| own(monitor, name).is_none());
        Self { call, resource, headers, proofs, known: Known::default() }
    }

    /// A fresh call of a monitor that names its stream itself.
    #[cfg(test)]
    pub(super) fn of(monitor: &Monitor) -> Self {
        Self::new(monitor, monitor.endpoint.target().unwrap(), None, place(&monitor.dialect))
    }
}

/// The value that the user gives to this header.
fn own<'m>(monitor: &'m Monitor, name: &str) -> Option<&'m Secret> {
    monitor.dial.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The headers that prove who we are, over what is really sent. A signature of the user's own takes the place of ours as a whole.
fn signed(
    monitor: &Monitor,
    (public, public_resource): (&Target, &String),
    (target, resource): (&Target, &String),
    headers: &[(String, Secret)],
    unix_ms: u128,
) -> Vec<(String, Secret)> {
    match &monitor.dial.signature {
        None => Vec::new(),
        Some(SignaturePlan::Twilio { .. }) if own(monitor, twilio::SIGNATURE_HEADER).is_some() => Vec::new(),
        Some(SignaturePlan::Twilio { token, algorithm, key_id, scheme }) => {
            let url = format!("{scheme}://{}{public_resource}", public.authority());
            let signature = twilio::sign(token.expose().as_bytes(), &url, &[], *algorithm);
            let settings = key_id.iter().map(|id| (twilio::SETTINGS_HEADER, twilio::settings_header(id)));
            let all = settings.chain([(twilio::SIGNATURE_HEADER, signature)]);
            all.map(|(name, value)| (name.to_owned(), Secret::new(value))).collect()
        }
        Some(SignaturePlan::AudioHook { api_key, client_secret }) => {
            let key = (API_KEY_HEADER.to_owned(), api_key.clone());
            let sent = |(name, value)| (name, own(monitor, name).unwrap_or(value));
            let sent = headers.iter().chain([&key]).map(|(name, value)| sent((name.as_str(), value)));
            let covered: Vec<(&str, &str)> = sent.map(|(name, value)| (name, value.expose())).collect();
            let parts = http_message::Covered { request_target: resource, authority: &target.authority(), headers: &covered };
            let is_the_users =
                [http_message::SIGNATURE_HEADER, http_message::INPUT_HEADER].iter().any(|name| own(monitor, name).is_some());
            let secret = client_secret.as_ref().filter(|_| !is_the_users);
            let signed =
                secret.map(|secret| audio_hook(&parts, own(monitor, API_KEY_HEADER).unwrap_or(api_key), secret, unix_ms));
            signed.into_iter().flatten().chain([key]).collect()
        }
    }
}

fn audio_hook(parts: &http_message::Covered<'_>, api_key: &Secret, secret: &Secret, unix_ms: u128) -> [(String, Secret); 2] {
    // The configuration has checked that it is base64.
    let secret = BASE64_STANDARD.decode(secret.expose()).unwrap_or_default();
    // 18 bytes, as Genesys' reference implementation has it: more than one UUID.
    let random = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    let nonce = BASE64_STANDARD.encode(&random[..18]);
    let seconds = u64::try_from(unix_ms / 1000).unwrap_or(u64::MAX);
    let signed = http_message::sign(parts, http_message::Key { id: api_key.expose(), secret: &secret }, &nonce, seconds);
    let pairs = [(http_message::SIGNATURE_HEADER, signed.signature), (http_message::INPUT_HEADER, signed.input)];
    pairs.map(|(name, value)| (name.to_owned(), Secret::new(value)))
}

/// What a real call would not survive, although a plain client gets through.
pub(super) fn oddities(monitor: &Monitor, target: &Target, caller: &Caller) -> Vec<(Warning, String)> {
    let Some(settings) = monitor.dialect.provider() else { return Vec::new() };
    let facts = settings.provider.facts();
    let mut odd = Vec::new();
    if facts.wss_only && !target.is_secure() && !target.is_loopback() {
        odd.push((Warning::SchemeNotWss, format!("{} dials wss:// alone", facts.title)));
    }
    if facts.query_is_lost && caller.resource.contains('?') {
        let says = "Twilio does not carry the query of the URL: use `parameters`, which arrive in `start.customParameters`";
        odd.push((Warning::QueryStringInTwilioUrl, says.to_owned()));
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{CallSettings, Provider};
    use crate::monitor::{MonitorName, UrlScheme};
    use crate::signature::twilio::Algorithm;

    fn monitor(url: &str) -> Monitor {
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse(url).unwrap());
        monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Twilio)));
        monitor
    }

    fn headers(monitor: &Monitor) -> Vec<(String, String)> {
        Caller::of(monitor).headers.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect()
    }

    #[test]
    fn twilio_upgrades_are_signed() {
        let mut monitor = monitor("wss://voice.example.com/media");
        assert_eq!(headers(&monitor), []);
        let plan = |algorithm, key_id: Option<&str>, scheme| {
            Some(SignaturePlan::Twilio { token: Secret::new("12345"), algorithm, key_id: key_id.map(str::to_owned), scheme })
        };
        // The vectors of `twilio` 9.13.0.
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sha1 = header("X-Twilio-Signature", "jFDHVhI8XO69C49uXR3xmdZPylY=");
        let https = header("X-Twilio-Signature", "2A768no+sGy6/ZLDxHITQfda/E8=");
        let settings = header("X-Twilio-Webhooks-Signature-Settings", "key=SK1,algorithm=HMAC_SHA256");
        let sha256 = header("X-Twilio-Signature", "9vcxwRUePA6mZ2xb6UTPNQJhjz9tsjeFDwQQbFiFgW0=");
        let rows = [
            (plan(Algorithm::Sha1, None, UrlScheme::Wss), vec![sha1.clone()]),
            (plan(Algorithm::Sha1, None, UrlScheme::Https), vec![https]),
            (plan(Algorithm::Sha256, Some("SK1"), UrlScheme::Wss), vec![settings, sha256]),
        ];
        for (signature, expected) in rows {
            monitor.dial.signature = signature;
            assert_eq!(headers(&monitor), expected);
        }
    }

    #[test]
    fn the_users_own_header_wins() {
        let mut monitor = monitor("wss://voice.example.com/media");
        monitor.dial.signature = Some(SignaturePlan::Twilio {
            token: Secret::new("12345"),
            algorithm: Algorithm::Sha1,
            key_id: None,
            scheme: UrlScheme::Wss,
        });
        monitor.dial.headers = vec![("x-twilio-signature".to_owned(), Secret::new("mine"))];
        assert_eq!(headers(&monitor), []);
    }

    /// Each signature is made again here, over the headers that are sent.
    #[test]
    fn an_audiohook_signature_covers_what_is_sent() {
        let mut monitor = monitor("wss://voice.example.com/hook");
        monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Genesys)));
        let secret = Some(Secret::new("c2VjcmV0"));
        monitor.dial.signature = Some(SignaturePlan::AudioHook { api_key: Secret::new("our-key"), client_secret: secret });
        for own in [vec![], vec![("x-api-key", "their-key")], vec![("AUDIOHOOK-SESSION-ID", "theirs"), ("X-Other", "x")]] {
            monitor.dial.headers = own.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
            let sent: Vec<(String, String)> = headers(&monitor)
                .into_iter()
                .chain(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect();
            let value = |name: &str| {
                let values: Vec<&str> = sent.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect();
                assert_eq!(values.len(), 1, "{name}: {sent:?}");
                values[0].to_owned()
            };
            let input = value("signature-input");
            let between = |from: &str, to: char| input.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
            let names: Vec<String> = between("(", ')').split(' ').map(|name| name.trim_matches('"').to_owned()).collect();
            assert!(names.iter().any(|name| name == "x-api-key") && names.len() >= 6, "{names:?}");
            let covered: Vec<(String, String)> = names[2..].iter().map(|name| (name.clone(), value(name))).collect();
            let covered: Vec<(&str, &str)> = covered.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let parts = http_message::Covered { request_target: "/hook", authority: "voice.example.com", headers: &covered };
            let id = value("x-api-key");
            let key = http_message::Key { id: &id, secret: b"secret" };
            let again = http_message::sign(&parts, key, &between("nonce=\"", '"'), between("created=", ';').parse().unwrap());
            assert_eq!((again.signature, again.input), (value("signature"), input.clone()), "{own:?}");
        }
        monitor.dial.headers = vec![("signature".to_owned(), Secret::new("mine"))];
        let names: Vec<String> = headers(&monitor).into_iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert!(!names.iter().any(|name| name.starts_with("signature")), "{names:?}");
        assert!(names.contains(&"x-api-key".to_owned()));
    }

    #[test]
    fn debug_shows_no_token() {
        let caller = Caller::of(&monitor("wss://voice.example.com/media?token=canary&thisisalongbaretokencanary"));
        let shown = format!("{caller:?}");
        assert!(!shown.contains("canary") && shown.contains("/media?token=***"), "{shown}");
    }

    #[test]
    fn the_id_in_the_url_is_that_of_the_call() {
        let caller = Caller::of(&monitor("wss://voice.example.com/calls/{call_id}"));
        assert_eq!(caller.resource, format!("/calls/{}", caller.call.call_id));
        assert!(caller.call.call_id.starts_with("CA"));
    }

    #[test]
    fn what_a_call_would_not_survive() {
        let rows = [
            ("wss://voice.example.com/media", vec![]),
            ("wss://voice.example.com/media?token=x", vec![Warning::QueryStringInTwilioUrl]),
            ("ws://voice.example.com/media", vec![Warning::SchemeNotWss]),
            ("ws://127.0.0.1:5050/media", vec![]),
            ("ws://practice.localhost:5050/media", vec![]),
        ];
        for (url, expected) in rows {
            let monitor = monitor(url);
            let odd: Vec<Warning> = oddities(&monitor, monitor.endpoint.target().unwrap(), &Caller::of(&monitor))
                .into_iter()
                .map(|(warning, _)| warning)
                .collect();
            assert_eq!(odd, expected, "{url}");
        }
    }
}
