//! Syntax errors: one problem per broken line, and which lines the rest of the file must not be judged by.
//!
//! The parser goes on after an error, so that the rest of the file is checked in the same run. What it made of a broken line is a
//! guess, and what seems to be missing may stand on one; problems of both kinds are left out.

use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::problem::{Code, Problem, Sink, Span};

/// Reports `errors`; returns the lines that are broken.
pub(super) fn report(text: &str, root: &DeTable<'_>, errors: &[Error], sink: &mut Sink) -> Vec<Span> {
    let mut broken: Vec<Span> = Vec::new();
    let mut keys = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let start = text.floor_char_boundary(span.start);
        // What follows on a broken line is mostly an echo of the first error.
        if sink.is_full() || broken.last().is_some_and(|lines| lines.contains(&start)) {
            continue;
        }
        let mut problem = Problem::new(Code::Syntax, error.message()).at(&span, "");
        if error.message() == "duplicate key"
            && let Some(first) = keys.get_or_insert_with(|| Keys::of(text, root)).first(text, &span)
        {
            problem = problem.at(&first, "first set here");
        }
        sink.push(match help(error.message()) {
            Some(help) => problem.help(help),
            None => problem,
        });
        broken.push(line_of(text, start));
    }
    broken.iter().map(|line| with_section(text, line)).collect()
}

/// The two slips that are made most often.
fn help(message: &str) -> Option<&'static str> {
    if message.starts_with("string values must be quoted") {
        return Some("durations, names and words stand in quotes: `\"10s\"`");
    }
    (message == "duplicate key").then_some("a key stands once in a table; another `[[monitor]]` begins a new one")
}

fn line_of(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    start..text[at..].find('\n').map_or(text.len() + 1, |newline| at + newline + 1)
}

/// Below a broken table header, nobody knows which table the keys belong to.
fn with_section(text: &str, line: &Span) -> Span {
    let is_header = text.get(line.clone()).is_some_and(|line| line.trim_start().starts_with('['));
    let rest = text.get(line.end..).unwrap_or("");
    if !is_header {
        return line.clone();
    }
    let mut end = line.end;
    for next in rest.split_inclusive('\n') {
        if next.trim_start().starts_with('[') {
            return line.start..end;
        }
        end += next.len();
    }
    line.start..text.len() + 1
}

/// Where each key stands, by its name.
struct Keys<'k> {
    places: HashMap<&'k str, Vec<Place>>,
}

struct Place {
    key: Span,
    /// The end of the inline table that the key is in.
    until: usize,
}

impl<'k> Keys<'k> {
    fn of(text: &str, root: &'k DeTable<'_>) -> Self {
        let mut keys = Self { places: HashMap::new() };
        keys.add_table(text, root, usize::MAX);
        keys
    }

    /// Nested as deep as TOML allows, which is 80 levels.
    fn add_table(&mut self, text: &str, table: &'k DeTable<'_>, until: usize) {
        for (key, value) in table {
            self.places.entry(key.get_ref()).or_default().push(Place { key: key.span(), until });
            self.add_value(text, value.get_ref(), &value.span(), until);
        }
    }

    fn add_value(&mut self, text: &str, value: &'k DeValue<'_>, at: &Span, until: usize) {
        match value {
            DeValue::Table(table) => {
                let is_inline = text.as_bytes().get(at.start) == Some(&b'{');
                self.add_table(text, table, if is_inline { at.end } else { until });
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.add_value(text, item.get_ref(), &item.span(), until)),
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    /// The key that `second` repeats: the last one of its name before it that is not in a table which has ended.
    fn first(&self, text: &str, second: &Range<usize>) -> Option<Span> {
        let name = text.get(second.clone())?.trim_matches(['"', '\'']);
        let before = self.places.get(name)?.iter().filter(|place| place.key.end <= second.start && second.start < place.until);
        before.map(|place| place.key.clone()).max_by_key(|key| key.start)
    }
}
