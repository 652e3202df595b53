//! Which checks a failure calls for, and what may not be tried without consent.

use super::*;
use crate::dialect::{CallSettings, Dialect, Provider};
use crate::monitor::{Credentials, Monitor, MonitorName, Target};
use crate::outcome::{Check, Outcome, Reason};
use crate::report::AttemptReport;
use crate::supervisor::fixture;

const URL: &str = "wss://voice.example.com/media";

fn monitor(follow_up: FollowUps) -> Monitor {
    let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse(URL).unwrap());
    monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Twilio)));
    monitor.follow_up = follow_up;
    monitor
}

/// A failure at the second of two addresses.
fn failure(reason: Reason) -> Report {
    let mut report = fixture::failure("m", reason);
    report.addresses = vec!["203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap()];
    let address = "203.0.113.7:443".parse().unwrap();
    report.attempts = vec![AttemptReport { address, seconds: 0.01, error: None }];
    report
}

fn checks(planned: &[Planned]) -> Vec<Check> {
    planned.iter().map(|planned| planned.check).collect()
}

#[test]
fn each_phase_has_its_checks() {
    use Check::{
        Address, Family, OtherScheme, Path, PlainGet, Resolver, RungAudio, RungHello, RungIdle, RungPing, RungUpgrade, Unverified,
    };
    let ladder = [RungUpgrade, RungIdle, RungPing, RungHello, RungAudio];
    let rows = [
        (Reason::DnsServfail, FollowUps::Safe, vec![Resolver]),
        (Reason::TcpTimeout, FollowUps::Safe, vec![Family]),
        (Reason::TlsCertExpired, FollowUps::Safe, vec![Unverified, Address, Address, Family]),
        (Reason::TlsPortSpeaksHttp, FollowUps::Safe, vec![Unverified, Address, Address, Family, OtherScheme]),
        (Reason::from_status(404), FollowUps::Safe, vec![PlainGet, OtherScheme, Path, Address, Address, Family]),
        (Reason::WsEof, FollowUps::Safe, vec![PlainGet, Address, Address]),
        (Reason::WsEof, FollowUps::Full, [vec![PlainGet, Address, Address], ladder.to_vec()].concat()),
        (Reason::CloseUnacknowledged, FollowUps::Full, vec![]),
        (Reason::WebhookServerError, FollowUps::Full, vec![]),
        (Reason::from_status(404), FollowUps::Off, vec![]),
        (Reason::Cancelled, FollowUps::Full, vec![]),
    ];
    for (reason, consent, expected) in rows {
        assert_eq!(checks(&plan(&monitor(consent), &failure(reason))), expected, "{reason}, {consent}");
    }
}

#[test]
fn nothing_is_checked_after_a_success() {
    assert!(plan(&monitor(FollowUps::Full), &fixture::report("m", Outcome::Success)).is_empty());
}

/// A session has begun by then; another one may cost money.
#[test]
fn without_consent_nothing_opens_a_line_that_was_open() {
    for reason in Reason::all().filter(|reason| reason.outcome() == Outcome::Failure) {
        let planned = plan(&monitor(FollowUps::Safe), &failure(reason));
        let opens = planned.iter().any(|planned| planned.depth >= Depth::Upgrade);
        assert!(!opens || reason.phase() < crate::outcome::Phase::Hold, "{reason}: {:?}", checks(&planned));
        assert!(planned.iter().all(|planned| planned.depth < Depth::Hold), "{reason}: a line is held again");
    }
}

/// The user's words are tried, and what is there by itself only where it makes a difference.
#[test]
fn variants_differ_from_what_failed() {
    let mut monitor = monitor(FollowUps::Safe);
    monitor.path_variants = vec!["/media".to_owned(), "/ws".to_owned()];
    monitor.dial.subprotocols = vec!["audio.example.com".to_owned()];
    let planned = plan(&monitor, &failure(Reason::from_status(404)));
    let subjects: Vec<&str> =
        planned.iter().filter(|planned| planned.check == Check::Path).map(|planned| planned.subject.as_str()).collect();
    assert_eq!(subjects, ["wss://voice.example.com/media/", "wss://voice.example.com/ws"]);
    assert!(checks(&planned).contains(&Check::Subprotocol));
    let mut doubled = monitor.clone();
    doubled.endpoint = crate::monitor::Endpoint::Stream(Target::parse("wss://voice.example.com//media?call=1").unwrap());
    let single =
        plan(&doubled, &failure(Reason::from_status(404))).into_iter().find(|planned| planned.check == Check::Path).unwrap();
    assert!(single.subject.starts_with("wss://voice.example.com/media?call="), "{}", single.subject);
    for planned in planned.iter().filter(|planned| planned.check != Check::PlainGet) {
        assert_ne!(planned.monitor, monitor, "{:?}", planned.check);
        assert!(planned.monitor.origin.is_none() && planned.monitor.fallback.is_none());
    }
    monitor.dial.connect_to = crate::monitor::HostPort::parse("192.0.2.1:443");
    let there = checks(&plan(&monitor, &failure(Reason::from_status(404))));
    assert!(!there.contains(&Check::Address) && !there.contains(&Check::Family), "the user has chosen the place: {there:?}");
}

/// What was meant for TLS goes over nothing else.
#[test]
fn nothing_secret_is_sent_in_clear_text() {
    let mut monitor = monitor(FollowUps::Full);
    monitor.endpoint = crate::monitor::Endpoint::Stream(Target::parse("wss://voice.example.com/media?token=canary").unwrap());
    let secret = || crate::secret::Secret::new("canary".to_owned());
    monitor.dial.headers = vec![("X-Api-Key".to_owned(), secret())];
    monitor.dial.credentials = Some(Credentials::Bearer(secret()));
    monitor.dial.subprotocols = vec!["canary".to_owned()];
    for reason in Reason::all().filter(|reason| reason.outcome() == Outcome::Failure) {
        for planned in plan(&monitor, &failure(reason)) {
            let target = planned.monitor.endpoint.target().unwrap();
            let dial = &planned.monitor.dial;
            let bare =
                dial.headers.is_empty() && dial.credentials.is_none() && dial.signature.is_none() && dial.subprotocols.is_empty();
            let plain = matches!(planned.monitor.dialect, Dialect::Raw(_)) && !planned.subject.contains('?');
            assert!(target.is_secure() || (bare && plain), "{reason}: {:?} to {target}", planned.check);
        }
    }
    let scheme =
        plan(&monitor, &failure(Reason::from_status(404))).into_iter().find(|planned| planned.check == Check::OtherScheme);
    assert_eq!(scheme.unwrap().subject, "ws://voice.example.com/media");
}
