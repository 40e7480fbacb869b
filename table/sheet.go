package table

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// sheetRows are the rows of a sheet.
type sheetRows struct {
	book   *workbook
	part   io.ReadCloser
	xml    *xml.Decoder
	merged []merged // those that go on below their first row, by their first row
	active []merged // those that have begun

	line     int
	cells    []string
	problems map[int]string // by column
	size     int            // bytes of the row
	begun    bool           // the headings have been found
}

// merged is a range of cells that are shown as one. The value is in the first.
type merged struct {
	top, bottom, left, right int // rows from 1, columns from 0
	value                    string
}

// maxMerged is how many ranges of merged cells a sheet may have.
const maxMerged = 100_000

func (w *workbook) openSheet(part string) (*sheetRows, error) {
	s := &sheetRows{book: w}
	var err error
	if s.merged, err = w.readMerged(part); err != nil {
		return nil, err
	}
	if s.part, err = w.open(part); err != nil {
		return nil, err
	}
	s.xml = xml.NewDecoder(s.part)
	return s, nil
}

// readMerged reads which cells are merged. A sheet says so after its rows, so these
// are run through; only what follows them is read as XML.
func (w *workbook) readMerged(part string) ([]merged, error) {
	r, err := w.open(part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := bufio.NewReaderSize(r, 1<<16)
	for {
		if _, err := b.ReadSlice('<'); err == io.EOF {
			return nil, nil
		} else if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, readError(w.name, 0, err)
		}
		next, _ := b.Peek(40) // there may be a namespace before the name
		name, _, _ := bytes.Cut(next, []byte(" "))
		name, _, _ = bytes.Cut(name, []byte(">"))
		if local := name[bytes.IndexByte(name, ':')+1:]; string(local) == "mergeCells" {
			break
		}
	}
	var all []merged
	d := xml.NewDecoder(io.MultiReader(strings.NewReader("<"), b))
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil, readError(w.name, 0, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "mergeCell" {
				continue
			}
			if m, ok := parseRange(attribute(token, "ref")); ok {
				all = append(all, m)
			}
			if len(all) > maxMerged {
				return nil, fault(w.name, "More than %d cells are merged. Save the table as CSV.", maxMerged)
			}
		case xml.EndElement:
			if token.Name.Local == "mergeCells" {
				slices.SortStableFunc(all, func(a, b merged) int { return a.top - b.top })
				return all, nil
			}
		}
	}
}

func (s *sheetRows) close() error {
	return errors.Join(s.part.Close(), s.book.closer.Close())
}

func (s *sheetRows) problem(column int) string { return s.problems[column] }

// next returns the next row. Before the headings, rows that consist of one merged
// cell are left out: they are titles.
func (s *sheetRows) next() ([]string, int, error) {
	for {
		if err := s.readRow(); err == io.EOF {
			return nil, 0, io.EOF
		} else if err != nil {
			var file *FileError
			if errors.As(err, &file) {
				return nil, 0, err
			}
			return nil, 0, readError(s.book.name, s.line+1, err)
		}
		title := s.fillMerged()
		if s.begun {
			return s.cells, s.line, nil
		}
		if title || blank(s.cells) && len(s.problems) == 0 {
			continue
		}
		s.begun = true
		for i := len(s.cells) - 1; i >= 0 && strings.TrimSpace(s.cells[i]) == ""; i-- {
			s.cells = s.cells[:i]
		}
		for column, problem := range s.problems {
			return nil, 0, &RowError{Origin{s.book.name, s.line}, cellName(column, s.line) + ": " + problem}
		}
		return s.cells, s.line, nil
	}
}

