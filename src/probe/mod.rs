//! One probe: a value in, a value out. The only code that opens sockets to a monitored endpoint.
//!
//! The webhook if there is one, resolve, connect, TLS, upgrade, hold, goodbye; each phase has its own deadline, its own time and its own evidence. Deliberately
//! absent: metrics, history, logs, retries, redirects, caches, and any fallback from one address family to the other.
//!
//! Invariant: [`probe`] always returns a report, whatever the endpoint does.

mod account;
mod answer;
mod blame;
mod caller;
mod chain;
mod connect;
mod drive;
mod follow;
mod frames;
mod kernel;
mod line;
mod resolve;
mod resources;
mod route;
mod scrub;
mod second;
mod session;
mod summary;
#[cfg(test)]
mod tests;
mod tls;
mod upgrade;
mod webhook;

use std::borrow::Cow;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use resources::Resources;

use crate::diagnosis;
use crate::dialect::Opening;
use crate::hold::{Ending, Unmet};
use crate::monitor::{Monitor, Target};
use crate::outcome::{Phase, Warning};
use crate::report::{AttemptReport, CheckReport, Report};
use crate::text::Printable;
use crate::verdict::{Evidence, Fault, ProberFacts, ResolveFault, TlsFault, UpgradeFault, verdict};
use crate::webhook::is_public;
use account::Account;
use caller::Caller;
use line::{Line, RawTap};
use route::Route;
use scrub::Scrubber;
use session::Security;
use upgrade::Accepted;

/// The monotonic clock stands still for this long in a real suspend; less is the reading's own noise.
const SHORTEST_SUSPEND: Duration = Duration::from_millis(500);

/// Runs one probe of `monitor`, and where it fails one of each second way that the monitor names. When `cancel` fires, an open line says
/// goodbye and the report is inconclusive.
pub async fn probe(monitor: &Monitor, resources: &Resources, cancel: &CancellationToken) -> Report {
    let (report, _) = first(monitor, resources, cancel).await;
    report
}

/// The same, and then the follow-up checks that a failure calls for, as far as `follow_up` of the monitor allows. Whoever calls this keeps
/// it rare: once for each incident, or because a person asked.
pub async fn probe_and_follow_up(monitor: &Monitor, resources: &Resources, cancel: &CancellationToken) -> Report {
    let (mut report, dialled) = first(monitor, resources, cancel).await;
    report.checks = follow_up(&dialled, &report, resources, cancel).await;
    report.findings = diagnosis::with_checks(&report);
    report.fixes = diagnosis::fixes(&report, monitor);
    report
}

/// The same in two steps, for whoever makes the report known before more is tried: a probe with its findings, second ways and fixes, and how
/// its monitor was dialled, for [`follow_up`].
pub async fn first<'m>(monitor: &'m Monitor, resources: &Resources, cancel: &CancellationToken) -> (Report, Dialled<'m>) {
    let began = Instant::now();
    let (mut report, dialled) = dial(monitor, How::default(), resources, cancel).await;
    report.findings = diagnosis::of(&report);
    second::try_others(&mut report, monitor, began, resources, cancel).await;
    report.fixes = diagnosis::fixes(&report, monitor);
    (report, dialled)
}

/// The follow-up checks that the failure of `report` calls for, as far as `follow_up` of the monitor allows; none after a success.
pub async fn follow_up(
    dialled: &Dialled<'_>,
    report: &Report,
    resources: &Resources,
    cancel: &CancellationToken,
) -> Vec<CheckReport> {
    follow::follow_up(dialled, report, resources, cancel).await
}

/// How far a check goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    /// Until TCP is up.
    Connect,
    /// Until TLS is up; TCP, for `ws`.
    Tls,
    /// Until an ordinary GET is answered, with whatever.
    Get,
    /// Until the 101; the line is cut then, without a word.
    Upgrade,
    /// A whole probe.
    #[default]
    Hold,
}

/// What is particular about one way.
#[derive(Clone, Copy, Debug, Default)]
struct How<'a> {
    /// The origin that is dialled in place of the public stream, with everything else as it would be there.
    origin: Option<&'a Target>,
    depth: Depth,
    /// Must the addresses be public, although the monitor names the stream itself?
    guarded: bool,
}

/// The monitor as it was dialled: where a webhook names the stream, with what it said.
#[derive(Clone, Debug)]
pub struct Dialled<'m> {
    monitor: Cow<'m, Monitor>,
    /// Had its addresses to be public?
    guarded: bool,
}

impl Dialled<'_> {
    /// The same, without anything borrowed.
    #[must_use]
    pub fn into_owned(self) -> Dialled<'static> {
        Dialled { monitor: Cow::Owned(self.monitor.into_owned()), guarded: self.guarded }
    }
}

