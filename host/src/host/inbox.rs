//! What the gateway sees of the shards: a place to post words.

use std::sync::Arc;

use stadion_protocol::{CloseCode, MatchId};

use crate::link::{ConnId, Credential, FromPlayer, Inbox, ToPlayer};
use crate::shard::Shared;

pub(super) struct HostInbox(pub(super) Arc<Shared>);

impl HostInbox {
    /// Join tokens are signed, and their connections would not be here without; resume tokens are only known to their match. One
    /// that sleeps is not woken for a token that somebody made up.
    fn is_turned_away(&self, id: &MatchId, conn: ConnId, word: &FromPlayer) -> bool {
        let FromPlayer::Hello(admission) = word else { return false };
        let (Credential::Resume(token), Some(outbox)) = (&admission.credential, self.0.outbox.get()) else {
            return false;
        };
        let turned_away = self.0.dormant.turns_away(id, token);
        if turned_away {
            let reason = "the seat is not kept any more; ask for a new one".to_owned();
            outbox.post(conn, ToPlayer::Close { code: CloseCode::Expired, reason });
        }
        turned_away
    }
}

impl Inbox for HostInbox {
    fn post(&self, id: MatchId, conn: ConnId, word: FromPlayer) -> bool {
        if let Some(mailbox) = self.0.directory.get(&id) {
            return self.is_turned_away(&id, conn, &word) || mailbox.post(conn, word);
        }
        // A player who comes back too late is told how it ended.
        let FromPlayer::Hello(_) = word else { return false };
        let (Some(archived), Some(outbox)) = (self.0.archive.get(&id), self.0.outbox.get()) else { return false };
        let code = archived.ended.reason.close_code();
        outbox.post(conn, ToPlayer::Close { code, reason: "the match is over".to_owned() });
        true
    }
}
