//! Stepping one queue: the driver of [`crate::queues::Queue`], on the replica that has the queue's lease.
//!
//! The queue is what the map of its tickets says: a replica that takes over reads it and goes on. What was being confirmed
//! then is found again; a ticket whose match was being created says so, and its match is looked for first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use stadion_protocol::{MatchId, PlayerId};

use super::runner::LEASE;
use super::searches::{ACTIVE, Call, Place, QueueKey, QueueState, TicketNote};
use super::{Lobby, PlayerEvent, SearchError, read, written};
use crate::coordination::Told;
use crate::matches::{FormRequest, Formed, Near, PlaceError};
use crate::model::{QueuedMatch, UnixMs};
use crate::parties::News;
use crate::queues::{Entrant, Lineup, Queue, QueueWord, Ticket, TicketId};

/// Between two steps of a queue: what a found match costs in waiting, at most.
const STEP: Duration = Duration::from_millis(250);

/// Steps between two renewals of the lease: a third of it.
const RENEW_EVERY: u32 = 8;

/// Renewals that may fail before the work stops: two thirds of the lease.
const RENEWALS_LOST: u32 = 2;

/// Steps between two readings of the whole map, in case that a call was not heard: 10 s.
const READ_EVERY: u32 = 40;

/// Steps without anybody after which the lease is given back: a minute.
const IDLE_STEPS: u32 = 240;

/// How long it is known how a queue is.
const STATE_KEEP: Duration = Duration::from_secs(30);

/// Matches created at a time.
const CREATING: usize = 16;

/// See the module.
pub(super) struct QueueTask {
    lobby: Arc<Lobby>,
    key: QueueKey,
    queue: Queue,
    notes: BTreeMap<TicketId, TicketNote>,
    lost: u32,
    idle: u32,
    told: Option<(usize, Option<Duration>)>,
}

impl QueueTask {
    pub(super) fn new(lobby: Arc<Lobby>, key: QueueKey) -> QueueTask {
        let queue = Queue::new(stadion_protocol::contract::QueueRules::default());
        QueueTask { lobby, key, queue, notes: BTreeMap::new(), lost: 0, idle: 0, told: None }
    }

    /// Steps the queue until nobody waits for a while, or another replica does.
    pub(super) async fn run(mut self) {
        tracing::debug!(queue = self.key.field(), "steps a queue");
        if let Err(error) = self.drive().await {
            tracing::warn!(queue = self.key.field(), %error, "a queue is stepped no more");
        }
        let (coordination, replica) = (self.lobby.coordination(), &self.lobby.replica);
        if let Err(error) = coordination.give_back(&self.key.topic(), replica).await {
            tracing::debug!(%error, "a lease was not given back");
        }
    }

    async fn drive(&mut self) -> Result<(), SearchError> {
        let lobby = self.lobby.clone();
        // Before the map is read: what is called after that is heard.
        let mut calls = lobby.coordination().listen(&self.key.topic(), None).await?;
        self.read_all().await?;
        let mut pace = tokio::time::interval(STEP);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut steps = 0u32;
        loop {
            tokio::select! {
                told = calls.next() => match told? {
                    Told::Message { bytes, .. } => self.hear(read(&bytes)?).await?,
                    Told::Gap => self.read_all().await?,
                },
                _ = pace.tick() => {
                    steps = steps.wrapping_add(1);
                    if steps.is_multiple_of(READ_EVERY) {
                        self.read_all().await?;
                    }
                    if (steps.is_multiple_of(RENEW_EVERY) && !self.renew().await) || self.is_over().await? {
                        return Ok(());
                    }
                    self.step().await?;
                }
            }
        }
    }

