//! What a caller's TLS library says to the TLS behaviours, and what the server makes of callers that break the rules themselves.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::caller::{PATIENCE, Server};
use crate::practice::{BEHAVIOURS, Stage, dns, frame, request};

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes: Vec<u8>, tail: Vec<u8>) {
        for start in [&b""[..], b"GET /", b"\x82\xFE", b"\xAB\xCD\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"] {
            let input = [start, &bytes, b"\r\n", &tail].concat();
            let mut buffer = BytesMut::from(&input[..]);
            while let Ok(Some(_)) = frame::take(&mut buffer) {}
            let _ = request::Request::take(&mut BytesMut::from(&input[..]));
            let _ = dns::reply_to(&input, [127, 0, 0, 1].into());
        }
    }
}

fn tls_error(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(inner) => format!("{inner:?}"),
        None => format!("{:?}", error.kind()),
    }
}

#[tokio::test]
async fn each_tls_behaviour_is_its_own_error() {
    let rows = [
        ("tls-expired", "InvalidCertificate(ExpiredContext"),
        ("tls-expired-intermediate", "InvalidCertificate(ExpiredContext"),
        ("tls-not-yet-valid", "InvalidCertificate(NotValidYetContext"),
        ("tls-wrong-host", "InvalidCertificate(NotValidForNameContext"),
        ("tls-wrong-purpose", "InvalidCertificate(InvalidPurposeContext"),
        ("tls-bad-signature", "InvalidCertificate(BadSignature"),
        ("tls-self-signed", "InvalidCertificate(UnknownIssuer"),
        ("tls-self-signed-ca", "InvalidCertificate(Other(OtherError(CaUsedAsEndEntity"),
        ("tls-private-ca", "InvalidCertificate(UnknownIssuer"),
        ("tls-missing-intermediate", "InvalidCertificate(UnknownIssuer"),
        ("tls-unknown-issuer", "InvalidCertificate(UnknownIssuer"),
        ("tls-chain-invalid", "InvalidCertificate(Other(OtherError(PathLenConstraintViolated"),
        ("tls-cert-unsupported", "InvalidCertificate(Other(OtherError(UnsupportedCriticalExtension"),
        ("tls-cert-malformed", "InvalidCertificate(BadEncoding"),
        ("tls-old-version", "AlertReceived(ProtocolVersion"),
        ("tls-no-common", "AlertReceived(HandshakeFailure"),
        ("tls-sni-rejected", "AlertReceived(UnrecognisedName"),
        ("tls-internal-error", "AlertReceived(InternalError"),
        ("tls-other", "AlertReceived(MissingExtension"),
        ("tls-alpn-h2", "AlertReceived(NoApplicationProtocol"),
        ("tls-client-cert-12", "AlertReceived(CertificateRequired"),
        ("tls-port-http", "InvalidMessage(InvalidContentType"),
        ("tls-port-ssh", "InvalidMessage(InvalidContentType"),
        ("tls-garbage", "InvalidMessage("),
        ("tls-closed", "UnexpectedEof"),
        ("tls-reset", "ConnectionReset"),
        ("tls-misspelt", "AlertReceived(UnrecognisedName"),
    ];
    let after_the_handshake = ["tls-client-cert", "tls-client-cert-rejected", "tls-timeout"];
    let server = Server::start().await;
    for (name, expected) in rows {
        let error = server.handshake(&format!("{name}.localhost"), None).await.unwrap_err();
        let found = tls_error(&error);
        assert!(found.starts_with(expected), "{name}: {found}");
        assert!(!found.contains("InvalidContentType") || expected.contains("InvalidContentType"), "{name}: {found}");
    }
    for row in BEHAVIOURS.iter().filter(|row| row.stage == Stage::Tls) {
        let tested = rows.iter().any(|(name, _)| *name == row.name) || after_the_handshake.contains(&row.name);
        assert!(tested, "{} has no row here", row.name);
    }
}

#[tokio::test]
async fn good_names_shake_hands_and_hangs_hang() {
    let server = Server::start().await;
    for name in ["localhost", "127.0.0.1", "::1", "practice.test", "anything.practice.test"] {
        assert!(server.handshake(name, None).await.is_ok(), "{name}");
    }
    let hang = server.handshake("tls-timeout.practice.test", None);
    assert!(timeout(Duration::from_millis(500), hang).await.is_err());
}

#[tokio::test]
async fn client_certificates_are_required_accepted_and_rejected() {
    let server = Server::start().await;
    let (client, stranger) = (server.practice.client_identity().clone(), server.practice.stranger_identity().clone());
    let rows = [
        ("tls-client-cert", None, "AlertReceived(CertificateRequired)"),
        ("tls-client-cert", Some(&stranger), "AlertReceived(UnknownCA)"),
        ("tls-client-cert-12", Some(&stranger), "AlertReceived(UnknownCA)"),
        ("tls-client-cert-rejected", Some(&client), "AlertReceived(UnknownCA)"),
        ("tls-client-cert-rejected", None, "AlertReceived(CertificateRequired)"),
        ("tls-client-cert", Some(&client), "good"),
        ("tls-client-cert-12", Some(&client), "good"),
    ];
    for (name, identity, expected) in rows {
        let result = async {
            let mut stream = server.handshake(&format!("{name}.localhost"), identity).await?;
            stream.write_all(b"GET /http-404 HTTP/1.1\r\nHost: a\r\n\r\n").await?;
            // Over TLS 1.3 the refusal comes here.
            timeout(PATIENCE, stream.read_u8()).await.unwrap()
        };
        match result.await {
            Ok(first) => assert_eq!((first, expected), (b'H', "good"), "{name}"),
            Err(error) => assert_eq!(tls_error(&error), expected, "{name}"),
        }
    }
}

#[tokio::test]
async fn a_damaged_record_does_not_decrypt() {
    let server = Server::start().await;
    let mut caller = server.dial("tls-damaged-record", true).await;
    let (read, end) = caller.rest().await;
    assert!(read.is_empty());
    assert_eq!(tls_error(&end.unwrap_err()), "DecryptError");
}

#[tokio::test]
async fn the_extra_ports_take_no_connection() {
    let server = Server::start().await;
    let at = |name| (server.address().ip(), server.practice.port_of(name).unwrap());
    let refused = TcpStream::connect(at("tcp-refused")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    for _ in 0..3 {
        let connected = timeout(Duration::from_millis(300), TcpStream::connect(at("tcp-timeout"))).await;
        assert!(connected.is_err(), "{connected:?}");
    }
    assert_eq!(server.practice.port_of("echo"), None);
    assert_eq!(server.practice.port_of("nothing"), None);
}

#[tokio::test]
async fn no_input_of_a_client_ends_the_server() {
    let server = Server::start().await;
    let long = [b"GET /echo HTTP/1.1\r\nA: ".as_slice(), &[b'x'; 40_000]].concat();
    let inputs: [&[u8]; 12] = [
        b"",
        b"\x00",
        b"\x00\x1d\xaa\xaa",
        b"\x16",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff",
        b"\x16\x03\x01\xff\xff",
        b"\xff\xfe\xfd",
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &long,
    ];
    for input in inputs {
        let mut stream = server.tcp().await;
        // The server may have ended it already.
        let _ = stream.write_all(input).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends");
    }
    let mut caller = server.dial("echo", false).await;
    caller.send(b"\x81\x02hi").await;
    assert_eq!(caller.frame().await, (0x88, 1002_u16.to_be_bytes().to_vec()), "an unmasked frame");
    assert!(server.dial("echo", true).await.head.contains("101"));
}
