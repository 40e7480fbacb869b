package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.MergeStore = (*Store)(nil)

// Merging implements [roster.MergeStore].
func (s *Store) Merging(ctx context.Context, keep, drop attendance.PersonID) (m *roster.Merging, err error) {
	err = s.View(ctx, func(tx *sql.Tx) error {
		m, err = readMerging(ctx, tx, keep, drop)
		return err
	})
	return m, err
}

func readMerging(ctx context.Context, tx *sql.Tx, keep, drop attendance.PersonID) (*roster.Merging, error) {
	m := &roster.Merging{Courses: make(map[attendance.CourseID]string)}
	for _, who := range []struct {
		id attendance.PersonID
		to *roster.StoredPerson
	}{{keep, &m.Keep}, {drop, &m.Drop}} {
		var err error
		*who.to, err = scanStoredPerson(tx.QueryRowContext(ctx, selectStoredPeople+` WHERE id = ?`, who.id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, attendance.Refuse(attendance.CodeNotFound, "There is no such person.")
		}
		if err != nil {
			return nil, fmt.Errorf("read person %d: %w", who.id, err)
		}
	}
	both := []any{keep, drop}
	err := eachRow(ctx, tx, `SELECT e.course_id, e.person_id, coalesce(e.ref, ''), e.role, e.ended_at IS NOT NULL, c.code, c.title
		FROM enrolments e JOIN courses c ON c.id = e.course_id WHERE e.person_id IN (?, ?) ORDER BY e.course_id, e.person_id`, both, func(scan scanFunc) error {
		var e roster.StoredEnrolment
		var role, code, title string
		err := scan(&e.Course, &e.Person, &e.Ref, &role, &e.Ended, &code, &title)
		e.Role, _ = attendance.ParseRole(role)
		m.Enrolments, m.Courses[e.Course] = append(m.Enrolments, e), code+" "+title
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	err = eachRow(ctx, tx, `SELECT m.session_id, s.title, s.course_id, m.person_id, m.mark, m.at, m.source, m.actor_id, m.note, m.status
		FROM marks m JOIN sessions s ON s.id = m.session_id WHERE m.person_id IN (?, ?) ORDER BY m.session_id, m.person_id`, both, func(scan scanFunc) error {
		var mark roster.StoredMark
		var c markColumns
		err := scan(append([]any{&mark.Session, &mark.Title, &mark.Course, &mark.Person}, c.fields()...)...)
		if err == nil {
			mark.Entry, err = c.entry()
		}
		m.Marks = append(m.Marks, mark)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read marks: %w", err)
	}
	err = eachRow(ctx, tx, `SELECT id FROM excuses WHERE person_id = ? AND withdrawn_at IS NULL ORDER BY id`, []any{drop}, func(scan scanFunc) error {
		var id int64
		err := scan(&id)
		m.Excuses = append(m.Excuses, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read excuses: %w", err)
	}
	err = eachRow(ctx, tx, `SELECT name FROM api_tokens WHERE person_id = ? AND revoked_at IS NULL ORDER BY id`, []any{drop}, func(scan scanFunc) error {
		var name string
		err := scan(&name)
		m.Tokens = append(m.Tokens, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read API tokens: %w", err)
	}
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM feeds WHERE person_id = ?)`, drop).Scan(&m.Feed); err != nil {
		return nil, fmt.Errorf("look for a calendar feed: %w", err)
	}
	m.Groups, err = groupsWith(ctx, tx, drop)
	return m, err
}

// ApplyMerge implements [roster.MergeStore].
func (s *Store) ApplyMerge(ctx context.Context, h changes.Header, keep, drop attendance.PersonID, decide func(*roster.Merging) (*roster.Merge, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		m, err := readMerging(ctx, c.tx, keep, drop)
		if err != nil {
			return err
		}
		merge, err := decide(m)
		if err != nil {
			return err
		}
		w := &importWriter{change: c, now: h.At.UnixMilli()}
		w.people(merge.People)
		w.enrolments(merge.Enrolments)
		if w.err != nil {
			return w.err
		}
		for _, cmd := range merge.Marks {
			c.command(cmd)
		}
		var excuses rows
		for _, id := range merge.Excuses {
			excuses.add(id)
		}
		if len(excuses) > 0 {
			err := c.track(schema.Excuse, excuses, func() error {
				_, err := c.tx.ExecContext(ctx, `UPDATE excuses SET person_id = ?1 WHERE id IN (SELECT j.value ->> 0 FROM json_each(?2) j)`, keep, excuses.json())
				return err
			})
			if err != nil {
				return fmt.Errorf("move excuses: %w", err)
			}
			if err := c.followExcuses(excuses); err != nil {
				return err
			}
		}
		if len(merge.Groups) > 0 {
			if err := c.mergeGroups(keep, drop, merge.Groups); err != nil {
				return err
			}
		}
		if err := c.touch(merge.Touched); err != nil {
			return err
		}
		return c.lock(merge.Locked)
	})
}
