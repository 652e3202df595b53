//! `/probe?target=<name>`: one probe on demand, told with the names of blackbox_exporter's websocket prober, so that its dashboards and
//! rules work.
//!
//! Only configured monitors can be probed, by their name. A free target would let anyone who reaches the port make requests from
//! this machine (server-side request forgery), which is what blackbox_exporter's `/probe` is disputed for (CVE-2020-16248).
//!
//! A probe that is running is joined. An inconclusive probe is a 503 and no `probe_success 0`: it says nothing about the endpoint.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus::{Gauge, GaugeVec, Opts, Registry, TextEncoder};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::extract::{self, Asked};
use super::{Refusal, Surface};
use crate::metrics::CONTENT_TYPE;
use crate::monitor::Monitor;
use crate::outcome::{Outcome, Reason};
use crate::report::Report;
use crate::supervisor::ProbeNowError;

/// What Prometheus is told earlier than its own timeout strikes, as in blackbox_exporter (`--timeout-offset`).
pub(super) const OFFSET: Duration = Duration::from_millis(500);

#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    target: Option<String>,
    #[serde(default)]
    debug: bool,
}

impl extract::Parameters for Parameters {
    const TAKES: &'static str = "`target` (the name of a configured monitor) once and `debug` (true or false) at most once";
}

/// Probes if one of `places` is free. Nobody is kept waiting for one, since who waits holds a connection, too.
pub(super) async fn in_its_place(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        let says = "too many requests for /probe are waiting already; ask again when some of them have ended";
        return ([(header::CONNECTION, "close")], Refusal::text(StatusCode::SERVICE_UNAVAILABLE, says)).into_response();
    };
    next.run(request).await
}

pub(super) async fn probe(
    State(surface): State<Surface>,
    Asked(parameters): Asked<Parameters>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let bad = |says: &str| Refusal::text(StatusCode::BAD_REQUEST, says);
    let name = parameters.target.ok_or_else(|| bad("`target` is missing: /probe?target=<name of a configured monitor>"))?;
    let unknown = "no monitor has this name; `target` is the name of a configured monitor and never a URL or host, so that nobody can \
                   make sidetone dial elsewhere";
    let monitor = surface.board.snapshot(&name).ok_or_else(|| bad(unknown))?.monitor;
    let deadline = deadline(&headers, &monitor);
    let report = match tokio::time::timeout(deadline, surface.board.probe_now(&name)).await {
        Ok(Ok(report)) => report,
        Ok(Err(ProbeNowError::Unknown)) => return Err(bad(unknown)),
        Ok(Err(error @ (ProbeNowError::Busy | ProbeNowError::Stopped))) => {
            return Err(Refusal::text(StatusCode::SERVICE_UNAVAILABLE, error.to_string()));
        }
        Err(_) => return Err(too_late(deadline, &monitor)),
    };
    if report.outcome == Outcome::Inconclusive {
        return Err(Refusal::text(StatusCode::SERVICE_UNAVAILABLE, format!("inconclusive: {}", report.summary)));
    }
    let metrics = text(&report).map_err(|error| Refusal::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    if parameters.debug {
        return Ok(debug(&report, &metrics).into_response());
    }
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics).into_response())
}

/// How long a probe may wait for its turn among the probes of other monitors.
const PATIENCE: Duration = Duration::from_secs(5);

/// What Prometheus allows, and at most the longest that the probe can take.
fn deadline(headers: &HeaderMap, monitor: &Monitor) -> Duration {
    let scrape_timeout = headers.get("x-prometheus-scrape-timeout-seconds").and_then(|value| value.to_str().ok());
    let seconds = scrape_timeout.and_then(|text| text.parse::<f64>().ok()).and_then(|s| Duration::try_from_secs_f64(s).ok());
    let longest = monitor.longest_probe() + PATIENCE;
    seconds.map_or(longest, |seconds| seconds.saturating_sub(OFFSET).min(longest))
}

