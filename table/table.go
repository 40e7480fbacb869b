package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options say how a file is to be read. The zero value has everything found out.
type Options struct {
	Delimiter rune   // that fields of a CSV file are divided by; 0: guessed
	Sheet     string // the sheet of a workbook; empty: the first that is not hidden
	// Days is the order that 9/1/2026 is in, for columns in which no day tells.
	Days DayOrder
	// Read counts the rows that have been read, of several files together; nil: of
	// this file alone. More than MaxRows are refused.
	Read *int

	lenient bool // rows that make no sense are read as well as can be
}

// Table is a file of rows with headings, read row by row.
type Table struct {
	Origin   // of the row that was read last
	Headings []string
	Lines    int      // how many the file has, where that is known at once; else 0
	Sheet    string   // of a workbook: the one that is read
	Sheets   []string // of a workbook: all that are not hidden

	rows   rows
	row    []string
	read   *int
	format format
}

// rows is where the rows of a table come from.
type rows interface {
	// next returns the cells of the next row and the line that it begins on, good
	// until it is called again; io.EOF, a RowError or a FileError.
	next() (cells []string, line int, err error)
	// problem says why a cell of the row cannot be read; "" if it can.
	problem(column int) string
	close() error
}

// IsWorkbook reports whether a file is a workbook.
func IsWorkbook(f File) (bool, error) {
	head, err := peek(f)
	return isZip(head), err
}

// format is what a table has to be written in to look like the one that was read.
type format struct {
	workbook  bool
	delimiter rune
}

// Open opens a CSV file or a workbook (XLSX) and reads its headings. The content of
// the file says which of the two it is, whatever it is called.
func Open(f File, o Options) (*Table, error) {
	head, err := peek(f)
	if err != nil {
		return nil, err
	}
	t := &Table{Origin: Origin{File: f.Name}, read: o.Read}
	if t.read == nil {
		t.read = new(int)
	}
	switch {
	case isZip(head):
		err = t.openWorkbook(f, o)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, fault(f.Name, "This is an old workbook (.xls), or one with a password. Save it as .xlsx without a password, or as CSV.")
	default:
		err = t.openCSV(f, o)
	}
	if err != nil {
		return nil, err
	}
	if err := t.readHeadings(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// peek reads the first bytes of a file.
func peek(f File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fault(f.Name, "It cannot be read: %v.", err)
	}
	defer r.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, readError(f.Name, 0, err)
	}
	return head[:n], nil
}

// Close closes the file.
func (t *Table) Close() error { return t.rows.close() }

func (t *Table) readHeadings() error {
	row, line, err := t.rows.next()
	switch {
	case err == io.EOF && len(t.Sheets) > 1:
		return fault(t.File, "The sheet %q is empty. Say which sheet is meant: %q.", t.Sheet, t.Sheets)
	case err == io.EOF:
		return fault(t.File, "It is empty; the first line must have the names of the columns.")
	case err != nil:
		var bad *RowError
		if errors.As(err, &bad) {
			return &FileError{bad.Origin, bad.Problem}
		}
		return err
	}
	t.Line = line
	for i := range row {
		heading := strings.TrimSpace(row[i])
		if !utf8.ValidString(heading) || strings.ContainsFunc(heading, Unreadable) {
			return &FileError{Origin: Origin{t.File, line}, Problem: "The names of the columns are not text. Save the table as CSV in UTF-8, or as XLSX."}
		}
		t.Headings = append(t.Headings, strings.Clone(heading))
	}
	return nil
}

// Column returns the index of a heading, in any case, or -1. A heading that is there
// twice is an error.
func (t *Table) Column(name string) (int, error) {
	at := -1
	for i, h := range t.Headings {
		if !strings.EqualFold(h, name) {
			continue
		}
		if at >= 0 {
			return -1, &FileError{Origin: Origin{t.File, 1}, Problem: fmt.Sprintf("There are two columns %q. Rename one of them.", name)}
		}
		at = i
	}
	return at, nil
}

// Next reads the next row that is not empty. It returns io.EOF after the last, a
// RowError if the row makes no sense but those after it may, or else a FileError.
func (t *Table) Next() error {
	for {
		row, line, err := t.rows.next()
		if err == io.EOF {
			return io.EOF
		}
		if *t.read++; *t.read > MaxRows {
			return fault(t.File, "There are more than %d rows. Split the import.", MaxRows)
		}
		var bad *RowError
		if errors.As(err, &bad) {
			t.Line = bad.Line
		}
		if err != nil {
			return err
		}
		t.Line, t.row = line, row
		if !blank(row) || t.spoiled() {
			return nil
		}
	}
}

// spoiled reports whether some cell of the row cannot be read.
func (t *Table) spoiled() bool {
	for i := range t.row {
		if t.rows.problem(i) != "" {
			return true
		}
	}
	return false
}

func blank(row []string) bool {
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// Cell returns what a column (-1: there is none) has in the row, without space
// around it. It is good until the next row is read; whoever keeps it, clones it.
func (t *Table) Cell(column int) string {
	if column < 0 || column >= len(t.row) {
		return ""
	}
	return plain(strings.TrimSpace(t.row[column]))
}

// Problem says why the cell of a column cannot be read, which is empty then; "" if
// nothing is wrong with it. Only workbooks have such cells: formulas whose value is
// not in the file, and errors such as #DIV/0!.
func (t *Table) Problem(column int) string {
	if column < 0 {
		return ""
	}
	return t.rows.problem(column)
}

// Unreadable reports characters that no name or id has.
func Unreadable(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }

// TextProblem returns what is wrong with a text that is to be kept, "" if nothing is.
func TextProblem(s string, most int) string {
	switch {
	case utf8.RuneCountInString(s) > most:
		return fmt.Sprintf("It must have at most %d characters.", most)
	case strings.ContainsFunc(s, Unreadable):
		return "It has characters that are not text. Save the file in UTF-8."
	}
	return ""
}
