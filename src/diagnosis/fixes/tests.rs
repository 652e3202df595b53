//! Every row is chosen by what calls for it and by nothing else, and its snippet can be shown and pasted.

use std::collections::BTreeSet;

use super::*;
use crate::diagnosis::layers::{Move, Sign, Signature, signatures};
use crate::dialect::Dialect;
use crate::monitor::{MonitorName, Target, Webhook, WebhookKind, WebhookUrl};
use crate::outcome::{Check, Confidence};
use crate::report::{CertificateReport, CheckReport, FindingReport, TlsReport, UpgradeReport};
use crate::supervisor::fixture;
use crate::text::Printable;
use crate::wall::Timestamp;

/// Columns of a snippet.
const WIDTH: usize = 76;
/// Lines of a snippet.
const LINES: usize = 10;

fn monitor(url: &str) -> Monitor {
    Monitor::new(MonitorName::new("m").unwrap(), Target::parse(url).unwrap())
}

fn of_webhook(url: &str, kind: WebhookKind) -> Monitor {
    let mut monitor = monitor("wss://voice.example.com/");
    monitor.endpoint = Endpoint::Webhook(Box::new(Webhook::new(kind, WebhookUrl::parse(url).unwrap())));
    monitor
}

/// A failed upgrade with an answer that has nothing in it.
fn failed(reason: Reason) -> Report {
    let mut report = fixture::failure("m", reason);
    report.target = "wss://voice.example.com/media-stream".to_owned();
    report.tls = None;
    report.upgrade = Some(UpgradeReport {
        status: Some(418),
        http_version: Some("1.1".to_owned()),
        headers: Vec::new(),
        body: Printable::default(),
        clock_skew_seconds: None,
    });
    report
}

/// Puts into the answer what these signs want.
fn show(report: &mut Report, signs: &[Sign]) {
    for sign in signs {
        let upgrade = report.upgrade.as_mut().unwrap();
        let mut header = |name: &str, value: &str| upgrade.headers.push((Printable::trusted(name), Printable::trusted(value)));
        match *sign {
            Sign::Status(codes) => upgrade.status = Some(codes[0]),
            Sign::Header(name) => header(name, "1"),
            Sign::HeaderIs(name, value) | Sign::HeaderContains(name, value) => header(name, value),
            Sign::HeaderBegins(name, value) => header(name, &format!("{value}1")),
            Sign::Product(name, product) => header(name, &format!("{product}/1.0")),
            Sign::Via(proxy) => header("via", &format!("1.1 {proxy}")),
            Sign::Body(text) | Sign::BodyIs(text) => {
                upgrade.body = Printable::trusted(format!("{}{text}", upgrade.body));
            }
            Sign::Certificate(text) => report.tls = Some(tls(text)),
            Sign::Host(suffixes) => report.target = format!("wss://voice.{}/media-stream", suffixes[0].replace('*', "eu")),
            Sign::Moved(kind) => header("location", moved(kind)),
            Sign::Took(from, _) => report.phases.upgrade = Some(from),
            Sign::NoHeader(_) | Sign::Upgrade => (),
        }
    }
}

const fn moved(kind: Move) -> &'static str {
    match kind {
        Move::ToTls => "https://voice.example.com/media-stream",
        Move::Slash => "/media-stream/",
        Move::Login => "/login",
        Move::Elsewhere => "https://example.com/",
    }
}

fn tls(subject: &str) -> TlsReport {
    TlsReport {
        version: None,
        cipher_suite: None,
        alpn: None,
        verified: false,
        certificates: vec![CertificateReport {
            subject: Printable::trusted(format!("CN={subject}")),
            issuer: Printable::default(),
            not_before: Timestamp::from_unix_seconds(0),
            not_after: Timestamp::from_unix_seconds(1),
            names: Vec::new(),
        }],
    }
}

