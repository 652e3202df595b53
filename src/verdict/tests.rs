//! One row per real incident.

use super::*;
use crate::webhook::Lint;

fn dial(fault: Fault) -> Evidence {
    Evidence { fault: Some(fault), ..Evidence::default() }
}

fn held(ending: Ending) -> HoldFacts {
    HoldFacts {
        ending,
        close: None,
        violation: None,
        stream_end: None,
        mid_frame: false,
        path: PathState::Healthy,
        lossy: false,
        end_is_allowed: false,
        unmet: None,
        clean_close: false,
        starved: false,
    }
}

fn after(hold: HoldFacts) -> Evidence {
    Evidence { hold: Some(hold), ..Evidence::default() }
}

fn close(code: u16) -> Option<WireClose> {
    Some(WireClose { code: Some(code), ..WireClose::default() })
}

#[test]
fn dial_faults() {
    let chain = ChainFacts::default();
    let unknown = |chain| Fault::Tls(TlsFault::Certificate(CertificateFault::UnknownIssuer(chain)));
    let alert = |number| Fault::Tls(TlsFault::Alert { number, with_client_certificate: false, after_certificates: false });
    let late_alert = |number| Fault::Tls(TlsFault::Alert { number, with_client_certificate: false, after_certificates: true });
    let own = |number| Fault::Tls(TlsFault::Alert { number, with_client_certificate: true, after_certificates: true });
    let not_tls = |bytes: &[u8]| Fault::Tls(TlsFault::NotTls { first_bytes: bytes.to_vec() });
    let not_http = |bytes: &[u8]| Fault::Upgrade(UpgradeFault::NotHttp { first_bytes: bytes.to_vec() });
    let status = |code| Fault::Upgrade(UpgradeFault::Status { code, says_tls_port: false });
    let rows = [
        ("old domain", Fault::Resolve(ResolveFault::NxDomain), "dns_nxdomain"),
        ("no resolv.conf", Fault::Resolve(ResolveFault::NoNameServer), "local_dns_config"),
        ("container down", Fault::Connect(ConnectFault::Refused), "tcp_refused"),
        ("only AAAA, IPv4 host", Fault::Connect(ConnectFault::NoRoute { only_ipv6: true }), "tcp_no_ipv6_route"),
        ("our uplink is down", Fault::Connect(ConnectFault::NoRoute { only_ipv6: false }), "local_no_route"),
        ("openssl req -x509", unknown(ChainFacts { leaf_is_its_own_issuer: true, ..chain }), "tls_self_signed"),
        ("company CA with root", unknown(ChainFacts { ends_at_a_root: true, ..chain }), "tls_private_ca"),
        ("cert.pem for fullchain.pem", unknown(ChainFacts { leaf_is_public: true, ..chain }), "tls_missing_intermediate"),
        ("company CA without root", unknown(chain), "tls_unknown_issuer"),
        (
            "same name, other key",
            unknown(ChainFacts { issuer_has_a_trusted_name: true, leaf_is_public: true, ..chain }),
            "tls_chain_invalid",
        ),
        ("TLS 1.1 server", alert(70), "tls_protocol_version"),
        ("CBC only", alert(40), "tls_no_common_parameters"),
        ("SNI router", alert(112), "tls_sni_rejected"),
        ("mTLS", alert(116), "tls_client_cert_required"),
        ("mTLS of OpenSSL over TLS 1.2", late_alert(40), "tls_client_cert_required"),
        ("mTLS with the wrong CA", own(48), "tls_client_cert_rejected"),
        ("mTLS with an old certificate", own(45), "tls_client_cert_rejected"),
        ("ngrok tcp", not_tls(b"HTTP/1.1 400 Bad Request"), "tls_port_speaks_http"),
        ("ssh", not_tls(b"SSH-2.0-OpenSSH_9.2"), "tls_port_speaks_other"),
        ("noise", not_tls(b"\x00\x01\x02"), "tls_garbage"),
        ("middlebox before a byte", Fault::Tls(TlsFault::Reset { peer_took_bytes: Some(false) }), "tcp_reset"),
        ("name filter", Fault::Tls(TlsFault::Reset { peer_took_bytes: Some(true) }), "tls_reset_in_handshake"),
        ("wrong path", status(404), "http_404"),
        ("single-page app", status(200), "http_200_not_websocket"),
        ("nginx 497", Fault::Upgrade(UpgradeFault::Status { code: 400, says_tls_port: true }), "ws_port_speaks_tls"),
        ("h2 port", not_http(&[0, 0, 18, 4, 0, 0]), "http_is_h2"),
        ("h2 text", not_http(b"HTTP/2 400"), "http_is_h2"),
        ("tls alert", not_http(&[0x15, 3, 1, 0, 2]), "ws_port_speaks_tls"),
        ("smtp", not_http(b"220 mail.example.com"), "wrong_service"),
        ("noise", not_http(b"\xff\xfe\xfd"), "http_garbage"),
        ("died on the request", Fault::Upgrade(UpgradeFault::Closed { after_bytes: false }), "http_closed_no_response"),
        (
            "TLS 1.3 mTLS",
            Fault::Upgrade(UpgradeFault::TlsAlert { number: 116, with_client_certificate: false }),
            "tls_client_cert_required",
        ),
    ];
    for (incident, fault, label) in rows {
        assert_eq!(verdict(&dial(fault)).map(Reason::label), Some(label), "{incident}");
    }
}

