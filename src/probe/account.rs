//! What a probe notes as it goes, and the report that comes of it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::session::Held;
use super::summary;
use crate::dialect::Remark;
use crate::hold::{Ending, Goodbye};
use crate::monitor::{Endpoint, Monitor};
use crate::outcome::{Outcome, Phase, Reason, Warning};
use crate::report::{
    AttemptReport, AudioReport, CloseAnswer, CloseHow, CloseReport, ClosedBy, HoldReport, PhaseSeconds, PingReport, Report,
    TcpReport, TimelineEntry, TlsReport, UpgradeReport, WarningReport, WebhookReport,
};
use crate::text::Printable;
use crate::verdict::{self, StreamEnd, Violation, WireClose};
use crate::wall::Timestamp;
use crate::webhook::Lint;

/// The longest close reason there can be (RFC 6455 section 5.5.1: 125 bytes less the code).
const LONGEST_CLOSE_REASON: usize = 123;

/// The notes of one probe.
#[derive(Debug)]
pub(super) struct Account {
    began: Instant,
    started_at: Timestamp,
    pub(super) target: String,
    /// The phase that was reached, and since when.
    pub(super) phase: Phase,
    pub(super) phase_began: Instant,
    pub(super) phases: PhaseSeconds,
    pub(super) webhook: Option<WebhookReport>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) attempts: Vec<AttemptReport>,
    pub(super) tls: Option<TlsReport>,
    pub(super) upgrade: Option<UpgradeReport>,
    pub(super) outside_validity: Option<String>,
    pub(super) held: Option<Held>,
    warnings: Vec<WarningReport>,
    timeline: Vec<TimelineEntry>,
}

impl Account {
    pub(super) fn open(target: String) -> Self {
        let began = Instant::now();
        Self {
            began,
            started_at: Timestamp::now(),
            target,
            phase: Phase::Resolve,
            phase_began: began,
            phases: PhaseSeconds::default(),
            webhook: None,
            addresses: Vec::new(),
            remote: None,
            attempts: Vec::new(),
            tls: None,
            upgrade: None,
            outside_validity: None,
            held: None,
            warnings: Vec::new(),
            timeline: Vec::new(),
        }
    }

