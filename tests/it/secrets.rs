//! No secret comes out anywhere: not in what sidetone prints, logs or serves, and not through a server that sends it back.

use std::path::Path;

use serde_json::Value;
use sidetone::practice::Behaviour;

use crate::support::{Daemon, Finished, Range, Scripted, finish, frame, header, sidetone, switching};

/// Where a secret can come from, and the secret. Each is another one, so that a leak names its source.
const CANARIES: &[(&str, &str)] = &[
    ("bearer token from a file", "canary-bearer-5b1f0c9e"),
    ("bearer token from the environment", "canary-b-env-77aa01d3"),
    ("basic password from the environment", "canary-basic-1d2e9a40"),
    ("basic password from a file", "canary-bfile-90cc17be"),
    ("basic pair as it is sent", BASIC_PAIR),
    ("header from a file", "canary-hfile-c4477a10"),
    ("header from the environment", "canary-h-env-0a8e6b52"),
    ("header in the file itself", "canary-inline-e29b3d77"),
    ("query value", "canary-query-3f60d8a1"),
    ("query value with an escape", "canary-escaped+18/a77c"),
    ("the same as it is sent", "canary-escaped%2B18%2Fa77c"),
    ("header long enough to be cut", LONG),
];

/// `sidetone:canary-basic-1d2e9a40` in base64 (RFC 7617).
const BASIC_PAIR: &str = "c2lkZXRvbmU6Y2FuYXJ5LWJhc2ljLTFkMmU5YTQw";
const LONG: &str =
    "canary-long-4b7d-canary-long-5c8e-canary-long-6d9f-canary-long-7eaf-canary-long-8fb0-canary-long-90c1-canary-long-a1d2";
/// Enough of the long one to know it by; what is left of a text that was cut must not have it either.
const LONG_HEAD: &str = "canary-long-4b7d";

const ENVIRONMENT: [(&str, &str); 3] =
    [("VOICE_TOKEN", CANARIES[1].1), ("VOICE_PASSWORD", CANARIES[2].1), ("VOICE_HEADER", CANARIES[6].1)];

/// What the server does with the request that it sends back: the path of its URL.
const REFLECTIONS: [&str; 7] = ["body", "headers", "location", "cut", "garbage", "reason", "messages"];

fn complain(place: &str, text: &str, secrets: &[(&str, &str)]) {
    for (source, secret) in secrets {
        if let Some(at) = text.find(secret) {
            let (start, end) = (text.floor_char_boundary(at.saturating_sub(200)), text.ceil_char_boundary(at + 60));
            panic!("{place} has the {source}: …{}…", &text[start..end]);
        }
    }
}

/// Fails if one of the secrets is in `text`.
fn is_clean(place: &str, text: &str) {
    complain(place, text, CANARIES);
    complain(place, text, &[("beginning of the long header", LONG_HEAD)]);
}

fn are_clean(place: &str, ended: &Finished) {
    is_clean(&format!("standard output of {place}"), &ended.out);
    is_clean(&format!("standard error of {place}"), &ended.err);
}

/// A server that sends back what it was sent, in every way that a server has.
async fn parrot() -> Scripted {
    Scripted::open(|head| {
        let path = head.split([' ', '?']).nth(1).unwrap_or_default();
        let lines: Vec<&str> = head.lines().filter(|line| !line.is_empty()).collect();
        // Everything that a secret can hide in, in one line.
        let words = || {
            lines.iter().filter(|line| line.contains("canary") || line.contains("Basic")).copied().collect::<Vec<_>>().join(" ")
        };
        match path {
            "/body" => format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{head}", head.len()).into_bytes(),
            "/headers" => {
                let numbered = lines.iter().enumerate().map(|(n, line)| format!("X-Echo-{n}: {line}\r\n"));
                format!("HTTP/1.1 403 Forbidden\r\n{}X-All: {}\r\n\r\n", numbered.collect::<String>(), words()).into_bytes()
            }
            "/location" => {
                let elsewhere = lines[1..].iter().map(|line| line.replace([' ', ':'], "/")).collect::<String>();
                let query = lines[0].split(['?', ' ']).nth(2).unwrap_or_default();
                format!("HTTP/1.1 302 Found\r\nLocation: https://voice.example.com/{query}/{elsewhere}?{query}\r\n\r\n")
                    .into_bytes()
            }
            // So that the first 4 KiB, or the 256 bytes of a header, end in the middle of a secret.
            "/cut" => {
                let secret = header(head, "x-long").unwrap_or_default();
                let (header, body) = (format!("{}{secret}", "y".repeat(256 - 40)), format!("{}{secret}", "x".repeat(4096 - 40)));
                format!("HTTP/1.1 500 Oh\r\nX-Cut: {header}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
            }
            "/garbage" => words().into_bytes(),
            "/reason" => {
                // One secret after the other, as many as fit into the 123 bytes of a reason.
                let reason = header(head, "authorization").unwrap_or_default();
                let more = header(head, "x-inline").unwrap_or_default();
                let text = format!("{reason} {more} {}", header(head, "x-long").unwrap_or_default());
                let close = frame(0x8, &[&4000_u16.to_be_bytes()[..], &text.as_bytes()[..text.len().min(123)]].concat());
                [switching(head, &format!("X-Echo: {}\r\n", words())).into_bytes(), close].concat()
            }
            _ => {
                let frames = [frame(0x1, head.as_bytes()), frame(0x2, head.as_bytes()), frame(0x9, &words().as_bytes()[..100])];
                [switching(head, "").into_bytes(), frames.concat()].concat()
            }
        }
    })
    .await
}

fn prepare(folder: &Path) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("token", &format!("{}\n", CANARIES[0].1));
    write("password", &format!("{}\n", CANARIES[3].1));
    write("header", &format!("{}\n", CANARIES[5].1));
}

