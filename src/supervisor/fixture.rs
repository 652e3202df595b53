//! Reports, monitors and a prober for tests, without a socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Fleet, Prober};
use crate::monitor::{Monitor, MonitorName, Target};
use crate::outcome::{Check, Outcome, Phase, Reason};
use crate::report::{
    AudioReport, CertificateReport, CheckReport, CloseHow, CloseReport, ClosedBy, HoldReport, LintReport, PhaseSeconds,
    PingReport, Report, StreamReport, TcpReport, TimelineEntry, TlsReport, WebhookReport,
};
use crate::text::Printable;
use crate::wall::Timestamp;
use crate::webhook::Lint;

/// A monitor with every setting at its default.
pub(crate) fn monitor(name: &str) -> Monitor {
    Monitor::new(MonitorName::new(name).unwrap(), Target::parse("wss://voice.example.com/media-stream?token=canary").unwrap())
}

/// The monitors as a fleet.
pub(crate) fn fleet(monitors: impl IntoIterator<Item = Monitor>) -> Fleet {
    Fleet {
        monitors: monitors.into_iter().map(Arc::new).collect(),
        max_concurrent_probes: 100,
        grace: Duration::from_secs(5),
        discoveries: Vec::new(),
    }
}

/// A report with everything in it that a good probe has.
pub(crate) fn report(name: &str, outcome: Outcome) -> Report {
    match outcome {
        Outcome::Success => success(name),
        Outcome::Failure => failure(name, Reason::WsEof),
        Outcome::Inconclusive => failure(name, Reason::LocalFdExhausted),
    }
}

/// A report that ended for `reason`.
pub(crate) fn failure(name: &str, reason: Reason) -> Report {
    let mut report = success(name);
    report.outcome = reason.outcome();
    report.phase = Some(reason.phase());
    report.reason = Some(reason);
    report.owner = Some(reason.owner());
    report.summary = reason.explains().to_owned();
    if reason.phase() < Phase::Hold {
        report.hold = None;
        report.close = None;
        report.phases.hold = None;
        report.phases.close = None;
    } else {
        report.hold = Some(hold(0.803));
        report.close = Some(CloseReport {
            code: 1006,
            reason: Printable::default(),
            by: ClosedBy::Server,
            how: CloseHow::Fin,
            answer: None,
        });
    }
    report
}

/// What a webhook said that hands out a stream at its line 3, with these complaints.
pub(crate) fn webhook(lint: Vec<LintReport>) -> WebhookReport {
    WebhookReport {
        url: "https://voice.example.com/voice?tenant=***".to_owned(),
        method: "POST",
        provider: "twilio",
        signed: true,
        address: "192.0.2.1:443".parse().ok(),
        certificates: Vec::new(),
        tls_reason: None,
        status: Some(200),
        headers: Vec::new(),
        body: Printable::trusted("<Response/>"),
        stream: Some(StreamReport {
            url: Printable::trusted("ws://voice.example.com/media"),
            line: 3,
            verb: "connect_stream",
            provider: Some("twilio"),
            parameters: vec![Printable::trusted("tenant"), Printable::trusted("agent")],
            track: None,
        }),
        lint,
    }
}

/// A complaint about line 3; one that refuses has a code.
pub(crate) fn lint(lint: Lint, refuses: bool) -> LintReport {
    LintReport {
        lint: lint.label(),
        line: Some(3),
        says: Printable::trusted("the URL is odd"),
        fix: Printable::trusted("write another"),
        refuses,
        provider_code: refuses.then_some("Twilio 31922"),
    }
}

fn success(name: &str) -> Report {
    Report {
        schema: 1,
        monitor: name.to_owned(),
        target: "wss://voice.example.com/media-stream?token=***".to_owned(),
        dialect: "raw".to_owned(),
        started_at: Timestamp::from_unix_seconds(1_795_168_800),
        outcome: Outcome::Success,
        phase: None,
        reason: None,
        owner: None,
        provider_code: None,
        summary: "held for 10.0 s".to_owned(),
        phases: PhaseSeconds {
            webhook: None,
            resolve: Some(0.001),
            connect: Some(0.011),
            tls: Some(0.024),
            upgrade: Some(0.009),
            hold: Some(10.0),
            close: Some(0.002),
        },
        webhook: None,
        addresses: Vec::new(),
        remote_address: "203.0.113.7:443".parse().ok(),
        attempts: Vec::new(),
        tls: Some(tls()),
        upgrade: Some(crate::report::UpgradeReport {
            status: Some(101),
            http_version: Some("1.1".to_owned()),
            headers: Vec::new(),
            body: Printable::default(),
            clock_skew_seconds: None,
        }),
        hold: Some(hold(10.001)),
        close: Some(CloseReport {
            code: 1000,
            reason: Printable::default(),
            by: ClosedBy::Prober,
            how: CloseHow::CloseFrame,
            answer: None,
        }),
        audio: AudioReport {
            frames_sent: 500,
            frames_received: 480,
            first_message_seconds: Some(0.1),
            first_audio_seconds: Some(0.2),
            longest_gap_seconds: Some(0.06),
            jitter_seconds: Some(0.001),
            bytes_per_second: Some(8000.0),
            ..AudioReport::default()
        },
        ping: PingReport { sent: 1, rtt_seconds: Some(0.012), received: 0 },
        tcp: Some(TcpReport { rtt_seconds: 0.011, retransmits: 2, unacknowledged: 0, send_window: Some(65_535) }),
        warnings: Vec::new(),
        comparison: None,
        checks: Vec::new(),
        findings: Vec::new(),
        fixes: Vec::new(),
        timeline: vec![TimelineEntry { at_seconds: 0.0, what: "looking up voice.example.com".to_owned() }],
        prober_lag_seconds: 0.001,
    }
}

