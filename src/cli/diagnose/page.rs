//! The page of `sidetone diagnose`, for a terminal of 80 columns.
//!
//! Words are wrapped; a word that is longer than a line (a URL) stands alone and whole, so that it can be copied. Snippets are never
//! wrapped.

use std::fmt::Write as _;

use super::Seen;
use crate::diagnosis::layers::{LAYERS, Recognised, who_answered};
use crate::outcome::{Outcome, Owner, Phase};
use crate::report::{CheckReport, FindingReport, FixReport, LintReport, Report};
use crate::webhook::Lint;

/// Columns of a terminal that everybody has.
const WIDTH: usize = 80;
/// Where the words of a check begin.
const INDENT: usize = 26;
/// Where a snippet begins: its 76 columns end with the terminal's.
const SNIPPET: usize = 4;

/// Good, bad, or not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Good,
    Bad,
    Left,
}

/// The page under construction.
struct Page {
    out: String,
    colour: bool,
}

impl Page {
    fn check(&mut self, mark: Mark, name: &str, seconds: Option<f64>, says: &str) {
        let (sign, code) = match mark {
            Mark::Good => ("✓", "32"),
            Mark::Bad => ("✗", "31"),
            Mark::Left => ("–", "90"),
        };
        let sign = if self.colour { format!("\x1b[{code}m{sign}\x1b[0m") } else { sign.to_owned() };
        let took = seconds.map_or_else(String::new, |seconds| format!("{seconds:.3} s"));
        let mut lines = wrapped(says, WIDTH - INDENT).into_iter();
        let _ = writeln!(self.out, "{sign} {name:<13} {took:>9} {}", lines.next().unwrap_or_default());
        lines.for_each(|line| self.indented(INDENT, &line));
    }

    fn paragraph(&mut self, head: &str, text: &str) {
        let mut lines = wrapped(text, WIDTH - 12).into_iter();
        let _ = writeln!(self.out, "{head:<11} {}", lines.next().unwrap_or_default());
        lines.for_each(|line| self.indented(12, &line));
    }

    /// A line at this column, or as far to the left as it needs to stay within the terminal.
    fn indented(&mut self, column: usize, line: &str) {
        let column = column.min(WIDTH.saturating_sub(line.chars().count()).max(SNIPPET));
        let _ = writeln!(self.out, "{:column$}{line}", "");
    }

    /// What to write, as it is, with where it is from.
    fn fix(&mut self, fix: &FixReport) {
        self.paragraph("  fix", &format!("{}: {}", fix.whom, fix.says));
        self.out.push('\n');
        for line in fix.text.lines() {
            let _ = writeln!(self.out, "{:SNIPPET$}{line}", "");
        }
        self.out.push('\n');
        self.paragraph("  from", &format!("{}, {}", fix.known, fix.source));
    }

    /// The same in the colour of what is not urgent.
    fn quiet(&mut self, head: &str, text: &str) {
        let (on, off) = if self.colour { ("\x1b[90m", "\x1b[0m") } else { ("", "") };
        self.out.push_str(on);
        self.paragraph(head, text);
        self.out.push_str(off);
    }
}

/// The page of a report.
pub(super) fn page(seen: &Seen<'_>, colour: bool) -> String {
    let (lint, report) = (seen.lint, seen.report);
    let mut page = Page { out: format!("{}  {}\n\n", report.target, report.dialect), colour };
    if lint.is_empty() && report.webhook.is_none() {
        page.check(Mark::Good, "url", None, "nothing to say about it");
    }
    for complaint in lint {
        let mark = if complaint.refuses { Mark::Bad } else { Mark::Left };
        page.check(mark, "url", None, &format!("{}: {}; {}", complaint.lint, complaint.says, complaint.fix));
    }
    draw_phases(&mut page, report);
    draw_document(&mut page, report);
    for check in &report.checks {
        draw_check(&mut page, check);
    }
    draw_others(&mut page, report);
    page.out.push('\n');
    draw_cause(&mut page, report);
    // Where no line was held, nobody takes its silence for proof.
    if report.hold.is_some() {
        draw_limits(&mut page, seen.limits);
    }
    page.out
}

