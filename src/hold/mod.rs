//! The timed hold, as a pure machine: what to send, when to wake, and how it ended.
//!
//! Times are [`Duration`]s since the 101. The shell (`probe/drive.rs`) hands in everything that happens with
//! [`Hold::handle`] and then obeys [`Hold::poll`] until it waits. Deliberately absent: sockets, clocks, and blame: the
//! machine says what happened ([`Ending`]); `verdict` says why.
//!
//! Invariant: after any input, `poll` yields finitely many `Send`s and then either `Done` or a `WaitUntil` later than now.

mod ear;
mod media;
mod pace;
mod pacer;
mod path;
mod pinger;
mod playout;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::AudioFormat;
use crate::dialect::{Call, Heard, Incoming, Moment, Playback, Remarks, Speaker, Turn, Wire};
use crate::monitor::{HoldPlan, Monitor};
use crate::outcome::Warning;
use ear::Ear;
pub use ear::Unmet;
use media::Media;
use pacer::Pacer;
use path::PathWatch;
pub use path::{PathSample, PathState};
use pinger::Pinger;
use playout::Playout;
pub use terms::{Ending, Goodbye, Input, Outgoing, Output, Tally};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The line is held.
    Holding,
    /// The dialect's farewell is said; the server may close first.
    Farewell { until: Duration },
    /// Our Close is said; its echo is due.
    Closing { until: Duration },
    /// Nothing more to do.
    Over,
}

/// Frames in the current second, against the budget.
#[derive(Debug, Default)]
struct FrameRate {
    second: u64,
    frames_before: u64,
}

/// What is left of a message when its audio has been heard.
struct After {
    replies: Vec<Wire>,
    mark: Option<String>,
    playback: Option<Playback>,
    turn: Turn,
}

/// The machine.
#[derive(Debug)]
pub struct Hold {
    plan: HoldPlan,
    speaker: Box<dyn Speaker>,
    now: Duration,
    stage: Stage,
    ending: Option<Ending>,
    ended_at: Option<Duration>,
    goodbye_over_at: Option<Duration>,
    outbox: VecDeque<Outgoing>,
    media: Media,
    pinger: Option<Pinger>,
    ear: Ear,
    playout: Playout,
    remarks: Remarks,
    format: AudioFormat,
    playback_limit: Option<Duration>,
    path: PathWatch,
    frame_rate: FrameRate,
    blocked_since: Option<Duration>,
    /// The server wants no audio of ours for now.
    muted: bool,
    frames_sent: u64,
    pings_received: u64,
}

impl Hold {
    /// The hold of `monitor`, from the 101 of this call on.
    #[must_use]
    pub fn new(monitor: &Monitor, call: &Call) -> Self {
        let plan = monitor.hold.clone();
        let dialect = &monitor.dialect;
        let mut speaker = dialect.open(call);
        let mut ear = Ear::new(monitor.expect.clone(), dialect);
        let hello = speaker.greet();
        hello.iter().for_each(|wire| ear.sent(wire.payload()));
        let pinger = plan.ping.as_ref().map(Pinger::new);
        Self {
            speaker,
            now: Duration::ZERO,
            stage: Stage::Holding,
            ending: None,
            ended_at: None,
            goodbye_over_at: None,
            outbox: hello.into_iter().map(Outgoing::Data).collect(),
            media: Media::new(monitor),
            pinger,
            ear,
            playout: Playout::default(),
            remarks: Remarks::default(),
            format: dialect.audio(),
            playback_limit: dialect.provider().and_then(|settings| settings.provider.facts().playback_limit),
            path: PathWatch::new(),
            frame_rate: FrameRate::default(),
            blocked_since: None,
            muted: false,
            frames_sent: 0,
            pings_received: 0,
            plan,
        }
    }

