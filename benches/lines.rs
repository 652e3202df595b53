//! What a held line costs, and how exactly its end is timed: `cargo bench`.
//!
//! The practice server runs in a process of its own, so that memory and processor time are the prober's alone. Each figure stands beside a
//! baseline of the same run (bare WebSocket clients that do nothing but read), as absolute numbers differ from machine to machine.
//! `cargo bench -- --lines 200 --hold 5` makes it smaller.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on has failed, and prints its result")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use sidetone::lag::LagMeter;
use sidetone::monitor::{Mode, Monitor, MonitorName, Target};
use sidetone::outcome::Outcome;
use sidetone::practice::{Behaviour, Practice};
use sidetone::probe::{Resources, probe};
use sidetone::report::Report;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;

/// Lines that are opened at the same moment; more would measure the server's accept queue.
const BATCH: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value =
        |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].parse::<usize>().unwrap());
    if arguments.iter().any(|argument| argument == "--serve") {
        return block_on(serve());
    }
    let lines = value("--lines").unwrap_or(1000);
    let hold = Duration::from_secs(value("--hold").unwrap_or(15) as u64);
    if let Some(index) = value("--measure") {
        let at = arguments.iter().position(|argument| argument == "--server").unwrap();
        let server = Server::at(&arguments[at + 1], None);
        let (_, secure, kind) = KINDS[index];
        println!("{:.1}", block_on(memory_of(&server, lines, hold, secure, kind)));
        return;
    }
    let server = Server::start();
    println!("{lines} lines at a time, held for {} s; server in its own process\n", hold.as_secs());
    memory(&server, lines, hold);
    streaming(&server, lines, hold);
    accuracy(&server);
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

/// The other process: prints its address and its CA on one line, and serves until it is killed.
async fn serve() {
    let practice = Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let ca: Vec<String> = practice.ca_der().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{} {}", practice.address(), ca.join(""));
    practice.run(CancellationToken::new()).await;
}

