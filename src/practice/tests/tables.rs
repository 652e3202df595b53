//! The table, its printed forms, and the monitors of the demo.

use std::collections::BTreeSet;

use crate::outcome::{Owner, Reason, Warning};
use crate::practice::behaviour::script_of_path;
use crate::practice::script::{AnswerScript, LineScript, Script};
use crate::practice::{BEHAVIOURS, Behaviour, Provokes, Stage, demo_monitors, list, markdown};

/// Reasons of others than the prober that no server on loopback can cause, and why.
const BEYOND_A_SERVER: [(Reason, &str); 6] = [
    (Reason::NetBlackhole, "needs a network that drops packets"),
    (Reason::NetLossy, "needs a network that drops packets"),
    (Reason::TcpUnreachable, "needs a router that says so"),
    (Reason::TcpReset, "needs a middlebox: a reset before a single byte was acknowledged"),
    (Reason::TlsCertRevoked, "needs revocation lists in the prober"),
    (Reason::WsSilent, "comes out only where the kernel gives no TCP_INFO"),
];

/// Warnings that come from the network, the prober, its settings or the URL.
const BEYOND_A_SERVER_WARNINGS: [Warning; 6] = [
    Warning::SchemeNotWss,
    Warning::SynRetransmits,
    Warning::Retransmits,
    Warning::TlsVerificationDisabled,
    Warning::TlsVerificationFailed,
    Warning::PacingStarved,
];

#[test]
fn every_reason_that_a_server_can_cause_has_a_behaviour() {
    let provoked: BTreeSet<Reason> = BEHAVIOURS.iter().filter_map(|row| row.provokes.reason()).collect();
    for reason in Reason::all().filter(|reason| reason.owner() != Owner::Prober) {
        let exempt = BEYOND_A_SERVER.iter().any(|(beyond, _)| *beyond == reason);
        assert_ne!(provoked.contains(&reason), exempt, "{reason}: a behaviour, or a line of BEYOND_A_SERVER, and not both");
    }
    for reason in provoked {
        assert_ne!(reason.owner(), Owner::Prober, "{reason}");
    }
}

#[test]
fn every_warning_that_a_server_can_cause_has_a_behaviour() {
    let provoked: BTreeSet<Warning> = BEHAVIOURS.iter().filter_map(|row| row.provokes.warning()).collect();
    // Without `clean_close` the two goodbyes that nobody answers are warnings.
    let goodbyes = [Warning::CloseHandshakeTimeout, Warning::CloseUnacknowledged];
    for warning in Warning::ALL.iter().filter(|warning| !goodbyes.contains(warning)) {
        assert_ne!(provoked.contains(warning), BEYOND_A_SERVER_WARNINGS.contains(warning), "{warning}");
    }
}

#[test]
fn names_are_unique_and_fit_into_a_url() {
    let mut seen = BTreeSet::new();
    for row in BEHAVIOURS {
        assert!(seen.insert(row.name), "{} stands twice", row.name);
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        assert!(row.name.bytes().all(fits), "{}", row.name);
        let prefix = match row.stage {
            Stage::Dns => "dns-",
            Stage::Tls => "tls-",
            Stage::Port => "tcp-",
            Stage::Path => "",
            Stage::Webhook => "webhook-",
        };
        assert!(row.name.starts_with(prefix), "{}", row.name);
        assert!(!row.about.is_empty() && !row.about.ends_with('.') && !row.about.contains('\n'), "{}", row.name);
        let by_path = matches!(row.stage, Stage::Path | Stage::Webhook);
        assert_eq!(script_of_path(row.name).is_some(), by_path, "{}", row.name);
    }
}

#[test]
fn needs_are_settings_of_a_monitor() {
    const KEYS: [&str; 21] = [
        "accept_codes",
        "audio",
        "ca_file",
        "call",
        "client_cert_file",
        "client_key_file",
        "dialect",
        "expect",
        "hold",
        "max_bytes",
        "max_frames_per_second",
        "min_hold",
        "mode",
        "ping_interval",
        "ping_timeout",
        "raw",
        "require_subprotocol",
        "resolver",
        "stall_timeout",
        "subprotocols",
        "upgrade_timeout",
    ];
    const WEBHOOK_KEYS: [&str; 7] =
        ["allow_private", "auth_token_file", "expect_host", "method", "pointer", "provider", "timeout"];
    for row in BEHAVIOURS {
        let text = row.needs.join("\n").replace("{address}", "127.0.0.1:1");
        let mut table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let webhook = table.remove("webhook").map(|webhook| webhook.as_table().unwrap().clone()).unwrap_or_default();
        assert!(webhook.is_empty() || row.stage == Stage::Webhook, "{}", row.name);
        for key in webhook.keys() {
            assert!(WEBHOOK_KEYS.contains(&key.as_str()), "{}: webhook.{key}", row.name);
        }
        assert_eq!(row.stage == Stage::Webhook, row.name.starts_with("webhook-"), "{}", row.name);
        assert_eq!(table.len() + webhook.len(), row.needs.len(), "{}: a line a setting", row.name);
        for key in table.keys() {
            assert!(KEYS.contains(&key.as_str()), "{}: {key}", row.name);
        }
        let resolves = table.contains_key("resolver");
        assert!(row.stage == Stage::Webhook || resolves == (row.stage == Stage::Dns), "{}", row.name);
    }
}

