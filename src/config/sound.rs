//! A user's recording of speech: from a WAV file to samples in the rate of a dialect.
//!
//! Read here and not by a crate: recordings of telephone calls are often WAV files with G.711 in them, have chunks of odd length, or
//! were written to a pipe and so do not know their length. Deliberately absent: compressed formats and RF64, which other programs turn
//! into a plain WAV file, and a choice of channels.
//!
//! Invariant: what is read is bounded, whatever the file says of itself.

use std::io::{self, Read};
use std::path::Path;

use audio_codec_algorithms::{decode_alaw, decode_ulaw};
use rubato::audioadapter_buffers::number_to_float::InterleavedNumbers;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use super::file;
use super::values::shown;
use crate::audio::gcd;
use crate::text::Printable;

/// The largest recording, in bytes.
const LARGEST_FILE: u64 = 64 << 20;

/// The longest recording, in seconds.
const LONGEST: u64 = 600;

/// The sample rates of recordings, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// A recording of what the caller says, in one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// At least one.
    pub samples: Vec<i16>,
    /// Samples a second, in hertz.
    pub sample_rate: u32,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSound {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// As configured.
        path: Printable,
        /// What the system said.
        source: io::Error,
    },
    /// More bytes than a recording for a probe has.
    #[error("{0} is larger than 64 MiB; cut it to what the caller is to say")]
    TooLarge(Printable),
    /// It would not be over when the longest probes are.
    #[error("{0} is longer than 10 minutes; cut it to what the caller is to say")]
    TooLong(Printable),
    /// Something else.
    #[error("{0} is no WAV file; make one of it, such as with `ffmpeg -i recording.mp3 speech.wav`")]
    NotWav(Printable),
    /// A WAV file that contradicts itself.
    #[error("{path} is a damaged WAV file: {what}; record or convert it again")]
    Damaged {
        /// As configured.
        path: Printable,
        /// In words.
        what: &'static str,
    },
    /// A WAV file with another format in it.
    #[error(
        "{path} is a WAV file with audio of format {tag:#06x} and {bytes} bytes a sample, which sidetone does not read; \
         convert it, such as with `ffmpeg -i recording.wav -c:a pcm_s16le speech.wav`"
    )]
    Unsupported {
        /// As configured.
        path: Printable,
        /// The format tag of the file.
        tag: u16,
        /// Bytes of one sample of one channel.
        bytes: usize,
    },
    /// No recording has this rate.
    #[error("{path} has a sample rate of {sample_rate} Hz; convert it to one from 4000 to 192000 Hz")]
    Rate {
        /// As configured.
        path: Printable,
        /// As the file has it.
        sample_rate: u32,
    },
    /// Nothing in it.
    #[error("{0} has no audio in it; record it again, or leave it out for silence")]
    Empty(Printable),
}

/// Reads a WAV file: linear samples of 8, 16, 24 or 32 bit, floating point of 32 or 64 bit, or G.711. Several channels are mixed into one.
///
/// # Errors
/// If it cannot be read, is none of these, has no audio, or is larger than 64 MiB or longer than 10 minutes.
pub fn read_wav(path: &Path) -> Result<Speech, BadSound> {
    let name = Printable::trusted(shown(&path.to_string_lossy()));
    let mut bytes = Vec::new();
    file::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|source| BadSound::Unreadable { path: name.clone(), source })?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(BadSound::TooLarge(name));
    }
    parse(&bytes, &name)
}

fn parse(bytes: &[u8], name: &Printable) -> Result<Speech, BadSound> {
    if bytes.len() < 12 || bytes[..4] != *b"RIFF" || bytes[8..12] != *b"WAVE" {
        return Err(BadSound::NotWav(name.clone()));
    }
    let damaged = |what| BadSound::Damaged { path: name.clone(), what };
    let (head, data) = chunks(&bytes[12..]).map_err(damaged)?;
    let format = Format::read(head).map_err(damaged)?;
    if !RATES.contains(&format.sample_rate) {
        return Err(BadSound::Rate { path: name.clone(), sample_rate: format.sample_rate });
    }
    let frames = data.len() / format.frame_bytes();
    if frames as u64 > LONGEST * u64::from(format.sample_rate) {
        return Err(BadSound::TooLong(name.clone()));
    }
    let unsupported = || BadSound::Unsupported { path: name.clone(), tag: format.tag, bytes: format.sample_bytes };
    let samples = format.mixed(data).ok_or_else(unsupported)?;
    if samples.is_empty() { Err(BadSound::Empty(name.clone())) } else { Ok(Speech { samples, sample_rate: format.sample_rate }) }
}

