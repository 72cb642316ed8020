//! A journal: where it comes from, and what it says of itself before anything is played.

use std::path::Path;

use bytes::Bytes;
use stadion_host::journal::file::DamageKind;
use stadion_host::journal::{Damage, EndRecord, Reader, Record, SetupRecord};
use stadion_protocol::{MatchId, VersionId};

use crate::commands::{Context, ask};
use crate::failure::{Failure, Kind, Outcome};

/// One match.
pub(super) struct Tape {
    /// As it was named: a file, or an id.
    pub(super) name: String,
    pub(super) journal: Bytes,
    pub(super) setup: SetupRecord,
    /// Every version that the match ran in, in their order.
    pub(super) versions: Vec<VersionId>,
    /// The newest tick that is there.
    pub(super) ticks: u64,
    /// How the match ended, if it has and the file says so.
    pub(super) end: Option<EndRecord>,
    /// What comes after those ticks and cannot be read.
    damage: Option<Damage>,
}

impl Tape {
    /// From a file if there is one of that name, else from the server.
    pub(super) fn open(name: &str, context: &Context) -> Outcome<Tape> {
        let path = Path::new(name);
        let journal = if path.is_file() {
            std::fs::read(path).map(Bytes::from).map_err(|error| Failure::file("reading", path, &error))?
        } else {
            let id: MatchId = name.parse().map_err(|_| {
                Failure::not_found(format!("{name:?} is neither a file nor the id of a match"))
                    .fix("`stadion matches` lists ids; the journal's file ends in .stj")
            })?;
            ask(context.api()?.journal(&id.to_string()))?
        };
        Tape::read(name, &journal)
    }

    fn read(name: &str, journal: &Bytes) -> Outcome<Tape> {
        let mut reader = Reader::new(journal).map_err(|damage| unreadable(name, &damage))?;
        let first = reader.next().transpose().map_err(|damage| unreadable(name, &damage))?;
        let Some(Record::Setup(setup)) = first else {
            return Err(Failure::usage(format!("{name}: the journal is empty")).fix(GET_IT));
        };
        let mut versions = vec![setup.version];
        let (mut ticks, mut end, mut damage) = (0, None, None);
        for record in reader {
            match record {
                Ok(Record::Swapped(swap)) => versions.push(swap.version),
                Ok(Record::Tick(tick)) => ticks = tick.input.number,
                Ok(Record::Idle(run)) => ticks = run.last_tick(),
                Ok(Record::End(record)) => end = Some(*record),
                Ok(_) => {}
                Err(found) => damage = Some(found),
            }
        }
        Ok(Tape { name: name.to_owned(), setup: *setup, versions, ticks, end, damage, journal: journal.clone() })
    }

    /// Whether this tick can be played to; `None`: all of them.
    pub(super) fn check(&self, until: Option<u64>) -> Outcome {
        let whole = self.ticks;
        match (&self.damage, until) {
            (_, Some(tick)) if tick <= whole => Ok(()),
            (Some(damage), _) => Err(Failure::failed(format!("{}: the journal is {damage}", self.name))
                .fix(format!("`--until {whole}` plays the ticks before that; {GET_IT}"))),
            (None, Some(tick)) => {
                Err(Failure::usage(format!("tick {tick} is past the end: {}", self.length()))
                    .fix(format!("0 to {whole}")))
            }
            (None, None) => Ok(()),
        }
    }

    fn length(&self) -> String {
        let so_far = if self.end.is_some() { "" } else { " so far" };
        format!("the match has {} ticks{so_far}", self.ticks)
    }
}

/// What to do about a file that is of no use.
const GET_IT: &str = "`stadion replay MATCH --save FILE` fetches a journal again";

fn unreadable(name: &str, damage: &Damage) -> Failure {
    match damage.what {
        DamageKind::NoJournal => Failure::usage(format!("{name} is no journal: {}", damage.what)),
        _ => Failure::new(Kind::Failed, format!("{name}: the journal is {damage}")),
    }
    .fix(GET_IT)
}
