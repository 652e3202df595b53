//! Real files and a real server on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::config;

const PATIENCE: Duration = Duration::from_secs(20);

fn discovery(text: &str, base: &Path) -> Arc<Discovery> {
    let text = format!("[[discovery]]\nname = \"list\"\n{text}\n[discovery.monitor]\nurl = \"ws://{{target}}/\"\n");
    let config = config::parse(&text, "monitors.toml", base).unwrap_or_else(|problems| panic!("{problems}"));
    Arc::clone(&config.discoveries[0])
}

/// A reader, and what it finds.
struct Reading {
    watch: Watch,
    found: mpsc::Receiver<Found>,
}

impl Reading {
    fn of(discovery: Arc<Discovery>) -> Self {
        let (teller, found) = mpsc::channel(1);
        Self { watch: Watch::start(discovery, Selection::default(), teller).unwrap(), found }
    }

    async fn next(&mut self) -> Found {
        tokio::time::timeout(PATIENCE, self.found.recv()).await.unwrap().unwrap()
    }

    /// The names of the next list that is another one, and what is wrong with it.
    async fn changed(&mut self) -> (Vec<String>, Option<String>) {
        loop {
            let found = self.next().await;
            if let Some(expanded) = found.monitors {
                let names = expanded.monitors.iter().map(|monitor| monitor.name.to_string()).collect();
                return (names, found.problem.map(|problem| problem.to_string()));
            }
        }
    }

    /// The next complaint; nothing may change before it.
    async fn complaint(&mut self) -> String {
        loop {
            let found = self.next().await;
            assert!(found.monitors.is_none(), "{found:?}");
            if let Some(problem) = found.problem {
                return problem.to_string();
            }
        }
    }
}

#[tokio::test]
async fn files_are_read_as_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yml", "- targets: [a, b]\n");
    write("b.json", r#"[{"targets": ["c"]}]"#);
    let files = r#"files = ["*.yml", "b.json"]"#;
    let mut reading = Reading::of(discovery(&format!("{files}\nrefresh_interval = \"1s\""), folder.path()));
    assert_eq!(reading.changed().await, (vec!["a".into(), "b".into(), "c".into()], None));
    // A bad file keeps what it had, and the good ones are taken over.
    write("a.yml", "- target: [x]\n");
    write("b.json", r#"[{"targets": ["d"]}]"#);
    let (names, problem) = reading.changed().await;
    assert_eq!(names, ["a", "b", "d"]);
    assert!(problem.unwrap().contains("a.yml: this is no YAML list of targets: "));
    // One that matches now is read, one that is gone is gone.
    write("a.yml", "[]");
    write("c.yml", "- targets: [e]\n");
    loop {
        // The two files may be seen one after the other.
        let (names, problem) = reading.changed().await;
        if names == ["d", "e"] {
            assert_eq!(problem, None);
            break;
        }
    }
    std::fs::remove_file(folder.path().join("c.yml")).unwrap();
    assert_eq!(reading.changed().await, (vec!["d".into()], None));
    // A plain path has to be there; what it had stays.
    std::fs::remove_file(folder.path().join("b.json")).unwrap();
    assert!(reading.complaint().await.contains("b.json: cannot be read"));
}

/// The way in which Kubernetes replaces the files of a ConfigMap.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_turned_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (version, target) in [("..1", "a"), ("..2", "b")] {
        std::fs::create_dir(path(version)).unwrap();
        std::fs::write(path(version).join("targets.yml"), format!("- targets: [{target}]\n")).unwrap();
    }
    std::os::unix::fs::symlink("..1", path("..data")).unwrap();
    std::os::unix::fs::symlink("..data/targets.yml", path("targets.yml")).unwrap();
    let mut reading = Reading::of(discovery("files = [\"*.yml\"]\nrefresh_interval = \"1s\"", folder.path()));
    assert_eq!(reading.changed().await.0, ["a"]);
    std::os::unix::fs::symlink("..2", path("..next")).unwrap();
    std::fs::rename(path("..next"), path("..data")).unwrap();
    assert_eq!(reading.changed().await.0, ["b"]);
}

