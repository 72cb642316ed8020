//! What the gateway sees of the shards: a place to post words.

use std::sync::Arc;

use stadion_protocol::MatchId;

use crate::link::{ConnId, FromPlayer, Inbox, ToPlayer};
use crate::shard::Shared;

pub(super) struct HostInbox(pub(super) Arc<Shared>);

impl Inbox for HostInbox {
    fn post(&self, id: MatchId, conn: ConnId, word: FromPlayer) -> bool {
        if let Some(mailbox) = self.0.directory.get(&id) {
            return mailbox.post(conn, word);
        }
        // A player who comes back too late is told how it ended.
        let FromPlayer::Hello(_) = word else { return false };
        let (Some(archived), Some(outbox)) = (self.0.archive.get(&id), self.0.outbox.get()) else { return false };
        let code = archived.ended.reason.close_code();
        outbox.post(conn, ToPlayer::Close { code, reason: "the match is over".to_owned() });
        true
    }
}
