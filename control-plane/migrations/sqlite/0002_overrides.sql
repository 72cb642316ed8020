-- Settings that a version's owner gave it, over those that the game describes.
ALTER TABLE versions ADD COLUMN overrides TEXT NOT NULL DEFAULT '[]'; -- JSON: [[key, value], ..]
