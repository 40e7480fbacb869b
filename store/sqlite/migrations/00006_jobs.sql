-- +goose Up

-- Work that outlives a request; docs/decisions/0001-jobs.md.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    title       TEXT NOT NULL,
    key         TEXT UNIQUE,                -- of periodic work, with its period
    actor_id    INTEGER NOT NULL,           -- 0: the program itself
    origin      TEXT NOT NULL,              -- where it was asked for
    args        TEXT NOT NULL,              -- JSON
    state       TEXT NOT NULL CHECK (state IN ('coming', 'waiting', 'running', 'done', 'failed', 'cancelled')),
    run_at      INTEGER NOT NULL,           -- not before then
    attempts    INTEGER NOT NULL DEFAULT 0, -- the fence: only the newest attempt may commit
    takeovers   INTEGER NOT NULL DEFAULT 0, -- attempts whose node died
    stop        INTEGER NOT NULL DEFAULT 0, -- somebody wants it cancelled
    node        TEXT NOT NULL DEFAULT '',
    lease_until INTEGER,
    progress    TEXT NOT NULL DEFAULT '',   -- JSON
    result      TEXT NOT NULL DEFAULT '',   -- JSON
    summary     TEXT NOT NULL DEFAULT '',   -- of the result, for people
    problem     TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    ended_at    INTEGER
) STRICT;
CREATE INDEX jobs_to_do ON jobs (run_at, id) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_by_actor ON jobs (actor_id, id);

-- What was uploaded for a job and what came out of it, in parts.
CREATE TABLE job_files (
    job_id INTEGER NOT NULL,
    use    TEXT NOT NULL CHECK (use IN ('input', 'output')),
    file   INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    name   TEXT NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (job_id, use, file, part)
) STRICT;
