//! The webhook leg over real sockets of loopback: whatever a webhook does ends in a report with the right reason, nothing grows, and what it
//! says is dialled only where a provider could.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::dialect::{CallSettings, Dialect, Provider};
use crate::lag::LagMeter;
use crate::monitor::{Endpoint, Monitor, MonitorName, Target, Webhook, WebhookKind, WebhookUrl};
use crate::outcome::{Outcome, Phase, Reason};
use crate::probe::webhook::{Stage, missed_deadline};
use crate::probe::{Resources, probe};
use crate::report::Report;
use crate::verdict::{ConnectFault, WebhookFault};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on loopback that treats every connection in one way.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn open<F: Future<Output = ()> + Send + 'static>(treat: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (mut tasks, counter) = (JoinSet::new(), Arc::clone(&connections));
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                lines.spawn(treat(stream));
            }
        });
        Self { address, connections, _tasks: tasks }
    }

    /// Reads the request, writes this, ends the connection, and reads on, so that the end is no reset.
    async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::open(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
        })
        .await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Head and body of a request whose length is said.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return String::from_utf8_lossy(&request).into_owned(),
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn twiml(body: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: text/xml\r\n", body)
}

/// A monitor that begins at this webhook.
fn monitor(kind: WebhookKind, url: &str) -> Monitor {
    let mut webhook = Webhook::new(kind, WebhookUrl::parse(url).unwrap());
    webhook.timeout = Duration::from_secs(20);
    "/stream/url".clone_into(&mut webhook.pointer);
    let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("ws://unused.example.com/").unwrap());
    monitor.endpoint = Endpoint::Webhook(Box::new(webhook));
    monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(Provider::Twilio)));
    monitor.hold.target = Duration::from_millis(200);
    monitor
}

fn change(monitor: &mut Monitor, with: impl FnOnce(&mut Webhook)) {
    let Endpoint::Webhook(webhook) = &mut monitor.endpoint else { panic!("it begins at a webhook") };
    with(webhook);
}

async fn report(monitor: &Monitor) -> Report {
    let (resources, cancel) = (Resources::new(LagMeter::new()), CancellationToken::new());
    tokio::time::timeout(PATIENCE, probe(monitor, &resources, &cancel)).await.expect("it ends")
}

/// What comes of asking `server`.
async fn asked(server: &Server) -> Report {
    report(&monitor(WebhookKind::Twilio, &format!("http://{}/voice", server.address))).await
}

#[track_caller]
fn failed(report: &Report, reason: Reason) {
    let what = format!("{:?}: {}\n{:?}\n{:?}", report.reason, report.summary, report.webhook, report.timeline);
    assert_eq!((report.reason, report.phase), (Some(reason), Some(reason.phase())), "{what}");
    assert!(report.phases.webhook.is_some_and(|seconds| seconds >= 0.0) && report.phases.upgrade.is_none(), "{what}");
    assert!(report.webhook.is_some(), "{what}");
}

#[tokio::test]
async fn answers_that_are_none() {
    let rows: [(&[u8], Reason); 10] = [
        (b"", Reason::WebhookClosed),
        (b"HTTP/1.1 200 OK\r\nContent-Ty", Reason::WebhookClosed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Response>", Reason::WebhookClosed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<Resp", Reason::WebhookClosed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Reason::WebhookNotHttp),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Reason::WebhookNotHttp),
        (b"\x15\x03\x01\x00\x02\x02\x46", Reason::WebhookNotHttp),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", Reason::WebhookNotHttp),
        (b"HTTP/1.1 2000 OK\r\n\r\n", Reason::WebhookNotHttp),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Reason::WebhookNotHttp),
    ];
    for (bytes, reason) in rows {
        let server = Server::saying(bytes).await;
        failed(&asked(&server).await, reason);
        assert_eq!(server.connections(), 1, "{bytes:?}: nothing is asked twice");
    }
}