/// The chunks `fmt ` and `data`. The latter may end before its length does: what writes to a pipe does not know the length.
fn chunks(mut rest: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let mut head = None;
    while let Some((id, length, body)) = chunk_head(rest) {
        let inside = &body[..length.min(body.len())];
        match &id {
            b"fmt " => head = Some(inside),
            b"data" => return Ok((head.ok_or("its samples come before their format")?, inside)),
            _ => {}
        }
        // A chunk of odd length has a byte behind it that does not count.
        rest = body.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    Err("it ends before its samples")
}

fn chunk_head(bytes: &[u8]) -> Option<([u8; 4], usize, &[u8])> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (length, body) = rest.split_first_chunk()?;
    Some((*id, u32::from_le_bytes(*length) as usize, body))
}

/// How the samples of a WAV file are written: its chunk `fmt `.
#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: usize,
    sample_rate: u32,
    /// Bytes of one sample of one channel; a sample of fewer bits stands in the upper ones.
    sample_bytes: usize,
}

impl Format {
    /// The tags of mmreg.h: linear, floating point, G.711 twice, and "see the GUID", which begins with the tag.
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const ALAW: u16 = 6;
    const MULAW: u16 = 7;
    const EXTENSIBLE: u16 = 0xFFFE;

    fn read(head: &[u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "its format is incomplete";
        let word = |at: usize| head.get(at..at + 2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).ok_or(SHORT);
        let tag = match word(0)? {
            Self::EXTENSIBLE => word(24)?,
            tag => tag,
        };
        let (channels, align) = (usize::from(word(2)?), usize::from(word(12)?));
        let sample_rate = u32::from(word(4)?) | u32::from(word(6)?) << 16;
        if channels == 0 || align == 0 || !align.is_multiple_of(channels) {
            return Err("its format has no whole number of bytes for each channel");
        }
        Ok(Self { tag, channels, sample_rate, sample_bytes: align / channels })
    }

    const fn frame_bytes(self) -> usize {
        self.channels * self.sample_bytes
    }

    /// The mean of the channels, or `None` for a format that is not read. Half a frame at the end is left out.
    fn mixed(self, data: &[u8]) -> Option<Vec<i16>> {
        let level = self.level()?;
        #[expect(clippy::cast_precision_loss, reason = "at most 65 535")]
        let channels = self.channels as f64;
        // A float that is out of range becomes the largest sample, and one that is no number becomes 0.
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let mix = |frame: &[u8]| (frame.chunks_exact(self.sample_bytes).map(level).sum::<f64>() / channels).round() as i16;
        Some(data.chunks_exact(self.frame_bytes()).map(mix).collect())
    }

    /// How one sample is read, on the scale of 16 bits.
    fn level(self) -> Option<fn(&[u8]) -> f64> {
        Some(match (self.tag, self.sample_bytes) {
            // Of all linear formats, this one alone has no sign.
            (Self::PCM, 1) => |b| (f64::from(b[0]) - 128.0) * 256.0,
            (Self::PCM, 2) => |b| i16::from_le_bytes([b[0], b[1]]).into(),
            (Self::PCM, 3) => |b| f64::from(i32::from_le_bytes([0, b[0], b[1], b[2]])) / 65_536.0,
            (Self::PCM, 4) => |b| f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])) / 65_536.0,
            (Self::FLOAT, 4) => |b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])) * 32_768.0,
            (Self::FLOAT, 8) => |b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) * 32_768.0,
            (Self::ALAW, 1) => |b| decode_alaw(b[0]).into(),
            (Self::MULAW, 1) => |b| decode_ulaw(b[0]).into(),
            _ => return None,
        })
    }
}

