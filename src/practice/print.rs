//! The table for people: on a terminal and in the documentation.

use std::fmt::Write as _;

use super::behaviour::{Behaviour, CLOSE_FAMILY, Family, HTTP_FAMILY, Stage};
use super::script::{AnswerScript, LineScript, Script};
use super::table::BEHAVIOURS;

const FAMILIES: [Family; 2] = [HTTP_FAMILY, CLOSE_FAMILY];
const GROUPS: [(Group, &str); 6] = [
    (Group::Plain, "Picked by the path, over `ws` and `wss`"),
    (Group::Voice, "Voice servers: picked by the path, in a provider's protocol"),
    (Group::Webhook, "Webhooks: asked over `http` and `https`, picked by the path"),
    (Group::Tls, "Picked by the server name (TLS)"),
    (Group::Dns, "Picked by the name that is looked up (the practice server as resolver)"),
    (Group::Port, "With a port of their own"),
];

/// The parts of the lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Plain,
    Voice,
    Webhook,
    Tls,
    Dns,
    Port,
}

/// The table as text: URL, what comes out, what the server does; and below a row what its monitor needs.
#[must_use]
pub fn list() -> String {
    let rows = lines();
    let width = |pick: fn(&Line) -> &str| rows.iter().map(|row| pick(row).len()).max().unwrap_or_default();
    let (url_width, outcome_width) = (width(|row| &row.url), width(|row| &row.provokes));
    let mut text = String::new();
    let mut group = None;
    for row in &rows {
        // Writing to a String cannot fail.
        if group.replace(row.group) != Some(row.group) {
            let title = GROUPS.iter().find(|(group, _)| *group == row.group).map_or("", |(_, title)| title);
            let _ = writeln!(text, "{}{title}:", if text.is_empty() { "" } else { "\n" });
        }
        let _ = writeln!(text, "{:url_width$}  {:outcome_width$}  {}", row.url, row.provokes, row.about);
        if !row.needs.is_empty() {
            let _ = writeln!(text, "{:url_width$}  {:outcome_width$}  needs {}", "", "", row.needs.join(", "));
        }
    }
    text
}

/// `docs/practice.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (group, title) in GROUPS {
        let _ = write!(text, "\n## {title}\n\n| URL | what comes out | what the server does | settings |\n|---|---|---|---|\n");
        for row in lines().iter().filter(|row| row.group == group) {
            let needs: Vec<String> = row.needs.iter().map(|need| format!("`{need}`")).collect();
            let (url, provokes, about) = (&row.url, &row.provokes, escape(&row.about));
            let _ = writeln!(text, "| `{url}` | `{provokes}` | {about} | {} |", needs.join("<br>"));
        }
    }
    text
}

/// A row of either rendering.
struct Line {
    group: Group,
    url: String,
    provokes: String,
    about: String,
    needs: &'static [&'static str],
}

/// Group by group; the families after the other paths.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for (group, _) in GROUPS {
        lines.extend(BEHAVIOURS.iter().filter(|row| group_of(row) == group && !in_family(row)).map(Line::of_row));
        if group == Group::Plain {
            lines.extend(FAMILIES.iter().map(Line::of_family));
        }
    }
    lines
}

impl Line {
    fn of_row(row: &Behaviour) -> Self {
        let (url, provokes) = (row.url_form(), row.provokes.to_string());
        Self { group: group_of(row), url, provokes, about: row.about.to_owned(), needs: row.needs }
    }

    fn of_family(family: &Family) -> Self {
        Self {
            group: Group::Plain,
            url: format!("ws://HOST:PORT/{}{}", family.prefix, family.placeholder),
            provokes: family.provokes.to_owned(),
            about: family.about.to_owned(),
            needs: &[],
        }
    }
}

fn group_of(row: &Behaviour) -> Group {
    match (row.stage, row.script) {
        (Stage::Path, Script::Line { line: LineScript::Voice(_), .. }) => Group::Voice,
        (Stage::Path, _) => Group::Plain,
        (Stage::Webhook, _) => Group::Webhook,
        (Stage::Tls, _) => Group::Tls,
        (Stage::Dns, _) => Group::Dns,
        (Stage::Port, _) => Group::Port,
    }
}

/// The members of the families have one row together.
fn in_family(row: &Behaviour) -> bool {
    match row.script {
        Script::Answer(AnswerScript::Status(_)) => true,
        Script::Line { line: LineScript::Close { reason, .. }, .. } => reason.is_empty(),
        Script::Answer(_) | Script::Line { .. } | Script::Dns(_) | Script::Port(_) | Script::Tls(_) | Script::Webhook(_) => false,
    }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

const INTRODUCTION: &str = "\
# Practice endpoints

`sidetone practice` is a voice server that misbehaves on request: one behaviour for each reason that a server can cause. Point a monitor
at one of them to see what sidetone says about it, or to drill an alert from end to end. This page is made from the table in the code;
`sidetone practice --list` prints the same table.

- Everything is on one address (`HOST:PORT`): `ws://`, `wss://`, webhooks over `http://` and `https://`, and a DNS server on UDP.
- The certificates are made at start by a practice CA. Every `wss` monitor needs it as `ca_file`; without it, each `wss` behaviour that is
  not about trust comes out as an unknown authority.
- Behaviours of the path work over `ws` and `wss` alike, except those whose URL below says `wss`, and the two that imitate a TLS port.
- The column *settings* has what a monitor needs beyond the defaults for the reason to come out; `{address}` is the practice server's
  address and port, `{ca_file}` the practice CA, `{client_cert_file}` and `{client_key_file}` are any client certificate. A hold of 2 s or more is long enough where no other stands there.
- The voice servers speak a provider's protocol, and so must the monitor (`dialect`). They check every field of what the caller says, and
  close with 4400 and the name of the field if it is wrong. They greet 0.2 s after the hello (those called `late`: 3 s), or after the time that stands
  as a second segment in the path: `/twilio/1500ms`, up to `60000ms`.
- A webhook stands in the monitor as `webhook.url`, and the monitor has no `url` of its own. What it answers leads to a stream of this same
  server. Those that check Twilio's signature have the auth token `practice-auth-token`; `{auth_token_file}` is a file with it. A call that
  `webhook-telnyx-call-path` has been asked about has a stream at `/api/calls/<CallSid>/audio`, once.
- A DNS behaviour needs the practice server as its `resolver`; `NAME.practice.test` works for the TLS behaviours too then. Names below
  `practice.example.com`, which look public, lead to the practice server as well.
- A path that is not in the table is answered 404; a misspelt `tls-` name gets the alert `unrecognized_name`, a misspelt `dns-` name NXDOMAIN.

These reasons cannot be caused by a server on loopback: `net_blackhole`, `net_lossy`, `tcp_unreachable` (they need a broken network),
`tcp_reset` (needs a middlebox), `tls_cert_revoked` (needs revocation lists), `ws_silent` (only where the kernel gives no TCP_INFO), and the
inconclusive ones, which are the prober's own.
";
