//! What telephone audio looks like in bytes: codecs, frame sizes, silence.
//!
//! Pure; no clock, no I/O. Tones and files come with the providers' dialects.

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

impl Codec {
    /// 1 for G.711, 2 for L16.
    #[must_use]
    pub const fn bytes_per_sample(self) -> u32 {
        match self {
            Self::Mulaw | Self::Alaw => 1,
            Self::L16 => 2,
        }
    }

    /// The byte that silence consists of (ITU-T G.711: positive zero with the codec's inversions).
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mulaw => 0xFF,
            Self::Alaw => 0xD5,
            Self::L16 => 0x00,
        }
    }

    /// Is every sample zero? Both zeros of G.711 count.
    #[must_use]
    pub fn is_silence(self, bytes: &[u8]) -> bool {
        let (zero, other_zero) = match self {
            Self::Mulaw => (0xFF, 0x7F),
            Self::Alaw => (0xD5, 0x55),
            Self::L16 => (0x00, 0x00),
        };
        bytes.iter().all(|&b| b == zero || b == other_zero)
    }
}

/// TEMPORARY
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound(bytes::Bytes);
impl Sound {
    /// t
    pub fn silence(format: AudioFormat, length: Duration) -> Self {
        Self(format.silence(length).into())
    }
    /// t
    pub fn frame(&self, _n: u64) -> bytes::Bytes {
        self.0.clone()
    }
    /// t
    pub fn contains(&self, _heard: &[u8]) -> bool {
        false
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
        ];
        for (codec, sample_rate, bytes) in rows {
            let format = AudioFormat { codec, sample_rate };
            assert_eq!(format.frame_bytes(FRAME), bytes, "{format:?}");
            assert!(codec.is_silence(&format.silence(FRAME)));
        }
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
