//! What survives a restart of the program.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stadion_protocol::client::Endpoint;
use stadion_protocol::token::{ResumeToken, SchemaHash};

use crate::raw_match::MatchInfo;

/// Brings a restarted program back to its seat: one line of text by `to_string`, read again by `parse`. A secret: whoever
/// has it has the seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) token: ResumeToken,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) server: String,
    pub(crate) server_name: String,
    pub(crate) schema: SchemaHash,
    pub(crate) info: Option<MatchInfo>,
}

/// A text that is no ticket of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ticket of this version")]
pub struct BadTicket;

impl Ticket {
    /// The game's name, if the ticket is from [`Stadion`](crate::Stadion).
    pub fn game(&self) -> Option<&str> {
        self.info.as_ref().map(|info| info.game.as_str())
    }

    /// The URL of the server, if the ticket is from [`Stadion`](crate::Stadion).
    pub fn server(&self) -> Option<&str> {
        Some(self.server.as_str()).filter(|server| !server.is_empty())
    }
}

/// The text's shape: JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    ticket: u32,
    token: String,
    quic: Vec<(SocketAddr, Vec<String>)>,
    server: String,
    server_name: String,
    schema: SchemaHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    info: Option<Info>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    id: String,
    code: Option<String>,
    game: String,
    version: String,
}

const FORMAT: u32 = 1;

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = |info: &MatchInfo| Info {
            id: info.id.clone(),
            code: info.code.clone(),
            game: info.game.clone(),
            version: info.version.clone(),
        };
        let quic =
            |endpoint: &Endpoint| (endpoint.address, endpoint.certificate_hashes.iter().map(hex::encode).collect());
        let text = Text {
            ticket: FORMAT,
            token: hex::encode(self.token.to_bytes()),
            quic: self.endpoints.iter().map(quic).collect(),
            server: self.server.clone(),
            server_name: self.server_name.clone(),
            schema: self.schema,
            info: self.info.as_ref().map(info),
        };
        f.write_str(&serde_json::to_string(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Ticket {
    type Err = BadTicket;

    fn from_str(text: &str) -> Result<Ticket, BadTicket> {
        let text: Text = serde_json::from_str(text).map_err(|_| BadTicket)?;
        if text.ticket != FORMAT {
            return Err(BadTicket);
        }
        let token = hex::decode(text.token).ok().and_then(|bytes| ResumeToken::from_bytes(&bytes)).ok_or(BadTicket)?;
        let endpoints = text.quic.into_iter().map(|(address, hashes)| {
            let certificate_hashes = parse_hashes(&hashes).ok_or(BadTicket)?;
            Ok(Endpoint { address, certificate_hashes })
        });
        let info = |info: Info| MatchInfo {
            id: info.id,
            code: info.code,
            game: info.game,
            version: info.version,
            schema: None,
        };
        Ok(Ticket {
            token,
            endpoints: endpoints.collect::<Result<_, BadTicket>>()?,
            server: text.server,
            server_name: text.server_name,
            schema: text.schema,
            info: text.info.map(info),
        })
    }
}

/// SHA-256 hashes in hexadecimal.
pub(crate) fn parse_hashes(hashes: &[String]) -> Option<Vec<[u8; 32]>> {
    hashes.iter().map(|hash| hex::decode(hash).ok()?.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
    use stadion_protocol::{MatchId, Seat};

    use super::*;

    #[test]
    fn a_ticket_survives_being_written_and_read() {
        let info = MatchInfo {
            id: "m".into(),
            code: Some("KBQT".into()),
            game: "hello".into(),
            version: "9f".into(),
            schema: None,
        };
        let ticket = Ticket {
            token: ResumeToken { match_id: MatchId([1; 16]), seat: Seat(3), secret: [2; 16] },
            endpoints: vec![Endpoint { address: "[::1]:7878".parse().unwrap(), certificate_hashes: vec![[7; 32]] }],
            server: "http://localhost:7878".into(),
            server_name: "localhost".into(),
            schema: SchemaHash([5; 8]),
            info: Some(info),
        };
        assert_eq!(ticket.to_string().parse(), Ok(ticket.clone()));
        for damaged in ["", "{}", &ticket.to_string().replace("\"ticket\":1", "\"ticket\":2")] {
            assert_eq!(damaged.parse::<Ticket>(), Err(BadTicket), "{damaged}");
        }
    }
}
