//! What it takes to enter a match, without the REST calls before it.

use bytes::Bytes;
use stadion_protocol::client::Endpoint;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::Credential;

use crate::error::{Error, random};

/// Enough to connect to a match: for [`RawMatch::enter`](crate::RawMatch::enter).
#[derive(Clone, Debug)]
pub struct Entry {
    /// At least one.
    pub endpoints: Vec<Endpoint>,
    /// The name to check certificates against when an endpoint has no hashes.
    pub server_name: String,
    /// What lets the player in.
    pub credential: Credential,
    /// The schema that messages follow; zero for raw bytes, which then come without the SDK's envelope.
    pub schema: SchemaHash,
    /// Untrusted options for the game.
    pub options: Bytes,
}

impl Entry {
    /// By a join token, with a nonce of its own.
    pub fn join(endpoints: Vec<Endpoint>, token: String, schema: SchemaHash) -> Result<Entry, Error> {
        let credential = Credential::Join { token, nonce: random()? };
        Ok(Entry { endpoints, server_name: "stadion".to_owned(), credential, schema, options: Bytes::new() })
    }
}
