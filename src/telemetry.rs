//! Where the daemon's log goes: to stderr, as text or JSON lines.
//!
//! Deliberately absent: frames and anything else that an endpoint said and nobody has sanitised, and anything per probe above `debug`. At `info` there is one line per change of state and one per event in the
//! daemon's own life.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::outcome::words;
use crate::text::Printable;

words! {
    /// The form of the log.
    Format {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is no word and no filter.
    #[error("`{0}` is no log level; write error, warn, info, debug, trace, or a filter such as sidetone=debug")]
    Level(String),
    /// `RUST_LOG` is no filter.
    #[error("RUST_LOG cannot be read: {0}")]
    Environment(#[source] tracing_subscriber::filter::FromEnvError),
    /// Somebody was here before.
    #[error("a log has been set up already")]
    Twice,
}

/// Sets up the log of the process; panics go there as well. The level is `level` if there is one, else `RUST_LOG`, else `info`.
///
/// # Errors
/// If the level cannot be read, or a log has been set up already.
pub fn init(format: Format, level: Option<&str>) -> Result<(), TelemetryError> {
    let log = tracing_subscriber::fmt().with_env_filter(filter(level)?).with_writer(std::io::stderr);
    let set_up = match format {
        Format::Text => log.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        Format::Json => log.json().flatten_event(true).finish().try_init(),
    };
    set_up.map_err(|_| TelemetryError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// From `debug` on, these libraries write whole messages into the log, with whatever an endpoint has put there; it may be a secret of ours.
const MUTED: [&str; 2] = ["tungstenite=warn", "tokio_tungstenite=warn"];

fn filter(level: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let asked = asked_for(level)?;
    Ok(MUTED.iter().filter_map(|directive| directive.parse().ok()).fold(asked, EnvFilter::add_directive))
}

fn asked_for(level: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    if let Some(level) = level {
        return EnvFilter::builder().parse(level).map_err(|_| TelemetryError::Level(level.to_owned()));
    }
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_none() {
        return Ok(EnvFilter::new("info"));
    }
    EnvFilter::try_from_default_env().map_err(TelemetryError::Environment)
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    const LONGEST: usize = 256;
    let message = Printable::capture(panic.payload_as_str().unwrap_or("no message").as_bytes(), LONGEST);
    let place = panic.location().map(ToString::to_string);
    error!(place, %message, "panic: this is a bug of sidetone");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_read() {
        for good in ["info", "debug", "warn", "sidetone=debug,info"] {
            assert!(filter(Some(good)).is_ok(), "{good}");
        }
        for directive in MUTED {
            let filter = filter(Some("trace")).unwrap().to_string();
            assert!(filter.contains(directive), "{filter}");
        }
        let error = filter(Some("sidetone=loud")).unwrap_err();
        assert!(error.to_string().starts_with("`sidetone=loud` is no log level"), "{error}");
    }
}
