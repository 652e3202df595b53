//! Rhythm, hold, expectations and thresholds: durations that have to fit together.

use std::time::Duration;

use super::Scope;
use crate::config::problem::{Code, Problem, Sink};
use crate::config::raw::Expect as RawExpect;
use crate::config::read::{Given, Placed};
use crate::config::values::{DialectName, duration_text};
use crate::monitor::{Budgets, Expect, HoldPlan, MessageMatch, Mode, PingPlan, Rhythm, Thresholds};

/// What a probe of a fast endpoint takes beside hold and goodbye: a dial, and the drain after the last byte.
const MARGIN: Duration = HoldPlan::DRAIN.saturating_mul(2);
/// For `ping_interval` without `ping_timeout`.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn rhythm(scope: &Scope<'_>, sink: &mut Sink) -> Rhythm {
    let (settings, default) = (&scope.all, Rhythm::default());
    let rhythm = Rhythm {
        interval: settings.interval.or(default.interval),
        interval_failing: settings.interval_failing.get().copied(),
        confirm_after: settings.confirm_after.or(default.confirm_after),
    };
    let interval = settings.interval.placed(default.interval);
    if let Some(interval) = &interval {
        check_room("interval", interval, scope, sink);
    }
    if let Given::Known(failing) = &settings.interval_failing {
        let failing = Placed { value: *failing.get_ref(), at: Some(failing.span()) };
        check_room("interval_failing", &failing, scope, sink);
        check_failing(interval.as_ref(), &failing, sink);
    }
    check_confirmation(interval.as_ref(), settings.confirm_after.placed(default.confirm_after), sink);
    rhythm
}

/// Is a probe of a fast endpoint over when the next one is due? A slow one may take longer; its slots are skipped and counted.
fn check_room(key: &str, interval: &Placed<Duration>, scope: &Scope<'_>, sink: &mut Sink) {
    let default = HoldPlan::default();
    let Some(hold) = scope.all.hold.placed(default.target) else { return };
    let Some(goodbye) = scope.all.close_timeout.placed(default.close_timeout) else { return };
    let farewell = farewell(scope);
    let needed = hold.value + farewell + goodbye.value + MARGIN;
    if interval.value >= needed {
        return;
    }
    let needed = Duration::from_secs(needed.as_secs() + u64::from(needed.subsec_nanos() > 0));
    let (first, second) = (duration_text(interval.value), duration_text(hold.value));
    let mut problem = Problem::new(Code::IntervalTooShort, "a probe would still hold when the next one is due")
        .at_setting((key, &first), interval.at.as_ref(), &format!("the next one is due after {first}"))
        .at_setting(("hold", &second), hold.at.as_ref(), &format!("the line is held for {second}"));
    if let Some(span) = &goodbye.at {
        problem = problem.at(span, format!("the goodbye may take {}", duration_text(goodbye.value)));
    }
    sink.push(problem.help(format!(
        "set `{key}` to {} or more ({second} of hold, {} for the goodbye, and the dial), or a shorter `hold`",
        duration_text(needed),
        duration_text(farewell + goodbye.value),
    )));
}

/// How long the dialect's own goodbye may take before our Close.
fn farewell(scope: &Scope<'_>) -> Duration {
    match scope.all.dialect.get() {
        Some(DialectName::Provider(provider)) => provider.facts().server_may_close_first,
        Some(DialectName::Raw) | None => Duration::ZERO,
    }
}

fn check_failing(interval: Option<&Placed<Duration>>, failing: &Placed<Duration>, sink: &mut Sink) {
    let Some(interval) = interval else { return };
    if failing.value <= interval.value {
        return;
    }
    let normal = duration_text(interval.value);
    let problem = Problem::new(Code::FailingSlower, "a failing monitor would be probed less often than a good one")
        .at_setting(("interval_failing", ""), failing.at.as_ref(), "")
        .at_setting(("interval", &normal), interval.at.as_ref(), "the interval while all is well");
    sink.push(problem.help(format!("set `interval_failing` to less than `interval` ({normal}), or leave it out")));
}

fn check_confirmation(interval: Option<&Placed<Duration>>, confirm: Option<Placed<Duration>>, sink: &mut Sink) {
    let (Some(interval), Some(confirm)) = (interval, confirm) else { return };
    if confirm.value < interval.value {
        return;
    }
    let (next, late) = (duration_text(interval.value), duration_text(confirm.value));
    let problem = Problem::new(Code::ConfirmTooLate, "the confirmation would come after the next normal probe")
        .at_setting(("confirm_after", &late), confirm.at.as_ref(), "")
        .at_setting(("interval", &next), interval.at.as_ref(), "the next normal probe");
    sink.push(problem.help(format!("set `confirm_after` to less than {next}")));
}

