//! Documents in the shapes that the providers publish, and what goes wrong with them.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use url::Url;

use super::*;
use crate::audio::Codec;

const WEBHOOK: &str = "https://voice.example.com/incoming-call";

const TWIML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>Please wait.</Say>
  <Connect>
    <Stream url="wss://voice.example.com/media-stream" name="agent" track="inbound_track">
      <Parameter name="session" value="s-1"/>
      <Parameter name="token" value="canary"/>
    </Stream>
  </Connect>
</Response>"#;

const RELAY: &str = r#"<Response><Connect action="https://voice.example.com/after"><ConversationRelay url="wss://voice.example.com/relay" welcomeGreeting="Hi!"><Language code="en-US"/><Parameter name="k" value="v"/></ConversationRelay></Connect></Response>"#;

const CXML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response><Connect>
<Stream url="wss://voice.example.com/media" codec="L16@24000h" realtime="true" authBearerToken="canary"/>
</Connect></Response>"#;

const TEXML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Connect>
    <Stream url="wss://voice.example.com/telnyx" codec="PCMA" bidirectionalMode="rtp" bidirectionalCodec="PCMA"/>
  </Connect>
</Response>"#;

const PLIVO: &str = r#"<Response>
  <Stream bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000" extraHeaders="a=1,b=2">
    wss://voice.example.com/plivo
  </Stream>
</Response>"#;

const BXML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <StartStream name="agent" mode="bidirectional" tracks="inbound" destination="wss://voice.example.com/bw" destinationUsername="u" destinationPassword="canary">
    <StreamParam name="token" value="canary"/>
  </StartStream>
  <StopStream name="agent" wait="true"/>
</Response>"#;

const NCCO: &str = r#"[
  {"action": "talk", "text": "Please wait"},
  {"action": "connect", "from": "12025550100", "endpoint": [
    {"type": "websocket",
     "uri": "wss:\/\/voice.example.com\/vonage",
     "content-type": "audio/l16;rate=16000",
     "headers": {"caller": "12025550100", "n": 1},
     "authorization": {"type": "custom", "value": "Bearer canary"}}
  ]}
]"#;

const EXOTEL: &str = "{\n \"url\": \"wss://key:canary@voice.example.com/exotel?sample-rate=16000\"\n}";

fn webhook() -> Url {
    Url::parse(WEBHOOK).unwrap()
}

fn content_type(kind: Kind) -> &'static str {
    if body::wants_xml(kind) { "text/xml; charset=utf-8" } else { "application/json" }
}

fn answer(kind: Kind, text: &str) -> Answer<'_> {
    Answer { content_type: Some(content_type(kind)), body: text.as_bytes(), took: Duration::from_millis(80) }
}

fn read_as(kind: Kind, text: &str) -> Reading {
    read(&answer(kind, text), &Rules::new(kind, &webhook()))
}

fn lints(reading: &Reading) -> Vec<Lint> {
    reading.complaints.iter().map(|complaint| complaint.lint).collect()
}

/// TwiML with this URL in it.
fn twiml(url: &str) -> String {
    format!("<Response>\n<Connect><Stream url=\"{url}\"/></Connect></Response>")
}

fn complaint(reading: &Reading, lint: Lint) -> &Complaint {
    reading.complaints.iter().find(|complaint| complaint.lint == lint).unwrap_or_else(|| panic!("{lint} in {reading:?}"))
}

#[test]
fn good_documents_give_the_stream_and_no_complaint() {
    let rows = [
        (Kind::Twilio, TWIML, Verb::ConnectStream, "wss://voice.example.com/media-stream", 5),
        (Kind::Twilio, RELAY, Verb::ConversationRelay, "wss://voice.example.com/relay", 1),
        (Kind::Signalwire, CXML, Verb::ConnectStream, "wss://voice.example.com/media", 3),
        (Kind::Telnyx, TEXML, Verb::ConnectStream, "wss://voice.example.com/telnyx", 4),
        (Kind::Plivo, PLIVO, Verb::PlivoStream, "wss://voice.example.com/plivo", 3),
        (Kind::Bandwidth, BXML, Verb::BandwidthStartStream, "wss://voice.example.com/bw", 3),
        (Kind::Vonage, NCCO, Verb::Ncco, "wss://voice.example.com/vonage", 5),
        (Kind::Exotel, EXOTEL, Verb::Exotel, "wss://voice.example.com/exotel?sample-rate=***", 2),
    ];
    for (kind, text, verb, target, line) in rows {
        let reading = read_as(kind, text);
        assert_eq!(lints(&reading), [], "{kind}: {reading:?}");
        let stream = reading.stream.unwrap();
        assert_eq!((stream.verb, stream.target.to_string().as_str(), stream.line), (verb, target, line), "{kind}");
    }
}

#[test]
fn what_the_document_says_of_the_stream_is_kept() {
    let l16 = |sample_rate| Some(AudioFormat { codec: Codec::L16, sample_rate });
    let basic = |name: &str| Some(Authorization::Basic(name.to_owned(), Secret::new("canary")));
    let rows = [
        (Kind::Twilio, TWIML, vec!["session=s-1", "token=canary"], None, Some(false), None),
        (Kind::Twilio, RELAY, vec!["k=v"], None, Some(false), None),
        (Kind::Signalwire, CXML, vec![], l16(24_000), Some(false), Some(Authorization::Bearer(Secret::new("canary")))),
        (Kind::Telnyx, TEXML, vec![], Some(AudioFormat { codec: Codec::Alaw, sample_rate: 8_000 }), Some(false), None),
        (Kind::Plivo, PLIVO, vec!["a=1", "b=2"], Some(AudioFormat::MULAW_8K), Some(false), None),
        (Kind::Bandwidth, BXML, vec!["token=canary"], None, Some(false), basic("u")),
        (
            Kind::Vonage,
            NCCO,
            vec!["caller=12025550100", "n=1"],
            l16(16_000),
            Some(false),
            Some(Authorization::Custom(Secret::new("Bearer canary"))),
        ),
        (Kind::Exotel, EXOTEL, vec![], l16(16_000), None, basic("key")),
    ];
    for (kind, text, parameters, audio, one_way, authorization) in rows {
        let stream = read_as(kind, text).stream.unwrap();
        assert!(!format!("{stream:?}").contains("canary"), "{stream:?}");
        let found: Vec<String> = stream.parameters.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect();
        assert_eq!(
            (found, stream.audio, stream.one_way),
            (parameters.iter().map(ToString::to_string).collect(), audio, one_way),
            "{kind}"
        );
        assert_eq!(stream.authorization, authorization, "{kind}");
        assert!(!stream.mp3, "{kind}");
    }
    assert!(read_as(Kind::Telnyx, &twiml("wss://voice.example.com/m")).stream.unwrap().mp3, "Telnyx' default");
    assert_eq!(read_as(Kind::Twilio, TWIML).stream.unwrap().track.unwrap().as_str(), "inbound_track");
}

