package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

const courseColumns = `c.id, c.code, c.title, coalesce(t.title, ''), c.late_after, c.on_close, c.code_step, c.code_grace, c.status_set,
	(SELECT count(*) FROM enrolments x WHERE x.course_id = c.id AND x.role = 'student' AND x.ended_at IS NULL)`

const courseTables = ` FROM courses c LEFT JOIN terms t ON t.id = c.term_id`

// scanCourse reads courseColumns, and whatever comes after them into rest.
func scanCourse(scan scanFunc, rest ...any) (c roster.Course, err error) {
	var lateAfter sql.NullInt64
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
func (s *Store) Course(ctx context.Context, id attendance.CourseID) (roster.Course, error) {
	return readCourse(ctx, s.read, id)
}

func readCourse(ctx context.Context, q queryer, id attendance.CourseID) (roster.Course, error) {
	c, err := scanCourse(q.QueryRowContext(ctx, `SELECT `+courseColumns+courseTables+` WHERE c.id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return c, attendance.Refuse(attendance.CodeNotFound, "There is no such course.")
	}
	if err != nil {
		return c, fmt.Errorf("read course %d: %w", id, err)
	}
	return c, nil
}

// Memberships returns the courses that a person is in now, by title.
func (s *Store) Memberships(ctx context.Context, person attendance.PersonID) ([]roster.Membership, error) {
	var all []roster.Membership
	err := eachRow(ctx, s.read, `SELECT `+courseColumns+`, e.role,
		coalesce((SELECT max(s.id) FROM sessions s WHERE s.course_id = c.id AND s.status = 'open'), 0)`+courseTables+`
		JOIN enrolments e ON e.course_id = c.id
		WHERE e.person_id = ? AND e.ended_at IS NULL AND c.active = 1 ORDER BY c.title COLLATE NOCASE, c.id`,
		[]any{person}, func(scan scanFunc) error {
			var m roster.Membership
			var role string
			var err error
			m.Course, err = scanCourse(scan, &role, &m.Open)
			m.Role, _ = attendance.ParseRole(role)
			all = append(all, m)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the courses of person %d: %w", person, err)
	}
	return all, nil
}

// Members returns those who are in a course now, by name.
func (s *Store) Members(ctx context.Context, course attendance.CourseID) ([]roster.Member, error) {
	var all []roster.Member
	err := eachRow(ctx, s.read, `SELECT p.id, p.given, p.family, coalesce(p.ref, ''), e.role
		FROM enrolments e JOIN people p ON p.id = e.person_id
		WHERE e.course_id = ? AND e.ended_at IS NULL ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`,
		[]any{course}, func(scan scanFunc) error {
			var m roster.Member
			var role string
			err := scan(&m.ID, &m.Given, &m.Family, &m.Ref, &role)
			m.Role, _ = attendance.ParseRole(role)
			all = append(all, m)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the members of course %d: %w", course, err)
	}
	return all, nil
}

// Courses returns a page of all courses, by title, and the cursor of the next page.
func (s *Store) Courses(ctx context.Context, p roster.Page) (found []roster.Listing, next string, err error) {
	title, id := roster.ParseCursor(p.After)
	where, args := matching(p.Query, `c.code || ' ' || c.title || ' ' || coalesce(t.title, '')`)
	args = append(args, title, id, p.Limit+1)
	err = eachRow(ctx, s.read, `SELECT `+courseColumns+`, coalesce((SELECT json_group_array(p.given || ' ' || p.family)
			FROM enrolments e JOIN people p ON p.id = e.person_id
			WHERE e.course_id = c.id AND e.role = 'teacher' AND e.ended_at IS NULL), '[]')`+courseTables+`
		WHERE c.active = 1 AND `+where+` AND (c.title COLLATE NOCASE, c.id) > (?, ?) ORDER BY c.title COLLATE NOCASE, c.id LIMIT ?`,
		args, func(scan scanFunc) error {
			var l roster.Listing
			var teachers string
			var err error
			if l.Course, err = scanCourse(scan, &teachers); err == nil {
				err = json.Unmarshal([]byte(teachers), &l.Teachers)
			}
			found = append(found, l)
			return err
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
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if c, err = readCourse(ctx, tx, id); err != nil {
			return err
		}
		before := c.Rules
		c.Rules = change.Apply(before)
		if err := c.Rules.Validate(); err != nil || c.Rules == before {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE courses SET late_after = ?, on_close = ?, code_step = ?, code_grace = ?, roster = roster + 1 WHERE id = ?`,
			lateMinutes(c.Rules), c.Rules.OnClose.String(), c.Rules.CodeStep.Milliseconds(), c.Rules.CodeGrace, id)
		if err != nil {
			return fmt.Errorf("change the rules of course %d: %w", id, err)
		}
		return addAudit(ctx, tx, now, by, "change settings", fmt.Sprint("course ", id), map[string]any{"old": roster.RulesDetail(before), "new": roster.RulesDetail(c.Rules)})
	})
	return c, err
}

func lateMinutes(r attendance.Rules) sql.NullInt64 {
	return sql.NullInt64{Int64: int64(r.LateAfter / time.Minute), Valid: r.LateAfter >= 0}
}

// matching returns a condition that each word of a query occurs in a text, and its
// arguments.
func matching(query, text string) (where string, args []any) {
	where = "1"
	for _, word := range strings.Fields(query) {
		where += ` AND instr(lower(` + text + `), lower(?)) > 0`
		args = append(args, word)
	}
	return where, args
}