#[test]
fn families_serve_every_number_and_nothing_else() {
    for (name, code) in [("http-100", 100), ("http-418", 418), ("http-999", 999)] {
        let script = script_of_path(name);
        assert!(matches!(script, Some(Script::Answer(AnswerScript::Status(c))) if c == code), "{name}: {script:?}");
    }
    for (name, expected) in [("close-0", 0), ("close-1099", 1099), ("close-65535", 65535)] {
        let script = script_of_path(name);
        assert!(matches!(script, Some(Script::Line { line: LineScript::Close { code, .. }, .. }) if code == expected), "{name}");
    }
    for bad in ["http-99", "http-1000", "http-", "http-+404", "http-0404", "close-65536", "close--1", "close-", "nothing", ""] {
        assert!(script_of_path(bad).is_none(), "{bad}");
    }
}

#[test]
fn urls_lead_to_the_behaviour() {
    let address = "127.0.0.1:10066".parse().unwrap();
    let rows = [
        ("echo", false, "ws://127.0.0.1:10066/echo"),
        ("drop-after-0.8s", true, "wss://127.0.0.1:10066/drop-after-0.8s"),
        ("tls-expired", true, "wss://tls-expired.localhost:10066/echo"),
        ("dns-nxdomain", false, "ws://dns-nxdomain.practice.test:10066/echo"),
        ("tcp-refused", false, "ws://127.0.0.1:10066/"),
        ("webhook-twilio", false, "http://127.0.0.1:10066/webhook-twilio"),
        ("webhook-twilio", true, "https://127.0.0.1:10066/webhook-twilio"),
        ("webhook-nxdomain", false, "http://dns-nxdomain.practice.test:10066/webhook-nxdomain"),
        ("webhook-tls-failed", true, "https://tls-expired.localhost:10066/webhook-tls-failed"),
        ("webhook-refused", true, "https://127.0.0.1:10066/webhook-refused"),
    ];
    for (name, secure, url) in rows {
        assert_eq!(Behaviour::find(name).unwrap().url(secure, address), url);
    }
    let everywhere = "[::]:10066".parse().unwrap();
    assert_eq!(Behaviour::find("echo").unwrap().url(false, everywhere), "ws://[::1]:10066/echo");
}

#[test]
fn illegal_close_codes_are_those_of_the_specification() {
    let legal = |code: &str| Behaviour::find(code).unwrap().provokes == Provokes::Reason(Reason::ClosedByServer);
    for code in ["close-1000", "close-1005", "close-1011", "close-1014", "close-3000", "close-4999"] {
        assert!(legal(code), "{code}");
    }
    for code in ["close-0", "close-999", "close-1004", "close-1006", "close-1015", "close-1016", "close-2999", "close-5000"] {
        assert!(!legal(code), "{code}");
    }
}

#[test]
fn the_list_has_a_line_for_each_behaviour_and_family() {
    let list = list();
    for name in [
        "ws://HOST:PORT/drop-after-0.8s",
        "wss://tls-expired.localhost:PORT/echo",
        "ws://HOST:PORT/http-<100 to 999>",
        "http://HOST:PORT/webhook-twilio",
        "https://HOST:PORT/webhook-rebuilds-http",
    ] {
        assert!(list.lines().any(|line| line.starts_with(name)), "{name}");
    }
    assert!(!list.contains("http-404"), "members of a family share a line");
    assert!(list.contains("needs expect = { echo = true }"));
}

#[test]
fn the_documentation_is_the_table() {
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/practice.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap();
    assert!(written == markdown(), "docs/practice.md is out of date; run `UPDATE_DOCS=1 cargo test --lib practice`");
}

#[test]
fn the_demo_has_all_of_its_monitors() {
    let monitors = demo_monitors("127.0.0.1:10066".parse().unwrap(), b"der");
    let names: Vec<&str> = monitors.iter().map(|monitor| monitor.name.as_str()).collect();
    let all = [
        "good-line",
        "good-agent-twilio",
        "good-agent-vonage",
        "drops-after-0.8s",
        "application-fails",
        "silent-agent",
        "wrong-path",
        "incomplete-chain",
    ];
    assert_eq!(names, all);
    for monitor in &monitors {
        assert!(monitor.hold.target < monitor.rhythm.interval, "{}", monitor.name);
    }
}
