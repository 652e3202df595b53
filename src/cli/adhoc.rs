//! A monitor from the command line. The options become a small configuration, which is read by the same code as `monitors.toml`: one
//! set of rules, one set of messages.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use toml::{Table, Value};

use crate::config;
use crate::monitor::Monitor;

/// The name of a monitor that has none.
const NAME: &str = "ad-hoc";

/// Longer than any probe can take.
const NO_RHYTHM: &str = "1day 12h";

/// Keys of which one makes the others pointless or wrong: an option takes the place of what the file has of its group.
const RIVALS: [&[&str]; 8] = [
    &["basic_auth", "bearer_token_file", "bearer_token_env"],
    &["insecure", "ca_file"],
    &["frame", "frame_text", "frame_base64"],
    &["message_contains", "message_json"],
    &["password_file", "password_env"],
    &["file", "env"],
    &["auth_token_file", "auth_token_env"],
    &["url", "webhook"],
];

/// What is said of options that need a webhook where there is none.
const NO_WEBHOOK: &str = "--auth-token-file, --auth-token-env, --expect-host and --allow-private are about a webhook: give its URL with \
                          --webhook, or the name of a monitor that begins at one";

/// What a probe may take from the command line.
#[derive(Debug, Args)]
pub(super) struct MonitorArgs {
    /// What to speak
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<String>,
    /// How long to hold the line
    #[arg(long, value_name = "DURATION")]
    hold: Option<String>,
    /// streamed or idle
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// An extra header of the upgrade request; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// A subprotocol to offer; may be repeated
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
    /// Trust this authority as well (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Do not check the certificate
    #[arg(long)]
    insecure: bool,
    /// Dial this host and port instead of the URL's
    #[arg(long, value_name = "HOST:PORT")]
    connect_to: Option<String>,
    /// auto, v4 or v6
    #[arg(long, value_name = "FAMILY")]
    ip: Option<String>,
    /// Send pings this often
    #[arg(long, value_name = "DURATION")]
    ping_interval: Option<String>,
    /// Read the bearer token from this file
    #[arg(long, value_name = "FILE")]
    bearer_token_file: Option<PathBuf>,
    #[command(flatten)]
    webhook: WebhookArgs,
    /// Any other key of a monitor, as in monitors.toml; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// What a probe that begins at a webhook may take from the command line.
#[derive(Debug, Args)]
pub(super) struct WebhookArgs {
    /// Begin at this webhook, as the provider does: ask it, and dial what it says
    #[arg(long = "webhook", value_name = "URL")]
    url: Option<String>,
    /// Sign the request to the webhook with the token in this file
    #[arg(long, value_name = "FILE", conflicts_with = "auth_token_env")]
    auth_token_file: Option<PathBuf>,
    /// Sign it with the token in this environment variable
    #[arg(long, value_name = "NAME")]
    auth_token_env: Option<String>,
    /// The public host of the stream, if it is not the webhook's own
    #[arg(long, value_name = "HOST")]
    expect_host: Option<String>,
    /// Dial the stream even on this machine or in a private network
    #[arg(long)]
    allow_private: bool,
}

impl WebhookArgs {
    /// The options as the table `webhook` of a monitor.
    fn table(&self) -> Option<Table> {
        let mut table = Table::new();
        let paths = self.auth_token_file.as_deref().map(absolute);
        let texts = [
            ("url", self.url.clone()),
            ("auth_token_file", paths),
            ("auth_token_env", self.auth_token_env.clone()),
            ("expect_host", self.expect_host.clone()),
        ];
        for (key, text) in texts {
            text.map(|text| table.insert(key.to_owned(), text.into()));
        }
        if self.allow_private {
            table.insert("allow_private".into(), true.into());
        }
        (!table.is_empty()).then_some(table)
    }
}

impl MonitorArgs {
    /// The options as keys of a monitor.
    fn table(&self) -> Result<Table, String> {
        let mut table = Table::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                table.insert(key.to_owned(), value);
            }
        };
        let text = |option: &Option<String>| option.clone().map(Value::String);
        let path = |option: &Option<PathBuf>| option.as_ref().map(|path| Value::String(absolute(path)));
        put("dialect", text(&self.dialect));
        put("hold", text(&self.hold));
        put("mode", text(&self.mode));
        put("ca_file", path(&self.ca_file));
        put("insecure", self.insecure.then_some(Value::Boolean(true)));
        put("connect_to", text(&self.connect_to));
        put("ip", text(&self.ip));
        put("ping_interval", text(&self.ping_interval));
        put("bearer_token_file", path(&self.bearer_token_file));
        let strings = |list: &[String]| Value::Array(list.iter().cloned().map(Value::String).collect());
        put("subprotocols", (!self.subprotocol.is_empty()).then(|| strings(&self.subprotocol)));
        put("headers", headers(&self.header)?);
        put("webhook", self.webhook.table().map(Value::Table));
        for pair in &self.set {
            merge(&mut table, parse_pair(pair)?);
        }
        Ok(table)
    }

    /// A monitor for `url`, or for the webhook that the options name.
    pub(super) fn for_url(&self, url: Option<&str>) -> Result<Arc<Monitor>, String> {
        let mut table = without_rhythm(Table::new());
        merge(&mut table, self.table()?);
        table.insert("name".into(), NAME.into());
        check_webhook(&table)?;
        if let Some(url) = url {
            table.insert("url".into(), url.into());
        }
        read(table, Table::new(), Path::new("."))
    }

    /// The monitor `name` of the configuration at `path`, with the options on top.
    pub(super) fn for_name(&self, name: &str, path: &Path) -> Result<Arc<Monitor>, String> {
        let configured = config::load(path).map_err(|problems| problems.to_string())?;
        let options = self.table()?;
        if options.is_empty() {
            let found = configured.monitors.iter().find(|monitor| monitor.name.as_str() == name);
            return found.cloned().ok_or_else(|| unknown(name, path, &configured));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut document: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let monitors = document.get("monitor").and_then(Value::as_array);
        let found = monitors.and_then(|list| list.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some(name)));
        let own = found.and_then(Value::as_table).cloned().ok_or_else(|| unknown(name, path, &configured))?;
        let mut table = without_rhythm(own);
        let mut defaults: Table = document.remove("defaults").and_then(|value| value.try_into().ok()).unwrap_or_default();
        drop_rivals(&mut table, &options);
        drop_rivals(&mut defaults, &options);
        merge(&mut table, options);
        if has_no_url(&table) {
            return Err(NO_WEBHOOK.to_owned());
        }
        read(table, defaults, path.parent().unwrap_or_else(|| Path::new(".")))
    }
}

