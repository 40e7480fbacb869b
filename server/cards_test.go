package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

type cardAnswer struct {
	Name, Mark, Called string
	Already            bool
}

// kiosk returns the token of a kiosk link for a session.
func (c *campus) kiosk(t *testing.T, session int) string {
	t.Helper()
	var link struct{ URL string }
	c.call(c.token(teacher), "POST", fmt.Sprintf("/api/v1/sessions/%d/kiosk-link", session), "").json(t, &link)
	page, token, ok := strings.Cut(link.URL, "#")
	if !ok || page != fmt.Sprintf("%s/kiosk/%d", c.URL, session) {
		t.Fatalf("the link is %q", link.URL)
	}
	return token
}

func (c *campus) card(token, id, card string) answer {
	return c.call(token, "POST", "/api/v1/sessions/10/cards", fmt.Sprintf(`{"id":%q,"card":%q}`, id, card))
}

func TestCardAtTheDoorChecksItsOwnerIn(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO people (id, ref, given, family, created_at, updated_at) VALUES (7, '0041815', 'Uma', 'Unmarked', 0, 0), (8, '99', 'Tom', 'Tardy', 0, 0)`)
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 7, 'student'), (1, 8, 'student')`)
	token := c.kiosk(t, 10)
	var first, again, late cardAnswer
	c.card(token, "k1", "41815").json(t, &first)
	if first != (cardAnswer{"Uma U.", "present", "Present", false}) {
		t.Errorf("the first time: %+v", first)
	}
	c.card(token, "k2", "0041815").json(t, &again)
	if again != (cardAnswer{"Uma U.", "present", "Present", true}) {
		t.Errorf("again: %+v", again)
	}
	c.advance(20 * time.Minute)
	c.card(token, "k3", "99").json(t, &late)
	if late != (cardAnswer{"Tom T.", "late", "Late", false}) {
		t.Errorf("after 20 minutes: %+v", late)
	}
	if board := c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", "").body; !strings.Contains(board, `[7,"present",`) || !strings.Contains(board, `"card",7,""]`) {
		t.Errorf("the board shows %s", board)
	}
	if p := c.card(token, "k4", "12345").problem(t); p.Code != "unknown_person" || p.Field != "card" {
		t.Errorf("a card that nobody has: %+v", p)
	}
	c.call(c.token(teacher), "POST", "/api/v1/sessions/10/commands", `{"t":"close","id":"x"}`)
	if p := c.card(token, "k5", "99").problem(t); p.Code != "not_open" {
		t.Errorf("after closing: %+v", p)
	}
}

func TestCardThatWaitedCountsFromWhenItWasRead(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET ref = 'z5' WHERE id = 5`)
	c.advance(30 * time.Minute)
	var a cardAnswer
	c.call(c.token(assistant), "POST", "/api/v1/sessions/10/cards", `{"id":"k1","card":"Z5","waited_ms":1200000}`).json(t, &a)
	if a != (cardAnswer{"Zoe H.", "present", "Present", false}) {
		t.Errorf("read 10 minutes after the beginning: %+v", a)
	}
}

func TestCardStandsForTheStatusThatTheReaderIsSetTo(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET ref = 'z' || id WHERE id IN (4, 5)`)
	c.unmark()
	c.call(c.token(admin), "PUT", "/api/v1/statuses/1", `{"statuses":[`+online+`,{"mark":"absent","key":"ill","name":"Ill","letter":"I","points":0,"counts":"away"}]}`)
	token := c.kiosk(t, 10)
	if about := c.call(token, "GET", "/api/v1/sessions/10/kiosk", "").body; !strings.Contains(about, `"name":"Online"`) || strings.Contains(about, "Ill") {
		t.Errorf("the reader may choose among %s", about)
	}
	for i, want := range []cardAnswer{{"Zoe H.", "present", "Online", false}, {"Zoe H.", "present", "Online", true}} {
		var a cardAnswer
		c.call(token, "POST", "/api/v1/sessions/10/cards", fmt.Sprintf(`{"id":"k%d","card":"z5","status":"online"}`, i)).json(t, &a)
		if a != want {
			t.Errorf("%+v, want %+v", a, want)
		}
	}
	c.exec(`DELETE FROM marks`)
	var a cardAnswer
	c.call(token, "POST", "/api/v1/sessions/10/cards", `{"id":"k9","card":"z4","status":"gone"}`).json(t, &a)
	if a != (cardAnswer{"Sam S.", "present", "Present", false}) {
		t.Errorf("a status that the course does not have: %+v", a)
	}
}

func TestKioskTokenTakesCardsOfItsSessionForADayAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET ref = 'z5' WHERE id = 5`)
	token := c.kiosk(t, 10)
	for path, want := range map[string]int{
		"GET /sessions/10/kiosk": 200, "GET /sessions/20/kiosk": 404, "POST /sessions/20/cards": 404, "POST /sessions/10/kiosk-link": 404,
		"GET /sessions/10/state?audience=board": 404, "GET /sessions/10/state?audience=display": 404, "GET /sessions/10/report": 404,
		"GET /courses/1": 401, "GET /me": 401,
	} {
		method, path, _ := strings.Cut(path, " ")
		body := ""
		if strings.HasSuffix(path, "/cards") {
			body = `{"id":"k","card":"z5"}`
		}
		if a := c.call(token, method, "/api/v1"+path, body); a.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, a.StatusCode, a.body, want)
		}
	}
	if a := c.card("z"+token[1:], "k", "z5"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token that was tampered with: %d", a.StatusCode)
	}
	c.advance(25 * time.Hour)
	if a := c.card(token, "k", "z5"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a day later: %d %s", a.StatusCode, a.body)
	}
}

func TestCardsCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	token := c.kiosk(t, 10)
	for i := range 40 {
		a := c.card(token, fmt.Sprint("k", i), fmt.Sprint(i))
		if a.StatusCode == http.StatusTooManyRequests {
			if p := a.problem(t); i < 20 || p.Code != string(attendance.CodeTooMany) || p.Retry == 0 {
				t.Errorf("the %d-th: %+v", i, p)
			}
			return
		}
	}
	t.Error("40 cards that nobody has could be tried")
}
