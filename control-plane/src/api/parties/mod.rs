//! Parties: players who search together.

mod create;
mod decline;
mod invitations;
mod invite;
mod join;
mod lead;
mod member;
mod mine;
mod ready;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::registered;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::http::{Extras, Fault, Kind};
use crate::lobby::PartyError;
use crate::parties::Refusal;

pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create::create_party))
        .routes(routes!(mine::get_party))
        .routes(routes!(join::join_party))
        .routes(routes!(invite::invite))
        .routes(routes!(member::remove_member))
        .routes(routes!(lead::hand_over))
        .routes(routes!(ready::set_ready))
        .routes(routes!(invitations::list_invitations))
        .routes(routes!(decline::decline_invitation))
}

/// A player, by account id or by the name that it signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhomBody {
    /// Account id or name.
    #[schema(example = "ann")]
    player: String,
}

/// A player in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(super) struct MemberPath {
    /// Account id; `me` is the caller.
    #[param(example = "p-5f1c0ad2b6e94c1d01020304", pattern = "^[!-~]{1,64}$")]
    player: String,
}

impl Fault for PartyError {
    fn kind(&self) -> Kind {
        match self {
            PartyError::Refusal(refusal) => match refusal {
                Refusal::NotMember | Refusal::NotLeader => Kind::Forbidden,
                Refusal::NoSuchMember(_) | Refusal::NotInvited => Kind::NotFound,
                Refusal::WrongCode => Kind::Gone,
                Refusal::AlreadyMember(_)
                | Refusal::Full(_)
                | Refusal::TooManyInvitations(_)
                | Refusal::Busy
                | Refusal::NotReady(_)
                | Refusal::NotSearching
                | Refusal::Oneself => Kind::Conflict,
            },
            PartyError::Elsewhere | PartyError::NotInvitable => Kind::Conflict,
            PartyError::None | PartyError::Unknown | PartyError::UnknownPlayer(_) => Kind::NotFound,
            PartyError::Contended => Kind::Unavailable,
            PartyError::Search(error) => error.kind(),
            PartyError::Coordination(error) => error.kind(),
            PartyError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        let retry = self.kind() == Kind::Unavailable;
        Extras { retry_after: retry.then_some(Duration::from_secs(1)), ..Extras::default() }
    }
}
