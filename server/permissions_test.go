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

	// A course.
	{"GET /courses/{id}", "", "", "401 404 ok ok ok ok"},
	{"PATCH /courses/{id}", "", `{"late_after":20}`, "401 404 403 403 ok ok"},
	{"GET /courses/{id}/sessions", "", "", "401 404 ok ok ok ok"},
	{"POST /courses/{id}/sessions", "", `{"title":"Week 8"}`, "401 404 403 ok ok ok"},
	{"POST /courses/{id}/join-links", "", "", "401 404 403 403 ok ok"},

	// A session.
	{"GET /sessions/{id}", "", "", "401 404 ok ok ok ok"},
	{"GET /sessions/{id}/report", "", "", "401 404 403 ok ok ok"},
	{"GET /sessions/{id}/report.csv", "", "", "401 404 403 ok ok ok"},
	{"POST /sessions/{id}/display-link", "", "", "401 404 403 ok ok ok"},
	{"POST /display/{session}/enter", "", "", "401 401 401 401 401 401"},
	{"POST /scan", "", `{"session":10,"code":"000000"}`, "ok ok ok ok ok ok"},

	// Live, by audience and by command.
	{"GET /live", "", "", "401 ok ok ok ok ok"},
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

	// Administration.
	{"GET /courses", "", "", "401 403 403 403 403 ok"},
	{"GET /people", "", "", "401 403 403 403 403 ok"},
	{"POST /people", "", `{"given":"New","family":"Person"}`, "401 403 403 403 403 ok"},
	{"PATCH /people/{id}", "/people/5", `{"email":"zoe@example.edu"}`, "401 403 403 403 403 ok"},
	{"POST /people/{id}/join-link", "/people/5/join-link", "", "401 403 403 403 403 ok"},
	{"POST /imports", "", "--x--", "401 403 403 403 403 ok"},
	{"POST /imports/columns", "", "--x--", "401 403 403 403 403 ok"},
}

func TestWhoMayMakeWhichCall(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	fill := strings.NewReplacer("/courses/{id}", "/courses/1", "/sessions/{id}", "/sessions/10",
		"{session}", "10", "{token}", strings.Repeat("A", 43))
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
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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
