//! What was heard: the rhythm of what came in, and whether it is what the monitor expects.

use std::time::Duration;

use super::echo::Echo;
use super::pace::Pace;
use super::playout::Played;
use crate::audio::AudioFormat;
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

/// A byte rate is judged on this much audio at least, and may be off by a third: codecs and rates differ by a factor of 1.5 or
/// more.
const SHORTEST_RATE_SAMPLE: Duration = Duration::from_secs(1);
/// What comes within this time of the first audio is one heap with it, and has no rate.
const FIRST_HEAP: Duration = Duration::from_millis(2);

/// Everything that was heard, as numbers.
#[derive(Debug)]
pub(super) struct Ear {
    expect: Expect,
    format: AudioFormat,
    /// Is this the protocol of a provider, whose oddities are noted?
    judges: bool,
    pub(super) echo: Echo,
    pub(super) first_message: Option<Duration>,
    pub(super) first_audio: Option<Duration>,
    pub(super) longest_gap: Option<Duration>,
    pub(super) audio_frames: u64,
    pub(super) audio_bytes: u64,
    pub(super) messages: u64,
    pub(super) marks_played: u64,
    pub(super) marks_cleared: u64,
    pub(super) clears: u64,
    /// The longest that a mark waited until it was played.
    pub(super) slowest_mark: Option<Duration>,
    last_message: Duration,
    last_audio: Duration,
    last_audio_bytes: usize,
    /// Bytes of the audio that came with the first frame.
    first_heap_bytes: u64,
    pace: Pace,
    audible: bool,
    /// Audio came that cannot be measured.
    unmeasured: bool,
    matched: bool,
}

impl Ear {
    pub(super) fn new(expect: Expect, dialect: &Dialect) -> Self {
        Self {
            echo: Echo::new(expect.echo, dialect),
            expect,
            format: dialect.audio(),
            judges: dialect.provider().is_some(),
            first_message: None,
            first_audio: None,
            longest_gap: None,
            audio_frames: 0,
            audio_bytes: 0,
            messages: 0,
            marks_played: 0,
            marks_cleared: 0,
            clears: 0,
            slowest_mark: None,
            last_message: Duration::ZERO,
            last_audio: Duration::ZERO,
            last_audio_bytes: 0,
            first_heap_bytes: 0,
            pace: Pace::default(),
            audible: false,
            unmeasured: false,
            matched: false,
        }
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
        // No bytes are no audio.
        if let Some(audio) = heard.audio.filter(|audio| !audio.bytes.is_empty()) {
            self.hear_audio(at, audio);
        } else if heard.unmeasured {
            self.unmeasured = true;
            self.audio_came(at);
        }
    }

