//! `sidetone check`: every problem of the configuration, or what would run.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, FleetArgs, complain, print, runtime};
use crate::config::{self, Config, Discovery, Source};
use crate::discovery;
use crate::fleet::Selection;
use crate::monitor::MonitorName;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    #[command(flatten)]
    fleet: FleetArgs,
    /// Ask the servers of `[[discovery]]` lists as well; lists in files are always read
    #[arg(long)]
    discover: bool,
}

/// `sidetone check`.
pub(super) fn run(args: &CheckArgs) -> Exit {
    let mut config = match config::load(&args.config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems.rendered(io::IsTerminal::is_terminal(&io::stderr()))),
    };
    let selection = args.fleet.selection();
    let mut notes = std::mem::take(&mut config.notes);
    let written = config.monitors.len();
    notes.extend(select(&mut config, &selection));
    let mut of = if selection.is_everything() { String::new() } else { selected(&selection, config.monitors.len(), written) };
    let mut bad = false;
    for discovery in std::mem::take(&mut config.discoveries) {
        match read(&discovery, args.discover, &selection, &mut config) {
            Ok(said) => of.push_str(&said),
            Err(said) => {
                bad = true;
                of.push_str(&format!("list {}: {said}\n", discovery.name));
            }
        }
    }
    let mut text = config::summary(&config);
    text.push_str(&of);
    for note in &notes {
        text.push_str(&format!("note: {note}\n"));
    }
    let printed = print(&text);
    if bad && printed == Exit::Good { Exit::CouldNotRun } else { printed }
}

/// Keeps those monitors that run here; returns what should be said about that.
pub(super) fn select(config: &mut Config, selection: &Selection) -> Option<String> {
    let near = |location: &str, named: &BTreeSet<&str>| config::nearest(location, named.iter().copied()).map(str::to_owned);
    // Lists may bring monitors with other locations.
    let known = config.discoveries.is_empty() || selection.location.is_none();
    let note = selection.note(config.monitors.iter().map(|monitor| &**monitor), near).filter(|_| known);
    config.monitors.retain(|monitor| selection.has(monitor));
    note
}

fn selected(selection: &Selection, here: usize, written: usize) -> String {
    let shard = selection.shard.map(|shard| format!("shard {shard}"));
    let location = selection.location.as_ref().map(|location| format!("location {location}"));
    let parts: Vec<String> = shard.into_iter().chain(location).collect();
    format!("{}: {here} of the {written} monitors of the file\n", parts.join(", "))
}

/// Adds the monitors of a list; returns a line about it.
fn read(discovery: &Discovery, ask: bool, selection: &Selection, config: &mut Config) -> Result<String, String> {
    let name = &discovery.name;
    if let (Source::Http(server), false) = (&discovery.source, ask) {
        return Ok(format!("list {name}: {} is not asked without --discover\n", server.url));
    }
    let runtime = runtime().map_err(|error| format!("no runtime: {error}"))?;
    let expanded = runtime.block_on(discovery::read_once(discovery, selection)).map_err(|error| error.to_string())?;
    let known: HashSet<MonitorName> = config.monitors.iter().map(|monitor| monitor.name.clone()).collect();
    let (taken, free): (Vec<_>, Vec<_>) = expanded.monitors.iter().partition(|monitor| known.contains(&monitor.name));
    let taken = taken.len();
    config.monitors.extend(free.into_iter().cloned());
    let here = expanded.monitors.len() - taken;
    let mut said =
        format!("list {name}: {} targets, {here} run here, {} are left out\n", expanded.targets, expanded.skipped + taken);
    for skipped in &expanded.named {
        said.push_str(&format!("  {}: {}\n", skipped.target, skipped.why));
    }
    if expanded.skipped > expanded.named.len() {
        said.push_str(&format!("  … and {} more\n", expanded.skipped - expanded.named.len()));
    }
    if taken > 0 {
        said.push_str(&format!("  {taken} have a name that is taken\n"));
    }
    Ok(said)
}
