//! What the server's own Close says: by its code, and by the texts that servers really send.
//!
//! An application's own codes (3000 to 4999) are its own words: they are quoted and not explained, as another application's 4008 means
//! something else.
//!
//! Invariant: the first row that fits decides; a row with texts fits only if one of them is in the reason.

use crate::outcome::{Confidence, Finding};

/// What a code means for triage.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeRow {
    first: u16,
    last: u16,
    /// In lower case; any of them has to be in the reason. None: whatever the reason.
    texts: &'static [&'static str],
    pub(super) finding: Finding,
    pub(super) confidence: Confidence,
    pub(super) says: &'static str,
    pub(super) remedy: &'static str,
}

const fn row(code: u16, finding: Finding, confidence: Confidence, says: &'static str, remedy: &'static str) -> CodeRow {
    CodeRow { first: code, last: code, texts: &[], finding, confidence, says, remedy }
}

const REFUSED: &str = "the server refused the call: credentials, quota, or a start message that it demands";
const CREDENTIALS: &str =
    "compare token, signature and start message with what the server checks, and look at its quota; its log has the cause";
const OWN_WORDS: &str = "the application closed with a code of its own";
const OWN_SOURCE: &str = "look for this code in the agent's own source: nobody else gives it a meaning";

static ROWS: &[CodeRow] = &[
    row(
        1000,
        Finding::EndedOnPurpose,
        Confidence::Likely,
        "the server ended the call on purpose",
        "look in the agent's log for why it hung up; if it may do so, say from when on with `min_hold`",
    ),
    CodeRow {
        texts: &["idle timeout", "timeout expired", "inactivity", "idle for"],
        ..row(
            1001,
            Finding::ServerIdleTimeout,
            Confidence::Likely,
            "the server ended the line for lack of traffic, in its own words",
            "raise the server's idle timeout, or let it send pings",
        )
    },
    row(
        1001,
        Finding::ServerGoingAway,
        Confidence::Consistent,
        "the server went away: a deploy, a shutdown, scaling in, or a limit of the platform",
        "compare the time with deploys and with the platform's events; let the old process finish its calls before it stops",
    ),
    row(
        1002,
        Finding::ProtocolErrorClaimed,
        Confidence::Consistent,
        "the server says that the caller broke the WebSocket protocol; some libraries say so for codes that they do not know",
        "look in the server's log for what it did not take; something in between that changes frames (compression) looks the same",
    ),
    row(
        1003,
        Finding::WrongFrameKind,
        Confidence::Likely,
        "the server does not take this kind of frame",
        "check text against binary: the monitor's dialect and the server have to be for the same provider",
    ),
    row(
        1005,
        Finding::EndedOnPurpose,
        Confidence::Likely,
        "the server ended the call on purpose, without saying why",
        "look in the agent's log for why it hung up; if it may do so, say from when on with `min_hold`",
    ),
    row(
        1007,
        Finding::PayloadRejected,
        Confidence::Likely,
        "the server could not read what a message held",
        "compare encoding, sample rate and JSON fields with what the server expects",
    ),
    row(1008, Finding::RefusedByPolicy, Confidence::Likely, REFUSED, CREDENTIALS),
    row(
        1009,
        Finding::MessageTooBig,
        Confidence::Likely,
        "a message was larger than the server, or something in front of it, takes",
        "raise the limit for messages in the server or gateway, or send smaller frames",
    ),
    CodeRow {
        texts: &["keepalive ping timeout"],
        ..row(
            1011,
            Finding::KeepaliveTimeout,
            Confidence::Likely,
            "the server's WebSocket library did not see a pong in time and gave the line up",
            "look for blocking work in the server's event loop and for a proxy that drops pongs; for Python raise ping_timeout (uvicorn: --ws-ping-timeout 60)",
        )
    },
    row(
        1011,
        Finding::ServerException,
        Confidence::Likely,
        "the server reports an error of its own",
        "look in the server's log at this time: the exception stands there",
    ),
    row(
        1012,
        Finding::ServerRestarts,
        Confidence::Likely,
        "the server restarts",
        "compare the time with deploys; let the old process finish its calls before it stops",
    ),
    row(
        1013,
        Finding::ServerOverloaded,
        Confidence::Likely,
        "the server has no room for another call",
        "raise the limit for calls at a time, or run more servers",
    ),
    row(
        1014,
        Finding::GatewayLostBackend,
        Confidence::Likely,
        "a gateway got no valid answer from the server behind it",
        "look at the gateway's log, and whether the server behind it runs and listens where the gateway looks for it",
    ),
    row(3000, Finding::RefusedByPolicy, Confidence::Likely, REFUSED, CREDENTIALS),
    row(3003, Finding::RefusedByPolicy, Confidence::Likely, REFUSED, CREDENTIALS),
    CodeRow { last: 4999, ..row(3001, Finding::ApplicationCode, Confidence::Certain, OWN_WORDS, OWN_SOURCE) },
];

