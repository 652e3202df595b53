//! The prober's own lag: how late its timers fire.
//!
//! A task wakes every 20 ms and notes how late it was. By measurement, what a loaded machine adds to a probe's times always lies
//! below that lag, so that a probe can tell its own slowness from the endpoint's. Deliberately
//! absent: judgement, and anything of ours; this module lies below `probe`.
//!
//! Invariant: a stall that is still going on counts, although the ticker has not woken up to note it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// From one tick to the next.
const TICK: Duration = Duration::from_millis(20);

/// How far back the record goes. Longer probes are judged by their last two minutes.
const SECONDS: usize = 120;

/// A shared record of lateness; clones look at the same one.
#[derive(Clone, Debug)]
pub struct LagMeter(Arc<Mutex<Record>>);

#[derive(Debug)]
struct Record {
    maxima: Maxima,
    /// When the ticker is due next; `None` while it does not run.
    due: Option<Instant>,
}

impl LagMeter {
    /// A meter that shows zero until [`LagMeter::run`] is polled.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Record { maxima: Maxima::new(Instant::now()), due: None })))
    }

    /// Ticks for ever; to be spawned on the runtime that is to be measured.
    pub async fn run(self) {
        loop {
            let due = Instant::now() + TICK;
            self.record().due = Some(due);
            tokio::time::sleep_until(due).await;
            let now = Instant::now();
            self.record().maxima.note(now, now.saturating_duration_since(due));
        }
    }

    /// The longest lag since `since`, as far as the record goes back.
    #[must_use]
    pub fn max_since(&self, since: Instant) -> Duration {
        let record = self.record();
        let now = Instant::now();
        let ongoing = record.due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        record.maxima.since(now, since).max(ongoing)
    }

    /// The longest lag within the last `window`.
    #[must_use]
    pub fn max_within(&self, window: Duration) -> Duration {
        let now = Instant::now();
        self.max_since(now.checked_sub(window).unwrap_or(now))
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LagMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// The maximum of each of the last 120 seconds.
#[derive(Debug)]
pub(crate) struct Maxima {
    start: Instant,
    /// The second's number since `start`, and its maximum; second `n` lies at `n % SECONDS`.
    ring: Box<[(u64, Duration); SECONDS]>,
}

impl Maxima {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, ring: Box::new([(0, Duration::ZERO); SECONDS]) }
    }

    pub(crate) fn note(&mut self, now: Instant, value: Duration) {
        let second = self.second(now);
        let place = &mut self.ring[Self::place(second)];
        if place.0 == second {
            place.1 = place.1.max(value);
        } else {
            *place = (second, value);
        }
    }

    /// The maximum from the second of `since` on.
    pub(crate) fn since(&self, now: Instant, since: Instant) -> Duration {
        let oldest = self.second(now).saturating_sub(SECONDS as u64 - 1).max(self.second(since));
        self.ring.iter().filter(|(second, _)| *second >= oldest).map(|&(_, value)| value).max().unwrap_or_default()
    }

    fn second(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.start).as_secs()
    }

    fn place(second: u64) -> usize {
        usize::try_from(second % SECONDS as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test(start_paused = true)]
    async fn the_record_goes_back_two_minutes_by_seconds() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut maxima = Maxima::new(start);
        maxima.note(at(0), ms(7));
        maxima.note(at(5), ms(90));
        maxima.note(at(5), ms(30));
        maxima.note(at(60), ms(20));
        assert_eq!(maxima.since(at(60), at(0)), ms(90));
        assert_eq!(maxima.since(at(60), at(6)), ms(20));
        assert_eq!(maxima.since(at(60), at(61)), ms(0));
        assert_eq!(maxima.since(at(124), at(0)), ms(90), "119 s ago");
        assert_eq!(maxima.since(at(125), at(0)), ms(20), "120 s ago is out of the record");
        maxima.note(at(125), ms(1));
        assert_eq!(maxima.since(at(125), at(120)), ms(1), "a new second takes the old one's place");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_tick_is_noted_and_an_ongoing_stall_counts() {
        let meter = LagMeter::new();
        let mut ticker = JoinSet::new();
        ticker.spawn(meter.clone().run());
        let start = Instant::now();
        tokio::time::sleep(ms(100)).await;
        assert!(meter.max_since(start) <= ms(2), "no lag on a paused clock, which rounds to milliseconds");
        // The ticker does not get to run between these two lines: a stall as the loop sees it.
        tokio::time::advance(ms(300)).await;
        let stalled = Instant::now();
        assert!(meter.max_since(start) >= ms(280), "{:?}", meter.max_since(start));
        tokio::time::sleep(ms(100)).await;
        assert!(meter.max_since(start) >= ms(280), "noted by the tick that was late");
        assert!(meter.max_since(stalled + Duration::from_secs(2)) <= ms(2), "and forgotten by those who begin later");
    }

    #[tokio::test(start_paused = true)]
    async fn a_meter_that_does_not_run_shows_zero() {
        let meter = LagMeter::default();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(meter.max_within(Duration::from_secs(60)), Duration::ZERO);
    }
}
