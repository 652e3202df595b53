//! What a request names and asks for, refused in our own words: an extractor of the framework would answer with the text of its parser,
//! and never in JSON.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Refusal;

/// The name of a monitor in the path; whether there is such a monitor is not looked up.
pub(super) struct Named(pub(super) String);

/// The parameters in the query. Those that are not in `T` are ignored.
pub(super) struct Asked<T>(pub(super) T);

/// Parameters that a route takes.
pub(super) trait Parameters: DeserializeOwned {
    /// What they are, for whoever sent something else.
    const TAKES: &'static str;
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let name = Path::from_request_parts(parts, state).await;
        let says = "the name in the path is not valid UTF-8";
        name.map(|Path(name)| Self(name)).map_err(|_| Refusal::at(&parts.uri, StatusCode::BAD_REQUEST, says))
    }
}

impl<T: Parameters, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let parameters = Query::from_request_parts(parts, state).await;
        let refusal =
            |_| Refusal::at(&parts.uri, StatusCode::BAD_REQUEST, format!("the query cannot be read: it takes {}", T::TAKES));
        parameters.map(|Query(parameters)| Self(parameters)).map_err(refusal)
    }
}
