-- Who played what: written when a match ends. What it made of ratings comes with those.
CREATE TABLE played (
    account  TEXT NOT NULL,
    match    TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    seat     INTEGER NOT NULL,
    PRIMARY KEY (account, match)
) STRICT;

CREATE INDEX played_by_age ON played (account, ended_at, match);

INSERT INTO played (account, match, ended_at, seat)
SELECT json_extract(s.value, '$.player.id'), m.id, m.ended_at, json_extract(s.value, '$.seat')
FROM matches AS m, json_each(m.seats) AS s
WHERE m.ended_at IS NOT NULL AND NOT json_extract(s.value, '$.player.bot')
ON CONFLICT DO NOTHING;

CREATE TABLE rating_changes (
    account TEXT NOT NULL,
    match   TEXT NOT NULL,
    queue   TEXT NOT NULL,
    before  INTEGER NOT NULL,
    after   INTEGER NOT NULL,
    PRIMARY KEY (account, match)
) STRICT;

-- What a match was created with, for a rematch; of matches with parameters alone.
CREATE TABLE match_parameters (
    match      TEXT PRIMARY KEY,
    parameters BLOB NOT NULL
) STRICT;

-- What players report of others. An open report holds the journal of its match.
CREATE TABLE player_reports (
    id        TEXT PRIMARY KEY,
    at        INTEGER NOT NULL,
    match     TEXT NOT NULL,
    game      TEXT NOT NULL,
    reporter  TEXT NOT NULL,
    player    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    text      TEXT NOT NULL,
    state     TEXT NOT NULL,
    closed_at INTEGER,
    closed_by TEXT,
    note      TEXT NOT NULL DEFAULT '',
    UNIQUE (match, reporter, player)
) STRICT;

CREATE INDEX player_reports_of_game ON player_reports (game, at, id);
CREATE INDEX player_reports_of_reporter ON player_reports (reporter, at);
CREATE INDEX player_reports_open ON player_reports (match) WHERE state = 'open';
