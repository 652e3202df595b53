//! When a monitor probes: a fixed grid, spread by name.
//!
//! Slots lie at `phase + k · period` on a time line that the caller chooses (the daemon's is Unix time, so that a restart does not
//! shift the grid); the phase is a hash of the name. A probe that runs late neither delays the slots after it nor makes up for
//! those it ran over: they are skipped and counted (coordinated omission, wrk2's rule). Deliberately absent: clocks and sleeping.
//!
//! Invariant: same name, same period, same grid, on every machine and in every version.

use std::time::Duration;

/// The longest that a monitor that has just been started waits for its first probe.
pub const LONGEST_OPENING: Duration = Duration::from_secs(10);

/// The most that is added to `confirm_after`, so that monitors that failed together do not confirm together.
pub const CONFIRMATION_JITTER: Duration = Duration::from_secs(3);

/// The slots of one monitor at one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    phase: Duration,
    period: Duration,
}

impl Grid {
    /// The grid of the monitor `name`. The period is taken as at least one nanosecond and at most 584 years.
    #[must_use]
    pub fn new(name: &str, period: Duration) -> Self {
        let period = period.clamp(Duration::from_nanos(1), Duration::from_nanos(u64::MAX));
        Self { phase: spread(hash(name.as_bytes()), period), period }
    }

    /// The first slot at or after `at`.
    #[must_use]
    pub fn slot_at_or_after(&self, at: Duration) -> Duration {
        self.slot(self.first_slot_number(at))
    }

    /// The first slot later than `at`.
    #[must_use]
    pub fn slot_after(&self, at: Duration) -> Duration {
        self.slot_at_or_after(at.saturating_add(Duration::from_nanos(1)))
    }

    /// How many slots lie strictly between the two times.
    #[must_use]
    pub fn slots_between(&self, after: Duration, before: Duration) -> u64 {
        let first = self.first_slot_number(after.saturating_add(Duration::from_nanos(1)));
        let end = self.first_slot_number(before);
        u64::try_from(end.saturating_sub(first)).unwrap_or(u64::MAX)
    }

    fn first_slot_number(&self, at: Duration) -> u128 {
        at.saturating_sub(self.phase).as_nanos().div_ceil(self.period.as_nanos())
    }

    fn slot(&self, number: u128) -> Duration {
        nanoseconds(self.period.as_nanos().saturating_mul(number)).saturating_add(self.phase)
    }
}

/// How long a monitor that has just been started waits for its first probe, which lies off the grid: nobody wants to wait
/// for a whole interval to hear how a new monitor fares, and a hundred new ones shall not dial in the same instant.
#[must_use]
pub fn opening(name: &str, period: Duration) -> Duration {
    spread(hash(name.as_bytes()), period.min(LONGEST_OPENING))
}

/// The first slot after an opening probe at `opened`; at least half a period lies between.
#[must_use]
pub fn slot_after_opening(grid: &Grid, opened: Duration) -> Duration {
    grid.slot_at_or_after(opened.saturating_add(grid.period / 2))
}

/// How long after the end of a first failure the confirmation starts: `confirm_after` and up to three seconds, by a hash of
/// the name and the probe's number.
#[must_use]
pub fn confirmation(name: &str, probe_number: u64, confirm_after: Duration) -> Duration {
    let mut key = name.as_bytes().to_vec();
    key.extend_from_slice(&probe_number.to_le_bytes());
    confirm_after.saturating_add(spread(hash(&key), CONFIRMATION_JITTER))
}

/// A point in `[0, length)`, by the hash.
fn spread(hash: u64, length: Duration) -> Duration {
    nanoseconds((u128::from(hash) * length.as_nanos()) >> 64)
}

fn nanoseconds(count: u128) -> Duration {
    const PER_SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(count / PER_SECOND).unwrap_or(u64::MAX);
    let rest = u32::try_from(count % PER_SECOND).unwrap_or(0);
    Duration::new(seconds, rest)
}

