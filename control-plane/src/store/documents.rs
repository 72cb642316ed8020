//! Documents of games.
//!
//! The rules are here, once: what an implementation reads under a lock it gives to [`judge`], and writes what that says.

use stadion_protocol::contract::MAX_DOCUMENT_BYTES;
use stadion_protocol::{GameName, PlayerId};

use super::StoreError;
use super::row::Columns;
use crate::model::{
    Document, DocumentChange, DocumentError, DocumentHead, DocumentKey, DocumentLimits, DocumentPlace, PlayerAccess,
    UnixMs,
};

/// Keeps documents.
#[async_trait::async_trait]
pub trait DocumentStore: Send + Sync + 'static {
    /// A document.
    async fn document(&self, place: &DocumentPlace) -> Result<Option<Document>, StoreError>;

    /// A player's documents in a game, or the game's own: those after a key, in the order of their keys' bytes.
    async fn documents(
        &self,
        game: &GameName,
        player: Option<&PlayerId>,
        after: Option<&DocumentKey>,
        limit: u16,
    ) -> Result<Vec<DocumentHead>, StoreError>;

    /// Writes or removes a document, in one commit: its new version, 0 when it is gone. Changes of a game's documents come
    /// one after the other. A change with a name of its own is done once: asked again, it answers what it answered.
    async fn change_document(
        &self,
        change: &DocumentChange,
        limits: &DocumentLimits,
        now: UnixMs,
    ) -> Result<Result<u64, DocumentError>, StoreError>;

    /// Every document of a player, of all games, at most `limit`.
    async fn documents_of_player(
        &self,
        player: &PlayerId,
        limit: u16,
    ) -> Result<Vec<(DocumentPlace, Document)>, StoreError>;

    /// What players may do with their own documents in a game.
    async fn player_access(&self, game: &GameName) -> Result<PlayerAccess, StoreError>;

    /// Sets it: whether there is such a game.
    async fn set_player_access(&self, game: &GameName, access: PlayerAccess) -> Result<bool, StoreError>;

    /// Forgets answers that were noted before a moment: how many.
    async fn forget_answers(&self, before: UnixMs) -> Result<u64, StoreError>;
}

/// How it stands before a change, read under the game's lock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// Version and bytes of the document, its key counted.
    pub(super) document: Option<(u64, u64)>,
    /// Documents of the player and their bytes; of the game's own documents nothing.
    pub(super) player: (u64, u64),
    /// Documents of the game and their bytes.
    pub(super) game: (u64, u64),
    /// The newest version of any document of the game.
    pub(super) newest: u64,
    /// The player's account was deleted.
    pub(super) forgotten: bool,
}

/// How it stands after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct After {
    /// Of the document; `None`: it is gone.
    pub(super) version: Option<u64>,
    /// Documents of the game and their bytes.
    pub(super) game: (u64, u64),
    /// The newest version of any document of the game.
    pub(super) newest: u64,
}

/// Whether a change may be made, and what it makes.
pub(super) fn judge(change: &DocumentChange, before: &Before, limits: &DocumentLimits) -> Result<After, DocumentError> {
    let there = before.document.map_or(0, |(version, _)| version);
    if change.expect.is_some_and(|expected| expected != there) {
        return Err(DocumentError::Conflict(there));
    }
    let (had, had_bytes) = before.document.map_or((0, 0), |(_, bytes)| (1, bytes));
    let newest = before.newest + 1;
    let Some(data) = &change.data else {
        if had == 0 {
            return Err(DocumentError::NotFound);
        }
        let game = (before.game.0.saturating_sub(1), before.game.1.saturating_sub(had_bytes));
        return Ok(After { version: None, game, newest });
    };
    if before.forgotten {
        return Err(DocumentError::Forgotten);
    }
    if data.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge);
    }
    let bytes = (data.len() + change.place.key.as_str().len()) as u64;
    let with =
        |(documents, sum): (u64, u64)| (documents - had.min(documents) + 1, sum.saturating_sub(had_bytes) + bytes);
    let (player, game) = (with(before.player), with(before.game));
    // Who is over a limit that was lowered may still write what takes no more room.
    let grows = bytes > had_bytes || had == 0;
    if grows
        && change.place.player.is_some()
        && (player.0 > u64::from(limits.of_player) || player.1 > limits.bytes_of_player)
    {
        return Err(DocumentError::PlayerQuota);
    }
    if grows && (game.0 > limits.of_game || game.1 > limits.bytes_of_game) {
        return Err(DocumentError::GameQuota);
    }
    Ok(After { version: Some(newest), game, newest })
}

