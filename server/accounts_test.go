package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/server"
)

const password = "correct horse battery"

// joinLink returns the path of a new join link, as an administrator gets it.
func (c *campus) joinLink(person string) string {
	c.t.Helper()
	var made struct {
		URL     string
		Expires int64
	}
	c.call(c.token(admin), "POST", "/api/v1/people/"+person+"/join-link", "").json(c.t, &made)
	path, ok := strings.CutPrefix(made.URL, c.URL+"/join/")
	if !ok || made.Expires <= c.Now().UnixMilli() {
		c.t.Fatalf("the link is %+v", made)
	}
	return "/api/v1/join/" + path
}

func withCookie(cookie *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(cookie) }
}

// cookie returns the one cookie that an answer sets.
func (a answer) cookie(t testing.TB, name string) *http.Cookie {
	t.Helper()
	cookies := a.Cookies()
	if len(cookies) != 1 || cookies[0].Name != name {
		t.Fatalf("%d set the cookies %v, want %s: %s", a.StatusCode, cookies, name, a.body)
	}
	return cookies[0]
}

func TestFromJoinLinkToSignedOut(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	link := c.joinLink("4")
	var joiner struct {
		Given       string
		HasPassword bool `json:"has_password"`
	}
	if c.call("", "GET", link, "").json(t, &joiner); joiner.Given != "Sam" || joiner.HasPassword {
		t.Fatalf("the link is for %+v", joiner)
	}

	a := c.call("", "POST", link, `{"password":"`+password+`"}`)
	first := a.cookie(t, "muster_signin")
	if !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.Secure || first.MaxAge < 86400 {
		t.Errorf("the cookie is %v", first)
	}
	var in struct {
		Person struct {
			ID       attendance.PersonID
			Username string
			Teaches  bool
			Courses  []struct {
				Code, Role  string
				Students    int
				OpenSession attendance.SessionID `json:"open_session"`
			}
		}
	}
	a.json(t, &in)
	if p := in.Person; p.ID != student || p.Username != "sam" || p.Teaches || len(p.Courses) != 1 ||
		p.Courses[0].Code != "CS101" || p.Courses[0].Role != "student" || p.Courses[0].Students != 2 || p.Courses[0].OpenSession != 10 {
		t.Errorf("signed in as %+v", p)
	}
	if p := c.call("", "POST", link, "{}").problem(t); p.Code != "conflict" {
		t.Errorf("the second use of the link: %+v", p)
	}

	second := c.call("", "POST", "/api/v1/signin", `{"username":"Sam","password":"`+password+`"}`).cookie(t, "muster_signin")
	if a := c.call("", "GET", "/api/v1/me", "", withCookie(second)); a.StatusCode != 200 {
		t.Fatalf("signed in, but: %d %s", a.StatusCode, a.body)
	}
	out := c.call("", "POST", "/api/v1/signout", "", withCookie(second))
	if gone := out.cookie(t, "muster_signin"); out.StatusCode != 204 || gone.MaxAge >= 0 {
		t.Errorf("signing out: %d, the cookie is %v", out.StatusCode, gone)
	}
	if p := c.call("", "GET", "/api/v1/me", "", withCookie(second)).problem(t); p.Code != "not_signed_in" {
		t.Errorf("after signing out: %+v", p)
	}
	if a := c.call("", "GET", "/api/v1/me", "", withCookie(first)); a.StatusCode != 200 {
		t.Errorf("the other browser was signed out too: %d", a.StatusCode)
	}
	if strings.Contains(c.Log.String(), first.Value) || strings.Contains(c.Log.String(), strings.TrimPrefix(link, "/api/v1/join/")) {
		t.Error("a token is in the log")
	}
}

// loopback is where the tests' requests come from.
var loopback = server.Proxies{netip.MustParsePrefix("127.0.0.0/8")}

func TestCookiesAreSecureOverHTTPS(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*server.Config){
		"by public URL": func(c *server.Config) { c.PublicURL = "https://muster.example.edu" },
		"by proxy":      func(c *server.Config) { c.Proxies = loopback },
	} {
		c := newCampus(t, change)
		cookie := c.call("", "POST", "/api/v1/signout", "", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }).cookie(t, "muster_signin")
		if !cookie.Secure {
			t.Errorf("%s: %v", name, cookie)
		}
	}
}

func TestWrongPasswordsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	c := newCampus(t, func(c *server.Config) { c.Proxies = loopback })
	wrong := func(address string) answer {
		return c.call("", "POST", "/api/v1/signin", `{"username":"ada","password":"not the password"}`,
			func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.9, "+address) })
	}
	for range 10 {
		if p := wrong("192.0.2.1").problem(t); p.Code != "not_signed_in" || p.Field != "password" {
			t.Fatalf("%+v", p)
		}
	}
	if p := wrong("192.0.2.2").problem(t); p.Code != "too_many_tries" || p.Retry != 30_000 || !strings.Contains(p.Detail, "30 s") {
		t.Fatalf("%+v", p)
	}
	c.advance(30 * time.Second)
	if p := wrong("192.0.2.2").problem(t); p.Code != "not_signed_in" {
		t.Fatalf("after the wait: %+v", p)
	}
}

func TestJoinLinksOfACourseAsJSONAndAsAFile(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET given = '=HYPERLINK("http://evil.example")' WHERE id = ?`, student)
	var made struct {
		Links []struct {
			Person attendance.PersonID
			URL    string
		}
		Expires int64
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/join-links", "").json(t, &made)
	if len(made.Links) != 2 || made.Links[0].Person != classmate || !strings.HasPrefix(made.Links[0].URL, c.URL+"/join/") {
		t.Fatalf("%+v", made)
	}
	file := c.call(c.token(teacher), "POST", "/api/v1/courses/1/join-links", "", func(r *http.Request) { r.Header.Set("Accept", "text/csv") })
	if got := file.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("the file is %q", got)
	}
	lines := strings.Split(file.body, "\r\n")
	if len(lines) != 4 || lines[0] != "\ufeffFamily name,Given name,Reference,Join link" || !strings.HasPrefix(lines[2], `Student,"'=HYPERLINK(`) {
		t.Errorf("the file says %q", lines)
	}
}

func TestADisplayLinkOpensOneDisplayAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var link struct{ URL string }
	c.call(c.token(assistant), "POST", "/api/v1/sessions/10/display-link", "").json(t, &link)
	token, ok := strings.CutPrefix(link.URL, c.URL+"/display/10#")
	if !ok {
		t.Fatal(link.URL)
	}
	cookie := c.call(token, "POST", "/api/v1/display/10/enter", "").cookie(t, "muster_display")
	if !cookie.HttpOnly || cookie.MaxAge != 0 {
		t.Errorf("the cookie is %v", cookie)
	}
	if p := c.call(token, "POST", "/api/v1/display/20/enter", "").problem(t); p.Code != "not_signed_in" {
		t.Errorf("another session's display: %+v", p)
	}
	for path, want := range map[string]int{
		"/sessions/10/state?audience=display": 200,
		"/sessions/20/state?audience=display": 404,
		"/sessions/10/state?audience=board":   404,
		"/sessions/10/state?audience=student": 404,
		"/sessions/10":                        404,
		"/sessions/10/report":                 404,
		"/courses/1":                          401,
		"/me":                                 401,
		"/people":                             401,
	} {
		if a := c.call("", "GET", "/api/v1"+path, "", withCookie(cookie)); a.StatusCode != want {
			t.Errorf("%s by display cookie: %d, want %d: %s", path, a.StatusCode, want, a.body)
		}
		if a := c.call(token, "GET", "/api/v1"+path, ""); a.StatusCode != want {
			t.Errorf("%s by display token: %d, want %d: %s", path, a.StatusCode, want, a.body)
		}
	}
	both := func(r *http.Request) {
		r.AddCookie(cookie)
		r.AddCookie(&http.Cookie{Name: "muster_signin", Value: c.token(student)})
	}
	for path, want := range map[string]int{
		"/sessions/10/state?audience=display": 200,
		"/sessions/10/state?audience=student": 200,
		"/sessions/10/state?audience=board":   403,
	} {
		if a := c.call("", "GET", "/api/v1"+path, "", both); a.StatusCode != want {
			t.Errorf("%s by a student with a display cookie: %d, want %d", path, a.StatusCode, want)
		}
	}
}
