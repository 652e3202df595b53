//! Asterisk's chan_websocket: control messages in plain text or JSON, binary audio in the channel's codec.
//!
//! Source: docs.asterisk.org, Channel Drivers, WebSocket; and `channels/chan_websocket.c` for the fields of the events.
//!
//! Invariant: the queue is counted in frames of 20 ms, as Asterisk counts it.

use std::time::Duration;

use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Kind, quote};
use super::facts::{About, CallKey, Facts, Opening, l16};
use super::ids::{self, IdForms};
use super::ink::{Ink, Parameters};
use super::{Call, CallSettings, Farewell, Form, Heard, Incoming, Moment, Playback, Remarks, Speaker, Turn, Wire};
use crate::audio::{AudioFormat, Codec};
use crate::outcome::Warning;

pub(super) const FACTS: Facts = Facts {
    title: "Asterisk chan_websocket",
    formats: &[
        AudioFormat::MULAW_8K,
        AudioFormat { codec: Codec::Alaw, sample_rate: 8_000 },
        l16(8_000),
        l16(16_000),
        l16(24_000),
        l16(32_000),
        l16(48_000),
    ],
    cadence: FRAME,
    fixed_frame: true,
    wss_only: false,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::AtOnce,
    server_may_close_first: Duration::ZERO,
    keys: &[CallKey::CallId, CallKey::StreamId, CallKey::Parameters, CallKey::OneWay, CallKey::EncodingName, CallKey::Form],
    codes: &[],
    failure: |_| None,
    // A message that comes while there is room is taken whole, so that the limit is not one of time alone: see `listen`.
    playback_limit: None,
    ids: IdForms { call: channel_id, stream: ids::uuid, account: ids::uuid, session: ids::uuid },
    about: About {
        sends: &[
            "`MEDIA_START`, then binary frames of 20 ms in the channel's codec. `form` is `plain` (Asterisk's default, which it calls \
             deprecated) or `json` (from 20.18, 22.8 and 23.2 on). `call_id` is `channel_id`, `stream_id` is `connection_id`. There is no \
             goodbye but the Close.",
            "`parameters` are `channel_variables`, which the plain form does not have. What the dial string adds with `v(…)` belongs into the \
             query of the URL, what `websocket_client.conf` calls `protocols` into `subprotocols`, and its `username` and `password` into \
             `basic_auth`.",
            "`one_way = true` stands for `d(in)`: nothing that comes back is played.",
        ],
        checks: &[
            "All commands. `STOP_MEDIA_BUFFERING` and `MARK_MEDIA` are answered when the audio before them has been played and not if it was \
             flushed; `GET_STATUS` at once; `REPORT_QUEUE_DRAINED` when the queue is empty. `FLUSH_MEDIA`, `PAUSE_MEDIA`, `CONTINUE_MEDIA` \
             and `SET_MEDIA_DIRECTION` do what they say. `HANGUP` ends the call.",
            "`MEDIA_XOFF` when 900 frames wait, `MEDIA_XON` when fewer than 800 do; what comes while 1000 wait is lost.",
            "A binary message of more than 65500 bytes, at which Asterisk closes the line and hangs up; one that is no whole number of frames \
             outside `START_MEDIA_BUFFERING`; a command of more than 128 bytes, which Asterisk ignores.",
        ],
        unverified: &[
            "The subprotocol `media` of Asterisk's samples is not offered unless `subprotocols` has it.",
            "Asterisk names the channel after the connection in its configuration; here the name ends in the `connection_id`.",
            "The plain form of `MEDIA_MARK_PROCESSED`: here the id of the mark follows the name of the event, with no name of its own.",
        ],
        opened_by: None,
        monitor: "url = \"wss://voice.example.com/media\"\ndialect = \"asterisk\"\ncall = { form = \"json\" }",
    },
};

/// One frame of every codec here.
const FRAME: Duration = Duration::from_millis(20);
/// Frames that wait: `MEDIA_XOFF` is said from here on.
const XOFF_LEVEL: u32 = 900;
/// `MEDIA_XON` is said when fewer frames wait.
const XON_LEVEL: u32 = 800;
/// With so many frames that wait, a message is thrown away.
const QUEUE_MAX: u32 = 1000;
/// A longer binary message ends the call, in bytes.
const LONGEST_MESSAGE: usize = 65_500;
/// A longer command is ignored, in bytes.
const LONGEST_COMMAND: usize = 128;

