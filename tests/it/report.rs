//! The report's JSON contract: which fields there are, of which type, and what they say about how a line ended.

use serde_json::{Value, json};
use sidetone::practice::Behaviour;
use sidetone::report::Report;

use crate::support::{Range, Scripted, frame, switching};

/// What a field is.
#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Number,
    Bool,
    List,
    Table,
    Null,
}

use Type::{Bool, List, Null, Number, Table, Text};

/// Fields and what each may be.
type Fields = &'static [(&'static str, &'static [Type])];

/// Every field that each report has.
const ALWAYS: Fields = &[
    ("/schema", &[Number]),
    ("/monitor", &[Text]),
    ("/target", &[Text]),
    ("/dialect", &[Text]),
    ("/started_at", &[Text]),
    ("/outcome", &[Text]),
    ("/phase", &[Text, Null]),
    ("/reason", &[Text, Null]),
    ("/owner", &[Text, Null]),
    ("/summary", &[Text]),
    ("/phases/resolve", &[Number, Null]),
    ("/phases/connect", &[Number, Null]),
    ("/phases/tls", &[Number, Null]),
    ("/phases/upgrade", &[Number, Null]),
    ("/phases/hold", &[Number, Null]),
    ("/phases/close", &[Number, Null]),
    ("/remote_address", &[Text, Null]),
    ("/tls", &[Table, Null]),
    ("/upgrade", &[Table, Null]),
    ("/hold", &[Table, Null]),
    ("/close", &[Table, Null]),
    ("/audio/frames_sent", &[Number]),
    ("/audio/frames_received", &[Number]),
    ("/audio/first_message_seconds", &[Number, Null]),
    ("/audio/first_audio_seconds", &[Number, Null]),
    ("/audio/longest_gap_seconds", &[Number, Null]),
    ("/ping/sent", &[Number]),
    ("/ping/rtt_seconds", &[Number, Null]),
    ("/ping/received", &[Number]),
    ("/warnings", &[List]),
    ("/findings", &[List]),
    ("/timeline", &[List]),
    ("/timeline/0/at_seconds", &[Number]),
    ("/timeline/0/what", &[Text]),
];

/// What a table of a report has where it is not `null`.
const WITHIN: &[(&str, Fields)] = &[
    (
        "/tls",
        &[
            ("version", &[Text, Null]),
            ("cipher_suite", &[Text, Null]),
            ("alpn", &[Text, Null]),
            ("verified", &[Bool]),
            ("certificates", &[List]),
        ],
    ),
    (
        "/tls/certificates/0",
        &[("subject", &[Text]), ("issuer", &[Text]), ("not_before", &[Text]), ("not_after", &[Text]), ("names", &[List])],
    ),
    ("/upgrade", &[("status", &[Number, Null]), ("http_version", &[Text, Null]), ("headers", &[List]), ("body", &[Text])]),
    ("/upgrade/headers/0", &[("0", &[Text]), ("1", &[Text])]),
    (
        "/hold",
        &[
            ("mode", &[Text]),
            ("target_seconds", &[Number]),
            ("lasted_seconds", &[Number]),
            ("since_received_seconds", &[Number, Null]),
            ("since_sent_seconds", &[Number, Null]),
        ],
    ),
    ("/close", &[("code", &[Number]), ("reason", &[Text]), ("by", &[Text]), ("how", &[Text])]),
    ("/warnings/0", &[("warning", &[Text]), ("says", &[Text])]),
];

impl Type {
    fn fits(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Number => value.is_number(),
            Bool => value.is_boolean(),
            List => value.is_array(),
            Table => value.is_object(),
            Null => value.is_null(),
        }
    }
}

