//! `monitors.toml` as it is written: which tables there are, which keys they have, of which kind, and their defaults.
//!
//! The reference in `docs/configuration.md` is made from these tables. Deliberately absent: rules about several settings at once
//! (in `validate`) and what the settings mean to the rest of the program.

use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::calls::{Audio, Call, Signature};
use super::discovery::{Discovery, MOST_LISTS, RawDiscovery};
use super::kinds::{
    Address, Base64, CloseCode, Dialect, FilePath, HeaderSource, HeaderText, HeaderValue, Json, LabelValue, Listen, Location,
    Message, Name, Path, Pointer, Resolver, SampleRate, ServerName, Subprotocol, Url, Username, Variable, Warnings,
};
use super::mask::speaks_of_secrets;
use super::problem::{Code, Problem, Sink, Span};
use super::read::{Key, Kind, Length, List, Map, Number, Table, Word, as_table, table, wrong_type};
use super::suggest::nearest;
use super::values::shown;
use super::webhooks::{Origin, Webhook};
use crate::audio::Codec;
use crate::monitor::{FollowUps, IpChoice, Mode, Roots};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;
const MIB: i64 = 1 << 20;

/// From one probe to the next.
type Interval = Length<SECOND, { 7 * DAY }>;
pub(super) type Hold = Length<100, DAY>;
/// A time within the hold.
type Within = Length<1, DAY>;
/// A deadline of one step.
type Deadline = Length<10, { 2 * MINUTE }>;
/// A number of probes in a row.
type Streak = Number<u32, 1, 100>;
/// A share in percent.
type Percent = Number<u32, 0, 100>;

table! {
    /// The process as a whole.
    Daemon at "`[daemon]`" {
        /// Where metrics, API and page are served.
        listen: Listen = "127.0.0.1:10065",
        /// How many probes may run at the same time; further ones wait for their turn.
        max_concurrent_probes: Number<usize, 1, 65_535> = 256,
        /// How long open lines may take to say goodbye when the daemon stops.
        grace: Length<100, { 10 * MINUTE }> = "15s",
    }
}

table! {
    /// What each monitor must have, and what only it can have.
    Identity at "`[[monitor]]`" {
        /// The name, unique in the file: 1 to 64 letters, digits, `.`, `_` and `-`. It is the label `monitor` of every metric.
        name: Name = _,
        /// The endpoint, `ws://` or `wss://`. `{uuid}`, `{call_id}` and `{unix_ms}` in path and query are filled in for every probe.
        url: Url = _,
        /// The webhook that says where the stream is, in place of `url`.
        webhook: Webhook = _,
        /// A second way to the same server, tried when the public one fails.
        origin: Origin = _,
        /// The traditional webhook beside the realtime one, asked when the realtime way fails. It has the keys of `[monitor.webhook]` but `pointer`, `expect_host` and `allow_private`.
        fallback: Webhook = _,
    }
}

