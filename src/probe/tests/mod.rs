//! Whole conversations over in-memory pipes with paused time: the real upgrade, the real pump, the real verdict.

mod hostile;
mod webhook;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::session::{Held, Security, hold_line};
use super::upgrade::upgrade;
use crate::dialect::{CallSettings, Dialect, Provider};
use crate::monitor::{Monitor, MonitorName, Target};
use crate::outcome::{Phase, Reason};
use crate::verdict::{Evidence, Fault, verdict};

const SECURITY: Security = Security { tls: false, with_client_certificate: false };

fn monitor() -> Monitor {
    let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("ws://voice.example.com/media").unwrap());
    monitor.hold.target = Duration::from_secs(3);
    monitor
}

/// What came of a conversation.
struct Talked {
    reason: Option<Reason>,
    held: Option<Held>,
    took: Duration,
}

async fn talk(monitor: &Monitor, mut stream: DuplexStream) -> Talked {
    let began = Instant::now();
    let caller = Caller::of(monitor);
    let upgraded = upgrade(&mut stream, monitor, monitor.endpoint.target().unwrap(), &caller).await;
    let (evidence, held) = match upgraded.result {
        Err(fault) => (Evidence { fault: Some(Fault::Upgrade(fault)), ..Evidence::default() }, None),
        Ok(accepted) => {
            let held = hold_line(stream, accepted, monitor, &caller.call, SECURITY, &CancellationToken::new()).await;
            (Evidence { hold: Some(held.facts.clone()), ..Evidence::default() }, Some(held))
        }
    };
    Talked { reason: verdict(&evidence), held, took: began.elapsed() }
}

/// Reads the upgrade request and gives the answer's head that fits it.
async fn read_request(stream: &mut DuplexStream) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let text = String::from_utf8(request).unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// The frames of a good session: a text, a ping, audio, a fragmented text, and the server's Close.
fn session() -> Vec<u8> {
    let mut bytes = b"\x81\x05hello\x89\x02hi".to_vec();
    bytes.extend([0x82, 126, 0, 160]);
    bytes.extend([0x11; 160]);
    bytes.extend(b"\x01\x02ab\x80\x02cd\x88\x07\x10\x01quota");
    bytes
}

/// Where frames end in [`session`], from its beginning.
const BOUNDARIES: [usize; 7] = [0, 7, 11, 175, 179, 183, 192];

/// Swallows what the client sends for as long as it sends.
async fn swallow(mut stream: DuplexStream) {
    let mut scratch = [0; 4096];
    while matches!(stream.read(&mut scratch).await, Ok(count) if count > 0) {}
}

/// A server that sends the first `cut` bytes of head and session and then hangs up, or falls silent.
async fn cut_server(mut stream: DuplexStream, cut: usize, hang_up: bool) -> usize {
    let head = read_request(&mut stream).await;
    let all = [head.clone(), session()].concat();
    stream.write_all(&all[..cut.min(all.len())]).await.unwrap();
    if hang_up {
        drop(stream);
    } else {
        swallow(stream).await;
    }
    head.len()
}

