//! The daemon: load, apply, serve, wait, drain.
//!
//! It takes its listener, its configuration, its prober and its reasons to stop from the caller, so that a test can run it whole. The
//! listener is served from a thread of its own with a runtime of its own: a slow scrape cannot disturb a probe. Deliberately absent:
//! arguments, files, and the decision what a good configuration is.
//!
//! Invariant: a configuration that cannot be loaded changes nothing but a gauge and the log.

mod limits;
mod lists;
mod notify;
mod reload;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::discovery::Found;
use crate::fleet::Selection;
use crate::http::{self, Limits, Readiness, ReloadRequest, Surface};
use crate::lag::LagMeter;
use crate::metrics::Metrics;
use crate::monitor::Monitor;
use crate::supervisor::{Applied, Board, Drained, Fleet, Prober, Supervisor};
use crate::wall::Timestamp;
use lists::Lists;
use notify::Notifier;
use reload::{Loaded, Reloads};

/// What the process is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Load the configuration again (SIGHUP).
    Reload,
    /// End (SIGTERM, SIGINT). A second one while the holds say goodbye ends at once.
    Stop,
}

/// Why a configuration cannot be loaded: the page of problems, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(pub String);

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The first configuration cannot be loaded.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// The listener cannot be served.
    #[error("the listener cannot be served: {0}")]
    Listener(#[source] io::Error),
    /// The thread that serves the listener ended by itself.
    #[error("the http server stopped by itself; please report this with the log before it")]
    ServerEnded,
}

/// Settings that do not come from the configuration file.
#[derive(Clone, Debug)]
pub struct Options {
    /// Does `/-/reload` work?
    pub enable_lifecycle: bool,
    /// What an HTTP client may use up.
    pub limits: Limits,
    /// The meter that the prober looks at; the daemon makes it tick.
    pub lag: LagMeter,
    /// Which discovered monitors run here; the loader chooses among the configured ones.
    pub selection: Selection,
    /// How long a reload may take to read the configuration before it counts as failed.
    pub reload_deadline: Duration,
    /// The line to ourselves, which is always probed; without it, its series are absent.
    pub control_line: Option<Arc<Monitor>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            enable_lifecycle: false,
            limits: Limits::default(),
            lag: LagMeter::default(),
            selection: Selection::default(),
            // Shorter than the 30 s of an HTTP request, so that whoever asked for the reload is told.
            reload_deadline: Duration::from_secs(20),
            control_line: None,
        }
    }
}

/// A daemon that is ready to run.
#[derive(Debug)]
pub struct Daemon<P, L> {
    supervisor: Supervisor<P>,
    loader: Arc<L>,
    options: Options,
    readiness: Readiness,
    /// What is configured, without what lists add.
    configured: Fleet,
    lists: Lists,
    notifier: Notifier,
}

/// How many reload requests may wait for the one that is under way.
const RELOAD_BACKLOG: usize = 4;

/// SIGTERM, SIGINT and SIGHUP as a stream that never ends.
///
/// # Errors
/// If the process may not listen to signals.
pub fn signals() -> io::Result<impl Stream<Item = Signal> + Unpin> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(futures_util::stream::poll_fn(move |cx| {
        let stop = terminate.poll_recv(cx).is_ready() || interrupt.poll_recv(cx).is_ready();
        let reload = hangup.poll_recv(cx).is_ready();
        match (stop, reload) {
            (true, _) => std::task::Poll::Ready(Some(Signal::Stop)),
            (false, true) => std::task::Poll::Ready(Some(Signal::Reload)),
            (false, false) => std::task::Poll::Pending,
        }
    }))
}

/// Makes a daemon and runs it: [`Daemon::new`] and [`Daemon::run`].
///
/// # Errors
/// As [`Daemon::run`].
pub async fn run<P, L, S>(
    listener: TcpListener,
    loader: L,
    prober: P,
    signals: S,
    options: Options,
) -> Result<Drained, DaemonError>
where
    P: Prober,
    L: Fn() -> Result<Fleet, LoadError> + Send + Sync + 'static,
    S: Stream<Item = Signal> + Unpin,
{
    Daemon::new(loader, prober, options).run(listener, signals).await
}

