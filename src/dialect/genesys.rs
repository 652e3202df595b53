//! Genesys Cloud AudioHook, version 2: a session in JSON around binary μ-law, and its connection probe.
//!
//! Source: the AudioHook protocol pages, `purecloudlabs/audiohook-reference-implementation` for fields and timing, and the overview of the
//! Audio Connector (help.mypurecloud.com). Deliberately absent: reconnects; the `X-API-KEY` and the signature are the dial's.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::envelope::{AudioReader, Grammar, Is, Kind, Message, quote};
use super::facts::{About, CallKey, Facts, Opening};
use super::ids::IdForms;
use super::ink::{Ink, Parameters};
use super::{Call, CallSettings, Farewell, Heard, Incoming, Moment, Playback, Remarks, Speaker, Turn, Wire};
use crate::audio::AudioFormat;
use crate::outcome::{Reason, Warning};

pub(super) const FACTS: Facts = Facts {
    title: "Genesys AudioHook",
    formats: &[AudioFormat::MULAW_8K],
    cadence: FRAME,
    fixed_frame: false,
    wss_only: true,
    query_is_lost: false,
    subprotocol: None,
    opening: Opening::WhenAnswered { within: Duration::from_secs(5) },
    server_may_close_first: Duration::from_secs(10),
    keys: &[
        CallKey::CallId,
        CallKey::StreamId,
        CallKey::AccountId,
        CallKey::SessionId,
        CallKey::From,
        CallKey::To,
        CallKey::Parameters,
        CallKey::ConnectionProbe,
        CallKey::AudioConnector,
        CallKey::Language,
        CallKey::AnswerWithin,
    ],
    codes: &[
        (Warning::NotJson, "Genesys 400"),
        (Warning::InvalidField, "Genesys 400"),
        (Warning::UnknownEvent, "Genesys 405"),
        (Warning::SequenceWrong, "Genesys 409"),
        (Warning::FrameSizeWrong, "Genesys 413"),
        (Warning::MessageOnOneWayStream, "Genesys 415"),
        (Warning::FarewellUnanswered, "Genesys 408"),
    ],
    failure,
    playback_limit: None,
    ids: IdForms::UUIDS,
    about: About {
        sends: &[
            "The headers `Audiohook-Organization-Id` (`account_id`), `Audiohook-Session-Id` (`session_id`) and \
             `Audiohook-Correlation-Id` (`stream_id`); `X-API-KEY` and the message signature are in `[monitor.signature]`.",
            "`connection_probe = true`, which is the default: Genesys' own check of a connection. The ids of conversation and participant are \
             zeros, `ani` and `dnis` are empty, and no audio is sent. Servers have to take it, and it costs them nothing.",
            "`connection_probe = false`: a session of a call. `call_id` is the conversation, and `stream_id` the participant too. Audio is \
             μ-law in the channels that the server chose: both (ours is `external`, `internal` is silent), or one of them. `parameters` are \
             the `customConfig`.",
            "`audio_connector = true`, with `connection_probe = false`: the Audio Connector, in which the server talks. The channel `external` \
             alone is offered.",
            "`open`, a JSON `ping` 1 s after `opened`, one more on the first `pong` and then one every 5 s, and `close` at the end.",
        ],
        checks: &[
            "`opened` within 5 s (`answer_within`), with one of the media that were offered. Without a `pong` before the next `ping`, the \
             session is over. `closed` within 10 s of `close`; the server may also just close.",
            "`seq` has to count up from 1, `clientseq` has to be a number that we have sent, and `id` the session's.",
            "`pause` and `resume` stop and start our audio, and are answered with `paused` and `resumed`. `disconnect` refuses the session, \
             or ends it. `event`, `reconnect` and `updated` have no effect here.",
            "Binary messages: with `audio_connector` they are μ-law at 8000 Hz, and an `event` with a `barge_in` empties the queue; without it, \
             and in a connection probe, the server must not send them (`message_on_one_way_stream`).",
            "Text messages of more than 65535 bytes.",
        ],
        unverified: &[
            "Where Genesys says `error` and closes the session, here it is a warning and the hold goes on, except for a `closed` that nobody \
             asked for.",
            "Of the Audio Connector, `playback_started`, `playback_completed`, `dtmf` and input variables are not sent, and how much audio Genesys \
             keeps is not documented.",
        ],
        opened_by: Some(concat!(
            r#"{"version":"2","type":"opened","seq":1,"clientseq":1,"id":"{session_id}","parameters":{"startPaused":false,"media":["#,
            r#"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}]}}"#
        )),
        monitor: "url = \"wss://voice.example.com/audiohook\"\ndialect = \"genesys\"\ncall = { connection_probe = false }",
    },
};

