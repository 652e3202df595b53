//! A practice server for tests, and monitors for its behaviours.

use std::path::PathBuf;
use std::sync::Arc;

use sidetone::lag::LagMeter;
use sidetone::monitor::Monitor;
use sidetone::practice::{Behaviour, Practice};
use sidetone::probe::{Resources, probe};
use sidetone::report::Report;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A practice server on a free port of loopback, and what probes of it need.
pub(crate) struct Range {
    pub(crate) practice: Arc<Practice>,
    pub(crate) resources: Resources,
    folder: TempDir,
    cancel: CancellationToken,
    _tasks: JoinSet<()>,
}

impl Range {
    pub(crate) async fn open() -> Self {
        let practice = Arc::new(Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &practice.ca_pem());
        let stranger = practice.stranger_identity();
        write("client.pem", &stranger.certificate);
        write("client.key", &stranger.key);
        let (lag, cancel) = (LagMeter::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(lag.clone().run());
        let (server, stop) = (Arc::clone(&practice), cancel.clone());
        tasks.spawn(async move { server.run(stop).await });
        Self { practice, resources: Resources::new(lag), folder, cancel, _tasks: tasks }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A monitor of `behaviour` with what it needs, and `extra` lines where those do not say otherwise. `None` where the behaviour cannot be had.
    pub(crate) fn monitor(&self, behaviour: &Behaviour, secure: bool, extra: &[&str]) -> Option<Arc<Monitor>> {
        if !behaviour.works_over(secure) {
            return None;
        }
        let mut lines = vec!["name = \"m\"".to_owned(), format!("url = {:?}", self.practice.url(behaviour, secure)?)];
        if secure {
            lines.push(format!("ca_file = {:?}", self.file("ca.pem")));
        }
        lines.extend(behaviour.needs.iter().map(|line| self.fill_in(line)));
        let key = |line: &str| line.split('=').next().unwrap().trim().to_owned();
        let given: Vec<String> = lines.iter().map(|line| key(line)).collect();
        lines.extend(extra.iter().filter(|line| !given.contains(&key(line))).map(|line| (*line).to_owned()));
        Some(self.parse(&format!("[[monitor]]\n{}\n", lines.join("\n"))))
    }

    /// The first monitor of a configuration.
    pub(crate) fn parse(&self, text: &str) -> Arc<Monitor> {
        let config = sidetone::config::parse(text, "test", self.folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        Arc::clone(&config.monitors[0])
    }

    fn fill_in(&self, line: &str) -> String {
        let path = |name: &str| self.file(name).to_string_lossy().into_owned();
        line.replace("{address}", &self.practice.address().to_string())
            .replace("{ca_file}", &path("ca.pem"))
            .replace("{client_cert_file}", &path("client.pem"))
            .replace("{client_key_file}", &path("client.key"))
    }

    pub(crate) async fn probe(&self, monitor: &Monitor) -> Report {
        probe(monitor, &self.resources, &CancellationToken::new()).await
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
