//! A monitor: one endpoint, one dialect, one rhythm. Valid by construction, immutable after load.
//!
//! The types here are what the rest of the program sees of the configuration. Deliberately absent: TOML, files, defaults of
//! keys (all in `config`), and anything that changes while the daemon runs.
//!
//! Invariant: a value that exists is usable; nonsense is refused where it is built.

mod dial;
mod expect;
mod name;
mod plan;
mod target;

pub use dial::{
    ClientIdentity, Credentials, DialPlan, HostPort, IpChoice, ResolverChoice, Roots, SignaturePlan, Timeouts, TlsPlan, UrlScheme,
};
pub use expect::{Expect, MessageMatch};
pub use name::{InvalidName, MonitorName};
pub use plan::{Budgets, HoldPlan, Mode, PingPlan, Rhythm, Thresholds};
pub use target::{InvalidTarget, Target, redact_query};

use std::collections::BTreeMap;
use std::time::Duration;

use crate::dialect::Dialect;

/// One entry of `monitors.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its name: the label of its metrics.
    pub name: MonitorName,
    /// Where it dials.
    pub target: Target,
    /// What it speaks.
    pub dialect: Dialect,
    /// When it dials.
    pub rhythm: Rhythm,
    /// How it dials.
    pub dial: DialPlan,
    /// How it holds the line.
    pub hold: HoldPlan,
    /// What it expects of the server beyond a line that lives.
    pub expect: Expect,
    /// When it counts as down, and as up again.
    pub thresholds: Thresholds,
    /// The user's labels for `sidetone_monitor_info`.
    pub labels: BTreeMap<String, String>,
}

impl Monitor {
    /// A monitor with every setting at its default.
    #[must_use]
    pub fn new(name: MonitorName, target: Target) -> Self {
        Self {
            name,
            target,
            dialect: Dialect::Raw(crate::dialect::raw::RawSettings::default()),
            rhythm: Rhythm::default(),
            dial: DialPlan::default(),
            hold: HoldPlan::default(),
            expect: Expect::default(),
            thresholds: Thresholds::default(),
            labels: BTreeMap::new(),
        }
    }

    /// The longest that a probe may take: every deadline, the hold and the goodbye. The drain after the last byte is in it.
    #[must_use]
    pub fn longest_probe(&self) -> Duration {
        let dial = &self.dial.timeouts;
        let tls = if self.target.is_secure() { dial.tls } else { Duration::ZERO };
        dial.resolve
            + dial.connect
            + tls
            + dial.upgrade
            + self.hold.target
            + self.dialect.longest_farewell()
            + self.hold.close_timeout
            + HoldPlan::DRAIN
    }
}
