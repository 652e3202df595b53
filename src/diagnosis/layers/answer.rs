//! The answer of a probe that counts, and whether it shows a sign.

use url::Url;

use super::signature::{Move, Sign, Signature};
use crate::outcome::Phase;
use crate::report::{CertificateReport, Report, UpgradeReport, WebhookReport};
use crate::text::Printable;

/// How much of a header's value is shown as evidence.
const LONGEST_EVIDENCE: usize = 120;

/// What one end of the probe said: the stream's upgrade, or the webhook where the probe came no further.
pub(super) struct Answer<'r> {
    /// Where the request went.
    url: Option<Url>,
    pub(super) status: Option<u16>,
    headers: &'r [(Printable, Printable)],
    body: &'r str,
    certificates: &'r [CertificateReport],
    /// Did the chain pass the check?
    pub(super) trusted: bool,
    /// The seconds of the phase.
    took: Option<f64>,
    is_upgrade: bool,
}

impl<'r> Answer<'r> {
    /// `None` where nothing answered and there is not even a host to look at.
    pub(super) fn of(report: &'r Report) -> Option<Self> {
        let ended_at_webhook = report.upgrade.is_none() && report.phase == Some(Phase::Webhook);
        match &report.webhook {
            Some(webhook) if ended_at_webhook => Some(Self::of_webhook(webhook, report)),
            _ => Self::of_upgrade(report.upgrade.as_ref(), report),
        }
    }

    fn of_webhook(webhook: &'r WebhookReport, report: &Report) -> Self {
        Self {
            url: Url::parse(&webhook.url).ok(),
            status: webhook.status,
            headers: &webhook.headers,
            body: webhook.body.as_str(),
            certificates: &webhook.certificates,
            trusted: webhook.tls_reason.is_none(),
            took: report.phases.webhook,
            is_upgrade: false,
        }
    }

    fn of_upgrade(upgrade: Option<&'r UpgradeReport>, report: &'r Report) -> Option<Self> {
        let url = Url::parse(&report.target).ok();
        if upgrade.is_none() && url.is_none() {
            return None;
        }
        Some(Self {
            url,
            status: upgrade.and_then(|upgrade| upgrade.status),
            headers: upgrade.map_or(&[], |upgrade| &upgrade.headers),
            body: upgrade.map_or("", |upgrade| upgrade.body.as_str()),
            certificates: report.tls.as_ref().map_or(&[], |tls| &tls.certificates),
            trusted: report.tls.as_ref().is_none_or(|tls| tls.verified),
            took: report.phases.upgrade,
            is_upgrade: true,
        })
    }

    /// The lines of evidence, if all signs of the row hold.
    pub(super) fn shows(&self, signature: &Signature) -> Option<Vec<String>> {
        let mut evidence = Vec::with_capacity(signature.signs.len());
        for sign in signature.signs {
            evidence.extend(self.shows_sign(sign)?);
        }
        Some(evidence)
    }

    /// `None` if it does not hold; `Some(None)` if it holds and is no evidence of its own.
    fn shows_sign(&self, sign: &Sign) -> Option<Option<String>> {
        match *sign {
            Sign::Status(codes) => {
                let status = self.status.filter(|status| codes.contains(status))?;
                Some(Some(format!("status {status}")))
            }
            Sign::Header(name) => self.header(name, |_| true),
            Sign::HeaderIs(name, value) => self.header(name, |own| own.trim().eq_ignore_ascii_case(value)),
            Sign::HeaderBegins(name, value) => self.header(name, |own| starts_with(own, value)),
            Sign::HeaderContains(name, value) => self.header(name, |own| contains(own, value)),
            Sign::Product(name, product) => self.header(name, |own| names_product(own, product)),
            Sign::Via(proxy) => self.header("via", |own| names_proxy(own, proxy)),
            Sign::NoHeader(name) => {
                (self.status.is_some() && !self.headers.iter().any(|(own, _)| own.as_str() == name)).then_some(None)
            }
            Sign::Body(text) => contains(self.body, text).then(|| Some(format!("the body has `{text}`"))),
            Sign::BodyIs(text) => (self.status.is_some() && trimmed(self.body).eq_ignore_ascii_case(text))
                .then(|| Some(if text.is_empty() { "the body is empty".to_owned() } else { format!("the body is `{text}`") })),
            Sign::Certificate(text) => self.certificate(text).map(Some),
            Sign::Host(suffixes) => self.host(suffixes).map(Some),
            Sign::Moved(kind) => self.moved(kind).map(Some),
            Sign::Took(from, to) => {
                let took = self.took.filter(|took| (from..=to).contains(took))?;
                Some(Some(format!("the answer took {took:.1} s")))
            }
            Sign::Upgrade => self.is_upgrade.then_some(None),
        }
    }

