//! Foreign errors become facts: one function per crate, and nowhere else.
//!
//! Matches variants and error numbers, never texts, with one exception that says so. An upgrade of a dependency is reviewed here.

use std::error::Error;
use std::io::{self, ErrorKind};

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
use tokio_tungstenite::tungstenite;
use tungstenite::error::{CapacityError, ProtocolError};

use super::webhook::Stage;
use crate::verdict::{CertificateFault, ChainFacts, ConnectFault, ResolveFault, StreamEnd, TlsFault, Violation, WebhookFault};

/// hickory: why a lookup gave nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "foreign, non-exhaustive enums; what is left over is an unreadable answer")]
pub(super) fn lookup_fault(error: &NetError) -> ResolveFault {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => ResolveFault::NxDomain,
        NetError::Dns(DnsError::NoRecordsFound(_)) => ResolveFault::NoAddress,
        NetError::Dns(DnsError::ResponseCode(code)) => match code {
            ResponseCode::ServFail => ResolveFault::Servfail,
            ResponseCode::Refused => ResolveFault::Refused,
            _ => ResolveFault::ServerError,
        },
        NetError::Dns(_) => ResolveFault::Servfail,
        NetError::Timeout | NetError::Busy => ResolveFault::Timeout,
        // A TCP stream that breaks; TCP is asked only after UDP's answer was cut. hickory has no variant for it but a text.
        NetError::Message(_) | NetError::Msg(_) => ResolveFault::Truncated,
        NetError::Io(error) if is_broken_stream(error) => ResolveFault::Truncated,
        // UDP to a closed port or without a route: nobody answered.
        NetError::Io(_) => ResolveFault::Timeout,
        NetError::NoConnections => ResolveFault::NoNameServer,
        NetError::Truncated => ResolveFault::Truncated,
        _ => ResolveFault::Malformed,
    }
}

fn is_broken_stream(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted
    )
}

/// getaddrinfo, which has numbers of its own that std turns into text only; hence the one place that reads a text
/// (`gai_strerror`, glibc and musl).
pub(super) fn system_lookup_fault(error: &io::Error) -> ResolveFault {
    let text = error.to_string();
    let says = |part: &str| text.contains(part);
    if says("not known") || says("does not resolve") {
        ResolveFault::NxDomain
    } else if says("No address associated") || says("has no usable address") {
        ResolveFault::NoAddress
    } else if says("Temporary failure") || says("Try again") {
        ResolveFault::Servfail
    } else {
        ResolveFault::ServerError
    }
}

/// The kernel: why a connection was not made. `only_ipv6`: the host has no IPv4 address and the monitor did not ask for IPv6.
#[expect(clippy::wildcard_enum_match_arm, reason = "foreign, non-exhaustive enum; what is left over counts as unreachable")]
pub(super) fn connect_fault(error: &io::Error, only_ipv6: bool) -> ConnectFault {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => return ConnectFault::FdExhausted,
        Some(libc::EADDRNOTAVAIL) => return ConnectFault::PortsExhausted,
        Some(libc::ENOMEM | libc::ENOBUFS) => return ConnectFault::Resources,
        Some(libc::EACCES | libc::EPERM | libc::EINVAL) => return ConnectFault::Policy,
        Some(libc::ENETUNREACH | libc::ENETDOWN | libc::EAFNOSUPPORT) => return ConnectFault::NoRoute { only_ipv6 },
        _ => {}
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectFault::Refused,
        ErrorKind::ConnectionReset => ConnectFault::Reset,
        ErrorKind::TimedOut => ConnectFault::Timeout,
        _ => ConnectFault::Unreachable,
    }
}

/// What is known beside a TLS error.
pub(super) struct TlsContext<'a> {
    /// What came first on the TCP connection.
    pub(super) first_bytes: &'a [u8],
    /// Had certificates come?
    pub(super) certificates_came: bool,
    /// The alert that was waiting to be read when a write failed.
    pub(super) waiting_alert: Option<u8>,
    /// The sent chain.
    pub(super) chain: ChainFacts,
    /// Did we present a client certificate?
    pub(super) with_client_certificate: bool,
    /// Did the peer acknowledge any byte of ours?
    pub(super) peer_took_bytes: Option<bool>,
}

