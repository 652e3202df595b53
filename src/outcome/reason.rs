//! Why a probe did not succeed: the closed list.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{HttpStatus, Outcome, Owner, Phase};

/// Declares the list. A row is: variant, label, phase, owner, outcome, one-line explanation.
macro_rules! reasons {
    ($($variant:ident = $label:literal, $phase:ident, $owner:ident, $outcome:ident, $explains:literal;)+) => {
        /// Why a probe did not succeed. Exactly one per failed or inconclusive probe.
        ///
        /// The labels are public API: alert rules and dashboards hang on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $explains] $variant,)+
            /// The upgrade was answered with this status (the family `http_<code>`).
            Http(HttpStatus),
        }

        impl Reason {
            /// Every reason outside the family `http_<code>`.
            pub const SINGLES: &'static [Self] = &[$(Self::$variant,)+];

            /// The slug: `tls_missing_intermediate`, `http_404`, `ws_eof` …
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ Self::Http(status) => status.label() }
            }

            /// The phase in which it strikes. Reasons that can strike anywhere (`prober_overloaded`, `suspended`,
            /// `cancelled`, `prober_panicked`) name the longest one; a report has the phase that was reached.
            #[must_use]
            pub const fn phase(self) -> Phase {
                match self { $(Self::$variant => Phase::$phase,)+ Self::Http(_) => Phase::Upgrade }
            }

            /// Who must act.
            #[must_use]
            pub const fn owner(self) -> Owner {
                match self { $(Self::$variant => Owner::$owner,)+ Self::Http(status) => status.owner() }
            }

            /// Failure, or inconclusive for causes that provably lie with the prober.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$variant => Outcome::$outcome,)+ Self::Http(_) => Outcome::Failure }
            }

            /// One line that says what happened and, where it is known, the usual cause.
            #[must_use]
            pub const fn explains(self) -> &'static str {
                match self { $(Self::$variant => $explains,)+ Self::Http(status) => status.explains() }
            }
        }
    };
}