/// One row for each lint about a URL, with everything that the reader is told.
#[test]
fn urls_are_linted_with_line_and_fix() {
    let long = format!("wss://{}.example.com/", "a".repeat(64));
    let rows: &[(&str, Lint, bool, &str, &str)] = &[
        ("ws://voice.example.com/m", Lint::SchemeNotWss, true, "scheme is `ws`", "write `wss://voice.example.com/m`"),
        ("https://voice.example.com/m", Lint::SchemeNotWebsocket, true, "scheme is `https`", "write `wss://voice.example.com/m`"),
        ("ftp://voice.example.com/m", Lint::SchemeNotWebsocket, true, "scheme is `ftp`", "write `wss://`"),
        ("wss://voice.example.com/m?token=canary", Lint::QueryLost, false, "m?token=***", "<Parameter name=\"token\""),
        (
            "wss://old.example.com/m",
            Lint::HostDiffers,
            false,
            "`old.example.com`, and the public host is `voice.example.com`",
            "`wss://voice.example.com/m`",
        ),
        ("wss://voice.example.com//m", Lint::PathDoubleSlash, false, "`//` in the path", "`wss://voice.example.com/m`"),
        ("wss://localhost:5050/m", Lint::HostPrivate, true, "`localhost`", "becomes `wss://voice.example.com/m`"),
        ("wss://10.0.0.7/m", Lint::HostPrivate, true, "`10.0.0.7`", "wss://voice.example.com/m"),
        ("wss://[fe80::1]/m", Lint::HostPrivate, true, "`[fe80::1]`", "wss://voice.example.com/m"),
        ("wss://[::ffff:192.168.1.1]/m", Lint::HostPrivate, true, "[::ffff:", "wss://voice.example.com/m"),
        ("wss://agent.internal/m", Lint::HostPrivate, true, "`agent.internal`", "wss://voice.example.com/m"),
        ("wss://printer.local./m", Lint::HostPrivate, true, "`printer.local.`", "wss://voice.example.com/m"),
        ("wss://backend:8000/m", Lint::HostPrivate, true, "`backend`", "wss://voice.example.com/m"),
        ("wss://192.0.2.7/m", Lint::HostIsAddress, false, "192.0.2.7", "host name"),
        ("wss://voice.example.com:8443/m", Lint::PortUnusual, false, "8443", "443"),
        ("wss://voice.example.com./m", Lint::HostTrailingDot, false, "`voice.example.com.`", "write `voice.example.com`"),
        ("/m", Lint::UrlRelative, false, "`/m` is relative", "write `wss://voice.example.com/m`"),
        ("voice.example.com/m", Lint::UrlWithoutScheme, true, "scheme is missing", "write `wss://voice.example.com/m`"),
        ("voice.example.com:443/m", Lint::UrlWithoutScheme, true, "scheme is missing", "write `wss://voice.example.com:443/m`"),
        ("wss://https://voice.example.com/m", Lint::SchemeTwice, true, "two schemes", "write `wss://voice.example.com/m`"),
        ("wss:/voice.example.com/m", Lint::UrlMalformed, true, "is no URL", "wss://host/path"),
        ("wss://voice.example.com:port/m", Lint::UrlMalformed, true, "invalid port", "wss://host/path"),
        (&long, Lint::UrlMalformed, true, "63 bytes", "wss://host/path"),
        ("wss://voice example.com/m", Lint::UrlMalformed, true, "white space", "wss://host/path"),
        (" wss://voice.example.com/m", Lint::UrlSpaces, false, "white space around", "write `wss://voice.example.com/m`"),
        ("wss://voice.example.com/m?a=1&amp;amp;b=2", Lint::UrlEscapedTwice, false, "`&amp;`", "escape it once"),
        ("wss://voice.example.com/m#x", Lint::UrlFragment, false, "`#`", "leave out"),
        ("wss://user:canary@voice.example.com/m", Lint::UrlCredentials, false, "***@voice.example.com", "token"),
        ("wss://{{ngrok_url}}/m", Lint::PlaceholderInHost, true, "`{{ngrok_url}}`", "set the variable"),
        ("wss://&lt;your-domain&gt;/m", Lint::PlaceholderInHost, true, "`<your-domain>`", "set the variable"),
        ("wss://${HOST}/m", Lint::PlaceholderInHost, true, "{HOST}", "set the variable"),
        ("wss://$PUBLIC_URL/m", Lint::PlaceholderInHost, true, "`$PUBLIC_URL`", "set the variable"),
        ("wss://undefined/m", Lint::PlaceholderInHost, true, "`undefined`", "set the variable"),
        ("wss://None/m", Lint::PlaceholderInHost, true, "`None`", "set the variable"),
        ("wss://null:443/m", Lint::PlaceholderInHost, true, "`null`", "set the variable"),
        ("wss://your-app.ngrok.app/m", Lint::PlaceholderInHost, true, "`your-app`", "set the variable"),
        ("wss://voice.example.com/calls/undefined/audio", Lint::PlaceholderInPath, false, "`undefined`", "set the variable"),
        ("wss://voice.example.com/calls/{call_id}", Lint::PlaceholderInPath, false, "`{call_id}`", "set the variable"),
        ("wss://voice.example.com/calls/&lt;id/?t=canary", Lint::PlaceholderInPath, false, "`<` in the path", "set the variable"),
        (
            "user:canary@voice.example.com/m",
            Lint::UrlWithoutScheme,
            true,
            "***@voice.example.com",
            "wss://***@voice.example.com/m",
        ),
        ("wss://https://user:canary@voice.example.com/m", Lint::SchemeTwice, true, "***@voice", "wss://***@voice.example.com/m"),
        ("undefined/m", Lint::PlaceholderInHost, true, "`undefined`", "set the variable"),
        ("{{PUBLIC_URL}}/m", Lint::PlaceholderInHost, true, "`{{PUBLIC_URL}}`", "set the variable"),
        ("", Lint::UrlMissing, true, "empty", "give the stream its URL"),
    ];
    for (url, lint, refuses, says, fix) in rows {
        let reading = read_as(Kind::Twilio, &twiml(url));
        let found = complaint(&reading, *lint);
        assert!(found.says.as_str().contains(says) && found.fix.as_str().contains(fix), "{url}: {found:?}");
        assert_eq!((found.refuses, found.line), (*refuses, Some(2)), "{url}: {found:?}");
        assert!(!format!("{reading:?}").contains("canary"), "{url}: {reading:?}");
        assert!(reading.stream.is_some() || reading.complaints.iter().any(|c| c.refuses || c.lint == *lint), "{url}");
    }
}

