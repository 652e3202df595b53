//! What `sidetone check` prints when all is well.

use std::time::Duration;

use super::Config;
use super::values::duration_text;
use crate::monitor::{Endpoint, Monitor};

/// A line per monitor and the totals. Query values are redacted, and no header or credential is shown.
#[must_use]
pub fn summary(config: &Config) -> String {
    let head = ["monitor", "dialect", "interval", "hold", "target"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(config.monitors.iter().map(|monitor| row(monitor))).collect();
    let widths: [usize; 4] = std::array::from_fn(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(&row[4]);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&totals(config));
    text
}

fn row(monitor: &Monitor) -> [String; 5] {
    [
        monitor.name.to_string(),
        monitor.dialect.name().to_owned(),
        duration_text(monitor.rhythm.interval),
        format!("{} {}", duration_text(monitor.hold.target), monitor.hold.mode.label()),
        way(monitor),
    ]
}

/// Where a probe begins, and which second ways there are.
fn way(monitor: &Monitor) -> String {
    let mut text = match &monitor.endpoint {
        Endpoint::Stream(target) => target.to_string(),
        Endpoint::Webhook(webhook) => {
            let signed = if webhook.signing.is_some() { "signed" } else { "not signed" };
            format!("webhook {} ({}, {signed})", webhook.url, webhook.kind)
        }
    };
    if let Some(origin) = &monitor.origin {
        text.push_str(&format!("; origin {origin}"));
    }
    if let Some(fallback) = &monitor.fallback {
        text.push_str(&format!("; fallback {}", fallback.url));
    }
    text
}

fn totals(config: &Config) -> String {
    let minute = Duration::from_secs(60).as_secs_f64();
    let rates = config.monitors.iter().map(|monitor| minute / monitor.rhythm.interval.as_secs_f64());
    // Not `sum`, which makes -0.0 of nothing.
    let per_minute = rates.fold(0.0, |sum, rate| sum + rate);
    let plural = if config.monitors.len() == 1 { "monitor" } else { "monitors" };
    format!(
        "{} {plural}, {per_minute:.1} probes per minute, at most {} at a time; listens on {}\n",
        config.monitors.len(),
        config.daemon.max_concurrent_probes,
        config.daemon.listen
    )
}
