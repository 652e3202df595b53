//! The provider's playback queue: audio is played to the caller in real time, and marks are answered when what came before them has been
//! played.
//!
//! Pure arithmetic over lengths; the audio itself is not kept. Deliberately absent: what an answer looks like (the dialect says that).
//!
//! Invariant: marks leave in the order in which they came, and their memory is bounded.

use std::collections::VecDeque;
use std::time::Duration;

/// Marks that wait to be played, at most.
const MOST_MARKS: usize = 256;
/// How much of a mark's name is kept, in bytes.
const LONGEST_MARK: usize = 1024;

/// A mark that has been played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) name: String,
    /// Was what came before it thrown away?
    pub(super) cleared: bool,
    /// From its coming until what was before it had been played.
    pub(super) took: Duration,
}

#[derive(Debug)]
struct Waiting {
    name: String,
    came: Duration,
    cleared: bool,
    /// When everything before it has been played.
    due: Duration,
}

/// The queue of one call.
#[derive(Debug, Default)]
pub(super) struct Playout {
    /// When everything that came has been played.
    empty_at: Duration,
    paused_since: Option<Duration>,
    marks: VecDeque<Waiting>,
}

impl Playout {
    /// Audio of this length came.
    pub(super) fn add(&mut self, at: Duration, length: Duration) {
        self.empty_at = self.empty_at.max(self.clock(at)) + length;
    }

    /// How much audio waits.
    pub(super) fn queued(&self, at: Duration) -> Duration {
        self.empty_at.saturating_sub(self.clock(at))
    }

    /// A mark came. If too many wait already, the oldest one counts as played.
    pub(super) fn mark(&mut self, at: Duration, mut name: String) {
        let mut end = name.len().min(LONGEST_MARK);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        let now = self.clock(at);
        if self.marks.len() >= MOST_MARKS
            && let Some(oldest) = self.marks.front_mut()
        {
            oldest.due = oldest.due.min(now);
        }
        self.marks.push_back(Waiting { name, came: at, cleared: false, due: self.empty_at.max(now) });
    }

    /// Everything that waits is thrown away, and a pause ends.
    pub(super) fn clear(&mut self, at: Duration) {
        self.resume(at);
        self.empty_at = self.empty_at.min(at);
        for mark in &mut self.marks {
            mark.cleared |= mark.due > at;
            mark.due = mark.due.min(at);
        }
    }

    /// Nothing is played until [`Playout::resume`].
    pub(super) fn pause(&mut self, at: Duration) {
        self.paused_since.get_or_insert(at);
    }

    /// Goes on where it was paused.
    pub(super) fn resume(&mut self, at: Duration) {
        if let Some(since) = self.paused_since.take() {
            let pause = at.saturating_sub(since);
            self.empty_at += pause;
            self.marks.iter_mut().for_each(|mark| mark.due += pause);
        }
    }

    /// When the next mark will have been played.
    pub(super) fn due(&self) -> Option<Duration> {
        let due = self.marks.front()?.due;
        match self.paused_since {
            Some(since) if due > since => None,
            Some(_) | None => Some(due),
        }
    }

    /// The next mark that has been played by now.
    pub(super) fn take(&mut self, at: Duration) -> Option<Played> {
        self.due().filter(|due| *due <= at)?;
        let mark = self.marks.pop_front()?;
        Some(Played { name: mark.name, cleared: mark.cleared, took: at.saturating_sub(mark.came) })
    }

    /// The time on the queue's clock, which stands still while it is paused.
    fn clock(&self, at: Duration) -> Duration {
        self.paused_since.map_or(at, |since| since.min(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn names(playout: &mut Playout, at: Duration) -> Vec<String> {
        std::iter::from_fn(|| playout.take(at)).map(|played| played.name).collect()
    }

    #[test]
    fn marks_wait_for_the_audio_before_them() {
        let mut playout = Playout::default();
        playout.mark(5 * MS, "first".into());
        playout.add(10 * MS, 500 * MS);
        playout.mark(11 * MS, "second".into());
        playout.add(12 * MS, 100 * MS);
        assert_eq!(playout.queued(12 * MS), 598 * MS);
        assert_eq!(names(&mut playout, 12 * MS), ["first"], "nothing was before it");
        assert_eq!(playout.due(), Some(510 * MS));
        assert_eq!(playout.take(510 * MS), Some(Played { name: "second".into(), cleared: false, took: 499 * MS }));
        assert_eq!((playout.queued(610 * MS), playout.due()), (Duration::ZERO, None));
    }

    #[test]
    fn a_clear_answers_what_waits() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 5000 * MS);
        playout.mark(MS, "a".into());
        playout.mark(MS, "b".into());
        playout.clear(100 * MS);
        assert_eq!(playout.queued(100 * MS), Duration::ZERO);
        assert!(playout.marks.iter().all(|mark| mark.cleared));
        assert_eq!(names(&mut playout, 100 * MS), ["a", "b"]);
    }

    #[test]
    fn a_mark_that_was_played_before_the_clear_is_not_cleared() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 50 * MS);
        playout.mark(MS, "a".into());
        playout.clear(100 * MS);
        assert_eq!(playout.take(100 * MS).map(|played| played.cleared), Some(false));
    }

    #[test]
    fn a_clear_ends_a_pause() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 1000 * MS);
        playout.pause(400 * MS);
        playout.clear(500 * MS);
        playout.add(600 * MS, 100 * MS);
        assert_eq!(playout.queued(650 * MS), 50 * MS);
    }

    #[test]
    fn a_pause_moves_everything() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 1000 * MS);
        playout.mark(MS, "a".into());
        playout.pause(400 * MS);
        assert_eq!((playout.due(), playout.queued(900 * MS)), (None, 600 * MS));
        playout.resume(900 * MS);
        assert_eq!((playout.due(), playout.queued(900 * MS)), (Some(1500 * MS), 600 * MS));
    }

    #[test]
    fn memory_is_bounded() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 60_000 * MS);
        for _ in 0..10_000 {
            playout.mark(MS, "ü".repeat(10_000));
            names(&mut playout, MS);
        }
        assert!(playout.marks.len() <= MOST_MARKS + 1 && playout.marks[0].name.len() <= LONGEST_MARK);
    }
}
