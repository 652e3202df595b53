//! Open files: as many as the machine allows, and no more probes than fit into them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

/// For the listener, its connections' share, the log, the runtime and the resolver.
const RESERVED: u64 = 64;

/// A probe has a socket for the line, and for a while one for lookups.
const PER_PROBE: u64 = 2;

/// Raises the soft limit of open files to the hard one. A failure is logged and not fatal.
pub(super) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => debug!(from = current, to = maximum, "limit of open files raised"),
        Err(error) => warn!(%error, current, maximum, "the limit of open files could not be raised"),
    }
}

/// How many probes fit into the limit of open files.
pub(super) fn most_concurrent_probes() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, probes_within)
}

fn probes_within(open_files: u64) -> usize {
    let probes = open_files.saturating_sub(RESERVED) / PER_PROBE;
    usize::try_from(probes).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_leave_room_for_the_rest() {
        for (open_files, probes) in [(20_000, 9_968), (1_024, 480), (256, 96), (66, 1), (10, 1), (0, 1)] {
            assert_eq!(probes_within(open_files), probes, "{open_files}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        raise_open_files();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
