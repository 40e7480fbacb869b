package sqlite

import (
	"context"
	"fmt"

	"github.com/muster-live/muster/attendance"
)

// RoleIn returns the person's role in a course as it is now; NoRole if they have
// none, or if there is no such course.
func (s *Store) RoleIn(ctx context.Context, course attendance.CourseID, person attendance.PersonID) (attendance.Role, error) {
	var name string
	ok, err := found(s.read.QueryRowContext(ctx, `SELECT role FROM enrolments WHERE course_id = ? AND person_id = ? AND ended_at IS NULL`,
		course, person).Scan(&name))
	if err != nil {
		return attendance.NoRole, fmt.Errorf("read the role of person %d in course %d: %w", person, course, err)
	}
	role, known := attendance.ParseRole(name)
	if ok && !known {
		return attendance.NoRole, fmt.Errorf("role %q is not one this program knows", name)
	}
	return role, nil
}

// CourseOf returns the course that a session belongs to; false if there is no such
// session.
func (s *Store) CourseOf(ctx context.Context, session attendance.SessionID) (attendance.CourseID, bool, error) {
	var course attendance.CourseID
	ok, err := found(s.read.QueryRowContext(ctx, `SELECT course_id FROM sessions WHERE id = ?`, session).Scan(&course))
	return course, ok, err
}
