//! Phase `resolve`: the host's addresses, asked afresh for every probe, A and AAAA apart.
//!
//! No cache: the second probe would measure it. A family that fails does not hide the other one, and is not hidden by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::time::Instant;
use url::Host;

use super::blame;
use crate::monitor::{IpChoice, ResolverChoice};
use crate::verdict::ResolveFault;

/// A family that is this much slower than the other one is worth a warning.
const SLOW_FAMILY: Duration = Duration::from_millis(500);
/// Addresses beyond this many are left out; no host has use for more, and each may cost a connection attempt.
const MOST_ADDRESSES: usize = 16;

/// What a lookup gave.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// In the order of dialling.
    pub(super) addresses: Vec<IpAddr>,
    /// The shortest time to live of the records.
    pub(super) ttl: Option<Duration>,
    /// AAAA came this much later than A.
    pub(super) aaaa_slower_by: Option<Duration>,
    /// The family that failed while the other one answered.
    pub(super) failed_family: Option<(&'static str, ResolveFault)>,
}

impl Resolved {
    /// Has the host only IPv6 addresses?
    pub(super) fn only_ipv6(&self) -> bool {
        self.addresses.iter().all(IpAddr::is_ipv6)
    }
}

/// One family's addresses.
struct Addresses {
    list: Vec<IpAddr>,
    ttl: Option<Duration>,
}

/// What came of asking for one family, and how long it took.
struct Answer {
    result: Result<Addresses, ResolveFault>,
    took: Duration,
}

/// Looks `host` up within `deadline`.
pub(super) async fn resolve(
    host: &Host<String>,
    ip: IpChoice,
    resolver: &ResolverChoice,
    deadline: Duration,
) -> Result<Resolved, ResolveFault> {
    let name = match host {
        Host::Ipv4(address) => return literal((*address).into(), ip),
        Host::Ipv6(address) => return literal((*address).into(), ip),
        Host::Domain(name) => name.as_str(),
    };
    let until = Instant::now() + deadline;
    match resolver {
        ResolverChoice::System => {
            tokio::time::timeout_at(until, system_lookup(name, ip)).await.unwrap_or(Err(ResolveFault::Timeout))
        }
        ResolverChoice::Configured => {
            let resolver = tokio::time::timeout_at(until, configured(deadline)).await.unwrap_or(Err(ResolveFault::Timeout))?;
            ask(&resolver, name, ip, until).await
        }
        ResolverChoice::Servers(servers) => ask(&with_servers(servers, deadline)?, name, ip, until).await,
    }
}

fn literal(address: IpAddr, ip: IpChoice) -> Result<Resolved, ResolveFault> {
    let wanted = match ip {
        IpChoice::Auto => true,
        IpChoice::V4 => address.is_ipv4(),
        IpChoice::V6 => address.is_ipv6(),
    };
    if wanted { Ok(Resolved { addresses: vec![address], ..Resolved::default() }) } else { Err(ResolveFault::NoAddress) }
}

async fn system_lookup(name: &str, ip: IpChoice) -> Result<Resolved, ResolveFault> {
    let found = tokio::net::lookup_host((name, 0)).await.map_err(|error| blame::system_lookup_fault(&error))?;
    let (v4, v6): (Vec<_>, Vec<_>) = found.map(|address| address.ip()).partition(IpAddr::is_ipv4);
    choose(ip, v4, v6).map(|addresses| Resolved { addresses, ..Resolved::default() }).ok_or(ResolveFault::NoAddress)
}

/// The addresses of the family to dial: never a mixture, so that nothing changes family silently.
fn choose(ip: IpChoice, v4: Vec<IpAddr>, v6: Vec<IpAddr>) -> Option<Vec<IpAddr>> {
    let mut chosen = match ip {
        IpChoice::V4 => v4,
        IpChoice::V6 => v6,
        IpChoice::Auto if v4.is_empty() => v6,
        IpChoice::Auto => v4,
    };
    chosen.truncate(MOST_ADDRESSES);
    (!chosen.is_empty()).then_some(chosen)
}

