-- What brings the notes of running matches and of void tokens back where coordination has lost them.
ALTER TABLE matches ADD COLUMN key TEXT;  -- what it was created under by play
ALTER TABLE matches ADD COLUMN host TEXT; -- whose journals have it
ALTER TABLE sessions ADD COLUMN revoked_at INTEGER;

CREATE INDEX matches_running_by_code ON matches (code) WHERE ended_at IS NULL;
CREATE INDEX matches_running_by_key ON matches (game, key) WHERE ended_at IS NULL AND key IS NOT NULL;
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
