//! What a report says beyond its reason: the closed list of findings, and how sure each is.

use super::words;

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

/// Declares the list: the doc comment of a finding is its explanation in the documentation as well.
macro_rules! findings {
    ($($(#[doc = $explains:literal])+ $variant:ident = $label:literal,)+) => {
        words! {
            /// A sentence of diagnosis.
            Finding {
                $($(#[doc = $explains])+ $variant = $label,)+
            }
        }

        impl Finding {
            /// What it means, in lines of text.
            #[must_use]
            pub const fn explains(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($explains),+],)+ }
            }
        }
    };
}

findings! {
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
    /// The public way failed and the server itself, asked past whatever is in front of it, worked: the fault lies between.
    FaultBeforeOrigin = "fault_before_origin",
    /// The server itself failed as well: what is in front of it is not to blame, or not alone.
    FaultBehindOrigin = "fault_behind_origin",
    /// The realtime way failed and the traditional webhook answers: callers can be served by it.
    FallbackWorks = "fallback_works",
    /// The realtime way failed and the traditional webhook fails too.
    FallbackFails = "fallback_fails",
}
