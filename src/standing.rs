//! How a monitor stands: ok, suspect, down or unknown, with hysteresis.
//!
//! One failure makes a monitor suspect; `fail_after` failures in a row make it down; `recover_after` successes in a row make it
//! ok again (one is enough for a monitor that was only suspect). A monitor that flaps and is down stays down until it has
//! settled, so that a page does not come and go. Deliberately absent: clocks, and any influence on the raw results.
//!
//! Invariant: an inconclusive probe changes nothing.

use std::collections::VecDeque;

use crate::monitor::Thresholds;
use crate::outcome::{Outcome, words};
use crate::wall::Timestamp;

words! {
    /// The confirmed state of a monitor.
    State {
        /// It works.
        Ok = "ok",
        /// The last probe failed, which is not confirmed yet.
        Suspect = "suspect",
        /// It is down, and that is confirmed.
        Down = "down",
        /// No probe has come to a conclusion yet.
        Unknown = "unknown",
    }
}

/// The state machine of one monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    thresholds: Thresholds,
    state: State,
    since: Timestamp,
    in_a_row: Run,
    /// Was it a success? The newest is last; at most [`REMEMBERED`].
    recent: VecDeque<bool>,
    flapping: bool,
}

/// How many equal results in a row there have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    successes: u32,
    failures: u32,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The state before.
    pub from: State,
    /// The state now.
    pub to: State,
    /// Since when it had been in the state before.
    pub since: Timestamp,
    /// When it changed.
    pub at: Timestamp,
}

/// Nagios looks at the last 21 results, which are 20 pairs of neighbours (Nagios Core, "Detection and Handling of State Flapping").
const REMEMBERED: usize = 21;

impl Standing {
    /// A monitor about which nothing is known, since `at`.
    #[must_use]
    pub fn new(thresholds: Thresholds, at: Timestamp) -> Self {
        Self {
            thresholds,
            state: State::Unknown,
            since: at,
            in_a_row: Run::default(),
            recent: VecDeque::with_capacity(REMEMBERED),
            flapping: false,
        }
    }

    /// Takes in the outcome of a probe that ended at `at`.
    pub fn observe(&mut self, outcome: Outcome, at: Timestamp) -> Option<Change> {
        let success = match outcome {
            Outcome::Success => true,
            Outcome::Failure => false,
            Outcome::Inconclusive => return None,
        };
        self.in_a_row = if success {
            Run { successes: self.in_a_row.successes.saturating_add(1), failures: 0 }
        } else {
            Run { successes: 0, failures: self.in_a_row.failures.saturating_add(1) }
        };
        self.remember(success);
        self.change_to(self.next_state(success), at)
    }

