//! Sessions that the server opens, mutes and parts from.

use super::*;
use crate::dialect::{CallSettings, Provider};

const SESSION: &str = "30b0e395-84d3-4570-ac13-9a62d8f514c0";

fn speaks(provider: Provider, change: impl FnOnce(&mut CallSettings)) -> Monitor {
    monitor(|m| {
        let mut settings = CallSettings::new(provider);
        settings.fixed.session = Some(SESSION.to_owned());
        settings.connection_probe = false;
        change(&mut settings);
        m.dialect = Dialect::Provider(Box::new(settings));
    })
}

fn text(text: &str) -> Input<'_> {
    Input::Message(Incoming::Text(text))
}

/// A message of an AudioHook server.
fn server(kind: &str, seq: u64, clientseq: u64, parameters: &str) -> String {
    format!(r#"{{"version":"2","type":"{kind}","seq":{seq},"clientseq":{clientseq},"id":"{SESSION}","parameters":{parameters}}}"#)
}

fn opened() -> String {
    server("opened", 1, 1, r#"{"media":[{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}]}"#)
}

/// When media was sent, in milliseconds.
fn media(played: &Played) -> Vec<u128> {
    let is_media = |out: &Outgoing| matches!(out, Outgoing::Data(Wire::Binary(_)));
    played.sent.iter().filter(|(_, out)| is_media(out)).map(|(at, _)| *at).collect()
}

fn warnings(played: &Played) -> Vec<Warning> {
    played.hold.remarks().iter().map(|remark| remark.warning).collect()
}

/// The pongs of a session in which the server answers within 10 ms, and its `closed`.
fn polite() -> Vec<(u64, String)> {
    vec![
        (100, opened()),
        (1_110, server("pong", 2, 2, "{}")),
        (1_120, server("pong", 3, 3, "{}")),
        (6_110, server("pong", 4, 4, "{}")),
    ]
}

fn hear(script: &[(u64, String)]) -> Vec<(u64, Input<'_>)> {
    script.iter().map(|(at, message)| (*at, text(message))).collect()
}

#[test]
fn media_waits_until_the_server_has_opened_the_session() {
    let mut messages = polite();
    messages.push((10_050, server("closed", 5, 5, "{}")));
    let mut script = hear(&messages);
    script.push((10_060, Input::PeerClosed));
    let played = play(&speaks(Provider::Genesys, |_| ()), &script);
    let media = media(&played);
    assert_eq!((media.first(), media.len()), (Some(&100), 495));
    assert_eq!((played.ending, played.closes(), warnings(&played)), (answered(), vec![(10_050, 1000)], vec![]));
}

#[test]
fn a_session_that_is_not_opened_in_time() {
    let played = play(&speaks(Provider::Genesys, |_| ()), &NONE);
    assert_eq!((played.ending, played.closes()), (Ending::NotAnswered, vec![(5_000, 1000)]));
    let sooner = play(&speaks(Provider::Sinch, |settings| settings.answer_within = Some(800 * MS)), &NONE);
    assert_eq!((sooner.ending, sooner.closes()), (Ending::NotAnswered, vec![(800, 1000)]));
}

#[test]
fn a_session_that_is_refused() {
    let played = play(&speaks(Provider::Sinch, |_| ()), &[(300, text(r#"{"command":"busy"}"#)), (310, Input::PeerClosed)]);
    assert_eq!((played.ending, played.done_at, played.closes()), (Ending::Refused, 310, vec![(300, 1000)]));
}

#[test]
fn a_goodbye_that_the_dialect_does_not_answer_is_a_warning() {
    let messages = polite();
    let mut script = hear(&messages);
    script.push((20_010, Input::PeerClosed));
    let played = play(&speaks(Provider::Genesys, |_| ()), &script);
    assert_eq!((played.ending, played.closes()), (answered(), vec![(20_000, 1000)]));
    assert_eq!(warnings(&played), [Warning::FarewellUnanswered]);
    // Twilio's `stop` has no answer.
    let played = play(&speaks(Provider::Twilio, |_| ()), &[(11_010, Input::PeerClosed)]);
    assert_eq!((played.closes(), warnings(&played)), (vec![(11_000, 1000)], vec![]));
}

#[test]
fn pings_that_are_not_answered_end_the_session() {
    let opened = opened();
    let played = play(&speaks(Provider::Genesys, |_| ()), &[(100, text(&opened))]);
    assert_eq!((played.ending, played.done_at, played.closes()), (Ending::PingTimeout, 6_100, vec![(6_100, 1000)]));
}

#[test]
fn no_media_flows_while_the_server_wants_none() {
    let messages = [
        (100, opened()),
        (500, server("pause", 2, 1, "{}")),
        (900, server("resume", 3, 2, "{}")),
        (1_110, server("pong", 4, 4, "{}")),
        (1_120, server("pong", 5, 5, "{}")),
        (6_110, server("pong", 6, 6, "{}")),
    ];
    let mut script = hear(&messages);
    script.push((10_010, Input::PeerClosed));
    let played = play(&speaks(Provider::Genesys, |_| ()), &script);
    let media = media(&played);
    assert!(media.iter().all(|at| *at < 500 || *at >= 900), "{media:?}");
    let tally = played.hold.tally();
    assert_eq!((media.len(), tally.frames_skipped, tally.frames_not_taken), (495 - 21, 0, 0));
}

#[test]
fn only_what_the_server_did_not_take_is_counted_as_that() {
    let direction = |to: &str| format!(r#"{{"command":"SET_MEDIA_DIRECTION","direction":"{to}"}}"#);
    let (out, both) = (direction("out"), direction("both"));
    let script = [
        (1_010, text(&out)),
        (2_010, Input::WriteBlocked),
        (2_510, Input::WriteFlushed),
        (3_010, text(&both)),
        (4_010, Input::WriteBlocked),
        (4_510, text(&out)),
        (4_610, Input::WriteFlushed),
        (10_010, Input::PeerClosed),
    ];
    let played = play(&speaks(Provider::Asterisk, |settings| settings.form = crate::dialect::Form::Json), &script);
    assert_eq!((played.hold.tally().frames_not_taken, warnings(&played)), (25, vec![]));
}

#[test]
fn a_session_that_was_never_opened_was_not_answered() {
    let mut monitor = speaks(Provider::Genesys, |_| ());
    monitor.hold.target = 4000 * MS;
    assert_eq!(play(&monitor, &NONE).ending, Ending::NotAnswered);
}

#[test]
fn what_comes_after_our_goodbye_is_neither_judged_nor_measured() {
    let late = text("bye");
    for (provider, at) in [(Provider::Sinch, 850), (Provider::Twilio, 10_050), (Provider::Twilio, 11_050)] {
        let monitor = speaks(provider, |settings| settings.answer_within = Some(800 * MS));
        let played = play(&monitor, &[(at, late), (at + 10, Input::PeerClosed)]);
        assert_eq!((warnings(&played), played.hold.tally().messages_received), (vec![], 0), "{provider} at {at} ms");
    }
}

#[test]
fn a_queue_that_is_full_has_room_again() {
    let audio = vec![0x11; 8_000 * 8];
    let script: Vec<_> = (0..3)
        .map(|n| (100 + n, Input::Message(Incoming::Binary(&audio))))
        .chain([(200, text("PAUSE_MEDIA")), (1_200, text("FLUSH_MEDIA")), (10_010, Input::PeerClosed)])
        .collect();
    let played = play(&speaks(Provider::Asterisk, |_| ()), &script);
    let said: Vec<_> = played.texts().into_iter().skip(1).collect();
    assert_eq!(said, ["MEDIA_XOFF", "MEDIA_XON"]);
    let at = played.sent.iter().find(|(_, out)| *out == Outgoing::Data(Wire::text("MEDIA_XON"))).map(|(at, _)| *at);
    assert_eq!(at, Some(1_220), "a flush makes room, and a queue is looked at once in a frame");
}

#[test]
fn cleared_marks_are_told_from_those_that_were_heard() {
    let audio = vec![0x11; 16_000];
    let mark = |name: &str| format!(r#"{{"type":"mark","data":{{"name":"{name}"}}}}"#);
    let (heard, cleared) = (mark("heard"), mark("cleared"));
    let script = [
        (100, Input::Message(Incoming::Binary(&audio))),
        (110, text(&heard)),
        (1_200, Input::Message(Incoming::Binary(&audio))),
        (1_210, text(&cleared)),
        (1_300, text(r#"{"type":"killAudio"}"#)),
        (10_010, Input::PeerClosed),
    ];
    let played = play(&speaks(Provider::Jambonz, |_| ()), &script);
    let answer = |name: &str, event: &str| format!(r#"{{"type":"mark","data":{{"name":"{name}","event":"{event}"}}}}"#);
    assert_eq!(played.texts()[1..], [answer("heard", "playout"), answer("cleared", "cleared")]);
}

/// What servers say in one dialect or another.
const WORDS: [&str; 24] = [
    r#"{"event":"clear"}"#,
    r#"{"action":"clear"}"#,
    r#"{"action":"notify","payload":{"a":1}}"#,
    r#"{"type":"playAudio","data":{"audioContent":"ERERERE=","audioContentType":"wav"}}"#,
    r#"{"type":"mark","data":{"name":"m"}}"#,
    r#"{"type":"clearMarks"}"#,
    r#"{"type":"killAudio"}"#,
    "START_MEDIA_BUFFERING",
    "STOP_MEDIA_BUFFERING 1",
    "MARK_MEDIA",
    "PAUSE_MEDIA",
    "CONTINUE_MEDIA",
    "FLUSH_MEDIA",
    "REPORT_QUEUE_DRAINED",
    "GET_STATUS",
    r#"{"command":"REPORT_QUEUE_DRAINED"}"#,
    r#"{"command":"PAUSE_MEDIA"}"#,
    r#"{"command":"answer"}"#,
    r#"{"version":"2","type":"opened","seq":1,"clientseq":1,"id":"x","parameters":{"media":[]}}"#,
    r#"{"version":"2","type":"pause","seq":18446744073709551615,"clientseq":1,"id":"x","parameters":{}}"#,
    r#"{"version":"2","type":"pong","seq":2,"clientseq":2,"id":"x","parameters":{}}"#,
    r#"{"type":"session.created"}"#,
    r#"{"type":"response.audio.delta","delta":"ERERERE="}"#,
    r#"{"type":"text"}"#,
];

proptest::proptest! {
    /// Whatever a server says in whatever dialect, the machine ends in time, and says nothing after its Close.
    #[test]
    fn every_dialect_ends(
        provider in proptest::sample::select(Provider::ALL),
        json in proptest::bool::ANY,
        events in proptest::collection::vec((0_u64..20_000, 0_usize..40, ".{0,20}"), 0..60),
    ) {
        let audio = vec![0x11; 60_000];
        let mut script: Vec<_> = events.iter().map(|(at, kind, noise)| (*at, match kind {
            24..28 => Input::Message(Incoming::Binary(&audio[..kind * 1_000])),
            28..32 => Input::Message(Incoming::Binary(&audio)),
            32..36 => Input::Tick,
            36.. => text(noise),
            word => text(WORDS[*word]),
        })).collect();
        script.sort_by_key(|(at, _)| *at);
        let form = if json { crate::dialect::Form::Json } else { crate::dialect::Form::Plain };
        let played = play(&speaks(provider, |settings| settings.form = form), &script);
        proptest::prop_assert!(played.done_at <= 22_000, "{provider}: {}", played.done_at);
        if let Some(at) = played.sent.iter().position(|(_, out)| matches!(out, Outgoing::Close(_))) {
            proptest::prop_assert_eq!(at, played.sent.len() - 1);
        }
    }
}
