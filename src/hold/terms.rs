//! What the hold is told, what it asks for, and how it can end.

use std::time::Duration;

use bytes::Bytes;

use super::ear::Unmet;
use super::path::PathSample;
use crate::dialect::{Incoming, Wire};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Time passed.
    Tick,
    /// A message came.
    Message(Incoming<'a>),
    /// A ping came (and is being answered).
    Ping,
    /// A pong came, with this payload.
    Pong(&'a [u8]),
    /// A Close frame came.
    PeerClosed,
    /// The connection ended.
    PeerGone,
    /// The peer broke the WebSocket protocol; nothing more can be read.
    Violation {
        /// The code to close with.
        code: u16,
    },
    /// The kernel takes no more of what we send.
    WriteBlocked,
    /// Everything that we sent is with the kernel.
    WriteFlushed,
    /// These were the latest bytes that came, of any kind but a Close.
    Received,
    /// A look at the kernel's counters.
    Path(PathSample),
    /// Frames and bytes that have come so far, of every kind.
    Traffic {
        /// Frames.
        frames: u64,
        /// Bytes.
        bytes: u64,
    },
    /// We have to stop (shutdown, or the monitor was changed).
    Cancel,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this, then poll again.
    Send(Outgoing),
    /// Nothing to do before this time, unless something happens.
    WaitUntil(Duration),
    /// The hold is over.
    Done(Ending),
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A data frame.
    Data(Wire),
    /// A ping with this payload.
    Ping(Bytes),
    /// A Close with this code.
    Close(u16),
}

/// How the hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The line lived as planned and we said goodbye.
    Completed(Goodbye),
    /// The server sent a Close before we did.
    PeerClosed,
    /// The connection ended without a Close.
    PeerGone,
    /// The server broke the WebSocket protocol.
    Violation,
    /// Our ping was not answered in time.
    PingTimeout,
    /// The server took nothing for the stall timeout.
    WriteStalled,
    /// Nothing was acknowledged for the stall timeout.
    Blackhole,
    /// The server sent more than the budget.
    Flood,
    /// The server did not do what the monitor expects.
    Unmet(Unmet),
    /// The server did not open the session in time.
    NotAnswered,
    /// The server refused the session in the dialect's words.
    Refused,
    /// The server ended the call in the dialect's words.
    HungUp,
    /// We had to stop.
    Cancelled,
}

/// How our goodbye was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodbye {
    /// The server answered our Close, or closed on the dialect's farewell.
    Answered,
    /// The server ended the connection without a Close.
    Unacknowledged,
    /// Nothing came in time.
    TimedOut,
}

/// The numbers of a hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Media frames that we sent.
    pub frames_sent: u64,
    /// Audio frames that came.
    pub frames_received: u64,
    /// Bytes of the audio that came.
    pub bytes_received: u64,
    /// Messages of any kind that came.
    pub messages_received: u64,
    /// When the first message came.
    pub first_message: Option<Duration>,
    /// When the first audio came.
    pub first_audio: Option<Duration>,
    /// The longest pause between two audio frames that came.
    pub longest_gap: Option<Duration>,
    /// Bytes a second of the audio that came.
    pub byte_rate: Option<f64>,
    /// Jitter of the audio that came (RFC 3550 section 6.4.1).
    pub jitter: Option<Duration>,
    /// When the last bytes came before the line ended or our goodbye began; the Close that ended it does not count.
    pub last_received: Option<Duration>,
    /// When we last sent something before that, pongs among it.
    pub last_sent: Option<Duration>,
    /// Marks of the server that were played and answered.
    pub marks_played: u64,
    /// Marks of the server that were thrown away with the audio before them.
    pub marks_cleared: u64,
    /// The longest that one of them waited to be played.
    pub slowest_mark: Option<Duration>,
    /// How often the server threw away what waited to be played.
    pub clears: u64,
    /// Pings that we sent.
    pub pings_sent: u64,
    /// Pings that came.
    pub pings_received: u64,
    /// The last round trip of a ping.
    pub rtt: Option<Duration>,
    /// The latest that one of our frames was.
    pub pacing_late: Duration,
    /// Frames left out because we were too late for them.
    pub frames_skipped: u64,
    /// Frames left out because the server did not take what was sent before them.
    pub frames_not_taken: u64,
    /// The longest that the server was seen not to read (its window was closed).
    pub longest_stop: Duration,
    /// Segments that the kernel sent again during the hold.
    pub retransmits: u32,
    /// They were so many that the path loses packets.
    pub lossy: bool,
}
