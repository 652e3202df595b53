//! From facts to the one reason: a pure function, one table row in the tests per real incident.
//!
//! Deliberately absent: errors of other crates, time, and anything that was seen in other probes (that is diagnosis).
//!
//! Invariant: a probe whose line ended before the hold was over is a failure whatever its code, unless the monitor allows it;
//! inconclusive only for causes that provably lie with the prober.

mod compare;
mod evidence;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use compare::compare;
pub use evidence::{
    CertificateFault, ChainFacts, ConnectFault, Evidence, Fault, HoldFacts, ProberFacts, ResolveFault, StreamEnd, TlsFault,
    UnfitAnswer, UpgradeFault, Violation, WebhookFault, WireClose,
};

use crate::hold::{Ending, Goodbye, PathState, Unmet};
use crate::outcome::{Outcome, Phase, Reason};

/// How far our clock may be from that of most endpoints before no certificate is judged by it.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Lag that never excuses a missed deadline: what an ordinary busy moment costs.
const EXCUSABLE_LAG: Duration = Duration::from_millis(25);

/// Why the probe did not succeed; `None` for success.
#[must_use]
pub fn verdict(evidence: &Evidence) -> Option<Reason> {
    let prober = &evidence.prober;
    if prober.suspended {
        return Some(Reason::Suspended);
    }
    if prober.cancelled {
        return Some(Reason::Cancelled);
    }
    let reason = match (&evidence.fault, &evidence.hold) {
        (Some(fault), _) => Some(dial_reason(fault)),
        (None, Some(hold)) => hold_reason(hold).or_else(|| evidence.raised.then_some(Reason::AppWarned)),
        // Neither a fault nor a line: the probe lost its way, and that is a bug of ours.
        (None, None) => Some(Reason::ProberPanicked),
    }?;
    Some(excuse(reason, evidence))
}

/// The outcome and the phase that a report shows for `reason`, when the probe got as far as `reached`.
#[must_use]
pub fn outcome_of(reason: Option<Reason>, reached: Phase) -> (Outcome, Option<Phase>) {
    match reason {
        None => (Outcome::Success, None),
        // What lies with the prober strikes in any phase.
        Some(reason) if reason.outcome() == Outcome::Inconclusive => (Outcome::Inconclusive, Some(reached)),
        Some(reason) => (reason.outcome(), Some(reason.phase())),
    }
}

/// Takes our own faults off the endpoint's account.
fn excuse(reason: Reason, evidence: &Evidence) -> Reason {
    let detail = match &evidence.fault {
        Some(Fault::Webhook(WebhookFault::Tls(fault))) => tls_reason(fault),
        Some(_) | None => reason,
    };
    let dated = matches!(detail, Reason::TlsCertExpired | Reason::TlsCertNotYetValid);
    if dated && evidence.prober.clock_is_wrong {
        return Reason::LocalClock;
    }
    match evidence.missed_deadline {
        Some(deadline) if evidence.prober.lag > EXCUSABLE_LAG.max(deadline / 10) => Reason::ProberOverloaded,
        _ => reason,
    }
}

fn dial_reason(fault: &Fault) -> Reason {
    match fault {
        Fault::Webhook(fault) => webhook_reason(fault),
        Fault::Resolve(fault) => resolve_reason(*fault),
        Fault::Connect(fault) => connect_reason(*fault),
        Fault::Tls(fault) => tls_reason(fault),
        Fault::Upgrade(fault) => upgrade_reason(fault),
    }
}

