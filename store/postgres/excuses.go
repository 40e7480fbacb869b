package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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

// excusedFrom are those who are excused from the sessions $1, which begin at $2 if they
// are not planned. Of several excuses the newest counts, which comes last. An excuse is
// looked for once for a student, not for each session, and is one row with its sessions:
// a long one of many students is read in a third of the time.
var excusedFrom = `WITH given AS MATERIALIZED (
		SELECT x.id, c.id AS course, x.starts_at, x.ends_at FROM (SELECT DISTINCT course_id AS id FROM sessions WHERE id = ANY($1)) c
		JOIN enrolments e ON e.course_id = c.id AND e.role = 'student' AND e.ended_at IS NULL
		CROSS JOIN LATERAL (SELECT * FROM excuses WHERE person_id = e.person_id AND withdrawn_at IS NULL AND (course_id IS NULL OR course_id = c.id) OFFSET 0) x)
	SELECT x.person_id, x.reason, x.created_by, x.status, g.sessions FROM (
		SELECT given.id, array_agg(s.id) AS sessions FROM given JOIN sessions s ON s.course_id = given.course
		WHERE s.id = ANY($1) AND ` + meets(`coalesce(s.starts_at, s.opened_at, $2)`, `given.starts_at`, `given.ends_at`) + ` GROUP BY given.id) g
	JOIN excuses x ON x.id = g.id ORDER BY x.id`

func (all states) addExcuse(scan scanFunc) error {
	var person attendance.PersonID
	var x attendance.Excuse
	var sessions []int64
	if err := scan(&person, &x.Reason, &x.By, &x.Status, &sessions); err != nil {
		return err
	}
	for _, id := range sessions {
		state := all[attendance.SessionID(id)]
		if state.Excuses == nil {
			state.Excuses = make(map[attendance.PersonID]attendance.Excuse)
		}
		state.Excuses[person] = x
	}
	return nil
}

// Reach implements [excuse.Store].
func (s *Store) Reach(ctx context.Context, scope excuse.Scope) (r *excuse.Reach, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
		r, err = readReach(ctx, tx, scope)
		return err
	})
	return r, err
}

// within is the condition for enrolments e to be in a scope: $1 are the people and $2
// the courses, or NULL for all.
func within(scope excuse.Scope) string {
	people, courses := `$1::bigint[] IS NULL`, `$2::bigint[] IS NULL`
	if scope.People != nil {
		people = `e.person_id = ANY($1::bigint[])`
	}
	if scope.Courses != nil {
		courses = `e.course_id = ANY($2::bigint[])`
	}
	return ` e.role = 'student' AND e.ended_at IS NULL AND ` + people + ` AND ` + courses
}

