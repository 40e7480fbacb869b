package roster

import (
	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Bundle is what files say should be so. Whatever in it is empty says nothing, and
// changes nothing.
type Bundle struct {
	Terms      []TermRow
	Courses    []CourseRow
	People     []PersonRow
	Enrolments []EnrolmentRow

	// How much of each kind there is in the bundle. Unless it is everything, rows
	// may refer to what the store has.
	TermsHold, CoursesHold, PeopleHold, EnrolmentsHold Extent

	Rejects []Reject
	// Ignored says what was in the files and is not kept, a line for each file.
	Ignored []string
	// Refers says how rows refer to things of each kind, for messages.
	Refers [len(kindNames)]Reference
	// Columns are those that a plain list was read by; nil for other formats.
	Columns *UsedColumns
	// Notes say how the files were read where that could have been done otherwise.
	Notes []string
}

// UsedColumns say which columns a list was read by. A list with the same headings has
// the same fingerprint.
type UsedColumns struct {
	Fingerprint string
	Mapping     Mapping
}

// Reference says which column refers to things of a kind, and in which file these are.
type Reference struct{ Column, File string }

// Extent says how much of its kind a file holds.
type Extent uint8

// The extents, as a OneRoster manifest has them.
const (
	Absent Extent = iota // there is no such file
	Delta                // what has changed
	Bulk                 // everything: what is missing has ended
)

// TermRow is a term as a file has it.
type TermRow struct {
	table.Origin
	Ref          string
	Title        string
	Starts, Ends string // YYYY-MM-DD; may be empty
}

// CourseRow is a course as a file has it.
type CourseRow struct {
	table.Origin
	Ref   string // may be empty; then Code names the course
	Code  string
	Title string
	Term  string // ref of its term; may be empty
	Ended bool
}

// PersonRow is a person as a file has them. At least one of Ref, Username and Email
// is there, and names the person, in this order.
type PersonRow struct {
	table.Origin
	Ref, Given, Family, Email, Username string
	Active                              Flag // whether they may sign in; the file has the last word
	Ended                               bool
}

// Flag is a yes or no that a file may leave out.
type Flag uint8

// The values of a Flag.
const (
	NotSaid Flag = iota
	Yes
	No
)

// EnrolmentRow is an enrolment as a file has it.
type EnrolmentRow struct {
	table.Origin
	Ref    string
	Course string          // key of the course: see CourseRow.Key
	Person string          // key of the person: see PersonRow.Key
	Role   attendance.Role // NoRole: the file does not say; who is new is a student
	Ended  bool
}

// Key returns what enrolments of the same bundle call the course.
func (c *CourseRow) Key() string {
	if c.Ref != "" {
		return c.Ref
	}
	return c.Code
}

// Key returns what enrolments of the same bundle call the person.
func (p *PersonRow) Key() string {
	switch {
	case p.Ref != "":
		return p.Ref
	case p.Username != "":
		return p.Username
	}
	return p.Email
}

// Name returns the person's name, or what else there is to call them.
func (p *PersonRow) Name() string { return fullName(p.Given, p.Family, p.Key()) }

// fullName returns the name of a person, or otherwise if they have none.
func fullName(given, family, otherwise string) string {
	switch {
	case given == "" && family == "":
		return otherwise
	case given == "":
		return family
	case family == "":
		return given
	}
	return given + " " + family
}

// Kind is a kind of things that a roster holds.
type Kind uint8

// The kinds.
const (
	TermKind Kind = iota
	CourseKind
	PersonKind
	EnrolmentKind
)

var kindNames = [...]string{"term", "course", "person", "enrolment"}

// String returns the kind's name as it stands in the API.
func (k Kind) String() string { return kindNames[k] }

// Reject is a row that cannot be taken in.
type Reject struct {
	table.Origin
	What  Kind
	Key   string // the row's own id, as far as it can be read; what it names stays as it is
	Name  string // what people call the thing, as far as it can be told
	Field string // the column at fault, if it is one
	Want  string // a sentence: what is wrong and what was expected
}
