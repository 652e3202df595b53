//! From a monitor to its webhook's request and rules, and from the answer's stream to what is dialled then.
//!
//! The provider does what the document says, so that the document wins over the monitor: URL, protocol, direction, format, parameters. The
//! monitor keeps what no document has: ids, numbers, deadlines, expectations, and an `Authorization` header of its own.

use std::borrow::Cow;

use url::Url;

use super::{Authorization, Limits, Plan, Rules, Stream};
use crate::audio::Sound;
use crate::dialect::{Call, CallSettings, Dialect, Provider, Track};
use crate::monitor::{Credentials, DialPlan, Endpoint, Monitor, SignaturePlan, UrlScheme, Webhook, WebhookSigning};
use crate::secret::Secret;
use crate::signature::twilio::Algorithm;

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

/// The dialect in which the call is placed: its ids have the form of the webhook's provider.
#[must_use]
pub fn placing<'m>(monitor: &'m Monitor, webhook: &Webhook) -> Cow<'m, Dialect> {
    let author = Rules::new(webhook.kind, webhook.url.url()).author();
    let Some(author) = author else { return Cow::Borrowed(&monitor.dialect) };
    let settings = monitor.dialect.provider();
    // Plivo's clone and Twilio's other protocol have ids of the same form.
    let alike = |provider: Provider| {
        provider == author
            || matches!((provider, author), (Provider::ConversationRelay, Provider::Twilio) | (Provider::Vobiz, Provider::Plivo))
    };
    if settings.is_some_and(|settings| alike(settings.provider)) {
        return Cow::Borrowed(&monitor.dialect);
    }
    let fixed = settings.map(|settings| settings.fixed.clone()).unwrap_or_default();
    Cow::Owned(Dialect::Provider(Box::new(CallSettings { fixed, ..CallSettings::new(author) })))
}

/// `monitor` as it dials the stream that its webhook's answer opens. Its own credentials, headers and client certificate go to no host but
/// those that it names, as the answer is foreign text; the second value says whether some were withheld.
#[must_use]
pub fn heed(monitor: &Monitor, webhook: &Webhook, stream: &Stream) -> (Monitor, bool) {
    let mut heeding = monitor.clone();
    heeding.endpoint = Endpoint::Stream(stream.target.clone());
    if let Dialect::Provider(settings) = &mut heeding.dialect {
        speak(settings, webhook, stream);
    }
    let dial = &mut heeding.dial;
    let has_some = dial.credentials.is_some() || !dial.headers.is_empty() || dial.tls.client.is_some();
    let withheld = has_some && !Rules::of(webhook, monitor).names(&stream.target.host().to_string());
    if withheld {
        (dial.credentials, dial.tls.client) = (None, None);
        dial.headers.clear();
    }
    authorize(dial, stream);
    if dial.signature.is_none() && matches!(stream.provider, Some(Provider::Twilio | Provider::ConversationRelay)) {
        dial.signature = vouched(webhook);
    }
    (heeding, withheld)
}

/// Twilio signs the upgrade with the token that it signs the webhook's request with.
fn vouched(webhook: &Webhook) -> Option<SignaturePlan> {
    let plan = |token: &Secret, algorithm, key_id| {
        let token = token.clone();
        Some(SignaturePlan::Twilio { token, algorithm, key_id, scheme: UrlScheme::Wss })
    };
    match webhook.signing.as_ref()? {
        WebhookSigning::Twilio { token } => plan(token, Algorithm::Sha1, None),
        WebhookSigning::TwilioSharedKey { id, secret } => plan(secret, Algorithm::Sha256, Some(id.clone())),
        WebhookSigning::Signalwire { .. } | WebhookSigning::Plivo { .. } | WebhookSigning::Vonage { .. } => None,
    }
}

/// The document's login, unless the monitor has one of its own.
fn authorize(dial: &mut DialPlan, stream: &Stream) {
    let has_own = dial.credentials.is_some() || dial.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    match stream.authorization.as_ref().filter(|_| !has_own) {
        Some(Authorization::Basic(username, password)) => {
            dial.credentials = Some(Credentials::Basic { username: username.clone(), password: password.clone() });
        }
        Some(Authorization::Bearer(token)) => dial.credentials = Some(Credentials::Bearer(token.clone())),
        Some(Authorization::Custom(value)) => dial.headers.push(("Authorization".to_owned(), value.clone())),
        // Vonage's token nobody else can make.
        Some(Authorization::Vonage) | None => {}
    }
}

