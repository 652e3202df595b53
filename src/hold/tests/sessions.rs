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
    assert_eq!((media.len(), played.hold.tally().frames_skipped), (495 - 21, 0));
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
