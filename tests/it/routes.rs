//! Second ways to the same server: what the report says when the public way fails and the origin or the traditional webhook is asked.

use sidetone::outcome::{Finding, Reason};
use sidetone::report::Report;

use crate::support::Range;

const QUICK: &str = "hold = \"700ms\"\nclose_timeout = \"500ms\"\n";

fn monitor(url: &str, rest: &str) -> String {
    format!("[[monitor]]\nname = \"m\"\nurl = {url:?}\n{QUICK}{rest}")
}

/// What the second ways prove; what the answer itself proves is found as well, and not looked at here.
fn findings(report: &Report) -> Vec<Finding> {
    let of_second_ways = [Finding::FaultBeforeOrigin, Finding::FaultBehindOrigin, Finding::FallbackWorks, Finding::FallbackFails];
    report.findings.iter().map(|finding| finding.finding).filter(|finding| of_second_ways.contains(finding)).collect()
}

async fn against_origin(range: &Range, public: &str, origin: &str) -> Report {
    let origin = format!("[monitor.origin]\nurl = {origin:?}\n");
    let report = range.probe(&range.parse(&monitor(public, &origin))).await;
    assert!(report.comparison.as_ref().is_some_and(|comparison| comparison.fallback.is_none()) || report.reason.is_none());
    report
}

#[tokio::test]
async fn the_origin_tells_on_which_side_the_fault_lies() {
    let range = Range::open().await;
    let url = |name: &str| range.url(name, false);
    let nobody = url("tcp-refused");
    let rows = [
        (url("http-502"), url("echo"), Some(Reason::from_status(502)), None, vec![Finding::FaultBeforeOrigin]),
        (
            url("http-404"),
            url("http-404") + "?again=1",
            Some(Reason::from_status(404)),
            Some(Reason::from_status(404)),
            vec![Finding::FaultBehindOrigin],
        ),
        (url("http-502"), nobody, Some(Reason::from_status(502)), Some(Reason::TcpRefused), vec![Finding::FaultBehindOrigin]),
        (url("http-502"), "ws://nowhere.invalid/".to_owned(), Some(Reason::from_status(502)), Some(Reason::DnsNxdomain), vec![]),
        (url("echo"), url("http-404"), None, None, vec![]),
    ];
    for (public, origin, reason, at_origin, expected) in rows {
        // Tests ask no name server but their own, which knows no such name.
        let resolver = format!("resolver = [\"{}\"]\n", range.practice.address());
        let text = monitor(&public, &format!("{resolver}[monitor.origin]\nurl = {origin:?}\n"));
        let report = range.probe(&range.parse(&text)).await;
        assert_eq!(report.reason, reason, "{public}");
        let second = report.comparison.as_ref().and_then(|comparison| comparison.origin.as_ref());
        assert_eq!(second.and_then(|second| second.reason), at_origin, "{public}, origin {origin}");
        assert_eq!(second.is_some(), reason.is_some(), "{public}: a good way needs no second one");
        assert_eq!(findings(&report), expected, "{public}, origin {origin}");
        let says_so = report.timeline.iter().any(|entry| entry.what.contains("the origin"));
        assert_eq!(says_so, second.is_some(), "{:?}", report.timeline);
    }
}

#[tokio::test]
async fn the_first_report_stays_as_it_is() {
    let range = Range::open().await;
    let public = range.url("drop-at-once", false);
    let alone = range.probe(&range.parse(&monitor(&public, ""))).await;
    let compared = against_origin(&range, &public, &range.url("echo", false)).await;
    assert_eq!((alone.reason, alone.phase, alone.owner), (compared.reason, compared.phase, compared.owner));
    assert!(alone.comparison.is_none() && findings(&alone).is_empty());
    assert_eq!(compared.target, public);
    let finding = compared.findings.iter().find(|finding| finding.finding == Finding::FaultBeforeOrigin).unwrap();
    assert!(finding.evidence[0].contains("ws_eof") && finding.evidence[1].contains("held"), "{finding:?}");
}
