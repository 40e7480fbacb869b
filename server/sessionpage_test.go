package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
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
	if got := page.Header.Get("Cross-Origin-Opener-Policy"); got != "" {
		t.Errorf("a browser begins the page in a process of its own: %q", got)
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

// slowPhone reads nothing of an answer until it is let.
type slowPhone struct {
	*httptest.ResponseRecorder
	begins, reads chan struct{}
}

func (p *slowPhone) Write(b []byte) (int, error) {
	p.begins <- struct{}{}
	<-p.reads
	return p.ResponseRecorder.Write(b)
}

// Phones that do not read their pages keep nobody from the door.
func TestSlowPhonesHoldNobodyUp(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	token := c.token(zoe)
	reads := make(chan struct{})
	var phones sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		p := &slowPhone{httptest.NewRecorder(), make(chan struct{}, 2), reads} // the page comes in two parts
		phones.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/s/10", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			c.Server.ServeHTTP(p, r)
		})
		<-p.begins
	}
	if a := c.call(token, "GET", "/s/10", ""); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	close(reads)
	phones.Wait()
}

// All phones of a lecture hall have one address. What one student gets wrong is theirs.
func TestOneStudentsWrongCodesShutOutNobodyElse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.unmark()
	guess := c.token(zoe)
	for range 300 {
		c.call(guess, "GET", "/C/10/00000000", "")
	}
	if a := c.call(guess, "GET", c.scanned(), ""); !strings.Contains(a.body, "Too many wrong codes") {
		t.Errorf("whoever guesses may go on:\n%s", a.body)
	}
	other := c.call(c.token(student), "POST", "/api/v1/scan", fmt.Sprintf(`{"session":10,"code":%q}`, strings.TrimPrefix(c.scanned(), "/C/10/")))
	if other.StatusCode != 200 {
		t.Errorf("somebody else: %d %s", other.StatusCode, other.body)
	}
}

func TestAnExcusedStudentWhoComesIsToldWhyACodeIsRefused(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.unmark()
	c.call(c.token(teacher), "POST", "/api/v1/sessions/10/commands", `{"t":"mark","id":"ill","marks":[[5,"excused"]]}`)
	token := c.token(zoe)
	page := c.call(token, "GET", "/s/10", "")
	if !strings.Contains(page.body, "You&#39;re excused") || !strings.Contains(page.body, `name="code"`) {
		t.Fatalf("%s", page.body)
	}
	a := c.submit(token, page, url.Values{"code": {"000 000"}})
	if !strings.Contains(a.body, "That is not the code of this session.") || !strings.Contains(a.body, `name="code"`) {
		t.Errorf("a wrong code: %d\n%s", a.StatusCode, a.body)
	}
}

func TestAStudentWhoseCheckInWasJudgedAgainIsNotAskedToCheckIn(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE sessions SET opened_at = opened_at - 600000 WHERE id = 10`) // Sam came 10 minutes after the beginning
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/rules", `{"late_after":5,"since":`+itoa(c.Now().Add(-time.Hour).UnixMilli())+`}`)
	page := c.call(c.token(student), "GET", "/s/10", "")
	if !strings.Contains(page.body, "You&#39;re late, but here") || !strings.Contains(page.body, `"rule"`) {
		t.Fatalf("not judged again:\n%s", page.body)
	}
	if strings.Contains(page.body, "<form") {
		t.Errorf("asked again:\n%s", page.body)
	}
}

// parts keeps what has been written between one flush and the next.
type parts struct {
	*httptest.ResponseRecorder
	flushed []int // how many bytes had been written
}

func (p *parts) Flush() { p.flushed = append(p.flushed, p.Body.Len()) }

// A slow line brings what is shown before what is not, and browsers read it as it comes.
func TestWhatIsShownCanBeReadBeforeTheRestHasCome(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	p := &parts{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/s/10", nil)
	r.Header.Set("Authorization", "Bearer "+c.token(zoe))
	r.Header.Set("Accept-Encoding", "gzip")
	c.Server.ServeHTTP(p, r)
	if len(p.flushed) != 2 || p.flushed[0] != 0 {
		t.Fatalf("%d: flushed after %d bytes: want the headers, and what is shown", p.Code, p.flushed)
	}
	if got := p.Header().Get("Content-Length"); got != strconv.Itoa(p.Body.Len()) {
		t.Errorf("says that it is %s bytes long, and is %d", got, p.Body.Len())
	}
	read := func(sent []byte) string {
		z, err := gzip.NewReader(bytes.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if whole := len(sent) == p.Body.Len(); (err == nil) != whole {
			t.Errorf("of %d bytes: %v", len(sent), err)
		}
		return string(text)
	}
	whole := read(p.Body.Bytes())
	shown := read(p.Body.Bytes()[:p.flushed[1]])
	if !strings.HasPrefix(whole, shown) || !strings.HasSuffix(shown, "</main>\n</div>") || !strings.Contains(shown, "<style>") {
		t.Errorf("what is shown is:\n%s", shown)
	}
	if strings.ContainsFunc(shown, func(r rune) bool { return r > unicode.MaxLatin1 }) {
		t.Errorf("a slow phone takes longer to show letters beyond Latin-1:\n%s", shown)
	}
	for _, later := range []string{`id="first"`, "later()"} {
		if strings.Contains(shown, later) || !strings.Contains(whole, later) {
			t.Errorf("%s should come after what is shown:\n%s", later, whole)
		}
	}
}
