//! What a held line costs, and how exactly its end is timed: `cargo bench`.
//!
//! The practice server runs in a process of its own, so that memory and processor time are the prober's alone. Each figure stands beside a
//! baseline of the same run (bare WebSocket clients that do nothing but read), as absolute numbers differ from machine to machine.
//! `cargo bench -- --lines 200 --hold 5` makes it smaller.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on has failed, and prints its result")]

mod server;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use server::{Server, block_on, processor_time};
use sidetone::lag::LagMeter;
use sidetone::monitor::{Mode, Monitor};
use sidetone::outcome::Outcome;
use sidetone::probe::{Resources, probe};
use sidetone::report::Report;
use tokio::task::JoinSet;
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
        return block_on(server::serve());
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

/// Resident memory of this process, in KiB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
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
                held.spawn(bare(server.known(), secure, buffer, hold));
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
async fn bare(server: Server, secure: bool, buffer: usize, hold: Duration) {
    let stream = server.connect().await;
    let settings = WebSocketConfig::default().read_buffer_size(buffer).write_buffer_size(0);
    let url = format!("ws://{}/echo", server.address);
    if !secure {
        let (mut ws, _) = client_async_with_config(url, stream, Some(settings)).await.unwrap();
        let _ = tokio::time::timeout(hold, ws.next()).await;
        return;
    }
    let stream = server.secure(stream).await;
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
