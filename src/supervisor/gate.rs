//! How many probes may run at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A semaphore whose size can change while it is in use. Waiters are served in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    /// The size that is wanted. The lock keeps two changes of size apart.
    size: Arc<Mutex<usize>>,
    /// Places that are to vanish as soon as their probes end.
    owed: Arc<AtomicUsize>,
}

/// A place in the gate, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    owed: Arc<AtomicUsize>,
}

impl Gate {
    /// No places yet.
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(0)), size: Arc::default(), owed: Arc::default() }
    }

    /// Changes the size, to one at least. Probes that are running are not disturbed: if the gate shrinks, their places vanish when they end.
    pub(super) fn resize(&self, wanted: usize) {
        let wanted = wanted.clamp(1, Semaphore::MAX_PERMITS);
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted > *size {
            let grown = wanted - *size;
            let forgiven = self.take_from_owed(grown);
            self.places.add_permits(grown - forgiven);
        } else {
            let shrunk = *size - wanted;
            let vanished = self.places.forget_permits(shrunk);
            self.owed.fetch_add(shrunk - vanished, Ordering::AcqRel);
        }
        *size = wanted;
    }

    /// Waits for a place.
    pub(super) async fn enter(&self) -> Place {
        // The semaphore is never closed; if it were, probes would run without a limit rather than not at all.
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        Place { permit, owed: Arc::clone(&self.owed) }
    }

    fn take_from_owed(&self, most: usize) -> usize {
        let owed = self.owed.fetch_update(Ordering::AcqRel, Ordering::Acquire, |owed| Some(owed - owed.min(most)));
        owed.unwrap_or_else(|owed| owed).min(most)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.owed.fetch_update(Ordering::AcqRel, Ordering::Acquire, |owed| owed.checked_sub(1)).is_ok() {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// As many places as can be had at once.
    fn fill(gate: &Gate) -> Vec<Place> {
        std::iter::from_fn(|| gate.enter().now_or_never()).collect()
    }

    #[test]
    fn a_gate_grows_and_shrinks_under_way() {
        let gate = Gate::new();
        assert_eq!(fill(&gate).len(), 0);
        gate.resize(3);
        let mut inside = fill(&gate);
        assert_eq!(inside.len(), 3);
        gate.resize(1);
        inside.pop();
        assert_eq!(fill(&gate).len(), 0, "two are still inside and one may be");
        inside.pop();
        assert_eq!(fill(&gate).len(), 0);
        inside.pop();
        assert_eq!(fill(&gate).len(), 1);
        gate.resize(5);
        assert_eq!(fill(&gate).len(), 5);
        gate.resize(0);
        assert_eq!(fill(&gate).len(), 1, "a gate that lets nobody in would be a daemon that does nothing");
    }

    #[test]
    fn growing_forgives_what_is_owed() {
        let gate = Gate::new();
        gate.resize(4);
        let inside = fill(&gate);
        gate.resize(1);
        gate.resize(4);
        drop(inside);
        assert_eq!(fill(&gate).len(), 4);
    }
}
