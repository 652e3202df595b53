//! The facts on which a verdict rests. Foreign errors become these at the edge (`probe/blame.rs`), so that the rules can be read
//! and tested as tables.

use std::time::Duration;

use crate::hold::{Ending, PathState, Unmet};
use crate::webhook::Lint;

/// Everything that a verdict may look at.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The step that stopped the dial, if one did.
    pub fault: Option<Fault>,
    /// The hold, if the line came up.
    pub hold: Option<HoldFacts>,
    /// The deadline that was missed, if the end was one.
    pub missed_deadline: Option<Duration>,
    /// The check was to go no further than it went.
    pub stopped: bool,
    /// There was a warning that the monitor counts as a failure.
    pub raised: bool,
    /// What we know against ourselves.
    pub prober: ProberFacts,
}

/// What we know against ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProberFacts {
    /// We were told to stop.
    pub cancelled: bool,
    /// The machine slept during the probe.
    pub suspended: bool,
    /// The longest delay of our own timers in the phase that decided.
    pub lag: Duration,
    /// Our clock differs from that of most endpoints by more than [`super::CLOCK_TOLERANCE`].
    pub clock_is_wrong: bool,
}

/// The step that stopped the dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No stream from the webhook.
    Webhook(WebhookFault),
    /// No address.
    Resolve(ResolveFault),
    /// No connection.
    Connect(ConnectFault),
    /// No TLS session.
    Tls(TlsFault),
    /// No 101, or one that does not count.
    Upgrade(UpgradeFault),
}

/// Why the webhook gave no stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookFault {
    /// Its host has no address.
    Resolve(ResolveFault),
    /// No connection.
    Connect(ConnectFault),
    /// No TLS session.
    Tls(TlsFault),
    /// What came is not HTTP.
    NotHttp,
    /// The connection ended before the answer was complete.
    Closed,
    /// The deadline for the whole of it.
    Timeout,
    /// A status that is no success.
    Status(u16),
    /// The provider would refuse the stream, or there is none.
    Refused(Lint),
}

/// Why there is no address (RFC 1035 section 4.1.1 for the codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveFault {
    /// NXDOMAIN.
    NxDomain,
    /// The name has neither A nor AAAA (or not the one that was asked for).
    NoAddress,
    /// An alias without a target that has an address.
    CnameDangling,
    /// SERVFAIL.
    Servfail,
    /// REFUSED.
    Refused,
    /// Any other error code.
    ServerError,
    /// No answer.
    Timeout,
    /// Cut, and TCP did not help.
    Truncated,
    /// Not to be read.
    Malformed,
    /// No name server is configured here.
    NoNameServer,
    /// An address of this machine or of a private network, for a host that a webhook named.
    PrivateAddress,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectFault {
    /// ECONNREFUSED.
    Refused,
    /// EHOSTUNREACH, or an error that has no row of its own.
    Unreachable,
    /// ENETUNREACH, or no support for the address family.
    NoRoute {
        /// The host has IPv6 addresses only, and the monitor did not ask for them in particular.
        only_ipv6: bool,
    },
    /// The deadline, or ETIMEDOUT.
    Timeout,
    /// ECONNRESET.
    Reset,
    /// EACCES, EPERM, EINVAL: forbidden on this machine.
    Policy,
    /// EMFILE, ENFILE.
    FdExhausted,
    /// EADDRNOTAVAIL.
    PortsExhausted,
    /// ENOMEM, ENOBUFS.
    Resources,
}

/// Why there is no TLS session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate did not pass.
    Certificate(CertificateFault),
    /// The server sent this alert (RFC 8446 section 6).
    Alert {
        /// Its number.
        number: u8,
        /// Did we present a client certificate?
        with_client_certificate: bool,
        /// Had the server's certificates come, so that parameters had been agreed on?
        after_certificates: bool,
    },
    /// The server chose a version below 1.2.
    OldVersion,
    /// The server chose a protocol that was not offered.
    Alpn,
    /// The first bytes are no TLS record.
    NotTls {
        /// What came first, at most 16 bytes.
        first_bytes: Vec<u8>,
    },
    /// TLS records that make no sense.
    Garbage,
    /// FIN during the handshake.
    Closed,
    /// RST during the handshake.
    Reset {
        /// Did the peer acknowledge any byte of ours? `None` where the kernel does not tell.
        peer_took_bytes: Option<bool>,
    },
    /// The deadline.
    Timeout,
    /// A record that cannot be decrypted.
    Damaged,
    /// Anything else.
    Other,
}

/// Why a certificate did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// One of the chain has expired.
    Expired,
    /// One of the chain is not valid yet.
    NotYetValid,
    /// Made for other names.
    WrongName,
    /// Not made for servers.
    WrongPurpose,
    /// Revoked.
    Revoked,
    /// A signature does not fit.
    BadSignature,
    /// Nobody known signed it; the chain says more.
    UnknownIssuer(ChainFacts),
    /// A rule of the chain is broken.
    ChainRule,
    /// Encoded or signed in a way that is not supported.
    Unsupported,
}

/// What the sent chain looks like, for issuers that are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainFacts {
    /// The leaf names itself as its issuer.
    pub leaf_is_its_own_issuer: bool,
    /// Following the issuers among the sent certificates ends at one that names itself.
    pub ends_at_a_root: bool,
    /// The issuer of the topmost sent certificate has the name of a trusted root.
    pub issuer_has_a_trusted_name: bool,
    /// The leaf bears marks of a public authority: certificate transparency stamps, or a CA/Browser Forum policy.
    pub leaf_is_public: bool,
}

