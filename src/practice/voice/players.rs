//! Providers whose audio is base64 inside JSON and whose servers do not answer with `media`: Plivo, Bandwidth, Azure.

use serde_json::json;

use super::envelope::Provider;
use super::grammar::Form::{Prefixed, Text as AnyId, Uuid};
use super::grammar::Kind::{
    Chunk, Encoding, FrameBytes, Id, Mark, Moment, Number, Object, Payload, Rate, Sequence, Silent, Text, Texts, Track,
    TrackList, Tracks, UnixMs,
};
use super::grammar::Means::{Media, Nothing, Stop};
use super::grammar::Slot::{Account, Call, Stream};
use super::grammar::{Field, Grammar, Kind, Shape, Spelling, may, must, shape};
use crate::audio::Codec;

const INT_SEQUENCE: Field = must("sequenceNumber", Sequence(Spelling::Number));
const PLIVO_STREAM: Field = must("streamId", Id(Stream, Uuid));
const PLIVO_EXTRA: Field = must("extra_headers", Text);

const PLIVO_ENCODINGS: &[(&str, Codec)] = &[("audio/x-l16", Codec::L16), ("audio/x-mulaw", Codec::Mulaw)];
const PLIVO_FORMAT: Kind = Object(&[must("encoding", Encoding), must("sampleRate", Rate(Spelling::Number))]);
const PLIVO_MEDIA: &[Field] = &[
    must("event", Text),
    INT_SEQUENCE,
    PLIVO_STREAM,
    PLIVO_EXTRA,
    must(
        "media",
        Object(&[
            must("track", Track),
            must("chunk", Chunk(Spelling::Number)),
            must("timestamp", UnixMs),
            must("payload", Payload),
        ]),
    ),
];

/// Plivo.
pub(super) static PLIVO: Provider = Provider {
    grammar: Grammar {
        tags: &["event"],
        hello: &[shape(
            "start",
            Nothing,
            &[
                must("event", Text),
                INT_SEQUENCE,
                PLIVO_EXTRA,
                must(
                    "start",
                    Object(&[
                        must("callId", Id(Call, Uuid)),
                        PLIVO_STREAM,
                        must("accountId", Id(Account, Prefixed("MA"))),
                        must("tracks", Tracks),
                        must("mediaFormat", Object(&[must("encoding", Encoding), must("sampleRate", Rate(Spelling::Number))])),
                    ]),
                ),
            ],
        )],
        later: &[
            shape("media", Media, PLIVO_MEDIA),
            shape("playedStream", Nothing, &[must("event", Text), INT_SEQUENCE, PLIVO_STREAM, must("name", Mark)]),
            shape("clearedAudio", Nothing, &[must("event", Text), INT_SEQUENCE, PLIVO_STREAM]),
            shape(
                "dtmf",
                Nothing,
                &[
                    must("event", Text),
                    INT_SEQUENCE,
                    PLIVO_STREAM,
                    must("dtmf", Object(&[must("track", Track), must("digit", Text)])),
                ],
            ),
            shape("stop", Stop, &[must("event", Text), INT_SEQUENCE, PLIVO_STREAM, must("reason", Text)]),
        ],
        encodings: PLIVO_ENCODINGS,
        rates: &[8_000, 16_000],
        cadence_ms: 20,
        first_sequence: None,
    },
    media: |_, format, payload| {
        let name = if format.codec == Codec::L16 { "audio/x-l16" } else { "audio/x-mulaw" };
        let media = json!({ "contentType": name, "sampleRate": format.sample_rate, "payload": payload });
        json!({ "event": "playAudio", "media": media })
    },
    mark: Some(|stream, name| json!({ "event": "checkpoint", "streamId": stream, "name": name })),
    shortest_piece: 0,
    fixed_pieces: false,
};