fn failure(reason: Reason) -> Option<&'static str> {
    matches!(reason, Reason::AppNotAnswered | Reason::WsPingTimeout).then_some("Genesys 408")
}

const FRAME: Duration = Duration::from_millis(20);
/// From `opened` to the first ping.
const FIRST_PING: Duration = Duration::from_secs(1);
/// From ping to ping.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// The longest text message, in bytes.
const LONGEST_TEXT: usize = 65_535;
/// The id of whatever there is none of, in a connection probe.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

const BASE: &[(&str, Is)] =
    &[("version", Is::Text), ("id", Is::Text), ("seq", Is::Number), ("clientseq", Is::Number), ("parameters", Is::Object)];

const GRAMMAR: Grammar = Grammar {
    tag: "type",
    kinds: &[
        kind("opened"),
        kind("closed"),
        kind("pong"),
        kind("disconnect"),
        kind("pause"),
        kind("resume"),
        kind("event"),
        kind("reconnect"),
        kind("updated"),
    ],
    strict: false,
    any_case: false,
};

const fn kind(name: &'static str) -> Kind {
    Kind { name, required: BASE, optional: &[] }
}

/// What we can send, in the order of the offer.
const OFFERS: &[&[&str]] = &[&["external", "internal"], &["external"], &["internal"]];
/// What the Audio Connector sends.
const CONNECTOR_OFFERS: &[&[&str]] = &[&["external"]];

const fn offers(settings: &CallSettings) -> &'static [&'static [&'static str]] {
    if settings.audio_connector { CONNECTOR_OFFERS } else { OFFERS }
}

#[derive(Serialize)]
struct Envelope<'a, P> {
    version: &'static str,
    id: &'a str,
    r#type: &'static str,
    seq: u64,
    serverseq: u64,
    position: String,
    parameters: P,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open<'a> {
    organization_id: &'a str,
    conversation_id: &'a str,
    participant: Participant<'a>,
    media: Vec<Offer>,
    language: &'a str,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    custom_config: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Participant<'a> {
    id: &'a str,
    ani: &'a str,
    ani_name: &'static str,
    dnis: &'a str,
}

#[derive(Serialize)]
struct Offer {
    r#type: &'static str,
    format: &'static str,
    channels: &'static [&'static str],
    rate: u32,
}

#[derive(Serialize)]
struct Ping {
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<String>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Resumed {
    start: String,
    discarded: String,
}

#[derive(Serialize)]
struct Close {
    reason: &'static str,
}

/// Where the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    Closing,
}

/// A ping that is out.
#[derive(Clone, Copy, Debug)]
struct Pending {
    seq: u64,
    sent: Duration,
}

/// The speaker of one session.
#[derive(Debug)]
pub(super) struct Genesys {
    settings: CallSettings,
    call: Call,
    ink: Ink,
    reader: AudioReader,
    state: State,
    /// Our last sequence number, and the server's.
    seq: u64,
    serverseq: u64,
    channels: &'static [&'static str],
    /// How much audio was sent or, while paused, discarded.
    position: Duration,
    paused_since: Option<Duration>,
    next_ping: Option<Duration>,
    pending: Option<Pending>,
    rtt: Option<Duration>,
    close_reason: &'static str,
    /// A frame of the channel that is not ours.
    silence: Bytes,
}

/// The headers of the upgrade.
pub(super) fn headers(call: &Call) -> Vec<(&'static str, String)> {
    vec![
        ("Audiohook-Organization-Id", call.account_id.clone()),
        ("Audiohook-Session-Id", call.session_id.clone()),
        ("Audiohook-Correlation-Id", call.stream_id.clone()),
    ]
}

