//! `GET /v1/matches`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::contract::MatchState;
use stadion_protocol::{GameName, MatchId};
use utoipa::{IntoParams, ToSchema};

use super::MatchBody;
use crate::App;
use crate::accounts::Caller;
use crate::api::wire::{limit, read_match_place, write_match_place};
use crate::http::{MaybeAuthenticated, Problem, UrlQuery};
use crate::matches::MatchView;
use crate::model::{MatchFilter, MatchNarrowing, Page, PageRequest, Role, StateFilter, UnixMs, Viewer};

/// Which matches are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchesQuery {
    /// Only of this game.
    #[param(value_type = Option<String>, example = "tictactoe")]
    game: Option<GameName>,
    /// Only in this state.
    #[param(inline)]
    state: Option<StateBody>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Items of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// The state of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateBody {
    Running,
    Hibernated,
    Finishing,
    Ended,
}

/// A page of matches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchesBody {
    /// Newest first. May be shorter than the limit although more follow.
    items: Vec<MatchBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// List matches
///
/// Public ones; with a token also those that the caller created and all of its games.
#[utoipa::path(
    get, path = "/v1/matches", tag = "matches", security((), ("bearer" = [])), params(MatchesQuery),
    responses(
        (status = 200, description = "Matches, newest first.", body = MatchesBody),
        (status = 400, description = "the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_matches(
    State(app): State<Arc<App>>,
    MaybeAuthenticated(caller): MaybeAuthenticated,
    UrlQuery(query): UrlQuery<MatchesQuery>,
) -> Result<Json<MatchesBody>, Problem> {
    let after = query.cursor.as_deref().map(read_match_place).transpose()?;
    let state = query.state.map(StateBody::filter);
    let filter = MatchFilter { game: query.game, state, viewer: viewer(caller), narrowing: MatchNarrowing::default() };
    let page = app.matches.list(&filter, &PageRequest { after, limit: limit(query.limit)? }).await?;
    Ok(Json(MatchesBody::new(page, query.state)))
}

impl StateBody {
    /// As far as rows know it.
    pub(crate) fn filter(self) -> StateFilter {
        match self {
            StateBody::Running | StateBody::Hibernated | StateBody::Finishing => StateFilter::Live,
            StateBody::Ended => StateFilter::Ended,
        }
    }
}

impl MatchesBody {
    /// Of a page, those in this state.
    pub(crate) fn new(page: Page<MatchView, (UnixMs, MatchId)>, of: Option<StateBody>) -> MatchesBody {
        // What a row cannot know: whether a live match is finishing.
        let wanted = |state| match of {
            None => true,
            Some(StateBody::Running) => state == MatchState::Running,
            Some(StateBody::Hibernated) => state == MatchState::Hibernated,
            Some(StateBody::Finishing) => state == MatchState::Finishing,
            Some(StateBody::Ended) => state == MatchState::Ended,
        };
        MatchesBody {
            items: page.items.into_iter().filter(|view| wanted(view.state())).map(MatchBody::from).collect(),
            next_cursor: page.next.map(write_match_place),
        }
    }
}

fn viewer(caller: Option<Caller>) -> Viewer {
    match caller {
        None => Viewer::Anyone,
        Some(caller) if caller.role >= Role::Operator => Viewer::Operator,
        Some(caller) => Viewer::Account(caller.account),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn matches_are_listed_by_game_and_state_page_by_page() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        stage.publish("go").await;
        let mut ids = Vec::new();
        for game in ["chess", "chess", "go", "chess"] {
            let seat = stage.play(game, json!({"create": "public"})).await.expect(201);
            ids.push(seat["match"]["id"].as_str().unwrap().to_owned());
            stage.clock.advance(std::time::Duration::from_millis(1));
        }
        stage.host.finish(&ids[0]);
        stage.settled().await;
        let listed = async |query: &str| {
            let page = stage.get(&format!("/v1/matches?{query}")).await.expect(200);
            let ids: Vec<_> =
                page["items"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect();
            (ids, page["next_cursor"].as_str().map(str::to_owned))
        };
        let expect = |wanted: &[usize]| wanted.iter().map(|&i| ids[i].clone()).collect::<Vec<_>>();
        assert_eq!(listed("").await.0, expect(&[3, 2, 1, 0]));
        assert_eq!(listed("game=chess&state=running").await.0, expect(&[3, 1]));
        assert_eq!(listed("state=ended").await.0, expect(&[0]));
        let (first, cursor) = listed("limit=3").await;
        assert_eq!(first, expect(&[3, 2, 1]));
        assert_eq!(listed(&format!("limit=3&cursor={}", cursor.unwrap())).await, (expect(&[0]), None));
        for (query, status) in [("state=lost", 400), ("game=Go!", 400), ("cursor=AAAA", 422), ("limit=0", 400)] {
            stage.get(&format!("/v1/matches?{query}")).await.expect(status);
        }
    }

    #[tokio::test]
    async fn private_matches_are_listed_for_their_creator_and_the_games_owner() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (creator, stranger) = (stage.guest().await, stage.guest().await);
        stage.play_as(&creator, "chess", json!({"create": "private"})).await.expect(201);
        for (who, count) in [(&creator, 1), (&stage.developer_key, 1), (&stranger, 0)] {
            let page = stage.get("/v1/matches").bearer(who).await.expect(200);
            assert_eq!(page["items"].as_array().unwrap().len(), count);
            assert!(page["items"].as_array().unwrap().iter().all(|item| item.get("code").is_some()));
        }
    }
}
