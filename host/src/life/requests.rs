//! What a match has asked of the world outside: documents, and its owner's backend.
//!
//! ```text
//!   stepped ──▶ recorded ──durable──▶ ASKED ──answered──▶ WAITING ──sealed──▶ TOLD ──durable──▶ settled
//!                                       ▲        (once: later answers are dropped)
//!                                       └── a later session, for all that no record answers
//! ```
//!
//! **Invariants.** Nothing is asked before its tick is durable. Each request is answered to the game once. A request is
//! remembered until the tick with its answer is durable, for until then a later session may ask again. A game that
//! finishes while it waits for what it asked to be changed has not ended before that is answered: what it asked last is not
//! lost with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{GameRequest, Placing, RequestError, RequestKey, RequestOutcome, Wanted};
use stadion_protocol::{Incarnation, Moment};

use super::commit::{Release, Uncommitted};
use super::effect::{Effect, Mark};
use super::seats::Tenancy;
use super::tick::{Promised, Waiting};
use super::{Life, Phase};
use crate::model::{Event, Output};

/// A request that no record answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenRequest {
    pub(super) key: RequestKey,
    /// `None`: not known any more. It is answered `unavailable`.
    #[serde(with = "shared")]
    pub(super) wanted: Option<Arc<Wanted>>,
}

/// The requests of a life.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<RequestKey, Standing>);

#[derive(Debug)]
enum Standing {
    /// Its answer is awaited.
    Asked(OpenRequest),
    /// Its answer waits for the next tick.
    Waiting(OpenRequest),
    /// The tick with its answer is not durable yet.
    Told,
}

impl OpenRequest {
    /// What an output asks for, of the session with this number.
    pub(super) fn of(incarnation: Incarnation, output: &Output) -> Option<OpenRequest> {
        let (number, wanted) = match output {
            Output::Storage { request, player, key, op } => {
                let (player, key, action) = (player.clone(), key.clone(), op.clone());
                (*request, Wanted::Document { player, key, action })
            }
            Output::Call { request, endpoint, json } => {
                (*request, Wanted::Call { endpoint: endpoint.clone(), json: json.clone() })
            }
            _ => return None,
        };
        Some(OpenRequest { key: RequestKey { incarnation, number }, wanted: Some(Arc::new(wanted)) })
    }

    /// Whether it changes something.
    fn changes(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| !wanted.only_reads())
    }
}

impl Requests {
    fn open(&mut self, request: OpenRequest) {
        self.0.insert(request.key, Standing::Asked(request));
    }

    /// Takes an answer, unless there has been one. Whether it is the first.
    fn answer(&mut self, key: RequestKey) -> bool {
        let Some(standing) = self.0.get_mut(&key) else { return false };
        let Standing::Asked(request) = standing else { return false };
        *standing = Standing::Waiting(request.clone());
        true
    }

    /// The answer is in a tick. The key of the request that the game knows by this number.
    pub(super) fn told(&mut self, number: u64) -> Option<RequestKey> {
        let waiting = |(key, standing): &(&RequestKey, &mut Standing)| {
            key.number == number && matches!(standing, Standing::Waiting(_))
        };
        let (key, standing) = self.0.iter_mut().find(waiting)?;
        *standing = Standing::Told;
        Some(*key)
    }

    /// The tick with these answers is durable.
    pub(super) fn settle(&mut self, keys: &[RequestKey]) {
        keys.iter().for_each(|key| drop(self.0.remove(key)));
    }

    /// A game that was begun anew and numbers from 1 has asked for nothing.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Those that no record answers.
    pub(super) fn unanswered(&self) -> Vec<OpenRequest> {
        let open = |standing: &Standing| match standing {
            Standing::Asked(request) | Standing::Waiting(request) => Some(request.clone()),
            Standing::Told => None,
        };
        self.0.values().filter_map(open).collect()
    }

    fn wanted(&self, key: RequestKey) -> Option<&OpenRequest> {
        match self.0.get(&key)? {
            Standing::Asked(request) => Some(request),
            Standing::Waiting(_) | Standing::Told => None,
        }
    }

    /// The oldest that may be asked again.
    fn oldest(&self) -> Option<RequestKey> {
        self.0.keys().next().copied()
    }

    /// Whether the answer to something that changes the world is awaited.
    fn changes(&self) -> bool {
        self.0.values().any(|standing| matches!(standing, Standing::Asked(request) if request.changes()))
    }
}