    /// Whether the lease is ours still, as far as is known.
    async fn renew(&mut self) -> bool {
        match self.lobby.coordination().lease(&self.key.topic(), &self.lobby.replica, LEASE).await {
            Ok(Some(_)) => self.lost = 0,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!(%error, "a lease was not renewed");
                self.lost += 1;
            }
        }
        self.lost < RENEWALS_LOST
    }

    /// Whether nobody has waited for so long that the queue is left alone. Whoever comes meanwhile is found by the next look.
    async fn is_over(&mut self) -> Result<bool, SearchError> {
        self.idle = if self.notes.is_empty() { self.idle + 1 } else { 0 };
        if self.idle < IDLE_STEPS {
            return Ok(false);
        }
        self.lobby.coordination().map_take(ACTIVE, &self.key.field()).await?;
        if self.lobby.coordination().map_entries(&self.key.map()).await?.is_empty() {
            return Ok(true);
        }
        self.idle = 0;
        self.lobby.coordination().map_put(ACTIVE, &self.key.field(), b"", u32::MAX).await?;
        Ok(false)
    }

    /// Makes the queue what the map says.
    async fn read_all(&mut self) -> Result<(), SearchError> {
        match self.lobby.rules(&self.key).await {
            Ok(rules) => self.queue.set_rules(rules),
            Err(error) => return self.close(&error).await,
        }
        let entries = self.lobby.coordination().map_entries(&self.key.map()).await?;
        let mut there = BTreeMap::new();
        for (_, note) in entries {
            let note: TicketNote = read(&note)?;
            there.insert(note.ticket.id, note);
        }
        let gone: Vec<TicketId> = self.notes.keys().filter(|id| !there.contains_key(id)).copied().collect();
        for id in gone {
            self.remove(id).await?;
        }
        for note in there.into_values() {
            self.add(note).await?;
        }
        Ok(())
    }

    /// The queue is there no more: everybody is told.
    async fn close(&mut self, why: &SearchError) -> Result<(), SearchError> {
        for (_, note) in self.lobby.coordination().map_entries(&self.key.map()).await? {
            let note: TicketNote = read(&note)?;
            self.fail(&note, &why.to_string()).await?;
        }
        self.notes.clear();
        Ok(())
    }

    async fn hear(&mut self, call: Call) -> Result<(), SearchError> {
        match call {
            Call::Added(id) => {
                let note = self.lobby.coordination().map_get(&self.key.map(), &id.to_string()).await?;
                match note {
                    Some(note) => self.add(read(&note)?).await,
                    None => Ok(()),
                }
            }
            Call::Removed(id) => self.remove(id).await,
            Call::Offer(vacancy) => {
                self.queue.offer(vacancy);
                Ok(())
            }
            Call::Withdraw(id) => {
                self.queue.withdraw(id);
                Ok(())
            }
            Call::Answer { id, player, confirms } => {
                // Whoever comes too late hears what came of it anyway.
                let words = self.queue.answer(id, &player, confirms, self.now()).unwrap_or_default();
                self.handle(words).await
            }
        }
    }

    async fn add(&mut self, note: TicketNote) -> Result<(), SearchError> {
        let id = note.ticket.id;
        if self.queue.has(id) {
            return Ok(());
        }
        if let Some(of) = note.matched {
            // Whoever stepped this queue before was lost in the middle of it.
            if let Some(live) = self.lobby.parts.live.by_id(of).await? {
                return self.seat(&note, of, &live.code.to_string(), (&[], None)).await;
            }
        }
        let note = TicketNote { matched: None, ..note };
        match self.queue.add(note.ticket.clone()) {
            Ok(()) => {
                self.notes.insert(id, note);
                Ok(())
            }
            Err(refusal) => self.fail(&note, &refusal.to_string()).await,
        }
    }

    async fn remove(&mut self, id: TicketId) -> Result<(), SearchError> {
        self.notes.remove(&id);
        let words = self.queue.remove(id);
        self.handle(words).await
    }

    async fn step(&mut self) -> Result<(), SearchError> {
        let (lobby, now) = (self.lobby.clone(), self.now());
        let words = self.queue.step(now, || lobby.new_id());
        self.handle(words).await?;
        let state = (self.queue.players(), self.queue.estimated_wait());
        if self.told != Some(state) || self.idle.is_multiple_of(READ_EVERY) {
            self.told = Some(state);
            let estimate_ms = state.1.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let note = written(&QueueState { players: state.0, estimate_ms });
            self.lobby.coordination().put(&self.key.state(), &note, STATE_KEEP).await?;
        }
        Ok(())
    }

    async fn handle(&mut self, words: Vec<QueueWord>) -> Result<(), SearchError> {
        let mut formed = Vec::new();
        for word in words {
            match word {
                QueueWord::Found { lineup, until } => self.ask(&lineup, until).await,
                QueueWord::Formed(lineup) => formed.push(lineup),
                QueueWord::Returned { ticket, .. } => self.again(ticket).await,
                QueueWord::Dropped { ticket, unready, .. } => self.drop_ticket(ticket, unready).await?,
                QueueWord::Filled { ticket, id, team } => self.fill(&ticket, id, team).await?,
            }
        }
        for some in formed.chunks(CREATING) {
            let mut creating = Vec::with_capacity(some.len());
            for lineup in some {
                creating.push(self.create(lineup));
            }
            let created = join_all(creating).await;
            for (lineup, created) in some.iter().zip(created) {
                self.created(lineup, created?).await?;
            }
        }
        Ok(())
    }

    /// Keeps free seats of a running match for a ticket. One that finds them taken meanwhile waits again.
    async fn fill(&mut self, ticket: &Ticket, id: MatchId, team: u16) -> Result<(), SearchError> {
        let Some(note) = self.notes.remove(&ticket.id) else { return Ok(()) };
        let number = if self.queue.rules().team_size > 1 { team + 1 } else { 0 };
        let players: Vec<_> = ticket.players.iter().map(|entrant| (entrant.clone(), number)).collect();
        match self.lobby.parts.placer.fill(id, players.clone()).await {
            Ok(formed) => self.seat(&note, id, &formed.code.to_string(), (&players, None)).await,
            Err(error) => {
                tracing::info!(%id, %error, "a seat that was offered is not free any more");
                self.queue.withdraw(id);
                self.add(note).await
            }
        }
    }

    async fn ask(&self, lineup: &Lineup, until: UnixMs) {
        let (of, players) = (lineup.id.to_string(), lineup.players().count());
        let (game, queue) = (self.key.game.to_string(), self.key.queue.to_string());
        let event = PlayerEvent::ReadyCheck { of, game, queue, players, until: until.to_string() };
        self.lobby.tell_all(&players_of(lineup), &event).await;
    }

    async fn again(&self, ticket: TicketId) {
        let Some(note) = self.notes.get(&ticket) else { return };
        let (game, queue) = (self.key.game.to_string(), self.key.queue.to_string());
        let event = PlayerEvent::Searching { ticket: ticket.to_string(), game, queue, again: Some("not-confirmed") };
        self.lobby.tell_all(&note.players(), &event).await;
    }

    async fn drop_ticket(&mut self, ticket: TicketId, unready: Vec<PlayerId>) -> Result<(), SearchError> {
        let Some(note) = self.notes.remove(&ticket) else { return Ok(()) };
        self.lobby.end_search(&self.place(ticket), "not-confirmed", "a match was found and not confirmed").await?;
        self.in_party(&note, News::SearchEnded { ticket, unready }).await;
        Ok(())
    }

    /// A ticket that leads to nothing.
    async fn fail(&self, note: &TicketNote, why: &str) -> Result<(), SearchError> {
        let ticket = note.ticket.id;
        self.lobby.end_search(&self.place(ticket), "failed", why).await?;
        self.in_party(note, News::SearchEnded { ticket, unready: Vec::new() }).await;
        Ok(())
    }

    async fn in_party(&self, note: &TicketNote, news: News) {
        let Some(party) = note.party else { return };
        if let Err(error) = self.lobby.hear(party, news).await {
            tracing::debug!(%party, %error, "a party did not hear of its search");
        }
    }

    /// Notes the match at its tickets, then creates it.
    async fn create(&self, lineup: &Lineup) -> Result<Result<Formed, PlaceError>, SearchError> {
        let coordination = self.lobby.coordination();
        for id in &lineup.tickets {
            let Some(note) = self.notes.get(id) else { continue };
            let matched = TicketNote { matched: Some(lineup.id), ..note.clone() };
            let (map, field) = (self.key.map(), note.ticket.id.to_string());
            // It fails for a ticket that was cancelled this moment: its players find the match and need not come.
            coordination.map_swap(&map, &field, &written(note), &written(&matched)).await?;
        }
        let game = self.key.game.clone();
        if self.queue.rules().rated {
            let (id, queue, created_at) = (lineup.id, self.key.queue.clone(), self.now());
            self.lobby
                .parts
                .store
                .note_queued_match(&QueuedMatch { id, game: game.clone(), queue, created_at })
                .await?;
        }
        if self.queue.rules().backfill {
            self.lobby.note_backfill(lineup.id, &self.key).await?;
        }
        let players = self.players(lineup);
        // A region that no host is called by is nobody's: the match is made wherever there is room.
        let near = Near::to(lineup.region.as_ref().and_then(|region| region.parse().ok()));
        Ok(self.lobby.parts.placer.form(FormRequest { id: lineup.id, game, players, near }).await)
    }

    /// Everybody with the number of its team: from 1, or 0 where each plays for itself.
    fn players(&self, lineup: &Lineup) -> Vec<(Entrant, u16)> {
        let teams = self.queue.rules().team_size > 1;
        let of = |team: u16| if teams { team + 1 } else { 0 };
        let numbered = lineup.teams.iter().zip(0u16..);
        numbered.flat_map(|(team, n)| team.iter().map(move |entrant| (entrant.clone(), of(n)))).collect()
    }

    async fn created(&mut self, lineup: &Lineup, created: Result<Formed, PlaceError>) -> Result<(), SearchError> {
        for id in &lineup.tickets {
            let Some(note) = self.notes.remove(id) else { continue };
            match &created {
                Ok(formed) => {
                    let seats = (&self.players(lineup)[..], lineup.region.as_deref());
                    self.seat(&note, lineup.id, &formed.code.to_string(), seats).await?;
                }
                Err(error) => self.fail(&note, &format!("the match could not be created: {error}")).await?,
            }
        }
        if let Err(error) = &created {
            tracing::warn!(id = %lineup.id, queue = self.key.field(), %error, "a match was found and not created");
        }
        Ok(())
    }

    /// A ticket's players are told where they sit; the ticket is gone.
    async fn seat(
        &self,
        note: &TicketNote,
        id: MatchId,
        code: &str,
        (teams, region): (&[(Entrant, u16)], Option<&str>),
    ) -> Result<(), SearchError> {
        let ticket = note.ticket.id;
        self.in_party(note, News::Matched { ticket, id }).await;
        for entrant in &note.ticket.players {
            let team = teams.iter().find(|(other, _)| other.player == entrant.player).map_or(0, |(_, team)| *team);
            let event = PlayerEvent::MatchReady {
                of: id.to_string(),
                code: code.to_owned(),
                game: self.key.game.to_string(),
                queue: self.key.queue.to_string(),
                team,
                region: region.map(str::to_owned),
            };
            self.lobby.tell(&entrant.player, &event).await;
        }
        self.lobby.coordination().map_take(&self.key.map(), &ticket.to_string()).await?;
        Ok(self.lobby.release_players(&self.place(ticket), note).await?)
    }

    fn place(&self, ticket: TicketId) -> Place {
        Place { key: self.key.clone(), ticket }
    }

    fn now(&self) -> UnixMs {
        self.lobby.parts.clock.now()
    }
}

fn players_of(lineup: &Lineup) -> Vec<PlayerId> {
    lineup.players().map(|entrant| entrant.player.clone()).collect()
}
