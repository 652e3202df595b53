//! The whole process as an operator has it: what it serves, reloads, signals, systemd, shutdown.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use sidetone::metrics::FAMILIES;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{Attendant, Daemon, PATIENCE, QUICK, Range, Seen, monitor, until};

/// Families that have no series until what they count has happened.
const ONLY_AFTER: &[&str] = &[
    "sidetone_probe_inconclusive_reasons_total",
    "sidetone_probe_warning",
    "sidetone_finding",
    "sidetone_audio_bytes_per_second",
    "sidetone_discovery_last_refresh_successful",
    "sidetone_discovery_last_refresh_success_timestamp_seconds",
    "sidetone_discovery_targets",
    "sidetone_discovery_targets_skipped",
];

/// A good monitor over TLS, incident I1, and a path that does not exist.
fn fleet(range: &Range) -> String {
    let good = "ca_file = \"ca.pem\"\nping_interval = \"100ms\"\nlabels = { team = \"bookings\" }\nexpect = { echo = true }";
    [
        QUICK.to_owned(),
        monitor("good", &range.url("echo", true), good),
        monitor("dropping", &range.url("drop-at-once", false), ""),
        monitor("lost", &range.url("http-404", false), ""),
    ]
    .concat()
}

/// The families of a page of metrics with their kinds.
fn families(page: &str) -> BTreeMap<String, String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types.filter(|(name, _)| name.starts_with("sidetone_")).map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_what_it_finds() {
    let range = Range::open().await;
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &fleet(&range), &[]).await;
    let mut impolite = JoinSet::new();
    impolite.spawn(half_open(daemon.address()));

    let (status, good) = daemon.get("/probe?target=good").await;
    assert_eq!(status, 200, "{good}");
    for line in
        ["probe_success 1", "probe_websocket_status_code 101", "probe_websocket_connection_upgraded 1", "probe_ip_protocol 4"]
    {
        assert!(good.lines().any(|found| found == line), "{line}:\n{good}");
    }
    assert!(good.contains("probe_ssl_earliest_cert_expiry "), "{good}");
    for name in ["dropping", "lost"] {
        let (status, bad) = daemon.get(&format!("/probe?target={name}")).await;
        assert!(status == 200 && bad.lines().any(|line| line == "probe_success 0"), "{name}: {status} {bad}");
    }
    for query in ["target=nobody", "target=ws://127.0.0.1:9/", ""] {
        assert_eq!(daemon.get(&format!("/probe?{query}")).await.0, 400, "{query}");
    }
    let debug = daemon.get("/probe?target=lost&debug=true").await.1;
    assert!(debug.contains("404") && debug.contains("Timeline"), "{debug}");

    daemon.until_value("sidetone_control_line_up", 1.0).await;
    metrics_are_complete(&daemon).await;
    api_and_pages_agree(&daemon).await;
    impolite.join_all().await;
    assert_eq!(daemon.stop().await, Some(0));
}

