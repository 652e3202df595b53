//! From what is written to what is meant: builds each [`Monitor`] and finds what no single key can be blamed for.
//!
//! Every rule reports and goes on. A rule about several settings is silent if one of them is broken, as that is reported already.

mod call;
mod dial;
mod discovery;
mod hold;
mod notes;
mod parameters;
mod speech;
mod tls;
mod vain;
mod webhook;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use super::problem::{Code, Problem, Sink, Span};
use super::raw::{Daemon, Document, Monitor as RawMonitor, Settings};
use super::read::Given;
use super::secret::Surroundings;
use super::{Config, DaemonSettings};
use crate::monitor::{FollowUps, Monitor};
use notes::Slow;

/// Where problems go and files come from.
pub(super) struct Desk<'d> {
    pub(super) sink: &'d mut Sink,
    /// The file.
    pub(super) text: &'d str,
    pub(super) surroundings: Surroundings<'d>,
    /// Who sees the text that header values stand in.
    pub(super) readers: Readers,
}

/// Who sees the text of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// It is a file: backups, repositories and colleagues have it.
    Many,
    /// It is made from options of a command and stays in this process.
    Ourselves,
}

/// A monitor's settings: as it has them itself, and with the gaps filled from `[defaults]`.
struct Scope<'s> {
    own: &'s Settings,
    all: Settings,
    /// Is the URL `wss`? `None` if there is no good URL.
    secure: Option<bool>,
}

/// The configuration that `document` describes, if nothing has been reported to the sink.
pub(super) fn config(document: &Document, desk: &mut Desk<'_>) -> Option<Config> {
    check_names(&document.monitors, desk.sink);
    if desk.readers == Readers::Many {
        let all = document.written().map(|monitor| &monitor.settings).chain([&document.defaults]);
        all.filter_map(|settings| settings.headers.get()).for_each(|headers| dial::check_inline(headers, "header", desk.sink));
        document.written().for_each(|monitor| webhook::check_inline(&monitor.identity, desk.sink));
    }
    let daemon = daemon(&document.daemon);
    let monitors: Vec<(Arc<Monitor>, Option<Slow>)> =
        document.monitors.iter().filter_map(|raw| monitor(raw, &document.defaults, desk)).collect();
    let discoveries = discovery::lists(document, desk);
    if !desk.sink.is_empty() {
        return None;
    }
    let mut notes = notes::notes(&monitors, daemon.max_concurrent_probes, desk.text);
    notes.extend(discovery::in_the_clear(&discoveries));
    Some(Config { daemon, monitors: monitors.into_iter().map(|(monitor, _)| monitor).collect(), discoveries, notes })
}

fn daemon(raw: &Daemon) -> DaemonSettings {
    let default = DaemonSettings::default();
    DaemonSettings {
        listen: raw.listen.or(default.listen),
        max_concurrent_probes: raw.max_concurrent_probes.or(default.max_concurrent_probes),
        grace: raw.grace.or(default.grace),
    }
}

fn check_names(monitors: &[RawMonitor], sink: &mut Sink) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for name in monitors.iter().filter_map(|monitor| monitor.identity.name.known()) {
        let text = name.get_ref().as_str();
        match seen.get(text) {
            Some(first) => sink.push(
                Problem::new(Code::DuplicateName, format!("the name `{text}` is used twice"))
                    .at(&name.span(), "used again here")
                    .at(first, "first used here")
                    .help("give each monitor its own name: its metrics and its history hang on it"),
            ),
            None => {
                seen.insert(text, name.span());
            }
        }
    }
}

/// One monitor; what is wrong with it goes to the desk's sink.
pub(super) fn one(raw: &RawMonitor, defaults: &Settings, desk: &mut Desk<'_>) -> Option<Arc<Monitor>> {
    monitor(raw, defaults, desk).map(|(monitor, _)| monitor)
}

