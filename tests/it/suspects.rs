//! Every suspect of every incident, provoked by a practice server and diagnosed as `sidetone diagnose` does it: a probe, its follow-up
//! checks, and what they prove. The cause that is named first is the one that was provoked, nothing else is said that speaks against it,
//! and the owner is who has to act.
//!
//! What comes out is the table in `docs/diagnosis.md`.

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::join_all;
use sidetone::diagnosis::{Past, patterns};
use sidetone::monitor::Monitor;
use sidetone::outcome::Confidence::{self, Certain, Consistent, Likely};
use sidetone::outcome::{Finding, Outcome, Owner};
use sidetone::practice::Behaviour;
use sidetone::probe::probe_and_follow_up;
use sidetone::report::{FindingReport, Report};
use tokio_util::sync::CancellationToken;

use crate::docs;
use crate::support::{MOST_PROBES, PLACES, Range, Tunnel};

/// How a suspect is provoked.
#[derive(Clone, Copy, Debug)]
enum By {
    /// A practice behaviour over `ws` or `http`.
    Plain(&'static str),
    /// The same over `wss` or `https`.
    Secure(&'static str),
    /// A path of the practice server over `wss`, with nothing that its behaviour needs.
    Path(&'static str),
    /// A practice behaviour over `ws`, three times; the series is looked at as a history.
    Series(&'static str),
    /// A tunnel that takes the upgrade out of requests, in front of this practice webhook, with the practice server as `origin`.
    Tunnel(&'static str),
}

/// One suspect of one incident.
struct Suspect {
    incident: &'static str,
    /// As the troubleshooting page has it.
    what: &'static str,
    by: By,
    /// Lines of the monitor. `{address}` is the practice server's.
    settings: &'static [&'static str],
    reason: &'static str,
    owner: Owner,
    /// All that is found, the named cause first; nothing where the reason is the cause.
    found: &'static [(Finding, Confidence)],
}

macro_rules! suspects {
    ($($incident:ident $what:literal, $by:ident($name:literal), [$($setting:literal),*] => $reason:literal, $owner:ident, [$(($finding:ident, $sure:expr)),*];)+) => {
        &[$(Suspect {
            incident: stringify!($incident),
            what: $what,
            by: By::$by($name),
            settings: &[$($setting),*],
            reason: $reason,
            owner: Owner::$owner,
            found: &[$((Finding::$finding, $sure)),*],
        },)+]
    };
}

#[rustfmt::skip]
const SUSPECTS: &[Suspect] = suspects! {
    I1 "wrong path", Secure("http-404"), ["path_variants = [\"/infobip\"]"] => "http_404", Configuration, [(WrongPath, Certain), (PlainGet, Likely)];
    I1 "wrong path, and the right one is not known", Secure("host-nginx-404"), [] => "http_404", Configuration, [(RouteMissing, Likely)];
    I1 "path missing", Path("/"), ["path_variants = [\"/infobip\"]"] => "http_404", Configuration, [(WrongPath, Certain)];
    I1 "slash at the end of the path missing", Secure("slash-wanted"), [] => "http_307", Configuration, [(WrongPath, Certain), (Redirected, Certain)];
    I1 "`ws://` for `wss://`", Plain("http-plain-to-tls"), [] => "ws_port_speaks_tls", Configuration, [(WrongScheme, Certain)];
    I1 "`wss://` for `ws://`", Secure("tls-port-http"), [] => "tls_port_speaks_http", Configuration, [(WrongScheme, Certain)];
    I1 "old domain: it is gone", Plain("dns-nxdomain"), ["follow_up = \"off\""] => "dns_nxdomain", Configuration, [];
    I1 "old domain: somebody else's page", Secure("host-parked"), [] => "http_200_not_websocket", Configuration, [(OrdinaryPage, Likely)];
    I1 "certificate chain incomplete", Secure("tls-missing-intermediate"), [] => "tls_missing_intermediate", Edge, [(OnlyTheCertificate, Certain)];
    I1 "certificate not trusted: self-signed", Secure("tls-self-signed"), [] => "tls_self_signed", Edge, [(OnlyTheCertificate, Certain)];
    I1 "certificate not trusted: expired", Secure("tls-expired"), [] => "tls_cert_expired", Edge, [(OnlyTheCertificate, Certain)];
    I1 "certificate not trusted: of another host", Secure("tls-wrong-host"), [] => "tls_hostname_mismatch", Edge, [(OnlyTheCertificate, Certain)];
    I1 "certificate not trusted: of an unknown authority", Secure("tls-unknown-issuer"), [] => "tls_unknown_issuer", Edge, [(OnlyTheCertificate, Certain)];
    I1 "network: nothing answers", Plain("tcp-timeout"), [] => "tcp_timeout", Network, [];
    I1 "network: reset in the hold", Secure("reset-after-0.8s"), [] => "ws_reset", Server, [(AudioUnread, Likely), (SetupFailed, Consistent)];
    I1 "network: reset in place of an answer", Plain("http-reset"), [] => "http_reset", Server, [];
    I1 "handshake fails: 400", Plain("host-tornado-400"), [] => "http_400", Edge, [(UpgradeLost, Certain)];
    I1 "handshake fails: another answer than the key asks for", Plain("wrong-accept"), [] => "upgrade_accept_wrong", Edge, [];
    I1 "handshake fails: 502", Secure("host-nginx-502"), [] => "http_502", Edge, [(BackendFails, Likely)];
    I1 "handshake fails: 101, and then a gateway's 502", Secure("http-after-upgrade"), [] => "ws_http_after_upgrade", Edge, [(GatewayLostBackend, Likely)];
    I1 "WebSocket timeout of the host", Series("idle-cut"), [] => "ws_eof", Server, [(IdleTimeout, Consistent)];
    I1 "WebSocket timeout of the host: a longest life", Series("lifetime-cut"), [] => "ws_eof", Server, [(LifetimeLimit, Consistent)];
    I1 "WebSocket timeout of the server, in its own words", Plain("close-idle-timeout"), [] => "closed_by_server", Application, [(ServerIdleTimeout, Likely)];
    I1 "wrong media format: the kind of frame is refused", Secure("close-1003"), [] => "closed_by_server", Application, [(WrongFrameKind, Likely)];
    I1 "wrong media format: what it holds is refused", Secure("close-1007"), [] => "closed_by_server", Application, [(PayloadRejected, Likely)];
    I1 "wrong media format: the line dies of audio", Secure("cut-at-binary"), ["follow_up = \"full\""] => "ws_eof", Server, [(FirstRungThatDies, Likely), (FirstMessageRejected, Consistent)];
    I1 "wrong media format: the line dies of the first message", Path("/cut-at-text"), ["follow_up = \"full\""] => "ws_eof", Server, [(FirstRungThatDies, Likely), (FirstMessageRejected, Consistent)];
    I1 "wrong media format: twice the byte rate", Secure("infobip-wrong-rate"), ["expect = { no_warnings = true }"] => "app_warned", Application, [];
    I1 "wrong configuration id: refused by policy", Secure("close-1008"), [] => "closed_by_server", Application, [(RefusedByPolicy, Likely)];
    I1 "wrong configuration id: a code of the application's own", Secure("close-unknown-configuration"), [] => "closed_by_server", Application, [(ApplicationCode, Certain)];
    I1 "closed after 0.8 s without a word", Secure("drop-after-0.8s"), [] => "ws_eof", Server, [(SetupFailed, Consistent)];
    I1 "closed after 0.8 s without a word, looked into", Secure("drop-after-0.8s"), ["follow_up = \"full\""] => "ws_eof", Server, [(FirstRungThatDies, Likely), (SetupFailed, Consistent)];
    I1 "closed by an exception", Secure("infobip-closes-after-start"), [] => "closed_by_server", Application, [(ServerException, Likely)];
    I2 "the host has no WebSocket support: functions alone", Secure("host-vercel-no-route"), [] => "http_404", Configuration, [(RouteMissing, Certain)];
    I2 "the host has no WebSocket support: an ordinary GET for the application", Secure("http-404"), [] => "http_404", Configuration, [(PlainGet, Likely)];
    I2 "the host speaks Socket.IO", Secure("host-socketio"), [] => "http_400", Edge, [(NotPlainWebsocket, Certain)];
    I2 "certificate chain incomplete", Secure("tls-missing-intermediate"), [] => "tls_missing_intermediate", Edge, [(OnlyTheCertificate, Certain)];
    I2 "path format: the id of the call is missing", Secure("webhook-telnyx-path-without-id"), [] => "http_404", Configuration, [];
    I2 "path format: the text of an unset variable", Plain("webhook-unset-path"), ["dialect = \"twilio\""] => "http_404", Configuration, [];
    I2 "firewall: refused", Plain("tcp-refused"), [] => "tcp_refused", Server, [];
    I2 "firewall: dropped", Plain("tcp-timeout"), [] => "tcp_timeout", Network, [];
    I2 "firewall: cut in the handshake", Secure("tls-reset"), [] => "tls_reset_in_handshake", Network, [];
    I2 "voice application: another name than the service has", Secure("host-railway-no-service"), [] => "http_404", Configuration, [(NoSuchService, Likely)];
    I2 "voice application: no live service", Secure("host-render-no-service"), [] => "http_404", Configuration, [(NoSuchService, Likely)];
    I2 "authentication: 401", Secure("http-401"), [] => "http_401", Credentials, [];
    I2 "authentication: refused by `verifyClient`", Secure("host-ws-unauthorized"), [] => "http_401", Credentials, [(RejectedBeforeAccept, Likely)];
    I2 "authentication: 403 before accept", Secure("host-uvicorn-denied"), [] => "http_403", Credentials, [(RejectedBeforeAccept, Likely)];
    I2 "authentication: a login page", Secure("host-login"), [] => "http_302", Configuration, [(Redirected, Likely)];
    I2 "another route to the same server works", Secure("http-502"), ["origin.url = \"ws://{address}/telnyx\""] => "http_502", Edge, [(FaultBeforeOrigin, Likely)];
    I3 "the webhook says `ws://`", Secure("webhook-ws-url"), [] => "webhook_url_invalid", Configuration, [];
    I3 "URL built from a wrong base URL", Secure("webhook-wrong-path"), ["path_variants = [\"/twilio\"]"] => "http_404", Configuration, [(WrongPath, Certain)];
    I3 "URL built from a wrong base URL, and the right one is not known", Secure("webhook-wrong-path"), [] => "http_404", Configuration, [];
    I3 "the webhook hands out no stream", Secure("webhook-no-stream"), [] => "webhook_no_stream", Application, [];
    I3 "firewall", Plain("tcp-timeout"), [] => "tcp_timeout", Network, [];
    I3 "nginx without Upgrade and Connection headers", Secure("host-nginx-upgrade-lost"), [] => "http_426", Edge, [(UpgradeLost, Certain)];
    I3 "a proxy without Upgrade headers: 400", Secure("host-tornado-400"), [] => "http_400", Edge, [(UpgradeLost, Certain)];
    I3 "a proxy without Upgrade headers: 404 of FastAPI", Secure("host-fastapi-get"), [] => "http_404", Configuration, [(PlainGet, Likely)];
    I3 "a proxy without Upgrade headers: 426", Secure("webhook-no-upgrade"), [] => "http_426", Edge, [(UpgradeLost, Likely)];
    I3 "a proxy without Upgrade headers, and the server itself works", Secure("webhook-no-upgrade"), ["origin.url = \"ws://{address}/twilio\""] => "http_426", Edge, [(UpgradeLost, Likely), (FaultBeforeOrigin, Likely)];
    I3 "the webhook's signature is refused", Secure("webhook-forbidden"), [] => "webhook_forbidden", Credentials, [];
    I3 "signature validation refuses the upgrade", Secure("host-uvicorn-denied"), [] => "http_403", Credentials, [(RejectedBeforeAccept, Likely)];
    I3 "the webhook's token is missing", Secure("webhook-twilio-no-token"), [] => "closed_by_server", Application, [(ApplicationCode, Certain)];
    I3 "port mapping: nothing listens", Plain("tcp-refused"), [] => "tcp_refused", Server, [];
    I3 "port mapping: 502 of nginx", Secure("host-nginx-502"), [] => "http_502", Edge, [(BackendFails, Likely)];
    I3 "port mapping: 502 of the platform", Secure("host-railway-no-answer"), [] => "http_502", Edge, [(BackendFails, Certain)];
    I3 "port mapping: 503 of HAProxy", Secure("host-haproxy-503"), [] => "http_503", Edge, [(BackendFails, Certain)];
    I3 "realtime is down, the traditional mode works", Secure("webhook-wrong-path"), ["path_variants = [\"/twilio\"]", "fallback.url = \"http://{address}/webhook-no-stream\""] => "http_404", Configuration, [(WrongPath, Certain), (FallbackWorks, Likely)];
    I3 "realtime is down, the traditional mode as well", Secure("webhook-wrong-path"), ["path_variants = [\"/twilio\"]", "fallback.url = \"http://{address}/webhook-server-error\""] => "http_404", Configuration, [(WrongPath, Certain), (FallbackFails, Likely)];
    I3 "the bridge's upstream fails", Secure("twilio-closes-after-start"), [] => "closed_by_server", Application, [(ServerException, Likely)];
    I3 "the bridge's event loop is blocked", Secure("close-keepalive"), [] => "closed_by_server", Application, [(KeepaliveTimeout, Likely)];
    I4 "the tunnel does not pass the upgrade, and localhost works", Tunnel("webhook-twilio"), ["origin.url = \"ws://{address}/twilio\""] => "http_426", Edge, [(UpgradeLost, Likely), (FaultBeforeOrigin, Likely)];
    I4 "ngrok's page for browsers", Secure("host-ngrok-page"), [] => "http_200_not_websocket", Configuration, [(TunnelPage, Likely)];
    I4 "ngrok is offline", Secure("host-ngrok-offline"), [] => "http_404", Configuration, [(TunnelOffline, Certain)];
    I4 "nothing listens behind ngrok", Secure("host-ngrok-refused"), [] => "http_502", Edge, [(BackendFails, Certain)];
    I4 "cloudflared is offline", Secure("host-cloudflared-offline"), [] => "http_530", Edge, [(TunnelOffline, Certain)];
    I4 "a page of the tunnel's own", Secure("webhook-tunnel-page"), [] => "http_200_not_websocket", Configuration, [(OrdinaryPage, Likely)];
    I5 "`PUBLIC_URL` is not set: a private host", Secure("webhook-private-url"), [] => "webhook_url_private", Configuration, [];
    I5 "`PUBLIC_URL` is not set: the text of an unset variable", Secure("webhook-unset-url"), [] => "webhook_url_invalid", Configuration, [];
    I5 "`PUBLIC_URL` is not set: a private address behind the name", Plain("webhook-private-address"), [] => "dns_private_address", Configuration, [];
    I5 "`PUBLIC_URL` with the scheme `https`", Secure("webhook-http-url"), [] => "webhook_url_invalid", Configuration, [];
    I5 "`PUBLIC_URL` with a slash at its end", Secure("webhook-double-slash-wrong"), [] => "http_404", Configuration, [(WrongPath, Certain)];
    I5 "the service is a static site", Secure("http-200"), [] => "http_200_not_websocket", Configuration, [(OrdinaryPage, Likely)];
    I5 "the service is a static site: its webhook", Secure("webhook-html"), [] => "webhook_unreadable", Application, [(OrdinaryPage, Likely)];
    I5 "no live service of this name", Secure("host-render-no-service"), [] => "http_404", Configuration, [(NoSuchService, Likely)];
};

const DIALECTS: [(&str, &str); 5] = [("I1", "infobip"), ("I2", "telnyx"), ("I3", "twilio"), ("I4", "twilio"), ("I5", "twilio")];
const QUICK: &[&str] = &[
    "hold = \"1500ms\"",
    "close_timeout = \"500ms\"",
    "connect_timeout = \"1s\"",
    "tls_timeout = \"1500ms\"",
    "upgrade_timeout = \"2s\"",
];
/// How often a diagnosis is made again where the machine, and not the server, decided how it ended.
const AGAIN: usize = 4;

impl Suspect {
    fn monitor(&self, range: &Range, tunnel: &Tunnel) -> Monitor {
        let mut monitor = Monitor::clone(&self.configured(range, tunnel));
        if monitor.dial.tls.extra_roots.is_empty() {
            // As if the authority were one that everybody trusts; a monitor of a `ws://` URL cannot say so.
            monitor.dial.tls.extra_roots = vec![range.practice.ca_der()];
        }
        monitor
    }

    fn configured(&self, range: &Range, tunnel: &Tunnel) -> Arc<Monitor> {
        let address = range.practice.address().to_string();
        let dialect = DIALECTS.iter().find(|(incident, _)| *incident == self.incident).unwrap().1;
        let mut extra: Vec<String> = self.settings.iter().map(|line| line.replace("{address}", &address)).collect();
        let key = |line: &str| line.split('=').next().unwrap().trim().to_owned();
        let given: Vec<String> = extra.iter().map(|line| key(line)).collect();
        let dialect = format!("dialect = {dialect:?}");
        let usual = QUICK.iter().copied().chain([dialect.as_str()]);
        extra.extend(usual.filter(|line| !given.contains(&key(line))).map(str::to_owned));
        let lines: Vec<&str> = extra.iter().map(String::as_str).collect();
        let of = |name: &str, secure| range.monitor(Behaviour::find(name).unwrap(), secure, &lines).unwrap();
        let text = |first: String| range.parse(&format!("[[monitor]]\nname = \"m\"\n{first}\n{}\n", lines.join("\n")));
        match self.by {
            By::Plain(name) | By::Series(name) => of(name, false),
            By::Secure(name) => of(name, true),
            By::Path(path) => text(format!("url = \"wss://{address}{path}\"\nca_file = {:?}", range.file("ca.pem"))),
            By::Tunnel(name) => text(format!("webhook.url = \"http://{}/{name}\"\nwebhook.allow_private = true", tunnel.address)),
        }
    }

    /// What comes out; made again where the machine was too busy to tell.
    async fn diagnosed(&self, range: &Range, monitor: &Monitor) -> (Report, Vec<FindingReport>) {
        let mut tries = 0;
        loop {
            tries += 1;
            let (report, found) = self.diagnose(range, monitor).await;
            let is_busy = report.outcome == Outcome::Inconclusive || self.complaint(&report, &found).is_some();
            if tries == AGAIN || !is_busy {
                return (report, found);
            }
        }
    }

    async fn diagnose(&self, range: &Range, monitor: &Monitor) -> (Report, Vec<FindingReport>) {
        let cancel = CancellationToken::new();
        let once = || probe_and_follow_up(monitor, &range.resources, &cancel);
        match self.by {
            By::Series(_) => {
                let mut reports = join_all((0..3).map(|_| once())).await;
                let pasts: Vec<Past> = reports.iter().map(Past::of).collect();
                let report = reports.swap_remove(0);
                let found = [patterns(&pasts), report.findings.clone()].concat();
                (report, found)
            }
            By::Plain(_) | By::Secure(_) | By::Path(_) | By::Tunnel(_) => {
                let report = once().await;
                let found = report.findings.clone();
                (report, found)
            }
        }
    }

    fn complaint(&self, report: &Report, found: &[FindingReport]) -> Option<String> {
        let named: Vec<_> = found.iter().map(|found| (found.finding, found.confidence)).collect();
        let reason = report.reason.map_or_else(|| "none".to_owned(), |reason| reason.to_string());
        let fits = reason == self.reason && report.owner == Some(self.owner) && named == self.found;
        (!fits).then(|| {
            let list: Vec<_> = found.iter().map(|found| format!("({:?}, {:?})", found.finding, found.confidence)).collect();
            format!(
                "{} {:?}, {:?}: expected {}, {:?}\n    got {reason}, {:?}, [{}]\n    {}\n    {:?}",
                self.incident,
                self.what,
                self.by,
                self.reason,
                self.found,
                report.owner,
                list.join(", "),
                report.summary,
                report
                    .checks
                    .iter()
                    .map(|check| format!("{} {}: {}", check.check, check.subject, check.says))
                    .collect::<Vec<_>>(),
            )
        })
    }

    /// Its row in the documentation.
    fn row(&self, report: &Report, found: &[FindingReport]) -> String {
        let (cause, todo) = match found.first() {
            Some(first) => (format!("{}: {} (`{}`)", first.confidence, first.says, first.finding), first.remedy.clone()),
            None => (report.reason.map_or_else(String::new, |reason| reason.explains().to_owned()), advice(report)),
        };
        let also: Vec<_> = found.iter().skip(1).map(|found| format!("`{}`", found.finding)).collect();
        let cause = if also.is_empty() { cause } else { format!("{cause}; also {}", also.join(", ")) };
        let reason = format!("`{}`", self.reason);
        let cells = [self.what.to_owned(), self.provoked(), reason, steady(&cause), self.owner.to_string(), steady(&todo)];
        format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    }

    fn provoked(&self) -> String {
        let how = match self.by {
            By::Plain(name) | By::Series(name) if name.starts_with("webhook-") => format!("`http` {name}"),
            By::Secure(name) if name.starts_with("webhook-") => format!("`https` {name}"),
            By::Plain(name) => format!("`ws` {name}"),
            By::Secure(name) => format!("`wss` {name}"),
            By::Path(path) => format!("`wss` {path}"),
            By::Series(name) => format!("`ws` {name}, three times"),
            By::Tunnel(name) => format!("a proxy without the upgrade in front of {name}"),
        };
        let settings: Vec<_> = self.settings.iter().map(|line| format!("`{line}`")).collect();
        if settings.is_empty() { how } else { format!("{how}; {}", settings.join(", ")) }
    }
}

/// What the first complaint about the webhook's answer advises.
fn advice(report: &Report) -> String {
    let lint = report.webhook.iter().flat_map(|webhook| &webhook.lint);
    lint.map(|lint| lint.fix.to_string()).next().unwrap_or_else(|| "–".to_owned())
}

/// Without what differs from run to run: ports, and times.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        steady.push_str(before);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let digits = number.trim_end_matches('.');
        let is_port = before.ends_with(':') && digits.len() >= 4;
        let is_time = digits.contains('.') && (after.starts_with(" s") || before.ends_with("± "));
        steady.push_str(if is_port {
            "PORT"
        } else if is_time {
            "…"
        } else {
            digits
        });
        steady.push_str(&number[digits.len()..]);
        rest = after;
    }
    steady + rest
}

const HEAD: &str = "\
## Every suspect

The suspects of the incidents that sidetone was made for, as their troubleshooting pages list them, provoked by `sidetone practice` and
diagnosed as `sidetone diagnose` does it. Written by `UPDATE_DOCS=1 cargo test` out of real probes, with PORT for ports and … for measured
times. *cause* is what is named first; where no finding says more than the reason, it is the reason's own meaning. What the practice
endpoints do is in [practice.md](practice.md); a hold is 1.5 s here.
";

const TITLES: [(&str, &str); 5] = [
    ("I1", "Accepted, and closed after 0.8 s with 1006"),
    ("I2", "\"streaming started\", and never a connection"),
    ("I3", "The webhook answers, and its stream is never connected"),
    ("I4", "Behind a tunnel: the webhook works, and no WebSocket arrives"),
    ("I5", "On a host: the stream's URL is wrong, or the service is"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_suspect_is_named() {
    let range = Range::open().await;
    let tunnel = Tunnel::open(range.practice.address()).await;
    let all = join_all(SUSPECTS.iter().map(async |suspect| {
        let _place = PLACES.acquire().await.unwrap();
        let monitor = suspect.monitor(&range, &tunnel);
        suspect.diagnosed(&range, &monitor).await
    }));
    let mut all = all.await;
    // What two cores could not do at once they can do one by one, with nothing beside it.
    let alone = PLACES.acquire_many(MOST_PROBES).await.unwrap();
    for (suspect, made) in SUSPECTS.iter().zip(&mut all).filter(|(suspect, made)| suspect.complaint(&made.0, &made.1).is_some()) {
        *made = suspect.diagnosed(&range, &suspect.monitor(&range, &tunnel)).await;
    }
    drop(alone);
    let made = || SUSPECTS.iter().zip(&all);
    let complaints: Vec<_> = made().filter_map(|(suspect, (report, found))| suspect.complaint(report, found)).collect();
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), all.len(), complaints.join("\n"));
    let mut page = HEAD.to_owned();
    for (incident, title) in TITLES {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n### {incident}: {title}\n\n| suspect | provoked by | reason | cause | who | what to do |\n|---|---|---|---|---|---|\n"
        );
        for (suspect, (report, found)) in made().filter(|(suspect, _)| suspect.incident == incident) {
            page.push_str(&suspect.row(report, found));
        }
    }
    docs::suspects(&page);
}
