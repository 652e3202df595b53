//! A practice server for tests and monitors for its behaviours, the binary as a child process, and a server that a test scripts itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use rustix::process::{Pid, Signal, kill_process};
use sidetone::lag::LagMeter;
use sidetone::monitor::Monitor;
use sidetone::practice::{Behaviour, Practice, Stage};
use sidetone::probe::{Resources, probe};
use sidetone::report::Report;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::sync::CancellationToken;

/// How long anything may take on a machine that is busy with other things; whoever waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Probes at a time in all tests that make many: enough to be quick, few enough that two cores keep up.
pub(crate) const MOST_PROBES: u32 = 24;

/// A place for each of them. Who wants the machine for itself takes all.
pub(crate) static PLACES: Semaphore = Semaphore::const_new(MOST_PROBES as usize);

/// A probe that is over soon, and one a second.
pub(crate) const QUICK: &str = "\
[defaults]
interval = \"1s\"
hold = \"200ms\"
close_timeout = \"200ms\"
confirm_after = \"100ms\"
resolve_timeout = \"500ms\"
connect_timeout = \"500ms\"
tls_timeout = \"500ms\"
upgrade_timeout = \"500ms\"
";

/// A monitor in a configuration, with more lines of its own.
pub(crate) fn monitor(name: &str, url: &str, more: &str) -> String {
    format!("[[monitor]]\nname = \"{name}\"\nurl = \"{url}\"\n{more}\n")
}

