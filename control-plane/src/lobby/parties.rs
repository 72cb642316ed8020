//! Parties in coordination, each a note that is changed by compare-and-set; beside it, which party a player is in, where a
//! code leads, and who was invited where.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::PlayerId;

use super::{Lobby, PartyBody, PlayerEvent, SearchError, read, written};
use crate::accounts::Caller;
use crate::clock::random;
use crate::coordination::CoordinationError;
use crate::model::{Account, AccountName, UnixMs};
use crate::parties::{Action, Departure, Effect, Invitation, Limits, News, Party, PartyCode, PartyId, Phase, Refusal};
use crate::store::StoreError;

/// A party that nothing happens to for so long is forgotten.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// A dissolved one: until everybody has seen that.
const KEEP_DISSOLVED: Duration = Duration::from_secs(60);

/// Changes of one party at the same moment that are tried again, before somebody is asked to.
const TRIES: usize = 16;

/// Open invitations of one player at most.
const INVITATIONS: u32 = 32;

/// Why a party did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartyError {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// One is in one party at a time.
    #[error("you are in a party already; leave it first")]
    Elsewhere,
    /// Only for those who are in one.
    #[error("you are in no party")]
    None,
    /// It leads nowhere.
    #[error("there is no such party, or not any more")]
    Unknown,
    /// Nobody has the name or id.
    #[error("there is no player {0}")]
    UnknownPlayer(String),
    /// One has blocked the other: it is not said who.
    #[error("this player cannot be invited")]
    NotInvitable,
    /// Too many change it.
    #[error("the party changes too fast; try again")]
    Contended,
    /// Its search did not end.
    #[error("the search could not be ended: {0}")]
    Search(Box<SearchError>),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How somebody comes into a party.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// By a link.
    Code(PartyCode),
    /// By an invitation.
    Invitation(PartyId),
}

/// What is noted of an invitation for whoever was invited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InvitationNote {
    pub(crate) by: PlayerId,
    pub(crate) name: String,
    pub(crate) until: UnixMs,
}

impl Lobby {
    /// The party of a player.
    pub(crate) async fn party_of(&self, player: &PlayerId) -> Result<Option<Party>, PartyError> {
        let Some(id) = self.note::<PartyId>(&of_key(player)).await? else { return Ok(None) };
        let party = self.note::<Party>(&party_key(id)).await?.filter(|party| party.has(player));
        let Some(party) = party else {
            // The party was lost, or the player left while the note could not be removed.
            self.coordination().remove_if(&of_key(player), &written(&id)).await?;
            return Ok(None);
        };
        if let Phase::Playing { id: of, .. } = party.phase()
            && self.parts.live.by_id(*of).await?.is_none()
        {
            // Whoever was to say that the match is over was lost before it did.
            let news = News::MatchOver(*of);
            return self.change(id, |party, now| Ok(party.hear(&news, now))).await.map(Some);
        }
        Ok(Some(party))
    }

    /// Makes a party of one.
    pub(crate) async fn create_party(&self, caller: &Caller) -> Result<Party, PartyError> {
        let id = PartyId(self.new_id());
        let code = PartyCode::from_random(random(&*self.parts.rng));
        let name = caller.name.as_str().to_owned();
        let party = Party::new(id, code, Limits::default(), caller.account.clone(), name);
        // The party is there before anything says so: a player who is noted in a party that is not is in none.
        self.coordination().put(&party_key(id), &written(&party), KEEP).await?;
        if let Err(error) = self.claim(&caller.account, id).await {
            self.coordination().remove(&party_key(id)).await?;
            return Err(error);
        }
        self.coordination().put(&code_key(party.code()), &written(&id), KEEP).await?;
        self.show(&party).await;
        Ok(party)
    }

    /// Brings somebody into a party.
    pub(crate) async fn join_party(&self, caller: &Caller, way: Way) -> Result<Party, PartyError> {
        let name = caller.name.as_str().to_owned();
        let (id, action) = match way {
            Way::Invitation(id) => (id, Action::Accept { name }),
            Way::Code(code) => {
                let id = self.note::<PartyId>(&code_key(&code)).await?.ok_or(PartyError::Unknown)?;
                (id, Action::Join { code, name })
            }
        };
        let player = &caller.account;
        if let Some(party) = self.party_of(player).await?.filter(|party| party.id() == id) {
            // The answer was lost, and it is asked for again.
            return Ok(party);
        }
        self.claim(player, id).await?;
        match self.act(id, player, action).await {
            Ok(party) => {
                self.coordination().map_take(&invited_map(player), &id.to_string()).await?;
                self.settle_in(player, party).await
            }
            // The same request, sent twice, was faster.
            Err(PartyError::Refusal(Refusal::AlreadyMember(_))) => {
                let party = self.note::<Party>(&party_key(id)).await?.filter(|party| party.has(player));
                self.settle_in(player, party.ok_or(PartyError::Unknown)?).await
            }
            Err(error) => {
                self.coordination().remove_if(&of_key(player), &written(&id)).await?;
                Err(error)
            }
        }
    }

