package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
)

// jobTests are about work that outlives a request.
var jobTests = map[string]test{
	"a job is claimed once, however many look":            jobIsClaimedOnce,
	"a job is claimed again when its lease has run out":   jobIsClaimedAgainAfterItsLease,
	"a node claims what it can do, in order, when due":    nodeClaimsWhatItCanDo,
	"who has lost a job changes nothing":                  whoLostAJobChangesNothing,
	"the effect of a job and its end come together":       effectAndEndComeTogether,
	"of jobs with one key there is one":                   oneJobOfAKey,
	"a job is tried again, and ends":                      jobIsTriedAgain,
	"jobs are cancelled and retried":                      jobsAreCancelledAndRetried,
	"jobs are listed, the newest first, one's own or all": jobsAreListed,
	"files of jobs are kept in parts, and move":           filesOfJobs,
	"what is old is tidied away":                          oldJobsAreTidiedAway,
}

var imports, fetches = []jobs.Kind{"import"}, []jobs.Kind{"fetch"}

func newJob(title string) jobs.Job {
	return jobs.Job{Kind: "import", Title: title, Actor: 7, From: "127.0.0.1", Args: []byte(`{"a":1}`), State: jobs.Waiting, RunAt: tenFifteen, Created: tenFifteen}
}

func addJob(t *testing.T, s Store, j jobs.Job) jobs.ID {
	t.Helper()
	id, err := s.AddJob(t.Context(), j)
	must(t, err)
	return id
}

// claim claims an import at a time; it returns nil if there is none.
func claim(t *testing.T, s Store, node string, now time.Time) *jobs.Job {
	t.Helper()
	due, err := s.JobDue(t.Context(), imports, now)
	must(t, err)
	j, err := s.ClaimJob(t.Context(), imports, node, now, now.Add(jobs.Lease))
	must(t, err)
	if due != (j != nil) {
		t.Errorf("it was said that a job is due: %v; got %+v", due, j)
	}
	return j
}

func readJob(t *testing.T, s Store, id jobs.ID) jobs.Job {
	t.Helper()
	j, ok, err := s.Job(t.Context(), id)
	must(t, err)
	if !ok {
		t.Fatalf("job %d is gone", id)
	}
	return j
}

