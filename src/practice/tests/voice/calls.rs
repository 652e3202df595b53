//! What a caller says, provider by provider, and what a well-behaved server makes of it. Without sockets: the session is a pure machine.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::practice::behaviour::script_of_path;
use crate::practice::script::{LineScript, Script};
use crate::practice::voice::{Action, Message, Session, VoiceScript};

/// A message of a caller.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Text(String),
    Binary(Vec<u8>),
}

/// How one provider calls.
pub(super) struct Caller {
    /// The behaviour's path.
    pub(super) path: &'static str,
    pub(super) hello: &'static [&'static str],
    /// Media frame `n`, counted from 0, after `before` other messages.
    pub(super) frame: fn(u64, u64) -> Option<Said>,
    pub(super) every_ms: u64,
    /// Bytes of 20 ms of the server's audio.
    pub(super) bytes: usize,
    /// What the server says behind its greeting, and the caller's answer to it.
    pub(super) mark: Option<(&'static str, &'static str)>,
    pub(super) stop: Option<&'static str>,
}

/// A frame that is not silence and that differs from the server's own voice.
pub(super) fn sound(bytes: usize) -> Vec<u8> {
    vec![0x21; bytes]
}

fn base64(bytes: usize) -> String {
    BASE64_STANDARD.encode(sound(bytes))
}

fn text(value: &Value) -> Option<Said> {
    Some(Said::Text(value.to_string()))
}

