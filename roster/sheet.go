package roster

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Field is what a column of a plain list of people can be mapped to.
type Field string

// The fields. A name comes in two columns or in one.
const (
	FieldRef      Field = "ref"
	FieldGiven    Field = "given"
	FieldFamily   Field = "family"
	FieldName     Field = "name" // "Family, Given" or "Given Family"
	FieldEmail    Field = "email"
	FieldUsername Field = "username"
	FieldRole     Field = "role" // without it, everybody is a student
)

var allFields = []Field{FieldRef, FieldGiven, FieldFamily, FieldName, FieldEmail, FieldUsername, FieldRole}

// Mapping says which column, by its heading, holds which field.
type Mapping map[Field]string

// Columns is what a plain list of people has.
type Columns struct {
	Headings   []string
	Sample     [][]string // the first rows
	Mapping    Mapping    // a guess
	Remembered bool       // the mapping is one that was chosen before, and no guess
	Sheet      string     // of a workbook: the one that is shown
	Sheets     []string   // of a workbook: all of them
}

// sampleRows is how many rows Columns shows.
const sampleRows = 5

// ReadColumns looks at the beginning of a plain list: of a CSV file, or of a sheet of a
// workbook (empty: the first).
func ReadColumns(f table.File, sheet string) (*Columns, error) {
	t, err := table.Open(f, table.Options{Sheet: sheet})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	c := &Columns{Headings: t.Headings, Sheet: t.Sheet, Sheets: t.Sheets, Mapping: GuessMapping(t.Headings), Sample: [][]string{}}
	for len(c.Sample) < sampleRows {
		var bad *table.RowError
		if err := t.Next(); err == io.EOF {
			break
		} else if errors.As(err, &bad) {
			continue // the preview tells
		} else if err != nil {
			return nil, err
		}
		row := make([]string, len(t.Headings))
		for i := range row {
			row[i] = strings.Map(printable, strings.Clone(t.Cell(i)))
		}
		c.Sample = append(c.Sample, row)
	}
	return c, nil
}

func printable(r rune) rune {
	if table.Unreadable(r) {
		return '�'
	}
	return r
}

// ReadSheet reads a plain list, CSV or XLSX, as the people of one course. Such a list adds and changes people
// and enrolments, and ends none. What is wrong with single rows is in the bundle's
// Rejects; the error is of what spoils the whole.
func ReadSheet(f table.File, o SheetOptions) (*Bundle, error) {
	course := strings.TrimSpace(o.Course)
	if problem := table.TextProblem(course, MaxName); course == "" || problem != "" {
		return nil, attendance.BadField("course", "the code of the course that the people are in, such as CS101")
	}
	s := &sheet{bundle: &Bundle{}, course: course, seen: make(map[string]int)}
	t, err := table.Open(f, table.Options{Sheet: o.Sheet})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	s.record = record{Table: t, columns: make(map[string]int)}
	if err := s.mapColumns(o.Mapping); err != nil {
		return nil, err
	}
	s.bundle.Courses = []CourseRow{{Origin: table.Origin{File: t.File, Line: 1}, Code: course}}
	for {
		var bad *table.RowError
		if err := t.Next(); err == io.EOF {
			return s.bundle, nil
		} else if errors.As(err, &bad) {
			s.bundle.Rejects = append(s.bundle.Rejects, Reject{Origin: bad.Origin, What: PersonKind, Want: bad.Problem})
		} else if err != nil {
			return nil, err
		} else {
			s.readRow()
		}
	}
}

// sheet is a plain list while it is read. The columns of its record go by field.
type sheet struct {
	record
	bundle *Bundle
	course string
	seen   map[string]int // line, by the key of the person
}

