-- What the operator says about an owner's quotas; NULL: as for everybody.
CREATE TABLE quotas (
    owner             TEXT PRIMARY KEY REFERENCES accounts (id),
    games             INTEGER,
    versions          INTEGER,
    stored_bytes      INTEGER,
    running_matches   INTEGER,
    matches_a_minute  INTEGER,
    cpu_seconds_a_day INTEGER
) STRICT;

CREATE INDEX games_of_owner ON games (owner);
