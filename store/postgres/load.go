package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// AddPeople adds many people, each active, and returns their ids in the same order.
// It is for programs that make people up; what an institution knows comes in as a
// change set.
func (s *Store) AddPeople(ctx context.Context, people []roster.Person, now time.Time) (ids []attendance.PersonID, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// An import gives ids out itself, so none may run between taking ids and using them.
		if _, err := tx.Exec(ctx, `LOCK TABLE people IN ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("wait for imports: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT nextval(pg_get_serial_sequence('people', 'id')) FROM generate_series(1, $1)`, len(people))
		if err == nil {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[attendance.PersonID])
		}
		if err != nil {
			return fmt.Errorf("take ids for people: %w", err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO people (id, ref, given, family, email, username, created_at, updated_at)
			SELECT id, nullif(ref, ''), given, family, email, nullif(username, ''), $1, $1
			FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) p (id, ref, given, family, email, username)`,
			now.UnixMilli(), ids,
			column(people, func(p *roster.Person) string { return p.Ref }),
			column(people, func(p *roster.Person) string { return p.Given }),
			column(people, func(p *roster.Person) string { return p.Family }),
			column(people, func(p *roster.Person) string { return p.Email }),
			column(people, func(p *roster.Person) string { return p.Username }))
		if err != nil {
			return personConflict(err)
		}
		return nil
	})
	return ids, err
}

// AddCourse makes a course, its term if there is none of that title, and its
// enrolments.
func (s *Store) AddCourse(ctx context.Context, n roster.NewCourse) (id attendance.CourseID, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var term pgtype.Int8
		if n.Term != "" {
			_, err := tx.Exec(ctx, `LOCK TABLE terms IN SHARE ROW EXCLUSIVE MODE`) // two courses at once make one term
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO terms (title) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM terms WHERE title = $1)`, n.Term)
			}
			if err == nil {
				err = tx.QueryRow(ctx, `SELECT min(id) FROM terms WHERE title = $1`, n.Term).Scan(&term)
			}
			if err != nil {
				return fmt.Errorf("add term %q: %w", n.Term, err)
			}
		}
		err := tx.QueryRow(ctx, `INSERT INTO courses (code, title, term_id, late_after, on_close, code_step, code_grace)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			n.Code, n.Title, term, lateMinutes(n.Rules), n.Rules.OnClose.String(), n.Rules.CodeStep.Milliseconds(), n.Rules.CodeGrace).Scan(&id)
		if err != nil {
			return fmt.Errorf("add course %s: %w", n.Code, err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO enrolments (course_id, person_id, role)
			SELECT $1, person_id, role FROM unnest($2::bigint[], $3::text[]) m (person_id, role)`, id,
			column(n.Members, func(m *roster.Member) int64 { return int64(m.ID) }),
			column(n.Members, func(m *roster.Member) string { return m.Role.String() }))
		if err != nil {
			return fmt.Errorf("enrol in course %s: %w", n.Code, err)
		}
		return nil
	})
	return id, err
}
