package report

import (
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Column is a column of an exported table.
type Column struct {
	Key     string // what programs call it
	Heading string // what people call it
}

// Cell is what stands in one place of a table: nothing, a text, a number, a share or a
// time. Its kind goes into files that know kinds, so that no text in them can be taken
// for anything else.
type Cell struct {
	kind   cellKind
	text   string
	key    string // what programs read instead of text, unless it is empty
	number float64
	at     time.Time
}

type cellKind uint8

const (
	emptyCell cellKind = iota
	textCell
	numberCell
	shareCell
	timeCell
)

// Text returns a cell with a text.
func Text(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{kind: textCell, text: s}
}

// statusCell returns a cell with the status that a marking stands for: its name for
// people, and its key for programs. It is empty if the mark stands for itself.
func statusCell(set *attendance.StatusSet, m attendance.Marking) Cell {
	c := Text(m.Status)
	if of := set.Of(m); c.kind != emptyCell && of.Key == m.Status {
		c.text, c.key = of.Name, m.Status
	}
	return c
}

// Number returns a cell with a number.
func Number[N ~int | ~int64 | ~float64](n N) Cell { return Cell{kind: numberCell, number: float64(n)} }

// Share returns a cell with a part of a whole, from 0 to 1, which people read in
// percent; an empty one if the whole is nothing.
func Share(part, whole float64) Cell {
	if whole == 0 {
		return Cell{}
	}
	return Cell{kind: shareCell, number: part / whole}
}

// Moment returns a cell with a time; an empty one if it is not known.
func Moment(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return Cell{kind: timeCell, at: t}
}

// Writer takes tables in, row by row, and writes a file of one format. What it has
// taken in is on its way before the last row is there: a table may be longer than
// memory.
type Writer interface {
	// Sheet begins a table. Only an XLSX file has room for more than one; the others
	// leave further ones out, with all their rows.
	Sheet(name string, columns []Column) error
	// Row writes a row of the table begun last: a cell for each column. The cells are
	// not kept.
	Row(cells ...Cell) error
	// Close ends the file. It does not close what it is written to.
	Close() error
}

// Zone is the time zone that exported times are told in, with its name.
func zoneName(zone *time.Location) string { return zone.String() }

// appendNumber writes a number as short as it can be.
func appendNumber(b []byte, n float64) []byte {
	if n == float64(int64(n)) {
		return strconv.AppendInt(b, int64(n), 10)
	}
	return strconv.AppendFloat(b, n, 'f', -1, 64)
}

// appendPercent writes a share in percent, with one digit after the point.
func appendPercent(b []byte, share float64) []byte {
	b = strconv.AppendFloat(b, share*100, 'f', 1, 64)
	if n := len(b); string(b[n-2:]) == ".0" {
		b = b[:n-2]
	}
	return b
}
