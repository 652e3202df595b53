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
mod webhook;

pub use dial::{
    ClientIdentity, Credentials, DialPlan, HostPort, IpChoice, ResolverChoice, Roots, SignaturePlan, Timeouts, TlsPlan, UrlScheme,
};
pub use expect::{Expect, MessageMatch};
pub use name::{InvalidName, MonitorName};
pub use plan::{Budgets, FollowUps, HoldPlan, Mode, PingPlan, Rhythm, Thresholds};
pub use target::{InvalidTarget, Target, is_loopback, redact_query};
pub use webhook::{InvalidWebhookUrl, Webhook, WebhookContent, WebhookKind, WebhookMethod, WebhookSigning, WebhookUrl};

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::dialect::Dialect;

/// One entry of `monitors.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its name: the label of its metrics.
    pub name: MonitorName,
    /// Where a probe begins.
    pub endpoint: Endpoint,
    /// A second way to the same server, past whatever is in front of it: tried once when the public way fails.
    pub origin: Option<Target>,
    /// The traditional webhook beside the realtime one: asked once when the realtime way fails.
    pub fallback: Option<Box<Webhook>>,
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
    /// What may be tried after a failure, by who asks for a diagnosis.
    pub follow_up: FollowUps,
    /// Other paths to try after a failure, each beginning with `/`.
    pub path_variants: Vec<String>,
    /// When it counts as down, and as up again.
    pub thresholds: Thresholds,
    /// Where it is probed from: names that `--location` may have; from everywhere if there are none.
    pub locations: Vec<String>,
    /// The user's labels for `sidetone_monitor_info`.
    pub labels: BTreeMap<String, String>,
}

/// Where a probe begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// At the stream itself.
    Stream(Target),
    /// One step earlier, at the provider's webhook, whose answer says where the stream is.
    Webhook(Box<Webhook>),
}

impl Endpoint {
    /// The stream, if the monitor names it itself.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Stream(target) => Some(target),
            Self::Webhook(_) => None,
        }
    }

    /// The webhook, if a probe begins there.
    #[must_use]
    pub fn webhook(&self) -> Option<&Webhook> {
        match self {
            Self::Stream(_) => None,
            Self::Webhook(webhook) => Some(webhook),
        }
    }

    /// The host where a probe begins, without a port.
    #[must_use]
    pub fn host(&self) -> String {
        match self {
            Self::Stream(target) => target.host().to_string(),
            Self::Webhook(webhook) => webhook.url.host().to_owned(),
        }
    }

    /// Is the first step encrypted?
    #[must_use]
    pub fn is_secure(&self) -> bool {
        match self {
            Self::Stream(target) => target.is_secure(),
            Self::Webhook(webhook) => webhook.url.is_secure(),
        }
    }
}

/// The URL as configured, without secrets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(target) => target.fmt(f),
            Self::Webhook(webhook) => webhook.url.fmt(f),
        }
    }
}

impl Monitor {
    /// A monitor with every setting at its default.
    #[must_use]
    pub fn new(name: MonitorName, target: Target) -> Self {
        Self {
            name,
            endpoint: Endpoint::Stream(target),
            origin: None,
            fallback: None,
            dialect: Dialect::Raw(crate::dialect::raw::RawSettings::default()),
            rhythm: Rhythm::default(),
            dial: DialPlan::default(),
            hold: HoldPlan::default(),
            expect: Expect::default(),
            follow_up: FollowUps::Safe,
            path_variants: Vec::new(),
            thresholds: Thresholds::default(),
            locations: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    /// The longest that a probe may take: every deadline, the hold and the goodbye, twice if there is a second way to try. The drain
    /// after the last byte is in it.
    #[must_use]
    pub fn longest_probe(&self) -> Duration {
        let dial = &self.dial.timeouts;
        let line = |secure: bool| {
            let tls = if secure { dial.tls } else { Duration::ZERO };
            dial.resolve
                + dial.connect
                + tls
                + dial.upgrade
                + self.hold.target
                + self.dialect.longest_farewell()
                + self.hold.close_timeout
                + HoldPlan::DRAIN
        };
        let first = match &self.endpoint {
            Endpoint::Stream(target) => line(target.is_secure()),
            // What it says may be `wss`.
            Endpoint::Webhook(webhook) => webhook.timeout + line(true),
        };
        // For the origin's call the webhook is asked again.
        let asked = self.endpoint.webhook().map_or(Duration::ZERO, |webhook| webhook.timeout);
        let origin = self.origin.as_ref().map_or(Duration::ZERO, |origin| asked + line(origin.is_secure()));
        let fallback = self.fallback.as_ref().map_or(Duration::ZERO, |fallback| fallback.timeout);
        first + origin + fallback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_probe_has_every_way_in_it() {
        let target = |text| Target::parse(text).unwrap();
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), target("wss://voice.example.com/"));
        let (secure, tls) = (monitor.longest_probe(), monitor.dial.timeouts.tls);
        monitor.endpoint = Endpoint::Stream(target("ws://voice.example.com/"));
        assert_eq!(monitor.longest_probe(), secure - tls);
        monitor.origin = Some(target("ws://localhost:5050/"));
        assert_eq!(monitor.longest_probe(), (secure - tls) * 2);
        let webhook = Webhook::new(WebhookKind::Twilio, WebhookUrl::parse("https://voice.example.com/voice").unwrap());
        let asking = webhook.timeout;
        monitor.fallback = Some(Box::new(webhook.clone()));
        assert_eq!(monitor.longest_probe(), (secure - tls) * 2 + asking);
        monitor.endpoint = Endpoint::Webhook(Box::new(webhook));
        assert_eq!(
            monitor.longest_probe(),
            asking + secure + asking + (secure - tls) + asking,
            "the webhook is asked for each way"
        );
    }
}