reasons! {
    // --- webhook ---
    WebhookNxdomain = "webhook_nxdomain", Webhook, Configuration, Failure, "the webhook's host name does not exist or has no address";
    WebhookDnsFailed = "webhook_dns_failed", Webhook, Network, Failure, "the webhook's host name could not be looked up";
    WebhookRefused = "webhook_refused", Webhook, Server, Failure, "nothing listens on the webhook's port, or a firewall rejects it with a reset";
    WebhookUnreachable = "webhook_unreachable", Webhook, Network, Failure, "no connection to the webhook's host: packets are dropped, the host is down, or there is no way to it";
    WebhookTlsFailed = "webhook_tls_failed", Webhook, Edge, Failure, "the TLS handshake with the webhook failed";
    WebhookNotHttp = "webhook_not_http", Webhook, Configuration, Failure, "the scheme does not fit the webhook's port (plain HTTP at https://, TLS at http://), or what answers there is not HTTP";
    WebhookClosed = "webhook_closed", Webhook, Server, Failure, "the connection ended before the webhook's answer was complete";
    WebhookTimeout = "webhook_timeout", Webhook, Application, Failure, "the webhook's answer was not complete before the provider gives up";
    WebhookRedirected = "webhook_redirected", Webhook, Configuration, Failure, "the webhook redirects (http to https, another host, a login page), which is not followed here: a provider that follows loses the body or the signature; give it the address that answers";
    WebhookForbidden = "webhook_forbidden", Webhook, Credentials, Failure, "the webhook refused the request (401, 403, 407): signature, token or firewall; behind a proxy, servers often rebuild http:// and check the signature against the wrong URL";
    WebhookNotFound = "webhook_not_found", Webhook, Configuration, Failure, "no such path at the webhook's host, or no such service (404, 410)";
    WebhookMethodNotAllowed = "webhook_method_not_allowed", Webhook, Configuration, Failure, "the webhook's path does not take this method (405)";
    WebhookRejected = "webhook_rejected", Webhook, Application, Failure, "the webhook answered with another status that is no success";
    WebhookServerError = "webhook_server_error", Webhook, Application, Failure, "the webhook's code failed (500): the caller hears \"application error\"";
    WebhookBadGateway = "webhook_bad_gateway", Webhook, Edge, Failure, "the proxy in front of the webhook has no backend that answers (502, 503, 504, 52x)";
    WebhookUnreadable = "webhook_unreadable", Webhook, Application, Failure, "the webhook's answer is not the document that the provider reads: HTML, JSON, empty, invalid XML, too large, or sent with a wrong content type";
    WebhookNoStream = "webhook_no_stream", Webhook, Application, Failure, "nothing in the webhook's answer opens a stream";
    WebhookUrlInvalid = "webhook_url_invalid", Webhook, Configuration, Failure, "the stream URL in the webhook's answer cannot be dialled by the provider: malformed, relative, not filled in, or not wss://";
    WebhookUrlPrivate = "webhook_url_private", Webhook, Configuration, Failure, "the stream URL in the webhook's answer is one that no provider can reach: this machine, a private network, a name without a domain";
    WebhookStreamInvalid = "webhook_stream_invalid", Webhook, Application, Failure, "the provider refuses the stream for what else the webhook's answer says of it: track, codec";
    // --- resolve ---
    DnsNxdomain = "dns_nxdomain", Resolve, Configuration, Failure, "the name does not exist (NXDOMAIN): misspelt, expired or never created";
    DnsNoAddress = "dns_no_address", Resolve, Configuration, Failure, "the name exists and has no A or AAAA record";
    DnsCnameDangling = "dns_cname_dangling", Resolve, Configuration, Failure, "the name is an alias of a name that has no address: the target was removed, or the aliases form a loop";
    DnsServfail = "dns_servfail", Resolve, Network, Failure, "the resolver could not get an answer from the domain's name servers (SERVFAIL), or DNSSEC did not validate";
    DnsRefused = "dns_refused", Resolve, Network, Failure, "the name server refused the question (REFUSED)";
    DnsServerError = "dns_server_error", Resolve, Network, Failure, "the name server answered with an error code other than NXDOMAIN, SERVFAIL and REFUSED";
    DnsTimeout = "dns_timeout", Resolve, Network, Failure, "no name server answered before the deadline";
    DnsTruncated = "dns_truncated", Resolve, Network, Failure, "the answer did not fit into UDP and could not be had over TCP";
    DnsMalformed = "dns_malformed", Resolve, Network, Failure, "the name server's answer cannot be read";
    DnsPrivateAddress = "dns_private_address", Resolve, Configuration, Failure, "the host that a webhook's answer names has a private address, which no provider can reach; it is dialled all the same with `allow_private = true`, with a `connect_to`, or where it is the webhook's own host or `expect_host`";
    // --- connect ---
    TcpRefused = "tcp_refused", Connect, Server, Failure, "nothing listens on the port, or a firewall rejects it with a reset";
    TcpUnreachable = "tcp_unreachable", Connect, Network, Failure, "a router or firewall says that the host cannot be reached, or the host does not answer on its own network";
    TcpNoIpv6Route = "tcp_no_ipv6_route", Connect, Configuration, Failure, "the host has only IPv6 addresses and this machine has no IPv6 route; callers on IPv4 cannot reach it either";
    TcpTimeout = "tcp_timeout", Connect, Network, Failure, "no answer to the connection request: packets are dropped, the host is down, or its accept queue is full";
    TcpReset = "tcp_reset", Connect, Network, Failure, "the connection was reset before the server took a single byte: a firewall, a middlebox, or a listener without a process behind it";
    // --- tls ---
    TlsCertExpired = "tls_cert_expired", Tls, Edge, Failure, "a certificate of the chain has expired";
    TlsCertNotYetValid = "tls_cert_not_yet_valid", Tls, Edge, Failure, "a certificate of the chain is not valid yet";
    TlsHostnameMismatch = "tls_hostname_mismatch", Tls, Edge, Failure, "the certificate is for other names";
    TlsCertWrongPurpose = "tls_cert_wrong_purpose", Tls, Edge, Failure, "the certificate is not made for servers (extended key usage)";
    TlsCertRevoked = "tls_cert_revoked", Tls, Edge, Failure, "the certificate has been revoked (needs revocation lists, which this version cannot be given)";
    TlsBadSignature = "tls_bad_signature", Tls, Edge, Failure, "a signature in the chain does not fit its issuer's key";
    TlsSelfSigned = "tls_self_signed", Tls, Edge, Failure, "the certificate is signed by itself and not by an authority";
    TlsPrivateCa = "tls_private_ca", Tls, Edge, Failure, "the chain leads to a private root that is not trusted here, nor at the provider";
    TlsMissingIntermediate = "tls_missing_intermediate", Tls, Edge, Failure, "the server does not send the intermediate certificate; browsers repair that, providers do not";
    TlsUnknownIssuer = "tls_unknown_issuer", Tls, Edge, Failure, "the issuer is unknown: a private authority whose root was not sent, or a missing intermediate";
    TlsChainInvalid = "tls_chain_invalid", Tls, Edge, Failure, "the chain breaks a rule: path length, name constraint, wrong key, too complex";
    TlsCertUnsupported = "tls_cert_unsupported", Tls, Edge, Failure, "a certificate is encoded or signed in a way that is not supported";
    TlsProtocolVersion = "tls_protocol_version", Tls, Edge, Failure, "the server speaks neither TLS 1.2 nor TLS 1.3";
    TlsNoCommonParameters = "tls_no_common_parameters", Tls, Edge, Failure, "no cipher suite or key exchange in common";
    TlsAlpnMismatch = "tls_alpn_mismatch", Tls, Edge, Failure, "the server does not take http/1.1 (ALPN): it offers HTTP/2 only";
    TlsSniRejected = "tls_sni_rejected", Tls, Edge, Failure, "the server does not serve this host name (SNI)";
    TlsClientCertRequired = "tls_client_cert_required", Tls, Credentials, Failure, "the server wants a client certificate";
    TlsClientCertRejected = "tls_client_cert_rejected", Tls, Credentials, Failure, "the server does not accept our client certificate";
    TlsServerInternal = "tls_server_internal", Tls, Server, Failure, "the server failed inside the TLS handshake (internal_error)";
    TlsPortSpeaksHttp = "tls_port_speaks_http", Tls, Configuration, Failure, "the port speaks plain HTTP: wss:// where ws:// is served";
    TlsPortSpeaksOther = "tls_port_speaks_other", Tls, Configuration, Failure, "the port speaks another protocol (SSH, SMTP …), not TLS";
    TlsGarbage = "tls_garbage", Tls, Server, Failure, "the server's handshake records make no sense";
    TlsClosedInHandshake = "tls_closed_in_handshake", Tls, Edge, Failure, "the server closed during the TLS handshake: a proxy without a route for this name, or a balancer without a backend";
    TlsResetInHandshake = "tls_reset_in_handshake", Tls, Network, Failure, "the connection was reset during the TLS handshake: a middlebox or name filter, or a server that dropped us";
    TlsTimeout = "tls_timeout", Tls, Edge, Failure, "the TLS handshake did not finish before the deadline";
    TlsDecryptError = "tls_decrypt_error", Tls, Network, Failure, "a TLS record was damaged on its way";
    TlsOther = "tls_other", Tls, Edge, Failure, "another TLS fault; the report has its text";
    // --- upgrade ---
    Http200NotWebsocket = "http_200_not_websocket", Upgrade, Configuration, Failure, "an ordinary page (200) where the 101 was due: wrong path, static site, or a tunnel's warning page";
    HttpOther = "http_other", Upgrade, Server, Failure, "a status outside 100 to 599 where the 101 was due";
    HttpVersion10 = "http_version_10", Upgrade, Edge, Failure, "switched protocols over HTTP/1.0, which has no upgrade: a proxy speaks HTTP/1.0 to its backend";
    HttpIsH2 = "http_is_h2", Upgrade, Edge, Failure, "the port speaks HTTP/2 only";
    WsPortSpeaksTls = "ws_port_speaks_tls", Upgrade, Configuration, Failure, "the port speaks TLS: ws:// where wss:// is served";
    WrongService = "wrong_service", Upgrade, Configuration, Failure, "another service answers on this port (SSH, SMTP …)";
    HttpGarbage = "http_garbage", Upgrade, Server, Failure, "the answer is not HTTP";
    HttpHeadTooLarge = "http_head_too_large", Upgrade, Server, Failure, "the answer's head is larger than 16 KiB or 100 headers";
    HttpSlow = "http_slow", Upgrade, Server, Failure, "the answer began and its head was not complete before the deadline";
    HttpMalformed = "http_malformed", Upgrade, Server, Failure, "the answer looks like HTTP and breaks its rules";
    HttpClosedNoResponse = "http_closed_no_response", Upgrade, Server, Failure, "the server closed without answering the upgrade request";
    HttpTruncated = "http_truncated", Upgrade, Server, Failure, "the server closed in the middle of its answer's head";
    HttpReset = "http_reset", Upgrade, Server, Failure, "the connection was reset before the answer was complete";
    HttpTimeout = "http_timeout", Upgrade, Server, Failure, "no answer to the upgrade request before the deadline";
    UpgradeHeaderMissing = "upgrade_header_missing", Upgrade, Edge, Failure, "a 101 without Upgrade: websocket";
    UpgradeConnectionMissing = "upgrade_connection_missing", Upgrade, Edge, Failure, "a 101 without Connection: upgrade";
    UpgradeAcceptMissing = "upgrade_accept_missing", Upgrade, Edge, Failure, "a 101 without Sec-WebSocket-Accept";
    UpgradeAcceptWrong = "upgrade_accept_wrong", Upgrade, Edge, Failure, "a 101 whose Sec-WebSocket-Accept does not fit our key: a cache or something that is no WebSocket server answers";
    UpgradeExtensionUnrequested = "upgrade_extension_unrequested", Upgrade, Server, Failure, "the server switched on an extension that was not offered (compression, as a rule)";
    UpgradeSubprotocolUnrequested = "upgrade_subprotocol_unrequested", Upgrade, Application, Failure, "the server chose a subprotocol and none was offered; providers drop the line then";
    UpgradeSubprotocolMismatch = "upgrade_subprotocol_mismatch", Upgrade, Application, Failure, "the server chose a subprotocol that was not among the offered ones";
    UpgradeSubprotocolMissing = "upgrade_subprotocol_missing", Upgrade, Application, Failure, "the server chose none of the offered subprotocols and the monitor demands one";
    // --- hold ---
    ClosedByServer = "closed_by_server", Hold, Application, Failure, "the server closed the line with a Close frame before the hold was over";
    WsBadClose = "ws_bad_close", Hold, Server, Failure, "the server's Close frame is malformed: a one-byte payload, or a reason that is not UTF-8";
    WsEof = "ws_eof", Hold, Server, Failure, "the line dropped without a close frame (1006)";
    WsEofMidFrame = "ws_eof_mid_frame", Hold, Server, Failure, "the line dropped in the middle of a frame (1006)";
    WsReset = "ws_reset", Hold, Server, Failure, "the line was reset without a close frame (1006): usually a process that died or closed with our audio unread";
    WsHttpAfterUpgrade = "ws_http_after_upgrade", Hold, Edge, Failure, "an HTTP answer came after the 101: a proxy switched protocols and then could not reach its backend";
    WsRsvBits = "ws_rsv_bits", Hold, Server, Failure, "a frame uses reserved bits: compressed although no compression was agreed";
    WsBadOpcode = "ws_bad_opcode", Hold, Server, Failure, "a frame has an opcode that does not exist";
    WsMasked = "ws_masked", Hold, Server, Failure, "the server masks its frames, which only clients may do";
    WsInvalidUtf8 = "ws_invalid_utf8", Hold, Application, Failure, "a text message is not UTF-8";
    WsBadControl = "ws_bad_control", Hold, Server, Failure, "a ping, pong or close frame is fragmented or longer than 125 bytes";
    WsFragmentation = "ws_fragmentation", Hold, Server, Failure, "fragments of messages are out of order";
    WsTooLarge = "ws_too_large", Hold, Application, Failure, "a frame or message is larger than the monitor's limit";
    WsPingTimeout = "ws_ping_timeout", Hold, Server, Failure, "our ping was not answered in time";
    WsSilent = "ws_silent", Hold, Application, Failure, "nothing at all came for longer than the monitor allows, and the kernel cannot say why";
    WsWriteStalled = "ws_write_stalled", Hold, Server, Failure, "the server stopped reading: our audio piles up (zero window)";
    NetBlackhole = "net_blackhole", Hold, Network, Failure, "our packets are no longer acknowledged: the path or the host is gone";
    NetLossy = "net_lossy", Hold, Network, Failure, "nothing came for longer than the monitor allows while packets were being lost and sent again";
    AppSilent = "app_silent", Hold, Application, Failure, "the server is alive and reads, and sent nothing for longer than the monitor allows";
    PeerFlood = "peer_flood", Hold, Application, Failure, "the server sent more bytes or frames than the monitor's budget";
    AppNoMessage = "app_no_message", Hold, Application, Failure, "no message came within the time that the monitor expects";
    AppMessageMismatch = "app_message_mismatch", Hold, Application, Failure, "no message matched what the monitor expects";
    AppNoEcho = "app_no_echo", Hold, Application, Failure, "the server did not send back what we sent";
    AppNoAudio = "app_no_audio", Hold, Application, Failure, "no audio came within the time that the monitor expects";
    AppSilenceOnly = "app_silence_only", Hold, Application, Failure, "audio came and all of it was silence";
    AppWrongRate = "app_wrong_rate", Hold, Application, Failure, "the server's audio does not have the expected byte rate: wrong codec or sample rate";
    AppNotAnswered = "app_not_answered", Hold, Application, Failure, "the server did not open the session in time: the answer that the dialect demands (`opened`, `answer`, `session.created`) did not come";
    AppRefused = "app_refused", Hold, Application, Failure, "the server refused the session in the dialect's own words (`busy`, `reject`, `disconnect`)";
    AppHungUp = "app_hung_up", Hold, Application, Failure, "the server ended the call in the dialect's own words before the hold was over";
    AppNoMark = "app_no_mark", Hold, Application, Failure, "the server set no mark that was played within the time that the monitor expects";
    AppWarned = "app_warned", Hold, Application, Failure, "there was a warning that the monitor counts as a failure (`no_warnings`)";
    // --- close ---
    CloseHandshakeTimeout = "close_handshake_timeout", Close, Server, Failure, "the server did not answer our Close in time, and the monitor demands it";
    CloseUnacknowledged = "close_unacknowledged", Close, Server, Failure, "the server ended the connection without answering our Close, and the monitor demands it";
    // --- inconclusive ---
    LocalDnsConfig = "local_dns_config", Resolve, Prober, Inconclusive, "no name server is configured on the prober's machine";
    LocalNoRoute = "local_no_route", Connect, Prober, Inconclusive, "the prober's machine has no route to the address";
    LocalPolicy = "local_policy", Connect, Prober, Inconclusive, "the prober's machine forbids the connection (route, firewall or sandbox)";
    LocalFdExhausted = "local_fd_exhausted", Connect, Prober, Inconclusive, "the prober has no file descriptors left";
    LocalPortsExhausted = "local_ports_exhausted", Connect, Prober, Inconclusive, "the prober's machine has no free ports left";
    LocalResources = "local_resources", Connect, Prober, Inconclusive, "the prober's machine has no memory or buffers left";
    LocalClock = "local_clock", Tls, Prober, Inconclusive, "the prober's clock is wrong, so that no certificate can be judged";
    Suspended = "suspended", Hold, Prober, Inconclusive, "the prober's machine was suspended during the probe";
    ProberOverloaded = "prober_overloaded", Hold, Prober, Inconclusive, "the prober was too busy to keep its own deadlines";
    PacingStarved = "pacing_starved", Hold, Prober, Inconclusive, "the prober could not send its audio on time, so that the answer cannot be judged";
    Cancelled = "cancelled", Hold, Prober, Inconclusive, "the probe was ended by us: shutdown, or its monitor was changed";
    ProberPanicked = "prober_panicked", Hold, Prober, Inconclusive, "the probe hit a bug of sidetone";
}

