//! Text from an endpoint is hostile: it is made harmless once, where it is captured.
//!
//! Invariant: a [`Printable`] has no control characters, no bidirectional overrides and a bounded length, so it may go to a
//! log, a terminal or JSON as it is. HTML still needs escaping.

use std::fmt;

use serde::Serialize;

/// Text from a peer after sanitising: invalid UTF-8 replaced, control and formatting characters escaped, cut to a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Printable(String);

impl Printable {
    /// Sanitises `bytes` and keeps at most `limit` bytes of the result; a cut is marked with `…`.
    #[must_use]
    pub fn capture(bytes: &[u8], limit: usize) -> Self {
        // Escaping only lengthens, so what lies beyond the limit can be dropped before the work.
        let head = &bytes[..bytes.len().min(limit.saturating_add(4))];
        let mut kept = String::new();
        for piece in String::from_utf8_lossy(head).chars() {
            let escaped = piece.escape_debug();
            let harmless = matches!(piece, '"' | '\'' | '\\') || escaped.len() == 1;
            let width = if harmless { piece.len_utf8() } else { escaped.clone().map(char::len_utf8).sum() };
            if kept.len() + width > limit {
                kept.push('…');
                return Self(kept);
            }
            if harmless { kept.push(piece) } else { kept.extend(escaped) }
        }
        if head.len() < bytes.len() {
            kept.push('…');
        }
        Self(kept)
    }

    /// Text that sidetone wrote itself, or that has been sanitised already.
    #[must_use]
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// `text` with the five characters that HTML gives a meaning replaced.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_harmless() {
        let rows: [(&[u8], &str); 7] = [
            (b"quota exceeded", "quota exceeded"),
            (b"say \"hi\"", "say \"hi\""),
            (b"\x1b[31mred\x07", "\\u{1b}[31mred\\u{7}"),
            (b"one\ntwo\r\n", "one\\ntwo\\r\\n"),
            ("\u{202e}gnp.exe".as_bytes(), "\\u{202e}gnp.exe"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            ("Zürich".as_bytes(), "Zürich"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(Printable::capture(bytes, 100).as_str(), expected);
        }
    }

    #[test]
    fn length_is_bounded_whatever_comes() {
        for byte in [b'a', 0x1b, 0xff, 0] {
            let kept = Printable::capture(&vec![byte; 100_000], 123);
            assert!(kept.as_str().len() <= 123 + '…'.len_utf8(), "{byte:#x}: {}", kept.as_str().len());
            assert!(kept.as_str().ends_with('…'));
        }
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(escape_html("<b a='1'>&\"</b>"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;");
    }
}
