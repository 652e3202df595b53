//! Codecs as the documents name them, and whether document and monitor mean the same stream.

use super::notes::{Notes, quoted};
use super::{Draft, Lint, Located, Verb};
use crate::audio::{AudioFormat, Codec};

/// What a document's name for a codec means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A format of ours.
    Known(AudioFormat),
    /// One that the provider has and sidetone does not.
    NotSpoken,
    /// The call's own, whatever that is.
    TheCalls,
    /// None that the provider has.
    Unknown,
}

const fn l16(sample_rate: u32) -> AudioFormat {
    AudioFormat { codec: Codec::L16, sample_rate }
}

/// The format that a document names, if it does and if sidetone speaks it.
pub(super) fn named(text: Option<Located>, meaning: fn(&str) -> Named, notes: &mut Notes<'_>) -> Option<AudioFormat> {
    let Located { text, line } = text?;
    let line = Some(line);
    let (format, known) = match meaning(&text) {
        Named::Known(format) => (format, has(format, notes)),
        Named::NotSpoken => {
            notes.add(Lint::FormatNotSpoken, line, format!("`{}` is a codec that sidetone does not speak", quoted(&text)));
            return None;
        }
        Named::TheCalls => return None,
        Named::Unknown => (AudioFormat::MULAW_8K, false),
    };
    if known {
        return Some(format);
    }
    let formats = notes.provider.map_or(&[][..], |provider| provider.facts().formats);
    let formats = formats.iter().filter(|format| format.codec != Codec::L16Be);
    let formats: Vec<String> = formats.map(ToString::to_string).collect();
    let says = format!("`{}` is none of {}'s formats: {}", quoted(&text), notes.title(), formats.join(", "));
    notes.add(Lint::FormatInvalid, line, says);
    None
}

fn has(format: AudioFormat, notes: &Notes<'_>) -> bool {
    notes.provider.is_none_or(|provider| provider.facts().formats.contains(&format))
}

/// Plivo's and Vonage's: `audio/x-l16;rate=16000`, `audio/l16;rate=16000`, `audio/x-mulaw;rate=8000`.
pub(super) fn content_type(text: &str) -> Named {
    let Some((media, rate)) = text.split_once(';') else { return Named::Unknown };
    let Some(Ok(rate)) = rate.trim().strip_prefix("rate=").map(str::parse) else { return Named::Unknown };
    match media.trim() {
        "audio/x-l16" | "audio/l16" => Named::Known(l16(rate)),
        "audio/x-mulaw" => Named::Known(AudioFormat { codec: Codec::Mulaw, sample_rate: rate }),
        _ => Named::Unknown,
    }
}

/// SignalWire's: `PCMU@8000h`, `L16@24000h`; its packages write a bare `PCMU` as well.
pub(super) fn cxml(text: &str) -> Named {
    if text == "PCMU" {
        return Named::Known(AudioFormat::MULAW_8K);
    }
    let Some((codec, rate)) = text.split_once('@') else { return Named::Unknown };
    let Some(Ok(rate)) = rate.strip_suffix('h').map(str::parse) else { return Named::Unknown };
    match codec {
        "PCMU" => Named::Known(AudioFormat { codec: Codec::Mulaw, sample_rate: rate }),
        "L16" => Named::Known(l16(rate)),
        _ => Named::Unknown,
    }
}

/// Telnyx': of the linear codec the rate is not said here.
pub(super) fn texml(text: &str) -> Named {
    match text {
        "PCMU" => Named::Known(AudioFormat::MULAW_8K),
        "PCMA" => Named::Known(AudioFormat { codec: Codec::Alaw, sample_rate: 8_000 }),
        "L16" | "default" => Named::TheCalls,
        "G722" | "OPUS" | "AMR-WB" => Named::NotSpoken,
        _ => Named::Unknown,
    }
}

/// Exotel's sample rate.
pub(super) fn exotel(text: &str) -> Named {
    text.parse().map_or(Named::Unknown, |rate| Named::Known(l16(rate)))
}

/// Does the document open the stream that the monitor speaks?
pub(super) fn compare(draft: &Draft, notes: &mut Notes<'_>) {
    let line = Some(draft.line);
    if let (Some(ours), Some(theirs)) = (notes.rules.provider, notes.provider)
        && ours != theirs
    {
        let says = format!("the document opens a stream of `{theirs}`, and the monitor speaks `{ours}`");
        notes.add_with(Lint::DialectDiffers, line, says, format!("set `dialect = \"{theirs}\"`, or mend the document"));
    }
    if let (Some(ours), Some(theirs)) = (notes.rules.one_way, draft.one_way)
        && ours != theirs
        && draft.verb != Verb::ConversationRelay
    {
        let word = |one_way: bool| if one_way { "one way: the server only listens" } else { "both ways" };
        let says = format!("the document's stream goes {}; the monitor's goes {}", word(theirs), word(ours));
        notes.add_with(
            Lint::DirectionDiffers,
            line,
            says,
            format!("set `one_way = {theirs}`, or use the other form in the document"),
        );
    }
    if let (Some(ours), Some(theirs)) = (notes.rules.audio, draft.audio)
        && native(ours) != theirs
    {
        notes.add(Lint::FormatDiffers, line, format!("the document says {theirs}, and the monitor {ours}"));
    }
}

/// No document says the byte order.
fn native(format: AudioFormat) -> AudioFormat {
    match format.codec {
        Codec::L16Be => l16(format.sample_rate),
        Codec::L16 | Codec::Mulaw | Codec::Alaw => format,
    }
}
