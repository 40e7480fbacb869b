package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/calendar"
	"github.com/muster-live/muster/roster"
)

// calendarTests are about what is in people's calendars.
var calendarTests = map[string]test{
	"a calendar has the sessions of one's courses, with one's own marks": calendarIsOnesOwn,
}

func calendarIsOnesOwn(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	first := c.session
	c.must(t, c.set("late", 0, attendance.Late, ""))
	newClass(t, c.Store, 1) // has nothing to do with it
	week := func(n int) time.Time { return tenFifteen.AddDate(0, 0, 7*n) }
	plan := func(title string, starts time.Time) attendance.SessionID {
		n := roster.Schedule(c.course, title, starts)
		n.Starts, n.Ends = starts, starts.Add(time.Hour)
		id, err := c.AddSession(t.Context(), n)
		must(t, err)
		return id
	}
	next, before := plan("Next", week(1)), plan("Before", week(-1))
	of := func(id attendance.SessionID, title string, starts time.Time, role attendance.Role, mark attendance.Mark) calendar.Session {
		s := calendar.Session{ID: id, Course: c.course, CourseCode: "CS101", CourseTitle: "Algorithms", Title: title, Starts: starts, Role: role, Mark: mark}
		if id != first {
			s.Ends = starts.Add(time.Hour)
		}
		return s
	}
	got, err := c.Calendar(t.Context(), c.students[0], week(-1))
	must(t, err)
	same(t, "a student's", []calendar.Session{
		of(before, "Before", week(-1), attendance.Student, attendance.Unset),
		of(first, "Week 1", tenFifteen, attendance.Student, attendance.Late),
		of(next, "Next", week(1), attendance.Student, attendance.Unset),
	}, got)
	got, err = c.Calendar(t.Context(), c.teacher, tenFifteen)
	must(t, err)
	same(t, "the teacher's, from today on", []calendar.Session{
		of(first, "Week 1", tenFifteen, attendance.Teacher, attendance.Unset),
		of(next, "Next", week(1), attendance.Teacher, attendance.Unset),
	}, got)
	leave(t, c, 0)
	if got, err = c.Calendar(t.Context(), c.students[0], week(-1)); len(got) > 0 || err != nil {
		t.Errorf("after leaving the course: %+v, %v", got, err)
	}
}