#[test]
fn the_stream_is_dialled_as_the_provider_does() {
    let rows = [
        (Kind::Twilio, "wss://voice.example.com/m?a=b#c", "wss://voice.example.com/m"),
        (Kind::Telnyx, "wss://voice.example.com/m?a=b#c", "wss://voice.example.com/m?a=***"),
        (Kind::Signalwire, "/m", "wss://voice.example.com/m"),
        (Kind::Signalwire, "media/{uuid}", "wss://voice.example.com/media/%7Buuid%7D"),
        (Kind::Twilio, "//cdn.example.com/m", "wss://cdn.example.com/m"),
        (Kind::Telnyx, "ws://voice.example.com/m", "ws://voice.example.com/m"),
        (Kind::Twilio, "WSS://Voice.Example.com:443/m", "wss://voice.example.com/m"),
    ];
    for (kind, url, target) in rows {
        let stream = read_as(kind, &twiml(url)).stream;
        assert_eq!(stream.map(|stream| stream.target.to_string()).as_deref(), Some(target), "{url}");
    }
    let refused = read_as(Kind::Telnyx, &twiml("/m"));
    assert!(refused.stream.is_none());
    assert_eq!(refused.refusal().unwrap().lint, Lint::UrlRelative);
}

#[test]
fn a_private_stream_may_be_allowed() {
    let webhook = Url::parse("http://127.0.0.1:5050/twiml").unwrap();
    let rules = Rules { allow_private: true, ..Rules::new(Kind::Twilio, &webhook) };
    let text = twiml("ws://127.0.0.1:5050/media");
    let reading = read(&answer(Kind::Twilio, &text), &rules);
    assert_eq!(lints(&reading), []);
    assert_eq!(reading.stream.unwrap().target.to_string(), "ws://127.0.0.1:5050/media");
    // The host is in the monitor already; any other has to be allowed.
    let strict = Rules { allow_private: false, ..rules };
    assert_eq!(lints(&read(&answer(Kind::Twilio, &text), &strict)), []);
    let other = read(&answer(Kind::Twilio, &twiml("ws://127.0.0.2:5050/media")), &strict);
    assert_eq!(lints(&other), [Lint::SchemeNotWss, Lint::HostPrivate, Lint::HostDiffers, Lint::PortUnusual]);
}

#[test]
fn the_expected_host_is_the_users_word() {
    let webhook = Url::parse("http://10.0.0.1:3000/twiml").unwrap();
    let rules = Rules { expect_host: Some("voice.example.com."), ..Rules::new(Kind::Twilio, &webhook) };
    let good = read(&answer(Kind::Twilio, TWIML), &rules);
    assert_eq!(lints(&good), []);
    let text = twiml("wss://app.onrender.com/m");
    let bad = read(&answer(Kind::Twilio, &text), &rules);
    assert!(complaint(&bad, Lint::HostDiffers).fix.as_str().contains("wss://voice.example.com/m"), "{bad:?}");
    assert!(bad.refusal().is_none() && bad.stream.is_some());
}

#[test]
fn answers_that_are_no_document() {
    let padded = format!("<Response><!--{}--></Response>", " ".repeat(70_000));
    let rows: &[(Kind, &[u8], Lint, Option<&str>)] = &[
        (Kind::Twilio, b"", Lint::AnswerEmpty, None),
        (Kind::Twilio, b" \r\n", Lint::AnswerEmpty, None),
        (Kind::Vonage, b"", Lint::AnswerEmpty, None),
        (Kind::Twilio, b"\n<!DOCTYPE html><html><title>502</title>", Lint::AnswerIsHtml, None),
        (Kind::Bandwidth, b"<html><body>Login</body></html>", Lint::AnswerIsHtml, None),
        (Kind::Vonage, b"<!doctype HTML>", Lint::AnswerIsHtml, None),
        (Kind::Twilio, b"{\"detail\":\"Not Found\"}", Lint::AnswerIsJson, Some("Twilio 12300")),
        (Kind::Plivo, b"[]", Lint::AnswerIsJson, None),
        (Kind::Vonage, b"<Response/>", Lint::AnswerIsXml, None),
        (Kind::Twilio, b"Internal Server Error", Lint::AnswerIsText, None),
        (Kind::Exotel, b"wss://voice.example.com/m", Lint::AnswerIsText, None),
        (Kind::Twilio, b"\"<?xml version=\\\"1.0\\\"?><Response/>\"", Lint::AnswerInQuotes, None),
        (Kind::Twilio, b"&lt;Response&gt;&lt;/Response&gt;", Lint::AnswerInQuotes, None),
        (Kind::Twilio, b"<Response>\xff</Response>", Lint::AnswerNotUtf8, None),
        (Kind::Twilio, padded.as_bytes(), Lint::AnswerTooLarge, Some("Twilio 11750")),
        (Kind::Bandwidth, padded.as_bytes(), Lint::AnswerTooLarge, None),
    ];
    for (kind, body, lint, code) in rows {
        let answer = Answer { body, ..answer(*kind, "") };
        let reading = read(&answer, &Rules::new(*kind, &webhook()));
        assert_eq!(lints(&reading), [*lint], "{reading:?}");
        assert_eq!((reading.refusal().unwrap().code, &reading.stream), (*code, &None), "{reading:?}");
    }
}

