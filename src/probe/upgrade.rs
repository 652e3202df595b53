//! Phase `upgrade`: our own request, and every answer kept.
//!
//! The WebSocket library's handshake loses the status of an HTTP/1.0 answer, the body, and everything that is not HTTP; what came back is
//! the most telling evidence that there is.

use std::io::{self, ErrorKind};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::AlertDescription;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::answer::{self, Head, LONGEST_HEAD, Parsed};
use super::blame;
use super::line::Transport;
use super::scrub::Scrubber;
use super::tls::peer_took_bytes;
use crate::monitor::{Credentials, DialPlan, Target};
use crate::report::UpgradeReport;
use crate::text::Printable;
use crate::verdict::UpgradeFault;
use crate::wall::Timestamp;

/// How much of a body is kept: enough for an error page's sentence.
const LONGEST_BODY: usize = 4 * 1024;
/// How much is kept of what is no HTTP.
const LONGEST_GARBAGE: usize = 256;
/// How long we wait for the rest of a body after the head; it is a courtesy to the reader of the report.
const BODY_PATIENCE: Duration = Duration::from_millis(250);
/// Interim answers (1xx) before the real one.
const MOST_INTERIM: usize = 8;

/// What came back.
pub(super) struct Upgraded {
    pub(super) result: Result<Accepted, UpgradeFault>,
    /// `None` where nothing that could be read came.
    pub(super) report: Option<UpgradeReport>,
    /// Lines end in a bare line feed.
    pub(super) bare_lf: bool,
}

/// A 101 that counts.
pub(super) struct Accepted {
    /// When the head was complete: the hold's time counts from here.
    pub(super) at: Instant,
    /// Bytes behind the head: frames already.
    pub(super) tail: Vec<u8>,
    /// The chosen subprotocol.
    pub(super) subprotocol: Option<String>,
}

/// Asks for the upgrade and reads the answer, within `deadline` for the head as a whole.
pub(super) async fn upgrade<S: Transport>(
    stream: &mut S,
    target: &Target,
    resource: &str,
    plan: &DialPlan,
    deadline: Duration,
) -> Upgraded {
    let until = Instant::now() + deadline;
    let key = generate_key();
    let mut buffer = Vec::with_capacity(1024);
    let head = exchange(stream, &request(target, resource, plan, &key), &mut buffer, until, plan).await;
    let scrubber = Scrubber::new(plan, resource);
    match head {
        Err(fault) => Upgraded { report: garbage_report(&fault, &buffer, &scrubber), result: Err(fault), bare_lf: false },
        Ok(head) => judge(stream, head, buffer, &key, plan, &scrubber).await,
    }
}

async fn judge<S: Transport>(
    stream: &mut S,
    head: Head,
    mut buffer: Vec<u8>,
    key: &str,
    plan: &DialPlan,
    scrubber: &Scrubber,
) -> Upgraded {
    let at = Instant::now();
    let mut tail = buffer.split_off(head.length);
    let result = if head.status == 101 {
        head.accepts(key, &plan.subprotocols, plan.require_subprotocol)
    } else {
        read_body(stream, &head, &mut tail).await;
        Err(UpgradeFault::Status { code: head.status, says_tls_port: answer::says_tls_port(&tail) })
    };
    let body = if head.status == 101 { &[] } else { &tail[..] };
    let report = UpgradeReport {
        status: Some(head.status),
        http_version: Some(format!("1.{}", head.minor_version)),
        headers: head.printable(scrubber),
        body: Printable::capture(&scrubber.scrub(body), LONGEST_BODY),
        clock_skew_seconds: head.date().map(|date| date as f64 - Timestamp::now().unix_seconds()),
    };
    let result = result.map(|subprotocol| Accepted { at, tail, subprotocol });
    Upgraded { result, report: Some(report), bare_lf: head.bare_lf }
}

/// What came instead of HTTP is shown as the body.
fn garbage_report(fault: &UpgradeFault, buffer: &[u8], scrubber: &Scrubber) -> Option<UpgradeReport> {
    if buffer.is_empty() || matches!(fault, UpgradeFault::HeadTooLarge) {
        return None;
    }
    let shown = scrubber.scrub(buffer);
    Some(UpgradeReport {
        status: None,
        http_version: None,
        headers: Vec::new(),
        body: Printable::capture(&shown[..shown.len().min(LONGEST_GARBAGE)], LONGEST_BODY),
        clock_skew_seconds: None,
    })
}

