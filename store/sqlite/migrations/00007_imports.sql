-- +goose Up

-- Which column held what in lists that were imported, by a fingerprint of their
-- headings, so that the next list of the same kind needs no telling.
CREATE TABLE import_columns (
    fingerprint TEXT PRIMARY KEY,
    mapping     TEXT NOT NULL,              -- JSON object: field to heading
    used_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The record that this one turned out to be of the same person as; NULL: none.
ALTER TABLE people ADD COLUMN merged_into INTEGER;

-- +goose Down
ALTER TABLE people DROP COLUMN merged_into;
DROP TABLE import_columns;