/// Speaks on the stream as the provider does that reads the document.
fn speak(settings: &mut CallSettings, webhook: &Webhook, stream: &Stream) {
    if let Some(provider) = stream.provider.filter(|provider| *provider != settings.provider) {
        let other = CallSettings::new(provider);
        let own = std::mem::replace(settings, other);
        (settings.fixed, settings.from, settings.to) = (own.fixed, own.from, own.to);
        (settings.parameters, settings.prompt, settings.language) = (own.parameters, own.prompt, own.language);
        (settings.one_way, settings.answer_within) = (own.one_way, own.answer_within);
        if own.cadence == settings.cadence && provider.facts().formats.contains(&own.audio) {
            (settings.audio, settings.sound) = (own.audio, own.sound);
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audio::{AudioFormat, Codec};
    use crate::monitor::{ClientIdentity, MonitorName, Target, WebhookKind, WebhookUrl};
    use crate::text::Printable;
    use crate::webhook::{Answer, Verb, read};

    fn webhook(kind: WebhookKind) -> Webhook {
        Webhook::new(kind, WebhookUrl::parse("https://voice.example.com/voice").unwrap())
    }

    fn monitor(provider: Provider) -> Monitor {
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("wss://unused.example.com/").unwrap());
        monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(provider)));
        monitor
    }

    fn stream(provider: Provider, url: &str) -> Stream {
        Stream {
            target: Target::parse(url).unwrap(),
            written: Printable::trusted("written"),
            line: 1,
            verb: Verb::ConnectStream,
            provider: Some(provider),
            parameters: Vec::new(),
            track: None,
            audio: None,
            one_way: None,
            mp3: false,
            authorization: None,
        }
    }

    fn settings(monitor: &Monitor) -> &CallSettings {
        monitor.dialect.provider().unwrap()
    }

    const URL: &str = "wss://voice.example.com/media";

    #[test]
    fn the_documents_parameters_come_first_and_win() {
        let pair = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
        let mut monitor = monitor(Provider::Twilio);
        let Dialect::Provider(own) = &mut monitor.dialect else { unreachable!() };
        own.parameters = vec![pair("token", "ours"), pair("x-synthetic", "1")];
        let mut said = stream(Provider::Twilio, URL);
        said.parameters = vec![pair("tenant", "a"), pair("token", "theirs")];
        let (heeding, _) = heed(&monitor, &webhook(WebhookKind::Twilio), &said);
        assert_eq!(settings(&heeding).parameters, [pair("tenant", "a"), pair("token", "theirs"), pair("x-synthetic", "1")]);
        assert_eq!(heeding.endpoint, Endpoint::Stream(Target::parse(URL).unwrap()));
    }

    #[test]
    fn direction_and_track_are_the_documents() {
        let rows = [
            (None, None, false, Track::Inbound),
            (Some(true), Some("outbound_track"), true, Track::Outbound),
            (Some(true), Some("both_tracks"), true, Track::Inbound),
            (Some(false), Some("outbound_track"), false, Track::Inbound),
        ];
        for (one_way, track, expected, voice) in rows {
            let mut said = stream(Provider::Twilio, URL);
            said.one_way = one_way;
            said.track = track.map(|track| Printable::capture(track.as_bytes(), 40));
            let (heeding, _) = heed(&monitor(Provider::Twilio), &webhook(WebhookKind::Twilio), &said);
            assert_eq!((settings(&heeding).one_way, settings(&heeding).track), (expected, voice), "{one_way:?} {track:?}");
        }
    }

    #[test]
    fn the_documents_format_is_taken_unless_the_user_has_set_one() {
        let wide = AudioFormat { codec: Codec::L16, sample_rate: 16_000 };
        let mut said = stream(Provider::Plivo, URL);
        said.audio = Some(wide);
        for (is_set, expected) in [(false, wide), (true, CallSettings::new(Provider::Plivo).audio)] {
            let mut webhook = webhook(WebhookKind::Plivo);
            webhook.audio_is_set = is_set;
            let (heeding, _) = heed(&monitor(Provider::Plivo), &webhook, &said);
            assert_eq!((settings(&heeding).audio, settings(&heeding).sound.format()), (expected, expected), "{is_set}");
        }
        // One that the provider does not have is not spoken.
        said.audio = Some(AudioFormat { codec: Codec::L16, sample_rate: 48_000 });
        let (heeding, _) = heed(&monitor(Provider::Plivo), &webhook(WebhookKind::Plivo), &said);
        assert_eq!(settings(&heeding).audio, CallSettings::new(Provider::Plivo).audio);
    }

    #[test]
    fn another_protocol_keeps_what_is_said() {
        let mut monitor = monitor(Provider::Telnyx);
        let Dialect::Provider(own) = &mut monitor.dialect else { unreachable!() };
        (own.from, own.one_way) = ("+12025550123".to_owned(), true);
        own.sound = Sound::tone(own.audio, own.cadence, 400);
        let (heeding, _) = heed(&monitor, &webhook(WebhookKind::Twilio), &stream(Provider::Twilio, URL));
        let spoken = settings(&heeding);
        assert_eq!((spoken.provider, spoken.from.as_str(), spoken.one_way), (Provider::Twilio, "+12025550123", true));
        assert!(spoken.sound.is_audible() && spoken.cadence == Duration::from_millis(20));
    }

    #[test]
    fn our_own_credentials_go_to_named_hosts_alone() {
        let rows = [
            (URL, None, true),
            ("wss://other.example.net/media", None, false),
            ("wss://other.example.net/media", Some("other.example.net"), true),
        ];
        for (url, expect_host, sent) in rows {
            let mut webhook = webhook(WebhookKind::Twilio);
            (webhook.expect_host, webhook.allow_private) = (expect_host.map(str::to_owned), true);
            let mut monitor = monitor(Provider::Twilio);
            monitor.dial.credentials = Some(Credentials::Bearer(Secret::new("ours")));
            monitor.dial.headers = vec![("X-Own".to_owned(), Secret::new("ours"))];
            monitor.dial.tls.client = Some(ClientIdentity { chain: Vec::new(), key_pem: Secret::new("ours") });
            let (heeding, withheld) = heed(&monitor, &webhook, &stream(Provider::Twilio, url));
            let dial = &heeding.dial;
            assert_eq!(withheld, !sent, "{url}");
            assert_eq!([dial.credentials.is_some(), !dial.headers.is_empty(), dial.tls.client.is_some()], [sent; 3], "{url}");
        }
    }

    #[test]
    fn twilio_signs_the_upgrade_as_it_signs_the_request() {
        let token = || Secret::new("token");
        let rows = [
            (None, Provider::Twilio, None),
            (Some(WebhookSigning::Twilio { token: token() }), Provider::Twilio, Some((Algorithm::Sha1, None))),
            (Some(WebhookSigning::Twilio { token: token() }), Provider::Telnyx, None),
            (
                Some(WebhookSigning::TwilioSharedKey { id: "SK1".to_owned(), secret: token() }),
                Provider::ConversationRelay,
                Some((Algorithm::Sha256, Some("SK1".to_owned()))),
            ),
            (Some(WebhookSigning::Plivo { token: token() }), Provider::Twilio, None),
        ];
        for (signing, provider, expected) in rows {
            let mut webhook = webhook(WebhookKind::Twilio);
            webhook.signing = signing;
            let (heeding, _) = heed(&monitor(provider), &webhook, &stream(provider, URL));
            let signed = match heeding.dial.signature {
                Some(SignaturePlan::Twilio { algorithm, key_id, scheme: UrlScheme::Wss, .. }) => Some((algorithm, key_id)),
                _ => None,
            };
            assert_eq!(signed, expected, "{provider}");
        }
    }

    #[test]
    fn the_documents_login_gives_way_to_our_own() {
        let logins = [
            (Authorization::Basic("u".to_owned(), Secret::new("theirs")), true),
            (Authorization::Bearer(Secret::new("theirs")), true),
            (Authorization::Custom(Secret::new("theirs")), false),
            (Authorization::Vonage, false),
        ];
        for (login, is_credentials) in logins {
            let mut said = stream(Provider::Vonage, URL);
            let adds = !matches!(login, Authorization::Vonage);
            said.authorization = Some(login);
            let mut monitor = monitor(Provider::Vonage);
            let (theirs, _) = heed(&monitor, &webhook(WebhookKind::Vonage), &said);
            assert_eq!(theirs.dial.credentials.is_some(), is_credentials, "{said:?}");
            assert_eq!(theirs.dial.credentials.is_some() || !theirs.dial.headers.is_empty(), adds, "{said:?}");
            monitor.dial.credentials = Some(Credentials::Bearer(Secret::new("ours")));
            let (ours, _) = heed(&monitor, &webhook(WebhookKind::Vonage), &said);
            assert_eq!((ours.dial.credentials, ours.dial.headers.len()), (monitor.dial.credentials.clone(), 0), "{said:?}");
        }
    }

    #[test]
    fn ids_have_the_form_of_the_webhooks_provider() {
        let rows = [
            (Dialect::Raw(crate::dialect::raw::RawSettings::default()), WebhookKind::Twilio, "twilio"),
            (monitor(Provider::Telnyx).dialect, WebhookKind::Twilio, "twilio"),
            (monitor(Provider::ConversationRelay).dialect, WebhookKind::Twilio, "conversation-relay"),
            (monitor(Provider::Vobiz).dialect, WebhookKind::Plivo, "vobiz"),
            (monitor(Provider::Infobip).dialect, WebhookKind::Json, "infobip"),
        ];
        for (dialect, kind, placed) in rows {
            let mut monitor = monitor(Provider::Twilio);
            monitor.dialect = dialect;
            assert_eq!(placing(&monitor, &webhook(kind)).name(), placed, "{kind}");
        }
    }

    /// From a document to what is dialled, without a socket.
    #[test]
    fn a_document_is_heeded() {
        let (webhook, monitor) = (webhook(WebhookKind::Twilio), monitor(Provider::Twilio));
        let body = br#"<Response><Connect><Stream url="wss://voice.example.com/media"><Parameter name="a" value="b"/></Stream></Connect></Response>"#;
        let answer = Answer { content_type: Some("text/xml"), body, took: Duration::ZERO };
        let reading = read(&answer, &Rules::of(&webhook, &monitor));
        assert_eq!(reading.complaints, []);
        let (heeding, withheld) = heed(&monitor, &webhook, &reading.stream.unwrap());
        assert_eq!((heeding.endpoint.to_string().as_str(), withheld), ("wss://voice.example.com/media", false));
        assert_eq!(settings(&heeding).parameters.len(), 1);
    }
}
