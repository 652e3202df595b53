//! Infobip's WebSocket endpoint of a dialog (`WEBSOCKET_ENDPOINT`): a JSON hello, then binary frames of 20 ms both ways.
//!
//! Source: for the settings, Infobip's API client; for the wire, servers that were written for it. Infobip has no page about it.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Kind};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::IdForms;
use super::ink::{Ink, Parameters};
use super::{CallSettings, Farewell, Heard, Incoming, Moment, Playback, Speaker, Wire};
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "Infobip",
    formats: &[l16(16_000), l16(8_000), l16(24_000), l16(32_000)],
    cadence: Duration::from_millis(20),
    fixed_frame: true,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::CallId, CallKey::SessionId, CallKey::Parameters, CallKey::OneWay],
    codes: &[],
    failure: |_| None,
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "`websocket:connected` with the `content-type` and, beside it, the `customData` of the dialog: `parameters`. Then binary frames \
             of 20 ms. There is no goodbye but the Close.",
            "`call-id` and `dialog-id` are in the hello if `call_id` and `session_id` are set, and not otherwise.",
            "`one_way = true` stands for the product MEDIA_STREAMING, a tap: nothing may come back.",
        ],
        checks: &["Every binary message has to be one frame of 20 ms.", "`clear` empties the queue; it has no answer."],
        unverified: &[
            "All of the wire: Infobip publishes nothing about it. It is taken from servers that were written for it, and they differ in \
             `call-id` and `dialog-id`.",
            "The wire of MEDIA_STREAMING, which may be another one than that of WEBSOCKET_ENDPOINT: here it is the same.",
            "A single report says that Infobip closes the line after 2 to 3 s without audio from the server. To be told of such a pause, set \
             `max_silence = \"2s\"` in `[monitor.expect]`.",
            "Which header carries the HMAC of `securityConfig`, and over what; it is not sent. BASIC is `basic_auth`.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/infobip\"\ndialect = \"infobip\"\nexpect = { max_silence = \"2s\" }",
    },
};

const GRAMMAR: Grammar =
    Grammar { tag: "action", kinds: &[Kind { name: "clear", required: &[], optional: &[] }], strict: false, any_case: false };

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Connected<'a> {
    event: &'static str,
    content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialog_id: Option<&'a str>,
    #[serde(flatten)]
    custom_data: Parameters<'a>,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Infobip {
    settings: CallSettings,
    ink: Ink,
    reader: AudioReader,
}

impl Infobip {
    pub(super) fn new(settings: &CallSettings) -> Self {
        Self { reader: AudioReader::new(settings.audio.codec), settings: settings.clone(), ink: Ink::default() }
    }
}

impl Speaker for Infobip {
    fn greet(&mut self) -> Vec<Wire> {
        let connected = Connected {
            event: "websocket:connected",
            content_type: format!("audio/l16;rate={}", self.settings.audio.sample_rate),
            call_id: self.settings.fixed.call.as_deref(),
            dialog_id: self.settings.fixed.session.as_deref(),
            custom_data: Parameters(&self.settings.parameters),
        };
        vec![self.ink.json(&connected)]
    }

    fn frame(&mut self, n: u64) -> Wire {
        Wire::Binary(self.settings.sound.frame(n))
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        if self.settings.one_way {
            let says = || "the server talks on a stream that only listens".to_owned();
            moment.remarks.note(Warning::MessageOnOneWayStream, says);
        }
        match message {
            Incoming::Binary(bytes) => {
                let audio = self.reader.frame(bytes, self.settings.audio.frame_bytes(FACTS.cadence), moment.remarks);
                Heard { audio: Some(audio), ..Heard::default() }
            }
            Incoming::Text(text) => {
                GRAMMAR.read(text, moment.remarks).map_or_else(Heard::default, |_| Heard::playback(Playback::Clear))
            }
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

    fn call(sample_rate: u32, change: impl FnOnce(&mut CallSettings)) -> Rehearsal {
        Rehearsal::new(Provider::Infobip, |settings| {
            settings.audio = l16(sample_rate);
            settings.sound = Sound::silence(settings.audio, settings.cadence);
            change(settings);
        })
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        for (sample_rate, bytes) in [(8_000, 320), (16_000, 640), (24_000, 960), (32_000, 1_280)] {
            let mut call = call(sample_rate, |_| ());
            let hello =
                format!(r#"{{"event":"websocket:connected","content-type":"audio/l16;rate={sample_rate}","agent":"booking"}}"#);
            assert_eq!(call.greeting(), [hello]);
            assert_eq!(call.frame(0), format!("binary:{}", "00".repeat(bytes)));
        }
    }

    #[test]
    fn ids_are_sent_if_the_user_sets_them() {
        let mut call = call(8_000, |settings| {
            settings.fixed.call = Some("c1".into());
            settings.fixed.session = Some("d1".into());
        });
        let hello = concat!(
            r#"{"event":"websocket:connected","content-type":"audio/l16;rate=8000","call-id":"c1","#,
            r#""dialog-id":"d1","agent":"booking"}"#
        );
        assert_eq!(call.greeting(), [hello]);
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        let mut call = call(24_000, |_| ());
        call.greeting();
        assert_eq!((0..30_000).map(|n| call.speaker.frame(n).payload().len()).sum::<usize>(), 600 * 48_000);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn audio_and_clear() {
        let mut call = call(8_000, |_| ());
        assert_eq!(call.hear_binary(&[0; 320]), Meant { audio: Some((vec![0; 320], true)), ..Meant::default() });
        assert_eq!(call.hear(r#"{"action":"clear"}"#), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn a_tap_only_listens() {
        let mut tap = call(8_000, |settings| settings.one_way = true);
        tap.hear_binary(&[0; 320]);
        assert_eq!(tap.odd(), [Warning::MessageOnOneWayStream]);
        tap.hear(r#"{"action":"clear"}"#);
        assert_eq!(tap.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn what_is_odd() {
        for (message, warning) in [
            ("hello", Warning::NotJson),
            (r#"{"event":"clear"}"#, Warning::InvalidField),
            (r#"{"action":"notify"}"#, Warning::UnknownEvent),
        ] {
            let mut call = call(8_000, |_| ());
            call.hear(message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        for bytes in [0, 160, 319, 321, 640] {
            let mut call = call(8_000, |_| ());
            call.hear_binary(&vec![1; bytes]);
            assert_eq!(call.odd(), [Warning::FrameSizeWrong], "{bytes}");
        }
    }
}
