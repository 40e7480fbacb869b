// Package report tells, after the fact, who was there: the table of one session, and
// a student's own history.
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
}

// Session is the report of one session.
type Session struct {
	roster.Meeting // its Counts are those of Rows
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
	Sessions []Visit // that have been opened, newest first
}

// Counts returns in how many sessions the student has each mark.
func (c *Course) Counts() (n attendance.Counts) {
	for _, v := range c.Sessions {
		n[v.Mark]++
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
	Mark     attendance.Mark
	At       time.Time
	Source   attendance.Source
}

// Table returns the report as a table with a line of headings.
func (s *Session) Table() [][]string {
	table := [][]string{{"Family name", "Given name", "Reference", "Mark", "Time (UTC)", "Set by", "Who", "Note"}}
	for _, r := range s.Rows {
		at := ""
		if !r.At.IsZero() {
			at = r.At.UTC().Format(time.DateTime)
		}
		table = append(table, []string{r.Family, r.Given, r.Ref, r.Mark.String(), at, r.Source.String(), r.ActorName, r.Note})
	}
	return table
}

// FileName returns a name for a file with the report, without its ending.
func (s *Session) FileName() string { return "session-" + strconv.FormatInt(int64(s.ID), 10) }
