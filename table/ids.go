package table

import (
	"regexp"
	"strings"
)

// IDs finds ids whose zeros at the beginning a spreadsheet took away: 42 for 0042.
type IDs struct {
	byDigits map[string]string // the id, by its digits without zeros; "" if there are several
}

// Add makes an id known that may be looked for.
func (ids *IDs) Add(id string) {
	bare, ok := BareDigits(id)
	if !ok {
		return
	}
	if ids.byDigits == nil {
		ids.byDigits = make(map[string]string)
	}
	if known, ok := ids.byDigits[bare]; ok && known != id {
		id = ""
	}
	ids.byDigits[bare] = id
}

// Find returns the one known id that has the same digits as an id but for zeros at
// the beginning. Ids that differ only in these are never mixed up: where there are
// several, it finds none; nor does it if the id itself begins with a zero, which no
// spreadsheet left out then.
func (ids *IDs) Find(id string) (full string, ok bool) {
	bare, ok := BareDigits(id)
	if !ok || bare != id {
		return "", false
	}
	full = ids.byDigits[bare]
	return full, full != ""
}

// BareDigits returns an id without the zeros at its beginning, if it consists of
// digits.
func BareDigits(id string) (string, bool) {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return "", false
	}
	bare := strings.TrimLeft(id, "0")
	if bare == "" {
		bare = "0"
	}
	return bare, true
}

// shortened is how spreadsheets write long numbers, so that the last digits are lost.
var shortened = regexp.MustCompile(`^[0-9]([.,][0-9]+)?E\+[0-9]{2}$`)

// Shortened reports whether a spreadsheet has made something like 1.23457E+11 of an id.
func Shortened(id string) bool { return strings.Contains(id, "E+") && shortened.MatchString(id) }
