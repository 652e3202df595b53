//! From an open stream to the end of the line: upgrade, hold, goodbye.
//!
//! Generic over the stream; [`super::probe`] hands in TCP or TLS, the tests hand in pipes.

use std::time::Duration;

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

use super::blame;
use super::drive::{self, Shell};
use super::frames::FrameReader;
use super::line::{Tap, Transport};
use super::upgrade::Accepted;
use crate::hold::{Ending, Hold, PathSample, Tally};
use crate::monitor::Monitor;
use crate::verdict::{HoldFacts, WireClose};

/// What TLS means for the end of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Security {
    pub(super) tls: bool,
    pub(super) with_client_certificate: bool,
}

/// A line from its 101 to its last byte.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) facts: HoldFacts,
    /// From the 101 to the end of the line, or to our goodbye.
    pub(super) lasted: Duration,
    /// From our goodbye to the last byte, if we said goodbye.
    pub(super) goodbye: Option<Duration>,
    pub(super) tally: Tally,
    /// The kernel's last word.
    pub(super) path: Option<PathSample>,
    pub(super) length_not_minimal: bool,
    pub(super) data_after_close: bool,
    pub(super) code_is_illegal: bool,
}

/// Holds the line over `stream`, on which `accepted` has just been read.
pub(super) async fn hold_line<S: Transport>(
    stream: S,
    accepted: Accepted,
    monitor: &Monitor,
    security: Security,
    cancel: &CancellationToken,
) -> Held {
    let origin = accepted.at;
    let budgets = &monitor.hold.budgets;
    let tap = Tap::new(stream, FrameReader::new(budgets), &accepted.tail, origin);
    let ws = WebSocketStream::from_partially_read(tap, accepted.tail, Role::Client, Some(drive::settings(budgets))).await;
    let mut shell = Shell::new(ws, origin);
    let mut hold = Hold::new(monitor);
    let ending = shell.drive(&mut hold, cancel).await;
    summarise(&shell, &hold, ending, monitor, security, origin.elapsed())
}

fn summarise<S: Transport>(
    shell: &Shell<S>,
    hold: &Hold,
    ending: Ending,
    monitor: &Monitor,
    security: Security,
    total: Duration,
) -> Held {
    let tap = shell.tap();
    let tally = hold.tally();
    let lasted = hold.lasted();
    let close = tap.frames.close.clone();
    let code = close.as_ref().map_or(1006, WireClose::reported_code);
    let facts = HoldFacts {
        ending,
        violation: tap.frames.violation.or(shell.violation),
        stream_end: tap
            .end
            .as_ref()
            .map(|end| blame::stream_end(end.error.as_ref(), security.tls, security.with_client_certificate)),
        mid_frame: tap.frames.is_mid_frame(),
        path: hold.path(),
        lossy: tally.lossy,
        end_is_allowed: monitor.hold.allows_end(lasted, code),
        clean_close: monitor.expect.clean_close,
        starved: tally.frames_skipped > 0 && monitor.expect.judges_audio(),
        close,
    };
    let we_said_goodbye = !matches!(ending, Ending::PeerClosed | Ending::PeerGone | Ending::WriteStalled | Ending::Blackhole);
    Held {
        lasted,
        goodbye: we_said_goodbye.then(|| total.saturating_sub(lasted)),
        tally,
        path: tap.stream().path_sample(),
        length_not_minimal: tap.frames.length_not_minimal,
        data_after_close: tap.frames.data_after_close,
        code_is_illegal: facts.close.as_ref().is_some_and(WireClose::code_is_illegal),
        facts,
    }
}
