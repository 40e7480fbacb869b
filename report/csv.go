package report

import (
	"bytes"
	"encoding/csv"
	"regexp"
)

// byteOrderMark tells Excel that a file is UTF-8.
const byteOrderMark = "\ufeff"

// CSV returns a table as a CSV file (RFC 4180, UTF-8 with a byte order mark) in which
// no cell can run as a formula.
func CSV(table [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(byteOrderMark)
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range table {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = plainCell(cell)
		}
		_ = w.Write(cells) // cannot fail: it writes to memory
	}
	w.Flush()
	return b.Bytes()
}

// formula finds what a spreadsheet would take for the start of a formula: at the
// start of a cell, but also after a semicolon or a line break in it, since in many
// countries spreadsheets split files there and take no notice of our quotes.
var formula = regexp.MustCompile(`(^|[;\t\r\n])([=+\-@\t\r＝＋－＠])`)

// plainCell puts an apostrophe before formulas, which makes text of them.
func plainCell(cell string) string {
	for {
		plain := formula.ReplaceAllString(cell, "$1'$2")
		if plain == cell { // matches do not overlap, formulas may
			return plain
		}
		cell = plain
	}
}
