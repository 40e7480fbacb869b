package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Idempotency-Key", key) }
}

// A program that does not know whether its request arrived sends it again.
func TestRequestsWithAKeyAreCarriedOutOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const week8 = `{"title":"Week 8"}`
	post := func(body, key string) answer {
		t.Helper()
		return c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", body, withKey(key))
	}
	first, again := post(week8, "a"), post(week8, "a")
	if first.StatusCode != 200 || first.Header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("%d %s", first.StatusCode, first.body)
	}
	if again.StatusCode != 200 || again.body != first.body || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("again: %d %s", again.StatusCode, again.body)
	}
	if p := post(`{"title":"Week 9"}`, "a").problem(t); p.Code != "conflict" || p.Field != "Idempotency-Key" {
		t.Errorf("another body with the same key: %+v", p)
	}
	if a := post(week8, "b"); a.body == first.body || a.StatusCode != 200 {
		t.Errorf("another key: %d %s", a.StatusCode, a.body)
	}
	// The key is the sender's own.
	if a := c.call(c.token(assistant), "POST", "/api/v1/courses/1/sessions", week8, withKey("a")); a.body == first.body || a.StatusCode != 200 {
		t.Errorf("somebody else's: %d %s", a.StatusCode, a.body)
	}
	c.advance(25 * time.Hour)
	if a := post(week8, "a"); a.body == first.body || a.StatusCode != 200 {
		t.Errorf("a day later: %d %s", a.StatusCode, a.body)
	}
	for _, key := range []string{strings.Repeat("k", 201), "two words", "ü"} {
		if p := post(week8, key).problem(t); p.Code != "bad_message" {
			t.Errorf("key %q: %+v", key, p)
		}
	}
}

func TestRefusalsAreKeptUnlessTheyPass(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	bad := func() answer {
		return c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", `{"starts":5,"ends":3}`, withKey("bad"))
	}
	if first, again := bad(), bad(); first.StatusCode != 400 || again.StatusCode != 400 || again.Header.Get("Idempotency-Replayed") == "" {
		t.Errorf("%d, and again %d", first.StatusCode, again.StatusCode)
	}
	add := func() answer {
		return c.call(c.token(outsider), "POST", "/api/v1/people", `{"given":"New","family":"Person"}`, withKey("add"))
	}
	if a := add(); a.StatusCode != 403 {
		t.Fatalf("%d", a.StatusCode)
	}
	c.exec(`UPDATE people SET admin = 1 WHERE id = ?`, outsider)
	if a := add(); a.StatusCode != 200 {
		t.Errorf("after being allowed to: %d %s", a.StatusCode, a.body)
	}
}

// What is told only once is not kept to be told again.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for path, body := range map[string]string{"/me/tokens": `{"name":"x","scopes":["roster:read"],"days":1}`, "/people/5/join-link": "", "/courses/1/join-links": "", "/sessions/10/display-link": ""} {
		key := withKey("secret" + path)
		first := c.call(c.token(admin), "POST", "/api/v1"+path, body, key)
		if path == "/sessions/10/display-link" || first.StatusCode == 200 {
			again := c.call(c.token(admin), "POST", "/api/v1"+path, body, key)
			if p := again.problem(t); first.StatusCode != 200 || p.Code != "conflict" {
				t.Errorf("%s: %d, then %+v", path, first.StatusCode, p)
			}
			continue
		}
		t.Errorf("%s: %d %s", path, first.StatusCode, first.body)
	}
	var kept int
	if err := c.db.QueryRowContext(t.Context(), `SELECT count(*) FROM answers WHERE body IS NOT NULL`).Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d answers are kept (%v)", kept, err)
	}
}

// The same files are the same request, however the form around them is divided.
func TestUploadsWithAKey(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	upload := func(boundary, list string) answer {
		part := "--%[1]s\r\nContent-Disposition: form-data; name=\"%[2]s\"%[3]s\r\n\r\n%[4]s\r\n"
		body := fmt.Sprintf(part, boundary, "format", "", "csv") + fmt.Sprintf(part, boundary, "course", "", "CS101") + fmt.Sprintf(part, boundary, "apply", "", "true") +
			fmt.Sprintf(part, boundary, "file", `; filename="list.csv"`, list) + "--" + boundary + "--\r\n"
		return c.call(c.token(admin), "POST", "/api/v1/imports", body, withKey("up"), func(r *http.Request) {
			r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		})
	}
	list := "ref,family,given\n7,Lovelace,Ada\n" + strings.Repeat("\n", 300_000) // too much to be kept in memory
	first, again := upload("xxx", list), upload("yyyy", list)
	if first.StatusCode != 200 || !strings.Contains(first.body, `"applied":true`) || again.body != first.body || again.Header.Get("Idempotency-Replayed") == "" {
		t.Errorf("%d %s\nagain: %d %s", first.StatusCode, first.body, again.StatusCode, again.body)
	}
	if a := upload("xxx", strings.Replace(list, "Ada", "Eve", 1)); a.StatusCode != 409 {
		t.Errorf("another file: %d %s", a.StatusCode, a.body)
	}
}

// A body with a key is put aside on disk. What is broken off or too long leaves nothing there.
func TestWhatIsNotTakenInLeavesNoFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	c := newCampus(t, nil)
	long := `{"title":"` + strings.Repeat("x", 2<<20) + `"}`
	a := c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", long, withKey("long"), func(r *http.Request) { r.ContentLength = -1 })
	if a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Whoever may not import is told so before the file has come.
func TestAStudentsFileIsNotTakenIn(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	body, more := io.Pipe()
	t.Cleanup(func() { _ = more.Close() })
	go func() { _, _ = more.Write(make([]byte, 1<<20)) }() // and it never comes to an end
	a := c.call(c.token(zoe), "POST", "/api/v1/imports/jobs", "", withKey("import"), func(r *http.Request) {
		r.Body, r.ContentLength = body, -1
	})
	if a.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// The key of what makes a link gives it to nobody a second time.
func TestLinksAreToldOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, path := range []string{"/sessions/10/kiosk-link", "/sessions/10/display-link", "/courses/1/display-link"} {
		link := func() answer { return c.call(c.token(teacher), "POST", "/api/v1"+path, "{}", withKey(path)) }
		if first, again := link(), link(); first.StatusCode != 200 || again.problem(t).Code != "conflict" {
			t.Errorf("%s: %d, and again %d %s", path, first.StatusCode, again.StatusCode, again.body)
		}
	}
}
