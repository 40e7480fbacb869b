package names

import (
	"regexp"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// Match is what was made of one line of a list.
type Match struct {
	Line   int    // in the text, from 1
	Text   string // as it was written
	How    How
	People []Person // who may be meant: one, or several to choose from, or nobody
	// Again is the number of the line before that surely means the same person; 0 if
	// there is none.
	Again int
}

// Sure returns the person who is surely meant.
func (m *Match) Sure() (attendance.PersonID, bool) {
	if len(m.People) == 1 && m.How.Sure() {
		return m.People[0].ID, true
	}
	return 0, false
}

// Limits of a list.
const (
	MaxLines = 5000
	MaxLine  = 300 // characters that are looked at
)

// numbering is what stands before the entries of a list.
var numbering = regexp.MustCompile(`^(?:\d{1,4}[.)]|[-*•·–—])\s+`)

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// List finds who is meant by each line of a text that was pasted: a column or some
// columns of a spreadsheet, a list of a mail, ids parted by commas. Empty lines are
// left out.
func (x *Index) List(text string) []Match {
	var all []Match
	first := make(map[attendance.PersonID]int)
	n := 0
	for line := range strings.Lines(lineEnds.Replace(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		for _, m := range x.line(line) {
			m.Line = n
			if id, ok := m.Sure(); ok {
				if m.Again = first[id]; m.Again == 0 {
					first[id] = n
				}
			}
			all = append(all, m)
		}
		if len(all) >= MaxLines {
			break
		}
	}
	return all
}

// line reads one line, which means one person unless each part of it surely means one.
func (x *Index) line(line string) []Match {
	short := []rune(line)
	line = string(short[:min(len(short), MaxLine)])
	if each := x.parts(line); each != nil {
		return each
	}
	people, how := x.Find(cells(line))
	return []Match{{Text: line, People: people, How: how}}
}

// parts reads a line of several people; it returns nil if it is not one.
func (x *Index) parts(line string) (each []Match) {
	parts := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '\t' })
	if len(parts) == 1 {
		parts = strings.Fields(line)
	}
	distinct := make(map[attendance.PersonID]bool)
	for _, part := range parts {
		m := Match{Text: strings.TrimSpace(part)}
		if m.Text == "" {
			continue
		}
		m.People, m.How = x.Find([]string{m.Text})
		id, sure := m.Sure()
		if !sure {
			return nil
		}
		distinct[id] = true
		each = append(each, m)
	}
	if len(distinct) < 2 {
		return nil
	}
	return each
}

// cells parts a line as a spreadsheet has it. A comma stays: it may be that of
// "Family, Given".
func cells(line string) (cells []string) {
	for cell := range strings.FieldsFuncSeq(numbering.ReplaceAllString(line, ""), func(r rune) bool { return r == '\t' || r == ';' || r == '|' }) {
		if cell = strings.Trim(strings.TrimSpace(cell), `"`); cell != "" {
			cells = append(cells, cell)
		}
	}
	return cells
}
