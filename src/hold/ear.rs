//! What was heard: the rhythm of what came in, and whether it is what the monitor expects.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::AudioFormat;
use crate::dialect::{Heard, Incoming};
use crate::monitor::{Expect, HoldPlan};

/// An expectation that was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// No message in time.
    FirstMessage,
    /// No message that matches.
    Message,
    /// Nothing that we sent came back.
    Echo,
    /// No audio in time.
    FirstAudio,
    /// All audio was silence.
    Audible,
    /// The audio has another byte rate than expected.
    Rate,
    /// Nothing came for longer than allowed.
    Silence,
}

/// Sent payloads that are remembered to recognise an echo.
const REMEMBERED: usize = 16;
/// A byte rate is judged on this much audio at least, and may be off by a third: codecs and rates differ by a factor of 1.5 or
/// more.
const SHORTEST_RATE_SAMPLE: Duration = Duration::from_secs(1);

/// Everything that was heard, as numbers.
#[derive(Debug)]
pub(super) struct Ear {
    expect: Expect,
    format: AudioFormat,
    sent: VecDeque<Bytes>,
    pub(super) first_message: Option<Duration>,
    pub(super) first_audio: Option<Duration>,
    pub(super) longest_gap: Option<Duration>,
    pub(super) audio_frames: u64,
    pub(super) messages: u64,
    last_message: Duration,
    last_audio: Duration,
    last_audio_bytes: usize,
    audio_bytes: u64,
    audible: bool,
    matched: bool,
    echoed: bool,
}

impl Ear {
    pub(super) fn new(expect: Expect, format: AudioFormat) -> Self {
        Self {
            expect,
            format,
            sent: VecDeque::new(),
            first_message: None,
            first_audio: None,
            longest_gap: None,
            audio_frames: 0,
            messages: 0,
            last_message: Duration::ZERO,
            last_audio: Duration::ZERO,
            last_audio_bytes: 0,
            audio_bytes: 0,
            audible: false,
            matched: false,
            echoed: false,
        }
    }

    /// Something was sent that may come back.
    pub(super) fn sent(&mut self, payload: &Bytes) {
        let known = self.sent.back().is_some_and(|last| last == payload);
        if !self.expect.echo || self.echoed || known {
            return;
        }
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(payload.clone());
    }

    /// A message came.
    pub(super) fn hear(&mut self, at: Duration, message: Incoming<'_>, meaning: Heard) {
        self.messages += 1;
        self.first_message.get_or_insert(at);
        self.last_message = at;
        self.check_content(message);
        if let Heard::Audio { bytes, silent } = meaning {
            self.hear_audio(at, bytes, silent);
        }
    }

    fn check_content(&mut self, message: Incoming<'_>) {
        let payload = match message {
            Incoming::Text(text) => {
                self.matched = self.matched || self.expect.message.as_ref().is_some_and(|m| m.matches(text));
                text.as_bytes()
            }
            Incoming::Binary(bytes) => bytes,
        };
        if self.expect.echo && !self.echoed && self.sent.iter().any(|sent| sent == payload) {
            self.echoed = true;
            self.sent = VecDeque::new();
        }
    }

    fn hear_audio(&mut self, at: Duration, bytes: usize, silent: bool) {
        if self.first_audio.is_some() {
            let gap = at.saturating_sub(self.last_audio);
            self.longest_gap = Some(self.longest_gap.map_or(gap, |longest| longest.max(gap)));
        }
        self.first_audio.get_or_insert(at);
        self.last_audio = at;
        self.last_audio_bytes = bytes;
        self.audio_frames += 1;
        self.audio_bytes += bytes as u64;
        self.audible |= !silent;
    }

    /// The next moment at which an expectation can become unmet, before the hold ends.
    pub(super) fn next_deadline(&self, plan: &HoldPlan) -> Option<Duration> {
        self.open_deadlines(plan).into_iter().flatten().map(|(at, _)| at).min()
    }

