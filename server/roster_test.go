package server_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTeacherChangesTheRulesOfACourse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	type rules struct {
		LateAfter  *int   `json:"late_after"`
		OnClose    string `json:"on_close"`
		CodeStepMS int64  `json:"code_step_ms"`
		CodeGrace  int    `json:"code_grace"`
	}
	minutes := func(n int) *int { return &n }
	for _, step := range []struct {
		body string
		want rules
	}{
		{`{}`, rules{minutes(15), "absent", 5000, 1}},
		{`{"late_after":0,"on_close":"leave"}`, rules{minutes(0), "leave", 5000, 1}},
		{`{"late_after":null}`, rules{nil, "leave", 5000, 1}},
		{`{"code_step_ms":10000,"code_grace":3}`, rules{nil, "leave", 10000, 3}},
	} {
		var got, kept rules
		c.call(c.token(teacher), "PATCH", "/api/v1/courses/1", step.body).json(t, &got)
		c.call(c.token(teacher), "GET", "/api/v1/courses/1", "").json(t, &kept)
		if diff := cmp.Diff([]rules{step.want, step.want}, []rules{got, kept}); diff != "" {
			t.Errorf("%s, then and afterwards (-want +got):\n%s", step.body, diff)
		}
	}
	for body, field := range map[string]string{
		`{"late_after":-1}`: "late_after", `{"late_after":1441}`: "late_after", `{"late_after":"soon"}`: "late_after",
		`{"on_close":"delete"}`: "on_close", `{"code_step_ms":1999}`: "code_step_ms", `{"code_grace":11}`: "code_grace",
	} {
		if p := c.call(c.token(teacher), "PATCH", "/api/v1/courses/1", body).problem(t); p.Code != "bad_message" || p.Field != field {
			t.Errorf("%s: %+v, want field %q", body, p, field)
		}
	}
	var audited int
	if err := c.db.QueryRowContext(t.Context(), `SELECT count(*) FROM audit WHERE actor = 2 AND action = 'change settings' AND subject = 'course 1'`).Scan(&audited); err != nil || audited != 3 {
		t.Errorf("the audit has %d changes, error %v, want 3", audited, err)
	}
}

// meeting is a session as the API gives it.
type meeting struct {
	ID     int64
	Title  string
	Status string
	Starts int64
	Ends   int64
	Opened int64
	Seq    int64
	Counts [5]int
	Role   string
}

func TestTeacherStartsASessionAtOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var got meeting
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", `{"open":true}`).json(t, &got)
	want := meeting{ID: got.ID, Title: c.Now().Format("Mon 2 Jan"), Status: "open", Opened: c.Now().UnixMilli(), Seq: 1, Counts: [5]int{0, 0, 0, 0, 2}, Role: "teacher"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var me struct {
		Courses []struct {
			OpenSession int64 `json:"open_session"`
		}
	}
	c.call(c.token(student), "GET", "/api/v1/me", "").json(t, &me)
	if len(me.Courses) != 1 || me.Courses[0].OpenSession != got.ID {
		t.Errorf("the student's courses: %+v, want session %d open", me.Courses, got.ID)
	}
}

func TestSessionsOfACourseAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	now := c.Now().UnixMilli()
	for _, body := range []string{`{"title":"Last week","starts":1000,"ends":2000}`, `{"title":"In a year","starts":9000000000000}`} {
		if a := c.call(c.token(assistant), "POST", "/api/v1/courses/1/sessions", body); a.StatusCode != 200 {
			t.Fatalf("%s: %s", body, a.body)
		}
	}
	var list struct{ Sessions []meeting }
	c.call(c.token(student), "GET", "/api/v1/courses/1/sessions", "").json(t, &list)
	for i := range list.Sessions {
		list.Sessions[i].ID = 0
	}
	want := []meeting{
		{Title: "In a year", Status: "scheduled", Starts: 9_000_000_000_000, Counts: [5]int{0, 0, 0, 0, 2}, Role: "student"},
		{Title: "Week 7", Status: "open", Opened: now, Seq: 3, Counts: [5]int{1, 0, 0, 1, 0}, Role: "student"},
		{Title: "Last week", Status: "scheduled", Starts: 1000, Ends: 2000, Counts: [5]int{0, 0, 0, 0, 2}, Role: "student"},
	}
	if diff := cmp.Diff(want, list.Sessions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", `{"starts":2000,"ends":1000}`).problem(t); p.Field != "ends" {
		t.Errorf("one that ends before it starts: %+v", p)
	}
}

