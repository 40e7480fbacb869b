-- +goose Up

-- Where an event came from: an address, "change set 12"; empty for check-ins.
ALTER TABLE events ADD COLUMN came_from TEXT NOT NULL DEFAULT '';
-- The events of a session are chained by hashes: this is the newest one, and the seq
-- after which the chain begins.
ALTER TABLE sessions ADD COLUMN chain BLOB;
ALTER TABLE sessions ADD COLUMN chain_after INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET chain_after = seq;

-- The audit is chained too: hash = SHA-256(hash of the row before, this row).
ALTER TABLE audit ADD COLUMN came_from TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash BLOB;
CREATE INDEX audit_by_time ON audit (at, id);

-- What was done in bulk, whole and at once.
CREATE TABLE change_sets (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     INTEGER NOT NULL,             -- 0: the program itself
    kind      TEXT NOT NULL,
    title     TEXT NOT NULL,
    course_id INTEGER,                      -- NULL: the whole institution
    came_from TEXT NOT NULL,
    row_count INTEGER NOT NULL DEFAULT 0,
    undoes    INTEGER,                      -- the set that this one took back
    undone_by INTEGER,                      -- the set that took this one back
    job_id    INTEGER UNIQUE                -- the job that did it, at most once
) STRICT;
CREATE INDEX change_sets_by_course ON change_sets (course_id, id);

-- What one set did to one thing, as JSON objects of its columns.
CREATE TABLE change_rows (
    set_id INTEGER NOT NULL REFERENCES change_sets,
    n      INTEGER NOT NULL,                -- 1, 2, 3, …
    what   TEXT NOT NULL,
    key    TEXT NOT NULL,                   -- JSON array: [5] or [5,12]
    was    TEXT,                            -- NULL: there was none
    became TEXT,                            -- NULL: there is none any more
    PRIMARY KEY (set_id, n)
) STRICT, WITHOUT ROWID;

-- Marks that somebody set by hand, for those who look for who did what.
CREATE INDEX events_by_hand ON events (at, session_id, seq) WHERE source = 'hand';

-- What is on record is never changed.
-- +goose StatementBegin
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_remains BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is never deleted'); END;
-- +goose StatementEnd

-- +goose Down
SELECT RAISE(FAIL, 'this migration cannot be undone');
