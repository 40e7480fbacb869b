package server_test

import (
	"strings"
	"testing"
)

type statusSet struct {
	ID       int64
	Name     string
	Statuses []struct {
		Mark, Key, Name, Letter, Counts string
		Points                          float64
	}
}

type statusChange struct {
	Set      int64
	Statuses statusSet
	Shift    *struct {
		Courses, Students, Up, Down int
		Most                        []struct {
			Family        string
			Before, After struct {
				Percent    *float64
				Points, Of float64
			}
		}
	}
}

const online = `{"mark":"present","key":"online","name":"Online","letter":"O","points":0.5,"counts":"there"}`

func TestACourseHasTheStatusesThatItChooses(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	mark := func() string {
		return c.call(c.token(teacher), "POST", "/api/v1/courses/1/marks", `{"marks":[{"person":4,"session":10,"mark":"present","status":"online"}]}`).body
	}
	if got := mark(); !strings.Contains(got, "no \\\"online\\\"") {
		t.Errorf("a status that the course does not have: %s", got)
	}
	live := c.call(c.token(teacher), "POST", "/api/v1/sessions/10/commands", `{"t":"mark","id":"x","marks":[[4,"present","online"]]}`)
	if live.StatusCode != 400 {
		t.Errorf("the same as a live command: %d %s", live.StatusCode, live.body)
	}
	var made, seen, chosen statusChange
	c.call(c.token(admin), "POST", "/api/v1/statuses", `{"name":"Labs","statuses":[`+online+`]}`).json(t, &made)
	if made.Set == 0 || made.Statuses.ID < 2 || len(made.Statuses.Statuses) != 5 || made.Statuses.Statuses[4].Key != "online" {
		t.Fatalf("made: %+v", made)
	}
	choose := `{"status_set":` + itoa(made.Statuses.ID)
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/statuses", choose+`,"preview":true}`).json(t, &seen)
	if got := mark(); seen.Set != 0 || seen.Shift.Up+seen.Shift.Down != 0 || !strings.Contains(got, "online") {
		t.Errorf("seen: %+v; a mark: %s", seen, got)
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/statuses", choose+`}`).json(t, &chosen)
	var done struct{ Set, Change int64 }
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/marks", `{"marks":[{"person":4,"session":10,"mark":"present","status":"online"}]}`).json(t, &done)
	if chosen.Set == 0 || done.Set == 0 || done.Change != 1 {
		t.Errorf("chosen: %+v, marked: %+v", chosen, done)
	}
	for path, want := range map[string]string{
		"/sessions/10/state?audience=board": `[4,"present",`,
		"/courses/1/grid":                   `"statuses":[{"person":4,"session":10,"status":"online"}]`,
		"/courses/1/report":                 `"statuses":[{"person":4,"session":10,"status":"online"}]`,
		"/courses/1/report.csv":             ",0.5,1,100,O",
		"/reports/courses":                  `"points":0.5`,
		"/reports/students":                 `"points":0.5`,
		"/reports/marks":                    `"status":"online"`,
		"/reports/marks.csv":                ",present,Online,",
		"/sessions/10/report":               `"status":"online"`,
		"/people/4/report":                  `"called":"Online"`,
		"/statuses?session=10":              `"name":"Labs"`,
		"/courses/1":                        `"status_set":` + itoa(made.Statuses.ID),
	} {
		if got := c.call(c.token(admin), "GET", "/api/v1"+path, "").body; !strings.Contains(got, want) {
			t.Errorf("%s has no %s: %s", path, want, got)
		}
	}
	if got := c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", "").body; !strings.Contains(got, `,"","online"]`) {
		t.Errorf("the board shows %s", got)
	}
	if got := c.call(c.token(4), "GET", "/api/v1/me/history", "").body; !strings.Contains(got, `"called":"Online"`) {
		t.Errorf("the student sees %s", got)
	}
	if got := c.call(c.token(4), "GET", "/s/10", "").body; !strings.Contains(got, `<p class="big">Online</p>`) {
		t.Errorf("the student's page says %s", got)
	}
	sheet := c.form(teacher, "/api/v1/courses/1/marks/file", "marks.csv", "Reference,Name,Mark\n,Zoe Hidden,o\n", map[string]string{"session": "10"}).body
	if !strings.Contains(sheet, `"becomes":"present","becomes_status":"online"`) {
		t.Errorf("a sheet: %s", sheet)
	}
}

func TestAChangeOfPointsIsShownBeforeItIsMade(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	change := func(rest string) (out statusChange) {
		c.call(c.token(admin), "PUT", "/api/v1/statuses/1", `{"statuses":[{"mark":"present","name":"Present","letter":"P","points":2,"counts":"away"}]`+rest+`}`).json(t, &out)
		return out
	}
	sets := func() string { return c.call(c.token(admin), "GET", "/api/v1/statuses", "").body }
	before := sets()
	seen := change(`,"preview":true`)
	if s := seen.Shift; seen.Set != 0 || s.Courses != 2 || s.Students != 3 || s.Down != 2 || s.Up != 0 || len(s.Most) != 2 || s.Most[0].Family != "Student" || *s.Most[0].Before.Percent != 100 || *s.Most[0].After.Percent != 0 || s.Most[0].After.Of != 2 {
		t.Errorf("seen: %+v", s)
	}
	if sets() != before {
		t.Error("a preview changed something")
	}
	done := change("")
	if done.Set == 0 || *done.Shift.Most[0].After.Percent != 0 || sets() == before {
		t.Errorf("done: %+v", done)
	}
	c.call(c.token(admin), "POST", "/api/v1/changes/"+itoa(done.Set)+"/undo", `{}`)
	if got := sets(); got != before {
		t.Errorf("after the undo: %s", got)
	}
	for body, field := range map[string]string{
		`{"statuses":[{"mark":"late","name":"Late","letter":"P","points":1,"counts":"there"}]}`:            "late.letter",
		`{"statuses":[{"mark":"late","key":"bus","name":"Bus","letter":"L","points":1,"counts":"there"}]}`: "statuses[4].letter",
	} {
		var p problem
		c.call(c.token(admin), "PUT", "/api/v1/statuses/1", body).json(t, &p)
		if p.Field != field {
			t.Errorf("%s: %+v, want a problem with %s", body, p, field)
		}
	}
}
