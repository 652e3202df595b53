//! The commands that stay: `run`, `practice`, `demo`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::check;
use super::{Exit, LogFormat, PracticeArgs, RunArgs, complain, print, runtime};
use crate::config::{self, Config};
use crate::control_line::ControlLine;
use crate::daemon::{self, Daemon, LoadError, Options, Signal};
use crate::fleet::Selection;
use crate::lag::LagMeter;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::practice::{self, Practice};
use crate::prober::DialProber;
use crate::report::Report;
use crate::supervisor::Fleet;
use crate::telemetry;
use crate::wall::Timestamp;

/// How long open lines of the demo may take to say goodbye.
const DEMO_GRACE: Duration = Duration::from_secs(3);

/// `sidetone run`.
pub(super) fn run(args: &RunArgs) -> Exit {
    let format = match args.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    if let Err(error) = telemetry::init(format, args.log_level.as_deref()) {
        return complain(&error.to_string());
    }
    // The file is read before anything is bound, so that a bad one is refused with nothing started.
    let config = match config::load(&args.config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems.rendered(io::IsTerminal::is_terminal(&io::stderr()))),
    };
    block_on(serve(args, &config))
}

async fn serve(args: &RunArgs, config: &Config) -> Result<(), String> {
    let address = args.listen.unwrap_or(config.daemon.listen);
    let listener = bind(address).await?;
    let mut company = JoinSet::new();
    let control_line = control_line(&mut company).await;
    let selection = args.fleet.selection();
    let options = Options {
        enable_lifecycle: args.enable_lifecycle,
        lag: LagMeter::new(),
        selection: selection.clone(),
        control_line,
        ..Options::default()
    };
    let prober = DialProber::new(options.lag.clone());
    let path = args.config.clone();
    // With --listen, what the file says does not count.
    let in_use = args.listen.is_none().then_some(config.daemon.listen);
    let loader = move || load_fleet(&path, in_use, &selection);
    let signals = daemon::signals().map_err(|error| format!("signals cannot be received: {error}"))?;
    daemon::run(listener, loader, prober, signals, options).await.map(|_| ()).map_err(|error| error.to_string())
}

/// Serves the other end of the control line among `company`, and returns what dials it. A daemon without one works as well.
async fn control_line(company: &mut JoinSet<()>) -> Option<Arc<Monitor>> {
    match ControlLine::bind().await {
        Ok(line) => {
            let monitor = line.monitor();
            company.spawn(line.run(CancellationToken::new()));
            Some(monitor)
        }
        Err(error) => {
            tracing::warn!(%error, "there is no control line: it cannot be served on loopback");
            None
        }
    }
}

/// `in_use` is the file's `listen` at the start, if it counted.
fn load_fleet(path: &Path, in_use: Option<SocketAddr>, selection: &Selection) -> Result<Fleet, LoadError> {
    let mut config = config::load(path).map_err(|problems| LoadError(problems.to_string()))?;
    let about_places = check::select(&mut config, selection);
    for note in config.notes.iter().chain(&listen_note(in_use, config.daemon.listen)).chain(&about_places) {
        tracing::warn!(note, "configuration");
    }
    Ok(Fleet {
        monitors: config.monitors,
        max_concurrent_probes: config.daemon.max_concurrent_probes,
        grace: config.daemon.grace,
        discoveries: config.discoveries,
    })
}

/// What to say about a `listen` that is not the one in use.
fn listen_note(in_use: Option<SocketAddr>, configured: SocketAddr) -> Option<String> {
    let in_use = in_use.filter(|&in_use| in_use != configured)?;
    Some(format!("`listen` is now {configured}, which takes effect at the next start; until then it stays {in_use}"))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}; choose another with --listen"))
}

