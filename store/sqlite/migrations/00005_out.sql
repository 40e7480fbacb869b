-- +goose Up

-- A token lets a program act for a person, within its scopes. Only hashes are kept.
CREATE TABLE api_tokens (
    id         INTEGER PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    person_id  INTEGER NOT NULL REFERENCES people,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,              -- names, divided by spaces
    created_by INTEGER NOT NULL,               -- 0: the program itself
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,                        -- roughly
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_tokens_by_person ON api_tokens (person_id, id);

-- The address at which calendar programs fetch a person's sessions.
CREATE TABLE feeds (
    person_id  INTEGER PRIMARY KEY REFERENCES people,
    token_hash BLOB NOT NULL UNIQUE,
    own_marks  INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    fetched_at INTEGER                         -- roughly
) STRICT;

-- What was answered to requests that came with a key, so that the same request, sent
-- again, is not carried out again.
CREATE TABLE answers (
    actor_id     INTEGER NOT NULL,
    key          TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    at           INTEGER NOT NULL,
    status       INTEGER NOT NULL,             -- 0: still being carried out
    content_type TEXT NOT NULL,
    body         BLOB,                     -- NULL: it was a secret, and is not kept
    PRIMARY KEY (actor_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers (at);

-- How often a session's place in calendars has changed.
ALTER TABLE sessions ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
-- +goose StatementBegin
CREATE TRIGGER sessions_revised AFTER UPDATE OF title, location, starts_at, ends_at, cancelled_at ON sessions
WHEN new.title IS NOT old.title OR new.location IS NOT old.location OR new.starts_at IS NOT old.starts_at OR new.ends_at IS NOT old.ends_at
    OR new.cancelled_at IS NOT old.cancelled_at
BEGIN UPDATE sessions SET revision = old.revision + 1 WHERE id = new.id; END;
-- +goose StatementEnd

-- +goose Down
SELECT RAISE(FAIL, 'this migration cannot be undone');
