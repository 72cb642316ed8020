//! Friends, and players whom one does not want to meet.

mod add;
mod block;
mod blocks;
mod list;
mod remove;
#[cfg(test)]
mod tests;
mod unblock;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::http::{Fault, Kind};
use crate::model::{Friend, Friendship};

/// Friends of one account at most, with those it has asked.
pub(super) const FRIENDS: u16 = 500;

/// Players whom one account blocks at most.
pub(super) const BLOCKS: u16 = 500;

pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list_friends))
        .routes(routes!(add::add_friend, remove::remove_friend))
        .routes(routes!(blocks::list_blocks))
        .routes(routes!(block::block_player, unblock::unblock_player))
}

/// A player in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the name itself")]
pub(super) struct PlayerPath {
    /// Account id, or the name that it signs in with.
    #[param(example = "ann")]
    player: String,
}

/// A friend, or somebody who is to become one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FriendBody {
    /// Account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    name: String,
    /// `friends`; `asked`: it has not answered; `asking`: it waits for the caller's answer.
    #[schema(example = "friends")]
    state: &'static str,
    /// Whether it listens to its events; only friends are told.
    online: bool,
}

impl FriendBody {
    fn new(friend: &Friend, online: bool) -> FriendBody {
        FriendBody {
            player: friend.account.id.to_string(),
            name: friend.account.name.as_str().to_owned(),
            state: state(friend.friendship),
            online: online && friend.mutual(),
        }
    }
}

fn state(friendship: Friendship) -> &'static str {
    match friendship {
        Friendship::Asked => "asked",
        Friendship::Asking => "asking",
        Friendship::Mutual => "friends",
    }
}

/// A list is not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocialError {
    #[error("that is yourself")]
    Oneself,
    #[error("you have as many as you may, {0}; remove some first")]
    Full(u16),
    /// One has blocked the other: it is not said who.
    #[error("this player cannot be asked")]
    NotAskable,
}

impl Fault for SocialError {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }
}
