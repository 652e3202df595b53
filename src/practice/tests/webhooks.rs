//! Webhooks, asked by hand.

use super::caller::{Caller, KEY, Server};
use crate::signature::twilio::{Algorithm, SIGNATURE_HEADER, body_sha256, sign};

const FORM: &str = "CallSid=CA7&From=%2B12025550123";

/// A form, POSTed.
fn post(path: &str, host: &str, more: &str, form: &str) -> String {
    let length = form.len();
    format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{more}\r\n{form}"
    )
}

/// Status line, Content-Type and body of the answer to this request.
async fn ask(server: &Server, secure: bool, request: &str) -> (String, String, String) {
    let mut caller = server.webhook(request, secure).await;
    let (body, _) = caller.rest().await;
    let kind = caller.header("Content-Type").unwrap_or_default().to_owned();
    let status = caller.head.lines().next().unwrap_or_default().to_owned();
    (status, kind, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_document_leads_back_with_the_scheme_and_host_that_were_asked() {
    let server = Server::start().await;
    for (secure, scheme) in [(false, "ws"), (true, "wss")] {
        let (status, kind, body) = ask(&server, secure, &post("webhook-twilio", "voice.example.com:8443", "", FORM)).await;
        assert_eq!((status.as_str(), kind.as_str()), ("HTTP/1.1 200 OK", "text/xml"));
        assert!(body.contains(&format!("<Stream url=\"{scheme}://voice.example.com:8443/twilio\">")), "{body}");
        assert!(!body.contains('{'), "{body}");
    }
    let port = server.address().port();
    let (_, _, body) = ask(&server, true, &post("webhook-port", "a.example.com", "", FORM)).await;
    assert!(body.contains(&format!("\"wss://voice.practice.example.com:{port}/twilio\"")), "{body}");
    let (_, kind, body) = ask(&server, false, "GET /webhook-vonage?uuid=1 HTTP/1.1\r\nHost: a.example.com\r\n\r\n").await;
    assert_eq!(kind, "application/json");
    let ncco: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(ncco[0]["endpoint"][0]["uri"], "ws://a.example.com/vonage");
}

#[tokio::test]
async fn every_stream_of_a_good_webhook_is_there() {
    let server = Server::start().await;
    for name in
        ["twilio", "twilio-start", "conversation-relay", "signalwire", "telnyx", "plivo", "bandwidth", "vonage", "exotel", "json"]
    {
        let (_, _, body) = ask(&server, false, &post(&format!("webhook-{name}"), "HOST", "", FORM)).await;
        let path = body.split("ws://HOST/").nth(1).unwrap().split(['"', '\n']).next().unwrap();
        let caller = server.dial(path, false).await;
        assert!(caller.head.starts_with("HTTP/1.1 101 "), "{name}: {path}: {}", caller.head);
    }
}

#[tokio::test]
async fn twilios_signature_is_checked() {
    let server = Server::start().await;
    let sign = |url: &str, token: &str, form: &[(&str, &str)]| {
        let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        format!("{SIGNATURE_HEADER}: {}\r\n", sign(token.as_bytes(), url, &form, Algorithm::Sha1))
    };
    let form = [("CallSid", "CA7"), ("From", "+12025550123")];
    let (plain, secure) = ("http://voice.example.com/webhook-signed", "https://voice.example.com/webhook-signed");
    let rows = [
        (false, String::new(), "403"),
        (false, sign(plain, "practice-auth-token", &form), "200"),
        (false, sign(plain, "another-token", &form), "403"),
        (false, sign(plain, "practice-auth-token", &form[..1]), "403"),
        (false, sign(secure, "practice-auth-token", &form), "403"),
        (true, sign(secure, "practice-auth-token", &form), "200"),
    ];
    for (tls, header, code) in rows {
        let (status, ..) = ask(&server, tls, &post("webhook-signed", "voice.example.com", &header, FORM)).await;
        assert_eq!(status.split(' ').nth(1), Some(code), "{tls} {header}");
    }
    let body = "{\"CallSid\":\"CA7\"}";
    for (hash, code) in [(body_sha256(body.as_bytes()), "200"), (body_sha256(b"other"), "403")] {
        let target = format!("/webhook-signed?bodySHA256={hash}");
        let header = sign(&format!("http://voice.example.com{target}"), "practice-auth-token", &[]);
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: voice.example.com\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{header}\r\n{body}",
            body.len()
        );
        assert_eq!(ask(&server, false, &request).await.0.split(' ').nth(1), Some(code), "{hash}");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_signature_is_that_of_another_url() {
    let server = Server::start().await;
    for (scheme, code) in [("https", "403"), ("http", "200")] {
        let form = [("CallSid".to_owned(), "CA7".to_owned())];
        let url = format!("{scheme}://voice.example.com/webhook-rebuilds-http");
        let header = format!("{SIGNATURE_HEADER}: {}\r\n", sign(b"practice-auth-token", &url, &form, Algorithm::Sha1));
        let request = post("webhook-rebuilds-http", "voice.example.com", &header, "CallSid=CA7");
        assert_eq!(ask(&server, true, &request).await.0.split(' ').nth(1), Some(code), "{scheme}");
    }
}

/// The code of the Close that answers a `start` with this token, if there is one before anything else.
async fn close_of(server: &Server, token: &str) -> Option<u16> {
    let mut caller = server.dial("twilio-token", false).await;
    let id = |letters: &str| format!("{letters}{}", "0".repeat(32));
    let (stream, call, account) = (id("MZ"), id("CA"), id("AC"));
    let start = serde_json::json!({
        "event": "start", "sequenceNumber": "1", "streamSid": stream,
        "start": {
            "streamSid": stream, "accountSid": account, "callSid": call, "tracks": ["inbound"],
            "customParameters": { "token": token },
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
        },
    });
    let connected = "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}";
    caller.say(0x81, connected.as_bytes()).await.unwrap();
    caller.say(0x81, start.to_string().as_bytes()).await.unwrap();
    let (first, payload) = caller.frame().await;
    (first == 0x88).then(|| u16::from_be_bytes([payload[0], payload[1]]))
}

#[tokio::test]
async fn a_token_of_the_webhook_opens_one_stream() {
    let server = Server::start().await;
    let (_, _, body) = ask(&server, false, &post("webhook-twilio-token", "a", "", FORM)).await;
    let token = body.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(close_of(&server, "made-up").await, Some(4401));
    assert_eq!(close_of(&server, token).await, None);
    assert_eq!(close_of(&server, token).await, Some(4401));
}

#[tokio::test]
async fn a_path_of_its_own_for_each_call() {
    let server = Server::start().await;
    let path = "api/calls/v3:call_7.a-b/audio";
    let is_open = async || server.dial(path, false).await.head.starts_with("HTTP/1.1 101 ");
    assert!(!is_open().await, "nobody announced it");
    let (_, _, body) = ask(&server, false, &post("webhook-telnyx-call-path", "a", "", "CallSid=v3%3Acall_7.a-b")).await;
    assert!(body.contains(&format!("\"ws://a/{path}\"")), "{body}");
    let looked: Caller = server.webhook(&format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n"), false).await;
    assert!(looked.head.starts_with("HTTP/1.1 404 "), "a request that is no upgrade takes nothing: {}", looked.head);
    assert!(is_open().await && !is_open().await);
    for bad in ["", "CallSid=", "CallSid=a%2F..%2Fb", "CallSid=%22%2F%3E%3CHangup%2F%3E"] {
        let (status, ..) = ask(&server, false, &post("webhook-telnyx-call-path", "a", "", bad)).await;
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "{bad}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_hosts_are_plain() {
    let server = Server::start().await;
    let rows = [
        ("POST /webhook-twilio HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", "413"),
        ("POST /webhook-twilio HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", "411"),
        ("POST /webhook-twilio HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "411"),
        ("POST /webhook-twilio HTTP/1.1\r\nHost: a\"/><Hangup/>\r\n\r\n", "400"),
        ("POST /webhook-twilio HTTP/1.1\r\n\r\n", "400"),
        ("POST /webhook-method-not-allowed HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        ("GET /webhook-method-not-allowed HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        ("POST /webhook-not-found HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
        ("POST /webhook-redirected HTTP/1.1\r\nHost: a\r\n\r\n", "307"),
    ];
    for (request, code) in rows {
        assert_eq!(ask(&server, false, request).await.0.split(' ').nth(1), Some(code), "{request}");
    }
    let upgrade = format!("GET /webhook-twilio HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n\r\n");
    assert_eq!(ask(&server, false, &upgrade).await.0, "HTTP/1.1 200 OK", "a webhook is no WebSocket endpoint");
}
