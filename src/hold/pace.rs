//! The pace of the audio that comes: its jitter, and whether it runs at another rate than its format has.

use std::time::Duration;

use crate::audio::AudioFormat;

/// A longer pause ends a stretch of talk: it belongs to nobody's clock.
const LONGEST_STEP: Duration = Duration::from_millis(200);
/// Steps below this are a heap that was sent at once, not a clock.
const SHORTEST_STEP: Duration = Duration::from_millis(2);
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
    heaps: u32,
}

impl Pace {
    /// An audio frame came `gap` after one of `bytes` bytes.
    pub(super) fn step(&mut self, gap: Duration, bytes: usize, format: AudioFormat) {
        if gap > LONGEST_STEP {
            return;
        }
        self.talk += gap;
        self.bytes += bytes as u64;
        self.steps += 1;
        self.heaps += u32::from(gap < SHORTEST_STEP);
        // RFC 3550 section 6.4.1, where the audio's own length stands for the difference of its time stamps.
        let length = bytes as f64 / f64::from(format.byte_rate());
        let deviation = (gap.as_secs_f64() - length).abs();
        let jitter = self.jitter_seconds.unwrap_or(0.0);
        self.jitter_seconds = Some(jitter + (deviation - jitter) / 16.0);
    }

    /// RFC 3550 section 6.4.1; `None` before two frames in a row.
    pub(super) fn jitter(&self) -> Option<Duration> {
        self.jitter_seconds.map(Duration::from_secs_f64)
    }

    /// The ratio to the format's byte rate, if the audio comes evenly and at a rate that another format has. Heaps tell nothing: an agent
    /// may send ahead of time, as the provider queues it.
    pub(super) fn wrong_rate(&self, format: AudioFormat) -> Option<f64> {
        if self.talk < SHORTEST_TALK || self.heaps * 5 > self.steps {
            return None;
        }
        let ratio = self.bytes as f64 / self.talk.as_secs_f64() / f64::from(format.byte_rate());
        let near = RATIOS.into_iter().find(|known| (ratio / known - 1.0).abs() < TOLERANCE);
        near.map(|_| (ratio * 10.0).round() / 10.0)
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
            ("too short", paced(40, |_| 20, 320), None),
            ("one heap after the other", paced(100, |n| if n % 10 == 0 { 100 } else { 0 }, 160), None),
            ("pauses count for nothing", paced(100, |n| if n % 2 == 0 { 20 } else { 5_000 }, 160), None),
        ];
        for (name, pace, ratio) in rows {
            assert_eq!(pace.wrong_rate(FORMAT), ratio, "{name}");
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
