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

/// The monitor of each target of a list, as it is written. Two are equal if they are written alike in files that are alike.
#[derive(Clone, PartialEq)]
pub(super) struct Template {
    /// The whole file, as defaults and places belong to it.
    pub(super) text: Arc<str>,
    /// Which `[[discovery]]` of it.
    pub(super) index: usize,
    /// Where relative paths begin.
    pub(super) base: PathBuf,
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
            is_free_label(name) && !set.contains(*name) && !value.is_empty() && value.len() <= 128 && !value.contains(char::is_control)
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
