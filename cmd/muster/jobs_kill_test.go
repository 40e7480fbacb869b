package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/store/postgres"
)

// job is a job as the API tells it.
type job struct {
	ID                            jobs.ID
	Attempts                      int64
	Kind, State, Summary, Problem string
	Node                          string
	Progress                      struct {
		Doing       string
		Done, Total int64
	}
	Output struct{ Size int64 }
}

// installation is servers over one database that can be killed.
type installation struct {
	t     *testing.T
	store store
	args  []string // of serve, for the database
	token string   // of an administrator
}

func newInstallation(t *testing.T, flags database) *installation {
	t.Helper()
	s, err := flags.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	in := &installation{t: t, store: s, args: []string{"--data", flags.Data}}
	if flags.Database != "" {
		in.args = []string{"--database", flags.Database}
	}
	admin, _, err := s.AdminToInvite(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := identity.New(t.Context(), s, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := accounts.NewSignIns(t.Context(), []attendance.PersonID{admin}, "test")
	if err != nil {
		t.Fatal(err)
	}
	in.token = tokens[0]
	return in
}

func (in *installation) serve() *process {
	in.t.Helper()
	return startProcess(in.t, exec.Command(self(in.t), append([]string{"serve", "--listen", "127.0.0.1:0"}, in.args...)...))
}

// begin sends a list of people as a job, or asks for an export if there is none, and
// returns the job.
func (in *installation) begin(p *process, list string, fields ...string) job {
	in.t.Helper()
	path, kind, body := "/api/v1/exports", "application/json", bytes.NewBufferString(`{"table":"marks","format":"xlsx"}`)
	if list != "" {
		body.Reset()
		w := multipart.NewWriter(body)
		for i := 0; i < len(fields); i += 2 {
			_ = w.WriteField(fields[i], fields[i+1])
		}
		part, err := w.CreateFormFile("file", "list.csv")
		if err != nil {
			in.t.Fatal(err)
		}
		_, _ = io.WriteString(part, list)
		_ = w.Close()
		path, kind = "/api/v1/imports/jobs", w.FormDataContentType()
	}
	req, err := http.NewRequestWithContext(in.t.Context(), "POST", p.url+path, body)
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return in.do(req)
}

func (in *installation) do(req *http.Request) (j job) {
	in.t.Helper()
	req.Header.Set("Authorization", "Bearer "+in.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 || json.Unmarshal(b, &j) != nil {
		in.t.Fatalf("%s: %s, %v", resp.Status, b, err)
	}
	return j
}

func (in *installation) look(p *process, id jobs.ID) job {
	in.t.Helper()
	req, err := http.NewRequestWithContext(in.t.Context(), "GET", fmt.Sprint(p.url, "/api/v1/jobs/", id), nil)
	if err != nil {
		in.t.Fatal(err)
	}
	return in.do(req)
}

// until waits until a job is as it should be, and returns it.
func (in *installation) until(p *process, id jobs.ID, what string, so func(job) bool) job {
	in.t.Helper()
	for limit := time.Now().Add(5 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		j := in.look(p, id)
		if so(j) {
			return j
		}
		if j.State == "done" || j.State == "failed" || j.State == "cancelled" || time.Now().After(limit) {
			in.t.Fatalf("it was to be %s, and is %+v", what, j)
		}
	}
}

// found counts the people of lists, and the change sets.
func (in *installation) found() (people int, imports int) {
	in.t.Helper()
	c, err := in.store.Current(in.t.Context())
	if err != nil {
		in.t.Fatal(err)
	}
	for _, p := range c.People {
		if strings.HasPrefix(p.Ref, "killed-") {
			people++
		}
	}
	return people, in.sets()
}

func (in *installation) sets() (n int) {
	in.t.Helper()
	query := changesQuery()
	for {
		sets, err := in.store.ChangeSets(in.t.Context(), query)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, s := range sets {
			n++
			query.Before = s.ID
		}
		if len(sets) < query.Limit {
			return n
		}
	}
}

func listOf(n int) string {
	var b strings.Builder
	b.WriteString("ref,family,given,email\n")
	for i := range n {
		fmt.Fprintf(&b, "killed-%d,Family%d,Given%d,person%d@example.edu\n", i, i%997, i, i)
	}
	return b.String()
}

// killed are the jobs that are killed in the middle: what is being done then, and what
// must be there at the end.
var killed = map[string]struct {
	fields  []string // of the import; none: an export
	doing   string
	applied bool
}{
	"a preview while it reads":  {[]string{"format", "csv", "course", "CS1"}, "reading the files", false},
	"an import while it reads":  {[]string{"format", "csv", "course", "CS1", "apply", "true"}, "reading the files", true},
	"an import while it writes": {[]string{"format", "csv", "course", "CS1", "apply", "true"}, "writing rows", true},
	"an export":                 {nil, "writing rows", false},
}

// A job that is to be killed has as many rows as this, or twice as many each time that it
// ended before it was killed.
const someRows = 8_000

// killInTheMiddle has a job begun on one server, kills that in the middle of it, and sees that the
// server that next returns goes on, all or nothing until then and once afterwards.
func killInTheMiddle(t *testing.T, flags database, fill func(*installation), next func(*installation) *process) {
	in := newInstallation(t, flags)
	for name, k := range killed {
		t.Run(name, func(t *testing.T) {
			in.t = t
			if k.fields == nil {
				fill(in)
			}
			first := in.serve()
			other := next(in)
			for rows := someRows; ; rows *= 2 {
				before, sets := in.found()
				text := ""
				if k.fields != nil {
					text = strings.ReplaceAll(listOf(rows), "killed-", fmt.Sprintf("killed-%d-%s-", rows, strings.ReplaceAll(name, " ", "-")))
				}
				j := in.begin(first, text, k.fields...)
				victim, survivor, running := in.catch(j.ID, k.doing, first, other)
				victim.kill()
				victim.wait()
				at := time.Now()
				people, now := in.found()
				if survivor == nil {
					survivor = in.serve()
				}
				again := in.until(survivor, j.ID, "taken over", func(j job) bool { return j.Attempts > running.Attempts || j.State == "done" })
				if again.Attempts == running.Attempts {
					t.Logf("with %d rows it was over before it could be killed", rows)
					first, other = survivor, next(in)
					continue
				}
				if people != before || now != sets {
					t.Errorf("after the kill there are %d people and %d change sets more", people-before, now-sets)
				}
				took := time.Since(at)
				ended := in.until(survivor, j.ID, "done", func(j job) bool { return j.State == "done" })
				want, wantSets := 0, 0
				if k.applied {
					want, wantSets = rows, 1
				}
				if people, now = in.found(); people-before != want || now-sets != wantSets {
					t.Errorf("in the end there are %d people and %d change sets more, want %d and %d", people-before, now-sets, want, wantSets)
				}
				if k.fields == nil {
					in.fetch(survivor, j.ID, ended.Output.Size)
				}
				t.Logf("killed at %d of %d; it went on after %v, and was done after %v", running.Progress.Done, running.Progress.Total, took.Round(time.Millisecond), time.Since(at).Round(time.Millisecond))
				if took > goesOnWithin {
					t.Errorf("it went on after %v", took)
				}
				survivor.terminate()
				return
			}
		})
	}
}

// goesOnWithin is the 10 s within which the job of a server that was killed goes on, and
// what a machine that is busy with other tests needs besides. What jobs tests in fake time
// holds exactly.
const goesOnWithin = patience

// catch waits until a job is somewhere in the middle of doing something, or it is too late
// for that. It returns the server that it runs on, the other one if there is one, and the
// job as it was then.
func (in *installation) catch(id jobs.ID, doing string, first, other *process) (victim, survivor *process, running job) {
	in.t.Helper()
	share := rand.Float64() * 0.7
	in.until(first, id, doing, func(j job) bool {
		victim, survivor = first, other
		if other != nil && strings.Contains(j.Node, other.name()) {
			victim, survivor = other, first
			j = in.look(victim, id) // who does it knows how far it is
		}
		running = j
		return j.State == "done" || j.State == "running" && j.Progress.Doing == doing && j.Progress.Done > 0 && float64(j.Progress.Done) >= share*float64(j.Progress.Total)
	})
	return victim, survivor, running
}

// fetch downloads the output of a job, which is a workbook of this size.
func (in *installation) fetch(p *process, id jobs.ID, size int64) {
	in.t.Helper()
	req, err := http.NewRequestWithContext(in.t.Context(), "GET", fmt.Sprintf("%s/api/v1/jobs/%d/output", p.url, id), nil)
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+in.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || int64(len(b)) != size || size == 0 || checkWorkbook(b) != nil {
		in.t.Errorf("the output has %d bytes, want %d, %v, %v", len(b), size, err, checkWorkbook(b))
	}
}

func TestAKilledServersJobsGoOnSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killInTheMiddle(t, database{Data: dir}, func(in *installation) { fillSQLite(t, dir) }, func(*installation) *process { return nil })
}

func TestAKilledServersJobsGoOnElsewhereOnPostgreSQL(t *testing.T) {
	t.Parallel()
	url := emptyPostgres(t)
	killInTheMiddle(t, database{Database: url}, func(in *installation) { fillPostgres(t, url) }, func(in *installation) *process { return in.serve() })
}

func TestTwoServersDoAThousandJobsOnceEach(t *testing.T) {
	t.Parallel()
	const n = 1000
	url := emptyPostgres(t)
	in := newInstallation(t, database{Database: url})
	s := in.store.(*postgres.Store)
	servers := []*process{in.serve(), in.serve()} // both, before there is anything to do
	begun := time.Now()
	for i := range n {
		source := jobs.Source{Name: "one.csv", Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(fmt.Sprintf("ref,family\nkilled-%d,Family\n", i))), nil
		}}
		if _, err := jobs.Submit(t.Context(), s, jobs.Job{Kind: "import", Title: fmt.Sprint(i), Args: []byte(`{"Format":"csv","Course":"CS1"}`), RunAt: time.Now(), Created: time.Now()}, []jobs.Source{source}); err != nil {
			t.Fatal(err)
		}
	}
	for counts := (jobs.Counts{Waiting: 1}); counts.Waiting+counts.Running > 0; time.Sleep(100 * time.Millisecond) {
		var err error
		if counts, err = s.CountJobs(t.Context(), time.Now()); err != nil || time.Since(begun) > 10*time.Minute {
			t.Fatalf("%+v, %v", counts, err)
		}
	}
	t.Logf("%d jobs took %v", n, time.Since(begun).Round(time.Millisecond))
	for _, p := range servers {
		p.terminate()
	}
	people, sets := in.found()
	if people != n || sets != n {
		t.Errorf("%d people came in by %d change sets, want %d by as many", people, sets, n)
	}
	byNode := make(map[string]int)
	for before := jobs.ID(0); ; {
		found, err := s.Jobs(context.WithoutCancel(t.Context()), jobs.Query{Routine: true, Before: before, Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			break
		}
		for _, j := range found {
			before = j.ID
			if j.Kind != "import" {
				continue
			}
			byNode[j.Node]++
			if j.Attempts != 1 || j.State != jobs.Done {
				t.Errorf("job %d is %s after %d attempts: %s", j.ID, j.State, j.Attempts, j.Problem)
			}
		}
	}
	if len(byNode) != 2 {
		t.Errorf("they were done by %v, want both servers", byNode)
	}
	t.Log(byNode)
}
