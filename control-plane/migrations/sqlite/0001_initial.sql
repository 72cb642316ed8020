-- Times are Unix milliseconds. Ids are as the API writes them, hashes are bytes.

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    sign_in     TEXT,
    sign_in_key TEXT UNIQUE,
    role        TEXT NOT NULL,
    password    TEXT,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         BLOB PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id),
    generation INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked    INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    hash       BLOB PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id),
    label      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE games (
    name       TEXT PRIMARY KEY,
    owner      TEXT NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE versions (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    game           TEXT NOT NULL REFERENCES games (name),
    version        BLOB NOT NULL,
    title          TEXT NOT NULL,
    seats_min      INTEGER NOT NULL,
    seats_max      INTEGER NOT NULL,
    teams          INTEGER NOT NULL,
    rate           INTEGER NOT NULL,
    memory_bytes   INTEGER NOT NULL,
    step_us        INTEGER NOT NULL,
    schema         BLOB,
    settings       TEXT NOT NULL, -- JSON: [[key, value], ..]
    saves          INTEGER NOT NULL,
    size_bytes     INTEGER NOT NULL,
    compile_cpu_ms INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    retired_at     INTEGER,
    UNIQUE (game, version)
) STRICT;

-- A match has no foreign keys: its row is written behind, and rebuilt from journals where it was lost.
CREATE TABLE matches (
    id            TEXT PRIMARY KEY,
    code          TEXT,
    game          TEXT NOT NULL,
    version       BLOB NOT NULL,
    creator       TEXT,
    visibility    TEXT NOT NULL,
    seat_count    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    seats         TEXT NOT NULL, -- JSON, as the contract's SeatStatus
    label         TEXT NOT NULL,
    incarnation   INTEGER NOT NULL,
    tick          INTEGER NOT NULL,
    ended_at      INTEGER,
    end_reason    TEXT,          -- JSON, as the contract's EndReason
    placings      TEXT,          -- JSON, as the contract's Placing
    data          BLOB,
    chain         BLOB,
    journal_bytes INTEGER
) STRICT;

CREATE INDEX matches_by_age ON matches (created_at, id);
CREATE INDEX matches_of_game ON matches (game, created_at, id);
CREATE INDEX matches_running ON matches (created_at, id) WHERE ended_at IS NULL;
