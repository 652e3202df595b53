//! What a streamed hold costs in processor time, beside a bare WebSocket client that sends and receives the same frames: `cargo bench --bench
//! streamed`.
//!
//! Both hold the same number of lines to the practice server `twilio`, which echoes; it runs in a process of its own. Each measurement runs in a
//! process of its own as well, the kinds take turns, and the median of their ratios counts: absolute times differ from machine to machine.
//! `-- --lines 20 --hold 5 --rounds 1` makes it smaller. Ends with 1 if a median is above 1.3.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on has failed, and prints its result")]

mod server;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use server::{Server, block_on, processor_time};
use sidetone::audio::Sound;
use sidetone::dialect::{CallSettings, Dialect, Provider, Wire};
use sidetone::lag::LagMeter;
use sidetone::monitor::Monitor;
use sidetone::outcome::Outcome;
use sidetone::probe::{Resources, probe};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

/// The most that a held line may cost beside the bare client.
const MOST: f64 = 1.3;
const FRAME: Duration = Duration::from_millis(20);
/// The practice server that echoes as Twilio's customers do.
const BEHAVIOUR: &str = "twilio";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let text = |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let number = |name: &str, default: u64| text(name).map_or(default, |value| value.parse().unwrap());
    if arguments.iter().any(|argument| argument == "--serve") {
        block_on(server::serve());
        return ExitCode::SUCCESS;
    }
    let (lines, hold) = (number("--lines", 100), Duration::from_secs(number("--hold", 10)));
    if let Some(kind) = text("--measure") {
        let server = Server::at(&text("--server").unwrap(), None);
        let busy = block_on(measure(&server, lines, hold, &kind, arguments.iter().any(|argument| argument == "--tls")));
        println!("{}", busy.as_secs_f64());
        return ExitCode::SUCCESS;
    }
    let server = Server::start();
    println!("{lines} streamed lines for {} s, 50 frames a second each way, echoed; server in its own process\n", hold.as_secs());
    let medians = [false, true].map(|tls| compare(&server, lines, hold, number("--rounds", 5), tls));
    if medians.iter().all(|median| *median <= MOST) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Both kinds in turn, and the median of the ratios.
fn compare(server: &Server, lines: u64, hold: Duration, rounds: u64, tls: bool) -> f64 {
    let name = if tls { "TLS" } else { "plain" };
    let per_frame = |seconds: f64| seconds * 1e6 / (lines as f64 * hold.as_secs_f64() * 50.0);
    let (mut ratios, mut beside_tuned) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let bare = child(server, lines, hold, "bare", tls);
        let tuned = child(server, lines, hold, "tuned", tls);
        let own = child(server, lines, hold, "probe", tls);
        ratios.push(own / bare);
        beside_tuned.push(own / tuned);
        println!(
            "  {name:<5} round {round}: bare client {:.1} µs, tuned {:.1} µs, sidetone {:.1} µs for a frame each way; ratios {:.2}, {:.2}",
            per_frame(bare),
            per_frame(tuned),
            per_frame(own),
            own / bare,
            own / tuned
        );
    }
    let [median, tuned] = [ratios, beside_tuned].map(|mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    });
    println!("  {name:<5} median ratio {median:.2}, at most {MOST} allowed; beside the tuned client {tuned:.2}\n");
    median
}

fn child(server: &Server, lines: u64, hold: Duration, kind: &str, tls: bool) -> f64 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--measure", kind, "--server", server.line.trim()]);
    command.args(["--lines", &lines.to_string(), "--hold", &hold.as_secs().to_string()]);
    if tls {
        command.arg("--tls");
    }
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Processor time of this process for `lines` lines, less what one line for a moment costs to set up.
async fn measure(server: &Server, lines: u64, hold: Duration, kind: &str, tls: bool) -> Duration {
    let (is_probe, settings) = (kind == "probe", settings(kind));
    let resources = Resources::new(LagMeter::new());
    let monitor = monitor(server, tls, hold);
    let frames = Arc::new(frames(&monitor, hold));
    let before = processor_time();
    let mut held = JoinSet::new();
    for n in 0..lines {
        // Spread over the frame, as real lines are.
        tokio::time::sleep(FRAME / 20).await;
        let (monitor, resources, frames, server) = (Arc::clone(&monitor), resources.clone(), Arc::clone(&frames), server.known());
        held.spawn(async move {
            let received = if is_probe {
                held_by_probe(&monitor, &resources).await
            } else {
                held_barely(&server, tls, &frames, settings).await
            };
            let expected = frames.media.len() as u64;
            assert!(received >= expected * 9 / 10, "line {n}: {received} of {expected} frames came back");
        });
    }
    held.join_all().await;
    processor_time() - before
}

