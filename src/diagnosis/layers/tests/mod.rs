//! Every row of the table is hit by a realistic answer, and answers that only look alike are not.

mod near;
mod rows;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::answer::Answer;
use super::*;
use crate::outcome::{Confidence, Outcome, Phase, Reason};
use crate::report::{CertificateReport, FindingReport, UpgradeReport, WebhookReport};
use crate::supervisor::fixture;
use crate::text::Printable;
use crate::wall::Timestamp;

/// An answer, as text: the status, header lines, an empty line, the body.
#[derive(Clone, Debug)]
struct Case {
    url: &'static str,
    text: &'static str,
    certificate: Option<&'static str>,
    verified: bool,
    took: Option<f64>,
    is_webhook: bool,
    /// The rows that it must hit.
    hits: &'static str,
    /// The layers that must be recognised, in order.
    layers: &'static str,
    /// The findings that must be made, the surest first: `label confidence`.
    findings: &'static [&'static str],
}

fn case(
    hits: &'static str,
    url: &'static str,
    text: &'static str,
    layers: &'static str,
    findings: &'static [&'static str],
) -> Case {
    Case { url, text, certificate: None, verified: true, took: None, is_webhook: false, hits, layers, findings }
}

impl Case {
    fn certificate(self, name: &'static str) -> Self {
        Self { certificate: Some(name), verified: false, ..self }
    }

    fn took(self, seconds: f64) -> Self {
        Self { took: Some(seconds), ..self }
    }

    fn webhook(self) -> Self {
        Self { is_webhook: true, ..self }
    }

    fn parts(&self) -> (Option<u16>, Vec<(Printable, Printable)>, Printable) {
        let (head, body) = self.text.split_once("\n\n").unwrap_or((self.text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (Printable::trusted(name), Printable::capture(value.as_bytes(), 256)));
        (status, headers.collect(), Printable::capture(body.as_bytes(), 4096))
    }

    fn report(&self) -> Report {
        let (status, headers, body) = self.parts();
        let mut report = fixture::failure("m", Reason::HttpOther);
        let certificates = self.certificate.map(certificate).into_iter().collect();
        if self.is_webhook {
            (report.phase, report.upgrade, report.tls) = (Some(Phase::Webhook), None, None);
            report.phases.webhook = self.took;
            let url = self.url.to_owned();
            let tls_reason = (!self.verified).then_some(Reason::TlsSelfSigned);
            report.webhook = Some(webhook(url, status, headers, body, certificates, tls_reason));
            return report;
        }
        report.target = self.url.to_owned();
        report.phases.upgrade = self.took.or(report.phases.upgrade);
        let tls = report.tls.as_mut().unwrap();
        (tls.certificates, tls.verified) = (certificates, self.verified);
        report.upgrade = status.map(|status| upgrade(Some(status), headers, body));
        if report.upgrade.is_none() {
            report.phase = Some(Phase::Tls);
        }
        report
    }
}

fn certificate(name: &str) -> CertificateReport {
    CertificateReport {
        subject: Printable::trusted(name),
        issuer: Printable::trusted(name),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(1_800_000_000),
        names: Vec::new(),
    }
}

fn upgrade(status: Option<u16>, headers: Vec<(Printable, Printable)>, body: Printable) -> UpgradeReport {
    UpgradeReport { status, http_version: Some("1.1".to_owned()), headers, body, clock_skew_seconds: None }
}

fn webhook(
    url: String,
    status: Option<u16>,
    headers: Vec<(Printable, Printable)>,
    body: Printable,
    certificates: Vec<CertificateReport>,
    tls_reason: Option<Reason>,
) -> WebhookReport {
    WebhookReport {
        url,
        method: "POST",
        provider: "twilio",
        signed: false,
        address: None,
        certificates,
        tls_reason,
        status,
        headers,
        body,
        stream: None,
        lint: Vec::new(),
    }
}

fn hit(report: &Report) -> Vec<&'static str> {
    let Some(answer) = Answer::of(report) else { return Vec::new() };
    matching(&answer).map(|(row, _)| row.name).collect()
}

