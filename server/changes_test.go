package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// excuse excuses both students of the session 10 in bulk, as the teacher.
func excuse(t *testing.T, c *campus) (set int64) {
	t.Helper()
	marks := []attendance.MarkChange{{Person: 4, Mark: attendance.Excused}, {Person: 5, Mark: attendance.Absent}}
	r, err := c.store.ChangeMarks(t.Context(), changes.Header{Kind: changes.Marks, Title: "The team is away", Course: 1, Actor: teacher, At: c.Now()},
		[]attendance.Command{{Session: 10, Kind: attendance.SetMarks, Marks: marks, Note: "away"}})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

type listedChange struct {
	ID       int64
	Kind     string
	Title    string
	Actor    string
	Rows     int
	UndoneBy int64 `json:"undone_by"`
}

func TestTeacherTakesBackWhatWasDoneInBulk(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	set := excuse(t, c)
	var list struct{ Changes []listedChange }
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/changes", "").json(t, &list)
	if len(list.Changes) != 1 || list.Changes[0] != (listedChange{set, "marks", "The team is away", "Alan Teacher", 2, 0}) {
		t.Fatalf("got %+v", list.Changes)
	}
	path := "/api/v1/changes/" + fmt.Sprint(set)
	var rows struct {
		Rows []struct {
			What, Name  string
			Was, Became map[string]any
		}
	}
	c.call(c.token(teacher), "GET", path+"/rows", "").json(t, &rows)
	if len(rows.Rows) != 2 || rows.Rows[0].Was["mark"] != "present" || rows.Rows[0].Became["mark"] != "excused" || !strings.Contains(rows.Rows[0].Name, "Sam Student") {
		t.Errorf("got %+v", rows.Rows)
	}
	// Somebody is marked again by hand: all is refused, the rest is not.
	c.call(c.token(assistant), "POST", "/api/v1/sessions/10/commands", `{"t":"mark","id":"m1","marks":[[5,"late"]]}`)
	var undo struct {
		Undone       bool
		Rows         int
		Contradicted []struct{ Name string }
	}
	c.call(c.token(teacher), "POST", path+"/undo", `{}`).json(t, &undo)
	if undo.Undone || len(undo.Contradicted) != 1 || !strings.Contains(undo.Contradicted[0].Name, "Zoe Hidden") {
		t.Errorf("with a contradiction: %+v", undo)
	}
	c.call(c.token(teacher), "POST", path+"/undo", `{"rest":true}`).json(t, &undo)
	if !undo.Undone || undo.Rows != 1 {
		t.Errorf("the rest: %+v", undo)
	}
	if board := c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", "").body; !strings.Contains(board, `[4,"present"`) && !strings.Contains(board, `"present"`) {
		t.Errorf("the board shows %s", board)
	}
	c.call(c.token(teacher), "GET", path, "").json(t, &list.Changes[0])
	if list.Changes[0].UndoneBy == 0 {
		t.Error("the set does not say that it was undone")
	}
}

func TestWhoMaySeeAndUndoAChangeSet(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	set := "/api/v1/changes/" + fmt.Sprint(excuse(t, c))
	for _, path := range []string{set, set + "/rows", "/api/v1/courses/1/changes", "/api/v1/courses/1/audit"} {
		for who, want := range map[attendance.PersonID]int{0: 401, student: 403, outsider: 404, assistant: 200, teacher: 200, admin: 200} {
			if got := c.call(c.token(who), "GET", path, ""); got.StatusCode != want {
				t.Errorf("person %d asks for %s: %d, want %d", who, path, got.StatusCode, want)
			}
		}
	}
	for _, path := range []string{"/api/v1/changes", "/api/v1/audit"} {
		for who, want := range map[attendance.PersonID]int{0: 401, student: 403, teacher: 403, admin: 200} {
			if got := c.call(c.token(who), "GET", path, ""); got.StatusCode != want {
				t.Errorf("person %d asks for %s: %d, want %d", who, path, got.StatusCode, want)
			}
		}
	}
	for _, who := range []attendance.PersonID{0, student, outsider} {
		if got := c.call(c.token(who), "POST", set+"/undo", `{}`); got.StatusCode < 400 {
			t.Errorf("person %d undid it: %s", who, got.body)
		}
	}
	if p := c.call(c.token(admin), "GET", "/api/v1/changes/999", "").problem(t); p.Code != "not_found" {
		t.Errorf("a set that there is not: %+v", p)
	}
}

func TestAuditTellsWhereAMarkCameFrom(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.call(c.token(assistant), "POST", "/api/v1/sessions/10/commands", `{"t":"mark","id":"m1","marks":[[4,"late"]],"note":"train"}`)
	var found struct {
		Entries []struct{ Actor, From, Action, Of, Old, New, Note string }
		Next    string
	}
	c.call(c.token(admin), "GET", "/api/v1/audit?person=4&limit=1", "").json(t, &found)
	text, _ := json.Marshal(found.Entries)
	if want := `[{"Actor":"Tess Tutor","From":"127.0.0.1","Action":"mark","Of":"Sam Student, CS101 Week 7","Old":"present","New":"late","Note":"train"}]`; string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
