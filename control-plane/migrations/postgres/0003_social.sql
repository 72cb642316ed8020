-- Who wants to be whose friend: both ways round, they are.
CREATE TABLE friendships (
    one TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    other TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    PRIMARY KEY (one, other)
);
CREATE INDEX friendships_of_other ON friendships (other);

-- Who does not want to meet whom.
CREATE TABLE blocks (
    one TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    other TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    PRIMARY KEY (one, other)
);

-- Matches of rated queues; without rated_at their results have not changed ratings yet.
CREATE TABLE queued_matches (
    id TEXT COLLATE "C" PRIMARY KEY,
    game TEXT COLLATE "C" NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    rated_at BIGINT
);
CREATE INDEX queued_matches_unrated ON queued_matches (created_at) WHERE rated_at IS NULL;

CREATE TABLE ratings (
    game TEXT COLLATE "C" NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    mean DOUBLE PRECISION NOT NULL,
    deviation DOUBLE PRECISION NOT NULL,
    matches BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (game, queue, account)
);
CREATE INDEX ratings_by_mean ON ratings (game, queue, mean DESC, account);
CREATE INDEX ratings_of_account ON ratings (account);
