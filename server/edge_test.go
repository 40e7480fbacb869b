package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/server"
)

func TestRequestsFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	c := newCampus(t, func(c *server.Config) { c.PublicURL = "https://muster.example.edu" })
	post := func(header, value string) int {
		return c.call("", "POST", "/api/v1/signout", "", func(r *http.Request) { r.Header.Set(header, value) }).StatusCode
	}
	for _, other := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if got := post(other[0], other[1]); got != 403 {
			t.Errorf("%s: %s got %d", other[0], other[1], got)
		}
	}
	for _, ours := range [][2]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", c.URL}, {"Origin", "https://muster.example.edu"}, {"User-Agent", "a program"}} {
		if got := post(ours[0], ours[1]); got != 204 {
			t.Errorf("%s: %s got %d", ours[0], ours[1], got)
		}
	}
	live := func(origin string) int {
		return c.call(c.token(student), "GET", "/api/v1/sessions/10/live?audience=student", "", func(r *http.Request) {
			r.Header.Set("Upgrade", "websocket")
			r.Header.Set("Origin", origin)
		}).StatusCode
	}
	for origin, refused := range map[string]bool{"https://evil.example": true, "null": true, "https://muster.example.edu": false, c.URL: false} {
		if got := live(origin); (got == 403) != refused {
			t.Errorf("a WebSocket from %s got %d", origin, got)
		}
	}
}

func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for name, try := range map[string]struct {
		method, path, body string
		status             int
		code, field        string
	}{
		"a field that is missing":   {"POST", "/signin", `{"username":"sam"}`, 400, "bad_message", "password"},
		"a field of the wrong type": {"POST", "/signin", `{"username":7,"password":"x"}`, 400, "bad_message", "username"},
		"a field that nobody knows": {"POST", "/signin", `{"username":"sam","password":"x","admin":true}`, 400, "bad_message", "admin"},
		"a text that is too long":   {"POST", "/signin", `{"username":"` + strings.Repeat("x", 300) + `","password":"x"}`, 400, "bad_message", "username"},
		"no JSON":                   {"POST", "/signin", `username=sam`, 400, "bad_message", ""},
		"no body":                   {"POST", "/signin", ``, 400, "bad_message", ""},
		"an id that is no number":   {"GET", "/sessions/x/report", ``, 400, "bad_message", "id"},
		"too much":                  {"POST", "/signin", `{"username":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "too_large", ""},
		"a call that there is not":  {"GET", "/nothing", ``, 404, "not_found", ""},
		"a session that is not":     {"GET", "/sessions/999/report", ``, 404, "unknown_session", ""},
		"a person that is not":      {"POST", "/people/999/join-link", ``, 404, "not_found", ""},
	} {
		p := c.call(c.token(admin), try.method, "/api/v1"+try.path, try.body).problem(t)
		if p.Status != try.status || p.Code != try.code || p.Field != try.field {
			t.Errorf("%s: %+v, want %d %s about %q", name, p, try.status, try.code, try.field)
		}
		if !strings.HasSuffix(p.Detail, ".") {
			t.Errorf("%s: %q is no sentence", name, p.Detail)
		}
	}
}

func TestCausesGoToTheLogAndNotToClients(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	token := c.token(student)
	c.exec(`ALTER TABLE sessions RENAME TO lost`)
	p := c.call(token, "GET", "/api/v1/me/history", "").problem(t)
	if p.Status != 500 || p.Code != "internal" || strings.Contains(p.Detail, "sessions") {
		t.Errorf("the client was told %+v", p)
	}
	if log := c.Log.String(); !strings.Contains(log, "err=") || !strings.Contains(log, "sessions") {
		t.Errorf("the log says %q", log)
	}
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	broken, err := server.New(server.Config{Clock: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))}, server.Parts{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer x") // there are no accounts that could know it
	w := httptest.NewRecorder()
	broken.ServeHTTP(w, r)
	if p := (answer{w.Result(), w.Body.String()}).problem(t); p.Status != 500 || p.Code != "internal" {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(log.String(), "request panicked") || !strings.Contains(log.String(), "stack=") {
		t.Errorf("the log says %q", log)
	}
}

func TestEveryAnswerKeepsBrowsersSafe(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, path := range []string{"/", "/nothing", "/assets/app-1a2b3c.js", "/api/v1/me"} {
		a := c.call("", "GET", path, "")
		for name, want := range map[string]string{
			"Content-Security-Policy":    `^default-src 'self'; script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='; style-src 'self' 'sha256-[A-Za-z0-9+/]{43}='; img-src 'self' data:; connect-src 'self' ws://127\.0\.0\.1:\d+ wss://127\.0\.0\.1:\d+; frame-ancestors 'none'; base-uri 'none'; form-action 'self'$`,
			"X-Content-Type-Options":     "^nosniff$",
			"Cross-Origin-Opener-Policy": "^same-origin$",
			"Referrer-Policy":            "^no-referrer$",
		} {
			if got := a.Header.Get(name); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s has %s: %q", path, name, got)
			}
		}
	}
	if got := c.call(c.token(student), "GET", "/api/v1/me", "").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("what is private may be cached: %q", got)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for path, want := range map[string]string{
		"/": "student", "/s/10": "student", "/me": "student", "/signin": "signin", "/join/abc": "signin", "/display/10": "display", "/display/course/1": "display",
		"/teach": "teacher", "/teach/1": "teacher", "/board/10": "teacher", "/report/10": "teacher", "/admin": "admin", "/admin/people": "admin",
	} {
		a := c.call("", "GET", path, "")
		if a.StatusCode != 200 || !strings.Contains(a.body, "<title>"+want+"</title>") || a.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d, %q, %s", path, a.StatusCode, a.Header.Get("Cache-Control"), a.body)
		}
	}
	for _, path := range []string{"/nothing", "/admin.html", "/assets/gone.js"} {
		a := c.call("", "GET", path, "")
		if a.StatusCode != 404 || !strings.Contains(a.body, "There is no such page") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}

