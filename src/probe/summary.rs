//! The sentences of a report: one line for the person who is paged, and the lines of the timeline.

use std::time::Duration;

use super::account::Account;
use super::session::Held;
use crate::hold::{Ending, Goodbye};
use crate::monitor::{Budgets, Monitor, ResolverChoice};
use crate::outcome::{Phase, Reason};
use crate::report::{CertificateReport, WebhookReport};
use crate::verdict::{StreamEnd, Violation, WireClose};

/// One line for a person.
pub(super) fn sentence(account: &Account, monitor: &Monitor, reason: Option<Reason>) -> String {
    let Some(reason) = reason else {
        return account.held.as_ref().map_or_else(String::new, success);
    };
    if let Some(held) = &account.held {
        return hold_sentence(held, monitor, reason);
    }
    dial_sentence(account, monitor, reason)
}

fn success(held: &Held) -> String {
    let lasted = seconds(held.lasted);
    match (held.facts.ending, &held.facts.close) {
        (Ending::Completed(Goodbye::Answered), Some(close)) if held.answered_with_trouble().is_some() => {
            format!("held {lasted} as planned; the server answered our Close with {}", code_and_reason(close))
        }
        (Ending::Completed(Goodbye::Answered), _) => format!("held {lasted} as planned; the server answered our Close"),
        (Ending::Completed(Goodbye::TimedOut), _) => format!("held {lasted} as planned; the server did not answer our Close"),
        (Ending::Completed(Goodbye::Unacknowledged), _) => {
            format!("held {lasted} as planned; the server hung up without answering our Close")
        }
        (_, Some(close)) => format!("the server closed with {} after {lasted}, as the monitor allows", close.reported_code()),
        (_, None) => format!("the server hung up after {lasted} without a close frame, as the monitor allows"),
    }
}

fn hold_sentence(held: &Held, monitor: &Monitor, reason: Reason) -> String {
    let lasted = seconds(held.lasted);
    if reason == Reason::ClosedByServer {
        return held.facts.close.as_ref().map_or_else(String::new, |close| {
            format!("the server closed the line {lasted} after the upgrade with {}", code_and_reason(close))
        });
    }
    if let (Reason::AppWrongRate, Some(rate)) = (reason, held.tally.byte_rate) {
        let expected = monitor.dialect.audio().byte_rate();
        return format!("{} ({rate:.0} bytes a second came, {expected} are expected)", reason.explains());
    }
    if let Some(says) = session_sentence(monitor, reason) {
        return format!("{says}, {lasted} after the upgrade{}", last_words(held));
    }
    let dropped = [
        (Reason::WsEof, "dropped", "without a close frame"),
        (Reason::WsEofMidFrame, "dropped", "in the middle of a frame"),
        (Reason::WsReset, "was reset", "without a close frame"),
    ];
    match dropped.iter().find(|(dropped, ..)| *dropped == reason) {
        Some((_, what, how)) => format!("the line {what} {lasted} after the upgrade {how} (1006)"),
        None => format!("{}, {lasted} after the upgrade{}", reason.explains(), last_words(held)),
    }
}

/// A session that was not opened, in the words of this dialect.
fn session_sentence(monitor: &Monitor, reason: Reason) -> Option<String> {
    let (opens, refuses) = monitor.dialect.provider()?.provider.session_words()?;
    if reason == Reason::AppNotAnswered {
        return Some(format!("the server did not open the session in time: {opens} did not come"));
    }
    (reason == Reason::AppRefused).then(|| format!("the server refused the session with {refuses}"))
}

/// What the server said when we had given up: often the cause.
fn last_words(held: &Held) -> String {
    let gave_up = matches!(held.facts.ending, Ending::Unmet(_) | Ending::PingTimeout);
    let close = held.facts.close.as_ref().filter(|close| gave_up && !matches!(close.reported_code(), 1000 | 1005));
    close.map_or_else(String::new, |close| format!("; then the server closed with {}", code_and_reason(close)))
}

