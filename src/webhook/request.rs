//! The request that a provider makes to a webhook for a call that comes in, with its signature.
//!
//! Pure: ids, the time and the random number come with the [`Plan`]. Deliberately absent: sending it, User-Agent and other headers that
//! have nothing to do with the provider.
//!
//! Invariant: nothing panics; a body or query always decodes to the parameters that were meant; URL, body and headers do not show in
//! `Debug`, as each may hold what the user has as a secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use url::{Url, form_urlencoded};

use super::{Content, Kind, Method, Signing, address, parameters};
use crate::dialect::Call;
use crate::secret::Secret;
use crate::signature::{plivo, twilio, vonage};
use crate::text::Printable;

/// The header with SignalWire's signature (signalwire.com/docs/server-sdks/reference/python/core/security).
const SIGNALWIRE_HEADER: &str = "X-SignalWire-Signature";

fn write(content: Content, parameters: &[(String, Secret)]) -> String {
    match content {
        Content::Form => form_urlencoded::Serializer::new(String::new()).extend_pairs(exposed(parameters)).finish(),
        Content::Json => object(exposed(parameters)),
    }
}

/// What goes into a request.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Whose request it is.
    pub kind: Kind,
    /// The webhook, `http` or `https`. A user name and password become the header Authorization; a query is kept.
    pub url: &'a Url,
    /// GET or POST; [`Method::of`] the kind if it is not set.
    pub method: Option<Method>,
    /// What a POST is; [`Content::of`] the kind if it is not set.
    pub content: Option<Content>,
    /// The call; its stream will have the same ids.
    pub call: &'a Call,
    /// The caller's number.
    pub from: &'a str,
    /// The called number.
    pub to: &'a str,
    /// The user's own parameters: a value replaces the provider's of the same name or is added, an empty one takes the name out.
    pub parameters: &'a [(String, Secret)],
    /// How it is signed, if it is.
    pub signing: Option<&'a Signing>,
    /// 128 random bits, for signatures that need a number used once.
    pub fresh: u128,
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may have a password or a token, and with `fresh` the nonces could be foretold.
        let mut plan = f.debug_struct("Plan");
        plan.field("kind", &self.kind).field("url", &address::shown(self.url.as_str())).field("method", &self.method);
        plan.field("content", &self.content).field("parameters", &self.parameters).field("signing", &self.signing);
        plan.finish_non_exhaustive()
    }
}

/// A request to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where it goes, with its query: absolute, without credentials, fragment and default port. Character by character what is signed.
    pub url: Secret,
    /// The URL as it may be shown: values of the query left out.
    pub shown: Printable,
    /// The headers Authorization and those of the signature; not Content-Type.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body; `None` for a GET.
    pub body: Option<Secret>,
    /// The header Content-Type; `None` for a GET.
    pub content_type: Option<&'static str>,
}

/// A request that has not been signed.
struct Draft {
    url: Url,
    /// What a form says, for the signatures that take it apart.
    form: Vec<(String, String)>,
    body: Option<String>,
    content: Content,
}

impl<'a> Plan<'a> {
    /// The provider's own request: numbers that are nobody's, no parameters of the user's, not signed.
    #[must_use]
    pub const fn new(kind: Kind, url: &'a Url, call: &'a Call) -> Self {
        // Numbers for examples: nobody has them (North American Numbering Plan, 555-0100 to 555-0199).
        let (from, to) = ("+12025550100", "+12025550101");
        Self { kind, url, method: None, content: None, call, from, to, parameters: &[], signing: None, fresh: 0 }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> Request {
        let method = self.method.unwrap_or_else(|| Method::of(self.kind));
        let mut headers = Vec::new();
        let mut draft = self.draft(method);
        headers.extend(authorization(self.url));
        if let Some(signing) = self.signing {
            self.sign(signing, &mut draft, &mut headers);
        }
        Request {
            method,
            shown: address::shown(draft.url.as_str()),
            url: Secret::new(String::from(draft.url)),
            headers,
            content_type: draft.body.as_ref().map(|_| draft.content.media_type()),
            body: draft.body.map(Secret::new),
        }
    }

    fn draft(&self, method: Method) -> Draft {
        let content = self.content.unwrap_or_else(|| Content::of(self.kind));
        let parameters = parameters::of(self);
        let mut url = self.url.clone();
        url.set_fragment(None);
        // An error says that this URL has no place for credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        match method {
            Method::Get => {
                if !parameters.is_empty() {
                    url.query_pairs_mut().extend_pairs(exposed(&parameters));
                }
                Draft { url, form: Vec::new(), body: None, content }
            }
            Method::Post => {
                let body = Some(write(content, &parameters));
                let form = match content {
                    Content::Form => exposed(&parameters).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                    Content::Json => Vec::new(),
                };
                Draft { url, form, body, content }
            }
        }
    }

