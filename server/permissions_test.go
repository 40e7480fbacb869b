package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// permissions says of every call who may make it, as the status that each of six
// viewers gets: nobody, a student of another course, a student, an assistant and a
// teacher of the course, an administrator. "ok" is anything but 401, 403 and 404.
var permissions = []struct {
	call string // as in the OpenAPI document
	path string // what is really asked for, if it is not the call with ids filled in
	body string
	want string
}{
	// Signing in. What belongs to a link or a password belongs to whoever has it.
	{"POST /signin", "", `{"username":"sam","password":"not the password"}`, "401 401 401 401 401 401"},
	{"GET /join/{token}", "", "", "404 404 404 404 404 404"},
	{"POST /join/{token}", "", "{}", "404 404 404 404 404 404"},
	{"POST /signout", "", "", "ok ok ok ok ok ok"},
	{"GET /me", "", "", "401 ok ok ok ok ok"},
	{"PUT /me/password", "", `{"new":"short"}`, "401 ok ok ok ok ok"},
	{"GET /me/history", "", "", "401 ok ok ok ok ok"},

	{"GET /me/feed", "", "", "401 ok ok ok ok ok"},
	{"POST /me/feed", "", "{}", "401 ok ok ok ok ok"},
	{"DELETE /me/feed", "", "", "401 ok ok ok ok ok"},

	// API tokens, which one makes in person.
	{"GET /me/tokens", "", "", "401 ok ok ok ok ok"},
	{"POST /me/tokens", "", `{"name":"sync","scopes":["roster:read"],"days":30}`, "401 403 403 ok ok ok"},
	{"DELETE /me/tokens/{token}", "/me/tokens/99", "", "401 404 404 404 404 404"},
	{"GET /tokens", "", "", "401 403 403 403 403 ok"},
	{"POST /people/{id}/tokens", "/people/5/tokens", `{"name":"sync","scopes":["roster:read"],"days":30}`, "401 403 403 403 403 ok"},
	{"DELETE /tokens/{token}", "/tokens/99", "", "401 403 403 403 403 404"},

	// A course.
	{"GET /courses/{id}", "", "", "401 404 ok ok ok ok"},
	{"PATCH /courses/{id}", "", `{"late_after":20}`, "401 404 403 403 ok ok"},
	{"GET /courses/{id}/sessions", "", "", "401 404 ok ok ok ok"},
	{"POST /courses/{id}/sessions", "", `{"title":"Week 8"}`, "401 404 403 ok ok ok"},
	{"POST /courses/{id}/join-links", "", "", "401 404 403 403 ok ok"},
	{"POST /courses/{id}/sessions/bulk", "", `{"rows":[{"starts":1900000000000,"ends":1900003600000}]}`, "401 404 403 403 ok ok"},

	{"GET /courses/{id}/report", "", "", "401 404 403 ok ok ok"},
	{"GET /courses/{id}/report.csv", "", "", "401 404 403 ok ok ok"},
	{"GET /courses/{id}/report.xlsx", "", "", "401 404 403 ok ok ok"},
	{"GET /courses/{id}/students/{person}/report", "", "", "401 404 403 ok ok ok"},
	{"GET /courses/{id}/students/{person}/report.csv", "", "", "401 404 403 ok ok ok"},
	{"GET /courses/{id}/students/{person}/report.xlsx", "", "", "401 404 403 ok ok ok"},
	{"GET /reports/marks", "/reports/marks?course=1", "", "401 404 403 ok ok ok"},
	{"GET /reports/marks.csv", "/reports/marks.csv?course=1", "", "401 404 403 ok ok ok"},

	// A session.
	{"GET /sessions/{id}", "", "", "401 404 ok ok ok ok"},
	{"GET /sessions/{id}/report", "", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{id}/report.csv", "", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{id}/report.xlsx", "", "", "401 404 403 ok ok ok"},
	{"POST /sessions/{id}/display-link", "", "", "401 404 403 ok ok ok"},
	{"POST /display/{session}/enter", "", "", "401 401 401 401 401 401"},
	{"POST /courses/{id}/display-link", "", "", "401 404 403 ok ok ok"},
	{"DELETE /courses/{id}/display-link", "", "", "401 404 403 403 ok ok"},
	{"POST /courses/{id}/display/enter", "", "", "401 401 401 401 401 401"},
	{"GET /courses/{id}/display", "", "", "401 404 403 ok ok ok"},
	{"POST /scan", "", `{"session":10,"code":"000000"}`, "ok ok ok ok ok ok"},

	// Live, by audience and by command.
	{"GET /sessions/{session}/state", "/sessions/10/state?audience=board", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{session}/state", "/sessions/10/state?audience=display", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{session}/state", "/sessions/10/state?audience=student", "", "401 403 ok 403 403 403"},
	{"GET /sessions/{session}/live", "/sessions/10/live?audience=board", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{session}/live", "/sessions/10/live?audience=display", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{session}/live", "/sessions/10/live?audience=student", "", "401 403 ok 403 403 403"},
	{"POST /sessions/{session}/commands", "", `{"t":"check_in","id":"c","code":"000000"}`, "401 403 ok 403 403 403"},
	{"POST /sessions/{session}/commands", "", `{"t":"mark","id":"m","marks":[[4,"late"]]}`, "401 404 403 ok ok ok"},
	{"POST /sessions/{session}/commands", "", `{"t":"open","id":"o"}`, "401 404 403 ok ok ok"},
	{"POST /sessions/{session}/commands", "", `{"t":"close","id":"x"}`, "401 404 403 ok ok ok"},
	{"POST /sessions/{session}/commands", "", `{"t":"reopen","id":"r"}`, "401 404 403 ok ok ok"},

	// A job of the teacher's.
	{"GET /jobs", "", "", "401 ok ok ok ok ok"},
	{"GET /jobs/{id}", "", "", "401 404 404 404 ok ok"},
	{"GET /jobs/{id}/output", "", "", "401 404 404 404 ok ok"},
	{"POST /jobs/{id}/cancel", "", "", "401 404 404 404 ok ok"},
	{"POST /jobs/{id}/retry", "", "", "401 404 404 404 ok ok"},
	{"POST /exports", "", `{"table":"marks","format":"csv","course":1}`, "401 404 403 ok ok ok"},
	{"POST /exports", "", `{"table":"marks","format":"csv"}`, "401 403 403 403 403 ok"},
	{"POST /exports", "", `{"table":"students","format":"csv"}`, "401 403 403 403 403 ok"},
	{"POST /exports", "", `{"table":"courses","format":"xlsx"}`, "401 403 403 403 403 ok"},
	// Marks in bulk.
	{"GET /courses/{id}/grid", "", "", "401 404 403 ok ok ok"},
	{"POST /courses/{id}/marks", "", `{"marks":[{"person":4,"session":10,"mark":"late"}]}`, "401 404 403 ok ok ok"},
	{"POST /courses/{id}/marks/file", "", "--x--", "401 404 403 ok ok ok"},
	{"POST /courses/{id}/marks/rejects", "", "--x--", "401 404 403 ok ok ok"},
	{"POST /courses/{id}/find", "", `{"text":"4"}`, "401 404 403 ok ok ok"},
	{"GET /courses/{id}/excuses", "", "", "401 404 403 ok ok ok"},
	{"POST /excuses", "", `{"courses":[1],"people":[4],"from":1,"until":2}`, "401 404 403 ok ok ok"},
	{"POST /excuses", "", `{"people":[4],"from":1,"until":2}`, "401 403 403 403 403 ok"},
	{"POST /excuses/withdraw", "", `{"ids":[1]}`, "401 404 403 ok ok ok"},

	{"GET /statuses", "", "", "401 ok ok ok ok ok"},
	{"GET /statuses", "/statuses?course=1", "", "401 404 ok ok ok ok"},
	{"GET /statuses", "/statuses?session=10", "", "401 404 ok ok ok ok"},
	{"POST /statuses", "", `{"name":"Labs","statuses":[{"mark":"late","name":"Tardy","letter":"T","points":0.5,"counts":"there"}]}`, "401 403 403 403 403 ok"},
	{"POST /courses/{id}/statuses", "", `{"status_set":1}`, "401 404 403 403 ok ok"},
	{"PUT /statuses/{id}", "/statuses/1", `{"statuses":[{"mark":"late","name":"Tardy","letter":"T","points":0.5,"counts":"there"}]}`, "401 403 403 403 403 ok"},
	{"POST /courses/{id}/rules", "", `{"late_after":20,"since":1}`, "401 404 403 403 ok ok"},

	// A card reader at the door.
	{"GET /sessions/{id}/kiosk", "", "", "401 404 403 ok ok ok"},
	{"POST /sessions/{id}/cards", "", `{"id":"k","card":"4711"}`, "401 404 403 ok ok ok"},
	{"POST /sessions/{id}/kiosk-link", "", "", "401 404 403 ok ok ok"},
	// Timetables.
	// Groups: 99 is not there.
	{"GET /courses/{id}/groups", "", "", "401 404 403 ok ok ok"},
	{"POST /courses/{id}/groups", "", `{"name":"team","people":[4]}`, "401 404 403 ok ok ok"},
	{"GET /courses/{id}/groups/{group}", "/courses/1/groups/99", "", "401 404 403 404 404 404"},
	{"PUT /courses/{id}/groups/{group}", "/courses/1/groups/99", `{"name":"others","people":[4]}`, "401 404 403 404 404 404"},
	{"DELETE /courses/{id}/groups/{group}", "/courses/1/groups/99", "", "401 404 403 404 404 404"},
	{"GET /groups", "", "", "401 403 403 403 403 ok"},
	{"POST /groups", "", `{"name":"team","people":[4]}`, "401 403 403 403 403 ok"},
	{"GET /groups/{group}", "/groups/99", "", "401 403 403 403 403 404"},
	{"PUT /groups/{group}", "/groups/99", `{"name":"others","people":[4]}`, "401 403 403 403 403 404"},
	{"DELETE /groups/{group}", "/groups/99", "", "401 403 403 403 403 404"},
	{"GET /excuses", "", "", "401 403 403 403 403 ok"},
	{"POST /people/find", "", `{"text":"Sam"}`, "401 403 403 403 403 ok"},

	{"GET /courses/{id}/timetable", "", "", "401 404 403 ok ok ok"},
	{"POST /courses/{id}/timetable/rule", "", `{"rule":"Mon 10-11"}`, "401 404 403 403 ok ok"},
	{"POST /courses/{id}/timetable/edit", "", `{"sessions":[10],"cancel":true}`, "401 404 403 403 ok ok"},
	{"POST /courses/{id}/timetable/file", "", "--x--", "401 404 403 403 ok ok"},
	{"POST /courses/{id}/timetable/file/jobs", "", "--x--", "401 404 403 403 ok ok"},
	{"POST /courses/{id}/timetable/file/rejects", "", "--x--", "401 404 403 403 ok ok"},
	{"PUT /courses/{id}/timing", "", `{"auto_open":true,"open_before":5,"auto_close":false,"close_after":0}`, "401 404 403 403 ok ok"},
	{"POST /courses/{id}/subscriptions", "", `{"address":"no address"}`, "401 404 403 403 ok ok"},
	{"POST /sessions/{id}/keep-open", "", `{"until":0}`, "401 404 403 ok ok ok"},
	{"GET /institution", "", "", "401 ok ok ok ok ok"},
	{"POST /timetable/columns", "", "--x--", "401 ok ok ok ok ok"},
	{"PUT /institution/zone", "", `{"zone":"Europe/Berlin"}`, "401 403 403 403 403 ok"},
	{"POST /holidays", "", `{"first":"2026-12-24","name":"Eve"}`, "401 403 403 403 403 ok"},
	{"POST /holidays/{id}/cancel", "/holidays/1/cancel", "{}", "401 403 403 403 403 ok"},
	{"DELETE /holidays/{id}", "/holidays/1", "", "401 403 403 403 403 ok"},
	{"POST /timetable/file", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /timetable/file/jobs", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /timetable/file/rejects", "", "--x--", "401 403 403 403 403 ok"},
	{"GET /subscriptions", "", "", "401 403 403 403 403 ok"},
	{"POST /subscriptions", "", `{"address":"no address"}`, "401 403 403 403 403 ok"},
	{"POST /subscriptions/{id}/fetch", "/subscriptions/99/fetch", "{}", "401 404 404 404 404 404"},
	{"POST /subscriptions/{id}/rejects", "/subscriptions/99/rejects", "{}", "401 404 404 404 404 404"},
	{"DELETE /subscriptions/{id}", "/subscriptions/99", "", "401 404 404 404 404 404"},

	// The whole institution.
	{"GET /people/{id}/report", "/people/5/report", "", "401 403 403 403 403 ok"},
	{"GET /people/{id}/report.csv", "/people/5/report.csv", "", "401 403 403 403 403 ok"},
	{"GET /people/{id}/report.xlsx", "/people/5/report.xlsx", "", "401 403 403 403 403 ok"},
	{"GET /reports/courses", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/courses.csv", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/courses.xlsx", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/students", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/students.csv", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/students.xlsx", "", "", "401 403 403 403 403 ok"},
	{"GET /oneroster.zip", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/marks", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/marks.csv", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/marks.xlsx", "", "", "401 403 403 403 403 ok"},
	{"GET /reports/marks.json", "", "", "401 403 403 403 403 ok"},

	// What was done in bulk, and by whom: set 1 set marks in the course, set 2 is the
	// institution's.
	{"GET /courses/{id}/changes", "", "", "401 404 403 ok ok ok"},
	{"GET /changes/{id}", "/changes/1", "", "401 404 403 ok ok ok"},
	{"GET /changes/{id}/rows", "/changes/1/rows", "", "401 404 403 ok ok ok"},
	{"POST /changes/{id}/undo", "/changes/1/undo", "{}", "401 404 403 ok ok ok"},
	{"GET /changes/{id}", "/changes/2", "", "401 403 403 403 403 ok"},
	{"POST /changes/{id}/undo", "/changes/2/undo", "{}", "401 403 403 403 403 ok"},
	{"GET /changes", "", "", "401 403 403 403 403 ok"},
	{"GET /courses/{id}/audit", "", "", "401 404 403 ok ok ok"},
	{"GET /audit", "", "", "401 403 403 403 403 ok"},

	// Administration.
	{"GET /courses", "", "", "401 403 403 403 403 ok"},
	{"GET /people", "", "", "401 403 403 403 403 ok"},
	{"GET /duplicates", "", "", "401 403 403 403 403 ok"},
	{"POST /people/{id}/merge", "/people/5/merge", `{"from":6}`, "401 403 403 403 403 ok"},
	{"POST /people", "", `{"given":"New","family":"Person"}`, "401 403 403 403 403 ok"},
	{"PATCH /people/{id}", "/people/5", `{"email":"zoe@example.edu"}`, "401 403 403 403 403 ok"},
	{"PATCH /people/{id}", "/people/5", `{"admin":false}`, "401 403 403 403 403 ok"},
	{"POST /people/bulk", "", `{"rows":[{"ref":"new","family":"Person"}]}`, "401 403 403 403 403 ok"},
	{"POST /enrolments/bulk", "", `{"rows":[{"course":1,"person":6}]}`, "401 403 403 403 403 ok"},
	{"POST /people/{id}/join-link", "/people/5/join-link", "", "401 403 403 403 403 ok"},
	{"POST /imports/rejects", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /imports/rows", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /imports", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /imports/jobs", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /imports/columns", "", "--x--", "401 403 403 403 403 ok"},
}

func TestWhoMayMakeWhichCall(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.someSets()
	fill := strings.NewReplacer("/courses/{id}", "/courses/1", "/sessions/{id}", "/sessions/10", "/jobs/{id}", "/jobs/30",
		"{session}", "10", "{person}", "4", "{token}", strings.Repeat("A", 43))
	for _, p := range permissions {
		method, path, _ := strings.Cut(p.call, " ")
		path = fill.Replace(path)
		if p.path != "" {
			path = p.path
		}
		var got []string
		for _, who := range []attendance.PersonID{0, outsider, student, assistant, teacher, admin} {
			a := c.call(c.token(who), method, "/api/v1"+path, p.body, multipart(p.body))
			got = append(got, outcome(a.StatusCode))
			switch who {
			case 0, outsider:
				if p.call == "GET /statuses" {
					continue // it is about marks in general
				}
				noneOf(t, p.call, a, "Hidden", "Zoe", "Student", "Sam", "excused", "calc")
			case student:
				noneOf(t, p.call, a, "Hidden", "Zoe", "calc", "Elsewhere")
			default:
				noneOf(t, p.call, a, "token_hash", "argon2", "SELECT")
			}
		}
		if s := strings.Join(got, " "); s != p.want {
			t.Errorf("%s %s %s\n got %s\nwant %s", method, path, p.body, s, p.want)
		}
	}
}

// someSets has the record say that something was done in bulk.
func (c *campus) someSets() {
	c.exec(`INSERT INTO change_sets (id, at, actor, kind, title, course_id, came_from, row_count) VALUES (1, 0, 2, 'marks', 'Marks', 1, '', 0), (2, 0, 1, 'import', 'People', NULL, '', 0)`)
}

// multipart marks a body as files when it looks like them.
func multipart(body string) func(*http.Request) {
	return func(r *http.Request) {
		if strings.HasPrefix(body, "--") {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		}
	}
}

func outcome(status int) string {
	switch status {
	case 401, 403, 404:
		return fmt.Sprint(status)
	case 500:
		return "broken"
	}
	return "ok"
}

func noneOf(t *testing.T, call string, a answer, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(a.body, s) {
			t.Errorf("%s gave away %q: %s", call, s, a.body)
		}
	}
}

// A call that is not in the table above is one of which nobody has said who may make it.
func TestEveryCallHasItsPermissions(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	c.call("", "GET", "/api/v1/openapi.json", "").json(t, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	said := make(map[string]bool)
	for _, p := range permissions {
		said[p.call] = true
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for method := range doc.Paths[path] {
			if call := strings.ToUpper(method) + " " + path; !said[call] {
				t.Errorf("who may %s?", call)
			}
		}
	}
}

// What somebody may see is decided when they connect; so whoever loses a permission
// loses the connection.
func TestLiveConnectionsEndWithThePermission(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"no administrator any more": `{"admin":false}`, "switched off": `{"active":false}`} {
		c := newCampus(t, nil)
		c.exec(`UPDATE people SET admin = 1 WHERE id = ?`, outsider)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", c.URL+"/api/v1/sessions/10/live?audience=board", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.token(outsider))
		board, err := c.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if a := c.call(c.token(admin), "PATCH", "/api/v1/people/6", end); a.StatusCode != 200 {
			t.Fatal(a.body)
		}
		// It would not end by itself; cut off in the middle is as good an end as any.
		if _, err := io.Copy(io.Discard, board.Body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", name, err)
		}
		board.Body.Close()
	}
}
