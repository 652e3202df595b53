//! The supervisor on paused time, with a prober that plays a script.

use super::fixture::{Act, Scripted, failure, fleet, monitor};
use super::*;
use crate::lag::LagMeter;
use crate::monitor::{Rhythm, Thresholds};
use crate::outcome::{Finding, Outcome, Reason};
use crate::schedule::{self, Grid};
use crate::standing::State;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn every(name: &str, interval: Duration) -> Monitor {
    let mut monitor = monitor(name);
    monitor.rhythm = Rhythm { interval, ..Rhythm::default() };
    monitor
}

fn start(prober: &Scripted, monitors: impl IntoIterator<Item = Monitor>) -> Supervisor<Scripted> {
    let mut supervisor = Supervisor::new(prober.clone(), Metrics::new(LagMeter::new()), Duration::ZERO);
    supervisor.apply(&fleet(monitors));
    supervisor
}

/// The value of a line of `/metrics`, if it is there.
fn value(supervisor: &Supervisor<Scripted>, series: &str) -> Option<f64> {
    let text = supervisor.board().metrics().text().unwrap();
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// Timers of the paused clock have a resolution of a millisecond.
fn near(a: Duration, b: Duration) -> bool {
    a.abs_diff(b) <= Duration::from_millis(2)
}

#[tokio::test(start_paused = true)]
async fn probes_start_on_a_fixed_grid_however_long_they_take() {
    let prober = Scripted::new([
        Act::Succeed(secs(3)),
        Act::Succeed(secs(1)),
        Act::Succeed(secs(20)),
        Act::Succeed(Duration::ZERO),
        Act::Succeed(secs(7)),
    ]);
    let _supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(MINUTE * 10).await;
    let begun = prober.begun("a");
    assert!(near(begun[0], schedule::opening("a", MINUTE)), "{begun:?}");
    let grid = Grid::new("a", MINUTE);
    let mut slot = schedule::slot_after_opening(&grid, begun[0]);
    for &at in &begun[1..] {
        assert!(near(at, slot), "{at:?} is not {slot:?}");
        slot = grid.slot_after(slot);
    }
    assert!(begun.len() >= 9, "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_overruns_skips_slots_and_never_overlaps() {
    let prober = Scripted::new([Act::Succeed(secs(25))]);
    let supervisor = start(&prober, [every("a", secs(10))]);
    tokio::time::sleep(secs(301)).await;
    let begun = prober.begun("a");
    assert_eq!(prober.most_running(), 1);
    let grid = Grid::new("a", secs(10));
    for pair in begun[1..].windows(2) {
        assert!(near(pair[1] - pair[0], secs(30)), "two of three slots are run over: {begun:?}");
        assert!(near(pair[0], grid.slot_at_or_after(pair[0] - Duration::from_millis(5))), "on the grid: {begun:?}");
    }
    let finished: Vec<_> = begun.iter().filter(|at| **at + secs(25) < secs(301)).collect();
    let end = **finished.last().unwrap() + secs(25);
    let slots = grid.slots_between(begun[0], end) as usize;
    let skipped = value(&supervisor, "sidetone_probes_skipped_total").unwrap() as usize;
    assert_eq!(skipped, slots - (finished.len() - 1), "every slot is probed or counted; the opening is none");
}

#[tokio::test(start_paused = true)]
async fn a_first_failure_is_confirmed_within_seconds() {
    let prober = Scripted::new([Act::Succeed(SECOND), Act::Fail(SECOND, Reason::WsEof)]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(MINUTE * 3).await;
    let begun = prober.begun("a");
    let pause = begun[2] - (begun[1] + SECOND);
    assert!(pause >= secs(2) && pause <= secs(5) + Duration::from_millis(2), "{pause:?}");
    let snapshot = supervisor.board().snapshot("a").unwrap();
    assert_eq!(snapshot.standing.state(), State::Down, "two failures in a row");
    assert_eq!(value(&supervisor, "sidetone_confirmations_total{monitor=\"a\"}"), Some(1.0));
    let later = begun[3] - begun[2];
    assert!(later > secs(30), "one confirmation, then the grid again: {begun:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_heal_within_seconds_is_not_confirmed() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::TlsCertExpired)]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(secs(25)).await;
    assert_eq!(prober.begun("a").len(), 1);
    assert_eq!(supervisor.board().snapshot("a").unwrap().standing.state(), State::Suspect);
    tokio::time::sleep(MINUTE * 2).await;
    assert_eq!(supervisor.board().snapshot("a").unwrap().standing.state(), State::Down);
    assert_eq!(value(&supervisor, "sidetone_confirmations_total{monitor=\"a\"}"), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_monitor_that_fails_is_probed_at_its_failing_interval() {
    let mut hasty = every("a", MINUTE);
    hasty.rhythm.interval_failing = Some(secs(15));
    hasty.thresholds = Thresholds { fail_after: 1, recover_after: 2, ..Thresholds::default() };
    let bad = Act::Fail(SECOND, Reason::TcpRefused);
    let good = Act::Succeed(SECOND);
    let prober = Scripted::new([good, bad, bad, bad, good, good]);
    let supervisor = start(&prober, [hasty]);
    tokio::time::sleep(MINUTE * 6).await;
    let begun = prober.begun("a");
    let pauses: Vec<u64> = begun.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64().round() as u64).collect();
    assert!(pauses[1] <= 15, "the first failure switches: {pauses:?}");
    assert_eq!(pauses[2..5], [15, 15, 15], "{pauses:?}");
    assert_eq!(pauses[6..8], [60, 60], "two successes switch back: {pauses:?}");
    assert_eq!(value(&supervisor, "sidetone_probes_skipped_total"), Some(0.0), "a change of rhythm skips nothing");
    assert_eq!(value(&supervisor, "sidetone_probe_interval_seconds{monitor=\"a\"}"), Some(60.0));
}

#[tokio::test(start_paused = true)]
async fn the_global_limit_holds_and_waiting_shows_as_delay() {
    let prober = Scripted::new([Act::Succeed(secs(8))]);
    let mut supervisor = Supervisor::new(prober.clone(), Metrics::new(LagMeter::new()), Duration::ZERO);
    let mut twenty = fleet((0..20).map(|n| every(&format!("agent-{n}"), MINUTE)));
    twenty.max_concurrent_probes = 2;
    supervisor.apply(&twenty);
    tokio::time::sleep(secs(50)).await;
    assert_eq!(prober.most_running(), 2);
    assert_eq!(value(&supervisor, "sidetone_probes_in_flight"), Some(2.0));
    assert_eq!(value(&supervisor, "sidetone_probes_in_flight_limit"), Some(2.0));
    assert!(value(&supervisor, "sidetone_schedule_delay_seconds").unwrap() > 10.0, "measured from the intended start");
    twenty.max_concurrent_probes = 20;
    supervisor.apply(&twenty);
    tokio::time::sleep(SECOND).await;
    assert!(prober.most_running() > 2, "a reload opens the gate");
}

#[tokio::test(start_paused = true)]
async fn a_monitor_that_never_gets_its_turn_shows_as_delay() {
    let prober = Scripted::new([Act::Succeed(secs(3600))]);
    let mut supervisor = Supervisor::new(prober.clone(), Metrics::new(LagMeter::new()), Duration::ZERO);
    let mut two = fleet([every("a", MINUTE), every("b", MINUTE)]);
    two.max_concurrent_probes = 1;
    supervisor.apply(&two);
    let delay = |supervisor: &_| value(supervisor, "sidetone_schedule_delay_seconds").unwrap();
    // Longer than the window of the record: what counts is the one that still waits.
    tokio::time::sleep(MINUTE * 5).await;
    let openings = [schedule::opening("a", MINUTE), schedule::opening("b", MINUTE)];
    let waited = (MINUTE * 5 - openings[0].max(openings[1])).as_secs_f64();
    assert!((delay(&supervisor) - waited).abs() < 0.01, "{} is not {waited}", delay(&supervisor));
    // Whoever gives up is not waiting, but has waited within the last minute.
    supervisor.apply(&fleet([]));
    tokio::time::sleep(SECOND).await;
    assert!((delay(&supervisor) - waited).abs() < 0.01, "{}", delay(&supervisor));
    tokio::time::sleep(MINUTE * 3).await;
    assert_eq!(delay(&supervisor), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_reload_leaves_unchanged_monitors_alone() {
    let prober = Scripted::new([Act::Succeed(secs(5))]);
    let mut supervisor = start(&prober, [every("a", MINUTE), every("b", MINUTE), every("c", MINUTE)]);
    tokio::time::sleep(MINUTE * 3).await;
    let before = prober.begun("a");
    let mut changed = every("b", MINUTE);
    changed.hold.target = secs(20);
    let applied = supervisor.apply(&fleet([every("a", MINUTE), changed, every("d", MINUTE)]));
    assert_eq!(applied, Applied { added: 1, changed: 1, removed: 1, unchanged: 1 });

    tokio::time::sleep(MINUTE * 3).await;
    let begun = prober.begun("a");
    for pair in begun[before.len() - 1..].windows(2) {
        assert!(near(pair[1] - pair[0], MINUTE), "the grid of `a` goes on: {begun:?}");
    }
    for name in ["a", "b"] {
        let probes = value(&supervisor, &format!("sidetone_probes_total{{monitor=\"{name}\"}}")).unwrap();
        let history = supervisor.board().snapshot(name).unwrap().history;
        assert!(probes >= 5.0, "counters go on: {name} {probes}");
        assert_eq!(probes as usize, history.reports().count(), "and so does the history");
    }
    assert_eq!(value(&supervisor, "sidetone_hold_target_seconds{monitor=\"b\"}"), Some(20.0));
    let text = supervisor.board().metrics().text().unwrap();
    assert!(!text.contains("monitor=\"c\""), "the series of a monitor that is gone vanish");
    assert!(supervisor.board().snapshot("c").is_none());
    assert!(text.contains("sidetone_monitor_state{monitor=\"d\",state=\"ok\"} 1"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_monitor_begins_when_its_old_probe_has_said_goodbye() {
    let prober = Scripted::new([Act::Linger(secs(30)), Act::Succeed(SECOND)]);
    let mut supervisor = start(&prober, [every("a", secs(10))]);
    tokio::time::sleep(secs(15)).await;
    supervisor.apply(&fleet([every("a", secs(5))]));
    tokio::time::sleep(secs(29)).await;
    assert_eq!(prober.begun("a").len(), 1);
    // Removed and added again: still the same line.
    supervisor.apply(&fleet([]));
    supervisor.apply(&fleet([every("a", secs(5))]));
    tokio::time::sleep(secs(20)).await;
    assert!(prober.begun("a").len() > 1);
    assert_eq!(prober.most_running(), 1);
    assert_eq!(value(&supervisor, "sidetone_probes_cancelled_total"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn state_and_history_of_a_changed_monitor_are_kept() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::WsEof)]);
    let mut supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(MINUTE * 2).await;
    let since = supervisor.board().snapshot("a").unwrap().standing.since();
    supervisor.apply(&fleet([every("a", secs(30))]));
    let snapshot = supervisor.board().snapshot("a").unwrap();
    assert_eq!((snapshot.standing.state(), snapshot.standing.since()), (State::Down, since));
    assert!(snapshot.history.latest_failure().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_panicking_probe_is_counted_and_the_monitor_goes_on() {
    let prober = Scripted::new([Act::Panic, Act::Panic, Act::Succeed(SECOND)]);
    let supervisor = start(&prober, [every("a", secs(10))]);
    tokio::time::sleep(MINUTE).await;
    let snapshot = supervisor.board().snapshot("a").unwrap();
    let panicked = snapshot.history.reports().find(|r| r.reason == Some(Reason::ProberPanicked)).unwrap();
    assert_eq!(panicked.outcome, Outcome::Inconclusive);
    assert_eq!(panicked.timeline[0].what, "the probe panicked: scripted \\u{1b}[31mpanic");
    assert_eq!(value(&supervisor, "sidetone_probe_panics_total{monitor=\"a\"}"), Some(2.0));
    assert_eq!(value(&supervisor, "sidetone_probes_inconclusive_total{monitor=\"a\"}"), Some(2.0));
    assert_eq!(value(&supervisor, "sidetone_probes_in_flight"), Some(0.0));
    assert_eq!(snapshot.standing.state(), State::Ok, "and the endpoint is not blamed");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_by_a_bug_is_started_again() {
    let prober = Scripted::new([Act::Succeed(SECOND)]);
    let mut supervisor = start(&prober, [every("a", secs(10))]);
    let name = MonitorName::new("a").unwrap();
    let id = supervisor.running[&name].task;
    // What a panic in the task itself would look like: it ends although nobody stopped it.
    supervisor.running[&name].cancel.cancel();
    supervisor.tend().await;
    assert_ne!(supervisor.running[&name].task, id);
    tokio::time::sleep(secs(30)).await;
    assert!(prober.begun("a").len() >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_is_reaped_and_not_started_again() {
    let prober = Scripted::new([Act::Succeed(SECOND)]);
    let mut supervisor = start(&prober, [every("a", secs(10))]);
    supervisor.apply(&fleet([]));
    supervisor.tend().await;
    assert!(supervisor.running.is_empty() && supervisor.tasks.is_empty() && supervisor.names.is_empty());
}

#[tokio::test(start_paused = true)]
async fn on_demand_probes_join_the_running_one_and_count() {
    let prober = Scripted::new([Act::Succeed(secs(4))]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(secs(30)).await;
    let board = supervisor.board().clone();
    let before = prober.begun("a").len();
    let asked = tokio::time::Instant::now();
    let (first, second) = tokio::join!(board.probe_now("a"), async {
        tokio::time::sleep(secs(2)).await;
        board.probe_now("a").await
    });
    assert!(near(asked.elapsed(), secs(4)), "{:?}", asked.elapsed());
    assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()), "one probe for both");
    assert_eq!(prober.begun("a").len(), before + 1);
    let probes = value(&supervisor, "sidetone_probes_total{monitor=\"a\"}").unwrap();
    assert_eq!(probes as usize, before + 1);
    assert_eq!(board.probe_now("b").await.unwrap_err(), ProbeNowError::Unknown);
    assert_eq!(board.probe_now("wss://elsewhere.example.com/").await.unwrap_err(), ProbeNowError::Unknown);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_before_the_start_causes_no_probe() {
    let prober = Scripted::new([Act::Succeed(SECOND)]);
    let supervisor = start(&prober, [every("a", secs(3600))]);
    tokio::time::sleep(secs(20)).await;
    let before = prober.begun("a").len();
    // The request is queued, and its asker is gone before the task gets to run.
    let _ = futures_util::FutureExt::now_or_never(supervisor.board().probe_now("a"));
    tokio::time::sleep(secs(20)).await;
    assert_eq!(prober.begun("a").len(), before);
}

#[tokio::test(start_paused = true)]
async fn too_many_waiting_are_turned_away() {
    let prober = Scripted::new([Act::Succeed(secs(20))]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(secs(11)).await;
    let mut waiting = JoinSet::new();
    for _ in 0..70 {
        let board = supervisor.board().clone();
        waiting.spawn(async move { board.probe_now("a").await.map(|_| ()) });
    }
    let results = waiting.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 64);
    assert_eq!(results.iter().filter(|r| **r == Err(ProbeNowError::Busy)).count(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_open_holds_say_goodbye() {
    let prober = Scripted::new([Act::Linger(secs(2))]);
    let mut supervisor = start(&prober, [every("a", secs(10)), every("b", secs(10))]);
    tokio::time::sleep(secs(15)).await;
    let started = tokio::time::Instant::now();
    assert_eq!(supervisor.drain(secs(5)).await, Drained { finished: 2, aborted: 0 });
    assert!(near(started.elapsed(), secs(2)));
    assert_eq!(value(&supervisor, "sidetone_probes_cancelled_total"), Some(2.0));
    assert_eq!(value(&supervisor, "sidetone_probes_total{monitor=\"a\"}"), Some(0.0), "cancelled probes count nowhere else");
    assert_eq!(supervisor.board().probe_now("a").await.unwrap_err(), ProbeNowError::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_ever() {
    let prober = Scripted::new([Act::Linger(secs(3600))]);
    let mut supervisor = start(&prober, [every("a", secs(10))]);
    tokio::time::sleep(secs(15)).await;
    let started = tokio::time::Instant::now();
    assert_eq!(supervisor.drain(secs(5)).await, Drained { finished: 0, aborted: 1 });
    assert!(near(started.elapsed(), secs(5)));
    assert_eq!(value(&supervisor, "sidetone_probes_in_flight"), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_every_finished_probe() {
    let prober = Scripted::new([Act::Succeed(SECOND), Act::Fail(SECOND, Reason::WsEof)]);
    let supervisor = start(&prober, [every("a", secs(10))]);
    let mut reports = supervisor.board().observe();
    assert_eq!(reports.recv().await.unwrap().outcome, Outcome::Success);
    assert_eq!(reports.recv().await.unwrap().reason, Some(Reason::WsEof));
}

#[tokio::test(start_paused = true)]
async fn a_result_of_a_monitor_that_is_gone_brings_nothing_back() {
    let prober = Scripted::new([Act::Succeed(SECOND)]);
    let mut supervisor = start(&prober, [every("a", secs(10))]);
    supervisor.apply(&fleet([]));
    let name = MonitorName::new("a").unwrap();
    let late = failure("a", Reason::WsEof);
    assert!(supervisor.board().record(&name, late, Timestamp::now()).is_err());
    assert!(supervisor.board().snapshots().is_empty());
    assert!(!supervisor.board().metrics().text().unwrap().contains("monitor=\"a\""));
}

/// The findings of the newest report.
fn findings(supervisor: &Supervisor<Scripted>, name: &str) -> Vec<Finding> {
    let snapshot = supervisor.board().snapshot(name).unwrap();
    snapshot.history.latest().unwrap().findings.iter().map(|finding| finding.finding).collect()
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_followed_up_once_it_is_confirmed() {
    let bad = Act::Fail(SECOND, Reason::WsEof);
    let prober = Scripted::new([Act::Succeed(SECOND), bad, bad, bad, bad, Act::Succeed(SECOND)]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    tokio::time::sleep(MINUTE + secs(4)).await;
    while prober.begun("a").len() < 3 {
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(prober.followed(), [], "the confirmation is awaited");
    tokio::time::sleep(secs(2)).await;
    assert_eq!(prober.followed(), [("a".to_owned(), Some(Reason::WsEof))]);
    let report = Arc::clone(supervisor.board().snapshot("a").unwrap().history.latest().unwrap());
    assert_eq!((report.outcome, report.reason, report.checks.len()), (Outcome::Failure, Some(Reason::WsEof), 1));
    let series = "sidetone_finding{monitor=\"a\",finding=\"wrong_path\"}";
    assert_eq!(value(&supervisor, series), Some(1.0));

    tokio::time::sleep(MINUTE).await;
    assert_eq!(prober.followed().len(), 1, "once for the incident");
    assert_eq!(findings(&supervisor, "a")[0], Finding::WrongPath, "it holds as long as the incident goes on, and comes first");
    assert_eq!(value(&supervisor, series), Some(1.0));
    assert_eq!(value(&supervisor, "sidetone_follow_ups_total"), Some(1.0));

    tokio::time::sleep(MINUTE * 4).await;
    assert_eq!(findings(&supervisor, "a"), [], "it is over");
    assert_eq!(value(&supervisor, series), None);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_cuts_a_follow_up_short() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::TlsCertExpired)]);
    prober.follow_up_for(MINUTE);
    let supervisor = start(&prober, [every("a", MINUTE * 10)]);
    while prober.followed().is_empty() {
        tokio::time::sleep(SECOND).await;
    }
    let asked = tokio::time::Instant::now();
    let report = supervisor.board().probe_now("a").await.unwrap();
    assert!(near(asked.elapsed(), SECOND), "{:?}", asked.elapsed());
    assert_eq!(report.reason, Some(Reason::TlsCertExpired));
    assert_eq!((prober.begun("a").len(), prober.most_running()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_followed_up_that_may_not_be() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::TlsCertExpired)]);
    let mut monitor = every("a", MINUTE);
    monitor.follow_up = crate::monitor::FollowUps::Off;
    let _supervisor = start(&prober, [monitor]);
    tokio::time::sleep(MINUTE * 5).await;
    assert!(prober.begun("a").len() >= 4 && prober.followed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_together_is_said_of_each() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::WsEof)]);
    let supervisor = start(&prober, [every("a", MINUTE), every("b", MINUTE)]);
    tokio::time::sleep(MINUTE * 3).await;
    for name in ["a", "b"] {
        assert!(findings(&supervisor, name).contains(&Finding::HostFailsTogether), "{:?}", findings(&supervisor, name));
        assert_eq!(
            value(&supervisor, &format!("sidetone_finding{{monitor=\"{name}\",finding=\"host_fails_together\"}}")),
            Some(1.0)
        );
    }
    assert_eq!(value(&supervisor, "sidetone_prober_suspect"), Some(0.0), "it is one host");
}

#[tokio::test(start_paused = true)]
async fn while_the_prober_is_suspected_nothing_is_followed_up() {
    let prober = Scripted::new([Act::Fail(SECOND, Reason::TcpTimeout)]);
    let elsewhere = |name: &str| {
        let mut monitor = every(name, MINUTE);
        let target = crate::monitor::Target::parse(&format!("wss://{name}.example.com/")).unwrap();
        monitor.endpoint = crate::monitor::Endpoint::Stream(target);
        monitor
    };
    let mut supervisor = start(&prober, ["a", "b", "c"].map(elsewhere));
    tokio::time::sleep(MINUTE * 4).await;
    // All have the address of the fixture, so that their address is to blame.
    assert_eq!(value(&supervisor, "sidetone_prober_suspect"), Some(0.0));
    assert!(!prober.followed().is_empty());

    let control = Arc::new(failure("control-line", Reason::TcpTimeout));
    assert_eq!(supervisor.board().record_control_line(&control), Some(false));
    assert_eq!(supervisor.board().record_control_line(&control), None, "it is known already");
    let followed = prober.followed().len();
    supervisor.apply(&fleet(["a", "b", "c", "d"].map(elsewhere)));
    tokio::time::sleep(MINUTE * 20).await;
    assert_eq!(prober.followed().len(), followed);
    assert_eq!(findings(&supervisor, "d")[0], Finding::ProberSuspect);
    assert_eq!(value(&supervisor, "sidetone_prober_suspect"), Some(1.0));
    assert_eq!(value(&supervisor, "sidetone_control_line_up"), Some(0.0));
    assert_eq!(supervisor.board().snapshot("d").unwrap().standing.state(), State::Down, "no result is dropped for it");

    let good = Arc::new(fixture::report("control-line", Outcome::Success));
    assert_eq!(supervisor.board().record_control_line(&good), Some(true));
    assert_eq!(value(&supervisor, "sidetone_prober_suspect"), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_history_has_findings_of_its_own() {
    let (good, bad) = (Act::Succeed(SECOND), Act::Fail(SECOND, Reason::TcpRefused));
    let prober = Scripted::new([good, good, bad, good, good, bad, good, good, good]);
    let supervisor = start(&prober, [every("a", MINUTE)]);
    while prober.begun("a").len() < 10 {
        tokio::time::sleep(SECOND).await;
    }
    assert!(findings(&supervisor, "a").contains(&Finding::Intermittent), "{:?}", findings(&supervisor, "a"));
    let limits = supervisor.board().limits("a");
    assert!(limits.iter().any(|limit| limit.finding == Finding::CleanProbesBound), "{limits:?}");
    assert_eq!(supervisor.board().limits("nobody"), []);
}