table! {
    /// What a monitor has beside its name and URL. What it does not set itself comes from `[defaults]`.
    Settings at "`[[monitor]]` or `[defaults]`" {
        /// What is spoken: a provider's protocol, or `raw`, which has frames of your own (`docs/dialects.md`).
        dialect: Dialect = "raw",
        /// From one probe's start to the next one's.
        interval: Interval = "60s",
        /// The interval while the monitor is not ok; `interval` if it is not set.
        interval_failing: Interval = _,
        /// How long after a first failure the confirmation probe starts.
        confirm_after: Length<100, DAY> = "2s",
        /// For how long the line is held.
        hold: Hold = "10s",
        /// `streamed`: the dialect's frames flow. `idle`: nothing but pongs, and pings if they are set.
        mode: Mode = "streamed",
        /// The server may end the line after this time, with a code of `accept_codes`. If it is not set, it must not end it at all.
        min_hold: Within = _,
        /// Codes with which the server may end the line after `min_hold`, which has to be set as well; 1000 alone if only that is. 1005 stands for a Close without a code.
        accept_codes: List<CloseCode> = [],
        /// From one ping of ours to the next; none are sent if it is not set, as most providers send none.
        ping_interval: Length<100, DAY> = _,
        /// How long a pong may take; 5 s if only `ping_interval` is set.
        ping_timeout: Deadline = _,
        /// How long writes may be stuck, or packets unacknowledged, before the line counts as dead.
        stall_timeout: Length<100, { 10 * MINUTE }> = "5s",
        /// How long the server may take to answer our Close.
        close_timeout: Deadline = "2s",
        /// The deadline of all lookups together.
        resolve_timeout: Deadline = "5s",
        /// The deadline of all connection attempts together.
        connect_timeout: Deadline = "4s",
        /// The deadline of the TLS handshake.
        tls_timeout: Deadline = "5s",
        /// The deadline from the request to the end of the answer's head.
        upgrade_timeout: Deadline = "10s",
        /// Which address family is dialled. `auto`: IPv4 if the host has an A record, else IPv6.
        ip: IpChoice = "auto",
        /// Dials this `host:port` instead of the stream's; Host header and server name stay those of the URL. With a webhook it holds for whatever stream that names.
        connect_to: Address = _,
        /// Who answers lookups: the name servers of `/etc/resolv.conf` (`configured`), `getaddrinfo` (`system`), or a list of name servers.
        resolver: Resolver = "configured",
        /// Which authorities are trusted: Mozilla's list (`webpki`), or the operating system's store (`native`).
        roots: Roots = "webpki",
        /// A PEM file with further authorities.
        ca_file: FilePath = _,
        /// A PEM file with our own certificate and its chain, where the server wants one.
        client_cert_file: FilePath = _,
        /// A PEM file with the key of `client_cert_file`, without a passphrase.
        client_key_file: FilePath = _,
        /// Another name for SNI and the certificate check than the URL's host.
        server_name: ServerName = _,
        /// Does not check the certificate. For tests only: a broken certificate is what a caller would run into.
        insecure: bool = false,
        /// Extra headers of the upgrade request. A value is a text, `{ file = "…" }` or `{ env = "…" }`.
        headers: Map<HeaderValue> = {},
        /// The user and password of an `Authorization: Basic` header.
        basic_auth: BasicAuth = _,
        /// A file with the token of an `Authorization: Bearer` header.
        bearer_token_file: FilePath = _,
        /// An environment variable with the token of an `Authorization: Bearer` header.
        bearer_token_env: Variable = _,
        /// Subprotocols to offer, in order.
        subprotocols: List<Subprotocol> = [],
        /// Is it a failure if the server chooses none of the offered subprotocols?
        require_subprotocol: bool = false,
        /// The `User-Agent` header; `sidetone/` and the version if it is not set.
        user_agent: HeaderText = _,
        /// What `sidetone diagnose` may try after a failure to find its cause: `off`; `safe`: nothing that could begin a paid session once more; `full`: everything, the line is opened and held again and again.
        follow_up: FollowUps = "safe",
        /// Other paths that it tries after an upgrade that failed, such as `["/ws", "/media-stream"]`; the slash at the end of the path is tried anyway.
        path_variants: List<Path> = [],
        /// Where it is probed from: it runs on the sidetones that are started with one of these as `--location`, and on those that are started without one. Everywhere if the list is empty.
        locations: List<Location> = [],
        /// Labels for `sidetone_monitor_info`, at most 16.
        labels: Map<LabelValue> = {},
        /// Failures in a row until the monitor is down.
        fail_after: Streak = 2,
        /// Successes in a row until it is ok again.
        recover_after: Streak = 2,
        /// Share of changes among the last 21 results, in percent, above which the monitor counts as flapping and stays down.
        flap_high: Percent = 50,
        /// Share of changes, in percent, below which it no longer does.
        flap_low: Percent = 25,
        /// Bytes that the server may send over the whole hold; long holds get 256 KiB a second if that is more.
        max_bytes: Number<u64, 1_024, { 1_024 * 1_024 * MIB }> = 16_777_216,
        /// Frames that the server may send in any one second, pings included.
        max_frames_per_second: Number<u32, 1, 1_000_000> = 4_000,
        /// Bytes of one frame from the server.
        max_frame_bytes: Number<usize, 125, { 16 * MIB }> = 4_194_304,
        /// Bytes of one message from the server.
        max_message_bytes: Number<usize, 125, { 64 * MIB }> = 4_194_304,
        /// The frames of the dialect `raw`.
        raw: Raw = {},
        /// The call that a provider's dialect plays.
        call: Call = _,
        /// What the caller says, in a provider's dialect.
        audio: Audio = _,
        /// Signs the upgrade as the provider does.
        signature: Signature = _,
        /// What is expected of the server beyond a line that lives.
        expect: Expect = {},
    }
    either basic_auth | bearer_token_file | bearer_token_env;
}

