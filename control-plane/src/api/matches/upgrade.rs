//! `POST /v1/matches/{id}/upgrade`: a running match goes on in another version.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{OnDifference, ShownOutput, UpgradeError, UpgradeWay, Upgraded, VersionDifference};
use stadion_protocol::{InvalidId, MatchId, VersionId};
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Extras, Fault, JsonBody, Kind, Problem, UrlPath};
use crate::matches::UpgradeFailure;

/// The version that a match is to go on in, and how it gets there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpgradeBody {
    /// A version of the same game, 64 hexadecimal digits.
    version: String,
    /// How.
    #[serde(default)]
    how: WayBody,
    /// What to do if a replay on the new version asks for something else than was played.
    #[serde(default)]
    on_difference: OnDifferenceBody,
}

/// How a match comes to another version: `replay` plays every tick again on it; `carry` saves on the old and loads on the
/// new; `restart` starts afresh with the same players.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WayBody {
    #[default]
    Replay,
    Carry,
    Restart,
}

/// `keep`: the match stays on its version; `accept`: it goes on in the new one, as if that had been played all along.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OnDifferenceBody {
    #[default]
    Keep,
    Accept,
}

/// What became of the match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpgradedBody {
    /// `moved`, or `kept` when the new version asks for something else and that was not to be accepted.
    #[schema(example = "moved")]
    outcome: &'static str,
    /// The version that the match runs now.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// The newest tick that the old session played; none when the match was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 412)]
    tick: Option<u64>,
    /// The session that goes on; none when the match was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    incarnation: Option<u32>,
    /// Ticks that were played again.
    #[schema(example = 412)]
    ticks_replayed: u64,
    /// Clients that were closed because the new version speaks other messages; they may come back to their seats.
    #[schema(example = 0)]
    clients_outdated: u32,
    /// The first tick for which the versions ask for different things.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<DifferenceBody>,
}

/// The first tick for which two versions ask for different things.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceBody {
    /// The tick; 0 is `start`.
    #[schema(example = 37)]
    tick: u64,
    /// What differs, for people.
    #[schema(example = "the versions ask for different things")]
    what: String,
    /// What the version that plays asked for, from the first output that differs on.
    before: Vec<OutputBody>,
    /// What the new version asks for instead.
    after: Vec<OutputBody>,
}

/// One thing that a step asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutputBody {
    /// `send`, `kick`, `label`, `open`, `finish`, `log`, `report`, `storage`, `call` or `wake`.
    #[schema(example = "send")]
    kind: &'static str,
    /// To whom or about what.
    #[schema(example = "seat 1, reliable")]
    about: String,
    /// The content, base64; at most 4 KiB of it.
    #[schema(example = "AQUC")]
    data: String,
}

/// Not a version.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct NotAVersion(#[from] InvalidId);

impl Fault for NotAVersion {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Upgrade a running match
///
/// It goes on in another version of its game from the next tick on. Seats and connections stay; clients that were built
/// for other messages are closed as `outdated-client` and may come back to their seats. For the game's owner and
/// operators.
#[utoipa::path(
    post, path = "/v1/matches/{id}/upgrade", tag = "matches", security(("bearer" = [])), params(MatchPath),
    request_body = UpgradeBody,
    responses(
        (status = 200, description = "It goes on in the new version, or was kept on its own: see `outcome`.", body = UpgradedBody),
        (status = 400, description = "not a match id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match, or its game has no such version"),
        (status = 409, description = "another upgrade is under way, the new version did not catch up, or ticks are missing"),
        (status = 410, description = "the match is over"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the match cannot go on in that version in that way: other seats, another rate, no `save`"),
        (status = 424, description = "one of the versions failed"),
        (status = 503, description = "no room for a second session, or the store is unavailable"),
    )
)]
pub(crate) async fn upgrade_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<UpgradeBody>,
) -> Result<Json<UpgradedBody>, Problem> {
    let version: VersionId = body.version.parse().map_err(NotAVersion)?;
    let way = match (body.how, body.on_difference) {
        (WayBody::Replay, OnDifferenceBody::Keep) => UpgradeWay::Replay(OnDifference::Keep),
        (WayBody::Replay, OnDifferenceBody::Accept) => UpgradeWay::Replay(OnDifference::Accept),
        (WayBody::Carry, _) => UpgradeWay::Carry,
        (WayBody::Restart, _) => UpgradeWay::Restart,
    };
    let (upgraded, runs) = app.matches.upgrade(id, version, way, &caller).await?;
    Ok(Json(answer(upgraded, runs)))
}

fn answer(upgraded: Upgraded, runs: VersionId) -> UpgradedBody {
    let version = runs.to_string();
    match upgraded {
        Upgraded::Moved(moved) => UpgradedBody {
            outcome: "moved",
            version,
            tick: Some(moved.tick.0),
            incarnation: Some(moved.incarnation.0),
            ticks_replayed: moved.replayed,
            clients_outdated: moved.outdated,
            difference: moved.difference.map(|difference| (*difference).into()),
        },
        Upgraded::Kept(difference) => UpgradedBody {
            outcome: "kept",
            version,
            tick: None,
            incarnation: None,
            ticks_replayed: difference.tick.0,
            clients_outdated: 0,
            difference: Some((*difference).into()),
        },
    }
}

