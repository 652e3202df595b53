//! The shell around the hold: the only `select!` of a line that is up. Hands in what happens, does what the machine says.
//!
//! Generic over the stream, so that TCP, TLS and the tests' in-memory pipes take the same path.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::blame;
use super::line::{Tap, Transport};
use crate::dialect::{Incoming, Wire};
use crate::hold::{Ending, Hold, Input, Outgoing, Output};
use crate::monitor::{Budgets, HoldPlan};
use crate::verdict::Violation;

/// How often the kernel's counters are looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// How long the end of the TCP connection may take after everything has been said; part of [`HoldPlan::DRAIN`].
const SHUTDOWN_PATIENCE: Duration = Duration::from_millis(50);
/// Bytes that are read after the end, at most.
const MOST_DRAINED: u64 = 1 << 20;

/// The library's settings: its default read buffer of 128 KiB costs most of a line's memory, and its limits are 16 MiB and more.
pub(super) fn settings(budgets: &Budgets) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(256 * 1024)
        .max_frame_size(Some(budgets.frame_bytes))
        .max_message_size(Some(budgets.message_bytes))
}

/// What the WebSocket did.
enum Event {
    Message(Message),
    Gone,
    Violation,
    Blocked,
    Flushed,
}

/// A line that is being held.
pub(super) struct Shell<S> {
    ws: WebSocketStream<Tap<S>>,
    origin: Instant,
    /// Something was handed to the library that may not be with the kernel yet.
    dirty: bool,
    blocked: bool,
    /// The broken rule that only the library saw.
    violation: Option<Violation>,
    violation_told: bool,
}

impl<S: Transport> Shell<S> {
    pub(super) const fn new(ws: WebSocketStream<Tap<S>>, origin: Instant) -> Self {
        Self { ws, origin, dirty: false, blocked: false, violation: None, violation_told: false }
    }

    pub(super) fn tap(&self) -> &Tap<S> {
        self.ws.get_ref()
    }

    /// The broken rule; the tap's own reading goes before the library's.
    pub(super) fn broken_rule(&self) -> Option<Violation> {
        self.tap().frames.violation.or(self.violation)
    }

    /// Holds the line until the machine is done, then lets the connection end in order.
    pub(super) async fn drive(&mut self, hold: &mut Hold, cancel: &CancellationToken) -> Ending {
        let mut samples = tokio::time::interval_at(self.origin, SAMPLE_EVERY);
        samples.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let timer = tokio::time::sleep_until(self.origin);
        tokio::pin!(timer);
        // Made once: each new one would take the token's lock.
        let cancelled = cancel.cancelled();
        tokio::pin!(cancelled);
        let mut is_cancelled = false;
        loop {
            match hold.poll() {
                Output::Send(out) => self.send(out),
                Output::Done(ending) => {
                    self.finish(ending).await;
                    return ending;
                }
                Output::WaitUntil(until) => {
                    let until = self.origin + until;
                    if timer.deadline() != until {
                        timer.as_mut().reset(until);
                    }
                    tokio::select! {
                        biased;
                        () = &mut cancelled, if !is_cancelled => {
                            is_cancelled = true;
                            hold.handle(self.origin.elapsed(), Input::Cancel);
                        }
                        _ = samples.tick() => self.sample(hold),
                        () = &mut timer => hold.handle(self.origin.elapsed(), Input::Tick),
                        event = std::future::poll_fn(|cx| self.poll_event(cx)) => self.tell(hold, &event),
                    }
                }
            }
        }
    }

