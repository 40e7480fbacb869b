package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

type groupAnswer struct {
	ID, Set int64
	Name    string
	Own     bool
	People  int
	Members []struct{ Family string }
	Groups  []groupAnswer
}

func (c *campus) groups(who string, method, path, body string) (a groupAnswer) {
	c.t.Helper()
	r := c.call(who, method, "/api/v1"+path, body)
	if r.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, r.StatusCode, r.body)
	}
	r.json(c.t, &a)
	return a
}

// The office names a group once; a teacher uses it for their course, and sees nobody in it
// who is not in the course.
func TestAGroupOfTheInstitutionIsUsedInACourse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	office, me := c.token(admin), c.token(teacher)
	c.exec(`INSERT INTO people (id, given, family, created_at, updated_at) VALUES (7, 'Eve', 'Elsewhere', 0, 0)`)
	made := c.groups(office, "POST", "/groups", `{"name":" Football ","people":[4,7,4]}`)
	if made.ID == 0 || made.Set == 0 {
		t.Errorf("made: %+v", made)
	}
	path := fmt.Sprint("/courses/1/groups/", made.ID)
	if all := c.groups(me, "GET", "/courses/1/groups", "").Groups; len(all) != 1 || all[0].Name != "Football" || all[0].Own || all[0].People != 1 {
		t.Errorf("a teacher sees %+v", all)
	}
	if g := c.groups(me, "GET", path, ""); len(g.Members) != 1 || g.Members[0].Family != "Student" {
		t.Errorf("a teacher sees %+v", g)
	}
	if g := c.groups(office, "GET", fmt.Sprint("/groups/", made.ID), ""); len(g.Members) != 2 {
		t.Errorf("the office sees %+v", g)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		if a := c.call(me, method, "/api/v1"+path, `{"name":"Mine","people":[4]}`); a.StatusCode != http.StatusNotFound {
			t.Errorf("a teacher's %s of the institution's group: %d %s", method, a.StatusCode, a.body)
		}
	}
	if a := c.call(me, "POST", "/api/v1/courses/1/groups", `{"name":"Mine","people":[7]}`); a.StatusCode < 400 {
		t.Errorf("with somebody who is not in the course: %d %s", a.StatusCode, a.body)
	}
}

func TestATeachersGroupIsChangedAndTakenBack(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(teacher)
	made := c.groups(me, "POST", "/courses/1/groups", `{"name":"Lab 1","people":[4]}`)
	path := fmt.Sprint("/courses/1/groups/", made.ID)
	names := func() (names []string) {
		for _, g := range c.groups(me, "GET", "/courses/1/groups", "").Groups {
			names = append(names, fmt.Sprint(g.Name, " ", g.People))
		}
		return names
	}
	c.groups(me, "PUT", path, `{"name":"Lab A","people":[4,5]}`)
	if got := names(); !slices.Equal(got, []string{"Lab A 2"}) {
		t.Errorf("changed: %q", got)
	}
	ended := c.groups(me, "DELETE", path, "")
	if got := names(); len(got) != 0 {
		t.Errorf("ended: %q", got)
	}
	c.call(me, "POST", fmt.Sprint("/api/v1/changes/", ended.Set, "/undo"), `{}`)
	if got := names(); !slices.Equal(got, []string{"Lab A 2"}) {
		t.Errorf("taken back: %q", got)
	}
}

// The office excuses people whom it pastes, from all their courses, and sees who is.
func TestTheOfficeExcusesFromAllCourses(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	office := c.token(admin)
	var found struct {
		Lines []struct {
			Sure   bool
			People []struct {
				ID     int64
				Family string
			}
		}
	}
	find := func(text string) {
		t.Helper()
		found.Lines = nil
		c.call(office, "POST", "/api/v1/people/find", `{"text":"`+text+`"}`).json(t, &found)
	}
	find(`Student, Sam`)
	if len(found.Lines) != 1 || !found.Lines[0].Sure || found.Lines[0].People[0].ID != 4 {
		t.Fatalf("found %+v", found)
	}
	now := c.Now().UnixMilli()
	c.call(office, "POST", "/api/v1/excuses", fmt.Sprintf(`{"people":[4],"from":%d,"until":%d,"reason":"cup"}`, now, now+3_600_000))
	// Of a group, only those are meant who are students.
	of := fmt.Sprintf(`{"people":[4,2],"from":%d,"until":%d,"preview":true`, now, now+7_200_000)
	if a := c.call(office, "POST", "/api/v1/excuses", of+`}`); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a teacher excused: %d %s", a.StatusCode, a.body)
	}
	var planned struct {
		Add     int
		LeftOut int `json:"left_out"`
	}
	c.call(office, "POST", "/api/v1/excuses", of+`,"leave_out":true}`).json(t, &planned)
	if planned.Add != 1 || planned.LeftOut != 1 {
		t.Errorf("planned: %+v", planned)
	}
	var list struct {
		Excuses []struct {
			Family, Reason string
			Course         int64
		}
		Next int64
	}
	c.call(office, "GET", "/api/v1/excuses", "").json(t, &list)
	if len(list.Excuses) != 1 || list.Excuses[0].Family != "Student" || list.Excuses[0].Reason != "cup" || list.Excuses[0].Course != 0 || list.Next != 0 {
		t.Errorf("listed: %+v", list)
	}

	// Whoever is new is found at once.
	find(`Fresh, Fay`)
	if len(found.Lines[0].People) != 0 {
		t.Errorf("found %+v", found)
	}
	c.call(office, "POST", "/api/v1/people", `{"given":"Fay","family":"Fresh"}`)
	if find(`Fresh, Fay`); len(found.Lines[0].People) != 1 {
		t.Errorf("found %+v", found)
	}
}
