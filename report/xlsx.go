package report

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxSheetRows is how many rows a sheet of Excel has.
const maxSheetRows = 1 << 20

// xlsxWriter writes an XLSX file as it goes: sheets first, and what lists them last.
type xlsxWriter struct {
	zip     *zip.Writer
	zone    *time.Location
	sheet   *bufio.Writer // the sheet being written; nil before the first
	names   []string
	name    string // of the table, as asked for
	columns []Column
	rows    int // of the sheet
	buf     []byte
	err     error
}

// NewXLSX returns a Writer of XLSX files (Office Open XML). Every cell says what it is,
// a text, a number or a time, so none can run as a formula. Times are told in the zone.
// A table that is longer than a sheet of Excel goes on in another.
func NewXLSX(w io.Writer, zone *time.Location) Writer {
	x := &xlsxWriter{zip: zip.NewWriter(w), zone: zone}
	x.zip.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestSpeed) // a third larger, and three times as fast
	})
	return x
}

// The styles of cells, by their index in the file's list.
const (
	plainStyle = iota
	headStyle
	timeStyle
	shareStyle
)

const xlsxStyles = xmlHead + `<styleSheet xmlns="` + mainNS + `">` +
	`<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/><numFmt numFmtId="165" formatCode="0.0%"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
	`<cellXfs count="4"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs>` +
	`</styleSheet>`

const (
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS  = "http://schemas.openxmlformats.org/package/2006"
	kindsOf    = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// Sheet implements [Writer].
func (x *xlsxWriter) Sheet(name string, columns []Column) error {
	x.name, x.columns = name, columns
	return x.begin()
}

// begin begins a sheet for the table.
func (x *xlsxWriter) begin() error {
	x.endSheet()
	x.names = append(x.names, x.sheetName())
	part := x.create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(x.names)))
	if x.err != nil {
		return x.err
	}
	x.sheet, x.rows = bufio.NewWriterSize(part, 64<<10), 1
	// The line of headings stays where it is when one scrolls.
	x.buf = append(x.buf[:0], xmlHead+`<worksheet xmlns="`+mainNS+`"><sheetViews><sheetView workbookViewId="0">`+
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData><row>`...)
	for _, c := range x.columns {
		x.text(c.Heading, headStyle)
	}
	return x.endRow()
}

// sheetName is what the sheet about to begin is called: short, without what Excel does
// not have in names, and like no other.
func (x *xlsxWriter) sheetName() string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || r < ' ' {
			return ' '
		}
		return r
	}, x.name)
	short := []rune(strings.TrimSpace(name))
	for n := 1; ; n++ {
		end := ""
		if n > 1 {
			end = " " + strconv.Itoa(n)
		}
		name := strings.TrimSpace(string(short[:min(len(short), 31-len(end))])) + end
		if name != "" && !containsFold(x.names, name) {
			return name
		}
	}
}

func containsFold(all []string, s string) bool {
	for _, one := range all {
		if strings.EqualFold(one, s) {
			return true
		}
	}
	return false
}

// Row implements [Writer].
func (x *xlsxWriter) Row(cells ...Cell) error {
	if x.rows == maxSheetRows {
		if err := x.begin(); err != nil {
			return err
		}
	}
	x.rows++
	x.buf = append(x.buf[:0], `<row>`...)
	for i := range cells {
		switch c := &cells[i]; c.kind {
		case textCell:
			x.text(c.text, plainStyle)
		case numberCell:
			x.buf = append(x.buf, `<c><v>`...)
			x.buf = appendNumber(x.buf, c.number)
			x.buf = append(x.buf, `</v></c>`...)
		case shareCell:
			x.buf = append(x.buf, `<c s="3"><v>`...)
			x.buf = strconv.AppendFloat(x.buf, c.number, 'g', 6, 64)
			x.buf = append(x.buf, `</v></c>`...)
		case timeCell:
			x.buf = append(x.buf, `<c s="2"><v>`...)
			x.buf = strconv.AppendFloat(x.buf, serial(c.at.In(x.zone)), 'f', 8, 64)
			x.buf = append(x.buf, `</v></c>`...)
		default:
			x.buf = append(x.buf, `<c/>`...)
		}
	}
	return x.endRow()
}