/// The call was placed in 1970, and its line is open now.
#[tokio::test(start_paused = true)]
async fn the_time_of_media_counts_from_the_101() {
    let mut monitor = monitor();
    monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Acs)));
    let mut caller = Caller::of(&monitor);
    caller.call = monitor.dialect.place(&mut || 7, 0);
    let (mut client, mut server) = tokio::io::duplex(1024 * 1024);
    let serve = async {
        let head = read_request(&mut server).await;
        server.write_all(&head).await.unwrap();
        let mut first = vec![0; 4096];
        server.read_exact(&mut first).await.unwrap();
        // The client masks its frames (RFC 6455 section 5.3).
        let unmask = |frame: &[u8], at: usize, length: usize| -> Vec<u8> {
            let key = &frame[at..at + 4];
            frame[at + 4..at + 4 + length].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
        };
        let extended = |frame: &[u8]| usize::from(u16::from_be_bytes([frame[2], frame[3]]));
        let hello = extended(&first);
        let media = &first[8 + hello..];
        let text = String::from_utf8(unmask(media, 4, extended(media))).unwrap();
        swallow(server).await;
        text
    };
    let hold = async {
        let accepted = upgrade(&mut client, &monitor, monitor.endpoint.target().unwrap(), &caller).await.result.unwrap();
        hold_line(client, accepted, &monitor, &caller.call, SECURITY, &CancellationToken::new()).await
    };
    let (_, text) = tokio::join!(hold, serve);
    assert!(text.contains(r#""kind":"AudioData""#) && !text.contains(r#""timestamp":"1970"#), "{text}");
}

/// The server says something after one second, and ends the line 700 ms later in one of several ways.
async fn late_end(mut stream: DuplexStream, last_words: &'static [u8]) {
    let head = read_request(&mut stream).await;
    stream.write_all(&head).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stream.write_all(b"\x81\x05hello").await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    stream.write_all(last_words).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_silence_before_the_end() {
    let rows: [(&[u8], u64, &str); 5] = [
        (b"", 1_000, "a FIN"),
        (b"\x88\x02\x03\xf3", 1_000, "a Close"),
        (b"\x81\x02hi\x88\x02\x03\xf3", 1_700, "a message and a Close at once"),
        (b"\x81\x7dhalf", 1_700, "half a message"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", 1_700, "an HTTP answer"),
    ];
    for (last_words, received, what) in rows {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let monitor = monitor();
        let (talked, ()) = tokio::join!(talk(&monitor, client), late_end(server, last_words));
        let held = talked.held.unwrap();
        assert_eq!(held.lasted.as_millis(), 1_700, "{what}");
        assert_eq!(held.tally.last_received, Some(Duration::from_millis(received)), "{what}");
        assert!(held.tally.last_sent.is_some_and(|at| at >= Duration::from_millis(1_680) && at <= held.lasted), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_cut_at_every_byte() {
    let monitor = monitor();
    let mut cut = 0;
    loop {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (talked, head) = tokio::join!(talk(&monitor, client), cut_server(server, cut, true));
        let expected = match cut.checked_sub(head) {
            None if cut == 0 => Reason::HttpClosedNoResponse,
            None => Reason::HttpTruncated,
            Some(192..) => Reason::ClosedByServer,
            Some(at) if BOUNDARIES.contains(&at) => Reason::WsEof,
            Some(_) => Reason::WsEofMidFrame,
        };
        assert_eq!(talked.reason, Some(expected), "cut at {cut}, the head has {head}");
        assert_eq!(expected.phase(), if cut < head { Phase::Upgrade } else { Phase::Hold });
        assert!(talked.took < Duration::from_secs(1), "cut at {cut}: {:?}", talked.took);
        if cut >= head + 192 {
            break;
        }
        cut += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_stalls_at_every_byte() {
    let monitor = monitor();
    for cut in (0..330).step_by(3) {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (talked, head) = tokio::join!(talk(&monitor, client), cut_server(server, cut, false));
        let expected = match cut.checked_sub(head) {
            None if cut == 0 => Some(Reason::HttpTimeout),
            None => Some(Reason::HttpSlow),
            Some(192..) => Some(Reason::ClosedByServer),
            // A server may be silent: the line is held, and only our goodbye stays unanswered.
            Some(_) => None,
        };
        assert_eq!(talked.reason, expected, "stalled at {cut}, the head has {head}");
        let longest = monitor.dial.timeouts.upgrade.max(monitor.hold.target + monitor.hold.close_timeout);
        assert!(talked.took <= longest + Duration::from_secs(1), "stalled at {cut}: {:?}", talked.took);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_split_at_every_byte() {
    let monitor = monitor();
    for split in 0..330 {
        let (client, mut server) = tokio::io::duplex(64 * 1024);
        let serve = async {
            let all = [read_request(&mut server).await, session()].concat();
            let at = split.min(all.len());
            server.write_all(&all[..at]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            server.write_all(&all[at..]).await.unwrap();
            swallow(server).await;
        };
        let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
        let held = talked.held.unwrap();
        let close = held.facts.close.unwrap();
        assert_eq!(
            (talked.reason, close.code, close.reason.as_slice()),
            (Some(Reason::ClosedByServer), Some(4097), &b"quota"[..]),
            "{split}"
        );
        let counts = (held.tally.messages_received, held.tally.frames_received, held.tally.pings_received);
        assert_eq!(counts, (3, 1, 1), "split at {split}");
    }
}

#[tokio::test(start_paused = true)]
async fn byte_by_byte_is_no_reason_to_fail() {
    let (client, mut server) = tokio::io::duplex(64 * 1024);
    let serve = async {
        let all = [read_request(&mut server).await, session()].concat();
        for byte in all {
            server.write_u8(byte).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        swallow(server).await;
    };
    let monitor = monitor();
    let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
    assert_eq!(talked.reason, Some(Reason::ClosedByServer));
}

/// Reads the client's frames until its Close; gives the number of data frames and the Close code.
async fn read_until_close(stream: &mut DuplexStream) -> (usize, u16) {
    let mut frames = 0;
    loop {
        let opcode = stream.read_u8().await.unwrap() & 0x0F;
        let short = stream.read_u8().await.unwrap();
        assert!(short & 0x80 != 0, "a client masks its frames");
        let length = match short & 0x7F {
            126 => usize::from(stream.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut mask = [0; 4];
        stream.read_exact(&mut mask).await.unwrap();
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        payload.iter_mut().enumerate().for_each(|(i, byte)| *byte ^= mask[i % 4]);
        match opcode {
            8 => return (frames, u16::from_be_bytes([payload[0], payload[1]])),
            1 | 2 => frames += 1,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_minutes_are_held_and_left_with_1000() {
    let mut monitor = monitor();
    monitor.hold.target = Duration::from_secs(300);
    let (client, mut server) = tokio::io::duplex(64 * 1024);
    let serve = async {
        let head = read_request(&mut server).await;
        server.write_all(&head).await.unwrap();
        let seen = read_until_close(&mut server).await;
        server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
        seen
    };
    let (talked, (frames, code)) = tokio::join!(talk(&monitor, client), serve);
    assert_eq!((talked.reason, frames, code), (None, 15_000, 1000));
    assert_eq!(talked.held.unwrap().lasted, Duration::from_secs(300));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_is_told_from_a_silent_one() {
    let (client, mut server) = tokio::io::duplex(1024);
    let serve = async {
        let head = read_request(&mut server).await;
        server.write_all(&head).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
    };
    let mut monitor = monitor();
    monitor.hold.target = Duration::from_secs(15);
    let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
    assert_eq!(talked.reason, Some(Reason::WsWriteStalled));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_key_is_refused() {
    let (client, mut server) = tokio::io::duplex(64 * 1024);
    let serve = async {
        let head = String::from_utf8(read_request(&mut server).await).unwrap();
        let wrong = head.replace("Accept: ", "Accept: x");
        server.write_all(wrong.as_bytes()).await.unwrap();
    };
    let monitor = monitor();
    let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
    assert_eq!(talked.reason, Some(Reason::UpgradeAcceptWrong));
}

/// Sends `answer` in two pieces instead of a 101.
async fn split_answer(mut stream: DuplexStream, answer: &[u8], at: usize) {
    read_request(&mut stream).await;
    stream.write_all(&answer[..at]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    // The client may have recognised it by then.
    let _ = stream.write_all(&answer[at..]).await;
    swallow(stream).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_is_recognised_however_it_is_split() {
    let monitor = monitor();
    let rows: [(&[u8], Reason); 4] = [
        (b"\x15\x03\x01\x00\x02\x02\x46", Reason::WsPortSpeaksTls),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", Reason::HttpIsH2),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Reason::WrongService),
        (b"\xff\xfe\xfd\xfc\xfb", Reason::HttpGarbage),
    ];
    for (answer, reason) in rows {
        for at in 0..answer.len() {
            let (client, server) = tokio::io::duplex(64 * 1024);
            let (talked, ()) = tokio::join!(talk(&monitor, client), split_answer(server, answer, at));
            assert_eq!(talked.reason, Some(reason), "split at {at}");
        }
    }
}

/// Accepts, sends `frames` at once, and reads on.
async fn at_once(mut stream: DuplexStream, frames: &[u8]) {
    let head = read_request(&mut stream).await;
    stream.write_all(&[&head, frames].concat()).await.unwrap();
    swallow(stream).await;
}

#[tokio::test(start_paused = true)]
async fn a_close_counts_whatever_noise_follows_it() {
    let monitor = monitor();
    for noise in [&b"HTTP/1.1 502 Bad Gateway\r\n"[..], b"\x81\x82\x01\x02\x03\x04ab", b"\x83\x00"] {
        let frames = [b"\x81\x02hi\x88\x07\x0f\xa1quota", noise].concat();
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (talked, ()) = tokio::join!(talk(&monitor, client), at_once(server, &frames));
        let held = talked.held.unwrap();
        assert_eq!((talked.reason, held.tally.messages_received), (Some(Reason::ClosedByServer), 1), "{noise:?}");
        assert!(held.server_closed_first());
    }
}

#[tokio::test(start_paused = true)]
async fn messages_before_a_broken_rule_are_heard() {
    let monitor = monitor();
    let (client, server) = tokio::io::duplex(64 * 1024);
    let (talked, ()) = tokio::join!(talk(&monitor, client), at_once(server, b"\x81\x05ready\xc1\x02ab"));
    assert_eq!((talked.reason, talked.held.unwrap().tally.messages_received), (Some(Reason::WsRsvBits), 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_although_the_request_was_not_read() {
    let (client, mut server) = tokio::io::duplex(64);
    let serve = async {
        server.write_all(b"HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
    };
    let monitor = monitor();
    let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
    assert_eq!(talked.reason.map(Reason::label), Some("http_431"));
}

#[tokio::test(start_paused = true)]
async fn an_agent_may_hang_up_but_has_to_do_what_is_expected_before() {
    let mut monitor = monitor();
    monitor.hold.min_hold = Some(Duration::ZERO);
    for (echo, reason) in [(false, None), (true, Some(Reason::AppNoEcho))] {
        monitor.expect.echo = echo;
        let (client, server) = tokio::io::duplex(64 * 1024);
        let (talked, ()) = tokio::join!(talk(&monitor, client), at_once(server, b"\x88\x02\x03\xe8"));
        assert_eq!(talked.reason, reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_with_trouble_in_answer_to_ours_is_noted() {
    for (close, trouble) in [(&b"\x88\x02\x03\xf3"[..], Some(1011)), (b"\x88\x02\x03\xe8", None), (b"\x88\x00", None)] {
        let (client, mut server) = tokio::io::duplex(64 * 1024);
        let serve = async {
            let head = read_request(&mut server).await;
            server.write_all(&head).await.unwrap();
            read_until_close(&mut server).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.write_all(close).await.unwrap();
        };
        let monitor = monitor();
        let (talked, ()) = tokio::join!(talk(&monitor, client), serve);
        let held = talked.held.unwrap();
        assert_eq!((talked.reason, held.answered_with_trouble()), (None, trouble));
        assert_eq!(held.goodbye, Some(Duration::from_millis(300)), "the drain after it is not part of the goodbye");
    }
}