    /// Other thresholds, from the next probe on.
    pub const fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Since when it has been in this state.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Does it go up and down too often to be believed?
    #[must_use]
    pub const fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// Suspect or down.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        matches!(self.state, State::Suspect | State::Down)
    }

    /// The weighted share of changes among the last 21 results, in percent: the newest pair counts 1.2, the oldest 0.8, as
    /// Nagios weighs them. Results that have not come yet count as no change.
    #[must_use]
    pub fn share_of_changes(&self) -> f64 {
        const PAIRS: f64 = (REMEMBERED - 1) as f64;
        let newest_first = self.recent.iter().rev();
        let pairs = newest_first.clone().zip(newest_first.skip(1));
        let weigh = |age: usize| 1.2 - 0.4 * age as f64 / (PAIRS - 1.0);
        let changes: f64 = pairs.enumerate().filter(|(_, (newer, older))| newer != older).map(|(age, _)| weigh(age)).sum();
        changes / PAIRS * 100.0
    }

    fn remember(&mut self, success: bool) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(success);
        let share = self.share_of_changes();
        let threshold = if self.flapping { self.thresholds.flap_low } else { self.thresholds.flap_high };
        self.flapping = share > f64::from(threshold);
    }

    fn next_state(&self, success: bool) -> State {
        let confirmed_down = self.in_a_row.failures >= self.thresholds.fail_after;
        let recovered = self.in_a_row.successes >= self.thresholds.recover_after && !self.flapping;
        match (self.state, success) {
            (State::Down, true) if !recovered => State::Down,
            (_, true) => State::Ok,
            (State::Down, false) => State::Down,
            (_, false) if confirmed_down => State::Down,
            (_, false) => State::Suspect,
        }
    }

    fn change_to(&mut self, to: State, at: Timestamp) -> Option<Change> {
        if to == self.state {
            return None;
        }
        let change = Change { from: self.state, to, since: self.since, at };
        self.state = to;
        self.since = at;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn standing(fail_after: u32, recover_after: u32) -> Standing {
        let thresholds = Thresholds { fail_after, recover_after, ..Thresholds::default() };
        Standing::new(thresholds, Timestamp::from_unix_seconds(0))
    }

    /// Plays `+` success, `-` failure, `?` inconclusive; returns the states as one letter each: o, s, d, u.
    fn play(standing: &mut Standing, script: &str) -> String {
        let mut states = String::new();
        for (second, sign) in script.chars().enumerate() {
            let outcome = match sign {
                '+' => Outcome::Success,
                '-' => Outcome::Failure,
                _ => Outcome::Inconclusive,
            };
            standing.observe(outcome, Timestamp::from_unix_seconds(i64::try_from(second).unwrap()));
            states.push_str(&standing.state().label()[..1]);
        }
        states
    }

    #[test]
    fn scripts() {
        // (fail_after, recover_after, results, states)
        let rows = [
            (2, 2, "+++", "ooo"),
            (2, 2, "+-+", "oso"),
            (2, 2, "+--++", "osddo"),
            (2, 2, "+--+-+", "osdddd"),
            (2, 2, "--", "sd"),
            (1, 1, "+-+", "odo"),
            (3, 2, "---", "ssd"),
            (3, 1, "---+", "ssdo"),
            (2, 2, "???", "uuu"),
            (2, 2, "+-?-?+?+", "ossddddo"),
            (2, 3, "--+++", "sdddo"),
        ];
        for (fail_after, recover_after, script, states) in rows {
            assert_eq!(
                play(&mut standing(fail_after, recover_after), script),
                states,
                "{script} ({fail_after}, {recover_after})"
            );
        }
    }

    #[test]
    fn a_change_tells_from_to_and_since_when() {
        let mut standing = standing(2, 2);
        let at = Timestamp::from_unix_seconds;
        assert_eq!(standing.observe(Outcome::Success, at(10)).map(|c| (c.from, c.to)), Some((State::Unknown, State::Ok)));
        assert_eq!(standing.observe(Outcome::Success, at(20)), None);
        let change = Change { from: State::Ok, to: State::Suspect, since: at(10), at: at(30) };
        assert_eq!(standing.observe(Outcome::Failure, at(30)), Some(change));
        assert_eq!((standing.since(), standing.is_failing()), (at(30), true));
    }

    #[test]
    fn while_it_flaps_a_monitor_that_is_down_stays_down() {
        let mut standing = standing(1, 1);
        // fail_after = recover_after = 1 follows every result until the share of changes is above 50 %.
        assert_eq!(play(&mut standing, "+-+-+-+-+-+-+"), "odododododddd");
        assert!(standing.is_flapping());
        // It settles when few enough of the last 21 results are changes, and then comes up.
        let settling = play(&mut standing, "+++++++++++++++++++++");
        assert!(settling.starts_with("dddddddd") && settling.ends_with("oooo"), "{settling}");
        assert!(!standing.is_flapping());
    }

    #[test]
    fn the_share_of_changes_is_weighted_as_nagios_does() {
        let mut never = standing(2, 2);
        play(&mut never, &"+".repeat(30));
        assert!(never.share_of_changes().abs() < 1e-9);
        let mut always = standing(2, 2);
        play(&mut always, &"+-".repeat(15));
        assert!((always.share_of_changes() - 100.0).abs() < 1e-9);
        let mut newest = standing(2, 2);
        play(&mut newest, &("+".repeat(20) + "-"));
        assert!((newest.share_of_changes() - 6.0).abs() < 1e-9, "one change of weight 1.2 among 20");
        let mut oldest = standing(2, 2);
        play(&mut oldest, &("-".to_owned() + &"+".repeat(20)));
        assert!((oldest.share_of_changes() - 4.0).abs() < 1e-9, "one change of weight 0.8 among 20");
    }

    #[test]
    fn new_thresholds_hold_from_the_next_probe_on() {
        let mut standing = standing(5, 2);
        play(&mut standing, "+---");
        assert_eq!(standing.state(), State::Suspect);
        standing.set_thresholds(Thresholds { fail_after: 2, ..Thresholds::default() });
        assert_eq!(standing.state(), State::Suspect);
        assert_eq!(play(&mut standing, "-"), "d");
    }

    fn results() -> impl Strategy<Value = String> {
        "[+\\-?]{0,80}"
    }

    proptest! {
        #[test]
        fn inconclusive_changes_nothing(script in results(), fail_after in 1_u32..5, recover_after in 1_u32..5) {
            let mut standing = standing(fail_after, recover_after);
            play(&mut standing, &script);
            let before = standing.clone();
            prop_assert_eq!(standing.observe(Outcome::Inconclusive, Timestamp::from_unix_seconds(999)), None);
            prop_assert_eq!(standing, before);
        }

        #[test]
        fn a_more_patient_monitor_is_never_down_while_a_less_patient_one_is_not(script in results(), fail_after in 1_u32..5, recover_after in 1_u32..5) {
            let hasty = play(&mut standing(fail_after, recover_after), &script);
            let patient = play(&mut standing(fail_after + 1, recover_after), &script);
            let slow_to_recover = play(&mut standing(fail_after, recover_after + 1), &script);
            for ((hasty, patient), slow) in hasty.chars().zip(patient.chars()).zip(slow_to_recover.chars()) {
                prop_assert!(hasty == 'd' || patient != 'd');
                prop_assert!(slow == 'd' || hasty != 'd');
            }
        }

        #[test]
        fn memory_is_bounded(script in "[+\\-]{100,200}") {
            let mut standing = standing(2, 2);
            play(&mut standing, &script);
            prop_assert_eq!(standing.recent.len(), REMEMBERED);
        }
    }
}
