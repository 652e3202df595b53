//! The client's part of OpenAI's Realtime API, for servers that imitate it.
//!
//! Source: platform.openai.com/docs/api-reference/realtime (client and server events). Both generations of names are understood: the
//! general one (`response.output_audio.delta`) and the one of the beta (`response.audio.delta`).

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Is, Kind, Message, quote};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::IdForms;
use super::ink::{Base64, Ink};
use super::{CallSettings, Farewell, Heard, Incoming, Moment, Remarks, Speaker, Turn, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "OpenAI Realtime",
    formats: &[l16(24_000), AudioFormat::MULAW_8K, AudioFormat { codec: Codec::Alaw, sample_rate: 8_000 }],
    cadence: Duration::from_millis(20),
    fixed_frame: false,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::WhenAnswered { within: Duration::from_secs(5) },
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::Prompt, CallKey::AnswerWithin],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "Nothing until the server has said `session.created`; then `session.update` with the audio format, and \
             `input_audio_buffer.append` every 20 ms. With a `prompt`, it is said as text of the user, and a response is asked for. There is \
             no goodbye but the Close.",
            "`Authorization: Bearer` is `bearer_token_file`. The subprotocols of the browser's form (`realtime` and the key) can be set with \
             `subprotocols`.",
        ],
        checks: &[
            "`session.created` in time (`answer_within`).",
            "Audio in `response.output_audio.delta` or, as the beta had it, `response.audio.delta`. `error` is an error of the server. Other \
             events of the API's families have no effect here.",
        ],
        unverified: &[
            "How long a client waits for `session.created` is not documented: 5 s here, `answer_within`.",
            "Audio is sent right after `session.update`; `session.updated` is not waited for.",
        ],
        opened_by: Some(r#"{"type":"session.created","event_id":"event_1","session":{"type":"realtime","id":"sess_1"}}"#),
        monitor: "url = \"wss://voice.example.com/v1/realtime\"\ndialect = \"openai-realtime\"\ncall = { answer_within = \"3s\" }",
    },
};

const GRAMMAR: Grammar = Grammar {
    tag: "type",
    kinds: &[
        Kind { name: "session.created", required: &[], optional: &[] },
        Kind { name: "response.output_audio.delta", required: &[("delta", Is::Text)], optional: &[] },
        Kind { name: "response.audio.delta", required: &[("delta", Is::Text)], optional: &[] },
        Kind { name: "error", required: &[("error", Is::Object)], optional: &[] },
    ],
    strict: false,
    any_case: false,
};

/// How the events begin that mean nothing here. The API's list of them grows.
const FAMILIES: &[&str] = &[
    "session.",
    "transcription_session.",
    "conversation.",
    "input_audio_buffer.",
    "output_audio_buffer.",
    "response.",
    "rate_limits.",
    "mcp_list_tools.",
];

#[derive(Serialize)]
struct SessionUpdate {
    r#type: &'static str,
    session: Session,
}

#[derive(Serialize)]
struct Session {
    r#type: &'static str,
    audio: Audio,
}

#[derive(Serialize)]
struct Audio {
    input: Way,
    output: Way,
}

#[derive(Serialize)]
struct Way {
    format: Format,
}

#[derive(Clone, Copy, Serialize)]
struct Format {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
}

#[derive(Serialize)]
struct Append<'a> {
    r#type: &'static str,
    audio: Base64<'a>,
}

#[derive(Serialize)]
struct ItemCreate<'a> {
    r#type: &'static str,
    item: Item<'a>,
}

