//! Who is let in: policy without state of its own, answering with a reason.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::Watchers;
use stadion_protocol::token::{JoinClaims, ResumeToken, SchemaHash};
use stadion_protocol::wire::Speaker;
use stadion_protocol::{CloseCode, Seat};

use crate::link::{Admission, Credential};

use super::Spec;
use super::seats::{SeatState, Seats, Tenant};

/// Join tokens remembered for a seat. They live for seconds, so that one forgotten here has long expired.
const MAX_JOINS: usize = 8;

/// Resume tokens valid for a seat at once. More than one, since a client may lose the connection with a newer token
/// still on its way, any number of times in a row.
const MAX_RESUMES: usize = 4;

/// One use of a join token: the same pair again is an honest retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JoinUse {
    /// First 16 bytes of BLAKE3 of the token's id.
    pub(super) token: [u8; 16],
    /// The client's nonce.
    pub(super) nonce: [u8; 16],
}

/// The join tokens that a seat's player has used, newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JoinUses(VecDeque<JoinUse>);

/// Hashes of the resume tokens that bring a seat's player back, newest last. Using one ends those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResumeHashes(VecDeque<[u8; 32]>);

/// How a player comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Joins: the seat was reserved.
    Claim(JoinUse),
    /// Has the seat, and shows a join token: a retry, or a new token from another device.
    Again(JoinUse),
    /// Has the seat, and shows a resume token with this hash.
    Resume([u8; 32]),
}

/// Why a player is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Built for other messages.
    Outdated,
    /// For another match or a seat that does not exist.
    NotForHere,
    /// The seat is another player's.
    NotYours,
    /// Nobody keeps the seat any more.
    GivenUp,
    /// The token was used with another nonce.
    Used,
    /// The player has since come in with a newer token.
    OlderToken,
    /// The seat is another client's of the same player, or a younger connection's of the same client.
    Beaten(CloseCode),
    /// Not a resume token of this seat, or one that a newer one ended.
    UnknownResume,
    /// The match is not to be watched.
    Unseen,
    /// As many watch as may.
    Crowded,
}

impl Refusal {
    /// What the client is told. Refused tokens are told apart in the log only.
    pub(super) fn close(self) -> (CloseCode, &'static str) {
        match self {
            Refusal::Outdated => {
                (CloseCode::OutdatedClient, "this client was built for other messages; reload or update it")
            }
            Refusal::GivenUp | Refusal::UnknownResume => {
                (CloseCode::Expired, "the seat is not kept any more; ask for a new one")
            }
            Refusal::OlderToken => (CloseCode::Replaced, "the player came in with a newer token"),
            Refusal::Beaten(code) => (code, "the seat was taken by a newer connection"),
            Refusal::Unseen => (CloseCode::Refused, "this match is not to be watched"),
            Refusal::Crowded => (CloseCode::Refused, "as many watch this match as may; try again later"),
            Refusal::NotForHere | Refusal::NotYours | Refusal::Used => {
                (CloseCode::Refused, "the token was not accepted")
            }
        }
    }
}

/// Judges a `hello`.
pub(super) fn judge(spec: &Spec, seats: &Seats, admission: &Admission) -> Result<(Seat, Way), Refusal> {
    if admission.schema != spec.schema {
        return Err(Refusal::Outdated);
    }
    match &admission.credential {
        Credential::Join { claims, nonce } => judge_join(spec, seats, admission.speaker, (claims, *nonce)),
        Credential::Resume(token) => judge_resume(spec, seats, admission.speaker, token),
    }
}

/// Before the token is looked at: that of a client which was replaced may have ended since.
fn judge_speaker(tenant: &Tenant, speaker: Speaker) -> Result<(), Refusal> {
    tenant.speakers.judge(speaker, tenant.conn().is_some()).map_err(Refusal::Beaten)
}

/// Judges the `hello` of somebody who wants to watch: what its token is remembered by.
pub(super) fn judge_watcher(spec: &Spec, claims: &JoinClaims, schema: SchemaHash) -> Result<[u8; 16], Refusal> {
    if schema != spec.schema {
        return Err(Refusal::Outdated);
    }
    if claims.match_id != spec.id {
        return Err(Refusal::NotForHere);
    }
    if spec.settings.spectators.who == Watchers::Off {
        return Err(Refusal::Unseen);
    }
    Ok(token_hash(&claims.jti))
}

