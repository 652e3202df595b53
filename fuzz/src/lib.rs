//! What every target does: reads the bytes as an answer, and checks what must hold whatever they are.

use std::time::Duration;

use sidetone::webhook::{Answer, Kind, Lint, Rules, read};
use url::Url;

/// Reads `body` as an answer of this kind.
///
/// # Panics
/// If the reading is not bounded, not printable, or without a reason where there is no stream.
pub fn check(kind: Kind, body: &[u8]) {
    let webhook = Url::parse("https://voice.example.com/incoming-call").expect("a URL");
    let content_type = match kind {
        Kind::Vonage | Kind::Exotel | Kind::Json => "application/json",
        Kind::Twilio | Kind::Signalwire | Kind::Telnyx | Kind::Plivo | Kind::Bandwidth => "text/xml",
    };
    let rules = Rules { pointer: "/data/0/url", ..Rules::new(kind, &webhook) };
    let reading = read(&Answer { content_type: Some(content_type), body, took: Duration::ZERO }, &rules);
    assert!(reading.stream.is_some() || reading.refusal().is_some());
    assert!(reading.complaints.len() <= Lint::ALL.len());
    for complaint in &reading.complaints {
        for text in [complaint.says.as_str(), complaint.fix.as_str()] {
            assert!(text.len() < 410 && !text.contains(char::is_control));
        }
    }
}