fn webhook_reason(fault: &WebhookFault) -> Reason {
    match fault {
        WebhookFault::Resolve(fault) => match fault {
            ResolveFault::NxDomain | ResolveFault::NoAddress | ResolveFault::CnameDangling => Reason::WebhookNxdomain,
            ResolveFault::NoNameServer => Reason::LocalDnsConfig,
            ResolveFault::Servfail
            | ResolveFault::Refused
            | ResolveFault::ServerError
            | ResolveFault::Timeout
            | ResolveFault::Truncated
            | ResolveFault::Malformed
            | ResolveFault::PrivateAddress => Reason::WebhookDnsFailed,
        },
        WebhookFault::Connect(ConnectFault::Refused) => Reason::WebhookRefused,
        WebhookFault::Connect(fault) => {
            let reason = connect_reason(*fault);
            if reason.outcome() == Outcome::Inconclusive { reason } else { Reason::WebhookUnreachable }
        }
        WebhookFault::Tls(TlsFault::NotTls { .. }) | WebhookFault::NotHttp => Reason::WebhookNotHttp,
        WebhookFault::Tls(_) => Reason::WebhookTlsFailed,
        WebhookFault::Closed => Reason::WebhookClosed,
        WebhookFault::Timeout => Reason::WebhookTimeout,
        WebhookFault::Status(status) => webhook_status_reason(*status),
        WebhookFault::Refused(lint) => lint.reason(),
    }
}

const fn webhook_status_reason(status: u16) -> Reason {
    match status {
        300..=399 => Reason::WebhookRedirected,
        401 | 403 | 407 => Reason::WebhookForbidden,
        404 | 410 => Reason::WebhookNotFound,
        405 => Reason::WebhookMethodNotAllowed,
        502..=504 | 520..=530 => Reason::WebhookBadGateway,
        500..=599 => Reason::WebhookServerError,
        _ => Reason::WebhookRejected,
    }
}

const fn resolve_reason(fault: ResolveFault) -> Reason {
    match fault {
        ResolveFault::NxDomain => Reason::DnsNxdomain,
        ResolveFault::NoAddress => Reason::DnsNoAddress,
        ResolveFault::CnameDangling => Reason::DnsCnameDangling,
        ResolveFault::Servfail => Reason::DnsServfail,
        ResolveFault::Refused => Reason::DnsRefused,
        ResolveFault::ServerError => Reason::DnsServerError,
        ResolveFault::Timeout => Reason::DnsTimeout,
        ResolveFault::Truncated => Reason::DnsTruncated,
        ResolveFault::Malformed => Reason::DnsMalformed,
        ResolveFault::NoNameServer => Reason::LocalDnsConfig,
        ResolveFault::PrivateAddress => Reason::DnsPrivateAddress,
    }
}

const fn connect_reason(fault: ConnectFault) -> Reason {
    match fault {
        ConnectFault::Refused => Reason::TcpRefused,
        ConnectFault::Unreachable => Reason::TcpUnreachable,
        ConnectFault::NoRoute { only_ipv6: true } => Reason::TcpNoIpv6Route,
        ConnectFault::NoRoute { only_ipv6: false } => Reason::LocalNoRoute,
        ConnectFault::Timeout => Reason::TcpTimeout,
        ConnectFault::Reset => Reason::TcpReset,
        ConnectFault::Policy => Reason::LocalPolicy,
        ConnectFault::FdExhausted => Reason::LocalFdExhausted,
        ConnectFault::PortsExhausted => Reason::LocalPortsExhausted,
        ConnectFault::Resources => Reason::LocalResources,
    }
}

