//! What was odd about a probe without being its reason.

use super::explained;

explained! {
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
        // --- the answer of a webhook: what the provider passes over ---
        /// The answer took more than half of the time that the provider waits; the caller hears nothing meanwhile.
        AnswerSlow = "answer_slow",
        /// The answer begins with a byte order mark, which many parsers refuse.
        ByteOrderMark = "byte_order_mark",
        /// The answer has no Content-Type.
        ContentTypeMissing = "content_type_missing",
        /// The Content-Type is not that of the document.
        ContentTypeWrong = "content_type_wrong",
        /// The Content-Type is accepted and is not the right one.
        ContentTypeUnusual = "content_type_unusual",
        /// A name in other letters than the provider's: upper and lower case count, and unknown names are passed over.
        NameMisspelt = "name_misspelt",
        /// The answer opens more than one stream.
        SeveralStreams = "several_streams",
        /// The stream does not keep the call, and nothing after it does: the call ends as soon as it has begun.
        CallEndsAtOnce = "call_ends_at_once",
        /// The document opens a stream of another protocol than the monitor speaks.
        DialectDiffers = "dialect_differs",
        /// One says that the stream only listens, the other that audio goes both ways.
        DirectionDiffers = "direction_differs",
        /// A track that the provider does not have for this kind of stream.
        TrackInvalid = "track_invalid",
        /// A codec or sample rate that the provider does not have.
        FormatInvalid = "format_invalid",
        /// A codec that the provider has and sidetone does not speak.
        FormatNotSpoken = "format_not_spoken",
        /// Another codec or sample rate than the monitor's.
        FormatDiffers = "format_differs",
        /// Parameters that are longer or more than the provider carries.
        ParametersTooLarge = "parameters_too_large",
        /// A token for the header Authorization with characters that no header can carry (line breaks, letters beyond ASCII); it is left out.
        AuthorizationInvalid = "authorization_invalid",
        /// White space before or after the URL.
        UrlSpaces = "url_spaces",
        /// The URL has been escaped twice: what is dialled has `&amp;` in it.
        UrlEscapedTwice = "url_escaped_twice",
        /// The URL has no scheme and no host of its own.
        UrlRelative = "url_relative",
        /// The URL has a fragment (`#…`), which never reaches a server.
        UrlFragment = "url_fragment",
        /// The URL has a user name or password, which logs will show.
        UrlCredentials = "url_credentials",
        /// The host is not the public one: `PUBLIC_URL` is not set, or the code takes the host from a header that a proxy changed.
        HostDiffers = "host_differs",
        /// An address in place of a name: certificates are for names, as a rule.
        HostIsAddress = "host_is_address",
        /// The host ends in a dot: some proxies and certificates do not know it by that name.
        HostTrailingDot = "host_trailing_dot",
        /// A placeholder that nobody filled in, or the text of a missing value, in the path or the query.
        PlaceholderInPath = "placeholder_in_path",
        /// Another port than 443, which Twilio asks for and firewalls let through.
        PortUnusual = "port_unusual",
        /// `//` in the path, as a rule a base URL that ends in a slash before a path that begins with one: many servers have no such route.
        PathDoubleSlash = "path_double_slash",
        // --- ours ---
        /// We could not send our audio on time, because this machine was busy.
        PacingStarved = "pacing_starved",
    }
}

impl Warning {
    /// Does it speak of sidetone's own machine or settings, and not of the endpoint?
    #[must_use]
    pub const fn is_the_probers_own(self) -> bool {
        matches!(self, Self::PacingStarved | Self::TlsVerificationDisabled)
    }
}
