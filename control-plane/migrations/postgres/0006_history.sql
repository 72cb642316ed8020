-- Who played what: written when a match ends. What it made of ratings comes with those.
CREATE TABLE played (
    account  TEXT COLLATE "C" NOT NULL,
    match    TEXT COLLATE "C" NOT NULL,
    ended_at BIGINT NOT NULL,
    seat     BIGINT NOT NULL,
    PRIMARY KEY (account, match)
);

CREATE INDEX played_by_age ON played (account, ended_at, match);

INSERT INTO played (account, match, ended_at, seat)
SELECT s.value -> 'player' ->> 'id', m.id, m.ended_at, (s.value ->> 'seat')::BIGINT
FROM matches AS m, json_array_elements(m.seats::JSON) AS s
WHERE m.ended_at IS NOT NULL AND NOT (s.value -> 'player' ->> 'bot')::BOOLEAN
ON CONFLICT DO NOTHING;

CREATE TABLE rating_changes (
    account TEXT COLLATE "C" NOT NULL,
    match   TEXT COLLATE "C" NOT NULL,
    queue   TEXT COLLATE "C" NOT NULL,
    before  BIGINT NOT NULL,
    after   BIGINT NOT NULL,
    PRIMARY KEY (account, match)
);

-- What a match was created with, for a rematch; of matches with parameters alone.
CREATE TABLE match_parameters (
    match      TEXT COLLATE "C" PRIMARY KEY,
    parameters BYTEA NOT NULL
);

-- What players report of others. An open report holds the journal of its match.
CREATE TABLE player_reports (
    id        TEXT COLLATE "C" PRIMARY KEY,
    at        BIGINT NOT NULL,
    match     TEXT COLLATE "C" NOT NULL,
    game      TEXT COLLATE "C" NOT NULL,
    reporter  TEXT COLLATE "C" NOT NULL,
    player    TEXT COLLATE "C" NOT NULL,
    reason    TEXT NOT NULL,
    text      TEXT NOT NULL,
    state     TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT COLLATE "C",
    note      TEXT NOT NULL DEFAULT '',
    UNIQUE (match, reporter, player)
);

CREATE INDEX player_reports_of_game ON player_reports (game, at, id);
CREATE INDEX player_reports_of_reporter ON player_reports (reporter, at);
CREATE INDEX player_reports_open ON player_reports (match) WHERE state = 'open';
