package server_test

import (
	"strings"
	"testing"
)

func TestCalendarFeedIsASecretOfOnePerson(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE sessions SET starts_at = opened_at, ends_at = opened_at + 5400000`)
	var feed struct {
		There    bool
		OwnMarks bool `json:"own_marks"`
		Fetched  int64
	}
	made := func(body string) (path string) {
		t.Helper()
		var out struct{ URL string }
		c.call(c.token(student), "POST", "/api/v1/me/feed", body).json(t, &out)
		if !strings.HasPrefix(out.URL, c.URL+"/feeds/") || !strings.HasSuffix(out.URL, ".ics") {
			t.Fatalf("%q", out.URL)
		}
		return strings.TrimPrefix(out.URL, c.URL)
	}
	first := made(`{}`)
	a := c.call("", "GET", first, "")
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || strings.Count(a.body, "BEGIN:VEVENT") != 1 ||
		!strings.Contains(a.body, "SUMMARY:CS101 Algorithms: Week 7\r\n") || !strings.Contains(a.body, "/s/10\r\n") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	noneOf(t, "a feed", a, "present", "Hidden", "Mosses")
	c.call(c.token(student), "GET", "/api/v1/me/feed", "").json(t, &feed)
	if !feed.There || feed.OwnMarks || feed.Fetched != c.Now().UnixMilli() {
		t.Errorf("%+v", feed)
	}

	second := made(`{"own_marks":true}`)
	if a := c.call("", "GET", second, ""); !strings.Contains(a.body, "DESCRIPTION:You are marked present.\r\n") {
		t.Errorf("with marks: %s", a.body)
	}
	for name, path := range map[string]string{"the one before": first, "a made-up one": "/feeds/" + strings.Repeat("A", 43) + ".ics", "none": "/feeds/x"} {
		if a := c.call("", "GET", path, ""); a.StatusCode != 404 {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if a := c.call(c.token(student), "DELETE", "/api/v1/me/feed", ""); a.StatusCode != 204 {
		t.Errorf("ended: %d", a.StatusCode)
	}
	if a := c.call("", "GET", second, ""); a.StatusCode != 404 {
		t.Errorf("after its end: %d", a.StatusCode)
	}
	for _, secret := range []string{first, second} {
		if strings.Contains(c.Log.String(), secret[7:20]) {
			t.Error("the address is in the log")
		}
	}
}

// Calendar programs take a change for one only if the number goes up.
func TestMovedSessionsAreRevisedInCalendars(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var out struct{ URL string }
	c.call(c.token(teacher), "POST", "/api/v1/me/feed", `{}`).json(t, &out)
	revision := func() string {
		t.Helper()
		_, after, _ := strings.Cut(c.call("", "GET", strings.TrimPrefix(out.URL, c.URL), "").body, "SEQUENCE:")
		number, _, _ := strings.Cut(after, "\r\n")
		return number
	}
	for _, step := range []struct{ change, want string }{
		{"seq = seq", "0"}, {"title = 'Week 7'", "0"}, {"title = 'Sorting'", "1"}, {"status = 'closed'", "1"}, {"starts_at = 5000000000000, ends_at = 5000005400000", "2"},
	} {
		c.exec(`UPDATE sessions SET ` + step.change + ` WHERE id = 10`)
		if got := revision(); got != step.want {
			t.Errorf("after %s: %s, want %s", step.change, got, step.want)
		}
	}
}
