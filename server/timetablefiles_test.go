package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const oneIsBad = "Wann,Von,Bis,Was\n2030-10-14,10:15,11:45,One\n2030-10-32,10:15,11:45,Bad\n2030-10-28,10:15,11:45,Three\n"

// asMapped is a form whose columns nobody guesses.
func asMapped(name, content string) form {
	return form{fields: map[string]string{"mapping": `{"date":"Wann","start":"Von","end":"Bis","title":"Was"}`}, files: map[string]string{name: content}}
}

// What a table has that comes to nothing comes back as a table, which is mended and sent
// again, and is no whole timetable: nothing is cancelled for not being in it.
func TestRejectedRowsOfATimetableAreMendedAndSentAgain(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const path = "/api/v1/courses/1/timetable/file"
	me := c.token(teacher)
	if a := c.uploadAs(me, path, asMapped("plan.csv", oneIsBad).with("apply", "true")); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	a := c.uploadAs(me, path+"/rejects", asMapped("plan.csv", oneIsBad))
	const want = "\ufeffWann,Von,Bis,Was,why muster rejected it\r\n2030-10-32,10:15,11:45,Bad,\"The date \"\"2030-10-32\"\" is no day. Write it as 2026-10-12.\"\r\n"
	if a.StatusCode != http.StatusOK || a.body != want || !strings.Contains(a.Header.Get("Content-Disposition"), "plan-rejected.csv") {
		t.Errorf("%d %q %q", a.StatusCode, a.body, a.Header.Get("Content-Disposition"))
	}
	mended := asMapped("plan-rejected.csv", strings.ReplaceAll(a.body, "10-32", "10-21")).with("apply", "true").with("missing", "cancel_all")
	var p plan
	c.uploadAs(me, path, mended).json(t, &p)
	if p.Adds != 1 || p.Ends != 0 || p.Rejects != 0 || len(c.timetable().Sessions) != 3 {
		t.Errorf("mended: %+v", p)
	}
	if a := c.uploadAs(me, path+"/rejects", asMapped("plan.csv", strings.ReplaceAll(oneIsBad, "10-32", "10-21"))); a.StatusCode != http.StatusNotFound {
		t.Errorf("none is rejected: %d %s", a.StatusCode, a.body)
	}
}

