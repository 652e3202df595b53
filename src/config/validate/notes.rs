//! What is allowed and should be known: said once for all monitors that it is about.

use std::sync::Arc;
use std::time::Duration;

use super::{Scope, webhook};
use crate::config::raw::Identity;
use crate::config::read::Placed;
use crate::config::values::duration_text;
use crate::dialect::{CallSettings, Opening, Provider};
use crate::monitor::{Endpoint, Monitor, Target, Webhook, WebhookKind};

/// What a dial and the goodbye of a good endpoint take beside the hold, for an estimate.
const BESIDE_HOLD: Duration = Duration::from_secs(1);

/// A monitor of which a failing probe may take longer than the interval.
pub(super) struct Slow {
    longest: Duration,
    interval: Placed<Duration>,
    /// The largest deadline, with its key.
    deadline: (&'static str, Placed<Duration>),
}

impl Slow {
    pub(super) fn find(monitor: &Monitor, identity: &Identity, scope: &Scope<'_>) -> Option<Self> {
        let (longest, all, timeouts) = (monitor.longest_probe(), &scope.all, &monitor.dial.timeouts);
        let interval = all.interval.placed(monitor.rhythm.interval).filter(|interval| longest > interval.value)?;
        let tls = if may_be_secure(monitor) { timeouts.tls } else { Duration::ZERO };
        let asked = identity.webhook.get().zip(monitor.endpoint.webhook());
        let fallback = identity.fallback.get().zip(monitor.fallback.as_deref());
        let deadlines = [
            ("resolve_timeout", all.resolve_timeout.placed(timeouts.resolve)),
            ("connect_timeout", all.connect_timeout.placed(timeouts.connect)),
            ("tls_timeout", all.tls_timeout.placed(tls).map(|deadline| Placed { value: tls, ..deadline })),
            ("upgrade_timeout", all.upgrade_timeout.placed(timeouts.upgrade)),
            ("close_timeout", all.close_timeout.placed(monitor.hold.close_timeout)),
            ("timeout` of `[monitor.webhook]", asked.and_then(|(raw, webhook)| raw.timeout.placed(webhook.timeout))),
            ("timeout` of `[monitor.fallback]", fallback.and_then(|(raw, webhook)| raw.timeout.placed(webhook.timeout))),
        ];
        let deadlines = deadlines.into_iter().filter_map(|(key, placed)| Some((key, placed?)));
        Some(Self { longest, interval, deadline: deadlines.max_by_key(|(_, deadline)| deadline.value)? })
    }
}

/// What a webhook says may be `wss://`.
fn may_be_secure(monitor: &Monitor) -> bool {
    monitor.endpoint.is_secure() || monitor.endpoint.webhook().is_some()
}

/// `text` is the file, for the numbers of its lines.
pub(super) fn notes(monitors: &[(Arc<Monitor>, Option<Slow>)], places: usize, text: &str) -> Vec<String> {
    let dialled = [insecure(monitors), not_wss(monitors), lost_query(monitors), other_rate(monitors), offered(monitors)];
    let asked = [not_https(monitors), other_provider(monitors)];
    let timed = [unopened(monitors), slow(monitors, text), crowded(monitors, places)];
    dialled.into_iter().chain(asked).chain(timed).flatten().collect()
}

fn insecure(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names =
        names(monitors.iter().map(|(monitor, _)| monitor).filter(|monitor| !monitor.dial.tls.verify && may_be_secure(monitor)))?;
    Some(format!(
        "`insecure = true`: certificates are not checked for {names}; a provider checks them, so callers may hear silence while this is green"
    ))
}

/// The names of the monitors of a provider for which `is_so` holds.
fn providers(monitors: &[(Arc<Monitor>, Option<Slow>)], is_so: impl Fn(&Monitor, &CallSettings) -> bool) -> Option<String> {
    let is_one = |monitor: &&Arc<Monitor>| monitor.dialect.provider().is_some_and(|settings| is_so(monitor, settings));
    names(monitors.iter().map(|(monitor, _)| monitor).filter(is_one))
}

fn not_wss(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names = providers(monitors, |monitor, settings| {
        let is_plain = |target: &Target| !target.is_secure() && !target.is_loopback();
        settings.provider.facts().wss_only && monitor.endpoint.target().is_some_and(is_plain)
    })?;
    Some(format!("`ws://`: the provider dials `wss://` alone, for {names}; no call comes in on this URL"))
}

fn lost_query(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names = providers(monitors, |monitor, settings| {
        settings.provider.facts().query_is_lost && monitor.endpoint.target().is_some_and(Target::has_query)
    })?;
    Some(format!("`url`: Twilio does not carry the query, for {names}; use `parameters` of `[monitor.call]`"))
}

/// What proves who the provider is can be read on the way.
fn not_https(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let is_plain = |webhook: &Webhook| !webhook.url.is_secure() && !webhook.url.is_loopback();
    let asks_plainly = |monitor: &&Arc<Monitor>| {
        let asked = monitor.endpoint.webhook().into_iter().chain(monitor.fallback.as_deref());
        asked.into_iter().any(is_plain)
    };
    let names = names(monitors.iter().map(|(monitor, _)| monitor).filter(asks_plainly))?;
    Some(format!(
        "`http://`: a webhook is asked without encryption, parameters and signature included, for {names}; write `https://`"
    ))
}

/// A dialect that streams of this provider do not speak. What the document says is spoken then, which may be what is meant.
fn other_provider(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names = providers(monitors, |monitor, settings| match &monitor.endpoint {
        Endpoint::Webhook(asked) if asked.kind != WebhookKind::Json => webhook::kind_of(settings.provider) != Some(asked.kind),
        Endpoint::Webhook(_) | Endpoint::Stream(_) => false,
    })?;
    Some(format!(
        "`provider` of `[monitor.webhook]` and `dialect` are two providers, for {names}; the stream is spoken to as the webhook's provider does"
    ))
}

/// Exotel sends 8000 samples a second unless the query says otherwise.
fn other_rate(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names = providers(monitors, |monitor, settings| {
        let Some(target) = monitor.endpoint.target() else { return false };
        let asked = target.query_number("sample-rate").unwrap_or(8_000);
        settings.provider == Provider::Exotel && asked != settings.audio.sample_rate
    })?;
    Some(format!(
        "`sample_rate`: Exotel takes the rate from `?sample-rate=…` of the URL (8000 without it), and `[monitor.audio]` has another \
         one, for {names}"
    ))
}

/// The hold ends before the server is late.
fn unopened(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let names = providers(monitors, |monitor, settings| match settings.opening() {
        Opening::AtOnce => false,
        Opening::WhenAnswered { within } => within > monitor.hold.target,
    })?;
    Some(format!(
        "`hold` is shorter than the time that the provider gives a server to open the session, for {names}; a server that is slower \
         than the hold fails here. Set a longer `hold`, or a shorter `answer_within`"
    ))
}

/// A server that chooses one of them looks good here, and the provider, which offers none, drops the line.
fn offered(monitors: &[(Arc<Monitor>, Option<Slow>)]) -> Option<String> {
    let offers_none = |monitor: &&Arc<Monitor>| {
        let provider = monitor.dialect.provider().map(|settings| settings.provider.facts());
        provider.is_some_and(|facts| facts.subprotocol.is_none()) && !monitor.dial.subprotocols.is_empty()
    };
    let names = names(monitors.iter().map(|(monitor, _)| monitor).filter(offers_none))?;
    Some(format!(
        "`subprotocols`: the provider itself is not known to offer any, for {names}; a server that chooses one breaks the line there"
    ))
}

/// Names the places of the slowest such monitor; the others mostly have them from `[defaults]` as well.
fn slow(monitors: &[(Arc<Monitor>, Option<Slow>)], text: &str) -> Option<String> {
    // Of several, the first one in the file.
    let worst = monitors.iter().rev().filter_map(|(_, slow)| slow.as_ref()).max_by_key(|slow| slow.longest)?;
    let names = names(monitors.iter().filter(|(_, slow)| slow.is_some()).map(|(monitor, _)| monitor))?;
    let place = |placed: &Placed<Duration>| match &placed.at {
        Some(span) => format!("{}, line {}", duration_text(placed.value), line(text, span.start)),
        None => format!("{} by default", duration_text(placed.value)),
    };
    let (key, deadline) = &worst.deadline;
    Some(format!(
        "a failing probe may take up to {}, which is longer than the interval, for {names}; slots are skipped and counted then. \
         Set `interval` ({}) to {} or more, or shorter deadlines, first of all `{key}` ({})",
        duration_text(worst.longest),
        place(&worst.interval),
        duration_text(Duration::from_secs(worst.longest.as_secs() + u64::from(worst.longest.subsec_nanos() > 0))),
        place(deadline),
    ))
}

/// With all places taken, probes wait until their slot has passed. Starts are spread over the interval, so the mean counts.
fn crowded(monitors: &[(Arc<Monitor>, Option<Slow>)], places: usize) -> Option<String> {
    let share = |monitor: &Monitor| (monitor.hold.target + BESIDE_HOLD).as_secs_f64() / monitor.rhythm.interval.as_secs_f64();
    let needed: f64 = monitors.iter().map(|(monitor, _)| share(monitor)).sum::<f64>().ceil();
    // No more than 65 535 can be configured.
    let has = f64::from(u32::try_from(places).unwrap_or(u32::MAX));
    (needed > has).then(|| {
        format!(
            "about {needed} probes run at the same time, and `max_concurrent_probes` is {places}: probes will wait and slots be \
             skipped. Set it to {needed} or more, or longer intervals"
        )
    })
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// `a`, `b`, `c` and 7 more.
fn names<'m>(monitors: impl Iterator<Item = &'m Arc<Monitor>>) -> Option<String> {
    const NAMED: usize = 3;
    let mut monitors = monitors.map(|monitor| format!("`{}`", monitor.name));
    let first: Vec<String> = monitors.by_ref().take(NAMED).collect();
    let more = monitors.count();
    match (first.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(first.join(", ")),
        (false, more) => Some(format!("{} and {more} more", first.join(", "))),
    }
}
