//! Twilio ConversationRelay: what the caller says comes as text, and text is spoken. No audio.
//!
//! Source: twilio.com/docs/voice/conversationrelay/websocket-messages, and the error pages 641xx.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{Grammar, Is, Kind};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::{self, IdForms};
use super::ink::{Ink, Parameters};
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Remarks, Speaker, Turn, Wire};
use crate::outcome::{Phase, Reason, Warning};
use crate::text::Printable;

pub(super) const FACTS: Facts = Facts {
    title: "Twilio ConversationRelay",
    formats: &[],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: true,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[
        CallKey::CallId,
        CallKey::AccountId,
        CallKey::SessionId,
        CallKey::From,
        CallKey::To,
        CallKey::Parameters,
        CallKey::Prompt,
        CallKey::Language,
    ],
    codes: &[
        (Warning::NotJson, "Twilio 64107"),
        (Warning::UnknownEvent, "Twilio 64107"),
        (Warning::InvalidField, "Twilio 64107"),
        (Warning::BinaryInTextDialect, "Twilio 64107"),
    ],
    failure,
    playback_limit: None,
    ids: IdForms {
        call: ids::twilio_call,
        stream: ids::twilio_stream,
        account: ids::twilio_account,
        session: ids::twilio_session,
    },
    about: About {
        sends: &[
            "With `[monitor.signature]`, `X-Twilio-Signature` over the URL.",
            "`setup`, and after it a `prompt` if one is set: what the caller says, whole (`last`), in `language`. No audio flows either way; \
             there is no goodbye but the Close.",
        ],
        checks: &[
            "`text`, `play`, `sendDigits` and `language` with the fields that they must have. `end` ends the session.",
            "A message that is none of these is answered with `error`, as Twilio does, and the session goes on.",
        ],
        unverified: &[
            "A binary message is not mentioned by Twilio; it is answered like any other invalid one.",
            "`play` and `text` are not spoken, so that no `interrupt` is ever sent.",
            "How long after `setup` a caller begins to speak is up to the caller; here the `prompt` follows at once.",
            "Whether a query in the URL is carried, as it is not for Media Streams.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/relay\"\ndialect = \"conversation-relay\"\ncall = { prompt = \"What are your opening hours?\", language = \"en-GB\" }",
    },
};

/// What Twilio logs when a dial or a line fails (twilio.com/docs/api/errors).
fn failure(reason: Reason) -> Option<&'static str> {
    match (reason.phase(), reason) {
        (Phase::Resolve | Phase::Connect | Phase::Tls | Phase::Upgrade, _) => Some("Twilio 64102"),
        (_, Reason::ClosedByServer | Reason::WsEof | Reason::WsEofMidFrame | Reason::WsReset) => Some("Twilio 64105"),
        (Phase::Webhook, _) => super::twilio::webhook_failure(reason),
        (Phase::Hold | Phase::Close, _) => None,
    }
}

/// How much of an invalid message comes back in the `error`, in bytes.
const LONGEST_ECHO: usize = 512;

