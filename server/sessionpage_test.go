package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// scanned is the address that the display's QR code says now.
func (c *campus) scanned() string {
	c.t.Helper()
	var state struct{ Codes struct{ Codes [][2]string } }
	c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=display", "").json(c.t, &state)
	return "/C/10/" + state.Codes.Codes[0][0]
}

// submit sends the fields of the page's form back as a browser does.
func (c *campus) submit(token string, page answer, fields url.Values) answer {
	c.t.Helper()
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		if !fields.Has(m[1]) {
			fields.Set(m[1], m[2])
		}
	}
	return c.call(token, "POST", "/s/10", fields.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
}

const zoe = 5

// unmark takes Zoe's mark away.
func (c *campus) unmark() { c.exec(`DELETE FROM marks WHERE person_id = 5`) }

func TestTheAnswerToAScanChecksInWithoutAnyScript(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.unmark()
	token := c.token(zoe)
	page := c.call(token, "GET", c.scanned(), "")
	for _, want := range []string{"Algorithms", "Week 7", "You scanned the code", "I'm here", "<strong>1</strong> of 2 here"} {
		if page.StatusCode != 200 || !strings.Contains(page.body, want) {
			t.Errorf("%d, without %q:\n%s", page.StatusCode, want, page.body)
		}
	}
	if strings.Contains(page.body, "needs scripts") || strings.Contains(page.body, "Sam") {
		t.Errorf("what does not belong there:\n%s", page.body)
	}
	for range 2 { // a finger that taps twice
		if a := c.submit(token, page, url.Values{}); a.StatusCode != 303 || a.Header.Get("Location") != "/s/10" {
			t.Fatalf("%d to %q: %s", a.StatusCode, a.Header.Get("Location"), a.body)
		}
	}
	after := c.call(token, "GET", "/s/10", "")
	if !strings.Contains(after.body, "You&#39;re present") || !strings.Contains(after.body, "<strong>2</strong> of 2 here") || strings.Contains(after.body, "<form") {
		t.Errorf("afterwards:\n%s", after.body)
	}
}

func TestWhatTheFormSendsIsRefusedOnThePage(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.unmark()
	token := c.token(zoe)
	page := c.call(token, "GET", "/s/10", "")
	if !strings.Contains(page.body, "Are you here?") {
		t.Fatalf("%s", page.body)
	}
	a := c.submit(token, page, url.Values{"code": {"000 000"}})
	if a.StatusCode != 422 && a.StatusCode != 403 && a.StatusCode != 400 || !strings.Contains(a.body, "That is not the code of this session.") {
		t.Errorf("a wrong code: %d\n%s", a.StatusCode, a.body)
	}
	old := c.call(token, "GET", "/C/10/AAAAAAAA", "")
	if !strings.Contains(old.body, `role="alert"`) || !strings.Contains(old.body, `name="code"`) {
		t.Errorf("a wrong scan:\n%s", old.body)
	}
	ticket := c.call(token, "GET", c.scanned(), "")
	if a := c.submit(c.token(student+2), ticket, url.Values{}); a.StatusCode != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/s/10?refused=not_enrolled") {
		t.Errorf("somebody of another course: %d, %v", a.StatusCode, a.Header)
	}
	if a := c.submit("", ticket, url.Values{}); a.Header.Get("Location") != "/s/10?refused=not_signed_in" {
		t.Errorf("a stranger: %d, %v", a.StatusCode, a.Header)
	}
}

func TestAScanByAStrangerKeepsItsTicketForAfterSigningIn(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, token := range []string{"", c.token(teacher), c.token(student + 2)} {
		a := c.call(token, "GET", c.scanned(), "")
		if a.StatusCode != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/s/10#ticket=") {
			t.Errorf("%d, %v", a.StatusCode, a.Header)
		}
	}
}

func TestAPageShowsTitlesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE sessions SET title = '</script><b>Week 8' WHERE id = 10`)
	page := c.call(c.token(zoe), "GET", "/s/10", "")
	if strings.Contains(page.body, "<b>Week 8") || !strings.Contains(page.body, "&lt;/script&gt;&lt;b&gt;Week 8") {
		t.Errorf("%s", page.body)
	}
	if got := page.Header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control: %q", got)
	}
}
