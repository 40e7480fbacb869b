package work_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/work"
)

// desk returns a desk over a fresh store, and how often screens were told of a change.
func desk(t *testing.T) (*work.Desk, *sqlite.Store, *int) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	shown := new(int)
	return work.New(s, time.Now, func(changes.Result) { *shown++ }, nil), s, shown
}

// submit adds a job with a list of people, and has it claimed.
func submit(t *testing.T, s *sqlite.Store, kind jobs.Kind) *jobs.Run {
	t.Helper()
	list := jobs.Source{Name: "list.csv", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("ref,family\n1,Lovelace\n2,Turing\n")), nil
	}}
	now := time.Now()
	_, err := jobs.Submit(t.Context(), s, jobs.Job{Kind: kind, Title: "list.csv", Args: []byte(`{"Format":"csv","Course":"CS1"}`), RunAt: now, Created: now}, []jobs.Source{list})
	if err != nil {
		t.Fatal(err)
	}
	j, err := s.ClaimJob(t.Context(), []jobs.Kind{kind}, "node", now, now.Add(jobs.Lease))
	if err != nil || j == nil {
		t.Fatal(j, err)
	}
	return jobs.NewRun(*j, time.Now)
}

// handle calls the handler of a run.
func handle(ctx context.Context, d *work.Desk, r *jobs.Run) error {
	for _, lane := range d.Lanes() {
		if h, ok := lane[r.Kind]; ok {
			_, err := h(r.Context(ctx), r)
			return err
		}
	}
	panic("nobody does " + r.Kind)
}

func job(t *testing.T, s *sqlite.Store, id jobs.ID) jobs.Job {
	t.Helper()
	j, ok, err := s.Job(t.Context(), id)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return j
}

// A server that dies right after an import is committed has ended its job with it: no
// other does it again, which would find another roster than the one that was previewed.
func TestAnImportEndsItsJobInTheSameTransaction(t *testing.T) {
	t.Parallel()
	d, s, shown := desk(t)
	r := submit(t, s, work.Import)
	if err := handle(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	j := job(t, s, r.ID)
	if j.State != jobs.Done || !strings.Contains(j.Summary, "2 people") || !strings.Contains(string(j.Result), `"applied":true`) || *shown != 1 {
		t.Errorf("before anybody ended it the job is %+v; screens were told %d times", j, *shown)
	}
	sets, err := s.ChangeSets(t.Context(), changes.Query{Limit: 10})
	if err != nil || len(sets) != 1 || sets[0].Job != int64(r.ID) || sets[0].Title != "list.csv" {
		t.Errorf("change sets %+v, %v", sets, err)
	}
}

func TestAPreviewChangesNothingAndLeavesItsEndToTheRunner(t *testing.T) {
	t.Parallel()
	d, s, shown := desk(t)
	r := submit(t, s, work.Preview)
	if err := handle(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	cur, err := s.Current(t.Context())
	if err != nil || len(cur.People) != 0 || *shown != 0 {
		t.Errorf("there are %d people, %v", len(cur.People), err)
	}
	if j := job(t, s, r.ID); j.State != jobs.Running {
		t.Errorf("the job is %+v", j)
	}
}