fn hold(lasted_seconds: f64) -> HoldReport {
    HoldReport {
        mode: "streamed",
        target_seconds: 10.0,
        lasted_seconds,
        since_received_seconds: Some(0.02),
        since_sent_seconds: Some(0.01),
    }
}

fn tls() -> TlsReport {
    let certificate = |subject: &str, not_after: i64| CertificateReport {
        subject: Printable::trusted(subject),
        issuer: Printable::trusted("CN=An Authority"),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(not_after),
        names: Vec::new(),
    };
    TlsReport {
        version: Some("TLSv1.3".to_owned()),
        cipher_suite: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        alpn: None,
        verified: true,
        certificates: vec![certificate("CN=voice.example.com", 1_800_000_000), certificate("CN=An Intermediate", 1_799_000_000)],
    }
}

/// What the scripted prober does for one probe.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Takes so long and ends well.
    Succeed(Duration),
    /// Takes so long and fails for a reason.
    Fail(Duration, Reason),
    /// Has a bug.
    Panic,
    /// Takes so long to react to being cancelled, and does nothing else.
    Linger(Duration),
}

/// A prober that plays a script, the last act for ever, and notes when each probe began and ended.
#[derive(Clone, Debug)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    acts: VecDeque<Act>,
    start: Instant,
    begun: Vec<(String, Duration)>,
    followed: Vec<(String, Option<Reason>)>,
    follow_up_length: Duration,
    running: usize,
    most_running: usize,
}

impl Scripted {
    /// Plays `acts`.
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let script = Script {
            acts: acts.into_iter().collect(),
            start: Instant::now(),
            begun: Vec::new(),
            followed: Vec::new(),
            follow_up_length: Duration::ZERO,
            running: 0,
            most_running: 0,
        };
        Self(Arc::new(Mutex::new(script)))
    }

    /// When the probes of `name` began, since the script was made.
    pub(crate) fn begun(&self, name: &str) -> Vec<Duration> {
        self.0.lock().unwrap().begun.iter().filter(|(n, _)| n == name).map(|&(_, at)| at).collect()
    }

    /// Follow-ups take so long.
    pub(crate) fn follow_up_for(&self, length: Duration) {
        self.0.lock().unwrap().follow_up_length = length;
    }

    /// Which failures were followed up.
    pub(crate) fn followed(&self) -> Vec<(String, Option<Reason>)> {
        self.0.lock().unwrap().followed.clone()
    }

    /// How many ran at a time at most.
    pub(crate) fn most_running(&self) -> usize {
        self.0.lock().unwrap().most_running
    }

    fn begin(&self, name: &str) -> Act {
        let mut script = self.0.lock().unwrap();
        let at = script.start.elapsed();
        script.begun.push((name.to_owned(), at));
        script.running += 1;
        script.most_running = script.most_running.max(script.running);
        if script.acts.len() > 1 { script.acts.pop_front() } else { script.acts.front().copied() }.unwrap()
    }

    async fn play(act: Act, name: &str, cancel: &CancellationToken) -> Report {
        let (length, good) = match act {
            Act::Succeed(length) => (length, success(name)),
            Act::Fail(length, reason) => (length, failure(name, reason)),
            Act::Panic => panic!("scripted \u{1b}[31mpanic"),
            Act::Linger(length) => {
                cancel.cancelled().await;
                tokio::time::sleep(length).await;
                return failure(name, Reason::Cancelled);
            }
        };
        tokio::select! {
            () = tokio::time::sleep(length) => good,
            () = cancel.cancelled() => failure(name, Reason::Cancelled),
        }
    }
}

/// Counts down however the probe ends.
struct Ending(Scripted);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().running -= 1;
    }
}

impl Prober for Scripted {
    type Trail = ();

    async fn follow_up(&self, (): (), report: &Report, cancel: CancellationToken) -> Vec<CheckReport> {
        let length = {
            let mut script = self.0.lock().unwrap();
            script.followed.push((report.monitor.clone(), report.reason));
            script.follow_up_length
        };
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = cancel.cancelled() => {}
        }
        vec![CheckReport {
            check: Check::Path,
            subject: "wss://voice.example.com/media".to_owned(),
            outcome: Some(Outcome::Success),
            reason: None,
            seconds: 0.1,
            status: Some(101),
            says: "101".to_owned(),
        }]
    }

    async fn probe(&self, monitor: Arc<Monitor>, cancel: CancellationToken) -> (Report, ()) {
        let name = monitor.name.as_str();
        let act = self.begin(name);
        let _ending = Ending(self.clone());
        let started_at = Timestamp::now();
        let mut report = Self::play(act, name, &cancel).await;
        report.started_at = started_at;
        (report, ())
    }
}
