//! Loading the configuration while the daemon runs: on a thread of its own, with a deadline.
//!
//! A file system that hangs, or a FIFO in the file's place, must not keep the daemon from its signals, the watchdog and the probes. The
//! thread is not one of the runtime's blocking threads, since a runtime waits for those when it ends. Deliberately absent: what is
//! done with the result.
//!
//! Invariant: one load is waited for at a time, and at most [`MOST_HUNG`] more threads hang in the loader.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::LoadError;
use crate::http::ReloadRequest;
use crate::supervisor::Fleet;

/// How many loads that were given up may still hang before no other is begun.
const MOST_HUNG: usize = 4;

/// The reloads of a daemon.
pub(super) struct Reloads<L> {
    loader: Arc<L>,
    deadline: Duration,
    under_way: Option<UnderWay>,
    /// Asked for while one was under way, which may have read the old file.
    again: bool,
    /// Each thread holds a clone for as long as it lives.
    alive: Arc<()>,
}

/// A load that is waited for.
struct UnderWay {
    result: oneshot::Receiver<Result<Fleet, LoadError>>,
    until: Instant,
    asked_by: Option<ReloadRequest>,
}

/// What came of a reload.
pub(super) struct Loaded {
    pub(super) result: Result<Fleet, LoadError>,
    /// Who waits for the answer.
    pub(super) asked_by: Option<ReloadRequest>,
    /// Is another one to begin?
    pub(super) again: bool,
}

impl<L> Reloads<L>
where
    L: Fn() -> Result<Fleet, LoadError> + Send + Sync + 'static,
{
    pub(super) fn new(loader: Arc<L>, deadline: Duration) -> Self {
        Self { loader, deadline, under_way: None, again: false, alive: Arc::default() }
    }

    /// Is no load under way?
    pub(super) const fn is_idle(&self) -> bool {
        self.under_way.is_none()
    }

    /// Begins to load. While a load is under way, another one is noted for after it and `asked_by` gets no answer.
    pub(super) fn begin(&mut self, asked_by: Option<ReloadRequest>) {
        if !self.is_idle() {
            self.again = true;
            return;
        }
        let (answer, result) = oneshot::channel();
        self.under_way = Some(UnderWay { result, until: Instant::now() + self.deadline, asked_by });
        let hung = Arc::strong_count(&self.alive) - 1;
        if hung > MOST_HUNG {
            // The receiver lives in `self`.
            let _ = answer.send(Err(LoadError(format!(
                "the configuration was not read: {hung} attempts before still hang; is it on a file system that hangs?"
            ))));
            return;
        }
        let (loader, alive) = (Arc::clone(&self.loader), Arc::clone(&self.alive));
        let load = move || {
            let result = loader();
            drop(alive);
            // An error means that it took too long and nobody waits any more.
            let _ = answer.send(result);
        };
        // If no thread can be had, `answer` is dropped with `load`, which `finished` reports.
        let _ = std::thread::Builder::new().name("sidetone-load".to_owned()).spawn(load);
    }

    /// Waits until the load that is under way has ended or its time is over; for ever if there is none. Can be cancelled.
    pub(super) async fn finished(&mut self) -> Loaded {
        let Some(under_way) = &mut self.under_way else { return std::future::pending().await };
        let result = match tokio::time::timeout_at(under_way.until, &mut under_way.result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => {
                Err(LoadError("the configuration was not read: no thread could be had for it, or it panicked".to_owned()))
            }
            Err(_) => Err(LoadError(format!(
                "the configuration could not be read within {:?}; is it, or a file it names, on a file system that hangs, or a FIFO?",
                self.deadline
            ))),
        };
        let asked_by = self.under_way.take().and_then(|under_way| under_way.asked_by);
        Loaded { result, asked_by, again: std::mem::take(&mut self.again) }
    }
}
