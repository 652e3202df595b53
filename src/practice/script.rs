//! What a server does, as data: the rows of the table name it, the modules `dns`, `ports`, `tls`, `answer`, `webhook` and
//! `line` act it out.

use super::behaviour::Stage;
use super::voice::{Dialect, VoiceScript};
use super::webhook::WebhookScript;

/// What is acted out for one behaviour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    Dns(DnsScript),
    Port(PortScript),
    Tls(TlsScript),
    /// A webhook: plain HTTP.
    Webhook(WebhookScript),
    /// An answer that is no 101.
    Answer(AnswerScript),
    /// A 101, and a line after it.
    Line {
        switch: Switch,
        line: LineScript,
    },
}

impl Script {
    /// What in the URL picks it.
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Dns(_) => Stage::Dns,
            Self::Port(_) => Stage::Port,
            Self::Tls(_) => Stage::Tls,
            Self::Webhook(_) => Stage::Webhook,
            Self::Answer(_) | Self::Line { .. } => Stage::Path,
        }
    }

    pub(super) const ECHO: Self = Self::line(LineScript::Attend(Manner::ECHO));

    /// A proper 101 and then `line`.
    pub(super) const fn line(line: LineScript) -> Self {
        Self::Line { switch: Switch::Proper, line }
    }

    /// A 101 with the subprotocol of the dialect and none else, and then a call.
    pub(super) const fn voice(voice: VoiceScript) -> Self {
        let switch = if matches!(voice.dialect, Dialect::Jambonz) { Switch::Jambonz } else { Switch::NoSubprotocol };
        Self::Line { switch, line: LineScript::Voice(voice) }
    }

    /// What meets a request with this target, over TLS or not: the answers that are only for a wrong one give way to a good line.
    pub(super) fn as_asked(self, target: &str, secure: bool) -> Self {
        match self {
            Self::Answer(answer) if answer.is_passed(target, secure) => Self::ECHO,
            Self::Answer(_) | Self::Line { .. } | Self::Dns(_) | Self::Port(_) | Self::Tls(_) | Self::Webhook(_) => self,
        }
    }

    /// An odd 101 and then an echo.
    pub(super) const fn switch(switch: Switch) -> Self {
        Self::Line { switch, line: LineScript::Attend(Manner::ECHO) }
    }
}

/// Answers to lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DnsScript {
    /// An error code (RFC 1035 section 4.1.1) and no records.
    Code(u8),
    /// The name exists and has no record of the type asked for.
    NoAddress,
    /// An alias of a name without an address.
    DanglingAlias,
    /// No answer at all.
    Silence,
    /// The TC bit, and TCP is closed.
    Truncated,
    /// An answer whose record cannot be read.
    Malformed,
    /// A at once, AAAA late.
    SlowAaaa,
    /// A, and SERVFAIL for AAAA.
    FailingAaaa,
    /// AAAA alone, with an address that leads nowhere.
    OnlyIpv6,
    /// Two A records, the first of which nobody listens on.
    TwoAddresses,
}

/// Ports that do not take connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortScript {
    Refused,
    Timeout,
}

/// What meets a ClientHello.
#[derive(Clone, Copy, Debug)]
pub(super) enum TlsScript {
    /// A real handshake with one of the configurations.
    Handshake(Identity),
    /// A fatal alert (RFC 8446 section 6.2).
    Alert(u8),
    /// These bytes, whatever they are.
    Bytes(&'static [u8], Ending),
}

/// The server's TLS configurations, most of them by what is wrong with the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Good,
    Expired,
    ExpiredIntermediate,
    NotYetValid,
    WrongHost,
    WrongPurpose,
    BadSignature,
    SelfSigned,
    SelfSignedCa,
    PrivateCa,
    MissingIntermediate,
    UnknownIssuer,
    PathTooLong,
    UnknownCriticalExtension,
    /// DER with a byte too many.
    TrailingByte,
    AlpnH2,
    /// A client certificate of the practice CA is required; TLS 1.3, where the refusal comes after the handshake.
    ClientCertificate,
    /// The same over TLS 1.2, where it comes within.
    ClientCertificateTls12,
    /// A client certificate is required and none is ever good enough.
    ClientCertificateRejected,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// FIN; over TLS a close_notify before it.
    Close,
    /// FIN; over TLS without a close_notify.
    Cut,
    /// RST.
    Reset,
    /// Not at all: whoever called has to hang up.
    Hang,
}

