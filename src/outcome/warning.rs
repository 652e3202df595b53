//! What was odd about a probe without being its reason.

use super::words;

words! {
    /// Something that a person should know and that did not decide the outcome.
    Warning {
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
        /// We could not send our audio on time, because this machine was busy.
        PacingStarved = "pacing_starved",
    }
}