/// A client, for which a cryptographic library has to be chosen, although no test of the daemon's pages uses TLS.
pub(crate) fn client() -> reqwest::Client {
    // An error says that one has been chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

pub(crate) async fn get(url: impl reqwest::IntoUrl) -> reqwest::Result<reqwest::Response> {
    client().get(url).send().await
}

/// A practice server on a free port of loopback, and what probes of it need.
pub(crate) struct Range {
    pub(crate) practice: Arc<Practice>,
    pub(crate) resources: Resources,
    folder: TempDir,
    cancel: CancellationToken,
    _tasks: JoinSet<()>,
}

impl Range {
    pub(crate) async fn open() -> Self {
        let practice = Arc::new(Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &practice.ca_pem());
        write("auth-token", Practice::auth_token());
        let stranger = practice.stranger_identity();
        write("client.pem", &stranger.certificate);
        write("client.key", &stranger.key);
        let (lag, cancel) = (LagMeter::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(lag.clone().run());
        let (server, stop) = (Arc::clone(&practice), cancel.clone());
        tasks.spawn(async move { server.run(stop).await });
        Self { practice, resources: Resources::new(lag), folder, cancel, _tasks: tasks }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the range's folder and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The URL of the behaviour of this name.
    pub(crate) fn url(&self, name: &str, secure: bool) -> String {
        self.practice.url(Behaviour::find(name).unwrap(), secure).unwrap()
    }

    /// The report of a probe of the behaviour of this name.
    pub(crate) async fn report(&self, name: &str, secure: bool, extra: &[&str]) -> Report {
        let monitor = self.monitor(Behaviour::find(name).unwrap(), secure, extra);
        self.probe(&monitor.unwrap()).await
    }

    /// A monitor of `behaviour` with what it needs, and `extra` lines where those do not say otherwise. `None` where the behaviour cannot be had.
    pub(crate) fn monitor(&self, behaviour: &Behaviour, secure: bool, extra: &[&str]) -> Option<Arc<Monitor>> {
        if !behaviour.works_over(secure) {
            return None;
        }
        let url = if behaviour.stage == Stage::Webhook { "webhook.url" } else { "url" };
        let mut lines = vec!["name = \"m\"".to_owned(), format!("{url} = {:?}", self.practice.url(behaviour, secure)?)];
        if secure && !behaviour.needs.iter().any(|line| line.starts_with("ca_file")) {
            lines.push(format!("ca_file = {:?}", self.file("ca.pem")));
        }
        lines.extend(behaviour.needs.iter().map(|line| self.fill_in(line)));
        let key = |line: &str| line.split('=').next().unwrap().trim().to_owned();
        let given: Vec<String> = lines.iter().map(|line| key(line)).collect();
        lines.extend(extra.iter().filter(|line| !given.contains(&key(line))).map(|line| (*line).to_owned()));
        Some(self.parse(&format!("[[monitor]]\n{}\n", lines.join("\n"))))
    }

    /// The first monitor of a configuration.
    pub(crate) fn parse(&self, text: &str) -> Arc<Monitor> {
        let config = sidetone::config::parse(text, "test", self.folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        Arc::clone(&config.monitors[0])
    }

    fn fill_in(&self, line: &str) -> String {
        let path = |name: &str| self.file(name).to_string_lossy().into_owned();
        line.replace("{address}", &self.practice.address().to_string())
            .replace("{ca_file}", &path("ca.pem"))
            .replace("{auth_token_file}", &path("auth-token"))
            .replace("{client_cert_file}", &path("client.pem"))
            .replace("{client_key_file}", &path("client.key"))
    }

    pub(crate) async fn probe(&self, monitor: &Monitor) -> Report {
        probe(monitor, &self.resources, &CancellationToken::new()).await
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Waits until `condition` gives a value. The pause only spares the processor.
pub(crate) async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The binary with these arguments, without the test's own environment that could change its log or its colours.
pub(crate) fn sidetone<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone"));
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["RUST_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
        command.env_remove(variable);
    }
    command
}

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the binary to its end.
pub(crate) async fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Finished {
    finish(sidetone(arguments)).await
}

/// Runs `command` to its end.
pub(crate) async fn finish(mut command: Command) -> Finished {
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("it does not end: {command:?}")).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A child process that lives until a test ends it, and every line that it wrote to standard error.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    /// The lines that have been looked at, in order.
    pub(crate) log: Vec<String>,
    _reader: JoinSet<()>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let mut written = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Ok(Some(line)) = written.next_line().await {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, log: Vec::new(), _reader: reader }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    /// Waits for a line with `word` in it, after those that have been looked at.
    pub(crate) async fn line_with(&mut self, word: &str) -> String {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.lines.recv()).await.ok().flatten();
            let Some(line) = next else { panic!("no line with `{word}` came:\n{}", self.log.join("\n")) };
            self.log.push(line.clone());
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Waits for the end and takes in the rest of the log.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap();
        while let Some(line) = tokio::time::timeout(PATIENCE, self.lines.recv()).await.expect("its log does not end") {
            self.log.push(line);
        }
        status
    }
}

pub(crate) fn send(child: &Child, signal: Signal) {
    let id = child.id().expect("it still runs");
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
}

/// `sidetone run` with a configuration of its own, on a free port.
pub(crate) struct Daemon {
    pub(crate) process: Running,
    address: SocketAddr,
    config: PathBuf,
}

impl Daemon {
    /// Starts it with `text` as its configuration at `config`, and waits until it serves.
    pub(crate) async fn start(config: &Path, text: &str, arguments: &[&str]) -> Self {
        Self::start_with(config, text, arguments, |_| {}).await
    }

    /// The same; `set_up` may change the environment.
    pub(crate) async fn start_with(config: &Path, text: &str, arguments: &[&str], set_up: impl FnOnce(&mut Command)) -> Self {
        std::fs::write(config, text).unwrap();
        let fixed = ["run", "--listen", "127.0.0.1:0", "--log-format", "json", "--config", config.to_str().unwrap()];
        let mut command = sidetone(&[&fixed, arguments].concat());
        set_up(&mut command);
        let mut process = Running::start(command);
        let line = process.line_with("\"listening\"").await;
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["address"].as_str().unwrap().parse().unwrap();
        let daemon = Self { process, address, config: config.to_owned() };
        until("readiness", async || {
            let response = get(daemon.url("/-/ready")).await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
        daemon
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = get(self.url(path)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The value of a series, written as on the page.
    pub(crate) async fn value(&self, series: &str) -> Option<f64> {
        let page = self.get("/metrics").await.1;
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(line.parse().unwrap())
    }

    /// Waits until a series has this value.
    pub(crate) async fn until_value(&self, series: &str, wanted: f64) {
        until(series, async || (self.value(series).await == Some(wanted)).then_some(())).await;
    }

    /// Changes the configuration file; the daemon is not told.
    pub(crate) fn rewrite(&self, text: &str) {
        std::fs::write(&self.config, text).unwrap();
    }

    /// Tells it to stop and returns its exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        self.process.signal(Signal::TERM);
        self.process.ended().await.code()
    }
}

/// What a scripted server does with a request: the bytes to answer with. The connection is ended after them.
type Script = dyn Fn(&str) -> Vec<u8> + Send + Sync;

/// A server on loopback whose answers a test writes itself, byte by byte.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Scripted {
    /// `script` is given the head of each request.
    pub(crate) async fn open(script: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Script> = Arc::new(script);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lines.spawn(answer(stream, Arc::clone(&script)));
            }
        });
        Self { address, _tasks: tasks }
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Script>) {
    let head = read_head(&mut stream).await;
    let _ = stream.write_all(&script(&head)).await;
    let _ = stream.shutdown().await;
    // What still comes is read, so that the end is a FIN and no reset that could overtake the answer.
    let mut waste = [0; 4096];
    while matches!(stream.read(&mut waste).await, Ok(1..)) {}
}

/// A tunnel that passes requests on and takes the upgrade out of them.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Tunnel {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lines.spawn(pass_on(stream, to));
            }
        });
        Self { address, _tasks: tasks }
    }
}

