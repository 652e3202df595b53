//! The whole daemon over a real listener, with a scripted prober and a loader that a test can change.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_util::stream::unfold;
use tokio::time::Instant;

use super::*;
use crate::supervisor::fixture::{Act, Scripted, fleet, monitor};

/// A daemon that is running, and what a test holds of it.
struct Running {
    address: SocketAddr,
    signals: mpsc::UnboundedSender<Signal>,
    configuration: Arc<Mutex<Result<Fleet, LoadError>>>,
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
    let configuration = Arc::new(Mutex::new(first));
    let loaded = Arc::clone(&configuration);
    let loader = move || loaded.lock().unwrap().clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (signals, received) = mpsc::unbounded_channel();
    let stream = Box::pin(unfold(received, async |mut received| Some((received.recv().await?, received))));
    let options = Options { enable_lifecycle: true, ..Options::default() };
    let mut task = JoinSet::new();
    task.spawn(run(listener, loader, Scripted::new(acts), stream, options));
    Running { address, signals, configuration, task }
}

impl Running {
    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
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

    async fn reload(&self) -> (u16, String) {
        let url = format!("http://{}/-/reload", self.address);
        let response = reqwest::Client::new().post(url).send().await.unwrap();
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
