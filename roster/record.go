package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/muster-live/muster/table"
)

// record is a row of a file with what is wrong with it.
type record struct {
	*table.Table
	columns map[string]int
	orders  map[string]table.DayOrder // of the columns with days
	unclear string                    // why these are not known
	key     string                    // the row's own id
	reject  *Reject                   // the first thing that is wrong
}

// fail notes what is wrong with a column of the row.
func (r *record) fail(column, want string) {
	if r.reject == nil {
		r.reject = &Reject{Origin: r.Origin, Field: column, Want: want}
	}
}

// cellOf returns what a column has in the row, "" if there is no such column. It is
// good until the next row is read.
func (r *record) cellOf(column string) string {
	at, ok := r.columns[column]
	if !ok {
		return ""
	}
	if problem := r.Problem(at); problem != "" {
		r.fail(column, problem)
	}
	return r.Cell(at)
}

// text returns a text that is to be kept.
func (r *record) text(column string) string { return strings.Clone(r.passing(column)) }

// passing is a text that is good until the next row is read.
func (r *record) passing(column string) string {
	s := r.cellOf(column)
	if problem := table.TextProblem(s, MaxName); problem != "" {
		r.fail(column, problem)
		return ""
	}
	return s
}

// required is text for a column that must not be empty.
func (r *record) required(column string) string {
	if r.cellOf(column) == "" {
		r.fail(column, "It must not be empty.")
	}
	return r.text(column)
}

// id returns an id, which must not be empty.
func (r *record) id(column string) string {
	s := r.required(column)
	if table.Shortened(s) {
		r.fail(column, "A spreadsheet has shortened this number, so that its last digits are lost. Show the column as text or with all digits, and save the file again.")
	}
	return s
}

// ended reads the column status.
func (r *record) ended() bool {
	switch strings.ToLower(r.cellOf("status")) {
	case "", "active":
		return false
	case "tobedeleted", "inactive":
		return true
	}
	r.fail("status", "It must be active or tobedeleted.")
	return false
}

// day reads a date.
func (r *record) day(column string) string {
	s := r.cellOf(column)
	if s == "" {
		return ""
	}
	day, ok := table.ParseDay(s, r.orders[column])
	switch {
	case !ok && r.unclear != "" && table.IsDay(s):
		r.fail("", r.unclear)
	case !ok:
		r.fail(column, "It must be a date such as 2026-09-01.")
	}
	return day
}

// flag reads a yes or no.
func (r *record) flag(column string) Flag {
	switch strings.ToLower(r.cellOf(column)) {
	case "":
		return NotSaid
	case "true", "1":
		return Yes
	case "false", "0":
		return No
	}
	r.fail(column, "It must be true or false.")
	return NotSaid
}

// checkAccount finds fault with what a person would sign in with. The rule for
// usernames is that of identity.CheckUsername.
func (r *record) checkAccount(p PersonRow) {
	if p.Username != "" {
		n := utf8.RuneCountInString(p.Username)
		if n < 2 || n > 100 || strings.ContainsFunc(p.Username, unicode.IsSpace) {
			r.fail("username", "It must be 2 to 100 characters long, without spaces.")
		}
	}
	if p.Email != "" && !strings.Contains(p.Email, "@") {
		r.fail("email", "It must be an address with an @.")
	}
}
