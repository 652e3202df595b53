//! Takes our own secrets out of what an endpoint says: error pages like to show the request, and some servers repeat a token in their
//! close reason.
//!
//! It works on the bytes as they came, before anything of them is kept, and on the sentences of warnings, in which a quotation may have
//! been cut already. Deliberately absent: secrets that the endpoint changed on the way (hashed, encoded in another way than as JSON, cut at
//! their beginning or in the middle by the endpoint itself), and guesses at what else could be one.
//!
//! Invariant: what comes out is never longer than what went in, and has none of the known secrets in it, nor the beginning of one that we
//! have cut.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::caller::Caller;
use crate::monitor::{Credentials, Monitor, SignaturePlan};
use crate::secret::Secret;
use crate::text::Printable;

/// What stands in a secret's place.
const MASK: &[u8] = b"***";
/// Shorter tokens and passwords are left alone: they would be found in every text.
const LEAST_CREDENTIAL: usize = 4;
/// The same for headers and query values, most of which are no secrets (`eu`, `true`, `mulaw`).
const LEAST_VALUE: usize = 8;
/// The beginning of a secret where a text was cut.
const LEAST_BEGINNING: usize = 8;
/// What [`Printable`] puts where it cuts.
const CUT: &[u8] = "…".as_bytes();

/// Beyond what can be configured.
const LONGEST_SECRET: usize = 1 << 20;

/// The secrets of one probe, in each form in which they are sent. The longest one is first, as one may be a part of another.
pub(super) struct Scrubber(Vec<Vec<u8>>);

impl Scrubber {
    /// The secrets of what `caller` sends for `monitor`.
    pub(super) fn new(monitor: &Monitor, caller: &Caller) -> Self {
        let (plan, resource) = (&monitor.dial, &caller.resource);
        let mut secrets = Vec::new();
        match &plan.credentials {
            None => {}
            Some(Credentials::Bearer(token)) => keep(&mut secrets, token.expose(), LEAST_CREDENTIAL),
            Some(Credentials::Basic { username, password }) => {
                keep(&mut secrets, password.expose(), LEAST_CREDENTIAL);
                let pair = BASE64_STANDARD.encode(format!("{username}:{}", password.expose()));
                keep(&mut secrets, &pair, LEAST_CREDENTIAL);
            }
        }
        let parameters = monitor.dialect.provider().map_or(&[][..], |settings| &settings.parameters);
        for (_, value) in plan.headers.iter().chain(parameters) {
            keep(&mut secrets, value.expose(), LEAST_VALUE);
        }
        for proof in &caller.proofs {
            keep(&mut secrets, proof.expose(), LEAST_CREDENTIAL);
            // The bytes of a structured header: `sig1=:…:` (RFC 8941 section 3.3.5).
            proof.expose().split(':').skip(1).step_by(2).for_each(|bytes| keep(&mut secrets, bytes, LEAST_VALUE));
        }
        for secret in signing(plan.signature.as_ref()) {
            keep(&mut secrets, secret.expose(), LEAST_CREDENTIAL);
        }
        let query = resource.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&') {
            // A parameter without `=` may be a bare token.
            keep(&mut secrets, pair.split_once('=').map_or(pair, |(_, value)| value), LEAST_VALUE);
        }
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            keep(&mut secrets, if value.is_empty() { &key } else { &value }, LEAST_VALUE);
        }
        Self::sorted(secrets)
    }

    /// Those of a request to a webhook and of its answer: what proves who we are, and values that may be tokens.
    pub(super) fn of<'s>(proofs: impl Iterator<Item = &'s Secret>, values: impl Iterator<Item = &'s Secret>) -> Self {
        let mut secrets = Vec::new();
        proofs.for_each(|secret| keep(&mut secrets, secret.expose(), LEAST_CREDENTIAL));
        values.for_each(|secret| keep(&mut secrets, secret.expose(), LEAST_VALUE));
        Self::sorted(secrets)
    }

    fn sorted(mut secrets: Vec<Vec<u8>>) -> Self {
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets)
    }

    /// `bytes` with `***` for every secret, and for the beginning of one that ends in `…` or with the text.
    pub(super) fn scrub<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut clean = Cow::Borrowed(&bytes[..0]);
        let (mut start, mut at) = (0, 0);
        while at < bytes.len() {
            match self.secret_at(&bytes[at..]) {
                None => at += 1,
                Some(length) => {
                    clean.to_mut().extend([&bytes[start..at], MASK].concat());
                    at += length;
                    start = at;
                }
            }
        }
        if start == 0 {
            return Cow::Borrowed(bytes);
        }
        clean.to_mut().extend(&bytes[start..]);
        clean
    }

    /// How much of the beginning of `rest` is a secret, or what is left of one that was cut.
    fn secret_at(&self, rest: &[u8]) -> Option<usize> {
        let length = |secret: &Vec<u8>| {
            let common = secret.iter().zip(rest).take_while(|(one, other)| one == other).count();
            let is_cut = || common >= LEAST_BEGINNING && (common == rest.len() || rest[common..].starts_with(CUT));
            (common == secret.len() || is_cut()).then_some(common)
        };
        self.0.iter().filter_map(length).max()
    }
}

/// What the signature is made with. It is not sent, and the server has it all the same.
fn signing(plan: Option<&SignaturePlan>) -> Vec<&Secret> {
    match plan {
        None => Vec::new(),
        Some(SignaturePlan::Twilio { token, .. }) => vec![token],
        Some(SignaturePlan::AudioHook { api_key, client_secret }) => client_secret.iter().chain([api_key]).collect(),
    }
}

