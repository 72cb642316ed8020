-- Whether a version's matches can be kept as images of their memory, and whether it starts from a prepared one.
-- JSON: {"Ok": null} or {"Err": why}; null: not asked for.
ALTER TABLE versions ADD COLUMN image_checkpoints TEXT NOT NULL
    DEFAULT '{"Err":"it was published before there were image checkpoints; publish it again"}';
ALTER TABLE versions ADD COLUMN warm_image TEXT NOT NULL DEFAULT 'null';
