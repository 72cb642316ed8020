//! The network between players and server: [`stadion_protocol::virtual_net`], with a connection for each path of each player.

use std::time::Duration;

use stadion_protocol::virtual_net;

pub(crate) use stadion_protocol::virtual_net::{Packet, To, Weather};

use crate::Rng;

/// Nothing happens to what is sent.
pub(crate) const FAIR: Weather = Weather::fair(Duration::from_millis(10));

/// One connection: of which player, and its path there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wire {
    pub(crate) player: u64,
    /// Counted over all pages of the player.
    pub(crate) path: u64,
}

pub(crate) type Network = virtual_net::Network<Wire>;
pub(crate) type Arrival = virtual_net::Arrival<Wire>;

/// Any weather.
pub(crate) fn any(rng: &mut Rng) -> Weather {
    let delay = Duration::from_millis(1 + rng.below(100));
    Weather {
        lost: rng.below(400),
        doubled: rng.below(200),
        delay: (delay, delay + Duration::from_millis(rng.below(100))),
        breaks: rng.below(8),
        silences: rng.below(4),
        holds: rng.below(6),
    }
}
