//! The table of behaviours: what there is, what comes out of it, what a monitor needs for that.

use super::behaviour::{Behaviour, CLOSE_FAMILY, HTTP_FAMILY, Provokes, of_close, of_status};
use super::script::{
    AnswerScript, DnsScript, Ending, Flood, Goodbye, Identity, LineScript, Manner, PortScript, Script, Speech, Switch, TlsScript,
};
use crate::outcome::{Reason, Warning};

/// Declares the table. A row is: name, script, what it provokes, the settings that it needs, what the server does. The rows of the two
/// families are made from their numbers.
macro_rules! table {
    (
        rows { $($name:literal, $script:expr, $provokes:expr, [$($need:literal),*], $about:literal;)+ }
        statuses { $($status:literal)+ }
        closes { $($code:literal)+ }
    ) => {
        /// Every behaviour. The members of the families `http-<code>` and `close-<code>` that stand here are those with a meaning of their own;
        /// the others are served as well.
        pub const BEHAVIOURS: &[Behaviour] = &[
            $(row($name, $script, $provokes, &[$($need),*], $about),)+
            $(row(concat!("http-", $status), answer(AnswerScript::Status($status)), of_status($status), &[], HTTP_FAMILY.about),)+
            $(row(
                concat!("close-", $code),
                line(LineScript::Close { code: $code, reason: "" }),
                of_close($code),
                &[],
                CLOSE_FAMILY.about,
            ),)+
        ];
    };
}

const SUCCESS: Provokes = Provokes::Success;

const HOSTILE_REASON: &str = "\u{1b}[31mdown\u{7}\r\nlevel=error forged=1 <script>alert(1)</script> \u{202e}gnp";

