//! What the caller says, encoded once and cut into frames.
//!
//! Frames are slices of one buffer: a line that talks for hours copies nothing. Deliberately absent: stereo, mixing, and sounds that
//! change while they are sent.
//!
//! Invariant: every frame has the same number of bytes, a whole number of samples and at least one of them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use super::AudioFormat;
use super::tone::{self, TONE_AMPLITUDE};

/// The shortest piece of audio that is recognised: less could stand in any sound by chance.
const SHORTEST_PIECE: Duration = Duration::from_millis(10);

/// How much of what was said is searched for a piece that comes back: no echo is later.
const LATELY: Duration = Duration::from_secs(30);

/// How a sound goes on from frame to frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// The same again after this many bytes of the material.
    Repeats(usize),
    /// Silence after this many bytes of the material, which the last frame of the material is.
    Ends {
        length: usize,
        /// Where the material becomes silent.
        silent_from: usize,
    },
}

/// What the caller says: a sound in one format and in frames of one length.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    format: AudioFormat,
    /// Bytes of a frame.
    frame: usize,
    /// Every frame is a slice of this.
    material: Bytes,
    course: Course,
    audible: bool,
}

impl Sound {
    /// Nothing but silence, in frames as long as `frame`.
    #[must_use]
    pub fn silence(format: AudioFormat, frame: Duration) -> Self {
        let bytes = frame_bytes(format, frame);
        Self::new(format, bytes, vec![format.codec.silence(); bytes], Course::Repeats(bytes))
    }

    /// A sine of `hertz`, 12 dB below full scale, without a jump between two frames, in frames as long as `frame`.
    #[must_use]
    pub fn tone(format: AudioFormat, frame: Duration, hertz: u32) -> Self {
        let bytes = frame_bytes(format, frame);
        let sample = format.codec.bytes_per_sample() as usize;
        let period = tone::period(format.sample_rate, hertz) * sample;
        // A frame begins at a multiple of the common divisor, the last of them one divisor before the end of the period.
        let length = period - tone::gcd(bytes, period) + bytes;
        let samples = tone::tone(format.sample_rate, hertz, TONE_AMPLITUDE, length / sample);
        Self::new(format, bytes, format.codec.encode(&samples), Course::Repeats(period))
    }

    /// `samples` in the sample rate of `format`, in frames as long as `frame`; the last one is filled up with silence. After the end
    /// the caller is silent, or begins again if `repeat`.
    #[must_use]
    pub fn speech(format: AudioFormat, frame: Duration, samples: &[i16], repeat: bool) -> Self {
        let bytes = frame_bytes(format, frame);
        let mut material = format.codec.encode(samples);
        let length = material.len().div_ceil(bytes).max(1) * bytes;
        let silent_from = without_end(&material, format.codec.silence()).len();
        let course = if repeat { Course::Repeats(length) } else { Course::Ends { length, silent_from } };
        let with_silence = if repeat { length } else { length + bytes };
        material.resize(with_silence, format.codec.silence());
        Self::new(format, bytes, material, course)
    }

    fn new(format: AudioFormat, frame: usize, material: Vec<u8>, course: Course) -> Self {
        let audible = !format.codec.is_silence(&material);
        Self { format, frame, material: Bytes::from(material), course, audible }
    }

    /// Frame number `n`, counted from 0, for as long as the line lives. Nothing is copied.
    #[must_use]
    pub fn frame(&self, n: u64) -> Bytes {
        let at = u128::from(n) * self.frame as u128;
        let at = match self.course {
            Course::Repeats(period) => at % period as u128,
            Course::Ends { length, .. } => at.min(length as u128),
        };
        // Both arms end within the material, whose length is a `usize`.
        let at = usize::try_from(at).unwrap_or_default();
        self.material.slice(at..at + self.frame)
    }

    /// Bytes of every frame.
    #[must_use]
    pub const fn frame_bytes(&self) -> usize {
        self.frame
    }

    /// How the samples are written.
    #[must_use]
    pub const fn format(&self) -> AudioFormat {
        self.format
    }

