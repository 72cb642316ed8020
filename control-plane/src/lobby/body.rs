//! Parties as callers and events show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::parties::{Invitation, Member, Party, Phase};

/// A party.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PartyBody {
    /// Its id.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    pub(crate) id: String,
    /// Whoever has it may join: for links among friends.
    #[schema(example = "KBQTWXZR")]
    pub(crate) code: String,
    /// The member who decides.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    pub(crate) leader: String,
    /// In order of arrival; none: it is dissolved.
    pub(crate) members: Vec<MemberBody>,
    /// Who was asked in and has not answered.
    pub(crate) invitations: Vec<InvitationBody>,
    /// `gathering`, `searching` or `playing`.
    #[schema(example = "gathering")]
    pub(crate) phase: &'static str,
    /// The search or the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) activity: Option<ActivityBody>,
    /// Members at most.
    #[schema(example = 8)]
    pub(crate) size: u16,
}

/// A member of a party.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MemberBody {
    /// Account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    pub(crate) player: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    pub(crate) name: String,
    /// Whether the search may begin, as far as this one is concerned.
    pub(crate) ready: bool,
    /// Whether nobody listens for this one at the moment.
    pub(crate) away: bool,
}

/// An open invitation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InvitationBody {
    /// Who was asked.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    pub(crate) player: String,
    /// By whom.
    #[schema(example = "p-0102030405060708090a0b0c")]
    pub(crate) by: String,
    /// It is void from then on, RFC 3339.
    #[schema(example = "2026-11-20T10:05:00.000Z", format = DateTime)]
    pub(crate) until: String,
}

/// What a party does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ActivityBody {
    /// The game.
    #[schema(example = "tictactoe")]
    pub(crate) game: String,
    /// The queue that it waits in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "duel")]
    pub(crate) queue: Option<String>,
    /// Its ticket there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    pub(crate) ticket: Option<String>,
    /// The match that it plays.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    pub(crate) of: Option<String>,
}

impl From<&Party> for PartyBody {
    fn from(party: &Party) -> PartyBody {
        let (phase, activity) = match party.phase() {
            Phase::Gathering => ("gathering", None),
            Phase::Searching(search) => {
                let (queue, ticket) = (Some(search.queue.to_string()), Some(search.ticket.to_string()));
                ("searching", Some(ActivityBody { game: search.game.to_string(), queue, ticket, of: None }))
            }
            Phase::Playing { game, id } => {
                let of = Some(id.to_string());
                ("playing", Some(ActivityBody { game: game.to_string(), queue: None, ticket: None, of }))
            }
        };
        PartyBody {
            id: party.id().to_string(),
            code: party.code().to_string(),
            leader: party.leader().to_string(),
            members: party.members().iter().map(MemberBody::from).collect(),
            invitations: party.invitations().iter().map(InvitationBody::from).collect(),
            phase,
            activity,
            size: party.limits().members,
        }
    }
}

impl From<&Member> for MemberBody {
    fn from(member: &Member) -> MemberBody {
        MemberBody {
            player: member.player.to_string(),
            name: member.name.clone(),
            ready: member.ready,
            away: member.away_since.is_some(),
        }
    }
}

impl From<&Invitation> for InvitationBody {
    fn from(invitation: &Invitation) -> InvitationBody {
        InvitationBody {
            player: invitation.player.to_string(),
            by: invitation.by.to_string(),
            until: invitation.until.to_string(),
        }
    }
}
