//! What becomes of tickets whose match was found: it is noted at them, created, and their players are told.
//!
//! ```text
//!   waiting ──noted, all tickets or none──▶ matched ──created──▶ players are told, the ticket is gone
//!      ▲                                      │
//!      └── called off: nobody can create it ◀─┴─ its replica was lost, and the match is not there
//! ```
//! A replica that takes over asks the match's host for the seats: if it has them the match is there, if it says that there is
//! none it is called off, and if it does not answer it is asked again for [`SETTLE_WITHIN`].

use std::time::Duration;

use stadion_protocol::MatchId;
use stadion_protocol::contract::ReserveError;

use super::searches::{Matched, TicketNote};
use super::task::QueueTask;
use super::{PlayerEvent, SearchError, read, written};
use crate::coordination::FieldChange;
use crate::matches::{FormRequest, Formed, LiveMatch, Near, PlaceError};
use crate::model::QueuedMatch;
use crate::parties::News;
use crate::queues::{Entrant, Lineup, Ticket};

/// How long the host of a match is waited for whose players have not been told of it: a replica is back within that, or they
/// play elsewhere.
const SETTLE_WITHIN: Duration = Duration::from_secs(30);

/// Between two questions to a host that does not answer.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What a host said about the match of a ticket.
pub(super) struct Settled {
    note: TicketNote,
    live: LiveMatch,
    seats: Result<Formed, PlaceError>,
}

/// Why a match was not made.
#[derive(Debug)]
pub(super) enum NotMade {
    /// Somebody has cancelled this moment.
    Cancelled,
    /// It could not be created.
    Place(PlaceError),
}

impl QueueTask {
    /// Notes the match at its tickets, then creates it.
    pub(super) async fn make(&self, lineup: &Lineup) -> Result<Result<Formed, NotMade>, SearchError> {
        if !self.promise(lineup).await? {
            return Ok(Err(NotMade::Cancelled));
        }
        self.form(lineup).await.map(|formed| formed.map_err(NotMade::Place))
    }

    /// Notes at all tickets which match they lead to: whether all of them still waited.
    pub(super) async fn promise(&self, lineup: &Lineup) -> Result<bool, SearchError> {
        let notes = lineup.tickets.iter().filter_map(|id| self.notes.get(id));
        let changes: Vec<FieldChange> = notes
            .map(|note| {
                let matched = Matched { id: lineup.id, team: self.team_of(lineup, note) };
                change(note, Some(&TicketNote { matched: Some(matched), ..note.clone() }))
            })
            .collect();
        Ok(changes.len() == lineup.tickets.len() && self.commit(&changes).await?)
    }

    pub(super) async fn form(&self, lineup: &Lineup) -> Result<Result<Formed, PlaceError>, SearchError> {
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
        let numbered = lineup.teams.iter().zip(0u16..);
        let players = numbered.flat_map(|(team, n)| team.iter().map(move |entrant| (entrant.clone(), n)));
        let players = players.map(|(entrant, n)| (entrant, self.number(n))).collect();
        // A region that no host is called by is nobody's: the match is made wherever there is room.
        let near = Near::to(lineup.region.as_ref().and_then(|region| region.parse().ok()));
        Ok(self.lobby.parts.placer.form(FormRequest { id: lineup.id, game, players, near }).await)
    }

    /// What has come of a match that was to be made.
    pub(super) async fn made(&mut self, lineup: &Lineup, made: Result<Formed, NotMade>) -> Result<(), SearchError> {
        if let Err(NotMade::Place(error)) = &made {
            tracing::warn!(id = %lineup.id, queue = self.key.field(), %error, "a match was found and not created");
        }
        for id in &lineup.tickets {
            let Some(note) = self.notes.remove(id) else { continue };
            let matched = Matched { id: lineup.id, team: self.team_of(lineup, &note) };
            let promised = TicketNote { matched: Some(matched), ..note.clone() };
            match &made {
                Ok(formed) => self.seat(&promised, &formed.code.to_string(), lineup.region.as_deref()).await?,
                // The other replica may have made it: its host is asked, as after a loss of this one.
                Err(NotMade::Place(PlaceError::Unanswered)) => self.look_for(promised, matched).await?,
                Err(NotMade::Place(error)) => {
                    self.fail(&promised, &format!("the match could not be created: {error}")).await?;
                }
                Err(NotMade::Cancelled) => self.take_back(note).await?,
            }
        }
        Ok(())
    }

    /// Keeps free seats of a running match for a ticket. One that finds them taken meanwhile waits again.
    pub(super) async fn fill(&mut self, ticket: &Ticket, id: MatchId, team: u16) -> Result<(), SearchError> {
        let Some(note) = self.notes.remove(&ticket.id) else { return Ok(()) };
        let promised = TicketNote { matched: Some(Matched { id, team: self.number(team) }), ..note.clone() };
        if !self.commit(&[change(&note, Some(&promised))]).await? {
            return self.take_back(note).await;
        }
        match self.lobby.parts.placer.fill(id, players(&promised)).await {
            Ok(formed) => self.seat(&promised, &formed.code.to_string(), None).await,
            Err(error) => {
                tracing::info!(%id, %error, "a seat that was offered is not free any more");
                self.queue.withdraw(id);
                self.wait_again(promised).await
            }
        }
    }

    /// Whoever stepped this queue before was lost in the middle of it: looks what became of a ticket's match.
    pub(super) async fn look_for(&mut self, note: TicketNote, matched: Matched) -> Result<(), SearchError> {
        if self.unsettled.contains_key(&note.ticket.id) {
            return Ok(());
        }
        match self.lobby.parts.live.call_off(matched.id).await? {
            None => self.wait_again(note).await,
            Some(live) => {
                self.unsettled.insert(note.ticket.id, self.now());
                self.ask_host(note, live, Duration::ZERO);
                Ok(())
            }
        }
    }