/// What a Close with this code and reason means, if it means anything.
pub(super) fn of_close(code: u16, reason: &str) -> Option<&'static CodeRow> {
    let reason = reason.to_lowercase();
    ROWS.iter().find(|row| {
        (row.first..=row.last).contains(&code) && (row.texts.is_empty() || row.texts.iter().any(|text| reason.contains(text)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_the_texts_of_servers() {
        let rows = [
            (1000, "", Some(Finding::EndedOnPurpose)),
            (1001, "", Some(Finding::ServerGoingAway)),
            (1001, "Going away", Some(Finding::ServerGoingAway)),
            (1001, "Idle Timeout", Some(Finding::ServerIdleTimeout)),
            (1001, "Connection Idle Timeout", Some(Finding::ServerIdleTimeout)),
            (1001, "Timeout expired", Some(Finding::ServerIdleTimeout)),
            (1001, "closed for inactivity", Some(Finding::ServerIdleTimeout)),
            (1001, "idle for 60 s", Some(Finding::ServerIdleTimeout)),
            (1002, "", Some(Finding::ProtocolErrorClaimed)),
            (1003, "", Some(Finding::WrongFrameKind)),
            (1005, "", Some(Finding::EndedOnPurpose)),
            (1007, "", Some(Finding::PayloadRejected)),
            (1008, "invalid token", Some(Finding::RefusedByPolicy)),
            (1009, "", Some(Finding::MessageTooBig)),
            (1011, "keepalive ping timeout", Some(Finding::KeepaliveTimeout)),
            (1011, "Keepalive Ping Timeout", Some(Finding::KeepaliveTimeout)),
            (1012, "Service Restart", Some(Finding::ServerRestarts)),
            (1013, "", Some(Finding::ServerOverloaded)),
            (1014, "", Some(Finding::GatewayLostBackend)),
            (3000, "", Some(Finding::RefusedByPolicy)),
            (3003, "", Some(Finding::RefusedByPolicy)),
            // Near misses.
            (1011, "", Some(Finding::ServerException)),
            (1011, "ping backend: timeout", Some(Finding::ServerException)),
            (1000, "keepalive ping timeout", Some(Finding::EndedOnPurpose)),
            (1008, "idle timeout", Some(Finding::RefusedByPolicy)),
            (1001, "timeout", Some(Finding::ServerGoingAway)),
            (3001, "", Some(Finding::ApplicationCode)),
            (3002, "", Some(Finding::ApplicationCode)),
            (4408, "Idle timeout", Some(Finding::ApplicationCode)),
            (4008, "rate limited", Some(Finding::ApplicationCode)),
            (4999, "keepalive ping timeout", Some(Finding::ApplicationCode)),
            (1004, "", None),
            (1006, "", None),
            (1010, "", None),
            (1015, "", None),
            (2999, "", None),
            (5000, "", None),
            (0, "", None),
        ];
        for (code, reason, finding) in rows {
            assert_eq!(of_close(code, reason).map(|row| row.finding), finding, "{code} {reason:?}");
        }
        for row in ROWS {
            let has_case = rows.iter().any(|(code, reason, _)| of_close(*code, reason).is_some_and(|hit| std::ptr::eq(hit, row)));
            assert!(has_case, "{row:?} has no case");
            for text in row.texts {
                let met = rows.iter().any(|(code, reason, _)| *code == row.first && reason.to_lowercase().contains(text));
                assert!(met, "{text:?} of {} has no case", row.first);
            }
        }
        let own = of_close(4008, "rate limited").unwrap();
        assert!(!own.says.contains("4008") && own.remedy.contains("own source"), "nothing is made of another's code");
    }
}
