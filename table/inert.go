package table

import "strings"

// Inert puts an apostrophe before whatever a spreadsheet would take for the start
// of a formula, which makes text of it: at the start of a cell, but also after a
// semicolon or a line break in it, since in many countries spreadsheets split files
// there and take no notice of our quotes. Tables that are read take it away again.
func Inert(cell string) string {
	at := 0 // where a formula would begin
	var b strings.Builder
	for from := 0; ; {
		if startsFormula(cell[at:]) {
			b.WriteString(cell[from:at])
			b.WriteByte('\'')
			from = at
		}
		next := strings.IndexAny(cell[at:], ";\t\r\n")
		if next < 0 {
			if from == 0 && b.Len() == 0 {
				return cell
			}
			b.WriteString(cell[from:])
			return b.String()
		}
		at += next + 1
	}
}

func startsFormula(s string) bool {
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// plain undoes Inert.
func plain(cell string) string {
	if strings.IndexByte(cell, '\'') < 0 {
		return cell
	}
	var b strings.Builder
	start := true // a formula would begin here
	for i := 0; i < len(cell); i++ {
		if start && cell[i] == '\'' && startsFormula(cell[i+1:]) {
			continue
		}
		start = strings.IndexByte(";\t\r\n", cell[i]) >= 0
		b.WriteByte(cell[i])
	}
	return b.String()
}