const TWILIO_START: &str = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC0123456789abcdef0123456789abcdef","streamSid":"MZ0123456789abcdef0123456789abcdef","callSid":"CA0123456789abcdef0123456789abcdef","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"k":"v"}},"streamSid":"MZ0123456789abcdef0123456789abcdef"}"#;
const SIGNALWIRE_START: &str = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"01234567-89ab-4def-8123-456789abcde1","streamSid":"01234567-89ab-4def-8123-456789abcde2","callSid":"01234567-89ab-4def-8123-456789abcde3","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-L16","sampleRate":16000,"channels":1}}}"#;
const TELNYX_START: &str = r#"{"event":"start","sequence_number":"1","start":{"user_id":"01234567-89ab-4def-8123-456789abcde1","call_control_id":"v3:abc","call_session_id":"01234567-89ab-4def-8123-456789abcde3","from":"+12025550100","to":"+12025550101","media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}},"stream_id":"01234567-89ab-4def-8123-456789abcde2"}"#;
const PLIVO_START: &str = r#"{"event":"start","sequenceNumber":1,"start":{"callId":"01234567-89ab-4def-8123-456789abcde1","streamId":"01234567-89ab-4def-8123-456789abcde2","accountId":"MAEXAMPLE","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-l16","sampleRate":8000}},"extra_headers":"k=v;k2=v2"}"#;
const VOBIZ_START: &str = r#"{"event":"start","sequenceNumber":0,"start":{"callId":"01234567-89ab-4def-8123-456789abcde1","streamId":"01234567-89ab-4def-8123-456789abcde2","accountId":"500100","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},"extra_headers":"{}"}"#;
const BANDWIDTH_START: &str = r#"{"eventType":"start","metadata":{"accountId":"5500100","callId":"c-01234567","streamId":"s-01234567","streamName":"practice","tracks":[{"name":"inbound","mediaFormat":{"encoding":"audio/PCMU","sampleRate":8000}}]},"streamParams":{"k":"v"}}"#;
const EXOTEL_START: &str = r#"{"event":"start","sequence_number":"1","stream_sid":"stream-1","start":{"stream_sid":"stream-1","call_sid":"call-1","account_sid":"account-1","from":"+912025550100","to":"+912025550101","custom_parameters":{},"media_format":{"encoding":"audio/x-raw","sample_rate":"8000","bit_rate":"16"}}}"#;
const JAMBONZ_HELLO: &str = r#"{"callSid":"01234567-89ab-4def-8123-456789abcde1","accountSid":"01234567-89ab-4def-8123-456789abcde2","applicationSid":"01234567-89ab-4def-8123-456789abcde3","callId":"abc","from":"+12025550100","to":"+12025550101","direction":"inbound","callerName":"","sipStatus":200,"sampleRate":16000,"mixType":"mono","metadata":{"k":"v"}}"#;
const ASTERISK_PLAIN: &str = "MEDIA_START connection_id:01234567-89ab-4def-8123-456789abcdef channel:WebSocket/practice channel_id:pbx-1.9 format:ulaw optimal_frame_size:160 ptime:20";
const ASTERISK_JSON: &str = r#"{"event":"MEDIA_START","connection_id":"01234567-89ab-4def-8123-456789abcdef","channel":"WebSocket/practice","channel_id":"pbx-1.9","format":"slin16","optimal_frame_size":640,"ptime":20,"channel_variables":{}}"#;
const GENESYS_PROBE: &str = r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"open","seq":1,"serverseq":0,"position":"PT0S","parameters":{"organizationId":"01234567-89ab-4def-8123-456789abcde1","conversationId":"00000000-0000-0000-0000-000000000000","participant":{"id":"00000000-0000-0000-0000-000000000000","ani":"","aniName":"","dnis":""},"media":[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000}],"language":"en-US"}}"#;
const GENESYS_CALL: &str = r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"open","seq":1,"serverseq":0,"position":"PT0S","parameters":{"organizationId":"01234567-89ab-4def-8123-456789abcde1","conversationId":"01234567-89ab-4def-8123-456789abcde2","participant":{"id":"01234567-89ab-4def-8123-456789abcde3","ani":"+12025550100","aniName":"","dnis":"+12025550101"},"media":[{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000}],"language":"en-US"}}"#;
const GENESYS_CONNECTOR: &str = r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"open","seq":1,"serverseq":0,"position":"PT0S","parameters":{"organizationId":"01234567-89ab-4def-8123-456789abcde1","conversationId":"01234567-89ab-4def-8123-456789abcde2","participant":{"id":"01234567-89ab-4def-8123-456789abcde3","ani":"+12025550100","aniName":"","dnis":"+12025550101"},"media":[{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}],"language":"en-US"}}"#;
const ACS_HELLO: &str = r#"{"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"01234567-89ab-4def-8123-456789abcdef","encoding":"PCM","sampleRate":16000,"channels":1,"length":640}}"#;
const SINCH_HELLO: &str = r#"{"command":"connect","version":1,"callId":"call-1","applicationKey":"key-1","codec":"PCM","sampleRate":8000,"callHeaders":[]}"#;
const RELAY_SETUP: &str = r#"{"type":"setup","sessionId":"VX0123456789abcdef0123456789abcdef","accountSid":"AC0123456789abcdef0123456789abcdef","callSid":"CA0123456789abcdef0123456789abcdef","from":"+12025550100","to":"+12025550101","direction":"inbound","callStatus":"RINGING","customParameters":{}}"#;

fn no_frame(_: u64, _: u64) -> Option<Said> {
    None
}

fn twilio_frame(n: u64, before: u64) -> Option<Said> {
    let media = json!({"track":"inbound","chunk":(n + 1).to_string(),"timestamp":(20 * n).to_string(),"payload":base64(160)});
    text(
        &json!({"event":"media","sequenceNumber":(n + 2 + before).to_string(),"media":media,"streamSid":"MZ0123456789abcdef0123456789abcdef"}),
    )
}

fn signalwire_frame(n: u64, _: u64) -> Option<Said> {
    let media = json!({"track":"inbound","chunk":(n + 1).to_string(),"timestamp":(20 * n).to_string(),"payload":base64(640)});
    text(&json!({"event":"media","sequenceNumber":(n + 2).to_string(),"media":media}))
}

fn telnyx_frame(n: u64, before: u64) -> Option<Said> {
    let media = json!({"track":"inbound","chunk":(n + 1).to_string(),"timestamp":(5 + 20 * n).to_string(),"payload":base64(160)});
    text(
        &json!({"event":"media","sequence_number":(n + 2 + before).to_string(),"media":media,"stream_id":"01234567-89ab-4def-8123-456789abcde2"}),
    )
}

