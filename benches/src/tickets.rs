//! Join tokens of a benchmark, which is its own control plane.

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::{MatchId, Seat};

use crate::load::{Ticket, View};
use crate::stage::{JOIN_KEY, KEY_ID, Ready, player_id};

/// What stands before the 32 bytes of a private key (RFC 8410 section 7).
const PKCS8_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The year 2100: a benchmark's tokens are good for its own child alone.
const EXPIRES_S: u64 = 4_102_444_800;

/// Signs tickets.
pub(crate) struct Tickets {
    key: EncodingKey,
    header: Header,
    given: u64,
}

impl Tickets {
    pub(crate) fn new() -> Tickets {
        let key = EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &JOIN_KEY].concat());
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
        Tickets { key, header, given: 0 }
    }

    /// For the player of this seat.
    pub(crate) fn give(
        &mut self,
        server: &Ready,
        (match_id, seat): (MatchId, u16),
        (schema, view): (SchemaHash, View),
    ) -> anyhow::Result<Ticket> {
        self.given += 1;
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: EXPIRES_S,
            jti: self.given.to_string(),
            match_id,
            seat: Seat(seat),
            sub: player_id(match_id, seat),
            name: format!("bot {seat}"),
            bot: true,
            data: String::new(),
            schema,
        };
        let join_token = jsonwebtoken::encode(&self.header, &claims, &self.key).context("signing a join token")?;
        Ok(Ticket { address: server.address, join_token, schema, number: self.given, view })
    }
}
