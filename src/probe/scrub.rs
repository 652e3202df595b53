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
use crate::text::{Printable, escape_html};
use crate::webhook::query_values;

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
/// How far behind the text that is kept we look for the end of a secret. Of a longer one the beginning is found.
const LONGEST_OVERHANG: usize = 4 * 1024;

/// What is known to be secret: what proves who we are, and values that may be tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) proofs: Vec<Secret>,
    pub(super) values: Vec<Secret>,
}

/// The secrets of one probe, in each form in which they are sent.
pub(super) struct Scrubber {
    /// In the order of their bytes, so that those with the same beginning are neighbours.
    secrets: Vec<Vec<u8>>,
    /// Of each secret the longest other one that is its beginning.
    shorter: Vec<Option<usize>>,
    longest: usize,
}

impl Scrubber {
    /// The secrets of what `caller` sends for `monitor`.
    pub(super) fn new(monitor: &Monitor, caller: &Caller) -> Self {
        let plan = &monitor.dial;
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
        let query = caller.resource.split_once('?').map_or("", |(_, query)| query);
        query_values(query).iter().for_each(|value| keep(&mut secrets, value.expose(), LEAST_VALUE));
        caller.known.keep_in(&mut secrets);
        Self::of_forms(secrets)
    }

    /// The secrets of a request to a webhook and of its answer.
    pub(super) fn of(known: &Known) -> Self {
        let mut secrets = Vec::new();
        known.keep_in(&mut secrets);
        Self::of_forms(secrets)
    }

    fn of_forms(mut secrets: Vec<Vec<u8>>) -> Self {
        secrets.sort_unstable();
        secrets.dedup();
        let mut shorter: Vec<Option<usize>> = Vec::with_capacity(secrets.len());
        for at in 0..secrets.len() {
            let mut candidate = at.checked_sub(1);
            while let Some(before) = candidate.filter(|before| !secrets[at].starts_with(&secrets[*before])) {
                candidate = shorter[before];
            }
            shorter.push(candidate);
        }
        let longest = secrets.iter().map(Vec::len).max().unwrap_or(0);
        Self { secrets, shorter, longest }
    }