// Frames (RFC 6455 section 5.2): FIN, reserved bits and opcode in the first byte, mask bit and length in the second.
const COMPRESSED_TEXT: &[u8] = &[0xC1, 2, b'h', b'i'];
const OPCODE_3: &[u8] = &[0x83, 0];
const MASKED_TEXT: &[u8] = &[0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
const BAD_UTF8_TEXT: &[u8] = &[0x81, 2, 0xC3, 0x28];
const FRAGMENTED_PING: &[u8] = &[0x09, 0];
const LONG_PING: &[u8] = &{
    let mut frame = [b'x'; 4 + 126];
    (frame[0], frame[1], frame[2], frame[3]) = (0x89, 126, 0, 126);
    frame
};
const CONTINUATION_FIRST: &[u8] = &[0x80, 2, b'h', b'i'];
const TEXT_WITHIN_MESSAGE: &[u8] = &[0x01, 1, b'h', 0x81, 1, b'i'];
// Close 4001 "quota", and a masked frame right behind it.
const CLOSE_THEN_GARBAGE: &[u8] =
    &[0x88, 7, 0x0F, 0xA1, b'q', b'u', b'o', b't', b'a', 0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
const ONE_GIBIBYTE: &[u8] = &[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0];
const LONG_LENGTH_OF_2: &[u8] = &[0x81, 126, 0, 2, b'h', b'i'];
const ONE_BYTE_CLOSE: &[u8] = &[0x88, 1, 0x03];
const BAD_UTF8_CLOSE: &[u8] = &[0x88, 4, 0x03, 0xE8, 0xC3, 0x28];
const FRAME_CUT_SHORT: &[u8] = &[0x82, 100, 1, 2, 3];

const LATE_502: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\nServer: sidetone-practice\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\
    Connection: close\r\n\r\n<h1>502 Bad Gateway</h1>";
const SSH_BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.6\r\n";
const GARBAGE: &[u8] = b"\x07\x01\xf3 ?? this is no HTTP ?? \x00\x00\r\n\r\n";
// An empty SETTINGS frame (RFC 9113 section 6.5), with which every HTTP/2 server opens.
const H2_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const HTTP_400: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nServer: sidetone-practice\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
// A handshake record (RFC 8446 section 5.1) with a ServerHello of three bytes, where the version alone takes two and the random 32.
const GARBAGE_RECORD: &[u8] = &[0x16, 0x03, 0x03, 0x00, 0x07, 0x02, 0x00, 0x00, 0x03, 0x03, 0x03, 0xAA];

table! {
    rows {
        // --- good lines ---
        "echo", Script::ECHO, SUCCESS, [], "sends every message back, answers pings and the Close";
        "silent", line(LineScript::Attend(Manner::SILENT)), SUCCESS, [], "reads, answers pings and the Close, and says nothing";
        "greet", line(GREET), SUCCESS, ["expect = { message_contains = \"session.created\" }"], "says {\"type\":\"session.created\"} and then talks";
        "talk", line(LineScript::Attend(Manner::TALK)), SUCCESS, ["expect = { first_audio_within = \"1s\", audible = true }"], "sends a tone in real time: mu-law at 8 kHz, 160 bytes every 20 ms";
        "close-1000-after-1s", line(LineScript::HangUp), SUCCESS, ["min_hold = \"500ms\""], "hangs up with 1000 after 1 s, as an agent may";
        "goodbye-tls-eof", line(GOODBYE_CUT), SUCCESS, [], "answers the Close and then ends TCP without a TLS close_notify";
        "http-103-then-101", switch(Switch::After103), SUCCESS, [], "sends 103 Early Hints before the 101";
        "connection-list", switch(Switch::ConnectionList), SUCCESS, [], "says Connection: keep-alive, Upgrade";
        "date-skew", switch(Switch::DateSkewed), SUCCESS, [], "a good line; the Date header is an hour ahead";
        "http-bare-lf", switch(Switch::BareLf), warns(Warning::HttpBareLf), [], "ends the lines of its 101 with a bare line feed";
        "subprotocol-not-chosen", switch(Switch::NoSubprotocol), warns(Warning::SubprotocolNotChosen), ["subprotocols = [\"audio.v1\"]"], "chooses none of the offered subprotocols";
        "length-not-minimal", line(LineScript::Fault(LONG_LENGTH_OF_2)), warns(Warning::LengthNotMinimal), [], "writes a length of 2 with 16 bits";
        // --- the upgrade ---
        "http-1.0-503", answer(AnswerScript::Http10(503)), of_status(503), [], "answers 503 over HTTP/1.0";
        "http-1.0-101", switch(Switch::Http10), fails(Reason::HttpVersion10), [], "switches protocols over HTTP/1.0";
        "http-h2", answer(AnswerScript::Bytes(H2_SETTINGS, Ending::Hang)), fails(Reason::HttpIsH2), [], "answers with an HTTP/2 SETTINGS frame";
        "http-tls-alert", answer(AnswerScript::TlsAlert), fails(Reason::WsPortSpeaksTls), [], "answers with a TLS alert, as a TLS port does";
        "http-plain-to-tls", answer(AnswerScript::PlainToTls), fails(Reason::WsPortSpeaksTls), [], "answers 400 \"The plain HTTP request was sent to HTTPS port\", as nginx does";
        "http-ssh", answer(AnswerScript::Bytes(SSH_BANNER, Ending::Hang)), fails(Reason::WrongService), [], "answers with an SSH banner";
        "http-garbage", answer(AnswerScript::Bytes(GARBAGE, Ending::Close)), fails(Reason::HttpGarbage), [], "answers with bytes that are no HTTP";
        "http-head-too-large", answer(AnswerScript::HugeHead), fails(Reason::HttpHeadTooLarge), [], "answers with a header of 20 KiB";
        "http-too-many-headers", answer(AnswerScript::ManyHeaders), fails(Reason::HttpHeadTooLarge), [], "answers with 120 headers";
        "http-slow", switch(Switch::Drip), fails(Reason::HttpSlow), ["upgrade_timeout = \"1s\""], "sends its 101 one byte every 200 ms";
        "http-malformed", switch(Switch::SpaceBeforeColon), fails(Reason::HttpMalformed), [], "writes \"Upgrade : websocket\", with a space before the colon";
        "http-closed", answer(AnswerScript::Bytes(b"", Ending::Close)), fails(Reason::HttpClosedNoResponse), [], "closes instead of answering";
        "http-truncated", answer(AnswerScript::Bytes(b"HTTP/1.1 101 Switching Prot", Ending::Close)), fails(Reason::HttpTruncated), [], "closes within the first line of its answer";
        "http-reset", answer(AnswerScript::Bytes(b"", Ending::Reset)), fails(Reason::HttpReset), [], "resets instead of answering";
        "http-timeout", answer(AnswerScript::Bytes(b"", Ending::Hang)), fails(Reason::HttpTimeout), ["upgrade_timeout = \"1s\""], "never answers";
        "no-upgrade-header", switch(Switch::NoUpgrade), fails(Reason::UpgradeHeaderMissing), [], "a 101 without Upgrade";
        "no-connection-header", switch(Switch::NoConnection), fails(Reason::UpgradeConnectionMissing), [], "a 101 without Connection";
        "no-accept", switch(Switch::NoAccept), fails(Reason::UpgradeAcceptMissing), [], "a 101 without Sec-WebSocket-Accept";
        "wrong-accept", switch(Switch::WrongAccept), fails(Reason::UpgradeAcceptWrong), [], "a 101 with the Sec-WebSocket-Accept of another key";
        "extension", switch(Switch::Extension), fails(Reason::UpgradeExtensionUnrequested), [], "a 101 with permessage-deflate, which was not offered";
        "subprotocol-unrequested", switch(Switch::OtherSubprotocol), fails(Reason::UpgradeSubprotocolUnrequested), [], "chooses a subprotocol although none was offered";
        "subprotocol-other", switch(Switch::OtherSubprotocol), fails(Reason::UpgradeSubprotocolMismatch), ["subprotocols = [\"audio.v1\"]"], "chooses a subprotocol that was not among the offered ones";
        "no-subprotocol", switch(Switch::NoSubprotocol), fails(Reason::UpgradeSubprotocolMissing), ["subprotocols = [\"audio.v1\"]", "require_subprotocol = true"], "chooses none of the offered subprotocols";
        // --- the line drops ---
        "drop-after-0.8s", line(drops(800, Ending::Cut)), fails(Reason::WsEof), [], "ends TCP 0.8 s after the 101 with a FIN, without a Close and without a TLS close_notify (incident I1)";
        "drop-close-notify", line(drops(800, Ending::Close)), fails(Reason::WsEof), [], "the same, with a close_notify over TLS";
        "drop-at-once", line(drops(0, Ending::Cut)), fails(Reason::WsEof), [], "ends TCP right after the 101";
        "reset-after-0.8s", line(drops(800, Ending::Reset)), fails(Reason::WsReset), [], "resets 0.8 s after the 101";
        "eof-mid-frame", line(LineScript::LastWords(FRAME_CUT_SHORT, Ending::Cut)), fails(Reason::WsEofMidFrame), [], "ends TCP after 5 bytes of a frame of 102";
        "http-after-upgrade", line(LineScript::LastWords(LATE_502, Ending::Close)), fails(Reason::WsHttpAfterUpgrade), [], "sends an HTTP 502 after the 101 and closes";
        "tls-damaged-record", line(LineScript::DamagedRecord), fails(Reason::TlsDecryptError), [], "sends a TLS record that does not decrypt, 0.1 s after the 101";
        // --- the line is closed ---
        "first-close-reset", line(LineScript::FirstCloseReset), fails(Reason::ClosedByServer), [], "sends a ping, Close 4001 \"quota\" and a reset at once; the Close must not be lost";
        "data-after-close", line(LineScript::DataAfterClose), Provokes::ReasonAndWarning(Reason::ClosedByServer, Warning::DataAfterClose), [], "sends Close 1000 and a message after it";
        "close-then-garbage", line(LineScript::Fault(CLOSE_THEN_GARBAGE)), Provokes::ReasonAndWarning(Reason::ClosedByServer, Warning::DataAfterClose), [], "sends Close 4001 \"quota\" with a masked frame in the same packet; the Close must not be lost";
        "hostile-close", line(LineScript::Close { code: 4000, reason: HOSTILE_REASON }), fails(Reason::ClosedByServer), [], "Close 4000 with escape sequences, line feeds and HTML in its reason";
        "close-bad", line(LineScript::Fault(ONE_BYTE_CLOSE)), fails(Reason::WsBadClose), [], "a Close with a payload of one byte";
        "close-bad-utf8", line(LineScript::Fault(BAD_UTF8_CLOSE)), fails(Reason::WsBadClose), [], "a Close whose reason is not UTF-8";
        // --- frames break the rules ---
        "rsv-bits", line(LineScript::Fault(COMPRESSED_TEXT)), fails(Reason::WsRsvBits), [], "a text frame with RSV1, as if compressed";
        "bad-opcode", line(LineScript::Fault(OPCODE_3)), fails(Reason::WsBadOpcode), [], "a frame with opcode 3";
        "masked", line(LineScript::Fault(MASKED_TEXT)), fails(Reason::WsMasked), [], "a masked text frame";
        "invalid-utf8", line(LineScript::Fault(BAD_UTF8_TEXT)), fails(Reason::WsInvalidUtf8), [], "a text frame that is not UTF-8";
        "long-control", line(LineScript::Fault(LONG_PING)), fails(Reason::WsBadControl), [], "a ping of 126 bytes";
        "fragmented-control", line(LineScript::Fault(FRAGMENTED_PING)), fails(Reason::WsBadControl), [], "a ping without FIN";
        "bad-fragmentation", line(LineScript::Fault(CONTINUATION_FIRST)), fails(Reason::WsFragmentation), [], "a continuation of nothing";
        "bad-interleaving", line(LineScript::Fault(TEXT_WITHIN_MESSAGE)), fails(Reason::WsFragmentation), [], "a new message inside a fragmented one";
        "too-large", line(LineScript::Fault(ONE_GIBIBYTE)), fails(Reason::WsTooLarge), [], "announces a frame of 1 GiB";
        // --- the line lives and is no good ---
        "no-pong", line(NO_PONG), fails(Reason::WsPingTimeout), ["ping_interval = \"500ms\"", "ping_timeout = \"500ms\""], "an echo that does not answer pings";
        "stall", line(LineScript::Stall), fails(Reason::WsWriteStalled), ["hold = \"10s\"", "stall_timeout = \"1s\""], "stops reading: its TCP window closes after some 8 KiB";
        "flood-bytes", line(LineScript::Flood(Flood::Bytes)), fails(Reason::PeerFlood), ["max_bytes = 1000000"], "sends 64 KiB every 2 ms";
        "flood-frames", line(LineScript::Flood(Flood::Frames)), fails(Reason::PeerFlood), ["max_frames_per_second = 1000"], "sends 20 000 small messages a second";
        "flood-pings", line(LineScript::Flood(Flood::Pings)), fails(Reason::PeerFlood), ["max_frames_per_second = 1000"], "sends 20 000 pings a second";
        "no-message", line(LineScript::Attend(Manner::SILENT)), fails(Reason::AppNoMessage), ["expect = { first_message_within = \"1s\" }"], "says nothing";
        "wrong-message", line(LineScript::Attend(Manner::greeting("{\"type\":\"error\"}"))), fails(Reason::AppMessageMismatch), ["expect = { message_contains = \"session.created\" }"], "says {\"type\":\"error\"} and nothing else";
        "no-echo", line(LineScript::Attend(Manner::greeting("{\"type\":\"hello\"}"))), fails(Reason::AppNoEcho), ["expect = { echo = true }"], "says {\"type\":\"hello\"} and sends nothing back";
        "no-audio", line(LineScript::Attend(Manner::greeting("{\"type\":\"hello\"}"))), fails(Reason::AppNoAudio), ["expect = { first_audio_within = \"1s\" }"], "says {\"type\":\"hello\"} and sends no audio";
        "goes-silent", line(speech(Speech { until_ms: Some(500), ..Speech::TONE })), fails(Reason::AppSilent), ["expect = { max_silence = \"500ms\" }"], "talks for 0.5 s and never again";
        "audio-silence", line(speech(Speech { audible: false, ..Speech::TONE })), fails(Reason::AppSilenceOnly), ["expect = { audible = true }"], "sends silence in real time";
        "wrong-rate", line(speech(Speech { frame_bytes: 320, ..Speech::TONE })), fails(Reason::AppWrongRate), ["expect = { real_time_audio = true }"], "sends twice the bytes a second that mu-law at 8 kHz has";
        // --- the goodbye ---
        "never-closes", line(NEVER_CLOSES), fails(Reason::CloseHandshakeTimeout), ["expect = { clean_close = true }"], "does not answer the Close and keeps the connection (without clean_close: a warning)";
        "answers-1011", line(ANSWERS_1011), warns(Warning::CloseAnsweredWithOtherCode), [], "answers the Close 1000 with a Close 1011, as a handler does that fails while it cleans up";
        "closes-unacknowledged", line(CLOSES_UNACKNOWLEDGED), fails(Reason::CloseUnacknowledged), ["expect = { clean_close = true }"], "answers the Close with a FIN (without clean_close: a warning)";
        // --- TLS: the certificate ---
        "tls-expired", handshake(Identity::Expired), fails(Reason::TlsCertExpired), [], "a certificate that ended yesterday";
        "tls-expired-intermediate", handshake(Identity::ExpiredIntermediate), fails(Reason::TlsCertExpired), [], "a good certificate under an intermediate one that ended yesterday";
        "tls-not-yet-valid", handshake(Identity::NotYetValid), fails(Reason::TlsCertNotYetValid), [], "a certificate that begins in 30 days";
        "tls-wrong-host", handshake(Identity::WrongHost), fails(Reason::TlsHostnameMismatch), [], "a certificate for other.example.com";
        "tls-wrong-purpose", handshake(Identity::WrongPurpose), fails(Reason::TlsCertWrongPurpose), [], "a certificate for clients only";
        "tls-bad-signature", handshake(Identity::BadSignature), fails(Reason::TlsBadSignature), [], "a certificate that names the practice CA and is signed by another key";
        "tls-self-signed", handshake(Identity::SelfSigned), fails(Reason::TlsSelfSigned), [], "a self-signed certificate, CA:false";
        "tls-self-signed-ca", handshake(Identity::SelfSignedCa), fails(Reason::TlsSelfSigned), [], "a self-signed certificate, CA:true, as openssl makes them";
        "tls-private-ca", handshake(Identity::PrivateCa), fails(Reason::TlsPrivateCa), [], "a certificate with its private root, which nobody trusts";
        "tls-missing-intermediate", handshake(Identity::MissingIntermediate), fails(Reason::TlsMissingIntermediate), [], "a certificate of a public kind (CA/B policy, caIssuers) without its intermediate";
        "tls-unknown-issuer", handshake(Identity::UnknownIssuer), fails(Reason::TlsUnknownIssuer), [], "a certificate of a private authority, alone";
        "tls-chain-invalid", handshake(Identity::PathTooLong), fails(Reason::TlsChainInvalid), [], "a chain longer than its path length constraint allows";
        "tls-cert-unsupported", handshake(Identity::UnknownCriticalExtension), fails(Reason::TlsCertUnsupported), [], "a certificate with an unknown critical extension";
        "tls-cert-malformed", handshake(Identity::TrailingByte), fails(Reason::TlsCertUnsupported), [], "a certificate with a byte too many behind it";
        // --- TLS: the handshake ---
        "tls-old-version", alert(70), fails(Reason::TlsProtocolVersion), [], "the alert protocol_version";
        "tls-no-common", alert(40), fails(Reason::TlsNoCommonParameters), [], "the alert handshake_failure";
        "tls-sni-rejected", alert(112), fails(Reason::TlsSniRejected), [], "the alert unrecognized_name";
        "tls-internal-error", alert(80), fails(Reason::TlsServerInternal), [], "the alert internal_error";
        "tls-other", alert(109), fails(Reason::TlsOther), [], "the alert missing_extension, which has no reason of its own";
        "tls-alpn-h2", handshake(Identity::AlpnH2), fails(Reason::TlsAlpnMismatch), [], "takes HTTP/2 only (ALPN h2)";
        "tls-client-cert", handshake(Identity::ClientCertificate), fails(Reason::TlsClientCertRequired), [], "wants a client certificate of the practice CA; TLS 1.3, where the refusal comes in the upgrade";
        "tls-client-cert-12", handshake(Identity::ClientCertificateTls12), fails(Reason::TlsClientCertRequired), [], "the same over TLS 1.2, where it comes in the handshake";
        "tls-client-cert-rejected", handshake(Identity::ClientCertificateRejected), fails(Reason::TlsClientCertRejected), ["client_cert_file = \"{client_cert_file}\"", "client_key_file = \"{client_key_file}\""], "wants a client certificate of an authority that issues none";
        "tls-port-http", tls_bytes(HTTP_400, Ending::Close), fails(Reason::TlsPortSpeaksHttp), [], "answers the ClientHello with an HTTP 400";
        "tls-port-ssh", tls_bytes(SSH_BANNER, Ending::Close), fails(Reason::TlsPortSpeaksOther), [], "answers the ClientHello with an SSH banner";
        "tls-garbage", tls_bytes(GARBAGE_RECORD, Ending::Hang), fails(Reason::TlsGarbage), [], "answers with a ServerHello of three bytes";
        "tls-closed", tls_bytes(b"", Ending::Close), fails(Reason::TlsClosedInHandshake), [], "closes after the ClientHello";
        "tls-reset", tls_bytes(b"", Ending::Reset), fails(Reason::TlsResetInHandshake), [], "resets after the ClientHello";
        "tls-timeout", tls_bytes(b"", Ending::Hang), fails(Reason::TlsTimeout), [], "never answers the ClientHello";
        // --- lookups ---
        "dns-nxdomain", dns(DnsScript::Code(3)), fails(Reason::DnsNxdomain), ["resolver = [\"{address}\"]"], "NXDOMAIN";
        "dns-no-address", dns(DnsScript::NoAddress), fails(Reason::DnsNoAddress), ["resolver = [\"{address}\"]"], "no A and no AAAA record";
        "dns-cname-dangling", dns(DnsScript::DanglingAlias), fails(Reason::DnsCnameDangling), ["resolver = [\"{address}\"]"], "an alias of a name without an address";
        "dns-servfail", dns(DnsScript::Code(2)), fails(Reason::DnsServfail), ["resolver = [\"{address}\"]"], "SERVFAIL";
        "dns-refused", dns(DnsScript::Code(5)), fails(Reason::DnsRefused), ["resolver = [\"{address}\"]"], "REFUSED";
        "dns-server-error", dns(DnsScript::Code(4)), fails(Reason::DnsServerError), ["resolver = [\"{address}\"]"], "NOTIMP";
        "dns-timeout", dns(DnsScript::Silence), fails(Reason::DnsTimeout), ["resolver = [\"{address}\"]"], "no answer";
        "dns-truncated", dns(DnsScript::Truncated), fails(Reason::DnsTruncated), ["resolver = [\"{address}\"]"], "a truncated answer, and TCP is closed at once";
        "dns-malformed", dns(DnsScript::Malformed), fails(Reason::DnsMalformed), ["resolver = [\"{address}\"]"], "an answer that cannot be read";
        "dns-aaaa-slow", dns(DnsScript::SlowAaaa), warns(Warning::DnsAaaaSlow), ["resolver = [\"{address}\"]"], "A at once, AAAA after 800 ms";
        "dns-family-failed", dns(DnsScript::FailingAaaa), warns(Warning::DnsFamilyFailed), ["resolver = [\"{address}\"]"], "A, and SERVFAIL for AAAA";
        "dns-two-addresses", dns(DnsScript::TwoAddresses), warns(Warning::AddressFailed), ["resolver = [\"{address}\"]"], "127.0.0.2, where nothing listens (unless the server listens on all addresses), and the server's own address";
        "dns-only-ipv6", dns(DnsScript::OnlyIpv6), fails(Reason::TcpNoIpv6Route), ["resolver = [\"{address}\"]"], "AAAA 2001:db8::1 alone (on a machine with an IPv6 route: tcp_timeout or tcp_unreachable)";
        // --- ports ---
        "tcp-refused", Script::Port(PortScript::Refused), fails(Reason::TcpRefused), [], "a port on which nothing listens";
        "tcp-timeout", Script::Port(PortScript::Timeout), fails(Reason::TcpTimeout), [], "a port whose accept queue is full (Linux)";
    }
    statuses {
        200 301 302 303 307 308 400 401 402 403 404 405 406 407 408 410 415 421 426 429
        500 501 502 503 504 505 520 521 522 523 524 525 526 527 530 999
    }
    closes {
        1000 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 1016 2999 3000 3003 3008 4000 4001 4999 0 999 5000
    }
}

const GREET: LineScript = LineScript::Attend(Manner { greeting: Some("{\"type\":\"session.created\"}"), ..Manner::TALK });
const GOODBYE_CUT: LineScript = LineScript::Attend(Manner { goodbye: Goodbye::Answered(Ending::Cut), ..Manner::ECHO });
const NO_PONG: LineScript = LineScript::Attend(Manner { pong: false, ..Manner::ECHO });
const ANSWERS_1011: LineScript = LineScript::Attend(Manner { goodbye: Goodbye::AnsweredWith(1011), ..Manner::ECHO });
const NEVER_CLOSES: LineScript = LineScript::Attend(Manner { goodbye: Goodbye::Unacknowledged(Ending::Hang), ..Manner::ECHO });
const CLOSES_UNACKNOWLEDGED: LineScript =
    LineScript::Attend(Manner { goodbye: Goodbye::Unacknowledged(Ending::Close), ..Manner::ECHO });

const fn row(
    name: &'static str,
    script: Script,
    provokes: Provokes,
    needs: &'static [&'static str],
    about: &'static str,
) -> Behaviour {
    Behaviour { name, stage: script.stage(), provokes, needs, about, script }
}

const fn fails(reason: Reason) -> Provokes {
    Provokes::Reason(reason)
}

const fn warns(warning: Warning) -> Provokes {
    Provokes::Warning(warning)
}

const fn line(line: LineScript) -> Script {
    Script::line(line)
}

const fn switch(switch: Switch) -> Script {
    Script::switch(switch)
}

const fn answer(answer: AnswerScript) -> Script {
    Script::Answer(answer)
}

const fn drops(after_ms: u64, how: Ending) -> LineScript {
    LineScript::Drop { after_ms, how }
}

const fn speech(speech: Speech) -> LineScript {
    LineScript::Attend(Manner { speech: Some(speech), ..Manner::SILENT })
}

const fn handshake(identity: Identity) -> Script {
    Script::Tls(TlsScript::Handshake(identity))
}

const fn alert(description: u8) -> Script {
    Script::Tls(TlsScript::Alert(description))
}

const fn tls_bytes(bytes: &'static [u8], ending: Ending) -> Script {
    Script::Tls(TlsScript::Bytes(bytes, ending))
}

const fn dns(dns: DnsScript) -> Script {
    Script::Dns(dns)
}
