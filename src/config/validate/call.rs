//! A provider's call: `[monitor.call]`, `[monitor.audio]` and `[monitor.signature]`, held against what the provider has.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use toml::Spanned;

use super::speech::has_no_effect;
use super::{Desk, Scope, dial, parameters, vain};
use crate::audio::{AudioFormat, Sound};
use crate::config::calls::{Audio, Call, Say, Signature};
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::read::Given;
use crate::config::secret::Carrier;
use crate::config::values::DialectName;
use crate::dialect::{CallSettings, Facts, FixedIds, Provider, Track};
use crate::monitor::{SignaturePlan, UrlScheme};
use crate::signature::twilio::Algorithm;

pub(super) fn settings(scope: &Scope<'_>, provider: Provider, desk: &mut Desk<'_>) -> CallSettings {
    let own = scope.own.call.get().cloned().unwrap_or_default();
    check_keys(&own, provider, desk.sink);
    let call = scope.all.call.get().cloned().unwrap_or_default();
    let audio = scope.all.audio.get().cloned().unwrap_or_default();
    let mut settings = CallSettings::new(provider);
    settings.fixed = fixed(&call);
    settings.from = call.from.or(settings.from);
    settings.to = call.to.or(settings.to);
    settings.parameters = dial::values(&call.parameters, Carrier::Header, desk);
    settings.one_way = call.one_way.or(settings.one_way);
    settings.track = track(&call, &own, &settings, desk.sink);
    settings.encoding_name = call.encoding_name.get().cloned();
    settings.form = call.form.or(settings.form);
    settings.connection_probe = call.connection_probe.or(settings.connection_probe);
    settings.audio_connector = call.audio_connector.or(settings.audio_connector);
    settings.first_sequence_number = call.first_sequence_number.or(settings.first_sequence_number);
    settings.sequence_numbers = call.sequence_numbers.or(settings.sequence_numbers);
    settings.client_state = call.client_state.get().cloned();
    settings.server_sample_rate = call.server_sample_rate.get().copied();
    settings.prompt = call.prompt.get().cloned();
    settings.language = call.language.or(settings.language);
    settings.mp3 = call.mp3.or(settings.mp3);
    settings.answer_within = call.answer_within.get().copied();
    settings.audio = format(&audio, provider.facts(), desk.sink);
    settings.cadence = frame(&audio, settings.audio, scope, provider, desk.sink);
    let sound = said(&audio, &settings, scope, desk);
    vain::check(&settings, sound.as_ref(), scope, desk.sink);
    parameters::check(&settings, scope, desk.sink);
    settings.sound = sound.unwrap_or_else(|| Sound::silence(settings.audio, settings.cadence));
    settings
}

fn fixed(call: &Call) -> FixedIds {
    FixedIds {
        call: call.call_id.get().cloned(),
        stream: call.stream_id.get().cloned(),
        account: call.account_id.get().cloned(),
        session: call.session_id.get().cloned(),
    }
}

/// Keys that the provider does not have. Those of `[defaults]` are meant for other monitors.
fn check_keys(own: &Call, provider: Provider, sink: &mut Sink) {
    for (key, span) in own.given() {
        if !provider.facts().keys.contains(&key) {
            let with = Provider::ALL.iter().filter(|other| other.facts().keys.contains(&key)).map(|other| other.label());
            let help = format!("leave it out; dialects that have it: `{}`", with.collect::<Vec<_>>().join("`, `"));
            has_no_effect(key.label(), &span, provider.label(), &help, sink);
        }
    }
}

/// The provider's format that fits what is set of codec and rate; the first of them is the default one.
fn format(audio: &Audio, facts: &Facts, sink: &mut Sink) -> AudioFormat {
    let codec = |format: &&AudioFormat| audio.codec.get().is_none_or(|codec| *codec == format.codec);
    let rate = |format: &&AudioFormat| audio.sample_rate.get().is_none_or(|rate| *rate == format.sample_rate);
    if let Some(format) = facts.formats.iter().find(|format| codec(format) && rate(format)) {
        return *format;
    }
    let spans = [audio.codec.span(), audio.sample_rate.span()];
    if let Some(span) = spans.into_iter().flatten().next_back() {
        let list: Vec<String> = facts.formats.iter().map(|format| format.to_string()).collect();
        let help = match list.as_slice() {
            [] => "it sends text and no audio: leave it out".to_owned(),
            formats => format!("there are {}", formats.join(", ")),
        };
        let message = format!("{} has no audio of this codec and rate", facts.title);
        sink.push(Problem::new(Code::NotInDialect, message).at(&span, "").help(help));
    }
    facts.formats.first().copied().unwrap_or(AudioFormat::MULAW_8K)
}

