//! What was heard: the rhythm of what came in, and whether it is what the monitor expects.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::pace::Pace;
use crate::audio::{AudioFormat, Sound};
use crate::dialect::{Dialect, Heard, HeardAudio, Incoming, Playback, Remarks};
use crate::monitor::{Expect, HoldPlan};
use crate::outcome::Warning;

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
    /// No mark was played, or not in time.
    Mark,
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
    /// What we say, where it can be recognised.
    sound: Option<Sound>,
    /// Is this the protocol of a provider, whose oddities are noted?
    judges: bool,
    sent: VecDeque<Bytes>,
    pub(super) first_message: Option<Duration>,
    pub(super) first_audio: Option<Duration>,
    pub(super) longest_gap: Option<Duration>,
    pub(super) audio_frames: u64,
    pub(super) audio_bytes: u64,
    pub(super) messages: u64,
    pub(super) marks_played: u64,
    pub(super) clears: u64,
    /// The longest that a mark waited until it was played.
    pub(super) slowest_mark: Option<Duration>,
    last_message: Duration,
    last_audio: Duration,
    last_audio_bytes: usize,
    pace: Pace,
    audible: bool,
    matched: bool,
    echoed: bool,
}

impl Ear {
    pub(super) fn new(expect: Expect, dialect: &Dialect) -> Self {
        Self {
            expect,
            format: dialect.audio(),
            sound: dialect.sound().cloned(),
            judges: dialect.provider().is_some(),
            sent: VecDeque::new(),
            first_message: None,
            first_audio: None,
            longest_gap: None,
            audio_frames: 0,
            audio_bytes: 0,
            messages: 0,
            marks_played: 0,
            clears: 0,
            slowest_mark: None,
            last_message: Duration::ZERO,
            last_audio: Duration::ZERO,
            last_audio_bytes: 0,
            pace: Pace::default(),
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
    pub(super) fn hear(&mut self, at: Duration, message: Incoming<'_>, heard: &Heard<'_>) {
        self.messages += 1;
        self.first_message.get_or_insert(at);
        self.last_message = at;
        self.check_content(message);
        if heard.playback == Some(Playback::Clear) {
            self.clears += 1;
        }
        if let Some(audio) = &heard.audio {
            self.hear_audio(at, audio);
        }
    }

    /// A mark of the server was played, this long after it came.
    pub(super) fn mark_played(&mut self, took: Duration) {
        self.marks_played += 1;
        self.slowest_mark = Some(self.slowest_mark.map_or(took, |slowest| slowest.max(took)));
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
            self.echo_came();
        }
    }

    fn echo_came(&mut self) {
        self.echoed = true;
        self.sent = VecDeque::new();
    }

    fn hear_audio(&mut self, at: Duration, audio: &HeardAudio<'_>) {
        if self.first_audio.is_some() {
            let gap = at.saturating_sub(self.last_audio);
            self.longest_gap = Some(self.longest_gap.map_or(gap, |longest| longest.max(gap)));
            self.pace.step(gap, self.last_audio_bytes, self.format);
        }
        self.first_audio.get_or_insert(at);
        self.last_audio = at;
        self.last_audio_bytes = audio.bytes_in(self.format);
        self.audio_frames += 1;
        self.audio_bytes += self.last_audio_bytes as u64;
        self.audible |= !audio.silent;
        if self.expect.echo && !self.echoed && self.sound.as_ref().is_some_and(|sound| sound.contains(audio.bytes)) {
            self.echo_came();
        }
    }

    /// What is odd about all that came, now that the line is over.
    pub(super) fn sum_up(&self, remarks: &mut Remarks) {
        if !self.judges {
            return;
        }
        if let Some(ratio) = self.pace.wrong_rate(self.format) {
            let (codec, rate) = (self.format.codec, self.format.sample_rate);
            remarks.note(Warning::AudioRateWrong, || {
                format!("audio comes at {ratio} times the byte rate of {codec} at {rate} Hz, evenly: another rate or codec")
            });
        }
        if self.audio_bytes >= u64::from(self.format.byte_rate()) && !self.audible {
            let frames = self.audio_frames;
            remarks.note(Warning::AudioSilenceOnly, || format!("{frames} audio frames came, all of them silence"));
        }
    }

    /// The jitter of the audio that came (RFC 3550 section 6.4.1).
    pub(super) fn jitter(&self) -> Option<Duration> {
        self.pace.jitter()
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
            (self.mark_is_unmet(), Unmet::Mark),
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

    /// No mark was played, or one waited for longer than allowed.
    fn mark_is_unmet(&self) -> bool {
        self.expect.mark_round_trip_within.is_some_and(|within| self.slowest_mark.is_none_or(|slowest| slowest > within))
    }

    fn rate_is_wrong(&self) -> bool {
        let expected = f64::from(self.format.byte_rate());
        self.byte_rate().is_some_and(|rate| rate > expected * 4.0 / 3.0 || rate < expected * 2.0 / 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Codec;
    use crate::dialect::raw::RawSettings;
    use crate::monitor::MessageMatch;

    const MS: Duration = Duration::from_millis(1);

    fn ear(expect: Expect) -> Ear {
        Ear::new(expect, &Dialect::Raw(RawSettings::default()))
    }

    fn hear(ear: &mut Ear, at: u32, bytes: &[u8], silent: bool) {
        let heard = Heard { audio: Some(HeardAudio { bytes, silent, format: None }), ..Heard::default() };
        ear.hear(at * MS, Incoming::Binary(bytes), &heard);
    }

    fn play(expect: Expect, frames: &[(u32, usize, bool)]) -> Ear {
        let mut ear = ear(expect);
        for &(at, bytes, silent) in frames {
            let payload = vec![if silent { 0xFF } else { 0x11 }; bytes];
            hear(&mut ear, at, &payload, silent);
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
        let mut ear = ear(Expect { echo: true, ..Expect::default() });
        ear.sent(&Bytes::from_static(b"hello"));
        ear.sent(&Bytes::from_static(b"media"));
        ear.hear(MS, Incoming::Text("other"), &Heard::default());
        assert_eq!(ear.unmet_at_the_end(), Some(Unmet::Echo));
        ear.hear(MS, Incoming::Text("hello"), &Heard::default());
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
        let mut ear = ear(expect);
        assert_eq!(ear.next_deadline(&plan), Some(1000 * MS));
        assert_eq!(ear.overdue(1500 * MS, &plan), Some(Unmet::FirstMessage));
        ear.hear(500 * MS, Incoming::Text("hi"), &Heard::default());
        assert_eq!(ear.next_deadline(&plan), Some(2000 * MS));
        hear(&mut ear, 600, b"x", false);
        assert_eq!(ear.next_deadline(&plan), Some(3600 * MS));
        assert_eq!(ear.overdue(3600 * MS, &plan), Some(Unmet::Silence));
    }

    #[test]
    fn audio_of_another_format_counts_by_its_time() {
        let mut ear = ear(Expect { real_time_audio: true, ..Expect::default() });
        let format = Some(AudioFormat { codec: Codec::L16, sample_rate: 24_000 });
        for n in 0..100 {
            let audio = HeardAudio { bytes: &[0x11; 960], silent: false, format };
            ear.hear(n * 20 * MS, Incoming::Binary(&[]), &Heard { audio: Some(audio), ..Heard::default() });
        }
        assert_eq!((ear.audio_bytes, ear.unmet_at_the_end()), (100 * 160, None));
    }

    #[test]
    fn gaps_are_between_audio_frames() {
        let ear = play(Expect::default(), &[(100, 160, true), (120, 160, true), (420, 160, true)]);
        assert_eq!((ear.first_audio, ear.longest_gap), (Some(100 * MS), Some(300 * MS)));
    }
}