    fn sign(&self, signing: &Signing, draft: &mut Draft, headers: &mut Vec<(&'static str, Secret)>) {
        let mut header = |name, value: String| headers.push((name, Secret::new(value)));
        match signing {
            Signing::Twilio { token } => header(twilio::SIGNATURE_HEADER, twilio_style(draft, token, twilio::Algorithm::Sha1)),
            Signing::TwilioSharedKey { id, secret } => {
                header(twilio::SIGNATURE_HEADER, twilio_style(draft, secret, twilio::Algorithm::Sha256));
                header(twilio::SETTINGS_HEADER, twilio::settings_header(id));
            }
            Signing::Signalwire { key } => header(SIGNALWIRE_HEADER, twilio_style(draft, key, twilio::Algorithm::Sha1)),
            Signing::Plivo { token } => {
                let nonce = format!("{:020}", self.fresh % 10_u128.pow(20));
                let signature = plivo::sign(token.expose().as_bytes(), &draft.url, &draft.form, &nonce);
                header(plivo::SIGNATURE_HEADER, signature.clone());
                header(plivo::MAIN_SIGNATURE_HEADER, signature);
                header(plivo::NONCE_HEADER, nonce);
            }
            Signing::Vonage { secret, api_key, application } => {
                let claims = vonage::Claims {
                    iat: self.call.began_unix_ms / 1000,
                    jti: &format!("{:032x}", self.fresh),
                    iss: "Vonage",
                    payload_hash: &payload_hash(draft),
                    api_key: api_key.as_ref().map(Secret::expose),
                    application_id: application.as_deref(),
                };
                let token = vonage::token(secret.expose().as_bytes(), &claims);
                headers.retain(|(name, _)| *name != AUTHORIZATION);
                headers.push((AUTHORIZATION, Secret::new(format!("Bearer {token}"))));
            }
        }
    }
}

const AUTHORIZATION: &str = "Authorization";

/// The header for a user name and password in the URL (RFC 7617).
fn authorization(url: &Url) -> Option<(&'static str, Secret)> {
    let has_some = !url.username().is_empty() || url.password().is_some();
    let pair = || [percent_decoded(url.username()), vec![b':'], percent_decoded(url.password().unwrap_or_default())].concat();
    has_some.then(|| (AUTHORIZATION, Secret::new(format!("Basic {}", STANDARD.encode(pair())))))
}

/// `%41` as `A` (RFC 3986 section 2.1); what is no such triple stays.
fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let value =
            digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2))).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        let (byte, length) = if byte == b'%' { value.map_or((byte, 1), |value| (value, 3)) } else { (byte, 1) };
        decoded.push(byte);
        at += length;
    }
    decoded
}

/// Twilio's signature. A body that is no form is vouched for by the URL, which gets its hash before it is signed.
fn twilio_style(draft: &mut Draft, secret: &Secret, algorithm: twilio::Algorithm) -> String {
    if let (Content::Json, Some(body)) = (draft.content, &draft.body) {
        draft.url.query_pairs_mut().append_pair("bodySHA256", &twilio::body_sha256(body.as_bytes()));
    }
    twilio::sign(secret.expose().as_bytes(), draft.url.as_str(), &draft.form, algorithm)
}

/// The hash of the body, or of the query as a JSON object.
fn payload_hash(draft: &Draft) -> String {
    match &draft.body {
        Some(body) => twilio::body_sha256(body.as_bytes()),
        None => twilio::body_sha256(object(draft.url.query_pairs()).as_bytes()),
    }
}

