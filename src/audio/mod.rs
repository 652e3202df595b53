//! What telephone audio looks like in bytes: codecs, frame sizes, silence, and what a caller may say.
//!
//! Pure; no clock, no I/O: who reads a file of speech and brings it to the right sample rate is `config`. Deliberately absent: more
//! than one channel, and every codec that needs a state from one frame to the next.

mod g711;
mod sound;
mod tone;

pub use sound::Sound;
pub(crate) use tone::gcd;
pub use tone::{TONE_AMPLITUDE, TONE_HERTZ, tone};

use std::fmt;
use std::time::Duration;

use crate::outcome::words;

words! {
    /// How one sample is written.
    Codec {
        /// G.711 μ-law, one byte a sample.
        Mulaw = "mulaw",
        /// G.711 A-law, one byte a sample.
        Alaw = "alaw",
        /// Linear 16-bit, little endian ("L16", "LINEAR16", "s16le"), two bytes a sample.
        L16 = "l16",
        /// Linear 16-bit in network byte order, as RTP has it (RFC 3551 section 4.5.11), two bytes a sample.
        L16Be = "l16be",
    }
}

/// Codec and sample rate of a mono stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// How a sample is written.
    pub codec: Codec,
    /// Samples a second, in hertz.
    pub sample_rate: u32,
}

impl AudioFormat {
    /// The telephone network's own: μ-law at 8 kHz.
    pub const MULAW_8K: Self = Self { codec: Codec::Mulaw, sample_rate: 8_000 };

    /// Bytes a second.
    #[must_use]
    pub const fn byte_rate(self) -> u32 {
        self.sample_rate * self.codec.bytes_per_sample()
    }

    /// Bytes of a frame that lasts `length`, always a whole number of samples.
    #[must_use]
    pub fn frame_bytes(self, length: Duration) -> usize {
        let samples = u128::from(self.sample_rate) * length.as_micros() / 1_000_000;
        usize::try_from(samples).unwrap_or(usize::MAX) * self.codec.bytes_per_sample() as usize
    }

    /// How long so many bytes last.
    #[must_use]
    pub fn length(self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / f64::from(self.byte_rate().max(1)))
    }

    /// A frame of silence that lasts `length`.
    #[must_use]
    pub fn silence(self, length: Duration) -> Vec<u8> {
        vec![self.codec.silence(); self.frame_bytes(length)]
    }
}

/// `mulaw at 8000 Hz`.
impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} Hz", self.codec, self.sample_rate)
    }
}

impl Codec {
    /// 1 for G.711, 2 for L16.
    #[must_use]
    pub const fn bytes_per_sample(self) -> u32 {
        match self {
            Self::Mulaw | Self::Alaw => 1,
            Self::L16 | Self::L16Be => 2,
        }
    }

    /// The byte that silence consists of (ITU-T G.711: positive zero with the codec's inversions).
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mulaw => g711::MULAW_ZEROS.0,
            Self::Alaw => g711::ALAW_ZEROS.0,
            Self::L16 | Self::L16Be => 0x00,
        }
    }

    /// Is every sample zero? Both zeros of G.711 count.
    #[must_use]
    pub fn is_silence(self, bytes: &[u8]) -> bool {
        let (zero, other_zero) = match self {
            Self::Mulaw => g711::MULAW_ZEROS,
            Self::Alaw => g711::ALAW_ZEROS,
            Self::L16 | Self::L16Be => (0x00, 0x00),
        };
        bytes.iter().all(|&b| b == zero || b == other_zero)
    }

    /// `samples` as they go over the line. A sample of 0 becomes [`Codec::silence`].
    #[must_use]
    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Mulaw => samples.iter().map(|&sample| g711::encode_mulaw(sample)).collect(),
            Self::Alaw => samples.iter().map(|&sample| g711::encode_alaw(sample)).collect(),
            Self::L16 => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            Self::L16Be => samples.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
        }
    }

    /// The samples in `bytes`; half a sample at the end is left out. G.711 comes back on the scale of 16 bits, and silence of A-law as 8,
    /// as that law has no zero.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Vec<i16> {
        match self {
            Self::Mulaw => bytes.iter().map(|&byte| g711::decode_mulaw(byte)).collect(),
            Self::Alaw => bytes.iter().map(|&byte| g711::decode_alaw(byte)).collect(),
            Self::L16 => bytes.as_chunks().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect(),
            Self::L16Be => bytes.as_chunks().0.iter().map(|&pair| i16::from_be_bytes(pair)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    #[test]
    fn frames_have_the_sizes_of_the_telephone_network() {
        let rows = [
            (Codec::Mulaw, 8_000, 160),
            (Codec::Alaw, 8_000, 160),
            (Codec::L16, 8_000, 320),
            (Codec::L16, 16_000, 640),
            (Codec::L16, 24_000, 960),
            (Codec::L16, 22_050, 882),
            (Codec::L16Be, 44_100, 1_764),
            (Codec::L16Be, 48_000, 1_920),
        ];
        for (codec, sample_rate, bytes) in rows {
            let format = AudioFormat { codec, sample_rate };
            assert_eq!(format.frame_bytes(FRAME), bytes, "{format:?}");
            assert!(codec.is_silence(&format.silence(FRAME)));
        }
    }

    #[test]
    fn zero_is_encoded_as_silence() {
        for &codec in Codec::ALL {
            let format = AudioFormat { codec, sample_rate: 8_000 };
            assert_eq!(codec.encode(&[0; 160]), format.silence(FRAME), "{codec}");
        }
    }

    #[test]
    fn samples_go_over_the_line_and_back() {
        let samples = [0, 1, -1, 1_000, -1_000, i16::MAX, i16::MIN];
        assert_eq!(Codec::L16.encode(&[1, -2, 0x1234]), [0x01, 0x00, 0xFE, 0xFF, 0x34, 0x12]);
        assert_eq!(Codec::L16Be.encode(&[1, -2, 0x1234]), [0x00, 0x01, 0xFF, 0xFE, 0x12, 0x34]);
        for codec in [Codec::L16, Codec::L16Be] {
            let mut bytes = codec.encode(&samples);
            assert_eq!(codec.decode(&bytes), samples, "{codec}");
            bytes.pop();
            assert_eq!(codec.decode(&bytes), samples[..6], "half a sample is none: {codec}");
        }
        // Decision values of ITU-T G.711: exact, as they are what the decoder gives.
        assert_eq!(Codec::Mulaw.decode(&Codec::Mulaw.encode(&[0, 988, -988])), [0, 988, -988]);
        assert_eq!(Codec::Alaw.decode(&Codec::Alaw.encode(&[0, 1_008, -1_008])), [8, 1_008, -1_008]);
    }

    #[test]
    fn one_loud_sample_is_not_silence() {
        for &codec in Codec::ALL {
            let mut frame = AudioFormat { codec, sample_rate: 8_000 }.silence(FRAME);
            frame[17] ^= 0x10;
            assert!(!codec.is_silence(&frame), "{codec}");
        }
    }
}
