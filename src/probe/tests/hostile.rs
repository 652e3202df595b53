//! Whatever a server sends, in whatever dialect: it ends in a report, and nothing panics or grows.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{monitor, read_request, talk};
use crate::dialect::{CallSettings, Dialect, Provider};
use crate::outcome::Warning;

/// Keys and values of the providers' messages, right and wrong: arbitrary bytes alone would never get past the parser.
const WORDS: [&str; 34] = [
    "event",
    "media",
    "mark",
    "clear",
    "streamSid",
    "payload",
    "name",
    "type",
    "kind",
    "command",
    "data",
    "audio",
    "playAudio",
    "checkpoint",
    "clearAudio",
    "sendDTMF",
    "opened",
    "pong",
    "closed",
    "disconnect",
    "parameters",
    "seq",
    "clientseq",
    "answer",
    "reject",
    "session.created",
    "response.output_audio.delta",
    "delta",
    "MARK_MEDIA a",
    "GET_STATUS",
    "HANGUP",
    "eventType",
    "StopAudio",
    "error",
];

#[derive(Clone, Debug)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Pause(u16),
    /// Not even a frame.
    Garbage(Vec<u8>),
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let word = proptest::sample::select(&WORDS[..]);
    let leaf = prop_oneof![
        word.clone().prop_map(serde_json::Value::from),
        "[A-Za-z0-9+/=_-]{0,40}".prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        proptest::collection::hash_map(word.clone().prop_map(str::to_owned), inner, 1..5)
            .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
    })
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        6 => json().prop_map(|json| Said::Text(json.to_string())),
        1 => proptest::sample::select(&WORDS[..]).prop_map(|word| Said::Text(word.to_owned())),
        1 => ".{0,60}".prop_map(Said::Text),
        2 => proptest::collection::vec(any::<u8>(), 0..2000).prop_map(Said::Binary),
        2 => (0_u16..400).prop_map(Said::Pause),
        1 => proptest::collection::vec(any::<u8>(), 1..12).prop_map(Said::Garbage),
    ]
}

/// RFC 6455 section 5.2, unmasked.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(length as u8),
        Ok(length) => frame.extend([&[126][..], &length.to_be_bytes()].concat()),
        Err(_) => unreachable!("no message here is that long"),
    }
    frame.extend(payload);
    frame
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), said: &Said) -> std::io::Result<()> {
    match said {
        Said::Text(text) => stream.write_all(&frame(1, text.as_bytes())).await,
        Said::Binary(bytes) => stream.write_all(&frame(2, bytes)).await,
        Said::Garbage(bytes) => stream.write_all(bytes).await,
        Said::Pause(ms) => {
            tokio::time::sleep(Duration::from_millis(u64::from(*ms))).await;
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_server_that_says_anything(
        provider in proptest::sample::select(Provider::ALL),
        probes in any::<bool>(),
        list in proptest::collection::vec(said(), 0..40),
    ) {
        let mut monitor = monitor();
        let settings = CallSettings { connection_probe: probes, ..CallSettings::new(provider) };
        monitor.dialect = Dialect::Provider(Box::new(settings));
        monitor.expect.echo = true;
        monitor.expect.mark_round_trip_within = Some(Duration::from_secs(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let talked = runtime.block_on(async {
            let (client, mut server) = tokio::io::duplex(64 * 1024);
            let serve = async {
                let head = read_request(&mut server).await;
                let (mut reader, mut writer) = tokio::io::split(server);
                // The caller may have gone in the middle of it.
                let speak = async {
                    writer.write_all(&head).await?;
                    for said in &list {
                        say(&mut writer, said).await?;
                    }
                    std::io::Result::Ok(())
                };
                let drain = async {
                    let mut scratch = [0; 4096];
                    while matches!(reader.read(&mut scratch).await, Ok(count) if count > 0) {}
                };
                let _ = tokio::join!(speak, drain);
            };
            tokio::join!(talk(&monitor, client), serve).0
        });
        let held = talked.held.expect("the line was up");
        prop_assert!(held.remarks.iter().count() <= Warning::ALL.len());
        let patience = monitor.hold.target + monitor.dialect.longest_farewell() + monitor.hold.close_timeout;
        prop_assert!(talked.took <= patience + Duration::from_secs(1), "{:?}", talked.took);
    }
}
