//! Tickets in coordination: whoever searches puts one into the map of its queue and calls the replica that steps it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{InvalidSetting, QueueName, QueueRules, queues_of};
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::{Lobby, PartyError, PlayerEvent, ids, read, written};
use crate::accounts::Caller;
use crate::coordination::CoordinationError;
use crate::games::{CatalogError, Playable, Selection};
use crate::model::UnixMs;
use crate::parties::{Action, News, Party, PartyId, Phase, Search};
use crate::queues::{Entrant, MAX_REGIONS, MAX_TICKETS, Ticket, TicketId, TicketRefusal, Vacancy};
use crate::store::StoreError;

/// A search is forgotten after so long, whatever became of it.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// Queues in which somebody waits, on the whole.
const MAX_ACTIVE: u32 = 10_000;

/// Where tickets wait.
pub(super) const ACTIVE: &str = "queues";

/// A queue of a game.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct QueueKey {
    pub(crate) game: GameName,
    pub(crate) queue: QueueName,
}

impl QueueKey {
    /// The field of the map of queues in which somebody waits.
    pub(super) fn field(&self) -> String {
        format!("{}/{}", self.game, self.queue)
    }

    pub(super) fn parse(field: &str) -> Option<QueueKey> {
        let (game, queue) = field.split_once('/')?;
        Some(QueueKey { game: game.parse().ok()?, queue: queue.parse().ok()? })
    }

    pub(super) fn map(&self) -> String {
        format!("tickets/{}", self.field())
    }

    pub(super) fn topic(&self) -> String {
        format!("queue/{}", self.field())
    }

    /// Where it is noted how the queue is, for those who ask.
    pub(super) fn state(&self) -> String {
        format!("queue-state/{}", self.field())
    }
}

/// A ticket as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TicketNote {
    pub(super) ticket: Ticket,
    pub(super) party: Option<PartyId>,
    /// The match that is being created for it: whoever steps the queue next looks whether it is there.
    pub(super) matched: Option<Matched>,
}

/// The match that a ticket leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Matched {
    pub(super) id: MatchId,
    /// The number of its team, from 1; 0: without teams.
    pub(super) team: u16,
}

impl TicketNote {
    pub(super) fn players(&self) -> Vec<PlayerId> {
        self.ticket.players.iter().map(|entrant| entrant.player.clone()).collect()
    }
}

/// Where a player's ticket is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) key: QueueKey,
    pub(super) ticket: TicketId,
}

impl From<Search> for Place {
    fn from(search: Search) -> Place {
        Place { key: QueueKey { game: search.game, queue: search.queue }, ticket: search.ticket }
    }
}

/// What is called out to the replica that steps a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Call {
    /// A ticket is in the map.
    Added(TicketId),
    /// A ticket is no more in the map.
    Removed(TicketId),
    /// A running match wants players, or wants others than before.
    Offer(Vacancy),
    /// A running match wants nobody any more.
    Withdraw(MatchId),
    /// A player answers a ready check.
    Answer { id: MatchId, player: PlayerId, confirms: bool },
}

/// How a queue is, as whoever steps it noted last.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct QueueState {
    pub(super) players: usize,
    pub(super) estimate_ms: Option<u64>,
}

/// A queue for those who ask.
pub(crate) struct QueueView {
    pub(crate) name: QueueName,
    pub(crate) rules: QueueRules,
    pub(crate) players: usize,
    pub(crate) estimated_wait: Option<Duration>,
}

/// A search for those who ask.
pub(crate) struct TicketView {
    pub(crate) key: QueueKey,
    pub(crate) ticket: TicketId,
    pub(crate) players: Vec<PlayerId>,
    pub(crate) since: UnixMs,
    pub(crate) estimated_wait: Option<Duration>,
}

/// Whether a search has begun by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It has.
    Anew,
    /// It went on already.
    Again,
}

