//! Takes our own secrets out of what an endpoint says: error pages like to show the request, and some servers repeat a token in their
//! close reason.
//!
//! It works on the bytes as they came, before anything of them is kept. Deliberately absent: secrets that the endpoint changed on the way
//! (hashed, encoded in another way, cut at their beginning), and guesses at what else could be one.
//!
//! Invariant: what comes out is never longer than what went in, and has none of the known secrets in it.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::caller::Caller;
use crate::monitor::{Credentials, Monitor};

/// What stands in a secret's place.
const MASK: &[u8] = b"***";
/// Shorter tokens and passwords are left alone: they would be found in every text.
const LEAST_CREDENTIAL: usize = 4;
/// The same for headers and query values, most of which are no secrets (`eu`, `true`, `mulaw`).
const LEAST_VALUE: usize = 8;
/// The beginning of a secret at the end of a text that was cut.
const LEAST_BEGINNING: usize = 8;

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
        for (_, value) in plan.headers.iter().chain(&caller.headers).chain(parameters) {
            keep(&mut secrets, value.expose(), LEAST_VALUE);
        }
        let query = resource.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&') {
            // A parameter without `=` may be a bare token.
            keep(&mut secrets, pair.split_once('=').map_or(pair, |(_, value)| value), LEAST_VALUE);
        }
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            keep(&mut secrets, if value.is_empty() { &key } else { &value }, LEAST_VALUE);
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets)
    }

    /// `bytes` with `***` for every secret, and for the beginning of one at the end.
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

    /// How much of the beginning of `rest` is a secret.
    fn secret_at(&self, rest: &[u8]) -> Option<usize> {
        let whole = self.0.iter().find(|secret| rest.starts_with(secret)).map(Vec::len);
        let is_cut = || rest.len() >= LEAST_BEGINNING && self.0.iter().any(|secret| secret.starts_with(rest));
        whole.or_else(|| is_cut().then_some(rest.len()))
    }
}

fn keep(secrets: &mut Vec<Vec<u8>>, secret: &str, least: usize) {
    if secret.len() >= least {
        secrets.push(secret.as_bytes().to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{DialPlan, MonitorName, Target};
    use crate::secret::Secret;

    fn scrubber_of(dial: DialPlan, url: &str) -> Scrubber {
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse(url).unwrap());
        monitor.dial = dial;
        let caller = Caller::new(&monitor);
        Scrubber::new(&monitor, &caller)
    }

    fn scrubber() -> Scrubber {
        let plan = DialPlan {
            credentials: Some(Credentials::Basic { username: "u".into(), password: Secret::new("pass") }),
            headers: vec![
                ("X-Key".into(), Secret::new("canary-header")),
                ("X-Long".into(), Secret::new("canary-header-and-more")),
                ("X-Region".into(), Secret::new("eu")),
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
            ("canary-hXcanary-header", "canary-hX***"),
        ];
        let scrubber = scrubber();
        for (text, clean) in rows {
            assert_eq!(String::from_utf8_lossy(&scrubber.scrub(text.as_bytes())), clean, "{text}");
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
