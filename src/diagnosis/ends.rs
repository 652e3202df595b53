//! Why a line ended, out of one report: the decision tree for early ends.
//!
//! A Close is judged by its code and text (`codes`), an end without one by its time, by what had passed before it and by how the
//! connection ended. Deliberately absent: timers of hosts, as one end at 60 s may be chance; they need a history (`timers`).
//!
//! Invariant: only a failed hold that the server or the path ended has findings.

use super::codes;
use crate::outcome::{Confidence, Finding, Outcome, Reason};
use crate::report::{CloseHow, CloseReport, FindingReport, HoldReport, Report};

/// Below this after the 101 without a word, nothing of ours need have been read.
const AT_ONCE: f64 = 0.05;
/// Until then an end without a word is a start that failed.
const SETUP: f64 = 3.0;
/// Timeouts for the first message, as servers have them.
const START_TIMEOUTS: [f64; 2] = [5.0, 10.0];
/// When pings of 20 s and patience of 20 s come to an end.
const KEEPALIVE: std::ops::RangeInclusive<f64> = 19.5..=41.0;
/// Audio that left so shortly before a reset was on its way then.
const ON_ITS_WAY: f64 = 1.0;
/// The longest round trip that is believed.
const LONGEST_TRIP: f64 = 2.0;

/// What is known of an end.
struct End<'a> {
    report: &'a Report,
    hold: HoldReport,
    close: &'a CloseReport,
}