async fn pass_on(mut caller: TcpStream, to: SocketAddr) {
    let head = read_head(&mut caller).await;
    let stripped = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !(name == "upgrade" || name == "connection" || name.starts_with("sec-websocket-"))
    };
    let head: String = head.trim_end().lines().filter(stripped).map(|line| format!("{line}\r\n")).collect();
    let mut server = TcpStream::connect(to).await.unwrap();
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut caller, &mut server).await;
}

/// The head of a request; less than that if the stream ends in it.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The value of a header in a request's head.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
}

/// The head of a good 101 for this request, with more header lines.
pub(crate) fn switching(head: &str, more: &str) -> String {
    let accept = derive_accept_key(header(head, "sec-websocket-key").unwrap_or_default().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// A frame of a server: FIN, this opcode, no mask, at most 65 535 bytes (RFC 6455 section 5.2).
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(length) {
        Ok(short @ ..=125) => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// What an [`Attendant`] saw of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Opened,
    /// A Close with this code came, and was answered.
    Closed(Option<u16>),
    /// The line ended without one.
    Gone,
}

/// A WebSocket server that was not written here: it holds every line until the caller closes it, and tells what it sees.
pub(crate) struct Attendant {
    pub(crate) address: SocketAddr,
    events: mpsc::UnboundedReceiver<Seen>,
    _tasks: JoinSet<()>,
}

impl Attendant {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lines.spawn(attend(stream, sender.clone()));
            }
        });
        Self { address, events, _tasks: tasks }
    }

    pub(crate) async fn next(&mut self) -> Seen {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("something is seen").unwrap()
    }
}

async fn attend(stream: TcpStream, events: mpsc::UnboundedSender<Seen>) {
    let Ok(mut line) = tokio_tungstenite::accept_async(stream).await else { return };
    let _ = events.send(Seen::Opened);
    let mut end = Seen::Gone;
    while let Some(Ok(message)) = line.next().await {
        if let Message::Close(close) = message {
            end = Seen::Closed(close.map(|close| close.code.into()));
        }
    }
    let _ = events.send(end);
}
