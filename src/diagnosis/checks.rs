//! What follow-up checks prove: what works where the probe failed, and the first rung of the ladder that dies.
//!
//! Invariant: a check that was left out, or that could not tell, proves nothing; a guess about an end stands only as long as no rung
//! of the ladder speaks against it.

use crate::outcome::{Check, Confidence, Finding, Outcome, Phase};
use crate::report::{CheckReport, FindingReport, Report};

/// The findings of the checks of `report`.
#[must_use]
pub fn checks(report: &Report) -> Vec<FindingReport> {
    if report.outcome != Outcome::Failure {
        return Vec::new();
    }
    let works = report.checks.iter().filter(|check| check.outcome == Some(Outcome::Success)).filter_map(works_instead);
    works.chain(addresses(report)).chain(ladder(report)).collect()
}

/// What the checks prove, and of what the probe itself had shown that which they do not disprove; what is certain comes first.
#[must_use]
pub fn with_checks(report: &Report) -> Vec<FindingReport> {
    let proved = checks(report);
    let dead = (report.phase == Some(Phase::Hold)).then(|| first_dead(report, &rungs(report))).flatten();
    let stands = |found: &&FindingReport| !dead.is_some_and(|(rung, _)| is_disproved(found.finding, rung));
    let all: Vec<FindingReport> = proved.iter().chain(report.findings.iter().filter(stands)).cloned().collect();
    let (certain, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|found| found.confidence == Confidence::Certain);
    [certain, rest].concat()
}

/// Does it speak against a finding that this is the first rung that dies, and that those before it lived?
const fn is_disproved(finding: Finding, dies_at: Check) -> bool {
    match dies_at {
        // The line dies although no message goes out.
        Check::RungIdle => matches!(finding, Finding::FirstMessageRejected),
        // A handler that fails by itself would not have let an idle line live.
        Check::RungPing | Check::RungHello => matches!(finding, Finding::HandlerFailedAtOnce),
        // After the hello, a session stood without audio.
        Check::RungAudio => matches!(finding, Finding::HandlerFailedAtOnce | Finding::SetupFailed),
        Check::RungUpgrade
        | Check::Resolver
        | Check::Family
        | Check::Address
        | Check::Port
        | Check::Unverified
        | Check::PlainGet
        | Check::OtherScheme
        | Check::Path
        | Check::Subprotocol => false,
    }
}

fn finding(finding: Finding, confidence: Confidence, says: String, evidence: Vec<String>, remedy: String) -> FindingReport {
    FindingReport { finding, confidence, says, evidence, remedy }
}

fn line(check: &CheckReport) -> String {
    let came = check.reason.map_or_else(String::new, |reason| format!("{reason}, "));
    format!("{} ({}): {came}{}", check.check, check.subject, check.says)
}

