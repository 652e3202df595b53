//! What of a configuration file may be printed: a copy of the text in which everything that could be a secret is `***`.
//!
//! It works on tokens and not on the parsed document, as a file with a syntax error is printed too. A value is shown only if the
//! keys to its left are known and harmless ([`super::raw::may_be_shown`]); comments are dropped, since old secrets live in them.
//!
//! Invariant: in doubt it is hidden.

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::problem::Span;
use super::raw::may_be_shown;

/// The text as it may be printed, with the way from places in the file to places in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Masked {
    text: String,
    /// In order: what was replaced, and by what.
    replaced: Vec<(Span, Span)>,
}

impl Masked {
    /// Masks `source`. In a `broken` file, quotes may be missing, so that whole lines that speak of secrets are hidden.
    pub(super) fn new(source: &str, broken: bool) -> Self {
        let tokens = Source::new(source).lex().into_vec();
        let mut masked = Self { text: String::with_capacity(source.len()), replaced: Vec::new() };
        let mut state = State { broken, line_hidden: broken && speaks_of_secrets(first_line(source)), ..State::default() };
        for (i, token) in tokens.iter().enumerate() {
            let span = token.span().start()..token.span().end();
            let piece = &source[span.clone()];
            let treatment = state.treat(source, *token, &tokens[i + 1..]);
            if !matches!(token.kind(), TokenKind::Whitespace | TokenKind::Newline | TokenKind::Comment) {
                state.last = Some(token.kind());
            }
            match treatment {
                Treatment::Keep => masked.text.push_str(piece),
                Treatment::Drop => masked.replace(&span, ""),
                Treatment::Hide => masked.replace(&span, &hidden(token.kind(), piece)),
                Treatment::HideQuery => masked.replace(&span, &without_query(piece)),
            }
        }
        masked
    }

    fn replace(&mut self, span: &Span, by: &str) {
        let start = self.text.len();
        self.text.push_str(by);
        self.replaced.push((span.clone(), start..self.text.len()));
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where `span` of the file is in the masked text; always a valid range of it.
    pub(super) fn translate(&self, span: &Span) -> Span {
        let (start, end) = (self.place(span.start), self.place(span.end));
        start..end.max(start)
    }

    fn place(&self, at: usize) -> usize {
        let later = self.replaced.partition_point(|(old, _)| old.start <= at);
        let place = match later.checked_sub(1).map(|i| &self.replaced[i]) {
            None => at,
            Some((old, new)) if at >= old.end => new.end + (at - old.end),
            Some((old, new)) => (new.start + (at - old.start)).min(new.end),
        };
        self.text.floor_char_boundary(place)
    }

    /// The whole lines that `places` lie on, and the number of the first one.
    pub(super) fn lines(&self, places: &[Span]) -> (Span, usize) {
        let start = places.iter().map(|place| place.start).min().unwrap_or(0);
        let end = places.iter().map(|place| place.end).max().unwrap_or(0);
        let start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[end..].find('\n').map_or(self.text.len(), |newline| end + newline);
        (start..end, 1 + self.text[..start].matches('\n').count())
    }
}

enum Treatment {
    Keep,
    Drop,
    Hide,
    /// Shown as far as it is no query and no user info of a URL.
    HideQuery,
}

/// What has been seen so far on the way through the tokens.
#[derive(Default)]
struct State<'s> {
    broken: bool,
    line_hidden: bool,
    /// Keys of the table header, as far as they are not harmless.
    section_hidden: bool,
    in_header: bool,
    /// Behind a `=`.
    in_value: bool,
    brackets: Vec<TokenKind>,
    /// The token before, without spaces and comments.
    last: Option<TokenKind>,
    /// Did a key of this statement ask to hide what follows?
    hidden: bool,
    /// Words that become keys if a `=` follows.
    words: Vec<&'s str>,
}