impl Genesys {
    pub(super) fn new(settings: &CallSettings, call: &Call) -> Self {
        Self {
            reader: AudioReader::new(settings.audio.codec),
            settings: settings.clone(),
            call: call.clone(),
            ink: Ink::default(),
            state: State::Opening,
            seq: 0,
            serverseq: 0,
            channels: offers(settings).first().copied().unwrap_or_default(),
            position: Duration::ZERO,
            paused_since: None,
            next_ping: None,
            pending: None,
            rtt: None,
            close_reason: "end",
            silence: settings.audio.silence(settings.cadence).into(),
        }
    }

    fn say(&mut self, r#type: &'static str, parameters: impl Serialize) -> Wire {
        self.seq += 1;
        let (seq, serverseq, position) = (self.seq, self.serverseq, iso(self.position));
        self.ink.json(&Envelope { version: "2", id: &self.call.session_id, r#type, seq, serverseq, position, parameters })
    }

    fn open(&mut self) -> Wire {
        let (settings, call) = (self.settings.clone(), self.call.clone());
        let probe = settings.connection_probe;
        let unless_probe = |text| if probe { "" } else { text };
        let offer = |channels: &&'static [_]| Offer { r#type: "audio", format: "PCMU", channels, rate: 8_000 };
        let open = Open {
            organization_id: &call.account_id,
            conversation_id: if probe { NOBODY } else { &call.call_id },
            participant: Participant {
                id: if probe { NOBODY } else { &call.stream_id },
                ani: unless_probe(&settings.from),
                ani_name: "",
                dnis: unless_probe(&settings.to),
            },
            media: offers(&settings).iter().map(offer).collect(),
            language: &settings.language,
            custom_config: Parameters(&settings.parameters),
        };
        self.say("open", open)
    }

    fn ping(&mut self, at: Duration) -> Wire {
        let ping = self.say("ping", Ping { rtt: self.rtt.map(iso) });
        self.pending = Some(Pending { seq: self.seq, sent: at });
        ping
    }

    /// The numbers that every message has.
    fn count(&mut self, message: &Message<'_>, remarks: &mut Remarks) {
        message.is_ours("id", &self.call.session_id, remarks);
        if let Some(seq) = message.number("seq") {
            let due = self.serverseq.saturating_add(1);
            if seq != due {
                remarks.note(Warning::SequenceWrong, || format!("`seq` is {seq} in a `{}`, and {due} is due", message.kind));
            }
            self.serverseq = seq;
        }
        if let Some(seq) = message.number("clientseq").filter(|seq| *seq > self.seq) {
            let last = self.seq;
            remarks.note(Warning::SequenceWrong, || format!("`clientseq` is {seq}, and we have not said more than {last}"));
        }
    }

    fn opened(&mut self, message: &Message<'_>, at: Duration, remarks: &mut Remarks) -> Turn {
        self.state = State::Open;
        self.next_ping = Some(at + FIRST_PING);
        let media = message.json("parameters.media");
        let media = media.as_ref().and_then(serde_json::Value::as_array);
        let chosen = media.and_then(|media| media.first()).and_then(|medium| offered(medium, &self.settings));
        match media.map_or(0, Vec::len) {
            0 if media.is_none() => note_media("`opened` has no list `parameters.media`", remarks),
            0 => {}
            1 if chosen.is_none() => note_media("`opened` has a medium that was not offered", remarks),
            1 => {}
            _ => note_media("`opened` has more than one medium", remarks),
        }
        self.channels = chosen.unwrap_or_default();
        let starts_paused = message.json("parameters.startPaused") == Some(serde_json::Value::Bool(true));
        self.paused_since = starts_paused.then_some(at);
        if starts_paused || self.channels.is_empty() { Turn::Muted } else { Turn::Opened }
    }

    fn listen<'a>(&mut self, bytes: &'a [u8], remarks: &mut Remarks) -> Heard<'a> {
        if !self.settings.server_talks() {
            let says = || "a binary message; the server talks in the Audio Connector alone (`audio_connector`)".to_owned();
            remarks.note(Warning::MessageOnOneWayStream, says);
            return Heard::default();
        }
        if self.state == State::Opening {
            remarks.note(Warning::SequenceWrong, || "audio before `opened`".to_owned());
        }
        Heard { audio: Some(self.reader.binary(bytes, remarks)), ..Heard::default() }
    }

