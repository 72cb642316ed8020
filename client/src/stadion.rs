//! A player who is signed in, and the ways into a match.

use bytes::Bytes;
use stadion_protocol::client::Endpoint;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::Credential;
use stadion_sdk::GameModule;

use crate::entry::Entry;
use crate::error::Error;
use crate::raw_match::{MatchInfo, RawMatch};
use crate::rest::{Play, PlayAnswer, Rest};
use crate::ticket::{Ticket, parse_hashes};
use crate::typed_match::Match;

/// A player who is signed in to a Stadion server.
#[derive(Debug)]
pub struct Stadion {
    rest: Rest,
    bot: bool,
}

impl Stadion {
    /// Signs in as a guest of that name. `url` is where the server's API is, such as `http://127.0.0.1:7878`.
    pub async fn guest(url: &str, name: &str) -> Result<Stadion, Error> {
        let rest = Rest::new(url, "")?;
        rest.sign_in_as_guest(name).await?;
        Ok(Stadion { rest, bot: false })
    }

    /// With an access token, or a developer key, that is there already.
    pub fn with_token(url: &str, token: &str) -> Result<Stadion, Error> {
        Ok(Stadion { rest: Rest::new(url, token)?, bot: false })
    }

    /// Says that a program plays, and not a person.
    #[must_use]
    pub fn as_bot(mut self) -> Stadion {
        self.bot = true;
        self
    }

    /// The access token, for other calls of the API.
    pub async fn access_token(&self) -> String {
        self.rest.access_token().await
    }

    /// Takes a seat in a match of `G`, and waits until the player is let in.
    pub async fn play<G: GameModule>(&self, game: &str, play: Play) -> Result<Match<G>, Error> {
        let answer = self.rest.play(game, &play, self.bot).await?;
        if answer.schema_hash != SchemaHash::of(Some(G::SCHEMA)) {
            return Err(Error::OutdatedClient);
        }
        self.enter(answer, None).await.map(Match::new)
    }

    /// Takes a seat in a match of any game, and waits until the player is let in. The schema comes with
    /// [`RawMatch::info`].
    pub async fn play_raw(&self, game: &str, play: Play) -> Result<RawMatch, Error> {
        let answer = self.rest.play(game, &play, self.bot).await?;
        let schema = self.schema(&answer.game, &answer.version, answer.schema_hash).await?;
        self.enter(answer, schema).await
    }

    /// Watches a match of `G` without a seat, and waits until one is let in: for as long as the match lets one. When the way
    /// to it is lost for minutes, watch it again.
    pub async fn watch<G: GameModule>(&self, id: &str) -> Result<Match<G>, Error> {
        let answer = self.rest.watch(id).await?;
        if answer.schema_hash != SchemaHash::of(Some(G::SCHEMA)) {
            return Err(Error::OutdatedClient);
        }
        self.enter(answer, None).await.map(Match::new)
    }

    /// The same of any game.
    pub async fn watch_raw(&self, id: &str) -> Result<RawMatch, Error> {
        let answer = self.rest.watch(id).await?;
        let schema = self.schema(&answer.game, &answer.version, answer.schema_hash).await?;
        self.enter(answer, schema).await
    }

    /// Takes a seat that was given to this program, by an answer as `play` gives: one of a claim for bots.
    pub async fn take_seat_raw(&self, answer: &serde_json::Value) -> Result<RawMatch, Error> {
        let answer: PlayAnswer =
            serde_json::from_value(answer.clone()).map_err(|error| Error::BadAnswer(error.to_string()))?;
        let schema = self.schema(&answer.game, &answer.version, answer.schema_hash).await?;
        self.enter(answer, schema).await
    }

    /// Comes back to a seat of `G`, from another process or after a restart.
    pub async fn resume<G: GameModule>(ticket: &Ticket) -> Result<Match<G>, Error> {
        if ticket.schema != SchemaHash::of(Some(G::SCHEMA)) {
            return Err(Error::OutdatedClient);
        }
        enter_again(ticket, None).await.map(Match::new)
    }

    /// Comes back to a seat of any game. The schema is fetched again.
    pub async fn resume_raw(&self, ticket: &Ticket) -> Result<RawMatch, Error> {
        let schema = match &ticket.info {
            Some(info) => self.schema(&info.game, &info.version, ticket.schema).await?,
            None => None,
        };
        enter_again(ticket, schema).await
    }

    async fn schema(&self, game: &str, version: &str, hash: SchemaHash) -> Result<Option<Bytes>, Error> {
        if hash == SchemaHash::default() {
            return Ok(None);
        }
        let schema = self.rest.schema(game, version).await?;
        if SchemaHash::of(schema.as_deref()) == hash {
            Ok(schema)
        } else {
            Err(Error::BadAnswer("a schema that is not the match's".to_owned()))
        }
    }

    async fn enter(&self, answer: PlayAnswer, schema: Option<Bytes>) -> Result<RawMatch, Error> {
        let hashes = parse_hashes(&answer.certificate_hashes)
            .ok_or_else(|| Error::BadAnswer("certificate hashes that are not SHA-256".to_owned()))?;
        let endpoint = |text: &String| {
            let address = text.parse().map_err(|_| Error::BadAnswer(format!("{text:?} is no address")))?;
            Ok(Endpoint { address, certificate_hashes: hashes.clone() })
        };
        let endpoints = answer.quic.iter().map(endpoint).collect::<Result<_, Error>>()?;
        let mut entry = Entry::join(endpoints, answer.join_token, answer.schema_hash)?;
        self.rest.host().clone_into(&mut entry.server_name);
        let info = MatchInfo {
            id: answer.place.id,
            code: answer.place.code,
            game: answer.game,
            version: answer.version,
            schema,
        };
        Ok(RawMatch::enter(entry).await?.described(info, self.rest.base()))
    }
}

async fn enter_again(ticket: &Ticket, schema: Option<Bytes>) -> Result<RawMatch, Error> {
    let entry = Entry {
        endpoints: ticket.endpoints.clone(),
        server_name: ticket.server_name.clone(),
        credential: Credential::Resume(ticket.token),
        schema: ticket.schema,
        options: Bytes::new(),
    };
    let entered = RawMatch::enter(entry).await?;
    Ok(match &ticket.info {
        Some(info) => entered.described(MatchInfo { schema, ..info.clone() }, &ticket.server),
        None => entered,
    })
}
