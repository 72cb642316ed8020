-- Web pages that may play a game from another host: origins with commas between them.
ALTER TABLE games ADD COLUMN origins TEXT NOT NULL DEFAULT '';
