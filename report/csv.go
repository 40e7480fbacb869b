package report

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/muster-live/muster/table"
)

// byteOrderMark tells Excel that a file is UTF-8.
const byteOrderMark = "\ufeff"

// CSV returns a table of texts as a CSV file, as [NewCSV] writes it.
func CSV(rows [][]string) []byte {
	var b bytes.Buffer
	w := newCSV(&b, time.UTC)
	for _, row := range rows {
		for _, cell := range row {
			w.text(cell)
		}
		w.end()
	}
	_ = w.Close() // cannot fail: it writes to memory
	return b.Bytes()
}

// csvWriter writes a CSV file.
type csvWriter struct {
	w      *bufio.Writer
	zone   *time.Location
	sheets int
	first  bool // of the row: no comma is due
	buf    []byte
	err    error
}

// NewCSV returns a Writer of CSV files (RFC 4180, UTF-8 with a byte order mark) in
// which no cell can run as a formula. Times are told in the zone.
func NewCSV(w io.Writer, zone *time.Location) Writer { return newCSV(w, zone) }

func newCSV(to io.Writer, zone *time.Location) *csvWriter {
	w := &csvWriter{w: bufio.NewWriterSize(to, 64<<10), zone: zone, first: true}
	_, w.err = w.w.WriteString(byteOrderMark)
	return w
}

// Sheet implements [Writer].
func (w *csvWriter) Sheet(_ string, columns []Column) error {
	if w.sheets++; w.sheets > 1 {
		return w.err
	}
	for _, c := range columns {
		w.text(c.Heading)
	}
	return w.end()
}

// Row implements [Writer].
func (w *csvWriter) Row(cells ...Cell) error {
	if w.sheets > 1 {
		return w.err
	}
	for i := range cells {
		c := &cells[i]
		switch c.kind {
		case textCell:
			w.text(c.text)
			continue
		case numberCell:
			w.buf = appendNumber(w.buf[:0], c.number)
		case shareCell:
			w.buf = appendPercent(w.buf[:0], c.number)
		case timeCell:
			w.buf = c.at.In(w.zone).AppendFormat(w.buf[:0], time.DateTime)
		default:
			w.buf = w.buf[:0]
		}
		w.comma()
		_, _ = w.w.Write(w.buf) // end says what went wrong
	}
	return w.end()
}

func (w *csvWriter) comma() {
	if !w.first {
		_ = w.w.WriteByte(',')
	}
	w.first = false
}

func (w *csvWriter) text(s string) {
	w.comma()
	s = table.Inert(s)
	if !strings.ContainsAny(s, ",\"\r\n") && (s == "" || s[0] != ' ') {
		_, _ = w.w.WriteString(s)
		return
	}
	_ = w.w.WriteByte('"')
	for {
		before, after, found := strings.Cut(s, `"`)
		_, _ = w.w.WriteString(before)
		if !found {
			break
		}
		_, _ = w.w.WriteString(`""`)
		s = after
	}
	_ = w.w.WriteByte('"')
}

func (w *csvWriter) end() error {
	w.first = true
	if _, err := w.w.WriteString("\r\n"); w.err == nil {
		w.err = err
	}
	return w.err
}

// Close implements [Writer].
func (w *csvWriter) Close() error {
	if err := w.w.Flush(); w.err == nil {
		w.err = err
	}
	return w.err
}
