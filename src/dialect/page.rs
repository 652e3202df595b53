//! `docs/dialects.md`, made from the facts and from the speakers themselves: what it shows of the wire is what a probe sends.

use std::fmt::Write as _;
use std::time::Duration;

use super::call::CallSettings;
use super::facts::{Facts, Opening};
use super::{Dialect, Incoming, Moment, Provider, Remarks, Speaker, Wire};
use crate::outcome::Warning;
use crate::secret::Secret;

/// 2026-11-20T10:00:00Z, for the frames that are shown.
const SHOWN_AT_UNIX_MS: u64 = 1_795_168_800_000;
/// The random bits of the ids that are shown.
const SHOWN_BITS: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
/// How much of a payload is shown, in characters.
const SHOWN_PAYLOAD: usize = 16;

const HEAD: &str = "\
# Dialects

A voice server runs its real code only when it hears its provider's protocol. A monitor's `dialect` says which one sidetone speaks: it dials, \
greets, talks, answers and leaves as that provider does, and looks at what comes back. This page is made from the code: the frames below are \
what a probe sends. Ids are examples and fresh for every call, payloads are shortened, and a line `(the server: …)` is what has to come before \
the probe goes on.

- `[monitor.call]` has the ids, numbers and parameters of the call, `[monitor.audio]` what is said and in which format, `[monitor.signature]` how \
the upgrade is signed; `docs/configuration.md` has every key. Which of `[monitor.call]` a dialect has stands in its section.
- **Ids** are random and in the provider's form, or yours: `call = { call_id = \"…\" }`, so that a server can recognise the probe and need not open a \
paid session. A parameter does the same: `call = { parameters = { x-synthetic = \"1\" } }`. The id of the call is also what `{call_id}` in a URL stands for.
- **A probe looks like a call.** Most servers open a session with a model for it. Keep `hold` short and `interval` long, or let the server recognise it.
- **Media** leaves on an absolute clock, one frame each 20 ms where nothing else is said (`audio = { frame = \"40ms\" }` for another length): silence, a tone (`audio = { say = \"tone\" }`), or a WAV file \
(`audio = { file = \"speech.wav\" }`). `mode = \"idle\"` says hello and goodbye and sends no media.
- **What comes back** is counted and measured (`audio` in the report): first message, first audio, longest gap, jitter, bytes a second, marks. Audio is \
played out as the provider plays it: a mark is answered when what was sent before it would have been heard.
- **Oddities** are warnings, with the provider's own number where it has one. `expect = { no_warnings = true }`, or a list of names, makes them failures. \
`docs/reasons.md` explains each.
- **Expectations** are off by default, as a silent agent is legitimate: `first_audio_within`, `max_silence`, `echo`, `mark_round_trip_within`, `audible`, \
`real_time_audio`, `no_warnings`.
- `sidetone practice` has a well-behaved server for every dialect and misbehaving ones beside it: `docs/practice.md`.
- What a provider does not document stands under *not verified*, with the setting that changes it.

The first codec and rate of a row are the default ones; rates are in hertz.

| `dialect` | provider | audio | first frames |
|---|---|---|---|
";

const RAW: &str = "
## `raw`: frames of your own

For servers without a provider's protocol. Binary frames of silence by default; `[monitor.raw]` has the text frames of the hello and the goodbye, \
the frame that repeats and its rhythm. Binary messages that come are taken for audio, text messages are only messages; nothing is judged unless \
`[monitor.expect]` asks for it.

```toml
[[monitor]]
name = \"echo-server\"
url = \"wss://voice.example.com/echo\"
dialect = \"raw\"
[monitor.raw]
hello = ['{\"type\":\"hello\"}']
codec = \"l16\"
sample_rate = 16_000
```
";

/// The page.
#[must_use]
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for provider in Provider::ALL {
        let facts = provider.facts();
        let _ = writeln!(out, "| `{provider}` | {} | {} | {} |", facts.title, formats(facts), opening_words(*provider));
    }
    out.push_str("| `raw` | | any | your own |\n");
    for provider in Provider::ALL {
        section(*provider, &mut out);
    }
    out.push_str(RAW);
    out
}

