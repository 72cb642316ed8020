//! Which web pages may use this server: those that its operator names, and for each game those that its owner names.
//!
//! Every request of a browser and every connection of a page is looked up here, so the whole of it is in memory; the
//! store is asked at the start, and again when another replica says that something has changed.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use stadion_protocol::GameName;
use stadion_protocol::origin::{AllowedOrigins, MAX_ORIGINS, Origin, Origins, lists};

use crate::store::{GameStore, StoreError};

/// The server's origins and those of its games.
#[derive(Debug)]
pub struct OriginBook {
    server: AllowedOrigins,
    games: RwLock<HashMap<GameName, Vec<Origin>>>,
}

impl OriginBook {
    /// With what the operator allows; games come from the store as the control plane starts.
    pub fn new(server: AllowedOrigins) -> OriginBook {
        OriginBook { server, games: RwLock::default() }
    }

    /// Reads what games' owners have allowed.
    pub(crate) async fn load(&self, store: &(impl GameStore + ?Sized)) -> Result<(), StoreError> {
        let mut games = HashMap::new();
        for (game, text) in store.origins().await? {
            let origins = text.split(',').map(str::parse).collect::<Result<_, _>>();
            let origins = origins.map_err(|error| StoreError::Corrupt(format!("origins of {game}: {error}")))?;
            games.insert(game, origins);
        }
        *self.games.write().unwrap_or_else(PoisonError::into_inner) = games;
        Ok(())
    }

    /// What a game's owner allows now.
    pub(crate) fn of(&self, game: &GameName) -> Vec<Origin> {
        self.games().get(game).cloned().unwrap_or_default()
    }

    /// What a game's owner allows from now on; its caller has kept it.
    pub(crate) fn set(&self, game: GameName, origins: Vec<Origin>) {
        debug_assert!(origins.len() <= MAX_ORIGINS, "checked where they came in");
        let mut games = self.games.write().unwrap_or_else(PoisonError::into_inner);
        if origins.is_empty() {
            games.remove(&game)
        } else {
            games.insert(game, origins)
        };
    }

    /// Whether pages of this origin may ask for this path, which they reached at `authority`. What belongs to no game, such as
    /// signing in, is open to the pages of every game.
    pub(crate) fn allows_path(&self, origin: &str, authority: &str, path: &str) -> bool {
        match game_of(path) {
            _ if self.server.allows(origin, authority) || is_caged(origin, authority) => true,
            Some(game) => game
                .parse()
                .is_ok_and(|game: GameName| self.games().get(&game).is_some_and(|listed| lists(listed, origin))),
            None => self.games().values().any(|listed| lists(listed, origin)),
        }
    }

    fn games(&self) -> RwLockReadGuard<'_, HashMap<GameName, Vec<Origin>>> {
        self.games.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for OriginBook {
    fn default() -> OriginBook {
        OriginBook::new(AllowedOrigins::default())
    }
}

/// For connections of players: the seat is guarded by its join token, which only a page that may ask for the game's path
/// can have got.
impl Origins for OriginBook {
    fn allows(&self, origin: &str, authority: &str) -> bool {
        self.allows_path(origin, authority, "")
    }
}

/// A page without an origin, where bundles have none (`web::home`): on a server that was reached by its address, which is one
/// of a local network.
fn is_caged(origin: &str, authority: &str) -> bool {
    let by_address = |authority: &str| {
        authority.parse::<SocketAddr>().is_ok() || authority.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    };
    origin == "null" && by_address(authority)
}

fn game_of(path: &str) -> Option<&str> {
    path.strip_prefix("/v1/games/")?.split('/').next().filter(|game| !game.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://chess.example";
    const SERVER: &str = "play.example";

    fn book() -> OriginBook {
        let book = OriginBook::default();
        book.set("chess".parse().unwrap(), vec![SITE.parse().unwrap()]);
        book
    }

    #[test]
    fn a_games_page_reaches_its_own_game_and_what_belongs_to_none() {
        let book = book();
        for (path, allowed) in [
            ("/v1/games/chess/play", true),
            ("/v1/games/chess", true),
            ("/v1/guests", true),
            ("/v1/games/", true),
            ("/v1/games/go/play", false),
            ("/v1/games/chess2", false),
        ] {
            assert_eq!(book.allows_path(SITE, SERVER, path), allowed, "{path}");
        }
        assert!(book.allows(SITE, SERVER));
        assert!(!book.allows("https://evil.example", SERVER));
    }

    #[test]
    fn a_caged_bundle_plays_where_there_are_cages() {
        for (authority, allowed) in
            [("192.168.1.5:7878", true), ("[::1]:7878", true), ("[::1]", true), ("play.example", false), ("", false)]
        {
            assert_eq!(book().allows("null", authority), allowed, "{authority}");
        }
    }

    #[test]
    fn what_is_taken_back_holds_no_more() {
        let book = book();
        book.set("chess".parse().unwrap(), Vec::new());
        assert!(!book.allows_path(SITE, SERVER, "/v1/games/chess/play"));
        assert!(book.allows("https://play.example", SERVER), "the server's own pages stay");
    }
}