func readReach(ctx context.Context, q queryer, scope excuse.Scope) (*excuse.Reach, error) {
	r := &excuse.Reach{}
	within := within(scope)
	who := []any{scope.People, scope.Courses}
	when := append(who[:2:2], scope.From.UnixMilli(), scope.Until.UnixMilli())
	course := `e.course_id`
	if scope.Courses == nil {
		course = `0::bigint`
	}
	students := `SELECT p.id, ` + course + `, p.family, p.given
		FROM enrolments e JOIN people p ON p.id = e.person_id WHERE` + within + ` GROUP BY p.id, 2 ORDER BY lower(p.family), lower(p.given), p.id`
	err := eachRow(ctx, q, students, who, func(scan scanFunc) error {
		var one excuse.Student
		err := scan(&one.Person, &one.Course, &one.Family, &one.Given)
		r.Students = append(r.Students, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read whom an excuse is for: %w", err)
	}
	sessions := `SELECT s.id, s.course_id, s.title, ` + begins + `, s.status FROM sessions s
		WHERE s.course_id IN (SELECT e.course_id FROM enrolments e WHERE` + within + `) AND s.cancelled_at IS NULL AND ` + meets(begins, `$3`, `$4`) + ` ORDER BY 4, 1`
	err = eachRow(ctx, q, sessions, when, func(scan scanFunc) error {
		var one excuse.Session
		var starts pgtype.Int8
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
		FROM enrolments e JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND s.status <> 'scheduled' AND ` + meets(begins, `$3`, `$4`) + `
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = e.person_id WHERE` + within
	err = eachRow(ctx, q, lines, when, func(scan scanFunc) error {
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
	same := selectExcuses + ` WHERE x.withdrawn_at IS NULL AND x.starts_at = $3 AND x.ends_at = $4
		AND x.person_id IN (SELECT e.person_id FROM enrolments e WHERE` + within + `)`
	r.Active, err = readExcuses(ctx, q, same, when...)
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
	var from, until, at pgtype.Int8
	err = scan(append([]any{&x.ID, &x.Person, &x.Course, &from, &until, &x.Reason, &x.Status, &x.By, &at}, rest...)...)
	x.From, x.Until, x.At = fromMillis(from), fromMillis(until), fromMillis(at)
	return x, err
}

// GiveExcuses implements [excuse.Store].
func (s *Store) GiveExcuses(ctx context.Context, h changes.Header, scope excuse.Scope, decide func(*excuse.Reach) ([]excuse.Excuse, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		// Two who give the same excuse at once give it once.
		if _, err := c.tx.Exec(ctx, `LOCK TABLE excuses IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("keep others from excusing: %w", err)
		}
		r, err := readReach(ctx, c.tx, scope)
		if err != nil {
			return err
		}
		add, err := decide(r)
		if err != nil || len(add) == 0 {
			return err
		}
		rows, err := c.tx.Query(ctx, `SELECT nextval(pg_get_serial_sequence('excuses', 'id')) FROM generate_series(1, $1)`, len(add))
		if err != nil {
			return fmt.Errorf("take ids for excuses: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return fmt.Errorf("take ids for excuses: %w", err)
		}
		err = c.track(schema.Excuse, keys{ids}, func() error {
			_, err := c.tx.Exec(ctx, `INSERT INTO excuses (id, person_id, course_id, starts_at, ends_at, reason, created_by, created_at, status)
				SELECT id, person_id, nullif(course_id, 0), starts_at, ends_at, reason, created_by, created_at, status
				FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::text[])
					x (id, person_id, course_id, starts_at, ends_at, reason, created_by, created_at, status)`, ids,
				column(add, func(x *excuse.Excuse) int64 { return int64(x.Person) }),
				column(add, func(x *excuse.Excuse) int64 { return int64(x.Course) }),
				column(add, func(x *excuse.Excuse) int64 { return x.From.UnixMilli() }),
				column(add, func(x *excuse.Excuse) int64 { return x.Until.UnixMilli() }),
				column(add, func(x *excuse.Excuse) string { return x.Reason }),
				column(add, func(x *excuse.Excuse) int64 { return int64(x.By) }),
				column(add, func(x *excuse.Excuse) int64 { return x.At.UnixMilli() }),
				column(add, func(x *excuse.Excuse) string { return x.Status }))
			return err
		})
		if err != nil {
			return fmt.Errorf("add excuses: %w", err)
		}
		return c.followExcuses(ids)
	})
}

// WithdrawExcuses implements [excuse.Store].
func (s *Store) WithdrawExcuses(ctx context.Context, h changes.Header, ids []int64) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		err := c.track(schema.Excuse, keys{ids}, func() error {
			_, err := c.tx.Exec(ctx, `UPDATE excuses SET withdrawn_at = $1 WHERE withdrawn_at IS NULL AND id = ANY($2)`, c.At.UnixMilli(), ids)
			return err
		})
		if err != nil {
			return fmt.Errorf("withdraw excuses: %w", err)
		}
		return c.followExcuses(ids)
	})
}

// reachedBy are the sessions that the excuses $1 reach, each with the students. It goes
// from the excuses to their students' courses and only then to the sessions: the planner
// knows nothing of excuses that were given a moment ago, and otherwise may compare each
// with every session or student.
var reachedBy = `WITH given AS MATERIALIZED (
		SELECT x.person_id, x.starts_at, x.ends_at, e.course_id AS course FROM excuses x
		CROSS JOIN LATERAL (SELECT course_id FROM enrolments WHERE person_id = x.person_id AND (x.course_id IS NULL OR x.course_id = course_id)
			AND role = 'student' AND ended_at IS NULL OFFSET 0) e
		WHERE x.id = ANY($1))
	SELECT s.id, array_agg(DISTINCT given.person_id) FROM given
	JOIN sessions s ON s.course_id = given.course AND s.cancelled_at IS NULL AND (` + begins + ` IS NULL OR ` + meets(begins, `given.starts_at`, `given.ends_at`) + `)
	GROUP BY s.id`

