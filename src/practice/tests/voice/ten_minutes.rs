//! The caller's machine against the server's, in pure time: ten minutes of every provider, in every format that it has, with every frame
//! checked by a server that was written without a look at the dialect.

use std::time::Duration;

use crate::audio::Sound;
use crate::dialect::{CallKey, CallSettings, Dialect, Form, Incoming, Provider, Track, Wire};
use crate::hold::{Ending, Goodbye, Hold, Input, Outgoing, Output};
use crate::monitor::{Monitor, MonitorName, Target};
use crate::outcome::Warning;
use crate::practice::behaviour::script_of_path;
use crate::practice::script::{LineScript, Script};
use crate::practice::voice::{Action, Message, Session};
use crate::secret::Secret;

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A call of this length: how it ended, and the hold with its numbers; or what the server found wrong.
fn call(settings: CallSettings, length: Duration) -> Result<(Ending, Hold), String> {
    let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("ws://h/").unwrap());
    let name = if settings.audio_connector { "genesys-connector" } else { settings.provider.label() };
    monitor.hold.target = length;
    monitor.dialect = Dialect::Provider(Box::new(settings));
    let mut random = 0x0123_4567_89ab_cdef_u128;
    let mut fresh = || {
        random = random.wrapping_mul(0x2545_F491_4F6C_DD1D_2545_F491_4F6C_DD1D).wrapping_add(1);
        random
    };
    let mut hold = Hold::new(&monitor, &monitor.dialect.place(&mut fresh, 1_795_168_800_000));
    let Some(Script::Line { line: LineScript::Voice(script), .. }) = script_of_path(name) else {
        panic!("no voice server is named {name}")
    };
    let mut server = Session::new(script);
    let mut now = Duration::ZERO;
    tell(&mut hold, now, server.open())?;
    loop {
        match hold.poll() {
            Output::Done(ending) => return Ok((ending, hold)),
            Output::Send(Outgoing::Data(wire)) => {
                let message = match &wire {
                    Wire::Text(bytes) => Message::Text(std::str::from_utf8(bytes).unwrap()),
                    Wire::Binary(bytes) => Message::Binary(bytes),
                };
                let actions = server.hear(now, message);
                tell(&mut hold, now, actions)?;
            }
            Output::Send(Outgoing::Close(_)) => hold.handle(now, Input::PeerClosed),
            Output::Send(Outgoing::Ping(payload)) => hold.handle(now, Input::Pong(&payload)),
            Output::WaitUntil(until) => {
                let due = server.due().filter(|due| *due < until);
                now = due.unwrap_or(until).max(now);
                if due.is_some() {
                    let actions = server.turn(now);
                    tell(&mut hold, now, actions)?;
                }
                hold.handle(now, Input::Tick);
            }
        }
    }
}

fn tell(hold: &mut Hold, at: Duration, actions: Vec<Action>) -> Result<(), String> {
    for action in actions {
        match action {
            Action::Text(text) => hold.handle(at, Input::Message(Incoming::Text(&text))),
            Action::Binary(bytes) => hold.handle(at, Input::Message(Incoming::Binary(&bytes))),
            Action::Close(code, reason) => return Err(format!("at {at:?} the server closed with {code}: {reason}")),
        }
    }
    Ok(())
}

/// Every provider in every format, and the forms that a setting chooses.
fn variants() -> Vec<CallSettings> {
    let mut variants = Vec::new();
    for provider in Provider::ALL {
        let facts = provider.facts();
        let mut plain = CallSettings::new(*provider);
        plain.parameters = vec![("agent".to_owned(), Secret::new("booking"))];
        plain.prompt = facts.keys.contains(&CallKey::Prompt).then(|| "Hello?".to_owned());
        plain.connection_probe = false;
        for format in facts.formats {
            let sound = Sound::tone(*format, plain.cadence, 400);
            variants.push(CallSettings { audio: *format, sound, ..plain.clone() });
        }
        if facts.formats.is_empty() {
            variants.push(plain.clone());
        }
        if *provider == Provider::Asterisk {
            variants.push(CallSettings { form: Form::Json, ..plain.clone() });
            variants.push(CallSettings { form: Form::Json, one_way: true, ..plain.clone() });
        }
        if facts.keys.contains(&CallKey::OneWay) {
            variants.push(CallSettings { one_way: true, ..plain.clone() });
        }
        if facts.keys.contains(&CallKey::Track) {
            variants.push(CallSettings { one_way: true, track: Track::Outbound, ..plain.clone() });
        }
        if facts.keys.contains(&CallKey::FirstSequenceNumber) {
            for first_sequence_number in [0, 1, 7] {
                variants.push(CallSettings { first_sequence_number, ..plain.clone() });
            }
        }
        if facts.keys.contains(&CallKey::SequenceNumbers) {
            variants.push(CallSettings { sequence_numbers: false, ..plain.clone() });
        }
        if facts.keys.contains(&CallKey::ClientState) {
            variants.push(CallSettings { client_state: Some("aGVsbG8=".to_owned()), ..plain.clone() });
        }
        if *provider == Provider::Genesys {
            variants.push(CallSettings::new(*provider));
            variants.push(CallSettings { audio_connector: true, ..plain.clone() });
        }
    }
    variants
}

/// What is wrong with a call of this length, if anything is.
fn complaint(settings: CallSettings, length: Duration) -> Option<String> {
    let (name, audio, one_way) = (settings.provider, settings.audio, settings.one_way);
    let slots = if settings.sends_media() { (length.as_millis() / settings.cadence.as_millis()) as u64 } else { 0 };
    let (ending, hold) = match call(settings, length) {
        Ok(held) => held,
        Err(mistake) => return Some(format!("{name}, {audio}: {mistake}")),
    };
    // On a one-way stream, our server's voice is odd, and its marks are answered all the same.
    let expected = |warning| one_way && warning == Warning::MessageOnOneWayStream;
    let remarks = hold.remarks();
    let unexpected = remarks.iter().filter(|remark| !expected(remark.warning));
    let odd: Vec<_> = unexpected.map(|remark| format!("{}: {}", remark.warning, remark.says)).collect();
    let tally = hold.tally();
    // A server that has to open the session does so a moment after the hello.
    let late = slots.saturating_sub(tally.frames_sent);
    let fits = ending == Ending::Completed(Goodbye::Answered)
        && odd.is_empty()
        && tally.frames_sent <= slots
        && late < 20
        && (tally.frames_skipped, tally.frames_not_taken) == (0, 0);
    (!fits).then(|| format!("{name}, {audio}: {ending:?}, {} of {slots} frames, {odd:?}", tally.frames_sent))
}

#[test]
fn every_frame_of_ten_minutes_is_right() {
    let mut seen = Vec::new();
    let complaints: Vec<String> = variants()
        .into_iter()
        .filter_map(|settings| {
            // The provider's first format for ten minutes, the others for a tenth of that: the numbers are the same ones.
            let first = !seen.contains(&settings.provider);
            seen.push(settings.provider);
            let wrong = complaint(settings.clone(), if first { TEN_MINUTES } else { TEN_MINUTES / 10 })?;
            Some(format!("{wrong} ({settings:?})"))
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
