package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// job is a job as clients get it.
type job struct {
	ID, Set                              int64
	Kind, Title, State, Summary, Problem string
	Actor                                struct{ Name string }
	Result                               roster.Preview
	Output                               *struct {
		Name string
		Size int64
	}
}

// ended waits until a job that was answered has ended.
func (c *campus) ended(token string, a answer) (j job) {
	c.t.Helper()
	if a.StatusCode != http.StatusAccepted {
		c.t.Fatalf("%d %s, want it accepted", a.StatusCode, a.body)
	}
	a.json(c.t, &j)
	for limit := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c.call(token, "GET", fmt.Sprint("/api/v1/jobs/", j.ID), "").json(c.t, &j)
		if j.State != "waiting" && j.State != "running" {
			return j
		}
		if time.Now().After(limit) {
			c.t.Fatalf("the job goes on: %+v", j)
		}
	}
}

func TestImportInTheBackgroundIsSentOncePreviewedAndApplied(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(admin)
	preview := c.ended(me, c.upload("/api/v1/imports/jobs", newcomers))
	if preview.State != "done" || preview.Kind != "preview" || preview.Title != "list.csv" || preview.Actor.Name != "Ada Admin" ||
		preview.Result.Counts.People.Add != 1 || preview.Result.Applied || preview.Summary != "1 person, 1 enrolment to change" {
		t.Errorf("the preview is %+v", preview)
	}
	fromFiles := form{fields: map[string]string{"format": "csv", "course": "CS101", "apply": "true",
		"job": fmt.Sprint(preview.ID), "digest": preview.Result.Digest}}
	applied := c.ended(me, c.upload("/api/v1/imports/jobs", fromFiles))
	if applied.State != "done" || applied.Kind != "import" || applied.Title != "list.csv" || !applied.Result.Applied || applied.Result.Digest != preview.Result.Digest {
		t.Errorf("the import is %+v", applied)
	}
	const board = "/api/v1/sessions/10/state?audience=board"
	if a := c.call(c.token(teacher), "GET", board, ""); !strings.Contains(a.body, "Newcomer") {
		t.Errorf("the board afterwards: %s", a.body)
	}
	if a := c.upload("/api/v1/imports/jobs", fromFiles); a.StatusCode != http.StatusNotFound {
		t.Errorf("with files that another job took: %d %s", a.StatusCode, a.body)
	}
	again := form{fields: map[string]string{"format": "csv", "course": "CS101", "apply": "true", "job": fmt.Sprint(applied.ID), "digest": preview.Result.Digest}}
	stale := c.ended(me, c.upload("/api/v1/imports/jobs", again))
	if stale.State != "failed" || !strings.Contains(stale.Problem, "Look at it again") {
		t.Errorf("applied by a preview of before: %+v", stale)
	}
}

func TestABackgroundImportSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(admin)
	broken := form{fields: map[string]string{"format": "oneroster", "apply": "true"}, files: map[string]string{"a.zip": "PK\x03\x04 no zip"}}
	if j := c.ended(me, c.upload("/api/v1/imports/jobs", broken)); j.State != "failed" || !strings.Contains(j.Problem, "a.zip") {
		t.Errorf("a broken zip: %+v", j)
	}
	for want, f := range map[string]form{
		"file": {fields: map[string]string{"format": "csv"}},
		"job":  {fields: map[string]string{"job": "30"}}, // an export
		"days": newcomers.with("days", "ymd"),
	} {
		a := c.upload("/api/v1/imports/jobs", f)
		if p := a.problem(t); a.StatusCode != http.StatusBadRequest || p.Field != want {
			t.Errorf("%s: %d %s", want, a.StatusCode, a.body)
		}
	}
	if a := c.upload("/api/v1/imports/jobs", form{fields: map[string]string{"job": "4711"}}); a.StatusCode != http.StatusNotFound {
		t.Errorf("a job that is not there: %d %s", a.StatusCode, a.body)
	}
}

