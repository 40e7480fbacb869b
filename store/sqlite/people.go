package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

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

func readPerson(ctx context.Context, q queryer, id attendance.PersonID) (roster.Person, error) {
	p, err := scanPerson(q.QueryRowContext(ctx, `SELECT `+personColumns+` FROM people p WHERE p.id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
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
	where, args := matching(page.Query, `p.family || ' ' || p.given || ' ' || coalesce(p.ref, '') || ' ' || coalesce(p.username, '') || ' ' || p.email`)
	args = append(args, name, id, page.Limit+1)
	const key = `(p.family || ' ' || p.given) COLLATE NOCASE`
	err = eachRow(ctx, s.read, `SELECT `+personColumns+` FROM people p
		WHERE p.merged_into IS NULL AND `+where+` AND (`+key+`, p.id) > (?, ?) ORDER BY `+key+`, p.id LIMIT ?`, args, func(scan scanFunc) error {
		p, err := scanPerson(scan)
		found = append(found, p)
		return err
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
func (s *Store) AddPerson(ctx context.Context, by attendance.Author, p roster.Person, now time.Time) (roster.Person, error) {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO people (ref, given, family, email, username, admin, created_at, updated_at)
			VALUES (nullif(?, ''), ?, ?, ?, nullif(?, ''), ?, ?, ?)`,
			p.Ref, p.Given, p.Family, p.Email, p.Username, p.Admin, now.UnixMilli(), now.UnixMilli())
		if err != nil {
			return personConflict(err)
		}
		id, err := result.LastInsertId()
		if err != nil {
			return err
		}
		if p, err = readPerson(ctx, tx, attendance.PersonID(id)); err != nil {
			return err
		}
		return addAudit(ctx, tx, now, by, "add person", fmt.Sprint("person ", id), p.Detail())
	})
	return p, err
}

// ChangePerson changes a person and returns them as they are then, and the courses
// whose people look different now. Somebody who may no longer sign in is signed out.
func (s *Store) ChangePerson(ctx context.Context, by attendance.Author, id attendance.PersonID, change roster.PersonChange, now time.Time) (p roster.Person, courses []attendance.CourseID, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
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
		_, err = tx.ExecContext(ctx, `UPDATE people SET given = ?, family = ?, email = ?, username = nullif(?, ''), admin = ?, active = ?, updated_at = ? WHERE id = ?`,
			p.Given, p.Family, p.Email, p.Username, p.Admin, p.Active, now.UnixMilli(), id)
		if err != nil {
			return personConflict(err)
		}
		if !p.Active {
			if _, err := tx.ExecContext(ctx, `DELETE FROM sign_ins WHERE person_id = ?`, id); err != nil {
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
func notMerged(ctx context.Context, tx *sql.Tx, id attendance.PersonID) error {
	var merged bool
	if err := tx.QueryRowContext(ctx, `SELECT merged_into IS NOT NULL FROM people WHERE id = ?`, id).Scan(&merged); err != nil {
		return fmt.Errorf("look whether person %d was merged: %w", id, err)
	}
	if merged {
		return roster.ErrMerged
	}
	return nil
}

func bumpCoursesOf(ctx context.Context, tx *sql.Tx, person attendance.PersonID) (courses []attendance.CourseID, err error) {
	err = eachRow(ctx, tx, `UPDATE courses SET roster = roster + 1
		WHERE id IN (SELECT course_id FROM enrolments WHERE person_id = ? AND ended_at IS NULL) RETURNING id`, []any{person},
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

// personConflict says which of a person's unique fields somebody else has.
func personConflict(err error) error {
	for field, say := range map[string]string{"username": "Somebody else has this username.", "ref": "Somebody else has this reference."} {
		if strings.Contains(err.Error(), "UNIQUE constraint failed: people."+field) {
			return &attendance.Error{Code: attendance.CodeConflict, Field: field, Message: say + " Choose another."}
		}
	}
	return fmt.Errorf("write person: %w", err)
}
