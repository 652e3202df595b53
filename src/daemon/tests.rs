//! The whole daemon over a real listener, with a scripted prober and a loader that a test can change.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::unfold;
use tokio::time::Instant;

use super::*;
use crate::http::tests::client;
use crate::supervisor::fixture::{Act, Scripted, fleet, monitor};

/// A daemon that is running, and what a test holds of it.
struct Running {
    address: SocketAddr,
    signals: mpsc::UnboundedSender<Signal>,
    configuration: Arc<Mutex<Result<Fleet, LoadError>>>,
    loads: Arc<AtomicUsize>,
    task: JoinSet<Result<Drained, DaemonError>>,
}

fn fleet_of(names: &[&str]) -> Fleet {
    let monitors = names.iter().map(|name| {
        let mut monitor = monitor(name);
        monitor.rhythm.interval = Duration::from_millis(50);
        monitor
    });
    fleet(monitors)
}

async fn start(acts: impl IntoIterator<Item = Act>, first: Result<Fleet, LoadError>) -> Running {
    start_with(acts, first, Options::default()).await
}

async fn start_with(acts: impl IntoIterator<Item = Act>, first: Result<Fleet, LoadError>, options: Options) -> Running {
    let configuration = Arc::new(Mutex::new(first));
    let loaded = Arc::clone(&configuration);
    let loads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&loads);
    // Whoever holds the lock is a file system that hangs.
    let loader = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        loaded.lock().unwrap().clone()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (signals, received) = mpsc::unbounded_channel();
    let stream = Box::pin(unfold(received, async |mut received| Some((received.recv().await?, received))));
    let options = Options { enable_lifecycle: true, ..options };
    let mut task = JoinSet::new();
    task.spawn(run(listener, loader, Scripted::new(acts), stream, options));
    Running { address, signals, configuration, loads, task }
}

