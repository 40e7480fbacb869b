package table

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// ReasonHeading is the heading of the column that says, in a file of rejected rows, why
// each of them was. It is there for people; whoever reads the file again passes over it,
// and knows by it that the file holds only a part.
const ReasonHeading = "why muster rejected it"

// IsReason reports whether a heading is that of reasons.
func IsReason(heading string) bool { return heading == ReasonHeading }

// RejectsName is the name of the file that [WriteRejects] writes.
func RejectsName(f File) (string, error) {
	book, err := IsWorkbook(f)
	ext := ".csv"
	if book {
		ext = ".xlsx"
	}
	return strings.TrimSuffix(f.Name, filepath.Ext(f.Name)) + "-rejected" + ext, err
}

// WriteRejects writes those rows of a file for whose lines there is a reason, in the
// same format, with the reasons in the last column: ready to be mended and sent again.
func WriteRejects(w io.Writer, f File, o Options, reasons map[int]string) (err error) {
	o.Read, o.lenient = nil, true
	t, err := Open(f, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	out, err := t.writerLike(w)
	if err != nil {
		return err
	}
	width := len(t.Headings) // without the reasons of an earlier time
	if at := slices.IndexFunc(t.Headings, IsReason); at == width-1 {
		width = at
	}
	out.Write(append(slices.Clone(t.Headings[:width]), ReasonHeading)...)
	for {
		if err := t.Next(); err == io.EOF {
			return out.Close()
		} else if err != nil {
			return errors.Join(err, out.Close())
		}
		reason, rejected := reasons[t.Line]
		if !rejected {
			continue
		}
		row := make([]string, 0, width+1)
		for i := range max(width, len(t.row)) {
			if i >= width && i < len(t.Headings) {
				continue
			}
			row = append(row, t.Cell(i))
		}
		out.Write(append(row, reason)...)
	}
}

// writerLike returns what writes a table in the format of this one.
func (t *Table) writerLike(w io.Writer) (rowWriter, error) {
	if t.format.workbook {
		return newSheetWriter(w, t.Sheet)
	}
	return NewWriter(w, t.format.delimiter), nil
}

// rowWriter writes rows.
type rowWriter interface {
	Write(cells ...string)
	Close() error
}

// sheetWriter writes a workbook of one sheet, all of whose cells are texts, so that ids
// keep their zeros.
type sheetWriter struct {
	to    io.Writer
	file  *excelize.File
	sheet *excelize.StreamWriter
	rows  int
	err   error
}

func newSheetWriter(to io.Writer, name string) (*sheetWriter, error) {
	w := &sheetWriter{to: to, file: excelize.NewFile()}
	if err := w.file.SetSheetName("Sheet1", name); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	var err error
	if w.sheet, err = w.file.NewStreamWriter(name); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

// Write implements rowWriter.
func (w *sheetWriter) Write(cells ...string) {
	if w.err != nil {
		return
	}
	w.rows++
	row := make([]any, len(cells))
	for i, cell := range cells {
		if cell != "" {
			row[i] = cell
		}
	}
	w.err = w.sheet.SetRow(cellName(0, w.rows), row)
}

// Close implements rowWriter.
func (w *sheetWriter) Close() error {
	if w.err == nil {
		w.err = w.sheet.Flush()
	}
	if w.err == nil {
		w.err = w.file.Write(w.to)
	}
	return errors.Join(w.err, w.file.Close())
}
