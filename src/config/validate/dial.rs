//! What goes into the upgrade request, and the deadlines on the way to it.

use std::path::PathBuf;

use toml::Spanned;

use super::{Desk, Scope, call, tls};
use crate::config::kinds::HeaderSource;
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::{BasicAuth, SecretSource};
use crate::config::read::{Entries, Given};
use crate::config::secret::Carrier;
use crate::config::values::{DialectName, InvalidHeader, check_header_name};
use crate::monitor::{Credentials, DialPlan, IpChoice, Target, Timeouts};
use crate::secret::Secret;

/// More than any server wants.
const MOST_HEADERS: usize = 64;

/// A family that the stream's host, an address itself, is not of.
pub(super) fn check_family(scope: &Scope<'_>, url: Option<&Spanned<Target>>, sink: &mut Sink) {
    match (&scope.all.connect_to, url) {
        (Given::Known(address), _) => check_family_of(&address.get_ref().host, &address.span(), scope, sink),
        (Given::Absent, Some(url)) => check_family_of(url.get_ref().host(), &url.span(), scope, sink),
        (Given::Absent, None) | (Given::Broken(_), _) => {}
    }
}

/// A family that `host`, an address itself, is not of: nothing would be dialled, and no name server is to blame.
pub(super) fn check_family_of<S>(host: &url::Host<S>, at: &Span, scope: &Scope<'_>, sink: &mut Sink) {
    let Given::Known(ip) = &scope.all.ip else { return };
    let family = match (host, ip.get_ref()) {
        (url::Host::Ipv6(_), IpChoice::V4) => "an IPv6 address",
        (url::Host::Ipv4(_), IpChoice::V6) => "an IPv4 address",
        (url::Host::Domain(_) | url::Host::Ipv4(_) | url::Host::Ipv6(_), IpChoice::Auto | IpChoice::V4 | IpChoice::V6) => return,
    };
    let problem = Problem::new(Code::ConflictingKeys, format!("the host is {family}, and `ip` asks for the other family"));
    let problem = problem.at(&ip.span(), "this family alone is dialled").at(at, family);
    sink.push(problem.help("leave `ip` out: an address is dialled as it is"));
}

pub(super) fn dial(scope: &Scope<'_>, desk: &mut Desk<'_>) -> DialPlan {
    let (settings, default) = (&scope.all, DialPlan::default());
    let credentials = credentials(scope, desk);
    let subprotocols = subprotocols(scope, desk.sink);
    DialPlan {
        timeouts: Timeouts {
            resolve: settings.resolve_timeout.or(default.timeouts.resolve),
            connect: settings.connect_timeout.or(default.timeouts.connect),
            tls: settings.tls_timeout.or(default.timeouts.tls),
            upgrade: settings.upgrade_timeout.or(default.timeouts.upgrade),
        },
        ip: settings.ip.or(default.ip),
        connect_to: settings.connect_to.get().cloned(),
        resolver: settings.resolver.or(default.resolver),
        tls: tls::plan(scope, desk),
        headers: headers(scope, desk),
        credentials,
        subprotocols,
        require_subprotocol: settings.require_subprotocol.or(false),
        user_agent: settings.user_agent.or(default.user_agent),
        signature: call::signature(scope, desk),
    }
}

fn headers(scope: &Scope<'_>, desk: &mut Desk<'_>) -> Vec<(String, Secret)> {
    let Given::Known(entries) = &scope.all.headers else { return Vec::new() };
    check_number(entries, desk.sink);
    check_header_names(entries.get_ref(), scope, desk.sink);
    values(&scope.all.headers, Carrier::Header, desk)
}

/// Not more headers than any server wants.
pub(super) fn check_number(entries: &Spanned<Entries<HeaderSource>>, sink: &mut Sink) {
    if entries.get_ref().len() > MOST_HEADERS {
        let problem = Problem::new(Code::TooManyHeaders, format!("more than {MOST_HEADERS} headers")).at(&entries.span(), "");
        sink.push(problem.help("keep the headers that the provider sends"));
    }
}