/// A monitor for each way to send a secret back and each way to log in, with every other secret beside it.
fn fleet(server: &Scripted) -> Vec<(String, String)> {
    let logins = [
        ("bearer-file", "bearer_token_file = \"token\""),
        ("bearer-env", "bearer_token_env = \"VOICE_TOKEN\""),
        ("basic-env", "basic_auth = { username = \"sidetone\", password_env = \"VOICE_PASSWORD\" }"),
        ("basic-file", "basic_auth = { username = \"sidetone\", password_file = \"password\" }"),
    ];
    let headers = format!(
        "headers = {{ X-File = {{ file = \"header\" }}, X-Env = {{ env = \"VOICE_HEADER\" }}, X-Inline = \"{}\", X-Long = \"{LONG}\" }}",
        CANARIES[7].1
    );
    let mut monitors = Vec::new();
    for (path, (login, line)) in REFLECTIONS.iter().flat_map(|path| logins.map(|login| (path, login))) {
        let name = format!("{path}-{login}");
        let url = format!("ws://{}/{path}?call={{uuid}}&token={}&key={}", server.address, CANARIES[8].1, CANARIES[10].1);
        monitors.push((name.clone(), format!("[[monitor]]\nname = \"{name}\"\nurl = \"{url}\"\n{line}\n{headers}\n")));
    }
    monitors
}

const DEFAULTS: &str = "[defaults]\ninterval = \"10m\"\nhold = \"300ms\"\nclose_timeout = \"200ms\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_daemon() {
    let (server, folder) = (parrot().await, tempfile::tempdir().unwrap());
    prepare(folder.path());
    let monitors = fleet(&server);
    let text = DEFAULTS.to_owned() + &monitors.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let set_up = |command: &mut tokio::process::Command| {
        command.envs(ENVIRONMENT);
    };
    let arguments = ["--enable-lifecycle", "--log-level", "trace"];
    let mut daemon = Daemon::start_with(&folder.path().join("monitors.toml"), &text, &arguments, set_up).await;
    let mut reflected = 0;
    for (name, _) in &monitors {
        for query in [format!("target={name}"), format!("target={name}&debug=true")] {
            let (status, page) = daemon.get(&format!("/probe?{query}")).await;
            assert_eq!(status, 200, "{page}");
            is_clean(&format!("/probe?{query}"), &page);
        }
        for path in ["/monitors/{}", "/api/v1/monitors/{}", "/api/v1/monitors/{}/reports"] {
            let path = path.replace("{}", name);
            let (_, page) = daemon.get(&path).await;
            reflected += page.matches("***").count();
            is_clean(&path, &page);
        }
    }
    for path in ["/", "/metrics", "/api/v1/monitors"] {
        is_clean(path, &daemon.get(path).await.1);
    }
    assert!(reflected > 50, "the server did send them back, and they were hidden: {reflected}");

    // Mistakes beside secrets: the page of problems shows lines of the file.
    for broken in broken_files(&text) {
        daemon.rewrite(&broken);
        let answer = crate::support::client().post(daemon.url("/-/reload")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 422);
        is_clean("the answer to a reload", &answer.text().await.unwrap());
    }
    assert_eq!(daemon.stop().await, Some(0));
    let log = daemon.process.log.join("\n");
    assert!(log.contains("probe finished") && log.contains("not loaded"), "it did log everything");
    is_clean("the log at trace", &log);
}

