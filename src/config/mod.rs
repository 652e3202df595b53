//! `monitors.toml`: from text to a [`Config`], or to a page of [`Problems`].
//!
//! The way: parse to a document with places (`toml`, `syntax`), read every key by its kind (`read`, `kinds`, `raw`), then build the
//! monitors and check what no single key can be blamed for (`validate`). Each step reports all that it finds and goes on.
//!
//! Deliberately absent: the command line, reloading, anything that changes while the daemon runs, and `${…}` in values.
//!
//! Invariants: a [`Config`] is usable as it is; secrets come from files and variables and are never printed, nor are lines of the
//! file that could hold one.

mod calls;
mod discovery;
mod file;
mod fill;
mod kinds;
mod lists;
mod mask;
mod problem;
mod raw;
mod read;
mod reference;
mod secret;
mod sound;
mod suggest;
mod summary;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod validate;
mod values;
mod webhooks;

pub use file::open as open_regular;
pub use lists::{Discovery, HttpSource, Source};
pub use problem::{Code, Label, Problem, Problems};
pub use reference::reference;
pub use secret::{BadSecret, FileError, read_ca_file, read_secret_file};
pub use sound::{BadSound, Speech, read_wav, resample};
pub use suggest::nearest;
pub use summary::summary;
pub use template::{ExpandError, Expanded, Skipped};
pub use values::{
    InvalidDuration, InvalidHeader, InvalidSubprotocol, UnknownWord, check_header_name, check_header_value, check_subprotocol,
    parse_duration, parse_header, parse_hold, parse_ip, parse_mode,
};

use std::ffi::OsString;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::de::DeTable;

use crate::monitor::Monitor;
use mask::Masked;
use problem::Sink;
use raw::Document;
use secret::Surroundings;
use validate::{Desk, Readers};

/// The largest configuration file, in bytes.
const LARGEST: usize = 4 << 20;

/// What the daemon runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The process as a whole.
    pub daemon: DaemonSettings,
    /// Each name once, in the order of the file; at least one if there are no lists.
    pub monitors: Vec<Arc<Monitor>>,
    /// Lists from which further monitors come, each name once.
    pub discoveries: Vec<Arc<Discovery>>,
    /// What is allowed and should be said aloud, one sentence each.
    pub notes: Vec<String>,
}

/// `[daemon]`: the process as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSettings {
    /// Where metrics, API and page are served.
    pub listen: SocketAddr,
    /// How many probes may run at the same time.
    pub max_concurrent_probes: usize,
    /// How long open lines may take to say goodbye when the daemon stops.
    pub grace: Duration,
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 10065)),
            max_concurrent_probes: 256,
            grace: Duration::from_secs(15),
        }
    }
}

/// Reads the file at `path`; relative paths in it begin at its folder.
///
/// # Errors
/// If it cannot be read, or has mistakes: all of them.
pub fn load(path: &Path) -> Result<Config, Problems> {
    let name = path.display().to_string();
    let text = read(path).map_err(|problem| Problems::of_file(&name, problem))?;
    let base = path.parent().unwrap_or_else(|| Path::new(""));
    let (mut config, has_inline_headers) = parse_with(&text, &name, Surroundings::new(base, &variable), Readers::Many)?;
    if has_inline_headers && is_readable_by_all(path) {
        let note =
            format!("{name} has header values in the clear and every user can read it; use `{{ file = … }}`, or `chmod 640`");
        config.notes.push(note);
    }
    Ok(config)
}

/// Reads the text of a configuration. `name` is what problems call it; relative paths in it begin at `base`.
///
/// # Errors
/// If it has mistakes: all of them.
pub fn parse(text: &str, name: &str, base: &Path) -> Result<Config, Problems> {
    parse_with(text, name, Surroundings::new(base, &variable), Readers::Many).map(|(config, _)| config)
}

/// As [`parse`], for a text that is made from the options of a command and is no file that others read: headers that log in may
/// have their value in it.
///
/// # Errors
/// If it has mistakes: all of them.
pub fn parse_options(text: &str, name: &str, base: &Path) -> Result<Config, Problems> {
    parse_with(text, name, Surroundings::new(base, &variable), Readers::Ourselves).map(|(config, _)| config)
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The configuration, and whether header values stand in the text itself.
fn parse_with(text: &str, name: &str, surroundings: Surroundings<'_>, readers: Readers) -> Result<(Config, bool), Problems> {
    if text.len() > LARGEST {
        return Err(Problems::of_file(name, too_large()));
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut sink = Sink::default();
    if !errors.is_empty() {
        let broken = syntax::report(text, root.get_ref(), &errors, &mut sink);
        sink.doubt(broken);
    }
    let document = Document::read(&root, &mut sink);
    let config = validate::config(&document, &mut Desk { sink: &mut sink, text, surroundings, readers });
    match config {
        Some(config) => Ok((config, document.has_inline_headers())),
        None => Err(sink.into_problems(name, Masked::new(text, !errors.is_empty()))),
    }
}

fn read(path: &Path) -> Result<String, Problem> {
    let unreadable = |error: io::Error| {
        let problem = Problem::new(Code::FileUnreadable, format!("cannot read the configuration: {error}"));
        problem.help("`--config` names the file; without it, `monitors.toml` in the working directory is read")
    };
    let mut bytes = Vec::new();
    let file = file::open(path).map_err(unreadable)?;
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..good].iter().filter(|b| **b == b'\n').count();
        Problem::new(Code::NotUtf8, format!("line {line} is not UTF-8")).help("save the file with the encoding UTF-8")
    })
}

fn too_large() -> Problem {
    Problem::new(Code::FileTooLarge, "the configuration is larger than 4 MiB").help("split it, one daemon for each file")
}

#[cfg(unix)]
fn is_readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS_MAY_READ: u32 = 0o004;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS_MAY_READ != 0)
}

#[cfg(not(unix))]
fn is_readable_by_all(_path: &Path) -> bool {
    false
}
