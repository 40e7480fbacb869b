package identity

import (
	"strings"

	"github.com/muster-live/muster/attendance"
)

// Scope is a part of what its person may do that an API token is for. A token does what
// both its person's role and its scopes allow.
type Scope uint16

// The scopes.
const (
	RosterRead    Scope = 1 << iota // courses, sessions, people and enrolments
	RosterWrite                     // imports, people, settings of courses
	MarksRead                       // boards, and the marks on them
	MarksWrite                      // marks by hand
	SessionsWrite                   // make, open, close and show sessions
	ReportsRead                     // reports and exports
	AdminScope                      // everything else that an administrator does
)

// noScope is that of what no token may do.
const noScope Scope = 0

// ScopeNames are the scopes' names, in the order that people are shown them in.
var ScopeNames = []struct {
	Scope Scope
	Name  string
	About string
}{
	{RosterRead, "roster:read", "See courses, sessions, people and enrolments"},
	{RosterWrite, "roster:write", "Import, and change people and settings of courses"},
	{MarksRead, "marks:read", "See boards and the marks on them"},
	{MarksWrite, "marks:write", "Set marks"},
	{SessionsWrite, "sessions:write", "Make, open and close sessions, and show their codes"},
	{ReportsRead, "reports:read", "Read reports and exports"},
	{AdminScope, "admin", "Everything else that an administrator may do"},
}

// String returns the names of all scopes in s, divided by spaces.
func (s Scope) String() string {
	var names []string
	for _, one := range ScopeNames {
		if s&one.Scope != 0 {
			names = append(names, one.Name)
		}
	}
	return strings.Join(names, " ")
}

// ParseScopes is the inverse of [Scope.String]. It returns an [attendance.Error] that
// names a scope that there is not.
func ParseScopes(names string) (Scope, error) {
	var all Scope
next:
	for _, name := range strings.Fields(names) {
		for _, one := range ScopeNames {
			if one.Name == name {
				all |= one.Scope
				continue next
			}
		}
		return 0, attendance.BadField("scopes", "of roster:read, roster:write, marks:read, marks:write, sessions:write, reports:read and admin")
	}
	return all, nil
}
