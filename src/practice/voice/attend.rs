//! Drives a [`Session`] over a connection whose 101 has just been sent.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value;
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Action, Message, Session, VoiceScript};
use crate::practice::frame::{self, Frame};
use crate::practice::script::Ending;
use crate::practice::webhook::Tokens;
use crate::practice::wire::Wire;

/// The largest message, out of however many fragments.
const LARGEST_MESSAGE: usize = 1 << 20;
/// How long a caller may take to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The close code for a stream without a token.
const NOT_LET_IN: u16 = 4401;

/// What follows.
type Next = io::Result<ControlFlow<Parting>>;

/// Why the call is over.
#[derive(Debug, PartialEq, Eq)]
enum Parting {
    /// The caller said Close, and has its answer.
    Theirs,
    /// We said Close.
    Ours,
}

/// Lives one call to its end. An I/O error means that the caller has gone.
pub(in crate::practice) async fn attend(wire: Wire, inbox: BytesMut, script: VoiceScript, tokens: &Tokens) -> io::Result<()> {
    let asks = script.asks_for_token.then_some(tokens);
    let mut line = VoiceLine { wire, inbox, session: Session::new(script), asks, began: Instant::now(), begun: None };
    let opening = line.session.open();
    let parting = match line.perform(opening).await? {
        ControlFlow::Continue(()) => line.talk().await?,
        ControlFlow::Break(parting) => parting,
    };
    if parting == Parting::Ours {
        // Without the caller's Close there is nothing to wait for longer; either way the line ends here.
        let _ = timeout(CLOSE_TIMEOUT, line.await_close()).await;
    }
    line.wire.end(Ending::Close).await;
    Ok(())
}

struct VoiceLine<'t> {
    wire: Wire,
    /// Read and not yet taken.
    inbox: BytesMut,
    session: Session,
    /// The tokens, until the hello has shown one of them.
    asks: Option<&'t Tokens>,
    began: Instant,
    /// A message of which more fragments are due.
    begun: Option<(u8, BytesMut)>,
}

impl VoiceLine<'_> {
    async fn talk(&mut self) -> io::Result<Parting> {
        loop {
            let next = match frame::take(&mut self.inbox) {
                Ok(Some(frame)) => self.take(frame).await?,
                Ok(None) => self.wait().await?,
                Err(bad) => self.perform(vec![Action::Close(bad.close_code(), bad.to_string())]).await?,
            };
            if let ControlFlow::Break(parting) = next {
                return Ok(parting);
            }
        }
    }

    /// Waits for bytes or for the time to speak.
    async fn wait(&mut self) -> Next {
        let due = self.session.due().map(|due| self.began + due);
        select! {
            read = self.wire.receive(&mut self.inbox) => {
                read?;
                Ok(ControlFlow::Continue(()))
            }
            () = sleep_until(due.unwrap_or(self.began)), if due.is_some() => {
                let actions = self.session.turn(self.began.elapsed());
                self.perform(actions).await
            }
        }
    }

    async fn take(&mut self, frame: Frame) -> Next {
        match frame.opcode {
            frame::CLOSE => {
                self.wire.send(&frame::whole(frame::CLOSE, &frame.payload)).await?;
                Ok(ControlFlow::Break(Parting::Theirs))
            }
            frame::PING => {
                self.wire.send(&frame::whole(frame::PONG, &frame.payload)).await?;
                Ok(ControlFlow::Continue(()))
            }
            frame::TEXT | frame::BINARY | frame::CONTINUATION => self.assemble(frame).await,
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    async fn assemble(&mut self, frame: Frame) -> Next {
        let (opcode, mut message) = match self.begun.take() {
            Some((opcode, message)) if frame.opcode == frame::CONTINUATION => (opcode, message),
            None if frame.opcode != frame::CONTINUATION => (frame.opcode, BytesMut::new()),
            Some(_) | None => return self.perform(vec![Action::Close(1002, "fragments out of order".to_owned())]).await,
        };
        message.unsplit(frame.payload);
        if message.len() > LARGEST_MESSAGE {
            return self.perform(vec![Action::Close(1009, "the message is larger than 1 MiB".to_owned())]).await;
        }
        if !frame.fin {
            self.begun = Some((opcode, message));
            return Ok(ControlFlow::Continue(()));
        }
        let at = self.began.elapsed();
        let actions = match str::from_utf8(&message) {
            _ if opcode == frame::BINARY => self.session.hear(at, Message::Binary(&message)),
            Ok(text) if self.lets_in(text) => self.session.hear(at, Message::Text(text)),
            Ok(_) => vec![Action::Close(NOT_LET_IN, "no webhook announced this stream".to_owned())],
            Err(_) => vec![Action::Close(1007, "the text is not UTF-8".to_owned())],
        };
        self.perform(actions).await
    }

    /// A `start` with a token that is out, or any message before it and after it.
    fn lets_in(&mut self, text: &str) -> bool {
        let Some(tokens) = self.asks else { return true };
        let Ok(message) = serde_json::from_str::<Value>(text) else { return true };
        if message["event"] != "start" {
            return true;
        }
        self.asks = None;
        message["start"]["customParameters"]["token"].as_str().is_some_and(|token| tokens.redeem(token))
    }

    async fn perform(&mut self, actions: Vec<Action>) -> Next {
        for action in actions {
            match action {
                Action::Text(text) => self.wire.send(&frame::whole(frame::TEXT, text.as_bytes())).await?,
                Action::Binary(bytes) => self.wire.send(&frame::whole(frame::BINARY, &bytes)).await?,
                Action::Close(code, reason) => {
                    self.wire.send(&frame::close(code, &reason)).await?;
                    return Ok(ControlFlow::Break(Parting::Ours));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads on until the caller's Close.
    async fn await_close(&mut self) -> io::Result<()> {
        loop {
            match frame::take(&mut self.inbox) {
                Ok(Some(frame)) if frame.opcode == frame::CLOSE => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) => self.wire.receive(&mut self.inbox).await?,
                Err(_) => self.inbox.clear(),
            }
        }
    }
}