fn finding(finding: Finding) -> FindingReport {
    FindingReport {
        finding,
        confidence: Confidence::Likely,
        says: "something".to_owned(),
        evidence: vec!["evidence".to_owned()],
        remedy: "do it".to_owned(),
    }
}

/// The row of the table that marks this layer.
fn mark_of(layer: Layer) -> &'static Signature {
    let rows = || signatures().filter(|row| row.layer == Some(layer));
    rows().find(|row| row.meaning.is_none()).or_else(|| rows().next()).unwrap()
}

fn answered_by(layers: &[Layer]) -> Report {
    let mut report = failed(Reason::HttpOther);
    layers.iter().for_each(|layer| show(&mut report, mark_of(*layer).signs));
    report
}

/// The names of the rows that a report gets.
fn names(report: &Report, monitor: &Monitor) -> Vec<&'static str> {
    let shown = fixes(report, monitor);
    let place = Place::of(monitor, report);
    let name = |fix: &FixReport| {
        let mut rows =
            table().filter(|row| row.source == fix.source && place.fill(row.text) == fix.text && place.says(row) == fix.says);
        rows.next().unwrap().name
    };
    shown.iter().map(name).collect()
}

#[test]
fn snippets_can_be_shown_and_pasted() {
    let monitor = monitor("wss://voice.example.com/media-stream");
    let place = Place::of(&monitor, &failed(Reason::HttpOther));
    let mut known = BTreeSet::new();
    for fix in table() {
        assert!(known.insert(fix.name), "{} stands there twice", fix.name);
        assert!(!fix.findings.is_empty() || !fix.reasons.is_empty(), "{}: nothing calls for it", fix.name);
        assert!(fix.source.starts_with("https://") && !fix.source.contains(' '), "{}: {}", fix.name, fix.source);
        assert!(!fix.says.ends_with('.') && !fix.says.contains('\n'), "{}: {}", fix.name, fix.says);
        let text = place.fill(fix.text);
        assert!((1..=LINES).contains(&text.lines().count()), "{}: {} lines", fix.name, text.lines().count());
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{}: {} columns: {line}", fix.name, line.chars().count());
            assert!(line.trim_end() == line && !line.contains('\t'), "{}: {line:?}", fix.name);
            let marks = ["@host@", "@port@", "@path@", "@stream@", "@public@"].iter().any(|mark| line.contains(mark));
            assert!(!marks && !line.contains("TODO"), "{}: not filled in: {line}", fix.name);
        }
        let unknown =
            text.split('@').nth(1).is_some_and(|word| text.matches('@').count() > 1 && !word.contains([' ', '\n', '/', '"']));
        assert!(!unknown, "{}: an unknown mark: {text}", fix.name);
    }
}

#[test]
fn every_row_is_chosen_by_all_that_calls_for_it() {
    for fix in table() {
        let (reports, monitor): (Vec<Report>, Monitor) = match fix.whom {
            Whom::Layers(list) => {
                (list.iter().map(|layer| answered_by(&[*layer])).collect(), monitor("wss://voice.example.com/media"))
            }
            Whom::Providers(list) => {
                let of = |provider: &Provider| Report { dialect: provider.label().to_owned(), ..failed(Reason::HttpOther) };
                (list.iter().map(of).collect(), monitor("wss://voice.example.com/media"))
            }
            Whom::Anyone => (vec![failed(Reason::HttpOther)], monitor("wss://voice.example.com/media")),
        };
        for report in reports {
            for called in fix.findings {
                let mut report = report.clone();
                report.findings = vec![finding(*called)];
                let chosen = names(&report, &monitor);
                assert!(chosen.contains(&fix.name), "{} by {called}: {chosen:?}", fix.name);
                report.outcome = Outcome::Success;
                assert_eq!(fixes(&report, &monitor), [], "after a success");
                report.outcome = Outcome::Inconclusive;
                assert_eq!(fixes(&report, &monitor), [], "inconclusive");
            }
            for reason in fix.reasons {
                let report = Report { reason: Some(*reason), ..report.clone() };
                let chosen = names(&report, &monitor);
                assert!(chosen.contains(&fix.name), "{} by {reason}: {chosen:?}", fix.name);
            }
            assert_eq!(names(&report, &monitor), [""; 0], "{}: nothing calls for it", fix.name);
        }
    }
}

