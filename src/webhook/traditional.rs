//! Does a document without a stream do something for the caller? A fallback is of use only if it does.

use super::{Answer, Kind, Rules, body, ncco, notes::Notes, read, xml};

/// Verbs with which nobody is served: the call ends, waits, or goes to a stream.
const IDLE: &[&str] =
    &["Hangup", "Reject", "Pause", "Leave", "Connect", "Start", "Stop", "Stream", "StartStream", "StopStream", "Tag", "Wait"];

/// Why a document that can be read is of no use as a fallback, if it is not.
#[must_use]
pub fn serves_nobody(answer: &Answer<'_>, rules: &Rules<'_>) -> Option<String> {
    if let Some(stream) = read(answer, rules).stream {
        return Some(format!("it opens a stream at line {}: the realtime mode is still on", stream.line));
    }
    let mut notes = Notes::new(rules);
    let text = body::text(answer, &mut notes)?;
    let (verbs, names) = match rules.kind {
        Kind::Twilio | Kind::Signalwire | Kind::Telnyx | Kind::Plivo | Kind::Bandwidth => {
            let document = xml::parse(text, &mut notes)?;
            let root = document.root_element();
            let serves = xml::elements(root).any(|verb| !IDLE.contains(&verb.tag_name().name()));
            (serves, xml::summary(root))
        }
        Kind::Vonage => (ncco::serves(text, &mut notes), "no action that speaks or asks".to_owned()),
        // What is said then is the application's own business.
        Kind::Exotel | Kind::Json => return None,
    };
    (!verbs).then(|| format!("it has nothing for the caller: {names}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::*;

    #[test]
    fn a_fallback_says_or_asks_something() {
        let say = "<Response><Say>All lines are busy.</Say><Hangup/></Response>";
        let stream = "<Response><Connect><Stream url=\"wss://voice.example.com/m\"/></Connect></Response>";
        let talk = r#"[{"action": "talk", "text": "One moment."}]"#;
        let socket = r#"[{"action": "connect", "endpoint": [{"type": "websocket", "uri": "wss://voice.example.com/m"}]}]"#;
        let phone = r#"[{"action": "connect", "endpoint": [{"type": "phone", "number": "12025550100"}]}]"#;
        let rows = [
            (Kind::Twilio, say, true),
            (Kind::Twilio, "<Response><Gather><Say>Press 1.</Say></Gather></Response>", true),
            (Kind::Twilio, "<Response><Dial>+12025550100</Dial></Response>", true),
            (Kind::Twilio, "<Response/>", false),
            (Kind::Twilio, "<Response><Reject/></Response>", false),
            (Kind::Twilio, stream, false),
            (Kind::Plivo, "<Response><Speak>Hello</Speak></Response>", true),
            (Kind::Bandwidth, "<Response><SpeakSentence>Hello</SpeakSentence></Response>", true),
            (Kind::Vonage, talk, true),
            (Kind::Vonage, phone, true),
            (Kind::Vonage, socket, false),
            (Kind::Vonage, "[]", false),
            (Kind::Json, "{}", true),
        ];
        for (kind, text, serves) in rows {
            let webhook = Url::parse("https://voice.example.com/voice").unwrap();
            let answer = Answer { content_type: None, body: text.as_bytes(), took: Duration::ZERO };
            let why = serves_nobody(&answer, &Rules::new(kind, &webhook));
            assert_eq!(why.is_none(), serves, "{kind} {text}: {why:?}");
        }
    }
}
