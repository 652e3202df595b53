//! The answer to the upgrade request: how its head is read, what of it is kept, and whether it is a 101 that counts.
//!
//! Pure. Judges as browsers and providers do: token lists in `Connection`, several header lines, any case (RFC 6455 section 4.1,
//! RFC 9110 section 5.6.1); the WebSocket library is stricter there and would raise false alarms.

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::scrub::Scrubber;
use crate::monitor::redact_query;
use crate::text::Printable;
use crate::verdict::{UnfitAnswer, UpgradeFault};

/// The longest head that is read; each interim answer has its own.
pub(super) const LONGEST_HEAD: usize = 16 * 1024;
/// How many first bytes tell what answers instead of HTTP.
pub(super) const OPENING: usize = 16;
/// The most header lines that are read.
const MOST_HEADERS: usize = 100;
/// The longest value that is kept of one header.
const LONGEST_VALUE: usize = 256;

/// A parsed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub(super) minor_version: u8,
    /// Names in lower case, values raw.
    headers: Vec<(String, Vec<u8>)>,
    /// How many bytes it took.
    pub(super) length: usize,
    /// Lines end in a bare line feed.
    pub(super) bare_lf: bool,
}

/// What a buffer holds so far.
#[derive(Debug)]
pub(super) enum Parsed {
    /// The head is not complete.
    Partial,
    /// It is.
    Complete(Head),
    /// It never will be.
    Broken(UpgradeFault),
}

/// Reads a head from the beginning of `buffer`.
pub(super) fn parse_head(buffer: &[u8]) -> Parsed {
    let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut slots);
    let length = match response.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if buffer.len() >= LONGEST_HEAD => return Parsed::Broken(UpgradeFault::HeadTooLarge),
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(httparse::Error::TooManyHeaders) => return Parsed::Broken(UpgradeFault::HeadTooLarge),
        Err(_) => return Parsed::Broken(not_http(buffer)),
    };
    let headers = response.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec())).collect();
    let first_line = buffer.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    Parsed::Complete(Head {
        status: response.code.unwrap_or(0),
        minor_version: response.version.unwrap_or(0),
        headers,
        length,
        bare_lf: first_line == 0 || buffer[first_line - 1] != b'\r',
    })
}

/// httparse does not say whether it met bad HTTP or no HTTP at all.
fn not_http(buffer: &[u8]) -> UpgradeFault {
    if buffer.starts_with(b"HTTP/1.") {
        UpgradeFault::Malformed
    } else {
        UpgradeFault::NotHttp { first_bytes: buffer[..buffer.len().min(OPENING)].to_vec() }
    }
}

