//! One party and its transitions.

use serde::{Deserialize, Serialize};
use stadion_protocol::PlayerId;

use super::{
    Action, Departure, Effect, Invitation, Limits, Member, News, PartyCode, PartyId, Phase, Refusal, Search, TicketId,
    UnixMs,
};

/// What came of an action: the party as it is now, and who has to hear what.
pub type Applied = Result<Vec<Effect>, Refusal>;

/// See the [module](super).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    id: PartyId,
    code: PartyCode,
    limits: Limits,
    leader: PlayerId,
    /// In order of arrival.
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    phase: Phase,
}

impl Party {
    /// A party of one, who leads it.
    pub fn new(id: PartyId, code: PartyCode, limits: Limits, leader: PlayerId, name: String) -> Party {
        let members = vec![Member { player: leader.clone(), name, ready: false, away_since: None }];
        Party { id, code, limits, leader, members, invitations: Vec::new(), phase: Phase::Gathering }
    }

    /// Which.
    pub fn id(&self) -> PartyId {
        self.id
    }

    /// What a link to it carries.
    pub fn code(&self) -> &PartyCode {
        &self.code
    }

    /// Who decides for it.
    pub fn leader(&self) -> &PlayerId {
        &self.leader
    }

    /// In order of arrival; none: it is dissolved.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those that are good still, as of the last change.
    pub fn invitations(&self) -> &[Invitation] {
        &self.invitations
    }