/// The file with mistakes in it, of several kinds: some keep the file readable and some do not.
fn broken_files(text: &str) -> Vec<String> {
    vec![
        text.replace("close_timeout", "close_time"),
        text.replace("&token=", "&{token}="),
        text.replace("ws://", "http://"),
        text.replace("X-Inline", "X Inline"),
        text.replace("X-Inline", "Connection"),
        text.replace("X-Inline = ", "X-Inline = = "),
        text.replace("X-Inline = \"", "X-Inline = "),
        text.replace("bearer_token_file = \"token\"", &format!("bearer_token = \"{}\"", CANARIES[0].1)),
        text.replace(
            "bearer_token_file = \"token\"",
            &format!("bearer_token_file = \"{}\"", CANARIES[0].1).replace("canary", "/nowhere"),
        ),
        text.replace("password_file = \"password\"", &format!("password = \"{}\"", CANARIES[3].1)),
        text.replace("hold = \"300ms\"", "hold = \"300ms"),
    ]
    .into_iter()
    .filter(|broken| broken != text)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_commands() {
    let (server, folder) = (parrot().await, tempfile::tempdir().unwrap());
    prepare(folder.path());
    let monitors = fleet(&server);
    let text = DEFAULTS.to_owned() + &monitors.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let config = folder.path().join("monitors.toml");
    std::fs::write(&config, &text).unwrap();
    let config = config.to_str().unwrap();
    let sidetone = async |arguments: &[&str]| {
        let mut command = sidetone(&[arguments, &["--config", config]].concat());
        command.envs(ENVIRONMENT).env("RUST_LOG", "trace");
        let ended = finish(command).await;
        are_clean(&format!("{arguments:?}"), &ended);
        ended
    };
    assert_eq!(sidetone(&["check"]).await.code, Some(0));
    for (name, _) in &monitors {
        assert_eq!(sidetone(&["probe", name]).await.code, Some(1), "{name}");
        let json = sidetone(&["probe", name, "--json"]).await;
        what_is_no_secret_is_kept(name, &json.json());
    }
    let (name, _) = &monitors[0];
    assert_eq!(sidetone(&["probe", name, "--hold", "1s"]).await.code, Some(1));
    let wrong = sidetone(&["probe", name, "--hold", "one", "--header", "X-Inline: canary\u{7}"]).await;
    assert_eq!((wrong.code, wrong.err.contains("canary")), (Some(2), false), "{wrong:?}");
    for broken in broken_files(&text) {
        std::fs::write(config, &broken).unwrap();
        assert_eq!(sidetone(&["check"]).await.code, Some(2), "{broken}");
        assert_eq!(sidetone(&["run", "--listen", "127.0.0.1:0"]).await.code, Some(2));
        assert_eq!(sidetone(&["probe", "body-bearer-file"]).await.code, Some(2));
    }
}

/// Hiding the secrets must not hide the evidence.
fn what_is_no_secret_is_kept(name: &str, report: &Value) {
    let text = report["upgrade"].to_string() + &report["close"].to_string();
    let words: &[&str] = match name.split('-').next().unwrap() {
        "body" => &["User-Agent: sidetone/", "Upgrade: websocket", "X-Inline: ***", "Authorization: B", " ***"],
        "headers" => &["Host: 127.0.0.1", "X-Env: ***", "Authorization: B", " ***"],
        "location" => &["https://voice.example.com/", "***"],
        "cut" => &["yyyyyyyyyy***", "xxxxxxxxxx***"],
        "garbage" => &["***"],
        "reason" => &["\"code\":4000", " *** *** ***\""],
        _ => &["101"],
    };
    for word in words {
        assert!(text.contains(word), "{name}: `{word}` is missing: {text}");
    }
}

/// A token of `length` bytes that has its own text everywhere, so that each piece of it tells.
fn long_token(length: usize) -> String {
    let text: String = (0..length).map(|n| format!("canary{n:03}-")).collect();
    text[..length].to_owned()
}

/// Warnings quote 64 bytes of what the server said, in sentences of 256.
#[tokio::test(flavor = "multi_thread")]
async fn no_beginning_of_a_secret_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    for length in [70, 115, 300] {
        let token = long_token(length);
        let said = token.clone();
        let server = Scripted::open(move |head| {
            let messages = [
                format!("{{\"event\":\"{said}\"}}"),
                format!("{{\"event\":\"mark\",\"streamSid\":\"{said}\",\"mark\":{{\"name\":\"{said}\"}}}}"),
                format!("{{\"event\":\"clear\",\"streamSid\":\"MZ\",\"{said}\":1}}"),
                format!("{{\"event\":\"media\",\"streamSid\":\"MZ\",\"media\":{{\"payload\":\"{said}\",\"track\":\"{said}\"}}}}"),
                format!("{{\"event\":\"media\",\"streamSid\":\"MZ\",\"media\":\"{said}\"}}"),
                format!("{{\"type\":\"error\",\"error\":{{\"message\":\"{said}\",\"code\":\"{said}\"}}}}"),
                format!("{{\"type\":\"error\",\"parameters\":{{\"code\":1,\"message\":\"{said}\"}}}}"),
                format!("not JSON: {said}"),
                format!("\"{said}\""),
                format!("{{\"action\":\"{said}\",\"type\":\"{said}\",\"command\":\"{said}\",\"kind\":\"{said}\"}}"),
                format!("{{\"command\":\"MARK_MEDIA\",\"correlation_id\":\"{said}\"}}"),
                format!("{{\"eventType\":\"{said}\"}}"),
                said.clone(),
            ];
            let frames: Vec<u8> = messages.iter().flat_map(|message| frame(0x1, message.as_bytes())).collect();
            [switching(head, "").into_bytes(), frames].concat()
        })
        .await;
        std::fs::write(folder.path().join("token"), &token).unwrap();
        let dialects =
            ["twilio", "signalwire", "telnyx", "plivo", "vobiz", "bandwidth", "exotel", "vonage", "infobip", "jambonz"];
        let others = ["asterisk", "genesys", "acs", "sinch", "conversation-relay", "openai-realtime"];
        let mut text = "[defaults]\nhold = \"300ms\"\nclose_timeout = \"200ms\"\ninterval = \"60s\"\n".to_owned();
        for dialect in dialects.iter().chain(&others) {
            let headers = "headers = { X-Own = { file = \"token\" } }";
            let url = format!("ws://{}/", server.address);
            text += &format!("[[monitor]]\nname = \"{dialect}\"\ndialect = \"{dialect}\"\nurl = \"{url}\"\n{headers}\n");
        }
        let config = folder.path().join("monitors.toml");
        std::fs::write(&config, &text).unwrap();
        let mut quoted = 0;
        for dialect in dialects.iter().chain(&others) {
            let ended = finish(sidetone(&["probe", dialect, "--json", "--config", config.to_str().unwrap()])).await;
            complain(&format!("{dialect}, {length} bytes"), &ended.out, &[("beginning of the token", "canary000")]);
            complain(&format!("{dialect}, {length} bytes"), &ended.err, &[("beginning of the token", "canary000")]);
            quoted += ended.out.matches("***").count();
        }
        assert!(quoted > 16, "the warnings did quote it: {quoted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_client_certificate_stays_here() {
    let range = Range::open().await;
    let key = std::fs::read_to_string(range.file("client.key")).unwrap();
    let secret: &str = key.lines().find(|line| !line.contains("-----")).unwrap();
    let secrets = [("client key", secret)];
    let behaviour = Behaviour::find("tls-client-cert-rejected").unwrap();
    let url = range.practice.url(behaviour, true).unwrap();
    let lines = "ca_file = \"ca.pem\"\nclient_cert_file = \"client.pem\"\nclient_key_file = \"client.key\"";
    let text = format!("[[monitor]]\nname = \"m\"\nurl = \"{url}\"\n{lines}\n");
    let mut daemon = Daemon::start(&range.file("monitors.toml"), &text, &["--log-level", "trace"]).await;
    let mut pages = Vec::new();
    for path in ["/probe?target=m", "/monitors/m", "/api/v1/monitors/m/reports", "/metrics"] {
        pages.push(daemon.get(path).await.1);
    }
    assert!(pages.iter().any(|page| page.contains("tls_client_cert_rejected")), "{pages:?}");
    assert_eq!(daemon.stop().await, Some(0));
    pages.push(daemon.process.log.join("\n"));
    // The key where the certificate should be, and the other way round.
    let swapped = text.replace("client.pem", "x").replace("client.key", "client.pem").replace("\"x\"", "\"client.key\"");
    std::fs::write(range.file("swapped.toml"), &swapped).unwrap();
    let swapped = finish(sidetone(&["check", "--config", range.file("swapped.toml").to_str().unwrap()])).await;
    assert_eq!(swapped.code, Some(2), "{swapped:?}");
    pages.extend([swapped.out, swapped.err]);
    for page in pages {
        complain("a page", &page, &secrets);
    }
}

/// Where a secret of a webhook can come from.
const OF_WEBHOOKS: &[(&str, &str)] = &[
    ("auth token", "canary-token-6b1d7c20"),
    ("basic password", "canary-wpass-3a9be511"),
    ("parameter from a file", "canary-pfile-88c1f0aa"),
    ("parameter from the environment", "canary-p+env/5d21"),
    ("the same in a form", "canary-p%2Benv%2F5d21"),
    ("parameter in the file itself", "canary-pline-77e0b3c4"),
    ("header from a file", "canary-whead-0f6a92d8"),
    ("query of the webhook", "canary-wquery-19c3e7b5"),
    ("query of the webhook with an escape", "canary-w+esc/2b8f"),
    ("the same as it is sent", "canary-w%2Besc%2F2b8f"),
    ("parameter of the document", "canary-stream-c5d04e66"),
    ("query of the stream", "canary-squery-e8172f3d"),
    ("password of the stream", "canary-spass-41aa0c9b"),
    ("query of the fallback", "canary-fquery-a03d52c7"),
    ("header of an NCCO", "canary-nhead-5c1d/77e0"),
    ("the same as some writers of JSON have it", "canary-nhead-5c1d\\/77e0"),
    ("login of an NCCO", "canary-nlogin-b2907ae4"),
    ("bearer token of a document", "canary-sbear-0d4f&71c9"),
    ("the same as XML has it", "canary-sbear-0d4f&amp;71c9"),
    ("query with an escape of XML", "canary-xesc-9e21+04bd"),
    ("the same as it is written", "canary-xesc-9e21&#x2B;04bd"),
    ("password for the destination", "canary-dpass-63b8f15a"),
    ("member beside the URL", "canary-beside-f7730c1e"),
    ("words of a document", "canary-say-18ce94d2"),
];

/// Documents whose stream is refused, is not chosen, or may be dialled: the path of the URL, the provider, and what is answered. `{…}` is a
/// secret.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    (
        "ncco-refused",
        "vonage",
        r#"[{"action":"connect","endpoint":[{"type":"websocket","uri":"http:\/\/voice.example.com\/media?t={query of the stream}","content-type":"audio/l16;rate=16000","headers":{"token":"{the same as some writers of JSON have it}"},"authorization":{"type":"custom","value":"Bearer {login of an NCCO}"}}]}]"#,
    ),
    (
        "ncco-dialled",
        "vonage",
        r#"[{"action":"talk","text":"{words of a document}"},{"action":"connect","endpoint":[{"type":"websocket","uri":"wss://voice.example.com/media?t={query of the stream}","headers":{"token":"{header of an NCCO}"},"authorization":{"type":"custom","value":"Bearer {login of an NCCO}"}},{"type":"websocket","uri":"wss://user:{password of the stream}@voice.example.com/2","headers":{"token":"{parameter of the document}"}}]}]"#,
    ),
    (
        "ncco-broken",
        "vonage",
        r#"[{"action":"connect","endpoint":[{"headers":{"token":"{header of an NCCO}"},"authorization":{"value":"{login of an NCCO}"},}]}]"#,
    ),
    (
        "cxml-refused",
        "signalwire",
        r#"<Response><Say>{words of a document}</Say><Connect><Stream url="http://user:{password of the stream}@voice.example.com/media?t={the same as it is written}&amp;u=1" authBearerToken="{the same as XML has it}" track="{query with an escape of XML}"/></Connect></Response>"#,
    ),
    (
        "cxml-second",
        "signalwire",
        r#"<Response><Connect><Stream url="wss://voice.example.com/media"/><Stream url="wss://voice.example.com/2?t={the same as it is written}" name="{query with an escape of XML}" authBearerToken="{the same as XML has it}"/></Connect></Response>"#,
    ),
    (
        "cxml-broken",
        "signalwire",
        r#"<Response><Connect><Stream url="wss://voice.example.com/media?a=1&t={query of the stream}" authBearerToken="{bearer token of a document}"/></Response>"#,
    ),
    (
        "bxml-refused",
        "bandwidth",
        r#"<Response><StartStream destination="https://user:pa?{password of the stream}@voice.example.com/media" destinationUsername="u" destinationPassword="{password for the destination}"><StreamParam name="token" value="{parameter of the document}"/></StartStream></Response>"#,
    ),
    (
        "json-refused",
        "json",
        r#"{"stream":{"url":"https://voice.example.com/media?t={query of the stream}","token":"{member beside the URL}"},"note":["{words of a document}"]}"#,
    ),
    (
        "json-dialled",
        "json",
        r#"{"stream":{"url":"wss://voice.example.com/media?t={query of the stream}","token":"{member beside the URL}"}}"#,
    ),
];

