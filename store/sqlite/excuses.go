package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/store/schema"
)

var _ excuse.Store = (*Store)(nil)

// begins is when a session s began or is to begin; NULL if nobody knows.
const begins = `coalesce(s.starts_at, s.opened_at)`

// meets is the condition that a session s, which begins then, has a moment in common
// with a stretch of time.
func meets(begins, from, until string) string {
	return `(` + begins + ` < ` + until + ` AND (coalesce(s.ends_at, 0) > ` + from + ` OR ` + begins + ` >= ` + from + `))`
}

// excusedFrom are those who are excused from the session ?1, which begins at ?2 if it
// is not planned. Of several excuses the newest counts, which comes last.
var excusedFrom = `SELECT x.person_id, x.reason, x.created_by, x.status FROM sessions s
	JOIN enrolments e ON e.course_id = s.course_id AND e.role = 'student' AND e.ended_at IS NULL
	JOIN excuses x ON x.person_id = e.person_id AND x.withdrawn_at IS NULL AND (x.course_id IS NULL OR x.course_id = s.course_id)
		AND ` + meets(`coalesce(s.starts_at, s.opened_at, ?2)`, `x.starts_at`, `x.ends_at`) + `
	WHERE s.id = ?1 ORDER BY x.id`

func (a *appender) loadExcuses(state *attendance.State) error {
	state.Excuses = make(map[attendance.PersonID]attendance.Excuse)
	at := a.group[a.mine[0]].At.UnixMilli()
	return eachRow(a.ctx, a.tx, excusedFrom, []any{state.Session.ID, at}, func(scan scanFunc) error {
		var person attendance.PersonID
		var x attendance.Excuse
		err := scan(&person, &x.Reason, &x.By, &x.Status)
		state.Excuses[person] = x
		return err
	})
}

// Reach implements [excuse.Store].
func (s *Store) Reach(ctx context.Context, scope excuse.Scope) (r *excuse.Reach, err error) {
	err = s.View(ctx, func(tx *sql.Tx) error {
		r, err = readReach(ctx, tx, scope)
		return err
	})
	return r, err
}

// within is the condition for enrolments e to be in a scope: ?1 are the people and ?2 the
// courses, as JSON arrays, or NULL for all.
func within(scope excuse.Scope) string {
	people, courses := `?1 IS NULL`, `?2 IS NULL`
	if scope.People != nil {
		people = `e.person_id IN (SELECT value FROM json_each(?1))`
	}
	if scope.Courses != nil {
		courses = `e.course_id IN (SELECT value FROM json_each(?2))`
	}
	return ` e.role = 'student' AND e.ended_at IS NULL AND ` + people + ` AND ` + courses
}

