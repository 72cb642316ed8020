-- Where owners of games are told what happens in them. Secrets are derived from salts with a key that is not in here.
CREATE TABLE webhooks (
    id               BYTEA PRIMARY KEY,
    game             TEXT COLLATE "C" NOT NULL REFERENCES games (name),
    name             TEXT COLLATE "C" NOT NULL,
    url              TEXT NOT NULL,
    kinds            TEXT NOT NULL,
    state            TEXT NOT NULL,
    disabled_because TEXT,
    salt             BYTEA NOT NULL,
    previous_salt    BYTEA,
    previous_until   BIGINT,
    failing_since    BIGINT,
    cursor           BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    UNIQUE (game, name)
);

CREATE TABLE webhook_deliveries (
    number        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            BYTEA NOT NULL UNIQUE,
    webhook       BYTEA NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    body          TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    status        TEXT NOT NULL,
    attempts      BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    next_at       BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL DEFAULT 0,
    last_at       BIGINT,
    last_code     BIGINT,
    last_error    TEXT
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (webhook, claimed_until) WHERE claimed_until > 0;
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook, number);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at) WHERE status <> 'pending';
