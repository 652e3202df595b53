//! Which follow-up checks a failure calls for. Pure.
//!
//! Invariant: without `full`, nothing is planned that could begin a session which the failed probe had begun already.

use std::net::SocketAddr;

use super::super::Depth;
use crate::dialect::Dialect;
use crate::dialect::raw::{RawFrame, RawSettings};
use crate::monitor::{Endpoint, Expect, FollowUps, HostPort, IpChoice, Mode, Monitor, PingPlan, ResolverChoice, Target};
use crate::outcome::{Check, Outcome, Phase, Reason};
use crate::report::Report;

/// Addresses beyond this many are not tried by themselves.
const MOST_ADDRESSES: usize = 4;

/// A check to make.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) check: Check,
    /// What is tried, in words.
    pub(super) subject: String,
    /// The monitor with the one difference that is tried.
    pub(super) monitor: Monitor,
    pub(super) depth: Depth,
}

/// Takes out what was meant for TLS alone: nobody on the way may read it.
fn without_secrets(monitor: &mut Monitor) {
    let dial = &mut monitor.dial;
    dial.headers.clear();
    dial.subprotocols.clear();
    (dial.credentials, dial.signature) = (None, None);
    // Some dialects have keys in their upgrade.
    monitor.dialect = Dialect::Raw(RawSettings::default());
}

/// The checks after `report`, of a monitor that was dialled as `dialled`.
pub(super) fn plan(dialled: &Monitor, report: &Report) -> Vec<Planned> {
    let (Some(reason), Endpoint::Stream(target)) = (report.reason, &dialled.endpoint) else { return Vec::new() };
    if report.outcome != Outcome::Failure || dialled.follow_up == FollowUps::Off {
        return Vec::new();
    }
    let planner = Planner { dialled, target, report };
    match reason.phase() {
        Phase::Webhook | Phase::Close => Vec::new(),
        Phase::Resolve => planner.after_resolve(),
        Phase::Connect => planner.after_connect(),
        Phase::Tls => planner.after_tls(reason),
        Phase::Upgrade => planner.after_upgrade(),
        Phase::Hold => planner.after_hold(),
    }
}

struct Planner<'a> {
    dialled: &'a Monitor,
    target: &'a Target,
    report: &'a Report,
}