/// The document with its secrets filled in.
fn document(path: &str) -> Option<String> {
    let (_, _, template) = DOCUMENTS.iter().find(|(name, ..)| *name == path)?;
    Some(OF_WEBHOOKS.iter().fold((*template).to_owned(), |text, (source, secret)| text.replace(&format!("{{{source}}}"), secret)))
}

/// What a webhook does with the request that it sends back: the path of its URL.
const ECHOES: [&str; 7] = ["status", "html", "headers", "location", "lint", "document", "misplaced"];

/// A webhook that sends its request back, in every way that a webhook has. Behind what is secret and changes with each request, it puts what
/// it saw into `seen`.
async fn echoing(seen: std::sync::Arc<std::sync::Mutex<Vec<String>>>) -> (std::net::SocketAddr, tokio::task::JoinSet<()>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = crate::support::read_head(&mut stream).await;
            let mut body = vec![0; header(&head, "content-length").map_or(0, |length| length.parse().unwrap())];
            if stream.read_exact(&mut body).await.is_err() {
                continue;
            }
            let mut proofs: Vec<String> = ["x-twilio-signature", "x-plivo-signature-v3", "authorization"]
                .iter()
                .filter_map(|name| header(&head, name))
                .map(str::to_owned)
                .collect();
            proofs.extend(proofs.clone().iter().filter_map(|proof| Some(proof.split_once(' ')?.1.to_owned())));
            seen.lock().unwrap().extend(proofs.clone());
            let request = format!("{head}{}", String::from_utf8(body).unwrap());
            let _ = stream.write_all(&echo(&request, &proofs)).await;
        }
    });
    (address, tasks)
}