/// What the hold's marks begin with.
const COMPLETED: &str = "MEDIA_BUFFERING_COMPLETED";
const PROCESSED: &str = "MEDIA_MARK_PROCESSED";

const GRAMMAR: Grammar = Grammar {
    tag: "command",
    kinds: &[
        kind("ANSWER"),
        kind("HANGUP"),
        kind("START_MEDIA_BUFFERING"),
        kind("STOP_MEDIA_BUFFERING"),
        kind("FLUSH_MEDIA"),
        kind("PAUSE_MEDIA"),
        kind("CONTINUE_MEDIA"),
        kind("MARK_MEDIA"),
        kind("GET_STATUS"),
        kind("REPORT_QUEUE_DRAINED"),
        kind("SET_MEDIA_DIRECTION"),
    ],
    strict: false,
    any_case: false,
};

const fn kind(name: &'static str) -> Kind {
    Kind { name, required: &[], optional: &[] }
}

/// An id of a channel: the time in seconds and a number.
fn channel_id(random: u128) -> String {
    format!("{}.{}", 1_700_000_000 + (random >> 64) % 100_000_000, random % 100_000)
}

/// Which way the media flows, seen from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Both,
    /// The server hears and is not heard.
    In,
    /// The server is heard and does not hear.
    Out,
}

/// A command, with the id or the direction that belongs to it.
struct Command {
    name: &'static str,
    detail: Option<String>,
}

#[derive(Serialize)]
struct MediaStart<'a> {
    event: &'static str,
    connection_id: &'a str,
    channel: String,
    channel_id: &'a str,
    format: &'a str,
    optimal_frame_size: usize,
    ptime: u128,
    channel_variables: Parameters<'a>,
}

#[derive(Serialize)]
struct Event<'a> {
    event: &'a str,
    channel_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_text: Option<&'a str>,
}

#[derive(Serialize)]
struct Status<'a> {
    event: &'static str,
    channel_id: &'a str,
    queue_length: u32,
    xon_level: u32,
    xoff_level: u32,
    queue_full: bool,
    bulk_media: bool,
    media_paused: bool,
}

/// The speaker of one call.
#[derive(Debug)]
pub(super) struct Asterisk {
    settings: CallSettings,
    call: Call,
    ink: Ink,
    reader: AudioReader,
    direction: Direction,
    buffering: bool,
    paused: bool,
    /// `MEDIA_XOFF` was said; when to look whether `MEDIA_XON` is due.
    full: Option<Duration>,
    /// When to look whether the queue has drained, if the server asked.
    draining: Option<Duration>,
}