impl Planner<'_> {
    fn planned(&self, check: Check, subject: impl Into<String>, depth: Depth, change: impl FnOnce(&mut Monitor)) -> Planned {
        let mut monitor = self.dialled.clone();
        (monitor.origin, monitor.fallback) = (None, None);
        change(&mut monitor);
        Planned { check, subject: subject.into(), monitor, depth }
    }

    fn elsewhere(&self, check: Check, target: Target, depth: Depth) -> Planned {
        let in_clear_text = self.target.is_secure() && !target.is_secure();
        let target = if in_clear_text { target.without_query() } else { target };
        self.planned(check, target.to_string(), depth, |monitor| {
            monitor.endpoint = Endpoint::Stream(target);
            if in_clear_text {
                without_secrets(monitor);
            }
        })
    }

    fn after_resolve(&self) -> Vec<Planned> {
        let system = self.dialled.dial.resolver != ResolverChoice::System;
        let through = |monitor: &mut Monitor| monitor.dial.resolver = ResolverChoice::System;
        system.then(|| self.planned(Check::Resolver, "getaddrinfo", Depth::Connect, through)).into_iter().collect()
    }

    fn after_connect(&self) -> Vec<Planned> {
        let mut list: Vec<_> = self.families(Depth::Connect).into_iter().collect();
        let usual = self.target.with_default_port();
        if usual != *self.target && self.dialled.dial.connect_to.is_none() {
            list.push(self.elsewhere(Check::Port, usual, Depth::Tls));
        }
        list
    }

    fn after_tls(&self, reason: Reason) -> Vec<Planned> {
        let unverified = |monitor: &mut Monitor| monitor.dial.tls.verify = false;
        let mut list = vec![self.planned(Check::Unverified, "the certificate unchecked", Depth::Tls, unverified)];
        list.extend(self.addresses(Depth::Tls));
        list.extend(self.families(Depth::Tls));
        if reason == Reason::TlsPortSpeaksHttp {
            list.push(self.elsewhere(Check::OtherScheme, self.target.with_other_scheme(), Depth::Upgrade));
        }
        list
    }

    fn after_upgrade(&self) -> Vec<Planned> {
        let mut list = vec![self.planned(Check::PlainGet, self.target.to_string(), Depth::Get, |_| ())];
        list.push(self.elsewhere(Check::OtherScheme, self.target.with_other_scheme(), Depth::Upgrade));
        let paths = self.dialled.path_variants.iter().map(|path| self.target.with_path(path));
        let slashes = self.target.with_single_slashes().into_iter().chain(self.target.with_other_slash());
        let paths = slashes.chain(paths).filter(|other| other != self.target);
        list.extend(paths.map(|path| self.elsewhere(Check::Path, path, Depth::Upgrade)));
        if !self.dialled.dial.subprotocols.is_empty() {
            let without = |monitor: &mut Monitor| monitor.dial.subprotocols.clear();
            list.push(self.planned(Check::Subprotocol, "none offered", Depth::Upgrade, without));
        }
        list.extend(self.addresses(Depth::Upgrade));
        list.extend(self.families(Depth::Upgrade));
        list
    }

    fn after_hold(&self) -> Vec<Planned> {
        let mut list = vec![self.planned(Check::PlainGet, self.target.to_string(), Depth::Get, |_| ())];
        list.extend(self.addresses(Depth::Tls));
        if self.dialled.follow_up == FollowUps::Full {
            list.extend(self.ladder());
        }
        list
    }

    /// The other family, where the monitor does not ask for one.
    fn families(&self, depth: Depth) -> Option<Planned> {
        let used = self.report.attempts.first().map(|attempt| attempt.address)?;
        let (other, name) = if used.is_ipv4() { (IpChoice::V6, "IPv6") } else { (IpChoice::V4, "IPv4") };
        let is_free = self.dialled.dial.ip == IpChoice::Auto && self.dialled.dial.connect_to.is_none();
        let is_name = matches!(self.target.host(), url::Host::Domain(_));
        (is_free && is_name).then(|| self.planned(Check::Family, name, depth, |monitor| monitor.dial.ip = other))
    }

    /// The addresses that the failed probe did not come to, and the one that it ended at, each by itself.
    fn addresses(&self, depth: Depth) -> Vec<Planned> {
        let all = &self.report.addresses;
        if all.len() < 2 || self.dialled.dial.connect_to.is_some() {
            return Vec::new();
        }
        let at = |ip: &std::net::IpAddr| {
            let address = SocketAddr::new(*ip, self.target.port());
            let place = HostPort::parse(&address.to_string());
            self.planned(Check::Address, ip.to_string(), depth, |monitor| monitor.dial.connect_to = place)
        };
        all.iter().take(MOST_ADDRESSES).map(at).collect()
    }

    /// From the upgrade alone to everything: the first rung that dies names the cause.
    fn ladder(&self) -> Vec<Planned> {
        let bare = |monitor: &mut Monitor| {
            monitor.dialect = Dialect::Raw(RawSettings { hello: Vec::new(), frame: RawFrame::Nothing, ..RawSettings::default() });
            monitor.expect = Expect::default();
            monitor.hold.ping = None;
        };
        let pinged = |monitor: &mut Monitor| {
            bare(monitor);
            monitor.hold.ping = Some(PingPlan { interval: monitor.hold.target / 5, timeout: monitor.hold.target });
        };
        let hello = |monitor: &mut Monitor| {
            monitor.hold.mode = Mode::Idle;
            monitor.expect = Expect::default();
        };
        vec![
            self.planned(Check::RungUpgrade, "the upgrade alone", Depth::Upgrade, |_| ()),
            self.planned(Check::RungIdle, "nothing is sent", Depth::Hold, bare),
            self.planned(Check::RungPing, "pings alone", Depth::Hold, pinged),
            self.planned(Check::RungHello, "the hello alone", Depth::Hold, hello),
            self.planned(Check::RungAudio, "hello and audio", Depth::Hold, |_| ()),
        ]
    }
}