/// What a check proves that went through where the probe did not.
fn works_instead(check: &CheckReport) -> Option<FindingReport> {
    let what = &check.subject;
    let (kind, confidence, says, remedy) = match check.check {
        Check::OtherScheme => (
            Finding::WrongScheme,
            Confidence::Certain,
            format!("the server answers at {what}: the scheme is wrong"),
            format!("dial {what}; providers want `wss://`, so if that is `ws://`, let the proxy end TLS for this path"),
        ),
        Check::Path => (
            Finding::WrongPath,
            Confidence::Certain,
            format!("the server answers at {what}: the path is wrong"),
            format!("set the stream's URL to {what}, or add the route"),
        ),
        Check::Port => (
            Finding::WrongPort,
            Confidence::Likely,
            format!("something listens at the usual port ({what}), and nothing at the URL's: the port mapping is wrong"),
            "publish the container's port, or dial the usual one".to_owned(),
        ),
        Check::Unverified => (
            Finding::OnlyTheCertificate,
            Confidence::Certain,
            "all of TLS works but the certificate: it alone is to mend".to_owned(),
            "send the whole chain for this name (fullchain.pem), renewed, from an authority that providers trust".to_owned(),
        ),
        Check::Resolver => (
            Finding::NameServersDiffer,
            Confidence::Likely,
            "the system's resolver finds the host, and the configured name servers do not".to_owned(),
            "ask other name servers (`resolver`), or mend those; callers may meet either".to_owned(),
        ),
        Check::Family => (
            Finding::OneFamilyFails,
            Confidence::Likely,
            format!("over {what} it works: only the other address family fails"),
            "mend the record or the listener of the family that fails, or take its record away".to_owned(),
        ),
        Check::Subprotocol => (
            Finding::SubprotocolRefused,
            Confidence::Certain,
            "without a subprotocol the server answers 101".to_owned(),
            "let the server take the offered subprotocol, or offer none where the provider offers none".to_owned(),
        ),
        Check::Address
        | Check::PlainGet
        | Check::RungUpgrade
        | Check::RungIdle
        | Check::RungPing
        | Check::RungHello
        | Check::RungAudio => return None,
    };
    Some(finding(kind, confidence, says, vec![line(check)], remedy))
}

/// Some addresses of the host work and others do not.
fn addresses(report: &Report) -> Option<FindingReport> {
    let tried: Vec<_> = report.checks.iter().filter(|check| check.check == Check::Address).collect();
    let with = |outcome| tried.iter().filter(move |check| check.outcome == Some(outcome)).map(|check| check.subject.as_str());
    let good: Vec<_> = with(Outcome::Success).collect();
    let bad: Vec<_> = with(Outcome::Failure).collect();
    (!good.is_empty() && !bad.is_empty()).then(|| {
        let says = format!("{} works and {} does not: a share of the calls fails", good.join(", "), bad.join(", "));
        let remedy = format!("take {} out of the record or the balancer, or mend it", bad.join(", "));
        finding(Finding::OneAddressFails, Confidence::Likely, says, tried.iter().map(|check| line(check)).collect(), remedy)
    })
}

/// The rungs, from the upgrade alone to everything, and what it means to be the first that dies.
const RUNGS: [(Check, &str, &str); 5] = [
    (Check::RungUpgrade, "the upgrade itself fails again and again", "look at the route, and at what it demands of the upgrade"),
    (
        Check::RungIdle,
        "the line dies although nothing is sent",
        "look at what the handler does right after it has accepted (keys, database, models), and at timeouts below the hold",
    ),
    (Check::RungPing, "the line dies of pings", "let the server, or the proxy in between, take control frames"),
    (
        Check::RungHello,
        "the line dies of the dialect's first messages",
        "look at what the handler does with them: the dialect, the fields, the parameters, what it starts then",
    ),
    (Check::RungAudio, "the line dies of audio", "look at what the handler does with media: codec, sample rate, frame kind"),
];

/// The rungs that were climbed in a row and could tell.
fn rungs(report: &Report) -> Vec<&CheckReport> {
    let made = RUNGS.iter().filter_map(|(rung, ..)| report.checks.iter().find(|check| check.check == *rung));
    made.take_while(|check| matches!(check.outcome, Some(Outcome::Success | Outcome::Failure))).collect()
}

/// The first rung that dies as the call did, and what it says. A rung without messages that outlives the call by far is no cause of its end:
/// it met a timer that the call never came to.
fn first_dead(report: &Report, rungs: &[&CheckReport]) -> Option<(Check, Death)> {
    let call = report.hold.filter(|hold| hold.mode == "streamed").map(|hold| hold.lasted_seconds);
    let quiet = |check: &CheckReport| matches!(check.check, Check::RungIdle | Check::RungPing);
    let outlives = |check: &CheckReport| call.is_some_and(|call| check.seconds > (call * 1.5).max(call + CLEARLY));
    let dead = rungs.iter().find(|check| check.outcome == Some(Outcome::Failure) && !(quiet(check) && outlives(check)))?;
    let pinged = rungs.iter().find(|check| check.check == Check::RungPing);
    let death = if dead.check != Check::RungIdle {
        Death::OfTheRung
    } else if pinged.is_some_and(|pinged| lives_longer(pinged, dead)) {
        Death::OfSilence(dead.seconds)
    } else if dead.seconds > LONGEST_START {
        Death::AtAnAge(dead.seconds)
    } else {
        Death::OfTheRung
    };
    Some((dead.check, death))
}