    fn pong(&mut self, message: &Message<'_>, at: Duration, remarks: &mut Remarks) -> Heard<'_> {
        let clientseq = message.number("clientseq");
        match self.pending {
            Some(pending) if clientseq == Some(pending.seq) => {
                let is_first = self.rtt.is_none();
                self.rtt = Some(at.saturating_sub(pending.sent));
                self.pending = None;
                // The server learns the round trip from the ping after the first one.
                if is_first { Heard::reply(self.ping(at)) } else { Heard::default() }
            }
            Some(pending) => {
                let answered = clientseq.map_or_else(|| "no `ping`".to_owned(), |seq| format!("the `ping` {seq}"));
                remarks.note(Warning::SequenceWrong, || format!("a `pong` for {answered}; {} is due", pending.seq));
                Heard::default()
            }
            None => {
                remarks.note(Warning::SequenceWrong, || "a `pong` that no `ping` waits for".to_owned());
                Heard::default()
            }
        }
    }

    fn disconnected(&mut self, message: &Message<'_>, remarks: &mut Remarks) -> Turn {
        let reason = message.text("parameters.reason").unwrap_or("no reason");
        if reason != "completed" {
            let info = message.text("parameters.info").unwrap_or_default();
            remarks.note(Warning::ServerReportedError, || format!("disconnect: {} {}", quote(reason), quote(info)));
        }
        self.close_reason = "disconnect";
        if self.state == State::Opening { Turn::Refused } else { Turn::HungUp }
    }

    fn paused(&mut self, at: Duration) -> Heard<'_> {
        if self.paused_since.is_some() {
            return Heard::default();
        }
        self.paused_since = Some(at);
        Heard { turn: Turn::Muted, ..Heard::reply(self.say("paused", Nothing {})) }
    }

    fn resumed(&mut self, at: Duration) -> Heard<'_> {
        let Some(since) = self.paused_since.take() else { return Heard::default() };
        let (start, discarded) = (self.position, at.saturating_sub(since));
        self.position += discarded;
        let resumed = self.say("resumed", Resumed { start: iso(start), discarded: iso(discarded) });
        let turn = if self.channels.is_empty() { Turn::None } else { Turn::Unmuted };
        Heard { turn, ..Heard::reply(resumed) }
    }

    fn follow(&mut self, message: &Message<'_>, at: Duration, remarks: &mut Remarks) -> Heard<'_> {
        match (message.kind, self.state) {
            ("opened", State::Opening) => Heard::turn(self.opened(message, at, remarks)),
            ("disconnect", State::Opening | State::Open) => Heard::turn(self.disconnected(message, remarks)),
            ("pong", State::Open) => self.pong(message, at, remarks),
            ("pause", State::Open) => self.paused(at),
            ("resume", State::Open) => self.resumed(at),
            ("closed", State::Closing) => Heard::turn(Turn::Parted),
            ("event", State::Open) if self.settings.server_talks() && is_barge_in(message) => Heard::playback(Playback::Clear),
            ("event" | "reconnect" | "updated", _) | (_, State::Closing) => Heard::default(),
            (kind, state) => {
                let when = if state == State::Opening { "before `opened`" } else { "in an open session" };
                remarks.note(Warning::SequenceWrong, || format!("a `{kind}` {when}"));
                if kind == "closed" { Heard::turn(Turn::HungUp) } else { Heard::default() }
            }
        }
    }
}

/// Does the caller talk over the server, in the server's opinion?
fn is_barge_in(message: &Message<'_>) -> bool {
    let entities = message.json("parameters.entities");
    let mut entities = entities.as_ref().and_then(serde_json::Value::as_array).into_iter().flatten();
    entities.any(|entity| entity.get("type").and_then(serde_json::Value::as_str) == Some("barge_in"))
}

fn note_media(says: &'static str, remarks: &mut Remarks) {
    remarks.note(Warning::InvalidField, || says.to_owned());
}

