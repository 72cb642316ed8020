-- Where owners of games are told what happens in them. Secrets are derived from salts with a key that is not in here.
CREATE TABLE webhooks (
    id               BLOB PRIMARY KEY,
    game             TEXT NOT NULL REFERENCES games (name),
    name             TEXT NOT NULL,
    url              TEXT NOT NULL,
    kinds            TEXT NOT NULL,
    state            TEXT NOT NULL,
    disabled_because TEXT,
    salt             BLOB NOT NULL,
    previous_salt    BLOB,
    previous_until   INTEGER,
    failing_since    INTEGER,
    cursor           INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    UNIQUE (game, name)
) STRICT;

CREATE TABLE webhook_deliveries (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB NOT NULL UNIQUE,
    webhook       BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    body          TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    status        TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    tries         INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    last_at       INTEGER,
    last_code     INTEGER,
    last_error    TEXT
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (webhook, claimed_until) WHERE claimed_until > 0;
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook, number);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at) WHERE status <> 'pending';