/// RFC 6455 section 4.1. Our own headers come last and cannot replace the ones of the handshake (the configuration refuses those names).
fn request(target: &Target, resource: &str, plan: &DialPlan, key: &str) -> Vec<u8> {
    let mut text = format!(
        "GET {resource} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        target.authority(),
        plan.user_agent
    );
    if !plan.subprotocols.is_empty() {
        text.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", plan.subprotocols.join(", ")));
    }
    match &plan.credentials {
        None => {}
        Some(Credentials::Bearer(token)) => text.push_str(&format!("Authorization: Bearer {}\r\n", token.expose())),
        Some(Credentials::Basic { username, password }) => {
            let pair = BASE64_STANDARD.encode(format!("{username}:{}", password.expose()));
            text.push_str(&format!("Authorization: Basic {pair}\r\n"));
        }
    }
    for (name, value) in &plan.headers {
        text.push_str(&format!("{name}: {}\r\n", value.expose()));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Writes the request and reads until a final head is complete; what follows it stays in `buffer`.
async fn exchange<S: Transport>(
    stream: &mut S,
    request: &[u8],
    buffer: &mut Vec<u8>,
    until: Instant,
    plan: &DialPlan,
) -> Result<Head, UpgradeFault> {
    // A server may answer and close before it has read the request: what it said counts, so a write error waits for the read.
    let written = tokio::time::timeout_at(until, async {
        stream.write_all(request).await?;
        stream.flush().await
    });
    let write_error = match written.await {
        Err(_) => return Err(UpgradeFault::Timeout { after_bytes: false }),
        Ok(result) => result.err(),
    };
    let mut interim = 0;
    loop {
        match answer::parse_head(buffer) {
            Parsed::Broken(fault) => return Err(fault),
            Parsed::Complete(head) if is_interim(&head) && interim < MOST_INTERIM => {
                interim += 1;
                buffer.drain(..head.length);
            }
            Parsed::Complete(head) => return Ok(head),
            Parsed::Partial => read_more(stream, buffer, until, write_error.as_ref(), plan).await?,
        }
    }
}

/// 1xx other than 101 are to be skipped (RFC 9110 section 15.2).
const fn is_interim(head: &Head) -> bool {
    matches!(head.status, 100 | 102..=199)
}

async fn read_more<S: Transport>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    until: Instant,
    write_error: Option<&io::Error>,
    plan: &DialPlan,
) -> Result<(), UpgradeFault> {
    let after_bytes = !buffer.is_empty();
    let mut chunk = [0; 1024];
    let room = chunk.len().min(LONGEST_HEAD.saturating_sub(buffer.len()).max(1));
    match tokio::time::timeout_at(until, stream.read(&mut chunk[..room])).await {
        Err(_) => Err(UpgradeFault::Timeout { after_bytes }),
        Ok(Ok(0)) => {
            Err(write_error.map_or(UpgradeFault::Closed { after_bytes }, |error| broken(error, after_bytes, stream, plan)))
        }
        Ok(Ok(count)) => {
            buffer.extend_from_slice(&chunk[..count]);
            Ok(())
        }
        Ok(Err(error)) => Err(broken(write_error.unwrap_or(&error), after_bytes, stream, plan)),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign, non-exhaustive enums; what is left over is the end of the connection"
)]
fn broken<S: Transport>(error: &io::Error, after_bytes: bool, stream: &S, plan: &DialPlan) -> UpgradeFault {
    match blame::inner_tls(error) {
        // A TLS 1.3 server judges the client certificate after its own part of the handshake, so that its refusal comes here.
        Some(rustls::Error::AlertReceived(alert)) if *alert != AlertDescription::CloseNotify => {
            return UpgradeFault::TlsAlert { number: u8::from(*alert), with_client_certificate: plan.tls.client.is_some() };
        }
        Some(rustls::Error::DecryptError | rustls::Error::InvalidMessage(_)) => return UpgradeFault::TlsDamaged,
        _ => {}
    }
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            UpgradeFault::Reset { peer_took_bytes: peer_took_bytes(stream) }
        }
        ErrorKind::TimedOut => UpgradeFault::Timeout { after_bytes },
        _ => UpgradeFault::Closed { after_bytes },
    }
}

/// Reads on for as much of the body as comes soon.
async fn read_body<S: Transport>(stream: &mut S, head: &Head, body: &mut Vec<u8>) {
    let wanted = head.content_length().unwrap_or(LONGEST_BODY).min(LONGEST_BODY);
    let until = Instant::now() + BODY_PATIENCE;
    let mut chunk = [0; 1024];
    while body.len() < wanted {
        match tokio::time::timeout_at(until, stream.read(&mut chunk)).await {
            Ok(Ok(count)) if count > 0 => body.extend_from_slice(&chunk[..count]),
            _ => break,
        }
    }
    body.truncate(LONGEST_BODY);
}
