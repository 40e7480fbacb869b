-- +goose Up

-- What plans a session, and how it differs from its course. NULL: as the course.
ALTER TABLE sessions ADD COLUMN source TEXT NOT NULL DEFAULT '';   -- rule, file:NAME, url:SUBSCRIPTION; empty: by hand
ALTER TABLE sessions ADD COLUMN ref TEXT NOT NULL DEFAULT '';      -- its name in the source
ALTER TABLE sessions ADD COLUMN said TEXT NOT NULL DEFAULT '';     -- JSON: what the source said of it last
ALTER TABLE sessions ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN cancelled_at INTEGER;
ALTER TABLE sessions ADD COLUMN auto_open INTEGER;
ALTER TABLE sessions ADD COLUMN auto_close INTEGER;
ALTER TABLE sessions ADD COLUMN late_after INTEGER;                -- minutes; -1: nobody is late
ALTER TABLE sessions ADD COLUMN on_close TEXT;
ALTER TABLE sessions ADD COLUMN closes_at INTEGER;                 -- when it closes by itself, if that was put off
ALTER TABLE sessions ADD COLUMN planned_at INTEGER;                -- when it was planned, or moved
CREATE INDEX sessions_to_come ON sessions (starts_at) WHERE status = 'scheduled';
CREATE INDEX sessions_open ON sessions (ends_at) WHERE status = 'open';
CREATE INDEX events_of_opening ON events (session_id, at) WHERE kind IN ('open', 'reopen');

ALTER TABLE courses ADD COLUMN auto_open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courses ADD COLUMN open_before INTEGER NOT NULL DEFAULT 0;  -- minutes
ALTER TABLE courses ADD COLUMN auto_close INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courses ADD COLUMN close_after INTEGER NOT NULL DEFAULT 0;  -- minutes

CREATE TABLE institution (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    zone TEXT NOT NULL                       -- IANA name
) STRICT;

CREATE TABLE holidays (
    id    INTEGER PRIMARY KEY AUTOINCREMENT, -- one that was removed may come back
    first TEXT NOT NULL,
    last  TEXT NOT NULL,
    name  TEXT NOT NULL
) STRICT;

-- Calendars at addresses, which are fetched again and again.
CREATE TABLE subscriptions (
    id            INTEGER PRIMARY KEY,
    course_id     INTEGER REFERENCES courses,   -- NULL: events name their courses
    address       TEXT NOT NULL,
    mentions      TEXT NOT NULL DEFAULT '',     -- what an event must mention to count
    created_by    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    next_at       INTEGER NOT NULL,
    fetched_at    INTEGER,
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    failures      INTEGER NOT NULL DEFAULT 0,   -- in a row
    outcome       TEXT NOT NULL DEFAULT ''      -- for people
) STRICT;
CREATE INDEX subscriptions_due ON subscriptions (next_at) WHERE ended_at IS NULL;

-- +goose Down
SELECT RAISE(FAIL, 'this migration cannot be undone');
