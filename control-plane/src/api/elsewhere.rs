//! Requests about a match that runs on another replica are answered there.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::Method;
use stadion_protocol::MatchId;

use crate::App;
use crate::http::{Extras, Fault, Kind, Problem};
use crate::matches::ElsewhereError;
use crate::replicas::{ForwardError, Peer, Replicas};

/// Where matches are.
const MATCHES: &str = "/v1/matches/";

impl Fault for ElsewhereError {
    fn kind(&self) -> Kind {
        match self {
            ElsewhereError::Coordination(error) => error.kind(),
            ElsewhereError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            ElsewhereError::Coordination(error) => error.extras(),
            ElsewhereError::Store(error) => error.extras(),
        }
    }
}

impl Fault for ForwardError {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: Some(std::time::Duration::from_secs(1)), ..Extras::default() }
    }
}

/// Middleware around all endpoints of a replica among others.
pub(super) async fn pass_on(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some((id, about_all_of_it)) = match_of(request.uri().path()) else { return next.run(request).await };
    let Some(replicas) = &app.replicas else { return next.run(request).await };
    if replicas.forwarder.is_passed_on(&request) {
        return next.run(request).await;
    }
    let passed_on = match find(&app, replicas, id).await {
        Ok(None) => return next.run(request).await,
        // What the store knows of it is better than nothing.
        Ok(Some(Err(_))) if about_all_of_it && request.method() == Method::GET => return next.run(request).await,
        Ok(Some(Err(away))) => Err(away.into()),
        Ok(Some(Ok(peer))) => replicas.forwarder.pass_on(&peer, request).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    passed_on.into_response()
}

/// The replica that runs a match, if it is another one; an error if that is gone.
async fn find(app: &App, replicas: &Replicas, id: MatchId) -> Result<Option<Result<Peer, ForwardError>>, Problem> {
    let Some(host) = app.matches.elsewhere(id, &replicas.name).await? else { return Ok(None) };
    Ok(Some(replicas.find(&host).await?.ok_or_else(|| ForwardError::gone(&host))))
}

/// The match that a path is about, and whether that is all of it.
fn match_of(path: &str) -> Option<(MatchId, bool)> {
    let rest = path.strip_prefix(MATCHES)?;
    let (id, rest) = rest.split_once('/').map_or((rest, None), |(id, rest)| (id, Some(rest)));
    Some((id.parse().ok()?, rest.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_named_by_its_path() {
        let id = MatchId([7; 16]);
        for (path, expected) in [
            (format!("/v1/matches/{id}"), Some((id, true))),
            (format!("/v1/matches/{id}/log"), Some((id, false))),
            ("/v1/matches".to_owned(), None),
            ("/v1/matches/".to_owned(), None),
            ("/v1/matches/x/log".to_owned(), None),
            ("/v1/games/chess".to_owned(), None),
        ] {
            assert_eq!(match_of(&path), expected, "{path}");
        }
    }
}
