//! What lists of targets add to the configured monitors.
//!
//! Deliberately absent: reading the lists (`discovery` does that) and running what comes of them.
//!
//! Invariant: a list counts as it was when it was last good, until the configuration no longer has it. A configured monitor wins over a
//! discovered one of the same name, and an earlier list over a later one.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::{error, info, warn};

use crate::config::{Discovery, Expanded, Skipped};
use crate::discovery::{Found, Watch};
use crate::fleet::Selection;
use crate::metrics::Metrics;
use crate::monitor::{Monitor, MonitorName};

/// Results that may wait for the daemon.
const BACKLOG: usize = 8;
/// Names that two lists claim: so many are told.
const MOST_TOLD: usize = 10;

/// The lists of a daemon.
#[derive(Debug)]
pub(super) struct Lists {
    selection: Selection,
    /// In the order of the configuration.
    followed: Vec<Followed>,
    found: mpsc::Receiver<Found>,
    teller: mpsc::Sender<Found>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Followed {
    name: MonitorName,
    /// `None` if no thread could be had.
    watch: Option<Watch>,
    known: Arc<Expanded>,
    /// What was wrong the last time, so that it is said once.
    problem: Option<String>,
}

impl Lists {
    pub(super) fn new(selection: Selection, metrics: Metrics) -> Self {
        let (teller, found) = mpsc::channel(BACKLOG);
        Self { selection, followed: Vec::new(), found, teller, metrics }
    }

    /// Reads these lists from now on, and no others.
    pub(super) fn follow(&mut self, discoveries: &[Arc<Discovery>]) {
        let mut before: BTreeMap<MonitorName, Followed> =
            self.followed.drain(..).map(|followed| (followed.name.clone(), followed)).collect();
        for discovery in discoveries {
            let known = before.remove(&discovery.name);
            let followed = match known {
                Some(Followed { watch: Some(watch), name, known, problem }) => {
                    watch.redefine(Arc::clone(discovery));
                    Followed { watch: Some(watch), name, known, problem }
                }
                Some(Followed { watch: None, .. }) | None => self.begin(discovery, known),
            };
            self.followed.push(followed);
        }
        let names: Vec<&MonitorName> = self.followed.iter().map(|followed| &followed.name).collect();
        self.metrics.keep_lists(&names);
    }

    fn begin(&self, discovery: &Arc<Discovery>, before: Option<Followed>) -> Followed {
        let watch = Watch::start(Arc::clone(discovery), self.selection.clone(), self.teller.clone());
        if watch.is_none() {
            error!(discovery = %discovery.name, "no thread can be had for this list; the next reload tries again");
            self.metrics.list_read(&discovery.name, None, None);
        }
        let known = before.map_or_else(Arc::default, |before| before.known);
        Followed { name: discovery.name.clone(), watch, known, problem: None }
    }

    /// Waits for the next result. Can be cancelled.
    pub(super) async fn next(&mut self) -> Found {
        match self.found.recv().await {
            Some(found) => found,
            // It has a sender of its own.
            None => std::future::pending().await,
        }
    }

    /// Takes in a result. Are there other monitors now?
    pub(super) fn take(&mut self, found: Found) -> bool {
        let Some(followed) = self.followed.iter_mut().find(|followed| followed.name == found.discovery) else { return false };
        let problem = found.problem.map(|problem| problem.to_string());
        if let Some(says) = problem.as_ref().filter(|_| followed.problem != problem) {
            warn!(discovery = %followed.name, "a list of targets cannot be read, and what was known of it stays in force: {says}");
        }
        if let (None, Some(_)) = (&problem, &followed.problem) {
            info!(discovery = %followed.name, "the list of targets can be read again");
        }
        let good = problem.is_none().then_some(found.at);
        followed.problem = problem;
        let changed = found.monitors.is_some();
        if let Some(expanded) = found.monitors {
            tell(&followed.name, &expanded);
            followed.known = expanded;
        }
        self.metrics.list_read(&found.discovery, good, Some(&followed.known));
        changed
    }

    /// `configured` with the monitors of the lists behind them.
    pub(super) fn merge(&self, configured: &[Arc<Monitor>]) -> Vec<Arc<Monitor>> {
        let mut taken: HashSet<&MonitorName> = configured.iter().map(|monitor| &monitor.name).collect();
        let mut all = configured.to_vec();
        for followed in &self.followed {
            let (mine, clashing): (Vec<_>, Vec<_>) =
                followed.known.monitors.iter().partition(|monitor| taken.insert(&monitor.name));
            if !clashing.is_empty() {
                let names: Vec<&str> = clashing.iter().take(MOST_TOLD).map(|monitor| monitor.name.as_str()).collect();
                warn!(
                    discovery = %followed.name, count = clashing.len(), names = names.join(", "),
                    "names of discovered monitors are taken, and these do not run; a template's name such as \"list-{{target}}\" keeps them apart"
                );
            }
            self.metrics.list_clashes(&followed.name, clashing.len());
            all.extend(mine.into_iter().cloned());
        }
        all
    }
}

/// Says which targets were left out.
fn tell(name: &MonitorName, expanded: &Expanded) {
    for Skipped { target, why } in &expanded.named {
        warn!(discovery = %name, target = target.as_str(), why, "a target is left out");
    }
    let more = expanded.skipped - expanded.named.len();
    if more > 0 {
        warn!(discovery = %name, more, "further targets are left out");
    }
}
