-- Second factors: their secrets are derived from a key of the server and the salt. `confirmed_at` NULL: being enrolled.
CREATE TABLE second_factors (
    account      TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id),
    salt         BYTEA NOT NULL,
    confirmed_at BIGINT,
    -- Of the newest code that was used: neither it nor one before it is taken again.
    last_period  BIGINT NOT NULL
);

-- Hashes of recovery codes; one that is used goes.
CREATE TABLE recovery_codes (
    account TEXT COLLATE "C" NOT NULL REFERENCES second_factors (account),
    hash    BYTEA NOT NULL,
    PRIMARY KEY (account, hash)
);
