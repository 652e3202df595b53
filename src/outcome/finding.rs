//! What a report says beyond its reason: the closed list of findings, and how sure each is.

use super::{explained, words};

words! {
    /// How sure a finding is.
    Confidence {
        /// The evidence leaves nothing else.
        Certain = "certain",
        /// The evidence points there, and something else is possible.
        Likely = "likely",
        /// The evidence fits, as it would fit other causes.
        Consistent = "consistent with",
    }
}

explained! {
    /// A sentence of diagnosis.
    Finding {
        // --- who answered ---
        /// The tunnel has no agent: nobody serves the name at the moment.
        TunnelOffline = "tunnel_offline",
        /// The tunnel's warning page for browsers answered in place of the server.
        TunnelPage = "tunnel_page",
        /// The platform has no such service: removed, never deployed, or another name.
        NoSuchService = "no_such_service",
        /// The platform knows the service, and it is stopped, paused, disabled or asleep.
        ServiceStopped = "service_stopped",
        /// What is in front of the server got no valid answer from it: refused, crashed, closed, not HTTP.
        BackendFails = "backend_fails",
        /// What is in front of the server waited for it in vain.
        BackendSilent = "backend_silent",
        /// TLS between the edge and the server fails: handshake or certificate.
        OriginTlsFails = "origin_tls_fails",
        /// Bot protection asks for a proof that no telephony provider gives.
        BotProtection = "bot_protection",
        /// A rule in front of the server refuses the request: firewall, rate limit, authorizer.
        RefusedInFront = "refused_in_front",
        /// Something on the way, or the server itself, has nothing at this host and path.
        RouteMissing = "route_missing",
        /// The server says that it saw no upgrade: its headers were lost on the way.
        UpgradeLost = "upgrade_lost",
        /// The server took the upgrade for an ordinary GET: headers lost on the way, or no WebSocket handler at this path.
        PlainGet = "plain_get",
        /// The application turned the caller down before it accepted the WebSocket.
        RejectedBeforeAccept = "rejected_before_accept",
        /// The server speaks a protocol of its own on top of WebSocket, such as Socket.IO.
        NotPlainWebsocket = "not_plain_websocket",
        /// An ordinary web page answered: wrong path or host, static site, single-page application.
        OrdinaryPage = "ordinary_page",
        /// The server sends the caller elsewhere: to TLS, to a path with or without a slash, to a login page.
        Redirected = "redirected",
        /// The certificate is a placeholder that a proxy makes for itself, or one for the way behind an edge.
        PlaceholderCertificate = "placeholder_certificate",
        // --- what second ways prove ---
        /// The other scheme works (`ws` for `wss`, or the reverse).
        WrongScheme = "wrong_scheme",
        /// Another path works, and that of the URL does not.
        WrongPath = "wrong_path",
        /// Something listens at the scheme's usual port, and nothing at the URL's.
        WrongPort = "wrong_port",
        /// TLS works once the certificate is not looked at.
        OnlyTheCertificate = "only_the_certificate",
        /// The system's resolver finds the host, and the configured name servers do not.
        NameServersDiffer = "name_servers_differ",
        /// One address family works, and the other fails.
        OneFamilyFails = "one_family_fails",
        /// Without the offered subprotocols the server answers 101.
        SubprotocolRefused = "subprotocol_refused",
        /// Of the ladder from the upgrade alone to everything, this rung is the first that dies.
        FirstRungThatDies = "first_rung_that_dies",
        /// When the line was opened again, rung by rung, nothing failed.
        DidNotHappenAgain = "did_not_happen_again",
        /// The public way failed and the server itself, asked past whatever is in front of it, worked: the fault lies between.
        FaultBeforeOrigin = "fault_before_origin",
        /// The server itself failed as well: what is in front of it is not to blame, or not alone.
        FaultBehindOrigin = "fault_behind_origin",
        /// The realtime way failed and the traditional webhook answers: callers can be served by it.
        FallbackWorks = "fallback_works",
        /// The realtime way failed and the traditional webhook fails too.
        FallbackFails = "fallback_fails",
        // --- how a line ended ---
        /// A gateway switched protocols and then could not go on with the server behind it.
        GatewayLostBackend = "gateway_lost_backend",
        /// The line ended right after the 101: the handler raised at once, or a proxy had nobody behind it.
        HandlerFailedAtOnce = "handler_failed_at_once",
        /// The line ended as soon as the first message had arrived: wrong kind of frame, wrong fields, or a start message that is missing.
        FirstMessageRejected = "first_message_rejected",
        /// The line ended within seconds without a word: what the agent needs for a call (keys, database, models) did not come up, or
        /// the caller was checked after the 101.
        SetupFailed = "setup_failed",
        /// The line ended without a Close soon after the server had begun to speak: its handler failed in the middle of the session.
        FailedInSession = "failed_in_session",
        /// The line ended after 5 or 10 s without a word: the server waited for something that did not come.
        StartTimeout = "start_timeout",
        /// The server gave the line up over a ping whose pong it did not see in time.
        KeepaliveTimeout = "keepalive_timeout",
        /// The server says itself that it ended the line for lack of traffic.
        ServerIdleTimeout = "server_idle_timeout",
        /// The line was reset while our audio was on its way: as a rule a process that ended with our audio unread, and not the network.
        AudioUnread = "audio_unread",
        /// The server's receive window was closed: its process hangs, or is blocked by other work.
        ServerNotReading = "server_not_reading",
        /// What we sent was no longer acknowledged: the host or the path to it went away.
        PathLost = "path_lost",
        /// The server ended the call as after a call.
        EndedOnPurpose = "ended_on_purpose",
        /// The server said that it goes away: a deploy, a shutdown, or a limit of its own.
        ServerGoingAway = "server_going_away",
        /// The server said that it restarts.
        ServerRestarts = "server_restarts",
        /// The server said that it has no room for the call.
        ServerOverloaded = "server_overloaded",
        /// The server says that the caller broke the protocol.
        ProtocolErrorClaimed = "protocol_error_claimed",
        /// The server does not take this kind of frame: text where it wants binary, or the other way round.
        WrongFrameKind = "wrong_frame_kind",
        /// The server could not read what a message held.
        PayloadRejected = "payload_rejected",
        /// The server refused the call: credentials, quota, or a start message that is missing.
        RefusedByPolicy = "refused_by_policy",
        /// A message was larger than the server or something in front of it takes.
        MessageTooBig = "message_too_big",
        /// The server reports an error of its own.
        ServerException = "server_exception",
        /// The application closed with a code of its own; only its makers know what it means.
        ApplicationCode = "application_code",
        // --- what a history shows ---
        /// The lines end after the same time without traffic, again and again.
        IdleTimeout = "idle_timeout",
        /// The lines end at the same age, whatever flows.
        LifetimeLimit = "lifetime_limit",
        /// One address of the host fails and another works.
        OneAddressFails = "one_address_fails",
        /// One address gives two results in turn: two servers are behind it, and one of them is bad.
        OneBackendFails = "one_backend_fails",
        /// All was well until a moment, and nothing since.
        BeganSuddenly = "began_suddenly",
        /// The dial takes longer and longer.
        DialSlows = "dial_slows",
        /// A certificate runs out soon, and has not been renewed.
        CertificateExpires = "certificate_expires",
        /// Some probes fail and some do not, in no order.
        Intermittent = "intermittent",
        // --- what several monitors show together ---
        /// The monitors of one host failed together: the fault is the host's, and not one endpoint's.
        HostFailsTogether = "host_fails_together",
        /// The monitors whose names lead to one address failed together: the fault is what listens there, or the way to it.
        AddressFailsTogether = "address_fails_together",
        /// The monitors that are shown one certificate refuse it together.
        CertificateFailsTogether = "certificate_fails_together",
        /// So much fails at once, or the control line on loopback does, that the prober itself or its network is suspected.
        ProberSuspect = "prober_suspect",
        // --- what probes like these cannot show ---
        /// The hold is shorter than the timers that end calls.
        HoldTooShort = "hold_too_short",
        /// Audio flows all the time, which keeps idle timers from firing.
        StreamHidesIdle = "stream_hides_idle",
        /// Our pings keep idle timers from firing.
        PingsHideIdle = "pings_hide_idle",
        /// So many clean probes leave room for so many failures.
        CleanProbesBound = "clean_probes_bound",
        /// One end at the time of a known timer may be chance.
        OneEndProvesNoTimer = "one_end_proves_no_timer",
    }
}