fn monitor(raw: &RawMonitor, defaults: &Settings, desk: &mut Desk<'_>) -> Option<(Arc<Monitor>, Option<Slow>)> {
    check_identity(raw, desk.sink);
    let mut all = raw.settings.over(defaults);
    webhook::implied_dialect(&raw.identity, &mut all);
    let secure = raw.identity.url.get().map(crate::monitor::Target::is_secure);
    let scope = Scope { own: &raw.settings, all, secure };
    let rhythm = hold::rhythm(&scope, desk.sink);
    let hold = hold::hold(&scope, desk.sink);
    let expect = hold::expect(&scope, desk.sink);
    let thresholds = hold::thresholds(&scope, desk.sink);
    let dialect = speech::dialect(&scope, desk);
    let labels = labels(&scope, desk.sink);
    let dial = dial::dial(&scope, desk);
    dial::check_family(&scope, raw.identity.url.known(), desk.sink);
    let origin = webhook::origin(&raw.identity, &scope, desk.sink);
    let fallback = webhook::fallback(&raw.identity, &scope, desk);
    let endpoint = webhook::endpoint(&raw.identity, &scope, desk);
    webhook::check_fallback(&raw.identity, desk.sink);
    let (name, endpoint) = (raw.identity.name.get()?.clone(), endpoint?);
    let follow_up = scope.all.follow_up.or(FollowUps::Safe);
    let path_variants =
        scope.all.path_variants.get().map_or_else(Vec::new, |paths| paths.iter().map(|path| path.get_ref().clone()).collect());
    let locations =
        scope.all.locations.get().map_or_else(Vec::new, |places| places.iter().map(|place| place.get_ref().clone()).collect());
    let monitor = Monitor {
        name,
        endpoint,
        origin,
        fallback,
        dialect,
        rhythm,
        dial,
        hold,
        expect,
        follow_up,
        path_variants,
        thresholds,
        locations,
        labels,
    };
    let slow = Slow::find(&monitor, &raw.identity, &scope);
    Some((Arc::new(monitor), slow))
}

fn check_identity(raw: &RawMonitor, sink: &mut Sink) {
    if raw.identity.name.is_absent() {
        let problem = Problem::new(Code::MissingKey, "this monitor has no `name`").at(&raw.at, "");
        sink.push(problem.help("write `name = \"booking-agent\"`; it becomes the label of its metrics"));
    }
    if raw.identity.url.is_absent() && raw.identity.webhook.is_absent() {
        let problem = Problem::new(Code::MissingKey, "this monitor has no `url` and no `webhook`").at(&raw.at, "");
        sink.push(problem.help("write `url = \"wss://voice.example.com/media-stream\"`, or a table `[monitor.webhook]`"));
    }
}

/// Labels that sidetone sets itself on `sidetone_monitor_info`.
const RESERVED_LABELS: [&str; 4] = ["monitor", "dialect", "host", "mode"];
/// The most labels that a monitor may have.
pub(super) const MOST_LABELS: usize = 16;

fn labels(scope: &Scope<'_>, sink: &mut Sink) -> BTreeMap<String, String> {
    let Given::Known(labels) = &scope.all.labels else { return BTreeMap::new() };
    if labels.get_ref().len() > MOST_LABELS {
        let problem = Problem::new(Code::TooManyLabels, format!("{} labels, {MOST_LABELS} are possible", labels.get_ref().len()));
        sink.push(problem.at(&labels.span(), "").help("keep the labels that somebody groups or filters by"));
    }
    for (name, _) in labels.get_ref() {
        check_label_name(name.get_ref(), &name.span(), sink);
    }
    labels.get_ref().iter().map(|(name, value)| (name.get_ref().clone(), value.get_ref().clone())).collect()
}

fn is_label_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.len() <= 64
}

/// May the user have a label of this name?
pub(super) fn is_free_label(name: &str) -> bool {
    is_label_name(name) && !RESERVED_LABELS.contains(&name) && !name.starts_with("__")
}

/// The data model of Prometheus: `[a-zA-Z_][a-zA-Z0-9_]*`, and `__` is for its own use.
fn check_label_name(name: &str, at: &Span, sink: &mut Sink) {
    if !is_label_name(name) {
        let problem = Problem::new(Code::InvalidLabelName, "this is no label name of Prometheus").at(at, "");
        sink.push(problem.help("write letters, digits and `_`, not beginning with a digit, at most 64"));
    } else if !is_free_label(name) {
        let problem = Problem::new(Code::ReservedLabel, format!("the label `{name}` is taken")).at(at, "");
        let taken = RESERVED_LABELS.join("`, `");
        sink.push(problem.help(format!("sidetone sets `{taken}` itself, and names that begin with `__` belong to Prometheus")));
    }
}
