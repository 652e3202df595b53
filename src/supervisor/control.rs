//! The control line: a line to ourselves that never leaves the machine, and is always probed. If it fails, the fault is the prober's.
//!
//! It has no place in the gate and no slot on a grid, so that nothing holds it up that holds up the others. Deliberately absent: the other
//! end of it, which whoever starts the daemon makes.
//!
//! Invariant: it is on no page and in no series of the monitors.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::fault::report_of_panic;
use super::{Board, Prober};
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::report::Report;
use crate::wall::Timestamp;

/// The least from the end of one probe to the beginning of the next, and the pause after a failure, which is to be confirmed soon.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Probes `monitor` over and over and tells `board`, until `cancel`.
pub(super) async fn watch_control_line<P: Prober>(
    prober: Arc<P>,
    monitor: Arc<Monitor>,
    board: Board,
    cancel: CancellationToken,
) {
    loop {
        let report = Arc::new(report(&*prober, &monitor, &cancel).await);
        if cancel.is_cancelled() {
            return;
        }
        let failed = report.outcome == Outcome::Failure;
        let pause = if failed { SHORTEST_PAUSE } else { monitor.rhythm.interval.max(SHORTEST_PAUSE) };
        match board.record_control_line(&report) {
            Some(true) => info!("the control line on loopback works"),
            Some(false) => warn!(
                reason = report.reason.map(crate::outcome::Reason::label),
                summary = report.summary.as_str(),
                "the control line on loopback fails: suspect this prober, not the endpoints"
            ),
            None => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One probe of it. A panic is the prober's own failure, which is what the line is for.
async fn report<P: Prober>(prober: &P, monitor: &Arc<Monitor>, cancel: &CancellationToken) -> Report {
    let (started_at, started) = (Timestamp::now(), Instant::now());
    let probe = async { prober.probe(Arc::clone(monitor), cancel.clone()).await };
    match AssertUnwindSafe(probe).catch_unwind().await {
        Ok((report, _)) => report,
        Err(panic) => {
            let mut report = report_of_panic(monitor, started_at, started.elapsed().as_secs_f64(), panic.as_ref());
            error!(summary = report.summary.as_str(), "the probe of the control line panicked");
            report.outcome = Outcome::Failure;
            report
        }
    }
}
