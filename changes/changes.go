// Package changes is what is done in bulk: change sets. A set is worked out first, to
// be looked at; applied whole, in one transaction, or not at all; recorded with who,
// when, from where, and what each thing was and became; and taken back whole while
// nothing later contradicts it, and otherwise as far as nothing does.
//
//	input ──▶ Preview ──▶ applied by a store, as a Set with its Rows ──▶ Undo, a Set as well
package changes

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Kind says what a set is about.
type Kind string

// The kinds of sets.
const (
	Import    Kind = "import"    // people, courses and enrolments from files
	Timetable Kind = "timetable" // planned sessions, holidays
	Excuses   Kind = "excuses"
	Marks     Kind = "marks"
	Rules     Kind = "rules" // settings of courses, status sets
	Merge     Kind = "merge" // several records of one person
	Groups    Kind = "groups"
	Undo      Kind = "undo" // takes another set back
)

// Header says whose set it is, and what for.
type Header struct {
	Kind Kind
	// Title is what people call it: "roster.zip", "Excused: 12 people, 3 to 7 November".
	Title string
	// Course is the one whose teachers may see the set and take it back; 0: the whole
	// institution, so that only administrators may.
	Course attendance.CourseID
	Actor  attendance.PersonID // 0: the program itself
	From   string              // where it came from: an address, "command line", "schedule"
	At     time.Time
	// Job is the job that applies the set, 0 if none does. A job applies one set at
	// most: if it has, the store returns that set and changes nothing.
	Job int64
}

// Set is a change set that has been applied.
type Set struct {
	ID int64 // 0: nothing had to be changed, so there is no set
	Header
	Rows     int
	By       string // the name of the Actor, as the store knows it
	Undoes   int64  // the set that this one took back, 0 if it is not an undo
	UndoneBy int64  // the set that took this one back, 0 if none has
}

// Row is what a set did to one thing.
type Row struct {
	N      int
	What   string // person, course, enrolment, session, mark, …
	Key    string // JSON array of the numbers that name it
	Was    string // JSON object of what is kept of it; empty: there was none
	Became string // the same afterwards; empty: there is none any more
	Name   string // what people call it, as far as it can be told now
}

// Result is what applying a set did, for those who show it.
type Result struct {
	Set
	Events  []attendance.Event    // to be shown on boards
	Touched []attendance.CourseID // whose rosters or settings are different
	Locked  []attendance.PersonID // who may no longer sign in
}

// Query asks for sets, newest first.
type Query struct {
	Course attendance.CourseID // 0: all
	Before int64               // the id that the page before ended with; 0: from the newest
	Limit  int                 // 1 to MaxPage
}

// MaxPage is how many sets or rows are given at once, at the most.
const MaxPage = 200

// Contradiction is a row that cannot be taken back, because the thing has been changed
// since.
type Contradiction struct {
	Row
	Now string // as Row.Became, at present
}

// MaxContradictions is how many of them an undo names.
const MaxContradictions = 100

// Undoing is the outcome of an undo.
type Undoing struct {
	Result
	// Contradicted are rows that were left as they are, at most MaxContradictions;
	// More is how many there are besides.
	Contradicted []Contradiction
	More         int
}

// Store is where sets are kept.
type Store interface {
	// ChangeSets returns a page of sets.
	ChangeSets(context.Context, Query) ([]Set, error)
	// ChangeSet returns a set, or an [attendance.Error] with CodeNotFound.
	ChangeSet(ctx context.Context, id int64) (Set, error)
	// ChangeRows returns the rows of a set from number after+1 on, at most limit.
	ChangeRows(ctx context.Context, id int64, after, limit int) ([]Row, error)
	// ChangeMarks carries out commands that set marks, in any number of sessions, as one
	// set. If one of them is refused, all are. Their ids, actors and times are the set's.
	ChangeMarks(context.Context, Header, []attendance.Command) (Result, error)
	// UndoChanges takes a set back. If rows contradict that, it takes back the others
	// if rest is set, and else nothing: then it returns an [attendance.Error] with
	// CodeConflict, and the Undoing says which rows these are. The Kind, Title and
	// Course of the header are the store's to fill in.
	UndoChanges(ctx context.Context, h Header, id int64, rest bool) (Undoing, error)
}