pub(super) fn hold(scope: &Scope<'_>, sink: &mut Sink) -> HoldPlan {
    let (settings, default) = (&scope.all, HoldPlan::default());
    check_min_hold(scope, sink);
    check_accept_codes(scope, sink);
    HoldPlan {
        mode: settings.mode.or(default.mode),
        target: settings.hold.or(default.target),
        min_hold: settings.min_hold.get().copied(),
        accept_codes: settings.accept_codes.get().map_or_else(Vec::new, |codes| codes.iter().map(|c| *c.get_ref()).collect()),
        ping: ping(scope, sink),
        stall_timeout: settings.stall_timeout.or(default.stall_timeout),
        close_timeout: settings.close_timeout.or(default.close_timeout),
        budgets: Budgets {
            bytes: settings.max_bytes.or(default.budgets.bytes),
            frames_per_second: settings.max_frames_per_second.or(default.budgets.frames_per_second),
            frame_bytes: settings.max_frame_bytes.or(default.budgets.frame_bytes),
            message_bytes: settings.max_message_bytes.or(default.budgets.message_bytes),
        },
    }
}

fn check_min_hold(scope: &Scope<'_>, sink: &mut Sink) {
    let Some(hold) = scope.all.hold.placed(HoldPlan::default().target) else { return };
    let Given::Known(min_hold) = &scope.all.min_hold else { return };
    if *min_hold.get_ref() <= hold.value {
        return;
    }
    let held = duration_text(hold.value);
    let problem = Problem::new(Code::MinHoldTooLong, "`min_hold` is longer than the hold")
        .at(&min_hold.span(), "the server may end the line after this time")
        .at_setting(("hold", &held), hold.at.as_ref(), &format!("sidetone ends it after {held}"));
    sink.push(problem.help(format!("set `min_hold` to {held} or less, or a longer `hold`")));
}

/// Without a time, a line that is hung up on at once would be as good as one that holds.
fn check_accept_codes(scope: &Scope<'_>, sink: &mut Sink) {
    let Given::Known(codes) = &scope.all.accept_codes else { return };
    if codes.get_ref().is_empty() || !scope.all.min_hold.is_absent() {
        return;
    }
    let problem = Problem::new(Code::AcceptCodesAlone, "the server may end the line with these codes, but it is not said when");
    sink.push(problem.at(&codes.span(), "").help("add `min_hold = \"…\"`: the server may end the line after this time"));
}

fn ping(scope: &Scope<'_>, sink: &mut Sink) -> Option<PingPlan> {
    let settings = &scope.all;
    if settings.ping_interval.is_absent() {
        // A deadline in `[defaults]` is meant for the monitors that do send pings.
        if let Given::Known(timeout) = &scope.own.ping_timeout {
            let problem = Problem::new(Code::PingTimeoutAlone, "no pings are sent that could time out").at(&timeout.span(), "");
            sink.push(problem.help("set `ping_interval` as well, or leave `ping_timeout` out"));
        }
        return None;
    }
    let interval = settings.ping_interval.known()?;
    if let Some(hold) = settings.hold.placed(HoldPlan::default().target)
        && *interval.get_ref() >= hold.value
    {
        let held = duration_text(hold.value);
        let problem = Problem::new(Code::PingTooLate, "the line is given up before the first ping")
            .at(&interval.span(), "the first ping is sent after this time")
            .at_setting(("hold", &held), hold.at.as_ref(), &format!("the line is held for {held}"));
        sink.push(problem.help(format!("set `ping_interval` to less than {held}, or a longer `hold`")));
    }
    Some(PingPlan { interval: *interval.get_ref(), timeout: settings.ping_timeout.or(PING_TIMEOUT) })
}

pub(super) fn expect(scope: &Scope<'_>, sink: &mut Sink) -> Expect {
    let Given::Known(raw) = &scope.all.expect else { return Expect::default() };
    let raw = raw.get_ref();
    check_within_hold(raw, scope, sink);
    check_match(raw, sink);
    let expect = Expect {
        first_message_within: raw.first_message_within.get().copied(),
        message: message(raw, sink),
        match_within: raw.match_within.get().copied(),
        echo: raw.echo.or(false),
        first_audio_within: raw.first_audio_within.get().copied(),
        audible: raw.audible.or(false),
        real_time_audio: raw.real_time_audio.or(false),
        max_silence: raw.max_silence.get().copied(),
        mark_round_trip_within: raw.mark_round_trip_within.get().copied(),
        clean_close: raw.clean_close.or(false),
        no_warnings: raw.no_warnings.or(Vec::new()),
    };
    check_idle(raw, scope, sink);
    expect
}