/// The channels of a medium, if it is one of the offers.
fn offered(medium: &serde_json::Value, settings: &CallSettings) -> Option<&'static [&'static str]> {
    let is = |field: &str, value: &str| medium.get(field).and_then(serde_json::Value::as_str) == Some(value);
    let theirs: Vec<_> = medium.get("channels")?.as_array()?.iter().map(serde_json::Value::as_str).collect();
    let ours = offers(settings).iter().find(|ours| ours.iter().copied().map(Some).eq(theirs.iter().copied()))?;
    let rate = medium.get("rate").and_then(serde_json::Value::as_u64);
    (is("type", "audio") && is("format", "PCMU") && rate == Some(8_000)).then_some(*ours)
}

/// A duration as AudioHook writes it: `PT1.5S`.
fn iso(duration: Duration) -> String {
    let number = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    format!("PT{}S", number.trim_end_matches('0').trim_end_matches('.'))
}

impl Speaker for Genesys {
    fn greet(&mut self) -> Vec<Wire> {
        vec![self.open()]
    }

    fn frame(&mut self, n: u64) -> Wire {
        self.position += self.settings.cadence;
        match self.channels {
            ["external"] => Wire::Binary(self.settings.sound.frame(n)),
            ["internal"] => Wire::Binary(self.silence.clone()),
            _ => self.ink.beside(&self.settings.sound.frame(n), self.settings.audio.codec.silence()),
        }
    }