/// `samples` at the rate `to` in place of `from`, both in hertz: the same length in time, neither shifted nor cut. What the lower of the
/// two rates cannot carry is filtered out. Nothing changes if the rates are the same, or one of them is 0.
#[must_use]
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 || samples.is_empty() {
        return samples.to_vec();
    }
    resampled(samples, from as usize, to as usize).expect("the rates are not 0 and the buffers are as long as they have to be")
}

fn resampled(samples: &[i16], from: usize, to: usize) -> Result<Vec<i16>, Box<dyn std::error::Error>> {
    // The samples in a block of the FFT: as nothing waits for the result, enough for a steep filter. Made of pairs of the smallest block
    // that is whole at both rates, so that half of it, which is the delay, is a whole number of samples too.
    const BLOCK: usize = 4_096;
    let pair = 2 * from / gcd(from, to);
    let block = BLOCK.div_ceil(pair) * pair;
    let mut filter = Fft::<f32>::new_custom(from, to, block, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)?;
    let room = filter.process_all_needed_output_len(samples.len());
    let mut made = vec![0_i16; room];
    let input = InterleavedNumbers::<&[i16], f32>::new(samples, 1, samples.len())?;
    let mut output = InterleavedNumbers::<&mut [i16], f32>::new_mut(&mut made, 1, room)?;
    // Drops the delay of the filter at the beginning, and fetches what is still in it at the end.
    filter.process_all_into_buffer(&input, &mut output, samples.len(), None)?;
    made.truncate((samples.len() * to).div_ceil(from));
    Ok(made)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use hound::{SampleFormat, WavSpec, WavWriter};

    use super::*;
    use crate::audio::{Codec, tone};

    const SPEC: WavSpec = WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
    const SAMPLES: [i32; 6] = [0, 1, -1, 1_000, 32_767, -32_768];

    /// What an independent writer makes of these samples, which are whole frames.
    fn written<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        samples.into_iter().for_each(|sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [id.as_slice(), &length, body, &[0][..body.len() % 2]].concat()
    }

    fn format(tag: u16, channels: u16, sample_rate: u32, sample_bytes: u16) -> Vec<u8> {
        let align = channels * sample_bytes;
        let mut body = [tag, channels].map(u16::to_le_bytes).concat();
        body.extend([sample_rate, sample_rate * u32::from(align)].map(u32::to_le_bytes).concat());
        body.extend([align, sample_bytes * 8, 0].map(u16::to_le_bytes).concat());
        chunk(b"fmt ", &body)
    }

    fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
        chunk(b"RIFF", &[b"WAVE".as_slice(), &chunks.concat()].concat())
    }

    fn read(bytes: &[u8]) -> Result<Speech, BadSound> {
        parse(bytes, &Printable::trusted("`speech.wav`"))
    }

    #[test]
    fn every_width_is_read() {
        let exact = SAMPLES.map(|sample| i16::try_from(sample).unwrap());
        let rows = [
            (written(SPEC, SAMPLES), exact.to_vec()),
            (written(WavSpec { bits_per_sample: 24, ..SPEC }, SAMPLES.map(|s| s << 8)), exact.to_vec()),
            (written(WavSpec { bits_per_sample: 32, ..SPEC }, SAMPLES.map(|s| s << 16)), exact.to_vec()),
            (written(WavSpec { bits_per_sample: 8, ..SPEC }, [0_i32, 1, -128, 127]), vec![0, 256, -32_768, 32_512]),
            (
                written(
                    WavSpec { bits_per_sample: 32, sample_format: SampleFormat::Float, ..SPEC },
                    [0.0_f32, 0.5, -1.0, 1.0, 7.0, f32::NAN],
                ),
                vec![0, 16_384, -32_768, 32_767, 32_767, 0],
            ),
        ];
        for (bytes, samples) in rows {
            assert_eq!(read(&bytes).unwrap(), Speech { samples, sample_rate: 16_000 });
        }
        let double = [0.0_f64, -0.5].map(f64::to_le_bytes).concat();
        assert_eq!(read(&riff(&[format(3, 1, 8_000, 8), chunk(b"data", &double)])).unwrap().samples, [0, -16_384]);
    }

    #[test]
    fn channels_are_mixed() {
        let stereo = written(WavSpec { channels: 2, ..SPEC }, [100_i32, 300, -5, 5, 32_767, 32_767]);
        assert_eq!(read(&stereo).unwrap().samples, [200, 0, 32_767]);
        let six = written(WavSpec { channels: 6, ..SPEC }, [6_000_i32, 0, 0, 0, 0, 0]);
        assert_eq!(read(&six).unwrap().samples, [1_000]);
    }

    #[test]
    fn g711_is_read_and_comes_out_as_it_was() {
        for (codec, tag) in [(Codec::Alaw, 6), (Codec::Mulaw, 7)] {
            let encoded = codec.encode(&tone(8_000, 400, 8_000, 160));
            let plain = riff(&[format(tag, 1, 8_000, 1), chunk(b"fact", &[160, 0, 0, 0]), chunk(b"data", &encoded)]);
            let speech = read(&plain).unwrap();
            assert_eq!(codec.encode(&speech.samples), encoded, "{codec}");
            // The GUID of WAVE_FORMAT_EXTENSIBLE begins with the tag; before it: bits, speakers.
            let mut head = format(0xFFFE, 1, 8_000, 1)[8..24].to_vec();
            head.extend(
                [&[22, 0, 8, 0, 4, 0, 0, 0], tag.to_le_bytes().as_slice(), b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71"].concat(),
            );
            assert_eq!(read(&riff(&[chunk(b"fmt ", &head), chunk(b"data", &encoded)])).unwrap(), speech, "{codec}");
        }
    }

    #[test]
    fn odd_chunks_and_missing_lengths_are_no_obstacle() {
        let data = [1_i16, 2, 3].map(i16::to_le_bytes).concat();
        let odd = chunk(b"LIST", b"odd");
        let file = riff(&[odd.clone(), format(1, 1, 8_000, 2), odd.clone(), chunk(b"data", &data), odd]);
        assert_eq!(read(&file).unwrap().samples, [1, 2, 3]);
        let mut piped = riff(&[format(1, 1, 8_000, 2), chunk(b"data", &data)]);
        let at = piped.len() - data.len() - 4;
        piped[at..at + 4].copy_from_slice(&[0xFF; 4]);
        assert_eq!(read(&piped).unwrap().samples, [1, 2, 3]);
        piped.pop();
        assert_eq!(read(&piped).unwrap().samples, [1, 2], "half a sample is none");
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_to_do() {
        let data = chunk(b"data", &[0; 4]);
        let long = chunk(b"data", &vec![0; 4_000 * 601]);
        let rows: [(Vec<u8>, &str); 11] = [
            (b"ID3\x03 this is an mp3".to_vec(), "is no WAV file; make one"),
            (Vec::new(), "is no WAV file"),
            (riff(&[]), "damaged WAV file: it ends before its samples"),
            (riff(&[data.clone(), format(1, 1, 8_000, 2)]), "its samples come before their format"),
            (riff(&[chunk(b"fmt ", &[1, 0, 1]), data.clone()]), "its format is incomplete"),
            (riff(&[format(1, 0, 8_000, 2), data.clone()]), "no whole number of bytes"),
            (
                riff(&[format(0x11, 1, 8_000, 4), data.clone()]),
                "format 0x0011 and 4 bytes a sample, which sidetone does not read; convert",
            ),
            (riff(&[format(1, 1, 8_000, 7), data.clone()]), "format 0x0001 and 7 bytes"),
            (riff(&[format(1, 1, 300_000, 2), data]), "a sample rate of 300000 Hz; convert it to one from 4000 to 192000 Hz"),
            (riff(&[format(1, 1, 8_000, 2), chunk(b"data", &[])]), "has no audio in it"),
            (riff(&[format(7, 1, 4_000, 1), long]), "is longer than 10 minutes; cut it"),
        ];
        for (bytes, message) in rows {
            let error = read(&bytes).unwrap_err().to_string();
            assert!(error.starts_with("`speech.wav` ") && error.contains(message), "{error}");
        }
    }

    #[test]
    fn cut_and_damaged_files_end_in_an_answer() {
        let whole = riff(&[format(1, 2, 8_000, 2), chunk(b"LIST", b"odd"), chunk(b"data", &[7; 40])]);
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7F, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let _ = read(&bytes);
            }
        }
    }

    #[test]
    fn files_are_opened_as_all_files_of_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("speech.wav");
        std::fs::write(&path, written(SPEC, SAMPLES)).unwrap();
        assert_eq!(read_wav(&path).unwrap().samples.len(), SAMPLES.len());
        assert!(matches!(read_wav(folder.path()), Err(BadSound::Unreadable { .. })), "a folder");
        let error = read_wav(&folder.path().join("none.wav")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `") && error.contains("none.wav"), "{error}");
        std::fs::File::options().write(true).open(&path).unwrap().set_len(LARGEST_FILE + 1).unwrap();
        assert!(matches!(read_wav(&path), Err(BadSound::TooLarge(_))));
    }

    /// The amplitude of one frequency in `samples` (Goertzel).
    fn level_of(samples: &[i16], sample_rate: u32, hertz: f64) -> f64 {
        let step = 2.0 * (TAU * hertz / f64::from(sample_rate)).cos();
        let (last, before) = samples.iter().fold((0.0, 0.0), |(a, b), &sample| (f64::from(sample) + step * a - b, a));
        2.0 * (last * last + before * before - step * last * before).sqrt() / samples.len() as f64
    }

    fn decibels(ratio: f64) -> f64 {
        20.0 * ratio.log10()
    }

    #[test]
    fn a_tone_keeps_its_length_pitch_and_loudness() {
        const RATES: [u32; 9] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
        for (from, to) in RATES.iter().flat_map(|&from| RATES.map(|to| (from, to))) {
            let samples = tone(from, 1_000, 8_000, from as usize);
            let made = resample(&samples, from, to);
            assert_eq!(made.len(), to as usize, "{from} to {to}");
            // The filter has nothing to look at before the beginning and behind the end.
            let middle = &made[to as usize / 10..to as usize * 9 / 10];
            let kept = decibels(level_of(middle, to, 1_000.0) / 8_000.0);
            assert!(kept.abs() < 0.1, "{from} to {to}: {kept} dB");
            for other in [500.0, 990.0, 1_010.0, 2_000.0, 3_000.0] {
                let rest = decibels(level_of(middle, to, other) / 8_000.0);
                assert!(rest < -60.0, "{from} to {to}: {rest} dB at {other} Hz");
            }
        }
    }

    /// Not shifted: in the middle, each sample is that of the tone at the same moment.
    #[test]
    fn speech_is_neither_shifted_nor_cut() {
        for (from, to) in [(44_100, 8_000), (48_000, 8_000), (8_000, 16_000), (8_000, 24_000), (16_000, 8_000)] {
            let made = resample(&tone(from, 400, 8_000, from as usize), from, to);
            let expected = tone(to, 400, 8_000, to as usize);
            let middle = to as usize / 10..to as usize * 9 / 10;
            let worst = middle.map(|n| (i32::from(made[n]) - i32::from(expected[n])).abs()).max().unwrap();
            assert!(worst < 20, "{from} to {to}: {worst}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        let made = resample(&tone(44_100, 5_000, 8_000, 44_100), 44_100, 8_000);
        // Without a filter it would come back at 3 000 Hz.
        let rest = decibels(level_of(&made[800..7_200], 8_000, 3_000.0) / 8_000.0);
        assert!(rest < -60.0, "{rest} dB");
    }

    #[test]
    fn short_and_odd_recordings_are_resampled_too() {
        assert_eq!(resample(&[1, 2, 3], 8_000, 8_000), [1, 2, 3]);
        assert_eq!(resample(&[], 8_000, 16_000), Vec::<i16>::new());
        assert_eq!(resample(&[1], 0, 16_000), [1]);
        for (samples, from, to, length) in
            [(1, 8_000, 16_000, 2), (10, 8_000, 48_000, 60), (7, 44_100, 8_000, 2), (44_101, 44_101, 8_000, 8_000)]
        {
            assert_eq!(resample(&vec![100; samples], from, to).len(), length, "{samples} from {from} to {to}");
        }
        let loud = resample(&vec![i16::MAX; 4_000], 8_000, 16_000);
        assert!(loud.iter().all(|&sample| sample >= 0), "what is too loud is clipped and does not wrap around");
    }
}
