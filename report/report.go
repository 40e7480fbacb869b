// Package report tells, after the fact, who was there: in one session, over a term, in
// the whole institution, and each student for themselves. What it tells can be written
// as CSV, XLSX, JSON and OneRoster files, as long as it may be.
package report

import (
	"context"
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// Store is what reports are read from.
type Store interface {
	// SessionReport returns the report of a session; false if there is no such session.
	SessionReport(ctx context.Context, session attendance.SessionID) (Session, bool, error)
	// History returns what is recorded of a person as a student, by title of the course.
	History(ctx context.Context, person attendance.PersonID) ([]Course, error)

	// Term returns all that is on record of a course; false if there is no such course.
	Term(ctx context.Context, course attendance.CourseID) (*Term, bool, error)
	// Held returns the sessions of a course that count, in the order that they were held
	// in.
	Held(ctx context.Context, course attendance.CourseID) ([]Held, error)
	// MarksOf returns whoever has a mark in a session, by their ids.
	MarksOf(ctx context.Context, session attendance.SessionID) ([]Row, error)
	// StatusSets returns what the institution makes of marks, the default set first.
	StatusSets(context.Context) ([]attendance.StatusSet, error)
	// EachTally calls fn with what each student has in each course that has the set or, if
	// course is not 0, in that course, whichever set it has: course by course.
	EachTally(ctx context.Context, set attendance.StatusSetID, course attendance.CourseID, fn func(*CourseTally) error) error
	// CountMarks returns how many marks there are in a course, or in all (0), roughly:
	// it is for telling how long something takes.
	CountMarks(ctx context.Context, course attendance.CourseID) (int64, error)
	// CoursesAfter returns the courses with the next ids, at most limit of them.
	CoursesAfter(ctx context.Context, after attendance.CourseID, limit int) ([]About, error)
	// CourseTotals returns the totals of the courses with the next ids.
	CourseTotals(ctx context.Context, after attendance.CourseID, limit int) ([]CourseTotal, error)
	// StudentTotals returns the totals of the people with the next ids who have a mark in
	// a session that counts.
	StudentTotals(ctx context.Context, after attendance.PersonID, limit int) ([]StudentTotal, error)
}

// Session is the report of one session.
type Session struct {
	roster.Meeting                       // its Counts are those of Rows
	Statuses       *attendance.StatusSet // that the course has
	// Rows has the students that the course has now, and whoever has a mark in the
	// session, by family name.
	Rows []Row
}

// Row is one student's line.
type Row struct {
	Person attendance.PersonID
	Family string
	Given  string
	Ref    string // the institution's own id, if there is one
	attendance.Entry
	ActorName string // who set the mark, if it was set by hand
}

// Course is what is recorded of one student in one course.
type Course struct {
	ID       attendance.CourseID
	Code     string
	Title    string
	Set      attendance.StatusSetID
	Sessions []Visit // that have been opened, newest first
}

// Tally returns in how many sessions the student has each mark and status.
func (c *Course) Tally() Tally {
	n := make(Tally)
	for _, v := range c.Sessions {
		n[v.Marking]++
	}
	return n
}

// Visit is one session as a student's history shows it. Who set the mark by hand,
// and the note with it, stay with the teachers.
type Visit struct {
	Session  attendance.SessionID
	Title    string
	OpenedAt time.Time
	Status   attendance.Status
	attendance.Marking
	At     time.Time
	Source attendance.Source
}

// Write writes a row for each student. It does not close w.
func (s *Session) Write(w Writer, zone *time.Location) error {
	columns := []Column{{"family", "Family name"}, {"given", "Given name"}, {"ref", "Reference"}, {"mark", "Mark"}, {"status", "Status"},
		{"at", "Time (" + zoneName(zone) + ")"}, {"source", "Set by"}, {"actor", "Who"}, {"note", "Note"}}
	if err := w.Sheet(s.Title, columns); err != nil {
		return err
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		err := w.Row(Text(r.Family), Text(r.Given), Text(r.Ref), Text(r.Mark.String()), statusCell(s.Statuses, r.Marking()), Moment(r.At), Text(r.Source.String()), Text(r.ActorName), Text(r.Note))
		if err != nil {
			return err
		}
	}
	return nil
}

// FileName returns a name for a file with the report, without its ending.
func (s *Session) FileName() string { return "session-" + strconv.FormatInt(int64(s.ID), 10) }
