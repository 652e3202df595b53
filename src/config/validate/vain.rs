//! What a provider's call can never bring: expectations that no server can meet, and audio that nobody says.

use toml::Spanned;

use super::Scope;
use crate::audio::Sound;
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::Expect;
use crate::config::read::Given;
use crate::config::values::duration_text;
use crate::dialect::{CallSettings, Opening};
use crate::monitor::{HoldPlan, Mode};

/// An expectation with its key and its place.
type Wanted = (&'static str, Span);

/// `sound` is what is said, if that could be read.
pub(super) fn check(settings: &CallSettings, sound: Option<&Sound>, scope: &Scope<'_>, sink: &mut Sink) {
    if let Some(sound) = sound {
        check_echo(settings, sound, scope, sink);
    }
    check_expectations(settings, scope, sink);
    check_unsaid(settings, scope, sink);
    check_connector(settings, scope, sink);
    check_answer(settings, scope, sink);
}

/// Marks, which frames of the user's own do not have.
pub(super) fn check_raw(scope: &Scope<'_>, sink: &mut Sink) {
    let Some(expect) = scope.all.expect.get().filter(|_| !matches!(scope.all.dialect, Given::Broken(_))) else { return };
    if let Some(span) = expect.mark_round_trip_within.span() {
        push(("mark_round_trip_within", span), "the dialect `raw` has no marks", sink);
    }
}

fn push((key, span): Wanted, why: &str, sink: &mut Sink) {
    let problem = Problem::new(Code::ExpectedInVain, format!("`{key}` is expected, and {why}")).at(&span, "");
    sink.push(problem.help(format!("leave `{key}` out")));
}

/// Silence that comes back cannot be told from silence that a server makes.
fn check_echo(settings: &CallSettings, sound: &Sound, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(echo) = scope.all.expect.get().and_then(|expect| on(&expect.echo)) else { return };
    if settings.sends_media() && !sound.is_audible() {
        let problem = Problem::new(Code::NothingToEcho, "an echo is expected, and silence is sent");
        let help = "set `audio = { say = \"tone\" }`, or a `file` with something but silence in it";
        sink.push(problem.at(&echo, "what we say must come back").help(help));
    }
}

/// The place of a rule that is switched on.
fn on(given: &Given<bool>) -> Option<Span> {
    given.known().filter(|yes| *yes.get_ref()).map(Spanned::span)
}

fn check_expectations(settings: &CallSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(expect) = scope.all.expect.get() else { return };
    for wanted in wanted(expect) {
        if let Some(why) = why_in_vain(wanted.0, settings) {
            push(wanted, why, sink);
        }
    }
}

/// The rules about audio that are set.
fn wanted(expect: &Expect) -> Vec<Wanted> {
    let rules = [
        ("echo", on(&expect.echo)),
        ("audible", on(&expect.audible)),
        ("real_time_audio", on(&expect.real_time_audio)),
        ("first_audio_within", expect.first_audio_within.span()),
        ("mark_round_trip_within", expect.mark_round_trip_within.span()),
    ];
    rules.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
}

fn why_in_vain(key: &str, settings: &CallSettings) -> Option<&'static str> {
    // A dialect of text echoes as text.
    let echoes_text = key == "echo" && settings.provider.facts().formats.is_empty();
    if let Some(why) = why_silent(settings).filter(|_| !echoes_text) {
        return Some(why);
    }
    if key == "mark_round_trip_within" && !settings.provider.has_marks() {
        return Some("this dialect has no marks");
    }
    let is_measured = matches!(key, "echo" | "audible" | "real_time_audio");
    (is_measured && settings.mp3).then_some("audio that comes as MP3 is counted and not measured")
}

/// Why the server must not send audio, if it must not.
fn why_silent(settings: &CallSettings) -> Option<&'static str> {
    if settings.server_talks() {
        return None;
    }
    Some(match settings {
        _ if settings.provider.facts().formats.is_empty() => "this dialect has text and no audio",
        _ if settings.one_way => "on a one-way stream nothing comes back",
        _ if settings.connection_probe => "a connection probe has no audio (`connection_probe = false` makes a call)",
        _ => "the server sends audio with `audio_connector = true` alone",
    })
}

/// A tone or a file where nothing is said. Those of `[defaults]` are meant for other monitors.
fn check_unsaid(settings: &CallSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(audio) = scope.own.audio.get() else { return };
    let why = match settings {
        _ if settings.provider.facts().formats.is_empty() => "this dialect sends text and no audio",
        _ if !settings.sends_media() => "a connection probe has no audio",
        _ if scope.all.mode.get() == Some(&Mode::Idle) => "with `mode = \"idle\"` no audio is sent",
        _ => return,
    };
    for (key, span) in [("say", audio.say.span()), ("file", audio.file.span())] {
        let Some(span) = span else { continue };
        let problem = Problem::new(Code::AudioKeyAlone, format!("`{key}` would never be heard: {why}")).at(&span, "");
        sink.push(problem.help(format!("leave `{key}` out")));
    }
}

/// The Audio Connector is a call, and the default is the connection probe.
fn check_connector(settings: &CallSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let own = scope.own.call.get().and_then(|call| on(&call.audio_connector));
    if let (Some(span), true) = (own, settings.audio_connector && settings.connection_probe) {
        let problem = Problem::new(Code::ConflictingKeys, "a connection probe is no call, and has no Audio Connector");
        sink.push(problem.at(&span, "").help("set `connection_probe = false` as well, or leave `audio_connector` out"));
    }
}

/// A deadline after the hold would never pass.
fn check_answer(settings: &CallSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(within) = scope.all.call.get().and_then(|call| call.answer_within.known()) else { return };
    let Some(hold) = scope.all.hold.placed(HoldPlan::default().target) else { return };
    if !matches!(settings.opening(), Opening::WhenAnswered { .. }) || *within.get_ref() <= hold.value {
        return;
    }
    let held = duration_text(hold.value);
    let problem = Problem::new(Code::ExpectedAfterHold, "`answer_within` is longer than the hold")
        .at(&within.span(), "could never be missed")
        .at_setting(("hold", &held), hold.at.as_ref(), &format!("the line is held for {held}"));
    sink.push(problem.help(format!("set `answer_within` to {held} or less, or a longer `hold`")));
}