impl Reason {
    /// Every reason with a row of its own in the reference table: the singles, then the explained statuses.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::SINGLES.iter().copied().chain(HttpStatus::EXPLAINED.iter().copied().map(Self::Http))
    }

    /// The reason for an upgrade that was answered with `code` instead of 101.
    #[must_use]
    pub const fn from_status(code: u16) -> Self {
        match (code, HttpStatus::new(code)) {
            (200, _) => Self::Http200NotWebsocket,
            (_, Some(status)) => Self::Http(status),
            (_, None) => Self::HttpOther,
        }
    }

    /// Would another probe at once give the same answer? Certificates, credentials and plain refusals by status do not
    /// heal within seconds, so no confirmation run is spent on them.
    #[must_use]
    pub fn is_deterministic(self) -> bool {
        if let Self::Http(status) = self {
            return (300..500).contains(&status.code()) && !matches!(status.code(), 408 | 425 | 429);
        }
        let settled = [Self::Http200NotWebsocket, Self::WsPortSpeaksTls, Self::TlsPortSpeaksHttp, Self::DnsNxdomain];
        let tls = self.phase() == Phase::Tls && self.owner() != Owner::Network && self != Self::TlsTimeout;
        tls || settled.contains(&self)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn labels_are_unique_snake_case_words() {
        let mut seen = BTreeSet::new();
        for reason in Reason::all() {
            let label = reason.label();
            assert!(seen.insert(label), "{label} stands twice");
            assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{label}");
        }
    }

    #[test]
    fn explanations_are_one_line_without_a_full_stop() {
        for reason in Reason::all() {
            let text = reason.explains();
            assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{reason}: {text}");
        }
    }

    #[test]
    fn only_the_prober_is_inconclusive() {
        for reason in Reason::all() {
            assert_eq!(reason.outcome() == Outcome::Inconclusive, reason.owner() == Owner::Prober, "{reason}");
        }
    }

    #[test]
    fn statuses_find_their_reason() {
        let rows =
            [(404, "http_404"), (200, "http_200_not_websocket"), (999, "http_other"), (101, "http_other"), (418, "http_418")];
        for (code, label) in rows {
            assert_eq!(Reason::from_status(code).label(), label);
        }
    }
}