func TestPeopleAreFoundPageByPage(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO people (ref, given, family, created_at, updated_at) VALUES ('0042', 'Nora', 'student', 0, 0)`)
	find := func(q string) (pages [][]string) {
		t.Helper()
		cursor := ""
		for {
			var page struct {
				People []struct{ Given, Family string }
				Next   string
			}
			c.call(c.token(admin), "GET", "/api/v1/people?limit=2&q="+url.QueryEscape(q)+"&cursor="+url.QueryEscape(cursor), "").json(t, &page)
			var names []string
			for _, p := range page.People {
				names = append(names, p.Given+" "+p.Family)
			}
			pages = append(pages, names)
			if cursor = page.Next; cursor == "" {
				return pages
			}
		}
	}
	for q, want := range map[string][][]string{
		"":              {{"Ada Admin", "Otto Elsewhere"}, {"Zoe Hidden", "Nora student"}, {"Sam Student", "Alan Teacher"}, {"Tess Tutor"}},
		"STUD":          {{"Nora student", "Sam Student"}},
		"0042":          {{"Nora student"}},
		"student sam":   {{"Sam Student"}},
		"nobody at all": {nil},
		"%' OR 1=1 --":  {nil},
	} {
		if diff := cmp.Diff(want, find(q)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", q, diff)
		}
	}
}

func TestAdministratorAddsAndChangesPeople(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var p struct {
		ID                                  int64
		Given, Family, Username, Email, Ref string
		Admin, Active                       bool
	}
	c.call(c.token(admin), "POST", "/api/v1/people", `{"given":" Nora ","family":"Newcomer","username":"nora","ref":"0042"}`).json(t, &p)
	if p.Given != "Nora" || p.Username != "nora" || p.Ref != "0042" || !p.Active || p.Admin {
		t.Errorf("added: %+v", p)
	}
	for body, field := range map[string]string{
		`{"given":"A","family":"B","username":"NORA"}`:      "username",
		`{"given":"A","family":"B","ref":"0042"}`:           "ref",
		`{"given":"A","family":"B","username":"two words"}`: "username",
		`{"given":"A","family":"B","email":"nowhere"}`:      "email",
		`{"given":"A"}`:                  "family",
		`{"given":"  ","family":"    "}`: "family",
	} {
		if got := c.call(c.token(admin), "POST", "/api/v1/people", body).problem(t); got.Field != field {
			t.Errorf("%s: %+v, want field %q", body, got, field)
		}
	}
	if got := c.call(c.token(admin), "PATCH", "/api/v1/people/1", `{"admin":false}`).problem(t); got.Code != "forbidden" {
		t.Errorf("giving up one's own administration: %+v", got)
	}
	if got := c.call(c.token(admin), "PATCH", "/api/v1/people/999", `{"given":"A"}`).problem(t); got.Code != "not_found" {
		t.Errorf("nobody: %+v", got)
	}

	// Who may no longer sign in is signed out at once.
	token := c.token(classmate)
	if a := c.call(token, "GET", "/api/v1/me", ""); a.StatusCode != 200 {
		t.Fatalf("before: %s", a.body)
	}
	c.call(c.token(admin), "PATCH", "/api/v1/people/5", `{"active":false}`).json(t, &p)
	if a := c.call(token, "GET", "/api/v1/me", ""); a.StatusCode != 401 || p.Active {
		t.Errorf("after: %d, %+v", a.StatusCode, p)
	}

	// A new name is on the boards.
	c.call(c.token(admin), "PATCH", "/api/v1/people/4", `{"given":"Samuel"}`)
	if a := c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", ""); !strings.Contains(a.body, "Samuel") {
		t.Errorf("the board: %s", a.body)
	}
}

func TestCoursesAreListedWithTheirTeachers(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	a := c.call(c.token(admin), "GET", "/api/v1/courses?q=algo", "")
	const want = `{"courses":[{"id":1,"code":"CS101","title":"Algorithms","term":"","students":2,"teachers":["Alan Teacher"]}],"next":""}`
	if strings.TrimSpace(a.body) != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}
