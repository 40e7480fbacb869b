package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
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
		{"people", `SELECT id, coalesce(ref, ''), given, family, email, coalesce(username, ''), active, admin FROM people`, func(scan scanFunc) error {
			var p roster.StoredPerson
			err := scan(&p.ID, &p.Ref, &p.Given, &p.Family, &p.Email, &p.Username, &p.Active, &p.Admin)
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

// ApplyImport implements [roster.ImportStore]. While it runs, nobody else can change
// people, courses or enrolments; lectures go on.
func (s *Store) ApplyImport(ctx context.Context, actor attendance.PersonID, now time.Time, decide func(*roster.Current) (*roster.ChangeSet, error)) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE terms, people, courses, enrolments IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("keep others from changing the roster: %w", err)
		}
		cur, err := readCurrent(ctx, tx)
		if err != nil {
			return err
		}
		cs, err := decide(cur)
		if err != nil || cs.Counts.Changes() == 0 {
			return err
		}
		w := &importWriter{ctx: ctx, tx: tx, now: now.UnixMilli()}
		w.terms(cs.Terms)
		w.courses(cs.Courses)
		w.people(cs.People)
		w.enrolments(cs.Enrolments)
		w.mark(cs)
		if w.err != nil {
			return w.err
		}
		return addAudit(ctx, tx, now, actor, "import roster", "roster", cs.Detail())
	})
}

// importWriter writes a change set, many rows a statement. After the first error it
// does nothing more.
type importWriter struct {
	ctx context.Context
	tx  pgx.Tx
	now int64
	err error
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

// batches calls write with parts of all.
func batches[T any](all []T, write func([]T)) {
	for len(all) > 0 {
		n := min(len(all), batch)
		write(all[:n])
		all = all[n:]
	}
}

func (w *importWriter) terms(all []roster.StoredTerm) {
	if len(all) == 0 {
		return
	}
	w.exec("terms", `INSERT INTO terms (id, ref, title, starts, ends)
		SELECT id, nullif(ref, ''), title, nullif(starts, ''), nullif(ends, '')
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) t (id, ref, title, starts, ends)
		ON CONFLICT (id) DO UPDATE SET title = excluded.title, starts = excluded.starts, ends = excluded.ends`,
		column(all, func(t *roster.StoredTerm) int64 { return t.ID }),
		column(all, func(t *roster.StoredTerm) string { return t.Ref }),
		column(all, func(t *roster.StoredTerm) string { return t.Title }),
		column(all, func(t *roster.StoredTerm) string { return t.Starts }),
		column(all, func(t *roster.StoredTerm) string { return t.Ends }))
	w.countOn("terms")
}

func (w *importWriter) courses(all []roster.StoredCourse) {
	if len(all) == 0 {
		return
	}
	r := attendance.DefaultRules()
	batches(all, func(some []roster.StoredCourse) {
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
	if len(all) == 0 {
		return
	}
	id := func(p *roster.StoredPerson) int64 { return int64(p.ID) }
	batches(all, func(some []roster.StoredPerson) {
		w.exec("people", `UPDATE people SET username = NULL WHERE id = ANY($1) AND username IS NOT NULL`, column(some, id))
	})
	batches(all, func(some []roster.StoredPerson) {
		w.exec("people", `INSERT INTO people (id, ref, given, family, email, username, active, created_at, updated_at)
			SELECT id, nullif(ref, ''), given, family, email, nullif(username, ''), active, $8, $8
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[]) p (id, ref, given, family, email, username, active)
			ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, given = excluded.given, family = excluded.family, email = excluded.email,
				username = excluded.username, active = excluded.active, updated_at = excluded.updated_at`,
			column(some, id),
			column(some, func(p *roster.StoredPerson) string { return p.Ref }),
			column(some, func(p *roster.StoredPerson) string { return p.Given }),
			column(some, func(p *roster.StoredPerson) string { return p.Family }),
			column(some, func(p *roster.StoredPerson) string { return p.Email }),
			column(some, func(p *roster.StoredPerson) string { return p.Username }),
			column(some, func(p *roster.StoredPerson) bool { return p.Active }),
			w.now)
	})
	w.countOn("people")
}

// enrolments first takes the refs away, so that they can go to other enrolments.
func (w *importWriter) enrolments(all []roster.StoredEnrolment) {
	course := func(e *roster.StoredEnrolment) int64 { return int64(e.Course) }
	person := func(e *roster.StoredEnrolment) int64 { return int64(e.Person) }
	batches(all, func(some []roster.StoredEnrolment) {
		w.exec("enrolments", `UPDATE enrolments e SET ref = NULL FROM unnest($1::bigint[], $2::bigint[]) k (course_id, person_id)
			WHERE e.course_id = k.course_id AND e.person_id = k.person_id AND e.ref IS NOT NULL`, column(some, course), column(some, person))
	})
	batches(all, func(some []roster.StoredEnrolment) {
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

// mark has boards look again, and signs out who may no longer sign in.
func (w *importWriter) mark(cs *roster.ChangeSet) {
	w.exec("courses", `UPDATE courses SET roster = roster + 1 WHERE id = ANY($1)`, cs.Touched)
	w.exec("sign-ins", `DELETE FROM sign_ins WHERE person_id = ANY($1)`, cs.Locked)
}
