//! The table of webhooks. Their documents are at the end.

use super::{Door, Place, Reply, WebhookScript};
use crate::outcome::{Reason, Warning};
use crate::practice::behaviour::{Behaviour, Provokes};
use crate::practice::script::{AnswerScript, Ending, PortScript, Script};
use crate::practice::table::row;

/// Declares the table. A row is: name, script, what it provokes, the settings that it needs, what the server does.
macro_rules! webhooks {
    ($($name:literal, $script:expr, $provokes:expr, [$($need:literal),*], $about:literal;)+) => {
        /// Every webhook.
        pub(in crate::practice) const WEBHOOKS: &[Behaviour] =
            &[$(row($name, Script::Webhook($script), $provokes, &[$($need),*], $about),)+];
    };
}

/// An XML document of the verbs within `<Response>`.
macro_rules! response {
    ($($verb:expr),+ $(,)?) => {
        concat!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n", $("  ", $verb, "\n",)+ "</Response>\n")
    };
}

/// TwiML (and what is modelled on it) that opens a stream with this URL, at line 4.
macro_rules! connect {
    ($url:literal) => {
        response!("<Connect>", concat!("  <Stream url=\"", $url, "\"/>"), "</Connect>")
    };
}

webhooks! {
    // --- good ones, a provider each ---
    "webhook-twilio", xml(TWILIO), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true", "audio = { say = \"tone\" }", "hold = \"3s\"", "expect = { first_audio_within = \"2s\", echo = true }"], "TwiML: <Connect><Stream> to /twilio, with a <Parameter>";
    "webhook-twilio-start", xml(TWILIO_START), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true"], "TwiML: <Start><Stream> to /twilio-silent, which only listens, and a <Pause> that holds the call";
    "webhook-conversation-relay", xml(RELAY), SUCCESS, ["dialect = \"conversation-relay\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_message_within = \"2s\" }"], "TwiML: <Connect><ConversationRelay> to /conversation-relay, with a <Parameter>";
    "webhook-signalwire", xml(SIGNALWIRE), SUCCESS, ["dialect = \"signalwire\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "cXML: <Connect><Stream> to /signalwire, with a <Parameter>";
    "webhook-telnyx", xml(TELNYX), SUCCESS, ["dialect = \"telnyx\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "TeXML: <Connect><Stream> with bidirectionalMode rtp to /telnyx, with a <Parameter>";
    "webhook-plivo", xml(PLIVO), SUCCESS, ["dialect = \"plivo\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "Plivo XML: a bidirectional <Stream> that keeps the call alive, to /plivo, with extraHeaders";
    "webhook-bandwidth", xml(BANDWIDTH), SUCCESS, ["dialect = \"bandwidth\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "BXML: a bidirectional <StartStream> to /bandwidth with a <StreamParam>, and a <StopStream> that waits";
    "webhook-vonage", json(VONAGE), SUCCESS, ["dialect = \"vonage\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "NCCO: connect to a websocket endpoint, /vonage, with headers";
    "webhook-exotel", json("{\"url\": \"{ws}/exotel\"}\n"), SUCCESS, ["dialect = \"exotel\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "JSON with the URL of /exotel";
    "webhook-json", json("{\"call\": {\"id\": 7}, \"stream\": {\"url\": \"{ws}/twilio\"}}\n"), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true", "webhook.provider = \"json\"", "webhook.pointer = \"/stream/url\""], "a JSON of one's own, with the URL of /twilio at /stream/url";
    // --- signatures and tokens ---
    "webhook-signed", at_door(Door::TwilioSignature), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true", "webhook.auth_token_file = \"{auth_token_file}\""], "checks Twilio's signature with the auth token practice-auth-token, and answers as webhook-twilio";
    "webhook-forbidden", at_door(Door::TwilioSignature), fails(Reason::WebhookForbidden), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the same server, and a monitor that does not sign: 403";
    "webhook-rebuilds-http", at(Place::SecurePath, Door::TwilioSignatureOfHttp), fails(Reason::WebhookForbidden), ["dialect = \"twilio\"", "webhook.allow_private = true", "webhook.auth_token_file = \"{auth_token_file}\""], "behind a proxy that ends TLS: checks the signature over http:// although it was asked over https://, and answers 403";
    "webhook-twilio-token", xml(TOKEN), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true"], "TwiML with a <Parameter> that is a fresh token, to /twilio-token, which takes each token once";
    "webhook-twilio-no-token", xml(connect!("{ws}/twilio-token")), fails(Reason::ClosedByServer), ["dialect = \"twilio\"", "webhook.allow_private = true"], "forgets the token: /twilio-token closes with 4401";
    // --- the webhook cannot be asked ---
    "webhook-nxdomain", at(Place::Lookup("dns-nxdomain"), Door::Open), fails(Reason::WebhookNxdomain), ["dialect = \"twilio\"", "resolver = [\"{address}\"]"], "its host name does not exist";
    "webhook-dns-failed", at(Place::Lookup("dns-servfail"), Door::Open), fails(Reason::WebhookDnsFailed), ["dialect = \"twilio\"", "resolver = [\"{address}\"]"], "the lookup of its host name ends in SERVFAIL";
    "webhook-refused", at(Place::Port(PortScript::Refused), Door::Open), fails(Reason::WebhookRefused), ["dialect = \"twilio\""], "a port on which nothing listens";
    "webhook-unreachable", at(Place::Port(PortScript::Timeout), Door::Open), fails(Reason::WebhookUnreachable), ["dialect = \"twilio\"", "webhook.timeout = \"2s\""], "a port whose accept queue is full (Linux)";
    "webhook-tls-failed", at(Place::Handshake("tls-expired"), Door::Open), fails(Reason::WebhookTlsFailed), ["dialect = \"twilio\""], "a certificate that ended yesterday";
    "webhook-not-http", answers(bytes(b"SSH-2.0-OpenSSH_9.6\r\n", Ending::Close)), fails(Reason::WebhookNotHttp), ["dialect = \"twilio\""], "answers with an SSH banner";
    "webhook-closed", answers(bytes(b"", Ending::Close)), fails(Reason::WebhookClosed), ["dialect = \"twilio\""], "closes instead of answering";
    "webhook-cut", answers(bytes(CUT, Ending::Close)), fails(Reason::WebhookClosed), ["dialect = \"twilio\""], "closes in the middle of its answer";
    "webhook-timeout", answers(bytes(b"", Ending::Hang)), fails(Reason::WebhookTimeout), ["dialect = \"twilio\"", "webhook.timeout = \"1s\""], "never answers";
    // --- its status ---
    "webhook-redirected", answers(AnswerScript::Status(307)), fails(Reason::WebhookRedirected), ["dialect = \"twilio\""], "answers 307 with a Location";
    "webhook-not-found", answers(AnswerScript::Status(404)), fails(Reason::WebhookNotFound), ["dialect = \"twilio\""], "answers 404";
    "webhook-method-not-allowed", at_door(Door::Method("GET")), fails(Reason::WebhookMethodNotAllowed), ["dialect = \"twilio\""], "takes GET alone, and is asked with POST: 405";
    "webhook-get", at_door(Door::Method("GET")), SUCCESS, ["dialect = \"twilio\"", "webhook.allow_private = true", "webhook.method = \"GET\""], "the same server, asked with GET";
    "webhook-rejected", answers(AnswerScript::Status(400)), fails(Reason::WebhookRejected), ["dialect = \"twilio\""], "answers 400";
    "webhook-server-error", answers(AnswerScript::Status(500)), fails(Reason::WebhookServerError), ["dialect = \"twilio\""], "answers 500";
    "webhook-bad-gateway", answers(AnswerScript::Status(502)), fails(Reason::WebhookBadGateway), ["dialect = \"twilio\""], "answers 502, as a proxy without a backend";
    // --- its document ---
    "webhook-html", document(Some("text/html"), 0, HTML), fails(Reason::WebhookUnreadable), ["dialect = \"twilio\""], "a page of HTML where TwiML is due, as a static site";
    "webhook-json-error", json("{\"detail\": \"practice: no such voice\"}\n"), fails(Reason::WebhookUnreadable), ["dialect = \"twilio\""], "a framework's error in JSON, with status 200";
    "webhook-empty", xml(""), fails(Reason::WebhookUnreadable), ["dialect = \"twilio\""], "a body of no bytes";
    "webhook-quoted", json("\"<Response><Connect><Stream url=\\\"{ws}/twilio\\\"/></Connect></Response>\""), fails(Reason::WebhookUnreadable), ["dialect = \"twilio\""], "TwiML as a JSON text, as FastAPI writes what a handler returns";
    "webhook-ampersand", xml(connect!("{ws}/twilio?a=1&b=2")), fails(Reason::WebhookUnreadable), ["dialect = \"twilio\""], "an & in the stream URL that is not escaped";
    "webhook-no-stream", xml(TRADITIONAL), fails(Reason::WebhookNoStream), ["dialect = \"twilio\""], "the traditional mode: <Say> and <Gather>, and no stream";
    "webhook-http-url", xml(connect!("https://{host}/twilio")), fails(Reason::WebhookUrlInvalid), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the stream URL is PUBLIC_URL as it stands, with https:// (incident I5)";
    "webhook-ws-url", xml(connect!("ws://voice.practice.example.com/twilio")), fails(Reason::WebhookUrlInvalid), ["dialect = \"twilio\"", "webhook.expect_host = \"voice.practice.example.com\""], "the stream URL is ws://, as the server behind the proxy sees itself (incident I3)";
    "webhook-unset-url", xml(connect!("wss://undefined/twilio")), fails(Reason::WebhookUrlInvalid), ["dialect = \"twilio\""], "the stream URL has the text of an unset variable for a host: wss://undefined/twilio";
    "webhook-scheme-twice", xml(connect!("wss://https://{host}/twilio")), fails(Reason::WebhookUrlInvalid), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the stream URL has wss:// before a PUBLIC_URL that has its own scheme";
    "webhook-private-url", xml(connect!("wss://localhost/twilio")), Provokes::ReasonAndWarning(Reason::WebhookUrlPrivate, Warning::HostDiffers), ["dialect = \"twilio\"", "webhook.expect_host = \"voice.practice.example.com\""], "PUBLIC_URL is not set: the stream's host is localhost (incident I5)";
    "webhook-private-address", xml(connect!("wss://private.practice.example.com/twilio")), Provokes::ReasonAndWarning(Reason::DnsPrivateAddress, Warning::HostDiffers), ["dialect = \"twilio\"", "resolver = [\"{address}\"]"], "the stream's host looks public, and its address is private";
    "webhook-both-tracks", xml(BOTH_TRACKS), fails(Reason::WebhookStreamInvalid), ["dialect = \"twilio\"", "webhook.allow_private = true"], "<Connect><Stream track=\"both_tracks\">, which Twilio refuses (31941)";
    // --- the stream behind it ---
    "webhook-wrong-path", xml(connect!("{ws}/v1/media-stream")), fails(of_code(404)), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the stream URL is built from a wrong base path: 404 (incident I3)";
    "webhook-no-upgrade", xml(connect!("{ws}/http-426")), fails(of_code(426)), ["dialect = \"twilio\"", "webhook.allow_private = true"], "all is right, and the way to the stream strips the upgrade: the server answers 426 (incident I4; the origin is /twilio)";
    "webhook-tunnel-page", xml(connect!("{ws}/http-200")), fails(Reason::Http200NotWebsocket), ["dialect = \"twilio\"", "webhook.allow_private = true"], "all is right, and the tunnel answers the upgrade with a page of its own (incident I4; the origin is /twilio)";
    "webhook-telnyx-call-path", xml(CALL_PATH), SUCCESS, ["dialect = \"telnyx\"", "webhook.allow_private = true", "hold = \"3s\"", "expect = { first_audio_within = \"2s\" }"], "TeXML to /api/calls/<CallSid>/audio, a path for each call, which opens once (incident I2)";
    "webhook-telnyx-path-without-id", xml(NO_CALL_PATH), fails(of_code(404)), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML to /api/calls/audio: the id of the call is missing (incident I2)";
    // --- what the provider passes over ---
    "webhook-slow", document(Some("application/json"), 3_000, VONAGE), warns(Warning::AnswerSlow), ["dialect = \"vonage\"", "webhook.allow_private = true"], "NCCO after 3 s, and Vonage waits 5 s";
    "webhook-byte-order-mark", xml(concat!("\u{feff}", connect!("{ws}/twilio"))), warns(Warning::ByteOrderMark), ["dialect = \"twilio\"", "webhook.allow_private = true"], "begins with a byte order mark";
    "webhook-no-content-type", document(None, 0, TELNYX), warns(Warning::ContentTypeMissing), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML without a Content-Type";
    "webhook-content-type-wrong", document(Some("text/plain"), 0, TELNYX), warns(Warning::ContentTypeWrong), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML as text/plain";
    "webhook-content-type-html", document(Some("text/html; charset=utf-8"), 0, TWILIO), warns(Warning::ContentTypeUnusual), ["dialect = \"twilio\"", "webhook.allow_private = true"], "TwiML as text/html, as PHP sends it";
    "webhook-misspelt", xml(MISSPELT), warns(Warning::NameMisspelt), ["dialect = \"twilio\"", "webhook.allow_private = true"], "a <parameter> in small letters";
    "webhook-several-streams", xml(SEVERAL), warns(Warning::SeveralStreams), ["dialect = \"twilio\"", "webhook.allow_private = true"], "<Start><Stream> to one path and <Connect><Stream> to another";
    "webhook-call-ends", xml(CALL_ENDS), warns(Warning::CallEndsAtOnce), ["dialect = \"twilio\"", "webhook.allow_private = true"], "<Start><Stream> as the last verb: the call ends at once";
    "webhook-other-dialect", xml(OTHER_DIALECT), warns(Warning::DialectDiffers), ["dialect = \"twilio\"", "webhook.allow_private = true"], "<ConversationRelay> to /conversation-relay, and the monitor speaks Media Streams";
    "webhook-other-direction", xml(connect!("{ws}/twilio")), warns(Warning::DirectionDiffers), ["dialect = \"twilio\"", "webhook.allow_private = true", "call = { one_way = true }"], "<Connect><Stream>, and the monitor's stream only listens";
    "webhook-odd-track", xml(ODD_TRACK), warns(Warning::TrackInvalid), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML with a track that there is not";
    "webhook-odd-codec", xml(ODD_CODEC), warns(Warning::FormatInvalid), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML with a codec that Telnyx does not have";
    "webhook-opus", xml(OPUS), warns(Warning::FormatNotSpoken), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "TeXML with the codec OPUS, which sidetone does not speak";
    "webhook-other-format", json(VONAGE), warns(Warning::FormatDiffers), ["dialect = \"vonage\"", "webhook.allow_private = true", "audio = { sample_rate = 8000 }"], "NCCO with 16 kHz, and the monitor has 8 kHz";
    "webhook-large-parameters", json(LARGE), warns(Warning::ParametersTooLarge), ["dialect = \"vonage\"", "webhook.allow_private = true"], "NCCO with headers of more than 512 bytes";
    "webhook-broken-token", json(BROKEN_TOKEN), warns(Warning::AuthorizationInvalid), ["dialect = \"vonage\"", "webhook.allow_private = true"], "NCCO with a line break in the value of the header Authorization";
    "webhook-url-spaces", xml(connect!(" {ws}/twilio ")), warns(Warning::UrlSpaces), ["dialect = \"twilio\"", "webhook.allow_private = true"], "spaces around the stream URL";
    "webhook-url-escaped-twice", xml(ESCAPED_TWICE), warns(Warning::UrlEscapedTwice), ["dialect = \"telnyx\"", "webhook.allow_private = true"], "a stream URL with &amp;amp; in it";
    "webhook-url-relative", xml(connect!("/twilio")), warns(Warning::UrlRelative), ["dialect = \"twilio\"", "webhook.allow_private = true"], "a stream URL without scheme and host";
    "webhook-url-fragment", xml(connect!("{ws}/twilio#call")), warns(Warning::UrlFragment), ["dialect = \"twilio\"", "webhook.allow_private = true"], "a stream URL with a fragment";
    "webhook-url-credentials", xml(connect!("{scheme}://agent:practice@{host}/twilio")), warns(Warning::UrlCredentials), ["dialect = \"twilio\"", "webhook.allow_private = true"], "a stream URL with a user name and password";
    "webhook-url-query", xml(connect!("{ws}/twilio?call=7")), warns(Warning::QueryStringInTwilioUrl), ["dialect = \"twilio\"", "webhook.allow_private = true"], "a stream URL with a query, which Twilio does not carry";
    "webhook-other-host", xml(connect!("wss://old.practice.test:{port}/twilio")), warns(Warning::HostDiffers), ["dialect = \"twilio\"", "webhook.allow_private = true", "resolver = [\"{address}\"]", "ca_file = \"{ca_file}\""], "PUBLIC_URL is an old one: the stream is on another host than the webhook (incident I5)";
    "webhook-host-is-address", xml(connect!("https://203.0.113.10/twilio")), Provokes::ReasonAndWarning(Reason::WebhookUrlInvalid, Warning::HostIsAddress), ["dialect = \"twilio\"", "webhook.expect_host = \"203.0.113.10\""], "an address in place of a name, and https:// beside it";
    "webhook-host-dot", xml(connect!("https://voice.practice.example.com./twilio")), Provokes::ReasonAndWarning(Reason::WebhookUrlInvalid, Warning::HostTrailingDot), ["dialect = \"twilio\"", "webhook.expect_host = \"voice.practice.example.com\""], "a host that ends in a dot, and https:// beside it";
    "webhook-unset-path", xml(connect!("{ws}/twilio/undefined")), Provokes::ReasonAndWarning(of_code(404), Warning::PlaceholderInPath), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the text of an unset variable in the path of the stream URL: 404";
    "webhook-port", xml(connect!("wss://voice.practice.example.com:{port}/twilio")), warns(Warning::PortUnusual), ["dialect = \"twilio\"", "webhook.allow_private = true", "webhook.expect_host = \"voice.practice.example.com\"", "resolver = [\"{address}\"]", "ca_file = \"{ca_file}\""], "a stream at another port than 443, on a host that looks public";
    "webhook-double-slash", xml(connect!("{ws}//twilio")), warns(Warning::PathDoubleSlash), ["dialect = \"twilio\"", "webhook.allow_private = true"], "PUBLIC_URL ends in a slash: two slashes in the stream URL (incident I5)";
    "webhook-double-slash-wrong", xml(connect!("{ws}//one-slash-wanted")), Provokes::ReasonAndWarning(of_code(404), Warning::PathDoubleSlash), ["dialect = \"twilio\"", "webhook.allow_private = true"], "the same, to a server that has no route with two slashes: 404";
}

const SUCCESS: Provokes = Provokes::Success;
const XML: Option<&str> = Some("text/xml");

const fn fails(reason: Reason) -> Provokes {
    Provokes::Reason(reason)
}

const fn warns(warning: Warning) -> Provokes {
    Provokes::Warning(warning)
}

const fn of_code(code: u16) -> Reason {
    Reason::from_status(code)
}

const fn document(content_type: Option<&'static str>, after_ms: u64, template: &'static str) -> WebhookScript {
    WebhookScript { place: Place::Path, door: Door::Open, reply: Reply::Document { content_type, after_ms, template } }
}

const fn xml(template: &'static str) -> WebhookScript {
    document(XML, 0, template)
}

const fn json(template: &'static str) -> WebhookScript {
    document(Some("application/json"), 0, template)
}

/// Twilio's good one, at this place and behind this door.
const fn at(place: Place, door: Door) -> WebhookScript {
    WebhookScript { place, door, ..xml(TWILIO) }
}

const fn at_door(door: Door) -> WebhookScript {
    at(Place::Path, door)
}

const fn answers(script: AnswerScript) -> WebhookScript {
    WebhookScript { place: Place::Path, door: Door::Open, reply: Reply::Answer(script) }
}

const fn bytes(bytes: &'static [u8], ending: Ending) -> AnswerScript {
    AnswerScript::Bytes(bytes, ending)
}

const TWILIO: &str = response!(
    "<Connect>",
    "  <Stream url=\"{ws}/twilio\">",
    "    <Parameter name=\"tenant\" value=\"practice\"/>",
    "  </Stream>",
    "</Connect>",
);
const TWILIO_START: &str = response!("<Start>", "  <Stream url=\"{ws}/twilio-silent\"/>", "</Start>", "<Pause length=\"60\"/>");
const RELAY: &str = response!(
    "<Connect>",
    "  <ConversationRelay url=\"{ws}/conversation-relay\" welcomeGreeting=\"Hello\">",
    "    <Parameter name=\"tenant\" value=\"practice\"/>",
    "  </ConversationRelay>",
    "</Connect>",
);
const SIGNALWIRE: &str = response!(
    "<Connect>",
    "  <Stream url=\"{ws}/signalwire\" codec=\"PCMU@8000h\">",
    "    <Parameter name=\"tenant\" value=\"practice\"/>",
    "  </Stream>",
    "</Connect>",
);
const TELNYX: &str = response!(
    "<Connect>",
    "  <Stream url=\"{ws}/telnyx\" bidirectionalMode=\"rtp\">",
    "    <Parameter name=\"tenant\" value=\"practice\"/>",
    "  </Stream>",
    "</Connect>",
);
const PLIVO: &str = response!(
    "<Stream bidirectional=\"true\" keepCallAlive=\"true\" contentType=\"audio/x-mulaw;rate=8000\" extraHeaders=\"tenant=practice\">",
    "  {ws}/plivo",
    "</Stream>",
);
const BANDWIDTH: &str = response!(
    "<StartStream name=\"agent\" mode=\"bidirectional\" destination=\"{ws}/bandwidth\">",
    "  <StreamParam name=\"tenant\" value=\"practice\"/>",
    "</StartStream>",
    "<StopStream name=\"agent\" wait=\"true\"/>",
);
const VONAGE: &str = r#"[
  {
    "action": "connect",
    "endpoint": [
      {
        "type": "websocket",
        "uri": "{ws}/vonage",
        "content-type": "audio/l16;rate=16000",
        "headers": { "tenant": "practice" }
      }
    ]
  }
]
"#;
const BROKEN_TOKEN: &str = r#"[
  {
    "action": "connect",
    "endpoint": [
      {
        "type": "websocket",
        "uri": "{ws}/vonage",
        "content-type": "audio/l16;rate=16000",
        "authorization": { "type": "custom", "value": "Bearer one\ntwo" }
      }
    ]
  }
]
"#;
const TOKEN: &str = response!(
    "<Connect>",
    "  <Stream url=\"{ws}/twilio-token\">",
    "    <Parameter name=\"token\" value=\"{token}\"/>",
    "  </Stream>",
    "</Connect>",
);
const TRADITIONAL: &str = response!("<Say>Hello, how can I help?</Say>", "<Gather input=\"speech\" action=\"/gather\"/>");
const BOTH_TRACKS: &str = response!("<Connect>", "  <Stream url=\"{ws}/twilio\" track=\"both_tracks\"/>", "</Connect>");
const CALL_PATH: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/api/calls/{call}/audio\" bidirectionalMode=\"rtp\"/>", "</Connect>");
const NO_CALL_PATH: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/api/calls/audio\" bidirectionalMode=\"rtp\"/>", "</Connect>");
const MISSPELT: &str = response!(
    "<Connect>",
    "  <Stream url=\"{ws}/twilio\">",
    "    <parameter name=\"tenant\" value=\"practice\"/>",
    "  </Stream>",
    "</Connect>",
);
const SEVERAL: &str = response!(
    "<Start>",
    "  <Stream url=\"{ws}/twilio-silent\"/>",
    "</Start>",
    "<Connect>",
    "  <Stream url=\"{ws}/twilio\"/>",
    "</Connect>",
);
const CALL_ENDS: &str = response!("<Start>", "  <Stream url=\"{ws}/twilio-silent\"/>", "</Start>");
const OTHER_DIALECT: &str = response!("<Connect>", "  <ConversationRelay url=\"{ws}/conversation-relay\"/>", "</Connect>");
const ODD_TRACK: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/telnyx\" bidirectionalMode=\"rtp\" track=\"all\"/>", "</Connect>");
const ODD_CODEC: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/telnyx\" bidirectionalMode=\"rtp\" codec=\"ulaw\"/>", "</Connect>");
const OPUS: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/telnyx\" bidirectionalMode=\"rtp\" codec=\"OPUS\"/>", "</Connect>");
const ESCAPED_TWICE: &str =
    response!("<Connect>", "  <Stream url=\"{ws}/telnyx?a=1&amp;amp;b=2\" bidirectionalMode=\"rtp\"/>", "</Connect>");
const LARGE: &str = concat!(
    r#"[{"action": "connect", "endpoint": [{"type": "websocket", "uri": "{ws}/vonage", "content-type": "audio/l16;rate=16000", "headers": {"prompt": ""#,
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    "You are the voice of a hotel. Be brief, be kind, and never promise what is not in the list of rooms. ",
    r#""}}]}]"#,
);
const HTML: &str = "<!doctype html>\n<html><head><title>Voice agent</title></head><body><div id=\"root\"></div></body></html>\n";
const CUT: &[u8] = b"HTTP/1.1 200 OK\r\nServer: sidetone-practice\r\nContent-Type: text/xml\r\nContent-Length: 200\r\n\
    Connection: close\r\n\r\n<Response><Connect>";