#[test]
fn webhook_faults() {
    let resolve = |fault| Fault::Webhook(WebhookFault::Resolve(fault));
    let connect = |fault| Fault::Webhook(WebhookFault::Connect(fault));
    let tls = |fault| Fault::Webhook(WebhookFault::Tls(fault));
    let status = |code| Fault::Webhook(WebhookFault::Status(code));
    let lint = |lint| Fault::Webhook(WebhookFault::Refused(lint));
    let rows = [
        ("old domain", resolve(ResolveFault::NxDomain), "webhook_nxdomain"),
        ("an alias of nothing", resolve(ResolveFault::CnameDangling), "webhook_nxdomain"),
        ("the name server is down", resolve(ResolveFault::Timeout), "webhook_dns_failed"),
        ("no resolv.conf", resolve(ResolveFault::NoNameServer), "local_dns_config"),
        ("container down", connect(ConnectFault::Refused), "webhook_refused"),
        ("firewall", connect(ConnectFault::Timeout), "webhook_unreachable"),
        ("no descriptors", connect(ConnectFault::FdExhausted), "local_fd_exhausted"),
        ("expired", tls(TlsFault::Certificate(CertificateFault::Expired)), "webhook_tls_failed"),
        ("hangs in the handshake", tls(TlsFault::Timeout), "webhook_tls_failed"),
        ("https at an http port", tls(TlsFault::NotTls { first_bytes: Vec::new() }), "webhook_not_http"),
        ("ssh", Fault::Webhook(WebhookFault::NotHttp), "webhook_not_http"),
        ("died on the request", Fault::Webhook(WebhookFault::Closed), "webhook_closed"),
        ("cold start", Fault::Webhook(WebhookFault::Timeout), "webhook_timeout"),
        ("http to https", status(301), "webhook_redirected"),
        ("signature", status(403), "webhook_forbidden"),
        ("basic authentication", status(401), "webhook_forbidden"),
        ("wrong path", status(404), "webhook_not_found"),
        ("GET alone", status(405), "webhook_method_not_allowed"),
        ("rate limit", status(429), "webhook_rejected"),
        ("exception", status(500), "webhook_server_error"),
        ("no backend", status(502), "webhook_bad_gateway"),
        ("Cloudflare without an origin", status(522), "webhook_bad_gateway"),
        ("no such status", status(999), "webhook_rejected"),
        ("error page", lint(Lint::AnswerIsHtml), "webhook_unreadable"),
        ("traditional mode", lint(Lint::NoStream), "webhook_no_stream"),
        ("ws:// at Twilio", lint(Lint::SchemeNotWss), "webhook_url_invalid"),
        ("localhost", lint(Lint::HostPrivate), "webhook_url_private"),
        ("both_tracks", lint(Lint::TrackInvalid), "webhook_stream_invalid"),
        ("after 15 s", lint(Lint::AnswerTooLate), "webhook_timeout"),
        ("public name, private address", Fault::Resolve(ResolveFault::PrivateAddress), "dns_private_address"),
    ];
    for (incident, fault, label) in rows {
        let reason = verdict(&dial(fault));
        assert_eq!(reason.map(Reason::label), Some(label), "{incident}");
        let (_, phase) = outcome_of(reason, Phase::Webhook);
        assert!(phase == Some(Phase::Webhook) || label == "dns_private_address", "{incident}: {phase:?}");
    }
}