#[derive(Serialize)]
struct Item<'a> {
    r#type: &'static str,
    role: &'static str,
    content: [Content<'a>; 1],
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Plain {
    r#type: &'static str,
}

/// The speaker of one session.
#[derive(Debug)]
pub(super) struct OpenaiRealtime {
    settings: CallSettings,
    ink: Ink,
    reader: AudioReader,
    is_created: bool,
}

impl OpenaiRealtime {
    pub(super) fn new(settings: &CallSettings) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            settings: settings.clone(),
            ink: Ink::default(),
            is_created: false,
        }
    }

    fn created(&mut self, remarks: &mut Remarks) -> Heard<'_> {
        if std::mem::replace(&mut self.is_created, true) {
            remarks.note(Warning::SequenceWrong, || "a second `session.created`".to_owned());
            return Heard::default();
        }
        let format = format(self.settings.audio);
        let audio = Audio { input: Way { format }, output: Way { format } };
        let update = SessionUpdate { r#type: "session.update", session: Session { r#type: "realtime", audio } };
        let mut replies = vec![self.ink.json(&update)];
        if let Some(text) = &self.settings.prompt {
            let item = Item { r#type: "message", role: "user", content: [Content { r#type: "input_text", text }] };
            replies.push(self.ink.json(&ItemCreate { r#type: "conversation.item.create", item }));
            replies.push(self.ink.json(&Plain { r#type: "response.create" }));
        }
        Heard { replies, turn: Turn::Opened, ..Heard::default() }
    }
}

fn format(audio: AudioFormat) -> Format {
    match audio.codec {
        Codec::Mulaw => Format { r#type: "audio/pcmu", rate: None },
        Codec::Alaw => Format { r#type: "audio/pcma", rate: None },
        Codec::L16 | Codec::L16Be => Format { r#type: "audio/pcm", rate: Some(audio.sample_rate) },
    }
}

fn note_error(message: &Message<'_>, remarks: &mut Remarks) {
    remarks.note(Warning::ServerReportedError, || {
        let field = |path| quote(message.text(path).unwrap_or("?"));
        format!("error: {} {}", field("error.type"), field("error.message"))
    });
}

impl Speaker for OpenaiRealtime {
    fn greet(&mut self) -> Vec<Wire> {
        Vec::new()
    }

    fn frame(&mut self, n: u64) -> Wire {
        let audio = self.settings.sound.frame(n);
        self.ink.json(&Append { r#type: "input_audio_buffer.append", audio: Base64(&audio) })
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let remarks = moment.remarks;
        let Incoming::Text(text) = message else {
            remarks.note(Warning::BinaryInTextDialect, || "a binary message; the API has text messages alone".to_owned());
            return Heard::default();
        };
        let Some(message) = GRAMMAR.read_with(FAMILIES, text, remarks) else { return Heard::default() };
        match message.kind {
            "session.created" => self.created(remarks),
            "response.output_audio.delta" | "response.audio.delta" => {
                let audio = message.text("delta").and_then(|delta| self.reader.base64_in(None, delta, remarks));
                Heard { audio, ..Heard::default() }
            }
            "error" => {
                note_error(&message, remarks);
                Heard::default()
            }
            _ => Heard::default(),
        }
    }

    fn farewell(&mut self) -> Farewell {
        Farewell::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Sound;
    use crate::dialect::Provider;
    use crate::dialect::rehearsal::{Meant, Rehearsal};

    fn call(audio: AudioFormat) -> Rehearsal {
        Rehearsal::new(Provider::OpenaiRealtime, |settings| {
            settings.audio = audio;
            settings.sound = Sound::silence(audio, settings.cadence);
        })
    }

    const CREATED: &str = r#"{"type":"session.created","event_id":"event_1","session":{"type":"realtime","id":"sess_1"}}"#;

    #[test]
    fn the_first_frames_to_the_byte() {
        let rows = [
            (FACTS.formats[0], r#"{"type":"audio/pcm","rate":24000}"#, "A".repeat(1_280)),
            (FACTS.formats[1], r#"{"type":"audio/pcmu"}"#, format!("{}/w==", "////".repeat(53))),
            (FACTS.formats[2], r#"{"type":"audio/pcma"}"#, format!("{}1Q==", "1dXV".repeat(53))),
        ];
        for (audio, format, payload) in rows {
            let mut call = call(audio);
            assert!(call.greeting().is_empty());
            let update = format!(
                r#"{{"type":"session.update","session":{{"type":"realtime","audio":{{"input":{{"format":{format}}},"output":{{"format":{format}}}}}}}}}"#
            );
            assert_eq!(call.hear(CREATED), Meant { replies: vec![update], turn: Turn::Opened, ..Meant::default() });
            assert_eq!(call.frame(0), format!(r#"{{"type":"input_audio_buffer.append","audio":"{payload}"}}"#));
        }
    }

    #[test]
    fn a_prompt_asks_for_a_response() {
        let mut call = Rehearsal::new(Provider::OpenaiRealtime, |settings| settings.prompt = Some("Hello?".into()));
        let item = concat!(
            r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","#,
            r#""content":[{"type":"input_text","text":"Hello?"}]}}"#
        );
        assert_eq!(call.hear(CREATED).replies[1..], [item, r#"{"type":"response.create"}"#]);
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        let mut call = call(FACTS.formats[0]);
        let frame = call.frame(0).len();
        assert_eq!((0..30_000).map(|n| call.speaker.frame(n).payload().len()).sum::<usize>(), 30_000 * frame);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn audio_of_both_generations() {
        for kind in ["response.output_audio.delta", "response.audio.delta"] {
            let mut call = call(FACTS.formats[0]);
            let delta = format!(r#"{{"type":"{kind}","event_id":"e","response_id":"r","item_id":"i","delta":"ERE="}}"#);
            assert_eq!(call.hear(&delta), Meant { audio: Some((vec![0x11, 0x11], false)), ..Meant::default() });
            assert_eq!(call.odd(), []);
        }
    }

    #[test]
    fn events_that_mean_nothing_here() {
        let mut call = call(FACTS.formats[0]);
        for kind in [
            "session.updated",
            "conversation.created",
            "conversation.item.added",
            "conversation.item.input_audio_transcription.delta",
            "input_audio_buffer.speech_started",
            "output_audio_buffer.started",
            "response.created",
            "response.output_audio_transcript.delta",
            "response.done",
            "rate_limits.updated",
            "mcp_list_tools.completed",
        ] {
            assert_eq!(call.hear(&format!(r#"{{"type":"{kind}","event_id":"e"}}"#)), Meant::default(), "{kind}");
        }
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_odd() {
        let rows = [
            ("hello", Warning::NotJson),
            (r#"{"event":"session.created"}"#, Warning::InvalidField),
            (r#"{"type":"media"}"#, Warning::UnknownEvent),
            (r#"{"type":"response.audio.delta"}"#, Warning::InvalidField),
            (r#"{"type":"response.audio.delta","delta":"-_8="}"#, Warning::Base64UrlSafe),
            (r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#, Warning::ServerReportedError),
        ];
        for (message, warning) in rows {
            let mut call = call(FACTS.formats[0]);
            call.hear(message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call(FACTS.formats[0]);
        call.hear_binary(&[1, 1]);
        assert_eq!(call.odd(), [Warning::BinaryInTextDialect]);
        call.hear(CREATED);
        call.hear(CREATED);
        assert_eq!(call.odd(), [Warning::SequenceWrong]);
    }
}
