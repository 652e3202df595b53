//! The name server: hand-made questions, and what the prober's resolver library says to its answers.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::io::AsyncReadExt;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use super::caller::{PATIENCE, Server};

const A: u16 = 1;
const AAAA: u16 = 28;

fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

async fn ask(server: &Server, question: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(question, server.address()).await.unwrap();
    let mut buffer = [0; 1500];
    let length = timeout(Duration::from_secs(2), socket.recv(&mut buffer)).await.ok()?.unwrap();
    Some(buffer[..length].to_vec())
}

#[tokio::test]
async fn answers_have_their_code_and_their_records() {
    let server = Server::start().await;
    // Name, type, response code, answers, the last bytes.
    let rows: [(&str, u16, u8, u8, &[u8]); 13] = [
        ("anything.practice.test", A, 0, 1, &[127, 0, 0, 1]),
        ("tls-expired.localhost", A, 0, 1, &[127, 0, 0, 1]),
        ("LocalHost", A, 0, 1, &[127, 0, 0, 1]),
        ("anything.practice.test", AAAA, 0, 0, &[]),
        ("dns-nxdomain.practice.test", A, 3, 0, &[]),
        ("dns-servfail.practice.test", A, 2, 0, &[]),
        ("dns-refused.practice.test", A, 5, 0, &[]),
        ("dns-server-error.practice.test", A, 4, 0, &[]),
        ("dns-misspelt.practice.test", A, 3, 0, &[]),
        ("voice.example.com", A, 5, 0, &[]),
        ("dns-only-ipv6.practice.test", AAAA, 0, 1, &[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("dns-only-ipv6.practice.test", A, 0, 0, &[]),
        ("dns-cname-dangling.practice.test", A, 0, 1, b"\x10dns-cname-target\x08practice\x04test\x00"),
    ];
    for (name, kind, code, answers, tail) in rows {
        let question = question(name, kind);
        let answer = ask(&server, &question).await.unwrap();
        assert_eq!(answer[..2], [0xAB, 0xCD], "{name}: the id");
        assert_eq!(answer[2] & 0x83, 0x81, "{name}: QR and RD, not TC");
        assert_eq!((answer[3] & 0x0F, answer[7]), (code, answers), "{name} {kind}");
        assert_eq!(answer[12..question.len()], question[12..], "{name}: the question comes back");
        assert!(answer.ends_with(tail), "{name}: {answer:?}");
    }
    let two = ask(&server, &question("dns-two-addresses.practice.test", A)).await.unwrap();
    assert_eq!(two[7], 2);
    assert!(two.windows(4).any(|ip| ip == [127, 0, 0, 2]) && two.ends_with(&[127, 0, 0, 1]));
}

#[tokio::test]
async fn answers_can_be_late_cut_or_missing() {
    let server = Server::start().await;
    let start = Instant::now();
    ask(&server, &question("dns-aaaa-slow.practice.test", A)).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(600), "A comes at once");
    let start = Instant::now();
    ask(&server, &question("dns-aaaa-slow.practice.test", AAAA)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(790), "AAAA comes late");
    assert_eq!(ask(&server, &question("dns-timeout.practice.test", A)).await, None);
    let truncated = ask(&server, &question("dns-truncated.practice.test", A)).await.unwrap();
    assert_eq!(truncated[2] & 2, 2);
    let mut tcp = server.tcp().await;
    tokio::io::AsyncWriteExt::write_all(&mut tcp, &[0, 44, 1, 2]).await.unwrap();
    assert_eq!(timeout(PATIENCE, tcp.read(&mut [0])).await.unwrap().unwrap(), 0, "DNS over TCP is closed");
}

#[tokio::test]
async fn junk_is_dropped() {
    let server = Server::start().await;
    let good = question("a.practice.test", A);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for cut in 0..good.len() {
        socket.send_to(&good[..cut], server.address()).await.unwrap();
    }
    let mut pointer = question("a", A);
    pointer[12] = 0xC0;
    let mut answer = good.clone();
    answer[2] |= 0x80;
    for junk in [&pointer[..], &answer, &[0xFF; 1400]] {
        socket.send_to(junk, server.address()).await.unwrap();
    }
    socket.send_to(&good, server.address()).await.unwrap();
    let mut buffer = [0; 1500];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(
        (buffer[7], &buffer[length - 4..length]),
        (1, &[127, 0, 0, 1][..]),
        "the first answer is to the first good question"
    );
}

#[tokio::test]
async fn hickory_tells_the_behaviours_apart() {
    let server = Server::start().await;
    let mut name_server = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for connection in &mut name_server.connections {
        connection.port = server.address().port();
    }
    let config = ResolverConfig::from_parts(None, vec![], vec![name_server]);
    let mut options = ResolverOpts::default();
    (options.timeout, options.attempts, options.cache_size) = (Duration::from_millis(300), 0, 0);
    let resolver = Resolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build().unwrap();
    let rows = [
        ("anything", "good"),
        ("dns-two-addresses", "good"),
        ("dns-nxdomain", "NXDomain"),
        ("dns-no-address", "NoError"),
        ("dns-cname-dangling", "NoError"),
        ("dns-servfail", "ServFail"),
        ("dns-refused", "Refused"),
        ("dns-server-error", "NotImp"),
        ("dns-timeout", "Timeout"),
        ("dns-truncated", "Truncated"),
        ("dns-malformed", "Proto"),
    ];
    for (name, expected) in rows {
        let found = match resolver.ipv4_lookup(format!("{name}.practice.test.")).await {
            Ok(_) => "good".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        assert!(found.contains(expected), "{name}: {found}");
    }
}
