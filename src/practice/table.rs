//! The table of behaviours: what there is, what comes out of it, what a monitor needs for that.

use super::behaviour::{Behaviour, CLOSE_FAMILY, HTTP_FAMILY, Provokes, of_close, of_status};
use super::hosts;
use super::script::{
    AnswerScript, DnsScript, Ending, Flood, Goodbye, Identity, LineScript, Manner, Message, PortScript, Script, Speech, Switch,
    TlsScript,
};
use super::voice::{Dialect, Twist, VoiceScript};
use super::webhook::WEBHOOKS;
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
        pub const BEHAVIOURS: &[Behaviour] = &joined::<{ STREAMS.len() + WEBHOOKS.len() }>(STREAMS, WEBHOOKS);

        const STREAMS: &[Behaviour] = &[
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
        "http-plain-to-tls", answer(AnswerScript::PlainToTls), fails(Reason::WsPortSpeaksTls), [], "answers 400 \"The plain HTTP request was sent to HTTPS port\", as nginx does; over wss the line is good";
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
        "slash-wanted", answer(AnswerScript::SlashWanted), of_status(307), [], "answers 307 to the same path with a slash at its end, where the line is good";
        "one-slash-wanted", answer(AnswerScript::OneSlashWanted), SUCCESS, [], "a good line; 404 where two slashes stand before the path";
        // --- somebody else answers the upgrade ---
        "host-ngrok-page", host(hosts::NGROK_PAGE), fails(Reason::Http200NotWebsocket), [], "answers as ngrok does to a browser: its warning page";
        "host-ngrok-offline", host(hosts::NGROK_OFFLINE), of_status(404), [], "answers as ngrok does without an agent: ERR_NGROK_3200";
        "host-ngrok-refused", host(hosts::NGROK_REFUSED), of_status(502), [], "answers as ngrok does where nothing listens behind its agent: ERR_NGROK_8012";
        "host-cloudflared-offline", host(hosts::CLOUDFLARED_OFFLINE), of_status(530), [], "answers as Cloudflare does for a tunnel that is not connected: error 1033";
        "host-railway-no-service", host(hosts::RAILWAY_NO_SERVICE), of_status(404), [], "answers as Railway does for a name that no service has";
        "host-railway-no-answer", host(hosts::RAILWAY_NO_ANSWER), of_status(502), [], "answers as Railway does where the application does not: as a rule another port than it listens on";
        "host-render-no-service", host(hosts::RENDER_NO_SERVICE), of_status(404), [], "answers as Render does for a name without a live service";
        "host-vercel-no-route", host(hosts::VERCEL_NO_ROUTE), of_status(404), [], "answers as Vercel does where there is no page";
        "host-nginx-502", host(hosts::NGINX_502), of_status(502), [], "answers as nginx does without the server behind it";
        "host-nginx-404", host(hosts::NGINX_404), of_status(404), [], "answers as nginx does without a `location`";
        "host-nginx-upgrade-lost", host(hosts::NGINX_UPGRADE_LOST), of_status(426), [], "answers as `ws` does behind an nginx that does not pass the upgrade";
        "host-haproxy-503", host(hosts::HAPROXY_503), of_status(503), [], "answers as HAProxy does without a server";
        "host-uvicorn-denied", host(hosts::UVICORN_DENIED), of_status(403), [], "answers as uvicorn does where the application closes before it accepts";
        "host-fastapi-get", host(hosts::FASTAPI_GET), of_status(404), [], "answers as FastAPI does to an ordinary GET of a WebSocket's path";
        "host-tornado-400", host(hosts::TORNADO_400), of_status(400), [], "answers as Tornado does without an Upgrade header";
        "host-ws-unauthorized", host(hosts::WS_UNAUTHORIZED), of_status(401), [], "answers as `ws` does where verifyClient says no";
        "host-socketio", host(hosts::SOCKET_IO), of_status(400), [], "answers as Socket.IO does to a plain WebSocket";
        "host-parked", host(hosts::PARKED), fails(Reason::Http200NotWebsocket), [], "answers with the page of a name that is for sale";
        "host-login", host(hosts::LOGIN), of_status(302), [], "redirects to a login page";
        // --- the line drops ---
        "idle-cut", line(LineScript::IdleCut { after_ms: 4_300 }), fails(Reason::WsEof), ["mode = \"idle\"", "hold = \"10s\""], "ends TCP 4.3 s after the last byte in either direction, as a proxy with an idle timeout";
        "lifetime-cut", line(drops(4_300, Ending::Cut)), fails(Reason::WsEof), ["hold = \"10s\""], "ends TCP 4.3 s after the 101, whatever flows";
        "cut-at-text", line(cuts_at(Message::Text)), fails(Reason::WsEof), ["raw = { hello = [\"hi\"] }"], "ends TCP as soon as a text message comes, as a handler that fails over it";
        "cut-at-binary", line(cuts_at(Message::Binary)), fails(Reason::WsEof), [], "the same with a binary message";
        "drop-after-0.8s", line(drops(800, Ending::Cut)), fails(Reason::WsEof), [], "ends TCP 0.8 s after the 101 with a FIN, without a Close and without a TLS close_notify (incident I1)";
        "drop-close-notify", line(drops(800, Ending::Close)), fails(Reason::WsEof), [], "the same, with a close_notify over TLS";
        "drop-at-once", line(drops(0, Ending::Cut)), fails(Reason::WsEof), [], "ends TCP right after the 101";
        "reset-after-0.8s", line(drops(800, Ending::Reset)), fails(Reason::WsReset), [], "resets 0.8 s after the 101";
        "eof-mid-frame", line(LineScript::LastWords(FRAME_CUT_SHORT, Ending::Cut)), fails(Reason::WsEofMidFrame), [], "ends TCP after 5 bytes of a frame of 102";
        "http-after-upgrade", line(LineScript::LastWords(LATE_502, Ending::Close)), fails(Reason::WsHttpAfterUpgrade), [], "sends an HTTP 502 after the 101 and closes";
        "tls-damaged-record", line(LineScript::DamagedRecord), fails(Reason::TlsDecryptError), [], "sends a TLS record that does not decrypt, 0.1 s after the 101";
        // --- the line is closed ---
        "first-close-reset", line(LineScript::FirstCloseReset), fails(Reason::ClosedByServer), [], "sends a ping, Close 4001 \"quota\" and a reset at once; the Close must not be lost";
        "close-idle-timeout", line(LineScript::Close { code: 1001, reason: "Idle timeout" }), fails(Reason::ClosedByServer), [], "Close 1001 \"Idle timeout\" 0.5 s after the 101, as servers say that counted longer";
        "close-keepalive", line(LineScript::Close { code: 1011, reason: "keepalive ping timeout" }), fails(Reason::ClosedByServer), [], "Close 1011 \"keepalive ping timeout\", as Python's websockets says that waited longer";
        "close-unknown-configuration", line(LineScript::Close { code: 4404, reason: "unknown media stream configuration id" }), fails(Reason::ClosedByServer), [], "Close 4404 with its words, as a server does that does not know the call's configuration (incident I1)";
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
        "slow-reader", line(LineScript::Pause { ms: 3_500 }), warns(Warning::AudioNotTaken), ["hold = \"6s\"", "raw = { codec = \"l16\", sample_rate = 48000 }"], "reads nothing for 3.5 s and then goes on: its TCP window is closed for a while";
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
        // --- Twilio ---
        "twilio", voice(Dialect::Twilio, Twist::Good), SUCCESS, ["dialect = \"twilio\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true, mark_round_trip_within = \"3s\" }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a mark, then echoes";
        "twilio-silent", voice(Dialect::Twilio, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"twilio\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "twilio-late", Script::voice(VoiceScript::late(Dialect::Twilio)), fails(Reason::AppNoAudio), ["dialect = \"twilio\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "twilio-closes-after-start", voice(Dialect::Twilio, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"twilio\""], "Close 1011 right after the hello";
        "twilio-closes-on-stop", voice(Dialect::Twilio, Twist::ClosesOnStop), SUCCESS, ["dialect = \"twilio\""], "closes with 1000 at the caller's stop, as it may";
        "twilio-wrong-rate", voice(Dialect::Twilio, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"twilio\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "twilio-wrong-stream-id", voice(Dialect::Twilio, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"twilio\""], "answers for another stream";
        "twilio-binary", voice(Dialect::Twilio, Twist::Binary), warns(Warning::BinaryInTextDialect), ["dialect = \"twilio\""], "sends its first piece of audio as a binary message, too";
        "twilio-not-json", voice(Dialect::Twilio, Twist::NotJson), warns(Warning::NotJson), ["dialect = \"twilio\""], "says the text hello";
        "twilio-unknown-event", voice(Dialect::Twilio, Twist::UnknownEvent), warns(Warning::UnknownEvent), ["dialect = \"twilio\""], "sends an event that Twilio does not have";
        "twilio-unknown-event-raised", voice(Dialect::Twilio, Twist::UnknownEvent), Provokes::ReasonAndWarning(Reason::AppWarned, Warning::UnknownEvent), ["dialect = \"twilio\"", "expect = { no_warnings = true }"], "the same server, and a monitor for which a warning is a failure";
        "twilio-invalid-field", voice(Dialect::Twilio, Twist::NoPayload), warns(Warning::InvalidField), ["dialect = \"twilio\""], "sends a media message without a payload";
        "twilio-unknown-field", voice(Dialect::Twilio, Twist::ExtraField), warns(Warning::UnknownField), ["dialect = \"twilio\""], "sends a media message with a contentType";
        "twilio-one-way", voice(Dialect::Twilio, Twist::Good), warns(Warning::MessageOnOneWayStream), ["dialect = \"twilio\"", "call = { one_way = true }"], "talks although the stream only listens";
        "twilio-url-safe-base64", voice(Dialect::Twilio, Twist::UrlSafe), warns(Warning::Base64UrlSafe), ["dialect = \"twilio\""], "writes its audio in the URL-safe alphabet of base64";
        "twilio-bad-base64", voice(Dialect::Twilio, Twist::Unpadded), warns(Warning::Base64Invalid), ["dialect = \"twilio\""], "writes its audio in base64 without the padding";
        "twilio-wav-header", voice(Dialect::Twilio, Twist::WavHeader), warns(Warning::ContainerInAudio), ["dialect = \"twilio\""], "begins its audio with the header of a WAV file";
        "twilio-silence-only", voice(Dialect::Twilio, Twist::SilenceOnly), warns(Warning::AudioSilenceOnly), ["dialect = \"twilio\""], "sends silence without end";
        "twilio-overflow", voice(Dialect::Twilio, Twist::Overflow), warns(Warning::PlaybackOverflow), ["dialect = \"twilio\"", "hold = \"3s\""], "sends 608 s of audio at once; Twilio keeps 10 minutes";
        "twilio-no-mark", voice(Dialect::Twilio, Twist::NoMark), fails(Reason::AppNoMark), ["dialect = \"twilio\"", "expect = { mark_round_trip_within = \"1s\" }"], "greets and sets no mark";
        "twilio-token", Script::voice(VoiceScript::guarded(Dialect::Twilio)), fails(Reason::ClosedByServer), ["dialect = \"twilio\""], "Close 4401 unless start has a parameter token that webhook-twilio-token minted within the last minute, once";
        // --- SignalWire ---
        "signalwire", voice(Dialect::SignalWire, Twist::Good), SUCCESS, ["dialect = \"signalwire\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a mark, then echoes";
        "signalwire-silent", voice(Dialect::SignalWire, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"signalwire\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "signalwire-late", Script::voice(VoiceScript::late(Dialect::SignalWire)), fails(Reason::AppNoAudio), ["dialect = \"signalwire\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "signalwire-closes-after-start", voice(Dialect::SignalWire, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"signalwire\""], "Close 1011 right after the hello";
        "signalwire-wrong-rate", voice(Dialect::SignalWire, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"signalwire\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "signalwire-wrong-stream-id", voice(Dialect::SignalWire, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"signalwire\""], "answers for another stream";
        // --- Telnyx ---
        "telnyx", voice(Dialect::Telnyx, Twist::Good), SUCCESS, ["dialect = \"telnyx\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a mark, then echoes";
        "telnyx-silent", voice(Dialect::Telnyx, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"telnyx\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "telnyx-late", Script::voice(VoiceScript::late(Dialect::Telnyx)), fails(Reason::AppNoAudio), ["dialect = \"telnyx\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "telnyx-closes-after-start", voice(Dialect::Telnyx, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"telnyx\""], "Close 1011 right after the hello";
        "telnyx-closes-on-stop", voice(Dialect::Telnyx, Twist::ClosesOnStop), SUCCESS, ["dialect = \"telnyx\""], "closes with 1000 at the caller's stop, as it may";
        "telnyx-wrong-stream-id", voice(Dialect::Telnyx, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"telnyx\""], "answers for another stream";
        "telnyx-wrong-rate", voice(Dialect::Telnyx, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"telnyx\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        // --- Plivo ---
        "plivo", voice(Dialect::Plivo, Twist::Good), SUCCESS, ["dialect = \"plivo\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a checkpoint, then echoes";
        "plivo-silent", voice(Dialect::Plivo, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"plivo\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "plivo-late", Script::voice(VoiceScript::late(Dialect::Plivo)), fails(Reason::AppNoAudio), ["dialect = \"plivo\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "plivo-closes-after-start", voice(Dialect::Plivo, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"plivo\""], "Close 1011 right after the hello";
        "plivo-wrong-rate", voice(Dialect::Plivo, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"plivo\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "plivo-wrong-stream-id", voice(Dialect::Plivo, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"plivo\"", "hold = \"3s\""], "sets its checkpoint on another stream";
        // --- Vobiz ---
        "vobiz", voice(Dialect::Vobiz, Twist::Good), SUCCESS, ["dialect = \"vobiz\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a checkpoint, then echoes";
        "vobiz-silent", voice(Dialect::Vobiz, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"vobiz\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "vobiz-late", Script::voice(VoiceScript::late(Dialect::Vobiz)), fails(Reason::AppNoAudio), ["dialect = \"vobiz\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "vobiz-closes-after-start", voice(Dialect::Vobiz, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"vobiz\""], "Close 1011 right after the hello";
        "vobiz-wrong-rate", voice(Dialect::Vobiz, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"vobiz\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "vobiz-wrong-stream-id", voice(Dialect::Vobiz, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"vobiz\""], "answers for another stream";
        // --- Bandwidth ---
        "bandwidth", voice(Dialect::Bandwidth, Twist::Good), SUCCESS, ["dialect = \"bandwidth\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone, then echoes";
        "bandwidth-silent", voice(Dialect::Bandwidth, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"bandwidth\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "bandwidth-late", Script::voice(VoiceScript::late(Dialect::Bandwidth)), fails(Reason::AppNoAudio), ["dialect = \"bandwidth\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "bandwidth-closes-after-start", voice(Dialect::Bandwidth, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"bandwidth\""], "Close 1011 right after the hello";
        "bandwidth-wrong-rate", voice(Dialect::Bandwidth, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"bandwidth\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        // --- Exotel ---
        "exotel", voice(Dialect::Exotel, Twist::Good), SUCCESS, ["dialect = \"exotel\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a mark, then echoes";
        "exotel-silent", voice(Dialect::Exotel, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"exotel\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "exotel-late", Script::voice(VoiceScript::late(Dialect::Exotel)), fails(Reason::AppNoAudio), ["dialect = \"exotel\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "exotel-closes-after-start", voice(Dialect::Exotel, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"exotel\""], "Close 1011 right after the hello";
        "exotel-closes-on-stop", voice(Dialect::Exotel, Twist::ClosesOnStop), SUCCESS, ["dialect = \"exotel\""], "closes with 1000 at the caller's stop, as it may";
        "exotel-wrong-rate", voice(Dialect::Exotel, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"exotel\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "exotel-wrong-stream-id", voice(Dialect::Exotel, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"exotel\""], "answers for another stream";
        // --- Vonage ---
        "vonage", voice(Dialect::Vonage, Twist::Good), SUCCESS, ["dialect = \"vonage\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a notify, then echoes";
        "vonage-silent", voice(Dialect::Vonage, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"vonage\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "vonage-late", Script::voice(VoiceScript::late(Dialect::Vonage)), fails(Reason::AppNoAudio), ["dialect = \"vonage\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "vonage-closes-after-start", voice(Dialect::Vonage, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"vonage\""], "Close 1011 right after the hello";
        "vonage-wrong-rate", voice(Dialect::Vonage, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"vonage\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "vonage-frame-size", voice(Dialect::Vonage, Twist::OddPieces), warns(Warning::FrameSizeWrong), ["dialect = \"vonage\""], "sends messages that are one byte too short or too long, in turn";
        // --- Infobip ---
        "infobip", voice(Dialect::Infobip, Twist::Good), SUCCESS, ["dialect = \"infobip\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone, then echoes";
        "infobip-silent", voice(Dialect::Infobip, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"infobip\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "infobip-late", Script::voice(VoiceScript::late(Dialect::Infobip)), fails(Reason::AppNoAudio), ["dialect = \"infobip\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "infobip-closes-after-start", voice(Dialect::Infobip, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"infobip\""], "Close 1011 right after the hello";
        "infobip-wrong-rate", voice(Dialect::Infobip, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"infobip\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        // --- jambonz ---
        "jambonz", voice(Dialect::Jambonz, Twist::Good), SUCCESS, ["dialect = \"jambonz\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and a mark, then echoes";
        "jambonz-silent", voice(Dialect::Jambonz, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"jambonz\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "jambonz-late", Script::voice(VoiceScript::late(Dialect::Jambonz)), fails(Reason::AppNoAudio), ["dialect = \"jambonz\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "jambonz-closes-after-start", voice(Dialect::Jambonz, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"jambonz\""], "Close 1011 right after the hello";
        "jambonz-wrong-rate", voice(Dialect::Jambonz, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"jambonz\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "jambonz-disconnect", voice(Dialect::Jambonz, Twist::HangsUp), fails(Reason::AppHungUp), ["dialect = \"jambonz\""], "says disconnect after its first piece of audio";
        // --- Asterisk ---
        "asterisk", voice(Dialect::Asterisk, Twist::Good), SUCCESS, ["dialect = \"asterisk\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone and MARK_MEDIA, then echoes";
        "asterisk-silent", voice(Dialect::Asterisk, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"asterisk\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "asterisk-late", Script::voice(VoiceScript::late(Dialect::Asterisk)), fails(Reason::AppNoAudio), ["dialect = \"asterisk\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "asterisk-closes-after-start", voice(Dialect::Asterisk, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"asterisk\""], "Close 1011 right after the hello";
        "asterisk-wrong-rate", voice(Dialect::Asterisk, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"asterisk\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "asterisk-json", voice(Dialect::Asterisk, Twist::Good), SUCCESS, ["dialect = \"asterisk\"", "call = { form = \"json\" }", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "the same server; it answers in the form of MEDIA_START";
        "asterisk-overflow", voice(Dialect::Asterisk, Twist::Overflow), warns(Warning::PlaybackOverflow), ["dialect = \"asterisk\""], "sends 608 s of audio at once: 4.9 MB in 76 messages";
        "asterisk-hangup", voice(Dialect::Asterisk, Twist::HangsUp), fails(Reason::AppHungUp), ["dialect = \"asterisk\""], "says HANGUP after its first piece of audio";
        // --- Genesys ---
        "genesys", voice(Dialect::Genesys, Twist::Good), SUCCESS, ["dialect = \"genesys\""], "AudioHook's connection probe: answers open, ping and close, and takes no audio";
        "genesys-call", voice(Dialect::Genesys, Twist::Good), SUCCESS, ["dialect = \"genesys\"", "call = { connection_probe = false }"], "the same server with a caller: takes audio after opened, and sends none";
        "genesys-connector", voice(Dialect::GenesysConnector, Twist::Good), SUCCESS, ["dialect = \"genesys\"", "call = { connection_probe = false, audio_connector = true }", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "the Audio Connector: greets after 0.2 s with 1 s of tone, then echoes";
        "genesys-connector-silent", voice(Dialect::GenesysConnector, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"genesys\"", "call = { connection_probe = false, audio_connector = true }", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "genesys-connector-late", Script::voice(VoiceScript::late(Dialect::GenesysConnector)), fails(Reason::AppNoAudio), ["dialect = \"genesys\"", "call = { connection_probe = false, audio_connector = true }", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "genesys-connector-wrong-rate", voice(Dialect::GenesysConnector, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"genesys\"", "call = { connection_probe = false, audio_connector = true }", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "genesys-talks", voice(Dialect::GenesysConnector, Twist::Good), warns(Warning::MessageOnOneWayStream), ["dialect = \"genesys\"", "call = { connection_probe = false }"], "talks although the session only listens";
        "genesys-closes-after-start", voice(Dialect::Genesys, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"genesys\""], "Close 1011 right after the hello";
        "genesys-not-opened", voice(Dialect::Genesys, Twist::NotOpened), fails(Reason::AppNotAnswered), ["dialect = \"genesys\"", "call = { answer_within = \"1s\" }"], "never answers open";
        "genesys-refuses", voice(Dialect::Genesys, Twist::Refuses), Provokes::ReasonAndWarning(Reason::AppRefused, Warning::ServerReportedError), ["dialect = \"genesys\""], "answers open with disconnect: unauthorized";
        "genesys-wrong-sequence", voice(Dialect::Genesys, Twist::WrongSequence), warns(Warning::SequenceWrong), ["dialect = \"genesys\"", "hold = \"3s\""], "leaves sequence numbers out in its pong";
        "genesys-wrong-stream-id", voice(Dialect::Genesys, Twist::WrongStreamId), warns(Warning::WrongStreamId), ["dialect = \"genesys\"", "hold = \"3s\""], "answers the ping of another session";
        "genesys-no-pong", voice(Dialect::Genesys, Twist::NoPong), fails(Reason::WsPingTimeout), ["dialect = \"genesys\"", "hold = \"8s\""], "does not answer AudioHook's ping";
        "genesys-no-closed", voice(Dialect::Genesys, Twist::NoClosed), warns(Warning::FarewellUnanswered), ["dialect = \"genesys\""], "does not answer AudioHook's close";
        // --- Azure ---
        "acs", voice(Dialect::Acs, Twist::Good), SUCCESS, ["dialect = \"acs\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone, then echoes";
        "acs-silent", voice(Dialect::Acs, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"acs\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "acs-late", Script::voice(VoiceScript::late(Dialect::Acs)), fails(Reason::AppNoAudio), ["dialect = \"acs\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "acs-closes-after-start", voice(Dialect::Acs, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"acs\""], "Close 1011 right after the hello";
        "acs-wrong-rate", voice(Dialect::Acs, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"acs\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        // --- Sinch ---
        "sinch", voice(Dialect::Sinch, Twist::Good), SUCCESS, ["dialect = \"sinch\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "checks the hello and every frame, greets after 0.2 s with 1 s of tone, then echoes";
        "sinch-silent", voice(Dialect::Sinch, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"sinch\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "sinch-late", Script::voice(VoiceScript::late(Dialect::Sinch)), fails(Reason::AppNoAudio), ["dialect = \"sinch\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "sinch-closes-after-start", voice(Dialect::Sinch, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"sinch\""], "Close 1011 right after the hello";
        "sinch-wrong-rate", voice(Dialect::Sinch, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"sinch\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "sinch-not-answered", voice(Dialect::Sinch, Twist::NotOpened), fails(Reason::AppNotAnswered), ["dialect = \"sinch\"", "call = { answer_within = \"1s\" }"], "never answers connect";
        "sinch-busy", voice(Dialect::Sinch, Twist::Refuses), fails(Reason::AppRefused), ["dialect = \"sinch\""], "answers connect with busy";
        "sinch-reject", voice(Dialect::Sinch, Twist::Rejects), fails(Reason::AppRefused), ["dialect = \"sinch\""], "answers connect with reject";
        // --- ConversationRelay ---
        "conversation-relay", voice(Dialect::ConversationRelay, Twist::Good), SUCCESS, ["dialect = \"conversation-relay\"", "hold = \"3s\"", "expect = { first_message_within = \"2s\" }"], "checks the hello and every prompt, greets in words after 0.2 s, and says every prompt again";
        "conversation-relay-silent", voice(Dialect::ConversationRelay, Twist::Silent), fails(Reason::AppNoMessage), ["dialect = \"conversation-relay\"", "expect = { first_message_within = \"1s\" }"], "plays along and says nothing";
        "conversation-relay-late", Script::voice(VoiceScript::late(Dialect::ConversationRelay)), fails(Reason::AppNoMessage), ["dialect = \"conversation-relay\"", "expect = { first_message_within = \"1s\" }"], "greets only after 3 s";
        "conversation-relay-closes-after-start", voice(Dialect::ConversationRelay, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"conversation-relay\""], "Close 1011 right after the hello";
        // --- the OpenAI Realtime API ---
        "openai-realtime", voice(Dialect::OpenAiRealtime, Twist::Good), SUCCESS, ["dialect = \"openai-realtime\"", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "says session.created, checks the hello and every frame, greets after 0.2 s with 1 s of tone, then echoes";
        "openai-realtime-silent", voice(Dialect::OpenAiRealtime, Twist::Silent), fails(Reason::AppNoAudio), ["dialect = \"openai-realtime\"", "expect = { first_audio_within = \"1s\" }"], "plays along and says nothing";
        "openai-realtime-late", Script::voice(VoiceScript::late(Dialect::OpenAiRealtime)), fails(Reason::AppNoAudio), ["dialect = \"openai-realtime\"", "expect = { first_audio_within = \"1s\" }"], "greets only after 3 s";
        "openai-realtime-closes-after-start", voice(Dialect::OpenAiRealtime, Twist::ClosesAfterStart), fails(Reason::ClosedByServer), ["dialect = \"openai-realtime\""], "Close 1011 right after the hello";
        "openai-realtime-wrong-rate", voice(Dialect::OpenAiRealtime, Twist::WrongRate), warns(Warning::AudioRateWrong), ["dialect = \"openai-realtime\"", "hold = \"3s\""], "talks for 1.6 s at twice the byte rate of the call";
        "openai-realtime-error", voice(Dialect::OpenAiRealtime, Twist::ReportsError), warns(Warning::ServerReportedError), ["dialect = \"openai-realtime\""], "says error right after session.created";
        "openai-realtime-not-created", voice(Dialect::OpenAiRealtime, Twist::NotOpened), fails(Reason::AppNotAnswered), ["dialect = \"openai-realtime\"", "call = { answer_within = \"1s\" }"], "never says session.created";
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

const fn joined<const LENGTH: usize>(first: &[Behaviour], second: &[Behaviour]) -> [Behaviour; LENGTH] {
    let mut all = [first[0]; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

pub(super) const fn row(
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

const fn voice(dialect: Dialect, twist: Twist) -> Script {
    Script::voice(VoiceScript::new(dialect, twist))
}

const fn answer(answer: AnswerScript) -> Script {
    Script::Answer(answer)
}

/// An answer of somebody else's.
const fn host(bytes: &'static [u8]) -> Script {
    answer(AnswerScript::Bytes(bytes, Ending::Close))
}

const fn drops(after_ms: u64, how: Ending) -> LineScript {
    LineScript::Drop { after_ms, how }
}

const fn cuts_at(kind: Message) -> LineScript {
    LineScript::Attend(Manner { cut_at: Some(kind), ..Manner::SILENT })
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
