package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

// counts is the condition that a session s counts in reports.
const counts = `s.status <> 'scheduled' AND s.cancelled_at IS NULL`

// Term implements [report.Store]. It is as of one moment.
func (s *Store) Term(ctx context.Context, course attendance.CourseID) (term *report.Term, ok bool, err error) {
	err = s.View(ctx, func(tx *sql.Tx) error {
		term, err = readTerm(ctx, tx, course)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the term of course %d: %w", course, err)
	}
	return term, true, nil
}

const aboutColumns = `c.id, c.code, c.title, coalesce(t.title, ''), c.status_set`

func aboutFields(a *report.About) []any { return []any{&a.ID, &a.Code, &a.Title, &a.Term, &a.Set} }

func readTerm(ctx context.Context, tx *sql.Tx, course attendance.CourseID) (*report.Term, error) {
	var about report.About
	err := tx.QueryRowContext(ctx, `SELECT `+aboutColumns+courseTables+` WHERE c.id = ?`, course).Scan(aboutFields(&about)...)
	if err != nil {
		return nil, err
	}
	held, err := readHeld(ctx, tx, course)
	if err != nil {
		return nil, err
	}
	var students []report.Student
	err = eachRow(ctx, tx, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), e.person_id IS NULL
		FROM (
			SELECT person_id FROM enrolments WHERE course_id = ?1 AND role = 'student' AND ended_at IS NULL
			UNION SELECT m.person_id FROM sessions s CROSS JOIN marks m ON m.session_id = s.id WHERE s.course_id = ?1 AND `+counts+`
		) who
		JOIN people p ON p.id = who.person_id
		LEFT JOIN enrolments e ON e.course_id = ?1 AND e.person_id = p.id AND e.role = 'student' AND e.ended_at IS NULL
		ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`, []any{course}, func(scan scanFunc) error {
		var one report.Student
		err := scan(&one.Person, &one.Family, &one.Given, &one.Ref, &one.Left)
		students = append(students, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	var marks []report.Mark
	err = eachRow(ctx, tx, `SELECT m.session_id, m.person_id, m.mark, m.status FROM sessions s CROSS JOIN marks m ON m.session_id = s.id
		WHERE s.course_id = ? AND `+counts, []any{course}, func(scan scanFunc) error {
		var m report.Mark
		var name string
		if err := scan(&m.Session, &m.Person, &name, &m.Status); err != nil {
			return err
		}
		m.Mark, _ = attendance.ParseMark(name)
		marks = append(marks, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sets, err := readStatusSets(ctx, tx)
	if err != nil {
		return nil, err
	}
	return report.NewTerm(about, attendance.FindStatusSet(sets, about.Set), held, students, marks), nil
}

// Held implements [report.Store].
func (s *Store) Held(ctx context.Context, course attendance.CourseID) ([]report.Held, error) {
	held, err := readHeld(ctx, s.read, course)
	if err != nil {
		return nil, fmt.Errorf("read the sessions of course %d: %w", course, err)
	}
	return held, nil
}

func readHeld(ctx context.Context, q queryer, course attendance.CourseID) (held []report.Held, err error) {
	err = eachRow(ctx, q, `SELECT s.id, s.title, coalesce(s.starts_at, s.opened_at), s.opened_at, s.closed_at, s.status
		FROM sessions s WHERE s.course_id = ? AND `+counts+` ORDER BY coalesce(s.starts_at, s.opened_at), s.id`, []any{course},
		func(scan scanFunc) error {
			var h report.Held
			var starts, opened, closed sql.NullInt64
			var status string
			if err := scan(&h.ID, &h.Title, &starts, &opened, &closed, &status); err != nil {
				return err
			}
			h.Starts, h.OpenedAt, h.ClosedAt = fromMillis(starts), fromMillis(opened), fromMillis(closed)
			h.Status, _ = attendance.ParseStatus(status)
			held = append(held, h)
			return nil
		})
	return held, err
}

// MarksOf implements [report.Store].
func (s *Store) MarksOf(ctx context.Context, session attendance.SessionID) (all []report.Row, err error) {
	err = eachRow(ctx, s.read, `SELECT m.person_id, p.family, p.given, coalesce(p.ref, ''), m.mark, m.at, m.source, m.actor_id, m.note, m.status,
			coalesce(trim(a.given || ' ' || a.family), '')
		FROM marks m CROSS JOIN people p ON p.id = m.person_id
		LEFT JOIN people a ON m.source = 'hand' AND a.id = m.actor_id
		WHERE m.session_id = ? ORDER BY m.person_id`, []any{session}, func(scan scanFunc) error {
		var r report.Row
		var mark, source string
		var at, actor int64
		if err := scan(&r.Person, &r.Family, &r.Given, &r.Ref, &mark, &at, &source, &actor, &r.Note, &r.Status, &r.ActorName); err != nil {
			return err
		}
		r.Entry, err = parseEntry(mark, at, source, actor, r.Note, r.Status)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the marks of session %d: %w", session, err)
	}
	return all, nil
}

// CountMarks implements [report.Store].
func (s *Store) CountMarks(ctx context.Context, course attendance.CourseID) (n int64, err error) {
	if course == 0 {
		err = s.read.QueryRowContext(ctx, `SELECT count(*) FROM marks`).Scan(&n)
	} else {
		err = s.read.QueryRowContext(ctx, `SELECT count(*) FROM sessions s CROSS JOIN marks m ON m.session_id = s.id WHERE s.course_id = ?`, course).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count marks: %w", err)
	}
	return n, nil
}

// CoursesAfter implements [report.Store].
func (s *Store) CoursesAfter(ctx context.Context, after attendance.CourseID, limit int) (all []report.About, err error) {
	err = eachRow(ctx, s.read, `SELECT `+aboutColumns+courseTables+` WHERE c.id > ? ORDER BY c.id LIMIT ?`, []any{after, limit}, func(scan scanFunc) error {
		var a report.About
		err := scan(aboutFields(&a)...)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list courses: %w", err)
	}
	return all, nil
}

// CourseTotals implements [report.Store].
func (s *Store) CourseTotals(ctx context.Context, after attendance.CourseID, limit int) (all []report.CourseTotal, err error) {
	err = eachRow(ctx, s.read, `SELECT `+aboutColumns+`,
			(SELECT count(*) FROM enrolments e WHERE e.course_id = c.id AND e.role = 'student' AND e.ended_at IS NULL),
			(SELECT count(*) FROM sessions s WHERE s.course_id = c.id AND `+counts+`), coalesce(m.mark, ''), coalesce(m.status, ''), count(m.mark)
		FROM (SELECT * FROM courses WHERE id > ? ORDER BY id LIMIT ?) c LEFT JOIN terms t ON t.id = c.term_id
		LEFT JOIN sessions s ON s.course_id = c.id AND `+counts+`
		LEFT JOIN marks m ON m.session_id = s.id
		GROUP BY c.id, m.mark, m.status ORDER BY c.id`, []any{after, limit}, func(scan scanFunc) error {
		var c report.CourseTotal
		var n tallied
		if err := scan(append(append(aboutFields(&c.About), &c.Students, &c.Sessions), n.fields()...)...); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].ID != c.ID {
			c.Tally = make(report.Tally)
			all = append(all, c)
		}
		n.add(all[len(all)-1].Tally)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add courses up: %w", err)
	}
	return all, nil
}

// tallied is how many rows have a mark with a status; no mark: there is no row.
type tallied struct {
	mark, status string
	n            int
}

func (t *tallied) fields() []any { return []any{&t.mark, &t.status, &t.n} }

func (t *tallied) add(to report.Tally) {
	if mark, ok := attendance.ParseMark(t.mark); ok {
		to[attendance.Marking{Mark: mark, Status: t.status}] += t.n
	}
}

// StudentTotals implements [report.Store].
func (s *Store) StudentTotals(ctx context.Context, after attendance.PersonID, limit int) (all []report.StudentTotal, err error) {
	var last attendance.CourseID
	err = eachRow(ctx, s.read, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), c.id, c.status_set, m.mark, m.status, count(*)
		FROM (SELECT DISTINCT m.person_id FROM marks m JOIN sessions s ON s.id = m.session_id AND `+counts+`
			WHERE m.person_id > ? ORDER BY m.person_id LIMIT ?) who
		CROSS JOIN people p ON p.id = who.person_id
		CROSS JOIN marks m ON m.person_id = who.person_id
		CROSS JOIN sessions s ON s.id = m.session_id AND `+counts+`
		CROSS JOIN courses c ON c.id = s.course_id
		GROUP BY p.id, c.id, m.mark, m.status ORDER BY p.id, c.id`, []any{after, limit}, func(scan scanFunc) error {
		var one report.StudentTotal
		var course attendance.CourseID
		var set attendance.StatusSetID
		var n tallied
		if err := scan(append([]any{&one.Person, &one.Family, &one.Given, &one.Ref, &course, &set}, n.fields()...)...); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].Person != one.Person {
			one.Tallies = make(map[attendance.StatusSetID]report.Tally)
			all, last = append(all, one), 0
		}
		student := &all[len(all)-1]
		if course != last {
			student.Courses++
			last = course
		}
		if student.Tallies[set] == nil {
			student.Tallies[set] = make(report.Tally)
		}
		n.add(student.Tallies[set])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add students up: %w", err)
	}
	return all, nil
}