// followExcuses has the marks that excuses reach follow, as the last part of a set. It
// waits for sessions that are being opened, and keeps others from being opened: these
// will see the excuses.
func (c *change) followExcuses(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	reached, err := c.reachedBy(ids)
	if err != nil {
		return fmt.Errorf("find the marks that excuses reach: %w", err)
	}
	err = eachRow(c.ctx, c.tx, `SELECT id, status FROM sessions WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`, []any{slices.Collect(maps.Keys(reached))}, func(scan scanFunc) error {
		var session attendance.SessionID
		var status string
		err := scan(&session, &status)
		if status != attendance.Scheduled.String() {
			c.command(attendance.Command{Kind: attendance.FollowExcuses, Session: session, Marks: reached[session]})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("lock the sessions that excuses reach: %w", err)
	}
	return nil
}

// reachedBy are the lines that excuses reach, in the order of the students' ids.
func (c *change) reachedBy(ids []int64) (map[attendance.SessionID][]attendance.MarkChange, error) {
	reached := make(map[attendance.SessionID][]attendance.MarkChange)
	return reached, eachRow(c.ctx, c.tx, reachedBy, []any{ids}, func(scan scanFunc) error {
		var session attendance.SessionID
		var people []int64
		err := scan(&session, &people)
		reached[session] = make([]attendance.MarkChange, len(people))
		for i, id := range people {
			reached[session][i].Person = attendance.PersonID(id)
		}
		return err
	})
}

// Excuses implements [excuse.Store].
func (s *Store) Excuses(ctx context.Context, course attendance.CourseID) (all []excuse.Listed, err error) {
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, `SELECT `+excuseColumns+`, p.family, p.given, coalesce(p.ref, ''), coalesce(trim(a.given || ' ' || a.family), ''),
				count(s.id), count(m.session_id)
			FROM enrolments e JOIN excuses x ON x.person_id = e.person_id AND x.withdrawn_at IS NULL AND (x.course_id IS NULL OR x.course_id = e.course_id)
			JOIN people p ON p.id = x.person_id LEFT JOIN people a ON a.id = x.created_by
			LEFT JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND `+meets(begins, `x.starts_at`, `x.ends_at`)+`
			LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = x.person_id AND m.mark = 'excused' AND m.source = 'rule'
			WHERE e.course_id = $1 AND e.role = 'student' AND e.ended_at IS NULL
			GROUP BY x.id, p.id, a.id ORDER BY x.created_at DESC, lower(p.family), lower(p.given), x.id`, []any{course}, func(scan scanFunc) error {
			var l excuse.Listed
			var err error
			l.Excuse, err = scanExcuse(scan, &l.Family, &l.Given, &l.Ref, &l.ByName, &l.Sessions, &l.Marks)
			all = append(all, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the excuses of course %d: %w", course, err)
	}
	return all, nil
}

// AllExcuses implements [excuse.Store].
func (s *Store) AllExcuses(ctx context.Context, before int64, limit int) ([]excuse.Listed, error) {
	all, err := listed(ctx, s, `SELECT `+excuseColumns+`, p.family, p.given, coalesce(p.ref, ''), coalesce(trim(a.given || ' ' || a.family), ''),
			count(s.id), count(m.session_id), coalesce(c.code, '')
		FROM excuses x JOIN people p ON p.id = x.person_id LEFT JOIN people a ON a.id = x.created_by LEFT JOIN courses c ON c.id = x.course_id
		LEFT JOIN enrolments e ON e.person_id = x.person_id AND (x.course_id IS NULL OR x.course_id = e.course_id) AND e.role = 'student' AND e.ended_at IS NULL
		LEFT JOIN sessions s ON s.course_id = e.course_id AND s.cancelled_at IS NULL AND `+meets(begins, `x.starts_at`, `x.ends_at`)+`
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = x.person_id AND m.mark = 'excused' AND m.source = 'rule'
		WHERE x.id IN (SELECT id FROM excuses WHERE withdrawn_at IS NULL AND ($1::bigint = 0 OR id < $1) ORDER BY id DESC LIMIT $2)
		GROUP BY x.id, p.id, a.id, c.id ORDER BY x.id DESC`, []any{before, limit}, func(scan scanFunc, l *excuse.Listed) (err error) {
		l.Excuse, err = scanExcuse(scan, &l.Family, &l.Given, &l.Ref, &l.ByName, &l.Sessions, &l.Marks, &l.CourseCode)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read excuses: %w", err)
	}
	return all, nil
}

// ExcusesByID implements [excuse.Store].
func (s *Store) ExcusesByID(ctx context.Context, ids []int64) (all []excuse.Excuse, err error) {
	err = s.reading(ctx, func(q queryer) error {
		all, err = readExcuses(ctx, q, selectExcuses+` WHERE x.id = ANY($1) ORDER BY x.id`, ids)
		return err
	})
	return all, err
}