#[test]
fn endings() {
    let done = |goodbye| held(Ending::Completed(goodbye));
    let gone = |end| HoldFacts { stream_end: Some(end), ..held(Ending::PeerGone) };
    let silent = |path| HoldFacts { path, ..held(Ending::Unmet(Unmet::Silence)) };
    let since = Duration::from_secs(1);
    let alert = StreamEnd::TlsAlert { number: 116, with_client_certificate: false };
    let rows = [
        ("held and answered", done(Goodbye::Answered), None),
        (
            "answered, then TLS EOF",
            HoldFacts { stream_end: Some(StreamEnd::TlsEof), close: close(1000), ..done(Goodbye::Answered) },
            None,
        ),
        ("no answer to our Close", done(Goodbye::TimedOut), None),
        ("no answer, demanded", HoldFacts { clean_close: true, ..done(Goodbye::TimedOut) }, Some("close_handshake_timeout")),
        (
            "FIN for an answer, demanded",
            HoldFacts { clean_close: true, ..done(Goodbye::Unacknowledged) },
            Some("close_unacknowledged"),
        ),
        ("I1", gone(StreamEnd::Fin), Some("ws_eof")),
        ("I1 behind TLS", gone(StreamEnd::CloseNotify), Some("ws_eof")),
        ("process killed behind TLS", gone(StreamEnd::TlsEof), Some("ws_eof")),
        ("killed while writing", HoldFacts { mid_frame: true, ..gone(StreamEnd::Fin) }, Some("ws_eof_mid_frame")),
        ("crash with unread audio", gone(StreamEnd::Rst), Some("ws_reset")),
        ("user timeout", gone(StreamEnd::Dead), Some("net_blackhole")),
        ("mTLS, late", gone(alert), Some("tls_client_cert_required")),
        ("pod rolled", HoldFacts { close: close(1001), ..held(Ending::PeerClosed) }, Some("closed_by_server")),
        ("1000 before the hold is over", HoldFacts { close: close(1000), ..held(Ending::PeerClosed) }, Some("closed_by_server")),
        ("an agent that may hang up", HoldFacts { close: close(1000), end_is_allowed: true, ..held(Ending::PeerClosed) }, None),
        (
            "an agent that hangs up without a word",
            HoldFacts { close: close(1000), end_is_allowed: true, unmet: Some(Unmet::Message), ..held(Ending::PeerClosed) },
            Some("app_message_mismatch"),
        ),
        ("a Close, then RST", HoldFacts { close: close(4001), ..gone(StreamEnd::Rst) }, Some("closed_by_server")),
        (
            "bad close payload",
            HoldFacts { close: Some(WireClose { malformed: true, ..WireClose::default() }), ..held(Ending::Violation) },
            Some("ws_bad_close"),
        ),
        ("compressed", HoldFacts { violation: Some(Violation::RsvBits), ..held(Ending::Violation) }, Some("ws_rsv_bits")),
        (
            "proxy gave up after 101",
            HoldFacts { violation: Some(Violation::HttpAfterUpgrade), ..gone(StreamEnd::Fin) },
            Some("ws_http_after_upgrade"),
        ),
        ("silent agent", silent(PathState::Healthy), Some("app_silent")),
        ("stuck process", silent(PathState::ZeroWindow { since }), Some("ws_write_stalled")),
        ("dead path", silent(PathState::Blackhole { since }), Some("net_blackhole")),
        ("lossy path", HoldFacts { lossy: true, ..silent(PathState::Healthy) }, Some("net_lossy")),
        ("no TCP_INFO", silent(PathState::Unknown), Some("ws_silent")),
        ("no echo", held(Ending::Unmet(Unmet::Echo)), Some("app_no_echo")),
        (
            "no echo, because we did not speak",
            HoldFacts { starved: true, ..held(Ending::Unmet(Unmet::Echo)) },
            Some("pacing_starved"),
        ),
        (
            "no greeting although we starved",
            HoldFacts { starved: true, ..held(Ending::Unmet(Unmet::FirstMessage)) },
            Some("app_no_message"),
        ),
    ];
    for (incident, hold, label) in rows {
        assert_eq!(verdict(&after(hold)).map(Reason::label), label, "{incident}");
    }
}

