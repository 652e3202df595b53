//! Twilio, and the providers who took over its `media` and `mark`: grammars, and what their customers' servers say.

use serde_json::{Value, json};

use super::FOREIGN_ID;
use super::envelope::Provider;
use super::grammar::Form::{Prefixed, Sid, Text as AnyId, Uuid};
use super::grammar::Kind::{
    Chunk, Encoding, Id, Is, Mark, Number, Object, Offset, Payload, Rate, Sequence, Text, Texts, Track, Tracks, Whole,
};
use super::grammar::Means::{Media, Nothing, Stop};
use super::grammar::Slot::{Account, Call, Session, Stream};
use super::grammar::{Field, Grammar, Kind, Spelling, may, must, shape};
use crate::audio::Codec;

const G711_NAMES: &[(&str, Codec)] = &[("audio/x-mulaw", Codec::Mulaw)];
const STREAM_SID: Kind = Id(Stream, Sid("MZ"));
const TEXT_SEQUENCE: Field = must("sequenceNumber", Sequence(Spelling::Text));
const NAMED: Kind = Object(&[must("name", Mark)]);
/// Media as Twilio has it, which most others copied.
const MEDIA: Kind =
    Object(&[must("track", Track), must("chunk", Chunk(Spelling::Text)), must("timestamp", Offset), must("payload", Payload)]);

/// Twilio Media Streams.
pub(super) static TWILIO: Provider = Provider {
    grammar: Grammar {
        tags: &["event"],
        hello: &[
            shape("connected", Nothing, &[must("event", Text), must("protocol", Is("Call")), must("version", Is("1.0.0"))]),
            shape(
                "start",
                Nothing,
                &[
                    must("event", Text),
                    TEXT_SEQUENCE,
                    must("streamSid", STREAM_SID),
                    must(
                        "start",
                        Object(&[
                            must("accountSid", Id(Account, Sid("AC"))),
                            must("streamSid", STREAM_SID),
                            must("callSid", Id(Call, Sid("CA"))),
                            must("tracks", Tracks),
                            must(
                                "mediaFormat",
                                Object(&[
                                    must("encoding", Encoding),
                                    must("sampleRate", Rate(Spelling::Number)),
                                    must("channels", Number(1)),
                                ]),
                            ),
                            must("customParameters", Texts),
                        ]),
                    ),
                ],
            ),
        ],
        later: &[
            shape("media", Media, &[must("event", Text), TEXT_SEQUENCE, must("streamSid", STREAM_SID), must("media", MEDIA)]),
            shape("mark", Nothing, &[must("event", Text), TEXT_SEQUENCE, must("streamSid", STREAM_SID), must("mark", NAMED)]),
            shape(
                "dtmf",
                Nothing,
                &[
                    must("event", Text),
                    TEXT_SEQUENCE,
                    must("streamSid", STREAM_SID),
                    must("dtmf", Object(&[must("track", Is("inbound_track")), must("digit", Text)])),
                ],
            ),
            shape(
                "stop",
                Stop,
                &[
                    must("event", Text),
                    TEXT_SEQUENCE,
                    must("streamSid", STREAM_SID),
                    must("stop", Object(&[must("accountSid", Id(Account, Sid("AC"))), must("callSid", Id(Call, Sid("CA")))])),
                ],
            ),
        ],
        encodings: G711_NAMES,
        rates: &[8_000],
        cadence_ms: 20,
        first_sequence: Some(1),
    },
    media: |stream, _, payload| json!({ "event": "media", "streamSid": stream, "media": { "payload": payload } }),
    mark: Some(|stream, name| json!({ "event": "mark", "streamSid": stream, "mark": { "name": name } })),
    shortest_piece: 0,
    fixed_pieces: false,
};

