//! How far a connection to a webhook has come. The library that asks tells neither when TCP is up nor what it was waiting for; its connector
//! is watched, and given the deadlines of both phases.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::verdict::{ConnectFault, ResolveFault, TlsFault, WebhookFault};

/// What a connector fails with.
pub(super) type ConnectError = Box<dyn Error + Send + Sync>;

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::probe) enum Stage {
    /// The name is looked up.
    #[default]
    Resolve,
    /// TCP is being connected.
    Connect,
    /// The TLS handshake has begun.
    Tls,
    /// The connection is up: the request is sent, and its answer awaited or read.
    Exchange,
}

impl Stage {
    /// What a deadline means that passes now, be it the stage's own or that of the whole.
    pub(in crate::probe) const fn late(self) -> WebhookFault {
        match self {
            Self::Resolve => WebhookFault::Resolve(ResolveFault::Timeout),
            Self::Connect => WebhookFault::Connect(ConnectFault::Timeout),
            Self::Tls => WebhookFault::Tls(TlsFault::Timeout),
            Self::Exchange => WebhookFault::Timeout,
        }
    }
}

/// The stage, for the connector to move on. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Stage>>);

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

/// The deadlines of a connector's stages.
#[derive(Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) connect: Duration,
    pub(super) tls: Duration,
}

/// Waits for a connector's `connecting` within `deadlines`, and notes the stage. `began` turns true when the TLS handshake begins, if there
/// is one.
pub(super) async fn watched<T>(
    connecting: impl Future<Output = Result<T, ConnectError>>,
    progress: Progress,
    began: Option<watch::Receiver<bool>>,
    deadlines: Deadlines,
) -> Result<T, ConnectError> {
    let mut connecting = pin!(connecting);
    let shaking_hands = shaking_hands(began.clone());
    progress.enter(Stage::Connect);
    let made = tokio::select! {
        biased;
        made = &mut connecting => made,
        () = shaking_hands => {
            progress.enter(Stage::Tls);
            tokio::time::timeout(deadlines.tls, connecting).await.unwrap_or_else(|_| Err(too_late()))
        }
        () = tokio::time::sleep(deadlines.connect) => Err(too_late()),
    };
    match (&made, began) {
        (Ok(_), _) => progress.enter(Stage::Exchange),
        // It may begin and break at once.
        (Err(_), Some(began)) if *began.borrow() => progress.enter(Stage::Tls),
        (Err(_), _) => {}
    }
    made
}

/// Ends when the handshake begins.
async fn shaking_hands(began: Option<watch::Receiver<bool>>) {
    if let Some(mut began) = began
        && began.wait_for(|began| *began).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

fn too_late() -> ConnectError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const DEADLINES: Deadlines = Deadlines { connect: Duration::from_secs(3), tls: Duration::from_secs(5) };

    async fn stage_after(
        connecting: impl Future<Output = Result<(), ConnectError>>,
        began: Option<bool>,
    ) -> (Stage, bool, Duration) {
        let progress = Progress::default();
        let (sender, began) = began.map(watch::channel).unzip();
        let start = tokio::time::Instant::now();
        let made = watched(connecting, progress.clone(), began, DEADLINES).await;
        drop(sender);
        (progress.stage(), made.is_ok(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_its_own_deadline() {
        let (at_once, broken) = (Duration::ZERO, || ready(Err("broken".into())));
        assert_eq!(stage_after(ready(Ok(())), None).await, (Stage::Exchange, true, at_once));
        assert_eq!(stage_after(ready(Ok(())), Some(true)).await, (Stage::Exchange, true, at_once));
        assert_eq!(stage_after(broken(), None).await, (Stage::Connect, false, at_once));
        assert_eq!(stage_after(broken(), Some(false)).await, (Stage::Connect, false, at_once));
        assert_eq!(stage_after(broken(), Some(true)).await, (Stage::Tls, false, at_once));
        assert_eq!(stage_after(pending(), None).await, (Stage::Connect, false, DEADLINES.connect));
        assert_eq!(stage_after(pending(), Some(false)).await, (Stage::Connect, false, DEADLINES.connect));
        assert_eq!(stage_after(pending(), Some(true)).await, (Stage::Tls, false, DEADLINES.tls));
    }
}
