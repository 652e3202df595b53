//! G.711: one byte a sample, on a scale that is finer where speech is quiet (ITU-T G.711).
//!
//! The tables are those of the crate `audio-codec-algorithms`, which were made with the ITU's own tools (G.191). What is kept here is
//! what they do not say: which bytes are silence.

pub(super) use audio_codec_algorithms::{decode_alaw, decode_ulaw as decode_mulaw, encode_alaw};

/// Positive and negative zero of μ-law. All bits are inverted on the line.
pub(super) const MULAW_ZEROS: (u8, u8) = (0xFF, 0x7F);

/// The smallest step up and down of A-law, which has no zero. Every second bit is inverted on the line.
pub(super) const ALAW_ZEROS: (u8, u8) = (0xD5, 0x55);

/// μ-law with one zero, the positive one. So what we say survives a server that decodes it and encodes it again for its echo.
pub(super) fn encode_mulaw(sample: i16) -> u8 {
    let byte = audio_codec_algorithms::encode_ulaw(sample);
    if byte == MULAW_ZEROS.1 { MULAW_ZEROS.0 } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte survives decoding and encoding, but for the negative zero of μ-law: there is one zero in 16 bits.
    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(encode_alaw(decode_alaw(byte)), byte, "A-law {byte:#04x}");
            let expected = if byte == MULAW_ZEROS.1 { MULAW_ZEROS.0 } else { byte };
            assert_eq!(encode_mulaw(decode_mulaw(byte)), expected, "μ-law {byte:#04x}");
        }
    }

    #[test]
    fn zero_and_full_scale_are_as_the_recommendation_has_them() {
        assert_eq!((encode_mulaw(0), encode_alaw(0)), (MULAW_ZEROS.0, ALAW_ZEROS.0));
        assert_eq!((encode_mulaw(-1), encode_alaw(-1)), (MULAW_ZEROS.0, ALAW_ZEROS.1));
        assert_eq!((decode_mulaw(MULAW_ZEROS.0), decode_mulaw(MULAW_ZEROS.1)), (0, 0));
        assert_eq!((decode_alaw(ALAW_ZEROS.0), decode_alaw(ALAW_ZEROS.1)), (8, -8));
        // Tables 1a to 2b, scaled to 16 bit: ±8031 of 14 bit and ±4032 of 13 bit.
        assert_eq!((encode_mulaw(i16::MAX), encode_mulaw(i16::MIN)), (0x80, 0x00));
        assert_eq!((decode_mulaw(0x80), decode_mulaw(0x00)), (32_124, -32_124));
        assert_eq!((encode_alaw(i16::MAX), encode_alaw(i16::MIN)), (0xAA, 0x2A));
        assert_eq!((decode_alaw(0xAA), decode_alaw(0x2A)), (32_256, -32_256));
    }

    #[test]
    fn the_error_stays_within_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let size = i32::from(sample).abs();
            // A step is a sixteenth of its segment, so at most a sixteenth of the sample, or the smallest step.
            let most = (size / 16).max(16);
            for (law, heard) in [("μ", decode_mulaw(encode_mulaw(sample))), ("A", decode_alaw(encode_alaw(sample)))] {
                let error = (i32::from(heard) - i32::from(sample)).abs();
                assert!(error <= most, "{law}-law: {sample} becomes {heard}");
            }
        }
    }
}
