//! Why a party does not do what somebody wants.

use super::PlayerId;

/// A refused action. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only members may.
    #[error("you are not in this party")]
    NotMember,
    /// Only the leader may.
    #[error("only the leader of the party may do that")]
    NotLeader,
    /// There is no such member.
    #[error("{0} is not in the party")]
    NoSuchMember(PlayerId),
    /// A member cannot join or be invited.
    #[error("{0} is in the party already")]
    AlreadyMember(PlayerId),
    /// Nobody asked, or too long ago.
    #[error("there is no invitation, or it has expired; ask for another")]
    NotInvited,
    /// The link is not this party's, or not any more.
    #[error("the code does not lead to this party any more; ask for the new one")]
    WrongCode,
    /// No room for another member.
    #[error("the party has as many members as it may, {0}")]
    Full(u16),
    /// Too many have been invited.
    #[error("{0} invitations are open already; wait until some are answered or have expired")]
    TooManyInvitations(u16),
    /// A party that searches or plays takes nobody and begins no other search.
    #[error("the party searches or plays; end that first")]
    Busy,
    /// Members who have not said that they are ready.
    #[error("not everybody is ready: {}", names(.0))]
    NotReady(Vec<PlayerId>),
    /// There is nothing to cancel.
    #[error("the party does not search")]
    NotSearching,
    /// Leaders leave, they do not kick themselves; and nobody hands over to themselves.
    #[error("that is yourself; to go, leave")]
    Oneself,
}

fn names(players: &[PlayerId]) -> String {
    players.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