#[tokio::test]
async fn statuses_have_their_reasons() {
    let rows = [
        ("301 Moved", Reason::WebhookRedirected),
        ("302 Found", Reason::WebhookRedirected),
        ("308 Permanent Redirect", Reason::WebhookRedirected),
        ("401 Unauthorized", Reason::WebhookForbidden),
        ("403 Forbidden", Reason::WebhookForbidden),
        ("404 Not Found", Reason::WebhookNotFound),
        ("405 Method Not Allowed", Reason::WebhookMethodNotAllowed),
        ("410 Gone", Reason::WebhookNotFound),
        ("429 Too Many Requests", Reason::WebhookRejected),
        ("500 Internal Server Error", Reason::WebhookServerError),
        ("502 Bad Gateway", Reason::WebhookBadGateway),
        ("521 Web Server Is Down", Reason::WebhookBadGateway),
        ("200 OK", Reason::WebhookUnreadable),
    ];
    for (status, reason) in rows {
        let server = Server::saying(answer(status, "Location: https://voice.example.com/login?next=canary\r\n", "")).await;
        let report = asked(&server).await;
        failed(&report, reason);
        let webhook = report.webhook.as_ref().unwrap();
        assert_eq!(webhook.status.map(|status| status.to_string()).as_deref(), status.split(' ').next());
        assert_eq!((webhook.address, server.connections()), (Some(server.address), 1), "redirects are not followed");
        assert!(!serde_json::to_string(&report).unwrap().contains("canary"), "values of queries are left out");
        let redirected = reason == Reason::WebhookRedirected;
        assert_eq!(report.summary.contains("to https://voice.example.com/login"), redirected, "{}", report.summary);
    }
}

#[tokio::test]
async fn nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = report(&monitor(WebhookKind::Twilio, &format!("http://{address}/voice"))).await;
    failed(&report, Reason::WebhookRefused);
}

#[tokio::test]
async fn a_reset_before_the_answer() {
    let server = Server::open(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    })
    .await;
    failed(&asked(&server).await, Reason::WebhookClosed);
}