impl From<VersionDifference> for DifferenceBody {
    fn from(difference: VersionDifference) -> DifferenceBody {
        let shown = |outputs: Vec<ShownOutput>| outputs.into_iter().map(OutputBody::from).collect();
        DifferenceBody {
            tick: difference.tick.0,
            what: difference.what,
            before: shown(difference.before),
            after: shown(difference.after),
        }
    }
}

impl From<ShownOutput> for OutputBody {
    fn from(output: ShownOutput) -> OutputBody {
        OutputBody { kind: output.kind, about: output.about, data: STANDARD.encode(&output.data) }
    }
}

impl Fault for UpgradeFailure {
    fn kind(&self) -> Kind {
        match self {
            UpgradeFailure::Match(error) => error.kind(),
            UpgradeFailure::UnknownVersion(..) => Kind::NotFound,
            UpgradeFailure::Coordination(error) => error.kind(),
            UpgradeFailure::Host(error) => match error {
                UpgradeError::Unknown(_) | UpgradeError::Ended => Kind::Gone,
                UpgradeError::Busy | UpgradeError::TooSlow { .. } | UpgradeError::Incomplete { .. } => Kind::Conflict,
                UpgradeError::Unfit(_) => Kind::Invalid,
                UpgradeError::Failed(_) => Kind::GameFailed,
                UpgradeError::Unavailable(_) => Kind::Unavailable,
                UpgradeError::Artifact(_) | UpgradeError::BadArtifact(_) => Kind::Internal,
            },
        }
    }

    fn extras(&self) -> Extras {
        match self {
            UpgradeFailure::Match(error) => error.extras(),
            UpgradeFailure::Coordination(error) => error.extras(),
            UpgradeFailure::UnknownVersion(..) | UpgradeFailure::Host(_) => Extras::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stage, wasm};

    /// A match of the first version, and the second version.
    async fn scene(stage: &Stage, create: &str) -> (Value, Value) {
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({"create": create})).await.expect(201);
        let key = &stage.developer_key;
        let second = stage.put("/v1/games/chess/versions", wasm("two")).bearer(key).await.expect(201);
        (seat, second["version"].clone())
    }

    fn path(seat: &Value) -> String {
        format!("/v1/matches/{}/upgrade", seat["match"]["id"].as_str().unwrap())
    }

    #[tokio::test]
    async fn the_owner_has_a_match_go_on_in_another_version() {
        let stage = Stage::new().await;
        let (seat, second) = scene(&stage, "public").await;
        let moved = stage.post(&path(&seat), json!({"version": second})).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&moved["outcome"], &moved["version"]), (&json!("moved"), &second));
        let id = seat["match"]["id"].as_str().unwrap();
        assert_eq!(stage.get(&format!("/v1/matches/{id}")).await.expect(200)["version"], second);
        let friend = stage.play("chess", json!({"code": seat["match"]["code"]})).await.expect(200);
        assert_eq!(friend["version"], second, "who joins by code is sent to the version that runs");
        let other = stage.play("chess", json!({})).await.expect(201);
        assert_ne!(other["match"]["id"], seat["match"]["id"], "two seats, both taken");
    }

    #[tokio::test]
    async fn an_open_match_is_found_among_those_of_its_new_version() {
        let stage = Stage::new().await;
        let (seat, second) = scene(&stage, "public").await;
        let elsewhere = stage.play("chess", json!({})).await.expect(201);
        assert_ne!(elsewhere["match"]["id"], seat["match"]["id"], "it is of another version");
        let full = stage.play("chess", json!({})).await.expect(200);
        assert_eq!(full["match"]["id"], elsewhere["match"]["id"]);
        stage.post(&path(&seat), json!({"version": second})).bearer(&stage.developer_key).await.expect(200);
        let found = stage.play("chess", json!({})).await.expect(200);
        assert_eq!(found["match"]["id"], seat["match"]["id"]);
    }

    #[tokio::test]
    async fn a_difference_is_shown_and_changes_nothing() {
        let stage = Stage::new().await;
        let (seat, second) = scene(&stage, "private").await;
        stage.host.differ();
        let kept = stage.post(&path(&seat), json!({"version": second})).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&kept["outcome"], &kept["version"]), (&json!("kept"), &seat["version"]));
        assert_eq!(kept["difference"]["tick"], 3);
        assert_eq!(
            kept["difference"]["before"][0],
            json!({"kind": "send", "about": "seat 0, reliable", "data": "b2xk"})
        );
        let accept = json!({"version": second, "how": "replay", "on_difference": "accept"});
        let moved = stage.post(&path(&seat), accept).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&moved["outcome"], &moved["difference"]["tick"]), (&json!("moved"), &json!(3)));
    }

    #[tokio::test]
    async fn only_the_owner_upgrades_and_only_to_versions_of_the_game() {
        let stage = Stage::new().await;
        let (seat, second) = scene(&stage, "private").await;
        let (key, other) = (stage.developer_key.clone(), stage.another_developer().await);
        stage.post(&path(&seat), json!({"version": second})).bearer(&other).await.expect(403);
        stage.post(&path(&seat), json!({"version": "0".repeat(64)})).bearer(&key).await.expect(404);
        stage.post(&path(&seat), json!({"version": "two"})).bearer(&key).await.expect(422);
        stage.post(&path(&seat), json!({"version": second, "how": "luck"})).bearer(&key).await.expect(422);
        stage.host.finish(seat["match"]["id"].as_str().unwrap());
        stage.settled().await;
        stage.post(&path(&seat), json!({"version": second})).bearer(&key).await.expect(410);
    }
}
