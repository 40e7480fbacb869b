package table

import (
	"encoding/csv"
	"io"
)

// Writer writes a CSV file in UTF-8 with a byte order mark, by which Excel knows it, and
// in which no cell can run as a formula.
type Writer struct {
	csv   *csv.Writer
	cells []string
	err   error
}

// NewWriter returns a Writer whose fields are divided by delimiter.
func NewWriter(w io.Writer, delimiter rune) *Writer {
	out := &Writer{csv: csv.NewWriter(w)}
	_, out.err = io.WriteString(w, "\ufeff")
	out.csv.Comma, out.csv.UseCRLF = delimiter, true
	return out
}

// Write writes a row. What went wrong, Close says.
func (w *Writer) Write(cells ...string) {
	w.cells = w.cells[:0]
	for _, cell := range cells {
		w.cells = append(w.cells, Inert(cell))
	}
	if err := w.csv.Write(w.cells); w.err == nil {
		w.err = err
	}
}

// Close writes what has not been written so far, and returns what went wrong first.
func (w *Writer) Close() error {
	w.csv.Flush()
	if err := w.csv.Error(); w.err == nil {
		w.err = err
	}
	return w.err
}