/// Rows whose meaning leaves nothing to paste: what to look at is in a console (IIS), or in the application's own callback (ws).
const WITHOUT: [&str; 2] = ["iis_gateway", "node_ws_verify"];

#[test]
fn what_a_recognised_layer_means_has_a_fix() {
    let monitor = monitor("wss://voice.example.com/media-stream");
    let mut missing = Vec::new();
    for row in signatures().filter(|row| row.layer.is_some()) {
        let Some(meaning) = row.meaning else { continue };
        let mut report = failed(Reason::HttpOther);
        show(&mut report, row.signs);
        report.findings = layers::findings(&report);
        assert!(report.findings.iter().any(|found| found.finding == meaning.finding), "{}: {:?}", row.name, report.findings);
        let given = fixes(&report, &monitor);
        if !given.iter().any(|fix| fix.finding == Some(meaning.finding)) && !WITHOUT.contains(&row.name) {
            missing.push((row.name, meaning.finding.label()));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(WITHOUT.iter().all(|name| signatures().any(|row| row.name == *name && row.meaning.is_some())));
}

#[test]
fn no_fix_contradicts_the_answer() {
    use Finding::{BackendFails, IdleTimeout, PlainGet, RouteMissing, UpgradeLost};
    // The layers' own answers, the finding that is asked for, what has to be there, and what must not be.
    type Row = (&'static [&'static str], Finding, &'static [&'static str], &'static [&'static str]);
    let rows: [Row; 8] = [
        (&["railway_no_answer", "railway_server"], BackendFails, &["railway_port"], &["nginx_backend", "ask_the_server"]),
        (&["nginx_502", "nginx_server"], BackendFails, &["nginx_backend"], &["nginx_upgrade", "railway_port"]),
        // nginx in front, and the server behind it says that it saw no upgrade.
        (&["node_ws_upgrade_required", "nginx_server"], UpgradeLost, &["nginx_upgrade"], &["ask_the_server"]),
        (&["express_cannot_get", "nginx_server"], PlainGet, &["express_upgrade", "nginx_upgrade"], &["uvicorn_websocket"]),
        // The application has no such route: nginx has passed the request on.
        (&["express_cannot_post", "nginx_server"], RouteMissing, &["express_post"], &["nginx_upgrade"]),
        (&["cloudflare_521", "cloudflare_server"], BackendFails, &["cloudflare_origin"], &["cloudflare_tunnel_service"]),
        // Behind Cloudflare, which only passed on what the platform said.
        (&["railway_no_answer", "cloudflare_ray"], BackendFails, &["railway_port"], &["cloudflare_tunnel_service"]),
        // A history's finding is for all that left marks.
        (&["nginx_server", "alb_hosts"], IdleTimeout, &["nginx_idle", "alb_idle"], &["heroku_idle", "apache_idle"]),
    ];
    let monitor = monitor("wss://voice.example.com/media-stream");
    for (answers, asked, expected, never) in rows {
        let mut report = failed(Reason::HttpOther);
        for name in answers {
            show(&mut report, signatures().find(|row| row.name == *name).unwrap().signs);
        }
        report.findings = vec![finding(asked)];
        let chosen = names(&report, &monitor);
        assert!(expected.iter().all(|name| chosen.contains(name)), "{answers:?}: {chosen:?}");
        assert!(!never.iter().any(|name| chosen.contains(name)), "{answers:?}: {chosen:?}");
        assert!(chosen.len() <= MOST, "{answers:?}: {chosen:?}");
    }
}

