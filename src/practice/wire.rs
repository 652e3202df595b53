//! One accepted connection, plain or inside TLS, and the ways to end it.
//!
//! A FIN is only a FIN if nothing unread is in the buffer when the socket is closed (else Linux sends RST), so every orderly end
//! shuts down the sending side and then reads on until the caller has gone.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::script::Ending;

/// Bytes of one read at the least.
const READ: usize = 4096;
/// How long a caller may take to hang up after our FIN.
const LINGER: Duration = Duration::from_secs(5);

/// A connection after TLS, if there is any.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self { stream: Either::Left(stream) }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self { stream: Either::Right(Box::new(stream)) }
    }

    pub(super) const fn is_tls(&self) -> bool {
        matches!(self.stream, Either::Right(_))
    }

    /// The server's port; 0 if the socket has gone.
    pub(super) fn port(&mut self) -> u16 {
        self.tcp().local_addr().map_or(0, |address| address.port())
    }

    /// The socket below TLS.
    pub(super) fn tcp(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Either::Left(tcp) => tcp,
            Either::Right(tls) => tls.get_mut().0,
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Appends what has come to `buffer`; the caller's end is an error. Nothing is lost if it is cancelled.
    pub(super) async fn receive(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        buffer.reserve(READ);
        match self.stream.read_buf(buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Both directions at once, for a server that talks without listening to the answers.
    pub(super) fn split(&mut self) -> (impl tokio::io::AsyncRead + Unpin, impl tokio::io::AsyncWrite + Unpin) {
        tokio::io::split(&mut self.stream)
    }

    /// Ends the connection.
    pub(super) async fn end(mut self, how: Ending) {
        match how {
            Ending::Close => {
                // If the caller has gone, there is nobody to tell.
                let _ = timeout(LINGER, self.stream.shutdown()).await;
                let _ = timeout(LINGER, discard(self.tcp())).await;
            }
            Ending::Cut => {
                let tcp = self.tcp();
                let _ = tcp.shutdown().await;
                let _ = timeout(LINGER, discard(tcp)).await;
            }
            Ending::Reset => {
                let _ = self.tcp().set_zero_linger();
            }
            Ending::Hang => discard(self.tcp()).await,
        }
    }
}

/// Reads until the end, into nothing.
async fn discard(tcp: &mut TcpStream) {
    let mut waste = [0; READ];
    while matches!(tcp.read(&mut waste).await, Ok(read) if read > 0) {}
}
