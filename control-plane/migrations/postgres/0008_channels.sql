-- Names that point at versions, and what was done to them.
CREATE TABLE channels (
    game       TEXT COLLATE "C" NOT NULL REFERENCES games (name),
    name       TEXT COLLATE "C" NOT NULL,
    version    BYTEA,
    percent    BIGINT NOT NULL,
    open       BOOLEAN NOT NULL,
    players    TEXT NOT NULL, -- JSON: account ids
    settings   TEXT NOT NULL, -- JSON: [[key, value], ..]
    parameters BYTEA NOT NULL,
    revision   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (game, name)
);

CREATE TABLE channel_changes (
    number  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    game    TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    action  TEXT NOT NULL,
    version BYTEA,
    percent BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C"
);

CREATE INDEX channel_changes_of_game ON channel_changes (game, number);

-- What was played until now: the newest version that is not retired.
INSERT INTO channels (game, name, version, percent, open, players, settings, parameters, revision, changed_at)
    SELECT v.game, 'stable', v.version, 0, TRUE, '[]', '[]', '', 1, v.created_at FROM versions v
    WHERE v.number = (SELECT max(number) FROM versions WHERE game = v.game AND retired_at IS NULL);
INSERT INTO channel_changes (game, channel, action, version, percent, at)
    SELECT game, 'stable', 'published', version, 0, created_at FROM versions WHERE retired_at IS NULL ORDER BY number;
