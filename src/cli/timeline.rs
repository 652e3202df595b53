//! A report as a page for a terminal: what happened when, how long each phase took, how it ended.

use std::fmt::Write;

use crate::outcome::{Outcome, Phase};
use crate::report::{CertificateReport, LintReport, Report, WebhookReport};
use crate::text::Printable;
use crate::webhook::Lint;

/// ANSI escapes, or nothing.
struct Paint {
    on: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Draws `report`; colour only for a terminal.
pub(super) fn draw(report: &Report, colour: bool) -> String {
    let paint = Paint { on: colour };
    let mut out = format!("{}  {}\n\n", paint.with("1", &report.target), report.dialect);
    for entry in &report.timeline {
        let _ = writeln!(out, "{:>10.3} s  {}", entry.at_seconds, entry.what);
    }
    let _ = writeln!(out, "\n  {}", phases(report));
    if let Some(webhook) = &report.webhook {
        draw_webhook(&mut out, webhook, &paint);
    }
    if let Some(traffic) = traffic(report) {
        let _ = writeln!(out, "  {traffic}");
    }
    draw_certificates(&mut out, report.tls.iter().flat_map(|tls| &tls.certificates));
    for warning in &report.warnings {
        let code = warning.provider_code.map_or_else(String::new, |code| format!(" ({code})"));
        let _ = writeln!(out, "  {} {}{code}: {}", paint.with("33", "!"), warning.warning, warning.says);
    }
    if let Some(comparison) = &report.comparison {
        for (what, second) in [("origin", &comparison.origin), ("fallback", &comparison.fallback)] {
            let Some(second) = second else { continue };
            let _ = writeln!(out, "  {what} {}: {}, {}", second.url, second.outcome, second.summary);
        }
    }
    let _ = write!(out, "\n{}", verdict(report, &paint));
    for finding in &report.findings {
        let _ = writeln!(out, "  {}: {}; {}", finding.confidence, finding.says, finding.remedy);
    }
    out
}

/// Who was asked, what came, and what is wrong with it. What the provider passes over is a warning as well, which is drawn with the others.
fn draw_webhook(out: &mut String, webhook: &WebhookReport, paint: &Paint) {
    let address = webhook.address.map_or_else(String::new, |address| format!(" at {address}"));
    let status = webhook.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let _ = writeln!(out, "  webhook {} {}{address} as {}: {status}", webhook.method, webhook.url, webhook.provider);
    draw_certificates(out, &webhook.certificates);
    if let Some(stream) = &webhook.stream {
        let dialect = stream.provider.map_or_else(String::new, |provider| format!(", {provider}"));
        let names: Vec<&str> = stream.parameters.iter().map(Printable::as_str).collect();
        let parameters = if names.is_empty() { String::new() } else { format!(", with {}", names.join(", ")) };
        let _ = writeln!(out, "  line {}: {} {}{dialect}{parameters}", stream.line, stream.verb, stream.url);
    }
    let warned = |lint: &LintReport| Lint::ALL.iter().any(|known| known.label() == lint.lint && known.warning().is_some());
    for lint in webhook.lint.iter().filter(|lint| lint.refuses || !warned(lint)) {
        let line = lint.line.map_or_else(String::new, |line| format!("line {line}: "));
        let code = lint.provider_code.map_or_else(String::new, |code| format!(" ({code})"));
        let (sign, colour) = if lint.refuses { ("✗", "31") } else { ("!", "33") };
        let _ = writeln!(out, "  {} {}{code}: {line}{}; {}", paint.with(colour, sign), lint.lint, lint.says, lint.fix);
    }
}

fn draw_certificates<'c>(out: &mut String, certificates: impl IntoIterator<Item = &'c CertificateReport>) {
    for certificate in certificates {
        let _ = writeln!(
            out,
            "  certificate {}, issued by {}, valid until {}",
            certificate.subject, certificate.issuer, certificate.not_after
        );
    }
}

fn phases(report: &Report) -> String {
    let took = |phase: &Phase| report.phases.of(*phase).map(|seconds| format!("{phase} {seconds:.3} s"));
    let list: Vec<_> = Phase::ALL.iter().filter_map(took).collect();
    list.join(" · ")
}

fn traffic(report: &Report) -> Option<String> {
    report.hold?;
    let audio = &report.audio;
    let mut parts = vec![format!("{} frames sent, {} received", audio.frames_sent, audio.frames_received)];
    if let Some(seconds) = audio.first_message_seconds {
        parts.push(format!("first message after {seconds:.3} s"));
    }
    if let Some(seconds) = audio.first_audio_seconds {
        parts.push(format!("first audio after {seconds:.3} s"));
    }
    if let Some(seconds) = audio.longest_gap_seconds {
        parts.push(format!("longest gap {seconds:.3} s"));
    }
    if let Some(seconds) = audio.jitter_seconds {
        parts.push(format!("jitter {:.1} ms", seconds * 1000.0));
    }
    if let Some(rate) = audio.bytes_per_second {
        parts.push(format!("{rate:.0} bytes of audio a second"));
    }
    if audio.marks_played > 0 {
        let plural = if audio.marks_played == 1 { "mark" } else { "marks" };
        parts.push(format!("{} {plural} played", audio.marks_played));
    }
    if let Some(seconds) = report.ping.rtt_seconds {
        parts.push(format!("ping {:.1} ms", seconds * 1000.0));
    }
    Some(parts.join(" · "))
}

fn verdict(report: &Report, paint: &Paint) -> String {
    let (sign, colour) = match report.outcome {
        Outcome::Success => ("✓", "32"),
        Outcome::Failure => ("✗", "31"),
        Outcome::Inconclusive => ("?", "33"),
    };
    let head = match (report.reason, report.phase, report.owner) {
        (Some(reason), Some(phase), Some(owner)) => {
            let code = report.provider_code.map_or_else(String::new, |code| format!(", {code}"));
            format!("{} {}  {reason}  (phase {phase}, owner {owner}{code})", sign, report.outcome)
        }
        _ => format!("{sign} {}", report.outcome),
    };
    format!("{}\n  {}\n", paint.with(colour, &head), report.summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;
    use crate::report::WarningReport;
    use crate::supervisor::fixture;

    #[test]
    fn a_webhook_is_drawn_with_what_is_wrong_in_its_answer() {
        let mut report = fixture::failure("a", Reason::WebhookUrlInvalid);
        report.phases.webhook = Some(0.125);
        let lint = vec![fixture::lint(Lint::SchemeNotWss, true), fixture::lint(Lint::HostDiffers, false)];
        report.webhook = Some(fixture::webhook(lint));
        let warning = Lint::HostDiffers.warning().expect("providers pass over it");
        report.warnings = vec![WarningReport { warning, says: "line 3: the URL is odd".to_owned(), provider_code: None }];
        let drawn = draw(&report, false);
        for line in [
            "  webhook 0.125 s",
            "  webhook POST https://voice.example.com/voice?tenant=*** at 192.0.2.1:443 as twilio: 200\n",
            "  line 3: connect_stream ws://voice.example.com/media, twilio, with tenant, agent\n",
            "  ✗ scheme_not_wss (Twilio 31922): line 3: the URL is odd; write another\n",
        ] {
            assert!(drawn.contains(line), "`{line}` is missing:\n{drawn}");
        }
        assert_eq!(drawn.matches("host_differs").count(), 1, "once among the warnings:\n{drawn}");
    }
}