table! {
    /// The frames of the dialect `raw`.
    Raw at "`[monitor.raw]`" {
        /// Text frames right after the 101, in order.
        hello: List<Message> = [],
        /// The media frame: binary frames of silence as long as `cadence`, or none at all.
        frame: Silence = "silence",
        /// A text frame that is sent again and again, in place of `frame`.
        frame_text: Message = _,
        /// A binary frame that is sent again and again, in place of `frame`.
        frame_base64: Base64 = _,
        /// From one media frame to the next.
        cadence: Length<1, MINUTE> = "20ms",
        /// The codec of silence, and of audio that comes.
        codec: Codec = "mulaw",
        /// Samples a second.
        sample_rate: SampleRate = 8_000,
        /// Text frames before our Close, in order.
        farewell: List<Message> = [],
    }
    either frame | frame_text | frame_base64;
}

table! {
    /// What must come, beyond a line that lives. Times count from the 101.
    Expect at "`[monitor.expect]`" {
        /// Any message must come within this time.
        first_message_within: Within = _,
        /// A text message with this text in it must come.
        message_contains: Message = _,
        /// A JSON message must come that has this value at this pointer.
        message_json: MessageJson = _,
        /// The deadline of `message_contains` or `message_json`; the end of the hold if it is not set.
        match_within: Within = _,
        /// Something that we sent must come back.
        echo: bool = false,
        /// Audio must come within this time.
        first_audio_within: Within = _,
        /// Some audio that comes must not be silence.
        audible: bool = false,
        /// Audio that comes must have the byte rate of the format, within a third.
        real_time_audio: bool = false,
        /// No pause in which nothing at all comes may be longer.
        max_silence: Within = _,
        /// A mark of the server must be sent back to it, because the audio before it was played, within this time of its coming.
        mark_round_trip_within: Within = _,
        /// The server must answer our Close with its own.
        clean_close: bool = false,
        /// Warnings that count as failures: `true` for all that are not the prober's own, or a list of names (`docs/reasons.md`).
        no_warnings: Warnings = false,
    }
    either message_contains | message_json;
}

table! {
    /// A value in a JSON message.
    MessageJson at "`message_json`" {
        /// Where: a JSON pointer (RFC 6901) such as `/type`.
        pointer: Pointer = _,
        /// The value that must be there.
        equals: Json = _,
    }
}

table! {
    /// User and password, for `Authorization: Basic`.
    BasicAuth at "`basic_auth`" {
        /// The user.
        username: Username = _,
        /// A file with the password.
        password_file: FilePath = _,
        /// An environment variable with the password.
        password_env: Variable = _,
    }
    either password_file | password_env;
}

table! {
    /// The value of a header that does not stand in the file itself: `headers = { X-Api-Key = { file = "…" } }`.
    SecretSource at "`headers`" {
        /// A file with the value.
        file: FilePath = _,
        /// An environment variable with the value.
        env: Variable = _,
    }
    either file | env;
}

/// The media frame that needs no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Frames,
    Nothing,
}

impl Word for Silence {
    const WHAT: &'static str = "`\"silence\"` or `\"none\"`";
    const WORDS: &'static [(&'static str, Self)] = &[("silence", Self::Frames), ("none", Self::Nothing)];
}

impl Raw {
    /// The longest cadence of silence: one frame is that long.
    pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(1);
}

/// The whole file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) daemon: Daemon,
    pub(super) defaults: Settings,
    pub(super) monitors: Vec<Monitor>,
    pub(super) discoveries: Vec<RawDiscovery>,
}

/// One `[[monitor]]`.
#[derive(Debug, Default)]
pub(super) struct Monitor {
    /// The table's head.
    pub(super) at: Span,
    pub(super) identity: Identity,
    pub(super) settings: Settings,
}

/// The tables of the file itself.
const ROOT: [&str; 4] = ["daemon", "defaults", "monitor", "discovery"];
/// The most monitors that one file may have.
const MOST_MONITORS: usize = 10_000;

impl Document {
    pub(super) fn read(root: &Spanned<DeTable<'_>>, sink: &mut Sink) -> Self {
        let mut document = Self::default();
        let (mut monitors, mut misspelt, mut has_lists) = (None, false, false);
        for (key, value) in root.get_ref() {
            match key.get_ref().as_ref() {
                "daemon" => document.daemon = Daemon::read(value.get_ref(), &value.span(), sink).unwrap_or_default(),
                "defaults" => document.defaults = Settings::read_defaults(value, sink),
                "monitor" => monitors = Some(value),
                "discovery" => {
                    has_lists = true;
                    document.discoveries = read_lists(value, sink);
                }
                name => {
                    misspelt |= matches!(nearest(name, ROOT), Some("monitor" | "discovery"));
                    report_unknown_name("the top level of the file", &ROOT, key, sink);
                }
            }
        }
        match monitors {
            Some(value) => document.read_monitors(value, sink),
            // The misspelling is reported, and the rest follows from it.
            None if misspelt || has_lists => {}
            None => {
                let problem = Problem::new(Code::NoMonitors, "this file has no monitors");
                sink.push(
                    problem.help(
                        "write one:\n[[monitor]]\nname = \"booking-agent\"\nurl = \"wss://voice.example.com/media-stream\"",
                    ),
                );
            }
        }
        document
    }

