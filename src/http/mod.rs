//! What sidetone serves: metrics, health, a JSON API and plain pages.
//!
//! | route | answer |
//! |---|---|
//! | `GET /` | every monitor and how it stands, as a page |
//! | `GET /monitors/<name>` | one monitor with the timeline of its last failure: what an alert links to |
//! | `GET /metrics` | Prometheus text format 0.0.4, with gzip if the client takes it |
//! | `GET /probe?target=<name>` | probes a configured monitor now; blackbox_exporter's names (`&debug=true`: with the timeline) |
//! | `GET /sd/targets` | the monitors as targets of `/probe`, in the form of Prometheus' HTTP service discovery |
//! | `GET /-/healthy` | 200 as long as the process can answer |
//! | `GET /-/ready` | 200; 503 before the configuration is loaded and during a shutdown |
//! | `POST`, `PUT /-/reload` | loads the configuration again; only with `--enable-lifecycle` |
//! | `GET /api/v1/monitors` | `{"version", "monitors": [Monitor]}` |
//! | `GET /api/v1/monitors/<name>` | `Monitor` with `"latest"` and `"latest_failure"`, which are report JSON or `null` |
//! | `GET /api/v1/monitors/<name>/reports` | `{"monitor", "reports": [report JSON]}`, the newest first; `?outcome=success`, `failure` or `inconclusive` |
//!
//! `Monitor` is `{"name", "target", "dialect", "mode", "interval_seconds", "hold_target_seconds", "labels", "state", "state_since",
//! "flapping", "last_probe": Probe, "last_failure": Probe}`, and `Probe` is `{"started_at", "outcome", "phase", "reason", "owner", "summary",
//! "held_seconds", "close_code"}` or `null`. Errors under `/api/` are `{"error": "…"}`, elsewhere plain text.
//!
//! Deliberately absent: anything that changes the daemon without `--enable-lifecycle`, free targets (server-side request forgery), TLS and
//! passwords (a reverse proxy has them), scripts.
//!
//! Invariant: page and JSON are rendered from the same structs of `view`, and every text goes through `escape_html` on its way into a page.

mod admin;
mod api;
mod extract;
mod page;
mod probe;
mod prompt;
mod sd;
mod serve;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use serve::{Limits, serve};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tower_http::compression::CompressionLayer;

use crate::supervisor::Board;

/// What the routes need of the daemon.
#[derive(Clone, Debug)]
pub struct Surface {
    /// The monitors.
    pub board: Board,
    /// What `/-/ready` says.
    pub readiness: Readiness,
    /// Where `/-/reload` goes; `None` without `--enable-lifecycle`.
    pub reload: Option<mpsc::Sender<ReloadRequest>>,
}

/// Is the daemon able to do its work? Clones share the answer, which is no at first.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

/// Where the result of a reload goes: a line on success, the page of problems otherwise.
pub type ReloadRequest = oneshot::Sender<Result<String, String>>;

impl Readiness {
    /// Changes the answer.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// The answer.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Every route, with the limits that belong to requests.
pub fn router(surface: Surface, limits: &Limits) -> Router {
    let quick = Router::new()
        .route("/", get(page::overview))
        .route("/style.css", get(page::style))
        .route("/monitors/{name}", get(page::monitor))
        .route("/metrics", get(admin::metrics).layer(CompressionLayer::new()))
        .route("/-/healthy", get(admin::healthy))
        .route("/-/ready", get(admin::ready))
        .route("/-/reload", post(admin::reload).put(admin::reload))
        .route("/sd/targets", get(sd::targets))
        .route("/api/v1/monitors", get(api::monitors))
        .route("/api/v1/monitors/{name}", get(api::monitor))
        .route("/api/v1/monitors/{name}/reports", get(api::reports))
        .layer(middleware::from_fn_with_state(limits.request_timeout, in_time));
    // A probe takes as long as it takes: `/probe` has a deadline of its own, and so many places that the other routes keep some.
    let places = Arc::new(Semaphore::new(limits.probes.max(1)));
    let in_its_place = middleware::from_fn_with_state(places, probe::in_its_place);
    quick
        .route("/probe", get(probe::probe).route_layer(in_its_place))
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::map_response(with_security_headers))
        .with_state(surface)
}

/// An error as the client likes it: JSON under `/api/`, plain text elsewhere.
struct Refusal {
    status: StatusCode,
    says: String,
    json: bool,
}

impl Refusal {
    fn text(status: StatusCode, says: impl Into<String>) -> Self {
        Self { status, says: says.into(), json: false }
    }

    fn json(status: StatusCode, says: impl Into<String>) -> Self {
        Self { status, says: says.into(), json: true }
    }

    fn at(uri: &Uri, status: StatusCode, says: impl Into<String>) -> Self {
        Self { status, says: says.into(), json: uri.path().starts_with("/api/") }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self.json {
            (self.status, axum::Json(serde_json::json!({ "error": self.says }))).into_response()
        } else {
            (self.status, self.says + "\n").into_response()
        }
    }
}

async fn no_such_page(uri: Uri) -> Refusal {
    Refusal::at(
        &uri,
        StatusCode::NOT_FOUND,
        "no such page; there are /, /metrics, /probe, /sd/targets, /-/healthy, /-/ready and /api/v1/monitors",
    )
}

async fn no_such_method(State(_): State<Surface>, uri: Uri) -> Refusal {
    let says = if uri.path() == "/-/reload" { "use POST or PUT" } else { "use GET" };
    Refusal::at(&uri, StatusCode::METHOD_NOT_ALLOWED, says)
}

/// An answer within `limit`, or a 503 that says so.
async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let late = |_| {
        Refusal::at(&uri, StatusCode::SERVICE_UNAVAILABLE, format!("sidetone had no answer within {limit:?}")).into_response()
    };
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(late)
}

/// No scripts, no frames, no guessing of types, no copies: pages show text from hostile endpoints.
async fn with_security_headers(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
