//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request again gets the same answer.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use sha2::{Digest, Sha256};
use stadion_protocol::PlayerId;

use super::extract::header_text;
use super::problem::{Extras, Fault, Kind, Problem};
use crate::coordination::Coordination;

/// Longest key.
const LONGEST: usize = 128;

/// How long an answer is kept: what it holds (a join token) is not good for longer.
const KEEP: Duration = Duration::from_secs(60);

/// How long a request may be under way: longer than any takes. Where its replica died over it, the key is free after that.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// Answers that are kept are at most this long.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why a request with a key is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdempotencyError {
    /// Not a key.
    #[error("an Idempotency-Key is 1 to 128 printable ASCII characters")]
    Malformed,
    /// The first request with it is still being carried out.
    #[error("a request with this Idempotency-Key is under way; try again in a second")]
    UnderWay,
    /// It was used for something else.
    #[error("this Idempotency-Key was used for another request")]
    Reused,
}

impl Fault for IdempotencyError {
    fn kind(&self) -> Kind {
        match self {
            IdempotencyError::Malformed => Kind::BadRequest,
            IdempotencyError::UnderWay => Kind::Conflict,
            IdempotencyError::Reused => Kind::Invalid,
        }
    }

    fn extras(&self) -> Extras {
        let soon = matches!(self, IdempotencyError::UnderWay).then_some(Duration::from_secs(1));
        Extras { retry_after: soon, ..Extras::default() }
    }
}

/// What a request with a key is to do.
pub(crate) enum Turn {
    /// Carry it out; then [`Idempotency::keep`] or [`Idempotency::release`].
    First(Option<Idempotency>),
    /// Answer this again: status and body.
    Again(u16, Vec<u8>),
}

/// The key of a request that is being carried out.
pub(crate) struct Idempotency {
    coordination: Arc<dyn Coordination>,
    key: String,
    fingerprint: [u8; 32],
}

impl Idempotency {
    /// Looks at the request's key, if it has one. `request` is everything that makes it that request.
    pub(crate) async fn begin(
        coordination: &Arc<dyn Coordination>,
        headers: &HeaderMap,
        account: &PlayerId,
        request: &[&[u8]],
    ) -> Result<Turn, Problem> {
        if !headers.contains_key("idempotency-key") {
            return Ok(Turn::First(None));
        }
        let key = header_text(headers, "idempotency-key")
            .filter(|key| (1..=LONGEST).contains(&key.len()))
            .ok_or(IdempotencyError::Malformed)?;
        let mut hash = Sha256::new();
        for part in request {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let this = Idempotency {
            coordination: coordination.clone(),
            key: format!("idempotency/{account}/{key}"),
            fingerprint: hash.finalize().into(),
        };
        // A note is the request's fingerprint, then status and body of the answer once there is one.
        match coordination.put_new(&this.key, &this.fingerprint, UNDER_WAY).await? {
            None => Ok(Turn::First(Some(this))),
            Some(note) if !note.starts_with(&this.fingerprint) => Err(IdempotencyError::Reused.into()),
            Some(note) => match &note[32..] {
                [low, high, body @ ..] => Ok(Turn::Again(u16::from_le_bytes([*low, *high]), body.to_vec())),
                _ => Err(IdempotencyError::UnderWay.into()),
            },
        }
    }

    /// Keeps the answer.
    pub(crate) async fn keep(self, status: u16, body: &[u8]) {
        if body.len() > LONGEST_ANSWER {
            return self.release().await;
        }
        let note = [&self.fingerprint[..], &status.to_le_bytes(), body].concat();
        if let Err(error) = self.coordination.put(&self.key, &note, KEEP).await {
            tracing::warn!(%error, "an answer was not kept for its Idempotency-Key");
        }
    }

    /// Nothing was done: the key may be used again.
    pub(crate) async fn release(self) {
        if let Err(error) = self.coordination.remove(&self.key).await {
            tracing::warn!(%error, "an Idempotency-Key stays taken for a while");
        }
    }
}