/// The findings about how the line of `report` ended.
#[must_use]
pub fn ends(report: &Report) -> Vec<FindingReport> {
    let (Some(hold), Some(close), Outcome::Failure) = (report.hold, report.close.as_ref(), report.outcome) else {
        return Vec::new();
    };
    let end = End { report, hold, close };
    match report.reason {
        Some(Reason::ClosedByServer) => end.no_handler().into_iter().chain(end.closed()).collect(),
        Some(Reason::WsHttpAfterUpgrade) => vec![end.http_after_upgrade()],
        Some(Reason::WsWriteStalled) => vec![end.not_reading()],
        Some(Reason::NetBlackhole) => end.path_lost().into_iter().collect(),
        Some(Reason::WsEof | Reason::WsEofMidFrame | Reason::WsReset) => {
            end.audio_unread().into_iter().chain(end.by_time()).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

impl End<'_> {
    const fn spoke(&self) -> bool {
        self.hold.since_received_seconds.is_some()
    }

    const fn sent(&self) -> bool {
        self.hold.since_sent_seconds.is_some()
    }

    /// One round trip, as the kernel, a ping or the connection has it.
    fn round_trip(&self) -> f64 {
        let known = [self.report.tcp.map(|tcp| tcp.rtt_seconds), self.report.ping.rtt_seconds, self.report.phases.connect];
        known.into_iter().flatten().find(|trip| trip.is_finite()).unwrap_or(0.0).clamp(0.0, LONGEST_TRIP)
    }

    /// The end itself, and what passed before it.
    fn facts(&self) -> Vec<String> {
        let lasted = self.hold.lasted_seconds;
        let mut facts = vec![format!("{}, {lasted:.3} s after the upgrade", self.how())];
        facts.push(match self.hold.since_received_seconds {
            Some(since) => format!("the last byte from the server came {since:.3} s before that"),
            None => "the server had sent nothing since the upgrade".to_owned(),
        });
        facts.push(match self.hold.since_sent_seconds {
            Some(since) => {
                format!("we sent {} media frames, the last bytes {since:.3} s before the end", self.report.audio.frames_sent)
            }
            None => "we had sent nothing since the upgrade".to_owned(),
        });
        facts.extend(self.kernel());
        facts
    }

    fn how(&self) -> String {
        match (self.close.how, self.close.reason.as_str()) {
            (CloseHow::CloseFrame, "") => format!("Close {}", self.close.code),
            (CloseHow::CloseFrame, reason) => format!("Close {} \"{reason}\"", self.close.code),
            (CloseHow::Fin, _) => "TCP FIN without a Close: the peer had read all that we sent".to_owned(),
            (CloseHow::Rst, _) => "TCP RST without a Close".to_owned(),
            (CloseHow::TlsCloseNotify, _) => {
                "TLS close_notify without a Close: a process or proxy ended the line in order".to_owned()
            }
            (CloseHow::TlsEof, _) => {
                "TCP FIN without TLS close_notify and without a Close: a crash, a kill, or a careless proxy".to_owned()
            }
            (CloseHow::Timeout, _) => "nothing came any more".to_owned(),
            (CloseHow::Local, _) => "we ended the line".to_owned(),
        }
    }

    /// What the kernel knows about our audio.
    fn kernel(&self) -> Option<String> {
        let tcp = self.report.tcp?;
        let window = tcp.send_window.map_or_else(|| "unknown".to_owned(), |window| format!("{window} bytes"));
        Some(format!("segments unacknowledged: {}, the server's receive window: {window}", tcp.unacknowledged))
    }

    fn finding(&self, finding: Finding, confidence: Confidence, says: &str, remedy: &str) -> FindingReport {
        FindingReport { finding, confidence, says: says.to_owned(), evidence: self.facts(), remedy: remedy.to_owned() }
    }

    /// A Close without a code before a word was said, as `@fastify/websocket` sends it from a route that is for HTTP alone
    /// (<https://github.com/fastify/fastify-websocket> index.js: "path with no websocket handler").
    fn no_handler(&self) -> Option<FindingReport> {
        let is_such = self.close.code == 1005 && !self.spoke() && self.hold.lasted_seconds < AT_ONCE;
        is_such.then(|| {
            let mut found = self.finding(
                Finding::PlainGet,
                Confidence::Consistent,
                "no WebSocket handler is attached at this path: Fastify accepts there and closes at once, without a code",
                "compare the path with the application's WebSocket routes (`{ websocket: true }`)",
            );
            found.evidence.push("against: a handler that hangs up at once looks the same".to_owned());
            found
        })
    }

    /// The server's Close.
    fn closed(&self) -> Option<FindingReport> {
        let row = codes::of_close(self.close.code, self.close.reason.as_str())?;
        let at_once = if self.hold.lasted_seconds < 1.0 { ", at once" } else { "" };
        let quoted = format!("{}{at_once} ({})", row.says, self.how());
        let confidence = if self.no_handler().is_some() { Confidence::Consistent } else { row.confidence };
        let mut found = self.finding(row.finding, confidence, &quoted, row.remedy);
        let pings = self.report.ping.received;
        if row.finding == Finding::KeepaliveTimeout {
            found.evidence.push(match pings {
                0 => "no ping of the server arrived here: something in between holds them back, or takes them for itself"
                    .to_owned(),
                _ => format!("against: {pings} pings of the server came and were answered at once"),
            });
        }
        if row.finding == Finding::EndedOnPurpose && self.report.audio.frames_received == 0 {
            found.evidence.push("no audio had come before it".to_owned());
        }
        Some(found)
    }

    fn http_after_upgrade(&self) -> FindingReport {
        self.finding(
            Finding::GatewayLostBackend,
            Confidence::Likely,
            "an HTTP answer came where frames were due: a proxy switched protocols and then could not go on with its backend",
            "look at the proxy's log at this time, and whether the server behind it runs and takes the upgrade",
        )
    }

    fn not_reading(&self) -> FindingReport {
        let closed = self.report.tcp.is_some_and(|tcp| tcp.send_window == Some(0));
        let confidence = if closed { Confidence::Likely } else { Confidence::Consistent };
        self.finding(
            Finding::ServerNotReading,
            confidence,
            "the server no longer reads: its process hangs, or its event loop is blocked by other work",
            "look at what the server's process does at this time: blocking calls in the handler, a full queue, CPU at its limit",
        )
    }

    fn path_lost(&self) -> Option<FindingReport> {
        let unacknowledged = self.report.tcp.is_some_and(|tcp| tcp.unacknowledged > 0);
        unacknowledged.then(|| {
            self.finding(
                Finding::PathLost,
                Confidence::Likely,
                "the host, or the path to it, went away without a word",
                "check whether the host runs, and firewalls or NAT that forget connections; probes from elsewhere tell path and host apart",
            )
        })
    }

    /// A reset while we stream is what a process leaves behind that ends with unread data.
    fn audio_unread(&self) -> Option<FindingReport> {
        let flowing = self.report.audio.frames_sent > 0 && self.hold.since_sent_seconds.is_some_and(|since| since < ON_ITS_WAY);
        (self.close.how == CloseHow::Rst && flowing).then(|| {
            let mut found = self.finding(
                Finding::AudioUnread,
                Confidence::Likely,
                "the server's side closed while our audio lay unread: a process that ended or gave up, and not the network",
                "look in the server's log and in the platform's events at this time for a crash, a kill or a restart",
            );
            if self.report.tcp.is_some_and(|tcp| tcp.send_window == Some(0)) {
                found.evidence.push("the window was closed: the server had stopped reading before".to_owned());
            }
            found
        })
    }

    /// An end without a Close, by its time.
    fn by_time(&self) -> Vec<FindingReport> {
        let lasted = self.hold.lasted_seconds;
        if !lasted.is_finite() || lasted < 0.0 {
            return Vec::new();
        }
        match self.spoke() {
            true if lasted <= SETUP => vec![self.failed_in_session()],
            false if lasted < AT_ONCE => self.at_once(),
            false if self.sent() && lasted <= self.reaction() => vec![self.first_message_rejected()],
            false if lasted <= SETUP => vec![self.setup_failed()],
            false => self.start_timeout().into_iter().collect(),
            true => self.keepalive().into_iter().collect(),
        }
    }

    /// Until then, an end may be the answer to our first message.
    fn reaction(&self) -> f64 {
        2.0f64.mul_add(self.round_trip(), AT_ONCE)
    }

    fn at_once(&self) -> Vec<FindingReport> {
        // What we sent takes one round trip until its answer can be here.
        let may_be_answer = self.sent() && self.hold.lasted_seconds >= self.round_trip();
        let mut found = self.finding(
            Finding::HandlerFailedAtOnce,
            if may_be_answer { Confidence::Consistent } else { Confidence::Likely },
            "the handler failed as soon as the line was up, or a proxy answered 101 and had nobody behind it",
            "look for the exception in the server's log; without one, look at the log of the proxy in front of it",
        );
        if may_be_answer {
            found.evidence.push("against: our first message had gone out, and its rejection would look the same".to_owned());
            return vec![found, self.first_message_rejected()];
        }
        vec![found]
    }

    fn first_message_rejected(&self) -> FindingReport {
        let mut found = self.finding(
            Finding::FirstMessageRejected,
            Confidence::Consistent,
            "the line ended as soon as our first message had arrived: a frame of the wrong kind, fields that the server does not know, or another dialect than it speaks",
            "check that the monitor's dialect is the one that the server is written for, and look at how its handler reads the first message",
        );
        found.evidence.push(format!("a round trip takes {:.3} s", self.round_trip()));
        found.evidence.push("against: a handler that fails at once looks the same; an idle hold tells them apart".to_owned());
        found
    }

    fn setup_failed(&self) -> FindingReport {
        let mut found = self.finding(
            Finding::SetupFailed,
            Confidence::Consistent,
            "the server took the line, said nothing and dropped it: what its session needs did not come up (a key for speech or language models, a database), or it checked the caller only after the 101",
            "look in the server's log for the first error after the upgrade: API keys, quota, database, and checks of token or configuration id",
        );
        if self.report.audio.frames_sent > 1 && matches!(self.close.how, CloseHow::Fin) {
            found.evidence.push("against a crash: our audio had been read to the end".to_owned());
        }
        if self.hold.target_seconds - self.hold.lasted_seconds < 1.0 {
            found.evidence.push("against: our own hold was about to end".to_owned());
        }
        found
    }

    fn failed_in_session(&self) -> FindingReport {
        self.finding(
            Finding::FailedInSession,
            Confidence::Consistent,
            "the server had begun to speak and then dropped the line without a Close: its handler failed in the middle of the session",
            "look for the exception in the server's log; a handler that ends well says Close 1000",
        )
    }

    fn start_timeout(&self) -> Option<FindingReport> {
        let (lasted, target) = (self.hold.lasted_seconds, self.hold.target_seconds);
        let timeout = START_TIMEOUTS.into_iter().find(|timeout| (lasted - timeout).abs() <= timeout * 0.05)?;
        // The end of our own hold explains it as well.
        (target - lasted > 1.0).then(|| {
            let mut found = self.finding(
                Finding::StartTimeout,
                Confidence::Consistent,
                &format!("the server waited {timeout} s for something that did not come: a start message, or the upstream that it opens"),
                "compare the hello of the monitor's dialect with what the server waits for, and look for a timeout of this length in its source",
            );
            if self.report.audio.frames_sent > 0 {
                found.evidence.push("against: the dialect's hello and audio had been sent".to_owned());
            }
            found
        })
    }

    fn keepalive(&self) -> Option<FindingReport> {
        let pings = self.report.ping.received;
        (pings > 0 && KEEPALIVE.contains(&self.hold.lasted_seconds)).then(|| {
            let mut found = self.finding(
                Finding::KeepaliveTimeout,
                Confidence::Consistent,
                "the server pings, and the line ended when a pong would have been missed (20 to 40 s)",
                "look whether something in between drops pongs, and for blocking work in the server's event loop",
            );
            found.evidence.push(format!("against: {pings} pings of the server came and were answered at once"));
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::num::f64::ANY;
    use proptest::option::of;

    use super::*;
    use crate::report::{ClosedBy, PingReport, TcpReport};
    use crate::supervisor::fixture;
    use crate::text::Printable;

    /// A report of a line that lasted so long and ended without a Close; nothing came, and audio flowed until the end.
    fn dropped(reason: Reason, how: CloseHow, lasted: f64) -> Report {
        let mut report = fixture::failure("m", reason);
        report.hold = Some(HoldReport {
            mode: "streamed",
            target_seconds: 60.0,
            lasted_seconds: lasted,
            since_received_seconds: None,
            since_sent_seconds: Some(0.01),
        });
        report.close = Some(CloseReport { code: 1006, reason: Printable::default(), by: ClosedBy::Server, how, answer: None });
        report.ping = PingReport::default();
        report.tcp = Some(TcpReport { rtt_seconds: 0.01, retransmits: 0, unacknowledged: 1, send_window: Some(65_535) });
        report
    }

    fn eof(lasted: f64) -> Report {
        dropped(Reason::WsEof, CloseHow::Fin, lasted)
    }

    fn closed(code: u16, reason: &str, lasted: f64) -> Report {
        let mut report = dropped(Reason::ClosedByServer, CloseHow::CloseFrame, lasted);
        let close = report.close.as_mut().unwrap();
        (close.code, close.reason) = (code, Printable::trusted(reason));
        report
    }

    fn with(mut report: Report, change: impl FnOnce(&mut Report, &mut HoldReport)) -> Report {
        let mut hold = report.hold.unwrap();
        change(&mut report, &mut hold);
        report.hold = Some(hold);
        report
    }

    fn spoke(report: Report) -> Report {
        with(report, |_, hold| hold.since_received_seconds = Some(0.02))
    }

    fn silent(report: Report) -> Report {
        with(report, |report, hold| {
            hold.since_sent_seconds = None;
            report.audio.frames_sent = 0;
        })
    }

    fn slow(report: Report) -> Report {
        with(report, |report, _| report.tcp.as_mut().unwrap().rtt_seconds = 0.1)
    }

    fn pinged(report: Report) -> Report {
        with(report, |report, _| report.ping.received = 2)
    }

    /// What it is, the report, and what is said of it.
    type Branch = (&'static str, Report, Vec<(Finding, Confidence)>);

    #[test]
    fn every_branch_of_the_tree() {
        use Confidence::{Certain, Consistent, Likely};
        let rst = |lasted| dropped(Reason::WsReset, CloseHow::Rst, lasted);
        let rows: Vec<Branch> = vec![
            ("at once, nothing sent", silent(eof(0.004)), vec![(Finding::HandlerFailedAtOnce, Likely)]),
            ("at once, before an answer could come", slow(eof(0.04)), vec![(Finding::HandlerFailedAtOnce, Likely)]),
            (
                "at once, after an answer could come",
                eof(0.04),
                vec![(Finding::HandlerFailedAtOnce, Consistent), (Finding::FirstMessageRejected, Consistent)],
            ),
            ("after the first message", slow(eof(0.24)), vec![(Finding::FirstMessageRejected, Consistent)]),
            ("later than that", slow(eof(0.26)), vec![(Finding::SetupFailed, Consistent)]),
            ("0.24 s and no message of ours", silent(slow(eof(0.24))), vec![(Finding::SetupFailed, Consistent)]),
            ("I1", dropped(Reason::WsEof, CloseHow::TlsEof, 0.8), vec![(Finding::SetupFailed, Consistent)]),
            ("I1, with audio of the server", spoke(eof(0.8)), vec![(Finding::FailedInSession, Consistent)]),
            ("I1, reset", rst(0.8), vec![(Finding::AudioUnread, Likely), (Finding::SetupFailed, Consistent)]),
            ("reset in silence", silent(rst(0.8)), vec![(Finding::SetupFailed, Consistent)]),
            ("5 s", eof(5.2), vec![(Finding::StartTimeout, Consistent)]),
            ("10 s", eof(9.6), vec![(Finding::StartTimeout, Consistent)]),
            ("20 to 40 s, with pings", spoke(pinged(eof(40.1))), vec![(Finding::KeepaliveTimeout, Consistent)]),
            (
                "HTTP in the frames",
                dropped(Reason::WsHttpAfterUpgrade, CloseHow::Local, 0.1),
                vec![(Finding::GatewayLostBackend, Likely)],
            ),
            (
                "zero window",
                with(dropped(Reason::WsWriteStalled, CloseHow::Timeout, 9.0), |report, _| {
                    report.tcp.as_mut().unwrap().send_window = Some(0);
                }),
                vec![(Finding::ServerNotReading, Likely)],
            ),
            (
                "stuck, the window not known",
                dropped(Reason::WsWriteStalled, CloseHow::Timeout, 9.0),
                vec![(Finding::ServerNotReading, Consistent)],
            ),
            ("blackhole", dropped(Reason::NetBlackhole, CloseHow::Timeout, 9.0), vec![(Finding::PathLost, Likely)]),
            (
                "1005 before a word",
                closed(1005, "", 0.01),
                vec![(Finding::PlainGet, Consistent), (Finding::EndedOnPurpose, Consistent)],
            ),
            ("1005 after a word", spoke(closed(1005, "", 0.01)), vec![(Finding::EndedOnPurpose, Likely)]),
            ("1005 later", closed(1005, "", 0.3), vec![(Finding::EndedOnPurpose, Likely)]),
            ("1000 before a word", closed(1000, "", 0.01), vec![(Finding::EndedOnPurpose, Likely)]),
            ("1000 at once", closed(1000, "", 0.2), vec![(Finding::EndedOnPurpose, Likely)]),
            ("1011", closed(1011, "boom", 2.0), vec![(Finding::ServerException, Likely)]),
            ("1011 keepalive", closed(1011, "keepalive ping timeout", 40.0), vec![(Finding::KeepaliveTimeout, Likely)]),
            ("4008", closed(4008, "limit", 2.0), vec![(Finding::ApplicationCode, Certain)]),
        ];
        // Those that a Close alone decides are in the table of `codes`.
        let tree = [
            Finding::GatewayLostBackend,
            Finding::HandlerFailedAtOnce,
            Finding::FirstMessageRejected,
            Finding::SetupFailed,
            Finding::FailedInSession,
            Finding::StartTimeout,
            Finding::KeepaliveTimeout,
            Finding::AudioUnread,
            Finding::ServerNotReading,
            Finding::PathLost,
            Finding::EndedOnPurpose,
        ];
        for branch in tree {
            assert!(rows.iter().any(|(.., found)| found.iter().any(|(finding, _)| *finding == branch)), "{branch} has no row");
        }
        for (what, report, expected) in rows {
            let found: Vec<_> = ends(&report).iter().map(|found| (found.finding, found.confidence)).collect();
            assert_eq!(found, expected, "{what}");
            for found in ends(&report) {
                assert!(
                    !found.evidence.is_empty() && !found.remedy.is_empty() && !found.says.ends_with('.'),
                    "{what}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn near_misses() {
        let rows: Vec<(&str, Report)> = vec![
            ("a clean probe", fixture::report("m", Outcome::Success)),
            ("an inconclusive one", fixture::report("m", Outcome::Inconclusive)),
            ("a dial that failed", fixture::failure("m", Reason::TcpRefused)),
            ("4 s is no round number", eof(4.0)),
            ("7.5 s", eof(7.5)),
            ("5.3 s is no 5 s", eof(5.3)),
            ("3.2 s with a word is too late for a start", spoke(eof(3.2))),
            ("19 s, with pings, is too early for a keepalive", spoke(pinged(eof(19.0)))),
            ("42 s, with pings, is too late for one", spoke(pinged(eof(42.0)))),
            ("5 s, but the server spoke", spoke(eof(5.0))),
            ("9.7 s of a hold of 10 s", with(eof(9.7), |_, hold| hold.target_seconds = 10.0)),
            ("30 s without pings", spoke(eof(30.0))),
            ("one end at 60 s proves no timer", spoke(eof(60.0))),
            ("an illegal code", closed(1015, "", 2.0)),
            (
                "a blackhole without anything on its way",
                with(dropped(Reason::NetBlackhole, CloseHow::Timeout, 9.0), |report, _| {
                    report.tcp.as_mut().unwrap().unacknowledged = 0;
                }),
            ),
            ("our own expectation", dropped(Reason::AppNoAudio, CloseHow::Local, 0.8)),
            ("the dialect's own goodbye", dropped(Reason::AppHungUp, CloseHow::Local, 0.8)),
        ];
        for (what, report) in rows {
            assert_eq!(ends(&report), [], "{what}");
        }
        let late = with(dropped(Reason::WsReset, CloseHow::Rst, 2.0), |_, hold| hold.since_sent_seconds = Some(1.5));
        assert!(ends(&late).iter().all(|found| found.finding != Finding::AudioUnread), "nothing was on its way");
    }

    #[test]
    fn an_applications_own_code_is_only_quoted() {
        let found = &ends(&closed(4008, "over capacity", 2.0))[0];
        assert!(found.says.contains("4008") && found.says.contains("over capacity"), "{found:?}");
        let all = format!("{} {}", found.says, found.remedy).to_lowercase();
        for word in ["twilio", "telnyx", "vonage", "timeout", "rate"] {
            assert!(!all.contains(word), "{word}: {all}");
        }
    }

    #[test]
    fn what_speaks_against_it_is_said() {
        let against = |report: &Report| {
            ends(report).iter().flat_map(|found| found.evidence.clone()).any(|line| line.starts_with("against"))
        };
        assert!(against(&eof(0.04)));
        assert!(against(&spoke(pinged(eof(30.0)))));
        assert!(against(&pinged(closed(1011, "keepalive ping timeout", 40.0))));
        assert!(!against(&closed(1011, "keepalive ping timeout", 40.0)), "no ping came");
        assert!(against(&eof(5.0)));
        assert!(!against(&silent(eof(5.0))), "nothing had been sent");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(
            reason in proptest::sample::select(Reason::all().collect::<Vec<_>>()),
            how in proptest::sample::select(CloseHow::ALL.to_vec()),
            code: u16, text: String, lasted in ANY, target in ANY, received in of(ANY), sent in of(ANY), rtt in ANY, pings in 0_u64..3,
        ) {
            let mut report = dropped(reason, how, lasted);
            let close = report.close.as_mut().unwrap();
            (close.code, close.reason) = (code, Printable::capture(text.as_bytes(), 123));
            let hold = report.hold.as_mut().unwrap();
            (hold.target_seconds, hold.since_received_seconds, hold.since_sent_seconds) = (target, received, sent);
            report.tcp.as_mut().unwrap().rtt_seconds = rtt;
            report.ping.received = pings;
            for found in ends(&report) {
                proptest::prop_assert!(!found.evidence.is_empty() && !found.says.is_empty());
            }
        }
    }
}
