//! Mistakes of callers, which every server must find, and mistakes of servers, which are made on purpose.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::Value;

use super::calls::{CALLERS, Call, Said, audio_of, caller, script};
use crate::practice::script::{LineScript, Script};
use crate::practice::voice::{Action, Message, Session};

/// Caller, which message of the hello (or the frame behind it), what stands where, and the complaint.
#[rustfmt::skip]
const MISTAKES: &[(&str, usize, &str, &str, &str)] = &[
    ("twilio", 0, r#""version":"1.0.0""#, r#""version":1"#, "connected.version has to be a text"),
    ("twilio", 0, r#""connected""#, r#""start""#, "hello connected is due, and not start"),
    ("twilio", 0, r#""protocol""#, r#""protocols""#, "connected.protocols is no field of this message"),
    ("twilio", 0, r#","version":"1.0.0""#, "", "connected.version is missing"),
    ("twilio", 1, r#""sequenceNumber":"1""#, r#""sequenceNumber":1"#, "start.sequenceNumber has to be a number written as a text"),
    ("twilio", 1, r#""sequenceNumber":"1""#, r#""sequenceNumber":"0""#, "start.sequenceNumber is 0, and 1 is due"),
    ("twilio", 1, r#""sampleRate":8000"#, r#""sampleRate":"8000""#, "start.start.mediaFormat.sampleRate has to be a number, and no text"),
    ("twilio", 1, r#""sampleRate":8000"#, r#""sampleRate":16000"#, "start.start.mediaFormat.sampleRate 16000 is no rate"),
    ("twilio", 1, "audio/x-mulaw", "PCMU", "start.start.mediaFormat.encoding PCMU is no encoding"),
    ("twilio", 1, r#""CA0123"#, r#""CA123"#, "start.start.callSid has to be CA and 32 hexadecimal digits"),
    ("twilio", 1, r#"["inbound"]"#, r#"["inbound_track"]"#, "start.start.tracks has to be inbound or outbound"),
    ("twilio", 1, r#"{"k":"v"}"#, r#"{"k":1}"#, "start.start.customParameters has to be an object of texts"),
    ("twilio", 1, r#""channels":1"#, r#""channels":2"#, "start.start.mediaFormat.channels has to be the number 1"),
    ("twilio", 2, r#""sequenceNumber":"2""#, r#""sequenceNumber":"3""#, "media.sequenceNumber is 3, and 2 is due"),
    ("twilio", 2, r#""chunk":"1""#, r#""chunk":1"#, "media.media.chunk has to be a number written as a text"),
    ("twilio", 2, r#""chunk":"1""#, r#""chunk":"2""#, "media.media.chunk is 2, and 1 is due"),
    ("twilio", 2, r#""timestamp":"0""#, r#""timestamp":"9000""#, "media.media.timestamp 9000 is ahead of time"),
    ("twilio", 2, "ISEhISEh", "", "media.media.payload has 154 bytes of audio, and a frame has 160"),
    ("twilio", 2, "IQ==", "IQ", "media.media.payload is not base64 of the standard alphabet"),
    ("twilio", 2, "MZ0123", "MZ1123", "media.streamSid is another id than before"),
    ("twilio", 2, r#""track":"inbound""#, r#""track":"outbound""#, "media.media.track was not announced"),
    ("twilio", 2, r#""event":"media""#, r#""event":"medium""#, "message medium is no message of this provider"),
    ("signalwire", 1, r#""event":"start""#, r#""event":"start","streamSid":"x""#, "start.streamSid is no field of this message"),
    ("signalwire", 0, "0.2.0", "1.0.0", "connected.version is 1.0.0, and has to be 0.2.0"),
    ("telnyx", 1, r#""sequence_number":"1""#, r#""sequence_number":1"#, "start.sequence_number has to be a number written as a text"),
    ("telnyx", 1, "v3:abc", "abc", "start.start.call_control_id has to be v3: and more"),
    ("plivo", 0, r#""sequenceNumber":1"#, r#""sequenceNumber":"1""#, "start.sequenceNumber has to be a number, and no text"),
    ("plivo", 1, r#""chunk":1"#, r#""chunk":"1""#, "media.media.chunk has to be a number, and no text"),
    ("plivo", 1, r#""timestamp":"1700000000123""#, r#""timestamp":"20""#, "media.media.timestamp has to be milliseconds since 1970"),
    ("vobiz", 1, r#""sequenceNumber":1"#, r#""sequenceNumber":5"#, "media.sequenceNumber is 5, and 1 is due"),
    ("bandwidth", 0, r#""eventType""#, r#""event""#, "eventType is missing"),
    ("bandwidth", 0, "audio/PCMU", "PCMU", "start.metadata.tracks.mediaFormat.encoding PCMU is no encoding"),
    ("exotel", 0, "}", r#","version":"1.0.0"}"#, "connected.version is no field of this message"),
    ("exotel", 1, r#""sample_rate":"8000""#, r#""sample_rate":8000"#, "start.start.media_format.sample_rate has to be a number written"),
    ("acs", 0, r#""length":640"#, r#""length":320"#, "AudioMetadata.audioMetadata.length has to be the number 640"),
    ("acs", 1, r#""silent":false"#, r#""silent":true"#, "AudioData.audioData.silent is true, and the audio is not silent"),
    ("acs", 1, "2026-11-20T10:00:00.000Z", "1700000000", "AudioData.audioData.timestamp has to be a time"),
    ("vonage", 0, "audio/l16;rate=16000", "audio/l16; rate=16000", "websocket:connected.content-type has to be audio/l16;rate="),
    ("vonage", 0, "rate=16000", "rate=32000", "websocket:connected.content-type 32000 is no rate"),
    ("jambonz", 0, r#""mixType":"mono""#, r#""mixType":"both""#, "mixType is both, and has to be mono or stereo or mixed"),
    ("sinch", 0, r#""version":1"#, r#""version":"1""#, "connect.version has to be the number 1"),
    ("asterisk", 0, "optimal_frame_size:160", "optimal_frame_size:320", "MEDIA_START.optimal_frame_size has to be the number 160"),
    ("asterisk", 0, " ptime:20", "", "MEDIA_START has to have, in this order: connection_id channel"),
    ("asterisk-json", 0, r#""ptime":20"#, r#""ptime":"20""#, "MEDIA_START.ptime has to be the number 20"),
    ("genesys", 0, r#""seq":1"#, r#""seq":0"#, "open.seq is 0, and 1 is due"),
    ("genesys", 0, r#""serverseq":0"#, r#""serverseq":1"#, "serverseq is 1, and 0 messages were sent"),
    ("genesys", 0, "PT0S", "0", "open.position has to be PT0S"),
    ("genesys", 0, r#""ani":"""#, r#""ani":"x""#, "open.parameters.participant has to be nobody"),
    ("genesys-call", 0, r#""rate":8000"#, r#""rate":16000"#, "open.parameters.media has to offer audio"),
    ("conversation-relay", 0, "VX0123", "XX0123", "setup.sessionId has to be VX and 32 hexadecimal digits"),
    ("openai-realtime", 0, r#""type":"realtime""#, r#""type":"transcription""#, "session.update.session.type has to be realtime"),
    ("openai-realtime", 0, r#""rate":24000"#, r#""rate":16000"#, "session.update.session.audio.input.format has to be audio/pcm"),
];

#[test]
fn a_callers_mistake_is_a_close_that_names_the_field() {
    for (path, which, right, wrong, complaint) in MISTAKES {
        let (caller, mut call) = (caller(path), Call::dial(path));
        for (n, hello) in caller.hello.iter().enumerate() {
            let text = if n == *which { hello.replacen(right, wrong, 1) } else { (*hello).to_owned() };
            assert!(n != *which || text != *hello, "{path}: {right} is not in {hello}");
            call.say_text(0, &text);
        }
        if *which == caller.hello.len() {
            let Some(Said::Text(frame)) = (caller.frame)(0, 0) else { panic!("{path} has no text frames") };
            let text = frame.replacen(right, wrong, 1);
            assert_ne!(text, frame, "{path}: {right}");
            call.say(60, &Said::Text(text));
        }
        let Some((_, Action::Close(code, reason))) = call.done.last() else { panic!("{path}: {wrong} passes: {}", call.texts()) };
        assert_eq!(*code, 4400, "{path}");
        assert!(reason.starts_with(complaint), "{path}: {reason}, and not {complaint}");
        assert!(call.session.due().is_none(), "{path}: nothing is said after the Close");
    }
}

#[test]
fn frames_of_the_wrong_kind_or_size_or_time_are_mistakes() {
    let binary = |bytes: usize| Said::Binary(vec![1; bytes]);
    let rows = [
        ("twilio", 60, binary(160), "message is binary, and has to be text"),
        ("vonage", 60, binary(320), "binary message has 320 bytes of audio, and a frame has 640"),
        ("vonage", 60, Said::Text("hello".into()), "message is not JSON"),
        ("vonage", 60, Said::Text("[]".into()), "message is no JSON object"),
        ("sinch", 10, binary(320), "binary message came before the session was answered"),
        ("sinch", 60, Said::Text("{}".into()), "command is missing"),
        ("genesys", 60, binary(320), "binary message came in a connection probe"),
        ("genesys-call", 10, binary(320), "binary message came before opened"),
        ("genesys-call", 60, binary(321), "binary message has no whole number of samples"),
        ("asterisk", 60, Said::Text(r#"{"event":"MEDIA_XON"}"#.into()), "message is not in the form of MEDIA_START"),
        (
            "asterisk",
            60,
            Said::Text("MEDIA_MARK_PROCESSED greeting".into()),
            "MEDIA_MARK_PROCESSED.correlation_id is no mark that was set",
        ),
        ("conversation-relay", 60, binary(1), "message is binary, and has to be text"),
        ("openai-realtime", 60, binary(1), "message is binary, and has to be text"),
    ];
    for (path, at, said, complaint) in rows {
        let mut call = Call::dial(path);
        caller(path).hello.iter().for_each(|hello| call.say_text(0, hello));
        if at >= 50 {
            let opened = call.session.turn(std::time::Duration::from_millis(50));
            call.done.extend(opened.into_iter().map(|action| (50, action)));
        }
        call.say(at, &said);
        assert!(call.texts().contains(&format!("<close 4400 {complaint}")), "{path}: {}", call.texts());
    }
    let mut early = Call::dial("vonage");
    early.say(0, &Said::Binary(vec![0; 640]));
    assert!(early.texts().contains("<close 4400 binary message came before the hello>"));
}

#[test]
fn nothing_may_follow_the_goodbye() {
    for caller in CALLERS.iter().filter(|caller| caller.stop.is_some() && caller.bytes > 0) {
        let mut call = Call::of(caller.path, 1_300);
        call.say_text(1_300, caller.stop.unwrap());
        let said = call.done.len();
        call.talk(caller, 1_301, 1_302);
        assert_eq!(call.done.len(), said, "{}: the server is quiet after it", caller.path);
        call.say_text(1_310, caller.stop.unwrap());
        assert!(call.texts().ends_with("<close 4400 message came after the goodbye>"), "{}: {}", caller.path, call.texts());
    }
}

#[test]
fn telling_servers_tell() {
    let rows = [
        ("twilio-binary", "<160 bytes>"),
        ("twilio-not-json", "\nhello\n"),
        ("twilio-unknown-event", r#""event":"greeting""#),
        ("twilio-unknown-event-raised", r#""event":"greeting""#),
        ("twilio-invalid-field", r#""media":{}"#),
        ("twilio-unknown-field", r#""contentType":"audio/x-mulaw""#),
        ("twilio-wrong-stream-id", r#""streamSid":"MZ00000000000000000000000000000000""#),
        ("signalwire-wrong-stream-id", r#""streamSid":"MZ00000000000000000000000000000000""#),
        ("telnyx-wrong-stream-id", r#""stream_id":"MZ00000000000000000000000000000000""#),
        ("exotel-wrong-stream-id", r#""stream_sid":"MZ00000000000000000000000000000000""#),
        ("plivo-wrong-stream-id", r#""event":"checkpoint","name":"greeting","streamId":"MZ00000000000000000000000000000000""#),
        ("vobiz-wrong-stream-id", r#""streamId":"MZ00000000000000000000000000000000""#),
        ("twilio-url-safe-base64", "j4-P"),
        ("twilio-bad-base64", r#"8PDw"}"#),
        ("twilio-wav-header", r#""payload":"UklGR"#),
        ("vonage-frame-size", "<639 bytes>\n<641 bytes>"),
        ("genesys-refuses", r#""reason":"unauthorized""#),
        ("sinch-busy", r#"{"command":"busy"}"#),
        ("sinch-reject", r#"{"command":"reject"}"#),
        ("jambonz-disconnect", r#"{"type":"disconnect"}"#),
        ("asterisk-hangup", "\nHANGUP"),
        ("openai-realtime-error", r#""type":"error""#),
    ];
    for (path, tells) in rows {
        let call = Call::of(path, 1_300);
        assert!(format!("\n{}\n", call.texts()).contains(tells), "{path}: {}", call.texts());
        let good = Call::of(caller(path).path, 1_300);
        assert!(!format!("\n{}\n", good.texts()).contains(tells), "{path} is told from a good server by this");
    }
}

#[test]
fn quiet_servers_are_quiet() {
    for path in ["genesys-not-opened", "sinch-not-answered", "openai-realtime-not-created"] {
        let mut call = Call::dial(path);
        caller(path).hello.iter().for_each(|hello| call.say_text(0, hello));
        while let Some(due) = call.session.due() {
            assert!(call.session.turn(due).is_empty(), "{path}");
        }
        assert_eq!(call.texts(), "", "{path}");
    }
    for caller in CALLERS.iter().filter(|caller| caller.bytes > 0 && caller.path != "asterisk-json") {
        let silent = Call::of(&format!("{}-silent", caller.path), 10_000);
        assert!(silent.audio().is_empty() && !silent.is_closed(), "{}", caller.path);
        let late = Call::of(&format!("{}-late", caller.path), 3_100);
        assert_eq!(late.audio()[0].0, 3_000, "{}", caller.path);
    }
    assert!(!Call::of("twilio-no-mark", 1_400).texts().contains("mark"));
    assert!(!Call::of("genesys-no-closed", 1_000).texts().contains("closed"));
}

#[test]
fn wrong_rates_are_twice_the_right_one() {
    for caller in CALLERS.iter().filter(|caller| caller.bytes > 0 && caller.path != "asterisk-json") {
        let path = format!("{}-wrong-rate", caller.path);
        let call = Call::of(&path, 2_200);
        let bytes: usize = call.audio().iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(bytes, 2 * 80 * caller.bytes, "{path}: 3.2 s of audio in half the time");
        let last = call.audio().last().map(|(at, _)| *at);
        assert!((1_400..1_800).contains(&last.unwrap()), "{path}: {last:?}");
        let fixed = ["vonage", "infobip", "sinch", "acs"].contains(&caller.path);
        assert!(!fixed || call.audio().iter().all(|(_, piece)| piece.len() == caller.bytes), "{path}: pieces of the right size");
    }
}

#[test]
fn floods_and_silence_are_what_they_are_called() {
    let asterisk = Call::of("asterisk-overflow", 1_300).audio();
    assert!(asterisk.iter().all(|(_, bytes)| bytes.len() < 65_500), "Asterisk takes every message");
    let overflow = Call::of("twilio-overflow", 1_300);
    let audio = overflow.audio();
    for audio in [&audio, &asterisk] {
        assert!(audio.iter().all(|(at, _)| *at == 200));
        assert_eq!(audio.iter().map(|(_, bytes)| bytes.len()).sum::<usize>(), 608 * 8_000);
    }
    let wire: usize = overflow.done.iter().map(|(_, action)| if let Action::Text(text) = action { text.len() } else { 0 }).sum();
    assert!(wire < 16 << 20 && audio.len() < 100, "within a monitor's budget: {wire} bytes in {} messages", audio.len());
    let largest =
        overflow.done.iter().filter_map(|(_, action)| if let Action::Text(text) = action { Some(text.len()) } else { None });
    assert!(largest.max() < Some(256 << 10), "within a monitor's largest frame");
    let silence = Call::of("twilio-silence-only", 5_000).audio();
    assert!(silence.len() == 240 && silence.iter().all(|(_, bytes)| bytes.iter().all(|b| *b == 0xFF)), "{}", silence.len());
}

#[test]
fn servers_that_close_close() {
    for caller in CALLERS
        .iter()
        .filter(|caller| !["asterisk-json", "genesys-call", "genesys-connector", "genesys-talks"].contains(&caller.path))
    {
        let call = Call::of(&format!("{}-closes-after-start", caller.path), 300);
        assert!(call.texts().ends_with("<close 1011 practice: the handler failed>"), "{}: {}", caller.path, call.texts());
    }
    for path in ["twilio", "telnyx", "exotel"] {
        let mut call = Call::of(&format!("{path}-closes-on-stop"), 1_100);
        assert!(!call.is_closed(), "{path}: {}", call.texts());
        call.say_text(1_100, caller(path).stop.unwrap());
        assert!(call.texts().ends_with("<close 1000 practice: goodbye>"), "{path}: {}", call.texts());
    }
}

#[test]
fn genesys_faults_are_in_its_answers() {
    let answers = |path: &str| -> Vec<Value> {
        let mut call = Call::of(path, 1_060);
        let message = |name: &str, seq: u64, parameters: &str| {
            format!(
                r#"{{"version":"2","id":"01234567-89ab-4def-8123-456789abcdef","type":"{name}","seq":{seq},"serverseq":1,"position":"PT0S","parameters":{parameters}}}"#
            )
        };
        call.say_text(1_060, &message("ping", 2, "{}"));
        call.say_text(1_060, &message("close", 3, r#"{"reason":"end"}"#));
        call.done
            .iter()
            .filter_map(|(_, action)| if let Action::Text(text) = action { serde_json::from_str(text).ok() } else { None })
            .collect()
    };
    let types = |answers: &[Value]| answers.iter().map(|m| m["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(types(&answers("genesys-no-pong")), ["opened", "closed"]);
    assert_eq!(types(&answers("genesys-no-closed")), ["opened", "pong"]);
    let numbers: Vec<_> = answers("genesys-wrong-sequence").iter().map(|m| m["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 8, 9]);
    let foreign: Vec<_> =
        answers("genesys-wrong-stream-id").iter().map(|m| m["id"] == "00000000-0000-0000-0000-000000000000").collect();
    assert_eq!(foreign, [false, true, false]);
}

/// JSON that is like what callers say, with anything in it.
fn near_json() -> impl Strategy<Value = String> {
    let messages: Vec<String> =
        CALLERS.iter().flat_map(|caller| caller.hello.iter().chain(&caller.stop)).map(|text| (*text).to_owned()).collect();
    let values = prop_oneof![
        Just("null"),
        Just("-1"),
        Just("1e300"),
        Just("{}"),
        Just("[]"),
        Just("\"\""),
        Just("[{}]"),
        Just("18446744073709551615"),
        Just("\"\\u0000é\"")
    ];
    (0..messages.len(), any::<u16>(), values).prop_map(move |(which, at, value)| {
        let text = messages[which].replace("SEQ", "2");
        let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
        let Some(colon) = colons.get(usize::from(at) % (colons.len() + 1)) else { return text };
        let end = text[*colon..].find([',', '}']).map_or(text.len(), |end| colon + end);
        format!("{}:{value}{}", &text[..*colon], &text[end..])
    })
}

proptest::proptest! {
    #[test]
    fn no_message_makes_a_server_panic(
        greeted: bool,
        messages in proptest::collection::vec(prop_oneof![
            near_json().prop_map(Said::Text),
            any::<String>().prop_map(Said::Text),
            proptest::collection::vec(any::<u8>(), 0..2000).prop_map(Said::Binary),
        ], 0..12),
    ) {
        for row in crate::practice::BEHAVIOURS.iter().filter(|row| matches!(row.script, Script::Line { line: LineScript::Voice(_), .. })) {
            if row.name.ends_with("-overflow") {
                continue;
            }
            let mut session = Session::new(script(row.name));
            let mut said = session.open().len();
            let hello = caller(row.name).hello.iter().filter(|_| greeted);
            let hello: Vec<Said> = hello.map(|text| Said::Text((*text).to_owned())).collect();
            for (n, message) in hello.iter().chain(&messages).enumerate() {
                let at = std::time::Duration::from_millis(150 * n as u64);
                let message = match message {
                    Said::Text(text) => Message::Text(text),
                    Said::Binary(bytes) => Message::Binary(bytes),
                };
                said += session.hear(at, message).len() + session.turn(at).len();
            }
            assert!(said <= 64, "{}: {said} messages", row.name);
        }
    }
}

#[test]
fn the_tone_is_audible_in_every_format() {
    for caller in CALLERS.iter().filter(|caller| caller.bytes > 0) {
        let call = Call::of(caller.path, 300);
        let first = call.done.iter().find_map(|(_, action)| audio_of(action)).unwrap();
        assert!(first.iter().any(|b| *b != 0 && *b != 0xFF), "{}", caller.path);
    }
}