    /// Asks beside the steps of the queue: a host that hangs takes its time to be found out.
    fn ask_host(&mut self, note: TicketNote, live: LiveMatch, after: Duration) {
        let placer = self.lobby.parts.placer.clone();
        self.settling.spawn(async move {
            tokio::time::sleep(after).await;
            let seats = placer.fill(live.id, players(&note)).await;
            Settled { note, live, seats }
        });
    }

    /// Hears what the host of a ticket's match says.
    pub(super) async fn settle(&mut self, settled: Result<Settled, tokio::task::JoinError>) -> Result<(), SearchError> {
        // It ends with an error only where it panicked: then the ticket is found again when the map is read.
        let Ok(Settled { note, live, seats }) = settled else {
            self.unsettled.clear();
            return Ok(());
        };
        let error = match seats {
            Ok(formed) => {
                self.unsettled.remove(&note.ticket.id);
                return self.seat(&note, &formed.code.to_string(), None).await;
            }
            Err(error) => error,
        };
        let since = self.unsettled.get(&note.ticket.id).copied().unwrap_or(self.now());
        let none = matches!(error, PlaceError::Reserve(ReserveError::Unknown(_) | ReserveError::Ended));
        if !none && self.now().since(since) < SETTLE_WITHIN {
            self.ask_host(note, live, ASK_EVERY);
            return Ok(());
        }
        tracing::info!(id = %live.id, %error, "a match that a lost replica was creating is called off");
        self.lobby.parts.live.call_off_noted(&live).await?;
        self.unsettled.remove(&note.ticket.id);
        self.wait_again(note).await
    }

    /// A ticket leads to no match any more.
    async fn wait_again(&mut self, note: TicketNote) -> Result<(), SearchError> {
        let waiting = TicketNote { matched: None, ..note.clone() };
        if self.commit(&[change(&note, Some(&waiting))]).await? {
            return Box::pin(self.take_back(waiting)).await;
        }
        // It was cancelled, or another has changed it: what is there now is read in its turn.
        Ok(())
    }

    /// A ticket that led to nothing waits on, if it is still there.
    async fn take_back(&mut self, note: TicketNote) -> Result<(), SearchError> {
        let there = self.lobby.coordination().map_get(&self.key.map(), &note.ticket.id.to_string()).await?;
        let there = there.map(|there| read::<TicketNote>(&there)).transpose()?;
        if there.as_ref() == Some(&note) {
            let id = note.ticket.id;
            Box::pin(self.add(note)).await?;
            self.again(id).await;
        }
        Ok(())
    }

    /// A ticket's players are told where they sit; the ticket is gone.
    async fn seat(&self, note: &TicketNote, code: &str, region: Option<&str>) -> Result<(), SearchError> {
        let Some(Matched { id, team }) = note.matched else { return Ok(()) };
        // It is ours to tell, and nobody has cancelled: whoever has finds the match and need not come.
        if !self.commit(&[change(note, Some(note))]).await? {
            return Ok(());
        }
        let ticket = note.ticket.id;
        self.in_party(note, News::Matched { ticket, id }).await;
        let event = PlayerEvent::MatchReady {
            of: id.to_string(),
            code: code.to_owned(),
            game: self.key.game.to_string(),
            queue: self.key.queue.to_string(),
            team,
            region: region.map(str::to_owned),
        };
        self.lobby.tell_all(&note.players(), &event).await;
        self.commit(&[change(note, None)]).await?;
        Ok(self.lobby.release_players(&self.place(ticket), note).await?)
    }

    /// A ticket that leads to nothing.
    pub(super) async fn fail(&self, note: &TicketNote, why: &str) -> Result<(), SearchError> {
        self.end(note, "failed", (why, Vec::new())).await
    }

    /// A ticket waits no more, and there is no match; of `unready` some of its players are to blame.
    pub(super) async fn end(
        &self,
        note: &TicketNote,
        why: &'static str,
        (message, unready): (&str, Vec<stadion_protocol::PlayerId>),
    ) -> Result<(), SearchError> {
        if !self.commit(&[change(note, None)]).await? {
            return Ok(());
        }
        let ticket = note.ticket.id;
        self.lobby.search_is_over(&self.place(ticket), note, why, message).await?;
        self.in_party(note, News::SearchEnded { ticket, unready }).await;
        Ok(())
    }

    async fn in_party(&self, note: &TicketNote, news: News) {
        let Some(party) = note.party else { return };
        if let Err(error) = self.lobby.hear(party, news).await {
            tracing::debug!(%party, %error, "a party did not hear of its search");
        }
    }

    /// The number of a team: from 1, or 0 where each plays for itself.
    fn number(&self, team: u16) -> u16 {
        if self.queue.rules().team_size > 1 { team + 1 } else { 0 }
    }

    fn team_of(&self, lineup: &Lineup, note: &TicketNote) -> u16 {
        let first = note.ticket.players.first().map(|entrant| &entrant.player);
        let team = lineup.teams.iter().position(|team| team.iter().any(|entrant| Some(&entrant.player) == first));
        self.number(team.and_then(|team| u16::try_from(team).ok()).unwrap_or_default())
    }
}

/// The players of a ticket whose match is known, each with the number of its team.
fn players(note: &TicketNote) -> Vec<(Entrant, u16)> {
    let team = note.matched.map_or(0, |matched| matched.team);
    note.ticket.players.iter().map(|entrant| (entrant.clone(), team)).collect()
}

fn change(from: &TicketNote, to: Option<&TicketNote>) -> FieldChange {
    FieldChange { field: from.ticket.id.to_string(), expected: written(from), value: to.map(written) }
}