    /// What it does.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// How large it may grow.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether nobody is left.
    pub fn is_dissolved(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether somebody is a member.
    pub fn has(&self, player: &PlayerId) -> bool {
        self.member(player).is_some()
    }

    /// The next time at which something becomes void by itself.
    pub fn next_expiry(&self) -> Option<UnixMs> {
        let invitations = self.invitations.iter().map(|invitation| invitation.until);
        let away = self.members.iter().filter_map(|member| Some(self.away_until(member.away_since?)));
        invitations.chain(away).min()
    }

    /// A player does something. What has expired by `now` counts as gone before.
    pub fn apply(&mut self, player: &PlayerId, action: Action, now: UnixMs) -> Applied {
        // On a copy: a refused action leaves nothing behind, not even an expiry that nobody would be told of.
        let mut next = self.clone();
        let mut effects = next.expire(now);
        effects.extend(next.act(player, action, now)?);
        *self = next;
        Ok(effects)
    }

    /// The control plane says something. What does not fit any more changes nothing.
    pub fn hear(&mut self, news: &News, now: UnixMs) -> Vec<Effect> {
        let mut effects = match news {
            News::Away(player) => {
                let member = self.member_mut(player).filter(|member| member.away_since.is_none());
                member.into_iter().for_each(|member| member.away_since = Some(now));
                Vec::new()
            }
            News::Back(player) => {
                self.member_mut(player).into_iter().for_each(|member| member.away_since = None);
                Vec::new()
            }
            News::Matched { ticket, id } => {
                if let Phase::Searching(search) = &self.phase
                    && search.ticket == *ticket
                {
                    self.phase = Phase::Playing { game: search.game.clone(), id: *id };
                }
                Vec::new()
            }
            News::SearchEnded { ticket, unready } => self.search_ended(*ticket, unready),
            News::MatchOver(id) => {
                if matches!(&self.phase, Phase::Playing { id: playing, .. } if playing == id) {
                    self.phase = Phase::Gathering;
                    // Another round is for those who say so.
                    self.members.iter_mut().for_each(|member| member.ready = false);
                }
                Vec::new()
            }
        };
        effects.extend(self.expire(now));
        effects
    }

    /// Lets go of what has expired.
    pub fn expire(&mut self, now: UnixMs) -> Vec<Effect> {
        let mut effects = Vec::new();
        let gone = self.invitations.extract_if(.., |invitation| invitation.until <= now);
        effects.extend(gone.map(|invitation| Effect::InvitationGone(invitation.player)));
        let away: Vec<PlayerId> = self
            .members
            .iter()
            .filter(|member| member.away_since.is_some_and(|since| self.away_until(since) <= now))
            .map(|member| member.player.clone())
            .collect();
        effects.extend(away.iter().flat_map(|player| self.depart(player, Departure::Away)));
        effects
    }

    fn act(&mut self, player: &PlayerId, action: Action, now: UnixMs) -> Applied {
        match action {
            Action::Invite { player: guest } => self.invite(player, guest, now),
            Action::Accept { name } => {
                self.invited(player)?;
                self.admit(player, name)
            }
            Action::Decline => {
                self.invited(player)?;
                self.invitations.retain(|invitation| invitation.player != *player);
                Ok(vec![Effect::InvitationGone(player.clone())])
            }
            Action::Join { code, .. } if code != self.code => Err(Refusal::WrongCode),
            Action::Join { name, .. } => self.admit(player, name),
            Action::Leave => {
                self.check_member(player)?;
                Ok(self.depart(player, Departure::Left))
            }
            Action::Kick { player: other, code } => {
                self.check_other(player, &other)?;
                self.code = code;
                Ok(self.depart(&other, Departure::Kicked))
            }
            Action::HandOver { to } => {
                self.check_other(player, &to)?;
                self.leader = to;
                Ok(Vec::new())
            }
            Action::Ready(ready) => self.ready(player, ready),
            Action::Search(search) => self.search(player, search),
            Action::Cancel => {
                self.check_leader(player)?;
                if matches!(self.phase, Phase::Searching(_)) {
                    Ok(self.end_search())
                } else {
                    Err(Refusal::NotSearching)
                }
            }
        }
    }

    fn invite(&mut self, by: &PlayerId, player: PlayerId, now: UnixMs) -> Applied {
        self.check_member(by)?;
        if self.has(&player) {
            return Err(Refusal::AlreadyMember(player));
        }
        if self.members.len() >= usize::from(self.limits.members) {
            return Err(Refusal::Full(self.limits.members));
        }
        self.invitations.retain(|invitation| invitation.player != player);
        if self.invitations.len() >= usize::from(self.limits.invitations) {
            return Err(Refusal::TooManyInvitations(self.limits.invitations));
        }
        let until = UnixMs(now.0.saturating_add(self.limits.invitation_ms));
        let invitation = Invitation { player, by: by.clone(), until };
        self.invitations.push(invitation.clone());
        Ok(vec![Effect::Invited(invitation)])
    }

    fn admit(&mut self, player: &PlayerId, name: String) -> Applied {
        if self.has(player) {
            return Err(Refusal::AlreadyMember(player.clone()));
        }
        if self.is_dissolved() {
            return Err(Refusal::NotInvited);
        }
        if self.phase != Phase::Gathering {
            return Err(Refusal::Busy);
        }
        if self.members.len() >= usize::from(self.limits.members) {
            return Err(Refusal::Full(self.limits.members));
        }
        self.invitations.retain(|invitation| invitation.player != *player);
        self.members.push(Member { player: player.clone(), name, ready: false, away_since: None });
        Ok(vec![Effect::Joined(player.clone())])
    }

    fn ready(&mut self, player: &PlayerId, ready: bool) -> Applied {
        let member = self.member_mut(player).ok_or(Refusal::NotMember)?;
        member.ready = ready;
        member.away_since = None;
        Ok(if ready { Vec::new() } else { self.end_search() })
    }

    fn search(&mut self, player: &PlayerId, search: Search) -> Applied {
        self.check_leader(player)?;
        if self.phase != Phase::Gathering {
            return Err(Refusal::Busy);
        }
        // To search is to be ready.
        self.member_mut(player).into_iter().for_each(|leader| leader.ready = true);
        let waiting: Vec<_> = self.members.iter().filter(|member| !member.ready).map(|m| m.player.clone()).collect();
        if !waiting.is_empty() {
            return Err(Refusal::NotReady(waiting));
        }
        self.phase = Phase::Searching(search.clone());
        Ok(vec![Effect::SearchBegan(search)])
    }

    fn search_ended(&mut self, ticket: TicketId, unready: &[PlayerId]) -> Vec<Effect> {
        if !matches!(&self.phase, Phase::Searching(search) if search.ticket == ticket) {
            return Vec::new();
        }
        self.phase = Phase::Gathering;
        self.members.iter_mut().filter(|member| unready.contains(&member.player)).for_each(|m| m.ready = false);
        Vec::new()
    }

    fn end_search(&mut self) -> Vec<Effect> {
        match std::mem::replace(&mut self.phase, Phase::Gathering) {
            Phase::Searching(search) => vec![Effect::SearchEnded(search)],
            other => {
                self.phase = other;
                Vec::new()
            }
        }
    }

    /// A search goes on for all or for nobody; a match goes on without whoever left the party.
    fn depart(&mut self, player: &PlayerId, why: Departure) -> Vec<Effect> {
        let mut effects = self.end_search();
        self.members.retain(|member| member.player != *player);
        effects.push(Effect::Left(player.clone(), why));
        match self.members.first() {
            None => {
                effects.extend(self.invitations.drain(..).map(|gone| Effect::InvitationGone(gone.player)));
                self.phase = Phase::Gathering;
                effects.push(Effect::Dissolved);
            }
            Some(oldest) if self.leader == *player => {
                self.leader = oldest.player.clone();
            }
            Some(_) => {}
        }
        effects
    }

    fn away_until(&self, since: UnixMs) -> UnixMs {
        UnixMs(since.0.saturating_add(self.limits.away_ms))
    }

    fn invited(&self, player: &PlayerId) -> Result<(), Refusal> {
        let there = self.invitations.iter().any(|invitation| invitation.player == *player);
        if there { Ok(()) } else { Err(Refusal::NotInvited) }
    }

    fn check_member(&self, player: &PlayerId) -> Result<(), Refusal> {
        if self.has(player) { Ok(()) } else { Err(Refusal::NotMember) }
    }

    fn check_leader(&self, player: &PlayerId) -> Result<(), Refusal> {
        self.check_member(player)?;
        if self.leader == *player { Ok(()) } else { Err(Refusal::NotLeader) }
    }

    /// The leader does something to another member.
    fn check_other(&self, leader: &PlayerId, other: &PlayerId) -> Result<(), Refusal> {
        self.check_leader(leader)?;
        if leader == other {
            return Err(Refusal::Oneself);
        }
        if self.has(other) { Ok(()) } else { Err(Refusal::NoSuchMember(other.clone())) }
    }

    fn member(&self, player: &PlayerId) -> Option<&Member> {
        self.members.iter().find(|member| member.player == *player)
    }

    fn member_mut(&mut self, player: &PlayerId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.player == *player)
    }
}
