//! The report of one probe: what `--json`, the API and the history hold.
//!
//! A plain record (`schema` 1). Fields may be added, never renamed. Everything that came from the endpoint was sanitised when
//! it was captured ([`Printable`]); secrets never get in; query values are redacted in `target`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use crate::outcome::{Check, Confidence, Finding, Outcome, Owner, Phase, Reason, Warning};
use crate::text::Printable;
use crate::wall::Timestamp;

/// One probe, from the first lookup to the last byte. All durations are in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this form: 1.
    pub schema: u32,
    /// The monitor's name; `ad-hoc` for a URL given on the command line.
    pub monitor: String,
    /// The URL that was dialled, with query values redacted.
    pub target: String,
    /// The dialect's name.
    pub dialect: String,
    /// When the probe began.
    pub started_at: Timestamp,
    /// Success, failure or inconclusive.
    pub outcome: Outcome,
    /// Where it ended, unless it succeeded.
    pub phase: Option<Phase>,
    /// Why, unless it succeeded.
    pub reason: Option<Reason>,
    /// Who must act, unless it succeeded.
    pub owner: Option<Owner>,
    /// What the provider calls such a failure, where it has a name or number for it: `Twilio 31921`.
    pub provider_code: Option<&'static str>,
    /// One line for a person.
    pub summary: String,
    /// How long each phase took; `null` where it was not reached.
    pub phases: PhaseSeconds,
    /// What the webhook was asked and said, if the probe began there.
    pub webhook: Option<WebhookReport>,
    /// The addresses of the host that is dialled, in the order of dialling.
    pub addresses: Vec<IpAddr>,
    /// The address that took the connection.
    pub remote_address: Option<SocketAddr>,
    /// Each address that was tried, in order.
    pub attempts: Vec<AttemptReport>,
    /// The TLS session and the certificates, also when the check failed.
    pub tls: Option<TlsReport>,
    /// The answer to the upgrade, whatever it was.
    pub upgrade: Option<UpgradeReport>,
    /// How long the line lived.
    pub hold: Option<HoldReport>,
    /// How the line ended.
    pub close: Option<CloseReport>,
    /// What was sent and heard.
    pub audio: AudioReport,
    /// Pings in both directions.
    pub ping: PingReport,
    /// The kernel's view of the connection at its end (Linux).
    pub tcp: Option<TcpReport>,
    /// Oddities that did not decide the outcome.
    pub warnings: Vec<WarningReport>,
    /// What the second ways to the same server came to, where the first one failed and there are any.
    pub comparison: Option<ComparisonReport>,
    /// What follow-up checks after the failure came to; empty where there were none.
    pub checks: Vec<CheckReport>,
    /// Sentences of diagnosis.
    pub findings: Vec<FindingReport>,
    /// Commands and lines of configuration for what was recognised, the best first, at most four.
    pub fixes: Vec<FixReport>,
    /// What happened when.
    pub timeline: Vec<TimelineEntry>,
    /// The longest delay of the prober's own timers during the probe.
    pub prober_lag_seconds: f64,
}

impl Report {
    /// When the last phase ended; second ways and follow-up checks come after it.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        let seconds = Phase::ALL.iter().filter_map(|&phase| self.phases.of(phase)).sum();
        self.started_at.plus(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    }
}

/// Seconds that each phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PhaseSeconds {
    /// Asking the webhook: from its lookup to the end of its answer.
    pub webhook: Option<f64>,
    /// All lookups.
    pub resolve: Option<f64>,
    /// All connection attempts.
    pub connect: Option<f64>,
    /// The TLS handshake.
    pub tls: Option<f64>,
    /// From the request's first byte to the end of the answer's head.
    pub upgrade: Option<f64>,
    /// From the 101 to the end of the line.
    pub hold: Option<f64>,
    /// From our Close until the server answered it, hung up, or the time for it was over.
    pub close: Option<f64>,
}

impl PhaseSeconds {
    /// The seconds of `phase`, if it was reached.
    #[must_use]
    pub const fn of(&self, phase: Phase) -> Option<f64> {
        match phase {
            Phase::Webhook => self.webhook,
            Phase::Resolve => self.resolve,
            Phase::Connect => self.connect,
            Phase::Tls => self.tls,
            Phase::Upgrade => self.upgrade,
            Phase::Hold => self.hold,
            Phase::Close => self.close,
        }
    }

    /// Resolve to 101, if the dial went through.
    #[must_use]
    pub fn dial(&self) -> Option<f64> {
        // An upgrade that was refused took its time as well, but there is no hold after it.
        self.hold?;
        Some(self.resolve? + self.connect? + self.tls.unwrap_or(0.0) + self.upgrade?)
    }
}

