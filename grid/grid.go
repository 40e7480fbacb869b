// Package grid knows the marks of a whole term at once: students by sessions, as they
// are read, as cells that are changed by hand, and as sheets that come from elsewhere.
package grid

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/names"
)

// Grid is all the marks of a course.
type Grid struct {
	Course   attendance.CourseID
	Code     string
	Title    string
	Sessions []Session // in the order of their times
	Students []Student // those of now and whoever has a mark, by family name
	Marks    []Mark
}

// Session is a column.
type Session struct {
	ID     attendance.SessionID
	Title  string
	Starts time.Time // as planned, or when it was opened; zero: neither is known
	Status attendance.Status
	Seq    int64
}

// Student is a row.
type Student struct {
	ID       attendance.PersonID
	Family   string
	Given    string
	Ref      string
	Username string
	Email    string
	Left     bool // no longer a student of the course
}

// Mark is a cell that has something in it.
type Mark struct {
	Session attendance.SessionID
	Person  attendance.PersonID
	attendance.Marking
	Source attendance.Source
	Note   string
}

// People are the students of now, to be found by what is written of them.
func (g *Grid) People() []names.Person {
	var people []names.Person
	for _, s := range g.Students {
		if !s.Left {
			people = append(people, names.Person{ID: s.ID, Ref: s.Ref, Given: s.Given, Family: s.Family, Username: s.Username, Email: s.Email})
		}
	}
	return people
}

// Store is where grids are read from.
type Store interface {
	// Grid reads the marks of a course; false if there is no such course.
	Grid(context.Context, attendance.CourseID) (*Grid, bool, error)
}