fn echo(request: &str, proofs: &[String]) -> Vec<u8> {
    let path = request.split([' ', '?']).nth(1).unwrap_or_default().trim_start_matches('/');
    let secret = |source: &str| OF_WEBHOOKS.iter().find(|(name, _)| *name == source).unwrap().1;
    let line = request.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let quoted = line.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let (proof, token) = (proofs.first().map_or("", |proof| proof), secret("parameter of the document"));
    let stream = format!(
        "<Stream url=\"wss://voice.example.com/media?token={}\"><Parameter name=\"token\" value=\"{token}\"/></Stream>",
        secret("query of the stream")
    );
    let (status, headers, body) = match path {
        "status" => ("403 Forbidden", String::new(), request.to_owned()),
        "html" => ("200 OK", "Content-Type: text/html\r\n".to_owned(), format!("<html><body>{quoted}</body></html>")),
        "headers" => ("500 Oh", format!("X-Echo: {line}\r\nX-Proof: {proof}\r\n"), String::new()),
        "location" => {
            let query = request.split(['?', ' ']).nth(2).unwrap_or_default();
            ("302 Found", format!("Location: https://voice.example.com/{query}?{query}\r\n"), String::new())
        }
        // What is quoted by what is wrong in the document.
        "lint" => {
            let track = format!("{proof} {}", proofs.last().map_or("", |proof| proof)).replace('"', "");
            let url = format!(
                "http://user:{}@voice.example.com/{quoted}?t={}",
                secret("password of the stream"),
                secret("query of the stream")
            );
            let document =
                format!("<Response><Connect><Stream url=\"{url}\" track=\"{track}\" name=\"{quoted}\"/></Connect></Response>");
            ("200 OK", format!("Content-Type: {}\r\n", proof.replace(' ', "/")), document)
        }
        path if document(path).is_some() => {
            let document = document(path).unwrap();
            let media = if document.starts_with('<') { "text/xml" } else { "application/json" };
            ("200 OK", format!("Content-Type: {media}\r\n"), document)
        }
        "misplaced" => {
            ("200 OK", "Content-Type: text/xml\r\n".to_owned(), format!("<Response>{stream}<Say>{quoted}</Say></Response>"))
        }
        _ => (
            "200 OK",
            "Content-Type: text/xml\r\n".to_owned(),
            format!("<Response>\n<!-- {} -->\n<Connect>\n{stream}\n</Connect>\n</Response>", line.replace("--", "")),
        ),
    };
    format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn of_webhook(source: &str) -> &'static str {
    OF_WEBHOOKS.iter().find(|(name, _)| *name == source).unwrap().1
}

