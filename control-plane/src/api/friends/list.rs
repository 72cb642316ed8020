//! `GET /v1/friends`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{FRIENDS, FriendBody};
use crate::App;
use crate::http::{Authenticated, Problem};

/// Friends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FriendsBody {
    /// By name; at most 500.
    items: Vec<FriendBody>,
}

/// List your friends
///
/// With those who were asked and those who ask.
#[utoipa::path(
    get, path = "/v1/friends", tag = "friends", security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller's friends.", body = FriendsBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store or coordination is unavailable"),
    )
)]
pub(super) async fn list_friends(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<FriendsBody>, Problem> {
    let mut items = Vec::new();
    for friend in app.store.friends(&caller.account, FRIENDS).await? {
        let online = friend.mutual() && app.lobby.is_present(&friend.account.id).await?;
        items.push(FriendBody::new(&friend, online));
    }
    Ok(Json(FriendsBody { items }))
}
