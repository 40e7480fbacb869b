package roster

import (
	"strconv"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// What the audit has of a change, as stores write it: objects that become JSON.

// Detail is what the audit has of a person.
func (p Person) Detail() map[string]any {
	return map[string]any{"given": p.Given, "family": p.Family, "email": p.Email, "username": p.Username, "admin": p.Admin, "active": p.Active}
}

// RulesDetail is what the audit has of a course's rules.
func RulesDetail(r attendance.Rules) map[string]any {
	return map[string]any{"late_after": r.LateAfter.String(), "on_close": r.OnClose.String(), "code_step": r.CodeStep.String(), "code_grace": r.CodeGrace}
}

// Detail is what the audit has of an import: its digest, and how much it changed.
func (cs *ChangeSet) Detail() map[string]any {
	tally := func(t Tally) map[string]int {
		return map[string]int{"add": t.Add, "change": t.Change, "end": t.End}
	}
	c := cs.Counts
	return map[string]any{"digest": cs.Digest, "terms": tally(c.Terms), "courses": tally(c.Courses), "people": tally(c.People),
		"enrolments": tally(c.Enrolments), "rejects": c.Rejects}
}

// Cursor returns the cursor of the page after a row: its sort key and id, so that
// pages stay right while rows come and go.
func Cursor(key string, id int64) string { return strconv.FormatInt(id, 10) + " " + key }

// ParseCursor returns what a cursor was made of. One that is not ours gives some page,
// and does no harm.
func ParseCursor(cursor string) (key string, id int64) {
	digits, key, _ := strings.Cut(cursor, " ")
	id, _ = strconv.ParseInt(digits, 10, 64)
	return key, id
}
