package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// plan is what the API says of a plan.
type plan struct {
	Digest                             string
	Applied                            bool
	Set                                int64
	Adds, Changes, Ends, Rejects, Same int
	Lines                              []struct{ Change, Name, Detail string }
	Words                              []string
	Dates                              []struct{ Holiday string }
	Problem                            *struct{ At, Length int }
	Holiday                            struct{ ID int64 }
	Plan                               *plan
}

type plannedSessions struct {
	Zone     string
	Sessions []struct {
		ID                              int64
		Title, Location, Status, Source string
		Starts, Ends, Cancelled         int64
		Opens, Closes                   int64
		Missed                          bool
	}
	Subscriptions []struct {
		ID       int64
		Outcome  string
		Failures int
	}
}

func (c *campus) timetable() (p plannedSessions) {
	c.t.Helper()
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/timetable", "").json(c.t, &p)
	var planned plannedSessions = p
	planned.Sessions = nil
	for _, s := range p.Sessions {
		if s.Source != "" {
			planned.Sessions = append(planned.Sessions, s)
		}
	}
	return planned
}

func (c *campus) post(path, body string) (p plan) {
	c.t.Helper()
	a := c.call(c.token(admin), "POST", "/api/v1"+path, body)
	if a.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %d %s", path, body, a.StatusCode, a.body)
	}
	a.json(c.t, &p)
	return p
}