impl Head {
    /// The values of a header's lines.
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(header, _)| header == name).map(|(_, value)| value.trim_ascii())
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Is `token` among the comma-separated values of all lines of this header?
    fn has_token(&self, name: &str, token: &str) -> bool {
        let mut tokens = self.values(name).flat_map(|value| value.split(|&byte| byte == b','));
        tokens.any(|candidate| candidate.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The length of the body, if it is announced.
    pub(super) fn content_length(&self) -> Option<usize> {
        std::str::from_utf8(self.first("content-length")?).ok()?.parse().ok()
    }

    /// The server's clock, in seconds since 1970, from its `Date` header (RFC 9110 section 6.6.1).
    pub(super) fn date(&self) -> Option<i64> {
        let text = std::str::from_utf8(self.first("date")?).ok()?;
        let form = time::macros::format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        Some(time::PrimitiveDateTime::parse(text, form).ok()?.assume_utc().unix_timestamp())
    }

    /// The headers in the report's form: sanitised, and without what may be a secret.
    pub(super) fn printable(&self, scrubber: &Scrubber) -> Vec<(Printable, Printable)> {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let value = printable_value(name, &scrubber.scrub(value));
            (Printable::capture(&scrubber.scrub(name.as_bytes()), 64), value)
        };
        self.headers.iter().map(pair).collect()
    }

    /// Does it fit the request? The chosen subprotocol, if one was chosen.
    ///
    /// # Errors
    /// The first of the client's checks that fails, in the order of RFC 6455 section 4.1.
    pub(super) fn accepts(&self, key: &str, offered: &[String], demanded: bool) -> Result<Option<String>, UpgradeFault> {
        if self.minor_version == 0 {
            return Err(UpgradeFault::Version10);
        }
        if !self.has_token("upgrade", "websocket") {
            return Err(UpgradeFault::Unfit(UnfitAnswer::Upgrade));
        }
        if !self.has_token("connection", "upgrade") {
            return Err(UpgradeFault::Unfit(UnfitAnswer::Connection));
        }
        match self.first("sec-websocket-accept") {
            None => return Err(UpgradeFault::Unfit(UnfitAnswer::AcceptMissing)),
            Some(accept) if accept != derive_accept_key(key.as_bytes()).as_bytes() => {
                return Err(UpgradeFault::Unfit(UnfitAnswer::AcceptWrong));
            }
            Some(_) => {}
        }
        // We never offer an extension (compression is not part of any provider's dialect).
        if self.values("sec-websocket-extensions").any(|value| !value.is_empty()) {
            return Err(UpgradeFault::Unfit(UnfitAnswer::Extension));
        }
        self.chosen_subprotocol(offered, demanded).map_err(UpgradeFault::Unfit)
    }

    fn chosen_subprotocol(&self, offered: &[String], demanded: bool) -> Result<Option<String>, UnfitAnswer> {
        let Some(chosen) = self.first("sec-websocket-protocol") else {
            return if demanded && !offered.is_empty() { Err(UnfitAnswer::SubprotocolMissing) } else { Ok(None) };
        };
        match offered.iter().find(|offer| offer.as_bytes() == chosen) {
            Some(offer) => Ok(Some(offer.clone())),
            None if offered.is_empty() => Err(UnfitAnswer::SubprotocolUnrequested),
            None => Err(UnfitAnswer::SubprotocolMismatch),
        }
    }
}

/// nginx answers plain HTTP on a TLS port with 400 and this text (its code 497), Go's server with the other one.
pub(super) fn says_tls_port(body: &[u8]) -> bool {
    const SENTENCES: [&[u8]; 2] = [b"plain HTTP request was sent to HTTPS port", b"HTTP request to an HTTPS server"];
    SENTENCES.iter().any(|sentence| body.windows(sentence.len()).any(|window| window == *sentence))
}