    /// Takes in what happened at `at`. Times that go backwards count as now.
    pub fn handle(&mut self, at: Duration, input: Input<'_>) {
        self.now = self.now.max(at);
        match input {
            Input::Tick => {}
            Input::Message(message) => self.hear(message),
            Input::Ping => self.pings_received += 1,
            Input::Pong(payload) => {
                if let Some(pinger) = &mut self.pinger {
                    pinger.pong(payload, self.now);
                }
            }
            Input::PeerClosed => self.peer_closed(),
            Input::PeerGone => self.peer_gone(),
            Input::Violation { code } => self.close_for(Ending::Violation, code),
            Input::WriteBlocked => {
                self.blocked_since.get_or_insert(self.now);
            }
            Input::WriteFlushed => self.unblock(),
            Input::Path(sample) => self.path.observe(self.now, sample),
            Input::Traffic { frames, bytes } => self.check_budget(frames, bytes),
            Input::Cancel => self.cancel(),
        }
        self.fire_timers();
    }

    /// What to do now.
    pub fn poll(&mut self) -> Output {
        if let Some(next) = self.outbox.pop_front() {
            return Output::Send(next);
        }
        if let Some(frame) = self.next_media_frame() {
            return Output::Send(Outgoing::Data(frame));
        }
        match (self.stage, self.ending) {
            (Stage::Over, Some(ending)) => Output::Done(ending),
            _ => Output::WaitUntil(self.next_wakeup()),
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
        self.ear.unmet_at_the_end()
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
            marks_played: self.ear.marks_played,
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

    fn hear(&mut self, message: Incoming<'_>) {
        let moment = Moment { at: self.now, queued: self.playout.queued(self.now), remarks: &mut self.remarks };
        let heard = self.speaker.hear(moment, message);
        self.ear.hear(self.now, message, &heard);
        let length = heard.audio.map(|audio| self.format.length(audio.bytes_in(self.format)));
        let after = After { replies: heard.replies, mark: heard.mark, playback: heard.playback, turn: heard.turn };
        self.play(length);
        self.follow(after);
    }

    /// Audio of this length is queued to be played.
    fn play(&mut self, length: Option<Duration>) {
        let Some(length) = length else { return };
        self.playout.add(self.now, length);
        if let Some(limit) = self.playback_limit.filter(|limit| self.playout.queued(self.now) > *limit) {
            self.remarks
                .note(Warning::PlaybackOverflow, || format!("more than {} s of audio wait to be played", limit.as_secs()));
        }
    }

    /// Does what a message, or the dialect's own clock, asks for.
    fn follow(&mut self, after: After) {
        match after.playback {
            None => {}
            Some(Playback::Clear) => self.playout.clear(self.now),
            Some(Playback::Pause) => self.playout.pause(self.now),
            Some(Playback::Resume) => self.playout.resume(self.now),
        }
        if let Some(mark) = after.mark {
            self.playout.mark(self.now, mark);
        }
        if self.stage == Stage::Holding {
            self.outbox.extend(after.replies.into_iter().map(Outgoing::Data));
        }
        match (self.stage, after.turn) {
            (Stage::Holding, Turn::Opened) => self.media.begin(self.now),
            (Stage::Holding, Turn::Muted) => self.mute(),
            (Stage::Holding, Turn::Unmuted) => self.unmute(),
            (Stage::Holding, Turn::Refused) => self.begin_farewell(Ending::Refused),
            (Stage::Holding, Turn::HungUp) => self.begin_farewell(Ending::HungUp),
            (Stage::Holding, Turn::Unanswered) => self.close_for(Ending::PingTimeout, 1000),
            (Stage::Farewell { .. }, Turn::Parted) => self.begin_close(1000),
            (Stage::Holding | Stage::Farewell { .. } | Stage::Closing { .. } | Stage::Over, _) => {}
        }
    }

    /// Answers the marks that have been played, and lets the dialect say what is due.
    fn fire_dialect(&mut self) {
        while let Some(played) = self.playout.take(self.now) {
            self.ear.mark_played(played.took);
            self.outbox.extend(self.speaker.played(&played.name, played.cleared).map(Outgoing::Data));
        }
        if self.speaker.due().is_some_and(|due| due <= self.now) {
            let moment = Moment { at: self.now, queued: self.playout.queued(self.now), remarks: &mut self.remarks };
            let Heard { replies, mark, playback, turn, .. } = self.speaker.speak(moment);
            self.follow(After { replies, mark, playback, turn });
        }
    }

    fn next_media_frame(&mut self) -> Option<Wire> {
        if self.stage != Stage::Holding || self.now >= self.plan.target {
            return None;
        }
        let media = self.media.pacer_mut()?;
        if self.blocked_since.is_some() || self.muted {
            media.leave_out(self.now);
            return None;
        }
        let frame = self.speaker.frame(media.take(self.now)?);
        self.frames_sent += 1;
        self.ear.sent(frame.payload());
        Some(frame)
    }

    fn mute(&mut self) {
        self.media.begin(self.now);
        self.muted = true;
    }

    fn unmute(&mut self) {
        if let (true, Some(media)) = (std::mem::take(&mut self.muted), self.media.pacer_mut()) {
            media.leave_out(self.now);
        }
    }

    fn unblock(&mut self) {
        if let (Some(_), Some(media)) = (self.blocked_since.take(), self.media.pacer_mut()) {
            // What the server did not take in time is lost like a real caller's audio, and was not our lateness.
            media.leave_out(self.now);
        }
    }

    fn peer_closed(&mut self) {
        match self.stage {
            Stage::Holding => self.end(Ending::PeerClosed),
            Stage::Farewell { .. } | Stage::Closing { .. } => self.goodbye(Goodbye::Answered),
            Stage::Over => {}
        }
    }

    fn peer_gone(&mut self) {
        match self.stage {
            Stage::Holding => self.end(Ending::PeerGone),
            Stage::Farewell { .. } | Stage::Closing { .. } => self.goodbye(Goodbye::Unacknowledged),
            Stage::Over => {}
        }
    }

    fn cancel(&mut self) {
        if self.stage == Stage::Holding {
            self.begin_farewell(Ending::Cancelled);
        }
    }

    fn check_budget(&mut self, frames: u64, bytes: u64) {
        let second = self.now.as_secs();
        if second != self.frame_rate.second {
            self.frame_rate = FrameRate { second, frames_before: frames };
        }
        let in_this_second = frames.saturating_sub(self.frame_rate.frames_before);
        let budgets = &self.plan.budgets;
        // While we say goodbye, what was on its way may come in a heap; only its bytes are limited then.
        let too_fast = self.stage == Stage::Holding && in_this_second > u64::from(budgets.frames_per_second);
        if too_fast || bytes > budgets.bytes_for(self.plan.target) {
            self.close_for(Ending::Flood, 1008);
        }
    }

    fn fire_timers(&mut self) {
        match self.stage {
            Stage::Holding => self.fire_holding(),
            Stage::Farewell { until } if until <= self.now => self.give_up_farewell(),
            Stage::Closing { until } if until <= self.now => self.goodbye(Goodbye::TimedOut),
            Stage::Farewell { .. } | Stage::Closing { .. } | Stage::Over => {}
        }
    }

    fn fire_holding(&mut self) {
        if self.stalled_at().is_some_and(|at| at <= self.now) {
            self.end(self.stalled());
        } else if self.pong_due().is_some_and(|at| at <= self.now) {
            let dead = matches!(self.path.state(), PathState::Blackhole { .. });
            let ending = if dead { Ending::Blackhole } else { Ending::PingTimeout };
            self.close_for(ending, 1000);
        } else if self.media.awaited_until().is_some_and(|until| until <= self.now) {
            self.begin_farewell(Ending::NotAnswered);
        } else if let Some(unmet) = self.ear.overdue(self.now, &self.plan) {
            self.begin_farewell(Ending::Unmet(unmet));
        } else if self.plan.target <= self.now {
            let unmet = self.ear.unmet_at_the_end().map(Ending::Unmet);
            self.begin_farewell(unmet.unwrap_or(Ending::Completed(Goodbye::TimedOut)));
        } else {
            self.ping_if_due();
            self.fire_dialect();
        }
    }

    fn ping_if_due(&mut self) {
        let ping = self.pinger.as_mut().and_then(|pinger| pinger.take(self.now));
        self.outbox.extend(ping.map(Outgoing::Ping));
    }

    fn pong_due(&self) -> Option<Duration> {
        self.pinger.as_ref()?.pong_due()
    }

    /// When a line that is stuck now will count as dead.
    fn stalled_at(&self) -> Option<Duration> {
        let path = match self.path.state() {
            PathState::ZeroWindow { since } | PathState::Blackhole { since } => Some(since),
            PathState::Unknown | PathState::Healthy => None,
        };
        let since = [path, self.blocked_since].into_iter().flatten().min()?;
        Some(since + self.plan.stall_timeout)
    }

    fn stalled(&self) -> Ending {
        match self.path.state() {
            PathState::Blackhole { .. } => Ending::Blackhole,
            PathState::ZeroWindow { .. } | PathState::Unknown | PathState::Healthy => Ending::WriteStalled,
        }
    }

    fn next_wakeup(&self) -> Duration {
        match self.stage {
            Stage::Holding => {
                let candidates = [
                    Some(self.plan.target),
                    self.media.pacer().filter(|_| self.blocked_since.is_none() && !self.muted).map(Pacer::due),
                    self.media.awaited_until(),
                    self.playout.due(),
                    self.speaker.due(),
                    self.pinger.as_ref().map(Pinger::next),
                    self.pong_due(),
                    self.stalled_at(),
                    self.ear.next_deadline(&self.plan),
                ];
                candidates.into_iter().flatten().min().unwrap_or(self.plan.target)
            }
            Stage::Farewell { until } | Stage::Closing { until } => until,
            Stage::Over => self.now,
        }
    }

    /// Says the dialect's farewell, then Close 1000; the hold itself ends here.
    fn begin_farewell(&mut self, ending: Ending) {
        self.ending = Some(ending);
        self.ended_at = Some(self.now);
        let farewell = self.speaker.farewell();
        self.outbox.extend(farewell.frames.into_iter().map(Outgoing::Data));
        if farewell.server_may_close_first.is_zero() {
            self.begin_close(1000);
        } else {
            self.stage = Stage::Farewell { until: self.now + farewell.server_may_close_first };
        }
    }

    /// Nothing came of the dialect's farewell in time.
    fn give_up_farewell(&mut self) {
        if self.speaker.expects_parting() {
            self.remarks.note(Warning::FarewellUnanswered, || "the dialect's goodbye was not answered".to_owned());
        }
        self.begin_close(1000);
    }

    fn begin_close(&mut self, code: u16) {
        self.outbox.push_back(Outgoing::Close(code));
        self.stage = Stage::Closing { until: self.now + self.plan.close_timeout };
    }

    /// Ends the hold over something that leaves no sense in waiting for an answer: one Close, and out.
    fn close_for(&mut self, ending: Ending, code: u16) {
        match self.stage {
            Stage::Holding => {
                self.outbox.clear();
                self.outbox.push_back(Outgoing::Close(code));
                self.end(ending);
            }
            // What comes after our own Close is no longer judged, but a peer that cannot be read any more will not answer.
            Stage::Farewell { .. } | Stage::Closing { .. } if ending == Ending::Violation => {
                self.goodbye(Goodbye::Unacknowledged);
            }
            // Nor will one that floods: waiting for its Close would only feed it.
            Stage::Farewell { .. } | Stage::Closing { .. } if ending == Ending::Flood => self.goodbye(Goodbye::TimedOut),
            Stage::Farewell { .. } | Stage::Closing { .. } | Stage::Over => {}
        }
    }

    fn end(&mut self, ending: Ending) {
        self.ending = Some(ending);
        self.ended_at = Some(self.now);
        self.stage = Stage::Over;
        if matches!(ending, Ending::PeerClosed | Ending::PeerGone | Ending::WriteStalled | Ending::Blackhole) {
            self.outbox.clear();
        }
    }

    fn goodbye(&mut self, how: Goodbye) {
        if let Some(Ending::Completed(goodbye)) = &mut self.ending {
            *goodbye = how;
        }
        self.outbox.clear();
        if matches!(self.stage, Stage::Farewell { .. }) {
            self.outbox.push_back(Outgoing::Close(1000));
        }
        self.goodbye_over_at = Some(self.now);
        self.stage = Stage::Over;
    }
}