/// rustls, inside tokio's `io::Error`: why there is no session.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign, non-exhaustive enums; what is left over is kept as text in the report"
)]
pub(super) fn tls_fault(error: &io::Error, context: &TlsContext<'_>) -> TlsFault {
    let Some(error) = inner_tls(error) else {
        if let Some(number) = context.waiting_alert {
            return alert_fault(number.into(), context);
        }
        return match error.kind() {
            ErrorKind::UnexpectedEof => TlsFault::Closed,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                TlsFault::Reset { peer_took_bytes: context.peer_took_bytes }
            }
            ErrorKind::TimedOut => TlsFault::Timeout,
            _ => TlsFault::Other,
        };
    };
    match error {
        rustls::Error::InvalidCertificate(fault) => TlsFault::Certificate(certificate_fault(fault, context.chain)),
        rustls::Error::AlertReceived(alert) => alert_fault(*alert, context),
        rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => TlsFault::OldVersion,
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            TlsFault::NotTls { first_bytes: context.first_bytes.to_vec() }
        }
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => TlsFault::Garbage,
        rustls::Error::InappropriateHandshakeMessage { .. } | rustls::Error::PeerMisbehaved(_) => TlsFault::Garbage,
        rustls::Error::DecryptError => TlsFault::Damaged,
        rustls::Error::NoApplicationProtocol => TlsFault::Alpn,
        _ => TlsFault::Other,
    }
}

fn alert_fault(alert: AlertDescription, context: &TlsContext<'_>) -> TlsFault {
    // A refusing balancer may send close_notify in the middle of the handshake; that is a close and no fault.
    match u8::from(alert) {
        0 => TlsFault::Closed,
        number => TlsFault::Alert {
            number,
            with_client_certificate: context.with_client_certificate,
            after_certificates: context.certificates_came,
        },
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign, non-exhaustive enum; what is left over is an unsupported certificate"
)]
fn certificate_fault(error: &CertificateError, chain: ChainFacts) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => CertificateFault::WrongName,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => CertificateFault::WrongPurpose,
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::BadSignature => CertificateFault::BadSignature,
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer(chain),
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) if chain.leaf_is_its_own_issuer => CertificateFault::UnknownIssuer(chain),
            Some(fault) if breaks_chain_rule(fault) => CertificateFault::ChainRule,
            Some(_) | None => CertificateFault::Unsupported,
        },
        _ => CertificateFault::Unsupported,
    }
}

/// webpki: is it the chain that is wrong (RFC 5280 section 6), and not the form of one certificate?
const fn breaks_chain_rule(error: &webpki::Error) -> bool {
    use webpki::Error::{
        CaUsedAsEndEntity, CertDistrusted, EndEntityUsedAsCa, MaximumNameConstraintComparisonsExceeded,
        MaximumPathBuildCallsExceeded, MaximumPathDepthExceeded, MaximumSignatureChecksExceeded, NameConstraintViolation,
        PathLenConstraintViolated,
    };
    matches!(
        error,
        CaUsedAsEndEntity
            | EndEntityUsedAsCa
            | CertDistrusted
            | NameConstraintViolation
            | PathLenConstraintViolated
            | MaximumNameConstraintComparisonsExceeded
            | MaximumPathBuildCallsExceeded
            | MaximumPathDepthExceeded
            | MaximumSignatureChecksExceeded
    )
}