impl Asterisk {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            direction: if settings.one_way { Direction::In } else { Direction::Both },
            settings: settings.clone(),
            call: call.clone(),
            ink: Ink::default(),
            buffering: false,
            paused: false,
            full: None,
            draining: None,
        }
    }

    fn start(&mut self) -> Wire {
        let (connection_id, channel_id) = (&self.call.stream_id, &self.call.call_id);
        let channel = format!("WebSocket/{connection_id}");
        let (format, size) = (format_name(&self.settings), self.settings.audio.frame_bytes(FRAME));
        match self.settings.form {
            Form::Plain => Wire::text(&format!(
                "MEDIA_START connection_id:{connection_id} channel:{channel} channel_id:{channel_id} format:{format} \
                 optimal_frame_size:{size} ptime:20"
            )),
            Form::Json => {
                let start = MediaStart {
                    event: "MEDIA_START",
                    connection_id,
                    channel,
                    channel_id,
                    format,
                    optimal_frame_size: size,
                    ptime: FRAME.as_millis(),
                    channel_variables: Parameters(&self.settings.parameters),
                };
                self.ink.json(&start)
            }
        }
    }

    /// An event that says nothing but its name.
    fn event(&mut self, event: &str) -> Wire {
        match self.settings.form {
            Form::Plain => Wire::text(event),
            Form::Json => self.ink.json(&Event { event, channel_id: &self.call.call_id, correlation_id: None, error_text: None }),
        }
    }

    fn error(&mut self, error_text: &str) -> Wire {
        let channel_id = &self.call.call_id;
        match self.settings.form {
            Form::Plain => Wire::text(&format!("ERROR channel_id:{channel_id} error_text:{error_text}")),
            Form::Json => {
                let error = Event { event: "ERROR", channel_id, correlation_id: None, error_text: Some(error_text) };
                self.ink.json(&error)
            }
        }
    }

    fn status(&mut self, queued: Duration) -> Wire {
        let status = Status {
            event: "STATUS",
            channel_id: &self.call.call_id,
            queue_length: frames(queued),
            xon_level: XON_LEVEL,
            xoff_level: XOFF_LEVEL,
            queue_full: self.full.is_some(),
            bulk_media: self.buffering,
            media_paused: self.paused,
        };
        match self.settings.form {
            Form::Json => self.ink.json(&status),
            Form::Plain => Wire::text(&format!(
                "STATUS channel_id:{} queue_length:{} xon_level:{XON_LEVEL} xoff_level:{XOFF_LEVEL} queue_full:{} bulk_media:{} \
                 media_paused:{}",
                status.channel_id, status.queue_length, status.queue_full, status.bulk_media, status.media_paused
            )),
        }
    }

    /// A command in the form of this call; the error that Asterisk says if it is none.
    fn read(&self, text: &str, remarks: &mut Remarks) -> Result<Option<Command>, &'static str> {
        if text.len() > LONGEST_COMMAND {
            let says = || format!("a command of {} bytes; Asterisk ignores those of more than {LONGEST_COMMAND}", text.len());
            remarks.note(Warning::InvalidField, says);
            return Ok(None);
        }
        match self.settings.form {
            Form::Plain => Ok(plain(text.trim(), remarks)),
            Form::Json => {
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                let command = GRAMMAR.read(text, remarks).map(|message| {
                    let field = if message.kind == "SET_MEDIA_DIRECTION" { "direction" } else { "correlation_id" };
                    Command { name: message.kind, detail: message.text(field).map(str::to_owned) }
                });
                if is_json { Ok(command) } else { Err("Unable to parse JSON command") }
            }
        }
    }

    fn obey(&mut self, command: &Command, moment: Moment<'_>) -> Heard<'_> {
        let Moment { at, queued, remarks } = moment;
        if self.direction == Direction::In && needs_playback(command.name) {
            let error = format!("{} not supported while media direction is 'in'", command.name);
            remarks.note(Warning::MessageOnOneWayStream, || error.clone());
            return Heard::reply(self.error(&error));
        }
        let mark = |event: &str| format!("{event} {}", command.detail.as_deref().unwrap_or_default());
        match command.name {
            "HANGUP" => Heard::turn(Turn::HungUp),
            "STOP_MEDIA_BUFFERING" => {
                self.buffering = false;
                Heard::notice(&mark(COMPLETED))
            }
            "MARK_MEDIA" => Heard::mark(&mark(PROCESSED)),
            "GET_STATUS" => Heard::reply(self.status(queued)),
            "SET_MEDIA_DIRECTION" => self.turn_to(command.detail.as_deref(), remarks),
            name => {
                self.buffering = self.buffering || name == "START_MEDIA_BUFFERING";
                if name == "REPORT_QUEUE_DRAINED" {
                    self.draining = Some(at + queued.max(FRAME));
                }
                self.playback(name, at).map_or_else(Heard::default, Heard::playback)
            }
        }
    }

    /// What a command does to the queue.
    fn playback(&mut self, command: &str, at: Duration) -> Option<Playback> {
        match command {
            "FLUSH_MEDIA" => {
                (self.buffering, self.paused) = (false, false);
                let soon = at + FRAME;
                (self.full, self.draining) = (self.full.map(|_| soon), self.draining.map(|_| soon));
                Some(Playback::Clear)
            }
            "PAUSE_MEDIA" => {
                self.paused = true;
                Some(Playback::Pause)
            }
            "CONTINUE_MEDIA" => {
                self.paused = false;
                let soon = at + FRAME;
                (self.full, self.draining) = (self.full.map(|_| soon), self.draining.map(|_| soon));
                Some(Playback::Resume)
            }
            _ => None,
        }
    }

    fn turn_to(&mut self, direction: Option<&str>, remarks: &mut Remarks) -> Heard<'_> {
        let error = match (self.settings.form, direction) {
            (Form::Plain, _) => "SET_MEDIA_DIRECTION only supports JSON format.".to_owned(),
            (Form::Json, Some("both" | "in")) => {
                self.direction = if direction == Some("in") { Direction::In } else { Direction::Both };
                return Heard::turn(Turn::Unmuted);
            }
            (Form::Json, Some("out")) => {
                self.direction = Direction::Out;
                return Heard::turn(Turn::Muted);
            }
            (Form::Json, None) => "SET_MEDIA_DIRECTION requires a 'direction' parameter.".to_owned(),
            (Form::Json, Some(other)) => format!("'{other}' is not a valid direction for SET_MEDIA_DIRECTION."),
        };
        remarks.note(Warning::InvalidField, || error.clone());
        Heard::reply(self.error(&error))
    }

    fn listen<'a>(&'a mut self, moment: Moment<'_>, bytes: &'a [u8]) -> Heard<'a> {
        let Moment { at, queued, remarks } = moment;
        if bytes.len() > LONGEST_MESSAGE {
            let says = || format!("a message of {} bytes; Asterisk hangs up at more than {LONGEST_MESSAGE}", bytes.len());
            remarks.note(Warning::FrameSizeWrong, says);
            return Heard::turn(Turn::HungUp);
        }
        if self.direction == Direction::In {
            remarks.note(Warning::MessageOnOneWayStream, || "audio, and the media direction is 'in'".to_owned());
            return Heard::default();
        }
        if frames(queued) >= QUEUE_MAX {
            remarks.note(Warning::PlaybackOverflow, || format!("audio, and {QUEUE_MAX} frames wait to be played"));
            return Heard::default();
        }
        let frame = self.settings.audio.frame_bytes(FRAME);
        if !self.buffering && !bytes.len().is_multiple_of(frame) {
            let says = || format!("{} bytes are no whole number of frames of {frame}, and nothing is buffered", bytes.len());
            remarks.note(Warning::FrameSizeWrong, says);
        }
        let now_queued = queued + self.settings.audio.length(bytes.len());
        let mut replies = Vec::new();
        if self.full.is_none() && frames(now_queued) >= XOFF_LEVEL {
            self.full = Some(at + now_queued - FRAME * XON_LEVEL + FRAME);
            replies.push(self.event("MEDIA_XOFF"));
        }
        Heard { audio: Some(self.reader.piece(bytes, remarks)), replies, ..Heard::default() }
    }
}

