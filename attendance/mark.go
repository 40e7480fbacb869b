package attendance

import "time"

// Mark is what the record says of one student in one session.
type Mark uint8

// The marks. Unset means that nothing is recorded yet.
const (
	Unset Mark = iota
	Present
	Late
	Absent
	Excused
)

// MarkCount is the number of different marks, [Unset] among them.
const MarkCount = 5

var markNames = [MarkCount]string{"unset", "present", "late", "absent", "excused"}

// String returns the mark's name as it stands in the API and in files.
func (m Mark) String() string { return markNames[m] }

// ParseMark is the inverse of [Mark.String].
func ParseMark(s string) (Mark, bool) {
	for m, name := range markNames {
		if name == s {
			return Mark(m), true
		}
	}
	return Unset, false
}

// Source says what set a mark.
type Source uint8

// The sources of marks.
const (
	NoSource Source = iota
	ByCode          // the student checked in with a code or a ticket
	ByHand          // a teacher, assistant or administrator set it
	ByRule          // nobody: closing the session filled it in, or an excuse did
	ByCard          // a card reader at the door read the student's card
)

// SourceCount is the number of different sources, [NoSource] among them.
const SourceCount = 5

var sourceNames = [SourceCount]string{"", "code", "hand", "rule", "card"}

// String returns the source's name as it stands in the API and in files.
func (s Source) String() string { return sourceNames[s] }

// ParseSource is the inverse of [Source.String].
func ParseSource(s string) (Source, bool) {
	for i, name := range sourceNames {
		if name == s {
			return Source(i), true
		}
	}
	return NoSource, false
}

// Entry is one student's line in the record of a session. The zero Entry is that
// of a student who has no mark yet.
type Entry struct {
	Mark   Mark
	At     time.Time // when the server received what set the mark; of a card that waited for a line, when it was read
	Source Source
	Actor  PersonID // who set it, or excused the student; 0 when closing did
	Note   string
	Status string // which status of the mark, by the course's [StatusSet]; empty: the mark itself
}

// Marking returns the line's mark with its status.
func (e Entry) Marking() Marking { return Marking{e.Mark, e.Status} }

// absentByRule reports whether closing the session filled the line in.
func (e Entry) absentByRule() bool { return e.Mark == Absent && e.Source == ByRule && e.Actor == 0 }

// Counts is how many students have each mark, indexed by [Mark].
type Counts [MarkCount]int
