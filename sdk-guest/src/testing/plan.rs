//! How a match under test is to be.

use std::marker::PhantomData;

use super::Match;
use super::copy::Copy;
use super::documents::Documents;
use crate::raw::{Limits, Setup};
use crate::testing::client::Client;
use crate::typed::GameModule;

/// A match to be: see [`Match::plan`].
pub struct Plan<G> {
    seats: Option<u16>,
    seed: u64,
    parameters: Vec<u8>,
    documents: Documents,
    game: PhantomData<G>,
}

impl<G: GameModule> Plan<G> {
    pub(crate) fn new() -> Plan<G> {
        Plan { seats: None, seed: 1, parameters: Vec::new(), documents: Documents::new(), game: PhantomData }
    }

    /// So many seats, whether players take them or not.
    pub fn seats(mut self, seats: u16) -> Plan<G> {
        self.seats = Some(seats);
        self
    }

    /// Other chance.
    pub fn seed(mut self, seed: u64) -> Plan<G> {
        self.seed = seed;
        self
    }

    /// What the creator asks for.
    pub fn parameters(mut self, parameters: impl AsRef<[u8]>) -> Plan<G> {
        self.parameters = parameters.as_ref().to_vec();
        self
    }

    /// What earlier matches of the game left behind.
    pub fn documents(mut self, documents: Documents) -> Plan<G> {
        self.documents = documents;
        self
    }

    /// Why the game refuses this plan, if it does.
    pub fn refusal(self) -> Option<String> {
        let setup = self.setup(G::INFO.seats_min);
        Copy::<G>::start(&setup).err()
    }

    /// Starts the match and has so many players join. With a tick rate one tick passes, so that they see something.
    ///
    /// # Panics
    /// If the game refuses the plan or has too few seats.
    pub fn players(self, players: u16) -> Match<G> {
        let seats = self.seats.unwrap_or(players.max(G::INFO.seats_min));
        assert!(seats <= G::INFO.seats_max, "the game takes at most {} players", G::INFO.seats_max);
        let setup = self.setup(seats);
        let start = || Copy::start(&setup).unwrap_or_else(|reason| panic!("the game refused to start: {reason}"));
        let ((live, wake, outputs), (twin, _, twin_outputs)) = (start(), start());
        assert!(outputs == twin_outputs, "two copies of the game differ from the start: {outputs:?} {twin_outputs:?}");
        let mut game = Match {
            live,
            twin,
            clients: (0..seats).map(|_| Client::default()).collect(),
            watcher: Client::default(),
            spectators: 0,
            queue: Vec::new(),
            tick: 0,
            now: 0,
            wake,
            open: true,
            label: None,
            logs: Vec::new(),
            reports: Vec::new(),
            outcome: None,
            documents: self.documents,
            storage_fails: false,
            backend: None,
        };
        outputs.into_iter().for_each(|output| game.deliver(output));
        for _ in 0..players {
            game.join();
        }
        if G::INFO.rate > 0 {
            game.ticks(1);
        }
        game
    }

    fn setup(&self, seats: u16) -> Setup {
        Setup {
            match_id: "00000000000000000000000000".to_owned(),
            seed: (self.seed, 2, 3, 4),
            started_unix_ns: 1_700_000_000_000_000_000,
            rate: G::INFO.rate,
            seats,
            parameters: self.parameters.clone(),
            limits: LIMITS,
        }
    }
}

/// What a host of ordinary settings allows.
const LIMITS: Limits = Limits {
    memory_bytes: 64 << 20,
    unreliable_bytes: 1_100,
    reliable_bytes: 64 << 10,
    sends_per_tick: 1_024,
    send_bytes_per_tick: 1 << 20,
    requests_open: 64,
    saved_bytes: 16 << 20,
};
