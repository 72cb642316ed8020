//! Another match with the same people: players who say so within a time after an end get into one new match, which has the
//! seats and the parameters of the one before.

use std::time::Duration;

use stadion_protocol::contract::MatchState;
use stadion_protocol::{GameName, MatchId};

use super::place::{Order, Template};
use super::service::{MatchError, MatchService, sits_in};
use crate::accounts::Caller;
use crate::model::{InvalidKey, MatchKey, UnixMs};
use crate::store::StoreError;

/// How long after an end a rematch can be had.
pub(crate) const REMATCH_FOR: Duration = Duration::from_secs(10 * 60);

/// What the key of a rematch begins with; the id of the match before follows.
const PREFIX: &str = "rematch:";

/// Why there is no rematch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RematchFailure {
    #[error(transparent)]
    Match(#[from] MatchError),
    /// Somebody else's match.
    #[error("a rematch is for those who sat in the match before")]
    NotThere,
    /// It runs.
    #[error("match {0} is not over yet")]
    Running(MatchId),
    /// Nobody waits any more.
    #[error("match {0} ended more than {minutes} minutes ago; play a new one", minutes = REMATCH_FOR.as_secs() / 60)]
    TooLate(MatchId),
}

impl From<StoreError> for RematchFailure {
    fn from(error: StoreError) -> RematchFailure {
        MatchError::from(error).into()
    }
}

/// The key under which players of a match meet again.
pub(crate) fn rematch_key(of: MatchId) -> MatchKey {
    format!("{PREFIX}{of}").parse().unwrap_or_else(|InvalidKey| unreachable!("a match id has 26 letters and digits"))
}

/// Of which match a key is the rematch.
fn rematch_of(key: &MatchKey) -> Option<MatchId> {
    key.as_str().strip_prefix(PREFIX)?.parse().ok()
}

/// Until when there is a rematch of a match that ended then.
pub(crate) fn rematch_until(ended_at: UnixMs) -> UnixMs {
    ended_at.plus(REMATCH_FOR)
}

impl MatchService {
    /// What the placer is asked for by somebody who wants to play that match again, and in which game.
    pub(crate) async fn rematch(&self, of: MatchId, caller: &Caller) -> Result<(GameName, Order), RematchFailure> {
        let (record, live) = self.find(of).await?;
        if !sits_in(&record, live.as_ref(), &caller.account) {
            return Err(RematchFailure::NotThere);
        }
        match (&record.end, &live) {
            (Some(end), _) if self.clock.now() > rematch_until(end.at) => return Err(RematchFailure::TooLate(of)),
            (Some(_), _) => {}
            // It has just ended: that is written in a moment.
            (None, Some(status)) if status.state == MatchState::Ended => {}
            (None, _) => return Err(RematchFailure::Running(of)),
        }
        let parameters = self.store.parameters(of).await?;
        let template = Template { seats: Some(record.seat_count), parameters };
        Ok((record.game, Order::Key(rematch_key(of), template)))
    }

    /// A key that is a rematch's lets those in who sat in the match before, if that is known.
    pub(crate) async fn check_key(&self, key: &MatchKey, caller: &Caller) -> Result<(), RematchFailure> {
        let Some(of) = rematch_of(key) else { return Ok(()) };
        match self.find(of).await {
            Ok((record, live)) if sits_in(&record, live.as_ref(), &caller.account) => Ok(()),
            Ok(_) => Err(RematchFailure::NotThere),
            Err(MatchError::Unknown(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Stage;

    fn id(seat: &Value) -> String {
        seat["match"]["id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_rematch_has_a_key_of_its_own() {
        let of = MatchId([7; 16]);
        assert_eq!(rematch_of(&rematch_key(of)), Some(of));
        assert_eq!(rematch_of(&"rematch:1".parse().unwrap()), None);
        assert_eq!(rematch_of(&"other".parse().unwrap()), None);
    }

    #[tokio::test]
    async fn those_who_played_meet_again_with_the_same_seats_and_parameters() {
        let stage = Stage::new().await;
        stage.compiler.describe(|description| description.seats_max = 4);
        stage.publish("chess").await;
        let (ann, bob, eve) = (stage.guest().await, stage.guest().await, stage.guest().await);
        let create = json!({"create": {"visibility": "private", "seats": 2, "parameters": "aGFyZA=="}});
        let first = stage.play_as(&ann, "chess", create).await.expect(201);
        stage.play_as(&bob, "chess", json!({"code": first["match"]["code"]})).await.expect(200);
        let path = format!("/v1/matches/{}/rematch", id(&first));
        stage.post(&path, json!({})).bearer(&ann).await.expect(409);
        stage.host.finish(&id(&first));
        let again = stage.post(&path, json!({})).bearer(&ann).await.expect(201);
        let joined = stage.post(&path, json!({})).bearer(&bob).await.expect(200);
        assert_eq!(id(&again), id(&joined));
        assert_ne!(id(&again), id(&first));
        assert_eq!(stage.host.parameters(&id(&again)), (2, b"hard".to_vec()));
        stage.settled().await;
        stage.post(&path, json!({})).bearer(&eve).await.expect(403);
        let key = json!({"key": format!("rematch:{}", id(&first))});
        stage.play_as(&eve, "chess", key.clone()).await.expect(403);
        let by_key = stage.play_as(&bob, "chess", key).await.expect(200);
        assert_eq!(id(&by_key), id(&again));
        stage.host.finish(&id(&again));
        stage.settled().await;
        let third =
            stage.post(&format!("/v1/matches/{}/rematch", id(&again)), json!({})).bearer(&bob).await.expect(201);
        assert_eq!(stage.host.parameters(&id(&third)), (2, b"hard".to_vec()), "also the next time");
        stage.clock.advance(REMATCH_FOR + Duration::from_secs(1));
        stage.post(&path, json!({})).bearer(&ann).await.expect(410);
        stage.post("/v1/matches/01h455vb4pex5vsknk084sn02q/rematch", json!({})).bearer(&ann).await.expect(404);
    }
}