/// Writes `piece` again and again, until nobody reads any more.
async fn dripping(first: &'static [u8], piece: Vec<u8>, pause: Duration) -> Server {
    Server::open(move |mut stream| {
        let piece = piece.clone();
        async move {
            read_request(&mut stream).await;
            let mut written = stream.write_all(first).await;
            while written.is_ok() {
                tokio::time::sleep(pause).await;
                written = stream.write_all(&piece).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn answers_that_never_end() {
    const PAUSE: Duration = Duration::from_millis(20);
    let silent = Server::open(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    let servers = [
        silent.await,
        dripping(b"", b"H".to_vec(), Duration::from_secs(1)).await,
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n".to_vec(), PAUSE).await,
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"<".to_vec(), PAUSE).await,
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n<\r\n".to_vec(), PAUSE).await,
    ];
    for (n, server) in servers.iter().enumerate() {
        let mut monitor = monitor(WebhookKind::Twilio, &format!("http://{}/voice", server.address));
        change(&mut monitor, |webhook| webhook.timeout = Duration::from_millis(700));
        let began = Instant::now();
        let report = report(&monitor).await;
        assert!(matches!(report.reason, Some(Reason::WebhookTimeout | Reason::ProberOverloaded)), "{n}: {:?}", report.timeline);
        assert!(began.elapsed() < PATIENCE / 2, "{n}");
    }
}

#[tokio::test]
async fn answers_that_are_too_large() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    let endless = dripping(head, [&b"10000\r\n"[..], &[b'<'; 65_536], b"\r\n"].concat(), Duration::ZERO).await;
    let large = Server::saying(twiml(&"<".repeat(5 << 20))).await;
    for server in [endless, large] {
        let report = asked(&server).await;
        failed(&report, Reason::WebhookUnreadable);
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.len() < 64 << 10, "the report stays small: {}", json.len());
        assert!(report.webhook.unwrap().lint.iter().any(|lint| lint.lint == "answer_too_large"), "{json}");
    }
    let many: String = (0..2000).map(|n| format!("X-{n}: {}\r\n", "y".repeat(200))).collect();
    let server = Server::saying(answer("200 OK", &many, "<Response/>")).await;
    assert_eq!(asked(&server).await.phase, Some(Phase::Webhook), "a head that is too large");
}

#[tokio::test]
async fn what_is_said_is_harmless() {
    let body = "<html><script>alert(1)</script>\u{1b}[2J\u{7}\r\n\u{202e}\u{0}forged=1\n</html>";
    let server = Server::saying(answer("200 \u{1b}[31mOK", "X-Odd: \t\u{202e}x\r\nContent-Type: text/html\r\n", body)).await;
    let report = asked(&server).await;
    assert_eq!(report.phase, Some(Phase::Webhook));
    for text in [serde_json::to_string(&report).unwrap(), report.summary, format!("{:?}", report.timeline)] {
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text}");
    }
}

/// A document of Twilio's with control characters and foreign text in everything that the lint quotes.
#[tokio::test]
async fn what_the_lint_quotes_is_harmless() {
    let server = Server::saying(twiml(
        "<Response><Connect><Stream url=\"wss://voice.example.com/&#10;forged=1&#x202e;&lt;script&gt;\" track=\"&#9;\u{202e}\"/></Connect></Response>",
    ))
    .await;
    let report = asked(&server).await;
    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains(|c: char| c.is_control() || c == '\u{202e}') && !report.webhook.unwrap().lint.is_empty(), "{json}");
}

/// What a server with this certificate is trusted by.
struct Chain {
    acceptor: TlsAcceptor,
    root: Vec<u8>,
}

/// A certificate for 127.0.0.1, or what `change` makes of it, by an authority of its own.
fn chain(change: impl FnOnce(&mut CertificateParams)) -> Chain {
    chain_of(rustls::DEFAULT_VERSIONS, change)
}

/// The same for a server of these versions of TLS.
fn chain_of(versions: &[&'static rustls::SupportedProtocolVersion], change: impl FnOnce(&mut CertificateParams)) -> Chain {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    change(&mut leaf);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf.der().to_vec())], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    Chain { acceptor: TlsAcceptor::from(Arc::new(config)), root: root.der().to_vec() }
}

/// What comes of asking an HTTPS server with this chain, that is trusted or not.
async fn asked_over_tls(chain: Chain, trusted: bool) -> Report {
    let acceptor = chain.acceptor;
    let server = Server::open(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut session) = acceptor.accept(stream).await else { return };
            let mut head = [0; 4096];
            let _ = session.read(&mut head).await;
            let _ = session.write_all(&answer("403 Forbidden", "", "")).await;
            let _ = session.shutdown().await;
        }
    })
    .await;
    let mut monitor = monitor(WebhookKind::Twilio, &format!("https://{}/voice", server.address));
    if trusted {
        monitor.dial.tls.extra_roots = vec![chain.root];
    }
    report(&monitor).await
}

#[tokio::test]
async fn certificates_are_checked_as_the_provider_does() {
    let report = asked_over_tls(chain(|_| {}), true).await;
    failed(&report, Reason::WebhookForbidden);
    assert_eq!(report.webhook.unwrap().certificates.len(), 1);
    let expired = chain(|leaf| {
        (leaf.not_before, leaf.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1));
    });
    let other = CertificateParams::new(vec!["voice.example.com".to_owned()]).unwrap().subject_alt_names;
    let rows = [
        (chain(|_| {}), false, Reason::TlsUnknownIssuer),
        (expired, true, Reason::TlsCertExpired),
        (chain(|leaf| leaf.subject_alt_names = other), true, Reason::TlsHostnameMismatch),
    ];
    for (chain, trusted, detail) in rows {
        let report = asked_over_tls(chain, trusted).await;
        failed(&report, Reason::WebhookTlsFailed);
        let webhook = report.webhook.as_ref().unwrap();
        assert_eq!((webhook.tls_reason, webhook.certificates.len()), (Some(detail), 1), "{}", report.summary);
        assert!(report.summary.contains(detail.explains()), "{}", report.summary);
    }
}

