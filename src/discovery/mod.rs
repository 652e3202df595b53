//! Reads lists of targets again and again, as Prometheus does (file_sd, http_sd), and tells what became of them.
//!
//! Each list has a thread and a runtime of its own: a file system that hangs, or a template for ten thousand targets, holds up
//! neither probes nor other lists. Files are read in whole and compared by their content, so that it does not matter how they are
//! replaced. Deliberately absent: what runs (`daemon` has that), and watching files by events.
//!
//! Invariant: a list that cannot be read changes nothing but what is said about it. The last good one is kept here, also when the
//! configuration is loaded again.

mod files;
mod http;
#[cfg(test)]
mod tests;

pub use http::plain_client;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::config::{Discovery, ExpandError, Expanded, Source};
use crate::fleet::{Selection, TargetGroup};
use crate::monitor::MonitorName;
use crate::text::Printable;
use crate::wall::Timestamp;
use files::Files;

/// What came of one reading of a list.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which list.
    pub discovery: MonitorName,
    /// When it was read.
    pub at: Timestamp,
    /// Its monitors: `None` if they are those of the last time.
    pub monitors: Option<Arc<Expanded>>,
    /// Why the list, or a part of it, could not be read; what was known of it stays in force.
    pub problem: Option<ListError>,
}

/// Why a list is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A file, or several; the first is named.
    #[error("{path}: {says}")]
    File {
        /// As configured, from the working directory.
        path: Printable,
        /// What is wrong with it.
        says: String,
    },
    /// The server did not answer as it should.
    #[error("{url}: {says}")]
    Server {
        /// Without the values of its query.
        url: Printable,
        /// What went wrong.
        says: String,
    },
    /// The list is fine, and no monitors can be made of it.
    #[error("{0}")]
    Expand(#[from] ExpandError),
    /// A bug of ours.
    #[error("the reader of this list stopped by a bug and is started again; please report this with the log before it")]
    Panicked,
}

/// A list that is being read. Dropped, it is no longer.
#[derive(Debug)]
pub struct Watch(watch::Sender<Arc<Discovery>>);

impl Watch {
    /// Begins to read `discovery`, at once and whenever it is due, and tells `found`. `None` if no thread can be had.
    #[must_use]
    pub fn start(discovery: Arc<Discovery>, selection: Selection, found: mpsc::Sender<Found>) -> Option<Self> {
        let (definition, wanted) = watch::channel(discovery);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let read = move || runtime.block_on(follow(wanted, &selection, &found));
        std::thread::Builder::new().name("sidetone-list".to_owned()).spawn(read).ok()?;
        Some(Self(definition))
    }

    /// Goes on with another definition of the same list: what is known of its targets is kept until they can be read again.
    pub fn redefine(&self, discovery: Arc<Discovery>) {
        // The reader lives as long as this sender.
        let _ = self.0.send(discovery);
    }
}

/// Reads once and does not come back.
///
/// # Errors
/// If it cannot be read, or no monitors can be made of it.
pub async fn read_once(discovery: &Discovery, selection: &Selection) -> Result<Expanded, ListError> {
    let groups = match &discovery.source {
        Source::Files(patterns) => {
            let mut files = Files::default();
            let problem = files.read(patterns);
            if let Some(problem) = problem {
                return Err(problem);
            }
            files.groups()
        }
        Source::Http(server) => http::fetch(server, discovery.refresh).await?,
    };
    Ok(discovery.expand(&groups, selection)?)
}

/// Reads until nobody wants it any more. A bug in it is reported like any other failure to read.
async fn follow(mut wanted: watch::Receiver<Arc<Discovery>>, selection: &Selection, found: &mpsc::Sender<Found>) {
    use futures_util::FutureExt as _;
    /// Between a bug and the next attempt.
    const PAUSE: Duration = Duration::from_secs(10);
    let mut list = List::default();
    loop {
        let reading = std::panic::AssertUnwindSafe(list.follow(&mut wanted, selection, found)).catch_unwind().await;
        if reading.is_ok() {
            return;
        }
        let name = wanted.borrow().name.clone();
        tracing::error!(discovery = %name, "the reader of a list of targets panicked");
        let told = Found { discovery: name, at: Timestamp::now(), monitors: None, problem: Some(ListError::Panicked) };
        if found.send(told).await.is_err() || tokio::time::timeout(PAUSE, found.closed()).await.is_ok() {
            return;
        }
        list.expanded_for = None;
    }
}

/// What is known of a list.
#[derive(Default)]
struct List {
    files: Files,
    /// The last good list.
    groups: Option<Vec<TargetGroup>>,
    /// The definition that the monitors in force were made with.
    expanded_for: Option<Arc<Discovery>>,
}

impl List {
    /// Reads until the sender of definitions or the receiver of what was found is gone.
    async fn follow(&mut self, wanted: &mut watch::Receiver<Arc<Discovery>>, selection: &Selection, found: &mpsc::Sender<Found>) {
        loop {
            let discovery = Arc::clone(&wanted.borrow_and_update());
            let (changed, mut problem) = self.read(&discovery).await;
            let stale = self.expanded_for.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &discovery));
            let mut monitors = None;
            if let Some(groups) = self.groups.as_ref().filter(|_| changed || stale) {
                match discovery.expand(groups, selection) {
                    Ok(expanded) => {
                        self.expanded_for = Some(Arc::clone(&discovery));
                        monitors = Some(Arc::new(expanded));
                    }
                    Err(error) => {
                        // Tried again at the next reading.
                        self.expanded_for = None;
                        problem = problem.or_else(|| Some(error.into()));
                    }
                }
            }
            let told = Found { discovery: discovery.name.clone(), at: Timestamp::now(), monitors, problem };
            if found.send(told).await.is_err() {
                return;
            }
            match tokio::time::timeout(discovery.refresh, wanted.changed()).await {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(_)) => return,
            }
        }
    }

    /// Is the list another one now? And what is wrong with it?
    async fn read(&mut self, discovery: &Discovery) -> (bool, Option<ListError>) {
        let (groups, problem) = match &discovery.source {
            Source::Files(patterns) => {
                let problem = self.files.read(patterns);
                // If nothing at all could be read, what another source has said before stays in force.
                let nothing = problem.is_some() && self.files.is_empty();
                ((!nothing).then(|| self.files.groups()), problem)
            }
            Source::Http(server) => match http::fetch(server, discovery.refresh).await {
                Ok(groups) => (Some(groups), None),
                Err(problem) => (None, Some(problem)),
            },
        };
        let changed = groups.is_some() && groups != self.groups;
        if changed {
            self.groups = groups;
        }
        (changed, problem)
    }
}
