//! The words for how a probe ended: [`Outcome`], [`Phase`], [`Owner`], [`Reason`], [`Warning`] and
//! [`Finding`].
//!
//! Pure vocabulary: nothing here knows a socket, a clock or a monitor. The labels are public API (metrics, JSON, alert
//! rules); a snapshot test holds them still.
//!
//! Invariant: every reason has exactly one phase, one owner and one outcome, by matches without a wildcard arm.

mod check;
mod finding;
mod reason;
mod status;
mod warning;

pub use check::Check;
pub use finding::{Confidence, Finding};
pub use reason::Reason;
pub use status::HttpStatus;
pub use warning::Warning;

/// Declares an enum of words: each variant with its label, plus `ALL`, `label()`, `Display` and `Serialize`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $label:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $label)] $variant,)+ }

        impl $name {
            /// Every word of the list, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it stands in metrics, JSON and logs.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.label())
            }
        }
    };
}
pub(crate) use words;

/// Declares an enum of words whose doc comments are their explanations in the documentation as well: `explains()`.
macro_rules! explained {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $explains:literal])+ $variant:ident = $label:literal,)+ }) => {
        $crate::outcome::words! {
            $(#[$meta])*
            $name { $($(#[doc = $explains])+ $variant = $label,)+ }
        }

        impl $name {
            /// What it means, in lines of text.
            #[must_use]
            pub const fn explains(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($explains),+],)+ }
            }
        }
    };
}
use explained;

words! {
    /// What a probe says about the endpoint.
    Outcome {
        /// The line was held as planned, or ended as the monitor allows.
        Success = "success",
        /// The endpoint, or the way to it, is bad.
        Failure = "failure",
        /// The prober could not tell, for a cause that provably lies with itself. Never counted against the endpoint.
        Inconclusive = "inconclusive",
    }
}

words! {
    /// The steps of a probe in the order in which they happen.
    Phase {
        /// Asking the provider's webhook for the stream URL (optional first step).
        Webhook = "webhook",
        /// Looking up the host's addresses.
        Resolve = "resolve",
        /// The TCP handshake.
        Connect = "connect",
        /// The TLS handshake, with the certificate check.
        Tls = "tls",
        /// The HTTP upgrade: from the request's first byte to the 101.
        Upgrade = "upgrade",
        /// From the 101 to the end of the line.
        Hold = "hold",
        /// The goodbye: from our Close until it is answered or given up.
        Close = "close",
    }
}

words! {
    /// Who must act so that it works again.
    Owner {
        /// sidetone itself or the machine that it runs on.
        Prober = "prober",
        /// The path between the prober and the host, and the domain's name servers.
        Network = "network",
        /// What terminates TLS and HTTP in front of the server: proxy, load balancer, tunnel, platform.
        Edge = "edge",
        /// The process that serves the WebSocket, or the host under it.
        Server = "server",
        /// The code of the voice agent.
        Application = "application",
        /// A token, password, signature or client certificate.
        Credentials = "credentials",
        /// The URL or the settings of the monitor, and so probably of the provider as well.
        Configuration = "configuration",
    }
}
