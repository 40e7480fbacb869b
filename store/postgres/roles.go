package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
)

// RoleIn returns a person's role in a course; NoRole if they have none there, or no
// more, or if there is no such course.
func (s *Store) RoleIn(ctx context.Context, course attendance.CourseID, person attendance.PersonID) (attendance.Role, error) {
	var name string
	err := s.briefly(ctx, func(ctx context.Context, q queryer) error {
		return q.QueryRow(ctx, `SELECT role FROM enrolments WHERE course_id = $1 AND person_id = $2 AND ended_at IS NULL`, course, person).Scan(&name)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return attendance.NoRole, nil
	}
	if err != nil {
		return attendance.NoRole, fmt.Errorf("read the role of person %d in course %d: %w", person, course, err)
	}
	role, _ := attendance.ParseRole(name)
	return role, nil
}

// CourseOf returns the course of a session; false if there is no such session.
func (s *Store) CourseOf(ctx context.Context, session attendance.SessionID) (course attendance.CourseID, ok bool, err error) {
	err = s.briefly(ctx, func(ctx context.Context, q queryer) error {
		return q.QueryRow(ctx, `SELECT course_id FROM sessions WHERE id = $1`, session).Scan(&course)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the course of session %d: %w", session, err)
	}
	return course, true, nil
}
