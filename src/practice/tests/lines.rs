//! Good lines, lines that drop, lines that are closed.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::future::join_all;
use socket2::SockRef;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::either::Either;

use super::caller::{ACCEPT, Caller, PATIENCE, Server};
use crate::practice::script::{Script, Switch};
use crate::practice::{BEHAVIOURS, Stage};

const BOTH: [bool; 2] = [false, true];

fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}

/// Streams silence until the line ends: what came, how it ended, and how long after the 101.
async fn stream_until_the_end(caller: &mut Caller) -> (Vec<u8>, std::io::Result<()>, Duration) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                // The end shows when reading.
                let _ = caller.say(0x82, &[0xFF; 160]).await;
            }
            read = caller.more() => match read {
                Ok(0) => return (std::mem::take(&mut caller.read), Ok(()), start.elapsed()),
                Ok(_) => {}
                Err(error) => return (std::mem::take(&mut caller.read), Err(error), start.elapsed()),
            }
        }
    }
}

#[tokio::test]
async fn a_good_line_echoes_answers_and_says_goodbye() {
    let server = Server::start().await;
    for secure in BOTH {
        let mut caller = server.dial("echo", secure).await;
        assert!(caller.head.starts_with("HTTP/1.1 101 "), "{}", caller.head);
        assert_eq!(caller.header("Sec-WebSocket-Accept"), Some(ACCEPT));
        assert_eq!(caller.header("Server"), Some("sidetone-practice"));
        caller.say(0x81, b"hello").await.unwrap();
        assert_eq!(caller.frame().await, (0x81, b"hello".to_vec()));
        caller.say(0x82, &[7; 3000]).await.unwrap();
        assert_eq!(caller.frame().await, (0x82, vec![7; 3000]));
        caller.say(0x89, b"?").await.unwrap();
        assert_eq!(caller.frame().await, (0x8A, b"?".to_vec()));
        caller.say(0x88, &close_payload(1000, "bye")).await.unwrap();
        assert_eq!(caller.frame().await, (0x88, close_payload(1000, "bye")));
        let (rest, end) = caller.rest().await;
        assert!(rest.is_empty() && end.is_ok(), "close_notify and FIN: {end:?}");
    }
}

#[tokio::test]
async fn incident_i1_is_a_fin_after_0_8_s_while_audio_flows() {
    let server = Server::start().await;
    let rows = [("drop-after-0.8s", false, true), ("drop-after-0.8s", true, false), ("drop-close-notify", true, true)];
    let check = async |(name, secure, clean): (&str, bool, bool)| {
        let mut caller = server.dial(name, secure).await;
        let (read, end, lasted) = stream_until_the_end(&mut caller).await;
        assert!(read.is_empty(), "{name}: {read:?}");
        match end {
            Ok(()) => assert!(clean, "{name}: a close_notify where none was due"),
            Err(error) => assert!(!clean && error.kind() == ErrorKind::UnexpectedEof, "{name} over TLS {secure}: {error:?}"),
        }
        let expected = Duration::from_millis(500)..Duration::from_secs(5);
        assert!(expected.contains(&lasted), "{name}: {lasted:?}");
    };
    join_all(rows.map(check)).await;
}

#[tokio::test]
async fn resets_are_resets() {
    let server = Server::start().await;
    for secure in BOTH {
        let mut caller = server.dial("reset-after-0.8s", secure).await;
        let (_, end) = caller.rest().await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let mut caller = server.connect(secure).await;
        caller.ask("http-reset", "").await;
        let (read, end) = caller.rest().await;
        assert_eq!((read.len(), end.unwrap_err().kind()), (0, ErrorKind::ConnectionReset));
    }
}

