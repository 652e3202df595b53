//! Ports that do not take connections: one that refuses, one whose accept queue is full.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::script::PortScript;

/// A connection that takes longer than this on loopback is not taken at all.
const DROPPED_AFTER: Duration = Duration::from_millis(100);
/// More than any system lets into a queue of length 0 or 1.
const MOST_FILLERS: usize = 8;

/// Sockets that keep the two ports as they are for as long as they live.
#[derive(Debug)]
pub(super) struct DeafPorts {
    /// Bound and not listening: the kernel answers a SYN with RST, and nobody else gets the port.
    refused: TcpSocket,
    /// Listening, never accepting, and full.
    full: Option<FullListener>,
}

#[derive(Debug)]
struct FullListener {
    listener: TcpListener,
    #[expect(dead_code, reason = "open connections are what fills the queue")]
    fillers: Vec<TcpStream>,
}

impl DeafPorts {
    pub(super) async fn open(ip: IpAddr) -> io::Result<Self> {
        Ok(Self { refused: bound(ip)?, full: FullListener::open(ip).await? })
    }

    pub(super) fn port_of(&self, script: PortScript) -> Option<u16> {
        let address = match script {
            PortScript::Refused => self.refused.local_addr(),
            PortScript::Timeout => self.full.as_ref()?.listener.local_addr(),
        };
        address.ok().map(|address| address.port())
    }
}

impl FullListener {
    /// Connects until the kernel no longer answers. `None` where it always does (systems that answer a SYN before they look at the queue).
    async fn open(ip: IpAddr) -> io::Result<Option<Self>> {
        let listener = bound(ip)?.listen(0)?;
        let address = listener.local_addr()?;
        let mut fillers = Vec::new();
        while fillers.len() < MOST_FILLERS {
            match timeout(DROPPED_AFTER, TcpStream::connect(address)).await {
                Ok(filler) => fillers.push(filler?),
                Err(_) => return Ok(Some(Self { listener, fillers })),
            }
        }
        Ok(None)
    }
}

fn bound(ip: IpAddr) -> io::Result<TcpSocket> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(ip, 0))?;
    Ok(socket)
}