/// One way.
async fn dial<'m>(
    monitor: &'m Monitor,
    how: How<'_>,
    resources: &Resources,
    cancel: &CancellationToken,
) -> (Report, Dialled<'m>) {
    let watch = Watch::begin();
    let mut account = Account::open(monitor.endpoint.to_string());
    let (mut evidence, dialled) = match route::route(monitor, resources, &mut account, cancel).await {
        Err(evidence) => (evidence, Dialled { monitor: Cow::Borrowed(monitor), guarded: how.guarded }),
        Ok(mut route) => {
            let public = how.origin.map(|origin| route.divert(origin));
            let Route { monitor, target, call, guarded, known } = route;
            let mut caller = Caller::new(&monitor, &target, public.as_ref(), call);
            caller.known = known;
            account.target = target.redacted(&caller.resource);
            let guarded = guarded || how.guarded;
            let (target, depth, caller, account) = (&*target, how.depth, &caller, &mut account);
            let mut run = Run { monitor: &monitor, target, resources, caller, guarded, depth, account };
            (run.evidence(cancel).await, Dialled { monitor, guarded })
        }
    };
    evidence.prober = ProberFacts { cancelled: evidence.prober.cancelled, ..watch.facts(account.phase_began, resources) };
    evidence.raised = account.is_raised(&monitor.expect.no_warnings);
    let lag = resources.lag.max_since(account.began());
    (account.close(&dialled.monitor, verdict(&evidence), lag), dialled)
}

/// Looks at ourselves while a probe is under way.
struct Watch {
    suspended_before: Duration,
}

impl Watch {
    fn begin() -> Self {
        Self { suspended_before: kernel::time_suspended() }
    }

    /// What we know against ourselves; the lag since `since`.
    fn facts(&self, since: Instant, resources: &Resources) -> ProberFacts {
        ProberFacts {
            suspended: kernel::time_suspended().saturating_sub(self.suspended_before) > SHORTEST_SUSPEND,
            lag: resources.lag.max_since(since),
            clock_is_wrong: resources.clock_is_wrong(),
            ..ProberFacts::default()
        }
    }
}

/// A probe that is under way.
struct Run<'a> {
    monitor: &'a Monitor,
    target: &'a Target,
    resources: &'a Resources,
    caller: &'a Caller,
    /// Must the addresses be public? The host was named by a webhook.
    guarded: bool,
    depth: Depth,
    account: &'a mut Account,
}