impl<'s> State<'s> {
    fn treat(&mut self, source: &'s str, token: Token, rest: &[Token]) -> Treatment {
        use TokenKind as T;
        if self.in_header && matches!(token.kind(), T::Equals | T::Comma | T::LeftCurlyBracket | T::RightCurlyBracket) {
            // Not a header after all, only a bracket too many.
            (self.in_header, self.hidden) = (false, true);
            self.brackets.clear();
        }
        match token.kind() {
            T::Comment => return Treatment::Drop,
            T::Whitespace if rest.first().is_some_and(|next| next.kind() == T::Comment) => return Treatment::Drop,
            T::Atom | T::BasicString | T::LiteralString | T::MlBasicString | T::MlLiteralString => {
                return self.word(&source[token.span().start()..token.span().end()], token.kind(), rest);
            }
            T::Equals => self.equals(),
            T::Comma => {
                self.in_value = self.brackets.last() != Some(&T::LeftCurlyBracket);
                self.words.clear();
            }
            T::LeftSquareBracket | T::LeftCurlyBracket => self.open(token.kind()),
            T::RightSquareBracket | T::RightCurlyBracket => self.close(),
            T::Newline => self.newline(&source[token.span().end()..]),
            T::Dot | T::Whitespace | T::Eof => {}
        }
        Treatment::Keep
    }

    fn equals(&mut self) {
        // A value without a key may be the rest of something longer.
        self.hidden |= self.words.is_empty() || self.words.drain(..).any(|key| !may_be_shown(key));
        self.in_value = true;
    }

    fn open(&mut self, bracket: TokenKind) {
        if bracket == TokenKind::LeftSquareBracket && self.brackets.is_empty() && !self.in_value {
            (self.in_header, self.section_hidden) = (true, false);
        }
        self.in_value = bracket == TokenKind::LeftSquareBracket;
        self.words.clear();
        self.brackets.push(bracket);
    }

    fn close(&mut self) {
        self.brackets.pop();
        let header_is_over = self.in_header && self.brackets.is_empty();
        self.in_header &= !header_is_over;
        self.in_value = !header_is_over;
    }

    fn newline(&mut self, rest: &str) {
        self.line_hidden = self.broken && speaks_of_secrets(first_line(rest));
        // A header ends with its line, also when a bracket is missing.
        if self.in_header {
            self.brackets.clear();
        }
        if self.brackets.is_empty() {
            (self.in_header, self.in_value, self.hidden) = (false, false, false);
            self.words.clear();
        }
    }

    fn word(&mut self, text: &'s str, kind: TokenKind, rest: &[Token]) -> Treatment {
        if self.in_header {
            self.section_hidden |= !may_be_shown(unquoted(text));
            return Treatment::Keep;
        }
        self.words.push(unquoted(text));
        // A key with a colon is a header with its value, written as one.
        if !self.in_value && !text.contains(':') && (is_key(rest) || may_be_shown(text)) {
            return Treatment::Keep;
        }
        let told_to_hide = !self.in_value || self.hidden || self.section_hidden || self.line_hidden;
        if told_to_hide || !self.is_plain_value(text, kind) { Treatment::Hide } else { Treatment::HideQuery }
    }

    /// Does it look like a value, and not like a comment without its `#`, or like several lines that a missing quote has joined?
    fn is_plain_value(&self, text: &str, kind: TokenKind) -> bool {
        let after_equals = self.last == Some(TokenKind::Equals);
        let after_dot = self.last == Some(TokenKind::Dot);
        let in_list = matches!(self.last, Some(TokenKind::Comma | TokenKind::LeftSquareBracket));
        match kind {
            TokenKind::Atom => after_equals || ((in_list || after_dot) && is_number(text)),
            TokenKind::BasicString | TokenKind::LiteralString => (after_equals || in_list) && !swallows_more(text),
            TokenKind::MlBasicString
            | TokenKind::MlLiteralString
            | TokenKind::Dot
            | TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::LeftSquareBracket
            | TokenKind::RightSquareBracket
            | TokenKind::LeftCurlyBracket
            | TokenKind::RightCurlyBracket
            | TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::Eof => false,
        }
    }
}

