//! On which host a match is made: policy alone.
//!
//! A player's nearest region comes first, then the next; among the hosts of one region this replica's own, which costs no
//! hop, then the emptiest. Hosts without room are left out: they would refuse.

use crate::model::{HostName, Region};
use crate::replicas::HostNote;

/// Hosts that are asked for one match, at most: each may take seconds to say nothing.
const MOST: usize = 3;

/// Where somebody wants to play: regions, the best first. Empty: wherever there is room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Near(pub(crate) Vec<Region>);

impl Near {
    /// One region.
    pub(crate) fn to(region: Option<Region>) -> Near {
        Near(region.into_iter().collect())
    }

    /// Whether any host will do.
    pub(crate) fn anywhere(&self) -> bool {
        self.0.is_empty()
    }
}

/// The hosts to ask, in this order. A region that no host is in is as good as any other.
pub(super) fn hosts_to_ask(near: &Near, here: &HostName, mut hosts: Vec<HostNote>) -> Vec<HostName> {
    hosts.retain(|host| host.room > 0);
    let far = near.0.len();
    hosts.sort_by_cached_key(|host| {
        let wished = |region: &Region| near.0.iter().position(|wish| wish == region);
        let distance = host.region.as_ref().and_then(wished).unwrap_or(far);
        (distance, host.name != *here, std::cmp::Reverse(host.room), host.name.clone())
    });
    hosts.into_iter().map(|host| host.name).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, region: &str, room: u32) -> HostNote {
        HostNote { name: name.parse().unwrap(), region: region.parse().ok(), room }
    }

    fn asked(near: &[&str], hosts: &[HostNote]) -> Vec<String> {
        let near = Near(near.iter().map(|region| region.parse().unwrap()).collect());
        hosts_to_ask(&near, &"here".parse().unwrap(), hosts.to_vec()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_nearest_region_comes_first_then_ones_own_host_then_the_emptiest() {
        let hosts =
            [host("here", "eu", 10), host("b", "eu", 500), host("c", "us", 900), host("d", "us", 1), host("e", "", 50)];
        for (near, order) in [
            (&[][..], ["here", "c", "b"]),
            (&["eu"], ["here", "b", "c"]),
            (&["us"], ["c", "d", "here"]),
            (&["us", "eu"], ["c", "d", "here"]),
            (&["mars"], ["here", "c", "b"]),
        ] {
            assert_eq!(asked(near, &hosts), order, "{near:?}");
        }
    }

    #[test]
    fn a_host_without_room_is_not_asked() {
        assert_eq!(asked(&["eu"], &[host("here", "eu", 0), host("b", "us", 3)]), ["b"]);
        assert_eq!(asked(&[], &[host("here", "", 0)]), [""; 0]);
    }
}
