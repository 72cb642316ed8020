-- Times are Unix milliseconds. Ids are as the API writes them, hashes are bytes. What is looked at as a whole only is JSON in
-- TEXT: JSONB refuses the character U+0000, which games may log. Texts that lists are ordered by compare by bytes ("C"), as
-- cursors do.

CREATE TABLE accounts (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT NOT NULL,
    sign_in     TEXT,
    sign_in_key TEXT UNIQUE,
    role        TEXT NOT NULL,
    password    TEXT,
    created_at  BIGINT NOT NULL
);

CREATE TABLE sessions (
    id         BYTEA PRIMARY KEY,
    account    TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked    BOOLEAN NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE api_keys (
    hash       BYTEA PRIMARY KEY,
    account    TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    label      TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE games (
    name       TEXT COLLATE "C" PRIMARY KEY,
    owner      TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    origins    TEXT NOT NULL DEFAULT '' -- with commas between them
);

-- Publishing a version again makes it the newest: it gets the next number.
CREATE SEQUENCE version_numbers AS BIGINT;

CREATE TABLE versions (
    number            BIGINT PRIMARY KEY DEFAULT nextval('version_numbers'),
    game              TEXT COLLATE "C" NOT NULL REFERENCES games (name),
    version           BYTEA NOT NULL,
    title             TEXT NOT NULL,
    seats_min         BIGINT NOT NULL,
    seats_max         BIGINT NOT NULL,
    teams             BIGINT NOT NULL,
    rate              BIGINT NOT NULL,
    memory_bytes      BIGINT NOT NULL,
    step_us           BIGINT NOT NULL,
    schema            BYTEA,
    settings          TEXT NOT NULL, -- JSON: [[key, value], ..]
    saves             BOOLEAN NOT NULL,
    overrides         TEXT NOT NULL, -- JSON, as settings
    image_checkpoints TEXT NOT NULL, -- JSON: {"Ok": null} or {"Err": why}
    warm_image        TEXT NOT NULL, -- JSON: the same, or null
    size_bytes        BIGINT NOT NULL,
    compile_cpu_ms    BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    retired_at        BIGINT,
    quarantined_at    BIGINT,
    quarantine_reason TEXT,
    UNIQUE (game, version)
);

CREATE INDEX versions_of_game ON versions (game, number DESC);
CREATE INDEX versions_by_id ON versions (version);

-- A match has no foreign keys: its row is written behind, and rebuilt from journals where it was lost.
CREATE TABLE matches (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    code                TEXT,
    key                 TEXT COLLATE "C", -- what it was created under by play
    host                TEXT,             -- whose journals have it
    game                TEXT COLLATE "C" NOT NULL,
    version             BYTEA NOT NULL,
    creator             TEXT,
    visibility          TEXT NOT NULL,
    seat_count          BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    seats               TEXT NOT NULL, -- JSON, as the contract's SeatStatus
    label               TEXT NOT NULL,
    incarnation         BIGINT NOT NULL,
    tick                BIGINT NOT NULL,
    ended_at            BIGINT,
    end_reason          TEXT,          -- JSON, as the contract's EndReason
    placings            TEXT,          -- JSON, as the contract's Placing
    data                BYTEA,
    chain               BYTEA,
    journal_bytes       BIGINT,
    usage_cpu_us        BIGINT,
    usage_memory_bytes  BIGINT,
    usage_ticks         BIGINT,
    usage_messages_in   BIGINT,
    usage_bytes_in      BIGINT,
    usage_messages_out  BIGINT,
    usage_bytes_out     BIGINT,
    usage_journal_bytes BIGINT,
    last_log            TEXT           -- JSON, as the contract's LogLine
);

CREATE INDEX matches_by_age ON matches (created_at, id);
CREATE INDEX matches_of_game ON matches (game, created_at, id);
CREATE INDEX matches_running ON matches (created_at, id) WHERE ended_at IS NULL;
CREATE INDEX matches_running_by_code ON matches (code) WHERE ended_at IS NULL;
CREATE INDEX matches_running_by_key ON matches (game, key) WHERE ended_at IS NULL AND key IS NOT NULL;
CREATE INDEX matches_ended_of_game ON matches (game, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX matches_with_journal ON matches (ended_at, id) WHERE journal_bytes IS NOT NULL;
