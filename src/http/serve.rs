//! The listener: bounded in connections, in time and in the size of a request's head.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::prompt::Prompt;

/// What a client may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's head may take; also how long a connection may idle between two requests.
    pub header_timeout: Duration,
    /// How long an answer may take, `/probe` excepted.
    pub request_timeout: Duration,
    /// How long a client may hold up what is written to it.
    pub write_timeout: Duration,
    /// How long a connection may live, whatever it does.
    pub connection_life: Duration,
    /// How many connections there are at a time; others wait in the kernel's queue.
    pub connections: usize,
    /// How many of the connections may be waiting for `/probe`; the others stay for what is quick. More are refused.
    pub probes: usize,
    /// How long requests that are under way get at the end of a connection's life and at a shutdown.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            // Prometheus' default `scrape_timeout`: an answer that takes longer to fetch is of no use to it.
            write_timeout: Duration::from_secs(10),
            connection_life: Duration::from_secs(600),
            connections: 64,
            probes: 32,
            farewell: Duration::from_secs(5),
        }
    }
}

/// The most that the head of a request may have: far more than any browser or Prometheus sends.
const HEAD_BYTES: usize = 16 * 1024;

/// How long to wait after a failed accept, which is nearly always a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets the requests that are under way finish. No connection is left when it returns.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let mut connections = JoinSet::new();
    while let Some(stream) = next(&listener, &places, &stop).await {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            converse(stream, router, limits, &stop).await;
            drop(place);
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.farewell, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// The next connection, once there is a place for it. `None` after `stop`.
async fn next(listener: &TcpListener, places: &Semaphore, stop: &CancellationToken) -> Option<TcpStream> {
    let accept = async {
        loop {
            // The place itself is taken after the accept; this loop is the only one that takes any.
            drop(places.acquire().await);
            match listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        stream = accept => Some(stream),
    }
}

async fn converse(stream: TcpStream, router: Router, limits: Limits, stop: &CancellationToken) {
    let stream = Prompt::new(stream, limits.write_timeout);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(HEAD_BYTES)
            .pipeline_flush(false)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(limits.connection_life) => {} } } => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(limits.farewell, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection to our listener ended early");
    }
}