impl Run<'_> {
    async fn evidence(&mut self, cancel: &CancellationToken) -> Evidence {
        for (warning, says) in caller::oddities(self.monitor, self.target, self.caller) {
            self.account.warn(warning, says);
        }
        // The dial's buffers are boxed, so that a line that is held does not carry them along.
        let dialled = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            dialled = Box::pin(self.dial()) => Some(dialled),
        };
        match dialled {
            None => cancelled(),
            Some(Err(fault)) => Evidence { missed_deadline: self.missed_by(&fault), fault: Some(fault), ..Evidence::default() },
            Some(Ok(None)) => Evidence { stopped: true, ..Evidence::default() },
            Some(Ok(Some((line, accepted)))) => self.hold(line, accepted, cancel).await,
        }
    }

    /// The line, unless the check ends before there is one.
    async fn dial(&mut self) -> Result<Option<(Line, Accepted)>, Fault> {
        let stream = self.reach().await?;
        if self.depth == Depth::Connect {
            return Ok(None);
        }
        let mut line = if self.target.is_secure() { self.shake_hands(stream).await? } else { Line::Plain(RawTap::new(stream)) };
        match self.depth {
            Depth::Connect | Depth::Tls => return Ok(None),
            Depth::Get => return self.get(&mut line).await.map(|()| None),
            Depth::Upgrade | Depth::Hold => {}
        }
        let accepted = self.ask_for_upgrade(&mut line).await?;
        Ok((self.depth == Depth::Hold).then_some((line, accepted)))
    }

    /// Resolve and connect.
    async fn reach(&mut self) -> Result<TcpStream, Fault> {
        let plan = &self.monitor.dial;
        let (host, port) = match &plan.connect_to {
            Some(elsewhere) => (&elsewhere.host, elsewhere.port),
            None => (self.target.host(), self.target.port()),
        };
        let resolved = resolve::resolve(host, plan.ip, &plan.resolver, plan.timeouts.resolve).await;
        self.account.phases.resolve = self.account.phase_seconds();
        let resolved = resolved.map_err(|fault| {
            self.account.note(format!("looking up {host} failed: {fault:?}"));
            Fault::Resolve(fault)
        })?;
        self.note_resolved(host, &resolved);
        self.account.addresses.clone_from(&resolved.addresses);
        if self.guarded && !resolved.addresses.iter().copied().all(is_public) {
            return Err(Fault::Resolve(ResolveFault::PrivateAddress));
        }
        self.account.enter(Phase::Connect);
        let only_ipv6 = plan.ip == crate::monitor::IpChoice::Auto && resolved.only_ipv6();
        let connected = connect::connect(&resolved.addresses, port, only_ipv6, plan.timeouts.connect, &self.monitor.hold).await;
        self.account.phases.connect = self.account.phase_seconds();
        self.note_attempts(&connected.attempts);
        let (stream, address) = connected.result.map_err(Fault::Connect)?;
        // Nothing but the SYN has been sent yet.
        if let Some(count) = kernel::path_sample(&stream).map(|sample| sample.total_retransmits).filter(|count| *count > 0) {
            self.account
                .warn(Warning::SynRetransmits, format!("the connection request was sent {count} more times: packets are lost"));
        }
        self.account.remote = Some(address);
        Ok(stream)
    }

    fn note_resolved(&mut self, host: &url::Host<String>, resolved: &resolve::Resolved) {
        let list: Vec<String> = resolved.addresses.iter().map(ToString::to_string).collect();
        let ttl = resolved.ttl.map_or_else(String::new, |ttl| format!(" (TTL {} s)", ttl.as_secs()));
        self.account.note(format!("{host} is {}{ttl}", list.join(", ")));
        if let Some(later) = resolved.aaaa_slower_by {
            self.account.warn(Warning::DnsAaaaSlow, format!("the AAAA answer came {} ms after the A answer", later.as_millis()));
        }
        if let Some((family, fault)) = resolved.failed_family {
            self.account.warn(Warning::DnsFamilyFailed, format!("the {family} lookup failed: {fault:?}"));
        }
    }

    fn note_attempts(&mut self, attempts: &[connect::Attempt]) {
        let connected = attempts.iter().any(|attempt| attempt.error.is_none());
        for attempt in attempts {
            let (address, seconds) = (attempt.address, attempt.took.as_secs_f64());
            match &attempt.error {
                None => self.account.note(format!("connected to {address}")),
                Some(error) => self.account.note(format!("connecting to {address} failed: {error}")),
            }
            if let Some(error) = attempt.error.as_ref().filter(|_| connected) {
                self.account.warn(Warning::AddressFailed, format!("{address} did not take the connection: {error}"));
            }
            self.account.attempts.push(AttemptReport { address, seconds, error: attempt.error.clone() });
        }
    }

    async fn shake_hands(&mut self, stream: TcpStream) -> Result<Line, Fault> {
        let plan = &self.monitor.dial;
        self.account.enter(Phase::Tls);
        let shaken = tls::handshake(RawTap::new(stream), self.target.host(), &plan.tls, self.resources, plan.timeouts.tls).await;
        self.account.phases.tls = self.account.phase_seconds();
        if !plan.tls.verify {
            self.account.warn(Warning::TlsVerificationDisabled, "the certificate is not checked (insecure)");
            if !shaken.report.verified && shaken.result.is_ok() {
                self.account.warn(Warning::TlsVerificationFailed, "a provider would refuse this certificate");
            }
        }
        match (&shaken.error, &shaken.report.version, &shaken.report.cipher_suite) {
            (Some(error), _, _) => {
                self.account.note(format!("TLS failed: {}", Printable::capture(error.as_bytes(), 256)));
            }
            (None, Some(version), Some(suite)) => self.account.note(format!("TLS is up: {version}, {suite}")),
            (None, _, _) => self.account.note("TLS did not finish in time"),
        }
        self.account.tls = Some(shaken.report);
        self.account.outside_validity = shaken.outside_validity;
        shaken.result.map(Line::Tls).map_err(Fault::Tls)
    }

    /// An ordinary request, of which any answer will do.
    async fn get(&mut self, line: &mut Line) -> Result<(), Fault> {
        self.account.enter(Phase::Upgrade);
        let asked = upgrade::get(line, self.monitor, self.target, self.caller).await;
        self.account.phases.upgrade = self.account.phase_seconds();
        self.account.upgrade = asked.report;
        asked.result.map_err(Fault::Upgrade)
    }

    async fn ask_for_upgrade(&mut self, line: &mut Line) -> Result<Accepted, Fault> {
        let plan = &self.monitor.dial;
        self.account.enter(Phase::Upgrade);
        let upgraded = upgrade::upgrade(line, self.monitor, self.target, self.caller).await;
        self.account.phases.upgrade = self.account.phase_seconds();
        if upgraded.bare_lf {
            self.account.warn(Warning::HttpBareLf, "the answer's lines end in a bare line feed");
        }
        match (&upgraded.result, upgraded.report.as_ref().and_then(|report| report.status)) {
            (Ok(_), _) => self.account.note("101 Switching Protocols"),
            (Err(_), Some(status)) => self.account.note(format!("the upgrade was answered with {status}")),
            (Err(fault), None) => self.account.note(format!("no usable answer to the upgrade: {}", what_came(fault))),
        }
        if let Ok(Accepted { subprotocol: None, .. }) = &upgraded.result
            && !plan.subprotocols.is_empty()
        {
            self.account.warn(Warning::SubprotocolNotChosen, "the server chose none of the offered subprotocols");
        }
        self.account.upgrade = upgraded.report;
        upgraded.result.map_err(Fault::Upgrade)
    }

    async fn hold(&mut self, line: Line, accepted: Accepted, cancel: &CancellationToken) -> Evidence {
        self.account.enter(Phase::Hold);
        let security = Security { tls: line.is_tls(), with_client_certificate: self.monitor.dial.tls.client.is_some() };
        let scrubber = Scrubber::new(self.monitor, self.caller);
        let mut held = session::hold_line(line, accepted, self.monitor, &self.caller.call, security, cancel).await;
        if let Some(close) = &mut held.facts.close {
            close.reason = scrubber.scrub(&close.reason).into_owned();
        }
        for remark in held.remarks.iter() {
            let says = remark.text();
            let says = scrubber.scrub(says.as_bytes());
            self.account.remark(remark, &String::from_utf8_lossy(&says));
        }
        let missed_deadline = self.missed_in_hold(held.facts.ending);
        let facts = held.facts.clone();
        self.account.note_hold(held, self.monitor);
        Evidence { hold: Some(facts), missed_deadline, ..Evidence::default() }
    }

    /// The deadline that a fault says was missed.
    fn missed_by(&self, fault: &Fault) -> Option<Duration> {
        use crate::verdict::ConnectFault;
        let timeouts = &self.monitor.dial.timeouts;
        match fault {
            Fault::Resolve(ResolveFault::Timeout) => Some(timeouts.resolve),
            Fault::Connect(ConnectFault::Timeout) => Some(timeouts.connect),
            Fault::Tls(TlsFault::Timeout) => Some(timeouts.tls),
            Fault::Upgrade(UpgradeFault::Timeout { .. }) => Some(timeouts.upgrade),
            // Of the webhook's, see `route`.
            Fault::Webhook(_) | Fault::Resolve(_) | Fault::Connect(_) | Fault::Tls(_) | Fault::Upgrade(_) => None,
        }
    }

    fn missed_in_hold(&self, ending: Ending) -> Option<Duration> {
        let (hold, expect) = (&self.monitor.hold, &self.monitor.expect);
        if let (Ending::NotAnswered, Opening::WhenAnswered { within }) = (ending, self.monitor.dialect.opening()) {
            return Some(within);
        }
        let Ending::Unmet(unmet) = ending else {
            return hold.ping.filter(|_| ending == Ending::PingTimeout).map(|ping| ping.timeout);
        };
        match unmet {
            Unmet::FirstMessage => expect.first_message_within,
            Unmet::FirstAudio => expect.first_audio_within,
            Unmet::Silence => expect.max_silence,
            Unmet::Message => expect.match_within,
            Unmet::Echo | Unmet::Audible | Unmet::Rate | Unmet::Mark => None,
        }
    }
}

/// We were told to stop.
fn cancelled() -> Evidence {
    Evidence { prober: ProberFacts { cancelled: true, ..ProberFacts::default() }, ..Evidence::default() }
}

/// A fault of the upgrade in words, where there was no status.
const fn what_came(fault: &UpgradeFault) -> &'static str {
    match fault {
        UpgradeFault::Timeout { after_bytes: false } => "nothing came in time",
        UpgradeFault::Timeout { after_bytes: true } => "the head was not complete in time",
        UpgradeFault::Closed { .. } => "the connection was closed",
        UpgradeFault::Reset { .. } => "the connection was reset",
        UpgradeFault::NotHttp { .. } => "what came is not HTTP",
        UpgradeFault::Malformed => "what came breaks HTTP's rules",
        UpgradeFault::HeadTooLarge => "the head is too large",
        UpgradeFault::TlsAlert { .. } | UpgradeFault::TlsDamaged => "TLS broke",
        UpgradeFault::Status { .. } | UpgradeFault::Version10 | UpgradeFault::Unfit(_) => "it does not fit",
    }
}