/// A webhook's options without a webhook, or a webhook of which nobody says whose it is.
fn check_webhook(table: &Table) -> Result<(), String> {
    if has_no_url(table) {
        return Err(NO_WEBHOOK.to_owned());
    }
    let has_provider = |webhook: &Value| webhook.get("provider").is_some();
    match table.get("webhook") {
        Some(webhook) if !has_provider(webhook) && !table.contains_key("dialect") => {
            Err("--webhook needs to know whose request to make: give --dialect, or --set webhook.provider=…".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

fn has_no_url(table: &Table) -> bool {
    table.get("webhook").and_then(Value::as_table).is_some_and(|webhook| !webhook.contains_key("url"))
}

/// A one-shot probe has no rhythm, so that no interval is what refuses a long hold.
fn without_rhythm(mut monitor: Table) -> Table {
    for key in ["interval", "interval_failing"] {
        monitor.insert(key.into(), NO_RHYTHM.into());
    }
    monitor
}

/// Takes out of `own` what an option excludes.
fn drop_rivals(own: &mut Table, options: &Table) {
    for (key, value) in options {
        let group = RIVALS.iter().find(|group| group.contains(&key.as_str())).copied().unwrap_or_default();
        for rival in group.iter().filter(|rival| *rival != key) {
            own.remove(*rival);
        }
        if let (Some(Value::Table(own)), Value::Table(options)) = (own.get_mut(key), value) {
            drop_rivals(own, options);
        }
    }
}

/// Puts `more` on top of `own`: of tables each key, of headers each name in whatever case. Everywhere else case counts, as in the file.
fn merge(own: &mut Table, more: Table) {
    for (key, value) in more {
        match (own.get_mut(&key), value) {
            (Some(Value::Table(own)), Value::Table(more)) if key == "headers" => merge_headers(own, more),
            (Some(Value::Table(own)), Value::Table(more)) => merge(own, more),
            (_, value) => {
                own.insert(key, value);
            }
        }
    }
}

fn merge_headers(own: &mut Table, more: Table) {
    own.retain(|name, _| !more.keys().any(|other| other.eq_ignore_ascii_case(name)));
    own.extend(more);
}

fn unknown(name: &str, path: &Path, config: &config::Config) -> String {
    let names: Vec<_> = config.monitors.iter().map(|monitor| monitor.name.as_str()).collect();
    format!("no monitor is named `{name}` in {}; there are: {}", path.display(), names.join(", "))
}

fn read(monitor: Table, defaults: Table, base: &Path) -> Result<Arc<Monitor>, String> {
    let mut document = Table::new();
    if !defaults.is_empty() {
        document.insert("defaults".into(), Value::Table(defaults));
    }
    document.insert("monitor".into(), Value::Array(vec![Value::Table(monitor)]));
    let text = toml::to_string(&document).map_err(|error| error.to_string())?;
    let config = config::parse_options(&text, "the options given", base).map_err(|problems| problems.to_string())?;
    config.monitors.into_iter().next().ok_or_else(|| "no monitor came of the options".to_owned())
}

fn headers(list: &[String]) -> Result<Option<Value>, String> {
    let mut table = Table::new();
    for header in list {
        let (name, value) = header.split_once(':').ok_or_else(|| "--header wants `Name: value`".to_owned())?;
        table.insert(name.trim().to_owned(), Value::String(value.trim().to_owned()));
    }
    Ok((!table.is_empty()).then_some(Value::Table(table)))
}

/// `key=value` where the value is TOML; a bare word counts as a string, so that shells need no second layer of quotes. The key may have
/// dots, as in the file.
fn parse_pair(pair: &str) -> Result<Table, String> {
    let (key, value) = pair.split_once('=').ok_or_else(|| format!("--set wants KEY=VALUE, not `{pair}`"))?;
    let with = |value: &str| format!("{key} = {value}").parse::<Table>().ok();
    // A number with a plus sign is a telephone number; nobody writes others so.
    let telephone = (value.trim_start().starts_with('+') || is_bare_text(key, value)).then_some(());
    let bare = || with(&Value::String(value.trim().to_owned()).to_string());
    // The value is not repeated: it may be a secret.
    telephone
        .and_then(|()| bare())
        .or_else(|| with(value))
        .or_else(bare)
        .ok_or_else(|| format!("--set wants a key of a monitor before the `=`, not `{key}`"))
}

/// Values of parameters, headers and labels are texts: a number or a truth value is one, too.
fn is_bare_text(key: &str, value: &str) -> bool {
    let of_texts = key
        .trim()
        .rsplit_once('.')
        .is_some_and(|(table, _)| matches!(table.rsplit('.').next(), Some("parameters" | "headers" | "labels")));
    of_texts && !value.trim_start().starts_with(['"', '\'', '{'])
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_toml_or_bare_words() {
        let rows = [
            ("min_hold=1s", "min_hold = '1s'"),
            ("min_hold = \"1s\"", "min_hold = '1s'"),
            ("accept_codes=[1000, 4000]", "accept_codes = [1000, 4000]"),
            ("max_bytes=5", "max_bytes = 5"),
            ("expect={echo=true}", "[expect]\necho = true"),
            ("expect.echo=true", "[expect]\necho = true"),
            ("webhook.parameters.From=+12025550123", "[webhook.parameters]\nFrom = '+12025550123'"),
            ("webhook.parameters.Digits=1", "[webhook.parameters]\nDigits = '1'"),
            ("call.parameters.x={ file = 'f' }", "[call.parameters]\nx = { file = 'f' }"),
            ("labels.team='a b'", "[labels]\nteam = 'a b'"),
            ("webhook.parameters.From=", "[webhook.parameters]\nFrom = ''"),
            ("call.from=+12025550123", "[call]\nfrom = '+12025550123'"),
            ("raw.frame_text=say \"hi\"=", "[raw]\nframe_text = 'say \"hi\"='"),
        ];
        for (pair, toml) in rows {
            assert_eq!(parse_pair(pair).unwrap(), toml.parse::<Table>().unwrap(), "{pair}");
        }
        for bad in ["nonsense", "=1", "two words=canary"] {
            assert!(!parse_pair(bad).unwrap_err().contains("canary"), "{bad}");
        }
    }

    #[test]
    fn options_go_on_top_of_the_file() {
        let rows = [
            ("hold = '1s'\nmode = 'idle'", "hold = '2s'", "hold = '2s'\nmode = 'idle'"),
            ("[headers]\nX-A = '1'\nX-B = '2'", "[headers]\nx-a = '3'", "[headers]\nx-a = '3'\nX-B = '2'"),
            ("[headers]\nX-A = { file = 'f' }", "[headers]\nX-A = '3'", "[headers]\nX-A = '3'"),
            ("[headers]\nX-A = { file = 'f' }", "[headers]\nX-A = { env = 'E' }", "[headers]\nX-A = { env = 'E' }"),
            (
                "[webhook.headers]\nX-A = '1'\n[webhook.parameters]\nFrom = '1'",
                "[webhook.headers]\nx-a = '2'\n[webhook.parameters]\nfrom = '2'",
                "[webhook.headers]\nx-a = '2'\n[webhook.parameters]\nFrom = '1'\nfrom = '2'",
            ),
            ("[call.parameters]\nkey = '1'", "[call.parameters]\nKey = '2'", "[call.parameters]\nkey = '1'\nKey = '2'"),
            ("[labels]\nteam = 'a'", "[labels]\nteam = 'b'", "[labels]\nteam = 'b'"),
            ("[basic_auth]\nusername = 'u'", "bearer_token_env = 'E'", "bearer_token_env = 'E'"),
            ("ca_file = 'f'", "insecure = true", "insecure = true"),
            ("url = 'ws://h'", "webhook = { url = 'http://h' }", "webhook = { url = 'http://h' }"),
            ("webhook = { url = 'http://h', timeout = '1s' }", "url = 'ws://h'", "url = 'ws://h'"),
            (
                "webhook = { url = 'http://h', auth_token_file = 'f' }",
                "webhook = { auth_token_env = 'E' }",
                "webhook = { url = 'http://h', auth_token_env = 'E' }",
            ),
            ("insecure = true", "insecure = true\nca_file = 'f'", "insecure = true\nca_file = 'f'"),
            (
                "expect = { echo = true, message_contains = 'a' }",
                "expect = { message_json = {} }",
                "expect = { echo = true, message_json = {} }",
            ),
        ];
        let table = |text: &str| text.parse::<Table>().unwrap();
        for (file, options, both) in rows {
            let mut own = table(file);
            drop_rivals(&mut own, &table(options));
            merge(&mut own, table(options));
            assert_eq!(own, table(both), "{options} over {file}");
        }
    }
}
