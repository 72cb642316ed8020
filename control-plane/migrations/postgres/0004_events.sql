-- What happened, numbered in the order in which it was kept. `once`: two with the same are one.
CREATE TABLE events (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C",
    game    TEXT COLLATE "C",
    version BYTEA,
    match   TEXT COLLATE "C",
    host    TEXT COLLATE "C",
    data    TEXT NOT NULL, -- JSON
    bytes   BIGINT NOT NULL,
    once    TEXT COLLATE "C" UNIQUE
);

CREATE INDEX events_of_game ON events (game, number);
CREATE INDEX events_of_match ON events (match, number) WHERE match IS NOT NULL;
CREATE INDEX events_of_host ON events (host, number) WHERE host IS NOT NULL;
CREATE INDEX events_by_age ON events (at);

-- How much room the events of each game take; of those about no game: ''.
CREATE TABLE event_bytes (
    game  TEXT COLLATE "C" PRIMARY KEY,
    bytes BIGINT NOT NULL
);
