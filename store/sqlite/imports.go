package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
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
	err := eachRow(ctx, q, `SELECT id, coalesce(ref, ''), title, coalesce(starts, ''), coalesce(ends, '') FROM terms`, nil, func(scan scanFunc) error {
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
	err = eachRow(ctx, q, `SELECT id, coalesce(ref, ''), given, family, email, coalesce(username, ''), active, admin FROM people`, nil, func(scan scanFunc) error {
		var p roster.StoredPerson
		err := scan(&p.ID, &p.Ref, &p.Given, &p.Family, &p.Email, &p.Username, &p.Active, &p.Admin)
		cur.People = append(cur.People, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
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

// ApplyImport implements [roster.ImportStore]. While it runs, nothing else can be
// written.
func (s *Store) ApplyImport(ctx context.Context, actor attendance.PersonID, now time.Time, decide func(*roster.Current) (*roster.ChangeSet, error)) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
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
	tx  *sql.Tx
	now int64
	err error
}

// batch is how many rows go into one statement.
const batch = 5000

// each runs statements over things in batches; each statement gets the rows that
// row makes of them as ?1, and the time as ?2.
func each[T any](w *importWriter, what string, all []T, row func(*rows, *T), statements ...string) {
	for first := 0; first < len(all) && w.err == nil; first += batch {
		var r rows
		for i := first; i < min(first+batch, len(all)); i++ {
			row(&r, &all[i])
		}
		for _, statement := range statements {
			w.exec(what, statement, r.json(), w.now)
		}
	}
}

func (w *importWriter) exec(what, statement string, args ...any) {
	if w.err != nil {
		return
	}
	if _, err := w.tx.ExecContext(w.ctx, statement, args...); err != nil {
		w.err = fmt.Errorf("import %s: %w", what, err)
	}
}

func (w *importWriter) terms(all []roster.StoredTerm) {
	each(w, "terms", all, func(r *rows, t *roster.StoredTerm) { r.add(t.ID, t.Ref, t.Title, t.Starts, t.Ends) },
		`INSERT INTO terms (id, ref, title, starts, ends)
		SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, nullif(j.value ->> 3, ''), nullif(j.value ->> 4, '') FROM json_each(?1) j WHERE ?2 IS NOT NULL
		ON CONFLICT (id) DO UPDATE SET title = excluded.title, starts = excluded.starts, ends = excluded.ends`)
}

func (w *importWriter) courses(all []roster.StoredCourse) {
	r := attendance.DefaultRules()
	each(w, "courses", all, func(r *rows, c *roster.StoredCourse) {
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
		r.add(int64(p.ID), p.Ref, p.Given, p.Family, p.Email, p.Username, boolInt(p.Active))
	}
	each(w, "people", all, row, `UPDATE people SET username = NULL WHERE id IN (SELECT j.value ->> 0 FROM json_each(?1) j) AND ?2 IS NOT NULL`)
	each(w, "people", all, row,
		`INSERT INTO people (id, ref, given, family, email, username, active, created_at, updated_at)
		SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, j.value ->> 3, j.value ->> 4, nullif(j.value ->> 5, ''), j.value ->> 6, ?2, ?2 FROM json_each(?1) j WHERE 1
		ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, given = excluded.given, family = excluded.family, email = excluded.email,
			username = excluded.username, active = excluded.active, updated_at = excluded.updated_at`)
}

// enrolments first takes the refs away, so that they can go to other enrolments.
func (w *importWriter) enrolments(all []roster.StoredEnrolment) {
	row := func(r *rows, e *roster.StoredEnrolment) {
		r.add(int64(e.Course), int64(e.Person), e.Ref, e.Role.String(), boolInt(e.Ended))
	}
	each(w, "enrolments", all, row, `UPDATE enrolments SET ref = NULL
		WHERE (course_id, person_id) IN (SELECT j.value ->> 0, j.value ->> 1 FROM json_each(?1) j) AND ref IS NOT NULL AND ?2 IS NOT NULL`)
	each(w, "enrolments", all, row,
		`INSERT INTO enrolments (course_id, person_id, ref, role, ended_at)
		SELECT j.value ->> 0, j.value ->> 1, nullif(j.value ->> 2, ''), j.value ->> 3, CASE WHEN j.value ->> 4 THEN ?2 END FROM json_each(?1) j WHERE 1
		ON CONFLICT (course_id, person_id) DO UPDATE SET ref = excluded.ref, role = excluded.role,
			ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL ELSE coalesce(ended_at, excluded.ended_at) END`)
}

// mark has boards look again, and signs out who may no longer sign in.
func (w *importWriter) mark(cs *roster.ChangeSet) {
	var touched, locked rows
	for _, id := range cs.Touched {
		touched.add(int64(id))
	}
	for _, id := range cs.Locked {
		locked.add(int64(id))
	}
	w.exec("courses", `UPDATE courses SET roster = roster + 1 WHERE id IN (SELECT j.value ->> 0 FROM json_each(?1) j)`, touched.json())
	w.exec("sign-ins", `DELETE FROM sign_ins WHERE person_id IN (SELECT j.value ->> 0 FROM json_each(?1) j)`, locked.json())
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
