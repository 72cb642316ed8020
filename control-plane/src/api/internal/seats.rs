//! `POST /internal/v1/matches/{id}/seats`: a seat in a match that runs here, for a player who asked another replica.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use stadion_protocol::MatchId;

use crate::App;
use crate::api::play::{answer, seated};
use crate::http::{Kind, Problem, UrlPath};
use crate::matches::SeatWish;

/// The largest wish, bytes.
const WISH: usize = 64 * 1024;

pub(super) async fn seat(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    request: Request,
) -> Result<Response, Problem> {
    let trusted = app.replicas.as_ref().is_some_and(|replicas| replicas.forwarder.is_passed_on(&request));
    if !trusted {
        return Err(Problem::new(Kind::NotFound, "there is nothing at this path; see /openapi.json"));
    }
    let headers = request.headers().clone();
    let unreadable = |error: &dyn std::fmt::Display| Problem::new(Kind::BadRequest, format!("the wish: {error}"));
    let body = Limited::new(request.into_body(), WISH).collect().await.map_err(|error| unreadable(&error))?;
    let wish: SeatWish = serde_json::from_slice(&body.to_bytes()).map_err(|error| unreadable(&error))?;
    let seating = app.placer.seat_for(id, wish).await?;
    let (status, body) = seated(seating, &headers);
    Ok(answer(status, body))
}