fn exposed(parameters: &[(String, Secret)]) -> impl Iterator<Item = (&str, &str)> + Clone {
    parameters.iter().map(|(name, value)| (name.as_str(), value.expose()))
}

/// A JSON object of texts in this order, without white space.
fn object<N: Serialize, V: Serialize>(pairs: impl Iterator<Item = (N, V)> + Clone) -> String {
    struct Object<I>(I);

    impl<N: Serialize, V: Serialize, I: Iterator<Item = (N, V)> + Clone> Serialize for Object<I> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            for (name, value) in self.0.clone() {
                map.serialize_entry(&name, &value)?;
            }
            map.end()
        }
    }

    serde_json::to_string(&Object(pairs)).expect("texts can be written as JSON")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    const WEBHOOK: &str = "https://voice.example.com/hook";

    fn call() -> Call {
        Call {
            call_id: "11111111-2222-4333-8444-555555555555".to_owned(),
            stream_id: "s".to_owned(),
            account_id: "4000001".to_owned(),
            session_id: "66666666-7777-4888-8999-aaaaaaaaaaaa".to_owned(),
            began_unix_ms: 1_795_219_200_007,
            up_unix_ms: 1_795_219_200_007,
        }
    }

    fn owned(parameters: &[(&str, &str)]) -> Vec<(String, Secret)> {
        parameters.iter().map(|&(name, value)| (name.to_owned(), Secret::new(value))).collect()
    }

    static ELSEWHERE: LazyLock<Url> = LazyLock::new(|| Url::parse(WEBHOOK).unwrap());
    static CALL: LazyLock<Call> = LazyLock::new(call);

    fn request<'a>(kind: Kind, url: &str, change: impl FnOnce(&mut Plan<'a>)) -> Request {
        let mut plan = Plan::<'a>::new(kind, &ELSEWHERE, &CALL);
        change(&mut plan);
        Plan { url: &Url::parse(url).unwrap(), ..plan }.request()
    }

    fn body(request: &Request) -> &str {
        request.body.as_ref().map_or("", Secret::expose)
    }

    fn headers(request: &Request) -> Vec<(&'static str, &str)> {
        request.headers.iter().map(|(name, value)| (*name, value.expose())).collect()
    }

    #[test]
    fn each_provider_posts_its_own_set() {
        let rows = [
            (
                Kind::Twilio,
                concat!(
                    "CallSid=11111111-2222-4333-8444-555555555555&AccountSid=4000001&From=%2B12025550100&To=%2B12025550101",
                    "&Caller=%2B12025550100&Called=%2B12025550101&CallStatus=ringing&ApiVersion=2010-04-01&Direction=inbound",
                    "&FromCity=WASHINGTON&FromState=DC&FromZip=20001&FromCountry=US&ToCity=WASHINGTON&ToState=DC&ToZip=20001",
                    "&ToCountry=US&CallerCity=WASHINGTON&CallerState=DC&CallerZip=20001&CallerCountry=US&CalledCity=WASHINGTON",
                    "&CalledState=DC&CalledZip=20001&CalledCountry=US",
                ),
            ),
            (
                Kind::Signalwire,
                concat!(
                    "CallSid=11111111-2222-4333-8444-555555555555&AccountSid=4000001&From=%2B12025550100&To=%2B12025550101",
                    "&CallStatus=ringing&ApiVersion=2010-04-01&Direction=inbound",
                ),
            ),
            (
                Kind::Telnyx,
                concat!(
                    "AccountSid=4000001&CallSid=11111111-2222-4333-8444-555555555555&CallSidLegacy=11111111-2222-4333-8444-555555555555",
                    "&From=%2B12025550100&To=%2B12025550101&ConnectionId=1000000000000000000&ApiVersion=2010-04-01&CallStatus=ringing",
                ),
            ),
            (
                Kind::Plivo,
                concat!(
                    "CallUUID=11111111-2222-4333-8444-555555555555&From=12025550100&To=12025550101&CallStatus=ringing",
                    "&Direction=inbound&Event=StartApp",
                ),
            ),
            (
                Kind::Bandwidth,
                concat!(
                    r#"{"eventType":"initiate","eventTime":"2026-11-21T00:00:00.007Z","accountId":"4000001","#,
                    r#""applicationId":"00000000-0000-4000-8000-000000000000","to":"+12025550101","from":"+12025550100","#,
                    r#""direction":"inbound","callId":"11111111-2222-4333-8444-555555555555","callUrl":"https://voice.bandwidth.com"#,
                    r#"/api/v2/accounts/4000001/calls/11111111-2222-4333-8444-555555555555","startTime":"2026-11-21T00:00:00.007Z"}"#,
                ),
            ),
            (
                Kind::Vonage,
                concat!(
                    r#"{"to":"12025550101","from":"12025550100","uuid":"11111111-2222-4333-8444-555555555555","#,
                    r#""conversation_uuid":"CON-66666666-7777-4888-8999-aaaaaaaaaaaa"}"#,
                ),
            ),
            (
                Kind::Exotel,
                concat!(
                    "CallSid=11111111-2222-4333-8444-555555555555&CallFrom=%2B12025550100&CallTo=%2B12025550101&Direction=incoming",
                    "&Created=2026-11-21+05%3A30%3A00&DialCallDuration=0&StartTime=2026-11-21+05%3A30%3A00",
                    "&EndTime=1970-01-01+05%3A30%3A00&CallType=call-attempt&From=%2B12025550100&To=%2B12025550101",
                ),
            ),
            (Kind::Json, "{}"),
        ];
        assert_eq!(rows.len(), Kind::ALL.len());
        for (kind, expected) in rows {
            let request = request(kind, WEBHOOK, |plan| plan.method = Some(Method::Post));
            assert_eq!(body(&request), expected, "{kind}");
            assert_eq!(request.content_type, Some(Content::of(kind).media_type()), "{kind}");
            assert_eq!((request.url.expose(), headers(&request)), (WEBHOOK, Vec::new()), "{kind}");
        }
    }

    #[test]
    fn each_provider_has_its_method() {
        for &kind in Kind::ALL {
            let request = request(kind, WEBHOOK, |_| ());
            let asks = matches!(kind, Kind::Vonage | Kind::Exotel);
            assert_eq!(request.method, if asks { Method::Get } else { Method::Post }, "{kind}");
            assert_eq!((request.body.is_none(), request.content_type.is_none()), (asks, asks), "{kind}");
        }
    }

    #[test]
    fn a_get_has_its_parameters_behind_the_query_of_the_url() {
        let vonage = concat!(
            "https://voice.example.com/hook?tenant=a%20b&to=12025550101&from=12025550100",
            "&uuid=11111111-2222-4333-8444-555555555555&conversation_uuid=CON-66666666-7777-4888-8999-aaaaaaaaaaaa",
        );
        assert_eq!(request(Kind::Vonage, "https://voice.example.com/hook?tenant=a%20b", |_| ()).url.expose(), vonage);
        let get = |url: &str| request(Kind::Json, url, |plan| plan.method = Some(Method::Get)).url.expose().to_owned();
        assert_eq!(get(WEBHOOK), WEBHOOK, "no parameters, no question mark");
        assert_eq!(get("https://voice.example.com/hook?a=%zz"), "https://voice.example.com/hook?a=%zz", "a query stays as it is");
    }

    #[test]
    fn the_user_replaces_adds_and_takes_out() {
        let parameters =
            owned(&[("From", "sip:a@example.com"), ("x", "1"), ("Event", ""), ("y", ""), ("from", "2"), ("x", "3"), ("To", "")]);
        let request = request(Kind::Plivo, WEBHOOK, |plan| plan.parameters = &parameters);
        let expected = "CallUUID=11111111-2222-4333-8444-555555555555&From=sip%3Aa%40example.com&CallStatus=ringing&Direction=inbound&x=3&from=2";
        assert_eq!(body(&request), expected);
    }

    #[test]
    fn forms_are_encoded() {
        let rows = [
            (("a", "+1 2"), "a=%2B1+2"),
            (("a b", "c&d=e%f"), "a+b=c%26d%3De%25f"),
            (("City", "Zürich"), "City=Z%C3%BCrich"),
            (("a", "\u{1f4de}\r\n\0"), "a=%F0%9F%93%9E%0D%0A%00"),
            (("a", "A-Z_0.9*~"), "a=A-Z_0.9*%7E"),
        ];
        for (parameter, expected) in rows {
            let parameters = owned(&[parameter]);
            let request = request(Kind::Json, WEBHOOK, |plan| {
                (plan.parameters, plan.content) = (&parameters, Some(Content::Form));
            });
            assert_eq!(body(&request), expected);
        }
    }

    /// The vector of Twilio's documentation, and others made with `RequestValidator("12345").compute_signature` of `twilio` 9.13.0.
    #[test]
    fn twilio_takes_the_signatures() {
        let signing = Signing::Twilio { token: Secret::new("12345") };
        let call: &[_] = &[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let odd: &[_] = &[("a", "1"), ("token", "Zürich +")];
        let hash = "c09e106d82cc955e7929c4af3a8b0df27633026c8e16bbaa382f8f75408548a6";
        let (form, json) = (Some(Content::Form), Some(Content::Json));
        let (get, post) = (Some(Method::Get), None);
        let one: &[_] = &[("a", "1")];
        let rows = [
            ("https://mycompany.com/myapp.php?foo=1&bar=2", post, form, call, "", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", post, form, call, "", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://voice.example.com/hook?x=1", post, json, odd, hash, "jeJApfPEye7FGuR3MRISHSP6U6k="),
            ("https://voice.example.com/hook?x=1", get, form, odd, "", "ltfjg5K2z4A/Vl8t1BE8brI+mNg="),
            ("https://voice.example.com/hook?x=1", get, json, odd, "", "ltfjg5K2z4A/Vl8t1BE8brI+mNg="),
            ("https://voice.example.com#f", post, form, one, "", "goC5t3MnqFbdLVbpa22gUf9dS1g="),
            ("https://voice.example.com:8443/hook", post, form, one, "", "YvyhyAJfQp8oeTYFVfYebE5BpkE="),
            ("http://voice.example.com:80/hook", post, form, one, "", "pT/8JQifjOY3x0wNGjlqePKa6xc="),
            ("https://[2001:DB8:0::1]:443/hook", post, form, one, "", "qEAnXznfBxUHWIK+ktzLActl7xU="),
            ("https://[2001:db8::1]:8443/hook", post, form, one, "", "ZMtZoaj2CdHGTJ2OLy+udyQbxlw="),
        ];
        for (url, method, content, parameters, hash, signature) in rows {
            let parameters = owned(parameters);
            let request = request(Kind::Json, url, |plan| {
                (plan.parameters, plan.signing) = (&parameters, Some(&signing));
                (plan.method, plan.content) = (method, content);
            });
            assert_eq!(headers(&request), [("X-Twilio-Signature", signature)], "{url}");
            let said = Url::parse(request.url.expose()).unwrap();
            let said =
                said.query_pairs().find(|(name, _)| name == "bodySHA256").map_or_else(String::new, |pair| pair.1.into_owned());
            assert_eq!(said, hash, "{url}");
            assert!(!request.url.expose().contains(":443") && !request.url.expose().contains(":80/"), "{url}");
        }
    }

    #[test]
    fn a_shared_key_signs_with_its_name_and_signalwire_with_its_header() {
        let parameters = owned(&[("a", "1")]);
        fn signed<'a>(parameters: &'a [(String, Secret)], signing: &'a Signing) -> Request {
            request(Kind::Json, WEBHOOK, |plan| {
                (plan.parameters, plan.content, plan.signing) = (parameters, Some(Content::Form), Some(signing));
            })
        }
        let shared = signed(&parameters, &Signing::TwilioSharedKey { id: "key_1".to_owned(), secret: Secret::new("12345") });
        let expected = [
            ("X-Twilio-Signature", "yS6n9UvpFFMn3E0nuHCePEid4ErK824Ze1ZDrd2gagE="),
            ("X-Twilio-Webhooks-Signature-Settings", "key=key_1,algorithm=HMAC_SHA256"),
        ];
        assert_eq!(headers(&shared), expected);
        let twilio = signed(&parameters, &Signing::Twilio { token: Secret::new("k") });
        let signalwire = signed(&parameters, &Signing::Signalwire { key: Secret::new("k") });
        assert_eq!(headers(&signalwire), [("X-SignalWire-Signature", headers(&twilio)[0].1)]);
    }

    /// The signature was made with the package `plivo` 4.63.0; see `signature::plivo`.
    #[test]
    fn plivo_takes_the_signature() {
        let signing = Signing::Plivo { token: Secret::new("token") };
        let parameters = owned(&[("CallUUID", "c1"), ("Event", "")]);
        let signed = |url: &str, method| {
            request(Kind::Plivo, url, |plan| {
                (plan.parameters, plan.signing, plan.method) = (&parameters, Some(&signing), method);
                plan.fresh = 7 * 10_u128.pow(20) + 5_429_567_804_466_091_622;
            })
        };
        let request = signed("https://voice.example.com:443/answer", None);
        let expected = [
            ("X-Plivo-Signature-V3", "utUiN/iwu5QRHed9B1W6mE+veGu/kYb2hams2I3MFVc="),
            ("X-Plivo-Signature-Ma-V3", "utUiN/iwu5QRHed9B1W6mE+veGu/kYb2hams2I3MFVc="),
            ("X-Plivo-Signature-V3-Nonce", "05429567804466091622"),
        ];
        assert_eq!(headers(&request), expected);
        let get = signed("https://voice.example.com/answer", Some(Method::Get));
        let url = Url::parse(get.url.expose()).unwrap();
        let expected = plivo::sign(b"token", &url, &[], "05429567804466091622");
        assert_eq!(get.headers[0].1.expose(), expected, "the parameters of the query are signed, and once");
    }

    #[test]
    fn vonage_vouches_for_the_body_or_the_query() {
        let signing =
            Signing::Vonage { secret: Secret::new("s"), api_key: Some(Secret::new("k")), application: Some("app".to_owned()) };
        let signed = |method| {
            request(Kind::Vonage, "https://u:p@voice.example.com/hook?x=1", |plan| {
                (plan.signing, plan.method, plan.fresh) = (Some(&signing), Some(method), 0xab);
            })
        };
        let post = signed(Method::Post);
        let rows = [
            (signed(Method::Get), "6c00e6a51eedb9abb86eceff06f64dac0586a580060038cbfa6595aa0d60e4f8".to_owned()),
            (post.clone(), twilio::body_sha256(body(&post).as_bytes())),
        ];
        for (request, payload_hash) in rows {
            let claims = vonage::Claims {
                iat: 1_795_219_200,
                jti: "000000000000000000000000000000ab",
                iss: "Vonage",
                payload_hash: &payload_hash,
                api_key: Some("k"),
                application_id: Some("app"),
            };
            let token = format!("Bearer {}", vonage::token(b"s", &claims));
            assert_eq!(headers(&request), [("Authorization", token.as_str())], "and not the user's password");
        }
    }

    /// RFC 7617 section 2: `Aladdin` and `open sesame`.
    #[test]
    fn a_password_in_the_url_becomes_a_header() {
        let rows = [
            ("https://Aladdin:open%20sesame@voice.example.com/hook", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("https://u@voice.example.com/hook", "Basic dTo="),
            ("https://:%C3%a9%zz%4@voice.example.com/hook", "Basic OsOpJXp6JTQ="),
        ];
        for (url, value) in rows {
            let request = request(Kind::Bandwidth, url, |_| ());
            assert_eq!((request.url.expose(), headers(&request)), (WEBHOOK, vec![("Authorization", value)]), "{url}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let parameters = owned(&[("token", "canary")]);
        let url = Url::parse("https://u:canary@voice.example.com/hook?t=canary").unwrap();
        let call = call();
        let secret = || Secret::new("canary");
        let all = [
            Signing::Twilio { token: secret() },
            Signing::TwilioSharedKey { id: "k".to_owned(), secret: secret() },
            Signing::Signalwire { key: secret() },
            Signing::Plivo { token: secret() },
            Signing::Vonage { secret: secret(), api_key: Some(secret()), application: None },
        ];
        for signing in &all {
            for method in [Method::Get, Method::Post] {
                let mut plan = Plan::new(Kind::Json, &url, &call);
                (plan.parameters, plan.signing, plan.method) = (&parameters, Some(signing), Some(method));
                let request = plan.request();
                assert!(
                    request.url.expose().contains("canary")
                        && request.headers.iter().all(|(_, value)| !value.expose().is_empty())
                );
                let shown = format!("{plan:?} {request:?} {}", request.shown);
                assert!(!shown.contains("canary") && shown.contains("voice.example.com"), "{shown}");
                for (_, value) in &request.headers {
                    assert!(!shown.contains(value.expose()), "{shown}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_confirmed_has_sentences() {
        for (kind, sentences) in parameters::UNVERIFIED {
            assert!(!sentences.is_empty() && sentences.iter().all(|text| text.ends_with('.')), "{kind}");
            assert_eq!(parameters::UNVERIFIED.iter().filter(|(other, _)| other == kind).count(), 1, "{kind}");
        }
    }

    fn pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Vec<(String, String)> {
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    fn signings() -> impl Strategy<Value = Option<Signing>> {
        let secret = || any::<String>().prop_map(Secret::new);
        prop::option::of(prop_oneof![
            secret().prop_map(|token| Signing::Twilio { token }),
            (any::<String>(), secret()).prop_map(|(id, secret)| Signing::TwilioSharedKey { id, secret }),
            secret().prop_map(|key| Signing::Signalwire { key }),
            secret().prop_map(|token| Signing::Plivo { token }),
            (secret(), prop::option::of(secret())).prop_map(|(secret, api_key)| Signing::Vonage {
                secret,
                api_key,
                application: None
            }),
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is planned, what goes out decodes to the parameters that were meant.
        #[test]
        fn requests_decode_to_their_parameters(
            (kind, method, content) in (
                prop::sample::select(Kind::ALL),
                prop::option::of(prop::sample::select(Method::ALL)),
                prop::option::of(prop::sample::select(Content::ALL)),
            ),
            url in "https?://([a-z%:]{0,5}@)?(voice\\.example\\.com|\\[::1\\])(:[0-9]{1,4})?(/[ -~ü]{0,12})?",
            given in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
            named in prop::collection::vec(("From|To|CallSid|from|uuid|callId", any::<String>()), 0..4),
            (from, to, ids) in (any::<String>(), any::<String>(), any::<[String; 3]>()),
            signing in signings(),
            (fresh, began_unix_ms) in (any::<u128>(), any::<u64>()),
        ) {
            let Ok(url) = Url::parse(&url) else { return Ok(()) };
            let [call_id, account_id, session_id] = ids;
            let call = Call { call_id, stream_id: String::new(), account_id, session_id, began_unix_ms, up_unix_ms: began_unix_ms };
            let parameters: Vec<_> = given.into_iter().chain(named).map(|(name, value)| (name, Secret::new(value))).collect();
            let (parameters, signing) = (parameters.as_slice(), signing.as_ref());
            let plan = Plan { kind, url: &url, method, content, call: &call, from: &from, to: &to, parameters, signing, fresh };
            let request = plan.request();

            let meant: Vec<_> =
                exposed(&parameters::of(&plan)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let went = Url::parse(request.url.expose()).unwrap();
            prop_assert_eq!(went.as_str(), request.url.expose(), "what is signed is what is sent");
            let mut query = pairs(went.query_pairs());
            query.retain(|(name, _)| name != "bodySHA256");
            let own = pairs(url.query_pairs());
            match &request.body {
                None => prop_assert_eq!(query, [own, meant].concat()),
                Some(body) if request.content_type == Some(Content::Form.media_type()) => {
                    prop_assert_eq!(pairs(form_urlencoded::parse(body.expose().as_bytes())), meant);
                    prop_assert_eq!(query, own);
                }
                Some(body) => {
                    let said: HashMap<String, String> = serde_json::from_str(body.expose()).unwrap();
                    prop_assert_eq!(said, meant.into_iter().collect::<HashMap<_, _>>());
                    prop_assert_eq!(query, own);
                }
            }
        }
    }
}
