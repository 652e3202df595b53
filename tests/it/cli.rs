//! The commands as a user or a script meets them: exit codes, output, bad input, interrupts.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};
use sidetone::metrics::FAMILIES;
use sidetone::outcome::Reason;
use sidetone::practice::BEHAVIOURS;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::support::{
    Attendant, Finished, PATIENCE, Range, Scripted, Seen, finish, header, read_head, run, send, sidetone, switching,
};

const GOOD: Option<i32> = Some(0);
const BAD: Option<i32> = Some(1);
const COULD_NOT_RUN: Option<i32> = Some(2);
const INCONCLUSIVE: Option<i32> = Some(3);

/// The arguments of a probe of `target`.
async fn probe(target: &str, options: &[&str]) -> Finished {
    run(&[&["probe", target], options].concat()).await
}

fn has_no_escapes(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_ends_with_the_code_of_its_outcome() {
    let range = Range::open().await;
    let ca = range.file("ca.pem");
    let trusting = ["--json", "--hold", "300ms", "--ca-file", ca.to_str().unwrap()];
    let rows = [
        (range.url("echo", false), &trusting[..3], GOOD, json!(null)),
        (range.url("echo", true), &trusting[..], GOOD, json!(null)),
        (range.url("echo", true), &trusting[..3], BAD, json!("tls_unknown_issuer")),
        (range.url("drop-after-0.8s", false), &trusting[..1], BAD, json!("ws_eof")),
        (range.url("http-404", false), &trusting[..1], BAD, json!("http_404")),
        (range.url("tcp-refused", false), &trusting[..1], BAD, json!("tcp_refused")),
        (range.url("tls-expired", true), &trusting[..], BAD, json!("tls_cert_expired")),
    ];
    for (url, options, code, reason) in rows {
        let ended = probe(&url, options).await;
        assert_eq!(ended.code, code, "{url}: {ended:?}");
        let report = ended.json();
        assert_eq!((&report["schema"], &report["reason"], &report["target"]), (&json!(1), &reason, &json!(url)));
        assert_eq!(ended.err, "", "{url}: nothing went wrong with the command");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_says_what_happened() {
    let range = Range::open().await;
    let ca = range.file("ca.pem");
    let drop = probe(&range.url("drop-after-0.8s", true), &["--ca-file", ca.to_str().unwrap()]).await;
    assert_eq!(drop.code, BAD, "{drop:?}");
    for word in ["resolve ", "connect ", "tls ", "upgrade ", "hold 0.", "101 Switching Protocols", "TLSv1.3", "certificate "] {
        assert!(drop.out.contains(word), "`{word}` is missing:\n{}", drop.out);
    }
    for word in ["failure", "ws_eof", "phase hold", "owner server", "without a close frame (1006)", "raw"] {
        assert!(drop.out.contains(word), "`{word}` is missing:\n{}", drop.out);
    }
    has_no_escapes(&drop.out);
    let good = probe(&range.url("echo", false), &["--hold", "200ms"]).await;
    assert!(good.code == GOOD && good.out.contains("success") && good.out.contains("the server answered our Close"), "{good:?}");
    has_no_escapes(&good.out);
    let options = ["--hold", "400ms", "--dialect", "twilio", "--set", "audio.say='tone'"];
    let agent = probe(&range.url("twilio", false), &options).await;
    assert!(agent.code == GOOD && agent.out.contains("longest gap 0.") && agent.out.contains("jitter "), "{agent:?}");
    let large = probe(&range.url("too-large", false), &[]).await;
    assert!(large.code == BAD && large.out.contains("exceeded the limit of 4194304 bytes"), "{large:?}");
    assert!(!large.out.contains("broke the WebSocket protocol"), "the limit is ours: {large:?}");
    let hostile = probe(&range.url("hostile-close", false), &[]).await;
    assert!(hostile.code == BAD && hostile.out.contains("forged=1") && hostile.out.contains("\\u{202e}"), "{hostile:?}");
    has_no_escapes(&hostile.out);
}

/// The arguments of a diagnosis of `target`.
async fn diagnose(target: &str, options: &[&str]) -> Finished {
    run(&[&["diagnose", target], options].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_is_a_page_of_checks() {
    let range = Range::open().await;
    let lost = diagnose(&range.url("http-404", false), &["--dialect", "twilio"]).await;
    assert_eq!(lost.code, BAD, "{lost:?}");
    for part in [
        "✓ url",
        "✓ connect",
        "✗ upgrade",
        "– hold",
        "✓ plain_get",
        "answered 404",
        "✗ path",
        "answered    express (",
        "cause ",
        "do ",
        "fix       express: ",
        "new WebSocketServer({ server, path: \"/http-404\" })",
        "fix       twilio: ",
        "who         application",
        "Twilio 31920",
    ] {
        assert!(lost.out.contains(part), "`{part}` is missing:\n{}", lost.out);
    }
    has_no_escapes(&lost.out);
    let good = diagnose(&range.url("echo", false), &["--hold", "200ms"]).await;
    assert!(good.code == GOOD && good.out.contains("✓ hold") && !good.out.contains('✗'), "{good:?}");
    assert!(good.out.contains("cannot show a 0.2 s hold") && !good.out.contains("  fix"), "{good:?}");
    let lint =
        diagnose(&format!("{}?token=canary", range.url("twilio", false)), &["--dialect", "twilio", "--hold", "200ms"]).await;
    assert!(lint.out.contains("url") && lint.out.contains("query_lost") && !lint.out.contains("canary"), "{lint:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_is_complete_in_json() {
    let range = Range::open().await;
    let whole = diagnose(&range.url("http-404", false), &["--dialect", "twilio", "--json"]).await.json();
    assert_eq!(whole["answered"][0]["layer"], "express", "{whole:#}");
    let fixes: Vec<_> = whole["report"]["fixes"].as_array().unwrap().iter().map(|fix| &fix["for"]).collect();
    assert_eq!(fixes, ["express", "twilio"], "{whole:#}");
    assert_eq!(whole["limits"][0]["finding"], "hold_too_short", "{whole:#}");
    let good = diagnose(&range.url("echo", false), &["--hold", "200ms", "--json"]).await.json();
    assert_eq!(good["report"]["fixes"], json!([]), "{good:#}");
    assert!(good["limits"].as_array().unwrap().iter().any(|limit| limit["finding"] == "clean_probes_bound"), "{good:#}");
}

/// A page about a webhook: the document's fault once, and what to set.
#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_of_a_webhook_says_what_to_set() {
    let range = Range::open().await;
    let rows = [
        ("webhook-http-url", "PUBLIC_URL=https://"),
        ("webhook-forbidden", "auth_token_file = "),
        ("webhook-server-error", "http://127.0.0.1:5050/webhook-server-error"),
    ];
    for (webhook, part) in rows {
        let url = range.url(webhook, false);
        let page = run(&["diagnose", "--webhook", &url, "--dialect", "twilio", "--allow-private"]).await;
        assert!(page.code == BAD && page.out.contains("✗ webhook") && page.out.contains(part), "{webhook}:\n{}", page.out);
        assert!(!page.out.contains("cannot show"), "no line was held:\n{}", page.out);
        has_no_escapes(&page.out);
        for line in page.out.lines() {
            assert!(line.chars().count() <= 80 || line.split_whitespace().count() <= 2, "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_open_is_opened_again_with_consent_alone() {
    let range = Range::open().await;
    let url = range.url("drop-at-once", false);
    let rungs = |report: &Value| {
        let checks = report["report"]["checks"].as_array().unwrap();
        checks.iter().filter(|check| check["check"].as_str().unwrap().starts_with("rung_")).count()
    };
    let safe = diagnose(&url, &["--json", "--hold", "300ms"]).await.json();
    assert_eq!((rungs(&safe), &safe["report"]["reason"]), (0, &json!("ws_eof")), "{safe:#}");
    let full = diagnose(&url, &["--json", "--hold", "300ms", "--full"]).await.json();
    assert_eq!(rungs(&full), 5, "{full:#}");
    let outcome = |check: &str| {
        full["report"]["checks"].as_array().unwrap().iter().find(|made| made["check"] == check).unwrap()["outcome"].clone()
    };
    assert_eq!(
        (outcome("rung_upgrade"), outcome("rung_idle")),
        (json!("success"), json!("failure")),
        "the line dies after the 101"
    );
    let off = diagnose(&url, &["--json", "--set", "follow_up=off"]).await.json();
    assert_eq!(off["report"]["checks"], json!([]));
}

/// A webhook may not lead follow-up checks where it may not lead the probe.
#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_begins_at_a_webhook_as_a_probe_does() {
    let range = Range::open().await;
    let webhook = range.url("webhook-wrong-path", false);
    let ended = run(&["diagnose", "--webhook", &webhook, "--dialect", "twilio", "--allow-private", "--json"]).await;
    let report = &ended.json()["report"];
    assert_eq!(
        (ended.code, &report["reason"], &report["webhook"]["status"]),
        (BAD, &json!("http_404"), &json!(200)),
        "{report:#}"
    );
    assert!(report["checks"].as_array().unwrap().iter().any(|check| check["check"] == "plain_get"), "{report:#}");
    let resolver = format!("resolver=[\"{}\"]", range.practice.address());
    let webhook = range.url("webhook-private-address", false);
    let private = run(&["diagnose", "--webhook", &webhook, "--dialect", "twilio", "--json", "--set", &resolver]).await;
    let report = &private.json()["report"];
    assert_eq!(report["reason"], "dns_private_address", "{report:#}");
    for check in report["checks"].as_array().unwrap() {
        assert_ne!(check["outcome"], "success", "a private address was dialled: {check:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_make_no_sense() {
    let rows: [(&[&str], &str); 15] = [
        (&["frob"], "frob"),
        (&[], "Usage"),
        (&["probe"], "required"),
        (&["probe", "ws://127.0.0.1:9/", "--frob"], "--frob"),
        (&["probe", "http://voice.example.com/"], "ws://"),
        (&["probe", "https://voice.example.com/media"], "wss://"),
        (&["probe", "ws://user:pw@voice.example.com/"], "basic_auth"),
        (&["probe", "ws://127.0.0.1:9/", "--hold", "soon"], "not a duration"),
        (&["probe", "ws://127.0.0.1:9/", "--mode", "quiet"], "idle"),
        (&["probe", "ws://127.0.0.1:9/", "--dialect", "twillio"], "twillio"),
        (&["probe", "ws://127.0.0.1:9/", "--header", "X-No-Colon"], "--header"),
        (&["probe", "ws://127.0.0.1:9/", "--set", "hold"], "--set"),
        (&["probe", "ws://127.0.0.1:9/", "--set", "holdd=1s"], "hold"),
        (&["probe", "wss://127.0.0.1:9/", "--ca-file", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
        (&["run", "--log-level", "sidetone=loud", "--config", "monitors.toml"], "log level"),
    ];
    for (arguments, word) in rows {
        let ended = run(arguments).await;
        assert_eq!((ended.code, ended.out.as_str()), (COULD_NOT_RUN, ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(word), "{arguments:?}: `{word}` is missing:\n{}", ended.err);
        assert!(!ended.err.contains("panic"), "{}", ended.err);
    }
    for good in ["--help", "--version"] {
        assert_eq!(run(&[good]).await.code, GOOD);
    }
}

const TWO: &str = "\
[defaults]
interval = \"20s\"

[[monitor]]
name = \"booking-agent\"
url = \"wss://voice.example.com/media-stream\"

[[monitor]]
name = \"support-line\"
url = \"ws://127.0.0.1:9/audio\"
";

const BROKEN: &str = "\
[[monitor]]
name = \"booking-agent\"
url = \"https://voice.example.com/media-stream\"
holdd = \"10s\"

[[monitor]]
name = \"booking-agent\"
url = \"wss://voice.example.com/other\"
interval = \"5s\"
";

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_configured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.toml");
    std::fs::write(&file, TWO).unwrap();
    for options in [&[][..], &["--hold", "1s"]] {
        let ended = probe("bookings", &[&["--config", file.to_str().unwrap()], options].concat()).await;
        assert_eq!((ended.code, ended.out.as_str()), (COULD_NOT_RUN, ""), "{ended:?}");
        for word in ["bookings", "booking-agent", "support-line", "two.toml"] {
            assert!(ended.err.contains(word), "`{word}` is missing: {}", ended.err);
        }
    }
    let ended = probe("bookings", &["--config", "/nowhere/monitors.toml"]).await;
    assert!(ended.code == COULD_NOT_RUN && ended.err.contains("/nowhere/monitors.toml"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("two.toml"), TWO).unwrap();
    std::fs::write(path("broken.toml"), BROKEN).unwrap();
    let good = run(&["check", "--config", &path("two.toml")]).await;
    assert_eq!((good.code, good.err.as_str()), (GOOD, ""), "{good:?}");
    for word in ["booking-agent", "support-line", "20s", "wss://voice.example.com/media-stream", "2 monitors"] {
        assert!(good.out.contains(word), "`{word}` is missing:\n{}", good.out);
    }
    // The same page from every command that reads the file, and nothing is started.
    let commands: [&[&str]; 3] = [&["check"], &["run", "--listen", "127.0.0.1:0"], &["probe", "booking-agent"]];
    for command in commands {
        let bad = run(&[command, &["--config", &path("broken.toml")]].concat()).await;
        assert_eq!((bad.code, bad.out.as_str()), (COULD_NOT_RUN, ""), "{command:?}: {bad:?}");
        for word in
            ["broken.toml:3:7", "`wss://`", "broken.toml:4:1", "`hold`", "broken.toml:7:8", "broken.toml:9:12", "4 problems"]
        {
            assert!(bad.err.contains(word), "{command:?}: `{word}` is missing:\n{}", bad.err);
        }
        has_no_escapes(&bad.err);
    }
    let missing = run(&["check", "--config", &path("nothing.toml")]).await;
    assert!(
        missing.code == COULD_NOT_RUN && missing.err.contains("nothing.toml") && missing.err.contains("--config"),
        "{missing:?}"
    );
}

/// A server that refuses with 403, and the heads of the requests that it got.
async fn receptionist() -> (Scripted, mpsc::UnboundedReceiver<String>) {
    let (sender, heads) = mpsc::unbounded_channel();
    let server = Scripted::open(move |head| {
        sender.send(head.to_owned()).unwrap();
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    (server.await, heads)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_as_it_was_asked_for() {
    let (server, mut heads) = receptionist().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("token"), "from-a-file\n").unwrap();
    std::fs::write(
        path("monitors.toml"),
        format!(
            "[defaults]\ninterval = \"20s\"\nheaders = {{ X-Region = \"eu\" }}\n[[monitor]]\nname = \"front-desk\"\nurl = \"ws://{}/a?b=c\"\n\
             headers = {{ X-Team = \"support\", X-Own = {{ file = \"token\" }} }}\nuser_agent = \"desk/1\"\n",
            server.address
        ),
    )
    .unwrap();
    let config = path("monitors.toml");
    let plain = probe("front-desk", &["--config", &config]).await;
    let head = heads.recv().await.unwrap();
    assert_eq!(plain.code, BAD, "{plain:?}");
    for line in ["GET /a?b=c HTTP/1.1", "User-Agent: desk/1", "X-Region: eu", "X-Team: support", "X-Own: from-a-file"] {
        assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
    }

    let token = path("token");
    let more =
        ["--header", "x-team: bookings", "--header", "X-New: 1", "--bearer-token-file", &token, "--subprotocol", "audio.v1"];
    let changed = probe("front-desk", &[&["--config", &config], &more[..]].concat()).await;
    assert_eq!(changed.code, BAD, "{changed:?}");
    let head = heads.recv().await.unwrap();
    for line in ["x-team: bookings", "X-New: 1", "Authorization: Bearer from-a-file", "Sec-WebSocket-Protocol: audio.v1"] {
        assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
    }
    for line in ["User-Agent: desk/1", "X-Region: eu", "X-Own: from-a-file"] {
        assert!(head.contains(&format!("{line}\r\n")), "what is not overridden stays, {line}: {head}");
    }
    assert!(!head.contains("support"), "{head}");

    let elsewhere = server.address.to_string();
    let url = "ws://voice.example.com/media?x=1";
    let adhoc = probe(url, &["--connect-to", &elsewhere, "--header", "X-New: 1", "--ip", "v4", "--json"]).await;
    let head = heads.recv().await.unwrap();
    assert!(head.contains("Host: voice.example.com\r\n") && head.contains("X-New: 1\r\n"), "{head}");
    let report = adhoc.json();
    assert_eq!((&report["remote_address"], &report["target"]), (&json!(elsewhere), &json!("ws://voice.example.com/media?x=***")));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_override_a_configured_monitor() {
    let range = Range::open().await;
    let config = range.write(
        "overrides.toml",
        &format!(
            "[defaults]\ninterval = \"4s\"\ninterval_failing = \"3s\"\nhold = \"300ms\"\n\
             [[monitor]]\nname = \"good\"\nurl = \"{}\"\n\
             [[monitor]]\nname = \"agent\"\nurl = \"{}\"\nhold = \"1500ms\"\nclose_timeout = \"500ms\"\n\
             [[monitor]]\nname = \"secure\"\nurl = \"{}\"\n",
            range.url("echo", false),
            range.url("close-1000-after-1s", false),
            range.url("echo", true),
        ),
    );
    let config = config.to_str().unwrap();
    let ca = range.file("ca.pem");
    let ca = ca.to_str().unwrap();
    let rows: [(&str, &[&str], Option<i32>, Value); 10] = [
        ("good", &[], GOOD, json!(0.3)),
        ("good", &["--hold", "500ms"], GOOD, json!(0.5)),
        ("good", &["--mode", "idle", "--ping-interval", "100ms"], GOOD, json!(0.3)),
        ("good", &["--set", "expect={echo=true}"], GOOD, json!(0.3)),
        ("agent", &[], BAD, json!(1.5)),
        ("agent", &["--set", "min_hold=500ms"], GOOD, json!(1.5)),
        // A one-shot probe has no rhythm, so that a hold may be longer than the configured interval.
        ("agent", &["--set", "min_hold=500ms", "--hold", "90s"], GOOD, json!(90.0)),
        ("agent", &["--set", "min_hold=500ms", "--set", "accept_codes=[1000, 4000]"], GOOD, json!(1.5)),
        ("secure", &[], BAD, json!(null)),
        ("secure", &["--ca-file", ca], GOOD, json!(0.3)),
    ];
    let probes = rows.map(|(name, options, code, target)| async move {
        let ended = probe(name, &[&["--config", config, "--json"], options].concat()).await;
        assert_eq!(ended.code, code, "{name} {options:?}: {ended:?}");
        let report = ended.json();
        assert_eq!((&report["monitor"], &report["hold"]["target_seconds"]), (&json!(name), &target), "{name} {options:?}");
    });
    futures_util::future::join_all(probes).await;

    let insecure = probe("secure", &["--config", config, "--insecure"]).await;
    assert_eq!(insecure.code, GOOD, "{insecure:?}");
    for warning in ["tls_verification_disabled", "tls_verification_failed"] {
        assert!(insecure.out.contains(warning), "{warning}:\n{}", insecure.out);
    }
    // Two options that exclude each other are a mistake of whoever gave them.
    let both = probe("secure", &["--config", config, "--insecure", "--ca-file", ca]).await;
    assert!(both.code == COULD_NOT_RUN && both.err.contains("insecure"), "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_takes_the_place_of_its_rivals() {
    let range = Range::open().await;
    let (server, mut heads) = receptionist().await;
    range.write("token", "from-a-file");
    let text = format!(
        "[[monitor]]\nname = \"private\"\nurl = \"{}\"\nca_file = \"ca.pem\"\nhold = \"200ms\"\n\
         [[monitor]]\nname = \"login\"\nurl = \"ws://{}/\"\nbasic_auth = {{ username = \"u\", password_file = \"token\" }}\n",
        range.url("echo", true),
        server.address
    );
    let config = range.write("rivals.toml", &text);
    let config = config.to_str().unwrap();
    let insecure = probe("private", &["--config", config, "--insecure"]).await;
    assert!(insecure.code == GOOD && insecure.out.contains("tls_verification_disabled"), "{insecure:?}");
    let token = range.file("token");
    let bearer = probe("login", &["--config", config, "--bearer-token-file", token.to_str().unwrap()]).await;
    assert_eq!(bearer.code, BAD, "{bearer:?}");
    let head = heads.recv().await.unwrap();
    assert!(head.contains("Authorization: Bearer from-a-file\r\n") && !head.contains("Basic"), "{head}");
}

/// What a webhook was asked: its head, and a body of the length that it says.
async fn operator() -> (SocketAddr, mpsc::UnboundedReceiver<String>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::unbounded_channel();
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await;
            let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let document = "<Response>\n<Connect>\n<Stream url=\"ws://voice.example.com/media\"/>\n</Connect>\n</Response>";
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{document}", document.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = sender.send(head + &String::from_utf8(body).unwrap());
        }
    });
    (address, requests, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_asked_as_the_options_say() {
    let (address, mut requests, _task) = operator().await;
    let url = format!("http://{address}/voice");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("token"), "12345\n").unwrap();
    let asked = run(&["probe", "--webhook", &url, "--dialect", "twilio"]).await;
    assert_eq!((asked.code, asked.err.as_str()), (BAD, ""), "{asked:?}");
    for word in
        ["as twilio: 200", "line 3: ", "scheme_not_wss", "ws://voice.example.com/media", "phase webhook", "webhook_url_invalid"]
    {
        assert!(asked.out.contains(word), "`{word}` is missing:\n{}", asked.out);
    }
    has_no_escapes(&asked.out);
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("POST /voice HTTP/1.1\r\n") && request.contains("From=%2B12025550100"), "{request}");
    assert!(header(&request, "x-twilio-signature").is_none(), "{request}");

    let token = path("token");
    let options = [
        "--auth-token-file",
        &token,
        "--set",
        "webhook.parameters.From=+12025550123",
        "--set",
        "webhook.parameters.Extra=1",
        "--json",
    ];
    let signed = run(&[&["probe", "--webhook", &url, "--dialect", "twilio"], &options[..]].concat()).await;
    assert_eq!((signed.code, &signed.json()["webhook"]["status"]), (BAD, &json!(200)), "{signed:?}");
    let request = requests.recv().await.unwrap();
    assert!(header(&request, "x-twilio-signature").is_some(), "{request}");
    assert!(request.contains("From=%2B12025550123") && request.ends_with("Extra=1"), "{request}");

    std::fs::write(
        path("monitors.toml"),
        format!(
            "[[monitor]]\nname = \"front-desk\"\ndialect = \"twilio\"\n[monitor.webhook]\nurl = \"{url}\"\nauth_token_file = \"token\"\n\
             parameters = {{ From = \"+12025550177\", Own = \"1\" }}\n\n[[monitor]]\nname = \"plain\"\nurl = \"ws://127.0.0.1:9/\"\n"
        ),
    )
    .unwrap();
    let config = path("monitors.toml");
    let with = async |name: &str, options: &[&str]| {
        let mut command = sidetone(&[&["probe", name, "--config", &config], options].concat());
        command.env("VOICE_TOKEN", "67890");
        finish(command).await
    };
    let named = with("front-desk", &["--set", "webhook.parameters.From=+12025550123"]).await;
    assert_eq!(named.code, BAD, "{named:?}");
    let request = requests.recv().await.unwrap();
    assert!(request.contains("From=%2B12025550123") && request.contains("Own=1"), "what is not overridden stays: {request}");
    let first = header(&request, "x-twilio-signature").map(str::to_owned);
    // The token from the variable takes the place of the one from the file.
    let other = with("front-desk", &["--auth-token-env", "VOICE_TOKEN", "--allow-private"]).await;
    assert_eq!(other.code, BAD, "{other:?}");
    let second = header(&requests.recv().await.unwrap(), "x-twilio-signature").map(str::to_owned);
    assert!(first.is_some() && second.is_some() && first != second);
    let plain = with("plain", &["--allow-private"]).await;
    assert!(plain.code == COULD_NOT_RUN && plain.err.contains("about a webhook"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_webhooks_that_make_no_sense() {
    const URL: &str = "http://127.0.0.1:9/voice";
    let rows: [(&[&str], &str); 11] = [
        (&["--webhook", URL], "--dialect"),
        (&["--webhook", URL, "--dialect", "raw"], "provider"),
        (&["--webhook", URL, "--dialect", "infobip"], "provider"),
        (&["--webhook", URL, "--set", "webhook.provider=json"], "pointer"),
        (&["--webhook", "wss://voice.example.com/", "--dialect", "twilio"], "https://"),
        (&["--webhook", "http://u:canary@127.0.0.1:9/", "--dialect", "twilio"], "basic_auth"),
        (&["ws://127.0.0.1:9/", "--webhook", URL], "--webhook"),
        (&["ws://127.0.0.1:9/", "--allow-private"], "about a webhook"),
        (&["--webhook", URL, "--dialect", "twilio", "--auth-token-file", "f", "--auth-token-env", "E"], "cannot be used with"),
        (&["--webhook", URL, "--dialect", "twilio", "--auth-token-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (&["--webhook", URL, "--dialect", "twilio", "--expect-host", "voice.example.com:8443"], "a port"),
    ];
    for (arguments, word) in rows {
        let ended = run(&[&["probe"], arguments].concat()).await;
        assert_eq!((ended.code, ended.out.as_str()), (COULD_NOT_RUN, ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(word) && !ended.err.contains("canary"), "{arguments:?}: `{word}` is missing:\n{}", ended.err);
    }
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = run(&["probe", "--webhook", &format!("http://{closed}/voice"), "--dialect", "twilio", "--json"]).await;
    assert_eq!((refused.code, &refused.json()["reason"]), (BAD, &json!("webhook_refused")), "{refused:?}");
    let help = run(&["probe", "--help"]).await;
    for option in
        ["--webhook <URL>", "--auth-token-file <FILE>", "--auth-token-env <NAME>", "--expect-host <HOST>", "--allow-private"]
    {
        assert!(help.out.contains(option), "{option}:\n{}", help.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_may_be_written_as_in_the_file() {
    let range = Range::open().await;
    let url = range.url("echo", false);
    let dotted = probe(&url, &["--hold", "200ms", "--set", "expect.echo=true", "--set", "raw.frame_text='hello'"]).await;
    assert_eq!(dotted.code, GOOD, "{dotted:?}");
    let mute = probe(&url, &["--hold", "200ms", "--set", "raw.frame=none", "--set", "expect.echo=true"]).await;
    assert!(mute.code == COULD_NOT_RUN && mute.err.contains("echo"), "{mute:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_probe_says_goodbye() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = Attendant::open().await;
        let url = format!("ws://{}/", server.address);
        let child = sidetone(&["probe", &url, "--hold", "10m", "--json"]).spawn().unwrap();
        assert_eq!(server.next().await, Seen::Opened);
        send(&child, signal);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        assert_eq!(server.next().await, Seen::Closed(Some(1000)), "{signal:?}");
        assert_eq!(output.status.code(), INCONCLUSIVE, "{signal:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&report["outcome"], &report["reason"], &report["owner"]),
            (&json!("inconclusive"), &json!("cancelled"), &json!("prober"))
        );
        assert!(report["hold"]["lasted_seconds"].as_f64() < Some(600.0), "{}", report["hold"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_dial_ends_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut child = sidetone(&["probe", &url, "--set", "upgrade_timeout=2m"]).spawn().unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(read_head(&mut stream).await.contains("Upgrade: websocket"), "it waits for the answer now");
    send(&child, Signal::INT);
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), INCONCLUSIVE);
}

fn column<'v>(rows: &'v Value, key: &str) -> BTreeSet<&'v str> {
    rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_complete() {
    let reasons = run(&["reasons", "--json"]).await;
    let (rows, text) = (reasons.json(), run(&["reasons"]).await.out);
    assert_eq!(column(&rows, "reason"), Reason::all().map(|reason| reason.label()).collect());
    for row in rows.as_array().unwrap() {
        let field = |key: &str| row[key].as_str().unwrap();
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(field("reason"))).unwrap();
        assert!(line.contains(field("phase")) && line.contains(field("owner")) && line.contains(field("explains")), "{line}");
    }
    let metrics = run(&["metrics", "--json"]).await;
    let (rows, text) = (metrics.json(), run(&["metrics"]).await.out);
    assert_eq!(column(&rows, "name"), FAMILIES.iter().map(|family| family.name).collect());
    for family in FAMILIES {
        assert!(text.contains(family.name) && text.contains(family.help), "{}", family.name);
    }
    let list = run(&["practice", "--list"]).await;
    assert_eq!(list.code, GOOD);
    let families = ["http-", "close-"];
    for behaviour in BEHAVIOURS.iter().filter(|row| !families.iter().any(|family| row.name.starts_with(family))) {
        assert!(list.out.contains(behaviour.name), "{}", behaviour.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_error() {
    let range = Range::open().await;
    let url = range.url("http-404", false);
    let rows: [(&[&str], Option<i32>); 6] = [
        (&["probe", &url], BAD),
        (&["probe", &url, "--json"], BAD),
        (&["reasons"], GOOD),
        (&["metrics", "--json"], GOOD),
        (&["practice", "--list"], GOOD),
        (&["demo", "--listen", "127.0.0.1:0", "--stop-after", "100ms"], GOOD),
    ];
    for (arguments, code) in rows {
        let mut child = sidetone(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (code, String::new()), "{arguments:?}");
    }
}

/// A command that stays, and what it prints.
struct Talking {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Talking {
    fn start(arguments: &[&str]) -> Self {
        let mut child = sidetone(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that begins with `word`.
    async fn line(&mut self, word: &str) -> String {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a line comes").unwrap();
            match line {
                Some(line) if line.starts_with(word) => return line,
                Some(_) => {}
                None => panic!("no line begins with `{word}`"),
            }
        }
    }

    async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(line) = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("it ends").unwrap() {
            rest.push(line);
        }
        rest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_the_product() {
    let mut demo = Talking::start(&["demo", "--stop-after", "8s", "--listen", "127.0.0.1:0"]);
    let page = demo.line("page ").await;
    let page = page.split_whitespace().last().unwrap();
    assert!(crate::support::get(page).await.unwrap().text().await.unwrap().contains("drops-after-0.8s"));
    let metrics = demo.line("metrics ").await;
    let metrics = crate::support::get(metrics.split_whitespace().last().unwrap()).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("sidetone_monitor_info{") && metrics.contains("drops-after-0.8s"), "{metrics}");
    demo.line("stop ").await;
    demo.line("time ").await;
    let probes = demo.rest().await;
    assert_eq!(demo.child.wait().await.unwrap().code(), GOOD);
    // Time, monitor, outcome, reason, held for.
    let fields: Vec<Vec<&str>> = probes.iter().map(|line| line.split_whitespace().collect()).collect();
    let drop = fields.iter().find(|fields| fields[1] == "drops-after-0.8s").unwrap_or_else(|| panic!("{probes:?}"));
    assert_eq!((drop[2], drop[3], drop[5]), ("failure", "ws_eof", "s"));
    let held: f64 = drop[4].parse().unwrap();
    assert!((0.79..1.2).contains(&held), "{drop:?}");
    let expected = [
        ("good-line", "success"),
        ("good-agent-twilio", "success"),
        ("good-agent-vonage", "success"),
        ("silent-agent", "failure"),
        ("application-fails", "failure"),
        ("wrong-path", "failure"),
        ("incomplete-chain", "failure"),
    ];
    for line in &fields {
        let fits = line[1] == "drops-after-0.8s" || line[2] == "inconclusive" || expected.contains(&(line[1], line[2]));
        assert!(fits, "{line:?}");
    }
    assert!(fields.iter().any(|line| line[2] == "success"), "{probes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn practice_endpoints_can_be_called() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem").to_str().unwrap().to_owned();
    let mut practice = Talking::start(&["practice", "--listen", "127.0.0.1:0", "--write-ca", &ca]);
    let line = practice.line("practice endpoints").await;
    let urls: Vec<&str> = line.split([' ', ',']).filter_map(|word| word.strip_suffix("<behaviour>")).collect();
    assert_eq!(urls.len(), 2, "{line}");
    for url in urls {
        let trust: &[&str] = if url.starts_with("wss") { &["--ca-file", &ca] } else { &[] };
        let good = probe(&format!("{url}echo"), &[&["--hold", "200ms"], trust].concat()).await;
        assert_eq!(good.code, GOOD, "{url}: {good:?}");
        let bad = probe(&format!("{url}http-503"), &[&["--json"], trust].concat()).await;
        assert_eq!(bad.json()["reason"], "http_503", "{url}");
    }
    send(&practice.child, Signal::TERM);
    assert_eq!(tokio::time::timeout(PATIENCE, practice.child.wait()).await.expect("it ends").unwrap().code(), GOOD);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_somebody_else() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("monitors.toml");
    std::fs::write(&config, TWO).unwrap();
    let commands: [&[&str]; 3] = [&["run", "--config", config.to_str().unwrap()], &["practice"], &["demo"]];
    for command in commands {
        let ended = finish(sidetone(&[command, &["--listen", &address]].concat())).await;
        assert_eq!(ended.code, COULD_NOT_RUN, "{command:?}: {ended:?}");
        assert!(ended.err.contains(&address) && ended.err.contains("--listen"), "{command:?}: {}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_switches_and_says_nothing_more() {
    // The answer of a proxy that accepts everything: 101 and the end, at once.
    let server = Scripted::open(|head| switching(head, "Server: proxy\r\n").into_bytes()).await;
    let ended = probe(&format!("ws://{}/", server.address), &["--json"]).await;
    let report = ended.json();
    assert_eq!((ended.code, &report["reason"], &report["close"]["how"]), (BAD, &json!("ws_eof"), &json!("fin")));
    assert!(report["upgrade"]["headers"].as_array().unwrap().contains(&json!(["server", "proxy"])));
}
