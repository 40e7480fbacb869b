-- +goose Up

-- Lists of people that were given a name.
CREATE TABLE people_groups (
    id        INTEGER PRIMARY KEY,
    course_id INTEGER REFERENCES courses,  -- NULL: of the whole institution
    name      TEXT NOT NULL,
    ended_at  INTEGER
) STRICT;
CREATE INDEX groups_by_course ON people_groups (course_id);

CREATE TABLE group_members (
    group_id  INTEGER NOT NULL REFERENCES people_groups,
    person_id INTEGER NOT NULL REFERENCES people,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (group_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_person ON group_members (person_id);

-- Which issue of the links to its display stands; those of issues before have ended.
ALTER TABLE courses ADD COLUMN display_issue INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE courses DROP COLUMN display_issue;
DROP TABLE group_members;
DROP TABLE people_groups;