/// The other track is one of streams that only listen: a stream that goes both ways has the caller's voice.
fn track(call: &Call, own: &Call, settings: &CallSettings, sink: &mut Sink) -> Track {
    let track = call.track.or(Track::Inbound);
    if track == Track::Inbound || settings.one_way {
        return track;
    }
    if let Some(span) = own.track.span() {
        let problem =
            Problem::new(Code::MissingKey, "the track `outbound` is one of one-way streams, and this one goes both ways");
        sink.push(problem.at(&span, "").help("set `one_way = true` as well, or leave `track` out"));
    }
    Track::Inbound
}

/// From one media frame to the next. What `[defaults]` say is meant for monitors of other providers where it does not fit.
fn frame(audio: &Audio, format: AudioFormat, scope: &Scope<'_>, provider: Provider, sink: &mut Sink) -> Duration {
    let facts = provider.facts();
    let Some(frame) = audio.frame.get().copied() else { return facts.cadence };
    let samples = u128::from(format.sample_rate) * frame.as_micros();
    let is_whole = frame.subsec_nanos().is_multiple_of(1_000_000) && samples.is_multiple_of(1_000_000);
    if !facts.fixed_frame && !facts.formats.is_empty() && is_whole {
        return frame;
    }
    let Some(span) = scope.own.audio.get().and_then(|own| own.frame.span()) else { return facts.cadence };
    if facts.formats.is_empty() {
        has_no_effect("frame", &span, provider.label(), "it sends text and no audio: leave it out", sink);
    } else if facts.fixed_frame {
        let help = format!("its frames last {} ms: leave it out", facts.cadence.as_millis());
        has_no_effect("frame", &span, provider.label(), &help, sink);
    } else {
        let message = format!("this is no whole number of milliseconds, or of samples at {} Hz", format.sample_rate);
        let problem = Problem::new(Code::OutOfRange, message).at(&span, "");
        sink.push(problem.help("`\"20ms\"` is whole at every rate"));
    }
    facts.cadence
}