    /// A phase begins.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.phase_began = Instant::now();
    }

    /// The phase that is on took so long.
    pub(super) fn phase_seconds(&self) -> Option<f64> {
        Some(self.phase_began.elapsed().as_secs_f64())
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.note_at(self.began.elapsed(), what);
    }

    fn note_at(&mut self, at: Duration, what: impl Into<String>) {
        self.timeline.push(TimelineEntry { at_seconds: at.as_secs_f64(), what: what.into() });
    }

    pub(super) fn warn(&mut self, warning: Warning, says: impl Into<String>) {
        self.warnings.push(WarningReport { warning, says: says.into(), provider_code: None });
    }

    /// Something odd about what the server said; `says` has its sentence without secrets.
    pub(super) fn remark(&mut self, remark: &Remark, says: &str) {
        let often = if remark.count > 1 { format!(" ({} times)", remark.count) } else { String::new() };
        self.warn(remark.warning, format!("{says}{often}"));
    }

    /// Is one of these warnings among those that were noted?
    pub(super) fn is_raised(&self, failures: &[Warning]) -> bool {
        self.warnings.iter().any(|noted| failures.contains(&noted.warning))
    }

    /// When the probe began.
    pub(super) const fn began(&self) -> Instant {
        self.began
    }

    /// The line ended.
    pub(super) fn note_hold(&mut self, held: Held, monitor: &Monitor) {
        let upgraded = self.phase_began.saturating_duration_since(self.began);
        self.phases.hold = Some(held.lasted.as_secs_f64());
        self.phases.close = held.goodbye.map(|took| took.as_secs_f64());
        if let Some(at) = held.tally.first_message {
            self.note_at(upgraded + at, "first message from the server");
        }
        if let Some(at) = held.tally.first_audio {
            self.note_at(upgraded + at, "first audio from the server");
        }
        self.note_at(upgraded + held.lasted, summary::ending(&held, monitor));
        if let Some(took) = held.goodbye {
            self.note_at(upgraded + held.lasted + took, summary::goodbye(&held));
        }
        self.timeline.sort_by(|a, b| a.at_seconds.total_cmp(&b.at_seconds));
        self.warn_about(&held, monitor);
        self.held = Some(held);
    }

    fn warn_about(&mut self, held: &Held, monitor: &Monitor) {
        let tally = &held.tally;
        if held.code_is_illegal {
            let code = held.facts.close.as_ref().map_or(0, WireClose::reported_code);
            self.warn(Warning::CloseCodeIllegal, format!("the server sent close code {code}, which must not be on the wire"));
        }
        let ended = held.facts.ending;
        // Where an answer is demanded, its absence is the reason and no warning.
        if ended == Ending::Completed(Goodbye::TimedOut) && !held.facts.clean_close {
            let patience = monitor.hold.close_timeout;
            self.warn(Warning::CloseHandshakeTimeout, format!("no answer to our Close within {patience:?}"));
        }
        if ended == Ending::Completed(Goodbye::Unacknowledged) && !held.facts.clean_close {
            self.warn(Warning::CloseUnacknowledged, "the server ended the connection without answering our Close");
        }
        if let Some(code) = held.answered_with_trouble() {
            self.warn(Warning::CloseAnsweredWithOtherCode, format!("the server answered our Close 1000 with {code}"));
        }
        if held.data_after_close {
            self.warn(Warning::DataAfterClose, "the server sent something after its own Close");
        }
        if held.length_not_minimal {
            self.warn(Warning::LengthNotMinimal, "a frame's length is not in its shortest form");
        }
        if tally.frames_skipped > 0 {
            let (skipped, late) = (tally.frames_skipped, tally.pacing_late);
            self.warn(Warning::PacingStarved, format!("{skipped} frames were left out, as this machine was up to {late:?} late"));
        }
        let stopped = tally.frames_not_taken > 0 || !tally.longest_stop.is_zero();
        // Where the line ended over something of the kind, that is the reason.
        if stopped && !matches!(ended, Ending::WriteStalled | Ending::Blackhole | Ending::Flood) {
            let (stop, left_out) = (tally.longest_stop, tally.frames_not_taken);
            let long =
                if stop < Duration::from_secs(1) { "a moment".to_owned() } else { format!("{} s or more", stop.as_secs()) };
            self.warn(Warning::AudioNotTaken, format!("the server did not read for {long}; {left_out} frames were left out"));
        }
        if tally.lossy {
            self.warn(Warning::Retransmits, format!("{} segments were sent again during the hold", tally.retransmits));
        }
    }

    /// What the provider calls a failure for `reason`. The webhook's failures have their name of the provider whose webhook it is, which need
    /// not be that of the stream.
    fn provider_code(&self, monitor: &Monitor, reason: Reason) -> Option<&'static str> {
        if reason.outcome() != Outcome::Failure {
            return None;
        }
        let provider = match &monitor.endpoint {
            Endpoint::Webhook(webhook) if reason.phase() == Phase::Webhook => webhook.kind.dialect(),
            Endpoint::Webhook(_) | Endpoint::Stream(_) => monitor.dialect.provider().map(|settings| settings.provider),
        };
        self.refusal(reason).or_else(|| (provider?.facts().failure)(reason))
    }

    /// What the provider calls the fault of the webhook's answer for which it refuses the stream, where that is the `reason`.
    fn refusal(&self, reason: Reason) -> Option<&'static str> {
        let refusal = self.webhook.as_ref()?.lint.iter().find(|lint| lint.refuses)?;
        let lint = Lint::ALL.iter().find(|lint| lint.label() == refusal.lint)?;
        refusal.provider_code.filter(|_| lint.reason() == reason)
    }

    /// The report.
    pub(super) fn close(self, monitor: &Monitor, reason: Option<Reason>, lag: Duration) -> Report {
        let (outcome, phase) = verdict::outcome_of(reason, self.phase);
        let facts = monitor.dialect.provider().map(|settings| settings.provider.facts());
        let tally = self.held.as_ref().map(|held| held.tally).unwrap_or_default();
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64());
        Report {
            schema: 1,
            monitor: monitor.name.to_string(),
            dialect: monitor.dialect.name().to_owned(),
            started_at: self.started_at,
            outcome,
            phase,
            reason,
            owner: reason.map(Reason::owner),
            provider_code: reason.and_then(|reason| self.provider_code(monitor, reason)),
            summary: summary::sentence(&self, monitor, reason),
            phases: self.phases,
            webhook: self.webhook,
            addresses: self.addresses,
            remote_address: self.remote,
            hold: self.held.as_ref().map(|held| hold_report(held, monitor)),
            close: self.held.as_ref().map(close_report),
            audio: AudioReport {
                frames_sent: tally.frames_sent,
                frames_received: tally.frames_received,
                first_message_seconds: seconds(tally.first_message),
                first_audio_seconds: seconds(tally.first_audio),
                longest_gap_seconds: seconds(tally.longest_gap),
                jitter_seconds: seconds(tally.jitter),
                bytes_received: tally.bytes_received,
                bytes_per_second: tally.byte_rate,
                messages_received: tally.messages_received,
                marks_played: tally.marks_played,
                marks_cleared: tally.marks_cleared,
                mark_round_trip_seconds: seconds(tally.slowest_mark),
                clears: tally.clears,
                pacing_late_seconds: tally.pacing_late.as_secs_f64(),
                frames_skipped: tally.frames_skipped,
            },
            ping: PingReport { sent: tally.pings_sent, rtt_seconds: seconds(tally.rtt), received: tally.pings_received },
            tcp: self.held.as_ref().and_then(|held| held.path).map(|path| TcpReport {
                rtt_seconds: path.rtt.as_secs_f64(),
                retransmits: path.total_retransmits,
                unacknowledged: path.unacknowledged,
                send_window: path.send_window,
            }),
            target: self.target,
            attempts: self.attempts,
            tls: self.tls,
            upgrade: self.upgrade,
            warnings: self
                .warnings
                .into_iter()
                .map(|noted| WarningReport { provider_code: facts.and_then(|facts| facts.code(noted.warning)), ..noted })
                .collect(),
            comparison: None,
            checks: Vec::new(),
            findings: Vec::new(),
            fixes: Vec::new(),
            timeline: self.timeline,
            prober_lag_seconds: lag.as_secs_f64(),
        }
    }
}