fn plivo(n: u64, before: u64, bytes: usize, first: u64) -> Option<Said> {
    let stamp = (1_700_000_000_123 + 20 * n).to_string();
    let media = json!({"track":"inbound","timestamp":stamp,"chunk":n + 1,"payload":base64(bytes)});
    text(
        &json!({"event":"media","sequenceNumber":n + first + before,"streamId":"01234567-89ab-4def-8123-456789abcde2","media":media,"extra_headers":""}),
    )
}

fn bandwidth_frame(n: u64, _: u64) -> Option<Said> {
    text(&json!({"eventType":"media","track":"inbound","payload":base64(160),"sequenceNumber":(n + 1).to_string()}))
}

fn exotel_frame(n: u64, before: u64) -> Option<Said> {
    let media = json!({"chunk":(n + 1).to_string(),"timestamp":(100 * n).to_string(),"payload":base64(1600)});
    text(&json!({"event":"media","sequence_number":(n + 2 + before).to_string(),"stream_sid":"stream-1","media":media}))
}

fn acs_frame(n: u64, _: u64) -> Option<Said> {
    let stamp = format!("2026-11-20T10:00:{:02}.{:03}Z", n / 50, 20 * (n % 50));
    let data = json!({"timestamp":stamp,"participantRawID":"4:+12025550100","data":base64(640),"silent":false});
    text(&json!({"kind":"AudioData","audioData":data}))
}

fn realtime_frame(_: u64, _: u64) -> Option<Said> {
    text(&json!({"type":"input_audio_buffer.append","audio":base64(960)}))
}

fn binary<const BYTES: usize>(_: u64, _: u64) -> Option<Said> {
    Some(Said::Binary(sound(BYTES)))
}