    /// What of `bytes` has to be looked at if no more than `limit` of it is kept.
    pub(super) fn head<'b>(&self, bytes: &'b [u8], limit: usize) -> &'b [u8] {
        &bytes[..bytes.len().min(limit.saturating_add(self.longest.clamp(LEAST_BEGINNING, LONGEST_OVERHANG)))]
    }

    /// `bytes` with `***` for every secret, and for the beginning of one that ends in `…` or with the text.
    pub(super) fn scrub<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut clean = Cow::Borrowed(&bytes[..0]);
        let (mut start, mut at) = (0, 0);
        let mut cut = 0;
        while at < bytes.len() {
            // The first place at which a beginning that starts here may have been cut.
            if cut < at + LEAST_BEGINNING {
                cut = next_cut(bytes, at + LEAST_BEGINNING);
            }
            match self.secret_at(&bytes[at..], cut - at) {
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

    /// How much of the beginning of `rest` is a secret, or what is left of one that was cut. `cut` is where `rest` may have been cut first.
    fn secret_at(&self, rest: &[u8], cut: usize) -> Option<usize> {
        let place = self.secrets.partition_point(|secret| secret.as_slice() <= rest);
        // Those with the longest common beginning stand beside the place of `rest` itself.
        let before = place.checked_sub(1);
        let common = before.into_iter().chain([place]).filter_map(|at| Some(common(self.secrets.get(at)?, rest))).max()?;
        let mut whole = before;
        while let Some(at) = whole.filter(|at| !rest.starts_with(&self.secrets[*at])) {
            whole = self.shorter[at];
        }
        let whole = whole.map(|at| self.secrets[at].len());
        let is_cut = |length: usize| length >= LEAST_BEGINNING && (length == rest.len() || rest[length..].starts_with(CUT));
        // The sign of a cut may be a part of a secret as well.
        let left = [common, cut].into_iter().filter(|length| *length <= common && is_cut(*length)).max();
        whole.max(left)
    }
}

/// The first `…` of ours from `from` on, or the end.
fn next_cut(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memchr::memmem::find(rest, CUT).map_or_else(|| bytes.len().max(from), |at| from + at)
}

/// How many bytes both begin with.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

impl Known {
    fn keep_in(&self, secrets: &mut Vec<Vec<u8>>) {
        self.proofs.iter().for_each(|secret| keep(secrets, secret.expose(), LEAST_CREDENTIAL));
        self.values.iter().for_each(|secret| keep(secrets, secret.expose(), LEAST_VALUE));
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

/// The secret as it is, as it stands in JSON and HTML, and as [`Printable`] shows these.
fn keep(secrets: &mut Vec<Vec<u8>>, secret: &str, least: usize) {
    if secret.len() < least {
        return;
    }
    let json = serde_json::Value::from(secret).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or(secret);
    // Some writers of JSON escape slashes as well.
    let forms = [secret.to_owned(), json.to_owned(), json.replace('/', "\\/"), escape_html(secret)];
    for form in forms {
        let shown = Printable::capture(form.as_bytes(), LONGEST_SECRET);
        secrets.extend([shown.as_str().as_bytes().to_vec(), form.into_bytes()]);
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
                ("X-Path".into(), Secret::new("path/to/token")),
                ("X-Quoted".into(), Secret::new("say \"hi\"\nthere")),
            ],
            ..DialPlan::default()
        };
        scrubber_of(plan, "ws://h/media?token=canary%2Bquery&v=1&along-barecanarytoken&environment=prod&short-bare-key")
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
            ("along-barecanarytoken&v=1", "***&v=1"),
            ("environment: short-bare-key", "environment: short-bare-key"),
            ("cut: canary-h", "cut: ***"),
            ("too little to tell: canary-", "too little to tell: canary-"),
            ("`name` is canary-heade…, and ours is x", "`name` is ***…, and ours is x"),
            ("`name` is canary-…, and ours is x", "`name` is canary-…, and ours is x"),
            ("a header in JSON: say \\\"hi\\\"\\nthere, and shown: say \"hi\"\\nthere", "a header in JSON: ***, and shown: ***"),
            (r"of PHP: path\/to\/token and path/to/token", "of PHP: *** and ***"),
            ("a page: say &quot;hi&quot;\nthere", "a page: ***"),
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

    /// How it would be done without an index.
    fn slowly(secrets: &[Vec<u8>], bytes: &[u8]) -> Vec<u8> {
        let (mut clean, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let rest = &bytes[at..];
            let length = |secret: &Vec<u8>| {
                let common = common(secret, rest);
                let is_cut = common >= LEAST_BEGINNING && (common == rest.len() || rest[common..].starts_with(CUT));
                (common == secret.len() || is_cut).then_some(common)
            };
            match secrets.iter().filter_map(length).max() {
                Some(length) => {
                    clean.extend_from_slice(MASK);
                    at += length;
                }
                None => {
                    clean.push(bytes[at]);
                    at += 1;
                }
            }
        }
        clean
    }

    /// Those of a document that hands out thousands, all with the same beginning; text and secrets are such that each comparison is long.
    #[test]
    fn many_secrets_take_no_longer_than_few() {
        let began = tokio::time::Instant::now();
        let values = (0..20_000).map(|n| Secret::new(format!("{}{n:05}", "canary-value-".repeat(8)))).collect();
        let scrubber = Scrubber::of(&Known { proofs: Vec::new(), values });
        let text = "canary-value-".repeat(4_000) + "00007 " + &"canary-value-".repeat(8) + "19999";
        let head = scrubber.head(text.as_bytes(), 4_096);
        assert!(head.len() < 4_096 + 200);
        scrubber.scrub(head);
        let clean = scrubber.scrub(text.as_bytes());
        assert!(clean.ends_with(b"-*** ***"), "{}", String::from_utf8_lossy(&clean[clean.len() - 20..]));
        // One after the other it is a thousand million comparisons of a hundred bytes.
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_cut_loses_no_secret() {
        let scrubber = scrubber();
        let text = "x".repeat(90) + "canary-header-and-more" + &"y".repeat(90);
        for limit in 80..=text.len() {
            let clean = scrubber.scrub(scrubber.head(text.as_bytes(), limit)).into_owned();
            let kept = String::from_utf8_lossy(&clean[..clean.len().min(limit)]).into_owned();
            assert!(!kept.contains("canary"), "{limit}: {kept}");
        }
    }

    proptest::proptest! {
        /// Also where secrets are beginnings of each other, and where texts are cut.
        #[test]
        fn the_index_finds_what_a_search_finds(
            secrets in proptest::collection::vec("[ab]{4,24}", 0..12),
            parts in proptest::collection::vec("[ab]{0,24}(…|c)?", 0..12),
        ) {
            let values = secrets.iter().map(Secret::new).collect();
            let scrubber = Scrubber::of(&Known { proofs: values, values: Vec::new() });
            let text = parts.concat();
            let (found, expected) = (scrubber.scrub(text.as_bytes()).into_owned(), slowly(&scrubber.secrets, text.as_bytes()));
            proptest::prop_assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(&expected));
        }

        #[test]
        fn no_secret_is_left_and_nothing_grows(parts in proptest::collection::vec("(pass|canary-header(-and-more)?|[ -~]{0,4})", 0..20)) {
            let (scrubber, text) = (scrubber(), parts.concat());
            let clean = scrubber.scrub(text.as_bytes());
            proptest::prop_assert!(clean.len() <= text.len());
            let left = scrubber.secrets.iter().find(|secret| clean.windows(secret.len()).any(|window| window == secret.as_slice()));
            proptest::prop_assert_eq!(left, None);
        }
    }
}
