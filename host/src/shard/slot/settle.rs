//! Carrying out what a life wants done.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::{HostEvent, MatchUsage};

use crate::life::{Effect, Spec};
use crate::model::LogLevel;

use super::super::directory::Archived;
use super::super::farewell::Farewell;
use super::super::logbook::Said;
use super::counting::count_out;
use super::living::Living;
use super::reporting::{Reported, dropped_text};
use super::{Around, Next, Slot, Stage, Whereabouts};

/// Sessions with more memory than this are ended in the slow lane: the system takes about 0.1 ms for a megabyte back that was
/// touched.
pub(super) const ENDED_HERE: u64 = 4 << 20;

impl Slot {
    /// Carries out what the life wants done, and what follows from a journal that moved meanwhile.
    pub(in crate::shard) fn settle(&mut self, around: &Around<'_>, now: Moment) -> Next {
        loop {
            if self.carry_out(around, now) == Next::Forget {
                return Next::Forget;
            }
            let awaits_bed = self.dozing.is_under_way();
            let Stage::Living(living) = &mut self.stage else { return Next::Wait };
            let awaits = living.life.awaits_journal() || self.transit.is_some() || awaits_bed;
            self.mailbox.set_awaits_journal(awaits);
            // Bounded by the records that were appended: each pass takes at least one of them off the list.
            if !(awaits && living.sync(now)) {
                return Next::Wait;
            }
        }
    }

    fn carry_out(&mut self, around: &Around<'_>, now: Moment) -> Next {
        let Stage::Living(living) = &mut self.stage else { return Next::Wait };
        while let Some(effect) = living.life.poll_effect() {
            match effect {
                Effect::Append { mark, record } => {
                    living.append(now, mark, &record);
                    self.debt.record(record.weight());
                    if let Some(tap) = self.transit.as_ref().and_then(|transit| transit.tap()) {
                        tap.push(record);
                    }
                }
                Effect::Post(conn, word) => {
                    count_out(&mut self.stats, &word);
                    if let Some(outbox) = around.shared.outbox.get() {
                        outbox.post(conn, word);
                    }
                }
                Effect::Changed => around.shared.events.publish(HostEvent::Changed(living.life.status())),
                Effect::Log { level, text } => {
                    trace(living.life.spec(), level, &text);
                    let said = Said { tick: living.life.tick(), level, text: &text };
                    self.mailbox.log.write(&around.shared.logs, now, said);
                }
                Effect::Report { kind, json } => match self.reports.take(now) {
                    Reported::Yes => {
                        let id = living.life.spec().id;
                        around.shared.events.publish(HostEvent::Report { id, kind, json });
                    }
                    Reported::No { tell: Some(dropped) } => {
                        let text = dropped_text(dropped);
                        let said = Said { tick: living.life.tick(), level: LogLevel::Warn, text: &text };
                        self.mailbox.log.write(&around.shared.logs, now, said);
                    }
                    Reported::No { tell: None } => {}
                },
                Effect::Ask(request) => around.shared.requests.ask(request, &self.mailbox),
                Effect::DropSession => match std::mem::replace(&mut self.session, Whereabouts::Gone) {
                    Whereabouts::Away(unwanted) => unwanted.store(true, Ordering::Relaxed),
                    Whereabouts::Here(task) if self.stats.memory_bytes > ENDED_HERE => around.shared.slow.end(task),
                    Whereabouts::Here(_) | Whereabouts::Gone => {}
                },
                Effect::Ended(ended) => {
                    let status = living.life.status();
                    self.mailbox.log.close(&around.shared.logs, now);
                    // Nothing is left to bring back.
                    let usage = MatchUsage { recovery_estimate: Duration::ZERO, ..self.stats().usage() };
                    let log = Arc::clone(&self.mailbox.log);
                    self.forget(around, Archived { status, ended: *ended, journal: None, usage, log });
                    return Next::Forget;
                }
            }
        }
        if let Some(transit) = &mut self.transit {
            let asked = if let Whereabouts::Here(task) = &self.session { Some(task.asked()) } else { None };
            transit.look(living, asked, now);
        }
        self.mailbox.set_eager(living.life.wants_input_now());
        let players = u32::try_from(living.life.players()).unwrap_or(u32::MAX);
        self.count_players(around, players);
        Next::Wait
    }

    /// The match is over: what is kept of it moves to the archive before it can no longer be found here. Its journal is
    /// read back elsewhere.
    fn forget(&mut self, around: &Around<'_>, archived: Archived) {
        let id = archived.status.id;
        self.count_players(around, 0);
        around.shared.archive.put(archived.clone());
        around.shared.directory.remove(&id);
        let Stage::Living(living) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        let Living { journal, .. } = *living;
        around.shared.farewell.take(Farewell { shared: Arc::clone(around.shared), journal, archived });
    }
}

/// A line of a match's log, as the session escaped and limited it.
fn trace(spec: &Spec, level: LogLevel, text: &str) {
    let (id, game) = (spec.id, &spec.game);
    match level {
        LogLevel::Debug => tracing::debug!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Info => tracing::info!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Warn => tracing::warn!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Error => tracing::error!(target: "stadion::game", %id, %game, "{text}"),
    }
}