/// The player's column: the game's own documents are nobody's, and nobody's id is empty.
pub(super) fn owner(place: &DocumentPlace) -> &str {
    place.player.as_ref().map_or("", PlayerId::as_str)
}

/// An answer as it is noted: a word and a version.
pub(super) fn noted(answer: &Result<u64, DocumentError>) -> (&'static str, u64) {
    match answer {
        Ok(version) => ("done", *version),
        Err(DocumentError::NotFound) => ("not-found", 0),
        Err(DocumentError::Conflict(version)) => ("conflict", *version),
        Err(DocumentError::TooLarge) => ("too-large", 0),
        Err(DocumentError::PlayerQuota) => ("player-quota", 0),
        Err(DocumentError::GameQuota) => ("game-quota", 0),
        Err(DocumentError::Forgotten) => ("forgotten", 0),
    }
}

/// And back.
pub(super) fn remembered(word: &str, version: u64) -> Result<Result<u64, DocumentError>, StoreError> {
    Ok(match word {
        "done" => Ok(version),
        "not-found" => Err(DocumentError::NotFound),
        "conflict" => Err(DocumentError::Conflict(version)),
        "too-large" => Err(DocumentError::TooLarge),
        "player-quota" => Err(DocumentError::PlayerQuota),
        "game-quota" => Err(DocumentError::GameQuota),
        "forgotten" => Err(DocumentError::Forgotten),
        other => return Err(StoreError::Corrupt(format!("{other:?} is no answer"))),
    })
}

/// Statements that both databases understand.
pub(super) mod sql {
    pub(in crate::store) const GET: &str =
        "SELECT version, changed_at, data FROM documents WHERE game = $1 AND player = $2 AND key = $3";
    pub(in crate::store) const LIST: &str = "SELECT key, version, changed_at, room FROM documents
         WHERE game = $1 AND player = $2 AND key > $3 ORDER BY key LIMIT $4";
    pub(in crate::store) const OF_PLAYER: &str = "SELECT game, key, version, changed_at, data FROM documents
         WHERE player = $1 AND player <> '' ORDER BY game, key LIMIT $2";
    /// Takes the game's lock, too: whoever changes its documents comes after.
    pub(in crate::store) const GAME: &str =
        "INSERT INTO document_games (game, documents, bytes, newest) VALUES ($1, 0, 0, 0)
         ON CONFLICT (game) DO UPDATE SET newest = document_games.newest RETURNING documents, bytes, newest";
    pub(in crate::store) const ANSWER: &str =
        "SELECT answer, version FROM document_answers WHERE match_id = $1 AND incarnation = $2 AND number = $3";
    pub(in crate::store) const FORGOTTEN: &str = "SELECT 1 AS one FROM forgotten_players WHERE player = $1";
    pub(in crate::store) const ONE: &str =
        "SELECT version, room FROM documents WHERE game = $1 AND player = $2 AND key = $3";
    pub(in crate::store) const PLAYER: &str =
        "SELECT COUNT(*) AS documents, CAST(COALESCE(SUM(room), 0) AS BIGINT) AS bytes FROM documents
         WHERE game = $1 AND player = $2";
    pub(in crate::store) const PUT: &str =
        "INSERT INTO documents (game, player, key, version, changed_at, room, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (game, player, key) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at,
            room = excluded.room, data = excluded.data";
    pub(in crate::store) const DELETE: &str = "DELETE FROM documents WHERE game = $1 AND player = $2 AND key = $3";
    pub(in crate::store) const TOTAL: &str =
        "UPDATE document_games SET documents = $2, bytes = $3, newest = $4 WHERE game = $1";
    pub(in crate::store) const NOTE: &str =
        "INSERT INTO document_answers (match_id, incarnation, number, answer, version, noted_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    pub(in crate::store) const SETTLED: &str = "DELETE FROM document_answers
         WHERE match_id = $1 AND (incarnation < $2 OR (incarnation = $2 AND number < $3))";
    pub(in crate::store) const OLD: &str = "DELETE FROM document_answers WHERE noted_at < $1";
    pub(in crate::store) const ACCESS: &str = "SELECT player_documents FROM games WHERE name = $1";
    pub(in crate::store) const SET_ACCESS: &str = "UPDATE games SET player_documents = $2 WHERE name = $1";
    /// Of a deleted account: its documents go, its games' totals follow, and nothing is kept of it from then on.
    pub(in crate::store) const FORGET: [&str; 3] = [
        "UPDATE document_games SET
            documents = documents
                - (SELECT COUNT(*) FROM documents AS d WHERE d.game = document_games.game AND d.player = $1),
            bytes = bytes - (SELECT SUM(d.room) FROM documents AS d WHERE d.game = document_games.game AND d.player = $1)
         WHERE game IN (SELECT game FROM documents WHERE player = $1)",
        "DELETE FROM documents WHERE player = $1",
        "INSERT INTO forgotten_players (player) VALUES ($1) ON CONFLICT DO NOTHING",
    ];
}

