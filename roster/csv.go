package roster

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// table reads a CSV file with headings, row by row.
type table struct {
	Origin   // of the row that was read last
	Headings []string

	csv    *csv.Reader
	source *recordLimit
	close  func() error
	row    []string
	rows   *int // how many have been read, of all files together
}

// rowError says that a row cannot be told apart into fields. The rows after it can.
type rowError struct {
	Origin
	Problem string
}

func (e *rowError) Error() string { return e.Origin.String() + ": " + e.Problem }

// openTable opens a file and reads its headings. A delimiter of 0 is guessed. Rows
// are counted in rows.
func openTable(f File, delimiter rune, rows *int) (*table, error) {
	r, err := openText(f)
	if err != nil {
		return nil, err
	}
	t := &table{Origin: Origin{File: f.Name}, source: &recordLimit{r: r, left: maxRecord}, close: r.Close, rows: rows}
	head, err := t.peekLine()
	if err == nil && delimiter == 0 {
		delimiter = guessDelimiter(head)
	}
	if err == nil {
		t.csv = csv.NewReader(t.source)
		t.csv.Comma, t.csv.FieldsPerRecord, t.csv.ReuseRecord = delimiter, -1, true
		err = t.readHeadings()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return t, nil
}

// peekLine reads the first line that is not empty, for guessing.
func (t *table) peekLine() (string, error) {
	var head []byte
	buf := make([]byte, 4096)
	for len(head) < 64<<10 && !strings.ContainsRune(strings.TrimLeft(string(head), "\n"), '\n') {
		n, err := t.source.r.Read(buf)
		head = append(head, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", readError(t.File, 0, err)
		}
	}
	t.source.r = io.MultiReader(strings.NewReader(string(head)), t.source.r)
	line, _, _ := strings.Cut(strings.TrimLeft(string(head), "\n"), "\n")
	return line, nil
}

func (t *table) readHeadings() error {
	row, err := t.csv.Read()
	switch {
	case err == io.EOF:
		return &FileError{Origin: Origin{File: t.File}, Problem: "It is empty; the first line must have the names of the columns."}
	case err != nil:
		return t.fatal(err)
	}
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
		if !utf8.ValidString(row[i]) || strings.ContainsFunc(row[i], unreadable) {
			return &FileError{Origin: Origin{t.File, 1}, Problem: "The names of the columns are not text. Save the table as CSV in UTF-8."}
		}
	}
	t.Headings = append(t.Headings, row...)
	return nil
}

// column returns the index of a heading, in any case, or -1. A heading that is there
// twice is an error.
func (t *table) column(name string) (int, error) {
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

// next reads the next row that is not empty. It returns io.EOF after the last, a
// rowError if the row makes no sense but those after it may, or else a FileError.
func (t *table) next() error {
	for {
		t.source.left = maxRecord
		row, err := t.csv.Read()
		if err == io.EOF {
			return io.EOF
		}
		if *t.rows++; *t.rows > MaxRows {
			return &FileError{Origin: Origin{File: t.File}, Problem: fmt.Sprintf("There are more than %d rows. Split the import.", MaxRows)}
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) && bad.StartLine == bad.Line && !errors.Is(err, errLongRecord) {
			t.Line = bad.Line
			return &rowError{t.Origin, "A quotation mark stands inside a field. Put the field in quotation marks, and write those inside twice."}
		}
		if err != nil {
			return t.fatal(err)
		}
		t.Line, _ = t.csv.FieldPos(0)
		if blank(row) {
			continue
		}
		if len(row) != len(t.Headings) {
			return &rowError{t.Origin, fmt.Sprintf("The row has %s and the heading has %d. Is a quotation mark or a delimiter missing?", fields(len(row)), len(t.Headings))}
		}
		t.row = row
		return nil
	}
}

// fields says how many there are.
func fields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

func blank(row []string) bool {
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// fatal says why the rest of the file cannot be read. After a quotation mark that
// is never closed nobody knows which rows there are.
func (t *table) fatal(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errLongRecord):
		return &FileError{Origin: Origin{t.File, t.Line + 1}, Problem: fmt.Sprintf("After this line a row has more than %d kB. Is a quotation mark not closed?", maxRecord>>10)}
	case errors.As(err, &bad):
		return &FileError{Origin: Origin{t.File, bad.StartLine}, Problem: "A quotation mark in this row is not closed, or stands inside a field. Put the field in quotation marks, and write those inside twice."}
	}
	return readError(t.File, t.Line+1, err)
}

// readError wraps what went wrong with reading a file.
func readError(name string, line int, err error) error {
	return &FileError{Origin: Origin{name, line}, Problem: "It cannot be read to its end: " + err.Error() + "."}
}

// cell returns what a column (-1: there is none) has in the row, without space
// around it. It is good until the next row is read.
func (t *table) cell(column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(t.row[column])
}

// unreadable reports characters that no name or id has.
func unreadable(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }

// textProblem returns what is wrong with a text that is to be kept, "" if nothing is.
func textProblem(s string, most int) string {
	switch {
	case utf8.RuneCountInString(s) > most:
		return fmt.Sprintf("It must have at most %d characters.", most)
	case strings.ContainsFunc(s, unreadable):
		return "It has characters that are not text. Save the file in UTF-8."
	}
	return ""
}

var errLongRecord = errors.New("record too long")

// recordLimit fails when more is read than one row and what is read ahead may have.
type recordLimit struct {
	r    io.Reader
	left int
}

func (l *recordLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errLongRecord
	}
	return n, err
}

// guessDelimiter returns what the fields of a line of headings are divided by: the
// one of comma, semicolon and tab that there is most of outside quotation marks.
func guessDelimiter(line string) rune {
	count := make(map[rune]int)
	quoted := false
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			count[c]++
		}
	}
	best := ','
	for _, c := range ";\t" {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}
