package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

// counts is the condition that a session s counts in reports.
const counts = `s.status <> 'scheduled' AND s.cancelled_at IS NULL`

// Term implements [report.Store]. It is as of one moment.
func (s *Store) Term(ctx context.Context, course attendance.CourseID) (term *report.Term, ok bool, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
		term, err = readTerm(ctx, tx, course)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the term of course %d: %w", course, err)
	}
	return term, true, nil
}

const aboutColumns = `c.id, c.code, c.title, coalesce(t.title, ''), c.status_set`

func aboutFields(a *report.About) []any { return []any{&a.ID, &a.Code, &a.Title, &a.Term, &a.Set} }

func readTerm(ctx context.Context, tx pgx.Tx, course attendance.CourseID) (*report.Term, error) {
	var about report.About
	if err := tx.QueryRow(ctx, `SELECT `+aboutColumns+courseTables+` WHERE c.id = $1`, course).Scan(aboutFields(&about)...); err != nil {
		return nil, err
	}
	held, err := readHeld(ctx, tx, course)
	if err != nil {
		return nil, err
	}
	var students []report.Student
	err = eachRow(ctx, tx, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), e.person_id IS NULL
		FROM (
			SELECT person_id FROM enrolments WHERE course_id = $1 AND role = 'student' AND ended_at IS NULL
			UNION SELECT m.person_id FROM sessions s JOIN marks m ON m.session_id = s.id WHERE s.course_id = $1 AND `+counts+`
		) who
		JOIN people p ON p.id = who.person_id
		LEFT JOIN enrolments e ON e.course_id = $1 AND e.person_id = p.id AND e.role = 'student' AND e.ended_at IS NULL
		ORDER BY lower(p.family), lower(p.given), p.id`, []any{course}, func(scan scanFunc) error {
		var one report.Student
		err := scan(&one.Person, &one.Family, &one.Given, &one.Ref, &one.Left)
		students = append(students, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	var marks []report.Mark
	err = eachRow(ctx, tx, `SELECT m.session_id, m.person_id, m.mark, m.status FROM sessions s JOIN marks m ON m.session_id = s.id
		WHERE s.course_id = $1 AND `+counts, []any{course}, func(scan scanFunc) error {
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
func (s *Store) Held(ctx context.Context, course attendance.CourseID) (held []report.Held, err error) {
	err = s.reading(ctx, func(q queryer) error {
		held, err = readHeld(ctx, q, course)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions of course %d: %w", course, err)
	}
	return held, nil
}

func readHeld(ctx context.Context, q queryer, course attendance.CourseID) (held []report.Held, err error) {
	err = eachRow(ctx, q, `SELECT s.id, s.title, coalesce(s.starts_at, s.opened_at), s.opened_at, s.closed_at, s.status
		FROM sessions s WHERE s.course_id = $1 AND `+counts+` ORDER BY coalesce(s.starts_at, s.opened_at), s.id`, []any{course},
		func(scan scanFunc) error {
			var h report.Held
			var starts, opened, closed pgtype.Int8
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

// MarksOf implements [report.Store]. The LATERAL (… LIMIT 1) has the planner look people
// up by their ids, where it otherwise goes through all of them for each session.
func (s *Store) MarksOf(ctx context.Context, session attendance.SessionID) ([]report.Row, error) {
	const query = `SELECT m.person_id, p.family, p.given, coalesce(p.ref, ''), ` + entryColumns + `, coalesce(trim(a.given || ' ' || a.family), '')
		FROM marks m CROSS JOIN LATERAL (SELECT family, given, ref FROM people WHERE id = m.person_id LIMIT 1) p
		LEFT JOIN LATERAL (SELECT given, family FROM people WHERE m.source = 'hand' AND id = m.actor_id LIMIT 1) a ON true
		WHERE m.session_id = $1 ORDER BY m.person_id`
	all, err := listed(ctx, s, query, []any{session}, func(scan scanFunc, r *report.Row) error {
		var m entryRow
		if err := scan(append(append([]any{&r.Person, &r.Family, &r.Given, &r.Ref}, m.dest()...), &r.ActorName)...); err != nil {
			return err
		}
		var err error
		r.Entry, err = m.entry()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the marks of session %d: %w", session, err)
	}
	return all, nil
}

// listed reads all rows of a query, each into a T.
func listed[T any](ctx context.Context, s *Store, query string, args []any, read func(scanFunc, *T) error) (all []T, err error) {
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, query, args, func(scan scanFunc) error {
			var one T
			err := read(scan, &one)
			all = append(all, one)
			return err
		})
	})
	return all, err
}

// CountMarks implements [report.Store].
func (s *Store) CountMarks(ctx context.Context, course attendance.CourseID) (n int64, err error) {
	err = s.reading(ctx, func(q queryer) error {
		if course == 0 {
			return q.QueryRow(ctx, `SELECT count(*) FROM marks`).Scan(&n)
		}
		return q.QueryRow(ctx, `SELECT count(*) FROM sessions s JOIN marks m ON m.session_id = s.id WHERE s.course_id = $1`, course).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count marks: %w", err)
	}
	return n, nil
}

// CoursesAfter implements [report.Store].
func (s *Store) CoursesAfter(ctx context.Context, after attendance.CourseID, limit int) ([]report.About, error) {
	const query = `SELECT ` + aboutColumns + courseTables + ` WHERE c.id > $1 ORDER BY c.id LIMIT $2`
	all, err := listed(ctx, s, query, []any{after, limit}, func(scan scanFunc, a *report.About) error { return scan(aboutFields(a)...) })
	if err != nil {
		return nil, fmt.Errorf("list courses: %w", err)
	}
	return all, nil
}

// CourseTotals implements [report.Store].
func (s *Store) CourseTotals(ctx context.Context, after attendance.CourseID, limit int) (all []report.CourseTotal, err error) {
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, `SELECT `+aboutColumns+`,
			(SELECT count(*) FROM enrolments e WHERE e.course_id = c.id AND e.role = 'student' AND e.ended_at IS NULL),
			(SELECT count(*) FROM sessions s WHERE s.course_id = c.id AND `+counts+`), coalesce(m.mark, ''), coalesce(m.status, ''), count(m.mark)
		FROM (SELECT * FROM courses WHERE id > $1 ORDER BY id LIMIT $2) c LEFT JOIN terms t ON t.id = c.term_id
		LEFT JOIN sessions s ON s.course_id = c.id AND `+counts+`
		LEFT JOIN marks m ON m.session_id = s.id
		GROUP BY c.id, c.code, c.title, c.status_set, t.title, m.mark, m.status ORDER BY c.id`, []any{after, limit}, func(scan scanFunc) error {
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
	err = s.reading(ctx, func(q queryer) error {
		all = nil
		return eachRow(ctx, q, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), c.id, c.status_set, m.mark, m.status, count(*)
		FROM (SELECT DISTINCT m.person_id FROM marks m JOIN sessions s ON s.id = m.session_id AND `+counts+`
			WHERE m.person_id > $1 ORDER BY m.person_id LIMIT $2) who
		JOIN people p ON p.id = who.person_id
		JOIN marks m ON m.person_id = who.person_id
		JOIN sessions s ON s.id = m.session_id AND `+counts+`
		JOIN courses c ON c.id = s.course_id
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
	})
	if err != nil {
		return nil, fmt.Errorf("add students up: %w", err)
	}
	return all, nil
}