/// Why the webhook gave no stream: its status, or what the provider would refuse.
pub(super) fn webhook_sentence(webhook: &WebhookReport, reason: Reason) -> String {
    let explains = reason.explains();
    if let Some(refused) = webhook.lint.iter().find(|lint| lint.refuses) {
        let line = refused.line.map_or_else(String::new, |line| format!("line {line}: "));
        return format!("the webhook's answer, {line}{}; {}", refused.says, refused.fix);
    }
    match (webhook.status, webhook.tls_reason) {
        (Some(status), _) if !(200..300).contains(&status) => {
            let redirects = (300..400).contains(&status);
            let location = webhook.headers.iter().find(|(name, _)| redirects && name.as_str() == "location");
            let to = location.map_or_else(String::new, |(_, to)| format!(" to {to}"));
            let hint = if matches!(status, 400 | 401 | 403) && !webhook.signed {
                "; the request was not signed (`auth_token_file`)"
            } else {
                ""
            };
            format!("the webhook answered {status}{to}: {explains}{hint}")
        }
        (_, Some(tls)) => format!("{explains}: {}", tls.explains()),
        (Some(_) | None, None) => format!("{}: {explains}", webhook.url),
    }
}

/// Why the host that is dialled has no address.
fn resolve_sentence(monitor: &Monitor, reason: Reason) -> String {
    let host = monitor.dial.connect_to.as_ref().map_or_else(|| monitor.endpoint.host(), |to| to.host.to_string());
    let explains = reason.explains();
    if monitor.dial.resolver == ResolverChoice::System {
        format!("{host}: {explains}, as far as getaddrinfo tells (to it, a name server's failure may look like a missing name)")
    } else {
        format!("{host}: {explains}")
    }
}

fn dial_sentence(account: &Account, monitor: &Monitor, reason: Reason) -> String {
    if let Some(webhook) = account.webhook.as_ref().filter(|_| reason.phase() == Phase::Webhook) {
        return webhook_sentence(webhook, reason);
    }
    if reason.phase() == Phase::Resolve {
        return resolve_sentence(monitor, reason);
    }
    let explains = reason.explains();
    if let Reason::Http(status) = reason {
        return format!("the upgrade was answered with {} instead of 101: {explains}", status.code());
    }
    let leaf = account.tls.as_ref().and_then(|tls| tls.certificates.first());
    match (reason, leaf) {
        (Reason::TlsCertExpired | Reason::TlsCertNotYetValid, _) => {
            account.outside_validity.clone().unwrap_or_else(|| explains.to_owned())
        }
        (Reason::TlsHostnameMismatch, Some(leaf)) => {
            format!("the certificate is not for {}, but for {}", monitor.endpoint.host(), names(leaf))
        }
        (Reason::TlsMissingIntermediate | Reason::TlsUnknownIssuer, Some(leaf)) => {
            let sent = account.tls.as_ref().map_or(0, |tls| tls.certificates.len());
            format!("{explains} (sent: {sent}; \"{}\" was not among them)", missing_issuer(account, leaf))
        }
        _ => account
            .attempts
            .last()
            .filter(|attempt| attempt.error.is_some())
            .map_or_else(|| explains.to_owned(), |attempt| format!("{}: {explains}", attempt.address)),
    }
}

