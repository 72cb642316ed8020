//! `POST /internal/v1/orders`: a match for players who asked another replica, made here or nowhere.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::StatusCode;

use crate::App;
use crate::api::endpoints::reached;
use crate::api::play::{once, seated};
use crate::http::{Idempotency, Kind, Problem};
use crate::matches::{Carried, FarOrder, FormedBody};

/// The largest order, bytes: 64 KiB of parameters in base64, and players.
const ORDER: usize = 512 * 1024;

pub(super) async fn order(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let trusted = app.replicas.as_ref().is_some_and(|replicas| replicas.forwarder.is_passed_on(&request));
    if !trusted {
        return Err(Problem::new(Kind::NotFound, "there is nothing at this path; see /openapi.json"));
    }
    let headers = request.headers().clone();
    let unreadable = |error: &dyn std::fmt::Display| Problem::new(Kind::BadRequest, format!("the order: {error}"));
    let body = Limited::new(request.into_body(), ORDER).collect().await.map_err(|error| unreadable(&error))?;
    let body = body.to_bytes();
    let order: FarOrder = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    let nobody = || Problem::new(Kind::BadRequest, "the order: nobody is to play");
    let caller = order.caller().cloned().ok_or_else(nobody)?;
    let turn = Idempotency::begin(&app.coordination, &headers, &caller, &[b"order", &body]).await?;
    let carried = async {
        Ok(match app.placer.carry_out(order, reached(&headers)).await? {
            Carried::Seated(seating) => seated(seating, &headers),
            Carried::Formed(formed) => {
                let body = serde_json::to_vec(&FormedBody { code: formed.code }).expect("a code is plain JSON");
                (StatusCode::CREATED.as_u16(), body)
            }
        })
    };
    once(turn, carried).await
}
