//! The parts of `docs/webhooks.md` that are tables of the code: what is asked, what can be wrong with an answer, and what is not verified.
//!
//! The page is written by hand around them; [`markdown`] makes each part anew between its two marks. Deliberately absent: files.

use std::fmt::Write as _;

use url::Url;

use super::{Content, Kind, Limits, Lint, Method, Plan, Severity, UNVERIFIED, parameters};
use crate::dialect::{CallSettings, Dialect, Provider};
use crate::monitor::Webhook;
use crate::outcome::Reason;

/// 2026-11-20T10:00:00Z, for the requests that are shown.
const SHOWN_AT_UNIX_MS: u64 = 1_795_168_800_000;
/// The random bits of the ids that are shown.
const SHOWN_BITS: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

/// A part's name, and what makes it.
type Part = (&'static str, fn() -> String);

/// The parts of the page.
const PARTS: [Part; 5] = [
    ("providers", providers),
    ("parameters", parameter_sets),
    ("lints", lints),
    ("reasons", reasons),
    ("unverified", unverified),
];

/// The lints in groups, each by its first.
const GROUPS: [(Lint, &str); 4] = [
    (Lint::AnswerSlow, "The answer as a whole"),
    (Lint::XmlInvalid, "The document"),
    (Lint::NoStream, "The stream in it"),
    (Lint::UrlSpaces, "The stream's URL"),
];

/// The page with its parts made anew.
///
/// # Errors
/// The name of a part whose marks are not both there, in their order.
pub fn markdown(page: &str) -> Result<String, &'static str> {
    PARTS.iter().try_fold(page.to_owned(), |page, (name, part)| renewed(&page, name, &part()).ok_or(*name))
}

fn renewed(page: &str, name: &str, part: &str) -> Option<String> {
    let (open, close) = (format!("<!-- made from the code: {name} -->\n"), format!("<!-- end: {name} -->"));
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n{part}\n{close}{after}"))
}

/// A list in backticks.
fn words<'w>(list: impl IntoIterator<Item = &'w str>) -> String {
    list.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A text for a cell of a table: no element of HTML, no end of the cell.
fn cell(text: &str) -> String {
    let mut code = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        code ^= c == '`';
        match c {
            '<' if !code => out.push_str("&lt;"),
            '|' => out.push_str("\\|"),
            c => out.push(c),
        }
    }
    out
}

fn providers() -> String {
    let mut out =
        "| `provider` | the answer is | asked with | gives up after | answer at most |\n|---|---|---|---|---|\n".to_owned();
    for kind in Kind::ALL {
        let limits = Limits::of(*kind);
        let timeout = match limits.answer_within {
            Some(within) => format!("{} s", within.as_secs()),
            None => format!("{} s (ours)", Webhook::TIMEOUT.as_secs()),
        };
        let ours = if matches!(kind, Kind::Twilio | Kind::Bandwidth) { "" } else { " (ours)" };
        let _ = writeln!(
            out,
            "| `{kind}` | {} | {} | {timeout} | {} KiB{ours} |",
            document(*kind),
            asked(*kind),
            limits.bytes / 1024
        );
    }
    out
}

const fn document(kind: Kind) -> &'static str {
    match kind {
        Kind::Twilio => "TwiML: `<Connect><Stream>`, `<Start><Stream>`, `<Connect><ConversationRelay>`",
        Kind::Signalwire => "cXML: `<Connect><Stream>`, `<Start><Stream>`",
        Kind::Telnyx => "TeXML: `<Connect><Stream>`, `<Start><Stream>`",
        Kind::Plivo => "Plivo XML: `<Stream>`, its URL as text (Vobiz too)",
        Kind::Bandwidth => "BXML: `<StartStream destination=…>`",
        Kind::Vonage => "an NCCO: `connect` to an endpoint of type `websocket`",
        Kind::Exotel => "JSON: `{\"url\": \"wss://…\"}`",
        Kind::Json => "any JSON, with the URL where `pointer` says",
    }
}

fn asked(kind: Kind) -> String {
    let method = Method::of(kind);
    match (method, Content::of(kind)) {
        (Method::Get, _) => format!("{method}, parameters in the query"),
        (Method::Post, Content::Form) => format!("{method}, a form"),
        (Method::Post, Content::Json) => format!("{method}, JSON"),
    }
}

/// Whose ids a webhook of this kind has.
const fn author(kind: Kind) -> Option<Provider> {
    match kind {
        Kind::Twilio => Some(Provider::Twilio),
        Kind::Signalwire => Some(Provider::Signalwire),
        Kind::Telnyx => Some(Provider::Telnyx),
        Kind::Plivo => Some(Provider::Plivo),
        Kind::Bandwidth => Some(Provider::Bandwidth),
        Kind::Vonage => Some(Provider::Vonage),
        Kind::Exotel => Some(Provider::Exotel),
        Kind::Json => None,
    }
}

fn parameter_sets() -> String {
    let url = Url::parse("https://voice.example.com/voice").expect("a URL");
    let mut sections = Vec::new();
    for (kind, provider) in Kind::ALL.iter().filter_map(|kind| Some((*kind, author(*kind)?))) {
        let call = Dialect::Provider(Box::new(CallSettings::new(provider))).place(&mut || SHOWN_BITS, SHOWN_AT_UNIX_MS);
        let mut section = format!("**`{kind}`** ({})\n\n```text\n", asked(kind));
        for (name, value) in parameters::of(&Plan::new(kind, &url, &call)) {
            let _ = writeln!(section, "{name} = {}", value.expose());
        }
        sections.push(section + "```\n");
    }
    sections.push("**`json`**: none but your own.\n".to_owned());
    sections.join("\n")
}

