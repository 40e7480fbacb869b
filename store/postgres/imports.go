package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.ImportStore = (*Store)(nil)

// Current implements [roster.ImportStore].
func (s *Store) Current(ctx context.Context) (cur *roster.Current, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
		cur, err = readCurrent(ctx, tx)
		return err
	})
	return cur, err
}

func readCurrent(ctx context.Context, q queryer) (*roster.Current, error) {
	cur := &roster.Current{}
	var key []byte
	err := q.QueryRow(ctx, `SELECT value FROM secrets WHERE name = 'installation'`).Scan(&key)
	if ok, err := found(err); err != nil {
		return nil, fmt.Errorf("read what names the installation: %w", err)
	} else if ok {
		cur.Installation = roster.Installation(key)
	}
	var enrolments int
	if err := q.QueryRow(ctx, `SELECT count(*) FROM enrolments`).Scan(&enrolments); err != nil {
		return nil, fmt.Errorf("count enrolments: %w", err)
	}
	cur.Enrolments = make([]roster.StoredEnrolment, 0, enrolments)
	for _, part := range []struct {
		what, query string
		row         func(scanFunc) error
	}{
		{"terms", `SELECT id, coalesce(ref, ''), title, coalesce(starts, ''), coalesce(ends, '') FROM terms`, func(scan scanFunc) error {
			var t roster.StoredTerm
			err := scan(&t.ID, &t.Ref, &t.Title, &t.Starts, &t.Ends)
			cur.Terms = append(cur.Terms, t)
			return err
		}},
		{"courses", `SELECT id, coalesce(ref, ''), code, title, coalesce(term_id, 0), active FROM courses`, func(scan scanFunc) error {
			var c roster.StoredCourse
			err := scan(&c.ID, &c.Ref, &c.Code, &c.Title, &c.Term, &c.Active)
			cur.Courses = append(cur.Courses, c)
			return err
		}},
		{"people", selectStoredPeople, func(scan scanFunc) error {
			p, err := scanStoredPerson(scan)
			cur.People = append(cur.People, p)
			return err
		}},
		{"enrolments", `SELECT course_id, person_id, coalesce(ref, ''), role, ended_at IS NOT NULL FROM enrolments`, func(scan scanFunc) error {
			var e roster.StoredEnrolment
			var role string
			err := scan(&e.Course, &e.Person, &e.Ref, &role, &e.Ended)
			e.Role, _ = attendance.ParseRole(role)
			cur.Enrolments = append(cur.Enrolments, e)
			return err
		}},
	} {
		if err := eachRow(ctx, q, part.query, nil, part.row); err != nil {
			return nil, fmt.Errorf("read %s: %w", part.what, err)
		}
	}
	return cur, nil
}

const selectStoredPeople = `SELECT id, coalesce(ref, ''), given, family, email, coalesce(username, ''), active, admin, coalesce(merged_into, 0) FROM people`

func scanStoredPerson(scan scanFunc) (p roster.StoredPerson, err error) {
	err = scan(&p.ID, &p.Ref, &p.Given, &p.Family, &p.Email, &p.Username, &p.Active, &p.Admin, &p.MergedInto)
	return p, err
}

