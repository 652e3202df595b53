//! The HTTP status family of reasons, `http_<code>`, bounded so that a hostile server cannot invent labels.

use std::sync::LazyLock;

use super::Owner;

const LOWEST: u16 = 100;
const HIGHEST: u16 = 599;

/// A status code other than 101 and 200, which have reasons of their own; 100 to 599 (RFC 9110 section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpStatus(u16);

impl HttpStatus {
    /// The codes whose meaning for a voice endpoint is explained; the reference table has a row for each.
    pub const EXPLAINED: &'static [Self] = &{
        const CODES: [u16; 34] = [
            301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 415, 421, 426, 429, 500, 501, 502, 503,
            504, 505, 520, 521, 522, 523, 524, 525, 526, 527, 530,
        ];
        let mut list = [Self(0); CODES.len()];
        let mut i = 0;
        while i < CODES.len() {
            list[i] = Self(CODES[i]);
            i += 1;
        }
        list
    };

    /// The status, or `None` outside 100 to 599 and for 101.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code < LOWEST || code > HIGHEST || code == 101 { None } else { Some(Self(code)) }
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// `http_404` and so on.
    #[must_use]
    pub fn label(self) -> &'static str {
        static LABELS: LazyLock<Vec<String>> = LazyLock::new(|| (LOWEST..=HIGHEST).map(|code| format!("http_{code}")).collect());
        &LABELS[usize::from(self.0 - LOWEST)]
    }

    /// Who most probably must act.
    #[must_use]
    pub const fn owner(self) -> Owner {
        match self.0 {
            401 | 403 | 407 => Owner::Credentials,
            400 | 405 | 421 | 426 | 501 | 502 | 503 | 504 | 505 | 520..=530 => Owner::Edge,
            300..=399 | 402 | 404 | 406 | 410 | 415 => Owner::Configuration,
            _ => Owner::Server,
        }
    }

    /// One line: what this answer to an upgrade request means.
    #[must_use]
    #[expect(clippy::match_overlapping_arm, reason = "the explained codes come first, their classes are the rest")]
    pub const fn explains(self) -> &'static str {
        match self.0 {
            301 | 302 | 303 | 307 | 308 => {
                "redirected: providers do not follow; use the address in Location (https or wss, another path, a login page)"
            }
            400 => "the upgrade request was refused as malformed: often a proxy that dropped the Upgrade headers",
            401 => "the upgrade needs credentials that were missing or wrong",
            402 => "the hosting account or deployment is disabled",
            403 => "forbidden: signature, token or firewall rule; Starlette and FastAPI answer so to an unknown route as well",
            404 => "no such path, or no such service on this host, or a backend that saw a plain GET",
            405 => "the path exists and does not take GET: it is not the WebSocket route",
            406 => "the server does not accept what the request offers",
            407 => "a proxy on the way wants credentials",
            408 => "the server gave up waiting for the request",
            410 => "the path is gone for good",
            415 => "the server does not accept the media type",
            421 => "this server does not serve that host name: TLS name and Host do not fit together",
            426 => "the server saw no Upgrade header, or wants another Sec-WebSocket-Version",
            429 => "too many requests: rate limit",
            500 => "the application failed while it handled the upgrade",
            501 => "the server does not implement upgrades",
            502 => "the proxy could not get a valid answer from its backend: refused, crashed or closed",
            503 => "the proxy has no backend that takes the request: starting, overloaded or stopped",
            504 => "the proxy's backend did not answer in time",
            505 => "the server does not take this HTTP version",
            520 => "Cloudflare: the origin answered garbage or closed",
            521 => "Cloudflare: the origin refused the connection",
            522 => "Cloudflare: connecting to the origin timed out",
            523 => "Cloudflare: the origin is unreachable",
            524 => "Cloudflare: the origin answered too late",
            525 => "Cloudflare: the TLS handshake with the origin failed",
            526 => "Cloudflare: the origin's certificate is not valid",
            527 => "Cloudflare: the tunnel to the origin failed",
            530 => "Cloudflare: the origin or tunnel cannot be reached; the body has the 1xxx code",
            100..=199 => "an interim answer where the 101 was due",
            200..=299 => "an ordinary HTTP answer where the 101 was due",
            300..=399 => "redirected where the 101 was due",
            400..=499 => "the upgrade request was refused",
            _ => "the server failed to answer the upgrade request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_bounded() {
        for code in [0, 99, 101, 600, 999, 1000, u16::MAX] {
            assert_eq!(HttpStatus::new(code), None, "{code}");
        }
        assert_eq!(HttpStatus::new(404).map(HttpStatus::label), Some("http_404"));
        assert_eq!(HttpStatus::new(100).map(HttpStatus::label), Some("http_100"));
        assert_eq!(HttpStatus::new(599).map(HttpStatus::label), Some("http_599"));
    }
}
