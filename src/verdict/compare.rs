//! What second ways to the same server prove about the first one.
//!
//! Invariant: nothing is said where the second way could not be tried from here.

use crate::outcome::{Confidence, Finding, Outcome, Owner, Phase, Reason};
use crate::report::{ComparisonReport, FindingReport, SecondWayReport};

/// The findings about a probe that failed for this reason with this summary. `proves`: the server may demand what only the public way has, a
/// webhook's token or a signature over the public URL.
#[must_use]
pub fn compare((reason, summary): (Reason, &str), proves: bool, second: &ComparisonReport) -> Vec<FindingReport> {
    let origin = second.origin.as_ref().filter(|origin| !(proves && origin.reason.is_some_and(is_refusal)));
    let origin = origin.and_then(|origin| of_origin(reason, summary, origin));
    let fallback = second.fallback.as_ref().and_then(|fallback| of_fallback(reason, fallback));
    origin.into_iter().chain(fallback).collect()
}

fn of_origin(reason: Reason, summary: &str, origin: &SecondWayReport) -> Option<FindingReport> {
    let evidence = vec![format!("the public way: {reason}, {summary}"), format!("the origin {}: {}", origin.url, said(origin))];
    match origin.reason {
        None if origin.outcome == Outcome::Success => Some(FindingReport {
            finding: Finding::FaultBeforeOrigin,
            confidence: Confidence::Likely,
            says: "the server itself works: the fault lies before it".to_owned(),
            evidence,
            remedy: before(reason).to_owned(),
        }),
        Some(failed) if tells_of_the_server(failed) => Some(FindingReport {
            finding: Finding::FaultBehindOrigin,
            confidence: if failed == reason { Confidence::Likely } else { Confidence::Consistent },
            says: if failed == reason {
                "the server itself fails in the same way: the fault lies behind the public way".to_owned()
            } else {
                format!("the server itself fails as well ({failed}): mend that first")
            },
            evidence,
            remedy: behind(failed).to_owned(),
        }),
        Some(_) | None => None,
    }
}

/// Does this end say something of the server, and not of the way from here to the origin?
fn tells_of_the_server(reason: Reason) -> bool {
    let way = matches!(reason.phase(), Phase::Webhook | Phase::Resolve | Phase::Tls)
        || matches!(reason.owner(), Owner::Prober | Owner::Network);
    reason.outcome() == Outcome::Failure && !way
}

/// Is it how a server turns away a caller that it does not know?
fn is_refusal(reason: Reason) -> bool {
    reason.owner() == Owner::Credentials || matches!(reason, Reason::ClosedByServer | Reason::AppRefused)
}

fn of_fallback(reason: Reason, fallback: &SecondWayReport) -> Option<FindingReport> {
    let works = fallback.outcome == Outcome::Success;
    let finding = match fallback.outcome {
        Outcome::Success => Finding::FallbackWorks,
        Outcome::Failure => Finding::FallbackFails,
        Outcome::Inconclusive => return None,
    };
    let evidence =
        vec![format!("the realtime way: {reason}"), format!("the traditional webhook {}: {}", fallback.url, said(fallback))];
    Some(FindingReport {
        finding,
        confidence: Confidence::Likely,
        says: if works {
            "the realtime path is down, the traditional one works".to_owned()
        } else {
            "the traditional path is down as well".to_owned()
        },
        evidence,
        remedy: if works {
            format!("let calls go to {} until the realtime path is mended, and back after that", fallback.url)
        } else {
            "there is no way to switch to: mend the server first".to_owned()
        },
    })
}

fn said(second: &SecondWayReport) -> String {
    match second.reason {
        Some(reason) => format!("{reason}, {}", second.summary),
        None => second.summary.clone(),
    }
}

/// Where to look when the server works and the public way does not.
const fn before(reason: Reason) -> &'static str {
    match reason.phase() {
        Phase::Webhook => "mend the webhook; the stream that it should hand out works",
        Phase::Resolve => "mend the public host's DNS records",
        Phase::Connect => {
            "look at the firewall, the port mapping and what listens at the public address: balancer, proxy, tunnel"
        }
        Phase::Tls => "mend the certificate or the TLS settings of what ends TLS: balancer, proxy, platform",
        Phase::Upgrade => {
            "let the proxy or tunnel pass the upgrade (HTTP/1.1, the Upgrade and Connection headers, the right path and port), or take another one"
        }
        Phase::Hold | Phase::Close => "look at the timeouts, buffers and limits of the proxy, tunnel or balancer in between",
    }
}

