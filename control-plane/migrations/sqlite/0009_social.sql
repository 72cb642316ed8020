-- Who wants to be whose friend: both ways round, they are.
CREATE TABLE friendships (
    one TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    other TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since INTEGER NOT NULL,
    PRIMARY KEY (one, other)
);
CREATE INDEX friendships_of_other ON friendships (other);

-- Who does not want to meet whom.
CREATE TABLE blocks (
    one TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    other TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since INTEGER NOT NULL,
    PRIMARY KEY (one, other)
);

-- Matches of rated queues; without rated_at their results have not changed ratings yet.
CREATE TABLE queued_matches (
    id TEXT PRIMARY KEY,
    game TEXT NOT NULL,
    queue TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    rated_at INTEGER
);
CREATE INDEX queued_matches_unrated ON queued_matches (created_at) WHERE rated_at IS NULL;

CREATE TABLE ratings (
    game TEXT NOT NULL,
    queue TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    mean REAL NOT NULL,
    deviation REAL NOT NULL,
    matches INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (game, queue, account)
);
CREATE INDEX ratings_by_mean ON ratings (game, queue, mean DESC, account);
CREATE INDEX ratings_of_account ON ratings (account);
