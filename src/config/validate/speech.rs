//! The dialect and its settings.

use toml::Spanned;

use super::{Desk, Scope, call, vain};
use crate::audio::AudioFormat;
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::{Raw, Silence};
use crate::config::read::Given;
use crate::config::values::{DialectName, duration_text};
use crate::dialect::Dialect;
use crate::dialect::raw::{RawFrame, RawSettings};

pub(super) fn dialect(scope: &Scope<'_>, desk: &mut Desk<'_>) -> Dialect {
    match scope.all.dialect.or(DialectName::Raw) {
        DialectName::Raw => {
            check_foreign_tables(scope, desk.sink);
            vain::check_raw(scope, desk.sink);
            raw(scope, desk.sink)
        }
        DialectName::Provider(provider) => {
            check_raw_table(scope, provider.label(), desk.sink);
            Dialect::Provider(Box::new(call::settings(scope, provider, desk)))
        }
    }
}

/// The tables of providers' dialects, where `raw` is spoken.
fn check_foreign_tables(scope: &Scope<'_>, sink: &mut Sink) {
    if matches!(scope.all.dialect, Given::Broken(_)) {
        return;
    }
    let tables = [("call", scope.own.call.span()), ("audio", scope.own.audio.span()), ("signature", scope.own.signature.span())];
    for (name, span) in tables {
        let Some(span) = span else { continue };
        has_no_effect(name, &span, "raw", "name the provider with `dialect = \"…\"`, or use `[monitor.raw]`", sink);
    }
}

fn check_raw_table(scope: &Scope<'_>, dialect: &str, sink: &mut Sink) {
    if let Some(span) = scope.own.raw.span() {
        has_no_effect(
            "raw",
            &span,
            dialect,
            "`[monitor.call]` and `[monitor.audio]` have the settings of providers' dialects",
            sink,
        );
    }
}

/// A table or key that the dialect does not have.
pub(super) fn has_no_effect(key: &str, at: &Span, dialect: &str, help: &str, sink: &mut Sink) {
    let problem = Problem::new(Code::NotInDialect, format!("`{key}` has no effect in the dialect `{dialect}`")).at(at, "");
    sink.push(problem.help(help.to_owned()));
}

fn raw(scope: &Scope<'_>, sink: &mut Sink) -> Dialect {
    let default = RawSettings::default();
    let Given::Known(raw) = &scope.all.raw else { return Dialect::Raw(default) };
    let raw = raw.get_ref();
    let settings = RawSettings {
        hello: texts(&raw.hello),
        frame: frame(raw, default.frame),
        cadence: raw.cadence.or(default.cadence),
        audio: AudioFormat {
            codec: raw.codec.or(default.audio.codec),
            sample_rate: raw.sample_rate.or(default.audio.sample_rate),
        },
        farewell: texts(&raw.farewell),
    };
    check_silence(raw, &settings, sink);
    check_echo(raw, &settings, scope, sink);
    Dialect::Raw(settings)
}
fn texts(list: &Given<Vec<Spanned<String>>>) -> Vec<String> {
    list.get().map_or_else(Vec::new, |texts| texts.iter().map(|text| text.get_ref().clone()).collect())
}

fn frame(raw: &Raw, default: RawFrame) -> RawFrame {
    if let Some(text) = raw.frame_text.get() {
        return RawFrame::Text(text.clone());
    }
    if let Some(bytes) = raw.frame_base64.get() {
        return RawFrame::Binary(bytes.clone());
    }
    match raw.frame.get() {
        Some(Silence::Frames) => RawFrame::Silence,
        Some(Silence::Nothing) => RawFrame::Nothing,
        None => default,
    }
}

/// A frame of silence is as long as the cadence, so that a slow cadence makes a huge frame.
fn check_silence(raw: &Raw, settings: &RawSettings, sink: &mut Sink) {
    let Given::Known(cadence) = &raw.cadence else { return };
    if settings.frame == RawFrame::Silence && *cadence.get_ref() > Raw::LONGEST_SILENCE {
        let problem =
            Problem::new(Code::SilenceTooLong, "each frame of silence would be as long as this").at(&cadence.span(), "");
        let most = duration_text(Raw::LONGEST_SILENCE);
        sink.push(problem.help(format!("set `cadence` to {most} or less (telephony has 20ms), or send a `frame_text`")));
    }
}

fn check_echo(raw: &Raw, settings: &RawSettings, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(echo) = scope.all.expect.get().and_then(|expect| expect.echo.known()).filter(|echo| *echo.get_ref()) else { return };
    let Given::Known(frame) = &raw.frame else { return };
    if settings.frame == RawFrame::Nothing && raw.hello.get().is_none_or(Vec::is_empty) {
        let problem = Problem::new(Code::NothingToEcho, "an echo is expected, and nothing is sent")
            .at(&echo.span(), "what we sent must come back")
            .at(&frame.span(), "no frames are sent");
        sink.push(problem.help("set `hello` or a `frame`, or leave `echo` out"));
    }
}