    /// Writes before it reads: what is stuck must not wait for the peer to speak.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.dirty {
            match Pin::new(&mut self.ws).poll_flush(cx) {
                Poll::Ready(_) => {
                    // An error shows in reading as well, and there with everything that the peer said before it.
                    self.dirty = false;
                    if std::mem::take(&mut self.blocked) {
                        return Poll::Ready(Event::Flushed);
                    }
                }
                Poll::Pending if !self.blocked => {
                    self.blocked = true;
                    return Poll::Ready(Event::Blocked);
                }
                Poll::Pending => {}
            }
        }
        let polled = Pin::new(&mut self.ws).poll_next(cx);
        // Messages that came before the broken rule go first: they are evidence.
        let has_message = matches!(&polled, Poll::Ready(Some(Ok(_))));
        if !has_message && self.tap().frames.violation.is_some() && !self.violation_told {
            self.violation_told = true;
            return Poll::Ready(Event::Violation);
        }
        polled.map(|next| match next {
            Some(Ok(message)) => Event::Message(message),
            Some(Err(error)) => self.broken(&error),
            None => Event::Gone,
        })
    }

    fn broken(&mut self, error: &tungstenite::Error) -> Event {
        // A stream that has ended is no broken rule, whatever the library calls it.
        if self.tap().end.is_some() || self.violation_told {
            return Event::Gone;
        }
        match blame::violation(error) {
            None => Event::Gone,
            Some(violation) => {
                self.violation = Some(violation);
                self.violation_told = true;
                Event::Violation
            }
        }
    }

    fn tell(&mut self, hold: &mut Hold, event: &Event) {
        let read_at = self.tap().last_read.saturating_duration_since(self.origin);
        let now = self.origin.elapsed();
        self.tell_received(hold, event);
        match event {
            Event::Message(message) => {
                // Pings and Closes leave an answer with the library that has to be flushed.
                self.dirty |= message.is_ping() || message.is_close();
                tell_message(hold, read_at, message);
            }
            // A Close that the library did not get to is still a Close.
            Event::Gone if self.tap().frames.close.is_some() => hold.handle(read_at, Input::PeerClosed),
            Event::Gone => {
                let ended_at = self.tap().end.as_ref().map_or(now, |end| end.at.saturating_duration_since(self.origin));
                hold.handle(ended_at, Input::PeerGone);
            }
            Event::Violation => {
                let code = self.broken_rule().map_or(1002, Violation::close_code);
                hold.handle(read_at, Input::Violation { code });
            }
            Event::Blocked => hold.handle(now, Input::WriteBlocked),
            Event::Flushed => hold.handle(now, Input::WriteFlushed),
        }
        let frames = &self.tap().frames;
        hold.handle(now, Input::Traffic { frames: frames.frames, bytes: frames.bytes });
    }

    /// When bytes last came. A Close comes after the silence that it may be about, and does not count.
    fn tell_received(&self, hold: &mut Hold, event: &Event) {
        let is_close = match event {
            Event::Message(message) => message.is_close(),
            Event::Gone => self.tap().frames.close.is_some(),
            Event::Violation | Event::Blocked | Event::Flushed => false,
        };
        if self.tap().frames.bytes > 0 && !is_close {
            hold.handle(self.tap().last_read.saturating_duration_since(self.origin), Input::Received);
        }
    }

    fn sample(&self, hold: &mut Hold) {
        let now = self.origin.elapsed();
        if let Some(sample) = self.tap().stream().path_sample() {
            hold.handle(now, Input::Path(sample));
        }
        let frames = &self.tap().frames;
        hold.handle(now, Input::Traffic { frames: frames.frames, bytes: frames.bytes });
    }

    fn send(&mut self, out: Outgoing) {
        let message = match out {
            Outgoing::Data(Wire::Binary(bytes)) => Message::Binary(bytes),
            // Text wires are UTF-8 by construction; should one not be, it goes out as what it is.
            Outgoing::Data(Wire::Text(bytes)) => match Utf8Bytes::try_from(bytes.clone()) {
                Ok(text) => Message::Text(text),
                Err(_) => Message::Binary(bytes),
            },
            Outgoing::Ping(payload) => Message::Ping(payload),
            Outgoing::Close(code) => Message::Close(Some(CloseFrame { code: code.into(), reason: Utf8Bytes::default() })),
        };
        // An error shows in reading as well; see `poll_event`.
        let _ = Pin::new(&mut self.ws).start_send(message);
        self.dirty = true;
    }

    /// Says what is still to be said, reads what is still to be read, and ends the connection in order.
    async fn finish(&mut self, ending: Ending) {
        if matches!(ending, Ending::Blackhole | Ending::WriteStalled) {
            return;
        }
        let until = Instant::now() + HoldPlan::DRAIN.saturating_sub(SHUTDOWN_PATIENCE);
        let flush = std::future::poll_fn(|cx| Pin::new(&mut self.ws).poll_flush(cx));
        let _ = tokio::time::timeout_at(until, flush).await;
        let _ = tokio::time::timeout_at(until, self.drain()).await;
        let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, self.ws.get_mut().shutdown()).await;
    }

    /// Reads on until the stream ends: a Close may still be on its way, and the server ends the connection first (RFC 6455 section 7.1.1).
    async fn drain(&mut self) {
        let mut scratch = [0; 1024];
        let enough = self.tap().frames.bytes + MOST_DRAINED;
        while self.tap().frames.bytes < enough && self.tap().end.as_ref().is_none_or(|end| end.error.is_some()) {
            match self.ws.get_mut().read(&mut scratch).await {
                Ok(count) if count > 0 => {}
                _ => return,
            }
        }
    }
}

fn tell_message(hold: &mut Hold, at: Duration, message: &Message) {
    let input = match message {
        Message::Text(text) => Input::Message(Incoming::Text(text.as_str())),
        Message::Binary(bytes) => Input::Message(Incoming::Binary(bytes)),
        Message::Ping(_) => Input::Ping,
        Message::Pong(payload) => Input::Pong(payload),
        Message::Close(_) => Input::PeerClosed,
        // Only ever given to writers.
        Message::Frame(_) => Input::Tick,
    };
    hold.handle(at, input);
}
