-- +goose Up

-- What the institution makes of marks. Set 1 is that of courses which have chosen no
-- other; as long as it is not here, marks are called as usual.
CREATE TABLE status_sets (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    meanings TEXT NOT NULL                   -- a JSON list: the four marks, then other statuses
) STRICT;

ALTER TABLE courses ADD COLUMN status_set INTEGER NOT NULL DEFAULT 1;

-- Which status of the mark, by its key; empty: the mark itself.
ALTER TABLE events ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE marks ADD COLUMN status TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT RAISE(FAIL, 'this migration cannot be undone');
