-- Versions that were taken out of play because they fail on every start, and why.
ALTER TABLE versions ADD COLUMN quarantined_at INTEGER;
ALTER TABLE versions ADD COLUMN quarantine_reason TEXT;