fn judge_join(
    spec: &Spec,
    seats: &Seats,
    speaker: Speaker,
    (claims, nonce): (&JoinClaims, [u8; 16]),
) -> Result<(Seat, Way), Refusal> {
    if claims.match_id != spec.id {
        return Err(Refusal::NotForHere);
    }
    let used = JoinUse { token: token_hash(&claims.jti), nonce };
    let way = match seats.get(claims.seat).ok_or(Refusal::NotForHere)? {
        SeatState::Free | SeatState::Left(_) => return Err(Refusal::GivenUp),
        SeatState::Reserved { player, .. } if player.id != claims.sub => return Err(Refusal::NotYours),
        SeatState::Reserved { .. } => Way::Claim(used),
        SeatState::Taken(tenant) => judge_again(tenant, speaker, claims, used)?,
    };
    Ok((claims.seat, way))
}

fn judge_again(tenant: &Tenant, speaker: Speaker, claims: &JoinClaims, used: JoinUse) -> Result<Way, Refusal> {
    if tenant.player.id != claims.sub {
        return Err(Refusal::NotYours);
    }
    judge_speaker(tenant, speaker)?;
    match tenant.joins.0.iter().rposition(|known| known.token == used.token) {
        None => Ok(Way::Again(used)),
        Some(at) if tenant.joins.0[at].nonce != used.nonce => Err(Refusal::Used),
        Some(at) if at + 1 < tenant.joins.0.len() => Err(Refusal::OlderToken),
        Some(_) => Ok(Way::Again(used)),
    }
}

fn judge_resume(spec: &Spec, seats: &Seats, speaker: Speaker, token: &ResumeToken) -> Result<(Seat, Way), Refusal> {
    if token.match_id != spec.id {
        return Err(Refusal::NotForHere);
    }
    let tenant = seats.tenant(token.seat).ok_or(Refusal::UnknownResume)?;
    judge_speaker(tenant, speaker)?;
    let hash = token.hash();
    if tenant.resumes.0.contains(&hash) { Ok((token.seat, Way::Resume(hash))) } else { Err(Refusal::UnknownResume) }
}

/// What a match keeps of a join token's id.
pub(super) fn token_hash(jti: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(jti.as_bytes()).as_bytes()[..16]);
    short
}

impl JoinUses {
    /// Remembers a use; the same again changes nothing.
    pub(super) fn remember(&mut self, used: JoinUse) {
        if self.0.back() != Some(&used) {
            self.0.push_back(used);
        }
        if self.0.len() > MAX_JOINS {
            self.0.pop_front();
        }
    }
}

impl ResumeHashes {
    /// A token was used: those before it end, it stays valid until a newer one is used.
    pub(super) fn used(&mut self, hash: &[u8; 32]) {
        if let Some(at) = self.0.iter().position(|known| known == hash) {
            self.0.drain(..at);
        }
    }

    /// Those that are valid.
    pub(super) fn iter(&self) -> impl Iterator<Item = [u8; 32]> {
        self.0.iter().copied()
    }

    /// A new token is on its way. When too many are, the oldest but one goes: the oldest is the one known to have
    /// arrived.
    pub(super) fn offer(&mut self, hash: [u8; 32]) {
        if self.0.len() == MAX_RESUMES {
            self.0.remove(1);
        }
        self.0.push_back(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_token_is_valid_until_a_newer_one_is_used() {
        let mut hashes = ResumeHashes::default();
        hashes.offer([1; 32]);
        hashes.used(&[1; 32]);
        hashes.offer([2; 32]);
        assert!(hashes.0.contains(&[1; 32]), "the newer one may be lost on its way");
        hashes.used(&[2; 32]);
        assert!(!hashes.0.contains(&[1; 32]));
    }

    #[test]
    fn tokens_lost_on_their_way_never_end_the_one_that_arrived() {
        let mut hashes = ResumeHashes::default();
        hashes.offer([1; 32]);
        for n in 2..100 {
            hashes.used(&[1; 32]);
            hashes.offer([n; 32]);
            assert!(hashes.0.len() <= MAX_RESUMES);
        }
        assert_eq!(hashes.0[0], [1; 32]);
    }
}
