package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

var _ report.Store = (*Store)(nil)

// SessionReport implements [report.Store]. It reads session and rows as they were at
// one moment.
func (s *Store) SessionReport(ctx context.Context, session attendance.SessionID) (rep report.Session, ok bool, err error) {
	ok, err = found(s.inSnapshot(ctx, func(tx pgx.Tx) error {
		rep = report.Session{}
		return readReport(ctx, tx, session, &rep)
	}))
	if err != nil {
		return rep, false, fmt.Errorf("read the report of session %d: %w", session, err)
	}
	return rep, ok, nil
}

// readReport returns pgx.ErrNoRows if there is no such session.
func readReport(ctx context.Context, tx pgx.Tx, session attendance.SessionID, rep *report.Session) error {
	var err error
	if rep.Meeting.Session, _, err = readSession(ctx, tx, session); err != nil {
		return err
	}
	var set attendance.StatusSetID
	if err := tx.QueryRow(ctx, `SELECT code, title, status_set FROM courses WHERE id = $1`, rep.Course).Scan(&rep.CourseCode, &rep.CourseTitle, &set); err != nil {
		return fmt.Errorf("read course %d: %w", rep.Course, err)
	}
	sets, err := readStatusSets(ctx, tx)
	if err != nil {
		return err
	}
	rep.Statuses = attendance.FindStatusSet(sets, set)
	const rows = `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), ` + entryColumns + `,
			CASE WHEN m.source = 'hand' THEN coalesce(trim(a.given || ' ' || a.family), '') ELSE '' END
		FROM (
			SELECT person_id FROM enrolments WHERE course_id = $1 AND role = 'student' AND ended_at IS NULL
			UNION SELECT person_id FROM marks WHERE session_id = $2
		) who
		JOIN people p ON p.id = who.person_id
		LEFT JOIN marks m ON m.session_id = $2 AND m.person_id = p.id
		LEFT JOIN people a ON a.id = m.actor_id
		ORDER BY lower(p.family), lower(p.given), p.id`
	return eachRow(ctx, tx, rows, []any{rep.Course, session}, func(scan scanFunc) error {
		var r report.Row
		var m entryRow
		if err := scan(append(append([]any{&r.Person, &r.Family, &r.Given, &r.Ref}, m.dest()...), &r.ActorName)...); err != nil {
			return err
		}
		var err error
		r.Entry, err = m.entry()
		rep.Rows = append(rep.Rows, r)
		rep.Counts[r.Mark]++
		return err
	})
}

// History implements [report.Store]. Of a course that the person has left it has the
// sessions in which they have a mark.
func (s *Store) History(ctx context.Context, person attendance.PersonID) (courses []report.Course, err error) {
	const visits = `SELECT c.id, c.code, c.title, c.status_set, s.id, coalesce(s.title, ''), s.opened_at, coalesce(s.status, ''), ` + entryColumns + `
		FROM enrolments e
		JOIN courses c ON c.id = e.course_id
		LEFT JOIN sessions s ON s.course_id = c.id AND s.status <> 'scheduled' AND s.cancelled_at IS NULL
			AND (e.ended_at IS NULL OR EXISTS (SELECT 1 FROM marks k WHERE k.session_id = s.id AND k.person_id = e.person_id))
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = e.person_id
		WHERE e.person_id = $1 AND e.role = 'student'
		ORDER BY lower(c.title), c.id, s.opened_at DESC NULLS LAST, s.id DESC`
	err = s.reading(ctx, func(q queryer) error {
		courses = nil
		return eachRow(ctx, q, visits, []any{person}, func(scan scanFunc) error {
			var c report.Course
			var m entryRow
			var session, opened pgtype.Int8
			var title, status string
			if err := scan(append([]any{&c.ID, &c.Code, &c.Title, &c.Set, &session, &title, &opened, &status}, m.dest()...)...); err != nil {
				return err
			}
			if len(courses) == 0 || courses[len(courses)-1].ID != c.ID {
				courses = append(courses, c)
			}
			if !session.Valid {
				return nil
			}
			e, err := m.entry()
			if err != nil {
				return err
			}
			st, known := attendance.ParseStatus(status)
			if !known {
				return fmt.Errorf("session %d has status %q", session.Int64, status)
			}
			last := &courses[len(courses)-1]
			last.Sessions = append(last.Sessions, report.Visit{Session: attendance.SessionID(session.Int64), Title: title,
				OpenedAt: fromMillis(opened), Status: st, Marking: e.Marking(), At: e.At, Source: e.Source})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of person %d: %w", person, err)
	}
	return courses, nil
}
