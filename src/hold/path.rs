//! What the kernel's counters say about the path while the line is held: is the server stuck, or the network gone?
//!
//! Pure. The rules and their measurements are those of `TCP_INFO` on Linux; where the kernel tells nothing, the state is unknown.

use std::time::Duration;

/// One look at `TCP_INFO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathSample {
    /// Segments sent and not acknowledged.
    pub unacknowledged: u32,
    /// Retransmissions of the segment that is outstanding now.
    pub retransmits: u32,
    /// All retransmissions of this connection, less those that the peer called needless (D-SACK, RFC 2883): a peer that reads late
    /// acknowledges late, and makes the kernel send again what was never lost.
    pub total_retransmits: u32,
    /// Segments with data that were sent, retransmissions included; 0 where the kernel does not tell.
    pub segments_sent: u32,
    /// Since the last acknowledgement came.
    pub last_ack: Duration,
    /// Smoothed round trip.
    pub rtt: Duration,
    /// The peer's receive window in bytes; `None` where the kernel does not tell.
    pub send_window: Option<u32>,
    /// Bytes that the peer has acknowledged, the SYN counted as one; `None` where the kernel does not tell.
    pub bytes_acknowledged: Option<u64>,
}

/// What a sample says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symptom {
    Healthy,
    ZeroWindow,
    Unanswered,
}

/// What is wrong with the path, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathState {
    /// No sample yet, or none to be had.
    Unknown,
    /// Packets are acknowledged and the server takes them.
    Healthy,
    /// The server's process does not read: its window is closed.
    ZeroWindow {
        /// Since the 101.
        since: Duration,
    },
    /// Our packets are not acknowledged although they are sent again.
    Blackhole {
        /// Since the 101.
        since: Duration,
    },
}

/// A stray tail-loss probe (RFC 8985 section 7) retransmits on a path that loses nothing. Loss is more than that, and a share of what was
/// sent that speech suffers from.
const LEAST_LOST: u32 = 3;
const LEAST_SHARE_LOST: f64 = 0.02;

/// The samples of one hold.
#[derive(Debug)]
pub(super) struct PathWatch {
    state: PathState,
    longest_stop: Duration,
    first: Option<PathSample>,
    last: Option<PathSample>,
}

impl PathWatch {
    pub(super) const fn new() -> Self {
        Self { state: PathState::Unknown, longest_stop: Duration::ZERO, first: None, last: None }
    }

    pub(super) fn observe(&mut self, at: Duration, sample: PathSample) {
        self.first.get_or_insert(sample);
        self.last = Some(sample);
        self.state = match (symptom(&sample), self.state) {
            (Symptom::Healthy, _) => PathState::Healthy,
            (Symptom::ZeroWindow, PathState::ZeroWindow { since }) => PathState::ZeroWindow { since },
            (Symptom::ZeroWindow, _) => PathState::ZeroWindow { since: at },
            (Symptom::Unanswered, PathState::Blackhole { since }) => PathState::Blackhole { since },
            // The silence began when the last acknowledgement came, not when we noticed.
            (Symptom::Unanswered, _) => PathState::Blackhole { since: at.saturating_sub(sample.last_ack) },
        };
        if let PathState::ZeroWindow { since } = self.state {
            self.longest_stop = self.longest_stop.max(at.saturating_sub(since));
        }
    }

    /// The longest that the server was seen not to read, from the first such sample to the last.
    pub(super) const fn longest_stop(&self) -> Duration {
        self.longest_stop
    }

    pub(super) const fn state(&self) -> PathState {
        self.state
    }

    /// Segments that were sent again since the first sample.
    pub(super) fn retransmits(&self) -> u32 {
        self.since_first(|sample| sample.total_retransmits)
    }

    /// Does the path lose packets?
    pub(super) fn is_lossy(&self) -> bool {
        let (lost, sent) = (self.retransmits(), self.since_first(|sample| sample.segments_sent));
        lost >= LEAST_LOST && f64::from(lost) >= f64::from(sent) * LEAST_SHARE_LOST
    }

    fn since_first(&self, count: impl Fn(&PathSample) -> u32) -> u32 {
        let count = |sample: &Option<PathSample>| sample.as_ref().map_or(0, &count);
        count(&self.last).saturating_sub(count(&self.first))
    }
}

fn symptom(sample: &PathSample) -> Symptom {
    let patience = Duration::from_secs(1).max(sample.rtt.saturating_mul(4));
    if sample.send_window == Some(0) {
        Symptom::ZeroWindow
    } else if sample.unacknowledged > 0 && sample.retransmits >= 2 && sample.last_ack > patience {
        Symptom::Unanswered
    } else {
        Symptom::Healthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_three_silences_are_told_apart() {
        let reading = PathSample {
            send_window: Some(65_536),
            last_ack: Duration::from_millis(20),
            unacknowledged: 1,
            ..PathSample::default()
        };
        let stuck = PathSample { send_window: Some(0), last_ack: s(3), ..reading };
        let gone = PathSample { unacknowledged: 10, retransmits: 5, last_ack: s(7), ..reading };
        let mut watch = PathWatch::new();
        assert_eq!(watch.state(), PathState::Unknown);
        for (at, sample, state) in [
            (1, reading, PathState::Healthy),
            (2, stuck, PathState::ZeroWindow { since: s(2) }),
            (3, stuck, PathState::ZeroWindow { since: s(2) }),
            (4, reading, PathState::Healthy),
            (12, gone, PathState::Blackhole { since: s(5) }),
            (13, gone, PathState::Blackhole { since: s(5) }),
        ] {
            watch.observe(s(at), sample);
            assert_eq!(watch.state(), state, "at {at}");
        }
        assert_eq!(watch.longest_stop(), s(1));
    }

    #[test]
    fn a_slow_path_is_no_blackhole() {
        let slow = PathSample {
            unacknowledged: 3,
            retransmits: 2,
            rtt: s(1),
            last_ack: s(3),
            send_window: Some(9),
            ..PathSample::default()
        };
        let mut watch = PathWatch::new();
        watch.observe(s(4), slow);
        assert_eq!(watch.state(), PathState::Healthy);
    }

    #[test]
    fn a_stray_retransmission_is_no_loss() {
        let lossy = |lost: u32, sent: u32| {
            let mut watch = PathWatch::new();
            for (total_retransmits, segments_sent) in [(1, 10), (1 + lost, 10 + sent)] {
                watch.observe(s(1), PathSample { total_retransmits, segments_sent, ..PathSample::default() });
            }
            watch.is_lossy()
        };
        assert_eq!(
            [lossy(1, 50), lossy(2, 50), lossy(3, 50), lossy(3, 30_000), lossy(600, 30_000)],
            [false, false, true, false, true]
        );
    }

    #[test]
    fn retransmits_count_from_the_first_sample() {
        let mut watch = PathWatch::new();
        for total in [2, 2, 5] {
            watch.observe(s(1), PathSample { total_retransmits: total, ..PathSample::default() });
        }
        assert_eq!(watch.retransmits(), 3, "two happened while dialling");
    }
}