/// SignalWire: Twilio's messages with UUIDs, and without the stream's id in `start` and `media`.
pub(super) static SIGNALWIRE: Provider = Provider {
    grammar: Grammar {
        tags: &["event"],
        hello: &[
            shape("connected", Nothing, &[must("event", Text), must("protocol", Is("Call")), must("version", Is("0.2.0"))]),
            shape(
                "start",
                Nothing,
                &[
                    must("event", Text),
                    TEXT_SEQUENCE,
                    must(
                        "start",
                        Object(&[
                            must("accountSid", Id(Account, Uuid)),
                            must("streamSid", Id(Stream, Uuid)),
                            must("callSid", Id(Call, Uuid)),
                            must("tracks", Tracks),
                            must(
                                "mediaFormat",
                                Object(&[
                                    must("encoding", Encoding),
                                    must("sampleRate", Rate(Spelling::Number)),
                                    must("channels", Number(1)),
                                ]),
                            ),
                            may("customParameters", Texts),
                        ]),
                    ),
                ],
            ),
        ],
        later: &[
            shape("media", Media, &[must("event", Text), TEXT_SEQUENCE, must("media", MEDIA)]),
            shape("mark", Nothing, &[must("event", Text), must("streamSid", Id(Stream, Uuid)), must("mark", NAMED)]),
            shape(
                "dtmf",
                Nothing,
                &[
                    must("event", Text),
                    may("sequenceNumber", Sequence(Spelling::Text)),
                    must("streamSid", Id(Stream, Uuid)),
                    must("dtmf", Object(&[must("digit", Text), must("duration", Kind::Any)])),
                ],
            ),
            shape("stop", Stop, &[must("event", Text), TEXT_SEQUENCE]),
        ],
        encodings: &[("audio/x-mulaw", Codec::Mulaw), ("audio/x-L16", Codec::L16)],
        rates: &[8_000, 16_000, 24_000],
        cadence_ms: 20,
        first_sequence: Some(1),
    },
    media: TWILIO.media,
    mark: TWILIO.mark,
    shortest_piece: 0,
    fixed_pieces: false,
};

const TELNYX_SEQUENCE: Field = must("sequence_number", Sequence(Spelling::Text));
const TELNYX_STREAM: Field = must("stream_id", Id(Stream, Uuid));
const TELNYX_USER: Field = must("user_id", Id(Account, Uuid));
const TELNYX_CALL: Field = must("call_control_id", Id(Call, Prefixed("v3:")));
const TELNYX_ERROR: Kind = Object(&[must("code", Whole), must("title", Text), may("detail", Text)]);

/// Telnyx media streaming.
pub(super) static TELNYX: Provider = Provider {
    grammar: Grammar {
        tags: &["event"],
        hello: &[
            shape("connected", Nothing, &[must("event", Text), must("version", Is("1.0.0"))]),
            shape(
                "start",
                Nothing,
                &[
                    must("event", Text),
                    TELNYX_SEQUENCE,
                    TELNYX_STREAM,
                    must(
                        "start",
                        Object(&[
                            TELNYX_USER,
                            TELNYX_CALL,
                            must("call_session_id", Id(Session, Uuid)),
                            must("from", Text),
                            must("to", Text),
                            may("client_state", Text),
                            may("custom_parameters", Texts),
                            must(
                                "media_format",
                                Object(&[
                                    must("encoding", Encoding),
                                    must("sample_rate", Rate(Spelling::Number)),
                                    must("channels", Number(1)),
                                ]),
                            ),
                        ]),
                    ),
                ],
            ),
        ],
        later: &[
            shape("media", Media, &[must("event", Text), TELNYX_SEQUENCE, TELNYX_STREAM, must("media", MEDIA)]),
            shape("mark", Nothing, &[must("event", Text), TELNYX_SEQUENCE, TELNYX_STREAM, must("mark", NAMED)]),
            shape(
                "dtmf",
                Nothing,
                &[
                    must("event", Text),
                    TELNYX_SEQUENCE,
                    TELNYX_STREAM,
                    must("occurred_at", Text),
                    must("dtmf", Object(&[must("digit", Text)])),
                ],
            ),
            shape(
                "error",
                Nothing,
                &[must("event", Text), TELNYX_SEQUENCE, TELNYX_STREAM, may("payload", TELNYX_ERROR), may("error", TELNYX_ERROR)],
            ),
            shape(
                "stop",
                Stop,
                &[must("event", Text), TELNYX_SEQUENCE, TELNYX_STREAM, must("stop", Object(&[TELNYX_USER, TELNYX_CALL]))],
            ),
        ],
        encodings: &[
            ("PCMU", Codec::Mulaw),
            ("audio/x-mulaw", Codec::Mulaw),
            ("PCMA", Codec::Alaw),
            ("audio/x-alaw", Codec::Alaw),
            ("L16", Codec::L16),
        ],
        rates: &[8_000, 16_000, 22_050, 24_000, 48_000],
        cadence_ms: 20,
        first_sequence: Some(1),
    },
    media: |stream, _, payload| telnyx(stream, json!({ "event": "media", "media": { "payload": payload } })),
    mark: Some(|stream, name| telnyx(stream, json!({ "event": "mark", "mark": { "name": name } }))),
    shortest_piece: 0,
    fixed_pieces: false,
};

