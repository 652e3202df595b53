//! Voice servers over sockets: subprotocols, frames, time, and how the line ends. Real sockets on loopback, real time, wide margins.

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, interval};

use super::super::caller::{Caller as Line, Server};
use super::calls::{CALLERS, Said, audio_of, caller};
use crate::practice::voice::Action;

/// Frame opcodes with FIN.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

async fn say(line: &mut Line, said: &Said) -> io::Result<()> {
    match said {
        Said::Text(text) => line.say(TEXT, text.as_bytes()).await,
        Said::Binary(bytes) => line.say(BINARY, bytes).await,
    }
}

async fn dial(server: &Server, path: &str) -> Line {
    let headers = "Sec-WebSocket-Protocol: other.example.com, audio.jambonz.org\r\n";
    let mut line = server.dial_with(path, false, headers).await;
    let (name, _) = path.split_once('/').unwrap_or((path, ""));
    for hello in caller(name).hello {
        line.say(TEXT, hello.as_bytes()).await.unwrap();
    }
    line
}

/// Streams frames of `path` and reads until `enough` of the server's audio or its Close.
async fn talk(line: &mut Line, path: &str, enough: impl Fn(&[u8]) -> bool) -> Result<(), Vec<u8>> {
    let caller = caller(path);
    let mut clock = interval(Duration::from_millis(caller.every_ms));
    // The session is answered before media may flow.
    clock.reset_after(Duration::from_millis(200));
    let mut n = 0;
    loop {
        tokio::select! {
            (first, payload) = line.frame() => {
                let action = match first {
                    CLOSE => return Err(payload),
                    BINARY => Action::Binary(payload),
                    _ => Action::Text(String::from_utf8(payload).unwrap()),
                };
                if audio_of(&action).is_some_and(|audio| enough(&audio)) {
                    return Ok(());
                }
            }
            _ = clock.tick() => if let Some(frame) = (caller.frame)(n, 0) {
                n += 1;
                say(line, &frame).await.unwrap();
            }
        }
    }
}

/// Says Close, and reads to the server's answer and the end.
async fn goodbye(line: &mut Line, path: &str) {
    line.say(CLOSE, &1000_u16.to_be_bytes()).await.unwrap();
    loop {
        if let (CLOSE, payload) = line.frame().await {
            assert_eq!(payload, 1000_u16.to_be_bytes(), "{path}");
            break;
        }
    }
    assert!(line.rest().await.1.is_ok(), "{path}");
}

#[tokio::test]
async fn every_server_greets_in_real_time_and_echoes() {
    let server = Server::start().await;
    let call = async |path: &'static str| {
        let mut line = dial(&server, path).await;
        let start = Instant::now();
        talk(&mut line, path, |audio| audio[0] != 0x21)
            .await
            .unwrap_or_else(|close| panic!("{path}: {}", String::from_utf8_lossy(&close)));
        assert!(
            start.elapsed() >= Duration::from_millis(100),
            "{path}: the greeting comes after 0.2 s, and not after {:?}",
            start.elapsed()
        );
        goodbye(&mut line, path).await;
    };
    join_all(CALLERS.iter().filter(|caller| caller.bytes > 0).map(|caller| call(caller.path))).await;
    let echo = async |path: &'static str| {
        let mut line = dial(&server, path).await;
        let start = Instant::now();
        talk(&mut line, path, |audio| audio[0] == 0x21)
            .await
            .unwrap_or_else(|close| panic!("{path}: {}", String::from_utf8_lossy(&close)));
        assert!(start.elapsed() >= Duration::from_secs(1), "{path}: the greeting lasts a second");
        goodbye(&mut line, path).await;
    };
    join_all(CALLERS.iter().filter(|caller| caller.bytes > 0).map(|caller| echo(caller.path))).await;
}

#[tokio::test]
async fn only_jambonz_gets_a_subprotocol() {
    let server = Server::start().await;
    for caller in CALLERS {
        let line = dial(&server, caller.path).await;
        let expected = (caller.path == "jambonz").then_some("audio.jambonz.org");
        assert_eq!(line.header("Sec-WebSocket-Protocol"), expected, "{}", caller.path);
    }
    let line = server.dial_with("jambonz", false, "Sec-WebSocket-Protocol: audio.v1\r\n").await;
    assert_eq!(line.header("Sec-WebSocket-Protocol"), None);
}

#[tokio::test]
async fn a_mistake_is_closed_with_4400_and_its_field() {
    let server = Server::start().await;
    for secure in [false, true] {
        let mut line = server.dial("twilio", secure).await;
        let [connected, start] = caller("twilio").hello else { panic!("two messages") };
        line.say(TEXT, connected.as_bytes()).await.unwrap();
        line.say(TEXT, start.replace(r#""sequenceNumber":"1""#, r#""sequenceNumber":1"#).as_bytes()).await.unwrap();
        let (first, payload) = line.frame().await;
        assert_eq!((first, &payload[..2]), (CLOSE, &4400_u16.to_be_bytes()[..]));
        assert_eq!(&payload[2..], b"start.sequenceNumber has to be a number written as a text");
        line.say(CLOSE, &payload[..2]).await.unwrap();
        assert!(line.rest().await.1.is_ok());
    }
}

#[tokio::test]
async fn servers_that_close_on_stop_close_first() {
    let server = Server::start().await;
    for (path, closes) in [("twilio-closes-on-stop", true), ("telnyx-closes-on-stop", true), ("twilio/60000ms", false)] {
        let mut line = dial(&server, path).await;
        let name = path.split('/').next().unwrap();
        let stop = caller(name).stop.unwrap().replace("SEQ", "2");
        line.say(TEXT, stop.as_bytes()).await.unwrap();
        if closes {
            let (first, payload) = line.frame().await;
            assert_eq!((first, &payload[..2]), (CLOSE, &1000_u16.to_be_bytes()[..]), "{path}");
            line.say(CLOSE, &payload[..2]).await.unwrap();
            assert!(line.rest().await.1.is_ok(), "{path}");
        } else {
            goodbye(&mut line, path).await;
        }
    }
}

#[tokio::test]
async fn messages_come_in_fragments_and_pings_between_them() {
    let server = Server::start().await;
    let mut line = server.dial("conversation-relay/0ms", false).await;
    let setup = caller("conversation-relay").hello[0].as_bytes();
    let (one, two) = setup.split_at(30);
    line.say(0x01, one).await.unwrap();
    line.say(0x89, b"?").await.unwrap();
    assert_eq!(line.frame().await, (0x8A, b"?".to_vec()));
    line.say(0x80, two).await.unwrap();
    let (first, payload) = line.frame().await;
    assert_eq!((first, &payload[..10]), (TEXT, &br#"{"last":tr"#[..]));
    goodbye(&mut line, "conversation-relay").await;

    for (first, payload, code) in [(0x80, &b"x"[..], 1002_u16), (TEXT, &b"\xC3\x28"[..], 1007)] {
        let mut line = server.dial("twilio", false).await;
        line.say(first, payload).await.unwrap();
        let (first, payload) = line.frame().await;
        assert_eq!((first, &payload[..2]), (CLOSE, &code.to_be_bytes()[..]));
    }
}