/// The secret as it is, as it stands in JSON, and as [`Printable`] shows both.
fn keep(secrets: &mut Vec<Vec<u8>>, secret: &str, least: usize) {
    if secret.len() < least {
        return;
    }
    let json = serde_json::Value::from(secret).to_string();
    for form in [secret, json.get(1..json.len() - 1).unwrap_or(secret)] {
        secrets.push(form.as_bytes().to_vec());
        secrets.push(Printable::capture(form.as_bytes(), LONGEST_SECRET).as_str().as_bytes().to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{DialPlan, MonitorName, Target};
    use crate::signature::twilio::Algorithm;

    fn scrubber_of(dial: DialPlan, url: &str) -> Scrubber {
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse(url).unwrap());
        monitor.dial = dial;
        let caller = Caller::of(&monitor);
        Scrubber::new(&monitor, &caller)
    }

    fn scrubber() -> Scrubber {
        let plan = DialPlan {
            credentials: Some(Credentials::Basic { username: "u".into(), password: Secret::new("pass") }),
            headers: vec![
                ("X-Key".into(), Secret::new("canary-header")),
                ("X-Long".into(), Secret::new("canary-header-and-more")),
                ("X-Region".into(), Secret::new("eu")),
                ("X-Quoted".into(), Secret::new("say \"hi\"\nthere")),
            ],
            ..DialPlan::default()
        };
        scrubber_of(plan, "ws://h/media?token=canary%2Bquery&v=1&barecanarytoken&x")
    }

    #[test]
    fn secrets_become_stars() {
        let rows = [
            ("", ""),
            ("nothing of ours in europe", "nothing of ours in europe"),
            ("pass", "***"),
            ("a pass, a passport", "a ***, a ***port"),
            ("Basic dTpwYXNz!", "Basic ***!"),
            ("canary-header", "***"),
            ("canary-header-and-more canary-header-and-less", "*** ***-and-less"),
            ("canary%2Bquery canary+query", "*** ***"),
            ("barecanarytoken&v=1", "***&v=1"),
            ("cut: canary-h", "cut: ***"),
            ("too little to tell: canary-", "too little to tell: canary-"),
            ("`name` is canary-heade…, and ours is x", "`name` is ***…, and ours is x"),
            ("`name` is canary-…, and ours is x", "`name` is canary-…, and ours is x"),
            ("a header in JSON: say \\\"hi\\\"\\nthere, and shown: say \"hi\"\\nthere", "a header in JSON: ***, and shown: ***"),
            ("canary-hXcanary-header", "canary-hX***"),
        ];
        let scrubber = scrubber();
        for (text, clean) in rows {
            assert_eq!(String::from_utf8_lossy(&scrubber.scrub(text.as_bytes())), clean, "{text}");
        }
    }

    /// Whole, and of each length that a quotation may have left of it.
    #[test]
    fn what_is_left_of_a_long_secret_goes_too() {
        let long: String = (0..400_u32).map(|n| char::from(b'a' + u8::try_from(n * n % 23).unwrap())).collect();
        let plan = DialPlan { headers: vec![("X-Long".into(), Secret::new(long.clone()))], ..DialPlan::default() };
        let scrubber = scrubber_of(plan, "ws://h/media");
        for length in LEAST_BEGINNING..long.len() {
            let text = format!("the event {}… is unknown", &long[..length]);
            assert_eq!(scrubber.scrub(text.as_bytes()), "the event ***… is unknown".as_bytes());
        }
    }

    #[test]
    fn what_signs_is_secret() {
        let hook =
            SignaturePlan::AudioHook { api_key: Secret::new("canary-key"), client_secret: Some(Secret::new("Y2FuYXJ5c2VjcmV0")) };
        let twilio = SignaturePlan::Twilio {
            token: Secret::new("canary-token"),
            algorithm: Algorithm::Sha1,
            key_id: None,
            scheme: crate::monitor::UrlScheme::Wss,
        };
        for (plan, own) in [(hook, vec!["canary-key", "Y2FuYXJ5c2VjcmV0"]), (twilio, vec!["canary-token"])] {
            let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("wss://h/media").unwrap());
            monitor.dial.signature = Some(plan);
            let caller = Caller::of(&monitor);
            let scrubber = Scrubber::new(&monitor, &caller);
            let signature = caller.proofs.iter().map(Secret::expose).find(|proof| proof.ends_with([':', '='])).unwrap();
            let bytes = signature.strip_prefix("sig1=").unwrap_or(signature).trim_matches(':');
            for secret in own.into_iter().chain([signature, bytes]) {
                assert_eq!(&*scrubber.scrub(format!("so {secret}!").as_bytes()), b"so ***!", "{secret}");
            }
        }
    }

    #[test]
    fn what_is_clean_is_not_copied() {
        assert!(matches!(scrubber().scrub(b"nothing of ours"), Cow::Borrowed(_)));
        let none = scrubber_of(DialPlan::default(), "ws://h/media");
        assert!(matches!(none.scrub(b"canary-header"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_secret_is_left_and_nothing_grows(parts in proptest::collection::vec("(pass|canary-header(-and-more)?|[ -~]{0,4})", 0..20)) {
            let (scrubber, text) = (scrubber(), parts.concat());
            let clean = scrubber.scrub(text.as_bytes());
            proptest::prop_assert!(clean.len() <= text.len());
            let left = scrubber.0.iter().find(|secret| clean.windows(secret.len()).any(|window| window == secret.as_slice()));
            proptest::prop_assert_eq!(left, None);
        }
    }
}
