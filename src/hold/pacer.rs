//! When the next media frame is due: an absolute grid from the 101 (or the opening of the session) on, so that a late frame does not delay the ones after it.

use std::time::Duration;

/// How many frames may be sent at once to catch up; 100 ms of telephone audio. Beyond that the missed ones are left out, as a real
/// caller's audio would be lost and not compressed in time.
const LONGEST_BURST: u64 = 5;

/// The clock of the media frames.
#[derive(Debug)]
pub(super) struct Pacer {
    origin: Duration,
    cadence: Duration,
    next: u64,
    latest: Duration,
    skipped: u64,
    not_taken: u64,
}

impl Pacer {
    /// Frame 0 is due at `origin`, frame n at `n * cadence` after it. A cadence of zero counts as 1 ms.
    pub(super) fn new(cadence: Duration, origin: Duration) -> Self {
        Self { origin, cadence: cadence.max(Duration::from_millis(1)), next: 0, latest: Duration::ZERO, skipped: 0, not_taken: 0 }
    }

    /// When the next frame is due.
    pub(super) fn due(&self) -> Duration {
        self.origin.saturating_add(self.cadence.saturating_mul(u32::try_from(self.next).unwrap_or(u32::MAX)))
    }

    /// The number of the frame to send now, if one is due.
    pub(super) fn take(&mut self, now: Duration) -> Option<u64> {
        let late = now.checked_sub(self.due())?;
        self.latest = self.latest.max(late);
        let behind = u64::try_from(late.as_nanos() / self.cadence.as_nanos()).unwrap_or(u64::MAX);
        if behind > LONGEST_BURST {
            self.skipped += behind;
            self.next += behind;
        }
        let frame = self.next;
        self.next += 1;
        Some(frame)
    }

    /// Leaves out what is due by now, because the server does not take it; not counted as our own lateness.
    pub(super) fn leave_out(&mut self, now: Duration) {
        let next = self.next;
        self.pass_over(now);
        self.not_taken += self.next - next;
    }

    /// Passes over what is due by now, because nobody wants it; not counted at all.
    pub(super) fn pass_over(&mut self, now: Duration) {
        while self.due() <= now {
            self.next += 1;
        }
    }

    /// Frames that were left out because the server did not take them.
    pub(super) const fn not_taken(&self) -> u64 {
        self.not_taken
    }

    /// The longest that a frame was late.
    pub(super) const fn latest(&self) -> Duration {
        self.latest
    }

    /// Frames that were left out because we were too late for them.
    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_grid_is_absolute() {
        let mut pacer = Pacer::new(20 * MS, Duration::ZERO);
        assert_eq!(pacer.take(Duration::ZERO), Some(0));
        assert_eq!(pacer.take(19 * MS), None);
        assert_eq!(pacer.take(27 * MS), Some(1), "7 ms late");
        assert_eq!(pacer.due(), 40 * MS, "the next one is not late with it");
        assert_eq!((pacer.latest(), pacer.skipped()), (7 * MS, 0));
    }

    #[test]
    fn a_short_stall_is_caught_up_and_a_long_one_is_not() {
        let mut pacer = Pacer::new(20 * MS, Duration::ZERO);
        let burst = |pacer: &mut Pacer, now| std::iter::from_fn(|| pacer.take(now)).collect::<Vec<_>>();
        assert_eq!(burst(&mut pacer, 100 * MS), [0, 1, 2, 3, 4, 5]);
        assert_eq!(burst(&mut pacer, 1000 * MS), [50]);
        assert_eq!(pacer.skipped(), 44);
    }

    #[test]
    fn only_what_was_not_taken_counts_as_that() {
        let mut pacer = Pacer::new(20 * MS, Duration::ZERO);
        pacer.pass_over(100 * MS);
        assert_eq!((pacer.due(), pacer.not_taken()), (120 * MS, 0));
        pacer.leave_out(200 * MS);
        assert_eq!((pacer.due(), pacer.not_taken(), pacer.skipped()), (220 * MS, 5, 0));
    }

    #[test]
    fn ten_minutes_are_thirty_thousand_frames() {
        let mut pacer = Pacer::new(20 * MS, Duration::ZERO);
        let mut sent = 0;
        while pacer.due() < Duration::from_secs(600) {
            let due = pacer.due();
            assert!(pacer.take(due).is_some());
            sent += 1;
        }
        assert_eq!(sent, 30_000);
    }
}
