package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csvRows are the rows of a CSV file.
type csvRows struct {
	file    string
	csv     *csv.Reader
	source  *recordLimit
	width   int // of the headings; 0: they have not been read
	line    int
	lenient bool
	closer  io.Closer
}

func (t *Table) openCSV(f File, o Options) error {
	r, lines, err := openText(f)
	if err != nil {
		return err
	}
	c := &csvRows{file: f.Name, source: &recordLimit{r: r, left: maxRecord}, closer: r}
	head, err := c.peekLine()
	if err != nil {
		return errors.Join(err, r.Close())
	}
	if o.Delimiter == 0 {
		o.Delimiter = guessDelimiter(head)
	}
	c.csv = csv.NewReader(c.source)
	c.lenient, c.csv.LazyQuotes = o.lenient, o.lenient
	c.csv.Comma, c.csv.FieldsPerRecord, c.csv.ReuseRecord = o.Delimiter, -1, true
	t.Lines = lines
	t.rows, t.format = c, format{delimiter: o.Delimiter}
	return nil
}

func (c *csvRows) close() error       { return c.closer.Close() }
func (c *csvRows) problem(int) string { return "" }

// peekLine reads the first line that is not empty, for guessing.
func (c *csvRows) peekLine() (string, error) {
	var head []byte
	buf := make([]byte, 4096)
	for len(head) < 64<<10 && !strings.ContainsRune(strings.TrimLeft(string(head), "\n"), '\n') {
		n, err := c.source.r.Read(buf)
		head = append(head, buf[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", readError(c.file, 0, err)
		}
	}
	c.source.r = io.MultiReader(strings.NewReader(string(head)), c.source.r)
	line, _, _ := strings.Cut(strings.TrimLeft(string(head), "\n"), "\n")
	return line, nil
}

func (c *csvRows) next() ([]string, int, error) {
	c.source.left = maxRecord
	row, err := c.csv.Read()
	if err == io.EOF {
		return nil, 0, io.EOF
	}
	var bad *csv.ParseError
	if c.width > 0 && errors.As(err, &bad) && bad.StartLine == bad.Line && !errors.Is(err, errLongRecord) {
		c.line = bad.Line
		return nil, 0, &RowError{Origin{c.file, c.line}, "A quotation mark stands inside a field. Put the field in quotation marks, and write those inside twice."}
	}
	if err != nil {
		return nil, 0, c.fatal(err)
	}
	c.line, _ = c.csv.FieldPos(0)
	switch {
	case c.width == 0:
		c.width = len(row)
	case len(row) != c.width && !c.lenient && !blank(row):
		return nil, 0, &RowError{Origin{c.file, c.line}, fmt.Sprintf("The row has %s and the heading has %d. Is a quotation mark or a delimiter missing?", fields(len(row)), c.width)}
	}
	return row, c.line, nil
}

// fields says how many there are.
func fields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// fatal says why the rest of the file cannot be read. After a quotation mark that
// is never closed nobody knows which rows there are.
func (c *csvRows) fatal(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errLongRecord):
		return &FileError{Origin: Origin{c.file, c.line + 1}, Problem: fmt.Sprintf("After this line a row has more than %d kB. Is a quotation mark not closed?", maxRecord>>10)}
	case errors.As(err, &bad):
		return &FileError{Origin: Origin{c.file, bad.StartLine}, Problem: "A quotation mark in this row is not closed, or stands inside a field. Put the field in quotation marks, and write those inside twice."}
	}
	return readError(c.file, c.line+1, err)
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
// one of comma, semicolon, tab and bar that there is most of outside quotation marks.
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
	for _, c := range ";\t|" {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}
