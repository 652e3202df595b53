//! From a TOML value to a typed one, or to problems: all of them, each with its place.
//!
//! serde stops at the first error and quotes the value in its message, which may be a secret. So the parsed document is walked
//! here: a [`Kind`] says what may stand to the right of a `=`, [`table!`] declares which keys a table has.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Code, Problem, Sink, Span};
use super::suggest::nearest;
use super::values::{InvalidDuration, duration_text, parse_duration, shown};

/// A kind of value that a key may have. Types that implement it are descriptions; the value itself is [`Kind::Value`].
pub(super) trait Kind {
    /// What is read.
    type Value: Clone;
    /// The kind in words, with an article: "expected …".
    const WHAT: &'static str;
    /// May the value be printed when a problem on its line is? Not if it could be a secret.
    const SHOWN: bool = true;

    /// The bounds of the value, for the reference.
    fn limits() -> Option<String> {
        None
    }

    /// Reads `value`, which stands at `at`. What is wrong goes to `sink`.
    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Self::Value>;

    /// The value of a monitor where `[defaults]` has one as well.
    fn merge(own: &Self::Value, _default: &Self::Value) -> Self::Value {
        own.clone()
    }
}

/// What a file says about a key.
#[derive(Clone, Debug, Default)]
pub(super) enum Given<T> {
    /// Nothing.
    #[default]
    Absent,
    /// Something that cannot be used; the problem is reported, and rules that need the value have to be silent.
    Broken(Span),
    /// A value.
    Known(Spanned<T>),
}

/// A value with its place, if it stands in the file at all and is not the built-in default.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) at: Option<Span>,
}

impl<T> Given<T> {
    pub(super) fn read<K: Kind<Value = T>>(value: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Self {
        match K::read(value.get_ref(), &value.span(), sink) {
            Some(read) => Self::Known(Spanned::new(value.span(), read)),
            None => Self::Broken(value.span()),
        }
    }

    pub(super) const fn known(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Known(spanned) => Some(spanned),
            Self::Absent | Self::Broken(_) => None,
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.known().map(Spanned::get_ref)
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn span(&self) -> Option<Span> {
        match self {
            Self::Absent => None,
            Self::Broken(span) => Some(span.clone()),
            Self::Known(spanned) => Some(spanned.span()),
        }
    }
}

impl<T: Clone> Given<T> {
    /// The value for building; a broken one has been reported, so that the default is as good as any.
    pub(super) fn or(&self, default: T) -> T {
        self.get().cloned().unwrap_or(default)
    }

    pub(super) fn or_default(&self) -> T
    where
        T: Default,
    {
        self.or(T::default())
    }

    /// The value for rules about several settings; `None` if it is broken.
    pub(super) fn placed(&self, default: T) -> Option<Placed<T>> {
        match self {
            Self::Absent => Some(Placed { value: default, at: None }),
            Self::Broken(_) => None,
            Self::Known(spanned) => Some(Placed { value: spanned.get_ref().clone(), at: Some(spanned.span()) }),
        }
    }

    pub(super) fn over<K: Kind<Value = T>>(&self, default: &Self) -> Self {
        match (self, default) {
            (Self::Absent, default) => default.clone(),
            (Self::Known(own), Self::Known(default)) => {
                Self::Known(Spanned::new(own.span(), K::merge(own.get_ref(), default.get_ref())))
            }
            (own, _) => own.clone(),
        }
    }
}

/// A table as the reference has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Where it stands in the file.
    pub(super) place: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [Key],
}

/// A key as the reference has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) limits: fn() -> Option<String>,
    pub(super) shown: bool,
    /// As TOML; `_` if there is none.
    pub(super) default: &'static str,
    pub(super) doc: &'static [&'static str],
}

