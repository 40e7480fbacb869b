package server_test

import (
	"bytes"
	mime "mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/muster-live/muster/attendance"
)

// form sends a file with fields beside it.
func (c *campus) form(who attendance.PersonID, path, name, content string, fields map[string]string) answer {
	c.t.Helper()
	var b bytes.Buffer
	w := mime.NewWriter(&b)
	for field, value := range fields {
		_ = w.WriteField(field, value)
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = w.Close()
	return c.call(c.token(who), "POST", path, b.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
}

type sheetAnswer struct {
	Set                                        int64
	Digest, Form                               string
	Applied                                    bool
	Add, Change, Remove, Same, Opened, Rejects int
	Rows                                       []struct {
		Kind, Name, Session, Was, Becomes, Detail string
		Line                                      int
	}
}

func TestMarksComeFromASheetWholeAndOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	day := c.Now().Format("2006-01-02")
	c.exec(`INSERT INTO sessions (id, course_id, title, starts_at, status, secret) VALUES (9, 1, 'Week 6', ?, 'scheduled', zeroblob(32))`, c.Now().UnixMilli()-7*24*3_600_000)
	const path = "/api/v1/courses/1/marks/file"
	file := "name,date,mark,note\nSam Student," + day + ",late,bus\nHidden Zoe," + day + ",E,=cmd|calc\nNobody," + day + ",P,\nZoe Hidden,Week 6,P,\n"
	var seen, done sheetAnswer
	c.form(teacher, path, "week7.csv", file, nil).json(t, &seen)
	if seen.Applied || seen.Form != "list" || seen.Change != 1 || seen.Same != 1 || seen.Rejects != 2 || seen.Rows[0].Line != 4 || seen.Rows[1].Detail != "This session has not been opened yet." {
		t.Errorf("seen: %+v", seen)
	}
	if last := seen.Rows[len(seen.Rows)-1]; last.Name != "Sam Student" || last.Was != "present" || last.Becomes != "late" || last.Session != "Week 7" {
		t.Errorf("seen: %+v", last)
	}
	if p := c.form(teacher, path, "week7.csv", file, map[string]string{"apply": "true"}).problem(t); p.Code != "conflict" || p.Field != "allow_rejects" {
		t.Errorf("with rejects: %+v", p)
	}
	rejected := c.form(teacher, "/api/v1/courses/1/marks/rejects", "week7.csv", file, nil).body
	if lines := strings.Split(strings.TrimSpace(rejected), "\n"); len(lines) != 3 || !strings.Contains(lines[1], "Nobody") || !strings.Contains(lines[1], "There is no such student") || !strings.Contains(lines[2], "not been opened yet") {
		t.Errorf("the rejected rows: %q", rejected)
	}
	whole := map[string]string{"apply": "true", "allow_rejects": "true", "digest": seen.Digest}
	c.form(assistant, path, "week7.csv", file, whole).json(t, &done)
	if !done.Applied || done.Set == 0 {
		t.Errorf("done: %+v", done)
	}
	if p := c.form(teacher, path, "week7.csv", file, whole).problem(t); p.Field != "digest" {
		t.Errorf("with an old preview: %+v", p)
	}
	delete(whole, "digest")
	c.form(teacher, path, "week7.csv", file, whole).json(t, &done)
	if done.Set != 0 || done.Change != 0 || done.Same != 2 {
		t.Errorf("the second time: %+v", done)
	}
	// What was never opened is opened for its marks, if that is wanted.
	whole["open"] = "true"
	c.form(teacher, path, "week7.csv", file, whole).json(t, &done)
	if done.Add != 1 || done.Opened != 1 {
		t.Errorf("with a session that was never opened: %+v", done)
	}
	var g gridAnswer
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/grid", "").json(t, &g)
	if g.Sessions[0].Status != "closed" || g.Students[0].Marks != "pe" || g.Students[1].Marks != ".l" {
		t.Errorf("%+v", g)
	}
}

func TestFileWithoutMarksIsRefused(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	a := c.form(teacher, "/api/v1/courses/1/marks/file", "x.csv", "name,colour\nSam,red\n", nil)
	if p := a.problem(t); p.Status != 400 && p.Status != 422 || !strings.Contains(p.Detail, "There is no column called mark") {
		t.Errorf("%+v", p)
	}
}
