package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

const courseColumns = `c.id, c.code, c.title, coalesce(t.title, ''), c.late_after, c.on_close, c.code_step, c.code_grace, c.status_set,
	(SELECT count(*) FROM enrolments x WHERE x.course_id = c.id AND x.role = 'student' AND x.ended_at IS NULL)`

const courseTables = ` FROM courses c LEFT JOIN terms t ON t.id = c.term_id`

// scanCourse reads courseColumns, and whatever comes after them into rest.
func scanCourse(scan scanFunc, rest ...any) (c roster.Course, err error) {
	var lateAfter pgtype.Int8
	var onClose string
	var step int64
	dest := append([]any{&c.ID, &c.Code, &c.Title, &c.Term, &lateAfter, &onClose, &step, &c.Rules.CodeGrace, &c.StatusSet, &c.Students}, rest...)
	if err := scan(dest...); err != nil {
		return c, err
	}
	c.Rules.LateAfter = attendance.NeverLate
	if lateAfter.Valid {
		c.Rules.LateAfter = time.Duration(lateAfter.Int64) * time.Minute
	}
	c.Rules.OnClose, _ = attendance.ParseOnClose(onClose)
	c.Rules.CodeStep = time.Duration(step) * time.Millisecond
	return c, nil
}

// Course returns a course, or an [attendance.Error] with CodeNotFound.
func (s *Store) Course(ctx context.Context, id attendance.CourseID) (c roster.Course, err error) {
	err = s.reading(ctx, func(q queryer) error {
		c, err = readCourse(ctx, q, id)
		return err
	})
	return c, err
}

func readCourse(ctx context.Context, q queryer, id attendance.CourseID) (roster.Course, error) {
	c, err := scanCourse(q.QueryRow(ctx, `SELECT `+courseColumns+courseTables+` WHERE c.id = $1`, id).Scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, attendance.Refuse(attendance.CodeNotFound, "There is no such course.")
	}
	if err != nil {
		return c, fmt.Errorf("read course %d: %w", id, err)
	}
	return c, nil
}

// Memberships returns the courses that a person is in now, by title.
func (s *Store) Memberships(ctx context.Context, person attendance.PersonID) (all []roster.Membership, err error) {
	const query = `SELECT ` + courseColumns + `, e.role,
		coalesce((SELECT max(s.id) FROM sessions s WHERE s.course_id = c.id AND s.status = 'open'), 0)` + courseTables + `
		JOIN enrolments e ON e.course_id = c.id
		WHERE e.person_id = $1 AND e.ended_at IS NULL AND c.active ORDER BY lower(c.title), c.id`
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, query, []any{person}, func(scan scanFunc) error {
			var m roster.Membership
			var role string
			var err error
			m.Course, err = scanCourse(scan, &role, &m.Open)
			m.Role, _ = attendance.ParseRole(role)
			all = append(all, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the courses of person %d: %w", person, err)
	}
	return all, nil
}

// Members returns those who are in a course now, by name.
func (s *Store) Members(ctx context.Context, course attendance.CourseID) (all []roster.Member, err error) {
	const query = `SELECT p.id, p.given, p.family, coalesce(p.ref, ''), e.role
		FROM enrolments e JOIN people p ON p.id = e.person_id
		WHERE e.course_id = $1 AND e.ended_at IS NULL ORDER BY lower(p.family), lower(p.given), p.id`
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, query, []any{course}, func(scan scanFunc) error {
			var m roster.Member
			var role string
			err := scan(&m.ID, &m.Given, &m.Family, &m.Ref, &role)
			m.Role, _ = attendance.ParseRole(role)
			all = append(all, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the members of course %d: %w", course, err)
	}
	return all, nil
}

// Courses returns a page of all courses, by title, and the cursor of the next page.
func (s *Store) Courses(ctx context.Context, p roster.Page) (found []roster.Listing, next string, err error) {
	title, id := roster.ParseCursor(p.After)
	where, args := matching(p.Query, `c.code || ' ' || c.title || ' ' || coalesce(t.title, '')`, title, id, p.Limit+1)
	query := `SELECT ` + courseColumns + `, coalesce((SELECT array_agg(p.given || ' ' || p.family ORDER BY p.id)
			FROM enrolments e JOIN people p ON p.id = e.person_id
			WHERE e.course_id = c.id AND e.role = 'teacher' AND e.ended_at IS NULL), '{}')` + courseTables + `
		WHERE c.active AND ` + where + ` AND (lower(c.title), c.id) > (lower($1), $2) ORDER BY lower(c.title), c.id LIMIT $3`
	err = s.reading(ctx, func(q queryer) error {
		found = nil
		return eachRow(ctx, q, query, args, func(scan scanFunc) error {
			var l roster.Listing
			var err error
			l.Course, err = scanCourse(scan, &l.Teachers)
			found = append(found, l)
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list courses: %w", err)
	}
	if len(found) > p.Limit {
		found = found[:p.Limit]
		last := found[p.Limit-1]
		next = roster.Cursor(last.Title, int64(last.ID))
	}
	return found, next, nil
}

// ChangeRules changes settings of a course and returns it as it is then.
func (s *Store) ChangeRules(ctx context.Context, by attendance.Author, id attendance.CourseID, change roster.RulesChange, now time.Time) (c roster.Course, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// Two who change different settings at the same time both have their way.
		if _, err := tx.Exec(ctx, `SELECT 1 FROM courses WHERE id = $1 FOR NO KEY UPDATE`, id); err != nil {
			return fmt.Errorf("lock course %d: %w", id, err)
		}
		if c, err = readCourse(ctx, tx, id); err != nil {
			return err
		}
		before := c.Rules
		c.Rules = change.Apply(before)
		if err := c.Rules.Validate(); err != nil || c.Rules == before {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE courses SET late_after = $1, on_close = $2, code_step = $3, code_grace = $4, roster = roster + 1 WHERE id = $5`,
			lateMinutes(c.Rules), c.Rules.OnClose.String(), c.Rules.CodeStep.Milliseconds(), c.Rules.CodeGrace, id)
		if err != nil {
			return fmt.Errorf("change the rules of course %d: %w", id, err)
		}
		return addAudit(ctx, tx, now, by, "change settings", fmt.Sprint("course ", id), map[string]any{"old": roster.RulesDetail(before), "new": roster.RulesDetail(c.Rules)})
	})
	return c, err
}

func lateMinutes(r attendance.Rules) pgtype.Int8 {
	return pgtype.Int8{Int64: int64(r.LateAfter / time.Minute), Valid: r.LateAfter >= 0}
}

// matching returns a condition that each word of a query occurs in a text, and args
// with the condition's arguments after them.
func matching(query, text string, args ...any) (where string, all []any) {
	where = "true"
	for _, word := range strings.Fields(query) {
		args = append(args, word)
		where += fmt.Sprintf(` AND strpos(lower(%s), lower($%d)) > 0`, text, len(args))
	}
	return where, args
}
