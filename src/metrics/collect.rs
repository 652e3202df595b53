//! From the numbers to Prometheus' families.

use std::collections::BTreeMap;

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::families::{self as f, Family, Kind};
use super::series::Series;
use super::{Snapshot, lock};
use crate::outcome::Phase;
use crate::standing::State;

/// Families in the making.
#[derive(Default)]
struct Sheet(BTreeMap<&'static str, MetricFamily>);

/// Every family that has a value now.
pub(super) fn collect(snapshot: &Snapshot) -> Vec<MetricFamily> {
    let mut sheet = Sheet::default();
    sheet.own(snapshot);
    sheet.lists(snapshot);
    for (name, series) in &snapshot.monitors {
        let (name, series) = (name.as_str(), &*lock(series));
        sheet.standing(name, series);
        sheet.about(name, series);
        sheet.counts(name, series);
        sheet.last_probe(name, series);
        sheet.certificates(name, series);
        sheet.histogram(&f::DIAL_DURATION, name, &series.dial);
        sheet.histogram(&f::HOLD_DURATION, name, &series.hold);
    }
    sheet.0.into_values().collect()
}

impl Sheet {
    fn own(&mut self, snapshot: &Snapshot) {
        let own = &snapshot.own;
        self.count(&f::PROBES_SKIPPED, &[], own.skipped);
        self.count(&f::PROBES_CANCELLED, &[], own.cancelled);
        self.value(&f::PROBES_IN_FLIGHT, &[], Some(own.in_flight as f64));
        self.value(&f::PROBES_CONCURRENT_LIMIT, &[], Some(own.limit as f64));
        self.value(&f::SCHEDULE_DELAY, &[], Some(snapshot.schedule_delay.as_secs_f64()));
        self.value(&f::PROBER_LAG, &[], Some(snapshot.prober_lag.as_secs_f64()));
        let line = own.control_line;
        self.value(&f::PROBER_SUSPECT, &[], Some(flag(own.suspect)));
        self.value(&f::CONTROL_LINE_UP, &[], line.up.map(flag));
        self.count(&f::CONTROL_LINE_PROBES, &[], line.probes);
        self.count(&f::CONTROL_LINE_FAILURES, &[], line.failures);
        self.value(&f::CONTROL_LINE_DIAL, &[], line.dial);
        self.count(&f::FOLLOW_UPS, &[], own.follow_ups);
        self.value(&f::CONFIG_RELOAD_SUCCESSFUL, &[], own.reload_successful.map(flag));
        self.value(&f::CONFIG_RELOAD_SUCCESS_TIME, &[], own.reload_success_at.map(|at| at.unix_seconds()));
        self.value(&f::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], Some(1.0));
    }

    fn lists(&mut self, snapshot: &Snapshot) {
        self.value(&f::MONITORS, &[], Some(snapshot.monitors.len() as f64));
        for (name, list) in snapshot.lists.iter() {
            self.value(&f::DISCOVERY_REFRESH_SUCCESSFUL, &[name], list.successful.map(flag));
            self.value(&f::DISCOVERY_REFRESH_SUCCESS_TIME, &[name], list.success_at.map(|at| at.unix_seconds()));
            self.value(&f::DISCOVERY_TARGETS, &[name], Some(list.targets as f64));
            self.value(&f::DISCOVERY_TARGETS_SKIPPED, &[name], Some((list.skipped + list.clashes) as f64));
        }
    }

    fn standing(&mut self, name: &str, series: &Series) {
        let standing = &series.standing;
        self.value(&f::MONITOR_UP, &[name], series.last.up.map(flag));
        for &state in State::ALL {
            self.value(&f::MONITOR_STATE, &[name, state.label()], Some(flag(state == standing.state)));
        }
        self.value(&f::MONITOR_STATE_SINCE, &[name], Some(standing.since.unix_seconds()));
        self.value(&f::FLAPPING, &[name], Some(flag(standing.flapping)));
        if let Some((phase, reason)) = series.last.failure
            && matches!(standing.state, State::Suspect | State::Down)
        {
            let labels = [name, phase.label(), reason.label(), reason.owner().label()];
            self.value(&f::LAST_FAILURE_INFO, &labels, Some(1.0));
        }
    }

    fn about(&mut self, name: &str, series: &Series) {
        let about = &series.about;
        let metric = self.value(&f::MONITOR_INFO, &[name, about.dialect, &about.host, about.mode], Some(1.0));
        if let Some(metric) = metric {
            let own = metric.take_label();
            let users = about.labels.iter().map(|(label, value)| pair(label, value));
            metric.set_label(own.into_iter().chain(users).collect());
        }
        self.value(&f::HOLD_TARGET, &[name], Some(about.hold_target));
        self.value(&f::PROBE_INTERVAL, &[name], Some(series.interval()));
        self.value(&f::TLS_VERIFICATION_DISABLED, &[name], Some(flag(about.unverified)));
    }

    fn counts(&mut self, name: &str, series: &Series) {
        let counts = &series.counts;
        self.count(&f::PROBES, &[name], counts.probes);
        self.count(&f::PROBES_INCONCLUSIVE, &[name], counts.inconclusive);
        for (phase, &count) in &counts.failures {
            self.count(&f::PROBE_FAILURES, &[name, phase.label()], count);
        }
        for (reason, &count) in &counts.failure_reasons {
            self.count(&f::PROBE_FAILURE_REASONS, &[name, reason.label()], count);
        }
        for (reason, &count) in &counts.inconclusive_reasons {
            self.count(&f::PROBE_INCONCLUSIVE_REASONS, &[name, reason.label()], count);
        }
        for ((code, by), &count) in &counts.closes {
            self.count(&f::CLOSES, &[name, code, by.label()], count);
        }
        self.count(&f::CONFIRMATIONS, &[name], counts.confirmations);
        self.count(&f::PROBE_PANICS, &[name], counts.panics);
        self.count(&f::AUDIO_FRAMES_SENT, &[name], counts.frames_sent);
        self.count(&f::AUDIO_FRAMES_RECEIVED, &[name], counts.frames_received);
        self.count(&f::TCP_RETRANSMITS, &[name], counts.retransmits);
    }

    fn last_probe(&mut self, name: &str, series: &Series) {
        let last = &series.last;
        for &phase in Phase::ALL {
            self.value(&f::PROBE_PHASE, &[name, phase.label()], last.phases.of(phase));
        }
        for warning in &last.warnings {
            self.value(&f::PROBE_WARNING, &[name, warning.label()], Some(1.0));
        }
        for finding in &last.findings {
            self.value(&f::FINDING, &[name, finding.label()], Some(1.0));
        }
        let rows = [
            (f::HOLD, last.hold),
            (f::CLOSE_CODE, last.close_code.map(f64::from)),
            (f::FIRST_MESSAGE, last.first_message),
            (f::FIRST_AUDIO, last.first_audio),
            (f::AUDIO_LONGEST_GAP, last.longest_gap),
            (f::AUDIO_JITTER, last.jitter),
            (f::AUDIO_RATE, last.audio_rate),
            (f::PING_RTT, last.ping_rtt),
            (f::TCP_RTT, last.tcp_rtt),
            (f::LAST_PROBE, last.started.map(|at| at.unix_seconds())),
            (f::LAST_SUCCESS, last.succeeded.map(|at| at.unix_seconds())),
        ];
        for (family, value) in rows {
            self.value(&family, &[name], value);
        }
    }

    fn certificates(&mut self, name: &str, series: &Series) {
        if let Some((leaf, earliest)) = series.last.certificates {
            self.value(&f::TLS_CERTIFICATE_NOT_AFTER, &[name, "leaf"], Some(leaf.unix_seconds()));
            self.value(&f::TLS_CERTIFICATE_NOT_AFTER, &[name, "earliest"], Some(earliest.unix_seconds()));
        }
    }

    fn count(&mut self, family: &Family, values: &[&str], count: u64) {
        let mut counter = Counter::default();
        counter.set_value(count as f64);
        self.push(family, values).set_counter(counter);
    }

    /// Adds a gauge, unless it has no value.
    fn value(&mut self, family: &Family, values: &[&str], value: Option<f64>) -> Option<&mut Metric> {
        let mut gauge = Gauge::default();
        gauge.set_value(value?);
        let metric = self.push(family, values);
        metric.set_gauge(gauge);
        Some(metric)
    }

    fn histogram(&mut self, family: &Family, name: &str, histogram: &prometheus::Histogram) {
        use prometheus::core::Metric as _;
        self.push(family, &[name]).set_histogram(histogram.metric().get_histogram().clone());
    }

    fn push(&mut self, family: &Family, values: &[&str]) -> &mut Metric {
        debug_assert_eq!(family.labels.len(), values.len(), "{}", family.name);
        let labels = family.labels.iter().zip(values).map(|(label, value)| pair(label, value)).collect();
        let metrics = self.0.entry(family.name).or_insert_with(|| empty(family)).mut_metric();
        metrics.push(Metric::from_label(labels));
        let newest = metrics.len() - 1;
        &mut metrics[newest]
    }
}

fn empty(family: &Family) -> MetricFamily {
    let mut made = MetricFamily::default();
    made.set_name(family.name.to_owned());
    made.set_help(family.help.to_owned());
    made.set_field_type(match family.kind {
        Kind::Counter => MetricType::COUNTER,
        Kind::Gauge => MetricType::GAUGE,
        Kind::Histogram => MetricType::HISTOGRAM,
    });
    made
}

fn pair(label: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(label.to_owned());
    pair.set_value(value.to_owned());
    pair
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}