/// `sidetone practice`.
pub(super) fn practice(args: &PracticeArgs) -> Exit {
    if args.list {
        return print(&practice::list());
    }
    block_on(async {
        let practice = open_practice(args.listen).await?;
        if let Some(path) = &args.write_ca {
            std::fs::write(path, practice.ca_pem()).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        let address = practice.address();
        print(&format!(
            "practice endpoints: ws://{address}/<behaviour>, wss://localhost:{}/<behaviour>, webhooks over http and https, DNS on UDP {address}\n\
             `sidetone practice --list` shows the behaviours; Ctrl-C stops",
            address.port()
        ));
        for name in ["tcp-refused", "tcp-timeout"] {
            if let Some(port) = practice.port_of(name) {
                print(&format!("{name}: port {port}"));
            }
        }
        let cancel = CancellationToken::new();
        tokio::select! {
            () = practice.run(cancel.clone()) => {}
            () = stop_signal() => cancel.cancel(),
        }
        Ok(())
    })
}

async fn open_practice(address: SocketAddr) -> Result<Practice, String> {
    let opened = Practice::bind(address).await;
    opened.map_err(|error| {
        format!("practice endpoints cannot be opened on {address}: {error}; choose another address with --listen")
    })
}

async fn stop_signal() {
    if let Ok(mut signals) = daemon::signals() {
        while signals.next().await == Some(Signal::Reload) {}
    }
}

/// `sidetone demo`.
pub(super) fn demo(listen: SocketAddr, stop_after: Option<Duration>) -> Exit {
    // Only what goes wrong with the daemon itself; the demo's own lines say the rest.
    if let Err(error) = telemetry::init(telemetry::Format::Text, Some("error")) {
        return complain(&error.to_string());
    }
    block_on(async {
        let practice = open_practice(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let listener = bind(listen).await?;
        let fleet = Fleet {
            monitors: practice::demo_monitors(practice.address(), &practice.ca_der()).into_iter().map(Arc::new).collect(),
            max_concurrent_probes: 64,
            grace: DEMO_GRACE,
            discoveries: Vec::new(),
        };
        let page = listener.local_addr().map_err(|error| error.to_string())?;
        print(&welcome(&fleet, practice.address(), page));
        let mut tasks = JoinSet::new();
        let control_line = control_line(&mut tasks).await;
        let options = Options { lag: LagMeter::new(), control_line, ..Options::default() };
        let prober = DialProber::new(options.lag.clone());
        let daemon = Daemon::new(move || Ok(fleet.clone()), prober, options);
        tasks.spawn(tell(daemon.board().observe()));
        tasks.spawn(async move { practice.run(CancellationToken::new()).await });
        let signals = daemon::signals().map_err(|error| format!("signals cannot be received: {error}"))?;
        daemon.run(listener, limited(signals, stop_after)).await.map(|_| ()).map_err(|error| error.to_string())
    })
}

/// The signals of the process, and a stop when the time is over.
fn limited(signals: impl Stream<Item = Signal> + Unpin, after: Option<Duration>) -> impl Stream<Item = Signal> + Unpin {
    let timer = async move {
        match after {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
        Signal::Stop
    };
    futures_util::stream::select(signals, Box::pin(futures_util::stream::once(timer)))
}

fn welcome(fleet: &Fleet, practice: SocketAddr, page: SocketAddr) -> String {
    let width = fleet.monitors.iter().map(|monitor| monitor.name.as_str().len()).max().unwrap_or(0);
    let mut text = format!("sidetone demo: {} monitors watch practice endpoints on {practice}\n\n", fleet.monitors.len());
    for monitor in &fleet.monitors {
        text.push_str(&format!("  {:<width$}  {}\n", monitor.name, monitor.endpoint));
    }
    text.push_str(&format!("\npage      http://{page}/\nmetrics   http://{page}/metrics\nstop      Ctrl-C\n\n"));
    text.push_str(&format!("{:<8}  {:<width$}  {:<12}  {:<26}  held for", "time", "monitor", "outcome", "reason"));
    text
}

/// One line for each finished probe.
async fn tell(mut reports: broadcast::Receiver<Arc<Report>>) {
    loop {
        match reports.recv().await {
            Ok(report) => {
                print(&line(&report));
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn line(report: &Report) -> String {
    const WIDTH: usize = "application-fails".len();
    let reason = match (report.outcome, report.reason) {
        (Outcome::Success, _) | (_, None) => "-",
        (_, Some(reason)) => reason.label(),
    };
    let held = report.hold.map_or_else(|| "-".to_owned(), |hold| format!("{:.3} s", hold.lasted_seconds));
    let time = Timestamp::now().time_of_day();
    format!("{time}  {:<WIDTH$}  {:<12}  {reason:<26}  {held}", report.monitor, report.outcome)
}

fn block_on(work: impl Future<Output = Result<(), String>>) -> Exit {
    let result = runtime().map_err(|error| format!("no runtime: {error}")).and_then(|runtime| runtime.block_on(work));
    match result {
        Ok(()) => Exit::Good,
        Err(message) => complain(&message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_listen_is_said_aloud() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (old, new) = (address("127.0.0.1:10065"), address("127.0.0.1:9000"));
        let says = "`listen` is now 127.0.0.1:9000, which takes effect at the next start; until then it stays 127.0.0.1:10065";
        assert_eq!(listen_note(Some(old), new).as_deref(), Some(says));
        assert_eq!(listen_note(Some(old), old), None);
        assert_eq!(listen_note(None, new), None, "--listen was given");
    }
}
