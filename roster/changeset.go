package roster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Current is everything of the roster that a store has, what has ended included.
type Current struct {
	Terms      []StoredTerm
	Courses    []StoredCourse
	People     []StoredPerson
	Enrolments []StoredEnrolment
	// Installation is its name, see [Refs]; empty: it has none yet.
	Installation string
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
	// MergedInto is the record that this one turned out to be of the same person as, and
	// was merged into; 0: it is one of its own.
	MergedInto attendance.PersonID
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
	// Rejects are all rows that are rejected.
	Rejects []Reject
	// Ignored says what was in the files and is not kept, a line for each file.
	Ignored []string
	// Notes say how the files were read where that could have been done otherwise.
	Notes []string

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

// Writes returns how many rows are to be stored.
func (cs *ChangeSet) Writes() int {
	return len(cs.Terms) + len(cs.Courses) + len(cs.People) + len(cs.Enrolments)
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
	table.Origin
	Change Change
	What   Kind
	Name   string
	Detail string
}

// digest names what the set does.
func (cs *ChangeSet) digest() string {
	h := hasher{Hash: sha256.New()}
	h.numbers(int64(cs.Counts.Rejects), int64(len(cs.Terms)), int64(len(cs.Courses)), int64(len(cs.People)), int64(len(cs.Enrolments)))
	for i := range cs.Terms {
		t := &cs.Terms[i]
		h.numbers(t.ID)
		h.texts(t.Ref, t.Title, t.Starts, t.Ends)
	}
	for i := range cs.Courses {
		c := &cs.Courses[i]
		h.numbers(int64(c.ID), c.Term, number(c.Active))
		h.texts(c.Ref, c.Code, c.Title)
	}
	for i := range cs.People {
		p := &cs.People[i]
		h.numbers(int64(p.ID), number(p.Active), number(p.Admin))
		h.texts(p.Ref, p.Given, p.Family, p.Email, p.Username)
	}
	for i := range cs.Enrolments {
		e := &cs.Enrolments[i]
		h.numbers(int64(e.Course), int64(e.Person), int64(e.Role), number(e.Ended))
		h.texts(e.Ref)
	}
	h.flush()
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hasher hashes values so that no two lists of them are written the same.
type hasher struct {
	hash.Hash
	buf []byte
}

func (h *hasher) numbers(all ...int64) {
	for _, n := range all {
		h.buf = binary.AppendVarint(h.buf, n)
	}
}

// texts are written with their lengths.
func (h *hasher) texts(all ...string) {
	for _, s := range all {
		h.buf = append(binary.AppendUvarint(h.buf, uint64(len(s))), s...)
	}
	if len(h.buf) > 1<<12 {
		h.flush()
	}
}

func (h *hasher) flush() {
	h.Write(h.buf)
	h.buf = h.buf[:0]
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
