//! Nothing is found where nothing is wrong: a thousand clean probes, and some on a machine that is busy with other things.
//!
//! A binary of its own, as binaries run one after the other: what is measured in the others would suffer from this load.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "most of it is for the other binary")]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sidetone::diagnosis::{Past, of, patterns, with_checks};
use sidetone::dialect::Provider;
use sidetone::monitor::Monitor;
use sidetone::outcome::Outcome;
use sidetone::practice::Behaviour;
use sidetone::report::Report;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use support::Range;

/// Probes at a time, so that two cores keep up with a build that is not optimised.
const PLACES: usize = 48;
/// The practice server has its share of the same cores: one that it answers too late for is no clean probe, and is made again.
const TRIES: usize = 4;
const MANY: usize = 1_000;
const FEW: usize = 80;
/// Threads that want a core each.
const BUSY: usize = 2;

/// One test at a time: the thousand are for a machine that has time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// An echo, and the voice server of each provider that has one of its name, over ws and wss, with short holds.
fn monitors(range: &Range) -> Vec<Arc<Monitor>> {
    let mut monitors = Vec::new();
    for secure in [false, true] {
        let mut add = |name: &str, dialect: &str| {
            let Some(behaviour) = Behaviour::find(name) else { return };
            let url = range.practice.url(behaviour, secure).unwrap();
            let trust = if secure { format!("ca_file = {:?}\n", range.file("ca.pem")) } else { String::new() };
            // Whose server has to open the session needs a moment for it.
            let hold = if name == "genesys" { "2s" } else { "300ms" };
            let text = format!("[[monitor]]\nname = \"m\"\nurl = {url:?}\n{dialect}hold = {hold:?}\n{trust}");
            monitors.push(range.parse(&text));
        };
        add("echo", "");
        for provider in Provider::ALL {
            add(provider.label(), &format!("dialect = \"{provider}\"\n"));
        }
    }
    assert!(monitors.len() > 20, "{} monitors", monitors.len());
    monitors
}

/// The reports of `count` probes, in turn of all monitors; each with the monitor's number.
async fn probed(count: usize) -> Vec<(usize, Report)> {
    let range = Arc::new(Range::open().await);
    let monitors = monitors(&range);
    let places = Arc::new(Semaphore::new(PLACES));
    let mut probes = JoinSet::new();
    for n in 0..count {
        let at = n % monitors.len();
        let (range, places, monitor) = (Arc::clone(&range), Arc::clone(&places), Arc::clone(&monitors[at]));
        probes.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let mut report = range.probe(&monitor).await;
            for _ in 1..TRIES {
                if report.outcome != Outcome::Failure {
                    break;
                }
                report = range.probe(&monitor).await;
            }
            (at, report)
        });
    }
    probes.join_all().await
}

/// No report says anything, nor what is made of it by itself, nor the history of a monitor, nor that of all together.
fn nothing_is_found(reports: &[(usize, Report)]) {
    for (_, report) in reports {
        assert_ne!(report.outcome, Outcome::Failure, "{}: {} {:?}", report.target, report.summary, report.timeline);
        let found = [report.findings.clone(), of(report), with_checks(report)].concat();
        assert_eq!(found, [], "{}: {}", report.target, report.summary);
    }
    let mut histories: BTreeMap<usize, Vec<Past>> = BTreeMap::new();
    for (at, report) in reports {
        histories.entry(*at).or_default().push(Past::of(report));
    }
    for history in histories.values() {
        assert_eq!(patterns(history), [], "{} probes of one monitor", history.len());
    }
    let all: Vec<Past> = histories.into_values().flatten().collect();
    assert_eq!(patterns(&all), [], "all {} probes", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clean_probes() {
    let _alone = ALONE.lock().await;
    let reports = probed(MANY).await;
    assert_eq!(reports.len(), MANY);
    let good = reports.iter().filter(|(_, report)| report.outcome == Outcome::Success).count();
    assert!(good > MANY / 2, "{good} of {MANY} could be judged");
    nothing_is_found(&reports);
}

/// Threads that do nothing, on every core, until they are dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn begin() -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        for _ in 0..BUSY {
            let goes_on = Arc::clone(&goes_on);
            std::thread::spawn(move || {
                while goes_on.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(goes_on)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Probes may be inconclusive then; nobody is blamed for it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_on_a_busy_machine() {
    let _alone = ALONE.lock().await;
    let load = Load::begin();
    let reports = probed(FEW).await;
    drop(load);
    assert_eq!(reports.len(), FEW);
    nothing_is_found(&reports);
}
