//! The pace of the audio that comes: its jitter, and whether it runs at another rate than its format has.

use std::time::Duration;

use crate::audio::AudioFormat;

/// A longer pause ends a stretch of talk: it belongs to nobody's clock. Frames that are long themselves may be further apart:
/// [`LONGEST_STEP_IN_FRAMES`].
const LONGEST_STEP: Duration = Duration::from_millis(200);
/// The same, in lengths of the frame before it.
const LONGEST_STEP_IN_FRAMES: u32 = 3;
/// Steps are even if they are off their mean by less than this part of it, on average. What is sent as it is made, or in heaps, is not.
const EVEN: u32 = 4;
/// At most one in so many steps may be a pause; else there is no clock to judge.
const FEW_PAUSES: u32 = 10;
/// A rate is judged on this much talk at least.
const SHORTEST_TALK: Duration = Duration::from_secs(1);
/// Ratios between the byte rates of the formats that telephony has: 8, 16, 24, 32 and 48 kHz, one byte or two.
const RATIOS: [f64; 12] = [2.0, 1.5, 3.0, 4.0, 6.0, 12.0, 1.0 / 2.0, 2.0 / 3.0, 1.0 / 3.0, 1.0 / 4.0, 1.0 / 6.0, 1.0 / 12.0];
/// How near to such a ratio a rate has to be.
const TOLERANCE: f64 = 0.1;

/// The pace so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    jitter_seconds: Option<f64>,
    talk: Duration,
    bytes: u64,
    steps: u32,
    /// How far the steps were off the mean of those before them, in sum.
    deviation: Duration,
    pauses: u32,
}

impl Pace {
    /// An audio frame came `gap` after one of `bytes` bytes.
    pub(super) fn step(&mut self, gap: Duration, bytes: usize, format: AudioFormat) {
        let length = format.length(bytes);
        if gap > LONGEST_STEP.max(length * LONGEST_STEP_IN_FRAMES) {
            self.pauses = self.pauses.saturating_add(1);
            return;
        }
        if let Some(mean) = self.talk.checked_div(self.steps) {
            self.deviation += gap.abs_diff(mean);
        }
        self.talk += gap;
        self.bytes += bytes as u64;
        self.steps = self.steps.saturating_add(1);
        // RFC 3550 section 6.4.1, where the audio's own length stands for the difference of its time stamps.
        let deviation = gap.abs_diff(length).as_secs_f64();
        let jitter = self.jitter_seconds.unwrap_or(0.0);
        self.jitter_seconds = Some(jitter + (deviation - jitter) / 16.0);
    }

    /// RFC 3550 section 6.4.1; `None` before two frames in a row.
    pub(super) fn jitter(&self) -> Option<Duration> {
        self.jitter_seconds.map(Duration::from_secs_f64)
    }

    /// The ratio to the format's byte rate, if the audio comes evenly and at a rate that another format has. What comes unevenly tells
    /// nothing: an agent may send ahead of time, as the provider queues it. One that does so evenly cannot be told from a wrong rate.
    pub(super) fn wrong_rate(&self, format: AudioFormat) -> Option<f64> {
        if self.talk < SHORTEST_TALK || !self.is_even() {
            return None;
        }
        let ratio = self.bytes as f64 / self.talk.as_secs_f64() / f64::from(format.byte_rate());
        let near = RATIOS.into_iter().find(|known| (ratio / known - 1.0).abs() < TOLERANCE);
        near.map(|_| (ratio * 10.0).round() / 10.0)
    }

    /// Do the frames come by a clock?
    fn is_even(&self) -> bool {
        // The first step has none before it that it could be off.
        let mean_deviation = self.deviation.checked_div(self.steps.saturating_sub(1));
        let mean = self.talk.checked_div(self.steps);
        let few_pauses = u64::from(self.pauses) * u64::from(FEW_PAUSES) < u64::from(self.steps) + u64::from(self.pauses);
        few_pauses && mean.zip(mean_deviation).is_some_and(|(mean, deviation)| deviation * EVEN < mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: AudioFormat = AudioFormat::MULAW_8K;

    fn paced(count: u32, gap_ms: impl Fn(u32) -> u64, bytes: usize) -> Pace {
        let mut pace = Pace::default();
        (0..count).for_each(|n| pace.step(Duration::from_millis(gap_ms(n)), bytes, FORMAT));
        pace
    }

    #[test]
    fn another_rate_is_recognised_by_its_even_pace() {
        let rows = [
            ("in real time", paced(100, |_| 20, 160), None),
            ("with jitter", paced(100, |n| 15 + u64::from(n % 11), 160), None),
            ("16 kHz", paced(100, |_| 20, 320), Some(2.0)),
            ("L16 at 16 kHz", paced(100, |_| 20, 640), Some(4.0)),
            ("a third too fast is no format", paced(100, |_| 15, 160), None),
            ("half", paced(100, |_| 40, 160), Some(0.5)),
            ("16 kHz for 1.6 s", paced(80, |_| 20, 320), Some(2.0)),
            ("16 kHz in pieces of 400 ms, with jitter", paced(40, |n| 370 + u64::from(n * 7 % 60), 6_400), Some(2.0)),
            ("16 kHz, and a pause now and then", paced(100, |n| if n % 20 == 0 { 900 } else { 20 }, 320), Some(2.0)),
            ("too many pauses", paced(300, |n| if n % 5 == 0 { 900 } else { 20 }, 320), None),
            ("too short", paced(40, |_| 20, 320), None),
            ("one heap after the other", paced(100, |n| if n % 10 == 0 { 100 } else { 0 }, 160), None),
            ("pauses count for nothing", paced(100, |n| if n % 2 == 0 { 20 } else { 5_000 }, 160), None),
        ];
        for (name, pace, ratio) in rows {
            assert_eq!(pace.wrong_rate(FORMAT), ratio, "{name}");
        }
    }

    #[test]
    fn an_agent_that_sends_as_it_makes_has_no_rate() {
        let rows = [
            (100, 10, 60),
            (80, 15, 65),
            (40, 5, 35),
            (200, 40, 200),
            (200, 100, 300),
            (200, 80, 320),
            (20, 0, 20),
            (1_000, 100, 900),
        ];
        for (length_ms, from_ms, to_ms) in rows {
            for seed in 1..20_u64 {
                let mut state = seed;
                let mut pace = Pace::default();
                for _ in 0..300 {
                    // Knuth's multiplier for 64 bits; the upper half is random enough.
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let gap = Duration::from_millis(from_ms + (state >> 33) % (to_ms - from_ms + 1));
                    pace.step(gap, length_ms * 8, FORMAT);
                }
                assert_eq!(pace.wrong_rate(FORMAT), None, "{length_ms} ms every {from_ms} to {to_ms} ms: {pace:?}");
            }
        }
    }

    #[test]
    fn jitter_is_the_smoothed_deviation() {
        assert_eq!(Pace::default().jitter(), None);
        assert_eq!(paced(100, |_| 20, 160).jitter(), Some(Duration::ZERO));
        let ms = paced(2000, |n| if n % 2 == 0 { 15 } else { 25 }, 160).jitter().unwrap().as_secs_f64() * 1000.0;
        assert!((4.9..5.1).contains(&ms), "{ms} ms");
    }
}
