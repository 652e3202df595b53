//! What holds for every provider: its facts make sense, and nothing that a server sends breaks its speaker.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::{CallKey, CallSettings, Dialect, Incoming, Moment, Provider, Remarks, Wire};
use crate::outcome::Warning;

/// The longest message of these tests, in bytes.
const LONGEST_MESSAGE: usize = 4096;

#[test]
fn facts_make_sense() {
    let mut titles = HashSet::new();
    for &provider in Provider::ALL {
        let facts = provider.facts();
        assert!(titles.insert(facts.title), "{provider}: a title of another provider");
        let keys: HashSet<CallKey> = facts.keys.iter().copied().collect();
        assert_eq!(keys.len(), facts.keys.len(), "{provider}: a key twice");
        for (at, (warning, code)) in facts.codes.iter().enumerate() {
            assert!(!code.is_empty(), "{provider}: {warning}");
            assert!(facts.codes[..at].iter().all(|(other, _)| other != warning), "{provider}: two codes for {warning}");
        }
        for (at, format) in facts.formats.iter().enumerate() {
            let samples = u128::from(format.sample_rate) * facts.cadence.as_micros();
            assert!(samples.is_multiple_of(1_000_000), "{provider}: {format:?} has no whole number of samples in a frame");
            assert!(format.frame_bytes(facts.cadence) > 0, "{provider}: {format:?}");
            assert!(!facts.formats[..at].contains(format), "{provider}: {format:?} twice");
        }
        for list in [facts.about.sends, facts.about.checks] {
            assert!(!list.is_empty(), "{provider}");
        }
        let dialect = format!("dialect = \"{provider}\"");
        assert!(facts.about.monitor.lines().any(|line| line == dialect), "{provider}: {}", facts.about.monitor);
    }
}

#[test]
fn the_goodbye_takes_as_long_as_the_facts_say() {
    for &provider in Provider::ALL {
        let dialect = Dialect::Provider(Box::new(CallSettings::new(provider)));
        let mut speaker = dialect.open(&dialect.place(&mut || 7, 0));
        speaker.greet();
        assert!(speaker.farewell().server_may_close_first <= dialect.longest_farewell(), "{provider}");
    }
}

#[test]
fn every_text_that_goes_out_is_utf8_and_every_frame_has_its_audio() {
    for &provider in Provider::ALL {
        let dialect = Dialect::Provider(Box::new(CallSettings::new(provider)));
        let mut speaker = dialect.open(&dialect.place(&mut || 7, 0));
        let mut frames = speaker.greet();
        if dialect.cadence().is_some() {
            frames.push(speaker.frame(0));
        }
        frames.extend(speaker.farewell().frames);
        for frame in frames {
            if let Wire::Text(bytes) = frame {
                assert!(std::str::from_utf8(&bytes).is_ok(), "{provider}");
            }
        }
    }
}

/// Names and values from all the dialects, so that random messages get past the first look.
const WORDS: &[&str] = &[
    "event",
    "eventType",
    "kind",
    "Kind",
    "type",
    "command",
    "media",
    "mark",
    "clear",
    "dtmf",
    "stop",
    "start",
    "connected",
    "error",
    "playAudio",
    "checkpoint",
    "clearAudio",
    "sendDTMF",
    "killAudio",
    "clearMarks",
    "disconnect",
    "AudioData",
    "StopAudio",
    "audioData",
    "Data",
    "data",
    "payload",
    "streamSid",
    "stream_sid",
    "stream_id",
    "streamId",
    "name",
    "digit",
    "contentType",
    "sampleRate",
    "audio/x-mulaw",
    "audio/x-l16",
    "audio/pcmu",
    "8000",
    "notify",
    "opened",
    "closed",
    "pong",
    "pause",
    "resume",
    "parameters",
    "id",
    "seq",
    "serverseq",
    "clientseq",
    "version",
    "position",
    "answer",
    "busy",
    "reject",
    "text",
    "token",
    "last",
    "play",
    "end",
    "audioContent",
    "audioContentType",
    "delta",
    "session.created",
    "session.update",
    "response.audio.delta",
    "response.output_audio.delta",
    "MEDIA_XOFF",
    "FLUSH_MEDIA",
    "ANSWER",
    "HANGUP",
    "",
    "EREREQ==",
    "_-==",
    "UklGRiQAAABXQVZF",
    "MZ1",
];

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        proptest::sample::select(WORDS).prop_map(serde_json::Value::from),
        ".{0,40}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec((proptest::sample::select(WORDS), inner), 0..6).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&'static str, serde_json::Value)>) -> serde_json::Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}

