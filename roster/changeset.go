package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/muster-live/muster/attendance"
)

// Current is everything of the roster that a store has, what has ended included.
type Current struct {
	Terms      []StoredTerm
	Courses    []StoredCourse
	People     []StoredPerson
	Enrolments []StoredEnrolment
}

// StoredTerm is a term as a store has it, or is to have it.
type StoredTerm struct {
	ID                       int64
	Ref, Title, Starts, Ends string
}

// StoredCourse is a course as a store has it, or is to have it.
type StoredCourse struct {
	ID               attendance.CourseID
	Ref, Code, Title string
	Term             int64 // 0: none
	Active           bool
}

// StoredPerson is a person as a store has them, or is to have them.
type StoredPerson struct {
	ID                                  attendance.PersonID
	Ref, Given, Family, Email, Username string
	Active                              bool
	Admin                               bool // no import changes it
}

// Name returns the person's name.
func (p *StoredPerson) Name() string { return fullName(p.Given, p.Family, p.Username) }

// StoredEnrolment is an enrolment as a store has it, or is to have it.
type StoredEnrolment struct {
	Course attendance.CourseID
	Person attendance.PersonID
	Ref    string
	Role   attendance.Role
	Ended  bool
}

// ChangeSet is what an import is to do.
type ChangeSet struct {
	// Digest names the change set: two that would do the same have the same one.
	Digest string
	Counts Counts
	// Rows shows the changes to people, at most MaxShown of them: first what is
	// rejected, then what ends, changes and is added.
	Rows []ChangeRow
	// More is how many rows there are besides.
	More int
	// Ignored says what was in the files and is not kept, a line for each file.
	Ignored []string

	// What is to be stored: each thing that is new or different, as it is to be.
	Terms      []StoredTerm
	Courses    []StoredCourse
	People     []StoredPerson
	Enrolments []StoredEnrolment
	// Touched are the courses whose boards will look different.
	Touched []attendance.CourseID
	// Locked are the people who may sign in now and may not afterwards.
	Locked []attendance.PersonID
}

// MaxShown is how many rows a ChangeSet shows at the most.
const MaxShown = 1000

// Counts is how much a ChangeSet does.
type Counts struct {
	Terms, Courses, People, Enrolments Tally
	Rejects                            int
	Same                               int // rows that change nothing
}

// Tally counts the changes to one kind of things.
type Tally struct{ Add, Change, End int }

// Changes returns how much of anything changes.
func (c *Counts) Changes() int {
	n := 0
	for _, t := range []Tally{c.Terms, c.Courses, c.People, c.Enrolments} {
		n += t.Add + t.Change + t.End
	}
	return n
}

func (c *Counts) tally(k Kind) *Tally {
	return [...]*Tally{TermKind: &c.Terms, CourseKind: &c.Courses, PersonKind: &c.People, EnrolmentKind: &c.Enrolments}[k]
}

// Change is what happens to one thing.
type Change uint8

// The changes, in the order that they are shown in.
const (
	Rejected Change = iota
	Ends
	Changes
	Adds
)

var changeNames = [...]string{"reject", "end", "change", "add"}

// String returns the change's name as it stands in the API.
func (c Change) String() string { return changeNames[c] }

// ChangeRow tells people of one change. Its Origin is empty where the change comes
// from a row that is missing.
type ChangeRow struct {
	Origin
	Change Change
	What   Kind
	Name   string
	Detail string
}

// digest names what the set does.
func (cs *ChangeSet) digest() string {
	h := sha256.New()
	fmt.Fprintln(h, cs.Counts.Rejects)
	hashAll(h, cs.Terms)
	hashAll(h, cs.Courses)
	hashAll(h, cs.People)
	hashAll(h, cs.Enrolments)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hashAll writes things so that no two lists are written the same.
func hashAll[T any](w io.Writer, all []T) {
	for i := range all {
		fmt.Fprintf(w, "%#v\n", all[i])
	}
	fmt.Fprintln(w)
}
