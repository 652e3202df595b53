//! `[[discovery]]` as it is written: lists of targets that others keep, and the monitor that each target gets.
//!
//! The template is an ordinary monitor in whose texts placeholders may stand. At the load it is read with sample values, so that its
//! mistakes are shown at their lines; what depends on a label can only be judged when there is a target.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fill::{Sample, fill_table, names_a_file, uncertain};
use super::kinds::{FilePath, ListFile, Name, Variable, WebUrl};
use super::problem::{Code, Problem, Sink, Span};
use super::raw::{BasicAuth, DAY, MINUTE, Monitor, SECOND, report_unknown};
use super::read::{Given, Kind, Length, List, as_table, table};
use super::template::{NAME, without_name};
use crate::fleet::base_name;
use crate::monitor::{MonitorName, Roots};

/// The most lists that one file may have: each has a thread that reads it.
pub(super) const MOST_LISTS: usize = 32;

table! {
    /// Monitors from a list of targets that others keep, in the form of Prometheus' file_sd and http_sd ([scaling](scaling.md)). Each target gets a monitor that is made from `[discovery.monitor]`; the list is read again and again, and monitors come and go with their targets.
    Discovery at "`[[discovery]]`" {
        /// The name, unique among the lists: the label `discovery` of its metrics.
        name: Name = _,
        /// Files with the targets, JSON or YAML. In the last part of a path, `*` stands for any characters.
        files: List<ListFile> = _,
        /// A server that answers with the targets as JSON.
        url: WebUrl = _,
        /// From one reading to the next; 5 s for `files` and 60 s for a `url` if it is not set.
        refresh_interval: Length<SECOND, DAY> = _,
        /// With `url`: from the lookup until the answer is complete.
        timeout: Length<10, { 2 * MINUTE }> = "10s",
        /// With `url`: which authorities are trusted, as for a monitor.
        roots: Roots = "webpki",
        /// With `url`: a PEM file with further authorities.
        ca_file: FilePath = _,
        /// With `url`: the user and password of an `Authorization: Basic` header.
        basic_auth: BasicAuth = _,
        /// With `url`: a file with the token of an `Authorization: Bearer` header.
        bearer_token_file: FilePath = _,
        /// With `url`: an environment variable with that token.
        bearer_token_env: Variable = _,
        /// The monitor of each target. In its texts, `{target}`, `{host}`, `{port}` and `{label.NAME}` are filled in; `name` is `"{target}"` if it is not set, and is made valid and unique.
        monitor: Template = _,
    }
    either files | url;
    either basic_auth | bearer_token_file | bearer_token_env;
}

/// `[discovery.monitor]`; what is in it is read by [`RawDiscovery::read`].
pub(super) struct Template;

impl Kind for Template {
    type Value = ();
    const WHAT: &'static str = "a table with the keys of `[[monitor]]`";

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<()> {
        as_table::<Self>(value, at, sink).map(|_| ())
    }
}

/// One `[[discovery]]`.
#[derive(Debug, Default)]
pub(super) struct RawDiscovery {
    /// The table's head.
    pub(super) at: Span,
    pub(super) keys: Discovery,
    pub(super) template: Option<Sampled>,
}

/// A template, filled in with sample values.
#[derive(Debug)]
pub(super) struct Sampled {
    pub(super) monitor: Monitor,
    /// What depends on labels: whether it is right is not known before there is a target.
    pub(super) uncertain: Vec<Span>,
}

impl RawDiscovery {
    pub(super) fn read(item: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<Self> {
        let table = as_table::<Discovery>(item.get_ref(), &item.span(), sink)?;
        let mut read = Self { at: item.span(), ..Self::default() };
        for (key, value) in table {
            if !read.keys.take(key.get_ref(), value, sink) {
                report_unknown(Discovery::PLACE, &[Discovery::KEYS], key, sink);
            }
            if let ("monitor", DeValue::Table(template)) = (key.get_ref().as_ref(), value.get_ref()) {
                read.template = Sampled::read(template, &value.span(), sink);
            }
        }
        read.keys.check_rivals(sink);
        Some(read)
    }
}

impl Sampled {
    fn read(template: &DeTable<'_>, at: &Span, sink: &mut Sink) -> Option<Self> {
        let mut uncertain = uncertain(template);
        for place in names_a_file(template) {
            let problem = Problem::new(Code::PlaceholderInFile, "a list may not choose a file or variable of this machine");
            sink.push(
                problem
                    .at(&place, "")
                    .help("write it without a placeholder: whoever writes the list could have any file sent to any place"),
            );
            uncertain.push(place);
        }
        let mut readings = Sample::ALL.iter().filter_map(|sample| Self::with(sample, template, at, &uncertain));
        let (first, problems) = readings.next()?;
        if problems.is_empty() {
            return Some(first);
        }
        // The template is for another kind of target, or for none.
        if let Some((read, _)) = readings.find(|(_, problems)| problems.is_empty()) {
            return Some(read);
        }
        problems.into_iter().for_each(|problem| sink.push(problem));
        Some(first)
    }

    /// The template with the values of `sample`, and its problems; `None` if the sample does not have a value for everything.
    fn with(sample: &Sample, template: &DeTable<'_>, at: &Span, uncertain: &[Span]) -> Option<(Self, Vec<Problem>)> {
        let filled = fill_table(template, sample).ok()?;
        let (mut own, mut certain) = (Sink::default(), Sink::default());
        let mut monitor = Monitor::read_table(&without_name(&filled), at, &mut own);
        monitor.identity.name = sample_name(filled.get(NAME), at, &mut own);
        let read = Self { monitor, uncertain: uncertain.to_vec() };
        read.take_over(own, &mut certain);
        Some((read, certain.into_list()))
    }

    /// Hands on those problems that do not depend on a label.
    pub(super) fn take_over(&self, own: Sink, sink: &mut Sink) {
        let touches = |span: &Span| self.uncertain.iter().any(|place| span.start < place.end && place.start < span.end);
        for problem in own.into_list() {
            if !problem.labels.iter().any(|label| touches(&label.span)) {
                sink.push(problem);
            }
        }
    }
}

/// The name of a sample. A template may have any text for it that has something left when it is made a name.
fn sample_name(name: Option<&Spanned<DeValue<'_>>>, at: &Span, sink: &mut Sink) -> Given<MonitorName> {
    let (text, place) = match name.map(|name| (name.get_ref(), name.span())) {
        None => ("sample", at.clone()),
        Some((DeValue::String(text), place)) => (text.as_ref(), place),
        Some((other, place)) => {
            // It says what is expected.
            Name::read(other, &place, sink);
            return Given::Broken(place);
        }
    };
    let Some(name) = base_name(text) else {
        let problem = Problem::new(Code::InvalidName, "no name can be made of this text").at(&place, "");
        sink.push(problem.help("write a text with letters or digits, such as `\"{target}\"` or `\"{label.agent}\"`"));
        return Given::Broken(place);
    };
    Given::Known(Spanned::new(place, name))
}
