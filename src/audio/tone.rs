//! A sine: the audio that is plainly not silence.

use std::f64::consts::TAU;

/// The tone that is sent if nothing else is said, in hertz. 20 ms are eight whole periods of it, at every sample rate that makes 20 ms a
/// whole number of samples: each frame is the same, and no frame begins with a click.
pub const TONE_HERTZ: u32 = 400;

/// Its peak: 12 dB below the largest sample, as loud as speech is on the telephone.
pub const TONE_AMPLITUDE: i16 = 8_231;

/// The first `samples` samples of a sine of `hertz` whose peak is `amplitude`; it begins at zero and rises.
///
/// The sine repeats after `sample_rate / gcd(sample_rate, hertz)` samples, a second at most. A frequency of `sample_rate / 2` and
/// above cannot be told from a lower one (and half the rate itself is all zeros).
#[must_use]
pub fn tone(sample_rate: u32, hertz: u32, amplitude: i16, samples: usize) -> Vec<i16> {
    let rate = u64::from(sample_rate.max(1));
    // The place within the period is counted in whole numbers, so that no error adds up.
    let step = u64::from(hertz) % rate;
    let mut place = 0_u64;
    let mut made = Vec::with_capacity(samples);
    for _ in 0..samples {
        #[expect(clippy::cast_precision_loss, reason = "both are below 2^32")]
        let phase = place as f64 / rate as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a sine does not exceed its amplitude")]
        made.push((f64::from(amplitude) * (TAU * phase).sin()).round() as i16);
        place = (place + step) % rate;
    }
    made
}

/// After how many samples a sine of `hertz` repeats exactly.
pub(super) fn period(sample_rate: u32, hertz: u32) -> usize {
    let rate = sample_rate.max(1) as usize;
    rate / gcd(rate, hertz as usize)
}

/// The greatest common divisor, which is the other number where one is 0.
pub(crate) const fn gcd(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_has_its_known_values() {
        assert_eq!(tone(8_000, 1_000, 1_000, 9), [0, 707, 1_000, 707, 0, -707, -1_000, -707, 0]);
        assert_eq!(tone(8_000, 2_000, TONE_AMPLITUDE, 4), [0, TONE_AMPLITUDE, 0, -TONE_AMPLITUDE]);
        assert_eq!(tone(8_000, 0, 1_000, 3), [0, 0, 0]);
        assert_eq!(tone(0, 400, 1_000, 1), [0], "no rate is no reason to panic");
    }

    #[test]
    fn the_tone_repeats_within_a_frame_at_every_rate() {
        for rate in [8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000_u32] {
            let frame = rate as usize / 50;
            assert_eq!(frame * 50, rate as usize, "20 ms at {rate} Hz are whole samples");
            assert_eq!(frame % period(rate, TONE_HERTZ), 0, "{rate}");
            let two = tone(rate, TONE_HERTZ, TONE_AMPLITUDE, 2 * frame);
            assert_eq!(two[..frame], two[frame..], "{rate}");
        }
    }

    #[test]
    fn it_is_twelve_decibels_below_full_scale() {
        let level = 20.0 * (f64::from(TONE_AMPLITUDE) / f64::from(i16::MAX)).log10();
        assert!((level + 12.0).abs() < 0.01, "{level}");
    }

    #[test]
    fn a_tone_without_a_common_divisor_repeats_after_a_second() {
        assert_eq!(period(8_000, 401), 8_000);
        assert_eq!(period(8_000, 0), 1);
        let two = tone(8_000, 401, 1_000, 16_000);
        assert_eq!(two[..8_000], two[8_000..]);
    }
}
