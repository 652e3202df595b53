//! Phase `upgrade`: our own request, and every answer kept.
//!
//! The WebSocket library's handshake loses the status of an HTTP/1.0 answer, the body, and everything that is not HTTP; what came back is
//! the most telling evidence that there is.

use std::io::{self, ErrorKind};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::AlertDescription;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use super::answer::{self, Head, LONGEST_HEAD, Parsed};
use super::blame;
use super::caller::Caller;
use super::line::Transport;
use super::scrub::Scrubber;
use super::tls::peer_took_bytes;
use crate::monitor::{Credentials, DialPlan, Monitor, Target};
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

/// What came back; `A` is what counts.
pub(super) struct Upgraded<A = Accepted> {
    pub(super) result: Result<A, UpgradeFault>,
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

/// Asks for the upgrade and reads the answer, within the deadline for the head as a whole.
pub(super) async fn upgrade<S: Transport>(stream: &mut S, monitor: &Monitor, target: &Target, caller: &Caller) -> Upgraded {
    let plan = &monitor.dial;
    let until = Instant::now() + plan.timeouts.upgrade;
    let key = generate_key();
    let mut buffer = Vec::with_capacity(1024);
    let head = exchange(stream, &request(target, caller, plan, &key), &mut buffer, until, plan).await;
    let scrubber = Scrubber::new(monitor, caller);
    match head {
        Err(fault) => Upgraded { report: garbage_report(&fault, &buffer, &scrubber), result: Err(fault), bare_lf: false },
        Ok(head) => judge(stream, head, buffer, &key, plan, &scrubber).await,
    }
}

/// Asks for the same as an ordinary client does, and takes any answer.
pub(super) async fn get<S: Transport>(stream: &mut S, monitor: &Monitor, target: &Target, caller: &Caller) -> Upgraded<()> {
    let plan = &monitor.dial;
    let until = Instant::now() + plan.timeouts.upgrade;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        caller.resource,
        target.authority(),
        plan.user_agent
    );
    let mut buffer = Vec::with_capacity(1024);
    let head = exchange(stream, request.as_bytes(), &mut buffer, until, plan).await;
    let scrubber = Scrubber::new(monitor, caller);
    match head {
        Err(fault) => Upgraded { report: garbage_report(&fault, &buffer, &scrubber), result: Err(fault), bare_lf: false },
        Ok(head) => {
            let mut body = buffer.split_off(head.length);
            read_body(stream, &head, &mut body).await;
            Upgraded { report: Some(report(&head, &body, &scrubber)), result: Ok(()), bare_lf: head.bare_lf }
        }
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
        Err(UpgradeFault::Status { code: head.status, says_tls_port: head.status == 400 && answer::says_tls_port(&tail) })
    };
    let report = report(&head, if head.status == 101 { &[] } else { &tail }, scrubber);
    let result = result.map(|subprotocol| Accepted { at, tail, subprotocol });
    Upgraded { result, report: Some(report), bare_lf: head.bare_lf }
}

fn report(head: &Head, body: &[u8], scrubber: &Scrubber) -> UpgradeReport {
    UpgradeReport {
        status: Some(head.status),
        http_version: Some(format!("1.{}", head.minor_version)),
        headers: head.printable(scrubber),
        body: Printable::capture(&scrubber.scrub(body), LONGEST_BODY),
        clock_skew_seconds: head.date().map(|date| date as f64 - Timestamp::now().unix_seconds()),
    }
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
fn request(target: &Target, caller: &Caller, plan: &DialPlan, key: &str) -> Vec<u8> {
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        caller.resource,
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
    // Whoever wrote a value, it cannot end its line.
    let whole = |text: &str| !text.contains(['\r', '\n']);
    let headers = caller.headers.iter().chain(&plan.headers);
    for (name, value) in headers.filter(|(name, value)| whole(name) && whole(value.expose())) {
        text.push_str(&format!("{name}: {}\r\n", value.expose()));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Why reading stopped before a head was complete.
enum Stop {
    Fault(UpgradeFault),
    Ended,
    Broken(io::Error),
}

/// Writes the request and reads until a final head is complete; what follows it stays in `buffer`. Both at the same time, as a server may
/// answer before it has read everything, and what it said counts.
async fn exchange<S: Transport>(
    stream: &mut S,
    request: &[u8],
    buffer: &mut Vec<u8>,
    until: Instant,
    plan: &DialPlan,
) -> Result<Head, UpgradeFault> {
    let mut write_error = None;
    let result = {
        let (mut reader, mut writer) = tokio::io::split(&mut *stream);
        let write = async {
            writer.write_all(request).await?;
            writer.flush().await
        };
        let read = read_head(&mut reader, buffer, until);
        tokio::pin!(write, read);
        tokio::select! {
            head = &mut read => head,
            written = &mut write => {
                write_error = written.err();
                read.await
            }
        }
    };
    let after_bytes = !buffer.is_empty();
    result.map_err(|stop| match (stop, write_error) {
        (Stop::Fault(fault), _) => fault,
        (Stop::Ended, None) => UpgradeFault::Closed { after_bytes },
        // An alert says more than the write that it broke.
        (Stop::Broken(error), _) if blame::inner_tls(&error).is_some() => broken(&error, after_bytes, stream, plan),
        (Stop::Ended | Stop::Broken(_), Some(error)) | (Stop::Broken(error), None) => broken(&error, after_bytes, stream, plan),
    })
}

async fn read_head(reader: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>, until: Instant) -> Result<Head, Stop> {
    let mut interim = 0;
    loop {
        match answer::parse_head(buffer) {
            Parsed::Broken(UpgradeFault::NotHttp { .. }) => return Err(Stop::Fault(read_opening(reader, buffer, until).await)),
            Parsed::Broken(fault) => return Err(Stop::Fault(fault)),
            Parsed::Complete(head) if is_interim(&head) && interim < MOST_INTERIM => {
                interim += 1;
                buffer.drain(..head.length);
            }
            Parsed::Complete(head) => return Ok(head),
            Parsed::Partial => match tokio::time::timeout_at(until, read_more(reader, buffer)).await {
                Ok(read) => read?,
                Err(_) => return Err(Stop::Fault(UpgradeFault::Timeout { after_bytes: !buffer.is_empty() })),
            },
        }
    }
}

/// What is not HTTP is recognised by its first bytes, which may come one by one.
async fn read_opening(reader: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>, until: Instant) -> UpgradeFault {
    let until = until.min(Instant::now() + BODY_PATIENCE);
    while buffer.len() < answer::OPENING {
        let Ok(Ok(())) = tokio::time::timeout_at(until, read_more(reader, buffer)).await else { break };
    }
    UpgradeFault::NotHttp { first_bytes: buffer[..buffer.len().min(answer::OPENING)].to_vec() }
}

/// Reads what comes next, but no more than a head may have.
async fn read_more(reader: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Result<(), Stop> {
    let mut chunk = [0; 1024];
    let room = chunk.len().min(LONGEST_HEAD.saturating_sub(buffer.len()).max(1));
    match reader.read(&mut chunk[..room]).await {
        Ok(0) => Err(Stop::Ended),
        Ok(count) => {
            buffer.extend_from_slice(&chunk[..count]);
            Ok(())
        }
        Err(error) => Err(Stop::Broken(error)),
    }
}

/// 1xx other than 101 are to be skipped (RFC 9110 section 15.2).
const fn is_interim(head: &Head) -> bool {
    matches!(head.status, 100 | 102..=199)
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
