//! `/sd/targets`: the monitors that run here as targets for Prometheus, in the form of its HTTP service discovery.
//!
//! Each entry is one scrape of `/probe` here: the daemon's own address, and what a job in the manner of blackbox_exporter would have to
//! write into `params` and `relabel_configs`. Deliberately absent: the endpoints' own addresses, which nobody can scrape.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header, uri::Authority};
use serde::Serialize;

use super::probe::OFFSET;
use super::{Refusal, Surface};
use crate::monitor::Monitor;

/// One entry of the list.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    targets: [String; 1],
    labels: BTreeMap<String, String>,
}

/// Labels of a target that Prometheus, or this list, has a meaning for.
const TAKEN: [&str; 3] = ["instance", "job", "monitor"];

pub(super) async fn targets(State(surface): State<Surface>, headers: HeaderMap) -> Result<Json<Vec<Entry>>, Refusal> {
    // The address that the client has for us, which is the one that it can scrape.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@')).map(|host| host.to_string());
    let missing =
        || Refusal::text(StatusCode::BAD_REQUEST, "the request has no good `Host` header, which becomes the target's address");
    let host = host.ok_or_else(missing)?;
    Ok(Json(surface.board.snapshots().iter().map(|snapshot| entry(&snapshot.monitor, &host)).collect()))
}

fn entry(monitor: &Monitor, host: &str) -> Entry {
    let name = monitor.name.as_str();
    let interval = monitor.rhythm.interval;
    // A scrape may not take longer than its interval.
    let timeout = (monitor.longest_probe() + OFFSET).min(interval);
    let own = [
        ("__metrics_path__", "/probe".to_owned()),
        ("__param_target", name.to_owned()),
        ("__scrape_interval__", duration(interval)),
        ("__scrape_timeout__", duration(timeout)),
        ("instance", name.to_owned()),
        ("monitor", name.to_owned()),
    ];
    let users = monitor.labels.iter().filter(|(label, _)| !TAKEN.contains(&label.as_str()));
    let users = users.map(|(label, value)| (label.clone(), value.clone()));
    Entry { targets: [host.to_owned()], labels: users.chain(own.map(|(label, value)| (label.to_owned(), value))).collect() }
}

/// A duration as Prometheus reads it.
fn duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 { format!("{}s", duration.as_secs()) } else { format!("{}ms", duration.as_millis()) }
}