/// A document, from its row.
pub(super) fn document(row: &impl Columns) -> Result<Document, StoreError> {
    let changed_at = row.time("changed_at")?;
    Ok(Document { version: row.uint("version")?, changed_at, data: row.bytes("data")? })
}

/// What is known of a document without its content, from its row.
pub(super) fn head(row: &impl Columns) -> Result<DocumentHead, StoreError> {
    let key: DocumentKey = row.parsed("key")?;
    let room: u32 = row.uint("room")?;
    let size = room.saturating_sub(u32::try_from(key.as_str().len()).unwrap_or(room));
    Ok(DocumentHead { size, version: row.uint("version")?, changed_at: row.time("changed_at")?, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: DocumentLimits =
        DocumentLimits { of_player: 2, bytes_of_player: 100, of_game: 3, bytes_of_game: 150 };

    fn put(expect: Option<u64>, bytes: usize) -> DocumentChange {
        let place = DocumentPlace {
            game: "chess".parse().unwrap(),
            player: Some("p-1".parse().unwrap()),
            key: "k".parse().unwrap(),
        };
        DocumentChange { place, expect, data: Some(vec![0; bytes]), once: None }
    }

    fn before(document: Option<(u64, u64)>, player: (u64, u64), game: (u64, u64)) -> Before {
        Before { document, player, game, newest: 7, forgotten: false }
    }

    #[test]
    fn expectations_and_quotas_decide() {
        let done = |game| Ok(After { version: Some(8), game, newest: 8 });
        for (change, before, after) in [
            (put(None, 9), before(None, (0, 0), (0, 0)), done((1, 10))),
            (put(Some(0), 9), before(None, (0, 0), (0, 0)), done((1, 10))),
            (put(Some(0), 9), before(Some((5, 20)), (1, 20), (1, 20)), Err(DocumentError::Conflict(5))),
            (put(Some(5), 9), before(None, (0, 0), (0, 0)), Err(DocumentError::Conflict(0))),
            (put(Some(5), 9), before(Some((5, 20)), (1, 20), (1, 20)), done((1, 10))),
            (put(None, 9), before(None, (2, 20), (2, 20)), Err(DocumentError::PlayerQuota)),
            (put(None, 90), before(None, (1, 20), (1, 20)), Err(DocumentError::PlayerQuota)),
            (put(None, 90), before(Some((5, 20)), (1, 20), (2, 40)), done((2, 111))),
            (put(None, 50), before(None, (1, 20), (2, 140)), Err(DocumentError::GameQuota)),
            (put(None, 9), before(Some((5, 20)), (9, 999), (9, 999)), done((9, 989))),
            (put(None, MAX_DOCUMENT_BYTES + 1), before(None, (0, 0), (0, 0)), Err(DocumentError::TooLarge)),
            (put(None, 1), Before { forgotten: true, ..Before::default() }, Err(DocumentError::Forgotten)),
        ] {
            assert_eq!(judge(&change, &before, &LIMITS), after, "{:?} {before:?}", change.expect);
        }
        let remove = DocumentChange { data: None, ..put(None, 0) };
        assert_eq!(judge(&remove, &before(None, (0, 0), (0, 0)), &LIMITS), Err(DocumentError::NotFound));
        let gone = After { version: None, game: (1, 20), newest: 8 };
        assert_eq!(judge(&remove, &before(Some((5, 20)), (1, 20), (2, 40)), &LIMITS), Ok(gone));
    }

    #[test]
    fn answers_are_noted_and_remembered() {
        for answer in [
            Ok(3),
            Err(DocumentError::NotFound),
            Err(DocumentError::Conflict(4)),
            Err(DocumentError::TooLarge),
            Err(DocumentError::PlayerQuota),
            Err(DocumentError::GameQuota),
            Err(DocumentError::Forgotten),
        ] {
            let (word, version) = noted(&answer);
            assert_eq!(remembered(word, version).unwrap(), answer);
        }
    }
}