fn hold_report(held: &Held, monitor: &Monitor) -> HoldReport {
    let since = |at: Option<Duration>| at.map(|at| held.lasted.saturating_sub(at).as_secs_f64());
    HoldReport {
        mode: monitor.hold.mode.label(),
        target_seconds: monitor.hold.target.as_secs_f64(),
        lasted_seconds: held.lasted.as_secs_f64(),
        since_received_seconds: since(held.tally.last_received),
        since_sent_seconds: since(held.tally.last_sent),
    }
}

/// The code is that of the Close which ended the line: the server's if it closed or vanished first, ours if we did. What the server
/// said after ours stands beside it.
fn close_report(held: &Held) -> CloseReport {
    let facts = &held.facts;
    let theirs = facts.close.as_ref();
    let reason = |close: &WireClose| Printable::capture(&close.reason, LONGEST_CLOSE_REASON);
    if let (true, Some(close)) = (held.server_closed_first(), theirs) {
        let (code, reason) = (close.reported_code(), reason(close));
        return CloseReport { code, reason, by: ClosedBy::Server, how: CloseHow::CloseFrame, answer: None };
    }
    let dead = facts.stream_end == Some(StreamEnd::Dead);
    let (code, by, how) = match facts.ending {
        Ending::PeerClosed | Ending::PeerGone if dead => (1006, ClosedBy::Network, CloseHow::Timeout),
        Ending::PeerClosed | Ending::PeerGone => (1006, ClosedBy::Server, stream_how(facts.stream_end)),
        Ending::Completed(Goodbye::Answered) => (1000, ClosedBy::Prober, CloseHow::CloseFrame),
        Ending::Completed(Goodbye::Unacknowledged) => (1000, ClosedBy::Prober, stream_how(facts.stream_end)),
        Ending::Completed(Goodbye::TimedOut) => (1000, ClosedBy::Prober, CloseHow::Timeout),
        Ending::Blackhole => (1006, ClosedBy::Network, CloseHow::Timeout),
        Ending::WriteStalled => (1006, ClosedBy::Prober, CloseHow::Timeout),
        Ending::Violation => (facts.violation.map_or(1002, Violation::close_code), ClosedBy::Prober, CloseHow::Local),
        Ending::Flood => (1008, ClosedBy::Prober, CloseHow::Local),
        Ending::PingTimeout | Ending::Unmet(_) | Ending::NotAnswered | Ending::Refused | Ending::HungUp | Ending::Cancelled => {
            (1000, ClosedBy::Prober, CloseHow::Local)
        }
    };
    let answer = theirs.map(|close| CloseAnswer { code: close.reported_code(), reason: reason(close) });
    CloseReport { code, reason: Printable::default(), by, how, answer }
}

