package grid

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/names"
	"github.com/muster-live/muster/table"
)

// SheetOptions say how a file of marks is to be read.
type SheetOptions struct {
	table.Options
	// Session is what the marks are for, if the file does not say; 0: it does.
	Session attendance.SessionID
	Zone    *time.Location // of the days in the file
	// Statuses say how marks are written; nil: as usual.
	Statuses *attendance.StatusSet
}

// Sheet is what a file says of the marks of a grid. It has one of two forms: a row for
// each mark, with columns for student, session and mark; or the grid itself, a row for
// each student and a column for each session.
type Sheet struct {
	Wide    bool
	Cells   []SheetCell
	Rejects []Reject
	Passed  []string // headings of columns that say nothing of marks
}

// SheetCell is a mark in a file.
type SheetCell struct {
	Edit
	Line   int
	Column string // its heading
}

// Reject is a row, or a cell of a row, that cannot be taken.
type Reject struct {
	Line   int
	Column string // empty: the whole row
	Why    string
}

// maxSheet is how many marks one file may have.
const maxSheet = 500_000

// Read reads a file of marks of the grid's course. What is wrong with a row or a cell
// is a Reject; what is wrong with the file as a whole is an error.
func (g *Grid) Read(f table.File, o SheetOptions) (*Sheet, error) {
	if o.Statuses == nil {
		o.Statuses = attendance.DefaultStatusSet()
	}
	t, err := table.Open(f, o.Options)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	r := &reading{grid: g, options: o, table: t, people: names.NewIndex(g.People()), days: newCalendar(g, o.Zone)}
	r.layOut()
	if err := r.rows(); err != nil {
		return nil, err
	}
	return r.finish()
}

// reading is a file that is being read.
type reading struct {
	grid    *Grid
	options SheetOptions
	table   *table.Table
	people  *names.Index
	days    *calendar
	out     Sheet

	roles   [roleCount][]int // columns
	columns []int            // of sessions, in the wide form
	found   []row
}

// row is a row of the file whose student is known.
type row struct {
	line    int
	person  attendance.PersonID
	session string // as it is written, in the long form
	marks   []string
	note    *string
}

// layOut finds out which column is what.
func (r *reading) layOut() {
	var others []int
	for i, heading := range r.table.Headings {
		if role, ok := roleOf(heading); ok {
			r.roles[role] = append(r.roles[role], i)
		} else {
			others = append(others, i)
		}
	}
	r.out.Wide = len(r.roles[markColumn]) == 0
	if r.out.Wide {
		for _, i := range others {
			if r.days.isSession(r.table.Headings[i]) {
				r.columns = append(r.columns, i)
			}
		}
	}
	if r.students() == 0 { // none by its heading: then those on the left
		for _, i := range others {
			if len(r.columns) > 0 && i >= r.columns[0] || len(r.roles[anyStudentColumn]) == 3 {
				break
			}
			r.roles[anyStudentColumn] = append(r.roles[anyStudentColumn], i)
		}
	}
	for _, i := range others {
		if !contains(r.columns, i) && !contains(r.roles[anyStudentColumn], i) {
			r.out.Passed = append(r.out.Passed, r.table.Headings[i])
		}
	}
	for _, i := range r.roles[passedColumn] {
		r.out.Passed = append(r.out.Passed, r.table.Headings[i])
	}
}

func (r *reading) students() int {
	return len(r.roles[idColumn]) + len(r.roles[nameColumn]) + len(r.roles[familyColumn]) + len(r.roles[anyStudentColumn])
}

func (r *reading) rows() error {
	for {
		err := r.table.Next()
		var bad *table.RowError
		switch {
		case err == io.EOF:
			return r.check()
		case errors.As(err, &bad):
			r.reject(r.table.Line, "", bad.Problem)
			continue
		case err != nil:
			return err
		}
		if len(r.found) > maxSheet {
			return &table.FileError{Origin: r.table.Origin, Problem: fmt.Sprintf("There are more than %d rows. Split the file.", maxSheet)}
		}
		r.row()
	}
}

// check refuses a file in which nothing is about marks.
func (r *reading) check() error {
	problem := ""
	switch {
	case r.students() == 0:
		problem = "No column says which student a row is about. Call one of them ref, email or name."
	case r.out.Wide && len(r.columns) == 0:
		problem = "There is no column called mark, and none whose heading is the day or the title of a session of this course."
	case !r.out.Wide && len(r.roles[sessionColumn]) == 0 && r.options.Session == 0:
		problem = "No column says which session a mark is for. Call one of them date or session, or choose a session."
	}
	if problem == "" {
		return nil
	}
	return &table.FileError{Origin: table.Origin{File: r.table.File, Line: 1}, Problem: problem}
}

func (r *reading) reject(line int, column, why string) {
	r.out.Rejects = append(r.out.Rejects, Reject{line, column, why})
}