/// The name of the format: Asterisk's own, if the user has no other.
fn format_name(settings: &CallSettings) -> &str {
    if let Some(name) = &settings.encoding_name {
        return name;
    }
    match (settings.audio.codec, settings.audio.sample_rate) {
        (Codec::Mulaw, _) => "ulaw",
        (Codec::Alaw, _) => "alaw",
        (Codec::L16 | Codec::L16Be, 16_000) => "slin16",
        (Codec::L16 | Codec::L16Be, 24_000) => "slin24",
        (Codec::L16 | Codec::L16Be, 32_000) => "slin32",
        (Codec::L16 | Codec::L16Be, 48_000) => "slin48",
        (Codec::L16 | Codec::L16Be, _) => "slin",
    }
}

/// Audio of this length in frames.
fn frames(queued: Duration) -> u32 {
    u32::try_from(queued.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX)
}

/// Is it an error while nothing is played?
fn needs_playback(command: &str) -> bool {
    const NEED: [&str; 5] = ["START_MEDIA_BUFFERING", "STOP_MEDIA_BUFFERING", "MARK_MEDIA", "PAUSE_MEDIA", "CONTINUE_MEDIA"];
    NEED.contains(&command)
}

/// A command in plain text: its name, and what follows the first space.
fn plain(text: &str, remarks: &mut Remarks) -> Option<Command> {
    let (name, detail) = text.split_once(' ').map_or((text, None), |(name, detail)| (name, Some(detail.to_owned())));
    let known = GRAMMAR.kinds.iter().find(|kind| kind.name == name);
    if known.is_none() {
        remarks.note(Warning::UnknownEvent, || format!("`{}` is no command of Asterisk", quote(name)));
    }
    Some(Command { name: known?.name, detail })
}

