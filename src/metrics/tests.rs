//! The page that Prometheus reads, as text.

use std::collections::BTreeSet;

use super::*;
use crate::config::Expanded;
use crate::monitor::{Endpoint, HostPort, Target, Thresholds};
use crate::outcome::{Confidence, Finding, HttpStatus, Outcome, Phase, Reason, Warning};
use crate::report::{FindingReport, WarningReport};
use crate::supervisor::fixture;

/// A page after these reports of one monitor.
fn page_after(reports: &[Report]) -> String {
    let metrics = Metrics::new(LagMeter::new());
    let monitor = fixture::monitor("a");
    let mut standing = Standing::new(Thresholds::default(), Timestamp::from_unix_seconds(0));
    metrics.watch(&monitor, &standing);
    metrics.config_loaded(Some(Timestamp::from_unix_seconds(7)));
    metrics.record_control_line(&fixture::report("control-line", Outcome::Success));
    let list = Expanded { targets: 5, skipped: 1, ..Expanded::default() };
    metrics.list_read(&monitor.name, Some(Timestamp::from_unix_seconds(8)), Some(&list));
    for report in reports {
        standing.observe(report.outcome, report.started_at);
        metrics.record(&monitor.name, report, &standing);
    }
    metrics.text().unwrap()
}

fn has(page: &str, line: &str) -> bool {
    page.lines().any(|l| l == line)
}

#[track_caller]
fn assert_has(page: &str, lines: &[&str]) {
    for line in lines {
        assert!(has(page, line), "no line `{line}` in\n{page}");
    }
}

#[tokio::test]
async fn everything_that_a_good_probe_says() {
    let page = page_after(&[fixture::report("a", Outcome::Success)]);
    assert_has(
        &page,
        &[
            r#"sidetone_monitor_up{monitor="a"} 1"#,
            r#"sidetone_monitor_state{monitor="a",state="ok"} 1"#,
            r#"sidetone_monitor_state{monitor="a",state="unknown"} 0"#,
            r#"sidetone_monitor_info{monitor="a",dialect="raw",host="voice.example.com",mode="streamed"} 1"#,
            r#"sidetone_probes_total{monitor="a"} 1"#,
            r#"sidetone_probe_failures_total{monitor="a",phase="webhook"} 0"#,
            r#"sidetone_probe_phase_seconds{monitor="a",phase="tls"} 0.024"#,
            r#"sidetone_dial_duration_seconds_bucket{monitor="a",le="0.025"} 0"#,
            r#"sidetone_dial_duration_seconds_bucket{monitor="a",le="0.05"} 1"#,
            r#"sidetone_hold_duration_seconds_bucket{monitor="a",le="10"} 0"#,
            r#"sidetone_hold_duration_seconds_bucket{monitor="a",le="+Inf"} 1"#,
            r#"sidetone_hold_duration_seconds_count{monitor="a"} 1"#,
            r#"sidetone_hold_seconds{monitor="a"} 10.001"#,
            r#"sidetone_hold_target_seconds{monitor="a"} 10"#,
            r#"sidetone_closes_total{monitor="a",code="1000",by="prober"} 1"#,
            r#"sidetone_closes_total{monitor="a",code="1006",by="server"} 0"#,
            r#"sidetone_close_code{monitor="a"} 1000"#,
            r#"sidetone_first_audio_seconds{monitor="a"} 0.2"#,
            r#"sidetone_audio_frames_sent_total{monitor="a"} 500"#,
            r#"sidetone_tls_certificate_not_after_timestamp_seconds{monitor="a",certificate="leaf"} 1800000000"#,
            r#"sidetone_tls_certificate_not_after_timestamp_seconds{monitor="a",certificate="earliest"} 1799000000"#,
            r#"sidetone_tls_verification_disabled{monitor="a"} 0"#,
            r#"sidetone_last_success_timestamp_seconds{monitor="a"} 1795168800"#,
            r#"sidetone_probe_interval_seconds{monitor="a"} 60"#,
            "sidetone_config_last_reload_successful 1",
            "sidetone_config_last_reload_success_timestamp_seconds 7",
        ],
    );
    assert!(!page.contains("sidetone_last_failure_info"), "nothing has failed");
}