#[test]
fn our_own_faults_are_not_the_endpoints() {
    let ms = Duration::from_millis;
    let late = |deadline, lag| Evidence {
        missed_deadline: Some(ms(deadline)),
        prober: ProberFacts { lag: ms(lag), ..ProberFacts::default() },
        ..dial(Fault::Connect(ConnectFault::Timeout))
    };
    let expired = |clock_is_wrong| Evidence {
        prober: ProberFacts { clock_is_wrong, ..ProberFacts::default() },
        ..dial(Fault::Tls(TlsFault::Certificate(CertificateFault::Expired)))
    };
    let with = |prober| Evidence { prober, ..after(held(Ending::PeerGone)) };
    let lagging = ProberFacts { lag: Duration::from_secs(9), ..ProberFacts::default() };
    let rows = [
        ("a timeout on a quiet machine", late(4000, 24), "tcp_timeout"),
        ("lag below a tenth of the deadline", late(4000, 399), "tcp_timeout"),
        ("lag above it", late(4000, 401), "prober_overloaded"),
        ("short deadlines have a floor", late(100, 24), "tcp_timeout"),
        ("expired", expired(false), "tls_cert_expired"),
        ("expired by a wrong clock", expired(true), "local_clock"),
        (
            "the webhook's expired by a wrong clock",
            Evidence {
                fault: Some(Fault::Webhook(WebhookFault::Tls(TlsFault::Certificate(CertificateFault::Expired)))),
                ..expired(true)
            },
            "local_clock",
        ),
        (
            "a webhook is late on a busy machine",
            Evidence { fault: Some(Fault::Webhook(WebhookFault::Timeout)), ..late(4000, 401) },
            "prober_overloaded",
        ),
        ("lag does not excuse what is no deadline", with(lagging), "ws_eof"),
        ("suspended", with(ProberFacts { suspended: true, ..ProberFacts::default() }), "suspended"),
        ("shutdown", with(ProberFacts { cancelled: true, ..ProberFacts::default() }), "cancelled"),
        ("lost its way", Evidence::default(), "prober_panicked"),
    ];
    for (incident, evidence, label) in rows {
        assert_eq!(verdict(&evidence).map(Reason::label), Some(label), "{incident}");
    }
}

#[test]
fn inconclusive_reports_show_the_phase_that_was_reached() {
    assert_eq!(outcome_of(Some(Reason::ProberOverloaded), Phase::Connect), (Outcome::Inconclusive, Some(Phase::Connect)));
    assert_eq!(outcome_of(Some(Reason::WsEof), Phase::Close), (Outcome::Failure, Some(Phase::Hold)));
    assert_eq!(outcome_of(None, Phase::Close), (Outcome::Success, None));
}

#[test]
fn codes_that_must_not_be_on_the_wire() {
    let illegal = |code| WireClose { code: Some(code), ..WireClose::default() }.code_is_illegal();
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        assert!(illegal(code), "{code}");
    }
    for code in [1000, 1001, 1011, 1012, 1013, 1014, 3000, 4999] {
        assert!(!illegal(code), "{code}");
    }
    assert!(!WireClose::default().code_is_illegal(), "no code is legal");
}