fn check(report: &Value, pointer: &str, types: &[Type]) {
    let value = report.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is missing in {report:#}"));
    assert!(types.iter().any(|kind| kind.fits(value)), "{pointer} is {value} and not one of {types:?}");
}

/// Everything that holds for each report.
fn keeps_the_contract(report: &Report) -> Value {
    let json = serde_json::to_value(report).unwrap();
    for (pointer, types) in ALWAYS {
        check(&json, pointer, types);
    }
    for (table, fields) in WITHIN {
        if json.pointer(table).is_some_and(|value| !value.is_null()) {
            for (field, types) in *fields {
                check(&json, &format!("{table}/{field}"), types);
            }
        }
    }
    assert_eq!(json["schema"], 1);
    let at: Vec<f64> = json["timeline"].as_array().unwrap().iter().map(|entry| entry["at_seconds"].as_f64().unwrap()).collect();
    assert!(at.is_sorted(), "the timeline is in order: {at:?}");
    let sum: f64 = json["phases"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    let last = at.last().unwrap();
    assert!((sum - last).abs() < 0.1, "the phases take {sum} s and the timeline {last} s: {json:#}");
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_over_wss() {
    let range = Range::open().await;
    let extra = ["hold = \"400ms\"", "ping_interval = \"100ms\"", "expect = { echo = true, clean_close = true }"];
    let json = keeps_the_contract(&range.report("echo", true, &extra).await);
    assert_eq!(
        (&json["outcome"], &json["phase"], &json["reason"], &json["owner"]),
        (&json!("success"), &json!(null), &json!(null), &json!(null))
    );
    for phase in ["resolve", "connect", "tls", "upgrade", "hold", "close"] {
        assert!(json["phases"][phase].is_number(), "{phase} was reached: {}", json["phases"]);
    }
    assert_eq!(json["remote_address"], range.practice.address().to_string());
    assert_eq!(json["tls"]["version"], "TLSv1.3");
    assert_eq!(json["tls"]["verified"], true);
    assert!(json["tls"]["cipher_suite"].is_string());
    assert_eq!((&json["upgrade"]["status"], &json["upgrade"]["http_version"]), (&json!(101), &json!("1.1")));
    assert!(json["upgrade"]["headers"].as_array().unwrap().contains(&json!(["server", "sidetone-practice"])));
    assert_eq!((&json["hold"]["mode"], &json["hold"]["target_seconds"]), (&json!("streamed"), &json!(0.4)));
    assert_eq!(
        json["close"],
        json!({"code": 1000, "reason": "", "by": "prober", "how": "close_frame", "answer": {"code": 1000, "reason": ""} })
    );
    assert!(json["audio"]["frames_sent"].as_u64() > Some(0) && json["audio"]["frames_received"].as_u64() > Some(0));
    assert!(json["audio"]["first_audio_seconds"].is_number() && json["ping"]["rtt_seconds"].is_number());
    assert_eq!(json["warnings"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_that_fails() {
    let range = Range::open().await;
    let json = keeps_the_contract(&range.report("tcp-refused", false, &[]).await);
    assert_eq!((&json["outcome"], &json["phase"]), (&json!("failure"), &json!("connect")));
    assert_eq!((&json["reason"], &json["owner"]), (&json!("tcp_refused"), &json!("server")));
    for phase in ["tls", "upgrade", "hold", "close"] {
        assert_eq!(json["phases"][phase], json!(null), "{phase} was not reached");
    }
    for nothing in ["remote_address", "tls", "upgrade", "hold", "close"] {
        assert_eq!(json[nothing], json!(null), "{nothing}");
    }
    assert!(json["attempts"][0]["address"].is_string() && json["attempts"][0]["error"].is_string(), "{}", json["attempts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_one() {
    let range = Range::open().await;
    let json = keeps_the_contract(&range.report("drop-after-0.8s", true, &["hold = \"5s\""]).await);
    assert_eq!((&json["outcome"], &json["phase"]), (&json!("failure"), &json!("hold")));
    assert_eq!((&json["reason"], &json["owner"]), (&json!("ws_eof"), &json!("server")));
    assert_eq!(json["close"], json!({"code": 1006, "reason": "", "by": "server", "how": "tls_eof", "answer": null }));
    assert_eq!((&json["hold"]["target_seconds"], &json["phases"]["close"]), (&json!(5.0), &json!(null)));
    let (lasted, summary) = (json["hold"]["lasted_seconds"].as_f64().unwrap(), json["summary"].as_str().unwrap());
    assert!(summary.contains(&format!("{lasted:.3} s")) && summary.contains("1006"), "{summary}");
    assert!(json["audio"]["frames_sent"].as_u64() > Some(0), "audio flowed: {}", json["audio"]);
    assert_eq!(json["hold"]["since_received_seconds"], json!(null), "the server said nothing: {}", json["hold"]);
    assert!(json["hold"]["since_sent_seconds"].as_f64().is_some_and(|seconds| seconds < lasted), "{}", json["hold"]);
}

/// The behaviour, over wss?, more settings, and the code, who closed and how.
type Ending = (&'static str, bool, &'static [&'static str], u16, &'static str, &'static str);

/// Who ended the line, with which code, and what that looked like on the wire.
const ENDINGS: &[Ending] = &[
    ("drop-after-0.8s", false, &[], 1006, "server", "fin"),
    ("reset-after-0.8s", false, &[], 1006, "server", "rst"),
    ("reset-after-0.8s", true, &[], 1006, "server", "rst"),
    ("drop-after-0.8s", true, &[], 1006, "server", "tls_eof"),
    ("drop-close-notify", true, &[], 1006, "server", "tls_close_notify"),
    ("close-1011", false, &[], 1011, "server", "close_frame"),
    ("close-1004", true, &[], 1004, "server", "close_frame"),
    ("close-1014", false, &[], 1014, "server", "close_frame"),
    ("close-5000", false, &[], 5000, "server", "close_frame"),
    ("close-1005", false, &[], 1005, "server", "close_frame"),
    ("first-close-reset", false, &[], 4001, "server", "close_frame"),
    ("goodbye-tls-eof", true, &["hold = \"200ms\""], 1000, "prober", "close_frame"),
    ("never-closes", false, &["hold = \"200ms\"", "close_timeout = \"200ms\""], 1000, "prober", "timeout"),
    ("closes-unacknowledged", false, &["hold = \"200ms\""], 1000, "prober", "fin"),
    ("stall", false, &["stall_timeout = \"500ms\""], 1006, "prober", "timeout"),
    ("no-message", false, &[], 1000, "prober", "local"),
    ("no-pong", false, &[], 1000, "prober", "local"),
    ("rsv-bits", true, &[], 1002, "prober", "local"),
    ("flood-frames", false, &[], 1008, "prober", "local"),
];

#[tokio::test(flavor = "multi_thread")]
async fn ends_of_lines() {
    let range = Range::open().await;
    let probes = ENDINGS.iter().map(|&(name, secure, extra, code, by, how)| {
        let range = &range;
        async move {
            let report = range.report(name, secure, extra).await;
            let json = serde_json::to_value(&report).unwrap();
            let close = &json["close"];
            let found = (close["code"].as_u64(), close["by"].as_str(), close["how"].as_str());
            assert_eq!(found, (Some(u64::from(code)), Some(by), Some(how)), "{name}, secure: {secure}: {}", report.summary);
            keeps_the_contract(&report);
        }
    });
    futures_util::future::join_all(probes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn illegal_close_codes_are_said() {
    let range = Range::open().await;
    let names = ["close-1004", "close-1006", "close-1015", "close-2999", "close-5000", "close-0"];
    let reports = futures_util::future::join_all(names.iter().map(|name| range.report(name, false, &[]))).await;
    for (name, report) in names.iter().zip(reports) {
        let json = keeps_the_contract(&report);
        assert_eq!(json["close"]["code"].to_string(), name["close-".len()..], "as it was on the wire");
        assert_eq!(json["close"]["reason"], format!("practice {}", name.replace('-', " ")));
        assert_eq!(json["warnings"][0]["warning"], "close_code_illegal", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_do_not_pass_are_shown() {
    let range = Range::open().await;
    let rows = [("tls-expired", 1), ("tls-private-ca", 2), ("tls-wrong-host", 1), ("tls-self-signed", 1)];
    for (name, least) in rows {
        let json = keeps_the_contract(&range.report(name, true, &[]).await);
        assert_eq!(json["tls"]["verified"], false, "{name}");
        let certificates = json["tls"]["certificates"].as_array().unwrap();
        assert!(certificates.len() >= least, "{name}: {certificates:?}");
        for field in ["subject", "issuer", "not_before", "not_after"] {
            assert!(certificates[0][field].as_str().is_some_and(|text| !text.is_empty()), "{name}: {field}");
        }
        assert_eq!(json["phase"], "tls", "{name}");
    }
    let url = range.url("tls-private-ca", true);
    let unchecked = range.parse(&format!("[[monitor]]\nname = \"m\"\nurl = \"{url}\"\nhold = \"200ms\"\ninsecure = true"));
    let insecure = keeps_the_contract(&range.probe(&unchecked).await);
    let warnings: Vec<_> =
        insecure["warnings"].as_array().unwrap().iter().map(|warning| warning["warning"].as_str().unwrap()).collect();
    assert_eq!((&insecure["outcome"], &insecure["tls"]["verified"]), (&json!("success"), &json!(false)));
    assert_eq!(warnings, ["tls_verification_disabled", "tls_verification_failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn query_values_are_redacted() {
    let range = Range::open().await;
    let url = format!("{}?call={{uuid}}&token=canary-in-the-query&x", range.url("echo", false));
    let monitor = range.parse(&format!("[[monitor]]\nname = \"m\"\nurl = \"{url}\"\nhold = \"200ms\""));
    let json = keeps_the_contract(&range.probe(&monitor).await);
    assert_eq!(json["target"], format!("{}?call=***&token=***&x", range.url("echo", false)));
    assert!(!json.to_string().contains("canary"), "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_answer_says_is_kept_harmless_and_short() {
    let body = format!("\u{1b}[31mdown\u{7}\u{202e}<script>{}", "x".repeat(10_000));
    let server = Scripted::open(move |_| {
        format!("HTTP/1.1 503 Down\r\nX-Odd: a\tb\r\nX-Long: {}\r\n\r\n{body}", "y".repeat(1_000)).into_bytes()
    })
    .await;
    let range = Range::open().await;
    let monitor = range.parse(&format!("[[monitor]]\nname = \"m\"\nurl = \"ws://{}/\"", server.address));
    let json = keeps_the_contract(&range.probe(&monitor).await);
    assert_eq!((&json["reason"], &json["upgrade"]["status"]), (&json!("http_503"), &json!(503)));
    let body = json["upgrade"]["body"].as_str().unwrap();
    assert!(body.starts_with("\\u{1b}[31mdown\\u{7}\\u{202e}<script>xxx") && body.len() <= 4 * 1024 + '…'.len_utf8(), "{body}");
    let long = json["upgrade"]["headers"][1][1].as_str().unwrap();
    assert!(long.len() <= 256 + '…'.len_utf8(), "{long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_reason_is_kept_harmless() {
    let range = Range::open().await;
    let report = range.report("hostile-close", true, &[]).await;
    let json = keeps_the_contract(&report);
    let text = json.to_string() + &report.summary + &report.timeline.iter().map(|entry| entry.what.as_str()).collect::<String>();
    assert!(text.contains("forged=1"), "the reason is there: {text}");
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_right_behind_the_101_count() {
    let server = Scripted::open(|head| {
        let frames = [frame(0x1, b"hello"), frame(0x9, b"ping"), frame(0x8, &[0x0F, 0xA1, b'q', b'u', b'o', b't', b'a'])];
        [switching(head, "").into_bytes(), frames.concat()].concat()
    });
    let (server, range) = (server.await, Range::open().await);
    let monitor = range.parse(&format!("[[monitor]]\nname = \"m\"\nurl = \"ws://{}/\"", server.address));
    let json = keeps_the_contract(&range.probe(&monitor).await);
    assert_eq!(json["close"], json!({"code": 4001, "reason": "quota", "by": "server", "how": "close_frame", "answer": null }));
    assert!(json["audio"]["first_message_seconds"].is_number());
    assert_eq!(json["ping"]["received"], 1);
}

#[test]
fn the_endings_are_behaviours() {
    for (name, secure, ..) in ENDINGS {
        assert!(Behaviour::find(name).is_some_and(|behaviour| behaviour.works_over(*secure)), "{name}");
    }
}