/// A monitor for each way to send a secret back and each way to prove who asks.
fn switchboards(webhook: std::net::SocketAddr) -> Vec<(String, String)> {
    let proofs = [
        ("twilio", "provider = \"twilio\"\nauth_token_file = \"wtoken\""),
        ("plivo", "provider = \"twilio\"\nsignature = \"plivo\"\nauth_token_file = \"wtoken\"\ncontent = \"json\""),
        ("vonage", "provider = \"twilio\"\nsignature = \"vonage\"\nauth_token_env = \"WEBHOOK_TOKEN\"\nmethod = \"GET\""),
        ("basic", "provider = \"twilio\"\nbasic_auth = { username = \"sidetone\", password_file = \"wpassword\" }"),
    ];
    let shared = format!(
        "parameters = {{ From = {{ file = \"pfile\" }}, Second = {{ env = \"WEBHOOK_PARAMETER\" }}, Third = \"{}\" }}\n\
         headers = {{ X-Own = {{ file = \"whead\" }} }}\n",
        of_webhook("parameter in the file itself")
    );
    let query = format!("?a={}&b={}", of_webhook("query of the webhook"), of_webhook("the same as it is sent"));
    let mut monitors = Vec::new();
    for (path, (name, proof)) in ECHOES.iter().flat_map(|path| proofs.map(|proof| (path, proof))) {
        let name = format!("webhook-{path}-{name}");
        let text = format!(
            "[[monitor]]\nname = \"{name}\"\nconnect_to = \"127.0.0.1:9\"\n[monitor.webhook]\nurl = \"http://{webhook}/{path}{query}\"\n{proof}\n\
             {shared}[monitor.fallback]\nurl = \"http://{webhook}/{path}?k={}\"\n{proof}\n{shared}",
            of_webhook("query of the fallback")
        );
        monitors.push((name, text));
    }
    for (path, provider, _) in DOCUMENTS {
        let name = format!("webhook-{path}");
        let pointer = if *provider == "json" { "pointer = \"/stream/url\"\n" } else { "" };
        let text = format!(
            "[[monitor]]\nname = \"{name}\"\nconnect_to = \"127.0.0.1:9\"\n[monitor.webhook]\nurl = \"http://{webhook}/{path}\"\n\
             provider = \"{provider}\"\n{pointer}expect_host = \"voice.example.com\"\n"
        );
        monitors.push((name, text));
    }
    monitors
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_webhook_comes_out() {
    let seen = std::sync::Arc::default();
    let (webhook, _tasks) = echoing(std::sync::Arc::clone(&seen)).await;
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("wtoken", "auth token"),
        ("wpassword", "basic password"),
        ("pfile", "parameter from a file"),
        ("whead", "header from a file"),
    ];
    files.iter().for_each(|(file, source)| std::fs::write(folder.path().join(file), of_webhook(source)).unwrap());
    let environment =
        [("WEBHOOK_TOKEN", of_webhook("auth token")), ("WEBHOOK_PARAMETER", of_webhook("parameter from the environment"))];
    let clean = |place: &str, text: &str| {
        complain(place, text, OF_WEBHOOKS);
        for proof in seen.lock().unwrap().iter() {
            complain(place, text, &[("proof of who asks", proof)]);
        }
    };
    let monitors = switchboards(webhook);
    let text = DEFAULTS.to_owned() + &monitors.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let config = folder.path().join("monitors.toml");
    let set_up = |command: &mut tokio::process::Command| {
        command.envs(environment);
    };
    let mut daemon = Daemon::start_with(&config, &text, &["--log-level", "trace"], set_up).await;
    let mut hidden = 0;
    for (name, _) in &monitors {
        let (status, page) = daemon.get(&format!("/probe?target={name}&debug=true")).await;
        assert_eq!(status, 200, "{page}");
        clean(&format!("/probe of {name}"), &page);
        for path in ["/monitors/{}", "/api/v1/monitors/{}", "/api/v1/monitors/{}/reports"] {
            let page = daemon.get(&path.replace("{}", name)).await.1;
            hidden += page.matches("***").count();
            clean(&format!("{path} of {name}"), &page);
        }
    }
    for path in ["/", "/metrics", "/api/v1/monitors"] {
        clean(path, &daemon.get(path).await.1);
    }
    assert!(hidden > 100, "they were sent back and hidden: {hidden}");
    let series = "sidetone_probe_failures_total{monitor=\"webhook-status-twilio\",phase=\"webhook\"}";
    assert!(daemon.value(series).await.is_some_and(|count| count >= 1.0));
    let measured = daemon.get("/metrics").await.1;
    assert!(measured.contains("sidetone_probe_phase_seconds") && measured.contains("phase=\"webhook\""), "{measured}");
    assert_eq!(daemon.stop().await, Some(0));
    clean("the log at trace", &daemon.process.log.join("\n"));

    let config = config.to_str().unwrap();
    for arguments in
        [&["check"][..]].into_iter().chain(monitors.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().chunks(1))
    {
        let arguments = if arguments == ["check"] { vec!["check"] } else { vec!["probe", arguments[0]] };
        let mut command = sidetone(&[&arguments[..], &["--config", config]].concat());
        command.envs(environment).env("RUST_LOG", "trace");
        let ended = finish(command).await;
        assert_eq!(ended.code, Some(i32::from(arguments[0] == "probe")), "{ended:?}");
        clean(&format!("{arguments:?}"), &(ended.out + &ended.err));
    }
    assert!(seen.lock().unwrap().len() > monitors.len(), "the webhook saw the proofs");
}

