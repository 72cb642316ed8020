//! The gateway alone: behind it stands the smallest match there can be, which answers each input in place.

use std::sync::{Arc, OnceLock};

use ed25519_dalek::SigningKey;
use stadion_host::gateway::{Gateway, GatewayConfig, HostKeys, JoinKeys};
use stadion_host::link::{ConnId, FromPlayer, Inbox, Outbox, ToPlayer};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::{Incarnation, MatchId, Seat, Tick};

use super::{Answer, Ask, Counted, JOIN_KEY, KEY_ID, Ready, converse};

/// Sends every unreliable input back to whom it came from.
#[derive(Default)]
struct Mirror {
    outbox: OnceLock<Arc<dyn Outbox>>,
}

impl Inbox for Mirror {
    fn post(&self, _: MatchId, conn: ConnId, word: FromPlayer) -> bool {
        let (incarnation, tick) = (Incarnation(1), Tick(1));
        let answer = match word {
            FromPlayer::Hello(_) => ToPlayer::Welcome {
                seat: Seat(0),
                incarnation,
                tick,
                in_seq: 0,
                next_out_seq: 1,
                fresh: true,
                rate: 20,
            },
            FromPlayer::Unreliable { data } => ToPlayer::Unreliable { incarnation, tick, data },
            _ => return true,
        };
        if let Some(outbox) = self.outbox.get() {
            outbox.post(conn, answer);
        }
        true
    }
}

pub(super) fn serve() -> anyhow::Result<()> {
    let mirror = Arc::<Mirror>::default();
    let join_keys = JoinKeys::new();
    join_keys.insert(KEY_ID, SigningKey::from_bytes(&JOIN_KEY).verifying_key().to_bytes());
    let config = GatewayConfig::new(HostKeys::ephemeral()?);
    let gateway = Gateway::bind(config, Arc::clone(&mirror) as Arc<dyn Inbox>, join_keys)?;
    let _ = mirror.outbox.set(gateway.outbox());
    let schemas = vec![SchemaHash::default()];
    let ready = Ready { address: gateway.local_address(), schemas, capacity: 0, max_map_count: None };
    converse(ready, |ask| {
        Ok(match ask {
            Ask::Mark => Answer::Done,
            Ask::Count => {
                let counters = gateway.counters();
                let (gateway_turns, connections) = (counters.turns, counters.connections);
                Answer::Counted(Counted { gateway_turns, connections, ..Counted::default() })
            }
            other => Answer::Failed(format!("there are no matches here: {other:?}")),
        })
    })
}