// mapColumns finds the columns of the fields.
func (s *sheet) mapColumns(m Mapping) error {
	if m == nil {
		m = GuessMapping(s.Headings)
	}
	used := make(Mapping, len(m))
	for field, heading := range m {
		if heading == "" {
			continue
		}
		if !slices.Contains(allFields, field) {
			return attendance.BadField("mapping", "of the fields ref, given, family, name, email, username and role; there is no field "+string(field))
		}
		at, err := s.Column(heading)
		if err != nil {
			return err
		}
		if at < 0 {
			return attendance.BadField("mapping", fmt.Sprintf("to columns that %s has; it has no column %q, but %s", s.File, heading, quoted(s.Headings)))
		}
		s.columns[string(field)] = at
		used[field] = s.Headings[at]
	}
	has := func(f Field) bool { _, ok := s.columns[string(f)]; return ok }
	switch {
	case !has(FieldName) && !has(FieldFamily) && !has(FieldGiven):
		return attendance.BadField("mapping", "given for name, or for given and family: none of the columns "+quoted(s.Headings)+" is known to hold names")
	case !has(FieldRef) && !has(FieldUsername) && !has(FieldEmail):
		return attendance.BadField("mapping", "given for ref, username or email, so that people can be told apart: none of the columns "+quoted(s.Headings)+" is known to hold one")
	}
	s.bundle.Columns = &UsedColumns{table.Fingerprint(listKind, s.Headings), used}
	s.bundle.Notes = []string{used.note(s.File)}
	var others []string
	for i, heading := range s.Headings {
		used := false
		for _, at := range s.columns {
			used = used || at == i
		}
		if !used && heading != "" && !table.IsReason(heading) {
			others = append(others, heading)
		}
	}
	if len(others) > 0 {
		s.bundle.Ignored = []string{s.File + ": " + strings.Join(others, ", ")}
	}
	return nil
}

// quoted lists headings.
func quoted(headings []string) string {
	const most = 30
	more := ""
	if len(headings) > most {
		headings, more = headings[:most], " and others"
	}
	return fmt.Sprintf("%q", headings) + more
}

func (s *sheet) readRow() {
	s.reject = nil
	p := PersonRow{Origin: s.Origin, Ref: s.ref(), Email: s.text(string(FieldEmail)), Username: s.text(string(FieldUsername)),
		Given: s.text(string(FieldGiven)), Family: s.text(string(FieldFamily))}
	if name := s.text(string(FieldName)); name != "" && p.Given == "" && p.Family == "" {
		p.Given, p.Family = splitName(name)
	}
	key := p.Key()
	role, ok := parseRole(s.cellOf(string(FieldRole)))
	switch line, again := s.seen[strings.ToLower(key)]; {
	case key == "":
		s.fail("", "The row says nothing by which to know the person again: no ref, username or email.")
	case again:
		s.fail("", fmt.Sprintf("%s has been there on line %d. Keep one of the two rows.", key, line))
	case p.Given == "" && p.Family == "":
		s.fail("name", "A person must have a name.")
	case !ok:
		s.fail(string(FieldRole), "It must be student, assistant or teacher.")
	}
	s.checkAccount(p)
	if s.reject != nil {
		s.reject.What, s.reject.Key, s.reject.Name = PersonKind, key, p.Name()
		s.bundle.Rejects = append(s.bundle.Rejects, *s.reject)
		return
	}
	s.seen[strings.ToLower(key)] = s.Line
	s.bundle.People = append(s.bundle.People, p)
	s.bundle.Enrolments = append(s.bundle.Enrolments, EnrolmentRow{Origin: s.Origin, Course: s.course, Person: key, Role: role})
}

// ref returns what the institution calls the person; it may be empty.
func (s *sheet) ref() string {
	if s.cellOf(string(FieldRef)) == "" {
		return ""
	}
	return s.id(string(FieldRef))
}

// splitName takes "Family, Given" or "Given Family" apart.
func splitName(name string) (given, family string) {
	if family, given, ok := strings.Cut(name, ","); ok {
		return strings.TrimSpace(given), strings.TrimSpace(family)
	}
	last := strings.LastIndexByte(name, ' ')
	return strings.TrimSpace(name[:max(last, 0)]), name[last+1:]
}
