//! What the running daemon finds out by itself: follow-up checks, histories, other monitors, and the line to itself.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Daemon, QUICK, Range, monitor, until};

fn findings(monitor: &Value) -> Vec<&str> {
    monitor["findings"].as_array().unwrap().iter().map(|finding| finding["finding"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_followed_up_and_what_it_proves_stays() {
    let range = Range::open().await;
    let text = [
        QUICK.to_owned(),
        monitor("lost", &range.url("http-404", false), "path_variants = [\"/echo\"]"),
        monitor("untouched", &range.url("http-404", false), "path_variants = [\"/echo\"]\nfollow_up = \"off\""),
        monitor("good", &range.url("echo", false), ""),
    ]
    .concat();
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &text, &[]).await;
    daemon.until_value("sidetone_finding{monitor=\"lost\",finding=\"wrong_path\"}", 1.0).await;
    let probes = daemon.value("sidetone_probes_total{monitor=\"lost\"}").await.unwrap();
    until("later probes", async || (daemon.value("sidetone_probes_total{monitor=\"lost\"}").await? > probes + 1.0).then_some(()))
        .await;
    let lost = daemon.json("/api/v1/monitors/lost").await;
    assert_eq!(findings(&lost)[0], "wrong_path", "what was proven comes first: {lost}");
    assert_eq!((&lost["latest"]["reason"], &lost["latest"]["checks"]), (&json!("http_404"), &json!([])), "and is made once");
    assert_eq!(daemon.value("sidetone_follow_ups_total").await, Some(1.0));
    let reports = daemon.json("/api/v1/monitors/lost/reports").await;
    let followed = reports["reports"].as_array().unwrap().iter().find(|report| report["checks"] != json!([])).unwrap();
    assert_eq!((&followed["reason"], &followed["outcome"]), (&json!("http_404"), &json!("failure")), "the result stays");
    let page = daemon.get("/monitors/lost").await.1;
    assert!(page.contains("the path is wrong") && page.contains("from the follow-up checks"), "{page}");

    let untouched = daemon.json("/api/v1/monitors/untouched").await;
    assert!(!findings(&untouched).contains(&"wrong_path") && findings(&untouched).contains(&"plain_get"), "{untouched}");
    let good = daemon.json("/api/v1/monitors/good").await;
    assert_eq!(findings(&good), Vec::<&str>::new());
    let limits = good["limits"].as_array().unwrap();
    assert!(limits.iter().any(|limit| limit["finding"] == "hold_too_short"), "{limits:?}");
    let page = daemon.get("/monitors/good").await.1;
    assert!(page.contains("What these probes cannot show") && page.contains("cannot see"), "{page}");
    assert_eq!(daemon.stop().await, Some(0));
}

/// Everything fails, at three addresses, while the line to ourselves works: the prober's network is to be looked at first.
#[tokio::test(flavor = "multi_thread")]
async fn a_prober_that_reaches_nothing_suspects_itself() {
    let range = Range::open().await;
    let refused = |n: u8| monitor(&format!("m{n}"), &format!("ws://127.0.0.{n}:9/"), "");
    let text = [QUICK.to_owned(), refused(2), refused(3), refused(4)].concat();
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &text, &[]).await;
    daemon.until_value("sidetone_prober_suspect", 1.0).await;
    daemon.until_value("sidetone_control_line_up", 1.0).await;
    daemon.until_value("sidetone_finding{monitor=\"m3\",finding=\"prober_suspect\"}", 1.0).await;
    daemon.until_value("sidetone_monitor_state{monitor=\"m3\",state=\"down\"}", 1.0).await;
    let overview = daemon.json("/api/v1/monitors").await;
    let prober = &overview["prober"];
    assert_eq!((&prober["control_line_up"], &prober["control_line"]["outcome"]), (&json!(true), &json!("success")));
    assert_eq!(prober["suspicion"]["finding"], "prober_suspect", "{prober}");
    assert!(daemon.get("/").await.1.contains("class=\"suspicion\""));

    let cured = [QUICK.to_owned(), refused(2), refused(3), monitor("good", &range.url("echo", false), "")].concat();
    daemon.rewrite(&cured);
    daemon.process.signal(Signal::HUP);
    daemon.until_value("sidetone_monitor_up{monitor=\"good\"}", 1.0).await;
    daemon.until_value("sidetone_prober_suspect", 0.0).await;
    assert_eq!(daemon.stop().await, Some(0));
}
