package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

var _ changes.Store = (*Store)(nil)

// nameOf is the name of the person with an id.
func nameOf(id string) string {
	return `coalesce((SELECT given || ' ' || family FROM people WHERE id = ` + id + `), '')`
}

var selectSets = `SELECT id, at, actor, kind, title, coalesce(course_id, 0), came_from, row_count, coalesce(undoes, 0), coalesce(undone_by, 0), coalesce(job_id, 0), ` + nameOf("actor") + ` FROM change_sets`

func scanSet(scan scanFunc) (set changes.Set, err error) {
	var at sql.NullInt64
	err = scan(&set.ID, &at, &set.Actor, &set.Kind, &set.Title, &set.Course, &set.From, &set.Rows, &set.Undoes, &set.UndoneBy, &set.Job, &set.By)
	set.At = fromMillis(at)
	return set, err
}

// ChangeSets implements [changes.Store].
func (s *Store) ChangeSets(ctx context.Context, q changes.Query) (sets []changes.Set, err error) {
	err = eachRow(ctx, s.read, selectSets+` WHERE (?1 = 0 OR course_id = ?1) AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3`,
		[]any{q.Course, q.Before, q.Limit}, func(scan scanFunc) error {
			set, err := scanSet(scan)
			sets = append(sets, set)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list change sets: %w", err)
	}
	return sets, nil
}

// ChangeSet implements [changes.Store].
func (s *Store) ChangeSet(ctx context.Context, id int64) (changes.Set, error) {
	return readSet(ctx, s.read, id)
}

func readSet(ctx context.Context, q queryer, id int64) (changes.Set, error) {
	set, err := scanSet(q.QueryRowContext(ctx, selectSets+` WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return set, attendance.Refuse(attendance.CodeNotFound, "There is no such change set.")
	}
	if err != nil {
		return set, fmt.Errorf("read change set %d: %w", id, err)
	}
	return set, nil
}

// rowName is what people call the thing that a row r is about.
const rowName = `coalesce(CASE r.what
	WHEN 'term' THEN (SELECT title FROM terms WHERE id = r.key ->> 0)
	WHEN 'course' THEN (SELECT code || ' ' || title FROM courses WHERE id = r.key ->> 0)
	WHEN 'person' THEN (SELECT given || ' ' || family FROM people WHERE id = r.key ->> 0)
	WHEN 'enrolment' THEN (SELECT p.given || ' ' || p.family || ', ' || c.code FROM people p, courses c WHERE p.id = r.key ->> 1 AND c.id = r.key ->> 0)
	WHEN 'session' THEN (SELECT c.code || ', ' || s.title FROM sessions s JOIN courses c ON c.id = s.course_id WHERE s.id = r.key ->> 0)
	WHEN 'excuse' THEN (SELECT p.given || ' ' || p.family || ', ' || x.reason FROM people p, excuses x WHERE x.id = r.key ->> 0 AND p.id = x.person_id)
	WHEN 'status set' THEN (SELECT name FROM status_sets WHERE id = r.key ->> 0)
	WHEN 'group' THEN (SELECT name FROM people_groups WHERE id = r.key ->> 0)
	WHEN 'group member' THEN (SELECT p.given || ' ' || p.family || ', ' || g.name FROM people p, people_groups g WHERE p.id = r.key ->> 1 AND g.id = r.key ->> 0)
	WHEN 'mark' THEN (SELECT p.given || ' ' || p.family || ', ' || s.title FROM people p, sessions s WHERE p.id = r.key ->> 1 AND s.id = r.key ->> 0)
	END, '')`

const rowColumns = `r.n, r.what, r.key, coalesce(r.was, ''), coalesce(r.became, ''), ` + rowName

func scanRow(scan scanFunc, rest ...any) (r changes.Row, err error) {
	err = scan(append([]any{&r.N, &r.What, &r.Key, &r.Was, &r.Became, &r.Name}, rest...)...)
	return r, err
}

// ChangeRows implements [changes.Store].
func (s *Store) ChangeRows(ctx context.Context, id int64, after, limit int) (found []changes.Row, err error) {
	err = eachRow(ctx, s.read, `SELECT `+rowColumns+` FROM change_rows r WHERE r.set_id = ? AND r.n > ? ORDER BY r.n LIMIT ?`,
		[]any{id, after, limit}, func(scan scanFunc) error {
			r, err := scanRow(scan)
			found = append(found, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the rows of change set %d: %w", id, err)
	}
	return found, nil
}

// ChangeMarks implements [changes.Store].
func (s *Store) ChangeMarks(ctx context.Context, h changes.Header, commands []attendance.Command) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		for _, cmd := range commands {
			c.command(cmd)
		}
		return nil
	})
}