/// Reads `/etc/resolv.conf` and `/etc/hosts` for every probe, as they may change; off the runtime's threads, as they are files.
async fn configured(deadline: Duration) -> Result<TokioResolver, ResolveFault> {
    let build = move || {
        let mut builder = TokioResolver::builder_tokio()?;
        set_options(builder.options_mut(), deadline);
        builder.build()
    };
    match tokio::task::spawn_blocking(build).await {
        Ok(Ok(resolver)) => Ok(resolver),
        Ok(Err(_)) | Err(_) => Err(ResolveFault::NoNameServer),
    }
}

fn with_servers(servers: &[SocketAddr], deadline: Duration) -> Result<TokioResolver, ResolveFault> {
    let server = |address: &SocketAddr| {
        let at_port = |mut connection: ConnectionConfig| {
            connection.port = address.port();
            connection
        };
        NameServerConfig::new(address.ip(), true, vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())])
    };
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    set_options(builder.options_mut(), deadline);
    builder.build().map_err(|_| ResolveFault::NoNameServer)
}

/// One retry within the deadline (`attempts` counts retries), no cache, aliases kept in the answer.
fn set_options(options: &mut hickory_resolver::config::ResolverOpts, deadline: Duration) {
    options.cache_size = 0;
    options.attempts = 1;
    options.timeout = deadline / 2;
    options.preserve_intermediates = true;
}

/// Asks for both families at the same time. The deadline is each family's own, so that one that does not answer cannot hide the other.
async fn ask(resolver: &TokioResolver, name: &str, ip: IpChoice, until: Instant) -> Result<Resolved, ResolveFault> {
    let query = absolute(resolver, name)?;
    let family = |wanted: bool, kind| {
        let query = query.clone();
        let began = Instant::now();
        let asking = async move { tokio::time::timeout_at(until, ask_family(resolver, query, kind)).await };
        async move {
            if !wanted {
                return None;
            }
            let result = asking.await.unwrap_or(Err(ResolveFault::Timeout));
            Some(Answer { result, took: began.elapsed() })
        }
    };
    let (v4, v6) = tokio::join!(family(ip != IpChoice::V6, RecordType::A), family(ip != IpChoice::V4, RecordType::AAAA));
    match combine(ip, v4, v6) {
        Err(fault @ (ResolveFault::NxDomain | ResolveFault::NoAddress)) if is_alias(resolver, &query, until).await => {
            tracing::debug!(?fault, "the name is an alias of a name without address");
            Err(ResolveFault::CnameDangling)
        }
        result => result,
    }
}

/// A name with a dot is what it says, as it is for a provider, and gets no search suffix; unless this machine is set up for names that are
/// relative (`ndots` above 1, as in Kubernetes).
fn absolute(resolver: &TokioResolver, name: &str) -> Result<Name, ResolveFault> {
    let mut parsed = Name::from_utf8(name).map_err(|_| ResolveFault::NxDomain)?;
    if name.contains('.') && resolver.options().ndots <= 1 {
        parsed.set_fqdn(true);
    }
    Ok(parsed)
}

async fn ask_family(resolver: &TokioResolver, name: Name, kind: RecordType) -> Result<Addresses, ResolveFault> {
    let lookup = resolver.lookup(name, kind).await.map_err(|error: NetError| blame::lookup_fault(&error))?;
    let records = lookup.answers();
    #[expect(clippy::wildcard_enum_match_arm, reason = "of all record types, two are addresses")]
    let list: Vec<IpAddr> = records
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(a) => Some(Ipv4Addr::from(*a).into()),
            RData::AAAA(aaaa) => Some(Ipv6Addr::from(*aaaa).into()),
            _ => None,
        })
        .collect();
    let ttl = records.iter().map(|record| Duration::from_secs(record.ttl.into())).min();
    if list.is_empty() { Err(ResolveFault::NoAddress) } else { Ok(Addresses { list, ttl }) }
}

/// Is the name an alias (CNAME)? Asked only when it has no address.
async fn is_alias(resolver: &TokioResolver, name: &Name, until: Instant) -> bool {
    let answer = tokio::time::timeout_at(until, resolver.lookup(name.clone(), RecordType::CNAME)).await;
    let alias = |lookup: &Lookup| lookup.answers().iter().any(|record| record.record_type() == RecordType::CNAME);
    matches!(&answer, Ok(Ok(lookup)) if alias(lookup))
}

