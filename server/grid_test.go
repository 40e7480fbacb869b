package server_test

import (
	"strings"
	"testing"

	"github.com/muster-live/muster/attendance"
)

type gridAnswer struct {
	Sessions []struct {
		ID            int64
		Title, Status string
	}
	Students []struct {
		ID                     int64
		Family, Marks, Sources string
	}
	Notes []struct {
		Person, Session int64
		Note            string
	}
}

func TestGridIsEditedInOneCallAndTakenBackAsOne(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO sessions (id, course_id, title, starts_at, status, secret) VALUES (11, 1, 'Week 8', ?, 'scheduled', zeroblob(32))`, c.Now().UnixMilli()+1e9)
	read := func() (g gridAnswer) {
		c.call(c.token(teacher), "GET", "/api/v1/courses/1/grid", "").json(t, &g)
		return g
	}
	g := read()
	if len(g.Sessions) != 2 || g.Students[0].Family != "Hidden" || g.Students[0].Marks != "e." || g.Students[1].Marks != "p." || g.Students[1].Sources != "c." || g.Notes[0].Note != "=cmd|calc" {
		t.Fatalf("%+v", g)
	}
	body := `{"marks":[{"person":4,"session":10,"mark":"late","note":"bus"},{"person":5,"session":10,"mark":"excused"},{"person":4,"session":11,"mark":"present"},{"person":6,"session":10,"mark":"present"}]`
	var done struct {
		Set     int64
		Change  int
		Results []string
		Refused []struct {
			At  int
			Why string
		}
	}
	c.call(c.token(assistant), "POST", "/api/v1/courses/1/marks", body+`,"preview":true}`).json(t, &done)
	if done.Set != 0 || done.Change != 1 || read().Students[1].Marks != "p." {
		t.Errorf("previewed: %+v", done)
	}
	c.call(c.token(assistant), "POST", "/api/v1/courses/1/marks", body+`}`).json(t, &done)
	if strings.Join(done.Results, " ") != "set same refused refused" || done.Set == 0 || done.Refused[0].Why != "This session has not been opened yet." {
		t.Errorf("%+v", done)
	}
	if got := read().Students[1]; got.Marks != "l." || got.Sources != "h." {
		t.Errorf("%+v", got)
	}
	c.call(c.token(assistant), "POST", "/api/v1/changes/1/undo", `{}`)
	if got := read().Students[1]; got.Marks != "p." || got.Sources != "c." {
		t.Errorf("after the undo: %+v", got)
	}
	for who, want := range map[attendance.PersonID]int{4: 403, 6: 404, 0: 401} {
		if got := c.call(c.token(who), "GET", "/api/v1/courses/1/grid", ""); got.StatusCode != want {
			t.Errorf("person %d reads the grid: %d", who, got.StatusCode)
		}
		if got := c.call(c.token(who), "POST", "/api/v1/courses/1/marks", body+`}`); got.StatusCode != want {
			t.Errorf("person %d sets marks: %d", who, got.StatusCode)
		}
	}
}

func TestPastedListIsMatchedWithTheCourseAlone(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var found struct {
		Lines []struct {
			Text, How string
			Sure      bool
			People    []struct{ ID int64 }
		}
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/find", `{"text":"student sam\nZ. Hidden\nOtto Elsewhere\n"}`).json(t, &found)
	if len(found.Lines) != 3 || !found.Lines[0].Sure || found.Lines[0].People[0].ID != 4 || found.Lines[1].Sure || found.Lines[1].People[0].ID != 5 || len(found.Lines[2].People) > 0 {
		t.Errorf("%+v", found)
	}
	if got := c.call(c.token(4), "POST", "/api/v1/courses/1/find", `{"text":"zoe"}`); got.StatusCode != 403 {
		t.Errorf("a student finds others: %d %s", got.StatusCode, got.body)
	}
}