fn monitor(server: &Server, tls: bool, hold: Duration) -> Arc<Monitor> {
    let mut monitor = Monitor::clone(&server.monitor(BEHAVIOUR, tls, hold));
    let mut settings = CallSettings::new(Provider::Twilio);
    settings.sound = Sound::tone(settings.audio, settings.cadence, 400);
    monitor.dialect = Dialect::Provider(Box::new(settings));
    Arc::new(monitor)
}

async fn held_by_probe(monitor: &Monitor, resources: &Resources) -> u64 {
    let report = probe(monitor, resources, &CancellationToken::new()).await;
    assert_eq!(report.outcome, Outcome::Success, "{}", report.summary);
    report.audio.frames_received
}

/// Every frame of a call, made beforehand: the bare client does nothing but send and receive.
struct Frames {
    hello: Vec<Message>,
    media: Vec<Message>,
    goodbye: Vec<Message>,
}

fn frames(monitor: &Monitor, hold: Duration) -> Frames {
    let dialect = &monitor.dialect;
    let mut speaker = dialect.open(&dialect.place(&mut || 7, 0));
    let count = u64::try_from(hold.as_millis() / FRAME.as_millis()).unwrap();
    Frames {
        hello: speaker.greet().into_iter().map(message).collect(),
        media: (0..count).map(|n| message(speaker.frame(n))).collect(),
        goodbye: speaker.farewell().frames.into_iter().map(message).collect(),
    }
}

fn message(wire: Wire) -> Message {
    match wire {
        Wire::Text(bytes) => Message::Text(Utf8Bytes::try_from(Bytes::copy_from_slice(&bytes)).unwrap()),
        Wire::Binary(bytes) => Message::Binary(bytes),
    }
}

/// The library's own settings for the bare client, and those that suit such a line best (its read buffer of 128 KiB costs time as well) for
/// the tuned one.
fn settings(kind: &str) -> WebSocketConfig {
    let bare = WebSocketConfig::default();
    if kind == "tuned" { bare.read_buffer_size(4 * 1024).write_buffer_size(0) } else { bare }
}

/// The baseline.
async fn held_barely(server: &Server, tls: bool, frames: &Frames, settings: WebSocketConfig) -> u64 {
    let url = format!("ws://{}/{BEHAVIOUR}", server.address);
    let stream = server.connect().await;
    if tls { bare(server.secure(stream).await, &url, frames, settings).await } else { bare(stream, &url, frames, settings).await }
}

async fn bare(stream: impl AsyncRead + AsyncWrite + Unpin, url: &str, frames: &Frames, settings: WebSocketConfig) -> u64 {
    let (mut ws, _) = client_async_with_config(url, stream, Some(settings)).await.unwrap();
    for message in &frames.hello {
        ws.send(message.clone()).await.unwrap();
    }
    let mut received = 0;
    let mut media = frames.media.iter();
    let mut clock = tokio::time::interval(FRAME);
    loop {
        tokio::select! {
            _ = clock.tick() => match media.next() {
                Some(message) => ws.send(message.clone()).await.unwrap(),
                None => break,
            },
            message = ws.next() => received += u64::from(message.unwrap().unwrap().is_text()),
        }
    }
    for message in &frames.goodbye {
        ws.send(message.clone()).await.unwrap();
    }
    let close = CloseFrame { code: 1000.into(), reason: Utf8Bytes::default() };
    ws.close(Some(close)).await.unwrap();
    while let Some(Ok(message)) = ws.next().await {
        received += u64::from(message.is_text());
    }
    received
}