fn lints() -> String {
    let mut out = String::new();
    for lint in Lint::ALL {
        if let Some((_, group)) = GROUPS.iter().find(|(first, _)| first == lint) {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = write!(
                out,
                "{gap}**{group}**\n\n| lint | what it means | the provider | the probe | what to do |\n|---|---|---|---|---|\n"
            );
        }
        let explains: Vec<_> = lint.explains().iter().map(|line| line.trim()).collect();
        let (means, fix) = (cell(&explains.join(" ")), cell(lint.fix()));
        let _ = writeln!(out, "| `{lint}` | {means} | {}{} | {} | {fix} |", stance(*lint), codes(*lint), consequence(*lint));
    }
    out
}

/// How providers take it.
fn stance(lint: Lint) -> String {
    match lint.severity() {
        Severity::Refused => "refuses".to_owned(),
        Severity::Tried => "dials".to_owned(),
        Severity::ByProvider => {
            let (refusing, other): (Vec<Provider>, Vec<Provider>) =
                Provider::ALL.iter().partition(|provider| lint.refuses(Some(**provider)));
            let labels = |list: &[Provider]| words(list.iter().map(|provider| provider.label()));
            if refusing.len() <= other.len() {
                format!("refuses: {}; others dial", labels(&refusing))
            } else {
                format!("dials: {}; others refuse", labels(&other))
            }
        }
    }
}

/// What providers call it.
fn codes(lint: Lint) -> String {
    let mut codes: Vec<_> = Provider::ALL.iter().filter_map(|provider| lint.code(Some(*provider))).collect();
    codes.dedup();
    if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) }
}

/// What becomes of the probe.
fn consequence(lint: Lint) -> String {
    let ends = || format!("ends: `{}`", lint.reason().label());
    let goes_on = lint.warning().map(|warning| format!("warns: `{warning}`"));
    match (lint.severity(), goes_on) {
        (Severity::Refused, _) | (_, None) => ends(),
        (Severity::Tried, Some(goes_on)) => goes_on,
        (Severity::ByProvider, Some(goes_on)) => format!("{}, or {goes_on}", ends()),
    }
}

fn reasons() -> String {
    let mut out = "| reason | owner | what it means | by the lints |\n|---|---|---|---|\n".to_owned();
    for reason in Reason::all().filter(|reason| reason.phase() == crate::outcome::Phase::Webhook) {
        let by = Lint::ALL.iter().filter(|lint| lint.severity() != Severity::Tried && lint.reason() == reason);
        let by = words(by.map(|lint| lint.label()));
        let _ = writeln!(out, "| `{}` | {} | {} | {by} |", reason.label(), reason.owner(), cell(reason.explains()));
    }
    out
}

fn unverified() -> String {
    let mut out = String::new();
    for (kind, items) in UNVERIFIED {
        let _ = writeln!(out, "- `{kind}`: {}", items.join(" "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty_page() -> String {
        PARTS
            .iter()
            .map(|(name, _)| format!("# {name}\n<!-- made from the code: {name} -->\n(to be made)\n<!-- end: {name} -->\n"))
            .collect()
    }

    #[test]
    fn parts_are_made_anew_and_the_rest_stays() {
        let page = markdown(&empty_page()).unwrap();
        assert!(!page.contains("(to be made)") && page.contains("# lints\n"), "{page}");
        assert_eq!(markdown(&page).unwrap(), page, "made twice, it is the same");
        let cut = page.replace("<!-- end: reasons -->", "");
        assert_eq!(markdown(&cut), Err("reasons"));
    }

    #[test]
    fn every_lint_kind_and_reason_has_its_row() {
        let page = markdown(&empty_page()).unwrap();
        for lint in Lint::ALL {
            assert_eq!(page.matches(&format!("\n| `{lint}` |")).count(), 1, "{lint}");
        }
        for (_, group) in GROUPS {
            assert_eq!(page.matches(&format!("**{group}**\n")).count(), 1, "{group}");
        }
        for kind in Kind::ALL {
            assert!(page.contains(&format!("\n| `{kind}` |")) && page.contains(&format!("**`{kind}`**")), "{kind}");
        }
        assert!(page.contains("| `webhook_nxdomain` | configuration |"), "{page}");
    }

    #[test]
    fn rows_say_what_becomes_of_the_probe() {
        let rows = [
            (Lint::NoStream, "refuses", "", "ends: `webhook_no_stream`"),
            (Lint::HostDiffers, "dials", "", "warns: `host_differs`"),
            (Lint::QueryLost, "dials", " (Twilio 31920)", "warns: `query_string_in_twilio_url`"),
            (
                Lint::TrackInvalid,
                "refuses: `twilio`, `signalwire`, `conversation-relay`; others dial",
                " (Twilio 31941)",
                "ends: `webhook_stream_invalid`, or warns: `track_invalid`",
            ),
        ];
        for (lint, stance_of, codes_of, consequence_of) in rows {
            assert_eq!((stance(lint).as_str(), codes(lint).as_str()), (stance_of, codes_of), "{lint}");
            assert_eq!(consequence(lint), consequence_of, "{lint}");
        }
        assert_eq!(stance(Lint::UrlRelative), "dials: `twilio`, `signalwire`, `conversation-relay`; others refuse");
    }

    #[test]
    fn cells_stay_cells() {
        assert_eq!(cell("a <b> in `<c>` | d"), "a &lt;b> in `<c>` \\| d");
    }
}
