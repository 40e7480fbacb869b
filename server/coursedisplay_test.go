package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/identity"
)

func TestTheDisplayOfACourseOpensThoseOfItsSessionsAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var link struct {
		URL     string
		Expires int64
	}
	c.call(c.token(assistant), "POST", "/api/v1/courses/1/display-link", "").json(t, &link)
	token, ok := strings.CutPrefix(link.URL, c.URL+"/display/course/1#")
	if !ok {
		t.Fatal(link.URL)
	}
	cookie := c.call(token, "POST", "/api/v1/courses/1/display/enter", "").cookie(t, "muster_display")
	if !cookie.HttpOnly || cookie.MaxAge != int(identity.CourseDisplayLife/time.Second) {
		t.Errorf("the cookie is %v; it must outlast the night", cookie)
	}
	if p := c.call(token, "POST", "/api/v1/courses/2/display/enter", "").problem(t); p.Code != "not_signed_in" {
		t.Errorf("another course's display: %+v", p)
	}
	for path, want := range map[string]int{
		"/courses/1/display":                  200,
		"/courses/2/display":                  401,
		"/sessions/10/state?audience=display": 200,
		"/sessions/20/state?audience=display": 404,
		"/sessions/10/state?audience=board":   404,
		"/sessions/10/state?audience=student": 404,
		"/sessions/10/report":                 404,
		"/courses/1":                          401,
		"/courses/1/sessions":                 401,
		"/me":                                 401,
	} {
		if a := c.call("", "GET", "/api/v1"+path, "", func(r *http.Request) { r.AddCookie(cookie) }); a.StatusCode != want {
			t.Errorf("%s by the cookie: %d, want %d: %s", path, a.StatusCode, want, a.body)
		}
		if a := c.call(token, "GET", "/api/v1"+path, ""); a.StatusCode != want {
			t.Errorf("%s by the token: %d, want %d: %s", path, a.StatusCode, want, a.body)
		}
	}
}

// A link that has got around is ended by those who teach the course, and with it what is
// on by it; a new one works.
func TestLinksToTheDisplayOfACourseAreEnded(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	link := func() string {
		var link struct{ URL string }
		c.call(c.token(assistant), "POST", "/api/v1/courses/1/display-link", "").json(t, &link)
		_, token, _ := strings.Cut(link.URL, "#")
		return token
	}
	status := func(token string) int { return c.call(token, "GET", "/api/v1/courses/1/display", "").StatusCode }
	old := link()
	ended := c.stream(old, "display")
	if got := status(old); got != 200 {
		t.Fatalf("before: %d", got)
	}
	if a := c.call(c.token(assistant), "DELETE", "/api/v1/courses/1/display-link", ""); a.StatusCode != http.StatusForbidden {
		t.Errorf("an assistant ends it: %d", a.StatusCode)
	}
	if a := c.call(c.token(teacher), "DELETE", "/api/v1/courses/1/display-link", ""); a.StatusCode >= 300 {
		t.Fatalf("a teacher ends it: %d %s", a.StatusCode, a.body)
	}
	if got := status(old); got != 401 {
		t.Errorf("the old link: %d", got)
	}
	if got := status(link()); got != 200 {
		t.Errorf("a new link: %d", got)
	}
	if a := c.call(c.token(admin), "GET", "/api/v1/audit?limit=5", ""); !strings.Contains(a.body, "end display links") {
		t.Errorf("the audit: %s", a.body)
	}
	ended()
}

func TestTheDisplayOfACourseFollowsTheSessionThatIsOpen(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	shows := func() (session, next int64) {
		var out struct{ Session, Next int64 }
		c.call(c.token(teacher), "GET", "/api/v1/courses/1/display", "").json(t, &out)
		return out.Session, out.Next
	}
	if s, _ := shows(); s != 10 {
		t.Errorf("it shows %d, and session 10 is open", s)
	}
	c.call(c.token(teacher), "POST", "/api/v1/sessions/10/commands", `{"t":"close","id":"x"}`)
	if s, next := shows(); s != 0 || next != 0 {
		t.Errorf("it shows %d and %d as the next, but no session is open or planned", s, next)
	}
	plan := func(id int64, in time.Duration) int64 {
		starts := c.Now().Add(in).UnixMilli()
		c.exec(`INSERT INTO sessions (id, course_id, title, status, starts_at, ends_at, secret, seq) VALUES (?, 1, 'Next', 'scheduled', ?, ?, zeroblob(32), 0)`,
			id, starts, starts+90*60_000)
		return starts
	}
	starts := plan(11, 3*time.Hour)
	if s, next := shows(); s != 0 || next != starts {
		t.Errorf("three hours before: it shows %d, the next at %d, want none and %d", s, next, starts)
	}
	plan(12, 20*time.Minute)
	if s, _ := shows(); s != 12 {
		t.Errorf("20 minutes before: it shows %d, want 12", s)
	}
	c.call(c.token(teacher), "POST", "/api/v1/sessions/11/commands", `{"t":"open","id":"o"}`)
	if s, _ := shows(); s != 11 {
		t.Errorf("opened by hand: it shows %d, want 11", s)
	}
}
