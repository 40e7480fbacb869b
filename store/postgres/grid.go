package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/grid"
)

var _ grid.Store = (*Store)(nil)

// Grid implements [grid.Store]. It is as of one moment.
func (s *Store) Grid(ctx context.Context, course attendance.CourseID) (g *grid.Grid, ok bool, err error) {
	ok, err = found(s.inSnapshot(ctx, func(tx pgx.Tx) error {
		g, err = readGrid(ctx, tx, course)
		return err
	}))
	if err != nil {
		return nil, false, fmt.Errorf("read the grid of course %d: %w", course, err)
	}
	return g, ok, nil
}

func readGrid(ctx context.Context, tx pgx.Tx, course attendance.CourseID) (*grid.Grid, error) {
	g := &grid.Grid{Course: course}
	if err := tx.QueryRow(ctx, `SELECT code, title FROM courses WHERE id = $1`, course).Scan(&g.Code, &g.Title); err != nil {
		return nil, err
	}
	err := eachRow(ctx, tx, `SELECT s.id, s.title, `+begins+`, s.status, s.seq FROM sessions s WHERE s.course_id = $1 AND s.cancelled_at IS NULL ORDER BY `+begins+` NULLS LAST, s.id`,
		[]any{course}, func(scan scanFunc) error {
			var one grid.Session
			var starts pgtype.Int8
			var status string
			err := scan(&one.ID, &one.Title, &starts, &status, &one.Seq)
			one.Starts = fromMillis(starts)
			one.Status, _ = attendance.ParseStatus(status)
			g.Sessions = append(g.Sessions, one)
			return err
		})
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, tx, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), coalesce(p.username, ''), p.email, e.person_id IS NULL
		FROM (
			SELECT person_id FROM enrolments WHERE course_id = $1 AND role = 'student' AND ended_at IS NULL
			UNION SELECT m.person_id FROM sessions s JOIN marks m ON m.session_id = s.id WHERE s.course_id = $1 AND s.cancelled_at IS NULL
		) who
		JOIN people p ON p.id = who.person_id
		LEFT JOIN enrolments e ON e.course_id = $1 AND e.person_id = p.id AND e.role = 'student' AND e.ended_at IS NULL
		ORDER BY lower(p.family), lower(p.given), p.id`, []any{course}, func(scan scanFunc) error {
		var one grid.Student
		err := scan(&one.ID, &one.Family, &one.Given, &one.Ref, &one.Username, &one.Email, &one.Left)
		g.Students = append(g.Students, one)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, tx, `SELECT m.session_id, m.person_id, m.mark, m.source, m.note, m.status FROM sessions s JOIN marks m ON m.session_id = s.id
		WHERE s.course_id = $1 AND s.cancelled_at IS NULL`, []any{course}, func(scan scanFunc) error {
		var m grid.Mark
		var mark, source string
		err := scan(&m.Session, &m.Person, &mark, &source, &m.Note, &m.Status)
		m.Mark, _ = attendance.ParseMark(mark)
		m.Source, _ = attendance.ParseSource(source)
		g.Marks = append(g.Marks, m)
		return err
	})
	return g, err
}
