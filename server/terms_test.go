package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// scored is what the API says that marks are worth.
type scored struct {
	Counts     [5]int
	Points, Of float64
	Percent    *float64
}

func TestTermOfACourse(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO sessions (id, course_id, title, status, starts_at, opened_at, closed_at, secret) VALUES
		(8, 1, 'Week 5', 'closed', 500, 1000, 2000, x'00'), (11, 1, 'Week 8', 'scheduled', NULL, NULL, NULL, x'00')`)
	c.exec(`INSERT INTO marks VALUES (8, 4, 'absent', 1500, 'rule', 0, '', ''), (8, 5, 'late', 1500, 'hand', 2, '', '')`)
	var term struct {
		Course   struct{ Code, Title string }
		Sessions []struct {
			ID     int
			Starts int64
			Status string
			scored
		}
		Students []struct {
			Person int
			Family string
			Marks  []string
			scored
		}
		scored
	}
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/report", "").json(t, &term)
	if term.Course.Code != "CS101" || len(term.Sessions) != 2 || len(term.Students) != 2 {
		t.Fatalf("%+v", term)
	}
	if s := term.Sessions[0]; s.ID != 8 || s.Starts != 500 || s.Status != "closed" || s.Counts != [5]int{0, 1, 1, 0, 0} || s.Points != 1 || s.Of != 2 || *s.Percent != 50 {
		t.Errorf("session %+v", s)
	}
	zoe := term.Students[0]
	if diff := cmp.Diff([]string{"late", "excused"}, zoe.Marks); diff != "" || zoe.Family != "Hidden" || zoe.Points != 1 || zoe.Of != 1 || *zoe.Percent != 100 {
		t.Errorf("%s %+v", diff, zoe)
	}
	if term.Points != 2 || term.Of != 3 || *term.Percent != 66.7 {
		t.Errorf("in all %+v", term.scored)
	}

	file := c.call(c.token(teacher), "GET", "/api/v1/courses/1/report.csv", "")
	if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="attendance-CS101.csv"` || !strings.Contains(file.body, "\r\nHidden,Zoe,,0,1,0,1,1,1,100,L,E\r\n") {
		t.Errorf("%s: %s", got, file.body)
	}
	one := c.call(c.token(teacher), "GET", "/api/v1/courses/1/students/4/report.csv", "")
	if !strings.Contains(one.body, "Week 5,1970-01-01 00:00:00,absent,\r\n") || strings.Contains(one.body, "excused") {
		t.Errorf("one student's: %s", one.body)
	}
	if a := c.call(c.token(teacher), "GET", "/api/v1/courses/1/students/6/report", ""); a.StatusCode != 404 {
		t.Errorf("a student of another course: %d", a.StatusCode)
	}
	book, err := excelize.OpenReader(strings.NewReader(c.call(c.token(admin), "GET", "/api/v1/courses/1/report.xlsx", "").body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if rows, err := book.GetRows("CS101"); err != nil || rows[1][0] != "Hidden" || rows[1][9] != "100.0%" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestTotalsOfTheInstitution(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var courses struct {
		Courses []struct {
			Course             struct{ Code string }
			Students, Sessions int
			scored
		}
		Next string
	}
	c.call(c.token(admin), "GET", "/api/v1/reports/courses?limit=1", "").json(t, &courses)
	if len(courses.Courses) != 1 || courses.Courses[0].Course.Code != "CS101" || courses.Courses[0].Students != 2 || courses.Courses[0].Counts != [5]int{1, 0, 0, 1, 0} {
		t.Errorf("%+v", courses)
	}
	c.call(c.token(admin), "GET", "/api/v1/reports/courses?limit=2&cursor="+courses.Next, "").json(t, &courses)
	if len(courses.Courses) != 1 || courses.Courses[0].Course.Code != "BIO" || courses.Next != "" {
		t.Errorf("%+v", courses)
	}
	var students struct {
		Students []struct {
			Family  string
			Courses int
			scored
		}
	}
	c.call(c.token(admin), "GET", "/api/v1/reports/students", "").json(t, &students)
	if len(students.Students) != 3 || students.Students[1].Family != "Hidden" || students.Students[1].Percent != nil || students.Students[1].Courses != 1 {
		t.Errorf("%+v", students)
	}
}

func TestMarksComeInPages(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	type page struct {
		Marks []struct {
			Session      int
			Family, Mark string
		}
		Next string
	}
	var got []string
	for cursor := ""; ; {
		var p page
		c.call(c.token(admin), "GET", "/api/v1/reports/marks?limit=1&cursor="+cursor, "").json(t, &p)
		for _, m := range p.Marks {
			got = append(got, m.Family+" "+m.Mark)
		}
		if cursor = p.Next; cursor == "" {
			break
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff([]string{"Student present", "Hidden excused", "|", "Elsewhere late"}, got); diff != "" {
		t.Error(diff)
	}
	for _, cursor := range []string{"x", "1", "1.x", "9999.1"} {
		a := c.call(c.token(admin), "GET", "/api/v1/reports/marks?cursor="+cursor, "")
		if a.StatusCode != 400 && cursor != "9999.1" {
			t.Errorf("cursor %s: %d %s", cursor, a.StatusCode, a.body)
		}
	}
	own := c.call(c.token(teacher), "GET", "/api/v1/reports/marks.csv?course=1", "")
	if n := strings.Count(own.body, "\r\n"); n != 3 || !strings.Contains(own.body, "'=cmd|calc") {
		t.Errorf("a teacher's export: %s", own.body)
	}
}

// A file that cannot be written to its end does not look whole.
func TestBrokenFilesDoNotLookWhole(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE marks SET mark = 'nonsense' WHERE session_id = 20`)
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.URL+"/api/v1/reports/marks.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token(admin))
	a, err := c.client.Do(r)
	if err == nil {
		defer a.Body.Close()
		_, err = io.Copy(io.Discard, a.Body)
	}
	if err == nil {
		t.Error("the answer ended as if it were whole")
	}
	if !bytes.Contains([]byte(c.Log.String()), []byte("a file was broken off")) {
		t.Errorf("the log: %s", c.Log.String())
	}
}
