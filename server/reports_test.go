package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReportOfASession(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE enrolments SET ended_at = 1 WHERE person_id = ?`, classmate) // what is recorded stays
	var rep struct {
		Session struct {
			ID     int
			Role   string
			Counts [5]int
			Course struct{ Code string }
		}
		Rows []struct{ Family, Mark, Source, Actor, Note string }
	}
	c.call(c.token(teacher), "GET", "/api/v1/sessions/10/report", "").json(t, &rep)
	type row = struct{ Family, Mark, Source, Actor, Note string }
	if diff := cmp.Diff([]row{{"Hidden", "excused", "hand", "Alan Teacher", "=cmd|calc"}, {"Student", "present", "code", "", ""}}, rep.Rows); diff != "" {
		t.Error(diff)
	}
	if s := rep.Session; s.ID != 10 || s.Role != "teacher" || s.Course.Code != "CS101" || s.Counts != [5]int{1, 0, 0, 1, 0} {
		t.Errorf("session %+v", s)
	}

	file := c.call(c.token(admin), "GET", "/api/v1/sessions/10/report.csv", "")
	if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="session-10.csv"` {
		t.Errorf("saved as %s", got)
	}
	lines := strings.Split(file.body, "\r\n")
	at := c.Now().UTC().Format("2006-01-02 15:04:05")
	want := []string{
		"\ufeffFamily name,Given name,Reference,Mark,Status,Time (UTC),Set by,Who,Note",
		"Hidden,Zoe,,excused,," + at + ",hand,Alan Teacher,'=cmd|calc",
		"Student,Sam,,present,," + at + ",code,,",
		"",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestHistoryIsOnesOwn(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO sessions (id, course_id, title, status, opened_at, closed_at, secret) VALUES
		(8, 1, 'Week 5', 'closed', 1000, 2000, x'00'), (11, 1, 'Week 8', 'scheduled', NULL, NULL, x'00')`)
	var h struct {
		Courses []struct {
			Course   struct{ Code string }
			Counts   [5]int
			Sessions []struct {
				ID                          int
				Title, Status, Mark, Source string
				Opened                      int64
			}
		}
	}
	c.call(c.token(student), "GET", "/api/v1/me/history", "").json(t, &h)
	if len(h.Courses) != 1 || h.Courses[0].Course.Code != "CS101" || h.Courses[0].Counts != [5]int{1, 0, 0, 0, 1} {
		t.Fatalf("%+v", h)
	}
	s := h.Courses[0].Sessions
	if len(s) != 2 || s[0].ID != 10 || s[0].Mark != "present" || s[0].Source != "code" || s[1].ID != 8 || s[1].Mark != "unset" || s[1].Opened != 1000 {
		t.Errorf("%+v", s)
	}
	c.exec(`UPDATE enrolments SET ended_at = 1 WHERE person_id = ?`, student)
	c.call(c.token(student), "GET", "/api/v1/me/history", "").json(t, &h)
	if got := h.Courses[0].Sessions; len(got) != 1 || got[0].ID != 10 {
		t.Errorf("after leaving the course: %+v, want the session with a mark alone", got)
	}
}
