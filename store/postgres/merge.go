package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.MergeStore = (*Store)(nil)

// Merging implements [roster.MergeStore].
func (s *Store) Merging(ctx context.Context, keep, drop attendance.PersonID) (m *roster.Merging, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
		m, err = readMerging(ctx, tx, keep, drop)
		return err
	})
	return m, err
}

func readMerging(ctx context.Context, tx pgx.Tx, keep, drop attendance.PersonID) (*roster.Merging, error) {
	m := &roster.Merging{Courses: make(map[attendance.CourseID]string)}
	for _, who := range []struct {
		id attendance.PersonID
		to *roster.StoredPerson
	}{{keep, &m.Keep}, {drop, &m.Drop}} {
		var err error
		*who.to, err = scanStoredPerson(tx.QueryRow(ctx, selectStoredPeople+` WHERE id = $1`, who.id).Scan)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, attendance.Refuse(attendance.CodeNotFound, "There is no such person.")
		}
		if err != nil {
			return nil, fmt.Errorf("read person %d: %w", who.id, err)
		}
	}
	both := []any{keep, drop}
	err := eachRow(ctx, tx, `SELECT e.course_id, e.person_id, coalesce(e.ref, ''), e.role, e.ended_at IS NOT NULL, c.code, c.title
		FROM enrolments e JOIN courses c ON c.id = e.course_id WHERE e.person_id IN ($1, $2) ORDER BY e.course_id, e.person_id`, both, func(scan scanFunc) error {
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
	err = eachRow(ctx, tx, `SELECT m.session_id, s.title, s.course_id, m.person_id, `+entryColumns+`
		FROM marks m JOIN sessions s ON s.id = m.session_id WHERE m.person_id IN ($1, $2) ORDER BY m.session_id, m.person_id`, both, func(scan scanFunc) error {
		var mark roster.StoredMark
		var c entryRow
		err := scan(append([]any{&mark.Session, &mark.Title, &mark.Course, &mark.Person}, c.dest()...)...)
		if err == nil {
			mark.Entry, err = c.entry()
		}
		m.Marks = append(m.Marks, mark)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read marks: %w", err)
	}
	err = eachRow(ctx, tx, `SELECT id FROM excuses WHERE person_id = $1 AND withdrawn_at IS NULL ORDER BY id`, []any{drop}, func(scan scanFunc) error {
		var id int64
		err := scan(&id)
		m.Excuses = append(m.Excuses, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read excuses: %w", err)
	}
	err = eachRow(ctx, tx, `SELECT name FROM api_tokens WHERE person_id = $1 AND revoked_at IS NULL ORDER BY id`, []any{drop}, func(scan scanFunc) error {
		var name string
		err := scan(&name)
		m.Tokens = append(m.Tokens, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read API tokens: %w", err)
	}
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM feeds WHERE person_id = $1)`, drop).Scan(&m.Feed); err != nil {
		return nil, fmt.Errorf("look for a calendar feed: %w", err)
	}
	m.Groups, err = groupsWith(ctx, tx, drop)
	return m, err
}

// ApplyMerge implements [roster.MergeStore].
func (s *Store) ApplyMerge(ctx context.Context, h changes.Header, keep, drop attendance.PersonID, decide func(*roster.Merging) (*roster.Merge, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		// Files and check-ins of the two wait until it is done.
		_, err := c.tx.Exec(ctx, `LOCK TABLE people, enrolments IN SHARE ROW EXCLUSIVE MODE`)
		if err == nil {
			_, err = c.tx.Exec(ctx, `SELECT 1 FROM sessions WHERE id IN (SELECT session_id FROM marks WHERE person_id IN ($1, $2))
				OR status = 'open' AND course_id IN (SELECT course_id FROM enrolments WHERE person_id IN ($1, $2)) ORDER BY id FOR NO KEY UPDATE`, keep, drop)
		}
		if err != nil {
			return fmt.Errorf("keep others from changing what is merged: %w", err)
		}
		m, err := readMerging(ctx, c.tx, keep, drop)
		if err != nil {
			return err
		}
		merge, err := decide(m)
		if err != nil {
			return err
		}
		w := &importWriter{change: c, now: h.At.UnixMilli()}
		write(w, schema.Person, merge.People, 2, func() { w.people(merge.People) }, func(p *roster.StoredPerson) int64 { return int64(p.ID) })
		write(w, schema.Enrolment, merge.Enrolments, 2, func() { w.enrolments(merge.Enrolments) },
			func(e *roster.StoredEnrolment) int64 { return int64(e.Course) }, func(e *roster.StoredEnrolment) int64 { return int64(e.Person) })
		if w.err != nil {
			return w.err
		}
		for _, cmd := range merge.Marks {
			c.command(cmd)
		}
		if len(merge.Excuses) > 0 {
			err := c.track(schema.Excuse, keys{merge.Excuses}, func() error {
				_, err := c.tx.Exec(ctx, `UPDATE excuses SET person_id = $1 WHERE id = ANY($2)`, keep, merge.Excuses)
				return err
			})
			if err != nil {
				return fmt.Errorf("move excuses: %w", err)
			}
			if err := c.followExcuses(merge.Excuses); err != nil {
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
