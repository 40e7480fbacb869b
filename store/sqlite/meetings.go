package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// A closed session counts those it has marks of; one that is not closed counts all
// students of now, so that the unset are among them.
const meetingQuery = `SELECT s.id, s.course_id, s.title, s.starts_at, s.ends_at, s.status, s.opened_at, s.closed_at, s.cancelled_at, s.seq, c.code, c.title, s.location,
		coalesce((SELECT json_group_object(mark, n) FROM (SELECT m.mark, count(*) AS n FROM marks m WHERE m.session_id = s.id GROUP BY m.mark)), '{}'),
		(SELECT count(*) FROM enrolments e WHERE e.course_id = s.course_id AND e.role = 'student' AND e.ended_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM marks m WHERE m.session_id = s.id AND m.person_id = e.person_id))
	FROM sessions s JOIN courses c ON c.id = s.course_id`

func scanMeeting(scan scanFunc) (m roster.Meeting, err error) {
	var starts, ends, opened, closed, cancelled sql.NullInt64
	var status, marks string
	if err := scan(&m.ID, &m.Course, &m.Title, &starts, &ends, &status, &opened, &closed, &cancelled, &m.Seq, &m.CourseCode, &m.CourseTitle, &m.Location, &marks, &m.Counts[attendance.Unset]); err != nil {
		return m, err
	}
	m.Starts, m.Ends, m.OpenedAt, m.ClosedAt, m.CancelledAt = fromMillis(starts), fromMillis(ends), fromMillis(opened), fromMillis(closed), fromMillis(cancelled)
	m.Status, _ = attendance.ParseStatus(status)
	counts := make(map[string]int)
	if err := json.Unmarshal([]byte(marks), &counts); err != nil {
		return m, err
	}
	for name, n := range counts {
		if mark, ok := attendance.ParseMark(name); ok {
			m.Counts[mark] = n
		}
	}
	return m, nil
}

// Meeting returns a session, without its secret, or an [attendance.Error] with
// CodeUnknownSession.
func (s *Store) Meeting(ctx context.Context, id attendance.SessionID) (roster.Meeting, error) {
	m, err := scanMeeting(s.read.QueryRowContext(ctx, meetingQuery+` WHERE s.id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return m, attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
	}
	if err != nil {
		return m, fmt.Errorf("read session %d: %w", id, err)
	}
	return m, nil
}

// Meetings returns the sessions of a course, newest first.
func (s *Store) Meetings(ctx context.Context, course attendance.CourseID) (all []roster.Meeting, err error) {
	err = eachRow(ctx, s.read, meetingQuery+` WHERE s.course_id = ? ORDER BY coalesce(s.starts_at, s.opened_at, 9e15) DESC, s.id DESC`, []any{course},
		func(scan scanFunc) error {
			m, err := scanMeeting(scan)
			all = append(all, m)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the sessions of course %d: %w", course, err)
	}
	return all, nil
}

// AddSession makes a session, scheduled, and returns its id.
func (s *Store) AddSession(ctx context.Context, n roster.NewSession) (id attendance.SessionID, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO sessions (course_id, title, starts_at, ends_at, secret) VALUES (?, ?, ?, ?, ?)`,
			n.Course, n.Title, toMillis(n.Starts), toMillis(n.Ends), n.Secret)
		if err != nil {
			return fmt.Errorf("add a session to course %d: %w", n.Course, err)
		}
		last, err := result.LastInsertId()
		id = attendance.SessionID(last)
		return err
	})
	return id, err
}
