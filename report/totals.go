package report

import (
	"context"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
)

// CourseTotal is a course in the summary of the institution.
type CourseTotal struct {
	About
	Students int // of now
	Sessions int // that were held
	Tally    Tally
}

// StudentTotal is a student in the summary of the institution.
type StudentTotal struct {
	Student
	Courses int                              // in which there is a mark
	Tallies map[attendance.StatusSetID]Tally // by the sets of the courses
}

const totalsAtOnce = 500

// WriteCourses writes a row for each course. It does not close w.
func WriteCourses(ctx context.Context, store Store, w Writer) error {
	columns := []Column{{"code", "Course"}, {"title", "Course title"}, {"term", "Term"}, {"students", "Students"}, {"sessions", "Sessions"}}
	if err := w.Sheet("Courses", slices.Concat(columns, countColumns)); err != nil {
		return err
	}
	sets, err := store.StatusSets(ctx)
	if err != nil {
		return err
	}
	for after := attendance.CourseID(0); ; {
		some, err := store.CourseTotals(ctx, after, totalsAtOnce)
		if err != nil {
			return err
		}
		for i := range some {
			c := &some[i]
			cells := []Cell{Text(c.Code), Text(c.Title), Text(c.Term), Number(c.Students), Number(c.Sessions)}
			if err := w.Row(append(cells, CountingBy(attendance.FindStatusSet(sets, c.Set)).Score(c.Tally).cells()...)...); err != nil {
				return err
			}
			after = c.ID
		}
		if len(some) < totalsAtOnce {
			return nil
		}
	}
}

// WriteStudents writes a row for each person who has a mark anywhere. It does not close
// w.
func WriteStudents(ctx context.Context, store Store, w Writer) error {
	if err := w.Sheet("Students", slices.Concat(studentColumns, []Column{{"courses", "Courses"}}, countColumns)); err != nil {
		return err
	}
	sets, err := store.StatusSets(ctx)
	if err != nil {
		return err
	}
	for after := attendance.PersonID(0); ; {
		some, err := store.StudentTotals(ctx, after, totalsAtOnce)
		if err != nil {
			return err
		}
		for i := range some {
			s := &some[i]
			cells := append(s.cells(), Number(s.Courses))
			if err := w.Row(append(cells, ScoreBy(sets, s.Tallies).cells()...)...); err != nil {
				return err
			}
			after = s.Person
		}
		if len(some) < totalsAtOnce {
			return nil
		}
	}
}

// WriteHistory writes one student's marks in all courses, and, where there is room for
// it, a table of the courses. It does not close w.
func WriteHistory(courses []Course, sets []attendance.StatusSet, w Writer, zone *time.Location) error {
	in := " (" + zoneName(zone) + ")"
	err := w.Sheet("Sessions", []Column{{"code", "Course"}, {"title", "Course title"}, {"session", "Session"}, {"opened", "Opened" + in}, {"mark", "Mark"}, {"status", "Status"}, {"at", "Time" + in}, {"source", "Set by"}})
	if err != nil {
		return err
	}
	for i := range courses {
		c := &courses[i]
		set := attendance.FindStatusSet(sets, c.Set)
		for j := range c.Sessions {
			v := &c.Sessions[j]
			if err := w.Row(Text(c.Code), Text(c.Title), Text(v.Title), Moment(v.OpenedAt), Text(v.Mark.String()), statusCell(set, v.Marking), Moment(v.At), Text(v.Source.String())); err != nil {
				return err
			}
		}
	}
	if err := w.Sheet("Courses", slices.Concat([]Column{{"code", "Course"}, {"title", "Course title"}}, countColumns)); err != nil {
		return err
	}
	for i := range courses {
		c := &courses[i]
		if err := w.Row(append([]Cell{Text(c.Code), Text(c.Title)}, CountingBy(attendance.FindStatusSet(sets, c.Set)).Score(c.Tally()).cells()...)...); err != nil {
			return err
		}
	}
	return nil
}