/// A message whose tag is one of the words: the kind that gets furthest.
fn tagged() -> impl Strategy<Value = String> {
    let tags = proptest::sample::select(&["event", "eventType", "kind", "Kind", "type", "command"][..]);
    let fields = proptest::collection::vec((proptest::sample::select(WORDS), value()), 0..5);
    (tags, proptest::sample::select(WORDS), fields).prop_map(|(tag, kind, mut fields)| {
        fields.push((tag, kind.into()));
        object(fields).to_string()
    })
}

#[derive(Clone, Debug)]
enum Step {
    Text(String),
    Binary(Vec<u8>),
    Frame(u64),
    Played(String, bool),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => tagged().prop_map(Step::Text),
        2 => value().prop_map(|value| Step::Text(value.to_string())),
        1 => "[A-Z_]{0,20}( [a-z_:0-9]{0,12}){0,3}".prop_map(Step::Text),
        1 => any::<String>().prop_map(Step::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..700).prop_map(Step::Binary),
        1 => (0..u64::from(u32::MAX)).prop_map(Step::Frame),
        1 => (any::<String>(), any::<bool>()).prop_map(|(name, cleared)| Step::Played(name, cleared)),
        1 => Just(Step::Wait),
    ]
}

/// Takes the steps; whatever comes, what is kept and what is answered stays small.
fn rehearse(provider: Provider, one_way: bool, steps: &[Step]) {
    let settings = CallSettings { one_way, ..CallSettings::new(provider) };
    let sends_media = settings.sends_media();
    let dialect = Dialect::Provider(Box::new(settings));
    let mut speaker = dialect.open(&dialect.place(&mut || 7, 1_795_168_800_000));
    let mut remarks = Remarks::default();
    let mut at = Duration::ZERO;
    speaker.greet();
    for step in steps {
        at += Duration::from_millis(700);
        let moment = Moment { at, queued: Duration::from_secs(1), remarks: &mut remarks };
        let (heard, size) = match step {
            Step::Text(text) => (speaker.hear(moment, Incoming::Text(text)), text.len()),
            Step::Binary(bytes) => (speaker.hear(moment, Incoming::Binary(bytes)), bytes.len()),
            Step::Wait if speaker.due().is_some_and(|due| due <= at) => (speaker.speak(moment), 0),
            Step::Wait => continue,
            Step::Frame(n) => {
                if sends_media {
                    speaker.frame(*n);
                }
                continue;
            }
            Step::Played(mark, cleared) => {
                speaker.played(mark, *cleared);
                continue;
            }
        };
        assert!(heard.mark.is_none_or(|mark| mark.name.len() <= size.max(64)), "{provider}: a mark longer than its message");
        assert!(heard.audio.is_none_or(|audio| audio.bytes.len() <= size), "{provider}: more audio than came");
        let replies: usize = heard.replies.iter().map(|reply| reply.payload().len()).sum();
        assert!(replies <= LONGEST_MESSAGE + 8 * size, "{provider}: {replies} bytes in answer to {size}");
    }
    speaker.farewell();
    assert!(remarks.iter().count() <= Warning::ALL.len(), "{provider}");
    for remark in remarks.iter() {
        assert!(remark.says.as_str().len() <= 300, "{provider}: {}", remark.says);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_breaks_a_speaker(one_way in any::<bool>(), steps in proptest::collection::vec(step(), 0..24)) {
        for &provider in Provider::ALL {
            rehearse(provider, one_way, &steps);
        }
    }
}