/// Codecs, each with its rates.
fn formats(facts: &Facts) -> String {
    let codecs = facts.formats.chunk_by(|one, next| one.codec == next.codec);
    let rows: Vec<String> = codecs
        .map(|formats| {
            let rates: Vec<String> = formats.iter().map(|format| format.sample_rate.to_string()).collect();
            formats.first().map_or_else(String::new, |format| format!("`{}` {}", format.codec, rates.join(", ")))
        })
        .collect();
    if rows.is_empty() { "none: text".to_owned() } else { rows.join("; ") }
}

fn section(provider: Provider, out: &mut String) {
    let facts = provider.facts();
    let _ = write!(
        out,
        "\n## `{provider}`: {}\n\n```toml\n[[monitor]]\nname = \"{provider}\"\n{}\n```\n",
        facts.title, facts.about.monitor
    );
    rules(facts, out);
    out.push_str("\n**What we send**\n\n");
    list(facts.about.sends, out);
    let _ = write!(out, "\n```text\n{}```\n", frames(provider).join("\n") + "\n");
    out.push_str("\n**What is checked and answered**\n\n");
    list(facts.about.checks, out);
    codes(facts, out);
    if !facts.about.unverified.is_empty() {
        out.push_str("\n**Not verified**\n\n");
        list(facts.about.unverified, out);
    }
}

