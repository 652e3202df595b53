//! Practice endpoints: a scripted voice server with one behaviour for each reason that a server can cause.
//!
//! Tests, the demo and alert drills use the same behaviours. Hand-written on raw sockets, because most of them break the rules on purpose.
//! Everything is on one port: `ws://`, `wss://` (the first byte tells them apart) and DNS over UDP; the path, the server name of the
//! ClientHello or the name that is looked up picks the behaviour. Two behaviours that must not take connections have ports of their own.
//!
//! Webhooks (`webhook`) are on the same port as well, over http and https. The voice servers (`voice`) speak the providers' protocols; the other behaviours know plain frames alone.
//!
//! Deliberately absent: anything that a real endpoint should do. It is meant for loopback.
//!
//! Invariant: no input of a client ends the server or makes it grow: connections, heads, frames, waiting answers and lifetimes are bounded.

mod answer;
mod behaviour;
mod certificates;
mod demo;
mod dns;
mod frame;
mod hosts;
mod line;
mod ports;
mod print;
mod request;
mod script;
mod server;
mod table;
mod tls;
mod voice;
mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use behaviour::{Behaviour, CLOSE_FAMILY, Family, HTTP_FAMILY, Provokes, Stage};
pub use certificates::PemIdentity;
pub use demo::demo_monitors;
pub use print::{list, markdown};
pub use table::BEHAVIOURS;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio_util::sync::CancellationToken;

use certificates::Certificates;
use ports::DeafPorts;
use script::Script;
use webhook::{Place, Tokens};

/// How often a port that TCP gets and UDP does not is given back for another.
const MOST_TRIES: usize = 16;
/// Small, so that a server that stops reading closes its window after a second of audio. The kernel doubles it.
const RECEIVE_BUFFER: u32 = 8 * 1024;
const BACKLOG: u32 = 1024;

/// A practice server with its sockets open.
#[derive(Debug)]
pub struct Practice {
    tcp: TcpListener,
    udp: Arc<UdpSocket>,
    address: SocketAddr,
    ports: DeafPorts,
    certificates: Arc<Certificates>,
    tokens: Arc<Tokens>,
}

impl Practice {
    /// Opens TCP and UDP on `address` (with port 0: one that is free for both), the extra ports, and makes the certificates.
    ///
    /// # Errors
    /// If a socket cannot be opened, or a certificate cannot be made.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let (tcp, udp) = bind_both(address).await?;
        let address = tcp.local_addr()?;
        let own = behaviour::reachable(address).ip();
        let ports = DeafPorts::open(own).await?;
        Ok(Self {
            tcp,
            udp: Arc::new(udp),
            address,
            ports,
            certificates: Arc::new(Certificates::make(own)?),
            tokens: Arc::default(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the practice CA: what a monitor needs as `ca_file`.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.certificates.ca().pem()
    }

    /// The same as DER.
    #[must_use]
    pub fn ca_der(&self) -> Vec<u8> {
        self.certificates.ca().der().to_vec()
    }

    /// A client certificate of the practice CA, with which `tls-client-cert` is a good line.
    #[must_use]
    pub fn client_identity(&self) -> &PemIdentity {
        self.certificates.client()
    }

    /// A client certificate of another authority, which `tls-client-cert` rejects.
    #[must_use]
    pub fn stranger_identity(&self) -> &PemIdentity {
        self.certificates.stranger()
    }

    /// The auth token with which the practice webhooks check Twilio's signature: what a monitor needs as `auth_token_file`.
    #[must_use]
    pub const fn auth_token() -> &'static str {
        webhook::AUTH_TOKEN
    }

    /// The port of a behaviour that has its own. `None` for other names, and for `tcp-timeout` on systems whose queues cannot be filled.
    #[must_use]
    pub fn port_of(&self, name: &str) -> Option<u16> {
        match Behaviour::find(name)?.script {
            Script::Port(script) => self.ports.port_of(script),
            Script::Webhook(webhook) => match webhook.place {
                Place::Port(script) => self.ports.port_of(script),
                Place::Path | Place::SecurePath | Place::Lookup(_) | Place::Handshake(_) => None,
            },
            Script::Dns(_) | Script::Tls(_) | Script::Answer(_) | Script::Line { .. } => None,
        }
    }

    /// The URL of a behaviour here. `None` for a port that this system cannot make.
    #[must_use]
    pub fn url(&self, behaviour: &Behaviour, secure: bool) -> Option<String> {
        let mut address = self.address;
        if behaviour.has_own_port() {
            address.set_port(self.port_of(behaviour.name)?);
        }
        Some(behaviour.url(secure, address))
    }

    /// Serves until it is cancelled; open lines are dropped then.
    pub async fn run(&self, cancel: CancellationToken) {
        let desks = server::Desks { certificates: Arc::clone(&self.certificates), tokens: Arc::clone(&self.tokens) };
        server::run(&self.tcp, &self.udp, &desks, cancel).await;
    }
}

async fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = 1;
    loop {
        let tcp = listen(address)?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 && tries < MOST_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
