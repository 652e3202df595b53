//! Providers' sessions in the machine: marks, openings, goodbyes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::audio::{AudioFormat, Sound};
use crate::dialect::{CallSettings, FixedIds, Provider};
use crate::outcome::Warning;

const SID: &str = "MZ1";

fn speaks(provider: Provider, change: impl FnOnce(&mut Monitor)) -> Monitor {
    monitor(|m| {
        let mut settings = CallSettings::new(provider);
        settings.fixed = FixedIds { stream: Some(SID.to_owned()), ..FixedIds::default() };
        m.dialect = Dialect::Provider(Box::new(settings));
        change(m);
    })
}

fn media_of(audio: &[u8]) -> String {
    format!(r#"{{"event":"media","streamSid":"{SID}","media":{{"payload":"{}"}}}}"#, BASE64_STANDARD.encode(audio))
}

/// This many milliseconds of a sound at 8 kHz, one byte a sample.
fn media(ms: usize) -> String {
    media_of(&vec![0x11; ms * 8])
}

fn mark(name: &str) -> String {
    format!(r#"{{"event":"mark","streamSid":"{SID}","mark":{{"name":"{name}"}}}}"#)
}

fn text(text: &str) -> Input<'_> {
    Input::Message(Incoming::Text(text))
}

/// When each text that has `part` in it was sent.
fn said(played: &Played, part: &str) -> Vec<u128> {
    let has = |out: &Outgoing| matches!(out, Outgoing::Data(wire) if String::from_utf8_lossy(wire.payload()).contains(part));
    played.sent.iter().filter(|(_, out)| has(out)).map(|(at, _)| *at).collect()
}

#[test]
fn a_mark_is_answered_when_the_audio_before_it_has_been_heard() {
    let (speech, first, second) = (media(1500), mark("one"), mark("two"));
    let script =
        [(100, text(&speech)), (110, text(&first)), (120, text(&speech)), (130, text(&second)), (10_010, Input::PeerClosed)];
    let played = play(&speaks(Provider::Twilio, |_| ()), &script);
    assert_eq!((said(&played, r#""name":"one""#), said(&played, r#""name":"two""#)), (vec![1_600], vec![3_100]));
    let tally = played.hold.tally();
    assert_eq!((tally.marks_played, tally.slowest_mark), (2, Some(2_970 * MS)));
}

#[test]
fn a_clear_answers_the_marks_that_wait() {
    let clear = format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#);
    let (speech, mark) = (media(8000), mark("one"));
    let script = [(100, text(&speech)), (110, text(&mark)), (700, text(&clear)), (10_010, Input::PeerClosed)];
    let played = play(&speaks(Provider::Twilio, |_| ()), &script);
    assert_eq!((said(&played, r#""name":"one""#), played.hold.tally().clears), (vec![700], 1));
}

#[test]
fn marks_that_are_expected() {
    let expect = |m: &mut Monitor| m.expect = Expect { mark_round_trip_within: Some(1000 * MS), ..Expect::default() };
    let (short, long, mark) = (media(500), media(4000), mark("one"));
    let rows = [
        ("none came", vec![(10_010, Input::PeerClosed)], Ending::Unmet(Unmet::Mark)),
        ("in time", vec![(100, text(&short)), (110, text(&mark)), (10_010, Input::PeerClosed)], answered()),
        ("too late", vec![(100, text(&long)), (110, text(&mark)), (10_010, Input::PeerClosed)], Ending::Unmet(Unmet::Mark)),
    ];
    for (name, script, ending) in rows {
        assert_eq!(play(&speaks(Provider::Twilio, expect), &script).ending, ending, "{name}");
    }
    let (endless, clear) = (media(20_000), format!(r#"{{"event":"clear","streamSid":"{SID}"}}"#));
    let early = [(100, text(&short)), (110, text(&mark))];
    let rows = [
        ("cleared", vec![(100, text(&long)), (110, text(&mark)), (500, text(&clear))], Ending::Unmet(Unmet::Mark)),
        ("still waiting", [&early[..], &[(2_000, text(&endless)), (8_000, text(&mark))]].concat(), Ending::Unmet(Unmet::Mark)),
        ("waiting, and not for long", [&early[..], &[(2_000, text(&endless)), (9_100, text(&mark))]].concat(), answered()),
    ];
    for (name, mut script, ending) in rows {
        script.push((10_010, Input::PeerClosed));
        assert_eq!(play(&speaks(Provider::Twilio, expect), &script).ending, ending, "{name}");
    }
}

#[test]
fn only_marks_of_the_server_that_were_played_count() {
    let (audio, play_audio) =
        (vec![0x11; 16_000], r#"{"type":"playAudio","data":{"audioContent":"ERERERE=","audioContentType":"raw"}}"#);
    let (mark, binary) = (r#"{"type":"mark","data":{"name":"m"}}"#, Input::Message(Incoming::Binary(&audio)));
    let (clear, unmark) = (r#"{"type":"killAudio"}"#, r#"{"type":"clearMarks"}"#);
    let rows = [
        ("a playAudio is no mark", Provider::Jambonz, vec![(100, text(play_audio))], (0, 0)),
        ("a mark", Provider::Jambonz, vec![(100, binary), (110, text(mark))], (1, 0)),
        ("cleared", Provider::Jambonz, vec![(100, binary), (110, text(mark)), (200, text(clear))], (0, 1)),
        ("taken back", Provider::Jambonz, vec![(100, binary), (110, text(mark)), (200, text(unmark))], (0, 0)),
        ("the end of a buffer is no mark", Provider::Asterisk, vec![(100, text("STOP_MEDIA_BUFFERING 1"))], (0, 0)),
        ("a mark of Asterisk", Provider::Asterisk, vec![(100, text("MARK_MEDIA 1"))], (1, 0)),
    ];
    for (name, provider, mut script, counts) in rows {
        script.push((10_010, Input::PeerClosed));
        let tally = play(&speaks(provider, |_| ()), &script).hold.tally();
        assert_eq!((tally.marks_played, tally.marks_cleared), counts, "{name}");
    }
}

#[test]
fn audio_for_another_stream_is_none() {
    let (ours, other) = (media(20), media(20).replace(SID, "MZ2"));
    let script = [(100, text(&other)), (300, text(&ours)), (310, text(&other)), (10_010, Input::PeerClosed)];
    let played = play(&speaks(Provider::Twilio, |_| ()), &script);
    let tally = played.hold.tally();
    assert_eq!((tally.frames_received, tally.first_audio, tally.messages_received), (1, Some(300 * MS), 3));
    assert_eq!(played.hold.remarks().count(Warning::WrongStreamId), 2);
}

#[test]
fn marks_that_are_too_many_or_too_long() {
    let (endless, ours, long) = (media(60_000), mark("m"), mark(&"x".repeat(2_000)));
    let rows = [(4_096, &ours, vec![]), (4_097, &ours, vec![Warning::PlaybackOverflow]), (1, &long, vec![Warning::InvalidField])];
    for (count, mark, expected) in rows {
        let mut script = vec![(100, text(&endless))];
        script.extend((0..count).map(|n| (101 + n / 10, text(mark))));
        script.push((10_010, Input::PeerClosed));
        let played = play(&speaks(Provider::Twilio, |_| ()), &script);
        assert_eq!(played.hold.remarks().iter().map(|remark| remark.warning).collect::<Vec<_>>(), expected, "{count} marks");
    }
}

#[test]
fn the_server_may_close_first_after_the_dialects_goodbye() {
    let first = play(&speaks(Provider::Twilio, |_| ()), &[(10_030, Input::PeerClosed)]);
    assert_eq!((said(&first, r#""event":"stop""#), first.ending, first.done_at), (vec![10_000], answered(), 10_030));
    let ours = play(&speaks(Provider::Twilio, |_| ()), &[(11_020, Input::PeerClosed)]);
    assert_eq!((ours.closes(), ours.ending, ours.done_at), (vec![(11_000, 1000)], answered(), 11_020));
}

#[test]
fn idle_says_hello_and_goodbye_and_nothing_between() {
    let played = play(&speaks(Provider::Twilio, |m| m.hold.mode = Mode::Idle), &[(10_030, Input::PeerClosed)]);
    let events: Vec<_> = played.texts().iter().map(|text| text.split('"').nth(3).unwrap().to_owned()).collect();
    assert_eq!((events, played.hold.tally().frames_sent), (["connected", "start", "stop"].map(str::to_owned).to_vec(), 0));
}

#[test]
fn what_came_is_summed_up_at_the_end() {
    let silence = media_of(&[0xFF; 160]);
    let fast = media(40);
    let stream = |message: &'static str| -> Vec<(u64, Input<'static>)> {
        (0..100).map(|n| (100 + n * 20, Input::Message(Incoming::Text(message)))).chain([(10_010, Input::PeerClosed)]).collect()
    };
    let rows = [(silence, Warning::AudioSilenceOnly), (fast, Warning::AudioRateWrong)];
    for (message, warning) in rows {
        let played = play(&speaks(Provider::Twilio, |_| ()), &stream(message.leak()));
        assert_eq!(played.hold.remarks().iter().map(|remark| remark.warning).collect::<Vec<_>>(), [warning]);
    }
}

#[test]
fn an_echo_is_recognised_by_its_sound() {
    let expect = Expect { echo: true, ..Expect::default() };
    let tone = |m: &mut Monitor| {
        m.expect = expect.clone();
        if let Dialect::Provider(settings) = &mut m.dialect {
            settings.sound = Sound::tone(settings.audio, settings.cadence, 400);
        }
    };
    let sound = Sound::tone(AudioFormat::MULAW_8K, 20 * MS, 400);
    let echo = media_of(&sound.frame(7));
    let other = media(20);
    let heard = play(&speaks(Provider::Twilio, tone), &[(500, text(&echo)), (10_010, Input::PeerClosed)]);
    assert_eq!(heard.ending, answered());
    let unheard = play(&speaks(Provider::Twilio, tone), &[(500, text(&other)), (10_010, Input::PeerClosed)]);
    assert_eq!(unheard.ending, Ending::Unmet(Unmet::Echo));
}
