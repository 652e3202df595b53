//! `[monitor.webhook]`, `[monitor.fallback]` and `[monitor.origin]`: where a probe begins, and what it is held against when it fails.

use toml::Spanned;

use super::speech::has_no_effect;
use super::{Desk, Scope, dial};
use crate::config::calls::Audio;
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::{Identity, Settings};
use crate::config::read::Given;
use crate::config::values::DialectName;
use crate::config::webhooks::{Signer, Webhook as Raw};
use crate::dialect::Provider;
use crate::monitor::{Endpoint, Target, Webhook, WebhookKind, WebhookMethod, WebhookSigning};
use crate::secret::Secret;
use crate::webhook::Limits;

/// The dialect of a monitor that does not name one: that of its webhook's provider.
pub(super) fn implied_dialect(identity: &Identity, settings: &mut Settings) {
    let Some(kind) = identity.webhook.get().and_then(|webhook| webhook.provider.known()) else { return };
    if let (true, Some(provider)) = (settings.dialect.is_absent(), provider(*kind.get_ref())) {
        settings.dialect = Given::Known(Spanned::new(kind.span(), DialectName::Provider(provider)));
    }
}

const fn provider(kind: WebhookKind) -> Option<Provider> {
    Some(match kind {
        WebhookKind::Twilio => Provider::Twilio,
        WebhookKind::Signalwire => Provider::Signalwire,
        WebhookKind::Telnyx => Provider::Telnyx,
        WebhookKind::Plivo => Provider::Plivo,
        WebhookKind::Bandwidth => Provider::Bandwidth,
        WebhookKind::Vonage => Provider::Vonage,
        WebhookKind::Exotel => Provider::Exotel,
        WebhookKind::Json => return None,
    })
}

/// Whose webhook a monitor of this dialect has, if the dialect says so.
const fn kind_of(dialect: DialectName) -> Option<WebhookKind> {
    let DialectName::Provider(provider) = dialect else { return None };
    Some(match provider {
        Provider::Twilio | Provider::ConversationRelay => WebhookKind::Twilio,
        Provider::Signalwire => WebhookKind::Signalwire,
        Provider::Telnyx => WebhookKind::Telnyx,
        Provider::Plivo | Provider::Vobiz => WebhookKind::Plivo,
        Provider::Bandwidth => WebhookKind::Bandwidth,
        Provider::Vonage => WebhookKind::Vonage,
        Provider::Exotel => WebhookKind::Exotel,
        Provider::Infobip
        | Provider::Jambonz
        | Provider::Asterisk
        | Provider::Genesys
        | Provider::Acs
        | Provider::Sinch
        | Provider::OpenaiRealtime => return None,
    })
}