fn combine(ip: IpChoice, v4: Option<Answer>, v6: Option<Answer>) -> Result<Resolved, ResolveFault> {
    let fault = |answer: &Option<Answer>| answer.as_ref().and_then(|answer| answer.result.as_ref().err().copied());
    let faults = [fault(&v4), fault(&v6)];
    let aaaa_slower_by = match (&v4, &v6) {
        (Some(a), Some(aaaa)) if a.result.is_ok() => aaaa.took.checked_sub(a.took).filter(|later| *later > SLOW_FAMILY),
        _ => None,
    };
    let (v4, v6) = (v4.and_then(|answer| answer.result.ok()), v6.and_then(|answer| answer.result.ok()));
    let ttl = [&v4, &v6].into_iter().flatten().filter_map(|addresses| addresses.ttl).min();
    let list = |addresses: Option<Addresses>| addresses.map_or_else(Vec::new, |addresses| addresses.list);
    match choose(ip, list(v4), list(v6)) {
        Some(addresses) => {
            let real = |name, fault: Option<ResolveFault>| {
                fault
                    .filter(|fault| !matches!(fault, ResolveFault::NoAddress | ResolveFault::NxDomain))
                    .map(|fault| (name, fault))
            };
            let failed_family = real("A", faults[0]).or_else(|| real("AAAA", faults[1]));
            Ok(Resolved { addresses, ttl, aaaa_slower_by, failed_family })
        }
        None => Err(worst(faults)),
    }
}

/// "Does not exist" holds for both families; after that, an error says more than "no record".
fn worst(faults: [Option<ResolveFault>; 2]) -> ResolveFault {
    let given = || faults.iter().flatten().copied();
    given()
        .find(|fault| *fault == ResolveFault::NxDomain)
        .or_else(|| given().find(|fault| *fault != ResolveFault::NoAddress))
        .unwrap_or(ResolveFault::NoAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(address: &str, took: u64) -> Option<Answer> {
        let addresses = Addresses { list: vec![address.parse().unwrap()], ttl: Some(Duration::from_secs(60)) };
        Some(Answer { result: Ok(addresses), took: Duration::from_millis(took) })
    }

    fn fault(fault: ResolveFault) -> Option<Answer> {
        Some(Answer { result: Err(fault), took: Duration::from_millis(5) })
    }

    #[test]
    fn families_are_not_mixed() {
        let both = combine(IpChoice::Auto, answer("192.0.2.1", 5), answer("2001:db8::1", 5)).unwrap();
        assert_eq!(both.addresses, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        let only_v6 = combine(IpChoice::Auto, fault(ResolveFault::NoAddress), answer("2001:db8::1", 5)).unwrap();
        assert!(only_v6.only_ipv6());
        assert_eq!(only_v6.failed_family, None, "no A record is no error");
    }

    #[test]
    fn a_failing_family_is_a_warning_while_the_other_answers() {
        let resolved = combine(IpChoice::Auto, answer("192.0.2.1", 5), fault(ResolveFault::Servfail)).unwrap();
        assert_eq!(resolved.failed_family, Some(("AAAA", ResolveFault::Servfail)));
        let slow = combine(IpChoice::Auto, answer("192.0.2.1", 5), answer("2001:db8::1", 900)).unwrap();
        assert_eq!(slow.aaaa_slower_by, Some(Duration::from_millis(895)));
    }

    #[test]
    fn the_telling_fault_wins() {
        use ResolveFault::{NoAddress, NxDomain, Servfail, Timeout};
        for (a, aaaa, worst) in [
            (NxDomain, NxDomain, NxDomain),
            (NoAddress, NoAddress, NoAddress),
            (NoAddress, Servfail, Servfail),
            (Timeout, NxDomain, NxDomain),
        ] {
            assert_eq!(combine(IpChoice::Auto, fault(a), fault(aaaa)).unwrap_err(), worst);
        }
    }
}
