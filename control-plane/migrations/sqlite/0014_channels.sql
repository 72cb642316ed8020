-- Names that point at versions, and what was done to them.
CREATE TABLE channels (
    game       TEXT NOT NULL REFERENCES games (name),
    name       TEXT NOT NULL,
    version    BLOB,
    percent    INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    players    TEXT NOT NULL, -- JSON: account ids
    settings   TEXT NOT NULL, -- JSON: [[key, value], ..]
    parameters BLOB NOT NULL,
    revision   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (game, name)
) STRICT;

CREATE TABLE channel_changes (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    game    TEXT NOT NULL,
    channel TEXT NOT NULL,
    action  TEXT NOT NULL,
    version BLOB,
    percent INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT
) STRICT;

CREATE INDEX channel_changes_of_game ON channel_changes (game, number);

-- What was played until now: the newest version that is not retired.
INSERT INTO channels (game, name, version, percent, open, players, settings, parameters, revision, changed_at)
    SELECT v.game, 'stable', v.version, 0, 1, '[]', '[]', x'', 1, v.created_at FROM versions v
    WHERE v.number = (SELECT max(number) FROM versions WHERE game = v.game AND retired_at IS NULL);
INSERT INTO channel_changes (game, channel, action, version, percent, at)
    SELECT game, 'stable', 'published', version, 0, created_at FROM versions WHERE retired_at IS NULL ORDER BY number;