// ApplyImport implements [roster.ImportStore]. While it runs, nobody else can change
// people, courses or enrolments; lectures go on.
func (s *Store) ApplyImport(ctx context.Context, h changes.Header, decide func(*roster.Current) (*roster.ChangeSet, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		if _, err := c.tx.Exec(ctx, `LOCK TABLE terms, people, courses, enrolments IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("keep others from changing the roster: %w", err)
		}
		cur, err := readCurrent(ctx, c.tx)
		if err != nil {
			return err
		}
		cs, err := decide(cur)
		if err != nil || cs.Counts.Changes() == 0 {
			return err
		}
		w := &importWriter{change: c, now: h.At.UnixMilli(), meter: progress.Of(ctx)}
		w.meter.Step("writing rows", progress.Rows, int64(cs.Writes()))
		write(w, schema.Term, cs.Terms, 1, func() { w.terms(cs.Terms) }, func(t *roster.StoredTerm) int64 { return t.ID })
		write(w, schema.Course, cs.Courses, 1, func() { w.courses(cs.Courses) }, func(c *roster.StoredCourse) int64 { return int64(c.ID) })
		write(w, schema.Person, cs.People, 2, func() { w.people(cs.People) }, func(p *roster.StoredPerson) int64 { return int64(p.ID) })
		write(w, schema.Enrolment, cs.Enrolments, 2, func() { w.enrolments(cs.Enrolments) },
			func(e *roster.StoredEnrolment) int64 { return int64(e.Course) }, func(e *roster.StoredEnrolment) int64 { return int64(e.Person) })
		if w.err != nil {
			return w.err
		}
		if err := c.touch(cs.Touched); err != nil {
			return err
		}
		return c.lock(cs.Locked)
	})
}

// importWriter writes a change set, many rows a statement. After the first error it
// does nothing more.
type importWriter struct {
	*change
	now   int64
	meter *progress.Meter
	steps int // that each thing of the kind that is being written takes
	err   error
}

// write runs fn, which writes things by so many statements, and records what becomes of
// them.
func write[T any](w *importWriter, t schema.Thing, all []T, statements int, fn func(), key ...func(*T) int64) {
	w.steps = statements + 2
	each := func(do func(schema.Thing, keys) error) {
		batches(w, all, func(some []T) {
			k := make(keys, len(key))
			for i := range key {
				k[i] = column(some, key[i])
			}
			if w.err == nil {
				w.err = do(t, k)
			}
		})
	}
	if len(all) > 0 {
		each(w.before)
		fn()
		each(w.after)
	}
}

func (w *importWriter) exec(what, statement string, args ...any) {
	if w.err != nil {
		return
	}
	if _, err := w.tx.Exec(w.ctx, statement, args...); err != nil {
		w.err = fmt.Errorf("import %s: %w", what, err)
	}
}

// countOn has a table's ids go on after the largest one that was written.
func (w *importWriter) countOn(table string) {
	w.exec(table, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), (SELECT max(id) FROM %[1]s))`, table))
}

// batch is how many rows go into one statement.
const batch = 10_000

// batches calls write with parts of all, which is one step of writing them.
func batches[T any](w *importWriter, all []T, write func([]T)) {
	for len(all) > 0 {
		n := min(len(all), batch)
		write(all[:n])
		w.meter.AddStep(n, w.steps)
		all = all[n:]
	}
}

func (w *importWriter) terms(all []roster.StoredTerm) {
	batches(w, all, func(some []roster.StoredTerm) {
		w.exec("terms", `INSERT INTO terms (id, ref, title, starts, ends)
			SELECT id, nullif(ref, ''), title, nullif(starts, ''), nullif(ends, '')
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) t (id, ref, title, starts, ends)
			ON CONFLICT (id) DO UPDATE SET title = excluded.title, starts = excluded.starts, ends = excluded.ends`,
			column(some, func(t *roster.StoredTerm) int64 { return t.ID }),
			column(some, func(t *roster.StoredTerm) string { return t.Ref }),
			column(some, func(t *roster.StoredTerm) string { return t.Title }),
			column(some, func(t *roster.StoredTerm) string { return t.Starts }),
			column(some, func(t *roster.StoredTerm) string { return t.Ends }))
	})
	w.countOn("terms")
}