#[tokio::test]
async fn a_gauge_without_a_value_is_absent() {
    let page = page_after(&[]);
    for family in
        ["sidetone_monitor_up", "sidetone_first_audio_seconds", "sidetone_close_code", "sidetone_last_success_timestamp_seconds"]
    {
        assert!(!page.contains(family), "{family}");
    }
    assert_has(&page, &[r#"sidetone_monitor_state{monitor="a",state="unknown"} 1"#]);
    let page = page_after(&[fixture::report("a", Outcome::Success), fixture::failure("a", Reason::TcpRefused)]);
    assert!(!page.contains("sidetone_hold_seconds") && !page.contains("phase=\"hold\"} 10"), "they are the last probe's");
    assert!(page.contains("certificate=\"leaf\""), "a certificate does not go away because the port is closed");
}

#[tokio::test]
async fn the_last_failure_stands_there_while_the_monitor_is_not_ok() {
    let info = r#"sidetone_last_failure_info{monitor="a",phase="hold",reason="ws_eof",owner="server"} 1"#;
    let (good, bad) = (fixture::report("a", Outcome::Success), fixture::report("a", Outcome::Failure));
    let unclear = fixture::report("a", Outcome::Inconclusive);
    let page = page_after(&[good.clone(), bad.clone(), unclear.clone()]);
    assert_has(&page, &[info, r#"sidetone_monitor_up{monitor="a"} 0"#, r#"sidetone_probes_inconclusive_total{monitor="a"} 1"#]);
    let page = page_after(&[bad.clone(), bad.clone(), good.clone()]);
    assert_has(&page, &[info, r#"sidetone_monitor_state{monitor="a",state="down"} 1"#, r#"sidetone_monitor_up{monitor="a"} 1"#]);
    let page = page_after(&[bad.clone(), bad, good.clone(), good]);
    assert!(!page.contains(info));
    assert_has(&page, &[r#"sidetone_probe_failure_reasons_total{monitor="a",reason="ws_eof"} 2"#]);
    let page = page_after(&[unclear]);
    assert_has(&page, &[r#"sidetone_probe_inconclusive_reasons_total{monitor="a",reason="local_fd_exhausted"} 1"#]);
    assert!(!page.contains("sidetone_probe_failure_reasons_total"), "inconclusive is not failed");
    assert_has(&page, &[r#"sidetone_hold_duration_seconds_count{monitor="a"} 0"#]);
}

#[tokio::test]
async fn a_server_cannot_invent_series() {
    let mut reports = Vec::new();
    for code in 300..600 {
        reports.push(fixture::failure("a", Reason::Http(HttpStatus::new(code).unwrap())));
    }
    for code in [999, 1000, 1004, 3001, 3002, 4001, 4999, 5000] {
        let mut report = fixture::failure("a", Reason::ClosedByServer);
        report.close.as_mut().unwrap().code = code;
        reports.push(report);
    }
    let page = page_after(&reports);
    let statuses = page.matches("sidetone_probe_failure_reasons_total{monitor=\"a\",reason=\"http_").count();
    assert_eq!(statuses, 33, "32 and the rest");
    assert_has(
        &page,
        &[
            r#"sidetone_probe_failure_reasons_total{monitor="a",reason="http_other"} 268"#,
            r#"sidetone_closes_total{monitor="a",code="3xxx",by="server"} 2"#,
            r#"sidetone_closes_total{monitor="a",code="4xxx",by="server"} 2"#,
            r#"sidetone_closes_total{monitor="a",code="other",by="server"} 3"#,
        ],
    );
}

#[tokio::test]
async fn a_monitor_at_rest_has_at_most_80_series() {
    let with = page_after(&[fixture::report("a", Outcome::Success)]);
    let series = with.lines().filter(|line| !line.starts_with('#') && line.contains("monitor=\"a\"")).count();
    assert!((60..=80).contains(&series), "{series} series");
}

#[tokio::test]
async fn label_values_are_escaped_and_warnings_are_words() {
    let metrics = Metrics::new(LagMeter::new());
    let mut monitor = fixture::monitor("a");
    monitor.labels.insert("team".into(), "say \"hi\"\\\n".into());
    monitor.labels.insert("host".into(), "a clash".into());
    let standing = Standing::new(monitor.thresholds, Timestamp::from_unix_seconds(0));
    metrics.watch(&monitor, &standing);
    let mut report = fixture::report("a", Outcome::Success);
    report.summary = "\u{1b}[31mred".into();
    report.warnings.push(WarningReport { warning: Warning::Retransmits, says: "\u{1b}[31mred".into(), provider_code: None });
    metrics.record(&monitor.name, &report, &standing);
    let page = metrics.text().unwrap();
    assert!(page.contains(r#"mode="streamed",team="say \"hi\"\\\n"} 1"#), "{page}");
    assert!(!page.contains("a clash"));
    assert_has(&page, &[r#"sidetone_probe_warning{monitor="a",warning="retransmits"} 1"#]);
    assert!(!page.contains('\u{1b}') && !page.contains("canary"), "text of an endpoint and query values stay out");
}

#[tokio::test]
async fn series_come_and_go_with_their_monitor_and_counters_stay() {
    let metrics = Metrics::new(LagMeter::new());
    let mut monitor = fixture::monitor("a");
    let standing = Standing::new(monitor.thresholds, Timestamp::from_unix_seconds(0));
    metrics.watch(&monitor, &standing);
    metrics.record(&monitor.name, &fixture::report("a", Outcome::Success), &standing);
    monitor.hold.target = Duration::from_secs(99);
    monitor.dial.tls.verify = false;
    metrics.watch(&monitor, &standing);
    let page = metrics.text().unwrap();
    assert_has(
        &page,
        &[
            r#"sidetone_probes_total{monitor="a"} 1"#,
            r#"sidetone_hold_target_seconds{monitor="a"} 99"#,
            r#"sidetone_tls_verification_disabled{monitor="a"} 1"#,
        ],
    );
    metrics.forget(&monitor.name);
    assert!(!metrics.text().unwrap().contains("monitor=\"a\""));
}

#[tokio::test]
async fn what_was_measured_at_another_endpoint_goes_and_the_rest_stays() {
    let elsewhere: [fn(&mut Monitor); 3] = [
        |monitor| monitor.endpoint = Endpoint::Stream(Target::parse("wss://other.example.com/media-stream").unwrap()),
        |monitor| monitor.dial.connect_to = HostPort::parse("192.0.2.1:443"),
        |monitor| monitor.dial.tls.server_name = Some("other.example.com".to_owned()),
    ];
    let measured = [
        "sidetone_tls_certificate_not_after_timestamp_seconds{",
        "sidetone_probe_phase_seconds{",
        "sidetone_probe_warning{",
        "sidetone_hold_seconds{",
        "sidetone_close_code{",
        "sidetone_first_message_seconds{",
        "sidetone_first_audio_seconds{",
        "sidetone_audio_longest_gap_seconds{",
        "sidetone_ping_rtt_seconds{",
        "sidetone_tcp_rtt_seconds{",
    ];
    for change in elsewhere {
        let metrics = Metrics::new(LagMeter::new());
        let mut monitor = fixture::monitor("a");
        let mut standing = Standing::new(monitor.thresholds, Timestamp::from_unix_seconds(0));
        metrics.watch(&monitor, &standing);
        let mut failed = fixture::failure("a", Reason::WsEof);
        failed.warnings.push(WarningReport { warning: Warning::Retransmits, says: String::new(), provider_code: None });
        for report in [&fixture::report("a", Outcome::Success), &failed] {
            standing.observe(report.outcome, report.started_at);
            metrics.record(&monitor.name, report, &standing);
        }
        monitor.rhythm.interval *= 2;
        metrics.watch(&monitor, &standing);
        let same = metrics.text().unwrap();
        for family in measured {
            assert!(same.contains(&format!("\n{family}")), "{family} stays: the endpoint is the same");
        }
        change(&mut monitor);
        metrics.watch(&monitor, &standing);
        let other = metrics.text().unwrap();
        for family in measured {
            assert!(!other.contains(&format!("\n{family}")), "{family} is the old endpoint's");
        }
        assert_has(
            &other,
            &[
                r#"sidetone_probes_total{monitor="a"} 2"#,
                r#"sidetone_monitor_up{monitor="a"} 0"#,
                r#"sidetone_last_failure_info{monitor="a",phase="hold",reason="ws_eof",owner="server"} 1"#,
                r#"sidetone_last_probe_timestamp_seconds{monitor="a"} 1795168800"#,
                r#"sidetone_last_success_timestamp_seconds{monitor="a"} 1795168800"#,
                r#"sidetone_hold_duration_seconds_count{monitor="a"} 2"#,
            ],
        );
    }
}

#[tokio::test]
async fn every_family_has_help_and_type_and_keeps_promtools_rules() {
    let mut report = fixture::failure("a", Reason::WsEof);
    report.warnings.push(WarningReport { warning: Warning::Retransmits, says: String::new(), provider_code: None });
    report.findings.push(finding());
    let page = page_after(&[fixture::report("a", Outcome::Success), fixture::report("a", Outcome::Inconclusive), report]);
    for family in FAMILIES {
        assert!(page.contains(&format!("# HELP {} {}\n", family.name, family.help)), "{}", family.name);
        assert!(has(&page, &format!("# TYPE {} {}", family.name, family.kind)), "{}", family.name);
        assert_eq!(family.kind == Kind::Counter, family.name.ends_with("_total"), "{}", family.name);
        assert!(!family.help.ends_with('.') && !family.help.contains('\n'), "{}", family.name);
        for part in ["_ms", "_milliseconds", "_minutes", "_percent", "_count", "_sum", "_bucket", "_gauge", "_counter"] {
            assert!(!family.name.contains(part), "{} has {part} in it", family.name);
        }
    }
    let own: BTreeSet<_> = FAMILIES.iter().map(|family| family.name).collect();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(own.contains(name) || name.starts_with("process_"), "{name} is not in the table");
    }
    assert_eq!(own.len(), FAMILIES.len(), "no name stands twice");
}

fn finding() -> FindingReport {
    FindingReport {
        finding: Finding::SetupFailed,
        confidence: Confidence::Likely,
        says: String::new(),
        evidence: Vec::new(),
        remedy: String::new(),
    }
}

#[tokio::test]
async fn a_finding_is_there_as_long_as_the_last_probe_has_it() {
    let mut failed = fixture::failure("a", Reason::WsEof);
    failed.findings.push(finding());
    let line = r#"sidetone_finding{monitor="a",finding="setup_failed"} 1"#;
    assert_has(&page_after(&[failed.clone()]), &[line]);
    let page = page_after(&[failed, fixture::report("a", Outcome::Success)]);
    assert!(!page.contains("sidetone_finding{"), "{page}");
}

#[tokio::test]
async fn failed_reloads_show_and_keep_the_time_of_the_last_good_one() {
    let metrics = Metrics::new(LagMeter::new());
    assert!(!metrics.text().unwrap().contains("sidetone_config_last_reload_successful"), "nothing has been loaded yet");
    metrics.config_loaded(Some(Timestamp::from_unix_seconds(7)));
    metrics.config_loaded(None);
    let page = metrics.text().unwrap();
    assert_has(&page, &["sidetone_config_last_reload_successful 0", "sidetone_config_last_reload_success_timestamp_seconds 7"]);
}

#[test]
fn the_contract_of_the_first_release_is_kept() {
    let contract: [(&str, Kind, &[&str]); 36] = [
        ("sidetone_finding", Kind::Gauge, &["monitor", "finding"]),
        ("sidetone_monitor_up", Kind::Gauge, &["monitor"]),
        ("sidetone_monitor_state", Kind::Gauge, &["monitor", "state"]),
        ("sidetone_monitor_info", Kind::Gauge, &["monitor", "dialect", "host", "mode"]),
        ("sidetone_probes_total", Kind::Counter, &["monitor"]),
        ("sidetone_probes_inconclusive_total", Kind::Counter, &["monitor"]),
        ("sidetone_probe_failures_total", Kind::Counter, &["monitor", "phase"]),
        ("sidetone_probe_failure_reasons_total", Kind::Counter, &["monitor", "reason"]),
        ("sidetone_last_failure_info", Kind::Gauge, &["monitor", "phase", "reason", "owner"]),
        ("sidetone_probe_phase_seconds", Kind::Gauge, &["monitor", "phase"]),
        ("sidetone_dial_duration_seconds", Kind::Histogram, &["monitor"]),
        ("sidetone_hold_duration_seconds", Kind::Histogram, &["monitor"]),
        ("sidetone_hold_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_hold_target_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_closes_total", Kind::Counter, &["monitor", "code", "by"]),
        ("sidetone_close_code", Kind::Gauge, &["monitor"]),
        ("sidetone_first_message_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_first_audio_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_audio_longest_gap_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_ping_rtt_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_audio_frames_sent_total", Kind::Counter, &["monitor"]),
        ("sidetone_audio_frames_received_total", Kind::Counter, &["monitor"]),
        ("sidetone_tls_certificate_not_after_timestamp_seconds", Kind::Gauge, &["monitor", "certificate"]),
        ("sidetone_last_probe_timestamp_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_last_success_timestamp_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_probe_interval_seconds", Kind::Gauge, &["monitor"]),
        ("sidetone_probes_skipped_total", Kind::Counter, &[]),
        ("sidetone_schedule_delay_seconds", Kind::Gauge, &[]),
        ("sidetone_prober_lag_seconds", Kind::Gauge, &[]),
        ("sidetone_probes_in_flight", Kind::Gauge, &[]),
        ("sidetone_config_last_reload_successful", Kind::Gauge, &[]),
        ("sidetone_config_last_reload_success_timestamp_seconds", Kind::Gauge, &[]),
        ("sidetone_build_info", Kind::Gauge, &["version"]),
        ("sidetone_tls_verification_disabled", Kind::Gauge, &["monitor"]),
        ("sidetone_flapping", Kind::Gauge, &["monitor"]),
        ("sidetone_confirmations_total", Kind::Counter, &["monitor"]),
    ];
    for (name, kind, labels) in contract {
        assert!(FAMILIES.iter().any(|f| f.name == name && f.kind == kind && f.labels == labels), "{name}");
    }
    assert_eq!(Phase::ALL.len(), 7, "every phase is a series of sidetone_probe_failures_total");
}

#[test]
fn the_documentation_is_made_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, markdown(), "docs/metrics.md is out of date: run UPDATE_DOCS=1 cargo test metrics");
}

/// Every page of the documentation, the runbooks with them.
fn pages() -> Vec<(String, String)> {
    let docs = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"));
    let files = [docs.to_owned(), docs.join("runbooks"), docs.join("incidents")].map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = files.into_iter().flatten().map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_pages_speak_of_families_that_exist() {
    let own: BTreeSet<_> = FAMILIES.iter().map(|family| family.name).collect();
    let mut found = 0;
    for (path, page) in pages() {
        let words = page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in
            words.filter(|word| word.strip_prefix("sidetone_").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic())))
        {
            // A variable of the dashboards.
            let known = |name: &str| own.contains(name) || name == "sidetone_url";
            let series = ["_bucket", "_count", "_sum"].iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word);
            assert!(known(word) || known(series), "{path}: {word} is not in the table");
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn the_reference_table_has_a_row_for_each_family() {
    assert_eq!(table().lines().count(), FAMILIES.len());
    assert_eq!(json().as_array().unwrap().len(), FAMILIES.len());
    assert_eq!(json()[0]["kind"], "gauge");
}

#[tokio::test]
async fn a_list_says_whether_it_can_be_read() {
    let metrics = Metrics::new(LagMeter::new());
    let monitor = fixture::monitor("inventory");
    let list = Expanded { targets: 5, skipped: 1, ..Expanded::default() };
    metrics.list_read(&monitor.name, Some(Timestamp::from_unix_seconds(8)), Some(&list));
    metrics.list_clashes(&monitor.name, 2);
    metrics.list_read(&monitor.name, None, Some(&list));
    assert_has(
        &metrics.text().unwrap(),
        &[
            "sidetone_monitors 0",
            r#"sidetone_discovery_last_refresh_successful{discovery="inventory"} 0"#,
            r#"sidetone_discovery_last_refresh_success_timestamp_seconds{discovery="inventory"} 8"#,
            r#"sidetone_discovery_targets{discovery="inventory"} 5"#,
            r#"sidetone_discovery_targets_skipped{discovery="inventory"} 3"#,
        ],
    );
    metrics.keep_lists(&[]);
    assert!(!metrics.text().unwrap().contains("discovery="));
}
