//! The JSON API, version 1: fields may be added, never renamed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::extract::{Asked, Named, Parameters};
use super::view::{DetailView, OverviewView};
use super::{Refusal, Surface};
use crate::outcome::Outcome;
use crate::report::Report;
use crate::supervisor::Snapshot;

pub(super) async fn monitors(State(surface): State<Surface>) -> Json<OverviewView> {
    Json(OverviewView::new(&surface.board))
}

pub(super) async fn monitor(State(surface): State<Surface>, Named(name): Named) -> Result<Json<DetailView>, Refusal> {
    find(&surface, &name).map(|snapshot| Json(DetailView::new(&snapshot, surface.board.limits(&name))))
}

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    outcome: Option<String>,
}

impl Parameters for Filter {
    const TAKES: &'static str = "`outcome` (success, failure or inconclusive) at most once";
}

pub(super) async fn reports(
    State(surface): State<Surface>,
    Named(name): Named,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Reports<'a> {
        monitor: &'a str,
        reports: Vec<&'a Report>,
    }
    let snapshot = find(&surface, &name)?;
    let wanted = filter.outcome.as_deref().map(outcome).transpose()?;
    let fits = |report: &&Report| wanted.is_none_or(|outcome| report.outcome == outcome);
    let reports = snapshot.history.reports().map(|report| &**report).filter(fits).collect();
    Ok(Json(Reports { monitor: &name, reports }).into_response())
}

fn outcome(word: &str) -> Result<Outcome, Refusal> {
    Outcome::ALL
        .iter()
        .copied()
        .find(|outcome| outcome.label() == word)
        .ok_or_else(|| Refusal::json(StatusCode::BAD_REQUEST, "`outcome` is one of success, failure and inconclusive"))
}

fn find(surface: &Surface, name: &str) -> Result<Snapshot, Refusal> {
    surface.board.snapshot(name).ok_or_else(|| Refusal::json(StatusCode::NOT_FOUND, "no monitor has this name"))
}