#[tokio::test]
async fn another_definition_counts_at_once_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yml"), "- targets: [a]\n").unwrap();
    let mut reading = Reading::of(discovery("files = [\"a.yml\"]\nrefresh_interval = \"1h\"", folder.path()));
    assert_eq!(reading.changed().await.0, ["a"]);
    // Elsewhere, where there is nothing yet: the list that is known is made into monitors with the new template.
    reading.watch.redefine(discovery("files = [\"none.yml\"]\nrefresh_interval = \"1h\"", folder.path()));
    let (names, problem) = reading.changed().await;
    assert_eq!(names, ["a"]);
    assert!(problem.unwrap().contains("none.yml: cannot be read"));
    let Reading { watch, mut found } = reading;
    drop(watch);
    assert!(tokio::time::timeout(PATIENCE, found.recv()).await.unwrap().is_none(), "the thread ends with its watch");
}

/// A server that says what a test wants, and keeps the heads of requests.
struct Inventory {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
    heads: mpsc::UnboundedReceiver<String>,
    _server: JoinSet<()>,
}

fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\n\r\n{body}")
        .into()
}

fn list(targets: &str) -> Vec<u8> {
    answer("200 OK", "application/json", &format!("[{{\"targets\": [{targets}]}}]"))
}

impl Inventory {
    async fn open(first: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, answer) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(first)));
        let (teller, heads) = mpsc::unbounded_channel();
        let says = Arc::clone(&answer);
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let _ = teller.send(String::from_utf8_lossy(&head[..length]).into_owned());
                let answer = says.lock().unwrap().clone();
                let _ = stream.write_all(&answer).await;
                if answer.is_empty() {
                    // Nothing is said, and nothing ends.
                    let _ = stream.read(&mut head).await;
                }
            }
        });
        Self { address, answer, heads, _server: server }
    }

    fn says(&self, answer: Vec<u8>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn discovery(&self, more: &str) -> Arc<Discovery> {
        discovery(&format!("url = \"http://{}/targets?key=canary\"\n{more}", self.address), Path::new(""))
    }
}

#[tokio::test]
async fn a_server_is_asked_as_prometheus_asks_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "a-token\n").unwrap();
    let mut inventory = Inventory::open(list("\"a:1\", \"b\"")).await;
    let token = folder.path().join("token");
    let more = format!("refresh_interval = \"90s\"\nbearer_token_file = \"{}\"", token.display());
    let mut reading = Reading::of(inventory.discovery(&more));
    assert_eq!(reading.changed().await, (vec!["a-1".into(), "b".into()], None));
    let head = inventory.heads.recv().await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get /targets?key=canary http/1.1\r\n"), "{head}");
    for line in [
        "accept: application/json",
        "x-prometheus-refresh-interval-seconds: 90",
        "authorization: bearer a-token",
        concat!("user-agent: sidetone/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
}

#[tokio::test]
async fn a_bad_answer_changes_nothing() {
    let inventory = Inventory::open(list("\"a\"")).await;
    let discovery = inventory.discovery("refresh_interval = \"1s\"\ntimeout = \"300ms\"");
    let mut reading = Reading::of(discovery);
    assert_eq!(reading.changed().await.0, ["a"]);
    let url = format!("http://{}/targets?key=***: ", inventory.address);
    let rows = [
        (
            answer("500 Internal Server Error", "application/json", "[]"),
            "the answer is 500 Internal Server Error, and a list comes with 200",
        ),
        (answer("302 Found", "application/json", "[]"), "the answer is 302 Found, and redirects are not followed"),
        (answer("200 OK", "text/html", "[]"), "the content type is `text/html`, and a list comes as `application/json`"),
        (
            answer("200 OK", "application/json", "{}"),
            "this is no JSON list of targets: invalid type: map, expected a sequence at line 1 column 0",
        ),
        (Vec::new(), "no complete answer within 300ms"),
        (b"SSH-2.0-x\r\n".to_vec(), "invalid HTTP version parsed"),
    ];
    for (answer, says) in rows {
        inventory.says(answer);
        loop {
            // The complaint before may come once more.
            let complaint = reading.complaint().await;
            if complaint == format!("{url}{says}") {
                break;
            }
            assert!(complaint.starts_with(&url), "{complaint}");
        }
    }
    inventory.says(list("\"b\""));
    assert_eq!(reading.changed().await, (vec!["b".into()], None));
    inventory.says(answer("200 OK", "application/json; charset=utf-8", "[]"));
    assert_eq!(reading.changed().await, (vec![], None), "an empty list is a list");
}

#[tokio::test]
async fn an_answer_has_an_end() {
    let inventory = Inventory::open(answer("200 OK", "application/json", &" ".repeat((32 << 20) + 1))).await;
    let discovery = inventory.discovery("");
    let error = read_once(&discovery, &Selection::default()).await.unwrap_err().to_string();
    assert!(error.ends_with("the answer is larger than 32 MiB"), "{error}");
}
