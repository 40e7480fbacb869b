package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
)

// jsonWriter writes a table as a JSON array of objects.
type jsonWriter struct {
	w      *bufio.Writer
	sheets int
	keys   [][]byte // of the columns, quoted, with their colons
	rows   int
	buf    []byte
	err    error
}

// NewJSON returns a Writer of JSON files: an array with an object for each row, a line
// each. Empty cells are left out; times are milliseconds since 1970 and shares percent,
// as everywhere in the API.
func NewJSON(w io.Writer) Writer { return &jsonWriter{w: bufio.NewWriterSize(w, 64<<10)} }

// Sheet implements [Writer].
func (w *jsonWriter) Sheet(_ string, columns []Column) error {
	if w.sheets++; w.sheets > 1 {
		return w.err
	}
	for _, c := range columns {
		key, _ := json.Marshal(c.Key) // cannot fail for a string
		w.keys = append(w.keys, append(key, ':'))
	}
	return w.put([]byte("["))
}

// Row implements [Writer].
func (w *jsonWriter) Row(cells ...Cell) error {
	if w.sheets > 1 {
		return w.err
	}
	b := append(w.buf[:0], ",\n{"...)
	if w.rows == 0 {
		b = append(b[:0], "\n{"...)
	}
	w.rows++
	for i := range cells {
		c := &cells[i]
		if c.kind == emptyCell {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, w.keys[i]...)
		switch c.kind {
		case textCell:
			quoted, err := json.Marshal(cmp.Or(c.key, c.text))
			if err != nil {
				return err
			}
			b = append(b, quoted...)
		case numberCell:
			b = appendNumber(b, c.number)
		case shareCell:
			b = appendPercent(b, c.number)
		case timeCell:
			b = appendNumber(b, float64(c.at.UnixMilli()))
		}
	}
	w.buf = append(b, '}')
	return w.put(w.buf)
}

func (w *jsonWriter) put(b []byte) error {
	if _, err := w.w.Write(b); w.err == nil {
		w.err = err
	}
	return w.err
}

// Close implements [Writer].
func (w *jsonWriter) Close() error {
	if w.sheets == 0 {
		_ = w.put([]byte("["))
	}
	_ = w.put([]byte("\n]\n"))
	if err := w.w.Flush(); w.err == nil {
		w.err = err
	}
	return w.err
}