#[test]
fn a_certificate_that_a_proxy_made_is_that_proxys_to_mend() {
    let monitor = monitor("wss://voice.example.com/media-stream");
    let mut report = fixture::failure("m", Reason::TlsUnknownIssuer);
    report.upgrade = None;
    report.tls = Some(tls("voice.example.com"));
    report.findings = layers::findings(&report);
    assert_eq!(names(&report, &monitor), ["fullchain"]);
    report.tls = Some(tls("TRAEFIK DEFAULT CERT"));
    report.findings = layers::findings(&report);
    assert_eq!(names(&report, &monitor), ["traefik_certificate"]);
}

#[test]
fn settings_are_those_of_the_provider_that_asks() {
    let lost = |dialect: &str| Report { dialect: dialect.to_owned(), ..failed(Reason::from_status(404)) };
    let direct = monitor("wss://voice.example.com/media-stream");
    assert_eq!(names(&lost("twilio"), &direct), ["twilio_url", "ask_the_server"]);
    assert_eq!(names(&lost("raw"), &direct), ["ask_the_server"]);
    let mut refused = fixture::failure("m", Reason::WebhookForbidden);
    refused.dialect = "telnyx".to_owned();
    refused.webhook = Some(fixture::webhook(Vec::new()));
    let chosen = names(&refused, &of_webhook("https://voice.example.com/voice", WebhookKind::Twilio));
    assert_eq!(chosen, ["webhook_token", "public_url"], "the webhook is Twilio's, whatever the stream speaks");
    assert!(matches!(direct.dialect, Dialect::Raw(_)));
}

#[test]
fn snippets_are_filled_in_from_the_configuration_alone() {
    let hostile = "wss://evil.example.net/$(reboot)";
    let webhook = of_webhook("https://voice.example.com:8443/voice", WebhookKind::Twilio);
    let mut report = Report { dialect: "twilio".to_owned(), target: hostile.to_owned(), ..failed(Reason::from_status(404)) };
    report.webhook = Some(fixture::webhook(Vec::new()));
    report.phase = Some(Phase::Upgrade);
    show(&mut report, &[Sign::HeaderIs("server", "nginx"), Sign::Body("<Say>evil</Say>")]);
    report.findings = vec![finding(Finding::UpgradeLost), finding(Finding::WrongPath)];
    let given = fixes(&report, &webhook);
    assert!(given.len() > 1, "{given:?}");
    for fix in &given {
        assert!(!fix.text.contains("evil") && !fix.text.contains("reboot"), "{fix:?}");
        assert!(fix.says.contains("/media: the stream's path"), "an example says that it is one: {fix:?}");
    }
    assert!(given.iter().any(|fix| fix.text.contains("wss://voice.example.com:8443/media")), "{given:?}");
    assert!(given.iter().any(|fix| fix.text.contains("location /media {")), "{given:?}");
    let own = fixes(&report, &monitor("wss://voice.example.com:8443/media-stream/{uuid}?token=canary"));
    assert!(own.iter().any(|fix| fix.text.contains("location /media-stream/ {")), "{own:?}");
    assert!(own.iter().all(|fix| !fix.text.contains("canary") && !fix.says.contains("stream's path")), "{own:?}");
}

#[test]
fn the_path_that_works_is_the_one_to_write() {
    let mut monitor = monitor("wss://voice.example.com/wrong");
    monitor.path_variants = vec!["/other".to_owned(), "/media-stream".to_owned()];
    let mut report = Report { dialect: "twilio".to_owned(), ..failed(Reason::from_status(404)) };
    report.findings = vec![finding(Finding::WrongPath)];
    report.checks = [("/other", Outcome::Failure), ("/media-stream", Outcome::Success)]
        .map(|(path, outcome)| CheckReport {
            check: Check::Path,
            subject: format!("wss://voice.example.com{path}"),
            outcome: Some(outcome),
            reason: None,
            seconds: 0.1,
            status: None,
            says: String::new(),
        })
        .to_vec();
    let given = fixes(&report, &monitor);
    assert!(given[0].text.contains("wss://voice.example.com/media-stream\""), "{given:?}");
}
