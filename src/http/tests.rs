//! Every route over a real socket on loopback, and the limits against clients that are slow or many.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::lag::LagMeter;
use crate::metrics::Metrics;
use crate::outcome::Reason;
use crate::supervisor::Supervisor;
use crate::supervisor::fixture::{Act, Scripted, fleet, monitor};

const GOOD: Act = Act::Succeed(Duration::ZERO);
const BAD: Act = Act::Fail(Duration::ZERO, Reason::TlsMissingIntermediate);

/// A client, for which a cryptographic library has to be chosen, although no test of these pages uses TLS.
pub(crate) fn client() -> Client {
    // An error says that one has been chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// A server with the monitors `a` and `b`, neither of which has been probed.
struct Site {
    address: SocketAddr,
    readiness: Readiness,
    stop: CancellationToken,
    server: JoinSet<()>,
    _supervisor: Supervisor<Scripted>,
    client: Client,
}

impl Site {
    async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::with(acts, Limits::default(), None).await
    }

    async fn with(acts: impl IntoIterator<Item = Act>, limits: Limits, reload: Option<mpsc::Sender<ReloadRequest>>) -> Self {
        let mut supervisor = Supervisor::new(Scripted::new(acts), Metrics::new(LagMeter::new()), Duration::ZERO);
        let mut a = monitor("a");
        a.rhythm.interval = Duration::from_secs(3600);
        a.labels.insert("team".into(), "<script>alert('x')</script>".into());
        let mut b = a.clone();
        b.name = crate::monitor::MonitorName::new("b").unwrap();
        supervisor.apply(&fleet([a, b]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (readiness, stop) = (Readiness::default(), CancellationToken::new());
        let surface = Surface { board: supervisor.board().clone(), readiness: readiness.clone(), reload };
        let mut server = JoinSet::new();
        server.spawn(serve(listener, router(surface, &limits), limits, stop.clone()));
        Self { address, readiness, stop, server, _supervisor: supervisor, client: client() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn text(&self, path: &str) -> (StatusCode, String) {
        let response = self.get(path).await;
        (response.status(), response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    /// Probes `a` so many times.
    async fn probe_a(&self, times: usize) {
        for _ in 0..times {
            self.get("/probe?target=a").await;
        }
    }
}

#[tokio::test]
async fn metrics_come_in_the_format_that_prometheus_wants() {
    let site = Site::start([GOOD]).await;
    site.probe_a(1).await;
    let response = site.get("/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(response.text().await.unwrap().contains("sidetone_probes_total{monitor=\"a\"} 1\n"));
    let zipped = site.client.get(site.url("/metrics")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    assert_eq!(zipped.bytes().await.unwrap()[..2], [0x1f, 0x8b], "the magic of RFC 1952");
}

#[tokio::test]
async fn health_and_readiness() {
    let site = Site::start([GOOD]).await;
    assert_eq!(site.text("/-/healthy").await.0, 200);
    assert_eq!(site.text("/-/ready").await.0, 503);
    site.readiness.set(true);
    assert_eq!(site.text("/-/ready").await, (StatusCode::OK, "sidetone is ready\n".to_owned()));
    site.readiness.set(false);
    assert_eq!(site.text("/-/ready").await.0, 503);
}

#[tokio::test]
async fn a_probe_on_demand_speaks_blackbox() {
    let site = Site::start([GOOD, BAD]).await;
    let (status, page) = site.text("/probe?target=a").await;
    assert_eq!(status, 200);
    for line in [
        "probe_success 1",
        "probe_duration_seconds 10.047",
        "probe_dns_lookup_time_seconds 0.001",
        "probe_ip_protocol 4",
        "probe_websocket_status_code 101",
        "probe_websocket_connection_upgraded 1",
        "probe_websocket_failed_due_to_regex 0",
        "probe_ssl_earliest_cert_expiry 1799000000",
        "probe_websocket_duration_seconds{phase=\"connect\"} 0.011",
        "probe_websocket_duration_seconds{phase=\"transfer\"} 10.002",
    ] {
        assert!(page.lines().any(|l| l == line), "no `{line}` in\n{page}");
    }
    assert!(page.contains("# HELP probe_success Displays whether or not the probe was a success\n# TYPE probe_success gauge"));
    let (status, page) = site.text("/probe?target=a&debug=true").await;
    assert_eq!(status, 200);
    assert!(page.contains("probe_success 0") && page.contains("probe_websocket_connection_upgraded 0"), "{page}");
    assert!(page.starts_with("failure: ") && page.contains("    0.000 s  looking up voice.example.com"), "{page}");
}

#[tokio::test]
async fn only_configured_names_can_be_probed() {
    let site = Site::start([GOOD]).await;
    for path in [
        "/probe?target=c",
        "/probe?target=wss://voice.example.com/media-stream",
        "/probe?target=169.254.169.254",
        "/probe?target=",
    ] {
        let (status, says) = site.text(path).await;
        assert_eq!(status, 400, "{path}");
        assert!(says.contains("`target` is the name of a configured monitor and never a URL"), "{says}");
    }
    assert_eq!(site.text("/probe").await.0, 400);
}

#[tokio::test]
async fn what_says_nothing_about_the_endpoint_is_no_probe_success() {
    let site = Site::start([Act::Panic, GOOD]).await;
    let (status, says) = site.text("/probe?target=a").await;
    assert_eq!(status, 503);
    assert!(says.starts_with("inconclusive: the probe hit a bug of sidetone"), "{says}");
    assert!(!says.contains("probe_success") && !says.contains('\u{1b}'));
}

#[tokio::test]
async fn prometheus_hears_before_its_own_timeout() {
    let site = Site::start([Act::Succeed(Duration::from_secs(60))]).await;
    let scrape = site.client.get(site.url("/probe?target=a")).header("x-prometheus-scrape-timeout-seconds", "0.7");
    let asked = tokio::time::Instant::now();
    let response = scrape.send().await.unwrap();
    assert_eq!(response.status(), 504);
    assert!(asked.elapsed() >= Duration::from_millis(200) && asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let says = response.text().await.unwrap();
    assert!(says.contains("needs a scrape_timeout that is longer"), "{says}");
    // From here nobody can tell whether it waits for its turn still, and the next one would skip a request that was given up.
    assert!(says.contains("one that has begun goes on and will be counted, and one that has not may not take place"), "{says}");
}

#[tokio::test]
async fn the_api_tells_what_the_page_tells() {
    let site = Site::start([GOOD, BAD]).await;
    let fresh = site.json("/api/v1/monitors").await;
    assert_eq!(fresh["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(fresh["monitors"][1]["name"], "b");
    assert_eq!(fresh["monitors"][0]["state"], "unknown");
    assert_eq!(fresh["monitors"][0]["last_probe"], Value::Null);

    site.probe_a(3).await;
    let a = site.json("/api/v1/monitors/a").await;
    assert_eq!(a["state"], "down");
    assert_eq!(a["target"], "wss://voice.example.com/media-stream?token=***");
    assert_eq!(a["last_failure"]["reason"], "tls_missing_intermediate");
    assert_eq!(a["latest_failure"]["schema"], 1, "the whole report");
    assert_eq!(a["latest"]["started_at"], a["last_probe"]["started_at"]);

    let reports = site.json("/api/v1/monitors/a/reports").await;
    let outcomes: Vec<_> = reports["reports"].as_array().unwrap().iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failure", "failure", "success"], "the newest first");
    let successes = site.json("/api/v1/monitors/a/reports?outcome=success").await;
    assert_eq!(successes["reports"].as_array().unwrap().len(), 1);

    let (_, page) = site.text("/").await;
    assert!(page.contains("<span class=\"state down\">down</span>") && page.contains("tls_missing_intermediate"), "{page}");
    let (_, page) = site.text("/monitors/a").await;
    assert!(page.contains("<h2>Last failure</h2>") && page.contains("<th>who must act<td>edge"), "{page}");
    assert!(page.contains("looking up voice.example.com"), "the timeline");
}

#[tokio::test]
async fn errors_of_the_api_are_json() {
    let site = Site::start([GOOD]).await;
    for (path, status) in [
        ("/api/v1/monitors/c", 404),
        ("/api/v1/monitors/c/reports", 404),
        ("/api/v1/monitors/a/reports?outcome=x", 400),
        ("/api/v1/monitors/a/reports?outcome=success&outcome=failure", 400),
        ("/api/v1/monitors/%ff", 400),
        ("/api/v1/monitors/%ff/reports", 400),
        ("/api/v2", 404),
    ] {
        let response = site.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(response.json::<Value>().await.unwrap()["error"].is_string(), "{path}");
    }
    let (status, says) = site.text("/nowhere").await;
    assert_eq!((status.as_u16(), says.starts_with("no such page")), (404, true));
    assert_eq!(site.text("/monitors/c").await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_our_words() {
    let site = Site::start([GOOD]).await;
    for (path, words) in [
        ("/monitors/%ff", "the name in the path is not valid UTF-8\n"),
        ("/probe?target=a&debug=1", "`debug` (true or false)"),
        ("/probe?target=a&target=b", "`target` (the name of a configured monitor) once"),
        ("/api/v1/monitors/a/reports?outcome=success&outcome=failure", "`outcome` (success, failure or inconclusive)"),
    ] {
        let (status, says) = site.text(path).await;
        assert_eq!(status, 400, "{path}");
        assert!(says.contains(words) && !says.contains("deserialize"), "{path}: {says}");
    }
    assert_eq!(site.text("/probe?target=a&module=websocket").await.0, 200, "what blackbox_exporter needs besides is ignored");
    assert_eq!(site.text("/api/v1/monitors/a/reports?page=2").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_a_503_that_says_so() {
    let limit = Duration::from_secs(30);
    let never = || get(std::future::pending::<()>);
    let routes = Router::new().route("/slow", never()).route("/api/v1/slow", never());
    let router = routes.layer(middleware::from_fn_with_state(limit, in_time));
    for (path, body) in
        [("/slow", "sidetone had no answer within 30s\n"), ("/api/v1/slow", r#"{"error":"sidetone had no answer within 30s"}"#)]
    {
        let asked = tokio::time::Instant::now();
        let request = Request::builder().uri(path).body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        assert_eq!((response.status().as_u16(), asked.elapsed()), (503, limit), "{path}");
        assert_eq!(axum::body::to_bytes(response.into_body(), 1000).await.unwrap(), body);
    }
}

#[tokio::test]
async fn no_route_but_probe_takes_longer_than_its_limit() {
    // Nobody takes the request for a reload out of the channel.
    let (sender, _requests) = mpsc::channel::<ReloadRequest>(1);
    let limits = Limits { request_timeout: Duration::from_millis(50), ..Limits::default() };
    let site = Site::with([GOOD], limits, Some(sender)).await;
    let response = site.client.post(site.url("/-/reload")).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.text().await.unwrap(), "sidetone had no answer within 50ms\n");
}

#[tokio::test]
async fn nothing_but_get_works() {
    let site = Site::start([GOOD]).await;
    for path in ["/", "/metrics", "/probe?target=a", "/api/v1/monitors", "/monitors/a", "/-/healthy"] {
        for method in [reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::PUT] {
            let response = site.client.request(method.clone(), site.url(path)).send().await.unwrap();
            assert_eq!(response.status(), 405, "{method} {path}");
            assert!(response.text().await.unwrap().contains("use GET"), "{method} {path}");
        }
    }
    let reload = site.get("/-/reload").await;
    assert_eq!((reload.status().as_u16(), reload.text().await.unwrap().as_str()), (405, "use POST or PUT\n"));
}

#[tokio::test]
async fn reload_works_only_with_its_flag() {
    let site = Site::start([GOOD]).await;
    let refused = site.client.post(site.url("/-/reload")).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("--enable-lifecycle"));

    let (sender, mut requests) = mpsc::channel::<ReloadRequest>(1);
    let site = Site::with([GOOD], Limits::default(), Some(sender)).await;
    let mut answers = JoinSet::new();
    answers.spawn(async move {
        requests.recv().await.unwrap().send(Ok("configuration loaded".into())).unwrap();
        requests.recv().await.unwrap().send(Err("error: unknown key `urll`\n --> monitors.toml:3".into())).unwrap();
    });
    let post = |method| site.client.request(method, site.url("/-/reload")).send();
    let good = post(reqwest::Method::POST).await.unwrap();
    assert_eq!((good.status().as_u16(), good.text().await.unwrap().as_str()), (200, "configuration loaded\n"));
    let bad = post(reqwest::Method::PUT).await.unwrap();
    assert_eq!(bad.status(), 422);
    assert!(bad.text().await.unwrap().contains("monitors.toml:3"), "the page of problems");
    assert_eq!(post(reqwest::Method::POST).await.unwrap().status(), 503, "nobody is there any more");
}

#[tokio::test]
async fn pages_are_safe_to_look_at() {
    let site = Site::start([GOOD]).await;
    for path in ["/", "/monitors/a", "/metrics", "/nowhere", "/api/v1/monitors"] {
        let response = site.get(path).await;
        let headers = response.headers();
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let (_, page) = site.text("/monitors/a").await;
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && !page.contains("<script"), "{page}");
    assert!(!page.contains("canary"), "query values are redacted");
    assert_eq!(site.get("/style.css").await.headers()["content-type"], "text/css; charset=utf-8");
}

/// Everything that comes until the server closes.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn short() -> Limits {
    Limits { header_timeout: Duration::from_millis(150), ..Limits::default() }
}

#[tokio::test]
async fn a_half_sent_request_is_cut() {
    let site = Site::with([GOOD], short(), None).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    assert!(!read_to_end(stream).await.contains("200 OK"));
}

#[tokio::test]
async fn an_idle_connection_is_cut() {
    let site = Site::with([GOOD], short(), None).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let answer = read_to_end(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("sidetone is healthy\n"), "{answer}");
}

#[tokio::test]
async fn a_head_of_any_size_is_not_kept() {
    let site = Site::start([GOOD]).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(64 * 1024));
    // The server may close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = read_to_end(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = Limits { connections: 1, header_timeout: Duration::from_millis(400), ..Limits::default() };
    let site = Site::with([GOOD], limits, None).await;
    let mut first = TcpStream::connect(site.address).await.unwrap();
    first.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    // The first one holds the only place until it has idled for too long; then comes the second one's turn.
    let asked = tokio::time::Instant::now();
    let mut second = TcpStream::connect(site.address).await.unwrap();
    second.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read_to_end(second).await.starts_with("HTTP/1.1 200 OK"));
    assert!(asked.elapsed() >= Duration::from_millis(200), "it had to wait: {:?}", asked.elapsed());
}

#[tokio::test]
async fn probes_leave_places_for_other_routes() {
    let limits = Limits { connections: 3, probes: 1, ..Limits::default() };
    let site = Site::with([Act::Succeed(Duration::from_secs(60))], limits, None).await;
    let mut waiting = TcpStream::connect(site.address).await.unwrap();
    waiting.write_all(b"GET /probe?target=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    while !site.text("/metrics").await.1.contains("sidetone_probes_in_flight 1") {
        tokio::task::yield_now().await;
    }
    for _ in 0..5 {
        let refused = site.get("/probe?target=b").await;
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["connection"], "close", "a refused one does not keep a place by idling");
        assert!(refused.text().await.unwrap().starts_with("too many requests for /probe are waiting"));
    }
    assert_eq!(site.text("/-/healthy").await.0, 200);
    // Whoever hangs up gives the place back, although the probe goes on.
    drop(waiting);
    let again = async {
        loop {
            let scrape = site.client.get(site.url("/probe?target=a")).header("x-prometheus-scrape-timeout-seconds", "0.6");
            if scrape.send().await.unwrap().status() == 504 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("the place is free again");
}

#[tokio::test]
async fn whoever_asks_and_never_reads_loses_the_place() {
    let life = Duration::from_secs(600);
    let patience = Duration::from_millis(200);
    let limits =
        Limits { connections: 1, write_timeout: patience, header_timeout: life, connection_life: life, ..Limits::default() };
    let site = Site::with([GOOD], limits, None).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let mut greedy = socket.connect(site.address).await.unwrap();
    // The server closes before it has read all of this: the answers are far more than the kernel holds.
    let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20_000);
    let mut asking = JoinSet::new();
    asking.spawn(async move {
        let _ = greedy.write_all(requests.as_bytes()).await;
        std::future::pending::<()>().await;
        drop(greedy);
    });
    // It connected later, so that the only place goes to the greedy one.
    let mut patient = TcpStream::connect(site.address).await.unwrap();
    patient.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read_to_end(patient).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_connection_does_not_live_for_ever() {
    let limits = Limits { connection_life: Duration::from_millis(200), ..Limits::default() };
    let site = Site::with([GOOD], limits, None).await;
    let stream = TcpStream::connect(site.address).await.unwrap();
    assert_eq!(read_to_end(stream).await, "");
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_under_way_and_leaves_no_connection() {
    let mut site = Site::start([Act::Succeed(Duration::from_millis(300))]).await;
    let idle = TcpStream::connect(site.address).await.unwrap();
    let mut busy = TcpStream::connect(site.address).await.unwrap();
    busy.write_all(b"GET /probe?target=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    while !site.text("/metrics").await.1.contains("sidetone_probes_in_flight 1") {
        tokio::task::yield_now().await;
    }
    site.stop.cancel();
    assert!(read_to_end(busy).await.contains("probe_success 1"));
    assert_eq!(read_to_end(idle).await, "");
    site.server.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(site.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn monitors_are_targets_for_prometheus() {
    let site = Site::start([GOOD]).await;
    let response = site.get("/sd/targets").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let list: Value = response.json().await.unwrap();
    let host = site.address.to_string();
    let expected = |name: &str| {
        // The longest probe of the fixture, and what `/probe` keeps for itself: far more than Prometheus' default of 10 s.
        serde_json::json!({"targets": [host], "labels": {
            "__metrics_path__": "/probe", "__param_target": name, "__scrape_interval__": "3600s",
            "__scrape_timeout__": "36750ms", "instance": name, "monitor": name, "team": "<script>alert('x')</script>",
        }})
    };
    assert_eq!(list, serde_json::json!([expected("a"), expected("b")]));
    let named = site.client.get(site.url("/sd/targets")).header("host", "prober.example.com:10065").send().await.unwrap();
    assert_eq!(named.json::<Value>().await.unwrap()[0]["targets"][0], "prober.example.com:10065");
    let bad = site.client.get(site.url("/sd/targets")).header("host", "user@evil.example.com").send().await.unwrap();
    assert_eq!(bad.status(), 400);
}
