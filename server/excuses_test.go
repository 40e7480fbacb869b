package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// excused is what the API says of giving an excuse.
type excused struct {
	Set                                    int64
	People, Add, Same, Marks, Coming, Held int
	CheckedIn                              int `json:"checked_in"`
	ByHand                                 int `json:"by_hand"`
	Kept                                   []struct{ Family, Title, Mark string }
}

// excuseBody excuses people of the course 1 for the day around now.
func (c *campus) excuseBody(rest string) string {
	now := c.Now().UnixMilli()
	return fmt.Sprintf(`{"courses":[1],"from":%d,"until":%d,"reason":"team away",%s}`, now-3_600_000, now+24*3_600_000, rest)
}

func TestTeacherExcusesWhoIsAwayAndWithdrawsIt(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO people (id, given, family, created_at, updated_at) VALUES (7, 'Uma', 'Unmarked', 0, 0)`)
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 7, 'student')`)
	var planned, done excused
	c.call(c.token(teacher), "POST", "/api/v1/excuses", c.excuseBody(`"people":[4,5,7],"preview":true`)).json(t, &planned)
	if planned.Set != 0 || planned.Add != 3 || planned.Marks != 1 || planned.CheckedIn != 1 || planned.ByHand != 1 || len(planned.Kept) != 2 || planned.Kept[0].Title != "Week 7" {
		t.Errorf("planned: %+v", planned)
	}
	c.call(c.token(assistant), "POST", "/api/v1/excuses", c.excuseBody(`"people":[4,5,7]`)).json(t, &done)
	if done.Set == 0 || done.Marks != 1 {
		t.Errorf("done: %+v", done)
	}
	board := func() string {
		return c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", "").body
	}
	if !strings.Contains(board(), `[7,"excused",`) || !strings.Contains(board(), `"rule",3,"team away"]`) {
		t.Errorf("the board shows %s", board())
	}
	c.call(c.token(teacher), "POST", "/api/v1/excuses", c.excuseBody(`"people":[4,5,7]`)).json(t, &done)
	if done.Set != 0 || done.Same != 3 {
		t.Errorf("the second time: %+v", done)
	}
	var list struct {
		Excuses []struct {
			ID                 int64
			Family, Reason, By string
			Sessions, Marks    int
		}
	}
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/excuses", "").json(t, &list)
	if len(list.Excuses) != 3 || list.Excuses[2].Family != "Unmarked" || list.Excuses[2].Marks != 1 || list.Excuses[2].By != "Tess Tutor" {
		t.Fatalf("listed: %+v", list)
	}
	var gone struct {
		Set   int64
		Marks int
	}
	c.call(c.token(teacher), "POST", "/api/v1/excuses/withdraw", fmt.Sprintf(`{"ids":[%d]}`, list.Excuses[2].ID)).json(t, &gone)
	if gone.Set == 0 || gone.Marks != 1 || strings.Contains(board(), `[7,"excused",`) {
		t.Errorf("withdrawn: %+v; the board shows %s", gone, board())
	}
}

func TestWhoMayExcuse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, tt := range []struct {
		name, body string
		who        attendance.PersonID
		want       int
	}{
		{"a student", c.excuseBody(`"people":[4]`), 4, 403},
		{"a stranger", c.excuseBody(`"people":[4]`), 0, 401},
		{"somebody of another course", c.excuseBody(`"people":[4]`), 6, 404},
		{"a teacher, somebody of another course", c.excuseBody(`"people":[6]`), teacher, 422},
		{"a teacher, from all courses", strings.Replace(c.excuseBody(`"people":[4]`), `"courses":[1],`, "", 1), teacher, 403},
		{"an administrator, from all courses", strings.Replace(c.excuseBody(`"people":[4]`), `"courses":[1],`, "", 1), admin, 200},
		{"nobody", c.excuseBody(`"reason":""`), teacher, 400},
		{"backwards", `{"courses":[1],"everyone":true,"from":2000,"until":1000}`, teacher, 400},
		{"everyone", c.excuseBody(`"everyone":true`), teacher, 200},
	} {
		if got := c.call(c.token(tt.who), "POST", "/api/v1/excuses", tt.body); got.StatusCode != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, got.StatusCode, got.body, tt.want)
		}
	}
	if got := c.call(c.token(4), "GET", "/api/v1/courses/1/excuses", ""); got.StatusCode != 403 {
		t.Errorf("a student reads excuses: %d", got.StatusCode)
	}
	// What an administrator gave for all courses, a teacher cannot withdraw.
	if got := c.call(c.token(teacher), "POST", "/api/v1/excuses/withdraw", `{"ids":[1]}`); got.StatusCode != 403 {
		t.Errorf("a teacher withdraws an excuse from all courses: %d %s", got.StatusCode, got.body)
	}
}

func TestAnExcuseMayStandForAStatus(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.unmark()
	body := c.excuseBody(`"status":"sport","people":[5]`)
	if p := c.call(c.token(teacher), "POST", "/api/v1/excuses", body).problem(t); p.Field != "status" {
		t.Errorf("a status that the course does not have: %+v", p)
	}
	c.call(c.token(admin), "PUT", "/api/v1/statuses/1", `{"statuses":[{"mark":"excused","key":"sport","name":"Sport","letter":"S","points":0,"counts":"out"}]}`)
	c.call(c.token(teacher), "POST", "/api/v1/excuses", body)
	for path, want := range map[string]string{
		"/sessions/10/state?audience=board": `"rule",2,"team away","sport"]`,
		"/courses/1/excuses":                `"status":"sport"`,
	} {
		if got := c.call(c.token(teacher), "GET", "/api/v1"+path, "").body; !strings.Contains(got, want) {
			t.Errorf("%s has no %s: %s", path, want, got)
		}
	}
}

func TestWhoIsExcusedIsSoOnceTheSessionOpens(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.call(c.token(teacher), "POST", "/api/v1/excuses", c.excuseBody(`"people":[4]`))
	c.advance(time.Hour)
	var session struct {
		ID     int64
		Counts []int
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/sessions", `{"open":true}`).json(t, &session)
	if session.Counts[3] != 1 || session.Counts[4] != 1 {
		t.Errorf("counts %v", session.Counts)
	}
}
