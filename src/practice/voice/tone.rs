//! The server's voice: a square wave of 500 Hz.

use crate::audio::{AudioFormat, Codec};

/// Half of the amplitude that L16 has.
const LOUD: i16 = 16_000;

/// So many bytes of tone. Pieces of 2 ms, and of every multiple of that, fit together without a click.
pub(super) fn tone(format: AudioFormat, bytes: usize) -> Vec<u8> {
    let half_period = (format.sample_rate as usize / 1_000).max(1);
    let up = |sample: usize| (sample / half_period).is_multiple_of(2);
    match format.codec {
        // The sign is the first bit (ITU-T G.711). In base64 these bytes have a `+`, which tells its alphabets apart.
        Codec::Mulaw => (0..bytes).map(|n| if up(n) { 0x8F } else { 0x0F }).collect(),
        Codec::Alaw => (0..bytes).map(|n| if up(n) { 0xA5 } else { 0x25 }).collect(),
        Codec::L16 | Codec::L16Be => {
            let sample = |n: usize| if up(n) { LOUD } else { -LOUD };
            let bytes_of = |n: usize| if format.codec == Codec::L16 { sample(n).to_le_bytes() } else { sample(n).to_be_bytes() };
            (0..bytes / 2).flat_map(bytes_of).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_audible_and_as_long_as_asked() {
        for &codec in Codec::ALL {
            for sample_rate in [8_000, 16_000, 24_000] {
                let format = AudioFormat { codec, sample_rate };
                let second = tone(format, format.byte_rate() as usize);
                assert_eq!(second.len(), format.byte_rate() as usize);
                assert!(!codec.is_silence(&second[..second.len() / 100]), "{format:?}");
                let piece = second.len() / 50;
                assert!(second.chunks(piece).all(|part| part == &second[..piece]), "{format:?}: pieces fit together");
            }
        }
    }
}
