//! Shards, locations, lists of targets and the health check, through the program.

use std::net::SocketAddr;
use std::path::Path;

use crate::support::{Daemon, Range, run, until};

const TWELVE: &str = "\
[[discovery]]
name = \"inventory\"
files = [\"targets.yml\"]
refresh_interval = \"1s\"
[discovery.monitor]
url = \"ws://127.0.0.1:1/{target}\"
";

fn monitor(name: &str, more: &str) -> String {
    format!("[[monitor]]\nname = \"{name}\"\nurl = \"ws://127.0.0.1:1/\"\n{more}\n")
}

/// The names in the table that `sidetone check` prints.
fn names(page: &str) -> Vec<String> {
    let rows = page.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

async fn checked(config: &Path, options: &[&str]) -> String {
    let ended = run(&[&["check", "--config", config.to_str().unwrap()], options].concat()).await;
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{options:?}: {}", ended.out);
    ended.out
}

#[tokio::test(flavor = "multi_thread")]
async fn check_shows_what_a_shard_would_run() {
    let range = Range::open().await;
    let all: Vec<String> = (0..12).map(|i| format!("m{i}")).collect();
    let config = range.write("shards.toml", &all.iter().map(|name| monitor(name, "")).collect::<String>());
    let mut found = Vec::new();
    for shard in ["0/3", "1/3", "2/3"] {
        let page = checked(&config, &["--shard", shard]).await;
        let here = names(&page);
        assert!(page.contains(&format!("shard {shard}: {} of the 12 monitors of the file\n", here.len())), "{page}");
        found.extend(here);
    }
    found.sort_by_key(|name| name[1..].parse::<u32>().unwrap());
    assert_eq!(found, all, "each monitor is in one shard");
    // Both are read from the environment as well, as a pod has them.
    let mut command = crate::support::sidetone(&["check", "--config", config.to_str().unwrap()]);
    command.env("SIDETONE_SHARD", "1/3");
    assert!(crate::support::finish(command).await.out.contains("shard 1/3: "));
    for (bad, says) in [
        ("3/3", "there is no shard 3 of 3: shards count from 0, so that the last one is `2/3`"),
        ("1", "a shard is written `i/n`, such as `0/4` for the first of four"),
    ] {
        let refused = run(&["check", "--config", config.to_str().unwrap(), "--shard", bad]).await;
        assert_eq!(refused.code, Some(2));
        assert!(refused.err.contains(says), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_choose_and_odd_ones_are_said_aloud() {
    let range = Range::open().await;
    let text = monitor("everywhere", "")
        + &monitor("here", "locations = [\"fra\", \"iad\"]")
        + &monitor("there", "locations = [\"sin\"]");
    let config = range.write("places.toml", &text);
    let fra = checked(&config, &["--location", "fra"]).await;
    assert_eq!(names(&fra), ["everywhere", "here"]);
    assert!(fra.contains("location fra: 2 of the 3 monitors of the file\n") && !fra.contains("note:"), "{fra}");
    let slip = checked(&config, &["--location", "fre"]).await;
    assert_eq!(names(&slip), ["everywhere"]);
    assert!(
        slip.contains(
            "note: no monitor has the location `fre`, so that only those without `locations` run here; did you mean `fra`?"
        ),
        "{slip}"
    );
    let none = checked(&config, &[]).await;
    assert_eq!(names(&none).len(), 3, "without a location, nothing is left out");
    assert!(none.contains("note: 2 of the monitors have `locations`, and `--location` is not given"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reads_lists_in_files_and_asks_servers_only_if_told() {
    let range = Range::open().await;
    let server = "[[discovery]]\nname = \"server\"\nurl = \"http://127.0.0.1:1/targets\"\n[discovery.monitor]\nurl = \"wss://{target}/\"\n";
    let config = range.write("lists.toml", &format!("{TWELVE}\n{server}"));
    range.write("targets.yml", "- targets: [a, b, 'not a url']\n  labels: {team: voice}\n");
    let page = checked(&config, &[]).await;
    assert_eq!(names(&page), ["a", "b", "not-a-url"], "{page}");
    assert!(page.contains("list inventory: 3 targets, 3 run here, 0 are left out\n"), "{page}");
    assert!(page.contains("list server: http://127.0.0.1:1/targets is not asked without --discover\n"), "{page}");
    let asked = run(&["check", "--config", config.to_str().unwrap(), "--discover"]).await;
    assert_eq!(asked.code, Some(2));
    assert!(asked.out.contains("list server: http://127.0.0.1:1/targets: Connection refused"), "{}", asked.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_runs_its_part_of_a_list() {
    let range = Range::open().await;
    range.write("targets.yml", "- targets: [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11]\n");
    let config = range.write("lists.toml", TWELVE);
    let here = names(&checked(&config, &["--shard", "0/3"]).await);
    assert!((1..12).contains(&here.len()));
    let mut daemon = Daemon::start(&config, TWELVE, &["--shard", "0/3"]).await;
    daemon.until_value("sidetone_monitors", here.len() as f64).await;
    assert_eq!(daemon.value("sidetone_discovery_targets{discovery=\"inventory\"}").await, Some(12.0));
    let list = daemon.json("/sd/targets").await;
    let listed: Vec<&str> = list.as_array().unwrap().iter().map(|entry| entry["labels"]["monitor"].as_str().unwrap()).collect();
    let mut sorted = here.clone();
    sorted.sort();
    assert_eq!(listed, sorted);
    assert_eq!(daemon.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_daemon_is_an_exit_code() {
    let range = Range::open().await;
    let text = monitor("a", "");
    let config = range.write("one.toml", &text);
    let mut daemon = Daemon::start(&config, &text, &[]).await;
    let address = daemon.address().to_string();
    let url = format!("http://{address}/");
    let rows: [&[&str]; 3] = [&["--listen", &address], &["--url", &url, "--ready"], &["--listen", &address, "--ready"]];
    until("the daemon to be ready", async || (daemon.get("/-/ready").await.0 == 200).then_some(())).await;
    for options in rows {
        let well = run(&[&["healthcheck"], options].concat()).await;
        assert_eq!((well.code, well.err.as_str()), (Some(0), ""), "{options:?}");
        assert!(well.out.starts_with("sidetone is "), "{}", well.out);
    }
    assert_eq!(daemon.stop().await, Some(0));
    let gone = run(&["healthcheck", "--listen", &address]).await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains("nobody answers; is sidetone running"), "{}", gone.err);
    // One that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at: SocketAddr = silent.local_addr().unwrap();
    let late = run(&["healthcheck", "--listen", &at.to_string(), "--timeout", "200ms"]).await;
    assert_eq!(late.code, Some(1));
    assert!(late.err.contains("no answer within 200ms"), "{}", late.err);
    assert_eq!(run(&["healthcheck", "--url", "https://127.0.0.1:1"]).await.code, Some(1));
}
