//! Plain pages without scripts: the list of monitors, and one monitor with the timeline of its last failure.

use std::fmt::{Display, Write as _};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::extract::Named;
use super::view::{DetailView, MonitorView, OverviewView, ProbeView};
use super::{Refusal, Surface};
use crate::report::{CheckReport, ComparisonReport, FindingReport, FixReport, LintReport, Report, TimelineEntry, WebhookReport};
use crate::text::{Printable, escape_html};
use crate::wall::Timestamp;

pub(super) async fn overview(State(surface): State<Surface>) -> Html<String> {
    let view = OverviewView::new(&surface.board);
    Html(overview_page(&view))
}

pub(super) async fn monitor(State(surface): State<Surface>, Named(name): Named) -> Result<Html<String>, Refusal> {
    let missing = || Refusal::text(StatusCode::NOT_FOUND, "no monitor has this name");
    let snapshot = surface.board.snapshot(&name).ok_or_else(missing)?;
    Ok(Html(monitor_page(&DetailView::new(&snapshot, surface.board.limits(&name)), Timestamp::now())))
}

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

fn overview_page(view: &OverviewView) -> String {
    let mut page = Page::new("sidetone");
    if let Some(suspicion) = &view.prober.suspicion {
        page.raw(&format!("<p class=\"suspicion\">{}; {}</p>", escape(&suspicion.says), escape(&suspicion.remedy)));
    }
    page.raw("<table><thead><tr><th>monitor<th>state<th>since<th>reason<th>held<th>summary</thead><tbody>");
    for monitor in &view.monitors {
        page.monitor_row(monitor);
    }
    page.raw("</tbody></table>");
    if view.monitors.is_empty() {
        page.raw("<p>No monitors are configured.</p>");
    }
    page.finish()
}

fn monitor_page(view: &DetailView, now: Timestamp) -> String {
    let monitor = &view.monitor;
    let mut page = Page::new(&monitor.name);
    page.raw("<table><tbody>");
    page.fact("state", Page::state(monitor));
    page.fact("since", escape(format_args!("{} ({})", monitor.state_since, ago(monitor.state_since, now))));
    page.fact("target", format_args!("<code>{}</code>", escape(&monitor.target)));
    page.fact("dialect", escape(monitor.dialect));
    page.fact("hold", escape(format_args!("{} s, {}", monitor.hold_target_seconds, monitor.mode)));
    page.fact("interval", escape(format_args!("{} s", monitor.interval_seconds)));
    for (label, value) in &monitor.labels {
        page.fact(label, escape(value));
    }
    page.raw("</tbody></table>");
    if let Some(report) = &view.latest_failure {
        page.report("Last failure", report, now);
    }
    match &view.latest {
        Some(report) if view.latest_failure.as_ref().is_none_or(|failure| failure.started_at != report.started_at) => {
            page.report("Last probe", report, now);
        }
        Some(_) => {}
        None => page.raw("<p>It has not been probed yet.</p>"),
    }
    page.findings("What these probes cannot show", &view.limits);
    let name = escape(&monitor.name);
    page.raw(&format!(
        "<p><a href=\"/api/v1/monitors/{name}/reports\">recent reports</a> · \
         <a href=\"/api/v1/monitors/{name}/reports?outcome=failure\">recent failures</a> (JSON)</p>"
    ));
    page.finish()
}

/// A page in the making. What goes in by `raw` is our own or has been escaped.
struct Page(String);

