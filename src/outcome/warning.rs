//! What was odd about a probe without being its reason.

use super::words;

/// Declares the list: the doc comment of a warning is its explanation in the documentation as well.
macro_rules! warnings {
    ($($(#[doc = $explains:literal])+ $variant:ident = $label:literal,)+) => {
        words! {
            /// Something that a person should know and that did not decide the outcome.
            Warning {
                $($(#[doc = $explains])+ $variant = $label,)+
            }
        }

        impl Warning {
            /// What it means, in lines of text.
            #[must_use]
            pub const fn explains(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($explains),+],)+ }
            }
        }
    };
}

warnings! {
    /// A answered at once and AAAA only after a long time: clients that wait for both are slow.
    DnsAaaaSlow = "dns_aaaa_slow",
    /// One address family answered, the other ended in an error (not simply "no record").
    DnsFamilyFailed = "dns_family_failed",
    /// Not every address of the host took the connection; a share of the callers meets the dead one.
    AddressFailed = "address_failed",
    /// The connection request had to be sent again: packets are lost on the way.
    SynRetransmits = "syn_retransmits",
    /// Packets were lost and sent again during the hold.
    Retransmits = "retransmits",
    /// The certificate is not checked (`insecure`): what a provider would refuse looks fine here.
    TlsVerificationDisabled = "tls_verification_disabled",
    /// The certificate would not have passed; only `insecure` let it through.
    TlsVerificationFailed = "tls_verification_failed",
    /// The answer's lines end in a bare line feed; strict clients refuse that.
    HttpBareLf = "http_bare_lf",
    /// None of the offered subprotocols was chosen (legal; some servers need it).
    SubprotocolNotChosen = "subprotocol_not_chosen",
    /// The Close frame carries a code that must not be on the wire (RFC 6455 section 7.4).
    CloseCodeIllegal = "close_code_illegal",
    /// The server did not answer our Close in time.
    CloseHandshakeTimeout = "close_handshake_timeout",
    /// The server ended the connection without answering our Close.
    CloseUnacknowledged = "close_unacknowledged",
    /// The server answered our Close 1000 with a code that speaks of trouble.
    CloseAnsweredWithOtherCode = "close_answered_with_other_code",
    /// Frames came after the server's own Close.
    DataAfterClose = "data_after_close",
    /// A frame's length is not in its shortest form (RFC 6455 section 5.2).
    LengthNotMinimal = "length_not_minimal",
    /// The URL has a query, which Twilio does not carry: a plain client reaches the server, a call does not.
    QueryStringInTwilioUrl = "query_string_in_twilio_url",
    /// The URL is `ws://`, and this provider dials `wss://` alone. (Not said of loopback addresses.)
    SchemeNotWss = "scheme_not_wss",
    /// A binary message in a dialect of text messages.
    BinaryInTextDialect = "binary_in_text_dialect",
    /// A text message that is not a JSON object where one is due.
    NotJson = "not_json",
    /// A message of a kind that the dialect does not have.
    UnknownEvent = "unknown_event",
    /// A field that the message must have is missing, or is of another type.
    InvalidField = "invalid_field",
    /// A field that the dialect does not have.
    UnknownField = "unknown_field",
    /// A message for another stream than ours.
    WrongStreamId = "wrong_stream_id",
    /// The server talks on a stream that only listens.
    MessageOnOneWayStream = "message_on_one_way_stream",
    /// Audio in the URL-safe alphabet of base64 (RFC 4648 section 5), where the standard one is due.
    Base64UrlSafe = "base64_url_safe",
    /// Audio that is no base64, or base64 without its padding.
    Base64Invalid = "base64_invalid",
    /// The audio begins with the header of a file (WAV, MP3, Ogg), which a caller hears as a click or as noise.
    ContainerInAudio = "container_in_audio",
    /// Audio in pieces of a size that the dialect does not allow, or that is no whole number of samples.
    FrameSizeWrong = "frame_size_wrong",
    /// The audio runs faster or slower than its format: another sample rate or codec than the call's.
    AudioRateWrong = "audio_rate_wrong",
    /// Audio came, and all of it was silence.
    AudioSilenceOnly = "audio_silence_only",
    /// The server sent more audio ahead of time, or more marks, than is kept.
    PlaybackOverflow = "playback_overflow",
    /// The server stopped reading for a while: what the caller said meanwhile comes late or not at all.
    AudioNotTaken = "audio_not_taken",
    /// The server told us of an error of its own.
    ServerReportedError = "server_reported_error",
    /// Sequence numbers that do not follow each other.
    SequenceWrong = "sequence_wrong",
    /// The dialect's goodbye was not answered.
    FarewellUnanswered = "farewell_unanswered",
    /// We could not send our audio on time, because this machine was busy.
    PacingStarved = "pacing_starved",
}

impl Warning {
    /// Does it speak of sidetone's own machine or settings, and not of the endpoint?
    #[must_use]
    pub const fn is_the_probers_own(self) -> bool {
        matches!(self, Self::PacingStarved | Self::TlsVerificationDisabled)
    }
}