#[test]
fn what_answered_instead_is_named_without_its_secrets() {
    let rows = [
        (Kind::Twilio, "<html><head><TITLE>502 Bad Gateway</title>canary", Lint::AnswerIsHtml, "HTML: `502 Bad Gateway`"),
        (Kind::Twilio, "{\"detail\":\"Not Found\"}", Lint::AnswerIsJson, "JSON: `detail` is `Not Found`"),
        (Kind::Twilio, "{\"token\":\"canary\"}", Lint::AnswerIsJson, "JSON: an object with `token`"),
        (
            Kind::Exotel,
            "wss://key:canary@voice.example.com/m?t=canary",
            Lint::AnswerIsText,
            "`wss://***@voice.example.com/m?t=***`",
        ),
        (Kind::Exotel, "<Response><Parameter value=\"canary\"/>", Lint::AnswerIsXml, "XML: `<Response><Param…`"),
    ];
    for (kind, text, lint, says) in rows {
        let reading = read_as(kind, text);
        let found = complaint(&reading, lint);
        assert!(found.says.as_str().contains(says) && !found.says.as_str().contains("canary"), "{found:?}");
    }
}

#[test]
fn documents_that_cannot_be_parsed() {
    let deep = format!("<Response>{}{}</Response>", "<a>".repeat(9_000), "</a>".repeat(9_000));
    let shallow = format!("<Response>{}{}</Response>", "<a>".repeat(60), "</a>".repeat(60));
    let wide = format!("<Response>{}</Response>", "<a/>".repeat(5_000));
    let mut attributes = String::from("<Response");
    (0..5_000).for_each(|n| write!(attributes, " a{n}=\"\"").unwrap());
    attributes.push_str("/>");
    let lists = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let rows: &[(Kind, &str, Lint, Option<u32>)] = &[
        (Kind::Twilio, "<Response><Connect></Response>", Lint::XmlInvalid, Some(1)),
        (Kind::Twilio, "<Response>\n  <Connect>\n", Lint::XmlInvalid, None),
        (Kind::Twilio, "<Response>\n<Stream url=wss://h/></Response>", Lint::XmlInvalid, Some(2)),
        (Kind::Twilio, "<!-- nothing -->", Lint::XmlInvalid, None),
        (Kind::Twilio, "\n<?xml version=\"1.0\"?><Response/>", Lint::XmlDeclarationNotFirst, Some(2)),
        (Kind::Twilio, "Warning: x\n<?xml version=\"1.0\"?><Response/>", Lint::XmlDeclarationNotFirst, Some(2)),
        (Kind::Twilio, "<Response>\n<Stream url=\"wss://h/?a=1&b=2\"/></Response>", Lint::XmlAmpersand, Some(2)),
        (Kind::Plivo, "<Response><Stream>wss://h/?a=1&nbsp;</Stream></Response>", Lint::XmlAmpersand, Some(1)),
        (Kind::Twilio, "<!DOCTYPE Response><Response/>", Lint::XmlDoctype, None),
        (Kind::Twilio, "<!DOCTYPE r [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><Response>&c;</Response>", Lint::XmlDoctype, None),
        (Kind::Twilio, &deep, Lint::DocumentTooComplex, None),
        (Kind::Twilio, &shallow, Lint::DocumentTooDeep, Some(1)),
        (Kind::Twilio, &wide, Lint::DocumentTooComplex, None),
        (Kind::Twilio, &attributes, Lint::DocumentTooComplex, None),
        (Kind::Twilio, "<response/>", Lint::RootWrong, Some(1)),
        (Kind::Twilio, "<VoiceResponse/>", Lint::RootWrong, Some(1)),
        (Kind::Vonage, "[\n{\"action\": \"connect\",}]", Lint::JsonInvalid, Some(2)),
        (Kind::Vonage, &lists, Lint::DocumentTooDeep, Some(1)),
        (Kind::Vonage, "{\"error\": \"x\"}", Lint::RootWrong, Some(1)),
        (Kind::Exotel, "{\"url\": ", Lint::JsonInvalid, Some(1)),
    ];
    for (kind, text, lint, line) in rows {
        let reading = read_as(*kind, text);
        let found = complaint(&reading, *lint);
        assert_eq!((found.line, found.refuses), (*line, true), "{text:.80}: {found:?}");
        assert!(reading.stream.is_none());
    }
    assert_eq!(lints(&read_as(Kind::Twilio, "<response/>")), [Lint::NameMisspelt, Lint::RootWrong]);
    assert_eq!(complaint(&read_as(Kind::Twilio, "<a/>"), Lint::RootWrong).code, Some("Twilio 12102"));
    let marked = format!("\u{feff}{TWIML}");
    assert_eq!(lints(&read_as(Kind::Twilio, &marked)), [Lint::ByteOrderMark]);
}