// The rejected rows of a job are fetched from the files that it has, read as it read them.
func TestTheRejectedRowsOfAJobAreFetched(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(admin)
	f := form{fields: map[string]string{"format": "csv", "course": "CS101", "mapping": `{"ref":"Nr","family":"Wer"}`},
		files: map[string]string{"list.csv": "Nr,Wer\n1,Lovelace\n1,Turing\n"}}
	j := c.ended(me, c.upload("/api/v1/imports/jobs", f))
	if j.State != "done" || j.Result.Counts.Rejects == 0 {
		t.Fatalf("the job is %+v", j)
	}
	a := c.upload("/api/v1/imports/rejects", form{fields: map[string]string{"job": fmt.Sprint(j.ID)}})
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "1,Turing,") || strings.Contains(a.body, "Lovelace") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestAnExportIsWrittenByAJobAndFetched(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	me := c.token(teacher)
	j := c.ended(me, c.call(me, "POST", "/api/v1/exports", `{"table":"marks","format":"csv","course":1}`))
	if j.State != "done" || j.Title != "Marks of CS101" || j.Output == nil || j.Output.Name != "attendance-marks.csv" || j.Output.Size == 0 {
		t.Fatalf("the job is %+v", j)
	}
	path := fmt.Sprintf("/api/v1/jobs/%d/output", j.ID)
	a := c.call(me, "GET", path, "")
	at := c.call(me, "GET", "/api/v1/reports/marks.csv?course=1", "")
	if a.body != at.body || int64(len(a.body)) != j.Output.Size || !strings.Contains(a.body, "Hidden") {
		t.Errorf("the file has %q, at once it was %q", a.body, at.body)
	}
	if d := a.Header.Get("Content-Disposition"); !strings.Contains(d, "attendance-marks.csv") || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("it comes as %q, %q", d, a.Header.Get("Content-Type"))
	}
	if a := c.call(c.token(assistant), "GET", path, ""); a.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else fetched it: %d", a.StatusCode)
	}
}

func TestJobsAreListedToWhomTheyBelong(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO jobs (id, kind, title, actor_id, origin, args, state, run_at, attempts, created_at) VALUES
		(31, 'elsewhere', 'waits for a server that can do it', 1, '', '{}', 'waiting', 0, 0, 0), (32, 'elsewhere', 'failed', 1, '', '{}', 'failed', 0, 1, 0)`)
	list := func(who attendance.PersonID, query string) (ids []int64) {
		t.Helper()
		var body struct{ Jobs []job }
		c.call(c.token(who), "GET", "/api/v1/jobs"+query, "").json(t, &body)
		for _, j := range body.Jobs {
			ids = append(ids, j.ID)
		}
		return ids
	}
	for _, test := range []struct {
		who   attendance.PersonID
		query string
		want  string
	}{
		{admin, "", "[32 31 30]"}, {admin, "?own=true", "[32 31]"}, {admin, "?active=true", "[31]"}, {admin, "?limit=1", "[32]"}, {admin, "?cursor=31", "[30]"},
		{teacher, "", "[30]"}, {student, "", "[]"},
	} {
		if got := fmt.Sprint(list(test.who, test.query)); got != test.want {
			t.Errorf("%d sees with %q %s, want %s", test.who, test.query, got, test.want)
		}
	}
	for path, want := range map[string]string{"/31/cancel": "cancelled", "/32/retry": "waiting"} {
		var j job
		c.call(c.token(admin), "POST", "/api/v1/jobs"+path, "{}").json(t, &j)
		if j.State != want {
			t.Errorf("after %s it is %s, want %s", path, j.State, want)
		}
	}
	if a := c.call(c.token(admin), "POST", "/api/v1/jobs/30/retry", "{}"); a.StatusCode != http.StatusConflict {
		t.Errorf("what is done was retried: %d %s", a.StatusCode, a.body)
	}
}