    /// A mark was played or cleared, and the provider answers it or not.
    pub(super) fn mark_played(&mut self, played: &Played, is_answered: bool) {
        if !played.mark.counts {
            return;
        }
        if played.cleared {
            self.marks_cleared += 1;
        } else if is_answered {
            self.marks_played += 1;
            self.slowest_mark = self.slowest_mark.max(Some(played.took));
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
        self.echo.hear(payload);
    }

    /// Audio came, of whatever kind: how long after the last one?
    fn audio_came(&mut self, at: Duration) -> Option<Duration> {
        let gap = self.first_audio.is_some().then(|| at.saturating_sub(self.last_audio));
        self.longest_gap = self.longest_gap.max(gap);
        self.first_audio.get_or_insert(at);
        self.last_audio = at;
        self.audio_frames += 1;
        gap
    }

    fn hear_audio(&mut self, at: Duration, audio: HeardAudio<'_>) {
        if let Some(gap) = self.audio_came(at) {
            self.pace.step(gap, self.last_audio_bytes, self.format);
        }
        self.last_audio_bytes = audio.bytes_in(self.format);
        self.audio_bytes += self.last_audio_bytes as u64;
        if self.first_audio.is_some_and(|first| at < first + FIRST_HEAP) {
            self.first_heap_bytes = self.audio_bytes;
        }
        self.audible |= !audio.silent;
        self.echo.hear_audio(at, audio.bytes);
    }

    /// What is odd about all that came, now that the line is over.
    pub(super) fn sum_up(&self, remarks: &mut Remarks) {
        if !self.judges {
            return;
        }
        if let Some(ratio) = self.pace.wrong_rate(self.format) {
            let (codec, rate) = (self.format.codec, self.format.sample_rate);
            remarks.note(Warning::AudioRateWrong, || {
                format!(
                    "audio comes at {ratio} times the byte rate of {codec} at {rate} Hz, evenly: another rate or codec (or an agent that \
                     evenly sends ahead, which looks the same)"
                )
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

    /// What is unmet when the hold is over; `oldest_mark` still waits to be played, since so long. The order is that of the causes: no
    /// message explains no match, and so on.
    pub(super) fn unmet_at_the_end(&self, oldest_mark: Option<Duration>) -> Option<Unmet> {
        let expect = &self.expect;
        let checks = [
            (expect.first_message_within.is_some() && self.first_message.is_none(), Unmet::FirstMessage),
            (expect.message.is_some() && !self.matched, Unmet::Message),
            (expect.first_audio_within.is_some() && self.first_audio.is_none(), Unmet::FirstAudio),
            (self.echo.is_missing(), Unmet::Echo),
            (self.mark_is_unmet(oldest_mark), Unmet::Mark),
            ((expect.audible || expect.real_time_audio) && self.first_audio.is_none(), Unmet::FirstAudio),
            (expect.real_time_audio && self.rate_is_wrong(), Unmet::Rate),
            (expect.audible && !self.audible && !self.unmeasured, Unmet::Audible),
        ];
        checks.into_iter().find_map(|(unmet, which)| unmet.then_some(which))
    }

    /// Bytes a second of the audio that came, if there was enough of it: a frame is stamped when it came, so what came after the first
    /// heap came in the time since then.
    pub(super) fn byte_rate(&self) -> Option<f64> {
        let span = self.last_audio.checked_sub(self.first_audio?)?;
        let bytes = self.audio_bytes - self.first_heap_bytes;
        (span >= SHORTEST_RATE_SAMPLE && self.audio_bytes > 0).then(|| bytes as f64 / span.as_secs_f64())
    }

    /// No mark was played, or one waited for longer than allowed; or waits still, which is what it takes at least.
    fn mark_is_unmet(&self, oldest: Option<Duration>) -> bool {
        let Some(within) = self.expect.mark_round_trip_within else { return false };
        self.slowest_mark.max(oldest).is_some_and(|slowest| slowest > within) || self.slowest_mark.is_none()
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
            assert_eq!(play(expect.clone(), &frames).unmet_at_the_end(None), unmet, "{expect:?}");
        }
    }

    #[test]
    fn an_echo_is_recognised_by_its_bytes() {
        let mut ear = ear(Expect { echo: true, ..Expect::default() });
        ear.echo.sent(&bytes::Bytes::from_static(b"hello"));
        ear.echo.sent(&bytes::Bytes::from_static(b"media"));
        ear.hear(MS, Incoming::Text("other"), &Heard::default());
        assert_eq!(ear.unmet_at_the_end(None), Some(Unmet::Echo));
        ear.hear(MS, Incoming::Text("hello"), &Heard::default());
        assert_eq!(ear.unmet_at_the_end(None), None);
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
    fn no_bytes_are_no_audio() {
        let ear = play(Expect::default(), &[(100, 0, true), (500, 160, false), (700, 0, true), (900, 160, false)]);
        assert_eq!((ear.first_audio, ear.longest_gap, ear.audio_frames), (Some(500 * MS), Some(400 * MS), 2));
        assert_eq!(ear.messages, 4);
    }

    #[test]
    fn audio_that_cannot_be_measured_is_audio() {
        let mut ear = ear(Expect { audible: true, real_time_audio: true, ..Expect::default() });
        for at in [100, 400, 3_000] {
            let message = Incoming::Text("media");
            ear.hear(at * MS, message, &Heard { unmeasured: true, ..Heard::default() });
        }
        assert_eq!((ear.first_audio, ear.longest_gap, ear.audio_frames), (Some(100 * MS), Some(2_600 * MS), 3));
        assert_eq!((ear.byte_rate(), ear.jitter(), ear.unmet_at_the_end(None)), (None, None, None));
        let mut remarks = Remarks::default();
        Ear { judges: true, ..ear }.sum_up(&mut remarks);
        assert_eq!(remarks, Remarks::default());
    }

    #[test]
    fn the_first_heap_has_no_rate() {
        let real_time = |heap: usize, bytes: usize, every: u32| {
            let heap = (0..heap).map(|_| (0, bytes, false));
            let frames: Vec<_> = heap.chain((1..=1_200 / every).map(|n| (n * every, bytes, false))).collect();
            play(Expect::default(), &frames).byte_rate().map(f64::round)
        };
        for (heap, bytes, every) in [(1, 160, 20), (10, 160, 20), (1, 800, 100), (3, 800, 100)] {
            assert_eq!(real_time(heap, bytes, every), Some(8_000.0), "{heap} frames of {bytes} bytes, then one every {every} ms");
        }
        let short_end =
            play(Expect::default(), &[(0, 3_200, false), (500, 4_000, false), (1_000, 4_000, false), (1_100, 800, false)]);
        assert_eq!(short_end.byte_rate().map(f64::round), Some(8_000.0), "frames of any size, stamped when they came");
        assert_eq!(play(Expect::default(), &[(0, 160, false), (900, 160, false)]).byte_rate(), None, "too short");
    }

    #[test]
    fn audio_of_another_format_counts_by_its_time() {
        let mut ear = ear(Expect { real_time_audio: true, ..Expect::default() });
        let format = Some(AudioFormat { codec: Codec::L16, sample_rate: 24_000 });
        for n in 0..100 {
            let audio = HeardAudio { bytes: &[0x11; 960], silent: false, format };
            ear.hear(n * 20 * MS, Incoming::Binary(&[]), &Heard { audio: Some(audio), ..Heard::default() });
        }
        assert_eq!((ear.audio_bytes, ear.unmet_at_the_end(None)), (100 * 160, None));
    }

    #[test]
    fn gaps_are_between_audio_frames() {
        let ear = play(Expect::default(), &[(100, 160, true), (120, 160, true), (420, 160, true)]);
        assert_eq!((ear.first_audio, ear.longest_gap), (Some(100 * MS), Some(300 * MS)));
    }
}
