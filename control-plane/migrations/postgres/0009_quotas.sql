-- What the operator says about an owner's quotas; NULL: as for everybody.
CREATE TABLE quotas (
    owner             TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id),
    games             BIGINT,
    versions          BIGINT,
    stored_bytes      BIGINT,
    running_matches   BIGINT,
    matches_a_minute  BIGINT,
    cpu_seconds_a_day BIGINT
);

CREATE INDEX games_of_owner ON games (owner);