impl<P, L> Daemon<P, L>
where
    P: Prober,
    L: Fn() -> Result<Fleet, LoadError> + Send + Sync + 'static,
{
    /// A daemon that asks `loader` for its fleet, at the start and, on a thread of its own, at each reload. Nothing runs yet.
    #[must_use]
    pub fn new(loader: L, prober: P, options: Options) -> Self {
        let time_of_day = Duration::try_from_secs_f64(Timestamp::now().unix_seconds()).unwrap_or_default();
        let metrics = Metrics::new(options.lag.clone());
        let lists = Lists::new(options.selection.clone(), metrics.clone());
        let nothing = Fleet { monitors: Vec::new(), max_concurrent_probes: 1, grace: Duration::ZERO, discoveries: Vec::new() };
        Self {
            supervisor: Supervisor::new(prober, metrics, time_of_day),
            loader: Arc::new(loader),
            options,
            readiness: Readiness::default(),
            configured: nothing,
            lists,
            notifier: Notifier::new(),
        }
    }

    /// What is known about the monitors; for observers of finished probes.
    #[must_use]
    pub const fn board(&self) -> &Board {
        self.supervisor.board()
    }

    /// Runs until a [`Signal::Stop`], or the end of `signals`, and then lets the open holds say goodbye.
    ///
    /// # Errors
    /// If the first configuration cannot be loaded, or the listener cannot be served.
    pub async fn run<S>(mut self, listener: TcpListener, signals: S) -> Result<Drained, DaemonError>
    where
        S: Stream<Item = Signal> + Unpin,
    {
        let mut signals = signals.fuse();
        limits::raise_open_files();
        self.take((self.loader)())?;
        let (reload, mut reloads) = mpsc::channel(RELOAD_BACKLOG);
        let mut server = Server::start(listener, &self.surface(reload), self.options.limits).map_err(DaemonError::Listener)?;
        // Ended when it is dropped, after the last hold has said goodbye.
        let mut company = JoinSet::new();
        company.spawn(self.options.lag.clone().run());
        if let Some(monitor) = self.options.control_line.take() {
            company.spawn(self.supervisor.control_line(monitor, CancellationToken::new()));
        }
        self.readiness.set(true);
        self.notifier.ready();

        let ended = self.work(&mut signals, &mut reloads, &mut server).await;

        info!(grace = ?self.configured.grace, "shutting down");
        self.readiness.set(false);
        self.notifier.stopping();
        // Whoever waits for a reload is told that there will be none.
        drop(reloads);
        let drained = self.drain(&mut signals).await;
        server.stop().await;
        info!(finished = drained.finished, aborted = drained.aborted, "stopped");
        ended.map(|()| drained)
    }

    /// Does what signals, reload requests and tasks ask for, until it is time to stop.
    async fn work<S>(
        &mut self,
        signals: &mut S,
        reloads: &mut mpsc::Receiver<ReloadRequest>,
        server: &mut Server,
    ) -> Result<(), DaemonError>
    where
        S: Stream<Item = Signal> + Unpin,
    {
        let mut reloading = Reloads::new(Arc::clone(&self.loader), self.options.reload_deadline);
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Some(Signal::Reload) => self.reload(&mut reloading, None),
                    Some(Signal::Stop) | None => return Ok(()),
                },
                // Requests queue up behind the reload that is under way.
                Some(request) = reloads.recv(), if reloading.is_idle() => self.reload(&mut reloading, Some(request)),
                loaded = reloading.finished() => {
                    let again = loaded.again;
                    self.reloaded(loaded);
                    if again {
                        self.reload(&mut reloading, None);
                    }
                }
                found = self.lists.next() => self.discovered(found),
                () = self.supervisor.tend() => {}
                () = server.ended() => return Err(DaemonError::ServerEnded),
                () = self.notifier.keep_alive() => {}
            }
        }
    }

    /// Applies what was loaded. On an error, everything stays as it is.
    fn take(&mut self, loaded: Result<Fleet, LoadError>) -> Result<String, LoadError> {
        self.board().metrics().config_loaded(loaded.is_ok().then(Timestamp::now));
        let mut fleet = loaded?;
        let most = limits::most_concurrent_probes();
        if fleet.max_concurrent_probes > most {
            warn!(
                wanted = fleet.max_concurrent_probes,
                most, "fewer probes at a time than configured: the limit of open files is too low"
            );
            fleet.max_concurrent_probes = most;
        }
        self.lists.follow(&fleet.discoveries);
        self.configured = fleet;
        let (monitors, applied) = self.apply();
        let Applied { added, changed, removed, unchanged } = applied;
        info!(monitors, added, changed, removed, unchanged, "configuration loaded");
        Ok(format!("configuration loaded: {added} added, {changed} changed, {removed} removed, {unchanged} unchanged"))
    }

    /// Makes what is configured and discovered what runs; returns how many monitors that are.
    fn apply(&mut self) -> (usize, Applied) {
        let monitors = self.lists.merge(&self.configured.monitors);
        let count = monitors.len();
        (count, self.supervisor.apply(&Fleet { monitors, ..self.configured.clone() }))
    }

    /// Takes in what came of a list of targets. The configuration is not read again for it.
    fn discovered(&mut self, found: Found) {
        let discovery = found.discovery.clone();
        if !self.lists.take(found) {
            return;
        }
        let (monitors, Applied { added, changed, removed, unchanged }) = self.apply();
        info!(%discovery, monitors, added, changed, removed, unchanged, "list of targets taken over");
    }

    /// Begins to load the configuration again.
    fn reload(&self, reloading: &mut Reloads<L>, asked_by: Option<ReloadRequest>) {
        if reloading.is_idle() {
            self.notifier.reloading();
        }
        reloading.begin(asked_by);
    }

    /// Ends a reload, and tells whoever asked for it.
    fn reloaded(&mut self, loaded: Loaded) {
        let result = self.take(loaded.result);
        if let Err(problems) = &result {
            error!("the configuration was not loaded and the old one stays in force:\n{problems}");
        }
        self.notifier.ready();
        if let Some(request) = loaded.asked_by {
            // An error means that the client has gone away.
            let _ = request.send(result.map_err(|error| error.0));
        }
    }

    /// Lets the open holds say goodbye; a second [`Signal::Stop`] cuts that short.
    async fn drain<S>(&mut self, signals: &mut S) -> Drained
    where
        S: Stream<Item = Signal> + Unpin,
    {
        let impatient = async {
            while let Some(signal) = signals.next().await {
                if signal == Signal::Stop {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        let notifier = &self.notifier;
        let keep_alive = async {
            loop {
                notifier.keep_alive().await;
            }
        };
        tokio::select! {
            drained = self.supervisor.drain(self.configured.grace) => return drained,
            () = impatient => warn!("told to stop again: open holds are cut"),
            () = keep_alive => {}
        }
        self.supervisor.drain(Duration::ZERO).await
    }

    fn surface(&self, reload: mpsc::Sender<ReloadRequest>) -> Surface {
        Surface {
            board: self.board().clone(),
            readiness: self.readiness.clone(),
            reload: self.options.enable_lifecycle.then_some(reload),
        }
    }
}

/// The thread that serves the listener.
struct Server {
    thread: Option<JoinHandle<()>>,
    stop: CancellationToken,
    /// Resolves when the thread has ended, however it did.
    done: oneshot::Receiver<()>,
}

impl Server {
    fn start(listener: TcpListener, surface: &Surface, limits: Limits) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let listener = listener.into_std()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, router) = (CancellationToken::new(), http::router(surface.clone(), &limits));
        let (running, done) = oneshot::channel();
        let stopped = stop.clone();
        let serve = move || {
            // Dropped when the thread ends, by a panic as well.
            let _running: oneshot::Sender<()> = running;
            let served = runtime.block_on(async {
                http::serve(TcpListener::from_std(listener)?, router, limits, stopped).await;
                Ok::<_, io::Error>(())
            });
            if let Err(error) = served {
                error!(%error, "the http server could not start");
            }
        };
        let thread = std::thread::Builder::new().name("sidetone-http".to_owned()).spawn(serve)?;
        info!(%address, "listening");
        Ok(Self { thread: Some(thread), stop, done })
    }

    /// Waits until the thread has ended. Can be cancelled.
    async fn ended(&mut self) {
        let _ = (&mut self.done).await;
    }

    /// Ends it, with the requests that are under way.
    async fn stop(mut self) {
        self.stop.cancel();
        if !self.done.is_terminated() {
            self.ended().await;
        }
        // It has ended, so this does not block; a panic has been logged by the hook.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A daemon whose future is dropped leaves no thread behind.
impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