/// What the caller says; `None` if a file should say it and cannot be read.
fn said(audio: &Audio, settings: &CallSettings, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Sound> {
    let (format, cadence) = (settings.audio, settings.cadence);
    check_audio_alone(audio, scope, desk.sink);
    match (&audio.file, audio.say.get()) {
        (Given::Known(path), _) => speech(path, audio, settings, desk),
        (Given::Broken(_), _) => None,
        (Given::Absent, Some(Say::Tone)) => Some(Sound::tone(format, cadence, audio.tone_hertz.or(crate::audio::TONE_HERTZ))),
        (Given::Absent, Some(Say::Silence) | None) => Some(Sound::silence(format, cadence)),
    }
}

fn speech(path: &Spanned<PathBuf>, audio: &Audio, settings: &CallSettings, desk: &mut Desk<'_>) -> Option<Sound> {
    let (format, cadence) = (settings.audio, settings.cadence);
    match desk.surroundings.recording(path.get_ref(), format, cadence, audio.repeat.or(false)) {
        Ok(sound) => Some(sound),
        Err(error) => {
            let problem = Problem::new(Code::BadFile, error.to_string()).at(&path.span(), "");
            desk.sink.push(problem.help("write the path of a WAV file; a relative one begins at the folder of this file"));
            None
        }
    }
}

/// `repeat` without a file, and a frequency without a tone.
fn check_audio_alone(audio: &Audio, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(own) = scope.own.audio.get() else { return };
    if let Given::Known(repeat) = &own.repeat
        && audio.file.is_absent()
    {
        let problem = Problem::new(Code::AudioKeyAlone, "there is no file that could be repeated").at(&repeat.span(), "");
        sink.push(problem.help("set `file` as well, or leave `repeat` out"));
    }
    if let Given::Known(hertz) = &own.tone_hertz
        && audio.say.get() != Some(&Say::Tone)
    {
        let problem = Problem::new(Code::AudioKeyAlone, "there is no tone that could have this frequency").at(&hertz.span(), "");
        sink.push(problem.help("set `say = \"tone\"` as well, or leave `tone_hertz` out"));
    }
}

/// How the upgrade is signed.
pub(super) fn signature(scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<SignaturePlan> {
    let Given::Known(table) = &scope.all.signature else { return None };
    let Some(DialectName::Provider(provider)) = scope.all.dialect.get() else { return None };
    if matches!(provider, Provider::Twilio | Provider::ConversationRelay) {
        return twilio(table, scope, desk);
    }
    if *provider == Provider::Genesys {
        return audio_hook(table, scope, desk);
    }
    if let Some(span) = scope.own.signature.span() {
        let help = "leave it out; `twilio`, `conversation-relay` and `genesys` sign their upgrades";
        has_no_effect("signature", &span, provider.label(), help, desk.sink);
    }
    None
}

fn twilio(table: &Spanned<Signature>, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<SignaturePlan> {
    let raw = table.get_ref();
    if let Some(own) = scope.own.signature.get() {
        let foreign = [
            ("api_key_file", own.api_key_file.span()),
            ("api_key_env", own.api_key_env.span()),
            ("client_secret_file", own.client_secret_file.span()),
            ("client_secret_env", own.client_secret_env.span()),
        ];
        refuse(foreign, "`auth_token_file` or `auth_token_env` has Twilio's secret", scope, desk.sink);
    }
    if raw.auth_token_file.is_absent() && raw.auth_token_env.is_absent() {
        let problem = Problem::new(Code::MissingKey, "there is no `auth_token_file` or `auth_token_env` to sign with");
        desk.sink.push(problem.at(&table.span(), "").help("set `auth_token_file` to a file with the account's auth token"));
    }
    let algorithm = raw.algorithm.or(Algorithm::Sha1);
    if algorithm == Algorithm::Sha256 && raw.key_id.is_absent() {
        let problem = Problem::new(Code::MissingKey, "`sha256` signs with a shared key, and there is no `key_id`");
        desk.sink.push(problem.at(&table.span(), "").help("set `key_id` to the id of the shared key"));
    }
    let token = dial::secret(&raw.auth_token_file, &raw.auth_token_env, desk)?;
    let key_id = raw.key_id.get().cloned().filter(|_| algorithm == Algorithm::Sha256);
    Some(SignaturePlan::Twilio { token, algorithm, key_id, scheme: raw.url_scheme.or(UrlScheme::Wss) })
}

fn audio_hook(table: &Spanned<Signature>, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<SignaturePlan> {
    let raw = table.get_ref();
    if let Some(own) = scope.own.signature.get() {
        let foreign = [
            ("auth_token_file", own.auth_token_file.span()),
            ("auth_token_env", own.auth_token_env.span()),
            ("algorithm", own.algorithm.span()),
            ("key_id", own.key_id.span()),
            ("url_scheme", own.url_scheme.span()),
        ];
        refuse(foreign, "`api_key_file` and `client_secret_file` have those of Genesys", scope, desk.sink);
    }
    if raw.api_key_file.is_absent() && raw.api_key_env.is_absent() {
        let problem = Problem::new(Code::MissingKey, "there is no `api_key_file` or `api_key_env`").at(&table.span(), "");
        desk.sink.push(problem.help("set `api_key_file` to a file with the integration's API key"));
    }
    let api_key = dial::secret(&raw.api_key_file, &raw.api_key_env, desk);
    let client_secret = dial::secret(&raw.client_secret_file, &raw.client_secret_env, desk);
    if let Some(secret) = &client_secret
        && BASE64_STANDARD.decode(secret.expose()).is_err()
        && let Some(span) = raw.client_secret_file.span().or_else(|| raw.client_secret_env.span())
    {
        let problem = Problem::new(Code::BadSecret, "the client secret is no base64, as which Genesys shows it").at(&span, "");
        desk.sink.push(problem.help("copy it from the integration's credentials as it is"));
    }
    Some(SignaturePlan::AudioHook { api_key: api_key?, client_secret })
}

fn refuse<const N: usize>(keys: [(&str, Option<Span>); N], help: &str, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(DialectName::Provider(provider)) = scope.all.dialect.get() else { return };
    for (key, span) in keys {
        if let Some(span) = span {
            has_no_effect(key, &span, provider.label(), help, sink);
        }
    }
}
