//! What is allowed and should be known: said once for all monitors that it is about.

use std::sync::Arc;

use crate::config::values::duration_text;
use crate::monitor::Monitor;

pub(super) fn notes(monitors: &[Arc<Monitor>]) -> Vec<String> {
    [insecure(monitors), slow(monitors)].into_iter().flatten().collect()
}

fn insecure(monitors: &[Arc<Monitor>]) -> Option<String> {
    let names = names(monitors.iter().filter(|monitor| !monitor.dial.tls.verify && monitor.target.is_secure()))?;
    Some(format!(
        "`insecure = true`: certificates are not checked for {names}; a provider checks them, so callers may hear silence while this is green"
    ))
}

fn slow(monitors: &[Arc<Monitor>]) -> Option<String> {
    let slow = |monitor: &&Arc<Monitor>| monitor.longest_probe() > monitor.rhythm.interval;
    let worst = monitors.iter().filter(slow).map(|monitor| monitor.longest_probe()).max()?;
    let names = names(monitors.iter().filter(slow))?;
    Some(format!(
        "a failing probe may take up to {}, which is longer than the interval, for {names}; slots are skipped and counted then. \
         Shorter timeouts avoid it",
        duration_text(worst)
    ))
}

/// `a`, `b`, `c` and 7 more.
fn names<'m>(monitors: impl Iterator<Item = &'m Arc<Monitor>>) -> Option<String> {
    const NAMED: usize = 3;
    let mut monitors = monitors.map(|monitor| format!("`{}`", monitor.name));
    let first: Vec<String> = monitors.by_ref().take(NAMED).collect();
    let more = monitors.count();
    match (first.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(first.join(", ")),
        (false, more) => Some(format!("{} and {more} more", first.join(", "))),
    }
}
