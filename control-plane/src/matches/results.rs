//! What came of a match, in the same words for whoever is told of it: by the API and by webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use stadion_protocol::contract::{EndReason, Placing};
use utoipa::ToSchema;

use crate::model::MatchEnd;

/// What came of a match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultsBody {
    /// Best first.
    placings: Vec<PlacingBody>,
    /// The game's own result, base64.
    #[schema(example = "aGFyZA==")]
    data: String,
}

/// A seat's place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacingBody {
    /// Which seat.
    seat: u16,
    /// 1 is best; equal ranks are ties.
    rank: u16,
    /// As the game counts.
    score: i64,
}

impl ResultsBody {
    /// Of a match that its game finished; others have none.
    pub(crate) fn of(end: &MatchEnd) -> Option<ResultsBody> {
        let body = |placing: &Placing| PlacingBody { seat: placing.seat.0, rank: placing.rank, score: placing.score };
        (end.reason == EndReason::Finished).then(|| ResultsBody {
            placings: end.placings.iter().map(body).collect(),
            data: STANDARD.encode(&end.data),
        })
    }
}