/// Declares a table: its place in the file, its keys with kind and default (`_` for none), and groups of keys of which only one may
/// be set. A group that a monitor sets replaces the group of `[defaults]` as a whole.
macro_rules! table {
    ($(#[doc = $about:literal])+ $name:ident at $place:literal {
        $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $default:tt,)+
    } $(either $($rival:ident)|+;)*) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default)]
        pub(super) struct $name {
            $($(#[doc = $doc])+ pub(super) $field: $crate::config::read::Given<<$kind as $crate::config::read::Kind>::Value>,)+
        }

        impl $name {
            pub(super) const PLACE: &'static str = $place;
            pub(super) const ABOUT: &'static [&'static str] = &[$($about),+];
            pub(super) const KEYS: &'static [$crate::config::read::Key] = &[$($crate::config::read::Key {
                name: stringify!($field),
                what: <$kind as $crate::config::read::Kind>::WHAT,
                limits: <$kind as $crate::config::read::Kind>::limits,
                shown: <$kind as $crate::config::read::Kind>::SHOWN,
                default: stringify!($default),
                doc: &[$($doc),+],
            },)+];

            /// Reads `value` if `key` is one of the table's.
            fn take(&mut self, key: &str, value: &toml::Spanned<toml::de::DeValue<'_>>, sink: &mut Sink) -> bool {
                match key {
                    $(stringify!($field) => self.$field = $crate::config::read::Given::read::<$kind>(value, sink),)+
                    _ => return false,
                }
                true
            }

            /// These settings, with the gaps filled from `defaults`.
            #[allow(unused_mut, reason = "not every table has a group of which only one may be set")]
            pub(super) fn over(&self, defaults: &Self) -> Self {
                let mut defaults = defaults.clone();
                $(if $(!self.$rival.is_absent())||+ {
                    $(defaults.$rival = $crate::config::read::Given::Absent;)+
                })*
                Self { $($field: self.$field.over::<$kind>(&defaults.$field),)+ }
            }

            #[allow(unused_variables, reason = "not every table has a group of which only one may be set")]
            fn check_rivals(&self, sink: &mut Sink) {
                $($crate::config::read::check_rivals(&[$((stringify!($rival), self.$rival.span()),)+], sink);)*
            }
        }

        impl $crate::config::read::Kind for $name {
            type Value = Self;
            const WHAT: &'static str = "a table";

            fn read(value: &toml::de::DeValue<'_>, at: &$crate::config::problem::Span, sink: &mut Sink) -> Option<Self> {
                let mut read = Self::default();
                for (key, value) in $crate::config::read::as_table::<Self>(value, at, sink)? {
                    if !read.take(key.get_ref(), value, sink) {
                        $crate::config::raw::report_unknown(Self::PLACE, &[Self::KEYS], key, sink);
                    }
                }
                read.check_rivals(sink);
                Some(read)
            }

            fn merge(own: &Self, default: &Self) -> Self {
                own.over(default)
            }
        }
    };
}
pub(super) use table;

/// Reports if more than one of `rivals` is set.
pub(super) fn check_rivals(rivals: &[(&str, Option<Span>)], sink: &mut Sink) {
    let mut set = rivals.iter().filter_map(|(key, span)| span.as_ref().map(|span| (*key, span)));
    let (Some((first, place)), Some((second, other))) = (set.next(), set.next()) else { return };
    let problem = Problem::new(Code::ConflictingKeys, format!("`{first}` and `{second}` exclude each other"));
    sink.push(problem.at(other, "this").at(place, "or this").help("keep one of them"));
}

pub(super) fn as_table<'v, 'i, K: Kind>(value: &'v DeValue<'i>, at: &Span, sink: &mut Sink) -> Option<&'v DeTable<'i>> {
    if let DeValue::Table(table) = value {
        return Some(table);
    }
    wrong_type::<K>(value, at, sink);
    None
}

pub(super) fn as_text<'v, K: Kind>(value: &'v DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<&'v str> {
    if let DeValue::String(text) = value {
        return Some(text);
    }
    wrong_type::<K>(value, at, sink);
    None
}

pub(super) fn wrong_type<K: Kind>(value: &DeValue<'_>, at: &Span, sink: &mut Sink) {
    let found = match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    sink.push(Problem::new(Code::WrongType, format!("expected {}, found {found}", K::WHAT)).at(at, ""));
}

pub(super) fn as_integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
}

impl Kind for bool {
    type Value = Self;
    const WHAT: &'static str = "true or false";

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Self> {
        if let DeValue::Boolean(yes) = value {
            return Some(*yes);
        }
        wrong_type::<Self>(value, at, sink);
        None
    }
}

/// A whole number of type `N` from `MIN` to `MAX`.
pub(super) struct Number<N, const MIN: i64, const MAX: i64>(std::marker::PhantomData<N>);

impl<N: TryFrom<i64> + Clone, const MIN: i64, const MAX: i64> Kind for Number<N, MIN, MAX> {
    type Value = N;
    const WHAT: &'static str = "a whole number";

    fn limits() -> Option<String> {
        Some(format!("{MIN} to {MAX}"))
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<N> {
        if !matches!(value, DeValue::Integer(_)) {
            wrong_type::<Self>(value, at, sink);
            return None;
        }
        let within = as_integer(value).filter(|number| (MIN..=MAX).contains(number)).and_then(|number| N::try_from(number).ok());
        if within.is_none() {
            let problem = Problem::new(Code::OutOfRange, "this number is out of range").at(at, "");
            sink.push(problem.help(format!("write a number from {MIN} to {MAX}")));
        }
        within
    }
}

/// A duration in humantime's notation, from `MIN` to `MAX` milliseconds.
pub(super) struct Length<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Length<MIN, MAX> {
    pub(super) const RANGE: RangeInclusive<Duration> = Duration::from_millis(MIN)..=Duration::from_millis(MAX);
}

impl<const MIN: u64, const MAX: u64> Kind for Length<MIN, MAX> {
    type Value = Duration;
    const WHAT: &'static str = "a duration in quotes";