    /// A member is in this party and in no other: its note may have been removed, or be another party's, since it was made.
    async fn settle_in(&self, player: &PlayerId, party: Party) -> Result<Party, PartyError> {
        let there = self.coordination().put_new(&of_key(player), &written(&party.id()), KEEP).await?;
        match there {
            Some(other) if other != written(&party.id()) => {
                self.act(party.id(), player, Action::Leave).await?;
                Err(PartyError::Elsewhere)
            }
            _ => Ok(party),
        }
    }

    /// Asks a player in, by account id or by the name that it signs in with.
    pub(crate) async fn invite(&self, caller: &Caller, whom: &str) -> Result<Party, PartyError> {
        let party = self.party_of(&caller.account).await?.ok_or(PartyError::None)?;
        let player = self.player_named(whom).await?;
        let store = &self.parts.store;
        let shunned = store.blocked(&player).await?.contains(&caller.account)
            || store.blocked(&caller.account).await?.contains(&player);
        if shunned {
            return Err(PartyError::NotInvitable);
        }
        let party = self.act(party.id(), &caller.account, Action::Invite { player: player.clone() }).await?;
        let invited = party.invitations().iter().find(|invitation| invitation.player == player);
        if let Some(invitation) = invited {
            self.note_invitation(&party, invitation, caller.name.as_str()).await?;
        }
        Ok(party)
    }

    async fn note_invitation(&self, party: &Party, invitation: &Invitation, name: &str) -> Result<(), PartyError> {
        let Invitation { player, by, until } = invitation.clone();
        let note = InvitationNote { by: by.clone(), name: name.to_owned(), until };
        let id = party.id().to_string();
        // Whoever has more open than anybody answers is not bothered with another; the party shows it all the same.
        if self.coordination().map_put(&invited_map(&player), &id, &written(&note), INVITATIONS).await? {
            let (by, name, until) = (by.to_string(), name.to_owned(), until.to_string());
            self.tell(&player, &PlayerEvent::Invitation { party: id, by, name, until }).await;
        }
        Ok(())
    }

    /// The open invitations of a player.
    pub(crate) async fn invitations(&self, player: &PlayerId) -> Result<Vec<(String, InvitationNote)>, PartyError> {
        let (map, now) = (invited_map(player), self.parts.clock.now());
        let mut open = Vec::new();
        for (party, note) in self.coordination().map_entries(&map).await? {
            let note: InvitationNote = read(&note)?;
            if note.until > now {
                open.push((party, note));
            } else {
                self.coordination().map_take(&map, &party).await?;
            }
        }
        open.sort_by_key(|(_, note)| note.until);
        Ok(open)
    }

    /// Somebody who was invited does not come.
    pub(crate) async fn decline(&self, player: &PlayerId, id: PartyId) -> Result<(), PartyError> {
        self.coordination().map_take(&invited_map(player), &id.to_string()).await?;
        self.act(id, player, Action::Decline).await.map(drop)
    }

    /// A member does something with its party.
    pub(crate) async fn act_in_party(&self, player: &PlayerId, action: Action) -> Result<Party, PartyError> {
        let party = self.party_of(player).await?.ok_or(PartyError::None)?;
        self.act(party.id(), player, action).await
    }

    /// A new code for whoever has a member go.
    pub(crate) fn new_code(&self) -> PartyCode {
        PartyCode::from_random(random(&*self.parts.rng))
    }

    pub(super) async fn act(&self, id: PartyId, player: &PlayerId, action: Action) -> Result<Party, PartyError> {
        self.change(id, |party, now| party.apply(player, action.clone(), now)).await
    }

    /// Says something to the party of a player, if it is in one.
    pub(super) async fn hear_in_party(&self, player: &PlayerId, news: News) {
        let heard = async {
            match self.party_of(player).await? {
                Some(party) => self.hear(party.id(), news).await,
                None => Ok(()),
            }
        };
        if let Err(error) = heard.await {
            tracing::warn!(%player, %error, "a party did not hear of something");
        }
    }

