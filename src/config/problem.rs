//! What can be wrong with a configuration, and how it is shown: a page like rustc's, with every place that matters underlined.
//!
//! Invariant: what is printed of the file went through [`Masked`] first, and messages hold no value that could be a secret.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::mask::Masked;
use crate::outcome::words;

/// A range of bytes in the file.
pub(super) type Span = Range<usize>;

words! {
    /// The kinds of problems. The labels are stable; `tests/fixtures/config/bad` has a file for each that a file can have.
    Code {
        /// The configuration file cannot be read.
        FileUnreadable = "file-unreadable",
        /// The configuration file is larger than 4 MiB.
        FileTooLarge = "file-too-large",
        /// The configuration file is not UTF-8.
        NotUtf8 = "not-utf8",
        /// Not TOML.
        Syntax = "syntax",
        /// A key that does not exist.
        UnknownKey = "unknown-key",
        /// A key that exists, in another table.
        MisplacedKey = "misplaced-key",
        /// A key that has to be there.
        MissingKey = "missing-key",
        /// A number where a text should be, and the like.
        WrongType = "wrong-type",
        /// None of the words that a key may have.
        UnknownWord = "unknown-word",
        /// A password or token in the file itself.
        InlineSecret = "inline-secret",
        /// Two keys that exclude each other.
        ConflictingKeys = "conflicting-keys",
        /// A file without a single `[[monitor]]`.
        NoMonitors = "no-monitors",
        /// More than 10 000 monitors.
        TooManyMonitors = "too-many-monitors",
        /// More than 32 lists of targets.
        TooManyLists = "too-many-lists",
        /// A placeholder where a file or variable is named.
        PlaceholderInFile = "placeholder-in-file",
        /// Two monitors or two lists with one name.
        DuplicateName = "duplicate-name",
        /// A name that does not fit into a metric label and a URL path.
        InvalidName = "invalid-name",
        /// Not a WebSocket URL.
        InvalidUrl = "invalid-url",
        /// Not a duration.
        InvalidDuration = "invalid-duration",
        /// A number or duration that is too small or too large.
        OutOfRange = "out-of-range",
        /// A text without a character, or a list without an element.
        Empty = "empty",
        /// A text that is too long.
        TooLong = "too-long",
        /// Not an IP address, socket address or `host:port`.
        InvalidAddress = "invalid-address",
        /// Not an id or number of a call.
        InvalidCallId = "invalid-call-id",
        /// A name or value that the provider's hello, or the request to a webhook, cannot carry.
        InvalidParameter = "invalid-parameter",
        /// A key or table that the dialect does not have.
        NotInDialect = "not-in-dialect",
        /// A frequency without a tone, or a repetition without a file.
        AudioKeyAlone = "audio-key-alone",
        /// Audio is expected where none can come.
        ExpectedInVain = "expected-in-vain",
        /// Not a header name (RFC 9110 section 5.1).
        InvalidHeaderName = "invalid-header-name",
        /// Not a header value (RFC 9110 section 5.5).
        InvalidHeaderValue = "invalid-header-value",
        /// A header that sidetone sets itself.
        ReservedHeader = "reserved-header",
        /// A header that is set twice.
        DuplicateHeader = "duplicate-header",
        /// More than 64 headers.
        TooManyHeaders = "too-many-headers",
        /// Not a user name for Basic authentication (RFC 7617).
        InvalidUsername = "invalid-username",
        /// Not a subprotocol (RFC 6455 section 4.1).
        InvalidSubprotocol = "invalid-subprotocol",
        /// A subprotocol that is offered twice.
        DuplicateSubprotocol = "duplicate-subprotocol",
        /// A required subprotocol where none is offered.
        SubprotocolNotOffered = "subprotocol-not-offered",
        /// Not a Prometheus label name.
        InvalidLabelName = "invalid-label-name",
        /// A label that sidetone sets itself.
        ReservedLabel = "reserved-label",
        /// More than 16 labels.
        TooManyLabels = "too-many-labels",
        /// Not a close code.
        InvalidCloseCode = "invalid-close-code",
        /// Not a sample rate of telephony or speech.
        InvalidSampleRate = "invalid-sample-rate",
        /// A frame of silence that is longer than a second.
        SilenceTooLong = "silence-too-long",
        /// Not base64.
        InvalidBase64 = "invalid-base64",
        /// Not a JSON pointer (RFC 6901).
        InvalidPointer = "invalid-pointer",
        /// Not a name for SNI and the certificate check.
        InvalidServerName = "invalid-server-name",
        /// Not the name of an environment variable.
        InvalidVariable = "invalid-variable",
        /// An environment variable that is not set.
        VariableNotSet = "variable-not-set",
        /// A file that a key names cannot be used.
        BadFile = "bad-file",
        /// A secret that is empty or has characters that no header can carry.
        BadSecret = "bad-secret",
        /// A client certificate without its key, or the key alone.
        ClientCertificateIncomplete = "client-certificate-incomplete",
        /// A setting of TLS on a `ws://` URL.
        NeedsWss = "needs-wss",
        /// The next probe would be due while this one still holds.
        IntervalTooShort = "interval-too-short",
        /// The interval while failing is longer than the normal one.
        FailingSlower = "failing-slower",
        /// The confirmation comes after the next normal probe.
        ConfirmTooLate = "confirm-too-late",
        /// `min_hold` is longer than `hold`.
        MinHoldTooLong = "min-hold-too-long",
        /// Codes that may end the line, and no time after which they may.
        AcceptCodesAlone = "accept-codes-alone",
        /// A deadline for pongs where no pings are sent.
        PingTimeoutAlone = "ping-timeout-alone",
        /// The first ping would come after the hold.
        PingTooLate = "ping-too-late",
        /// Something is expected after the end of the hold.
        ExpectedAfterHold = "expected-after-hold",
        /// Audio or an echo is expected on an idle line.
        ExpectedOfIdle = "expected-of-idle",
        /// An echo is expected where nothing is sent.
        NothingToEcho = "nothing-to-echo",
        /// A deadline for a message that nobody expects.
        MatchWithinAlone = "match-within-alone",
        /// The flap thresholds do not leave a band between them.
        FlapThresholds = "flap-thresholds",
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, the main place first; empty if it is the file as a whole.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// Is a default a part of it, as the file does not have the key?
    rests_on_absence: bool,
}

impl Code {
    /// Would the problem be solved by something more in the file? Then it may be there already, on a line that cannot be read.
    fn says_that_something_is_missing(self) -> bool {
        [
            Self::MissingKey,
            Self::NoMonitors,
            Self::ClientCertificateIncomplete,
            Self::SubprotocolNotOffered,
            Self::AcceptCodesAlone,
            Self::PingTimeoutAlone,
            Self::MatchWithinAlone,
            Self::NothingToEcho,
        ]
        .contains(&self)
    }
}

/// A place in the file with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is said; may be empty.
    pub says: String,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), labels: Vec::new(), help: None, rests_on_absence: false }
    }

    pub(super) fn at(mut self, span: &Span, says: impl Into<String>) -> Self {
        self.labels.push(Label { span: span.clone(), says: says.into() });
        self
    }

    /// As [`Self::at`], for a setting that may be at its default and so nowhere in the file: then the message tells its value.
    pub(super) fn at_setting(mut self, (key, value): (&str, &str), at: Option<&Span>, says: &str) -> Self {
        let Some(span) = at else {
            self.rests_on_absence = true;
            self.message.push_str(&format!(" (`{key}` is {value} by default)"));
            return self;
        };
        self.at(span, says)
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Where problems are collected. Settings of `[defaults]` are looked at once per monitor, so the same problem at the same place
/// counts once.
#[derive(Debug, Default)]
pub(super) struct Sink {
    problems: Vec<Problem>,
    seen: HashSet<(Code, Vec<(usize, usize)>)>,
    total: usize,
    /// In a file with syntax errors: the lines that have them, in order.
    doubtful: Option<Vec<Span>>,
}

impl Sink {
    /// Problems that are kept; a file of garbage has more than anybody reads.
    const KEPT: usize = 1_000;

    /// From now on, takes no problem that may be an echo of a syntax error on one of `lines`.
    pub(super) fn doubt(&mut self, lines: Vec<Span>) {
        self.doubtful = Some(lines);
    }

    fn is_doubtful(&self, problem: &Problem) -> bool {
        let Some(lines) = &self.doubtful else { return false };
        let touches = |label: &Label| {
            lines.iter().any(|line| label.span.start < line.end && line.start < label.span.end.max(label.span.start + 1))
        };
        problem.rests_on_absence || problem.code.says_that_something_is_missing() || problem.labels.iter().any(touches)
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.is_doubtful(&problem) {
            return;
        }
        let places = problem.labels.iter().map(|label| (label.span.start, label.span.end)).collect();
        if self.is_full() {
            self.total += 1;
        } else if self.seen.insert((problem.code, places)) {
            self.total += 1;
            self.problems.push(problem);
        }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.problems.len() >= Self::KEPT
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was pushed, in that order.
    pub(super) fn into_list(self) -> Vec<Problem> {
        self.problems
    }

    /// The page, in the order of the file.
    pub(super) fn into_problems(mut self, name: &str, source: Masked) -> Problems {
        self.problems.sort_by_key(|problem| problem.labels.first().map_or(0, |label| label.span.start));
        Problems { name: name.to_owned(), source, list: self.problems, total: self.total }
    }
}

/// Everything that is wrong with a configuration. Its `Display` is the page without colours.
#[derive(Clone, Debug)]
pub struct Problems {
    name: String,
    source: Masked,
    list: Vec<Problem>,
    total: usize,
}

impl Problems {
    /// Problems that are drawn.
    const DRAWN: usize = 100;

    /// A problem of the file as a whole.
    pub(super) fn of_file(name: &str, problem: Problem) -> Self {
        Self { name: name.to_owned(), source: Masked::default(), list: vec![problem], total: 1 }
    }

    /// How many there are; 1 or more.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one, else it would be a `Config`")]
    pub const fn len(&self) -> usize {
        self.total
    }

    /// The problems in the order of the file; of a file of garbage only the first thousand.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// The page, with ANSI colours if wanted.
    #[must_use]
    pub fn rendered(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut page = String::new();
        for problem in self.list.iter().take(Self::DRAWN) {
            page.push_str(&renderer.render(&self.draw(problem)));
            page.push_str("\n\n");
        }
        let drawn = self.list.len().min(Self::DRAWN);
        if self.total > drawn {
            page.push_str(&format!("… and {} more\n\n", self.total - drawn));
        }
        let plural = if self.total == 1 { "problem" } else { "problems" };
        page.push_str(&format!("{}: {} {plural}\n", self.name, self.total));
        page
    }

    fn draw<'a>(&'a self, problem: &'a Problem) -> Vec<Group<'a>> {
        let title = Level::ERROR.primary_title(problem.message.as_str()).id(problem.code.label());
        let places: Vec<Span> = problem.labels.iter().map(|label| self.source.translate(&label.span)).collect();
        let mut group = Group::with_title(title);
        group = if places.is_empty() {
            group.element(Origin::path(self.name.as_str()))
        } else {
            group.element(self.snippet(problem, &places))
        };
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        vec![group]
    }

    /// The lines from the first place to the last; what lies far between them is folded.
    fn snippet<'a>(&'a self, problem: &'a Problem, places: &[Span]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let (excerpt, first_line) = self.source.lines(places);
        let annotations = places.iter().zip(&problem.labels).enumerate().map(|(i, (place, label))| {
            let kind = if i == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(place.start - excerpt.start..place.end - excerpt.start);
            if label.says.is_empty() { annotation } else { annotation.label(label.says.as_str()) }
        });
        Snippet::source(&self.source.text()[excerpt.clone()])
            .line_start(first_line)
            .path(self.name.as_str())
            .annotations(annotations)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered(false))
    }
}

impl std::error::Error for Problems {}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let labels: HashSet<&str> = Code::ALL.iter().map(|code| code.label()).collect();
        assert_eq!(labels.len(), Code::ALL.len());
        for label in labels {
            assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{label}");
        }
    }

    #[test]
    fn one_problem_at_one_place_counts_once() {
        let mut sink = Sink::default();
        for (code, span) in [(Code::Empty, 0..1), (Code::Empty, 0..1), (Code::Empty, 1..2), (Code::TooLong, 0..1)] {
            sink.push(Problem::new(code, "x").at(&span, ""));
        }
        assert_eq!(sink.into_problems("x", Masked::default()).len(), 3);
    }
}