#[test]
fn documents_that_open_no_stream_or_the_wrong_one() {
    let stream = "<Stream url=\"wss://voice.example.com/m\"/>";
    let plivo = "<Stream bidirectional=\"true\" keepCallAlive=\"true\">wss://voice.example.com/m</Stream>";
    let start = "<StartStream mode=\"bidirectional\" destination=\"wss://voice.example.com/m\"/>";
    let wait = "<StopStream name=\"a\" wait=\"true\"/>";
    let rows: &[(Kind, String, &[Lint])] = &[
        (Kind::Twilio, "<Say>Goodbye</Say><Hangup/>".to_owned(), &[Lint::NoStream]),
        (Kind::Twilio, String::new(), &[Lint::NoStream]),
        (Kind::Twilio, stream.to_owned(), &[Lint::StreamMisplaced]),
        (Kind::Twilio, format!("<Gather>{stream}</Gather>"), &[Lint::StreamMisplaced]),
        (Kind::Twilio, format!("<connect>{stream}</connect>"), &[Lint::NameMisspelt, Lint::StreamMisplaced]),
        (Kind::Twilio, "<Connect><stream url=\"wss://h/\"/></Connect>".to_owned(), &[Lint::NameMisspelt, Lint::NoStream]),
        (Kind::Twilio, "<Connect><Stream URL=\"wss://h/\"/></Connect>".to_owned(), &[Lint::NameMisspelt, Lint::UrlMissing]),
        (Kind::Twilio, format!("<Connect>{plivo}</Connect>"), &[Lint::UrlMissing]),
        (Kind::Twilio, format!("<Redirect>/other</Redirect><Connect>{stream}</Connect>"), &[Lint::StreamUnreachable]),
        (Kind::Twilio, format!("<Start>{stream}</Start>"), &[Lint::CallEndsAtOnce]),
        (Kind::Twilio, format!("<Start>{stream}</Start><Say>Hi</Say>"), &[]),
        (Kind::Signalwire, format!("<Say>Hi</Say><Start>{stream}</Start>"), &[Lint::CallEndsAtOnce]),
        (Kind::Twilio, format!("<Connect>{stream}{stream}</Connect>"), &[Lint::SeveralStreams]),
        (Kind::Telnyx, "<Connect><ConversationRelay url=\"wss://h.example/\"/></Connect>".to_owned(), &[Lint::NoStream]),
        (Kind::Twilio, stream.replace("<Stream", "<Connect><Stream track=\"both_tracks\"") + "</Connect>", &[Lint::TrackInvalid]),
        (Kind::Telnyx, stream.replace("<Stream", "<Connect><Stream track=\"both_tracks\"") + "</Connect>", &[]),
        (Kind::Twilio, stream.replace("<Stream", "<Start><Stream track=\"all\"") + "</Start><Say/>", &[Lint::TrackInvalid]),
        (Kind::Signalwire, stream.replace("<Stream", "<Connect><Stream codec=\"OPUS\"") + "</Connect>", &[Lint::FormatInvalid]),
        (
            Kind::Signalwire,
            stream.replace("<Stream", "<Connect><Stream codec=\"L16@44100h\"") + "</Connect>",
            &[Lint::FormatInvalid],
        ),
        (Kind::Telnyx, stream.replace("<Stream", "<Connect><Stream codec=\"OPUS\"") + "</Connect>", &[Lint::FormatNotSpoken]),
        (Kind::Telnyx, stream.replace("<Stream", "<Connect><Stream codec=\"pcmu\"") + "</Connect>", &[Lint::FormatInvalid]),
        (Kind::Plivo, plivo.to_owned(), &[]),
        (Kind::Plivo, plivo.replace(" keepCallAlive=\"true\"", ""), &[Lint::CallEndsAtOnce]),
        (Kind::Plivo, plivo.replace(" keepCallAlive=\"true\"", "") + "<Wait length=\"60\"/>", &[]),
        (Kind::Plivo, plivo.replace("<Stream", "<Stream audioTrack=\"both\""), &[Lint::TrackInvalid]),
        (Kind::Plivo, plivo.replace("<Stream", "<Stream contentType=\"audio/x-mulaw\""), &[Lint::FormatInvalid]),
        (Kind::Plivo, plivo.replace("<Stream", "<Stream contentType=\"audio/x-mulaw;rate=16000\""), &[Lint::FormatInvalid]),
        (Kind::Plivo, stream.replace("<Stream", "<Stream keepCallAlive=\"true\""), &[Lint::UrlMissing]),
        (Kind::Plivo, format!("<Connect>{stream}</Connect>"), &[Lint::StreamMisplaced]),
        (Kind::Plivo, "<Speak>Hi</Speak>".to_owned(), &[Lint::NoStream]),
        (Kind::Plivo, format!("<Hangup/>{plivo}"), &[Lint::StreamUnreachable]),
        (
            Kind::Plivo,
            plivo.replace("<Stream", &format!("<Stream extraHeaders=\"a={}\"", "b".repeat(512))),
            &[Lint::ParametersTooLarge],
        ),
        (Kind::Bandwidth, format!("{start}{wait}"), &[]),
        (Kind::Bandwidth, start.to_owned(), &[Lint::CallEndsAtOnce]),
        (Kind::Bandwidth, format!("<SpeakSentence>Hi</SpeakSentence>{start}<StopStream name=\"a\"/>"), &[Lint::CallEndsAtOnce]),
        (Kind::Bandwidth, format!("<Connect>{stream}</Connect>"), &[Lint::StreamMisplaced]),
        (Kind::Bandwidth, "<SpeakSentence>Hi</SpeakSentence>".to_owned(), &[Lint::NoStream]),
        (Kind::Bandwidth, start.replace("destination", "url") + wait, &[Lint::UrlMissing]),
        (Kind::Bandwidth, start.replace("\"bidirectional\"", "\"duplex\"") + wait, &[Lint::NameMisspelt]),
        (Kind::Bandwidth, start.replace("<StartStream", "<StartStream tracks=\"all\"") + wait, &[Lint::TrackInvalid]),
        (
            Kind::Bandwidth,
            start.replace("/>", &format!(">{}</StartStream>", "<StreamParam name=\"a\" value=\"b\"/>".repeat(13))) + wait,
            &[Lint::ParametersTooLarge],
        ),
    ];
    for (kind, inner, expected) in rows {
        let reading = read_as(*kind, &format!("<Response>{inner}</Response>"));
        assert_eq!(lints(&reading), *expected, "{kind}: {inner}: {reading:?}");
    }
}