fn draw_phases(page: &mut Page, report: &Report) {
    let ended = report.phase.filter(|_| report.outcome != Outcome::Success);
    for &phase in Phase::ALL {
        let seconds = report.phases.of(phase);
        if ended == Some(phase) {
            page.check(Mark::Bad, phase.label(), seconds, &report.summary);
        } else if seconds.is_some() {
            page.check(Mark::Good, phase.label(), seconds, &evidence(report, phase));
        } else if phase != Phase::Webhook && !(phase == Phase::Tls && report.target.starts_with("ws://")) {
            page.check(Mark::Left, phase.label(), None, "not reached");
        }
    }
}

/// What a phase that went through showed.
fn evidence(report: &Report, phase: Phase) -> String {
    match phase {
        Phase::Webhook => report.webhook.as_ref().map_or_else(String::new, |webhook| {
            let line =
                webhook.stream.as_ref().map_or_else(String::new, |stream| format!(", line {} opens {}", stream.line, stream.url));
            format!("{} {}: {}{line}", webhook.method, webhook.url, webhook.status.unwrap_or_default())
        }),
        Phase::Resolve => report.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Phase::Connect => report.remote_address.map_or_else(String::new, |address| address.to_string()),
        Phase::Tls => report.tls.as_ref().map_or_else(String::new, |tls| {
            let until =
                tls.certificates.first().map_or_else(String::new, |leaf| format!(", {} until {}", leaf.subject, leaf.not_after));
            format!("{}{until}", tls.version.as_deref().unwrap_or_default())
        }),
        Phase::Upgrade => "101 Switching Protocols".to_owned(),
        Phase::Hold if report.outcome == Outcome::Success => report.summary.clone(),
        Phase::Hold => "held".to_owned(),
        Phase::Close => report.close.as_ref().map_or_else(String::new, |close| format!("{}, {}", close.code, close.how)),
    }
}

fn draw_check(page: &mut Page, check: &CheckReport) {
    let mark = match check.outcome {
        Some(Outcome::Success) => Mark::Good,
        Some(Outcome::Failure) => Mark::Bad,
        Some(Outcome::Inconclusive) | None => Mark::Left,
    };
    let seconds = check.outcome.map(|_| check.seconds);
    page.check(mark, check.check.label(), seconds, &format!("{}: {}", check.subject, check.says));
}

/// What is wrong with the webhook's document beyond what the summary says. What the provider passes over is a warning as well, which is
/// drawn with the others.
fn draw_document(page: &mut Page, report: &Report) {
    let warned = |lint: &LintReport| Lint::ALL.iter().any(|known| known.label() == lint.lint && known.warning().is_some());
    for lint in report.webhook.iter().flat_map(|webhook| &webhook.lint).filter(|lint| lint.refuses || !warned(lint)) {
        if report.summary.contains(lint.says.as_str()) {
            continue;
        }
        let line = lint.line.map_or_else(String::new, |line| format!("line {line}: "));
        let mark = if lint.refuses { Mark::Bad } else { Mark::Left };
        page.check(mark, "document", None, &format!("{}: {line}{}; {}", lint.lint, lint.says, lint.fix));
    }
}

/// Second ways, and what was odd.
fn draw_others(page: &mut Page, report: &Report) {
    let comparison = report.comparison.iter();
    let ways = comparison.flat_map(|both| [("origin", both.origin.as_ref()), ("fallback", both.fallback.as_ref())]);
    for (name, second) in ways {
        let Some(second) = second else { continue };
        let mark = if second.outcome == Outcome::Success { Mark::Good } else { Mark::Bad };
        page.check(mark, name, Some(second.seconds), &format!("{}: {}", second.url, second.summary));
    }
    for warning in &report.warnings {
        page.check(Mark::Left, "warning", None, &format!("{}: {}", warning.warning, warning.says));
    }
}

