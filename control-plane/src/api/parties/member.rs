//! `DELETE /v1/parties/mine/members/{player}`: to leave, or to have somebody leave.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::PlayerId;

use super::MemberPath;
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::parties::Action;

/// Leave a party, or remove a member
///
/// `me` or the caller's own id: leaves. Of a leader who leaves, the member who has been there longest takes over. Another's
/// id: the leader removes it, and the party gets another code.
#[utoipa::path(
    delete, path = "/v1/parties/mine/members/{player}", tag = "parties", security(("bearer" = [])), params(MemberPath),
    responses(
        (status = 204, description = "It is no member any more."),
        (status = 400, description = "not an account id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the leader of the party may do that"),
        (status = 404, description = "it is not in the party, or you are in none"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn remove_member(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<PlayerId>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let own = player.as_str() == "me" || player == caller.account;
    let action = if own { Action::Leave } else { Action::Kick { player, code: app.lobby.new_code() } };
    app.lobby.act_in_party(&caller.account, action).await?;
    Ok(StatusCode::NO_CONTENT)
}