/// What a dead rung died of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    /// What it is the first to try.
    OfTheRung,
    /// So many seconds without traffic: with pings it lives longer.
    OfSilence(f64),
    /// So many seconds, pings or not: too long for a start that failed.
    AtAnAge(f64),
}

/// Seconds by which one life is clearly longer than another.
const CLEARLY: f64 = 1.0;
/// Seconds after which a handler that sets up its session has failed or is done; the `SHORTEST` of a timer.
const LONGEST_START: f64 = 4.0;

fn lives_longer(pinged: &CheckReport, idle: &CheckReport) -> bool {
    pinged.outcome == Some(Outcome::Success) || pinged.seconds > idle.seconds + CLEARLY
}

/// The first rung that dies names what the line does not survive.
fn ladder(report: &Report) -> Option<FindingReport> {
    if report.phase != Some(Phase::Hold) {
        return None;
    }
    let rungs = rungs(report);
    let evidence: Vec<String> = rungs.iter().map(|check| line(check)).collect();
    if let Some((rung, death)) = first_dead(report, &rungs) {
        return first_rung(rung, death, evidence);
    }
    let all_lived = rungs.len() == RUNGS.len() && rungs.iter().all(|check| check.outcome == Some(Outcome::Success));
    all_lived.then(|| {
        finding(
            Finding::DidNotHappenAgain,
            Confidence::Certain,
            "everything went through when it was tried again: it fails now and then".to_owned(),
            evidence,
            "watch it over time: one backend of several, a limit on calls at a time, a deploy".to_owned(),
        )
    })
}

