package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

const personColumns = `p.id, coalesce(p.ref, ''), p.given, p.family, p.email, coalesce(p.username, ''), p.admin, p.active,
	EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id),
	(SELECT count(*) FROM enrolments e WHERE e.person_id = p.id AND e.ended_at IS NULL)`

func scanPerson(scan scanFunc) (p roster.Person, err error) {
	err = scan(&p.ID, &p.Ref, &p.Given, &p.Family, &p.Email, &p.Username, &p.Admin, &p.Active, &p.HasPassword, &p.Courses)
	return p, err
}

// readPerson reads a person, whose row nobody else changes until the end of tx.
func readPerson(ctx context.Context, tx pgx.Tx, id attendance.PersonID) (roster.Person, error) {
	p, err := scanPerson(tx.QueryRow(ctx, `SELECT `+personColumns+` FROM people p WHERE p.id = $1 FOR NO KEY UPDATE OF p`, id).Scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, attendance.Refuse(attendance.CodeNotFound, "There is no such person.")
	}
	if err != nil {
		return p, fmt.Errorf("read person %d: %w", id, err)
	}
	return p, nil
}

// People returns a page of all people, by name, and the cursor of the next page.
func (s *Store) People(ctx context.Context, page roster.Page) (found []roster.Person, next string, err error) {
	name, id := roster.ParseCursor(page.After)
	const text = `p.family || ' ' || p.given || ' ' || coalesce(p.ref, '') || ' ' || coalesce(p.username, '') || ' ' || p.email`
	where, args := matching(page.Query, text, name, id, page.Limit+1)
	const key = `lower(p.family || ' ' || p.given)`
	query := `SELECT ` + personColumns + ` FROM people p
		WHERE p.merged_into IS NULL AND ` + where + ` AND (` + key + `, p.id) > (lower($1), $2) ORDER BY ` + key + `, p.id LIMIT $3`
	err = s.reading(ctx, func(q queryer) error {
		found = nil
		return eachRow(ctx, q, query, args, func(scan scanFunc) error {
			p, err := scanPerson(scan)
			found = append(found, p)
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list people: %w", err)
	}
	if len(found) > page.Limit {
		found = found[:page.Limit]
		last := found[page.Limit-1]
		next = roster.Cursor(last.Family+" "+last.Given, int64(last.ID))
	}
	return found, next, nil
}

// AddPerson adds a person and returns them with their id.
func (s *Store) AddPerson(ctx context.Context, by attendance.Author, p roster.Person, now time.Time) (added roster.Person, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var id attendance.PersonID
		err := tx.QueryRow(ctx, `INSERT INTO people (ref, given, family, email, username, admin, created_at, updated_at)
			VALUES (nullif($1, ''), $2, $3, $4, nullif($5, ''), $6, $7, $7) RETURNING id`,
			p.Ref, p.Given, p.Family, p.Email, p.Username, p.Admin, now.UnixMilli()).Scan(&id)
		if err != nil {
			return personConflict(err)
		}
		if added, err = readPerson(ctx, tx, id); err != nil {
			return err
		}
		return addAudit(ctx, tx, now, by, "add person", fmt.Sprint("person ", id), added.Detail())
	})
	return added, err
}

// ChangePerson changes a person and returns them as they are then, and the courses
// whose people look different now. Somebody who may no longer sign in is signed out.
func (s *Store) ChangePerson(ctx context.Context, by attendance.Author, id attendance.PersonID, change roster.PersonChange, now time.Time) (p roster.Person, courses []attendance.CourseID, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		courses = nil
		before, err := readPerson(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := notMerged(ctx, tx, id); err != nil {
			return err
		}
		p = change.Apply(before)
		if p == before {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE people SET given = $1, family = $2, email = $3, username = nullif($4, ''), admin = $5, active = $6, updated_at = $7 WHERE id = $8`,
			p.Given, p.Family, p.Email, p.Username, p.Admin, p.Active, now.UnixMilli(), id)
		if err != nil {
			return personConflict(err)
		}
		if !p.Active {
			if _, err := tx.Exec(ctx, `DELETE FROM sign_ins WHERE person_id = $1`, id); err != nil {
				return fmt.Errorf("sign person %d out: %w", id, err)
			}
		}
		if p.Given != before.Given || p.Family != before.Family {
			if courses, err = bumpCoursesOf(ctx, tx, id); err != nil {
				return err
			}
		}
		return addAudit(ctx, tx, now, by, "change person", fmt.Sprint("person ", id), map[string]any{"old": before.Detail(), "new": p.Detail()})
	})
	return p, courses, err
}

// notMerged refuses to change somebody who was merged into another.
func notMerged(ctx context.Context, tx pgx.Tx, id attendance.PersonID) error {
	var merged bool
	if err := tx.QueryRow(ctx, `SELECT merged_into IS NOT NULL FROM people WHERE id = $1`, id).Scan(&merged); err != nil {
		return fmt.Errorf("look whether person %d was merged: %w", id, err)
	}
	if merged {
		return roster.ErrMerged
	}
	return nil
}

func bumpCoursesOf(ctx context.Context, tx pgx.Tx, person attendance.PersonID) (courses []attendance.CourseID, err error) {
	err = eachRow(ctx, tx, `UPDATE courses SET roster = roster + 1
		WHERE id IN (SELECT course_id FROM enrolments WHERE person_id = $1 AND ended_at IS NULL) RETURNING id`, []any{person},
		func(scan scanFunc) error {
			var id attendance.CourseID
			err := scan(&id)
			courses = append(courses, id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("note the change in the courses of person %d: %w", person, err)
	}
	return courses, nil
}

// violates reports whether a row was refused because a unique index has its like.
func violates(err error, index string) bool {
	const uniqueViolation = "23505"
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == uniqueViolation && answer.ConstraintName == index
}

// personConflict says which of a person's unique fields somebody else has.
func personConflict(err error) error {
	switch {
	case violates(err, "people_by_username"):
		return &attendance.Error{Code: attendance.CodeConflict, Field: "username", Message: "Somebody else has this username. Choose another."}
	case violates(err, "people_by_ref"):
		return &attendance.Error{Code: attendance.CodeConflict, Field: "ref", Message: "Somebody else has this reference. Choose another."}
	}
	return fmt.Errorf("write person: %w", err)
}
