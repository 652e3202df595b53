//! `--shard i/n`: every n-th monitor, by Prometheus' own formula.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use md5::{Digest as _, Md5};

use crate::monitor::MonitorName;

/// One of `count` parts of a fleet. Parts count from 0, as Prometheus' `hashmod` and the pod index of a StatefulSet do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: NonZeroU32,
}

/// Why a text is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShard {
    /// Not two numbers with a slash.
    #[error("a shard is written `i/n`, such as `0/4` for the first of four")]
    Malformed,
    /// Parts of nothing.
    #[error("there cannot be 0 shards; `0/1` is everything")]
    None,
    /// The index is as large as the count, or larger.
    #[error("there is no shard {index} of {count}: shards count from 0, so that the last one is `{last}/{count}`", last = count.saturating_sub(1))]
    Beyond {
        /// As written.
        index: u32,
        /// As written.
        count: u32,
    },
}

impl Shard {
    /// Is a monitor of this name one of this shard's?
    ///
    /// The last 8 bytes of the name's MD5 as a big-endian number, modulo the count: what the action `hashmod` of Prometheus'
    /// `relabel_configs` computes for one source label (model/relabel/relabel.go).
    #[must_use]
    pub fn has(self, name: &MonitorName) -> bool {
        hashmod(name.as_str(), self.count) == u64::from(self.index)
    }
}

fn hashmod(text: &str, modulus: NonZeroU32) -> u64 {
    let digest: [u8; 16] = Md5::digest(text.as_bytes()).into();
    let [.., a, b, c, d, e, f, g, h] = digest;
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) % u64::from(modulus.get())
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (index, count) = text.split_once('/').ok_or(InvalidShard::Malformed)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| InvalidShard::Malformed);
        let (index, count) = (number(index)?, number(count)?);
        let shards = NonZeroU32::new(count).ok_or(InvalidShard::None)?;
        if index < count { Ok(Self { index, count: shards }) } else { Err(InvalidShard::Beyond { index, count }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib: `int.from_bytes(md5(name).digest()[8:], "big") % n`. `tests/real/test_fleet.py` compares
    /// with a Prometheus server.
    #[test]
    fn hashes_are_those_of_prometheus() {
        let rows = [
            ("", [0, 1, 2, 1, 958]),
            ("a", [1, 1, 1, 2, 697]),
            ("booking-agent", [0, 2, 0, 0, 576]),
            ("support-line", [0, 0, 2, 4, 814]),
            ("eu.west_1", [0, 1, 2, 0, 430]),
            ("10.0.10.2-9100", [0, 2, 2, 2, 90]),
        ];
        for (name, expected) in rows {
            let found = [2, 3, 4, 7, 1000].map(|n| hashmod(name, NonZeroU32::new(n).unwrap()));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn every_name_is_in_one_shard() {
        for count in [1, 2, 3, 7] {
            let shards: Vec<Shard> = (0..count).map(|index| format!("{index}/{count}").parse().unwrap()).collect();
            let mut sizes = vec![0_usize; shards.len()];
            for i in 0..1000 {
                let name = MonitorName::new(&format!("m{i}")).unwrap();
                let homes: Vec<usize> = (0..shards.len()).filter(|&shard| shards[shard].has(&name)).collect();
                assert_eq!(homes.len(), 1, "{name} of {count}");
                sizes[homes[0]] += 1;
            }
            let fair = 1000 / sizes.len();
            assert!(sizes.iter().all(|size| size.abs_diff(fair) < fair / 4 + 1), "{sizes:?}");
        }
    }

    #[test]
    fn shards_as_they_are_written() {
        for (text, shown) in [("0/4", "0/4"), ("3/4", "3/4"), ("0/1", "0/1"), (" 2 / 3", "2/3")] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), shown);
        }
        let rows = [
            ("", "a shard is written `i/n`, such as `0/4` for the first of four"),
            ("1", "a shard is written `i/n`, such as `0/4` for the first of four"),
            ("-1/4", "a shard is written `i/n`, such as `0/4` for the first of four"),
            ("1/4/8", "a shard is written `i/n`, such as `0/4` for the first of four"),
            ("0/0", "there cannot be 0 shards; `0/1` is everything"),
            ("4/4", "there is no shard 4 of 4: shards count from 0, so that the last one is `3/4`"),
        ];
        for (text, says) in rows {
            assert_eq!(text.parse::<Shard>().unwrap_err().to_string(), says, "{text}");
        }
    }
}