/// The rustls error inside an `io::Error`, as tokio-rustls packs it.
pub(super) fn inner_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// reqwest: why a webhook gave no answer, at the stage that its connection had reached. `tls` judges a handshake that broke.
pub(super) fn webhook_fault(error: &reqwest::Error, stage: Stage, tls: impl FnOnce(&io::Error) -> TlsFault) -> WebhookFault {
    let Some(io) = innermost_io(error) else {
        return match (stage, inner::<hyper::Error>(error)) {
            (Stage::Exchange, Some(hyper)) if hyper.is_parse() => WebhookFault::NotHttp,
            (Stage::Tls, _) => WebhookFault::Tls(TlsFault::Other),
            (Stage::Resolve | Stage::Connect | Stage::Exchange, _) => WebhookFault::Closed,
        };
    };
    match (stage, io.kind()) {
        // In TLS 1.3 the server's verdict may come after the handshake.
        _ if inner_tls(io).is_some() => WebhookFault::Tls(tls(io)),
        (_, ErrorKind::TimedOut) => stage.late(),
        (Stage::Resolve | Stage::Connect, _) => WebhookFault::Connect(connect_fault(io, false)),
        (Stage::Tls, _) => WebhookFault::Tls(tls(io)),
        (Stage::Exchange, ErrorKind::InvalidInput | ErrorKind::InvalidData) => WebhookFault::NotHttp,
        (Stage::Exchange, _) => WebhookFault::Closed,
    }
}

/// The innermost `io::Error` among the sources: libraries wrap one in another, and an outer one passes over what it wraps.
fn innermost_io<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    let deeper = match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().and_then(|wrapped| innermost_io(wrapped)),
        None => error.source().and_then(innermost_io),
    };
    deeper.or_else(|| error.downcast_ref())
}

/// The first error of this type among the sources.
fn inner<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    error.downcast_ref().or_else(|| error.source().and_then(inner))
}

/// The stream under the WebSocket: how it ended. `None` as error is an orderly end.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign, non-exhaustive enums; what is left over ended without a word, like a FIN"
)]
pub(super) fn stream_end(error: Option<&io::Error>, tls: bool, with_client_certificate: bool) -> StreamEnd {
    let Some(error) = error else { return if tls { StreamEnd::CloseNotify } else { StreamEnd::Fin } };
    match inner_tls(error) {
        Some(rustls::Error::AlertReceived(alert)) => {
            return StreamEnd::TlsAlert { number: u8::from(*alert), with_client_certificate };
        }
        Some(_) => return StreamEnd::TlsDamaged,
        None => {}
    }
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => StreamEnd::Rst,
        ErrorKind::UnexpectedEof if tls => StreamEnd::TlsEof,
        // EPIPE: the peer's FIN had come before our data met its RST.
        ErrorKind::BrokenPipe if tls => StreamEnd::TlsEof,
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => StreamEnd::Dead,
        _ => StreamEnd::Fin,
    }
}

/// tungstenite: the broken rule, where its error is one. The tap's own reading goes first; this is for what the tap cannot see.
#[expect(clippy::wildcard_enum_match_arm, reason = "foreign, non-exhaustive enums; what is left over is the end of the stream")]
pub(super) fn violation(error: &tungstenite::Error) -> Option<Violation> {
    match error {
        tungstenite::Error::Utf8(_) => Some(Violation::InvalidUtf8),
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(Violation::TooLarge),
        tungstenite::Error::Protocol(protocol) => match protocol {
            ProtocolError::NonZeroReservedBits => Some(Violation::RsvBits),
            ProtocolError::InvalidOpcode(_)
            | ProtocolError::UnknownControlFrameType(_)
            | ProtocolError::UnknownDataFrameType(_) => Some(Violation::BadOpcode),
            ProtocolError::MaskedFrameFromServer => Some(Violation::Masked),
            ProtocolError::FragmentedControlFrame | ProtocolError::ControlFrameTooBig | ProtocolError::InvalidCloseSequence => {
                Some(Violation::BadControl)
            }
            ProtocolError::UnexpectedContinueFrame | ProtocolError::ExpectedFragment(_) => Some(Violation::Fragmentation),
            _ => None,
        },
        _ => None,
    }
}
