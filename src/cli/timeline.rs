//! A report as a page for a terminal: what happened when, how long each phase took, how it ended.

use std::fmt::Write;

use crate::outcome::{Outcome, Phase};
use crate::report::Report;

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
    if let Some(traffic) = traffic(report) {
        let _ = writeln!(out, "  {traffic}");
    }
    for certificate in report.tls.iter().flat_map(|tls| &tls.certificates) {
        let _ = writeln!(
            out,
            "  certificate {}, issued by {}, valid until {}",
            certificate.subject, certificate.issuer, certificate.not_after
        );
    }
    for warning in &report.warnings {
        let code = warning.provider_code.map_or_else(String::new, |code| format!(" ({code})"));
        let _ = writeln!(out, "  {} {}{code}: {}", paint.with("33", "!"), warning.warning, warning.says);
    }
    let _ = write!(out, "\n{}", verdict(report, &paint));
    out
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
