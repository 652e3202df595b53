//! From a list of targets to monitors: each target's values go into the template, and the result is read and checked by the code that
//! reads and checks every monitor.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::fill::{Missing, OfTarget, fill, fill_table};
use super::problem::{Problem, Sink};
use super::raw::{Monitor as RawMonitor, Settings};
use super::read::Given;
use super::secret::Surroundings;
use super::validate::{Desk, MOST_LABELS, Readers, is_free_label, one};
use super::variable;
use crate::fleet::{Selection, TargetGroup, base_name, unique_names};
use crate::monitor::{Monitor, MonitorName};
use crate::text::Printable;

/// The most monitors that one list may give to one sidetone.
const MOST_MONITORS: usize = 10_000;
/// The skipped targets that are named; the others are counted.
const MOST_NAMED: usize = 20;
/// What of a target is shown.
const LONGEST_TARGET: usize = 200;
/// The key of the template that is filled in apart.
pub(super) const NAME: &str = "name";

/// The monitor of each target of a list, as it is written.
#[derive(Clone)]
pub(super) struct Template {
    /// The whole file, as defaults and places belong to it.
    pub(super) text: Arc<str>,
    /// Which `[[discovery]]` of it.
    pub(super) index: usize,
    /// Where relative paths begin.
    pub(super) base: PathBuf,
    /// The monitor of a target that does not exist, unless that depends on the labels of real ones.
    pub(super) sample: Option<Arc<Monitor>>,
}

/// Two are equal if a sample of each is: what else stands in their files does not count.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        (self.index, &self.base, &self.sample) == (other.index, &other.base, &other.sample)
    }
}

/// The monitors of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expanded {
    /// Those that run here, each name once, in the order of the list.
    pub monitors: Vec<Arc<Monitor>>,
    /// How many targets the list has, each counted once; those that do not run here are counted as well.
    pub targets: usize,
    /// How many of them were left out because no good monitor came of them.
    pub skipped: usize,
    /// The first of these.
    pub named: Vec<Skipped>,
}

/// A target of which no monitor can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// As the list has it.
    pub target: Printable,
    /// Why.
    pub why: String,
}

/// Why a list cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// More than one sidetone can be trusted with.
    #[error("{0} of the list's targets would run here, and {MOST_MONITORS} are the most; spread them with `--shard`")]
    TooMany(usize),
    /// The template itself has become bad since it was loaded.
    #[error("the template cannot be used any more: {0}")]
    Template(String),
}

/// One target with its labels, and the name that it asks for.
struct Candidate<'l> {
    target: OfTarget<'l>,
    identity: String,
}

impl Template {
    /// A monitor for each target of `groups` that runs here.
    pub(super) fn expand(&self, groups: &[TargetGroup], selection: &Selection) -> Result<Expanded, ExpandError> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let unusable = |says: &str| ExpandError::Template(says.to_owned());
        let (template, at) = self.find(root.get_ref()).ok_or_else(|| unusable("it is not there"))?;
        let mut sink = Sink::default();
        let defaults = root.get_ref().get("defaults").map(|value| Settings::read_defaults(value, &mut sink)).unwrap_or_default();
        let mut work = Work {
            template: without_name(template),
            name: template.get(NAME).and_then(|name| name.get_ref().as_str()).unwrap_or("{target}"),
            at,
            defaults,
            desk: Desk {
                sink: &mut sink,
                text: &self.text,
                surroundings: Surroundings::new(&self.base, &variable),
                readers: Readers::Many,
            },
            expanded: Expanded::default(),
        };
        work.run(groups, selection)?;
        Ok(work.expanded)
    }

    fn find<'r, 'i>(&self, root: &'r DeTable<'i>) -> Option<(&'r DeTable<'i>, std::ops::Range<usize>)> {
        let entry = root.get("discovery")?.get_ref().as_array()?.get(self.index)?;
        let template = entry.get_ref().as_table()?.get("monitor")?;
        Some((template.get_ref().as_table()?, template.span()))
    }
}

/// It may have header values in it.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({}, {})", Path::display(&self.base), self.index)
    }
}

/// The name is made of any text and is not read as a name.
pub(super) fn without_name<'v>(template: &DeTable<'v>) -> DeTable<'v> {
    let mut rest = DeTable::new();
    for (key, value) in template.iter().filter(|(key, _)| key.get_ref() != NAME) {
        rest.insert(key.clone(), value.clone());
    }
    rest
}

/// What one expansion needs.
struct Work<'w, 'v> {
    template: DeTable<'v>,
    name: &'w str,
    at: std::ops::Range<usize>,
    defaults: Settings,
    desk: Desk<'w>,
    expanded: Expanded,
}