/// The result, who gave it, the causes with what to do, and who must act.
fn draw_cause(page: &mut Page, report: &Report) {
    let layers = who_answered(report);
    let (Some(reason), Some(owner)) = (report.reason, report.owner) else {
        page.paragraph("result", &format!("{}: {}", report.outcome, report.summary));
        draw_answered(page, report, &layers);
        return;
    };
    page.paragraph("result", &format!("{}: {reason}", report.outcome));
    draw_answered(page, report, &layers);
    for finding in &report.findings {
        page.paragraph("cause", &format!("{}: {}", finding.confidence, finding.says));
        let shown = finding.evidence.iter().filter(|line| !line.starts_with(LAYERS));
        shown.for_each(|line| page.paragraph("  evidence", line));
        page.paragraph("  do", &finding.remedy);
        report.fixes.iter().filter(|fix| fix.finding == Some(finding.finding)).for_each(|fix| page.fix(fix));
    }
    if report.findings.is_empty() {
        page.paragraph("cause", reason.explains());
    }
    report.fixes.iter().filter(|fix| fix.finding.is_none()).for_each(|fix| page.fix(fix));
    page.paragraph("who", &who_must_act(report, owner, &layers));
    if let Some(code) = report.provider_code {
        page.paragraph("log", &format!("the provider would log {code}"));
    }
}

/// Whose marks the answer has. Without an answer, only the name tells.
fn draw_answered(page: &mut Page, report: &Report, layers: &[Recognised]) {
    let names: Vec<_> = layers.iter().map(|own| format!("{} ({})", own.layer, own.evidence.join(", "))).collect();
    if names.is_empty() {
        return;
    }
    let answered = report.upgrade.is_some() || report.tls.is_some() || report.webhook.is_some();
    page.paragraph(if answered { "answered" } else { "name of" }, &names.join(", then "));
}

/// The owner by the reason; where the answer of a layer says that it is another one, that one.
fn who_must_act(report: &Report, owner: Owner, layers: &[Recognised]) -> String {
    let first = report.findings.first().map(|finding| finding.finding);
    let telling = layers.iter().filter_map(|own| Some((own.layer, own.meaning?))).find(|(_, means)| Some(means.finding) == first);
    let explained = |owner: Owner| format!("{owner}: {}", meant(owner));
    match telling {
        Some((layer, means)) if means.owner != owner => {
            format!("{} (so {layer}'s answer says; the reason alone says {owner})", explained(means.owner))
        }
        Some(_) | None => explained(owner),
    }
}

/// The owner in words for who has not read the manual.
const fn meant(owner: Owner) -> &'static str {
    match owner {
        Owner::Prober => "the machine that sidetone runs on",
        Owner::Network => "the way to the host, or the domain's name servers",
        Owner::Edge => "what ends TLS and HTTP in front of the server",
        Owner::Server => "the process that serves the line, or its host",
        Owner::Application => "the voice agent's own code",
        Owner::Credentials => "a token, password, signature or client certificate",
        Owner::Configuration => "the URL, or settings here or at the provider",
    }
}

/// What this probe cannot show, so that nobody takes it for more than it is.
fn draw_limits(page: &mut Page, limits: &[FindingReport]) {
    if limits.is_empty() {
        return;
    }
    page.out.push('\n');
    for limit in limits {
        page.quiet("cannot show", &format!("{}; {}", limit.says, limit.remedy));
    }
}