/// Where to look when the server fails too.
const fn behind(reason: Reason) -> &'static str {
    match reason.phase() {
        Phase::Connect => "start the server, and let it listen on the address and port of `origin`",
        Phase::Upgrade => "look at the server's routes and at what it demands of the upgrade: path, headers, signature",
        Phase::Hold | Phase::Close => "look at the server's log at the time of the probe: what closed the line?",
        Phase::Webhook | Phase::Resolve | Phase::Tls => "look at the server itself",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(outcome: Outcome, reason: Option<Reason>) -> SecondWayReport {
        SecondWayReport {
            url: "ws://localhost:5050/media".to_owned(),
            outcome,
            phase: reason.map(Reason::phase),
            reason,
            owner: reason.map(Reason::owner),
            summary: "as it went".to_owned(),
            seconds: 1.0,
        }
    }

    #[test]
    fn what_the_origin_proves() {
        let rows = [
            (Reason::Http(crate::outcome::HttpStatus::new(502).unwrap()), None, Some(Finding::FaultBeforeOrigin)),
            (Reason::WsEof, None, Some(Finding::FaultBeforeOrigin)),
            (Reason::WebhookServerError, None, Some(Finding::FaultBeforeOrigin)),
            (Reason::WsEof, Some(Reason::WsEof), Some(Finding::FaultBehindOrigin)),
            (Reason::WsEof, Some(Reason::TcpRefused), Some(Finding::FaultBehindOrigin)),
            (Reason::WsEof, Some(Reason::DnsNxdomain), None),
            (Reason::WsEof, Some(Reason::TcpTimeout), None),
            (Reason::WsEof, Some(Reason::TlsHostnameMismatch), None),
            (Reason::WsEof, Some(Reason::WebhookServerError), None),
            (Reason::WsEof, Some(Reason::Cancelled), None),
        ];
        for (reason, origin, finding) in rows {
            let outcome = origin.map_or(Outcome::Success, Reason::outcome);
            let comparison = ComparisonReport { origin: Some(second(outcome, origin)), fallback: None };
            let found = compare((reason, "how it went"), false, &comparison);
            assert_eq!(found.first().map(|found| found.finding), finding, "{reason}, origin {origin:?}");
            let same = origin == Some(reason);
            assert!(found.iter().all(|found| !found.evidence.is_empty() && !found.remedy.is_empty()));
            assert!(!same || found[0].says.contains("in the same way"), "{found:?}");
        }
    }

    /// A server that turns the origin's caller away may do so because nothing vouches for it there.
    #[test]
    fn a_refusal_at_the_origin_proves_nothing_where_a_token_or_signature_is_due() {
        for refused in [Reason::from_status(403), Reason::from_status(401), Reason::ClosedByServer, Reason::AppRefused] {
            let comparison = ComparisonReport { origin: Some(second(Outcome::Failure, Some(refused))), fallback: None };
            let found = |proves| compare((Reason::WsEof, "how it went"), proves, &comparison).len();
            assert_eq!((found(true), found(false)), (0, usize::from(refused.phase() != Phase::Webhook)), "{refused}");
        }
    }

    #[test]
    fn what_the_fallback_proves() {
        let rows = [
            (None, Outcome::Success, Some(Finding::FallbackWorks)),
            (Some(Reason::WebhookServerError), Outcome::Failure, Some(Finding::FallbackFails)),
            (Some(Reason::LocalFdExhausted), Outcome::Inconclusive, None),
        ];
        for (reason, outcome, finding) in rows {
            let comparison = ComparisonReport { origin: None, fallback: Some(second(outcome, reason)) };
            let found = compare((Reason::WsEof, "how it went"), false, &comparison);
            assert_eq!(found.first().map(|found| found.finding), finding, "{reason:?}");
        }
    }
}