struct Server {
    process: Option<Child>,
    /// What it printed.
    line: String,
    address: SocketAddr,
    ca: Vec<u8>,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self::at(&line, Some(process))
    }

    fn at(line: &str, process: Option<Child>) -> Self {
        let (address, ca) = line.trim().split_once(' ').unwrap();
        let ca = (0..ca.len()).step_by(2).map(|at| u8::from_str_radix(&ca[at..at + 2], 16).unwrap()).collect();
        Self { address: address.parse().unwrap(), ca, process, line: line.to_owned() }
    }

    fn monitor(&self, behaviour: &str, secure: bool, hold: Duration) -> Arc<Monitor> {
        let url = Behaviour::find(behaviour).unwrap().url(secure, self.address);
        let mut monitor = Monitor::new(MonitorName::new("bench").unwrap(), Target::parse(&url).unwrap());
        monitor.hold.target = hold;
        monitor.dial.tls.extra_roots = vec![self.ca.clone()];
        Arc::new(monitor)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Resident memory of this process, in KiB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time of this process so far.
fn processor_time() -> Duration {
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(usage.tv_sec.try_into().unwrap(), usage.tv_nsec.try_into().unwrap())
}

/// What a line is held with.
const KINDS: [(&str, bool, Kind); 6] = [
    ("bare client, plain, 4 KiB buffer", false, Kind::Bare(4 * 1024)),
    ("sidetone, plain", false, Kind::Probe),
    ("bare client, TLS, 4 KiB buffer", true, Kind::Bare(4 * 1024)),
    ("sidetone, TLS", true, Kind::Probe),
    ("bare client, TLS, default 128 KiB buffer", true, Kind::Bare(128 * 1024)),
    ("sidetone, TLS, audio both ways", true, Kind::Streamed),
];

#[derive(Clone, Copy)]
enum Kind {
    Bare(usize),
    Probe,
    Streamed,
}

/// Each kind in a process of its own: memory that one has given back would hide what the next one takes.
fn memory(server: &Server, lines: usize, hold: Duration) {
    println!("memory per held line (resident, after the dial)");
    for (index, (name, ..)) in KINDS.iter().enumerate() {
        let arguments = [("--measure", index), ("--lines", lines), ("--hold", hold.as_secs() as usize)];
        let mut command = Command::new(std::env::current_exe().unwrap());
        arguments.iter().for_each(|(name, value)| _ = command.arg(name).arg(value.to_string()));
        let output = command.arg("--server").arg(&server.line).stderr(Stdio::inherit()).output().unwrap();
        println!("  {name:<42} {:>6} KiB", String::from_utf8(output.stdout).unwrap().trim());
    }
}

async fn memory_of(server: &Server, lines: usize, hold: Duration, secure: bool, kind: Kind) -> f64 {
    let resources = Resources::new(LagMeter::new());
    let mut monitor = Monitor::clone(&server.monitor("echo", secure, hold));
    if !matches!(kind, Kind::Streamed) {
        monitor.hold.mode = Mode::Idle;
    }
    let monitor = Arc::new(monitor);
    // One of each first: what is set up once is not the line's.
    let mut short = Monitor::clone(&monitor);
    short.hold.target = Duration::from_millis(100);
    probe(&short, &resources, &CancellationToken::new()).await;
    let before = resident();
    let mut held = JoinSet::new();
    for n in 0..lines {
        if n % BATCH == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        match kind {
            Kind::Probe | Kind::Streamed => {
                let (monitor, resources) = (Arc::clone(&monitor), resources.clone());
                held.spawn(async move {
                    probe(&monitor, &resources, &CancellationToken::new()).await;
                });
            }
            Kind::Bare(buffer) => {
                held.spawn(bare(server.address, secure, server.ca.clone(), buffer, hold));
            }
        }
    }
    // Half of the hold: every line is up, none is leaving.
    tokio::time::sleep(hold / 2).await;
    let cost = (resident() - before) / lines as f64;
    held.join_all().await;
    cost
}

/// The baseline: connect, upgrade, read.
async fn bare(address: SocketAddr, secure: bool, ca: Vec<u8>, buffer: usize, hold: Duration) {
    let stream = TcpStream::connect(address).await.unwrap();
    let settings = WebSocketConfig::default().read_buffer_size(buffer).write_buffer_size(0);
    let url = format!("ws://{address}/echo");
    if !secure {
        let (mut ws, _) = client_async_with_config(url, stream, Some(settings)).await.unwrap();
        let _ = tokio::time::timeout(hold, ws.next()).await;
        return;
    }
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let (mut ws, _) = client_async_with_config(url, stream, Some(settings)).await.unwrap();
    let _ = tokio::time::timeout(hold, ws.next()).await;
}

/// Audio both ways on every line: does the pace hold, and what does it cost?
fn streaming(server: &Server, lines: usize, hold: Duration) {
    println!("\naudio both ways, 50 frames a second, plain");
    for count in [lines / 10, lines] {
        let (reports, busy) = block_on(stream(server, count, hold));
        let good = reports.iter().filter(|report| report.outcome == Outcome::Success).count();
        let mut late: Vec<f64> = reports.iter().map(|report| report.audio.pacing_late_seconds * 1000.0).collect();
        late.sort_by(f64::total_cmp);
        let sent: u64 = reports.iter().map(|report| report.audio.frames_sent).sum();
        let skipped: u64 = reports.iter().map(|report| report.audio.frames_skipped).sum();
        println!(
            "  {count:>5} lines: {good} good, {sent} frames sent, {skipped} left out, worst lateness of a line p50 {:.1} ms, max {:.1} ms, \
             {:.0} µs of processor time a line and second",
            late[late.len() / 2],
            late[late.len() - 1],
            busy.as_secs_f64() * 1e6 / count as f64 / hold.as_secs_f64(),
        );
    }
}

async fn stream(server: &Server, count: usize, hold: Duration) -> (Vec<Report>, Duration) {
    let lag = LagMeter::new();
    let resources = Resources::new(lag.clone());
    let mut ticker = JoinSet::new();
    ticker.spawn(lag.run());
    let monitor = server.monitor("echo", false, hold);
    let before = processor_time();
    let mut held = JoinSet::new();
    for n in 0..count {
        if n % BATCH == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (monitor, resources) = (Arc::clone(&monitor), resources.clone());
        held.spawn(async move { probe(&monitor, &resources, &CancellationToken::new()).await });
    }
    let reports = held.join_all().await;
    (reports, processor_time() - before)
}

/// The server ends the line 0.800 s after its 101: what does the report say?
fn accuracy(server: &Server) {
    println!("\nend of a line that the server drops 0.800 s after its 101, 20 times");
    for (name, secure) in [("plain", false), ("TLS", true)] {
        let monitor = server.monitor("drop-after-0.8s", secure, Duration::from_secs(3));
        let mut off: Vec<f64> = block_on(async {
            let resources = Resources::new(LagMeter::new());
            let mut off = Vec::new();
            for _ in 0..20 {
                let report = probe(&monitor, &resources, &CancellationToken::new()).await;
                off.push((report.hold.unwrap().lasted_seconds - 0.8) * 1000.0);
            }
            off
        });
        off.sort_by(f64::total_cmp);
        println!("  {name:<6} off by p50 {:+.2} ms, worst {:+.2} ms", off[off.len() / 2], off[off.len() - 1]);
    }
}