/// Vobiz, from its own documentation (audio streams, stream events): Plivo's messages with fewer fields, and no `stop`.
pub(super) static VOBIZ: Provider = Provider {
    grammar: Grammar {
        hello: &[shape(
            "start",
            Nothing,
            &[
                must("event", Text),
                INT_SEQUENCE,
                PLIVO_EXTRA,
                must(
                    "start",
                    Object(&[
                        must("callId", Id(Call, Uuid)),
                        PLIVO_STREAM,
                        must("accountId", Id(Account, AnyId)),
                        must("tracks", Tracks),
                        must("mediaFormat", PLIVO_FORMAT),
                    ]),
                ),
            ],
        )],
        later: &[
            shape("media", Media, PLIVO_MEDIA),
            shape("playedStream", Nothing, &[must("event", Text), must("name", Mark)]),
            shape("clearedAudio", Nothing, &[must("event", Text), PLIVO_STREAM]),
        ],
        tags: &["event"],
        encodings: PLIVO_ENCODINGS,
        rates: &[8_000, 16_000, 24_000],
        cadence_ms: 20,
        first_sequence: None,
    },
    media: |stream, format, payload| {
        let name = if format.codec == Codec::Mulaw { "audio/x-mulaw" } else { "audio/x-l16" };
        let media = json!({ "contentType": name, "sampleRate": format.sample_rate, "payload": payload });
        json!({ "event": "playAudio", "streamId": stream, "media": media })
    },
    mark: PLIVO.mark,
    shortest_piece: 0,
    fixed_pieces: false,
};

/// Bandwidth. Sequence numbers are in `media` alone and were seen there (they are not in the documentation of 2023).
pub(super) static BANDWIDTH: Provider = Provider {
    grammar: Grammar {
        tags: &["eventType"],
        hello: &[shape(
            "start",
            Nothing,
            &[must("eventType", Text), must("metadata", BANDWIDTH_CALL), may("streamParams", Texts)],
        )],
        later: &[
            shape(
                "media",
                Media,
                &[
                    must("eventType", Text),
                    must("track", Track),
                    must("payload", Payload),
                    may("sequenceNumber", Sequence(Spelling::Text)),
                ],
            ),
            shape("stop", Stop, &[must("eventType", Text), must("metadata", Object(BANDWIDTH_GOODBYE))]),
        ],
        encodings: &[("audio/PCMU", Codec::Mulaw)],
        rates: &[8_000],
        cadence_ms: 20,
        first_sequence: Some(1),
    },
    media: |_, _, payload| json!({ "eventType": "playAudio", "media": { "contentType": "audio/pcmu", "payload": payload } }),
    mark: None,
    shortest_piece: 0,
    fixed_pieces: false,
};

const BANDWIDTH_TRACKS: Kind = TrackList(&[
    must("name", Track),
    must("mediaFormat", Object(&[must("encoding", Encoding), must("sampleRate", Rate(Spelling::Number))])),
]);
const BANDWIDTH_CALL: Kind = Object(&[
    must("accountId", Id(Account, AnyId)),
    must("callId", Id(Call, Prefixed("c-"))),
    must("streamId", Id(Stream, Prefixed("s-"))),
    must("streamName", Text),
    must("tracks", BANDWIDTH_TRACKS),
]);
const BANDWIDTH_GOODBYE: &[Field] = &[
    may("accountId", Id(Account, AnyId)),
    may("callId", Id(Call, Prefixed("c-"))),
    may("streamId", Id(Stream, Prefixed("s-"))),
    may("streamName", Text),
    may("tracks", BANDWIDTH_TRACKS),
];

const ACS_HELLO: Shape = shape(
    "AudioMetadata",
    Nothing,
    &[
        must("kind", Text),
        must(
            "audioMetadata",
            Object(&[
                must("subscriptionId", Text),
                must("encoding", Encoding),
                must("sampleRate", Rate(Spelling::Number)),
                must("channels", Number(1)),
                must("length", FrameBytes),
            ]),
        ),
    ],
);

/// Azure Communication Services.
pub(super) static ACS: Provider = Provider {
    grammar: Grammar {
        tags: &["kind"],
        hello: &[ACS_HELLO],
        later: &[shape(
            "AudioData",
            Media,
            &[
                must("kind", Text),
                must(
                    "audioData",
                    Object(&[
                        must("timestamp", Moment),
                        may("participantRawID", Text),
                        must("data", Payload),
                        must("silent", Silent),
                    ]),
                ),
            ],
        )],
        encodings: &[("PCM", Codec::L16)],
        rates: &[16_000, 24_000],
        cadence_ms: 20,
        first_sequence: Some(1),
    },
    media: |_, _, payload| json!({ "Kind": "AudioData", "AudioData": { "Data": payload }, "StopAudio": null }),
    mark: None,
    shortest_piece: 0,
    fixed_pieces: true,
};
