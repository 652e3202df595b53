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
use crate::dialect::{Call, Remarks};
use crate::hold::{Ending, Goodbye, Hold, PathSample, Tally};
use crate::monitor::Monitor;
use crate::verdict::{HoldFacts, WireClose};
use crate::wall::Timestamp;

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
    /// From our goodbye until it was answered or given up, if we said goodbye.
    pub(super) goodbye: Option<Duration>,
    pub(super) tally: Tally,
    /// What was odd about what came.
    pub(super) remarks: Remarks,
    /// The kernel's last word.
    pub(super) path: Option<PathSample>,
    pub(super) length_not_minimal: bool,
    pub(super) data_after_close: bool,
    pub(super) code_is_illegal: bool,
}

impl Held {
    /// Did the server's Close end the line?
    pub(super) fn server_closed_first(&self) -> bool {
        matches!(self.facts.ending, Ending::PeerClosed | Ending::PeerGone) && self.facts.close.is_some()
    }

    /// The code with which the server answered our Close, if it is another than an echo, no code, or "going away".
    pub(super) fn answered_with_trouble(&self) -> Option<u16> {
        let code = self.facts.close.as_ref()?.reported_code();
        let answered = self.facts.ending == Ending::Completed(Goodbye::Answered);
        (answered && !matches!(code, 1000 | 1001 | 1005)).then_some(code)
    }
}

/// Holds the line over `stream`, on which `accepted` has just been read.
pub(super) async fn hold_line<S: Transport>(
    stream: S,
    accepted: Accepted,
    monitor: &Monitor,
    call: &Call,
    security: Security,
    cancel: &CancellationToken,
) -> Held {
    let origin = accepted.at;
    let budgets = &monitor.hold.budgets;
    let tap = Tap::new(stream, FrameReader::new(budgets), &accepted.tail, origin);
    let ws = WebSocketStream::from_partially_read(tap, accepted.tail, Role::Client, Some(drive::settings(budgets))).await;
    let mut shell = Shell::new(ws, origin);
    let up = u64::try_from(Timestamp::now().unix_millis()).unwrap_or(u64::MAX);
    let mut hold = Hold::new(monitor, &call.up_at(up));
    let ending = shell.drive(&mut hold, cancel).await;
    summarise(&shell, &hold, ending, monitor, security)
}

fn summarise<S: Transport>(shell: &Shell<S>, hold: &Hold, ending: Ending, monitor: &Monitor, security: Security) -> Held {
    let tap = shell.tap();
    let tally = hold.tally();
    let lasted = hold.lasted();
    let close = tap.frames.close.clone();
    // A provider that is told to hang up closes the line as after a call.
    let hung_up = ending == Ending::HungUp;
    let code = if hung_up { 1000 } else { close.as_ref().map_or(1006, WireClose::reported_code) };
    let facts = HoldFacts {
        ending,
        violation: shell.broken_rule(),
        stream_end: tap
            .end
            .as_ref()
            .map(|end| blame::stream_end(end.error.as_ref(), security.tls, security.with_client_certificate)),
        mid_frame: tap.frames.is_mid_frame(),
        path: hold.path(),
        lossy: tally.lossy,
        unmet: hold.unmet(),
        end_is_allowed: monitor.hold.allows_end(lasted, code),
        clean_close: monitor.expect.clean_close,
        starved: tally.frames_skipped > 0 && monitor.expect.judges_audio(),
        close,
    };
    Held {
        lasted,
        goodbye: hold.goodbye_took(),
        tally,
        remarks: hold.remarks(),
        path: tap.stream().path_sample(),
        length_not_minimal: tap.frames.length_not_minimal,
        data_after_close: tap.frames.data_after_close,
        code_is_illegal: facts.close.as_ref().is_some_and(WireClose::code_is_illegal),
        facts,
    }
}
