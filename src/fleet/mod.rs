//! Which monitors run here, of a fleet of several sidetones, and what a list of targets is.
//!
//! [`Selection`] is `--shard` and `--location`; [`TargetGroup`] is an entry of Prometheus' file_sd and http_sd lists; [`unique_names`]
//! makes names of monitors out of targets. Deliberately absent: reading files, asking servers, and what a target's monitor looks like
//! (`config` has the template).
//!
//! Invariant: nothing here depends on another sidetone. Two that were given the same list and different shards of one count share no
//! monitor, and all shards together have every one.

mod naming;
mod selection;
mod shard;
mod targets;

pub use naming::{base_name, unique_names};
pub use selection::Selection;
pub use shard::{InvalidShard, Shard};
pub use targets::{InvalidList, LONGEST_LIST, TargetGroup, parse_json, parse_yaml};