    /// All that the frames are cut from: one period of what repeats, or the speech with a frame of silence behind it.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.material
    }

    /// Is there anything but silence in it?
    #[must_use]
    pub const fn is_audible(&self) -> bool {
        self.audible
    }

    /// Does the piece of audio `heard`, in the same format, stand in the last half minute of what has been said after `said` frames, at
    /// any place and also across the point where the sound repeats or ends?
    ///
    /// Pieces under 10 ms and pieces of silence alone stand nowhere: they would be found in every sound. Takes time linear in the sound
    /// and the piece, and takes the bytes that it searches off `budget`; when that is spent, nothing is found.
    #[must_use]
    pub fn said_lately(&self, heard: &[u8], said: u64, budget: &mut usize) -> bool {
        let long_enough = heard.len() >= self.format.frame_bytes(SHORTEST_PIECE).max(1);
        if *budget == 0 || !self.audible || !long_enough || self.format.codec.is_silence(heard) {
            return false;
        }
        let to = u128::from(said) * self.frame as u128;
        let from = to.saturating_sub(self.format.frame_bytes(LATELY) as u128);
        let searched = usize::try_from(to - from).unwrap_or(usize::MAX).min(self.material.len()).saturating_add(heard.len());
        *budget = budget.saturating_sub(searched);
        match self.course {
            Course::Repeats(period) => self.repeats(period, from, to, heard),
            Course::Ends { length, silent_from } => {
                let end = |at: u128, most: usize| usize::try_from(at).unwrap_or(usize::MAX).min(most);
                let spoken = &self.material[end(from, length)..end(to, length)];
                let across = to >= length as u128 && {
                    // What reaches into the silence behind the sound ends, but for that silence, where the sound does.
                    let loud = &self.material[end(from, silent_from)..silent_from];
                    loud.ends_with(without_end(heard, self.format.codec.silence()))
                };
                across || memmem::find(spoken, heard).is_some()
            }
        }
    }

    /// Is `heard` between these two places of a sound that repeats?
    fn repeats(&self, period: usize, from: u128, to: u128, heard: &[u8]) -> bool {
        // What is longer than the period has to repeat itself in the same way; then its first period says all.
        let (first, again) = (&heard[..heard.len().min(period)], &heard[heard.len().min(period)..]);
        if *again != heard[..again.len()] || to - from < first.len() as u128 {
            return false;
        }
        let around = &self.material[..period];
        if to - from >= period as u128 {
            return found(around, around, first);
        }
        let place = |at: u128| usize::try_from(at % period as u128).unwrap_or_default();
        match (place(from), place(to)) {
            (from, to) if from < to => memmem::find(&around[from..to], first).is_some(),
            (from, to) => found(&around[from..], &around[..to], first) || memmem::find(&around[..to], first).is_some(),
        }
    }
}

/// `bytes` without what it ends in.
fn without_end(bytes: &[u8], end: u8) -> &[u8] {
    let length = bytes.iter().rposition(|byte| *byte != end).map_or(0, |last| last + 1);
    &bytes[..length]
}

/// Is `piece` in `sound`, or across its end and in what `follows` it?
fn found(sound: &[u8], follows: &[u8], piece: &[u8]) -> bool {
    let finder = memmem::Finder::new(piece);
    if finder.find(sound).is_some() {
        return true;
    }
    let across = piece.len() - 1;
    let tail = &sound[sound.len() - across.min(sound.len())..];
    finder.find(&[tail, &follows[..across.min(follows.len())]].concat()).is_some()
}