impl Speaker for Asterisk {
    fn greet(&mut self) -> Vec<Wire> {
        vec![self.start()]
    }

    fn frame(&mut self, n: u64) -> Wire {
        Wire::Binary(self.settings.sound.frame(n))
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        match message {
            Incoming::Binary(bytes) => self.listen(moment, bytes),
            Incoming::Text(text) => match self.read(text, moment.remarks) {
                Ok(Some(command)) => self.obey(&command, moment),
                Ok(None) => Heard::default(),
                Err(error) => Heard::reply(self.error(error)),
            },
        }
    }

    fn played(&mut self, mark: &str, cleared: bool) -> Option<Wire> {
        let (event, id) = mark.split_once(' ').filter(|_| !cleared)?;
        let channel_id = &self.call.call_id;
        match self.settings.form {
            Form::Plain => Some(Wire::text(mark.trim_end())),
            Form::Json => Some(self.ink.json(&Event { event, channel_id, correlation_id: Some(id), error_text: None })),
        }
    }

    fn due(&self) -> Option<Duration> {
        // A queue that is paused is not looked at.
        [self.full, self.draining].into_iter().flatten().min().filter(|_| !self.paused)
    }

    fn speak(&mut self, moment: Moment<'_>) -> Heard<'_> {
        let Moment { at, queued, .. } = moment;
        let mut replies = Vec::new();
        if self.full.is_some_and(|look| look <= at) {
            self.full = (frames(queued) >= XON_LEVEL).then(|| at + queued - FRAME * XON_LEVEL + FRAME);
            if self.full.is_none() {
                replies.push(self.event("MEDIA_XON"));
            }
        }
        if self.draining.is_some_and(|look| look <= at) {
            self.draining = (!queued.is_zero()).then(|| at + queued.max(FRAME));
            if self.draining.is_none() {
                replies.push(self.event("QUEUE_DRAINED"));
            }
        }
        Heard { replies, ..Heard::default() }
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

    const CHANNEL: &str = "1747303441.14097";

    fn call(form: Form) -> Rehearsal {
        Rehearsal::new(Provider::Asterisk, |settings| settings.form = form)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn reply(text: &str) -> Meant {
        Meant { replies: vec![text.to_owned()], ..Meant::default() }
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut plain = call(Form::Plain);
        let uuid = "11111111-1111-4111-9111-111111111111";
        let start = format!(
            "MEDIA_START connection_id:{uuid} channel:WebSocket/{uuid} channel_id:{CHANNEL} format:ulaw optimal_frame_size:160 ptime:20"
        );
        assert_eq!(plain.greeting(), [start]);
        assert_eq!(plain.frame(0), format!("binary:{}", "ff".repeat(160)));
        let mut json = call(Form::Json);
        let start = format!(
            r#"{{"event":"MEDIA_START","connection_id":"{uuid}","channel":"WebSocket/{uuid}","channel_id":"{CHANNEL}","format":"ulaw","optimal_frame_size":160,"ptime":20,"channel_variables":{{"agent":"booking"}}}}"#
        );
        assert_eq!(json.greeting(), [start]);
    }

    #[test]
    fn formats_have_asterisks_names_and_sizes() {
        let names = ["ulaw", "alaw", "slin", "slin16", "slin24", "slin32", "slin48"];
        let sizes = [160, 160, 320, 640, 960, 1_280, 1_920];
        for ((format, name), size) in FACTS.formats.iter().zip(names).zip(sizes) {
            let mut call = Rehearsal::new(Provider::Asterisk, |settings| {
                settings.audio = *format;
                settings.sound = Sound::silence(*format, FRAME);
            });
            assert!(call.greeting()[0].ends_with(&format!(" format:{name} optimal_frame_size:{size} ptime:20")), "{name}");
            assert_eq!(call.speaker.frame(0).payload().len(), size, "{name}");
        }
        let mut call = Rehearsal::new(Provider::Asterisk, |settings| settings.encoding_name = Some("mulaw".into()));
        assert!(call.greeting()[0].contains(" format:mulaw "));
    }

    #[test]
    fn ten_minutes_end_with_a_plain_close() {
        let mut call = call(Form::Plain);
        call.greeting();
        assert_eq!((0..30_000).map(|n| call.speaker.frame(n).payload().len()).sum::<usize>(), 600 * 8_000);
        assert_eq!(call.farewell(), (vec![], Duration::ZERO));
    }

    #[test]
    fn commands_in_plain_text() {
        let mut call = call(Form::Plain);
        let marked = |mark: &str| Meant { mark: Some(mark.to_owned()), ..Meant::default() };
        let played = |playback| Meant { playback: Some(playback), ..Meant::default() };
        let rows = [
            ("ANSWER", Meant::default()),
            ("START_MEDIA_BUFFERING", Meant::default()),
            ("STOP_MEDIA_BUFFERING 7 b", marked("MEDIA_BUFFERING_COMPLETED 7 b")),
            ("STOP_MEDIA_BUFFERING", marked("MEDIA_BUFFERING_COMPLETED ")),
            ("MARK_MEDIA m1", marked("MEDIA_MARK_PROCESSED m1")),
            ("PAUSE_MEDIA", played(Playback::Pause)),
            ("CONTINUE_MEDIA", played(Playback::Resume)),
            ("FLUSH_MEDIA", played(Playback::Clear)),
            ("REPORT_QUEUE_DRAINED", Meant::default()),
            ("HANGUP", Meant { turn: Turn::HungUp, ..Meant::default() }),
        ];
        for (command, meant) in rows {
            assert_eq!(call.hear(command), meant, "{command}");
        }
        assert_eq!(call.played("MEDIA_BUFFERING_COMPLETED 7 b"), ["MEDIA_BUFFERING_COMPLETED 7 b"]);
        assert_eq!(call.played("MEDIA_MARK_PROCESSED "), ["MEDIA_MARK_PROCESSED"]);
        assert!(call.cleared("MEDIA_MARK_PROCESSED m1").is_empty(), "what was flushed is not answered");
        let status = format!(
            "STATUS channel_id:{CHANNEL} queue_length:150 xon_level:800 xoff_level:900 queue_full:false bulk_media:true media_paused:true"
        );
        call.hear("START_MEDIA_BUFFERING");
        call.hear("PAUSE_MEDIA");
        assert_eq!(call.hear_at(seconds(1), seconds(3), Incoming::Text("GET_STATUS")), reply(&status));
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn commands_in_json() {
        let mut call = call(Form::Json);
        let meant = call.hear(r#"{"command":"STOP_MEDIA_BUFFERING","correlation_id":"7"}"#);
        assert_eq!(meant.mark.as_deref(), Some("MEDIA_BUFFERING_COMPLETED 7"));
        let answer = |event: &str, id: &str| format!(r#"{{"event":"{event}","channel_id":"{CHANNEL}","correlation_id":"{id}"}}"#);
        assert_eq!(call.played("MEDIA_BUFFERING_COMPLETED 7"), [answer("MEDIA_BUFFERING_COMPLETED", "7")]);
        assert_eq!(call.played("MEDIA_MARK_PROCESSED "), [answer("MEDIA_MARK_PROCESSED", "")]);
        let status = format!(
            r#"{{"event":"STATUS","channel_id":"{CHANNEL}","queue_length":0,"xon_level":800,"xoff_level":900,"queue_full":false,"bulk_media":false,"media_paused":false}}"#
        );
        assert_eq!(call.hear(r#"{"command":"GET_STATUS"}"#), reply(&status));
        let direction = |to: &str| format!(r#"{{"command":"SET_MEDIA_DIRECTION","direction":"{to}"}}"#);
        assert_eq!(call.hear(&direction("out")).turn, Turn::Muted);
        assert_eq!(call.hear(&direction("both")).turn, Turn::Unmuted);
        assert_eq!(call.hear(&direction("in")).turn, Turn::Unmuted);
        assert_eq!(call.odd(), []);
        let error = |text: &str| reply(&format!(r#"{{"event":"ERROR","channel_id":"{CHANNEL}","error_text":"{text}"}}"#));
        let refused = error("MARK_MEDIA not supported while media direction is 'in'");
        assert_eq!(call.hear(r#"{"command":"MARK_MEDIA"}"#), refused);
        assert_eq!(call.hear("MARK_MEDIA"), error("Unable to parse JSON command"));
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream, Warning::NotJson]);
    }

    #[test]
    fn the_queue_says_when_it_is_full_and_when_it_has_room() {
        let mut call = call(Form::Plain);
        let audio = vec![0x11; 160 * 400];
        let hear =
            |call: &mut Rehearsal, at, queued| call.hear_at(seconds(at), seconds(queued), Incoming::Binary(&audio)).replies;
        assert!(hear(&mut call, 0, 0).is_empty());
        assert!(hear(&mut call, 0, 8).is_empty());
        assert_eq!(hear(&mut call, 0, 16), ["MEDIA_XOFF"]);
        assert_eq!(call.odd(), [], "what fills the queue is taken whole");
        assert!(hear(&mut call, 0, 24).is_empty());
        assert_eq!(call.odd(), [Warning::PlaybackOverflow]);
        assert_eq!(call.speaker.due(), Some(seconds(8) + FRAME));
        assert_eq!(call.speak_at(seconds(8) + FRAME, seconds(18)), Meant::default(), "more came in between");
        assert_eq!(call.speaker.due(), Some(seconds(10) + 2 * FRAME));
        let meant = call.speak_at(seconds(10) + 2 * FRAME, seconds(16) - FRAME);
        assert_eq!((meant, call.speaker.due()), (reply("MEDIA_XON"), None));
    }

    #[test]
    fn a_drained_queue_is_reported_once() {
        let mut call = call(Form::Json);
        call.hear_at(seconds(1), seconds(2), Incoming::Text(r#"{"command":"REPORT_QUEUE_DRAINED"}"#));
        assert_eq!(call.speaker.due(), Some(seconds(3)));
        call.hear(r#"{"command":"PAUSE_MEDIA"}"#);
        assert_eq!(call.speaker.due(), None);
        call.hear_at(seconds(4), seconds(2), Incoming::Text(r#"{"command":"CONTINUE_MEDIA"}"#));
        assert_eq!(call.speak_at(seconds(5), seconds(1)), Meant::default());
        let drained = format!(r#"{{"event":"QUEUE_DRAINED","channel_id":"{CHANNEL}"}}"#);
        assert_eq!(call.speak_at(seconds(6), Duration::ZERO), reply(&drained));
        assert_eq!(call.speaker.due(), None);
    }

    #[test]
    fn a_message_that_is_too_long_ends_the_call() {
        let mut call = call(Form::Plain);
        assert_eq!(call.hear_binary(&vec![0x11; 65_501]).turn, Turn::HungUp);
        assert_eq!(call.odd(), [Warning::FrameSizeWrong]);
        assert_eq!(call.hear_binary(&vec![0x11; 65_440]).turn, Turn::None);
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn what_is_odd() {
        let long = format!("MARK_MEDIA {}", "x".repeat(128));
        for (message, warning) in [
            ("answer", Warning::UnknownEvent),
            (r#"{"command":"ANSWER"}"#, Warning::UnknownEvent),
            (long.as_str(), Warning::InvalidField),
            ("SET_MEDIA_DIRECTION out", Warning::InvalidField),
        ] {
            let mut call = call(Form::Plain);
            call.hear(message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = call(Form::Plain);
        call.hear_binary(&[0x11; 100]);
        assert_eq!(call.odd(), [Warning::FrameSizeWrong]);
        call.hear("START_MEDIA_BUFFERING");
        call.hear_binary(&[0x11; 100]);
        assert_eq!(call.odd(), [], "while it buffers, Asterisk cuts the frames itself");
        let mut call = Rehearsal::new(Provider::Asterisk, |settings| settings.one_way = true);
        assert_eq!(call.hear_binary(&[0x11; 160]), Meant::default());
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
    }
}
