// Package excuse knows who need not come, when, and why: what an excuse reaches, what
// it changes now, and what it leaves alone.
//
// Marks follow excuses: when one is given or withdrawn, the sessions that have been
// opened are told to look again ([attendance.FollowExcuses]); those to come ask when
// they open.
package excuse

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// Excuse is for one person, over a stretch of time.
type Excuse struct {
	ID     int64
	Person attendance.PersonID
	Course attendance.CourseID // 0: all courses
	// It is for every session that has a moment in common with the time from From up
	// to, and without, Until.
	From, Until time.Time
	Reason      string
	Status      string              // which status of excused; empty: excused itself
	By          attendance.PersonID // 0: the program itself
	At          time.Time
}

// Listed is an excuse as it is shown.
type Listed struct {
	Excuse
	Family, Given, Ref string
	ByName             string // who gave it
	CourseCode         string // of the course that it is for; empty: all courses
	Sessions           int    // how many sessions that are planned or were held it reaches
	Marks              int    // how many marks say excused because of it
}

// Scope is whom and what an excuse is to be for.
type Scope struct {
	// People are those to be excused; nil: all students of the Courses.
	People []attendance.PersonID
	// Courses are those it is for; nil: all, and then there must be People.
	Courses     []attendance.CourseID
	From, Until time.Time
}

// Student is somebody within a Scope, in one course.
type Student struct {
	Person attendance.PersonID
	Course attendance.CourseID // 0, if the scope has all courses
	Family string
	Given  string
}

// Session is one within a Scope.
type Session struct {
	ID     attendance.SessionID
	Course attendance.CourseID
	Title  string
	Starts time.Time // as planned, or when it was opened
	Status attendance.Status
}

// Line is what the record says of a student in a session within a Scope.
type Line struct {
	Session attendance.SessionID
	Person  attendance.PersonID
	Mark    attendance.Mark
	Source  attendance.Source
}

// Reach is all that is within a Scope.
type Reach struct {
	Students []Student // by family name
	Sessions []Session // by time
	Lines    []Line    // of the sessions that have been opened
	Active   []Excuse  // of these people, that have not been withdrawn, with the same times
}

// Store is where excuses are kept.
type Store interface {
	// Reach reads what is within a scope.
	Reach(context.Context, Scope) (*Reach, error)
	// GiveExcuses calls decide with what is within the scope, stores the excuses that
	// it returns, and has the marks follow, as one change set.
	GiveExcuses(ctx context.Context, h changes.Header, s Scope, decide func(*Reach) ([]Excuse, error)) (changes.Result, error)
	// WithdrawExcuses ends excuses, and has the marks follow, as one change set. Those
	// that have ended stay as they are.
	WithdrawExcuses(ctx context.Context, h changes.Header, ids []int64) (changes.Result, error)
	// Excuses returns the excuses that have not been withdrawn and concern students of a
	// course, newest first.
	Excuses(ctx context.Context, course attendance.CourseID) ([]Listed, error)
	// AllExcuses returns the excuses that have not been withdrawn of the whole institution,
	// newest first: those with ids below before (0: from the newest), at most limit.
	AllExcuses(ctx context.Context, before int64, limit int) ([]Listed, error)
	// ExcusesByID returns those of these that there are, withdrawn ones among them.
	ExcusesByID(ctx context.Context, ids []int64) ([]Excuse, error)
}

// Limits of an excuse.
const (
	MaxReason = 300 // characters
	MaxPeople = 100_000
	MaxLength = 2 * 366 * 24 * time.Hour
)

// Wanted is an excuse to be given.
type Wanted struct {
	Scope
	Reason string
	Status string // see [Excuse]
	By     attendance.PersonID
	At     time.Time
	// LeaveOut has people left out who are no students of the courses; otherwise they are
	// a mistake.
	LeaveOut bool
}

// Validate returns an [attendance.Error] that names the field at fault.
func (w *Wanted) Validate() error {
	switch {
	case w.People == nil && w.Courses == nil:
		return attendance.BadField("people", "given, or courses")
	case len(w.People) > MaxPeople:
		return attendance.BadField("people", "at most 100,000 ids")
	case !w.Until.After(w.From):
		return attendance.BadField("until", "after from")
	case w.Until.Sub(w.From) > MaxLength:
		return attendance.BadField("until", "at most two years after from")
	case len([]rune(w.Reason)) > MaxReason || !attendance.IsText(w.Reason):
		return attendance.BadField("reason", "text of at most 300 characters")
	case w.Status != "" && !attendance.ValidStatusKey(w.Status):
		return attendance.BadField("status", "the key of a status of excused")
	}
	return nil
}
