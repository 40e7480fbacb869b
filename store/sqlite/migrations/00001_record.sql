-- +goose Up

-- Times are milliseconds since 1970 (UTC), days are texts YYYY-MM-DD.
-- NULL means "has not happened" or "not known".

CREATE TABLE people (
    id         INTEGER PRIMARY KEY,
    ref        TEXT UNIQUE,                 -- the institution's own id (OneRoster: sourcedId)
    given      TEXT NOT NULL,
    family     TEXT NOT NULL,
    email      TEXT NOT NULL DEFAULT '',
    username   TEXT UNIQUE COLLATE NOCASE,  -- what the person signs in with
    admin      INTEGER NOT NULL DEFAULT 0,
    active     INTEGER NOT NULL DEFAULT 1,  -- 0: may not sign in; history stays
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX people_by_name ON people (family COLLATE NOCASE, given COLLATE NOCASE, id);

CREATE TABLE passwords (
    person_id  INTEGER PRIMARY KEY REFERENCES people,
    hash       TEXT NOT NULL,               -- argon2id in PHC string format
    changed_at INTEGER NOT NULL
) STRICT;

-- A sign-in is one browser or program that may act for a person.
-- Only hashes of tokens are kept.
CREATE TABLE sign_ins (
    token_hash BLOB PRIMARY KEY,
    person_id  INTEGER NOT NULL REFERENCES people,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    agent      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_by_person ON sign_ins (person_id);

CREATE TABLE join_links (
    token_hash BLOB PRIMARY KEY,
    person_id  INTEGER NOT NULL REFERENCES people,
    created_by INTEGER,                     -- NULL: the program itself
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX join_links_by_person ON join_links (person_id);

CREATE TABLE terms (
    id     INTEGER PRIMARY KEY,
    ref    TEXT UNIQUE,
    title  TEXT NOT NULL,
    starts TEXT,
    ends   TEXT
) STRICT;

CREATE TABLE courses (
    id         INTEGER PRIMARY KEY,
    ref        TEXT UNIQUE,
    code       TEXT NOT NULL,               -- short, for people: CS101
    title      TEXT NOT NULL,
    term_id    INTEGER REFERENCES terms,
    active     INTEGER NOT NULL DEFAULT 1,
    late_after INTEGER,                     -- minutes; NULL: nobody is late
    on_close   TEXT NOT NULL CHECK (on_close IN ('absent', 'leave')),
    code_step  INTEGER NOT NULL,            -- milliseconds
    code_grace INTEGER NOT NULL,            -- steps
    roster     INTEGER NOT NULL DEFAULT 1   -- goes up with every change of the enrolments or names
) STRICT;

CREATE TABLE enrolments (
    course_id INTEGER NOT NULL REFERENCES courses,
    person_id INTEGER NOT NULL REFERENCES people,
    ref       TEXT UNIQUE,
    role      TEXT NOT NULL CHECK (role IN ('student', 'assistant', 'teacher')),
    ended_at  INTEGER,                      -- NULL: goes on
    PRIMARY KEY (course_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_person ON enrolments (person_id, course_id);

CREATE TABLE sessions (
    id        INTEGER PRIMARY KEY,
    course_id INTEGER NOT NULL REFERENCES courses,
    title     TEXT NOT NULL,
    starts_at INTEGER,
    ends_at   INTEGER,
    status    TEXT NOT NULL DEFAULT 'scheduled' CHECK (status IN ('scheduled', 'open', 'closed')),
    opened_at INTEGER,
    closed_at INTEGER,
    secret    BLOB NOT NULL,                -- key of the codes
    seq       INTEGER NOT NULL DEFAULT 0    -- of the newest event
) STRICT;
CREATE INDEX sessions_by_course ON sessions (course_id, starts_at);

-- The log: the truth that everything else follows from.
CREATE TABLE events (
    session_id INTEGER NOT NULL REFERENCES sessions,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    person_id  INTEGER NOT NULL,            -- 0: the whole session
    mark       TEXT NOT NULL,
    source     TEXT NOT NULL,
    actor_id   INTEGER NOT NULL,            -- 0: the program itself
    note       TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

-- What has been done, so that doing it twice changes nothing.
CREATE TABLE commands (
    session_id INTEGER NOT NULL REFERENCES sessions,
    actor_id   INTEGER NOT NULL,
    command_id TEXT NOT NULL,
    from_seq   INTEGER NOT NULL,
    to_seq     INTEGER NOT NULL,
    mark       TEXT NOT NULL,               -- a check-in's answer
    at         INTEGER NOT NULL,
    source     TEXT NOT NULL,
    PRIMARY KEY (session_id, actor_id, command_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE used_tickets (
    session_id INTEGER NOT NULL REFERENCES sessions,
    ticket     TEXT NOT NULL,
    person_id  INTEGER NOT NULL,
    PRIMARY KEY (session_id, ticket)
) STRICT, WITHOUT ROWID;

-- The marks as the log has left them; a student without a row is unset.
CREATE TABLE marks (
    session_id INTEGER NOT NULL REFERENCES sessions,
    person_id  INTEGER NOT NULL,
    mark       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    source     TEXT NOT NULL,
    actor_id   INTEGER NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (session_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_by_person ON marks (person_id, session_id);

-- What administrators did outside of sessions.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  INTEGER NOT NULL,                -- 0: the program itself
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL                    -- JSON
) STRICT;

-- Keys of this installation, made at the first start.
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'the first migration cannot be undone');