const fn stream_how(end: Option<StreamEnd>) -> CloseHow {
    match end {
        Some(StreamEnd::Fin) => CloseHow::Fin,
        Some(StreamEnd::CloseNotify) => CloseHow::TlsCloseNotify,
        Some(StreamEnd::TlsEof) => CloseHow::TlsEof,
        Some(StreamEnd::Rst | StreamEnd::TlsAlert { .. } | StreamEnd::TlsDamaged) => CloseHow::Rst,
        Some(StreamEnd::Dead) | None => CloseHow::Timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{CallSettings, Dialect, Provider, raw::RawSettings};
    use crate::monitor::{Webhook, WebhookKind, WebhookUrl};
    use crate::supervisor::fixture;

    /// The code of a probe that ended for `reason`, after an answer that the provider refuses for its `ws://`.
    fn code(kind: WebhookKind, dialect: Dialect, reason: Reason) -> Option<&'static str> {
        let mut monitor = fixture::monitor("m");
        let webhook = Webhook::new(kind, WebhookUrl::parse("https://voice.example.com/voice").unwrap());
        (monitor.endpoint, monitor.dialect) = (Endpoint::Webhook(Box::new(webhook)), dialect);
        let mut account = Account::open(String::new());
        account.webhook = Some(fixture::webhook(vec![fixture::lint(Lint::SchemeNotWss, true)]));
        account.close(&monitor, Some(reason), Duration::ZERO).provider_code
    }

    #[test]
    fn codes_are_those_of_who_has_the_failing_leg() {
        let twilio = || Dialect::Provider(Box::new(CallSettings::new(Provider::Twilio)));
        let raw = || Dialect::Raw(RawSettings::default());
        let rows = [
            (WebhookKind::Twilio, twilio(), Reason::WebhookNotFound, Some("Twilio 11200")),
            (WebhookKind::Twilio, raw(), Reason::WebhookNotFound, Some("Twilio 11200")),
            (WebhookKind::Json, twilio(), Reason::WebhookNotFound, None),
            (WebhookKind::Telnyx, twilio(), Reason::WebhookNotFound, None),
            (WebhookKind::Json, twilio(), Reason::WsEof, Some("Twilio 31903")),
            (WebhookKind::Twilio, raw(), Reason::WsEof, None),
            // The lint's own, where the probe ended for it.
            (WebhookKind::Twilio, twilio(), Reason::WebhookUrlInvalid, Some("Twilio 31922")),
            (WebhookKind::Twilio, twilio(), Reason::WebhookTimeout, Some("Twilio 11205")),
            (WebhookKind::Twilio, twilio(), Reason::ProberOverloaded, None),
            (WebhookKind::Twilio, twilio(), Reason::LocalClock, None),
        ];
        for (kind, dialect, reason, expected) in rows {
            let what = format!("{} {} {reason}", kind.label(), dialect.name());
            assert_eq!(code(kind, dialect, reason), expected, "{what}");
        }
    }
}
