//! `PUT /v1/games/{game}/channels/{channel}`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use stadion_protocol::{GameName, PlayerId};
use utoipa::ToSchema;

use super::{ChannelBody, ChannelPath, current};
use crate::App;
use crate::api::versions::check_owner;
use crate::games::{ChannelWish, ReleaseError};
use crate::http::{Authenticated, IfMatch, IfMatchHeader, JsonBody, Problem, UrlPath};
use crate::model::{Channel, ChannelName};

/// How a channel is to be: what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "percent": 10}))]
pub(crate) struct ChannelChangeBody {
    /// The version that it points at, 64 hexadecimal digits.
    version: Option<String>,
    /// Of `canary` alone: to how many of a hundred players who ask for no channel it is given.
    #[schema(minimum = 0, maximum = 100)]
    percent: Option<u8>,
    /// Whether everybody may ask for it.
    open: Option<bool>,
    /// Accounts that may ask for it beside the game's owner, in place of those named before; at most 1,000.
    players: Option<Vec<String>>,
    /// Settings of its matches, over those of the version, in place of those set before.
    settings: Option<BTreeMap<String, String>>,
    /// For the game, base64, at most 64 KiB, where a match's creator gives none; empty: none.
    parameters: Option<String>,
}

impl ChannelChangeBody {
    fn wish(self) -> Result<ChannelWish, Problem> {
        let version = self.version.as_deref().map(str::parse).transpose()?;
        let players = self.players.map(|ids| ids.iter().map(|id| id.parse()).collect::<Result<Vec<PlayerId>, _>>());
        let parameters = self.parameters.map(|text| STANDARD.decode(text)).transpose();
        Ok(ChannelWish {
            version,
            percent: self.percent,
            open: self.open,
            players: players.transpose()?,
            settings: self.settings.map(|settings| settings.into_iter().collect()),
            parameters: parameters.map_err(|_| ReleaseError::Parameters)?,
        })
    }
}

/// Set a channel
///
/// Makes it where there is none. What the body leaves out stays as it is. New matches follow within seconds; those that run
/// finish on their version. A match is played with the settings and parameters of the code, the channel's over those, and what
/// its creator gives over both; a match is shared by all channels that point at its version.
#[utoipa::path(
    put, path = "/v1/games/{game}/channels/{channel}", tag = "games", security(("bearer" = [])),
    params(ChannelPath, IfMatchHeader), request_body = ChannelChangeBody,
    responses(
        (status = 200, description = "The channel as it is now.", body = ChannelBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 409, description = "a game has at most 16 channels"),
        (status = 412, description = "the channel has been changed since; read it again and decide anew"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "no such version in play, or a value that does not fit"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_channel(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, ChannelName)>,
    Authenticated(caller): Authenticated,
    seen: IfMatch,
    JsonBody(body): JsonBody<ChannelChangeBody>,
) -> Result<Json<ChannelBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let unchanged = |channel: Option<&Channel>| seen.allows(channel.map(|channel| ChannelBody::from(channel.clone())));
    app.releases.set(&game, &name, &body.wish()?, (&unchanged, &caller.account)).await?;
    Ok(Json(current(&app, &game, &name).await?.into()))
}