/// Which TLS fault it was, in the words of the phase `tls`.
#[must_use]
pub fn tls_reason(fault: &TlsFault) -> Reason {
    match fault {
        TlsFault::Certificate(fault) => certificate_reason(*fault),
        // TLS 1.2 servers have no certificate_required; OpenSSL says handshake_failure, after its own certificates.
        TlsFault::Alert { number: 40, with_client_certificate: false, after_certificates: true } => Reason::TlsClientCertRequired,
        TlsFault::Alert { number, with_client_certificate, .. } => alert_reason(*number, *with_client_certificate),
        TlsFault::OldVersion => Reason::TlsProtocolVersion,
        TlsFault::Alpn => Reason::TlsAlpnMismatch,
        TlsFault::NotTls { first_bytes } if first_bytes.starts_with(b"HTTP/") => Reason::TlsPortSpeaksHttp,
        TlsFault::NotTls { first_bytes } if is_banner(first_bytes) => Reason::TlsPortSpeaksOther,
        TlsFault::NotTls { .. } | TlsFault::Garbage => Reason::TlsGarbage,
        TlsFault::Closed => Reason::TlsClosedInHandshake,
        TlsFault::Reset { peer_took_bytes: Some(false) } => Reason::TcpReset,
        TlsFault::Reset { .. } => Reason::TlsResetInHandshake,
        TlsFault::Timeout => Reason::TlsTimeout,
        TlsFault::Damaged => Reason::TlsDecryptError,
        TlsFault::Other => Reason::TlsOther,
    }
}

fn certificate_reason(fault: CertificateFault) -> Reason {
    match fault {
        CertificateFault::Expired => Reason::TlsCertExpired,
        CertificateFault::NotYetValid => Reason::TlsCertNotYetValid,
        CertificateFault::WrongName => Reason::TlsHostnameMismatch,
        CertificateFault::WrongPurpose => Reason::TlsCertWrongPurpose,
        CertificateFault::Revoked => Reason::TlsCertRevoked,
        CertificateFault::BadSignature => Reason::TlsBadSignature,
        CertificateFault::UnknownIssuer(chain) => issuer_reason(chain),
        CertificateFault::ChainRule => Reason::TlsChainInvalid,
        CertificateFault::Unsupported => Reason::TlsCertUnsupported,
    }
}

/// Four causes hide behind "unknown issuer". No public authority's certificate is its own issuer, a sent root decides for a
/// private authority, and only a public leaf proves that what is missing is an intermediate.
const fn issuer_reason(chain: ChainFacts) -> Reason {
    if chain.leaf_is_its_own_issuer {
        Reason::TlsSelfSigned
    } else if chain.ends_at_a_root {
        Reason::TlsPrivateCa
    } else if chain.issuer_has_a_trusted_name {
        Reason::TlsChainInvalid
    } else if chain.leaf_is_public {
        Reason::TlsMissingIntermediate
    } else {
        Reason::TlsUnknownIssuer
    }
}

/// RFC 8446 section 6.2. Alerts 42 to 48 that we receive are about our own certificate.
const fn alert_reason(number: u8, with_client_certificate: bool) -> Reason {
    match number {
        40 | 71 => Reason::TlsNoCommonParameters,
        42..=46 | 48 if with_client_certificate => Reason::TlsClientCertRejected,
        // OpenSSL before 1.1.1 and TLS 1.2 servers say bad_certificate where 1.3 says certificate_required.
        42 | 116 => Reason::TlsClientCertRequired,
        49 if with_client_certificate => Reason::TlsClientCertRejected,
        70 => Reason::TlsProtocolVersion,
        80 => Reason::TlsServerInternal,
        // rustls servers say access_denied to a name that they do not know.
        49 | 112 => Reason::TlsSniRejected,
        120 => Reason::TlsAlpnMismatch,
        20 | 51 => Reason::TlsDecryptError,
        _ => Reason::TlsOther,
    }
}

fn upgrade_reason(fault: &UpgradeFault) -> Reason {
    match fault {
        UpgradeFault::Status { says_tls_port: true, .. } => Reason::WsPortSpeaksTls,
        UpgradeFault::Status { code, .. } => Reason::from_status(*code),
        UpgradeFault::Version10 => Reason::HttpVersion10,
        UpgradeFault::Unfit(unfit) => unfit_reason(*unfit),
        UpgradeFault::NotHttp { first_bytes } => not_http_reason(first_bytes),
        UpgradeFault::Malformed => Reason::HttpMalformed,
        UpgradeFault::HeadTooLarge => Reason::HttpHeadTooLarge,
        UpgradeFault::Closed { after_bytes: false } => Reason::HttpClosedNoResponse,
        UpgradeFault::Closed { after_bytes: true } => Reason::HttpTruncated,
        UpgradeFault::Reset { peer_took_bytes: Some(false) } => Reason::TcpReset,
        UpgradeFault::Reset { .. } => Reason::HttpReset,
        UpgradeFault::Timeout { after_bytes: false } => Reason::HttpTimeout,
        UpgradeFault::Timeout { after_bytes: true } => Reason::HttpSlow,
        UpgradeFault::TlsAlert { number, with_client_certificate } => alert_reason(*number, *with_client_certificate),
        UpgradeFault::TlsDamaged => Reason::TlsDecryptError,
    }
}

