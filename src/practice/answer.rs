//! Answers to the upgrade request: statuses, odd 101s, and things that are no HTTP at all.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::hosts;
use super::request::Request;
use super::script::{AnswerScript, Ending, Switch};
use super::wire::Wire;
use crate::wall::Timestamp;

/// The alert handshake_failure in a record of TLS 1.0, as servers send it to what is no ClientHello.
const TLS_ALERT: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 40];

/// A 1xx is answered so often, which is more than any client skips.
const INTERIM_REPEATS: usize = 10;

const EARLY_HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";

const DRIP: Duration = Duration::from_millis(200);

/// Acts out an answer that is no 101.
pub(super) async fn answer(mut wire: Wire, script: AnswerScript) {
    let (bytes, ending) = match script {
        AnswerScript::Status(code) => (status(code, "HTTP/1.1"), Ending::Close),
        AnswerScript::Http10(code) => (status(code, "HTTP/1.0"), Ending::Close),
        AnswerScript::TlsAlert => (TLS_ALERT.to_vec(), Ending::Close),
        AnswerScript::PlainToTls => (plain_to_tls(), Ending::Close),
        AnswerScript::SlashWanted => (hosts::MOVED_BY_SLASH.to_vec(), Ending::Close),
        AnswerScript::OneSlashWanted => (hosts::NOT_WITH_TWO_SLASHES.to_vec(), Ending::Close),
        AnswerScript::HugeHead => (padded_head(1, 20 * 1024), Ending::Close),
        AnswerScript::ManyHeaders => (padded_head(120, 8), Ending::Close),
        AnswerScript::Bytes(bytes, ending) => (bytes.to_vec(), ending),
    };
    if bytes.is_empty() || wire.send(&bytes).await.is_ok() {
        wire.end(ending).await;
    }
}

/// A text for people and a status: what the server says on its own account.
pub(super) async fn plain_page(mut wire: Wire, status: &str, text: &str) {
    let page = page("HTTP/1.1", status, "Content-Type: text/plain; charset=utf-8\r\n", text);
    if wire.send(&page).await.is_ok() {
        wire.end(Ending::Close).await;
    }
}

/// 200 and a document.
pub(super) async fn document(mut wire: Wire, content_type: Option<&str>, text: &str) {
    let kind = content_type.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
    if wire.send(&page("HTTP/1.1", "200 OK", &kind, text)).await.is_ok() {
        wire.end(Ending::Close).await;
    }
}

/// Sends the 101, odd as the script has it. The request has a key.
pub(super) async fn switch(wire: &mut Wire, request: &Request, key: &[u8], script: Switch) -> io::Result<()> {
    let head = switching_head(request, key, script);
    if script != Switch::Drip {
        return wire.send(head.as_bytes()).await;
    }
    for byte in head.as_bytes() {
        wire.send(&[*byte]).await?;
        sleep(DRIP).await;
    }
    Ok(())
}

fn switching_head(request: &Request, key: &[u8], script: Switch) -> String {
    let version = if script == Switch::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let ahead = if script == Switch::DateSkewed { Duration::from_hours(1) } else { Duration::ZERO };
    let mut lines = vec![
        format!("{version} 101 Switching Protocols"),
        "Server: sidetone-practice".to_owned(),
        format!("Date: {}", http_date(ahead)),
    ];
    if script != Switch::NoUpgrade {
        let colon = if script == Switch::SpaceBeforeColon { " :" } else { ":" };
        lines.push(format!("Upgrade{colon} websocket"));
    }
    if script != Switch::NoConnection {
        let options = if script == Switch::ConnectionList { "keep-alive, Upgrade" } else { "Upgrade" };
        lines.push(format!("Connection: {options}"));
    }
    if script != Switch::NoAccept {
        let key = if script == Switch::WrongAccept { b"another key" } else { key };
        lines.push(format!("Sec-WebSocket-Accept: {}", derive_accept_key(key)));
    }
    if let Some(chosen) = subprotocol(request, script) {
        lines.push(format!("Sec-WebSocket-Protocol: {chosen}"));
    }
    if script == Switch::Extension {
        lines.push("Sec-WebSocket-Extensions: permessage-deflate".to_owned());
    }
    let line_end = if script == Switch::BareLf { "\n" } else { "\r\n" };
    let early = if script == Switch::After103 { EARLY_HINTS } else { "" };
    format!("{early}{}{line_end}{line_end}", lines.join(line_end))
}

