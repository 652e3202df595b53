//! The command line: arguments in, one exit code out. The only place that writes to standard output.
//!
//! Exit codes: 0 good, 1 the endpoint is bad, 2 could not run (arguments, configuration), 3 inconclusive.

mod adhoc;
mod check;
mod diagnose;
mod healthcheck;
mod probe;
mod reference;
mod serve;
mod timeline;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fleet::{Selection, Shard};
use crate::monitor::MonitorName;

pub use reference::{reasons_json, reasons_markdown};

/// Watches voice WebSocket endpoints the way a telephony provider dials them, and says why a line dropped.
#[derive(Debug, Parser)]
#[command(name = "sidetone", version, about, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 good, 1 the endpoint is bad, 2 could not run, 3 inconclusive";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: probe every monitor on its rhythm, serve /metrics, the page and the API
    Run(RunArgs),
    /// Validate the configuration: every problem with its line, or a summary of what would run
    Check(check::CheckArgs),
    /// Probe once: a monitor of the configuration by its name, or any ws:// or wss:// URL
    Probe(Box<probe::ProbeArgs>),
    /// Run the troubleshooting page: every check with its result, then the likely cause, who must act and what to do
    Diagnose(Box<diagnose::DiagnoseArgs>),
    /// Serve the practice endpoints: a scripted voice server with one behaviour per reason
    Practice(PracticeArgs),
    /// See it work: practice endpoints and the daemon with a bundled configuration, all on loopback
    Demo {
        /// Where the daemon serves its page and metrics; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10065")]
        listen: SocketAddr,
        /// Stop after this long (for scripts)
        #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
        stop_after: Option<std::time::Duration>,
    },
    /// Ask a running daemon how it is (for HEALTHCHECK of a container): exit code 0 or 1
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print the table of reasons
    Reasons(TableArgs),
    /// Print the table of metrics
    Metrics(TableArgs),
}

const DEFAULT_CONFIG: &str = "monitors.toml";

#[derive(Debug, Args)]
struct RunArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Where to serve, instead of the configuration's address (127.0.0.1:10065 by default)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    fleet: FleetArgs,
    /// Allow POST /-/reload
    #[arg(long)]
    enable_lifecycle: bool,
    /// The form of the log
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What to log: error, warn, info, debug, trace, or a filter such as sidetone=debug [default: RUST_LOG, or info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

/// Which part of a fleet this is.
#[derive(Debug, Args)]
struct FleetArgs {
    /// Run the i-th of n parts of the monitors, counted from 0: those of whose name Prometheus' hashmod is i
    #[arg(long, value_name = "i/n", env = "SIDETONE_SHARD")]
    shard: Option<Shard>,
    /// Run the monitors that have this place in their `locations`, and those that have none
    #[arg(long, value_name = "PLACE", env = "SIDETONE_LOCATION", value_parser = place)]
    location: Option<String>,
}

impl FleetArgs {
    fn selection(&self) -> Selection {
        Selection { shard: self.shard, location: self.location.clone() }
    }
}

/// What `locations` may have.
fn place(text: &str) -> Result<String, String> {
    MonitorName::new(text).map(|name| name.as_str().to_owned()).map_err(|error| format!("this is no location: {error}"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
struct PracticeArgs {
    /// Where to serve; TCP for ws and wss, UDP for DNS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10066")]
    listen: SocketAddr,
    /// Print the behaviours and exit
    #[arg(long)]
    list: bool,
    /// Write the authority of the practice certificates here, for `ca_file`
    #[arg(long, value_name = "FILE")]
    write_ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct TableArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What a command comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Good,
    Bad,
    CouldNotRun,
    Inconclusive,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Bad => 1,
            Exit::CouldNotRun => 2,
            Exit::Inconclusive => 3,
        })
    }
}

/// Runs the command of the process's arguments. Wrong arguments end the process with 2, as clap has it.
#[must_use]
pub fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Run(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Practice(args) => serve::practice(&args),
        Command::Demo { listen, stop_after } => serve::demo(listen, stop_after),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Reasons(TableArgs { json }) => print(&if json { reasons_json() } else { reference::reasons_text() }),
        Command::Metrics(TableArgs { json }) => print(&if json { metrics_json() } else { crate::metrics::table() }),
    };
    exit.into()
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error of ours; a full disk is.
fn print(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => complain(&format!("the output cannot be written: {error}")),
        Ok(()) | Err(_) => Exit::Good,
    }
}

/// Writes to standard error: the command could not run.
fn complain(text: &str) -> Exit {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}", text.trim_end());
    Exit::CouldNotRun
}

fn metrics_json() -> String {
    serde_json::to_string_pretty(&crate::metrics::json()).unwrap_or_default()
}

/// The runtime of a command.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