func (w *importWriter) courses(all []roster.StoredCourse) {
	r := attendance.DefaultRules()
	batches(w, all, func(some []roster.StoredCourse) {
		w.exec("courses", `INSERT INTO courses (id, ref, code, title, term_id, active, late_after, on_close, code_step, code_grace)
			SELECT id, nullif(ref, ''), code, title, nullif(term_id, 0), active, $7, $8, $9, $10
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[]) c (id, ref, code, title, term_id, active)
			ON CONFLICT (id) DO UPDATE SET code = excluded.code, title = excluded.title, term_id = excluded.term_id, active = excluded.active`,
			column(some, func(c *roster.StoredCourse) int64 { return int64(c.ID) }),
			column(some, func(c *roster.StoredCourse) string { return c.Ref }),
			column(some, func(c *roster.StoredCourse) string { return c.Code }),
			column(some, func(c *roster.StoredCourse) string { return c.Title }),
			column(some, func(c *roster.StoredCourse) int64 { return c.Term }),
			column(some, func(c *roster.StoredCourse) bool { return c.Active }),
			lateMinutes(r), r.OnClose.String(), r.CodeStep.Milliseconds(), r.CodeGrace)
	})
	w.countOn("courses")
}

// people first takes the usernames away, so that people can swap theirs.
func (w *importWriter) people(all []roster.StoredPerson) {
	id := func(p *roster.StoredPerson) int64 { return int64(p.ID) }
	batches(w, all, func(some []roster.StoredPerson) {
		w.exec("people", `UPDATE people SET username = NULL WHERE id = ANY($1) AND username IS NOT NULL`, column(some, id))
	})
	batches(w, all, func(some []roster.StoredPerson) {
		w.exec("people", `INSERT INTO people (id, ref, given, family, email, username, active, merged_into, created_at, updated_at)
			SELECT id, nullif(ref, ''), given, family, email, nullif(username, ''), active, nullif(merged_into, 0), $8, $8
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $9::bigint[]) p (id, ref, given, family, email, username, active, merged_into)
			ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, given = excluded.given, family = excluded.family, email = excluded.email,
				username = excluded.username, active = excluded.active, merged_into = excluded.merged_into, updated_at = excluded.updated_at`,
			column(some, id),
			column(some, func(p *roster.StoredPerson) string { return p.Ref }),
			column(some, func(p *roster.StoredPerson) string { return p.Given }),
			column(some, func(p *roster.StoredPerson) string { return p.Family }),
			column(some, func(p *roster.StoredPerson) string { return p.Email }),
			column(some, func(p *roster.StoredPerson) string { return p.Username }),
			column(some, func(p *roster.StoredPerson) bool { return p.Active }),
			w.now,
			column(some, func(p *roster.StoredPerson) int64 { return int64(p.MergedInto) }))
	})
	w.countOn("people")
}

// enrolments first takes the refs away, so that they can go to other enrolments.
func (w *importWriter) enrolments(all []roster.StoredEnrolment) {
	course := func(e *roster.StoredEnrolment) int64 { return int64(e.Course) }
	person := func(e *roster.StoredEnrolment) int64 { return int64(e.Person) }
	batches(w, all, func(some []roster.StoredEnrolment) {
		w.exec("enrolments", `UPDATE enrolments e SET ref = NULL FROM unnest($1::bigint[], $2::bigint[]) k (course_id, person_id)
			WHERE e.course_id = k.course_id AND e.person_id = k.person_id AND e.ref IS NOT NULL`, column(some, course), column(some, person))
	})
	batches(w, all, func(some []roster.StoredEnrolment) {
		w.exec("enrolments", `INSERT INTO enrolments AS e (course_id, person_id, ref, role, ended_at)
			SELECT course_id, person_id, nullif(ref, ''), role, CASE WHEN ended THEN $6::bigint END
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[]) k (course_id, person_id, ref, role, ended)
			ON CONFLICT (course_id, person_id) DO UPDATE SET ref = excluded.ref, role = excluded.role,
				ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL ELSE coalesce(e.ended_at, excluded.ended_at) END`,
			column(some, course), column(some, person),
			column(some, func(e *roster.StoredEnrolment) string { return e.Ref }),
			column(some, func(e *roster.StoredEnrolment) string { return e.Role.String() }),
			column(some, func(e *roster.StoredEnrolment) bool { return e.Ended }),
			w.now)
	})
}