/// What the webhook was asked and said.
#[derive(Clone, Debug, Serialize)]
pub struct WebhookReport {
    /// The URL that was asked, with query values redacted.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Whose request it was.
    pub provider: &'static str,
    /// Was the request signed?
    pub signed: bool,
    /// The address that answered.
    pub address: Option<SocketAddr>,
    /// The certificates as sent, the leaf first.
    pub certificates: Vec<CertificateReport>,
    /// Which TLS fault it was, if it was one.
    pub tls_reason: Option<Reason>,
    /// The status, if there was one.
    pub status: Option<u16>,
    /// Names in lower case; values that may carry secrets are redacted.
    pub headers: Vec<(Printable, Printable)>,
    /// The first 4 KiB of the body; values of queries and of parameters are redacted.
    pub body: Printable,
    /// The stream that the answer opens.
    pub stream: Option<StreamReport>,
    /// What is wrong with the answer, in the order of the document.
    pub lint: Vec<LintReport>,
}

/// The stream that a webhook's answer opens.
#[derive(Clone, Debug, Serialize)]
pub struct StreamReport {
    /// The URL as it was written, query values and password left out.
    pub url: Printable,
    /// The line of the document, from 1.
    pub line: u32,
    /// What opens it: `connect_stream` …
    pub verb: &'static str,
    /// Whose dialect is spoken on it.
    pub provider: Option<&'static str>,
    /// The names of its parameters.
    pub parameters: Vec<Printable>,
    /// The track, as it was written.
    pub track: Option<Printable>,
}

/// What is wrong with a webhook's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LintReport {
    /// Which of the list (`docs/webhooks.md`).
    pub lint: &'static str,
    /// The line of the document, from 1; `null` if it is about the answer as a whole.
    pub line: Option<u32>,
    /// What is wrong, with the text in question.
    pub says: Printable,
    /// What to write instead.
    pub fix: Printable,
    /// Does the provider refuse the stream for it?
    pub refuses: bool,
    /// What the provider calls it.
    pub provider_code: Option<&'static str>,
}

/// One address and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptReport {
    /// The address.
    pub address: SocketAddr,
    /// How long the attempt took.
    pub seconds: f64,
    /// `null` if it took the connection.
    pub error: Option<String>,
}

/// The TLS session.
#[derive(Clone, Debug, Serialize)]
pub struct TlsReport {
    /// `TLSv1.3`, or `null` where the handshake did not get so far.
    pub version: Option<String>,
    /// The negotiated cipher suite.
    pub cipher_suite: Option<String>,
    /// The protocol that ALPN agreed on.
    pub alpn: Option<Printable>,
    /// Did the chain pass the check? With `insecure`, what the check would have said.
    pub verified: bool,
    /// The certificates as sent, the leaf first.
    pub certificates: Vec<CertificateReport>,
}

/// One certificate, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// Distinguished name of the holder.
    pub subject: Printable,
    /// Distinguished name of the issuer.
    pub issuer: Printable,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Subject alternative names, at most 32.
    pub names: Vec<Printable>,
}

/// The answer to the upgrade.
#[derive(Clone, Debug, Serialize)]
pub struct UpgradeReport {
    /// The status, if there was one.
    pub status: Option<u16>,
    /// `1.1` or `1.0`.
    pub http_version: Option<String>,
    /// Names in lower case; values that may carry secrets (cookies, Location's query) are redacted.
    pub headers: Vec<(Printable, Printable)>,
    /// The first 4 KiB of the body.
    pub body: Printable,
    /// How far the server's clock (its `Date` header) is ahead of ours.
    pub clock_skew_seconds: Option<f64>,
}

/// How long the line lived.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HoldReport {
    /// `streamed` or `idle`.
    pub mode: &'static str,
    /// How long it should have lived.
    pub target_seconds: f64,
    /// How long it did.
    pub lasted_seconds: f64,
    /// From the last byte that came to the end of the line, or to our goodbye; `null` if none came after the 101. The Close that ended
    /// the line does not count.
    pub since_received_seconds: Option<f64>,
    /// From the last that we sent, pongs among it, to the same moment; `null` if we sent nothing.
    pub since_sent_seconds: Option<f64>,
}

/// How the line ended.
#[derive(Clone, Debug, Serialize)]
pub struct CloseReport {
    /// The code on the wire of the Close that ended the line, theirs or ours; 1005 for a Close without a code, 1006 where no Close came.
    pub code: u16,
    /// The reason text on the wire.
    pub reason: Printable,
    /// Who ended the line first.
    pub by: ClosedBy,
    /// What the end looked like on the wire.
    pub how: CloseHow,
    /// The server's own Close, where ours went first.
    pub answer: Option<CloseAnswer>,
}

/// A Close of the server that did not end the line: it came after ours, while ours was on its way, or was malformed.
#[derive(Clone, Debug, Serialize)]
pub struct CloseAnswer {
    /// Its code; 1005 for none.
    pub code: u16,
    /// Its reason text.
    pub reason: Printable,
}

crate::outcome::words! {
    /// Who ended the line first.
    ClosedBy {
        /// The endpoint.
        Server = "server",
        /// sidetone.
        Prober = "prober",
        /// Neither: the path went away.
        Network = "network",
    }
}