#[tokio::test]
async fn servers_without_tls() {
    let plain = Server::open(|mut stream| async move {
        let mut first = [0; 1];
        let _ = stream.read(&mut first).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        let _ = stream.shutdown().await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    let gone = Server::open(|mut stream| async move {
        let mut first = [0; 1];
        let _ = stream.read(&mut first).await;
        let _ = stream.shutdown().await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    let reset = Server::open(|mut stream| async move {
        let mut first = [0; 1];
        let _ = stream.read(&mut first).await;
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    });
    let silent = Server::open(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    let rows = [
        (plain.await, None, Reason::WebhookNotHttp, None),
        (gone.await, None, Reason::WebhookTlsFailed, Some(Reason::TlsClosedInHandshake)),
        (reset.await, None, Reason::WebhookTlsFailed, Some(Reason::TlsResetInHandshake)),
        (silent.await, Some(Duration::from_millis(700)), Reason::WebhookTlsFailed, Some(Reason::TlsTimeout)),
    ];
    for (server, limit, reason, detail) in rows {
        let mut monitor = monitor(WebhookKind::Twilio, &format!("https://{}/voice", server.address));
        monitor.dial.timeouts.tls = limit.unwrap_or(monitor.dial.timeouts.tls);
        let report = report(&monitor).await;
        failed(&report, reason);
        assert_eq!(report.webhook.unwrap().tls_reason, detail, "{}", report.summary);
    }
}

/// A server that answers the ClientHello with its certificates, and nothing after it.
async fn hanging_after_its_certificates(chain: Chain) -> Server {
    let acceptor = chain.acceptor;
    Server::open(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let (mut from_client, mut to_client) = tokio::io::split(stream);
            let (mut from_server, mut to_server) = tokio::io::split(far);
            let hello = async {
                // A record's type, version and length (RFC 8446 section 5.1).
                let mut record = vec![0; 5];
                from_client.read_exact(&mut record).await?;
                record.resize(5 + usize::from(u16::from_be_bytes([record[3], record[4]])), 0);
                from_client.read_exact(&mut record[5..]).await?;
                to_server.write_all(&record).await?;
                tokio::io::copy(&mut from_client, &mut tokio::io::sink()).await
            };
            let answering = tokio::io::copy(&mut from_server, &mut to_client);
            let _ = tokio::join!(acceptor.accept(near), hello, answering);
        }
    })
    .await
}

#[tokio::test]
async fn a_handshake_that_hangs_after_the_certificates() {
    // In TLS 1.2 the server has the last word of the handshake.
    let chain = chain_of(&[&rustls::version::TLS12], |_| {});
    let root = chain.root.clone();
    let server = hanging_after_its_certificates(chain).await;
    for (whole, tls) in [(PATIENCE, Duration::from_millis(700)), (Duration::from_millis(700), PATIENCE)] {
        let mut monitor = monitor(WebhookKind::Twilio, &format!("https://{}/voice", server.address));
        monitor.dial.tls.extra_roots = vec![root.clone()];
        monitor.dial.timeouts.tls = tls;
        change(&mut monitor, |webhook| webhook.timeout = whole);
        let report = report(&monitor).await;
        failed(&report, Reason::WebhookTlsFailed);
        let webhook = report.webhook.unwrap();
        assert_eq!((webhook.tls_reason, webhook.certificates.len()), (Some(Reason::TlsTimeout), 1), "{}", report.summary);
    }
}

/// A port that takes no connection any more: its queue is full.
#[cfg(target_os = "linux")]
async fn deaf_port() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    (address, listener, waiting)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_connection_is_no_slow_answer() {
    let (address, _listener, _waiting) = deaf_port().await;
    for scheme in ["http", "https"] {
        for (whole, connect) in [(PATIENCE, Duration::from_millis(700)), (Duration::from_millis(700), PATIENCE)] {
            let mut monitor = monitor(WebhookKind::Twilio, &format!("{scheme}://{address}/voice"));
            monitor.dial.timeouts.connect = connect;
            change(&mut monitor, |webhook| webhook.timeout = whole);
            failed(&report(&monitor).await, Reason::WebhookUnreachable);
        }
    }
}

/// Whichever of two equal deadlines comes first, it passed in the lookup.
#[tokio::test]
async fn a_lookup_that_takes_all_the_time_is_a_lookup() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (whole, resolve) in [(500, 500), (300, 500), (500, 300)] {
        let mut monitor = monitor(WebhookKind::Twilio, "http://voice.example.com/voice");
        monitor.dial.resolver = crate::monitor::ResolverChoice::Servers(vec![silent.local_addr().unwrap()]);
        monitor.dial.timeouts.resolve = Duration::from_millis(resolve);
        change(&mut monitor, |webhook| webhook.timeout = Duration::from_millis(whole));
        failed(&report(&monitor).await, Reason::WebhookDnsFailed);
    }
}

#[test]
fn the_deadline_that_was_missed_is_the_shorter_one() {
    let monitor = monitor(WebhookKind::Vonage, "https://voice.example.com/voice");
    let Endpoint::Webhook(mut webhook) = monitor.endpoint else { panic!("it begins at a webhook") };
    let timeouts = &monitor.dial.timeouts;
    let shortest = Duration::from_millis(1);
    for (whole, of_phases) in
        [(PATIENCE, [timeouts.resolve, timeouts.connect, timeouts.tls, PATIENCE]), (shortest, [shortest; 4])]
    {
        webhook.timeout = whole;
        let faults = [Stage::Resolve, Stage::Connect, Stage::Tls, Stage::Exchange].map(Stage::late);
        assert_eq!(faults.map(|fault| missed_deadline(&fault, &webhook, timeouts)), of_phases.map(Some));
    }
    assert_eq!(missed_deadline(&WebhookFault::Connect(ConnectFault::Refused), &webhook, timeouts), None);
}

/// Nothing has been asked before the connection is up, so that the next address has its turn.
#[tokio::test]
async fn the_next_address_is_tried_where_one_takes_no_connection() {
    let (resolver, _task) = name_server().await;
    let server = Server::saying(answer("404 Not Found", "", "")).await;
    let url = format!("http://two.example.com:{}/voice", server.address.port());
    let mut monitor = monitor(WebhookKind::Twilio, &url);
    monitor.dial.resolver = crate::monitor::ResolverChoice::Servers(vec![resolver]);
    let report = report(&monitor).await;
    failed(&report, Reason::WebhookNotFound);
    assert_eq!((report.webhook.unwrap().address, server.connections()), (Some(server.address), 1));
}

/// A name server that knows three names: of `media.example.com` this machine's address, of `mixed.example.com` a public one as well, of
/// `two.example.com` two of this machine's.
async fn name_server() -> (SocketAddr, JoinSet<()>) {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut buffer = [0; 1024];
        while let Ok((length, caller)) = socket.recv_from(&mut buffer).await {
            let question = &buffer[12..length];
            // The name ends with an empty label; type and class follow (RFC 1035 section 4.1.2).
            let end = question.iter().position(|byte| *byte == 0).unwrap() + 5;
            let own: &[[u8; 4]] = match &question[1..4] {
                b"mix" => &[[203, 0, 113, 7], [127, 0, 0, 1]],
                b"two" => &[[127, 0, 0, 2], [127, 0, 0, 1]],
                _ => &[[127, 0, 0, 1]],
            };
            let answers = if question[end - 4..end] == [0, 1, 0, 1] { own } else { &[] };
            let count = u8::try_from(answers.len()).unwrap();
            let mut reply = [&buffer[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], &question[..end]].concat();
            for answer in answers {
                reply.extend([&[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4], &answer[..]].concat());
            }
            let _ = socket.send_to(&reply, caller).await;
        }
    });
    (address, task)
}

