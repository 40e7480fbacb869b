package table

import (
	"archive/zip"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// A workbook (XLSX, ECMA-376) is a zip of XML parts. Those that matter here: the
// workbook, which names the sheets; its relations, which say where each part is; the
// texts that cells share; the styles, by which a number is known to be a date; and the
// sheet. The sheet is read as a stream, so that its size costs no memory.

// workbook is an open workbook.
type workbook struct {
	name   string
	parts  map[string]*zip.File // by path, in small letters
	closer io.Closer

	shared   []string
	dates    []dateKind // by style
	from1904 bool       // days are counted from 1904-01-01
}

func (t *Table) openWorkbook(f File, o Options) error {
	w, err := openWorkbook(f)
	if err != nil {
		return err
	}
	sheets, err := w.read()
	if err == nil {
		err = t.chooseSheet(w, sheets, o.Sheet)
	}
	if err != nil {
		return errors.Join(err, w.closer.Close())
	}
	t.format.workbook = true
	return nil
}

// chooseSheet opens the sheet of a name, or else the first that is not hidden.
func (t *Table) chooseSheet(w *workbook, sheets []sheet, name string) error {
	var chosen *sheet
	for i := range sheets {
		s := &sheets[i]
		if !s.hidden {
			t.Sheets = append(t.Sheets, s.name)
		}
		if chosen == nil && (strings.EqualFold(s.name, strings.TrimSpace(name)) || name == "" && !s.hidden) {
			chosen = s
		}
	}
	switch {
	case chosen == nil && name != "":
		return fault(w.name, "There is no sheet %q; there are %q.", name, t.Sheets)
	case chosen == nil:
		return fault(w.name, "The workbook has no sheet that is not hidden.")
	}
	t.Sheet = chosen.name
	rows, err := w.openSheet(chosen.part)
	if err != nil {
		return err
	}
	t.rows = rows
	return nil
}

// openWorkbook opens the zip that a workbook is.
func openWorkbook(f File) (*workbook, error) {
	at, size, closer, err := openAt(f)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*workbook, error) { return nil, errors.Join(err, closer.Close()) }
	z, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths are not used for anything
		return fail(fault(f.Name, "This is not a workbook (XLSX) that can be read: %v.", err))
	}
	w := &workbook{name: f.Name, parts: make(map[string]*zip.File), closer: closer}
	limit := unpacking{archive: f.Name}
	for _, part := range z.File {
		if err := limit.take(part); err != nil {
			return fail(err)
		}
		w.parts[strings.ToLower(strings.TrimPrefix(part.Name, "/"))] = part
	}
	return w, nil
}

// sheet is one sheet of a workbook.
type sheet struct {
	name, part string
	hidden     bool
}

// read reads all but the sheets.
func (w *workbook) read() ([]sheet, error) {
	base := "xl/workbook.xml"
	top, err := w.relations("")
	if err != nil {
		return nil, err
	}
	for _, r := range top {
		if r.kind == "officeDocument" {
			base = r.target
		}
	}
	relations, err := w.relations(base)
	if err != nil {
		return nil, err
	}
	if w.parts[strings.ToLower(base)] == nil {
		return nil, fault(w.name, "This is a zip, but no workbook (XLSX). Save the table as XLSX or as CSV.")
	}
	var sheets []sheet
	err = w.elements(base, func(d *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			w.from1904 = isTrue(attribute(e, "date1904"))
		case "sheet":
			id := attribute(e, "id")
			for _, r := range relations {
				if r.id == id && r.kind == "worksheet" { // and no chart
					sheets = append(sheets, sheet{attribute(e, "name"), r.target, attribute(e, "state") != "" && attribute(e, "state") != "visible"})
				}
			}
		}
		return nil
	})
	for _, r := range relations {
		switch {
		case err != nil:
		case r.kind == "sharedStrings":
			err = w.readShared(r.target)
		case r.kind == "styles":
			err = w.readStyles(r.target)
		}
	}
	return sheets, err
}

// relation says where a part that another one refers to is.
type relation struct{ id, kind, target string }

// relations reads those of a part; of the whole workbook if it is "".
func (w *workbook) relations(of string) (all []relation, err error) {
	dir, base := path.Split(of)
	part := dir + "_rels/" + base + ".rels"
	if w.parts[strings.ToLower(part)] == nil {
		return nil, nil
	}
	err = w.elements(part, func(_ *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local == "Relationship" {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = "/" + dir + target
			}
			all = append(all, relation{attribute(e, "Id"), path.Base(attribute(e, "Type")), strings.TrimPrefix(path.Clean(target), "/")})
		}
		return nil
	})
	return all, err
}

// readShared reads the texts that cells share.
func (w *workbook) readShared(part string) error {
	size := 0
	return w.elements(part, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text, err := richText(d)
		if size += len(text) + 16; size > maxShared {
			return fault(w.name, "Its cells hold more than %d MB of text. Save the table as CSV.", maxShared>>20)
		}
		w.shared = append(w.shared, text)
		return err
	})
}

// readStyles finds out which styles make a date of a number.
func (w *workbook) readStyles(part string) error {
	formats := make(map[string]string) // by number
	inCells := false
	return w.elements(part, func(_ *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			formats[attribute(e, "numFmtId")] = attribute(e, "formatCode")
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if inCells {
				id := attribute(e, "numFmtId")
				w.dates = append(w.dates, cmp.Or(builtInDates[id], dateFormat(formats[id])))
			}
		}
		return nil
	})
}

// open opens a part.
func (w *workbook) open(part string) (io.ReadCloser, error) {
	f := w.parts[strings.ToLower(part)]
	if f == nil {
		return nil, fault(w.name, "The workbook is damaged: its part %s is not there. Open it in a spreadsheet program and save it again.", part)
	}
	r, err := f.Open()
	if err != nil {
		return nil, readError(w.name, 0, err)
	}
	return r, nil
}

// elements calls fn with the start of each element of a part.
func (w *workbook) elements(part string, fn func(*xml.Decoder, xml.StartElement) error) error {
	r, err := w.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			if e, ok := token.(xml.StartElement); ok {
				err = fn(d, e)
			}
		}
		if err != nil {
			return readError(w.name, 0, err)
		}
	}
}

// attribute returns that of a name, whatever its namespace: r:id is id.
func attribute(e xml.StartElement, name string) string {
	i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
	if i < 0 {
		return ""
	}
	return e.Attr[i].Value
}

func isTrue(s string) bool { return s == "1" || s == "true" }

// richText reads the text of an element that has just begun, to its end. Its parts
// may have different fonts; how it is pronounced is left out.
func richText(d *xml.Decoder) (string, error) {
	var text strings.Builder
	phonetic, inText := 0, false
	for depth := 1; depth > 0; {
		token, err := d.RawToken()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			inText = token.Name.Local == "t"
			if token.Name.Local == "rPh" {
				phonetic = depth
			}
		case xml.EndElement:
			if depth == phonetic {
				phonetic = 0
			}
			depth--
			inText = false
		case xml.CharData:
			if inText && phonetic == 0 {
				text.Write(token)
			}
			if text.Len() > maxRecord {
				return "", errLongRecord
			}
		}
	}
	return text.String(), nil
}
