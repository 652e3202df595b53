//! The provider's playback queue: audio is played to the caller in real time, and marks are answered when what came before them has been
//! played.
//!
//! Pure arithmetic over lengths; the audio itself is not kept. Deliberately absent: what an answer looks like (the dialect says that).
//!
//! Invariant: marks leave in the order in which they came, and their memory is bounded.

use std::collections::VecDeque;
use std::time::Duration;

use crate::dialect::Mark;

/// Marks that wait to be played, at most.
pub(super) const MOST_MARKS: usize = 4096;
/// How long their names may be together, in bytes.
const LONGEST_NAMES: usize = 256 << 10;
/// How much of a mark's name is kept, in bytes.
pub(super) const LONGEST_MARK: usize = 1024;

/// What became of a mark that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// Marks that came before it were thrown away, unanswered.
    pub(super) crowded: bool,
    /// Its name was too long, and is cut.
    pub(super) cut: bool,
}

/// A mark that has been played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) mark: Mark,
    /// Was what came before it thrown away?
    pub(super) cleared: bool,
    /// From its coming until what was before it had been played.
    pub(super) took: Duration,
}

#[derive(Debug)]
struct Waiting {
    mark: Mark,
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
    /// The length of their names, in bytes.
    names: usize,
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

    /// A mark came. If too many wait already, the oldest ones make room for it.
    pub(super) fn mark(&mut self, at: Duration, mut mark: Mark) -> Room {
        let end = mark.name.floor_char_boundary(LONGEST_MARK);
        let mut room = Room { cut: end < mark.name.len(), crowded: false };
        mark.name.truncate(end);
        // What was cut off is not to be kept either.
        mark.name.shrink_to_fit();
        while self.marks.len() >= MOST_MARKS || self.names + end > LONGEST_NAMES {
            room.crowded = self.pop().is_some();
        }
        self.names += end;
        let due = self.empty_at.max(self.clock(at));
        self.marks.push_back(Waiting { mark, came: at, cleared: false, due });
        room
    }

    fn pop(&mut self) -> Option<Waiting> {
        let oldest = self.marks.pop_front()?;
        self.names -= oldest.mark.name.len();
        Some(oldest)
    }

    /// The server takes back the marks that wait: none of them counts.
    pub(super) fn unmark(&mut self) {
        self.marks.iter_mut().for_each(|waiting| waiting.mark.counts = false);
    }

    /// How long the oldest mark that counts has been waiting.
    pub(super) fn oldest(&self, at: Duration) -> Option<Duration> {
        let oldest = self.marks.iter().find(|waiting| waiting.mark.counts && !waiting.cleared)?;
        Some(at.saturating_sub(oldest.came))
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
        let Waiting { mark, came, cleared, .. } = self.pop()?;
        Some(Played { mark, cleared, took: at.saturating_sub(came) })
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

    fn mark(name: &str) -> Mark {
        Mark { name: name.to_owned(), counts: true }
    }

    fn names(playout: &mut Playout, at: Duration) -> Vec<String> {
        std::iter::from_fn(|| playout.take(at)).map(|played| played.mark.name).collect()
    }

    #[test]
    fn marks_wait_for_the_audio_before_them() {
        let mut playout = Playout::default();
        playout.mark(5 * MS, mark("first"));
        playout.add(10 * MS, 500 * MS);
        playout.mark(11 * MS, mark("second"));
        playout.add(12 * MS, 100 * MS);
        assert_eq!(playout.queued(12 * MS), 598 * MS);
        assert_eq!(names(&mut playout, 12 * MS), ["first"], "nothing was before it");
        assert_eq!(playout.due(), Some(510 * MS));
        assert_eq!(playout.take(510 * MS), Some(Played { mark: mark("second"), cleared: false, took: 499 * MS }));
        assert_eq!((playout.queued(610 * MS), playout.due()), (Duration::ZERO, None));
    }

    #[test]
    fn a_clear_answers_what_waits() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 5000 * MS);
        playout.mark(MS, mark("a"));
        playout.mark(MS, mark("b"));
        playout.clear(100 * MS);
        assert_eq!(playout.queued(100 * MS), Duration::ZERO);
        assert!(playout.marks.iter().all(|mark| mark.cleared));
        assert_eq!(names(&mut playout, 100 * MS), ["a", "b"]);
    }

    #[test]
    fn a_mark_that_was_played_before_the_clear_is_not_cleared() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 50 * MS);
        playout.mark(MS, mark("a"));
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
        playout.mark(MS, mark("a"));
        playout.pause(400 * MS);
        assert_eq!((playout.due(), playout.queued(900 * MS)), (None, 600 * MS));
        playout.resume(900 * MS);
        assert_eq!((playout.due(), playout.queued(900 * MS)), (Some(1500 * MS), 600 * MS));
    }

    #[test]
    fn memory_is_bounded() {
        let filled = |name: &str, count: usize| {
            let mut playout = Playout::default();
            playout.add(Duration::ZERO, 60_000 * MS);
            let rooms: Vec<_> = (0..count).map(|_| playout.mark(MS, mark(name))).collect();
            assert_eq!(playout.names, playout.marks.iter().map(|waiting| waiting.mark.name.capacity()).sum::<usize>());
            (playout.marks.len(), rooms.iter().filter(|room| room.crowded).count(), rooms[0].cut)
        };
        assert_eq!(filled("m", MOST_MARKS), (MOST_MARKS, 0, false));
        assert_eq!(filled("m", MOST_MARKS + 10), (MOST_MARKS, 10, false));
        assert_eq!(filled(&"ü".repeat(512), 256), (256, 0, false));
        assert_eq!(filled(&"ü".repeat(512), 260), (256, 4, false));
        assert_eq!(filled(&"ü".repeat(10_000), 1_000), (256, 744, true));
        assert_eq!(filled(&format!("{}ü", "x".repeat(1_023)), 1), (1, 0, true), "no half of a letter is kept");
    }

    #[test]
    fn the_oldest_mark_that_counts() {
        let mut playout = Playout::default();
        playout.add(Duration::ZERO, 60_000 * MS);
        playout.mark(MS, Mark { name: "theirs".into(), counts: false });
        assert_eq!(playout.oldest(10 * MS), None);
        playout.mark(5 * MS, mark("a"));
        playout.mark(7 * MS, mark("b"));
        assert_eq!(playout.oldest(10 * MS), Some(5 * MS));
        playout.unmark();
        assert_eq!(playout.oldest(10 * MS), None);
        playout.mark(20 * MS, mark("c"));
        playout.clear(21 * MS);
        assert_eq!(playout.oldest(30 * MS), None);
    }
}
