//! A stream whose peer has to take what is written to it.
//!
//! hyper has a deadline for the head of a request and none for an answer: whoever asks and never reads would hold a connection for as
//! long as it may live. The deadline is for all that is buffered, and not for each piece: a peer that takes a byte now and then, or has
//! asked for the next answer before it took this one, gains nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// `S`, on which writing fails with `TimedOut` when it has been held up for `patience` without a completed flush.
pub(super) struct Prompt<S> {
    stream: S,
    patience: Duration,
    /// Set from the first write that was held up to the next completed flush.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Prompt<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, deadline: None }
    }

    /// Turns a step that has been held up for too long into an error.
    fn watch<T>(&mut self, step: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if step.is_ready() {
            return step;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prompt<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompt<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(step, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let step = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(step, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.stream).poll_flush(context);
        if step.is_ready() {
            self.deadline = None;
        }
        self.watch(step, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(step, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut stream = Prompt::new(ours, PATIENCE);
        let began = Instant::now();
        let error = stream.write_all(b"more than eight").await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_buy_time() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let mut stream = Prompt::new(ours, PATIENCE);
        let trickle = async {
            loop {
                tokio::time::sleep(Duration::from_secs(3)).await;
                theirs.read_u8().await.unwrap();
            }
        };
        let began = Instant::now();
        tokio::select! {
            ended = stream.write_all(&[0; 100]) => assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut),
            () = trickle => {}
        }
        assert!(began.elapsed() <= PATIENCE + Duration::from_secs(3), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_that_was_taken_begins_anew() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let mut stream = Prompt::new(ours, PATIENCE);
        for _ in 0..5 {
            let write = async {
                stream.write_all(b"more than eight").await?;
                stream.flush().await
            };
            let read = async {
                tokio::time::sleep(Duration::from_secs(6)).await;
                theirs.read_exact(&mut [0; 15]).await
            };
            let (written, read) = tokio::join!(write, read);
            assert_eq!((written.unwrap(), read.unwrap()), ((), 15));
        }
    }
}