func readReach(ctx context.Context, q queryer, scope excuse.Scope) (*excuse.Reach, error) {
	r := &excuse.Reach{}
	within := within(scope)
	people, courses := idList(scope.People), idList(scope.Courses)
	from, until := scope.From.UnixMilli(), scope.Until.UnixMilli()
	students := `SELECT DISTINCT p.id, CASE WHEN ?2 IS NULL THEN 0 ELSE e.course_id END, p.family, p.given
		FROM enrolments e JOIN people p ON p.id = e.person_id WHERE` + within + ` ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`
	err := eachRow(ctx, q, students, []any{people, courses}, func(scan scanFunc) error {
		var one excuse.Student
		err := scan(&one.Person, &one.Course, &one.Family, &one.Given)
		r.Students = append(r.Students, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read whom an excuse is for: %w", err)
	}
	sessions := `SELECT s.id, s.course_id, s.title, ` + begins + `, s.status FROM sessions s
		WHERE s.course_id IN (SELECT e.course_id FROM enrolments e WHERE` + within + `) AND s.cancelled_at IS NULL AND ` + meets(begins, `?3`, `?4`) + ` ORDER BY 4, 1`
	err = eachRow(ctx, q, sessions, []any{people, courses, from, until}, func(scan scanFunc) error {
		var one excuse.Session
		var starts sql.NullInt64
		var status string
		err := scan(&one.ID, &one.Course, &one.Title, &starts, &status)
		one.Starts = fromMillis(starts)
		one.Status, _ = attendance.ParseStatus(status)
		r.Sessions = append(r.Sessions, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions that an excuse is for: %w", err)
	}
	lines := `SELECT s.id, e.person_id, coalesce(m.mark, 'unset'), coalesce(m.source, '')
		FROM enrolments e CROSS JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND s.status <> 'scheduled' AND ` + meets(begins, `?3`, `?4`) + `
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = e.person_id WHERE` + within
	err = eachRow(ctx, q, lines, []any{people, courses, from, until}, func(scan scanFunc) error {
		var l excuse.Line
		var mark, source string
		err := scan(&l.Session, &l.Person, &mark, &source)
		l.Mark, _ = attendance.ParseMark(mark)
		l.Source, _ = attendance.ParseSource(source)
		r.Lines = append(r.Lines, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the marks that an excuse is for: %w", err)
	}
	same := selectExcuses + ` WHERE x.withdrawn_at IS NULL AND x.starts_at = ?3 AND x.ends_at = ?4
		AND x.person_id IN (SELECT e.person_id FROM enrolments e WHERE` + within + `)`
	r.Active, err = readExcuses(ctx, q, same, people, courses, from, until)
	return r, err
}

const excuseColumns = `x.id, x.person_id, coalesce(x.course_id, 0), x.starts_at, x.ends_at, x.reason, x.status, x.created_by, x.created_at`

const selectExcuses = `SELECT ` + excuseColumns + ` FROM excuses x`

func readExcuses(ctx context.Context, q queryer, query string, args ...any) (all []excuse.Excuse, err error) {
	err = eachRow(ctx, q, query, args, func(scan scanFunc) error {
		x, err := scanExcuse(scan)
		all = append(all, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read excuses: %w", err)
	}
	return all, nil
}

func scanExcuse(scan scanFunc, rest ...any) (x excuse.Excuse, err error) {
	var from, until, at sql.NullInt64
	err = scan(append([]any{&x.ID, &x.Person, &x.Course, &from, &until, &x.Reason, &x.Status, &x.By, &at}, rest...)...)
	x.From, x.Until, x.At = fromMillis(from), fromMillis(until), fromMillis(at)
	return x, err
}

// idList is a list of ids as a JSON array; NULL if there is none.
func idList[I ~int64](ids []I) any {
	if ids == nil {
		return nil
	}
	list := []byte("[")
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = fmt.Append(list, int64(id))
	}
	return string(append(list, ']'))
}

// GiveExcuses implements [excuse.Store].
func (s *Store) GiveExcuses(ctx context.Context, h changes.Header, scope excuse.Scope, decide func(*excuse.Reach) ([]excuse.Excuse, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		r, err := readReach(ctx, c.tx, scope)
		if err != nil {
			return err
		}
		add, err := decide(r)
		if err != nil || len(add) == 0 {
			return err
		}
		var last int64
		if err := c.tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM excuses`).Scan(&last); err != nil {
			return fmt.Errorf("read the last excuse's id: %w", err)
		}
		var keys, made rows
		for _, x := range add {
			last++
			keys.add(last)
			made.add(last, int64(x.Person), int64(x.Course), x.From.UnixMilli(), x.Until.UnixMilli(), x.Reason, int64(x.By), x.At.UnixMilli(), x.Status)
		}
		err = c.track(schema.Excuse, keys, func() error {
			_, err := c.tx.ExecContext(ctx, `INSERT INTO excuses (id, person_id, course_id, starts_at, ends_at, reason, created_by, created_at, status)
				SELECT j.value ->> 0, j.value ->> 1, nullif(j.value ->> 2, 0), j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8
				FROM json_each(?) j`, made.json())
			return err
		})
		if err != nil {
			return fmt.Errorf("add excuses: %w", err)
		}
		return c.followExcuses(keys)
	})
}

// WithdrawExcuses implements [excuse.Store].
func (s *Store) WithdrawExcuses(ctx context.Context, h changes.Header, ids []int64) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		var keys rows
		for _, id := range ids {
			keys.add(id)
		}
		err := c.track(schema.Excuse, keys, func() error {
			_, err := c.tx.ExecContext(ctx, `UPDATE excuses SET withdrawn_at = ?1 WHERE withdrawn_at IS NULL AND id IN (SELECT j.value ->> 0 FROM json_each(?2) j)`,
				c.At.UnixMilli(), keys.json())
			return err
		})
		if err != nil {
			return fmt.Errorf("withdraw excuses: %w", err)
		}
		return c.followExcuses(keys)
	})
}

// followExcuses has the marks that excuses reach follow, as the last part of a set.
func (c *change) followExcuses(excuses rows) error {
	if len(excuses) == 0 {
		return nil
	}
	follow := attendance.Command{Kind: attendance.FollowExcuses}
	flush := func() {
		if len(follow.Marks) > 0 {
			c.command(follow)
		}
	}
	err := eachRow(c.ctx, c.tx, `SELECT DISTINCT s.id, x.person_id FROM json_each(?) j CROSS JOIN excuses x ON x.id = j.value ->> 0
		CROSS JOIN enrolments e ON e.person_id = x.person_id AND (x.course_id IS NULL OR x.course_id = e.course_id)
			AND e.role = 'student' AND e.ended_at IS NULL
		CROSS JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND s.status <> 'scheduled' AND `+meets(begins, `x.starts_at`, `x.ends_at`)+`
		ORDER BY s.id, x.person_id`, []any{excuses.json()}, func(scan scanFunc) error {
		var session attendance.SessionID
		var person attendance.PersonID
		err := scan(&session, &person)
		if session != follow.Session {
			flush()
			follow.Session, follow.Marks = session, nil
		}
		follow.Marks = append(follow.Marks, attendance.MarkChange{Person: person})
		return err
	})
	if err != nil {
		return fmt.Errorf("find the marks that excuses reach: %w", err)
	}
	flush()
	return nil
}

// Excuses implements [excuse.Store].
func (s *Store) Excuses(ctx context.Context, course attendance.CourseID) (all []excuse.Listed, err error) {
	err = eachRow(ctx, s.read, `SELECT `+excuseColumns+`,
			p.family, p.given, coalesce(p.ref, ''), coalesce(trim(a.given || ' ' || a.family), ''), count(s.id), count(m.session_id)
		FROM enrolments e CROSS JOIN excuses x ON x.person_id = e.person_id AND x.withdrawn_at IS NULL AND (x.course_id IS NULL OR x.course_id = e.course_id)
		JOIN people p ON p.id = x.person_id LEFT JOIN people a ON a.id = x.created_by
		LEFT JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND `+meets(begins, `x.starts_at`, `x.ends_at`)+`
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = x.person_id AND m.mark = 'excused' AND m.source = 'rule'
		WHERE e.course_id = ? AND e.role = 'student' AND e.ended_at IS NULL
		GROUP BY x.id ORDER BY x.created_at DESC, p.family COLLATE NOCASE, p.given COLLATE NOCASE, x.id`, []any{course}, func(scan scanFunc) error {
		var l excuse.Listed
		var err error
		l.Excuse, err = scanExcuse(scan, &l.Family, &l.Given, &l.Ref, &l.ByName, &l.Sessions, &l.Marks)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the excuses of course %d: %w", course, err)
	}
	return all, nil
}

// AllExcuses implements [excuse.Store].
func (s *Store) AllExcuses(ctx context.Context, before int64, limit int) (all []excuse.Listed, err error) {
	err = eachRow(ctx, s.read, `SELECT `+excuseColumns+`,
			p.family, p.given, coalesce(p.ref, ''), coalesce(trim(a.given || ' ' || a.family), ''), count(s.id), count(m.session_id), coalesce(c.code, '')
		FROM excuses x JOIN people p ON p.id = x.person_id LEFT JOIN people a ON a.id = x.created_by LEFT JOIN courses c ON c.id = x.course_id
		LEFT JOIN enrolments e ON e.person_id = x.person_id AND (x.course_id IS NULL OR x.course_id = e.course_id) AND e.role = 'student' AND e.ended_at IS NULL
		LEFT JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND `+meets(begins, `x.starts_at`, `x.ends_at`)+`
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = x.person_id AND m.mark = 'excused' AND m.source = 'rule'
		WHERE x.id IN (SELECT id FROM excuses WHERE withdrawn_at IS NULL AND (?1 = 0 OR id < ?1) ORDER BY id DESC LIMIT ?2)
		GROUP BY x.id ORDER BY x.id DESC`, []any{before, limit}, func(scan scanFunc) error {
		var l excuse.Listed
		var err error
		l.Excuse, err = scanExcuse(scan, &l.Family, &l.Given, &l.Ref, &l.ByName, &l.Sessions, &l.Marks, &l.CourseCode)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read excuses: %w", err)
	}
	return all, nil
}

// ExcusesByID implements [excuse.Store].
func (s *Store) ExcusesByID(ctx context.Context, ids []int64) ([]excuse.Excuse, error) {
	return readExcuses(ctx, s.read, selectExcuses+` WHERE x.id IN (SELECT value FROM json_each(?)) ORDER BY x.id`, idList(ids))
}
