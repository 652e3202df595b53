//! Accepts connections, finds out what they speak, and hands them to their behaviour.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::behaviour::{reachable, script_of_path};
use super::certificates::Certificates;
use super::line::Line;
use super::request::{BadRequest, Request};
use super::script::{Ending, Script};
use super::voice::VoiceScript;
use super::webhook::{self, Tokens};
use super::wire::Wire;
use super::{answer, dns, tls};

/// More callers wait in the accept queue.
const MOST_LINES: usize = 4096;
const LONGEST_LINE: Duration = Duration::from_hours(24);
/// From the connection to its first byte, and again to the end of the request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// After an error of `accept`: the usual one is that there are no file descriptors, which takes time to change.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The content type handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// The high byte of the length of a DNS question over TCP (RFC 1035 section 4.2.2).
const DNS_OVER_TCP: u8 = 0x00;

/// What all lines share.
#[derive(Clone, Debug)]
pub(super) struct Desks {
    pub(super) certificates: Arc<Certificates>,
    /// What webhooks hand out, and streams ask for.
    pub(super) tokens: Arc<Tokens>,
}

/// Serves until `cancel`; then drops every line.
pub(super) async fn run(tcp: &TcpListener, udp: &Arc<UdpSocket>, desks: &Desks, cancel: CancellationToken) {
    let mut tasks = JoinSet::new();
    if let Some(own) = own_address(tcp) {
        tasks.spawn(dns::serve(Arc::clone(udp), own));
    }
    loop {
        select! {
            () = cancel.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(?error, "a practice line panicked");
                }
            }
            accepted = tcp.accept(), if tasks.len() < MOST_LINES => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, desks.clone()));
                }
                Err(error) => {
                    tracing::warn!(?error, "the practice server cannot accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    tasks.shutdown().await;
}

fn own_address(tcp: &TcpListener) -> Option<IpAddr> {
    tcp.local_addr().ok().map(|address| reachable(address).ip())
}

async fn serve(stream: TcpStream, desks: Desks) {
    match timeout(LONGEST_LINE, converse(stream, &desks)).await {
        // An error is a caller that has gone, which is what most behaviours are about.
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(?error, "a practice line broke off"),
        Err(_) => tracing::debug!("a practice line came to its longest time"),
    }
}

async fn converse(stream: TcpStream, desks: &Desks) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    if timeout(HEAD_TIMEOUT, stream.peek(&mut first)).await?? == 0 {
        return Ok(());
    }
    let mut wire = match first {
        [TLS_HANDSHAKE] => match tls::accept(stream, &desks.certificates).await? {
            Some(wire) => wire,
            None => return Ok(()),
        },
        [DNS_OVER_TCP] => {
            Wire::plain(stream).end(Ending::Close).await;
            return Ok(());
        }
        _ => Wire::plain(stream),
    };
    let mut inbox = BytesMut::new();
    match timeout(HEAD_TIMEOUT, read_head(&mut wire, &mut inbox)).await?? {
        Ok(request) => dispatch(wire, inbox, &request, &desks.tokens).await,
        Err(bad) => {
            answer::plain_page(wire, "400 Bad Request", &format!("{bad}\n")).await;
            Ok(())
        }
    }
}

async fn read_head(wire: &mut Wire, inbox: &mut BytesMut) -> io::Result<Result<Request, BadRequest>> {
    loop {
        match Request::take(inbox) {
            Ok(Some(request)) => return Ok(Ok(request)),
            Err(bad) => return Ok(Err(bad)),
            Ok(None) => wire.receive(inbox).await?,
        }
    }
}

/// What the path asks for: a behaviour, or the stream of a call that a webhook has announced.
fn script_of(request: &Request, tokens: &Tokens) -> Option<Script> {
    let call = webhook::call_of_path(&request.behaviour).filter(|_| request.key.is_some());
    match call {
        Some(call) => tokens.redeem_call(call).then_some(Script::voice(VoiceScript::ANNOUNCED)),
        None => script_of_path(&request.behaviour),
    }
}

async fn dispatch(mut wire: Wire, inbox: BytesMut, request: &Request, tokens: &Tokens) -> io::Result<()> {
    let secure = wire.is_tls();
    match (script_of(request, tokens).map(|script| script.as_asked(&request.target, secure)), &request.key) {
        (Some(Script::Webhook(script)), _) => return webhook::serve(wire, inbox, request, script, tokens).await,
        (Some(Script::Answer(script)), _) => answer::answer(wire, script).await,
        (Some(Script::Line { switch, line }), Some(key)) => {
            answer::switch(&mut wire, request, key, switch).await?;
            return Line::new(wire, inbox).act(line, tokens).await;
        }
        (Some(_), None) => answer::plain_page(wire, "426 Upgrade Required", "this is a WebSocket endpoint\n").await,
        (Some(_) | None, _) => {
            let text = "there is no behaviour of this name; `sidetone practice --list` shows them all\n";
            answer::plain_page(wire, "404 Not Found", text).await;
        }
    }
    Ok(())
}