impl Page {
    fn new(title: &str) -> Self {
        let title = escape(title);
        Self(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><h1>{title}</h1>\n"
        ))
    }

    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// A row of a table of facts; `html` has been escaped.
    fn fact(&mut self, name: &str, html: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "<tr><th>{}<td>{html}", escape(name));
    }

    fn state(monitor: &MonitorView) -> String {
        let flapping = if monitor.flapping { " flapping" } else { "" };
        format!("<span class=\"state {0}\">{0}</span>{flapping}", monitor.state)
    }

    fn monitor_row(&mut self, monitor: &MonitorView) {
        let probe = monitor.telling();
        let (name, state, since) = (escape(&monitor.name), Self::state(monitor), monitor.state_since);
        let reason = probe.and_then(|probe| probe.reason).map_or("", |reason| reason.label());
        let held = held(probe);
        let summary = escape(probe.map_or("not probed yet", |probe| &probe.summary));
        let first = monitor.findings.first();
        let cause = first.map_or_else(String::new, |first| format!("<br><b>{}: {}</b>", first.confidence, escape(&first.says)));
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.0,
            "<tr><td><a href=\"/monitors/{name}\">{name}</a><td>{state}<td>{since}<td><code>{reason}</code>\
             <td class=\"number\">{held}<td>{summary}{cause}"
        );
    }

    fn report(&mut self, title: &str, report: &Report, now: Timestamp) {
        self.raw(&format!("<h2>{}</h2><table><tbody>", escape(title)));
        self.fact("began", escape(format_args!("{} ({})", report.started_at, ago(report.started_at, now))));
        self.verdict(report);
        if let Some(address) = report.remote_address {
            self.fact("address", address);
        }
        if let Some(close) = &report.close {
            self.fact("close", escape(format_args!("{} {} by {} ({})", close.code, close.reason, close.by, close.how)));
        }
        for warning in &report.warnings {
            let code = warning.provider_code.map_or_else(String::new, |code| format!(" ({code})"));
            self.fact(warning.warning.label(), escape(format_args!("{}{code}", warning.says)));
        }
        self.raw("</tbody></table>");
        self.findings("Diagnosis", &report.findings);
        self.fixes(&report.fixes);
        self.checks(&report.checks);
        if let Some(webhook) = &report.webhook {
            self.webhook(webhook);
        }
        if let Some(comparison) = &report.comparison {
            self.second_ways(comparison);
        }
        self.timeline(&report.timeline);
    }

    /// Sentences, each with its evidence and what to do.
    fn findings(&mut self, title: &str, findings: &[FindingReport]) {
        if findings.is_empty() {
            return;
        }
        self.raw(&format!("<h3>{title}</h3><table><tbody>"));
        for finding in findings {
            let evidence: String = finding.evidence.iter().map(|line| format!("<li>{}", escape(line))).collect();
            let (says, remedy) = (escape(&finding.says), escape(&finding.remedy));
            self.fact(finding.confidence.label(), format_args!("<b>{says}</b><ul>{evidence}</ul><i>do</i> {remedy}"));
        }
        self.raw("</tbody></table>");
    }

    /// Commands and lines of configuration.
    fn fixes(&mut self, fixes: &[FixReport]) {
        for fix in fixes {
            let (whom, says, text, source) = (escape(fix.whom), escape(&fix.says), escape(&fix.text), escape(fix.source));
            self.raw(&format!(
                "<details><summary>Fix for {whom}: {says}</summary><pre>{text}</pre>{source} ({})</details>",
                fix.known
            ));
        }
    }

    /// What was tried after the failure.
    fn checks(&mut self, checks: &[CheckReport]) {
        if checks.is_empty() {
            return;
        }
        self.raw("<h3>Follow-up checks</h3><table><tbody>");
        for check in checks {
            let came = check.outcome.map_or("left out", |outcome| outcome.label());
            let (subject, says) = (escape(&check.subject), escape(&check.says));
            self.fact(check.check.label(), format_args!("{came}<td><code>{subject}</code><td>{says}"));
        }
        self.raw("</tbody></table>");
    }

    /// How it ended, and why.
    fn verdict(&mut self, report: &Report) {
        self.fact("outcome", report.outcome);
        if let Some(reason) = report.reason {
            self.fact("reason", format_args!("<code>{reason}</code>: {}", escape(reason.explains())));
        }
        if let (Some(phase), Some(owner)) = (report.phase, report.owner) {
            self.fact("phase", phase);
            self.fact("who must act", owner);
        }
        if let Some(code) = report.provider_code {
            self.fact("the provider says", code);
        }
        self.fact("summary", escape(&report.summary));
    }

    fn timeline(&mut self, timeline: &[TimelineEntry]) {
        self.raw("<h3>Timeline</h3><table><tbody>");
        for entry in timeline {
            // Writing to a String cannot fail.
            let _ = writeln!(self.0, "<tr><td class=\"number\">{:.3} s<td>{}", entry.at_seconds, escape(&entry.what));
        }
        self.raw("</tbody></table>");
    }

    fn webhook(&mut self, webhook: &WebhookReport) {
        self.raw("<h3>Webhook</h3><table><tbody>");
        self.fact("asked", format_args!("{} <code>{}</code>", webhook.method, escape(&webhook.url)));
        self.fact("as", webhook.provider);
        if let Some(address) = webhook.address {
            self.fact("address", address);
        }
        match (webhook.status, webhook.tls_reason) {
            (Some(status), _) => self.fact("status", status),
            (None, Some(reason)) => self.fact("TLS", escape(reason.explains())),
            (None, None) => {}
        }
        if let Some(stream) = &webhook.stream {
            let dialect = stream.provider.map_or_else(String::new, |provider| format!(", {provider}"));
            let (url, line, verb) = (escape(&stream.url), stream.line, stream.verb);
            self.fact("stream", format_args!("<code>{url}</code> (line {line}, {verb}{dialect})"));
            let names: Vec<&str> = stream.parameters.iter().map(Printable::as_str).collect();
            if !names.is_empty() {
                self.fact("parameters", escape(names.join(", ")));
            }
        }
        self.raw("</tbody></table>");
        self.lint(&webhook.lint);
        if !webhook.body.as_str().is_empty() {
            self.raw(&format!("<details><summary>Its answer</summary><pre>{}</pre></details>", escape(lines(&webhook.body))));
        }
    }

    fn lint(&mut self, lint: &[LintReport]) {
        if lint.is_empty() {
            return;
        }
        self.raw("<table><thead><tr><th>in the answer<th>line<th><th>what is wrong<th>what to write</thead><tbody>");
        for lint in lint {
            let line = lint.line.map_or_else(String::new, |line| line.to_string());
            let verdict = if lint.refuses { "refused" } else { "passed over" };
            let code = lint.provider_code.map_or_else(String::new, |code| format!(" ({})", escape(code)));
            let (says, fix) = (escape(&lint.says), escape(&lint.fix));
            // Writing to a String cannot fail.
            let _ = writeln!(
                self.0,
                "<tr><td><code>{}</code>{code}<td class=\"number\">{line}<td>{verdict}<td>{says}<td>{fix}",
                lint.lint
            );
        }
        self.raw("</tbody></table>");
    }

    fn second_ways(&mut self, comparison: &ComparisonReport) {
        self.raw("<h3>Second ways</h3><table><tbody>");
        for (what, second) in [("origin", &comparison.origin), ("fallback", &comparison.fallback)] {
            let Some(second) = second else { continue };
            let (url, summary) = (escape(&second.url), escape(&second.summary));
            self.fact(what, format_args!("<code>{url}</code>: {}, {summary}", second.outcome));
        }
        self.raw("</tbody></table>");
    }

    fn finish(mut self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        self.raw(&format!(
            "<footer>sidetone {version} · <a href=\"/\">monitors</a> · <a href=\"/metrics\">metrics</a> · \
             <a href=\"/api/v1/monitors\">API</a> · <a href=\"/-/healthy\">healthy</a> · <a href=\"/-/ready\">ready</a></footer></body></html>\n"
        ));
        self.0
    }
}