/// Why there is no usable 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpgradeFault {
    /// Another status.
    Status {
        /// The status.
        code: u16,
        /// The body complains about plain HTTP on a TLS port (nginx's 497).
        says_tls_port: bool,
    },
    /// 101 over HTTP/1.0.
    Version10,
    /// A 101 that does not fit the request.
    Unfit(UnfitAnswer),
    /// Not HTTP.
    NotHttp {
        /// What came first, at most 16 bytes.
        first_bytes: Vec<u8>,
    },
    /// HTTP, but against its rules.
    Malformed,
    /// The head is over its limits.
    HeadTooLarge,
    /// FIN.
    Closed {
        /// Had anything come before?
        after_bytes: bool,
    },
    /// RST.
    Reset {
        /// Did the peer acknowledge any byte of ours? `None` where the kernel does not tell.
        peer_took_bytes: Option<bool>,
    },
    /// The deadline.
    Timeout {
        /// Had anything come before?
        after_bytes: bool,
    },
    /// The TLS session broke: an alert came, as TLS 1.3 servers do that miss a client certificate.
    TlsAlert {
        /// Its number.
        number: u8,
        /// Did we present a client certificate?
        with_client_certificate: bool,
    },
    /// The TLS session broke: a record cannot be decrypted.
    TlsDamaged,
}

/// How a 101 does not fit the request (RFC 6455 section 4.1, the numbered list of the client's checks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitAnswer {
    /// No `Upgrade: websocket`.
    Upgrade,
    /// No `Connection: upgrade`.
    Connection,
    /// No `Sec-WebSocket-Accept`.
    AcceptMissing,
    /// One for another key.
    AcceptWrong,
    /// An extension that was not offered.
    Extension,
    /// A subprotocol although none was offered.
    SubprotocolUnrequested,
    /// A subprotocol that was not offered.
    SubprotocolMismatch,
    /// None of the offered subprotocols, and the monitor demands one.
    SubprotocolMissing,
}

/// How the line lived and ended.
#[derive(Clone, Debug)]
pub struct HoldFacts {
    /// What the machine says.
    pub ending: Ending,
    /// The Close on the wire, whether or not it reached the machine.
    pub close: Option<WireClose>,
    /// The broken rule, if one was.
    pub violation: Option<Violation>,
    /// How the byte stream ended, if it did.
    pub stream_end: Option<StreamEnd>,
    /// Did it end inside a frame?
    pub mid_frame: bool,
    /// What the kernel's counters said.
    pub path: PathState,
    /// Were packets lost during the hold?
    pub lossy: bool,
    /// Does the monitor allow an end at this time with this code?
    pub end_is_allowed: bool,
    /// What the monitor expects and the server had not done by then.
    pub unmet: Option<Unmet>,
    /// Does the monitor demand an answer to our Close?
    pub clean_close: bool,
    /// Did we fail to send audio on time, while the monitor judges the answer to it?
    pub starved: bool,
}

/// A Close frame as it was on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireClose {
    /// Its code; `None` for an empty payload (1005).
    pub code: Option<u16>,
    /// Its reason, raw.
    pub reason: Vec<u8>,
    /// A payload of one byte, or a reason that is not UTF-8.
    pub malformed: bool,
}

impl WireClose {
    /// The code as it is reported: 1005 for a Close without one (RFC 6455 section 7.1.5).
    #[must_use]
    pub fn reported_code(&self) -> u16 {
        self.code.unwrap_or(1005)
    }

    /// Must the code not be on the wire (RFC 6455 section 7.4, and the IANA registry for 1012 to 1014)?
    #[must_use]
    pub const fn code_is_illegal(&self) -> bool {
        matches!(self.code, Some(0..=999 | 1004..=1006 | 1015..=2999 | 5000..))
    }
}

/// A broken rule of RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Reserved bits without an extension (section 5.2).
    RsvBits,
    /// An opcode that does not exist (section 5.2).
    BadOpcode,
    /// A masked frame from the server (section 5.1).
    Masked,
    /// A control frame that is fragmented or too long (section 5.5).
    BadControl,
    /// Fragments out of order (section 5.4).
    Fragmentation,
    /// A frame or message over our limit.
    TooLarge,
    /// Text that is not UTF-8 (section 8.1).
    InvalidUtf8,
    /// An HTTP answer where frames were due.
    HttpAfterUpgrade,
}

impl Violation {
    /// The code of the Close that answers it (RFC 6455 section 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::TooLarge => 1009,
            Self::InvalidUtf8 => 1007,
            Self::RsvBits | Self::BadOpcode | Self::Masked | Self::BadControl | Self::Fragmentation | Self::HttpAfterUpgrade => {
                1002
            }
        }
    }
}

/// How the byte stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// TCP FIN.
    Fin,
    /// TLS close_notify.
    CloseNotify,
    /// TCP FIN inside TLS, without close_notify.
    TlsEof,
    /// TCP RST.
    Rst,
    /// The kernel gave up: ETIMEDOUT or EHOSTUNREACH.
    Dead,
    /// The server sent this TLS alert.
    TlsAlert {
        /// Its number.
        number: u8,
        /// Did we present a client certificate?
        with_client_certificate: bool,
    },
    /// A TLS record cannot be decrypted.
    TlsDamaged,
}