const fn unfit_reason(unfit: UnfitAnswer) -> Reason {
    match unfit {
        UnfitAnswer::Upgrade => Reason::UpgradeHeaderMissing,
        UnfitAnswer::Connection => Reason::UpgradeConnectionMissing,
        UnfitAnswer::AcceptMissing => Reason::UpgradeAcceptMissing,
        UnfitAnswer::AcceptWrong => Reason::UpgradeAcceptWrong,
        UnfitAnswer::Extension => Reason::UpgradeExtensionUnrequested,
        UnfitAnswer::SubprotocolUnrequested => Reason::UpgradeSubprotocolUnrequested,
        UnfitAnswer::SubprotocolMismatch => Reason::UpgradeSubprotocolMismatch,
        UnfitAnswer::SubprotocolMissing => Reason::UpgradeSubprotocolMissing,
    }
}

/// Recognises by its first bytes what answers instead of HTTP: an HTTP/2 SETTINGS frame (RFC 9113 section 3.4: length, type 4), a TLS
/// record (RFC 8446 section 5.1: alert 21 or handshake 22, version 3.x), or a text banner.
fn not_http_reason(first_bytes: &[u8]) -> Reason {
    match first_bytes {
        [0, 0, _, 4, ..] => Reason::HttpIsH2,
        [0x15 | 0x16, 3, ..] => Reason::WsPortSpeaksTls,
        bytes if bytes.starts_with(b"HTTP/2") => Reason::HttpIsH2,
        bytes if is_banner(bytes) => Reason::WrongService,
        _ => Reason::HttpGarbage,
    }
}

/// Services that speak first: SSH, SMTP and FTP (`220`), IMAP, POP3, VNC.
fn is_banner(first_bytes: &[u8]) -> bool {
    const BANNERS: [&[u8]; 6] = [b"SSH-", b"220 ", b"220-", b"* OK", b"+OK ", b"RFB "];
    BANNERS.iter().any(|banner| first_bytes.starts_with(banner))
}

fn hold_reason(hold: &HoldFacts) -> Option<Reason> {
    match hold.ending {
        Ending::Completed(goodbye) => goodbye_reason(goodbye, hold.clean_close),
        Ending::PeerClosed | Ending::PeerGone => early_end_reason(hold),
        Ending::Violation => Some(violation_reason(hold)),
        Ending::PingTimeout => Some(Reason::WsPingTimeout),
        Ending::WriteStalled => Some(Reason::WsWriteStalled),
        Ending::Blackhole => Some(Reason::NetBlackhole),
        Ending::Flood => Some(Reason::PeerFlood),
        Ending::Unmet(unmet) => Some(unmet_reason(unmet, hold)),
        Ending::NotAnswered => Some(Reason::AppNotAnswered),
        Ending::Refused => Some(Reason::AppRefused),
        // As a Close 1000 it may be allowed, and the server still has to do before what the monitor expects.
        Ending::HungUp if hold.end_is_allowed => hold.unmet.map(|unmet| unmet_reason(unmet, hold)),
        Ending::HungUp => Some(Reason::AppHungUp),
        Ending::Cancelled => Some(Reason::Cancelled),
    }
}

