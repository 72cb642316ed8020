//! Stepping one queue: the driver of [`crate::queues::Queue`], on the replica that has the queue's lease.
//!
//! The queue is what the map of its tickets says: a replica that takes over reads it and goes on. What was being confirmed
//! then is found again; a ticket whose match was being created says so, and its match is looked for first ([`super::making`]).
//!
//! **Fencing.** A replica may stand still (a stopped process, a moved machine) for longer than its lease, and go on in the middle
//! of a step while another steps the queue. So no effect stands on a clock: each step begins with a look at the lease's number, and
//! what a ticket leads to is decided by changes of its note that count only under that number. A match that was not created
//! when another replica looked for it is called off: whoever comes back to create it cannot.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use stadion_protocol::PlayerId;
use tokio::task::JoinSet;

use super::making::Settled;
use super::runner::LEASE;
use super::searches::{ACTIVE, Call, Place, QueueKey, QueueState, TicketNote};
use super::{Lobby, PlayerEvent, SearchError, read, written};
use crate::coordination::{Committed, Fence, FieldChange, Guard, Told};
use crate::games::CatalogError;
use crate::model::UnixMs;
use crate::queues::{Lineup, Queue, QueueWord, TicketId};

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
    pub(super) lobby: Arc<Lobby>,
    pub(super) key: QueueKey,
    fence: Fence,
    pub(super) queue: Queue,
    pub(super) notes: BTreeMap<TicketId, TicketNote>,
    /// Tickets of matches that a replica which is lost was creating: their hosts are asked.
    pub(super) settling: JoinSet<Settled>,
    /// Since when the matches of these tickets are asked for in vain.
    pub(super) unsettled: BTreeMap<TicketId, UnixMs>,
    lost: u32,
    idle: u32,
    told: Option<(usize, Option<Duration>)>,
}

impl QueueTask {
    pub(super) fn new(lobby: Arc<Lobby>, key: QueueKey, fence: Fence) -> QueueTask {
        let queue = Queue::new(stadion_protocol::contract::QueueRules::default());
        QueueTask {
            lobby,
            key,
            fence,
            queue,
            notes: BTreeMap::new(),
            settling: JoinSet::new(),
            unsettled: BTreeMap::new(),
            lost: 0,
            idle: 0,
            told: None,
        }
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
                Some(settled) = self.settling.join_next() => self.settle(settled).await?,
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
            Ok(Some(fence)) if fence == self.fence => self.lost = 0,
            // It was another's meanwhile, or coordination has lost everything: begun anew, from what is there.
            Ok(_) => return false,
            Err(error) => {
                tracing::warn!(%error, "a lease was not renewed");
                self.lost += 1;
            }
        }
        self.lost < RENEWALS_LOST
    }

    /// Changes notes of tickets, all or none: whether it did. An error where another replica steps the queue by now.
    pub(super) async fn commit(&self, changes: &[FieldChange]) -> Result<bool, SearchError> {
        let topic = self.key.topic();
        let guard = Guard { lease: &topic, fence: self.fence };
        match self.lobby.coordination().map_commit(guard, &self.key.map(), changes).await? {
            Committed::Done => Ok(true),
            Committed::Changed => Ok(false),
            Committed::Fenced => Err(SearchError::Fenced),
        }
    }

    /// Whether nobody has waited for so long that the queue is left alone. Whoever comes meanwhile is found by the next look.
    async fn is_over(&mut self) -> Result<bool, SearchError> {
        let idle = self.notes.is_empty() && self.settling.is_empty();
        self.idle = if idle { self.idle + 1 } else { 0 };
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
    pub(super) async fn read_all(&mut self) -> Result<(), SearchError> {
        match self.lobby.rules(&self.key).await {
            Ok(rules) => self.queue.set_rules(rules),
            // A store that is away says nothing about the queue.
            Err(error @ (SearchError::Catalog(CatalogError::Store(_)) | SearchError::Store(_))) => return Err(error),
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

    pub(super) async fn add(&mut self, note: TicketNote) -> Result<(), SearchError> {
        let id = note.ticket.id;
        if self.queue.has(id) {
            return Ok(());
        }
        if let Some(matched) = note.matched {
            return self.look_for(note, matched).await;
        }
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
        // After a pause of whatever length this is the first to be asked.
        self.commit(&[]).await?;
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
                creating.push(self.make(lineup));
            }
            let made = join_all(creating).await;
            for (lineup, made) in some.iter().zip(made) {
                self.made(lineup, made?).await?;
            }
        }
        Ok(())
    }

    async fn ask(&self, lineup: &Lineup, until: UnixMs) {
        let (of, players) = (lineup.id.to_string(), lineup.players().count());
        let (game, queue) = (self.key.game.to_string(), self.key.queue.to_string());
        let event = PlayerEvent::ReadyCheck { of, game, queue, players, until: until.to_string() };
        self.lobby.tell_all(&players_of(lineup), &event).await;
    }

    pub(super) async fn again(&self, ticket: TicketId) {
        let Some(note) = self.notes.get(&ticket) else { return };
        let (game, queue) = (self.key.game.to_string(), self.key.queue.to_string());
        let event = PlayerEvent::Searching { ticket: ticket.to_string(), game, queue, again: Some("not-confirmed") };
        self.lobby.tell_all(&note.players(), &event).await;
    }

    async fn drop_ticket(&mut self, ticket: TicketId, unready: Vec<PlayerId>) -> Result<(), SearchError> {
        let Some(note) = self.notes.remove(&ticket) else { return Ok(()) };
        self.end(&note, "not-confirmed", ("a match was found and not confirmed", unready)).await
    }

    pub(super) fn place(&self, ticket: TicketId) -> Place {
        Place { key: self.key.clone(), ticket }
    }

    pub(super) fn now(&self) -> UnixMs {
        self.lobby.parts.clock.now()
    }
}

fn players_of(lineup: &Lineup) -> Vec<PlayerId> {
    lineup.players().map(|entrant| entrant.player.clone()).collect()
}
