-- Documents of games: what outlives their matches. The game's own are nobody's: player is empty. room: bytes of key and data.
CREATE TABLE documents (
    game TEXT COLLATE "C" NOT NULL,
    player TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    room BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (game, player, key)
);
CREATE INDEX documents_of_player ON documents (player) WHERE player <> '';

-- How much room they take, and the newest version of any of them.
CREATE TABLE document_games (
    game TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    documents BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    newest BIGINT NOT NULL
);

-- What changes that matches asked for were answered, as long as they may ask again.
CREATE TABLE document_answers (
    match_id TEXT COLLATE "C" NOT NULL,
    incarnation BIGINT NOT NULL,
    number BIGINT NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (match_id, incarnation, number)
);
CREATE INDEX document_answers_by_age ON document_answers (noted_at);

-- Deleted accounts: matches that still run keep nothing more of them.
CREATE TABLE forgotten_players (player TEXT COLLATE "C" NOT NULL PRIMARY KEY);

-- What players may do with their own documents by the API: none, read or write.
ALTER TABLE games ADD COLUMN player_documents TEXT NOT NULL DEFAULT 'none';