crate::outcome::words! {
    /// What the end of the line looked like on the wire.
    CloseHow {
        /// A WebSocket Close frame.
        CloseFrame = "close_frame",
        /// TCP FIN without a Close frame.
        Fin = "fin",
        /// TCP RST.
        Rst = "rst",
        /// The end of TCP inside TLS, without close_notify.
        TlsEof = "tls_eof",
        /// TLS close_notify without a Close frame.
        TlsCloseNotify = "tls_close_notify",
        /// Nothing came until a deadline.
        Timeout = "timeout",
        /// We ended it.
        Local = "local",
    }
}

/// What was sent and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AudioReport {
    /// Media frames that we sent.
    pub frames_sent: u64,
    /// Media frames that came.
    pub frames_received: u64,
    /// From the 101 to the first message of any kind.
    pub first_message_seconds: Option<f64>,
    /// From the 101 to the first audio.
    pub first_audio_seconds: Option<f64>,
    /// The longest pause between two audio frames that came.
    pub longest_gap_seconds: Option<f64>,
    /// The jitter of the audio that came (RFC 3550 section 6.4.1).
    pub jitter_seconds: Option<f64>,
    /// Bytes of the audio that came, decoded from its envelope.
    pub bytes_received: u64,
    /// Bytes a second of it, from its first frame to its last; `null` below one second.
    pub bytes_per_second: Option<f64>,
    /// Messages of any kind that came.
    pub messages_received: u64,
    /// Marks of the server that were played and sent back.
    pub marks_played: u64,
    /// Marks of the server that were answered because it threw away what was before them.
    pub marks_cleared: u64,
    /// The longest that a mark waited until the audio before it had been played.
    pub mark_round_trip_seconds: Option<f64>,
    /// How often the server threw away what waited to be played.
    pub clears: u64,
    /// The latest that one of our frames left after its due time.
    pub pacing_late_seconds: f64,
    /// Frames that were left out because we were too late for them.
    pub frames_skipped: u64,
}

/// Pings in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PingReport {
    /// Pings that we sent.
    pub sent: u64,
    /// The last round trip.
    pub rtt_seconds: Option<f64>,
    /// Pings that came, all answered.
    pub received: u64,
}

/// What the kernel knows about the connection (`TCP_INFO`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TcpReport {
    /// Smoothed round trip.
    pub rtt_seconds: f64,
    /// Segments that were sent again, in total.
    pub retransmits: u32,
    /// Segments on the way.
    pub unacknowledged: u32,
    /// The peer's receive window, in bytes; `null` where the kernel does not tell.
    pub send_window: Option<u32>,
}

/// An oddity and what it means here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WarningReport {
    /// Which one.
    pub warning: Warning,
    /// The sentence with its facts.
    pub says: String,
    /// What the provider calls it, where it has a name or number for it: `Twilio 31951`.
    pub provider_code: Option<&'static str>,
}

/// What the second ways to the same server came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComparisonReport {
    /// The server itself, past what is in front of it.
    pub origin: Option<SecondWayReport>,
    /// The traditional webhook.
    pub fallback: Option<SecondWayReport>,
}

/// What one second way came to.
#[derive(Clone, Debug, Serialize)]
pub struct SecondWayReport {
    /// Its URL, with query values redacted.
    pub url: String,
    /// Success, failure or inconclusive.
    pub outcome: Outcome,
    /// Where it ended, unless it succeeded.
    pub phase: Option<Phase>,
    /// Why, unless it succeeded.
    pub reason: Option<Reason>,
    /// Who must act, unless it succeeded.
    pub owner: Option<Owner>,
    /// One line for a person.
    pub summary: String,
    /// How long it took.
    pub seconds: f64,
}

/// What one follow-up check came to.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Which one.
    pub check: Check,
    /// What was tried: a URL without query values, an address, a setting.
    pub subject: String,
    /// Success, failure or inconclusive; `null` where it was left out.
    pub outcome: Option<Outcome>,
    /// Why, unless it succeeded.
    pub reason: Option<Reason>,
    /// How long it took.
    pub seconds: f64,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// One line for a person; where the check was left out, why.
    pub says: String,
}

/// A sentence of diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// Which one.
    pub finding: Finding,
    /// How sure it is.
    pub confidence: Confidence,
    /// The sentence.
    pub says: String,
    /// The facts that it rests on.
    pub evidence: Vec<String>,
    /// What to do.
    #[serde(rename = "do")]
    pub remedy: String,
}

/// Commands or lines of configuration against what a finding or the reason says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FixReport {
    /// The finding that it answers; `null` if it answers the reason.
    pub finding: Option<Finding>,
    /// The reason that it answers; `null` if it answers a finding.
    pub reason: Option<Reason>,
    /// For whom it is: a layer that was recognised, the provider, or `anyone`.
    #[serde(rename = "for")]
    pub whom: &'static str,
    /// What it does, and what to put in place of what is only an example.
    pub says: String,
    /// The lines, filled in with the monitor's own host and path.
    pub text: String,
    /// The page that it is from.
    pub source: &'static str,
    /// How well it is known: `documented`, `seen` or `assumed`.
    pub known: &'static str,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// Since the start of the probe.
    pub at_seconds: f64,
    /// What happened.
    pub what: String,
}