// row reads one row of either form.
func (r *reading) row() {
	t := r.table
	marks := r.columns
	if !r.out.Wide {
		marks = r.roles[markColumn]
	}
	one := row{line: t.Line, session: strings.Clone(r.first(sessionColumn))}
	empty := true
	for _, i := range marks {
		if problem := t.Problem(i); problem != "" {
			r.reject(t.Line, t.Headings[i], problem)
		}
		text := strings.Clone(t.Cell(i))
		empty = empty && text == ""
		one.marks = append(one.marks, text)
	}
	if !r.out.Wide && len(r.roles[noteColumn]) > 0 {
		note := strings.Clone(r.first(noteColumn))
		one.note = &note
	}
	if empty {
		return // says nothing
	}
	people, how := r.people.Find(r.student())
	switch {
	case len(people) == 1 && how.Sure():
		one.person = people[0].ID
		r.found = append(r.found, one)
	case len(people) == 0:
		r.reject(t.Line, "", "There is no such student in this course.")
	default:
		r.reject(t.Line, "", "It is not certain who is meant: "+these(people)+"? Give the id.")
	}
}

func (r *reading) first(role role) string {
	if len(r.roles[role]) == 0 {
		return ""
	}
	return r.table.Cell(r.roles[role][0])
}

// student returns the cells that say who a row is about.
func (r *reading) student() (cells []string) {
	add := func(text string) {
		if text = strings.Trim(text, " ,"); text != "" {
			cells = append(cells, strings.Clone(text))
		}
	}
	for _, role := range []role{idColumn, anyStudentColumn, nameColumn} {
		for _, i := range r.roles[role] {
			add(r.table.Cell(i))
		}
	}
	if family, given := r.first(familyColumn), r.first(givenColumn); family != "" && given != "" {
		add(family + ", " + given)
	} else {
		add(family)
	}
	return cells
}

// these names at most three people.
func these(people []names.Person) string {
	var all []string
	for i, p := range people {
		if i == 3 {
			all = append(all, "…")
			break
		}
		all = append(all, strings.TrimSpace(p.Given+" "+p.Family))
	}
	return strings.Join(all, " or ")
}

// finish turns rows into cells, now that it can be told how the file writes days.
func (r *reading) finish() (*Sheet, error) {
	var written []string
	for _, i := range r.columns {
		written = append(written, r.table.Headings[i])
	}
	for _, one := range r.found {
		written = append(written, one.session)
	}
	order := r.options.Days
	if order == table.AnyOrder {
		order = r.days.order(written)
	}
	sessions := make([]attendance.SessionID, len(r.columns))
	for k, i := range r.columns {
		id, problem := r.days.find(r.table.Headings[i], order)
		if problem != "" {
			r.reject(1, r.table.Headings[i], problem)
		}
		sessions[k] = id
	}
	for _, one := range r.found {
		if !r.out.Wide {
			r.long(one, order)
			continue
		}
		for k, text := range one.marks {
			if sessions[k] != 0 {
				r.cell(one, r.table.Headings[r.columns[k]], sessions[k], text)
			}
		}
	}
	return &r.out, nil
}

func (r *reading) long(one row, order table.DayOrder) {
	session, problem := r.options.Session, ""
	if len(r.roles[sessionColumn]) > 0 {
		session, problem = r.days.find(one.session, order)
	}
	if problem != "" {
		r.reject(one.line, r.table.Headings[r.roles[sessionColumn][0]], problem)
		return
	}
	r.cell(one, r.table.Headings[r.roles[markColumn][0]], session, r.exactly(one.marks))
}

// exactly returns the text of a mark: that of the first column of marks, unless another
// one, as in our own exports, says which status of that mark it is.
func (r *reading) exactly(marks []string) string {
	mark, ok := r.options.Statuses.Parse(marks[0])
	for _, text := range marks[1:] {
		if m, known := r.options.Statuses.Parse(text); ok && known && m.Status != "" && m.Mark == mark.Mark {
			return text
		}
	}
	return marks[0]
}

func (r *reading) cell(one row, column string, session attendance.SessionID, text string) {
	if text == "" {
		return
	}
	mark, ok := r.options.Statuses.Parse(text)
	if !ok {
		r.reject(one.line, column, fmt.Sprintf("%q is not a mark. Write %s; - takes a mark away.", text, r.ways()))
		return
	}
	r.out.Cells = append(r.out.Cells, SheetCell{Edit{one.person, session, mark, one.note}, one.line, column})
}

// ways are the ways to write a mark, for those who have found another one.
func (r *reading) ways() string {
	var letters, names []string
	for _, m := range r.options.Statuses.Meanings {
		letters, names = append(letters, m.Letter), append(names, strings.ToLower(m.Name))
	}
	last := len(letters) - 1
	return strings.Join(letters[:last], ", ") + " or " + letters[last] + ", or " + strings.Join(names, ", ")
}

func contains(all []int, one int) bool {
	for _, i := range all {
		if i == one {
			return true
		}
	}
	return false
}