    fn header(&self, name: &str, holds: impl Fn(&str) -> bool) -> Option<Option<String>> {
        let (_, value) = self.headers.iter().find(|(own, value)| own.as_str() == name && holds(value.as_str()))?;
        Some(Some(format!("{name}: {}", shortened(value.as_str()))))
    }

    fn certificate(&self, text: &str) -> Option<String> {
        let names = |certificate: &'r CertificateReport| [&certificate.subject, &certificate.issuer];
        let name = self.certificates.iter().flat_map(names).find(|name| contains(name.as_str(), text))?;
        Some(format!("certificate: {}", shortened(name.as_str())))
    }

    fn host(&self, suffixes: &[&str]) -> Option<String> {
        let host = self.url.as_ref()?.host_str()?.trim_end_matches('.');
        suffixes.iter().any(|suffix| ends_in(host, suffix)).then(|| format!("host {host}"))
    }

    /// Which kind of redirect it is; each is of one kind only.
    fn moved(&self, kind: Move) -> Option<String> {
        let (_, location) = self.headers.iter().find(|(name, _)| name.as_str() == "location")?;
        let to = location.as_str();
        (self.kind_of_move(to)? == kind).then(|| format!("location: {}", shortened(to)))
    }

    fn kind_of_move(&self, location: &str) -> Option<Move> {
        let from = self.url.as_ref()?;
        let to = from.join(location).ok()?;
        let same_host = to.host_str() == from.host_str();
        let same_path = to.path() == from.path();
        let is_tls = |url: &Url| matches!(url.scheme(), "https" | "wss");
        Some(if same_host && same_path && is_tls(&to) && !is_tls(from) {
            Move::ToTls
        } else if same_host && !same_path && to.path().trim_end_matches('/') == from.path().trim_end_matches('/') {
            Move::Slash
        } else if leads_to_login(&to) {
            Move::Login
        } else {
            Move::Elsewhere
        })
    }
}

/// Does a path's segment, or the first label of the host, say that it is a login page?
fn leads_to_login(to: &Url) -> bool {
    const WORDS: [&str; 9] = ["login", "signin", "sign-in", "sign_in", "auth", "authorize", "sso", "oauth2", "accounts"];
    let first_label = to.host_str().and_then(|host| host.split('.').next());
    let segments = to.path().split('/').map(|segment| segment.split('.').next().unwrap_or(segment));
    segments.chain(first_label).any(|part| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

/// `host` ends in the labels of `suffix` and has one more at least; `*` is any one label.
fn ends_in(host: &str, suffix: &str) -> bool {
    let mut labels = host.rsplit('.');
    let all_fit =
        suffix.rsplit('.').all(|wanted| labels.next().is_some_and(|own| wanted == "*" || own.eq_ignore_ascii_case(wanted)));
    all_fit && labels.next().is_some_and(|label| !label.is_empty())
}

/// Comments in parentheses are no products.
fn names_product(value: &str, product: &str) -> bool {
    let without_comment = value.split('(').next().unwrap_or(value);
    without_comment.split_whitespace().any(|word| word.split('/').next().unwrap_or(word).eq_ignore_ascii_case(product))
}

fn names_proxy(value: &str, proxy: &str) -> bool {
    value.split(',').any(|hop| {
        let mut words = hop.split_whitespace();
        let is_version = words.next().is_some_and(|word| word.chars().any(|c| c.is_ascii_digit()));
        is_version && words.next().is_some_and(|name| name.split('/').next().unwrap_or(name).eq_ignore_ascii_case(proxy))
    })
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.trim_start().get(..beginning.len()).is_some_and(|head| head.eq_ignore_ascii_case(beginning))
}

fn contains(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Without white space at the ends, which sanitised text has in its escaped form.
fn trimmed(mut text: &str) -> &str {
    loop {
        let before = text.len();
        text = text.trim();
        for escape in ["\\n", "\\r", "\\t"] {
            text = text.strip_prefix(escape).unwrap_or(text);
            text = text.strip_suffix(escape).unwrap_or(text);
        }
        if text.len() == before {
            return text;
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_EVIDENCE) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