const GRAMMAR: Grammar = Grammar {
    tag: "type",
    kinds: &[
        Kind { name: "text", required: &[("token", Is::Text)], optional: &[] },
        Kind { name: "play", required: &[("source", Is::Text)], optional: &[] },
        Kind { name: "sendDigits", required: &[("digits", Is::Text)], optional: &[] },
        Kind { name: "language", required: &[], optional: &[] },
        Kind { name: "end", required: &[], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Setup<'a> {
    r#type: &'static str,
    session_id: &'a str,
    account_sid: &'a str,
    parent_call_sid: &'static str,
    call_sid: &'a str,
    from: &'a str,
    to: &'a str,
    forwarded_from: &'static str,
    call_type: &'static str,
    caller_name: &'static str,
    direction: &'static str,
    call_status: &'static str,
    custom_parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Prompt<'a> {
    r#type: &'static str,
    voice_prompt: &'a str,
    lang: &'a str,
    last: bool,
}

#[derive(Serialize)]
struct Error {
    r#type: &'static str,
    description: String,
}

/// The speaker of one session.
#[derive(Debug)]
pub(super) struct ConversationRelay {
    settings: CallSettings,
    call: Call,
    ink: Ink,
}

impl ConversationRelay {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self { settings: settings.clone(), call: call.clone(), ink: Ink::default() }
    }

    fn invalid(&mut self, message: &str) -> Heard<'_> {
        let description = format!("Invalid message received: {}", Printable::capture(message.as_bytes(), LONGEST_ECHO));
        Heard::reply(self.ink.json(&Error { r#type: "error", description }))
    }
}

impl Speaker for ConversationRelay {
    fn greet(&mut self) -> Vec<Wire> {
        let setup = Setup {
            r#type: "setup",
            session_id: &self.call.session_id,
            account_sid: &self.call.account_id,
            parent_call_sid: "",
            call_sid: &self.call.call_id,
            from: &self.settings.from,
            to: &self.settings.to,
            forwarded_from: "",
            call_type: "PSTN",
            caller_name: "",
            direction: "inbound",
            call_status: "RINGING",
            custom_parameters: Parameters(&self.settings.parameters),
        };
        let mut frames = vec![self.ink.json(&setup)];
        if let Some(voice_prompt) = &self.settings.prompt {
            let prompt = Prompt { r#type: "prompt", voice_prompt, lang: &self.settings.language, last: true };
            frames.push(self.ink.json(&prompt));
        }
        frames
    }

    fn frame(&mut self, _n: u64) -> Wire {
        // The dialect has no formats, so that no media slot ever comes.
        Wire::Text(bytes::Bytes::new())
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let Incoming::Text(text) = message else {
            let says = || "a binary message; ConversationRelay takes text messages alone".to_owned();
            moment.remarks.note(Warning::BinaryInTextDialect, says);
            return self.invalid("binary");
        };
        let mut odd = Remarks::default();
        let kind = GRAMMAR.read(text, &mut odd).map(|message| message.kind);
        let is_valid = odd.iter().next().is_none();
        for remark in odd.iter() {
            moment.remarks.note(remark.warning, || remark.says.to_string());
        }
        match kind {
            Some("end") => Heard::turn(Turn::HungUp),
            Some(_) if is_valid => Heard::default(),
            Some(_) | None => self.invalid(text),
        }
    }

    fn farewell(&mut self) -> Farewell {
        Farewell::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Dialect, Provider, rehearsal};

    fn call() -> Rehearsal {
        Rehearsal::new(Provider::ConversationRelay, |_| ())
    }

    const SETUP: &str = concat!(
        r#"{"type":"setup","sessionId":"VX11111111111111111111111111111111","accountSid":"AC11111111111111111111111111111111","#,
        r#""parentCallSid":"","callSid":"CA11111111111111111111111111111111","from":"+12025550100","to":"+12025550101","#,
        r#""forwardedFrom":"","callType":"PSTN","callerName":"","direction":"inbound","callStatus":"RINGING","#,
        r#""customParameters":{"agent":"booking"}}"#
    );

    #[test]
    fn the_first_frames_to_the_byte() {
        assert_eq!(call().greeting(), [SETUP]);
        let mut call = Rehearsal::new(Provider::ConversationRelay, |settings| {
            settings.prompt = Some("Hi! Are you \"open\"?".into());
            settings.language = "de-CH".into();
        });
        let prompt = r#"{"type":"prompt","voicePrompt":"Hi! Are you \"open\"?","lang":"de-CH","last":true}"#;
        assert_eq!(call.greeting(), [SETUP, prompt]);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn no_audio_flows() {
        let settings = rehearsal::settings(Provider::ConversationRelay, |_| ());
        assert!(!settings.sends_media());
        assert_eq!(Dialect::Provider(Box::new(settings)).cadence(), None);
    }

    #[test]
    fn every_documented_message() {
        let mut call = call();
        for message in [
            r#"{"type":"text","token":"Hello","last":false,"lang":"en-US","interruptible":true,"preemptible":false}"#,
            r#"{"type":"play","source":"https://example.com/a.mp3","loop":1,"preemptible":false,"interruptible":true}"#,
            r#"{"type":"sendDigits","digits":"9www4085551212"}"#,
            r#"{"type":"language","ttsLanguage":"es-ES","transcriptionLanguage":"en-US"}"#,
        ] {
            assert_eq!(call.hear(message), Meant::default(), "{message}");
        }
        let end = r#"{"type":"end","handoffData":"{\"reason\":\"agent\"}"}"#;
        assert_eq!(call.hear(end), Meant { turn: Turn::HungUp, ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_invalid_is_told() {
        let rows = [
            (r#"{"foo":"bar"}"#, r#"{\"foo\":\"bar\"}"#, Warning::InvalidField),
            (r#"{"type":"text"}"#, r#"{\"type\":\"text\"}"#, Warning::InvalidField),
            (r#"{"type":"media"}"#, r#"{\"type\":\"media\"}"#, Warning::UnknownEvent),
            ("hello", "hello", Warning::NotJson),
        ];
        for (message, quoted, warning) in rows {
            let mut call = call();
            let error = format!(r#"{{"type":"error","description":"Invalid message received: {quoted}"}}"#);
            for _ in 0..2 {
                assert_eq!(call.hear(message).replies, [error.as_str()], "{message}");
            }
            assert_eq!(call.remarks.iter().map(|remark| remark.count).collect::<Vec<_>>(), [2]);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call();
        assert_eq!(call.hear_binary(&[1]).replies.len(), 1);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
        let [error] = &call.hear(&"x".repeat(100_000)).replies[..] else { panic!("no error") };
        assert!(error.len() < LONGEST_ECHO + 100, "{}", error.len());
    }

    #[test]
    fn failures_have_twilios_numbers() {
        let rows = [
            (Reason::TcpRefused, Some("Twilio 64102")),
            (Reason::from_status(404), Some("Twilio 64102")),
            (Reason::ClosedByServer, Some("Twilio 64105")),
            (Reason::WsReset, Some("Twilio 64105")),
            (Reason::AppHungUp, None),
        ];
        for (reason, code) in rows {
            assert_eq!((FACTS.failure)(reason), code, "{reason}");
        }
        assert_eq!(FACTS.code(Warning::UnknownEvent), Some("Twilio 64107"));
    }
}
