package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Held is a session that has been opened and was not cancelled: one that counts.
type Held struct {
	ID       attendance.SessionID
	Title    string
	Starts   time.Time // as planned or, if nobody planned it, when it was opened
	OpenedAt time.Time
	ClosedAt time.Time
	Status   attendance.Status
}

// Student is somebody of whom a report tells.
type Student struct {
	Person attendance.PersonID
	Family string
	Given  string
	Ref    string // the institution's own id, if there is one
	Left   bool   // no longer a student of the course
}

// About is the course that a report is about.
type About struct {
	ID    attendance.CourseID
	Code  string
	Title string
	Term  string
	Set   attendance.StatusSetID // what marks mean in it
}

// Term is everything on record of a course: its students by its sessions.
type Term struct {
	Course   About
	Sessions []Held    // in the order that they were held in
	Students []Student // those of now and whoever has a mark, by family name
	// Marks has a row for each of Students with a mark for each of Sessions.
	Marks    [][]attendance.Marking
	Statuses *attendance.StatusSet // that the course has
	Counting Counting
}

// Mark is one entry of a Term, as stores find them.
type Mark struct {
	Session attendance.SessionID
	Person  attendance.PersonID
	attendance.Marking
}

// NewTerm puts a Term together. A mark of somebody or of a session that is not among
// those given is left out.
func NewTerm(course About, statuses *attendance.StatusSet, sessions []Held, students []Student, marks []Mark) *Term {
	t := &Term{Course: course, Statuses: statuses, Counting: CountingBy(statuses), Sessions: sessions, Students: students}
	column := make(map[attendance.SessionID]int, len(sessions))
	for i := range sessions {
		column[sessions[i].ID] = i
	}
	row := make(map[attendance.PersonID]int, len(students))
	cells := make([]attendance.Marking, len(students)*len(sessions))
	for i := range students {
		row[students[i].Person] = i
		t.Marks = append(t.Marks, cells[i*len(sessions):(i+1)*len(sessions):(i+1)*len(sessions)])
	}
	for _, m := range marks {
		r, ok1 := row[m.Person]
		c, ok2 := column[m.Session]
		if ok1 && ok2 {
			t.Marks[r][c] = m.Marking
		}
	}
	return t
}

// OfStudent returns what the i-th student has in all sessions.
func (t *Term) OfStudent(i int) Score {
	n := make(Tally)
	for _, m := range t.Marks[i] {
		n[m]++
	}
	return t.Counting.Score(n)
}

// OfSession returns what the students have in the i-th session. Who has left since and
// has no mark in it is not among them.
func (t *Term) OfSession(i int) Score {
	n := make(Tally)
	for r := range t.Marks {
		if m := t.Marks[r][i]; m.Mark != attendance.Unset || !t.Students[r].Left {
			n[m]++
		}
	}
	return t.Counting.Score(n)
}

// All returns what all students have in all sessions.
func (t *Term) All() (all Score) {
	for i := range t.Sessions {
		all.Add(t.OfSession(i))
	}
	return all
}

// Only keeps one student, and reports whether there is such.
func (t *Term) Only(person attendance.PersonID) bool {
	i := slices.IndexFunc(t.Students, func(s Student) bool { return s.Person == person })
	if i < 0 {
		return false
	}
	t.Students, t.Marks = t.Students[i:i+1], t.Marks[i:i+1]
	return true
}

// countColumns are the columns that every summary ends with.
var countColumns = []Column{{"present", "Present"}, {"late", "Late"}, {"absent", "Absent"}, {"excused", "Excused"},
	{"points", "Points"}, {"of", "Of"}, {"percent", "Percent"}}

func (s Score) cells() []Cell {
	n := &s.Counts
	return []Cell{Number(n[attendance.Present]), Number(n[attendance.Late]), Number(n[attendance.Absent]), Number(n[attendance.Excused]),
		Number(s.Points), Number(s.Of), Share(float64(s.There), float64(s.Counted))}
}

var studentColumns = []Column{{"family", "Family name"}, {"given", "Given name"}, {"ref", "Reference"}}

func (s *Student) cells() []Cell { return []Cell{Text(s.Family), Text(s.Given), Text(s.Ref)} }

// Write writes the grid, with a line of points for each student, and, where there is
// room for it, a table of the sessions. It does not close w.
func (t *Term) Write(w Writer, zone *time.Location) error {
	columns := slices.Concat(studentColumns, countColumns)
	for i := range t.Sessions {
		columns = append(columns, Column{Key: "session_" + id(t.Sessions[i].ID), Heading: t.Sessions[i].heading(zone)})
	}
	if err := w.Sheet(cmp.Or(t.Course.Code, "Term"), columns); err != nil {
		return err
	}
	for i := range t.Students {
		cells := append(t.Students[i].cells(), t.OfStudent(i).cells()...)
		for _, m := range t.Marks[i] {
			cells = append(cells, Text(t.Statuses.Of(m).Letter))
		}
		if err := w.Row(cells...); err != nil {
			return err
		}
	}
	return t.writeSessions(w, zone)
}

// heading is what stands above a session's column.
func (h *Held) heading(zone *time.Location) string {
	day := h.Starts.In(zone).Format("2006-01-02 15:04")
	if h.Title == "" || strings.Contains(h.Title, day) {
		return cmp.Or(h.Title, day)
	}
	return day + " " + h.Title
}

// WriteStudent writes the sessions with the mark that the only student has in each, and,
// where there is room for it, a table with their points. See [Term.Only]. It does not
// close w.
func (t *Term) WriteStudent(w Writer, zone *time.Location) error {
	err := w.Sheet("Sessions", []Column{{"session", "Session"}, {"starts", "Begin (" + zoneName(zone) + ")"}, {"mark", "Mark"}, {"status", "Status"}})
	if err != nil {
		return err
	}
	for i := range t.Sessions {
		h := &t.Sessions[i]
		if err := w.Row(Text(h.Title), Moment(h.Starts), Text(t.Marks[0][i].Mark.String()), statusCell(t.Statuses, t.Marks[0][i])); err != nil {
			return err
		}
	}
	if err := w.Sheet("Points", slices.Concat(studentColumns, countColumns)); err != nil {
		return err
	}
	return w.Row(append(t.Students[0].cells(), t.OfStudent(0).cells()...)...)
}

func (t *Term) writeSessions(w Writer, zone *time.Location) error {
	columns := slices.Concat([]Column{{"session", "Session"}, {"starts", "Begin (" + zoneName(zone) + ")"}}, countColumns)
	if err := w.Sheet("Sessions", columns); err != nil {
		return err
	}
	for i := range t.Sessions {
		h := &t.Sessions[i]
		cells := append([]Cell{Text(h.Title), Moment(h.Starts)}, t.OfSession(i).cells()...)
		if err := w.Row(cells...); err != nil {
			return err
		}
	}
	return nil
}