    fn hear<'a>(&'a mut self, moment: Moment<'_>, message: Incoming<'a>) -> Heard<'a> {
        let Moment { at, remarks, .. } = moment;
        let text = match message {
            Incoming::Binary(bytes) => return self.listen(bytes, remarks),
            Incoming::Text(text) => text,
        };
        if text.len() > LONGEST_TEXT {
            let says = || format!("a text message of {} bytes; {LONGEST_TEXT} are allowed", text.len());
            remarks.note(Warning::FrameSizeWrong, says);
        }
        let Some(message) = GRAMMAR.read(text, remarks) else { return Heard::default() };
        self.count(&message, remarks);
        self.follow(&message, at, remarks)
    }

    fn due(&self) -> Option<Duration> {
        self.next_ping.filter(|_| self.state == State::Open)
    }

    fn speak(&mut self, moment: Moment<'_>) -> Heard<'_> {
        self.next_ping = Some(moment.at + PING_INTERVAL);
        if self.pending.is_some() { Heard::turn(Turn::Unanswered) } else { Heard::reply(self.ping(moment.at)) }
    }

    fn farewell(&mut self) -> Farewell {
        let was_opened = self.state != State::Opening;
        let is_refused = self.close_reason == "disconnect";
        self.state = State::Closing;
        let close = self.say("close", Close { reason: self.close_reason });
        if !was_opened && !is_refused {
            // A server that did not say `opened` will not say `closed`.
            return Farewell { frames: vec![close], ..Farewell::default() };
        }
        Farewell { frames: vec![close], server_may_close_first: FACTS.server_may_close_first }
    }

    fn expects_parting(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::rehearsal::{Meant, Rehearsal};
    use crate::dialect::{Dialect, Provider, rehearsal};

    const UUID: &str = "11111111-1111-4111-9111-111111111111";

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn server(kind: &str, seq: u64, clientseq: u64, parameters: &str) -> String {
        format!(
            r#"{{"version":"2","type":"{kind}","seq":{seq},"clientseq":{clientseq},"id":"{UUID}","parameters":{parameters}}}"#
        )
    }

    fn opened(channels: &str) -> String {
        let media = format!(r#"{{"media":[{{"type":"audio","format":"PCMU","channels":[{channels}],"rate":8000}}]}}"#);
        server("opened", 1, 1, &media)
    }

    fn client(kind: &str, seq: u64, serverseq: u64, position: &str, parameters: &str) -> String {
        format!(
            r#"{{"version":"2","id":"{UUID}","type":"{kind}","seq":{seq},"serverseq":{serverseq},"position":"{position}","parameters":{parameters}}}"#
        )
    }

    /// A session that the server has opened at 200 ms.
    fn session(channels: &str) -> Rehearsal {
        let mut call = Rehearsal::new(Provider::Genesys, |settings| settings.connection_probe = false);
        call.greeting();
        let opened = opened(channels);
        assert_eq!(call.hear_at(ms(200), ms(0), Incoming::Text(&opened)), Meant { turn: Turn::Opened, ..Meant::default() });
        assert_eq!(call.odd(), []);
        call
    }

    fn open(conversation: &str, participant: &str, ani: &str, dnis: &str) -> String {
        let media = |channels: &str| format!(r#"{{"type":"audio","format":"PCMU","channels":[{channels}],"rate":8000}}"#);
        let media = [r#""external","internal""#, r#""external""#, r#""internal""#].map(media).join(",");
        let parameters = format!(
            r#"{{"organizationId":"{UUID}","conversationId":"{conversation}","participant":{{"id":"{participant}","ani":"{ani}","aniName":"","dnis":"{dnis}"}},"media":[{media}],"language":"en-US","customConfig":{{"agent":"booking"}}}}"#
        );
        client("open", 1, 0, "PT0S", &parameters)
    }

    #[test]
    fn the_first_frames_to_the_byte() {
        let mut probe = Rehearsal::new(Provider::Genesys, |_| ());
        assert_eq!(probe.greeting(), [open(NOBODY, NOBODY, "", "")]);
        let mut call = Rehearsal::new(Provider::Genesys, |settings| settings.connection_probe = false);
        assert_eq!(call.greeting(), [open(UUID, UUID, "+12025550100", "+12025550101")]);
        let names: Vec<_> = headers(&call.call).into_iter().map(|(name, id)| (name, id == UUID)).collect();
        let wanted = ["Audiohook-Organization-Id", "Audiohook-Session-Id", "Audiohook-Correlation-Id"];
        assert_eq!(names, wanted.map(|name| (name, true)));
    }

    #[test]
    fn a_connection_probe_sends_no_audio() {
        for (connection_probe, sends) in [(true, false), (false, true)] {
            let settings = rehearsal::settings(Provider::Genesys, |settings| settings.connection_probe = connection_probe);
            assert_eq!(settings.sends_media(), sends);
            assert_eq!(Dialect::Provider(Box::new(settings)).opening(), FACTS.opening);
        }
    }

    #[test]
    fn audio_has_the_channels_that_the_server_chose() {
        for (channels, frame) in [(r#""external""#, "ff".repeat(160)), (r#""external","internal""#, "ff".repeat(320))] {
            assert_eq!(session(channels).frame(0), format!("binary:{frame}"));
        }
        let mut call = Rehearsal::new(Provider::Genesys, |settings| {
            settings.connection_probe = false;
            settings.sound = crate::audio::Sound::tone(settings.audio, settings.cadence, 400);
        });
        let ours = call.speaker.frame(0).payload().clone();
        assert_eq!((ours.len(), ours[1], ours[3]), (320, 0xFF, 0xFF), "before `opened`, as offered first");
        call.hear(&opened(r#""internal""#));
        assert_eq!(call.frame(0), format!("binary:{}", "ff".repeat(160)));
    }

    #[test]
    fn the_audio_connector_hears_the_server() {
        let connector = |connection_probe| {
            Rehearsal::new(Provider::Genesys, |settings| {
                (settings.connection_probe, settings.audio_connector) = (connection_probe, true);
            })
        };
        let mut call = connector(false);
        let offer = r#""media":[{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}],"language""#;
        assert!(call.greeting()[0].contains(offer));
        call.hear_binary(&[0x11; 160]);
        assert_eq!(call.odd(), [Warning::SequenceWrong], "before `opened`");
        assert_eq!(call.hear(&opened(r#""external""#)).turn, Turn::Opened);
        assert_eq!(call.frame(0), format!("binary:{}", "ff".repeat(160)));
        let heard = call.hear_binary(&[0x11; 1_600]);
        assert_eq!(heard, Meant { audio: Some((vec![0x11; 1_600], false)), ..Meant::default() });
        let barge_in = server("event", 2, 1, r#"{"entities":[{"type":"barge_in","data":{}}]}"#);
        assert_eq!(call.hear(&barge_in), Meant { playback: Some(Playback::Clear), ..Meant::default() });
        assert_eq!(call.hear(&server("event", 3, 1, r#"{"entities":[{"type":"transcript"}]}"#)), Meant::default());
        assert_eq!(call.odd(), []);
        let mut call = connector(false);
        call.greeting();
        call.hear(&opened(r#""external","internal""#));
        assert_eq!(call.odd(), [Warning::InvalidField], "two channels were not offered");
        let mut probe = connector(true);
        assert_eq!(probe.hear_binary(&[0x11; 160]), Meant::default());
        assert_eq!(probe.odd(), [Warning::MessageOnOneWayStream]);
    }

    #[test]
    fn ten_minutes_end_with_the_right_numbers() {
        let mut call = session(r#""external""#);
        (0..30_000).for_each(|n| drop(call.speaker.frame(n)));
        let close = client("close", 2, 1, "PT600S", r#"{"reason":"end"}"#);
        assert_eq!(call.farewell(), (vec![close], Duration::from_secs(10)));
        let closed = server("closed", 2, 2, "{}");
        assert_eq!(call.hear(&closed), Meant { turn: Turn::Parted, ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn pings_go_out_and_are_answered() {
        let mut call = session(r#""external""#);
        assert_eq!(call.speak_at(ms(1_199), ms(0)), Meant::default());
        assert_eq!(call.speak_at(ms(1_200), ms(0)).replies, [client("ping", 2, 1, "PT0S", "{}")]);
        let pong = server("pong", 2, 2, "{}");
        let meant = call.hear_at(ms(1_245), ms(0), Incoming::Text(&pong));
        assert_eq!(meant.replies, [client("ping", 3, 2, "PT0S", r#"{"rtt":"PT0.045S"}"#)]);
        let pong = server("pong", 3, 3, "{}");
        assert_eq!(call.hear_at(ms(1_275), ms(0), Incoming::Text(&pong)), Meant::default());
        assert_eq!(call.speak_at(ms(6_200), ms(0)).replies, [client("ping", 4, 3, "PT0S", r#"{"rtt":"PT0.03S"}"#)]);
        assert_eq!(call.speak_at(ms(11_200), ms(0)), Meant { turn: Turn::Unanswered, ..Meant::default() });
        assert_eq!(call.odd(), []);
        let stray = server("pong", 4, 3, "{}");
        call.hear(&stray);
        assert_eq!(call.odd(), [Warning::SequenceWrong]);
    }

    #[test]
    fn a_pong_for_another_ping_is_told_in_words() {
        for (pong, says) in [
            (server("pong", 2, 1, "{}"), "a `pong` for the `ping` 1; 2 is due"),
            (server("pong", 2, 1, "{}").replace(r#""clientseq":1,"#, ""), "a `pong` for no `ping`; 2 is due"),
        ] {
            let mut call = session(r#""external""#);
            call.speak_at(ms(1_200), ms(0));
            call.hear(&pong);
            let said: Vec<String> = call.remarks.iter().map(|remark| remark.says.to_string()).collect();
            assert!(said.iter().any(|text| text == says), "{pong}: {said:?}");
        }
    }

    #[test]
    fn a_longer_frame_moves_the_position_by_as_much() {
        let mut call = Rehearsal::new(Provider::Genesys, |settings| {
            (settings.connection_probe, settings.cadence) = (false, ms(40));
        });
        call.greeting();
        call.hear(&opened(r#""external""#));
        call.frame(0);
        assert!(call.farewell().0[0].contains(r#""position":"PT0.04S""#));
    }

    #[test]
    fn a_pause_moves_the_position() {
        let mut call = session(r#""external""#);
        call.frame(0);
        let pause = server("pause", 2, 1, "{}");
        let meant = call.hear_at(ms(300), ms(0), Incoming::Text(&pause));
        let paused = vec![client("paused", 2, 2, "PT0.02S", "{}")];
        assert_eq!(meant, Meant { replies: paused, turn: Turn::Muted, ..Meant::default() });
        let resume = server("resume", 3, 2, "{}");
        let meant = call.hear_at(ms(1_800), ms(0), Incoming::Text(&resume));
        let resumed = client("resumed", 3, 3, "PT1.52S", r#"{"start":"PT0.02S","discarded":"PT1.5S"}"#);
        assert_eq!(meant, Meant { replies: vec![resumed], turn: Turn::Unmuted, ..Meant::default() });
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn a_session_that_starts_paused_or_without_media_is_mute() {
        let media = r#"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}"#;
        for parameters in [r#"{"media":[]}"#.to_owned(), format!(r#"{{"media":[{media}],"startPaused":true}}"#)] {
            let mut call = Rehearsal::new(Provider::Genesys, |_| ());
            call.greeting();
            assert_eq!(call.hear(&server("opened", 1, 1, &parameters)).turn, Turn::Muted, "{parameters}");
            assert_eq!(call.odd(), []);
        }
    }

    #[test]
    fn a_disconnect_refuses_or_ends() {
        let mut call = Rehearsal::new(Provider::Genesys, |_| ());
        call.greeting();
        let disconnect = server("disconnect", 1, 1, r#"{"reason":"unauthorized","info":"no such key"}"#);
        assert_eq!(call.hear(&disconnect).turn, Turn::Refused);
        let says: Vec<_> = call.remarks.iter().map(|remark| remark.says.to_string()).collect();
        assert_eq!(says, ["disconnect: unauthorized no such key"]);
        assert_eq!(call.farewell().0, [client("close", 2, 1, "PT0S", r#"{"reason":"disconnect"}"#)]);
        let mut call = session(r#""external""#);
        assert_eq!(call.hear(&server("disconnect", 2, 1, r#"{"reason":"completed"}"#)).turn, Turn::HungUp);
        assert_eq!(call.odd(), []);
    }

    #[test]
    fn a_session_that_was_never_opened_is_not_waited_for() {
        let mut call = Rehearsal::new(Provider::Genesys, |_| ());
        call.greeting();
        let close = client("close", 2, 0, "PT0S", r#"{"reason":"end"}"#);
        assert_eq!(call.farewell(), (vec![close], Duration::ZERO));
    }

    #[test]
    fn what_is_odd() {
        let media = |media: &str| server("opened", 1, 1, &format!(r#"{{"media":[{media}]}}"#));
        let rows = [
            ("hello".to_owned(), Warning::NotJson),
            (server("open", 1, 1, "{}"), Warning::UnknownEvent),
            (server("pong", 1, 1, "{}"), Warning::SequenceWrong),
            (server("closed", 1, 1, "{}"), Warning::SequenceWrong),
            (server("event", 2, 1, "{}"), Warning::SequenceWrong),
            (server("event", 1, 2, "{}"), Warning::SequenceWrong),
            (server("event", 1, 1, "[]"), Warning::InvalidField),
            (server("event", 1, 1, "{}").replace(UUID, "other"), Warning::WrongStreamId),
            (server("event", 1, 1, &format!(r#"{{"x":"{}"}}"#, "y".repeat(65_536))), Warning::FrameSizeWrong),
            (server("opened", 1, 1, "{}"), Warning::InvalidField),
            (media(r#"{"type":"audio","format":"L16","channels":["external"],"rate":8000}"#), Warning::InvalidField),
            (media(r#"{"type":"audio","format":"PCMU","channels":["internal","external"],"rate":8000}"#), Warning::InvalidField),
            (media("1,2"), Warning::InvalidField),
        ];
        for (message, warning) in rows {
            let mut call = Rehearsal::new(Provider::Genesys, |_| ());
            call.greeting();
            call.hear(&message);
            assert_eq!(call.odd(), [warning], "{message}");
        }
        let mut call = session(r#""external""#);
        assert_eq!(call.hear_binary(&[0xFF; 160]), Meant::default());
        assert_eq!(call.odd(), [Warning::MessageOnOneWayStream]);
        assert_eq!(FACTS.code(Warning::MessageOnOneWayStream), Some("Genesys 415"));
        assert_eq!((FACTS.failure)(Reason::AppNotAnswered), Some("Genesys 408"));
    }
}