    /// The expectation that is unmet by `now`, if any; the earliest one first.
    pub(super) fn overdue(&self, now: Duration, plan: &HoldPlan) -> Option<Unmet> {
        let open = self.open_deadlines(plan).into_iter().flatten();
        open.filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at).map(|(_, unmet)| unmet)
    }

    fn open_deadlines(&self, plan: &HoldPlan) -> [Option<(Duration, Unmet)>; 4] {
        let matching = self.expect.match_within.filter(|_| self.expect.message.is_some() && !self.matched);
        [
            self.expect.first_message_within.filter(|_| self.first_message.is_none()).map(|at| (at, Unmet::FirstMessage)),
            self.expect.first_audio_within.filter(|_| self.first_audio.is_none()).map(|at| (at, Unmet::FirstAudio)),
            matching.map(|at| (at, Unmet::Message)),
            self.expect.max_silence.map(|longest| (self.last_message + longest, Unmet::Silence)),
        ]
        .map(|deadline| deadline.filter(|(at, _)| *at < plan.target))
    }

    /// What is unmet when the hold is over. The order is that of the causes: no message explains no match, and so on.
    pub(super) fn unmet_at_the_end(&self) -> Option<Unmet> {
        let expect = &self.expect;
        let checks = [
            (expect.first_message_within.is_some() && self.first_message.is_none(), Unmet::FirstMessage),
            (expect.message.is_some() && !self.matched, Unmet::Message),
            (expect.first_audio_within.is_some() && self.first_audio.is_none(), Unmet::FirstAudio),
            (expect.echo && !self.echoed, Unmet::Echo),
            ((expect.audible || expect.real_time_audio) && self.first_audio.is_none(), Unmet::FirstAudio),
            (expect.real_time_audio && self.rate_is_wrong(), Unmet::Rate),
            (expect.audible && !self.audible, Unmet::Audible),
        ];
        checks.into_iter().find_map(|(unmet, which)| unmet.then_some(which))
    }

    /// Bytes a second of the audio that came, if there was enough of it.
    pub(super) fn byte_rate(&self) -> Option<f64> {
        let span = self.last_audio.checked_sub(self.first_audio?)?;
        // The last frame begins where the span ends.
        let bytes = self.audio_bytes.saturating_sub(self.last_audio_bytes as u64);
        (span >= SHORTEST_RATE_SAMPLE).then(|| bytes as f64 / span.as_secs_f64())
    }

    fn rate_is_wrong(&self) -> bool {
        let expected = f64::from(self.format.byte_rate());
        self.byte_rate().is_some_and(|rate| rate > expected * 4.0 / 3.0 || rate < expected * 2.0 / 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::MessageMatch;

    const MS: Duration = Duration::from_millis(1);

    fn play(expect: Expect, frames: &[(u32, usize, bool)]) -> Ear {
        let mut ear = Ear::new(expect, AudioFormat::MULAW_8K);
        for &(at, bytes, silent) in frames {
            let payload = vec![if silent { 0xFF } else { 0x11 }; bytes];
            ear.hear(at * MS, Incoming::Binary(&payload), Heard::Audio { bytes, silent });
        }
        ear
    }

    fn stream(bytes: usize, silent: bool) -> Vec<(u32, usize, bool)> {
        (0..100).map(|n| (n * 20, bytes, silent)).collect()
    }

    #[test]
    fn what_is_unmet_at_the_end() {
        let audible = Expect { audible: true, ..Expect::default() };
        let rate = Expect { real_time_audio: true, ..Expect::default() };
        let echo = Expect { echo: true, ..Expect::default() };
        let message = Expect { message: Some(MessageMatch::Contains("ready".into())), ..Expect::default() };
        let rows = [
            (Expect::default(), vec![], None),
            (audible.clone(), stream(160, true), Some(Unmet::Audible)),
            (audible.clone(), stream(160, false), None),
            (audible, vec![], Some(Unmet::FirstAudio)),
            (rate.clone(), stream(160, false), None),
            (rate.clone(), stream(320, false), Some(Unmet::Rate)),
            (rate.clone(), stream(80, false), Some(Unmet::Rate)),
            (rate, vec![(0, 160, false), (20, 320, false)], None),
            (echo, stream(160, false), Some(Unmet::Echo)),
            (message, stream(160, false), Some(Unmet::Message)),
        ];
        for (expect, frames, unmet) in rows {
            assert_eq!(play(expect.clone(), &frames).unmet_at_the_end(), unmet, "{expect:?}");
        }
    }

    #[test]
    fn an_echo_is_recognised_by_its_bytes() {
        let mut ear = Ear::new(Expect { echo: true, ..Expect::default() }, AudioFormat::MULAW_8K);
        ear.sent(&Bytes::from_static(b"hello"));
        ear.sent(&Bytes::from_static(b"media"));
        ear.hear(MS, Incoming::Text("other"), Heard::Message);
        assert_eq!(ear.unmet_at_the_end(), Some(Unmet::Echo));
        ear.hear(MS, Incoming::Text("hello"), Heard::Message);
        assert_eq!(ear.unmet_at_the_end(), None);
    }

    #[test]
    fn deadlines_fall_away_as_they_are_met() {
        let plan = HoldPlan::default();
        let expect = Expect {
            first_message_within: Some(1000 * MS),
            first_audio_within: Some(2000 * MS),
            max_silence: Some(3000 * MS),
            ..Expect::default()
        };
        let mut ear = Ear::new(expect, AudioFormat::MULAW_8K);
        assert_eq!(ear.next_deadline(&plan), Some(1000 * MS));
        assert_eq!(ear.overdue(1500 * MS, &plan), Some(Unmet::FirstMessage));
        ear.hear(500 * MS, Incoming::Text("hi"), Heard::Message);
        assert_eq!(ear.next_deadline(&plan), Some(2000 * MS));
        ear.hear(600 * MS, Incoming::Binary(b"x"), Heard::Audio { bytes: 1, silent: false });
        assert_eq!(ear.next_deadline(&plan), Some(3600 * MS));
        assert_eq!(ear.overdue(3600 * MS, &plan), Some(Unmet::Silence));
    }

    #[test]
    fn gaps_are_between_audio_frames() {
        let ear = play(Expect::default(), &[(100, 160, true), (120, 160, true), (420, 160, true)]);
        assert_eq!((ear.first_audio, ear.longest_gap), (Some(100 * MS), Some(300 * MS)));
    }
}