/// Where a probe begins, if that is said well.
pub(super) fn endpoint(identity: &Identity, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Endpoint> {
    let Given::Known(webhook) = &identity.webhook else {
        return identity.url.get().cloned().map(Endpoint::Stream);
    };
    if let Some(url) = identity.url.span() {
        let problem =
            Problem::new(Code::ConflictingKeys, "a monitor begins at its `url` or at its `webhook`, and this one has both");
        let problem = problem.at(&webhook.span(), "the webhook says where the stream is").at(&url, "or the stream is here");
        desk.sink.push(problem.help("keep one of them; two monitors can watch both"));
    }
    read("webhook", webhook, scope, desk).map(|webhook| Endpoint::Webhook(Box::new(webhook)))
}

/// The traditional webhook.
pub(super) fn fallback(identity: &Identity, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Box<Webhook>> {
    let table = identity.fallback.known()?;
    let raw = table.get_ref();
    let foreign =
        [("pointer", raw.pointer.span()), ("expect_host", raw.expect_host.span()), ("allow_private", raw.allow_private.span())];
    for (key, span) in foreign.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        let problem = Problem::new(Code::ConflictingKeys, format!("`{key}` is about a stream, and a fallback opens none"));
        desk.sink.push(problem.at(&span, "").help("leave it out"));
    }
    read("fallback", table, scope, desk).map(Box::new)
}

/// The second way to the server.
pub(super) fn origin(identity: &Identity, sink: &mut Sink) -> Option<Target> {
    let table = identity.origin.known()?;
    if table.get_ref().url.is_absent() {
        let problem = Problem::new(Code::MissingKey, "`origin` has no `url`").at(&table.span(), "");
        sink.push(problem.help("write `url = \"ws://localhost:5050/media\"`, the stream on the server itself"));
    }
    table.get_ref().url.get().cloned()
}

fn read(name: &str, table: &Spanned<Raw>, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Webhook> {
    let raw = table.get_ref();
    if raw.url.is_absent() {
        let problem = Problem::new(Code::MissingKey, format!("`{name}` has no `url`")).at(&table.span(), "");
        desk.sink.push(problem.help("write `url = \"https://voice.example.com/voice\"`"));
    }
    let kind = kind(name, table, scope, desk.sink);
    if let Some(kind) = kind {
        check_body(raw, kind, desk.sink);
        if name == "webhook" {
            check_pointer(raw, kind, &table.span(), desk.sink);
        }
    }
    let signing = kind.and_then(|kind| signing(raw, kind, desk));
    let login = raw.basic_auth.known().and_then(|basic| dial::login(basic, desk));
    let headers = headers(raw, desk);
    let parameters = dial::values(&raw.parameters, desk);
    let (kind, url) = (kind?, raw.url.get()?.clone());
    Some(Webhook {
        method: raw.method.get().copied(),
        content: raw.content.get().copied(),
        parameters,
        signing,
        login,
        headers,
        timeout: raw.timeout.or(Limits::of(kind).answer_within.unwrap_or(Webhook::TIMEOUT)),
        connect_to: raw.connect_to.get().cloned(),
        expect_host: raw.expect_host.get().cloned(),
        pointer: raw.pointer.get().cloned().unwrap_or_default(),
        allow_private: raw.allow_private.or(false),
        audio_is_set: scope.all.audio.get().is_some_and(Audio::chooses),
        direction_is_set: scope.all.call.get().is_some_and(|call| !call.one_way.is_absent()),
        ..Webhook::new(kind, url)
    })
}

fn kind(name: &str, table: &Spanned<Raw>, scope: &Scope<'_>, sink: &mut Sink) -> Option<WebhookKind> {
    let raw = table.get_ref();
    if let Given::Known(kind) = &raw.provider {
        return Some(*kind.get_ref());
    }
    let implied = scope.all.dialect.get().copied().and_then(kind_of);
    if implied.is_none() && raw.provider.is_absent() && !matches!(scope.all.dialect, Given::Broken(_)) {
        let problem = Problem::new(Code::MissingKey, format!("`{name}` has no `provider`, and the dialect does not imply one"));
        sink.push(
            problem
                .at(&table.span(), "")
                .help("write `provider = \"twilio\"`, or `\"json\"` with a `pointer` to the stream's URL"),
        );
    }
    implied
}

/// What only a request with a body has.
fn check_body(raw: &Raw, kind: WebhookKind, sink: &mut Sink) {
    let method = raw.method.or(WebhookMethod::of(kind));
    let Some(span) = raw.content.span().filter(|_| method == WebhookMethod::Get) else { return };
    let problem = Problem::new(Code::ConflictingKeys, "`content` is how a body is written, and a GET has none").at(&span, "");
    sink.push(problem.help("leave it out, or set `method = \"POST\"`"));
}

fn check_pointer(raw: &Raw, kind: WebhookKind, at: &Span, sink: &mut Sink) {
    match (kind, &raw.pointer) {
        (WebhookKind::Json, Given::Absent) => {
            let problem =
                Problem::new(Code::MissingKey, "with `provider = \"json\"` nothing says where in the answer the URL is");
            sink.push(problem.at(at, "").help("write `pointer = \"/stream/url\"`"));
        }
        (WebhookKind::Json, _) | (_, Given::Absent | Given::Broken(_)) => {}
        (kind, Given::Known(pointer)) => {
            has_no_effect("pointer", &pointer.span(), kind.label(), "leave it out, or set `provider = \"json\"`", sink);
        }
    }
}

fn signing(raw: &Raw, kind: WebhookKind, desk: &mut Desk<'_>) -> Option<WebhookSigning> {
    let has_token = !raw.auth_token_file.is_absent() || !raw.auth_token_env.is_absent();
    let claims = [
        ("signature", raw.signature.span()),
        ("key_id", raw.key_id.span()),
        ("api_key", raw.api_key.span()),
        ("application", raw.application.span()),
    ];
    if let (false, Some((key, span))) = (has_token, claims.iter().find_map(|(key, span)| Some((key, span.clone()?)))) {
        let problem = Problem::new(Code::MissingKey, format!("`{key}` is about a signature, and there is nothing to sign with"));
        desk.sink.push(problem.at(&span, "").help("set `auth_token_file` or `auth_token_env`"));
    }
    let token = dial::secret(&raw.auth_token_file, &raw.auth_token_env, desk)?;
    let signer = raw.signature.get().copied().or_else(|| Signer::of(kind));
    if let (None, Some(span)) = (signer, raw.auth_token_file.span().or_else(|| raw.auth_token_env.span())) {
        let problem = Problem::new(Code::NotInDialect, format!("webhooks of `{kind}` are not signed with a token")).at(&span, "");
        desk.sink.push(problem.help("leave it out, or say with `signature` whose way of signing your server checks"));
    }
    check_claims(raw, signer?, desk.sink);
    Some(signed(raw, signer?, token))
}

/// Keys that this way of signing does not have.
fn check_claims(raw: &Raw, signer: Signer, sink: &mut Sink) {
    let keys = [
        ("key_id", raw.key_id.span(), Signer::Twilio, "it is the shared key of Twilio's signature"),
        ("api_key", raw.api_key.span(), Signer::Vonage, "it is a claim of Vonage's signature"),
        ("application", raw.application.span(), Signer::Vonage, "it is a claim of Vonage's signature"),
    ];
    for (key, span, of, what) in keys {
        let Some(span) = span.filter(|_| of != signer) else { continue };
        let problem = Problem::new(Code::ConflictingKeys, format!("`{key}` has no effect here: {what}")).at(&span, "");
        sink.push(problem.help("leave it out"));
    }
}

fn signed(raw: &Raw, signer: Signer, token: Secret) -> WebhookSigning {
    match (signer, raw.key_id.get()) {
        (Signer::Twilio, Some(id)) => WebhookSigning::TwilioSharedKey { id: id.clone(), secret: token },
        (Signer::Twilio, None) => WebhookSigning::Twilio { token },
        (Signer::Signalwire, _) => WebhookSigning::Signalwire { key: token },
        (Signer::Plivo, _) => WebhookSigning::Plivo { token },
        (Signer::Vonage, _) => WebhookSigning::Vonage {
            secret: token,
            api_key: raw.api_key.get().cloned(),
            application: raw.application.get().cloned(),
        },
    }
}

fn headers(raw: &Raw, desk: &mut Desk<'_>) -> Vec<(String, Secret)> {
    let Some(entries) = raw.headers.get() else { return Vec::new() };
    dial::check_entries(entries, desk.sink);
    dial::values(&raw.headers, desk)
}
