//! The follow-up checks after a failure: the closed list.

use super::explained;

explained! {
    /// What is tried after a failure, to learn more about it.
    Check {
        /// The same name through the operating system's resolver.
        Resolver = "resolver",
        /// The other address family alone.
        Family = "family",
        /// One address of several by itself.
        Address = "address",
        /// The scheme's usual port in place of the URL's.
        Port = "port",
        /// TLS without a look at the certificate.
        Unverified = "unverified",
        /// An ordinary GET at the same host and path: is anything up, does the route exist?
        PlainGet = "plain_get",
        /// `ws` for `wss`, or the reverse.
        OtherScheme = "other_scheme",
        /// Another path: with or without the slash at its end, or one of `path_variants`.
        Path = "path",
        /// Without the offered subprotocols.
        Subprotocol = "subprotocol",
        /// First rung of the ladder: the upgrade alone.
        RungUpgrade = "rung_upgrade",
        /// Second rung: the line is held, and nothing is sent.
        RungIdle = "rung_idle",
        /// Third rung: the line is held with pings alone.
        RungPing = "rung_ping",
        /// Fourth rung: the dialect's hello, and no audio.
        RungHello = "rung_hello",
        /// Last rung: everything, as the failed probe had it.
        RungAudio = "rung_audio",
    }
}