/// Names with their values, from wherever those come.
pub(super) fn values(given: &Given<Entries<HeaderSource>>, carrier: Carrier, desk: &mut Desk<'_>) -> Vec<(String, Secret)> {
    let Given::Known(entries) = given else { return Vec::new() };
    let mut values = Vec::with_capacity(entries.get_ref().len());
    for (name, source) in entries.get_ref() {
        let value = match source.get_ref() {
            HeaderSource::Inline(value) => Some(value.clone()),
            HeaderSource::Elsewhere(SecretSource { file, env }) => text(file, env, carrier, desk),
        };
        values.extend(value.map(|value| (name.get_ref().clone(), value)));
    }
    values
}

/// Values that log in do not belong into the file, just as passwords and tokens do not. `what` they are the values of.
pub(super) fn check_inline(entries: &Entries<HeaderSource>, what: &str, sink: &mut Sink) {
    for (name, value) in entries {
        // What is no name at all is reported as that. An empty value says nothing.
        let is_name = what != "header" || check_header_name(name.get_ref()).is_ok();
        let stands_here = matches!(value.get_ref(), HeaderSource::Inline(value) if !value.expose().is_empty());
        if is_name && stands_here && carries_a_secret(name.get_ref()) {
            let message = format!("the value of this {what} is a secret, which does not belong into this file");
            let problem = Problem::new(Code::InlineSecret, message).at(&name.span(), "");
            sink.push(problem.help("write `{ file = \"…\" }` or `{ env = \"…\" }` in place of the value"));
        }
    }
}

/// Does a header or parameter of this name log somebody in?
fn carries_a_secret(name: &str) -> bool {
    const NAMES: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];
    const WORDS: [&str; 6] = ["token", "secret", "api-key", "apikey", "signature", "password"];
    let name = name.to_ascii_lowercase().replace('_', "-");
    NAMES.contains(&name.as_str()) || WORDS.iter().any(|word| name.contains(word))
}

fn check_header_names(entries: &Entries<HeaderSource>, scope: &Scope<'_>, sink: &mut Sink) {
    check_entries(entries, sink);
    if let Some((name, _)) = entries.iter().find(|(name, _)| name.get_ref().eq_ignore_ascii_case("authorization")) {
        check_authorization(name, scope, sink);
    }
}

/// Names that no header can have, and names that come twice.
pub(super) fn check_entries(entries: &Entries<HeaderSource>, sink: &mut Sink) {
    for (i, (name, _)) in entries.iter().enumerate() {
        if let Err(error) = check_header_name(name.get_ref()) {
            let (code, help) = match error {
                InvalidHeader::Reserved { .. } => (Code::ReservedHeader, "the request would break with a second one"),
                InvalidHeader::Name(_) | InvalidHeader::NoColon | InvalidHeader::Value | InvalidHeader::TooLong => {
                    (Code::InvalidHeaderName, "write a name such as `X-Api-Key`")
                }
            };
            sink.push(Problem::new(code, error.to_string()).at(&name.span(), "").help(help));
        }
        let is_same = |other: &&(Spanned<String>, _)| other.0.get_ref().eq_ignore_ascii_case(name.get_ref());
        if let Some((first, _)) = entries[..i].iter().find(is_same) {
            let problem = Problem::new(Code::DuplicateHeader, "this header is set twice; header names have no case");
            sink.push(problem.at(&name.span(), "set again here").at(&first.span(), "first set here").help("keep one of them"));
        }
    }
}

/// An `Authorization` header of the user's own beside the one that `basic_auth` or a bearer token makes.
fn check_authorization(name: &Spanned<String>, scope: &Scope<'_>, sink: &mut Sink) {
    let settings = &scope.all;
    let made =
        settings.basic_auth.span().or_else(|| settings.bearer_token_file.span()).or_else(|| settings.bearer_token_env.span());
    if let Some(made) = made {
        let problem = Problem::new(Code::DuplicateHeader, "the `Authorization` header is set twice");
        sink.push(problem.at(&name.span(), "set here").at(&made, "and made of this").help("keep one of them"));
    }
}

