//! What the match asks of the world outside: documents that outlive every server, in their own time.
//!
//! It keeps what [`stadion_protocol::contract::Requests`] says: a request is carried out once however often it is asked,
//! in order, and what is settled is forgotten. A server that is gone has its requests carried out, and never hears of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::{GameRequest, RequestKey, RequestOutcome};

use crate::Rng;
use crate::bug::Bug;

/// The longest time until a request is carried out, and until its answer is there.
const SLOW: Duration = Duration::from_millis(300);

/// See the module.
pub(crate) struct Outside {
    rng: Rng,
    bug: Option<Bug>,
    /// In order. With the server that asked.
    asked: VecDeque<(Moment, u64, GameRequest)>,
    /// On their way to the server that asked.
    answers: VecDeque<(Moment, u64, RequestKey, u64)>,
    /// Answers that may be asked for again.
    known: BTreeMap<RequestKey, u64>,
    /// Everything that was ever done.
    done: BTreeSet<RequestKey>,
    /// The document: how often it was written.
    version: u64,
    /// Counts servers.
    server: u64,
    pub(crate) repeated: u64,
    pub(crate) fault: Option<String>,
}

impl Outside {
    pub(crate) fn new(rng: Rng, bug: Option<Bug>) -> Outside {
        Outside {
            rng,
            bug,
            asked: VecDeque::new(),
            answers: VecDeque::new(),
            known: BTreeMap::new(),
            done: BTreeSet::new(),
            version: 0,
            server: 0,
            repeated: 0,
            fault: None,
        }
    }

    /// The server asks.
    pub(crate) fn ask(&mut self, now: Moment, request: GameRequest) {
        let before = self.asked.back().map_or(now, |(at, ..)| *at);
        let at = before.max(now + self.rng.between(Duration::ZERO, SLOW));
        self.asked.push_back((at, self.server, request));
    }

    /// The server that asked is gone.
    pub(crate) fn server_gone(&mut self) {
        self.server += 1;
    }

    /// Carries out what it is time for; what arrives at the server that runs now.
    pub(crate) fn turn(&mut self, now: Moment) -> Vec<(RequestKey, RequestOutcome)> {
        while let Some((_, server, request)) = self.asked.pop_front_if(|(at, ..)| *at <= now) {
            let version = self.carry_out(&request);
            let before = self.answers.back().map_or(now, |(at, ..)| *at);
            let at = before.max(now + self.rng.between(Duration::ZERO, SLOW));
            self.answers.push_back((at, server, request.key, version));
        }
        let mut arrived = Vec::new();
        while let Some((_, server, key, version)) = self.answers.pop_front_if(|(at, ..)| *at <= now) {
            if server == self.server {
                arrived.push((key, Ok(version.to_le_bytes().to_vec())));
            }
        }
        arrived
    }

    fn carry_out(&mut self, request: &GameRequest) -> u64 {
        let key = request.key;
        self.known.retain(|known, _| *known >= request.settled_below);
        if self.bug != Some(Bug::DoneTwice)
            && let Some(version) = self.known.get(&key)
        {
            self.repeated += 1;
            return *version;
        }
        if !self.done.insert(key) {
            self.fault.get_or_insert(format!("{key:?} was done twice"));
        }
        self.version += 1;
        self.known.insert(key, self.version);
        self.version
    }
}
