package identity_test

import (
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// Every cell of the table of permissions, spelled out a second time: whoever changes
// one has to mean it.
func TestOnlyThoseListedMay(t *testing.T) {
	t.Parallel()
	admin := identity.Viewer{Person: 1, Admin: true}
	person := identity.Viewer{Person: 2}
	everyone := []struct {
		name string
		identity.Viewer
		role attendance.Role
	}{
		{"admin", admin, attendance.NoRole},
		{"teacher", person, attendance.Teacher},
		{"assistant", person, attendance.Assistant},
		{"student", person, attendance.Student},
		{"somebody else", person, attendance.NoRole},
		{"a stranger", identity.Viewer{}, attendance.NoRole},
		{"a stranger with a role", identity.Viewer{Display: 9}, attendance.Teacher},
	}
	actions := []struct {
		name   string
		action identity.Action
		may    []string
	}{
		{"see the course", identity.SeeCourse, []string{"admin", "teacher", "assistant", "student"}},
		{"see who is in the course", identity.SeeMembers, []string{"admin", "teacher", "assistant"}},
		{"take part", identity.TakePart, []string{"student"}},
		{"see the board", identity.SeeBoard, []string{"admin", "teacher", "assistant"}},
		{"show the display", identity.ShowDisplay, []string{"admin", "teacher", "assistant"}},
		{"run sessions", identity.RunSession, []string{"admin", "teacher", "assistant"}},
		{"plan sessions", identity.PlanSessions, []string{"admin", "teacher"}},
		{"set marks", identity.SetMarks, []string{"admin", "teacher", "assistant"}},
		{"read cards", identity.ReadCards, []string{"admin", "teacher", "assistant"}},
		{"see reports", identity.SeeReport, []string{"admin", "teacher", "assistant"}},
		{"edit the course", identity.EditCourse, []string{"admin", "teacher"}},
		{"make join links", identity.MakeJoinLinks, []string{"admin", "teacher"}},
		{"see all people and courses", identity.SeeRoster, []string{"admin"}},
		{"change people and import", identity.EditRoster, []string{"admin"}},
		{"see everybody's marks", identity.SeeReports, []string{"admin"}},
		{"administer", identity.Administer, []string{"admin"}},
		{"do what nobody has thought of", identity.Administer + 1, nil},
	}
	for _, a := range actions {
		may := make(map[string]bool)
		for _, who := range a.may {
			may[who] = true
		}
		for _, who := range everyone {
			if got := who.May(who.role, a.action); got != may[who.name] {
				t.Errorf("%s may %s: %v, want %v", who.name, a.name, got, may[who.name])
			}
		}
	}
	if !admin.May(attendance.Student, identity.TakePart) {
		t.Error("an administrator who is a student of the course may not take part in it")
	}
}

// Which scope each action needs, spelled out a second time, too.
func TestTokensMayDoWhatTheirScopesAndTheirPersonMay(t *testing.T) {
	t.Parallel()
	needs := map[identity.Action]string{
		identity.SeeCourse: "roster:read", identity.SeeMembers: "roster:read", identity.SeeRoster: "roster:read",
		identity.EditCourse: "roster:write", identity.EditRoster: "roster:write",
		identity.SeeBoard: "marks:read", identity.SetMarks: "marks:write", identity.ReadCards: "marks:write",
		identity.ShowDisplay: "sessions:write", identity.RunSession: "sessions:write", identity.PlanSessions: "sessions:write",
		identity.SeeReport: "reports:read", identity.SeeReports: "reports:read",
		identity.MakeJoinLinks: "admin", identity.Administer: "admin",
		identity.TakePart: "a sign-in",
	}
	for a := range identity.Administer + 1 {
		if needs[a] == "" {
			t.Errorf("which scope does action %d need?", a)
		}
	}
	roles := []attendance.Role{attendance.NoRole, attendance.Student, attendance.Assistant, attendance.Teacher}
	for a, need := range needs {
		for _, one := range identity.ScopeNames {
			for _, admin := range []bool{false, true} {
				for _, role := range roles {
					person := identity.Viewer{Person: 1, Admin: admin}
					token := identity.Viewer{Person: 1, Admin: admin, Token: 5, Scopes: one.Scope}
					if got, want := token.May(role, a), person.May(role, a) && one.Name == need; got != want {
						t.Errorf("action %d with %s by %v (administrator: %v): %v, want %v", a, one.Name, role, admin, got, want)
					}
				}
			}
			missing := identity.Viewer{Person: 1, Token: 5, Scopes: one.Scope}.Missing(a)
			if want := map[bool]string{true: "", false: need}[one.Name == need]; missing != want {
				t.Errorf("action %d with %s lacks %q, want %q", a, one.Name, missing, want)
			}
		}
	}
}

func TestScopesHaveNames(t *testing.T) {
	t.Parallel()
	all, err := identity.ParseScopes("reports:read roster:read admin  marks:write")
	if err != nil || all != identity.ReportsRead|identity.RosterRead|identity.AdminScope|identity.MarksWrite || all.String() != "roster:read marks:write reports:read admin" {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := identity.ParseScopes("roster:read everything"); err == nil {
		t.Error("a scope that there is not was taken")
	}
}