fn is_number(text: &str) -> bool {
    text.strip_prefix(['-', '+']).unwrap_or(text).bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// Has a text that began with a quote no end, so that a comment or another key may be in it?
fn swallows_more(text: &str) -> bool {
    let ends = text.len() > 1 && text.chars().next() == text.chars().next_back();
    text.starts_with(['"', '\'']) && !ends && text.contains(['#', '=', ' '])
}

/// Is what was read before `rest` a key, or a part of a dotted one?
fn is_key(rest: &[Token]) -> bool {
    let next = rest.iter().find(|token| token.kind() != TokenKind::Whitespace);
    next.is_some_and(|token| matches!(token.kind(), TokenKind::Equals | TokenKind::Dot))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn hidden(kind: TokenKind, piece: &str) -> String {
    let quote = match kind {
        TokenKind::BasicString => "\"",
        TokenKind::LiteralString => "'",
        TokenKind::MlBasicString => "\"\"\"",
        TokenKind::MlLiteralString => "'''",
        TokenKind::Dot
        | TokenKind::Equals
        | TokenKind::Comma
        | TokenKind::LeftSquareBracket
        | TokenKind::RightSquareBracket
        | TokenKind::LeftCurlyBracket
        | TokenKind::RightCurlyBracket
        | TokenKind::Whitespace
        | TokenKind::Comment
        | TokenKind::Newline
        | TokenKind::Atom
        | TokenKind::Eof => "",
    };
    // Line numbers stay right.
    let newlines = "\n".repeat(piece.matches('\n').count());
    format!("{quote}***{newlines}{quote}")
}

fn without_query(piece: &str) -> String {
    let quote = if piece.starts_with(['"', '\'']) && piece.len() > 1 { &piece[..1] } else { "" };
    let piece = match piece.split_once('?') {
        Some((before, _)) => format!("{before}?***{quote}"),
        None => piece.to_owned(),
    };
    match (piece.find("://"), piece.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => format!("{}***{}", &piece[..scheme + 3], &piece[at..]),
        _ => piece,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

/// Does the text have a word in it that goes with secrets?
pub(super) fn speaks_of_secrets(text: &str) -> bool {
    const WORDS: [&str; 10] = ["token", "secret", "passw", "pwd", "auth", "bearer", "cookie", "credential", "apikey", "api_key"];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(source: &str) -> String {
        Masked::new(source, false).text
    }

    #[test]
    fn harmless_values_are_shown() {
        for source in [
            "interval = \"60s\"\n",
            "intervall = '60s'\n",
            "accept_codes = [1000, 1_001]\nmode = idle\n",
            "flap_high = 1.5\n",
            "[monitor.raw]\ncodec = \"l16\"\n",
            "expect = { echo = true, max_silence = \"2s\" }\n",
            "bearer_token_file = \"/run/secrets/token\"\n",
            "[[monitor]]\nname = \"a\"\nurl = \"wss://voice.example.com/a\"\n",
        ] {
            assert_eq!(masked(source), source);
        }
    }

    #[test]
    fn everything_else_is_not() {
        let rows = [
            ("bearer_token = \"canary\"", "bearer_token = \"***\""),
            ("headers = { X-Api-Key = 'canary' }", "headers = { X-Api-Key = '***' }"),
            ("headers.X-Api-Key = \"canary\"", "headers.X-Api-Key = \"***\""),
            ("[monitor.headers]\nname = \"canary\"", "[monitor.headers]\nname = \"***\""),
            ("pasword = canary", "pasword = ***"),
            ("hold = \"10s\" # canary", "hold = \"10s\""),
            ("name = \"\"\"canary\ncanary\"\"\"", "name = \"\"\"***\n\"\"\""),
            ("url = \"wss://u:canary@h/a?b=canary\"", "url = \"wss://***@h/a?***\""),
            ("bearer_token_env = \"canary\"", "bearer_token_env = \"***\""),
            ("canary", "***"),
            ("headers = { \"X-Api-Key: canary\" = 1 }", "headers = { \"***\" = *** }"),
        ];
        for (source, expected) in rows {
            assert_eq!(masked(source), expected, "{source}");
        }
    }

    #[test]
    fn in_a_broken_file_a_line_that_speaks_of_secrets_is_hidden() {
        let source = "hold = 10s\" bearer_token = \"canary\"\nhold = 10s\n";
        let masked = Masked::new(source, true).text;
        assert!(!masked.contains("canary") && masked.ends_with("hold = 10s\n"), "{masked}");
    }

    #[test]
    fn places_move_with_the_text() {
        let source = "headers = { X = \"a canary\" } # canary\nhold = \"1s\"\n";
        let masked = Masked::new(source, false);
        let at = source.find("\"1s\"").unwrap();
        assert_eq!(&masked.text()[masked.translate(&(at..at + 4))], "\"1s\"");
        let at = source.find("\"a canary\"").unwrap();
        assert_eq!(&masked.text()[masked.translate(&(at..at + 10))], "\"***\"");
        assert_eq!(masked.lines(&[masked.translate(&(source.len()..source.len()))]).1, 3);
    }
}