    /// Do header values stand in the file itself?
    pub(super) fn has_inline_headers(&self) -> bool {
        let all = self.written().map(|monitor| &monitor.settings).chain([&self.defaults]);
        let webhooks = self.written().flat_map(|monitor| [&monitor.identity.webhook, &monitor.identity.fallback]);
        let webhooks = webhooks.filter_map(|webhook| webhook.get());
        let theirs = webhooks.flat_map(|webhook| [webhook.headers.get(), webhook.parameters.get()]).flatten();
        let mut values = all.filter_map(|settings| settings.headers.get()).chain(theirs).flatten();
        values.any(|(_, value)| matches!(value.get_ref(), HeaderSource::Inline(_)))
    }

    /// The monitors, and the templates of lists.
    pub(super) fn written(&self) -> impl Iterator<Item = &Monitor> {
        let templates = self.discoveries.iter().filter_map(|list| list.template.as_ref()).map(|template| &template.monitor);
        self.monitors.iter().chain(templates)
    }

    fn read_monitors(&mut self, value: &Spanned<DeValue<'_>>, sink: &mut Sink) {
        let DeValue::Array(items) = value.get_ref() else {
            let problem =
                Problem::new(Code::WrongType, "`monitor` is a list of tables").at(&value.span(), "one pair of brackets");
            sink.push(problem.help("write `[[monitor]]` with two pairs of brackets, once for each monitor"));
            return;
        };
        if items.is_empty() {
            sink.push(Problem::new(Code::NoMonitors, "this file has no monitors").at(&value.span(), "an empty list"));
        }
        if items.len() > MOST_MONITORS {
            let message = format!("this file has {} monitors; one file may have {MOST_MONITORS}", items.len());
            sink.push(Problem::new(Code::TooManyMonitors, message).help("split it, one daemon for each file"));
            return;
        }
        self.monitors = items.iter().filter_map(|item| Monitor::read(item, sink)).collect();
    }
}

