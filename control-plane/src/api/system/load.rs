//! `GET /v1/load`: how full the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::contract::HostLoad;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, Problem};

/// How full a server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoadBody {
    /// Matches that run, those among them that are over and still tell their players.
    #[schema(example = 412)]
    matches: u32,
    /// Matches that are out of memory while nobody is there: they take no place.
    #[schema(example = 10_000)]
    hibernated: u32,
    /// The most that it takes.
    #[schema(example = 9_588)]
    capacity: u32,
    /// Slots for sessions that are taken: one for each match whose game is in memory, more while matches move, are copied or
    /// replayed.
    #[schema(example = 412)]
    sessions: u32,
    /// Players who are connected.
    #[schema(example = 1_320)]
    players: u32,
    /// Whether it takes no new matches.
    draining: bool,
}

impl From<HostLoad> for LoadBody {
    fn from(load: HostLoad) -> LoadBody {
        let HostLoad { matches, hibernated, capacity, sessions, players, draining } = load;
        LoadBody { matches, hibernated, capacity, sessions, players, draining }
    }
}

/// Get the load
///
/// How full the server is: for developers and operators.
#[utoipa::path(
    get, path = "/v1/load", tag = "system", security(("bearer" = [])),
    responses(
        (status = 200, description = "How full it is.", body = LoadBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
    )
)]
pub(crate) async fn get_load(State(app): State<Arc<App>>, _caller: Authenticated) -> Result<Json<LoadBody>, Problem> {
    Ok(Json(LoadBody::from(app.host.load())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_load_is_for_those_who_publish() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        stage.play("chess", json!({})).await.expect(201);
        let load = stage.get("/v1/load").bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&load["matches"], &load["sessions"], &load["draining"]), (&json!(1), &json!(1), &json!(false)));
        stage.get("/v1/load").bearer(&stage.guest().await).await.expect(403);
        stage.get("/v1/load").await.expect(401);
    }
}