// What a calendar has that comes to nothing comes back as a calendar. Mended, a meeting of a
// series is still that meeting, wherever it is moved to, and nothing else changes.
func TestRejectedEventsOfACalendarAreMendedAndSentAgain(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const path = "/api/v1/courses/1/timetable/file"
	me := c.token(teacher)
	send := func(name, content string, fields ...string) (p plan) {
		t.Helper()
		a := c.uploadAs(me, path, form{files: map[string]string{name: content}}.with(fields...))
		if a.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		a.json(t, &p)
		return p
	}
	event := func(lines ...string) string { return "BEGIN:VEVENT\n" + strings.Join(lines, "\n") + "\nEND:VEVENT\n" }
	calendar := func(events ...string) string {
		return "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n" + strings.Join(events, "") + "END:VCALENDAR\n"
	}
	moved := event("UID:a", "SUMMARY:Moved", "RECURRENCE-ID:20301021T081500Z", "DTSTART:20301022T081500Z", "DTEND:20301022T091500Z")
	series := event("UID:a", "SUMMARY:Lecture", "DTSTART:20301014T081500Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
	other := event("UID:b", "SUMMARY:Exam", "DTSTART:20301111T081500Z", "DURATION:PT1H")
	bad := event("UID:a", "SUMMARY:Away", "RECURRENCE-ID:20301028T081500Z", "DTSTART;VALUE=DATE:20301030")
	if p := send("plan.ics", calendar(series, moved, bad, other), "apply", "true"); p.Adds != 4 || p.Rejects != 1 {
		t.Fatalf("%+v", p)
	}
	a := c.uploadAs(me, path+"/rejects", form{files: map[string]string{"plan.ics": calendar(series, moved, bad, other)}})
	if a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Content-Disposition"), "plan-rejected.ics") ||
		!strings.HasPrefix(a.Header.Get("Content-Type"), "text/calendar") || !strings.Contains(a.body, "X-MUSTER-REASON:It lasts all day") || strings.Contains(a.body, "Exam") {
		t.Fatalf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	if p := send("plan-rejected.ics", a.body, "missing", "cancel_all", "apply", "true"); p.Adds+p.Changes+p.Ends != 0 || p.Rejects != 1 || p.Same != 3 {
		t.Errorf("sent again as it is: %+v", p)
	}
	mended := strings.Replace(a.body, "DTSTART;VALUE=DATE:20301030", "DTSTART:20301030T081500Z\r\nDURATION:PT1H", 1)
	if p := send("plan-rejected (1).ics", mended, "missing", "cancel_all", "apply", "true"); p.Changes != 1 || p.Adds+p.Ends+p.Rejects != 0 || p.Same != 2 {
		t.Errorf("mended: %+v", p)
	}
	var got []string
	for _, s := range c.timetable().Sessions {
		got = append(got, fmt.Sprint(time.UnixMilli(s.Starts).UTC().Format("2 Jan 15:04 "), s.Title, s.Cancelled))
	}
	want := []string{"14 Oct 08:15 Lecture0", "22 Oct 08:15 Moved0", "30 Oct 08:15 Away0", "11 Nov 08:15 Exam0"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("planned (-want +got):\n%s", d)
	}
	if a := c.uploadAs(me, path+"/rejects", form{files: map[string]string{"plan.ics": calendar(other)}}); a.StatusCode != http.StatusNotFound {
		t.Errorf("none is rejected: %d %s", a.StatusCode, a.body)
	}
	if a := c.uploadAs(me, path+"/rejects", form{files: map[string]string{"plan.ics": "BEGIN:VCALENDAR\n" + bad}}); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "cut off") {
		t.Errorf("a file that is no whole calendar: %d %s", a.StatusCode, a.body)
	}
}

// A sheet with the same headings is read by the columns that were chosen once.
func TestColumnsOfATimetableAreRemembered(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(teacher)
	type columns struct {
		Mapping    map[string]string
		Remembered bool
	}
	look := func() (got columns) {
		c.uploadAs(me, "/api/v1/timetable/columns", form{files: map[string]string{"next.csv": "WANN,von,bis,was\n2031-01-06,10:15,11:45,New\n"}}).json(t, &got)
		return got
	}
	if got := look(); got.Remembered || got.Mapping["date"] != "" {
		t.Errorf("before: %+v", got)
	}
	const path = "/api/v1/courses/1/timetable/file"
	c.uploadAs(me, path, asMapped("plan.csv", oneIsBad)) // to look is not to choose
	if got := look(); got.Remembered {
		t.Errorf("after a preview: %+v", got)
	}
	c.uploadAs(me, path, asMapped("plan.csv", oneIsBad).with("apply", "true"))
	if got := look(); !got.Remembered || got.Mapping["date"] != "WANN" || got.Mapping["title"] != "was" {
		t.Errorf("after it was planned: %+v", got)
	}
	var p plan
	c.uploadAs(me, path, form{files: map[string]string{"next.csv": "WANN,von,bis,was\n2031-01-06,10:15,11:45,New\n"}}).json(t, &p)
	if p.Adds != 1 || p.Rejects != 0 {
		t.Errorf("without a mapping: %+v", p)
	}
}

// A large file is sent once, previewed and planned by jobs.
func TestATimetableIsTakenInByJobs(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const path = "/api/v1/courses/1/timetable/file"
	me := c.token(teacher)
	done := func(a answer) (j job, p plan) {
		t.Helper()
		j = c.ended(me, a)
		var result struct{ Result plan }
		c.call(me, "GET", fmt.Sprint("/api/v1/jobs/", j.ID), "").json(t, &result)
		return j, result.Result
	}
	preview, p := done(c.uploadAs(me, path+"/jobs", asMapped("plan.csv", oneIsBad)))
	if preview.State != "done" || preview.Title != "plan.csv" || preview.Summary != "would be: 2 planned, 0 changed, 0 cancelled, 1 rejected" ||
		p.Adds != 2 || p.Rejects != 1 || p.Applied || len(c.timetable().Sessions) != 0 {
		t.Errorf("the preview is %+v: %+v", preview, p)
	}
	of := func(j job, fields ...string) form {
		f := asMapped("", "").with(append(fields, "job", fmt.Sprint(j.ID))...)
		f.files = nil
		return f
	}
	if a := c.uploadAs(me, path+"/rejects", of(preview)); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "2030-10-32") || strings.Contains(a.body, "Three") {
		t.Errorf("its rejects: %d %s", a.StatusCode, a.body)
	}
	planned, p := done(c.uploadAs(me, path+"/jobs", of(preview, "apply", "true", "digest", p.Digest)))
	if planned.State != "done" || !p.Applied || p.Adds != 2 || len(c.timetable().Sessions) != 2 {
		t.Errorf("the job is %+v: %+v", planned, p)
	}
	if stale, _ := done(c.uploadAs(me, path+"/jobs", of(planned, "apply", "true", "digest", "x"))); stale.State != "failed" || !strings.Contains(stale.Problem, "Look again") {
		t.Errorf("by a preview of before: %+v", stale)
	}
	if a := c.call(me, "POST", fmt.Sprintf("/api/v1/changes/%d/undo", planned.Set), "{}"); preview.Set != 0 || !strings.Contains(a.body, `"rows":2`) || c.timetable().Sessions[0].Cancelled == 0 {
		t.Errorf("the jobs' sets are %d and %d, and taken back: %d %s", preview.Set, planned.Set, a.StatusCode, a.body)
	}

	// What is of other jobs, or of other people, is not to be had.
	if a := c.uploadAs(me, path+"/jobs", of(job{ID: 30})); a.StatusCode < 400 {
		t.Errorf("an export: %d %s", a.StatusCode, a.body)
	}
	if a := c.uploadAs(c.token(student), path+"/jobs", asMapped("plan.csv", oneIsBad)); a.StatusCode != http.StatusForbidden {
		t.Errorf("a student: %d %s", a.StatusCode, a.body)
	}
	if a := c.uploadAs(me, "/api/v1/timetable/file/jobs", asMapped("plan.csv", oneIsBad)); a.StatusCode != http.StatusForbidden {
		t.Errorf("a teacher, for all courses: %d %s", a.StatusCode, a.body)
	}
}
