//! What finished reports prove: who answered, why it ended, and who must act.
//!
//! It reads a [`Report`](crate::report::Report) and nothing else. Deliberately absent: lookups, retries and clocks; whoever wants more
//! evidence gathers it elsewhere and hands in the report of it.
//!
//! Invariant: nothing is said of a clean probe, and nothing without the evidence that it rests on.

pub mod layers;
