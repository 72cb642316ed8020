-- Second factors: their secrets are derived from a key of the server and the salt. `confirmed_at` NULL: being enrolled.
CREATE TABLE second_factors (
    account      TEXT PRIMARY KEY REFERENCES accounts (id),
    salt         BLOB NOT NULL,
    confirmed_at INTEGER,
    -- Of the newest code that was used: neither it nor one before it is taken again.
    last_period  INTEGER NOT NULL
) STRICT;

-- Hashes of recovery codes; one that is used goes.
CREATE TABLE recovery_codes (
    account TEXT NOT NULL REFERENCES second_factors (account),
    hash    BLOB NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;