#[test]
fn json_that_opens_no_stream_or_the_wrong_one() {
    let endpoint = |inner: &str| format!("[{{\"action\":\"connect\",\"endpoint\":[{{\"type\":\"websocket\",{inner}}}]}}]");
    let good = "\"uri\":\"wss://voice.example.com/m\"";
    let rows: &[(Kind, String, &[Lint])] = &[
        (Kind::Vonage, endpoint(good), &[]),
        (Kind::Vonage, "[]".to_owned(), &[Lint::NoStream]),
        (
            Kind::Vonage,
            "[{\"action\":\"talk\"},{\"action\":\"connect\",\"endpoint\":[{\"type\":\"phone\"}]}]".to_owned(),
            &[Lint::NoStream],
        ),
        (Kind::Vonage, endpoint("\"url\":\"wss://voice.example.com/m\""), &[Lint::NameMisspelt, Lint::UrlMissing]),
        (Kind::Vonage, endpoint(&format!("{good},\"contentType\":\"audio/l16;rate=16000\"")), &[Lint::NameMisspelt]),
        (Kind::Vonage, endpoint(&format!("{good},\"content-type\":\"audio/l16;rate=44100\"")), &[Lint::FormatInvalid]),
        (Kind::Vonage, endpoint(&format!("{good},\"headers\":{{\"a\":\"{}\"}}", "b".repeat(512))), &[Lint::ParametersTooLarge]),
        (
            Kind::Vonage,
            "[{\"action\":\"connect\",\"endpoint\":{\"type\":\"websocket\",\"uri\":\"wss://voice.example.com/m\"}}]".to_owned(),
            &[Lint::NameMisspelt],
        ),
        (Kind::Exotel, "\"wss://voice.example.com/m\"".to_owned(), &[]),
        (Kind::Exotel, "{\"ok\":true,\"stream_url\":\"wss://voice.example.com/m\"}".to_owned(), &[]),
        (Kind::Exotel, "{\"ok\":true}".to_owned(), &[Lint::NoStream]),
        (Kind::Exotel, "{\"url\":\"wss://voice.example.com/m?sample-rate=44100\"}".to_owned(), &[Lint::FormatInvalid]),
    ];
    for (kind, text, expected) in rows {
        let reading = read_as(*kind, text);
        assert_eq!(lints(&reading), *expected, "{kind}: {text}: {reading:?}");
    }
}

#[test]
fn a_pointer_leads_to_the_url() {
    let text = "{\n\"data\": [{\"a/b\": {\"~\":\n \"wss://voice.example.com/m?t=canary\"}}, 7]}";
    let webhook = webhook();
    let rules = |pointer| Rules { pointer, ..Rules::new(Kind::Json, &webhook) };
    let good = read(&answer(Kind::Json, text), &rules("/data/0/a~1b/~0"));
    assert_eq!((lints(&good), good.stream.unwrap().line), (vec![], 3));
    let rows = [
        ("/data/1", Some(3), "at `/data/1` there is `7`"),
        ("/data/00", Some(1), "nothing at `/data/00`; the answer is an object with `data`"),
        ("/url", Some(1), "nothing at `/url`"),
        ("", Some(1), "an object with `data`"),
        ("data", Some(1), "nothing at `data`"),
    ];
    for (pointer, line, says) in rows {
        let reading = read(&answer(Kind::Json, text), &rules(pointer));
        let found = complaint(&reading, Lint::NoStream);
        assert!(found.says.as_str().contains(says) && found.line == line, "{pointer}: {found:?}");
    }
}

