//! Why lines ended, out of real probes: each practice behaviour that ends a line comes to its finding, and timers that a server
//! really has are told apart by what passed before the end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sidetone::diagnosis::{Past, ends, patterns};
use sidetone::outcome::Finding;
use sidetone::practice::Behaviour;
use sidetone::report::Report;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Range, frame, read_head, switching};

/// The behaviour, over wss?, and what is found.
const ENDS: &[(&str, bool, &[Finding])] = &[
    ("drop-after-0.8s", false, &[Finding::SetupFailed]),
    ("drop-after-0.8s", true, &[Finding::SetupFailed]),
    ("drop-close-notify", true, &[Finding::SetupFailed]),
    ("reset-after-0.8s", false, &[Finding::AudioUnread, Finding::SetupFailed]),
    ("http-after-upgrade", false, &[Finding::GatewayLostBackend]),
    ("eof-mid-frame", false, &[Finding::FailedInSession]),
    ("first-close-reset", false, &[Finding::ApplicationCode]),
    ("hostile-close", true, &[Finding::ApplicationCode]),
    ("data-after-close", false, &[Finding::EndedOnPurpose]),
    ("close-1001", false, &[Finding::ServerGoingAway]),
    ("close-1005", false, &[Finding::EndedOnPurpose]),
    ("close-1011", false, &[Finding::ServerException]),
    ("close-1013", true, &[Finding::ServerOverloaded]),
    ("close-1014", false, &[Finding::GatewayLostBackend]),
    ("close-1015", false, &[]),
    ("twilio-closes-after-start", false, &[Finding::ServerException]),
    ("twilio-token", false, &[Finding::ApplicationCode]),
    ("stall", false, &[Finding::ServerNotReading]),
    ("echo", false, &[]),
    ("echo", true, &[]),
    ("no-message", false, &[]),
    ("rsv-bits", false, &[]),
    ("http-502", false, &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_come_to_their_findings() {
    let range = Range::open().await;
    let probes = ENDS.iter().map(|&(name, secure, expected)| {
        let range = &range;
        async move {
            let report = range.report(name, secure, &["hold = \"2s\""]).await;
            let found = ends(&report);
            let names: Vec<_> = found.iter().map(|found| found.finding).collect();
            assert_eq!(names, expected, "{name}, secure: {secure}: {}, {:?}, {found:#?}", report.summary, report.hold);
            for line in found.iter().flat_map(|found| found.evidence.iter().chain([&found.says, &found.remedy])) {
                assert!(!line.chars().any(char::is_control), "{name}: {line:?}");
            }
        }
    });
    futures_util::future::join_all(probes).await;
}

/// How the server of a test ends its lines.
#[derive(Clone, Copy)]
enum Timer {
    /// So long after the last byte in either direction, as a proxy does.
    Idle,
    /// So long after the 101.
    Lifetime,
}

const TIMEOUT: Duration = Duration::from_millis(4_300);

/// A server with a timer. It greets each line somewhat later than the one before.
async fn serve(timer: Timer, tasks: &mut JoinSet<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        let (mut lines, lateness) = (JoinSet::new(), AtomicU32::new(0));
        while let Ok((stream, _)) = listener.accept().await {
            lines.spawn(hold(stream, timer, Duration::from_millis(900) * lateness.fetch_add(1, Ordering::Relaxed)));
        }
    });
    address
}

async fn hold(mut stream: TcpStream, timer: Timer, greets_after: Duration) {
    let head = read_head(&mut stream).await;
    stream.write_all(switching(&head, "").as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let lifetime = tokio::time::sleep(TIMEOUT);
    let greeting = tokio::time::sleep(greets_after);
    tokio::pin!(lifetime, greeting);
    let (mut greeted, mut buffer) = (false, [0; 4096]);
    loop {
        let idle = tokio::time::sleep(TIMEOUT);
        tokio::select! {
            () = &mut greeting, if !greeted => {
                greeted = true;
                let _ = writer.write_all(&frame(1, b"hello")).await;
            }
            () = idle, if matches!(timer, Timer::Idle) => break,
            () = &mut lifetime, if matches!(timer, Timer::Lifetime) => break,
            read = reader.read(&mut buffer) => if !matches!(read, Ok(1..)) { return },
        }
    }
    let _ = writer.shutdown().await;
    while matches!(reader.read(&mut buffer).await, Ok(1..)) {}
}

async fn three_probes(range: &Range, timer: Timer, mode: &str) -> Vec<Report> {
    let mut tasks = JoinSet::new();
    let address = serve(timer, &mut tasks).await;
    let text = format!("[[monitor]]\nname = \"m\"\nurl = \"ws://{address}/\"\nmode = {mode:?}\nhold = \"20s\"\n");
    let monitor = range.parse(&text);
    futures_util::future::join_all((0..3).map(|_| range.probe(&monitor))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_are_told_apart_by_what_passed() {
    let range = Range::open().await;
    let rows = [
        (Timer::Idle, "idle", Finding::IdleTimeout, "after the last byte in 3 of 3 probes"),
        (Timer::Lifetime, "streamed", Finding::LifetimeLimit, "in 3 of 3 probes, while bytes flowed"),
    ];
    let probes = rows.map(|(timer, mode, finding, says)| {
        let range = &range;
        async move {
            let reports = three_probes(range, timer, mode).await;
            let pasts: Vec<Past> = reports.iter().map(Past::of).collect();
            let found = patterns(&pasts);
            assert_eq!(found.iter().map(|found| found.finding).collect::<Vec<_>>(), [finding], "{found:#?} {pasts:#?}");
            assert!(found[0].says.contains(says), "{}", found[0].says);
            assert_eq!(patterns(&pasts[1..]), [], "two are not enough");
        }
    });
    futures_util::future::join_all(probes).await;
}

/// The behaviours of the table exist.
#[test]
fn the_table_names_behaviours() {
    assert!(ENDS.iter().all(|(name, ..)| Behaviour::find(name).is_some()));
}