fn credentials(scope: &Scope<'_>, desk: &mut Desk<'_>) -> Option<Credentials> {
    if let Given::Known(basic) = &scope.all.basic_auth {
        return basic_auth(basic, desk);
    }
    secret(&scope.all.bearer_token_file, &scope.all.bearer_token_env, desk).map(Credentials::Bearer)
}

fn basic_auth(basic: &Spanned<BasicAuth>, desk: &mut Desk<'_>) -> Option<Credentials> {
    login(basic, desk).map(|(username, password)| Credentials::Basic { username, password })
}

/// A user name and password.
pub(super) fn login(basic: &Spanned<BasicAuth>, desk: &mut Desk<'_>) -> Option<(String, Secret)> {
    let raw = basic.get_ref();
    let missing = [
        ("username", raw.username.is_absent()),
        ("password_file` or `password_env", raw.password_file.is_absent() && raw.password_env.is_absent()),
    ];
    for (key, _) in missing.into_iter().filter(|(_, missing)| *missing) {
        let problem = Problem::new(Code::MissingKey, format!("`basic_auth` has no `{key}`")).at(&basic.span(), "");
        desk.sink.push(problem.help("write `basic_auth = { username = \"…\", password_file = \"…\" }`"));
    }
    let password = secret(&raw.password_file, &raw.password_env, desk)?;
    Some((raw.username.get()?.clone(), password))
}

/// The secret in the file or variable, if one of them is given and can be read.
pub(super) fn secret(file: &Given<PathBuf>, variable: &Given<String>, desk: &mut Desk<'_>) -> Option<Secret> {
    text(file, variable, Carrier::Header, desk)
}

fn text(file: &Given<PathBuf>, variable: &Given<String>, carrier: Carrier, desk: &mut Desk<'_>) -> Option<Secret> {
    if let Given::Known(path) = file {
        let read = desk.surroundings.secret_file(path.get_ref(), carrier);
        return read.map_err(|error| desk.bad_file(&error, &path.span())).ok();
    }
    let name = variable.known()?;
    let read = desk.surroundings.secret_variable(name.get_ref(), carrier);
    read.map_err(|error| desk.bad_variable(&error, &name.span())).ok()
}

fn subprotocols(scope: &Scope<'_>, sink: &mut Sink) -> Vec<String> {
    let offered = scope.all.subprotocols.get().map_or(&[][..], Vec::as_slice);
    for (i, protocol) in offered.iter().enumerate() {
        if let Some(first) = offered[..i].iter().find(|other| other.get_ref() == protocol.get_ref()) {
            let problem = Problem::new(Code::DuplicateSubprotocol, "this subprotocol is offered twice");
            sink.push(problem.at(&protocol.span(), "again here").at(&first.span(), "first here").help("keep one of them"));
        }
    }
    if let Given::Known(required) = &scope.all.require_subprotocol
        && *required.get_ref()
        && offered.is_empty()
        && !matches!(scope.all.subprotocols, Given::Broken(_))
    {
        let problem = Problem::new(Code::SubprotocolNotOffered, "a server cannot choose a subprotocol when none is offered");
        sink.push(problem.at(&required.span(), "").help("set `subprotocols = [\"…\"]`, or leave `require_subprotocol` out"));
    }
    if scope.all.subprotocols.is_absent()
        && let Some(DialectName::Provider(provider)) = scope.all.dialect.get()
    {
        return provider.facts().subprotocol.into_iter().map(str::to_owned).collect();
    }
    offered.iter().map(|protocol| protocol.get_ref().clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_log_in_are_known_by_name() {
        for name in [
            "Authorization",
            "proxy-authorization",
            "COOKIE",
            "X-Auth-Token",
            "X-Client-Secret",
            "X-Api-Key",
            "x_api_key",
            "ApiKey",
            "X-Twilio-Signature",
            "X-Password",
        ] {
            assert!(carries_a_secret(name), "{name}");
        }
        for name in ["X-Region", "X-Author", "Cookie-Policy", "X-Key", "Origin", "Accept-Language"] {
            assert!(!carries_a_secret(name), "{name}");
        }
    }
}
