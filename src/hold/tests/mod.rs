//! Scripted peers against the machine: no tokio, no sockets, hours in milliseconds.

mod dialects;
mod sessions;

use super::*;
use crate::dialect::raw::{RawFrame, RawSettings};
use crate::dialect::{Dialect, Incoming};
use crate::monitor::{Expect, Mode, MonitorName, PingPlan, Target};

const MS: Duration = Duration::from_millis(1);
const NONE: [(u64, Input<'static>); 0] = [];

/// What came of a script.
struct Played {
    ending: Ending,
    /// When the machine was done, in milliseconds.
    done_at: u128,
    hold: Hold,
    sent: Vec<(u128, Outgoing)>,
}

impl Played {
    fn texts(&self) -> Vec<String> {
        let text = |(_, out): &(u128, Outgoing)| match out {
            Outgoing::Data(Wire::Text(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Outgoing::Data(Wire::Binary(_)) | Outgoing::Ping(_) | Outgoing::Close(_) => None,
        };
        self.sent.iter().filter_map(text).collect()
    }

    fn closes(&self) -> Vec<(u128, u16)> {
        let code = |(at, out): &(u128, Outgoing)| if let Outgoing::Close(code) = out { Some((*at, *code)) } else { None };
        self.sent.iter().filter_map(code).collect()
    }
}

/// Plays `script` (times in milliseconds) against the machine. A wait that does not move time, or a script that never ends, is a
/// failure here and not a hang.
fn play(monitor: &Monitor, script: &[(u64, Input<'_>)]) -> Played {
    let mut hold = Hold::new(monitor, &monitor.dialect.place(&mut || 7, 0));
    let mut sent = Vec::new();
    let mut script = script.iter().copied().map(|(at, input)| (Duration::from_millis(at), input)).peekable();
    let mut now = Duration::ZERO;
    for _ in 0..200_000 {
        match hold.poll() {
            Output::Send(out) => sent.push((now.as_millis(), out)),
            Output::Done(ending) => return Played { ending, done_at: now.as_millis(), hold, sent },
            Output::WaitUntil(until) => {
                assert!(until > now, "asked to wait until {until:?} at {now:?}");
                let (at, input) = script.next_if(|(at, _)| *at <= until).unwrap_or((until, Input::Tick));
                now = now.max(at);
                hold.handle(now, input);
            }
        }
    }
    panic!("the machine never ended");
}

fn monitor(change: impl FnOnce(&mut Monitor)) -> Monitor {
    let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("ws://h/").unwrap());
    change(&mut monitor);
    monitor
}

fn answered() -> Ending {
    Ending::Completed(Goodbye::Answered)
}

#[test]
fn a_good_line_is_held_and_left_politely() {
    let played = play(&monitor(|_| ()), &[(10_050, Input::PeerClosed)]);
    assert_eq!((played.ending, played.done_at), (answered(), 10_050));
    assert_eq!(played.hold.lasted(), Duration::from_secs(10));
    assert_eq!(played.hold.tally().frames_sent, 500);
    assert_eq!(played.closes(), [(10_000, 1000)]);
    assert_eq!(played.sent.last().unwrap().1, Outgoing::Close(1000), "nothing is said after the Close");
}

#[test]
fn ten_minutes_of_audio() {
    let played = play(&monitor(|m| m.hold.target = Duration::from_secs(600)), &[(600_001, Input::PeerClosed)]);
    assert_eq!((played.ending, played.hold.tally().frames_sent), (answered(), 30_000));
    assert_eq!(played.hold.tally().pacing_late, Duration::ZERO);
}

#[test]
fn hello_comes_first_and_farewell_before_the_close() {
    let settings = RawSettings {
        hello: vec!["hello".into()],
        frame: RawFrame::Nothing,
        farewell: vec!["bye".into()],
        ..RawSettings::default()
    };
    let played = play(&monitor(|m| m.dialect = Dialect::Raw(settings)), &[(10_001, Input::PeerClosed)]);
    assert_eq!(played.texts(), ["hello", "bye"]);
    assert_eq!(played.sent.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 10_000, 10_000]);
}

#[test]
fn idle_is_silent() {
    let played = play(&monitor(|m| m.hold.mode = Mode::Idle), &[(10_001, Input::PeerClosed)]);
    assert_eq!(played.sent, [(10_000, Outgoing::Close(1000))]);
}

#[test]
fn the_servers_own_end_is_seen_at_once() {
    for (input, ending) in [(Input::PeerClosed, Ending::PeerClosed), (Input::PeerGone, Ending::PeerGone)] {
        let played = play(&monitor(|_| ()), &[(800, input)]);
        assert_eq!((played.ending, played.done_at), (ending, 800));
        assert_eq!(played.hold.lasted(), 800 * MS);
        assert_eq!(played.closes(), []);
    }
}

#[test]
fn a_goodbye_that_is_not_answered() {
    let late = play(&monitor(|_| ()), &NONE);
    assert_eq!((late.ending, late.done_at), (Ending::Completed(Goodbye::TimedOut), 12_000));
    let gone = play(&monitor(|_| ()), &[(10_100, Input::PeerGone)]);
    assert_eq!((gone.ending, gone.done_at), (Ending::Completed(Goodbye::Unacknowledged), 10_100));
}

#[test]
fn pings_measure_the_round_trip() {
    let pings = |m: &mut Monitor| m.hold.ping = Some(PingPlan { interval: 4000 * MS, timeout: 2000 * MS });
    let one = 1_u64.to_be_bytes();
    let two = 2_u64.to_be_bytes();
    let script =
        [(4_030, Input::Pong(&one)), (4_031, Input::Pong(&one)), (8_045, Input::Pong(&two)), (10_001, Input::PeerClosed)];
    let played = play(&monitor(pings), &script);
    assert_eq!(played.ending, answered());
    assert_eq!((played.hold.tally().pings_sent, played.hold.tally().rtt), (2, Some(45 * MS)));
}

#[test]
fn a_ping_without_its_pong_ends_the_line() {
    let pings = |m: &mut Monitor| m.hold.ping = Some(PingPlan { interval: 4000 * MS, timeout: 2000 * MS });
    let played = play(&monitor(pings), &[(4_030, Input::Pong(b"unasked"))]);
    assert_eq!((played.ending, played.done_at), (Ending::PingTimeout, 6_000));
    assert_eq!(played.closes(), [(6_000, 1000)]);
}

#[test]
fn stuck_and_gone_are_told_apart() {
    let zero = PathSample { send_window: Some(0), ..PathSample::default() };
    let gone =
        PathSample { unacknowledged: 9, retransmits: 3, last_ack: 2000 * MS, send_window: Some(9), ..PathSample::default() };
    let rows = [
        (vec![(1_000, Input::WriteBlocked)], Ending::WriteStalled, 6_000),
        (vec![(1_000, Input::Path(zero)), (2_000, Input::Path(zero))], Ending::WriteStalled, 6_000),
        (vec![(3_000, Input::Path(gone)), (4_000, Input::Path(gone))], Ending::Blackhole, 6_000),
        (vec![(1_000, Input::WriteBlocked), (1_500, Input::WriteFlushed), (10_001, Input::PeerClosed)], answered(), 10_001),
    ];
    for (script, ending, done_at) in rows {
        let played = play(&monitor(|_| ()), &script);
        assert_eq!((played.ending, played.done_at), (ending, done_at), "{script:?}");
    }
}

#[test]
fn audio_that_the_server_does_not_take_is_not_our_lateness() {
    let script = [(1_000, Input::WriteBlocked), (3_000, Input::WriteFlushed), (10_001, Input::PeerClosed)];
    let played = play(&monitor(|_| ()), &script);
    assert_eq!(played.hold.tally().frames_skipped, 0);
    assert!((390..=410).contains(&played.hold.tally().frames_sent), "{}", played.hold.tally().frames_sent);
}

#[test]
fn floods_are_cut() {
    let frames = [(100, Input::Traffic { frames: 3_999, bytes: 9 }), (200, Input::Traffic { frames: 4_001, bytes: 9 })];
    let played = play(&monitor(|_| ()), &frames);
    assert_eq!((played.ending, played.closes()), (Ending::Flood, vec![(200, 1008)]));
    let bytes = [(9_000, Input::Traffic { frames: 3, bytes: (16 << 20) + 1 })];
    assert_eq!(play(&monitor(|_| ()), &bytes).ending, Ending::Flood);
    let heap = [(10_010, Input::Traffic { frames: 9_000, bytes: 9 }), (10_020, Input::PeerClosed)];
    assert_eq!(play(&monitor(|_| ()), &heap).ending, answered(), "what comes in a heap while we say goodbye is no flood");
    let steady: Vec<_> = (1..10)
        .map(|s| (s * 1000, Input::Traffic { frames: s * 3_900, bytes: 9 }))
        .chain([(10_001, Input::PeerClosed)])
        .collect();
    assert_eq!(play(&monitor(|_| ()), &steady).ending, answered());
}

#[test]
fn expectations_end_the_hold_when_they_are_overdue() {
    let expect = Expect { first_message_within: Some(1500 * MS), ..Expect::default() };
    let late = play(&monitor(|m| m.expect = expect.clone()), &[(3_000, Input::PeerClosed)]);
    assert_eq!((late.ending, late.closes()), (Ending::Unmet(Unmet::FirstMessage), vec![(1_500, 1000)]));
    let hello = Input::Message(Incoming::Text("hello"));
    let fine = play(&monitor(|m| m.expect = expect), &[(1_000, hello), (10_001, Input::PeerClosed)]);
    assert_eq!(fine.ending, answered());
}

#[test]
fn silence_is_measured_from_the_last_message() {
    let expect = Expect { max_silence: Some(2000 * MS), ..Expect::default() };
    let hello = Input::Message(Incoming::Text("hello"));
    let played = play(&monitor(|m| m.expect = expect), &[(1_000, hello), (1_500, Input::Ping), (5_001, Input::PeerClosed)]);
    assert_eq!((played.ending, played.closes()), (Ending::Unmet(Unmet::Silence), vec![(3_000, 1000)]));
}

/// What came last and what went last, in milliseconds, of a hold in which the server's end comes last.
fn last(mode: Mode, script: &[(u64, Input<'_>)]) -> (Option<u128>, Option<u128>) {
    let tally = play(&monitor(|m| m.hold.mode = mode), script).hold.tally();
    (tally.last_received.map(|at| at.as_millis()), tally.last_sent.map(|at| at.as_millis()))
}

#[test]
fn the_silence_before_the_end() {
    let gone = Input::PeerGone;
    assert_eq!(last(Mode::Idle, &[(5_000, gone)]), (None, None), "nothing passed");
    assert_eq!(last(Mode::Idle, &[(1_000, Input::Received), (5_000, gone)]), (Some(1_000), None));
    let pinged = [(2_000, Input::Received), (2_000, Input::Ping), (5_000, gone)];
    assert_eq!(last(Mode::Idle, &pinged), (Some(2_000), Some(2_000)), "a pong is something that we send");
    assert_eq!(last(Mode::Streamed, &[(2_000, Input::Received), (5_010, gone)]), (Some(2_000), Some(5_000)));
    let polite = [(3_000, Input::Received), (10_020, Input::Received), (10_050, Input::PeerClosed)];
    assert_eq!(last(Mode::Streamed, &polite), (Some(3_000), Some(9_980)), "neither goodbye counts");
}

#[test]
fn cancelling_says_goodbye() {
    let played = play(&monitor(|_| ()), &[(2_000, Input::Cancel), (2_020, Input::PeerClosed)]);
    assert_eq!((played.ending, played.done_at, played.closes()), (Ending::Cancelled, 2_020, vec![(2_000, 1000)]));
}

#[test]
fn a_violation_is_answered_with_1002() {
    let played = play(&monitor(|_| ()), &[(2_000, Input::Violation { code: 1002 })]);
    assert_eq!((played.ending, played.closes()), (Ending::Violation, vec![(2_000, 1002)]));
}

proptest::proptest! {
    /// Whatever happens in whatever order, the machine ends in time, and says nothing after its Close.
    #[test]
    fn it_always_ends(events in proptest::collection::vec((0_u64..15_000, 0_u8..11), 0..60)) {
        let zero = PathSample { send_window: Some(0), ..PathSample::default() };
        let mut script: Vec<_> = events.iter().map(|&(at, kind)| (at, match kind {
            0 => Input::Tick,
            1 => Input::Message(Incoming::Text("x")),
            2 => Input::Message(Incoming::Binary(&[1, 2, 3])),
            3 => Input::Ping,
            4 => Input::Pong(b"?"),
            5 => Input::WriteBlocked,
            6 => Input::WriteFlushed,
            7 => Input::Path(zero),
            8 => Input::Cancel,
            9 => Input::Received,
            _ => Input::Traffic { frames: 1, bytes: 1 },
        })).collect();
        script.sort_by_key(|(at, _)| *at);
        let expect = Expect { echo: true, max_silence: Some(4000 * MS), ..Expect::default() };
        let played = play(&monitor(|m| m.expect = expect), &script);
        proptest::prop_assert!(played.done_at <= 12_000);
        if let Some(at) = played.sent.iter().position(|(_, out)| matches!(out, Outgoing::Close(_))) {
            proptest::prop_assert_eq!(at, played.sent.len() - 1);
        }
    }
}