/// Every provider's caller.
pub(super) const CALLERS: &[Caller] = &[
    Caller {
        path: "twilio",
        hello: &[r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#, TWILIO_START],
        frame: twilio_frame,
        every_ms: 20,
        bytes: 160,
        mark: Some((
            r#""event":"mark""#,
            r#"{"event":"mark","sequenceNumber":"SEQ","streamSid":"MZ0123456789abcdef0123456789abcdef","mark":{"name":"greeting"}}"#,
        )),
        stop: Some(
            r#"{"event":"stop","sequenceNumber":"SEQ","stop":{"accountSid":"AC0123456789abcdef0123456789abcdef","callSid":"CA0123456789abcdef0123456789abcdef"},"streamSid":"MZ0123456789abcdef0123456789abcdef"}"#,
        ),
    },
    Caller {
        path: "signalwire",
        hello: &[r#"{"event":"connected","protocol":"Call","version":"0.2.0"}"#, SIGNALWIRE_START],
        frame: signalwire_frame,
        every_ms: 20,
        bytes: 640,
        mark: Some((
            r#""event":"mark""#,
            r#"{"event":"mark","streamSid":"01234567-89ab-4def-8123-456789abcde2","mark":{"name":"greeting"}}"#,
        )),
        stop: Some(r#"{"event":"stop","sequenceNumber":"LAST"}"#),
    },
    Caller {
        path: "telnyx",
        hello: &[r#"{"event":"connected","version":"1.0.0"}"#, TELNYX_START],
        frame: telnyx_frame,
        every_ms: 20,
        bytes: 160,
        mark: Some((
            r#""event":"mark""#,
            r#"{"event":"mark","sequence_number":"SEQ","stream_id":"01234567-89ab-4def-8123-456789abcde2","mark":{"name":"greeting"}}"#,
        )),
        stop: Some(
            r#"{"event":"stop","sequence_number":"SEQ","stop":{"user_id":"01234567-89ab-4def-8123-456789abcde1","call_control_id":"v3:abc"},"stream_id":"01234567-89ab-4def-8123-456789abcde2"}"#,
        ),
    },
    Caller {
        path: "plivo",
        hello: &[PLIVO_START],
        frame: |n, before| plivo(n, before, 320, 2),
        every_ms: 20,
        bytes: 320,
        mark: Some((
            r#""event":"checkpoint""#,
            r#"{"event":"playedStream","sequenceNumber":SEQ,"streamId":"01234567-89ab-4def-8123-456789abcde2","name":"greeting"}"#,
        )),
        stop: Some(
            r#"{"event":"stop","sequenceNumber":SEQ,"streamId":"01234567-89ab-4def-8123-456789abcde2","reason":"hangup"}"#,
        ),
    },
    Caller {
        path: "vobiz",
        hello: &[VOBIZ_START],
        frame: |n, before| plivo(n, before, 160, 1),
        every_ms: 20,
        bytes: 160,
        mark: Some((r#""event":"checkpoint""#, r#"{"event":"playedStream","name":"greeting"}"#)),
        stop: None,
    },
    Caller {
        path: "bandwidth",
        hello: &[BANDWIDTH_START],
        frame: bandwidth_frame,
        every_ms: 20,
        bytes: 160,
        mark: None,
        stop: Some(r#"{"eventType":"stop","metadata":{}}"#),
    },
    Caller {
        path: "exotel",
        hello: &[r#"{"event":"connected"}"#, EXOTEL_START],
        frame: exotel_frame,
        every_ms: 100,
        bytes: 320,
        mark: Some((
            r#""event":"mark""#,
            r#"{"event":"mark","sequence_number":"SEQ","stream_sid":"stream-1","mark":{"name":"greeting"}}"#,
        )),
        stop: Some(
            r#"{"event":"stop","sequence_number":"SEQ","stream_sid":"stream-1","stop":{"call_sid":"call-1","account_sid":"account-1","reason":"callended"}}"#,
        ),
    },
    Caller {
        path: "vonage",
        hello: &[r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000","k":"v"}"#],
        frame: binary::<640>,
        every_ms: 20,
        bytes: 640,
        mark: Some((r#""action":"notify""#, r#"{"event":"websocket:notify","payload":{"name":"greeting"}}"#)),
        stop: None,
    },
    Caller {
        path: "infobip",
        hello: &[
            r#"{"event":"websocket:connected","content-type":"audio/l16;rate=24000","call-id":"a","dialog-id":"b","k":"v"}"#,
        ],
        frame: binary::<960>,
        every_ms: 20,
        bytes: 960,
        mark: None,
        stop: None,
    },
    Caller {
        path: "jambonz",
        hello: &[JAMBONZ_HELLO],
        frame: binary::<640>,
        every_ms: 20,
        bytes: 640,
        mark: Some((r#""type":"mark""#, r#"{"type":"mark","data":{"name":"greeting","event":"playout"}}"#)),
        stop: None,
    },
    Caller {
        path: "asterisk",
        hello: &[ASTERISK_PLAIN],
        frame: binary::<160>,
        every_ms: 20,
        bytes: 160,
        mark: Some(("MARK_MEDIA greeting", "MEDIA_MARK_PROCESSED correlation_id:greeting")),
        stop: None,
    },
    Caller {
        path: "asterisk-json",
        hello: &[ASTERISK_JSON],
        frame: binary::<640>,
        every_ms: 20,
        bytes: 640,
        mark: Some((
            r#""command":"MARK_MEDIA""#,
            r#"{"event":"MEDIA_MARK_PROCESSED","channel_id":"pbx-1.9","correlation_id":"greeting"}"#,
        )),
        stop: None,
    },
    Caller {
        path: "genesys",
        hello: &[GENESYS_PROBE],
        frame: no_frame,
        every_ms: 20,
        bytes: 0,
        mark: None,
        stop: Some(
            r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"close","seq":2,"serverseq":1,"position":"PT0S","parameters":{"reason":"end"}}"#,
        ),
    },
    Caller {
        path: "genesys-call",
        hello: &[GENESYS_CALL],
        frame: |_, _| Some(Said::Binary(sound(320))),
        every_ms: 20,
        bytes: 0,
        mark: None,
        stop: Some(
            r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"close","seq":2,"serverseq":1,"position":"PT2S","parameters":{"reason":"end"}}"#,
        ),
    },
    Caller {
        path: "genesys-connector",
        hello: &[GENESYS_CONNECTOR],
        frame: binary::<160>,
        every_ms: 20,
        bytes: 160,
        mark: None,
        stop: Some(
            r#"{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"close","seq":2,"serverseq":1,"position":"PT1.4S","parameters":{"reason":"end"}}"#,
        ),
    },
    // A caller of the monitoring variant; its server talks all the same.
    Caller { path: "genesys-talks", hello: &[GENESYS_CALL], frame: no_frame, every_ms: 20, bytes: 0, mark: None, stop: None },
    Caller { path: "acs", hello: &[ACS_HELLO], frame: acs_frame, every_ms: 20, bytes: 640, mark: None, stop: None },
    Caller { path: "sinch", hello: &[SINCH_HELLO], frame: binary::<320>, every_ms: 20, bytes: 320, mark: None, stop: None },
    Caller { path: "conversation-relay", hello: &[RELAY_SETUP], frame: no_frame, every_ms: 20, bytes: 0, mark: None, stop: None },
    Caller {
        path: "openai-realtime",
        hello: &[
            r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":24000}}}}}"#,
        ],
        frame: realtime_frame,
        every_ms: 20,
        bytes: 960,
        mark: None,
        stop: None,
    },
];

/// The caller whose path this is, or who calls the behaviours that begin with it.
pub(super) fn caller(path: &str) -> &'static Caller {
    let fits = |caller: &&Caller| path == caller.path || path.strip_prefix(caller.path).is_some_and(|rest| rest.starts_with('-'));
    CALLERS.iter().filter(fits).max_by_key(|caller| caller.path.len()).unwrap_or_else(|| panic!("nobody calls {path}"))
}

pub(super) fn script(path: &str) -> VoiceScript {
    match script_of_path(path) {
        Some(Script::Line { line: LineScript::Voice(voice), .. }) => voice,
        other => panic!("{path} is no voice server: {other:?}"),
    }
}

/// A call without a socket: what the server did, and when in milliseconds after the 101.
pub(super) struct Call {
    pub(super) session: Session,
    pub(super) done: Vec<(u64, Action)>,
    frames: u64,
    /// Messages with a sequence number that are no media.
    others: u64,
}

impl Call {
    pub(super) fn dial(path: &str) -> Self {
        let mut session = Session::new(script(path));
        let done = session.open().into_iter().map(|action| (0, action)).collect();
        Self { session, done, frames: 0, others: 0 }
    }

    pub(super) fn say(&mut self, at: u64, said: &Said) {
        let message = match said {
            Said::Text(text) => Message::Text(text),
            Said::Binary(bytes) => Message::Binary(bytes),
        };
        let answer = self.session.hear(Duration::from_millis(at), message);
        self.done.extend(answer.into_iter().map(|action| (at, action)));
    }

    pub(super) fn say_text(&mut self, at: u64, text: &str) {
        let due = self.frames + 2 + self.others;
        if text.contains("SEQ") {
            self.others += 1;
        }
        self.say(at, &Said::Text(text.replace("SEQ", &due.to_string()).replace("LAST", &due.to_string())));
    }

    /// Talks from 60 ms to `until` after the 101, and lets the server speak.
    pub(super) fn talk(&mut self, caller: &Caller, from: u64, until: u64) {
        for at in from..until {
            while self.session.due().is_some_and(|due| due <= Duration::from_millis(at)) {
                let said = self.session.turn(Duration::from_millis(at));
                self.done.extend(said.into_iter().map(|action| (at, action)));
            }
            let due = at >= 60 && (at - 60).is_multiple_of(caller.every_ms) && !self.is_closed();
            if let Some(frame) = due.then(|| (caller.frame)(self.frames, self.others)).flatten() {
                self.say(at, &frame);
                self.frames += 1;
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.done.iter().any(|(_, action)| matches!(action, Action::Close(..)))
    }

    /// The hello, and a talk until then.
    pub(super) fn of(path: &str, until: u64) -> Self {
        let (caller, mut call) = (caller(path), Self::dial(path));
        for hello in caller.hello {
            call.say_text(0, hello);
        }
        call.talk(caller, 0, until);
        call
    }

    /// The server's audio: when, and which bytes.
    pub(super) fn audio(&self) -> Vec<(u64, Vec<u8>)> {
        self.done.iter().filter_map(|(at, action)| Some((*at, audio_of(action)?))).collect()
    }

    pub(super) fn texts(&self) -> String {
        let text = |(_, action): &(u64, Action)| match action {
            Action::Text(text) => text.clone(),
            Action::Binary(bytes) => format!("<{} bytes>", bytes.len()),
            Action::Close(code, reason) => format!("<close {code} {reason}>"),
        };
        self.done.iter().map(text).collect::<Vec<_>>().join("\n")
    }
}

/// The audio in a message of a server, whichever provider's.
pub(super) fn audio_of(action: &Action) -> Option<Vec<u8>> {
    match action {
        Action::Binary(bytes) => Some(bytes.clone()),
        Action::Text(text) => {
            let value: Value = serde_json::from_str(text).ok()?;
            let places = ["/media/payload", "/AudioData/Data", "/data/audioContent", "/delta"];
            let encoded = places.iter().find_map(|place| value.pointer(place))?.as_str()?;
            let decoded = BASE64_STANDARD.decode(encoded).or_else(|_| BASE64_URL_SAFE.decode(encoded));
            Some(decoded.unwrap_or_default())
        }
        Action::Close(..) => None,
    }
}

#[test]
fn a_good_server_greets_marks_and_echoes() {
    for caller in CALLERS.iter().filter(|caller| caller.bytes > 0) {
        let mut call = Call::of(caller.path, 1_400);
        let path = caller.path;
        assert!(!call.is_closed(), "{path}: {}", call.texts());
        let audio = call.audio();
        let greeting: Vec<_> = audio.iter().take_while(|(_, bytes)| bytes[0] != 0x21).collect();
        let (first, last) = (greeting[0].0, greeting[greeting.len() - 1].0);
        assert!(first == 200 && last < 1_200, "{path}: from {first} to {last}");
        let bytes: usize = greeting.iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(bytes, 50 * caller.bytes, "{path}: a second");
        let echo: Vec<_> = audio[greeting.len()..].iter().collect();
        assert!(!echo.is_empty() && echo.iter().all(|(_, bytes)| bytes.iter().all(|b| *b == 0x21)), "{path}");
        if let Some((mark, answer)) = caller.mark {
            assert_eq!(call.texts().matches(mark).count(), 1, "{path}: {}", call.texts());
            call.say_text(1_400, answer);
            call.talk(caller, 1_400, 1_700);
        }
        assert!(call.audio().len() > audio.len() || caller.mark.is_none(), "{path}: it goes on after the mark");
        if let Some(stop) = caller.stop {
            call.say_text(1_700, stop);
        }
        assert!(!call.is_closed(), "{path}: {}", call.texts());
    }
}

#[test]
fn every_server_has_a_caller() {
    for row in crate::practice::BEHAVIOURS {
        if let Script::Line { line: LineScript::Voice(_), .. } = row.script {
            caller(row.name);
            assert!(row.needs.iter().any(|need| need.starts_with("dialect = ")), "{}", row.name);
        }
    }
}

#[test]
fn pieces_are_as_long_as_the_provider_wants_them() {
    let rows = [("twilio", 160), ("exotel", 3_200), ("jambonz", 3_200), ("vonage", 640), ("acs", 640), ("openai-realtime", 960)];
    for (path, bytes) in rows {
        let call = Call::of(path, 1_600);
        assert!(call.audio().iter().all(|(_, piece)| piece.len() == bytes), "{path}");
    }
}

#[test]
fn genesys_is_opened_pinged_and_closed() {
    for path in ["genesys", "genesys-call"] {
        let mut call = Call::of(path, 1_060);
        let position = if path == "genesys" { "PT0S" } else { "PT1S" };
        let message = |name: &str, seq: u64, serverseq: u64, parameters: Value| {
            let id = "01234567-89ab-4def-8123-456789abcdef";
            json!({"version":"2","id":id,"type":name,"seq":seq,"serverseq":serverseq,"position":position,"parameters":parameters})
                .to_string()
        };
        call.say_text(1_060, &message("ping", 2, 1, json!({})));
        call.say_text(1_060, &message("ping", 3, 2, json!({"rtt":"PT0.002S"})));
        call.say_text(1_060, &message("close", 4, 2, json!({"reason":"end"})));
        let said: Vec<Value> = call
            .done
            .iter()
            .map(|(_, action)| match action {
                Action::Text(text) => serde_json::from_str(text).unwrap(),
                Action::Binary(_) | Action::Close(..) => panic!("{path}: {action:?}"),
            })
            .collect();
        let words: Vec<_> =
            said.iter().map(|m| (m["type"].as_str().unwrap(), m["seq"].as_u64(), m["clientseq"].as_u64())).collect();
        let expected =
            [("opened", Some(1), Some(1)), ("pong", Some(2), Some(2)), ("pong", Some(3), Some(3)), ("closed", Some(4), Some(4))];
        assert_eq!(words, expected, "{path}");
        assert_eq!(said[0]["parameters"]["media"][0]["channels"], json!(["external", "internal"]));
    }
}

#[test]
fn words_are_greeted_and_said_again() {
    let mut call = Call::dial("conversation-relay");
    call.say_text(0, RELAY_SETUP);
    call.say_text(10, r#"{"type":"prompt","voicePrompt":"one","lang":"en-US","last":true}"#);
    call.talk(caller("conversation-relay"), 0, 300);
    call.say_text(300, r#"{"type":"prompt","voicePrompt":"two","lang":"en-US","last":true}"#);
    let said: Vec<_> = call
        .done
        .iter()
        .map(|(at, action)| match action {
            Action::Text(text) => (*at, serde_json::from_str::<Value>(text).unwrap()["token"].as_str().unwrap().to_owned()),
            Action::Binary(_) | Action::Close(..) => panic!("{action:?}"),
        })
        .collect();
    assert_eq!(said, [(200, "Hello, how can I help?".to_owned()), (200, "one".to_owned()), (300, "two".to_owned())]);
}

#[test]
fn the_path_says_when_the_greeting_comes() {
    for (path, due) in
        [("twilio", 200), ("twilio/0ms", 50), ("twilio/1500ms", 1_500), ("vonage/60000ms", 60_000), ("telnyx-late", 3_000)]
    {
        let (name, _) = path.split_once('/').unwrap_or((path, ""));
        let mut call = Call::dial(path);
        for hello in caller(name).hello {
            call.say_text(0, hello);
        }
        call.session.turn(Duration::from_millis(50));
        assert_eq!(call.session.due(), Some(Duration::from_millis(due)), "{path}");
    }
    for path in [
        "twilio/",
        "twilio/60001ms",
        "twilio/1s",
        "twilio/-1ms",
        "twilio/+1ms",
        "twilio/01ms",
        "twilio/1ms/1ms",
        "echo/1ms",
        "nobody/1ms",
        "/1ms",
    ] {
        assert!(script_of_path(path).is_none(), "{path}");
    }
}

#[test]
fn skipped_frames_are_no_mistake_and_lost_numbers_are() {
    let mut call = Call::of("twilio", 200);
    let next = call.frames;
    let Some(Said::Text(frame)) = twilio_frame(next, 0) else { unreachable!() };
    let skipped = frame.replace(&format!(r#""timestamp":"{}""#, 20 * next), &format!(r#""timestamp":"{}""#, 20 * (next + 7)));
    call.say(201, &Said::Text(skipped));
    assert!(!call.is_closed(), "{}", call.texts());
    call.say(202, &twilio_frame(next + 8, 0).unwrap());
    assert!(
        call.texts().ends_with(&format!("<close 4400 media.sequenceNumber is {}, and {} is due>", next + 10, next + 3)),
        "{}",
        call.texts()
    );
}