/// The subprotocol of the 101, if it has one.
fn subprotocol(request: &Request, script: Switch) -> Option<&str> {
    let mut offered = request.subprotocols.iter().map(String::as_str);
    match script {
        Switch::OtherSubprotocol => Some("practice.other"),
        Switch::NoSubprotocol => None,
        Switch::Jambonz => offered.find(|name| *name == "audio.jambonz.org"),
        Switch::Proper
        | Switch::Http10
        | Switch::After103
        | Switch::NoUpgrade
        | Switch::NoConnection
        | Switch::ConnectionList
        | Switch::NoAccept
        | Switch::WrongAccept
        | Switch::Extension
        | Switch::BareLf
        | Switch::SpaceBeforeColon
        | Switch::Drip
        | Switch::DateSkewed => offered.next(),
    }
}

/// An answer with this status, the headers that belong to it, and a body like those that are met in the wild.
fn status(code: u16, version: &str) -> Vec<u8> {
    let line = format!("{code} {}", phrase(code));
    if code < 200 {
        return format!("{version} {line}\r\n\r\n").repeat(INTERIM_REPEATS).into_bytes();
    }
    let headers = match code {
        301 | 302 | 303 | 307 | 308 => "Location: https://voice.example.com/media-stream/\r\n",
        401 => "WWW-Authenticate: Bearer realm=\"practice\"\r\n",
        405 => "Allow: POST\r\n",
        407 => "Proxy-Authenticate: Basic realm=\"practice\"\r\n",
        426 => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        429 | 503 => "Retry-After: 30\r\n",
        _ => "",
    };
    let body = match code {
        200 => "<!doctype html><html><head><title>App</title></head><body><div id=\"root\"></div></body></html>".to_owned(),
        204 | 304 => return format!("{version} {line}\r\n{}{headers}Connection: close\r\n\r\n", common()).into_bytes(),
        404 => "<!doctype html><html><body><pre>Cannot GET /media-stream</pre></body></html>".to_owned(),
        530 => "<!doctype html><html><body>error code: 1033</body></html>".to_owned(),
        _ => format!("<html><head><title>{line}</title></head><body><center><h1>{line}</h1></center></body></html>"),
    };
    page(version, &line, &format!("Content-Type: text/html\r\n{headers}"), &body)
}

fn plain_to_tls() -> Vec<u8> {
    let body = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head><body><center><h1>400 Bad Request</h1>\
                </center><center>The plain HTTP request was sent to HTTPS port</center><hr><center>nginx</center></body></html>";
    page("HTTP/1.1", "400 Bad Request", "Content-Type: text/html\r\n", body)
}

fn padded_head(headers: usize, value_bytes: usize) -> Vec<u8> {
    let mut padding = String::new();
    for n in 0..headers {
        // Writing to a String cannot fail.
        let _ = write!(padding, "X-Padding-{n}: {}\r\n", "x".repeat(value_bytes));
    }
    page("HTTP/1.1", "502 Bad Gateway", &padding, "")
}

fn page(version: &str, status: &str, headers: &str, body: &str) -> Vec<u8> {
    let (common, length) = (common(), body.len());
    format!("{version} {status}\r\n{common}{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn common() -> String {
    format!("Server: sidetone-practice\r\nDate: {}\r\n", http_date(Duration::ZERO))
}

/// IMF-fixdate (RFC 9110 section 5.6.7) of the present and `ahead`.
fn http_date(ahead: Duration) -> String {
    let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
    let seconds = Timestamp::now().plus(ahead).unix_seconds() as i64;
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|moment| moment.format(form).ok()).unwrap_or_default()
}

/// The reason phrase (RFC 9110 section 15; Cloudflare's own for 520 to 530).
const fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Continue",
        103 => "Early Hints",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        520 => "Web Server Returned an Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        525 => "SSL Handshake Failed",
        526 => "Invalid SSL Certificate",
        527 => "Railgun Error",
        530 => "Origin Error",
        _ => "Practice",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_an_answer_that_parses() {
        for code in (200..=999).filter(|code| *code != 101) {
            let bytes = status(code, "HTTP/1.1");
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut head = httparse::Response::new(&mut headers);
            let length = head.parse(&bytes).unwrap().unwrap();
            assert_eq!(head.code, Some(code));
            let find = |name| head.headers.iter().find(|h| h.name == name).map(|h| str::from_utf8(h.value).unwrap());
            assert_eq!(find("Server"), Some("sidetone-practice"));
            assert!(find("Date").is_some_and(|date| date.ends_with(" GMT") && date.len() == 29), "{:?}", find("Date"));
            let declared = find("Content-Length").map_or(0, |text| text.parse().unwrap());
            assert_eq!(bytes.len() - length, declared, "{code}");
        }
    }

    #[test]
    fn oversized_heads_are_oversized_in_one_way_each() {
        let (huge, many) = (padded_head(1, 20 * 1024), padded_head(120, 8));
        assert!(huge.len() > 16 * 1024 && many.len() < 16 * 1024);
        assert!(many.windows(2).filter(|pair| pair == b"\r\n").count() > 100);
    }
}