/// FNV-1a, then the finaliser of MurmurHash3, without which names that differ in their last letter alone land close
/// together. Written out, since the hashers of std may change from one release to the next.
fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut mixed = fnv;
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn grid(phase: u64, period: u64) -> Grid {
        Grid { phase: Duration::from_secs(phase), period: Duration::from_secs(period) }
    }

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn slots_lie_on_the_grid() {
        // (phase, period, at, the slot at or after it, the slot after it)
        let rows = [
            (7, 60, 0, 7, 7),
            (7, 60, 7, 7, 67),
            (7, 60, 8, 67, 67),
            (7, 60, 67, 67, 127),
            (0, 30, 0, 0, 30),
            (0, 30, 31, 60, 60),
            (7, 60, 1_795_168_800, 1_795_168_807, 1_795_168_807),
        ];
        for (phase, period, at, at_or_after, after) in rows {
            let grid = grid(phase, period);
            assert_eq!(grid.slot_at_or_after(secs(at)), secs(at_or_after), "{grid:?} at {at}");
            assert_eq!(grid.slot_after(secs(at)), secs(after), "{grid:?} at {at}");
        }
    }

    #[test]
    fn slots_that_were_run_over_are_counted() {
        // (phase, period, intended start, end, skipped)
        let rows = [
            (7, 60, 7, 17, 0),
            (7, 60, 7, 67, 0),
            (7, 60, 7, 68, 1),
            (7, 60, 7, 200, 3),
            (0, 10, 3, 13, 1),
            (7, 60, 7, 7, 0),
            (7, 60, 9, 8, 0),
        ];
        for (phase, period, intended, end, skipped) in rows {
            assert_eq!(grid(phase, period).slots_between(secs(intended), secs(end)), skipped, "{intended} to {end}");
        }
    }

    #[test]
    fn the_hash_stays_as_it_is() {
        // Whoever changes these numbers shifts every grid in the field by an upgrade.
        assert_eq!(hash(b""), 0xefd0_1f60_ba99_2926);
        assert_eq!(hash(b"booking-agent"), 0x5603_933d_f3ec_94d6);
    }

    #[test]
    fn names_are_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for n in 0..1_000 {
            let phase = Grid::new(&format!("agent-{n}"), MINUTE).phase;
            tenths[usize::try_from(phase.as_secs() / 6).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|&count| (60..140).contains(&count)), "{tenths:?}");
    }

    #[test]
    fn confirmations_have_jitter_that_differs_from_probe_to_probe() {
        let confirm = |n| confirmation("a", n, secs(2));
        assert!((0..100).all(|n| confirm(n) >= secs(2) && confirm(n) < secs(5)));
        assert_ne!(confirm(1), confirm(2));
        assert_eq!(confirm(1), confirm(1));
    }

    #[test]
    fn a_first_probe_comes_soon_and_the_second_not_at_once() {
        for n in 0..200 {
            let name = format!("agent-{n}");
            for period in [secs(1), secs(5), MINUTE, secs(3600)] {
                let opened = secs(1_000_000) + opening(&name, period);
                assert!(opening(&name, period) < period.min(LONGEST_OPENING));
                let next = slot_after_opening(&Grid::new(&name, period), opened);
                assert!(next - opened >= period / 2 && next - opened <= period * 3 / 2, "{name} {period:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_slot_is_on_the_grid_and_the_nearest(name in "[a-z]{1,8}", period in 1_u64..10_000_000, at in 0_u64..4_000_000_000_000) {
            let (period, at) = (Duration::from_millis(period), Duration::from_millis(at));
            let grid = Grid::new(&name, period);
            let slot = grid.slot_at_or_after(at);
            prop_assert!(slot >= at);
            prop_assert!(slot < at + period || slot == grid.phase);
            prop_assert_eq!((slot - grid.phase).as_nanos() % period.as_nanos(), 0);
            prop_assert_eq!(grid.slot_after(slot), slot + period);
        }

        #[test]
        fn no_slot_is_lost(phase in 0_u64..60, start in 0_u64..10_000, length in 0_u64..10_000) {
            // What was skipped, and the next one, are all the slots up to the next one.
            let grid = grid(phase, 60);
            let (from, to) = (secs(start), secs(start + length));
            let next = grid.slot_at_or_after(to);
            let mut slot = grid.slot_after(from);
            let mut skipped = 0;
            while slot < next {
                skipped += 1;
                slot = grid.slot_after(slot);
            }
            prop_assert_eq!(grid.slots_between(from, to), skipped);
        }

        #[test]
        fn extreme_times_do_not_panic(at in any::<u64>(), period in any::<u64>()) {
            let grid = Grid::new("x", secs(period));
            let _ = (grid.slot_after(secs(at)), grid.slots_between(Duration::ZERO, Duration::MAX), grid.slot_at_or_after(Duration::MAX));
        }
    }
}
