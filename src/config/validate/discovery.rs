//! `[[discovery]]`: where a list comes from, and a look at the template with sample values.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Desk, dial, one};
use crate::config::discovery::{Discovery as Keys, RawDiscovery};
use crate::config::lists::{Discovery, HttpSource, Source};
use crate::config::problem::{Code, Problem, Sink, Span};
use crate::config::raw::{Document, Settings};
use crate::config::read::Given;
use crate::config::template::Template;
use crate::monitor::{Credentials, Monitor, WebhookUrl, is_loopback};

/// A file is quickly read.
const FILES_EVERY: Duration = Duration::from_secs(5);
/// As Prometheus asks (`refresh_interval` of `http_sd_config`).
const SERVER_EVERY: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn lists(document: &Document, desk: &mut Desk<'_>) -> Vec<Arc<Discovery>> {
    check_names(&document.discoveries, desk.sink);
    let text: Arc<str> = if document.discoveries.is_empty() { "".into() } else { desk.text.into() };
    let read = |(index, raw): (usize, &RawDiscovery)| {
        let sample = check_template(raw, &document.defaults, desk);
        let source = source(raw, desk);
        let template = Template { text: Arc::clone(&text), index, base: desk.surroundings.base().to_owned(), sample };
        let (name, (source, every)) = (raw.keys.name.get()?.clone(), source?);
        let refresh = raw.keys.refresh_interval.or(every);
        Some(Arc::new(Discovery { name, source, refresh, template }))
    };
    document.discoveries.iter().enumerate().filter_map(read).collect()
}

fn check_names(lists: &[RawDiscovery], sink: &mut Sink) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for raw in lists {
        let Some(name) = raw.keys.name.known() else {
            if raw.keys.name.is_absent() {
                let problem = Problem::new(Code::MissingKey, "this list has no `name`").at(&raw.at, "");
                sink.push(problem.help("write `name = \"inventory\"`; it becomes the label `discovery` of its metrics"));
            }
            continue;
        };
        if let Some(first) = seen.get(name.get_ref().as_str()) {
            let problem = Problem::new(Code::DuplicateName, format!("the name `{}` is used by two lists", name.get_ref()));
            sink.push(
                problem.at(&name.span(), "used again here").at(first, "first used here").help("give each list its own name"),
            );
        } else {
            seen.insert(name.get_ref().as_str(), name.span());
        }
    }
}

/// The template is checked as a monitor is; what depends on labels is judged when there are some.
fn check_template(raw: &RawDiscovery, defaults: &Settings, desk: &mut Desk<'_>) -> Option<Arc<Monitor>> {
    let Some(template) = &raw.template else {
        if raw.keys.monitor.is_absent() {
            let problem = Problem::new(Code::MissingKey, "this list has no `[discovery.monitor]`").at(&raw.at, "");
            let example =
                "write what its targets are:\n[discovery.monitor]\nname = \"{target}\"\nurl = \"wss://{target}/media-stream\"";
            desk.sink.push(problem.help(example));
        }
        return None;
    };
    let before = std::mem::take(desk.sink);
    let sample = one(&template.monitor, defaults, desk);
    let own = std::mem::replace(desk.sink, before);
    template.take_over(own, desk.sink);
    sample
}

/// Where the list comes from, and how often it is read if that is not said.
fn source(raw: &RawDiscovery, desk: &mut Desk<'_>) -> Option<(Source, Duration)> {
    let keys = &raw.keys;
    match (&keys.files, &keys.url) {
        (Given::Known(files), _) => {
            if files.get_ref().is_empty() {
                let problem = Problem::new(Code::Empty, "this list has no files").at(&files.span(), "");
                desk.sink.push(problem.help("write one, such as `[\"targets/*.yml\"]`"));
            }
            refuse_of_server(keys, desk.sink);
            let base = desk.surroundings.base();
            let paths: Vec<PathBuf> = files.get_ref().iter().map(|file| base.join(file.get_ref())).collect();
            Some((Source::Files(paths), FILES_EVERY))
        }
        (_, Given::Known(url)) => {
            check_tls(keys, url.get_ref(), desk.sink);
            server(keys, url.get_ref(), desk).map(|server| (Source::Http(Box::new(server)), SERVER_EVERY))
        }
        (Given::Absent, Given::Absent) => {
            let problem = Problem::new(Code::MissingKey, "this list has no `files` and no `url`").at(&raw.at, "");
            desk.sink
                .push(problem.help("write `files = [\"targets/*.yml\"]`, or `url = \"https://inventory.example.com/targets\"`"));
            None
        }
        (Given::Absent | Given::Broken(_), Given::Absent | Given::Broken(_)) => None,
    }
}

/// What only a server needs.
fn refuse_of_server(keys: &Keys, sink: &mut Sink) {
    let set = [
        ("timeout", keys.timeout.span()),
        ("roots", keys.roots.span()),
        ("ca_file", keys.ca_file.span()),
        ("basic_auth", keys.basic_auth.span()),
        ("bearer_token_file", keys.bearer_token_file.span()),
        ("bearer_token_env", keys.bearer_token_env.span()),
    ];
    for (key, span) in set.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        let problem = Problem::new(Code::ConflictingKeys, format!("`{key}` is about a server, and this list is in files"));
        sink.push(problem.at(&span, "").help("leave it out"));
    }
}

fn check_tls(keys: &Keys, url: &WebhookUrl, sink: &mut Sink) {
    let set = [("ca_file", keys.ca_file.span()), ("roots", keys.roots.span())];
    for (key, span) in set.into_iter().filter(|_| !url.is_secure()).filter_map(|(key, span)| Some((key, span?))) {
        let problem = Problem::new(Code::NeedsWss, format!("`{key}` has no meaning without TLS")).at(&span, "");
        sink.push(problem.help(format!("ask an `https://` URL, or leave `{key}` out")));
    }
}

fn server(keys: &Keys, url: &WebhookUrl, desk: &mut Desk<'_>) -> Option<HttpSource> {
    let credentials = if let Given::Known(basic) = &keys.basic_auth {
        dial::login(basic, desk).map(|(username, password)| Credentials::Basic { username, password })
    } else {
        dial::secret(&keys.bearer_token_file, &keys.bearer_token_env, desk).map(Credentials::Bearer)
    };
    Some(HttpSource {
        url: url.clone(),
        timeout: keys.timeout.or(TIMEOUT),
        roots: keys.roots.or_default(),
        extra_roots: keys.ca_file.known().and_then(|path| desk.certificates(path)).unwrap_or_default(),
        credentials,
    })
}

/// Credentials that others can read on their way.
pub(super) fn in_the_clear(lists: &[Arc<Discovery>]) -> Option<String> {
    let bare = |list: &&Arc<Discovery>| match &list.source {
        Source::Http(server) => {
            let near = server.url.url().host().is_some_and(|host| is_loopback(&host.to_owned()));
            server.credentials.is_some() && !server.url.is_secure() && !near
        }
        Source::Files(_) => false,
    };
    let names: Vec<String> = lists.iter().filter(bare).map(|list| format!("`{}`", list.name)).collect();
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "credentials go over plain HTTP to the server of {}; whoever is on the way can read them, so use `https://`",
        names.join(", ")
    ))
}
