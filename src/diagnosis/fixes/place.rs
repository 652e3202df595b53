//! What a snippet is filled in with: the host, port and path that the user configured, as far as they are harmless in a shell, in XML and
//! in every proxy's configuration.

use url::Url;

use super::fix::Fix;
use crate::monitor::{Endpoint, Monitor, Target};
use crate::outcome::{Check, Outcome, Phase};
use crate::report::Report;

/// In place of a host that is not harmless.
const HOST: &str = "voice.example.com";
/// In place of a path that is not configured (a webhook names it) or not harmless.
const PATH: &str = "/media";

/// Where the monitor dials.
pub(super) struct Place {
    host: String,
    port: u16,
    path: String,
    /// `host` or `host:port`, as it stands in a URL.
    authority: String,
    /// The stream's URL as the provider should have it.
    stream: String,
    /// Is the path of the stream only an example?
    example: bool,
}

impl Place {
    pub(super) fn of(monitor: &Monitor, report: &Report) -> Self {
        match &monitor.endpoint {
            Endpoint::Stream(target) => Self::of_stream(target, better_path(monitor, report).unwrap_or_else(|| target.path())),
            Endpoint::Webhook(webhook) => {
                let at_webhook = report.phase == Some(Phase::Webhook);
                Self::of_webhook(webhook.url.url(), webhook.expect_host.as_deref(), at_webhook)
            }
        }
    }

    fn of_stream(target: &Target, path: &str) -> Self {
        let (host, path, port) = (harmless_host(&target.host().to_string()), harmless_path(path), target.port());
        let authority = with_port(&host, port);
        Self { stream: format!("wss://{authority}{path}"), host, port, path, authority, example: false }
    }

    /// The stream of a webhook stands in its answer, which is the endpoint's text: its path here is an example.
    fn of_webhook(url: &Url, expect_host: Option<&str>, at_webhook: bool) -> Self {
        let own = harmless_host(url.host_str().unwrap_or_default());
        let port = url.port_or_known_default().unwrap_or(443);
        let of_stream = expect_host.map_or_else(|| with_port(&own, port), harmless_host);
        let stream = format!("wss://{of_stream}{PATH}");
        if at_webhook {
            let (path, authority) = (harmless_path(url.path()), of_stream);
            return Self { host: own, port, path, authority, stream, example: true };
        }
        let (host, port) = expect_host.map_or((own, port), |host| (harmless_host(host), 443));
        Self { host, port, path: PATH.to_owned(), authority: of_stream, stream, example: true }
    }

    /// `text` with its marks filled in.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("@host@", &self.host)
            .replace("@port@", &self.port.to_string())
            .replace("@path@", &self.path)
            .replace("@stream@", &self.stream)
            .replace("@public@", &format!("https://{}", self.authority))
    }

    /// What the row says, and which of its path is an example.
    pub(super) fn says(&self, fix: &Fix) -> String {
        let shown = fix.text.contains("@stream@") || fix.text.contains("@path@") && self.path == PATH;
        let example = if self.example && shown { format!(" ({PATH}: the stream's path)") } else { String::new() };
        format!("{}{example}", fix.says)
    }
}

/// Without the ports that a URL leaves out.
fn with_port(host: &str, port: u16) -> String {
    if matches!(port, 80 | 443) { host.to_owned() } else { format!("{host}:{port}") }
}

/// The path of the user's own variants at which a follow-up check found the server.
fn better_path<'m>(monitor: &'m Monitor, report: &Report) -> Option<&'m str> {
    let works = report.checks.iter().filter(|check| check.check == Check::Path && check.outcome == Some(Outcome::Success));
    let subjects: Vec<_> = works.map(|check| check.subject.as_str()).collect();
    let target = monitor.endpoint.target()?;
    monitor.path_variants.iter().map(String::as_str).find(|path| subjects.contains(&target.with_path(path).to_string().as_str()))
}

fn harmless_host(host: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !host.is_empty() && !host.starts_with('-') && host.chars().all(is_harmless) { host.to_owned() } else { HOST.to_owned() }
}

/// The path up to the first segment that has anything else in it than letters, digits, `-`, `_`, `.` and `~`.
fn harmless_path(path: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    match path.find(|c| !is_harmless(c)) {
        _ if !path.starts_with('/') => PATH.to_owned(),
        None => path.to_owned(),
        Some(at) => path[..=path[..at].rfind('/').unwrap_or(0)].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_text_is_filled_in() {
        let paths = [
            ("/media-stream", "/media-stream"),
            ("/", "/"),
            ("/a/b.c~d_e-1", "/a/b.c~d_e-1"),
            ("/media/{uuid}", "/media/"),
            ("/media/{call_id}/x", "/media/"),
            ("/$(reboot)", "/"),
            ("/a/b;rm -rf", "/a/"),
            ("/a\"/><Say>", "/"),
            ("/x%0a", "/"),
            ("", "/media"),
            ("media", "/media"),
        ];
        for (path, expected) in paths {
            assert_eq!(harmless_path(path), expected, "{path}");
        }
        let hosts = [
            ("voice.example.com", "voice.example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("$(reboot).example.com", HOST),
            ("-oProxyCommand", HOST),
            ("a'b.example.com", HOST),
            ("", HOST),
        ];
        for (host, expected) in hosts {
            assert_eq!(harmless_host(host), expected, "{host}");
        }
    }
}
