package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

var _ report.Store = (*Store)(nil)

// SessionReport implements [report.Store]. It reads session and rows as they were at
// one moment.
func (s *Store) SessionReport(ctx context.Context, session attendance.SessionID) (rep report.Session, ok bool, err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return rep, false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // it has read only
	if rep.Meeting.Session, _, err = readSession(ctx, tx, session); err != nil {
		ok, err = found(err)
		return rep, ok, err
	}
	var set attendance.StatusSetID
	err = tx.QueryRowContext(ctx, `SELECT code, title, status_set FROM courses WHERE id = ?`, rep.Course).Scan(&rep.CourseCode, &rep.CourseTitle, &set)
	if err != nil {
		return rep, false, fmt.Errorf("read course %d: %w", rep.Course, err)
	}
	sets, err := readStatusSets(ctx, tx)
	if err != nil {
		return rep, false, err
	}
	rep.Statuses = attendance.FindStatusSet(sets, set)
	const rows = `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), m.mark, m.at, m.source, m.actor_id, m.note, m.status,
			CASE WHEN m.source = 'hand' THEN coalesce(trim(a.given || ' ' || a.family), '') ELSE '' END
		FROM (
			SELECT person_id FROM enrolments WHERE course_id = ?1 AND role = 'student' AND ended_at IS NULL
			UNION SELECT person_id FROM marks WHERE session_id = ?2
		) who
		JOIN people p ON p.id = who.person_id
		LEFT JOIN marks m ON m.session_id = ?2 AND m.person_id = p.id
		LEFT JOIN people a ON a.id = m.actor_id
		ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`
	err = eachRow(ctx, tx, rows, []any{rep.Course, session}, func(scan scanFunc) error {
		var r report.Row
		var m markColumns
		if err := scan(append(append([]any{&r.Person, &r.Family, &r.Given, &r.Ref}, m.fields()...), &r.ActorName)...); err != nil {
			return err
		}
		var err error
		r.Entry, err = m.entry()
		rep.Rows = append(rep.Rows, r)
		rep.Counts[r.Mark]++
		return err
	})
	if err != nil {
		return rep, false, fmt.Errorf("read the report of session %d: %w", session, err)
	}
	return rep, true, nil
}

// markColumns is a row of marks that may not be there.
type markColumns struct {
	mark, source, note, status sql.NullString
	at, actor                  sql.NullInt64
}

// fields are for mark, at, source, actor_id, note and status, in this order.
func (m *markColumns) fields() []any {
	return []any{&m.mark, &m.at, &m.source, &m.actor, &m.note, &m.status}
}

func (m *markColumns) entry() (attendance.Entry, error) {
	if !m.mark.Valid {
		return attendance.Entry{}, nil
	}
	return parseEntry(m.mark.String, m.at.Int64, m.source.String, m.actor.Int64, m.note.String, m.status.String)
}

// History implements [report.Store]. Of a course that the person has left it has the
// sessions in which they have a mark.
func (s *Store) History(ctx context.Context, person attendance.PersonID) ([]report.Course, error) {
	const visits = `SELECT c.id, c.code, c.title, c.status_set, s.id, s.title, s.opened_at, s.status, m.mark, m.at, m.source, m.actor_id, m.note, m.status
		FROM enrolments e
		JOIN courses c ON c.id = e.course_id
		LEFT JOIN sessions s ON s.course_id = c.id AND s.status <> 'scheduled' AND s.cancelled_at IS NULL
			AND (e.ended_at IS NULL OR EXISTS (SELECT 1 FROM marks k WHERE k.session_id = s.id AND k.person_id = e.person_id))
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = e.person_id
		WHERE e.person_id = ? AND e.role = 'student'
		ORDER BY c.title COLLATE NOCASE, c.id, s.opened_at DESC, s.id DESC`
	var courses []report.Course
	err := eachRow(ctx, s.read, visits, []any{person}, func(scan scanFunc) error {
		var c report.Course
		var m markColumns
		var session, opened sql.NullInt64
		var title, status sql.NullString
		if err := scan(append([]any{&c.ID, &c.Code, &c.Title, &c.Set, &session, &title, &opened, &status}, m.fields()...)...); err != nil {
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
		st, known := attendance.ParseStatus(status.String)
		if !known {
			return fmt.Errorf("session %d has status %q", session.Int64, status.String)
		}
		last := &courses[len(courses)-1]
		last.Sessions = append(last.Sessions, report.Visit{Session: attendance.SessionID(session.Int64), Title: title.String,
			OpenedAt: fromMillis(opened), Status: st, Marking: e.Marking(), At: e.At, Source: e.Source})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of person %d: %w", person, err)
	}
	return courses, nil
}
