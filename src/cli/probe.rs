//! `sidetone probe`: one probe, printed as a timeline or as the report's JSON.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::adhoc::MonitorArgs;
use super::{Exit, complain, print, runtime, timeline};
use crate::daemon;
use crate::lag::LagMeter;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::probe::{Resources, probe, probe_and_follow_up};
use crate::report::Report;

/// The arguments of `sidetone probe`.
#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// A monitor's name, or a ws:// or wss:// URL
    #[arg(value_name = "NAME or URL", required_unless_present = "url", conflicts_with = "url")]
    target: Option<String>,
    /// Where the named monitor is configured
    #[arg(long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    monitor: MonitorArgs,
}

impl ProbeArgs {
    /// The monitor that is meant.
    pub(super) fn monitor(&self) -> Result<Arc<Monitor>, String> {
        match self.target.as_deref() {
            Some(name) if !name.contains("://") => self.monitor.for_name(name, &self.config),
            url => self.monitor.for_url(url),
        }
    }
}

pub(super) fn run(args: &ProbeArgs) -> Exit {
    let monitor = match args.monitor() {
        Ok(monitor) => monitor,
        Err(message) => return complain(&message),
    };
    let report = match runtime() {
        Ok(runtime) => runtime.block_on(once(monitor, false)),
        Err(error) => return complain(&format!("no runtime: {error}")),
    };
    let shown = show(&report, args.json);
    exit_of(&report, shown)
}

/// How the command ends that has shown `report`.
pub(super) const fn exit_of(report: &Report, shown: Exit) -> Exit {
    match (shown, report.outcome) {
        (Exit::Good, Outcome::Success) => Exit::Good,
        (Exit::Good, Outcome::Failure) => Exit::Bad,
        (Exit::Good, Outcome::Inconclusive) => Exit::Inconclusive,
        // It could not be shown.
        (Exit::Bad | Exit::CouldNotRun | Exit::Inconclusive, _) => shown,
    }
}

/// Is the output a terminal whose user wants colour (no-color.org)?
pub(super) fn has_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn show(report: &Report, json: bool) -> Exit {
    let text = if json { serde_json::to_string_pretty(report).unwrap_or_default() } else { timeline::draw(report, has_colour()) };
    print(&text)
}

/// One probe; whoever stops it (Ctrl-C, SIGTERM, a terminal that goes away) makes it say goodbye to the line, and still gets a report.
/// With `follow_up`, what a failure calls for is checked as well.
pub(super) async fn once(monitor: Arc<Monitor>, follow_up: bool) -> Report {
    let lag = LagMeter::new();
    let resources = Resources::new(lag.clone());
    let cancel = CancellationToken::new();
    let mut helpers = JoinSet::new();
    helpers.spawn(lag.run());
    // Before the dial, so that no signal finds the line open and nobody listening. Without signals, the probe is merely cut off.
    if let Ok(mut signals) = daemon::signals() {
        let stop = cancel.clone();
        helpers.spawn(async move {
            signals.next().await;
            stop.cancel();
        });
    }
    if follow_up { probe_and_follow_up(&monitor, &resources, &cancel).await } else { probe(&monitor, &resources, &cancel).await }
}