fn check_within_hold(raw: &RawExpect, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(hold) = scope.all.hold.placed(HoldPlan::default().target) else { return };
    let held = duration_text(hold.value);
    let deadlines = [
        ("first_message_within", &raw.first_message_within),
        ("match_within", &raw.match_within),
        ("first_audio_within", &raw.first_audio_within),
        ("max_silence", &raw.max_silence),
        ("mark_round_trip_within", &raw.mark_round_trip_within),
    ];
    for (key, deadline) in deadlines {
        let Some(deadline) = deadline.known().filter(|deadline| *deadline.get_ref() > hold.value) else { continue };
        let problem = Problem::new(Code::ExpectedAfterHold, format!("`{key}` is longer than the hold"))
            .at(&deadline.span(), "could never be missed")
            .at_setting(("hold", &held), hold.at.as_ref(), &format!("the line is held for {held}"));
        sink.push(problem.help(format!("set `{key}` to {held} or less, or a longer `hold`")));
    }
}

fn check_match(raw: &RawExpect, sink: &mut Sink) {
    let Given::Known(within) = &raw.match_within else { return };
    if raw.message_contains.is_absent() && raw.message_json.is_absent() {
        let problem = Problem::new(Code::MatchWithinAlone, "no message is expected that could match").at(&within.span(), "");
        sink.push(problem.help("set `message_contains` or `message_json`, or use `first_message_within` for any message"));
    }
}

fn message(raw: &RawExpect, sink: &mut Sink) -> Option<MessageMatch> {
    if let Some(text) = raw.message_contains.get() {
        return Some(MessageMatch::Contains(text.clone()));
    }
    let json = raw.message_json.known()?;
    for (key, absent) in [("pointer", json.get_ref().pointer.is_absent()), ("equals", json.get_ref().equals.is_absent())] {
        if absent {
            let problem = Problem::new(Code::MissingKey, format!("`message_json` has no `{key}`")).at(&json.span(), "");
            sink.push(problem.help("write `message_json = { pointer = \"/type\", equals = \"session.created\" }`"));
        }
    }
    let (pointer, equals) = (json.get_ref().pointer.get()?, json.get_ref().equals.get()?);
    Some(MessageMatch::Json { pointer: pointer.clone(), equals: equals.clone() })
}

/// On an idle line nothing is sent, so nothing comes back.
fn check_idle(raw: &RawExpect, scope: &Scope<'_>, sink: &mut Sink) {
    let Given::Known(mode) = &scope.all.mode else { return };
    if *mode.get_ref() != Mode::Idle {
        return;
    }
    let on = |given: &Given<bool>| given.known().filter(|yes| *yes.get_ref()).map(toml::Spanned::span);
    let expected = [
        ("echo", on(&raw.echo)),
        ("audible", on(&raw.audible)),
        ("real_time_audio", on(&raw.real_time_audio)),
        ("first_audio_within", raw.first_audio_within.known().map(toml::Spanned::span)),
        ("mark_round_trip_within", raw.mark_round_trip_within.known().map(toml::Spanned::span)),
    ];
    for (key, span) in expected {
        let Some(span) = span else { continue };
        let problem = Problem::new(Code::ExpectedOfIdle, format!("`{key}` is expected of a line on which nothing is said"))
            .at(&span, "")
            .at(&mode.span(), "nothing is sent in this mode");
        sink.push(problem.help(format!("set `mode = \"streamed\"`, or leave `{key}` out")));
    }
}

pub(super) fn thresholds(scope: &Scope<'_>, sink: &mut Sink) -> Thresholds {
    let (settings, default) = (&scope.all, Thresholds::default());
    let high_and_low = (settings.flap_high.placed(default.flap_high), settings.flap_low.placed(default.flap_low));
    if let (Some(high), Some(low)) = high_and_low
        && low.value >= high.value
    {
        let (begins, ends) = (format!("{} %", high.value), format!("{} %", low.value));
        let problem = Problem::new(Code::FlapThresholds, "flapping would begin and end at once")
            .at_setting(("flap_low", &ends), low.at.as_ref(), &format!("ends below {ends}"))
            .at_setting(("flap_high", &begins), high.at.as_ref(), &format!("begins above {begins}"));
        sink.push(problem.help(format!("set `flap_low` to less than `flap_high` ({begins})")));
    }
    Thresholds {
        fail_after: settings.fail_after.or(default.fail_after),
        recover_after: settings.recover_after.or(default.recover_after),
        flap_high: settings.flap_high.or(default.flap_high),
        flap_low: settings.flap_low.or(default.flap_low),
    }
}
