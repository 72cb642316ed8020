-- Documents of games: what outlives their matches. The game's own are nobody's: player is empty. room: bytes of key and data.
CREATE TABLE documents (
    game TEXT NOT NULL,
    player TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    room INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (game, player, key)
);
CREATE INDEX documents_of_player ON documents (player) WHERE player <> '';

-- How much room they take, and the newest version of any of them.
CREATE TABLE document_games (
    game TEXT NOT NULL PRIMARY KEY,
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    newest INTEGER NOT NULL
);

-- What changes that matches asked for were answered, as long as they may ask again.
CREATE TABLE document_answers (
    match_id TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    number INTEGER NOT NULL,
    answer TEXT NOT NULL,
    version INTEGER NOT NULL,
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (match_id, incarnation, number)
);
CREATE INDEX document_answers_by_age ON document_answers (noted_at);

-- Deleted accounts: matches that still run keep nothing more of them.
CREATE TABLE forgotten_players (player TEXT NOT NULL PRIMARY KEY);

-- What players may do with their own documents by the API: none, read or write.
ALTER TABLE games ADD COLUMN player_documents TEXT NOT NULL DEFAULT 'none';
