//! `PUT /v1/friends/{player}`: asks, or says yes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{FRIENDS, PlayerPath, SocialError, state};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::lobby::PlayerEvent;
use crate::model::Friendship;

/// How far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FriendshipBody {
    /// Account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: String,
    /// `friends`, or `asked`: it has not answered.
    #[schema(example = "asked")]
    state: &'static str,
}

/// Add a friend
///
/// Asks the player; of one who has asked the caller, accepts that. Both are told.
#[utoipa::path(
    put, path = "/v1/friends/{player}", tag = "friends", security(("bearer" = [])), params(PlayerPath),
    responses(
        (status = 200, description = "How far it is.", body = FriendshipBody),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such player"),
        (status = 409, description = "that is yourself, the player cannot be asked, or you have as many friends as you may"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn add_friend(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<Json<FriendshipBody>, Problem> {
    let player = app.lobby.player_named(&player).await?;
    if player == caller.account {
        return Err(SocialError::Oneself.into());
    }
    let (store, own) = (&app.store, &caller.account);
    if store.blocked(&player).await?.contains(own) || store.blocked(own).await?.contains(&player) {
        return Err(SocialError::NotAskable.into());
    }
    let friendship = store.befriend(own, &player, app.clock.now(), FRIENDS).await?.ok_or(SocialError::Full(FRIENDS))?;
    let what = if friendship == Friendship::Mutual { "accepted" } else { "asked" };
    let name = caller.name.as_str().to_owned();
    app.lobby.tell(&player, &PlayerEvent::Friend { player: own.to_string(), name, what }).await;
    Ok(Json(FriendshipBody { player: player.to_string(), state: state(friendship) }))
}