/// Bytes of a frame that lasts `length`, or of one sample if that is longer.
fn frame_bytes(format: AudioFormat, length: Duration) -> usize {
    format.frame_bytes(length).max(format.codec.bytes_per_sample() as usize)
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (AudioFormat { codec, sample_rate }, frame, audible) = (self.format, self.frame, self.audible);
        let (what, length) = match self.course {
            Course::Repeats(length) => ("repeats after", length),
            Course::Ends { length, .. } => ("ends after", length),
        };
        let audible = if audible { "audible" } else { "silent" };
        write!(f, "Sound({codec} at {sample_rate} Hz, frames of {frame} bytes, {audible}, {what} {length} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Codec, TONE_HERTZ};

    const FRAME: Duration = Duration::from_millis(20);
    const L16_16K: AudioFormat = AudioFormat { codec: Codec::L16, sample_rate: 16_000 };

    fn formats() -> impl Iterator<Item = AudioFormat> {
        let rates = [8_000, 22_050, 44_100, 48_000];
        Codec::ALL.iter().flat_map(move |&codec| rates.map(|sample_rate| AudioFormat { codec, sample_rate }))
    }

    /// The frames from `n` on, joined.
    fn joined(sound: &Sound, n: u64, frames: u64) -> Vec<u8> {
        (n..n + frames).flat_map(|n| sound.frame(n)).collect()
    }

    /// Is `heard` in all of the sound, when the whole of it has just been said?
    fn contains(sound: &Sound, heard: &[u8]) -> bool {
        let frames = sound.bytes().len() / sound.frame_bytes() + 1;
        sound.said_lately(heard, frames as u64, &mut usize::MAX.clone())
    }

    /// Samples that are all different, so that a piece of them stands at one place only.
    fn ramp(samples: usize) -> Vec<i16> {
        (0..samples).map(|n| i16::try_from(n).unwrap() * 3 + 1).collect()
    }

    #[test]
    fn silence_is_silent_for_ever() {
        for format in formats() {
            let sound = Sound::silence(format, FRAME);
            assert!(!sound.is_audible());
            for n in [0, 1, u64::MAX] {
                assert_eq!(sound.frame(n), format.silence(FRAME), "{sound:?}");
            }
        }
    }

    #[test]
    fn a_tone_goes_on_without_a_jump() {
        for (format, hertz) in formats().flat_map(|format| [TONE_HERTZ, 401, 1_000].map(|hertz| (format, hertz))) {
            let sound = Sound::tone(format, FRAME, hertz);
            let samples = format.frame_bytes(FRAME) / format.codec.bytes_per_sample() as usize * 60;
            let whole = format.codec.encode(&tone::tone(format.sample_rate, hertz, TONE_AMPLITUDE, samples));
            assert_eq!(joined(&sound, 0, 60), whole, "{hertz} Hz: {sound:?}");
            assert!(sound.is_audible());
        }
    }

    #[test]
    fn the_default_tone_is_one_frame() {
        for format in formats() {
            assert_eq!(Sound::tone(format, FRAME, TONE_HERTZ).bytes().len(), format.frame_bytes(FRAME), "{format:?}");
        }
        let uneven = Sound::tone(AudioFormat::MULAW_8K, FRAME, 401);
        assert_eq!(uneven.bytes().len(), 8_000, "a second at most, as 160 divides 8 000");
    }

    #[test]
    fn speech_is_filled_up_and_followed_by_silence() {
        let samples = ramp(500);
        let sound = Sound::speech(L16_16K, FRAME, &samples, false);
        let mut expected = Codec::L16.encode(&samples);
        expected.resize(640 * 4, 0);
        assert_eq!(joined(&sound, 0, 4), expected);
        assert_eq!(sound.frame(u64::MAX), L16_16K.silence(FRAME));
    }

    #[test]
    fn speech_begins_again_if_told_to() {
        let sound = Sound::speech(L16_16K, FRAME, &ramp(500), true);
        assert_eq!(joined(&sound, 2, 2), joined(&sound, 0, 2));
        assert_ne!(sound.frame(0), sound.frame(1));
        assert_eq!(sound.frame(1 << 40), sound.frame(0));
    }

    #[test]
    fn odd_settings_are_no_reason_to_panic() {
        for format in formats() {
            for sound in [
                Sound::speech(format, FRAME, &[], true),
                Sound::speech(format, FRAME, &[], false),
                Sound::silence(format, Duration::ZERO),
                Sound::tone(format, Duration::from_nanos(1), 401),
                Sound::tone(format, Duration::from_micros(7_300), 0),
                Sound::tone(format, Duration::from_micros(7_300), u32::MAX),
            ] {
                for n in [0, 1, 2, 12_345, u64::MAX] {
                    assert_eq!(sound.frame(n).len(), sound.frame_bytes(), "{sound:?}");
                }
            }
        }
    }

    #[test]
    fn frames_are_not_copied() {
        let sound = Sound::speech(L16_16K, FRAME, &ramp(1_000), true);
        assert_eq!(sound.frame(1).as_ptr(), sound.bytes()[640..].as_ptr());
        assert_eq!(sound.clone().bytes().as_ptr(), sound.bytes().as_ptr());
    }

    #[test]
    fn an_echo_is_recognised_at_any_place() {
        let sound = Sound::speech(L16_16K, FRAME, &ramp(2_000), false);
        let all = joined(&sound, 0, 9);
        for (from, to) in [(0, 640), (2, 642), (1_001, 1_400), (3_500, 4_600), (0, 640 * 9)] {
            assert!(contains(&sound, &all[from..to]), "{from}..{to}");
        }
        let mut wrong = all[0..640].to_vec();
        wrong[639] ^= 1;
        assert!(!contains(&sound, &wrong));
        let around = [&all[3_900..4_000], &all[..600]].concat();
        assert!(!contains(&sound, &around), "it does not begin again");
    }

    #[test]
    fn an_echo_is_recognised_across_the_point_of_repetition() {
        let sound = Sound::speech(L16_16K, FRAME, &ramp(640), true);
        let all = joined(&sound, 0, 20);
        for (from, to) in [(1_000, 1_640), (1_278, 1_282 + 318), (100, 5_000), (1_279, 12_000)] {
            assert!(contains(&sound, &all[from..to]), "{from}..{to}");
        }
        let mut wrong = all[100..5_000].to_vec();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(!contains(&sound, &wrong));
        for hertz in [TONE_HERTZ, 401] {
            let tone = Sound::tone(AudioFormat::MULAW_8K, FRAME, hertz);
            assert!(contains(&tone, &joined(&tone, 0, 200)[7_901..9_000]), "{hertz} Hz");
            assert!(!contains(&tone, &joined(&Sound::tone(AudioFormat::MULAW_8K, FRAME, 500), 0, 1)), "{hertz} Hz");
        }
    }

    #[test]
    fn short_pieces_and_silence_are_no_echo() {
        let sound = Sound::speech(L16_16K, FRAME, &ramp(400), false);
        assert!(contains(&sound, &sound.bytes()[..320]));
        assert!(!contains(&sound, &sound.bytes()[..319]), "under 10 ms");
        assert!(!contains(&sound, &[]));
        assert!(!contains(&sound, &[0; 640]), "silence, which stands behind the speech");
        assert!(!contains(&Sound::silence(L16_16K, FRAME), &[0; 640]));
    }

    #[test]
    fn what_has_not_been_said_lately_is_no_echo() {
        // A minute in which every sample of 24 bits of a counter stands at one place only.
        let samples: Vec<i16> =
            (0..60 * 8_000_u32).map(|n| i16::from_be_bytes([(n >> 8) as u8, (n * 7) as u8 ^ (n >> 16) as u8])).collect();
        let format = AudioFormat { codec: Codec::L16, sample_rate: 8_000 };
        let second = |s: usize| format.codec.encode(&samples[s * 8_000 + 10..s * 8_000 + 400]);
        for repeat in [false, true] {
            let sound = Sound::speech(format, FRAME, &samples, repeat);
            let heard = |piece: usize, said: u64| sound.said_lately(&second(piece), said * 50, &mut usize::MAX.clone());
            let rows = [
                (10, 10, false),
                (10, 11, true),
                (10, 39, true),
                (10, 41, false),
                (40, 61, true),
                (59, 61, true),
                (59, 85, true),
                (59, 95, false),
                (20, 100, repeat),
            ];
            for (piece, said, is_found) in rows {
                assert_eq!(heard(piece, said), is_found, "second {piece} after {said} s, {sound:?}");
            }
        }
        let sound = Sound::speech(format, FRAME, &samples, false);
        let mut budget = 100_000;
        assert!(sound.said_lately(&second(1), 150, &mut budget));
        assert_eq!(budget, 100_000 - 150 * 320 - 780);
        assert!(!sound.said_lately(&second(1), 150, &mut 0));
        assert!(!sound.said_lately(&[0; 640], 150, &mut budget), "silence");
        assert_eq!(budget, 100_000 - 150 * 320 - 780, "what is not searched costs nothing");
    }

    #[test]
    fn a_recording_of_zeros_is_silence() {
        for format in formats() {
            assert!(!Sound::speech(format, FRAME, &[0; 1_000], true).is_audible(), "{format}");
            assert!(Sound::speech(format, FRAME, &[0, 0, 1_000], false).is_audible(), "{format}");
        }
    }

    #[test]
    fn debug_is_short() {
        let sound = Sound::tone(AudioFormat::MULAW_8K, FRAME, TONE_HERTZ);
        assert_eq!(format!("{sound:?}"), "Sound(mulaw at 8000 Hz, frames of 160 bytes, audible, repeats after 20 bytes)");
    }
}
