//! Our own pings: when the next one is due, and whether the last one was answered.

use std::time::Duration;

use bytes::Bytes;

use crate::monitor::PingPlan;

/// The pings of one line.
#[derive(Debug)]
pub(super) struct Pinger {
    interval: Duration,
    timeout: Duration,
    next: Duration,
    /// The payload and time of the ping that is out.
    pending: Option<(u64, Duration)>,
    sent: u64,
    rtt: Option<Duration>,
}

impl Pinger {
    pub(super) const fn new(plan: &PingPlan) -> Self {
        Self { interval: plan.interval, timeout: plan.timeout, next: plan.interval, pending: None, sent: 0, rtt: None }
    }

    /// The payload of the ping that is due now; none while one is unanswered.
    pub(super) fn take(&mut self, now: Duration) -> Option<Bytes> {
        if self.next > now {
            return None;
        }
        while self.next <= now {
            self.next += self.interval;
        }
        if self.pending.is_some() {
            return None;
        }
        self.sent += 1;
        self.pending = Some((self.sent, now));
        Some(Bytes::copy_from_slice(&self.sent.to_be_bytes()))
    }

    /// A pong came. One for an older ping, or one that nobody asked for, answers nothing (RFC 6455 section 5.5.3).
    pub(super) fn pong(&mut self, payload: &[u8], now: Duration) {
        if let Some((_, sent_at)) = self.pending.filter(|(number, _)| payload == number.to_be_bytes()) {
            self.rtt = Some(now.saturating_sub(sent_at));
            self.pending = None;
        }
    }

    /// When the next ping is due.
    pub(super) const fn next(&self) -> Duration {
        self.next
    }

    /// When the pong for the ping that is out is overdue.
    pub(super) fn pong_due(&self) -> Option<Duration> {
        self.pending.map(|(_, sent_at)| sent_at + self.timeout)
    }

    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// The last round trip.
    pub(super) const fn rtt(&self) -> Option<Duration> {
        self.rtt
    }
}