/// A header's value as it may be kept: sanitised, and without what may be a secret. `name` is in lower case.
pub(super) fn printable_value(name: &str, value: &[u8]) -> Printable {
    let secret =
        name.contains("cookie") || name.contains("authorization") || name.contains("signature") || name.contains("token");
    if secret {
        return Printable::trusted("***");
    }
    if name == "location" {
        return Printable::capture(redact_query(&String::from_utf8_lossy(value)).as_bytes(), LONGEST_VALUE);
    }
    Printable::capture(value, LONGEST_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Monitor, MonitorName, Target};
    use crate::probe::caller::Caller;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    fn head(text: &str) -> Head {
        let Parsed::Complete(head) = parse_head(format!("{text}\r\n").as_bytes()) else { panic!("{text}") };
        head
    }

    fn unfit(text: &str, offered: &[&str]) -> Option<UpgradeFault> {
        let offered: Vec<String> = offered.iter().map(|&s| s.to_owned()).collect();
        head(text).accepts(KEY, &offered, true).err()
    }

    #[test]
    fn good_answers() {
        let rows = [
            GOOD.to_owned(),
            GOOD.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
            GOOD.replace("Connection: Upgrade", "connection: keep-alive\r\nCONNECTION: upgrade"),
            GOOD.replace("Upgrade: websocket", "Upgrade: WebSocket"),
            GOOD.replace("Switching Protocols", ""),
        ];
        for text in rows {
            assert_eq!(unfit(&text, &[]), None, "{text}");
        }
        let chosen = head(&format!("{GOOD}Sec-WebSocket-Protocol: b\r\n")).accepts(KEY, &["a".into(), "b".into()], true);
        assert_eq!(chosen, Ok(Some("b".to_owned())));
    }

    #[test]
    fn answers_that_do_not_fit() {
        let with = |line: &str| format!("{GOOD}{line}\r\n");
        let rows = [
            (GOOD.replace("HTTP/1.1", "HTTP/1.0"), vec![], UpgradeFault::Version10),
            (GOOD.replace("Upgrade: websocket\r\n", ""), vec![], UpgradeFault::Unfit(UnfitAnswer::Upgrade)),
            (GOOD.replace("Connection: Upgrade\r\n", ""), vec![], UpgradeFault::Unfit(UnfitAnswer::Connection)),
            (GOOD.replace("Sec-WebSocket-Accept", "X"), vec![], UpgradeFault::Unfit(UnfitAnswer::AcceptMissing)),
            (GOOD.replace("s3pP", "xxxx"), vec![], UpgradeFault::Unfit(UnfitAnswer::AcceptWrong)),
            (with("Sec-WebSocket-Extensions: permessage-deflate"), vec![], UpgradeFault::Unfit(UnfitAnswer::Extension)),
            (with("Sec-WebSocket-Protocol: audio"), vec![], UpgradeFault::Unfit(UnfitAnswer::SubprotocolUnrequested)),
            (with("Sec-WebSocket-Protocol: audio"), vec!["media"], UpgradeFault::Unfit(UnfitAnswer::SubprotocolMismatch)),
            (GOOD.to_owned(), vec!["media"], UpgradeFault::Unfit(UnfitAnswer::SubprotocolMissing)),
        ];
        for (text, offered, fault) in rows {
            assert_eq!(unfit(&text, &offered), Some(fault), "{text}");
        }
    }

    #[test]
    fn what_is_not_http() {
        let fault = |bytes: &[u8]| if let Parsed::Broken(fault) = parse_head(bytes) { Some(fault) } else { None };
        assert!(matches!(fault(b"SSH-2.0-x\r\n"), Some(UpgradeFault::NotHttp { .. })));
        assert!(matches!(fault(b"HTTP/2 200\r\n\r\n"), Some(UpgradeFault::NotHttp { .. })));
        assert_eq!(fault(b"HTTP/1.1 101 X\r\nUpgrade : websocket\r\n\r\n"), Some(UpgradeFault::Malformed));
        assert_eq!(fault(b"HTTP/1.1 1000 X\r\n\r\n"), Some(UpgradeFault::Malformed));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(fault(many.as_bytes()), Some(UpgradeFault::HeadTooLarge));
        let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(LONGEST_HEAD));
        assert_eq!(fault(long.as_bytes()), Some(UpgradeFault::HeadTooLarge));
        assert_eq!(fault(b"HTTP/1.1 101 Switching"), None, "not complete");
    }

    #[test]
    fn secrets_are_not_kept() {
        let text = "HTTP/1.1 302 Found\r\nSet-Cookie: session=canary\r\nLocation: https://h/login?next=canary\r\nX-Twilio-Signature: canary\r\nServer: x\x1b[1m\r\n";
        // ESC is not allowed in a value; what a parser lets through is sanitised all the same.
        let Parsed::Complete(head) = parse_head(format!("{}\r\n", text.replace('\x1b', "")).as_bytes()) else { panic!() };
        let monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("ws://h/").unwrap());
        let scrubber = Scrubber::new(&monitor, &Caller::of(&monitor));
        let shown = format!("{:?}", head.printable(&scrubber));
        assert!(!shown.contains("canary") && shown.contains("https://h/login?next=***"), "{shown}");
    }

    #[test]
    fn date_and_length() {
        let head = head("HTTP/1.1 503 X\r\nDate: Fri, 20 Nov 2026 10:00:00 GMT\r\nContent-Length: 12\r\n");
        assert_eq!((head.date(), head.content_length()), (Some(1_795_168_800), Some(12)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let _ = parse_head(&bytes);
            let _ = parse_head(&[b"HTTP/1.1 101 X\r\n".as_slice(), &bytes].concat());
        }
    }
}
