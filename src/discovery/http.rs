//! Lists that a server has: one GET, as Prometheus makes it (docs/http_sd.md).
//!
//! Deliberately absent: redirects, proxies, connections that are used again. The answer is trusted as far as a configuration file is, and
//! no further: it has a size, a time, and a content type.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::ListError;
use crate::config::HttpSource;
use crate::fleet::{TargetGroup, parse_json};
use crate::monitor::{Credentials, Roots};
use crate::text::Printable;

/// The largest answer, in bytes: a hundred thousand targets with labels.
const LARGEST: usize = 32 << 20;

/// Asks for the list.
pub(super) async fn fetch(source: &HttpSource, refresh: Duration) -> Result<Vec<TargetGroup>, ListError> {
    let bad = |says: String| ListError::Server { url: Printable::trusted(source.url.to_string()), says };
    let asking = ask(source, refresh);
    let late = |_| format!("no complete answer within {:?}", source.timeout);
    let body = tokio::time::timeout(source.timeout, asking).await.map_err(late).flatten().map_err(bad)?;
    let text = String::from_utf8(body).map_err(|_| bad("the answer is not UTF-8".to_owned()))?;
    parse_json(&text).map_err(|error| bad(error.to_string()))
}

async fn ask(source: &HttpSource, refresh: Duration) -> Result<Vec<u8>, String> {
    let client = client(trust(source)).map_err(|error| said(&error))?;
    let mut request = client
        .get(source.url.url().clone())
        .header("Accept", "application/json")
        .header("X-Prometheus-Refresh-Interval-Seconds", refresh.as_secs_f64().to_string());
    request = match &source.credentials {
        Some(Credentials::Basic { username, password }) => request.basic_auth(username, Some(password.expose())),
        Some(Credentials::Bearer(token)) => request.bearer_auth(token.expose()),
        None => request,
    };
    let mut answer = request.send().await.map_err(|error| said(&error))?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(format!("the answer is {status}, and redirects are not followed"));
    }
    if status != 200 {
        return Err(format!("the answer is {status}, and a list comes with 200"));
    }
    let content_type = answer.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    if !content_type.as_deref().is_some_and(is_json) {
        let found = Printable::capture(content_type.as_deref().unwrap_or("none").as_bytes(), 100);
        return Err(format!("the content type is `{found}`, and a list comes as `application/json`"));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| said(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err("the answer is larger than 32 MiB".to_owned());
        }
    }
    Ok(body)
}

/// `application/json`, and UTF-8 if a character set is named at all.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/json")
        && parts.all(|part| matches!(part.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

/// The innermost cause, which says what happened; the outer ones say that something did.
fn said(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Printable::capture(cause.to_string().as_bytes(), 300).to_string()
}

fn trust(source: &HttpSource) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    if source.url.is_secure() {
        match source.roots {
            Roots::Webpki => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Roots::Native => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        roots.add_parsable_certificates(source.extra_roots.iter().map(|der| CertificateDer::from_slice(der)));
    }
    roots
}

/// A client that speaks plain HTTP alone.
///
/// # Errors
/// If it cannot be made.
pub fn plain_client() -> Result<Client, reqwest::Error> {
    client(RootCertStore::empty())
}

fn client(roots: RootCertStore) -> Result<Client, reqwest::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // The provider has the versions that are asked for.
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut builder = Client::builder();
    if let Ok(versions) = versions {
        builder = builder.tls_backend_preconfigured(versions.with_root_certificates(roots).with_no_client_auth());
    }
    builder
        .user_agent(concat!("sidetone/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .pool_max_idle_per_host(0)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=\"UTF-8\""] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/html", "application/jsonp", "application/json; charset=latin1", "text/plain; application/json"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