impl Work<'_, '_> {
    fn run(&mut self, groups: &[TargetGroup], selection: &Selection) -> Result<(), ExpandError> {
        let candidates = candidates(groups);
        self.expanded.targets = candidates.len();
        let mut claims = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            match self.claim(&candidate.target) {
                Ok(name) => claims.push((name, candidate)),
                Err(why) => self.skip(candidate.target.target, why),
            }
        }
        let names: Vec<_> = claims.iter().map(|(name, candidate)| (name.clone(), candidate.identity.as_str())).collect();
        let here = |name: &MonitorName| selection.shard.is_none_or(|shard| shard.has(name));
        let mine: Vec<_> = unique_names(&names).into_iter().zip(claims).filter(|(name, _)| here(name)).collect();
        if mine.len() > MOST_MONITORS {
            return Err(ExpandError::TooMany(mine.len()));
        }
        let mut taken = HashSet::new();
        for (name, (_, candidate)) in mine {
            if !taken.insert(name.clone()) {
                self.skip(candidate.target.target, format!("its name `{name}` is taken by another target"));
                continue;
            }
            match self.build(name, &candidate.target) {
                Ok(monitor) if selection.has(&monitor) => self.expanded.monitors.push(monitor),
                Ok(_) => {}
                Err(why) => self.skip(candidate.target.target, why),
            }
        }
        Ok(())
    }

    fn claim(&self, target: &OfTarget<'_>) -> Result<MonitorName, String> {
        let text = fill(self.name, target).map_err(|missing| missing.to_string())?;
        base_name(&text).ok_or_else(|| "no name can be made of it".to_owned())
    }

    fn build(&mut self, name: MonitorName, target: &OfTarget<'_>) -> Result<Arc<Monitor>, String> {
        let filled = fill_table(&self.template, target).map_err(|missing: Missing| missing.to_string())?;
        let mut raw = RawMonitor::read_table(&filled, &self.at, self.desk.sink);
        raw.identity.name = Given::Known(Spanned::new(self.at.clone(), name));
        self.add_labels(&mut raw, target);
        let made = one(&raw, &self.defaults, &mut self.desk);
        let problems = std::mem::take(self.desk.sink).into_list();
        match (made, problems.as_slice()) {
            (Some(monitor), []) => Ok(monitor),
            (_, problems) => Err(said(problems)),
        }
    }

    /// The list's labels, as far as they can be labels of ours; those of the template win, and those of `[defaults]` lose.
    fn add_labels(&self, raw: &mut RawMonitor, target: &OfTarget<'_>) {
        if matches!(raw.settings.labels, Given::Broken(_)) {
            return;
        }
        let mut labels = raw.settings.labels.or_default();
        let set: HashSet<String> = labels.iter().map(|(name, _)| name.get_ref().clone()).collect();
        let defaults = self.defaults.labels.get().map_or(0, Vec::len);
        let room = MOST_LABELS.saturating_sub(labels.len() + defaults);
        let fits = |(name, value): &(&String, &String)| {
            is_free_label(name)
                && !set.contains(*name)
                && !value.is_empty()
                && value.len() <= 128
                && !value.contains(char::is_control)
        };
        let place = |text: &String| Spanned::new(self.at.clone(), text.clone());
        labels.extend(target.labels.iter().filter(fits).take(room).map(|(name, value)| (place(name), place(value))));
        if !labels.is_empty() {
            raw.settings.labels = Given::Known(Spanned::new(self.at.clone(), labels));
        }
    }

    fn skip(&mut self, target: &str, why: String) {
        self.expanded.skipped += 1;
        if self.expanded.named.len() < MOST_NAMED {
            let shown = target.split(['?', '#']).next().unwrap_or_default();
            let target = Printable::capture(shown.as_bytes(), LONGEST_TARGET);
            self.expanded.named.push(Skipped { target, why });
        }
    }
}

/// Each target with its labels once.
fn candidates(groups: &[TargetGroup]) -> Vec<Candidate<'_>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for group in groups {
        let labels: String = group.labels.iter().map(|(name, value)| format!("\u{1}{name}\u{2}{value}")).collect();
        for target in &group.targets {
            let identity = format!("{target}{labels}");
            if seen.insert(identity.clone()) {
                found.push(Candidate { target: OfTarget { target, labels: &group.labels }, identity });
            }
        }
    }
    found
}

