//! What a provider's messages look like, as data: fields, JSON types, ids.
//!
//! Written from the providers' documentation and not from the speakers of this program, so that a mistake of theirs is not repeated here.

use crate::audio::Codec;

/// The messages of one provider.
#[derive(Debug)]
pub(super) struct Grammar {
    /// The fields that say what a message is: the first of them that a message has counts. None: every message is the first of `hello`.
    pub(super) tags: &'static [&'static str],
    /// The messages of the hello, in order.
    pub(super) hello: &'static [Shape],
    /// What may come after it.
    pub(super) later: &'static [Shape],
    /// The provider's words for codecs.
    pub(super) encodings: &'static [(&'static str, Codec)],
    /// Sample rates in hertz.
    pub(super) rates: &'static [u32],
    /// Milliseconds from one media frame to the next.
    pub(super) cadence_ms: u64,
    /// The first sequence number; none where the provider does not say it, so that any may be the first.
    pub(super) first_sequence: Option<u64>,
}

/// One kind of message.
#[derive(Debug)]
pub(super) struct Shape {
    /// The tag's value.
    pub(super) name: &'static str,
    pub(super) means: Means,
    pub(super) fields: &'static [Field],
    /// May it have fields beyond these, as hellos with a user's own names have?
    pub(super) open: bool,
}

/// What a message is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Nothing,
    /// Audio, in the field of the kind [`Kind::Payload`].
    Media,
    /// The goodbye, after which nothing may come.
    Stop,
    /// The caller's words, in the field of the kind [`Kind::Words`].
    Prompt,
    /// New settings of the session.
    Settings,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Kind {
    /// This text.
    Is(&'static str),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// What the caller says.
    Words,
    /// An object whose values are texts.
    Texts,
    /// Anything.
    Any,
    /// `true` or `false`.
    Flag,
    /// `true` only if the frame's audio is silence.
    Silent,
    /// This number.
    Number(u64),
    /// Any whole number.
    Whole,
    /// An id: the same in every message.
    Id(Slot, Form),
    /// Counts messages.
    Sequence(Spelling),
    /// Counts the media messages of a track.
    Chunk(Spelling),
    /// Milliseconds since the stream began, as a text.
    Offset,
    /// Milliseconds since 1970, as a text.
    UnixMs,
    /// An RFC 3339 time.
    Moment,
    /// A list of tracks.
    Tracks,
    /// A list with one object for each track.
    TrackList(&'static [Field]),
    /// One of the announced tracks.
    Track,
    /// A word of [`Grammar::encodings`].
    Encoding,
    /// A number of [`Grammar::rates`].
    Rate(Spelling),
    /// `audio/l16;rate=` and a number of [`Grammar::rates`].
    ContentType,
    /// Asterisk's name for codec and rate: `ulaw`, `alaw`, `slin`, `slin16` …
    AsteriskFormat,
    /// `mono`, `stereo` or `mixed`.
    Mix,
    /// The bytes of a media frame.
    FrameBytes,
    /// One frame in base64.
    Payload,
    /// The name of the mark that the server set.
    Mark,
    /// An object.
    Object(&'static [Field]),
}

/// Whether a number is written as a JSON number or as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Number,
    Text,
}

/// Which id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Stream,
    Call,
    Account,
    Session,
}

/// What an id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// These letters and 32 hexadecimal digits.
    Sid(&'static str),
    /// Five groups of hexadecimal digits.
    Uuid,
    /// These letters and at least one more character.
    Prefixed(&'static str),
    /// Any text that is not empty.
    Text,
}

pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

pub(super) const fn shape(name: &'static str, means: Means, fields: &'static [Field]) -> Shape {
    Shape { name, means, fields, open: false }
}

/// A shape that may have further fields.
pub(super) const fn open_shape(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, means: Means::Nothing, fields, open: true }
}

impl Form {
    pub(super) fn fits(self, id: &str) -> bool {
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        match self {
            Self::Sid(prefix) => id.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && hex(rest)),
            Self::Uuid => {
                let groups: Vec<&str> = id.split('-').collect();
                groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| hex(group))
            }
            Self::Prefixed(prefix) => id.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
            Self::Text => !id.is_empty(),
        }
    }

    /// The form in words.
    pub(super) fn says(self) -> String {
        match self {
            Self::Sid(prefix) => format!("{prefix} and 32 hexadecimal digits"),
            Self::Uuid => "a UUID".to_owned(),
            Self::Prefixed(prefix) => format!("{prefix} and more"),
            Self::Text => "a text that is not empty".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_ids() {
        let rows = [
            (Form::Sid("MZ"), "MZ0123456789abcdef0123456789ABCDEF", true),
            (Form::Sid("MZ"), "CA0123456789abcdef0123456789abcdef", false),
            (Form::Sid("MZ"), "MZ0123456789abcdef0123456789abcdeg", false),
            (Form::Sid("MZ"), "MZ0123", false),
            (Form::Uuid, "01234567-89ab-4def-8123-456789abcdef", true),
            (Form::Uuid, "0123456789ab4def8123456789abcdef", false),
            (Form::Uuid, "01234567-89ab-4def-8123-456789abcde\u{e9}", false),
            (Form::Prefixed("v3:"), "v3:x", true),
            (Form::Prefixed("v3:"), "v3:", false),
            (Form::Text, "", false),
        ];
        for (form, id, fits) in rows {
            assert_eq!(form.fits(id), fits, "{form:?} {id}");
        }
    }
}