/// Results that a game gave while it waited for answers: its end is written once they are there.
#[derive(Debug)]
pub(super) struct Finishing {
    placings: Vec<Placing>,
    data: Vec<u8>,
}

impl Life {
    /// The answer to a request. One that was answered before changes nothing.
    pub fn answered(&mut self, now: Moment, key: RequestKey, outcome: RequestOutcome) {
        if !self.is_running() || !self.requests.answer(key) {
            return;
        }
        let answer = Event::Answer { request: key.number, outcome };
        self.inbound.push(Waiting::new(answer, None, Tenancy::default()));
        self.finish_if_answered(now);
    }

    /// Notes a request that a step made: it is asked when its record is durable.
    pub(super) fn wants(&mut self, output: &Output) -> Option<Release> {
        let request = OpenRequest::of(self.spec.incarnation, output)?;
        let key = request.key;
        self.requests.open(request);
        Some(Release::Request(key))
    }

    /// Requests that an earlier session made and no record answers: they are asked once this record is durable.
    pub(super) fn ask_again(&mut self, mark: Mark, requests: Vec<OpenRequest>) {
        if requests.is_empty() {
            return;
        }
        let releases = requests.iter().map(|request| Release::Request(request.key)).collect();
        requests.into_iter().for_each(|request| self.requests.open(request));
        self.uncommitted.push_back(Uncommitted { mark, tick: self.tick, releases, promised: Promised::default() });
    }

    /// Its tick is durable.
    pub(super) fn ask(&mut self, now: Moment, key: RequestKey) {
        let Some(request) = self.requests.wanted(key) else { return };
        // A copy of a match looks at the world and does not change it.
        let denied = self.stand_ins.is_some() && request.changes();
        match &request.wanted {
            None => self.answered(now, key, Err(RequestError::Unavailable)),
            Some(_) if denied => self.answered(now, key, Err(RequestError::Denied)),
            Some(wanted) => {
                let request = GameRequest {
                    match_id: self.spec.id,
                    key,
                    game: self.spec.game.clone(),
                    settled_below: self.requests.oldest().unwrap_or(key),
                    wanted: Arc::clone(wanted),
                };
                self.effects.push_back(Effect::Ask(Box::new(request)));
            }
        }
    }

    /// The game called `finish` in the newest tick. It ends now, or as soon as what it asked to be changed is.
    pub(super) fn finish_when_answered(&mut self, now: Moment, placings: Vec<Placing>, data: Vec<u8>) {
        self.finishing = Some(Box::new(Finishing { placings, data }));
        self.finish_if_answered(now);
    }

    fn finish_if_answered(&mut self, now: Moment) {
        if self.requests.changes() {
            return;
        }
        self.finish_now(now);
    }

    /// Ends it with the results that it gave, whatever it waits for. Whether it gave any.
    pub(super) fn finish_now(&mut self, now: Moment) -> bool {
        let Some(finishing) = self.finishing.take() else { return false };
        let Finishing { placings, data } = *finishing;
        self.finish(now, placings, data);
        true
    }

    /// Whether it has given its results, and waits.
    pub(super) fn is_finishing(&self) -> bool {
        self.finishing.is_some() && matches!(self.phase, Phase::Running(_))
    }

    /// The results that it gave and that no record has.
    pub(super) fn given_results(&self) -> Option<(Vec<Placing>, Vec<u8>)> {
        self.finishing.as_ref().map(|finishing| (finishing.placings.clone(), finishing.data.clone()))
    }
}

/// What is shared in memory is written out in bytes.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use stadion_protocol::contract::Wanted;

    pub(super) fn serialize<S: Serializer>(wanted: &Option<Arc<Wanted>>, to: S) -> Result<S::Ok, S::Error> {
        wanted.as_deref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<Wanted>>, D::Error> {
        Ok(Option::<Wanted>::deserialize(from)?.map(Arc::new))
    }
}

/// In a host's state of the format before, and in the same place since: the numbers alone.
pub(super) mod numbers {
    use serde::{Deserialize, Deserializer, Serializer};
    use stadion_protocol::Incarnation;

    use super::{OpenRequest, RequestKey};

    pub(in crate::life) fn serialize<S: Serializer>(requests: &[OpenRequest], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(requests.iter().map(|request| request.key.number))
    }

    pub(in crate::life) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<OpenRequest>, D::Error> {
        let unknown = |number| OpenRequest { key: RequestKey { incarnation: Incarnation(0), number }, wanted: None };
        Ok(Vec::<u64>::deserialize(from)?.into_iter().map(unknown).collect())
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
