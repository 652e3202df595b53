//! Phase `connect`: TCP to one address after the other, each with its evidence.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::blame;
use crate::monitor::HoldPlan;
use crate::verdict::ConnectFault;

/// A small send buffer, so that a server that does not read is noticed after a second of audio and not after eight.
const SEND_BUFFER: usize = 32 * 1024;
/// The least that the kernel may give up after; a backstop far behind the hold's own judgement, which keeps "stuck" and "gone" apart.
const LEAST_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// One attempt that failed.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) address: SocketAddr,
    pub(super) took: Duration,
    pub(super) error: Option<String>,
}

/// What became of all attempts.
pub(super) struct Connected {
    pub(super) attempts: Vec<Attempt>,
    pub(super) result: Result<(TcpStream, SocketAddr), ConnectFault>,
}

/// Dials `addresses` in order until one takes the connection, each with its share of `deadline`.
pub(super) async fn connect(addresses: &[IpAddr], port: u16, only_ipv6: bool, deadline: Duration, hold: &HoldPlan) -> Connected {
    let began = Instant::now();
    let mut attempts = Vec::with_capacity(addresses.len());
    let mut first_fault = None;
    for (index, ip) in addresses.iter().enumerate() {
        let address = SocketAddr::new(*ip, port);
        let left = deadline.saturating_sub(began.elapsed());
        let waiting = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let tried_at = Instant::now();
        let outcome = tokio::time::timeout(left / waiting, open(address, hold)).await;
        let took = tried_at.elapsed();
        let (fault, error) = match outcome {
            Ok(Ok(stream)) => {
                attempts.push(Attempt { address, took, error: None });
                return Connected { attempts, result: Ok((stream, address)) };
            }
            Ok(Err(error)) => (blame::connect_fault(&error, only_ipv6), error.to_string()),
            Err(_) => (ConnectFault::Timeout, "no answer".to_owned()),
        };
        attempts.push(Attempt { address, took, error: Some(error) });
        first_fault.get_or_insert(fault);
    }
    Connected { attempts, result: Err(first_fault.unwrap_or(ConnectFault::Unreachable)) }
}

async fn open(address: SocketAddr, hold: &HoldPlan) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_nodelay(true)?;
    let options = SockRef::from(&socket);
    options.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    options.set_tcp_user_timeout(Some(LEAST_USER_TIMEOUT.max(hold.stall_timeout * 2)))?;
    #[cfg(not(target_os = "linux"))]
    let _ = hold;
    socket.connect(address).await
}
