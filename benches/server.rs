//! What the benchmarks share: the practice server in a process of its own, and connections to it.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sidetone::monitor::{Monitor, MonitorName, Target};
use sidetone::practice::{Behaviour, Practice};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

/// Runs `work` on all cores.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

/// The other process: prints its address and its CA on one line, and serves until it is killed.
pub(crate) async fn serve() {
    let practice = Practice::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let ca: Vec<String> = practice.ca_der().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{} {}", practice.address(), ca.join(""));
    practice.run(CancellationToken::new()).await;
}

/// The practice server, and its process if it is ours to end.
pub(crate) struct Server {
    process: Option<Child>,
    /// What it printed.
    pub(crate) line: String,
    pub(crate) address: SocketAddr,
    pub(crate) ca: Vec<u8>,
}

impl Server {
    /// Starts this program again with `--serve`.
    pub(crate) fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self::at(&line, Some(process))
    }

    /// The one that printed `line`.
    pub(crate) fn at(line: &str, process: Option<Child>) -> Self {
        let (address, ca) = line.trim().split_once(' ').unwrap();
        let ca = (0..ca.len()).step_by(2).map(|at| u8::from_str_radix(&ca[at..at + 2], 16).unwrap()).collect();
        Self { address: address.parse().unwrap(), ca, process, line: line.to_owned() }
    }

    /// The same, without the process.
    pub(crate) fn known(&self) -> Self {
        Self { process: None, line: self.line.clone(), address: self.address, ca: self.ca.clone() }
    }

    /// A monitor of one of its behaviours.
    pub(crate) fn monitor(&self, behaviour: &str, secure: bool, hold: Duration) -> Arc<Monitor> {
        let url = Behaviour::find(behaviour).unwrap().url(secure, self.address);
        let mut monitor = Monitor::new(MonitorName::new("bench").unwrap(), Target::parse(&url).unwrap());
        monitor.hold.target = hold;
        monitor.dial.tls.extra_roots = vec![self.ca.clone()];
        Arc::new(monitor)
    }

    /// A bare connection, as a probe's without Nagle's delay.
    pub(crate) async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// TLS over it, with full handshakes only.
    pub(crate) async fn secure(&self, stream: TcpStream) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.ca.clone().into()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Processor time of this process so far.
pub(crate) fn processor_time() -> Duration {
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(usage.tv_sec.try_into().unwrap(), usage.tv_nsec.try_into().unwrap())
}
