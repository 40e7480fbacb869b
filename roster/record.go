package roster

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// record is a row of a file with what is wrong with it.
type record struct {
	*table
	columns map[string]int
	reject  *Reject // the first thing that is wrong
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
	return r.cell(at)
}

// text returns a text that is to be kept.
func (r *record) text(column string) string {
	s := r.cellOf(column)
	if problem := textProblem(s, MaxName); problem != "" {
		r.fail(column, problem)
		return ""
	}
	return strings.Clone(s)
}

// required is text for a column that must not be empty.
func (r *record) required(column string) string {
	if r.cellOf(column) == "" {
		r.fail(column, "It must not be empty.")
	}
	return r.text(column)
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
	s := r.text(column)
	if s != "" {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			r.fail(column, "It must be a date such as 2026-09-01.")
		}
	}
	return s
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
