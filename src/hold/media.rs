//! Our audio: none, not yet, or flowing.

use std::time::Duration;

use super::pacer::Pacer;
use crate::dialect::Opening;
use crate::monitor::{Mode, Monitor};

/// Our audio.
#[derive(Debug)]
pub(super) enum Media {
    /// None flows.
    None,
    /// It begins, if there is any, when the server has opened the session, which has to be before `until`.
    Awaited { cadence: Option<Duration>, until: Duration },
    /// It flows.
    Flowing(Pacer),
}

impl Media {
    pub(super) fn new(monitor: &Monitor) -> Self {
        let cadence = monitor.dialect.cadence().filter(|_| monitor.hold.mode == Mode::Streamed);
        match (monitor.dialect.opening(), cadence) {
            (Opening::WhenAnswered { within }, cadence) => Self::Awaited { cadence, until: within },
            (Opening::AtOnce, Some(cadence)) => Self::Flowing(Pacer::new(cadence, Duration::ZERO)),
            (Opening::AtOnce, None) => Self::None,
        }
    }

    /// The server has opened the session; of no effect if it had done so before.
    pub(super) fn begin(&mut self, at: Duration) {
        if let Self::Awaited { cadence, .. } = self {
            *self = cadence.map_or(Self::None, |cadence| Self::Flowing(Pacer::new(cadence, at)));
        }
    }

    /// When the server has to have opened the session, if it has not.
    pub(super) const fn awaited_until(&self) -> Option<Duration> {
        match self {
            Self::Awaited { until, .. } => Some(*until),
            Self::None | Self::Flowing(_) => None,
        }
    }

    pub(super) const fn pacer(&self) -> Option<&Pacer> {
        match self {
            Self::Flowing(pacer) => Some(pacer),
            Self::None | Self::Awaited { .. } => None,
        }
    }

    pub(super) const fn pacer_mut(&mut self) -> Option<&mut Pacer> {
        match self {
            Self::Flowing(pacer) => Some(pacer),
            Self::None | Self::Awaited { .. } => None,
        }
    }
}