/// Telnyx needs no `stream_id`: only the server that answers for another stream has one.
fn telnyx(stream: &str, mut message: Value) -> Value {
    if stream == FOREIGN_ID {
        message["stream_id"] = json!(stream);
    }
    message
}

const EXOTEL_SEQUENCE: Field = must("sequence_number", Sequence(Spelling::Text));
const EXOTEL_STREAM: Field = must("stream_sid", Id(Stream, AnyId));

/// Exotel AgentStream: frames of 100 ms, and answers of 3.2 kB or more.
pub(super) static EXOTEL: Provider = Provider {
    grammar: Grammar {
        tags: &["event"],
        hello: &[
            shape("connected", Nothing, &[must("event", Text)]),
            shape(
                "start",
                Nothing,
                &[
                    must("event", Text),
                    EXOTEL_SEQUENCE,
                    EXOTEL_STREAM,
                    must(
                        "start",
                        Object(&[
                            EXOTEL_STREAM,
                            must("call_sid", Id(Call, AnyId)),
                            must("account_sid", Id(Account, AnyId)),
                            must("from", Text),
                            must("to", Text),
                            must("custom_parameters", Texts),
                            must(
                                "media_format",
                                Object(&[
                                    must("encoding", Encoding),
                                    must("sample_rate", Rate(Spelling::Text)),
                                    must("bit_rate", Text),
                                ]),
                            ),
                        ]),
                    ),
                ],
            ),
        ],
        later: &[
            shape(
                "media",
                Media,
                &[
                    must("event", Text),
                    EXOTEL_SEQUENCE,
                    EXOTEL_STREAM,
                    must(
                        "media",
                        Object(&[must("chunk", Chunk(Spelling::Text)), must("timestamp", Offset), must("payload", Payload)]),
                    ),
                ],
            ),
            shape("mark", Nothing, &[must("event", Text), EXOTEL_SEQUENCE, EXOTEL_STREAM, must("mark", NAMED)]),
            shape(
                "dtmf",
                Nothing,
                &[
                    must("event", Text),
                    EXOTEL_SEQUENCE,
                    EXOTEL_STREAM,
                    must("dtmf", Object(&[must("digit", Text), must("duration", Text)])),
                ],
            ),
            shape(
                "stop",
                Stop,
                &[
                    must("event", Text),
                    EXOTEL_SEQUENCE,
                    EXOTEL_STREAM,
                    must(
                        "stop",
                        Object(&[may("call_sid", Id(Call, AnyId)), may("account_sid", Id(Account, AnyId)), may("reason", Text)]),
                    ),
                ],
            ),
        ],
        encodings: &[("audio/x-raw", Codec::L16)],
        rates: &[8_000, 16_000, 24_000],
        cadence_ms: 100,
        first_sequence: Some(1),
    },
    media: |stream, _, payload| json!({ "event": "media", "stream_sid": stream, "media": { "payload": payload } }),
    mark: Some(|stream, name| json!({ "event": "mark", "stream_sid": stream, "mark": { "name": name } })),
    shortest_piece: 3_200,
    fixed_pieces: true,
};