#[test]
fn content_types() {
    type Found = Option<(Lint, bool, Option<&'static str>)>;
    let rows: &[(Kind, &str, Option<&str>, Found)] = &[
        (Kind::Twilio, TWIML, Some("text/xml"), None),
        (Kind::Twilio, TWIML, Some("Application/XML; charset=UTF-8"), None),
        (Kind::Twilio, TWIML, Some("application/twiml+xml"), None),
        (Kind::Twilio, TWIML, Some("text/html; charset=utf-8"), Some((Lint::ContentTypeUnusual, false, None))),
        (Kind::Twilio, TWIML, Some("application/json"), Some((Lint::ContentTypeWrong, true, Some("Twilio 12300")))),
        (Kind::Twilio, TWIML, Some("text/plain"), Some((Lint::ContentTypeWrong, true, Some("Twilio 12300")))),
        (Kind::Twilio, TWIML, None, Some((Lint::ContentTypeMissing, true, Some("Twilio 11200")))),
        (Kind::Telnyx, TEXML, Some("text/html"), Some((Lint::ContentTypeWrong, false, None))),
        (Kind::Bandwidth, BXML, None, Some((Lint::ContentTypeMissing, false, None))),
        (Kind::Vonage, NCCO, Some("text/html"), Some((Lint::ContentTypeWrong, true, None))),
        (Kind::Vonage, NCCO, Some("application/json; charset=utf-8"), None),
        (Kind::Exotel, EXOTEL, Some("text/plain"), Some((Lint::ContentTypeWrong, false, None))),
    ];
    for (kind, text, content_type, expected) in rows {
        let reading = read(&Answer { content_type: *content_type, ..answer(*kind, text) }, &Rules::new(*kind, &webhook()));
        let found: Vec<_> = reading.complaints.iter().map(|found| (found.lint, found.refuses, found.code)).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{kind} {content_type:?}");
        assert!(reading.stream.is_some());
    }
}

#[test]
fn slow_answers() {
    let seconds = Duration::from_secs_f64;
    let rows = [
        (Kind::Twilio, TWIML, 7.0, None),
        (Kind::Twilio, TWIML, 8.0, Some((Lint::AnswerSlow, false))),
        (Kind::Twilio, TWIML, 15.5, Some((Lint::AnswerTooLate, true))),
        (Kind::Vonage, NCCO, 5.5, Some((Lint::AnswerTooLate, true))),
        (Kind::Plivo, PLIVO, 60.0, None),
    ];
    for (kind, text, took, expected) in rows {
        let reading = read(&Answer { took: seconds(took), ..answer(kind, text) }, &Rules::new(kind, &webhook()));
        let found: Vec<_> = reading.complaints.iter().map(|found| (found.lint, found.refuses)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{kind} {took}");
    }
}

#[test]
fn document_and_monitor_are_compared() {
    let webhook = webhook();
    let rules = |kind| Rules::new(kind, &webhook);
    let mulaw = Some(AudioFormat::MULAW_8K);
    let big_endian = Some(AudioFormat { codec: Codec::L16Be, sample_rate: 24_000 });
    let rows = [
        (TWIML, Rules { provider: Some(Provider::Twilio), ..rules(Kind::Twilio) }, vec![]),
        (RELAY, Rules { provider: Some(Provider::Twilio), ..rules(Kind::Twilio) }, vec![Lint::DialectDiffers]),
        (RELAY, Rules { provider: Some(Provider::ConversationRelay), ..rules(Kind::Twilio) }, vec![]),
        (PLIVO, Rules { provider: Some(Provider::Vobiz), ..rules(Kind::Plivo) }, vec![]),
        (TWIML, Rules { one_way: Some(true), ..rules(Kind::Twilio) }, vec![Lint::DirectionDiffers]),
        (TWIML, Rules { one_way: Some(false), ..rules(Kind::Twilio) }, vec![]),
        (PLIVO, Rules { audio: mulaw, ..rules(Kind::Plivo) }, vec![]),
        (CXML, Rules { audio: mulaw, ..rules(Kind::Signalwire) }, vec![Lint::FormatDiffers]),
        (CXML, Rules { audio: big_endian, ..rules(Kind::Signalwire) }, vec![]),
    ];
    for (text, rules, expected) in rows {
        let reading = read(&answer(rules.kind, text), &rules);
        assert_eq!(lints(&reading), expected, "{reading:?}");
        assert!(reading.stream.is_some() && reading.refusal().is_none());
    }
}

#[test]
fn the_stream_that_plays_is_the_one_to_dial() {
    let text = r#"<Response><Start><Stream url="wss://voice.example.com/scribe"/></Start>
<Connect><Stream url="wss://voice.example.com/agent"/></Connect></Response>"#;
    let reading = read_as(Kind::Twilio, text);
    assert_eq!(lints(&reading), [Lint::SeveralStreams]);
    assert_eq!(reading.stream.unwrap().target.to_string(), "wss://voice.example.com/agent");
}

#[test]
fn complaints_are_harmless_and_short() {
    let text = twiml(&format!("https://evil\u{202e}.example.com/{}?t=canary", "x".repeat(5_000)));
    let reading = read_as(Kind::Twilio, &text);
    assert!(!reading.complaints.is_empty());
    for complaint in reading.complaints {
        assert!(complaint.says.as_str().len() < 410 && complaint.fix.as_str().len() < 410);
        assert!(!complaint.says.as_str().contains(['\u{202e}', '\u{1b}', '\n']) && !complaint.says.as_str().contains("canary"));
    }
}

#[test]
fn every_lint_has_its_row() {
    let rows = include_str!("tests.rs");
    let without: Vec<&Lint> = Lint::ALL.iter().filter(|lint| !rows.contains(&format!("Lint::{lint:?}"))).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Whatever it is, it is read without a panic, bounded, and with a reason where there is no stream.
fn check(kind: Kind, body: &[u8]) -> Result<(), TestCaseError> {
    let webhook = webhook();
    let rules = Rules { pointer: "/url", one_way: Some(true), audio: Some(AudioFormat::MULAW_8K), ..Rules::new(kind, &webhook) };
    let reading = read(&Answer { body, ..answer(kind, "") }, &rules);
    prop_assert!(reading.complaints.len() <= Lint::ALL.len());
    prop_assert!(reading.stream.is_some() || reading.refusal().is_some(), "{:?}", reading);
    for complaint in &reading.complaints {
        prop_assert!(complaint.says.as_str().len() < 410 && complaint.fix.as_str().len() < 410);
        let raw = complaint.says.as_str().contains(char::is_control);
        prop_assert!(!raw, "{:?}", complaint);
        prop_assert!(complaint.line.is_none_or(|line| line > 0));
    }
    Ok(())
}

/// A good document with pieces cut out, doubled and put in.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 30] = [
        "<",
        ">",
        "&",
        "\"",
        "'",
        "/",
        "<Stream",
        "<Connect>",
        "</Connect>",
        "url=\"\"",
        "<Start>",
        "<!DOCTYPE a>",
        "<![CDATA[",
        "]]>",
        "<?xml ?>",
        "&#0;",
        "&amp;",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "\\u0000",
        "wss://",
        "://",
        "@",
        "\u{202e}",
        "\u{feff}",
    ];
    let edit = (any::<prop::sample::Index>(), 0_usize..20, prop::sample::select(&PIECES[..]));
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, cut, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, piece.bytes());
        }
        bytes
    })
}

macro_rules! hostile {
    ($($name:ident: $kind:ident, $text:ident;)+) => {
        $(
            mod $name {
                use super::*;

                proptest! {
                    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

                    #[test]
                    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
                        check(Kind::$kind, &bytes)?;
                    }

                    #[test]
                    fn mutated_documents(bytes in mutated($text)) {
                        check(Kind::$kind, &bytes)?;
                    }
                }
            }
        )+
    };
}

hostile! {
    hostile_twiml: Twilio, TWIML;
    hostile_relay: Twilio, RELAY;
    hostile_cxml: Signalwire, CXML;
    hostile_texml: Telnyx, TEXML;
    hostile_plivo: Plivo, PLIVO;
    hostile_bxml: Bandwidth, BXML;
    hostile_ncco: Vonage, NCCO;
    hostile_exotel: Exotel, EXOTEL;
    hostile_json: Json, EXOTEL;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_url(url in "(wss?|https?)?(:|://|/)?[a-z@:.{}<>$&?#=%\\\\/ \\[\\]0-9]{0,40}") {
        let escaped = crate::text::escape_html(&url);
        for kind in [Kind::Twilio, Kind::Signalwire, Kind::Telnyx] {
            check(kind, twiml(&escaped).as_bytes())?;
        }
    }
}

