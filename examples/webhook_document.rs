//! Reads a webhook's answer on standard input and prints, as JSON, which stream it opens and what is wrong with it: to try a document by
//! hand, or in the tests of the code that writes it.
//!
//! ```console
//! $ curl -s https://voice.example.com/voice -d CallSid=CA0 | cargo run --example webhook_document -- twilio https://voice.example.com/voice
//! ```
//!
//! The arguments are whose document it is, the URL that answered, and, if it is to be judged, the answer's Content-Type. Values of parameters
//! are shown.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its result")]

use std::io::{self, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use sidetone::webhook::{Answer, Complaint, Kind, Rules, Stream, read};
use url::Url;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (kind, url, content_type) = match arguments.as_slice() {
        [kind, url] => (kind, url, None),
        [kind, url, content_type] => (kind, url, Some(content_type.as_str())),
        _ => return usage("usage: webhook_document KIND URL [CONTENT-TYPE] <DOCUMENT"),
    };
    let Some(kind) = Kind::ALL.iter().copied().find(|known| known.label() == kind) else {
        return usage("the first argument is one of: twilio signalwire telnyx plivo bandwidth vonage exotel json");
    };
    let Ok(url) = Url::parse(url) else { return usage("the second argument is the URL that answered") };
    let mut body = Vec::new();
    if let Err(error) = io::stdin().read_to_end(&mut body) {
        return usage(&format!("standard input: {error}"));
    }
    let reading = read(&Answer { content_type, body: &body, took: Duration::ZERO }, &Rules::new(kind, &url));
    let lint: Vec<Value> = reading.complaints.iter().map(complaint).collect();
    println!("{:#}", json!({ "stream": reading.stream.as_ref().map(stream), "lint": lint }));
    ExitCode::SUCCESS
}

fn usage(says: &str) -> ExitCode {
    eprintln!("{says}");
    ExitCode::from(2)
}

fn stream(stream: &Stream) -> Value {
    let parameters: Vec<_> = stream.parameters.iter().map(|(name, value)| (name, value.expose())).collect();
    json!({
        "url": stream.target.to_string(),
        "line": stream.line,
        "verb": stream.verb,
        "provider": stream.provider.map(|provider| provider.to_string()),
        "parameters": parameters,
        "track": stream.track.as_ref().map(ToString::to_string),
        "audio": stream.audio.map(|format| format.to_string()),
        "one_way": stream.one_way,
        "authorization": stream.authorization.is_some(),
    })
}

fn complaint(complaint: &Complaint) -> Value {
    json!({
        "lint": complaint.lint,
        "line": complaint.line,
        "says": complaint.says.to_string(),
        "fix": complaint.fix.to_string(),
        "refuses": complaint.refuses,
        "provider_code": complaint.code,
    })
}
