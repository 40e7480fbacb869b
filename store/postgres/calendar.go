package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/calendar"
)

var _ calendar.Store = (*Store)(nil)

// Calendar implements [calendar.Store].
func (s *Store) Calendar(ctx context.Context, person attendance.PersonID, since time.Time) ([]calendar.Session, error) {
	const query = `SELECT s.id, c.id, c.code, c.title, s.title, s.location, s.cancelled_at IS NOT NULL, coalesce(s.starts_at, s.opened_at), coalesce(s.ends_at, s.closed_at), s.revision, e.role, coalesce(m.mark, 'unset')
		FROM enrolments e JOIN courses c ON c.id = e.course_id AND c.active
		JOIN sessions s ON s.course_id = c.id AND coalesce(s.starts_at, s.opened_at) >= $2
		LEFT JOIN marks m ON m.session_id = s.id AND m.person_id = e.person_id
		WHERE e.person_id = $1 AND e.ended_at IS NULL ORDER BY coalesce(s.starts_at, s.opened_at), s.id`
	all, err := listed(ctx, s, query, []any{person, since.UnixMilli()}, func(scan scanFunc, one *calendar.Session) error {
		var starts, ends pgtype.Int8
		var role, mark string
		err := scan(&one.ID, &one.Course, &one.CourseCode, &one.CourseTitle, &one.Title, &one.Location, &one.Cancelled, &starts, &ends, &one.Revision, &role, &mark)
		one.Starts, one.Ends = fromMillis(starts), fromMillis(ends)
		one.Role, _ = attendance.ParseRole(role)
		one.Mark, _ = attendance.ParseMark(mark)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the calendar of person %d: %w", person, err)
	}
	return all, nil
}
