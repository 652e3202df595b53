//! The few facts of each monitor that are compared with those of the others.

use std::net::IpAddr;

use crate::diagnosis::{Failing, Neighbour};
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::report::{CertificateReport, Report};
use crate::wall::Timestamp;

/// What the newest conclusive probes of a monitor came to.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    host: String,
    address: Option<IpAddr>,
    certificate: Option<CertificateReport>,
    failing: Option<Failing>,
    succeeded: Option<Timestamp>,
}

impl Facts {
    /// Nothing is known yet.
    pub(super) fn new(monitor: &Monitor) -> Self {
        Self { host: monitor.endpoint.host(), address: None, certificate: None, failing: None, succeeded: None }
    }

    /// Takes in a finished probe. One that could not tell changes nothing.
    pub(super) fn take(&mut self, report: &Report) {
        let ended_at = report.ended_at();
        match (report.outcome, report.reason) {
            (Outcome::Failure, Some(reason)) => {
                let since = self.failing.map_or(ended_at, |failing| failing.since);
                self.failing = Some(Failing { since, reason, phase: report.phase.unwrap_or_else(|| reason.phase()) });
            }
            (Outcome::Success, _) => (self.failing, self.succeeded) = (None, Some(ended_at)),
            (Outcome::Failure | Outcome::Inconclusive, _) => return,
        }
        let tried = report.attempts.last().map(|attempt| attempt.address);
        self.address = report.remote_address.or(tried).map(|address| address.ip());
        self.certificate = report.tls.as_ref().and_then(|tls| tls.certificates.first().cloned());
    }

    pub(super) const fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// The facts beside what `monitor` is.
    pub(super) fn neighbour<'a>(&'a self, monitor: &'a Monitor) -> Neighbour<'a> {
        Neighbour {
            name: monitor.name.as_str(),
            host: &self.host,
            address: self.address,
            certificate: self.certificate.as_ref(),
            failing: self.failing,
            succeeded: self.succeeded,
            interval: monitor.rhythm.interval,
        }
    }
}
