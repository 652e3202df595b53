//! `[monitor.webhook]`, `[monitor.fallback]` and `[monitor.origin]`: where a probe begins, and what it is held against when it fails.

use toml::Spanned;

use super::speech::has_no_effect;
use super::{Desk, Scope, dial};
use crate::config::calls::Audio;
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::{Identity, Settings};
use crate::config::read::Given;
use crate::config::secret::Carrier;
use crate::config::values::DialectName;
use crate::config::webhooks::{Signer, Webhook as Raw};
use crate::dialect::Provider;
use crate::monitor::{Endpoint, Target, Webhook, WebhookKind, WebhookMethod, WebhookSigning};
use crate::secret::Secret;
use crate::webhook::Limits;

/// The dialect of a monitor that does not name one: that of its webhook's provider.
pub(super) fn implied_dialect(identity: &Identity, settings: &mut Settings) {
    let Some(kind) = identity.webhook.get().and_then(|webhook| webhook.provider.known()) else { return };
    if let (true, Some(provider)) = (settings.dialect.is_absent(), kind.get_ref().dialect()) {
        settings.dialect = Given::Known(Spanned::new(kind.span(), DialectName::Provider(provider)));
    }
}

/// Whose webhook a monitor of this dialect has, if the dialect says so.
pub(super) const fn kind_of(provider: Provider) -> Option<WebhookKind> {
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

/// A fallback that asks the same thing of the same webhook.
pub(super) fn check_fallback(identity: &Identity, sink: &mut Sink) {
    let (Some(webhook), Some(fallback)) = (identity.webhook.get(), identity.fallback.get()) else { return };
    let (Some(first), Some(second)) = (webhook.url.known(), fallback.url.known()) else { return };
    let asks_otherwise = !fallback.parameters.is_absent() || !fallback.headers.is_absent() || !fallback.method.is_absent();
    if first.get_ref() == second.get_ref() && !asks_otherwise {
        let problem = Problem::new(Code::ConflictingKeys, "the fallback is the webhook itself: it can say nothing else")
            .at(&second.span(), "asked when the realtime way fails")
            .at(&first.span(), "the realtime way");
        sink.push(problem.help("write the URL of the traditional webhook, or other `parameters`; or leave `fallback` out"));
    }
}

/// Secrets that stand in the file.
pub(super) fn check_inline(identity: &Identity, sink: &mut Sink) {
    for webhook in [&identity.webhook, &identity.fallback].into_iter().filter_map(|webhook| webhook.get()) {
        webhook.headers.get().into_iter().for_each(|headers| dial::check_inline(headers, "header", sink));
        webhook.parameters.get().into_iter().for_each(|parameters| dial::check_inline(parameters, "parameter", sink));
    }
}

/// The second way to the server.
pub(super) fn origin(identity: &Identity, scope: &Scope<'_>, sink: &mut Sink) -> Option<Target> {
    let table = identity.origin.known()?;
    if let Some(origin) = table.get_ref().url.known() {
        dial::check_family_of(origin.get_ref().host(), &origin.span(), scope, sink);
        if let Some(url) =
            identity.url.known().filter(|url| url.get_ref() == origin.get_ref() && scope.all.connect_to.is_absent())
        {
            let problem = Problem::new(Code::ConflictingKeys, "the origin is the public URL itself: it can show nothing else")
                .at(&origin.span(), "tried when the public way fails")
                .at(&url.span(), "the public way");
            sink.push(problem.help("write the stream on the server itself, such as `ws://localhost:5050/media`"));
        }
    }
    if table.get_ref().url.is_absent() {
        let problem = Problem::new(Code::MissingKey, "`origin` has no `url`").at(&table.span(), "");
        sink.push(problem.help("write `url = \"ws://localhost:5050/media\"`, the stream on the server itself"));
    }
    table.get_ref().url.get().cloned()
}

/// What can be said against a table besides its values; and whose webhook it is.
fn check(name: &str, table: &Spanned<Raw>, scope: &Scope<'_>, sink: &mut Sink) -> Option<WebhookKind> {
    let raw = table.get_ref();
    if raw.url.is_absent() {
        let problem = Problem::new(Code::MissingKey, format!("`{name}` has no `url`")).at(&table.span(), "");
        sink.push(problem.help("write `url = \"https://voice.example.com/voice\"`"));
    }
    let kind = kind(name, table, scope, sink);
    if let Some(kind) = kind {
        check_body(raw, kind, sink);
        if name == "webhook" {
            check_pointer(raw, kind, &table.span(), sink);
        }
    }
    check_address(raw, scope, sink);
    check_headers(raw, kind.and_then(|kind| signer(raw, kind)), sink);
    check_parameters(raw, sink);
    kind
}

fn read(name: &str, table: &Spanned<Raw>, scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Webhook> {
    let raw = table.get_ref();
    let kind = check(name, table, scope, desk.sink);
    let signing = kind.and_then(|kind| signing(raw, kind, desk));
    let login = raw.basic_auth.known().and_then(|basic| dial::login(basic, desk));
    let headers = dial::values(&raw.headers, Carrier::Header, desk);
    let parameters = dial::values(&raw.parameters, Carrier::Body, desk);
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

/// What is dialled for the webhook: of a family that `ip` allows, and in place of a name.
fn check_address(raw: &Raw, scope: &Scope<'_>, sink: &mut Sink) {
    let Some(url) = raw.url.known() else { return };
    let host = url.get_ref().url().host();
    match &raw.connect_to {
        Given::Known(address) => {
            dial::check_family_of(&address.get_ref().host, &address.span(), scope, sink);
            if !matches!(host, Some(url::Host::Domain(_))) {
                let says = "the URL has an address itself, and `connect_to` takes the place of a name's";
                let problem = Problem::new(Code::ConflictingKeys, says).at(&address.span(), "").at(&url.span(), "an address");
                sink.push(problem.help("write a host name into `url`, or leave `connect_to` out"));
            }
        }
        Given::Absent => host.into_iter().for_each(|host| dial::check_family_of(&host, &url.span(), scope, sink)),
        Given::Broken(_) => {}
    }
}

fn kind(name: &str, table: &Spanned<Raw>, scope: &Scope<'_>, sink: &mut Sink) -> Option<WebhookKind> {
    let raw = table.get_ref();
    if let Given::Known(kind) = &raw.provider {
        return Some(*kind.get_ref());
    }
    let implied = match scope.all.dialect.get() {
        Some(DialectName::Provider(provider)) => kind_of(*provider),
        Some(DialectName::Raw) | None => None,
    };
    if implied.is_none() && raw.provider.is_absent() && !matches!(scope.all.dialect, Given::Broken(_)) {
        let problem = Problem::new(Code::MissingKey, format!("`{name}` has no `provider`, and the dialect does not imply one"));
        let help = match name {
            "fallback" => "write `provider = \"twilio\"`, or whose webhook it is",
            _ => "write `provider = \"twilio\"`, or `\"json\"` with a `pointer` to the stream's URL",
        };
        sink.push(problem.at(&table.span(), "").help(help));
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
            api_key: raw.api_key.get().cloned().map(Secret::new),
            application: raw.application.get().cloned(),
        },
    }
}

/// Who signs as what, if the request is signed.
fn signer(raw: &Raw, kind: WebhookKind) -> Option<Signer> {
    let has_token = !raw.auth_token_file.is_absent() || !raw.auth_token_env.is_absent();
    raw.signature.get().copied().or_else(|| Signer::of(kind)).filter(|_| has_token)
}

/// The user's own headers, beside those that are made.
fn check_headers(raw: &Raw, signer: Option<Signer>, sink: &mut Sink) {
    let token = raw.auth_token_file.span().or_else(|| raw.auth_token_env.span());
    if let (Some(Signer::Vonage), Some(token), Some(basic)) = (signer, &token, raw.basic_auth.span()) {
        let problem =
            Problem::new(Code::ConflictingKeys, "Vonage's signature is the `Authorization` header, and so is `basic_auth`");
        sink.push(problem.at(&basic, "").at(token, "the header is made of this").help("keep one of them"));
    }
    let Some(entries) = raw.headers.known() else { return };
    dial::check_number(entries, sink);
    dial::check_entries(entries.get_ref(), sink);
    let made = signer.zip(token).map(|(signer, token)| (signer.header(), token));
    let made = made.into_iter().chain(raw.basic_auth.span().map(|basic| ("Authorization", basic)));
    for (header, made) in made {
        let Some((name, _)) = entries.get_ref().iter().find(|(name, _)| name.get_ref().eq_ignore_ascii_case(header)) else {
            continue;
        };
        let problem = Problem::new(Code::DuplicateHeader, format!("the `{header}` header is set twice"));
        sink.push(problem.at(&name.span(), "set here").at(&made, "and made of this").help("keep one of them"));
    }
}

/// More than any provider sends.
const MOST_PARAMETERS: usize = 64;
/// Longer than any provider's name of one.
const LONGEST_NAME: usize = 128;

fn check_parameters(raw: &Raw, sink: &mut Sink) {
    let Some(entries) = raw.parameters.known() else { return };
    if entries.get_ref().len() > MOST_PARAMETERS {
        let problem = Problem::new(Code::InvalidParameter, format!("more than {MOST_PARAMETERS} parameters"));
        sink.push(
            problem.at(&entries.span(), "").help("set those that the webhook looks at; the provider's own come without it"),
        );
    }
    let unusable = |name: &&Spanned<String>| {
        let name = name.get_ref();
        name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control)
    };
    for name in entries.get_ref().iter().map(|(name, _)| name).filter(unusable) {
        let problem = Problem::new(Code::InvalidParameter, "this cannot be the name of a parameter").at(&name.span(), "");
        sink.push(problem.help(format!("write a name of 1 to {LONGEST_NAME} bytes on one line, such as `From`")));
    }
}