/// What is left of the documents is enough to see what was answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_shown_without_its_secrets() {
    let (webhook, _tasks) = echoing(std::sync::Arc::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("monitors.toml");
    let monitors = switchboards(webhook).into_iter().filter(|(_, text)| text.contains("expect_host"));
    std::fs::write(&config, monitors.map(|(_, text)| text).collect::<String>()).unwrap();
    let rows: [(&str, &[&str]); 5] = [
        (
            "ncco-refused",
            &["\"uri\":\"http://voice.example.com/media?t=***\"", "\"headers\":{\"token\":\"***\"}", "\"audio/l16;rate=16000\""],
        ),
        ("ncco-broken", &["\"authorization\":{\"value\":\"***\"},}]"]),
        (
            "cxml-refused",
            &["<Say>***</Say>", "url=\"http://***@voice.example.com/media?t=***&amp;u=***\" authBearerToken=\"***\""],
        ),
        ("bxml-refused", &["destination=\"https://***@voice.example.com/media\"", "<StreamParam name=\"token\" value=\"***\"/>"]),
        ("json-dialled", &["\"url\":\"wss://voice.example.com/media?t=***\",\"token\":\"***\""]),
    ];
    for (path, pieces) in rows {
        let ended =
            finish(sidetone(&["probe", &format!("webhook-{path}"), "--json", "--config", config.to_str().unwrap()])).await;
        let report = ended.json();
        let body = report["webhook"]["body"].as_str().unwrap();
        pieces.iter().for_each(|piece| assert!(body.contains(piece), "{path}: `{piece}` is missing: {body}"));
    }
}

