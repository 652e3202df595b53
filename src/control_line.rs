//! The other end of the control line: a WebSocket echo over TLS on loopback, in this process.
//!
//! The daemon dials it by the same code as every endpoint. What fails here is the prober's own, and how long it takes here is what the
//! prober adds to every dial. Deliberately not the practice server, so that no misbehaviour is on offer beside a daemon.
//!
//! Invariant: it listens on loopback alone, and callers, their time and their messages are bounded.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rcgen::{CertificateParams, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;

use crate::monitor::{Monitor, MonitorName, Target};

/// Callers at a time; there is one that has business here.
const MOST_CALLERS: usize = 32;
/// How long one may stay, and how long it may take until its line is up.
const LONGEST_CALL: Duration = Duration::from_secs(30);
const LONGEST_DIAL: Duration = Duration::from_secs(5);
/// Bytes of a message; an audio frame has 640.
const MOST_BYTES: usize = 16 * 1024;
/// After an error of `accept`: there are no file descriptors, as a rule, which takes time to change.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often the line is probed, and for how long it is held.
const INTERVAL: Duration = Duration::from_secs(15);
const HOLD: Duration = Duration::from_secs(1);

/// The listener, and what dials it.
pub struct ControlLine {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    monitor: Arc<Monitor>,
}

impl ControlLine {
    /// Listens on a free port of loopback, with a certificate that nobody else knows.
    ///
    /// # Errors
    /// If loopback cannot be listened on, or the certificate cannot be made.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (certificate, key) = certificate().map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.clone()], key))
            .map_err(io::Error::other)?;
        let monitor = Arc::new(dialler(address, &certificate).map_err(io::Error::other)?);
        Ok(Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)), monitor })
    }

    /// What dials it: every 15 s, held for 1 s, with the expectation that all audio comes back.
    #[must_use]
    pub fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }

    /// Serves until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        let mut callers = JoinSet::new();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                Some(_) = callers.join_next() => {}
                accepted = self.listener.accept(), if callers.len() < MOST_CALLERS => match accepted {
                    Ok((stream, _)) => {
                        callers.spawn(timeout(LONGEST_CALL, echo(stream, self.acceptor.clone())));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
    }
}

fn dialler(address: SocketAddr, certificate: &CertificateDer<'_>) -> Result<Monitor, Box<dyn Error + Send + Sync>> {
    let mut monitor = Monitor::new(MonitorName::new("control-line")?, Target::parse(&format!("wss://{address}/"))?);
    monitor.rhythm.interval = INTERVAL;
    monitor.hold.target = HOLD;
    monitor.expect.echo = true;
    monitor.dial.tls.extra_roots = vec![certificate.to_vec()];
    Ok(monitor)
}

/// A certificate for the address of loopback, and its key.
fn certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.der().clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
}

/// Sends back what comes, until the caller says goodbye. An error ends the call, which is all that is to be done about it.
async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(MOST_BYTES))
        .max_frame_size(Some(MOST_BYTES));
    let dial = async { accept_async_with_config(acceptor.accept(stream).await.ok()?, Some(config)).await.ok() };
    let mut line = timeout(LONGEST_DIAL, dial).await.ok()??;
    while let Some(message) = line.next().await {
        let message = message.ok()?;
        if message.is_text() || message.is_binary() {
            line.send(message).await.ok()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lag::LagMeter;
    use crate::outcome::Outcome;
    use crate::probe::{Resources, probe};

    #[tokio::test]
    async fn the_line_to_ourselves_is_good_and_says_goodbye() {
        let line = ControlLine::bind().await.unwrap();
        let mut monitor = Monitor::clone(&line.monitor());
        monitor.hold.target = Duration::from_millis(300);
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(line.run(stop.clone()));
        let report = probe(&monitor, &Resources::new(LagMeter::new()), &CancellationToken::new()).await;
        assert_eq!(report.outcome, Outcome::Success, "{}", report.summary);
        assert!(report.audio.frames_received > 0 && report.tls.is_some() && report.findings.is_empty(), "{report:?}");
        stop.cancel();
        serving.join_next().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nobody_listens_any_more() {
        let line = ControlLine::bind().await.unwrap();
        let monitor = line.monitor();
        drop(line);
        let report = probe(&monitor, &Resources::new(LagMeter::new()), &CancellationToken::new()).await;
        assert_eq!(report.outcome, Outcome::Failure, "{}", report.summary);
    }
}