#[tokio::test]
async fn a_close_before_a_reset_is_on_the_wire() {
    let server = Server::start().await;
    for secure in BOTH {
        let mut caller = server.dial("first-close-reset", secure).await;
        let (read, end) = caller.rest().await;
        let close = [&[0x88, 7][..], &close_payload(4001, "quota")].concat();
        assert_eq!(read, [&[0x89, 1, b'?'][..], &close].concat());
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn closes_carry_their_code_and_come_after_half_a_second() {
    let server = Server::start().await;
    let rows = [
        ("close-1011", close_payload(1011, "practice close 1011")),
        ("close-1006", close_payload(1006, "practice close 1006")),
        ("close-65535", close_payload(65535, "practice close 65535")),
        ("close-1005", vec![]),
        ("close-bad", vec![3]),
        ("close-bad-utf8", vec![0x03, 0xE8, 0xC3, 0x28]),
    ];
    let check = async |(name, payload): (&str, Vec<u8>)| {
        let mut caller = server.dial(name, false).await;
        let start = Instant::now();
        assert_eq!(caller.frame().await, (0x88, payload.clone()), "{name}");
        let due = if name.starts_with("close-bad") { 20 } else { 300 };
        assert!(start.elapsed() >= Duration::from_millis(due), "{name}: {:?}", start.elapsed());
        caller.say(0x88, &payload).await.unwrap();
        assert!(caller.rest().await.1.is_ok(), "{name}");
    };
    join_all(rows.map(check)).await;
}

#[tokio::test]
async fn a_fault_does_not_cost_the_goodbye_of_a_caller_who_streams() {
    let server = Server::start().await;
    for secure in BOTH {
        let mut caller = server.dial("length-not-minimal", secure).await;
        for _ in 0..20 {
            caller.say(0x82, &[0xFF; 160]).await.unwrap();
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(caller.take(6).await, [0x81, 126, 0, 2, b'h', b'i']);
        caller.say(0x88, &close_payload(1000, "")).await.unwrap();
        assert_eq!(caller.frame().await, (0x88, close_payload(1000, "")));
    }
}

#[tokio::test]
async fn goodbyes_can_go_wrong() {
    let server = Server::start().await;
    let bye = close_payload(1000, "");
    let mut caller = server.dial("goodbye-tls-eof", true).await;
    caller.say(0x88, &bye).await.unwrap();
    assert_eq!(caller.frame().await, (0x88, bye.clone()));
    assert_eq!(caller.rest().await.1.unwrap_err().kind(), ErrorKind::UnexpectedEof, "no close_notify");

    let mut caller = server.dial("closes-unacknowledged", true).await;
    caller.say(0x88, &bye).await.unwrap();
    let (read, end) = caller.rest().await;
    assert!(read.is_empty() && end.is_ok());

    let mut caller = server.dial("never-closes", false).await;
    caller.say(0x88, &bye).await.unwrap();
    assert!(timeout(Duration::from_millis(700), caller.more()).await.is_err(), "neither an answer nor an end");
}

#[tokio::test]
async fn subprotocols_are_chosen_or_not() {
    let server = Server::start().await;
    let rows = [
        ("echo", Some("a")),
        ("no-subprotocol", None),
        ("subprotocol-other", Some("practice.other")),
        ("subprotocol-not-chosen", None),
    ];
    for (name, chosen) in rows {
        let caller = server.dial_with(name, false, "Sec-WebSocket-Protocol: a, b\r\n").await;
        assert_eq!(caller.header("Sec-WebSocket-Protocol"), chosen, "{name}");
    }
    assert_eq!(server.dial("echo", false).await.header("Sec-WebSocket-Protocol"), None);
}

#[tokio::test]
async fn every_line_begins_with_a_101_of_its_kind() {
    let server = Server::start().await;
    for row in BEHAVIOURS.iter().filter(|row| row.stage == Stage::Path) {
        let Script::Line { switch, .. } = row.script else { continue };
        for secure in BOTH.into_iter().filter(|secure| row.works_over(*secure)) {
            if matches!(switch, Switch::Drip | Switch::BareLf | Switch::After103) {
                continue;
            }
            let caller = server.dial(row.name, secure).await;
            let has = |name| caller.header(name).is_some();
            assert!(caller.head.contains(" 101 ") && has("Server") && has("Date"), "{}: {}", row.name, caller.head);
            assert_eq!(has("Upgrade"), !matches!(switch, Switch::NoUpgrade | Switch::SpaceBeforeColon), "{}", row.name);
            assert_eq!(has("Connection"), switch != Switch::NoConnection, "{}", row.name);
            assert_eq!(has("Sec-WebSocket-Accept"), switch != Switch::NoAccept, "{}", row.name);
            let accept = caller.header("Sec-WebSocket-Accept");
            assert_eq!(accept == Some(ACCEPT), !matches!(switch, Switch::NoAccept | Switch::WrongAccept), "{}", row.name);
            assert_eq!(has("Sec-WebSocket-Extensions"), switch == Switch::Extension, "{}", row.name);
        }
    }
}

#[tokio::test]
async fn odd_heads_are_odd_on_the_wire() {
    let server = Server::start().await;
    let caller = server.dial("http-103-then-101", false).await;
    assert!(caller.head.starts_with("HTTP/1.1 103 "), "{}", caller.head);
    let mut caller = server.connect(false).await;
    caller.ask("http-bare-lf", "").await;
    caller.more().await.unwrap();
    assert!(caller.read.starts_with(b"HTTP/1.1 101 Switching Protocols\nServer") && !caller.read.contains(&b'\r'));
    let mut caller = server.connect(false).await;
    caller.ask("http-slow", "").await;
    let start = Instant::now();
    assert_eq!(caller.take(4).await, b"HTTP");
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
}

#[tokio::test]
async fn answers_that_are_no_101_come_byte_by_byte() {
    let server = Server::start().await;
    // What comes first, and whether the server ends the connection then.
    let rows: [(&str, &[u8], bool); 11] = [
        ("http-404", b"HTTP/1.1 404 Not Found\r\n", true),
        ("http-1.0-503", b"HTTP/1.0 503 Service Unavailable\r\n", true),
        ("http-100", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", true),
        ("http-plain-to-tls", b"HTTP/1.1 400 Bad Request\r\n", true),
        ("http-tls-alert", &[0x15, 3], true),
        ("http-garbage", &[7, 1], true),
        ("http-truncated", b"HTTP/1.1 101 Switching Prot", true),
        ("http-closed", b"", true),
        ("http-h2", &[0, 0, 0, 4], false),
        ("http-ssh", b"SSH-2.0-", false),
        ("http-timeout", b"", false),
    ];
    for (name, start, ends) in rows {
        let mut caller = server.connect(false).await;
        caller.ask(name, "").await;
        if ends {
            let (answer, end) = caller.rest().await;
            assert!(answer.starts_with(start) && end.is_ok(), "{name}: {answer:?} {end:?}");
            assert!(!answer.is_empty() || name == "http-closed");
        } else {
            assert_eq!(caller.take(start.len()).await, start, "{name}");
            while let Ok(more) = timeout(Duration::from_millis(200), caller.more()).await {
                assert_ne!(more.unwrap(), 0, "{name} ended");
            }
        }
    }
}

#[tokio::test]
async fn audio_comes_in_real_time() {
    let server = Server::start().await;
    let check = async |(name, bytes, silent): (&str, usize, bool)| {
        let mut caller = server.dial(name, false).await;
        let start = Instant::now();
        let mut frames = 0;
        while start.elapsed() < Duration::from_secs(1) {
            let (first, payload) = caller.frame().await;
            assert_eq!((first, payload.len()), (0x82, bytes), "{name}");
            assert_eq!(crate::audio::Codec::Mulaw.is_silence(&payload), silent, "{name}");
            frames += 1;
        }
        assert!((10..=60).contains(&frames), "{name}: {frames} frames in a second");
    };
    join_all([("talk", 160, false), ("audio-silence", 160, true), ("wrong-rate", 320, false)].map(check)).await;
    let mut caller = server.dial("goes-silent", false).await;
    let start = Instant::now();
    while timeout(Duration::from_millis(700), caller.frame()).await.is_ok() {
        assert!(start.elapsed() < PATIENCE, "it never falls silent");
    }
    assert!(start.elapsed() >= Duration::from_millis(900), "it talked before: {:?}", start.elapsed());
}

#[tokio::test]
async fn a_stalled_line_takes_a_few_kilobytes() {
    let server = Server::start().await;
    let pour = async |name| {
        let mut caller = server.dial(name, false).await;
        let Either::Left(tcp) = &caller.stream else { unreachable!("dialled without TLS") };
        SockRef::from(tcp).set_send_buffer_size(16 << 10).unwrap();
        for _ in 0..64 {
            caller.say(0x82, &[0; 16 << 10]).await.unwrap();
        }
    };
    timeout(PATIENCE, pour("silent")).await.expect("a megabyte is read");
    assert!(timeout(Duration::from_secs(1), pour("stall")).await.is_err(), "a megabyte is not");
}

#[tokio::test]
async fn floods_are_more_than_any_budget() {
    let server = Server::start().await;
    for (name, bytes_a_second) in [("flood-bytes", 4_000_000), ("flood-frames", 2_000 * 6), ("flood-pings", 2_000 * 6)] {
        let mut caller = server.dial(name, false).await;
        let (start, mut bytes) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(1) {
            bytes += caller.more().await.unwrap();
            caller.read.clear();
        }
        assert!(bytes > bytes_a_second, "{name}: {bytes} bytes in a second");
    }
}

#[tokio::test]
async fn plain_requests_get_pages() {
    let server = Server::start().await;
    for (path, status) in [("", "404"), ("no-such-behaviour", "404"), ("echo", "426"), ("http-503", "503"), ("http-302", "302")] {
        let mut caller = server.connect(false).await;
        caller.send(format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        let (page, end) = caller.rest().await;
        let page = String::from_utf8(page).unwrap();
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")) && end.is_ok(), "{path}: {page}");
        if status == "404" {
            assert!(page.contains("sidetone practice --list"), "{page}");
        }
    }
}

#[tokio::test]
async fn cancelling_ends_the_server_and_its_lines() {
    let practice = crate::practice::Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let stop = async {
        let open = tokio::net::TcpStream::connect(practice.address()).await.unwrap();
        sleep(Duration::from_millis(50)).await;
        cancel.cancel();
        open
    };
    let (ended, mut open) = tokio::join!(timeout(PATIENCE, practice.run(cancel.clone())), stop);
    ended.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut open, &mut [0]).await;
    assert_eq!(read.unwrap(), 0);
}
