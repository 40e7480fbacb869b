-- +goose Up

-- Who need not come, when and why.
CREATE TABLE excuses (
    id           INTEGER PRIMARY KEY,
    person_id    INTEGER NOT NULL REFERENCES people,
    course_id    INTEGER REFERENCES courses,  -- NULL: all courses
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,            -- the first moment that it is not for
    reason       TEXT NOT NULL,
    created_by   INTEGER NOT NULL,            -- 0: the program itself
    created_at   INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX excuses_by_person ON excuses (person_id, starts_at);

-- +goose Down
SELECT RAISE(FAIL, 'this migration cannot be undone');
