//! For machines that look after the daemon: metrics, health, reload.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;
use tracing::error;

use super::{Refusal, Surface};
use crate::metrics::CONTENT_TYPE;

pub(super) async fn metrics(State(surface): State<Surface>) -> Response {
    match surface.board.metrics().text() {
        Ok(page) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
        Err(fault) => {
            error!(%fault, "the metrics cannot be written");
            Refusal::text(StatusCode::INTERNAL_SERVER_ERROR, format!("the metrics cannot be written: {fault}")).into_response()
        }
    }
}

pub(super) async fn healthy() -> &'static str {
    "sidetone is healthy\n"
}

pub(super) async fn ready(State(surface): State<Surface>) -> Result<&'static str, Refusal> {
    if surface.readiness.get() {
        Ok("sidetone is ready\n")
    } else {
        Err(Refusal::text(StatusCode::SERVICE_UNAVAILABLE, "sidetone is not ready: it is starting or shutting down"))
    }
}

pub(super) async fn reload(State(surface): State<Surface>) -> Result<String, Refusal> {
    const STOPPING: &str = "sidetone is shutting down";
    let Some(reload) = surface.reload else {
        let says = "reload over HTTP is switched off; start sidetone with --enable-lifecycle, or send it SIGHUP";
        return Err(Refusal::text(StatusCode::FORBIDDEN, says));
    };
    let (answer, result) = oneshot::channel();
    let stopping = || Refusal::text(StatusCode::SERVICE_UNAVAILABLE, STOPPING);
    reload.send(answer).await.map_err(|_| stopping())?;
    match result.await.map_err(|_| stopping())? {
        Ok(summary) => Ok(summary + "\n"),
        // 422: the request was understood, the file was not. The old configuration stays in force.
        Err(problems) => Err(Refusal::text(StatusCode::UNPROCESSABLE_ENTITY, problems)),
    }
}
