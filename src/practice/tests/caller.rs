//! A practice server and a caller without any WebSocket library.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use crate::practice::{PemIdentity, Practice};

/// Nothing here takes longer on an idle machine than a tenth of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// RFC 6455 section 1.3.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(super) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A server that runs for as long as this lives.
pub(super) struct Server {
    pub(super) practice: Arc<Practice>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let practice = Arc::new(Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap());
        let mut tasks = JoinSet::new();
        let running = Arc::clone(&practice);
        tasks.spawn(async move { running.run(CancellationToken::new()).await });
        Self { practice, _tasks: tasks }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.practice.address()
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// A client that trusts the practice CA alone.
    pub(super) fn client_config(&self, identity: Option<&PemIdentity>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.practice.ca_der())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).map(Result::unwrap).collect();
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap()).unwrap()
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    pub(super) async fn handshake(&self, name: &str, identity: Option<&PemIdentity>) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::new(self.client_config(identity)));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        timeout(PATIENCE, connector.connect(name, self.tcp().await)).await.unwrap()
    }

    /// Connects over `ws` or `wss`.
    pub(super) async fn connect(&self, secure: bool) -> Caller {
        let stream =
            if secure { Either::Right(self.handshake("localhost", None).await.unwrap()) } else { Either::Left(self.tcp().await) };
        Caller { stream, head: String::new(), read: Vec::new() }
    }

    /// Asks a webhook, and reads the answer's head; its body is the rest.
    pub(super) async fn webhook(&self, request: &str, secure: bool) -> Caller {
        let mut caller = self.connect(secure).await;
        caller.send(request.as_bytes()).await;
        caller.read_head().await;
        caller
    }

    /// Connects, asks for the upgrade with these further headers, and reads the answer's head.
    pub(super) async fn dial_with(&self, path: &str, secure: bool, headers: &str) -> Caller {
        let mut caller = self.connect(secure).await;
        caller.ask(path, headers).await;
        caller.read_head().await;
        caller
    }

    pub(super) async fn dial(&self, path: &str, secure: bool) -> Caller {
        self.dial_with(path, secure, "").await
    }
}

/// One connection.
pub(super) struct Caller {
    pub(super) stream: Either<TcpStream, TlsStream<TcpStream>>,
    /// The answer's head, once it has been read.
    pub(super) head: String,
    /// What came after it and has not been taken.
    pub(super) read: Vec<u8>,
}

impl Caller {
    pub(super) async fn ask(&mut self, path: &str, headers: &str) {
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        );
        self.send(request.as_bytes()).await;
    }

    pub(super) async fn read_head(&mut self) {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                self.head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
                return;
            }
            assert_ne!(self.more().await.unwrap(), 0, "ended within the head: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Reads once; 0 at the end.
    pub(super) async fn more(&mut self) -> io::Result<usize> {
        timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("nothing came and nothing ended")
    }

    /// Takes the next `length` bytes.
    pub(super) async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert_ne!(self.more().await.unwrap(), 0, "ended after {:?}", self.read);
        }
        self.read.drain(..length).collect()
    }

    /// Takes a frame with a payload of less than 64 KiB: first byte and payload.
    pub(super) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.take(2).await;
        let length = if head[1] == 126 {
            let length = self.take(2).await;
            usize::from(u16::from_be_bytes([length[0], length[1]]))
        } else {
            usize::from(head[1])
        };
        (head[0], self.take(length).await)
    }

    /// Reads to the end: everything that came, and how it ended.
    pub(super) async fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        loop {
            match self.more().await {
                Ok(0) => return (std::mem::take(&mut self.read), Ok(())),
                Ok(_) => {}
                Err(error) => return (std::mem::take(&mut self.read), Err(error)),
            }
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.unwrap();
    }

    pub(super) async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends a short frame, masked.
    pub(super) async fn say(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        let mask = [9, 8, 7, 6];
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length @ ..126) => frame.push(0x80 | length),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        self.try_send(&frame).await
    }

    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}