    fn limits() -> Option<String> {
        Some(format!("{} to {}", duration_text(*Self::RANGE.start()), duration_text(*Self::RANGE.end())))
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Duration> {
        if let Some(number) = as_integer(value) {
            let problem = Problem::new(Code::WrongType, "expected a duration in quotes, found a bare number");
            sink.push(
                problem.at(at, "seconds? milliseconds?").help(format!("write the unit: `\"{number}s\"` or `\"{number}ms\"`")),
            );
            return None;
        }
        let text = as_text::<Self>(value, at, sink)?;
        let checked = parse_duration(text).and_then(|length| {
            if Self::RANGE.contains(&length) { Ok(length) } else { Err(InvalidDuration::OutOfRange(Self::RANGE)) }
        });
        match checked {
            Ok(length) => Some(length),
            Err(error) => {
                sink.push(duration_problem(&error).at(at, ""));
                None
            }
        }
    }
}

fn duration_problem(error: &InvalidDuration) -> Problem {
    match error {
        InvalidDuration::OutOfRange(range) => {
            let (least, most) = (duration_text(*range.start()), duration_text(*range.end()));
            let problem = Problem::new(Code::OutOfRange, "this duration is out of range");
            problem.help(format!("write a duration from {least} to {most}"))
        }
        InvalidDuration::Empty | InvalidDuration::NoUnit | InvalidDuration::Unit(_) | InvalidDuration::Malformed => {
            let problem = Problem::new(Code::InvalidDuration, error.to_string());
            problem.help("write a number and a unit, such as `\"500ms\"`, `\"10s\"` or `\"1m 30s\"`")
        }
    }
}

/// A closed set of words.
pub(super) trait Word: Copy + 'static {
    /// The words, for "expected …".
    const WHAT: &'static str;
    const WORDS: &'static [(&'static str, Self)];
    /// What others call them, and the word to suggest.
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[];

    fn parse(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    /// The word that is probably meant.
    fn suggest(text: &str) -> Option<&'static str> {
        let elsewhere = Self::ELSEWHERE.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, ours)| *ours);
        elsewhere.or_else(|| nearest(text, Self::WORDS.iter().map(|(word, _)| *word)))
    }
}

impl<W: Word> Kind for W {
    type Value = W;
    const WHAT: &'static str = <W as Word>::WHAT;

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<W> {
        let text = as_text::<Self>(value, at, sink)?;
        let word = W::parse(text);
        if word.is_none() {
            let problem = Problem::new(Code::UnknownWord, format!("expected {}, found {}", <W as Word>::WHAT, shown(text)));
            sink.push(match W::suggest(text) {
                Some(near) => problem.at(at, "").help(format!("did you mean `\"{near}\"`?")),
                None => problem.at(at, ""),
            });
        }
        word
    }
}

/// A list of values of one kind.
pub(super) struct List<K>(std::marker::PhantomData<K>);

impl<K: Kind> Kind for List<K> {
    type Value = Vec<Spanned<K::Value>>;
    const WHAT: &'static str = "a list";
    const SHOWN: bool = K::SHOWN;

    fn limits() -> Option<String> {
        Some(match K::limits() {
            Some(limits) => format!("each {}, {limits}", K::WHAT),
            None => format!("each {}", K::WHAT),
        })
    }

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Self::Value> {
        let DeValue::Array(items) = value else {
            wrong_type::<Self>(value, at, sink);
            return None;
        };
        let read = |item: &Spanned<DeValue<'_>>| {
            K::read(item.get_ref(), &item.span(), sink).map(|value| Spanned::new(item.span(), value))
        };
        let good: Vec<_> = items.iter().filter_map(read).collect();
        (good.len() == items.len()).then_some(good)
    }
}

/// A table with keys of the user's choice, in the order of the file. A monitor's table is merged with that of `[defaults]` key by key.
pub(super) struct Map<K>(std::marker::PhantomData<K>);

/// The entries of a [`Map`].
pub(super) type Entries<T> = Vec<(Spanned<String>, Spanned<T>)>;

impl<K: Kind> Kind for Map<K> {
    type Value = Entries<K::Value>;
    const WHAT: &'static str = "a table";
    const SHOWN: bool = K::SHOWN;

    fn read(value: &DeValue<'_>, at: &Span, sink: &mut Sink) -> Option<Self::Value> {
        let table = as_table::<Self>(value, at, sink)?;
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            if let Some(read) = K::read(value.get_ref(), &value.span(), sink) {
                entries.push((Spanned::new(key.span(), key.get_ref().to_string()), Spanned::new(value.span(), read)));
            }
        }
        if entries.len() < table.len() {
            return None;
        }
        entries.sort_by_key(|(key, _)| key.span().start);
        Some(entries)
    }

    fn merge(own: &Self::Value, default: &Self::Value) -> Self::Value {
        // Header names have no case; two labels that differ in case alone would be a mistake as well.
        let replaced =
            |(key, _): &&(Spanned<String>, _)| own.iter().any(|(mine, _)| mine.get_ref().eq_ignore_ascii_case(key.get_ref()));
        default.iter().filter(|entry| !replaced(entry)).chain(own).cloned().collect()
    }
}
