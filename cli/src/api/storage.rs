//! Documents of games.

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Url};
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;

use super::Api;
use crate::failure::{Failure, Outcome};

/// Where documents are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shelf<'a> {
    pub(crate) game: &'a GameName,
    /// Whose; `None`: the game's own.
    pub(crate) player: Option<&'a str>,
}

/// A document, without its content.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Document {
    pub(crate) key: String,
    pub(crate) version: u64,
    pub(crate) size: u32,
    pub(crate) changed_at: String,
}

/// What must be there for a document to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Anything,
    Nothing,
    Version(u64),
}

impl Api {
    /// All documents of a shelf.
    pub(crate) async fn documents(&self, shelf: Shelf<'_>) -> Outcome<Vec<Document>> {
        let player: Vec<_> = shelf.player.map(|player| ("player", player.to_owned())).into_iter().collect();
        self.pages(&format!("/v1/games/{}/storage", shelf.game), &player).await
    }

    /// The content of a document.
    pub(crate) async fn document(&self, shelf: Shelf<'_>, key: &str) -> Outcome<Bytes> {
        self.bytes(self.of_document(Method::GET, shelf, key)?).await
    }

    /// Writes a document.
    pub(crate) async fn put_document(
        &self,
        (shelf, key): (Shelf<'_>, &str),
        expected: Expected,
        data: Vec<u8>,
    ) -> Outcome<Document> {
        let request = self.of_document(Method::PUT, shelf, key)?;
        self.json(only_if(request, expected).header("content-type", "application/octet-stream").body(data)).await
    }

    /// Removes a document.
    pub(crate) async fn delete_document(&self, (shelf, key): (Shelf<'_>, &str), expected: Expected) -> Outcome {
        self.send(only_if(self.of_document(Method::DELETE, shelf, key)?, expected)).await.map(drop)
    }

    /// What players may do with their own documents: `none`, `read` or `write`.
    pub(crate) async fn storage_access(&self, game: &str) -> Outcome<String> {
        let access: Access = self.json(self.get(&format!("/v1/games/{game}/storage-access"))).await?;
        Ok(access.players)
    }

    /// Sets it.
    pub(crate) async fn set_storage_access(&self, game: &str, players: &str) -> Outcome {
        let body = Access { players: players.to_owned() };
        self.send(self.request(Method::PUT, &format!("/v1/games/{game}/storage-access")).json(&body)).await.map(drop)
    }

    /// A key may hold anything, slashes too: it is one segment of the path.
    fn of_document(&self, method: Method, shelf: Shelf<'_>, key: &str) -> Outcome<RequestBuilder> {
        if matches!(key, "." | "..") {
            return Err(Failure::usage("a key that is . or .. cannot be part of an address; games alone reach it"));
        }
        let request = self.request(method, &path(shelf.game, key));
        Ok(match shelf.player {
            Some(player) => request.query(&[("player", player)]),
            None => request,
        })
    }
}

fn path(game: &GameName, key: &str) -> String {
    // Whose address it is does not matter: it encodes the key.
    let mut url = Url::parse("http://stadion").expect("an address");
    let segments = ["v1", "games", game.as_str(), "storage", key];
    url.path_segments_mut().expect("addresses of servers have paths").clear().extend(segments);
    url.path().to_owned()
}

#[derive(Deserialize, Serialize)]
struct Access {
    players: String,
}

fn only_if(request: RequestBuilder, expected: Expected) -> RequestBuilder {
    match expected {
        Expected::Anything => request,
        Expected::Nothing => request.header("if-none-match", "*"),
        Expected::Version(version) => request.header("if-match", format!("\"{version}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_segment_whatever_it_holds() {
        let game = "chess".parse().unwrap();
        for (key, path_of) in [
            ("record", "/v1/games/chess/storage/record"),
            ("a/b ü?", "/v1/games/chess/storage/a%2Fb%20%C3%BC%3F"),
            ("50%", "/v1/games/chess/storage/50%25"),
        ] {
            assert_eq!(path(&game, key), path_of);
        }
    }
}
