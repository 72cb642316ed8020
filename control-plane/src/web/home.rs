//! On which origin a bundle is shown, so that no owner's pages can read what another's have stored.
//!
//! ```text
//!   the server's own developer    http://localhost:7878/play/chess/         beside the start page
//!   any other owner, by a name    http://p-5f1c0ad2.localhost:7878/play/..  an origin of the owner's own
//!   any other owner, by address   http://192.168.1.5:7878/play/..           in a closed cage: an opaque origin
//! ```
//! An opaque origin alone would do for isolation, but has no `localStorage`: a reloaded page would have lost its player.
//! So owners get host names, which cost nothing where names can be had: every browser leads `*.localhost` to this
//! machine, and an operator can have a wildcard name. Addresses have no names below them; there the cage is closed, and a
//! reload starts afresh. The developer whose machine this is needs no protection from itself: its games are at home, and
//! work by address too, from a phone on the same network.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use stadion_protocol::PlayerId;

use super::policy::Cage;

/// The name that leads to this machine in every browser, with everything below it (RFC 6761, section 6.3).
const LOCAL: &str = "localhost";

/// Where to show something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Here.
    Here(Cage),
    /// At another authority (host and port): the browser is sent there.
    There(String),
}

/// Who is at home, and below which name the others live.
#[derive(Debug)]
pub(crate) struct Home {
    /// A name with a wildcard below it that leads here, besides `localhost`.
    domain: Option<String>,
    owners: RwLock<BTreeSet<PlayerId>>,
}

impl Home {
    pub(crate) fn new(domain: Option<String>) -> Home {
        Home { domain, owners: RwLock::default() }
    }

    /// This owner's bundles are the server's own from now on.
    pub(crate) fn let_in(&self, owner: PlayerId) {
        self.owners.write().unwrap_or_else(PoisonError::into_inner).insert(owner);
    }

    fn is_at_home(&self, owner: &PlayerId) -> bool {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).contains(owner)
    }

    /// Where a bundle of this owner is shown to a browser that asked for this authority (its `Host` header).
    pub(crate) fn of_bundle(&self, authority: &str, owner: &PlayerId) -> Place {
        if self.is_at_home(owner) {
            return self.of_site(authority);
        }
        let (host, port) = split(authority);
        let Some(label) = label_of(owner) else { return Place::Here(Cage::Closed) };
        match self.below(host) {
            Some((Some(there), _)) if there == label => Place::Here(Cage::Open),
            Some((_, domain)) => Place::There(format!("{label}.{domain}{port}")),
            None if is_this_machine(host) => Place::There(format!("{label}.{LOCAL}{port}")),
            None => Place::Here(Cage::Closed),
        }
    }

    /// Where the server's own pages are shown: never below an owner's name.
    pub(crate) fn of_site(&self, authority: &str) -> Place {
        let (host, port) = split(authority);
        match self.below(host) {
            Some((Some(_), domain)) => Place::There(format!("{domain}{port}")),
            _ => Place::Here(Cage::Open),
        }
    }

    /// The label of a host name below one of our names, and that name.
    fn below<'a>(&'a self, host: &'a str) -> Option<(Option<&'a str>, &'a str)> {
        let names = self.domain.as_deref().into_iter().chain([LOCAL]);
        names.into_iter().find_map(|name| {
            let rest = host.strip_suffix(name)?;
            if rest.is_empty() { Some((None, name)) } else { rest.strip_suffix('.').map(|label| (Some(label), name)) }
        })
    }
}

/// Host and port, the port with its colon.
fn split(authority: &str) -> (&str, &str) {
    let from = authority.rfind(']').unwrap_or(0);
    match authority[from..].find(':') {
        Some(colon) => authority.split_at(from + colon),
        None => (authority, ""),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.starts_with("127.") || host == "[::1]"
}

/// The owner's account as a part of a host name (RFC 1035, section 2.3.1); ids of ours always are one.
fn label_of(owner: &PlayerId) -> Option<&str> {
    let label = owner.as_str();
    let fits = label.len() <= 63 && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (fits && !label.starts_with('-') && !label.ends_with('-')).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        let home = Home::new(Some("play.example.com".to_owned()));
        home.let_in("p-own".parse().unwrap());
        home
    }

    fn of(authority: &str, owner: &str) -> Place {
        home().of_bundle(authority, &owner.parse().unwrap())
    }

    fn there(authority: &str) -> Place {
        Place::There(authority.to_owned())
    }

    #[test]
    fn the_servers_own_games_are_at_home_at_every_address() {
        for authority in ["localhost:7878", "127.0.0.1:7878", "192.168.1.5:7878", "play.example.com"] {
            assert_eq!(of(authority, "p-own"), Place::Here(Cage::Open), "{authority}");
        }
        assert_eq!(of("p-other.localhost:7878", "p-own"), there("localhost:7878"));
    }

    #[test]
    fn other_owners_have_an_origin_of_their_own_where_names_can_be_had() {
        assert_eq!(of("p-a.localhost:7878", "p-a"), Place::Here(Cage::Open));
        for authority in ["localhost:7878", "127.0.0.1:7878", "[::1]:7878", "p-b.localhost:7878"] {
            assert_eq!(of(authority, "p-a"), there("p-a.localhost:7878"), "{authority}");
        }
        assert_eq!(of("play.example.com", "p-a"), there("p-a.play.example.com"));
    }

    #[test]
    fn other_owners_are_caged_where_no_name_can_be_had() {
        for authority in ["192.168.1.5:7878", "example.org", "", "notlocalhost:1", "[2001:db8::1]:7878"] {
            assert_eq!(of(authority, "p-a"), Place::Here(Cage::Closed), "{authority}");
        }
        assert_eq!(of("localhost:1", "P_Odd"), Place::Here(Cage::Closed), "no part of a host name");
    }

    #[test]
    fn the_servers_own_pages_are_never_shown_below_an_owners_name() {
        assert_eq!(home().of_site("p-a.localhost:7878"), there("localhost:7878"));
        assert_eq!(home().of_site("p-a.play.example.com"), there("play.example.com"));
        assert_eq!(home().of_site("192.168.1.5:7878"), Place::Here(Cage::Open));
    }
}
