//! From a monitor to its webhook's request and rules, and from the answer's stream to what is dialled then.
//!
//! The provider does what the document says, so that the document wins over the monitor: URL, protocol, direction, format, parameters. The
//! monitor keeps what no document has: ids, numbers, deadlines, expectations, and an `Authorization` header of its own.

use url::Url;

use super::{Authorization, Limits, Plan, Rules, Stream};
use crate::audio::Sound;
use crate::dialect::{Call, CallSettings, Dialect, Track};
use crate::monitor::{Credentials, Endpoint, Monitor, Webhook};

impl<'a> Plan<'a> {
    /// The request of `webhook` for this call of `monitor`. `url` is the webhook's with its login in it ([`login`]); `fresh` are 128 random
    /// bits.
    #[must_use]
    pub fn of(webhook: &'a Webhook, monitor: &'a Monitor, url: &'a Url, call: &'a Call, fresh: u128) -> Self {
        let mut plan = Self::new(webhook.kind, url, call);
        if let Some(settings) = monitor.dialect.provider() {
            (plan.from, plan.to) = (&settings.from, &settings.to);
        }
        let Webhook { method, content, parameters, signing, .. } = webhook;
        Self { method: *method, content: *content, parameters, signing: signing.as_ref(), fresh, ..plan }
    }
}

/// The webhook's URL with its user name and password, as providers take them.
#[must_use]
pub fn login(webhook: &Webhook) -> Url {
    match &webhook.login {
        Some((username, password)) => webhook.url.with_login(username, password),
        None => webhook.url.url().clone(),
    }
}

impl<'a> Rules<'a> {
    /// What the answer of `webhook` is held against for `monitor`.
    #[must_use]
    pub fn of(webhook: &'a Webhook, monitor: &Monitor) -> Self {
        let settings = monitor.dialect.provider();
        Self {
            provider: settings.map(|settings| settings.provider),
            audio: settings.filter(|_| webhook.audio_is_set).map(|settings| settings.audio),
            one_way: settings.filter(|_| webhook.direction_is_set).map(|settings| settings.one_way),
            expect_host: webhook.expect_host.as_deref(),
            pointer: &webhook.pointer,
            allow_private: webhook.allow_private,
            limits: Limits::of(webhook.kind),
            ..Self::new(webhook.kind, webhook.url.url())
        }
    }
}

/// `monitor` as it dials the stream that its webhook's answer opens.
#[must_use]
pub fn heed(monitor: &Monitor, webhook: &Webhook, stream: &Stream) -> Monitor {
    let mut heeding = monitor.clone();
    heeding.endpoint = Endpoint::Stream(stream.target.clone());
    if let Dialect::Provider(settings) = &mut heeding.dialect {
        speak(settings, webhook, stream);
    }
    let has_own = heeding.dial.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let Some(authorization) = stream.authorization.as_ref().filter(|_| !has_own && heeding.dial.credentials.is_none()) {
        match authorization {
            Authorization::Basic(username, password) => {
                heeding.dial.credentials = Some(Credentials::Basic { username: username.clone(), password: password.clone() });
            }
            Authorization::Bearer(token) => heeding.dial.credentials = Some(Credentials::Bearer(token.clone())),
            Authorization::Custom(value) => heeding.dial.headers.push(("Authorization".to_owned(), value.clone())),
            // Nobody else can make it.
            Authorization::Vonage => {}
        }
    }
    heeding
}

/// Speaks on the stream as the provider does that reads the document.
fn speak(settings: &mut CallSettings, webhook: &Webhook, stream: &Stream) {
    if let Some(provider) = stream.provider.filter(|provider| *provider != settings.provider) {
        let other = CallSettings::new(provider);
        let own = std::mem::replace(settings, other);
        (settings.fixed, settings.from, settings.to) = (own.fixed, own.from, own.to);
        (settings.parameters, settings.prompt, settings.language) = (own.parameters, own.prompt, own.language);
    }
    let own = std::mem::take(&mut settings.parameters);
    settings.parameters.clone_from(&stream.parameters);
    settings.parameters.extend(own.into_iter().filter(|(name, _)| stream.parameters.iter().all(|(other, _)| other != name)));
    settings.one_way = stream.one_way.unwrap_or(settings.one_way);
    let outbound = stream.track.as_ref().is_some_and(|track| track.as_str().starts_with("outbound"));
    settings.track = if settings.one_way && outbound { Track::Outbound } else { Track::Inbound };
    settings.mp3 |= stream.mp3;
    let formats = settings.provider.facts().formats;
    if let Some(format) = stream.audio.filter(|format| !webhook.audio_is_set && formats.contains(format)) {
        settings.audio = format;
        settings.sound = Sound::silence(format, settings.cadence);
    }
}
