//! The head of a request: what picks the behaviour, what the 101 has to answer, and what a webhook looks at.

use bytes::{Buf, BytesMut};

/// A head of more bytes is refused.
pub(super) const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;

/// What matters of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The path without the slashes around it and the query.
    pub(super) behaviour: String,
    pub(super) method: String,
    /// Path and query as they came.
    pub(super) target: String,
    /// Names in lower case, in order; values that are no UTF-8 are left out.
    headers: Vec<(String, String)>,
    /// `Sec-WebSocket-Key`; a request without one is no upgrade.
    pub(super) key: Option<Vec<u8>>,
    /// The offered subprotocols, in order.
    pub(super) subprotocols: Vec<String>,
}

/// Why a head cannot be read; the answer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRequest {
    #[error("this is no HTTP request")]
    Malformed,
    #[error("the request's head is larger than 16 KiB or 100 headers")]
    TooLarge,
}

impl Request {
    /// Takes the head out of `buffer` once it is complete; what follows stays.
    pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Self>, BadRequest> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let length = match head.parse(buffer) {
            Ok(httparse::Status::Complete(length)) if length <= LONGEST_HEAD => length,
            Ok(httparse::Status::Partial) if buffer.len() < LONGEST_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(BadRequest::TooLarge),
            Err(_) => return Err(BadRequest::Malformed),
        };
        let target = head.path.unwrap_or_default();
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let value = |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|h| h.value);
        let offered = value("sec-websocket-protocol").and_then(|list| str::from_utf8(list).ok());
        let names = offered.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let texts =
            head.headers.iter().filter_map(|h| Some((h.name.to_ascii_lowercase(), str::from_utf8(h.value).ok()?.to_owned())));
        let request = Self {
            behaviour: path.trim_matches('/').to_owned(),
            method: head.method.unwrap_or_default().to_owned(),
            target: target.to_owned(),
            headers: texts.collect(),
            key: value("sec-websocket-key").map(<[u8]>::to_vec),
            subprotocols: names.map(str::to_owned).collect(),
        };
        buffer.advance(length);
        Ok(Some(request))
    }

    /// The value of the first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &[u8]) -> Result<Option<Request>, BadRequest> {
        Request::take(&mut BytesMut::from(bytes))
    }

    #[test]
    fn the_path_picks_the_behaviour() {
        let head = b"GET /drop-after-0.8s?call=1 HTTP/1.1\r\nHost: a\r\nSEC-WebSocket-Key: abc\r\nSec-WebSocket-Protocol: x, y\r\n\r\nrest";
        let mut buffer = BytesMut::from(&head[..]);
        let request = Request::take(&mut buffer).unwrap().unwrap();
        assert_eq!(request.behaviour, "drop-after-0.8s");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/drop-after-0.8s?call=1"));
        assert_eq!((request.header("HOST"), request.header("content-length")), (Some("a"), None));
        assert_eq!(request.key.as_deref(), Some(&b"abc"[..]));
        assert_eq!(request.subprotocols, ["x", "y"]);
        assert_eq!(&buffer[..], b"rest");
        for cut in 0..head.len() - b"rest".len() {
            assert_eq!(take(&head[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn heads_are_bounded() {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(take(many.as_bytes()), Err(BadRequest::TooLarge));
        let long = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(LONGEST_HEAD));
        assert_eq!(take(long.as_bytes()), Err(BadRequest::TooLarge));
        assert_eq!(take(b"\x00\x01\x02"), Err(BadRequest::Malformed));
    }
}
