//! The table of fixes, one row for each.

mod anyone;
mod clouds;
mod platforms;
mod providers;
mod proxies;
mod servers;

use super::fix::Fix;

const PARTS: [&[Fix]; 6] = [proxies::ROWS, clouds::ROWS, platforms::ROWS, servers::ROWS, providers::ROWS, anyone::ROWS];

/// Every row.
pub fn table() -> impl Iterator<Item = &'static Fix> {
    PARTS.into_iter().flatten()
}