// readRow reads a row of the sheet as it is written.
func (s *sheetRows) readRow() error {
	for {
		token, err := s.xml.RawToken()
		if err != nil {
			return err
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "row" {
			continue
		}
		s.line++
		if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n >= s.line {
			s.line = n
		}
		s.cells, s.problems, s.size = s.cells[:0], nil, 0
		return s.readCells()
	}
}

func (s *sheetRows) readCells() error {
	for column := 0; ; {
		token, err := s.xml.RawToken()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			if token.Name.Local == "row" {
				return nil
			}
		case xml.StartElement:
			if token.Name.Local != "c" {
				continue
			}
			if at, _, ok := parseCell(attribute(token, "r")); ok && at >= column {
				column = at
			}
			if column >= maxColumns {
				return &FileError{Origin{s.book.name, s.line}, fmt.Sprintf("The row has more than %d columns.", maxColumns)}
			}
			for len(s.cells) <= column {
				s.cells = append(s.cells, "")
			}
			text, problem, err := s.readCell(token)
			if err != nil {
				return err
			}
			if s.size += len(text); s.size > maxRecord {
				return &FileError{Origin{s.book.name, s.line}, fmt.Sprintf("The row has more than %d kB.", maxRecord>>10)}
			}
			s.cells[column] = text
			if problem != "" {
				if s.problems == nil {
					s.problems = make(map[int]string)
				}
				s.problems[column] = problem
			}
			column++
		}
	}
}

// readCell reads a cell to its end. Of a formula, the value counts that the
// spreadsheet program has found last.
func (s *sheetRows) readCell(cell xml.StartElement) (text, problem string, err error) {
	kind, formula, hasValue := attribute(cell, "t"), false, false
	var value []byte
	inValue := false
	for {
		token, err := s.xml.RawToken()
		if err != nil {
			return "", "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "f":
				formula = true
			case "v":
				inValue, hasValue = true, true
			case "is":
				if text, err = richText(s.xml); err != nil {
					return "", "", err
				}
			}
		case xml.CharData:
			if inValue {
				value = append(value, token...)
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "v":
				inValue = false
			case "c":
				if kind == "inlineStr" {
					return text, "", nil
				}
				if formula && (!hasValue || len(value) == 0 && kind != "str") {
					return "", "It is a formula whose value is not in the file. Open the file in a spreadsheet program and save it again, or put the value in its place.", nil
				}
				text, problem := s.book.value(kind, attribute(cell, "s"), string(value))
				return text, problem, nil
			}
		}
	}
}

// fillMerged has cells that are merged with one of an earlier row say the same, and
// reports whether the row is nothing but one cell across several columns.
func (s *sheetRows) fillMerged() (title bool) {
	for len(s.merged) > 0 && s.merged[0].top <= s.line {
		m := s.merged[0]
		s.merged = s.merged[1:]
		if m.top == s.line && m.left < len(s.cells) {
			m.value = s.cells[m.left]
			title = title || m.right > m.left && m.value != "" && others(s.cells, m.left) == 0
		}
		if m.bottom > m.top {
			s.active = append(s.active, m)
		}
	}
	s.active = slices.DeleteFunc(s.active, func(m merged) bool { return m.bottom < s.line })
	for _, m := range s.active {
		if m.top < s.line && m.left < maxColumns {
			for len(s.cells) <= m.left {
				s.cells = append(s.cells, "")
			}
			s.cells[m.left] = m.value
		}
	}
	return title
}

// others counts the cells that have something in them, but for one.
func others(cells []string, but int) int {
	n := 0
	for i, cell := range cells {
		if i != but && strings.TrimSpace(cell) != "" {
			n++
		}
	}
	return n
}

// parseCell takes an address such as B7 apart into the column, from 0, and the row.
func parseCell(address string) (column, row int, ok bool) {
	i := 0
	for ; i < len(address) && i < 4 && address[i]|0x20 >= 'a' && address[i]|0x20 <= 'z'; i++ {
		column = column*26 + int(address[i]|0x20-'a') + 1
	}
	row, err := strconv.Atoi(address[i:])
	return column - 1, row, i > 0 && err == nil && row > 0
}

func parseRange(ref string) (m merged, ok bool) {
	first, last, ok := strings.Cut(ref, ":")
	if !ok {
		return m, false
	}
	var ok1, ok2 bool
	m.left, m.top, ok1 = parseCell(first)
	m.right, m.bottom, ok2 = parseCell(last)
	return m, ok1 && ok2 && m.left <= m.right && m.top <= m.bottom
}

// cellName is the address of a cell: B7.
func cellName(column, row int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name + strconv.Itoa(row)
}
