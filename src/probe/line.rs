//! The byte stream of a probe: TCP or TLS over TCP, with taps that note what passes.
//!
//! [`Tap`] lies directly under the WebSocket library and follows the frames; [`RawTap`] lies under TLS and keeps the first bytes
//! that came. Both note when bytes came and how the stream ended, as the first observation is the true one: after a write has
//! swallowed ECONNRESET, the next read looks like a clean end.
//!
//! Invariant: a tap never changes, delays or refuses a byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::frames::FrameReader;
use super::kernel;
use crate::hold::PathSample;

/// How many first bytes are kept to recognise what answers.
const FIRST_BYTES: usize = 16;

/// A byte stream whose kernel may be asked how it is.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// The kernel's counters, where there is a kernel under it.
    fn path_sample(&self) -> Option<PathSample>;
}

impl Transport for tokio::io::DuplexStream {
    fn path_sample(&self) -> Option<PathSample> {
        None
    }
}

/// How a stream ended, and when that was seen.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: Instant,
    /// `None` for an orderly end of the stream.
    pub(crate) error: Option<io::Error>,
}

/// TCP with a note of the first bytes.
#[derive(Debug)]
pub(crate) struct RawTap {
    stream: TcpStream,
    pub(crate) first_bytes: Vec<u8>,
}

impl RawTap {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, first_bytes: Vec::new() }
    }
}

impl Transport for RawTap {
    fn path_sample(&self) -> Option<PathSample> {
        kernel::path_sample(&self.stream)
    }
}

impl AsyncRead for RawTap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let room = FIRST_BYTES - self.first_bytes.len();
        if room > 0 {
            let fresh = &buf.filled()[before..];
            self.first_bytes.extend_from_slice(&fresh[..fresh.len().min(room)]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for RawTap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The stream of a probe, with or without TLS.
#[derive(Debug)]
pub(crate) enum Line {
    Plain(RawTap),
    Tls(Box<TlsStream<RawTap>>),
}

impl Transport for Line {
    fn path_sample(&self) -> Option<PathSample> {
        self.raw().path_sample()
    }
}

impl Line {
    pub(crate) fn raw(&self) -> &RawTap {
        match self {
            Self::Plain(raw) => raw,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    pub(crate) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// Calls the method of whichever stream is inside.
macro_rules! forward {
    ($self:ident, $method:ident, $($argument:expr),*) => {
        match $self.get_mut() {
            Line::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Line::Tls(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_read, cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        forward!(self, poll_write, cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, poll_shutdown, cx)
    }
}

/// The tap under the WebSocket library.
#[derive(Debug)]
pub(crate) struct Tap<S> {
    stream: S,
    pub(crate) frames: FrameReader,
    /// When bytes last came.
    pub(crate) last_read: Instant,
    /// The first sign of the end, from either direction.
    pub(crate) end: Option<End>,
}

impl<S> Tap<S> {
    /// A tap from the 101 on; `tail` is what had been read behind it already.
    pub(crate) fn new(stream: S, mut frames: FrameReader, tail: &[u8], now: Instant) -> Self {
        frames.observe(tail);
        Self { stream, frames, last_read: now, end: None }
    }

    pub(crate) const fn stream(&self) -> &S {
        &self.stream
    }

    fn note_end(&mut self, error: Option<io::Error>) {
        self.end.get_or_insert_with(|| End { at: Instant::now(), error });
    }

    /// An `io::Error` cannot be cloned: the tap keeps it, and the library gets one of the same kind.
    fn note_error(&mut self, error: io::Error) -> io::Error {
        let kind = error.kind();
        self.note_end(Some(error));
        kind.into()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match ready!(Pin::new(&mut self.stream).poll_read(cx, buf)) {
            Ok(()) if buf.filled().len() == before => self.note_end(None),
            Ok(()) => {
                self.last_read = Instant::now();
                self.frames.observe(&buf.filled()[before..]);
            }
            Err(error) => return Poll::Ready(Err(self.note_error(error))),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(result.map_err(|error| self.note_error(error)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        Poll::Ready(result.map_err(|error| self.note_error(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