func jobIsClaimedOnce(t *testing.T, open Open) {
	s := open(t)
	const n = 60
	for i := range n {
		addJob(t, s, newJob(fmt.Sprint(i)))
	}
	var mu sync.Mutex
	claimed := make(map[jobs.ID]int)
	var all sync.WaitGroup
	for i := range 4 {
		node := open(t)
		all.Go(func() {
			for {
				j, err := node.ClaimJob(t.Context(), imports, fmt.Sprint("node", i), tenFifteen, tenFifteen.Add(jobs.Lease))
				if err != nil || j == nil {
					if err != nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				claimed[j.ID]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(claimed) != n {
		t.Errorf("%d of %d jobs were claimed", len(claimed), n)
	}
	for id, times := range claimed {
		if times != 1 {
			t.Errorf("job %d was claimed %d times", id, times)
		}
	}
}

func jobIsClaimedAgainAfterItsLease(t *testing.T, open Open) {
	s := open(t)
	want := newJob("roster.zip")
	want.ID = addJob(t, s, want)
	if j := claim(t, s, "", tenFifteen.Add(-time.Millisecond)); j != nil {
		t.Errorf("before it is due, it was claimed: %+v", j)
	}
	got := claim(t, s, "first", tenFifteen)
	want.State, want.Attempts, want.Node, want.Lease, want.Started = jobs.Running, 1, "first", tenFifteen.Add(jobs.Lease), tenFifteen
	want.Result = []byte{}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("the claimed job (-want +got):\n%s", diff)
	}
	now := tenFifteen.Add(7 * time.Second)
	if j := claim(t, s, "second", now); j != nil {
		t.Errorf("while it is the first node's, the second got it: %+v", j)
	}
	how := progress.State{Doing: "writing rows", Unit: progress.Rows, Done: 3, Total: 9, Rate: 1.5, At: now}
	stop, err := s.RenewJob(t.Context(), want.ID, 1, now.Add(jobs.Lease), how)
	if stop || err != nil {
		t.Errorf("renewal: stop %v, error %v", stop, err)
	}
	if diff := cmp.Diff(how, readJob(t, s, want.ID).Progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if j := claim(t, s, "second", tenFifteen.Add(10*time.Second)); j != nil {
		t.Errorf("after a renewal, the second got it: %+v", j)
	}
	got = claim(t, s, "second", now.Add(jobs.Lease+time.Millisecond))
	if got == nil || got.Attempts != 2 || got.Takeovers != 1 || got.Node != "second" || !got.Started.Equal(tenFifteen) {
		t.Fatalf("after the lease ran out: %+v", got)
	}
	if _, err := s.RenewJob(t.Context(), want.ID, 1, now.Add(time.Hour), how); !errors.Is(err, jobs.ErrLost) {
		t.Errorf("the first renews what it has lost: %v", err)
	}
	if err := s.EndJob(t.Context(), want.ID, 1, jobs.Ending{State: jobs.Failed, At: now}); !errors.Is(err, jobs.ErrLost) {
		t.Errorf("the first ends what it has lost: %v", err)
	}
	if j := readJob(t, s, want.ID); j.State != jobs.Running || j.Attempts != 2 {
		t.Errorf("the job is %+v", j)
	}
}

func nodeClaimsWhatItCanDo(t *testing.T, open Open) {
	s := open(t)
	later := newJob("later")
	later.RunAt = tenFifteen.Add(time.Second)
	coming := newJob("coming")
	coming.State = jobs.Coming
	addJob(t, s, later)
	held := addJob(t, s, coming)
	fetch := newJob("fetch")
	fetch.Kind, fetch.RunAt = "fetch", tenFifteen.Add(-time.Hour)
	addJob(t, s, fetch)
	addJob(t, s, newJob("first"))

	if _, ok, err := s.Job(t.Context(), held); ok || err != nil {
		t.Errorf("a job whose files are coming is seen: %v, %v", ok, err)
	}
	now := tenFifteen.Add(time.Minute)
	for _, want := range []string{"first", "later"} {
		if j := claim(t, s, "", now); j == nil || j.Title != want {
			t.Errorf("got %+v, want %s", j, want)
		}
	}
	if j := claim(t, s, "", now); j != nil {
		t.Errorf("got %+v, want none", j)
	}
	must(t, s.ReleaseJob(t.Context(), held))
	if j := claim(t, s, "", now); j == nil || j.ID != held {
		t.Errorf("after its files have come: %+v", j)
	}
	if j, err := s.ClaimJob(t.Context(), fetches, "", now, now); err != nil || j == nil || j.Title != "fetch" {
		t.Errorf("who can fetch got %+v, %v", j, err)
	}
}

// runOf claims a job and returns the context that its handler would have.
func runOf(t *testing.T, s Store, now time.Time) (*jobs.Run, context.Context) {
	t.Helper()
	j := claim(t, s, "node", now)
	if j == nil {
		t.Fatal("there is no job")
	}
	run := jobs.NewRun(*j, func() time.Time { return now })
	return run, run.Context(t.Context())
}

func whoLostAJobChangesNothing(t *testing.T, open Open) {
	s := open(t)
	id := addJob(t, s, newJob("roster.zip"))
	_, first := runOf(t, s, tenFifteen)
	if _, err := s.AddPerson(first, attendance.Author{}, roster.Person{Family: "Before"}, tenFifteen); err != nil {
		t.Fatalf("while the job is its own: %v", err)
	}
	_, second := runOf(t, s, tenFifteen.Add(time.Minute))
	for name, try := range map[string]func() error{
		"a person": func() error {
			_, err := s.AddPerson(first, attendance.Author{}, roster.Person{Family: "Lost"}, tenFifteen)
			return err
		},
		"a file": func() error { return s.WritePart(first, id, jobs.Output, jobs.Part{Name: "x", Data: []byte("x")}) },
		"an import": func() error {
			_, err := newOffice(s).Apply(first, newSchool().bundle(t), roster.Application{})
			return err
		},
	} {
		if err := try(); !errors.Is(err, jobs.ErrLost) {
			t.Errorf("who lost the job added %s: %v", name, err)
		}
	}
	if _, err := s.AddPerson(second, attendance.Author{}, roster.Person{Family: "After"}, tenFifteen); err != nil {
		t.Errorf("whose the job is now: %v", err)
	}
	found, _, err := s.People(t.Context(), roster.Page{Limit: 10})
	must(t, err)
	var names []string
	for _, p := range found {
		names = append(names, p.Family)
	}
	if diff := cmp.Diff([]string{"After", "Before"}, names); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if files, err := s.Files(t.Context(), id, jobs.Output); len(files) > 0 || err != nil {
		t.Errorf("files %v, %v", files, err)
	}
}

func effectAndEndComeTogether(t *testing.T, open Open) {
	s := open(t)
	id := addJob(t, s, newJob("roster.zip"))
	var ctx context.Context // of the run
	apply := func(now time.Time, breaks bool) error {
		var run *jobs.Run
		run, ctx = runOf(t, s, now)
		_, err := s.ApplyImport(ctx, changes.Header{Kind: changes.Import, At: now}, func(cur *roster.Current) (*roster.ChangeSet, error) {
			cs := roster.Diff(newSchool().bundle(t), cur)
			if breaks {
				cs.Enrolments[0].Person = 1 << 40 // there is none
			}
			return cs, run.EndWith(map[string]int{"people": cs.Counts.People.Add})
		})
		return err
	}
	if err := apply(tenFifteen, true); err == nil {
		t.Fatal("an import that breaks was applied")
	}
	if j := readJob(t, s, id); j.State != jobs.Running {
		t.Errorf("after a failure the job is %s", j.State)
	}
	later := tenFifteen.Add(time.Minute)
	must(t, apply(later, false))
	j := readJob(t, s, id)
	if j.State != jobs.Done || string(j.Result) != `{"people":2}` || !j.Ended.Equal(later) || !j.Lease.IsZero() {
		t.Errorf("after the import the job is %+v", j)
	}
	if _, err := s.AddPerson(ctx, attendance.Author{}, roster.Person{Family: "After"}, later); err != nil {
		t.Errorf("what the handler writes after the end: %v", err)
	}
	if j := claim(t, s, "", later.Add(time.Hour)); j != nil {
		t.Errorf("what is done was claimed: %+v", j)
	}
}

func oneJobOfAKey(t *testing.T, open Open) {
	var mu sync.Mutex
	added := 0
	var all sync.WaitGroup
	for range 5 {
		s := open(t)
		all.Go(func() {
			j := newJob("tidy")
			j.Key = "tidy 2026-11-25T10"
			id, err := s.AddJob(t.Context(), j)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if id != 0 {
				added++
			}
		})
	}
	all.Wait()
	if added != 1 {
		t.Errorf("%d were added, want 1", added)
	}
	s := open(t)
	if a, b := addJob(t, s, newJob("x")), addJob(t, s, newJob("x")); a == 0 || b == 0 {
		t.Error("jobs without a key are in each other's way")
	}
}

func jobIsTriedAgain(t *testing.T, open Open) {
	s := open(t)
	id := addJob(t, s, newJob("fetch"))
	claim(t, s, "", tenFifteen)
	again := tenFifteen.Add(time.Minute)
	must(t, s.EndJob(t.Context(), id, 1, jobs.Ending{State: jobs.Waiting, RunAt: again, At: tenFifteen, Problem: "It did not answer."}))
	if j := readJob(t, s, id); j.State != jobs.Waiting || j.Problem == "" || !j.RunAt.Equal(again) || !j.Ended.IsZero() {
		t.Errorf("it is %+v", j)
	}
	if j := claim(t, s, "", again.Add(-time.Second)); j != nil {
		t.Errorf("it was claimed too early: %+v", j)
	}
	j := claim(t, s, "", again)
	if j == nil || j.Attempts != 2 || j.Takeovers != 0 {
		t.Fatalf("got %+v", j)
	}
	must(t, s.EndJob(t.Context(), id, 2, jobs.Ending{State: jobs.Done, At: again, Result: []byte(`[1]`)}))
	if j := readJob(t, s, id); j.State != jobs.Done || string(j.Result) != `[1]` || !j.Ended.Equal(again) || j.Problem != "" {
		t.Errorf("it is %+v", j)
	}
}

func jobsAreCancelledAndRetried(t *testing.T, open Open) {
	s := open(t)
	waits, runs := addJob(t, s, newJob("waits")), addJob(t, s, newJob("runs"))
	cancel := func(id jobs.ID, want bool) {
		t.Helper()
		got, err := s.CancelJob(t.Context(), id, tenFifteen)
		if got != want || err != nil {
			t.Errorf("cancelled %v, %v, want %v", got, err, want)
		}
	}
	cancel(waits, true)
	if j := readJob(t, s, waits); j.State != jobs.Cancelled || !j.Ended.Equal(tenFifteen) {
		t.Errorf("what waited is %+v", j)
	}
	if j := claim(t, s, "", tenFifteen); j == nil || j.ID != runs {
		t.Fatalf("claimed %+v", j)
	}
	cancel(runs, true)
	if stop, err := s.RenewJob(t.Context(), runs, 1, tenFifteen.Add(jobs.Lease), progress.State{}); !stop || err != nil {
		t.Errorf("what runs is told to stop: %v, %v", stop, err)
	}
	must(t, s.EndJob(t.Context(), runs, 1, jobs.Ending{State: jobs.Cancelled, At: tenFifteen}))
	cancel(runs, false)
	if ok, err := s.RetryJob(t.Context(), runs, tenFifteen); !ok || err != nil {
		t.Errorf("retried: %v, %v", ok, err)
	}
	j := claim(t, s, "", tenFifteen)
	if j == nil || j.ID != runs || j.Stop || j.Attempts != 2 || !j.Ended.IsZero() {
		t.Fatalf("retried, it is %+v", j)
	}
	// One that was given up because its servers died begins anew.
	j = claim(t, s, "", tenFifteen.Add(time.Minute))
	if j == nil || j.Takeovers != 1 {
		t.Fatalf("taken over, it is %+v", j)
	}
	must(t, s.EndJob(t.Context(), runs, 3, jobs.Ending{State: jobs.Failed, At: tenFifteen}))
	if ok, err := s.RetryJob(t.Context(), runs, tenFifteen); !ok || err != nil {
		t.Errorf("retried: %v, %v", ok, err)
	}
	if j = claim(t, s, "", tenFifteen); j == nil || j.Takeovers != 0 || j.Attempts != 4 {
		t.Fatalf("after it was given up and retried it is %+v", j)
	}
	must(t, s.EndJob(t.Context(), runs, 4, jobs.Ending{State: jobs.Done, At: tenFifteen}))
	if ok, err := s.RetryJob(t.Context(), runs, tenFifteen); ok || err != nil {
		t.Errorf("what is done was retried: %v, %v", ok, err)
	}
}

func jobsAreListed(t *testing.T, open Open) {
	s := open(t)
	var ids []jobs.ID
	for i := range 4 {
		j := newJob(fmt.Sprint(i))
		j.Actor = attendance.PersonID(i % 2)
		ids = append(ids, addJob(t, s, j))
	}
	if ok, err := s.CancelJob(t.Context(), ids[3], tenFifteen); !ok || err != nil {
		t.Fatal(ok, err)
	}
	routine := newJob("routine")
	routine.Actor, routine.Kind = 0, "tidy"
	ids = append(ids, addJob(t, s, routine))
	if _, err := s.ClaimJob(t.Context(), []jobs.Kind{"tidy"}, "", tenFifteen, tenFifteen); err != nil {
		t.Fatal(err)
	}
	must(t, s.EndJob(t.Context(), ids[4], 1, jobs.Ending{State: jobs.Done, At: tenFifteen}))
	hidden := newJob("coming")
	hidden.State = jobs.Coming
	addJob(t, s, hidden)
	for name, test := range map[string]struct {
		jobs.Query
		want []int
	}{
		"all":     {jobs.Query{Limit: 10}, []int{3, 2, 1, 0}},
		"routine": {jobs.Query{Limit: 1, Routine: true}, []int{4}},
		"some":    {jobs.Query{Limit: 2}, []int{3, 2}},
		"older":   {jobs.Query{Limit: 10, Before: ids[2]}, []int{1, 0}},
		"own":     {jobs.Query{Limit: 10, Actor: 1}, []int{3, 1}},
		"not yet": {jobs.Query{Limit: 10, Actor: 1, Active: true}, []int{1}},
	} {
		found, err := s.Jobs(t.Context(), test.Query)
		must(t, err)
		var got []int
		for _, j := range found {
			got = append(got, slices.Index(ids, j.ID))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	claim(t, s, "", tenFifteen)
	c, err := s.CountJobs(t.Context(), tenFifteen.Add(time.Minute))
	must(t, err)
	if want := (jobs.Counts{Waiting: 2, Running: 1, Oldest: time.Minute, Longest: time.Minute}); c != want {
		t.Errorf("counted %+v, want %+v", c, want)
	}
}

func filesOfJobs(t *testing.T, open Open) {
	s := open(t)
	a, b := addJob(t, s, newJob("a")), addJob(t, s, newJob("b"))
	for _, p := range []jobs.Part{{File: 0, Part: 0, Name: "one", Data: []byte("ab")}, {File: 0, Part: 1, Name: "one", Data: []byte("c")}, {File: 1, Part: 0, Name: "empty", Data: []byte{}}} {
		must(t, s.WritePart(t.Context(), a, jobs.Input, p))
	}
	must(t, s.WritePart(t.Context(), a, jobs.Output, jobs.Part{Name: "out", Data: []byte("xyz")}))
	must(t, s.MoveFiles(t.Context(), a, b))
	files := func(id jobs.ID, use jobs.Use, want ...jobs.FileInfo) {
		t.Helper()
		got, err := open(t).Files(t.Context(), id, use)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
	files(a, jobs.Input)
	files(b, jobs.Input, jobs.FileInfo{Name: "one", Size: 3}, jobs.FileInfo{Name: "empty"})
	files(a, jobs.Output, jobs.FileInfo{Name: "out", Size: 3})
	for part, want := range []string{"ab", "c", ""} {
		got, err := s.ReadPart(t.Context(), b, jobs.Input, 0, part)
		if string(got) != want || err != nil {
			t.Errorf("part %d is %q, %v", part, got, err)
		}
	}
	must(t, s.DropFiles(t.Context(), b, jobs.Input))
	files(b, jobs.Input)
	files(a, jobs.Output, jobs.FileInfo{Name: "out", Size: 3})
}

func oldJobsAreTidiedAway(t *testing.T, open Open) {
	s := open(t)
	ended := func(actor attendance.PersonID, state jobs.State) jobs.ID {
		j := newJob("x")
		j.Actor = actor
		id := addJob(t, s, j)
		must(t, s.WritePart(t.Context(), id, jobs.Output, jobs.Part{Name: "out", Data: []byte("x")}))
		c := claim(t, s, "", tenFifteen)
		must(t, s.EndJob(t.Context(), id, c.Attempts, jobs.Ending{State: state, At: tenFifteen}))
		return id
	}
	asked, routine, broken := ended(7, jobs.Done), ended(0, jobs.Done), ended(0, jobs.Failed)
	// One whose sender went away in the middle is nobody's, and is forgotten.
	sending := newJob("sending")
	sending.State = jobs.Coming
	half := addJob(t, s, sending)
	must(t, s.WritePart(t.Context(), half, jobs.Input, jobs.Part{Name: "in", Data: []byte("x")}))
	waits := addJob(t, s, newJob("waits"))
	must(t, s.WritePart(t.Context(), waits, jobs.Input, jobs.Part{Name: "in", Data: []byte("x")}))
	check := func(after time.Duration, jobsLeft []jobs.ID, filesLeft []jobs.ID) {
		t.Helper()
		must(t, s.TidyJobs(t.Context(), tenFifteen.Add(after)))
		var got, files []jobs.ID
		for _, id := range []jobs.ID{asked, routine, broken, half, waits} {
			if _, ok, err := s.Job(t.Context(), id); ok {
				got = append(got, id)
			} else {
				must(t, err)
			}
			for _, use := range []jobs.Use{jobs.Input, jobs.Output} {
				f, err := s.Files(t.Context(), id, use)
				must(t, err)
				if len(f) > 0 {
					files = append(files, id)
				}
			}
		}
		if diff := cmp.Diff(jobsLeft, got); diff != "" {
			t.Errorf("jobs after %v (-want +got):\n%s", after, diff)
		}
		if diff := cmp.Diff(filesLeft, files); diff != "" {
			t.Errorf("files after %v (-want +got):\n%s", after, diff)
		}
	}
	check(jobs.KeepFiles, []jobs.ID{asked, routine, broken, waits}, []jobs.ID{asked, routine, broken, half, waits})
	check(jobs.KeepFiles+time.Second, []jobs.ID{asked, broken, waits}, []jobs.ID{waits})
	check(jobs.KeepJobs+time.Second, []jobs.ID{waits}, []jobs.ID{waits})
}