fn rules(facts: &Facts, out: &mut String) {
    let scheme = if facts.wss_only { "`wss://` alone" } else { "`wss://` or `ws://`" };
    let query = if facts.query_is_lost { "; a query in the URL is lost" } else { "" };
    let subprotocol = facts.subprotocol.map_or_else(|| "none is offered".to_owned(), |name| format!("`{name}` is offered"));
    let opening = match facts.opening {
        Opening::AtOnce if facts.formats.is_empty() => "text alone, right after the hello".to_owned(),
        Opening::AtOnce => "media flows right after the hello".to_owned(),
        Opening::WhenAnswered { within } => format!("the server has to open the session within {} s", within.as_secs()),
    };
    let goodbye = match facts.server_may_close_first.as_secs() {
        0 => "we close with 1000".to_owned(),
        patience => format!("the server may close or answer for {patience} s after our goodbye; then we close with 1000"),
    };
    let length = facts.cadence.as_millis();
    let frame = match (facts.formats.is_empty(), facts.fixed_frame) {
        (true, _) => "none".to_owned(),
        (false, true) => format!("{length} ms of audio, always"),
        (false, false) => format!("{length} ms of audio; `frame` sets another length"),
    };
    let keys: Vec<String> = facts.keys.iter().map(|key| format!("`{key}`")).collect();
    let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    let rows = [
        ("scheme", format!("{scheme}{query}")),
        ("subprotocol", subprotocol),
        ("session", opening),
        ("frame", frame),
        ("goodbye", goodbye),
        ("`[monitor.call]`", keys),
    ];
    out.push_str("\n| | |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
}

fn list(items: &[&str], out: &mut String) {
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
}

fn codes(facts: &Facts, out: &mut String) {
    if facts.codes.is_empty() {
        return;
    }
    let rows: Vec<String> =
        Warning::ALL.iter().filter_map(|warning| facts.code(*warning).map(|code| format!("`{warning}` ({code})"))).collect();
    let _ = writeln!(out, "\nWarnings that the provider has a name for: {}.", rows.join(", "));
}

/// The first frames, what follows the server's opening, two frames of media, and the goodbye.
fn frames(provider: Provider) -> Vec<String> {
    let mut settings = CallSettings::new(provider);
    settings.parameters = vec![("agent".to_owned(), Secret::new("booking"))];
    let talks = settings.sends_media();
    let dialect = Dialect::Provider(Box::new(settings));
    let call = dialect.place(&mut || SHOWN_BITS, SHOWN_AT_UNIX_MS);
    let mut speaker = dialect.open(&call);
    let mut shown: Vec<String> = dialect.headers(&call).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    shown.extend(speaker.greet().iter().map(show));
    if let Some(message) = provider.facts().about.opened_by {
        let message = message.replace("{session_id}", &call.session_id);
        shown.push(format!("(the server: {message})"));
        shown.extend(after_opening(speaker.as_mut(), &message, &mut Remarks::default()).iter().map(show));
    }
    if talks {
        shown.extend([speaker.frame(0), speaker.frame(1)].iter().map(show));
    }
    shown.extend(speaker.farewell().frames.iter().map(show));
    shown
}

/// What is said when the server has opened the session with `message`, at once and as the first thing after that.
fn after_opening(speaker: &mut dyn Speaker, message: &str, remarks: &mut Remarks) -> Vec<Wire> {
    let moment = Moment { at: Duration::ZERO, queued: Duration::ZERO, remarks };
    let mut said = speaker.hear(moment, Incoming::Text(message)).replies;
    if let Some(at) = speaker.due() {
        said.extend(speaker.speak(Moment { at, queued: Duration::ZERO, remarks }).replies);
    }
    said
}

/// The kinds of the first frames, in a few words.
fn opening_words(provider: Provider) -> String {
    let dialect = Dialect::Provider(Box::new(CallSettings::new(provider)));
    let call = dialect.place(&mut || SHOWN_BITS, SHOWN_AT_UNIX_MS);
    let words: Vec<String> = dialect.open(&call).greet().iter().map(word).collect();
    if words.is_empty() { "none: the server begins".to_owned() } else { words.join(", ") }
}

/// What tells a text frame from the others of its dialect.
fn word(wire: &Wire) -> String {
    let Wire::Text(bytes) = wire else { return "binary".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let tag =
        ["event", "eventType", "type", "kind", "command"].iter().find_map(|tag| Some(format!("`{}`", json.get(*tag)?.as_str()?)));
    let first_word = || format!("`{}`", text.split(' ').next().unwrap_or_default());
    tag.unwrap_or_else(|| if json.is_object() { "the call's attributes".to_owned() } else { first_word() })
}

fn show(wire: &Wire) -> String {
    match wire {
        Wire::Binary(bytes) => format!("(binary, {} bytes)", bytes.len()),
        Wire::Text(bytes) => shorten(&String::from_utf8_lossy(bytes)),
    }
}

/// The text with its long base64 payloads cut.
fn shorten(text: &str) -> String {
    const PAYLOADS: [&str; 4] = ["\"payload\":\"", "\"data\":\"", "\"audio\":\"", "\"audioContent\":\""];
    let found = PAYLOADS.iter().find_map(|key| text.find(key).map(|at| at + key.len()));
    let Some((from, length)) = found.and_then(|from| Some((from, text[from..].find('"')?))) else { return text.to_owned() };
    if length <= SHOWN_PAYLOAD {
        return text.to_owned();
    }
    format!("{}… ({length} characters){}", &text[..from + SHOWN_PAYLOAD], &text[from + length..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Turn;

    #[test]
    fn what_opens_a_session_opens_it() {
        for provider in Provider::ALL {
            let facts = provider.facts();
            let waits = matches!(facts.opening, Opening::WhenAnswered { .. });
            let Some(message) = facts.about.opened_by else {
                assert!(!waits, "{provider} has no example");
                continue;
            };
            let dialect = Dialect::Provider(Box::new(CallSettings::new(*provider)));
            let call = dialect.place(&mut || SHOWN_BITS, SHOWN_AT_UNIX_MS);
            let message = message.replace("{session_id}", &call.session_id);
            let mut speaker = dialect.open(&call);
            speaker.greet();
            let mut remarks = Remarks::default();
            let moment = Moment { at: Duration::ZERO, queued: Duration::ZERO, remarks: &mut remarks };
            assert_eq!(speaker.hear(moment, Incoming::Text(&message)).turn, Turn::Opened, "{provider}");
            assert_eq!(remarks.iter().count(), 0, "{provider}");
        }
    }

    #[test]
    fn the_answer_to_the_opening_is_shown() {
        let shown = frames(Provider::OpenaiRealtime);
        assert!(shown[0].starts_with(r#"(the server: {"type":"session.created""#), "{shown:?}");
        assert!(shown[1].starts_with(r#"{"type":"session.update""#), "{shown:?}");
    }
}