async fn metrics_are_complete(daemon: &Daemon) {
    let response = crate::support::get(daemon.url("/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let page = response.text().await.unwrap();
    let found = families(&page);
    for family in FAMILIES.iter().filter(|family| !ONLY_AFTER.contains(&family.name)) {
        assert_eq!(found.get(family.name).map(String::as_str), Some(family.kind.label()), "{}", family.name);
    }
    for name in found.keys() {
        assert!(FAMILIES.iter().any(|family| family.name == name), "{name} is not in the table");
    }
    let has = |line: &str| assert!(page.lines().any(|found| found == line), "{line}:\n{page}");
    has("sidetone_monitor_up{monitor=\"good\"} 1");
    has("sidetone_monitor_up{monitor=\"dropping\"} 0");
    has("sidetone_close_code{monitor=\"dropping\"} 1006");
    has("sidetone_hold_target_seconds{monitor=\"good\"} 0.2");
    has("sidetone_dial_duration_seconds_count{monitor=\"lost\"} 0");
    has("sidetone_monitor_info{monitor=\"good\",dialect=\"raw\",host=\"127.0.0.1\",mode=\"streamed\",team=\"bookings\"} 1");
    has("sidetone_last_failure_info{monitor=\"lost\",phase=\"upgrade\",reason=\"http_404\",owner=\"configuration\"} 1");
    assert!(!page.contains("ws://") && !page.contains("/echo"), "no URL is a label");
}

async fn api_and_pages_agree(daemon: &Daemon) {
    let overview = daemon.json("/api/v1/monitors").await;
    let names: Vec<_> =
        overview["monitors"].as_array().unwrap().iter().map(|monitor| monitor["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dropping", "good", "lost"]);
    let good = daemon.json("/api/v1/monitors/good").await;
    assert_eq!(
        (&good["state"], &good["labels"], &good["latest"]["schema"]),
        (&json!("ok"), &json!({"team": "bookings"}), &json!(1))
    );
    let dropping = daemon.json("/api/v1/monitors/dropping").await;
    assert_eq!((&dropping["latest_failure"]["reason"], &dropping["last_failure"]["owner"]), (&json!("ws_eof"), &json!("server")));
    let reports = daemon.json("/api/v1/monitors/lost/reports?outcome=failure").await;
    assert_eq!((&reports["monitor"], &reports["reports"][0]["reason"]), (&json!("lost"), &json!("http_404")));
    assert_eq!(daemon.json("/api/v1/monitors/good/reports?outcome=failure").await["reports"], json!([]));
    let home = daemon.get("/").await;
    assert!(home.0 == 200 && names.iter().all(|name| home.1.contains(name)), "{home:?}");
    let page = daemon.get("/monitors/dropping").await;
    assert!(page.0 == 200 && page.1.contains("ws_eof") && page.1.contains("Timeline"), "{page:?}");
    for (path, status) in
        [("/-/healthy", 200), ("/-/ready", 200), ("/monitors/nobody", 404), ("/api/v1/monitors/nobody", 404), ("/nothing", 404)]
    {
        assert_eq!(daemon.get(path).await.0, status, "{path}");
    }
}

/// A client that never completes its request is cut off.
async fn half_open(address: std::net::SocketAddr) {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: ").await.unwrap();
    let mut answer = Vec::new();
    // Cut off by FIN or reset, with or without a 408.
    let _ = tokio::time::timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("it is cut off");
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_leaves_alone_what_did_not_change() {
    let range = Range::open().await;
    let stays = monitor("stays", &range.url("drop-at-once", false), "");
    let goes = monitor("goes", &range.url("echo", false), "");
    let comes = monitor("comes", &range.url("echo", false), "");
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &[QUICK, &stays, &goes].concat(), &[]).await;
    for name in ["stays", "stays", "goes"] {
        daemon.get(&format!("/probe?target={name}")).await;
    }
    const PROBES: &str = "sidetone_probes_total{monitor=\"stays\"}";
    let before = daemon.value(PROBES).await.unwrap();
    assert!(before >= 2.0 && daemon.value("sidetone_probes_total{monitor=\"goes\"}").await >= Some(1.0));

    daemon.rewrite(&[QUICK, &stays, &comes].concat());
    daemon.process.signal(Signal::HUP);
    daemon.until_value("sidetone_monitor_up{monitor=\"comes\"}", 1.0).await;
    assert!(daemon.value(PROBES).await.unwrap() >= before, "counters go on");
    assert_eq!(
        daemon.value("sidetone_monitor_state{monitor=\"stays\",state=\"down\"}").await,
        Some(1.0),
        "and so does the state"
    );
    let history = daemon.json("/api/v1/monitors/stays/reports").await;
    assert!(history["reports"].as_array().unwrap().len() >= 2, "and the history");
    assert!(!daemon.get("/metrics").await.1.contains("goes"), "nothing is left of what has gone");
    assert_eq!(daemon.get("/api/v1/monitors/goes").await.0, 404);

    let loaded = daemon.value("sidetone_config_last_reload_success_timestamp_seconds").await;
    daemon.rewrite(&[QUICK, &stays, &comes, "[[monitor]]\nname = \"new\"\nurll = \"ws://127.0.0.1:9/\"\n"].concat());
    daemon.process.signal(Signal::HUP);
    daemon.until_value("sidetone_config_last_reload_successful", 0.0).await;
    assert_eq!(daemon.value("sidetone_config_last_reload_success_timestamp_seconds").await, loaded);
    let log = daemon.process.line_with("not loaded").await;
    let event: Value = serde_json::from_str(&log).unwrap();
    let message = event["message"].as_str().unwrap();
    assert!(event["level"] == "ERROR" && message.contains("urll") && message.contains("monitors.toml:18:1"), "{message}");
    let now = daemon.value(PROBES).await.unwrap();
    until("the old configuration goes on", async || (daemon.value(PROBES).await? > now).then_some(())).await;
    assert_eq!(daemon.get("/-/ready").await.0, 200);

    daemon.rewrite(&[QUICK, &stays, &comes].concat());
    daemon.process.signal(Signal::HUP);
    daemon.until_value("sidetone_config_last_reload_successful", 1.0).await;
    assert_eq!(daemon.stop().await, Some(0));
}

async fn reload(daemon: &Daemon) -> (u16, String) {
    let response = crate::support::client().post(daemon.url("/-/reload")).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_over_http_has_to_be_allowed() {
    let range = Range::open().await;
    let text = [QUICK, &monitor("good", &range.url("echo", false), "")].concat();
    let shut = Daemon::start(&range.file("shut.toml"), &text, &[]).await;
    let (status, says) = reload(&shut).await;
    assert!(status == 403 && says.contains("--enable-lifecycle"), "{status} {says}");
    let open = Daemon::start(&range.file("open.toml"), &text, &["--enable-lifecycle"]).await;
    assert_eq!(reload(&open).await, (200, "configuration loaded: 0 added, 0 changed, 0 removed, 1 unchanged\n".to_owned()));
    open.rewrite("[[monitor]]\nname = \"good\"\n");
    let (status, says) = reload(&open).await;
    assert!(status == 422 && says.contains("open.toml:1:1") && says.contains("url"), "{status} {says}");
    assert_eq!(open.value("sidetone_config_last_reload_successful").await, Some(0.0));
    assert_eq!(open.get("/-/reload").await.0, 405, "GET changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_says_goodbye_on_open_lines() {
    let mut server = Attendant::open().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("ws://{}/", server.address);
    let text =
        format!("[daemon]\ngrace = \"20s\"\n[defaults]\ninterval = \"11m\"\nhold = \"10m\"\n{}", monitor("long", &url, ""));
    let mut daemon = Daemon::start(&folder.path().join("monitors.toml"), &text, &[]).await;
    let mut asked = JoinSet::new();
    asked.spawn(crate::support::get(daemon.url("/probe?target=long")));
    assert_eq!(server.next().await, Seen::Opened);
    daemon.until_value("sidetone_probes_in_flight", 1.0).await;
    let told = Instant::now();
    daemon.process.signal(Signal::TERM);
    assert_eq!(server.next().await, Seen::Closed(Some(1000)));
    assert_eq!(daemon.process.ended().await.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(20), "within the grace time: {:?}", told.elapsed());
    let answer = asked.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status().as_u16(), 503, "whoever asked for the probe is told");
    let log = daemon.process.log.join("\n");
    assert!(log.contains("shutting down") && log.contains("\"finished\":1") && log.contains("\"aborted\":0"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_monitor_says_goodbye_on_its_open_line() {
    let mut server = Attendant::open().await;
    let folder = tempfile::tempdir().unwrap();
    let text = |hold: &str| {
        let url = format!("ws://{}/", server.address);
        format!("[defaults]\ninterval = \"11m\"\nhold = \"{hold}\"\n{}", monitor("long", &url, ""))
    };
    let (long, short) = (text("10m"), text("100ms"));
    let mut daemon = Daemon::start(&folder.path().join("monitors.toml"), &long, &[]).await;
    let mut asked = JoinSet::new();
    asked.spawn(crate::support::get(daemon.url("/probe?target=long")));
    assert_eq!(server.next().await, Seen::Opened);
    daemon.rewrite(&short);
    daemon.process.signal(Signal::HUP);
    assert_eq!(server.next().await, Seen::Closed(Some(1000)));
    daemon.until_value("sidetone_probes_cancelled_total", 1.0).await;
    assert!(daemon.get("/probe?target=long").await.1.contains("probe_success 1"));
    assert_eq!(daemon.stop().await, Some(0));
}

/// What systemd hears on its socket.
struct Systemd {
    socket: UnixDatagram,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Systemd {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, path, _folder: folder }
    }

    /// The next message that says more than that the daemon is alive.
    fn next(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }

    fn any(&self) -> String {
        let mut buffer = [0; 1024];
        let length = self.socket.recv(&mut buffer).expect("systemd hears of it");
        String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told() {
    let systemd = Systemd::open();
    let range = Range::open().await;
    let text = [QUICK, &monitor("good", &range.url("echo", false), "")].concat();
    let set_up = |command: &mut tokio::process::Command| {
        command.env("NOTIFY_SOCKET", &systemd.path).env("WATCHDOG_USEC", "400000");
    };
    let mut daemon = Daemon::start_with(&range.file("monitors.toml"), &text, &[], set_up).await;
    assert_eq!(systemd.next(), "READY=1");
    for _ in 0..3 {
        assert_eq!(systemd.any(), "WATCHDOG=1");
    }
    // The bad file as well: whoever waits for the end of the reload must not wait for ever.
    for content in [text.as_str(), "nonsense"] {
        daemon.rewrite(content);
        daemon.process.signal(Signal::HUP);
        let reloading = systemd.next();
        assert!(reloading.starts_with("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
        assert_eq!(systemd.next(), "READY=1");
    }
    daemon.process.signal(Signal::TERM);
    assert_eq!(systemd.next(), "STOPPING=1");
    assert_eq!(daemon.process.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_a_line_for_each_change_of_state() {
    let range = Range::open().await;
    // Long intervals, so that all probes but the opening ones are asked for.
    let quiet =
        QUICK.replace("interval = \"1s\"", "interval = \"10m\"").replace("confirm_after = \"100ms\"", "confirm_after = \"9m\"");
    let text = [
        quiet.as_str(),
        &monitor("good", &range.url("echo", false), ""),
        &monitor("dropping", &range.url("drop-at-once", false), "fail_after = 2"),
    ];
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &text.concat(), &[]).await;
    for _ in 0..4 {
        for name in ["good", "dropping"] {
            assert_eq!(daemon.get(&format!("/probe?target={name}")).await.0, 200);
        }
    }
    assert_eq!(daemon.stop().await, Some(0));
    let events: Vec<Value> = daemon.process.log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let changes: Vec<_> = events.iter().filter(|event| event.get("to").is_some()).collect();
    let said = |event: &&Value| ["level", "monitor", "from", "to"].map(|key| event[key].as_str().unwrap().to_owned());
    let mut said: Vec<_> = changes.iter().map(said).collect();
    said.sort();
    let row = |row: [&str; 4]| row.map(str::to_owned);
    let expected = [
        row(["INFO", "good", "unknown", "ok"]),
        row(["WARN", "dropping", "suspect", "down"]),
        row(["WARN", "dropping", "unknown", "suspect"]),
    ];
    assert_eq!(said, expected, "{:#?}", daemon.process.log);
    for event in changes.iter().filter(|event| event["monitor"] == "dropping") {
        assert_eq!(
            (&event["reason"], &event["phase"], &event["owner"]),
            (&json!("ws_eof"), &json!("hold"), &json!("server")),
            "{event}"
        );
        assert!(event["summary"].as_str().unwrap().contains("1006"), "{event}");
    }
    let listening = events.iter().filter(|event| event["message"] == "listening").count();
    assert_eq!(listening, 1, "it says once where it listens: {:#?}", daemon.process.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_of_the_log_is_the_flag_or_the_variable() {
    let range = Range::open().await;
    let text = [QUICK, &monitor("good", &range.url("echo", false), "")].concat();
    let rows: [(&[&str], Option<&str>, bool); 4] = [
        (&[], None, false),
        (&[], Some("sidetone=debug"), true),
        (&["--log-level", "sidetone=debug"], None, true),
        (&["--log-level", "info"], Some("sidetone=debug"), false),
    ];
    for (arguments, variable, debug) in rows {
        let set_up = |command: &mut tokio::process::Command| {
            command.envs(variable.map(|filter| ("RUST_LOG", filter)));
        };
        let mut daemon = Daemon::start_with(&range.file("monitors.toml"), &text, arguments, set_up).await;
        daemon.get("/probe?target=good").await;
        assert_eq!(daemon.stop().await, Some(0));
        let found = daemon.process.log.iter().any(|line| line.contains("probe finished"));
        assert_eq!(found, debug, "{arguments:?} {variable:?}: {:#?}", daemon.process.log);
    }
}