fn first_rung(rung: Check, death: Death, evidence: Vec<String>) -> Option<FindingReport> {
    let (_, says, remedy) = RUNGS.iter().find(|(name, ..)| *name == rung)?;
    let (kind, says, remedy) = match death {
        Death::OfTheRung => (Finding::FirstRungThatDies, (*says).to_owned(), (*remedy).to_owned()),
        Death::OfSilence(seconds) => (
            Finding::IdleTimeout,
            format!("the line dies of silence, after about {seconds:.1} s of it: with pings it lives longer"),
            "raise the idle timeout of the server and of what is in front of it, or let the server send pings".to_owned(),
        ),
        Death::AtAnAge(seconds) => (
            Finding::FirstRungThatDies,
            format!("the line dies after about {seconds:.1} s although nothing is sent, and pings do not help"),
            "look for a timer of this length: a limit on the lifetime, or a wait for a first message".to_owned(),
        ),
    };
    Some(finding(kind, Confidence::Likely, says, evidence, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reason;
    use crate::supervisor::fixture;

    fn check(check: Check, subject: &str, outcome: Option<Outcome>) -> CheckReport {
        let reason = (outcome == Some(Outcome::Failure)).then_some(Reason::WsEof);
        CheckReport {
            check,
            subject: subject.to_owned(),
            outcome,
            reason,
            seconds: 0.1,
            status: None,
            says: "as it went".to_owned(),
        }
    }

    fn found(reason: Reason, made: Vec<CheckReport>) -> Vec<(Finding, String)> {
        let mut report = fixture::failure("m", reason);
        report.checks = made;
        let found = checks(&report);
        assert!(found.iter().all(|found| !found.evidence.is_empty() && !found.remedy.is_empty()), "{found:?}");
        found.into_iter().map(|found| (found.finding, found.says)).collect()
    }

    /// Outcome and seconds of the idle rung and of the pinged one, after a call that lasted so long.
    #[test]
    fn an_idle_rung_may_die_of_silence_of_age_or_of_nothing_that_matters() {
        let says = |mode: &'static str, lasted: f64, idle: (Option<Outcome>, f64), pinged: (Option<Outcome>, f64)| {
            let mut report = fixture::failure("m", Reason::WsEof);
            report.hold.as_mut().unwrap().lasted_seconds = lasted;
            report.hold.as_mut().unwrap().mode = mode;
            let rung = |name, (outcome, seconds)| CheckReport { seconds, ..check(name, "rung", outcome) };
            report.checks = vec![
                rung(Check::RungUpgrade, (GOOD, 0.1)),
                rung(Check::RungIdle, idle),
                rung(Check::RungPing, pinged),
                rung(Check::RungHello, (BAD, lasted)),
                rung(Check::RungAudio, (BAD, lasted)),
            ];
            checks(&report).into_iter().map(|found| (found.finding, found.says)).next().unwrap()
        };
        let rows = [
            ("idle", 60.0, (BAD, 60.1), (GOOD, 75.0), Finding::IdleTimeout, "of silence, after about 60.1 s"),
            ("idle", 4.3, (BAD, 4.3), (BAD, 5.9), Finding::IdleTimeout, "of silence"),
            ("idle", 30.0, (BAD, 30.0), (BAD, 30.1), Finding::FirstRungThatDies, "pings do not help"),
            ("streamed", 0.8, (BAD, 0.8), (BAD, 0.8), Finding::FirstRungThatDies, "although nothing is sent"),
            ("streamed", 0.8, (BAD, 0.8), (GOOD, 10.0), Finding::IdleTimeout, "of silence"),
            ("streamed", 0.8, (BAD, 5.0), (BAD, 5.1), Finding::FirstRungThatDies, "first messages"),
            ("streamed", 60.0, (BAD, 60.2), (BAD, 60.1), Finding::FirstRungThatDies, "pings do not help"),
        ];
        for (mode, lasted, idle, pinged, kind, part) in rows {
            let (found, text) = says(mode, lasted, idle, pinged);
            assert!(found == kind && text.contains(part), "{mode} {lasted} {idle:?} {pinged:?}: {found} {text}");
        }
    }

    const GOOD: Option<Outcome> = Some(Outcome::Success);
    const BAD: Option<Outcome> = Some(Outcome::Failure);

    #[test]
    fn what_works_instead_names_what_is_wrong() {
        let rows = [
            (Check::OtherScheme, Some(Finding::WrongScheme)),
            (Check::Path, Some(Finding::WrongPath)),
            (Check::Port, Some(Finding::WrongPort)),
            (Check::Unverified, Some(Finding::OnlyTheCertificate)),
            (Check::Resolver, Some(Finding::NameServersDiffer)),
            (Check::Family, Some(Finding::OneFamilyFails)),
            (Check::Subprotocol, Some(Finding::SubprotocolRefused)),
            (Check::PlainGet, None),
        ];
        for (tried, expected) in rows {
            let with = |outcome| found(Reason::from_status(404), vec![check(tried, "wss://voice.example.com/ws", outcome)]);
            assert_eq!(with(GOOD).first().map(|(finding, _)| *finding), expected, "{tried}");
            for nothing in [BAD, Some(Outcome::Inconclusive), None] {
                assert_eq!(with(nothing), [], "{tried}: {nothing:?}");
            }
        }
    }

    #[test]
    fn addresses_differ() {
        let two = |one, other| {
            found(
                Reason::TlsCertExpired,
                vec![check(Check::Address, "203.0.113.7", one), check(Check::Address, "203.0.113.8", other)],
            )
        };
        assert!(two(GOOD, BAD)[0].1.starts_with("203.0.113.7 works and 203.0.113.8 does not"));
        for (one, other) in [(GOOD, GOOD), (BAD, BAD), (GOOD, None)] {
            assert_eq!(two(one, other), [], "{one:?} {other:?}");
        }
    }

    #[test]
    fn the_first_rung_that_dies_names_the_cause() {
        let names = [Check::RungUpgrade, Check::RungIdle, Check::RungPing, Check::RungHello, Check::RungAudio];
        let climbed = |outcomes: &[Option<Outcome>]| {
            let made = names.iter().zip(outcomes).map(|(rung, outcome)| check(*rung, "rung", *outcome)).collect();
            found(Reason::WsEof, made).first().map(|(_, says)| says.clone())
        };
        let rows: [(&[Option<Outcome>], Option<&str>); 8] = [
            (&[BAD, BAD, BAD, BAD, BAD], Some("the upgrade itself")),
            (&[GOOD, BAD, BAD, BAD, BAD], Some("although nothing is sent")),
            (&[GOOD, GOOD, BAD, GOOD, BAD], Some("of pings")),
            (&[GOOD, GOOD, GOOD, BAD, BAD], Some("first messages")),
            (&[GOOD, GOOD, GOOD, GOOD, BAD], Some("of audio")),
            (&[GOOD, GOOD, GOOD, GOOD, GOOD], Some("now and then")),
            (&[GOOD, None, None, None, None], None),
            (&[], None),
        ];
        for (outcomes, part) in rows {
            let says = climbed(outcomes);
            assert_eq!(says.is_some(), part.is_some(), "{outcomes:?}: {says:?}");
            assert!(says.zip(part).is_none_or(|(says, part)| says.contains(part)), "{outcomes:?}");
        }
    }

    /// What a rung disproves is not said any more; what it leaves open is.
    #[test]
    fn guesses_that_the_ladder_disproves_are_taken_back() {
        const GUESSES: [Finding; 3] = [Finding::HandlerFailedAtOnce, Finding::FirstMessageRejected, Finding::SetupFailed];
        let left = |phase: Phase, outcomes: &[Option<Outcome>]| -> Vec<Finding> {
            let mut report = fixture::failure("m", Reason::WsEof);
            report.phase = Some(phase);
            report.checks = RUNGS.iter().zip(outcomes).map(|((rung, ..), outcome)| check(*rung, "rung", *outcome)).collect();
            let guess = |kind| finding(kind, Confidence::Consistent, "a guess".to_owned(), Vec::new(), String::new());
            report.findings = GUESSES.map(guess).to_vec();
            let found = with_checks(&report).into_iter().map(|found| found.finding);
            found.filter(|finding| GUESSES.contains(finding)).collect()
        };
        let [at_once, first_message, setup] = GUESSES;
        let rows: [(&[Option<Outcome>], &[Finding]); 8] = [
            (&[BAD, BAD, BAD, BAD, BAD], &GUESSES),
            (&[GOOD, BAD, BAD, BAD, BAD], &[at_once, setup]),
            (&[GOOD, GOOD, BAD, BAD, BAD], &[first_message, setup]),
            (&[GOOD, GOOD, GOOD, BAD, BAD], &[first_message, setup]),
            (&[GOOD, GOOD, GOOD, GOOD, BAD], &[first_message]),
            // Near misses: it fails now and then, or the ladder could not tell.
            (&[GOOD, GOOD, GOOD, GOOD, GOOD], &GUESSES),
            (&[GOOD, GOOD, None, None, BAD], &GUESSES),
            (&[], &GUESSES),
        ];
        for (outcomes, expected) in rows {
            assert_eq!(left(Phase::Hold, outcomes), expected, "{outcomes:?}");
        }
        assert_eq!(left(Phase::Upgrade, &[GOOD, BAD]), GUESSES, "no ladder is for another phase");
    }
}
