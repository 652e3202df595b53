//! Incidents in which the webhook is green and no stream comes: the probe asks the webhook, reads its answer, dials what it says, and the
//! report names the step, the line and the fix.

use std::net::SocketAddr;

use serde_json::{Value, json};
use sidetone::practice::Behaviour;

use crate::support::{Range, Tunnel};

const QUICK: &[&str] = &["hold = \"1500ms\"", "close_timeout = \"500ms\""];

/// The report of a probe that begins at the webhook of this name, as its readers get it.
async fn report(range: &Range, name: &str, secure: bool, extra: &[&str]) -> Value {
    let monitor = range.monitor(Behaviour::find(name).unwrap(), secure, &[extra, QUICK].concat()).unwrap();
    serde_json::to_value(range.probe(&monitor).await).unwrap()
}

/// Outcome, reason, phase and owner.
fn ending(report: &Value) -> [&Value; 4] {
    ["outcome", "reason", "phase", "owner"].map(|key| &report[key])
}

fn lint<'r>(report: &'r Value, label: &str) -> &'r Value {
    let list = report["webhook"]["lint"].as_array().unwrap();
    list.iter().find(|lint| lint["lint"] == label).unwrap_or_else(|| panic!("no {label}: {report:#}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// What the second ways prove; what the answer itself proves is found as well, and not looked at here.
fn findings(report: &Value) -> Vec<&str> {
    let all = report["findings"].as_array().unwrap().iter().map(|finding| text(&finding["finding"]));
    all.filter(|finding| finding.starts_with("fault_") || finding.starts_with("fallback_")).collect()
}

fn has_warning(report: &Value, label: &str) -> bool {
    report["warnings"].as_array().unwrap().iter().any(|warning| warning["warning"] == label)
}

/// The answer came and was a document: nothing of the webhook looks wrong from outside.
fn webhook_is_green(report: &Value) {
    assert_eq!(report["webhook"]["status"], 200, "{report:#}");
    assert!(report["phases"]["webhook"].is_number(), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i2_a_path_for_each_call() {
    let range = Range::open().await;
    let mut targets = Vec::new();
    for secure in [false, true] {
        let report = report(&range, "webhook-telnyx-call-path", secure, &[]).await;
        assert_eq!(report["outcome"], "success", "{report:#}");
        webhook_is_green(&report);
        let target = text(&report["target"]).to_owned();
        assert!(target.contains("/api/calls/") && target.ends_with("/audio"), "{target}");
        assert_eq!(report["webhook"]["stream"]["line"], 4, "{report:#}");
        assert!(text(&report["webhook"]["url"]).ends_with("/webhook-telnyx-call-path"), "{report:#}");
        targets.push(target.split_once("/api/").unwrap().1.to_owned());
    }
    assert_ne!(targets[0], targets[1], "each call has a path of its own");
    let report = report(&range, "webhook-telnyx-path-without-id", true, &[]).await;
    assert_eq!(ending(&report), ["failure", "http_404", "upgrade", "configuration"], "{report:#}");
    webhook_is_green(&report);
    assert!(text(&report["target"]).ends_with("/api/calls/audio"), "{report:#}");
    assert_eq!(report["webhook"]["lint"], json!([]), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i3_ws_where_wss_is_due() {
    let range = Range::open().await;
    let report = report(&range, "webhook-ws-url", true, &[]).await;
    assert_eq!(ending(&report), ["failure", "webhook_url_invalid", "webhook", "configuration"], "{report:#}");
    webhook_is_green(&report);
    let lint = lint(&report, "scheme_not_wss");
    assert_eq!((&lint["line"], &lint["refuses"], &lint["provider_code"]), (&json!(4), &json!(true), &json!("Twilio 31922")));
    assert!(text(&lint["fix"]).contains("wss://voice.practice.example.com/twilio"), "{lint}");
    let summary = text(&report["summary"]);
    assert!(summary.contains("line 4") && summary.contains("the scheme is `ws`"), "{summary}");
    assert_eq!(report["phases"]["resolve"], Value::Null, "what the provider refuses is not dialled: {report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i3_a_wrong_base_path() {
    let range = Range::open().await;
    let report = report(&range, "webhook-wrong-path", true, &[]).await;
    assert_eq!(ending(&report), ["failure", "http_404", "upgrade", "configuration"], "{report:#}");
    webhook_is_green(&report);
    assert!(text(&report["target"]).ends_with("/v1/media-stream"), "{report:#}");
    assert!(text(&report["summary"]).contains("404"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i3_the_traditional_webhook_works_meanwhile() {
    let range = Range::open().await;
    for (name, outcome, finding) in [
        ("webhook-no-stream", "success", "fallback_works"),
        ("webhook-server-error", "failure", "fallback_fails"),
        // Its mode was not switched: it leads to a stream as well.
        ("webhook-twilio", "failure", "fallback_fails"),
    ] {
        let fallback = format!("fallback.url = {:?}", range.url(name, true));
        let report = report(&range, "webhook-wrong-path", true, &[&fallback]).await;
        assert_eq!(ending(&report), ["failure", "http_404", "upgrade", "configuration"], "the reason stays: {report:#}");
        assert_eq!(report["comparison"]["fallback"]["outcome"], outcome, "{report:#}");
        assert_eq!(findings(&report), [finding], "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i4_the_tunnel_does_not_pass_the_upgrade() {
    let range = Range::open().await;
    let tunnel = Tunnel::open(range.practice.address()).await;
    let lines = |host: SocketAddr| with_origin(&range, &format!("http://{host}/webhook-twilio"), "twilio");
    let report = serde_json::to_value(range.probe(&range.parse(&lines(tunnel.address))).await).unwrap();
    assert_eq!(ending(&report), ["failure", "http_426", "upgrade", "edge"], "{report:#}");
    webhook_is_green(&report);
    assert_eq!(report["target"], json!(format!("ws://{}/twilio", tunnel.address)));
    assert_eq!(report["webhook"]["lint"], json!([]), "the document is right: {report:#}");
    assert_eq!(report["comparison"]["origin"]["outcome"], "success", "{report:#}");
    assert_eq!(findings(&report), ["fault_before_origin"], "{report:#}");
    let direct = serde_json::to_value(range.probe(&range.parse(&lines(range.practice.address()))).await).unwrap();
    assert_eq!(direct["outcome"], "success", "without the tunnel all is well: {direct:#}");
    assert_eq!((&direct["comparison"], findings(&direct).len()), (&Value::Null, 0), "nothing to compare: {direct:#}");
}

/// A monitor that begins at a webhook, with a path of the practice server as its origin.
fn with_origin(range: &Range, webhook: &str, origin: &str) -> String {
    format!(
        "[[monitor]]\nname = \"m\"\ndialect = \"twilio\"\nhold = \"1500ms\"\n\
         [monitor.webhook]\nurl = {webhook:?}\nallow_private = true\n\
         [monitor.origin]\nurl = \"ws://{}/{origin}\"\n",
        range.practice.address()
    )
}

/// The origin's call needs a token of its own: the webhook is asked once more.
#[tokio::test(flavor = "multi_thread")]
async fn incident_i4_with_tokens_that_are_good_for_one_call() {
    let range = Range::open().await;
    let tunnel = Tunnel::open(range.practice.address()).await;
    let text = with_origin(&range, &format!("http://{}/webhook-twilio-token", tunnel.address), "twilio-token");
    let report = serde_json::to_value(range.probe(&range.parse(&text)).await).unwrap();
    assert_eq!(ending(&report), ["failure", "http_426", "upgrade", "edge"], "{report:#}");
    assert_eq!(report["comparison"]["origin"]["outcome"], "success", "{report:#}");
    assert_eq!(findings(&report), ["fault_before_origin"], "{report:#}");
}

/// The webhook is down, and the server takes no call that no webhook announced: that proves nothing about the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_turns_unannounced_calls_away_is_not_blamed() {
    let range = Range::open().await;
    let text = with_origin(&range, &range.url("webhook-server-error", false), "twilio-token");
    let report = serde_json::to_value(range.probe(&range.parse(&text)).await).unwrap();
    assert_eq!(ending(&report), ["failure", "webhook_server_error", "webhook", "application"], "{report:#}");
    assert_eq!(report["comparison"]["origin"]["reason"], "closed_by_server", "{report:#}");
    assert_eq!(findings(&report), [""; 0], "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i5_public_url_is_not_set() {
    let range = Range::open().await;
    let report = report(&range, "webhook-private-url", true, &[]).await;
    assert_eq!(ending(&report), ["failure", "webhook_url_private", "webhook", "configuration"], "{report:#}");
    webhook_is_green(&report);
    let private = lint(&report, "host_private");
    assert_eq!((&private["line"], &private["refuses"]), (&json!(4), &json!(true)));
    assert!(text(&private["says"]).contains("localhost"), "{private}");
    let fix = text(&private["fix"]);
    assert!(fix.contains("PUBLIC_URL") && fix.contains("wss://voice.practice.example.com/twilio"), "{fix}");
    assert!(has_warning(&report, "host_differs"), "{report:#}");
    let summary = text(&report["summary"]);
    assert!(summary.contains("line 4") && summary.contains("localhost"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn incident_i5_public_url_is_wrong() {
    let range = Range::open().await;
    let refused = report(&range, "webhook-http-url", true, &[]).await;
    assert_eq!(ending(&refused), ["failure", "webhook_url_invalid", "webhook", "configuration"], "{refused:#}");
    let scheme = lint(&refused, "scheme_not_websocket");
    assert_eq!((&scheme["line"], &scheme["provider_code"]), (&json!(4), &json!("Twilio 31922")));
    assert!(text(&scheme["fix"]).contains("wss://"), "{scheme}");

    for (name, label, part) in [
        ("webhook-double-slash", "path_double_slash", "`//` in the path"),
        ("webhook-other-host", "host_differs", "old.practice.test"),
    ] {
        let passed = report(&range, name, true, &[]).await;
        assert_eq!(passed["outcome"], "success", "{name}: the provider dials all the same: {passed:#}");
        assert!(has_warning(&passed, label), "{name}: {passed:#}");
        let lint = lint(&passed, label);
        assert_eq!((&lint["line"], &lint["refuses"]), (&json!(4), &json!(false)), "{name}");
        assert!(text(&lint["says"]).contains(part), "{name}: {lint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_rebuilds_http_breaks_the_signature() {
    let range = Range::open().await;
    let report = report(&range, "webhook-rebuilds-http", true, &[]).await;
    assert_eq!(ending(&report), ["failure", "webhook_forbidden", "webhook", "credentials"], "{report:#}");
    assert_eq!(report["webhook"]["status"], 403);
    assert!(text(&report["summary"]).contains("http://"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_the_webhook_gives() {
    let range = Range::open().await;
    let good = report(&range, "webhook-twilio-token", true, &[]).await;
    assert_eq!(good["outcome"], "success", "{good:#}");
    assert_eq!(good["webhook"]["stream"]["parameters"], json!(["token"]));
    let body = text(&good["webhook"]["body"]);
    assert!(body.contains("<Parameter name=\"token\""), "{body}");
    let hex = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(!body.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| hex(&word)), "the token stays a secret: {body}");
    let bad = report(&range, "webhook-twilio-no-token", true, &[]).await;
    assert_eq!(ending(&bad), ["failure", "closed_by_server", "hold", "application"], "{bad:#}");
    assert_eq!(bad["close"]["code"], 4401, "{bad:#}");
}