/// Answers to the upgrade request that are no 101.
#[derive(Clone, Copy, Debug)]
pub(super) enum AnswerScript {
    Status(u16),
    /// The same with the version 1.0.
    Http10(u16),
    /// What a TLS port says to a plain request: an alert record.
    TlsAlert,
    /// What nginx says to a plain request on its TLS port (its code 497, sent as 400); over TLS, the line is good.
    PlainToTls,
    /// 307 to the same path with a slash at its end, and there the line is good.
    SlashWanted,
    /// 404 where the path begins with two slashes; with one, the line is good.
    OneSlashWanted,
    /// More than 16 KiB of header.
    HugeHead,
    /// More than 100 headers.
    ManyHeaders,
    /// These bytes, whatever they are.
    Bytes(&'static [u8], Ending),
}

impl AnswerScript {
    /// Is the request the one that this answer is not for?
    fn is_passed(self, target: &str, secure: bool) -> bool {
        match self {
            Self::PlainToTls => secure,
            Self::SlashWanted => target.split('?').next().is_some_and(|path| path.ends_with('/')),
            Self::OneSlashWanted => !target.starts_with("//"),
            Self::Status(_) | Self::Http10(_) | Self::TlsAlert | Self::HugeHead | Self::ManyHeaders | Self::Bytes(..) => false,
        }
    }
}

/// What is odd about a 101.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// Nothing; the first offered subprotocol is chosen.
    Proper,
    Http10,
    /// A 103 comes first (RFC 8297), which clients skip.
    After103,
    NoUpgrade,
    NoConnection,
    /// `Connection: keep-alive, Upgrade`: legal (RFC 6455 section 4.1 asks for the token).
    ConnectionList,
    NoAccept,
    WrongAccept,
    /// Compression that nobody offered.
    Extension,
    /// A subprotocol that nobody offered.
    OtherSubprotocol,
    /// None, whatever was offered.
    NoSubprotocol,
    /// `audio.jambonz.org` if it was offered, and none else.
    Jambonz,
    /// Lines end in LF.
    BareLf,
    /// `Upgrade : websocket`, which RFC 9112 section 5.1 forbids.
    SpaceBeforeColon,
    /// One byte every 200 ms.
    Drip,
    /// The clock is an hour ahead.
    DateSkewed,
}

/// What happens after the 101.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineScript {
    /// The line is held until the caller ends it.
    Attend(Manner),
    /// Everything that comes is read and nothing said; the end comes this many milliseconds after the 101.
    Drop { after_ms: u64, how: Ending },
    /// Everything that comes is read and nothing said; the end, a FIN, comes so many milliseconds after the last byte in either direction.
    IdleCut { after_ms: u64 },
    /// These bytes 0.1 s after the 101; then the line is held in silence, so that the end is the caller's.
    Fault(&'static [u8]),
    /// These bytes 0.1 s after the 101, and then this ending.
    LastWords(&'static [u8], Ending),
    /// A Close 0.5 s after the 101. An empty reason is filled with a sentence; code 1005 stands for a Close without a payload.
    Close { code: u16, reason: &'static str },
    /// A Close 1000 a second after the 101.
    HangUp,
    /// A ping, a Close 4001 and a reset, all at once, 0.5 s after the 101.
    FirstCloseReset,
    /// A Close 1000, and then a message, 0.5 s after the 101.
    DataAfterClose,
    /// Nothing is read any more.
    Stall,
    /// Nothing is read for this many milliseconds after the 101; then everything is sent back.
    Pause { ms: u64 },
    /// More than anybody wants.
    Flood(Flood),
    /// A TLS record that does not decrypt.
    DamagedRecord,
    /// A call in a provider's protocol.
    Voice(VoiceScript),
}

/// Kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text,
    Binary,
}

/// How a line is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Are messages sent back?
    pub(super) echo: bool,
    /// Are pings answered?
    pub(super) pong: bool,
    /// A text message right after the 101.
    pub(super) greeting: Option<&'static str>,
    pub(super) speech: Option<Speech>,
    /// A message of this kind ends TCP.
    pub(super) cut_at: Option<Message>,
    /// The answer to the caller's Close.
    pub(super) goodbye: Goodbye,
}

impl Manner {
    pub(super) const SILENT: Self =
        Self { echo: false, pong: true, greeting: None, speech: None, cut_at: None, goodbye: Goodbye::Answered(Ending::Close) };
    pub(super) const ECHO: Self = Self { echo: true, ..Self::SILENT };
    pub(super) const TALK: Self = Self { speech: Some(Speech::TONE), ..Self::SILENT };

    /// Silent but for a text message.
    pub(super) const fn greeting(text: &'static str) -> Self {
        Self { greeting: Some(text), ..Self::SILENT }
    }
}

/// μ-law audio at 8 kHz: a binary frame every 20 ms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speech {
    /// A tone, or else silence?
    pub(super) audible: bool,
    /// 160 is right.
    pub(super) frame_bytes: usize,
    /// When it falls silent for good, in milliseconds after the 101.
    pub(super) until_ms: Option<u64>,
}

impl Speech {
    pub(super) const TONE: Self = Self { audible: true, frame_bytes: 160, until_ms: None };
}

/// What follows the caller's Close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goodbye {
    /// A Close, and then this ending.
    Answered(Ending),
    /// A Close with this code of its own, and then the end.
    AnsweredWith(u16),
    /// The ending alone.
    Unacknowledged(Ending),
}

/// Kinds of flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    /// Large binary frames.
    Bytes,
    /// Small text frames.
    Frames,
    Pings,
}