fn too_late(deadline: Duration, monitor: &Monitor) -> Refusal {
    let says = format!(
        "no probe ended within {deadline:?}; one that has begun goes on and will be counted, and one that has not may not take place. \
         A hold of {:?} needs a scrape_timeout that is longer",
        monitor.hold.target
    );
    Refusal::text(StatusCode::GATEWAY_TIMEOUT, says)
}

/// blackbox_exporter's page for one probe.
fn text(report: &Report) -> Result<String, prometheus::Error> {
    let sheet = Registry::new();
    let gauge = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        sheet.register(Box::new(gauge))
    };
    let phases = &report.phases;
    let all = [phases.webhook, phases.resolve, phases.connect, phases.tls, phases.upgrade, phases.hold, phases.close];
    gauge("probe_success", "Displays whether or not the probe was a success", flag(report.outcome == Outcome::Success))?;
    gauge("probe_duration_seconds", "How long the probe took to complete in seconds", all.iter().flatten().sum())?;
    gauge("probe_dns_lookup_time_seconds", "The time taken for the DNS lookup in seconds", phases.resolve.unwrap_or(0.0))?;
    let protocol = report.remote_address.map_or(0.0, |address| if address.is_ipv4() { 4.0 } else { 6.0 });
    gauge("probe_ip_protocol", "Whether the probe went over IPv4 (4) or IPv6 (6)", protocol)?;
    let status = report.upgrade.as_ref().and_then(|upgrade| upgrade.status).unwrap_or(0);
    gauge("probe_websocket_status_code", "The HTTP status code of the answer to the upgrade", f64::from(status))?;
    gauge("probe_websocket_connection_upgraded", "1 if the connection was upgraded", flag(phases.hold.is_some()))?;
    let mismatch = report.reason == Some(Reason::AppMessageMismatch);
    gauge("probe_websocket_failed_due_to_regex", "1 if no message matched what is expected", flag(mismatch))?;
    if let Some(earliest) = report.tls.iter().flat_map(|tls| &tls.certificates).map(|c| c.not_after).min() {
        gauge(
            "probe_ssl_earliest_cert_expiry",
            "The earliest end of validity in the chain, in Unix time",
            earliest.unix_seconds(),
        )?;
    }
    register_durations(&sheet, report)?;
    TextEncoder::new().encode_to_string(&sheet.gather())
}

/// blackbox_exporter's phases: TLS and upgrade are one there (`processing`), and what follows the upgrade is `transfer`.
fn register_durations(sheet: &Registry, report: &Report) -> Result<(), prometheus::Error> {
    let phases = &report.phases;
    let options = Opts::new("probe_websocket_duration_seconds", "How long each phase took in seconds");
    let durations = GaugeVec::new(options, &["phase"])?;
    let processing = phases.tls.unwrap_or(0.0) + phases.upgrade.unwrap_or(0.0);
    let transfer = phases.hold.unwrap_or(0.0) + phases.close.unwrap_or(0.0);
    let rows = [
        ("resolve", phases.resolve.unwrap_or(0.0)),
        ("connect", phases.connect.unwrap_or(0.0)),
        ("processing", processing),
        ("transfer", transfer),
    ];
    // Only of monitors that begin there, so that the page of the others stays as blackbox_exporter's.
    let webhook = phases.webhook.map(|seconds| ("webhook", seconds));
    for (phase, seconds) in rows.into_iter().chain(webhook) {
        durations.with_label_values(&[phase]).set(seconds);
    }
    sheet.register(Box::new(durations))
}

fn debug(report: &Report, metrics: &str) -> String {
    let mut page = format!("{}: {}\n\nTimeline:\n", report.outcome, report.summary);
    for entry in &report.timeline {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{:9.3} s  {}", entry.at_seconds, entry.what);
    }
    page + "\nMetrics that would have been returned:\n" + metrics
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}
