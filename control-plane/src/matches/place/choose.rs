//! On which host a match is made: policy alone.
//!
//! A player's nearest region comes first, then the next; whoever names none is near to this replica. Among the hosts of one
//! region those with the most free places, in quarters of what they take; among about equal ones those that have the version
//! loaded, for fetching and loading it takes longer than a hop; among those this replica's own, which costs none, then the
//! emptiest. Hosts without room are left out: they would refuse.

use std::cmp::Reverse;

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
    let home = hosts.iter().find(|host| host.name == *here).and_then(|host| host.region.clone());
    hosts.retain(|host| host.room > 0);
    hosts.sort_by_cached_key(|host| {
        let distance = distance(near, home.as_ref(), host.region.as_ref());
        (distance, Reverse(free_quarters(host)), !host.ready, host.name != *here, Reverse(host.room), host.name.clone())
    });
    hosts.into_iter().map(|host| host.name).take(MOST).collect()
}

/// How many regions are better.
fn distance(near: &Near, home: Option<&Region>, region: Option<&Region>) -> usize {
    if near.anywhere() {
        return usize::from(region != home);
    }
    let wished = region.and_then(|region| near.0.iter().position(|wish| wish == region));
    wished.unwrap_or(near.0.len())
}

/// How much of a host is free, 0 to 3: a host with a few matches is as good as an empty one.
fn free_quarters(host: &HostNote) -> u64 {
    let (room, capacity) = (u64::from(host.room), u64::from(host.capacity.max(host.room)));
    (room * 4).checked_div(capacity).unwrap_or(0).min(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 1,000 places so many are free.
    fn host(name: &str, region: &str, room: u32, ready: bool) -> HostNote {
        HostNote { name: name.parse().unwrap(), region: region.parse().ok(), room, capacity: 1_000, ready }
    }

    fn asked(near: &[&str], hosts: &[HostNote]) -> Vec<String> {
        let near = Near(near.iter().map(|region| region.parse().unwrap()).collect());
        hosts_to_ask(&near, &"here".parse().unwrap(), hosts.to_vec()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_nearest_region_comes_first_then_ones_own_host_then_the_emptiest() {
        let hosts = [
            host("here", "eu", 900, false),
            host("b", "eu", 950, false),
            host("c", "us", 800, false),
            host("d", "us", 850, false),
            host("e", "", 990, false),
        ];
        for (near, order) in [
            (&[][..], ["here", "b", "e"]),
            (&["eu"], ["here", "b", "e"]),
            (&["us"], ["d", "c", "here"]),
            (&["us", "eu"], ["d", "c", "here"]),
            (&["mars"], ["here", "e", "b"]),
        ] {
            assert_eq!(asked(near, &hosts), order, "{near:?}");
        }
    }

    #[test]
    fn a_host_that_has_the_version_is_better_than_one_that_must_load_it() {
        let hosts = [host("here", "eu", 990, false), host("b", "eu", 800, true), host("c", "us", 999, true)];
        assert_eq!(asked(&[], &hosts), ["b", "here", "c"], "it is in no other region for that");
        assert_eq!(asked(&["us"], &hosts), ["c", "b", "here"]);
        let both = [host("here", "eu", 800, true), host("b", "eu", 990, true)];
        assert_eq!(asked(&[], &both), ["here", "b"], "both have it: no hop");
    }

    #[test]
    fn a_host_that_is_much_fuller_is_not_better_for_what_it_has_loaded() {
        assert_eq!(asked(&[], &[host("here", "eu", 400, true), host("b", "eu", 760, false)]), ["b", "here"]);
        assert_eq!(asked(&[], &[host("here", "eu", 501, false), host("b", "eu", 740, false)]), ["here", "b"]);
    }

    #[test]
    fn a_host_without_room_is_not_asked() {
        assert_eq!(asked(&["eu"], &[host("here", "eu", 0, true), host("b", "us", 3, false)]), ["b"]);
        assert_eq!(asked(&[], &[host("here", "", 0, true)]), [""; 0]);
    }

    #[test]
    fn a_host_that_does_not_say_what_it_takes_in_all_counts_as_empty() {
        let old = HostNote { capacity: 0, ..host("b", "eu", 3, false) };
        assert_eq!(asked(&[], &[host("here", "eu", 100, true), old]), ["b", "here"]);
    }
}