func TestAssetsAreSentOnceAndSmall(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const path = "/assets/app-1a2b3c.js"
	accept := func(coding string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Accept-Encoding", coding) }
	}
	plain := c.call("", "GET", path, "", accept("gzip;q=0, identity"))
	if plain.Header.Get("Content-Encoding") != "" || !strings.Contains(plain.Header.Get("Cache-Control"), "immutable") ||
		plain.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("headers %v", plain.Header)
	}
	small := c.call("", "GET", path, "", accept("br, gzip"))
	if small.Header.Get("Content-Encoding") != "gzip" || len(small.body) >= len(plain.body) {
		t.Fatalf("%d bytes as %q", len(small.body), small.Header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(strings.NewReader(small.body))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := io.ReadAll(z); err != nil || !bytes.Equal(same, []byte(plain.body)) {
		t.Errorf("unpacked it is something else (%v)", err)
	}
	again := c.call("", "GET", path, "", func(r *http.Request) { r.Header.Set("If-None-Match", plain.Header.Get("ETag")) })
	if again.StatusCode != 304 || again.body != "" {
		t.Errorf("asked again: %d with %d bytes", again.StatusCode, len(again.body))
	}
}

func TestPublicURLIsCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"muster.example.edu", "ftp://muster.example.edu", "https://muster.example.edu/path", "https://", "https://u:p@muster.example.edu", "https://muster.example.edu?x=1"} {
		if _, err := server.New(server.Config{PublicURL: url}, server.Parts{}); err == nil || !strings.Contains(err.Error(), "such as https://") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestStateForPollingIsOneMessage(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var snapshot, delta struct {
		T               string
		Seq, Roster, To int64
	}
	const board = "/api/v1/sessions/10/state?audience=board"
	c.call(c.token(teacher), "GET", board, "").json(t, &snapshot)
	// A board that comes back is told who is connected besides; that is another message.
	c.call(c.token(teacher), "GET", fmt.Sprintf("%s&seq=%d&roster=%d", board, snapshot.Seq, snapshot.Roster), "").json(t, &delta)
	if snapshot.T != "snapshot" || delta.T != "delta" || delta.To != snapshot.Seq {
		t.Errorf("got %+v, then %+v", snapshot, delta)
	}
}

func TestReadinessFollowsTheDatabaseAndEndsWithDraining(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	ready := func() int { return c.call("", "GET", "/readyz", "").StatusCode }
	if got := ready(); got != http.StatusOK {
		t.Errorf("at first: %d", got)
	}
	c.Server.Drain()
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("while draining: %d", got)
	}
	if got := c.call("", "GET", "/healthz", "").StatusCode; got != http.StatusOK {
		t.Errorf("alive while draining: %d", got)
	}
}

func TestTextThatCannotBeKeptIsRefusedByField(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, try := range []struct{ path, body, field string }{
		{"/api/v1/people", `{"given":"A\u0000da","family":"Lovelace"}`, "given"},
		{"/api/v1/people", `{"given":"Ada","family":"Lovelace","ref":"\u0000"}`, "ref"},
		{"/api/v1/courses/1/sessions", `{"title":"Week\u00008"}`, "title"},
	} {
		if p := c.call(c.token(admin), "POST", try.path, try.body).problem(t); p.Code != "bad_message" || p.Field != try.field {
			t.Errorf("%s: %+v", try.body, p)
		}
	}
	if got := c.call(c.token(admin), "GET", "/api/v1/people?q=%00ada", ""); got.StatusCode != http.StatusOK || !strings.Contains(got.body, "Ada") {
		t.Errorf("a search: %d %s", got.StatusCode, got.body)
	}
}