// serial is a time as spreadsheets have it: days since the end of 1899, on the clock
// of its zone.
func serial(t time.Time) float64 {
	const epoch = 25569 // 1 January 1970
	_, offset := t.Zone()
	return epoch + float64(t.UnixMilli()+int64(offset)*1000)/(24*60*60*1000)
}

// maxCellText is how many characters a cell of Excel holds.
const maxCellText = 32767

// text writes a cell with a text.
func (x *xlsxWriter) text(s string, style int) {
	if style == plainStyle {
		x.buf = append(x.buf, `<c t="inlineStr"><is><t xml:space="preserve">`...)
	} else {
		x.buf = append(x.buf, `<c t="inlineStr" s="1"><is><t xml:space="preserve">`...)
	}
	if len(s) > maxCellText {
		s = string([]rune(s)[:min(utf8.RuneCountInString(s), maxCellText)])
	}
	x.buf = appendXML(x.buf, s)
	x.buf = append(x.buf, `</t></is></c>`...)
}

// appendXML writes a text so that it is one in XML. What XML cannot say becomes U+FFFD.
func appendXML(b []byte, s string) []byte {
	plain := 0 // where what can be copied begins
	for i, r := range s {
		escaped := ""
		switch {
		case r == '&':
			escaped = "&amp;"
		case r == '<':
			escaped = "&lt;"
		case r == '>':
			escaped = "&gt;"
		case r == '"':
			escaped = "&#34;" // for names, which are attributes
		case r == '\r':
			escaped = "&#13;"
		case r < ' ' && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff, r == utf8.RuneError:
			escaped = "\ufffd"
		default:
			continue
		}
		b = append(append(b, s[plain:i]...), escaped...)
		_, size := utf8.DecodeRuneInString(s[i:])
		plain = i + size
	}
	return append(b, s[plain:]...)
}

func (x *xlsxWriter) endRow() error {
	x.buf = append(x.buf, `</row>`...)
	if _, err := x.sheet.Write(x.buf); x.err == nil {
		x.err = err
	}
	return x.err
}

func (x *xlsxWriter) endSheet() {
	if x.sheet == nil {
		return
	}
	_, _ = x.sheet.WriteString(`</sheetData></worksheet>`) // Flush says what went wrong
	if err := x.sheet.Flush(); x.err == nil {
		x.err = err
	}
	x.sheet = nil
}

// create begins a file inside the file.
func (x *xlsxWriter) create(name string) io.Writer {
	part, err := x.zip.Create(name)
	if x.err == nil {
		x.err = err
	}
	return part
}

func (x *xlsxWriter) part(name, content string) {
	part := x.create(name)
	if x.err == nil {
		_, x.err = io.WriteString(part, content)
	}
}

// Close implements [Writer].
func (x *xlsxWriter) Close() error {
	if len(x.names) == 0 {
		_ = x.Sheet("Empty", nil)
	}
	x.endSheet()
	kinds := &strings.Builder{}
	sheets := &strings.Builder{}
	relations := &strings.Builder{}
	for i, name := range x.names {
		fmt.Fprintf(kinds, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, i+1, kindsOf)
		fmt.Fprintf(sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, appendXML(nil, name), i+1, i+1)
		fmt.Fprintf(relations, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, relationNS, i+1)
	}
	x.part("xl/styles.xml", xlsxStyles)
	x.part("xl/workbook.xml", xmlHead+`<workbook xmlns="`+mainNS+`" xmlns:r="`+relationNS+`"><sheets>`+sheets.String()+`</sheets></workbook>`)
	x.part("xl/_rels/workbook.xml.rels", xmlHead+`<Relationships xmlns="`+packageNS+`/relationships">`+relations.String()+
		fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/></Relationships>`, len(x.names)+1, relationNS))
	x.part("_rels/.rels", xmlHead+`<Relationships xmlns="`+packageNS+`/relationships">`+
		`<Relationship Id="rId1" Type="`+relationNS+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	x.part("[Content_Types].xml", xmlHead+`<Types xmlns="`+packageNS+`/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Default Extension="xml" ContentType="application/xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+kindsOf+`sheet.main+xml"/>`+
		`<Override PartName="/xl/styles.xml" ContentType="`+kindsOf+`styles+xml"/>`+kinds.String()+`</Types>`)
	if err := x.zip.Close(); x.err == nil {
		x.err = err
	}
	return x.err
}