fn names(leaf: &CertificateReport) -> String {
    const SHOWN: usize = 4;
    if leaf.names.is_empty() {
        return format!("{} (it has no alternative names)", leaf.subject);
    }
    let shown: Vec<_> = leaf.names.iter().take(SHOWN).map(|name| name.as_str()).collect();
    let more = leaf.names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// The issuer at which the sent chain breaks off.
fn missing_issuer(account: &Account, leaf: &CertificateReport) -> String {
    let sent = account.tls.as_ref().map_or(&[][..], |tls| &tls.certificates[..]);
    let missing = sent.iter().find(|certificate| !sent.iter().any(|other| other.subject == certificate.issuer));
    missing.unwrap_or(leaf).issuer.to_string()
}

/// How the line ended, for the timeline.
pub(super) fn ending(held: &Held, monitor: &Monitor) -> String {
    let facts = &held.facts;
    match facts.ending {
        Ending::PeerClosed | Ending::PeerGone => match &facts.close {
            Some(close) => format!("the server sent Close {}", code_and_reason(close)),
            None => format!("the connection ended without a Close: {}", stream_end(facts.stream_end)),
        },
        Ending::Completed(_) => "held as planned; we said goodbye".to_owned(),
        Ending::Violation => {
            let code = facts.violation.map_or(1002, Violation::close_code);
            // The limit is ours: the protocol has none.
            if facts.violation == Some(Violation::TooLarge) {
                return format!("{}; Close {code} sent", too_large(&monitor.hold.budgets));
            }
            format!("the server broke the WebSocket protocol; Close {code} sent")
        }
        Ending::PingTimeout => "our ping was not answered; Close 1000 sent".to_owned(),
        Ending::WriteStalled => "the server takes no more data; given up".to_owned(),
        Ending::Blackhole => "our packets are no longer acknowledged; given up".to_owned(),
        Ending::Flood => "the server sent more than the budget; Close 1008 sent".to_owned(),
        Ending::Unmet(_) => "the server did not do what the monitor expects; Close 1000 sent".to_owned(),
        Ending::NotAnswered => "the server did not open the session; Close 1000 sent".to_owned(),
        Ending::Refused => "the server refused the session; Close 1000 sent".to_owned(),
        Ending::HungUp => "the server hung up in the dialect's words; Close 1000 sent".to_owned(),
        Ending::Cancelled => "told to stop; Close 1000 sent".to_owned(),
    }
}

fn too_large(budgets: &Budgets) -> String {
    let (frame, message) = (budgets.frame_bytes, budgets.message_bytes);
    if frame < message {
        format!("the server exceeded the limit of {frame} bytes for a frame, or of {message} for a message")
    } else {
        format!("the server exceeded the limit of {message} bytes for a message")
    }
}

/// How our goodbye was taken, for the timeline.
pub(super) fn goodbye(held: &Held) -> String {
    let end = held.facts.stream_end.map_or_else(|| "we ended the connection".to_owned(), |end| stream_end(Some(end)));
    match &held.facts.close {
        Some(close) => format!("the server answered with Close {}; {end}", code_and_reason(close)),
        None => format!("no Close came back; {end}"),
    }
}

fn stream_end(end: Option<StreamEnd>) -> String {
    match end {
        Some(StreamEnd::Fin) => "TCP FIN",
        Some(StreamEnd::CloseNotify) => "TLS close_notify",
        Some(StreamEnd::TlsEof) => "TCP FIN without TLS close_notify",
        Some(StreamEnd::Rst) => "TCP RST",
        Some(StreamEnd::Dead) => "the kernel gave up",
        Some(StreamEnd::TlsAlert { number, .. }) => return format!("TLS alert {number}"),
        Some(StreamEnd::TlsDamaged) => "a damaged TLS record",
        None => "no end was seen",
    }
    .to_owned()
}

fn code_and_reason(close: &WireClose) -> String {
    let code = match close.code {
        Some(code) => code.to_string(),
        None => "1005 (no code)".to_owned(),
    };
    if close.reason.is_empty() {
        return code;
    }
    format!("{code} \"{}\"", crate::text::Printable::capture(&close.reason, 123))
}

/// Milliseconds matter below ten seconds, and nobody reads them above.
fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.3} s", duration.as_secs_f64())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{CallSettings, Dialect, Provider};
    use crate::monitor::{MonitorName, Target};

    #[test]
    fn a_session_that_was_not_opened_is_told_in_its_own_words() {
        let mut monitor = Monitor::new(MonitorName::new("m").unwrap(), Target::parse("wss://h/").unwrap());
        assert_eq!(session_sentence(&monitor, Reason::AppRefused), None);
        let rows = [
            (Provider::Sinch, Reason::AppRefused, "the server refused the session with `busy` or `reject`"),
            (Provider::Genesys, Reason::AppRefused, "the server refused the session with `disconnect`"),
            (Provider::Genesys, Reason::AppNotAnswered, "the server did not open the session in time: `opened` did not come"),
        ];
        for (provider, reason, says) in rows {
            monitor.dialect = Dialect::Provider(Box::new(CallSettings::new(provider)));
            assert_eq!(session_sentence(&monitor, reason).as_deref(), Some(says));
            assert_eq!(session_sentence(&monitor, Reason::WsReset), None);
        }
    }

    #[test]
    fn our_own_limit_is_no_broken_protocol() {
        let limits = |frame_bytes, message_bytes| too_large(&Budgets { frame_bytes, message_bytes, ..Budgets::default() });
        assert_eq!(limits(8, 8), "the server exceeded the limit of 8 bytes for a message");
        assert_eq!(limits(4, 8), "the server exceeded the limit of 4 bytes for a frame, or of 8 for a message");
    }
}