    /// Says something to a party.
    pub(super) async fn hear(&self, id: PartyId, news: News) -> Result<(), PartyError> {
        self.change(id, |party, now| Ok(party.hear(&news, now))).await.map(drop)
    }

    async fn change(
        &self,
        id: PartyId,
        change: impl Fn(&mut Party, UnixMs) -> Result<Vec<Effect>, Refusal>,
    ) -> Result<Party, PartyError> {
        for _ in 0..TRIES {
            let there = self.coordination().get(&party_key(id)).await?.ok_or(PartyError::Unknown)?;
            let before: Party = read(&there)?;
            let mut party = before.clone();
            let effects = change(&mut party, self.parts.clock.now())?;
            if party == before {
                return Ok(party);
            }
            let keep = if party.is_dissolved() { KEEP_DISSOLVED } else { KEEP };
            if self.coordination().swap(&party_key(id), Some(&there), &written(&party), keep).await? {
                self.carry_out(&before, &party, effects).await?;
                return Ok(party);
            }
        }
        Err(PartyError::Contended)
    }

    /// Notes beside the party, and who has to hear what.
    async fn carry_out(&self, before: &Party, party: &Party, effects: Vec<Effect>) -> Result<(), PartyError> {
        let id = party.id();
        if before.code() != party.code() || party.is_dissolved() {
            self.coordination().remove(&code_key(before.code())).await?;
        }
        if !party.is_dissolved() {
            self.coordination().put(&code_key(party.code()), &written(&id), KEEP).await?;
        }
        for effect in effects {
            match effect {
                Effect::Left(player, why) => {
                    self.coordination().remove_if(&of_key(&player), &written(&id)).await?;
                    let why = match why {
                        Departure::Left => "left",
                        Departure::Kicked => "kicked",
                        Departure::Away => "away",
                    };
                    self.tell(&player, &PlayerEvent::PartyLeft { party: id.to_string(), why }).await;
                }
                Effect::InvitationGone(player) => {
                    self.coordination().map_take(&invited_map(&player), &id.to_string()).await?;
                    self.tell(&player, &PlayerEvent::InvitationGone { party: id.to_string() }).await;
                }
                Effect::SearchEnded(search) => {
                    let ended = self.end_search(&search.into(), "cancelled", "the search was cancelled").await;
                    ended.map_err(|error| PartyError::Search(Box::new(error)))?;
                }
                // Those who call for these see to them.
                Effect::Invited(_) | Effect::Joined(_) | Effect::SearchBegan(_) | Effect::Dissolved => {}
            }
        }
        self.show(party).await;
        Ok(())
    }

    /// Shows all members how the party is now.
    async fn show(&self, party: &Party) {
        let event = PlayerEvent::Party { party: PartyBody::from(party) };
        let members: Vec<PlayerId> = party.members().iter().map(|member| member.player.clone()).collect();
        self.tell_all(&members, &event).await;
    }

    /// Notes that a player is in a party, unless it is in another.
    async fn claim(&self, player: &PlayerId, id: PartyId) -> Result<(), PartyError> {
        if self.party_of(player).await?.is_some() {
            return Err(PartyError::Elsewhere);
        }
        match self.coordination().put_new(&of_key(player), &written(&id), KEEP).await? {
            None => Ok(()),
            Some(_) => Err(PartyError::Elsewhere),
        }
    }

    /// A player by account id or by the name that it signs in with.
    pub(crate) async fn player_named(&self, text: &str) -> Result<PlayerId, PartyError> {
        Ok(self.account_named(text).await?.id)
    }

    /// The same with what is known of it.
    pub(crate) async fn account_named(&self, text: &str) -> Result<Account, PartyError> {
        let unknown = || PartyError::UnknownPlayer(text.chars().take(64).collect());
        let by_id = match text.parse::<PlayerId>() {
            Ok(id) => self.parts.store.account(&id).await?,
            Err(_) => None,
        };
        if let Some(account) = by_id {
            return Ok(account);
        }
        let name: AccountName = text.parse().map_err(|_| unknown())?;
        Ok(self.parts.store.credentials(&name).await?.ok_or_else(unknown)?.0)
    }
}

fn party_key(id: PartyId) -> String {
    format!("party/{id}")
}

fn of_key(player: &PlayerId) -> String {
    format!("party-of/{player}")
}

fn code_key(code: &PartyCode) -> String {
    format!("party-code/{code}")
}

fn invited_map(player: &PlayerId) -> String {
    format!("invited/{player}")
}