impl Running {
    async fn get(&self, path: &str) -> (u16, String) {
        let response = client().get(format!("http://{}{path}", self.address)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Waits until `/metrics` has this text in it.
    async fn until(&self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.get("/metrics").await.1.contains(text) {
            assert!(Instant::now() < deadline, "`{text}` never came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until so many loads have begun, the first one included.
    async fn until_loads(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.loads.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "load {count} never began");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn reload(&self) -> (u16, String) {
        let url = format!("http://{}/-/reload", self.address);
        let response = client().post(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn ended(mut self) -> Result<Drained, DaemonError> {
        tokio::time::timeout(Duration::from_secs(20), self.task.join_next()).await.unwrap().unwrap().unwrap()
    }
}

const GOOD: Act = Act::Succeed(Duration::from_millis(1));

#[tokio::test]
async fn it_probes_serves_and_ends_on_a_signal() {
    let daemon = start([GOOD], Ok(fleet_of(&["a"]))).await;
    daemon.until("sidetone_monitor_up{monitor=\"a\"} 1").await;
    assert_eq!(daemon.get("/-/ready").await.0, 200);
    daemon.until("sidetone_config_last_reload_successful 1").await;
    daemon.signals.send(Signal::Stop).unwrap();
    let address = daemon.address;
    assert_eq!(daemon.ended().await.unwrap(), Drained { finished: 1, aborted: 0 });
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_bad_first_configuration_is_the_end() {
    let daemon = start([GOOD], Err(LoadError("unknown key `urll`".into()))).await;
    assert_eq!(daemon.ended().await.unwrap_err().to_string(), "unknown key `urll`");
}

#[tokio::test]
async fn a_reload_by_signal_and_by_http() {
    let daemon = start([GOOD], Ok(fleet_of(&["a", "b"]))).await;
    daemon.until("sidetone_monitor_up{monitor=\"b\"} 1").await;
    *daemon.configuration.lock().unwrap() = Ok(fleet_of(&["a", "c"]));
    daemon.signals.send(Signal::Reload).unwrap();
    daemon.until("sidetone_monitor_up{monitor=\"c\"} 1").await;
    assert!(!daemon.get("/metrics").await.1.contains("monitor=\"b\""));
    *daemon.configuration.lock().unwrap() = Ok(fleet_of(&["a"]));
    assert_eq!(daemon.reload().await, (200, "configuration loaded: 0 added, 0 changed, 1 removed, 1 unchanged\n".to_owned()));
    daemon.signals.send(Signal::Stop).unwrap();
    daemon.ended().await.unwrap();
}

#[tokio::test]
async fn a_bad_file_changes_nothing_but_a_gauge() {
    let daemon = start([GOOD], Ok(fleet_of(&["a"]))).await;
    daemon.until("sidetone_monitor_up{monitor=\"a\"} 1").await;
    *daemon.configuration.lock().unwrap() = Err(LoadError("monitors.toml:3: unknown key `urll`".into()));
    assert_eq!(daemon.reload().await, (422, "monitors.toml:3: unknown key `urll`\n".to_owned()));
    daemon.until("sidetone_config_last_reload_successful 0").await;
    assert_eq!(daemon.get("/-/ready").await.0, 200);
    assert_eq!(daemon.get("/api/v1/monitors/a").await.0, 200);
    *daemon.configuration.lock().unwrap() = Ok(fleet_of(&["a"]));
    daemon.signals.send(Signal::Reload).unwrap();
    daemon.until("sidetone_config_last_reload_successful 1").await;
    daemon.signals.send(Signal::Stop).unwrap();
    daemon.ended().await.unwrap();
}

/// Keeps the loader waiting until the sender is dropped.
async fn hang(daemon: &Running) -> std::sync::mpsc::Sender<()> {
    // The first load is synchronous and must be over.
    daemon.until("sidetone_config_last_reload_successful 1").await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (held, holds) = std::sync::mpsc::channel();
    let configuration = Arc::clone(&daemon.configuration);
    std::thread::spawn(move || {
        let _lock = configuration.lock().unwrap();
        held.send(()).unwrap();
        let _ = released.recv();
    });
    holds.recv().unwrap();
    release
}

#[tokio::test]
async fn a_reload_that_hangs_holds_up_neither_probes_nor_the_end() {
    let daemon = start([GOOD], Ok(fleet_of(&["a"]))).await;
    daemon.until("sidetone_monitor_up{monitor=\"a\"} 1").await;
    let _hanging = hang(&daemon).await;
    daemon.signals.send(Signal::Reload).unwrap();
    daemon.until_loads(2).await;
    let board = daemon.get("/api/v1/monitors/a").await;
    assert_eq!(board.0, 200);
    daemon.signals.send(Signal::Stop).unwrap();
    assert_eq!(daemon.ended().await.unwrap(), Drained { finished: 1, aborted: 0 });
}

#[tokio::test]
async fn a_reload_that_takes_too_long_has_failed() {
    let options = Options { reload_deadline: Duration::from_millis(50), ..Options::default() };
    let daemon = start_with([GOOD], Ok(fleet_of(&["a"])), options).await;
    let hanging = hang(&daemon).await;
    let (status, says) = daemon.reload().await;
    assert_eq!(status, 422);
    assert!(says.starts_with("the configuration could not be read within 50ms"), "{says}");
    daemon.until("sidetone_config_last_reload_successful 0").await;
    for _ in 0..4 {
        assert!(daemon.reload().await.1.contains("within 50ms"));
    }
    let (status, says) = daemon.reload().await;
    assert_eq!(status, 422);
    assert!(says.contains("5 attempts before still hang"), "{says}");
    assert_eq!(daemon.loads.load(Ordering::SeqCst), 6, "the first load and five that hang");
    drop(hanging);
    let deadline = Instant::now() + Duration::from_secs(20);
    while daemon.reload().await.0 != 200 {
        assert!(Instant::now() < deadline, "it never loads again");
    }
    daemon.signals.send(Signal::Stop).unwrap();
    daemon.ended().await.unwrap();
}

#[tokio::test]
async fn one_reload_at_a_time_and_none_is_lost() {
    let daemon = start([GOOD], Ok(fleet_of(&["a"]))).await;
    let hanging = hang(&daemon).await;
    daemon.signals.send(Signal::Reload).unwrap();
    daemon.until_loads(2).await;
    for _ in 0..3 {
        daemon.signals.send(Signal::Reload).unwrap();
    }
    let (answer, ()) = tokio::join!(daemon.reload(), async {
        daemon.until("sidetone_monitor_up{monitor=\"a\"} 1").await;
        assert_eq!(daemon.loads.load(Ordering::SeqCst), 2, "the others wait");
        drop(hanging);
    });
    assert_eq!(answer.0, 200);
    daemon.until_loads(4).await;
    daemon.signals.send(Signal::Stop).unwrap();
    let loads = Arc::clone(&daemon.loads);
    daemon.ended().await.unwrap();
    assert_eq!(loads.load(Ordering::SeqCst), 4, "the first, the one that hung, one for the three signals, one for the request");
}

#[tokio::test]
async fn a_loader_with_a_bug_is_a_failed_reload() {
    let mut reloads =
        Reloads::new(Arc::new(|| -> Result<Fleet, LoadError> { panic!("scripted panic") }), Duration::from_secs(20));
    reloads.begin(None);
    let problem = reloads.finished().await.result.unwrap_err().to_string();
    assert!(problem.ends_with("or it panicked"), "{problem}");
    assert!(reloads.is_idle());
}

#[tokio::test]
async fn while_holds_say_goodbye_it_answers_and_is_not_ready() {
    let daemon = start([Act::Linger(Duration::from_millis(400))], Ok(fleet_of(&["a"]))).await;
    daemon.until("sidetone_probes_in_flight 1").await;
    daemon.signals.send(Signal::Stop).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while daemon.get("/-/ready").await.0 == 200 {
        assert!(Instant::now() < deadline, "it stays ready");
    }
    assert_eq!(daemon.ended().await.unwrap(), Drained { finished: 1, aborted: 0 });
}

#[tokio::test]
async fn a_second_signal_cuts_the_goodbyes() {
    let mut stubborn = fleet_of(&["a"]);
    stubborn.grace = Duration::from_secs(3600);
    let daemon = start([Act::Linger(Duration::from_secs(3600))], Ok(stubborn)).await;
    daemon.until("sidetone_probes_in_flight 1").await;
    daemon.signals.send(Signal::Stop).unwrap();
    daemon.signals.send(Signal::Stop).unwrap();
    assert_eq!(daemon.ended().await.unwrap(), Drained { finished: 0, aborted: 1 });
}

#[tokio::test]
async fn the_end_of_the_signals_is_a_reason_to_stop() {
    let mut daemon = start([GOOD], Ok(fleet_of(&["a"]))).await;
    daemon.until("sidetone_monitor_up{monitor=\"a\"} 1").await;
    let (nobody, _) = mpsc::unbounded_channel();
    drop(std::mem::replace(&mut daemon.signals, nobody));
    assert_eq!(daemon.ended().await.unwrap(), Drained { finished: 1, aborted: 0 });
}

#[tokio::test]
async fn the_signals_of_the_process() {
    use rustix::process::{Signal as Number, getpid, kill_process};
    let mut signals = signals().unwrap();
    for (number, signal) in [(Number::HUP, Signal::Reload), (Number::TERM, Signal::Stop), (Number::INT, Signal::Stop)] {
        kill_process(getpid(), number).unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(20), signals.next()).await;
        assert_eq!(heard.unwrap(), Some(signal));
    }
}

/// What a list adds comes and goes without the configuration being read, and stays over a reload while the list cannot be read.
#[tokio::test]
async fn lists_add_monitors_and_are_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("targets.yml"), text).unwrap();
    let discoveries = |url: &str| {
        let text = format!(
            "[[discovery]]\nname = \"list\"\nfiles = [\"targets.yml\"]\nrefresh_interval = \"1s\"\n[discovery.monitor]\nurl = \"{url}\"\n"
        );
        crate::config::parse(&text, "monitors.toml", folder.path()).unwrap().discoveries
    };
    write("- targets: [a, c, 'bad target']\n");
    let first = Fleet { discoveries: discoveries("ws://{target}/"), ..fleet_of(&["a"]) };
    let daemon = start([GOOD], Ok(first)).await;
    // `a` is configured, and the list may not take its place.
    daemon.until("sidetone_monitors 2\n").await;
    daemon.until("sidetone_monitor_up{monitor=\"c\"} 1").await;
    daemon.until("sidetone_discovery_targets{discovery=\"list\"} 3").await;
    daemon.until("sidetone_discovery_targets_skipped{discovery=\"list\"} 2").await;
    daemon.until("sidetone_discovery_last_refresh_successful{discovery=\"list\"} 1").await;
    write("- targets: [c, d]\n");
    daemon.until("sidetone_monitors 3\n").await;
    assert_eq!(daemon.loads.load(Ordering::SeqCst), 1, "the configuration is not read for it");
    // The list becomes unreadable, and the configuration is loaded again with another template.
    write("hello");
    daemon.until("sidetone_discovery_last_refresh_successful{discovery=\"list\"} 0").await;
    *daemon.configuration.lock().unwrap() = Ok(Fleet { discoveries: discoveries("ws://{target}/other"), ..fleet_of(&["a"]) });
    assert_eq!(daemon.reload().await, (200, "configuration loaded: 0 added, 0 changed, 0 removed, 3 unchanged\n".to_owned()));
    let deadline = Instant::now() + Duration::from_secs(20);
    while !daemon.get("/api/v1/monitors/d").await.1.contains("ws://d/other") {
        assert!(Instant::now() < deadline, "the new template does not count");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    daemon.until("sidetone_monitors 3\n").await;
    // Without the list, its monitors and its series go.
    *daemon.configuration.lock().unwrap() = Ok(fleet_of(&["a"]));
    assert_eq!(daemon.reload().await, (200, "configuration loaded: 0 added, 0 changed, 2 removed, 1 unchanged\n".to_owned()));
    assert!(!daemon.get("/metrics").await.1.contains("discovery=\"list\""));
    daemon.signals.send(Signal::Stop).unwrap();
    daemon.ended().await.unwrap();
}
