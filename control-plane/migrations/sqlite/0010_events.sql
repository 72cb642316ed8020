-- What happened, numbered in the order in which it was kept. `once`: two with the same are one.
CREATE TABLE events (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT,
    game    TEXT,
    version BLOB,
    match   TEXT,
    host    TEXT,
    data    TEXT NOT NULL, -- JSON
    bytes   INTEGER NOT NULL,
    once    TEXT UNIQUE
) STRICT;

CREATE INDEX events_of_game ON events (game, number);
CREATE INDEX events_of_match ON events (match, number) WHERE match IS NOT NULL;
CREATE INDEX events_of_host ON events (host, number) WHERE host IS NOT NULL;
CREATE INDEX events_by_age ON events (at);

-- How much room the events of each game take; of those about no game: ''.
CREATE TABLE event_bytes (
    game  TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
