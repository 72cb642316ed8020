-- What a match used, and the last lines of its log: written when it ends.
ALTER TABLE matches ADD COLUMN usage_cpu_us INTEGER;
ALTER TABLE matches ADD COLUMN usage_memory_bytes INTEGER;
ALTER TABLE matches ADD COLUMN usage_ticks INTEGER;
ALTER TABLE matches ADD COLUMN usage_messages_in INTEGER;
ALTER TABLE matches ADD COLUMN usage_bytes_in INTEGER;
ALTER TABLE matches ADD COLUMN usage_messages_out INTEGER;
ALTER TABLE matches ADD COLUMN usage_bytes_out INTEGER;
ALTER TABLE matches ADD COLUMN usage_journal_bytes INTEGER;
ALTER TABLE matches ADD COLUMN last_log TEXT; -- JSON, as the contract's LogLine

CREATE INDEX matches_ended_of_game ON matches (game, ended_at) WHERE ended_at IS NOT NULL;
