//! How a monitor dials: addresses, deadlines, TLS, and what goes into the upgrade request.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::target::checked_name;
use crate::outcome::words;
use crate::secret::Secret;
use crate::signature::twilio::Algorithm;

/// Everything between the URL and the 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialPlan {
    /// The deadline of each phase.
    pub timeouts: Timeouts,
    /// Which address family.
    pub ip: IpChoice,
    /// Dial this host and port instead of the URL's; Host header and server name stay those of the URL.
    pub connect_to: Option<HostPort>,
    /// Who answers lookups.
    pub resolver: ResolverChoice,
    /// TLS, for `wss`.
    pub tls: TlsPlan,
    /// Extra headers of the upgrade request, in order. Values are secrets, since many are.
    pub headers: Vec<(String, Secret)>,
    /// The `Authorization` header.
    pub credentials: Option<Credentials>,
    /// Offered subprotocols, in order; none are offered if it is empty.
    pub subprotocols: Vec<String>,
    /// Is a server that chooses none of the offered subprotocols a failure?
    pub require_subprotocol: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How the request is signed, if it is.
    pub signature: Option<SignaturePlan>,
}

impl Default for DialPlan {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            ip: IpChoice::Auto,
            connect_to: None,
            resolver: ResolverChoice::default(),
            tls: TlsPlan::default(),
            headers: Vec::new(),
            credentials: None,
            subprotocols: Vec::new(),
            require_subprotocol: false,
            user_agent: concat!("sidetone/", env!("CARGO_PKG_VERSION")).to_owned(),
            signature: None,
        }
    }
}

/// The deadline of each phase of the dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// All lookups together.
    pub resolve: Duration,
    /// All connection attempts together. The default lies off the kernel's retransmission grid (1 s, 3 s, 7 s).
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request to the end of the answer's head.
    pub upgrade: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(5),
            connect: Duration::from_secs(4),
            tls: Duration::from_secs(5),
            upgrade: Duration::from_secs(10),
        }
    }
}

/// Which address family is dialled. There is no silent change from one to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpChoice {
    /// IPv4 if the host has an A record, else IPv6.
    #[default]
    Auto,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// A host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host.
    pub host: url::Host<String>,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// Reads `host:port`, `1.2.3.4:port` or `[::1]:port`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            let host = match address.ip() {
                IpAddr::V4(ip) => url::Host::Ipv4(ip),
                IpAddr::V6(ip) => url::Host::Ipv6(ip),
            };
            return Some(Self { host, port: address.port() });
        }
        let (host, port) = text.rsplit_once(':')?;
        let host = url::Host::parse(host).ok()?;
        if let url::Host::Domain(name) = &host {
            checked_name(name).ok()?;
        }
        Some(Self { host, port: port.parse().ok()? })
    }
}

/// Who answers lookups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResolverChoice {
    /// The name servers of `/etc/resolv.conf`, asked directly, after `/etc/hosts`.
    #[default]
    Configured,
    /// `getaddrinfo`, with everything that `nsswitch.conf` says; its errors are coarse and it cannot be cancelled.
    System,
    /// These name servers.
    Servers(Vec<SocketAddr>),
}

/// Which authorities are trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Roots {
    /// Mozilla's list, built in: the nearest to what providers trust.
    #[default]
    Webpki,
    /// The operating system's store.
    Native,
}

/// How TLS is done. There is no session resumption, and ALPN offers `http/1.1` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPlan {
    /// The base of trust.
    pub roots: Roots,
    /// Further authorities (`ca_file`), as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// Our own certificate, where the server wants one.
    pub client: Option<ClientIdentity>,
    /// Another name for SNI and the certificate check than the URL's host.
    pub server_name: Option<String>,
    /// Is the certificate checked? Off only by `insecure = true`.
    pub verify: bool,
}

impl Default for TlsPlan {
    fn default() -> Self {
        Self { roots: Roots::Webpki, extra_roots: Vec::new(), client: None, server_name: None, verify: true }
    }
}

/// A client certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The chain as DER, the leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The private key, as PEM text.
    pub key_pem: Secret,
}

/// What the `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// RFC 7617.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// RFC 6750.
    Bearer(Secret),
}

words! {
    /// The scheme of a URL that is signed.
    UrlScheme {
        /// As it stands in the TwiML: `wss://…`.
        Wss = "wss",
        /// As some servers rebuild it: `https://…`.
        Https = "https",
    }
}

/// How an upgrade is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignaturePlan {
    /// `X-Twilio-Signature` over the URL.
    Twilio {
        /// The account's auth token, or the secret of the shared key.
        token: Secret,
        /// With which hash.
        algorithm: Algorithm,
        /// The id of the shared key, for SHA-256.
        key_id: Option<String>,
        /// The scheme of the URL that is signed.
        scheme: UrlScheme,
    },
    /// `X-API-KEY`, and an HTTP message signature (RFC 9421) if there is a secret.
    AudioHook {
        /// The API key, which names the secret as well.
        api_key: Secret,
        /// The client secret, in base64.
        client_secret: Option<Secret>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port() {
        for (text, host, port) in
            [("localhost:80", "localhost", 80), ("[::1]:443", "[::1]", 443), ("10.0.0.1:5050", "10.0.0.1", 5050)]
        {
            let parsed = HostPort::parse(text).unwrap();
            assert_eq!((parsed.host.to_string().as_str(), parsed.port), (host, port));
        }
        for bad in ["a..b:443", "localhost", ":80", "a:b", "a:70000", ""] {
            assert_eq!(HostPort::parse(bad), None, "{bad}");
        }
    }
}