/// The first problem in one line; its help may hold what the user has to write.
fn said(problems: &[Problem]) -> String {
    let first = problems.first().map_or("it gives no monitor", |problem| problem.message.as_str());
    let more = problems.len().saturating_sub(1);
    let text: Cow<'_, str> = if more == 0 { first.into() } else { format!("{first}, and {more} more").into() };
    Printable::capture(text.as_bytes(), 300).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::parse;

    /// Targets with their labels.
    type Group<'g> = (&'g [&'g str], &'g [(&'g str, &'g str)]);

    fn groups(list: &[Group<'_>]) -> Vec<TargetGroup> {
        let owned = |labels: &[(&str, &str)]| labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let group = |(targets, labels): &Group<'_>| TargetGroup {
            targets: targets.iter().map(|&target| target.to_owned()).collect(),
            labels: owned(labels),
        };
        list.iter().map(group).collect()
    }

    #[track_caller]
    fn expanded(template: &str, list: &[Group<'_>], selection: &Selection) -> Expanded {
        let text = format!(
            "[defaults]\nhold = \"3s\"\nlabels = {{ tier = \"0\", site = \"all\" }}\n[[discovery]]\nname = \"d\"\nfiles = [\"t.yml\"]\n[discovery.monitor]\n{template}"
        );
        let config = parse(&text, "monitors.toml", Path::new("")).unwrap_or_else(|problems| panic!("{problems}"));
        config.discoveries[0].expand(&groups(list), selection).unwrap()
    }

    fn everything(template: &str, list: &[Group<'_>]) -> Expanded {
        expanded(template, list, &Selection::default())
    }

    fn ways(expanded: &Expanded) -> Vec<(String, String)> {
        expanded.monitors.iter().map(|monitor| (monitor.name.to_string(), monitor.endpoint.to_string())).collect()
    }

    #[test]
    fn targets_become_monitors() {
        let rows: [(&str, Group<'_>); 5] = [
            (
                "url = \"wss://{target}/media-stream\"",
                (
                    &["voice.example.com", "10.0.0.1:8443"],
                    &[
                        ("voice.example.com", "wss://voice.example.com/media-stream"),
                        ("10.0.0.1-8443", "wss://10.0.0.1:8443/media-stream"),
                    ],
                ),
            ),
            ("url = \"wss://{target}.example.com/\"", (&["voice"], &[("voice", "wss://voice.example.com/")])),
            ("url = \"{target}\"", (&["ws://localhost:5050/a"], &[("localhost-5050-a", "ws://localhost:5050/a")])),
            (
                "name = \"agent-{label.agent}\"\nurl = \"wss://{host}/{label.agent}/{uuid}\"",
                (&["[2001:db8::1]:9100"], &[("agent-booking", "wss://[2001:db8::1]/booking/{uuid}")]),
            ),
            (
                "webhook = { url = \"https://{target}/voice\", provider = \"twilio\" }",
                (&["voice.example.com"], &[("voice.example.com", "https://voice.example.com/voice")]),
            ),
        ];
        for (template, (targets, expected)) in rows {
            let found = everything(template, &[(targets, &[("agent", "booking")])]);
            let expected: Vec<_> = expected.iter().map(|&(name, url)| (name.to_owned(), url.to_owned())).collect();
            assert_eq!((ways(&found), found.skipped), (expected, 0), "{template} {:?}", found.named);
        }
    }

    #[test]
    fn a_discovered_monitor_is_the_one_that_a_file_would_have() {
        let found = everything("url = \"wss://{target}/a\"\nmode = \"{label.kind}\"\n", &[(&["h"], &[("kind", "idle")])]);
        let file = "[defaults]\nhold = \"3s\"\nlabels = { tier = \"0\", site = \"all\" }\n[[monitor]]\nname = \"h\"\nurl = \"wss://h/a\"\nmode = \"idle\"\nlabels = { kind = \"idle\" }\n";
        assert_eq!(found.monitors, parse(file, "monitors.toml", Path::new("")).unwrap().monitors);
    }

    #[test]
    fn labels_of_the_list_become_labels_of_the_monitor() {
        let labels = [
            ("team", "voice"),
            ("tier", "1"),
            ("site", "fra"),
            ("__meta_dc", "fra"),
            ("host", "mine"),
            ("bad-name", "x"),
            ("empty", ""),
            ("odd", "a\u{7}b"),
        ];
        let found = everything("url = \"wss://{target}/\"\nlabels = { tier = \"template\" }", &[(&["a"], &labels)]);
        let expected = [("site", "fra"), ("team", "voice"), ("tier", "template")];
        let expected: BTreeMap<_, _> = expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(found.monitors[0].labels, expected, "the template wins over the list, the list over `[defaults]`");
        let many: Vec<(String, String)> = (0..40).map(|i| (format!("l{i:02}"), "x".to_owned())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(everything("url = \"wss://{target}/\"", &[(&["a"], &many)]).monitors[0].labels.len(), MOST_LABELS);
    }

    #[test]
    fn bad_targets_are_named_and_the_others_run() {
        let template = "url = \"wss://{target}/{label.path}\"\ninterval = \"{label.every}\"";
        let found = everything(
            template,
            &[
                (&["good", "user:canary@bad", "", "no space", "good"], &[("path", "a"), ("every", "30s")]),
                (&["lacks-path"], &[("every", "30s")]),
                (&["too-often"], &[("path", "a"), ("every", "2s")]),
                (&["\u{1b}[31m?canary"], &[("path", "a"), ("every", "30s")]),
            ],
        );
        assert_eq!(ways(&found), [("good".to_owned(), "wss://good/a".to_owned())]);
        let named: Vec<String> = found.named.iter().map(|Skipped { target, why }| format!("{target}: {why}")).collect();
        assert_eq!((found.targets, found.skipped), (7, 6), "{named:#?}");
        let expected = [
            ": no name can be made of it",
            "user:canary@bad: credentials do not belong into the URL; use `basic_auth` or `bearer_token_file`",
            "no space: not a URL: invalid international domain name",
            "lacks-path: it has no label `path`, and the template asks for it",
            "too-often: a probe would still hold when the next one is due, and 1 more",
            "\\u{1b}[31m: not a URL: invalid international domain name",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn names_are_unique_and_do_not_swap() {
        let template = "name = \"{host}\"\nurl = \"wss://{target}/\"";
        let names = |list: &[Group<'_>]| -> Vec<String> {
            everything(template, list).monitors.iter().map(|monitor| monitor.name.to_string()).collect()
        };
        assert_eq!(names(&[(&["a:1", "b:1"], &[])]), ["a", "b"]);
        let both = names(&[(&["a:1", "b:1", "a:2"], &[])]);
        assert!(both[0].starts_with("a-") && both[2].starts_with("a-") && both[0] != both[2] && both[1] == "b", "{both:?}");
        let turned = names(&[(&["a:2", "a:1"], &[])]);
        assert_eq!(turned, [both[2].clone(), both[0].clone()], "the order does not matter");
        // The same target under two labels is two targets.
        assert_eq!(names(&[(&["a:1"], &[("path", "x")]), (&["a:1"], &[("path", "y")]), (&["a:1"], &[("path", "y")])]).len(), 2);
    }

    #[test]
    fn shards_and_locations_choose() {
        let template = "url = \"wss://{target}/\"\nlocations = [\"{label.dc}\"]";
        let list: [Group<'_>; 2] = [(&["a", "b", "c", "d"], &[("dc", "fra")]), (&["e", "f"], &[("dc", "iad")])];
        let names = |shard: Option<&str>, location: Option<&str>| -> Vec<String> {
            let selection = Selection { shard: shard.map(|text| text.parse().unwrap()), location: location.map(str::to_owned) };
            let found = expanded(template, &list, &selection);
            assert_eq!((found.targets, found.skipped), (6, 0));
            found.monitors.iter().map(|monitor| monitor.name.to_string()).collect()
        };
        assert_eq!(names(None, Some("iad")), ["e", "f"]);
        let (even, odd) = (names(Some("0/2"), None), names(Some("1/2"), None));
        assert_eq!(even.len() + odd.len(), 6);
        assert!(odd.contains(&"a".to_owned()) && !even.contains(&"a".to_owned()));
    }

    #[test]
    fn too_many_are_refused_as_a_whole() {
        let targets: Vec<String> = (0..=MOST_MONITORS).map(|i| format!("h{i}")).collect();
        let group = TargetGroup { targets, labels: BTreeMap::new() };
        let text = "[[discovery]]\nname = \"d\"\nfiles = [\"t.yml\"]\n[discovery.monitor]\nurl = \"wss://{target}/\"\n";
        let config = parse(text, "monitors.toml", Path::new("")).unwrap();
        let discovery = &config.discoveries[0];
        let refused = discovery.expand(std::slice::from_ref(&group), &Selection::default());
        assert_eq!(refused, Err(ExpandError::TooMany(MOST_MONITORS + 1)));
        let part = Selection { shard: Some("0/8".parse().unwrap()), location: None };
        assert!(discovery.expand(&[group], &part).unwrap().monitors.len() > MOST_MONITORS / 12);
    }
}
