//! The control line: a line to ourselves that never leaves the machine, and is always probed. If it fails, the fault is the prober's.
//!
//! It has no place in the gate and no slot on a grid, so that nothing holds it up that holds up the others. Deliberately absent: the other
//! end of it, which whoever starts the daemon makes.
//!
//! Invariant: it is on no page and in no series of the monitors.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Board, Prober};
use crate::monitor::Monitor;

/// The least from the end of one probe to the beginning of the next.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Probes `monitor` over and over and tells `board`, until `cancel`.
pub(super) async fn watch_control_line<P: Prober>(
    prober: Arc<P>,
    monitor: Arc<Monitor>,
    board: Board,
    cancel: CancellationToken,
) {
    let pause = monitor.rhythm.interval.max(SHORTEST_PAUSE);
    loop {
        let (report, _) = prober.probe(Arc::clone(&monitor), cancel.clone()).await;
        if cancel.is_cancelled() {
            return;
        }
        let report = Arc::new(report);
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
