package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// AddPeople adds many people, each active, and returns their ids in the same order.
// It is for programs that make people up; what an institution knows comes in as a
// change set.
func (s *Store) AddPeople(ctx context.Context, people []roster.Person, now time.Time) ([]attendance.PersonID, error) {
	ids := make([]attendance.PersonID, len(people))
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM people`).Scan(&last); err != nil {
			return fmt.Errorf("read the last person's id: %w", err)
		}
		var made rows
		for i, p := range people {
			last++
			ids[i] = attendance.PersonID(last)
			made.add(last, p.Ref, p.Given, p.Family, p.Email, p.Username)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO people (id, ref, given, family, email, username, created_at, updated_at)
			SELECT j.value ->> 0, nullif(j.value ->> 1, ''), j.value ->> 2, j.value ->> 3, j.value ->> 4, nullif(j.value ->> 5, ''), ?1, ?1
			FROM json_each(?2) j`, now.UnixMilli(), made.json())
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
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		var term sql.NullInt64
		if n.Term != "" {
			_, err := tx.ExecContext(ctx, `INSERT INTO terms (title) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM terms WHERE title = ?1)`, n.Term)
			if err == nil {
				err = tx.QueryRowContext(ctx, `SELECT min(id) FROM terms WHERE title = ?`, n.Term).Scan(&term)
			}
			if err != nil {
				return fmt.Errorf("add term %q: %w", n.Term, err)
			}
		}
		err := tx.QueryRowContext(ctx, `INSERT INTO courses (code, title, term_id, late_after, on_close, code_step, code_grace)
			VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			n.Code, n.Title, term, lateMinutes(n.Rules), n.Rules.OnClose.String(), n.Rules.CodeStep.Milliseconds(), n.Rules.CodeGrace).Scan(&id)
		if err != nil {
			return fmt.Errorf("add course %s: %w", n.Code, err)
		}
		var members rows
		for _, m := range n.Members {
			members.add(int64(m.ID), m.Role.String())
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO enrolments (course_id, person_id, role) SELECT ?1, j.value ->> 0, j.value ->> 1 FROM json_each(?2) j`,
			id, members.json())
		if err != nil {
			return fmt.Errorf("enrol in course %s: %w", n.Code, err)
		}
		return nil
	})
	return id, err
}