/// Why somebody does not search.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The game has others, or none.
    #[error("{game} has no queue {queue}; it has: {}", if .has.is_empty() { "none".to_owned() } else { .has.join(", ") })]
    UnknownQueue { game: GameName, queue: QueueName, has: Vec<String> },
    /// A fault of the game's author.
    #[error("the queue makes matches of {players} players, and the game is played by {least} to {most}")]
    Misfit { players: u16, least: u16, most: u16 },
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error(transparent)]
    Ticket(#[from] TicketRefusal),
    #[error(transparent)]
    Party(#[from] PartyError),
    /// One search at a time.
    #[error("{0} searches already; cancel that first")]
    Searching(PlayerId),
    /// Not theirs, or over.
    #[error("there is no such search of yours")]
    UnknownTicket,
    /// More regions than anybody has.
    #[error("latencies: at most {MAX_REGIONS} regions, each named by 1 to 32 characters")]
    Regions,
    /// Whoever stepped the queue was away for too long, and another replica does now. Only its own log hears of it.
    #[error("another replica steps the queue by now")]
    Fenced,
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The queues that a version declares.
pub(super) fn queues(playable: &Playable) -> Result<BTreeMap<QueueName, QueueRules>, InvalidSetting> {
    let settings = playable.version.settings();
    queues_of(settings.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

impl Lobby {
    /// The queues of a game.
    pub(crate) async fn queues(&self, game: &GameName) -> Result<Vec<QueueView>, SearchError> {
        let playable = self.parts.catalog.playable(game, Selection::Latest).await?;
        let mut views = Vec::new();
        for (name, rules) in queues(&playable)? {
            let state = self.queue_state(&QueueKey { game: game.clone(), queue: name.clone() }).await?;
            let estimated_wait = state.estimate_ms.map(Duration::from_millis);
            views.push(QueueView { name, rules, players: state.players, estimated_wait });
        }
        Ok(views)
    }

    async fn queue_state(&self, key: &QueueKey) -> Result<QueueState, CoordinationError> {
        Ok(self.note(&key.state()).await?.unwrap_or_default())
    }

    /// The rules of a queue, if its matches fit the game.
    pub(super) async fn rules(&self, key: &QueueKey) -> Result<QueueRules, SearchError> {
        let playable = self.parts.catalog.playable(&key.game, Selection::Latest).await?;
        let mut queues = queues(&playable)?;
        let rules = queues.remove(&key.queue).ok_or_else(|| {
            let has = queues.keys().map(ToString::to_string).collect();
            SearchError::UnknownQueue { game: key.game.clone(), queue: key.queue.clone(), has }
        })?;
        let (least, most) = (playable.version.description.seats_min, playable.version.description.seats_max);
        let players = rules.players();
        if (least..=most).contains(&players) { Ok(rules) } else { Err(SearchError::Misfit { players, least, most }) }
    }

    /// Has the caller search, with its party if it is in one and leads it.
    pub(crate) async fn search(
        &self,
        caller: &Caller,
        key: QueueKey,
        latencies: Vec<(String, u16)>,
    ) -> Result<(TicketView, Asked), SearchError> {
        let named = |region: &str| (1..=32).contains(&region.len());
        if latencies.len() > MAX_REGIONS || !latencies.iter().all(|(region, _)| named(region)) {
            return Err(SearchError::Regions);
        }
        let rules = self.rules(&key).await?;
        let party = self.party_of(&caller.account).await?;
        if let Some(search) = self.search_of(caller, party.as_ref(), &key).await? {
            return Ok((search, Asked::Again));
        }
        let players = self.entrants(caller, party.as_ref(), &key).await?;
        let most = rules.party_size();
        if players.len() > usize::from(most) {
            return Err(TicketRefusal::TooLarge { players: players.len(), most }.into());
        }
        let ticket = Ticket { id: TicketId(self.new_id()), players, latencies, since: self.parts.clock.now() };
        let place = Place { key, ticket: ticket.id };
        let note = TicketNote { ticket, party: party.as_ref().map(Party::id), matched: None };
        self.claim_players(&place, &note).await?;
        if let Err(error) = self.begin(caller, &place, &note).await {
            self.release_players(&place, &note).await?;
            return Err(error);
        }
        Ok((self.view(place, &note).await?, Asked::Anew))
    }

    /// The search of whoever may begin one, where it waits in this queue already: its answer was lost. A search that its party
    /// knows of and nobody else does was lost while it began: the party hears that.
    async fn search_of(
        &self,
        caller: &Caller,
        party: Option<&Party>,
        key: &QueueKey,
    ) -> Result<Option<TicketView>, SearchError> {
        if party.is_some_and(|party| *party.leader() != caller.account) {
            return Ok(None);
        }
        if let Some((place, note)) = self.ticket_of(&caller.account).await?
            && place.key == *key
            && note.party == party.map(Party::id)
        {
            // Whoever put it there may not have come to say so.
            self.coordination().map_put(ACTIVE, &key.field(), b"", MAX_ACTIVE).await?;
            self.call(key, &Call::Added(place.ticket)).await?;
            self.called.notify_one();
            return self.view(place, &note).await.map(Some);
        }
        if let Some(party) = party
            && let Phase::Searching(search) = party.phase()
        {
            let Place { key, ticket } = search.clone().into();
            if self.coordination().map_get(&key.map(), &ticket.to_string()).await?.is_none() {
                self.hear(party.id(), News::SearchEnded { ticket, unready: Vec::new() }).await?;
            }
        }
        Ok(None)
    }

    /// Puts a ticket where it waits.
    async fn begin(&self, caller: &Caller, place: &Place, note: &TicketNote) -> Result<(), SearchError> {
        let Place { key, ticket } = place;
        if let Some(party) = note.party {
            let (game, queue) = (key.game.clone(), key.queue.clone());
            let search = Search { ticket: *ticket, game, queue, since: note.ticket.since };
            self.act(party, &caller.account, Action::Search(search)).await?;
        }
        let limit = u32::try_from(MAX_TICKETS).unwrap_or(u32::MAX);
        let coordination = self.coordination();
        let there = coordination.map_put(&key.map(), &ticket.to_string(), &written(note), limit).await?
            && coordination.map_put(ACTIVE, &key.field(), b"", MAX_ACTIVE).await?;
        // Another request of the same players may have taken this one for lost meanwhile.
        let ours = self.note::<Place>(&of_key(&caller.account)).await?.as_ref() == Some(place);
        if !there || !ours {
            coordination.map_take(&key.map(), &ticket.to_string()).await?;
            if let Some(party) = note.party {
                self.hear(party, News::SearchEnded { ticket: *ticket, unready: Vec::new() }).await?;
            }
            return Err(if there {
                SearchError::Searching(caller.account.clone())
            } else {
                TicketRefusal::Full.into()
            });
        }
        self.call(key, &Call::Added(*ticket)).await?;
        self.called.notify_one();
        let (game, queue) = (key.game.to_string(), key.queue.to_string());
        let event = PlayerEvent::Searching { ticket: ticket.to_string(), game, queue, again: None };
        self.tell_all(&note.players(), &event).await;
        Ok(())
    }

    pub(super) async fn call(&self, key: &QueueKey, call: &Call) -> Result<(), CoordinationError> {
        self.coordination().tell(&key.topic(), &written(call)).await.map(drop)
    }

    async fn entrants(
        &self,
        caller: &Caller,
        party: Option<&Party>,
        key: &QueueKey,
    ) -> Result<Vec<Entrant>, SearchError> {
        let players: Vec<(PlayerId, String)> = match party {
            Some(party) => party.members().iter().map(|m| (m.player.clone(), m.name.clone())).collect(),
            None => vec![(caller.account.clone(), caller.name.as_str().to_owned())],
        };
        let ids: Vec<PlayerId> = players.iter().map(|(player, _)| player.clone()).collect();
        let ratings = self.parts.store.ratings(&key.game, &key.queue, &ids).await?;
        let mut entrants = Vec::with_capacity(players.len());
        for ((player, name), rating) in players.into_iter().zip(ratings) {
            let blocked = self.parts.store.blocked(&player).await?;
            entrants.push(Entrant { player, name, rating: rating.points(), blocked });
        }
        Ok(entrants)
    }

    /// The search of a player.
    pub(crate) async fn ticket(&self, player: &PlayerId, id: TicketId) -> Result<TicketView, SearchError> {
        let (place, note) =
            self.ticket_of(player).await?.filter(|(place, _)| place.ticket == id).ok_or(SearchError::UnknownTicket)?;
        self.view(place, &note).await
    }

    async fn view(&self, place: Place, note: &TicketNote) -> Result<TicketView, SearchError> {
        let state = self.queue_state(&place.key).await?;
        Ok(TicketView {
            ticket: place.ticket,
            key: place.key,
            players: note.ticket.players.iter().map(|entrant| entrant.player.clone()).collect(),
            since: note.ticket.since,
            estimated_wait: state.estimate_ms.map(Duration::from_millis),
        })
    }

    async fn ticket_of(&self, player: &PlayerId) -> Result<Option<(Place, TicketNote)>, SearchError> {
        let Some(place) = self.note::<Place>(&of_key(player)).await? else { return Ok(None) };
        let note = self.coordination().map_get(&place.key.map(), &place.ticket.to_string()).await?;
        Ok(note.map(|note| read(&note)).transpose()?.map(|note| (place, note)))
    }

    /// Ends a search, by its player or by the leader of its party.
    pub(crate) async fn cancel(&self, caller: &Caller, id: TicketId) -> Result<(), SearchError> {
        let found = self.ticket_of(&caller.account).await?.filter(|(place, _)| place.ticket == id);
        let (place, note) = found.ok_or(SearchError::UnknownTicket)?;
        match note.party {
            // The party ends its search in turn.
            Some(party) => self.act(party, &caller.account, Action::Cancel).await.map(drop).map_err(SearchError::from),
            None => self.end_search(&place, "cancelled", "the search was cancelled").await,
        }
    }

    /// Answers a ready check. What comes of it is told.
    pub(crate) async fn answer(&self, caller: &Caller, id: MatchId, confirms: bool) -> Result<(), SearchError> {
        let (place, _) = self.ticket_of(&caller.account).await?.ok_or(SearchError::UnknownTicket)?;
        let call = Call::Answer { id, player: caller.account.clone(), confirms };
        Ok(self.call(&place.key, &call).await?)
    }

    /// A ticket waits no more and led to nothing.
    pub(super) async fn end_search(&self, place: &Place, why: &'static str, message: &str) -> Result<(), SearchError> {
        let taken = self.coordination().map_take(&place.key.map(), &place.ticket.to_string()).await?;
        let Some(taken) = taken else { return Ok(()) };
        let note: TicketNote = read(&taken)?;
        self.call(&place.key, &Call::Removed(place.ticket)).await?;
        self.search_is_over(place, &note, why, message).await
    }

    /// The same of a ticket that is in no map any more.
    pub(super) async fn search_is_over(
        &self,
        place: &Place,
        note: &TicketNote,
        why: &'static str,
        message: &str,
    ) -> Result<(), SearchError> {
        self.release_players(place, note).await?;
        let event = PlayerEvent::SearchOver { ticket: place.ticket.to_string(), why, message: message.to_owned() };
        self.tell_all(&note.players(), &event).await;
        Ok(())
    }

    /// Notes for each player where its ticket is, unless it has another.
    async fn claim_players(&self, place: &Place, note: &TicketNote) -> Result<(), SearchError> {
        for entrant in &note.ticket.players {
            let (key, value) = (of_key(&entrant.player), written(place));
            let there = self.coordination().put_new(&key, &value, KEEP).await?;
            let stale = match &there {
                None => continue,
                Some(_) => self.ticket_of(&entrant.player).await?.is_none(),
            };
            let taken = stale && self.coordination().swap(&key, there.as_deref(), &value, KEEP).await?;
            // It looked lost, and was only slow.
            let slow = match there.as_deref().filter(|_| taken).map(read::<Place>).transpose()? {
                Some(other) => {
                    let its = self.coordination().map_get(&other.key.map(), &other.ticket.to_string()).await?;
                    its.is_some() && self.coordination().swap(&key, Some(&value), &written(&other), KEEP).await?
                }
                None => false,
            };
            if !taken || slow {
                self.release_players(place, note).await?;
                return Err(SearchError::Searching(entrant.player.clone()));
            }
        }
        Ok(())
    }

    pub(super) async fn release_players(&self, place: &Place, note: &TicketNote) -> Result<(), CoordinationError> {
        for entrant in &note.ticket.players {
            self.coordination().remove_if(&of_key(&entrant.player), &written(place)).await?;
        }
        Ok(())
    }
}

impl TicketView {
    pub(crate) fn player_ids(&self) -> Vec<String> {
        ids(&self.players)
    }
}

fn of_key(player: &PlayerId) -> String {
    format!("ticket-of/{player}")
}