/// Line breaks, which a report has as `\n`, as they came.
fn lines(text: &Printable) -> String {
    text.as_str().replace("\\r\\n", "\n").replace("\\n", "\n")
}

fn escape(text: impl Display) -> String {
    escape_html(&text.to_string())
}

fn held(probe: Option<&ProbeView>) -> String {
    probe.and_then(|probe| probe.held_seconds).map_or_else(String::new, |seconds| format!("{seconds:.3} s"))
}

fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.unix_seconds() - then.unix_seconds()).max(0.0) as u64;
    format!("{} ago", humantime::format_duration(std::time::Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Check, Confidence, Finding, Outcome, Reason};
    use crate::report::SecondWayReport;
    use crate::supervisor::fixture;
    use crate::webhook::Lint;

    const EVIL: &str = "<script>alert('x')</script>";

    /// A report of a webhook that says nothing but this.
    fn hostile() -> Report {
        let evil = || Printable::capture(EVIL.as_bytes(), 256);
        let mut report = fixture::failure("a", Reason::WebhookUrlInvalid);
        let mut webhook = fixture::webhook(vec![fixture::lint(Lint::SchemeNotWss, true)]);
        webhook.url = format!("https://voice.example.com/{EVIL}");
        webhook.headers = vec![(evil(), evil())];
        webhook.body = Printable::capture(format!("<Response>\n{EVIL}\n</Response>").as_bytes(), 4096);
        let stream = webhook.stream.as_mut().unwrap();
        (stream.url, stream.parameters, stream.track) = (evil(), vec![evil()], Some(evil()));
        (webhook.lint[0].says, webhook.lint[0].fix) = (evil(), evil());
        report.webhook = Some(webhook);
        let second = SecondWayReport {
            url: EVIL.to_owned(),
            outcome: Outcome::Success,
            phase: None,
            reason: None,
            owner: None,
            summary: EVIL.to_owned(),
            seconds: 1.0,
        };
        report.comparison = Some(ComparisonReport { origin: Some(second.clone()), fallback: Some(second) });
        report.findings = vec![FindingReport {
            finding: Finding::FallbackWorks,
            confidence: Confidence::Certain,
            says: EVIL.to_owned(),
            evidence: vec![EVIL.to_owned()],
            remedy: EVIL.to_owned(),
        }];
        report.fixes = vec![FixReport {
            finding: None,
            reason: report.reason,
            whom: "nginx",
            says: EVIL.to_owned(),
            text: EVIL.to_owned(),
            source: "https://nginx.org/",
            known: "seen",
        }];
        report.checks = vec![CheckReport {
            check: Check::Path,
            subject: EVIL.to_owned(),
            outcome: None,
            reason: None,
            seconds: 0.0,
            status: None,
            says: EVIL.to_owned(),
        }];
        report
    }

    #[test]
    fn a_webhook_is_shown_and_cannot_write_into_the_page() {
        let mut page = Page::new("a");
        page.report("Last failure", &hostile(), Timestamp::now());
        let html = page.finish();
        assert!(!html.contains("<script"), "{html}");
        for part in [
            "<h3>Webhook</h3>",
            "POST <code>https://voice.example.com/&lt;script&gt;",
            "192.0.2.1:443",
            "<th>status<td>200",
            "(line 3, connect_stream, twilio)",
            "<code>scheme_not_wss</code> (Twilio 31922)<td class=\"number\">3<td>refused<td>&lt;script&gt;",
            "<pre>&lt;Response&gt;\n&lt;script&gt;",
            "<h3>Diagnosis</h3>",
            "<b>&lt;script&gt;",
            "<summary>Fix for nginx: &lt;script&gt;",
            "<h3>Follow-up checks</h3>",
            "<th>path<td>left out<td><code>&lt;script&gt;",
            "<h3>Second ways</h3>",
            "<th>fallback<td><code>&lt;script&gt;",
        ] {
            assert!(html.contains(part), "`{part}` is missing: {html}");
        }
    }

    #[test]
    fn a_report_without_a_webhook_has_no_table_of_it() {
        let mut page = Page::new("a");
        page.report("Last failure", &fixture::failure("a", Reason::WsEof), Timestamp::now());
        let html = page.finish();
        assert!(!html.contains("Webhook") && !html.contains("Second ways"), "{html}");
    }
}