const fn goodbye_reason(goodbye: Goodbye, clean_close: bool) -> Option<Reason> {
    match goodbye {
        Goodbye::TimedOut if clean_close => Some(Reason::CloseHandshakeTimeout),
        Goodbye::Unacknowledged if clean_close => Some(Reason::CloseUnacknowledged),
        Goodbye::Answered | Goodbye::TimedOut | Goodbye::Unacknowledged => None,
    }
}

/// The line ended and we had not said goodbye. A Close that was on the wire wins over whatever came after it.
fn early_end_reason(hold: &HoldFacts) -> Option<Reason> {
    if hold.end_is_allowed {
        // It may hang up, and still has to do before what the monitor expects.
        return hold.unmet.map(|unmet| unmet_reason(unmet, hold));
    }
    if let Some(close) = &hold.close {
        return Some(if close.malformed { Reason::WsBadClose } else { Reason::ClosedByServer });
    }
    if hold.violation.is_some() {
        return Some(violation_reason(hold));
    }
    Some(match hold.stream_end {
        Some(StreamEnd::Rst) => Reason::WsReset,
        Some(StreamEnd::Dead) => Reason::NetBlackhole,
        Some(StreamEnd::TlsAlert { number, with_client_certificate }) => alert_reason(number, with_client_certificate),
        Some(StreamEnd::TlsDamaged) => Reason::TlsDecryptError,
        Some(StreamEnd::Fin | StreamEnd::CloseNotify | StreamEnd::TlsEof) | None if hold.mid_frame => Reason::WsEofMidFrame,
        Some(StreamEnd::Fin | StreamEnd::CloseNotify | StreamEnd::TlsEof) | None => Reason::WsEof,
    })
}

fn violation_reason(hold: &HoldFacts) -> Reason {
    if hold.close.as_ref().is_some_and(|close| close.malformed) {
        return Reason::WsBadClose;
    }
    match hold.violation {
        Some(Violation::RsvBits) => Reason::WsRsvBits,
        Some(Violation::BadOpcode) => Reason::WsBadOpcode,
        Some(Violation::Masked) => Reason::WsMasked,
        Some(Violation::BadControl) => Reason::WsBadControl,
        Some(Violation::Fragmentation) => Reason::WsFragmentation,
        Some(Violation::TooLarge) => Reason::WsTooLarge,
        Some(Violation::InvalidUtf8) => Reason::WsInvalidUtf8,
        Some(Violation::HttpAfterUpgrade) => Reason::WsHttpAfterUpgrade,
        // The library refused what our own reading of the frames lets pass; a bad close payload is the one such case.
        None => Reason::WsBadClose,
    }
}

fn unmet_reason(unmet: Unmet, hold: &HoldFacts) -> Reason {
    let judges_our_audio = matches!(unmet, Unmet::Echo | Unmet::FirstAudio | Unmet::Audible | Unmet::Rate);
    if judges_our_audio && hold.starved {
        return Reason::PacingStarved;
    }
    match unmet {
        Unmet::FirstMessage => Reason::AppNoMessage,
        Unmet::Message => Reason::AppMessageMismatch,
        Unmet::Echo => Reason::AppNoEcho,
        Unmet::FirstAudio => Reason::AppNoAudio,
        Unmet::Audible => Reason::AppSilenceOnly,
        Unmet::Rate => Reason::AppWrongRate,
        Unmet::Mark => Reason::AppNoMark,
        Unmet::Silence => silence_reason(hold),
    }
}

/// Silence has four causes, and only the kernel's counters tell them apart.
const fn silence_reason(hold: &HoldFacts) -> Reason {
    match hold.path {
        PathState::ZeroWindow { .. } => Reason::WsWriteStalled,
        PathState::Blackhole { .. } => Reason::NetBlackhole,
        PathState::Healthy if hold.lossy => Reason::NetLossy,
        PathState::Healthy => Reason::AppSilent,
        PathState::Unknown => Reason::WsSilent,
    }
}
