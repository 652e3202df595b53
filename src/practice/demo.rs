//! The monitors of `sidetone demo`.

use std::net::SocketAddr;
use std::time::Duration;

use super::behaviour::Behaviour;
use crate::monitor::{Monitor, MonitorName, Target};

/// Name, behaviour, over TLS?, interval and hold in seconds. Intervals differ so that the lines do not march in step.
const DEMO: [(&str, &str, bool, u64, u64); 6] = [
    ("good-line", "echo", false, 5, 3),
    ("good-line-tls", "echo", true, 6, 3),
    ("drops-after-0.8s", "drop-after-0.8s", false, 5, 3),
    ("application-fails", "close-1011", true, 7, 2),
    ("wrong-path", "http-404", false, 6, 2),
    ("incomplete-chain", "tls-missing-intermediate", true, 7, 2),
];

/// Six monitors of a practice server on `address`: two good ones, and incident I1 among four bad ones. `ca_der` is its CA.
#[must_use]
pub fn demo_monitors(address: SocketAddr, ca_der: &[u8]) -> Vec<Monitor> {
    DEMO.into_iter()
        .filter_map(|(name, behaviour, secure, interval, hold)| {
            let url = Behaviour::find(behaviour)?.url(secure, address);
            // The table is a constant and a test builds all of it, so that nothing is left out here.
            let mut monitor = Monitor::new(MonitorName::new(name).ok()?, Target::parse(&url).ok()?);
            monitor.rhythm.interval = Duration::from_secs(interval);
            monitor.rhythm.confirm_after = Duration::from_secs(1);
            monitor.hold.target = Duration::from_secs(hold);
            monitor.dial.tls.extra_roots = vec![ca_der.to_vec()];
            Some(monitor)
        })
        .collect()
}