/// A stream that is held for as long as the caller likes.
async fn stream() -> Server {
    Server::open(|stream| async move {
        let Ok(mut line) = tokio_tungstenite::accept_async(stream).await else { return };
        while futures_util::StreamExt::next(&mut line).await.is_some_and(|message| message.is_ok()) {}
    })
    .await
}

#[tokio::test]
async fn what_a_webhook_says_is_not_dialled_into_our_own_network() {
    let (resolver, _task) = name_server().await;
    let line = stream().await;
    let port = line.address.port();
    let nothing: fn(&mut Monitor) = |_| {};
    let allow: fn(&mut Monitor) = |monitor| change(monitor, |webhook| webhook.allow_private = true);
    let expect: fn(&mut Monitor) =
        |monitor| change(monitor, |webhook| webhook.expect_host = Some("media.example.com".to_owned()));
    let elsewhere: fn(&mut Monitor) = |monitor| monitor.dial.connect_to = crate::monitor::HostPort::parse("localhost:9");
    let rows = [
        ("media.example.com", nothing, Some(Reason::DnsPrivateAddress)),
        ("mixed.example.com", nothing, Some(Reason::DnsPrivateAddress)),
        ("127.0.0.2", nothing, Some(Reason::WebhookUrlPrivate)),
        ("0x7f000002", nothing, Some(Reason::WebhookUrlPrivate)),
        ("[::1]", nothing, Some(Reason::WebhookUrlPrivate)),
        ("[::ffff:127.0.0.1]", nothing, Some(Reason::WebhookUrlPrivate)),
        ("169.254.169.254", nothing, Some(Reason::WebhookUrlPrivate)),
        ("localhost", nothing, Some(Reason::WebhookUrlPrivate)),
        ("intranet", nothing, Some(Reason::WebhookUrlPrivate)),
        ("media.example.com", allow, None),
        ("media.example.com", expect, None),
        // The webhook's own host.
        ("127.0.0.1", nothing, None),
        ("media.example.com", elsewhere, Some(Reason::TcpRefused)),
    ];
    for (host, set_up, reason) in rows {
        let json = format!("{{\"stream\": {{\"url\": \"ws://{host}:{port}/media\"}}}}");
        let server = Server::saying(answer("200 OK", "Content-Type: application/json\r\n", &json)).await;
        let mut monitor = monitor(WebhookKind::Json, &format!("http://{}/start", server.address));
        monitor.dialect = Dialect::Raw(crate::dialect::raw::RawSettings::default());
        monitor.dial.resolver = crate::monitor::ResolverChoice::Servers(vec![resolver]);
        set_up(&mut monitor);
        let before = line.connections();
        let report = report(&monitor).await;
        let what = format!("{host}: {:?} {}\n{:?}", report.webhook, report.summary, report.timeline);
        assert_eq!(report.reason, reason, "{what}");
        assert_eq!(line.connections() - before, usize::from(reason.is_none()), "{what}");
        assert_eq!(report.outcome == Outcome::Success, reason.is_none(), "{what}");
        assert_eq!(report.target.contains(":9/") || report.target.contains("/media"), report.phases.resolve.is_some(), "{what}");
    }
}

#[tokio::test]
async fn a_probe_that_is_called_off_leaves_the_webhook() {
    let silent = Server::open(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let monitor = monitor(WebhookKind::Twilio, &format!("http://{}/voice", silent.address));
    let (resources, cancel) = (Resources::new(LagMeter::new()), CancellationToken::new());
    let calling_off = async {
        while silent.connections() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let both = async { tokio::join!(probe(&monitor, &resources, &cancel), calling_off).0 };
    let report = tokio::time::timeout(Duration::from_secs(15), both).await.expect("it ends before the webhook's own limit");
    assert_eq!((report.outcome, report.reason), (Outcome::Inconclusive, Some(Reason::Cancelled)));
}
