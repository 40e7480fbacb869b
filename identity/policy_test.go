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
		{"take part", identity.TakePart, []string{"student"}},
		{"see the board", identity.SeeBoard, []string{"admin", "teacher", "assistant"}},
		{"show the display", identity.ShowDisplay, []string{"admin", "teacher", "assistant"}},
		{"run sessions", identity.RunSession, []string{"admin", "teacher", "assistant"}},
		{"set marks", identity.SetMarks, []string{"admin", "teacher", "assistant"}},
		{"see reports", identity.SeeReport, []string{"admin", "teacher", "assistant"}},
		{"edit the course", identity.EditCourse, []string{"admin", "teacher"}},
		{"make join links", identity.MakeJoinLinks, []string{"admin", "teacher"}},
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
