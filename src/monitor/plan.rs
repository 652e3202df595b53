//! When a monitor probes, how it holds the line, and when it counts as down.

use std::time::Duration;

use crate::outcome::words;

/// The rhythm of the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// From one probe's start to the next one's.
    pub interval: Duration,
    /// The interval while the monitor is not ok, if it is to be another one.
    pub interval_failing: Option<Duration>,
    /// How long after a first failure the confirmation probe starts (with jitter on top).
    pub confirm_after: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60), interval_failing: None, confirm_after: Duration::from_secs(2) }
    }
}

words! {
    /// What may be tried after a failure.
    FollowUps {
        /// Nothing.
        Off = "off",
        /// What ends before a session could begin a second time: lookups, connections, handshakes, ordinary requests; upgrades only where none
        /// had succeeded, and no more of them after the first that does.
        Safe = "safe",
        /// Everything: the line is opened and held again and again, which may start paid sessions.
        Full = "full",
    }
}

/// What flows while the line is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The dialect's hello and media.
    #[default]
    Streamed,
    /// Nothing but pongs, and pings if they are configured.
    Idle,
}

impl Mode {
    /// The word in `monitors.toml`, metrics and reports.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Streamed => "streamed",
            Self::Idle => "idle",
        }
    }
}

/// How the line is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldPlan {
    /// What flows.
    pub mode: Mode,
    /// For how long.
    pub target: Duration,
    /// The server may end the line with an accepted code after this time; never if it is not set.
    pub min_hold: Option<Duration>,
    /// The codes with which it may do so; 1000 alone if it is empty. Of no effect without `min_hold`.
    pub accept_codes: Vec<u16>,
    /// Our own pings. None by default, as most providers send none and pings keep idle timers from firing.
    pub ping: Option<PingPlan>,
    /// How long writes may be stuck, or packets unacknowledged, before the line counts as dead.
    pub stall_timeout: Duration,
    /// How long the server may take to answer our Close.
    pub close_timeout: Duration,
    /// What a server may send at most.
    pub budgets: Budgets,
}

impl HoldPlan {
    /// How long we read on after the end, for a Close that is still on its way: a server that closes with our audio unread resets,
    /// and its Close may lie before the reset.
    pub const DRAIN: Duration = Duration::from_millis(250);

    /// May the server end the line with this code (1005 for a Close without one) when it has `lasted` that long? Not before
    /// `min_hold`, and never if there is none.
    #[must_use]
    pub fn allows_end(&self, lasted: Duration, code: u16) -> bool {
        let Some(min_hold) = self.min_hold else { return false };
        let codes: &[u16] = if self.accept_codes.is_empty() { &[1000] } else { &self.accept_codes };
        lasted >= min_hold && codes.contains(&code)
    }
}

impl Default for HoldPlan {
    fn default() -> Self {
        Self {
            mode: Mode::Streamed,
            target: Duration::from_secs(10),
            min_hold: None,
            accept_codes: Vec::new(),
            ping: None,
            stall_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(2),
            budgets: Budgets::default(),
        }
    }
}

/// Our own pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingPlan {
    /// From one ping to the next.
    pub interval: Duration,
    /// How long the pong may take.
    pub timeout: Duration,
}

/// What a server may send at most; over it, the line is closed with 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes over the whole hold. Speech both ways at 24 kHz in base64 is 0.13 MB/s, so that this is two minutes of it; longer holds
    /// get in proportion ([`Budgets::bytes_for`]).
    pub bytes: u64,
    /// Frames in any one second, pings included. By default more than the 3072 that Vonage keeps and a server may send at once.
    pub frames_per_second: u32,
    /// Bytes of one frame. By default room for a minute of L16 at 24 kHz in base64: some providers take audio of any length at once.
    pub frame_bytes: usize,
    /// Bytes of one message.
    pub message_bytes: usize,
}

impl Budgets {
    /// The byte budget of a hold of this length: `bytes`, or 256 KiB a second if that is more.
    #[must_use]
    pub fn bytes_for(&self, hold: Duration) -> u64 {
        self.bytes.max(hold.as_secs().saturating_mul(256 * 1024))
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self { bytes: 16 << 20, frames_per_second: 4_000, frame_bytes: 4 << 20, message_bytes: 4 << 20 }
    }
}

/// When a monitor counts as down, and as up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures in a row until `down`; 1 or more.
    pub fail_after: u32,
    /// Successes in a row until `ok` again; 1 or more.
    pub recover_after: u32,
    /// Share of changes among the last 21 results above which the monitor counts as flapping, in percent (Nagios' weighting). While
    /// it flaps, it stays down.
    pub flap_high: u32,
    /// Share below which it no longer does.
    pub flap_low: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { fail_after: 2, recover_after: 2, flap_high: 50, flap_low: 25 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_allowed_only_as_configured() {
        let secs = Duration::from_secs;
        let plan = |min_hold: Option<u64>, codes: &[u16]| HoldPlan {
            min_hold: min_hold.map(secs),
            accept_codes: codes.to_vec(),
            ..HoldPlan::default()
        };
        assert!(!plan(None, &[]).allows_end(secs(9), 1000), "nothing is allowed by default");
        assert!(plan(Some(3), &[]).allows_end(secs(3), 1000));
        assert!(!plan(Some(3), &[]).allows_end(secs(2), 1000), "too early");
        assert!(!plan(Some(3), &[]).allows_end(secs(9), 1011), "another code");
        assert!(!plan(None, &[4000]).allows_end(secs(9), 4000), "a code alone allows nothing, or a line of 0 s would be good");
        assert!(plan(Some(3), &[4000]).allows_end(secs(3), 4000));
        assert!(!plan(Some(3), &[4000]).allows_end(secs(9), 1000), "1000 has to be listed as well then");
    }
}
