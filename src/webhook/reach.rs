//! Which hosts anybody on the internet can reach, and which ones a webhook's answer may send a probe to.
//!
//! A webhook's answer is foreign text: without this rule, whoever writes it could let the probe dial into the prober's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use super::Rules;

/// Endings of names that exist within a network only (RFC 6762, RFC 8375, RFC 9476 and habit).
const PRIVATE_SUFFIXES: [&str; 9] =
    [".localhost", ".local", ".internal", ".localdomain", ".lan", ".intranet", ".home.arpa", ".corp", ".test"];

impl Rules<'_> {
    /// May a stream's host be dialled wherever it is? It may if the user said so, or wrote this host into the monitor.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        self.allow_private || self.names(host)
    }

    /// Did the user write this host into the monitor: as the webhook's, or as `expect_host`?
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        let written = [self.webhook.host_str(), self.expect_host];
        let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        written.into_iter().flatten().any(|name| bare(name) == bare(host))
    }
}

/// A name or address that no provider can reach, as far as it can be told from how it is written.
pub(super) fn is_private<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            let name = name.strip_suffix('.').unwrap_or(name);
            !name.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        }
        Host::Ipv4(ip) => !is_public(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => !is_public(IpAddr::V6(*ip)),
    }
}

/// Is it an address that anybody on the internet can reach? (IANA's registries of special-purpose addresses; `IpAddr::is_global` is not
/// stable. Those for documentation count as public: they lead nowhere.)
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || a == 0 || a >= 224;
    // Shared address space (RFC 6598), IETF protocol assignments (RFC 6890), benchmarking (RFC 2544).
    let reserved = (a == 100 && b & 0xC0 == 64) || (a == 192 && b == 0 && c == 0) || (a == 198 && b & 0xFE == 18);
    !special && !reserved
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [first, second, third, ..] = v6.segments();
    match (first, second) {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address.
        (0x64, 0xFF9B) if third == 0 => is_public_v4(embedded(v6, 12)),
        (0x2002, _) => is_public_v4(embedded(v6, 2)),
        // Teredo and other protocol assignments (2001::/23), ORCHID.
        (0x2001, 0..=0x1FF) => false,
        // Global unicast is 2000::/3 (RFC 4291 section 2.4).
        _ => first & 0xE000 == 0x2000,
    }
}

fn embedded(v6: Ipv6Addr, at: usize) -> Ipv4Addr {
    let bytes = v6.octets();
    Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_public_network() {
        for text in
            ["203.0.113.7", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "::127.0.0.1",
            "fec0::1",
        ];
        for text in private {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