impl Settings {
    pub(super) fn read_defaults(value: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Self {
        let mut read = Self::default();
        let Some(table) = as_table::<Self>(value.get_ref(), &value.span(), sink) else { return read };
        for (key, value) in table {
            if !read.take(key.get_ref(), value, sink) {
                report_unknown("`[defaults]`", &[Self::KEYS], key, sink);
            }
        }
        read.check_rivals(sink);
        read
    }
}

impl Monitor {
    fn read(item: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<Self> {
        let DeValue::Table(table) = item.get_ref() else {
            wrong_type::<Settings>(item.get_ref(), &item.span(), sink);
            return None;
        };
        Some(Self::read_table(table, &item.span(), sink))
    }

    /// Reads the table whose head stands at `at`.
    pub(super) fn read_table(table: &DeTable<'_>, at: &Span, sink: &mut Sink) -> Self {
        let mut monitor = Self { at: at.clone(), ..Self::default() };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !monitor.identity.take(name, value, sink) && !monitor.settings.take(name, value, sink) {
                report_unknown("`[[monitor]]`", &[Settings::KEYS, Identity::KEYS], key, sink);
            }
        }
        monitor.settings.check_rivals(sink);
        monitor
    }
}

fn read_lists(value: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Vec<RawDiscovery> {
    let DeValue::Array(items) = value.get_ref() else {
        let problem = Problem::new(Code::WrongType, "`discovery` is a list of tables").at(&value.span(), "one pair of brackets");
        sink.push(problem.help("write `[[discovery]]` with two pairs of brackets, once for each list"));
        return Vec::new();
    };
    if let Some(beyond) = items.get(MOST_LISTS) {
        let message = format!("this file has {} lists; one file may have {MOST_LISTS}", items.len());
        let problem = Problem::new(Code::TooManyLists, message).at(&beyond.span(), "");
        sink.push(problem.help("one list can have many files, and labels tell its targets apart"));
    }
    items.iter().filter_map(|item| RawDiscovery::read(item, sink)).collect()
}

/// Every table.
pub(super) const TABLES: [Table; 14] = [
    Table { place: Daemon::PLACE, about: Daemon::ABOUT, keys: Daemon::KEYS },
    Table { place: Identity::PLACE, about: Identity::ABOUT, keys: Identity::KEYS },
    Table { place: Webhook::PLACE, about: Webhook::ABOUT, keys: Webhook::KEYS },
    Table { place: Origin::PLACE, about: Origin::ABOUT, keys: Origin::KEYS },
    Table { place: Settings::PLACE, about: Settings::ABOUT, keys: Settings::KEYS },
    Table { place: BasicAuth::PLACE, about: BasicAuth::ABOUT, keys: BasicAuth::KEYS },
    Table { place: SecretSource::PLACE, about: SecretSource::ABOUT, keys: SecretSource::KEYS },
    Table { place: Raw::PLACE, about: Raw::ABOUT, keys: Raw::KEYS },
    Table { place: Call::PLACE, about: Call::ABOUT, keys: Call::KEYS },
    Table { place: Audio::PLACE, about: Audio::ABOUT, keys: Audio::KEYS },
    Table { place: Signature::PLACE, about: Signature::ABOUT, keys: Signature::KEYS },
    Table { place: Expect::PLACE, about: Expect::ABOUT, keys: Expect::KEYS },
    Table { place: Discovery::PLACE, about: Discovery::ABOUT, keys: Discovery::KEYS },
    Table { place: MessageJson::PLACE, about: MessageJson::ABOUT, keys: MessageJson::KEYS },
];

/// May the value of a key of this name be printed? Only if it is a harmless one, or a slip of the finger near one.
pub(super) fn may_be_shown(name: &str) -> bool {
    if ROOT.contains(&name) {
        return true;
    }
    let keys = || TABLES.iter().flat_map(|table| table.keys);
    match keys().find(|key| key.name == name) {
        Some(key) => key.shown,
        None => !speaks_of_secrets(name) && nearest(name, keys().filter(|key| key.shown).map(|key| key.name)).is_some(),
    }
}

/// Reports a key that the table at `place` does not have; `own` are those that it has.
pub(super) fn report_unknown(place: &str, own: &[&[Key]], key: &Spanned<DeString<'_>>, sink: &mut Sink) {
    let names: Vec<&str> = own.iter().flat_map(|keys| *keys).map(|key| key.name).collect();
    report_unknown_name(place, &names, key, sink);
}

fn report_unknown_name(place: &str, own: &[&str], key: &Spanned<DeString<'_>>, sink: &mut Sink) {
    if sink.is_full() {
        sink.push(Problem::new(Code::UnknownKey, "").at(&key.span(), ""));
        return;
    }
    let name = key.get_ref().as_ref();
    let problem = if let Some(instead) = instead_of_secret(name) {
        let instead = if name == "auth_token" && own.contains(&"auth_token_file") { SIGNS_WITH } else { instead };
        Problem::new(Code::InlineSecret, "a secret does not belong into this file").at(&key.span(), "").help(instead)
    } else if let Some(home) = TABLES.iter().find(|table| table.keys.iter().any(|key| key.name == name)) {
        let problem = Problem::new(Code::MisplacedKey, format!("{} does not belong into {place}", shown(name)));
        problem
            .at(&key.span(), "")
            .help(format!("it belongs into {}; a key counts to the last table header above it", home.place))
    } else {
        let problem = Problem::new(Code::UnknownKey, format!("there is no key {} in {place}", shown(name))).at(&key.span(), "");
        match nearest(name, own.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if own.len() <= 16 => problem.help(format!("there are `{}`", own.join("`, `"))),
            None => problem.help("`docs/configuration.md` has the keys that there are"),
        }
    };
    sink.push(problem);
}

/// Where the token of a signature comes from.
const SIGNS_WITH: &str = "use `auth_token_file` or `auth_token_env`";

/// What to write in place of a key that looks like a secret in the clear.
fn instead_of_secret(name: &str) -> Option<&'static str> {
    Some(match name {
        "password" | "passwd" | "pass" => "use `password_file` or `password_env` in `basic_auth = { username = \"…\", … }`",
        "token" | "bearer" | "bearer_token" | "auth_token" | "access_token" => "use `bearer_token_file` or `bearer_token_env`",
        "secret" | "api_key" | "apikey" | "authorization" | "client_key" => {
            "use `headers` with `{ file = \"…\" }` or `{ env = \"…\" }` for a header, `client_key_file` for a key"
        }
        _ => return None,
    })
}
