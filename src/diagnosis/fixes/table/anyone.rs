//! What anyone may try, whoever answered or did not.

use super::super::fix::Fix;
use super::super::fix::Whom::Anyone;
use crate::diagnosis::layers::Standing::{Assumed, Documented};
use crate::outcome::Finding::{
    FailedInSession, HandlerFailedAtOnce, OrdinaryPage, PlainGet, RouteMissing, ServerException, SetupFailed, UpgradeLost,
    WrongPort, WrongScheme,
};
use crate::outcome::Reason::{
    self, DnsCnameDangling, DnsNoAddress, DnsNxdomain, DnsPrivateAddress, TcpRefused, TcpTimeout, TlsCertExpired,
    TlsCertNotYetValid, TlsHostnameMismatch, TlsMissingIntermediate, TlsPortSpeaksHttp, TlsPrivateCa, TlsSelfSigned,
    TlsUnknownIssuer, WebhookForbidden, WebhookNxdomain, WebhookRefused, WebhookUnreachable, WebhookUrlInvalid,
    WebhookUrlPrivate,
};

const S_CLIENT: &str = "https://docs.openssl.org/master/man1/openssl-s_client/";
const CERTBOT: &str = "https://eff-certbot.readthedocs.io/en/stable/using.html";

/// The rows.
pub(super) const ROWS: &[Fix] = &[
    // --- TLS ---
    Fix::of(
        "fullchain",
        Anyone,
        (
            "send the whole chain: fullchain.pem and not cert.pem (paths are certbot's); then reload, and count the certificates that \
             are sent: two or more",
            "# nginx\n\
             ssl_certificate /etc/letsencrypt/live/@host@/fullchain.pem;\n\
             # Apache\n\
             SSLCertificateFile /etc/letsencrypt/live/@host@/fullchain.pem\n\
             # check\n\
             openssl s_client -showcerts -connect @host@:@port@ \\\n\
             \x20 -servername @host@ </dev/null | grep -c BEGIN",
        ),
        Documented,
        CERTBOT,
    )
    .because(&[TlsMissingIntermediate, TlsUnknownIssuer]),
    Fix::of(
        "renew",
        Anyone,
        (
            "renew the certificate (certbot's way), reload what serves it, and look at the dates that are sent",
            "certbot renew && systemctl reload nginx\n\
             openssl s_client -connect @host@:@port@ \\\n\
             \x20 -servername @host@ </dev/null | openssl x509 -noout -dates",
        ),
        Documented,
        CERTBOT,
    )
    .because(&[TlsCertExpired, TlsCertNotYetValid]),
    Fix::of(
        "names",
        Anyone,
        (
            "see for which names the certificate is, and get one for this name (certbot's way, with nginx)",
            "openssl s_client -connect @host@:@port@ \\\n\
             \x20 -servername @host@ </dev/null | openssl x509 -noout \\\n\
             \x20 -ext subjectAltName\n\
             certbot --nginx -d @host@",
        ),
        Assumed,
        S_CLIENT,
    )
    .because(&[TlsHostnameMismatch, TlsSelfSigned, TlsPrivateCa]),
    Fix::of(
        "speaks_plain",
        Anyone,
        (
            "see what the port speaks without TLS: an answer here means that TLS has to be switched on at this port, or that another \
             one has it",
            "curl -si --max-time 5 http://@host@:@port@@path@ | head -n 5",
        ),
        Assumed,
        "https://curl.se/docs/manpage.html",
    )
    .on(&[WrongScheme])
    .because(&[TlsPortSpeaksHttp]),
    // --- DNS ---
    Fix::of(
        "dns",
        Anyone,
        (
            "see where the name leads, and who says so; then add or mend the record at the domain's DNS provider",
            "dig +short @host@ CNAME\n\
             dig +short @host@ A\n\
             dig +trace @host@ A | tail -n 5",
        ),
        Assumed,
        "https://bind9.readthedocs.io/en/latest/manpages.html#dig-dns-lookup-utility",
    )
    .because(&[DnsNxdomain, DnsNoAddress, DnsCnameDangling, DnsPrivateAddress, WebhookNxdomain]),
    // --- TCP ---
    Fix::of(
        "listens",
        Anyone,
        (
            "on the server's machine, see what listens and on which address (127.0.0.1 is not reached from outside), and which ports \
             the containers publish (5050: the server's own port)",
            "ss -ltnp | grep ':@port@ '\n\
             docker ps --format 'table {{.Names}}\\t{{.Ports}}'\n\
             docker run -p @port@:5050 …",
        ),
        Assumed,
        "https://docs.docker.com/engine/network/port-publishing/",
    )
    .on(&[WrongPort])
    .because(&[TcpRefused, WebhookRefused]),
    Fix::of(
        "firewall",
        Anyone,
        (
            "on the server's machine, see whether the connection requests arrive at all: if none is shown during a probe, a firewall or \
             security group in front drops them",
            "tcpdump -ni any 'tcp[tcpflags] & tcp-syn != 0 and port @port@'",
        ),
        Assumed,
        "https://www.tcpdump.org/manpages/pcap-filter.7.html",
    )
    .because(&[TcpTimeout, WebhookUnreachable]),
    // --- the upgrade ---
    Fix::of(
        "ask_the_server",
        Anyone,
        (
            "on the server's machine, ask it past everything in front (5050: its own port): a 101 here means that the upgrade or the \
             path is lost on the way; no connection, that the server does not run; anything else, that it has no WebSocket at this path",
            "curl -i -N --http1.1 --max-time 5 \\\n\
             \x20 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\\n\
             \x20 -H 'Sec-WebSocket-Version: 13' \\\n\
             \x20 -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \\\n\
             \x20 http://127.0.0.1:5050@path@",
        ),
        Documented,
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.3",
    )
    .on(&[UpgradeLost, PlainGet, RouteMissing, OrdinaryPage])
    .because(&[
        Reason::Http200NotWebsocket,
        Reason::from_status(400),
        Reason::from_status(404),
        Reason::from_status(426),
        Reason::from_status(502),
        Reason::from_status(503),
        Reason::from_status(504),
    ]),
    // --- the application ---
    Fix::of(
        "ask_the_webhook",
        Anyone,
        (
            "on the server's machine, ask the webhook itself, past everything in front (5050: its own port), and read the whole answer; a \
             server that checks signatures refuses this one",
            "curl -si --max-time 15 -d CallSid=CA00000000000000000000000000000000 \\\n\
             \x20 http://127.0.0.1:5050@path@",
        ),
        Assumed,
        "https://curl.se/docs/manpage.html",
    )
    .because(&[
        Reason::WebhookUnreadable,
        Reason::WebhookNoStream,
        Reason::WebhookNotFound,
        Reason::WebhookMethodNotAllowed,
        Reason::WebhookRejected,
        Reason::WebhookRedirected,
        Reason::WebhookServerError,
        Reason::WebhookBadGateway,
        Reason::WebhookTimeout,
        Reason::WebhookClosed,
    ]),
    Fix::of(
        "logs",
        Anyone,
        (
            "read the application's log at the time of the end (voice: the unit or container)",
            "journalctl -u voice --since '5 min ago' -n 50\n\
             docker logs --since 5m voice",
        ),
        Assumed,
        "https://www.freedesktop.org/software/systemd/man/latest/journalctl.html",
    )
    .on(&[ServerException, SetupFailed, HandlerFailedAtOnce, FailedInSession])
    .because(&[Reason::WebhookServerError]),
    Fix::of(
        "public_url",
        Anyone,
        (
            "give the application its public address, from which it writes the stream's URL and checks signatures (what the setting \
             is called is its own: here PUBLIC_URL; no slash at the end), and start it again",
            "PUBLIC_URL=@public@",
        ),
        Assumed,
        "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    )
    .because(&[WebhookUrlInvalid, WebhookUrlPrivate, WebhookForbidden]),
];