/// `text` in lines of at most `width` characters; a word that is longer stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::layers;
    use crate::dialect::Provider;
    use crate::monitor::Target;
    use crate::outcome::{Check, Reason};
    use crate::report::UpgradeReport;
    use crate::supervisor::fixture;
    use crate::text::Printable;
    use crate::webhook::lint_url;

    #[test]
    fn lines_are_no_longer_than_a_terminal() {
        let mut report = fixture::failure("a", Reason::TlsMissingIntermediate);
        report.checks.push(CheckReport {
            check: Check::PlainGet,
            subject: "wss://voice.example.com/media".to_owned(),
            outcome: None,
            reason: None,
            seconds: 0.0,
            status: None,
            says: "there was no time left for it, ".repeat(6),
        });
        let text = format!("{}\n  short", "x".repeat(76));
        let source = "https://docs.example.com/a/long/path/of/documentation/that/fills/the/terminal";
        report.fixes.push(FixReport {
            finding: None,
            reason: report.reason,
            whom: "nginx",
            says: "write this into the location, ".repeat(5),
            text: text.clone(),
            source,
            known: "documented",
        });
        let lint = lint_url(&Target::parse("ws://voice.example.com//media?x=1").unwrap(), Some(Provider::Twilio));
        assert!(!lint.is_empty());
        let page = page(&Seen { lint: &lint, report: &report, limits: &[] }, false);
        for line in page.lines() {
            let alone = line.split_whitespace().count() <= 2;
            assert!(line.chars().count() <= WIDTH || alone, "{line}");
        }
        assert!(page.contains(&format!("\n    {}\n      short\n", "x".repeat(76))), "a snippet stays as it is:\n{page}");
        assert!(page.contains(source), "a URL stays whole:\n{page}");
        for part in ["✗ tls", "– plain_get", "✗ url", "cause", "who", "edge", "fix       nginx: "] {
            assert!(page.contains(part), "{part}:\n{page}");
        }
        assert!(!page.contains('\u{1b}'));
    }

    #[test]
    fn who_answered_and_who_must_act() {
        let mut report = fixture::failure("a", Reason::from_status(502));
        let printable = |text: &str| Printable::capture(text.as_bytes(), 100);
        report.upgrade = Some(UpgradeReport {
            status: Some(502),
            http_version: None,
            headers: vec![(printable("server"), printable("railway-edge"))],
            body: printable("Application failed to respond"),
            clock_skew_seconds: None,
        });
        report.findings = layers::findings(&report);
        let page = |report: &Report| page(&Seen { lint: &[], report, limits: &[] }, false);
        let shown = page(&report);
        assert!(shown.contains("answered    railway (server: railway-edge, "), "{shown}");
        assert!(shown.contains("who         application: the voice agent's own code (so railway's answer"), "{shown}");
        assert_eq!(shown.matches("on the way").count(), 0, "the layers stand there once:\n{shown}");
        let mut nobody = fixture::failure("a", Reason::DnsNxdomain);
        (nobody.upgrade, nobody.tls) = (None, None);
        nobody.target = "wss://voice.up.railway.app/media".to_owned();
        let shown = page(&nobody);
        assert!(shown.contains("name of     railway (") && !shown.contains("answered"), "nobody answered:\n{shown}");
    }

    #[test]
    fn limits_are_quiet_and_come_last() {
        let report = fixture::report("a", Outcome::Success);
        let limits = crate::diagnosis::limits(&crate::monitor::HoldPlan::default(), &[]);
        let seen = Seen { lint: &[], report: &report, limits: &limits };
        let plain = page(&seen, false);
        assert!(plain.lines().last().unwrap().starts_with(' ') && plain.contains("\n\ncannot show a "), "{plain}");
        assert!(page(&seen, true).contains("\u{1b}[90mcannot show a "));
        let lost = fixture::failure("a", Reason::TcpRefused);
        assert!(!page(&Seen { report: &lost, ..seen }, false).contains("cannot show"), "no line was held");
    }

    #[test]
    fn a_good_line_has_no_cause() {
        let page = page(&Seen { lint: &[], report: &fixture::report("a", Outcome::Success), limits: &[] }, false);
        assert!(
            !page.contains("cannot show")
                && page.contains("✓ hold")
                && page.contains("success")
                && !page.contains("cause")
                && !page.contains('✗'),
            "{page}"
        );
    }
}
