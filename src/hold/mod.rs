//! The timed hold, as a pure machine: what to send, when to wake, and how it ended.
//!
//! Times are [`Duration`]s since the 101. The shell (`probe/drive.rs`) hands in everything that happens with
//! [`Hold::handle`] and then obeys [`Hold::poll`] until it waits. Deliberately absent: sockets, clocks, and blame: the
//! machine says what happened ([`Ending`]); `verdict` says why.
//!
//! Invariant: after any input, `poll` yields finitely many `Send`s and then either `Done` or a `WaitUntil` later than now.

mod ear;
mod echo;
mod media;
mod numbers;
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
use crate::dialect::{Call, Heard, Incoming, Mark, Moment, Playback, Remarks, Speaker, Turn, Wire};
use crate::monitor::{HoldPlan, Monitor};
use crate::outcome::Warning;
use ear::Ear;
pub use ear::Unmet;
use media::Media;
use pacer::Pacer;
use path::PathWatch;
pub use path::{PathSample, PathState};
use pinger::Pinger;
use playout::{LONGEST_MARK, MOST_MARKS, Playout, Room};
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
    mark: Option<Mark>,
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
    last_received: Option<Duration>,
    last_sent: Option<Duration>,
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
        hello.iter().for_each(|wire| ear.echo.sent(wire.payload()));
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
            last_received: None,
            last_sent: None,
            plan,
        }
    }

    /// Takes in what happened at `at`. Times that go backwards count as now.
    pub fn handle(&mut self, at: Duration, input: Input<'_>) {
        self.now = self.now.max(at);
        match input {
            Input::Tick => {}
            Input::Message(message) => self.hear(message),
            Input::Ping => self.note_ping(),
            Input::Received => return self.note_received(at),
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
            return self.say(next);
        }
        if let Some(frame) = self.next_media_frame() {
            return self.say(Outgoing::Data(frame));
        }
        match (self.stage, self.ending) {
            (Stage::Over, Some(ending)) => Output::Done(ending),
            _ => Output::WaitUntil(self.next_wakeup()),
        }
    }

    fn hear(&mut self, message: Incoming<'_>) {
        match self.stage {
            Stage::Holding => self.attend(message),
            Stage::Farewell { .. } => self.hear_parting(message),
            // What was on its way when we closed is nobody's mistake.
            Stage::Closing { .. } | Stage::Over => {}
        }
    }

    /// Our goodbye is said: all that matters is whether the server answers it.
    fn hear_parting(&mut self, message: Incoming<'_>) {
        let moment = Moment { at: self.now, queued: self.playout.queued(self.now), remarks: &mut Remarks::default() };
        if self.speaker.hear(moment, message).turn == Turn::Parted {
            self.begin_close(1000);
        }
    }

    /// Judges, measures and obeys a message.
    fn attend(&mut self, message: Incoming<'_>) {
        let strangers = self.remarks.count(Warning::WrongStreamId);
        let moment = Moment { at: self.now, queued: self.playout.queued(self.now), remarks: &mut self.remarks };
        let mut heard = self.speaker.hear(moment, message);
        if self.remarks.count(Warning::WrongStreamId) > strangers {
            // Nobody in this call hears it.
            (heard.audio, heard.unmeasured) = (None, false);
        }
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
            Some(Playback::Unmark) => self.playout.unmark(),
        }
        if let Some(mark) = after.mark {
            self.mark(mark);
        }
        self.outbox.extend(after.replies.into_iter().map(Outgoing::Data));
        match after.turn {
            Turn::Opened => self.media.begin(self.now),
            Turn::Muted => self.mute(),
            Turn::Unmuted => self.unmute(),
            Turn::Refused => self.begin_farewell(Ending::Refused),
            Turn::HungUp => self.begin_farewell(Ending::HungUp),
            Turn::Unanswered => self.close_for(Ending::PingTimeout, 1000),
            Turn::None | Turn::Parted => {}
        }
    }

    fn mark(&mut self, mark: Mark) {
        let Room { crowded, cut } = self.playout.mark(self.now, mark);
        if crowded {
            let says =
                || format!("more than {MOST_MARKS} marks wait to be played, or have too long names: the oldest has no answer");
            self.remarks.note(Warning::PlaybackOverflow, says);
        }
        if cut {
            let says = || format!("the name of a mark is longer than {LONGEST_MARK} bytes: the answer has the beginning of it");
            self.remarks.note(Warning::InvalidField, says);
        }
    }

    /// Answers the marks that have been played, and lets the dialect say what is due.
    fn fire_dialect(&mut self) {
        while let Some(played) = self.playout.take(self.now) {
            let answer = self.speaker.played(&played.mark.name, played.cleared);
            self.ear.mark_played(&played, answer.is_some());
            self.outbox.extend(answer.map(Outgoing::Data));
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
        if self.blocked_since.is_some() || self.muted {
            self.leave_out();
            return None;
        }
        let media = self.media.pacer_mut()?;
        let slot = media.take(self.now)?;
        let frame = self.speaker.frame(slot);
        self.frames_sent += 1;
        self.ear.echo.said(slot, frame.payload());
        Some(frame)
    }

    fn mute(&mut self) {
        self.leave_out();
        self.media.begin(self.now);
        self.muted = true;
    }

    fn unmute(&mut self) {
        self.leave_out();
        self.muted = false;
    }

    fn unblock(&mut self) {
        self.leave_out();
        self.blocked_since = None;
    }

    /// Leaves out the frames that are due by now, if they are not to be sent.
    fn leave_out(&mut self) {
        match self.media.pacer_mut() {
            // Nobody misses what the server does not want.
            Some(media) if self.muted => media.pass_over(self.now),
            // What the server did not take in time is lost like a real caller's audio, and was not our lateness.
            Some(media) if self.blocked_since.is_some() => media.leave_out(self.now),
            Some(_) | None => {}
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
        } else if self.media.awaited_until().is_some_and(|until| until.min(self.plan.target) <= self.now) {
            self.begin_farewell(Ending::NotAnswered);
        } else if let Some(unmet) = self.ear.overdue(self.now, &self.plan) {
            self.begin_farewell(Ending::Unmet(unmet));
        } else if self.plan.target <= self.now {
            let unmet = self.unmet().map(Ending::Unmet);
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
