package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.ImportStore = (*Store)(nil)

// Current implements [roster.ImportStore].
func (s *Store) Current(ctx context.Context) (*roster.Current, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it has read only
	return readCurrent(ctx, tx)
}

func readCurrent(ctx context.Context, q queryer) (*roster.Current, error) {
	cur := &roster.Current{}
	var key []byte
	err := q.QueryRowContext(ctx, `SELECT value FROM secrets WHERE name = 'installation'`).Scan(&key)
	if ok, err := found(err); err != nil {
		return nil, fmt.Errorf("read what names the installation: %w", err)
	} else if ok {
		cur.Installation = roster.Installation(key)
	}
	err = eachRow(ctx, q, `SELECT id, coalesce(ref, ''), title, coalesce(starts, ''), coalesce(ends, '') FROM terms`, nil, func(scan scanFunc) error {
		var t roster.StoredTerm
		err := scan(&t.ID, &t.Ref, &t.Title, &t.Starts, &t.Ends)
		cur.Terms = append(cur.Terms, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	err = eachRow(ctx, q, `SELECT id, coalesce(ref, ''), code, title, coalesce(term_id, 0), active FROM courses`, nil, func(scan scanFunc) error {
		var c roster.StoredCourse
		err := scan(&c.ID, &c.Ref, &c.Code, &c.Title, &c.Term, &c.Active)
		cur.Courses = append(cur.Courses, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read courses: %w", err)
	}
	err = eachRow(ctx, q, selectStoredPeople, nil, func(scan scanFunc) error {
		p, err := scanStoredPerson(scan)
		cur.People = append(cur.People, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	var enrolments int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM enrolments`).Scan(&enrolments); err != nil {
		return nil, fmt.Errorf("count enrolments: %w", err)
	}
	cur.Enrolments = make([]roster.StoredEnrolment, 0, enrolments)
	err = eachRow(ctx, q, `SELECT course_id, person_id, coalesce(ref, ''), role, ended_at IS NOT NULL FROM enrolments`, nil, func(scan scanFunc) error {
		var e roster.StoredEnrolment
		var role string
		err := scan(&e.Course, &e.Person, &e.Ref, &role, &e.Ended)
		e.Role, _ = attendance.ParseRole(role)
		cur.Enrolments = append(cur.Enrolments, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read enrolments: %w", err)
	}
	return cur, nil
}

const selectStoredPeople = `SELECT id, coalesce(ref, ''), given, family, email, coalesce(username, ''), active, admin, coalesce(merged_into, 0) FROM people`

func scanStoredPerson(scan scanFunc) (p roster.StoredPerson, err error) {
	err = scan(&p.ID, &p.Ref, &p.Given, &p.Family, &p.Email, &p.Username, &p.Active, &p.Admin, &p.MergedInto)
	return p, err
}

// ApplyImport implements [roster.ImportStore]. While it runs, nothing else can be
// written.
func (s *Store) ApplyImport(ctx context.Context, h changes.Header, decide func(*roster.Current) (*roster.ChangeSet, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
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
		w.terms(cs.Terms)
		w.courses(cs.Courses)
		w.people(cs.People)
		w.enrolments(cs.Enrolments)
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
	err   error
}

// batch is how many rows go into one statement.
const batch = 5000

// write runs statements over things in batches, and records what becomes of them. Each
// statement gets the rows that row makes of the things as ?1, and the time as ?2.
func write[T any](w *importWriter, t schema.Thing, all []T, keys, row func(*rows, *T), statements ...string) {
	steps := len(statements) + 2
	batches(w, all, steps, keys, func(r rows) error { return w.before(t, r) })
	for _, statement := range statements {
		batches(w, all, steps, row, func(r rows) error {
			if _, err := w.tx.ExecContext(w.ctx, statement, r.json(), w.now); err != nil {
				return fmt.Errorf("import each %s: %w", t.What, err)
			}
			return nil
		})
	}
	batches(w, all, steps, keys, func(r rows) error { return w.after(t, r) })
}

// batches calls fn with the rows of some things after the other, which is one of so many
// steps of writing them.
func batches[T any](w *importWriter, all []T, steps int, row func(*rows, *T), fn func(rows) error) {
	for first := 0; first < len(all) && w.err == nil; first += batch {
		var r rows
		last := min(first+batch, len(all))
		for i := first; i < last; i++ {
			row(&r, &all[i])
		}
		w.err = fn(r)
		w.meter.AddStep(last-first, steps)
	}
}

func (w *importWriter) terms(all []roster.StoredTerm) {
	write(w, schema.Term, all, func(r *rows, t *roster.StoredTerm) { r.add(t.ID) }, func(r *rows, t *roster.StoredTerm) { r.add(t.ID, t.Ref, t.Title, t.Starts, t.Ends) },
		`INSERT INTO terms (id, ref, title, starts, ends)
		SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, nullif(j.value ->> 3, ''), nullif(j.value ->> 4, '') FROM json_each(?1) j WHERE ?2 IS NOT NULL
		ON CONFLICT (id) DO UPDATE SET title = excluded.title, starts = excluded.starts, ends = excluded.ends`)
}

func (w *importWriter) courses(all []roster.StoredCourse) {
	r := attendance.DefaultRules()
	write(w, schema.Course, all, func(r *rows, c *roster.StoredCourse) { r.add(int64(c.ID)) }, func(r *rows, c *roster.StoredCourse) {
		r.add(int64(c.ID), c.Ref, c.Code, c.Title, c.Term, boolInt(c.Active))
	},
		fmt.Sprintf(`INSERT INTO courses (id, ref, code, title, term_id, active, late_after, on_close, code_step, code_grace)
		SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, j.value ->> 3, nullif(j.value ->> 4, 0), j.value ->> 5, %d, '%s', %d, %d FROM json_each(?1) j WHERE ?2 IS NOT NULL
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, title = excluded.title, term_id = excluded.term_id, active = excluded.active`,
			lateMinutes(r).Int64, r.OnClose, r.CodeStep.Milliseconds(), r.CodeGrace))
}

// people first takes the usernames away, so that people can swap theirs.
func (w *importWriter) people(all []roster.StoredPerson) {
	row := func(r *rows, p *roster.StoredPerson) {
		r.add(int64(p.ID), p.Ref, p.Given, p.Family, p.Email, p.Username, boolInt(p.Active), int64(p.MergedInto))
	}
	write(w, schema.Person, all, func(r *rows, p *roster.StoredPerson) { r.add(int64(p.ID)) }, row,
		`UPDATE people SET username = NULL WHERE id IN (SELECT j.value ->> 0 FROM json_each(?1) j) AND ?2 IS NOT NULL`,
		`INSERT INTO people (id, ref, given, family, email, username, active, merged_into, created_at, updated_at)
		SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, j.value ->> 3, j.value ->> 4, nullif(j.value ->> 5, ''), j.value ->> 6, nullif(j.value ->> 7, 0), ?2, ?2 FROM json_each(?1) j WHERE 1
		ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, given = excluded.given, family = excluded.family, email = excluded.email,
			username = excluded.username, active = excluded.active, merged_into = excluded.merged_into, updated_at = excluded.updated_at`)
}

// enrolments first takes the refs away, so that they can go to other enrolments.
func (w *importWriter) enrolments(all []roster.StoredEnrolment) {
	row := func(r *rows, e *roster.StoredEnrolment) {
		r.add(int64(e.Course), int64(e.Person), e.Ref, e.Role.String(), boolInt(e.Ended))
	}
	write(w, schema.Enrolment, all, func(r *rows, e *roster.StoredEnrolment) { r.add(int64(e.Course), int64(e.Person)) }, row,
		`UPDATE enrolments SET ref = NULL
		WHERE (course_id, person_id) IN (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j) AND ref IS NOT NULL AND ?2 IS NOT NULL`,
		`INSERT INTO enrolments (course_id, person_id, ref, role, ended_at)
		SELECT j.value ->> 0, j.value ->> 1, nullif(j.value ->> 2, ''), j.value ->> 3, CASE WHEN j.value ->> 4 THEN ?2 END FROM json_each(?1) j WHERE 1
		ON CONFLICT (course_id, person_id) DO UPDATE SET ref = excluded.ref, role = excluded.role,
			ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL ELSE coalesce(ended_at, excluded.ended_at) END`)
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