func TestTeacherTypesARule(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.call(c.token(admin), "PUT", "/api/v1/institution/zone", `{"zone":"Europe/Berlin"}`)
	c.post("/holidays", `{"first":"2030-10-21","name":"Autumn break"}`)
	const rule = `{"rule":"Mon and Wed 10:15–11:45, weeks 1–3, in HS 1","first":"2030-10-14"%s}`
	p := c.post("/courses/1/timetable/rule", fmt.Sprintf(rule, ""))
	if p.Adds != 5 || p.Applied || len(p.Dates) != 6 || p.Dates[2].Holiday != "Autumn break" || !strings.HasPrefix(p.Words[0], "Mondays and Wednesdays 10:15 to 11:45") || len(c.timetable().Sessions) != 0 {
		t.Errorf("preview: %+v", p)
	}
	if done := c.post("/courses/1/timetable/rule", fmt.Sprintf(rule, `,"apply":true,"digest":"`+p.Digest+`"`)); done.Adds != 5 || done.Set == 0 {
		t.Errorf("applied: %+v", done)
	}
	if again := c.post("/courses/1/timetable/rule", fmt.Sprintf(rule, `,"apply":true`)); again.Set != 0 || again.Same != 5 {
		t.Errorf("again: %+v", again)
	}
	a := c.call(c.token(teacher), "POST", "/api/v1/courses/1/timetable/rule", fmt.Sprintf(rule, `,"apply":true,"digest":"`+p.Digest+`"`))
	if a.StatusCode != http.StatusConflict {
		t.Errorf("what was looked at is not what would be done: %d %s", a.StatusCode, a.body)
	}
	got := c.timetable()
	if len(got.Sessions) != 5 || got.Zone != "Europe/Berlin" || got.Sessions[0].Location != "HS 1" || got.Sessions[0].Starts != time.Date(2030, 10, 14, 8, 15, 0, 0, time.UTC).UnixMilli() {
		t.Errorf("%+v", got)
	}
	if p := c.post("/courses/1/timetable/rule", `{"rule":"Mon 10-11, weks 1-3"}`); p.Problem == nil || p.Problem.At != 11 || p.Problem.Length != 4 {
		t.Errorf("%+v", p)
	}
	if a := c.call(c.token(teacher), "POST", "/api/v1/courses/1/timetable/rule", `{"rule":"Mon","apply":true}`); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, `"field":"rule"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	late := c.post("/holidays", `{"first":"2030-10-23","last":"2030-10-28","name":"Strike"}`)
	if late.Plan == nil || late.Plan.Ends != 2 {
		t.Fatalf("%+v", late)
	}
	c.post(fmt.Sprintf("/holidays/%d/cancel", late.Holiday.ID), `{"apply":true,"digest":"`+late.Plan.Digest+`"}`)
	cancelled := 0
	for _, s := range c.timetable().Sessions {
		if s.Cancelled != 0 {
			cancelled++
		}
	}
	if cancelled != 2 {
		t.Errorf("%d are cancelled", cancelled)
	}
}

func TestTeacherMovesAndCancels(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.post("/courses/1/timetable/rule", `{"rule":"Mon 10:15–11:45, weeks 1–3","first":"2030-10-14","apply":true}`)
	before := c.timetable().Sessions
	edit := func(rest string) plan {
		return c.post("/courses/1/timetable/edit", fmt.Sprintf(`{"sessions":[%d,%d]%s}`, before[0].ID, before[1].ID, rest))
	}
	p := edit(`,"days":1`)
	if p.Changes != 2 || p.Applied {
		t.Errorf("%+v", p)
	}
	done := edit(`,"days":1,"apply":true,"digest":"` + p.Digest + `"`)
	if s := c.timetable().Sessions; s[0].Starts != before[0].Starts+24*3600_000 || s[2].Starts != before[2].Starts {
		t.Errorf("%+v", s)
	}
	c.post(fmt.Sprintf("/changes/%d/undo", done.Set), `{}`)
	if s := c.timetable().Sessions; s[0].Starts != before[0].Starts {
		t.Errorf("%+v", s)
	}
	edit(`,"cancel":true,"apply":true`)
	a := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/sessions/%d/commands", before[0].ID), `{"t":"open","id":"o"}`)
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "cancelled") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	var told struct{ Cancelled int64 }
	c.call(c.token(student), "GET", fmt.Sprintf("/api/v1/sessions/%d", before[0].ID), "").json(t, &told)
	if told.Cancelled == 0 {
		t.Error("students do not see that it is cancelled")
	}
	if a := c.call(c.token(student), "GET", fmt.Sprintf("/api/v1/sessions/%d/state?audience=student", before[0].ID), ""); !strings.Contains(a.body, `"cancelled":true`) {
		t.Errorf("%s", a.body)
	}
	edit(`,"restore":true,"apply":true`)
	if a := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/sessions/%d/commands", before[0].ID), `{"t":"open","id":"o2"}`); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if p := edit(`,"days":1`); p.Rejects != 1 || p.Changes != 1 {
		t.Errorf("one is open: %+v", p)
	}
}

// Who starts a session now means the one that is planned for now.
func TestStartNowOpensThePlannedSession(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	soon := c.Now().UTC().Add(40 * time.Minute)
	rule := fmt.Sprintf(`{"rule":"%s %s for 60 min; %s %s for 60 min","apply":true}`, soon.Format("2006-01-02"), soon.Format("15:04"), soon.AddDate(0, 0, 7).Format("2006-01-02"), soon.Format("15:04"))
	c.post("/courses/1/timetable/rule", rule)
	start := func() (id int64) {
		t.Helper()
		var s struct {
			ID     int64
			Status string
		}
		c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", `{"open":true}`).json(t, &s)
		if s.Status != "open" {
			t.Errorf("%+v", s)
		}
		return s.ID
	}
	planned := c.timetable().Sessions
	if first, second := start(), start(); first != planned[0].ID || second == planned[0].ID || second == planned[1].ID {
		t.Errorf("started %d and %d; planned are %+v", first, second, planned)
	}
}

func TestTimetableFromFiles(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const csv = "date,start,end,title\n2030-10-14,10:15,11:45,One\n2030-10-21,10:15,11:45,Two\n2030-10-32,10:15,11:45,Bad\n"
	var p plan
	send := func(path, name, content string, fields map[string]string) plan {
		t.Helper()
		a := c.upload("/api/v1"+path, form{fields: fields, files: map[string]string{name: content}})
		if a.StatusCode >= 300 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		p = plan{}
		a.json(t, &p)
		return p
	}
	if p := send("/courses/1/timetable/file", "t.csv", csv, nil); p.Adds != 2 || p.Rejects != 1 {
		t.Errorf("%+v", p)
	}
	send("/courses/1/timetable/file", "t.csv", csv, map[string]string{"apply": "true"})
	if p := send("/courses/1/timetable/file", "t.csv", "date,start,end,title\n2030-10-14,10:15,11:45,One\n", map[string]string{"apply": "true"}); p.Same != 1 || p.Ends != 1 {
		t.Errorf("the second is gone: %+v", p)
	}
	const ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Hall\nDTSTART:20301104T091500Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\nEND:VCALENDAR\n"
	if p := send("/courses/1/timetable/file", "t.ics", ics, nil); p.Adds != 2 {
		t.Errorf("%+v", p)
	}
	if p := send("/timetable/file", "t.csv", "course,date,start,end\nCS101,2030-12-02,10:15,11:45\nNOPE,2030-12-02,10:15,11:45\n", nil); p.Adds != 1 || p.Rejects != 1 {
		t.Errorf("%+v", p)
	}
	if a := c.upload("/api/v1/courses/1/timetable/file", form{files: map[string]string{"t.csv": "nothing\n1\n"}}); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "date") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	var columns struct {
		Columns []string
		Mapping map[string]string
	}
	c.upload("/api/v1/timetable/columns", form{files: map[string]string{"t.csv": csv}}).json(t, &columns)
	if columns.Mapping["start"] != "start" || len(columns.Columns) != 4 {
		t.Errorf("%+v", columns)
	}
}

func TestSubscriptionIsFetched(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var version atomic.Int32
	calendar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"v%d"`, version.Load())
		w.Header().Set("ETag", tag)
		switch {
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		case version.Load() == 2:
			http.Error(w, "gone", http.StatusGone)
		case version.Load() == 4:
			fmt.Fprint(w, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:CS101\nDTSTART:20301015T091500Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nSUMMARY:Dentist\nDTSTART:20301104T091500Z\nEND:VEVENT\nEND:VCALENDAR\n")
		case version.Load() == 3:
			fmt.Fprint(w, "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
		default:
			fmt.Fprintf(w, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:CS101\nDTSTART:203010%dT091500Z\nDURATION:PT1H\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nSUMMARY:Dentist\nDTSTART:20301104T091500Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n", 14+version.Load())
		}
	}))
	t.Cleanup(calendar.Close)
	body, _ := json.Marshal(map[string]string{"address": calendar.URL + "/t.ics", "only": "cs101"})
	a := c.call(c.token(teacher), "POST", "/api/v1/courses/1/subscriptions", string(body))
	var sub struct {
		ID      int64
		Outcome string
	}
	a.json(t, &sub)
	if sub.Outcome != "1 new." {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	fetch := func(want string) {
		t.Helper()
		a := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/subscriptions/%d/fetch", sub.ID), "{}")
		if a.json(t, &sub); sub.Outcome != want {
			t.Errorf("got %s, want %s", a.body, want)
		}
	}
	fetch("The calendar has not changed.")
	version.Store(1)
	fetch("1 changed.")
	if a := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/subscriptions/%d/rejects", sub.ID), "{}"); a.StatusCode != http.StatusNotFound {
		t.Errorf("nothing is rejected: %d %s", a.StatusCode, a.body)
	}
	version.Store(4)
	fetch("1 left out.")
	left := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/subscriptions/%d/rejects", sub.ID), "{}")
	if left.StatusCode != http.StatusOK || !strings.Contains(left.Header.Get("Content-Disposition"), `"127.0.0.1`) || !strings.Contains(left.body, "X-MUSTER-REASON:It has no end") || strings.Contains(left.body, "Dentist") {
		t.Errorf("%d %v %s", left.StatusCode, left.Header, left.body)
	}
	version.Store(2)
	if a := c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/subscriptions/%d/rejects", sub.ID), "{}"); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "nothing at this address") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	fetch("There is nothing at this address any more.")
	version.Store(3)
	fetch("The calendar has no events. What was planned stays.")
	got := c.timetable()
	if len(got.Sessions) != 1 || got.Sessions[0].Cancelled != 0 || time.UnixMilli(got.Sessions[0].Starts).UTC().Day() != 15 || len(got.Subscriptions) != 1 {
		t.Errorf("%+v", got)
	}
	if a := c.call(c.token(teacher), "DELETE", fmt.Sprintf("/api/v1/subscriptions/%d", sub.ID), ""); a.StatusCode >= 300 || len(c.timetable().Subscriptions) != 0 || len(c.timetable().Sessions) != 1 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	for _, bad := range []string{"ftp://example.edu/a.ics", "file:///etc/passwd", "example.edu", ""} {
		body, _ := json.Marshal(map[string]string{"address": bad})
		if a := c.call(c.token(teacher), "POST", "/api/v1/courses/1/subscriptions", string(body)); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d %s", bad, a.StatusCode, a.body)
		}
	}
}
