-- Whether an identity provider vouches for the account: such a one is no guest, though it has no password.
ALTER TABLE accounts ADD COLUMN linked BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE identities (
    provider  TEXT NOT NULL,
    subject   TEXT NOT NULL,
    account   TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);

CREATE INDEX identities_of_account ON identities (account);
CREATE INDEX sessions_of_account ON sessions (account);

-- What a key may do (`*`: all that its account may), and until when.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '*';
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
CREATE INDEX api_keys_of_account ON api_keys (account);

CREATE TABLE audit (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C",
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    status  BIGINT NOT NULL,
    address TEXT NOT NULL,
    request TEXT NOT NULL
);

CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_of_actor ON audit (actor, number);
