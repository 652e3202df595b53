//! `sidetone diagnose`: the troubleshooting page, run: every check with its result, then the likely cause, who must act, and what to do.

use std::fmt::Write as _;

use clap::Args;

use super::probe::{ProbeArgs, exit_of, has_colour, once};
use super::{Exit, complain, print, runtime};
use crate::monitor::{Endpoint, FollowUps, Monitor};
use crate::outcome::{Outcome, Phase};
use crate::report::{CheckReport, Report};
use crate::webhook::{Complaint, lint_url};

/// Columns of a terminal that everybody has.
const WIDTH: usize = 80;
/// Where the words of a check begin.
const INDENT: usize = 26;

/// The arguments of `sidetone diagnose`.
#[derive(Debug, Args)]
pub(super) struct DiagnoseArgs {
    #[command(flatten)]
    probe: ProbeArgs,
    /// Make every follow-up check, also those that open and hold the line again and may start paid sessions
    #[arg(long)]
    full: bool,
}

pub(super) fn run(args: &DiagnoseArgs) -> Exit {
    let mut monitor = match args.probe.monitor() {
        Ok(monitor) => monitor.as_ref().clone(),
        Err(message) => return complain(&message),
    };
    if args.full {
        monitor.follow_up = FollowUps::Full;
    }
    let lint = url_lint(&monitor);
    let report = match runtime() {
        Ok(runtime) => runtime.block_on(once(monitor.into(), true)),
        Err(error) => return complain(&format!("no runtime: {error}")),
    };
    let shown = if args.probe.json { print(&json(&lint, &report)) } else { print(&page(&lint, &report, has_colour())) };
    exit_of(&report, shown)
}

/// What is wrong with the URL itself, before any packet. A webhook's answer is linted when it has come.
fn url_lint(monitor: &Monitor) -> Vec<Complaint> {
    match &monitor.endpoint {
        Endpoint::Stream(target) => lint_url(target, monitor.dialect.provider().map(|settings| settings.provider)),
        Endpoint::Webhook(_) => Vec::new(),
    }
}

fn json(lint: &[Complaint], report: &Report) -> String {
    let lint = lint.iter().map(|complaint| {
        serde_json::json!({
            "lint": complaint.lint,
            "says": complaint.says,
            "fix": complaint.fix,
            "refuses": complaint.refuses,
            "provider_code": complaint.code,
        })
    });
    let whole = serde_json::json!({ "url_lint": lint.collect::<Vec<_>>(), "report": report });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

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
        let lines = wrapped(says, WIDTH - INDENT);
        let mut lines = lines.iter();
        let _ = writeln!(self.out, "{sign} {name:<13} {took:>9} {}", lines.next().map_or("", String::as_str));
        lines.for_each(|line| {
            let _ = writeln!(self.out, "{:INDENT$}{line}", "");
        });
    }

    fn paragraph(&mut self, head: &str, text: &str) {
        let mut lines = wrapped(text, WIDTH - 12).into_iter();
        let _ = writeln!(self.out, "{head:<11} {}", lines.next().unwrap_or_default());
        lines.for_each(|line| {
            let _ = writeln!(self.out, "{:12}{line}", "");
        });
    }
}

/// The page of a report.
fn page(lint: &[Complaint], report: &Report, colour: bool) -> String {
    let mut page = Page { out: format!("{}  {}\n\n", report.target, report.dialect), colour };
    if lint.is_empty() && report.webhook.is_none() {
        page.check(Mark::Good, "url", None, "nothing to say about it");
    }
    for complaint in lint {
        let mark = if complaint.refuses { Mark::Bad } else { Mark::Left };
        page.check(mark, "url", None, &format!("{}: {}; {}", complaint.lint, complaint.says, complaint.fix));
    }
    draw_phases(&mut page, report);
    for check in &report.checks {
        draw_check(&mut page, check);
    }
    draw_others(&mut page, report);
    page.out.push('\n');
    draw_cause(&mut page, report);
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
            format!("{}{line}", webhook.status.unwrap_or_default())
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

fn draw_cause(page: &mut Page, report: &Report) {
    let (Some(reason), Some(owner)) = (report.reason, report.owner) else {
        page.paragraph("result", &format!("{}: {}", report.outcome, report.summary));
        return;
    };
    page.paragraph("result", &format!("{}: {reason}", report.outcome));
    for finding in &report.findings {
        page.paragraph("cause", &format!("{}: {}", finding.confidence, finding.says));
        finding.evidence.iter().for_each(|line| page.paragraph("  evidence", line));
        page.paragraph("  do", &finding.remedy);
    }
    if report.findings.is_empty() {
        page.paragraph("cause", reason.explains());
    }
    page.paragraph("who", &format!("{owner}"));
    if let Some(code) = report.provider_code {
        page.paragraph("log", &format!("the provider would log {code}"));
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
    use crate::dialect::Provider;
    use crate::monitor::Target;
    use crate::outcome::{Check, Reason};
    use crate::supervisor::fixture;

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
        let lint = lint_url(&Target::parse("ws://voice.example.com//media?x=1").unwrap(), Some(Provider::Twilio));
        assert!(!lint.is_empty());
        let page = page(&lint, &report, false);
        for line in page.lines() {
            let alone = line.split_whitespace().count() <= 2;
            assert!(line.chars().count() <= WIDTH || alone, "{line}");
        }
        for part in ["✗ tls", "– plain_get", "✗ url", "cause", "who", "edge"] {
            assert!(page.contains(part), "{part}:\n{page}");
        }
        assert!(!page.contains('\u{1b}'));
    }

    #[test]
    fn a_good_line_has_no_cause() {
        let page = page(&[], &fixture::report("a", Outcome::Success), false);
        assert!(page.contains("✓ hold") && page.contains("success") && !page.contains("cause") && !page.contains('✗'), "{page}");
    }
}
