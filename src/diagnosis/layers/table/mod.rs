//! The table of signatures, one row for each.

mod balancers;
mod edges;
mod frameworks;
mod platforms;
mod proxies;
mod servers;
mod tunnels;
mod unknown;

use super::Signature;

const PARTS: [&[Signature]; 8] =
    [edges::ROWS, tunnels::ROWS, balancers::ROWS, platforms::ROWS, proxies::ROWS, servers::ROWS, frameworks::ROWS, unknown::ROWS];

/// Every row, in the order of the layers, those that anything may match last.
pub fn signatures() -> impl Iterator<Item = &'static Signature> {
    PARTS.into_iter().flatten()
}