fn layers_of(report: &Report) -> String {
    who_answered(report).iter().map(|found| found.layer.label()).collect::<Vec<_>>().join(", ")
}

fn said(findings: &[FindingReport]) -> Vec<String> {
    findings.iter().map(|found| format!("{} {}", found.finding, found.confidence)).collect()
}

fn row(name: &str) -> &'static Signature {
    signatures().find(|row| row.name == name).unwrap_or_else(|| panic!("there is no row {name}"))
}

#[test]
fn every_case_is_recognised() {
    let mut wrong = Vec::new();
    for case in rows::cases() {
        let report = case.report();
        let hit = hit(&report);
        let missed: Vec<_> = case.hits.split_whitespace().filter(|name| !hit.contains(name)).collect();
        let (layers, findings) = (layers_of(&report), findings(&report));
        if !missed.is_empty() || layers != case.layers || said(&findings) != case.findings {
            wrong.push(format!("{}: missed {missed:?}, layers {layers:?}, findings {:?}", case.hits, said(&findings)));
        }
        for found in &findings {
            assert!(!found.evidence.is_empty() && !found.says.is_empty() && !found.remedy.is_empty(), "{found:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without any one of its signs, the same answer is no longer hit by the row.
#[test]
fn every_sign_is_needed() {
    for case in rows::cases() {
        for row in case.hits.split_whitespace().map(row) {
            for sign in row.signs.iter().filter(|sign| !matches!(sign, Sign::Upgrade)) {
                let report = without(case.report(), sign);
                assert!(!hit(&report).contains(&row.name), "{} holds without {sign:?}", row.name);
            }
        }
    }
}

/// The same report with this sign taken out of it.
fn without(mut report: Report, sign: &Sign) -> Report {
    let (mut status, mut headers, mut body) = (None, Vec::new(), Printable::default());
    if let Some(upgrade) = &report.upgrade {
        (status, headers, body) = (upgrade.status, upgrade.headers.clone(), upgrade.body.clone());
    } else if let Some(webhook) = &report.webhook {
        (status, headers, body) = (webhook.status, webhook.headers.clone(), webhook.body.clone());
    }
    match *sign {
        Sign::Status(_) => status = Some(418),
        Sign::Header(name)
        | Sign::HeaderIs(name, _)
        | Sign::HeaderBegins(name, _)
        | Sign::HeaderContains(name, _)
        | Sign::Product(name, _) => headers.retain(|(own, _)| own.as_str() != name),
        Sign::Via(_) => headers.retain(|(own, _)| own.as_str() != "via"),
        Sign::Moved(_) => headers.retain(|(own, _)| own.as_str() != "location"),
        Sign::NoHeader(name) => headers.push((Printable::trusted(name), Printable::trusted("x"))),
        Sign::Body(_) | Sign::BodyIs(_) => body = Printable::trusted("something else"),
        Sign::Certificate(_) => {
            report.tls = None;
            report.webhook.iter_mut().for_each(|webhook| webhook.certificates.clear());
        }
        Sign::Host(_) => report.target = "wss://voice.example.com/media".to_owned(),
        Sign::Took(..) => (report.phases.upgrade, report.phases.webhook) = (Some(1.0), Some(1.0)),
        Sign::Upgrade => {}
    }
    if let Some(upgrade) = &mut report.upgrade {
        (upgrade.status, upgrade.headers, upgrade.body) = (status, headers, body);
    } else if let Some(webhook) = &mut report.webhook {
        (webhook.status, webhook.headers, webhook.body) = (status, headers, body);
    }
    report
}

#[test]
fn every_row_has_a_case() {
    let cases = rows::cases();
    let listed: BTreeSet<_> = cases.iter().flat_map(|case| case.hits.split_whitespace()).collect();
    let missing: Vec<_> = signatures().map(|row| row.name).filter(|name| !listed.contains(name)).collect();
    assert!(missing.is_empty(), "rows without a case: {missing:?}");
}

/// A row's meaning comes through: in the layer's own entry, and as a finding of its kind.
#[test]
fn every_meaning_is_said() {
    for case in rows::cases() {
        let report = case.report();
        let kinds: Vec<_> = findings(&report).iter().map(|found| found.finding).collect();
        for row in case.hits.split_whitespace().map(row) {
            let (Some(meaning), Some(layer)) = (&row.meaning, row.layer) else { continue };
            assert!(kinds.contains(&meaning.finding), "{}: {kinds:?}", row.name);
            let own = who_answered(&report).into_iter().find(|found| found.layer == layer).unwrap();
            assert!(own.meaning.is_some() && !own.evidence.is_empty(), "{}: {own:?}", row.name);
        }
    }
}

#[test]
fn near_misses_say_nothing() {
    for (case, must_not) in near::cases() {
        let report = case.report();
        let hit = hit(&report);
        for name in must_not.split_whitespace() {
            assert_eq!(row(name).name, name);
            assert!(!hit.contains(&name), "{name} is hit: {case:?}");
        }
        assert_eq!(layers_of(&report), case.layers, "{case:?}");
        assert_eq!(said(&findings(&report)), case.findings, "{case:?}");
    }
}

#[test]
fn rows_are_well_formed() {
    let mut names = BTreeSet::new();
    for row in signatures() {
        assert!(names.insert(row.name), "{} is there twice", row.name);
        assert!(row.source.starts_with("https://"), "{}: {}", row.name, row.source);
        assert_eq!(row.verified(), row.standing == Standing::Documented);
        let texts: Vec<&str> = row.signs.iter().flat_map(texts).collect();
        assert!(texts.iter().all(|text| !text.is_empty()), "{}: an empty text fits everything", row.name);
        let evidence = row.signs.iter().filter(|sign| !matches!(sign, Sign::Upgrade | Sign::NoHeader(_)));
        assert!(evidence.count() > 0, "{} has no evidence", row.name);
        let Some(meaning) = &row.meaning else { continue };
        assert!(!meaning.says.is_empty() && !meaning.fix.is_empty() && !meaning.fix.ends_with('.'), "{}", row.name);
        assert!(row.layer.is_none() || row.signs.iter().any(is_specific), "{}: a status alone is nobody's own", row.name);
    }
    let layers: BTreeSet<_> = signatures().filter_map(|row| row.layer).collect();
    assert_eq!(layers.len(), Layer::ALL.len(), "a layer without a row");
    assert!(Layer::ALL.is_sorted_by_key(|layer| layer.tier()), "layers are declared from the front to the back");
}

fn texts(sign: &Sign) -> Vec<&'static str> {
    match *sign {
        Sign::Header(name) | Sign::NoHeader(name) => vec![name],
        Sign::HeaderIs(name, text)
        | Sign::HeaderBegins(name, text)
        | Sign::HeaderContains(name, text)
        | Sign::Product(name, text) => vec![name, text],
        Sign::Via(text) | Sign::Body(text) | Sign::Certificate(text) => vec![text],
        Sign::Host(hosts) => hosts.to_vec(),
        Sign::BodyIs(_) | Sign::Status(_) | Sign::Moved(_) | Sign::Took(..) | Sign::Upgrade => Vec::new(),
    }
}

const fn is_specific(sign: &Sign) -> bool {
    !matches!(sign, Sign::Status(_) | Sign::Upgrade | Sign::NoHeader(_) | Sign::Took(..))
}

/// What is not documented is never said as certain, what nobody has read a source of only as consistent.
#[test]
fn a_finding_is_no_surer_than_its_row() {
    for case in rows::cases() {
        let report = case.report();
        let known = |kind| {
            let rows = case.hits.split_whitespace().map(row).chain(hit(&report).into_iter().map(row));
            rows.filter(|row| row.meaning.is_some_and(|meaning| meaning.finding == kind)).map(|row| row.standing).min().unwrap()
        };
        for found in findings(&report) {
            let most = known(found.finding).allows(usize::MAX);
            assert!(found.confidence >= most, "{found:?}");
        }
    }
    assert_eq!(Standing::Assumed.allows(9), Confidence::Consistent);
    assert_eq!(Standing::Seen.allows(1), Confidence::Consistent);
    assert_eq!(Standing::Seen.allows(9), Confidence::Likely);
    assert_eq!(Standing::Documented.allows(1), Confidence::Likely);
    assert_eq!(Standing::Documented.allows(2), Confidence::Certain);
}

/// `on the way` names all of them, and a server behind that shows itself speaks against a front that says there is none.
#[test]
fn evidence_names_the_layers_and_what_speaks_against() {
    let text = "502\nserver: cloudflare\ncf-ray: 1-FRA\nrndr-id: a\nx-render-origin-server: uvicorn\n\n\
                <html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center>";
    let found = findings(&case("", "wss://voice.example.com/media", text, "", &[]).report());
    assert!(found[0].evidence.contains(&"on the way: cloudflare, render, nginx".to_owned()), "{found:?}");

    let text =
        "404\nserver: railway-edge\nx-railway-fallback: true\nx-powered-by: Express\n\n{\"message\":\"Application not found\"}";
    let found = findings(&case("", "wss://voice.up.railway.app/media", text, "", &[]).report());
    let against = "against: x-powered-by: Express shows that express behind it answered";
    assert!(found[0].evidence.iter().any(|line| line == against), "{found:?}");
    assert_eq!(found[0].confidence, Confidence::Consistent);
}

#[test]
fn only_failures_before_the_line_are_explained() {
    for case in rows::cases() {
        let failed = case.report();
        let held = Report { phase: Some(Phase::Hold), ..failed.clone() };
        let clean = Report { outcome: Outcome::Success, phase: None, reason: None, ..failed.clone() };
        let unsure = Report { outcome: Outcome::Inconclusive, ..failed.clone() };
        for report in [held, clean, unsure] {
            assert_eq!(findings(&report), [], "{case:?}");
            assert!(who_answered(&report).iter().all(|found| found.meaning.is_none()), "{case:?}");
        }
    }
}

#[test]
fn a_good_line_shows_its_layers() {
    let text = "101\nserver: cloudflare\ncf-ray: 1-FRA\nrndr-id: a\nx-powered-by: Express\nupgrade: websocket";
    let mut report = case("", "wss://voice.onrender.com/media", text, "", &[]).report();
    (report.outcome, report.phase, report.reason) = (Outcome::Success, None, None);
    let found = who_answered(&report);
    assert_eq!(layers_of(&report), "cloudflare, render, express");
    assert_eq!(found[0].evidence, ["cf-ray: 1-FRA", "server: cloudflare"]);
    assert_eq!(found[1].evidence, ["rndr-id: a", "host voice.onrender.com"]);
}

#[test]
fn the_page_has_every_row() {
    let page = markdown();
    assert_eq!(page.lines().filter(|line| line.starts_with("| ")).count(), signatures().count() + 2);
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(cells == 6 || cells == 10, "{cells} in {line}");
    }
    for row in signatures() {
        let address = row.source.split([' ', ',']).next().unwrap();
        assert!(page.contains(address), "{}", row.name);
    }
}

fn word() -> impl Strategy<Value = String> {
    let texts = signatures().flat_map(|row| row.signs.iter().flat_map(texts)).collect::<Vec<_>>();
    prop_oneof![Just(String::new()), "\\PC{0,20}", prop::sample::select(texts).prop_map(str::to_owned), "[ -~]{0,40}"]
}

proptest! {
    /// Whatever answers: nothing panics, each layer is there once and with evidence, and each kind of finding once.
    #[test]
    fn anything_can_answer(
        status in prop::option::of(prop_oneof![100u16..600, prop::sample::select(vec![200u16, 301, 400, 403, 404, 426, 502, 530])]),
        headers in prop::collection::vec((word(), word()), 0..8),
        body in prop::collection::vec(word(), 0..4),
        url in prop_oneof![Just("wss://a.onrender.com/x".to_owned()), word()],
        name in word(),
        at_webhook: bool,
    ) {
        let headers: Vec<_> = headers.into_iter()
            .map(|(name, value)| (Printable::trusted(name), Printable::capture(value.as_bytes(), 256))).collect();
        let body = Printable::capture(body.concat().as_bytes(), 4096);
        let mut report = fixture::failure("m", Reason::HttpOther);
        report.target.clone_from(&url);
        report.tls.as_mut().unwrap().certificates = vec![certificate(&name)];
        if at_webhook {
            (report.phase, report.upgrade) = (Some(Phase::Webhook), None);
            report.webhook = Some(webhook(url, status, headers, body, Vec::new(), None));
        } else {
            report.upgrade = Some(upgrade(status, headers, body));
        }
        let found = who_answered(&report);
        prop_assert!(found.windows(2).all(|pair| pair[0].layer < pair[1].layer));
        prop_assert!(found.iter().all(|found| !found.evidence.is_empty()));
        let findings = findings(&report);
        let kinds: BTreeSet<_> = findings.iter().map(|found| found.finding).collect();
        prop_assert_eq!(kinds.len(), findings.len());
        prop_assert!(findings.iter().all(|found| !found.evidence.is_empty()));
        prop_assert!(status != Some(101) || findings.is_empty());
    }

    /// A clean probe is never explained, whatever its headers are.
    #[test]
    fn a_clean_probe_has_no_findings(headers in prop::collection::vec((word(), word()), 0..8), name in word()) {
        let mut report = fixture::report("m", Outcome::Success);
        report.tls.as_mut().unwrap().certificates = vec![certificate(&name)];
        report.upgrade.as_mut().unwrap().headers =
            headers.into_iter().map(|(name, value)| (Printable::trusted(name), Printable::trusted(value))).collect();
        prop_assert_eq!(findings(&report), []);
        prop_assert!(who_answered(&report).iter().all(|found| found.meaning.is_none()));
    }
}

/// The hosts that a voice agent stands on as a rule: each has rows, and answers that look like its own and are not.
#[test]
fn usual_hosts_are_known_and_not_mistaken() {
    use Layer::{
        Apache, AwsAlb, AwsApiGateway, AzureAppService, Caddy, CloudFront, CloudRun, Cloudflare, CloudflareTunnel, Envoy,
        Express, Fly, GcpLoadBalancer, Gunicorn, Haproxy, Heroku, Nginx, Ngrok, Railway, Render, SocketIo, Traefik, Uvicorn,
        Vercel,
    };
    let usual = [
        Ngrok,
        Railway,
        Render,
        Heroku,
        Fly,
        Vercel,
        Cloudflare,
        CloudflareTunnel,
        AwsAlb,
        AwsApiGateway,
        CloudFront,
        GcpLoadBalancer,
        CloudRun,
        AzureAppService,
        Nginx,
        Apache,
        Haproxy,
        Caddy,
        Traefik,
        Envoy,
        Express,
        Uvicorn,
        Gunicorn,
        SocketIo,
    ];
    let near: BTreeSet<&str> = near::cases().iter().flat_map(|(_, never)| never.split_whitespace()).collect();
    for layer in usual {
        let rows: Vec<_> = signatures().filter(|row| row.layer == Some(layer)).collect();
        assert!(rows.iter().any(|row| row.meaning.is_some()), "{layer} has no answer that means something");
        assert!(rows.iter().any(|row| near.contains(row.name)), "{layer} has no near miss");
    }
}