/// What is wrong elsewhere in the document does not keep a provider from the stream that is right.
#[test]
fn only_the_chosen_stream_can_be_refused() {
    let good = "<Connect><Stream url=\"wss://voice.example.com/m\"/></Connect>";
    let rows = [
        (format!("<Stop><Stream name=\"x\"/></Stop>{good}"), None, vec![]),
        (
            format!("{good}<Hangup/><Start><Stream url=\"wss://voice.example.com/n\"/></Start>"),
            None,
            vec![Lint::StreamUnreachable],
        ),
        (format!("<Stream url=\"wss://x\"/>{good}"), None, vec![Lint::StreamMisplaced]),
        (
            format!("<Start><Stream track=\"bogus\" url=\"wss://voice.example.com/n\"/></Start>{good}"),
            None,
            vec![Lint::TrackInvalid],
        ),
        (format!("<Start><Stream/></Start>{good}"), None, vec![]),
        (good.replace("<Stream ", "<Stream track=\"outbound_track\" "), Some(Lint::TrackInvalid), vec![]),
        (
            format!(
                "<Start><Stream track=\"bogus\" url=\"wss://voice.example.com/n\"/></Start>{}",
                good.replace("<Stream ", "<Stream track=\"bogus\" ")
            ),
            Some(Lint::TrackInvalid),
            vec![],
        ),
        (format!("<Hangup/>{good}"), Some(Lint::StreamUnreachable), vec![]),
        ("<Stop><Stream name=\"x\"/></Stop>".to_owned(), Some(Lint::NoStream), vec![]),
        ("<Stream url=\"wss://voice.example.com/m\"/>".to_owned(), Some(Lint::StreamMisplaced), vec![]),
    ];
    for (verbs, refusal, passed_over) in rows {
        let reading = read_as(Kind::Twilio, &format!("<Response>{verbs}</Response>"));
        assert_eq!(reading.refusal().map(|complaint| complaint.lint), refusal, "{verbs}: {:?}", reading.complaints);
        for lint in passed_over {
            assert!(reading.complaints.iter().any(|complaint| complaint.lint == lint && !complaint.refuses), "{verbs}: {lint}");
        }
        let url = reading.stream.as_ref().map(|stream| stream.target.to_string());
        assert!(refusal.is_some() || url.as_deref() == Some("wss://voice.example.com/m"), "{verbs}: {url:?}");
    }
}

/// A token is foreign text, and goes into the request as it is.
#[test]
fn a_token_cannot_end_its_header() {
    let cxml = |token: &str| {
        format!("<Response><Connect><Stream url=\"wss://voice.example.com/m\" authBearerToken=\"{token}\"/></Connect></Response>")
    };
    let ncco = |token: &str| {
        let uri = "wss://voice.example.com/m";
        let endpoint = serde_json::json!({ "type": "websocket", "uri": uri, "content-type": "audio/l16;rate=16000",
            "authorization": { "type": "custom", "value": token } });
        serde_json::json!([{ "action": "connect", "endpoint": [endpoint] }]).to_string()
    };
    let rows = [
        (Kind::Signalwire, cxml("abc.DEF_1~"), true),
        (Kind::Signalwire, cxml("x&#13;&#10;X-Evil: 1"), false),
        (Kind::Signalwire, cxml("\u{2603}"), false),
        (Kind::Vonage, ncco("Bearer abc"), true),
        (Kind::Vonage, ncco("x\r\nContent-Length: 0\r\n\r\nPOST / HTTP/1.1"), false),
        (Kind::Vonage, ncco("x\0y"), false),
    ];
    for (kind, text, fits) in rows {
        let reading = read_as(kind, &text);
        assert_eq!(lints(&reading).contains(&Lint::AuthorizationInvalid), !fits, "{text}: {:?}", reading.complaints);
        assert_eq!(reading.stream.unwrap().authorization.is_some(), fits, "{text}");
    }
}

/// The probe takes them out of everything that it shows.
#[test]
fn secrets_of_every_stream_are_known() {
    let refused = "<Response><Connect><Stream url=\"http://u:c1@voice.example.com/m?t=c2%2B&amp;k=c3&#x2B;\" authBearerToken=\"c4\">\
                   <Parameter name=\"environment\" value=\"c5\"/></Stream></Connect></Response>";
    let second = "<Response><Connect><Stream url=\"wss://voice.example.com/m?t=c1\"/><Stream url=\"wss://voice.example.com/m?t=c2\">\
                  <Parameter name=\"a\" value=\"c3\"/></Stream></Connect></Response>";
    let ncco = "[{\"action\":\"connect\",\"endpoint\":[{\"type\":\"websocket\",\"headers\":{\"a\":\"c1\\/2\"},\
                \"authorization\":{\"type\":\"custom\",\"value\":\"Bearer c2\"}}]}]";
    let rows: [(Kind, &str, bool, &[&str]); 3] = [
        (Kind::Signalwire, refused, false, &["c1", "c2%2B", "c2+", "c3+", "c4", "c5"]),
        (Kind::Twilio, second, true, &["c1", "c2", "c3"]),
        (Kind::Vonage, ncco, false, &["c1/2", "Bearer c2"]),
    ];
    for (kind, text, is_dialled, expected) in rows {
        let reading = read_as(kind, text);
        let secrets: Vec<&str> = reading.secrets.iter().map(Secret::expose).collect();
        expected.iter().for_each(|secret| assert!(secrets.contains(secret), "{secret} of {kind}: {secrets:?}"));
        assert!(!secrets.contains(&"environment") && !secrets.contains(&"t"), "{secrets:?}");
        assert_eq!(reading.stream.is_some(), is_dialled, "{:?}", reading.complaints);
    }
}

#[test]
fn parameters_and_secrets_are_bounded() {
    let headers: Vec<String> = (0..2_900).map(|n| format!("\"name{n}\":\"value{n}\"")).collect();
    let text = format!(
        "[{{\"action\":\"connect\",\"endpoint\":[{{\"type\":\"websocket\",\"uri\":\"wss://voice.example.com/m\",\"headers\":{{{}}}}}]}}]",
        headers.join(",")
    );
    let reading = read_as(Kind::Vonage, &text);
    assert!(lints(&reading).contains(&Lint::ParametersTooLarge), "{:?}", reading.complaints);
    assert_eq!((reading.secrets.len(), reading.stream.unwrap().parameters.len()), (MOST_SECRETS, MOST_PARAMETERS));
}
