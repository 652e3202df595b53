//! What a hold has come to: its numbers, and what is odd or unmet.

use std::time::Duration;

use super::ear::Unmet;
use super::pacer::Pacer;
use super::path::PathState;
use super::pinger::Pinger;
use super::terms::Tally;
use super::{Hold, Outgoing, Output, Stage};
use crate::dialect::Remarks;

impl Hold {
    /// Bytes came at this time. While we say goodbye, nobody asks any more.
    pub(super) fn note_received(&mut self, at: Duration) {
        if self.stage == Stage::Holding {
            self.last_received = Some(at);
        }
    }

    /// A ping came, and its pong goes out.
    pub(super) fn note_ping(&mut self) {
        self.pings_received += 1;
        self.note_sent();
    }

    /// Something goes out.
    pub(super) fn say(&mut self, out: Outgoing) -> Output {
        self.note_sent();
        Output::Send(out)
    }

    fn note_sent(&mut self) {
        if self.stage == Stage::Holding {
            self.last_sent = Some(self.now);
        }
    }

    /// When the line ended, or our goodbye began.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.ended_at.unwrap_or(self.now)
    }

    /// How long our goodbye took until it was answered, or given up; `None` if we did not wait for an answer.
    #[must_use]
    pub fn goodbye_took(&self) -> Option<Duration> {
        Some(self.goodbye_over_at?.saturating_sub(self.ended_at?))
    }

    /// What the monitor expects and the server has not done, now that the line is over.
    #[must_use]
    pub fn unmet(&self) -> Option<Unmet> {
        self.ear.unmet_at_the_end(self.playout.oldest(self.lasted()))
    }

    /// What the kernel's counters say.
    #[must_use]
    pub const fn path(&self) -> PathState {
        self.path.state()
    }

    /// The numbers so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            frames_sent: self.frames_sent,
            frames_received: self.ear.audio_frames,
            bytes_received: self.ear.audio_bytes,
            messages_received: self.ear.messages,
            last_received: self.last_received,
            last_sent: self.last_sent,
            marks_played: self.ear.marks_played,
            marks_cleared: self.ear.marks_cleared,
            clears: self.ear.clears,
            slowest_mark: self.ear.slowest_mark,
            jitter: self.ear.jitter(),
            first_message: self.ear.first_message,
            first_audio: self.ear.first_audio,
            longest_gap: self.ear.longest_gap,
            byte_rate: self.ear.byte_rate(),
            pings_sent: self.pinger.as_ref().map_or(0, Pinger::sent),
            pings_received: self.pings_received,
            rtt: self.pinger.as_ref().and_then(Pinger::rtt),
            pacing_late: self.media.pacer().map_or(Duration::ZERO, Pacer::latest),
            frames_skipped: self.media.pacer().map_or(0, Pacer::skipped),
            frames_not_taken: self.media.pacer().map_or(0, Pacer::not_taken),
            longest_stop: self.path.longest_stop(),
            retransmits: self.path.retransmits(),
            lossy: self.path.is_lossy(),
        }
    }

    /// What is odd about what came.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        let mut remarks = self.remarks.clone();
        self.ear.sum_up(&mut remarks);
        remarks
    }
}