/// The server of the stream is often that of the webhook: what proves a request there is hidden on the line as well.
#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_a_webhook_are_hidden_on_the_line() {
    let secrets =
        ["auth token", "parameter from a file", "parameter in the file itself", "query of the webhook", "login of an NCCO"];
    let words = secrets.map(of_webhook).join(" ");
    let said = words.clone();
    let stream = Scripted::open(move |head| {
        if head.starts_with("GET /body") {
            return format!("HTTP/1.1 403 Forbidden\r\nX-Echo: {said}\r\nContent-Length: {}\r\n\r\n{said}", said.len())
                .into_bytes();
        }
        let close = frame(0x8, &[&4000_u16.to_be_bytes()[..], &said.as_bytes()[..123.min(said.len())]].concat());
        let message = frame(0x1, format!("{{\"event\":\"{said}\"}}").as_bytes());
        [switching(head, "").into_bytes(), message, close].concat()
    })
    .await;
    let address = stream.address;
    let webhook = Scripted::open(move |head| {
        let path = head.split([' ', '?']).nth(1).unwrap_or_default();
        // The second endpoint is not dialled.
        let second = format!("{{\"type\":\"websocket\",\"uri\":\"ws://{address}/\",\"headers\":{{\"a\":\"{}\"}}}}", of_webhook("login of an NCCO"));
        let document = format!(
            "[{{\"action\":\"connect\",\"endpoint\":[{{\"type\":\"websocket\",\"uri\":\"ws://{address}{path}\",\"content-type\":\"audio/l16;rate=16000\"}},{second}]}}]"
        );
        let length = document.len();
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{document}").into_bytes()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wtoken"), of_webhook("auth token")).unwrap();
    std::fs::write(folder.path().join("pfile"), of_webhook("parameter from a file")).unwrap();
    let config = folder.path().join("monitors.toml");
    for (path, origin) in [("body", ""), ("reason", ""), ("body", "[monitor.origin]\nurl = \"ws://{}/body\"\n")] {
        let text = format!(
            "[[monitor]]\nname = \"m\"\ndialect = \"vonage\"\nhold = \"300ms\"\nclose_timeout = \"200ms\"\n[monitor.webhook]\n\
             url = \"http://{}/{path}?k={}\"\nallow_private = true\nauth_token_file = \"wtoken\"\n\
             parameters = {{ A = {{ file = \"pfile\" }}, B = \"{}\" }}\n{}",
            webhook.address,
            of_webhook("query of the webhook"),
            of_webhook("parameter in the file itself"),
            origin.replace("{}", &address.to_string())
        );
        std::fs::write(&config, text).unwrap();
        let ended = finish(sidetone(&["probe", "m", "--json", "--config", config.to_str().unwrap()])).await;
        complain(path, &(ended.out.clone() + &ended.err), OF_WEBHOOKS);
        let report = ended.json();
        let shown = format!("{} {} {}", report["upgrade"]["body"], report["close"], report["warnings"]);
        assert!(shown.contains("*** *** ***"), "the server said them: {report:#}");
        assert_eq!(report["comparison"]["origin"].is_object(), !origin.is_empty(), "{report:#}");
    }
}
